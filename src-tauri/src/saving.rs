//! A file for the owner: they choose where, in the system's own dialog, and what the page made is written there.

use std::path::{Path, PathBuf};

use cuetower_engine::desk::wire::DeskError;
use tauri::{AppHandle, Manager};

/// Longer names no file system takes.
const NAME_BYTES_MAX: usize = 200;

/// Gives the path, or None if the owner thought better of it.
#[tauri::command]
pub async fn save_file(app: AppHandle, name: String, text: String) -> Result<Option<String>, DeskError> {
    let mut dialog = rfd::AsyncFileDialog::new().set_title("Save").set_file_name(plain(&name));
    if let Some(folder) = first_folder() {
        dialog = dialog.set_directory(folder);
    }
    if let Some(window) = app.get_webview_window("main") {
        dialog = dialog.set_parent(&window);
    }
    let Some(chosen) = dialog.save_file().await else { return Ok(None) };
    let path = chosen.path().to_owned();
    write(&path, text).await.map(|()| Some(path.display().to_string()))
}

/// Where the owner looks for what a program gave them.
fn first_folder() -> Option<PathBuf> {
    let folders = directories::UserDirs::new()?;
    let downloads = folders.download_dir().filter(|folder| folder.is_dir());
    Some(downloads.unwrap_or(folders.home_dir()).to_owned())
}

async fn write(path: &Path, text: String) -> Result<(), DeskError> {
    tokio::fs::write(path, text).await.map_err(|error| DeskError {
        code: "refused".to_owned(),
        message: format!("{} could not be written: {error}. Choose another place.", path.display()),
        field: None,
    })
}

/// A name and no path: what the page knows of a run may have been written by an agent.
fn plain(name: &str) -> String {
    let letter = |letter: char| match letter {
        '/' | '\\' | ':' | '*' | '?' | '"' | '<' | '>' | '|' => '-',
        other if other.is_control() => '-',
        other => other,
    };
    let mut plain = String::new();
    for letter in name.trim().chars().map(letter).skip_while(|letter| matches!(letter, '.' | '-')) {
        if plain.len() + letter.len_utf8() > NAME_BYTES_MAX {
            break;
        }
        plain.push(letter);
    }
    if plain.is_empty() { "cuetower".to_owned() } else { plain }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_stays_a_name() {
        assert_eq!(plain("price-watch 2026-11-22.json"), "price-watch 2026-11-22.json");
        assert_eq!(plain("../../.ssh/authorized_keys"), "ssh-authorized_keys");
        assert_eq!(
            (plain(".bashrc"), plain("a\0\nb"), plain(" ")),
            ("bashrc".into(), "a--b".into(), "cuetower".into())
        );
        assert!(plain(&"\u{e9}".repeat(300)).len() <= NAME_BYTES_MAX);
    }

    #[tokio::test]
    async fn what_cannot_be_written_is_told() {
        let error = write(Path::new("/proc/cuetower/x.csv"), "a".into()).await.expect_err("no such folder");
        assert!(error.message.starts_with("/proc/cuetower/x.csv could not be written: "), "{}", error.message);
    }
}
