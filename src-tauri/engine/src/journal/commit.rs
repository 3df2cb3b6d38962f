//! One batch, one transaction: the facts, and the read tables that follow from them.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use cuetower_core::Ms;
use cuetower_core::alert::{Alert, Rules};
use cuetower_core::away::Band;
use cuetower_core::cue::Cue;
use cuetower_core::fuse::Limits;
use cuetower_core::id::{AccountId, CueId, OccurrenceId, RunId};
use cuetower_core::occurrence::{Armed, End};
use cuetower_core::run::Run;

use crate::desk::wire::Topic;
use crate::fleet::AgentNews;

use super::recording::{self, EPOCH, Recording};
use super::{
    Entry, GateChange, Journal, KeyRow, OutboxRow, OutputRow, SpanRow, StepsChange, StepsKept, StoreError, UsualChange,
    WatchRow, WorkerSeen,
};
use super::{
    alert_rules, alerts, attempts, bands, costs, cues, entries, fuses, gates, keys, lanes, occurrences, outbox,
    outputs, runs, search, secrets, steps, tower, usual, watches, workers,
};

/// Everything one batch writes.
#[derive(Debug, Default)]
pub struct Commit {
    pub entries: Vec<Entry>,
    pub cues: Vec<Cue>,
    /// Cues of which nothing changed but their runs: id, runs begun, the last one's beginning.
    pub runs_counted: Vec<(CueId, u64, Option<Ms>)>,
    /// In the order they were decided.
    pub occurrences: Vec<OccurrenceChange>,
    pub attempts_begun: Vec<(RunId, u32, Ms)>,
    /// As they are now.
    pub runs: Vec<Arc<Run>>,
    pub outputs: Vec<OutputRow>,
    pub alerts: Vec<Alert>,
    /// As they are now.
    pub gates: Vec<GateChange>,
    pub alert_rules: Option<Rules>,
    pub fuses: Option<Limits>,
    /// Who else is to be told of them.
    pub outbox: Vec<OutboxRow>,
    pub keys: Vec<KeyRow>,
    pub secrets_kept: Vec<(String, Ms)>,
    pub secrets_dropped: Vec<String>,
    pub snapshots: Vec<SnapshotRow>,
    pub bands: Vec<Band>,
    pub workers_seen: Vec<WorkerSeen>,
    pub workers_dropped: Vec<(AccountId, String)>,
    pub steps: Vec<StepsChange>,
    pub watches: Vec<WatchRow>,
    pub usual: Vec<UsualChange>,
    pub steps_kept: Vec<StepsKept>,
    /// By trace, whose its spans are.
    pub traces: BTreeMap<String, String>,
    pub alive_at: Option<Ms>,
    /// The owner has read the briefing about everything before.
    pub briefed_at: Option<Ms>,
    pub orderly: Option<bool>,
    pub paused: Option<bool>,
    /// The owner's limits, for what recordings hold against them.
    pub limits: Limits,
    /// Of agents that beat: the words of a budget of the day that is spent, without an end mark.
    pub spent: HashMap<(AccountId, String), String>,
    /// What is decided on disk, after all the rest.
    pub(crate) recordings: Vec<Box<dyn Recording>>,
    /// What this is about; the commit adds what the recordings were about.
    pub topics: BTreeSet<Topic>,
    /// What the recordings say of agents; the commit fills it in.
    pub agent_news: Vec<AgentNews>,
}

#[derive(Debug, Clone)]
pub enum OccurrenceChange {
    Armed {
        cue_id: CueId,
        armed: Armed,
    },
    /// `seq`: the lane sequence of the fact.
    Held {
        id: OccurrenceId,
        by: String,
        asks: bool,
        seq: u64,
    },
    /// `decided`: the lane sequence of the fact, unless the instant was taken back before it was due.
    Ended {
        id: OccurrenceId,
        end: End,
        at: Ms,
        decided: Option<u64>,
    },
    Span(SpanRow),
}

/// The live state of a lane, to start from; `state` None takes it away (a deleted cue).
#[derive(Debug)]
pub struct SnapshotRow {
    pub lane: String,
    pub lane_seq: u64,
    pub state: Option<String>,
}

impl Journal {
    /// On disk when this returns. Returns the journal sequence of the last fact.
    pub fn commit(&mut self, commit: &mut Commit) -> Result<u64, StoreError> {
        let path = self.path.clone();
        self.write(commit).map_err(|source| StoreError::Sqlite { path, source })
    }

    fn write(&mut self, commit: &mut Commit) -> rusqlite::Result<u64> {
        let transaction = self.connection.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
        for entry in &commit.entries {
            entries::append(&transaction, EPOCH, entry)?;
        }
        for cue in &commit.cues {
            cues::upsert(&transaction, cue)?;
        }
        for (id, run_count, last_run_at) in &commit.runs_counted {
            cues::count_run(&transaction, &id.0, *run_count, *last_run_at)?;
        }
        for change in &commit.occurrences {
            match change {
                OccurrenceChange::Armed { cue_id, armed } => occurrences::arm(&transaction, &cue_id.0, armed)?,
                OccurrenceChange::Held { id, by, asks, seq } => {
                    occurrences::hold(&transaction, &id.0, by, *asks, *seq)?
                }
                OccurrenceChange::Ended { id, end, at, decided } => {
                    occurrences::end(&transaction, &id.0, end, *at, *decided)?
                }
                OccurrenceChange::Span(span) => occurrences::span(&transaction, span)?,
            }
        }
        for (run_id, number, at) in &commit.attempts_begun {
            attempts::begin(&transaction, &run_id.0, *number, *at)?;
        }
        for run in &commit.runs {
            runs::upsert(&transaction, run)?;
        }
        for kept in &commit.steps_kept {
            steps::keep(&transaction, kept)?;
        }
        for change in &commit.steps {
            steps::write(&transaction, change)?;
        }
        for change in &commit.usual {
            usual::write(&transaction, change)?;
        }
        for row in &commit.watches {
            watches::write(&transaction, row)?;
        }
        for (trace, owner) in &commit.traces {
            steps::trace(&transaction, trace, owner)?;
        }
        for run in &commit.runs {
            costs::ended(&transaction, run)?;
        }
        for output in &commit.outputs {
            outputs::upsert(&transaction, output)?;
        }
        for alert in &commit.alerts {
            alerts::upsert(&transaction, alert)?;
        }
        for gate in &commit.gates {
            gates::write(&transaction, gate)?;
        }
        if let Some(rules) = &commit.alert_rules {
            alert_rules::keep(&transaction, rules, commit.alive_at.unwrap_or_default())?;
        }
        if let Some(limits) = &commit.fuses {
            fuses::keep(&transaction, limits)?;
        }
        for row in &commit.outbox {
            outbox::write(&transaction, row)?;
        }
        self::tower_rows(&transaction, commit)?;
        for snapshot in &commit.snapshots {
            match &snapshot.state {
                Some(state) => lanes::upsert(&transaction, &snapshot.lane, snapshot.lane_seq, state)?,
                None => lanes::delete(&transaction, &snapshot.lane)?,
            }
        }
        let at = commit.alive_at.unwrap_or_default();
        let (topics, news) =
            recording::write_all(&transaction, (at, commit.limits, &commit.spent), &mut commit.recordings)?;
        commit.topics.extend(topics);
        commit.agent_news = news;
        self::search_rows(&transaction, commit)?;
        let seq = entries::last_seq(&transaction)?;
        transaction.commit()?;
        Ok(seq)
    }

    pub fn last_seq(&self) -> Result<u64, StoreError> {
        self.guard(entries::last_seq)
    }

    /// A run by id, for a late word about it.
    pub fn run(&self, id: &RunId) -> Result<Option<Run>, StoreError> {
        self.guard(|connection| runs::get(connection, &id.0))
    }

    /// What a run cost, in dollars, as far as anybody said.
    pub fn cost_of(&self, id: &RunId) -> Result<Option<f64>, StoreError> {
        self.guard(|connection| runs::cost_of(connection, &id.0))
    }

    /// The newest run of a cue that was due by then.
    pub fn newest_run(&self, cue: &CueId, due_by: Ms) -> Result<Option<Run>, StoreError> {
        self.guard(|connection| runs::newest(connection, &cue.0, due_by))
    }

    /// Lane sequence of the last fact of a lane; 0 if it has none.
    pub fn lane_seq(&self, lane: &str) -> Result<u64, StoreError> {
        self.guard(|connection| {
            let sql = "SELECT coalesce(max(lane_seq), 0) FROM journal WHERE lane = ?1";
            connection.query_row(sql, [lane], |row| row.get::<_, i64>(0)).map(|seq| seq as u64)
        })
    }
}

/// What is looked for by its words; after all that it is made of. It follows from the rest and can be made anew: if it fails,
/// the rest stands.
fn search_rows(connection: &rusqlite::Connection, commit: &Commit) -> rusqlite::Result<()> {
    let nothing =
        commit.cues.is_empty() && commit.alerts.is_empty() && commit.runs.is_empty() && commit.steps.is_empty();
    if nothing {
        return Ok(());
    }
    connection.execute_batch("SAVEPOINT search")?;
    if let Err(error) = write_words(connection, commit) {
        tracing::error!(%error, "what was just written down is not found by its words");
        connection.execute_batch("ROLLBACK TO search")?;
    }
    connection.execute_batch("RELEASE search")
}

fn write_words(connection: &rusqlite::Connection, commit: &Commit) -> rusqlite::Result<()> {
    commit.cues.iter().try_for_each(|cue| search::cue(connection, cue))?;
    commit.alerts.iter().try_for_each(|alert| search::alert(connection, alert))?;
    commit.runs.iter().try_for_each(|run| search::run(connection, run))?;
    let stepped = commit.steps.iter().filter_map(|change| Some(change.owner.run.as_ref()?.0.as_str()));
    let told: BTreeSet<&str> = commit.runs.iter().map(|run| run.id.as_str()).collect();
    let stepped: BTreeSet<&str> = stepped.filter(|id| !told.contains(id)).collect();
    stepped.into_iter().try_for_each(|id| search::run_stepped(connection, id))
}

fn tower_rows(connection: &rusqlite::Connection, commit: &Commit) -> rusqlite::Result<()> {
    for band in &commit.bands {
        bands::upsert(connection, band)?;
    }
    for seen in &commit.workers_seen {
        workers::seen(connection, seen)?;
    }
    for (account, id) in &commit.workers_dropped {
        workers::drop(connection, account, id)?;
    }
    for key in &commit.keys {
        keys::insert(connection, key)?;
    }
    for (name, at) in &commit.secrets_kept {
        secrets::keep(connection, name, *at)?;
    }
    for name in &commit.secrets_dropped {
        secrets::drop(connection, name)?;
    }
    if let Some(at) = commit.alive_at {
        tower::alive(connection, at)?;
    }
    let facts = [
        ("briefed_ms", commit.briefed_at.map(|at| at.0)),
        ("orderly", commit.orderly.map(i64::from)),
        ("paused", commit.paused.map(i64::from)),
    ];
    for (key, value) in facts {
        if let Some(value) = value {
            tower::set(connection, key, value)?;
        }
    }
    Ok(())
}
