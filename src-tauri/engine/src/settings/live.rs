//! The settings of a running tower: taken in again when the file changes. One that does not fit changes nothing, and is told.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use tokio::sync::watch;

use super::{FILE, Settings, SettingsError, load, set};

/// A file that is edited by hand is looked at this often: its time and size alone.
const LOOKS: Duration = Duration::from_secs(2);

/// Cheap to clone.
#[derive(Debug, Clone)]
pub struct Live {
    data_dir: PathBuf,
    now: Arc<watch::Sender<Arc<Settings>>>,
    trouble: Arc<watch::Sender<Option<SettingsError>>>,
    /// Of the file, before it was read.
    read: Option<Stamp>,
}

type Stamp = (SystemTime, u64);

impl Live {
    /// # Errors
    /// If the file does not fit: nothing is started on settings that are not what the owner said.
    pub fn load(data_dir: &Path) -> Result<Live, SettingsError> {
        let read = stamp(data_dir);
        let settings = load(data_dir)?;
        Ok(Live {
            read,
            data_dir: data_dir.to_owned(),
            now: Arc::new(watch::Sender::new(Arc::new(settings))),
            trouble: Arc::new(watch::Sender::new(None)),
        })
    }

    #[must_use]
    pub fn get(&self) -> Arc<Settings> {
        Arc::clone(&self.now.borrow())
    }

    /// Changes with them.
    #[must_use]
    pub fn watch(&self) -> watch::Receiver<Arc<Settings>> {
        self.now.subscribe()
    }

    /// Why the file is not what holds.
    #[must_use]
    pub fn trouble(&self) -> Option<SettingsError> {
        self.trouble.borrow().clone()
    }

    /// Sets one in the file, and takes it in; see [`set`].
    ///
    /// # Errors
    /// As [`set`].
    pub fn set(&self, setting: &str, value: Option<&str>) -> Result<Arc<Settings>, SettingsError> {
        let settings = set(&self.data_dir, setting, value)?;
        self.take(Ok(settings));
        Ok(self.get())
    }

    fn take(&self, loaded: Result<Settings, SettingsError>) {
        match loaded {
            Ok(settings) => {
                self.trouble.send_if_modified(|trouble| trouble.take().is_some());
                self.now.send_if_modified(|now| {
                    let other = **now != settings;
                    if other {
                        tracing::info!("the settings have changed");
                        *now = Arc::new(settings);
                    }
                    other
                });
            }
            Err(error) => {
                self.trouble.send_if_modified(|trouble| {
                    let other = trouble.as_ref() != Some(&error);
                    if other {
                        tracing::warn!(%error, "the settings stay as they were");
                        *trouble = Some(error);
                    }
                    other
                });
            }
        }
    }

    /// Looks at the file until the tower stops.
    pub async fn look_after(self) {
        let mut seen = self.read;
        loop {
            tokio::time::sleep(LOOKS).await;
            let now = stamp(&self.data_dir);
            if now != seen {
                seen = now;
                self.take(load(&self.data_dir));
            }
        }
    }
}

fn stamp(data_dir: &Path) -> Option<Stamp> {
    let seen = std::fs::metadata(data_dir.join(FILE)).ok()?;
    Some((seen.modified().ok()?, seen.len()))
}
