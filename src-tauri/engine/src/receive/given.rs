//! What a request brings: the id in its path, its query, its JSON body. Bad ones are told in the one shape.
//!
//! What an agent says is kept and shown, so values of secrets that it was lent are blotted out of it here, for all routes at
//! once. What a cue, an address or a web hook is made of is delivered to somebody, and stays as it is.

use axum::extract::{FromRequest, FromRequestParts, MatchedPath, Path, Request};
use axum::http::StatusCode;
use axum::http::request::Parts;
use serde_json::{Map, Value};

use super::Door;
use super::entrance::LONGEST_BODY;
use super::problem::Problem;
use crate::redacting::Known;

/// Routes whose bodies stay as they are: what they bring goes out again, and does not lie open meanwhile (`kept_headers`).
const AS_IT_IS: [&str; 3] = ["/v1/cues", "/v1/cues/{id}", "/v1/cues/{id}/fire"];
/// Routes that bring an address which is called later, in a field whose name ends so.
const WITH_AN_ADDRESS: [&str; 5] =
    ["/v1/agents", "/v1/agents/{id}", "/v1/agents/{id}/subscriptions", "/v1/auth/me", "/v1/gates"];
const ADDRESSES: [&str; 2] = ["url", "callback"];
/// Fields that name one of a few words, or a run that there is: what they say otherwise is refused and kept nowhere.
const OF_FEW_WORDS: [&str; 7] =
    ["kind", "status", "execution_id", "on_no_answer", "answers", "delivery_target", "merge_strategy"];

/// Blots values of secrets out of what is said. The names of the fields are the door's own, and stay: whoever chooses a value
/// could otherwise choose the name of a field, and nobody's outcome would be read any more.
fn without(known: &Known, route: &str, body: Map<String, Value>) -> Map<String, Value> {
    if AS_IT_IS.contains(&route) {
        return body;
    }
    let is_address =
        |name: &str| WITH_AN_ADDRESS.contains(&route) && ADDRESSES.iter().any(|address| name.ends_with(address));
    let mut said = body;
    for (name, value) in &mut said {
        if !OF_FEW_WORDS.contains(&name.as_str()) && !is_address(name) {
            known.hide_in(value);
        }
    }
    said
}

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

    async fn from_request(request: Request, door: &Door) -> Result<Given, Problem> {
        let route = request.extensions().get::<MatchedPath>().cloned();
        let bad = || Problem::new(StatusCode::BAD_REQUEST, "invalid_json", "Request body is not valid JSON");
        let bytes = axum::body::to_bytes(request.into_body(), LONGEST_BODY).await.map_err(|_| bad())?;
        if bytes.trim_ascii().is_empty() {
            return Ok(Given(None));
        }
        match serde_json::from_slice(&bytes).map_err(|_| bad())? {
            Value::Null => Ok(Given(None)),
            Value::Object(map) => {
                let route = route.as_ref().map_or("", MatchedPath::as_str);
                Ok(Given(Some(without(door.handle.vault.known(), route, map))))
            }
            Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => {
                Err(Problem::field("body", "Input should be a JSON object"))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_said_is_blotted_out_and_what_is_handed_on_stays() {
        let known = Known::default();
        known.learn("sk-very-secret");
        let body = json!({ "webhook_url": "https://x.org/sk-very-secret", "name": "sk-very-secret", "n": [1, "sk-very-secret"] });
        let sent = |route: &str| Value::Object(without(&known, route, body.as_object().unwrap().clone()));
        assert_eq!(sent("/v1/cues"), body);
        let said = json!({ "webhook_url": "https://x.org/••••", "name": "••••", "n": [1, "••••"] });
        assert_eq!(sent("/v1/executions/{id}/outcome"), said);
        assert_eq!(sent(""), said, "a route that nobody knows");
        let address = json!({ "webhook_url": "https://x.org/sk-very-secret", "name": "••••", "n": [1, "••••"] });
        assert_eq!(sent("/v1/agents/{id}"), address);
        let gate = json!({ "callback": "https://x.org/sk-very-secret", "body": "sk-very-secret" });
        let asked = without(&known, "/v1/gates", gate.as_object().unwrap().clone());
        assert_eq!(Value::Object(asked), json!({ "callback": "https://x.org/sk-very-secret", "body": "••••" }));
        let known_routes: Vec<&str> = super::super::routes().into_iter().map(|(_, path)| path).collect();
        for route in AS_IT_IS.iter().chain(&WITH_AN_ADDRESS) {
            assert!(known_routes.contains(route), "{route}");
        }
    }

    #[test]
    fn whoever_chooses_a_value_chooses_no_field_and_no_word_of_a_list() {
        let known = Known::default();
        for chosen in ["success", "completed", "keep_waiting", "as a name"] {
            known.learn(chosen);
        }
        let body = json!({
            "success": true, "status": "completed", "on_no_answer": "keep_waiting", "summary": "success",
            "metadata": { "as a name": 1 },
        });
        let said = Value::Object(without(&known, "/v1/executions/{id}/outcome", body.as_object().unwrap().clone()));
        let left = json!({
            "success": true, "status": "completed", "on_no_answer": "keep_waiting", "summary": "••••",
            "metadata": { "••••": 1 },
        });
        assert_eq!(said, left);
    }
}
