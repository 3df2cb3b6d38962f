//! What a question may be, what its hash binds, and the questions of agents outside of any run.

use serde_json::{Value, json};

use super::*;
use crate::id::{AccountId, Dice, GateId};
use crate::input::{Refusal, RefusalCode};

const NOON: Ms = Ms(1_795_176_000_000);

fn question() -> Question {
    let shown =
        Shown { body: "14 reminders".into(), payload: Some(json!({ "to": 14 })), may_edit: true, ..Shown::default() };
    Question {
        subject: Subject::Asked("send".into()),
        title: "Send 14 reminders?".into(),
        shown,
        deadline_ms: None,
        on_no_answer: OnNoAnswer::KeepWaiting,
        blocking: true,
        callback: None,
    }
}

fn with(change: impl FnOnce(&mut Question)) -> Question {
    let mut question = question();
    change(&mut question);
    question
}

#[test]
fn the_hash_binds_all_that_would_happen_and_nothing_else() {
    let hash = question().hash();
    assert_eq!(hash.0.len(), 64);
    let same = [
        with(|it| it.deadline_ms = Some(5_000)),
        with(|it| it.on_no_answer = OnNoAnswer::Proceed),
        with(|it| it.shown.cost_of_waiting = "$2 an hour".into()),
        with(|it| it.blocking = false),
    ];
    assert!(same.iter().all(|question| question.hash() == hash));
    let others = [
        with(|it| it.title = "Send 15 reminders?".into()),
        with(|it| it.shown.body = "15 reminders".into()),
        with(|it| it.shown.payload = Some(json!({ "to": 15 }))),
        with(|it| it.shown.payload = Some(json!({ "to": "14" }))),
        with(|it| it.shown.payload = Some(json!([["to", 14]]))),
        with(|it| it.shown.payload = Some(Value::Null)),
        with(|it| (it.shown.payload, it.shown.may_edit) = (None, false)),
        with(|it| it.shown.may_edit = false),
        with(|it| it.shown.diff = Some(String::new())),
        with(|it| it.shown.reversible = Some(false)),
        with(|it| it.subject = Subject::Step("send".into())),
        with(|it| it.subject = Subject::Asked("send2".into())),
        // What moved from one text to the next.
        with(|it| (it.title, it.shown.body) = ("Send 14".into(), " reminders?14 reminders".into())),
    ];
    let mut hashes: Vec<ShownHash> = others.iter().map(Question::hash).chain([hash]).collect();
    hashes.sort();
    hashes.dedup();
    assert_eq!(hashes.len(), others.len() + 1);
}

#[test]
fn the_order_of_fields_is_no_part_of_the_hash() {
    let read = |text: &str| with(|it| it.shown.payload = Some(serde_json::from_str(text).unwrap())).hash();
    assert_eq!(read(r#"{"a":1,"b":{"c":2,"d":3}}"#), read(r#"{"b":{"d":3,"c":2},"a":1}"#));
}

#[test]
fn what_is_wrong_with_a_question_is_told_by_its_field() {
    let wrong: Vec<(&str, Question)> = vec![
        ("key", with(|it| it.subject = Subject::Asked(String::new()))),
        ("key", with(|it| it.subject = Subject::Asked("k".repeat(201)))),
        ("title", with(|it| it.title = " ".into())),
        ("title", with(|it| it.title = "t".repeat(201))),
        ("title", with(|it| it.title = "two\nlines".into())),
        ("body", with(|it| it.shown.body = "b".repeat(BODY_BYTES_MAX + 1))),
        ("diff", with(|it| it.shown.diff = Some("d".repeat(BODY_BYTES_MAX + 1)))),
        ("payload", with(|it| it.shown.payload = Some(json!("p".repeat(PAYLOAD_BYTES_MAX))))),
        ("answers", with(|it| it.shown.payload = None)),
        ("usd_per_hour", with(|it| it.shown.usd_per_hour = Some(-1.0))),
        ("usd_per_hour", with(|it| it.shown.usd_per_hour = Some(f64::NAN))),
        ("take_back_seconds", with(|it| it.shown.take_back_ms = Some(60_001))),
        ("callback", with(|it| it.callback = Some("u".repeat(2_001)))),
        ("deadline_seconds", with(|it| it.deadline_ms = Some(999))),
        ("deadline_seconds", with(|it| it.deadline_ms = Some(DEADLINE_MS_MAX + 1))),
        ("deadline_seconds", with(|it| it.on_no_answer = OnNoAnswer::Stop)),
    ];
    for (field, question) in wrong {
        assert_eq!(question.trouble().map(|(field, _)| field), Some(field), "{question:?}");
    }
    assert_eq!(question().trouble(), None);
    assert_eq!(with(|it| (it.deadline_ms, it.on_no_answer) = (Some(1_000), OnNoAnswer::Stop)).trouble(), None);
}

#[test]
fn a_title_names_whoever_asks_and_keeps_to_fifty_characters() {
    assert_eq!(words::alert_title("dunning-emails", "Send 14 reminders?"), "dunning-emails asks: Send 14 reminders?");
    let long = words::alert_title("a-cue-with-a-name-that-goes-on-and-on", &"Send it? ".repeat(9));
    assert_eq!(long, "a-cue-with-a-name-t… asks: Send it? Send it? Send…");
    assert_eq!(long.chars().count(), 50);
    let roomy = words::alert_title("a-cue-with-a-name-that-goes-on-and-on", "Go?");
    assert_eq!(roomy, "a-cue-with-a-name-that-goes-on-and-on asks: Go?");
}

/// Of hundreds of ids no two are the same (SplitMix64).
struct Mixed(u64);

impl Dice for Mixed {
    fn throw(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }
}

struct Desk {
    book: GateBook,
    told: GateBook,
    dice: Mixed,
    now: Ms,
}

impl Desk {
    fn new() -> Desk {
        Desk { book: GateBook::default(), told: GateBook::default(), dice: Mixed(0), now: NOON }
    }

    fn give(&mut self, input: GateInput) -> GateAnswer {
        let decision = self.book.decide(&input, self.now, &mut self.dice);
        for event in &decision.events {
            let text = serde_json::to_string(event).unwrap();
            self.told.apply(self.now, &serde_json::from_str(&text).unwrap());
        }
        assert_eq!(self.told, self.book, "the journal tells the same");
        decision.answer
    }

    fn ask(&mut self, agent: &str, question: Question) -> Gate {
        let asker = Asker { account: AccountId::OWNER, agent: agent.into() };
        match self.give(GateInput::Ask { asker, question: Box::new(question) }) {
            GateAnswer::Gate { gate, .. } => *gate,
            other => panic!("{other:?}"),
        }
    }

    fn say(&mut self, gate: &Gate, said: Said) -> GateAnswer {
        let word = Word { said, shown: gate.hash.clone(), comment: Some(" ".into()), face: Face::Cli };
        self.give(GateInput::Answer { gate_id: gate.id.clone(), word })
    }

    fn until(&mut self, seconds: u64) {
        let end = NOON.plus(seconds * 1_000);
        while let Some(at) = self.book.wakes_at().filter(|at| *at <= end) {
            self.now = self.now.max(at);
            self.give(GateInput::Tick);
            assert!(self.book.wakes_at().is_none_or(|at| at > self.now), "it would spin");
        }
        self.now = end;
    }

    fn gate(&self, id: &GateId) -> Option<Gate> {
        self.book.find(id).map(|(_, gate)| gate.clone())
    }
}

#[test]
fn an_agent_outside_of_any_run_asks_and_hears_at_once() {
    let mut desk = Desk::new();
    let gate = desk.ask("ada", question());
    assert_eq!(desk.ask("ada", question()).id, gate.id);
    assert_ne!(desk.ask("bob", question()).id, gate.id, "another agent's key is its own");
    let GateAnswer::Gate { gate: said, .. } = desk.say(&gate, Said::Edit(json!({ "to": 13 }))) else { panic!() };
    let settled = said.settled.clone().expect("it was answered");
    assert_eq!((said.state(), said.goes(), settled.comment), ("edited", Some(true), None));
    assert!(
        matches!(desk.say(&gate, Said::Deny), GateAnswer::Refused(refusal) if refusal.code == RefusalCode::GateSettled)
    );
    assert_eq!(desk.ask("ada", question()).goes(), Some(true));
}

#[test]
fn an_answer_outside_of_any_run_is_remembered_for_a_week() {
    let mut desk = Desk::new();
    let gate = desk.ask("ada", question());
    desk.say(&gate, Said::Approve);
    desk.until(KEPT_MS / 1_000 - 1);
    assert_eq!(desk.ask("ada", question()).id, gate.id);
    desk.until(KEPT_MS / 1_000);
    assert_eq!(desk.gate(&gate.id), None);
    assert_eq!(desk.book.all().count(), 0);
    assert_eq!(desk.ask("ada", question()).goes(), None, "it is a new question");
}

#[test]
fn deadlines_outside_of_any_run_count_while_the_tower_is_up() {
    let mut desk = Desk::new();
    let asked = with(|it| (it.deadline_ms, it.on_no_answer) = (Some(60_000), OnNoAnswer::Proceed));
    let gate = desk.ask("ada", asked);
    desk.now = NOON.plus(500_000);
    desk.give(GateInput::Shifted { slept_ms: 500_000, stepped_ms: 0 });
    desk.give(GateInput::Tick);
    assert_eq!(desk.gate(&gate.id).map(|gate| gate.state()), Some("waiting"));
    desk.until(560);
    let gate = desk.gate(&gate.id).expect("it is remembered");
    assert_eq!((gate.state(), gate.goes()), ("no_answer", Some(true)));
}

#[test]
fn one_account_takes_no_others_place_and_what_is_answered_makes_room() {
    let mut desk = Desk::new();
    let asks = |desk: &mut Desk, account: &str, agent: String| {
        let asker = Asker { account: AccountId(account.into()), agent };
        match desk.give(GateInput::Ask { asker, question: Box::new(question()) }) {
            GateAnswer::Gate { gate, .. } => Ok(*gate),
            GateAnswer::Refused(refusal) => Err(refusal.code),
            GateAnswer::Done => panic!("it says nothing"),
        }
    };
    let gates: Vec<Gate> = (0..200).map(|number| asks(&mut desk, "", format!("ada-{number}")).unwrap()).collect();
    assert_eq!(asks(&mut desk, "", "one-more".into()), Err(RefusalCode::TooMany), "all of them wait");
    asks(&mut desk, "acc_other", "bob".into()).expect("another account has room of its own");
    for gate in [&gates[7], &gates[3]] {
        desk.now = desk.now.plus(1_000);
        desk.say(gate, Said::Approve);
    }
    asks(&mut desk, "", "one-more".into()).expect("who was answered makes room");
    assert_eq!(desk.gate(&gates[7].id), None, "the one that was answered first");
    assert!(desk.gate(&gates[3].id).is_some_and(|gate| gate.goes() == Some(true)), "and no more than that one");
    assert_eq!(asks(&mut desk, "", "ada-5".into()).map(|gate| gate.id), Ok(gates[5].id.clone()), "it is known");
}

#[test]
fn so_many_questions_of_one_account_wait_at_most() {
    let mut desk = Desk::new();
    let asks = |desk: &mut Desk, agent: usize, key: usize, body: &str| {
        let asker = Asker { account: AccountId::OWNER, agent: format!("ada-{agent}") };
        let asked = with(|it| {
            it.subject = Subject::Asked(key.to_string());
            it.shown.body = body.into();
        });
        matches!(desk.give(GateInput::Ask { asker, question: Box::new(asked) }), GateAnswer::Gate { .. })
    };
    for agent in 0..10 {
        assert!((0..20).all(|key| asks(&mut desk, agent, key, "a")));
    }
    assert!(!asks(&mut desk, 10, 0, "a"));
    assert!(asks(&mut desk, 4, 4, "b"), "asked anew it takes no more room");
}

#[test]
fn nobody_who_is_not_there_is_answered() {
    let mut desk = Desk::new();
    let word = Word { said: Said::Approve, shown: question().hash(), comment: None, face: Face::Tray };
    let answer = desk.give(GateInput::Answer { gate_id: GateId("gate_nobody".into()), word });
    assert!(matches!(answer, GateAnswer::Refused(refusal) if refusal.code == RefusalCode::NotFound));
}

#[test]
fn words_are_read_as_they_are_written() {
    for policy in OnNoAnswer::ALL {
        assert_eq!(OnNoAnswer::of(policy.word()), Some(policy));
        assert_eq!(json!(policy), json!(policy.word()));
    }
    for face in Face::ALL {
        assert_eq!(Face::of(face.word()), Some(face));
    }
    assert_eq!(Face::of("api"), None, "no agent's credential is a face");
}

#[test]
fn one_that_lives_long_may_ask_again_after_a_week_and_was_allowed_once_for_all_to_set_out() {
    let (mut gates, mut dice) = (Gates::default(), Mixed(0));
    let mut ask = |gates: &mut Gates, subject: Subject, now: Ms| {
        let asked = gates.ask(&with(|it| it.subject = subject), 1, now, &mut dice)?;
        for fact in &asked.facts {
            gates.apply(now, fact);
        }
        Ok::<_, Refusal>(asked.gate_id)
    };
    let key = |place: usize| Subject::Asked(format!("k{place}"));
    let answer = |gates: &mut Gates, id: &GateId, now: Ms| {
        let shown = gates.get(id).expect("it was asked").hash.clone();
        let word = Word { said: Said::Approve, shown, comment: None, face: Face::Window };
        let fact = gates.answer(id, &word, true, now).unwrap();
        gates.apply(now, &fact);
    };
    let delivery = ask(&mut gates, Subject::Delivery, NOON).unwrap();
    answer(&mut gates, &delivery, NOON);
    for place in 1..GATES_MAX {
        let now = NOON.plus(place as u64);
        let id = ask(&mut gates, key(place), now).unwrap();
        answer(&mut gates, &id, now);
    }
    assert_eq!(gates.iter().count(), GATES_MAX);
    let week = NOON.plus(KEPT_MS + 1);
    let refused = ask(&mut gates, key(GATES_MAX), Ms(week.0 - 1)).unwrap_err();
    assert_eq!(refused.code, RefusalCode::TooMany);
    ask(&mut gates, key(GATES_MAX), week).unwrap();
    assert_eq!(gates.iter().count(), GATES_MAX, "one took the place of the oldest");
    assert!(gates.about(&key(1)).is_none() && gates.about(&key(2)).is_some());
    ask(&mut gates, key(1), week.plus(KEPT_MS)).unwrap();
    let left: Vec<&Subject> = gates.iter().map(|gate| &gate.subject).collect();
    assert_eq!(left.len(), 3, "{left:?}");
    assert_eq!(gates.get(&delivery).and_then(Gate::goes), Some(true));
}
