//! What follows a run, and what a fire has to bring: `on_failure`, `on_success_fire`, `alerts`, `priority`,
//! `required_payload_keys`, `require_payload_override`.

use cuetower_core::cue::{AlertRules, FireRules, OnFailure};
use cuetower_core::id::CueId;
use cuetower_core::pool::PRIORITY_MAX;

use super::reading::{Object, Problems};
use super::transport::trouble_with_url;

/// Fields that a payload must have, at most, and how long their names are.
const KEYS_MAX: usize = 100;
const KEY_CHARS_MAX: usize = 255;

/// Whether the cue is paused, and what else follows. `email` is CueAPI's, and on by default as there: without it
/// the owner's mail channels hear of no failed run, and alerts are shown all the same. Another cue is named by its name or id; the pilot puts the id in.
pub(super) fn on_failure(top: &Object, problems: &mut Problems) -> (bool, OnFailure) {
    let known = ["pause", "email", "webhook", "fallback_cue"];
    let Some(section) = top.section("on_failure", &known, problems) else {
        return (false, OnFailure::default());
    };
    let email = section.flag("email", problems).unwrap_or(true);
    let pause = section.flag("pause", problems).unwrap_or(false);
    let webhook = section.text("webhook", problems).filter(|url| !url.is_empty()).map(str::to_owned);
    if let Some(trouble) = webhook.as_deref().and_then(trouble_with_url) {
        problems.add("on_failure.webhook", format!("`on_failure.webhook` {trouble}."));
    }
    let fallback = section.text_within("fallback_cue", 255, problems).filter(|cue| !cue.is_empty());
    (pause, OnFailure { email, webhook, fallback: fallback.map(|cue| CueId(cue.to_owned())) })
}

pub(super) fn on_success_fire(top: &Object, problems: &mut Problems) -> Option<CueId> {
    let cue = top.text_within("on_success_fire", 255, problems).filter(|cue| !cue.is_empty())?;
    Some(CueId(cue.to_owned()))
}

/// When the owner is told of more than one run alone shows.
pub(super) fn alerts(top: &Object, problems: &mut Problems) -> AlertRules {
    let otherwise = AlertRules::default();
    let Some(section) = top.section("alerts", &["consecutive_failures", "missed_window_multiplier"], problems) else {
        return otherwise;
    };
    let failures = section.whole("consecutive_failures", 1..=100, problems);
    let missed = section.whole("missed_window_multiplier", 1..=10, problems);
    AlertRules {
        consecutive_failures: failures.unwrap_or(otherwise.consecutive_failures),
        missed_in_a_row: missed.unwrap_or(otherwise.missed_in_a_row),
    }
}

/// What whoever fires the cue has to bring.
pub(super) fn fires(top: &Object, problems: &mut Problems) -> FireRules {
    FireRules {
        payload_required: top.flag("require_payload_override", problems).unwrap_or(false),
        required_keys: top.names("required_payload_keys", KEYS_MAX, KEY_CHARS_MAX, problems),
    }
}

pub(super) fn priority(top: &Object, problems: &mut Problems) -> i32 {
    let most = f64::from(PRIORITY_MAX);
    let priority = top.number("priority", -most..=most, problems).unwrap_or(0.0);
    if priority.fract() != 0.0 {
        problems.add("priority", "`priority` must be a whole number; higher goes first, and 0 is in the middle.");
    }
    priority as i32
}
