//! Jitter: each instant comes a little later, always by the same length, so that the ledger, the audit and the forecast agree on it.

use crate::Ms;
use crate::time::SECOND_MS;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Jitter {
    most_ms: u64,
    salt: u64,
}

impl Jitter {
    pub fn of(most_ms: u64, salt: &str) -> Jitter {
        // FNV-1a.
        let salt = salt
            .bytes()
            .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
        Jitter { most_ms, salt }
    }

    /// When the instant `named` really comes: 0 to `most_ms` later, in whole seconds.
    fn moved(self, named: Ms) -> Ms {
        // The finalizer of SplitMix64: neighbours differ in every bit.
        let mut bits = self.salt ^ (named.0 as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        bits = (bits ^ bits >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ bits >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        bits ^= bits >> 31;
        named.plus(bits % (self.most_ms / SECOND_MS + 1) * SECOND_MS)
    }

    pub fn next_after(self, after: Ms, next_named: impl Fn(Ms) -> Option<Ms>) -> Option<Ms> {
        if self.most_ms == 0 {
            return next_named(after);
        }
        let mut best: Option<Ms> = None;
        let mut named = next_named(after.minus(self.most_ms + 1));
        while let Some(at) = named.filter(|at| best.is_none_or(|best| *at <= best)) {
            let moved = self.moved(at);
            if moved > after {
                best = Some(best.map_or(moved, |best| best.min(moved)));
            }
            named = next_named(at);
        }
        best
    }

    pub fn latest_in(self, floor: Ms, at: Ms, latest_named: impl Fn(Ms, Ms) -> Option<Ms>) -> Option<Ms> {
        if self.most_ms == 0 {
            return latest_named(floor, at);
        }
        let lowest = floor.minus(self.most_ms + 1);
        let mut best: Option<Ms> = None;
        let mut named = latest_named(lowest, at);
        while let Some(found) = named.filter(|found| best.is_none_or(|best| found.plus(self.most_ms) >= best)) {
            let moved = self.moved(found);
            if moved > floor && moved <= at {
                best = Some(best.map_or(moved, |best| best.max(moved)));
            }
            named = latest_named(lowest, found.minus(1));
        }
        best
    }
}
