//! Carries a due run to its agent: over HTTP (`webhook`) or by starting a process (`command`), and tells how that ended.
//!
//! Each part takes a plain request and gives a plain end; none of them knows a cue, a lane or the journal. What an end
//! means (delivered, retried, an outcome) is decided in core.

mod attend;
mod capture;
pub mod command;
mod kin;
mod leftover;
mod length;
mod outgoing;
mod program;
pub mod python_json;
pub mod signature;
mod trouble;
pub mod webhook;

pub use capture::{Tail, tail};
pub(crate) use program::expand_home;
