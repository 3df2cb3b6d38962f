//! A tower for a benchmark, and its cues, made through the agents' door as anybody would.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use cuetower_tests::Tower;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::task::JoinSet;

/// Cues created at once: the tower commits them in groups.
const AT_ONCE: usize = 48;

/// A tower on a fresh folder below `folder`, which goes with the guard.
pub async fn tower(folder: &Path) -> (Tower, TempDir) {
    let data = TempDir::new_in(folder).expect("a folder can be made");
    (Tower::start_on(data.path()).await, data)
}

/// A web hook at that second of every minute.
#[must_use]
pub fn webhook(number: u32, second: &str, url: &str) -> Value {
    json!({
        "name": format!("bench {number}"), "transport": "webhook", "callback": { "url": url },
        "schedule": { "type": "recurring", "cron": format!("* * * * * {second}"), "timezone": "UTC" },
        "payload": { "number": number },
    })
}

/// # Panics
/// If one of them is refused.
pub async fn create(tower: &Tower, definitions: impl IntoIterator<Item = Value>) {
    let waiting: Arc<Mutex<Vec<Value>>> = Arc::new(Mutex::new(definitions.into_iter().collect()));
    let http = reqwest::Client::builder().no_proxy().build().expect("a client can be made");
    let mut working = JoinSet::new();
    for _ in 0..AT_ONCE {
        let (waiting, http) = (Arc::clone(&waiting), http.clone());
        let (url, key) = (format!("{}/v1/cues", tower.agents), tower.key.clone());
        working.spawn(async move {
            let next = || waiting.lock().unwrap_or_else(PoisonError::into_inner).pop();
            while let Some(cue) = next() {
                let request = http.post(&url).bearer_auth(&key).header("content-type", "application/json");
                let answer = request.body(cue.to_string()).send().await.expect("the tower answers");
                let status = answer.status();
                assert_eq!(status, 201, "{cue}: {}", answer.text().await.unwrap_or_default());
            }
        });
    }
    while let Some(done) = working.join_next().await {
        done.expect("every cue is taken");
    }
}
