//! What an agent's subscribers are told of: each message when it is due, and from time to time those of little weight together.

use serde_json::{Value, json};

use super::{EVENT_LIFE_MS, EVENTS_MAX, No};
use crate::deliver::signature::isoformat;
use crate::journal::{EventRow, MessageRow, Recorder};
use cuetower_core::Ms;

const MESSAGE_EVENT: &str = "message.delivered";
const DIGEST_EVENT: &str = "message.digest";
/// What may be subscribed to. Nothing here tells `turn.pass`; CueAPI's own server does.
pub(crate) const KNOWN_EVENTS: [&str; 3] = [MESSAGE_EVENT, DIGEST_EVENT, "turn.pass"];

/// Of messages up to this priority a digest is made.
const LITTLE_WEIGHT: u8 = 2;
/// Old events are looked for once in so many.
const FORGETS_EACH: u64 = 256;
/// Messages in one digest.
const DIGESTED_MAX: u32 = 500;

/// Tells of a message that is due.
pub(super) fn announce(recorder: &Recorder<'_>, message: &MessageRow) -> Result<(), No> {
    let mut payload = json!({
        "message_id": message.id,
        "thread_id": message.thread,
        "reply_to": message.reply_to,
        "subject": message.subject,
        "priority": message.priority,
        "correlation_id": message.correlation_id,
        "sender_agent_id": message.from,
        "recipient_agent_id": message.to,
    });
    let subscriptions = recorder.subscriptions_of(&message.to)?;
    if subscriptions.iter().any(|subscription| subscription.inline_body && subscription.kind == MESSAGE_EVENT) {
        payload["body"] = Value::from(message.body.as_str());
    }
    let digest = message.priority <= LITTLE_WEIGHT;
    let id = recorder.add_event(&message.account, &message.to, MESSAGE_EVENT, &payload, digest)?;
    if id.is_multiple_of(FORGETS_EACH) {
        recorder.forget_events(&message.account, recorder.now.minus(EVENT_LIFE_MS), EVENTS_MAX)?;
    }
    Ok(())
}

/// Tells each agent of the messages of little weight that came since the last digest.
pub(super) fn digest(recorder: &Recorder<'_>) -> Result<(), No> {
    let mut waiting = recorder.take_undigested(DIGESTED_MAX)?;
    waiting.sort_by(|one, next| (&one.agent, one.id).cmp(&(&next.agent, next.id)));
    for events in waiting.chunk_by(|one, next| one.agent == next.agent) {
        let Some(first) = events.first() else { continue };
        let bundled = events.iter().map(|event| {
            let of = |field: &str| event.payload[field].clone();
            json!({
                "message_id": of("message_id"),
                "sender_agent_id": of("sender_agent_id"),
                "subject": of("subject"),
                "priority": of("priority"),
                "emitted_at": instant(event.at),
            })
        });
        let payload = json!({
            "recipient_agent_id": first.agent,
            "digest_period_start": instant(first.at),
            "digest_period_end": instant(recorder.now),
            "bundle_count": events.len(),
            "bundled_messages": bundled.collect::<Vec<_>>(),
        });
        recorder.add_event(&first.account, &first.agent, DIGEST_EVENT, &payload, false)?;
    }
    Ok(())
}

/// As Python writes it.
pub(super) fn instant(at: Ms) -> Value {
    at.utc().map(isoformat).map_or(Value::Null, Value::from)
}

/// An event as it is pushed.
pub(super) fn pushed(event: &EventRow) -> Value {
    json!({ "id": event.id, "event_type": event.kind, "payload": event.payload, "emitted_at": instant(event.at) })
}
