//! Alerts: what deserves the owner's eye, once. A unit of its own; lanes speak to it through signals only.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::Ms;
use crate::id::{AlertId, CueId, Dice, RunId};
use crate::occurrence::Trigger;
use crate::run::{Phase, Run, Verdict};
use crate::sentence;
use crate::time::HOUR_MS;
use crate::verdicts::Delivered;

/// A notification for the same problem is shown again after this long at the earliest.
pub const COOL_DOWN_MS: u64 = HOUR_MS;

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AlertKind {
    SilentRun,
    DeliveryFailed,
    OutcomeFailed,
    CheckFailed,
    MissedOccurrence,
    /// A long-lived agent ends again and again, soon after it starts.
    CrashLoop,
    FuseTripped,
    /// The fallback of a failed run failed as well: a person is needed.
    FallbackFailed,
    /// So many runs failed one after the other as its cue says.
    ConsecutiveFailures,
    /// A run waits for the owner's word.
    GateWaiting,
}

impl AlertKind {
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            AlertKind::SilentRun => "silent_run",
            AlertKind::DeliveryFailed => "delivery_failed",
            AlertKind::OutcomeFailed => "outcome_failed",
            AlertKind::CheckFailed => "check_failed",
            AlertKind::MissedOccurrence => "missed_occurrence",
            AlertKind::CrashLoop => "crash_loop",
            AlertKind::FuseTripped => "fuse_tripped",
            AlertKind::FallbackFailed => "fallback_failed",
            AlertKind::ConsecutiveFailures => "consecutive_failures",
            AlertKind::GateWaiting => "gate_waiting",
        }
    }

    #[must_use]
    pub fn severity(self) -> &'static str {
        match self {
            AlertKind::SilentRun
            | AlertKind::CheckFailed
            | AlertKind::CrashLoop
            | AlertKind::FuseTripped
            | AlertKind::FallbackFailed => "critical",
            AlertKind::DeliveryFailed
            | AlertKind::OutcomeFailed
            | AlertKind::MissedOccurrence
            | AlertKind::ConsecutiveFailures
            | AlertKind::GateWaiting => "warning",
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Alert {
    pub id: AlertId,
    pub kind: AlertKind,
    pub cue_id: CueId,
    pub run_id: Option<RunId>,
    pub title: String,
    pub body: String,
    pub state: AlertState,
    /// How often it happened while open.
    pub count: u32,
    pub opened_at: Ms,
    pub last_at: Ms,
    pub notified_at: Ms,
    pub resolved_at: Option<Ms>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AlertState {
    Open,
    Acknowledged,
    Resolved,
}

impl AlertState {
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            AlertState::Open => "open",
            AlertState::Acknowledged => "acknowledged",
            AlertState::Resolved => "resolved",
        }
    }
}

/// What a lane has to say to the alerts.
#[derive(Debug, Clone, PartialEq)]
pub enum Signal {
    RunEnded {
        cue_name: String,
        run: Box<Run>,
        verdict: Verdict,
        late: bool,
    },
    /// This many runs failed one after the other, up to this one.
    FailedInARow {
        cue_name: String,
        run: Box<Run>,
        times: u32,
    },
    Missed {
        cue_id: CueId,
        cue_name: String,
        due: Ms,
        reason: String,
    },
    CrashLoop {
        cue_name: String,
        run: Box<Run>,
    },
    /// After a crash loop it lives.
    Steady {
        cue_id: CueId,
    },
    CueDeleted {
        cue_id: CueId,
    },
    Acknowledged {
        alert_id: AlertId,
    },
}

/// The alert as it now is; resolved ones leave the book with it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum AlertEvent {
    AlertOpened { alert: Alert },
    AlertRepeated { alert: Alert },
    AlertAcknowledged { alert: Alert },
    AlertResolved { alert: Alert },
}

impl AlertEvent {
    #[must_use]
    pub fn alert(&self) -> &Alert {
        match self {
            AlertEvent::AlertOpened { alert }
            | AlertEvent::AlertRepeated { alert }
            | AlertEvent::AlertAcknowledged { alert }
            | AlertEvent::AlertResolved { alert } => alert,
        }
    }

    #[must_use]
    pub fn word(&self) -> &'static str {
        match self {
            AlertEvent::AlertOpened { .. } => "alert_opened",
            AlertEvent::AlertRepeated { .. } => "alert_repeated",
            AlertEvent::AlertAcknowledged { .. } => "alert_acknowledged",
            AlertEvent::AlertResolved { .. } => "alert_resolved",
        }
    }

    /// Whether the owner is to be told now.
    #[must_use]
    pub fn wants_notification(&self, now: Ms) -> bool {
        match self {
            AlertEvent::AlertOpened { .. } => true,
            AlertEvent::AlertRepeated { alert } => alert.notified_at == now && alert.state == AlertState::Open,
            AlertEvent::AlertAcknowledged { .. } | AlertEvent::AlertResolved { .. } => false,
        }
    }
}

/// Unresolved alerts; at most one per kind and cue.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct AlertBook {
    pub seq: u64,
    open: BTreeMap<AlertId, Alert>,
}

impl AlertBook {
    pub fn unresolved(&self) -> impl Iterator<Item = &Alert> {
        self.open.values()
    }

    #[must_use]
    pub fn get(&self, id: &AlertId) -> Option<&Alert> {
        self.open.get(id)
    }

    pub fn apply(&mut self, event: &AlertEvent) {
        self.seq += 1;
        let alert = event.alert();
        match alert.state {
            AlertState::Open | AlertState::Acknowledged => self.open.insert(alert.id.clone(), alert.clone()),
            AlertState::Resolved => self.open.remove(&alert.id),
        };
    }

    /// Decides one signal and takes in what follows from it.
    pub fn decide(&mut self, signal: &Signal, now: Ms, dice: &mut dyn Dice) -> Vec<AlertEvent> {
        let events = match signal {
            // Its agent says that it is good; nobody who looked has said so. Nothing is resolved by that.
            Signal::RunEnded { cue_name, run, .. } if run.is_held_for_verification() => {
                let kind = AlertKind::GateWaiting;
                let title = sentence::alert_title(cue_name, kind);
                let body = "Its agent reported success. Say whether it is so.".to_owned();
                let alert = Alert { title, body, ..blank(kind, run.cue_id.clone(), Some(run.id.clone()), now) };
                vec![self.open_or_repeat(alert, dice)]
            }
            Signal::RunEnded { run, verdict, late, .. } if verdict.is_good() => {
                let ended_at = match &run.phase {
                    Phase::Ended { at, .. } => *at,
                    _ => now,
                };
                // What somebody looked at and found good ends what was open before it; what came late ends its own alone.
                let older = |alert: &Alert| run.verification.is_some() && alert.last_at <= ended_at;
                let own = |alert: &Alert| alert.run_id.as_ref() == Some(&run.id);
                self.resolve(now, |alert| alert.cue_id == run.cue_id && (!late || own(alert) || older(alert)))
            }
            Signal::RunEnded { cue_name, run, verdict, late } => {
                let of_run = |alert: &Alert| alert.run_id.as_ref() == Some(&run.id);
                // What has ended crashes no more.
                let mut events =
                    self.resolve(now, |alert| of_run(alert) && (*late || alert.kind == AlertKind::CrashLoop));
                let trouble = kind_of(run, *verdict).map(|kind| Alert {
                    title: sentence::alert_title(cue_name, kind),
                    body: match kind {
                        AlertKind::FallbackFailed => format!("{} A person is needed.", sentence::of_run(run)),
                        _ => sentence::of_run(run),
                    },
                    ..blank(kind, run.cue_id.clone(), Some(run.id.clone()), now)
                });
                events.extend(trouble.map(|alert| self.open_or_repeat(alert, dice)));
                events
            }
            Signal::Missed { cue_id, cue_name, due, reason } => {
                let kind = AlertKind::MissedOccurrence;
                let body = format!("Due {}. Not run: {reason}.", sentence::instant(*due));
                let title = sentence::alert_title(cue_name, kind);
                vec![self.open_or_repeat(Alert { title, body, ..blank(kind, cue_id.clone(), None, now) }, dice)]
            }
            Signal::FailedInARow { cue_name, run, times } => {
                let kind = AlertKind::ConsecutiveFailures;
                let title = sentence::alert_title(cue_name, kind);
                let body = format!("{times} runs failed one after the other. The last: {}", sentence::of_run(run));
                let alert = Alert { title, body, ..blank(kind, run.cue_id.clone(), Some(run.id.clone()), now) };
                vec![self.open_or_repeat(alert, dice)]
            }
            Signal::CrashLoop { cue_name, run } => {
                let kind = AlertKind::CrashLoop;
                let title = sentence::alert_title(cue_name, kind);
                let body = sentence::of_crash_loop(run);
                let alert = Alert { title, body, ..blank(kind, run.cue_id.clone(), Some(run.id.clone()), now) };
                vec![self.open_or_repeat(alert, dice)]
            }
            Signal::Steady { cue_id } => {
                self.resolve(now, |alert| alert.cue_id == *cue_id && alert.kind == AlertKind::CrashLoop)
            }
            Signal::CueDeleted { cue_id } => self.resolve(now, |alert| alert.cue_id == *cue_id),
            Signal::Acknowledged { alert_id } => match self.open.get(alert_id) {
                Some(alert) if alert.state == AlertState::Open => {
                    vec![AlertEvent::AlertAcknowledged {
                        alert: Alert { state: AlertState::Acknowledged, ..alert.clone() },
                    }]
                }
                Some(_) | None => Vec::new(),
            },
        };
        for event in &events {
            self.apply(event);
        }
        events
    }

    fn open_or_repeat(&self, fresh: Alert, dice: &mut dyn Dice) -> AlertEvent {
        let same = self.open.values().find(|alert| alert.kind == fresh.kind && alert.cue_id == fresh.cue_id);
        match same {
            None => AlertEvent::AlertOpened { alert: Alert { id: AlertId::thrown(dice), ..fresh } },
            Some(known) => {
                let cooled = fresh.last_at.since(known.notified_at) >= COOL_DOWN_MS;
                let alert = Alert {
                    id: known.id.clone(),
                    state: known.state,
                    count: known.count.saturating_add(1),
                    opened_at: known.opened_at,
                    notified_at: if cooled { fresh.last_at } else { known.notified_at },
                    ..fresh
                };
                AlertEvent::AlertRepeated { alert }
            }
        }
    }

    fn resolve(&self, now: Ms, which: impl Fn(&Alert) -> bool) -> Vec<AlertEvent> {
        let ended = self.open.values().filter(|alert| which(alert)).cloned();
        ended
            .map(|alert| AlertEvent::AlertResolved {
                alert: Alert { state: AlertState::Resolved, resolved_at: Some(now), ..alert },
            })
            .collect()
    }
}

fn kind_of(run: &Run, verdict: Verdict) -> Option<AlertKind> {
    match verdict {
        // Unless there is one more to fall back on.
        verdict
            if verdict.is_failure()
                && matches!(run.trigger, Trigger::Fallback { .. })
                && run.definition.on_failure.fallback.is_none() =>
        {
            Some(AlertKind::FallbackFailed)
        }
        Verdict::Stopped if run.findings.iter().any(|finding| !finding.passed) => Some(AlertKind::FuseTripped),
        Verdict::Silent => Some(AlertKind::SilentRun),
        Verdict::Refuted => Some(AlertKind::CheckFailed),
        Verdict::Failed if Delivered::of(run) == Delivered::Delivered => Some(AlertKind::OutcomeFailed),
        Verdict::Failed => Some(AlertKind::DeliveryFailed),
        Verdict::Confirmed | Verdict::Claimed | Verdict::Stopped | Verdict::Cancelled => None,
    }
}

fn blank(kind: AlertKind, cue_id: CueId, run_id: Option<RunId>, now: Ms) -> Alert {
    Alert {
        id: AlertId(String::new()),
        kind,
        cue_id,
        run_id,
        title: String::new(),
        body: String::new(),
        state: AlertState::Open,
        count: 1,
        opened_at: now,
        last_at: now,
        notified_at: now,
        resolved_at: None,
    }
}
