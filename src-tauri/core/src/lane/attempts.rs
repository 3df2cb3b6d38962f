//! How an attempt sets out: what it has to wait for, and who takes it from there.

use crate::check::listed;
use crate::cue::Transport;
use crate::effect::Effect;
use crate::event::Event;
use crate::id::RunId;
use crate::input::Answer;
use crate::lane::decide::Draft;
use crate::pool::Need;
use crate::run::{HeldBy, Phase, Run};
use crate::time::{HOUR_MS, SECOND_MS, length_in_words};

/// "waits for pool openai"
fn waits_for_pools(uses: &[Need]) -> String {
    let names: Vec<String> = uses.iter().map(|need| need.pool.clone()).collect();
    format!("waits for {} {}", if names.len() == 1 { "pool" } else { "pools" }, listed(&names))
}

/// Between two looks of a check that holds a delivery up.
const LOOK_AGAIN_MS: u64 = 30 * SECOND_MS;
/// A check that does not hold for so long fails the attempt.
const HELD_BY_CHECK_MAX_MS: u64 = 12 * HOUR_MS;

impl Draft<'_> {
    /// The attempt has begun: it asks for permits, or goes its way. `licensed`: see `Effect::Deliver`.
    pub fn set_out(&mut self, run_id: &RunId, number: u32, licensed: bool) {
        let Some(run) = self.run(run_id) else { return };
        if self.asks_first(&run, number) {
            return;
        }
        self.ask_pools(&run, number, licensed);
    }

    pub fn ask_pools(&mut self, run: &Run, number: u32, licensed: bool) {
        // Whoever somebody else starts asks nobody: nothing of it can be held up.
        if run.definition.uses.is_empty() || run.definition.transport.is_watch() {
            return self.hand_over(run, number, licensed);
        }
        let (run_id, words) = (run.id.clone(), waits_for_pools(&run.definition.uses));
        self.emit(Event::AttemptHeld { run_id: run_id.clone(), number, by: HeldBy::Pool, words, until: None });
        self.effects.push(Effect::AskPools { run_id, number });
    }

    /// With all permits: delivered by the engine, or offered to whoever comes for it.
    fn hand_over(&mut self, run: &Run, number: u32, licensed: bool) {
        let checked = run.definition.preflight.is_empty();
        match &run.definition.transport {
            Transport::Watch => self.offer(run, number),
            Transport::Worker(_) if checked => self.offer(run, number),
            Transport::Webhook(_) | Transport::Command(_) | Transport::Worker(_) => {
                self.effects.push(Effect::Deliver { run_id: run.id.clone(), number, licensed });
            }
        }
    }

    pub fn offer(&mut self, run: &Run, number: u32) {
        let until = self.now.plus(run.definition.delivery.timeout_ms);
        self.emit(Event::AttemptOffered { run_id: run.id.clone(), number, until });
    }

    /// The pools gave way.
    pub fn permitted(&mut self, run_id: &RunId, number: u32) -> Answer {
        if let Some(run) = self.held(run_id, number, HeldBy::Pool) {
            self.emit(Event::AttemptReleased { run_id: run_id.clone(), number });
            self.hand_over(&run, number, false);
        } else if self.awaits_permits_again(run_id, number) {
            self.hand_answers_over(run_id);
        }
        Answer::Done
    }

    pub fn not_permitted(&mut self, run_id: &RunId, number: u32, words: &str) -> Answer {
        if let Some(run) = self.held(run_id, number, HeldBy::Pool) {
            self.fail_for_good(&run, number, words.trim_end_matches('.').to_owned());
        } else if self.awaits_permits_again(run_id, number) {
            // It is at work already: an answer that is never heard would help nobody.
            self.hand_answers_over(run_id);
            self.noted(run_id, &format!("it goes on without its permits: {}", words.trim_end_matches('.')));
        }
        Answer::Done
    }

    pub fn held(&self, run_id: &RunId, number: u32, by: HeldBy) -> Option<std::sync::Arc<Run>> {
        let run = self.run(run_id)?;
        let held = matches!(&run.phase, Phase::Held { by: found, .. } if *found == by);
        (held && run.latest().number == number).then_some(run)
    }

    /// A check before the delivery failed.
    pub fn unready(&mut self, run: &Run, number: u32, words: &str, hold: bool) {
        let since = run.latest().checks_failed_since.unwrap_or(self.now);
        if hold && self.now.since(since) < HELD_BY_CHECK_MAX_MS {
            let until = Some(self.now.plus(LOOK_AGAIN_MS));
            let words = words.to_owned();
            self.emit(Event::AttemptHeld { run_id: run.id.clone(), number, by: HeldBy::Preflight, words, until });
        } else if hold {
            let words = format!("{words}, for {}", length_in_words(HELD_BY_CHECK_MAX_MS));
            self.fail_for_good(run, number, words);
        } else {
            self.fail_attempt(run, number, words.to_owned(), None, None);
        }
    }

    /// A check that held the delivery up is looked at again; permits are asked for anew.
    pub fn look_again(&mut self, run: &Run) {
        let number = run.latest().number;
        self.emit(Event::AttemptReleased { run_id: run.id.clone(), number });
        self.set_out(&run.id, number, false);
    }

    /// Something was done because of the run, whether or not it has ended.
    pub fn noted(&mut self, run_id: &RunId, words: &str) -> Answer {
        if self.run(run_id).is_some() {
            self.emit(Event::RunNoted { run_id: run_id.clone(), words: words.to_owned() });
        }
        Answer::Done
    }
}
