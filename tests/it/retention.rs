//! The past beyond what its owner keeps is put away on a real tower: by age, by count and by size; what is needed stays, what it cost
//! stays, the ledger is whole, the file becomes smaller, and `kill -9` leaves a store that is whole.

use std::collections::BTreeSet;
use std::path::Path;
use std::time::Duration;

use cuetower_tests::{Tower, Wall, ctl_in, send, until};
use rand::rngs::{StdRng, SysRng};
use rand::{Rng as _, SeedableRng as _};
use reqwest::Method;
use rusqlite::{Connection, OpenFlags};
use serde_json::{Value, json};
use tempfile::TempDir;

const PATIENCE: Duration = Duration::from_secs(120);
const DAY_MS: i64 = 86_400_000;

/// A tower by a clock of its own, that a test sets ahead.
struct Scene {
    wall: Wall,
    tower: Tower,
    data: TempDir,
}

impl Scene {
    async fn new() -> Scene {
        let (wall, data) = (Wall::at("2026-03-02T10:00:00Z"), tempfile::tempdir().unwrap());
        let tower = tower_on(data.path(), &wall).await;
        Scene { wall, tower, data }
    }

    async fn again(&mut self) {
        self.tower = tower_on(self.data.path(), &self.wall).await;
    }

    async fn set(&self, name: &str, value: u32) {
        self.tower.owner("setting_set", &json!({ "name": name, "value": value.to_string() })).await;
    }

    /// A cue whose runs are taken by a worker.
    async fn cue(&self, name: &str, more: Value) -> String {
        let mut cue = json!({ "name": name, "agent": "ada", "transport": "worker", "schedule": { "type": "manual" }, "overlap": "allow",
                              "retry": { "max_attempts": 1 } });
        cue.as_object_mut().unwrap().extend(more.as_object().cloned().unwrap());
        let (status, answer) = self.tower.post("/v1/cues", &cue).await;
        assert_eq!(status, 201, "{answer}");
        answer["id"].as_str().unwrap().to_owned()
    }

    /// A run with one step that ends so, and its id.
    async fn ran(&self, cue: &str, success: bool, output: &str) -> String {
        ran(&self.tower, cue, success, output).await
    }

    async fn many(&self, cue: &str, count: u32, success: bool) -> Vec<String> {
        let mut runs = Vec::new();
        for _ in 0..count {
            runs.push(self.ran(cue, success, "done").await);
        }
        runs
    }

    fn store(&self) -> Connection {
        opened(self.data.path())
    }

    fn runs(&self, cue: &str) -> BTreeSet<String> {
        let store = self.store();
        let mut found = store.prepare("SELECT id FROM runs WHERE cue_id = ?1").unwrap();
        found.query_map([cue], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
    }

    fn number(&self, sql: &str) -> i64 {
        self.store().query_row(sql, [], |row| row.get(0)).unwrap()
    }

    async fn put_away(&self) -> Value {
        self.tower.owner("retention_run", &json!({})).await
    }
}

async fn tower_on(data: &Path, wall: &Wall) -> Tower {
    let env = wall.env();
    let env: Vec<(&str, &str)> = env.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    Tower::start_with(Some(data), &[], &env).await
}

fn opened(data: &Path) -> Connection {
    Connection::open_with_flags(data.join("cuetower.db"), OpenFlags::SQLITE_OPEN_READ_ONLY).unwrap()
}

async fn ran(tower: &Tower, cue: &str, success: bool, output: &str) -> String {
    let (status, fired) = tower.post(&format!("/v1/cues/{cue}/fire"), &json!({})).await;
    assert!(status < 300, "{fired}");
    let id = fired["id"].as_str().unwrap().to_owned();
    let (status, claimed) = tower.post(&format!("/v1/executions/{id}/claim"), &json!({ "worker_id": "ada" })).await;
    assert_eq!(status, 200, "{claimed}");
    let token = claimed["run_token"].as_str().unwrap().to_owned();
    let tell = async |method, path: &str, body: Value| {
        let url = format!("{}/v1/executions/{id}/{path}", tower.agents);
        let (status, answer) = send(method, &url, Some(&token), Some(&body)).await;
        assert!(status < 300, "{path}: {answer}");
    };
    tell(Method::PUT, "steps/fetch", json!({ "name": "fetch", "kind": "llm", "model": "house-model" })).await;
    let done = json!({ "cost_usd": 0.1, "tokens": { "input": 100, "output": 20 }, "output": output });
    tell(Method::POST, "steps/fetch/complete", done).await;
    let outcome = if success {
        json!({ "success": true, "summary": "zebra counted" })
    } else {
        json!({ "success": false, "error": "zebra lost" })
    };
    tell(Method::POST, "outcome", outcome).await;
    id
}

/// What of the store may never be, whatever was put away and whatever was killed on the way. `runs`: that there were.
fn broken(data: &Path, runs: i64) -> Vec<String> {
    let store = opened(data);
    let mut found = Vec::new();
    let whole: String = store.query_row("PRAGMA integrity_check", [], |row| row.get(0)).unwrap();
    if whole != "ok" {
        found.push(whole);
    }
    let mut none = |what: &str, sql: &str| {
        let count: i64 = store.query_row(sql, [], |row| row.get(0)).unwrap();
        if count != 0 {
            found.push(format!("{what}: {count}"));
        }
    };
    none("runs without an occurrence", "SELECT count(*) FROM runs WHERE id NOT IN (SELECT run_id FROM occurrences)");
    none(
        "occurrences that ran and have no run",
        "SELECT count(*) FROM occurrences WHERE state = 'ran' AND id NOT LIKE 'put-away:%' AND run_id NOT IN (SELECT id FROM runs)",
    );
    for (table, of) in [("attempts", "run_id"), ("outputs", "run_id")] {
        none(table, &format!("SELECT count(*) FROM {table} WHERE {of} NOT IN (SELECT id FROM runs)"));
    }
    none(
        "steps of nobody",
        "SELECT count(*) FROM steps WHERE spend NOT IN (SELECT w.id FROM spend w JOIN runs r ON r.id = w.run_id)
           AND spend NOT IN (SELECT of FROM put_away_left WHERE what = 'steps')",
    );
    none(
        "docs of runs that are gone",
        "SELECT count(*) FROM search_docs WHERE doc < 1 << 61 AND ref NOT IN (SELECT id FROM runs)",
    );
    none(
        "records that tell another number",
        "SELECT count(*) FROM (SELECT sum(count) AS told, (SELECT sum(p.count) FROM put_away p WHERE p.cue_id = o.cue_id) AS gone
           FROM occurrences o WHERE id LIKE 'put-away:%' GROUP BY cue_id) WHERE told <> gone",
    );
    none(
        "runs that nothing tells of",
        &format!(
            "SELECT (SELECT count(*) FROM runs) + (SELECT coalesce(sum(count), 0) FROM put_away WHERE state = 'ran') - {runs}"
        ),
    );
    found
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_too_old_goes_and_what_something_needs_stays() {
    let mut scene = Scene::new().await;
    let (old, kept) =
        (scene.cue("old", json!({})).await, scene.cue("kept", json!({ "retention": { "days": 365 } })).await);
    let good = scene.cue("good", json!({})).await;
    let gone = scene.many(&old, 8, false).await;
    let of_kept = scene.many(&kept, 3, false).await;
    scene.many(&good, 60, true).await;
    // Due by the clock, so that there is something to audit.
    let ticks = scene
        .cue(
            "ticks",
            json!({ "transport": "command", "confirm": "exit_code", "command": { "argv": ["false"] },
                    "schedule": { "type": "recurring", "cron": "* * * * * *", "timezone": "UTC" } }),
        )
        .await;
    until("five ticks", PATIENCE, async || (scene.runs(&ticks).len() >= 5).then_some(())).await;
    scene.tower.patch(&format!("/v1/cues/{ticks}"), &json!({ "status": "paused" })).await;
    let live = "SELECT count(*) FROM runs WHERE ended_at_ms IS NULL";
    until("end of every run", PATIENCE, async || (scene.number(live) == 0).then_some(())).await;

    scene.wall.step(40 * DAY_MS);
    // What is replayed at a start stays until a lane's state was written down after it; a stop does.
    scene.tower.stop().await;
    scene.again().await;
    let newest = scene.ran(&old, false, "now").await;
    let runs = scene.number("SELECT count(*) FROM runs");
    let alerts = scene.tower.owner("alerts", &json!({ "limit": 200 })).await;
    let cited: BTreeSet<String> = alerts["alerts"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|alert| Some(alert["run_id"].as_str()?.to_owned()))
        .collect();
    let asked = json!({ "days": 90 });
    let costs = scene.tower.owner("costs", &asked).await;
    let table = scene.tower.owner("costs_csv", &asked).await;
    let audited = |audit: Value| (audit["instants"].clone(), audit["unexplained"].clone());
    let whole = audited(scene.tower.owner("ledger_audit", &json!({ "days": null })).await);
    assert_eq!(whole.1, 0);
    let envelope = scene.tower.owner("cue_envelope", &json!({ "cue_id": good })).await;

    scene.set("retention.keep_days", 30).await;
    let outlook = scene.tower.owner("retention", &json!({})).await;
    assert!(outlook["would_go"].as_u64().unwrap() >= 60 && outlook["oldest_ms"].is_number(), "{outlook}");
    let view = scene.put_away().await;
    assert_eq!(view["trouble"], Value::Null, "{view}");

    let left = scene.runs(&old);
    assert!(left.contains(&newest), "the newest of a cue stays");
    for run in &gone {
        assert_eq!(left.contains(run), cited.contains(run), "old ones go, unless an open alert is about them");
    }
    assert!(
        gone.iter().any(|run| !left.contains(run)) && gone.iter().all(|run| cited.contains(run) || !left.contains(run))
    );
    assert_eq!(scene.runs(&kept), of_kept.into_iter().collect(), "a cue's own rule stands before the tower's");
    let samples: BTreeSet<String> = {
        let store = scene.store();
        let mut found = store.prepare("SELECT run_id FROM samples WHERE cue_id = ?1").unwrap();
        found.query_map([&good], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
    };
    assert!(samples.len() >= 50, "its envelope knows what it knew: {}", samples.len());
    assert_eq!(scene.runs(&good), samples);
    assert_eq!(scene.tower.owner("cue_envelope", &json!({ "cue_id": good })).await, envelope);

    assert_eq!(scene.tower.owner("costs", &asked).await, costs, "what was spent stays as it was, to the last digit");
    assert_eq!(scene.tower.owner("costs_csv", &asked).await["text"], table["text"]);
    for days in [json!(null), json!(90), json!(41), json!(10)] {
        let audit = scene.tower.owner("ledger_audit", &json!({ "days": days })).await;
        assert_eq!(audit["unexplained"], 0, "{days} days: {audit}");
    }
    assert_eq!(audited(scene.tower.owner("ledger_audit", &json!({ "days": null })).await), whole);
    let ledger = scene.tower.owner("ledger", &json!({ "cue_id": old, "before_ms": null, "limit": 50 })).await;
    let record =
        ledger["marks"].as_array().unwrap().iter().find(|mark| mark["run_id"].is_null()).expect("a record of them");
    let put_away = gone.iter().filter(|run| !left.contains(*run)).count();
    assert_eq!(record["count"], put_away as u64, "{record}");
    assert_eq!(record["scheduled_reason"], format!("put away by retention ({put_away} failed)"));
    let found = scene.tower.owner("search", &json!({ "text": "zebra" })).await;
    let there: BTreeSet<String> = [&old, &kept, &good].into_iter().flat_map(|cue| scene.runs(cue)).collect();
    for hit in found["hits"].as_array().unwrap().iter().filter(|hit| hit["kind"] == "run") {
        assert!(there.contains(hit["id"].as_str().unwrap()), "a dead hit: {hit}");
    }
    let facts = "SELECT count(*) FROM journal WHERE body ->> '$.run_id' NOT IN (SELECT id FROM runs)";
    assert_eq!(scene.number(facts), 0, "facts of runs that are gone go with them");
    let (status, _) =
        scene.tower.get(&format!("/v1/executions/{}", gone.iter().find(|run| !left.contains(*run)).unwrap())).await;
    assert_eq!(status, 404);
    assert_eq!(broken(scene.data.path(), runs), Vec::<String>::new());

    // What is left is a tower like any other.
    scene.tower.stop().await;
    scene.again().await;
    scene.ran(&old, true, "again").await;
    assert_eq!(audited(scene.tower.owner("ledger_audit", &json!({ "days": null })).await).1, 0);
    let said = scene.tower.ctl(&["retention"]).await.good();
    assert!(said.contains("of the last 30 days") && said.contains("Of kept: of the last 365 days"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn only_so_many_are_kept_of_a_cue_and_of_the_tower() {
    let scene = Scene::new().await;
    let own = scene.cue("own", json!({ "retention": { "runs": 4 } })).await;
    let (one, other) = (scene.cue("one", json!({})).await, scene.cue("other", json!({})).await);
    let mut all = BTreeSet::new();
    for _ in 0..6 {
        for cue in [&own, &one, &other] {
            all.insert(scene.ran(cue, false, "x").await);
        }
    }
    scene.set("retention.keep_runs", 5).await;
    scene.put_away().await;
    let runs = |scene: &Scene| [&own, &one, &other].map(|cue| scene.runs(cue).len());
    assert_eq!(runs(&scene), [6, 6, 6], "what ended today stays");
    scene.wall.step(2 * DAY_MS);
    let open = scene.tower.owner("alerts", &json!({ "limit": 200 })).await;
    for alert in open["alerts"].as_array().unwrap() {
        println!("{} {} {}", alert["kind"], alert["state"], alert["run_id"]);
    }
    scene.put_away().await;
    let [own_left, one_left, other_left] = runs(&scene);
    // Beside those, one for each cue that its open alert is about.
    assert!((4..=5).contains(&own_left), "{own_left}");
    assert!((5..=7).contains(&(one_left + other_left)), "{one_left} and {other_left}");
    assert_eq!(broken(scene.data.path(), 18), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_that_is_too_large_becomes_smaller_on_the_disk() {
    let mut scene = Scene::new().await;
    let cue = scene.cue("large", json!({})).await;
    let noise: String = {
        let mut luck = StdRng::seed_from_u64(7);
        (0..100_000).map(|_| char::from(b'a' + (luck.next_u32() % 26) as u8)).collect()
    };
    for _ in 0..120 {
        scene.ran(&cue, false, &noise).await;
    }
    scene.wall.step(2 * DAY_MS);
    let newest = scene.ran(&cue, false, "small").await;
    let size = || std::fs::metadata(scene.data.path().join("cuetower.db")).unwrap().len();
    let view = scene.tower.owner("retention", &json!({})).await;
    assert_eq!(view["gives_back"], true);
    scene.set("retention.keep_size_mb", 8).await;
    let view = scene.put_away().await;
    assert_eq!(view["trouble"], Value::Null, "{view}");
    let last = &view["last"];
    assert!(last["bytes_before"].as_u64().unwrap() > 12_000_000, "{view}");
    assert!(last["bytes_after"].as_u64().unwrap() <= 10_000_000, "{view}");
    // Bringing it in may wait for a reader of the old pages.
    until("a smaller file", PATIENCE, async || {
        scene.tower.owner("retention", &json!({})).await;
        (size() <= 10_000_000).then_some(())
    })
    .await;
    let left = scene.runs(&cue);
    assert!(left.contains(&newest) && (20..120).contains(&left.len()), "no more went than had to: {}", left.len());
    assert_eq!(broken(scene.data.path(), 121), Vec::<String>::new());

    // All that is left is needed or fresh: it is told.
    scene.set("retention.keep_size_mb", 5).await;
    scene.many(&cue, 1, false).await;
    for _ in 0..60 {
        scene.ran(&cue, false, &noise).await;
    }
    let view = scene.put_away().await;
    let trouble = view["trouble"].as_str().unwrap_or_default();
    assert!(trouble.contains("no more than 5 MB") && trouble.contains("younger than a day"), "{view}");

    scene.tower.stop().await;
    let said = ctl_in(scene.data.path(), &["retention", "compact"], "").await.good();
    assert!(said.starts_with("The store took "), "{said}");
    assert_eq!(broken(scene.data.path(), 121 + 61), Vec::<String>::new());
    scene.again().await;
    let refused = scene.tower.ctl(&["retention", "compact"]).await;
    assert!(refused.code == Some(1) && refused.err.contains("A tower runs on"), "{}", refused.err);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_kill_in_the_middle_leaves_a_whole_store_and_the_next_pass_goes_on() {
    let mut scene = Scene::new().await;
    let mut cues = Vec::new();
    for number in 0..4 {
        cues.push(scene.cue(&format!("cue {number}"), json!({})).await);
    }
    let runs = 400;
    let tower = &scene.tower;
    let firing = cues.iter().map(|cue| async move {
        for _ in 0..100 {
            ran(tower, cue, false, &"y".repeat(3_000)).await;
        }
    });
    let mut firing: Vec<_> = firing.map(Box::pin).collect();
    let (first, rest) = firing.split_at_mut(2);
    let ([one, two], [three, four]) = (first, rest) else { unreachable!("there are four") };
    tokio::join!(one, two, three, four);
    drop(firing);
    scene.wall.step(40 * DAY_MS);
    scene.set("retention.keep_days", 30).await;
    let costs = scene.tower.owner("costs", &json!({ "days": 90 })).await;
    let mut luck = StdRng::try_from_rng(&mut SysRng).unwrap();
    let (mut between, mut kills) = (0, 0_u64);
    loop {
        let before = scene.number("SELECT count(*) FROM runs");
        let request = json!({});
        let pass = scene.tower.owner_call("retention_run", &request);
        // Each pass gets longer than the one before: on a slow disk too, one of them comes to its end.
        let wait = Duration::from_millis(30 + luck.next_u64() % (400 + 20 * kills));
        let over = tokio::time::timeout(wait, pass).await;
        if let Ok((status, view)) = over {
            assert_eq!((status, &view["trouble"]), (200, &Value::Null), "{view}");
            break;
        }
        scene.tower.kill9().await;
        kills += 1;
        assert_eq!(broken(scene.data.path(), runs), Vec::<String>::new(), "after {kills} kills");
        let now = scene.number("SELECT count(*) FROM runs");
        let left = scene.number("SELECT count(*) FROM put_away_left");
        between += u32::from(now < before || left > 0);
        assert!(kills < 200, "it never comes to an end");
        scene.tower.again().await;
    }
    println!("{kills} kills, {between} of them in the middle of something");
    assert!(between > 0, "no kill met a pass at work");
    assert_eq!(broken(scene.data.path(), runs), Vec::<String>::new());
    let left = scene.number("SELECT count(*) FROM runs");
    assert!((4..=12).contains(&left), "the newest of each, and what alerts are about: {left}");
    assert_eq!(scene.number("SELECT count(*) FROM put_away_left"), 0);
    assert_eq!(scene.tower.owner("costs", &json!({ "days": 90 })).await, costs);
    assert_eq!(scene.tower.owner("ledger_audit", &json!({ "days": null })).await["unexplained"], 0);
}
