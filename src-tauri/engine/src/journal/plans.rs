//! How SQLite goes about the queries that a long history must not slow down: by which index, and never through everything.

use rusqlite::Connection;

use super::runs::{Listing, RunFilter};
use super::{alerts, beats, costs, counts, cues, occurrences, runs, steps};

fn store() -> Connection {
    let connection = Connection::open_in_memory().unwrap();
    let schemas = [cues::SCHEMA, occurrences::SCHEMA, runs::SCHEMA, counts::SCHEMA, beats::SCHEMA].join("\n");
    connection.execute_batch(&schemas).unwrap();
    connection
}

/// One line for each step.
fn plan(connection: &Connection, sql: &str) -> Vec<String> {
    let mut statement = connection.prepare(&format!("EXPLAIN QUERY PLAN {sql}")).unwrap();
    statement.raw_query().mapped(|row| row.get(3)).collect::<rusqlite::Result<_>>().unwrap()
}

fn filter(account: &str) -> RunFilter {
    RunFilter { account: Some(account.to_owned()), limit: 20, ..RunFilter::default() }
}

#[test]
fn a_page_of_many_runs_walks_from_the_newest_on_and_stops() {
    let store = store();
    let walk = "SCAN r USING INDEX runs_by_due";
    let some = |word: &str| Some(word.to_owned());
    let asked = [
        filter(""),
        RunFilter { worker: some("w1"), ..filter("") },
        RunFilter { outcome_state: some("unknown"), ..filter("") },
        RunFilter { result_type: some("pr"), has_evidence: Some(true), ..filter("") },
        RunFilter { statuses: vec!["failed".to_owned()], triggered_by: some("chain"), ..filter("") },
    ];
    for asked in asked {
        let listing = Listing::of(&asked);
        let steps = plan(&store, &listing.page(0));
        assert_eq!(steps[0], walk, "{steps:?}");
        // Only those due at the same instant are put in order; what an outcome is sorted by is in its own subquery.
        assert_eq!(steps.last().unwrap(), "USE TEMP B-TREE FOR LAST TERM OF ORDER BY", "{steps:?}");
        let reads_outcomes = steps.iter().any(|step| step.starts_with("CORRELATED"));
        let asks = asked.outcome_state.is_some() || asked.result_type.is_some() || asked.has_evidence.is_some();
        assert_eq!(reads_outcomes, asks, "{steps:?}");
    }
    let theirs = filter("acc_1");
    assert!(plan(&store, &Listing::of(&theirs).page(100))[0].contains("USING INDEX runs_by_cue (cue_id=?)"));
    assert_eq!(plan(&store, &Listing::of(&theirs).page(100_000))[0], walk);
    let of_cue = RunFilter { cue_id: some("cue_1"), ..filter("") };
    assert!(plan(&store, &Listing::of(&of_cue).page(0))[0].contains("runs_by_cue (cue_id=?)"));
}

#[test]
fn a_count_of_runs_reads_an_index_alone() {
    let store = store();
    let listing = filter("");
    let steps = plan(&store, &Listing::of(&listing).count());
    assert_eq!(steps[0], "SEARCH r USING COVERING INDEX runs_by_cue (cue_id=?)", "{steps:?}");
    let steps = plan(&store, &format!("SELECT count(*) {}", counts::RUNS_SINCE));
    assert_eq!(steps[0], "SEARCH r USING COVERING INDEX runs_by_cue (cue_id=? AND due_ms>?)", "{steps:?}");
}

#[test]
fn runs_under_way_are_found_without_those_that_ended() {
    let store = store();
    let asked = RunFilter { statuses: vec!["pending_outcome".to_owned(), "retrying".to_owned()], ..filter("") };
    let listing = Listing::of(&asked);
    for sql in [listing.count(), listing.page(0)] {
        let steps = plan(&store, &sql);
        assert!(steps[0].contains("runs_under_way") || steps[0].contains("runs_live"), "{steps:?}");
    }
}

#[test]
fn what_waits_to_begin_is_found_without_the_ledger() {
    let store = store();
    let steps = plan(&store, &occurrences::waiting_sql());
    assert_eq!(steps[0], "SCAN o USING INDEX occurrences_waiting", "{steps:?}");
    assert!(steps.iter().all(|step| !step.contains("ORDER BY")), "{steps:?}");
}

#[test]
fn a_day_of_the_agents_is_found_without_the_others() {
    let steps = plan(&store(), beats::OF_DAY);
    assert!(steps[0].contains("agent_days_by_day (day=?)"), "{steps:?}");
}

#[test]
fn what_was_spent_on_some_days_is_found_without_the_others() {
    let store = store();
    let schemas = [steps::SCHEMA, costs::SCHEMA].join("\n");
    store.execute_batch(&schemas).unwrap();
    let steps = plan(&store, costs::SPENT);
    let wanted = [
        "SEARCH d USING PRIMARY KEY (day>? AND day<?)",
        "SEARCH s USING INTEGER PRIMARY KEY (rowid=?)",
        "SEARCH r USING INDEX sqlite_autoindex_runs_1 (id=?) LEFT-JOIN",
    ];
    assert_eq!(steps, wanted);
    let steps = plan(&store, costs::SPENT_ON);
    assert_eq!(steps[0], "SEARCH d USING PRIMARY KEY (day=?)", "{steps:?}");
    let steps = plan(&store, costs::CUES_ON);
    assert_eq!(steps[0], "SEARCH d USING PRIMARY KEY (day=?)", "{steps:?}");
    let steps = plan(&store, costs::BY_MODEL);
    assert_eq!(steps[0], "SEARCH spend_models USING PRIMARY KEY (day>? AND day<?)", "{steps:?}");
    let steps = plan(&store, costs::DISAGREEING);
    assert_eq!(steps, ["SEARCH spend USING INDEX spend_disagreeing (last_ms>?)"]);
    let steps = plan(&store, costs::MODEL_BEGUN);
    assert_eq!(steps[1], "SEARCH s USING INDEX steps_of_models (spend=? AND key=?)", "{steps:?}");
    let steps = plan(&store, costs::DUE);
    assert_eq!(steps[0], "SEARCH r USING COVERING INDEX runs_by_cue (cue_id=? AND due_ms>? AND due_ms<?)", "{steps:?}");
}

#[test]
fn the_newest_alerts_are_found_without_putting_all_in_order() {
    let store = Connection::open_in_memory().unwrap();
    store.execute_batch(alerts::SCHEMA).unwrap();
    assert_eq!(plan(&store, alerts::LIST), ["SCAN alerts USING INDEX alerts_in_order"]);
}
