//! What only hosted CueAPI promises of a cue (CONTRACT 3.6): taken in, within its bounds, and shown again.

use cuetower_core::cue::{AlertRules, CatchUpPolicy, Evidence, FireRules};
use serde_json::{Value, json};

use super::*;
use crate::definition::{read_change, write};

/// Field, value, and what the cue then shows of it.
#[test]
fn every_hosted_field_is_kept_and_shown() {
    let policy = |policy: &str| json!({ "policy": policy, "within_seconds": null });
    for (field, value, shown) in [
        ("delivery", json!({ "timeout_seconds": 3600, "outcome_deadline_seconds": 3600 }), None),
        ("delivery", json!({ "timeout_seconds": 1, "outcome_deadline_seconds": 1 }), None),
        ("alerts", json!({ "consecutive_failures": 100, "missed_window_multiplier": 10 }), None),
        ("alerts", json!({ "consecutive_failures": 1, "missed_window_multiplier": 1 }), None),
        ("alerts", json!({}), Some(json!({ "consecutive_failures": 3, "missed_window_multiplier": 1 }))),
        ("catch_up", json!("run_once_if_missed"), Some(policy("latest"))),
        ("catch_up", json!("skip_missed"), Some(policy("none"))),
        ("catch_up", json!("replay_all_missed"), Some(policy("all"))),
        ("catch_up", json!("replay_all"), Some(policy("all"))),
        ("verification", json!({ "mode": "manual", "required_assertions": ["sent", "filed"] }), None),
        ("verification", json!({ "mode": "none", "required_assertions": ["sent"] }), None),
        ("on_success_fire", json!("cue_abcdefghijkl"), None),
        ("require_payload_override", json!(true), None),
        ("required_payload_keys", json!(["task", "lead"]), None),
    ] {
        let read = read(&with(webhook(), field, value.clone()));
        let written = write(&read);
        let (shown, found) = (shown.unwrap_or(value), &written[field]);
        match (&shown, found) {
            (Value::Object(shown), Value::Object(found)) => {
                for (name, value) in shown {
                    assert_eq!(&found[name], value, "{field}.{name}");
                }
            }
            (shown, found) => assert_eq!(found, shown, "{field}"),
        }
        let again = read_new(&written, NOW).unwrap_or_else(|problems| panic!("{field}: {problems:?}"));
        assert_eq!(again.definition, read, "{field}");
    }
}

#[test]
fn hosted_fields_out_of_bounds_are_told() {
    let long = "x".repeat(256);
    for (field, value, place) in [
        ("alerts", json!({ "consecutive_failures": 0 }), "alerts.consecutive_failures"),
        ("alerts", json!({ "consecutive_failures": 101 }), "alerts.consecutive_failures"),
        ("alerts", json!({ "missed_window_multiplier": 11 }), "alerts.missed_window_multiplier"),
        ("alerts", json!({ "often": 1 }), "alerts.often"),
        ("verification", json!({ "mode": "none", "required_assertions": [5] }), "verification.required_assertions[0]"),
        (
            "verification",
            json!({ "mode": "none", "required_assertions": [" "] }),
            "verification.required_assertions[0]",
        ),
        ("required_payload_keys", json!([long]), "required_payload_keys[0]"),
        ("required_payload_keys", json!("task"), "required_payload_keys"),
        ("require_payload_override", json!("yes"), "require_payload_override"),
        ("catch_up", json!("replay_some"), "catch_up"),
        ("payload", json!({ "x": "a\u{0}b" }), "payload"),
        ("payload", json!({ "a": [{ "b\u{0}": 1 }] }), "payload"),
    ] {
        let problems = read_new(&with(webhook(), field, value.clone()), NOW).expect_err(place);
        assert_eq!(problems[0].field, place, "{value}");
    }
}

#[test]
fn a_change_of_verification_takes_the_place_of_all_of_it() {
    let before = read(&with(
        with(webhook(), "expect", json!({ "evidence": ["summary"] })),
        "verification",
        json!({ "mode": "manual", "required_assertions": ["sent"] }),
    ));
    assert!(before.expect.manual && before.expect.mode_said);
    let change = |patch: Value| read_change(&before, &patch, NOW).expect("fits").definition;
    let other = change(json!({ "description": "x" }));
    assert_eq!(other.expect, before.expect, "what is not named stays");
    let url = change(json!({ "verification": { "mode": "require_result_url" } })).expect;
    assert_eq!((url.manual, url.assertions.len()), (false, 0));
    assert_eq!(url.evidence, [Evidence::Summary, Evidence::ResultUrl]);
    let none = change(json!({ "verification": null })).expect;
    assert!(!none.manual && !none.mode_said && none.assertions.is_empty());
    let alerts = change(json!({ "alerts": { "consecutive_failures": 5 } }));
    assert_eq!(alerts.alerts, AlertRules { consecutive_failures: 5, missed_in_a_row: 1 });
}

#[test]
fn what_is_left_out_is_as_before_there_were_such_fields() {
    let cue = read(&webhook());
    assert_eq!((cue.alerts, &cue.fires), (AlertRules::default(), &FireRules::default()));
    assert!(!cue.expect.manual && !cue.expect.mode_said);
    assert_eq!(write(&cue)["verification"], Value::Null);
    assert_eq!(cue.catch_up.policy, CatchUpPolicy::All);
    let kept = serde_json::to_value(&cue).expect("a definition is text and numbers");
    for field in ["alerts", "fires"] {
        assert!(kept.get(field).is_none(), "a store of before reads the same: {field}");
    }
}
