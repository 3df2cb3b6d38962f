//! Header values that must not lie open (SPEC 11) are moved to the vault as they arrive: the cue that is kept holds the name
//! of a secret of its own in their place, and shows `••••`; `••••` written back keeps them (`definition::changing`).

use axum::http::StatusCode;
use cuetower_core::cue::{Cue, CueDefinition, Transport};
use cuetower_core::id::CueId;
use serde_json::{Map, Value, json};
use url::Url;
use zeroize::Zeroizing;

use super::Door;
use super::problem::Problem;
use crate::definition;
use crate::journal::RunFilter;
use crate::token::new_ticket;
use crate::vault::{OF_CUE, OF_CUE_DIGITS, VaultError, is_of_cue as is_own, names_in};

const SHOWN: &str = "••••";

/// Values on their way into the vault.
pub(super) struct Moved(Vec<(String, Zeroizing<String>)>);

/// Takes the values out of `callback.headers` and puts names there. Nothing is kept yet.
pub(super) fn taken(body: &mut Map<String, Value>) -> Moved {
    let headers = body.get_mut("callback").and_then(|callback| callback.get_mut("headers"));
    let mut moved = Vec::new();
    for (name, value) in headers.and_then(Value::as_object_mut).into_iter().flatten() {
        let Some(open) = value.as_str().filter(|text| definition::lies_open(name, text)) else { continue };
        let secret = format!("{OF_CUE}{}", new_ticket()[..OF_CUE_DIGITS].to_uppercase());
        moved.push((secret.clone(), Zeroizing::new(open.to_owned())));
        *value = json!(format!("{{{{secret:{secret}}}}}"));
    }
    Moved(moved)
}

impl Moved {
    /// Once the cue has been read and allowed, before it is written.
    pub(super) async fn keep(&self, door: &Door) -> Result<(), Problem> {
        for (name, value) in &self.0 {
            door.handle.vault.set(name, value).await.map_err(|error| of_vault(&error))?;
        }
        Ok(())
    }

    /// When the cue was not written after all; what it names all the same stays.
    pub(super) async fn forget(&self, door: &Door, cue_id: Option<&CueId>) {
        let named = match cue_id {
            None => Vec::new(),
            Some(id) => match door.handle.reader().cue(id.0.clone()).await {
                Ok(cue) => cue.map(|cue| definition::secret_names(&cue.definition)).unwrap_or_default(),
                // Better a value too many than a cue that lost its own.
                Err(_) => return,
            },
        };
        let unnamed = self.0.iter().map(|(name, _)| name.clone()).filter(|name| !named.contains(name));
        forget(door, unnamed).await;
    }
}

/// Whether a change would send values that its writer cannot read to somebody else.
pub(super) fn would_lead_elsewhere(before: &CueDefinition, after: &CueDefinition) -> bool {
    let stays = definition::secret_names(before);
    let kept = definition::secret_names(after).iter().any(|name| is_own(name) && stays.contains(name));
    let origin = |definition: &CueDefinition| match &definition.transport {
        Transport::Webhook(callback) => Url::parse(&callback.url).ok().map(|url| url.origin()),
        Transport::Command(_) | Transport::Worker(_) | Transport::Watch => None,
    };
    kept && origin(before) != origin(after)
}

/// Forgets what a change took out of a cue, unless a run under way still needs it.
pub(super) async fn forget_replaced(door: &Door, before: &CueDefinition, after: &Cue) {
    let stays = definition::secret_names(&after.definition);
    let gone: Vec<String> =
        definition::secret_names(before).into_iter().filter(|name| is_own(name) && !stays.contains(name)).collect();
    if gone.is_empty() {
        return;
    }
    let live = |word: &str| word.to_owned();
    let statuses = ["pending", "delivering", "retrying", "pending_outcome"].map(live).to_vec();
    let filter = RunFilter { cue_id: Some(after.id.0.clone()), statuses, limit: 1, ..RunFilter::default() };
    match door.handle.reader().runs(filter).await {
        Ok((_, 0)) => forget(door, gone.into_iter()).await,
        Ok(_) => tracing::info!(cue = %after.id, "a replaced header stays in the vault: a run under way may need it"),
        Err(error) => tracing::warn!(%error, "a replaced header stays in the vault"),
    }
}

/// Forgets what was this cue's own, after its end.
pub(super) async fn forget_of(door: &Door, definition: &CueDefinition) {
    forget(door, definition::secret_names(definition).into_iter().filter(|name| is_own(name))).await;
}

async fn forget(door: &Door, names: impl Iterator<Item = String>) {
    for name in names {
        if let Err(error) = door.handle.vault.delete(&name).await {
            tracing::warn!(%error, "a header's value stays in the vault, and no cue asks for it any more");
        }
    }
}

/// `callback` as it is shown.
pub(super) fn hide(callback: Option<&mut Value>) {
    let headers = callback.and_then(|callback| callback.get_mut("headers")).and_then(Value::as_object_mut);
    for value in headers.into_iter().flat_map(Map::values_mut) {
        if value.as_str().is_some_and(|text| names_in(text).iter().any(|name| is_own(name))) {
            *value = json!(SHOWN);
        }
    }
}

fn of_vault(error: &VaultError) -> Problem {
    Problem::new(StatusCode::SERVICE_UNAVAILABLE, "vault", error.to_string())
}
