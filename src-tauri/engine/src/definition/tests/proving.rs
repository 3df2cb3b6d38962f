//! `checks`, `confirm: checks` and the expectations of a report: read, written, changed, refused.

use cuetower_core::check::{Bound, FileCheck, Gives, What};
use cuetower_core::cue::Confirm;
use serde_json::{Value, json};

use super::{NOW, command, problems, read, webhook, with};
use crate::definition::{read_change, secret_names, write};

fn checking(checks: Value) -> Value {
    with(webhook(), "checks", checks)
}

/// That of SPEC section 13, and what else there is.
fn proofs() -> Value {
    json!([
        { "check": "file", "path": "/srv/report.md", "newer_than_fire": true, "min_lines": 20, "timeout_seconds": 10 },
        { "check": "sql", "sqlite": "/srv/crm.db", "query": "select count(*) from leads", "timeout_seconds": 10,
          "equals": "{{outcome.processed}}" },
        { "check": "sql", "sqlite": "/srv/crm.db", "query": "select count(*) from leads where at >= {{run.due_epoch}}",
          "at_least": "{{outcome.metadata.rows}}", "at_most": 1000, "timeout_seconds": 2.5 },
        { "check": "file", "path": "/srv/rows.csv", "min_lines": "{{outcome.processed}}", "timeout_seconds": 10 },
        { "check": "url", "url": "https://api.example.com/v1/leads", "body_matches": "done", "timeout_seconds": 10,
          "headers": { "Authorization": "Bearer {{secret:CRM}}" } },
        { "check": "git", "repo": "~/site", "new_commit": true, "timeout_seconds": 10 },
        { "check": "manual" },
    ])
}

#[test]
fn checks_are_read_and_written_as_they_were() {
    let cue = read(&checking(proofs()));
    assert_eq!(cue.checks.len(), 6, "the owner's look is none of the tower's");
    assert!(cue.expect.manual && cue.expect.manual_check);
    let rows = FileCheck {
        path: "/srv/rows.csv".into(),
        min_lines: Some(Bound::Reported("processed".into())),
        ..FileCheck::default()
    };
    assert_eq!(cue.checks[3].what, What::File(rows));
    let What::Sql(sql) = &cue.checks[2].what else { panic!("{:?}", cue.checks[2]) };
    let bounds = Gives::Within {
        at_least: Some(Bound::Reported("metadata.rows".into())),
        at_most: Some(Bound::Number(1_000.0)),
    };
    assert_eq!((&sql.gives, cue.checks[2].timeout_ms), (&bounds, 2_500));
    let written = write(&cue);
    assert_eq!((&written["checks"], &written["verification"]), (&proofs(), &Value::Null));
    assert_eq!(read(&written), cue);
    assert_eq!(secret_names(&cue), ["OPENAI", "CRM"], "what a cue names it is granted");
    let stored = serde_json::to_string(&cue).expect("text and numbers");
    assert_eq!(serde_json::from_str::<cuetower_core::cue::CueDefinition>(&stored).expect("the same"), cue);
    let none = read_change(&cue, &json!({ "checks": [] }), NOW).expect("fine").definition;
    assert!(none.checks.is_empty() && !none.expect.manual, "a list is replaced whole");
    let renamed = read_change(&cue, &json!({ "name": "b" }), NOW).expect("fine").definition;
    assert_eq!((renamed.checks, renamed.expect), (cue.checks.clone(), cue.expect.clone()));
    let mut dotted = proofs();
    dotted[4]["headers"]["Authorization"] = json!("••••");
    assert_eq!(read_change(&cue, &json!({ "checks": dotted }), NOW).expect("kept").definition, cue);
    dotted[4]["url"] = json!("https://elsewhere.example/");
    let problems = read_change(&cue, &json!({ "checks": dotted }), NOW).expect_err("it would go somewhere else");
    assert_eq!(problems[0].field, "checks[4].headers.Authorization");
}

#[test]
fn what_cueapi_calls_manual_stays_where_it_was_said() {
    let cue = read(&with(webhook(), "verification", json!({ "mode": "manual" })));
    assert!(cue.expect.manual && !cue.expect.manual_check);
    let written = write(&cue);
    assert_eq!((&written["checks"], &written["verification"]["mode"]), (&json!([]), &json!("manual")));
    assert_eq!(read(&written), cue);
}

#[test]
fn what_does_not_fit_is_told_where_it_is() {
    let sql = |more: Value| {
        let mut check = json!({ "check": "sql", "sqlite": "/srv/crm.db", "query": "select 1" });
        check.as_object_mut().expect("it is one").extend(more.as_object().expect("fields").clone());
        check
    };
    for (check, field, words) in [
        (json!({ "check": "manual", "path": "x" }), ".path", "has no field `path`"),
        (json!({ "check": "file", "path": "/a", "on_fail": "hold" }), ".on_fail", "has no field `on_fail`"),
        (json!({ "check": "file", "path": "/a", "min_lines": "{{outcome.rows}}" }), ".min_lines", "no report has"),
        (
            json!({ "check": "file", "path": "/a", "min_lines": "{{payload.rows}}" }),
            ".min_lines",
            "no field of the report",
        ),
        (json!({ "check": "file", "path": "/a", "min_lines": "20" }), ".min_lines", "whole number"),
        (sql(json!({ "equals": "{{outcome.}}" })), ".equals", "no field of the report"),
        (sql(json!({ "equals": "x {{outcome.processed}}" })), ".equals", "no field of the report"),
        (sql(json!({ "equals": "{{secret:A}}" })), ".equals", "no field of the report"),
        (sql(json!({ "at_most": "{{run.due}}" })), ".at_most", "no field of the report"),
        (sql(json!({ "query": "select 1 where a = {{outcome.external_id}}" })), ".query", "holds a template"),
        (sql(json!({ "query": "select 1 where a = {{ run.id }}" })), ".query", "holds a template"),
        (sql(json!({ "query": "select '{{secret:A}}'" })), ".query", "holds a secret"),
    ] {
        let told = problems(&checking(json!([check])));
        assert_eq!(told.len(), 1, "{check}: {told:?}");
        assert_eq!(told[0].field, format!("checks[0]{field}"), "{told:?}");
        assert!(told[0].message.contains(words) && told[0].message.ends_with('.'), "{told:?}");
    }
    let many: Vec<Value> = (0..21).map(|_| json!({ "check": "memory", "free_gb": 1 })).collect();
    let told = problems(&checking(json!(many)));
    assert!(told.len() == 1 && told[0].field == "checks" && told[0].message.contains("at most 20 fit"), "{told:?}");
}

#[test]
fn what_the_checks_alone_decide_needs_one() {
    let alone = |checks: Value| with(checking(checks), "confirm", json!("checks"));
    for some in [json!([{ "check": "memory", "free_gb": 1 }]), json!([{ "check": "manual" }])] {
        let cue = read(&alone(some));
        assert_eq!((cue.confirm, read(&write(&cue))), (Confirm::Checks, cue));
    }
    for none in [json!([]), json!(null)] {
        let told = problems(&alone(none));
        assert!(told[0].field == "confirm" && told[0].message.contains("at least one check"), "{told:?}");
    }
    let mut lives = with(command(), "confirm", json!("checks"));
    lives["checks"] = json!([{ "check": "memory", "free_gb": 1 }]);
    lives["command"]["restart"] = json!("always");
    assert_eq!(problems(&lives)[0].field, "confirm");
}

#[test]
fn expectations_of_a_report_are_read_and_written() {
    let expect =
        json!({ "max_duration_seconds": 600, "assert": ["processed >= expected", " metadata.rows == processed "] });
    let cue = read(&with(webhook(), "expect", expect));
    assert_eq!(cue.expect.max_duration_ms, Some(600_000));
    assert_eq!(cue.expect.assert, ["processed >= expected", "metadata.rows == processed"]);
    let written = write(&cue);
    assert_eq!(written["expect"]["max_duration_seconds"], json!(600));
    assert_eq!(read(&written), cue);
    let many: Vec<Value> = (0..21).map(|_| json!("success")).collect();
    let long = format!("processed > {}", "1".repeat(500));
    for (asserted, field, words) in [
        (json!(["processed >="]), "[0]", "a value is missing after `>=`"),
        (json!(["processed > > 3"]), "[0]", "(at character "),
        (json!(["success", "procesed > 1"]), "[1]", "`procesed` is nothing that is reported"),
        (json!(["processed + 1"]), "[0]", "neither true nor false"),
        (json!([5]), "[0]", "must be a text"),
        (json!([""]), "[0]", "it is empty"),
        (json!([long]), "[0]", "500 characters"),
        (json!("success"), "", "must be a list"),
        (json!(many), "", "at most 20 fit"),
    ] {
        let told = problems(&with(webhook(), "expect", json!({ "assert": asserted })));
        assert_eq!(told.len(), 1, "{told:?}");
        assert_eq!(told[0].field, format!("expect.assert{field}"), "{told:?}");
        assert!(told[0].message.contains(words) && told[0].message.ends_with('.'), "{told:?}");
    }
    let told = problems(&with(webhook(), "expect", json!({ "max_duration_seconds": 0 })));
    assert_eq!(told[0].field, "expect.max_duration_seconds");
}
