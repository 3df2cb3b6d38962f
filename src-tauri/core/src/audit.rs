//! The ledger held against the schedule: the instants that a cue's definitions named while it was active are the instants
//! it has a record of, each once.
//!
//! It reads a lane's facts in their order and asks the plan; it knows nothing of how the lane decides.

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, HashMap, HashSet};

use crate::Ms;
use crate::cue::{CueDefinition, CueStatus};
use crate::event::Event;
use crate::id::{CueId, OccurrenceId};
use crate::plan::Plan;

/// Findings kept; all are counted.
const FINDINGS_KEPT: usize = 100;

/// Facts of one lane, being read.
#[derive(Debug)]
pub struct Audit {
    cue: CueId,
    plan: Option<Plan>,
    /// The schedule is asked from here on. None: the cue is not active.
    since: Option<Ms>,
    began: bool,
    /// From the middle: what ends without having been armed was decided before.
    resumed: bool,
    /// Newest instant with a record.
    newest: Ms,
    /// Armed and not ended: due instant, and whether it counts as decided already.
    open: HashMap<OccurrenceId, Ms>,
    held: HashSet<OccurrenceId>,
    /// Records that no asking has met yet.
    decided: BTreeMap<Ms, Record>,
    found: Audited,
}

#[derive(Debug, Clone, Copy)]
struct Record {
    times: u32,
    /// Last instant and number of instants, of a span.
    span: Option<(Ms, u64)>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Audited {
    /// Instants that the schedule named.
    pub instants: u64,
    pub unexplained: u64,
    /// The first hundred of them.
    pub findings: Vec<Finding>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    pub due: Ms,
    pub problem: Problem,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Problem {
    /// The schedule named it, and nothing was written down.
    NoRecord,
    TwoRecords,
    /// It was written down, and no schedule named it.
    Unasked,
    /// It was armed, came due long ago, and has no end.
    NoEnd,
    /// The record of a span counts other instants than the schedule names.
    WrongSpan,
}

impl Problem {
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Problem::NoRecord => "no record",
            Problem::TwoRecords => "two records",
            Problem::Unasked => "no schedule names it",
            Problem::NoEnd => "no end",
            Problem::WrongSpan => "a span that counts wrong",
        }
    }
}

impl Audit {
    /// Of a lane from its first fact on.
    #[must_use]
    pub fn new(cue: CueId) -> Audit {
        Audit {
            cue,
            plan: None,
            since: None,
            began: false,
            resumed: false,
            newest: Ms(i64::MIN),
            open: HashMap::new(),
            held: HashSet::new(),
            decided: BTreeMap::new(),
            found: Audited::default(),
        }
    }

    /// From the middle: everything before was looked at, or is not asked about. `newest`: the newest instant that has a
    /// record by then, if any has. `open`: what was armed and undecided.
    #[must_use]
    pub fn resumed(
        cue: CueId,
        definition: &CueDefinition,
        active_since: Option<Ms>,
        newest: Option<Ms>,
        open: impl IntoIterator<Item = (OccurrenceId, Ms)>,
    ) -> Audit {
        let plan = Plan::of(&definition.schedule, cue.as_str()).ok();
        let newest = newest.unwrap_or(Ms(i64::MIN));
        let since = active_since.map(|since| since.max(newest));
        let open = open.into_iter().collect();
        Audit { plan, since, began: true, resumed: true, newest, open, ..Audit::new(cue) }
    }

    /// The next fact of the lane, in the order of its sequence.
    pub fn take(&mut self, at: Ms, event: &Event) {
        match event {
            Event::OccurrenceArmed { armed, .. } if armed.id.is_scheduled() => {
                self.open.insert(armed.id.clone(), armed.due);
            }
            // It came due; what becomes of it is decided later.
            Event::OccurrenceHeld { id, .. } if id.is_scheduled() => {
                if let Some(due) = self.open.get(id).copied() {
                    self.record(due, None);
                    self.held.insert(id.clone());
                }
            }
            // Taken back before it was due, an instant was not decided: the schedule is asked anew.
            Event::OccurrenceEnded { id, due, end } if id.is_scheduled() => {
                let armed = self.open.remove(id).is_some();
                let counted = self.held.remove(id) || (self.resumed && !armed);
                if !counted && (!end.is_withdrawn() || *due <= at) {
                    self.record(*due, None);
                }
            }
            Event::SpanEnded { from, to, count, .. } => self.record(*from, Some((*to, *count))),
            Event::CueDefined { definition, .. } => {
                // A clock that was set back had asked for more already.
                let now = at.max(self.newest);
                self.ask_until(now);
                self.plan = Plan::of(&definition.schedule, self.cue.as_str()).ok();
                if !self.began || self.since.is_some() {
                    self.since = Some(now);
                }
                self.began = true;
            }
            Event::CueStatusChanged { status, since, .. } => {
                self.ask_until(at.max(self.newest));
                self.since = (*status == CueStatus::Active).then(|| since.unwrap_or(at).max(self.newest));
            }
            _ => {}
        }
    }

    /// What there is to say, if everything due until `until` must have a record by now.
    #[must_use]
    pub fn finish(mut self, until: Ms) -> Audited {
        self.ask_until(until.max(self.newest));
        for (due, record) in std::mem::take(&mut self.decided) {
            let count = record.span.map_or(u64::from(record.times), |(_, count)| count);
            self.finding(due, Problem::Unasked, count);
        }
        let stale: Vec<Ms> = self.open.iter().filter(|(id, _)| !self.held.contains(*id)).map(|(_, due)| *due).collect();
        for due in stale.into_iter().filter(|due| *due <= until) {
            self.finding(due, Problem::NoEnd, 1);
        }
        self.found
    }

    fn record(&mut self, due: Ms, span: Option<(Ms, u64)>) {
        let record = self.decided.entry(due).or_insert(Record { times: 0, span });
        record.times += 1;
        record.span = record.span.or(span);
        self.newest = self.newest.max(span.map_or(due, |(last, _)| last));
    }

    /// Meets every instant that the schedule names in `(since, until]` with its record.
    fn ask_until(&mut self, until: Ms) {
        let Some(since) = self.since else { return };
        let Some(plan) = self.plan.take() else { return };
        let mut at = since;
        while let Some(due) = plan.next_after(at).filter(|due| *due <= until) {
            at = due;
            self.found.instants += 1;
            let record = self.decided.remove(&due);
            match record {
                // It may be armed and wait for its due instant, if the clock was set back.
                None if self.open.values().any(|open| *open == due) => {}
                None => self.finding(due, Problem::NoRecord, 1),
                Some(record) if record.times > 1 => {
                    self.finding(due, Problem::TwoRecords, u64::from(record.times - 1));
                }
                Some(Record { span: Some((last, count)), .. }) => at = self.span(&plan, due, last, count),
                Some(_) => {}
            }
        }
        self.since = Some(until);
        self.plan = Some(plan);
    }

    /// The instants of one record; returns where the asking goes on.
    fn span(&mut self, plan: &Plan, first: Ms, last: Ms, count: u64) -> Ms {
        let (mut at, mut named) = (first, 1);
        while let Some(due) = plan.next_after(at).filter(|due| *due <= last) {
            at = due;
            named += 1;
            if self.decided.remove(&due).is_some() {
                self.finding(due, Problem::TwoRecords, 1);
            }
        }
        self.found.instants += named - 1;
        if named != count || at != last {
            self.finding(first, Problem::WrongSpan, named.abs_diff(count).max(1));
        }
        at
    }

    fn finding(&mut self, due: Ms, problem: Problem, count: u64) {
        self.found.unexplained += count;
        if self.found.findings.len() < FINDINGS_KEPT {
            self.found.findings.push(Finding { due, problem });
        }
    }
}
