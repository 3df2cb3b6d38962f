//! `/v1/auth`: registering, what an account is told of itself, its key, and the secrets that sign.

use std::net::IpAddr;

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse as _, Response};
use chrono::{Datelike as _, NaiveTime};
use cuetower_core::Ms;
use serde_json::{Map, Value, json};
use url::{Host, Url};

use super::caller::Caller;
use super::given::Given;
use super::problem::Problem;
use super::{Door, strict, wire};
use crate::accounts::{self, Changed, Refused, Revealed};
use crate::deliver::address;

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

/// Said where nothing is limited: CueAPI's clients show a number.
const PLENTY: u32 = 1_000_000;
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
    let runs = reader.runs_since(key.account.0.clone(), month_of(door.handle.now())).await?;
    let active = reader.cues(Some(key.account.0.clone()), Some("active".to_owned()), 1, 0).await?;
    let (_, active_cues) = active;
    let owner = key.account.is_owner();
    Ok(Json(json!({
        "email": email,
        "plan": if owner { "owner" } else { "free" },
        "active_cues": active_cues,
        "active_cue_limit": if owner { json!(PLENTY) } else { json!(door.handle.accounts.cues_max()) },
        "executions_this_month": runs,
        "monthly_execution_limit": PLENTY,
        "rate_limit_per_minute": door.openings.rate_limit.unwrap_or(PLENTY),
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
            may_be_told(&door, url).await?;
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

/// The first instant of this month, in UTC.
fn month_of(now: Ms) -> Ms {
    let today = now.utc().unwrap_or_default().date_naive();
    let first = today.with_day(1).unwrap_or(today).and_time(NaiveTime::MIN);
    Ms(first.and_utc().timestamp_millis())
}

/// Whether alerts may be sent there.
async fn may_be_told(door: &Door, url: &str) -> Result<(), Problem> {
    let trouble = match trouble_with_alert_url(url) {
        None if door.openings.strict_addresses => strict::trouble_with(door, url).await,
        trouble => trouble.map(str::to_owned),
    };
    trouble.map_or(Ok(()), |trouble| Err(Problem::new(StatusCode::BAD_REQUEST, "invalid_alert_webhook_url", trouble)))
}

/// In CueAPI's words. This machine may be called. Where a name leads is looked at with each delivery, and here only by a
/// strict tower (`strict`).
fn trouble_with_alert_url(written: &str) -> Option<&'static str> {
    let url = Url::parse(written).ok().filter(|_| written.chars().count() <= URL_CHARS_MAX);
    let Some(url) = url else { return Some("Invalid URL format") };
    if !matches!(url.scheme(), "http" | "https") {
        return Some("URL must use http:// or https://");
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Some("Credentials in callback URLs are not allowed");
    }
    let found: IpAddr = match url.host() {
        None => return Some("URL must have a hostname"),
        Some(Host::Domain(_)) => return None,
        Some(Host::Ipv4(address)) => address.into(),
        Some(Host::Ipv6(address)) => address.into(),
    };
    (!address::kind(found).permitted(false)).then_some("Callback URL resolves to blocked address range")
}

impl From<Refused> for Problem {
    fn from(refused: Refused) -> Problem {
        let (status, code) = match refused {
            Refused::Trouble(trouble) => return trouble.into(),
            Refused::EmailTaken => (StatusCode::CONFLICT, "duplicate_email"),
            Refused::KeyRotated => (StatusCode::UNAUTHORIZED, "key_rotated"),
            Refused::KeyGone => (StatusCode::UNAUTHORIZED, "invalid_api_key"),
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn alerts_go_to_this_machine_or_the_world_and_nowhere_in_between() {
        for url in
            ["http://93.184.216.34/hook", "https://hooks.example.com/x?y=1", "http://127.0.0.1:9000/", "http://[::1]/"]
        {
            assert_eq!(trouble_with_alert_url(url), None, "{url}");
        }
        let blocked = Some("Callback URL resolves to blocked address range");
        for url in ["http://10.0.0.1/x", "http://169.254.169.254/", "http://0x0a000001/", "http://0.0.0.0/"] {
            assert_eq!(trouble_with_alert_url(url), blocked, "{url}");
        }
        for url in ["ftp://example.com/", "http://a:b@example.com/", "nonsense", ""] {
            assert!(trouble_with_alert_url(url).is_some(), "{url}");
        }
    }

    #[test]
    fn a_month_begins_at_its_first_midnight() {
        assert_eq!(month_of(Ms(1_795_202_716_500)), Ms(1_793_491_200_000), "2026-11-20 belongs to 2026-11-01");
        assert_eq!(month_of(Ms(1_793_491_200_000)), Ms(1_793_491_200_000));
    }
}
