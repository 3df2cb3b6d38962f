//! What follows a run and what bounds it: `on_failure`, `on_success_fire`, `budget`, `priority`.

use cuetower_core::cue::{Budget, OnFailure};
use cuetower_core::id::CueId;
use cuetower_core::pool::PRIORITY_MAX;

use super::reading::{Object, Problems};
use super::transport::trouble_with_url;

const DURATION_MAX_S: f64 = 366.0 * 24.0 * 3_600.0;

/// Whether the cue is paused, and what else follows. `email` is CueAPI's and on by default there; there is no mail here
/// yet, and alerts are always shown. Another cue is named by its name or id; the pilot puts the id in.
pub(super) fn on_failure(top: &Object, problems: &mut Problems) -> (bool, OnFailure) {
    let known = ["pause", "email", "webhook", "fallback_cue"];
    let Some(section) = top.section("on_failure", &known, problems) else {
        return (false, OnFailure::default());
    };
    section.flag("email", problems);
    let pause = section.flag("pause", problems).unwrap_or(false);
    let webhook = section.text("webhook", problems).filter(|url| !url.is_empty()).map(str::to_owned);
    if let Some(trouble) = webhook.as_deref().and_then(trouble_with_url) {
        problems.add("on_failure.webhook", format!("`on_failure.webhook` {trouble}."));
    }
    let fallback = section.text_within("fallback_cue", 255, problems).filter(|cue| !cue.is_empty());
    (pause, OnFailure { webhook, fallback: fallback.map(|cue| CueId(cue.to_owned())) })
}

pub(super) fn on_success_fire(top: &Object, problems: &mut Problems) -> Option<CueId> {
    let cue = top.text_within("on_success_fire", 255, problems).filter(|cue| !cue.is_empty())?;
    Some(CueId(cue.to_owned()))
}

/// Only the time of a run is watched yet; what else may be bounded is refused by `unbuilt`.
pub(super) fn budget(top: &Object, problems: &mut Problems) -> Budget {
    let Some(budget) = top.section("budget", &["run", "day"], problems) else {
        return Budget::default();
    };
    let known = ["duration_seconds", "cost_usd", "tokens", "steps"];
    let Some(run) = budget.section("run", &known, problems) else {
        return Budget::default();
    };
    Budget { duration_ms: run.seconds("duration_seconds", 1.0..=DURATION_MAX_S, problems) }
}

pub(super) fn priority(top: &Object, problems: &mut Problems) -> i32 {
    let most = f64::from(PRIORITY_MAX);
    let priority = top.number("priority", -most..=most, problems).unwrap_or(0.0);
    if priority.fract() != 0.0 {
        problems.add("priority", "`priority` must be a whole number; higher goes first, and 0 is in the middle.");
    }
    priority as i32
}
