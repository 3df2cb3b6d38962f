//! The drill-down of a run, and what the owner may do with one.

use std::sync::Arc;

use cuetower_core::Ms;
use cuetower_core::attempt::Attempt;
use cuetower_core::cue::CueStatus;
use cuetower_core::expect;
use cuetower_core::id::{CueId, RunId};
use cuetower_core::input::{Fire, Input};
use cuetower_core::occurrence::Trigger;
use cuetower_core::outcome::Outcome;
use cuetower_core::plan::Plan;
use cuetower_core::pool::HolderKey;
use cuetower_core::run::{HeldBy, Phase, Run, StandPermits, Verification};
use serde_json::{Value, json};

use super::wire::{
    AttemptView, CausedBy, CueRefView, DeskError, Fired, NoteView, Nothing, OutcomeView, ProofView, RefusedReport,
    ResumedView, RunRef, RunStory, RunVerify, WaitView,
};
use super::{Desk, cues, gates, invalid, not_found, steps};
use crate::journal::OutputRow;
use crate::view;

/// As CueAPI bounds a summary.
const REASON_CHARS_MAX: usize = 500;
/// So much of an id names its run.
const BEGINNING_CHARS: usize = 6;
/// Runs that are told apart for whoever names several at once.
const NAMED_MAX: u32 = 5;

pub(super) async fn get(desk: &Desk, request: RunRef) -> Result<RunStory, DeskError> {
    let reader = desk.handle.reader();
    let run = load_named(desk, &request.run_id).await?;
    let outputs = reader.outputs(run.id.0.clone()).await?;
    let spent = reader.spend(run.id.0.clone()).await?;
    let (previous_run_id, next_run_id) = reader.neighbours(Arc::clone(&run)).await?;
    let cue = reader.cue(run.cue_id.0.clone()).await?;
    let deleted = cue.is_none_or(|cue| cue.status == CueStatus::Deleted);
    Ok(RunStory {
        mark: view::mark(&view::row_of_run(&run)),
        cue: CueRefView {
            id: run.cue_id.0.clone(),
            name: run.definition.name.clone(),
            agent: run.definition.agent.clone(),
            transport: run.definition.transport.word().to_owned(),
            words: Plan::of(&run.definition.schedule, run.cue_id.as_str()).map(|plan| plan.words()).unwrap_or_default(),
            deleted,
        },
        state: state(&run),
        idempotency_key: run.idempotency_key.clone(),
        payload: run.payload.clone(),
        attempts: run.attempts.iter().map(|attempt| attempt_view(attempt, &outputs)).collect(),
        outcome: outcome(&run),
        proof: proof(&run, desk.handle.now()),
        checking_since_ms: run.checking.as_ref().map(|checking| checking.since.0),
        refused: run
            .refused
            .iter()
            .map(|refused| RefusedReport {
                at_ms: refused.at.0,
                attempt: refused.attempt,
                reason: refused.reason.clone(),
            })
            .collect(),
        outcome_deadline_ms: run.deadline().map(|at| at.0),
        retry_at_ms: match run.phase {
            Phase::WaitingRetry { at } => Some(at.0),
            _ => None,
        },
        waits: waits(desk, &run),
        gates: gates::of_run(desk, &run).await?,
        restarts: run.restarts(),
        fuse_at_ms: run.fuse_at.filter(|_| run.is_live()).map(|at| at.0),
        caused_by: caused_by(desk, &run).await?,
        notes: run.notes.iter().map(|note| NoteView { at_ms: note.at.0, words: note.words.clone() }).collect(),
        verification: run.verification.as_ref().map(|verification| verification.word().to_owned()),
        verification_words: run.verification.as_ref().and_then(verified_words),
        verified_at_ms: match &run.verification {
            Some(Verification::Given { at, .. }) => Some(at.0),
            Some(Verification::Waiting { .. }) | None => None,
        },
        exit_criteria: run.exit_criteria.clone(),
        steps: spent.as_ref().and_then(|spent| steps::summary(&spent.sums)),
        spend: spent.as_ref().and_then(steps::spend),
        resumed: match &run.trigger {
            Trigger::Resume { of, from } => Some(ResumedView { run_id: of.0.clone(), from: from.clone() }),
            _ => None,
        },
        previous_run_id,
        next_run_id,
    })
}

/// Who said so, and why.
fn verified_words(verification: &Verification) -> Option<String> {
    match verification {
        Verification::Waiting { .. } => None,
        Verification::Given { by, reason: None, .. } => Some(format!("By {by}.")),
        Verification::Given { by, reason: Some(reason), .. } => {
            Some(format!("By {by}: {}.", reason.trim_end_matches('.')))
        }
    }
}

/// The owner looked at what a run did.
pub(super) async fn verify(desk: &Desk, request: RunVerify) -> Result<RunStory, DeskError> {
    let reason = request.reason.map(|reason| reason.trim().to_owned()).filter(|reason| !reason.is_empty());
    if reason.as_ref().is_some_and(|reason| reason.chars().count() > REASON_CHARS_MAX) {
        return Err(invalid("reason", format!("A reason has at most {REASON_CHARS_MAX} characters.")));
    }
    let run_id = RunId(request.run_id.clone());
    let by = "the owner".to_owned();
    let verified = Input::Verify { run_id: run_id.clone(), valid: request.valid, by, reason };
    desk.handle.run(&run_id, verified).await?;
    get(desk, RunRef { run_id: request.run_id }).await
}

/// Looks again at a run that was refuted.
pub(super) async fn check(desk: &Desk, request: RunRef) -> Result<RunStory, DeskError> {
    let run_id = RunId(request.run_id.clone());
    desk.handle.run(&run_id, Input::CheckAgain { run_id: run_id.clone() }).await?;
    get(desk, request).await
}

pub(super) async fn replay(desk: &Desk, request: RunRef) -> Result<Fired, DeskError> {
    let run = load(desk, &request.run_id).await?;
    let trigger = Trigger::Replay { of: run.id.clone() };
    let (payload, exit_criteria) = (Some(run.payload.clone()), run.exit_criteria.clone());
    let fire = Fire { payload, send_at: None, key: None, exit_criteria, trigger };
    cues::fired(desk, &CueId(run.cue_id.0.clone()), fire).await
}

pub(super) async fn stop(desk: &Desk, request: RunRef) -> Result<Nothing, DeskError> {
    let run_id = RunId(request.run_id);
    desk.handle.run(&run_id, Input::Stop { run_id: run_id.clone() }).await?;
    Ok(Nothing {})
}

/// By its id, or by the beginning of it if no other run's begins so.
async fn load_named(desk: &Desk, named: &str) -> Result<Arc<Run>, DeskError> {
    let reader = desk.handle.reader();
    if named.chars().count() < BEGINNING_CHARS || reader.run(named.to_owned()).await?.is_some() {
        return load(desk, named).await;
    }
    let fits = reader.runs_beginning(named.to_owned(), NAMED_MAX + 1).await?;
    match fits.as_slice() {
        [] => Err(not_found(&format!("run {named}"))),
        [one] => load(desk, one).await,
        several => {
            let some = several.iter().take(NAMED_MAX as usize).map(String::as_str).collect::<Vec<_>>().join(", ");
            let more = if several.len() > NAMED_MAX as usize { ", …" } else { "" };
            Err(invalid("run_id", format!("`{named}` is the beginning of several runs: {some}{more}.")))
        }
    }
}

pub(super) async fn load(desk: &Desk, run_id: &str) -> Result<Arc<Run>, DeskError> {
    let run = desk.handle.reader().run(run_id.to_owned()).await?;
    run.map(Arc::new).ok_or_else(|| not_found(&format!("run {run_id}")))
}

fn state(run: &Run) -> String {
    match &run.phase {
        Phase::Held { .. } | Phase::Offered { .. } => "waiting",
        Phase::Delivering => "delivering",
        Phase::WaitingRetry { .. } => "retrying",
        Phase::AwaitingOutcome { .. } => "pending_outcome",
        Phase::Ended { verdict, .. } => verdict.word(),
    }
    .to_owned()
}

/// What holds the next delivery up, or what its agent waits for.
fn waits(desk: &Desk, run: &Run) -> Option<WaitView> {
    if let Some(stand) = run.stand.filter(|_| run.is_live()) {
        let words = match stand.permits {
            StandPermits::AskedAgain => "answered; it goes on when its turn comes",
            StandPermits::Held | StandPermits::Freed => "its agent waits for your answer",
        };
        let (by, words, since_ms) = ("gate".to_owned(), words.to_owned(), stand.since.0);
        return Some(WaitView { by, words, since_ms, until_ms: None, position: None });
    }
    let watch = run.definition.transport.is_watch();
    match &run.phase {
        Phase::Held { by: HeldBy::Pool, since, .. } => {
            let key = HolderKey::run(&run.id, run.latest().number);
            let waits = desk.handle.pool_view().waits_for(&key, desk.handle.now());
            let words = waits.as_ref().map_or("its turn comes at once".to_owned(), |waits| waits.words.clone());
            let position = waits.map(|waits| waits.position);
            Some(WaitView { by: "pool".to_owned(), words, since_ms: since.0, until_ms: None, position })
        }
        Phase::Held { by: by @ (HeldBy::Preflight | HeldBy::Gate), words, since, until } => Some(WaitView {
            by: if *by == HeldBy::Gate { "gate" } else { "preflight" }.to_owned(),
            words: words.clone(),
            since_ms: since.0,
            until_ms: until.map(|at| at.0),
            position: None,
        }),
        Phase::Offered { until } => Some(WaitView {
            by: if watch { "ping" } else { "worker" }.to_owned(),
            words: if watch { "its first ping is awaited" } else { "no worker has claimed it yet" }.to_owned(),
            since_ms: run.latest().began_at.0,
            until_ms: Some(until.0),
            position: None,
        }),
        Phase::Delivering | Phase::AwaitingOutcome { .. } | Phase::WaitingRetry { .. } | Phase::Ended { .. } => None,
    }
}

/// The run that brought this one about.
async fn caused_by(desk: &Desk, run: &Run) -> Result<Option<CausedBy>, DeskError> {
    let (of, cue) = match &run.trigger {
        Trigger::Chain { of, cue } | Trigger::Fallback { of, cue } => (of, Some(cue)),
        Trigger::Replay { of } | Trigger::Resume { of, .. } | Trigger::Dynamic { of } => (of, None),
        Trigger::Scheduled | Trigger::ManualFire | Trigger::Url | Trigger::Path { .. } | Trigger::Ping => {
            return Ok(None);
        }
    };
    let cue = match cue {
        Some(cue) => desk.handle.reader().cue(cue.0.clone()).await?,
        None => None,
    };
    Ok(Some(CausedBy {
        how: run.trigger.word().to_owned(),
        run_id: of.0.clone(),
        cue_id: cue.as_ref().map(|cue| cue.id.0.clone()),
        cue_name: cue.map(|cue| cue.definition.name.clone()),
    }))
}

fn attempt_view(attempt: &Attempt, outputs: &[OutputRow]) -> AttemptView {
    let output = outputs.iter().find(|output| output.number == attempt.number);
    AttemptView {
        number: attempt.number,
        began_at_ms: attempt.began_at.0,
        delivered_at_ms: attempt.delivered_at.map(|at| at.0),
        ended_at_ms: attempt.ended_at.map(|at| at.0),
        state: attempt.state.word().to_owned(),
        sentence: attempt.words.clone(),
        http_status: attempt.http_status,
        exit_code: attempt.exit_code,
        pid: attempt.pid,
        stdout: output.map(|output| output.stdout.clone()).unwrap_or_default(),
        stderr: output.map(|output| output.stderr.clone()).unwrap_or_default(),
        output_truncated: output.is_some_and(|output| output.truncated),
        peak_rss_bytes: attempt.usage.peak_rss_bytes,
        cpu_ms: attempt.usage.cpu_ms,
        worker: attempt.lease.as_ref().map(|lease| lease.worker.clone()),
        lease_until_ms: attempt.lease.as_ref().map(|lease| lease.until.0),
    }
}

/// As people write it: 200, not 200.0.
fn counted(count: Option<f64>) -> Value {
    match count {
        Some(whole) if whole.fract() == 0.0 && whole.abs() < 9e15 => Value::from(whole as i64),
        count => Value::from(count),
    }
}

fn outcome(run: &Run) -> Option<OutcomeView> {
    let (attempt, reported) = run.outcome()?;
    let outcome = &reported.outcome;
    let mut fields = json!({
        "processed": counted(outcome.processed),
        "errors": counted(outcome.errors),
        "expected": counted(outcome.expected),
        "tokens": outcome.tokens,
        "cost_usd": outcome.cost_usd,
        "external_id": outcome.external_id,
        "result_url": outcome.result_url,
        "result_ref": outcome.result_ref,
        "result_type": outcome.result_type,
        "artifacts": outcome.artifacts,
        "metadata": outcome.metadata,
    });
    if let Value::Object(map) = &mut fields {
        map.retain(|_, value| !value.is_null() && *value != json!([]));
    }
    Some(OutcomeView {
        success: outcome.success,
        reported_at_ms: reported.at.0,
        attempt: attempt.number,
        late: reported.late,
        result: outcome.result.clone(),
        error: outcome.error.clone(),
        summary: outcome.summary.clone(),
        fields,
    })
}

/// What was found; where nothing was judged (the report was a failure, or none came), what is asked against what is known.
fn proof(run: &Run, now: Ms) -> Vec<ProofView> {
    // What is looked at again shows what was found before, until it is known.
    if !run.findings.is_empty() {
        let seen = run.findings.iter();
        return seen.map(|finding| ProofView::of(finding, Some(finding.passed), finding.found.clone())).collect();
    }
    let reported = run.outcome().map(|(_, reported)| reported.outcome.clone());
    let nothing = Outcome::default();
    let told = run.judged_by(reported.as_ref().unwrap_or(&nothing), now);
    let asked = expect::findings(&run.expect(), &told);
    let unreported = if run.is_live() { "not reported yet" } else { "never reported" };
    let view = |finding: expect::Finding| match &reported {
        Some(_) => ProofView::of(&finding, Some(finding.passed), finding.found.clone()),
        None => ProofView::of(&finding, None, unreported.to_owned()),
    };
    let unlooked = if run.checking.is_some() {
        "being looked at"
    } else if run.is_live() {
        "not looked at yet"
    } else {
        "never looked at"
    };
    let to_look_at = run.definition.checks.iter().map(|check| ProofView::unmade(check, unlooked));
    asked.into_iter().map(view).chain(to_look_at).collect()
}
