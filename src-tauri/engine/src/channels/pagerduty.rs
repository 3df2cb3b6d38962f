//! A note as an event of PagerDuty's Events API v2. An alert is one incident there: its id is the `dedup_key`.

use cuetower_core::alert::Severity;
use cuetower_core::channel::{Note, What};
use serde_json::{Value, json};

use super::text::{lines, one_line};

/// Of the United States; an account in Europe has `events.eu.pagerduty.com`.
pub(super) const URL: &str = "https://events.pagerduty.com/v2/enqueue";
/// As PagerDuty bounds it.
const SUMMARY_MAX: usize = 1_024;

pub(super) fn body(note: &Note, routing_key: &str, source: &str, link: Option<&str>) -> Value {
    let key = note.alert.as_ref().map_or(note.dedup.as_str(), |alert| alert.id.as_str());
    let action = match note.what {
        What::Opened | What::Repeated | What::Escalated | What::Digest | What::Report | What::Test => "trigger",
        What::Acknowledged => "acknowledge",
        What::Resolved => "resolve",
    };
    let mut event = json!({ "routing_key": routing_key, "event_action": action, "dedup_key": key });
    if action != "trigger" {
        return event;
    }
    let severity = match note.severity {
        Severity::Critical => "critical",
        Severity::Warning => "warning",
        Severity::Info => "info",
    };
    let body = lines(&note.body, 10_000);
    let mut details = json!({ "body": body });
    if let Some(alert) = &note.alert {
        details["count"] = json!(alert.count);
        details["cue_id"] = json!(alert.cue_id);
        details["run_id"] = json!(alert.run_id);
        details["agent"] = json!(alert.agent);
    }
    event["payload"] = json!({
        "summary": one_line(&format!("{}: {}", note.headline(), note.body), SUMMARY_MAX),
        "source": source,
        "severity": severity,
        "timestamp": note.at.utc().map(|at| at.to_rfc3339_opts(chrono::SecondsFormat::Millis, true)),
        "component": "cuetower",
        "class": note.alert.as_ref().map_or(note.what.word(), |alert| alert.kind.word()),
        "custom_details": details,
    });
    event["client"] = json!("Cuetower");
    if let Some(link) = link {
        event["client_url"] = json!(link);
        event["links"] = json!([{ "href": link, "text": "Open in Cuetower" }]);
    }
    event
}

/// Ends what a test began.
pub(super) fn end_of_test(note: &Note, routing_key: &str) -> Value {
    json!({ "routing_key": routing_key, "event_action": "resolve", "dedup_key": note.dedup })
}
