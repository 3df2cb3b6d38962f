//! What retention takes out of the store goes between two batches, when nothing is due or waiting: no fire is later for it by more
//! than one slice, and a slice is short.

use super::Pilot;
use crate::handle::{Reply, Trouble};
use crate::journal::{Slice, SliceDone};

/// Nothing may be due for this long.
const QUIET_MS: u64 = 15;
/// What waits to be brought into the file, at most: more would have to be brought in while others wait.
const LOG_BYTES_MAX: u64 = 24 << 20;
/// Longer than a slice should be.
const LONG_MS: u64 = 5;

pub(super) type Asked = (Box<Slice>, Reply<Option<SliceDone>>);

impl Pilot {
    /// After a batch. `idle`: no order waits.
    pub(super) fn put_away(&mut self, idle: bool) {
        for (slice, reply) in std::mem::take(&mut self.slices) {
            let answer = if idle && self.is_quiet() { self.take_out(&slice).map(Some) } else { Ok(None) };
            // Whoever asked and has gone asks again when he is back.
            drop(reply.send(answer));
        }
    }

    fn is_quiet(&self) -> bool {
        let now = self.clock.now();
        let near = self.next_wake().is_some_and(|at| at.since(now) < QUIET_MS);
        let full = self.journal.unchecked_bytes().is_ok_and(|bytes| bytes > LOG_BYTES_MAX);
        !near && !full && self.effects.is_empty() && self.went_out.is_empty()
    }

    fn take_out(&mut self, slice: &Slice) -> Result<SliceDone, Trouble> {
        let began = self.clock.reading();
        let done = self.journal.put_away(slice, began.wall).map_err(|error| Trouble::Store(error.to_string()))?;
        let took_ms = self.clock.reading().elapsed_ms.saturating_sub(began.elapsed_ms);
        if took_ms >= LONG_MS {
            tracing::debug!(
                kind = slice.kind(),
                took_ms,
                wrote_bytes = done.wrote_bytes,
                "a slice of retention was long"
            );
        }
        Ok(SliceDone { took_ms, ..done })
    }
}
