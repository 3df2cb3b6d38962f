//! Web hooks to receivers that hang, break, trickle, redirect and lie, as the owner sees them: the real tower over its doors,
//! real sockets at the other end.

mod agents;
mod receiver;
mod stories;

use std::time::Duration;

use cuetower_tests::{Tower, until};
use serde_json::{Value, json};

/// For what takes a second or two.
const PATIENCE: Duration = Duration::from_secs(30);

/// A cue that calls this address when it is fired, and the run that it was fired for.
async fn fired(tower: &Tower, url: &str, with: Value) -> String {
    let cue = made(tower, "leads", url, with).await;
    fire(tower, &cue).await
}

/// The id of a new cue; it has one attempt, unless `with` says otherwise.
async fn made(tower: &Tower, name: &str, url: &str, with: Value) -> String {
    let mut cue = json!({ "name": name, "callback": { "url": url }, "schedule": { "type": "manual" },
        "payload": { "task": "ünï" }, "retry": { "max_attempts": 1 } });
    for (field, value) in with.as_object().unwrap() {
        cue[field] = value.clone();
    }
    let (status, answer) = tower.post("/v1/cues", &cue).await;
    assert_eq!(status, 201, "{answer}");
    answer["id"].as_str().unwrap().to_owned()
}

async fn fire(tower: &Tower, cue: &str) -> String {
    let (status, answer) = tower.post(&format!("/v1/cues/{cue}/fire"), &json!({})).await;
    assert_eq!(status, 200, "{answer}");
    answer["id"].as_str().unwrap().to_owned()
}

/// The run's page, once it is in this state.
async fn in_state(tower: &Tower, run: &str, state: &str) -> Value {
    until(&format!("run that is {state}"), PATIENCE, async || {
        let story = tower.owner("run_get", &json!({ "run_id": run })).await;
        let ended = story["mark"]["ended_at_ms"].is_number();
        assert!(!ended || story["state"] == state, "the run ended otherwise: {story}");
        (story["state"] == state).then_some(story)
    })
    .await
}

/// State and sentence of the run's attempts.
fn attempts(story: &Value) -> Vec<(String, String)> {
    let word = |attempt: &Value, field: &str| attempt[field].as_str().unwrap_or_default().to_owned();
    let attempts = story["attempts"].as_array().unwrap().iter();
    attempts.map(|attempt| (word(attempt, "state"), word(attempt, "sentence"))).collect()
}

/// The only attempt, in this state.
fn only(story: &Value, state: &str) -> String {
    let [(found, sentence)] = &attempts(story)[..] else { panic!("not one attempt: {story}") };
    assert_eq!(found, state, "{sentence}");
    sentence.clone()
}

/// What the board says about the run.
fn sentence(story: &Value) -> &str {
    story["mark"]["sentence"].as_str().unwrap_or_else(|| panic!("no sentence: {story}"))
}

/// The sentence with "…" for the length of time an answer took.
fn timeless(sentence: &str) -> String {
    let Some((head, rest)) = sentence.split_once(" in ") else { return sentence.to_owned() };
    let rest = rest.trim_start_matches(|found: char| found.is_ascii_digit() || found == '.');
    let rest = rest.trim_start_matches(' ').trim_start_matches(|found: char| found.is_ascii_alphabetic());
    format!("{head} in …{rest}")
}

#[test]
fn a_sentence_without_its_length_of_time() {
    assert_eq!(timeless("answered 200 in 12 ms"), "answered 200 in …");
    assert_eq!(timeless("Answered 503 in 1.2 s. Once."), "Answered 503 in …. Once.");
    assert_eq!(timeless("answered 302 in 3 ms, pointing in time"), "answered 302 in …, pointing in time");
}
