//! Silence: thousands of agents outside of any cue that beat a few times, each at its own instant, and fall silent. How soon the
//! tower opens each alert after the silence began, by its own records.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use cuetower_tests::Tower;
use reqwest::Method;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::figure::{Figure, quantile};
use crate::line::{Door, ask};
use crate::machine::{cpu_us, fdatasync_per_s};
use crate::{Plan, ledger};

const ACCOUNTS: usize = 10;
/// Connections of each account.
const LINES: usize = 4;
/// So many beats make a habit; with less than 10 s between them, silence begins after 30 s.
const BEATS: usize = 4;
const SILENT_AFTER_MS: i64 = 30_000;
const PATIENCE: Duration = Duration::from_secs(300);
const GOAL_MS: f64 = 1_000.0;

pub async fn measure(plan: &Plan) -> Vec<Figure> {
    let data = TempDir::new_in(&plan.folder).expect("a folder can be made");
    let tower = Tower::start_with(Some(data.path()), &["--open-registration"], &[]).await;
    let agents = plan.cues as usize / ACCOUNTS * ACCOUNTS;
    let synced = fdatasync_per_s(&plan.folder);
    let lists = lists(&tower, agents / ACCOUNTS).await;
    let cpu = cpu_us(tower.pid());
    let host = Door::new(&tower.agents, "").host;
    let beating = ask(&host, lists).await;
    let cpu_beats = cpu_us(tower.pid()) - cpu;
    let silences = silences(&tower, agents).await;
    let synced = f64::midpoint(synced, fdatasync_per_s(&plan.folder));
    let cpu_silence = cpu_us(tower.pid()) - cpu - cpu_beats;
    let what = |figure: &str| format!("{agents} agents fall silent: {figure}");
    let late: Vec<f64> = silences.iter().map(|(_, late_ms)| *late_ms as f64).collect();
    let first = silences.iter().map(|(at, _)| *at).min().unwrap_or_default();
    let last = silences.iter().map(|(at, _)| *at).max().unwrap_or_default();
    let early = late.iter().filter(|late_ms| **late_ms < 0.0).count();
    vec![
        Figure::new(what("silence to alert, p50"), quantile(&late, 0.5), "ms"),
        Figure::new(what("silence to alert, p99"), quantile(&late, 0.99), "ms").goal(GOAL_MS),
        Figure::new(what("silence to alert, worst"), quantile(&late, 1.0), "ms"),
        Figure::new(what("not told, or told too early"), (agents - late.len() + early) as f64, "agents").goal(0.0),
        Figure::new(what("within"), (last - first) as f64 / 1e3, "s"),
        Figure::new(what("processor time of one"), cpu_silence / agents as f64, "us"),
        Figure::new("before: beats taken in", (agents * BEATS) as f64 / beating.seconds, "/s")
            .beside("fdatasync", synced),
        Figure::new("before: processor time of one beat", cpu_beats / (agents * BEATS) as f64, "us"),
    ]
}

/// Each agent beats in one request of its own.
async fn lists(tower: &Tower, of_each: usize) -> Vec<Vec<Vec<u8>>> {
    let mut lists = Vec::new();
    for account in 0..ACCOUNTS {
        let who = json!({ "email": format!("bench-{account}@example.com") });
        let url = format!("{}/v1/auth/register", tower.agents);
        let (status, registered) = cuetower_tests::send(Method::POST, &url, None, Some(&who)).await;
        assert_eq!(status, 201, "{registered}");
        let door = Door::new(&tower.agents, registered["api_key"].as_str().expect("it has a key"));
        let beats = |number: usize| {
            let beat =
                json!({ "agent": format!("bot-{number}"), "tokens_used": 200, "message": "Processed a record." });
            door.request("POST", "/api/v1/heartbeat/batch", &json!({ "heartbeats": vec![beat; BEATS] }).to_string())
        };
        lists.extend((0..LINES).map(|line| (line..of_each).step_by(LINES).map(beats).collect()));
    }
    lists
}

/// Of each that was told: when its silence began, and how many ms after that its alert opened.
async fn silences(tower: &Tower, agents: usize) -> Vec<(i64, i64)> {
    let store = ledger::open(&tower.data);
    let begun = Instant::now();
    let count = "SELECT count(*) FROM alerts WHERE kind = 'heartbeat_lost'";
    while begun.elapsed() < PATIENCE {
        let told: u32 = store.query_row(count, [], |row| row.get(0)).expect("the alerts can be counted");
        if told as usize >= agents {
            break;
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    let mut beats = store
        .prepare(
            "SELECT account, name, max(at_ms) FROM beats JOIN agents ON agents.id = beats.agent GROUP BY agents.id",
        )
        .expect("the beats can be read");
    let last: HashMap<(String, String), i64> = beats
        .query_map([], |row| Ok(((row.get(0)?, row.get(1)?), row.get(2)?)))
        .and_then(Iterator::collect)
        .expect("the beats can be read");
    let mut told =
        store.prepare("SELECT body FROM alerts WHERE kind = 'heartbeat_lost'").expect("the alerts can be read");
    let told: Vec<String> =
        told.query_map([], |row| row.get(0)).and_then(Iterator::collect).expect("the alerts can be read");
    let late = |body: String| {
        let alert: Value = serde_json::from_str(&body).ok()?;
        let word = |name: &str| alert["agent"][name].as_str().map(str::to_owned);
        let began = last.get(&(word("account")?, word("name")?))? + SILENT_AFTER_MS;
        Some((began, alert["opened_at"].as_i64()? - began))
    };
    told.into_iter().filter_map(late).collect()
}
