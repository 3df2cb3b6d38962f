//! Agents that somebody else starts, and that say so: a cue with the transport `watch`.

use std::sync::Arc;

use crate::Ms;
use crate::cue::{Confirm, CueStatus};
use crate::event::Event;
use crate::id::OccurrenceId;
use crate::input::{Answer, Exit, Ping, PingKind, RefusalCode};
use crate::lane::decide::{Draft, refused};
use crate::lane::{ARM_AHEAD_MS, LIVE_RUNS_MAX};
use crate::occurrence::Trigger;
use crate::outcome::Outcome;
use crate::run::{Phase, Run, Verdict};

impl Draft<'_> {
    pub fn ping(&mut self, ping: &Ping) -> Answer {
        let run = match self.run_of_ping(ping) {
            Some(run) => run,
            None if ping.kind == PingKind::Log => {
                return refused(RefusalCode::NotFound, "No run of this cue is under way that this could be about.");
            }
            None => match self.run_for_ping(ping) {
                Ok(run) => run,
                Err(refusal) => return refusal,
            },
        };
        let number = run.latest().number;
        if ping.kind == PingKind::Log {
            let words = ping.words.as_deref().map(shortened).unwrap_or_default();
            self.emit(Event::RunNoted { run_id: run.id.clone(), words });
            return Answer::Pinged { run_id: run.id.clone() };
        }
        if let Phase::Offered { .. } = run.phase {
            let words = match ping.kind {
                PingKind::Start => "it said that it began",
                PingKind::Success | PingKind::Fail | PingKind::Log | PingKind::Exit(_) => "it said how it ended",
            };
            self.delivered(&run, number, true, words.to_owned(), None, None);
        }
        if ping.rid.is_some() {
            self.emit(Event::AttemptPinged { run_id: run.id.clone(), number, rid: ping.rid.clone() });
        }
        if let Some(run) = self.run(&run.id) {
            self.ended_by_ping(&run, number, ping);
        }
        Answer::Pinged { run_id: run.id.clone() }
    }

    fn ended_by_ping(&mut self, run: &Run, number: u32, ping: &Ping) {
        let (code, said) = match ping.kind {
            PingKind::Start | PingKind::Log => return,
            PingKind::Success => (0, None),
            PingKind::Fail => (1, None),
            PingKind::Exit(code) => (code, Some(format!("exit code {code}"))),
        };
        // Told of its end before: who does not hear the answer says it again.
        if !run.is_live() && run.verdict() != Some(Verdict::Silent) {
            return;
        }
        let success = code == 0;
        let words =
            said.clone().unwrap_or_else(|| if success { "it said it is done" } else { "it said it failed" }.into());
        let exit = Exit { exit_code: said.is_some().then_some(code), words, usage: ping.usage };
        if run.definition.confirm == Confirm::ExitCode {
            let exit = Exit { exit_code: Some(code), ..exit };
            return self.exited(run, number, &exit);
        }
        if said.is_some() {
            self.exit_noted(run, number, &exit, None);
        }
        let last_line = ping.words.as_deref().and_then(|words| words.trim().lines().last()).map(shortened);
        let error = (!success).then(|| match (&said, &last_line) {
            (Some(said), Some(line)) => format!("{said}: {line}"),
            (Some(said), None) => said.clone(),
            (None, Some(line)) => line.clone(),
            (None, None) => "it pinged its failure".to_owned(),
        });
        let outcome = Outcome { success, result: last_line.filter(|_| success), error, ..Outcome::default() };
        self.report(&run.id, Some(number), &outcome);
    }

    /// The run that a ping is about: by the agent's own word for it, else the oldest that has not been heard of.
    fn run_of_ping(&self, ping: &Ping) -> Option<Arc<Run>> {
        // One that began before the cue was edited may be a process of the tower's own, which ends when it ends.
        let is_watched = |run: &Arc<Run>| run.definition.transport.is_watch();
        if let Some(run) = ping.run_id.as_ref().and_then(|id| self.run(id)).filter(is_watched) {
            return Some(run);
        }
        let soon = self.soon_after(ping);
        let watched = self.lane.live_runs().filter(|run| is_watched(run));
        let mut live: Vec<&Arc<Run>> = watched.collect();
        live.sort_by_key(|run| (run.began_at, run.due));
        let named = |run: &&&Arc<Run>| ping.rid.is_some() && run.latest().rid == ping.rid;
        if let Some(run) = live.iter().find(named) {
            return Some(Arc::clone(run));
        }
        let fits = |run: &&&Arc<Run>| match (&run.phase, ping.kind) {
            // It was told late, and this one came due only after it.
            _ if run.due > soon => false,
            (Phase::Offered { .. }, _) => true,
            // One that began under another name is another one.
            (Phase::AwaitingOutcome { .. }, PingKind::Start) => false,
            (Phase::AwaitingOutcome { .. }, _) => ping.rid.is_none() || run.latest().rid.is_none(),
            (Phase::Held { .. } | Phase::Delivering | Phase::WaitingRetry { .. } | Phase::Ended { .. }, _) => false,
        };
        live.iter().find(fits).map(|run| Arc::clone(run))
    }

    /// It began by itself: a moment before its due instant, or when nobody expected it.
    fn run_for_ping(&mut self, ping: &Ping) -> Result<Arc<Run>, Answer> {
        if !self.lane.cue.definition.transport.is_watch() {
            let message = "This cue is not only watched: the tower delivers it itself, and takes no pings of it.";
            return Err(refused(RefusalCode::Invalid, message));
        }
        let live = self.lane.live_runs().count();
        if self.lane.cue.status == CueStatus::Deleted || self.is_full() || live >= LIVE_RUNS_MAX {
            return Err(refused(RefusalCode::TooMany, "More of this cue is under way than it can keep."));
        }
        // It runs where the tower cannot end it; what it does is not a run of this cue.
        if let Some(refusal) = self.refused_for_budget(self.now) {
            return Err(refusal);
        }
        let soon = self.soon_after(ping);
        let due =
            self.lane.armed.iter().find(|armed| armed.trigger == Trigger::Scheduled && armed.due <= soon).cloned();
        let armed = match due {
            Some(armed) => armed,
            None => {
                let id = OccurrenceId::fired(&self.lane.cue.id, self.dice);
                // It stands where it happened, also if the word of it was late.
                let armed = self.new_armed(id, ping.at.min(self.now), Trigger::Ping);
                self.emit(Event::OccurrenceArmed { armed: armed.clone(), fire_key: None });
                armed
            }
        };
        self.start(&armed);
        self.run(&armed.run_id).ok_or_else(|| refused(RefusalCode::NotFound, "The run ended before it began."))
    }

    /// What was due by then, the ping may be about; it may have been told late.
    fn soon_after(&self, ping: &Ping) -> Ms {
        ping.at.min(self.now).plus(ARM_AHEAD_MS)
    }
}

/// Room for the sentence around it.
const LINE_CHARS: usize = 500;

fn shortened(line: &str) -> String {
    line.chars().take(LINE_CHARS).collect()
}
