//! The tower's own runs as OpenTelemetry traces, sent to a collector once they have ended.
//!
//! The queue is the journal: a cursor says up to which fact ended runs were sent, and is moved once the collector has said yes.
//! So nothing is lost by a restart, and little is sent twice: at least once, with the same ids. A collector that does not
//! answer is asked again, ever more seldom; nobody waits for it.

mod sending;
mod trace;

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use cuetower_core::Ms;
use cuetower_core::run::Run;
use tokio::sync::watch;

use self::sending::{Failure, Sender};
use self::trace::{Request, spans_of};
use crate::handle::{Handle, Trouble};
use crate::journal::{EndedRuns, OtlpOutRow, StoreError};
use crate::perform::Shared;

const VERSION: &str = env!("CARGO_PKG_VERSION");
/// Runs that are read and sent together.
const RUNS_AT_ONCE: u32 = 50;
/// Of one run; a run with more says how many are left out.
const STEPS_MAX: u32 = 10_000;
/// Runs that end shortly after each other go together.
const GATHERING: Duration = Duration::from_millis(300);
/// Between tries: doubled each time, up to the longest.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(300);
/// Facts without an ended run among them that are passed before the cursor is written down again.
const UNWRITTEN_MAX: u64 = 10_000;

/// How the export goes. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Exports {
    state: Arc<Mutex<State>>,
    /// Counts changes of the setting.
    set: Arc<watch::Sender<u64>>,
}

/// Since the tower started.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct State {
    /// Why the last try failed; None: it did not.
    pub trouble: Option<String>,
    pub sent: u64,
    pub sent_at: Option<Ms>,
    /// Runs that the collector refused for good.
    pub refused: u64,
    /// What it said of the last of them.
    pub refused_words: Option<String>,
    pub cursor: u64,
}

impl Default for Exports {
    fn default() -> Exports {
        Exports { state: Arc::default(), set: Arc::new(watch::Sender::new(0)) }
    }
}

impl Exports {
    pub fn state(&self) -> State {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The setting is another one now.
    pub fn changed(&self) {
        self.note(|state| (state.trouble, state.refused_words) = (None, None));
        self.set.send_modify(|count| *count += 1);
    }

    fn note(&self, note: impl FnOnce(&mut State)) {
        note(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner));
    }
}

/// Sends what ends, until the tower stops.
pub(crate) async fn tell(handle: Handle, shared: Arc<Shared>) {
    let exports = handle.exports.clone();
    let mut set = exports.set.subscribe();
    loop {
        set.mark_unchanged();
        let row = handle.reader().otlp_out().await.unwrap_or_else(|error| {
            tracing::error!(%error, "the store could not say where traces go");
            None
        });
        let Some(row) = row else {
            if set.changed().await.is_err() {
                return;
            }
            continue;
        };
        exports.note(|state| state.cursor = row.cursor);
        let mut exporting = Exporting::of(&handle, &shared, row);
        tokio::select! {
            _ = set.changed() => {}
            never = exporting.go_on() => match never {},
        }
    }
}

/// To one endpoint, as long as it is set.
struct Exporting<'a> {
    handle: &'a Handle,
    sender: Sender<'a>,
    endpoint: String,
    cursor: u64,
    /// The cursor as it is on disk.
    written: u64,
}

enum Never {}

impl<'a> Exporting<'a> {
    fn of(handle: &'a Handle, shared: &'a Shared, row: OtlpOutRow) -> Exporting<'a> {
        let (cursor, endpoint) = (row.cursor, row.endpoint.clone());
        let sender = Sender { shared, endpoint: row.endpoint, headers: row.headers };
        Exporting { handle, sender, endpoint, cursor, written: cursor }
    }

    async fn go_on(&mut self) -> Never {
        let mut committed = self.handle.feed().committed();
        let mut pause = FIRST_PAUSE;
        loop {
            committed.mark_unchanged();
            match self.send_some().await {
                Ok(true) => pause = FIRST_PAUSE,
                Ok(false) => {
                    pause = FIRST_PAUSE;
                    self.handle.exports.note(|state| state.trouble = None);
                    if committed.changed().await.is_err() {
                        std::future::pending::<()>().await;
                    }
                    tokio::time::sleep(GATHERING).await;
                }
                Err(Failure { words, retry_after }) => {
                    let wait = retry_after.unwrap_or(pause).clamp(FIRST_PAUSE, LONGEST_PAUSE);
                    tracing::warn!(endpoint = %self.endpoint, "runs could not be sent as traces: {words}; the next try is in {} s", wait.as_secs());
                    self.handle.exports.note(|state| state.trouble = Some(words));
                    tokio::time::sleep(wait).await;
                    pause = (pause * 2).min(LONGEST_PAUSE);
                }
            }
        }
    }

    /// Whether there was something.
    async fn send_some(&mut self) -> Result<bool, Failure> {
        let EndedRuns { runs, looked_to } = self.handle.reader().ended_runs(self.cursor, RUNS_AT_ONCE).await?;
        if runs.is_empty() {
            let is_on = looked_to > self.cursor;
            self.cursor = looked_to;
            if self.cursor - self.written > UNWRITTEN_MAX {
                self.write().await?;
            }
            return Ok(is_on);
        }
        let count = runs.len();
        let mut made = Vec::with_capacity(count);
        for (_, run_id) in &runs {
            made.extend(self.spans(run_id).await?);
        }
        match self.sender.send(Request::of(VERSION, made.iter().flatten())).await {
            Ok(()) => self.sent(count),
            // One of them is at fault, or they are too many: each goes by itself.
            Err(sending::Refusal::ForGood(words)) if made.len() > 1 => {
                tracing::debug!(%words, "a collector refused runs that were sent together");
                for spans in &made {
                    self.send_alone(spans).await?;
                }
            }
            Err(sending::Refusal::ForGood(words)) => self.skip(words),
            Err(sending::Refusal::ForNow(failure)) => return Err(failure),
        }
        self.cursor = looked_to;
        self.write().await?;
        Ok(true)
    }

    async fn send_alone(&self, spans: &[Vec<u8>]) -> Result<(), Failure> {
        match self.sender.send(Request::of(VERSION, spans)).await {
            Ok(()) => self.sent(1),
            Err(sending::Refusal::ForGood(words)) => self.skip(words),
            Err(sending::Refusal::ForNow(failure)) => return Err(failure),
        }
        Ok(())
    }

    fn sent(&self, count: usize) {
        let now = self.handle.now();
        self.handle.exports.note(|state| {
            state.sent += count as u64;
            (state.sent_at, state.trouble) = (Some(now), None);
        });
    }

    /// Sending it again would bring the same answer.
    fn skip(&self, words: String) {
        tracing::warn!(endpoint = %self.endpoint, "a run was refused as a trace and is left out: {words}");
        self.handle.exports.note(|state| {
            state.refused += 1;
            state.refused_words = Some(words);
        });
    }

    /// None: it is gone, or its id makes no trace.
    async fn spans(&self, run_id: &str) -> Result<Option<Vec<Vec<u8>>>, StoreError> {
        let reader = self.handle.reader();
        let run: Option<Run> = reader.run(run_id.to_owned()).await?;
        let Some(run) = run else { return Ok(None) };
        let steps = reader.steps_begun(run_id.to_owned(), STEPS_MAX + 1).await?;
        let spend = reader.spend(run_id.to_owned()).await?;
        Ok(spans_of(&run, &steps, spend.as_ref().map(|spend| spend.sums.total()), STEPS_MAX as usize))
    }

    async fn write(&mut self) -> Result<(), Failure> {
        let cursor = self.cursor;
        let moved = self.handle.record(move |recorder| recorder.move_otlp_cursor(cursor).map(Ok::<(), ()>)).await;
        match moved {
            Ok(_) => self.written = cursor,
            // The tower ends, or cannot write: what was sent is sent again then, with the same ids.
            Err(Trouble::Stopping) => {}
            Err(trouble) => return Err(Failure { words: trouble.to_string(), retry_after: None }),
        }
        self.handle.exports.note(|state| state.cursor = cursor);
        Ok(())
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Failure {
        Failure { words: error.to_string(), retry_after: None }
    }
}
