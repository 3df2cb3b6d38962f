//! Fills `{{secret:NAME}}` in, at the last moment, for this delivery only.

use std::collections::{BTreeSet, HashMap};

use super::Shared;
use crate::vault;

/// The pairs with every secret in place, or a sentence that names the one that is missing.
pub(super) async fn filled(shared: &Shared, pairs: &[(String, String)]) -> Result<Vec<(String, String)>, String> {
    let mut known: HashMap<String, String> = HashMap::new();
    let names: BTreeSet<String> = pairs.iter().flat_map(|(_, value)| vault::names_in(value)).collect();
    for name in names {
        let value =
            shared.vault.get(&name).await.map_err(|error| format!("the secret {name} could not be read: {error}"))?;
        let value = value.ok_or_else(|| format!("the secret {name} is not in the vault; add it under Secrets"))?;
        known.insert(name, value);
    }
    pairs
        .iter()
        .map(|(key, value)| {
            let value = vault::fill(value, |name| known.get(name).cloned());
            value.map(|value| (key.clone(), value)).map_err(|name| format!("the secret {name} is not in the vault"))
        })
        .collect()
}
