//! Looking for words in a long past, as somebody types them: through the owner's door, beside reading one run by its id through
//! the same door. And how fast an older store is read in, which shows what one run costs.

use std::path::Path;
use std::time::{Duration, Instant};

use cuetower_tests::{Tower, until};
use rusqlite::Connection;
use serde_json::{Value, json};

use crate::Plan;
use crate::figure::{Figure, quantile};
use crate::machine::cpu_us;
use crate::{history, ledger};

const CUES: u32 = 10;
/// For all of the past to be read in.
const PATIENCE: Duration = Duration::from_secs(3_600);
const GOAL_MS: f64 = 50.0;
const ROUNDS: usize = 10;
/// What somebody types, letter by letter or at once: common words, rare ones, one that is nowhere, filters, and pairs that are
/// common each and never together.
const TYPED: [&str; 4] = ["timeout at kraken", "scored leads", "batch 7", "armadillo"];
const ASKED: [&str; 12] = [
    "\"no rows\"",
    "timeout is:failed",
    "kraken -timeout",
    "cue:cue scored",
    "scored cost:>0.05",
    "is:failed since:30d",
    "scored until:2026-01-01",
    "timeout scored",
    "unique4711",
    "unique99",
    "nowhere-to-be-found",
    "leads 77",
];

pub async fn measure(plan: &Plan) -> Vec<Figure> {
    let store = plan.folder.join(format!("search-{}-runs", plan.runs));
    history::make(&store, CUES, plan.runs).await;
    // One that was kept says it already, and is read in as far as it was.
    let said = store.join("said");
    let runs = if said.exists() { count_runs(&store) } else { say_things(&store) };
    std::fs::write(&said, "").expect("a file can be made");
    let mut tower = Tower::start_on(&store).await;
    let (begun, cpu) = (Instant::now(), cpu_us(tower.pid()));
    until("the past to be read in", PATIENCE, async || {
        let found = tower.owner("search", &json!({ "text": "nowhere" })).await;
        found["indexed_until_ms"].is_null().then_some(())
    })
    .await;
    let (took, cpu) = (begun.elapsed().as_secs_f64(), cpu_us(tower.pid()) - cpu);

    let ids = some_runs(&store);
    let mut read_ms = Vec::new();
    for id in ids.iter().cycle().take(ROUNDS * 40) {
        read_ms.push(timed(&tower, "run_get", json!({ "run_id": id })).await.0);
    }
    let (mut typed_ms, mut hits, mut cut) = (Vec::new(), 0, 0);
    let letters = TYPED.iter().flat_map(|text| (1..=text.len()).map(|end| text[..end].to_owned()));
    let asked: Vec<String> = letters.chain(ASKED.map(str::to_owned)).collect();
    for text in (0..ROUNDS).flat_map(|_| &asked) {
        let (ms, found) = timed(&tower, "search", json!({ "text": text })).await;
        typed_ms.push(ms);
        hits += found["hits"].as_array().map_or(0, Vec::len);
        cut += usize::from(!found["searched_until_ms"].is_null());
    }
    tower.stop().await;
    let read = quantile(&read_ms, 0.95);
    let what = |figure: &str| format!("{runs} runs: {figure}");
    let bytes = table_bytes(&store);
    if !plan.keep {
        std::fs::remove_dir_all(&store).expect("a folder of our own can be removed");
    }
    vec![
        Figure::new(what("found, p50"), quantile(&typed_ms, 0.5), "ms").beside("one run read, p95", read),
        Figure::new(what("found, p95"), quantile(&typed_ms, 0.95), "ms")
            .goal(GOAL_MS)
            .beside("one run read, p95", read),
        Figure::new(what("found, p99"), quantile(&typed_ms, 0.99), "ms").beside("one run read, p95", read),
        Figure::new(what("hits of one search"), hits as f64 / typed_ms.len() as f64, "hits"),
        Figure::new(what("searches cut short"), cut as f64 / typed_ms.len() as f64 * 100.0, "%"),
        Figure::new(what("read in after an update"), runs as f64 / took, "runs/s"),
        Figure::new(what("processor time of one, read in"), cpu / runs as f64, "us"),
        Figure::new(what("words of one on disk"), bytes / runs as f64, "B"),
    ]
}

async fn timed(tower: &Tower, command: &str, request: Value) -> (f64, Value) {
    let begun = Instant::now();
    let answer = tower.owner(command, &request).await;
    (begun.elapsed().as_secs_f64() * 1e3, answer)
}

/// Gives the copies something of their own to say, and leaves all of them to be read in, as an update does. How many there are.
fn say_things(store: &Path) -> i64 {
    let connection = Connection::open(store.join("cuetower.db")).expect("the store opens");
    let said = "CASE WHEN rowid % 31 = 0 THEN 'timeout at api.kraken.com after ' || (rowid % 97) || ' s, the table has no rows'
        ELSE 'scored ' || (rowid % 211) || ' leads in batch ' || (rowid % 5003) || ' unique' || rowid END";
    let sql = format!(
        "UPDATE runs SET body = json_set(body, '$.attempts[0].outcome', json_object('at', due_ms, 'late', json('false'),
           'outcome', json_object('success', json('true'), 'summary', {said}, 'cost_usd', (rowid % 100) / 1000.0)));
         INSERT OR REPLACE INTO search_left (what, at) SELECT 'runs', max(due_ms) + 1 FROM runs;"
    );
    connection.execute_batch(&sql).expect("runs can be given words");
    count_runs(store)
}

fn count_runs(store: &Path) -> i64 {
    let counted = ledger::open(store).query_row("SELECT count(*) FROM runs", [], |row| row.get(0));
    counted.expect("the runs can be counted")
}

fn some_runs(store: &Path) -> Vec<String> {
    let connection = ledger::open(store);
    let mut rows = connection.prepare("SELECT id FROM runs WHERE rowid % 997 = 3 LIMIT 100").expect("the store is one");
    let ids = rows.query_map([], |row| row.get(0)).expect("it reads");
    ids.collect::<rusqlite::Result<_>>().expect("ids are text")
}

fn table_bytes(store: &Path) -> f64 {
    let connection = ledger::open(store);
    let mut names = connection
        .prepare("SELECT name FROM sqlite_master WHERE name GLOB 'search_words_*_data' OR name GLOB 'search_words_*_docsize'")
        .expect("the store is one");
    let names: Vec<String> =
        names.query_map([], |row| row.get(0)).and_then(Iterator::collect).expect("tables have names");
    let of = |name: &String| {
        let column = if name.ends_with("_data") { "block" } else { "sz" };
        let sql = format!("SELECT coalesce(sum(length({column}) + 12), 0) FROM {name}");
        connection.query_row(&sql, [], |row| row.get::<_, i64>(0)).expect("it reads") as f64
    };
    names.iter().map(of).sum()
}
