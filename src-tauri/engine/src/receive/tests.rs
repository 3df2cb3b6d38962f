//! The shapes that leave this door and the outcomes that enter it, without HTTP; over HTTP they are tested in `tests/it/door`.

use axum::response::IntoResponse as _;
use cuetower_core::Ms;
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
    assert_eq!((outcome.error, outcome.result_url, outcome.processed), (None, None, None));
    assert_eq!((outcome.metadata, outcome.errors, outcome.artifacts), (Value::Null, Some(2.0), vec![json!("a")]));
}
