//! `serve`: a tower until a signal ends it. Its log goes to standard error and to its files; standard output is for whoever started it.

use std::time::Duration;

use serde_json::json;

use crate::logs::log_to_stderr;
use crate::serve_notify;
use crate::show::say;
use crate::tower::{Options, Tower};

/// What is left on the runtime when the tower has stopped gets no longer than this.
const LEFTOVERS: Duration = Duration::from_secs(1);

pub fn serve(options: Options, ready_json: bool) -> Result<(), String> {
    log_to_stderr(&options.known);
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let runtime = runtime.map_err(|error| format!("The tower could not start its threads: {error}."))?;
    let ended = runtime.block_on(async {
        // Before the tower is up: a signal that comes while it starts stops it in order, too.
        let mut signals =
            Signals::listen().map_err(|error| format!("The system's signals cannot be heard: {error}."))?;
        let mut tower = Tower::start(options).await.map_err(|error| error.to_string())?;
        say(&ready(&tower, ready_json));
        serve_notify::ready(&tower.desk.handle);
        signals.wait(&mut tower).await;
        tokio::select! {
            () = tower.stop() => Ok(()),
            () = signals.heard() => Err("The tower was told to stop a second time and ended at once.".to_owned()),
        }
    });
    runtime.shutdown_timeout(LEFTOVERS);
    ended
}

fn ready(tower: &Tower, as_json: bool) -> String {
    if as_json {
        let line = json!({
            "agents": tower.agents_url,
            "exposed": tower.exposed,
            "desk": tower.desk_link,
            "key": tower.key,
            "pid": std::process::id(),
            "version": tower.desk.facts.version,
        });
        return line.to_string();
    }
    let mut words = format!("The tower is up. Agents report to {}\n", tower.agents_url);
    if let Some(address) = tower.exposed {
        words += &format!("Those of other machines report to {address}\n");
    }
    if let Some(link) = &tower.desk_link {
        words += &format!("Open its window in a browser (the link works once): {link}\n");
    }
    if let Some(trouble) = tower.desk.vault.health().message {
        words += &format!("{trouble}\n");
    }
    words + &format!("Its data is in {}. Ctrl-C stops it.", tower.desk.facts.data_dir)
}

/// SIGTERM and Ctrl-C, remembered from the moment of [`Signals::listen`] on.
#[cfg(unix)]
pub struct Signals {
    terminate: tokio::signal::unix::Signal,
    interrupt: tokio::signal::unix::Signal,
}

#[cfg(unix)]
impl Signals {
    pub fn listen() -> std::io::Result<Signals> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Signals { terminate: signal(SignalKind::terminate())?, interrupt: signal(SignalKind::interrupt())? })
    }

    pub async fn heard(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}

#[cfg(not(unix))]
pub struct Signals;

#[cfg(not(unix))]
impl Signals {
    pub fn listen() -> std::io::Result<Signals> {
        Ok(Signals)
    }

    pub async fn heard(&mut self) {
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending().await
        }
    }
}

impl Signals {
    /// Until a signal comes. Nobody opens a window here, so a click on a notification names the run in the log.
    async fn wait(&mut self, tower: &mut Tower) {
        loop {
            tokio::select! {
                () = self.heard() => return,
                Some(clicked) = tower.clicks.recv() => tracing::info!(opens = ?clicked, "a notification was clicked"),
            }
        }
    }
}
