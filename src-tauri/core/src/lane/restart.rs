//! Long-lived agents: a command that ended is started again, in the same run; and the budget of time that stops a run.

use crate::cue::Restart;
use crate::effect::Effect;
use crate::event::Event;
use crate::expect::Finding;
use crate::input::Exit;
use crate::lane::decide::Draft;
use crate::run::{Run, Verdict};
use crate::time::length_in_words;

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

    /// The budget of time is spent: its processes end, and so does the run.
    pub fn fuse_tripped(&mut self, run: &Run) {
        let most = run.definition.budget.duration_ms.unwrap_or_default();
        let finding = Finding::of(format!("At most {}", length_in_words(most)), false, "still at work");
        self.effects.push(Effect::Stop { run_id: run.id.clone(), number: run.latest().number });
        self.end_run(run, Verdict::Stopped, false, vec![finding]);
    }
}
