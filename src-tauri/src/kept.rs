//! What the shell remembers of one tower: where its window stood, its theme, the hot-keys. In `window.json` of the data folder.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use cuetower_engine::private;
use serde::{Deserialize, Serialize};

use crate::frame::Frame;

const FILE: &str = "window.json";

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Kept {
    /// As it was when it was not maximised.
    pub frame: Option<Frame>,
    pub maximised: bool,
    pub theme: Theme,
    pub hotkeys: Hotkeys,
}

/// What the page wears: the owner's choice, or the system's.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Theme {
    #[default]
    System,
    Light,
    Dark,
}

/// As they are written: "Ctrl+Alt+C". None unless the owner set them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Hotkeys {
    pub show_window: Option<String>,
    pub next_gate: Option<String>,
}

/// The file, and what it is to say.
pub struct Keeper {
    path: PathBuf,
    kept: Mutex<Kept>,
    /// As it is on disk.
    written: Mutex<Kept>,
}

impl Keeper {
    /// A file that is missing or cannot be read says nothing.
    pub fn of(folder: &Path) -> Keeper {
        let path = folder.join(FILE);
        let kept = match private::read(&path) {
            Ok(bytes) => serde_json::from_slice(&bytes).unwrap_or_else(|error| {
                tracing::warn!(path = %path.display(), %error, "what the window remembered is not readable");
                Kept::default()
            }),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Kept::default(),
            Err(error) => {
                tracing::warn!(path = %path.display(), %error, "what the window remembered could not be read");
                Kept::default()
            }
        };
        Keeper { path, written: Mutex::new(kept.clone()), kept: Mutex::new(kept) }
    }

    pub fn kept(&self) -> Kept {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Changes it; it is on disk once it is written. Waits for no disk.
    pub fn keep(&self, change: impl FnOnce(&mut Kept)) {
        change(&mut self.kept.lock().unwrap_or_else(PoisonError::into_inner));
    }

    /// Puts on disk what is kept now, and stays until it is there. The window works all the same if the disk is full.
    pub fn write(&self) {
        // Held meanwhile, so that what was kept later is never written earlier.
        let mut written = self.written.lock().unwrap_or_else(PoisonError::into_inner);
        let kept = self.kept();
        if *written == kept {
            return;
        }
        let text = serde_json::to_vec_pretty(&kept).expect("plain data is JSON");
        match private::write(&self.path, &text) {
            Ok(()) => *written = kept,
            Err(error) => {
                tracing::warn!(path = %self.path.display(), %error, "where the window stands could not be remembered");
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder(name: &str) -> PathBuf {
        let folder = std::env::temp_dir().join(format!("cuetower-kept-{}-{name}", std::process::id()));
        std::fs::create_dir_all(&folder).expect("a folder");
        folder
    }

    #[test]
    fn what_is_kept_is_there_the_next_time() {
        let folder = folder("again");
        let frame = Frame { x: 10, y: 20, width: 1000, height: 700 };
        let keeper = Keeper::of(&folder);
        keeper.keep(|kept| {
            kept.frame = Some(frame);
            kept.hotkeys.show_window = Some("Ctrl+Alt+C".into());
        });
        assert_eq!(Keeper::of(&folder).kept(), Kept::default(), "nobody waited for the disk");
        keeper.write();
        let kept = Keeper::of(&folder).kept();
        assert_eq!((kept.frame, kept.hotkeys.show_window.as_deref()), (Some(frame), Some("Ctrl+Alt+C")));
        std::fs::remove_dir_all(folder).expect("the folder goes");
    }

    #[test]
    fn what_is_kept_by_many_at_once_is_written_as_it_was_last() {
        let folder = folder("many");
        let keeper = Keeper::of(&folder);
        std::thread::scope(|scope| {
            for thread in 0..4 {
                let keeper = &keeper;
                scope.spawn(move || {
                    for time in 0..25 {
                        keeper.keep(|kept| kept.hotkeys.next_gate = Some(format!("{thread} {time}")));
                        keeper.write();
                    }
                });
            }
        });
        assert_eq!(Keeper::of(&folder).kept(), keeper.kept());
        // What could not be written is written with the next word.
        std::fs::remove_dir_all(&folder).expect("the folder goes");
        keeper.keep(|kept| kept.maximised = true);
        keeper.write();
        std::fs::create_dir_all(&folder).expect("a folder");
        keeper.write();
        assert!(Keeper::of(&folder).kept().maximised);
        std::fs::remove_dir_all(folder).expect("the folder goes");
    }

    #[test]
    fn a_file_that_says_nothing_is_a_first_start() {
        let folder = folder("broken");
        for text in ["", "{", "[]", r#"{"frame":{"x":"left"}}"#, r#"{"theme":"pink"}"#] {
            std::fs::write(folder.join(FILE), text).expect("a file");
            assert_eq!(Keeper::of(&folder).kept(), Kept::default(), "{text}");
        }
        std::fs::write(folder.join(FILE), r#"{"maximised":true,"later":1}"#).expect("a file");
        assert!(Keeper::of(&folder).kept().maximised, "what a newer version wrote is no hindrance");
        std::fs::remove_dir_all(folder).expect("the folder goes");
    }
}
