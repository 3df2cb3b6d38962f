//! Outcomes, each acknowledged when it is on disk: 64 agents at once, each reporting one run after the other.

use crate::Plan;
use crate::at_work::{AtWork, runs};
use crate::figure::{Figure, quantile};
use crate::line::{Door, ask, dealt};
use crate::machine::{cpu_us, fdatasync_per_s};
use crate::{fleet, ledger};

const CONNECTIONS: usize = 64;
const PER_S_GOAL: f64 = 4_000.0;
const PER_FSYNC_GOAL: f64 = 25.0;

/// As CueAPI's clients report: with the API key, which may report every run.
pub async fn measure(plan: &Plan) -> Vec<Figure> {
    let (tower, data) = fleet::tower(&plan.folder).await;
    let under_way = runs(&tower, plan.cues as usize).await;
    let door = Door::new(&tower.agents, &tower.key);
    let body = r#"{"success":true,"result":"12 leads enriched","metadata":{"batch":7},"processed":12,"errors":0}"#;
    let report = |run: &AtWork| door.request("POST", &format!("/v1/executions/{}/outcome", run.id), body);
    let lists = dealt(under_way.iter().map(report), CONNECTIONS);
    let synced = fdatasync_per_s(&plan.folder);
    let (cpu, commits) = (cpu_us(tower.pid()), ledger::commits(data.path()));
    let answers = ask(&door.host, lists).await;
    let commits = f64::from(ledger::commits(data.path()).wrapping_sub(commits));
    let cpu = cpu_us(tower.pid()) - cpu;
    let synced = f64::midpoint(synced, fdatasync_per_s(&plan.folder));
    let count = under_way.len();
    let ended: i64 = ledger::open(data.path())
        .query_row("SELECT count(*) FROM journal WHERE kind = 'outcome_reported'", [], |row| row.get(0))
        .expect("the runs can be counted");
    let what = |figure: &str| format!("{count} runs, {CONNECTIONS} connections: {figure}");
    vec![
        Figure::new(what("acknowledged"), answers.per_s(), "/s").at_least(PER_S_GOAL).beside("fdatasync", synced),
        Figure::new(what("for each fsync"), count as f64 / commits, "outcomes").at_least(PER_FSYNC_GOAL),
        Figure::new(what("waited, p50"), quantile(&answers.waits_ms, 0.5), "ms"),
        Figure::new(what("waited, p99"), quantile(&answers.waits_ms, 0.99), "ms"),
        Figure::new(what("processor time of one"), cpu / count as f64, "us"),
        Figure::new(what("not on disk"), count as f64 - ended as f64, "outcomes").goal(0.0),
    ]
}
