//! A key for clients: one that they have already and that opens this tower, or a new one that may not touch commands.

use std::time::Duration;

use cuetower_engine::desk::wire::{Key, Keys};
use serde_json::{Value, json};

use crate::owner::{Owner, root_of};

pub const CUEAPI: &str = "cueapi clients";
pub const CLEVAGENT: &str = "clevagent clients";
/// Enough for all that CueAPI's clients do. A cue that starts a command is the owner's to write.
const SCOPES: [&str; 2] = ["cues", "report"];
const ANSWER_LIMIT: Duration = Duration::from_secs(10);
/// What a profile needs where the tower knows no address: `cueapi logout` reads it.
const NOBODY: &str = "owner@localhost";

pub struct ClientKey {
    pub key: String,
    pub email: String,
    pub is_new: bool,
    /// Names it at the owner's door; unknown of one that was there before.
    id: Option<String>,
    name: &'static str,
}

impl ClientKey {
    pub fn words(&self) -> String {
        if self.is_new {
            format!(
                "The key is new and named \"{}\". It may make, change and fire cues, claim work and report; it may not write commands.",
                self.name
            )
        } else {
            "The key is the one that was there; it opens this tower.".to_owned()
        }
    }

    pub fn json(&self) -> Value {
        json!({ "key": self.key, "id": self.id, "is_new": self.is_new })
    }

    /// A line for a shell.
    pub fn undo(&self) -> String {
        format!("cuetowerctl key rm {}", self.id.as_deref().unwrap_or("ID"))
    }
}

/// The key that clients have, if it opens the tower at `base`.
pub async fn that_works(base: &str, key: &str) -> Result<Option<ClientKey>, String> {
    let email = asked(base, key).await?;
    Ok(email.map(|email| ClientKey { key: key.to_owned(), email, is_new: false, id: None, name: CUEAPI }))
}

/// A new key of that name. Earlier ones stay good: somebody may use them.
pub async fn made(owner: &Owner, base: &str, name: &'static str) -> Result<ClientKey, String> {
    let Key { key } = owner.ask("key_add", json!({ "name": name, "scopes": SCOPES })).await?;
    let keys: Keys = owner.ask("keys", json!({})).await?;
    let id = keys.keys.iter().find(|row| row.name == name && key.starts_with(&row.prefix)).map(|row| row.id.clone());
    let email = asked(base, &key).await?.unwrap_or_else(|| NOBODY.to_owned());
    Ok(ClientKey { key, email, is_new: true, id, name })
}

/// Takes a new key back; a key that was there stays.
pub async fn forgotten(owner: &Owner, key: &ClientKey) {
    if let (true, Some(id)) = (key.is_new, &key.id) {
        // What it was made for has failed, and that is what is told.
        drop(owner.call("key_remove", &json!({ "id": id })).await);
    }
}

/// Whose the key is; None if it opens nothing here.
async fn asked(base: &str, key: &str) -> Result<Option<String>, String> {
    let plain = !key.is_empty() && key.bytes().all(|byte| byte.is_ascii_graphic());
    if !plain {
        return Ok(None);
    }
    let http = reqwest::Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none()).timeout(ANSWER_LIMIT);
    let http = http.build().map_err(|error| format!("The program could not begin: {error}."))?;
    let unanswered = |error: reqwest::Error| format!("The agents' door at {base} did not answer: {}.", root_of(&error));
    let response = http.get(format!("{base}/v1/auth/me")).bearer_auth(key).send().await.map_err(unanswered)?;
    if !response.status().is_success() {
        return Ok(None);
    }
    let me: Value = serde_json::from_str(&response.text().await.map_err(unanswered)?).unwrap_or_default();
    Ok(Some(me["email"].as_str().unwrap_or(NOBODY).to_owned()))
}
