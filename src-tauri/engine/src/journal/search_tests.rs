//! What is found by its words, on a real store.

use std::sync::Arc;

use cuetower_core::Ms;
use cuetower_core::attempt::Reported;
use cuetower_core::id::RunId;
use cuetower_core::outcome::Outcome;
use cuetower_core::run::{Phase, Run, Verdict};
use rusqlite::Connection;

use crate::desk::wire::SearchKind;
use crate::journal::search_read::{SearchAsk, SearchDoc, others_found, parts, runs_found};
use crate::journal::{Commit, Journal, Recorder, runs, search};
use crate::search::doc;
use crate::search::query::Query;
use crate::search::tests::hostile;

pub(in crate::journal) const NOW: Ms = Ms(1_796_000_000_000);
const FORMAT_1: &str = include_str!("format_1.sql");

/// A store of the first release, brought up to date: one cue, three runs.
pub(in crate::journal) fn store() -> (tempfile::TempDir, Journal) {
    let folder = tempfile::tempdir().unwrap();
    Connection::open(folder.path().join("cuetower.db")).unwrap().execute_batch(FORMAT_1).unwrap();
    let journal = Journal::open(folder.path()).unwrap();
    (folder, journal)
}

/// One like those of the store, that ended as it said; `due_s`: seconds before now.
pub(in crate::journal) fn run(journal: &Journal, number: u32, due_s: i64, verdict: Verdict, said: &str) -> Arc<Run> {
    let mut run: Run = journal
        .guard(|connection| {
            let id: String = connection.query_row("SELECT min(id) FROM runs", [], |row| row.get(0))?;
            Ok(runs::get(connection, &id)?.unwrap())
        })
        .unwrap();
    run.id = RunId(format!("run-{number}"));
    run.due = Ms(NOW.0 - due_s * 1_000);
    run.phase = Phase::Ended { verdict, at: run.due, late: false };
    let cost_usd = Some(f64::from(number));
    let outcome = Outcome { success: true, summary: Some(said.to_owned()), cost_usd, ..Outcome::default() };
    run.attempts[0].outcome = Some(Reported { at: run.due, late: false, outcome, first: None });
    Arc::new(run)
}

pub(in crate::journal) fn commit(journal: &mut Journal, runs: Vec<Arc<Run>>) {
    let mut commit = Commit { runs, alive_at: Some(NOW), ..Commit::default() };
    journal.commit(&mut commit).unwrap();
}

pub(in crate::journal) fn ask(text: &str) -> SearchAsk {
    let query = Query::read(text, NOW, chrono_tz::Tz::UTC).unwrap();
    SearchAsk {
        words: doc::ask(&query, None, None),
        since: query.since,
        until: query.until,
        cost_least: query.cost_least,
        cost_most: query.cost_most,
        limit: 100,
    }
}

/// Ids of the runs, the newest first.
pub(in crate::journal) fn found(journal: &Journal, text: &str) -> Vec<String> {
    let all = |connection: &Connection| {
        let mut docs: Vec<SearchDoc> = Vec::new();
        for part in parts(connection)? {
            docs.extend(runs_found(connection, &ask(text), part)?);
        }
        assert!(docs.is_sorted_by(|one, other| one.doc > other.doc), "the newest come first");
        Ok(docs.into_iter().map(|doc| doc.of).collect())
    };
    journal.guard(all).unwrap_or_else(|error| panic!("{text}: {error}"))
}

pub(in crate::journal) fn filled(journal: &Journal, most: u32) -> u32 {
    let mut slices = 0;
    while journal.guard(|connection| Ok(Recorder::on(connection, NOW).write_in(most))).unwrap().unwrap() {
        slices += 1;
    }
    slices
}

#[test]
fn an_older_store_is_written_in_little_by_little_and_all_of_it_is_found() {
    let (_folder, journal) = store();
    assert_eq!(found(&journal, "kind:run"), Vec::<String>::new(), "nothing was written in when it was opened");
    assert!(filled(&journal, 1) >= 3, "one run at a time");
    assert_eq!(found(&journal, "kind:run").len(), 3);
    let cues = journal.guard(|connection| others_found(connection, &ask("kind:cue"), SearchKind::Cue)).unwrap();
    assert_eq!(cues.len(), 1);
    assert_eq!(journal.guard(|connection| search::left(connection, "runs")).unwrap(), None);
    assert_eq!(filled(&journal, 10), 0, "there is no more to do");
}

#[test]
fn a_run_that_ends_while_the_older_ones_are_written_in_is_found_once() {
    let (_folder, mut journal) = store();
    let old = run(&journal, 7, 500_000_000, Verdict::Failed, "long ago");
    commit(&mut journal, vec![Arc::clone(&old)]);
    let new = run(&journal, 8, 0, Verdict::Failed, "just now");
    commit(&mut journal, vec![new]);
    assert_eq!(found(&journal, "just now"), ["run-8"], "what is newer than all is written in at once");
    filled(&journal, 1);
    commit(&mut journal, vec![old]);
    assert_eq!(found(&journal, "\"long ago\""), ["run-7"]);
    assert_eq!(found(&journal, "kind:run").len(), 5);
}

#[test]
fn words_phrases_filters_and_their_order() {
    let (_folder, mut journal) = store();
    filled(&journal, 100);
    let said = [
        (1, 300, Verdict::Confirmed, "scored 200 leads"),
        (2, 200, Verdict::Refuted, "scored 200 leads, the table has no rows"),
        (3, 100, Verdict::Failed, "timeout at api.kraken.com, leads untouched"),
    ];
    let runs = said.map(|(number, due, verdict, said)| run(&journal, number, due, verdict, said));
    commit(&mut journal, runs.to_vec());
    for (text, ids) in [
        ("lead", &["run-3", "run-2", "run-1"][..]),
        ("LEADS scor", &["run-2", "run-1"]),
        ("\"no rows\"", &["run-2"]),
        ("\"rows no\"", &[]),
        ("\"lead\"", &[]),
        ("leads -timeout", &["run-2", "run-1"]),
        ("kraken.com", &["run-3"]),
        ("leads is:refuted,failed", &["run-3", "run-2"]),
        ("leads is:confirmed", &["run-1"]),
        ("leads cost:>=2", &["run-3", "run-2"]),
        ("leads cost:<2", &["run-2", "run-1"]),
        ("leads since:3m", &["run-3"]),
        ("leads until:2m", &["run-2", "run-1"]),
    ] {
        let ids: Vec<String> = ids.iter().map(ToString::to_string).collect();
        assert_eq!(found(&journal, text), ids, "{text}");
    }
    // Another word about the same run takes the place of the first.
    let again = run(&journal, 3, 100, Verdict::Confirmed, "it went through after all");
    commit(&mut journal, vec![again]);
    assert_eq!(found(&journal, "kraken"), Vec::<String>::new());
    assert_eq!(found(&journal, "after all is:confirmed"), ["run-3"]);
}

#[test]
fn what_is_not_said_anew_is_not_written_anew() {
    let (_folder, mut journal) = store();
    filled(&journal, 100);
    let one = run(&journal, 1, 10, Verdict::Failed, "no rows");
    commit(&mut journal, vec![Arc::clone(&one)]);
    let writes = |journal: &Journal| {
        journal
            .guard(|connection| {
                connection.query_row("SELECT hex(block) FROM search_words_p1_data WHERE id = 10", [], |row| {
                    row.get::<_, String>(0)
                })
            })
            .unwrap()
    };
    let before = writes(&journal);
    commit(&mut journal, vec![one]);
    assert_eq!(writes(&journal), before);
    let other = run(&journal, 1, 10, Verdict::Failed, "no rows at all");
    commit(&mut journal, vec![other]);
    assert_ne!(writes(&journal), before);
}

#[test]
fn parts_are_closed_when_they_are_full_and_each_run_is_in_the_one_of_its_due_time() {
    let (_folder, mut journal) = store();
    filled(&journal, 100);
    // As if the first part were almost full.
    let sql = "UPDATE search_parts SET docs = 32767";
    journal.guard(|connection| connection.execute(sql, []).map(drop)).unwrap();
    for (number, due_s, said) in [(1, 50, "before"), (2, 10, "after"), (3, 60, "late in coming")] {
        let ended = run(&journal, number, due_s, Verdict::Failed, said);
        commit(&mut journal, vec![ended]);
    }
    let of = |part: i64| {
        let sql = format!("SELECT count(*) FROM search_words_p{part}_docsize");
        journal.guard(|connection| connection.query_row(&sql, [], |row| row.get::<_, i64>(0))).unwrap()
    };
    assert_eq!((of(1), of(2)), (5, 1));
    assert_eq!(found(&journal, "kind:run")[..3], ["run-2", "run-1", "run-3"]);
    assert_eq!(found(&journal, "late in coming"), ["run-3"]);
}

#[test]
fn nothing_that_can_be_typed_is_an_error_of_the_tables() {
    let (_folder, journal) = store();
    filled(&journal, 100);
    let mut asked = 0;
    for seed in 0..4_000 {
        let text = hostile(seed);
        if Query::read(&text, NOW, chrono_tz::Tz::UTC).is_ok() {
            drop(found(&journal, &text));
            asked += 1;
        }
    }
    assert!(asked > 1_000, "most of it is asked: {asked}");
}
