//! Questions to the owner at the owner's door: what waits, what exactly each asks, and the answer. The face through which it
//! is given is the host's word, never the request's.

use std::collections::HashMap;

use cuetower_core::Ms;
use cuetower_core::gate::{COMMENT_CHARS_MAX, Gate, Said, Settled, ShownHash, Word, words};
use cuetower_core::id::{CueId, GateId};
use cuetower_core::input::RefusalCode;
use cuetower_core::run::{Run, Verification};
use cuetower_core::sentence;
use cuetower_core::time::MINUTE_MS;

use super::wire::{
    DeskError, GateAnswer, GatePutOff, GateRef, GateStory, GateView, GateWord, Gates, GatesRequest, LastApproved,
    RunToVerify,
};
use super::{Desk, invalid, not_found};
use crate::handle::Trouble;
use crate::journal::{GateFilter, GateRow};

/// Gates in one list at most.
const SHOWN_MAX: u32 = 500;
/// They are put in order here; of more, the oldest count.
const SORTED_MAX: u32 = 5_000;
/// What all ids of gates begin with.
const ID_PREFIX: &str = "gate_";
/// Gates that are told apart for whoever names several at once.
const NAMED_MAX: u32 = 5;
const PUT_OFF_MINUTES_MAX: u32 = 7 * 24 * 60;

pub(super) async fn list(desk: &Desk, request: GatesRequest) -> Result<Gates, DeskError> {
    if !(1..=SHOWN_MAX).contains(&request.limit) {
        return Err(invalid("limit", format!("Ask for 1 to {SHOWN_MAX} gates.")));
    }
    let (reader, now) = (desk.handle.reader(), desk.handle.now());
    let of = |waiting, limit| GateFilter { waiting, run_id: None, limit };
    let mut waiting = reader.gates(of(true, SORTED_MAX)).await?;
    let count = u32::try_from(waiting.len()).unwrap_or(u32::MAX);
    waiting.sort_by(|a, b| urgency(a, now).cmp(&urgency(b, now)).then_with(|| dearer(a, b)).then_with(|| older(a, b)));
    waiting.truncate(request.limit as usize);
    let settled = if request.settled { reader.gates(of(false, request.limit)).await? } else { Vec::new() };
    let names = names(desk).await?;
    let views =
        |rows: &[GateRow]| rows.iter().map(|row| view(row, row.cue_id.as_ref().and_then(|id| names.get(id)))).collect();
    let confirm = reader.runs_to_verify(request.limit).await?;
    Ok(Gates {
        waiting: views(&waiting),
        waiting_count: count,
        confirm: confirm.iter().filter_map(to_verify).collect(),
        settled: views(&settled),
    })
}

pub(super) async fn get(desk: &Desk, request: GateRef) -> Result<GateStory, DeskError> {
    let row = load_named(desk, &request.gate_id).await?;
    let before = desk.handle.reader().gate_approved_before(row.gate.id.0.clone()).await?;
    let last_approved = before.and_then(|before| {
        Some(LastApproved {
            gate_id: before.gate.id.0,
            settled_at_ms: before.gate.settled?.at.0,
            body: before.shown.body,
            payload: before.answer.or(before.shown.payload).as_ref().map(json_text),
        })
    });
    let gate = named(desk, &row).await?;
    let GateRow { shown, answer, .. } = row;
    let [payload, answer] = [shown.payload, answer].map(|json| json.as_ref().map(json_text));
    Ok(GateStory { gate, body: shown.body, payload, diff: shown.diff, answer, last_approved })
}

/// The first answer counts.
pub(super) async fn answer(desk: &Desk, request: GateAnswer) -> Result<GateView, DeskError> {
    let payload = match (request.payload, request.payload_json) {
        (payload, None) => payload,
        (None, Some(text)) => {
            let read = serde_json::from_str(&text);
            Some(read.map_err(|error| invalid("payload", format!("The payload is not JSON: {error}.")))?)
        }
        (Some(_), Some(_)) => return Err(invalid("payload", "Give `payload` or `payload_json`, not both.")),
    };
    let said = match (request.answer, payload) {
        (GateWord::Approve, None) => Said::Approve,
        (GateWord::Deny, None) => Said::Deny,
        (GateWord::Edit, Some(payload)) => Said::Edit(payload),
        (GateWord::Edit, None) => return Err(invalid("payload", "An edit brings the payload as it is to be.")),
        (GateWord::Approve | GateWord::Deny, Some(_)) => {
            return Err(invalid("payload", "A changed payload goes with the answer `edit`."));
        }
    };
    if request.comment.as_ref().is_some_and(|comment| comment.chars().count() > COMMENT_CHARS_MAX) {
        return Err(invalid("comment", "A comment has at most 2,000 characters."));
    }
    let edits = matches!(said, Said::Edit(_));
    let word = Word { said, shown: ShownHash(request.shown), comment: request.comment, face: desk.face };
    let gate_id = GateId(request.gate_id);
    desk.handle.answer_gate(&gate_id, word).await.map_err(|trouble| match &trouble {
        Trouble::Refused(refusal) if refusal.code == RefusalCode::Invalid && edits => {
            invalid("payload", refusal.message.clone())
        }
        _ => DeskError::from(trouble),
    })?;
    as_it_is(desk, &gate_id).await
}

/// Asked again later, before its deadline, which stays what it is.
pub(super) async fn put_off(desk: &Desk, request: GatePutOff) -> Result<GateView, DeskError> {
    if request.minutes > PUT_OFF_MINUTES_MAX {
        return Err(invalid("minutes", "Put it off for 1 minute to 7 days; 0 asks again now."));
    }
    let gate_id = GateId(request.gate_id);
    let until = desk.handle.now().plus(u64::from(request.minutes) * MINUTE_MS);
    desk.handle.put_off_gate(&gate_id, until).await?;
    as_it_is(desk, &gate_id).await
}

/// Whatever was asked in the name of a run.
pub(super) async fn of_run(desk: &Desk, run: &Run) -> Result<Vec<GateView>, DeskError> {
    let rows = desk.handle.reader().gates_of_run(run.id.0.clone()).await?;
    Ok(rows.iter().map(|row| view(row, Some(&run.definition.name))).collect())
}

async fn as_it_is(desk: &Desk, id: &GateId) -> Result<GateView, DeskError> {
    named(desk, &load(desk, id.as_str()).await?).await
}

async fn load(desk: &Desk, id: &str) -> Result<GateRow, DeskError> {
    desk.handle.reader().gate(id.to_owned()).await?.ok_or_else(|| not_found(&format!("gate {id}")))
}

/// By its id, or by the beginning of it, with or without what all of them begin with, if no other gate's begins so: of all that
/// were ever asked, so that what named one gate a minute ago never names another.
async fn load_named(desk: &Desk, named: &str) -> Result<GateRow, DeskError> {
    let reader = desk.handle.reader();
    if let Some(row) = reader.gate(named.to_owned()).await? {
        return Ok(row);
    }
    let letters = named.strip_prefix(ID_PREFIX).unwrap_or(named);
    if letters.is_empty() || ID_PREFIX.starts_with(named) {
        return Err(invalid("gate_id", "Name the gate by its id, or by its beginning."));
    }
    let fits = reader.gates_beginning(format!("{ID_PREFIX}{letters}"), NAMED_MAX + 1).await?;
    match fits.as_slice() {
        [] => Err(not_found(&format!("gate {named}"))),
        [one] => load(desk, one).await,
        several => {
            let some = several.iter().take(NAMED_MAX as usize).map(String::as_str).collect::<Vec<_>>().join(", ");
            let more = if several.len() > NAMED_MAX as usize { ", …" } else { "" };
            Err(invalid("gate_id", format!("`{named}` is the beginning of several gates: {some}{more}.")))
        }
    }
}

async fn named(desk: &Desk, row: &GateRow) -> Result<GateView, DeskError> {
    let cue = match &row.cue_id {
        Some(id) => desk.handle.reader().cue(id.0.clone()).await?,
        None => None,
    };
    Ok(view(row, cue.as_ref().map(|cue| &cue.definition.name)))
}

/// Of all cues there have been: one that was deleted may still be in the history of its gates.
async fn names(desk: &Desk) -> Result<HashMap<CueId, String>, DeskError> {
    let names = desk.handle.reader().cue_names().await?;
    Ok(names.into_iter().map(|(id, name)| (CueId(id), name)).collect())
}

/// What is put off comes last; then by deadline, and what is late is late since then.
fn urgency(row: &GateRow, now: Ms) -> (bool, i64) {
    let Gate { deadline, overdue_at, put_off_until, .. } = &row.gate;
    (put_off_until.is_some_and(|until| until > now), deadline.or(*overdue_at).map_or(i64::MAX, |at| at.0))
}

fn dearer(a: &GateRow, b: &GateRow) -> std::cmp::Ordering {
    let usd = |row: &GateRow| row.shown.usd_per_hour.unwrap_or(0.0);
    usd(b).total_cmp(&usd(a))
}

fn older(a: &GateRow, b: &GateRow) -> std::cmp::Ordering {
    (a.gate.asked_at, &a.gate.id).cmp(&(b.gate.asked_at, &b.gate.id))
}

fn view(row: &GateRow, cue_name: Option<&String>) -> GateView {
    let GateRow { gate, shown, .. } = row;
    let settled = gate.settled.as_ref();
    GateView {
        id: gate.id.0.clone(),
        about: gate.subject.word().to_owned(),
        key: gate.subject.key().to_owned(),
        title: gate.title.clone(),
        cue_id: row.cue_id.as_ref().map(|id| id.0.clone()),
        cue_name: cue_name.cloned(),
        run_id: row.run_id.as_ref().map(|id| id.0.clone()),
        agent: row.agent.clone(),
        account: (!row.account.is_owner()).then(|| row.account.0.clone()),
        asked_at_ms: gate.asked_at.0,
        deadline_ms: gate.deadline.map(|at| at.0),
        overdue_at_ms: gate.overdue_at.map(|at| at.0),
        put_off_until_ms: gate.put_off_until.map(|at| at.0),
        on_no_answer: gate.on_no_answer.word().to_owned(),
        blocking: gate.blocking,
        state: settled.map_or("waiting", |settled| settled.how.word()).to_owned(),
        shown: gate.hash.0.clone(),
        may_edit: shown.may_edit,
        reversible: shown.reversible,
        cost_of_waiting: shown.cost_of_waiting.clone(),
        usd_per_hour: shown.usd_per_hour,
        take_back_ms: shown.take_back_ms,
        settled_at_ms: settled.map(|settled| settled.at.0),
        face: settled.and_then(|settled| settled.face).map(|face| face.word().to_owned()),
        comment: settled.and_then(|settled| settled.comment.clone()),
        sentence: settled.map_or_else(|| words::until(gate), sentence_of),
    }
}

fn json_text(value: &serde_json::Value) -> String {
    format!("{value:#}")
}

/// "Approved in the notification."
fn sentence_of(settled: &Settled) -> String {
    let said = words::settled(settled);
    let mut letters = said.chars();
    let first = letters.next().map(|letter| letter.to_uppercase().to_string()).unwrap_or_default();
    format!("{first}{}.", letters.as_str())
}

fn to_verify(run: &Run) -> Option<RunToVerify> {
    let Some(Verification::Waiting { since, holds }) = &run.verification else { return None };
    let summary = run.outcome().and_then(|(_, reported)| reported.outcome.summary.clone()).unwrap_or_default();
    Some(RunToVerify {
        run_id: run.id.0.clone(),
        cue_id: run.cue_id.0.clone(),
        cue_name: run.definition.name.clone(),
        agent: run.definition.agent.clone(),
        since_ms: since.0,
        holds: *holds,
        summary,
        sentence: sentence::of_run(run),
    })
}
