//! Native notifications: shows what deserves the owner's eye now, and tells when one is clicked. The only place that names notify-rust.
//!
//! What is worth a notification is decided in core. Nothing here makes anybody wait: [`Notifier::show`] returns at once,
//! and a notification server that is missing, late or stuck is a matter of [`Notifier::health`].

#[cfg(any(target_os = "macos", windows))]
#[path = "shown_plainly.rs"]
mod shown;
#[cfg(not(any(target_os = "macos", windows)))]
mod shown;
mod thread;

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

pub use cuetower_core::plain::plain;
use tokio::sync::mpsc;

/// Notes that may wait to be shown.
const QUEUE_LIMIT: usize = 64;
/// Clicks that may wait to be taken.
const CLICKS_LIMIT: usize = 16;
/// At start the tower waits no longer than this to learn which server is there.
const START_LIMIT: Duration = Duration::from_millis(500);

/// What is to be shown.
#[derive(Debug, Clone, PartialEq)]
pub struct Note {
    /// A later note with the same key takes the place of the earlier one; one per cue.
    pub key: String,
    pub title: String,
    /// Plain text; markup characters are shown as they are.
    pub body: String,
    /// Stays until the owner closes it, where the server does as it should.
    pub critical: bool,
    /// What a click opens; without it there is nothing to click.
    pub opens: Option<Opens>,
    /// Where the server has them; beside "Open".
    pub buttons: Vec<Button>,
}

/// What can be done without opening anything.
#[derive(Debug, Clone, PartialEq)]
pub struct Button {
    pub label: String,
    pub press: Press,
}

/// A command of the desk, with its request.
#[derive(Debug, Clone, PartialEq)]
pub struct Press {
    pub command: &'static str,
    pub request: serde_json::Value,
}

/// What the owner did with a notification.
#[derive(Debug, Clone, PartialEq)]
pub enum Clicked {
    Opens(Opens),
    Pressed(Press),
}

/// What a click on a notification opens. Either way the window comes to the front.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Opens {
    /// The window as it stands: the briefing lies over every screen.
    Window,
    /// This run.
    Run(String),
    /// An agent outside of any cue; account None: the owner's own.
    Agent { name: String, account: Option<String> },
    /// A question to the owner.
    Gate(String),
    /// All that is open.
    Alerts,
}

/// Whether notifications are seen, for the owner's eye.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotifyHealth {
    pub ok: bool,
    /// The server and its version ("dunst 1.12.1"), "notification server" while none is known, "off" when switched off.
    pub name: String,
    /// What happened, what it means, what to do; only when it is not ok.
    pub message: Option<String>,
}

/// Shows notes. Cheap to clone; the thread behind it ends with the last clone.
#[derive(Debug, Clone)]
pub struct Notifier {
    /// None: switched off.
    words: Option<mpsc::Sender<Word>>,
    health: Health,
}

/// What the thread is told.
#[derive(Debug)]
enum Word {
    Show(Note),
    Withdraw { key: String, title: String },
}

#[derive(Debug, Clone)]
struct Health(Arc<Mutex<NotifyHealth>>);

impl Notifier {
    /// Starts the thread, looks for the notification server, and gives the channel on which clicks arrive.
    pub async fn start(enabled: bool) -> (Notifier, mpsc::Receiver<Clicked>) {
        let (clicks, clicked) = mpsc::channel(CLICKS_LIMIT);
        let health = Health::new(if enabled { "notification server" } else { "off" });
        if !enabled {
            return (Notifier { words: None, health }, clicked);
        }
        let (words, queue) = mpsc::channel(QUEUE_LIMIT);
        let looked = thread::start(queue, clicks, health.clone());
        // A server that takes longer shows up in the health later.
        let _ = tokio::time::timeout(START_LIMIT, looked).await;
        (Notifier { words: Some(words), health }, clicked)
    }

    /// What is known of the server: from the start and from every note since.
    #[must_use]
    pub fn health(&self) -> NotifyHealth {
        self.health.now()
    }

    /// Whether they are switched on.
    #[must_use]
    pub fn is_on(&self) -> bool {
        self.words.is_some()
    }

    /// Shows `note` as soon as it can be shown. A missing server is looked for again each time.
    pub fn show(&self, note: Note) {
        let Some(words) = &self.words else { return };
        // A server may obey, or pass on to a terminal, what it should show.
        let (title, body) = (plain(&note.title).into_owned(), plain(&note.body).into_owned());
        let note = Note { title, body, ..note };
        let (key, title) = (note.key.clone(), note.title.clone());
        if words.try_send(Word::Show(note)).is_err() {
            tracing::warn!(%key, %title, "a notification was not shown: too many wait already");
        }
    }

    /// What the note with this key and title told is over: it goes, if it is still the one that is shown.
    pub fn withdraw(&self, key: &str, title: &str) {
        let Some(words) = &self.words else { return };
        let word = Word::Withdraw { key: key.to_owned(), title: plain(title).into_owned() };
        if words.try_send(word).is_err() {
            tracing::warn!(%key, %title, "a notification was not withdrawn: too many wait already");
        }
    }
}

impl Health {
    fn new(name: &str) -> Health {
        Health(Arc::new(Mutex::new(NotifyHealth { ok: true, name: name.to_owned(), message: None })))
    }

    fn now(&self) -> NotifyHealth {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn good(&self, name: &str) {
        let good = NotifyHealth { ok: true, name: name.to_owned(), message: None };
        let mut health = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if *health != good {
            tracing::info!(server = name, "notifications can be shown");
            *health = good;
        }
    }

    fn bad(&self, reason: &str) {
        let message = format!(
            "Notifications are not shown: {reason}. Alerts are in the window only. Start a notification service (such as dunst); it is looked for again with the next alert."
        );
        let mut health = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if health.message.as_ref() != Some(&message) {
            tracing::warn!("{message}");
        }
        health.ok = false;
        health.message = Some(message);
    }
}

#[cfg(all(test, target_os = "linux"))]
pub(crate) mod tests;
