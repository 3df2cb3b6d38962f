//! `adopted.json` in the data folder: which cues came from another scheduler, how their jobs stood there, and what is being
//! done to them. What is intended is written first, so that the next start of the tower can finish it.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::desk::wire::{AdoptKind, AdoptMode, AdoptStage};
use crate::private;

const FILE: &str = "adopted.json";
/// Of the file; another one is not read.
const VERSION: u32 = 1;

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Adoption {
    /// None until the cue is made.
    pub cue_id: Option<String>,
    pub name: String,
    pub kind: AdoptKind,
    /// The file of a system's crontab, or the timer's unit.
    pub place: String,
    /// The unit that the timer starts.
    pub service: Option<String>,
    /// The line as it was, or the timer in words.
    pub text: String,
    /// The line under `exec`, or what the drop-in holds.
    pub watched: Option<String>,
    /// Whether its timer was enabled, and active.
    pub timer_was: Option<(bool, bool)>,
    /// Of the cue that runs it, and of the one that watches it.
    pub definition: Value,
    pub watch: Value,
    pub stage: AdoptStage,
    pub intent: Option<Intent>,
    pub owner_steps: Vec<String>,
    pub since_ms: i64,
}

/// What was begun and is not known to be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Intent {
    Take(AdoptMode),
    Flip,
    Undo,
}

#[derive(Debug, Serialize, Deserialize)]
struct Kept {
    version: u32,
    adoptions: Vec<Adoption>,
}

/// All of them, in the order in which they were adopted.
pub(crate) struct Book {
    path: PathBuf,
    pub adoptions: Vec<Adoption>,
}

impl Book {
    /// # Errors
    /// A sentence, if the file is there and cannot be read.
    pub fn open(data: &Path) -> Result<Book, String> {
        let path = data.join(FILE);
        let bytes = match private::read(&path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Book { path, adoptions: Vec::new() }),
            Err(error) => return Err(format!("{} cannot be read: {error}.", path.display())),
        };
        let kept: Kept = serde_json::from_slice(&bytes)
            .map_err(|error| format!("{} is not as the tower writes it: {error}.", path.display()))?;
        if kept.version != VERSION {
            return Err(format!("{} was written by another version of the tower.", path.display()));
        }
        Ok(Book { path, adoptions: kept.adoptions })
    }

    /// # Errors
    /// A sentence.
    pub fn save(&self) -> Result<(), String> {
        let kept = Kept { version: VERSION, adoptions: self.adoptions.clone() };
        let bytes = serde_json::to_vec_pretty(&kept).map_err(|error| error.to_string())?;
        private::write(&self.path, &bytes)
            .map_err(|error| format!("{} cannot be written: {error}.", self.path.display()))
    }

    pub fn of_cue(&mut self, cue_id: &str) -> Option<&mut Adoption> {
        self.adoptions.iter_mut().find(|adoption| adoption.cue_id.as_deref() == Some(cue_id))
    }
}
