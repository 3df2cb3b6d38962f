//! Rows are written once, what ends an alert follows what opened it, and what is given up has a record.

use cuetower_core::alert::Alert;
use cuetower_core::channel::{Digest, Why};
use serde_json::json;

use super::*;
use crate::journal::{Commit, Journal};

fn journal() -> (tempfile::TempDir, Journal) {
    let folder = tempfile::tempdir().unwrap();
    let journal = Journal::open(folder.path()).unwrap();
    (folder, journal)
}

fn note(id: &str, what: What) -> Note {
    let alert: Alert = serde_json::from_value(json!({
        "id": id, "kind": "zombie", "cue_id": "cue_1", "run_id": null, "title": "t", "body": "b", "state": "open",
        "count": 1, "opened_at": 0, "last_at": 0, "notified_at": 0, "resolved_at": null,
    }))
    .unwrap();
    Note::of(what, &alert, 1, Ms(0))
}

fn row(channel: &str, kind: ChannelKind, note: Note, due: i64) -> OutboxRow {
    OutboxRow { channel: channel.to_owned(), kind, note, due: Ms(due), held: due > 0 }
}

/// Writes them as the pilot does, with their alert.
fn write_all(journal: &mut Journal, rows: Vec<OutboxRow>) {
    journal.commit(&mut Commit { outbox: rows, alive_at: Some(Ms(0)), ..Commit::default() }).unwrap();
}

fn record(journal: &Journal, now: i64, work: impl Fn(&Recorder<'_>) -> Result<(), StoreError>) {
    let work = |connection: &rusqlite::Connection| {
        work(&Recorder::on(connection, Ms(now))).unwrap();
        Ok(())
    };
    journal.guard(work).unwrap();
}

/// Each channel's rows of an alert: what, and its state.
fn told_of(journal: &Journal, id: &str) -> Vec<(String, String, String)> {
    let rows = journal.guard(|connection| told(connection, &json!([id]).to_string())).unwrap();
    rows.into_iter().map(|row| (row.channel, row.what, row.state)).collect()
}

fn waiting_of(journal: &Journal, channel: &str) -> Vec<Waiting> {
    journal.guard(|connection| waiting(connection, channel)).unwrap()
}

fn said(channel: &str, what: &str, state: &str) -> (String, String, String) {
    (channel.to_owned(), what.to_owned(), state.to_owned())
}

#[test]
fn the_end_of_an_alert_is_told_where_its_beginning_was_and_once() {
    let (_folder, mut journal) = journal();
    let chat = |note| row("chat", ChannelKind::Slack, note, 0);
    let mail = |note| row("mail", ChannelKind::Email, note, 0);
    write_all(&mut journal, vec![chat(note("a", What::Opened))]);
    let ends = vec![chat(note("a", What::Resolved)), mail(note("a", What::Resolved)), chat(note("b", What::Resolved))];
    write_all(&mut journal, ends.clone());
    write_all(&mut journal, ends);
    assert_eq!(told_of(&journal, "a"), [said("chat", "opened", "waiting"), said("chat", "resolved", "waiting")]);
    assert_eq!(told_of(&journal, "b"), [], "nobody was told of it");
    // Both in one commit.
    write_all(&mut journal, vec![mail(note("c", What::Opened)), mail(note("c", What::Resolved))]);
    assert_eq!(told_of(&journal, "c").len(), 2);
}

#[test]
fn what_waits_is_counted_for_each_channel() {
    let (_folder, mut journal) = journal();
    let rows = ["a", "b", "c"].map(|id| row("chat", ChannelKind::Slack, note(id, What::Opened), 0));
    write_all(
        &mut journal,
        rows.into_iter().chain([row("mail", ChannelKind::Email, note("a", What::Opened), 0)]).collect(),
    );
    let first = waiting_of(&journal, "chat")[0].id;
    record(&journal, 1, |recorder| recorder.outbox_told(first, "ok"));
    let counted = |channel| journal.guard(|connection| count(connection, channel)).unwrap();
    assert_eq!((counted("chat"), counted("mail"), counted("none")), (2, 1, 0));
}

#[test]
fn what_ends_an_incident_does_not_overtake_what_opens_it() {
    let (_folder, mut journal) = journal();
    let pager = |note, due| row("pager", ChannelKind::Pagerduty, note, due);
    let rows = vec![
        pager(note("a", What::Opened), 900),
        pager(note("a", What::Acknowledged), 0),
        pager(note("a", What::Resolved), 0),
    ];
    write_all(&mut journal, rows);
    let rows = waiting_of(&journal, "pager");
    assert_eq!(
        rows.iter().map(|row| (row.due, row.held, row.alone)).collect::<Vec<_>>(),
        [(Ms(900), true, false), (Ms(900), false, true), (Ms(900), false, true)]
    );
}

#[test]
fn what_was_told_given_up_or_told_with_others_waits_no_more() {
    let (_folder, mut journal) = journal();
    let chat = |id: &str| row("chat", ChannelKind::Slack, note(id, What::Opened), 0);
    write_all(&mut journal, ["a", "b", "c", "d"].map(chat).into());
    let ids: Vec<i64> = waiting_of(&journal, "chat").iter().map(|row| row.id).collect();
    record(&journal, 5, |recorder| recorder.outbox_failed(ids[0], "answered 503", Ms(50)));
    let tried = journal.guard(|connection| one(connection, ids[0] as u64)).unwrap().unwrap();
    assert_eq!((tried.tries, tried.since), (1, Ms(0)), "it counts from when it was due first");
    record(&journal, 6, |recorder| recorder.outbox_told(ids[0], "answered 200"));
    record(&journal, 6, |recorder| {
        recorder.outbox_given_up(ids[1], "chat", &note("b", What::Opened), "given up after 24 h")
    });
    let digest = Note::of_digest(
        Digest::of(Why::Burst, &[note("c", What::Opened), note("d", What::Opened)]),
        "c_opened_1",
        Ms(7),
    );
    let digest = row("chat", ChannelKind::Slack, digest, 0);
    record(&journal, 7, |recorder| recorder.outbox_digest(&digest, &ids[2..]));
    // As it would be after a crash that took the answer, not the commit.
    record(&journal, 7, |recorder| recorder.outbox_digest(&digest, &ids[2..]));
    for (id, state) in [("a", "told"), ("b", "given_up"), ("c", "merged"), ("d", "merged")] {
        assert_eq!(told_of(&journal, id), [said("chat", "opened", state)]);
    }
    let left = waiting_of(&journal, "chat");
    assert!(left.len() == 1 && left[0].is_digest, "{left:?}");
    assert_eq!(journal.guard(counts).unwrap(), [("chat".to_owned(), 1)]);
    let fact: String = journal
        .guard(|connection| {
            connection.query_row("SELECT body FROM journal WHERE kind = 'note_given_up'", [], |row| row.get(0))
        })
        .unwrap();
    assert!(fact.contains("b_opened_1") && fact.contains("24 h"), "{fact}");
    // A month later, the past is forgotten with the next word.
    record(&journal, KEPT_MS as i64 + 8, |recorder| recorder.outbox_told(left[0].id, "answered 200"));
    assert_eq!((told_of(&journal, "a"), told_of(&journal, "d")), (Vec::new(), Vec::new()));
}

#[test]
fn a_line_is_read_up_to_one_more_than_may_wait() {
    let (_folder, mut journal) = journal();
    let many =
        (0..WAITING_MAX + 7).map(|number| row("chat", ChannelKind::Slack, note(&number.to_string(), What::Opened), 0));
    write_all(&mut journal, many.collect());
    assert_eq!(waiting_of(&journal, "chat").len(), WAITING_MAX + 1);
    let off = serde_json::from_value(json!({ "name": "chat", "kind": "slack", "min_severity": "info", "on": false }))
        .unwrap();
    record(&journal, 1, |recorder| recorder.keep_channel(&off, "", "{}"));
    assert_eq!(waiting_of(&journal, "chat"), []);
    assert_eq!(told_of(&journal, "3"), [said("chat", "opened", "given_up")]);
}
