//! Gates on disk: what was shown stays as it was, what was answered is written once, and the book is what its facts say.

use cuetower_core::Ms;
use cuetower_core::gate::{
    Asker, Face, GateAnswer, GateInput, How, OnNoAnswer, Question, Said, Settled, Subject, Word,
};
use cuetower_core::id::Dice;
use serde_json::json;

use super::*;
use crate::journal::{Commit, Entry, SnapshotRow};

struct Counting(u64);

impl Dice for Counting {
    fn throw(&mut self) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        self.0 >> 33
    }
}

fn journal() -> (tempfile::TempDir, Journal) {
    let folder = tempfile::tempdir().unwrap();
    let journal = Journal::open(folder.path()).unwrap();
    (folder, journal)
}

fn asker() -> Asker {
    Asker { account: AccountId::OWNER, agent: "ada".to_owned() }
}

fn question(key: &str, to: u32) -> Box<Question> {
    let shown = Shown { payload: Some(json!({ "to": to })), may_edit: true, ..Shown::default() };
    Box::new(Question {
        subject: Subject::Asked(key.to_owned()),
        title: format!("Send {to} mails?"),
        shown,
        deadline_ms: None,
        on_no_answer: OnNoAnswer::KeepWaiting,
        blocking: false,
        callback: None,
    })
}

fn asked(book: &mut GateBook, key: &str, to: u32, now: i64, dice: &mut Counting) -> Gate {
    let decision = book.decide(&GateInput::Ask { asker: asker(), question: question(key, to) }, Ms(now), dice);
    match decision.answer {
        GateAnswer::Gate { gate, .. } => *gate,
        other => panic!("{other:?}"),
    }
}

fn answered(book: &mut GateBook, gate: &Gate, said: Said, now: i64, dice: &mut Counting) -> Gate {
    let word = Word { said, shown: gate.hash.clone(), comment: None, face: Face::Window };
    match book.decide(&GateInput::Answer { gate_id: gate.id.clone(), word }, Ms(now), dice).answer {
        GateAnswer::Gate { gate, .. } => *gate,
        other => panic!("{other:?}"),
    }
}

fn change(gate: &Gate, cue: Option<&str>, answer: Option<Value>) -> GateChange {
    GateChange {
        run: cue.map(|cue| (RunId(format!("run of {cue}")), CueId(cue.to_owned()))),
        account: AccountId::OWNER,
        agent: "ada".to_owned(),
        shown: gate.shown.clone(),
        gate: gate.clone(),
        answer,
    }
}

fn wrote(journal: &mut Journal, gates: Vec<GateChange>) {
    journal.commit(&mut Commit { gates, alive_at: Some(Ms(0)), ..Commit::default() }).unwrap();
}

fn found(journal: &Journal, id: &GateId) -> GateRow {
    journal.guard(|connection| get(connection, id.as_str())).unwrap().expect("it was written")
}

#[test]
fn what_was_shown_and_what_was_made_of_it_stay_as_they_were() {
    let (_folder, mut journal) = journal();
    let (mut book, mut dice) = (GateBook::default(), Counting(0));
    let gate = asked(&mut book, "send", 14, 100, &mut dice);
    wrote(&mut journal, vec![change(&gate, Some("cue_a"), None)]);
    let waiting = found(&journal, &gate.id);
    assert_eq!((waiting.gate.shown, waiting.shown), (None, *gate.shown.clone().unwrap()));
    assert_eq!((waiting.run_id, waiting.cue_id), (Some(RunId("run of cue_a".into())), Some(CueId("cue_a".into()))));

    let edited = json!({ "to": 13 });
    let after = answered(&mut book, &gate, Said::Edit(edited.clone()), 200, &mut dice);
    wrote(&mut journal, vec![change(&after, Some("cue_a"), Some(edited.clone()))]);
    // What follows says nothing of either.
    wrote(&mut journal, vec![change(&Gate { told: true, ..after.clone() }, Some("cue_a"), None)]);
    let settled = found(&journal, &gate.id);
    assert_eq!((settled.gate.state(), settled.gate.told, settled.answer.as_ref()), ("edited", true, Some(&edited)));
    assert_eq!(settled.shown, *gate.shown.unwrap());
    assert_eq!(journal.gate_payload(&gate.id).unwrap(), Some(edited));
}

#[test]
fn what_waits_is_listed_oldest_first_and_what_is_settled_newest_first() {
    let (_folder, mut journal) = journal();
    let (mut book, mut dice) = (GateBook::default(), Counting(0));
    let gates: Vec<Gate> =
        (1..=4_u32).map(|nth| asked(&mut book, &format!("k{nth}"), nth, i64::from(nth), &mut dice)).collect();
    let mut rows: Vec<GateChange> = gates.iter().rev().map(|gate| change(gate, Some("cue_a"), None)).collect();
    for (nth, at) in [(0, 50), (1, 60)] {
        let after = answered(&mut book, &gates[nth], Said::Deny, at, &mut dice);
        rows.push(change(&after, Some("cue_a"), None));
    }
    wrote(&mut journal, rows);
    let listed = |waiting, run: Option<&str>, limit| {
        let filter = GateFilter { waiting, run_id: run.map(|run| RunId(run.to_owned())), limit };
        let rows = journal.guard(|connection| list(connection, &filter)).unwrap();
        rows.into_iter().map(|row| row.gate.subject.key().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(listed(true, None, 10), ["k3", "k4"]);
    assert_eq!(listed(false, Some("run of cue_a"), 10), ["k2", "k1"]);
    assert_eq!(listed(false, None, 1), ["k2"]);
    assert_eq!(listed(true, Some("another"), 10), Vec::<String>::new());
}

#[test]
fn a_beginning_is_looked_for_among_all_that_were_ever_asked() {
    let (_folder, mut journal) = journal();
    let (mut book, mut dice) = (GateBook::default(), Counting(0));
    let first = asked(&mut book, "send", 14, 100, &mut dice);
    let named = |id: &str| change(&Gate { id: GateId(id.to_owned()), ..first.clone() }, None, None);
    let all = ["gate_4f1a", "gate_4f2b", "gate_9c", "gate_%"];
    wrote(&mut journal, all.map(named).to_vec());
    let found = |start: &str, most| journal.guard(|connection| beginning(connection, start, most)).unwrap();
    assert_eq!(found("gate_4f", 10), ["gate_4f1a", "gate_4f2b"]);
    assert_eq!(found("gate_4f", 1), ["gate_4f1a"]);
    assert_eq!(found("gate_9c", 10), ["gate_9c"]);
    assert_eq!(found("gate_%", 10), ["gate_%"], "it is no pattern");
    assert_eq!(found("gate_77", 10), Vec::<String>::new());
}

#[test]
fn what_was_approved_before_is_of_the_same_cue_and_about_the_same() {
    let (_folder, mut journal) = journal();
    let (mut book, mut dice) = (GateBook::default(), Counting(0));
    let settle = |gate: &Gate, how, at| Gate {
        settled: Some(Settled { at: Ms(at), how, face: Some(Face::Cli), comment: None }),
        handed_over: true,
        ..gate.clone()
    };
    let mut rows = Vec::new();
    for (to, cue, how, at) in [
        (1, "cue_a", How::Approved, 10),
        (2, "cue_a", How::Edited, 20),
        (3, "cue_a", How::Denied, 30),
        (4, "cue_b", How::Approved, 40),
        (5, "cue_a", How::Approved, 900),
    ] {
        let gate = asked(&mut book, "send", to, at - 5, &mut dice);
        rows.push(GateChange { shown: gate.shown.clone(), ..change(&settle(&gate, how, at), Some(cue), None) });
    }
    let other = asked(&mut book, "other", 6, 45, &mut dice);
    rows.push(GateChange {
        shown: other.shown.clone(),
        ..change(&settle(&other, How::Approved, 50), Some("cue_a"), None)
    });
    let now = asked(&mut book, "send", 7, 100, &mut dice);
    rows.push(change(&now, Some("cue_a"), None));
    wrote(&mut journal, rows);
    let before = journal.guard(|connection| approved_before(connection, now.id.as_str())).unwrap();
    assert_eq!(before.map(|row| row.shown.payload), Some(Some(json!({ "to": 2 }))));
}

#[test]
fn the_book_is_its_snapshot_and_the_facts_after_it() {
    let (_folder, mut journal) = journal();
    let (mut book, mut dice) = (GateBook::default(), Counting(0));
    let mut facts = |book: &mut GateBook, input: &GateInput, now: i64| {
        let before = book.seq;
        let events = book.decide(input, Ms(now), &mut dice).events;
        let entry = |(event, lane_seq): (&cuetower_core::gate::GateEvent, u64)| Entry {
            lane: GATES_LANE.to_owned(),
            lane_seq,
            at: Ms(now),
            kind: event.word(),
            body: serde_json::to_string(event).unwrap(),
        };
        events.iter().zip(before + 1..).map(entry).collect::<Vec<_>>()
    };
    let ask = |key: &str| GateInput::Ask { asker: asker(), question: question(key, 1) };
    let mut entries = facts(&mut book, &ask("one"), 10);
    let snapshot = SnapshotRow {
        lane: GATES_LANE.to_owned(),
        lane_seq: book.seq,
        state: Some(serde_json::to_string(&book).unwrap()),
    };
    entries.extend(facts(&mut book, &ask("two"), 20));
    let first = book.all().next().map(|(_, gate)| gate.clone()).unwrap();
    let word = Word { said: Said::Approve, shown: first.hash.clone(), comment: None, face: Face::Tray };
    entries.extend(facts(&mut book, &GateInput::Answer { gate_id: first.id, word }, 30));
    let all = Commit { entries, snapshots: vec![snapshot], alive_at: Some(Ms(0)), ..Commit::default() };
    journal.commit(&mut { all }).unwrap();
    let loaded = crate::journal::load(&journal).unwrap();
    assert_eq!(loaded.gates, book);
    assert!(loaded.lanes.is_empty(), "it is no cue's lane");
}

#[test]
fn what_waits_is_counted_without_what_it_asks_and_a_run_has_all_of_its_own() {
    let (_folder, mut journal) = journal();
    let (mut book, mut dice) = (GateBook::default(), Counting(5));
    let of_run = asked(&mut book, "first", 1, 10, &mut dice);
    let later = asked(&mut book, "second", 2, 20, &mut dice);
    let outside = asked(&mut book, "third", 3, 30, &mut dice);
    let put_off = GateInput::PutOff { gate_id: outside.id.clone(), until: Ms(99) };
    book.decide(&put_off, Ms(31), &mut dice);
    let outside = book.find(&outside.id).expect("it waits").1.clone();
    let before = change(&of_run, Some("cue"), None);
    wrote(&mut journal, vec![before, change(&later, Some("cue"), None), change(&outside, None, None)]);
    let done = answered(&mut book, &of_run, Said::Deny, 40, &mut dice);
    wrote(&mut journal, vec![change(&done, Some("cue"), None)]);
    let rows = journal.guard(waiting).unwrap();
    let run = RunId("run of cue".to_owned());
    let seen: Vec<_> = rows.iter().map(|row| (row.run_id.clone(), row.put_off_until)).collect();
    assert_eq!(seen, [(Some(run.clone()), None), (None, Some(Ms(99)))]);
    let of_run = journal.guard(|connection| super::of_run(connection, run.as_str())).unwrap();
    let titles: Vec<_> = of_run.iter().map(|row| row.gate.title.as_str()).collect();
    assert_eq!(titles, ["Send 1 mails?", "Send 2 mails?"], "answered or not, oldest first");
    assert_eq!(journal.guard(|connection| super::of_run(connection, "")).unwrap(), [], "what is no run's is nobody's");
    // Runs to be looked at are found without reading those that are not.
    let plan: String = journal
        .guard(|connection| {
            let sql =
                "EXPLAIN QUERY PLAN SELECT body FROM runs WHERE json_extract(body, '$.verification.state') = 'waiting'
                AND ended_at_ms IS NOT NULL AND confirmed NOT IN ('stopped', 'cancelled') ORDER BY ended_at_ms LIMIT 5";
            connection.query_row(sql, [], |row| row.get(3))
        })
        .unwrap();
    assert!(plan.contains("runs_to_verify"), "{plan}");
}
