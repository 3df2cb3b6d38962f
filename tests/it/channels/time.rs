//! What only time brings about, on a clock that is moved by hand: quiet hours end, what is not told is given up, what nobody
//! has seen is told louder.

use std::sync::Arc;
use std::sync::atomic::{AtomicU16, Ordering};

use cuetower_core::Ms;
use cuetower_core::alert::{About, AlertKind, Problem, Severity, Signal};
use cuetower_core::id::AccountId;
use cuetower_engine::clock::{Clock as _, ManualClock};
use cuetower_engine::desk::{Demo, Desk, Facts, OwnerKey};
use cuetower_engine::notify::Notifier;
use cuetower_engine::vault::{Vault, VaultKind};
use cuetower_engine::{Config, Engine, Ports, Running};
use cuetower_tests::{Answer, Server, until};
use serde_json::{Value, json};
use tempfile::TempDir;

use super::PATIENCE;

const MINUTE_MS: u64 = 60_000;
const HOUR_MS: u64 = 60 * MINUTE_MS;

struct Tower {
    clock: Arc<ManualClock>,
    desk: Desk,
    running: Running,
    _folder: TempDir,
}

fn at(text: &str) -> Ms {
    chrono::DateTime::parse_from_rfc3339(text).unwrap().to_utc().into()
}

impl Tower {
    /// Its owner's days are those of UTC.
    async fn start(now: &str) -> Tower {
        let folder = tempfile::tempdir().unwrap();
        let clock = Arc::new(ManualClock::at(at(now)));
        let vault = Vault::open(VaultKind::Memory, folder.path()).await;
        let notifier = Notifier::start(false).await.0;
        let ports = Ports { clock: clock.clone(), vault: vault.clone(), notifier: notifier.clone() };
        let config = Config::of(folder.path().to_owned(), "http://127.0.0.1:9".to_owned());
        let (handle, running) = Engine::start(config, ports).unwrap();
        let facts = Facts {
            version: String::new(),
            agents_url: String::new(),
            data_dir: String::new(),
            timezone: "UTC".to_owned(),
            started_at: clock.now(),
        };
        let desk = Desk {
            handle,
            vault,
            notifier,
            facts,
            owner_key: OwnerKey::default(),
            demo: Demo::default(),
            face: cuetower_engine::desk::Face::Cli,
        };
        Tower { clock, desk, running, _folder: folder }
    }

    async fn owner(&self, command: &str, request: Value) -> Value {
        self.desk.call(command, request).await.unwrap_or_else(|error| panic!("{command}: {error:?}"))
    }

    async fn channel(&self, sink: &Server, more: Value) {
        let mut request = json!({ "name": "chat", "kind": "webhook", "url": sink.url, "min_severity": "info" });
        request.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        self.owner("channel_set", request).await;
    }

    async fn trouble(&self, agent: &str, severity: Severity) {
        let (about, kind) = (About::agent(AccountId::OWNER, agent), AlertKind::Zombie);
        let (title, body) = (format!("{agent} does nothing"), "No progress for 10 min.".to_owned());
        let trouble = Signal::Trouble(Problem { about, kind, severity, run_id: None, title, body });
        self.desk.handle.signal(trouble).await.unwrap();
    }

    async fn over(&self, agent: &str) {
        let (about, kind) = (About::agent(AccountId::OWNER, agent), AlertKind::Zombie);
        self.desk.handle.signal(Signal::Over { about, kind, run_id: None }).await.unwrap();
    }

    /// How the alert about an agent was told.
    async fn told(&self, agent: &str) -> Vec<String> {
        let alerts = self.owner("alerts", json!({ "limit": 50 })).await;
        let alert = alerts["alerts"].as_array().unwrap().iter().find(|alert| alert["agent"] == agent).unwrap();
        let words = |told: &Value| told["words"].as_str().unwrap().to_owned();
        alert["told"].as_array().unwrap().iter().map(words).collect()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn quiet_hours_end_with_one_digest_and_hold_nothing_critical() {
    let tower = Tower::start("2026-11-22T22:30:00Z").await;
    let sink = Server::start(|_, _| Answer::status(200)).await;
    tower.channel(&sink, json!({})).await;
    let rules = json!({ "cool_down_minutes": 60, "quiet": { "on": true, "from": "22:00", "to": "07:00" }, "off": [] });
    tower.owner("alert_rules_set", rules).await;
    tower.trouble("ada", Severity::Warning).await;
    tower.trouble("bob", Severity::Warning).await;
    tower.trouble("eve", Severity::Critical).await;
    let seen = sink.seen_at_least(1, PATIENCE).await;
    assert_eq!(seen[0].json()["data"]["title"], "eve does nothing", "what is critical is told at once");
    assert!(
        tower.told("ada").await.contains(&"webhook: chat (held until 07:00)".to_owned()),
        "{:?}",
        tower.told("ada").await
    );
    tower.over("ada").await;
    tower.clock.set(at("2026-11-23T06:59:00Z"));
    tower.trouble("zoe", Severity::Warning).await;
    tower.clock.set(at("2026-11-23T07:00:00Z"));
    let seen = sink.seen_at_least(2, PATIENCE).await;
    let digest = seen[1].json();
    assert_eq!(digest["data"]["title"], "3 problems while it was quiet");
    assert_eq!(digest["data"]["body"], "3 zombies. 1 has ended since. The first: ada does nothing.");
    assert_eq!(tower.told("bob").await.last().map(String::as_str), Some("webhook: chat (in a digest)"));
    tower.trouble("max", Severity::Warning).await;
    let seen = sink.seen_at_least(3, PATIENCE).await;
    assert_eq!((seen.len(), &seen[2].json()["type"]), (3, &json!("alert.opened")));
    tower.running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_nobody_took_for_a_day_is_given_up_and_says_so() {
    let tower = Tower::start("2026-11-22T12:00:00Z").await;
    let status = Arc::new(AtomicU16::new(503));
    let answers = Arc::clone(&status);
    let sink = Server::start(move |_, _| Answer::status(answers.load(Ordering::Relaxed))).await;
    tower.channel(&sink, json!({})).await;
    tower.trouble("ada", Severity::Warning).await;
    sink.seen_at_least(1, PATIENCE).await;
    until("the record of a try", PATIENCE, async || {
        (tower.owner("channels", json!({})).await["channels"][1]["state"] == "failing").then_some(())
    })
    .await;
    tower.clock.advance(23 * HOUR_MS);
    sink.seen_at_least(2, PATIENCE).await;
    tower.trouble("bob", Severity::Warning).await;
    tower.clock.advance(2 * HOUR_MS);
    until("a record that says so", PATIENCE, async || {
        tower.told("ada").await.contains(&"webhook: chat (not told)".to_owned()).then_some(())
    })
    .await;
    assert!(tower.told("bob").await.contains(&"webhook: chat (waiting)".to_owned()), "it is two hours old");
    status.store(200, Ordering::Relaxed);
    tower.clock.advance(2 * HOUR_MS);
    until("the younger one to be told", PATIENCE, async || {
        tower.told("bob").await.contains(&"webhook: chat".to_owned()).then_some(())
    })
    .await;
    let told = sink.seen();
    assert_eq!(told.last().unwrap().json()["data"]["title"], "bob does nothing");
    tower.running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_nobody_has_seen_goes_to_the_channel_that_is_there_for_it() {
    let tower = Tower::start("2026-11-22T12:00:00Z").await;
    let (chat, pager) =
        (Server::start(|_, _| Answer::status(200)).await, Server::start(|_, _| Answer::status(200)).await);
    tower.channel(&chat, json!({})).await;
    tower.channel(&pager, json!({ "name": "pager", "escalation": true })).await;
    tower
        .owner(
            "alert_rules_set",
            json!({ "cool_down_minutes": 60, "escalate_minutes": 15,
        "quiet": { "on": false, "from": "22:00", "to": "07:00" }, "off": [] }),
        )
        .await;
    tower.trouble("ada", Severity::Warning).await;
    tower.trouble("bob", Severity::Warning).await;
    chat.seen_at_least(2, PATIENCE).await;
    let alerts = tower.owner("alerts", json!({ "limit": 50 })).await;
    let bob = alerts["alerts"].as_array().unwrap().iter().find(|alert| alert["agent"] == "bob").unwrap();
    tower.owner("alert_acknowledge", json!({ "alert_id": bob["id"] })).await;
    tower.clock.advance(16 * MINUTE_MS);
    let paged = pager.seen_at_least(1, PATIENCE).await;
    assert_eq!(paged[0].json()["type"], "alert.escalated");
    assert_eq!(paged[0].json()["data"]["title"], "ada does nothing");
    let again = chat.seen_at_least(3, PATIENCE).await;
    assert_eq!(again[2].json()["type"], "alert.escalated");
    tower.over("ada").await;
    tower.over("bob").await;
    let over = pager.seen_at_least(2, PATIENCE).await;
    assert_eq!(over[1].json()["type"], "alert.resolved");
    chat.seen_at_least(5, PATIENCE).await;
    assert_eq!(pager.seen().len(), 2, "it never heard of bob");
    tower.running.stop().await;
}
