//! Keys of the agents' door and the accounts that registered there.

use super::wire::{AccountView, DeskError, Key, KeyAdd, KeyRef, KeyView, Keys, Nothing};
use super::{Desk, invalid};
use crate::accounts;
use crate::journal::KeyRow;

const SCOPES: [&str; 3] = ["cues", "report", "commands"];
const NAME_CHARS_MAX: usize = 64;

pub(super) async fn keys(desk: &Desk, _: Nothing) -> Result<Keys, DeskError> {
    let reader = desk.handle.reader();
    let accounts = reader.accounts().await?.into_iter().map(|(account, cues)| AccountView {
        id: account.id.0,
        email: account.email.unwrap_or_default(),
        created_at_ms: account.created_at.0,
        cues,
    });
    Ok(Keys { accounts: accounts.collect(), keys: reader.keys().await?.into_iter().map(view).collect() })
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
    if let Some(word) = request.scopes.iter().find(|word| !SCOPES.contains(&word.as_str())) {
        return Err(invalid("scopes", format!("There is no scope `{word}`; there are {}.", SCOPES.join(", "))));
    }
    if request.scopes.is_empty() {
        return Err(invalid("scopes", format!("Say what it may do: {}.", SCOPES.join(", "))));
    }
    let scopes: Vec<&str> =
        SCOPES.into_iter().filter(|word| request.scopes.iter().any(|given| given == word)).collect();
    let key = accounts::add(&desk.handle, name, &scopes.join(" ")).await?;
    Ok(Key { key })
}

pub(super) async fn remove(desk: &Desk, request: KeyRef) -> Result<Keys, DeskError> {
    accounts::remove(&desk.handle, request.id).await?;
    keys(desk, Nothing {}).await
}

fn view(key: KeyRow) -> KeyView {
    KeyView {
        id: key.id().to_owned(),
        name: key.name,
        prefix: key.prefix,
        scopes: key.scopes.split_whitespace().map(str::to_owned).collect(),
        account: (!key.account.is_owner()).then_some(key.account.0),
        created_at_ms: key.created_at.0,
        rotated_at_ms: key.rotated_at.map(|at| at.0),
    }
}
