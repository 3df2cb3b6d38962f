//! A store with a long past. A real tower writes the cues and one run of each; the other runs are copies of those rows
//! under other ids and instants, so that every table and index has the size that the runs would have given it.

use std::path::Path;

use cuetower_tests::{Tower, until};
use rusqlite::Connection;
use serde_json::json;

use crate::arrivals::Arrivals;
use crate::fleet;

const PATIENCE: std::time::Duration = std::time::Duration::from_secs(120);
/// Cues that get a past at most; the others are new.
const WITH_PAST: u32 = 100;

/// Makes the store, unless it is there already.
pub async fn ready(store: &Path, cues: u32, runs: u32) {
    if store.join("complete").exists() {
        return;
    }
    drop(std::fs::remove_dir_all(store));
    self::cues(store, cues).await;
    if runs > 0 {
        let store = store.to_owned();
        tokio::task::spawn_blocking(move || copy_runs(&store, runs)).await.expect("the copies are made");
    }
    std::fs::write(store.join("complete"), "").expect("a file can be made");
}

/// A store that a tower wrote and closed: so many cues that do not come due soon, some with one run behind them.
pub async fn cues(store: &Path, count: u32) {
    let agent = Arrivals::start().await;
    let mut tower = Tower::start_on(store).await;
    // Half a year away, so that starting finds nothing missed.
    let month = (chrono::Datelike::month0(&chrono::Utc::now()) + 6) % 12 + 1;
    let definitions = (0..count).map(|number| {
        let (minute, hour, day) = (number % 60, number / 60 % 24, number / 1440 % 28 + 1);
        json!({
            "name": format!("cue {number}"), "transport": "webhook", "callback": { "url": agent.url },
            "schedule": { "type": "recurring", "cron": format!("{minute} {hour} {day} {month} *"), "timezone": "UTC" },
            "payload": { "number": number },
        })
    });
    fleet::create(&tower, definitions).await;
    let with_past = count.min(WITH_PAST);
    let (_, listed) = tower.get(&format!("/v1/cues?limit={}", WITH_PAST)).await;
    let listed = listed["cues"].as_array().expect("cues are listed").clone();
    for cue in listed.iter().take(with_past as usize) {
        let id = cue["id"].as_str().expect("a cue has an id");
        let (status, answer) = tower.post(&format!("/v1/cues/{id}/fire"), &json!({})).await;
        assert!((200..300).contains(&status), "{answer}");
    }
    until("end of every run", PATIENCE, async || {
        let (_, ended) = tower.get("/v1/executions?status=success&limit=1").await;
        (ended["total"] == with_past).then_some(())
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
