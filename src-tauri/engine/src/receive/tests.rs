//! The shapes that leave this door and the outcomes that enter it, without HTTP; over HTTP they are tested in `tests/it/door`.

use axum::response::IntoResponse as _;
use cuetower_core::Ms;
use cuetower_core::outcome::NextRun;
use serde_json::{Value, json};

use super::outcome::{outcome_in_answer, read};
use super::problem::Problem;
use super::wire;
use crate::definition::Invalid;

fn object(value: Value) -> serde_json::Map<String, Value> {
    value.as_object().cloned().unwrap()
}

#[test]
fn instants_are_written_as_cueapi_writes_them() {
    assert_eq!(wire::time(Ms(1_795_202_714_240)), "2026-11-20T19:25:14.240000Z");
    assert_eq!(wire::time(Ms(1_795_202_714_000)), "2026-11-20T19:25:14Z");
    assert_eq!(wire::offset_time(Ms(1_795_202_714_441)), "2026-11-20T19:25:14.441000+00:00");
}

#[tokio::test]
async fn a_problem_stands_where_both_clients_look() {
    let field = Invalid { field: "retry.max_attempts".into(), message: "Too many.".into() };
    let response = Problem::definition(vec![field], &json!({})).into_response();
    assert_eq!(response.status(), 422);
    let bytes = axum::body::to_bytes(response.into_body(), 10_000).await.unwrap();
    let error = json!({
        "code": "validation_error", "message": "body.retry.max_attempts: Too many.", "status": 422,
        "details": [{ "field": "body.retry.max_attempts", "message": "Too many." }],
    });
    assert_eq!(
        serde_json::from_slice::<Value>(&bytes).unwrap(),
        json!({ "error": error, "detail": { "error": error } })
    );
}

#[test]
fn counts_come_from_the_top_level_else_from_metadata() {
    let body = json!({ "success": true, "processed": 5, "metadata": { "processed": 9, "errors": 1, "tokens": "many", "cost_usd": -1 } });
    let outcome = read(&object(body)).unwrap();
    assert_eq!(
        (outcome.processed, outcome.errors, outcome.tokens, outcome.cost_usd),
        (Some(5.0), Some(1.0), None, None)
    );
}

#[test]
fn the_next_run_comes_from_the_top_level_else_from_metadata() {
    let nine = Ms(1_796_025_600_000);
    for (fields, asked) in [
        (json!({ "next_run_at": "2026-11-30T09:00:00+01:00" }), Some(NextRun::At(nine))),
        (json!({ "next_run_at": "2026-11-30 08:00:00.000" }), Some(NextRun::At(nine))),
        (json!({ "next_run_in_seconds": 1.5, "next_run_at": null }), Some(NextRun::InMs(1_500))),
        (json!({ "metadata": { "next_run_at": "2026-11-30T08:00:00Z" } }), Some(NextRun::At(nine))),
        (json!({ "metadata": { "next_run_in_seconds": 60 } }), Some(NextRun::InMs(60_000))),
        (json!({ "next_run_in_seconds": 0, "metadata": { "next_run_in_seconds": 60 } }), Some(NextRun::InMs(0))),
        (json!({ "metadata": { "next_run_at": "soon", "next_run_in_seconds": "later" } }), None),
        (json!({ "metadata": { "next_run_at": 5, "next_run_in_seconds": 5 } }), Some(NextRun::InMs(5_000))),
        (json!({ "metadata": "soon" }), None),
        (json!({}), None),
    ] {
        let mut body = object(fields.clone());
        body.insert("success".to_owned(), json!(true));
        let read =
            if fields["metadata"].is_string() { outcome_in_answer(&Value::Object(body)) } else { read(&body).ok() };
        assert_eq!(read.unwrap().next_run, asked, "{fields}");
    }
}

#[test]
fn a_next_run_that_cannot_be_is_refused_at_the_top_level() {
    for (field, value, words) in [
        ("next_run_at", json!("soon"), "Input should be an instant such as 2027-01-31T09:00:00+01:00"),
        ("next_run_at", json!(1_796_025_600), "Input should be an instant"),
        ("next_run_in_seconds", json!(-1), "Input should be a number of seconds from 0 to 31622400, which is 366 days"),
        ("next_run_in_seconds", json!("60"), "Input should be a number of seconds"),
        ("next_run_in_seconds", json!(1e300), "Input should be a number of seconds"),
    ] {
        let problem = read(&object(json!({ "success": true, field: value }))).unwrap_err();
        assert_eq!(problem.details[0].field, format!("body.{field}"));
        assert!(problem.details[0].message.starts_with(words), "{problem:?}");
    }
    let both = json!({ "success": true, "next_run_at": "2026-11-30T08:00:00Z", "next_run_in_seconds": 60 });
    let problem = read(&object(both.clone())).unwrap_err();
    let words = "body.next_run_at: `next_run_at` and `next_run_in_seconds` say the same; send one of them";
    assert_eq!((problem.status.as_u16(), problem.message.as_str()), (422, words));
    // An answer cannot be sent back: the instant is taken.
    let taken = outcome_in_answer(&both).unwrap().next_run;
    assert_eq!(taken, Some(NextRun::At(Ms(1_796_025_600_000))));
}

#[test]
fn every_bad_field_of_a_report_is_named() {
    let body = json!({ "error": 5, "artifacts": {}, "cost_usd": "1" });
    let problem = read(&object(body)).unwrap_err();
    let fields: Vec<&str> = problem.details.iter().map(|bad| bad.field.as_str()).collect();
    assert_eq!(fields, ["body.success", "body.error", "body.artifacts", "body.cost_usd"]);
}

#[test]
fn an_answer_is_an_outcome_only_if_its_success_is_a_boolean() {
    for answer in
        [json!(null), json!("ok"), json!([true]), json!({}), json!({ "success": "true" }), json!({ "success": null })]
    {
        assert_eq!(outcome_in_answer(&answer), None, "{answer}");
    }
    assert!(!outcome_in_answer(&json!({ "success": false })).unwrap().success);
}

#[test]
fn what_does_not_fit_in_an_answer_is_cut_or_left_out() {
    let long_url = format!("https://example.com/{}", "x".repeat(3_000));
    let answer = json!({
        "success": true, "result": "\u{fc}".repeat(2_001), "error": 5, "result_url": long_url, "processed": "7",
        "metadata": { "x": "y".repeat(11_000), "errors": 2 }, "artifacts": ["a"], "next_run_at": "soon",
    });
    let outcome = outcome_in_answer(&answer).unwrap();
    assert_eq!(outcome.result.unwrap().chars().count(), 2_000);
    assert_eq!((outcome.error, outcome.result_url, outcome.processed, outcome.next_run), (None, None, None, None));
    assert_eq!((outcome.metadata, outcome.errors, outcome.artifacts), (Value::Null, Some(2.0), vec![json!("a")]));
}
