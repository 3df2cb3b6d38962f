//! Ways to reach the owner: set up, tried, taken away; and the dead man's ping. What is secret goes into the vault and never comes out.

use cuetower_core::alert::{About, AlertKind, Severity, Signal};
use cuetower_core::channel::{ChannelKind, Note, What};
use serde_json::json;

use super::channel_settings::{HIDDEN, OWN, address, channel_of, settings, shown};
use super::wire::{
    BeaconSet, BeaconView, ChannelRef, ChannelSet, ChannelTested, ChannelView, Channels, DeskError, Nothing, SmtpSet,
    Topic,
};
use super::{Desk, invalid, not_found};
use crate::channels::{BEACON, EVERY_S, Kept, Means, Plain, drop_secrets, secrets_of, send, set_secrets};
use crate::handle::Trouble;
use crate::journal::{ChannelRow, StoreError};
use crate::notify;
use crate::token::new_ticket;
use crate::vault::VaultError;

/// Journal lane of facts about channels.
const LANE: &str = "channels";
const CHANNELS_MAX: usize = 50;
const EVERY_SECONDS: std::ops::RangeInclusive<u32> = 10..=86_400;

impl Desk {
    /// What is told on channels links there: where the owner's door is open for a browser.
    pub fn leads_to(&self, url: &str) {
        self.handle.channels.lead_to(url);
    }
}

pub(super) async fn list(desk: &Desk, _: Nothing) -> Result<Channels, DeskError> {
    let reader = desk.handle.reader();
    let waiting = reader.outbox_counts().await?;
    let rows = reader.channels().await?;
    let mut views = vec![own(desk, &rows)];
    for row in rows.into_iter().filter(|row| row.channel.kind.is_sent()) {
        let count = waiting.iter().find(|(name, _)| *name == row.channel.name).map_or(0, |(_, count)| *count);
        views.push(view(row, count));
    }
    let state = desk.handle.channels.beacon();
    let beacon = reader.beacon().await?.map(|row| BeaconView {
        url: row.target,
        every_seconds: row.every_s,
        last_ok_ms: state.last_ok.map(|at| at.0),
        words: state.words,
    });
    Ok(Channels { channels: views, beacon })
}

/// The notifications of this machine: there by themselves, and to be narrowed.
fn own(desk: &Desk, rows: &[ChannelRow]) -> ChannelView {
    let kept = rows.iter().find(|row| row.channel.kind == ChannelKind::Native).map(|row| &row.channel);
    let health = desk.notifier.health();
    let (state, words) = match (desk.notifier.is_on(), health.message) {
        (false, _) => ("untried", "the tower runs with --no-notifications".to_owned()),
        (true, Some(message)) => ("failing", message),
        (true, None) => ("ok", format!("shown by {}", health.name)),
    };
    ChannelView {
        name: OWN.to_owned(),
        kind: ChannelKind::Native.word().to_owned(),
        target: "this machine".to_owned(),
        on: desk.notifier.is_on() && kept.is_none_or(|channel| channel.on),
        min_severity: kept.map_or(Severity::Info, |channel| channel.min_severity).word().to_owned(),
        kinds: kept.iter().flat_map(|channel| &channel.kinds).map(|kind| kind.word().to_owned()).collect(),
        escalation: false,
        smtp: None,
        state: state.to_owned(),
        words,
        waiting: 0,
        last_told_ms: None,
    }
}

fn view(row: ChannelRow, waiting: u32) -> ChannelView {
    let plain: Plain = serde_json::from_str(&row.plain).unwrap_or_default();
    let state = match (row.failed, row.told_at) {
        (0, None) => "untried",
        (0, Some(_)) => "ok",
        _ => "failing",
    };
    let ChannelRow { channel, target, words, told_at, .. } = row;
    ChannelView {
        name: channel.name,
        kind: channel.kind.word().to_owned(),
        target,
        on: channel.on,
        min_severity: channel.min_severity.word().to_owned(),
        kinds: channel.kinds.iter().map(|kind| kind.word().to_owned()).collect(),
        escalation: channel.escalation,
        smtp: plain.smtp.map(|smtp| SmtpSet {
            host: smtp.host,
            port: smtp.port,
            tls: smtp.tls.word().to_owned(),
            password: smtp.user.is_some().then(|| HIDDEN.to_owned()),
            user: smtp.user,
            from: smtp.from,
            to: smtp.to,
        }),
        state: state.to_owned(),
        words,
        waiting,
        last_told_ms: told_at.map(|at| at.0),
    }
}

pub(super) async fn set(desk: &Desk, request: ChannelSet) -> Result<Channels, DeskError> {
    let channel = channel_of(&request)?;
    let known = desk.handle.reader().channel(channel.name.clone()).await?;
    if known.is_none() && desk.handle.channels.list().len() >= CHANNELS_MAX {
        return Err(invalid("name", format!("There are {CHANNELS_MAX} channels already; remove one first.")));
    }
    if channel.kind == ChannelKind::Native {
        record(desk, move |recorder| {
            recorder.fact(LANE, "channel_set", &json!({ "channel": channel }))?;
            recorder.keep_channel(&channel, "", "{}")
        })
        .await?;
        return news(desk, OWN).await;
    }
    let same = known.is_some_and(|known| known.channel.kind == channel.kind);
    let kept = if same { secrets_of(&desk.vault, &channel.name).await.map_err(of_vault)? } else { None };
    let (kept, plain, target) = settings(&request, channel.kind, kept.unwrap_or_default())?;
    set_secrets(&desk.vault, &channel.name, &kept).await.map_err(of_vault)?;
    let plain = serde_json::to_string(&plain).expect("it is text and numbers");
    let name = channel.name.clone();
    let fact = json!({ "channel": channel, "target": target });
    record(desk, move |recorder| {
        recorder.fact(LANE, "channel_set", &fact)?;
        recorder.keep_channel(&channel, &target, &plain)
    })
    .await?;
    // It is another one now; whether it gets through is to be seen anew.
    is_well(desk, name.clone()).await?;
    news(desk, &name).await
}

pub(super) async fn remove(desk: &Desk, request: ChannelRef) -> Result<Channels, DeskError> {
    let row = row_of(desk, request.name).await?;
    let name = row.channel.name;
    drop_secrets(&desk.vault, &name).await.map_err(of_vault)?;
    let gone = name.clone();
    record(desk, move |recorder| {
        recorder.fact(LANE, "channel_removed", &json!({ "name": gone }))?;
        recorder.drop_channel(&gone)
    })
    .await?;
    is_well(desk, name.clone()).await?;
    news(desk, &name).await
}

/// Sends a real note, at once and beside the line.
pub(super) async fn test(desk: &Desk, request: ChannelRef) -> Result<ChannelTested, DeskError> {
    if request.name == OWN {
        return Ok(shown_here(desk));
    }
    let row = row_of(desk, request.name).await?;
    let now = desk.handle.now();
    let title = "Cuetower reaches you here".to_owned();
    let body = format!("This is a test of the channel {}, sent by hand. Alerts will look like this.", row.channel.name);
    let note = Note::plain(What::Test, &new_ticket()[..12], title, body, now);
    let means = Means::of(&desk.handle);
    let sent = send(&means, &row, &note).await;
    let (ok, words) = match sent {
        Ok(words) => (true, words),
        Err(failure) => (false, failure.words),
    };
    let (name, said) = (row.channel.name.clone(), words.clone());
    let failed = if ok { 0 } else { row.failed.max(1) };
    record(desk, move |recorder| recorder.channel_went(&name, failed, &said, ok)).await?;
    if ok && row.failed > 0 {
        // What waits need not wait any longer.
        desk.handle.channels.touched(&row.channel.name);
        is_well(desk, row.channel.name).await?;
    }
    Ok(ChannelTested { ok, words })
}

pub(super) async fn set_beacon(desk: &Desk, request: BeaconSet) -> Result<Channels, DeskError> {
    let Some(written) = request.url else {
        drop_secrets(&desk.vault, BEACON).await.map_err(of_vault)?;
        record(desk, |recorder| {
            recorder.fact(LANE, "beacon_off", &json!({}))?;
            recorder.drop_beacon()
        })
        .await?;
        return news(desk, BEACON).await;
    };
    let every = request.every_seconds.unwrap_or(EVERY_S);
    if !EVERY_SECONDS.contains(&every) {
        return Err(invalid("every_seconds", "The beacon goes out every 10 to 86,400 seconds."));
    }
    let url = if written.contains(HIDDEN) {
        let kept = secrets_of(&desk.vault, BEACON).await.map_err(of_vault)?.unwrap_or_default();
        kept.url.ok_or_else(|| invalid("url", "No address of a beacon is kept; write it out."))?
    } else {
        written.trim().to_owned()
    };
    let target = shown(&address(&url, "url")?);
    set_secrets(&desk.vault, BEACON, &Kept { url: Some(url), ..Kept::default() }).await.map_err(of_vault)?;
    record(desk, move |recorder| {
        recorder.fact(LANE, "beacon_set", &json!({ "target": target, "every_s": every }))?;
        recorder.keep_beacon(&target, every)
    })
    .await?;
    news(desk, BEACON).await
}

/// What is known of the server is known from the notes before: this one is on its way.
fn shown_here(desk: &Desk) -> ChannelTested {
    desk.notifier.show(notify::Note {
        key: "channel test".to_owned(),
        title: "Cuetower reaches you here".to_owned(),
        body: "This is a test, sent by hand. Alerts will look like this.".to_owned(),
        critical: false,
        opens: Some(notify::Opens::Window),
        buttons: Vec::new(),
    });
    let health = desk.notifier.health();
    match (desk.notifier.is_on(), health.message) {
        (false, _) => ChannelTested { ok: false, words: "the tower runs with --no-notifications".to_owned() },
        (true, Some(words)) => ChannelTested { ok: false, words },
        (true, None) => ChannelTested { ok: true, words: format!("handed to {}", health.name) },
    }
}

async fn row_of(desk: &Desk, name: String) -> Result<ChannelRow, DeskError> {
    let found = desk.handle.reader().channel(name.clone()).await?;
    found.ok_or_else(|| not_found(&format!("channel `{name}`")))
}

/// Whoever routes and whoever sends goes by what is on disk now.
async fn news(desk: &Desk, name: &str) -> Result<Channels, DeskError> {
    desk.handle.channels.changed(name, desk.handle.reader().channels().await?);
    list(desk, Nothing {}).await
}

async fn is_well(desk: &Desk, name: String) -> Result<(), Trouble> {
    let about = About::Channel(name);
    desk.handle.signal(Signal::Over { about, kind: AlertKind::ChannelFailed, run_id: None }).await
}

async fn record(
    desk: &Desk,
    work: impl FnOnce(&crate::journal::Recorder<'_>) -> Result<(), StoreError> + Send + 'static,
) -> Result<(), Trouble> {
    let written = desk.handle.record(move |recorder| {
        recorder.touch(Topic::Channels);
        work(recorder).map(Ok::<(), ()>)
    });
    written.await?.unwrap_or_default();
    Ok(())
}

fn of_vault(error: VaultError) -> DeskError {
    DeskError { code: "vault".to_owned(), message: error.to_string(), field: None }
}
