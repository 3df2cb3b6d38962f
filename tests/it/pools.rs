//! Two real agents share a pool "1 at once, 10 a minute": they never overlap, no minute has more than ten of them, and those
//! that are killed give back what they held — also over a `kill -9` of the tower.

use std::path::Path;
use std::time::Duration;

use cuetower_tests::{Tower, until};
use rusqlite::{Connection, OpenFlags};
use serde_json::{Value, json};

const PATIENCE: Duration = Duration::from_secs(60);
/// The eleventh waits for the minute to pass.
const A_MINUTE_AND_MORE: Duration = Duration::from_secs(150);
const OF_EACH: usize = 6;
const PER_MINUTE: usize = 10;

/// Says that it began and that it ended, in a file for all.
const STEADY: &str = r#"echo "begin $0" >> "$LOG"; sleep 0.1; echo "end $0" >> "$LOG""#;
/// Is killed in the middle, as by a machine that is out of memory.
const DOOMED: &str = r#"echo "begin $0" >> "$LOG"; sleep 0.1; echo "end $0" >> "$LOG"; kill -9 $$; sleep 60"#;

#[tokio::test(flavor = "multi_thread")]
async fn two_agents_share_a_pool_of_one_at_once_and_ten_a_minute() {
    let mut tower = Tower::start().await;
    let log = tower.data.join("agents.log");
    let set = tower.ctl(&["pool", "set", "openai", "--concurrency", "1", "--calls-per-min", "10"]).await;
    assert_eq!(set.good(), "Pool openai allows 1 at once, 10 calls/min.\n");
    let steady = made(&tower, "steady", STEADY, &log).await;
    let doomed = made(&tower, "doomed", DOOMED, &log).await;
    let mut runs = Vec::new();
    for _ in 0..OF_EACH {
        runs.push((fired(&tower, &steady).await, "confirmed"));
        runs.push((fired(&tower, &doomed).await, "failed"));
    }

    let ten = || std::fs::read_to_string(&log).unwrap_or_default().matches("end").count() >= PER_MINUTE;
    until("ten of them", PATIENCE, async || ten().then_some(())).await;
    until("an empty pool", PATIENCE, async || (openai(&tower).await["in_use"] == 0).then_some(())).await;
    let pool = openai(&tower).await;
    assert_eq!((&pool["calls_last_min"], pool["waiting"].as_array().unwrap().len()), (&json!(10), 2), "{pool}");
    let first = pool["waiting"][0]["run_id"].as_str().unwrap();
    let waits = tower.owner("run_get", &json!({ "run_id": first })).await["waits"].clone();
    let words = waits["words"].as_str().unwrap_or_default();
    assert!(
        words.starts_with("pool openai: 10 calls in the last minute; next in ") && words.ends_with("; next in line"),
        "{waits}"
    );
    assert_eq!((&waits["by"], &waits["position"]), (&json!("pool"), &json!(1)));

    tower.kill9().await;
    tower.again().await;
    let pool = openai(&tower).await;
    assert_eq!((&pool["calls_last_min"], pool["waiting"].as_array().unwrap().len()), (&json!(10), 2), "{pool}");

    for (run, end) in runs {
        until("end of every run", A_MINUTE_AND_MORE, async || {
            let story = tower.owner("run_get", &json!({ "run_id": run })).await;
            let ended = story["mark"]["ended_at_ms"].is_number();
            assert!(!ended || story["state"] == end, "{end} was expected: {story}");
            ended.then_some(())
        })
        .await;
    }
    never_two_at_once(&std::fs::read_to_string(&log).unwrap());
    never_more_than_ten_a_minute(&tower.data);
    let removed = tower.ctl(&["pool", "rm", "openai"]).await;
    assert!(removed.err.contains("uses the pool `openai`"), "{removed:?}");
}

async fn made(tower: &Tower, name: &str, script: &str, log: &Path) -> String {
    let cue = json!({
        "name": name, "transport": "command", "schedule": { "type": "manual" }, "uses": ["openai"], "confirm": "exit_code",
        "command": { "argv": ["sh", "-c", script, name], "env": { "LOG": log } }, "retry": { "max_attempts": 1 },
    });
    let (status, answer) = tower.post("/v1/cues", &cue).await;
    assert_eq!(status, 201, "{answer}");
    answer["id"].as_str().unwrap().to_owned()
}

async fn fired(tower: &Tower, cue: &str) -> String {
    let (status, answer) = tower.post(&format!("/v1/cues/{cue}/fire"), &json!({})).await;
    assert_eq!(status, 200, "{answer}");
    answer["id"].as_str().unwrap().to_owned()
}

async fn openai(tower: &Tower) -> Value {
    tower.owner("pools", &json!({})).await["pools"][0].clone()
}

/// By the order of the lines alone: no clock is asked.
fn never_two_at_once(log: &str) {
    let lines: Vec<&str> = log.lines().collect();
    assert_eq!(lines.len(), 4 * OF_EACH, "{log}");
    for pair in lines.chunks(2) {
        let (begin, end) = (pair[0].strip_prefix("begin "), pair[1].strip_prefix("end "));
        assert!(begin.is_some() && begin == end, "two at once: {log}");
    }
}

/// By what the tower wrote down as it let them go.
fn never_more_than_ten_a_minute(data: &Path) {
    let file = Connection::open_with_flags(data.join("cuetower.db"), OpenFlags::SQLITE_OPEN_READ_ONLY).unwrap();
    let sql = "SELECT at_ms FROM journal WHERE lane = 'pools' AND kind = 'permits_granted' ORDER BY lane_seq";
    let mut query = file.prepare(sql).unwrap();
    let granted: Vec<i64> = query.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect();
    assert_eq!(granted.len(), 2 * OF_EACH);
    for eleven in granted.windows(PER_MINUTE + 1) {
        let length_ms = eleven[PER_MINUTE] - eleven[0];
        assert!(length_ms > 60_000, "eleven within {length_ms} ms: {granted:?}");
    }
}
