//! What stands out in a simulated lane, in plain sentences.

use super::LaneTomorrow;
use super::road::LaneOnRoad;
use crate::Ms;
use crate::cue::CueStatus;
use crate::id::CueId;
use crate::plan::Plan;
use crate::schedule_spec::Kind;
use crate::sentence::grouped;
use crate::time::{DAY_MS, length_in_words};

/// `names`: of every cue that is simulated.
pub(super) fn of(
    on_road: &LaneOnRoad,
    seen: &LaneTomorrow,
    names: &[(CueId, String)],
    now: Ms,
    until: Ms,
) -> Vec<String> {
    let mut notes = Vec::new();
    let plan = on_road.lane.plan();
    notes.extend(nothing(on_road, seen, names));
    notes.extend(plan.map(|plan| clock_changes(plan, now, until)).unwrap_or_default());
    let ranges = on_road.lane.cue.definition.schedule.blackout.iter();
    for (blackout, count) in ranges.zip(&on_road.blackouts).filter(|(_, count)| **count > 0) {
        let (from, to) = (&blackout.from_text, &blackout.to_text);
        let fall = if *count == 1 { "falls into" } else { "fall into" };
        let range = if from == to { format!("of {from}") } else { format!("{from} to {to}") };
        notes.push(format!("{} {fall} the blackout {range}.", due_times(*count)));
    }
    notes.extend(overlaps(seen, now, until));
    notes.extend(rest(on_road, seen, plan));
    notes
}

/// Changes in `(now, until]` alone: those that are still to come at its end are left out.
fn clock_changes(plan: &Plan, now: Ms, until: Ms) -> Vec<String> {
    let later = plan.clock_change_notes(until);
    plan.clock_change_notes(now).into_iter().filter(|note| !later.contains(note)).collect()
}

/// Why nothing comes, if nothing does.
fn nothing(on_road: &LaneOnRoad, seen: &LaneTomorrow, names: &[(CueId, String)]) -> Option<String> {
    let (cue, schedule) = (&on_road.lane.cue, &on_road.lane.cue.definition.schedule);
    if seen.due() > 0 {
        return None;
    }
    Some(match (cue.status, &schedule.kind) {
        (CueStatus::Paused, _) => "It is paused, so nothing fires.".to_owned(),
        (CueStatus::Completed | CueStatus::Failed, _) => "It has run its course, so nothing fires.".to_owned(),
        (_, Kind::After { cue, .. }) => match names.iter().find(|(id, _)| id == cue) {
            Some((_, name)) => format!("No run of {name} fires it."),
            None => "The cue it follows is not there, so nothing fires it.".to_owned(),
        },
        (_, Kind::Manual) if schedule.paths.is_empty() => "It fires by hand only.".to_owned(),
        (_, Kind::Manual) => return None,
        (_, _) => "Nothing comes due.".to_owned(),
    })
}

fn overlaps(seen: &LaneTomorrow, now: Ms, until: Ms) -> Vec<String> {
    let mut notes = Vec::new();
    let of_due = |count: u64| format!("{} of {}", grouped(count), due_times(seen.due()));
    let days = until.since(now).div_ceil(DAY_MS);
    let a_day = |count: u64| match count / days.max(1) {
        daily if days > 1 && daily > 0 => format!(" (about {} a day)", grouped(daily)),
        _ => String::new(),
    };
    let one = |count: u64, one: &str, more: &str| if count == 1 { one.to_owned() } else { more.to_owned() };
    let live = seen.skipped_overlap - seen.queue_full;
    if live > 0 {
        let verb = one(
            live,
            "finds the previous run still live and is skipped",
            "find the previous run still live and are skipped",
        );
        notes.push(format!("{} {verb}{}.", of_due(live), a_day(live)));
    }
    if seen.queue_full > 0 {
        let verb = one(seen.queue_full, "finds the queue full and is skipped", "find the queue full and are skipped");
        notes.push(format!("{} {verb}{}.", of_due(seen.queue_full), a_day(seen.queue_full)));
    }
    if seen.waited > 0 {
        let verb = one(seen.waited, "waits", "wait");
        let longest = length_in_words(seen.longest_wait_ms);
        notes.push(format!("{} {verb} behind another run first, at most {longest}.", of_due(seen.waited)));
    }
    if seen.still_waiting > 0 {
        let verb = one(seen.still_waiting, "waits", "wait");
        notes.push(format!("{} {verb} still at the end.", due_times(seen.still_waiting)));
    }
    if seen.replaced > 0 {
        let runs = match seen.replaced {
            1 => "1 run is stopped before it ends: the next due time replaces it".to_owned(),
            more => format!("{} runs are stopped before they end: the next due time replaces them", grouped(more)),
        };
        notes.push(format!("{runs}{}.", a_day(seen.replaced)));
    }
    notes
}

fn rest(on_road: &LaneOnRoad, seen: &LaneTomorrow, plan: Option<&Plan>) -> Vec<String> {
    let when = |at: Ms| match (at.utc(), plan) {
        (Some(at), Some(plan)) => at.with_timezone(&plan.zone()).format("%a %-d %b %Y %H:%M").to_string(),
        (_, _) => "the middle".to_owned(),
    };
    let mut notes = Vec::new();
    if let Some(rest) = seen.rest.as_ref().filter(|rest| rest.due > 0) {
        let more = if rest.whole { "" } else { "more than " };
        notes.push(format!(
            "It is decided one by one until {}; after that {more}{} are counted by the schedule alone, in the same proportions.",
            when(rest.from),
            due_times(rest.due)
        ));
    }
    if let Some(at) = on_road.upstream_left {
        notes.push(format!("What the cue it follows fires after {} is not counted.", when(at)));
    }
    let cue = &on_road.lane.cue;
    let outside = match (cue.trigger_url.is_some(), !cue.definition.schedule.paths.is_empty()) {
        (true, true) => Some("its trigger URL and its watched files"),
        (true, false) => Some("its trigger URL"),
        (false, true) => Some("its watched files"),
        (false, false) => None,
    };
    notes.extend(outside.map(|outside| format!("What {outside} will fire is not foreseen.")));
    notes
}

fn due_times(count: u64) -> String {
    if count == 1 { "1 due time".to_owned() } else { format!("{} due times", grouped(count)) }
}
