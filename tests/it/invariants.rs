//! The invariants that hold whatever the store and the agents do — and the proof that these tests notice: with each switch
//! of the saboteur on, the same check goes red.

use std::time::Duration;

use cuetower_tests::{Answer, Server, Tower, send, until};
use reqwest::Method;
use rusqlite::Connection;
use serde_json::{Value, json};

use crate::crash::crash;

#[tokio::test(flavor = "multi_thread")]
async fn an_older_attempt_is_fenced_off() {
    fence(&Tower::start().await).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_commit_that_fails_leaves_nothing_behind() {
    failed_commit(&Tower::start().await).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_delivery_that_ends_while_the_store_is_in_trouble_is_not_forgotten() {
    let agent = Server::start(|_, _| Answer::status(200).after(Duration::from_millis(500))).await;
    let tower = Tower::start().await;
    let cue = create(&tower, json!({ "name": "slow", "callback": { "url": agent.url } , "confirm": "delivery" })).await;
    let run = fire(&tower, &cue).await;
    agent.seen_at_least(1, Duration::from_secs(10)).await;
    let store = Connection::open(tower.data.join("cuetower.db")).unwrap();
    let trouble = Trouble::in_store(&store);
    // The answer comes while nothing can be written.
    tokio::time::sleep(Duration::from_millis(900)).await;
    trouble.over();
    let verdict = until("verdict", Duration::from_secs(20), async || {
        let (_, execution) = tower.get(&format!("/v1/executions/{run}")).await;
        execution["verdict"].as_str().map(str::to_owned)
    })
    .await;
    assert_eq!(verdict, "confirmed");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_is_given_to_one_worker_only() {
    double_claim(&Tower::start().await).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn sabotage_that_gives_a_run_to_two_workers_is_noticed() {
    let tower = Tower::start_with(None, &[], &[("CUETOWER_SABOTAGE", "double_claim")]).await;
    let noticed = double_claim(&tower).await.expect_err("two workers had one run, and the check did not say so");
    println!("noticed: {noticed}");
}

#[tokio::test(flavor = "multi_thread")]
async fn sabotage_without_the_fence_is_noticed() {
    let tower = Tower::start_with(None, &[], &[("CUETOWER_SABOTAGE", "no_fence")]).await;
    let noticed = fence(&tower).await.expect_err("an older attempt's report was taken, and the check did not say so");
    println!("noticed: {noticed}");
}

#[tokio::test(flavor = "multi_thread")]
async fn sabotage_without_the_working_copy_is_noticed() {
    let tower = Tower::start_with(None, &[], &[("CUETOWER_SABOTAGE", "no_working_copy")]).await;
    let noticed =
        failed_commit(&tower).await.expect_err("memory kept what the store refused, and the check did not say so");
    println!("noticed: {noticed}");
}

#[tokio::test(flavor = "multi_thread")]
async fn sabotage_of_commit_before_effect_is_noticed() {
    for _ in 0..20 {
        let violations = crash(3, Some("effect_before_commit")).await.violations;
        if let Some(noticed) = violations.first() {
            return println!("noticed: {noticed}");
        }
    }
    panic!("answers went out before the commit, 60 kills, and the crash test saw nothing");
}

/// A report that presents an older attempt's token must be refused with 409.
async fn fence(tower: &Tower) -> Result<(), String> {
    let agent = Server::start(|before, _| Answer::status(if before == 0 { 503 } else { 200 })).await;
    let retry = json!({ "max_attempts": 3, "backoff_seconds": [0.1] });
    let cue = create(tower, json!({ "name": "fenced", "callback": { "url": agent.url }, "retry": retry })).await;
    let run = fire(tower, &cue).await;
    let seen = agent.seen_at_least(2, Duration::from_secs(20)).await;
    let report = json!({ "success": false, "error": "I am the first attempt" });
    let url = format!("{}/v1/executions/{run}/outcome", tower.agents);
    let old = seen[0].header("x-cuetower-run-token");
    let (status, answer) = send(Method::POST, &url, Some(old), Some(&report)).await;
    if (status, answer["error"]["code"].as_str()) != (409, Some("attempt_superseded")) {
        return Err(format!("attempt 1 reported after attempt 2 had begun, and was answered {status}: {answer}"));
    }
    let (status, answer) =
        send(Method::POST, &url, Some(seen[1].header("x-cuetower-run-token")), Some(&json!({ "success": true }))).await;
    if status == 200 { Ok(()) } else { Err(format!("attempt 2 was answered {status}: {answer}")) }
}

/// Of workers that claim one run, at the same time or later, exactly one has it; the others are answered 409.
async fn double_claim(tower: &Tower) -> Result<(), String> {
    let cue = create(tower, json!({ "name": "contested", "transport": "worker" })).await;
    let run = fire(tower, &cue).await;
    let path = format!("/v1/executions/{run}/claim");
    let claim = async |worker: &str| tower.post(&path, &json!({ "worker_id": worker })).await;
    let (ada, bob) = tokio::join!(claim("ada"), claim("bob"));
    let answers = [ada, bob, claim("eve").await];
    let (had, refused): (Vec<_>, Vec<_>) = answers.iter().partition(|(status, _)| *status == 200);
    if had.len() != 1 || refused.iter().any(|(status, _)| *status != 409) {
        return Err(format!("three workers claimed one run, and were answered {answers:?}"));
    }
    let token = had[0].1["run_token"].as_str();
    let url = format!("{}/v1/executions/{run}/outcome", tower.agents);
    let (status, answer) = send(Method::POST, &url, token, Some(&json!({ "success": true }))).await;
    if status == 200 {
        Ok(())
    } else {
        Err(format!("the one that has it reported, and was answered {status}: {answer}"))
    }
}

/// What could not be written was refused to its caller, and is neither in the store nor in memory.
async fn failed_commit(tower: &Tower) -> Result<(), String> {
    let store = Connection::open(tower.data.join("cuetower.db")).unwrap();
    let body =
        json!({ "name": "unlucky", "callback": { "url": "http://127.0.0.1:9/" }, "schedule": { "type": "manual" } });
    let trouble = Trouble::in_store(&store);
    let (status, answer) = tower.post("/v1/cues", &body).await;
    if status < 500 || answer["error"]["code"] == Value::Null {
        return Err(format!("a cue that could not be written was answered {status}: {answer}"));
    }
    trouble.over();
    let (_, listed) = tower.get("/v1/cues").await;
    if listed["total"] != 0 {
        return Err(format!("a cue that was refused is listed: {listed}"));
    }
    // The loop takes a moment's rest after a failed commit.
    let (status, answer) = tower.post("/v1/cues", &body).await;
    if status == 201 { Ok(()) } else { Err(format!("the refused cue's name is taken ({status}): {answer}")) }
}

/// A disk that refuses every fact, until it is over.
pub struct Trouble<'a>(&'a Connection);

impl Trouble<'_> {
    pub fn in_store(store: &Connection) -> Trouble<'_> {
        store.busy_timeout(Duration::from_secs(10)).unwrap();
        let refuse =
            "CREATE TRIGGER trouble BEFORE INSERT ON journal BEGIN SELECT RAISE(ABORT, 'the disk is in trouble'); END";
        store.execute_batch(refuse).unwrap();
        Trouble(store)
    }

    pub fn over(self) {
        self.0.execute_batch("DROP TRIGGER trouble").unwrap();
    }
}

async fn create(tower: &Tower, mut cue: Value) -> String {
    cue["schedule"] = json!({ "type": "manual" });
    let (status, answer) = tower.post("/v1/cues", &cue).await;
    assert_eq!(status, 201, "{answer}");
    answer["id"].as_str().unwrap().to_owned()
}

async fn fire(tower: &Tower, cue: &str) -> String {
    let (status, answer) = tower.post(&format!("/v1/cues/{cue}/fire"), &json!({})).await;
    assert!((200..300).contains(&status), "{answer}");
    answer["id"].as_str().unwrap().to_owned()
}
