//! What a request brings: the id in its path, its query, its JSON body. Bad ones are told in the one shape.

use axum::extract::{FromRequest, FromRequestParts, Path, Request};
use axum::http::StatusCode;
use axum::http::request::Parts;
use serde_json::{Map, Value};

use super::Door;
use super::entrance::LONGEST_BODY;
use super::problem::Problem;

/// The id in the path. One that is not even text names nothing.
pub(super) struct Id(pub String);

impl FromRequestParts<Door> for Id {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, door: &Door) -> Result<Id, Problem> {
        let Path(id) = Path::<String>::from_request_parts(parts, door)
            .await
            .map_err(|_| Problem::new(StatusCode::NOT_FOUND, "http_error", "Not Found"))?;
        Ok(Id(id))
    }
}

/// The query, taken apart; of a name given twice the last counts.
pub(super) struct Query(Vec<(String, String)>);

impl FromRequestParts<Door> for Query {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &Door) -> Result<Query, Problem> {
        let query = parts.uri.query().unwrap_or_default();
        Ok(Query(url::form_urlencoded::parse(query.as_bytes()).into_owned().collect()))
    }
}

impl Query {
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().rev().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// A whole number from `least` to `most`.
    pub fn number(&self, name: &str, default: u32, least: u32, most: u32) -> Result<u32, Problem> {
        let bad = |message: String| Err(Problem::field(format!("query.{name}"), message));
        let Some(text) = self.get(name) else { return Ok(default) };
        match text.parse::<i64>() {
            Err(_) => bad("Input should be a valid integer".to_owned()),
            Ok(number) if number < i64::from(least) => bad(format!("Input should be greater than or equal to {least}")),
            Ok(number) if number > i64::from(most) => bad(format!("Input should be less than or equal to {most}")),
            Ok(number) => Ok(u32::try_from(number).unwrap_or(most)),
        }
    }

    /// `true` or `false`, as Python and JSON spell them.
    pub fn yes_or_no(&self, name: &str) -> Result<Option<bool>, Problem> {
        match self.get(name).map(str::to_ascii_lowercase).as_deref() {
            None => Ok(None),
            Some("true" | "1") => Ok(Some(true)),
            Some("false" | "0") => Ok(Some(false)),
            Some(_) => Err(Problem::field(format!("query.{name}"), "Input should be a valid boolean")),
        }
    }

    /// One of a few words.
    pub fn word(&self, name: &str, words: &[&str]) -> Result<Option<String>, Problem> {
        match self.get(name) {
            None => Ok(None),
            Some(word) if words.contains(&word) => Ok(Some(word.to_owned())),
            Some(_) => {
                Err(Problem::field(format!("query.{name}"), format!("It should be one of {}.", words.join(", "))))
            }
        }
    }
}

/// The JSON object in the body; None if the body is empty or `null`.
pub(super) struct Given(pub Option<Map<String, Value>>);

impl Given {
    pub fn required(self) -> Result<Map<String, Value>, Problem> {
        self.0.ok_or_else(|| Problem::field("body", "Field required"))
    }
}

impl FromRequest<Door> for Given {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &Door) -> Result<Given, Problem> {
        let bad = || Problem::new(StatusCode::BAD_REQUEST, "invalid_json", "Request body is not valid JSON");
        let bytes = axum::body::to_bytes(request.into_body(), LONGEST_BODY).await.map_err(|_| bad())?;
        if bytes.trim_ascii().is_empty() {
            return Ok(Given(None));
        }
        match serde_json::from_slice(&bytes).map_err(|_| bad())? {
            Value::Null => Ok(Given(None)),
            Value::Object(map) => Ok(Given(Some(map))),
            Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => {
                Err(Problem::field("body", "Input should be a JSON object"))
            }
        }
    }
}
