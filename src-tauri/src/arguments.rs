//! What the window can be asked on the command line. Everything else is for `cuetowerctl`'s reader.

use std::ffi::OsString;
use std::path::Path;

use cuetower_cli::tower::Options;

use crate::link;

/// Start without showing the window, as after a login.
pub const HIDDEN: &str = "--hidden";
const DATA: &str = "--data";

pub struct Wishes {
    pub options: Options,
    pub hidden: bool,
    /// A place to show, as it was written.
    pub link: Option<String>,
    /// The options as they were written, for whoever starts this tower another time from another folder.
    pub again: Vec<OsString>,
}

/// `args` without the program's name. None if they are a command line for `cuetowerctl`: a command, `--help`, a mistake.
pub fn read(args: &[OsString]) -> Option<Wishes> {
    let is_link = |arg: &OsString| arg.to_str().is_some_and(link::is_one);
    let (links, others): (Vec<_>, Vec<_>) = args.iter().cloned().partition(is_link);
    let (hidden, others): (Vec<_>, Vec<_>) = others.into_iter().partition(|arg| arg == HIDDEN);
    let options = cuetower_cli::window(&others)?;
    let again = again(others, &options);
    let link = links.first().and_then(|link| link.to_str()).map(str::to_owned);
    Some(Wishes { options, hidden: !hidden.is_empty(), link, again })
}

/// With the data folder in full.
fn again(args: Vec<OsString>, options: &Options) -> Vec<OsString> {
    let mut again = Vec::new();
    let mut args = args.into_iter();
    while let Some(arg) = args.next() {
        if arg == DATA {
            args.next();
        } else if !arg.to_str().is_some_and(|arg| arg.starts_with("--data=")) {
            again.push(arg);
        }
    }
    if options.data.is_some()
        && let Ok(folder) = options.folder()
    {
        again.extend([DATA.into(), folder.into_os_string()]);
    }
    again
}

/// What a second start asks of the first.
#[derive(Debug, PartialEq, Eq)]
pub struct Second {
    pub wants_to_be_seen: bool,
    pub link: Option<String>,
}

/// `args` with the program's name, or without.
pub fn second(args: &[String]) -> Second {
    let link = args.iter().find(|arg| link::is_one(arg)).cloned();
    Second { wants_to_be_seen: link.is_some() || !args.iter().any(|arg| arg == HIDDEN), link }
}

/// The name on the session bus by which a second start finds the first: one for each data folder.
pub fn bus_name(identifier: &str, folder: &Path) -> String {
    let folder = folder.canonicalize().or_else(|_| std::path::absolute(folder)).unwrap_or_else(|_| folder.to_owned());
    format!("{identifier}.on{:016x}", fnv(folder.as_os_str().as_encoded_bytes()))
}

/// FNV-1a: it stands in the names of files that the next version is to find.
fn fnv(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3))
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
    fn a_link_is_taken_from_the_windows_own_arguments_and_from_no_others() {
        let wishes = read(&words("--data /d cuetower://run/7")).expect("the window's own arguments");
        assert_eq!((wishes.link.as_deref(), wishes.hidden), (Some("cuetower://run/7"), false));
        assert!(read(&words("call board cuetower://run/7")).is_none(), "a command keeps all its words");
        assert!(read(&words("--data cuetower://run/7")).is_none());
        let args = |line: &str| line.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
        assert_eq!(second(&args("cuetower --hidden")), Second { wants_to_be_seen: false, link: None });
        let link = Some("cuetower://alerts".to_owned());
        assert_eq!(second(&args("cuetower --hidden cuetower://alerts")), Second { wants_to_be_seen: true, link });
    }

    #[test]
    fn a_later_start_finds_the_same_tower() {
        let again = |line: &str| read(&words(line)).expect("the window's own arguments").again;
        assert_eq!(again("--demo --hidden --data /d cuetower://alerts"), words("--demo --data /d"));
        assert_eq!(again("--no-notifications"), words("--no-notifications"));
        let here = std::env::current_dir().expect("a folder").join("d");
        assert_eq!(again("--data=d"), [OsString::from("--data"), here.into_os_string()]);
    }

    #[test]
    fn each_data_folder_has_a_name_of_its_own() {
        let here = std::env::current_dir().expect("a folder");
        assert_eq!(bus_name("dev.x", Path::new(".")), bus_name("dev.x", &here), "the same folder, written otherwise");
        assert_ne!(bus_name("dev.x", Path::new("/")), bus_name("dev.x", &here));
        assert_eq!(bus_name("dev.x", Path::new("/")), "dev.x.onaf63a24c860189fe", "the next version finds it too");
    }
}
