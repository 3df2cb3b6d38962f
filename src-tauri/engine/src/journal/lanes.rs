//! Snapshots of the live state of each lane. A lane is its snapshot plus the journal after it, so that starting costs
//! what is live, however long the history.

use cuetower_core::alert::{AlertBook, AlertEvent};
use cuetower_core::event::Event;
use cuetower_core::lane::Lane;
use rusqlite::{Connection, OptionalExtension, params};
use serde::de::DeserializeOwned;

use super::{Journal, StoreError, entries};

pub(super) const SCHEMA: &str = "
CREATE TABLE lanes (
  lane TEXT PRIMARY KEY,
  lane_seq INTEGER NOT NULL,
  state TEXT NOT NULL
) STRICT;";

/// Lane of the alerts in the journal.
pub const ALERTS_LANE: &str = "alerts";

pub(super) fn upsert(connection: &Connection, lane: &str, lane_seq: u64, state: &str) -> rusqlite::Result<()> {
    connection
        .prepare_cached("INSERT INTO lanes (lane, lane_seq, state) VALUES (?1, ?2, ?3) ON CONFLICT (lane) DO UPDATE SET lane_seq = excluded.lane_seq, state = excluded.state")?
        .execute(params![lane, lane_seq as i64, state])?;
    Ok(())
}

pub(super) fn delete(connection: &Connection, lane: &str) -> rusqlite::Result<()> {
    connection.prepare_cached("DELETE FROM lanes WHERE lane = ?1")?.execute([lane])?;
    Ok(())
}

/// A lane as it was when the tower last wrote, with the sequence its snapshot had.
pub struct LoadedLane {
    pub lane: Lane,
    pub snapshot_seq: u64,
}

/// Every lane that is not deleted, and the alert book.
pub fn load_lanes(journal: &Journal) -> Result<(Vec<LoadedLane>, AlertBook), StoreError> {
    // One scan for all snapshots: thousands of lanes are thousands of questions otherwise.
    let known: Vec<(String, Option<String>)> = journal.guard(|connection| {
        let sql = "SELECT c.id, l.state FROM cues c LEFT JOIN lanes l ON l.lane = c.id WHERE c.status <> 'deleted'";
        connection.prepare(sql)?.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?.collect()
    })?;
    let lanes = known.into_iter().map(|(id, state)| load_lane(journal, &id, state.as_deref()));
    Ok((lanes.collect::<Result<Vec<_>, _>>()?, load_book(journal)?))
}

fn load_lane(journal: &Journal, id: &str, state: Option<&str>) -> Result<LoadedLane, StoreError> {
    let mut lane: Option<Lane> = state.map(parse).transpose()?;
    let snapshot_seq = lane.as_ref().map_or(0, |lane| lane.seq);
    for (lane_seq, at, body) in journal.guard(|connection| entries::after(connection, id, snapshot_seq))? {
        let event: Event = parse(&body)?;
        match &mut lane {
            Some(lane) => lane.apply(at, &event),
            None => lane = Lane::first(at, &event),
        }
        if lane.as_ref().is_none_or(|lane| lane.seq != lane_seq) {
            return Err(StoreError::Row(format!("journal of {id}: fact {lane_seq} does not follow the one before")));
        }
    }
    let mut lane = lane.ok_or_else(|| StoreError::Row(format!("cue {id} has no facts in the journal")))?;
    lane.rebuild_plan();
    lane.forget_ended();
    Ok(LoadedLane { lane, snapshot_seq })
}

/// A cue's lane as it stands, for who only reads. None: there is no such cue, or it is deleted.
pub(super) fn get(connection: &Connection, id: &str) -> rusqlite::Result<Option<Lane>> {
    let sql = "SELECT l.state FROM cues c LEFT JOIN lanes l ON l.lane = c.id WHERE c.id = ?1 AND c.status <> 'deleted'";
    let state = connection.prepare_cached(sql)?.query_row([id], |row| row.get::<_, Option<String>>(0)).optional()?;
    let Some(state) = state else { return Ok(None) };
    let read = |error: serde_json::Error| {
        rusqlite::Error::FromSqlConversionFailure(0, rusqlite::types::Type::Text, error.into())
    };
    let mut lane: Option<Lane> = state.map(|state| serde_json::from_str(&state)).transpose().map_err(read)?;
    for (_, at, body) in entries::after(connection, id, lane.as_ref().map_or(0, |lane| lane.seq))? {
        let event: Event = serde_json::from_str(&body).map_err(read)?;
        match &mut lane {
            Some(lane) => lane.apply(at, &event),
            None => lane = Lane::first(at, &event),
        }
    }
    if let Some(lane) = &mut lane {
        lane.rebuild_plan();
        lane.forget_ended();
    }
    Ok(lane)
}

fn load_book(journal: &Journal) -> Result<AlertBook, StoreError> {
    let mut book: AlertBook = snapshot(journal, ALERTS_LANE)?.unwrap_or_default();
    for (_, _, body) in journal.guard(|connection| entries::after(connection, ALERTS_LANE, book.seq))? {
        book.apply(&parse::<AlertEvent>(&body)?);
    }
    Ok(book)
}

fn snapshot<T: DeserializeOwned>(journal: &Journal, lane: &str) -> Result<Option<T>, StoreError> {
    let state: Option<String> = journal.guard(|connection| {
        connection.query_row("SELECT state FROM lanes WHERE lane = ?1", [lane], |row| row.get(0)).optional()
    })?;
    state.map(|state| parse(&state)).transpose()
}

fn parse<T: DeserializeOwned>(text: &str) -> Result<T, StoreError> {
    serde_json::from_str(text).map_err(|error| StoreError::Row(error.to_string()))
}
