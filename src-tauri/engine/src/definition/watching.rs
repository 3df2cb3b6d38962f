//! What is watched while a run works: `heartbeat`, `budget`, `loops`.

use cuetower_core::cue::{Budget, Confirm, DayBudget, Heartbeat, OnLoop, Restart, Transport};
use cuetower_core::schedule_spec::{Kind, ScheduleSpec};
use cuetower_core::spend::{Nanousd, Tokens};
use serde_json::{Value, json};

use super::reading::{Object, Problems};
use super::writing::{number, seconds};

const BEAT_FIELDS: [&str; 5] =
    ["interval_seconds", "grace_seconds", "start_grace_seconds", "progress_within_seconds", "restart"];
const WEEK_S: f64 = 7.0 * 24.0 * 3_600.0;
const INTERVAL_MIN_S: f64 = 0.5;
const DURATION_MAX_S: f64 = 366.0 * 24.0 * 3_600.0;
/// A budget of less would stop everything at its first word.
const USD_MIN: f64 = 0.0001;
const STEPS_MAX: u64 = 1_000_000_000;

pub(super) fn heartbeat(top: &Object, transport: Option<&Transport>, problems: &mut Problems) -> Option<Heartbeat> {
    let section = top.section("heartbeat", &BEAT_FIELDS, problems)?;
    if !BEAT_FIELDS.iter().any(|field| section.get(field).is_some()) {
        return None;
    }
    let interval_ms = section.seconds("interval_seconds", INTERVAL_MIN_S..=WEEK_S, problems);
    if section.get("interval_seconds").is_none() {
        let message =
            "`heartbeat.interval_seconds` is missing; write how often a sign of life is expected, such as 60.";
        problems.add("heartbeat.interval_seconds", message);
    }
    let grace_ms = section.seconds("grace_seconds", 0.0..=WEEK_S, problems);
    let start_grace_ms = section.seconds("start_grace_seconds", 0.0..=WEEK_S, problems);
    let progress_within_ms = section.seconds("progress_within_seconds", INTERVAL_MIN_S..=4.0 * WEEK_S, problems);
    let restart = section.flag("restart", problems).unwrap_or(false);
    let starts_again = match transport {
        Some(Transport::Command(command)) => command.restart != Restart::Never,
        Some(Transport::Webhook(_) | Transport::Worker(_) | Transport::Watch) => false,
        None => true,
    };
    if restart && !starts_again {
        let message = "The tower can start again only what it started and keeps running: a command whose `restart` is `on_failure` or `always`; write that, or leave this out.";
        problems.add("heartbeat.restart", message);
    }
    let interval_ms = interval_ms?;
    if progress_within_ms.is_some_and(|within| within < interval_ms) {
        let message = "`heartbeat.progress_within_seconds` is shorter than the interval, and progress is seen only when a beat comes; write at least `interval_seconds`.";
        problems.add("heartbeat.progress_within_seconds", message);
    }
    let grace_ms = grace_ms.unwrap_or_else(|| Heartbeat::grace_of(interval_ms));
    let start_grace_ms = start_grace_ms.unwrap_or_else(|| Heartbeat::start_grace_of(interval_ms, grace_ms));
    Some(Heartbeat { interval_ms, grace_ms, start_grace_ms, progress_within_ms, restart })
}

pub(super) fn budget(top: &Object, problems: &mut Problems) -> Budget {
    let Some(budget) = top.section("budget", &["run", "day"], problems) else {
        return Budget::default();
    };
    let known = ["duration_seconds", "cost_usd", "tokens", "steps"];
    let (run, day) =
        (budget.section("run", &known, problems), budget.section("day", &["cost_usd", "tokens"], problems));
    let mut read = Budget::default();
    if let Some(run) = run {
        read.duration_ms = run.seconds("duration_seconds", 1.0..=DURATION_MAX_S, problems);
        read.cost = cost(&run, problems);
        read.tokens = run.count("tokens", Tokens::MOST, problems);
        read.steps = run.count("steps", STEPS_MAX, problems).and_then(|steps| u32::try_from(steps).ok());
    }
    if let Some(day) = day {
        read.day = DayBudget { cost: cost(&day, problems), tokens: day.count("tokens", Tokens::MOST, problems) };
    }
    read
}

fn cost(section: &Object, problems: &mut Problems) -> Option<Nanousd> {
    let place = section.place("cost_usd");
    if section.get("cost_usd")?.as_f64().is_some_and(|usd| (0.0..USD_MIN).contains(&usd)) {
        let message = format!("`{place}` must be at least {USD_MIN}; to spend nothing, pause the cue.");
        problems.add(&place, message);
        return None;
    }
    Nanousd::of_usd(section.number("cost_usd", USD_MIN..=Nanousd::MOST_USD, problems)?)
}

pub(super) fn loops(top: &Object, problems: &mut Problems) -> OnLoop {
    let words = OnLoop::ALL.map(|choice| (choice.word(), choice));
    top.word("loops", &words, &[], problems).unwrap_or_default()
}

/// A run that is over once it is delivered is not watched.
pub(super) fn over_at_once(
    read: (Option<&Heartbeat>, &Budget, OnLoop),
    (schedule, transport, confirm): (Option<&ScheduleSpec>, Option<&Transport>, Confirm),
    problems: &mut Problems,
) {
    let (heartbeat, budget, loops) = read;
    if confirm != Confirm::Delivery {
        return;
    }
    let run = [
        ("budget.run.cost_usd", budget.cost.is_some()),
        ("budget.run.tokens", budget.tokens.is_some()),
        ("budget.run.steps", budget.steps.is_some()),
        ("loops", loops == OnLoop::Stop),
    ];
    // Beats of an agent that is watched without a schedule belong to no run.
    let is_always = transport.is_some_and(Transport::is_watch)
        && schedule.is_some_and(|schedule| matches!(schedule.kind, Kind::Manual));
    let all = [("heartbeat", heartbeat.is_some() && !is_always)].into_iter().chain(run);
    for (field, _) in all.filter(|(_, asks)| *asks) {
        let message = format!(
            "With `confirm: delivery` a run is over as soon as it is delivered, so `{field}` would never count; write `outcome`, or leave it out."
        );
        problems.add(field, message);
    }
}

pub(super) fn heartbeat_written(heartbeat: Option<&Heartbeat>) -> Value {
    heartbeat.map_or(Value::Null, |beat| {
        json!({
            "interval_seconds": seconds(beat.interval_ms),
            "grace_seconds": seconds(beat.grace_ms),
            "start_grace_seconds": seconds(beat.start_grace_ms),
            "progress_within_seconds": beat.progress_within_ms.map(seconds),
            "restart": beat.restart,
        })
    })
}

pub(super) fn budget_written(budget: &Budget) -> Value {
    let usd = |cost: Option<Nanousd>| cost.map(|cost| number(cost.usd()));
    json!({
        "run": {
            "cost_usd": usd(budget.cost),
            "tokens": budget.tokens,
            "steps": budget.steps,
            "duration_seconds": budget.duration_ms.map(seconds),
        },
        "day": { "cost_usd": usd(budget.day.cost), "tokens": budget.day.tokens },
    })
}
