//! What a cue asks its owner by itself: before anything is delivered, and before a step of it begins.

use super::gating::pooled;
use super::*;
use crate::gate::{OnNoAnswer, Said, words};
use crate::lane::before_step;
use crate::run::{HeldBy, Phase};

#[test]
fn asked_first_nothing_is_delivered_before_a_yes() {
    let ask_first = |cue: &mut CueDefinition| {
        pooled(cue);
        cue.gate.before_delivery = true;
        cue.payload = json!({ "to": 14 });
        cue.retry.backoff_ms = vec![1_000];
    };
    let mut field = Field::manual(ask_first);
    let run = field.fire();
    assert!(field.asked_pools().is_empty() && field.sent().is_empty(), "not even permits are taken");
    assert!(matches!(field.run(&run).phase, Phase::Held { by: HeldBy::Gate, .. }));
    assert_eq!(field.said_now(&run), "It asks you before it is delivered.");
    let gate = field.run(&run).gates.waiting().next().cloned().expect("it asks");
    let shown = gate.shown.clone().expect("it waits");
    assert_eq!((shown.payload, gate.title.as_str()), (Some(json!({ "to": 14 })), "Deliver it now?"));
    assert_eq!(shown.body, "POST to 127.0.0.1:9. Due Fri 20 Nov 12:00:00 UTC.\nPOST http://127.0.0.1:9/");
    field.until(50_000);
    assert_eq!(Field::refused(&field.report(&run, None, success())), RefusalCode::NotDelivered);
    assert!(field.run(&run).is_live());
    field.says(&run, &gate, Said::Edit(json!({ "to": 13 })));
    assert_eq!(field.asked_pools(), [(run.clone(), 1)]);
    field.give(Input::Permitted { run_id: run.clone(), number: 1 });
    assert_eq!(field.sent(), [(run.clone(), 1)]);
    assert_eq!(field.run(&run).payload, json!({ "to": 13 }));
    field.told(&run, 1, unavailable());
    field.until(50_003);
    assert_eq!(field.asked_pools(), [(run.clone(), 2)], "a retry needs no new answer");

    let mut field = Field::manual(ask_first);
    let run = field.fire();
    let gate = field.run(&run).gates.waiting().next().cloned().expect("it asks");
    field.says(&run, &gate, Said::Deny);
    assert_eq!(field.verdict(&run), Some(Verdict::Stopped));
    assert_eq!(field.said_now(&run), "Not delivered: you said no.");
    assert!(field.sent().is_empty() && field.asked_pools().is_empty());
}

#[test]
fn asked_first_no_secret_is_shown_and_only_where_it_goes_leaves_with_the_alert() {
    let key = "sk-proj-abcdefghijklmnop";
    let asked = |change: &dyn Fn(&mut CueDefinition)| {
        let mut field = Field::manual(|cue| {
            cue.gate.before_delivery = true;
            change(cue);
        });
        let run = field.fire();
        field.run(&run).gates.waiting().next().cloned().expect("it asks")
    };
    let gate = asked(&|cue| {
        let Transport::Webhook(callback) = &mut cue.transport else { panic!("it has a callback") };
        callback.url = format!("https://ada:hunter2@hooks.example.org:8443/T01/{key}?token=abcdefgh");
        cue.payload = json!({ "to": 14, "password": "hunter2" });
    });
    let shown = gate.shown.clone().expect("it waits");
    let (first, whole) = shown.body.split_once('\n').expect("two lines");
    assert!(first.starts_with("POST to hooks.example.org:8443. Due "), "{first}");
    assert_eq!(whole, "POST https://ada:••••@hooks.example.org:8443/T01/••••?token=••••");
    assert_eq!((shown.payload, shown.may_edit), (Some(json!({ "to": 14, "password": "••••" })), false));
    assert!(!words::alert_body(&gate).contains("T01"));

    let command = |program: Program| {
        let gate = asked(&|cue| {
            let env = Vec::new();
            let (cwd, stop_grace_ms, restart) = (None, 1_000, crate::cue::Restart::Never);
            let command = Command { program: program.clone(), cwd, env, stop_grace_ms, restart };
            cue.transport = Transport::Command(command);
        });
        gate.shown.clone().expect("it waits").body.clone()
    };
    let argv = ["/opt/bin/send", "--to", "eve@example.org"].map(str::to_owned).to_vec();
    let body = command(Program::Argv(argv));
    assert!(body.starts_with("Runs send. Due ") && body.ends_with("\n/opt/bin/send --to eve@example.org"), "{body}");
    let body = command(Program::Shell(format!("PASS=hunter2 KEY={key} ./send --all")));
    assert!(body.starts_with("Runs send. Due ") && body.ends_with("\nPASS=hunter2 KEY=•••• ./send --all"), "{body}");
}

#[test]
fn asked_first_its_deadline_says_whether_it_goes() {
    for (policy, delivered) in [(OnNoAnswer::Proceed, true), (OnNoAnswer::Stop, false)] {
        let mut field = Field::with(|cue| {
            cue.gate.before_delivery = true;
            (cue.gate.deadline_ms, cue.gate.on_no_answer) = (Some(30_000), policy);
        });
        field.until(70);
        let run = field.lane.runs.keys().next().expect("it is due").clone();
        assert!(field.run(&run).gates.waiting().next().is_some());
        field.until(91);
        assert_eq!(matches!(field.run(&run).phase, Phase::Delivering), delivered, "{policy:?}");
        if !delivered {
            let said = "Not delivered: it asks you first, and nobody answered in time.";
            assert_eq!(field.said_now(&run), said);
        }
    }
}

#[test]
fn asked_first_no_delivery_is_held_to_have_left_before_a_kill() {
    let mut field = Field::with(|cue| cue.gate.before_delivery = true);
    field.until(57);
    field.killed_until(61, vec![]);
    assert!(field.lane.runs.is_empty(), "nothing could have left");
    field.tick();
    let run = field.lane.runs.values().next().expect("it is due").clone();
    assert!(matches!(run.phase, Phase::Held { by: HeldBy::Gate, .. }) && run.latest().number == 1);
}

#[test]
fn a_named_step_begins_with_a_yes_alone_and_only_with_the_input_that_was_shown() {
    let (mut field, run) = Field::at_work(|cue| cue.gate.steps = vec!["send".into()]);
    let rules = field.run(&run).definition.gate.clone();
    assert!(rules.asks_before_step("send", "") && rules.asks_before_step("k3", "send"));
    assert!(!rules.asks_before_step("k3", "read") && !rules.asks_before_step("k3", ""));
    let step = |field: &Field, input| before_step(&field.run(&run), "k3", "send", Some(&input));
    let first = step(&field, json!({ "to": 14 }));
    let gate = field.asks(&run, first.clone());
    assert_eq!((gate.title.as_str(), gate.goes()), ("Begin send?", None));
    field.says(&run, &gate, Said::Approve);
    assert_eq!(field.asks(&run, first).goes(), Some(true));
    let other = step(&field, json!({ "to": 15 }));
    assert_eq!(field.asks(&run, other).goes(), None);
}

/// One text of 300 KiB, which is more than a question may show.
fn long(letter: &str) -> serde_json::Value {
    json!(letter.repeat(300 << 10))
}

#[test]
fn what_is_too_long_to_be_shown_is_asked_about_by_its_length_and_goes_as_it_is() {
    let mut field = Field::manual(|cue| (cue.gate.before_delivery, cue.payload) = (true, long("a")));
    let run = field.fire();
    let gate = field.run(&run).gates.waiting().next().cloned().expect("it asks");
    let shown = gate.shown.clone().expect("it waits");
    assert!(shown.payload.is_none() && !shown.may_edit);
    assert!(shown.body.contains("\nIts payload is 307,202 bytes long, too long to be shown here. SHA-256: "));
    field.says(&run, &gate, Said::Approve);
    assert_eq!((field.sent(), &field.run(&run).payload), (vec![(run.clone(), 1)], &long("a")));

    let (mut field, run) = Field::at_work(|cue| cue.gate.steps = vec!["send".into()]);
    let step = |field: &Field, letter| before_step(&field.run(&run), "send", "", Some(&long(letter)));
    let (first, other) = (step(&field, "a"), step(&field, "b"));
    assert!(first.shown.body.contains("\nIts input is 307,202 bytes long"));
    let gate = field.asks(&run, first.clone());
    field.says(&run, &gate, Said::Approve);
    assert_eq!(field.asks(&run, first).goes(), Some(true));
    assert_eq!(field.asks(&run, other).goes(), None, "a yes to one is no yes to another of the same length");
}

#[test]
fn what_nobody_can_be_asked_about_is_not_held_for_an_answer() {
    let mut field = Field::manual(|cue| {
        cue.gate.before_delivery = true;
        // Without a deadline it is no question.
        cue.gate.on_no_answer = OnNoAnswer::Stop;
    });
    let run = field.fire();
    assert_eq!(field.verdict(&run), Some(Verdict::Failed));
    assert!(field.run(&run).latest().words.starts_with("its owner could not be asked: "));
    assert!(field.sent().is_empty());
}
