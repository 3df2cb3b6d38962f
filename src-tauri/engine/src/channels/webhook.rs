//! A note for any program: JSON in the shape that Standard Webhooks proposes, signed as they say.

use cuetower_core::Ms;
use cuetower_core::channel::{Note, What};
use cuetower_core::plain::plain;
use serde_json::{Value, json};

pub(super) fn body(note: &Note, link: Option<&str>) -> Value {
    let at = |at: Ms| at.utc().map(|at| at.to_rfc3339_opts(chrono::SecondsFormat::Millis, true));
    let alert = note.alert.as_ref();
    let subject = match note.what {
        What::Digest => "alerts.digest".to_owned(),
        What::Report => "report".to_owned(),
        What::Test => "test".to_owned(),
        What::Opened | What::Repeated | What::Escalated | What::Acknowledged | What::Resolved => {
            format!("alert.{}", note.what.word())
        }
    };
    let state = match note.what {
        What::Resolved => "resolved",
        What::Acknowledged => "acknowledged",
        What::Opened | What::Repeated | What::Escalated | What::Digest | What::Report | What::Test => "open",
    };
    let kinds = note.digest.as_ref().map(|digest| {
        let kinds = digest.by_kind.iter().map(|(kind, count)| (kind.word().to_owned(), json!(count)));
        json!({ "by_kind": kinds.collect::<serde_json::Map<_, _>>(), "ended": digest.ended })
    });
    json!({
        "type": subject,
        "timestamp": at(note.at),
        "data": {
            "id": note.dedup,
            "severity": note.severity.word(),
            "title": plain(&note.title),
            "body": plain(&note.body),
            "link": link,
            "digest": kinds,
            "alert": alert.map(|alert| json!({
                "id": alert.id,
                "kind": alert.kind.word(),
                "state": state,
                "count": alert.count,
                "opened_at": at(alert.opened_at),
                "cue_id": alert.cue_id,
                "run_id": alert.run_id,
                "agent": alert.agent.as_deref().map(plain),
            })),
        },
    })
}
