//! The doors of the page: `rpc` asks one command of the desk, `events` follows the live changes, `quit` ends the program.
//! Counterpart of `ui/src/bridge/tauri.ts`.

use std::sync::Arc;
use std::time::Duration;

use cuetower_engine::desk::wire::{DeskError, DeskEvent};
use cuetower_engine::feed::{Change, Subscription};
use serde::Serialize;
use serde_json::Value;
use tauri::ipc::Channel;
use tauri::{AppHandle, Manager, State};

use crate::shell::Shell;
use crate::stop;

/// A page that still listens after this time was not being replaced when it was told something.
const SETTLED: Duration = Duration::from_secs(2);

/// What travels over the channel of `events`.
#[derive(Debug, Clone, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Message {
    Event {
        event: Arc<DeskEvent>,
    },
    /// The owner clicked a notification, or a line of the tray: this place of the window is to be shown.
    Open {
        /// "#/run/ID"
        hash: String,
    },
    /// Some were missed, or the tower stops. Nothing follows.
    Gap,
}

#[tauri::command]
pub async fn rpc(shell: State<'_, Shell>, command: String, request: Value) -> Result<Value, DeskError> {
    shell.desk().await.call(&command, request).await
}

/// Sends the changes after `from`, in the order of their sequence numbers, until the page goes away or asks anew.
#[tauri::command]
pub async fn events(
    app: AppHandle,
    shell: State<'_, Shell>,
    from: u64,
    channel: Channel<Message>,
) -> Result<(), DeskError> {
    let subscription = shell.desk().await.handle.feed().subscribe(from);
    // What the page is told goes by its own channel: no other page hears it, and this one is known to listen.
    let told = channel.clone();
    let tell = move |hash: &str| told.send(Message::Open { hash: hash.to_owned() }).is_ok();
    let feeding = tauri::async_runtime::spawn(feed(subscription, channel));
    if let Some(hash) = shell.page.listens(feeding, Box::new(tell)) {
        settle(&app, hash);
    }
    Ok(())
}

#[tauri::command]
pub fn quit(app: AppHandle) {
    stop::quit(&app);
}

/// Opens a place in the page: now, or as soon as a page listens.
pub fn open(app: &AppHandle, hash: &str) {
    if app.state::<Shell>().page.wants(hash) {
        settle(app, hash.to_owned());
    }
}

/// A page that is about to be loaded anew hears it and forgets it: the next one is told again.
fn settle(app: &AppHandle, hash: String) {
    let app = app.clone();
    tauri::async_runtime::spawn(async move {
        tokio::time::sleep(SETTLED).await;
        app.state::<Shell>().page.opened(&hash);
    });
}

async fn feed(mut subscription: Subscription, channel: Channel<Message>) {
    loop {
        let message = match subscription.next().await {
            Some(Change::Event(event)) => Message::Event { event },
            Some(Change::Gap) | None => Message::Gap,
        };
        let last = matches!(message, Message::Gap);
        if channel.send(message).is_err() || last {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_page_is_sent_what_it_expects() {
        let event = DeskEvent {
            seq: 7,
            at_ms: 1,
            cues: vec![],
            cues_removed: vec![],
            marks: vec![],
            alerts: vec![],
            bands: vec![],
            status_changed: true,
            pools_changed: false,
            topics: Vec::new(),
            runs_stepped: Vec::new(),
        };
        let sent = serde_json::to_value(Message::Event { event: Arc::new(event) }).expect("JSON");
        assert_eq!((&sent["type"], &sent["event"]["seq"]), (&json!("event"), &json!(7)));
        let open = Message::Open { hash: "#/run/7".to_owned() };
        assert_eq!(serde_json::to_value(open).expect("JSON"), json!({ "type": "open", "hash": "#/run/7" }));
        assert_eq!(serde_json::to_value(Message::Gap).expect("JSON"), json!({ "type": "gap" }));
    }
}
