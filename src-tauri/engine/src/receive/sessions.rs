//! `/v1/auth/session`: a JWT for the ticket that came with a key, and a fresh one for the holder of any.

use axum::Json;
use axum::extract::State;
use serde_json::{Value, json};

use super::Door;
use super::auth::text;
use super::caller::Caller;
use super::given::Given;
use super::problem::Problem;
use crate::accounts;

routes! {
    post "/v1/auth/session" => begin;
    post "/v1/auth/session/refresh" => refresh;
}

pub(super) async fn begin(State(door): State<Door>, given: Given) -> Result<Json<Value>, Problem> {
    let ticket = text(&given.required()?, "token")?;
    let (session_token, email) = accounts::begin(&door.handle, &ticket).await?;
    Ok(Json(json!({ "session_token": session_token, "email": email })))
}

pub(super) async fn refresh(State(door): State<Door>, caller: Caller) -> Result<Json<Value>, Problem> {
    let key = caller.key()?;
    if key.rotated_at.is_some() {
        // In its grace it does what it did; a session would stand for its successor.
        return Err(accounts::Refused::KeyRotated.into());
    }
    let account = door.handle.reader().account(key.account.0.clone()).await?;
    let email = accounts::email_of(account.as_ref());
    let session_token = accounts::made(door.handle.tower_key(), &key.line, &email, door.handle.now());
    Ok(Json(json!({ "session_token": session_token, "email": email })))
}
