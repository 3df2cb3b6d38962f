//! What the tower has counted since it started. The pilot counts what a batch decided once that is on disk; nothing here is
//! asked when something is decided.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::Duration;

use cuetower_core::Ms;
use cuetower_core::event::Event;
use cuetower_core::lane::Lane;
use cuetower_core::occurrence::{End, Trigger};
use cuetower_core::run::Verdict;

use super::histogram::Histogram;

/// How an occurrence ended, as it is counted. `withdrawn`: taken back before it was due, by an edit.
pub const ENDS: [&str; 5] = ["ran", "coalesced", "skipped", "missed", "withdrawn"];
/// How a delivery went.
pub const DELIVERIES: [&str; 3] = ["delivered", "unanswered", "failed"];

const MS: u64 = 1_000;
const S: u64 = 1_000 * MS;
/// The clock that is read when something is due has milliseconds.
const LATENESS_US: [u64; 14] =
    [MS, 2 * MS, 3 * MS, 5 * MS, 10 * MS, 25 * MS, 50 * MS, 100 * MS, 250 * MS, 500 * MS, S, 5 * S, 60 * S, 600 * S];
const COMMIT_US: [u64; 12] = [250, 500, MS, 2_500, 5 * MS, 10 * MS, 25 * MS, 50 * MS, 100 * MS, 500 * MS, S, 5 * S];
/// The loop waits for nothing but the next stamp of life.
const NOTHING_DUE: i64 = i64::MAX;

/// Cheap to clone; all clones count together.
#[derive(Debug, Clone)]
pub(crate) struct Meters(Arc<Inner>);

#[derive(Debug)]
pub(crate) struct Inner {
    pub started_at: Ms,
    pub occurrences: [AtomicU64; ENDS.len()],
    /// First attempts, and those after them.
    pub attempts: [AtomicU64; 2],
    pub deliveries: [AtomicU64; DELIVERIES.len()],
    /// In the order of [`Verdict::ALL`].
    pub runs: [AtomicU64; Verdict::ALL.len()],
    pub runs_late: AtomicU64,
    /// Of failure, of success.
    pub outcomes: [AtomicU64; 2],
    pub refused: AtomicU64,
    pub lateness: Histogram<14>,
    pub commits: Histogram<12>,
    pub commits_failed: AtomicU64,
    /// When the loop wanted to be awake next, the last time that it went to sleep.
    due_next: AtomicI64,
}

impl std::ops::Deref for Meters {
    type Target = Inner;

    fn deref(&self) -> &Inner {
        &self.0
    }
}

impl Meters {
    pub fn starting_at(started_at: Ms) -> Meters {
        Meters(Arc::new(Inner {
            started_at,
            occurrences: Default::default(),
            attempts: Default::default(),
            deliveries: Default::default(),
            runs: Default::default(),
            runs_late: AtomicU64::new(0),
            outcomes: Default::default(),
            refused: AtomicU64::new(0),
            lateness: Histogram::of(LATENESS_US),
            commits: Histogram::of(COMMIT_US),
            commits_failed: AtomicU64::new(0),
            due_next: AtomicI64::new(NOTHING_DUE),
        }))
    }

    /// What a batch decided is on disk; the commit took so long.
    pub fn landed(&self, tally: &Tally, took: Duration) {
        self.commits.took(took);
        add(&self.occurrences, &tally.occurrences);
        add(&self.attempts, &tally.attempts);
        add(&self.deliveries, &tally.deliveries);
        add(&self.runs, &tally.runs);
        add(&self.outcomes, &tally.outcomes);
        self.runs_late.fetch_add(tally.runs_late, Ordering::Relaxed);
        self.refused.fetch_add(tally.refused, Ordering::Relaxed);
        for ms in &tally.lateness_ms {
            self.lateness.took(Duration::from_millis(*ms));
        }
    }

    pub fn commit_failed(&self) {
        self.commits_failed.fetch_add(1, Ordering::Relaxed);
    }

    /// The loop goes to sleep until then.
    pub fn sleeps_until(&self, at: Option<Ms>) {
        self.due_next.store(at.map_or(NOTHING_DUE, |at| at.0), Ordering::Relaxed);
    }

    /// How far the loop is behind what it wanted to be awake for.
    pub fn due_lag_ms(&self, now: Ms) -> u64 {
        let due = self.due_next.load(Ordering::Relaxed);
        u64::try_from(now.0.saturating_sub(due)).unwrap_or(0)
    }
}

fn add<const N: usize>(to: &[AtomicU64; N], more: &[u64; N]) {
    for (counter, more) in to.iter().zip(more).filter(|(_, more)| **more > 0) {
        counter.fetch_add(*more, Ordering::Relaxed);
    }
}

/// What one batch decided; counted only if it lands.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    occurrences: [u64; ENDS.len()],
    attempts: [u64; 2],
    deliveries: [u64; DELIVERIES.len()],
    runs: [u64; Verdict::ALL.len()],
    runs_late: u64,
    outcomes: [u64; 2],
    refused: u64,
    lateness_ms: Vec<u64>,
}

impl Tally {
    /// `lane`: as it stands after the event.
    pub fn note(&mut self, event: &Event, lane: Option<&Lane>, now: Ms) {
        match event {
            Event::OccurrenceEnded { due, end, .. } => {
                self.occurrences[place_of(end, *due > now)] += 1;
            }
            Event::SpanEnded { count, end, .. } => self.occurrences[place_of(end, false)] += count,
            Event::RunBegan { run_id, .. } => {
                self.attempts[0] += 1;
                let run = lane.and_then(|lane| lane.runs.get(run_id));
                let late = run.filter(|run| run.trigger == Trigger::Scheduled).map(|run| now.since(run.due));
                self.lateness_ms.extend(late);
            }
            Event::AttemptBegan { .. } => self.attempts[1] += 1,
            Event::AttemptDelivered { answered, .. } => self.deliveries[usize::from(!answered)] += 1,
            Event::AttemptFailed { .. } => self.deliveries[2] += 1,
            Event::RunEnded { late: true, .. } => self.runs_late += 1,
            Event::RunEnded { verdict, late: false, .. } => {
                let place = Verdict::ALL.iter().position(|one| one == verdict);
                place.into_iter().for_each(|place| self.runs[place] += 1);
            }
            Event::OutcomeReported { outcome, .. } => self.outcomes[usize::from(outcome.success)] += 1,
            Event::ReportRefused { .. } => self.refused += 1,
            _ => {}
        }
    }
}

fn place_of(end: &End, undue: bool) -> usize {
    match end {
        end if end.is_withdrawn() && undue => 4,
        End::Ran => 0,
        End::Coalesced { .. } => 1,
        End::Skipped { .. } => 2,
        End::Missed { .. } => 3,
    }
}
