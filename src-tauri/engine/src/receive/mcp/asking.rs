//! A tool's call from its arguments to what its route says; and where it asks the owner, the wait for his answer.

use axum::http::Method;
use serde_json::{Map, Value};

use super::super::problem::Problem;
use super::inside::{Answer, Asker, written};
use super::tools::{Tool, Waits};

/// As long as a route of this door holds a question.
const WAIT_S_MAX: u64 = 25;

pub(super) async fn called(tool: &Tool, asker: &Asker, mut given: Map<String, Value>) -> Result<Answer, Problem> {
    let wait = match tool.waits {
        Waits::No => 0,
        Waits::ForItsGate => wait(given.remove("wait_seconds"))?,
        Waits::AtAGate => {
            // As the answer to the question calls it.
            if !given.contains_key("gate_id")
                && let Some(id) = given.remove("id")
            {
                given.insert("gate_id".to_owned(), id);
            }
            let wait = wait(given.remove("wait_seconds"))?;
            given.insert("wait_seconds".to_owned(), Value::from(wait));
            0
        }
    };
    let wanted = tool.wanted(asker.caller(), given)?;
    let mut answer = asker.ask(wanted.method, &wanted.target, wanted.body).await?;
    if let (Answer::Done(gate), true) = (&answer, wait > 0)
        && let ("waiting", Some(id)) = (gate["state"].as_str().unwrap_or_default(), gate["id"].as_str())
    {
        let held = format!("/v1/gates/{}?wait={wait}", written(id));
        answer = asker.ask(Method::GET, &held, None).await?;
    }
    Ok(match answer {
        Answer::Done(gate) if tool.waits != Waits::No => Answer::Done(with_words(gate)),
        other => other,
    })
}

fn wait(given: Option<Value>) -> Result<u64, Problem> {
    let Some(value) = given.filter(|value| !value.is_null()) else { return Ok(WAIT_S_MAX) };
    value
        .as_u64()
        .filter(|seconds| *seconds <= WAIT_S_MAX)
        .ok_or_else(|| Problem::field("wait_seconds", format!("Input should be a whole number from 0 to {WAIT_S_MAX}")))
}

/// What an answer means, in a sentence that a model cannot take for another.
fn with_words(mut gate: Value) -> Value {
    let words = match (gate["goes"].as_bool(), gate["state"].as_str()) {
        (None, _) => {
            "No answer yet, so nobody said yes. Call check_answer with this `id` as `gate_id`; do nothing of it meanwhile."
        }
        (Some(true), Some("edited")) => "Go on, with `payload` as it stands here and not with your own.",
        (Some(true), Some("no_answer")) => "Nobody answered by the deadline; the question said to proceed then. Go on.",
        (Some(true), _) => "Go on.",
        (Some(false), Some("denied")) => "The owner said no. Do not do it.",
        (Some(false), _) => "There is no yes. Do not do it.",
    };
    gate["note"] = Value::from(words);
    gate
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn only_a_yes_says_go_on() {
        for (state, goes, begins) in [
            ("waiting", Value::Null, "No answer yet"),
            ("approved", json!(true), "Go on."),
            ("edited", json!(true), "Go on, with `payload`"),
            ("denied", json!(false), "The owner said no"),
            ("no_answer", json!(false), "There is no yes"),
            ("no_answer", json!(true), "Nobody answered"),
            ("something new", Value::Null, "No answer yet"),
        ] {
            let told = with_words(json!({ "state": state, "goes": goes }));
            assert!(told["note"].as_str().unwrap().starts_with(begins), "{told}");
        }
    }

    #[test]
    fn a_wait_is_bounded() {
        assert_eq!((wait(None).unwrap(), wait(Some(Value::Null)).unwrap()), (25, 25));
        assert_eq!((wait(Some(json!(0))).unwrap(), wait(Some(json!(25))).unwrap()), (0, 25));
        for bad in [json!(26), json!(-1), json!(1.5), json!("5")] {
            assert_eq!(wait(Some(bad)).unwrap_err().details[0].field, "wait_seconds");
        }
    }
}
