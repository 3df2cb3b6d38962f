//! The book of unresolved alerts: what is open, by whom it is found, and when time alone changes something.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{About, Alert, AlertEvent, AlertKind, AlertState, Rules, Severity};
use crate::Ms;
use crate::id::AlertId;
use crate::time::{DAY_MS, MINUTE_MS};

/// Unresolved alerts at most; to open one more, the one that has not happened for the longest is closed.
pub const OPEN_MAX: usize = 20_000;
/// Resolved problems that are remembered at most, so that the same is not told again at once.
const RECENT_MAX: usize = 4_096;

/// Unresolved alerts; at most one per kind and subject.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(from = "Kept", into = "Kept")]
pub struct AlertBook {
    pub seq: u64,
    rules: Arc<Rules>,
    open: BTreeMap<AlertId, Arc<Alert>>,
    by_subject: BTreeMap<About, BTreeMap<AlertKind, AlertId>>,
    by_kind: BTreeMap<AlertKind, BTreeSet<AlertId>>,
    /// By when each last happened.
    by_age: BTreeSet<(Ms, AlertId)>,
    wakes: BTreeSet<(Ms, AlertId)>,
    /// Problems that ended not long ago.
    recent: BTreeMap<(About, AlertKind), Ended>,
}

/// When the owner was last told of a problem that ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Ended {
    pub about: About,
    pub kind: AlertKind,
    pub severity: Severity,
    #[serde(default)]
    pub title: String,
    pub notified_at: Ms,
    pub snoozed_until: Option<Ms>,
}

/// What one event changed. Handed back to the book, newest first, it makes it what it was.
#[derive(Debug)]
pub struct Undo {
    id: AlertId,
    before: Option<Arc<Alert>>,
    subject: (About, AlertKind),
    ended: Option<Ended>,
    /// Ended problems that went to make room for this one.
    forgotten: Vec<Ended>,
}

/// The book as it is on disk. The rules are handed in anew.
#[derive(Serialize, Deserialize)]
struct Kept {
    seq: u64,
    open: BTreeMap<AlertId, Arc<Alert>>,
    #[serde(default)]
    recent: Vec<Ended>,
}

impl From<Kept> for AlertBook {
    fn from(kept: Kept) -> AlertBook {
        let mut book = AlertBook { seq: kept.seq, ..AlertBook::default() };
        for alert in kept.open.into_values() {
            book.put(alert);
        }
        book.recent = kept.recent.into_iter().map(|ended| ((ended.about.clone(), ended.kind), ended)).collect();
        book
    }
}

impl From<AlertBook> for Kept {
    fn from(book: AlertBook) -> Kept {
        Kept { seq: book.seq, open: book.open, recent: book.recent.into_values().collect() }
    }
}

impl AlertBook {
    pub fn unresolved(&self) -> impl Iterator<Item = &Alert> {
        self.open.values().map(|alert| &**alert)
    }

    #[must_use]
    pub fn len(&self) -> usize {
        self.open.len()
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.open.is_empty()
    }

    #[must_use]
    pub fn get(&self, id: &AlertId) -> Option<&Alert> {
        self.open.get(id).map(|alert| &**alert)
    }

    /// The unresolved alert of this kind and subject.
    #[must_use]
    pub fn of(&self, about: &About, kind: AlertKind) -> Option<&Alert> {
        self.get(self.by_subject.get(about)?.get(&kind)?)
    }

    /// All unresolved alerts of a subject.
    pub fn about(&self, about: &About) -> impl Iterator<Item = &Alert> {
        let of_subject = self.by_subject.get(about).into_iter().flat_map(BTreeMap::values);
        of_subject.filter_map(|id| self.get(id))
    }

    /// All unresolved alerts of a kind.
    pub fn of_kind(&self, kind: AlertKind) -> impl Iterator<Item = &Alert> {
        self.by_kind.get(&kind).into_iter().flatten().filter_map(|id| self.get(id))
    }

    #[must_use]
    pub fn rules(&self) -> &Arc<Rules> {
        &self.rules
    }

    /// From now on these rules hold, for what is open too.
    pub fn set_rules(&mut self, rules: Arc<Rules>) {
        self.rules = rules;
        self.wakes =
            self.open.values().filter_map(|alert| Some((wake_of(&self.rules, alert)?, alert.id.clone()))).collect();
    }

    /// When time alone changes something; an instant that is past: at once.
    #[must_use]
    pub fn wakes_at(&self) -> Option<Ms> {
        self.wakes.first().map(|(at, _)| *at)
    }

    /// Alerts whose time has come.
    pub(super) fn due(&self, now: Ms) -> impl Iterator<Item = &Alert> {
        self.wakes.iter().take_while(move |(at, _)| *at <= now).filter_map(|(_, id)| self.get(id))
    }

    pub(super) fn ended(&self, about: &About, kind: AlertKind) -> Option<&Ended> {
        if self.recent.is_empty() { None } else { self.recent.get(&(about.clone(), kind)) }
    }

    /// The one that has not happened for the longest.
    pub(super) fn oldest(&self) -> Option<&Alert> {
        self.get(&self.by_age.first()?.1)
    }

    /// Takes an event in. What it answers is for [`AlertBook::undo`].
    pub fn apply(&mut self, event: &AlertEvent) -> Undo {
        self.seq += 1;
        let alert = event.alert();
        let subject = (alert.about(), alert.kind);
        let ended = if self.recent.is_empty() { None } else { self.recent.get(&subject).cloned() };
        let before = self.take(&alert.id);
        let mut forgotten = Vec::new();
        match alert.state {
            AlertState::Open | AlertState::Acknowledged => self.put(Arc::new(alert.clone())),
            AlertState::Resolved => forgotten = self.remember(alert),
        }
        Undo { id: alert.id.clone(), before, subject, ended, forgotten }
    }

    /// The newest event did not happen.
    pub fn undo(&mut self, undo: Undo) {
        let Undo { id, before, subject, ended, forgotten } = undo;
        self.seq -= 1;
        self.take(&id);
        if let Some(alert) = before {
            self.put(alert);
        }
        self.recent.remove(&subject);
        self.recent.extend(ended.into_iter().chain(forgotten).map(|ended| ((ended.about.clone(), ended.kind), ended)));
    }

    fn put(&mut self, alert: Arc<Alert>) {
        let about = alert.about();
        self.recent.remove(&(about.clone(), alert.kind));
        self.by_subject.entry(about).or_default().insert(alert.kind, alert.id.clone());
        self.by_kind.entry(alert.kind).or_default().insert(alert.id.clone());
        self.by_age.insert((alert.last_at, alert.id.clone()));
        self.wakes.extend(wake_of(&self.rules, &alert).map(|at| (at, alert.id.clone())));
        self.open.insert(alert.id.clone(), alert);
    }

    fn take(&mut self, id: &AlertId) -> Option<Arc<Alert>> {
        let alert = self.open.remove(id)?;
        if let Some(at) = wake_of(&self.rules, &alert) {
            self.wakes.remove(&(at, id.clone()));
        }
        self.by_age.remove(&(alert.last_at, id.clone()));
        if let Some(ids) = self.by_kind.get_mut(&alert.kind) {
            ids.remove(id);
        }
        let about = alert.about();
        if let Some(kinds) = self.by_subject.get_mut(&about) {
            kinds.retain(|_, known| known != id);
            if kinds.is_empty() {
                self.by_subject.remove(&about);
            }
        }
        Some(alert)
    }

    /// Those that went for it.
    fn remember(&mut self, alert: &Alert) -> Vec<Ended> {
        let now = alert.resolved_at.unwrap_or(alert.last_at);
        let mut forgotten = Vec::new();
        if self.recent.len() >= RECENT_MAX {
            let is_old = |_: &_, ended: &mut Ended| now.since(ended.notified_at) >= DAY_MS;
            forgotten.extend(self.recent.extract_if(.., is_old).map(|(_, ended)| ended));
        }
        if self.recent.len() >= RECENT_MAX {
            let oldest = self.recent.iter().min_by_key(|(_, ended)| ended.notified_at).map(|(key, _)| key.clone());
            forgotten.extend(oldest.and_then(|key| self.recent.remove(&key)));
        }
        let (about, kind) = (alert.about(), alert.kind);
        let ended = Ended {
            about: about.clone(),
            kind,
            severity: alert.severity,
            title: alert.title.clone(),
            notified_at: alert.notified_at,
            snoozed_until: alert.snoozed_until,
        };
        self.recent.insert((about, kind), ended);
        forgotten
    }
}

/// When time alone changes something about this alert.
fn wake_of(rules: &Rules, alert: &Alert) -> Option<Ms> {
    if alert.state != AlertState::Open {
        return None;
    }
    if alert.snoozed_until.is_some() {
        return alert.snoozed_until;
    }
    [told_at(rules, alert), escalates_at(rules, alert), reminds_at(rules, alert)].into_iter().flatten().min()
}

/// When an alert that was not told as it opened is told after all.
pub(super) fn told_at(rules: &Rules, alert: &Alert) -> Option<Ms> {
    (alert.notified_at < alert.opened_at).then(|| alert.notified_at.plus(rules.cool_down_ms()))
}

pub(super) fn escalates_at(rules: &Rules, alert: &Alert) -> Option<Ms> {
    let after = rules.escalate_minutes.filter(|_| nags(rules, alert) && alert.escalated_at.is_none())?;
    Some(alert.waits_since.unwrap_or(alert.opened_at).plus(u64::from(after) * MINUTE_MS))
}

pub(super) fn reminds_at(rules: &Rules, alert: &Alert) -> Option<Ms> {
    let after = rules.nag_minutes.filter(|_| nags(rules, alert))?;
    Some(alert.notified_at.max(alert.opened_at).plus(u64::from(after.max(1)) * MINUTE_MS))
}

/// What is told to nobody, or asks nothing of anybody, is not told louder either.
fn nags(rules: &Rules, alert: &Alert) -> bool {
    alert.severity > Severity::Info && rules.tell(alert.kind)
}
