//! From local matches to instants: the one rule for gaps and folds of the clock. The matches come from `search`.

use chrono_tz::Tz;

use super::clock::{self, Change, Shown};
use super::search::LocalSearch;

/// Fixed-time jobs of a longer gap are dropped: that is a lost day, not summer time.
pub(super) const GAP_S_MAX: i64 = 3 * 3_600;

pub(super) struct Instants<'a> {
    pub search: &'a LocalSearch,
    pub zone: Tz,
    pub real_time: bool,
}

impl Instants<'_> {
    /// First fire after `after_s` (Unix seconds).
    pub(super) fn next_after(&self, after_s: i64) -> Option<i64> {
        let here = clock::reading(self.zone, after_s);
        let mut from = here + 1;
        match self.pass(after_s, here)? {
            Pass::Only => {}
            Pass::First(fold) if self.real_time => {
                let rest = self.next_from(from)?;
                if rest < fold.old {
                    return Some(rest - fold.old + fold.at_s);
                }
                let again = self.next_from(fold.new)?;
                if again < fold.old {
                    return Some(again - fold.new + fold.at_s);
                }
                from = fold.old;
            }
            Pass::First(_) => {}
            Pass::Second(_) if self.real_time => {}
            // What a fixed-time job had in the fold, it did in the first pass.
            Pass::Second(fold) => from = fold.old,
        }
        loop {
            let local = self.next_from(from)?;
            match clock::shown(self.zone, clock::naive(local)?) {
                Shown::Once(at_s) if at_s > after_s => return Some(at_s),
                Shown::Twice(at_s, _) if at_s > after_s => return Some(at_s),
                Shown::Twice(_, at_s) if self.real_time && at_s > after_s => return Some(at_s),
                Shown::Once(_) | Shown::Twice(..) => from = local + 1,
                Shown::Never(gap) if self.moved_to_end_of(gap) && gap.at_s > after_s => return Some(gap.at_s),
                Shown::Never(gap) => from = gap.new.max(local + 1),
            }
        }
    }

    /// Newest fire at or before `at_s` (Unix seconds).
    pub(super) fn latest_at(&self, at_s: i64) -> Option<i64> {
        let here = clock::reading(self.zone, at_s);
        let mut to = here;
        match self.pass(at_s, here)? {
            Pass::Only | Pass::First(_) => {}
            Pass::Second(fold) if self.real_time => {
                let again = self.latest_to(to)?;
                if again >= fold.new {
                    return Some(again - fold.new + fold.at_s);
                }
                let first = self.latest_to(fold.old - 1)?;
                if first >= fold.new {
                    return Some(first - fold.old + fold.at_s);
                }
                to = fold.new - 1;
            }
            Pass::Second(fold) => to = fold.old - 1,
        }
        loop {
            let local = self.latest_to(to)?;
            match clock::shown(self.zone, clock::naive(local)?) {
                Shown::Once(found_s) if found_s <= at_s => return Some(found_s),
                Shown::Twice(_, found_s) if self.real_time && found_s <= at_s => return Some(found_s),
                Shown::Twice(found_s, _) if found_s <= at_s => return Some(found_s),
                Shown::Once(_) | Shown::Twice(..) => to = local - 1,
                Shown::Never(gap) if self.moved_to_end_of(gap) && gap.at_s <= at_s => return Some(gap.at_s),
                Shown::Never(gap) => to = (gap.old - 1).min(local - 1),
            }
        }
    }

    fn moved_to_end_of(&self, gap: Change) -> bool {
        !self.real_time && gap.new - gap.old <= GAP_S_MAX
    }

    /// Whether the clock shows the reading `here` of the instant `at_s` once, or which of two times this is.
    fn pass(&self, at_s: i64, here: i64) -> Option<Pass> {
        Some(match clock::shown(self.zone, clock::naive(here)?) {
            Shown::Twice(first_s, second_s) => {
                let fold = clock::change_between(self.zone, first_s, second_s);
                if at_s == first_s { Pass::First(fold) } else { Pass::Second(fold) }
            }
            Shown::Once(_) | Shown::Never(_) => Pass::Only,
        })
    }

    fn next_from(&self, local: i64) -> Option<i64> {
        self.search.next_from(clock::naive(local)?).map(clock::seconds)
    }

    fn latest_to(&self, local: i64) -> Option<i64> {
        self.search.latest_to(clock::naive(local)?).map(clock::seconds)
    }
}

enum Pass {
    Only,
    First(Change),
    Second(Change),
}
