//! Long-lived agents: a command that ended is started again, in the same run; a new start that somebody asks for; and the
//! budget of time that stops a run.

use crate::attempt::RestartBy;
use crate::cue::{DEADLINE_AFTER_EXIT_MS, Restart, Transport};
use crate::effect::Effect;
use crate::event::Event;
use crate::expect::Finding;
use crate::id::RunId;
use crate::input::{Answer, Exit, RefusalCode};
use crate::lane::decide::{Draft, refused};
use crate::run::{Phase, Run, Verdict};
use crate::sentence::STILL_AT_WORK;
use crate::time::{HOUR_MS, length_in_words};

impl Draft<'_> {
    /// Its next start, later each time it lived too shortly.
    pub fn restart(&mut self, run: &Run, number: u32, exit: &Exit) {
        let latest = run.latest();
        let lived = latest.delivered_at.map_or(0, |from| self.now.since(from));
        // `short_lives` counts those that ended; this one is about to.
        let short = if lived < Restart::STEADY_MS { run.short_lives() + 1 } else { 0 };
        if short == 0 && run.steady_at().is_some() {
            self.steady(run);
        }
        let wait = Restart::wait_ms(short);
        self.emit(Event::AttemptRestarting {
            run_id: run.id.clone(),
            number,
            words: exit.words.clone(),
            exit_code: exit.exit_code,
            usage: exit.usage,
            retry_at: self.now.plus(wait),
            crash_loop: short == Restart::CRASH_LOOP,
        });
    }

    /// After a crash loop it has lived long enough.
    pub fn steady(&mut self, run: &Run) {
        self.emit(Event::AttemptSteady { run_id: run.id.clone(), number: run.latest().number });
    }

    /// Its process is told to end; once it has, the next attempt begins. Asked twice, it is told twice, and recorded once.
    pub fn restart_asked(&mut self, run_id: &RunId, by: &RestartBy) -> Answer {
        let Some(run) = self.run(run_id) else {
            return refused(RefusalCode::NotFound, format!("There is no run {run_id}."));
        };
        let Transport::Command(command) = &run.definition.transport else {
            let message = "Only a process that the tower started can be restarted by it, and this run has none.";
            return refused(RefusalCode::InvalidState, message);
        };
        if !run.is_live() {
            return refused(RefusalCode::RunEnded, "This run has ended already; run it again instead.");
        }
        if run.checking.is_some() {
            let message = "Its work is done and is being looked at; there is nothing to restart.";
            return refused(RefusalCode::InvalidState, message);
        }
        match run.phase {
            Phase::WaitingRetry { at } => {
                // There is no process to end; its wait is over.
                self.emit(Event::RunNoted { run_id: run_id.clone(), words: by.words() });
                self.emit(Event::RetryMoved { run_id: run_id.clone(), retry_at: at.min(self.now) });
                Answer::Done
            }
            Phase::AwaitingOutcome { .. } if run.may_have_a_process() => {
                self.end_for_restart(&run, command.stop_grace_ms, by);
                Answer::Done
            }
            Phase::AwaitingOutcome { .. } | Phase::Held { .. } | Phase::Offered { .. } | Phase::Delivering => {
                refused(RefusalCode::InvalidState, "It has no process that could be restarted right now.")
            }
            Phase::Ended { .. } => refused(RefusalCode::RunEnded, "This run has ended already."),
        }
    }

    fn end_for_restart(&mut self, run: &Run, grace_ms: u64, by: &RestartBy) {
        let number = run.latest().number;
        if run.latest().restart.is_none() {
            self.emit(Event::RestartAsked { run_id: run.id.clone(), number, by: by.clone() });
        }
        // If it waited for its owner, its clocks go on from here.
        let Some(run) = self.run(&run.id) else { return };
        // Silence is no news of one that is being ended.
        let needed = self.now.plus(grace_ms + DEADLINE_AFTER_EXIT_MS);
        if run.deadline().is_some_and(|deadline| deadline < needed) {
            self.emit(Event::DeadlineMoved { run_id: run.id.clone(), deadline: needed });
        }
        self.effects.push(Effect::Stop { run_id: run.id.clone(), number, hard: false });
    }

    /// A process that was ended for a new start is gone. Each time that the watch wants one within the hour it comes later.
    pub fn restarted(&mut self, run: &Run, number: u32, exit: &Exit) {
        let by = run.latest().restart.as_ref().map(|asked| &asked.by);
        let asked = by.map(RestartBy::words).unwrap_or_default();
        let wait_ms = match by {
            Some(RestartBy::Watch { .. }) => Restart::wait_ms(run.restarts_by_watch_since(self.now.minus(HOUR_MS))),
            Some(RestartBy::Owner) | None => 0,
        };
        self.emit(Event::AttemptRestarting {
            run_id: run.id.clone(),
            number,
            words: format!("{asked}; {}", exit.words),
            exit_code: exit.exit_code,
            usage: exit.usage,
            retry_at: self.now.plus(wait_ms),
            crash_loop: false,
        });
    }

    /// The budget of time is spent: its processes end, and so does the run.
    pub fn fuse_tripped(&mut self, run: &Run) {
        let most = run.definition.budget.duration_ms.unwrap_or_default();
        let finding = Finding::of(format!("At most {}", length_in_words(most)), false, STILL_AT_WORK);
        self.effects.push(Effect::Stop { run_id: run.id.clone(), number: run.latest().number, hard: true });
        self.end_run(run, Verdict::Stopped, false, vec![finding]);
    }
}
