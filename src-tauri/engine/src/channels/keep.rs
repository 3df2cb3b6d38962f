//! What is secret of a channel, as one entry of the vault. Nothing of it is shown, logged or written to the database.

use serde::{Deserialize, Serialize};
use url::Url;

use crate::vault::{Vault, VaultError};

/// Entry of the dead man's ping.
/// No channel is called that: names have no space at their ends.
pub(crate) const BEACON: &str = " beacon";

/// Each is there if its service wants it.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Kept {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub routing_key: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub password: Option<String>,
}

const HIDDEN: &str = "••••";
/// A shorter one would blot out half of an innocent text.
const HIDDEN_FROM: usize = 6;
/// One as short as this keeps no secret.
const HIDDEN_AS_A_PART_FROM: usize = 3;

const SECRET_PATH_FROM: usize = 16;

impl Kept {
    /// What nobody else may learn. Of an address that is its path, if that is long enough to be a secret.
    fn secrets(&self) -> impl Iterator<Item = &str> {
        let path = self.url.as_deref().and_then(|url| url.split_once("://")?.1.split_once('/')).map(|(_, path)| path);
        let path = path.filter(|path| path.len() >= SECRET_PATH_FROM);
        let others = [&self.routing_key, &self.token, &self.password].into_iter().flatten().map(String::as_str);
        path.into_iter().chain(others)
    }

    /// The text with nothing of them in it, wherever a service or a client repeats them, in whichever way it writes them.
    pub fn hidden_in(&self, text: &str) -> String {
        let mut values: Vec<String> = self.url.iter().flat_map(|url| parts_of(url)).collect();
        values.extend([&self.routing_key, &self.token, &self.password].into_iter().flatten().cloned());
        values.sort_by_key(|value| std::cmp::Reverse(value.len()));
        values.dedup();
        values.iter().fold(text.to_owned(), |text, value| match value.len() {
            HIDDEN_FROM.. => text.replace(value, HIDDEN),
            HIDDEN_AS_A_PART_FROM.. => hide_parts(&text, value),
            _ => text,
        })
    }
}

/// All of an address that may stand in a text: whole, and what of it says who may write there, as it was given, as programs
/// write it, and without `%41`.
fn parts_of(url: &str) -> Vec<String> {
    let mut parts = vec![url.to_owned()];
    let parsed = Url::parse(url);
    parts.extend(parsed.iter().map(Url::to_string));
    let paths: Vec<String> =
        parts.iter().filter_map(|form| Some(form.split_once("://")?.1.split_once('/')?.1.to_owned())).collect();
    parts.extend(paths);
    if let Ok(url) = &parsed {
        parts.push(url.path().trim_matches('/').to_owned());
        parts.extend(url.path_segments().and_then(|mut parts| parts.rfind(|part| !part.is_empty()).map(str::to_owned)));
        parts.extend(url.query_pairs().map(|(_, value)| value.into_owned()));
        parts.extend(url.password().map(str::to_owned));
    }
    let decoded: Vec<String> = parts.iter().filter(|part| part.contains('%')).map(|part| decoded(part)).collect();
    parts.extend(decoded);
    parts
}

/// "my%20topic": "my topic".
fn decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&byte, after)) = rest.split_first() {
        let coded = after.get(..2).filter(|_| byte == b'%').and_then(|two| std::str::from_utf8(two).ok());
        match coded.and_then(|two| u8::from_str_radix(two, 16).ok()) {
            Some(meant) => {
                bytes.push(meant);
                rest = &after[2..];
            }
            None => {
                bytes.push(byte);
                rest = after;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// A short one, such as a topic, where it stands by itself in an address or between quotes; the same word in a sentence stays.
fn hide_parts(text: &str, value: &str) -> String {
    let mut clean = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(value) {
        let (before, after) = (&rest[..at], &rest[at + value.len()..]);
        let begins = before.ends_with(['/', '"', '\'', '=']);
        let ends = !after.starts_with(|next: char| next.is_alphanumeric() || matches!(next, '-' | '_'));
        clean.push_str(before);
        clean.push_str(if begins && ends { HIDDEN } else { value });
        rest = after;
    }
    clean.push_str(rest);
    clean
}

/// The vault's names are narrower than those of channels: other bytes stand as `-5f`.
fn entry_of(channel: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    let name: String = channel
        .bytes()
        .map(|byte| if plain(byte) { char::from(byte).to_string() } else { format!("-{byte:02x}") })
        .collect();
    format!("channel.{name}")
}

/// Each is looked for by itself: the whole entry stands nowhere else.
fn learn(vault: &Vault, kept: &Kept) {
    kept.secrets().for_each(|value| vault.known().learn(value));
}

/// None: nothing is kept for it.
pub(crate) async fn secrets_of(vault: &Vault, channel: &str) -> Result<Option<Kept>, VaultError> {
    let text = vault.get(&entry_of(channel)).await?;
    // What is there and cannot be read was not written by this program.
    let kept: Option<Kept> = text.and_then(|text| serde_json::from_str(&text).ok());
    if let Some(kept) = &kept {
        learn(vault, kept);
    }
    Ok(kept)
}

pub(crate) async fn set_secrets(vault: &Vault, channel: &str, kept: &Kept) -> Result<(), VaultError> {
    learn(vault, kept);
    let text = serde_json::to_string(kept).expect("it is text");
    vault.set(&entry_of(channel), &text).await
}

pub(crate) async fn drop_secrets(vault: &Vault, channel: &str) -> Result<(), VaultError> {
    vault.delete(&entry_of(channel)).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_channels_entry_has_a_name_that_the_vault_takes() {
        assert_eq!(entry_of("ops"), "channel.ops");
        assert_eq!(entry_of("#ops one"), "channel.-23ops-20one");
        assert_ne!(entry_of("a-b"), entry_of("a-2db"));
        assert!(entry_of(&"ü".repeat(20)).len() <= 128);
    }

    #[test]
    fn what_a_service_repeats_is_blotted_out() {
        let kept = Kept {
            url: Some("https://hooks.slack.com/services/T0/B0/abcdef".to_owned()),
            token: Some("tk_1234".to_owned()),
            ..Kept::default()
        };
        let said = "no /services/T0/B0/abcdef at https://hooks.slack.com/services/T0/B0/abcdef for tk_1234";
        assert_eq!(kept.hidden_in(said), "no /•••• at •••• for ••••");
    }

    #[test]
    fn an_address_is_blotted_out_however_it_is_written_and_a_short_topic_where_it_stands_alone() {
        let of = |url: &str| Kept { url: Some(url.to_owned()), ..Kept::default() };
        let kept = of("HTTPS://Ntfy.Example:443/se%63ret topic?auth=QUJDREVG%3D");
        for said in [
            "no route to https://ntfy.example/se%63ret%20topic?auth=QUJDREVG%3D",
            "no route to HTTPS://Ntfy.Example:443/se%63ret topic?auth=QUJDREVG%3D",
            "https://ntfy.example:443/se%63ret%20topic is gone",
            "nobody hears secret topic",
            "the token QUJDREVG= is not known",
        ] {
            let clean = kept.hidden_in(said);
            assert!(clean.contains(HIDDEN), "{clean}");
            assert!(!["secret topic", "se%63ret", "QUJDREVG"].iter().any(|secret| clean.contains(secret)), "{clean}");
        }
        let topic = of("https://ntfy.sh/cat");
        let said = r#"{"topic":"cat","message":"a cat in the category"} at https://ntfy.sh/cat/json and /cats"#;
        let clean = r#"{"topic":"••••","message":"a cat in the category"} at ••••/json and /cats"#;
        assert_eq!(topic.hidden_in(said), clean);
        assert_eq!(
            of("http://127.0.0.1:9/").hidden_in("nothing at 127.0.0.1:9: it is 9 o'clock"),
            "nothing at 127.0.0.1:9: it is 9 o'clock"
        );
    }
}
