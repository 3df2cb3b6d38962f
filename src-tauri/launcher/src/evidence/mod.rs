//! Whether a program died for want of memory, and what that is concluded from: the counters of its control group, the
//! kernel's log, its own limits together with its last words.

#[cfg(not(target_os = "linux"))]
mod elsewhere;
#[cfg(target_os = "linux")]
mod groups;
#[cfg(target_os = "linux")]
mod kernel_log;
mod last_words;
#[cfg(target_os = "linux")]
mod limits;
#[cfg(target_os = "linux")]
mod linux;

#[cfg(not(target_os = "linux"))]
pub use elsewhere::{Autopsy, Witness};
#[cfg(target_os = "linux")]
pub use linux::{Autopsy, Witness};

/// That memory was wanting. The words follow "out of memory".
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Want {
    /// The system killed the program itself.
    #[cfg_attr(not(target_os = "linux"), expect(dead_code, reason = "only Linux tells"))]
    Killed { why: String },
    /// The program ended by itself, as it or a process of it did not get what it asked for.
    Lacked { why: String },
}
