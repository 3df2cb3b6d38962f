//! Keys: which one opens the door, showing one again, renewing one, the owner's adding and removing.

use cuetower_core::time::HOUR_MS;
use serde_json::json;

use super::{LANE, Refused, record};
use crate::desk::wire::Topic;
use crate::handle::Handle;
use crate::journal::{AccountRow, KeyRow, PREFIX_CHARS, Recorder, StoreError};
use crate::token::{TowerKey, key_hash, new_api_key};

/// So long is the holder of a renewed key told that it was renewed; later it is a key nobody knows.
const ROTATED_TOLD_MS: u64 = 24 * HOUR_MS;
/// The name of the owner's own, which the vault keeps.
const OWNERS: &str = "owner";

/// What can be shown of a key.
pub(crate) enum Revealed {
    Whole(String),
    /// Nothing of the key itself is kept.
    Prefix(String),
}

/// The key behind what was shown at the door.
pub(crate) async fn opened(handle: &Handle, shown: &str) -> Result<KeyRow, Refused> {
    let row = handle.reader().key(key_hash(shown)).await?.ok_or(Refused::KeyGone)?;
    match row.rotated_at {
        None => Ok(row),
        Some(at) if handle.now() < at.plus(ROTATED_TOLD_MS) => Err(Refused::KeyRotated),
        Some(_) => Err(Refused::KeyGone),
    }
}

/// The first key of an account was shown to whoever registered, and its holder is not taken for that before it renewed it.
pub(crate) fn reveal(tower_key: &TowerKey, row: &KeyRow) -> Revealed {
    let registered_with = !row.account.is_owner() && row.line == row.hash;
    let derived = row.number.filter(|_| !registered_with).map(|number| tower_key.account_key(&row.account, number));
    // Another tower's key would derive another one.
    match derived.filter(|key| key_hash(key) == row.hash) {
        Some(key) => Revealed::Whole(key),
        None => Revealed::Prefix(row.prefix.clone()),
    }
}

/// Makes the account's next key and writes it down; the account has to be kept by the caller. The key, and what is stored of it.
pub(super) fn derive(
    recorder: &Recorder<'_>,
    tower_key: &TowerKey,
    account: &mut AccountRow,
    name: String,
    scopes: &str,
) -> Result<(String, KeyRow), StoreError> {
    account.last_key += 1;
    let key = tower_key.account_key(&account.id, account.last_key);
    let row = KeyRow {
        hash: key_hash(&key),
        name,
        scopes: scopes.to_owned(),
        created_at: recorder.now,
        account: account.id.clone(),
        prefix: key.chars().take(PREFIX_CHARS).collect(),
        number: Some(account.last_key),
        rotated_at: None,
        line: key_hash(&key),
    };
    Ok((key, row))
}

/// A new key in the place of this one, with the same name and scopes.
pub(crate) async fn renew(handle: &Handle, hash: String) -> Result<String, Refused> {
    let tower_key = handle.tower_key().clone();
    record(handle, move |recorder| {
        let Some(old) = recorder.key(&hash)? else { return Ok(Err(Refused::KeyGone)) };
        if old.rotated_at.is_some() {
            return Ok(Err(Refused::KeyRotated));
        }
        if old.account.is_owner() && old.name == OWNERS {
            return Ok(Err(Refused::OwnersKey));
        }
        let Some(mut account) = recorder.account(&old.account)? else { return Ok(Err(Refused::KeyGone)) };
        let (key, row) = derive(recorder, &tower_key, &mut account, old.name.clone(), &old.scopes)?;
        let row = KeyRow { line: old.line.clone(), ..row };
        recorder.rotate_key(&old.hash)?;
        recorder.keep_key(&row)?;
        recorder.keep_account(&account)?;
        let fact = json!({ "account": account.id, "name": row.name, "old": old.hash, "hash": row.hash });
        recorder.fact(LANE, "key_renewed", &fact)?;
        recorder.touch(Topic::Accounts);
        Ok(Ok(key))
    })
    .await
}

/// A key of the owner's account for one program; shown once.
pub(crate) async fn add(handle: &Handle, name: &str, scopes: &str) -> Result<String, Refused> {
    let key = new_api_key();
    let row = KeyRow::of_owner(&key, name, scopes, handle.now());
    record(handle, move |recorder| {
        let fact = json!({ "account": row.account, "name": row.name, "hash": row.hash, "scopes": row.scopes });
        recorder.keep_key(&row)?;
        recorder.fact(LANE, "key_made", &fact)?;
        recorder.touch(Topic::Accounts);
        Ok(Ok(()))
    })
    .await?;
    Ok(key)
}

/// From now on it opens nothing, and neither does a session of its holder. `id`: `KeyRow::id`.
pub(crate) async fn remove(handle: &Handle, id: &str) -> Result<(), Refused> {
    let rows = handle.reader().keys().await?;
    let row = rows.into_iter().find(|row| row.id() == id).ok_or(Refused::NoSuchKey)?;
    if row.account.is_owner() && row.name == OWNERS {
        return Err(Refused::OwnersKey);
    }
    record(handle, move |recorder| {
        recorder.drop_key(&row.hash)?;
        let fact = json!({ "account": row.account, "name": row.name, "hash": row.hash });
        recorder.fact(LANE, "key_removed", &fact)?;
        recorder.touch(Topic::Accounts);
        Ok(Ok(()))
    })
    .await
}

/// Whether a key may have this name beside the owner's own.
pub(crate) fn is_free_name(name: &str) -> bool {
    name != OWNERS
}
