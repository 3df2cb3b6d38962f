//! The tower itself: is it armed, and is what it leans on there.

use std::collections::BTreeSet;

use cuetower_core::Ms;
use cuetower_core::alert::{Alert, AlertKind, Severity};
use cuetower_core::id::AccountId;

use super::wire::{DeskError, Health, Key, Nothing, TowerStatus};
use super::{Desk, not_found};
use crate::handle::TowerChange;
use crate::journal::WaitingGateRow;

pub(super) async fn status(desk: &Desk, _: Nothing) -> Result<TowerStatus, DeskError> {
    let reader = desk.handle.reader();
    let vault = desk.vault.health();
    let notifications = desk.notifier.health();
    let now = desk.handle.now();
    let alerts = reader.alerts(super::alerts::SHOWN_MAX).await?;
    let asking = reader.occurrences_asking().await?.len();
    let waiting = reader.gates_waiting().await?;
    let gates = waiting.iter().filter(|gate| gate.put_off_until.is_none_or(|until| until <= now)).count();
    let alerts = alerts.iter().filter(|alert| needs_somebody(alert, now) && !is_of_a_gate(alert, &waiting));
    let troubles: BTreeSet<&str> = alerts.map(trouble_of).collect();
    let needs_you = asking + gates + troubles.len();
    Ok(TowerStatus {
        version: desk.facts.version.clone(),
        now_ms: desk.handle.now().0,
        started_at_ms: desk.facts.started_at.0,
        paused: reader.firing_paused().await?,
        agents_url: desk.facts.agents_url.clone(),
        data_dir: desk.facts.data_dir.clone(),
        timezone: desk.facts.timezone.clone(),
        vault: Health { ok: vault.ok, name: vault.name, message: vault.message },
        notifications: Health { ok: notifications.ok, name: notifications.name, message: notifications.message },
        store: store(desk),
        traces_out: desk.handle.exports.state().trouble.map(|why| format!("Runs do not get through as traces: {why}.")),
        needs_you: u32::try_from(needs_you).unwrap_or(u32::MAX),
        records_since_ms: reader.oldest_due().await?.map(|due| due.0),
        seq: reader.last_seq().await?,
    })
}

/// What web hooks are signed with: CueAPI's and Standard Webhooks' libraries take it as it is.
pub(super) async fn webhook_secret(desk: &Desk, _: Nothing) -> Result<Key, DeskError> {
    Ok(Key { key: desk.handle.accounts.webhook_secret(&AccountId::OWNER) })
}

pub(super) async fn key(desk: &Desk, _: Nothing) -> Result<Key, DeskError> {
    let key = desk.owner_key.get().ok_or_else(|| not_found("key yet: the tower is still starting"))?;
    Ok(Key { key })
}

fn store(desk: &Desk) -> Health {
    let trouble = desk.handle.store_trouble();
    let message = trouble.as_ref().map(|why| {
        format!("Nothing can be written down, so nothing is fired or taken in: {why}. Make room or mend the disk; the tower tries again by itself.")
    });
    Health { ok: trouble.is_none(), name: "SQLite".to_owned(), message }
}

pub(super) async fn pause(desk: &Desk, nothing: Nothing) -> Result<TowerStatus, DeskError> {
    desk.handle.tower(TowerChange::PauseFiring).await?;
    status(desk, nothing).await
}

pub(super) async fn resume(desk: &Desk, nothing: Nothing) -> Result<TowerStatus, DeskError> {
    desk.handle.tower(TowerChange::ResumeFiring).await?;
    status(desk, nothing).await
}

/// The question itself is counted.
fn is_of_a_gate(alert: &Alert, waiting: &[WaitingGateRow]) -> bool {
    let asks = |gate: &WaitingGateRow| match (&alert.agent, &alert.run_id) {
        (Some(agent), _) => gate.run_id.is_none() && gate.account == agent.account && gate.agent == agent.name,
        (None, run_id) => run_id.is_some() && gate.run_id == *run_id,
    };
    alert.kind == AlertKind::GateWaiting && waiting.iter().any(asks)
}

/// Whatever is told of one run is one trouble; a question is none of it, and counts by itself.
fn trouble_of(alert: &Alert) -> &str {
    match &alert.run_id {
        Some(run_id) if alert.kind != AlertKind::GateWaiting => &run_id.0,
        Some(_) | None => &alert.id.0,
    }
}

/// A missed instant is told, and there is nothing left to do about it; one that asks is counted by itself.
fn needs_somebody(alert: &Alert, now: Ms) -> bool {
    let told = alert.kind == AlertKind::MissedOccurrence || alert.severity == Severity::Info;
    alert.needs_somebody(now) && !told
}
