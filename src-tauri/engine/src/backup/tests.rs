//! On a real engine: what goes along, who is left out, when one is due, which go.

use std::sync::Arc;
use std::time::Duration;

use super::*;
use crate::briefing_note::tests::{NOW, tower};
use crate::clock::ManualClock;
use crate::notify::Notifier;

fn words(passphrase: &str) -> Option<Zeroizing<String>> {
    Some(Zeroizing::new(passphrase.to_owned()))
}

#[tokio::test]
async fn secrets_go_along_under_their_passphrase_alone() {
    let folder = tempfile::tempdir().unwrap();
    let clock = Arc::new(ManualClock::at(NOW));
    let (handle, running) = tower(folder.path(), &clock, Notifier::start(false).await.0).await;
    handle.vault.set("OPENAI", "sk-the-value-itself").await.unwrap();
    handle.tower(crate::handle::TowerChange::SecretKept("OPENAI".to_owned())).await.unwrap();
    let key = std::fs::read(folder.path().join(TOWER_KEY)).unwrap();
    let (open, sealed) = (folder.path().join("open.backup"), folder.path().join("sealed.backup"));
    let backups = &handle.backups;
    let plain = backups.make(&handle, Asked { to: open.clone(), passphrase: None }).await.unwrap();
    assert_eq!(
        (plain.manifest.secrets.clone(), plain.manifest.sealed, plain.cues),
        (vec!["OPENAI".to_owned()], false, 1)
    );
    let short = backups.make(&handle, Asked { to: sealed.clone(), passphrase: words("short") }).await;
    assert!(matches!(short, Err(BackupError::ShortPassphrase)));
    backups.make(&handle, Asked { to: sealed.clone(), passphrase: words("correct horse") }).await.unwrap();
    let again = backups.make(&handle, Asked { to: sealed.clone(), passphrase: None }).await;
    assert!(matches!(again, Err(BackupError::Exists(_))), "what is there stays");
    for path in [&open, &sealed] {
        let bytes = std::fs::read(path).unwrap();
        let has = |what: &[u8]| bytes.windows(what.len()).any(|window| window == what);
        assert!(!has(b"sk-the-value-itself") && !has(&key) && !has(crate::token::hex(&key).as_bytes()));
    }
    running.stop().await;

    let data = tempfile::tempdir().unwrap();
    let restoring = |backup, passphrase| Restoring { backup, data_dir: data.path(), passphrase, paused: false };
    let wrong = restore(restoring(&sealed, words("incorrect horse"))).unwrap_err();
    assert!(matches!(wrong, BackupError::WrongPassphrase(_)), "{wrong}");
    assert!(matches!(restore(restoring(&open, words("correct horse"))), Err(BackupError::NothingSealed)));
    assert!(!data.path().join("restore.db").exists(), "nothing changed");
    let restored = restore(restoring(&open, None)).unwrap();
    assert_eq!((restored.secrets.len(), restored.closed), (0, vec!["OPENAI".to_owned()]));
    let restored = restore(restoring(&sealed, words("correct horse"))).unwrap();
    assert!(!format!("{restored:?}").contains("the-value"));
    assert_eq!((restored.secrets[0].1.as_str(), restored.closed.len()), ("sk-the-value-itself", 0));
    assert!(take_staged(data.path()).unwrap());
    assert_eq!(std::fs::read(data.path().join(TOWER_KEY)).unwrap(), key, "its keys and URLs are good still");
}

#[tokio::test]
async fn the_oldest_go_and_nothing_else_does() {
    let folder = tempfile::tempdir().unwrap();
    let clock = Arc::new(ManualClock::at(NOW));
    let (handle, running) = tower(folder.path(), &clock, Notifier::start(false).await.0).await;
    let backups = folder.path().join("kept");
    std::fs::create_dir(&backups).unwrap();
    for minute in 0..4 {
        let to = Backups::named(&backups, NOW.plus(minute * 60_000));
        let passphrase = (minute == 0).then(|| words("correct horse")).flatten();
        handle.backups.make(&handle, Asked { to, passphrase }).await.unwrap();
        clock.advance(60_000);
    }
    let own = backups.join("before the move.backup");
    handle.backups.make(&handle, Asked { to: own.clone(), passphrase: None }).await.unwrap();
    std::fs::write(backups.join("cuetower-2026-01-01-000000.backup"), "no backup").unwrap();
    let gone = rotate(&backups, 2).unwrap();
    assert_eq!(gone, [Backups::named(&backups, NOW.plus(60_000))], "the oldest without secrets");
    assert_eq!(list(&backups).unwrap().len(), 3);
    assert!(own.exists() && backups.join("cuetower-2026-01-01-000000.backup").exists());
    running.stop().await;
}

#[tokio::test]
async fn one_that_became_due_in_the_towers_absence_is_made_too() {
    let folder = tempfile::tempdir().unwrap();
    let clock = Arc::new(ManualClock::at(NOW));
    let (handle, running) = tower(folder.path(), &clock, Notifier::start(false).await.0).await;
    let due = async || {
        scheduled::due(&handle.backups, &handle, &handle.backups.settings.get(), chrono_tz::Tz::UTC).await.unwrap()
    };
    assert!(due().await, "there is none");
    scheduled::back_up(&handle.backups, &handle, &handle.backups.settings.get()).await.unwrap();
    assert!(!due().await, "there is one");
    clock.sleep_machine(49 * 3_600_000);
    while handle.now() < NOW.plus(49 * 3_600_000) {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    assert!(due().await, "two nights were slept through");
    handle.backups.settings.set("backup.schedule", Some("never")).unwrap();
    assert!(!due().await);
    running.stop().await;
}

#[tokio::test]
async fn a_folder_that_is_gone_is_told_and_not_made_again() {
    let folder = tempfile::tempdir().unwrap();
    let clock = Arc::new(ManualClock::at(NOW));
    let (handle, running) = tower(folder.path(), &clock, Notifier::start(false).await.0).await;
    let disk = folder.path().join("disk");
    std::fs::create_dir(&disk).unwrap();
    handle.backups.settings.set("backup.folder", disk.join("kept").to_str()).unwrap();
    std::fs::remove_dir_all(&disk).unwrap();
    let settings = handle.backups.settings.get();
    let failed = scheduled::back_up(&handle.backups, &handle, &settings).await.unwrap_err();
    assert!(matches!(failed, BackupError::NoFolder(_)), "{failed}");
    let asked = Asked { to: disk.join("by hand.backup"), passphrase: None };
    assert!(matches!(handle.backups.make(&handle, asked).await, Err(BackupError::NoFolder(_))));
    assert!(!disk.exists());
    running.stop().await;
}

#[tokio::test]
async fn one_that_lost_its_checksum_is_damaged() {
    let folder = tempfile::tempdir().unwrap();
    let clock = Arc::new(ManualClock::at(NOW));
    let (handle, running) = tower(folder.path(), &clock, Notifier::start(false).await.0).await;
    let to = folder.path().join("one.backup");
    handle.backups.make(&handle, Asked { to: to.clone(), passphrase: None }).await.unwrap();
    running.stop().await;
    assert!(checked(&to).unwrap().1);
    let mut bytes = std::fs::read(&to).unwrap();
    bytes.truncate(bytes.len() - 64);
    std::fs::write(&to, bytes).unwrap();
    let told = checked(&to).unwrap_err().to_string();
    assert!(told.contains("is damaged") && told.contains("lacks the checksum"), "{told}");
}
