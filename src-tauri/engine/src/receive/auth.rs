//! `/v1/auth`: registering, what an account is told of itself, its key, and the secrets that sign.

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse as _, Response};
use serde_json::{Map, Value, json};

use super::callable::may_be_called;
use super::caller::Caller;
use super::given::Given;
use super::problem::Problem;
use super::rate::UNLIMITED;
use super::usage::Month;
use super::{Door, wire};
use crate::accounts::{self, Changed, Refused, Revealed};

routes! {
    post "/v1/auth/register" => register;
    get "/v1/auth/me" => me;
    patch "/v1/auth/me" => change;
    get "/v1/auth/key" => key;
    post "/v1/auth/key/regenerate" => renew_key;
    get "/v1/auth/webhook-secret" => webhook_secret;
    post "/v1/auth/webhook-secret/regenerate" => renew_webhook_secret;
    get "/v1/auth/alert-webhook-secret" => alert_secret;
    post "/v1/auth/alert-webhook-secret/regenerate" => renew_alert_secret;
}

const BAD_ALERT_URL: &str = "invalid_alert_webhook_url";
const URL_CHARS_MAX: usize = 2_048;

pub(super) async fn register(State(door): State<Door>, given: Given) -> Result<Response, Problem> {
    if !door.openings.registration {
        let message = "This tower registers nobody. Its owner can open it with `cuetowerctl serve --open-registration`, or make a key for you: `cuetowerctl key add NAME --scopes cues,report`.";
        return Err(Problem::new(StatusCode::FORBIDDEN, "registration_closed", message));
    }
    let email = email(&given.required()?, "email")?;
    let api_key = accounts::register(&door.handle, email.clone()).await?;
    Ok((StatusCode::CREATED, Json(json!({ "api_key": api_key, "email": email }))).into_response())
}

pub(super) async fn me(State(door): State<Door>, caller: Caller) -> Result<Json<Value>, Problem> {
    let key = caller.key()?;
    let reader = door.handle.reader();
    let account = reader.account(key.account.0.clone()).await?;
    let email = accounts::email_of(account.as_ref());
    let runs = reader
        .runs_since(key.account.0.clone(), Month::of(door.handle.now().utc().unwrap_or_default()).begins())
        .await?;
    let active = reader.cues(Some(key.account.0.clone()), Some("active".to_owned()), 1, 0).await?;
    let (_, active_cues) = active;
    let owner = key.account.is_owner();
    Ok(Json(json!({
        "email": email,
        "plan": if owner { "owner" } else { "free" },
        "active_cues": active_cues,
        "active_cue_limit": if owner { json!(UNLIMITED) } else { json!(door.handle.accounts.cues_max()) },
        "executions_this_month": runs,
        "monthly_execution_limit": UNLIMITED,
        "rate_limit_per_minute": door.openings.rate_limit.unwrap_or(UNLIMITED),
        "has_webhook_secret": true,
        "api_key_prefix": key.prefix,
        // As agents of this account are addressed: `scout@slug`.
        "slug": accounts::slug_of(account.as_ref()),
    })))
}

pub(super) async fn change(State(door): State<Door>, caller: Caller, given: Given) -> Result<Json<Value>, Problem> {
    let account = caller.keeps_account()?;
    let body = given.required()?;
    let is_given = |field: &str| body.get(field).is_some_and(|value| !value.is_null());
    let mut changed = Changed::default();
    if is_given("email") {
        changed.email = Some(email(&body, "email")?);
    }
    if is_given("alert_webhook_url") {
        let url = text(&body, "alert_webhook_url")?;
        let url = Some(url).filter(|url| !url.is_empty());
        if let Some(url) = &url {
            if url.chars().count() > URL_CHARS_MAX {
                return Err(Problem::new(StatusCode::BAD_REQUEST, BAD_ALERT_URL, "Invalid URL format"));
            }
            may_be_called(&door, url, BAD_ALERT_URL).await?;
        }
        changed.alert_webhook_url = Some(url);
    }
    if changed == Changed::default() {
        return Err(Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "no_fields", "No fields to update"));
    }
    let at = accounts::change(&door.handle, account.clone(), changed).await?;
    Ok(Json(json!({ "updated_at": wire::offset_time(at) })))
}

pub(super) async fn key(State(door): State<Door>, caller: Caller) -> Result<Json<Value>, Problem> {
    Ok(Json(match accounts::reveal(door.handle.tower_key(), caller.key()?) {
        Revealed::Whole(key) => json!({ "api_key": key }),
        Revealed::Prefix(prefix) => json!({
            "api_key": null,
            "prefix": prefix,
            "message": "Key not available. Regenerate to enable Reveal.",
        }),
    }))
}

pub(super) async fn renew_key(
    State(door): State<Door>,
    caller: Caller,
    headers: HeaderMap,
) -> Result<Json<Value>, Problem> {
    let key = caller.key()?;
    confirmed(&headers)?;
    let api_key = accounts::renew(&door.handle, key.hash.clone()).await?;
    Ok(Json(json!({ "api_key": api_key, "previous_key_revoked": true })))
}

pub(super) async fn webhook_secret(State(door): State<Door>, caller: Caller) -> Result<Json<Value>, Problem> {
    let account = caller.keeps_account()?;
    Ok(Json(json!({ "webhook_secret": door.handle.accounts.webhook_secret(account) })))
}

pub(super) async fn renew_webhook_secret(
    State(door): State<Door>,
    caller: Caller,
    headers: HeaderMap,
) -> Result<Json<Value>, Problem> {
    let account = caller.keeps_account()?.clone();
    confirmed(&headers)?;
    let secret = accounts::renew_webhook_secret(&door.handle, account).await?;
    Ok(Json(json!({ "webhook_secret": secret, "previous_secret_revoked": true })))
}

pub(super) async fn alert_secret(State(door): State<Door>, caller: Caller) -> Result<Json<Value>, Problem> {
    let account = caller.keeps_account()?;
    let row = door.handle.reader().account(account.0.clone()).await?;
    let number = row.map_or(0, |row| row.alert_secret);
    Ok(Json(json!({ "alert_webhook_secret": door.handle.tower_key().alert_secret(account, number) })))
}

pub(super) async fn renew_alert_secret(
    State(door): State<Door>,
    caller: Caller,
    headers: HeaderMap,
) -> Result<Json<Value>, Problem> {
    let account = caller.keeps_account()?.clone();
    confirmed(&headers)?;
    let secret = accounts::renew_alert_secret(&door.handle, account).await?;
    Ok(Json(json!({ "alert_webhook_secret": secret, "previous_secret_revoked": true })))
}

/// What cannot be taken back is asked for twice.
pub(super) fn confirmed(headers: &HeaderMap) -> Result<(), Problem> {
    if headers.get("x-confirm-destructive").is_some_and(|word| word == "true") {
        return Ok(());
    }
    let message = "This action is destructive. Set X-Confirm-Destructive: true header to confirm.";
    Err(Problem::new(StatusCode::BAD_REQUEST, "confirmation_required", message))
}

/// A text that has to be there.
pub(super) fn text(body: &Map<String, Value>, field: &str) -> Result<String, Problem> {
    match body.get(field) {
        None => Err(Problem::field(format!("body.{field}"), "Field required")),
        Some(Value::String(text)) => Ok(text.clone()),
        Some(_) => Err(Problem::field(format!("body.{field}"), "Input should be a valid string")),
    }
}

/// The same, an address of mail.
pub(super) fn email(body: &Map<String, Value>, field: &str) -> Result<String, Problem> {
    let written = text(body, field)?;
    accounts::read_email(&written).map_err(|trouble| Problem::field(format!("body.{field}"), trouble))
}

impl From<Refused> for Problem {
    fn from(refused: Refused) -> Problem {
        let (status, code) = match refused {
            Refused::Trouble(trouble) => return trouble.into(),
            Refused::EmailTaken => (StatusCode::CONFLICT, "duplicate_email"),
            Refused::KeyRotated => (StatusCode::UNAUTHORIZED, "key_rotated"),
            Refused::KeyGone => (StatusCode::UNAUTHORIZED, "invalid_api_key"),
            Refused::KeyExpired => (StatusCode::UNAUTHORIZED, "key_expired"),
            Refused::OwnersKey => (StatusCode::FORBIDDEN, "owner_key"),
            Refused::TooManyKeys(_) => (StatusCode::FORBIDDEN, "too_many_keys"),
            Refused::NoSuchKey => (StatusCode::NOT_FOUND, "not_found"),
            Refused::CodeTaken => (StatusCode::CONFLICT, "device_code_exists"),
            Refused::TooManyLogins(_) => (StatusCode::TOO_MANY_REQUESTS, "too_many_logins"),
            Refused::NoSuchLogin => (StatusCode::NOT_FOUND, "device_code_not_found"),
            Refused::LoginExpired => (StatusCode::BAD_REQUEST, "device_code_expired"),
            Refused::LoginAnswered => (StatusCode::BAD_REQUEST, "invalid_status"),
            Refused::BadTicket => (StatusCode::UNAUTHORIZED, "invalid_token"),
        };
        let retry_after_s = (status == StatusCode::TOO_MANY_REQUESTS).then_some(60);
        Problem { retry_after_s, ..Problem::new(status, code, refused.to_string()) }
    }
}
