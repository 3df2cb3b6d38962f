//! What is secret of a channel, as one entry of the vault. Nothing of it is shown, logged or written to the database.

use serde::{Deserialize, Serialize};

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

impl Kept {
    /// The text with nothing of them in it, wherever a service repeats them.
    pub fn hidden_in(&self, text: &str) -> String {
        let url_parts = self.url.iter().flat_map(|url| {
            // What comes after the host says who may write there.
            let path = url.split_once("://").and_then(|(_, rest)| rest.split_once('/')).map(|(_, path)| path);
            [Some(url.as_str()), path].into_iter().flatten()
        });
        let others = [&self.routing_key, &self.token, &self.password].into_iter().flatten().map(String::as_str);
        let mut values: Vec<&str> = url_parts.chain(others).filter(|value| value.len() >= HIDDEN_FROM).collect();
        values.sort_by_key(|value| std::cmp::Reverse(value.len()));
        values.into_iter().fold(text.to_owned(), |text, value| text.replace(value, HIDDEN))
    }
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

/// None: nothing is kept for it.
pub(crate) async fn secrets_of(vault: &Vault, channel: &str) -> Result<Option<Kept>, VaultError> {
    let text = vault.get(&entry_of(channel)).await?;
    // What is there and cannot be read was not written by this program.
    Ok(text.and_then(|text| serde_json::from_str(&text).ok()))
}

pub(crate) async fn set_secrets(vault: &Vault, channel: &str, kept: &Kept) -> Result<(), VaultError> {
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
}
