//! `/v1/echo`: a place where a first web hook can be sent to and looked at, for CueAPI's quickstart. Kept in memory alone,
//! for a quarter of an hour.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use cuetower_core::Ms;
use cuetower_core::time::MINUTE_MS;
use serde_json::{Map, Value, json};

use super::caller::Caller;
use super::given::Id;
use super::problem::Problem;
use super::{Door, wire};

routes! {
    post "/v1/echo/{token}" => store;
    get "/v1/echo/{token}" => show;
}

const TOKEN_CHARS_LEAST: usize = 16;
const TOKEN_CHARS_MAX: usize = 256;
const KEPT_MS: u64 = 15 * MINUTE_MS;
const KEPT_MAX: usize = 200;
/// Of one, as CueAPI has it.
const BYTES_MAX: usize = 1_000_000;
/// Of all together.
const ALL_BYTES_MAX: usize = 16 * 1024 * 1024;
/// Shown as `••••`: whoever looks at what came in need not learn what it came in with.
const SECRET_HEADERS: [&str; 5] =
    ["authorization", "proxy-authorization", "cookie", "x-api-key", "x-cuetower-run-token"];

/// What was sent to each token.
#[derive(Default)]
pub(super) struct Echoes(Mutex<HashMap<String, Echo>>);

/// Payload and headers as JSON that was not taken apart: a parsed value takes many times as much memory as its text.
#[derive(Clone)]
struct Echo {
    payload: Bytes,
    headers: Bytes,
    received_at: Ms,
}

impl Echo {
    fn bytes(&self) -> usize {
        self.payload.len() + self.headers.len()
    }

    fn is_kept(&self, now: Ms) -> bool {
        now.since(self.received_at) < KEPT_MS
    }
}

impl Echoes {
    /// Err: when there is room again, at the latest.
    fn keep(&self, token: String, echo: Echo) -> Result<(), Ms> {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let now = echo.received_at;
        kept.retain(|_, known| known.is_kept(now));
        let others = || kept.iter().filter(|(known, _)| **known != token).map(|(_, echo)| echo);
        let bytes: usize = others().map(Echo::bytes).sum();
        if others().count() >= KEPT_MAX || bytes + echo.bytes() > ALL_BYTES_MAX {
            let oldest = others().map(|echo| echo.received_at).min();
            return Err(oldest.unwrap_or(now).plus(KEPT_MS));
        }
        kept.insert(token, echo);
        Ok(())
    }

    fn shown(&self, token: &str, now: Ms) -> Value {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner).get(token).cloned();
        let parsed = |json: &Bytes| serde_json::from_slice::<Value>(json).unwrap_or_default();
        match kept.filter(|echo| echo.is_kept(now)) {
            None => json!({ "status": "waiting" }),
            Some(echo) => json!({
                "status": "delivered",
                "payload": parsed(&echo.payload),
                "headers": parsed(&echo.headers),
                "received_at": wire::offset_time(echo.received_at),
            }),
        }
    }
}

/// Without a key: whoever knows the token may send to it.
pub(super) async fn store(
    State(door): State<Door>,
    Id(token): Id,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Json<Value>, Problem> {
    let bad = |message: String| Problem::new(StatusCode::BAD_REQUEST, "invalid_token", message);
    match token.chars().count() {
        ..TOKEN_CHARS_LEAST => return Err(bad(format!("Token must be at least {TOKEN_CHARS_LEAST} characters"))),
        TOKEN_CHARS_LEAST..=TOKEN_CHARS_MAX => {}
        _ => return Err(bad(format!("Token must be at most {TOKEN_CHARS_MAX} characters"))),
    }
    if body.len() > BYTES_MAX {
        let message = "Echo payload must be under 1MB";
        return Err(Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "payload_too_large", message));
    }
    serde_json::from_slice::<Value>(&body)
        .map_err(|_| Problem::new(StatusCode::BAD_REQUEST, "invalid_json", "Request body is not valid JSON"))?;
    let now = door.handle.now();
    // Copied, so that no larger buffer of the connection lives on with it.
    let payload = Bytes::copy_from_slice(&body);
    let headers = Bytes::from(Value::Object(shown(&headers)).to_string());
    door.echoes.keep(token, Echo { payload, headers, received_at: now }).map_err(|until| {
        let message = "The tower keeps 200 echoes and 16 MiB of them for 15 minutes each, and has no room for another.";
        let wait_s = u16::try_from(until.since(now).div_ceil(1_000)).unwrap_or(u16::MAX);
        Problem::new(StatusCode::TOO_MANY_REQUESTS, "rate_limit_exceeded", message).retry_after(wait_s)
    })?;
    Ok(Json(json!({ "stored": true })))
}

/// With a key, as CueAPI has it.
pub(super) async fn show(State(door): State<Door>, caller: Caller, Id(token): Id) -> Result<Json<Value>, Problem> {
    caller.reads()?;
    Ok(Json(door.echoes.shown(&token, door.handle.now())))
}

fn shown(headers: &HeaderMap) -> Map<String, Value> {
    let value = |name: &str, value: &[u8]| match SECRET_HEADERS.contains(&name) {
        true => "••••".to_owned(),
        false => String::from_utf8_lossy(value).into_owned(),
    };
    headers.iter().map(|(name, given)| (name.to_string(), json!(value(name.as_str(), given.as_bytes())))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn echo(bytes: usize, received_at: Ms) -> Echo {
        let payload = Bytes::from(format!("\"{}\"", "x".repeat(bytes)));
        Echo { payload, headers: Bytes::from_static(br#"{"host":"tower"}"#), received_at }
    }

    #[test]
    fn an_echo_is_kept_for_a_quarter_of_an_hour_and_no_longer() {
        let echoes = Echoes::default();
        echoes.keep("token".to_owned(), echo(1, Ms(0))).unwrap();
        let shown = echoes.shown("token", Ms(899_999));
        assert_eq!((&shown["status"], &shown["payload"]), (&json!("delivered"), &json!("x")));
        assert_eq!(shown["headers"], json!({ "host": "tower" }));
        assert_eq!(echoes.shown("token", Ms(900_000)), json!({ "status": "waiting" }));
        assert_eq!(echoes.shown("another", Ms(1)), json!({ "status": "waiting" }));
    }

    #[test]
    fn full_is_a_refusal_until_the_oldest_goes() {
        let echoes = Echoes::default();
        for number in 0..200 {
            echoes.keep(number.to_string(), echo(1, Ms(number))).unwrap();
        }
        assert_eq!(echoes.keep("more".to_owned(), echo(1, Ms(300))), Err(Ms(900_000)));
        echoes.keep("7".to_owned(), echo(1, Ms(300))).expect("the same token takes no more room");
        echoes.keep("more".to_owned(), echo(1, Ms(900_000))).unwrap();
        let echoes = Echoes::default();
        for number in 0..16 {
            echoes.keep(number.to_string(), echo(1_000_000, Ms(number))).unwrap();
        }
        assert_eq!(echoes.keep("more".to_owned(), echo(1_000_000, Ms(300))), Err(Ms(900_000)));
    }
}
