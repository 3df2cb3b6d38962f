//! The dead man's ping: a request goes out every so often for as long as the loop lives, so that somebody elsewhere notices
//! when it does not.

use std::time::Duration;

use cuetower_core::Ms;

use super::keep::{BEACON, secrets_of};
use super::send::Means;
use crate::handle::Handle;
use crate::journal::BeaconRow;

/// Seconds between pings, unless the owner says otherwise.
pub(crate) const EVERY_S: u32 = 60;
/// The loop stamps its life at least every 5 s: an older stamp is of a loop that hangs.
const STAMP_MS: u64 = 15_000;

/// How the last ping went, since the tower started.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct BeaconState {
    pub last_ok: Option<Ms>,
    /// "" before the first.
    pub words: String,
}

/// Pings until the tower stops.
pub(crate) async fn go_on(handle: Handle) {
    let mut set = handle.channels.0.set.subscribe();
    let means = Means::of(&handle);
    loop {
        set.mark_unchanged();
        let row = handle.reader().beacon().await.unwrap_or_else(|error| {
            tracing::error!(%error, "the store could not say where the beacon goes");
            None
        });
        tokio::select! {
            changed = set.changed() => if changed.is_err() { return },
            () = ping(&handle, &means, row) => {}
        }
    }
}

/// For as long as it is set as it is.
async fn ping(handle: &Handle, means: &Means, row: Option<BeaconRow>) {
    let Some(row) = row else { return std::future::pending().await };
    let every = Duration::from_secs(u64::from(row.every_s.max(1)));
    loop {
        let before = handle.channels.beacon();
        let state = match once(handle, means).await {
            Ok(words) => BeaconState { last_ok: Some(handle.now()), words },
            Err(words) => {
                tracing::warn!("the beacon did not go out: {words}");
                BeaconState { words, ..before }
            }
        };
        handle.channels.note_beacon(state);
        tokio::time::sleep(every).await;
    }
}

async fn once(handle: &Handle, means: &Means) -> Result<String, String> {
    let alive = handle.reader().alive_at().await.map_err(|error| error.to_string())?;
    let now = handle.now();
    if alive.is_none_or(|alive| now.since(alive) >= STAMP_MS) {
        return Err("the tower's loop has not stamped its life for 15 s, so nothing was sent".to_owned());
    }
    let kept = secrets_of(&handle.vault, BEACON).await.map_err(|error| error.to_string())?.unwrap_or_default();
    let url = kept.url.clone().ok_or("its address is not in the vault; set it again")?;
    let headers = vec![("User-Agent".to_owned(), "Cuetower".to_owned())];
    means.request("GET", &url, headers, Vec::new(), &kept).await.map_err(|failure| failure.words)
}
