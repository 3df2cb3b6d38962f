//! Older formats of the file, brought to this one when it is opened. What each table adds is said by its own file.

use super::{
    accounts, addresses, alerts, audit, bands, counts, cues, keys, lanes, live_sessions, logins, messages, occurrences,
    outputs, runs, subscriptions, workers,
};

/// Format 1 clustered its large rows by random ids (`WITHOUT ROWID`), which doubled the file and the work of a commit.
const REBUILT: [(&str, &str, &str); 5] = [
    ("occurrences", occurrences::SCHEMA, occurrences::FROM_FORMAT_1),
    ("cues", CUES_OF_3, cues::FROM_FORMAT_1),
    ("runs", runs::SCHEMA, "INSERT INTO runs SELECT * FROM runs_1;"),
    ("lanes", lanes::SCHEMA, "INSERT INTO lanes SELECT * FROM lanes_1;"),
    ("outputs", outputs::SCHEMA, "INSERT INTO outputs SELECT * FROM outputs_1;"),
];
/// Indexes keep their names when their table is renamed.
const INDEXES_OF_1: [&str; 6] =
    ["occurrences_by_due", "occurrences_by_cue", "occurrences_by_run", "cues_by_name", "runs_by_cue", "runs_by_due"];

/// The table of cues as formats 2 and 3 had it.
const CUES_OF_3: &str = "CREATE TABLE cues (
  id TEXT PRIMARY KEY,
  name TEXT NOT NULL,
  status TEXT NOT NULL,
  created_at_ms INTEGER NOT NULL,
  body TEXT NOT NULL,
  run_count INTEGER NOT NULL DEFAULT 0,
  last_run_at_ms INTEGER
) STRICT;
CREATE UNIQUE INDEX cues_by_name ON cues (name) WHERE status <> 'deleted';";

/// The table of workers as format 3 had it.
const WORKERS_OF_3: &str = "CREATE TABLE workers (
  id TEXT PRIMARY KEY,
  handlers TEXT NOT NULL,
  registered_at_ms INTEGER NOT NULL,
  last_seen_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;";

/// The statements that make today's format of an older one.
pub(super) fn from(format: i64) -> String {
    let steps = [from_1(), WORKERS_OF_3.to_owned(), from_3(), from_4(), from_5(), from_6(), from_7()];
    let first = usize::try_from(format - 1).unwrap_or(0);
    steps[first..].join("\n")
}

/// The statements that make format 8 of format 7.
fn from_7() -> String {
    [runs::FROM_FORMAT_7, occurrences::FROM_FORMAT_7, super::search::SCHEMA, super::search::FROM_FORMAT_7].join("\n")
}

/// The statements that make format 7 of format 6.
fn from_6() -> String {
    [
        keys::FROM_FORMAT_6,
        super::secrets::FROM_FORMAT_6,
        super::secrets::BESIDE,
        runs::FROM_FORMAT_6,
        super::gates::SCHEMA,
    ]
    .join("\n")
}

/// The statements that make format 6 of format 5.
fn from_5() -> String {
    [
        super::alerts::FROM_FORMAT_5,
        super::alert_rules::SCHEMA,
        super::channels::SCHEMA,
        super::outbox::SCHEMA,
        super::usual::SCHEMA,
        super::watches::SCHEMA,
        super::fuses::SCHEMA,
    ]
    .join("\n")
}

/// The statements that make format 5 of format 4.
fn from_4() -> String {
    [
        super::steps::SCHEMA,
        super::steps::FROM_FORMAT_4,
        super::prices::SCHEMA,
        super::costs::SCHEMA,
        super::otlp_out::SCHEMA,
    ]
    .join("\n")
}

/// The statements that make format 4 of format 3.
fn from_3() -> String {
    let workers =
        ["ALTER TABLE workers RENAME TO workers_3;", workers::SCHEMA, workers::FROM_FORMAT_3, "DROP TABLE workers_3;"];
    [
        cues::FROM_FORMAT_3,
        keys::FROM_FORMAT_3,
        runs::FROM_FORMAT_3,
        occurrences::FROM_FORMAT_3,
        accounts::SCHEMA,
        logins::SCHEMA,
        alerts::FROM_FORMAT_3,
        counts::SCHEMA,
    ]
    .into_iter()
    .chain(workers)
    .chain([super::agents::SCHEMA, super::beats::SCHEMA, super::agent_commands::SCHEMA])
    .chain([addresses::SCHEMA, messages::SCHEMA, subscriptions::SCHEMA, live_sessions::SCHEMA])
    .collect::<Vec<_>>()
    .join("\n")
}

/// The statements that make format 2 of format 1.
fn from_1() -> String {
    let mut all: Vec<String> = INDEXES_OF_1.iter().map(|index| format!("DROP INDEX {index};")).collect();
    for (table, schema, copy) in REBUILT {
        all.push(format!("ALTER TABLE {table} RENAME TO {table}_1;\n{schema}\n{copy}\nDROP TABLE {table}_1;"));
    }
    all.extend([bands::SCHEMA.to_owned(), audit::SCHEMA.to_owned()]);
    all.join("\n")
}

#[cfg(test)]
mod tests {
    use rusqlite::Connection;

    /// A store as the first release made it, with one cue that ran three times and was paused.
    const FORMAT_1: &str = include_str!("format_1.sql");

    #[test]
    fn a_store_of_the_first_format_keeps_everything() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("cuetower.db");
        let old = Connection::open(&path).unwrap();
        old.execute_batch(FORMAT_1).unwrap();
        let costly: String = old
            .query_row("UPDATE runs SET cost_usd = 0.5 WHERE id = (SELECT min(id) FROM runs) RETURNING id", [], |row| {
                row.get(0)
            })
            .unwrap();
        drop(old);
        let journal = crate::journal::Journal::open(folder.path()).unwrap();
        let lanes = crate::journal::load(&journal).unwrap().lanes;
        assert_eq!(lanes.len(), 1);
        assert_eq!(lanes[0].lane.cue.run_count, 3);
        let rows = |sql: &str| Connection::open(&path).unwrap().query_row(sql, [], |row| row.get::<_, i64>(0)).unwrap();
        assert_eq!(rows("SELECT run_count FROM cues"), 3);
        assert_eq!(rows("SELECT count(*) FROM runs"), 3);
        let decided = "SELECT count(*) FROM occurrences WHERE state = 'ran' AND decided_seq IS NOT NULL";
        assert_eq!(rows(decided), 3);
        assert_eq!(rows("PRAGMA user_version"), 8);
        assert_eq!(rows("SELECT count(*) FROM workers"), 0);
        let (steps, sums) = journal.steps(&costly).unwrap().expect("what it cost is known still");
        assert_eq!((steps.len(), sums.total().cost.map(|cost| cost.usd())), (0, Some(0.5)));
        assert_eq!(rows("SELECT sum(cost_nano) FROM spend_days"), 500_000_000);
        assert_eq!(
            rows("SELECT count(*) FROM sqlite_master WHERE type = 'table' AND name LIKE '%\\_1' ESCAPE '\\'"),
            0
        );
        drop(journal);
        crate::journal::Journal::open(folder.path()).unwrap();
    }
}
