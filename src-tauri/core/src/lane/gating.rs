//! Questions of a run to its owner: asked by its agent, before a step, or before its delivery. While an attempt waits for an
//! answer its clocks stand still and its permits are others'; it hears the answer once it has them again.

use crate::Ms;
use crate::attempt::Stood;
use crate::cue::{Restart, Transport};
use crate::effect::Effect;
use crate::event::Event;
use crate::gate::{Fact, Gate, Gates, How, OnNoAnswer, Question, Settled, Shown, Subject, Word, without_secrets};
use crate::id::{GateId, RunId};
use crate::input::{Answer, Refusal, RefusalCode};
use crate::lane::Lane;
use crate::lane::decide::{Draft, refused};
use crate::run::{HeldBy, Phase, Run, Stand, StandPermits, Verdict};
use crate::secret;
use crate::sentence::instant;
use crate::transport::Program;

impl Lane {
    /// Every question that waits, with its run.
    pub fn gates_waiting(&self) -> impl Iterator<Item = (&RunId, &Gate)> {
        self.live_runs().flat_map(|run| run.gates.waiting().map(|gate| (&run.id, gate)))
    }
}

impl Run {
    /// Whether its latest attempt has asked its owner something: then somebody is at work, whatever became of the request.
    pub(super) fn asked_its_owner(&self) -> bool {
        let latest = self.latest();
        let by_it = |gate: &Gate| gate.attempt == latest.number && gate.subject != Subject::Delivery;
        self.stand.is_some() || latest.stood.is_some() || self.gates.iter().any(by_it)
    }

    /// What ends the wait of an attempt for its owner, whatever was answered: it is over, or does something else.
    pub(super) fn stand_ended(&mut self, at: Ms, event: &Event) {
        let Some(stand) = &mut self.stand else { return };
        let latest = self.attempts.last().map_or(0, |attempt| attempt.number);
        let ends = match event {
            Event::RunEnded { .. } | Event::AttemptBegan { .. } | Event::ChecksBegan { .. } => true,
            Event::AttemptFailed { number, .. }
            | Event::AttemptRestarting { number, .. }
            | Event::RestartAsked { number, .. }
            // Nobody is at work on it yet: whoever asked was of an older attempt.
            | Event::AttemptHeld { number, .. } => *number == latest,
            // A long-lived agent works on after what it reports, and gets its permits back with its answer.
            Event::OutcomeReported { number, .. } => {
                *number == latest && self.definition.restart() == Restart::Never
            }
            Event::AttemptExited { number, .. } if *number == latest => {
                // There is nobody left who would need them; somebody else may still report for it.
                stand.permits = StandPermits::Held;
                self.gates.hand_all_over();
                false
            }
            _ => false,
        };
        if ends || !self.gates.block(latest) {
            self.stand_over(at);
            // A later attempt asks again, and hears at once.
            self.gates.hand_all_over();
        }
    }

    pub(super) fn gate_changed(&mut self, at: Ms, fact: &Fact) {
        self.gates.apply(at, fact);
        let latest = self.latest().number;
        match fact {
            Fact::Asked { .. } | Fact::AwaitedAgain { .. } if self.gates.block(latest) => {
                let needs_none = self.definition.uses.is_empty() || self.definition.transport.is_watch();
                let permits = if needs_none { StandPermits::Held } else { StandPermits::Freed };
                self.stand.get_or_insert(Stand { since: at, permits });
            }
            Fact::Settled { gate_id, payload: Some(payload), .. }
                if self.gates.get(gate_id).is_some_and(|gate| gate.subject == Subject::Delivery) =>
            {
                self.payload = payload.clone();
            }
            Fact::PermitsAskedAgain { .. } => {
                if let Some(stand) = &mut self.stand {
                    stand.permits = StandPermits::AskedAgain;
                }
            }
            Fact::HandedOver { .. } => {
                if let Some(stand) = &mut self.stand {
                    stand.permits = StandPermits::Held;
                }
            }
            _ => {}
        }
        if !self.gates.block(latest) {
            self.stand_over(at);
        }
    }

    fn stand_over(&mut self, at: Ms) {
        let (Some(stand), Some(attempt)) = (self.stand.take(), self.attempts.last_mut()) else { return };
        let before = attempt.stood.map_or(0, |stood| stood.ms);
        attempt.stood = Some(Stood { ms: before.saturating_add(at.since(stand.since)), until: at });
    }
}

impl Draft<'_> {
    /// Asked again, the same question is the same gate, and its first answer stands.
    pub fn ask_owner(&mut self, run_id: &RunId, presented: Option<u32>, question: &Question) -> Answer {
        let run = match self.asker(run_id, presented) {
            Ok(run) => run,
            Err(refusal) => return Answer::Refused(refusal),
        };
        let number = run.latest().number;
        let is_at_work = match &run.phase {
            // What is to be offered is only looked at yet.
            Phase::Delivering => !matches!(run.definition.transport, Transport::Worker(_)),
            Phase::AwaitingOutcome { .. } => true,
            Phase::Offered { .. } if run.definition.transport.is_watch() => {
                self.delivered(&run, number, true, "its agent asked its owner".to_owned(), None, None);
                true
            }
            Phase::Held { .. } | Phase::Offered { .. } | Phase::WaitingRetry { .. } | Phase::Ended { .. } => false,
        };
        match run.gates.known(question) {
            // An agent of an older attempt hears how it stands; the attempt to come does not wait for it.
            Some(gate) if !is_at_work => self.gate_as_it_is(run_id, &gate.id, false),
            None if !is_at_work => {
                let message = "No attempt of this run is under way, so there is nobody who could ask.";
                refused(RefusalCode::NotDelivered, message)
            }
            Some(_) | None => self.question(run_id, number, question),
        }
    }

    fn question(&mut self, run_id: &RunId, number: u32, question: &Question) -> Answer {
        let Some(run) = self.run(run_id) else { return not_found(run_id) };
        let mut asked = match run.gates.ask(question, number, self.now, self.dice) {
            Ok(asked) => asked,
            Err(refusal) => return Answer::Refused(refusal),
        };
        // Known since before it was held up: its wait begins anew.
        let gate = run.gates.get(&asked.gate_id);
        let waits_anew = gate.is_some_and(|gate| question.blocking && gate.blocks(number) && run.stand.is_none());
        if waits_anew && asked.facts.is_empty() {
            asked.facts.push(Fact::AwaitedAgain { gate_id: asked.gate_id.clone(), attempt: number });
        }
        for mut fact in asked.facts {
            // What is asked instead stops nothing: the wait goes on until the permits that were given up are back.
            if let Fact::Settled { gate_id, handed_over, .. } = &mut fact
                && !question.blocking
            {
                *handed_over = run.gates.get(gate_id).is_none_or(|gate| is_heard_at_once(&run, gate));
            }
            self.emit(Event::Gate { run_id: run_id.clone(), fact });
        }
        self.permits_for_answers(run_id);
        self.gate_as_it_is(run_id, &asked.gate_id, asked.is_new)
    }

    /// Whoever may ask in the name of this run.
    fn asker(&self, run_id: &RunId, presented: Option<u32>) -> Result<std::sync::Arc<Run>, Refusal> {
        let refusal = |code, message: String| Err(Refusal { code, message });
        let Some(run) = self.run(run_id) else {
            return refusal(RefusalCode::NotFound, format!("There is no execution {run_id}."));
        };
        let latest = run.latest().number;
        match (presented, run.verdict()) {
            (_, Some(Verdict::Stopped | Verdict::Cancelled)) => {
                let message = "This run was stopped. Nobody says yes to it any more.".to_owned();
                refusal(RefusalCode::RunStopped, message)
            }
            (Some(number), _) if number != latest => {
                let message = format!("Attempt {number} was superseded by attempt {latest}; it asks for itself.");
                refusal(RefusalCode::AttemptSuperseded, message)
            }
            (_, Some(_)) => refusal(RefusalCode::RunEnded, "This run has ended.".to_owned()),
            (_, None) if run.checking.is_some() => {
                let message = "The work of this run is over; the tower looks whether it was done.".to_owned();
                refusal(RefusalCode::RunEnded, message)
            }
            (_, None) => Ok(run),
        }
    }

    /// The first answer counts; whoever comes second is told so.
    pub fn answer_gate(&mut self, run_id: &RunId, gate_id: &GateId, word: &Word) -> Answer {
        let Some(run) = self.run(run_id) else { return not_found(run_id) };
        let is_heard = run.gates.get(gate_id).is_some_and(|gate| is_heard_at_once(&run, gate));
        match run.gates.answer(gate_id, word, is_heard, self.now) {
            Ok(fact) => self.settled(run_id, gate_id, fact),
            Err(refusal) => return Answer::Refused(refusal),
        }
        self.gate_as_it_is(run_id, gate_id, false)
    }

    pub fn put_off_gate(&mut self, run_id: &RunId, gate_id: &GateId, until: Ms) -> Answer {
        let Some(run) = self.run(run_id) else { return not_found(run_id) };
        match run.gates.put_off(gate_id, until, self.now) {
            Ok(fact) => self.emit(Event::Gate { run_id: run_id.clone(), fact }),
            Err(refusal) => return Answer::Refused(refusal),
        }
        self.gate_as_it_is(run_id, gate_id, false)
    }

    /// Told twice, it is noted once.
    pub fn gate_told(&mut self, run_id: &RunId, gate_id: &GateId, words: &str) -> Answer {
        let run = self.run(run_id);
        if run.is_some_and(|run| run.gates.get(gate_id).is_some_and(Gate::is_to_be_told)) {
            let fact = Fact::Told { gate_id: gate_id.clone(), words: words.to_owned() };
            self.emit(Event::Gate { run_id: run_id.clone(), fact });
        }
        Answer::Done
    }

    /// Deadlines of its questions.
    pub fn gates_due(&mut self, run_id: &RunId) {
        let Some(run) = self.run(run_id).filter(|run| run.is_live()) else { return };
        for fact in run.gates.due(self.now, |gate| is_heard_at_once(&run, gate)) {
            // One before it may have stopped the run, and withdrawn the rest.
            let gate_id = fact.gate_id().clone();
            let waits = |run: &Run| run.gates.get(&gate_id).is_some_and(Gate::is_waiting);
            if self.run(run_id).is_some_and(|run| waits(&run)) {
                self.settled(run_id, &gate_id, fact);
            }
        }
    }

    /// A fact about a gate, and what follows from it for its run.
    fn settled(&mut self, run_id: &RunId, gate_id: &GateId, fact: Fact) {
        self.emit(Event::Gate { run_id: run_id.clone(), fact });
        let Some(run) = self.run(run_id) else { return };
        let Some((gate, settled)) = run.gates.get(gate_id).and_then(|gate| Some((gate, gate.settled.as_ref()?))) else {
            return;
        };
        let stops = settled.how == How::NoAnswer && gate.on_no_answer == OnNoAnswer::Stop;
        match &gate.subject {
            Subject::Delivery if run.is_live() => self.delivery_answered(&run, settled, gate.goes() == Some(true)),
            _ if stops && run.is_live() => {
                self.tell(&run, gate);
                self.stop_run(&run);
            }
            Subject::Delivery | Subject::Asked(_) | Subject::Step(_) => {
                self.tell(&run, gate);
                self.permits_for_answers(run_id);
            }
        }
    }

    /// Asks the owner before anything of this run is delivered. False: that was answered with yes, or nobody wants to be asked.
    pub fn asks_first(&mut self, run: &Run, number: u32) -> bool {
        if !run.definition.gate.before_delivery || run.definition.transport.is_watch() {
            return false;
        }
        let before = run.gates.about(&Subject::Delivery);
        if before.is_some_and(|gate| gate.goes() == Some(true)) {
            return false;
        }
        let (run_id, words) = (run.id.clone(), "waits for your yes".to_owned());
        let asked = before.is_some();
        self.emit(Event::AttemptHeld { run_id: run_id.clone(), number, by: HeldBy::Gate, words, until: None });
        if !asked && let Answer::Refused(refusal) = self.question(&run_id, number, &before_delivery(run)) {
            // It would be held for good, for a yes that nobody is asked for.
            let words = format!("its owner could not be asked: {}", refusal.message.trim_end_matches('.'));
            self.fail_for_good(run, number, words);
        }
        true
    }

    fn delivery_answered(&mut self, run: &Run, settled: &Settled, goes: bool) {
        let number = run.latest().number;
        if !goes {
            self.end_run(run, Verdict::Stopped, false, Vec::new());
        } else if self.held(&run.id, number, HeldBy::Gate).is_some() {
            debug_assert!(settled.how != How::Denied, "a denial goes nowhere");
            self.emit(Event::AttemptReleased { run_id: run.id.clone(), number });
            if let Some(run) = self.run(&run.id) {
                self.ask_pools(&run, number, false);
            }
        }
    }

    /// Somebody may have an answer that waits for permits: they are asked for, once.
    fn permits_for_answers(&mut self, run_id: &RunId) {
        let Some(run) = self.run(run_id) else { return };
        let Some(gate) = run.gates.unheard().next().filter(|_| run.has_freed_permits()) else { return };
        let fact = Fact::PermitsAskedAgain { gate_id: gate.id.clone() };
        self.emit(Event::Gate { run_id: run_id.clone(), fact });
        self.effects.push(Effect::AskPools { run_id: run_id.clone(), number: run.latest().number });
    }

    /// Whether this attempt has an answer, and stands in the line for the permits that it gave up.
    pub fn awaits_permits_again(&self, run_id: &RunId, number: u32) -> bool {
        let asked = |run: &Run| run.stand.is_some_and(|stand| stand.permits == StandPermits::AskedAgain);
        self.run(run_id).is_some_and(|run| run.latest().number == number && asked(&run))
    }

    /// It has its permits again, or never will.
    pub fn hand_answers_over(&mut self, run_id: &RunId) {
        let Some(run) = self.run(run_id) else { return };
        for gate in run.gates.unheard() {
            let fact = Fact::HandedOver { gate_id: gate.id.clone() };
            self.emit(Event::Gate { run_id: run_id.clone(), fact });
        }
    }

    fn tell(&mut self, run: &Run, gate: &Gate) {
        if gate.is_to_be_told() {
            self.effects.push(Effect::TellAnswer { run_id: run.id.clone(), gate_id: gate.id.clone() });
        }
    }

    /// After an event that may have ended a wait for the owner: what stood still goes on from where it stood, and what was
    /// kept back may be told.
    pub fn after_stand(&mut self, before: &Run, stand: Stand) {
        let Some(run) = self.run(&before.id) else { return };
        for gate in before.gates.unheard().filter_map(|gate| run.gates.get(&gate.id)) {
            self.tell(&run, gate);
        }
        if run.stand.is_none() && run.is_live() {
            self.move_clocks(&run, self.now.0.saturating_sub(stand.since.0));
        }
    }

    /// Nobody waits for an answer to a run that is over.
    pub fn gates_end_with(&mut self, run_id: &RunId) {
        let Some(run) = self.run(run_id) else { return };
        let why = match run.verdict() {
            Some(Verdict::Stopped) => "its run was stopped",
            Some(Verdict::Cancelled) => "its cue was deleted",
            Some(_) | None => "its run is over",
        };
        for fact in run.gates.withdraw_all(why, self.now) {
            self.emit(Event::Gate { run_id: run_id.clone(), fact });
        }
    }

    /// The tower was away, or the clock was set: nobody could answer meanwhile.
    pub fn move_gates(&mut self, run: &Run, by_ms: i64) {
        for fact in run.gates.moved(by_ms, self.now) {
            self.emit(Event::Gate { run_id: run.id.clone(), fact });
        }
    }

    /// After a start: callbacks that nobody told.
    pub fn gates_recovered(&mut self, run: &Run, gap_ms: i64) {
        self.move_gates(run, gap_ms);
        for gate in run.gates.iter() {
            self.tell(run, gate);
        }
    }

    fn gate_as_it_is(&self, run_id: &RunId, gate_id: &GateId, is_new: bool) -> Answer {
        let gate = self.run(run_id).and_then(|run| run.gates.get(gate_id).cloned());
        gate.map_or_else(|| not_found(run_id), |gate| Answer::Gate { gate: Box::new(gate), is_new })
    }
}

/// Whether whoever asked needs nothing first: it works on, has its permits, or is not the one that asks now.
fn is_heard_at_once(run: &Run, gate: &Gate) -> bool {
    let waits = run.stand.is_some_and(|stand| stand.permits != StandPermits::Held);
    !(waits && gate.blocks(run.latest().number))
}

fn not_found(run_id: &RunId) -> Answer {
    refused(RefusalCode::NotFound, format!("There is no execution {run_id}."))
}

/// "dunning-emails is due: send it off?", with what goes where.
fn before_delivery(run: &Run) -> Question {
    let definition = &run.definition;
    let rules = &definition.gate;
    // The first line leaves the machine with the alert; what may hold more than the owner wants to be sent stands below it.
    let (goes, whole) = match &definition.transport {
        Transport::Webhook(callback) => {
            let (method, url) = (&callback.method, &callback.url);
            (format!("{method} to {}", host_of(url)), format!("\n{method} {url}"))
        }
        Transport::Command(command) => {
            let (first, line) = match &command.program {
                Program::Argv(argv) => (argv.first().map(String::as_str), argv.join(" ")),
                // What is set for it alone may be a secret.
                Program::Shell(line) => (line.split_whitespace().find(|word| !word.contains('=')), line.clone()),
            };
            let program = first.and_then(|path| path.rsplit(['/', '\\']).next()).unwrap_or_default();
            (format!("Runs {program}"), format!("\n{line}"))
        }
        Transport::Worker(_) => ("Offered to its workers".to_owned(), String::new()),
        Transport::Watch => ("Expected to begin".to_owned(), String::new()),
    };
    let body = format!("{goes}. Due {}.{whole}", instant(run.due));
    let shown = Shown::of_what_goes(body, "payload", Some(run.payload.clone()));
    let mut question = Question {
        subject: Subject::Delivery,
        title: "Deliver it now?".to_owned(),
        shown,
        deadline_ms: rules.deadline_ms,
        on_no_answer: rules.on_no_answer,
        blocking: false,
        callback: None,
    };
    without_secrets(&mut question, |name, _| secret::is_name(name));
    question
}

/// Without the login, the path and what is asked there.
fn host_of(url: &str) -> &str {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let place = rest.split(['/', '?', '#', '\\']).next().unwrap_or_default();
    place.rsplit('@').next().unwrap_or_default()
}

/// What a cue asks before a step of it begins; the payload is what the step is to work on.
#[must_use]
pub fn before_step(run: &Run, key: &str, name: &str, input: Option<&serde_json::Value>) -> Question {
    let rules = &run.definition.gate;
    let called = if name.is_empty() { key } else { name };
    let called: String = called.chars().filter(|letter| !letter.is_control()).take(150).collect();
    let body = format!("Its agent is about to begin the step {called}. It begins with your yes alone.");
    let shown = Shown::of_what_goes(body, "input", input.cloned());
    Question {
        subject: Subject::Step(key.to_owned()),
        title: format!("Begin {called}?"),
        shown,
        deadline_ms: rules.deadline_ms,
        on_no_answer: rules.on_no_answer,
        blocking: true,
        callback: None,
    }
}

/// Of a run whose cue asks first, and that ended because of the answer.
#[must_use]
pub(crate) fn said_no(run: &Run) -> Option<(&Gate, &Settled)> {
    let gates: &Gates = &run.gates;
    let gate =
        gates.iter().filter(|gate| gate.handed_over && gate.goes() == Some(false)).max_by_key(|gate| gate.asked_at)?;
    let settled = gate.settled.as_ref().filter(|settled| settled.how != How::Withdrawn)?;
    Some((gate, settled))
}

/// The question that its run was stopped for, because nobody answered it in time.
#[must_use]
pub(crate) fn unanswered(run: &Run) -> Option<&Gate> {
    let stopped = run.verdict() == Some(Verdict::Stopped);
    said_no(run).filter(|(_, settled)| stopped && settled.how == How::NoAnswer).map(|(gate, _)| gate)
}
