//! The line of one channel: sends what is due, one after the other, and keeps the books. What comes next is decided in core.

use std::sync::Arc;
use std::time::Duration;

use cuetower_core::Ms;
use cuetower_core::alert::{About, AlertKind, Problem, Severity, Signal};
use cuetower_core::channel::{Digest, FAILING, GIVEN_UP_MS, Line, Next, Note, WAITING_MAX, Why, backoff_ms};
use cuetower_core::time::length_in_words;

use super::send::{Failure, Means, send};
use crate::handle::{Handle, Trouble};
use crate::journal::{ChannelRow, OutboxNote, OutboxRow, StoreError};

/// The wall clock is looked at again after this long: it may be set, and the machine may sleep.
const LOOK_AGAIN: Duration = Duration::from_secs(1);
/// After the store could not be asked or written.
const AFTER_TROUBLE: Duration = Duration::from_secs(5);

struct Telling {
    handle: Handle,
    means: Arc<Means>,
    row: ChannelRow,
    line: Line,
}

/// Why the books could not be kept.
enum Broken {
    Stopping,
    Store(String),
}

/// Tells what there is to tell, until the channel is changed or the tower stops.
pub(super) async fn go_on(handle: Handle, means: Arc<Means>, row: ChannelRow) {
    let mut written = handle.channels.0.written.subscribe();
    let line = Line::of(row.failed);
    let mut telling = Telling { handle, means, row, line };
    if telling.line.failed < FAILING {
        // The tower may have been killed between its success and the word of it.
        telling.say_that_it_is_well().await;
    }
    loop {
        written.mark_unchanged();
        let until = match telling.step().await {
            Ok(None) => continue,
            Ok(Some(until)) => until,
            Err(Broken::Stopping) => return,
            Err(Broken::Store(error)) => {
                tracing::error!(channel = %telling.row.channel.name, %error, "a channel's line stands still");
                tokio::time::sleep(AFTER_TROUBLE).await;
                continue;
            }
        };
        tokio::select! {
            changed = written.changed() => if changed.is_err() { return },
            () = telling.comes(until) => {}
        }
    }
}

/// There is nothing to do before then; None: before something is written.
type Until = Option<Ms>;

impl Telling {
    /// Returns when the wall clock shows it.
    async fn comes(&self, until: Until) {
        let Some(until) = until else { return std::future::pending().await };
        loop {
            let left = until.since(self.handle.now());
            if left == 0 {
                return;
            }
            tokio::time::sleep(Duration::from_millis(left).min(LOOK_AGAIN)).await;
        }
    }

    /// One thing that is to be done; Some: there is nothing for now.
    async fn step(&mut self) -> Result<Option<Until>, Broken> {
        let (now, name) = (self.handle.now(), self.row.channel.name.clone());
        if let Some(until) = self.line.rests_until(now) {
            // Looking at all of them each time that one is added would only cost.
            let waiting = self.handle.reader().outbox_count(name.clone()).await?;
            if usize::try_from(waiting).is_ok_and(|waiting| waiting <= WAITING_MAX) {
                return Ok(Some(Some(until)));
            }
        }
        let rows = self.handle.reader().outbox_waiting(name).await?;
        match self.line.next(&rows, now) {
            Next::Wait(until) => return Ok(Some(until)),
            Next::Digest(ids, why) => self.digest(ids, why).await?,
            Next::Send(id) => self.send(id).await?,
        }
        Ok(None)
    }

    async fn digest(&mut self, ids: Vec<i64>, why: Why) -> Result<(), Broken> {
        let list = serde_json::to_string(&ids).unwrap_or_default();
        let notes = self.handle.reader().outbox_notes(list).await?;
        let Some(first) = notes.first() else { return Ok(()) };
        let now = self.handle.now();
        let note = Note::of_digest(Digest::of(why, &notes), &first.dedup, now);
        let channel = &self.row.channel;
        let row = OutboxRow { channel: channel.name.clone(), kind: channel.kind, note, due: now, held: false };
        self.record(move |recorder| recorder.outbox_digest(&row, &ids)).await
    }

    async fn send(&mut self, id: i64) -> Result<(), Broken> {
        let found = self.handle.reader().outbox_note(u64::try_from(id).unwrap_or(0)).await?;
        // It was taken away meanwhile.
        let Some(OutboxNote { note, tries, since }) = found else { return Ok(()) };
        match send(&self.means, &self.row, &note).await {
            Ok(words) => self.told(id, words).await,
            Err(failure) => self.failed(id, note, tries, since, failure).await,
        }
    }

    async fn told(&mut self, id: i64, words: String) -> Result<(), Broken> {
        let was_failing = self.line.told();
        let name = self.row.channel.name.clone();
        self.record(move |recorder| {
            recorder.outbox_told(id, &words)?;
            recorder.channel_went(&name, 0, &words, true)
        })
        .await?;
        if was_failing {
            self.say_that_it_is_well().await;
        }
        Ok(())
    }

    async fn failed(&mut self, id: i64, note: Note, tries: u32, since: Ms, failure: Failure) -> Result<(), Broken> {
        let now = self.handle.now();
        let Failure { words, retry_after, is_the_note } = failure;
        let wait_ms = retry_after.map(|wait| u64::try_from(wait.as_millis()).unwrap_or(u64::MAX));
        self.line.failed(now, wait_ms, is_the_note);
        let failed = self.line.failed;
        let name = self.row.channel.name.clone();
        let given_up = now.since(since) >= GIVEN_UP_MS;
        // The line waits as a whole; one that is refused for its own sake waits by itself.
        let due = if is_the_note { now.plus(backoff_ms(tries + 1)) } else { now };
        tracing::warn!(channel = %name, failed, "a channel was not told: {words}");
        let said = words.clone();
        self.record(move |recorder| {
            if given_up {
                let words = format!("given up after 24 h: {said}");
                recorder.outbox_given_up(id, &name, &note, &words)?;
            } else {
                recorder.outbox_failed(id, &said, due)?;
            }
            recorder.channel_went(&name, failed, &said, false)
        })
        .await?;
        if failed >= FAILING {
            self.say_that_it_fails(&words).await;
        }
        Ok(())
    }

    async fn say_that_it_fails(&self, words: &str) {
        let name = &self.row.channel.name;
        let next = length_in_words(backoff_ms(self.line.failed));
        let body = format!(
            "{} tries failed one after the other. The last: {words}. Nothing is lost: what waits is tried again, next in {next}.",
            self.line.failed
        );
        let trouble = Signal::Trouble(Problem {
            about: About::Channel(name.clone()),
            kind: AlertKind::ChannelFailed,
            severity: Severity::Warning,
            run_id: None,
            title: format!("The channel {name} does not get through"),
            body,
        });
        self.signal(trouble).await;
    }

    /// Until it is on disk: an alert that nobody ends stays for ever.
    async fn signal(&self, signal: Signal) {
        while let Err(trouble) = self.handle.signal(signal.clone()).await {
            if matches!(trouble, Trouble::Stopping) {
                return;
            }
            tracing::warn!(channel = %self.row.channel.name, %trouble, "the alerts could not be told how a channel goes");
            tokio::time::sleep(AFTER_TROUBLE).await;
        }
    }

    async fn say_that_it_is_well(&self) {
        let about = About::Channel(self.row.channel.name.clone());
        self.signal(Signal::Over { about, kind: AlertKind::ChannelFailed, run_id: None }).await;
    }

    async fn record(
        &self,
        work: impl FnOnce(&crate::journal::Recorder<'_>) -> Result<(), StoreError> + Send + 'static,
    ) -> Result<(), Broken> {
        match self.handle.record(move |recorder| work(recorder).map(Ok::<(), ()>)).await {
            Ok(_) => Ok(()),
            Err(Trouble::Stopping) => Err(Broken::Stopping),
            Err(trouble) => Err(Broken::Store(trouble.to_string())),
        }
    }
}

impl From<StoreError> for Broken {
    fn from(error: StoreError) -> Broken {
        Broken::Store(error.to_string())
    }
}
