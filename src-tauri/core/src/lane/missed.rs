//! Instants that were not handled in their time: what the catch-up policy makes of them.

use std::sync::Arc;

use crate::Ms;
use crate::away::{Band, cause_of};
use crate::cue::{CatchUpPolicy, CueStatus};
use crate::event::Event;
use crate::id::OccurrenceId;
use crate::input::{Answer, RefusalCode};
use crate::lane::decide::{Draft, refused};
use crate::lane::{CATCH_UP_MAX, MISSED_AFTER_MS, MISSED_ONE_BY_ONE, MISSED_PER_TICK, SPAN_MAX};
use crate::occurrence::{Armed, End, SkipPolicy, Trigger};
use crate::plan::Plan;
use crate::time::length_in_words;

/// The absence that is being decided.
struct Absence<'a> {
    away: &'a [Band],
    firing: bool,
    /// The instant that may run in the place of all of them.
    newest: Ms,
}

impl Draft<'_> {
    /// Decides the scheduled instants that were not handled in time.
    pub fn catch_up(&mut self, away: &[Band], firing: bool) {
        let line = self.now.minus(MISSED_AFTER_MS);
        let missed = |armed: &&Armed| armed.due < line && armed.trigger == Trigger::Scheduled;
        let missed: Vec<Armed> = self.lane.armed.iter().filter(missed).cloned().collect();
        let Some(newest) = self.newest_missed(&missed, line) else { return };
        let absence = Absence { away, firing, newest };
        for armed in missed {
            self.decide_missed(&armed, &absence);
        }
        let mut shared = false;
        for _ in 0..MISSED_PER_TICK {
            if !shared && !self.queues_missed(&absence) {
                shared = true;
                self.spans(&absence, line);
            }
            let Some(due) = self.lane.next_instant().filter(|due| *due < line) else { return };
            let armed = self.arm_scheduled(due);
            self.decide_missed(&armed, &absence);
        }
    }

    /// The newest instant before `line` that was not handled; one that no blackout skips, if there is one.
    fn newest_missed(&self, armed: &[Armed], line: Ms) -> Option<Ms> {
        let plan = self.lane.plan().filter(|_| self.lane.cue.status == CueStatus::Active);
        let (schedule, cursor, to) = (&self.lane.cue.definition.schedule, self.lane.cursor, line.minus(1));
        let mut due = armed.iter().rev().map(|armed| armed.due);
        let newest_armed = due.clone().next();
        plan.and_then(|plan| plan.latest_fire_in(cursor, to))
            .or_else(|| due.find(|due| schedule.blackout_at(*due).is_none()))
            .or_else(|| plan?.latest_in(cursor, to))
            .or(newest_armed)
    }

    /// `all` takes the oldest first, as long as there is room for them.
    fn queues_missed(&self, absence: &Absence) -> bool {
        let all = self.lane.cue.definition.catch_up.policy == CatchUpPolicy::All;
        all && absence.firing && !self.in_blackout() && self.catches_up_more()
    }

    /// After a very long absence: all but the newest instants, in records of many.
    fn spans(&mut self, absence: &Absence, line: Ms) {
        let Some(plan) = self.lane.plan().cloned().filter(|_| self.lane.cue.status == CueStatus::Active) else {
            return;
        };
        let Some(keep_from) = keep_from(&plan, self.lane.cursor, line) else { return };
        let mut left = SPAN_MAX;
        while left > 0
            && let Some(first) = self.lane.next_instant().filter(|first| *first < keep_from.min(absence.newest))
        {
            let end = self.missed_end(first, absence);
            let (mut last, mut count) = (first, 1);
            left -= 1;
            while left > 0
                && let Some(next) = plan.next_after(last).filter(|next| *next < keep_from.min(absence.newest))
                && self.missed_end(next, absence) == end
            {
                (last, count, left) = (next, count + 1, left - 1);
            }
            let id = OccurrenceId::span(&self.lane.cue.id, first, last, self.lane.generation);
            self.emit(Event::SpanEnded { id, from: first, to: last, count, end });
        }
    }

    /// The end of a missed instant that is not the newest, and that nobody holds for later.
    fn missed_end(&self, due: Ms, absence: &Absence) -> End {
        let definition = &self.lane.cue.definition;
        let cause = cause_of(absence.away, due);
        if self.is_over_budget(due) {
            return End::Skipped { policy: SkipPolicy::Budget };
        }
        if !absence.firing {
            return End::Skipped { policy: SkipPolicy::TowerPaused };
        }
        if definition.schedule.blackout_at(due).is_some() {
            return End::Skipped { policy: SkipPolicy::Blackout };
        }
        let into = || OccurrenceId::scheduled(&self.lane.cue.id, absence.newest, self.lane.generation);
        match definition.catch_up.policy {
            CatchUpPolicy::Latest | CatchUpPolicy::All if self.in_blackout() => {
                End::Skipped { policy: SkipPolicy::Blackout }
            }
            CatchUpPolicy::Ask => End::Coalesced { into: into() },
            CatchUpPolicy::Latest => match self.too_old(absence) {
                None => End::Coalesced { into: into() },
                Some(window) => {
                    let words = length_in_words(window);
                    End::Missed { reason: format!("{cause}, and it stays useful for {words} only") }
                }
            },
            CatchUpPolicy::All => {
                End::Missed { reason: format!("{cause}, and {CATCH_UP_MAX} were caught up on already") }
            }
            CatchUpPolicy::None => End::Missed { reason: format!("{cause}; this cue does not catch up") },
        }
    }

    /// The usefulness window, if even the newest missed instant is outside it.
    fn too_old(&self, absence: &Absence) -> Option<u64> {
        let newest = absence.newest;
        let gap = self.lane.plan().and_then(|plan| plan.next_fire_after(newest)).map(|next| next.since(newest));
        let window = self.lane.cue.definition.useful_for_ms(gap);
        (self.now.since(newest) > window).then_some(window)
    }

    fn decide_missed(&mut self, armed: &Armed, absence: &Absence) {
        let definition = Arc::clone(&self.lane.cue.definition);
        if self.kept_back_when_due(armed, absence.firing).is_some() {
            let end = self.missed_end(armed.due, absence);
            return self.end_occurrence(armed, end);
        }
        let may_begin = !self.in_blackout();
        match definition.catch_up.policy {
            CatchUpPolicy::Latest if armed.due == absence.newest && may_begin && self.too_old(absence).is_none() => {
                self.start_or_wait(armed)
            }
            CatchUpPolicy::Ask if armed.due == absence.newest => self.ask(armed, absence),
            CatchUpPolicy::All if may_begin && self.catches_up_more() => {
                let live = self.lane.live_runs().count();
                if live < self.lane.at_once(self.now) && self.lane.held.is_empty() {
                    self.start(armed);
                } else {
                    self.hold(armed, "catching up, oldest first");
                }
            }
            CatchUpPolicy::Latest | CatchUpPolicy::All | CatchUpPolicy::None | CatchUpPolicy::Ask => {
                let end = self.missed_end(armed.due, absence);
                self.end_occurrence(armed, end);
            }
        }
    }

    /// Whether `all` queues an instant that came due while the tower was away, though it is not too late for it.
    pub fn catches_up_on(&self, armed: &Armed, away: &[Band]) -> bool {
        let all = self.lane.cue.definition.catch_up.policy == CatchUpPolicy::All;
        let behind = self.lane.live_runs().count() >= self.lane.at_once(self.now) || !self.lane.held.is_empty();
        let scheduled = armed.trigger == Trigger::Scheduled;
        all && scheduled && behind && self.catches_up_more() && away.iter().any(|band| band.holds(armed.due))
    }

    /// Whether `all` may take one more: those that run count as well as those that wait behind them.
    fn catches_up_more(&self) -> bool {
        let running = self.lane.live_runs().count().min(self.lane.at_once(self.now));
        self.lane.held.len() + running < CATCH_UP_MAX
    }

    /// Holds the newest for the owner's word; one that waited for it already is coalesced into it.
    fn ask(&mut self, armed: &Armed, absence: &Absence) {
        for older in self.lane.asked.iter().cloned().collect::<Vec<_>>() {
            self.end_occurrence(&older, End::Coalesced { into: armed.id.clone() });
        }
        let by = format!("{}: run it now, or skip it?", cause_of(absence.away, armed.due));
        self.emit(Event::OccurrenceHeld { id: armed.id.clone(), by, asks: true });
    }

    /// The owner's word.
    pub fn answered(&mut self, id: &OccurrenceId, run: bool) -> Answer {
        let Some(asked) = self.lane.asked.iter().find(|asked| asked.id == *id).cloned() else {
            return refused(
                RefusalCode::NotFound,
                "This occurrence does not wait for an answer; it may have one already.",
            );
        };
        if run {
            if let Some(refusal) = self.refused_for_budget(self.now) {
                return refusal;
            }
            self.start(&asked);
        } else {
            self.end_occurrence(&asked, End::Skipped { policy: SkipPolicy::Owner });
        }
        Answer::Done
    }
}

/// The instants from here on are recorded one by one. None: all of them.
fn keep_from(plan: &Plan, cursor: Ms, line: Ms) -> Option<Ms> {
    let mut from = line;
    for _ in 0..MISSED_ONE_BY_ONE {
        from = plan.latest_in(cursor, from.minus(1))?;
    }
    Some(from)
}
