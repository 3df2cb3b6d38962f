//! The end: asked for by the owner or by a signal. The tower stops in order before the program ends.

use tauri::{AppHandle, Manager};

use crate::shell::Shell;
use crate::window;

/// Stops the tower, then ends the program. Asked a second time, it ends at once: the journal is safe at every instant.
pub fn quit(app: &AppHandle) {
    let remembered = window::remember(app);
    window::hide(app);
    let Some(tower) = app.state::<Shell>().take_tower() else {
        app.exit(1);
        return;
    };
    let app = app.clone();
    tauri::async_runtime::spawn(async move {
        tower.stop().await;
        if let Some(remembered) = remembered {
            drop(remembered.await);
        }
        app.exit(0);
    });
}

/// Signals ask as the owner does.
#[cfg(unix)]
pub fn obey_signals(app: &AppHandle) {
    use tokio::signal::unix::{SignalKind, signal};

    for kind in [SignalKind::terminate(), SignalKind::interrupt(), SignalKind::hangup()] {
        let app = app.clone();
        tauri::async_runtime::spawn(async move {
            match signal(kind) {
                Ok(mut asked) => {
                    while asked.recv().await.is_some() {
                        quit(&app);
                    }
                }
                Err(error) => tracing::warn!(?kind, %error, "this signal will end the program without order"),
            }
        });
    }
}

#[cfg(not(unix))]
pub fn obey_signals(app: &AppHandle) {
    let app = app.clone();
    tauri::async_runtime::spawn(async move {
        while tokio::signal::ctrl_c().await.is_ok() {
            quit(&app);
        }
    });
}
