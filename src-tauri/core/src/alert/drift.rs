//! Whether a cue's runs begin later and later, each waiting for the one before it.

use std::collections::VecDeque;

use crate::Ms;
use crate::time::{HOUR_MS, SECOND_MS, length_in_words};

/// Runs that are looked at.
const RUNS: usize = 10;
/// On time so often in a row, and it is back.
const BACK_AFTER: usize = 3;
/// Later than this part of the time between two of them is late.
const LATE_PART: u64 = 10;
/// Less than this is not late, however often it runs.
const LATE_LEAST_MS: u64 = SECOND_MS;
/// While it drifts on, it is not said more often.
const SAID_EVERY_MS: u64 = HOUR_MS;

/// How late the newest runs of one cue began.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Drift {
    /// When each was due, and how much later it began; oldest first.
    runs: VecDeque<(Ms, u64)>,
    /// It drifts, and that was last said then.
    said_at: Option<Ms>,
}

/// What a run's beginning says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cadence {
    /// The last ten were all late: said as it begins, and each hour while it goes on.
    Drifts { late_ms: u64, every_ms: u64 },
    /// The last three were on time.
    Keeps,
    /// Neither, or not known yet.
    Open,
}

impl Drift {
    /// A scheduled run began.
    pub fn began(&mut self, due: Ms, at: Ms) -> Cadence {
        if self.runs.len() >= RUNS {
            self.runs.pop_front();
        }
        self.runs.push_back((due, at.since(due)));
        let gaps = self.runs.iter().zip(self.runs.iter().skip(1)).map(|((one, _), (next, _))| next.since(*one));
        // The cue's own rhythm: gaps that skipped a due time are longer.
        let Some(every_ms) = gaps.filter(|gap| *gap > 0).min() else { return Cadence::Open };
        let late = |late_ms: u64| late_ms >= LATE_LEAST_MS.max(every_ms / LATE_PART);
        let newest_first = || self.runs.iter().rev().map(|(_, late_ms)| *late_ms);
        if self.runs.len() >= RUNS && newest_first().all(late) {
            if self.said_at.is_some_and(|said| said <= at && at.since(said) < SAID_EVERY_MS) {
                return Cadence::Open;
            }
            let late_ms = newest_first().next().unwrap_or_default();
            self.said_at = Some(at);
            return Cadence::Drifts { late_ms, every_ms };
        }
        if self.runs.len() < BACK_AFTER || newest_first().take(BACK_AFTER).any(late) {
            return Cadence::Open;
        }
        self.said_at = None;
        Cadence::Keeps
    }
}

/// "Each of its last 10 runs waited for the one before: the newest began 42 s late, and it is due every 60 s. Let it run less often …"
#[must_use]
pub fn words(late_ms: u64, every_ms: u64) -> String {
    let (late, every) = (length_in_words(late_ms), length_in_words(every_ms));
    format!(
        "Each of its last {RUNS} runs waited for the one before: the newest began {late} late, and one is due every {every}. \
         Let it run less often, or let its runs overlap."
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The beginnings of runs that are due every minute, each so late.
    fn feed(drift: &mut Drift, from: usize, late: impl IntoIterator<Item = u64>) -> Vec<Cadence> {
        let due = |number: usize| Ms(1_000_000 + 60_000 * number as i64);
        let begins = late.into_iter().enumerate();
        begins.map(|(number, late_ms)| drift.began(due(from + number), due(from + number).plus(late_ms))).collect()
    }

    #[test]
    fn ten_late_runs_in_a_row_are_a_drift_and_three_on_time_are_none() {
        let mut drift = Drift::default();
        let said = feed(&mut drift, 0, (1..=10).map(|number| 6_000 * number));
        assert!(said[..9].iter().all(|cadence| *cadence == Cadence::Open), "{said:?}");
        assert_eq!(said[9], Cadence::Drifts { late_ms: 60_000, every_ms: 60_000 });
        assert_eq!(
            feed(&mut drift, 10, [5_999, 6_000, 0, 0, 0])[..],
            [Cadence::Open, Cadence::Open, Cadence::Open, Cadence::Open, Cadence::Keeps]
        );
        assert!(
            words(42_000, 60_000)
                .starts_with("Each of its last 10 runs waited for the one before: the newest began 42 s late")
        );
    }

    #[test]
    fn a_drift_that_goes_on_is_said_once_an_hour_and_again_when_it_comes_back() {
        let mut drift = Drift::default();
        let said = feed(&mut drift, 0, [30_000; 150]);
        let when: Vec<usize> = (0..said.len()).filter(|at| matches!(said[*at], Cadence::Drifts { .. })).collect();
        assert_eq!(when, [9, 69, 129]);
        let said = feed(&mut drift, 150, [0; 3].into_iter().chain([30_000; 10]));
        assert_eq!((&said[2], matches!(said[12], Cadence::Drifts { .. })), (&Cadence::Keeps, true), "{said:?}");
    }

    #[test]
    fn one_on_time_among_them_is_no_drift() {
        let late = (0..30).map(|number| if number % 10 == 5 { 0 } else { 30_000 });
        let said = feed(&mut Drift::default(), 0, late);
        assert!(!said.iter().any(|cadence| matches!(cadence, Cadence::Drifts { .. })), "{said:?}");
    }

    #[test]
    fn a_moment_is_not_late_however_often_it_runs() {
        let mut drift = Drift::default();
        let due = |number: i64| Ms(1_000 * number);
        let said: Vec<_> = (0..20).map(|number| drift.began(due(number), due(number).plus(999))).collect();
        assert!(said[2..].iter().all(|cadence| *cadence == Cadence::Keeps), "{said:?}");
    }
}
