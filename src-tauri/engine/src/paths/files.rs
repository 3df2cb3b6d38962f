//! Which files a list of patterns means, and how they look. Wildcards stand in the last part of a pattern only.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::fs;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use cuetower_core::event::FileSeen;
use cuetower_core::lane::FILES_MAX;
use glob::{MatchOptions, Pattern, PatternError};

use super::Files;
use crate::deliver::expand_home;

const WILD: [char; 3] = ['*', '?', '['];
/// As a shell has it: `*` does not mean hidden files.
const AS_A_SHELL: MatchOptions =
    MatchOptions { case_sensitive: !cfg!(windows), require_literal_separator: true, require_literal_leading_dot: true };

/// One look at the files.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Look {
    pub files: Files,
    /// Folders and files that are there but could not be looked at; what became of them is not known.
    unseen: BTreeSet<PathBuf>,
    /// What the owner should know about it.
    pub warning: Option<String>,
}

impl Look {
    /// Regular files; links are followed. Names that are not UTF-8 are passed over: a payload could not name them.
    pub fn at(patterns: &[String]) -> Look {
        let mut look = Look::default();
        let mut paths = BTreeSet::new();
        for pattern in patterns {
            look.find(&expand_home(Path::new(pattern)), &mut paths);
        }
        for path in paths {
            let Some(name) = path.to_str() else { continue };
            match seen(&path) {
                Ok(Some(_)) if look.files.len() == FILES_MAX => {
                    look.warning = Some(format!(
                        "more than {FILES_MAX} files match, so the last ones by name are not watched; clear out, or narrow the pattern"
                    ));
                    break;
                }
                Ok(Some(file)) => drop(look.files.insert(name.to_owned(), file)),
                Ok(None) => {}
                Err(error) => look.miss(path, &error),
            }
        }
        look
    }

    fn find(&mut self, pattern: &Path, paths: &mut BTreeSet<PathBuf>) {
        let (Some(folder), Some(name)) = (pattern.parent(), pattern.file_name().and_then(OsStr::to_str)) else {
            return;
        };
        if !name.contains(WILD) {
            paths.insert(pattern.to_owned());
            return;
        }
        let pattern = match name_pattern(name) {
            Ok(pattern) => pattern,
            Err(error) => return self.warning = Some(format!("`{name}` is no pattern: {error}")),
        };
        let fits = |name: &OsStr| name.to_str().is_some_and(|name| pattern.matches_with(name, AS_A_SHELL));
        let listed = fs::read_dir(folder).and_then(|entries| {
            let names: io::Result<Vec<_>> = entries.map(|entry| Ok(entry?.file_name())).collect();
            Ok(names?.into_iter().filter(|name| fits(name)).map(|name| folder.join(name)).collect::<Vec<_>>())
        });
        match listed {
            Ok(found) => paths.extend(found),
            Err(error) if is_absent(&error) => {}
            Err(error) => self.miss(folder.to_owned(), &error),
        }
    }

    fn miss(&mut self, path: PathBuf, error: &io::Error) {
        self.warning = Some(format!("{} could not be looked at: {error}", path.display()));
        self.unseen.insert(path);
    }

    /// Whether this look says what became of the file.
    pub fn tells_of(&self, path: &str) -> bool {
        let path = Path::new(path);
        !self.unseen.contains(path) && path.parent().is_none_or(|folder| !self.unseen.contains(folder))
    }
}

/// The last part of a path as a pattern; `**` means no more than `*` there.
pub(crate) fn name_pattern(name: &str) -> Result<Pattern, PatternError> {
    let mut single = name.to_owned();
    while single.contains("**") {
        single = single.replace("**", "*");
    }
    Pattern::new(&single)
}

/// None: there is no such file, or it is not a regular one.
fn seen(path: &Path) -> io::Result<Option<FileSeen>> {
    let file = match fs::metadata(path) {
        Ok(file) if file.is_file() => file,
        Ok(_) => return Ok(None),
        Err(error) if is_absent(&error) => return Ok(None),
        Err(error) => return Err(error),
    };
    let ms = |length: std::time::Duration| i64::try_from(length.as_millis()).unwrap_or(i64::MAX);
    let modified_ms = match file.modified()?.duration_since(UNIX_EPOCH) {
        Ok(since) => ms(since),
        Err(before) => -ms(before.duration()),
    };
    Ok(Some(FileSeen { modified_ms, bytes: file.len() }))
}

fn is_absent(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory)
}
