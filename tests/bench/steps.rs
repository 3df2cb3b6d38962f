//! Durable steps: 32 runs at once, then one alone. One step is two requests, its beginning and its completion, each
//! acknowledged when it is on disk, and the second asked when the first is answered.

use cuetower_tests::Tower;

use crate::Plan;
use crate::at_work::{AtWork, runs};
use crate::figure::{Figure, quantile};
use crate::line::{Answers, Door, ask};
use crate::machine::{cpu_us, fdatasync_per_s};
use crate::{fleet, ledger};

const RUNS: usize = 32;
const REQUESTS: f64 = 2.0;
const PER_S_GOAL: f64 = 8_000.0;
/// Of what one run alone asks, beside what the disk can do.
const ALONE_GOAL: f64 = 0.8;

/// As agents do: each with the token of its run.
pub async fn measure(plan: &Plan) -> Vec<Figure> {
    let (tower, data) = fleet::tower(&plan.folder).await;
    let mut under_way = runs(&tower, RUNS + 1).await;
    let alone = under_way.split_off(RUNS);
    let together = took(plan, &tower, &under_way).await;
    let alone = took(plan, &tower, &alone).await;
    let done = (RUNS as f64 + 1.0) * f64::from(plan.steps);
    let stored: i64 = ledger::open(data.path())
        .query_row("SELECT count(*) FROM steps WHERE state = 'completed'", [], |row| row.get(0))
        .expect("the steps can be counted");
    let what = |figure: &str| format!("{RUNS} runs of {} steps: {figure}", plan.steps);
    let single = |figure: &str| format!("one run alone, {} steps: {figure}", plan.steps);
    let steps = |took: &Took| took.answers.per_s() / REQUESTS;
    vec![
        Figure::new(what("steps"), steps(&together), "/s").at_least(PER_S_GOAL).beside("fdatasync", together.synced),
        Figure::new(what("requests acknowledged"), together.answers.per_s(), "/s").beside("fdatasync", together.synced),
        Figure::new(
            what("requests for each fsync"),
            together.answers.waits_ms.len() as f64 / together.commits,
            "requests",
        ),
        Figure::new(what("waited, p50"), quantile(&together.answers.waits_ms, 0.5), "ms"),
        Figure::new(what("waited, p99"), quantile(&together.answers.waits_ms, 0.99), "ms"),
        Figure::new(what("processor time of one step"), together.cpu_us / (RUNS as f64 * f64::from(plan.steps)), "us"),
        Figure::new(single("requests acknowledged"), alone.answers.per_s(), "/s")
            .at_least(ALONE_GOAL * alone.synced)
            .beside("fdatasync", alone.synced),
        Figure::new(single("requests for each fsync"), alone.answers.waits_ms.len() as f64 / alone.commits, "requests"),
        Figure::new(single("steps"), steps(&alone), "/s"),
        Figure::new("all of them: not on disk", done - stored as f64, "steps").goal(0.0),
    ]
}

struct Took {
    answers: Answers,
    commits: f64,
    cpu_us: f64,
    /// Before and after, on average.
    synced: f64,
}

async fn took(plan: &Plan, tower: &Tower, under_way: &[AtWork]) -> Took {
    let lists: Vec<_> = under_way.iter().map(|run| requests(&tower.agents, run, plan.steps)).collect();
    let host = Door::new(&tower.agents, "").host;
    let synced = fdatasync_per_s(&plan.folder);
    let (cpu, commits) = (cpu_us(tower.pid()), ledger::commits(&tower.data));
    let answers = ask(&host, lists).await;
    let commits = f64::from(ledger::commits(&tower.data).wrapping_sub(commits));
    let cpu_us = cpu_us(tower.pid()) - cpu;
    Took { answers, commits, cpu_us, synced: f64::midpoint(synced, fdatasync_per_s(&plan.folder)) }
}

fn requests(url: &str, run: &AtWork, steps: u32) -> Vec<Vec<u8>> {
    let door = Door::new(url, &run.token);
    let one = |number: u32| {
        let path = format!("/v1/executions/{}/steps/enrich-{number}", run.id);
        let begin = format!(r#"{{"name":"enrich lead {number}","kind":"tool","input":{{"lead":{number}}}}}"#);
        let done = format!(r#"{{"output":{{"lead":{number},"company":"Example GmbH","employees":120}}}}"#);
        [door.request("PUT", &path, &begin), door.request("POST", &format!("{path}/complete"), &done)]
    };
    (0..steps).flat_map(one).collect()
}
