//! What the window can be asked on the command line. Everything else is for `cuetowerctl`'s reader.

use std::collections::hash_map::DefaultHasher;
use std::ffi::OsString;
use std::hash::{Hash as _, Hasher as _};
use std::path::Path;

use cuetower_cli::tower::Options;

/// Start without showing the window, as after a login.
const HIDDEN: &str = "--hidden";

pub struct Wishes {
    pub options: Options,
    pub hidden: bool,
}

/// `args` without the program's name. None if they are a command line for `cuetowerctl`: a command, `--help`, a mistake.
pub fn read(args: &[OsString]) -> Option<Wishes> {
    let (hidden, others): (Vec<_>, Vec<_>) = args.iter().cloned().partition(|arg| arg == HIDDEN);
    Some(Wishes { options: cuetower_cli::window(&others)?, hidden: !hidden.is_empty() })
}

/// Whether a second start wants to see the window of the first.
pub fn wants_to_be_seen(args: &[String]) -> bool {
    !args.iter().any(|arg| arg == HIDDEN)
}

/// The name on the session bus by which a second start finds the first: one for each data folder.
pub fn bus_name(identifier: &str, folder: &Path) -> String {
    let folder = folder.canonicalize().or_else(|_| std::path::absolute(folder)).unwrap_or_else(|_| folder.to_owned());
    // Its keys are fixed, and only programs of one build meet on the name.
    let mut hasher = DefaultHasher::new();
    folder.hash(&mut hasher);
    format!("{identifier}.on{:016x}", hasher.finish())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(line: &str) -> Vec<OsString> {
        line.split_whitespace().map(OsString::from).collect()
    }

    #[test]
    fn the_window_starts_hidden_when_told_wherever_it_is_said() {
        assert!(read(&words("")).is_some_and(|wishes| !wishes.hidden));
        let wishes = read(&words("--demo --hidden --data /d")).expect("the window's own arguments");
        assert!(wishes.hidden && wishes.options.demo && wishes.options.data == Some("/d".into()));
        assert!(read(&words("status")).is_none() && read(&words("--hiden")).is_none());
    }

    #[test]
    fn each_data_folder_has_a_name_of_its_own() {
        let here = std::env::current_dir().expect("a folder");
        assert_eq!(bus_name("dev.x", Path::new(".")), bus_name("dev.x", &here), "the same folder, written otherwise");
        assert_ne!(bus_name("dev.x", Path::new("/")), bus_name("dev.x", &here));
        assert!(bus_name("dev.x", Path::new("/")).starts_with("dev.x.on"));
    }
}
