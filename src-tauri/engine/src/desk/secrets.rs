//! Secrets by name. Values go into the vault and never come out through this door.

use super::wire::{DeskError, Health, Nothing, SecretRef, SecretSet, SecretView, Secrets};
use super::{Desk, invalid, not_found};
use crate::handle::TowerChange;
use crate::vault::{VaultError, is_name};
use crate::{definition, vault};

/// Bytes of one value at most.
const VALUE_MAX: usize = 64 * 1024;
const CUES_MAX: u32 = 10_000;

pub(super) async fn list(desk: &Desk, _: Nothing) -> Result<Secrets, DeskError> {
    let reader = desk.handle.reader();
    let (cues, _) = reader.cues(None, None, CUES_MAX, 0).await?;
    let uses: Vec<(String, Vec<String>)> =
        cues.iter().map(|cue| (cue.definition.name.clone(), definition::secret_names(&cue.definition))).collect();
    let secrets = reader.secrets().await?.into_iter().map(|row| SecretView {
        used_by: uses.iter().filter(|(_, names)| names.contains(&row.name)).map(|(cue, _)| cue.clone()).collect(),
        updated_at_ms: row.updated_at.0,
        name: row.name,
    });
    let health = desk.vault.health();
    Ok(Secrets {
        secrets: secrets.collect(),
        vault: Health { ok: health.ok, name: health.name, message: health.message },
    })
}

pub(super) async fn set(desk: &Desk, request: SecretSet) -> Result<Secrets, DeskError> {
    check_name(&request.name)?;
    if request.value.is_empty() || request.value.len() > VALUE_MAX {
        return Err(invalid("value", "A secret's value is 1 byte to 64 KiB long."));
    }
    desk.vault.set(&request.name, &request.value).await.map_err(|error| of_vault(&error))?;
    desk.handle.tower(TowerChange::SecretKept(request.name)).await?;
    list(desk, Nothing {}).await
}

pub(super) async fn delete(desk: &Desk, request: SecretRef) -> Result<Secrets, DeskError> {
    check_name(&request.name)?;
    if !desk.handle.reader().secrets().await?.iter().any(|row| row.name == request.name) {
        return Err(not_found(&format!("secret {}", request.name)));
    }
    desk.vault.delete(&request.name).await.map_err(|error| of_vault(&error))?;
    desk.handle.tower(TowerChange::SecretDropped(request.name)).await?;
    list(desk, Nothing {}).await
}

fn check_name(name: &str) -> Result<(), DeskError> {
    if is_name(name) {
        Ok(())
    } else {
        Err(invalid(
            "name",
            "A secret's name is made of capitals, digits and underscores, begins with a capital, and has at most 64 characters: OPENAI_API_KEY.",
        ))
    }
}

fn of_vault(error: &vault::VaultError) -> DeskError {
    let code = match error {
        VaultError::BadName(_) => "invalid",
        _ => "vault",
    };
    DeskError { code: code.to_owned(), message: error.to_string(), field: None }
}
