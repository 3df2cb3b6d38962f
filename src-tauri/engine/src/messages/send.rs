//! Sending: who to whom, under which key, in which thread.

use cuetower_core::Ms;
use cuetower_core::id::AccountId;
use serde_json::{Value, json};

use super::{KEPT_MAX, KEY_MS, LANE, LIFE_MS, METADATA_MAX, No, Refused, State, address, due_at, events};
use crate::desk::wire::Topic;
use crate::journal::{AddressRow, MessageRow, Recorder};
use crate::token::key_hash;

/// How many make room at once.
const ROOM: u32 = 100;

#[derive(Debug)]
pub(crate) struct Draft {
    pub account: AccountId,
    /// A fresh one.
    pub id: String,
    /// Ids or slugs of addresses.
    pub from: String,
    pub to: String,
    pub reply_to_agent: Option<String>,
    /// The agent that a run's cue names, if a run sends it: it may speak for no other.
    pub speaker: Option<String>,
    pub subject: Option<String>,
    pub body: String,
    pub reply_to: Option<String>,
    pub priority: u8,
    pub expects_reply: bool,
    /// An object.
    pub metadata: Value,
    pub correlation_id: Option<String>,
    pub send_at: Option<Ms>,
    pub idempotency_key: Option<String>,
}

/// The message, and whether it is new: under a key that was used for the same, it is the one of then.
pub(crate) fn send(recorder: &Recorder<'_>, draft: Draft) -> Result<(MessageRow, bool), No> {
    let account = draft.account.clone();
    let from = address::in_use(recorder, &account, &draft.from)?;
    may_speak(&draft, &from)?;
    let length = draft.metadata.to_string().len();
    if length > METADATA_MAX {
        let message = format!("metadata exceeds {METADATA_MAX} bytes (got {length})");
        return Err(Refused::new(400, "metadata_too_large", message).into());
    }
    let to = address::in_use(recorder, &account, &draft.to)?;
    let reply_to_agent = match &draft.reply_to_agent {
        Some(which) => Some(address::in_use(recorder, &account, which)?.id),
        None => None,
    };
    let fingerprint = draft.idempotency_key.as_ref().map(|_| fingerprint(&draft, &to));
    if let Some(key) = &draft.idempotency_key
        && let Some(known) = recorder.message_of_key(&account, key, recorder.now.minus(KEY_MS))?
    {
        if known.fingerprint == fingerprint {
            return Ok((known, false));
        }
        let message = format!("Idempotency-Key reused with a different body. Existing message: {}", known.id);
        return Err(Refused::new(409, "idempotency_key_conflict", message).into());
    }
    let thread = match &draft.reply_to {
        None => draft.id.clone(),
        Some(answered) => match recorder.message(&account, answered)? {
            Some(answered) => answered.thread,
            None => {
                let message = format!("reply_to message {answered} not found");
                return Err(Refused::new(404, "reply_to_not_found", message).into());
            }
        },
    };
    room_for_one(recorder, &account)?;
    let due = due_at(draft.send_at, recorder.now);
    let mut message = MessageRow {
        id: draft.id,
        account,
        from: from.id,
        to: to.id,
        thread,
        reply_to: draft.reply_to,
        subject: draft.subject,
        body: draft.body,
        priority: draft.priority,
        expects_reply: draft.expects_reply,
        reply_to_agent,
        state: State::Queued,
        metadata: draft.metadata,
        idempotency_key: draft.idempotency_key,
        fingerprint,
        correlation_id: draft.correlation_id,
        created_at: recorder.now,
        send_at: draft.send_at,
        delivered_at: None,
        read_at: None,
        acked_at: None,
        failed_at: None,
        expires_at: due.plus(LIFE_MS),
        dispatch_error: None,
        announced: false,
        attempts: 0,
        push_at: to.webhook_url.is_some().then_some(due),
    };
    message.announced = due <= recorder.now;
    recorder.add_message(&message)?;
    recorder.address_seen(&message.from)?;
    recorder.fact(LANE, "message_sent", &fact(&message))?;
    if message.announced {
        events::announce(recorder, &message)?;
    }
    recorder.touch(Topic::Messages);
    Ok((message, true))
}

/// A run speaks for the agent that its cue names, and for nobody else.
fn may_speak(draft: &Draft, from: &AddressRow) -> Result<(), Refused> {
    match &draft.speaker {
        Some(agent) if *agent != from.slug && *agent != from.display_name => {
            let message = format!("This run's token speaks for the agent `{agent}` only, as its cue says.");
            Err(Refused::new(403, "run_token_not_allowed", message))
        }
        Some(_) | None => Ok(()),
    }
}

/// Of what was asked for under a key.
fn fingerprint(draft: &Draft, to: &AddressRow) -> String {
    let asked = json!([
        draft.from,
        to.id,
        draft.body,
        draft.subject,
        draft.priority,
        draft.reply_to,
        draft.reply_to_agent,
        draft.expects_reply,
        draft.correlation_id,
        draft.send_at,
        draft.metadata
    ]);
    key_hash(&asked.to_string())
}

fn room_for_one(recorder: &Recorder<'_>, account: &AccountId) -> Result<(), No> {
    if recorder.messages_kept(account)? < KEPT_MAX || recorder.forget_messages(account, ROOM)? > 0 {
        return Ok(());
    }
    let message = format!("{KEPT_MAX} messages wait unread; no more are taken until some have been read.");
    Err(Refused::new(429, "too_many_messages", message).into())
}

/// What the journal keeps of it: everything but its words, which go when the message goes.
fn fact(message: &MessageRow) -> Value {
    json!({
        "id": message.id,
        "account": message.account,
        "from": message.from,
        "to": message.to,
        "thread": message.thread,
        "reply_to": message.reply_to,
        "priority": message.priority,
        "bytes": message.body.len(),
        "send_at": message.send_at,
    })
}
