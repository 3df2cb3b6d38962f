//! Folders and files that are the owner's alone, whatever the umask is, and whoever else can write beside them.
//!
//! No umask is set for the whole process: it would be handed down to every command that a cue starts.

use std::fs::{File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};

/// A new file that was left where another is to be made is in the way once; whoever puts it there again is hostile.
const TRIES: u32 = 3;

/// Makes the folder if it is missing, with what leads to it, and sees to it that only the owner gets in.
///
/// # Errors
/// If it cannot be made, is a link, is another user's, or holds what others could have put there; in half a sentence.
pub fn folder(path: &Path) -> io::Result<()> {
    // A slash or a dot at its end would have the system follow a link.
    let path: PathBuf = path.components().collect();
    if let Ok(target) = std::fs::read_link(&path) {
        let words = format!(
            "it is a link to {}, which could be made to lead elsewhere; name that folder itself",
            target.display()
        );
        return Err(io::Error::other(words));
    }
    make(&path)?;
    own(&path)
}

/// How a file that only its owner may read is opened; nothing is followed that stands in its place.
#[must_use]
pub fn options() -> OpenOptions {
    #[cfg_attr(not(unix), expect(unused_mut, reason = "there are no modes"))]
    let mut options = OpenOptions::new();
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        options.mode(0o600).custom_flags(nix::fcntl::OFlag::O_NOFOLLOW.bits());
    }
    options
}

/// The file for writing, made if it is missing; one that others could read is closed to them.
///
/// # Errors
/// If it cannot be opened, or is a link.
pub fn file(path: &Path) -> io::Result<File> {
    let file = options().create(true).truncate(false).write(true).open(path)?;
    close(&file)?;
    Ok(file)
}

/// What is in a file of the owner's; one that others could read is closed to them. It need not be writable.
///
/// # Errors
/// If it cannot be read, is a link, or cannot be closed.
pub fn read(path: &Path) -> io::Result<Vec<u8>> {
    let mut file = options().read(true).open(path)?;
    // Put back from a copy, it may be open to others.
    close(&file)?;
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Writes a whole file: it is read as it was, or as it is.
///
/// # Errors
/// If it cannot be written.
pub fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let fresh = path.with_extension("new");
    let mut file = made_anew(&fresh)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    std::fs::rename(&fresh, path)
}

/// Has the disk keep the names in a folder as they are now.
///
/// # Errors
/// If it cannot.
pub fn sync(folder: &Path) -> io::Result<()> {
    if cfg!(unix) { File::open(folder)?.sync_all() } else { Ok(()) }
}

/// A new file for writing. What is there already is half written, by somebody who was killed.
///
/// # Errors
/// If it cannot be made.
pub fn made_anew(path: &Path) -> io::Result<File> {
    let mut tries_left = TRIES;
    loop {
        match options().create_new(true).write(true).open(path) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists && tries_left > 0 => std::fs::remove_file(path)?,
            made => return made,
        }
        tries_left -= 1;
    }
}

#[cfg(unix)]
fn make(path: &Path) -> io::Result<()> {
    std::os::unix::fs::DirBuilderExt::mode(std::fs::DirBuilder::new().recursive(true), 0o700).create(path)
}

#[cfg(unix)]
fn own(path: &Path) -> io::Result<()> {
    use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _};

    use nix::fcntl::OFlag;

    const OTHERS_WRITE: u32 = 0o022;
    let only_a_folder = (OFlag::O_DIRECTORY | OFlag::O_NOFOLLOW).bits();
    // By this handle, so that nobody changes what is looked at in between.
    let folder = OpenOptions::new().read(true).custom_flags(only_a_folder).open(path)?;
    let seen = folder.metadata()?;
    if seen.uid() != nix::unistd::geteuid().as_raw() {
        return Err(io::Error::other("it belongs to another user"));
    }
    if seen.mode() & OTHERS_WRITE != 0 && std::fs::read_dir(path)?.next().is_some() {
        let words = format!(
            "other users may write into it, and what is in it may be theirs; if it is yours, close it to them: chmod 700 {}",
            path.display()
        );
        return Err(io::Error::other(words));
    }
    if seen.mode() & 0o777 == 0o700 { Ok(()) } else { folder.set_permissions(std::fs::Permissions::from_mode(0o700)) }
}

#[cfg(unix)]
fn close(file: &File) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    let open_to_others = file.metadata()?.permissions().mode() & 0o077 != 0;
    if open_to_others { file.set_permissions(std::fs::Permissions::from_mode(0o600)) } else { Ok(()) }
}

#[cfg(not(unix))]
fn make(path: &Path) -> io::Result<()> {
    std::fs::create_dir_all(path)
}

/// A user's own folders are closed to others there.
#[cfg(not(unix))]
fn own(_: &Path) -> io::Result<()> {
    Ok(())
}

#[cfg(not(unix))]
fn close(_: &File) -> io::Result<()> {
    Ok(())
}

#[cfg(all(test, unix))]
mod tests {
    use std::os::unix::fs::{PermissionsExt as _, symlink};

    use super::*;

    fn mode(path: &Path) -> u32 {
        std::fs::symlink_metadata(path).unwrap().permissions().mode() & 0o777
    }

    fn set_mode(path: &Path, mode: u32) {
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
    }

    #[test]
    fn a_folder_is_made_and_closed_to_others() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a/b");
        folder(&path).unwrap();
        assert_eq!((mode(&path), mode(&dir.path().join("a"))), (0o700, 0o700));
        set_mode(&path, 0o755);
        std::fs::write(path.join("x"), "").unwrap();
        folder(&path).unwrap();
        assert_eq!(mode(&path), 0o700, "others could look into it, not write");
    }

    #[test]
    fn a_folder_that_others_could_fill_is_taken_only_while_it_is_empty() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("open");
        std::fs::create_dir(&path).unwrap();
        set_mode(&path, 0o777);
        folder(&path).unwrap();
        assert_eq!(mode(&path), 0o700);
        std::fs::write(path.join("cuetower.db"), "").unwrap();
        set_mode(&path, 0o770);
        let words = folder(&path).unwrap_err().to_string();
        assert!(
            words.contains("other users may write") && words.ends_with(&format!("chmod 700 {}", path.display())),
            "{words}"
        );
    }

    #[test]
    fn a_link_is_not_followed_however_it_is_written() {
        let dir = tempfile::tempdir().unwrap();
        let (real, link) = (dir.path().join("real"), dir.path().join("link"));
        std::fs::create_dir(&real).unwrap();
        symlink(&real, &link).unwrap();
        for written in ["link", "link/", "link/."] {
            let words = folder(&dir.path().join(written)).unwrap_err().to_string();
            assert!(words.contains("is a link to") && words.contains("real"), "{written}: {words}");
        }
        symlink(dir.path().join("nowhere"), dir.path().join("dangling")).unwrap();
        assert!(folder(&dir.path().join("dangling")).is_err());
        assert!(!dir.path().join("nowhere").exists(), "nothing was made there");
        assert!(folder(&dir.path().join("link/below")).is_ok(), "what leads to it is the owner's to arrange");
    }

    #[test]
    fn a_file_is_the_owners_alone_and_nothing_in_its_place_is_followed() {
        let dir = tempfile::tempdir().unwrap();
        let (path, other) = (dir.path().join("tower.key"), dir.path().join("other"));
        std::fs::write(&other, "untouched").unwrap();
        symlink(&other, dir.path().join("tower.new")).unwrap();
        write(&path, b"1").unwrap();
        write(&path, b"22").unwrap();
        assert_eq!((std::fs::read(&path).unwrap(), mode(&path)), (b"22".to_vec(), 0o600));
        assert_eq!(std::fs::read(&other).unwrap(), b"untouched");
        set_mode(&path, 0o644);
        drop(file(&path).unwrap());
        assert_eq!((std::fs::read(&path).unwrap(), mode(&path)), (b"22".to_vec(), 0o600), "closed, and as it was");
        set_mode(&path, 0o644);
        assert_eq!((read(&path).unwrap(), mode(&path)), (b"22".to_vec(), 0o600), "closed by whoever reads it, too");
        symlink(&other, dir.path().join("lock")).unwrap();
        assert!(read(&dir.path().join("lock")).is_err());
        assert!(file(&dir.path().join("lock")).is_err());
    }
}
