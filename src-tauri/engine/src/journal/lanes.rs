//! Snapshots of the live state of each lane. A lane is its snapshot plus the journal after it, so that starting costs
//! what is live, however long the history.

use std::collections::HashMap;

use std::sync::Arc;

use cuetower_core::Ms;
use cuetower_core::alert::{AlertBook, AlertEvent};
use cuetower_core::event::Event;
use cuetower_core::gate::GateBook;
use cuetower_core::lane::Lane;
use cuetower_core::pool::{PoolBook, PoolEvent};
use rusqlite::{Connection, OptionalExtension, params};
use serde::de::DeserializeOwned;

use super::{GATES_LANE, Journal, StoreError, entries, gates};

pub(super) const SCHEMA: &str = "
CREATE TABLE lanes (
  lane TEXT PRIMARY KEY,
  lane_seq INTEGER NOT NULL,
  state TEXT NOT NULL
) STRICT;";

/// Lanes that one thread reads faster than a second one could be started.
const ONE_THREAD: usize = 256;

/// Lane of the alerts in the journal.
pub const ALERTS_LANE: &str = "alerts";
/// Lane of the pools in the journal.
pub const POOLS_LANE: &str = "pools";

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

/// What is live, as it was when the tower last wrote.
pub struct Loaded {
    /// Every lane that is not deleted.
    pub lanes: Vec<LoadedLane>,
    pub alerts: AlertBook,
    pub pools: PoolBook,
    /// Questions outside of runs.
    pub gates: GateBook,
}

pub fn load(journal: &Journal) -> Result<Loaded, StoreError> {
    let (lanes, alerts) = (load_lanes(journal)?, load_alerts(journal)?);
    Ok(Loaded { lanes, alerts, pools: load_pools(journal)?, gates: gates::load(journal)? })
}

fn load_lanes(journal: &Journal) -> Result<Vec<LoadedLane>, StoreError> {
    let stored = stored_lanes(journal)?;
    // Reading the texts is most of the work, and each lane's is its own.
    let threads =
        std::thread::available_parallelism().map_or(1, std::num::NonZero::get).min(stored.len() / ONE_THREAD + 1);
    let loaded = std::thread::scope(|scope| {
        let parts = stored.chunks(stored.len().div_ceil(threads).max(1));
        let reading: Vec<_> =
            parts.map(|part| scope.spawn(|| part.iter().map(load_lane).collect::<Result<Vec<_>, _>>())).collect();
        let parts = reading.into_iter().map(|part| part.join().expect("reading a lane does not panic"));
        parts.collect::<Result<Vec<_>, _>>()
    })?;
    Ok(loaded.into_iter().flatten().collect())
}

/// What the store has of a lane.
struct StoredLane {
    id: String,
    state: Option<String>,
    /// The facts after the snapshot, oldest first: `(lane_seq, at, body)`.
    facts: Vec<(u64, Ms, String)>,
}

/// A few scans for all of them: thousands of lanes would be thousands of questions otherwise.
fn stored_lanes(journal: &Journal) -> Result<Vec<StoredLane>, StoreError> {
    journal.guard(|connection| {
        // The snapshot of a cue goes in the commit that deletes the cue, so all of these are live.
        let mut stored: Vec<StoredLane> = connection
            .prepare("SELECT lane, state FROM lanes WHERE lane NOT IN (?1, ?2, ?3)")?
            .query_map([ALERTS_LANE, POOLS_LANE, GATES_LANE], |row| {
                Ok(StoredLane { id: row.get(0)?, state: Some(row.get(1)?), facts: Vec::new() })
            })?
            .collect::<Result<_, _>>()?;
        let places: HashMap<String, usize> =
            stored.iter().enumerate().map(|(place, lane)| (lane.id.clone(), place)).collect();
        let after_snapshots = "SELECT j.lane, j.lane_seq, j.at_ms, j.body FROM lanes l
            CROSS JOIN journal j ON j.lane = l.lane AND j.lane_seq > l.lane_seq ORDER BY l.rowid, j.lane_seq";
        let mut facts = connection.prepare(after_snapshots)?;
        let mut rows = facts.query([])?;
        while let Some(row) = rows.next()? {
            if let Some(place) = places.get(row.get_ref(0)?.as_str()?) {
                stored[*place].facts.push((row.get::<_, i64>(1)? as u64, Ms(row.get(2)?), row.get(3)?));
            }
        }
        // The index of live names tells how many there are; who they are stands in rows that are long to read.
        let live = "FROM cues c WHERE c.status <> 'deleted'";
        let count: u32 = connection.query_row(&format!("SELECT count(*) {live}"), [], |row| row.get(0))?;
        if count as usize > stored.len() {
            let sql = format!("SELECT c.id {live} AND NOT EXISTS (SELECT 1 FROM lanes l WHERE l.lane = c.id)");
            for id in connection.prepare(&sql)?.query_map([], |row| row.get(0))? {
                let id: String = id?;
                stored.push(StoredLane { facts: entries::after(connection, &id, 0)?, id, state: None });
            }
        }
        Ok(stored)
    })
}

fn load_lane(stored: &StoredLane) -> Result<LoadedLane, StoreError> {
    let id = &stored.id;
    let mut lane: Option<Lane> = stored.state.as_deref().map(parse).transpose()?;
    let snapshot_seq = lane.as_ref().map_or(0, |lane| lane.seq);
    for (lane_seq, at, body) in &stored.facts {
        let (lane_seq, at) = (*lane_seq, *at);
        let event: Event = parse(body)?;
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

fn load_pools(journal: &Journal) -> Result<PoolBook, StoreError> {
    let mut book: PoolBook = snapshot(journal, POOLS_LANE)?.unwrap_or_default();
    for (_, at, body) in journal.guard(|connection| entries::after(connection, POOLS_LANE, book.seq))? {
        book.apply(at, &parse::<PoolEvent>(&body)?);
    }
    Ok(book)
}

fn load_alerts(journal: &Journal) -> Result<AlertBook, StoreError> {
    let mut book: AlertBook = snapshot(journal, ALERTS_LANE)?.unwrap_or_default();
    for (_, _, body) in journal.guard(|connection| entries::after(connection, ALERTS_LANE, book.seq))? {
        book.apply(&parse::<AlertEvent>(&body)?);
    }
    book.set_rules(Arc::new(journal.alert_rules()?));
    Ok(book)
}

pub(super) fn snapshot<T: DeserializeOwned>(journal: &Journal, lane: &str) -> Result<Option<T>, StoreError> {
    let state: Option<String> = journal.guard(|connection| {
        connection.query_row("SELECT state FROM lanes WHERE lane = ?1", [lane], |row| row.get(0)).optional()
    })?;
    state.map(|state| parse(&state)).transpose()
}

pub(super) fn parse<T: DeserializeOwned>(text: &str) -> Result<T, StoreError> {
    serde_json::from_str(text).map_err(|error| StoreError::Row(error.to_string()))
}
