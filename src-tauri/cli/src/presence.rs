//! Who holds a data folder: one tower at a time, which leaves there what its owner's command line needs to find it.
//!
//! The lock is the system's, so that it vanishes with its process, however that ends. `desk.json` says where the doors
//! are, `owner.token` opens the owner's; both are for the user's eyes only and worth nothing after the tower stopped.

use std::fs::File;
use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use cuetower_engine::{private, token};
use serde::{Deserialize, Serialize};

const LOCK: &str = "tower.lock";
const DOORS: &str = "desk.json";
const TOKEN: &str = "owner.token";
/// Whoever asks whether a tower runs holds the lock for an instant, and so does a killed process that is not yet gone.
const TRIES: u32 = 20;
const BETWEEN_TRIES: Duration = Duration::from_millis(20);

/// What a running tower says of itself, for its owner's command line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Doors {
    /// The owner's door, if it is open: "http://127.0.0.1:8738".
    pub desk: Option<String>,
    /// The agents' door: "http://127.0.0.1:8737".
    pub agents: String,
    pub pid: u32,
}

/// Why a folder could not be claimed.
#[derive(Debug)]
pub enum Unclaimed {
    /// A tower runs on it; with its process id, if it can be read.
    Held(Option<u32>),
    Failed(std::io::Error),
}

/// This process is the tower of a data folder.
#[derive(Debug)]
pub struct Claim {
    folder: PathBuf,
    /// Held as long as it is open.
    _lock: File,
}

impl Claim {
    /// The folder is there already.
    pub async fn take(folder: &Path) -> Result<Claim, Unclaimed> {
        let mut lock = open(folder).map_err(Unclaimed::Failed)?;
        for tries_left in (0..TRIES).rev() {
            match lock.try_lock() {
                Ok(()) => break,
                Err(std::fs::TryLockError::Error(error)) => return Err(Unclaimed::Failed(error)),
                Err(std::fs::TryLockError::WouldBlock) if tries_left == 0 => {
                    return Err(Unclaimed::Held(holder(folder)));
                }
                Err(std::fs::TryLockError::WouldBlock) => tokio::time::sleep(BETWEEN_TRIES).await,
            }
        }
        let sign = |lock: &mut File| {
            lock.set_len(0)?;
            write!(lock, "{}", std::process::id())
        };
        sign(&mut lock).map_err(Unclaimed::Failed)?;
        let claim = Claim { folder: folder.to_owned(), _lock: lock };
        // What a killed predecessor left would lead to a port that may be anybody's by now.
        claim.withdraw();
        Ok(claim)
    }

    /// Lets the owner's command line find the doors. `token` is for the owner's door.
    pub fn announce(&self, doors: &Doors, token: &str) -> std::io::Result<()> {
        let text = serde_json::to_string(doors).expect("doors are plain data");
        token::write_private(&self.folder.join(TOKEN), token.as_bytes())?;
        token::write_private(&self.folder.join(DOORS), text.as_bytes())
    }

    fn withdraw(&self) {
        for name in [DOORS, TOKEN] {
            drop(std::fs::remove_file(self.folder.join(name)));
        }
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        self.withdraw();
    }
}

/// The process id of the tower that runs on the folder, if one does and says so.
pub fn holder(folder: &Path) -> Option<u32> {
    let mut text = String::new();
    File::open(folder.join(LOCK)).ok()?.take(20).read_to_string(&mut text).ok()?;
    text.trim().parse().ok()
}

/// Whether a tower runs on the folder.
pub fn is_held(folder: &Path) -> bool {
    let Ok(lock) = File::open(folder.join(LOCK)) else { return false };
    matches!(lock.try_lock_shared(), Err(std::fs::TryLockError::WouldBlock))
}

/// The doors of the tower that runs on the folder, and the token for the owner's.
pub fn doors(folder: &Path) -> Option<(Doors, String)> {
    let doors = serde_json::from_str(&std::fs::read_to_string(folder.join(DOORS)).ok()?).ok()?;
    Some((doors, std::fs::read_to_string(folder.join(TOKEN)).ok()?))
}

fn open(folder: &Path) -> std::io::Result<File> {
    private::file(&folder.join(LOCK))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_folder_has_one_tower_and_is_free_once_that_is_gone() {
        let folder = tempfile::tempdir().unwrap();
        assert!(!is_held(folder.path()));
        let claim = Claim::take(folder.path()).await.unwrap();
        assert!(is_held(folder.path()));
        let pid = std::process::id();
        assert!(matches!(Claim::take(folder.path()).await, Err(Unclaimed::Held(Some(named))) if named == pid));
        let announced = Doors { desk: None, agents: "http://127.0.0.1:8737".to_owned(), pid };
        claim.announce(&announced, "token").unwrap();
        assert_eq!(doors(folder.path()), Some((announced, "token".to_owned())));
        drop(claim);
        assert!(!is_held(folder.path()) && doors(folder.path()).is_none());
        Claim::take(folder.path()).await.unwrap();
    }

    #[cfg(unix)]
    #[tokio::test]
    async fn what_opens_the_owners_door_is_for_the_user_alone() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let claim = Claim::take(folder.path()).await.unwrap();
        let announced = Doors { desk: None, agents: String::new(), pid: 1 };
        claim.announce(&announced, "token").unwrap();
        for name in [DOORS, TOKEN, LOCK] {
            let mode = std::fs::metadata(folder.path().join(name)).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600, "{name}");
        }
    }
}
