//! `/v1/auth/device-code`: a program asks to sign in, as `cueapi login` does. The owner answers it at a door of their own.

use axum::Json;
use axum::extract::State;
use axum::http::header::{HOST, USER_AGENT};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse as _, Response};
use serde_json::{Value, json};

use super::auth::{email, text};
use super::given::{Given, Query};
use super::problem::Problem;
use super::{Door, login_page};
use crate::accounts::{self, EXPIRES_S, Poll};

routes! {
    post "/v1/auth/device-code" => ask;
    post "/v1/auth/device-code/submit-email" => said_email;
    post "/v1/auth/device-code/poll" => poll;
    get "/v1/auth/verify" => page;
}

/// The one page of this door; the browser may come to it from anywhere.
pub(super) const PAGE: &str = "/v1/auth/verify";
/// Of a code, in characters.
const CODE: std::ops::RangeInclusive<usize> = 6..=128;

pub(super) async fn ask(State(door): State<Door>, headers: HeaderMap, given: Given) -> Result<Response, Problem> {
    let code = text(&given.required()?, "device_code")?;
    if !CODE.contains(&code.chars().count()) {
        let message = "Device code must be 6-128 characters";
        return Err(Problem::new(StatusCode::BAD_REQUEST, "invalid_device_code", message));
    }
    let program = headers.get(USER_AGENT).map(|program| String::from_utf8_lossy(program.as_bytes()));
    accounts::ask(&door.handle, code.clone(), program.as_deref()).await?;
    // By the name it was called by, which is one of ours: the caller can reach that one.
    let host = headers.get(HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    let query: String = url::form_urlencoded::Serializer::new(String::new()).append_pair("device_code", &code).finish();
    let url = format!("{}{PAGE}?{query}", door.called.url(host));
    let answer = json!({ "verification_url": url, "expires_in": EXPIRES_S });
    Ok((StatusCode::CREATED, Json(answer)).into_response())
}

pub(super) async fn said_email(State(door): State<Door>, given: Given) -> Result<Json<Value>, Problem> {
    let body = given.required()?;
    let (code, email) = (text(&body, "device_code")?, email(&body, "email")?);
    accounts::said_email(&door.handle, code, email).await?;
    // CueAPI's word. No mail is sent: the owner is asked.
    Ok(Json(json!({ "status": "email_sent" })))
}

pub(super) async fn poll(State(door): State<Door>, given: Given) -> Result<Json<Value>, Problem> {
    let code = text(&given.required()?, "device_code")?;
    Ok(Json(match accounts::poll(&door.handle, code).await? {
        Poll::Waits { has_email: false } => json!({ "status": "pending" }),
        Poll::Waits { has_email: true } => json!({ "status": "email_sent" }),
        Poll::Approved { api_key, email, ticket } => {
            json!({ "status": "approved", "api_key": api_key, "email": email, "session_token": ticket })
        }
        Poll::Claimed => json!({ "status": "claimed" }),
        Poll::Expired { denied: false } => json!({ "status": "expired" }),
        // CueAPI's clients know no other word that ends their wait.
        Poll::Expired { denied: true } => json!({ "status": "expired", "reason": "The owner of this tower said no." }),
    }))
}

/// Tells the program's user whom to ask, and that it is done. Nothing can be approved here.
pub(super) async fn page(State(door): State<Door>, query: Query) -> Result<Response, Problem> {
    let code = query.get("device_code").or_else(|| query.get("code")).unwrap_or_default();
    let shown = accounts::shown(&door.handle, code.to_owned()).await?;
    Ok(login_page::of(&shown, code))
}
