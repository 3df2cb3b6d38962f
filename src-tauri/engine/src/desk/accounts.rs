//! Keys of the agents' door and the accounts that registered there.

use cuetower_core::time::HOUR_MS;

use super::wire::{AccountView, DeskError, Key, KeyAdd, KeyRef, KeyRotate, KeyView, Keys, Nothing};
use super::{Desk, invalid};
use crate::accounts::scopes::WORDS;
use crate::accounts::{self, NewKey};
use crate::journal::KeyRow;

const NAME_CHARS_MAX: usize = 64;
/// As a cue's `agent`.
const AGENT_CHARS_MAX: usize = 255;
const LIFE_DAYS_MAX: u32 = 3_650;
const GRACE_HOURS: u32 = 24;
const GRACE_HOURS_MAX: u32 = 168;

pub(super) async fn keys(desk: &Desk, _: Nothing) -> Result<Keys, DeskError> {
    let reader = desk.handle.reader();
    let accounts = reader.accounts().await?.into_iter().map(|(account, cues)| AccountView {
        id: account.id.0,
        email: account.email.unwrap_or_default(),
        created_at_ms: account.created_at.0,
        cues,
    });
    Ok(Keys {
        accounts: accounts.collect(),
        keys: reader.keys().await?.into_iter().map(|key| view(desk, key)).collect(),
    })
}

/// The key itself is in the answer, and nowhere else afterwards.
pub(super) async fn add(desk: &Desk, request: KeyAdd) -> Result<Key, DeskError> {
    let name = request.name.trim();
    if !(1..=NAME_CHARS_MAX).contains(&name.chars().count()) || name.chars().any(char::is_control) {
        let message = format!("A key is named after what uses it, in 1 to {NAME_CHARS_MAX} characters.");
        return Err(invalid("name", message));
    }
    if !accounts::is_free_name(name) {
        return Err(invalid("name", "`owner` is your own key; name this one after what uses it."));
    }
    if let Some(word) = request.scopes.iter().find(|word| !WORDS.contains(&word.as_str())) {
        return Err(invalid("scopes", format!("There is no scope `{word}`; there are {}.", WORDS.join(", "))));
    }
    if request.scopes.is_empty() {
        return Err(invalid("scopes", format!("Say what it may do: {}.", WORDS.join(", "))));
    }
    let agent = request.agent.as_deref().unwrap_or_default().trim().to_owned();
    if agent.chars().count() > AGENT_CHARS_MAX || agent.chars().any(char::is_control) {
        return Err(invalid("agent", format!("An agent's name is one line of at most {AGENT_CHARS_MAX} characters.")));
    }
    let own_cues = request.own_cues.unwrap_or(false);
    if own_cues && agent.is_empty() {
        return Err(invalid("agent", "Say whose cues it may reach: name its agent."));
    }
    if request.expires_in_days.is_some_and(|days| !(1..=LIFE_DAYS_MAX).contains(&days)) {
        return Err(invalid("expires_in_days", format!("A key lives 1 to {LIFE_DAYS_MAX} days, or without an end.")));
    }
    let scopes: Vec<&str> = WORDS.into_iter().filter(|word| request.scopes.iter().any(|given| given == word)).collect();
    let expires_in_days = request.expires_in_days;
    let new = NewKey { name: name.to_owned(), scopes: scopes.join(" "), agent, own_cues, expires_in_days };
    Ok(Key { key: accounts::add(&desk.handle, new).await? })
}

/// The new key is in the answer, and nowhere else afterwards. The old one stays good beside it for the grace.
pub(super) async fn rotate(desk: &Desk, request: KeyRotate) -> Result<Key, DeskError> {
    let hours = request.grace_hours.unwrap_or(GRACE_HOURS);
    if hours > GRACE_HOURS_MAX {
        return Err(invalid("grace_hours", format!("The old key may stay good for 0 to {GRACE_HOURS_MAX} hours.")));
    }
    let key = accounts::rotate(&desk.handle, request.id, u64::from(hours) * HOUR_MS).await?;
    Ok(Key { key })
}

pub(super) async fn remove(desk: &Desk, request: KeyRef) -> Result<Keys, DeskError> {
    accounts::remove(&desk.handle, request.id).await?;
    keys(desk, Nothing {}).await
}

fn view(desk: &Desk, key: KeyRow) -> KeyView {
    let last_seen = desk.handle.accounts.last_seen(&key.hash).or(key.last_seen);
    KeyView {
        id: key.id().to_owned(),
        name: key.name,
        prefix: key.prefix,
        scopes: key.scopes.split_whitespace().map(str::to_owned).collect(),
        account: (!key.account.is_owner()).then_some(key.account.0),
        agent: Some(key.agent).filter(|agent| !agent.is_empty()),
        own_cues: key.own_cues,
        created_at_ms: key.created_at.0,
        expires_at_ms: key.expires_at.map(|at| at.0),
        rotated_at_ms: key.rotated_at.map(|at| at.0),
        grace_until_ms: key.grace_until.map(|at| at.0),
        last_seen_ms: last_seen.map(|at| at.0),
    }
}
