//! Keys: which one opens the door, showing one again, renewing one, the owner's adding, rotating and removing.

use cuetower_core::Ms;
use cuetower_core::id::AccountId;
use cuetower_core::time::{DAY_MS, HOUR_MS};
use serde_json::json;

use super::{LANE, Refused, record};
use crate::desk::wire::Topic;
use crate::handle::Handle;
use crate::journal::{KeyRow, OWNERS, Recorder, StoreError};
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
            handle.accounts.opens(&row, recorded);
            row
        }
    };
    let now = handle.now();
    goes(&row, now)?;
    handle.accounts.seen(&row.hash, now);
    Ok(row)
}

/// Whether the key is good now.
fn goes(row: &KeyRow, now: Ms) -> Result<(), Refused> {
    match row.grace_until.or(row.rotated_at).filter(|_| row.was_replaced(now)) {
        Some(over) if now < over.plus(ROTATED_TOLD_MS) => Err(Refused::KeyRotated),
        Some(_) => Err(Refused::KeyGone),
        None if row.has_expired(now) => Err(Refused::KeyExpired),
        None => Ok(()),
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
            name,
            scopes: scopes.to_owned(),
            account: self.account,
            number: Some(self.number),
            ..KeyRow::of_owner(&self.key, "", "", recorder.now)
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

/// A new key in the place of this one, with the same name and scopes, by whoever holds it: it ends when the old one did.
/// `hash`: the old one's.
pub(crate) async fn renew(handle: &Handle, hash: String) -> Result<String, Refused> {
    let tower_key = handle.tower_key().clone();
    record(handle, move |recorder| {
        let Some(old) = recorder.key(&hash)? else { return Ok(Err(Refused::KeyGone)) };
        let derived = Derived::new(&tower_key, old.account.clone());
        let (key, row) = derived.named(recorder, old.name.clone(), &old.scopes);
        let row = KeyRow { expires_at: old.expires_at, ..row };
        Ok(replace(recorder, &old, row, None)?.map(|()| key))
    })
    .await
}

/// The same by the owner, who names it by `KeyRow::id`: for as long a life again, and for `grace_ms` the old one is good beside
/// the new. Nobody who had the old one gets at the new: it is not derived, so it is shown this once, and sessions of before end.
pub(crate) async fn rotate(handle: &Handle, id: String, grace_ms: u64) -> Result<String, Refused> {
    let key = new_api_key();
    record(handle, move |recorder| {
        let Some(old) = recorder.key_with_id(&id)? else { return Ok(Err(Refused::NoSuchKey)) };
        let until = Some(recorder.now.plus(grace_ms)).filter(|_| grace_ms > 0);
        let life = match old.expires_at {
            Some(at) => Some(at.since(recorder.life_began(&old.line, at)?.unwrap_or(old.created_at))),
            None => None,
        };
        let row = KeyRow {
            account: old.account.clone(),
            expires_at: life.map(|life| recorder.now.plus(life)),
            ..KeyRow::of_owner(&key, &old.name, &old.scopes, recorder.now)
        };
        Ok(replace(recorder, &old, row, until)?.map(|()| key))
    })
    .await
}

/// `new`: its line and its limits are the old one's.
fn replace(
    recorder: &Recorder<'_>,
    old: &KeyRow,
    new: KeyRow,
    grace_until: Option<Ms>,
) -> Result<Result<(), Refused>, StoreError> {
    if old.rotated_at.is_some() {
        return Ok(Err(Refused::KeyRotated));
    }
    if old.account.is_owner() && old.name == OWNERS {
        return Ok(Err(Refused::OwnersKey));
    }
    let row = KeyRow { line: old.line.clone(), agent: old.agent.clone(), own_cues: old.own_cues, ..new };
    recorder.rotate_key(&old.hash, grace_until)?;
    recorder.keep_key(&row)?;
    let fact = json!({ "account": row.account, "name": row.name, "old": old.hash, "hash": row.hash, "grace_until": grace_until, "expires_at": row.expires_at });
    recorder.fact(LANE, "key_renewed", &fact)?;
    recorder.touch(Topic::Accounts);
    Ok(Ok(()))
}

/// What the owner says of a new key.
pub(crate) struct NewKey {
    pub name: String,
    /// Words, separated by spaces.
    pub scopes: String,
    /// Which agent shows it; empty: nobody in particular.
    pub agent: String,
    /// It reaches no cues but those of its agent.
    pub own_cues: bool,
    pub expires_in_days: Option<u32>,
}

/// A key of the owner's account for one program; shown once.
pub(crate) async fn add(handle: &Handle, new: NewKey) -> Result<String, Refused> {
    let (key, now) = (new_api_key(), handle.now());
    let row = KeyRow {
        agent: new.agent,
        own_cues: new.own_cues,
        expires_at: new.expires_in_days.map(|days| now.plus(u64::from(days) * DAY_MS)),
        ..KeyRow::of_owner(&key, &new.name, &new.scopes, now)
    };
    record(handle, move |recorder| {
        let fact = json!({ "account": row.account, "name": row.name, "hash": row.hash, "scopes": row.scopes, "agent": row.agent, "own_cues": row.own_cues, "expires_at": row.expires_at });
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

#[cfg(test)]
#[path = "keys_tests.rs"]
mod tests;
