//! How a run is tried, missed, overlapped and ended: `retry`, `delivery`, `confirm`, `catch_up`, `overlap`.

use cuetower_core::cue::{
    CatchUp, CatchUpPolicy, Command, Confirm, Delivery, Overlap, Restart, Retry, Transport, Unanswered, Worker,
};
use cuetower_core::retention::Keep;
use cuetower_core::schedule_spec::{Kind, ScheduleSpec};
use serde_json::{Value, json};

use super::reading::{Object, Problems, number};

const WEEK_S: f64 = 7.0 * 24.0 * 3_600.0;
const YEAR_S: f64 = 366.0 * 24.0 * 3_600.0;
const SECONDS_MIN: f64 = 0.1;
/// A hundred years: longer than anybody looks back.
const KEPT_DAYS_MAX: u32 = 36_600;
const KEPT_RUNS_MAX: u32 = 100_000_000;
const WAITS_MAX: usize = 10;
/// After its due instant, the first ping of an agent that is only watched.
const FIRST_PING_MS: u64 = 300_000;

const CONFIRMS: [(&str, Confirm); 4] = [
    ("outcome", Confirm::Outcome),
    ("exit_code", Confirm::ExitCode),
    ("delivery", Confirm::Delivery),
    ("checks", Confirm::Checks),
];
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

/// What somebody else starts is not tried again by the tower.
pub(super) fn retry(top: &Object, transport: Option<&Transport>, problems: &mut Problems) -> Retry {
    let watched = transport.is_some_and(Transport::is_watch);
    let retry = tried_again(top, problems);
    let said = top.get("retry").and_then(|retry| retry.get("max_attempts")).is_some_and(|said| !said.is_null());
    if watched && said && retry.max_attempts > 1 {
        let message = "The tower does not start an agent that it only watches, so it cannot try again; write 1, or leave `retry` out.";
        problems.add("retry.max_attempts", message);
    }
    if watched { Retry { max_attempts: 1, on_failed_outcome: false, ..retry } } else { retry }
}

fn tried_again(top: &Object, problems: &mut Problems) -> Retry {
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

pub(super) fn delivery(top: &Object, transport: Option<&Transport>, problems: &mut Problems) -> Delivery {
    let timeout_ms = match transport {
        Some(Transport::Worker(_)) => Worker::CLAIM_WITHIN_MS,
        Some(Transport::Watch) => FIRST_PING_MS,
        Some(Transport::Webhook(_) | Transport::Command(_)) | None => Delivery::default().timeout_ms,
    };
    let defaults = Delivery { timeout_ms, ..Delivery::default() };
    let known = [
        "timeout_seconds",
        "connect_timeout_seconds",
        "first_byte_timeout_seconds",
        "outcome_deadline_seconds",
        "unanswered",
    ];
    let Some(delivery) = top.section("delivery", &known, problems) else {
        return defaults;
    };
    let unanswered = [("wait", Unanswered::Wait), ("retry", Unanswered::Retry)];
    // Whoever comes by himself may be waited for.
    let waits = matches!(transport, Some(Transport::Worker(_) | Transport::Watch));
    let most_s = if waits { WEEK_S } else { 3_600.0 };
    for field in ["connect_timeout_seconds", "first_byte_timeout_seconds"] {
        if delivery.get(field).is_some() && !matches!(transport, Some(Transport::Webhook(_)) | None) {
            let place = delivery.place(field);
            problems.add(&place, format!("`{place}` is for web hooks, and this cue is none; leave it out."));
        }
    }
    Delivery {
        timeout_ms: delivery.seconds("timeout_seconds", SECONDS_MIN..=most_s, problems).unwrap_or(defaults.timeout_ms),
        connect_timeout_ms: delivery.seconds("connect_timeout_seconds", SECONDS_MIN..=600.0, problems),
        first_byte_timeout_ms: delivery.seconds("first_byte_timeout_seconds", SECONDS_MIN..=3_600.0, problems),
        outcome_deadline_ms: delivery.seconds("outcome_deadline_seconds", SECONDS_MIN..=WEEK_S, problems),
        unanswered: delivery.word("unanswered", &unanswered, &[], problems).unwrap_or(defaults.unanswered),
    }
}

pub(super) fn confirm(top: &Object, transport: Option<&Transport>, problems: &mut Problems) -> Confirm {
    let confirm = top.word("confirm", &CONFIRMS, &[], problems).unwrap_or(Confirm::Outcome);
    match (confirm, transport) {
        (Confirm::ExitCode, Some(Transport::Webhook(_))) => {
            problems.add("confirm", "A webhook has no exit code; write `outcome` or `delivery`, or make it a command.");
        }
        (Confirm::ExitCode, Some(Transport::Worker(_))) => {
            problems.add("confirm", "A worker tells an outcome and no exit code; write `outcome` or `delivery`.");
        }
        _ => {}
    }
    confirm
}

/// How much of the cue's past is kept, in the place of the tower's own rule.
pub(super) fn retention(top: &Object, problems: &mut Problems) -> Keep {
    let Some(section) = top.section("retention", &["days", "runs"], problems) else { return Keep::default() };
    Keep {
        days: section.whole("days", 1..=KEPT_DAYS_MAX, problems),
        runs: section.whole("runs", 1..=KEPT_RUNS_MAX, problems),
    }
}

pub(super) fn retention_written(keep: &Keep) -> Value {
    if keep.is_default() { Value::Null } else { json!({ "days": keep.days, "runs": keep.runs }) }
}

/// What the checks alone decide needs one.
pub(super) fn checked(top: &Object, transport: Option<&Transport>, confirm: Confirm, problems: &mut Problems) {
    if confirm != Confirm::Checks {
        return;
    }
    if !top.asks("checks") {
        problems
            .add("confirm", "`confirm: checks` needs something to look at; write at least one check into `checks`.");
    }
    if let Some(Transport::Command(Command { restart: Restart::OnFailure | Restart::Always, .. })) = transport {
        let message = "A command that is started again when it ends has no end after which to look; write `outcome`, or `\"restart\": \"never\"`.";
        problems.add("confirm", message);
    }
}

/// An object, or one of CueAPI's words. Nobody heard what an agent said while the tower was away, and the tower does not
/// start it: what is only watched is not caught up on.
pub(super) fn catch_up(top: &Object, transport: Option<&Transport>, problems: &mut Problems) -> CatchUp {
    if transport.is_some_and(Transport::is_watch) {
        let none = CatchUp { policy: CatchUpPolicy::None, within_ms: None };
        let said = top.get("catch_up").map(|_| caught_up_on(top, problems));
        if said.is_some_and(|said| said.policy != CatchUpPolicy::None) {
            let message = "The tower does not start an agent that it only watches, so it cannot catch up for it; write `none`, or leave it out.";
            problems.add("catch_up", message);
        }
        return none;
    }
    caught_up_on(top, problems)
}

fn caught_up_on(top: &Object, problems: &mut Problems) -> CatchUp {
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
pub(super) fn overlap(
    top: &Object,
    schedule: Option<&ScheduleSpec>,
    transport: Option<&Transport>,
    problems: &mut Problems,
) -> Overlap {
    let otherwise = match schedule.map(|schedule| &schedule.kind) {
        // It begins by itself, whatever else is live.
        _ if transport.is_some_and(Transport::is_watch) => Overlap::Allow,
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
