//! An alert in CueAPI's words, with ours beside them. Pure.

use cuetower_core::alert::{Alert, AlertKind};
use cuetower_core::cue::CueDefinition;
use serde_json::{Map, Value, json};

/// Kinds for which CueAPI has a word of its own: ours, and its.
const CUEAPIS: [(&str, &str); 3] = [
    ("silent_run", "outcome_timeout"),
    ("check_failed", "verification_failed"),
    ("missed_occurrence", "missed_window"),
];
/// Kinds that CueAPI calls as we do.
const SHARED: &str = "consecutive_failures";
/// As hosted CueAPI's own documentation sometimes writes it.
const SINGULAR: &str = "consecutive_failure";
/// Every other kind.
const OURS: [&str; 15] = [
    "heartbeat_lost",
    "zombie",
    "delivery_failed",
    "outcome_failed",
    "crash_loop",
    "cost_spike",
    "fuse_tripped",
    "loop_detected",
    "out_of_envelope",
    "gate_waiting",
    "cadence_drift",
    "fallback_failed",
    "tower_was_off",
    "store_trouble",
    "channel_failed",
];

/// CueAPI's word for one of our kinds where it has one, else ours.
pub(crate) fn alert_type(kind: AlertKind) -> &'static str {
    let ours = kind.word();
    CUEAPIS.iter().find(|(own, _)| *own == ours).map_or(ours, |(_, its)| its)
}

/// The kind that a word of either vocabulary means; None: nobody knows it.
pub(crate) fn kind_of(word: &str) -> Option<&'static str> {
    if [SHARED, SINGULAR].contains(&word) {
        return Some(SHARED);
    }
    let pair = CUEAPIS.iter().find(|(ours, its)| [*ours, *its].contains(&word)).map(|(ours, _)| *ours);
    pair.or_else(|| OURS.iter().find(|ours| **ours == word).copied())
}

/// Every word there is, in order.
pub(crate) fn all() -> Vec<&'static str> {
    let mut all: Vec<&str> = CUEAPIS.iter().flat_map(|(ours, its)| [*ours, *its]).chain(OURS).chain([SHARED]).collect();
    all.sort_unstable();
    all
}

/// What the list and the web hook say alike; `definition` is that of the alert's cue, if it is about one.
pub(crate) fn fields(alert: &Alert, definition: Option<&CueDefinition>) -> Map<String, Value> {
    let mut metadata = json!({
        "title": alert.title,
        "state": alert.state.word(),
        "count": alert.count,
        "cue_name": definition.map(|definition| &definition.name),
        "transport": definition.map(|definition| definition.transport.word()),
    });
    if let Some(agent) = &alert.agent {
        metadata["agent"] = json!(agent.name);
    }
    if let Some(channel) = &alert.channel {
        metadata["channel"] = json!(channel);
    }
    if alert.kind == AlertKind::CheckFailed {
        metadata["outcome_state"] = json!("verification_failed");
    }
    if alert.kind == AlertKind::ConsecutiveFailures {
        // Its sentence begins with their number.
        let told = alert.body.split(' ').next().and_then(|number| number.parse::<u32>().ok());
        metadata["consecutive_failures"] =
            json!(told.or(definition.map(|definition| definition.alerts.consecutive_failures)));
    }
    let fields = json!({
        "alert_type": alert_type(alert.kind),
        "kind": alert.kind.word(),
        "severity": alert.severity.word(),
        "message": format!("{}: {}", alert.title, alert.body),
        "metadata": metadata,
        "execution_id": alert.run_id.as_ref().map(|id| &id.0),
        "cue_id": alert.cue_id.as_ref().map(|id| &id.0),
    });
    match fields {
        Value::Object(fields) => fields,
        _ => Map::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_words_of_a_kind_mean_it_and_every_kind_there_is_has_one() {
        for (word, kind) in [
            ("verification_failed", "check_failed"),
            ("check_failed", "check_failed"),
            ("outcome_timeout", "silent_run"),
            ("missed_window", "missed_occurrence"),
            ("consecutive_failure", "consecutive_failures"),
            ("zombie", "zombie"),
        ] {
            assert_eq!(kind_of(word), Some(kind), "{word}");
        }
        assert_eq!(kind_of("zzz"), None);
        for word in all() {
            assert!(kind_of(word).is_some(), "{word}");
        }
        // What core can open can be asked for.
        for kind in AlertKind::ALL {
            assert_eq!(kind_of(alert_type(kind)), Some(kind.word()));
        }
    }
}
