//! What the pilot notices of its own absences: off, asleep, the clock set. They become grey bands, and waits are put right.

use cuetower_core::Ms;
use cuetower_core::away::{Band, Clocks, Gap, Reason};
use cuetower_core::gate::GateInput;
use cuetower_core::id::CueId;
use cuetower_core::input::Input;
use cuetower_core::pool::PoolInput;
use std::collections::BTreeSet;

use super::Pilot;
use super::batch::Batch;

/// Bands in memory: a catch-up asks for the newest ones.
pub(super) const KEPT: u32 = 64;
/// A shorter absence loses nothing: what was armed still fires.
const OFF_FROM_MS: u64 = 5_000;

impl Pilot {
    /// The tower starts: it was off since it was last known to be up.
    pub(super) fn was_off(&self, batch: &mut Batch, alive_at: Ms) {
        if batch.now.since(alive_at) >= OFF_FROM_MS {
            self.add_band(batch, Band { from: alive_at, to: batch.now, reason: Reason::Off });
        }
    }

    /// The clocks since the last batch: whether the machine slept, the clock was set, or the loop did not come to its turn.
    pub(super) fn notice_gap(&mut self, batch: &mut Batch, clocks: Clocks) {
        let before = self.tower.clocks;
        let gap = Gap::between(before, clocks);
        if gap.is_nothing() {
            return;
        }
        let Gap { slept_ms, stalled_ms, stepped_ms } = gap;
        tracing::info!(slept_ms, stalled_ms, stepped_ms, "the clocks moved by themselves");
        let fact = serde_json::json!({ "slept_ms": slept_ms, "stalled_ms": stalled_ms, "stepped_ms": stepped_ms });
        batch.tower_fact(self, "clocks_moved", &fact);
        if let Some(band) = gap.band(before, clocks) {
            self.add_band(batch, band);
        }
        self.agents.gap(gap.band(before, clocks), clocks.wall);
        let slept_ms = slept_ms.saturating_add(stalled_ms);
        batch.pool(self, &PoolInput::Shifted { slept_ms, stepped_ms });
        batch.gate(self, &GateInput::Shifted { slept_ms, stepped_ms });
        self.watches_shift(batch, slept_ms, stepped_ms);
        let live: BTreeSet<CueId> = self.live_runs.values().cloned().collect();
        // All of them before anything follows: a wait that begins now, such as of a run whose pool was freed meanwhile, is
        // by these clocks already.
        for id in live {
            batch.decide_alone(self, &id, &Input::Shifted { slept_ms, stepped_ms });
        }
        batch.settle(self);
    }

    /// A clock that was set back names instants again in which the tower was up: those were not missed.
    fn add_band(&self, batch: &mut Batch, band: Band) {
        let band = Band { from: band.from.max(self.tower.newest_at), ..band };
        if band.from >= band.to {
            return;
        }
        let known = batch.away.as_ref().unwrap_or(&self.tower.away);
        let newest = known.iter().rev().take(KEPT as usize - 1).rev().copied();
        batch.away = Some(newest.chain([band]).collect());
        batch.commit.bands.push(band);
        // The faces look for the briefing.
        batch.status_changed = true;
    }
}

#[cfg(test)]
#[path = "away_tests.rs"]
mod tests;
