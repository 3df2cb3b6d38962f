//! Secrets by name. Values go into the vault and never come out through this door.

use std::collections::HashMap;

use super::wire::{
    DeskError, Health, Nothing, SecretRef, SecretRename, SecretSet, SecretStory, SecretUse, SecretView, Secrets,
};
use super::{Desk, invalid, not_found};
use crate::journal::SecretRow;
use crate::lending::{self, Unlent};
use crate::vault::{VaultError, is_name};
use crate::{definition, vault};

/// Bytes of one value at most.
const VALUE_MAX: usize = 64 * 1024;
const CUES_MAX: u32 = 10_000;
const USES_SHOWN: u32 = 200;

pub(super) async fn list(desk: &Desk, _: Nothing) -> Result<Secrets, DeskError> {
    lending::flush(&desk.handle).await;
    let naming = Naming::load(desk).await?;
    let secrets = desk.handle.reader().secrets().await?.into_iter().map(|row| naming.view(row));
    let health = desk.vault.health();
    Ok(Secrets {
        secrets: secrets.collect(),
        vault: Health { ok: health.ok, name: health.name, message: health.message },
    })
}

pub(super) async fn story(desk: &Desk, request: SecretRef) -> Result<SecretStory, DeskError> {
    lending::flush(&desk.handle).await;
    let reader = desk.handle.reader();
    let row = reader.secret(request.name.clone()).await?;
    let row = row.ok_or_else(|| not_found(&format!("secret {}", request.name)))?;
    let names: HashMap<String, String> = reader.cue_names().await?.into_iter().collect();
    let said = |text: String| Some(text).filter(|text| !text.is_empty());
    let uses = reader.secret_uses(request.name, USES_SHOWN).await?.into_iter().map(|used| SecretUse {
        at_ms: used.at.0,
        how: used.how,
        tool: said(used.tool),
        run_id: said(used.run_id),
        cue_name: names.get(&used.cue_id).cloned(),
        cue_id: said(used.cue_id),
    });
    Ok(SecretStory { uses: uses.collect(), secret: Naming::load(desk).await?.view(row) })
}

/// Which cues name which secrets.
struct Naming {
    /// Name of each cue, and the secrets it names.
    cues: Vec<(String, Vec<String>)>,
    /// By id, deleted ones too.
    names: HashMap<String, String>,
}

impl Naming {
    async fn load(desk: &Desk) -> Result<Naming, DeskError> {
        let reader = desk.handle.reader();
        let (cues, _) = reader.cues(None, None, CUES_MAX, 0).await?;
        let named = cues.iter().map(|cue| (cue.definition.name.clone(), definition::secret_names(&cue.definition)));
        Ok(Naming { cues: named.collect(), names: reader.cue_names().await?.into_iter().collect() })
    }

    fn view(&self, row: SecretRow) -> SecretView {
        SecretView {
            used_by: self
                .cues
                .iter()
                .filter(|(_, names)| names.contains(&row.name))
                .map(|(cue, _)| cue.clone())
                .collect(),
            updated_at_ms: row.updated_at.0,
            version: row.version,
            rotated_at_ms: row.rotated_at.map(|at| at.0),
            last_used_ms: row.last_used.map(|at| at.0),
            last_used_by: row.last_used_by.and_then(|id| self.names.get(&id).cloned()),
            name: row.name,
        }
    }
}

pub(super) async fn set(desk: &Desk, request: SecretSet) -> Result<Secrets, DeskError> {
    keep(desk, &request, false).await
}

/// As [`set`], of one that is there already.
pub(super) async fn rotate(desk: &Desk, request: SecretSet) -> Result<Secrets, DeskError> {
    keep(desk, &request, true).await
}

async fn keep(desk: &Desk, request: &SecretSet, is_there: bool) -> Result<Secrets, DeskError> {
    check_name("name", &request.name)?;
    if request.value.is_empty() || request.value.len() > VALUE_MAX {
        return Err(invalid("value", "A secret's value is 1 byte to 64 KiB long."));
    }
    lending::set(&desk.handle, &request.name, &request.value, is_there).await?;
    list(desk, Nothing {}).await
}

pub(super) async fn rename(desk: &Desk, request: SecretRename) -> Result<Secrets, DeskError> {
    check_name("name", &request.name)?;
    check_name("to", &request.to)?;
    if request.name == request.to {
        return Err(invalid("to", "That is its name already."));
    }
    lending::rename(&desk.handle, &request.name, &request.to).await?;
    list(desk, Nothing {}).await
}

pub(super) async fn delete(desk: &Desk, request: SecretRef) -> Result<Secrets, DeskError> {
    check_name("name", &request.name)?;
    lending::delete(&desk.handle, &request.name).await?;
    list(desk, Nothing {}).await
}

fn check_name(field: &str, name: &str) -> Result<(), DeskError> {
    if is_name(name) {
        Ok(())
    } else {
        Err(invalid(
            field,
            "A secret's name is made of capitals, digits and underscores, begins with a capital, and has at most 64 characters: OPENAI_API_KEY.",
        ))
    }
}

impl From<Unlent> for DeskError {
    fn from(unlent: Unlent) -> DeskError {
        match unlent {
            Unlent::Vault(error) => of_vault(&error),
            Unlent::Trouble(trouble) => trouble.into(),
            Unlent::Store(error) => error.into(),
            Unlent::NoSuchSecret(name) => not_found(&format!("secret {name}")),
            taken @ Unlent::NameTaken(_) => {
                DeskError { code: "conflict".to_owned(), message: taken.to_string(), field: Some("to".to_owned()) }
            }
            half @ Unlent::HalfDone { .. } => {
                DeskError { code: "refused".to_owned(), message: half.to_string(), field: None }
            }
        }
    }
}

fn of_vault(error: &vault::VaultError) -> DeskError {
    let code = match error {
        VaultError::BadName(_) => "invalid",
        _ => "vault",
    };
    DeskError { code: code.to_owned(), message: error.to_string(), field: None }
}
