//! A store with a long past. A real tower writes the cues and one run of each; the other runs are copies of those rows
//! under other ids and instants, so that every table and index has the size that the runs would have given it.

use std::ops::Range;
use std::path::Path;

use chrono::{DateTime, Datelike as _};
use cuetower_tests::{Tower, until};
use rusqlite::Connection;
use serde_json::json;

use crate::arrivals::Arrivals;
use crate::{fleet, ledger, machine};

const PATIENCE: std::time::Duration = std::time::Duration::from_secs(120);

/// Makes a store of so many cues and runs, unless it is there already.
pub async fn make(store: &Path, cues: u32, runs: u32) {
    let whole = store.join("whole");
    if whole.exists() {
        return;
    }
    // What is left of one that broke off, if anything is.
    drop(std::fs::remove_dir_all(store));
    add_cues(store, 0..cues).await;
    fire_each(store, cues).await;
    let copied = store.to_owned();
    tokio::task::spawn_blocking(move || copy_runs(&copied, runs)).await.expect("the copies are made");
    std::fs::write(whole, "").expect("a file can be made");
}

/// How many cues a store has.
#[must_use]
pub fn cues_in(store: &Path) -> u32 {
    let count = ledger::open(store).query_row("SELECT count(*) FROM cues", [], |row| row.get(0));
    count.expect("the cues can be counted")
}

/// Starts a tower, adds these cues, and stops it. They do not come due soon, so that starting again finds nothing missed.
pub async fn add_cues(store: &Path, numbers: Range<u32>) {
    let mut tower = Tower::start_on(store).await;
    let now = DateTime::from_timestamp_micros(machine::now_us()).expect("the clock is near 2026");
    let month = (now.month0() + 6) % 12 + 1;
    let definitions = numbers.map(|number| {
        let (minute, hour, day) = (number % 60, number / 60 % 24, number / 1440 % 28 + 1);
        json!({
            "name": format!("cue {number}"), "transport": "webhook", "callback": { "url": "http://127.0.0.1:9/" },
            "schedule": { "type": "recurring", "cron": format!("{minute} {hour} {day} {month} *"), "timezone": "UTC" },
            "payload": { "number": number }, "confirm": "outcome",
        })
    });
    fleet::create(&tower, definitions).await;
    tower.stop().await;
}

/// Gives each cue the one run that the others are copied from.
async fn fire_each(store: &Path, cues: u32) {
    let agent = Arrivals::start().await;
    let mut tower = Tower::start_on(store).await;
    let (_, listed) = tower.get(&format!("/v1/cues?limit={cues}")).await;
    let listed = listed["cues"].as_array().expect("cues are listed").clone();
    for cue in &listed {
        let id = cue["id"].as_str().expect("a cue has an id");
        let callback = json!({ "callback": { "url": agent.url } });
        let (status, answer) = tower.patch(&format!("/v1/cues/{id}"), &callback).await;
        assert_eq!(status, 200, "{answer}");
        let (status, answer) = tower.post(&format!("/v1/cues/{id}/fire"), &json!({})).await;
        assert!((200..300).contains(&status), "{answer}");
    }
    until("end of every run", PATIENCE, async || {
        let (_, ended) = tower.get("/v1/executions?status=success&limit=1").await;
        (ended["total"] == cues).then_some(())
    })
    .await;
    tower.stop().await;
}

/// Copies until there are `runs`. Each table's own columns are taken as they are, but for ids, instants and sequences.
fn copy_runs(store: &Path, runs: u32) {
    let connection = Connection::open(store.join("cuetower.db")).expect("the store opens");
    // Nobody else is here, and the file is thrown away if this breaks off.
    connection
        .execute_batch("PRAGMA synchronous = OFF; PRAGMA journal_mode = MEMORY; PRAGMA cache_size = -400000;")
        .unwrap();
    let models: Vec<(String, String, String, i64)> = connection
        .prepare("SELECT r.id, r.cue_id, r.occurrence_id, r.due_ms FROM runs r")
        .and_then(|mut found| {
            found.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?)))?.collect()
        })
        .expect("the runs read");
    let copies = runs / u32::try_from(models.len()).expect("models are few");
    connection
        .execute_batch(&format!(
            "CREATE TEMP TABLE copy AS WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {copies}) SELECT i FROM n;"
        ))
        .unwrap();
    connection.execute_batch("BEGIN").unwrap();
    for (run, cue, occurrence, due_ms) in &models {
        copy_of_one(&connection, run, cue, occurrence, *due_ms, copies);
    }
    connection.execute_batch("COMMIT; PRAGMA journal_mode = WAL;").unwrap();
}

fn copy_of_one(connection: &Connection, run: &str, cue: &str, occurrence: &str, due_ms: i64, copies: u32) {
    // Every fact of the lane that names the run or its occurrence belongs to it.
    let about = format!("lane = '{cue}' AND (instr(body, '{run}') > 0 OR instr(body, '{occurrence}') > 0)");
    let facts: i64 = connection
        .query_row(&format!("SELECT count(*) FROM journal WHERE {about}"), [], |row| row.get(0))
        .expect("the journal reads");
    let last: i64 = connection
        .query_row("SELECT max(lane_seq) FROM journal WHERE lane = ?1", [cue], |row| row.get(0))
        .expect("a lane has facts");
    let first: i64 = connection
        .query_row(&format!("SELECT min(lane_seq) FROM journal WHERE {about}"), [], |row| row.get(0))
        .expect("the journal reads");
    // One minute further back for each copy, and an id that is as long.
    let (tail, earlier) = ("printf('%08x', copy.i)", "copy.i * 60000");
    let new_id = |id: &str| format!("'{}' || {tail}", &id[..id.len() - 8]);
    let renamed = |column: &str| {
        format!(
            "replace(replace(replace({column}, '{run}', {}), '{occurrence}', {}), '{due_ms}', {due_ms} - {earlier})",
            new_id(run),
            new_id(occurrence)
        )
    };
    let tables = [
        ("journal", about),
        ("occurrences", format!("id = '{occurrence}'")),
        ("runs", format!("id = '{run}'")),
        ("attempts", format!("run_id = '{run}'")),
        ("outputs", format!("run_id = '{run}'")),
    ];
    for (table, which) in tables {
        let columns: Vec<(String, String)> = connection
            .prepare(&format!("SELECT name, type FROM pragma_table_info('{table}')"))
            .and_then(|mut found| found.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?.collect())
            .expect("a table has columns");
        let values = columns.iter().map(|(name, kind)| match (name.as_str(), kind.as_str()) {
            ("seq", _) => "NULL".to_owned(),
            ("lane_seq", _) => format!("lane_seq - {first} + {last} + 1 + (copy.i - 1) * {facts}"),
            (name, "TEXT") => renamed(name),
            (name, "INTEGER") if name.ends_with("_ms") => format!("{name} - {earlier}"),
            (name, _) => name.to_owned(),
        });
        let (names, values) = (columns.iter().map(|(name, _)| name.clone()), values.collect::<Vec<_>>().join(", "));
        let names = names.collect::<Vec<_>>().join(", ");
        let sql = format!(
            "INSERT INTO main.{table} ({names}) SELECT {values} FROM main.{table}, temp.copy WHERE {which} ORDER BY copy.i"
        );
        connection.execute(&sql, []).unwrap_or_else(|error| panic!("{error} in {sql}"));
    }
    let seq = last + i64::from(copies) * facts;
    let moved = "UPDATE lanes SET lane_seq = ?2, state = json_set(state, '$.seq', ?2) WHERE lane = ?1";
    let changed = connection.execute(moved, rusqlite::params![cue, seq]).expect("the snapshot moves on");
    assert_eq!(changed, 1, "a stopped tower leaves a snapshot of each lane");
}
