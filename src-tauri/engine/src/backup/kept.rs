//! The backups in a folder: which there are, and which of the older ones go.

use std::path::{Path, PathBuf};

use super::{BackupError, Seen, look};

/// What their names end with.
pub const ENDING: &str = "backup";
/// Looked into at most; the folder may be anybody's.
const LISTED_MAX: usize = 500;

/// Those that a tower made, the newest first. What is no backup is passed over.
///
/// # Errors
/// If the folder is there and cannot be read.
pub fn list(folder: &Path) -> Result<Vec<Seen>, BackupError> {
    let entries = match std::fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(BackupError::Unreadable(folder.to_owned(), error)),
    };
    let mut paths: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).filter(|path| is_named(path)).collect();
    // Their names say when they were made.
    paths.sort_unstable_by(|one, other| other.cmp(one));
    let mut seen: Vec<Seen> = paths.iter().take(LISTED_MAX).filter_map(|path| look(path).ok()).collect();
    seen.sort_by_key(|seen| std::cmp::Reverse(seen.manifest.made_at_ms));
    Ok(seen)
}

/// Only what a tower named itself is ever taken away.
fn is_named(path: &Path) -> bool {
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    let stamp = name.strip_prefix("cuetower-").and_then(|rest| rest.strip_suffix(&format!(".{ENDING}")));
    stamp.is_some_and(|stamp| {
        stamp.len() == "2026-11-22-033000".len() && stamp.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-')
    })
}

/// Takes away all but the newest `keep` that a tower made in the folder; those with secrets stay, which only the owner makes.
///
/// # Errors
/// If one cannot be taken away.
pub fn rotate(folder: &Path, keep: usize) -> Result<Vec<PathBuf>, BackupError> {
    let old = list(folder)?.into_iter().filter(|seen| !seen.manifest.sealed).skip(keep.max(1));
    let mut gone = Vec::new();
    for seen in old {
        std::fs::remove_file(&seen.path).map_err(|error| BackupError::Unwritable(seen.path.clone(), error))?;
        gone.push(seen.path);
    }
    Ok(gone)
}
