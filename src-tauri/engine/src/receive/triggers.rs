//! `/v1/triggers/{token}`: fires one cue from outside. The token is the whole credential, so it stands in no log and no answer.

use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use cuetower_core::cue::{Cue, CueStatus};
use cuetower_core::input::{Answer, Input, Triggered};
use cuetower_core::occurrence::Trigger;
use serde_json::{Value, json};

use super::cues::FIRE_KEY_CHARS_MAX;
use super::given::Id;
use super::problem::Problem;
use super::{Door, wire};
use crate::handle::Trouble;

routes! {
    post "/v1/triggers/{token}" => fire;
}

const KEY: &str = "idempotency-key";

pub(super) async fn fire(
    State(door): State<Door>,
    Id(token): Id,
    headers: HeaderMap,
    body: Bytes,
) -> Result<(StatusCode, Json<Value>), Problem> {
    let cue = cue_of(&door, &token).await?;
    let triggered = Triggered { trigger: Trigger::Url, payload: payload(&body)?, key: key(&headers)?, firing: true };
    let triggered_by = triggered.trigger.word();
    let answer = match door.handle.cue(&cue.id, Input::Triggered(triggered)).await {
        Ok((answer, _)) => answer,
        Err(Trouble::NotFound(_)) => return Err(no_trigger()),
        Err(trouble) => return Err(trouble.into()),
    };
    let Answer::Fired { run_id, due, .. } = answer else { return Err(no_trigger()) };
    let mut fired = json!({
        "id": run_id.0,
        "cue_id": cue.id.0,
        "scheduled_for": wire::offset_time(due),
        "status": "pending",
        "triggered_by": triggered_by,
    });
    // It is done by now: a store that cannot be read must not make it look undone.
    let row = door.handle.reader().occurrence_of_run(run_id.0).await.unwrap_or_else(|error| {
        tracing::warn!(%error, cue = %cue.id, "what became of a trigger could not be read back");
        None
    });
    if let Some(row) = row.filter(|row| matches!(row.state.as_str(), "skipped" | "held")) {
        fired["reason"] = json!(row.reason);
        if row.state == "skipped" {
            fired["status"] = json!(row.state);
        }
    }
    Ok((StatusCode::ACCEPTED, Json(fired)))
}

/// The cue whose trigger URL this is, by its present number. Forged, old and deleted ones are not told apart.
async fn cue_of(door: &Door, token: &str) -> Result<Cue, Problem> {
    let (id, number) = door.handle.tower_key().check_trigger_token(token).ok_or_else(no_trigger)?;
    let cue = door.handle.reader().cue(id.0).await?;
    let stands = |cue: &Cue| cue.status != CueStatus::Deleted && cue.trigger_url == Some(number);
    cue.filter(stands).ok_or_else(no_trigger)
}

fn no_trigger() -> Problem {
    let message = "There is no such trigger URL. It may have been renewed or taken away; its owner finds the present one with the cue.";
    Problem::new(StatusCode::NOT_FOUND, "trigger_not_found", message)
}

/// An object as it is, anything else as `body`. None: the cue's own payload.
fn payload(body: &[u8]) -> Result<Option<Value>, Problem> {
    if body.trim_ascii().is_empty() {
        return Ok(None);
    }
    match serde_json::from_slice(body) {
        Ok(payload @ Value::Object(_)) => Ok(Some(payload)),
        Ok(other) => Ok(Some(json!({ "body": other }))),
        Err(error) => {
            let message = format!(
                "The body is not JSON ({error}). Send a JSON object, which becomes the payload, or no body at all for the cue's own payload."
            );
            Err(Problem::new(StatusCode::BAD_REQUEST, "invalid_json", message))
        }
    }
}

fn key(headers: &HeaderMap) -> Result<Option<String>, Problem> {
    let Some(key) = headers.get(KEY) else { return Ok(None) };
    let key = key.to_str().ok().filter(|key| (1..=FIRE_KEY_CHARS_MAX).contains(&key.len()));
    let bad = || {
        Problem::field("header.idempotency-key", format!("It should have 1 to {FIRE_KEY_CHARS_MAX} plain characters."))
    };
    key.map(|key| Some(key.to_owned())).ok_or_else(bad)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_is_the_payload_or_stands_in_it() {
        let read = |body: &str| payload(body.as_bytes()).unwrap();
        assert_eq!(read(" \n"), None);
        assert_eq!(read(r#"{"lead":7}"#), Some(json!({ "lead": 7 })));
        for (body, payload) in
            [("[1,2]", json!([1, 2])), ("null", Value::Null), ("\"go\"", json!("go")), ("7", json!(7))]
        {
            assert_eq!(read(body), Some(json!({ "body": payload })));
        }
        for body in ["lead=7&source=form", "{", "\u{0}", "{} {}"] {
            let problem = payload(body.as_bytes()).unwrap_err();
            assert_eq!((problem.status.as_u16(), problem.code), (400, "invalid_json"), "{body}");
            assert!(problem.message.contains("Send a JSON object"), "{}", problem.message);
        }
    }
}
