//! `gate`: read, written back, refused.

use cuetower_core::cue::GateRules;
use cuetower_core::gate::OnNoAnswer;
use serde_json::{Value, json};

use super::{NOW, command, problems, read, webhook, with};
use crate::definition::{read_change, read_new, write};

fn gated(gate: Value) -> Value {
    with(command(), "gate", gate)
}

#[test]
fn what_the_owner_is_asked_is_read_and_written_back() {
    let body = gated(json!({
        "before_delivery": true, "before_confirmation": true, "steps": ["send", "charge card", "send"],
        "deadline_seconds": 3600, "on_no_answer": "escalate",
    }));
    let cue = read(&body);
    let rules = GateRules {
        before_delivery: true,
        before_confirmation: true,
        steps: vec!["send".to_owned(), "charge card".to_owned()],
        deadline_ms: Some(3_600_000),
        on_no_answer: OnNoAnswer::Escalate,
    };
    assert_eq!(cue.gate, rules);
    assert!(cue.expect.manual, "somebody looks at it before it counts");
    assert!(cue.gate.asks_before_step("k", "charge card") && !cue.gate.asks_before_step("k", ""));
    assert_eq!(read_new(&write(&cue), NOW).unwrap().definition, cue);
    assert_eq!(write(&cue)["verification"], Value::Null, "it is said in one place");
}

#[test]
fn nothing_is_asked_unless_it_is_said() {
    for gate in [json!(null), json!({}), json!({ "before_delivery": false, "steps": [], "deadline_seconds": null })] {
        assert_eq!(read(&gated(gate)), read(&command()));
    }
    let quiet = read(&command()).gate;
    assert_eq!((quiet.before_delivery, quiet.on_no_answer), (false, OnNoAnswer::KeepWaiting));
}

#[test]
fn a_change_of_one_field_leaves_the_others() {
    let cue = read(&gated(json!({ "before_delivery": true, "before_confirmation": true, "deadline_seconds": 60 })));
    let patch = json!({ "gate": { "before_confirmation": false } });
    let changed = read_change(&cue, &patch, NOW).unwrap().definition;
    assert_eq!((changed.gate.before_delivery, changed.gate.deadline_ms), (true, Some(60_000)));
    assert!(!changed.gate.before_confirmation && !changed.expect.manual);
    let by_check = with(gated(json!({ "before_confirmation": true })), "checks", json!([{ "check": "manual" }]));
    let both = read(&by_check);
    let changed = read_change(&both, &patch, NOW).unwrap().definition;
    assert!(changed.expect.manual, "the check asks for it still");
}

#[test]
fn what_makes_no_sense_is_refused_by_its_field() {
    let long = "ä".repeat(150);
    let table = [
        (gated(json!({ "before_delivery": "yes" })), "gate.before_delivery", "true or false"),
        (gated(json!({ "before_step": ["send"] })), "gate.before_step", "has no field"),
        (gated(json!({ "steps": ["a\nb"] })), "gate.steps[0]", "one line"),
        (gated(json!({ "steps": [long] })), "gate.steps", "200 bytes"),
        (gated(json!({ "steps": (0..51).map(|n| n.to_string()).collect::<Vec<_>>() })), "gate.steps", "at most 50"),
        (gated(json!({ "deadline_seconds": 0 })), "gate.deadline_seconds", "from 1 to"),
        (gated(json!({ "on_no_answer": "shrug" })), "gate.on_no_answer", "must be"),
        (gated(json!({ "on_no_answer": "proceed" })), "gate.deadline_seconds", "says when"),
        (gated(json!(true)), "gate", "an object"),
        (with(webhook(), "gate", json!({ "steps": ["send"] })), "gate.steps", "begins no steps"),
        (
            with(with(webhook(), "transport", json!("watch")), "gate", json!({ "before_delivery": true })),
            "gate.before_delivery",
            "only watches",
        ),
    ];
    for (body, field, words) in table {
        let found = problems(&body);
        let fits = found.iter().any(|problem| problem.field == field && problem.message.contains(words));
        assert!(fits, "{}: {found:?}", body["gate"]);
    }
}
