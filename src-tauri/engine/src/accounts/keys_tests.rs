//! On a real engine with a clock that is moved by hand: keys that end, are renewed with a grace, and when they were last seen.

use std::path::Path;
use std::sync::Arc;

use super::*;
use crate::clock::ManualClock;
use crate::notify::Notifier;
use crate::vault::{Vault, VaultKind};
use crate::{Config, Engine, Ports, Running};

/// 21 November 2026, 12:00 UTC.
const NOON: Ms = Ms(1_795_262_400_000);

async fn tower(folder: &Path, clock: &Arc<ManualClock>) -> (Handle, Running) {
    let vault = Vault::open(VaultKind::Memory, folder).await;
    let notifier = Notifier::start(false).await.0;
    let config = Config::of(folder.to_owned(), "http://127.0.0.1:9".to_owned());
    Engine::start(config, Ports { clock: clock.clone(), vault, notifier }).unwrap()
}

fn new(name: &str, expires_in_days: Option<u32>) -> NewKey {
    let (name, scopes) = (name.to_owned(), "cues:read report".to_owned());
    NewKey { name, scopes, agent: "ada".to_owned(), own_cues: true, expires_in_days }
}

async fn id_of(handle: &Handle, key: &str) -> String {
    let row = handle.reader().key(key_hash(key)).await.unwrap().unwrap();
    row.id().to_owned()
}

/// What a key is answered with.
async fn shown(handle: &Handle, key: &str) -> &'static str {
    match opened(handle, key).await {
        Ok(_) => "open",
        Err(Refused::KeyExpired) => "expired",
        Err(Refused::KeyRotated) => "rotated",
        Err(Refused::KeyGone) => "gone",
        Err(other) => panic!("{other}"),
    }
}

#[tokio::test]
async fn a_key_ends_at_its_hour_and_gets_as_long_a_life_again() {
    let (folder, clock) = (tempfile::tempdir().unwrap(), Arc::new(ManualClock::at(NOON)));
    let (handle, running) = tower(folder.path(), &clock).await;
    let key = add(&handle, new("crm", Some(30))).await.unwrap();
    let endless = add(&handle, new("etl", None)).await.unwrap();
    clock.set(NOON.plus(30 * DAY_MS - 1));
    assert_eq!((shown(&handle, &key).await, shown(&handle, &endless).await), ("open", "open"));
    clock.set(NOON.plus(30 * DAY_MS));
    assert_eq!((shown(&handle, &key).await, shown(&handle, &endless).await), ("expired", "open"));
    let session = crate::accounts::made(handle.tower_key(), &key_hash(&key), "ada@example.com", handle.now());
    assert_eq!(crate::accounts::good(&handle, &session).await.unwrap(), None, "its sessions end with it");

    let id = id_of(&handle, &key).await;
    let next = rotate(&handle, id, 0).await.unwrap();
    assert_eq!(shown(&handle, &next).await, "open");
    clock.set(NOON.plus(60 * DAY_MS));
    assert_eq!(shown(&handle, &next).await, "expired");
    running.stop().await;
}

#[tokio::test]
async fn a_key_that_ends_does_not_prolong_itself() {
    let (folder, clock) = (tempfile::tempdir().unwrap(), Arc::new(ManualClock::at(NOON)));
    let (handle, running) = tower(folder.path(), &clock).await;
    let first = add(&handle, new("crm", Some(30))).await.unwrap();
    clock.set(NOON.plus(10 * DAY_MS));
    let second = renew(&handle, key_hash(&first)).await.unwrap();
    clock.set(NOON.plus(29 * DAY_MS));
    let third = renew(&handle, key_hash(&second)).await.unwrap();
    assert_eq!(shown(&handle, &third).await, "open");
    clock.set(NOON.plus(30 * DAY_MS));
    assert_eq!(shown(&handle, &third).await, "expired");
    // The owner's word gives it the life it had, however often it was renewed.
    let id = id_of(&handle, &third).await;
    let owners = rotate(&handle, id, 0).await.unwrap();
    clock.set(NOON.plus(60 * DAY_MS - 1));
    assert_eq!(shown(&handle, &owners).await, "open");
    clock.set(NOON.plus(60 * DAY_MS));
    assert_eq!(shown(&handle, &owners).await, "expired");
    running.stop().await;
}

#[tokio::test]
async fn a_rotation_by_the_owner_locks_out_whoever_had_the_key() {
    let (folder, clock) = (tempfile::tempdir().unwrap(), Arc::new(ManualClock::at(NOON)));
    let (handle, running) = tower(folder.path(), &clock).await;
    let stolen = add(&handle, new("crm", None)).await.unwrap();
    let (line, mail) = (key_hash(&stolen), "ada@example.com");
    let thiefs = crate::accounts::made(handle.tower_key(), &line, mail, handle.now());
    let stands_for = async |session: &str| crate::accounts::good(&handle, session).await.unwrap();
    assert!(stands_for(&thiefs).await.is_some());

    clock.set(NOON.plus(10_000));
    let id = id_of(&handle, &stolen).await;
    let next = rotate(&handle, id, 0).await.unwrap();
    assert_eq!(stands_for(&thiefs).await, None, "a session of before");
    let row = handle.reader().key(key_hash(&next)).await.unwrap().unwrap();
    assert!(matches!(reveal(handle.tower_key(), &row), Revealed::Prefix(_)), "it is shown this once");

    clock.set(NOON.plus(20_000));
    let own = crate::accounts::made(handle.tower_key(), &line, mail, handle.now());
    assert_eq!(stands_for(&own).await.map(|row| row.hash), Some(key_hash(&next)));
    let last = renew(&handle, key_hash(&next)).await.unwrap();
    assert_eq!(
        stands_for(&own).await.map(|row| row.hash),
        Some(key_hash(&last)),
        "its holder's renewal ends no session"
    );
    assert_eq!(stands_for(&thiefs).await, None, "nor does it bring one back");
    running.stop().await;
}

#[tokio::test]
async fn a_renewed_key_is_good_for_its_grace_and_is_told_afterwards() {
    let (folder, clock) = (tempfile::tempdir().unwrap(), Arc::new(ManualClock::at(NOON)));
    let (handle, running) = tower(folder.path(), &clock).await;
    let old = add(&handle, new("crm", None)).await.unwrap();
    let id = id_of(&handle, &old).await;
    let next = rotate(&handle, id.clone(), 24 * HOUR_MS).await.unwrap();
    let row = async |key: &str| handle.reader().key(key_hash(key)).await.unwrap().unwrap();
    let (before, after) = (row(&old).await, row(&next).await);
    assert_eq!((before.grace_until, &after.line), (Some(NOON.plus(24 * HOUR_MS)), &before.line));
    assert_eq!((after.limited_to(), &after.scopes), (Some("ada"), &before.scopes));
    assert!(matches!(rotate(&handle, id, 0).await, Err(Refused::KeyRotated)), "its successor is renewed, not it");

    clock.set(NOON.plus(24 * HOUR_MS - 1));
    assert_eq!((shown(&handle, &old).await, shown(&handle, &next).await), ("open", "open"));
    clock.set(NOON.plus(24 * HOUR_MS));
    assert_eq!((shown(&handle, &old).await, shown(&handle, &next).await), ("rotated", "open"));
    clock.set(NOON.plus(48 * HOUR_MS));
    assert_eq!((shown(&handle, &old).await, shown(&handle, &next).await), ("gone", "open"));

    // CueAPI's way leaves the old one no grace.
    let last = renew(&handle, key_hash(&next)).await.unwrap();
    assert_eq!((shown(&handle, &next).await, shown(&handle, &last).await), ("rotated", "open"));
    running.stop().await;
}

#[tokio::test]
async fn when_a_key_was_last_seen_is_known_at_once_and_kept_in_the_end() {
    let (folder, clock) = (tempfile::tempdir().unwrap(), Arc::new(ManualClock::at(NOON)));
    let (handle, running) = tower(folder.path(), &clock).await;
    let key = add(&handle, new("crm", None)).await.unwrap();
    let hash = key_hash(&key);
    assert_eq!(handle.accounts.last_seen(&hash), None);
    clock.set(NOON.plus(5_000));
    assert_eq!(shown(&handle, &key).await, "open");
    assert_eq!(handle.accounts.last_seen(&hash), Some(NOON.plus(5_000)));
    assert_eq!(handle.reader().key(hash.clone()).await.unwrap().unwrap().last_seen, None, "no request waited for it");
    let seen = [(hash.clone(), NOON.plus(5_000)), ("nobody".to_owned(), NOON)];
    record(&handle, move |recorder| recorder.keys_seen(&seen).map(Ok)).await.unwrap();
    assert_eq!(handle.reader().key(hash).await.unwrap().unwrap().last_seen, Some(NOON.plus(5_000)));
    running.stop().await;
}
