//! Older formats of the file, brought to this one when it is opened. What each table adds is said by its own file.

use rusqlite::Connection;

use super::{
    FORMAT, accounts, addresses, alerts, audit, bands, counts, cues, keys, lanes, live_sessions, logins, messages,
    occurrences, outputs, runs, search, subscriptions, workers,
};
use crate::clock::{Clock as _, SystemClock};

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

/// Makes today's format of an older one, all of it or nothing.
pub(super) fn bring(connection: &Connection, format: i64) -> rusqlite::Result<()> {
    let took = took_ms();
    let all = connection.unchecked_transaction()?;
    let steps = [from_1(), WORKERS_OF_3.to_owned(), from_3(), from_4(), from_5(), from_6()];
    let first = usize::try_from(format - 1).unwrap_or(0);
    for step in steps.iter().skip(first) {
        all.execute_batch(step)?;
    }
    if format < 8 {
        from_7(&all)?;
    }
    all.execute_batch(super::put_away::SCHEMA)?;
    all.pragma_update(None, "user_version", FORMAT)?;
    all.commit()?;
    tracing::info!(from = format, to = FORMAT, took_ms = took(), "the store is up to date");
    Ok(())
}

/// Makes format 8 of format 7.
fn from_7(connection: &Connection) -> rusqlite::Result<()> {
    let indexes = [&[runs::OF_FORMAT_8][..], &occurrences::OF_FORMAT_8].concat();
    indexes.iter().try_for_each(|(name, sql)| index(connection, name, sql))?;
    connection.execute_batch(search::SCHEMA)?;
    connection.execute_batch(search::FROM_FORMAT_7)
}

/// Goes through a whole table, which takes a while in a large store: said before, and after. One that is there already is left.
fn index(connection: &Connection, name: &str, sql: &str) -> rusqlite::Result<()> {
    let there = "SELECT 1 FROM sqlite_master WHERE type = 'index' AND name = ?1 AND sql = ?2";
    if connection.prepare(there)?.exists([name, sql])? {
        return Ok(());
    }
    let took = took_ms();
    tracing::info!(index = name, "an index of the store is built, which may take a minute if it is large");
    connection.execute_batch(&format!("DROP INDEX IF EXISTS {name};\n{sql};"))?;
    tracing::info!(index = name, took_ms = took(), "an index of the store is built");
    Ok(())
}

/// Says how long it has been since.
fn took_ms() -> impl Fn() -> u64 {
    let clock = SystemClock::new();
    let began_ms = clock.reading().elapsed_ms;
    move || clock.reading().elapsed_ms.saturating_sub(began_ms)
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

    use crate::journal::Journal;
    use crate::journal::heard::heard;

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
        assert_eq!(rows("PRAGMA user_version"), 9);
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
    /// As format 7 had them.
    const INDEXES_OF_7: &str = "DROP INDEX runs_by_cue; DROP INDEX occurrences_by_cue; DROP INDEX occurrences_spans;
        CREATE INDEX runs_by_cue ON runs (cue_id, due_ms);
        CREATE INDEX occurrences_by_cue ON occurrences (cue_id, due_ms);";

    #[test]
    fn building_indexes_is_told_and_those_that_are_there_are_left() {
        let folder = tempfile::tempdir().unwrap();
        drop(Journal::open(folder.path()).unwrap());
        let store = || Connection::open(folder.path().join("cuetower.db")).unwrap();
        let indexes = || -> Vec<(String, String)> {
            let sql = "SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL ORDER BY name";
            let store = store();
            let mut all = store.prepare(sql).unwrap();
            all.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap().collect::<Result<_, _>>().unwrap()
        };
        let of_today = indexes();
        let older =
            "DROP TABLE search_words_p0; DROP TABLE search_words_p1; DROP TABLE search_docs; DROP TABLE search_parts;
            DROP TABLE search_left; DROP TABLE put_away; DROP TABLE put_away_left; DROP TABLE put_away_facts;
            DROP INDEX span_traces_by_owner; PRAGMA user_version = 7;";
        let built = |said: &[String]| -> Vec<String> {
            let of_indexes = said.iter().filter(|line| line.starts_with("INFO an index of the store is built"));
            of_indexes.map(|line| line["INFO an index of the store is built".len()..].to_owned()).collect()
        };
        store().execute_batch(&format!("{INDEXES_OF_7}{older}")).unwrap();
        let (opened, said) = heard(|| Journal::open(folder.path()).map(drop));
        opened.unwrap();
        let told = built(&said);
        assert_eq!(told.len(), 6, "{said:?}");
        for (pair, name) in told.chunks(2).zip(["runs_by_cue", "occurrences_by_cue", "occurrences_spans"]) {
            assert!(pair[0].contains("may take a minute") && pair[0].contains(name), "{pair:?}");
            assert!(pair[1].contains("took_ms=") && pair[1].contains(name), "{pair:?}");
        }
        assert!(said.iter().any(|line| line.starts_with("INFO the store is up to date") && line.contains("took_ms=")));
        assert_eq!(indexes(), of_today);

        store().execute_batch(older).unwrap();
        let (opened, said) = heard(|| Journal::open(folder.path()).map(drop));
        opened.unwrap();
        assert_eq!((built(&said), indexes()), (Vec::new(), of_today), "there was nothing to build");
    }
}
