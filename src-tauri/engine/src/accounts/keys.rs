//! Keys: which one opens the door, showing one again, renewing one, the owner's adding and removing.

use cuetower_core::id::AccountId;
use cuetower_core::time::HOUR_MS;
use serde_json::json;

use super::{LANE, Refused, record};
use crate::desk::wire::Topic;
use crate::handle::Handle;
use crate::journal::{KeyRow, OWNERS, PREFIX_CHARS, Recorder, StoreError};
use crate::token::{TowerKey, key_hash, new_api_key, new_number};

/// So long is the holder of a renewed key told that it was renewed; later it is a key nobody knows.
const ROTATED_TOLD_MS: u64 = 24 * HOUR_MS;
/// Keys of one account that open something, at most.
const KEYS_MAX: u32 = 1_000;

/// What can be shown of a key.
pub(crate) enum Revealed {
    Whole(String),
    /// Nothing of the key itself is kept.
    Prefix(String),
}

/// The key behind what was shown at the door.
pub(crate) async fn opened(handle: &Handle, shown: &str) -> Result<KeyRow, Refused> {
    let hash = key_hash(shown);
    // Counted before the look: what is changed after it is looked at again.
    let recorded = *handle.recorded.borrow();
    let row = match handle.accounts.opened_with(&hash, recorded) {
        Some(row) => row,
        None => {
            let row = handle.reader().key(hash).await?.ok_or(Refused::KeyGone)?;
            if row.rotated_at.is_none() {
                handle.accounts.opens(&row, recorded);
            }
            row
        }
    };
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

/// A key that the tower derives for an account and can show again.
pub(super) struct Derived {
    key: String,
    account: AccountId,
    number: u64,
}

impl Derived {
    pub fn new(tower_key: &TowerKey, account: AccountId) -> Derived {
        let number = new_number();
        Derived { key: tower_key.account_key(&account, number), account, number }
    }

    /// The key, and what is stored of it.
    pub fn named(self, recorder: &Recorder<'_>, name: String, scopes: &str) -> (String, KeyRow) {
        let row = KeyRow {
            hash: key_hash(&self.key),
            name,
            scopes: scopes.to_owned(),
            created_at: recorder.now,
            account: self.account,
            prefix: self.key.chars().take(PREFIX_CHARS).collect(),
            number: Some(self.number),
            rotated_at: None,
            line: key_hash(&self.key),
        };
        (self.key, row)
    }
}

/// Writes down one more key, if there is room.
pub(super) fn keep_one_more(recorder: &Recorder<'_>, row: &KeyRow) -> Result<Result<(), Refused>, StoreError> {
    if recorder.keys_count(&row.account)? >= KEYS_MAX {
        return Ok(Err(Refused::TooManyKeys(KEYS_MAX)));
    }
    recorder.keep_key(row).map(Ok)
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
        let derived = Derived::new(&tower_key, old.account.clone());
        let (key, row) = derived.named(recorder, old.name.clone(), &old.scopes);
        let row = KeyRow { line: old.line.clone(), ..row };
        recorder.rotate_key(&old.hash)?;
        recorder.keep_key(&row)?;
        let fact = json!({ "account": row.account, "name": row.name, "old": old.hash, "hash": row.hash });
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
        if let Err(refused) = keep_one_more(recorder, &row)? {
            return Ok(Err(refused));
        }
        recorder.fact(LANE, "key_made", &fact)?;
        recorder.touch(Topic::Accounts);
        Ok(Ok(()))
    })
    .await?;
    Ok(key)
}

/// From now on it opens nothing, and neither does what it was renewed to, nor a session of its holder. `id`: `KeyRow::id`.
pub(crate) async fn remove(handle: &Handle, id: String) -> Result<(), Refused> {
    record(handle, move |recorder| {
        let Some(row) = recorder.key_with_id(&id)? else { return Ok(Err(Refused::NoSuchKey)) };
        if row.account.is_owner() && row.name == OWNERS {
            return Ok(Err(Refused::OwnersKey));
        }
        recorder.drop_line(&row.line)?;
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
