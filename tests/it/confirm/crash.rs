//! `kill -9` of the tower under a load of steps, again and again: what was acknowledged is there, with its output; a step's key
//! for the outside never changes; and what could not be written is nowhere.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use cuetower_tests::{Tower, send};
use rand::rngs::{StdRng, SysRng};
use rand::{Rng as _, SeedableRng as _};
use reqwest::Method;
use rusqlite::Connection;
use serde_json::{Value, json};
use tokio::task::JoinSet;

use super::{Scene, word};
use crate::invariants::Trouble;

const RUNS: usize = 4;
/// Clients of each run.
const CLIENTS: usize = 3;
const KILLS: u32 = 10;

#[tokio::test(flavor = "multi_thread")]
async fn ten_kills_under_a_load_of_steps_lose_none() {
    let mut scene = Scene::new().await;
    let mut luck = StdRng::try_from_rng(&mut SysRng).unwrap();
    let over = Arc::new(AtomicBool::new(false));
    let mut clients = JoinSet::new();
    for _ in 0..RUNS {
        let (run, token) = at_work(&scene.tower).await;
        for number in 0..CLIENTS {
            let client = Client::of(&scene.tower, &run, &token, number, &over);
            clients.spawn(client.work());
        }
    }
    for _ in 0..KILLS {
        tokio::time::sleep(Duration::from_millis(150 + luck.next_u64() % 500)).await;
        scene.crash().await;
    }
    over.store(true, Ordering::Relaxed);
    let clients = clients.join_all().await;
    // Nothing of what is asked for now is in its memory.
    scene.crash().await;
    let mut looks = JoinSet::new();
    for client in clients {
        looks.spawn(client.looked_at());
    }
    let found: Vec<Seen> = looks.join_all().await;
    let violations: Vec<String> = found.iter().flat_map(|seen| seen.violations.clone()).collect();
    let sum = |of: fn(&Seen) -> usize| found.iter().map(of).sum::<usize>();
    let (begun, completed, cut_off) = (sum(|seen| seen.begun), sum(|seen| seen.completed), sum(|seen| seen.cut_off));
    println!(
        "{KILLS} kills, {begun} steps begun, {completed} completed, {cut_off} requests cut off, violations: {violations:?}"
    );
    assert!(violations.is_empty(), "{violations:#?}");
    assert!(completed > 10 * KILLS as usize, "only {completed} steps were completed");
    assert!(cut_off >= KILLS as usize / 2, "only {cut_off} requests were under way at a kill");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_step_that_could_not_be_written_is_nowhere() {
    failed_commit(&Tower::start().await).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn sabotage_that_keeps_a_step_that_was_not_written_is_noticed() {
    let tower = Tower::start_with(None, &[], &[("CUETOWER_SABOTAGE", "no_working_copy")]).await;
    let noticed =
        failed_commit(&tower).await.expect_err("a step was kept in memory alone, and the check did not say so");
    println!("noticed: {noticed}");
}

/// A run that a worker has for as long as this takes, and the token of its attempt.
async fn at_work(tower: &Tower) -> (String, String) {
    let name = format!("steps {}", rand::rng().next_u64());
    let cue = json!({
        "name": name, "transport": "worker", "schedule": { "type": "manual" }, "worker": { "lease_seconds": 3_600 },
        "delivery": { "outcome_deadline_seconds": 3_600 },
    });
    let (status, made) = tower.post("/v1/cues", &cue).await;
    assert_eq!(status, 201, "{made}");
    let (_, fired) = tower.post(&format!("/v1/cues/{}/fire", word(&made, "id")), &json!({})).await;
    let run = word(&fired, "id").to_owned();
    let (_, claimed) = tower.post(&format!("/v1/executions/{run}/claim"), &json!({ "worker_id": "ada" })).await;
    (run, word(&claimed, "run_token").to_owned())
}

/// One that works at steps of a run, and remembers what it was told.
struct Client {
    http: reqwest::Client,
    /// Of the run's steps.
    place: String,
    token: String,
    number: usize,
    over: Arc<AtomicBool>,
    steps: BTreeMap<String, Told>,
    cut_off: usize,
    violations: Vec<String>,
}

#[derive(Default)]
struct Told {
    idempotency_key: String,
    /// Of its completion, once that was acknowledged.
    output: Option<Value>,
}

struct Seen {
    violations: Vec<String>,
    begun: usize,
    completed: usize,
    cut_off: usize,
}

impl Client {
    fn of(tower: &Tower, run: &str, token: &str, number: usize, over: &Arc<AtomicBool>) -> Client {
        Client {
            http: reqwest::Client::builder().no_proxy().timeout(Duration::from_secs(10)).build().unwrap(),
            place: format!("{}/v1/executions/{run}/steps", tower.agents),
            token: token.to_owned(),
            number,
            over: Arc::clone(over),
            steps: BTreeMap::new(),
            cut_off: 0,
            violations: Vec::new(),
        }
    }

    /// Asks until it is answered.
    async fn ask(&mut self, method: Method, path: &str, body: Value) -> (u16, Value) {
        loop {
            let request = self.http.request(method.clone(), format!("{}/{path}", self.place)).bearer_auth(&self.token);
            let request = request.header("content-type", "application/json").body(body.to_string());
            match request.send().await {
                Ok(answer) if !matches!(answer.status().as_u16(), 429 | 503) => {
                    let status = answer.status().as_u16();
                    match answer.text().await {
                        Ok(text) => return (status, serde_json::from_str(&text).unwrap_or(Value::String(text))),
                        Err(_) => self.cut_off += 1,
                    }
                }
                Ok(_) => {}
                Err(error) => self.cut_off += usize::from(!error.is_connect()),
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    async fn work(mut self) -> Client {
        for round in 0.. {
            if self.over.load(Ordering::Relaxed) {
                break;
            }
            // Every fifth is worked at by all of them at once.
            let key = if round % 5 == 0 { format!("all-{round}") } else { format!("c{}-{round}", self.number) };
            if !self.begin(&key).await {
                continue;
            }
            match round % 7 {
                // Left as it is.
                3 => continue,
                4 => {
                    let (status, answer) =
                        self.ask(Method::POST, &format!("{key}/fail"), json!({ "error": "no" })).await;
                    // Somebody else may have completed it.
                    if !matches!(status, 200 | 409) {
                        self.violations.push(format!("the failure of {key} was answered {status}: {answer}"));
                    }
                    self.begin(&key).await;
                }
                _ => {}
            }
            self.complete(&key, json!({ "of": key, "round": round, "long": "x".repeat(round % 400) })).await;
            if round % 3 == 0 {
                self.begin(&key).await;
            }
        }
        self
    }

    /// Whether it is still to be done.
    async fn begin(&mut self, key: &str) -> bool {
        let body = json!({ "kind": "tool", "input": { "of": key } });
        let (status, answer) = self.ask(Method::PUT, key, body).await;
        if !matches!((status, answer["state"].as_str()), (201, Some("started")) | (200, Some("completed"))) {
            self.violations.push(format!("the begin of {key} was answered {status}: {answer}"));
            return false;
        }
        let told = self.steps.entry(key.to_owned()).or_default();
        let idempotency_key = answer["idempotency_key"].as_str().unwrap_or_default();
        if told.idempotency_key.is_empty() {
            idempotency_key.clone_into(&mut told.idempotency_key);
        }
        if told.idempotency_key.is_empty() || told.idempotency_key != idempotency_key {
            let first = &told.idempotency_key;
            self.violations.push(format!("the key of {key} was {first}, and is {idempotency_key}"));
        }
        match (&told.output, status) {
            (Some(output), 200) if *output != answer["output"] => {
                self.violations.push(format!("{key} was completed with {output}, and has {}", answer["output"]));
            }
            (Some(_), 201) => self.violations.push(format!("{key} was completed, and is to be done again")),
            _ => {}
        }
        status == 201
    }

    async fn complete(&mut self, key: &str, output: Value) {
        let (status, answer) = self.ask(Method::POST, &format!("{key}/complete"), json!({ "output": output })).await;
        match status {
            200 => self.steps.entry(key.to_owned()).or_default().output = Some(output),
            // What all work at is completed once, by one of them or with the same words.
            409 if key.starts_with("all-") && answer["error"]["code"] == "step_already_completed" => {}
            _ => self.violations.push(format!("the end of {key} was answered {status}: {answer}")),
        }
    }

    /// Every step as the tower has it now, against what was told.
    async fn looked_at(mut self) -> Seen {
        let keys: Vec<String> = self.steps.keys().cloned().collect();
        for key in &keys {
            self.begin(key).await;
        }
        let completed = self.steps.values().filter(|told| told.output.is_some()).count();
        Seen { violations: self.violations, begun: keys.len(), completed, cut_off: self.cut_off }
    }
}

/// What could not be written was refused to its caller, and is neither in the store nor in memory.
async fn failed_commit(tower: &Tower) -> Result<(), String> {
    let (run, token) = at_work(tower).await;
    let place = format!("{}/v1/executions/{run}/steps", tower.agents);
    let ask = async |method: Method, path: &str, body: Value| {
        let body = (method != Method::GET).then_some(&body);
        send(method, &format!("{place}{path}"), Some(&token), body).await
    };
    let (status, charge) = ask(Method::PUT, "/charge", json!({})).await;
    assert_eq!(status, 201, "{charge}");
    let store = Connection::open(tower.data.join("cuetower.db")).unwrap();
    for (method, path, body) in [
        (Method::PUT, "/mail", json!({ "name": "in trouble" })),
        (Method::POST, "/charge/complete", json!({ "output": "never heard" })),
    ] {
        let trouble = Trouble::in_store(&store);
        let (status, answer) = ask(method, path, body).await;
        trouble.over();
        if status < 500 || answer["error"]["code"] == Value::Null {
            return Err(format!("{path} could not be written, and was answered {status}: {answer}"));
        }
    }
    let (_, tree) = ask(Method::GET, "", Value::Null).await;
    let told = (&tree["total"], &tree["steps"][0]["key"], &tree["steps"][0]["state"]);
    if told != (&json!(1), &json!("charge"), &json!("started")) {
        return Err(format!("what was refused is in the store: {tree}"));
    }
    let (status, mail) = ask(Method::PUT, "/mail", json!({})).await;
    if (status, &mail["tries"]) != (201, &json!(1)) {
        return Err(format!("a step that was refused is known already ({status}): {mail}"));
    }
    let (status, again) = ask(Method::PUT, "/charge", json!({})).await;
    if (status, &again["idempotency_key"]) != (201, &charge["idempotency_key"]) {
        return Err(format!("a step whose end was refused is answered {status}: {again}, after {charge}"));
    }
    let (status, done) = ask(Method::POST, "/charge/complete", json!({ "output": "receipt 7" })).await;
    if status != 200 {
        return Err(format!("an output that was refused stands ({status}): {done}"));
    }
    let (_, done) = ask(Method::PUT, "/charge", json!({})).await;
    if done["output"] == "receipt 7" { Ok(()) } else { Err(format!("the output was recorded as {done}")) }
}
