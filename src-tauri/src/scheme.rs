//! Who opens `cuetower://` links on this machine, as the system has it.

use serde::Serialize;

use crate::login::Start;

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Links {
    pub registered: bool,
    pub possible: bool,
    pub why: Option<String>,
}

impl Links {
    fn not(why: impl Into<String>) -> Links {
        Links { registered: false, possible: false, why: Some(why.into()) }
    }
}

#[cfg(target_os = "linux")]
mod system {
    use std::fs::OpenOptions;
    use std::io::{self, Write as _};
    use std::path::{Path, PathBuf};
    use std::time::Duration;

    use tokio::process::Command;

    use super::*;
    use crate::desktop_entry::{entry, exec, value, without};

    const KIND: &str = "x-scheme-handler/cuetower";
    const LIMIT: Duration = Duration::from_secs(5);
    const MISSING: &str =
        "`xdg-mime`, by which a desktop is told who opens links, is not installed (package xdg-utils).";
    const NO_FOLDER: &str = "This system names no folder for your programs.";

    /// Beside the entry that a package brings along, and never listed among the programs.
    fn file(start: &Start) -> String {
        format!("{}.links.desktop", start.name)
    }

    fn path(start: &Start) -> Option<PathBuf> {
        Some(directories::BaseDirs::new()?.data_dir().join("applications").join(file(start)))
    }

    fn opens(start: &Start) -> Result<String, String> {
        let words: Vec<std::ffi::OsString> =
            [start.program.clone().into_os_string()].into_iter().chain(start.args.clone()).collect();
        exec(&words, "%u")
    }

    pub async fn look(start: &Start) -> Links {
        let Some(path) = path(start) else { return Links::not(NO_FOLDER) };
        let exec = match opens(start) {
            Ok(exec) => exec,
            Err(why) => return Links::not(why),
        };
        let Ok(chosen) = ran("xdg-mime", &["query", "default", KIND]).await else { return Links::not(MISSING) };
        let entry = std::fs::read_to_string(path).unwrap_or_default();
        let ours = chosen.trim() == file(start);
        let registered = ours && value(&entry, "Exec") == Some(exec.as_str());
        if !ours && installed(chosen.trim()).is_some_and(|entry| opens_the_same(&entry, &exec)) {
            let why = "They open this Cuetower, as its package says. Your desktop's own settings can change that.";
            return Links { registered: true, possible: false, why: Some(why.to_owned()) };
        }
        let why = match (registered, ours, chosen.trim()) {
            (true, ..) | (_, false, "") => None,
            (_, true, _) => Some("Links open another Cuetower on this data folder.".to_owned()),
            (_, false, other) => Some(format!("Links are opened by {other}.")),
        };
        Links { registered, possible: true, why }
    }

    /// An entry that came with a package.
    fn installed(name: &str) -> Option<String> {
        let said = std::env::var("XDG_DATA_DIRS").ok().filter(|said| !said.is_empty());
        let folders = said.unwrap_or_else(|| "/usr/local/share:/usr/share".to_owned());
        let plain = !name.is_empty() && !name.contains('/');
        let entries = folders.split(':').map(|folder| Path::new(folder).join("applications").join(name));
        entries.filter(|_| plain).find_map(|entry| std::fs::read_to_string(entry).ok())
    }

    /// Whether it starts what `exec` starts: the package's own names its program without quotes.
    fn opens_the_same(entry: &str, exec: &str) -> bool {
        value(entry, "Exec").is_some_and(|theirs| theirs.replace('"', "") == exec.replace('"', ""))
    }

    pub async fn switch(start: &Start, on: bool) -> Result<(), String> {
        let path = path(start).ok_or(NO_FOLDER)?;
        if on { add(start, &path).await } else { remove(start, &path).await }
    }

    async fn add(start: &Start, path: &Path) -> Result<(), String> {
        let kind = format!("MimeType={KIND};");
        let text = entry("Opens links to runs, gates and agents", &opens(start)?, &[&kind, "NoDisplay=true"]);
        let folder = path.parent().unwrap_or(path);
        std::fs::create_dir_all(folder)
            .and_then(|()| cuetower_engine::private::write(path, text.as_bytes()))
            .map_err(|error| format!("{} could not be written: {error}.", path.display()))?;
        refresh(folder).await;
        ran("xdg-mime", &["default", &file(start), KIND]).await.map(drop)
    }

    async fn remove(start: &Start, path: &Path) -> Result<(), String> {
        let lists = directories::BaseDirs::new().map(|folders| {
            [folders.config_dir().join("mimeapps.list"), folders.data_dir().join("applications/mimeapps.list")]
        });
        for list in lists.into_iter().flatten() {
            let Ok(before) = std::fs::read_to_string(&list) else { continue };
            let after = without(&before, &file(start));
            if after != before {
                rewritten(&list, after.as_bytes())
                    .map_err(|error| format!("{} could not be changed: {error}.", list.display()))?;
            }
        }
        match std::fs::remove_file(path) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                return Err(format!("{} could not be removed: {error}.", path.display()));
            }
            _ => {}
        }
        refresh(path.parent().unwrap_or(path)).await;
        Ok(())
    }

    /// The owner's own file, which other programs read meanwhile: it is read as it was, or as it is. A link to it stays one.
    fn rewritten(path: &Path, bytes: &[u8]) -> io::Result<()> {
        let path = path.canonicalize()?;
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let fresh = path.with_file_name(format!(".{name}.{}", std::process::id()));
        let write = || {
            let mut file = OpenOptions::new().write(true).create_new(true).open(&fresh)?;
            file.set_permissions(std::fs::metadata(&path)?.permissions())?;
            file.write_all(bytes)?;
            file.sync_all()?;
            std::fs::rename(&fresh, &path)
        };
        write().inspect_err(|_| drop(std::fs::remove_file(&fresh)))
    }

    /// Some desktops read a cache of the entries; where its program is missing there is none.
    async fn refresh(folder: &Path) {
        drop(ran("update-desktop-database", &[&folder.to_string_lossy()]).await);
    }

    /// What the program says. The error is a sentence.
    async fn ran(program: &str, args: &[&str]) -> Result<String, String> {
        let mut command = Command::new(program);
        cuetower_engine::keep_back(command.as_std_mut());
        let output = command.args(args).kill_on_drop(true).output();
        match tokio::time::timeout(LIMIT, output).await {
            Ok(Ok(output)) if output.status.success() => Ok(String::from_utf8_lossy(&output.stdout).into_owned()),
            // `xdg-mime query` fails where nothing was ever chosen.
            Ok(Ok(output)) if args.first() == Some(&"query") && output.status.code() != Some(127) => {
                Ok(String::from_utf8_lossy(&output.stdout).into_owned())
            }
            Ok(Ok(output)) => Err(format!("`{program}` failed: {}", String::from_utf8_lossy(&output.stderr).trim())),
            Ok(Err(error)) => Err(format!("`{program}` could not be run: {error}.")),
            Err(_) => Err(format!("`{program}` did not end within {} s.", LIMIT.as_secs())),
        }
    }

    #[cfg(test)]
    mod tests {
        use std::os::unix::fs::{PermissionsExt as _, symlink};

        use super::*;

        #[test]
        fn the_packages_own_entry_opens_this_program_and_no_other() {
            let entry = include_str!("../package/linux/cuetower.desktop");
            assert!(opens_the_same(entry, "\"/usr/bin/cuetower\" %u"));
            assert!(!opens_the_same(entry, "\"/usr/bin/cuetower\" \"--data\" \"/d\" %u"), "another data folder");
            assert!(!opens_the_same(entry, "\"/opt/cuetower\" %u"));
        }

        #[test]
        fn a_list_keeps_its_mode_and_its_link_and_nothing_lies_beside_it() {
            let folder = std::env::temp_dir().join(format!("cuetower-scheme-{}", std::process::id()));
            let (config, dotfiles) = (folder.join("config"), folder.join("dotfiles"));
            let [link, real] = [&config, &dotfiles].map(|folder| folder.join("mimeapps.list"));
            for folder in [&config, &dotfiles] {
                std::fs::create_dir_all(folder).expect("a folder");
            }
            std::fs::write(&real, "before").expect("a file");
            std::fs::set_permissions(&real, std::fs::Permissions::from_mode(0o640)).expect("a mode");
            symlink("../dotfiles/mimeapps.list", &link).expect("a link");

            rewritten(&link, b"after").expect("it is written");
            assert_eq!(std::fs::read_to_string(&real).expect("a file"), "after");
            assert!(link.is_symlink() && !real.is_symlink());
            assert_eq!(std::fs::metadata(&real).expect("a file").permissions().mode() & 0o777, 0o640);
            for folder in [&config, &dotfiles] {
                assert_eq!(std::fs::read_dir(folder).expect("a folder").count(), 1);
            }
            assert!(rewritten(&config.join("gone"), b"").is_err());
            // One that cannot be put in place leaves nothing either.
            std::fs::create_dir(folder.join("taken")).expect("a folder");
            assert!(rewritten(&folder.join("taken"), b"").is_err());
            assert_eq!(std::fs::read_dir(&folder).expect("a folder").count(), 3);
            std::fs::remove_dir_all(folder).expect("the folder goes");
        }
    }
}

/// There, the bundle says which links it opens, and the system reads it when it is installed.
#[cfg(not(target_os = "linux"))]
mod system {
    use super::*;

    const WHY: &str = "On this system the installer registers links, and the system's own settings say who opens them.";

    pub async fn look(_: &Start) -> Links {
        Links::not(WHY)
    }

    pub async fn switch(_: &Start, _: bool) -> Result<(), String> {
        Err(WHY.to_owned())
    }
}

pub use system::{look, switch};
