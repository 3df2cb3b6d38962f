//! A timer that never rings: the kernel cancels it when the wall clock jumps, and that is what is waited for.

use std::io;
use std::os::fd::OwnedFd;
use std::time::Duration;

use async_io::Async;
use nix::errno::Errno;
use nix::sys::time::TimeSpec;
use nix::sys::timerfd::{ClockId, Expiration, TimerFd, TimerFlags, TimerSetTimeFlags};
use tokio::sync::watch;

use super::Heard;

/// The year 2255. The kernel counts nanoseconds and ends in 2262.
const NEVER: Duration = Duration::from_secs(9_000_000_000);

/// Returns only when it cannot listen (any longer).
///
/// A wake of the machine is heard too, where the kernel puts the wall clock forward by the time slept (since 5.15).
pub async fn listen(tell: &watch::Sender<Heard>) -> io::Result<()> {
    let timer = TimerFd::new(ClockId::CLOCK_REALTIME, TimerFlags::TFD_NONBLOCK | TimerFlags::TFD_CLOEXEC)?;
    timer.set(
        Expiration::OneShot(TimeSpec::from_duration(NEVER)),
        TimerSetTimeFlags::TFD_TIMER_ABSTIME | TimerSetTimeFlags::TFD_TIMER_CANCEL_ON_SET,
    )?;
    let timer = Async::new_nonblocking(OwnedFd::from(timer))?;
    tell.send_modify(|heard| heard.hears_timer = true);
    loop {
        // A cancelled timer stays armed, and its next cancellation is told like the first.
        match timer.read_with(|timer| Ok(nix::unistd::read(timer, &mut [0; 8])?)).await {
            Err(error) if error.raw_os_error() == Some(Errno::ECANCELED as i32) => {
                tracing::debug!("the wall clock jumped");
                tell.send_modify(|heard| heard.jumps += 1);
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
            Ok(_) => return Err(io::Error::other("the timer rang")),
        }
    }
}
