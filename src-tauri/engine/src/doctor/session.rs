//! The owner's session: the keyring, who shows notifications and tray icons, and what the window is drawn with.

use std::path::Path;

use super::Finding;
use crate::notify::{Notifier, NotifyHealth};
use crate::vault::{Vault, VaultHealth, VaultKind};

const SECRETS: &str = "secrets";
const NOTIFICATIONS: &str = "notifications";
const TRAY: &str = "tray";
const WINDOW: &str = "window";
/// What the window needs on Linux.
const WEBKIT: &str = "libwebkit2gtk-4.1.so.0";

/// `running`: what the tower that runs says of its own; None: none runs, so that it is looked at here.
pub async fn secrets(kind: VaultKind, data_dir: &Path, running: Option<VaultHealth>) -> Finding {
    let health = match running {
        Some(health) => health,
        None => Vault::open(kind, data_dir).await.health(),
    };
    match health.message {
        None if health.ok => Finding::good(SECRETS, format!("They are kept in: {}.", health.name)),
        message => Finding::bad(
            SECRETS,
            message.unwrap_or_else(|| "They cannot be read or saved.".to_owned()),
            "Start a keyring (gnome-keyring, KWallet), or keep them in a file: CUETOWER_VAULT_PASSPHRASE=… `cuetowerctl serve --vault file`.",
        ),
    }
}

/// `running`: as for [`secrets`].
pub async fn notifications(running: Option<NotifyHealth>) -> Finding {
    let health = match running {
        Some(health) => health,
        None => Notifier::start(true).await.0.health(),
    };
    match health.message {
        None if health.ok && health.name == "off" => Finding::good(NOTIFICATIONS, "The tower was told to show none."),
        None if health.ok => Finding::good(NOTIFICATIONS, format!("They are shown by {}.", health.name)),
        message => Finding::warn(
            NOTIFICATIONS,
            message.unwrap_or_else(|| "Nobody shows them.".to_owned()),
            "Start a notification server (dunst, or your desktop's own), or have alerts sent elsewhere: `cuetowerctl channel set`.",
        ),
    }
}

/// Whether somebody shows tray icons.
#[cfg(target_os = "linux")]
pub async fn tray() -> Finding {
    use std::time::Duration;

    const WATCHER: &str = "org.kde.StatusNotifierWatcher";
    const LIMIT: Duration = Duration::from_secs(1);

    let ask = async {
        let bus = zbus::Connection::session().await?;
        let watcher = zbus::proxy::Builder::<zbus::Proxy<'_>>::new(&bus)
            .destination(WATCHER)?
            .path("/StatusNotifierWatcher")?
            .interface(WATCHER)?
            .cache_properties(zbus::proxy::CacheProperties::No)
            .build()
            .await?;
        watcher.get_property::<bool>("IsStatusNotifierHostRegistered").await
    };
    let closes = "Closing the window ends it then; `cuetowerctl watchdog install` keeps a tower up without one. On GNOME the extension AppIndicator shows icons.";
    match tokio::time::timeout(LIMIT, ask).await {
        Ok(Ok(true)) => Finding::good(TRAY, "Somebody shows tray icons."),
        Ok(Ok(false)) => Finding::warn(TRAY, "Nobody on this session shows tray icons.", closes),
        Ok(Err(_)) | Err(_) => {
            Finding::warn(TRAY, "There is no session bus, or nobody on it shows tray icons.", closes)
        }
    }
}

#[cfg(not(target_os = "linux"))]
pub async fn tray() -> Finding {
    Finding::good(TRAY, "This system shows tray icons.")
}

/// Whether the window's program can be started; without it a browser is the window. `program`: where it is, if it is here.
#[must_use]
pub fn webview(program: Option<&Path>) -> Finding {
    let Some(program) = program else {
        return Finding::good(
            WINDOW,
            "The program with a window is not beside this one; `cuetowerctl desk-link` opens it in a browser.",
        );
    };
    if !cfg!(target_os = "linux") || webkit_is_there() {
        return Finding::good(WINDOW, format!("{} has what it is drawn with.", program.display()));
    }
    Finding::bad(
        WINDOW,
        format!("{} cannot start: {WEBKIT} is not installed.", program.display()),
        "`sudo apt install libwebkit2gtk-4.1-0` (or what your system calls it), or use a browser: `cuetowerctl desk-link`.",
    )
}

/// In one of the folders that a program's libraries come from.
fn webkit_is_there() -> bool {
    let folders = ["/usr/lib", "/usr/lib64", "/lib", "/usr/local/lib"].map(Path::new);
    let below = |folder: &Path| {
        let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
        entries.map(|entry| entry.path()).filter(|path| path.is_dir()).any(|path| path.join(WEBKIT).exists())
    };
    folders.iter().any(|folder| folder.join(WEBKIT).exists() || below(folder))
}
