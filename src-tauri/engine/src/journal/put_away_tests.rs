//! What goes and what stays of a real store, and that the store is whole after each slice.

use cuetower_core::Ms;
use cuetower_core::alert::{Alert, AlertState};
use cuetower_core::retention::{Because, Keep};
use cuetower_core::run::Verdict;
use cuetower_core::time::{DAY_MS, MINUTE_MS};
use rusqlite::Connection;

use super::*;
use crate::journal::put_away_plan::{self, LaneCut};
use crate::journal::search::tests::{NOW, commit, run, store};
use crate::journal::{load, runs as runs_table};

/// Long after everything of the store.
const LATER: Ms = Ms(NOW.0 + 100 * DAY_MS as i64);

fn number(journal: &Journal, sql: &str) -> i64 {
    journal.guard(|connection| connection.query_row(sql, [], |row| row.get(0))).unwrap()
}

fn cue_of(journal: &Journal) -> String {
    journal.guard(|connection| connection.query_row("SELECT id FROM cues", [], |row| row.get(0))).unwrap()
}

fn with<T>(journal: &Journal, work: impl FnOnce(&Connection) -> rusqlite::Result<T>) -> T {
    journal.guard(work).unwrap()
}

/// Everything that a rule of so many days lets go.
fn candidates(journal: &Journal, keep: Keep) -> Vec<Going> {
    let cuts = with(journal, |connection| put_away_plan::cuts(connection, keep, LATER));
    let mut going = Vec::new();
    for lane in &cuts {
        let found = with(journal, |connection| put_away_plan::runs(connection, lane, Ms(i64::MIN), LATER, 1_000));
        assert_eq!(found.next, None);
        going.extend(found.going.into_iter().map(|run| Going {
            id: run.id,
            cue_id: run.cue_id,
            day: "2026-05-03".to_owned(),
        }));
    }
    going
}

#[test]
fn runs_go_with_all_that_hangs_on_them_and_a_record_says_so() {
    let (_folder, mut journal) = store();
    let cue = cue_of(&journal);
    let facts_before = number(&journal, "SELECT count(*) FROM journal");
    let ledger = "SELECT count(*) FROM journal WHERE kind LIKE 'occurrence%' OR kind LIKE 'cue%'";
    let ledger_before = number(&journal, ledger);
    let all: Vec<String> = with(&journal, |connection| {
        connection.prepare("SELECT id FROM runs ORDER BY due_ms")?.query_map([], |row| row.get(0))?.collect()
    });
    assert_eq!(all.len(), 3);
    let asked =
        all.iter().map(|id| Going { id: id.clone(), cue_id: cue.clone(), day: "2026-05-03".to_owned() }).collect();
    let done = journal.put_away(&Slice::Runs(asked), LATER).unwrap();
    assert_eq!(done.runs, 2, "the newest of a cue stays, whoever asks");
    let left: String = with(&journal, |connection| connection.query_row("SELECT id FROM runs", [], |row| row.get(0)));
    assert_eq!(left, all[2]);
    for table in ["attempts", "outputs"] {
        let orphans = format!("SELECT count(*) FROM {table} WHERE run_id NOT IN (SELECT id FROM runs)");
        assert_eq!(number(&journal, &orphans), 0, "{table}");
    }
    let (count, reason): (i64, String) = with(&journal, |connection| {
        let sql = "SELECT count, reason FROM occurrences WHERE id LIKE 'put-away:%' AND state = 'ran'";
        connection.query_row(sql, [], |row| Ok((row.get(0)?, row.get(1)?)))
    });
    assert_eq!(count, 2);
    assert!(reason.starts_with("put away by retention (2 "), "{reason}");
    assert_eq!(number(&journal, "SELECT sum(count) FROM occurrences"), 8, "three that ran and five that did not");

    let lanes = with(&journal, put_away_plan::lanes_with_facts);
    let (lane, until) = lanes.iter().find(|(lane, _)| *lane == cue).unwrap();
    let seen = with(&journal, |connection| put_away_plan::facts(connection, lane, None, *until));
    assert!(!seen.seqs.is_empty() && seen.is_all, "{seen:?}");
    let slice = Slice::Facts { lane: lane.clone(), seqs: seen.seqs.clone(), done_to: Some(seen.done_to) };
    let done = journal.put_away(&slice, LATER).unwrap();
    assert_eq!(done.facts as usize, seen.seqs.len());
    assert_eq!(number(&journal, "SELECT count(*) FROM journal"), facts_before - seen.seqs.len() as i64);
    assert_eq!(number(&journal, ledger), ledger_before, "the audit of the ledger reads what it read before");
    let again = with(&journal, |connection| put_away_plan::facts(connection, lane, None, *until));
    assert_eq!(again.seqs, Vec::<i64>::new());
    assert_eq!(load(&journal).unwrap().lanes.len(), 1, "what is live is known still");
    let whole: String =
        with(&journal, |connection| connection.query_row("PRAGMA integrity_check", [], |row| row.get(0)));
    assert_eq!(whole, "ok");
}

#[test]
fn what_an_open_alert_is_about_stays_until_it_is_resolved() {
    let (_folder, mut journal) = store();
    let more = (1..=3).map(|number| run(&journal, number, i64::from(number) * 60, Verdict::Failed, "no")).collect();
    commit(&mut journal, more);
    let days = Keep { days: Some(30), runs: None };
    let before = candidates(&journal, days).len();
    let mut alert: Alert = serde_json::from_value(serde_json::json!({
        "id": "alert_1", "kind": "outcome_failed", "severity": "warning", "cue_id": null, "agent": null, "channel": null,
        "run_id": "run-2", "title": "t", "body": "b", "state": "open", "count": 1, "opened_at": NOW, "last_at": NOW,
        "notified_at": NOW, "resolved_at": null, "snoozed_until": null, "escalated_at": null, "waits_since": null,
    }))
    .unwrap();
    let told = |journal: &mut Journal, alert: &Alert| {
        let mut commit =
            crate::journal::Commit { alerts: vec![alert.clone()], alive_at: Some(NOW), ..Default::default() };
        journal.commit(&mut commit).unwrap();
    };
    told(&mut journal, &alert);
    let going = candidates(&journal, days);
    assert!(going.len() == before - 1 && going.iter().all(|run| run.id != "run-2"));
    let asked = Slice::Runs(vec![Going { id: "run-2".to_owned(), cue_id: cue_of(&journal), day: String::new() }]);
    assert_eq!(journal.put_away(&asked, LATER).unwrap().runs, 0, "looked at once more when it would go");
    alert.state = AlertState::Resolved;
    told(&mut journal, &alert);
    assert_eq!(journal.put_away(&asked, LATER).unwrap().runs, 1);
}

#[test]
fn a_rule_of_count_keeps_the_newest() {
    let (_folder, mut journal) = store();
    let more = (1..=20).map(|number| run(&journal, number, i64::from(number) * 60, Verdict::Confirmed, "x")).collect();
    commit(&mut journal, more);
    let keep = Keep { days: None, runs: Some(5) };
    let cuts = with(&journal, |connection| put_away_plan::cuts(connection, keep, LATER));
    assert!(cuts.iter().all(|LaneCut { cut, .. }| cut.because == Because::Count));
    let going = candidates(&journal, keep);
    let runs = number(&journal, "SELECT count(*) FROM runs");
    assert_eq!(going.len() as i64, runs - 5);
    let newest: Vec<String> = with(&journal, |connection| {
        let sql = "SELECT id FROM runs ORDER BY due_ms DESC LIMIT 5";
        connection.prepare(sql)?.query_map([], |row| row.get(0))?.collect()
    });
    assert!(going.iter().all(|run| !newest.contains(&run.id)));
    let none = Keep { days: None, runs: Some(1_000) };
    assert_eq!(candidates(&journal, none), Vec::new());
    let fresh = with(&journal, |connection| {
        let lane = &put_away_plan::cuts(connection, keep, LATER)?[0];
        put_away_plan::runs(connection, lane, Ms(i64::MIN), Ms(NOW.0 - MINUTE_MS as i64), 1_000)
    });
    assert!(fresh.going.iter().all(|run| NOW.since(run.due) > DAY_MS), "what ended today stays: {fresh:?}");
}

#[test]
fn a_part_of_the_search_goes_once_no_run_is_left_in_it() {
    let (_folder, mut journal) = store();
    let one = vec![run(&journal, 1, 3_600, Verdict::Confirmed, "kraken")];
    commit(&mut journal, one);
    with(&journal, |connection| {
        connection.execute("DELETE FROM search_left", [])?;
        crate::journal::search::open(connection, NOW.0 - 60_000)
    });
    let one = vec![run(&journal, 2, 10, Verdict::Confirmed, "newer")];
    commit(&mut journal, one);
    assert_eq!(with(&journal, put_away_plan::empty_parts), Vec::<i64>::new());
    let ids: Vec<Going> = candidates(&journal, Keep { days: Some(30), runs: None });
    assert!(ids.iter().any(|run| run.id == "run-1"));
    journal.put_away(&Slice::Runs(ids), LATER).unwrap();
    assert_eq!(number(&journal, "SELECT count(*) FROM search_docs WHERE ref = 'run-1'"), 0);
    let unmerged = |part: i64| {
        number(&journal, &format!("SELECT count(*) FROM search_words_p{part}_config WHERE k = 'automerge' AND v = 0"))
    };
    assert_eq!((unmerged(1), unmerged(2)), (1, 0), "nothing is merged in a part that is closed");
    let parts = with(&journal, put_away_plan::empty_parts);
    assert_eq!(parts, [1]);
    journal.put_away(&Slice::Part(1), LATER).unwrap();
    let left = with(&journal, |connection| put_away_plan::left(connection, 10));
    let part = left.into_iter().find(|left| left.what == "part").unwrap();
    while !journal.put_away(&Slice::Left(part.clone()), LATER).unwrap().is_over {}
    assert_eq!(number(&journal, "SELECT count(*) FROM sqlite_master WHERE name LIKE 'search_words_p1%'"), 0);
    assert_eq!(number(&journal, "SELECT min(from_ms) FROM search_parts"), i64::MIN, "what is told late has a place");
    let one = vec![run(&journal, 3, 7_200, Verdict::Confirmed, "late")];
    commit(&mut journal, one);
    assert_eq!(number(&journal, "SELECT count(*) FROM search_docs WHERE ref = 'run-3'"), 1);
    assert!(with(&journal, |connection| runs_table::get(connection, "run-2")).is_some());
}
