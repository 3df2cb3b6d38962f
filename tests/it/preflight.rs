//! Checks before delivery, from the cue to the agent: the real engine with a clock to move, a real agent's server.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use cuetower_core::Ms;
use cuetower_core::id::{CueId, RunId};
use cuetower_core::input::{Answer as Decided, Fire, Input};
use cuetower_core::occurrence::Trigger;
use cuetower_core::run::{HeldBy, Phase, Run};
use cuetower_engine::clock::ManualClock;
use cuetower_engine::definition::read_new;
use cuetower_engine::notify::Notifier;
use cuetower_engine::vault::{Vault, VaultKind};
use cuetower_engine::{Config, Engine, Handle, Ports, Running};
use cuetower_tests::{Answer, Server, holds, until};
use serde_json::{Value, json};

const PATIENCE: Duration = Duration::from_secs(30);
/// 21 November 2026, 12:00 UTC.
const NOON: Ms = Ms(1_795_262_400_000);

struct Flight {
    handle: Handle,
    running: Running,
    clock: Arc<ManualClock>,
    vault: Vault,
}

async fn take_off(dir: &Path, now: Ms) -> Flight {
    let (clock, vault) = (Arc::new(ManualClock::at(now)), Vault::open(VaultKind::Memory, dir).await);
    vault.set("OPENAI", "sk-very-secret").await.unwrap();
    let (notifier, _) = Notifier::start(false).await;
    let ports = Ports { clock: Arc::<ManualClock>::clone(&clock), vault: vault.clone(), notifier };
    let config = Config::of(dir.to_owned(), "http://127.0.0.1:9".to_owned());
    let (handle, running) = Engine::start(config, ports).unwrap();
    Flight { handle, running, clock, vault }
}

impl Flight {
    /// A new cue for this agent with these checks, fired.
    async fn fired(&self, agent: &Server, preflight: Value) -> RunId {
        let cue = json!({
            "name": "leads", "schedule": { "type": "manual" }, "callback": { "url": agent.url }, "confirm": "delivery",
            "retry": { "max_attempts": 3, "backoff_seconds": [60] }, "preflight": preflight,
        });
        let definition = read_new(&cue, NOON).unwrap().definition;
        let cue = self.handle.create_cue(definition).await.unwrap();
        self.fire(&cue.id).await
    }

    async fn fire(&self, cue: &CueId) -> RunId {
        let fire =
            Fire { payload: None, send_at: None, key: None, exit_criteria: vec![], trigger: Trigger::ManualFire };
        match self.handle.cue(cue, Input::Fire(fire)).await.unwrap().0 {
            Decided::Fired { run_id, .. } => run_id,
            other => panic!("it was not fired: {other:?}"),
        }
    }

    /// The run, once it is so.
    async fn once(&self, run: &RunId, what: &str, is_so: impl Fn(&Run) -> bool) -> Run {
        until(what, PATIENCE, async || {
            let run = self.handle.reader().run(run.0.clone()).await.unwrap();
            run.filter(|run| is_so(run))
        })
        .await
    }
}

fn ended(run: &Run) -> bool {
    matches!(run.phase, Phase::Ended { .. })
}

fn held(run: &Run) -> bool {
    matches!(run.phase, Phase::Held { by: HeldBy::Preflight, .. })
}

fn agent_that_is_well() -> impl Future<Output = Server> {
    Server::start(|_, _| Answer::status(204))
}

#[tokio::test]
async fn a_delivery_waits_until_its_file_is_there_also_over_a_restart() {
    let (dir, agent) = (tempfile::tempdir().unwrap(), agent_that_is_well().await);
    let file = dir.path().join("today.csv");
    let flight = take_off(dir.path(), NOON).await;
    let asked = json!([{ "check": "memory", "free_mb": 1 }, { "check": "file", "path": file, "min_lines": 2 }]);
    let run = flight.fired(&agent, asked).await;
    let waiting = flight.once(&run, "a run that is held", held).await;
    let words =
        format!("pre-flight: file {} has at least 2 lines does not hold: there is no such file", file.display());
    let until_then = Some(NOON.plus(30_000));
    assert_eq!(
        waiting.phase,
        Phase::Held { by: HeldBy::Preflight, words, since: NOON, until: until_then },
        "it says what it waits for, and since when"
    );

    std::fs::write(&file, "one\n").unwrap();
    flight.clock.advance(30_000);
    let saw = |run: &Run, saw: &str| matches!(&run.phase, Phase::Held { words, .. } if words.ends_with(saw));
    flight.once(&run, "a second look", |run| saw(run, "does not hold: 1 line")).await;
    flight.running.stop().await;

    let flight = take_off(dir.path(), NOON.plus(31_000)).await;
    assert_eq!(agent.seen().len(), 0, "nothing was sent so far");
    std::fs::write(&file, "one\ntwo\n").unwrap();
    flight.clock.advance(60_000);
    let done = flight.once(&run, "the end of the run", ended).await;
    assert_eq!((done.attempts.len(), done.attempts[0].http_status), (1, Some(204)), "{:?}", done.attempts);
    assert_eq!(agent.seen().len(), 1);
    flight.running.stop().await;
}

#[tokio::test]
async fn a_check_may_fail_the_attempt_and_the_next_one_looks_anew() {
    let (dir, agent) = (tempfile::tempdir().unwrap(), agent_that_is_well().await);
    let flight = take_off(dir.path(), NOON).await;
    let database = dir.path().join("crm.db");
    let crm = rusqlite::Connection::open(&database).unwrap();
    crm.execute_batch("create table leads (name text)").unwrap();
    let query = "select count(*) from leads";
    let asked = json!([{ "check": "sql", "sqlite": database, "query": query, "at_least": 1, "on_fail": "fail" }]);
    let run = flight.fired(&agent, asked).await;
    let retrying = flight.once(&run, "a retry", |run| matches!(run.phase, Phase::WaitingRetry { .. })).await;
    let said = &retrying.attempts[0].words;
    assert!(
        said.contains("`select count(*) from leads` gives at least 1 in ") && said.ends_with("it gave 0"),
        "{said}"
    );

    crm.execute_batch("insert into leads values ('Ada')").unwrap();
    flight.clock.advance(120_000);
    let done = flight.once(&run, "the end of the run", ended).await;
    assert_eq!((done.attempts.len(), done.attempts[1].http_status), (2, Some(204)), "{:?}", done.attempts);
    assert_eq!(agent.seen().len(), 1, "the first attempt was never sent");
    flight.running.stop().await;
}

#[tokio::test]
async fn credentials_are_tried_before_the_delivery_and_told_to_nobody() {
    let (dir, agent) = (tempfile::tempdir().unwrap(), agent_that_is_well().await);
    let flight = take_off(dir.path(), NOON).await;
    let api =
        Server::start(|_, seen| Answer { body: format!("no: {}", seen.header("x-auth")), ..Answer::status(401) }).await;
    let headers = json!({ "X-Auth": "Bearer {{secret:OPENAI}}" });
    let asked = json!([{ "check": "url", "url": format!("{}/models?key=hush", api.url), "headers": headers }]);
    let run = flight.fired(&agent, asked).await;
    let waiting = flight.once(&run, "a run that is held", held).await;
    assert_eq!(api.seen()[0].header("x-auth"), "Bearer sk-very-secret");
    let shown = format!("{:?}", waiting.phase);
    assert!(shown.contains("it answered 401, and its body begins `no: Bearer ••••`"), "{shown}");
    assert!(!shown.contains("hush"), "{shown}");

    flight.vault.delete("OPENAI").await.unwrap();
    flight.clock.advance(30_000);
    let missing = |run: &Run| matches!(&run.phase, Phase::Held { words, .. } if words.contains("the secret OPENAI is not in the vault"));
    flight.once(&run, "a missing secret", missing).await;
    assert_eq!((api.seen().len(), agent.seen().len()), (1, 0));
    flight.running.stop().await;
    for entry in std::fs::read_dir(dir.path()).unwrap() {
        let path = entry.unwrap().path();
        let bytes = if path.is_file() { std::fs::read(&path).unwrap() } else { Vec::new() };
        assert!(!holds(&bytes, "sk-very-secret"), "{}", path.display());
    }
}
