//! The rules of a lane, one by one. What they add up to over a life of crashes is the simulator's question.

mod blown;
mod budgets;
mod checking;
mod confirming;
mod failing;
mod firing;
mod gating;
mod gating_again;
mod gating_random;
mod gating_rules;
mod gating_told;
mod owning;
mod pinging;
mod recovering;
mod restarting;
mod restarting_asked;
mod returning;
mod telling;
mod triggering;
mod verifying;
mod waiting;
mod windows;
mod working;

use std::sync::Arc;

use serde_json::json;

use super::{Lane, decide};
use crate::Ms;
use crate::attempt::Usage;
use crate::away::{Band, Reason};
use crate::cue::tests::webhook;
use crate::cue::{
    CatchUp, CatchUpPolicy, Command, Confirm, CueDefinition, Overlap, Program, Restart, Retry, Transport,
};
use crate::effect::Effect;
use crate::event::Event;
use crate::id::tests::Counting;
use crate::id::{CueId, RunId};
use crate::input::{Answer, Decision, DeliveryResult, Exit, Fire, Input, RefusalCode};
use crate::occurrence::{End, Trigger};
use crate::outcome::Outcome;
use crate::run::{Run, Verdict};
use crate::schedule_spec::ScheduleSpec;

/// 2026-11-20 12:00:00 UTC.
const NOON: i64 = 1_795_176_000_000;
const MINUTE: i64 = 60_000;

/// One lane and its clock; what it decided last is at hand.
struct Field {
    lane: Lane,
    now: Ms,
    dice: Counting,
    last: Decision,
}

impl Field {
    /// A webhook cue that fires every minute, a moment after noon, after a change of its definition.
    fn with(change: impl FnOnce(&mut CueDefinition)) -> Field {
        let mut definition = webhook(ScheduleSpec::recurring("* * * * *", "UTC"));
        change(&mut definition);
        let now = Ms(NOON + 1);
        let lane = Lane::first(now, &Lane::created(CueId("cue_a".into()), definition)).unwrap();
        let last = Decision { events: vec![], effects: vec![], answer: Answer::Done };
        Field { lane, now, dice: Counting(0), last }
    }

    fn manual(change: impl FnOnce(&mut CueDefinition)) -> Field {
        Field::with(|cue| {
            cue.schedule = ScheduleSpec::manual("UTC");
            change(cue);
        })
    }

    fn give(&mut self, input: Input) -> Answer {
        self.last = decide(&mut self.lane, &input, self.now, &mut self.dice);
        self.last.answer.clone()
    }

    /// Lets time pass to `seconds` after noon, tick by tick as the lane asks for them.
    fn until(&mut self, seconds: i64) {
        let end = Ms(NOON + seconds * 1_000);
        while let Some(at) = self.lane.wakes_at(self.now).filter(|at| *at <= end) {
            self.now = self.now.max(at);
            self.tick();
        }
        self.now = end;
    }

    /// Sleeps through to `seconds` after noon, and wakes.
    fn asleep_until(&mut self, seconds: i64) {
        self.away_until(seconds, Reason::Asleep);
    }

    /// Off until `seconds` after noon, and started again.
    fn off_until(&mut self, seconds: i64) {
        self.away_until(seconds, Reason::Off);
    }

    fn away_until(&mut self, seconds: i64, reason: Reason) {
        let band = Band { from: self.now, to: Ms(NOON + seconds * 1_000), reason };
        self.now = band.to;
        self.give(Input::Tick { away: Arc::new([band]), firing: true });
    }

    fn tick(&mut self) {
        self.give(Input::Tick { away: Arc::new([]), firing: true });
    }

    fn fire(&mut self) -> RunId {
        let fire =
            Fire { payload: None, send_at: None, key: None, exit_criteria: Vec::new(), trigger: Trigger::ManualFire };
        match self.give(Input::Fire(fire)) {
            Answer::Fired { run_id, .. } => run_id,
            other => panic!("{other:?}"),
        }
    }

    fn told(&mut self, run_id: &RunId, number: u32, result: DeliveryResult) {
        self.give(Input::Delivery { run_id: run_id.clone(), number, result });
    }

    fn report(&mut self, run_id: &RunId, attempt: Option<u32>, outcome: Outcome) -> Answer {
        self.give(Input::Report { run_id: run_id.clone(), attempt, outcome: Box::new(outcome) })
    }

    fn run(&self, run_id: &RunId) -> Arc<Run> {
        Arc::clone(&self.lane.runs[run_id])
    }

    fn verdict(&self, run_id: &RunId) -> Option<Verdict> {
        self.run(run_id).verdict()
    }

    /// Ends decided last, by due instant in seconds after noon.
    fn ends(&self) -> Vec<(i64, End)> {
        let ends = self.last.events.iter().filter_map(|event| match event {
            Event::OccurrenceEnded { due, end, .. } => Some(((due.0 - NOON) / 1_000, end.clone())),
            _ => None,
        });
        ends.collect()
    }

    /// Runs and attempts that were let go last.
    fn sent(&self) -> Vec<(RunId, u32)> {
        let sent = self.last.effects.iter().filter_map(|effect| match effect {
            Effect::Deliver { run_id, number, .. } => Some((run_id.clone(), *number)),
            Effect::AskPools { .. }
            | Effect::Stop { .. }
            | Effect::Forget { .. }
            | Effect::Check { .. }
            | Effect::TellFailure { .. }
            | Effect::TellAnswer { .. } => None,
        });
        sent.collect()
    }

    fn refused(answer: &Answer) -> RefusalCode {
        match answer {
            Answer::Refused(refusal) => refusal.code,
            other => panic!("{other:?}"),
        }
    }
}

fn success() -> Outcome {
    Outcome { success: true, ..Outcome::default() }
}

fn failure(error: &str) -> Outcome {
    Outcome { success: false, error: Some(error.into()), ..Outcome::default() }
}

fn ok() -> DeliveryResult {
    DeliveryResult::Answered { status: 200, words: "200 OK".into(), retry_after_ms: None, outcome: None }
}

fn unavailable() -> DeliveryResult {
    DeliveryResult::Answered { status: 503, words: "503".into(), retry_after_ms: None, outcome: None }
}

fn exited(code: i32) -> DeliveryResult {
    DeliveryResult::Exited(Exit { exit_code: Some(code), words: format!("exit code {code}"), usage: Usage::default() })
}

fn command(cue: &mut CueDefinition) {
    let program = Program::Argv(vec!["true".into()]);
    cue.transport =
        Transport::Command(Command { program, cwd: None, env: vec![], stop_grace_ms: 1_000, restart: Restart::Never });
}
