//! Gates in plain sentences: for alerts and notifications, for whoever comes too late, for the story of a run.

use super::{Face, Gate, How, OnNoAnswer, Settled};
use crate::sentence::instant;

/// Of an alert's title.
const TITLE_CHARS: usize = 50;
/// A name takes so much of it at most, if what is asked is long.
const NAME_CHARS: usize = 20;
const BODY_CHARS: usize = 200;

/// "dunning-emails asks: Send 14 reminders?", at most 50 characters; of a long name the beginning.
#[must_use]
pub fn alert_title(name: &str, title: &str) -> String {
    let asks = " asks: ";
    let asked = title.chars().count();
    let room = (TITLE_CHARS - asks.len()).saturating_sub(asked).max(NAME_CHARS);
    let name = cut(name, room);
    let left = TITLE_CHARS - asks.len() - name.chars().count();
    format!("{name}{asks}{}", cut(title, left))
}

/// What will happen, and what if nothing is said. Its deadline moves while the tower is off, and this is written once: so
/// without the hour, which whoever shows the question says.
#[must_use]
pub fn alert_body(gate: &Gate) -> String {
    let shown = gate.shown.as_deref();
    let said = shown.map(|shown| shown.body.lines().next().unwrap_or_default().trim()).unwrap_or_default();
    let said = match cut(said, BODY_CHARS) {
        said if said.is_empty() || said.ends_with(['.', '?', '…', ':']) => said,
        said => format!("{said}."),
    };
    let cost = shown.map(|shown| shown.cost_of_waiting.trim().trim_end_matches('.')).filter(|cost| !cost.is_empty());
    let cost = cost.map(|cost| format!("Waiting costs {cost}."));
    let parts = [Some(said).filter(|said| !said.is_empty()), Some(unless_answered(gate)), cost];
    parts.into_iter().flatten().collect::<Vec<_>>().join(" ")
}

/// "Answer by Fri 20 Nov 10:00:00 UTC; with no answer it goes on."
#[must_use]
pub fn until(gate: &Gate) -> String {
    match gate.deadline {
        Some(deadline) => format!("Answer by {}; with no answer {}.", instant(deadline), then(gate)),
        None => without_deadline(gate),
    }
}

/// "With no answer in time it goes on."
fn unless_answered(gate: &Gate) -> String {
    match gate.deadline {
        Some(_) => format!("With no answer in time {}.", then(gate)),
        None => without_deadline(gate),
    }
}

fn without_deadline(gate: &Gate) -> String {
    let waits_on = "It waits until you answer.";
    match gate.overdue_at {
        Some(_) => format!("Its time is over. {waits_on}"),
        None => waits_on.to_owned(),
    }
}

fn then(gate: &Gate) -> &'static str {
    match gate.on_no_answer {
        OnNoAnswer::KeepWaiting => "it stays parked",
        OnNoAnswer::Proceed => "it goes on",
        OnNoAnswer::Stop => "it is stopped",
        OnNoAnswer::Escalate => "you are told once more, louder",
    }
}

/// "approved in the window", "not answered in time"
#[must_use]
pub fn settled(settled: &Settled) -> String {
    let done = match settled.how {
        How::Approved => "approved",
        How::Edited => "approved with changes",
        How::Denied => "denied",
        How::NoAnswer => return "not answered in time".to_owned(),
        How::Withdrawn => "withdrawn",
    };
    let place = match settled.face {
        None => "",
        Some(Face::Window) => " in the window",
        Some(Face::Browser) => " in the browser",
        Some(Face::Notification) => " in the notification",
        Some(Face::Tray) => " in the tray",
        Some(Face::Cli) => " on the command line",
    };
    let why = settled.comment.as_deref().map(|text| format!(": {}", text.trim_end_matches('.')));
    format!("{done}{place}{}", why.unwrap_or_default())
}

/// To whoever answers after somebody did.
#[must_use]
pub fn too_late(gate: &Gate, settled: &Settled) -> String {
    let said = self::settled(settled);
    let at = instant(settled.at);
    match settled.how {
        How::Withdrawn => {
            format!("“{}” was {said}. Nobody waits for an answer any more.", gate.title)
        }
        How::NoAnswer => format!("“{}” was {said}, at {at}: it is over.", gate.title),
        How::Approved | How::Edited | How::Denied => {
            format!("“{}” was {said}, at {at}. The first answer counts.", gate.title)
        }
    }
}

/// Of a run whose cue asks first, and that is over because of the answer.
#[must_use]
pub fn not_delivered(settled: &Settled) -> String {
    match settled.how {
        How::Denied => {
            let why = settled.comment.as_deref().map(|text| format!(": {}", text.trim_end_matches('.')));
            format!("Not delivered: you said no{}.", why.unwrap_or_default())
        }
        How::NoAnswer => "Not delivered: it asks you first, and nobody answered in time.".to_owned(),
        How::Approved | How::Edited | How::Withdrawn => "Stopped before it was delivered.".to_owned(),
    }
}

fn cut(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    text.chars().take(most.saturating_sub(1)).chain(['…']).collect()
}
