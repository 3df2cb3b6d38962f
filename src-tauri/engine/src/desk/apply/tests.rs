//! What a set of cues would change, without a tower: how cues find each other by their names, what is refused, and what is shown.

use std::collections::BTreeMap;
use std::sync::Arc;

use cuetower_core::Ms;
use cuetower_core::cue::{Cue, CueStatus};
use cuetower_core::id::CueId;
use cuetower_core::pool::PoolBook;
use serde_json::{Value, json};

use super::super::wire::{CueChange, CueChangeKind, CueProblem, CuesApply};
use super::plan::Plan;
use crate::definition::read_new;

const NOW: Ms = Ms(1_795_262_400_000);

fn cue(name: &str, rest: Value) -> Value {
    let mut cue = json!({ "name": name, "transport": "command", "command": { "argv": ["true"] }, "confirm": "exit_code",
                          "schedule": { "type": "manual" } });
    cue.as_object_mut().unwrap().extend(rest.as_object().cloned().unwrap_or_default());
    cue
}

/// Those that are here; other cues are named by their ids, `id-NAME`.
fn here(cues: &[Value]) -> BTreeMap<String, Cue> {
    let one = |json: &Value| {
        let definition = read_new(json, NOW).unwrap().definition;
        let cue = Cue {
            id: CueId(format!("id-{}", definition.name)),
            definition: Arc::new(definition.clone()),
            revision: 3,
            status: CueStatus::Active,
            paused_until: None,
            trigger_url: None,
            created_at: NOW,
            updated_at: NOW,
            run_count: 0,
            last_run_at: None,
        };
        (definition.name.clone(), cue)
    };
    cues.iter().map(one).collect()
}

fn planned(here: &BTreeMap<String, Cue>, cues: &[Value], prune: bool) -> Result<Plan, Vec<CueProblem>> {
    Plan::with(here, &PoolBook::default(), &CuesApply { cues: cues.to_vec(), prune, plan: None }, NOW)
}

fn changes(here: &BTreeMap<String, Cue>, cues: &[Value], prune: bool) -> Vec<CueChange> {
    planned(here, cues, prune).unwrap_or_else(|problems| panic!("{problems:?}")).changes()
}

fn refused(here: &BTreeMap<String, Cue>, cues: &[Value], prune: bool) -> Vec<(u32, String, String)> {
    let problems = planned(here, cues, prune).err().expect("it is refused");
    problems.into_iter().map(|problem| (problem.index, problem.field, problem.message)).collect()
}

#[test]
fn each_cue_is_made_changed_kept_or_removed() {
    let stand = [cue("same", json!({})), cue("other", json!({ "priority": 1 })), cue("old", json!({}))];
    let wanted =
        [cue("new", json!({})), cue("other", json!({ "priority": 2, "paused": true })), cue("same", json!({}))];
    let seen = changes(&here(&stand), &wanted, true);
    let kinds: Vec<(&str, CueChangeKind)> = seen.iter().map(|change| (change.name.as_str(), change.what)).collect();
    use CueChangeKind::{Change, Keep, Make, Remove};
    assert_eq!(kinds, [("new", Make), ("other", Change), ("same", Keep), ("old", Remove)]);
    let fields: Vec<(&str, &Value, &Value)> =
        seen[1].fields.iter().map(|field| (field.field.as_str(), &field.old, &field.new)).collect();
    assert_eq!(fields, [("priority", &json!(1), &json!(2)), ("paused", &json!(false), &json!(true))]);
    assert_eq!(changes(&here(&stand), &wanted, false).len(), 3, "nothing goes that was not to be pruned");
}

#[test]
fn a_cue_finds_another_by_its_name_or_id() {
    let stand = here(&[cue("first", json!({})), cue("second", json!({ "on_success_fire": "id-first" }))]);
    for named in ["first", "id-first"] {
        let seen = changes(&stand, &[cue("second", json!({ "on_success_fire": named }))], false);
        assert_eq!(seen[0].what, CueChangeKind::Keep, "{named} is whom it names already");
    }
    let made = [cue("a", json!({ "schedule": { "type": "after", "cue": "b" } })), cue("b", json!({}))];
    assert_eq!(changes(&stand, &made, false).len(), 2, "each finds the other among them");
    let shown = changes(&stand, &[cue("second", json!({ "on_success_fire": "b" })), cue("b", json!({}))], false);
    let field = &shown[0].fields[0];
    assert_eq!((&field.old, &field.new), (&json!("first"), &json!("b")), "by their names");
}

#[test]
fn whom_nobody_finds_is_refused_and_so_is_who_goes() {
    let stand = here(&[cue("first", json!({}))]);
    let follows = cue("new", json!({ "schedule": { "type": "after", "cue": "first" } }));
    assert_eq!(changes(&stand, std::slice::from_ref(&follows), false)[0].what, CueChangeKind::Make);
    let problems = refused(&stand, &[follows], true);
    assert!(problems[0].1 == "schedule.cue" && problems[0].2.contains("no cue `first`"), "{problems:?}");
    let problems = refused(&stand, &[cue("a", json!({ "on_failure": { "fallback_cue": "a" } }))], false);
    assert!(problems[0].2.contains("cannot follow itself"), "{problems:?}");
}

#[test]
fn a_circle_is_found_before_anything_is_done() {
    let circle = [
        cue("a", json!({ "on_success_fire": "b" })),
        cue("b", json!({ "on_failure": { "fallback_cue": "c" } })),
        cue("d", json!({ "schedule": { "type": "after", "cue": "c" }, "on_success_fire": "a" })),
        cue("c", json!({})),
    ];
    let problems = refused(&here(&[]), &circle, false);
    assert!(problems[0].2.contains("circle"), "{problems:?}");
    // Who follows whom may be said from both sides.
    let twice =
        [cue("a", json!({ "on_success_fire": "b" })), cue("b", json!({ "schedule": { "type": "after", "cue": "a" } }))];
    assert_eq!(changes(&here(&[]), &twice, false).len(), 2);
    // One that is closed by a cue that is here.
    let stand = here(&[cue("x", json!({ "on_success_fire": "id-y" })), cue("y", json!({}))]);
    let problems = refused(&stand, &[cue("y", json!({ "on_success_fire": "x" }))], false);
    assert!(problems[0].1 == "on_success_fire" && problems[0].2.contains("`x`"), "{problems:?}");
    // Turned round, it is none.
    let turned = [cue("y", json!({ "on_success_fire": "x" })), cue("x", json!({}))];
    assert_eq!(changes(&stand, &turned, false).len(), 2);
}

#[test]
fn all_that_does_not_fit_is_said_at_once() {
    let cues = [
        cue("a", json!({ "schedule": { "type": "recurring", "cron": "61 * * * *" }, "priority": 0.5 })),
        json!("b"),
        cue("c", json!({ "id": "cue_1" })),
        cue("d", json!({ "paused": 1, "confirm": "maybe" })),
        cue("e", json!({ "uses": ["nobody"] })),
    ];
    let problems = refused(&here(&[]), &cues, false);
    let places: Vec<(u32, &str)> = problems.iter().map(|(index, field, _)| (*index, field.as_str())).collect();
    let expected =
        [(0, "schedule.cron"), (0, "priority"), (1, ""), (2, "id"), (3, "confirm"), (3, "paused"), (4, "uses")];
    assert_eq!(places, expected, "{problems:?}");
    let problems = refused(&here(&[]), &[cue("a", json!({})), cue("a", json!({ "priority": 1 }))], false);
    assert_eq!((problems[0].0, problems[0].1.as_str()), (1, "name"));
}

#[test]
fn what_was_shown_has_a_mark_of_its_own() {
    let stand = [cue("a", json!({}))];
    let mark =
        |here: &BTreeMap<String, Cue>, wanted: Value, prune| planned(here, &[wanted], prune).ok().unwrap().mark();
    let first = mark(&here(&stand), cue("a", json!({ "priority": 1 })), false);
    assert_eq!(first, mark(&here(&stand), cue("a", json!({ "priority": 1 })), false));
    assert_ne!(first, mark(&here(&stand), cue("a", json!({ "priority": 2 })), false));
    assert_ne!(first, mark(&here(&stand), cue("a", json!({ "priority": 1, "paused": true })), false));
    let mut meanwhile = here(&stand);
    meanwhile.get_mut("a").unwrap().revision = 4;
    assert_ne!(first, mark(&meanwhile, cue("a", json!({ "priority": 1 })), false), "it was changed meanwhile");
}
