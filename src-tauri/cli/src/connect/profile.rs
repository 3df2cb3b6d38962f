//! `credentials.json` of CueAPI's programs: a profile by name, written whole, with what was there kept beside it.

use std::fs::{File, OpenOptions};
use std::io::{ErrorKind, Write as _};
use std::path::{Path, PathBuf};

use directories::BaseDirs;
use serde_json::{Map, Value, json};

/// The file itself is far smaller; whatever is larger is something else.
const FILE_BYTES_MAX: u64 = 1024 * 1024;
const HOSTED: &str = "https://api.cueapi.ai/v1";

/// One profile.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    pub api_key: String,
    /// `cueapi logout` reads it.
    pub email: String,
    /// With `/v1`.
    pub api_base: String,
}

/// What the file holds.
#[derive(Debug, Default)]
pub struct Profiles(Map<String, Value>);

#[derive(Debug)]
pub struct Written {
    /// The file as it was; None if there was none.
    pub backup: Option<PathBuf>,
}

/// Where CueAPI's command line looks.
///
/// # Errors
/// There is no home folder.
pub fn file() -> Result<PathBuf, String> {
    let named = std::env::var_os(if cfg!(windows) { "APPDATA" } else { "XDG_CONFIG_HOME" }).map(PathBuf::from);
    let folder = match named.filter(|folder| folder.is_absolute()) {
        Some(folder) => folder,
        None => {
            let dirs = BaseDirs::new().ok_or("There is no home folder. Set HOME, or use --print.")?;
            let below: &[&str] = if cfg!(windows) { &["AppData", "Roaming"] } else { &[".config"] };
            dirs.home_dir().join(below.iter().collect::<PathBuf>())
        }
    };
    Ok(folder.join("cueapi").join("credentials.json"))
}

impl Profiles {
    /// Empty if there is no file.
    ///
    /// # Errors
    /// It cannot be read, or is not what CueAPI's programs write. It is left alone.
    pub fn read(file: &Path) -> Result<Profiles, String> {
        let unread = |why: String| {
            format!("{} {why}, so it is left alone. Mend it, move it away, or use --print.", file.display())
        };
        match std::fs::metadata(file) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Profiles::default()),
            Err(error) => return Err(unread(format!("cannot be read ({error})"))),
            Ok(data) if data.len() > FILE_BYTES_MAX => {
                return Err(unread("is too large for a file of keys".to_owned()));
            }
            Ok(_) => {}
        }
        let text = std::fs::read_to_string(file).map_err(|error| unread(format!("cannot be read ({error})")))?;
        match serde_json::from_str(&text) {
            Ok(Value::Object(profiles)) => Ok(Profiles(profiles)),
            Ok(_) => Err(unread("holds JSON, and no profiles".to_owned())),
            Err(error) => Err(unread(format!("is no JSON ({error})"))),
        }
    }

    pub fn entry(&self, profile: &str) -> Option<Entry> {
        let entry = self.0.get(profile)?.as_object()?;
        let text = |field: &str| entry.get(field).and_then(Value::as_str).map(str::to_owned);
        Some(Entry {
            api_key: text("api_key").unwrap_or_default(),
            email: text("email").unwrap_or_default(),
            api_base: text("api_base").unwrap_or_else(|| HOSTED.to_owned()),
        })
    }
}

/// Writes one profile in the place of what it was; the others stay. `stamp` goes into the backup's name.
///
/// # Errors
/// The file is as it was.
pub fn write(file: &Path, profile: &str, entry: &Entry, stamp: &str) -> Result<Written, String> {
    // Read again: somebody may have signed in while the owner was asked.
    let mut profiles = Profiles::read(file)?.0;
    let Entry { api_key, email, api_base } = entry;
    profiles.insert(profile.to_owned(), json!({ "api_key": api_key, "email": email, "api_base": api_base }));
    let text = format!("{:#}\n", Value::Object(profiles));
    // Where the file is a link, as with folders of settings that are kept elsewhere, the link stays.
    let target = std::fs::canonicalize(file).unwrap_or_else(|_| file.to_owned());
    let folder = target.parent().ok_or_else(|| format!("{} has no folder.", file.display()))?;
    let failed = |error: std::io::Error| format!("{} could not be written: {error}. It is as it was.", file.display());
    std::fs::create_dir_all(folder).map_err(failed)?;
    let backup = backup(&target, stamp).map_err(failed)?;
    // For the user's eyes alone from the start, and there whole or not at all.
    let mut draft = tempfile::Builder::new().prefix(".credentials-").tempfile_in(folder).map_err(failed)?;
    draft.write_all(text.as_bytes()).and_then(|()| draft.as_file().sync_all()).map_err(failed)?;
    draft.persist(&target).map_err(|error| failed(error.error))?;
    Ok(Written { backup })
}

/// A copy beside it: `credentials.json.2026-11-21T225501.bak`.
fn backup(file: &Path, stamp: &str) -> std::io::Result<Option<PathBuf>> {
    let bytes = match std::fs::read(file) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        read => read?,
    };
    for number in 1_u32.. {
        let end = if number == 1 { String::new() } else { format!("-{number}") };
        let copy = file.with_file_name(format!("credentials.json.{stamp}{end}.bak"));
        match private(&copy) {
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error),
            Ok(mut made) => {
                made.write_all(&bytes)?;
                made.sync_all()?;
                return Ok(Some(copy));
            }
        }
    }
    unreachable!("a folder does not hold that many files")
}

fn private(path: &Path) -> std::io::Result<File> {
    let mut options = OpenOptions::new();
    options.create_new(true).write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(key: &str) -> Entry {
        Entry {
            api_key: key.to_owned(),
            email: "owner@localhost".to_owned(),
            api_base: "http://127.0.0.1:8737/v1".to_owned(),
        }
    }

    #[test]
    fn a_file_is_made_with_its_folders_and_what_it_was_is_kept_each_time() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("cueapi/credentials.json");
        assert!(Profiles::read(&file).unwrap().entry("default").is_none());
        assert!(write(&file, "default", &entry("one"), "now").unwrap().backup.is_none());
        assert_eq!(Profiles::read(&file).unwrap().entry("default"), Some(entry("one")));
        let first = write(&file, "work", &entry("two"), "now").unwrap().backup.unwrap();
        let second = write(&file, "default", &entry("three"), "now").unwrap().backup.unwrap();
        assert_ne!(first, second, "one instant, two copies");
        assert_eq!(Profiles::read(&first).unwrap().0.len(), 1);
        assert_eq!(Profiles::read(&second).unwrap().entry("default"), Some(entry("one")));
        let now = Profiles::read(&file).unwrap();
        assert_eq!((now.entry("default"), now.entry("work")), (Some(entry("three")), Some(entry("two"))));
        assert_eq!(std::fs::read_dir(folder.path().join("cueapi")).unwrap().count(), 3, "no draft is left");
    }

    #[cfg(unix)]
    #[test]
    fn keys_are_for_the_user_alone_and_a_link_stays_a_link() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        let (real, file) = (folder.path().join("dotfiles.json"), folder.path().join("credentials.json"));
        std::fs::write(&real, r#"{"other":{"api_key":"kept"}}"#).unwrap();
        std::os::unix::fs::symlink(&real, &file).unwrap();
        let backup = write(&file, "default", &entry("one"), "now").unwrap().backup.unwrap();
        assert!(std::fs::symlink_metadata(&file).unwrap().is_symlink());
        assert_eq!(Profiles::read(&real).unwrap().entry("other").unwrap().api_key, "kept");
        for path in [&real, &backup] {
            assert_eq!(std::fs::metadata(path).unwrap().permissions().mode() & 0o777, 0o600, "{}", path.display());
        }
    }

    #[test]
    fn what_is_not_theirs_is_named_and_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("credentials.json");
        for (text, word) in [("{\"default\":", "no JSON"), ("[]", "no profiles"), ("\"x\"", "no profiles")] {
            std::fs::write(&file, text).unwrap();
            let refused = write(&file, "default", &entry("one"), "now").unwrap_err();
            assert!(refused.contains(word) && refused.contains("credentials.json"), "{refused}");
            assert_eq!(std::fs::read_to_string(&file).unwrap(), text);
        }
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_profile_of_hosted_cueapi_may_leave_its_address_out() {
        let profiles = Profiles(json!({ "default": { "api_key": "k" }, "odd": 7 }).as_object().unwrap().clone());
        assert_eq!(profiles.entry("default").unwrap().api_base, HOSTED);
        assert!(profiles.entry("odd").is_none());
    }
}
