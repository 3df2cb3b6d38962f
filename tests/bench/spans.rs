//! Spans of agents' telemetry, each batch acknowledged when it is on disk: several exporters at once, each sending batches of
//! 512 spans as the OpenTelemetry SDK for Python sends them (`tests/data/otlp/batch.bin`, recorded from it), with ids of their own.

use cuetower_tests::Tower;

use crate::Plan;
use crate::at_work::{AtWork, runs};
use crate::figure::{Figure, quantile};
use crate::line::{Door, ask};
use crate::machine::{cpu_us, fdatasync_per_s};
use crate::{fleet, ledger};

const EXPORTERS: usize = 8;
const BATCHES: u32 = 25;
const BATCH_SPANS: u32 = 512;
const PER_S_GOAL: f64 = 10_000.0;

const BATCH: &[u8] = include_bytes!("../data/otlp/batch.bin");

/// Each with the token of a run of its own.
pub async fn measure(plan: &Plan) -> Vec<Figure> {
    let (tower, data) = fleet::tower(&plan.folder).await;
    let under_way = runs(&tower, EXPORTERS).await;
    let lists: Vec<_> = under_way.iter().map(|run| requests(&tower, run)).collect();
    let host = Door::new(&tower.agents, "").host;
    let synced = fdatasync_per_s(&plan.folder);
    let (cpu, commits) = (cpu_us(tower.pid()), ledger::commits(data.path()));
    let answers = ask(&host, lists).await;
    let commits = f64::from(ledger::commits(data.path()).wrapping_sub(commits));
    let cpu = cpu_us(tower.pid()) - cpu;
    let synced = f64::midpoint(synced, fdatasync_per_s(&plan.folder));
    let count = f64::from(EXPORTERS as u32 * BATCHES * BATCH_SPANS);
    let stored: i64 = ledger::open(data.path())
        .query_row("SELECT count(*) FROM steps WHERE source = 'span'", [], |row| row.get(0))
        .expect("the spans can be counted");
    let what = |figure: &str| format!("{EXPORTERS} exporters, batches of {BATCH_SPANS}: {figure}");
    vec![
        Figure::new(what("spans"), count / answers.seconds, "/s").at_least(PER_S_GOAL).beside("fdatasync", synced),
        Figure::new(what("for each fsync"), count / commits, "spans"),
        Figure::new(what("a batch waited, p50"), quantile(&answers.waits_ms, 0.5), "ms"),
        Figure::new(what("a batch waited, p99"), quantile(&answers.waits_ms, 0.99), "ms"),
        Figure::new(what("processor time of one span"), cpu / count, "us"),
        Figure::new(what("not on disk"), count - stored as f64, "spans").goal(0.0),
    ]
}

fn requests(tower: &Tower, run: &AtWork) -> Vec<Vec<u8>> {
    let Door { host, bearer } = Door::new(&tower.agents, &run.token);
    let one = |number: u32| {
        let body = with_ids(number);
        let head = format!(
            "POST /v1/traces HTTP/1.1\r\nhost: {host}\r\nauthorization: Bearer {bearer}\r\ncontent-type: application/x-protobuf\r\ncontent-length: {}\r\n\r\n",
            body.len()
        );
        [head.into_bytes(), body].concat()
    };
    (0..BATCHES).map(one).collect()
}

/// The batch with other ids. Those recorded begin with zeros, and the trace's with `a0`: the number goes there. Tags, and a
/// length, stand before each.
fn with_ids(number: u32) -> Vec<u8> {
    const TRACE: &[u8] = &[0x0a, 16, 0xa0, 0, 0, 0];
    const SPANS: [&[u8]; 2] = [&[0x12, 8, 0, 0, 0, 0], &[0x22, 8, 0, 0, 0, 0]];
    let mut body = BATCH.to_vec();
    for at in 0..body.len() - TRACE.len() {
        let here = &body[at..];
        if SPANS.iter().any(|tag| here.starts_with(tag)) {
            body[at + 2..at + 6].copy_from_slice(&number.to_be_bytes());
        } else if here.starts_with(TRACE) {
            body[at + 3..at + 6].copy_from_slice(&number.to_be_bytes()[1..]);
        }
    }
    body
}
