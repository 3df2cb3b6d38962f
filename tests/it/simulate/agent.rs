//! What agents do with deliveries, and what the tower's own side sees of it.

use cuetower_core::check::Proof;
use cuetower_core::cue::{Confirm, Transport};
use cuetower_core::effect::Effect;
use cuetower_core::id::{CueId, RunId};
use cuetower_core::input::{Answer, DeliveryResult, Input};
use cuetower_core::outcome::{NextRun, Outcome};
use cuetower_core::run::{Run, Verdict};

use super::luck::Luck;
use super::world::World;

impl World {
    pub fn perform(&mut self, luck: &mut Luck, effect: &Effect, run: &Run) {
        match effect {
            Effect::Deliver { run_id, number, licensed } => self.deliver(luck, run, (run_id, *number), *licensed),
            Effect::Stop { run_id, number, .. } => self.stop_process(luck, &(run_id.clone(), *number)),
            Effect::TellFailure { run_id } => {
                let ended = run.verdict();
                assert!(ended.is_some_and(Verdict::is_failure), "{run_id} is told of as failed, and is {ended:?}");
                self.tally.failures_told += 1;
            }
            Effect::Check { run_id, number } => self.look(luck, run, (run_id, *number)),
            Effect::TellAnswer { .. } => unreachable!("nobody here asks for a callback"),
            Effect::AskPools { .. } | Effect::Forget { .. } => unreachable!("the pilot answers these itself"),
        }
    }

    /// The checks take their time, and show what they show. Nobody looks once the tower is gone.
    fn look(&mut self, luck: &mut Luck, run: &Run, (run_id, number): (&RunId, u32)) {
        let since = run.checking.as_ref().map(|checking| checking.number);
        assert_eq!(since, Some(number), "{run_id} is looked at, and does not wait for it");
        self.tally.looked += 1;
        let proof = |passed| Proof {
            check: "simulated".into(),
            passed,
            saw: "simulated".into(),
            at: self.now(),
            kind: "memory".into(),
            detail: String::new(),
            took_ms: 1,
        };
        let proofs = run.definition.checks.iter().map(|_| proof(self.quiet || luck.chance(85))).collect();
        let input = Input::Checked { run_id: run_id.clone(), number, proofs };
        let in_ms = if self.quiet { 5 } else { luck.between(1, 60_000) };
        self.post(in_ms, run.cue_id.clone(), input, true);
    }

    fn deliver(&mut self, luck: &mut Luck, run: &Run, (run_id, number): (&RunId, u32), licensed: bool) {
        let attempt = (run_id.clone(), number);
        let written = self.disk.begun.contains(&attempt) || (licensed && self.disk.armed.contains(run_id));
        assert!(written, "attempt {number} of {run_id} went out before it was written down");
        assert!(!self.sent.contains(&attempt), "attempt {number} of {run_id} went out twice");
        let result = |result| Input::Delivery { run_id: run_id.clone(), number, result };
        if !run.definition.preflight.is_empty() && !self.quiet && luck.chance(40) {
            let unready = DeliveryResult::Unready { words: "pre-flight".into(), hold: luck.chance(75) };
            return self.post(luck.between(1, 5_000), run.cue_id.clone(), result(unready), true);
        }
        match run.definition.transport {
            // Only its checks were to be made.
            Transport::Worker(_) | Transport::Watch => {
                return self.post(luck.between(1, 500), run.cue_id.clone(), result(DeliveryResult::Ready), true);
            }
            Transport::Webhook(_) | Transport::Command(_) => {}
        }
        self.sent.insert(attempt);
        self.tally.deliveries += 1;
        if self.quiet {
            self.good_agent(luck, run, number);
        } else {
            self.agent(luck, run, number);
        }
    }

    fn agent(&mut self, luck: &mut Luck, run: &Run, number: u32) {
        let (cue, id) = (run.cue_id.clone(), run.id.clone());
        let soon = luck.between(1, 20_000);
        let seen = |result| Input::Delivery { run_id: id.clone(), number, result };
        let words = || String::from("simulated");
        let arrived = if !self.network && !run.definition.transport.is_command() {
            self.post(soon.min(1_500), cue.clone(), seen(DeliveryResult::NotDelivered { words: words() }), true);
            false
        } else if run.definition.transport.is_command() {
            if luck.chance(10) {
                // No program was started, and no trace of it is left: its number may be used once more.
                self.sent.remove(&(id.clone(), number));
                self.post(soon, cue.clone(), seen(DeliveryResult::NotDelivered { words: words() }), true);
                false
            } else {
                self.launch(luck, run, number);
                true
            }
        } else {
            let answered =
                |status, outcome| DeliveryResult::Answered { status, words: words(), retry_after_ms: None, outcome };
            let result = match luck.below(10) {
                0 => DeliveryResult::NotDelivered { words: words() },
                1..3 => answered(503, None),
                3 => DeliveryResult::Unanswered { words: words() },
                4 => answered(200, Some(Box::new(outcome(luck)))),
                _ => answered(200, None),
            };
            let arrived = !matches!(result, DeliveryResult::NotDelivered { .. });
            self.post(soon, cue.clone(), seen(result), true);
            arrived
        };
        if arrived && run.definition.confirm != Confirm::Delivery && luck.chance(75) {
            let late = if luck.chance(15) { luck.between(600_000, 7_200_000) } else { luck.between(0, 60_000) };
            let presented = luck.chance(70).then_some(number);
            self.post(late, cue, report(id, presented, outcome(luck)), false);
        }
        if arrived && luck.chance(20) {
            self.asks_owner(luck, run, number);
        }
    }

    /// Takes the work in a moment, and reports success ten seconds later.
    fn good_agent(&mut self, luck: &mut Luck, run: &Run, number: u32) {
        if run.definition.transport.is_command() {
            return self.launch(luck, run, number);
        }
        let (cue, run_id) = (run.cue_id.clone(), run.id.clone());
        let result = if self.network {
            DeliveryResult::Answered { status: 200, words: "200 OK".into(), retry_after_ms: None, outcome: None }
        } else {
            DeliveryResult::NotDelivered { words: "no network".into() }
        };
        self.post(200, cue.clone(), Input::Delivery { run_id: run_id.clone(), number, result }, true);
        if self.network
            && let Some(works_ms) = self.works_ms
        {
            let done = Outcome { success: true, ..Outcome::default() };
            self.post(works_ms, cue, report(run_id, Some(number), done), false);
        }
    }

    /// What whoever asked hears, once it is on disk.
    pub fn answered(&mut self, luck: &mut Luck, cue: CueId, input: Input, answer: &Answer) {
        match input {
            Input::Report { run_id, outcome, .. } => self.told(luck, cue, run_id, *outcome, answer),
            Input::Ask { run_id, .. } => self.asked_owner(luck, cue, &run_id, answer),
            Input::AnswerGate { gate_id, word, .. } => self.owner_answered(&gate_id, &word, answer),
            Input::Claim { run_id, worker } => self.claimed(luck, cue, run_id, worker, answer),
            Input::Extend { .. } if matches!(answer, Answer::Extended { .. }) => self.tally.extended += 1,
            Input::Ping(_) if matches!(answer, Answer::Pinged { .. }) => self.tally.pinged += 1,
            _ => {}
        }
    }

    fn told(&mut self, luck: &mut Luck, id: CueId, run_id: RunId, outcome: Outcome, answer: &Answer) {
        match answer {
            Answer::Recorded { .. } => {
                self.tally.acknowledged += 1;
                if !self.quiet && luck.chance(15) {
                    // The answer was lost on its way, or the agent has second thoughts.
                    let success = if luck.chance(50) { outcome.success } else { !outcome.success };
                    let again = report(run_id.clone(), None, Outcome { success, ..outcome.clone() });
                    self.post(luck.between(1, 60_000), id, again, false);
                }
                self.acknowledged.push((run_id, outcome));
            }
            Answer::Refused(_) => self.tally.refused += 1,
            // Its cue was deleted in the meantime.
            Answer::Done => {}
            other => panic!("a report was answered with {other:?}"),
        }
    }
}

pub fn report(run_id: RunId, attempt: Option<u32>, outcome: Outcome) -> Input {
    Input::Report { run_id, attempt, outcome: Box::new(outcome) }
}

pub fn outcome(luck: &mut Luck) -> Outcome {
    let next_run = luck.chance(6).then(|| match luck.below(3) {
        0 => NextRun::At(cuetower_core::Ms(1_780_000_000_000)),
        _ => NextRun::InMs(luck.below(3_600_000)),
    });
    Outcome {
        success: luck.chance(75),
        processed: luck.chance(80).then(|| luck.below(300) as f64),
        summary: luck.chance(50).then(|| format!("number {}", luck.below(1_000_000))),
        next_run,
        ..Outcome::default()
    }
}
