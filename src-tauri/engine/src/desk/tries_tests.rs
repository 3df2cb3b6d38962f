//! Test fires on a real engine: what they may not get around, and that nothing of them stays behind.

use std::path::Path;
use std::sync::Arc;
use std::task::Poll;

use cuetower_core::cue::CueStatus;
use cuetower_core::id::RunId;
use cuetower_core::run::Phase;
use cuetower_core::spend::Nanousd;
use cuetower_core::step::StepInput;
use serde_json::{Value, json};

use super::*;
use crate::briefing_note::tests::NOW;
use crate::clock::ManualClock;
use crate::desk::{Demo, Face, Facts, OwnerKey};
use crate::notify::Notifier;
use crate::vault::{Vault, VaultKind};
use crate::{Config, Engine, Ports, Running};

struct Tower {
    desk: Desk,
    running: Running,
}

impl Tower {
    async fn on(folder: &Path) -> Tower {
        let vault = Vault::open(VaultKind::Memory, folder).await;
        let notifier = Notifier::start(false).await.0;
        let agents_url = "http://127.0.0.1:9".to_owned();
        let config = Config::of(folder.to_owned(), agents_url.clone());
        let clock = Arc::new(ManualClock::at(NOW));
        let (handle, running) =
            Engine::start(config, Ports { clock, vault: vault.clone(), notifier: notifier.clone() }).unwrap();
        let (version, data_dir, timezone) = (String::new(), String::new(), "UTC".to_owned());
        let facts = Facts { version, agents_url, data_dir, timezone, started_at: handle.now() };
        let (owner_key, demo) = (OwnerKey::default(), Demo::default());
        Tower { desk: Desk { handle, vault, notifier, facts, owner_key, demo, face: Face::Cli }, running }
    }

    async fn again(self, folder: &Path) -> Tower {
        self.running.stop().await;
        Tower::on(folder).await
    }

    async fn made(&self, definition: &Value) -> String {
        let cue = self.desk.call("cue_create", json!({ "definition": definition })).await.unwrap();
        cue["id"].as_str().unwrap().to_owned()
    }

    async fn tried(&self, cue_id: Option<&str>, definition: &Value) -> Result<RunId, DeskError> {
        let asked = json!({ "cue_id": cue_id, "definition": definition });
        self.desk.call("cue_try", asked).await.map(|fired| RunId(fired["run_id"].as_str().unwrap().to_owned()))
    }

    async fn stops(&self, run_id: &RunId) {
        self.desk.call("run_stop", json!({ "run_id": run_id.0 })).await.unwrap();
    }

    async fn names(&self) -> Vec<String> {
        let (cues, _) = self.desk.handle.reader().cues(None, None, 100, 0).await.unwrap();
        let there = cues.into_iter().filter(|cue| cue.status != CueStatus::Deleted);
        there.map(|cue| cue.definition.name.clone()).collect()
    }

    async fn once_there_are(&self, wanted: &[&str]) {
        until(async || (self.names().await == wanted).then_some(())).await;
    }

    /// Its only run, once a worker may take it.
    async fn offered(&self) -> RunId {
        until(async || {
            let row = self.desk.handle.reader().occurrences_page(None, Ms(i64::MAX), 1).await.unwrap().pop()?;
            let run = self.desk.handle.reader().run(row.run_id).await.unwrap()?;
            matches!(run.phase, Phase::Offered { .. }).then_some(run.id)
        })
        .await
    }
}

async fn until<T>(mut look: impl AsyncFnMut() -> Option<T>) -> T {
    loop {
        if let Some(found) = look().await {
            return found;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

fn work(more: Value) -> Value {
    let mut cue = json!({ "name": "leads", "transport": "worker", "schedule": { "type": "manual" } });
    cue.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    cue
}

#[tokio::test]
async fn whoever_hangs_up_leaves_nothing_behind() {
    let folder = tempfile::tempdir().unwrap();
    let tower = Tower::on(folder.path()).await;
    {
        let definition = work(json!({}));
        let mut asking = Box::pin(tower.tried(None, &definition));
        let first = std::future::poll_fn(|context| Poll::Ready(asking.as_mut().poll(context))).await;
        assert!(first.is_pending(), "it was answered at once, so nobody could hang up");
    }
    let run = tower.offered().await;
    assert_eq!(tower.names().await, ["leads (test fire)"]);
    tower.stops(&run).await;
    tower.once_there_are(&[]).await;
    tower.running.stop().await;
}

#[tokio::test]
async fn what_a_crash_left_of_it_goes_at_the_next_start_once_its_run_is_over() {
    let folder = tempfile::tempdir().unwrap();
    let tower = Tower::on(folder.path()).await;
    let own = json!({ "name": "mine (test fire)", "description": "A test fire of my own." });
    tower.made(&work(own)).await;
    let run = tower.tried(None, &work(json!({}))).await.unwrap();
    // The tower died before it fired this one.
    let unfired = definition::read_new(&work(json!({ "name": "other" })), NOW).unwrap().definition;
    create(&tower.desk.handle, &once(unfired)).await.unwrap();
    assert_eq!(tower.names().await.len(), 3);

    let tower = tower.again(folder.path()).await;
    until(async || (tower.names().await.len() == 2).then_some(())).await;
    assert!(tower.names().await.contains(&"leads (test fire)".to_owned()), "its run goes on");
    tower.stops(&run).await;
    tower.once_there_are(&["mine (test fire)"]).await;
    tower.running.stop().await;
}

#[tokio::test]
async fn it_is_refused_where_a_fire_is_in_the_same_words() {
    let folder = tempfile::tempdir().unwrap();
    let tower = Tower::on(folder.path()).await;
    let fired = async |cue: &str| tower.desk.call("cue_fire", json!({ "cue_id": cue, "payload": null })).await;

    let dear = work(json!({ "name": "dear", "budget": { "day": { "cost_usd": 1 } } }));
    let cue = tower.made(&dear).await;
    let run = RunId(fired(&cue).await.unwrap()["run_id"].as_str().unwrap().to_owned());
    tower.offered().await;
    let beat = StepInput::Beat { tokens: None, cost: Nanousd::of_usd(1.5), progress: None, message: None };
    tower.desk.handle.step(None, &run, None, beat).await.unwrap();
    let refused = fired(&cue).await.unwrap_err();
    assert!(refused.message.starts_with("Its budget for the day is spent: $1.50 of the $1.00"), "{refused:?}");
    assert_eq!(tower.tried(Some(&cue), &dear).await.unwrap_err(), refused);

    for (more, words) in [
        (json!({ "require_payload_override": true }), "This cue wants a payload with each fire; give it one."),
        (json!({ "required_payload_keys": ["lead"] }), "The payload lacks what this cue requires: lead."),
    ] {
        let wants = work(more);
        let cue = tower.made(&wants).await;
        let refused = fired(&cue).await.unwrap_err();
        assert_eq!((refused.message.as_str(), refused.field.as_deref()), (words, Some("payload")));
        assert_eq!(tower.tried(Some(&cue), &wants).await.unwrap_err(), refused);
        assert_eq!(tower.tried(None, &wants).await.unwrap_err(), refused);
        tower.desk.call("cue_delete", json!({ "cue_id": cue })).await.unwrap();
    }
    tower.once_there_are(&["dear"]).await;
    tower.running.stop().await;
}
