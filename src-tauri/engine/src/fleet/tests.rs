//! On a real engine with a clock that is moved by hand: days, restarts, and what time alone changes.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use chrono::DateTime;
use cuetower_core::gate::Face;
use cuetower_core::id::AccountId;
use serde_json::{Value, json};

use super::*;
use crate::clock::ManualClock;
use crate::desk::wire::{AgentView, Agents, Topic};
use crate::desk::{Demo, Desk, Facts, OwnerKey};
use crate::feed::Change;
use crate::notify::Notifier;
use crate::vault::{Vault, VaultKind};
use crate::{Config, Engine, Handle, Ports, Running};

const ZONE: &str = "Europe/Berlin";
const KEY: &str = "hash of the runner's key";

struct Tower {
    handle: Handle,
    desk: Desk,
    running: Running,
}

impl Tower {
    async fn on(folder: &Path, clock: &Arc<ManualClock>) -> Tower {
        let vault = Vault::open(VaultKind::Memory, folder).await;
        let notifier = Notifier::start(false).await.0;
        let agents_url = "http://127.0.0.1:9".to_owned();
        let config = Config::of(folder.to_owned(), agents_url.clone());
        let ports = Ports { clock: clock.clone(), vault: vault.clone(), notifier: notifier.clone() };
        let (handle, running) = Engine::start(config, ports).unwrap();
        let facts = Facts {
            version: String::new(),
            agents_url,
            data_dir: String::new(),
            timezone: ZONE.to_owned(),
            started_at: handle.now(),
        };
        let (owner_key, demo) = (OwnerKey::default(), Demo::default());
        let desk = Desk { handle: handle.clone(), vault, notifier, facts, owner_key, demo, face: Face::Cli };
        Tower { handle, desk, running }
    }

    async fn beat(&self, body: Value) -> Heard {
        let beat = Beat::read(body.as_object().unwrap(), "body").unwrap();
        let hearer = Hearer { account: AccountId::OWNER, key: KEY.to_owned(), zone: ZONE.parse().unwrap() };
        self.handle.record(move |recorder| hear(recorder, &hearer, &beat)).await.unwrap().unwrap()
    }

    /// Its cost so far today, and whether it was warned.
    async fn spend(&self, cost_usd: f64) -> (f64, bool) {
        let heard = self.beat(json!({ "agent": "bot", "cost_usd": cost_usd, "tokens_used": 100 })).await;
        (self.bot().await.cost_today_usd.unwrap(), heard.warning.is_some())
    }

    async fn call(&self, command: &str, more: Value) -> Value {
        let mut request = json!({ "name": "bot", "account": null });
        request.as_object_mut().unwrap().extend(more.as_object().cloned().unwrap());
        self.desk.call(command, request).await.unwrap()
    }

    async fn bot(&self) -> AgentView {
        let answer = self.desk.call("agents", json!({})).await.unwrap();
        let mut agents: Agents = serde_json::from_value(answer).unwrap();
        assert_eq!(agents.agents.len(), 1, "{agents:?}");
        agents.agents.remove(0)
    }

    /// Each command's state, newest first.
    async fn commands(&self) -> Vec<String> {
        self.bot().await.commands.into_iter().map(|command| command.state).collect()
    }

    async fn fetched(&self) -> Vec<Command> {
        self.handle.record(|recorder| fetch(recorder, KEY)).await.unwrap().unwrap()
    }
}

fn clock_at(instant: &str) -> Arc<ManualClock> {
    Arc::new(ManualClock::at(Ms(DateTime::parse_from_rfc3339(instant).unwrap().timestamp_millis())))
}

#[tokio::test]
async fn a_day_begins_at_the_owners_midnight_and_sums_outlive_the_tower() {
    let folder = tempfile::tempdir().unwrap();
    let clock = clock_at("2026-11-20T23:59:30+01:00");
    let tower = Tower::on(folder.path(), &clock).await;
    tower.beat(json!({ "agent": "bot" })).await;
    assert_eq!(tower.bot().await.cost_today_usd, None, "it never said what it costs");
    tower.call("agent_budget", json!({ "day_cost_usd": 0.3 })).await;
    assert_eq!(tower.spend(0.1).await, (0.1, false));
    assert_eq!(tower.spend(0.2).await, (0.3, false), "at its budget, not above it");
    assert_eq!(tower.spend(0.01).await, (0.31, true));
    assert_eq!(tower.spend(0.0).await, (0.31, true), "told with every beat");
    tower.running.stop().await;

    let tower = Tower::on(folder.path(), &clock).await;
    let bot = tower.bot().await;
    assert_eq!((bot.cost_today_usd, bot.tokens_today, bot.day_cost_usd), (Some(0.31), 400, Some(0.3)));
    assert_eq!((bot.pulse[59], bot.tokens[59], bot.pulse.len()), (5, 400, 60));
    clock.advance(30_000);
    let bot = tower.bot().await;
    assert_eq!((bot.cost_today_usd, bot.tokens_today), (Some(0.0), 0), "a new day");
    assert_eq!((bot.pulse[58], bot.pulse[59]), (5, 0), "and the next minute");
    assert_eq!(tower.spend(0.25).await, (0.25, false));
    clock.advance(59 * 60_000);
    assert_eq!(tower.bot().await.pulse[0], 1, "an hour is kept");
    clock.advance(60_000);
    assert_eq!(tower.bot().await.pulse, [0; 60]);

    let days = tower.handle.reader().agent_days("2026-11-20".to_owned()).await.unwrap();
    assert_eq!((days[0].cost_usd, days[0].beats), (0.31, 5), "the day before is kept");
    tower.running.stop().await;
}

#[tokio::test]
async fn commands_outlive_the_tower_and_end_when_nobody_cares_for_them() {
    let folder = tempfile::tempdir().unwrap();
    let clock = clock_at("2026-11-20T12:00:00Z");
    let tower = Tower::on(folder.path(), &clock).await;
    tower.beat(json!({ "agent": "bot", "restart_type": "docker", "restart_target": "bot" })).await;
    tower.call("agent_command", json!({ "action": "restart" })).await;
    tower.running.stop().await;

    let tower = Tower::on(folder.path(), &clock).await;
    assert_eq!(tower.commands().await, ["asked"]);
    assert_eq!(tower.fetched().await.len(), 1);
    assert_eq!(tower.fetched().await.len(), 0, "once");
    tower.call("agent_command", json!({ "action": "stop" })).await;
    tower.running.stop().await;

    let tower = Tower::on(folder.path(), &clock).await;
    assert_eq!(tower.commands().await, ["asked", "fetched"]);
    clock.advance(600_000);
    // The fleet is looked after beside the loop.
    while tower.commands().await != ["expired", "failed"] {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let bot = tower.bot().await;
    assert!(bot.commands[1].message.as_ref().unwrap().contains("did not say"), "{bot:?}");
    assert_eq!((tower.fetched().await.len(), bot.restarts), (0, 0));
    let said = Said { state: CommandState::Completed, message: None };
    let id = u32::try_from(bot.commands[1].id).unwrap();
    tower.handle.record(move |recorder| answered(recorder, KEY, id, &said)).await.unwrap().unwrap();
    assert_eq!(tower.bot().await.restarts, 1, "a late word is better than none");
    clock.advance(7 * 86_400_000);
    assert_eq!(tower.bot().await.restarts, 0);
    tower.running.stop().await;
}

#[tokio::test]
async fn the_faces_hear_of_an_agent_that_grew_late() {
    let folder = tempfile::tempdir().unwrap();
    let clock = clock_at("2026-11-20T12:00:00Z");
    let tower = Tower::on(folder.path(), &clock).await;
    tower.beat(json!({ "agent": "bot" })).await;
    let mut heard = tower.handle.feed().subscribe(tower.handle.reader().last_seq().await.unwrap());
    let told = async {
        while !matches!(heard.next().await, Some(Change::Event(event)) if event.topics.contains(&Topic::Agents)) {}
    };
    // In steps so small that nobody takes them for a machine that slept.
    let growing_late = async {
        loop {
            clock.advance(5_000);
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::select! {
        () = told => {}
        () = growing_late => {}
        () = tokio::time::sleep(Duration::from_secs(20)) => panic!("nobody was told"),
    }
    tower.running.stop().await;
}

#[tokio::test]
async fn an_agent_keeps_its_newest_thousand_beats_and_a_forgotten_one_none() {
    let folder = tempfile::tempdir().unwrap();
    let tower = Tower::on(folder.path(), &clock_at("2026-11-20T12:00:00Z")).await;
    let hearer = Hearer { account: AccountId::OWNER, key: KEY.to_owned(), zone: ZONE.parse().unwrap() };
    let heard = tower.handle.record(move |recorder| {
        let mut id = 0;
        for number in 0..1_250 {
            let body = json!({ "agent": "bot", "message": format!("{number}"), "tokens_used": 1 });
            let beat = Beat::read(body.as_object().unwrap(), "body").unwrap();
            id = hear(recorder, &hearer, &beat)?.unwrap().agent_id;
        }
        Ok(Ok::<u32, ()>(id))
    });
    let id = heard.await.unwrap().unwrap();
    let kept = tower.handle.reader().agent_beats(id, 5_000).await.unwrap();
    assert!((1_000..1_100).contains(&kept.len()), "{}", kept.len());
    assert_eq!(kept[0].message.as_deref(), Some("1249"));
    assert_eq!(tower.bot().await.tokens_today, 1_250, "sums count all of them");

    let left = tower.call("agent_forget", json!({})).await;
    assert_eq!(left, json!({ "agents": [] }));
    assert!(tower.handle.reader().agent_beats(id, 5_000).await.unwrap().is_empty());
    let again = tower.beat(json!({ "agent": "bot" })).await;
    assert!(again.agent_id > id, "an id is never given twice");
    assert_eq!(tower.bot().await.tokens_today, 0);
    tower.running.stop().await;
}
