//! How everybody else speaks to the pilot: ask, and await the answer that comes once it is on disk. The channel is not shown.

mod gates;

use std::sync::{Arc, Mutex, PoisonError};

use cuetower_core::Ms;
use cuetower_core::alert::{Alert, Rules, Signal};
use cuetower_core::cue::{Cue, CueDefinition};
use cuetower_core::event::FileSeen;
use cuetower_core::fuse::{Limits, SpentOf, Used};
use cuetower_core::gate::{GateAnswer, GateInput};
use cuetower_core::id::{AccountId, AlertId, CueId, GateId, RunId};
use cuetower_core::input::{Answer, Input, Ping, Refusal};
use cuetower_core::pool::{PoolAnswer, PoolBook, PoolInput};
use cuetower_core::price::PriceTable;
use cuetower_core::step::{self, SpanSeen, StepInput};
use thiserror::Error;
use tokio::sync::{broadcast, mpsc, oneshot, watch};

use crate::accounts::Accounts;
use crate::backup::Backups;
use crate::channels::Channels;
use crate::clock::Clock;
use crate::feed::Feed;
use crate::fleet::Life;
use crate::health::Meters;
use crate::journal::{KeyRow, OutputRow, Reader, Recorded, Recorder, Recording, Slice, SliceDone, StoreError};
use crate::lives::{self, Lives};
use crate::offers::Offers;
use crate::otlp::Exports;
use crate::prices::Prices;
use crate::retention::Retention;
use crate::token::TowerKey;
use crate::vault::Vault;

/// Orders waiting for the pilot at most; more are refused, not queued.
pub(crate) const ORDERS_MAX: usize = 8_192;
/// What an agent printed that is as long as this may be the end of more.
const CUT_FROM: usize = 60 * 1024;

/// Gates to which something happened that a slow waiter may be behind; then it looks again.
pub(crate) const GATES_HEARD_MAX: usize = 1_024;

/// Why the pilot did not do it.
#[derive(Debug, Clone, Error)]
pub enum Trouble {
    #[error("{}", .0.message)]
    Refused(Refusal),
    #[error("There is a cue named `{0}` already; names are unique. Choose another.")]
    DuplicateName(String),
    #[error("There is no {0}.")]
    NotFound(String),
    /// A definition that does not fit what else there is.
    #[error("{message}")]
    Unfit { field: &'static str, message: String },
    /// A step that begins with the owner's yes alone.
    #[error("{}", gated(*.waits))]
    Gated {
        gate: GateId,
        /// He has not answered; otherwise he said no, or nobody answered in time.
        waits: bool,
    },
    #[error("The tower has more to do than it can take in; try again in a second.")]
    Busy,
    #[error("The tower is stopping.")]
    Stopping,
    #[error("It could not be written down, so it was not done: {0}")]
    Store(String),
}

impl Trouble {
    /// A cue that a definition names. What is another's is not there either, in the same words.
    pub(crate) fn no_cue(field: &'static str, named: &CueId) -> Trouble {
        Trouble::Unfit { field, message: format!("There is no cue `{named}`; name one that there is.") }
    }
}

/// One thing to do, with where to send the answer.
pub(crate) enum Order {
    Create {
        definition: Box<CueDefinition>,
        reply: Reply<Cue>,
    },
    Cue {
        cue_id: CueId,
        input: Input,
        reply: Reply<(Answer, Cue)>,
    },
    /// What the files that match these patterns look like; good only while the cue watches these.
    Files {
        cue_id: CueId,
        patterns: Vec<String>,
        seen: Vec<(String, FileSeen)>,
        reply: Reply<(Answer, Cue)>,
    },
    Run {
        /// Only if the run is of this account; None: whoever's it is.
        by: Option<AccountId>,
        run_id: RunId,
        input: Input,
        output: Option<OutputRow>,
        reply: Option<Reply<Answer>>,
    },
    Pool {
        input: PoolInput,
        reply: Reply<PoolAnswer>,
    },
    /// About a question outside of any run.
    Gate {
        input: GateInput,
        reply: Option<Reply<GateAnswer>>,
    },
    Ping {
        cue_id: CueId,
        ping: Ping,
        reply: Reply<Answer>,
    },
    /// A worker lives, and can do these tasks.
    Worker {
        account: AccountId,
        id: String,
        handlers: Vec<String>,
        reply: Reply<()>,
    },
    /// An agent tells of a step, or of what its run used.
    Step {
        /// Only if the run is of this account; None: whoever's it is.
        by: Option<AccountId>,
        run_id: RunId,
        attempt: Option<u32>,
        input: Box<StepInput>,
        reply: Reply<StepTaken>,
    },
    Spans {
        spans: Box<SpanBatch>,
        reply: Reply<SpansTaken>,
    },
    /// A new run that keeps what an ended one completed before this step.
    Resume {
        run_id: RunId,
        ordinal: u32,
        words: String,
        reply: Reply<Answer>,
    },
    /// What was seen of the process of a run that is silent or stands still.
    Looked {
        run_id: RunId,
        attempt: u32,
        words: String,
    },
    /// Decided on disk, by itself.
    Record(Box<dyn Recording>),
    /// Agents beat by their names: they are heard at once, and written down.
    Beats {
        lives: Vec<Life>,
        recording: Box<dyn Recording>,
    },
    /// What the owner says to an alert; answered with the alert as it is then.
    Alert {
        alert_id: AlertId,
        signal: Signal,
        reply: Reply<Alert>,
    },
    /// What somebody beside the lanes has to say to the alerts.
    Signal {
        signal: Box<Signal>,
        reply: Reply<()>,
    },
    /// All that are open have been seen: how many.
    AcknowledgeAll {
        reply: Reply<u32>,
    },
    /// How the fuses stand.
    Fuses {
        reply: Reply<FusesSeen>,
    },
    Tower {
        change: TowerChange,
        reply: Reply<()>,
    },
    /// Goes when nothing else is near; answered with None if that is not now.
    PutAway {
        slice: Box<Slice>,
        reply: Reply<Option<SliceDone>>,
    },
    Stop {
        reply: Reply<()>,
    },
}

/// Spans of an agent's telemetry, as one request brought them.
#[derive(Debug, Clone)]
pub struct SpanBatch {
    /// Whose key they came with.
    pub account: AccountId,
    /// Whose token they came with: they belong to this run, whatever they say.
    pub run: Option<RunId>,
    /// The agent whose spans alone the key may send; None: those of all agents of its account.
    pub limited_to: Option<String>,
    pub groups: Vec<SpanGroup>,
}

/// Spans of one trace that name the same run, or none.
#[derive(Debug, Clone)]
pub struct SpanGroup {
    /// 32 hexadecimal digits.
    pub trace: String,
    /// As their attributes name it.
    pub run: Option<RunId>,
    /// Under whose name they are shown if they belong to no run.
    pub agent: String,
    pub spans: Vec<SpanSeen>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SpansTaken {
    pub taken: u32,
    /// Of them, those that belong to no run that is known.
    pub apart: u32,
    pub refused: u32,
    /// Why some were refused.
    pub words: Option<String>,
}

/// How something that was told of a step was taken.
#[derive(Debug, Clone, PartialEq)]
pub struct StepTaken {
    pub answer: step::Answer,
    /// What the step is to work on, as JSON, where the owner changed it.
    pub input: Option<String>,
}

impl From<step::Answer> for StepTaken {
    fn from(answer: step::Answer) -> StepTaken {
        StepTaken { answer, input: None }
    }
}

fn gated(waits: bool) -> &'static str {
    if waits {
        "This step begins with its owner's yes, who has not answered yet. Wait for the answer of the gate, and begin it again."
    } else {
        "This step begins with its owner's yes, and there is none. The gate says what was answered."
    }
}

pub(crate) type Reply<T> = oneshot::Sender<Result<T, Trouble>>;

/// The fuses, and how they stand today.
#[derive(Debug, Clone, PartialEq)]
pub struct FusesSeen {
    pub limits: Limits,
    pub fleet: Used,
    pub blown: Vec<BlownFuse>,
}

/// A budget of the day that is spent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BlownFuse {
    pub of: SpentOf,
    pub name: String,
    pub cue_id: Option<CueId>,
    pub words: String,
    pub until: Ms,
}

/// The tower's own facts.
#[derive(Debug, Clone)]
pub enum TowerChange {
    PauseFiring,
    ResumeFiring,
    /// The owner has read what was missed.
    Briefed,
    KeyAdded(Box<KeyRow>),
    SecretKept(String),
    SecretDropped(String),
    WorkerDropped(AccountId, String),
    /// How alerts are told from now on.
    AlertRules(Box<Rules>),
    /// What stops work that uses too much.
    Fuses(Box<Limits>),
    /// Something outside changed (keyring, notifications): the window asks for the status again.
    StatusChanged,
}

/// Cheap to clone; every door holds one.
#[derive(Clone)]
pub struct Handle {
    pub(crate) orders: mpsc::Sender<Order>,
    pub(crate) reader: Reader,
    pub(crate) feed: Feed,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) key: TowerKey,
    pub(crate) vault: Vault,
    pub(crate) store: StoreHealth,
    pub(crate) pools: watch::Receiver<Arc<PoolBook>>,
    pub(crate) gates: broadcast::Sender<GateId>,
    pub(crate) offers: Offers,
    /// Counts commits with something recorded in them.
    pub(crate) recorded: watch::Receiver<u64>,
    pub(crate) rules: watch::Receiver<Arc<Rules>>,
    pub(crate) accounts: Accounts,
    pub(crate) prices: Prices,
    pub(crate) exports: Exports,
    pub(crate) channels: Channels,
    pub(crate) lives: Lives,
    pub(crate) backups: Backups,
    pub(crate) meters: Meters,
    pub(crate) retention: Retention,
}

/// Why the last commit failed; None while the store is well.
#[derive(Clone, Default)]
pub(crate) struct StoreHealth(Arc<Mutex<Option<String>>>);

impl StoreHealth {
    /// True if that is news.
    pub fn note(&self, trouble: Option<String>) -> bool {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let news = known.is_some() != trouble.is_some();
        *known = trouble;
        news
    }
}

impl Handle {
    pub async fn create_cue(&self, definition: CueDefinition) -> Result<Cue, Trouble> {
        self.ask(|reply| Order::Create { definition: Box::new(definition), reply }).await
    }

    /// Edit, pause, resume, delete or fire; with the cue as it is afterwards.
    pub async fn cue(&self, cue_id: &CueId, input: Input) -> Result<(Answer, Cue), Trouble> {
        let (answer, cue) = self.ask(|reply| Order::Cue { cue_id: cue_id.clone(), input, reply }).await?;
        Ok((unrefused(answer)?, cue))
    }

    /// Report or stop.
    pub async fn run(&self, run_id: &RunId, input: Input) -> Result<Answer, Trouble> {
        self.run_by(None, run_id, input).await
    }

    /// The same, if the run is of this account; another's is not there. None: whoever's it is.
    pub async fn run_by(&self, by: Option<&AccountId>, run_id: &RunId, input: Input) -> Result<Answer, Trouble> {
        let (by, run_id) = (by.cloned(), run_id.clone());
        unrefused(self.ask(|reply| Order::Run { by, run_id, input, output: None, reply: Some(reply) }).await?)
    }

    /// How the watched files of a cue look, all of them.
    pub(crate) async fn files(
        &self,
        cue_id: &CueId,
        patterns: &[String],
        seen: impl IntoIterator<Item = (String, FileSeen)>,
    ) -> Result<(), Trouble> {
        let (patterns, seen) = (patterns.to_vec(), seen.into_iter().collect());
        let order = |reply| Order::Files { cue_id: cue_id.clone(), patterns, seen, reply };
        unrefused(self.ask(order).await?.0).map(drop)
    }

    /// Asks or tells the pools.
    pub async fn pools(&self, input: PoolInput) -> Result<PoolAnswer, Trouble> {
        match self.ask(|reply| Order::Pool { input, reply }).await? {
            PoolAnswer::Refused(refusal) => Err(Trouble::Refused(refusal)),
            answer => Ok(answer),
        }
    }

    /// The pools as they are on disk.
    #[must_use]
    pub fn pool_view(&self) -> Arc<PoolBook> {
        Arc::clone(&self.pools.borrow())
    }

    /// Changes with the pools.
    #[must_use]
    pub fn pools_watched(&self) -> watch::Receiver<Arc<PoolBook>> {
        self.pools.clone()
    }

    /// Word from an agent that is only watched.
    pub async fn ping(&self, cue_id: &CueId, mut ping: Ping) -> Result<Answer, Trouble> {
        let known = self.vault.known();
        let hidden = |words: String| match words.len() < CUT_FROM {
            true => known.hidden_in(words),
            false => known.hidden_in_tail(words),
        };
        ping.words = ping.words.map(hidden);
        unrefused(self.ask(|reply| Order::Ping { cue_id: cue_id.clone(), ping, reply }).await?)
    }

    /// A worker lives, and can do these tasks.
    pub async fn worker(&self, account: AccountId, id: String, handlers: Vec<String>) -> Result<(), Trouble> {
        self.ask(|reply| Order::Worker { account, id, handlers, reply }).await
    }

    /// A step begins or ends, or what a run used is told. A refusal is an error.
    pub async fn step(
        &self,
        by: Option<&AccountId>,
        run_id: &RunId,
        attempt: Option<u32>,
        input: StepInput,
    ) -> Result<step::Answer, Trouble> {
        self.begin_step(by, run_id, attempt, input).await.map(|taken| taken.answer)
    }

    /// The same, with what the owner made of a step's input, if it begins with his yes alone.
    pub async fn begin_step(
        &self,
        by: Option<&AccountId>,
        run_id: &RunId,
        attempt: Option<u32>,
        input: StepInput,
    ) -> Result<StepTaken, Trouble> {
        let (by, run_id, input) = (by.cloned(), run_id.clone(), Box::new(input));
        match self.ask(|reply| Order::Step { by, run_id, attempt, input, reply }).await? {
            StepTaken { answer: step::Answer::Refused(refusal), .. } => Err(Trouble::Refused(refusal)),
            taken => Ok(taken),
        }
    }

    /// Spans are on disk when this returns.
    pub async fn spans(&self, spans: SpanBatch) -> Result<SpansTaken, Trouble> {
        self.ask(|reply| Order::Spans { spans: Box::new(spans), reply }).await
    }

    /// A new run of the same cue, with the steps that were completed before `ordinal`. `words`: "step 3 (enrich)".
    pub async fn resume(&self, run_id: &RunId, ordinal: u32, words: String) -> Result<Answer, Trouble> {
        let run_id = run_id.clone();
        unrefused(self.ask(|reply| Order::Resume { run_id, ordinal, words, reply }).await?)
    }

    /// Decides and writes something that no lane decides, inside one transaction of the pilot: `work` looks at what is on
    /// disk, writes facts and rows, and answers; an `Err` of its own leaves nothing behind. It must be short: everybody waits
    /// meanwhile.
    pub async fn record<T: Send + 'static, E: Send + 'static>(
        &self,
        work: impl FnOnce(&Recorder<'_>) -> Result<Result<T, E>, StoreError> + Send + 'static,
    ) -> Result<Result<T, E>, Trouble> {
        self.ask(|reply| Order::Record(Box::new(Recorded::new(work, reply)))).await
    }

    /// Beats of agents, which `work` writes down as [`Handle::record`] does.
    pub(crate) async fn beats<T: Send + 'static, E: Send + 'static>(
        &self,
        lives: Vec<Life>,
        work: impl FnOnce(&Recorder<'_>) -> Result<Result<T, E>, StoreError> + Send + 'static,
    ) -> Result<Result<T, E>, Trouble> {
        self.ask(|reply| Order::Beats { lives, recording: Box::new(Recorded::new(work, reply)) }).await
    }

    /// Takes a slice out of the store, if nothing is due just now; None: it is not a good moment.
    pub(crate) async fn put_away(&self, slice: Slice) -> Result<Option<SliceDone>, Trouble> {
        self.ask(|reply| Order::PutAway { slice: Box::new(slice), reply }).await
    }

    /// Whether a run goes on. One that nobody knows of may have left ahead of its commit, and does.
    pub(crate) async fn life_of(&self, run_id: &RunId) -> Result<lives::Life, StoreError> {
        if let Some(life) = self.lives.of(run_id) {
            return Ok(life);
        }
        let run = self.reader.run(run_id.0.clone()).await?;
        Ok(run.map_or(lives::Life::GoesOn, |run| self.lives.was_read(run_id, lives::Life::of(&run))))
    }

    /// Changes after each commit in which something was recorded. Take it before the look, so that nothing is missed between the two.
    #[must_use]
    pub fn recorded(&self) -> watch::Receiver<u64> {
        self.recorded.clone()
    }

    pub async fn acknowledge(&self, alert_id: &AlertId) -> Result<Alert, Trouble> {
        self.say_to_alert(alert_id, Signal::Acknowledged { alert_id: alert_id.clone() }).await
    }

    /// Nothing more of it until then, unless it gets worse. Past: its snooze ends.
    pub async fn snooze(&self, alert_id: &AlertId, until: Ms) -> Result<Alert, Trouble> {
        self.say_to_alert(alert_id, Signal::Snoozed { alert_id: alert_id.clone(), until }).await
    }

    async fn say_to_alert(&self, alert_id: &AlertId, signal: Signal) -> Result<Alert, Trouble> {
        self.ask(|reply| Order::Alert { alert_id: alert_id.clone(), signal, reply }).await
    }

    /// Says something to the alerts, on disk when this returns.
    pub async fn signal(&self, signal: Signal) -> Result<(), Trouble> {
        self.ask(|reply| Order::Signal { signal: Box::new(signal), reply }).await
    }

    /// All open alerts have been seen; how many there were.
    pub async fn acknowledge_all(&self) -> Result<u32, Trouble> {
        self.ask(|reply| Order::AcknowledgeAll { reply }).await
    }

    /// How alerts are told; changes when the owner changes it.
    #[must_use]
    pub fn alert_rules(&self) -> watch::Receiver<Arc<Rules>> {
        self.rules.clone()
    }

    /// What may be used, and what was used today.
    pub async fn fuses(&self) -> Result<FusesSeen, Trouble> {
        self.ask(|reply| Order::Fuses { reply }).await
    }

    pub async fn tower(&self, change: TowerChange) -> Result<(), Trouble> {
        self.ask(|reply| Order::Tower { change, reply }).await
    }

    /// Queries of what is on disk.
    #[must_use]
    pub fn reader(&self) -> &Reader {
        &self.reader
    }

    /// Live changes.
    #[must_use]
    pub fn feed(&self) -> &Feed {
        &self.feed
    }

    /// Why nothing can be written now, if nothing can.
    #[must_use]
    pub fn store_trouble(&self) -> Option<String> {
        self.store.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    #[must_use]
    pub fn now(&self) -> Ms {
        self.clock.now()
    }

    /// What models cost now.
    #[must_use]
    pub fn prices(&self) -> Arc<PriceTable> {
        self.prices.table()
    }

    /// Orders that the pilot has not taken yet.
    pub(crate) fn queued(&self) -> usize {
        self.orders.max_capacity() - self.orders.capacity()
    }

    /// Makes and checks run tokens.
    #[must_use]
    pub fn tower_key(&self) -> &TowerKey {
        &self.key
    }

    async fn ask<T>(&self, order: impl FnOnce(Reply<T>) -> Order) -> Result<T, Trouble> {
        let (reply, answer) = oneshot::channel();
        self.orders.try_send(order(reply)).map_err(|error| match error {
            mpsc::error::TrySendError::Full(_) => Trouble::Busy,
            mpsc::error::TrySendError::Closed(_) => Trouble::Stopping,
        })?;
        answer.await.unwrap_or(Err(Trouble::Stopping))
    }
}

fn unrefused(answer: Answer) -> Result<Answer, Trouble> {
    match answer {
        Answer::Refused(refusal) => Err(Trouble::Refused(refusal)),
        Answer::Done
        | Answer::Fired { .. }
        | Answer::Recorded { .. }
        | Answer::LiveClaimed { .. }
        | Answer::Claimed { .. }
        | Answer::Extended { .. }
        | Answer::Gate { .. }
        | Answer::Pinged { .. } => Ok(answer),
    }
}
