//! One notification on the freedesktop server (Linux and the BSDs): shown, replaced, clicked or closed.

use std::ops::DerefMut;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use notify_rust::{Hint, Notification, NotificationHandle, NotificationResponse, Urgency};
use tokio::sync::{mpsc, watch};
use tokio::task::spawn_blocking;
use tokio::time::timeout;

use super::{Clicked, Health, Note};

/// A server that takes longer is stuck.
const SERVER_LIMIT: Duration = Duration::from_secs(5);
/// Beside the other buttons; a click on the rest of the notification does the same.
const OPEN: &str = "open";

/// The session's notification server, as far as it is known.
#[derive(Clone)]
pub struct Server {
    health: Health,
    /// Its name was learnt and the last call worked.
    known: Arc<AtomicBool>,
    /// It reads `<b>` and `&amp;` in a body.
    markup: Arc<AtomicBool>,
    /// It shows buttons.
    buttons: Arc<AtomicBool>,
}

impl Server {
    pub fn new(health: Health) -> Server {
        Server { health, known: Arc::default(), markup: Arc::default(), buttons: Arc::default() }
    }

    /// Learns which server is there, unless that is known. True if one is.
    pub async fn look(&self) -> bool {
        if self.known.load(Ordering::Acquire) {
            return true;
        }
        let ask = || -> notify_rust::error::Result<_> {
            Ok((notify_rust::get_server_information()?, notify_rust::get_capabilities()?))
        };
        match timeout(SERVER_LIMIT, spawn_blocking(ask)).await {
            Ok(Ok(Ok((server, capabilities)))) => {
                let can = |what: &str| capabilities.iter().any(|known| known == what);
                self.markup.store(can("body-markup"), Ordering::Release);
                self.buttons.store(can("actions"), Ordering::Release);
                self.known.store(true, Ordering::Release);
                self.health.good(format!("{} {}", server.name, server.version).trim());
                true
            }
            Ok(Ok(Err(error))) => self.lost(&in_words(&error)),
            Ok(Err(_)) | Err(_) => self.lost("the notification service does not answer"),
        }
    }

    /// Always false, for the caller's convenience.
    fn lost(&self, reason: &str) -> bool {
        self.known.store(false, Ordering::Release);
        self.health.bad(reason);
        false
    }

    async fn show(&self, note: &Note) -> Option<NotificationHandle> {
        match timeout(SERVER_LIMIT, self.dressed(note).show_async()).await {
            Ok(Ok(handle)) => Some(handle),
            Ok(Err(error)) => self.gone(&in_words(&error)),
            Err(_) => self.gone("the notification service does not answer"),
        }
    }

    /// Over the same connection, because some servers let only the sender replace a notification.
    async fn replace(&self, mut handle: NotificationHandle, note: &Note) -> Option<NotificationHandle> {
        *handle.deref_mut() = self.dressed(note);
        let update = move || handle.update().map(|()| handle);
        match timeout(SERVER_LIMIT, spawn_blocking(update)).await {
            Ok(Ok(Ok(handle))) => Some(handle),
            Ok(Ok(Err(error))) => self.gone(&in_words(&error)),
            Ok(Err(_)) | Err(_) => self.gone("the notification service does not answer"),
        }
    }

    fn gone(&self, reason: &str) -> Option<NotificationHandle> {
        self.lost(reason);
        None
    }

    fn dressed(&self, note: &Note) -> Notification {
        let body = if self.markup.load(Ordering::Acquire) { escaped(&note.body) } else { note.body.clone() };
        let mut notification = Notification::new();
        notification.appname("Cuetower").summary(&note.title).body(&body).icon("cuetower");
        notification.hint(Hint::DesktopEntry("cuetower".into()));
        notification.urgency(if note.critical { Urgency::Critical } else { Urgency::Normal });
        if note.opens.is_some() {
            notification.action("default", "Open");
        }
        if !note.buttons.is_empty() && self.buttons.load(Ordering::Acquire) {
            for (place, button) in note.buttons.iter().enumerate() {
                notification.action(&place.to_string(), &button.label);
            }
            if note.opens.is_some() {
                notification.action(OPEN, "Open");
            }
        }
        notification
    }
}

/// Shows the note in `notes`, each later one in its place, until one is clicked or closed, or there is none any more.
pub async fn attend(mut notes: watch::Receiver<Option<Note>>, clicks: mpsc::Sender<Clicked>, server: Server) {
    let mut handle = None;
    loop {
        let Some(note) = notes.borrow_and_update().clone() else {
            if let Some(on_screen) = handle.take() {
                drop(timeout(SERVER_LIMIT, NotificationHandle::close_async(&on_screen)).await);
            }
            return;
        };
        if !server.look().await {
            return;
        }
        let on_screen = match handle.take() {
            Some(earlier) => server.replace(earlier, &note).await,
            None => server.show(&note).await,
        };
        let Some(on_screen) = on_screen else { return };
        let response = tokio::select! {
            response = response(&on_screen) => Some(response),
            changed = notes.changed() => match changed {
                Ok(()) => None,
                Err(_) => return,
            },
        };
        match response {
            None => handle = Some(on_screen),
            Some(response) => {
                if let Some(clicked) = clicked(note, &response)
                    && clicks.try_send(clicked).is_err()
                {
                    tracing::warn!("a click on a notification was not taken: nobody listens");
                }
                // Not every server takes it away when one of its actions was chosen; one that was closed already is not minded.
                if !matches!(response, NotificationResponse::Closed(_)) {
                    drop(timeout(SERVER_LIMIT, on_screen.close_async()).await);
                }
            }
        }
        // What came in just as the notification went away begins a new one.
        if handle.is_none() && !notes.has_changed().unwrap_or(false) {
            return;
        }
    }
}

/// What the owner wants by it. Buttons are known by their place.
fn clicked(mut note: Note, response: &NotificationResponse) -> Option<Clicked> {
    match response {
        NotificationResponse::Default => note.opens.map(Clicked::Opens),
        NotificationResponse::Action(id) if id == OPEN => note.opens.map(Clicked::Opens),
        NotificationResponse::Action(id) => {
            let place: usize = id.parse().ok()?;
            (place < note.buttons.len()).then(|| Clicked::Pressed(note.buttons.swap_remove(place).press))
        }
        _ => None,
    }
}

async fn response(handle: &NotificationHandle) -> NotificationResponse {
    let mut responded = None;
    handle.wait_for_action_async(|response| responded = Some(response.clone())).await;
    match responded {
        Some(response) => response,
        // The connection broke: nothing can be clicked any more, but a later note may still come in its place.
        None => std::future::pending().await,
    }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

fn in_words(error: &notify_rust::error::Error) -> String {
    let told = error.to_string();
    if told.contains("ServiceUnknown") || told.contains("not provided by any .service files") {
        "no notification service runs in this session".into()
    } else {
        format!("the notification service cannot be reached ({told})")
    }
}
