//! What the tower looks at itself before it believes a success: the real engine, real files, databases, servers and commands.

mod killed;
mod kinds;
mod stories;

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use cuetower_core::Ms;
use cuetower_core::id::RunId;
use cuetower_core::input::{Answer as Decided, Fire, Input};
use cuetower_core::occurrence::Trigger;
use cuetower_core::outcome::Outcome;
use cuetower_core::run::{Phase, Run, Verdict};
use cuetower_core::sentence;
use cuetower_engine::clock::{Clock as _, ManualClock};
use cuetower_engine::definition::read_new;
use cuetower_engine::notify::Notifier;
use cuetower_engine::vault::{Vault, VaultKind};
use cuetower_engine::{Config, Engine, Handle, Ports, Running};
use cuetower_tests::{Answer, Server, until};
use serde_json::{Value, json};

const PATIENCE: Duration = Duration::from_secs(30);
const SECRET: &str = "sk-very-secret";

struct Flight {
    handle: Handle,
    running: Running,
    clock: Arc<ManualClock>,
    agent: Server,
}

#[expect(clippy::disallowed_methods, reason = "files are stamped by the real clock")]
fn wall_clock() -> Ms {
    Ms::from(chrono::Utc::now())
}

/// The clock shows what the files of this machine will be stamped with.
async fn take_off(dir: &Path) -> Flight {
    let now = wall_clock();
    let (clock, vault) = (Arc::new(ManualClock::at(now)), Vault::open(VaultKind::Memory, dir).await);
    vault.set("CRM", SECRET).await.unwrap();
    let (notifier, _) = Notifier::start(false).await;
    let ports = Ports { clock: Arc::<ManualClock>::clone(&clock), vault, notifier };
    let config = Config::of(dir.to_owned(), "http://127.0.0.1:9".to_owned());
    let (handle, running) = Engine::start(config, ports).unwrap();
    let agent = Server::start(|_, _| Answer::status(202)).await;
    Flight { handle, running, clock, agent }
}

impl Flight {
    /// A new cue with these fields, fired and in the agent's hands.
    async fn delivered(&self, more: Value) -> RunId {
        let run = self.fired(more).await;
        self.once(&run, "delivered run", |run| matches!(run.phase, Phase::AwaitingOutcome { .. })).await;
        run
    }

    async fn fired(&self, more: Value) -> RunId {
        let mut cue =
            json!({ "name": "leads", "schedule": { "type": "manual" }, "callback": { "url": self.agent.url } });
        cue.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let definition = read_new(&cue, self.clock.now()).unwrap().definition;
        let cue = self.handle.create_cue(definition).await.unwrap();
        let fire =
            Fire { payload: None, send_at: None, key: None, exit_criteria: vec![], trigger: Trigger::ManualFire };
        match self.handle.cue(&cue.id, Input::Fire(fire)).await.unwrap().0 {
            Decided::Fired { run_id, .. } => run_id,
            other => panic!("it was not fired: {other:?}"),
        }
    }

    async fn reports(&self, run: &RunId, outcome: Outcome) -> Decided {
        let report = Input::Report { run_id: run.clone(), attempt: None, outcome: Box::new(outcome) };
        self.handle.run(run, report).await.unwrap()
    }

    async fn once(&self, run: &RunId, what: &str, is_so: impl Fn(&Run) -> bool) -> Run {
        until(what, PATIENCE, async || {
            let run = self.handle.reader().run(run.0.clone()).await.unwrap();
            run.filter(|run| is_so(run))
        })
        .await
    }

    /// The run as it ended.
    async fn judged(&self, run: &RunId) -> (Verdict, Run, String) {
        let judged = self.once(run, "judged run", |run| run.checking.is_none() && run.verdict().is_some()).await;
        (judged.verdict().unwrap(), judged.clone(), sentence::of_run(&judged))
    }

    /// One check of a run that is reported as done, and what was found.
    async fn looked(&self, name: &str, check: Value, outcome: Outcome) -> (bool, String) {
        let run = self.delivered(json!({ "name": name, "checks": [check] })).await;
        self.reports(&run, outcome).await;
        let (verdict, run, _) = self.judged(&run).await;
        let [finding] = run.findings.as_slice() else { panic!("{:?}", run.findings) };
        assert_eq!(verdict, if finding.passed { Verdict::Confirmed } else { Verdict::Refuted });
        assert!(finding.look.is_some(), "the proof is kept");
        (finding.passed, finding.found.clone())
    }
}

fn done() -> Outcome {
    Outcome { success: true, ..Outcome::default() }
}

fn counted(processed: f64) -> Outcome {
    Outcome { processed: Some(processed), expected: Some(200.0), ..done() }
}
