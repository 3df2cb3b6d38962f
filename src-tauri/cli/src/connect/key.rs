//! A key for clients: one that they have already and that opens this tower, or a new one that may not touch commands.

use std::time::Duration;

use cuetower_engine::desk::wire::{Key, Keys};
use serde_json::{Value, json};

use super::wiring::quoted;
use crate::owner::{Owner, root_of};
use crate::tower::Options;

/// What a new key is for.
pub struct Kind {
    name: &'static str,
    scopes: &'static [&'static str],
    words: &'static str,
}

/// Enough for all that CueAPI's clients do. A cue that starts a command is the owner's to write.
pub const CUEAPI: Kind = Kind {
    name: "cueapi clients",
    scopes: &["cues", "report"],
    words: "It may make, change and fire cues, claim work and report; it may not write commands.",
};
pub const CLEVAGENT: Kind = Kind {
    name: "clevagent clients",
    scopes: &["report"],
    words: "It may beat, claim work and report; it may not change cues.",
};
const ANSWER_LIMIT: Duration = Duration::from_secs(10);
/// What a profile needs where the tower knows no address: `cueapi logout` reads it.
const NOBODY: &str = "owner@localhost";

pub struct ClientKey {
    pub key: String,
    pub email: String,
    /// None: it was there before.
    made: Option<Made>,
}

struct Made {
    kind: &'static Kind,
    /// Names it at the owner's door.
    id: String,
}

impl ClientKey {
    pub fn words(&self) -> String {
        match &self.made {
            Some(made) => format!("The key is new and named \"{}\". {}", made.kind.name, made.kind.words),
            None => "The key is the one that was there; it opens this tower.".to_owned(),
        }
    }

    pub fn json(&self) -> Value {
        let id = self.made.as_ref().map(|made| &made.id);
        json!({ "key": self.key, "id": id, "is_new": self.made.is_some() })
    }

    /// A line for a shell; None for a key that was there.
    pub fn undo(&self, owner: &Owner) -> Option<String> {
        let made = self.made.as_ref()?;
        let otherwise = Options::default().folder().ok();
        let data = Some(&owner.folder).filter(|folder| otherwise.as_ref() != Some(folder));
        let data = data.map(|data| format!(" --data {}", quoted(&data.to_string_lossy()))).unwrap_or_default();
        Some(format!("cuetowerctl key rm {}{data}", made.id))
    }
}

/// The key that clients have, if it opens the tower at `base`.
pub async fn that_works(base: &str, key: &str) -> Result<Option<ClientKey>, String> {
    let email = asked(base, key).await?;
    Ok(email.map(|email| ClientKey { key: key.to_owned(), email, made: None }))
}

/// A new key. Earlier ones of that name stay good: somebody may use them.
pub async fn made(owner: &Owner, base: &str, kind: &'static Kind) -> Result<ClientKey, String> {
    let Key { key } = owner.ask("key_add", json!({ "name": kind.name, "scopes": kind.scopes })).await?;
    let keys: Keys = owner.ask("keys", json!({})).await?;
    let row = keys.keys.into_iter().find(|row| row.name == kind.name && key.starts_with(&row.prefix));
    let id = row.map(|row| row.id).ok_or("The key was made, and then taken away by somebody else. Try again.")?;
    let email = asked(base, &key).await?.unwrap_or_else(|| NOBODY.to_owned());
    Ok(ClientKey { key, email, made: Some(Made { kind, id }) })
}

/// Takes a new key back; a key that was there stays.
pub async fn forgotten(owner: &Owner, key: &ClientKey) {
    if let Some(made) = &key.made {
        // What it was made for has failed, and that is what is told.
        drop(owner.call("key_remove", &json!({ "id": made.id })).await);
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
