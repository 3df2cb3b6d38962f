//! Ways to reach the owner away from this machine: chat, pagers, phones, mail. Who is told of what is decided in core
//! (`cuetower_core::channel`); what is to be told lies in the outbox, written in the same commit as its alert.
//!
//! Here: one line for each channel, so that one that hangs holds up no other (`line`); how a note looks at each service
//! (a file each) and how it gets there (`send`); how an alert was told (`told`); the secrets of channels (`keep`); the dead man's ping (`beacon`).
//! At least once: a note that was sent as the tower was killed is sent again, with the same id.

mod beacon;
mod discord;
mod email;
mod keep;
mod line;
mod ntfy;
mod pagerduty;
mod send;
mod slack;
#[cfg(test)]
mod tests;
mod text;
mod told;
mod webhook;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use cuetower_core::alert::Alert;
use cuetower_core::channel::{Channel, ChannelKind, Note, What, wants_report};
use tokio::sync::watch;
use tokio::task::JoinSet;

use self::send::Road;
use crate::handle::{Handle, Trouble};
use crate::journal::{ChannelRow, OutboxRow};

pub(crate) use beacon::{BeaconState, EVERY_S, go_on as beacon};
pub(crate) use email::{Plain, Smtp, SmtpTls, recipients};
pub(crate) use keep::{BEACON, Kept, drop_secrets, secrets_of, set_secrets};
pub(crate) use send::{Means, send};
pub(crate) use told::{Telling, here as told_here, told_of};

/// The channels as they are now, for whoever routes and whoever sends. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Channels(Arc<Inner>);

struct Inner {
    list: Mutex<Arc<Vec<Channel>>>,
    /// Counts changes of the list and of the beacon.
    set: watch::Sender<u64>,
    /// By name, how often each was changed.
    turns: Mutex<HashMap<String, u64>>,
    /// Counts commits that wrote something to the outbox.
    written: watch::Sender<u64>,
    /// Where the owner's door is open for a browser.
    desk: OnceLock<String>,
    beacon: Mutex<BeaconState>,
    road: Road,
}

impl Channels {
    /// `strict`: nothing but public addresses is called.
    pub fn of(rows: Vec<ChannelRow>, strict: bool) -> Channels {
        Channels(Arc::new(Inner {
            list: Mutex::new(Arc::new(rows.into_iter().map(|row| row.channel).collect())),
            set: watch::Sender::new(0),
            turns: Mutex::default(),
            written: watch::Sender::new(0),
            desk: OnceLock::new(),
            beacon: Mutex::default(),
            road: Road::new(strict),
        }))
    }

    pub fn list(&self) -> Arc<Vec<Channel>> {
        Arc::clone(&self.0.list.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Whether native notifications are for this alert.
    pub fn shown_here(&self, alert: &Alert) -> bool {
        let list = self.list();
        list.iter().find(|channel| channel.kind == ChannelKind::Native).is_none_or(|channel| channel.hears_of(alert))
    }

    /// Whether there is a way for mail.
    pub fn send_mail(&self) -> bool {
        self.list().iter().any(|channel| channel.on && channel.kind == ChannelKind::Email)
    }

    /// They are others now, on disk already; the one of this name, or the beacon, was changed.
    pub fn changed(&self, name: &str, rows: Vec<ChannelRow>) {
        let list = Arc::new(rows.into_iter().map(|row| row.channel).collect());
        *self.0.list.lock().unwrap_or_else(PoisonError::into_inner) = list;
        self.touched(name);
    }

    /// This one begins anew.
    pub fn touched(&self, name: &str) {
        *self.turns().entry(name.to_owned()).or_default() += 1;
        self.0.set.send_modify(|count| *count += 1);
    }

    fn turns(&self) -> MutexGuard<'_, HashMap<String, u64>> {
        self.0.turns.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// There is something new in the outbox.
    pub fn written(&self) {
        self.0.written.send_modify(|count| *count += 1);
    }

    /// "http://127.0.0.1:8738": notes lead there.
    pub fn lead_to(&self, desk: &str) {
        self.0.desk.get_or_init(|| desk.to_owned());
    }

    pub fn beacon(&self) -> BeaconState {
        self.0.beacon.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn note_beacon(&self, state: BeaconState) {
        *self.0.beacon.lock().unwrap_or_else(PoisonError::into_inner) = state;
    }

    /// Where a click on the note leads, if the owner's door is open.
    fn link(&self, note: &Note) -> Option<String> {
        let desk = self.0.desk.get()?;
        let run = note.alert.as_ref().and_then(|alert| alert.run_id.as_deref());
        Some(run.map_or_else(|| format!("{desk}/#/alerts"), |run| format!("{desk}/#/run/{run}")))
    }
}

/// After the store could not say which channels there are.
const AFTER_TROUBLE: Duration = Duration::from_secs(5);

/// A line that goes, and at which change of its channel it began. It ends when this is dropped.
type Going = (u64, JoinSet<()>);

/// Keeps a line for each channel that is on, until the tower stops. What is on its way to one is not cut off, and told once
/// more, because another was changed.
pub(crate) async fn tell(handle: Handle) {
    let mut set = handle.channels.0.set.subscribe();
    let means = Arc::new(Means::of(&handle));
    let mut lines: HashMap<String, Going> = HashMap::new();
    loop {
        set.mark_unchanged();
        // Before the rows: one that is changed in between begins once more.
        let turns = handle.channels.turns().clone();
        let read = handle.reader().channels().await;
        let failed = read.is_err();
        match read {
            Ok(rows) => keep(&handle, &means, &mut lines, rows, &turns).await,
            Err(error) => tracing::error!(%error, "the store could not say which channels there are"),
        }
        tokio::select! {
            changed = set.changed() => if changed.is_err() { return },
            () = tokio::time::sleep(AFTER_TROUBLE), if failed => {}
        }
    }
}

async fn keep(
    handle: &Handle,
    means: &Arc<Means>,
    lines: &mut HashMap<String, Going>,
    mut rows: Vec<ChannelRow>,
    turns: &HashMap<String, u64>,
) {
    rows.retain(|row| row.channel.on && row.channel.kind.is_sent());
    let turn_of = |name: &str| turns.get(name).copied().unwrap_or_default();
    let goes_on = |name: &String, (turn, _): &mut Going| {
        *turn == turn_of(name) && rows.iter().any(|row| row.channel.name == *name)
    };
    let over: Vec<(String, Going)> = lines.extract_if(|name, going| !goes_on(name, going)).collect();
    for (_, (_, mut line)) in over {
        line.shutdown().await;
    }
    for row in rows {
        let name = row.channel.name.clone();
        lines.entry(name).or_insert_with_key(|name| {
            let mut line = JoinSet::new();
            line.spawn(line::go_on(handle.clone(), Arc::clone(means), row));
            (turn_of(name), line)
        });
    }
}

/// Tells the owner's day in words on every channel that reports go to; once for each day (`2026-11-22`), over restarts
/// too. How many channels there are for it.
///
/// # Errors
/// If it could not be written down.
pub(crate) async fn tell_report(handle: &Handle, day: &str, title: String, body: String) -> Result<usize, Trouble> {
    let now = handle.now();
    let note = Note::plain(What::Report, day, title, body, now);
    let list = handle.channels.list();
    let rows: Vec<OutboxRow> = list
        .iter()
        .filter(|channel| wants_report(channel))
        .map(|channel| OutboxRow {
            channel: channel.name.clone(),
            kind: channel.kind,
            note: note.clone(),
            due: now,
            held: false,
        })
        .collect();
    let count = rows.len();
    if count > 0 {
        let written = handle.record(move |recorder| Ok(Ok::<(), ()>(recorder.write_outbox(&rows)?))).await?;
        written.unwrap_or_default();
        handle.channels.written();
    }
    Ok(count)
}
