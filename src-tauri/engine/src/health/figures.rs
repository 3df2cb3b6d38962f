//! The tower's figures as one page. Counts and sums alone: no name of a cue, an agent or a file stands in them, and each label has
//! a few values that are known beforehand.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use cuetower_core::alert::Severity;
use cuetower_core::run::Verdict;

use super::exposition::Page;
use super::judged::Condition;
use super::meters::{DELIVERIES, ENDS, Meters};
use super::process;
use crate::handle::Handle;
use crate::journal::{GaugesRow, RUN_STATES, StoreError, store_bytes};

/// The loop answers what was spent today; a page does not wait for one that is stuck.
const LOOP_LIMIT: Duration = Duration::from_secs(1);

/// # Errors
/// If the store does not answer.
pub(crate) async fn figures(handle: &Handle, version: &str) -> Result<String, StoreError> {
    let condition = Condition::of(handle).await;
    let gauges = handle.reader().gauges().await?;
    let spent = tokio::time::timeout(LOOP_LIMIT, handle.fuses()).await.ok().and_then(Result::ok);
    let mut page = Page::default();
    page.gauge("cuetower_build_info", "The program that answers; always 1.");
    page.sample("cuetower_build_info", &[("version", version)], 1.0);
    page.gauge("cuetower_healthy", "1: the tower is well, as /health says it; 0: it is not.");
    page.one("cuetower_healthy", f64::from(u8::from(condition.is_well())));
    standing(&mut page, handle, &condition, &gauges);
    if let Some(spent) = spent {
        page.gauge("cuetower_spent_today_usd", "What the fleet spent since the owner's midnight, in dollars.");
        page.one("cuetower_spent_today_usd", spent.fleet.cost as f64 / 1e9);
        page.gauge("cuetower_tokens_today", "Tokens that the fleet used since the owner's midnight.");
        page.one("cuetower_tokens_today", spent.fleet.tokens as f64);
        page.gauge("cuetower_fuses_blown", "Budgets of the day that are spent.");
        page.one("cuetower_fuses_blown", spent.blown.len() as f64);
    }
    counted(&mut page, &handle.meters);
    of_process(&mut page, handle);
    Ok(page.text())
}

/// What is so right now.
fn standing(page: &mut Page, handle: &Handle, condition: &Condition, gauges: &GaugesRow) {
    page.gauge("cuetower_firing_paused", "1: the owner paused all firing.");
    page.one("cuetower_firing_paused", f64::from(u8::from(condition.vitals.is_some_and(|row| row.paused))));
    page.gauge("cuetower_cues", "Cues that there are, by whether they are active.");
    page.sample("cuetower_cues", &[("state", "active")], f64::from(gauges.cues_active));
    page.sample("cuetower_cues", &[("state", "other")], f64::from(gauges.cues_other));
    page.gauge("cuetower_runs_under_way", "Runs that have not ended, by what they wait for.");
    for (state, count) in RUN_STATES.iter().zip(gauges.runs) {
        page.sample("cuetower_runs_under_way", &[("state", state)], f64::from(count));
    }
    page.gauge("cuetower_alerts_open", "Alerts that are not resolved, by severity.");
    for (severity, count) in Severity::ALL.iter().zip(gauges.alerts) {
        page.sample("cuetower_alerts_open", &[("severity", severity.word())], f64::from(count));
    }
    page.gauge("cuetower_gates_open", "Questions that wait for the owner.");
    page.one("cuetower_gates_open", f64::from(gauges.gates));
    page.gauge("cuetower_due_lag_seconds", "How far the loop is behind what is due.");
    page.one("cuetower_due_lag_seconds", condition.due_lag_ms as f64 / 1e3);
    page.gauge("cuetower_queue_depth", "What was asked of the loop and not taken yet.");
    page.one("cuetower_queue_depth", handle.queued() as f64);
    page.gauge("cuetower_faces", "Windows, browsers and command lines that follow the live events.");
    page.one("cuetower_faces", handle.feed().heard_by() as f64);
    page.gauge("cuetower_store_writable", "1: the last commit got to the disk.");
    page.one("cuetower_store_writable", f64::from(u8::from(condition.writable)));
    page.gauge("cuetower_store_bytes", "What the store takes on the disk, by file.");
    let (store, log) = store_bytes(handle.backups.data_dir());
    page.sample("cuetower_store_bytes", &[("file", "store")], store as f64);
    page.sample("cuetower_store_bytes", &[("file", "write_ahead_log")], log as f64);
}

/// What happened since the tower started.
fn counted(page: &mut Page, meters: &Meters) {
    let mut family = |name: &str, help: &str, label: &str, words: &[&str], counters: &[AtomicU64]| {
        page.counter(name, help);
        for (word, counter) in words.iter().zip(counters) {
            page.sample(name, &[(label, word)], counter.load(Ordering::Relaxed) as f64);
        }
    };
    let verdicts = Verdict::ALL.map(Verdict::word);
    family("cuetower_occurrences_total", "Occurrences, by their end.", "end", &ENDS, &meters.occurrences);
    family(
        "cuetower_attempts_total",
        "Attempts that began: each run's first, and those after it.",
        "attempt",
        &["first", "retry"],
        &meters.attempts,
    );
    family("cuetower_deliveries_total", "How attempts were delivered.", "result", &DELIVERIES, &meters.deliveries);
    family("cuetower_runs_ended_total", "Runs, by their verdict when they ended.", "verdict", &verdicts, &meters.runs);
    family(
        "cuetower_outcomes_total",
        "Outcomes that agents reported.",
        "success",
        &["false", "true"],
        &meters.outcomes,
    );
    for (name, help, counter) in [
        (
            "cuetower_runs_ended_late_total",
            "Runs whose outcome came after they had ended and changed their verdict.",
            &meters.runs_late,
        ),
        (
            "cuetower_reports_refused_total",
            "Reports that were not taken: of older attempts, of stopped runs.",
            &meters.refused,
        ),
        ("cuetower_commits_failed_total", "Batches that did not get to the disk.", &meters.commits_failed),
    ] {
        page.counter(name, help);
        page.one(name, counter.load(Ordering::Relaxed) as f64);
    }
    let lateness = "How long after its due time a scheduled run set out, in seconds.";
    page.histogram("cuetower_lateness_seconds", lateness, meters.lateness.seen());
    page.histogram("cuetower_commit_seconds", "How long a batch took to get to the disk.", meters.commits.seen());
}

/// Under the names that Prometheus' own clients give them.
fn of_process(page: &mut Page, handle: &Handle) {
    page.gauge("process_start_time_seconds", "When the tower started, in seconds since 1970.");
    page.one("process_start_time_seconds", handle.meters.started_at.0 as f64 / 1e3);
    let used = process::used();
    for (name, help, value) in [
        ("process_resident_memory_bytes", "What the tower has in memory.", used.resident_bytes),
        ("process_open_fds", "Files and connections that the tower has open.", used.open_files),
    ] {
        let Some(value) = value else { continue };
        page.gauge(name, help);
        page.one(name, value as f64);
    }
}
