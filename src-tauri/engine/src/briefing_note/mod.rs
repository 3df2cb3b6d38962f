//! The notification that stands in for the briefing until the window is opened: one for each return, none once it was closed.

use std::time::Duration;

use cuetower_core::Ms;

use crate::desk::briefing;
use crate::handle::Handle;
use crate::notify::{Note, Notifier, Opens};

/// For the catch-up to land, so that the note says what was done.
const SETTLING: Duration = Duration::from_secs(3);
const KEY: &str = "briefing";

/// Until it is aborted, or the tower stops. `started_at`: absences that ended earlier were told of by an earlier tower.
pub(crate) async fn tell(handle: Handle, notifier: Notifier, started_at: Ms) {
    let mut absences = handle.feed().absences();
    let mut told = started_at.minus(1);
    loop {
        tokio::time::sleep(SETTLING).await;
        told = told.max(tell_once(&handle, &notifier, told).await.unwrap_or(told));
        if absences.changed().await.is_err() {
            return;
        }
    }
}

/// Shows what was missed, if it was missed in an absence that ended after `told`. The end of the newest one.
async fn tell_once(handle: &Handle, notifier: &Notifier, told: Ms) -> Option<Ms> {
    let card = briefing::card(handle.reader(), handle.now()).await.unwrap_or_else(|error| {
        tracing::warn!(%error, "what was missed could not be looked up for a notification");
        None
    })?;
    let newest = card.bands.iter().map(|band| Ms(band.to_ms)).max().filter(|newest| *newest > told)?;
    notifier.show(Note {
        key: KEY.to_owned(),
        title: card.title,
        body: card.sentence,
        critical: false,
        opens: Some(Opens::Window),
        buttons: Vec::new(),
    });
    Some(newest)
}

#[cfg(test)]
pub(crate) mod tests;
