//! Tells the web hooks of accounts of their alerts: signed, as CueAPI tells them, but tried three times. What could not be
//! told is noted on the alert's run. Tries wait in memory: the alert itself is on disk, and listed.

use std::sync::Arc;
use std::time::Duration;

use cuetower_core::alert::Alert;
use cuetower_core::cue::CueDefinition;
use cuetower_core::input::Input;
use serde_json::{Value, json};
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use super::words;
use crate::accounts::{AlertHook, alert_hook};
use crate::deliver::python_json;
use crate::deliver::signature::{isoformat, sign};
use crate::deliver::webhook::{self, CONNECT_LIMIT, WebhookEnd, WebhookRequest};
use crate::handle::Handle;
use crate::perform::Shared;

/// Alerts that may wait for their turn.
pub(crate) const WAITING_MAX: usize = 1_024;
/// Alerts on their way at once.
const UNDER_WAY_MAX: usize = 64;
/// For one try, as CueAPI has it.
const LIMIT: Duration = Duration::from_secs(10);
/// Before the second and the third try.
const PAUSES: [Duration; 2] = [Duration::from_secs(1), Duration::from_secs(5)];

/// An alert that is on disk, with the cue it is about.
pub(crate) type Told = (Alert, Arc<CueDefinition>);

/// Tells each in its turn, until the tower stops.
pub(crate) async fn tell(handle: Handle, shared: Arc<Shared>, mut alerts: mpsc::Receiver<Told>) {
    let mut under_way = JoinSet::new();
    while let Some((alert, definition)) = alerts.recv().await {
        while under_way.try_join_next().is_some() {}
        if under_way.len() >= UNDER_WAY_MAX {
            under_way.join_next().await;
        }
        let (handle, shared) = (handle.clone(), Arc::clone(&shared));
        under_way.spawn(async move { tell_one(&handle, &shared, &alert, &definition).await });
    }
}

/// Tries until it is answered with 2xx, three times at most.
async fn tell_one(handle: &Handle, shared: &Shared, alert: &Alert, definition: &CueDefinition) {
    let hook = match alert_hook(handle, &definition.account).await {
        Ok(Some(hook)) => hook,
        Ok(None) => return,
        Err(error) => return tracing::error!(%error, "the store could not say who is to be told of an alert"),
    };
    let body = body(alert, definition);
    let mut pauses = PAUSES.into_iter();
    let reason = loop {
        let reason = match once(handle, shared, &hook, alert, body.clone()).await {
            Ok(()) => return,
            Err(reason) => reason,
        };
        match pauses.next() {
            Some(pause) => tokio::time::sleep(pause).await,
            None => break reason,
        }
    };
    let words = format!("the alert's web hook was not told, in {} tries: {reason}", PAUSES.len() + 1);
    let Some(run_id) = alert.run_id.clone() else { return tracing::warn!(cue = ?alert.cue_id, "{words}") };
    if let Err(trouble) = handle.run(&run_id, Input::Note { run_id: run_id.clone(), words }).await {
        tracing::warn!(%trouble, %run_id, "an alert's web hook was not told, and the run could not be told that");
    }
}

async fn once(handle: &Handle, shared: &Shared, hook: &AlertHook, alert: &Alert, body: Vec<u8>) -> Result<(), String> {
    // Signed anew each time: receivers refuse what was signed minutes ago.
    let timestamp_s = handle.now().0.div_euclid(1_000);
    let headers = [
        ("User-Agent", "CueAPI/1.0".to_owned()),
        ("Content-Type", "application/json".to_owned()),
        ("X-CueAPI-Signature", sign(&hook.secret, timestamp_s, &body)),
        ("X-CueAPI-Timestamp", timestamp_s.to_string()),
        ("X-CueAPI-Alert-Id", alert.id.0.clone()),
        ("X-CueAPI-Alert-Type", words::alert_type(alert.kind).to_owned()),
    ];
    let request = WebhookRequest {
        method: "POST".to_owned(),
        url: hook.url.clone(),
        headers: headers.map(|(name, value)| (name.to_owned(), value)).into(),
        body,
        timeout: LIMIT,
        connect_timeout: CONNECT_LIMIT,
        first_byte_timeout: None,
        allow_private: false,
    };
    match webhook::send(&shared.client, request).await.end {
        WebhookEnd::Answered { answer, .. } if (200..300).contains(&answer.status) => Ok(()),
        WebhookEnd::Answered { words, .. } | WebhookEnd::Unanswered { words } => Err(words),
        WebhookEnd::Failed { reason } => Err(reason),
    }
}

/// The exact bytes that are signed and sent: Python's `json.dumps(…, sort_keys=True)`.
fn body(alert: &Alert, definition: &CueDefinition) -> Vec<u8> {
    let mut fields = words::fields(alert, Some(definition));
    fields.insert("alert_id".to_owned(), json!(alert.id.0));
    fields.insert("created_at".to_owned(), json!(alert.opened_at.utc().map(isoformat)));
    python_json::dumps(&Value::Object(fields))
}
