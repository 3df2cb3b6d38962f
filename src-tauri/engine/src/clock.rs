//! The only place that asks what time it is.

use std::future::Future;
use std::pin::Pin;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use cuetower_core::Ms;
use tokio::sync::watch;

/// The loop looks at the wall clock at least this often, so that a stepped clock or a wake is noticed.
const LOOK_AT_LEAST_EVERY: Duration = Duration::from_secs(1);

pub trait Clock: Send + Sync {
    fn now(&self) -> Ms;

    /// Returns at `at`, or earlier: the caller looks again.
    fn sleep_until(&self, at: Option<Ms>) -> Pin<Box<dyn Future<Output = ()> + Send + '_>>;
}

/// The machine's own clock.
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "this is the clock")]
    fn now(&self) -> Ms {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Ms(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
    }

    fn sleep_until(&self, at: Option<Ms>) -> Pin<Box<dyn Future<Output = ()> + Send + '_>> {
        let left = at.map_or(LOOK_AT_LEAST_EVERY, |at| Duration::from_millis(at.since(self.now())));
        Box::pin(tokio::time::sleep(left.min(LOOK_AT_LEAST_EVERY)))
    }
}

/// A clock that tests move by hand.
pub struct ManualClock {
    now: watch::Sender<Ms>,
}

impl ManualClock {
    #[must_use]
    pub fn at(now: Ms) -> ManualClock {
        ManualClock { now: watch::Sender::new(now) }
    }

    pub fn set(&self, now: Ms) {
        self.now.send_replace(now);
    }

    pub fn advance(&self, length_ms: u64) {
        self.now.send_modify(|now| *now = now.plus(length_ms));
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Ms {
        *self.now.borrow()
    }

    fn sleep_until(&self, at: Option<Ms>) -> Pin<Box<dyn Future<Output = ()> + Send + '_>> {
        let mut moved = self.now.subscribe();
        Box::pin(async move {
            match at {
                Some(at) => drop(moved.wait_for(|now| *now >= at).await),
                None => drop(moved.changed().await),
            }
        })
    }
}
