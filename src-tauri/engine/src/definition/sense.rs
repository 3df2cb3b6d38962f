//! Whether a schedule whose every field fits makes sense as a whole: that it fires, and that its jitter keeps the order.

use chrono::DateTime;
use chrono_tz::Tz;
use cuetower_core::Ms;
use cuetower_core::plan::Plan;
use cuetower_core::schedule_spec::{Kind, Rate, ScheduleSpec};
use cuetower_core::time::length_in_words;

use super::reading::{Problems, sentence};

/// Gaps between so many coming fires are looked at for the jitter.
const FIRES_LOOKED_AT: usize = 200;

pub(super) fn refuse_nonsense(spec: &ScheduleSpec, now: Ms, problems: &mut Problems) {
    match &spec.kind {
        Kind::Recurring { .. } | Kind::Interval { .. } => {
            let before = problems.count();
            refuse_idle_part(spec, now, problems);
            if problems.count() == before {
                refuse_mixing_or_nothing(spec, now, problems);
            }
        }
        Kind::Once { at } => {
            if let Some(blackout) = spec.blackout_at(*at).filter(|_| *at > now) {
                let message = format!(
                    "It lies in the blackout from {} to {}, so it would never fire; give another instant.",
                    blackout.from_text, blackout.to_text
                );
                problems.add("schedule.at", message);
            }
        }
        Kind::Manual | Kind::After { .. } => {}
    }
}

/// An expression whose instants all lie outside its own window.
fn refuse_idle_part(spec: &ScheduleSpec, now: Ms, problems: &mut Problems) {
    for (index, part) in spec.parts.iter().enumerate() {
        if let Rate::Cron { cron } = &part.rate {
            let alone = ScheduleSpec { parts: vec![part.clone()], ..bare(spec, Kind::Recurring { cron: None }) };
            if plan(&alone, problems).is_some_and(|plan| plan.next_after(now).is_none()) {
                let message = format!(
                    "`{cron}` names no time inside the window of this part, so it would never fire there; change one of them."
                );
                problems.add(format!("schedule.parts[{index}].cron"), message);
                return;
            }
        }
    }
}

fn refuse_mixing_or_nothing(spec: &ScheduleSpec, now: Ms, problems: &mut Problems) {
    let unmoved = ScheduleSpec { parts: spec.parts.clone(), ..bare(spec, spec.kind.clone()) };
    let Some(plan) = plan(&unmoved, problems) else { return };
    let Some(first) = plan.next_after(now) else {
        let message = "This schedule would never fire: a part without a rate of its own covers all those that have one; put it last or give it a rate.";
        problems.add("schedule.parts", message);
        return;
    };
    if spec.jitter_ms == 0 {
        return;
    }
    let next = |at: &Ms| plan.next_after(*at);
    let fires: Vec<Ms> = std::iter::successors(Some(first), next).take(FIRES_LOOKED_AT).collect();
    let shortest = fires.windows(2).min_by_key(|pair| pair[1].since(pair[0]));
    if let Some(&[one, other]) = shortest
        && other.since(one) <= spec.jitter_ms
    {
        let message = format!(
            "It must be shorter than the shortest gap between two due times, which is {} ({} to {}); it is {}.",
            length_in_words(other.since(one)),
            shown(one, plan.zone(), "%a %-d %b %H:%M:%S"),
            shown(other, plan.zone(), "%H:%M:%S"),
            length_in_words(spec.jitter_ms),
        );
        problems.add("schedule.jitter_seconds", message);
    }
}

fn bare(spec: &ScheduleSpec, kind: Kind) -> ScheduleSpec {
    ScheduleSpec::of(kind, spec.timezone.clone())
}

fn plan(spec: &ScheduleSpec, problems: &mut Problems) -> Option<Plan> {
    let plan = Plan::of(spec, "");
    plan.map_err(|error| problems.add(error.field(), sentence(&error.to_string()))).ok()
}

fn shown(at: Ms, zone: Tz, form: &str) -> String {
    let local: Option<DateTime<Tz>> = at.utc().map(|at| at.with_timezone(&zone));
    local.map(|local| local.format(form).to_string()).unwrap_or_default()
}
