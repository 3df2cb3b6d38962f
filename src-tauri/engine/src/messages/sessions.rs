//! Live sessions of agents, and the ones that a daemon attaches for them.

use cuetower_core::Ms;
use cuetower_core::id::AccountId;
use serde_json::json;

use super::{LANE, No, Refused, SESSIONS_MAX, address};
use crate::desk::wire::Topic;
use crate::journal::{LiveSessionRow, Recorder};

const POLL: &str = "poll";
const IPC: &str = "ipc";
/// What a daemon no longer tells of is ended after so long.
const STALE_MS: u64 = cuetower_core::time::DAY_MS;

#[derive(Debug)]
pub(crate) struct NewSession {
    /// A fresh UUID.
    pub id: String,
    pub label: String,
    pub cue_id: String,
    pub task_name: String,
    pub is_default: bool,
    pub monitor_version: Option<String>,
    pub session_token: Option<String>,
}

/// What is to be different.
#[derive(Debug, Default)]
pub(crate) struct SessionChange {
    /// It becomes the default, and no other of the agent is.
    pub make_default: bool,
    pub session_token: Option<String>,
}

/// A session that a daemon attaches.
#[derive(Debug)]
pub(crate) struct Attachment {
    /// A fresh UUID.
    pub id: String,
    pub label: String,
    pub task_name: String,
    pub token: String,
    /// UUID of the daemon.
    pub daemon: String,
    pub attached_at: Option<Ms>,
    pub monitor_version: Option<String>,
}

/// What became of an attachment.
#[derive(Debug)]
pub(crate) enum Attached {
    /// With the token of the one it took the place of.
    Yes(LiveSessionRow, Option<String>),
    /// Another daemon holds that label.
    Taken(LiveSessionRow),
}

pub(crate) fn register(
    recorder: &Recorder<'_>,
    account: &AccountId,
    agent: &str,
    new: NewSession,
) -> Result<LiveSessionRow, No> {
    let agent = address::in_use(recorder, account, agent)?.id;
    let others = room_for_one(recorder, &agent)?;
    let conflict = |what: String| -> No {
        Refused::new(409, "live_session_conflict", format!("Could not register session: {what}")).into()
    };
    if others.iter().any(|other| other.label == new.label) {
        return Err(conflict(format!("the label '{}' is taken by an attached session of this agent", new.label)));
    }
    if new.is_default && others.iter().any(|other| other.is_default) {
        return Err(conflict("another attached session of this agent is the default".to_owned()));
    }
    if recorder.live_session_of_cue(account, &new.cue_id)?.is_some() {
        return Err(conflict(format!("the cue {} is taken by an attached session", new.cue_id)));
    }
    let row = LiveSessionRow {
        id: new.id,
        account: account.clone(),
        agent,
        label: new.label,
        cue_id: new.cue_id,
        task_name: new.task_name,
        is_default: new.is_default,
        attached_at: recorder.now,
        beat_at: Some(recorder.now),
        claimed_at: None,
        monitor_version: new.monitor_version,
        session_token: new.session_token,
        transport: POLL.to_owned(),
        daemon: None,
        reconciled_at: None,
        detached_at: None,
    };
    put(recorder, &row, "session_attached")?;
    Ok(row)
}

/// A sign of life.
pub(crate) fn beat(
    recorder: &Recorder<'_>,
    account: &AccountId,
    agent: &str,
    label: &str,
    monitor_version: Option<String>,
) -> Result<LiveSessionRow, No> {
    let mut row = attached(recorder, account, agent, label)?;
    row.beat_at = Some(recorder.now);
    row.monitor_version = monitor_version.or(row.monitor_version);
    recorder.put_live_session(&row)?;
    recorder.address_seen(&row.agent)?;
    Ok(row)
}

pub(crate) fn change_session(
    recorder: &Recorder<'_>,
    account: &AccountId,
    agent: &str,
    label: &str,
    change: SessionChange,
) -> Result<LiveSessionRow, No> {
    let mut row = attached(recorder, account, agent, label)?;
    if change.make_default && !row.is_default {
        for mut other in recorder.live_sessions(&row.agent)?.into_iter().filter(|other| other.is_default) {
            other.is_default = false;
            recorder.put_live_session(&other)?;
        }
        row.is_default = true;
    }
    row.session_token = change.session_token.or(row.session_token);
    put(recorder, &row, "session_changed")?;
    Ok(row)
}

/// The row stays for who looks back.
pub(crate) fn detach(
    recorder: &Recorder<'_>,
    account: &AccountId,
    agent: &str,
    label: &str,
) -> Result<LiveSessionRow, No> {
    let mut row = attached(recorder, account, agent, label)?;
    end(recorder, &mut row, recorder.now)?;
    Ok(row)
}

/// Takes the place of the daemon's own of that label.
pub(crate) fn attach(
    recorder: &Recorder<'_>,
    account: &AccountId,
    agent: &str,
    new: Attachment,
) -> Result<Attached, No> {
    let agent = address::in_use(recorder, account, agent)?.id;
    let others = room_for_one(recorder, &agent)?;
    let mut known = others.iter().find(|other| other.label == new.label).cloned();
    if let Some(known) = known.take_if(|known| known.daemon.as_ref() != Some(&new.daemon)) {
        return Ok(Attached::Taken(known));
    }
    // The label `main` is the default, unless there is one.
    let is_default = known
        .as_ref()
        .map_or_else(|| new.label == "main" && !others.iter().any(|other| other.is_default), |known| known.is_default);
    let supersedes = known.as_ref().map(|known| known.cue_id.clone());
    if let Some(known) = &mut known {
        end(recorder, known, recorder.now)?;
    }
    if recorder.live_session_of_cue(account, &new.token)?.is_some() {
        let message = "This ipc_session_token is in use by an attached session; make a new one.";
        return Err(Refused::new(409, "live_session_conflict", message).into());
    }
    let row = LiveSessionRow {
        id: new.id,
        account: account.clone(),
        agent,
        label: new.label,
        cue_id: new.token,
        task_name: new.task_name,
        is_default,
        attached_at: new.attached_at.unwrap_or(recorder.now),
        beat_at: None,
        claimed_at: None,
        monitor_version: new.monitor_version,
        session_token: None,
        transport: IPC.to_owned(),
        daemon: Some(new.daemon),
        reconciled_at: Some(recorder.now),
        detached_at: None,
    };
    put(recorder, &row, "session_attached")?;
    recorder.address_seen(&row.agent)?;
    Ok(Attached::Yes(row, supersedes))
}

/// Whether there was one to end.
pub(crate) fn drop_attachment(
    recorder: &Recorder<'_>,
    account: &AccountId,
    agent: &str,
    token: &str,
    daemon: &str,
) -> Result<bool, No> {
    let agent = address::in_use(recorder, account, agent)?.id;
    let of_daemon = recorder.live_sessions_of_daemon(account, daemon)?;
    let Some(mut row) = of_daemon.into_iter().find(|row| row.agent == agent && row.cue_id == token) else {
        return Ok(false);
    };
    end(recorder, &mut row, recorder.now)?;
    Ok(true)
}

/// What a daemon holds, as `(label, task, token)`: the rest of its sessions are only polled for from here on, and end
/// when it has not told of them for a day. How many were there, and how many are polled for now.
pub(crate) fn reconcile(
    recorder: &Recorder<'_>,
    account: &AccountId,
    daemon: &str,
    held: &[(String, String, String)],
) -> Result<(usize, usize), No> {
    let (mut there, mut downgraded) = (0, 0);
    for mut row in recorder.live_sessions_of_daemon(account, daemon)? {
        let held = held.iter().find(|(label, _, token)| *label == row.label && *token == row.cue_id);
        if let Some((_, task, _)) = held {
            (row.transport, row.reconciled_at) = (IPC.to_owned(), Some(recorder.now));
            row.task_name.clone_from(task);
            there += 1;
        } else if row.transport == IPC {
            row.transport = POLL.to_owned();
            downgraded += 1;
        } else if recorder.now.since(row.reconciled_at.unwrap_or(row.attached_at)) > STALE_MS {
            end(recorder, &mut row, recorder.now)?;
            continue;
        } else {
            continue;
        }
        recorder.put_live_session(&row)?;
    }
    let fact = json!({ "account": account, "daemon": daemon, "there": there, "downgraded": downgraded });
    recorder.fact(LANE, "sessions_reconciled", &fact)?;
    Ok((there, downgraded))
}

fn attached(recorder: &Recorder<'_>, account: &AccountId, agent: &str, label: &str) -> Result<LiveSessionRow, No> {
    let id = address::in_use(recorder, account, agent)?.id;
    let found = recorder.live_sessions(&id)?.into_iter().find(|row| row.label == label);
    let missing = || {
        let message = format!("No active session with label '{label}' for agent '{agent}'");
        Refused::new(404, "live_session_not_found", message).into()
    };
    found.ok_or_else(missing)
}

fn room_for_one(recorder: &Recorder<'_>, agent: &str) -> Result<Vec<LiveSessionRow>, No> {
    let others = recorder.live_sessions(agent)?;
    if others.len() < SESSIONS_MAX {
        return Ok(others);
    }
    let message = format!("This agent has {SESSIONS_MAX} attached sessions already; detach one of them first.");
    Err(Refused::new(409, "too_many_live_sessions", message).into())
}

fn end(recorder: &Recorder<'_>, row: &mut LiveSessionRow, at: Ms) -> Result<(), No> {
    row.detached_at = Some(at);
    row.is_default = false;
    put(recorder, row, "session_detached")
}

fn put(recorder: &Recorder<'_>, row: &LiveSessionRow, kind: &'static str) -> Result<(), No> {
    recorder.put_live_session(row)?;
    // Through a daemon, it is its token.
    let cue_id = row.daemon.is_none().then_some(&row.cue_id);
    let fact =
        json!({ "id": row.id, "agent": row.agent, "label": row.label, "cue_id": cue_id, "is_default": row.is_default });
    recorder.fact(LANE, kind, &fact)?;
    recorder.touch(Topic::Messages);
    Ok(())
}
