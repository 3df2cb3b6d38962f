//! What became of secrets that were lent: uses are written down, values of before are kept for as long as a run under way may
//! have them and then forgotten, and a vault that does not answer is asked again until it does.

use std::collections::BTreeSet;
use std::time::Duration;

use cuetower_core::cue::{Cue, CueStatus};
use cuetower_core::id::CueId;
use cuetower_core::input::{Input, RefusalCode};
use serde_json::json;
use thiserror::Error;

use crate::definition;
use crate::handle::{Handle, TowerChange, Trouble};
use crate::journal::{RunFilter, SecretUseRow, StoreError};
use crate::vault::{VaultError, names_in};

/// Between a use and its being written down.
const WRITTEN_AFTER: Duration = Duration::from_secs(5);
/// Between two looks whether a value of before may go.
const FORGOTTEN_EACH: Duration = Duration::from_secs(60);
/// Between two looks whether the vault answers again.
pub(crate) const ASKED_AGAIN_EACH: Duration = Duration::from_secs(5);
/// Runs under way whose secrets are looked up at the start.
const RUNS_MAX: u32 = 1_000;
const CUES_MAX: u32 = 10_000;
/// Somebody else may change a cue between reading and writing.
const EDITS_TRIED: usize = 5;
/// Journal lane of facts about secrets.
const LANE: &str = "secrets";

/// Why it was not done.
#[derive(Debug, Error)]
pub(crate) enum Unlent {
    #[error("{0}")]
    Vault(#[from] VaultError),
    #[error("{0}")]
    Trouble(#[from] Trouble),
    #[error("{0}")]
    Store(#[from] StoreError),
    #[error("There is no secret {0}.")]
    NoSuchSecret(String),
    #[error("There is a secret {0} already, with another value. Choose another name, or delete that one first.")]
    NameTaken(String),
    #[error(
        "{done} of {all} cues name the secret {to} now; the cue `{cue}` could not be changed: {why} Until all are, both names hold the value. Rename it again to go on."
    )]
    HalfDone { done: usize, all: usize, to: String, cue: String, why: String },
}

/// Writes uses down, for as long as the tower is up.
pub(crate) async fn keep(handle: Handle) {
    loop {
        handle.vault.some_used().await;
        tokio::time::sleep(WRITTEN_AFTER).await;
        flush(&handle).await;
    }
}

/// Writes down what is known of uses now. What cannot be written waits for the next time.
pub(crate) async fn flush(handle: &Handle) {
    let _writing = handle.vault.writing_uses().await;
    let used = handle.vault.take_used();
    if used.is_empty() {
        return;
    }
    let again = used.clone();
    let written = handle.record(move |recorder| {
        let row = |used: crate::vault::Used| SecretUseRow {
            name: used.name,
            at: recorder.now,
            run_id: used.run_id,
            cue_id: used.cue_id,
            how: used.how.word().to_owned(),
            tool: used.tool,
        };
        recorder.secrets_used(&used.into_iter().map(row).collect::<Vec<_>>())?;
        Ok(Ok::<(), std::convert::Infallible>(()))
    });
    if let Err(trouble) = written.await {
        tracing::warn!(%trouble, "who used which secrets could not be written down yet");
        handle.vault.put_back_used(again);
    }
}

/// Learns what runs under way were lent before the start, and forgets values of before once no run can have them.
pub(crate) async fn look_after(handle: Handle) {
    if let Err(error) = learn(&handle).await {
        tracing::warn!(%error, "what runs under way were lent cannot be told from what they print now");
    }
    loop {
        tokio::time::sleep(FORGOTTEN_EACH).await;
        if let Err(error) = forget(&handle).await {
            tracing::debug!(%error, "values of secrets of before stay in the vault for now");
        }
    }
}

/// What was lent to runs that are under way is to be blotted out, too, though the tower was started since.
async fn learn(handle: &Handle) -> Result<(), Unlent> {
    handle.vault.learn_olds().await;
    let statuses = ["pending", "delivering", "retrying", "pending_outcome"].map(str::to_owned).to_vec();
    let filter = RunFilter { statuses, limit: RUNS_MAX, ..RunFilter::default() };
    let (runs, _) = handle.reader().runs(filter).await?;
    let names: BTreeSet<String> = runs.iter().flat_map(|run| definition::secret_names(&run.definition)).collect();
    for name in names {
        handle.vault.get(&name).await?;
    }
    Ok(())
}

/// A value of before is needed only by runs that began before it was replaced.
pub(crate) async fn forget(handle: &Handle) -> Result<(), Unlent> {
    let _turn = handle.vault.turn().await;
    let reader = handle.reader();
    let oldest_live = reader.oldest_live().await?;
    let olds = reader.secret_olds().await?.into_iter();
    let over: Vec<String> =
        olds.filter(|(_, at)| oldest_live.is_none_or(|began| began > *at)).map(|(entry, _)| entry).collect();
    for entry in over {
        handle.vault.delete(&entry).await?;
        let gone = [entry];
        handle
            .record(move |recorder| recorder.forget_old_secrets(&gone).map(Ok::<(), std::convert::Infallible>))
            .await?
            .unwrap_or_default();
    }
    Ok(())
}

/// Keeps the value that a secret has now for the runs under way, if there are any. Called in the vault's turn, before it changes.
async fn keep_for_runs(handle: &Handle, name: &str) -> Result<(), Unlent> {
    let row = handle.reader().secret(name.to_owned()).await?;
    let (Some(row), Some(_)) = (row, handle.reader().oldest_live().await?) else { return Ok(()) };
    let Some(value) = handle.vault.get(name).await? else { return Ok(()) };
    let entry = format!("old.{name}.{}", row.version);
    handle.vault.set(&entry, &value).await?;
    handle
        .record(move |recorder| recorder.keep_old_secret(&entry).map(Ok::<(), std::convert::Infallible>))
        .await?
        .unwrap_or_default();
    Ok(())
}

/// Gives a secret a value, in the place of an earlier one. `is_there`: it has to have one already.
pub(crate) async fn set(handle: &Handle, name: &str, value: &str, is_there: bool) -> Result<(), Unlent> {
    let _turn = handle.vault.turn().await;
    if is_there && handle.reader().secret(name.to_owned()).await?.is_none() {
        return Err(Unlent::NoSuchSecret(name.to_owned()));
    }
    keep_for_runs(handle, name).await?;
    handle.vault.set(name, value).await?;
    handle.tower(TowerChange::SecretKept(name.to_owned())).await?;
    Ok(())
}

pub(crate) async fn delete(handle: &Handle, name: &str) -> Result<(), Unlent> {
    let _turn = handle.vault.turn().await;
    if handle.reader().secret(name.to_owned()).await?.is_none() {
        return Err(Unlent::NoSuchSecret(name.to_owned()));
    }
    keep_for_runs(handle, name).await?;
    handle.vault.delete(name).await?;
    handle.tower(TowerChange::SecretDropped(name.to_owned())).await?;
    Ok(())
}

/// Calls a secret `to` from now on, in every cue and in the export of traces. Nothing is changed if the vault does not take it;
/// if a cue cannot be changed, both names hold the value until it is asked again.
pub(crate) async fn rename(handle: &Handle, from: &str, to: &str) -> Result<(), Unlent> {
    let _turn = handle.vault.turn().await;
    let reader = handle.reader();
    if reader.secret(from.to_owned()).await?.is_none() {
        return Err(Unlent::NoSuchSecret(from.to_owned()));
    }
    let missing = || Unlent::NoSuchSecret(format!("{from} in the vault"));
    let value = handle.vault.get(from).await?.ok_or_else(missing)?;
    let taken = reader.secret(to.to_owned()).await?.is_some();
    if taken && handle.vault.get(to).await?.is_none_or(|there| there != value) {
        return Err(Unlent::NameTaken(to.to_owned()));
    }
    handle.vault.set(to, &value).await?;
    let names = (from.to_owned(), to.to_owned());
    let second = move |recorder: &crate::journal::Recorder<'_>| {
        recorder.keep_secret_as(&names.0, &names.1).map(Ok::<(), std::convert::Infallible>)
    };
    handle.record(second).await?.unwrap_or_default();
    let cues = rename_in_cues(handle, from, to).await?;
    rename_in_traces(handle, from, to).await?;
    let names = (from.to_owned(), to.to_owned());
    let first = move |recorder: &crate::journal::Recorder<'_>| {
        recorder.secret_renamed(&names.0, &names.1)?;
        recorder.fact(LANE, "secret_renamed", &json!({ "from": names.0, "to": names.1, "cues": cues }))?;
        Ok(Ok::<(), std::convert::Infallible>(()))
    };
    handle.record(first).await?.unwrap_or_default();
    handle.tower(TowerChange::StatusChanged).await?;
    Ok(())
}

async fn rename_in_cues(handle: &Handle, from: &str, to: &str) -> Result<usize, Unlent> {
    let (cues, _) = handle.reader().cues(None, None, CUES_MAX, 0).await?;
    let names_it = |cue: &Cue| definition::secret_names(&cue.definition).iter().any(|name| name == from);
    let naming = cues.into_iter().filter(names_it);
    let all: Vec<_> = naming.map(|cue| (cue.id.clone(), cue.definition.name.clone())).collect();
    for (done, (id, name)) in all.iter().enumerate() {
        if let Err(why) = rename_in_cue(handle, id, from, to).await {
            let (to, cue, why) = (to.to_owned(), name.clone(), why.to_string());
            return Err(Unlent::HalfDone { done, all: all.len(), to, cue, why });
        }
    }
    Ok(all.len())
}

async fn rename_in_cue(handle: &Handle, id: &CueId, from: &str, to: &str) -> Result<(), Unlent> {
    let mut tries = EDITS_TRIED;
    loop {
        tries -= 1;
        let cue = handle.reader().cue(id.0.clone()).await?.filter(|cue| cue.status != CueStatus::Deleted);
        let Some(cue) = cue else { return Ok(()) };
        let Some(renamed) = definition::renamed(&cue.definition, from, to) else { return Ok(()) };
        let edit = Input::Edit { definition: Box::new(renamed), revision: Some(cue.revision) };
        match handle.cue(id, edit).await {
            Err(Trouble::Refused(refusal)) if refusal.code == RefusalCode::RevisionConflict && tries > 0 => {}
            Err(Trouble::NotFound(_)) => return Ok(()),
            done => return done.map(drop).map_err(Unlent::from),
        }
    }
}

async fn rename_in_traces(handle: &Handle, from: &str, to: &str) -> Result<(), Unlent> {
    let Some(row) = handle.reader().otlp_out().await? else { return Ok(()) };
    if !row.headers.iter().flat_map(|(_, value)| names_in(value)).any(|name| name == from) {
        return Ok(());
    }
    let (endpoint, mut headers) = (row.endpoint, row.headers);
    definition::in_pairs(&mut headers, from, to);
    let kept = handle
        .record(move |recorder| recorder.keep_otlp_out(&endpoint, &headers).map(Ok::<(), std::convert::Infallible>));
    kept.await?.unwrap_or_default();
    handle.exports.changed();
    Ok(())
}

/// Asks a vault that does not answer again, after `each` time, until it does, and tells the owner's faces of either.
pub(crate) async fn recover(handle: Handle, each: Duration) {
    let mut trouble = handle.vault.trouble();
    loop {
        let wrong = trouble.borrow_and_update().clone();
        if let Some(error) = wrong {
            told(&handle).await;
            if error.may_pass() {
                while !handle.vault.health().ok {
                    tokio::time::sleep(each).await;
                    handle.vault.probe().await;
                }
                told(&handle).await;
                if let Err(error) = learn(&handle).await {
                    tracing::debug!(%error, "the vault answered, and does not any more");
                }
                // It may be in trouble again by now.
                continue;
            }
        }
        if trouble.changed().await.is_err() {
            return;
        }
    }
}

async fn told(handle: &Handle) {
    // A tower that stops has no faces to tell.
    drop(handle.tower(TowerChange::StatusChanged).await);
}

#[cfg(test)]
#[path = "lending_tests.rs"]
mod tests;
