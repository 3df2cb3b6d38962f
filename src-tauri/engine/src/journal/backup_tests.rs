//! Copies of a real store, and the way back, broken off at each of its steps.

use std::path::Path;

use super::*;
use crate::journal::search::tests::store;

fn file(name: &str, body: &str) -> CarriedFile {
    CarriedFile { name: name.to_owned(), body: body.as_bytes().to_vec() }
}

fn runs(store: &Path) -> i64 {
    Connection::open(store).unwrap().query_row("SELECT count(*) FROM runs", [], |row| row.get(0)).unwrap()
}

/// A backup of a store with three runs, in a folder of its own.
fn backup(carried: &[CarriedFile]) -> (tempfile::TempDir, PathBuf) {
    let (folder, journal) = store();
    let to = folder.path().join("one.backup");
    journal.reader().back_up(&to, carried, |_| true).unwrap();
    (folder, to)
}

#[test]
fn a_copy_is_of_one_moment_however_much_is_written_meanwhile() {
    let (folder, journal) = store();
    let to = folder.path().join("one.backup");
    let write = |id: usize| {
        let more = "INSERT INTO runs SELECT * FROM runs WHERE false";
        journal.guard(|connection| connection.execute_batch(more)).unwrap();
        let alive = "INSERT INTO tower (key, value) VALUES (?1, 1)";
        journal.guard(|connection| connection.execute(alive, [format!("test {id}")])).unwrap();
    };
    let mut steps = 0;
    let copied = journal.reader().back_up(&to, &[file("settings.toml", "x = 1")], |progress| {
        write(steps);
        steps += 1;
        progress.pages_left <= progress.pages
    });
    copied.unwrap();
    assert!(steps > 0);
    let seen = seen_in(&to).unwrap();
    assert_eq!((seen.runs, seen.cues, seen.carried), (3, 1, vec![file("settings.toml", "x = 1")]));
    let copy = Connection::open(&to).unwrap();
    let of_test = "SELECT count(*) FROM tower WHERE key LIKE 'test %'";
    assert_eq!(copy.query_row(of_test, [], |row| row.get::<_, i64>(0)).unwrap(), 0, "what came later is not in it");
    assert!(!to.with_extension("backup-wal").exists(), "one file and nothing beside it");
    check(&to).unwrap();
}

#[test]
fn a_copy_that_is_broken_off_leaves_nothing() {
    let (folder, journal) = store();
    let to = folder.path().join("one.backup");
    assert!(matches!(journal.reader().back_up(&to, &[], |_| false), Err(StoreError::Broken(_))));
    assert!(!to.exists());
    journal.reader().back_up(&to, &[], |_| true).unwrap();
    assert!(journal.reader().back_up(&to, &[], |_| true).is_err(), "what is there is not written over");
}

#[tokio::test]
async fn a_new_store_has_nothing_that_could_be_lost() {
    let new = tempfile::tempdir().unwrap();
    assert!(!Journal::open(new.path()).unwrap().reader().has_something().await.unwrap());
    let (_folder, journal) = store();
    assert!(journal.reader().has_something().await.unwrap());
}

#[test]
fn what_is_no_backup_is_told_so() {
    let (folder, _journal) = store();
    let path = folder.path().join("cuetower.db");
    assert!(matches!(seen_in(&path), Err(StoreError::NoBackup(_))), "a store is none");
    let text = folder.path().join("text");
    std::fs::write(&text, "nothing of the kind ".repeat(99)).unwrap();
    assert!(matches!(seen_in(&text), Err(StoreError::NoBackup(_))));
    assert!(matches!(seen_in(&folder.path().join("gone")), Err(StoreError::Folder(..))));
    assert!(!folder.path().join("gone").exists(), "looking made nothing");

    let (_other, to) = backup(&[]);
    Connection::open(&to).unwrap().pragma_update(None, "user_version", FORMAT + 1).unwrap();
    assert!(matches!(seen_in(&to), Err(StoreError::NewerFormat { .. })));
}

#[test]
fn a_damaged_backup_is_found_out_before_it_is_taken() {
    let (_folder, to) = backup(&[]);
    let mut bytes = std::fs::read(&to).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle..middle + 4096].fill(0xa5);
    std::fs::write(&to, bytes).unwrap();
    assert!(check(&to).is_err());
}

/// Some land in a text or a number, where SQLite sees nothing wrong.
#[test]
fn a_single_byte_that_changed_is_found_wherever_it_is() {
    let (_folder, to) = backup(&[file("settings.toml", "# mine")]);
    let bytes = std::fs::read(&to).unwrap();
    assert!(check(&to).unwrap(), "it carries a checksum, which fits");
    let whole = to.with_extension("whole");
    for at in (0..bytes.len()).step_by(bytes.len() / 97).chain([bytes.len() - 1]) {
        let mut flipped = bytes.clone();
        flipped[at] ^= 1;
        std::fs::write(&to, flipped).unwrap();
        let in_the_mark = (bytes.len() - 64..bytes.len() - 32).contains(&at);
        assert!(in_the_mark || matches!(check(&to), Err(StoreError::Damaged(..))), "byte {at} of {}", bytes.len());
    }
    std::fs::write(&whole, &bytes[..bytes.len() - 64]).unwrap();
    assert!(!check(&whole).unwrap(), "one of before is sound, and carries none");
    let data = tempfile::tempdir().unwrap();
    std::fs::write(&to, &bytes).unwrap();
    stage(&to, data.path(), &[], false).unwrap();
    let pages = std::fs::metadata(data.path().join(STAGED)).unwrap().len();
    assert_eq!(pages % 4096, 0, "it is written on without the checksum");
}

/// The only copy of what was there before is not lost to a second try.
#[test]
fn what_each_restore_replaced_is_kept() {
    let (_folder, to) = backup(&[]);
    let data = tempfile::tempdir().unwrap();
    drop(Journal::open(data.path()).unwrap());
    std::fs::write(data.path().join("settings.toml"), "# of the old tower").unwrap();
    for body in ["# first", "# second", "# second"] {
        stage(&to, data.path(), &[file("settings.toml", body)], false).unwrap();
        assert!(take_staged(data.path()).unwrap());
    }
    let mut stores: Vec<i64> = kept(data.path(), "db").iter().map(|path| runs(path)).collect();
    stores.sort_unstable();
    assert_eq!(stores, [0, 3, 3], "the old one, and the two after it");
    let read = |path: &PathBuf| std::fs::read_to_string(path).unwrap();
    let mut settings: Vec<String> = kept(data.path(), "toml").iter().map(read).collect();
    settings.sort_unstable();
    assert_eq!(settings, ["# first", "# of the old tower"], "what stays the same is not kept again");
}

/// What restores kept in the folder.
fn kept(data: &Path, ending: &str) -> Vec<PathBuf> {
    let paths = std::fs::read_dir(data).unwrap().flatten().map(|entry| entry.path());
    let of_before = |path: &PathBuf| path.file_name().unwrap().to_string_lossy().starts_with(BEFORE);
    paths.filter(|path| of_before(path) && path.extension().is_some_and(|end| end == ending)).collect()
}

#[test]
fn a_backup_becomes_the_store_and_what_was_is_kept() {
    let (_folder, to) = backup(&[]);
    let data = tempfile::tempdir().unwrap();
    {
        let journal = Journal::open(data.path()).unwrap();
        assert!(matches!(take_staged(data.path()), Err(StoreError::InUse(_))), "not under a tower that runs");
        drop(journal);
    }
    stage(&to, data.path(), &[file("settings.toml", "# mine"), file("../out", "no"), file("tower.key", "k")], true)
        .unwrap();
    assert!(is_staged(data.path()) && runs(&data.path().join("cuetower.db")) == 0, "not before the next start");
    assert!(take_staged(data.path()).unwrap());
    assert!(!take_staged(data.path()).unwrap(), "once");
    let journal = Journal::open(data.path()).unwrap();
    let liveness = journal.liveness().unwrap();
    assert!(liveness.paused && liveness.restored && !liveness.orderly);
    drop(journal);
    assert_eq!(runs(&data.path().join("cuetower.db")), 3);
    assert_eq!(kept(data.path(), "db").iter().map(|path| runs(path)).collect::<Vec<_>>(), [0]);
    assert_eq!(std::fs::read_to_string(data.path().join("settings.toml")).unwrap(), "# mine");
    assert!(!data.path().join("../out").exists());
    let store = Connection::open(data.path().join("cuetower.db")).unwrap();
    let tables = "SELECT count(*) FROM sqlite_master WHERE name = 'backup'";
    assert_eq!(store.query_row(tables, [], |row| row.get::<_, i64>(0)).unwrap(), 0);
}

/// Each step of the way back is where a crash may break it off: the next start finishes it.
#[test]
fn the_way_back_is_finished_wherever_it_was_broken_off() {
    let (_folder, to) = backup(&[]);
    let files = [file("settings.toml", "# mine")];
    let whole = |data: &Path| {
        take_staged(data).unwrap();
        drop(Journal::open(data).unwrap());
        (runs(&data.join("cuetower.db")), data.join("settings.toml").exists(), is_staged(data))
    };

    let data = tempfile::tempdir().unwrap();
    drop(Journal::open(data.path()).unwrap());
    std::fs::write(data.path().join("restore.part"), "half").unwrap();
    assert_eq!(whole(data.path()), (0, false, false), "while it was copied: the old one");

    stage(&to, data.path(), &files, false).unwrap();
    let store = data.path().join("cuetower.db");
    let before = aside(&data.path().join(STAGED), data.path(), "db", |_| false);
    keep_aside(&store, &before).unwrap();
    assert_eq!(whole(data.path()), (3, true, false), "before the rename");
    #[cfg(unix)]
    assert_eq!(kept(data.path(), "db"), [before], "kept once");

    let data = tempfile::tempdir().unwrap();
    stage(&to, data.path(), &files, false).unwrap();
    std::fs::rename(data.path().join(STAGED), data.path().join("cuetower.db")).unwrap();
    assert_eq!(whole(data.path()), (3, true, false), "before its files were put into their places");
}

#[test]
fn an_older_store_is_kept_as_it_was_before_it_is_brought_up_to_date() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("cuetower.db");
    Connection::open(&path).unwrap().execute_batch(include_str!("format_1.sql")).unwrap();
    drop(Journal::open(folder.path()).unwrap());
    let kept = folder.path().join(format!("before-format-{FORMAT}-was-1.db"));
    let old = Connection::open(&kept).unwrap();
    assert_eq!(old.pragma_query_value(None, "user_version", |row| row.get::<_, i64>(0)).unwrap(), 1);
    assert_eq!(runs(&kept), 3);
    drop(old);
    drop(Journal::open(folder.path()).unwrap());
    assert_eq!(
        std::fs::read_dir(folder.path())
            .unwrap()
            .flatten()
            .filter(|entry| entry.file_name().to_string_lossy().starts_with("before-"))
            .count(),
        1
    );
}
