//! Fills `{{secret:NAME}}` in, at the last moment, for this delivery only.

use std::collections::{BTreeMap, BTreeSet};

use cuetower_core::run::Run;
use serde_json::Value;
use zeroize::Zeroizing;

use super::Shared;
use crate::redacting::Known;
use crate::vault::{self, How, Used, Vault};

/// Pairs as the agent gets them.
pub(crate) struct Filled {
    pub pairs: Vec<(String, String)>,
    pub lent: Lent,
}

/// The values that went out with one delivery, to be blotted out of whatever comes back.
pub(crate) struct Lent {
    values: Vec<Zeroizing<String>>,
    /// Those of other deliveries: an agent may have got hold of them.
    known: Known,
}

/// A shorter value would blot out half of an innocent text.
const HIDDEN_FROM: usize = 4;
const HIDDEN: &str = "••••";

impl Lent {
    /// Nothing went out, or nobody knows it any more but for what the vault was asked for before.
    pub fn none(vault: &Vault) -> Lent {
        Lent { values: Vec::new(), known: vault.known().clone() }
    }

    /// The text without the values, also where they stand in a JSON string.
    pub fn hidden_in(&self, text: String) -> String {
        self.known.hidden_in(self.own_hidden_in(text))
    }

    /// The same of the end of a longer text, which may begin in the middle of a value.
    pub fn hidden_in_tail(&self, text: String) -> String {
        self.own_hidden_in(self.known.hidden_in_tail(text))
    }

    /// The same of the beginning of a longer text, which may end in the middle of a value.
    pub fn hidden_in_head(&self, text: String) -> String {
        self.known.hidden_in_head(self.own_hidden_in(text))
    }

    /// In every text of a JSON value, and in the names of its fields.
    pub fn hide_in(&self, value: &mut Value) {
        match value {
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
            Value::String(text) => *text = self.hidden_in(std::mem::take(text)),
            Value::Array(list) => list.iter_mut().for_each(|value| self.hide_in(value)),
            Value::Object(map) => {
                let fields = std::mem::take(map).into_iter().map(|(name, mut value)| {
                    self.hide_in(&mut value);
                    (self.hidden_in(name), value)
                });
                *map = fields.collect();
            }
        }
    }

    /// Also those that are too short to be looked for everywhere.
    fn own_hidden_in(&self, text: String) -> String {
        self.values.iter().filter(|value| value.len() >= HIDDEN_FROM).fold(text, |text, value| {
            let quoted = serde_json::to_string(value.as_str()).unwrap_or_default();
            let escaped = quoted.get(1..quoted.len().saturating_sub(1)).unwrap_or_default();
            let text = text.replace(value.as_str(), HIDDEN);
            if escaped == value.as_str() { text } else { text.replace(escaped, HIDDEN) }
        })
    }
}

/// The pairs of a delivery with every secret in place, or a sentence that names the one that is missing.
pub(super) async fn filled(shared: &Shared, run: &Run, pairs: &[(String, String)], how: How) -> Result<Filled, String> {
    let filled = filled_from(&shared.vault, pairs).await?;
    let names: BTreeSet<String> = pairs.iter().flat_map(|(_, value)| vault::names_in(value)).collect();
    for name in names {
        shared.vault.was_used(Used::by_run(&name, run, how));
    }
    Ok(filled)
}

/// As [`filled`], for whoever has the vault alone; it is not written down as a use.
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
    Ok(Filled { pairs, lent: Lent { values, known: vault.known().clone() } })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_value_that_went_out_does_not_come_back() {
        let values = ["sk-long-secret", "sk-long", "q\"uote\"", "abc"].map(|value| Zeroizing::new(value.to_owned()));
        let known = Known::default();
        known.learn("of another delivery");
        let lent = Lent { values: values.into(), known };
        let text =
            r#"{"key":"sk-long-secret","short":"sk-long","quoted":"q\"uote\""} q"uote" abc, of another delivery"#;
        let hidden = r#"{"key":"••••","short":"••••","quoted":"••••"} •••• abc, ••••"#;
        assert_eq!(lent.hidden_in(text.to_owned()), hidden);
        assert_eq!(lent.hidden_in_tail("delivery; sk-long".to_owned()), "••••; ••••");
        assert_eq!(lent.hidden_in_head("sk-long; of another".to_owned()), "••••; ••••");
        let mut answer = json!({ "sk-long": ["of another delivery", 7], "n": null });
        lent.hide_in(&mut answer);
        assert_eq!(answer, json!({ "••••": ["••••", 7], "n": null }));
    }
}
