//! What becomes of the alerts when something is signalled.

use super::book::{escalates_at, reminds_at, told_at};
use super::{About, Alert, AlertBook, AlertEvent, AlertKind, AlertState, OPEN_MAX, Problem, Severity, Signal, words};
use crate::Ms;
use crate::fuse::{BY_THE_TOWER, OF_THE_DAY};
use crate::gate::Subject;
use crate::id::{AlertId, CueId, Dice, RunId};
use crate::lane::unanswered;
use crate::occurrence::Trigger;
use crate::run::{Run, Verdict};
use crate::sentence;
use crate::verdicts::Delivered;

impl AlertBook {
    /// Decides one signal and takes in what follows from it.
    pub fn decide(&mut self, signal: &Signal, now: Ms, dice: &mut dyn Dice) -> Vec<AlertEvent> {
        let events = self.consider(signal, now, dice);
        for event in &events {
            self.apply(event);
        }
        events
    }

    /// What follows from one signal; the book stays as it is.
    #[must_use]
    pub fn consider(&self, signal: &Signal, now: Ms, dice: &mut dyn Dice) -> Vec<AlertEvent> {
        match signal {
            Signal::RunEnded { cue_name, run, verdict, late } => {
                self.run_ended((cue_name, run), *verdict, *late, now, dice)
            }
            Signal::Missed { cue_id, cue_name, due, reason } => {
                let kind = AlertKind::MissedOccurrence;
                let body = format!("Due {}. Not run: {reason}.", sentence::instant(*due));
                let title = sentence::alert_title(cue_name, kind);
                self.raise(Alert { title, body, ..of_cue(kind, cue_id.clone(), None, now) }, dice)
            }
            Signal::FailedInARow { cue_name, run, times } => {
                let kind = AlertKind::ConsecutiveFailures;
                let title = sentence::alert_title(cue_name, kind);
                let body = format!("{times} runs failed one after the other. The last: {}", sentence::of_run(run));
                self.raise(Alert { title, body, ..of_run(kind, run, now) }, dice)
            }
            Signal::CrashLoop { cue_name, run } => {
                let kind = AlertKind::CrashLoop;
                let title = sentence::alert_title(cue_name, kind);
                let body = sentence::of_crash_loop(run);
                self.raise(Alert { title, body, ..of_run(kind, run, now) }, dice)
            }
            Signal::Steady { cue_id } => {
                self.resolve(&About::Cue(cue_id.clone()), now, |alert| alert.kind == AlertKind::CrashLoop)
            }
            Signal::Trouble(problem) => self.raise(of_problem(problem, now), dice),
            Signal::PutOff { problem, until } => self.put_off(of_problem(problem, now), *until, dice),
            Signal::Over { about, kind, run_id } => {
                self.resolve(about, now, |alert| alert.kind == *kind && (run_id.is_none() || alert.run_id == *run_id))
            }
            Signal::CueDeleted { cue_id } => self.resolve(&About::Cue(cue_id.clone()), now, |_| true),
            Signal::Acknowledged { alert_id } => match self.get(alert_id) {
                Some(alert) if alert.state == AlertState::Open => {
                    let alert = Alert { state: AlertState::Acknowledged, snoozed_until: None, ..alert.clone() };
                    vec![AlertEvent::AlertAcknowledged { alert }]
                }
                Some(_) | None => Vec::new(),
            },
            Signal::Snoozed { alert_id, until } => self.get(alert_id).map_or_else(Vec::new, |alert| {
                let snoozed_until = Some(*until).filter(|until| *until > now);
                let alert = Alert { state: AlertState::Open, snoozed_until, ..alert.clone() };
                vec![AlertEvent::AlertSnoozed { alert }]
            }),
            Signal::Tick => self.due(now).map(|alert| self.ticked(alert, now)).collect(),
        }
    }

    fn run_ended(
        &self,
        (cue_name, run): (&str, &Run),
        verdict: Verdict,
        late: bool,
        now: Ms,
        dice: &mut dyn Dice,
    ) -> Vec<AlertEvent> {
        let about = About::Cue(run.cue_id.clone());
        let own = |alert: &Alert| alert.run_id.as_ref() == Some(&run.id);
        // What has ended crashes, spends and repeats itself no more.
        let lived = |alert: &Alert| own(alert) && alert.kind.is_of_a_live_run();
        if run.is_held_for_verification() {
            // Its agent says that it is good; nobody who looked has said so. That resolves nothing but what ends with a run.
            let mut events = self.resolve(&about, now, lived);
            let kind = AlertKind::GateWaiting;
            let title = sentence::alert_title(cue_name, kind);
            let body = TO_VERIFY.to_owned();
            events.extend(self.raise(Alert { title, body, ..of_run(kind, run, now) }, dice));
            return events;
        }
        if verdict.is_good() {
            let ended_at = run.ended_at().unwrap_or(now);
            // What somebody looked at and found good ends what was open before it; what came late ends its own alone.
            let older = |alert: &Alert| run.verification.is_some() && alert.last_at <= ended_at;
            return self.resolve(&about, now, |alert| {
                // What another run asks its owner is answered by no success but its own.
                let asks = alert.kind == AlertKind::GateWaiting && !own(alert);
                let waits_for_one = alert.kind.ends_with_a_good_run() || ended_its_run(alert);
                let good = waits_for_one && !asks && (!late || own(alert) || older(alert));
                good || lived(alert)
            });
        }
        let mut events =
            self.resolve(&about, now, |alert| lived(alert) || late && own(alert) && alert.kind.ends_with_a_good_run());
        if let Some(kind) = kind_of(run, verdict) {
            let title = sentence::ended_title(cue_name, run, kind);
            let body = match kind {
                AlertKind::FallbackFailed => format!("{} A person is needed.", sentence::of_run(run)),
                AlertKind::FuseTripped => sentence::stopped_body(run),
                _ => sentence::of_run(run),
            };
            events.extend(self.raise(Alert { title, body, ..of_run(kind, run, now) }, dice));
        }
        events
    }

    /// Opens an alert, or repeats the one there is of its kind and subject.
    fn raise(&self, fresh: Alert, dice: &mut dyn Dice) -> Vec<AlertEvent> {
        let about = fresh.about();
        if let Some(known) = self.of(&about, fresh.kind) {
            return vec![self.repeated(known, fresh)];
        }
        let now = fresh.last_at;
        let mut events = self.made_room(now);
        let id = AlertId::thrown(dice);
        let told_before = self.ended(&about, fresh.kind).filter(|ended| {
            let is_news = is_each_news(fresh.kind) || is_news_by_title(fresh.kind) && ended.title != fresh.title;
            !is_news && fresh.severity <= ended.severity && !self.cooled(ended.notified_at, now)
        });
        events.push(match told_before {
            None => AlertEvent::AlertOpened { alert: Alert { id, ..fresh }, tells: true },
            Some(ended) => {
                let snoozed_until = ended.snoozed_until.filter(|until| *until > now);
                // An instant before it opened says that it is still to be told.
                let notified_at = Ms(ended.notified_at.0.min(now.0 - 1));
                AlertEvent::AlertOpened { alert: Alert { id, notified_at, snoozed_until, ..fresh }, tells: false }
            }
        });
        events
    }

    /// Opens an alert that is told when its time comes; one that is open already tells of itself.
    fn put_off(&self, fresh: Alert, until: Ms, dice: &mut dyn Dice) -> Vec<AlertEvent> {
        let now = fresh.last_at;
        if until <= now || self.of(&fresh.about(), fresh.kind).is_some() {
            return self.raise(fresh, dice);
        }
        let mut events = self.made_room(now);
        let alert = Alert { id: AlertId::thrown(dice), snoozed_until: Some(until), ..fresh };
        events.push(AlertEvent::AlertOpened { alert, tells: false });
        events
    }

    fn repeated(&self, known: &Alert, fresh: Alert) -> AlertEvent {
        let now = fresh.last_at;
        let by_title = is_each_news(fresh.kind) || is_news_by_title(fresh.kind);
        // Two questions may be called alike.
        let same_question = fresh.run_id == known.run_id && fresh.body == known.body;
        let is_other = fresh.title != known.title || fresh.kind == AlertKind::GateWaiting && !same_question;
        let worse = fresh.severity > known.severity || by_title && is_other;
        let put_off = known.state == AlertState::Acknowledged || known.is_snoozed(now);
        let tells = worse || !put_off && self.cooled(known.notified_at, now);
        // The words of the worst it has been stay.
        let said = if fresh.severity < known.severity { known } else { &fresh };
        // A budget of the day is no run's: midnight ends the alert, whatever a run's own fuse had to say to it.
        let of_the_day = fresh.kind == AlertKind::FuseTripped && (known.run_id.is_none() || fresh.run_id.is_none());
        let alert = Alert {
            id: known.id.clone(),
            kind: known.kind,
            severity: known.severity.max(fresh.severity),
            cue_id: known.cue_id.clone(),
            agent: known.agent.clone(),
            channel: known.channel.clone(),
            run_id: said.run_id.clone().filter(|_| !of_the_day),
            title: said.title.clone(),
            body: said.body.clone(),
            state: if worse { AlertState::Open } else { known.state },
            count: known.count.saturating_add(1),
            opened_at: known.opened_at,
            last_at: now,
            notified_at: if tells { now } else { known.notified_at },
            resolved_at: None,
            snoozed_until: if worse { None } else { known.snoozed_until },
            escalated_at: if worse { None } else { known.escalated_at },
            waits_since: if worse { Some(now) } else { known.waits_since },
        };
        AlertEvent::AlertRepeated { alert, tells }
    }

    /// What time alone brings about: one thing at a time.
    fn ticked(&self, alert: &Alert, now: Ms) -> AlertEvent {
        let rules = self.rules();
        let due = |at: Option<Ms>| at.is_some_and(|at| at <= now);
        let told = Alert { notified_at: now.max(alert.opened_at), ..alert.clone() };
        if alert.snoozed_until.is_some() {
            AlertEvent::AlertWoke { alert: Alert { snoozed_until: None, waits_since: Some(now), ..told } }
        } else if due(escalates_at(rules, alert)) {
            AlertEvent::AlertEscalated { alert: Alert { escalated_at: Some(now), ..told } }
        } else if due(told_at(rules, alert)) {
            AlertEvent::AlertCooled { alert: told }
        } else {
            debug_assert!(due(reminds_at(rules, alert)), "nothing else wakes an alert");
            AlertEvent::AlertReminded { alert: told }
        }
    }

    /// A told instant that lies ahead is of a clock that was set back since.
    fn cooled(&self, notified_at: Ms, now: Ms) -> bool {
        notified_at > now || now.since(notified_at) >= self.rules().cool_down_ms()
    }

    fn made_room(&self, now: Ms) -> Vec<AlertEvent> {
        if self.len() < OPEN_MAX {
            return Vec::new();
        }
        let closed = self.oldest().map(|alert| {
            let body =
                format!("{} Closed: more than {} alerts are open.", alert.body, sentence::grouped(OPEN_MAX as u64));
            AlertEvent::AlertResolved { alert: resolved(&Alert { body, ..alert.clone() }, now) }
        });
        closed.into_iter().collect()
    }

    fn resolve(&self, about: &About, now: Ms, which: impl Fn(&Alert) -> bool) -> Vec<AlertEvent> {
        let ended = self.about(about).filter(|alert| which(alert));
        ended.map(|alert| AlertEvent::AlertResolved { alert: resolved(alert, now) }).collect()
    }
}

/// What its agent says is so, or not.
const TO_VERIFY: &str = "Its agent reported success. Say whether it is so.";

/// That a run waits to be verified, told once more: the alert that said so spoke of something else meanwhile.
#[must_use]
pub fn to_verify(cue_name: &str, run: &Run) -> Signal {
    let kind = AlertKind::GateWaiting;
    Signal::Trouble(Problem {
        about: About::Cue(run.cue_id.clone()),
        kind,
        severity: kind.severity(),
        run_id: Some(run.id.clone()),
        title: sentence::alert_title(cue_name, kind),
        body: TO_VERIFY.to_owned(),
    })
}

fn of_problem(problem: &Problem, now: Ms) -> Alert {
    let (title, body) = (words::title(&problem.title), words::body(&problem.body));
    let blank = blank(problem.kind, &problem.about, problem.run_id.clone(), now);
    Alert { severity: problem.severity, title, body, ..blank }
}

fn resolved(alert: &Alert, now: Ms) -> Alert {
    Alert { state: AlertState::Resolved, resolved_at: Some(now), ..alert.clone() }
}

/// Each of these is news, however short after the last: a question to the owner, and a budget that is not the one before.
fn is_each_news(kind: AlertKind) -> bool {
    matches!(kind, AlertKind::GateWaiting | AlertKind::FuseTripped)
}

/// Each of these is news with other words: that nobody starts it again is more than that it is silent.
fn is_news_by_title(kind: AlertKind) -> bool {
    matches!(kind, AlertKind::HeartbeatLost | AlertKind::Zombie)
}

/// A loop that goes on is over with its run; one that a run was stopped for waits for a good one.
fn ended_its_run(alert: &Alert) -> bool {
    alert.kind == AlertKind::LoopDetected && alert.severity == Severity::Critical
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
        // A fuse of the day has an alert of its own, and so has a loop.
        Verdict::Stopped
            if run
                .findings
                .iter()
                .any(|finding| !finding.passed && finding.claim != OF_THE_DAY && finding.claim != BY_THE_TOWER) =>
        {
            Some(AlertKind::FuseTripped)
        }
        // Its owner did not stop it: nobody was there.
        Verdict::Stopped => unanswered(run).map(|gate| match gate.subject {
            Subject::Delivery => AlertKind::DeliveryFailed,
            Subject::Asked(_) | Subject::Step(_) => AlertKind::OutcomeFailed,
        }),
        Verdict::Silent => Some(AlertKind::SilentRun),
        Verdict::Refuted => Some(AlertKind::CheckFailed),
        Verdict::Failed if Delivered::of(run) == Delivered::Delivered => Some(AlertKind::OutcomeFailed),
        Verdict::Failed => Some(AlertKind::DeliveryFailed),
        Verdict::Confirmed | Verdict::Claimed | Verdict::Cancelled => None,
    }
}

fn of_run(kind: AlertKind, run: &Run, now: Ms) -> Alert {
    of_cue(kind, run.cue_id.clone(), Some(run.id.clone()), now)
}

fn of_cue(kind: AlertKind, cue_id: CueId, run_id: Option<RunId>, now: Ms) -> Alert {
    blank(kind, &About::Cue(cue_id), run_id, now)
}

fn blank(kind: AlertKind, about: &About, run_id: Option<RunId>, now: Ms) -> Alert {
    let (cue_id, agent, channel) = match about {
        About::Cue(id) => (Some(id.clone()), None, None),
        About::Agent(agent) => (None, Some(agent.clone()), None),
        About::Channel(name) => (None, None, Some(name.clone())),
        About::Tower => (None, None, None),
    };
    Alert {
        id: AlertId(String::new()),
        kind,
        severity: kind.severity(),
        cue_id,
        agent,
        channel,
        run_id,
        title: String::new(),
        body: String::new(),
        state: AlertState::Open,
        count: 1,
        opened_at: now,
        last_at: now,
        notified_at: now,
        resolved_at: None,
        snoozed_until: None,
        escalated_at: None,
        waits_since: None,
    }
}
