//! An older store is written in evenly, whatever lies in it.

use std::sync::Arc;

use cuetower_core::Ms;
use cuetower_core::cue::CueStatus;
use cuetower_core::id::CueId;
use cuetower_core::run::Verdict;
use rusqlite::params;

use crate::desk::wire::SearchKind;
use crate::journal::heard::heard;
use crate::journal::search::tests::{NOW, ask, commit, filled, found, run, store};
use crate::journal::search_read::{SearchAsk, agents_named, cues_named, others_found};
use crate::journal::{Commit, Journal, Recorder, cues};

/// As if it had just been brought to format 8: nothing is written in yet.
fn from_anew(journal: &Journal) {
    let sql = "DELETE FROM search_docs; DELETE FROM search_left; UPDATE search_parts SET docs = 0;
        DELETE FROM search_words_p0; DELETE FROM search_words_p1;";
    journal.guard(|connection| connection.execute_batch(sql)).unwrap();
    journal.guard(|connection| connection.execute_batch(crate::journal::search::FROM_FORMAT_7)).unwrap();
}

fn docs(journal: &Journal) -> u32 {
    let sql = "SELECT count(*) FROM search_docs WHERE doc < 1 << 61";
    journal.guard(|connection| connection.query_row(sql, [], |row| row.get(0))).unwrap()
}

fn slice(journal: &Journal, most: u32) -> bool {
    journal.guard(|connection| Ok(Recorder::on(connection, NOW).write_in(most))).unwrap().unwrap()
}

#[test]
fn many_runs_of_one_instant_are_taken_a_few_at_a_time() {
    let (_folder, mut journal) = store();
    let burst = (0..90).map(|number| run(&journal, number, 60, Verdict::Failed, "a burst"));
    let burst: Vec<_> = burst.collect();
    commit(&mut journal, burst);
    from_anew(&journal);
    let mut before = docs(&journal);
    assert_eq!(before, 0);
    while slice(&journal, 16) {
        let after = docs(&journal);
        assert!(after - before <= 16, "{} in one commit", after - before);
        before = after;
    }
    assert_eq!((found(&journal, "burst").len(), found(&journal, "kind:run").len()), (90, 93));
    assert!(!slice(&journal, 16), "there is no more to do");
    let left = "SELECT count(*) FROM search_left";
    assert_eq!(journal.guard(|connection| connection.query_row(left, [], |row| row.get::<_, u32>(0))).unwrap(), 0);
}

#[test]
fn a_run_of_the_instant_that_is_being_taken_is_found_once_when_it_ends() {
    let (_folder, mut journal) = store();
    let burst: Vec<_> = (0..40).map(|number| run(&journal, number, 60, Verdict::Failed, "a burst")).collect();
    commit(&mut journal, burst.clone());
    from_anew(&journal);
    while docs(&journal) < 20 {
        assert!(slice(&journal, 8));
    }
    let told = [0, 39].map(|number| run(&journal, number, 60, Verdict::Confirmed, "told anew"));
    commit(&mut journal, told.to_vec());
    assert_eq!(found(&journal, "told anew").len(), 2, "at once");
    filled(&journal, 8);
    assert_eq!((found(&journal, "told anew").len(), found(&journal, "burst").len()), (2, 38));
}

#[test]
fn what_cannot_be_read_is_passed_over_and_all_else_is_found() {
    let (_folder, mut journal) = store();
    let runs: Vec<_> =
        (0..5).map(|number| run(&journal, number, i64::from(number), Verdict::Failed, "sound")).collect();
    commit(&mut journal, runs);
    for (id, body) in [("run-1", &b"{\"id\": \"another shape\"}"[..]), ("run-3", b"{\"id\": \"\xff\xfe\"}")] {
        let sql = "UPDATE runs SET body = CAST(?2 AS TEXT) WHERE id = ?1";
        assert_eq!(journal.guard(|connection| connection.execute(sql, params![id, body])).unwrap(), 1);
    }
    let broken =
        "INSERT INTO cues (id, name, status, created_at_ms, body) VALUES ('cue_x', 'broken', 'active', 1, '{')";
    journal.guard(|connection| connection.execute(broken, [])).unwrap();
    // Whose agent is looked for among all cues, also the broken one.
    let deleted = "INSERT INTO cues (id, name, status, created_at_ms, body)
        SELECT 'cue_y', 'gone', 'deleted', 1, json_set(body, '$.id', 'cue_y', '$.status', 'deleted', '$.definition.agent', 'nobody')
        FROM cues WHERE json_valid(body) LIMIT 1";
    assert_eq!(journal.guard(|connection| connection.execute(deleted, [])).unwrap(), 1);
    from_anew(&journal);
    let (_, said) = heard(|| filled(&journal, 2));
    for row in ["run run-1", "run run-3", "cue cue_x"] {
        let told = said.iter().filter(|line| line.starts_with(&format!("WARN {row} cannot be read")));
        assert_eq!(told.count(), 1, "{row}: {said:?}");
    }
    assert_eq!(found(&journal, "sound"), ["run-0", "run-2", "run-4"]);
    let cues = journal.guard(|connection| others_found(connection, &ask("kind:cue"), SearchKind::Cue)).unwrap();
    assert_eq!(cues.len(), 1, "the other cue");
}

#[test]
fn a_store_that_fails_is_not_taken_for_a_row_that_cannot_be_read() {
    let (_folder, journal) = store();
    from_anew(&journal);
    journal.guard(|connection| connection.execute_batch("DROP TABLE search_words_p0")).unwrap();
    let told = journal.guard(|connection| Ok(Recorder::on(connection, NOW).write_in(5))).unwrap();
    assert!(told.is_err(), "it is tried again later");
}

#[test]
fn a_deleted_cue_takes_no_living_ones_place() {
    let (_folder, mut journal) = store();
    filled(&journal, 100);
    let first = journal.guard(|connection| cues::list(connection, None, None, 1, 0)).unwrap().0.remove(0);
    let mut cues = Vec::new();
    for number in 0..30 {
        let mut cue = first.clone();
        cue.id = CueId(format!("cue-{number:02}"));
        cue.created_at = Ms(NOW.0 + number);
        let definition = Arc::make_mut(&mut cue.definition);
        definition.name = format!("lead watch {number}");
        definition.agent = if number < 10 { "stayer" } else { "Verschwundener Ä" }.to_owned();
        cues.push(cue);
    }
    journal.commit(&mut Commit { cues: cues.clone(), alive_at: Some(NOW), ..Default::default() }).unwrap();
    for cue in &mut cues[10..] {
        cue.status = CueStatus::Deleted;
    }
    let gone = cues[10..].to_vec();
    journal.commit(&mut Commit { cues: gone, alive_at: Some(NOW), ..Default::default() }).unwrap();
    let living = |journal: &Journal| {
        let asked = SearchAsk { limit: 10, ..ask("watch") };
        let found = journal.guard(|connection| others_found(connection, &asked, SearchKind::Cue)).unwrap();
        let mut found: Vec<String> = found.into_iter().map(|doc| doc.of).collect();
        found.sort();
        found
    };
    let wanted: Vec<String> = (0..10).map(|number| format!("cue-{number:02}")).collect();
    let agents = |journal: &Journal, text: &str| {
        journal.guard(|connection| others_found(connection, &ask(text), SearchKind::Agent)).unwrap().len()
    };
    assert_eq!(living(&journal), wanted);
    assert_eq!((agents(&journal, "stayer"), agents(&journal, "verschwundener")), (1, 0), "no cue names it any more");
    let named = |name: &str| journal.guard(|connection| agents_named(connection, name, 9)).unwrap();
    assert_eq!(named("verschwundener ä"), ["verschwundener ä"], "its runs are still found by it");
    from_anew(&journal);
    filled(&journal, 4);
    assert_eq!((living(&journal), agents(&journal, "verschwundener")), (wanted, 0), "also when all is written in anew");
    assert_eq!(named("verschwundener ä"), Vec::<String>::new());
    // Back again.
    cues[12].status = CueStatus::Active;
    let back = vec![cues[12].clone()];
    journal.commit(&mut Commit { cues: back, alive_at: Some(NOW), ..Default::default() }).unwrap();
    assert_eq!((living(&journal).len(), agents(&journal, "verschwundener")), (10, 1));
    let of = journal.guard(|connection| cues_named(connection, "lead watch 12", 9)).unwrap();
    assert_eq!(of, ["cue-12"]);
}

#[test]
fn capitals_of_any_script_are_small_letters_too() {
    let (_folder, mut journal) = store();
    filled(&journal, 100);
    let first = journal.guard(|connection| cues::list(connection, None, None, 1, 0)).unwrap().0.remove(0);
    let named = [("a", "ÜBERSICHT Täglich"), ("b", "Übersicht Ärzte"), ("c", "Überweisung")];
    let cues = named.map(|(id, name)| {
        let mut cue = first.clone();
        cue.id = CueId(id.to_owned());
        let definition = Arc::make_mut(&mut cue.definition);
        (definition.name, definition.agent) = (name.to_owned(), format!("ÖL-{id}"));
        cue
    });
    journal.commit(&mut Commit { cues: cues.to_vec(), alive_at: Some(NOW), ..Default::default() }).unwrap();
    let cues_of = |name: &str| {
        let mut found = journal.guard(|connection| cues_named(connection, name, 9)).unwrap();
        found.sort();
        found
    };
    assert_eq!(cues_of("übersicht täglich"), ["a"], "so, and not only so that it begins so");
    assert_eq!(cues_of("übersicht"), ["a", "b"]);
    assert_eq!(cues_of("über"), ["a", "b", "c"]);
    assert_eq!(cues_of("c"), ["c"], "by its id");
    let agents = |name: &str| journal.guard(|connection| agents_named(connection, name, 9)).unwrap();
    assert_eq!(agents("öl-"), ["öl-a", "öl-b", "öl-c"]);
    assert_eq!(agents("öl-b"), ["öl-b"]);
}
