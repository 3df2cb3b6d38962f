//! Read-only connections for everybody but the pilot.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use cuetower_core::Ms;
use cuetower_core::alert::Rules;
use cuetower_core::away::Band;
use cuetower_core::channel::{Note, Waiting};
use cuetower_core::cue::Cue;
use cuetower_core::lane::Lane;
use cuetower_core::retention::Keep;
use cuetower_core::run::Run;
use cuetower_core::watch::Sample;
use rusqlite::{Connection, OpenFlags, Row};
use serde::de::DeserializeOwned;

use super::{
    AccountAlertRow, AccountRow, AddressRow, AlertFilter, AlertRow, Errands, EventRow, FORMAT, KeyRow, KnownAddress,
    LaneFacts, LiveSessionRow, LoginRow, MessageFilter, MessageRow, OccurrenceRow, OutputRow, PassedRow, RunFilter,
    RunStats, SecretRow, SecretUseRow, SpendRow, StepGroup, StepRow, StoreError, SubscriptionRow, ToldRow, UsageRow,
    VitalsRow, WorkerRow,
};
use super::{AgentSpent, DisagreementRow, ModelSpent, RunsDue, SpentRow, costs};
use super::{ApartRow, EndedRuns, OtlpOutRow, otlp_out, spans_apart};
use super::{BeaconRow, ChannelRow, OutboxNote, ToldOf, channels, outbox};
use super::{BeatRow, DaySum, MinuteSum, PriceRow, agent_commands, agents, beats, prices};
use super::{Candidates, FactsSeen, LaneCut, LeftRow, StoreSize, put_away_plan};
use super::{CellsAsk, LaneCellsRow, cells};
use super::{GateFilter, GateRow, WaitingGateRow, gates};
use super::{GaugesRow, gauges};
use super::{ReportTold, alert_rules, report};
use super::{SearchAsk, SearchDoc, SearchPart, SearchRun, search_read};
use super::{SpentApart, costs_apart};
use super::{
    accounts, addresses, alerts, audit, bands, counts, cues, entries, keys, lanes, live_sessions, logins, messages,
    occurrences, outputs, runs, secrets, steps_read, steps_tree, subscriptions, tower, usual, workers,
};
use crate::desk::wire::SearchKind;
use crate::fleet::{Agent, Command};

/// Idle connections kept.
const KEPT: usize = 4;

/// Cheap to clone. Each call takes a connection of its own and runs off the async threads.
#[derive(Clone)]
pub struct Reader {
    shared: Arc<Shared>,
}

struct Shared {
    path: PathBuf,
    idle: Mutex<Vec<Connection>>,
}

macro_rules! queries {
    ($($(#[$doc:meta])* $name:ident($($argument:ident: $type:ty),*) -> $result:ty = $query:path;)*) => {
        impl Reader {
            $($(#[$doc])* pub async fn $name(&self, $($argument: $type),*) -> Result<$result, StoreError> {
                self.query(move |connection| $query(connection, $($argument.by()),*)).await
            })*
        }
    };
}

/// How an owned argument is lent to a query.
trait By {
    type Lent<'a>
    where
        Self: 'a;
    fn by(&self) -> Self::Lent<'_>;
}

impl By for String {
    type Lent<'a> = &'a str;
    fn by(&self) -> &str {
        self
    }
}

impl By for Option<String> {
    type Lent<'a> = Option<&'a str>;
    fn by(&self) -> Option<&str> {
        self.as_deref()
    }
}

impl By for u32 {
    type Lent<'a> = u32;
    fn by(&self) -> u32 {
        *self
    }
}

impl By for Ms {
    type Lent<'a> = Ms;
    fn by(&self) -> Ms {
        *self
    }
}

impl By for Option<Ms> {
    type Lent<'a> = Option<Ms>;
    fn by(&self) -> Option<Ms> {
        *self
    }
}

impl By for AlertFilter {
    type Lent<'a> = &'a AlertFilter;
    fn by(&self) -> &AlertFilter {
        self
    }
}

impl By for Option<i64> {
    type Lent<'a> = Option<i64>;
    fn by(&self) -> Option<i64> {
        *self
    }
}

impl By for Keep {
    type Lent<'a> = Keep;
    fn by(&self) -> Keep {
        *self
    }
}

impl By for LaneCut {
    type Lent<'a> = &'a LaneCut;
    fn by(&self) -> &LaneCut {
        self
    }
}

impl By for Vec<LaneCut> {
    type Lent<'a> = &'a [LaneCut];
    fn by(&self) -> &[LaneCut] {
        self
    }
}

impl By for CellsAsk {
    type Lent<'a> = &'a CellsAsk;
    fn by(&self) -> &CellsAsk {
        self
    }
}

impl By for GateFilter {
    type Lent<'a> = &'a GateFilter;
    fn by(&self) -> &GateFilter {
        self
    }
}

impl By for SearchAsk {
    type Lent<'a> = &'a SearchAsk;
    fn by(&self) -> &SearchAsk {
        self
    }
}

impl By for SearchPart {
    type Lent<'a> = SearchPart;
    fn by(&self) -> SearchPart {
        *self
    }
}

impl By for SearchKind {
    type Lent<'a> = SearchKind;
    fn by(&self) -> SearchKind {
        *self
    }
}

impl By for RunFilter {
    type Lent<'a> = &'a RunFilter;
    fn by(&self) -> &RunFilter {
        self
    }
}

impl By for u64 {
    type Lent<'a> = u64;
    fn by(&self) -> u64 {
        *self
    }
}

impl By for MessageFilter {
    type Lent<'a> = &'a MessageFilter;
    fn by(&self) -> &MessageFilter {
        self
    }
}

impl By for Arc<Run> {
    type Lent<'a> = &'a Run;
    fn by(&self) -> &Run {
        self
    }
}

queries! {
    /// Also a deleted one.
    cue(id: String) -> Option<Cue> = cues::get;
    /// Newest first, and how many there are in all; `account` None: everybody's.
    cues(account: Option<String>, status: Option<String>, limit: u32, offset: u32) -> (Vec<Cue>, u32) = cues::list;
    run(id: String) -> Option<Run> = runs::get;
    /// Newest sign of life first; `account` None: everybody's.
    workers(account: Option<String>) -> Vec<WorkerRow> = workers::list;
    runs(filter: RunFilter) -> (Vec<Run>, u32) = runs::list;
    /// When the oldest claim was made that is not over yet, among an account's runs.
    oldest_claim(account: String) -> Option<Ms> = runs::oldest_claim;
    /// How many runs led to this one, each through the end of the one before; at most 64.
    chain_depth(run_id: String) -> u32 = runs::chain_depth;
    /// How the runs of a cue went that were due since then.
    run_stats(cue_id: String, since: Ms) -> RunStats = runs::stats;
    /// Median length of a cue's newest good runs, in milliseconds, and of how many runs.
    typical_run_ms(cue_id: String) -> Option<(u64, u32)> = runs::typical_ms;
    /// The lane of a cue as it stands; None for a deleted one.
    lane(cue_id: String) -> Option<Lane> = lanes::get;
    /// What the newest good runs of a cue used, oldest first, each with its run's id.
    samples(cue_id: String) -> Vec<(String, Sample)> = usual::samples;
    neighbours(run: Arc<Run>) -> (Option<String>, Option<String>) = runs::neighbours;
    outputs(run_id: String) -> Vec<OutputRow> = outputs::of_run;
    /// Due in `[from, to)`, newest first.
    occurrences_between(from: Ms, to: Ms, limit: u32) -> Vec<OccurrenceRow> = occurrences::between;
    /// Due before an instant, newest first.
    occurrences_page(cue_id: Option<String>, before: Ms, limit: u32) -> Vec<OccurrenceRow> = occurrences::page;
    /// The oldest due time in the ledger.
    oldest_due() -> Option<Ms> = occurrences::oldest_due;
    /// What waits to begin, newest first; `account` None: everybody's.
    occurrences_waiting(account: Option<String>, cue_id: Option<String>, limit: u32) -> Vec<OccurrenceRow> = occurrences::waiting;
    occurrence_of_run(run_id: String) -> Option<OccurrenceRow> = occurrences::of_run;
    /// Those that wait for the owner's word, oldest first.
    occurrences_asking() -> Vec<OccurrenceRow> = occurrences::asking;
    /// Lanes at a glance, in the order they were asked for.
    lanes_at_a_glance(ask: CellsAsk) -> Vec<LaneCellsRow> = cells::lanes;
    /// Runs that have not ended, newest first.
    under_way(most: u32) -> Vec<OccurrenceRow> = cells::under_way;
    /// What became of the scheduled instants of each cue in `[from, to)`.
    occurrences_passed(from: Ms, to: Ms) -> Vec<PassedRow> = occurrences::passed;
    /// Bands that touch `[from, to)`, oldest first.
    bands(from: Ms, to: Ms) -> Vec<Band> = bands::between;
    /// Up to when the owner has been told what was missed.
    briefed() -> Option<Ms> = tower::briefed;
    /// Last instant the tower is known to have been up.
    alive_at() -> Option<Ms> = tower::alive_at;
    /// Every cue there has been, with its name; deleted ones too.
    cue_names() -> Vec<(String, String)> = cues::names;
    /// The facts of a lane that its audit reads, from an instant on; None: from the beginning.
    lane_facts(cue_id: String, from: Option<Ms>) -> LaneFacts = audit::facts;
    alerts(limit: u32) -> Vec<AlertRow> = alerts::list;
    alert(id: String) -> Option<AlertRow> = alerts::get;
    /// How alerts are told.
    alert_rules() -> Rules = alert_rules::rules;
    report_told() -> ReportTold = alert_rules::report_told;
    /// How the runs of each cue ended that were due in `[from, to)`: cue, verdict, how many.
    run_ends(from: Ms, to: Ms) -> Vec<(String, String, u32)> = report::ends;
    /// Of one account, newest news first, and how many there are in all.
    alerts_of(filter: AlertFilter) -> (Vec<AccountAlertRow>, u32) = alerts::of_account;
    /// How many runs of an account were due since an instant.
    runs_since(account: String, since: Ms) -> u32 = counts::runs_since;
    /// What an account used since an instant; reads each of its runs since then.
    usage(account: String, since: Ms) -> UsageRow = counts::usage;
    /// How it goes right now.
    vitals(now: Ms) -> VitalsRow = counts::vitals;
    /// How much is under way and open.
    gauges() -> GaugesRow = gauges::gauges;
    /// By the SHA-256 of the key, in hex.
    key(hash: String) -> Option<KeyRow> = keys::get;
    /// The key of a line that is good now.
    key_of_line(line: String) -> Option<KeyRow> = keys::of_line;
    /// When the owner last gave a line of keys a new one; sessions of before stand for nobody.
    line_rotated(line: String) -> Option<Ms> = keys::line_rotated;
    /// Those of one account, if asked; by name.
    agents(account: Option<String>) -> Vec<Agent> = agents::list;
    /// Newest first.
    agent_beats(agent: u32, limit: u32) -> Vec<BeatRow> = beats::of_agent;
    /// What each agent used on a day ("2026-11-21").
    agent_days(day: String) -> Vec<DaySum> = beats::of_day;
    /// What agents used from one day to another, and on which.
    agents_days(first: String, last: String) -> Vec<(String, DaySum)> = beats::of_days;
    /// What was spent from one day to another, which are in time from `began` to before `ended`; runs are counted from the day
    /// `asked` on.
    spent(first: String, last: String, asked: String, began: Ms, ended: Ms) -> Vec<SpentRow> = costs::spent;
    /// What each agent spent on a day as its runs and its telemetry tell it.
    spent_on(day: String) -> Vec<AgentSpent> = costs::spent_on;
    /// What runs of each cue cost on a day, in billionths of a dollar; without those of which nobody told.
    cues_spent_on(day: String) -> Vec<(String, i64)> = costs::cues_on;
    /// Calls of each model, from one day to another.
    spent_by_model(first: String, last: String) -> Vec<ModelSpent> = costs::by_model;
    /// The same, apart by cue and agent.
    spent_apart(first: String, last: String) -> Vec<SpentApart> = costs_apart::spent_apart;
    /// Newest first, and how many there are in all.
    disagreeing(since: Ms, limit: u32) -> (Vec<DisagreementRow>, u32) = costs::disagreeing;
    /// Every cue there has been: id, name, whether it is deleted.
    cues_called() -> Vec<(String, String, bool)> = costs::cues;
    /// The model that a step of a run was begun with and is not ended yet.
    model_begun(run_id: String, key: String) -> Option<String> = costs::model_begun;
    /// How many runs of each cue began that were due in `[from, to)`.
    runs_due(from: Ms, to: Ms) -> Vec<(String, RunsDue)> = costs::due;
    /// What each agent sent in each minute of the hour that ends now.
    agent_minutes(now: Ms) -> Vec<MinuteSum> = beats::of_hour;
    /// Asked of runners since then, newest first.
    agent_commands(from: Ms) -> Vec<Command> = agent_commands::since;
    /// Not ended, oldest first.
    agent_commands_open() -> Vec<Command> = agent_commands::open;
    /// Whether any waits for a runner that beats with this key (by its hash).
    agent_commands_wait(key: String) -> bool = agent_commands::wait_for;
    /// The owner's own, by name.
    prices() -> Vec<PriceRow> = prices::list;
    /// Newest first.
    keys() -> Vec<KeyRow> = keys::list;
    account(id: String) -> Option<AccountRow> = accounts::get;
    /// Those who registered, oldest first, each with how many cues it has.
    accounts() -> Vec<(AccountRow, u32)> = accounts::list;
    login(code: String) -> Option<LoginRow> = logins::get;
    /// Those asked after an instant that wait for the owner's word, oldest first.
    logins_waiting(after: Ms) -> Vec<LoginRow> = logins::waiting;
    /// Whether programs get a key without the owner's click.
    logins_allowed() -> bool = logins::allowed;
    secrets() -> Vec<SecretRow> = secrets::list;
    /// Whether the owner paused all firing.
    firing_paused() -> bool = tower::paused;
    has_something() -> bool = tower::has_something;
    /// Addresses of agents that are in use; `account` None: everybody's.
    addresses(account: Option<String>) -> Vec<KnownAddress> = addresses::known;
    /// By id or slug; a deleted one too.
    address(account: String, which: String) -> Option<AddressRow> = addresses::get;
    /// Newest first, and how many there are in all; `with_deleted`: 1 or 0.
    address_page(account: String, status: Option<String>, with_deleted: u32, limit: u32, offset: u32) -> (Vec<AddressRow>, u32) = addresses::page;
    /// By slug.
    roster(account: String) -> Vec<AddressRow> = addresses::roster;
    message(account: String, id: String) -> Option<MessageRow> = messages::get;
    /// Newest first.
    messages(filter: MessageFilter) -> Vec<MessageRow> = messages::page;
    messages_count(filter: MessageFilter) -> u32 = messages::count;
    /// The newest that an agent of this name sent or got, newest first.
    agent_messages(account: String, name: String, limit: u32) -> Vec<ToldRow> = messages::of_agent;
    /// What there is to do about messages; at most `limit` of a kind. `full`: whom to push nothing more to, a JSON list of ids.
    message_errands(now: Ms, limit: u32, full: String) -> Errands = messages::errands;
    /// What an agent was told of after an event, oldest first.
    events_after(agent: String, after: u64, kind: Option<String>, limit: u32) -> Vec<EventRow> = subscriptions::events_after;
    /// Those of an agent that are in force, oldest first.
    subscriptions(agent: String) -> Vec<SubscriptionRow> = subscriptions::of_agent;
    /// Subscriptions to be pushed now, each with its agent's id, and when the next one may be; `full`: none of these agents.
    subscriptions_pushed(now: Ms, limit: u32, full: String) -> (Vec<(String, String)>, Option<Ms>) = subscriptions::pushed;
    /// Since when something waits for a digest.
    oldest_undigested() -> Option<Ms> = subscriptions::oldest_undigested;
    /// Newest first; `with_detached`: 1 or 0.
    live_sessions(agent: String, with_detached: u32) -> Vec<LiveSessionRow> = live_sessions::of_agent;
    /// What stands right under a step of a run (0: at the top), oldest first, and how many stand there.
    steps(run_id: String, under: u32, offset: u32, limit: u32) -> (Vec<StepRow>, u32) = steps_read::page;
    /// A run's steps from the top down, each before those that stand under it, at most so many; and how many are left out.
    steps_tree(run_id: String, most: u32) -> (Vec<StepRow>, u32) = steps_tree::of_run;
    /// How many steps and spans a run has.
    steps_count(run_id: String) -> u32 = steps_read::count_of;
    /// With its payloads.
    step(run_id: String, ordinal: u32) -> Option<StepRow> = steps_read::one;
    step_ordinal(run_id: String, key: String) -> Option<u32> = steps_read::ordinal;
    /// What a completed step gave, as JSON.
    step_output(run_id: String, ordinal: u32) -> Option<String> = steps_read::output;
    /// Every step that was begun as one, without its payloads, by ordinal; at most so many.
    steps_begun(run_id: String, most: u32) -> Vec<StepRow> = steps_read::begun;
    /// How often each name occurs among a run's steps and spans.
    step_groups(run_id: String) -> Vec<StepGroup> = steps_read::groups;
    /// The newest good run of the same cue that was due before.
    last_good(run: Arc<Run>) -> Option<Run> = runs::last_good;
    /// Account and name of whoever's telemetry told something outside of its runs since then.
    agents_apart(since: Ms) -> Vec<(String, String)> = steps_read::agents_apart;
    /// What a run used; None: nobody said anything.
    spend(run_id: String) -> Option<SpendRow> = steps_read::spend;
    /// What agents' telemetry told outside of known runs, newest first.
    spans_apart(agent: Option<String>, most: u32) -> Vec<ApartRow> = spans_apart::list;
    /// Where ended runs go as traces; None: nowhere.
    otlp_out() -> Option<OtlpOutRow> = otlp_out::get;
    secret(name: String) -> Option<SecretRow> = secrets::get;
    /// Newest first.
    secret_uses(name: String, limit: u32) -> Vec<SecretUseRow> = secrets::uses;
    /// Entries of the vault with values of before, each with when it was replaced.
    secret_olds() -> Vec<(String, Ms)> = secrets::olds;
    /// Names of secrets of before, each with what it was changed to, as long as a run under way may have begun with it.
    secret_renames() -> Vec<(String, String)> = secrets::renames;
    /// When the oldest run began that is under way.
    oldest_live() -> Option<Ms> = secrets::oldest_live;
    /// Runs that ended after a fact of the journal, oldest first.
    ended_runs(after: u64, most: u32) -> EndedRuns = otlp_out::ended_after;
    /// How many; counted up to 1000.
    otlp_waiting(after: u64) -> u32 = otlp_out::waiting;
    /// By name.
    channels() -> Vec<ChannelRow> = channels::list;
    channel(name: String) -> Option<ChannelRow> = channels::get;
    beacon() -> Option<BeaconRow> = channels::beacon;
    /// What is not told yet on a channel, by id; at most one more than may wait one by one.
    outbox_waiting(channel: String) -> Vec<Waiting> = outbox::waiting;
    /// One that waits still.
    outbox_note(id: u64) -> Option<OutboxNote> = outbox::one;
    /// Those that wait still; `ids`: a JSON list.
    outbox_notes(ids: String) -> Vec<Note> = outbox::notes;
    /// How many wait for one channel.
    outbox_count(channel: String) -> u32 = outbox::count;
    /// How many wait for each channel.
    outbox_counts() -> Vec<(String, u32)> = outbox::counts;
    /// On which channels these alerts (a JSON list of ids) were told or are to be, in order.
    told_of(alerts: String) -> Vec<ToldOf> = outbox::told;
    /// A question to the owner, also one that was answered long ago.
    gate(id: String) -> Option<GateRow> = gates::get;
    gates(filter: GateFilter) -> Vec<GateRow> = gates::list;
    /// Ids of gates that begin so.
    gates_beginning(start: String, most: u32) -> Vec<String> = gates::beginning;
    gates_of_run(run_id: String) -> Vec<GateRow> = gates::of_run;
    gates_waiting() -> Vec<WaitingGateRow> = gates::waiting;
    runs_to_verify(limit: u32) -> Vec<Run> = runs::to_verify;
    /// The newest about the same that was answered with yes before this one was asked.
    gate_approved_before(id: String) -> Option<GateRow> = gates::approved_before;
    /// Parts of the runs that words are looked for in, the newest first.
    search_parts() -> Vec<SearchPart> = search_read::parts;
    /// Runs due before are not written in yet, after an update.
    search_left() -> Option<Ms> = search_read::left_of_runs;
    search_runs(ask: SearchAsk, part: SearchPart) -> Vec<SearchDoc> = search_read::runs_found;
    /// Of a kind that is not runs.
    search_others(ask: SearchAsk, kind: SearchKind) -> Vec<SearchDoc> = search_read::others_found;
    /// `ids`: a JSON list; in the same order.
    search_runs_shown(ids: String) -> Vec<SearchRun> = search_read::runs_shown;
    search_cues_shown(ids: String) -> Vec<Cue> = search_read::cues_shown;
    /// Each with the agent of its cue.
    search_alerts_shown(ids: String) -> Vec<(AlertRow, Option<String>)> = search_read::alerts_shown;
    /// Runs under way, the newest first.
    search_live() -> Vec<SearchRun> = search_read::runs_live;
    /// Ids of runs that begin so.
    runs_beginning(start: String, most: u32) -> Vec<String> = search_read::runs_beginning;
    cues_named(name: String, most: u32) -> Vec<String> = search_read::cues_named;
    agents_named(name: String, most: u32) -> Vec<String> = search_read::agents_named;
    /// The lanes of which something may go, by the cue's own rule or by this one.
    retention_cuts(tower: Keep, now: Ms) -> Vec<LaneCut> = put_away_plan::cuts;
    runs_going(lane: LaneCut, from: Ms, now: Ms, most: u32) -> Candidates = put_away_plan::runs;
    /// Runs of all cues, if the store is too large.
    runs_going_oldest(from: Ms, now: Ms, most: u32) -> Candidates = put_away_plan::oldest;
    /// Records of what never ran.
    occurrences_going(lane: LaneCut, from: Ms, now: Ms, most: u32) -> Candidates = put_away_plan::occurrences;
    /// What was told outside of runs, and last heard of before then.
    apart_going(before: Ms, most: u32) -> Vec<i64> = put_away_plan::apart;
    /// What of larger things is begun and not over.
    put_away_left(most: u32) -> Vec<LeftRow> = put_away_plan::left;
    search_parts_empty() -> Vec<i64> = put_away_plan::empty_parts;
    /// Lanes that may have facts of runs that are gone, with when the last of those ended.
    lanes_with_gone() -> Vec<(String, Ms)> = put_away_plan::lanes_with_facts;
    facts_of_gone(lane: String, from: Option<i64>, until: Ms) -> FactsSeen = put_away_plan::facts;
    /// How many runs these let go at most, the oldest of them, and how many runs there are.
    runs_counted(cuts: Vec<LaneCut>) -> (u64, Option<Ms>, u64) = put_away_plan::counted;
    oldest_run() -> Option<Ms> = put_away_plan::oldest_run;
    /// Cues with a rule of their own: id, name, rule.
    retention_own() -> Vec<(String, String, Keep)> = put_away_plan::own;
    store_size() -> StoreSize = put_away_plan::size;
    /// Journal sequence of the last fact.
    last_seq() -> u64 = entries::last_seq;
}

impl Reader {
    /// Of a store that is there, whether a tower has it open or not. It must be of this program's format.
    pub fn on(path: &Path) -> Result<Reader, StoreError> {
        let shared = Shared { path: path.to_owned(), idle: Mutex::new(Vec::new()) };
        let found = shared.run(|connection| connection.query_row("PRAGMA user_version", [], |row| row.get(0)))?;
        match found {
            FORMAT => Ok(Reader { shared: Arc::new(shared) }),
            found if found > FORMAT => Err(StoreError::NewerFormat { found }),
            _ => Err(StoreError::OlderFormat),
        }
    }

    pub(super) fn of(path: PathBuf) -> Reader {
        Reader { shared: Arc::new(Shared { path, idle: Mutex::new(Vec::new()) }) }
    }

    pub(super) fn path(&self) -> &Path {
        &self.shared.path
    }

    async fn query<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, StoreError> {
        let shared = Arc::clone(&self.shared);
        let task = tokio::task::spawn_blocking(move || shared.run(work));
        task.await.map_err(|error| StoreError::Row(error.to_string()))?
    }
}

impl Shared {
    fn run<T>(&self, work: impl FnOnce(&Connection) -> rusqlite::Result<T>) -> Result<T, StoreError> {
        let wrap = |source| StoreError::Sqlite { path: self.path.clone(), source };
        let idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let connection = match idle {
            Some(connection) => connection,
            None => self.open().map_err(wrap)?,
        };
        let result = work(&connection).map_err(wrap);
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        if idle.len() < KEPT {
            idle.push(connection);
        }
        result
    }

    fn open(&self) -> rusqlite::Result<Connection> {
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(&self.path, flags)?;
        connection.busy_timeout(std::time::Duration::from_secs(5))?;
        Ok(connection)
    }
}

/// A column that holds JSON.
pub(super) fn json<T: DeserializeOwned>(row: &Row<'_>, column: usize) -> rusqlite::Result<T> {
    let text: String = row.get(column)?;
    serde_json::from_str(&text)
        .map_err(|error| rusqlite::Error::FromSqlConversionFailure(column, rusqlite::types::Type::Text, error.into()))
}
