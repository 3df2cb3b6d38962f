//! One piece of work: its program runs, the lease is kept, and what came of it is reported.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::sync::watch;

use super::door::{Backoff, Claimed, Trouble};
use super::outcome::{self, Ended};
use super::process::{Process, Setting};
use super::{Stage, Worker, leaves};

/// After a heartbeat that was not answered: sooner than the next one would come.
const HEARTBEAT_AGAIN: Duration = Duration::from_secs(2);
/// A shorter lease than this is kept by heartbeats this often.
const HEARTBEAT_LEAST: Duration = Duration::from_millis(100);
/// To give back or to report, once the worker is to stop at once.
const LAST_WORD_LIMIT: Duration = Duration::from_secs(5);

pub(super) async fn run(worker: &Worker, handler: usize, claimed: Claimed) {
    let mut stage = worker.stage.subscribe();
    let (execution, attempt) = (claimed.execution_id.as_str(), claimed.attempt);
    tracing::info!(execution, attempt, cue = claimed.cue_name, "it is claimed and runs");
    let setting = Setting { handler: &worker.plan.handlers[handler], plan: &worker.plan, door: &worker.door };
    let mut process = match Process::start(&setting, &claimed) {
        Ok(process) => process,
        Err(words) => {
            tracing::warn!(execution, "it could not be started: {words}");
            return report(worker, &claimed, &json!({ "success": false, "error": words }), &mut stage).await;
        }
    };
    tokio::select! {
        ended = process.wait() => {
            let said = outcome::of(&ended);
            tracing::info!(execution, attempt, "{}", told(&ended));
            report(worker, &claimed, &said, &mut stage).await;
        }
        why = lost(worker, &claimed) => {
            tracing::warn!(execution, attempt, "it is ours no more, so its program is stopped: {why}");
            process.stop().await;
        }
        () = leaves(&mut stage, Stage::Finishing) => {
            process.stop().await;
            give_back(worker, &claimed).await;
        }
    }
}

fn told(ended: &Ended) -> String {
    format!("its program has {}", ended.how.words())
}

/// Keeps the lease; returns with the reason when it is lost.
async fn lost(worker: &Worker, claimed: &Claimed) -> String {
    let third = Duration::try_from_secs_f64(claimed.lease_seconds / 3.0).unwrap_or(HEARTBEAT_AGAIN);
    let third = third.max(HEARTBEAT_LEAST);
    let mut pause = third;
    loop {
        tokio::time::sleep(pause).await;
        pause = match worker.door.heartbeat(claimed).await {
            Ok(()) => third,
            // While the tower is away, the clocks of its leases stand still.
            Err(Trouble::Later { .. }) => third.min(HEARTBEAT_AGAIN),
            Err(Trouble::Refused { message, .. }) => return message,
        };
    }
}

/// Until it is taken, or refused, or the lease is lost, or the worker has no more time for it.
async fn report(worker: &Worker, claimed: &Claimed, outcome: &Value, stage: &mut watch::Receiver<Stage>) {
    let execution = claimed.execution_id.as_str();
    let telling = async {
        if worker.door.has_outcome(claimed).await {
            tracing::info!(execution, "its program has reported it itself");
            return;
        }
        let mut backoff = Backoff::default();
        loop {
            match worker.door.report(claimed, outcome).await {
                Ok(()) => return,
                Err(Trouble::Refused { code, .. }) if code == "outcome_already_recorded" => {
                    tracing::info!(execution, "its program has reported it itself");
                    return;
                }
                Err(Trouble::Refused { message, .. }) => {
                    tracing::warn!(execution, "the report was refused: {message}");
                    return;
                }
                Err(trouble) => tokio::time::sleep(backoff.after(&trouble)).await,
            }
        }
    };
    tokio::select! {
        () = telling => {}
        why = lost(worker, claimed) => tracing::warn!(execution, "the report came too late: {why}"),
        () = out_of_time(stage) => {
            tracing::error!(execution, "the tower could not be told what came of it; its lease will lapse");
        }
    }
}

async fn out_of_time(stage: &mut watch::Receiver<Stage>) {
    leaves(stage, Stage::Finishing).await;
    tokio::time::sleep(LAST_WORD_LIMIT).await;
}

async fn give_back(worker: &Worker, claimed: &Claimed) {
    let execution = claimed.execution_id.as_str();
    let giving = worker.door.release(claimed, "the worker was told to stop");
    match tokio::time::timeout(LAST_WORD_LIMIT, giving).await {
        Ok(Ok(())) => tracing::info!(execution, "it is given back"),
        Ok(Err(trouble)) => tracing::warn!(execution, "it could not be given back: {}", trouble.sentence()),
        Err(_) => tracing::warn!(execution, "it could not be given back; its lease will lapse"),
    }
}
