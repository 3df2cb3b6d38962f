//! Whether the tower is well: it can write, it reads, its loop runs and is not behind.

use std::time::Duration;

use cuetower_core::time::length_in_words;

use crate::handle::Handle;
use crate::journal::VitalsRow;

/// A loop that is later than this does not keep its promise: after a sleep or a set clock it is awake within a second.
const LAG_MAX_MS: u64 = 5_000;
/// The store answers in milliseconds.
const STORE_LIMIT: Duration = Duration::from_secs(3);

/// How it is right now. Says nothing that is not for everybody's eyes: no path, no name.
#[derive(Debug, Clone)]
pub(crate) struct Condition {
    /// None: the store does not answer.
    pub vitals: Option<VitalsRow>,
    pub loop_runs: bool,
    pub writable: bool,
    pub due_lag_ms: u64,
    pub uptime_ms: u64,
    /// Sentences; none: it is well.
    pub reasons: Vec<String>,
}

impl Condition {
    pub async fn of(handle: &Handle) -> Condition {
        let now = handle.now();
        let vitals = match tokio::time::timeout(STORE_LIMIT, handle.reader().vitals(now)).await {
            Ok(Ok(vitals)) => Some(vitals),
            Ok(Err(error)) => {
                tracing::error!(%error, "the store does not answer");
                None
            }
            Err(_) => None,
        };
        let (loop_runs, writable) = (!handle.orders.is_closed(), handle.store_trouble().is_none());
        let due_lag_ms = handle.meters.due_lag_ms(now);
        let uptime_ms = now.since(handle.meters.started_at);
        let mut reasons = Vec::new();
        if vitals.is_none() {
            reasons.push("The store does not answer.".to_owned());
        }
        if !writable {
            reasons.push("Nothing can be written down, so nothing is fired or taken in.".to_owned());
        }
        if !loop_runs {
            reasons.push("The loop has ended: nothing is fired any more.".to_owned());
        } else if due_lag_ms > LAG_MAX_MS {
            reasons.push(format!("The loop is {} behind what is due.", length_in_words(due_lag_ms)));
        }
        Condition { vitals, loop_runs, writable, due_lag_ms, uptime_ms, reasons }
    }

    pub fn is_well(&self) -> bool {
        self.reasons.is_empty()
    }
}
