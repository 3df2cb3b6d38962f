//! What a starting tower finds of the commands of an earlier one. Each attempt has a folder of its own until its end is on disk.

use std::path::{Path, PathBuf};

use cuetower_core::id::RunId;
use cuetower_core::input::Found;

use super::{GONE, Started, remove_attempt_dir};
use crate::deliver::command::{self, Adopted};
use crate::pilot::FoundCommand;

/// Attempts looked after at once; one that must be ended takes half a second.
const AT_ONCE: usize = 64;

/// Every attempt that has a folder.
pub(crate) fn adopted(data_dir: &Path) -> Vec<FoundCommand> {
    let runs = std::fs::read_dir(data_dir.join("runs")).into_iter().flatten().flatten();
    let attempts = |run: std::fs::DirEntry| {
        // Goes if it is empty: its last attempt's folder was removed right before a crash.
        let _ = std::fs::remove_dir(run.path());
        std::fs::read_dir(run.path()).into_iter().flatten().flatten()
    };
    let folders = runs.flat_map(attempts).map(|attempt| attempt.path());
    let is_gone = |folder: &PathBuf| folder.extension().is_some_and(|ending| ending == GONE);
    let (gone, folders): (Vec<PathBuf>, Vec<PathBuf>) = folders.partition(is_gone);
    gone.iter().for_each(|folder| remove_attempt_dir(folder));
    let mut found = Vec::new();
    for some in folders.chunks(AT_ONCE) {
        std::thread::scope(|scope| {
            let looking: Vec<_> = some.iter().map(|folder| scope.spawn(|| one(folder))).collect();
            found.extend(looking.into_iter().filter_map(|looked| looked.join().ok().flatten()));
        });
    }
    found
}

fn one(folder: &Path) -> Option<FoundCommand> {
    let run_id = RunId(folder.parent()?.file_name()?.to_str()?.to_owned());
    let number = folder.file_name()?.to_str()?.parse().ok()?;
    let (found, started) = match command::adopt(folder) {
        Adopted::NeverStarted => (Found::NeverStarted, None),
        Adopted::Running(running) => (Found::Started { pid: Some(running.pid) }, Some(Started::Running(running))),
        Adopted::Ended(end) => (Found::Started { pid: None }, Some(Started::Ended(end))),
        Adopted::Lost { words } => {
            tracing::warn!(attempt = %folder.display(), "{words}");
            (Found::Lost { words }, None)
        }
    };
    Some(FoundCommand { run_id, number, found, started })
}
