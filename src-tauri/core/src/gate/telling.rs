//! What the alerts hear of gates. One alert per cue (or agent) says that somebody waits; each question is told anew.

use super::{Fact, Gate, How, words};
use crate::Ms;
use crate::alert::{About, AlertKind, Problem, Severity, Signal};
use crate::id::RunId;

/// After a fact. `name`: of the cue, or of the agent; `run_id`: whose gate it is, if it is a run's. `waiting`: what waits now of
/// all that is about the same, of whichever run.
#[must_use]
pub fn news<'a>(
    about: &About,
    name: &str,
    run_id: Option<&RunId>,
    fact: &Fact,
    waiting: impl Iterator<Item = (Option<&'a RunId>, &'a Gate)>,
    now: Ms,
) -> Vec<Signal> {
    let mut waiting: Vec<_> = waiting.filter(|(_, gate)| !is_put_off(gate, now)).collect();
    let here = waiting.iter().find(|(_, gate)| gate.id == *fact.gate_id()).copied();
    match fact {
        Fact::Asked { .. } | Fact::Overdue { louder: true, .. } => {
            here.map(|asked| trouble(about, name, asked)).into_iter().collect()
        }
        Fact::Settled { settled, .. } => {
            // Asked anew: that is told with the next fact of the same decision.
            if settled.how == How::Withdrawn && settled.comment.as_deref() == Some(super::gates::ASKED_ANEW) {
                return Vec::new();
            }
            // Another run of the cue may wait to be verified; its alert is not this one's.
            let run_id = run_id.cloned();
            let goes_on = waiting.iter().any(|(of, _)| *of == run_id.as_ref());
            let over = Signal::Over { about: about.clone(), kind: AlertKind::GateWaiting, run_id };
            // The one that has waited longest is what the alert is about from now on.
            waiting.sort_by_key(|(_, gate)| (gate.asked_at, gate.id.clone()));
            let next = waiting.first().map(|oldest| trouble(about, name, *oldest));
            Some(over).filter(|_| !goes_on).into_iter().chain(next).collect()
        }
        Fact::AwaitedAgain { .. }
        | Fact::PermitsAskedAgain { .. }
        | Fact::HandedOver { .. }
        | Fact::Overdue { louder: false, .. }
        | Fact::DeadlineMoved { .. }
        | Fact::PutOff { .. }
        | Fact::Told { .. } => Vec::new(),
    }
}

/// The alert that says that it waits.
#[must_use]
pub fn of_owner(about: &About, name: &str, run_id: Option<&RunId>, gate: &Gate) -> Signal {
    trouble(about, name, (run_id, gate))
}

/// When no alert says any more that the owner is waited for: what still waits, the one that has waited longest. `since`: of a
/// run that waits to be verified, and what says so. What was put off is told when its time comes; the first of all is told of.
#[must_use]
pub fn still_waits<'a>(
    about: &About,
    name: &str,
    waiting: impl Iterator<Item = (Option<&'a RunId>, &'a Gate)>,
    verifications: impl Iterator<Item = (Ms, Signal)>,
    now: Ms,
) -> Option<Signal> {
    let (later, asked): (Vec<_>, Vec<_>) = waiting.partition(|(_, gate)| is_put_off(gate, now));
    let asked = asked.into_iter().map(|gate| (gate.1.asked_at, trouble(about, name, gate)));
    let oldest = asked.chain(verifications).min_by_key(|(since, _)| *since).map(|(_, signal)| signal);
    let first = || later.into_iter().min_by_key(|(_, gate)| (gate.put_off_until, gate.asked_at));
    oldest.or_else(|| {
        let gate = first()?;
        Some(Signal::PutOff { problem: problem(about, name, gate), until: gate.1.put_off_until? })
    })
}

fn trouble(about: &About, name: &str, gate: (Option<&RunId>, &Gate)) -> Signal {
    Signal::Trouble(problem(about, name, gate))
}

fn problem(about: &About, name: &str, (run_id, gate): (Option<&RunId>, &Gate)) -> Problem {
    let louder = gate.overdue_at.is_some() && gate.on_no_answer == super::OnNoAnswer::Escalate;
    Problem {
        about: about.clone(),
        kind: AlertKind::GateWaiting,
        severity: if louder { Severity::Critical } else { Severity::Warning },
        run_id: run_id.cloned(),
        title: words::alert_title(name, &gate.title),
        body: words::alert_body(gate),
    }
}

fn is_put_off(gate: &Gate, now: Ms) -> bool {
    gate.put_off_until.is_some_and(|until| until > now)
}
