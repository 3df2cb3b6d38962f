//! The machine's own clocks.

use std::future::Future;
use std::pin::Pin;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use cuetower_core::Ms;

#[cfg(target_os = "linux")]
use super::ears::{Ears, Sources};
use super::{Clock, Reading};

/// A sleeper looks at the wall clock at least this often: what no system call tells is noticed within it.
const LOOK_AT_LEAST_EVERY: Duration = Duration::from_secs(1);

/// Costs nothing before somebody sleeps on it. On Linux the first sleeper starts a thread that listens for a set clock and
/// for the machine's sleep; it ends with this value. Elsewhere both are noticed by the look each second.
pub struct SystemClock {
    look_every: Duration,
    #[cfg(target_os = "linux")]
    ears: std::sync::OnceLock<Ears>,
    #[cfg(target_os = "linux")]
    sources: Sources,
}

impl SystemClock {
    #[must_use]
    pub fn new() -> SystemClock {
        SystemClock {
            look_every: LOOK_AT_LEAST_EVERY,
            #[cfg(target_os = "linux")]
            ears: std::sync::OnceLock::new(),
            #[cfg(target_os = "linux")]
            sources: Sources { timer: true, bus: None },
        }
    }

    /// Wakes nobody by itself: only by what it hears.
    #[cfg(all(test, target_os = "linux"))]
    pub(super) fn that_only_listens_to(sources: Sources) -> SystemClock {
        SystemClock { look_every: Duration::MAX, sources, ..SystemClock::new() }
    }

    #[cfg(target_os = "linux")]
    pub(super) fn ears(&self) -> &Ears {
        self.ears.get_or_init(|| Ears::open(self.sources.clone()))
    }

    #[cfg(target_os = "linux")]
    fn jumped(&self) -> impl Future<Output = ()> + Send {
        self.ears().heard.moved()
    }

    #[cfg(not(target_os = "linux"))]
    fn jumped(&self) -> impl Future<Output = ()> + Send {
        std::future::pending()
    }
}

impl Default for SystemClock {
    fn default() -> SystemClock {
        SystemClock::new()
    }
}

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "this is the clock")]
    fn now(&self) -> Ms {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Ms(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
    }

    fn reading(&self) -> Reading {
        let (elapsed_ms, awake_ms) = since_start();
        Reading { wall: self.now(), elapsed_ms, awake_ms }
    }

    fn sleep_until(&self, at: Option<Ms>) -> Pin<Box<dyn Future<Output = ()> + Send + '_>> {
        let jumped = self.jumped();
        let left = at.map_or(Duration::MAX, |at| until(at).min(self.look_every)).min(self.look_every);
        Box::pin(async move {
            tokio::select! {
                () = jumped => {}
                () = pause(left) => {}
            }
        })
    }
}

/// How long until the wall clock shows `at`, to the nanosecond: whole milliseconds would wake up to one too late.
#[expect(clippy::disallowed_methods, reason = "this is the clock")]
fn until(at: Ms) -> Duration {
    let at = UNIX_EPOCH + Duration::from_millis(u64::try_from(at.0).unwrap_or(0));
    at.duration_since(SystemTime::now()).unwrap_or_default()
}

/// Tokio's timer counts whole milliseconds and rounds up; this one does not.
#[cfg(target_os = "linux")]
async fn pause(length: Duration) {
    if length == Duration::MAX {
        std::future::pending().await
    } else {
        async_io::Timer::after(length).await;
    }
}

#[cfg(not(target_os = "linux"))]
async fn pause(length: Duration) {
    tokio::time::sleep(length).await;
}

/// Elapsed and awake, in milliseconds. Through libc, so that a fake clock for tests can be laid over the wall clock alone.
#[cfg(target_os = "linux")]
fn since_start() -> (u64, u64) {
    use nix::time::{ClockId, clock_gettime};
    let ms = |clock| {
        let shows = Duration::from(clock_gettime(clock).expect("Linux has had this clock since 2.6.39"));
        u64::try_from(shows.as_millis()).unwrap_or(u64::MAX)
    };
    (ms(ClockId::CLOCK_BOOTTIME), ms(ClockId::CLOCK_MONOTONIC))
}

/// One clock for both, since the first reading. What is lost: a sleep of the machine looks like a wall clock set forward
/// (macOS, where this clock stands still meanwhile), or like time that passed awake (Windows, where it goes on).
#[cfg(not(target_os = "linux"))]
#[expect(clippy::disallowed_methods, reason = "this is the clock")]
fn since_start() -> (u64, u64) {
    use std::sync::OnceLock;
    use std::time::Instant;
    static START: OnceLock<Instant> = OnceLock::new();
    let ms = u64::try_from(START.get_or_init(Instant::now).elapsed().as_millis()).unwrap_or(u64::MAX);
    (ms, ms)
}
