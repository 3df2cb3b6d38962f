//! The real binary against time: its wall clock is set while it runs (libfaketime) and while it is off, and it is stopped
//! like a machine too busy to let it go on. Each scene ends with the audit at 0. A sleep of the machine itself cannot be
//! had in a process: the simulator lives through that.

mod off;
mod setting;
mod stopped;
mod summer;

use std::collections::BTreeMap;
use std::time::Duration;

use cuetower_tests::{Answer, Server, Tower, Wall, ms, until};
use serde_json::{Value, json};
use tempfile::TempDir;

const SOON: Duration = Duration::from_secs(20);
/// Occurrences in one page of the ledger.
const PAGE: usize = 500;

/// A tower by a wall clock of its own, and an agent that does its work at once.
struct Scene {
    wall: Wall,
    tower: Tower,
    agent: Server,
    data: TempDir,
}

impl Scene {
    async fn at(instant: &str) -> Scene {
        let (wall, data) = (Wall::at(instant), tempfile::tempdir().unwrap());
        let agent = Server::start(|_, seen| match seen.path.as_str() {
            "/later" => Answer::status(202),
            _ => Answer::json(200, &json!({ "success": true })),
        })
        .await;
        let tower = tower_on(&data, &wall, &[]).await;
        Scene { wall, tower, agent, data }
    }

    /// Starts the tower again, with this in its environment.
    async fn again_with(&mut self, env: &[(&str, &str)]) {
        self.tower = tower_on(&self.data, &self.wall, env).await;
    }

    /// A cue in UTC whose agent answers with success; `more` is laid over its definition.
    async fn cue(&self, name: &str, cron: &str, more: Value) -> String {
        let mut definition = json!({
            "name": name, "transport": "webhook", "callback": { "url": format!("{}/run", self.agent.url) },
            "schedule": { "type": "recurring", "cron": cron, "timezone": "UTC" },
        });
        definition.as_object_mut().unwrap().extend(more.as_object().cloned().unwrap());
        let cue = self.tower.owner("cue_create", &json!({ "definition": definition })).await;
        cue["id"].as_str().unwrap().to_owned()
    }

    /// Every occurrence of a cue that has come due, newest first.
    async fn ledger(&self, cue_id: &str) -> Vec<Value> {
        let (mut marks, mut before_ms) = (Vec::new(), None);
        loop {
            let request = json!({ "cue_id": cue_id, "before_ms": before_ms, "limit": PAGE });
            let mut page = self.tower.owner("ledger", &request).await;
            marks.append(page["marks"].as_array_mut().unwrap());
            before_ms = marks.last().map(|mark: &Value| mark["due_ms"].as_i64().unwrap());
            if page["more"] == false {
                marks.retain(|mark| mark["scheduled"] != "due");
                return marks;
            }
        }
    }

    /// How many instants ended in which way: "ran", "coalesced", "missed: the tower was off; …".
    async fn ends(&self, cue_id: &str) -> BTreeMap<String, u64> {
        let mut ends = BTreeMap::new();
        for mark in self.ledger(cue_id).await {
            let end = match (mark["scheduled"].as_str().unwrap(), mark["scheduled_reason"].as_str()) {
                (end @ ("missed" | "skipped"), Some(reason)) => format!("{end}: {reason}"),
                (end, _) => end.to_owned(),
            };
            *ends.entry(end).or_default() += mark["count"].as_u64().unwrap();
        }
        ends
    }

    /// Waits until they have ended so, and nothing else has.
    async fn end_as(&self, cue_id: &str, expected: &[(&str, u64)]) {
        let expected: BTreeMap<String, u64> = expected.iter().map(|(end, count)| ((*end).to_owned(), *count)).collect();
        let mut found = BTreeMap::new();
        let asking = tokio::time::timeout(SOON, async {
            while found != expected {
                tokio::time::sleep(Duration::from_millis(50)).await;
                found = self.ends(cue_id).await;
            }
        });
        drop(asking.await);
        assert_eq!(found, expected);
    }

    /// Due instants of a cue that ran, oldest first.
    async fn ran_at(&self, cue_id: &str) -> Vec<i64> {
        let ran = self.ledger(cue_id).await.into_iter().filter(|mark| mark["scheduled"] == "ran");
        let mut due: Vec<i64> = ran.map(|mark| mark["due_ms"].as_i64().unwrap()).collect();
        due.sort_unstable();
        due
    }

    async fn state_of(&self, run_id: &Value) -> String {
        self.tower.owner("run_get", &json!({ "run_id": run_id })).await["state"].as_str().unwrap().to_owned()
    }

    /// Until the tower's clock has come there.
    async fn lives_until(&self, instant: &str) {
        until("sign of life", SOON, async || {
            let status = self.tower.owner("tower_status", &json!({})).await;
            (status["now_ms"].as_i64() >= Some(ms(instant))).then_some(())
        })
        .await;
    }

    /// The one grey band there is.
    async fn band(&self) -> Value {
        let board = self.tower.owner("board", &json!({ "from_ms": -1, "to_ms": i64::MAX })).await;
        let bands = board["bands"].as_array().unwrap();
        assert_eq!(bands.len(), 1, "{bands:?}");
        bands[0].clone()
    }

    /// It says why, begins between two instants and ends between two others.
    async fn grey(&self, reason: &str, from: [&str; 2], to: [&str; 2]) {
        let band = self.band().await;
        let within =
            |field: &str, [first, last]: [&str; 2]| (ms(first)..=ms(last)).contains(&band[field].as_i64().unwrap());
        assert_eq!(band["reason"], reason, "{band}");
        assert!(within("from_ms", from) && within("to_ms", to), "{band}: {from:?} {to:?}");
    }

    /// The briefing's line about a cue.
    async fn told(&self, cue_id: &str) -> Value {
        let briefing = self.tower.owner("briefing", &json!({})).await;
        let lines = briefing["card"]["lines"].as_array().unwrap_or_else(|| panic!("nothing is told: {briefing}"));
        lines.iter().find(|line| line["cue_id"] == cue_id).unwrap_or_else(|| panic!("not in {briefing}")).clone()
    }

    /// Nothing is unexplained, and no attempt went out twice; the instants that the schedules named.
    async fn holds(&self) -> u64 {
        let audit = self.tower.ctl(&["ledger", "audit", "--json"]).await;
        let found: Value = serde_json::from_str(&audit.out).unwrap_or_else(|error| panic!("{error} in {audit:?}"));
        assert_eq!((audit.code, &found["unexplained"]), (Some(0), &json!(0)), "{found}");
        let mut attempts: Vec<String> = self.agent.seen().iter().map(|seen| seen.json()).map(attempt).collect();
        let all = attempts.len();
        attempts.sort_unstable();
        attempts.dedup();
        assert_eq!(attempts.len(), all, "an attempt went out twice");
        found["instants"].as_u64().unwrap()
    }
}

async fn tower_on(data: &TempDir, wall: &Wall, env: &[(&str, &str)]) -> Tower {
    let laid_over = wall.env();
    let laid_over = laid_over.iter().map(|(name, value)| (name.as_str(), value.as_str()));
    let env: Vec<(&str, &str)> = laid_over.chain(env.iter().copied()).collect();
    Tower::start_with(Some(data.path()), &[], &env).await
}

fn attempt(body: Value) -> String {
    format!("{} {}", body["execution_id"], body["attempt"])
}

fn policy(policy: &str) -> Value {
    json!({ "catch_up": { "policy": policy } })
}

/// Half a day, however short the gap to the next instant is.
fn latest() -> Value {
    json!({ "catch_up": { "policy": "latest", "within_seconds": 43_200 } })
}
