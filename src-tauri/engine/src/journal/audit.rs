//! The facts of a lane that the audit of the ledger reads.

use cuetower_core::Ms;
use cuetower_core::cue::CueStatus;
use cuetower_core::event::Event;
use rusqlite::types::Type;
use rusqlite::{Connection, OptionalExtension, Row, params};

use super::put_away;

pub(super) const SCHEMA: &str = "
CREATE INDEX journal_definitions ON journal (lane, lane_seq) WHERE kind IN ('cue_defined', 'cue_status_changed');";

const LEDGER_KINDS: &str =
    "('cue_defined', 'cue_status_changed', 'occurrence_armed', 'occurrence_held', 'occurrence_ended', 'span_ended')";

/// Everything the audit has to know of one lane.
#[derive(Debug, Clone, Default)]
pub struct LaneFacts {
    /// Where the reading begins, if not at the first fact.
    pub start: Option<Start>,
    /// In the order of the lane.
    pub facts: Vec<(Ms, Event)>,
}

#[derive(Debug, Clone)]
pub struct Start {
    /// The fact that defined the cue as it was then.
    pub definition: Event,
    /// None: it was not active.
    pub active_since: Option<Ms>,
    /// Newest instant that had a record.
    pub newest: Option<Ms>,
    /// Armed and undecided: id and due instant.
    pub open: Vec<(String, Ms)>,
}

/// From the first fact about an instant due at `from` or later; None: from the beginning.
pub(super) fn facts(connection: &Connection, cue: &str, from: Option<Ms>) -> rusqlite::Result<LaneFacts> {
    // The records of days that are put away stand for many facts: where one would begin, all are read.
    let from = match from {
        Some(from) if !put_away::reaches(connection, cue, from)? => from,
        Some(_) | None => return Ok(LaneFacts { start: None, facts: after(connection, cue, 0)? }),
    };
    let first_decided: Option<i64> = connection
        .prepare_cached(
            "SELECT min(decided_seq) FROM occurrences WHERE cue_id = ?1 AND coalesce(until_ms, due_ms) >= ?2",
        )?
        .query_row(params![cue, from.0], |row| row.get(0))?;
    let first_defined: Option<i64> = connection
        .prepare_cached(
            "SELECT min(lane_seq) FROM journal WHERE lane = ?1 AND kind IN ('cue_defined', 'cue_status_changed') AND at_ms >= ?2",
        )?
        .query_row(params![cue, from.0], |row| row.get(0))?;
    // An undecided lane is read from its last fact on: the schedule must then have named nothing since.
    let last: i64 = connection
        .prepare_cached("SELECT coalesce(max(lane_seq), 0) FROM journal WHERE lane = ?1")?
        .query_row([cue], |row| row.get(0))?;
    let first = first_decided.into_iter().chain(first_defined).min().unwrap_or(last + 1);
    if first <= 1 {
        return Ok(LaneFacts { start: None, facts: after(connection, cue, 0)? });
    }
    let newest: Option<i64> = connection
        .prepare_cached(
            "SELECT max(coalesce(until_ms, due_ms)) FROM occurrences WHERE cue_id = ?1 AND triggered_by = 'scheduled' AND decided_seq < ?2",
        )?
        .query_row(params![cue, first], |row| row.get(0))?;
    let (definition, since) = standing(connection, cue, first)?;
    let start = match definition {
        Some(definition) => {
            let open = open_at(connection, cue, first, newest)?;
            Some(Start { definition, active_since: since, newest: newest.map(Ms), open })
        }
        None => None,
    };
    Ok(LaneFacts { start, facts: after(connection, cue, first - 1)? })
}

/// The definition that held before a fact, and since when the cue was active then.
fn standing(connection: &Connection, cue: &str, before: i64) -> rusqlite::Result<(Option<Event>, Option<Ms>)> {
    let last = |kind: &str| {
        let sql = format!(
            "SELECT at_ms, body, lane_seq FROM journal WHERE lane = ?1 AND kind = '{kind}'
                AND kind IN ('cue_defined', 'cue_status_changed') AND lane_seq < ?2 ORDER BY lane_seq DESC LIMIT 1"
        );
        let found = connection.prepare_cached(&sql)?.query_row(params![cue, before], fact).optional()?;
        Ok::<_, rusqlite::Error>(found)
    };
    let (defined, turned) = (last("cue_defined")?, last("cue_status_changed")?);
    let since = match &turned {
        Some((at, Event::CueStatusChanged { status: CueStatus::Active, since, .. })) => Some(since.unwrap_or(*at)),
        Some(_) => None,
        None => defined.as_ref().map(|(at, _)| *at),
    };
    let since = since.map(|since| defined.as_ref().map_or(since, |(at, _)| since.max(*at)));
    Ok((defined.map(|(_, event)| event), since))
}

/// Scheduled occurrences that were armed and undecided at `first`.
fn open_at(connection: &Connection, cue: &str, first: i64, newest: Option<i64>) -> rusqlite::Result<Vec<(String, Ms)>> {
    connection
        .prepare_cached(
            "SELECT id, due_ms FROM occurrences WHERE cue_id = ?1 AND due_ms > ?2 AND triggered_by = 'scheduled'
               AND until_ms IS NULL AND (decided_seq >= ?3 OR state = 'due')",
        )?
        .query_map(params![cue, newest.unwrap_or(i64::MIN), first], |row| Ok((row.get(0)?, Ms(row.get(1)?))))?
        .collect()
}

fn after(connection: &Connection, cue: &str, seq: i64) -> rusqlite::Result<Vec<(Ms, Event)>> {
    let sql = format!(
        "SELECT at_ms, body FROM journal WHERE lane = ?1 AND lane_seq > ?2 AND kind IN {LEDGER_KINDS} ORDER BY lane_seq"
    );
    connection.prepare_cached(&sql)?.query_map(params![cue, seq], fact)?.collect()
}

fn fact(row: &Row<'_>) -> rusqlite::Result<(Ms, Event)> {
    let body: String = row.get(1)?;
    let event = serde_json::from_str(&body)
        .map_err(|error| rusqlite::Error::FromSqlConversionFailure(1, Type::Text, error.into()))?;
    Ok((Ms(row.get(0)?), event))
}
