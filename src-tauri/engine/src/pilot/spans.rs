//! Spans of agents' telemetry: each goes to the run it belongs to, or stays apart under its agent until that is known.

use std::collections::BTreeMap;
use std::sync::Arc;

use cuetower_core::fuse::Used;
use cuetower_core::id::{AccountId, RunId};
use cuetower_core::run::Run;
use cuetower_core::step::{self, Change, SpanSeen, StepInput, run_of_trace};

use super::Pilot;
use super::batch::Batch;
use super::signs::Sign;
use super::steps::{Stepped, owner_of};
use crate::handle::{SpanBatch, SpanGroup, SpansTaken, Trouble};
use crate::journal::StepOwner;

/// Of an account, on a day; the rest are one.
const AGENTS_APART_MAX: usize = 500;
const OTHER_AGENTS: &str = "other agents";
/// Spans that wait for their run under an agent, taken over at once.
const ADOPTED_MAX: usize = 50_000;

impl Pilot {
    /// Spans, each group of one trace: to the run they belong to, or under their agent.
    pub(super) fn take_spans(&mut self, batch: &mut Batch, spans: SpanBatch) -> Result<SpansTaken, Trouble> {
        let SpanBatch { account, run, limited_to, mut groups } = spans;
        let mut taken = SpansTaken::default();
        // Of a trace whose one span names its run, the others belong to it too, whichever came first.
        groups.sort_by_key(|group| group.run.is_none());
        for group in groups {
            let count = u32::try_from(group.spans.len()).unwrap_or(u32::MAX);
            let joined = self.run_of_group(batch, &account, run.as_ref(), &group)?;
            match joined.within(limited_to.as_deref(), &group) {
                Joined::Run { owner, run, is_known } => {
                    self.take_joined(batch, (owner, is_known), &run, group, &mut taken)?
                }
                Joined::Agent => self.take_apart(batch, &account, group, &mut taken)?,
                Joined::Refused(words) => {
                    taken.refused += count;
                    taken.words.get_or_insert(words);
                }
            }
        }
        batch.settle(self);
        Ok(taken)
    }

    fn run_of_group(
        &mut self,
        batch: &mut Batch,
        account: &AccountId,
        only: Option<&RunId>,
        group: &SpanGroup,
    ) -> Result<Joined, Trouble> {
        let known = match batch.traces.get(&group.trace) {
            Some(owner) => Some(owner.clone()),
            None => self.journal.owner_of_trace(&group.trace).map_err(|error| Trouble::Store(error.to_string()))?,
        };
        let told = group.run.clone().or_else(|| known.clone().map(RunId)).or_else(|| run_of_trace(&group.trace));
        let Some(run_id) = only.cloned().or_else(|| told.clone()) else { return Ok(Joined::Agent) };
        if let (Some(only), Some(told)) = (only, &group.run)
            && only != told
        {
            let words =
                format!("spans of the execution {told} came with the token of another; each run tells of itself");
            return Ok(Joined::Refused(words));
        }
        match self.run_known(batch, &run_id) {
            Some((run, _)) if run.definition.account == *account || only.is_some() => {
                let is_known = known.as_ref() == Some(&run.id.0);
                Ok(Joined::Run { owner: owner_of(&run), run, is_known })
            }
            // A trace id that only looks like one of ours, or a run that is another's, is nobody's.
            Some(_) | None => Ok(Joined::Agent),
        }
    }

    fn take_joined(
        &mut self,
        batch: &mut Batch,
        (owner, is_known): (StepOwner, bool),
        run: &Run,
        group: SpanGroup,
        taken: &mut SpansTaken,
    ) -> Result<(), Trouble> {
        let SpanGroup { trace, mut spans, .. } = group;
        let broke = run.broke.as_ref().map(|broke| broke.key.as_str());
        // Before anything is taken from anywhere: it may be that there is no room, or that it cannot be read.
        let book = &self.held(&owner.id, (&run.idempotency_key, broke))?.book;
        let room = (step::STEPS_MAX as usize).saturating_sub(book.len() + spans.len());
        let adopted = self.adopted(batch, &trace, &owner, room.min(ADOPTED_MAX))?;
        let before = adopted.len() as u32;
        spans.splice(..0, adopted);
        if !is_known {
            batch.traces.insert(trace, owner.id.clone());
        }
        let input = StepInput::Spans(spans);
        let sign = if run.is_live() { Sign::of(&input) } else { None };
        let decided = self.decide_step(batch, run, input, run.latest().number)?;
        taken.count(&decided.answer);
        // What came again, what there was no room for, and what was known before, is no sign of life of now.
        if let Some(sign) = sign.filter(|_| decided.told.spans.last().is_some_and(|newest| *newest >= before)) {
            self.watch_sign(batch, run, sign.of_those(&decided.told.spans));
        }
        Ok(())
    }

    /// What came of a trace before it was known whose it is, at most so many; the rest follows with what comes next of it.
    fn adopted(
        &mut self,
        batch: &mut Batch,
        trace: &str,
        to: &StepOwner,
        most: usize,
    ) -> Result<Vec<SpanSeen>, Trouble> {
        let on_disk = self.journal.spans_apart(trace, &to.account, most);
        let on_disk = on_disk.map_err(|error| Trouble::Store(error.to_string()))?;
        let mut gone: BTreeMap<StepOwner, Gone> = BTreeMap::new();
        let mut count = 0;
        for (owner, ordinal, span) in on_disk {
            // Another group of this very batch may have taken it along already.
            if !batch.stepped.get(&owner.id).is_some_and(|stepped| stepped.dropped.contains(&ordinal)) {
                gone.entry(owner).or_default().written.push((ordinal, span));
                count += 1;
            }
        }
        for (owner, ordinal, span) in batch.spans_apart(trace, to, most - count) {
            gone.entry(owner).or_default().new.push((ordinal, span));
        }
        for owner in gone.keys() {
            // Read before the first of them is changed.
            self.held(&owner.id, ("", None))?;
        }
        let mut spans = Vec::new();
        for (owner, Gone { written, new }) in gone {
            let held = self.held(&owner.id, ("", None))?;
            let total = held.book.sums.total();
            held.book.without(&written, &new);
            let less = Used::between(total, held.book.sums.total());
            let (before, after) = (held.nodes, held.book.len());
            held.nodes = after;
            self.books.nodes = (self.books.nodes + after).saturating_sub(before);
            self.uses(batch, &owner, less);
            batch.stepped(owner).dropped.extend(written.iter().map(|(ordinal, _)| *ordinal));
            spans.extend(written.into_iter().chain(new).map(|(_, span)| span));
        }
        Ok(spans)
    }

    /// The name that it is kept under. Whoever may report names as many as it likes.
    fn agent_apart(&mut self, account: &AccountId, day: &str, agent: String) -> Result<String, Trouble> {
        let known = match self.books.apart.get_mut(account).filter(|(of, _)| of == day) {
            Some((_, known)) => known,
            None => {
                let read = self.journal.apart_on(account, day).map_err(|error| Trouble::Store(error.to_string()))?;
                let known = (day.to_owned(), read.into_iter().collect());
                &mut self.books.apart.entry(account.clone()).insert_entry(known).into_mut().1
            }
        };
        if known.len() >= AGENTS_APART_MAX && !known.contains(&agent) {
            return Ok(OTHER_AGENTS.to_owned());
        }
        known.insert(agent.clone());
        Ok(agent)
    }

    fn take_apart(
        &mut self,
        batch: &mut Batch,
        account: &AccountId,
        group: SpanGroup,
        taken: &mut SpansTaken,
    ) -> Result<(), Trouble> {
        let day = self.day(batch.now);
        let agent = self.agent_apart(account, &day, group.agent)?;
        let id = format!("~{}/{agent}/{day}", account.0);
        let owner = StepOwner { id, run: None, agent, account: account.clone() };
        let decided = self.decide_of(batch, owner, ("", None), StepInput::Spans(group.spans), 0)?;
        taken.count(&decided.answer);
        taken.apart += match decided.answer {
            step::Answer::Spans { taken, .. } => taken,
            _ => 0,
        };
        Ok(())
    }
}

/// Spans that leave an agent for the run they belong to, by ordinal.
#[derive(Default)]
struct Gone {
    /// They stand on disk.
    written: Vec<(u32, SpanSeen)>,
    /// They would be written in this very batch.
    new: Vec<(u32, SpanSeen)>,
}

enum Joined {
    /// `is_known`: that the trace is its own is written down.
    Run {
        owner: StepOwner,
        run: Arc<Run>,
        is_known: bool,
    },
    Agent,
    Refused(String),
}

impl Joined {
    /// Refused if it is another agent's than the one that the key is limited to.
    fn within(self, limited_to: Option<&str>, group: &SpanGroup) -> Joined {
        let Some(own) = limited_to else { return self };
        let agent = match &self {
            Joined::Run { run, .. } => &run.definition.agent,
            Joined::Agent => &group.agent,
            Joined::Refused(_) => return self,
        };
        if agent == own { self } else { Joined::Refused(format!("this key sends spans of its agent, {own}, alone")) }
    }
}

impl Batch {
    /// Takes out what this very batch would write of a trace under agents.
    fn spans_apart(&mut self, trace: &str, to: &StepOwner, most: usize) -> Vec<(StepOwner, u32, SpanSeen)> {
        let mut found = Vec::new();
        let of_agent = |owner: &StepOwner| owner.run.is_none() && owner.account == to.account;
        for stepped in self.stepped.values_mut().filter(|stepped| of_agent(&stepped.owner)) {
            let Stepped { owner, changes, traces, .. } = stepped;
            let of_trace = |change: &mut Change| matches!(change, Change::New(row) if traces.get(&row.ordinal).is_some_and(|of| of == trace));
            for change in changes.extract_if(.., of_trace).take(most - found.len()) {
                if let Change::New(row) = change {
                    found.push((owner.clone(), row.ordinal, row.into_span(trace)));
                }
            }
        }
        found
    }
}

impl SpansTaken {
    fn count(&mut self, answer: &step::Answer) {
        match answer {
            step::Answer::Spans { taken, refused } => {
                self.taken += taken;
                self.refused += refused;
                if *refused > 0 {
                    let most = step::STEPS_MAX;
                    self.words.get_or_insert(format!("a run may have {most} steps and spans, and no more"));
                }
            }
            _ => debug_assert!(false, "spans are answered with how many were taken"),
        }
    }
}
