//! A store that an older Cuetower wrote: the tower starts on it, brings it up to date, and takes up what was under way.

use std::path::Path;

use cuetower_tests::Tower;
use rusqlite::Connection;
use serde_json::json;

/// As issue 3's `cuetowerctl` left it, killed with `-9`: `done` ran twice, `awaited` waits for an outcome (attempt 1 was
/// answered 200), `retrying` waits for its second attempt (its instant was moved to the year 2100), `yearly` is armed by its schedule.
const FORMAT_2: &str = include_str!("format_2.sql");
const AWAITED: &str = "ba2016a9-d97e-4c68-b2de-e563463b01f9";
const RETRYING: &str = "a7cd9dba-51e2-42e4-a0d5-838c5d9b9a1d";

fn number(data: &Path, sql: &str) -> i64 {
    Connection::open(data.join("cuetower.db")).unwrap().query_row(sql, [], |row| row.get(0)).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_of_the_second_format_is_brought_up_to_date_with_everything_that_was_under_way() {
    let data = tempfile::tempdir().unwrap();
    let old = Connection::open(data.path().join("cuetower.db")).unwrap();
    old.execute_batch(FORMAT_2).unwrap();
    drop(old);
    let facts = number(data.path(), "SELECT count(*) FROM journal");
    let mut tower = Tower::start_on(data.path()).await;
    assert_eq!(number(data.path(), "PRAGMA user_version"), 9);
    assert!(
        number(data.path(), "SELECT count(*) FROM journal") > facts,
        "what was there is kept, and the start is added"
    );
    assert_eq!(number(data.path(), "SELECT count(*) FROM workers"), 0);

    let story = async |run: &str| tower.owner("run_get", &json!({ "run_id": run })).await;
    let awaited = story(AWAITED).await;
    assert_eq!((&awaited["state"], &awaited["attempts"][0]["http_status"]), (&json!("pending_outcome"), &json!(200)));
    let outcome = json!({ "success": true, "summary": "after the update" });
    let (status, answer) = tower.post(&format!("/v1/executions/{AWAITED}/outcome"), &outcome).await;
    assert_eq!(status, 200, "{answer}");
    let awaited = story(AWAITED).await;
    assert_eq!(
        (&awaited["state"], &awaited["outcome"]["summary"]),
        (&json!("claimed"), &outcome["summary"]),
        "{awaited:#}"
    );
    let retrying = story(RETRYING).await;
    assert_eq!((&retrying["state"], &retrying["attempts"][0]["exit_code"]), (&json!("retrying"), &json!(3)));
    let yearly = tower.ctl(&["cue", "show", "yearly", "--json"]).await.good();
    assert!(yearly.contains("\"pause\": true"), "{yearly}");
    let stop = tower.owner("run_stop", &json!({ "run_id": RETRYING })).await;
    assert_eq!(stop, json!({}));

    // What this version adds works on it.
    tower.ctl(&["pool", "set", "openai", "--concurrency", "1"]).await.good();
    let worker = json!({ "name": "job", "transport": "worker", "schedule": { "type": "manual" }, "uses": ["openai"] });
    let job = tower.owner("cue_create", &json!({ "definition": worker })).await;
    let fired = tower.owner("cue_fire", &json!({ "cue_id": job["id"] })).await;
    let (status, claim) = tower.post("/v1/executions/claim", &json!({ "worker_id": "w1" })).await;
    assert_eq!((status, &claim["execution_id"]), (200, &fired["run_id"]), "{claim}");
    tower.kill9().await;
    tower.again().await;
    let (_, executions) = tower.get("/v1/executions?limit=100").await;
    assert_eq!(executions["total"], 5, "{executions}");
    tower.stop().await;
}
