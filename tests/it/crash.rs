//! `kill -9` of the real program under a load of fires and outcomes, again and again, and then the store is audited:
//! every acknowledged outcome is there, every occurrence has exactly one end, no attempt number was used twice.

use std::collections::{HashMap, HashSet};
use std::path::Path;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use cuetower_tests::{Answer, Seen, Server, Tower, send, until};
use rand::rngs::{StdRng, SysRng};
use rand::{Rng as _, SeedableRng as _};
use reqwest::Method;
use rusqlite::{Connection, OpenFlags};
use serde_json::{Value, json};

const SCHEDULED: usize = 3;
const BY_HAND: usize = 3;
/// Fires asked for at once.
const FIRING: usize = 4;

#[tokio::test(flavor = "multi_thread")]
async fn ten_kills_under_load_lose_nothing() {
    let found = crash(10, None).await;
    found.hold();
}

/// `cargo xtask crash --cycles N`.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "takes minutes; `cargo xtask crash --cycles 200`"]
async fn crash_cycles() {
    let cycles = std::env::var("CUETOWER_CRASH_CYCLES").ok().and_then(|text| text.parse().ok()).unwrap_or(200);
    crash(cycles, None).await.hold();
}

/// What the agents saw and were told.
#[derive(Default)]
pub struct Witness {
    /// One for all: a client is slow to make.
    http: reqwest::Client,
    /// How often each attempt of each execution arrived.
    arrived: Mutex<HashMap<(String, u64), u32>>,
    /// Execution and result of every outcome that was answered with 200.
    acknowledged: Mutex<Vec<(String, String)>>,
    /// Deliveries at an agent that it has not answered yet.
    in_flight: AtomicI64,
}

pub struct Found {
    pub violations: Vec<String>,
    cycles: u32,
    in_flight: i64,
    acknowledged: usize,
}

impl Witness {
    pub fn new() -> Arc<Witness> {
        let http = reqwest::Client::builder().no_proxy().timeout(Duration::from_secs(5)).build().unwrap();
        Arc::new(Witness { http, ..Witness::default() })
    }

    pub fn acknowledged(&self) -> usize {
        self.acknowledged.lock().unwrap().len()
    }
}

impl Found {
    fn hold(&self) {
        assert!(self.violations.is_empty(), "{:#?}", self.violations);
        // The measure of the issue: fewer than 50 in 200 cycles, and the test does not bite.
        let least = i64::from(self.cycles / 4).max(1);
        assert!(self.in_flight >= least, "only {} effects were in flight over {} kills", self.in_flight, self.cycles);
        assert!(self.acknowledged > 5 * self.cycles as usize, "only {} outcomes were acknowledged", self.acknowledged);
    }
}

/// Kills `cycles` times. `sabotage`: an invariant to break, to see that it is noticed; then it ends with the first cycle
/// that leaves something to be seen.
pub async fn crash(cycles: u32, sabotage: Option<&str>) -> Found {
    let data = tempfile::tempdir().unwrap();
    let witness = Witness::new();
    let agent = agent(&witness).await;
    let env: Vec<(&str, &str)> = sabotage.iter().map(|switch| ("CUETOWER_SABOTAGE", *switch)).collect();
    let mut tower = Tower::start_with(Some(data.path()), &[], &env).await;
    admitted(&tower).await;
    let by_hand = create_cues(&tower, &agent.url).await;
    let mut luck = StdRng::try_from_rng(&mut SysRng).unwrap();
    let mut in_flight = 0;
    for cycle in 1..=cycles {
        let load = tokio::spawn(fire(witness.http.clone(), tower.agents.clone(), tower.key.clone(), by_hand.clone()));
        tokio::time::sleep(Duration::from_millis(150 + luck.next_u64() % 500)).await;
        let flying = witness.in_flight.load(Ordering::Relaxed);
        tower.kill9().await;
        load.abort();
        in_flight += flying;
        println!("cycle {cycle}: killed with {flying} effects in flight");
        tower.again().await;
        admitted(&tower).await;
    }
    settle(&tower).await;
    tower.stop().await;
    let violations = audit(data.path(), &witness);
    let acknowledged = witness.acknowledged();
    println!(
        "{cycles} kills, {in_flight} effects in flight, {acknowledged} outcomes acknowledged, violations: {violations:?}"
    );
    Found { violations, cycles, in_flight, acknowledged }
}

/// A sabotaged tower says that it knows its owner's key a moment before it does.
async fn admitted(tower: &Tower) {
    until("way in for the owner", Duration::from_secs(10), async || {
        (tower.get("/v1/cues").await.0 == 200).then_some(())
    })
    .await;
}

/// Works within the request for a moment, reports, and fails now and then.
pub async fn agent(witness: &Arc<Witness>) -> Server {
    let witness = Arc::clone(witness);
    Server::start(move |before, seen| {
        let body = seen.json();
        let execution = body["execution_id"].as_str().unwrap_or_default().to_owned();
        let attempt = body["attempt"].as_u64().unwrap_or_default();
        *witness.arrived.lock().unwrap().entry((execution.clone(), attempt)).or_default() += 1;
        let works_for = Duration::from_millis(5 + (before as u64 * 37) % 60);
        witness.in_flight.fetch_add(1, Ordering::Relaxed);
        tokio::spawn(work(Arc::clone(&witness), seen.clone(), execution, attempt, works_for));
        Answer::status(if before % 11 == 3 { 503 } else { 200 }).after(works_for)
    })
    .await
}

async fn work(witness: Arc<Witness>, seen: Seen, execution: String, attempt: u64, works_for: Duration) {
    tokio::time::sleep(works_for).await;
    witness.in_flight.fetch_sub(1, Ordering::Relaxed);
    let result = format!("{execution} by attempt {attempt}");
    let url = format!("{}/v1/executions/{execution}/outcome", seen.header("x-cuetower-url"));
    let report = witness
        .http
        .post(url)
        .bearer_auth(seen.header("x-cuetower-run-token"))
        .header("content-type", "application/json");
    let body = json!({ "success": true, "result": result }).to_string();
    // A tower that was killed meanwhile answers nothing, and then nothing was promised.
    if let Ok(answer) = report.body(body).send().await
        && answer.status() == 200
    {
        witness.acknowledged.lock().unwrap().push((execution, result));
    }
}

async fn create_cues(tower: &Tower, agent: &str) -> Vec<String> {
    let retry = json!({ "max_attempts": 5, "backoff_seconds": [0.2] });
    let cue = |name: String, schedule: Value| {
        json!({
            "name": name, "transport": "webhook", "callback": { "url": format!("{agent}/run") }, "schedule": schedule,
            "delivery": { "outcome_deadline_seconds": 2 },
            "retry": retry, "catch_up": { "policy": "all" }, "overlap": "allow",
        })
    };
    for number in 0..SCHEDULED {
        let schedule = json!({ "type": "recurring", "cron": "* * * * * *", "timezone": "Europe/Berlin" });
        let (status, answer) = tower.post("/v1/cues", &cue(format!("every second {number}"), schedule)).await;
        assert_eq!(status, 201, "{answer}");
    }
    let mut by_hand = Vec::new();
    for number in 0..BY_HAND {
        let (status, answer) =
            tower.post("/v1/cues", &cue(format!("by hand {number}"), json!({ "type": "manual" }))).await;
        assert_eq!(status, 201, "{answer}");
        by_hand.push(answer["id"].as_str().unwrap().to_owned());
    }
    by_hand
}

async fn fire(http: reqwest::Client, agents: String, key: String, cues: Vec<String>) {
    let mut firing = tokio::task::JoinSet::new();
    for first in 0..FIRING {
        let (http, agents, key, cues) = (http.clone(), agents.clone(), key.clone(), cues.clone());
        firing.spawn(async move {
            for cue in cues.iter().cycle().skip(first) {
                let url = format!("{agents}/v1/cues/{cue}/fire");
                if http.post(url).bearer_auth(&key).send().await.is_err() {
                    return;
                }
                tokio::time::sleep(Duration::from_millis(4)).await;
            }
        });
    }
    firing.join_all().await;
}

/// Pauses every cue and waits until nothing is under way.
pub async fn settle(tower: &Tower) {
    let (_, cues) = tower.get("/v1/cues?limit=100").await;
    for cue in cues["cues"].as_array().unwrap() {
        let url = format!("{}/v1/cues/{}", tower.agents, cue["id"].as_str().unwrap());
        send(Method::PATCH, &url, Some(&tower.key), Some(&json!({ "status": "paused" }))).await;
    }
    let live = "pending,delivering,retrying,pending_outcome";
    until("end of every run", Duration::from_secs(120), async || {
        let (_, running) = tower.get(&format!("/v1/executions?status__in={live}&limit=1")).await;
        (running["total"] == 0).then_some(())
    })
    .await;
}

/// Every instant of a cue that fires each second is there, and nothing else is broken.
fn audit(data: &Path, witness: &Witness) -> Vec<String> {
    let gaps = rows(
        data,
        "SELECT cue_id, due_ms FROM (SELECT cue_id, due_ms, due_ms - lag(due_ms) OVER (PARTITION BY cue_id ORDER BY due_ms)
            AS gap FROM occurrences WHERE triggered_by = 'scheduled') WHERE gap <> 1000",
    );
    let gaps = gaps.into_iter().map(|(cue, due_ms)| format!("a gap of a second in the ledger: {cue} ({due_ms})"));
    gaps.chain(broken(data, witness)).collect()
}

fn rows(data: &Path, sql: &str) -> Vec<(String, i64)> {
    let store = Connection::open_with_flags(data.join("cuetower.db"), OpenFlags::SQLITE_OPEN_READ_ONLY).unwrap();
    let mut statement = store.prepare(sql).unwrap();
    let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
    rows.map(Result::unwrap).collect()
}

/// What may not be, whatever the cues are and whatever the clock was set to.
pub fn broken(data: &Path, witness: &Witness) -> Vec<String> {
    let all = |sql: &str| rows(data, sql);
    let mut violations = Vec::new();
    let mut note = |what: &str, rows: Vec<(String, i64)>| {
        violations.extend(rows.into_iter().map(|(id, count)| format!("{what}: {id} ({count})")));
    };
    note(
        "an occurrence without exactly one end",
        all("WITH ends AS (SELECT CAST(json_extract(body, '$.id') AS TEXT) AS id, count(*) AS times FROM journal
                WHERE kind IN ('occurrence_ended', 'span_ended') GROUP BY 1)
             SELECT o.id, coalesce(ends.times, 0) AS times FROM occurrences o LEFT JOIN ends ON ends.id = o.id
             WHERE coalesce(ends.times, 0) <> 1 OR o.state IN ('due', 'held')"),
    );
    note(
        "an attempt begun twice",
        all("SELECT json_extract(body, '$.run_id') || ' ' || json_extract(body, '$.number'), count(*) FROM journal
             WHERE kind = 'attempt_began' GROUP BY 1 HAVING count(*) > 1"),
    );
    let recorded: HashSet<String> =
        all("SELECT json_extract(body, '$.run_id') || '|' || json_extract(body, '$.outcome.result'), seq FROM journal
         WHERE kind = 'outcome_reported'")
        .into_iter()
        .map(|(report, _)| report)
        .collect();
    for (execution, result) in witness.acknowledged.lock().unwrap().iter() {
        if !recorded.contains(&format!("{execution}|{result}")) {
            violations.push(format!("an acknowledged outcome is gone: {result}"));
        }
    }
    for ((execution, attempt), times) in witness.arrived.lock().unwrap().iter() {
        if *times > 1 {
            violations.push(format!("attempt {attempt} of {execution} went out {times} times"));
        }
    }
    violations
}
