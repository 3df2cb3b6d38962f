//! Thousands of cues due in the same second: how long until the end of every occurrence is on disk, and until the last delivery came.

use std::time::Duration;

use crate::Plan;
use crate::arrivals::{Arrival, Arrivals};
use crate::figure::{Figure, quantile};
use crate::machine::{minute_ahead, sleep_until};
use crate::{fleet, ledger};

const SECOND_US: i64 = 1_000_000;
const MINUTE_US: i64 = 60 * SECOND_US;
const CLAIMED_GOAL_MS: f64 = 500.0;
const PATIENCE: Duration = Duration::from_secs(50);

pub async fn measure(plan: &Plan) -> Vec<Figure> {
    let agent = Arrivals::start().await;
    let (tower, data) = fleet::tower(&plan.folder).await;
    fleet::create(&tower, (0..plan.cues).map(|number| fleet::webhook(number, "0", &agent.url))).await;
    let mut due_us = minute_ahead(Duration::from_secs(12));
    let mut figures = Vec::new();
    for minute in 1..=plan.minutes {
        // After arming, which is another figure.
        sleep_until(due_us - SECOND_US).await;
        let count = plan.cues as usize;
        let claimed = ledger::watch(data.path(), tower.pid(), "occurrence_ended", count, PATIENCE).await;
        let came = agent.wait(count, due_us, due_us + SECOND_US, PATIENCE).await;
        let ran = ledger::ran(&ledger::open(data.path()), due_us);
        let (after, upto) = claimed.seqs;
        let seqs = format!("seq > {after} AND seq <= {upto}");
        let of_runs = format!("IN (SELECT run_id FROM tower.occurrences WHERE due_ms = {})", due_us / 1_000);
        let rows = [("journal", seqs), ("attempts", format!("run_id {of_runs}")), ("runs", format!("id {of_runs}"))];
        let (raw_ms, _) = ledger::raw(data.path(), &rows);
        let late: Vec<f64> = came.iter().map(Arrival::late_ms).collect();
        let since_due = |at_us: i64| (at_us - due_us) as f64 / 1e3;
        let what = |figure: &str| format!("{count} cues, burst {minute}: {figure}");
        figures.extend([
            Figure::new(what("all claimed on disk"), since_due(claimed.last_us), "ms")
                .goal(CLAIMED_GOAL_MS)
                .beside("its rows in plain SQLite", raw_ms),
            Figure::new(what("first claimed on disk"), since_due(claimed.first_us), "ms"),
            Figure::new(what("commits seen meanwhile"), claimed.commits as f64, "commits"),
            Figure::new(what("processor time until then"), claimed.cpu_us / 1e3, "ms"),
            Figure::new(what("delivery p50"), quantile(&late, 0.5), "ms"),
            Figure::new(what("last delivery"), quantile(&late, 1.0), "ms"),
            Figure::new(what("not delivered"), count as f64 - late.len() as f64, "runs").goal(0.0),
            Figure::new(what("not run"), f64::from(plan.cues) - ran as f64, "occurrences").goal(0.0),
        ]);
        due_us += MINUTE_US;
    }
    figures
}
