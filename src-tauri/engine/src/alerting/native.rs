//! Alerts as native notifications: a few at once by themselves and the rest as one, and in quiet hours only what is critical.
//!
//! What is held back for quiet hours is found again after a restart: an open alert that was told while it was quiet. And what
//! a tower was to tell in its last minute before it was cut off may not have been seen: it is told again, as one. So is what
//! waits for an answer, whenever the tower starts.

use std::collections::{BTreeSet, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use chrono_tz::Tz;
use cuetower_core::Ms;
use cuetower_core::alert::words::is_in_the_briefing;
use cuetower_core::alert::{Alert, AlertBook, AlertKind, Rules, Severity};
use cuetower_core::channel::{self, Burst, Digest, Taken, What, Why};
use cuetower_core::gate::Gate;
use cuetower_core::id::AlertId;
use cuetower_core::time::MINUTE_MS;
use tokio::sync::{Notify, watch};

use super::buttons::{Asks, RunFacts, key, note};
use crate::channels::{self, Telling};
use crate::desk::wire::ToldView;
use crate::handle::Handle;
use crate::journal::{GateFilter, GateRow, StoreError};
use crate::notify::{Note, Notifier, Opens};

/// A later digest takes the place of the earlier.
const DIGEST_KEY: &str = "alerts";

/// What was to be told so shortly before the tower was cut off may not have been: it was in a burst, or on its way.
const UNSURE_MS: u64 = MINUTE_MS;

/// Questions among which the one is looked for that an alert is about.
const ASKED_MAX: u32 = 500;

/// Begins the note of a question that has another's words.
const ASKED_ANEW: &str = "Asked anew, with other contents.";

/// Notes that are remembered to be withdrawn.
const SHOWN_MAX: usize = 32;

pub(crate) struct Native {
    notifier: Notifier,
    zone: Tz,
    state: Mutex<State>,
    /// There may be something to tell that was held back.
    changed: Notify,
    /// Minutes since 1970, as the pilot's clock shows them.
    minute: watch::Sender<i64>,
}

#[derive(Default)]
struct State {
    rules: Arc<Rules>,
    burst: Burst,
    /// For quiet hours.
    held: BTreeSet<AlertId>,
    /// Those that the tower before this one may not have come to show.
    unsure: BTreeSet<AlertId>,
    /// The newest notes.
    shown: VecDeque<Shown>,
    /// Whoever tells it was woken and has not looked yet.
    woken: bool,
}

/// What is remembered of a note that was shown.
struct Shown {
    key: String,
    title: String,
    /// What its buttons answer.
    asks: Option<Asks>,
}

impl Native {
    pub fn new(notifier: Notifier, zone: Tz) -> Native {
        Native { notifier, zone, state: Mutex::default(), changed: Notify::new(), minute: watch::Sender::new(0) }
    }

    /// Whether notifications are switched on.
    pub fn is_on(&self) -> bool {
        self.notifier.is_on()
    }

    /// The tower starts; it was last up at `alive_at`, and `orderly` if it was stopped then. What was held back and not told
    /// by then is still to be told, and what may not have been shown is told again.
    pub fn starts(&self, book: &AlertBook, alive_at: Ms, orderly: bool, is_shown: impl Fn(&Alert) -> bool) {
        let rules = book.rules();
        let is_told = |alert: &&Alert| rules.tell(alert.kind) && !briefing_tells(alert) && is_shown(alert);
        let (mut held, mut unsure) = (BTreeSet::new(), BTreeSet::new());
        for alert in book.unresolved().filter(is_told) {
            let until = rules.held_until(alert.severity, alert.notified_at, self.zone);
            if until.is_some_and(|until| until > alive_at) {
                held.insert(alert.id.clone());
            } else if alert.kind == AlertKind::GateWaiting
                || !orderly && until.unwrap_or(alert.notified_at) > alive_at.minus(UNSURE_MS)
            {
                // The buttons of a question that was shown before lead nowhere any more.
                unsure.insert(alert.id.clone());
            }
        }
        let mut state = self.state();
        (state.held, state.unsure) = (held, unsure);
        state.rules = Arc::clone(rules);
    }

    /// The tower stops in order: what was to be told together is told now.
    pub fn stops(&self) {
        let rest = self.state().burst.rest();
        if let Some(digest) = rest {
            self.show_digest(&digest);
        }
    }

    /// These rules hold from now on.
    pub fn rules_are(&self, rules: &Arc<Rules>) {
        let mut state = self.state();
        if !Arc::ptr_eq(&state.rules, rules) {
            state.rules = Arc::clone(rules);
            self.changed.notify_one();
        }
    }

    /// Tells of alerts that are on disk; makes nobody wait.
    pub fn tell(&self, now: Ms, alerts: impl IntoIterator<Item = (Alert, RunFacts)>) {
        let mut state = self.state();
        for (alert, run) in alerts {
            if briefing_tells(&alert) {
                continue;
            }
            state.unsure.remove(&alert.id);
            if state.holds(&alert, now, self.zone) {
                continue;
            }
            state.held.remove(&alert.id);
            self.makes_way(&mut state, &alert, &run);
            if state.burst.take(now, &counted(&alert, now)) == Taken::Show {
                self.show(&mut state, &alert, &run);
            }
        }
    }

    /// What its note asks may not be what is asked now, in the same words. Then that note goes, and another one says so: whoever
    /// pressed a button has answered what stood there.
    pub fn shows_anew(&self, now: Ms, alert: &Alert, run: RunFacts) {
        let mut state = self.state();
        if self.makes_way(&mut state, alert, &run) && !state.holds(alert, now, self.zone) {
            let body = match run.asks {
                Some(_) => format!("{ASKED_ANEW} {}", alert.body),
                None => alert.body.clone(),
            };
            self.show(&mut state, &Alert { body, ..alert.clone() }, &run);
        }
    }

    /// A note whose buttons answer something else than the one that is to come in the same words is not changed where it
    /// stands: it goes. True if there was one.
    fn makes_way(&self, state: &mut State, alert: &Alert, run: &RunFacts) -> bool {
        let key = key(alert);
        let is_other = |shown: &Shown| {
            shown.key == key && shown.title == alert.title && shown.asks.is_some() && shown.asks != run.asks
        };
        let is_one = state.shown.iter().any(is_other);
        if is_one {
            state.shown.retain(|shown| shown.key != key);
            self.notifier.withdraw(&key, &alert.title);
        }
        is_one
    }

    /// These are over, or the owner has seen them: what was shown of them goes.
    pub fn settled<'a>(&self, alerts: impl IntoIterator<Item = &'a Alert>) {
        let mut state = self.state();
        for alert in alerts {
            let key = key(alert);
            if state.shows(alert) {
                state.shown.retain(|shown| shown.key != key);
                self.notifier.withdraw(&key, &alert.title);
            }
        }
    }

    fn show(&self, state: &mut State, alert: &Alert, run: &RunFacts) {
        let note = note(alert, run);
        state.shown.retain(|shown| shown.key != note.key);
        if state.shown.len() >= SHOWN_MAX {
            state.shown.pop_front();
        }
        state.shown.push_back(Shown { key: note.key.clone(), title: note.title.clone(), asks: run.asks.clone() });
        self.notifier.show(note);
    }

    /// Nothing can be written down, this neither.
    pub fn store_fails(&self, why: &str) {
        self.notifier.show(Note {
            key: "tower store_trouble".to_owned(),
            title: "Cuetower cannot write anything down".to_owned(),
            body: format!("Nothing is fired or taken in: {why}. Make room or mend the disk; it tries again by itself."),
            critical: true,
            opens: Some(Opens::Window),
            buttons: Vec::new(),
        });
    }

    /// When there is something to tell though nothing new happened.
    pub fn wakes_at(&self, now: Ms) -> Option<Ms> {
        let state = self.state();
        if state.woken {
            return None;
        }
        let quiet_ends = || state.rules.quiet.until(now, self.zone).unwrap_or(now);
        let held = (!state.held.is_empty()).then(quiet_ends);
        state.burst.wakes_at().into_iter().chain(held).min()
    }

    /// Time has passed. Only the pilot sleeps by the clock: of several sleepers one alone may hear that it was set.
    pub fn beat(&self, now: Ms) {
        let minute = now.0.div_euclid(MINUTE_MS as i64);
        self.minute.send_if_modified(|known| std::mem::replace(known, minute) != minute);
        if self.wakes_at(now).is_some_and(|at| at <= now) {
            self.state().woken = true;
            self.changed.notify_one();
        }
    }

    /// Changes once a minute.
    pub fn minutes(&self) -> watch::Receiver<i64> {
        self.minute.subscribe()
    }

    /// What was held back, if it is quiet no more.
    fn take_held(&self, now: Ms) -> BTreeSet<AlertId> {
        let mut state = self.state();
        let quiet = state.rules.quiet.until(now, self.zone).is_some();
        if quiet { BTreeSet::new() } else { std::mem::take(&mut state.held) }
    }

    fn take_unsure(&self) -> BTreeSet<AlertId> {
        std::mem::take(&mut self.state().unsure)
    }

    fn show_digest(&self, digest: &Digest) {
        self.notifier.show(Note {
            key: DIGEST_KEY.to_owned(),
            title: digest.title(),
            body: digest.body(),
            critical: digest.severity() == Severity::Critical,
            opens: Some(Opens::Alerts),
            buttons: Vec::new(),
        });
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Whether the newest note of its subject is its own.
    fn shows(&self, alert: &Alert) -> bool {
        let key = key(alert);
        self.shown.iter().any(|shown| shown.key == key && shown.title == alert.title)
    }

    /// Whether it waits for the end of quiet hours; then it is remembered.
    fn holds(&mut self, alert: &Alert, now: Ms, zone: Tz) -> bool {
        let holds = self.rules.held_until(alert.severity, now, zone).is_some();
        if holds {
            self.held.insert(alert.id.clone());
        }
        holds
    }
}

/// The briefing has a note of its own.
fn briefing_tells(alert: &Alert) -> bool {
    alert.kind == AlertKind::TowerWasOff && is_in_the_briefing(&alert.title)
}

fn counted(alert: &Alert, now: Ms) -> channel::Note {
    channel::Note::of(What::Opened, alert, 0, now)
}

/// Tells what was held back, once it may be told. Until it is aborted.
pub(crate) async fn mind(native: Arc<Native>, handle: Handle) {
    loop {
        let now = handle.now();
        let digest = {
            let mut state = native.state();
            state.woken = false;
            state.burst.due(now)
        };
        if let Some(digest) = digest {
            native.show_digest(&digest);
        }
        tell_again(&native, &handle, native.take_unsure(), Why::Burst, now).await;
        tell_again(&native, &handle, native.take_held(now), Why::Quiet, now).await;
        native.changed.notified().await;
    }
}

/// Of what is to be told late: what still needs somebody.
async fn tell_again(native: &Native, handle: &Handle, ids: BTreeSet<AlertId>, why: Why, now: Ms) {
    let mut open: Vec<Alert> = Vec::new();
    for id in ids {
        match handle.reader().alert(id.0).await {
            Ok(alert) => open.extend(alert.filter(|alert| alert.needs_somebody(now))),
            Err(error) => tracing::warn!(%error, "an alert that is still to be told could not be looked up"),
        }
    }
    open.retain(|alert| !native.state().holds(alert, now, native.zone));
    open.sort_by_key(|alert| alert.opened_at);
    match open.as_slice() {
        [] => {}
        [alert] => {
            let facts = facts_of(alert, handle).await;
            native.show(&mut native.state(), alert, &facts);
        }
        several => {
            let notes: Vec<_> = several.iter().map(|alert| counted(alert, now)).collect();
            native.show_digest(&Digest::of(why, &notes));
        }
    }
}

/// What the owner is asked by an alert that is told late, as the store says; nothing else is offered of it.
async fn facts_of(alert: &Alert, handle: &Handle) -> RunFacts {
    let asks = match asked(alert, handle).await {
        Ok(asks) => asks,
        Err(error) => {
            tracing::warn!(%error, "what an alert asks could not be looked up");
            None
        }
    };
    RunFacts { asks, ..RunFacts::default() }
}

async fn asked(alert: &Alert, handle: &Handle) -> Result<Option<Asks>, StoreError> {
    if alert.kind != AlertKind::GateWaiting {
        return Ok(None);
    }
    let filter = GateFilter { waiting: true, run_id: alert.run_id.clone(), limit: ASKED_MAX };
    let mut rows = handle.reader().gates(filter).await?;
    let name = match (&alert.agent, &alert.run_id) {
        (Some(agent), _) => {
            rows.retain(|row| row.run_id.is_none() && row.account == agent.account && row.agent == agent.name);
            agent.name.clone()
        }
        (None, Some(run_id)) => match handle.reader().run(run_id.0.clone()).await? {
            Some(run) if run.is_held_for_verification() => return Ok(Some(Asks::Verification)),
            Some(run) => run.definition.name.clone(),
            None => return Ok(None),
        },
        (None, None) => return Ok(None),
    };
    let whole = |row: GateRow| Gate { shown: Some(Box::new(row.shown)), ..row.gate };
    let waiting: Vec<Gate> = rows.into_iter().map(whole).collect();
    Ok(Asks::gate(alert, &name, waiting.iter()))
}

/// How the owner hears of an alert on this machine; None: it is only recorded. `shown`: notifications are switched on.
pub(crate) fn told(alert: &Alert, rules: &Rules, shown: bool, now: Ms, zone: Tz) -> Option<ToldView> {
    let held = rules.held_until(alert.severity, alert.notified_at, zone).filter(|until| *until > now);
    let (by, telling) = if !rules.tell(alert.kind) {
        ("desktop", Telling::KindOff)
    } else if briefing_tells(alert) {
        ("briefing", Telling::Sent)
    } else if alert.notified_at < alert.opened_at {
        ("desktop", Telling::AgainTooSoon)
    } else if !shown {
        return None;
    } else {
        ("desktop", held.map_or(Telling::Sent, Telling::Held))
    };
    Some(channels::told_here(by, telling, zone))
}

#[cfg(all(test, target_os = "linux"))]
#[path = "native_tests.rs"]
mod tests;
