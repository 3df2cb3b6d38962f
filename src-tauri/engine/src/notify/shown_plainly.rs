//! Notifications on macOS and Windows: shown, each for itself. Clicks are not reported there yet.

use notify_rust::Notification;
use tokio::sync::{mpsc, watch};
use tokio::task::spawn_blocking;

use super::{Clicked, Health, Note};

#[derive(Clone)]
pub struct Server(Health);

impl Server {
    pub fn new(health: Health) -> Server {
        Server(health)
    }

    /// The system's own service is always there.
    pub async fn look(&self) -> bool {
        self.0.good(if cfg!(windows) { "Windows notifications" } else { "macOS notifications" });
        true
    }
}

/// Shows the note in `notes`.
pub async fn attend(mut notes: watch::Receiver<Option<Note>>, _: mpsc::Sender<Clicked>, server: Server) {
    let Some(note) = notes.borrow_and_update().clone() else { return };
    let show = move || Notification::new().appname("Cuetower").summary(&note.title).body(&note.body).show().map(drop);
    match spawn_blocking(show).await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => server.0.bad(&format!("the system refused one ({error})")),
        Err(error) => server.0.bad(&format!("showing one failed ({error})")),
    }
}
