//! How a run is tried, missed, overlapped and ended: `retry`, `delivery`, `confirm`, `catch_up`, `overlap`, `on_failure`.

use cuetower_core::cue::{CatchUp, CatchUpPolicy, Confirm, Delivery, Overlap, Retry, Transport, Unanswered};
use cuetower_core::schedule_spec::{Kind, ScheduleSpec};
use serde_json::Value;

use super::reading::{Object, Problems, number};

const WEEK_S: f64 = 7.0 * 24.0 * 3_600.0;
const YEAR_S: f64 = 366.0 * 24.0 * 3_600.0;
const SECONDS_MIN: f64 = 0.1;
const WAITS_MAX: usize = 10;

const CONFIRMS: [(&str, Confirm); 3] =
    [("outcome", Confirm::Outcome), ("exit_code", Confirm::ExitCode), ("delivery", Confirm::Delivery)];
const POLICIES: [(&str, CatchUpPolicy); 4] = [
    ("latest", CatchUpPolicy::Latest),
    ("all", CatchUpPolicy::All),
    ("none", CatchUpPolicy::None),
    ("ask", CatchUpPolicy::Ask),
];
const CUEAPIS_POLICIES: [(&str, CatchUpPolicy); 8] = [
    ("latest", CatchUpPolicy::Latest),
    ("all", CatchUpPolicy::All),
    ("none", CatchUpPolicy::None),
    ("ask", CatchUpPolicy::Ask),
    ("run_once_if_missed", CatchUpPolicy::Latest),
    ("skip_missed", CatchUpPolicy::None),
    ("replay_all_missed", CatchUpPolicy::All),
    ("replay_all", CatchUpPolicy::All),
];
const OVERLAPS: [(&str, Overlap); 4] =
    [("skip", Overlap::Skip), ("queue", Overlap::Queue), ("allow", Overlap::Allow), ("replace", Overlap::Replace)];

pub(super) fn retry(top: &Object, problems: &mut Problems) -> Retry {
    let defaults = Retry::default();
    let known = ["max_attempts", "backoff_minutes", "backoff_seconds", "on_failed_outcome"];
    let Some(retry) = top.section("retry", &known, problems) else {
        return defaults;
    };
    let minutes = waits(&retry, "backoff_minutes", 60.0, problems);
    let seconds = waits(&retry, "backoff_seconds", 1.0, problems);
    Retry {
        max_attempts: retry.whole("max_attempts", 1..=10, problems).unwrap_or(defaults.max_attempts),
        backoff_ms: seconds.or(minutes).unwrap_or(defaults.backoff_ms),
        on_failed_outcome: retry.flag("on_failed_outcome", problems).unwrap_or(defaults.on_failed_outcome),
    }
}

fn waits(retry: &Object, key: &str, unit_s: f64, problems: &mut Problems) -> Option<Vec<u64>> {
    retry.get(key)?;
    let place = retry.place(key);
    let before = retry.list(key, problems);
    if retry.get(key).is_some_and(Value::is_array) && !(1..=WAITS_MAX).contains(&before.len()) {
        problems.add(
            &place,
            format!("`{place}` must list 1 to {WAITS_MAX} waits, such as [1, 5, 15]; it lists {}.", before.len()),
        );
    }
    let wait =
        |(index, found): (usize, &Value)| number(&format!("{place}[{index}]"), found, 0.0..=WEEK_S / unit_s, problems);
    let waits: Option<Vec<f64>> = before.iter().enumerate().map(wait).collect();
    Some(waits?.into_iter().map(|wait| (wait * unit_s * 1_000.0).round() as u64).collect())
}

pub(super) fn delivery(top: &Object, problems: &mut Problems) -> Delivery {
    let defaults = Delivery::default();
    let known = ["timeout_seconds", "outcome_deadline_seconds", "unanswered"];
    let Some(delivery) = top.section("delivery", &known, problems) else {
        return defaults;
    };
    let unanswered = [("wait", Unanswered::Wait), ("retry", Unanswered::Retry)];
    Delivery {
        timeout_ms: delivery.seconds("timeout_seconds", SECONDS_MIN..=3_600.0, problems).unwrap_or(defaults.timeout_ms),
        outcome_deadline_ms: delivery.seconds("outcome_deadline_seconds", SECONDS_MIN..=3_600.0, problems),
        unanswered: delivery.word("unanswered", &unanswered, &[], problems).unwrap_or(defaults.unanswered),
    }
}

pub(super) fn confirm(top: &Object, transport: Option<&Transport>, problems: &mut Problems) -> Confirm {
    let confirm = top.word("confirm", &CONFIRMS, &["checks"], problems).unwrap_or(Confirm::Outcome);
    if confirm == Confirm::ExitCode && matches!(transport, Some(Transport::Webhook(_))) {
        problems.add("confirm", "A webhook has no exit code; write `outcome` or `delivery`, or make it a command.");
    }
    confirm
}

/// An object, or one of CueAPI's words.
pub(super) fn catch_up(top: &Object, problems: &mut Problems) -> CatchUp {
    let latest = CatchUp { policy: CatchUpPolicy::Latest, within_ms: None };
    if top.get("catch_up").is_some_and(Value::is_string) {
        let policy = top.word("catch_up", &CUEAPIS_POLICIES, &[], problems).unwrap_or(latest.policy);
        return CatchUp { policy, within_ms: None };
    }
    let Some(catch_up) = top.section("catch_up", &["policy", "within_seconds"], problems) else {
        return latest;
    };
    CatchUp {
        policy: catch_up.word("policy", &POLICIES, &[], problems).unwrap_or(latest.policy),
        within_ms: catch_up.seconds("within_seconds", SECONDS_MIN..=YEAR_S, problems),
    }
}

/// Left out: what comes by itself does not pile up, and what somebody asked for runs.
pub(super) fn overlap(top: &Object, schedule: Option<&ScheduleSpec>, problems: &mut Problems) -> Overlap {
    let otherwise = match schedule.map(|schedule| &schedule.kind) {
        None | Some(Kind::Recurring { .. } | Kind::Interval { .. }) => Overlap::Skip,
        Some(Kind::Once { .. } | Kind::Manual | Kind::After { .. }) => Overlap::Allow,
    };
    let overlap = top.word("overlap", &OVERLAPS, &[], problems).unwrap_or(otherwise);
    let limited = schedule.and_then(|schedule| schedule.parts.iter().position(|part| part.at_once.is_some()));
    if let (Overlap::Allow, Some(index)) = (overlap, limited) {
        let message = "`at_once` sets how many runs go at once, and `\"overlap\": \"allow\"` sets no limit; write `queue` or `skip` there, or leave `at_once` out.";
        problems.add(format!("schedule.parts[{index}].at_once"), message);
    }
    overlap
}

/// `email` is CueAPI's and on by default there; there is no mail here yet, and alerts are always shown.
pub(super) fn pause_on_failure(top: &Object, problems: &mut Problems) -> bool {
    let Some(on_failure) = top.section("on_failure", &["pause", "email"], problems) else {
        return false;
    };
    on_failure.flag("email", problems);
    on_failure.flag("pause", problems).unwrap_or(false)
}
