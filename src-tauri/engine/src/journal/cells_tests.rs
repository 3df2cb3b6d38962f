//! What is counted is what the marks say, cell by cell.

use cuetower_core::away::Reason;
use rusqlite::params;

use super::*;
use crate::journal::Journal;

const MINUTE_MS: i64 = 60_000;
const CELL_MS: i64 = 10 * MINUTE_MS;

/// One due time of lane `cue` and what became of it: the occurrence's state, and the two verdicts of its run, if it ran.
fn write(connection: &Connection, cue: &str, due_ms: i64, state: &str, run: Option<(&str, &str)>) {
    let id = format!("{cue}-{due_ms}");
    let run_id = format!("run-{id}");
    connection
        .execute(
            "INSERT INTO occurrences (id, cue_id, due_ms, triggered_by, run_id, state, armed_at_ms) VALUES (?1, ?2, ?3, 'scheduled', ?4, ?5, ?3)",
            params![id, cue, due_ms, run_id, state],
        )
        .unwrap();
    let Some((delivered, confirmed)) = run else { return };
    let ended = (confirmed != "working").then_some(due_ms + 2000);
    connection
        .execute(
            "INSERT INTO runs (id, cue_id, occurrence_id, due_ms, triggered_by, delivered, delivered_at_ms, confirmed, late,
               started_at_ms, ended_at_ms, attempts, attempts_max, cost_usd, sentence, status, body)
             VALUES (?1, ?2, ?3, ?4, 'scheduled', ?5, ?4, ?6, 0, ?4, ?7, 1, 1, 0.25, 'It was.', 'success', '{}')",
            params![run_id, cue, id, due_ms, delivered, confirmed, ended],
        )
        .unwrap();
}

fn store() -> (tempfile::TempDir, Journal, Connection) {
    let folder = tempfile::tempdir().unwrap();
    let journal = Journal::open(folder.path()).unwrap();
    let connection = Connection::open(folder.path().join("cuetower.db")).unwrap();
    (folder, journal, connection)
}

fn ask(from: i64, to: i64, dense_ms: i64) -> CellsAsk {
    CellsAsk {
        cue_ids: vec!["a".to_owned()],
        from: Ms(from),
        to: Ms(to),
        cell_ms: CELL_MS,
        dense_ms,
        past_before: None,
    }
}

#[test]
fn a_dense_lane_is_counted_and_keeps_the_worst_of_each_cell() {
    let (_folder, _journal, connection) = store();
    let confirmed = Some(("delivered", "confirmed"));
    write(&connection, "a", 0, "ran", confirmed);
    write(&connection, "a", MINUTE_MS, "ran", Some(("delivered", "claimed")));
    write(&connection, "a", 2 * MINUTE_MS, "ran", Some(("bounced", "none")));
    write(&connection, "a", 3 * MINUTE_MS, "ran", Some(("delivered", "refuted")));
    write(&connection, "a", 4 * MINUTE_MS, "coalesced", None);
    write(&connection, "a", 12 * MINUTE_MS, "missed", None);
    write(&connection, "a", 13 * MINUTE_MS, "skipped", None);
    write(&connection, "a", 25 * MINUTE_MS, "missed", None);
    write(&connection, "b", MINUTE_MS, "ran", confirmed);
    let band = Band { from: Ms(24 * MINUTE_MS), to: Ms(26 * MINUTE_MS), reason: Reason::Asleep };
    bands::upsert(&connection, &band).unwrap();
    let lane = lanes(&connection, &ask(0, 30 * MINUTE_MS, 5 * MINUTE_MS)).unwrap().remove(0);
    assert!(lane.dense && lane.marks.is_empty(), "due times a minute apart are closer than five");
    assert_eq!(lane.pitch_ms, Some(MINUTE_MS));
    let [first, second, third] = &lane.cells[..] else { panic!("three cells, not {:?}", lane.cells) };
    assert_eq!((first.due, first.ran, first.sent, first.delivered), (4, 4, 4, 3));
    assert_eq!((first.answered, first.confirmed, first.claimed, first.aside), (3, 1, 1, 1));
    assert_eq!(first.exceptions, 2);
    assert_eq!(first.worst.as_ref().map(|row| row.due), Some(Ms(3 * MINUTE_MS)), "a lie is worse than a bounce");
    assert_eq!((second.at, second.due, second.ran, second.exceptions), (1, 2, 0, 1));
    assert_eq!((third.at, third.due, third.aside, third.exceptions), (2, 0, 1, 0), "a grey band explains it");
}

#[test]
fn a_lane_with_room_is_told_in_marks_and_in_the_range_only() {
    let (_folder, _journal, connection) = store();
    for n in 0..10 {
        write(&connection, "a", n * CELL_MS, "ran", Some(("delivered", "confirmed")));
    }
    let lane = lanes(&connection, &ask(2 * CELL_MS, 5 * CELL_MS, MINUTE_MS)).unwrap().remove(0);
    assert!(!lane.dense && lane.cells.is_empty());
    assert_eq!(lane.marks.iter().map(|row| row.due.0 / CELL_MS).collect::<Vec<_>>(), [2, 3, 4]);
}

#[test]
fn more_marks_than_can_be_drawn_are_counted_however_far_apart_the_last_ones_were() {
    let (_folder, _journal, connection) = store();
    let many = i64::try_from(MARKS_MAX).unwrap() + 1;
    for n in 0..many {
        write(&connection, "a", n, "skipped", None);
    }
    for n in 1..50 {
        write(&connection, "a", many + n * MINUTE_MS, "skipped", None);
    }
    let lane = lanes(&connection, &ask(0, CELL_MS * 10, MINUTE_MS)).unwrap().remove(0);
    assert!(lane.dense);
    assert_eq!(lane.cells.iter().map(|cell| i64::from(cell.due)).sum::<i64>(), many + 49);
}

#[test]
fn one_record_for_many_due_times_is_told_as_it_is_wherever_it_touches() {
    let (_folder, _journal, connection) = store();
    write(&connection, "a", 0, "missed", None);
    connection.execute("UPDATE occurrences SET count = 400, until_ms = ?1", [CELL_MS * 3]).unwrap();
    for dense_ms in [1, CELL_MS * 100] {
        let lane = lanes(&connection, &ask(CELL_MS, CELL_MS * 2, dense_ms)).unwrap().remove(0);
        assert_eq!((lane.marks.len(), lane.cells.len()), (1, 0));
    }
}

#[test]
fn the_head_is_told_of_the_runs_before() {
    let (_folder, _journal, connection) = store();
    for n in 0..60 {
        write(&connection, "a", n * CELL_MS, "ran", Some(("delivered", "claimed")));
    }
    write(&connection, "a", 60 * CELL_MS, "ran", Some(("delivered", "working")));
    let past_before = Some(Ms(58 * CELL_MS));
    let lane = lanes(&connection, &CellsAsk { past_before, ..ask(0, CELL_MS, 1) }).unwrap().remove(0);
    assert_eq!((lane.past.len(), lane.past[0].took_ms), (51, 2000));
    assert_eq!(under_way(&connection, 10).unwrap().len(), 1, "the one that has not ended");
}

#[test]
fn counting_reads_the_indexes_and_not_the_rows() {
    let (_folder, _journal, connection) = store();
    let plan = |sql: &str| -> String {
        connection.query_row(&format!("EXPLAIN QUERY PLAN {sql}"), params!["a", 0, 1], |row| row.get(3)).unwrap()
    };
    let occurrences = plan(DUE);
    assert!(occurrences.contains("COVERING INDEX occurrences_by_cue"), "{occurrences}");
    let runs = plan(RAN);
    assert!(runs.contains("COVERING INDEX runs_by_cue"), "{runs}");
    let worst = "SELECT 1 FROM json_each('[1]') asked CROSS JOIN runs r ON r.rowid = asked.value
        CROSS JOIN occurrences o ON o.run_id = r.id WHERE ?1 <> ?2 OR ?3";
    let sql = format!("EXPLAIN QUERY PLAN {worst}");
    let plan: Vec<String> = connection
        .prepare(&sql)
        .unwrap()
        .query_map(params!["a", 0, 1], |row| row.get(3))
        .unwrap()
        .collect::<Result<_, _>>()
        .unwrap();
    assert!(plan.iter().skip(1).all(|step| step.starts_with("SEARCH")), "{plan:?}");
}

#[test]
fn the_worst_of_a_cell_is_the_row_it_was_counted_for() {
    let (_folder, _journal, connection) = store();
    // Two of one instant: the run that went well is no worse for its neighbour.
    write(&connection, "a", MINUTE_MS, "ran", Some(("delivered", "confirmed")));
    for n in 0..3 {
        write(&connection, "a", n * CELL_MS + 5, "held", None);
        write(&connection, "a", n * CELL_MS + 9, "ran", Some(("delivered", "failed")));
    }
    write(&connection, "a", 3 * CELL_MS, "missed", None);
    let lane = lanes(&connection, &ask(0, 4 * CELL_MS, CELL_MS * 9)).unwrap().remove(0);
    let worst: Vec<_> = lane.cells.iter().map(|cell| cell.worst.as_ref().map(|row| row.due.0)).collect();
    assert_eq!(worst, [Some(9), Some(CELL_MS + 9), Some(2 * CELL_MS + 9), Some(3 * CELL_MS)]);
    let of_run = lane.cells[0].worst.as_ref().and_then(|row| row.run.as_ref()).map(|run| run.confirmed.as_str());
    assert_eq!(of_run, Some("failed"));
}

#[test]
fn a_lane_tells_of_the_newest_long_absences_and_of_no_more() {
    let (_folder, _journal, connection) = store();
    let many = i64::try_from(SPANS_MAX).unwrap() + 20;
    for n in 0..many {
        write(&connection, "a", n * MINUTE_MS, "missed", None);
    }
    connection.execute("UPDATE occurrences SET count = 9, until_ms = due_ms + 50000", []).unwrap();
    let lane = lanes(&connection, &ask(0, many * MINUTE_MS, CELL_MS)).unwrap().remove(0);
    assert_eq!(lane.marks.len(), SPANS_MAX);
    assert_eq!(lane.marks.last().map(|mark| mark.due), Some(Ms((many - 1) * MINUTE_MS)));
    assert!(lane.marks.is_sorted_by_key(|mark| mark.due));
}

#[test]
fn the_marks_of_all_lanes_together_have_an_end() {
    let (_folder, _journal, connection) = store();
    let each = 1_000;
    connection.execute_batch("BEGIN").unwrap();
    for n in 0..each {
        write(&connection, "a", n * 10, "skipped", None);
    }
    connection.execute_batch("COMMIT").unwrap();
    // The same lane, over and over: more marks than there is room for.
    let lanes_asked = MARKS_OF_ALL / 1_000 + 5;
    let asked = CellsAsk { cue_ids: vec!["a".to_owned(); lanes_asked], ..ask(0, CELL_MS, 1) };
    let told = lanes(&connection, &asked).unwrap();
    assert_eq!(told.iter().map(|lane| lane.marks.len()).sum::<usize>(), MARKS_OF_ALL);
    assert_eq!(told.iter().filter(|lane| lane.dense && !lane.cells.is_empty()).count(), 5, "the others are counted");
}

#[test]
fn the_ends_of_time_are_no_trouble() {
    let (_folder, _journal, connection) = store();
    write(&connection, "a", 5, "ran", Some(("delivered", "failed")));
    let asked = CellsAsk { cell_ms: i64::MAX, ..ask(i64::MIN, i64::MAX, CELL_MS) };
    for dense_ms in [0, i64::MAX] {
        let lane = lanes(&connection, &CellsAsk { dense_ms, ..asked.clone() }).unwrap().remove(0);
        assert_eq!(lane.marks.len(), 1, "one due time has no distance to another");
    }
    write(&connection, "a", 6, "ran", Some(("delivered", "failed")));
    let lane = lanes(&connection, &CellsAsk { dense_ms: i64::MAX, ..asked }).unwrap().remove(0);
    assert_eq!(lane.cells.iter().map(|cell| cell.exceptions).sum::<u32>(), 2);
}
