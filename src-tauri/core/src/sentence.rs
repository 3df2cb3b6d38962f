//! Plain sentences: what happened, with the facts that are known. No exclamation marks, no blame.

mod refuted;

use crate::Ms;
use crate::alert::AlertKind;
use crate::cue::{Confirm, Restart, Transport};
use crate::gate::words::not_delivered;
use crate::gate::{Gate, How, Subject};
use crate::lane::{said_no, unanswered};
use crate::outcome::Outcome;
use crate::run::{HeldBy, Phase, Run, Verdict, Verification};
use crate::time::length_in_words;

/// What is found of a run whose time is over.
pub(crate) const STILL_AT_WORK: &str = "still at work";

/// One or two sentences about where a run stands.
#[must_use]
pub fn of_run(run: &Run) -> String {
    let latest = run.latest();
    let of = match (run.restarts(), latest.delivered_at) {
        (1, Some(_)) => "After one restart".to_owned(),
        (2.., Some(_)) => format!("After {} restarts", run.restarts()),
        _ => format!("Attempt {} of {}", run.tries_used().max(1), run.definition.retry.max_attempts),
    };
    if let Some(checking) = &run.checking {
        return looked_at(run, checking.late);
    }
    if run.stand.is_some() {
        return asks(run);
    }
    match &run.phase {
        Phase::Held { by: HeldBy::Gate, .. } => "It asks you before it is delivered.".to_owned(),
        Phase::Held { words, .. } => format!("{}. {of}.", capital(words)),
        Phase::Offered { .. } if run.definition.transport.is_watch() => "Due; its first ping is awaited.".to_owned(),
        Phase::Offered { .. } => format!("Waits for a worker to claim it. {of}."),
        Phase::Delivering => format!("Being delivered. {of}."),
        Phase::AwaitingOutcome { .. } if latest.exit_code.is_some() => {
            format!("Ended with {}; its outcome is awaited.", latest.words)
        }
        Phase::AwaitingOutcome { .. } if run.definition.restart() != Restart::Never => match run.restarts() {
            0 => format!("Running: {}.", latest.words),
            1 => format!("Running: {}, after one restart.", latest.words),
            more => format!("Running: {}, after {more} restarts.", latest.words),
        },
        Phase::AwaitingOutcome { .. } => match &latest.lease {
            Some(lease) => format!("Claimed by {}; its outcome is awaited.", lease.worker),
            None if run.definition.confirm == Confirm::ExitCode => {
                format!("Running: {}; its exit code is awaited.", latest.words)
            }
            None => "Delivered; its outcome is awaited.".to_owned(),
        },
        Phase::WaitingRetry { .. } if run.definition.restart() != Restart::Never => {
            format!("{}. It is started again soon.", capital(&latest.words))
        }
        Phase::WaitingRetry { at } => {
            let reported = latest.outcome.as_ref().map(|reported| &reported.outcome);
            let counted = reported.and_then(counts).map(|text| format!(" {text}")).unwrap_or_default();
            let failed =
                broken_step(run).unwrap_or_else(|| format!("{}.", capital(latest.words.trim_end_matches('.'))));
            match wait_in_words(run, *at) {
                Some(wait) => format!("{failed}{counted} {of}; next in {wait}."),
                None => format!("{failed}{counted} {of}; next at once."),
            }
        }
        Phase::Ended { verdict, late, .. } => {
            let after_deadline = run.outcome().is_some_and(|(_, reported)| reported.late);
            let late = match (*late, after_deadline) {
                (false, _) => "",
                (true, true) => " It came after the deadline.",
                (true, false) => " What proves it was shown later.",
            };
            format!("{}{late}", ended(run, *verdict, &of))
        }
    }
}

/// "It asks you: Send 14 payment reminders?"
fn asks(run: &Run) -> String {
    let waiting: Vec<&Gate> = run.gates.waiting().filter(|gate| gate.blocks(run.latest().number)).collect();
    match waiting.iter().max_by_key(|gate| gate.asked_at) {
        Some(gate) if waiting.len() == 1 => format!("It asks you: {}", gate.title),
        Some(gate) => format!("It asks you {} things, the last: {}", waiting.len(), gate.title),
        None => "You have answered; it hears of it once it has its permits again.".to_owned(),
    }
}

/// "Step 3 (enrich) failed: api.openai.com answered 429."
fn broken_step(run: &Run) -> Option<String> {
    let broke = run.broke.as_ref().filter(|broke| broke.attempt == run.latest().number)?;
    let name = if broke.name.is_empty() { &broke.key } else { &broke.name };
    let error = broke.error.trim().trim_end_matches('.');
    let why = if error.is_empty() { String::new() } else { format!(": {error}") };
    Some(format!("Step {} ({name}) failed{why}.", broke.number))
}

/// How long the wait for the next attempt is as a whole, as its cue says it; None: there is none.
fn wait_in_words(run: &Run, until: Ms) -> Option<String> {
    let wait = until.since(run.latest().ended_at.unwrap_or(until));
    let said = run.definition.retry.wait_after_ms(run.tries_used());
    // A few seconds are added so that a fleet does not come back all at once.
    let wait = if (said..=said + said / 10).contains(&wait) { said } else { wait };
    (wait > 0).then(|| length_in_words(wait))
}

/// What speaks for a success, before anybody looked.
fn said_of_success(run: &Run) -> &'static str {
    match (&run.latest().outcome, run.definition.confirm) {
        (Some(_), _) => "Reported success",
        (None, Confirm::Delivery) => "Delivered",
        (None, _) if run.latest().exit_code == Some(0) => "Ended with exit code 0",
        (None, Confirm::Outcome | Confirm::ExitCode | Confirm::Checks) => "Nothing was reported",
    }
}

/// The same as a sentence, behind the fact that disproves it.
fn said_of_itself(run: &Run) -> &'static str {
    match (&run.latest().outcome, run.definition.confirm) {
        (Some(_), _) => "It said it worked.",
        (None, Confirm::Delivery) => "It was delivered.",
        (None, _) if run.latest().exit_code == Some(0) => "It ended with exit code 0.",
        (None, Confirm::Outcome | Confirm::ExitCode | Confirm::Checks) => "Nothing was reported.",
    }
}

fn looked_at(run: &Run, late: bool) -> String {
    let checks = match run.definition.checks.len() {
        1 => "1 check is looked at".to_owned(),
        count => format!("{count} checks are looked at"),
    };
    match run.verdict() {
        Some(Verdict::Refuted) => format!("Not proven so far; {checks} again."),
        _ if late => format!("{} after the deadline; {checks}.", said_of_success(run)),
        _ => format!("{}; {checks}.", said_of_success(run)),
    }
}

/// Why a long-lived agent is said to crash in a loop.
#[must_use]
pub fn of_crash_loop(run: &Run) -> String {
    let times = run.short_lives();
    let last = &run.latest().words;
    format!(
        "It ended {times} times in a row soon after its start, the last time with {last}. It is started again, later each time."
    )
}

fn ended(run: &Run, verdict: Verdict, of: &str) -> String {
    let outcome = run.outcome().map(|(_, reported)| &reported.outcome);
    let counted = outcome.and_then(counts).map(|text| format!(" {text}")).unwrap_or_default();
    match (&run.verification, verdict) {
        (Some(Verification::Waiting { .. }), Verdict::Claimed) => {
            return format!("{}; somebody has to verify it.{counted}", said_of_success(run));
        }
        (Some(Verification::Given { valid, by, reason, .. }), Verdict::Confirmed | Verdict::Refuted) => {
            let said = if outcome.is_some_and(|outcome| outcome.success) { "success" } else { "failure" };
            let why = reason.as_ref().map(|text| format!(": {}", text.trim_end_matches('.'))).unwrap_or_default();
            return match valid {
                true => format!("Reported {said}; verified by {by}{why}.{counted}"),
                false => format!("Found to be not so by {by}{why}.{counted} It reported {said}."),
            };
        }
        _ => {}
    }
    match verdict {
        Verdict::Confirmed => match run.findings.len() {
            // Its exit code or its delivery says it all.
            1 if !run.definition.confirm.is_by_report() => format!("{}.{counted}", capital(&run.findings[0].found)),
            1 => format!("{}, as expected: {}.{counted}", run.findings[0].claim, run.findings[0].found),
            2 => format!("{}, and both proofs hold.{counted}", said_of_success(run)),
            proofs => format!("{}, and all {proofs} proofs hold.{counted}", said_of_success(run)),
        },
        Verdict::Claimed => format!("Reported success; nothing verified it.{counted}"),
        Verdict::Refuted => {
            // Where nothing at all was done, the count is the fact.
            let fact = refuted::fact(&run.findings);
            let facts = fact.into_iter().chain(outcome.and_then(counts));
            facts.chain([said_of_itself(run).to_owned()]).collect::<Vec<_>>().join(" ")
        }
        Verdict::Failed if broken_step(run).is_some() => {
            format!("{}{counted} {of}.", broken_step(run).unwrap_or_default())
        }
        Verdict::Failed => match outcome {
            Some(outcome) => {
                let error = outcome.error.as_deref().or(outcome.result.as_deref());
                let error = error.map(|text| format!(": {}", text.trim_end_matches('.'))).unwrap_or_default();
                format!("Reported failure{error}.{counted} {of}.")
            }
            None => format!("{}. {of}.", capital(run.latest().words.trim_end_matches('.'))),
        },
        Verdict::Silent => {
            let latest = run.latest();
            if run.definition.transport.is_watch() && latest.delivered_at.is_none() {
                return format!("{}.", capital(&latest.words));
            }
            let within = run.definition.outcome_deadline_ms().map(length_in_words);
            let broke = broken_step(run).map(|broke| format!("{broke} ")).unwrap_or_default();
            let quiet = match (latest.exit_code, within) {
                (Some(_), _) => format!("It ended with {} and reported nothing.", latest.words),
                (None, Some(within)) => format!("Delivered, then nothing: no outcome within {within}."),
                (None, None) => "Delivered, then nothing.".to_owned(),
            };
            format!("{broke}{quiet}")
        }
        Verdict::Stopped => match run.findings.iter().find(|finding| !finding.passed) {
            Some(spent) if spent.found != STILL_AT_WORK => {
                format!("Stopped: {}. {of}.", lower(spent.found.trim_end_matches('.')))
            }
            Some(spent) => format!("Stopped: {} was allowed, and it was {}. {of}.", lower(&spent.claim), spent.found),
            None => match said_no(run) {
                Some((gate, settled)) if gate.subject == Subject::Delivery => not_delivered(settled),
                Some((gate, settled)) if settled.how == How::NoAnswer => {
                    format!("Stopped: it asked you “{}”, and nobody answered in time.", gate.title)
                }
                Some(_) | None => format!("Stopped before it reported. {of}."),
            },
        },
        Verdict::Cancelled => "Cancelled, because its cue was deleted.".to_owned(),
    }
}

/// "3 of 200 records were processed." None if nothing was counted.
fn counts(outcome: &Outcome) -> Option<String> {
    let processed = outcome.processed?;
    Some(match outcome.expected {
        None if processed == 1.0 => "1 record was processed.".to_owned(),
        Some(expected) => format!("{processed} of {expected} records were processed."),
        None => format!("{processed} records were processed."),
    })
}

/// Of a run that a fuse stopped: "reconcile-invoices stopped at $2.00".
#[must_use]
pub fn stopped_title(cue_name: &str, run: &Run) -> String {
    let most =
        run.findings.iter().find(|finding| !finding.passed).and_then(|found| found.claim.strip_prefix("At most "));
    match most {
        Some(most) => titled(cue_name, &format!("stopped at {most}")),
        None => titled(cue_name, "was stopped by the tower"),
    }
}

/// What is said of it under that title: "$2.30 of the $2.00 that a run may cost. Nothing of it is running now."
#[must_use]
pub fn stopped_body(run: &Run) -> String {
    let what = match run.findings.iter().find(|finding| !finding.passed) {
        Some(found) if found.found == STILL_AT_WORK => {
            format!("{} was allowed, and it was still at work", capital(&found.claim))
        }
        Some(found) => found.found.trim_end_matches('.').to_owned(),
        None => return of_run(run),
    };
    let rest = match run.definition.transport {
        Transport::Command(_) => "Nothing of it is running now.",
        Transport::Webhook(_) | Transport::Worker(_) | Transport::Watch => "Nothing more is taken from it.",
    };
    format!("{what}. {rest}")
}

/// Of a run that ended badly: with its numbers where its proof says no by numbers.
#[must_use]
pub fn ended_title(cue_name: &str, run: &Run, kind: AlertKind) -> String {
    let told = match kind {
        AlertKind::FuseTripped => Some(stopped_title(cue_name, run)),
        AlertKind::CheckFailed if run.verification.is_none() => {
            let processed = run.outcome().and_then(|(_, reported)| reported.outcome.processed);
            refuted::title(cue_name, &run.findings, processed)
        }
        AlertKind::OutcomeFailed | AlertKind::DeliveryFailed if unanswered(run).is_some() => {
            Some(titled(cue_name, "was stopped: nobody answered"))
        }
        _ => None,
    };
    told.unwrap_or_else(|| alert_title(cue_name, kind))
}

/// At most 50 characters where the cue's name allows; the name comes first.
#[must_use]
pub fn alert_title(cue_name: &str, kind: AlertKind) -> String {
    let what = match kind {
        AlertKind::SilentRun => "has gone quiet",
        AlertKind::DeliveryFailed => "could not be delivered",
        AlertKind::OutcomeFailed => "failed",
        AlertKind::CheckFailed => "is not proven; it said it worked",
        AlertKind::MissedOccurrence => "missed a due time",
        AlertKind::CrashLoop => "crashes again and again",
        AlertKind::FuseTripped => "has spent its budget",
        AlertKind::FallbackFailed => "failed as the fallback too",
        AlertKind::ConsecutiveFailures => "failed again and again",
        AlertKind::GateWaiting => "waits for your word",
        AlertKind::HeartbeatLost => "has gone quiet",
        AlertKind::Zombie => "is alive and does not move",
        AlertKind::CostSpike => "spends far more than usual",
        AlertKind::LoopDetected => "repeats itself",
        AlertKind::OutOfEnvelope => "was not its usual self",
        AlertKind::CadenceDrift => "starts later and later",
        AlertKind::TowerWasOff => "was due while the tower was off",
        AlertKind::StoreTrouble => "could not be written down",
        AlertKind::ChannelFailed => "does not take alerts",
    };
    titled(cue_name, what)
}

/// A title of at most 50 characters that names the cue, or agent, first.
#[must_use]
pub fn titled(name: &str, what: &str) -> String {
    let room = 49usize.saturating_sub(what.chars().count());
    let name: String = if name.chars().count() > room {
        name.chars().take(room.saturating_sub(1)).chain(['…']).collect()
    } else {
        name.to_owned()
    };
    format!("{name} {what}")
}

/// "Fri 20 Nov 08:05 UTC"; the window shows local time beside it.
#[must_use]
pub fn instant(at: Ms) -> String {
    at.utc().map_or_else(|| at.0.to_string(), |at| at.format("%a %-d %b %H:%M:%S UTC").to_string())
}

/// "2,592,000"
#[must_use]
pub fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut said = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            said.push(',');
        }
        said.push(digit);
    }
    said
}

/// "$2.00", "$0.042"; what is less than a hundredth of a cent is said to be.
#[must_use]
pub fn money(usd: f64) -> String {
    match usd {
        0.0 => "$0.00".to_owned(),
        ..0.0001 => "less than $0.0001".to_owned(),
        ..0.01 => format!("${usd:.4}"),
        ..0.1 => format!("${usd:.3}"),
        ..1_000.0 => format!("${usd:.2}"),
        _ => format!("${}", grouped(usd.round() as u64)),
    }
}

/// With a capital at its beginning.
#[must_use]
pub fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

fn lower(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map(|first| first.to_lowercase().chain(letters).collect()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_numbers_are_grouped() {
        let said = [0, 7, 999, 1_000, 43_200, 1_000_000].map(grouped);
        assert_eq!(said, ["0", "7", "999", "1,000", "43,200", "1,000,000"]);
    }
}
