//! What time it is, for the records in the folder. Nothing is decided by it.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Milliseconds since 1970, UTC.
#[must_use]
#[expect(clippy::disallowed_methods, reason = "the launcher runs when no tower does, so nobody hands it the time")]
pub fn now_ms() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO);
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}
