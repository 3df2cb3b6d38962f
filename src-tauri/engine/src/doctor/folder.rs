//! The data folder and the store in it.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use cuetower_core::check::size_in_words;

use super::Finding;
use crate::check::free_on;
use crate::journal::{StoreError, facts, look_through};
use crate::private;
use crate::spool::Spool;

const FOLDER: &str = "data folder";
const STORE: &str = "store";
const PINGS: &str = "pings";
/// Below that a busy day or a backup fills the disk.
const ROOM_WANTED: u64 = 1_000_000_000;
/// Below that the tower soon cannot write.
const ROOM_LEAST: u64 = 100_000_000;
const TRIED_BYTES: [u8; 4096] = [b'.'; 4096];

/// What `cuetowerctl exec` could not tell a tower; None if there is nothing of that.
#[must_use]
pub fn pings(data_dir: &Path) -> Option<Finding> {
    let pings = |count: usize| if count == 1 { "1 ping".to_owned() } else { format!("{count} pings") };
    match Spool::of(data_dir).counts() {
        (0, 0) => None,
        (waiting, 0) => {
            Some(Finding::good(PINGS, format!("Kept until a tower answers: {} of `cuetowerctl exec`.", pings(waiting))))
        }
        (_, refused) => {
            let fact = format!("Refused for good, and heard by nobody: {} of `cuetowerctl exec`.", pings(refused));
            let mend = format!(
                "Each file in {} says why; mend the crontab lines that they come from, and delete the files.",
                data_dir.join("spool/refused").display()
            );
            Some(Finding::warn(PINGS, fact, mend))
        }
    }
}

/// Whether the tower can write there, and how much room is left.
#[must_use]
pub fn disk(data_dir: &Path) -> Finding {
    let place = data_dir.display();
    let other = "Choose another folder with --data DIR, or make this one yours: `chown -R \"$USER\"`, `chmod 700`.";
    if !data_dir.exists() {
        let Some(parent) = data_dir.ancestors().skip(1).find(|folder| folder.exists()) else {
            return Finding::bad(FOLDER, format!("{place} is not there, nor is anything that leads to it."), other);
        };
        return match tried(parent) {
            Ok(()) => room(parent, format!("{place} is not there yet; the first start makes it.")),
            Err(error) => Finding::bad(FOLDER, format!("{place} cannot be made: {error}."), other),
        };
    }
    if !data_dir.is_dir() {
        return Finding::bad(FOLDER, format!("{place} is no folder."), other);
    }
    match tried(data_dir) {
        Ok(()) => room(data_dir, format!("{place} can be written.")),
        Err(error) if error.kind() == std::io::ErrorKind::StorageFull => {
            Finding::bad(FOLDER, format!("The disk of {place} is full."), make_room(data_dir))
        }
        Err(error) => Finding::bad(FOLDER, format!("{place} cannot be written: {error}."), other),
    }
}

/// As a commit would: written to the disk, and not to memory alone.
fn tried(folder: &Path) -> std::io::Result<()> {
    let path: PathBuf = folder.join(format!(".cuetower-doctor-{}", std::process::id()));
    let mut file = private::file(&path)?;
    let written = file.write_all(&TRIED_BYTES).and_then(|()| file.sync_all());
    let gone = std::fs::remove_file(&path);
    written.and(gone)
}

fn room(folder: &Path, fact: String) -> Finding {
    match free_on(folder) {
        Err(error) => Finding::warn(
            FOLDER,
            format!("{fact} How much room is left is not known: {error}."),
            "Look at the disk: `df -h`.",
        ),
        Ok(free) => {
            let fact = format!("{fact} {} of its disk are free.", size_in_words(free));
            match free {
                0..ROOM_LEAST => Finding::bad(FOLDER, fact, make_room(folder)),
                ROOM_LEAST..ROOM_WANTED => Finding::warn(FOLDER, fact, make_room(folder)),
                _ => Finding::good(FOLDER, fact),
            }
        }
    }
}

fn make_room(folder: &Path) -> String {
    format!(
        "Make room; what takes it: `du -sh {}/*`. Fewer backups: `cuetowerctl settings set backup.keep 3`.",
        folder.display()
    )
}

/// Whether the store opens, is of this program's format and, if asked, sound. None: there is none yet.
pub async fn store(data_dir: &Path, deep: bool) -> Option<Finding> {
    if !data_dir.join("cuetower.db").exists() {
        return None;
    }
    let folder = data_dir.to_owned();
    let looked = tokio::task::spawn_blocking(move || {
        let facts = facts(&folder)?;
        if deep { look_through(&folder).map(|()| facts) } else { Ok(facts) }
    });
    let looked = looked.await.unwrap_or_else(|error| Err(StoreError::Row(error.to_string())));
    Some(match looked {
        Ok(facts) => {
            let format = match facts.format == facts.format_known {
                true => format!("format {}", facts.format),
                false => format!("format {}, which the next start brings to {}", facts.format, facts.format_known),
            };
            let sound = if deep { ", gone through and sound" } else { "" };
            Finding::good(
                STORE,
                format!("It opens: {}, {format}{sound}.", size_in_words(facts.bytes + facts.bytes_of_log)),
            )
        }
        Err(error @ StoreError::NewerFormat { .. }) => Finding::bad(
            STORE,
            capital(&format!("{error}.")),
            "Install that version of Cuetower again; an older one does not read its store.",
        ),
        Err(error) => Finding::bad(
            STORE,
            capital(&format!("{error}.")),
            "Stop the tower, and take the newest backup: `cuetowerctl backup list`, `cuetowerctl restore FILE --replace`. What is there is kept beside it.",
        ),
    })
}

fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::super::State;
    use super::*;

    #[tokio::test]
    async fn a_store_that_is_damaged_is_bad_and_one_that_is_not_there_is_no_finding() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(store(folder.path(), true).await, None);
        drop(crate::journal::Journal::open(folder.path()).unwrap());
        let good = store(folder.path(), true).await.unwrap();
        assert_eq!(good.state, State::Good, "{}", good.fact);
        std::fs::write(folder.path().join("cuetower.db"), "no database at all ".repeat(500)).unwrap();
        let bad = store(folder.path(), false).await.unwrap();
        assert_eq!(bad.state, State::Bad, "{}", bad.fact);
        assert!(bad.mend.unwrap().contains("cuetowerctl restore"));
    }

    #[test]
    fn a_folder_is_tried_and_left_as_it_was() {
        let folder = tempfile::tempdir().unwrap();
        assert!(disk(folder.path()).fact.contains("can be written"));
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
        assert!(disk(&folder.path().join("a/b")).fact.contains("the first start makes it"));
        std::fs::write(folder.path().join("file"), "").unwrap();
        assert_eq!(disk(&folder.path().join("file")).state, State::Bad);
    }
}
