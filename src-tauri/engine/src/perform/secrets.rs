//! Fills `{{secret:NAME}}` in, at the last moment, for this delivery only.

use std::collections::{BTreeMap, BTreeSet};

use zeroize::Zeroizing;

use super::Shared;
use crate::vault::{self, Vault};

/// Pairs as the agent gets them.
pub(crate) struct Filled {
    pub pairs: Vec<(String, String)>,
    pub lent: Lent,
}

/// The values that went out with one delivery, to be blotted out of whatever comes back.
pub(crate) struct Lent(Vec<Zeroizing<String>>);

/// A shorter value would blot out half of an innocent text.
const HIDDEN_FROM: usize = 4;
const HIDDEN: &str = "••••";

impl Lent {
    /// Nothing went out, or nobody knows it any more.
    pub fn none() -> Lent {
        Lent(Vec::new())
    }

    /// The text without the values, also where they stand in a JSON string.
    pub fn hidden_in(&self, text: String) -> String {
        self.0.iter().filter(|value| value.len() >= HIDDEN_FROM).fold(text, |text, value| {
            let quoted = serde_json::to_string(value.as_str()).unwrap_or_default();
            let escaped = quoted.trim_matches('"');
            text.replace(value.as_str(), HIDDEN).replace(escaped, HIDDEN)
        })
    }
}

/// The pairs with every secret in place, or a sentence that names the one that is missing.
pub(super) async fn filled(shared: &Shared, pairs: &[(String, String)]) -> Result<Filled, String> {
    filled_from(&shared.vault, pairs).await
}

/// As [`filled`], for whoever has the vault alone.
pub(crate) async fn filled_from(vault: &Vault, pairs: &[(String, String)]) -> Result<Filled, String> {
    let mut known: BTreeMap<String, String> = BTreeMap::new();
    let names: BTreeSet<String> = pairs.iter().flat_map(|(_, value)| vault::names_in(value)).collect();
    for name in names {
        let value = vault.get(&name).await.map_err(|error| format!("the secret {name} could not be read: {error}"))?;
        let value = value.ok_or_else(|| format!("the secret {name} is not in the vault; add it under Secrets"))?;
        known.insert(name, value);
    }
    let fill = |(key, value): &(String, String)| {
        let value = vault::fill(value, |name| known.get(name).cloned());
        value.map(|value| (key.clone(), value)).map_err(|name| format!("the secret {name} is not in the vault"))
    };
    let pairs = pairs.iter().map(fill).collect::<Result<_, _>>()?;
    // The longest first, so that one value inside another leaves nothing of it.
    let mut values: Vec<Zeroizing<String>> = known.into_values().map(Zeroizing::new).collect();
    values.sort_by_key(|value| std::cmp::Reverse(value.len()));
    Ok(Filled { pairs, lent: Lent(values) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_that_went_out_does_not_come_back() {
        let lent =
            Lent(["sk-long-secret", "sk-long", "q\"uote", "abc"].map(|value| Zeroizing::new(value.to_owned())).into());
        let text = r#"{"key":"sk-long-secret","short":"sk-long","quoted":"q\"uote"} q"uote abc"#;
        assert_eq!(lent.hidden_in(text.to_owned()), r#"{"key":"••••","short":"••••","quoted":"••••"} •••• abc"#);
    }
}
