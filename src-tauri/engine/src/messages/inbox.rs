//! The recipient's side: looking delivers what waits; reading and acknowledging.

use cuetower_core::id::AccountId;
use serde_json::json;

use super::{LANE, No, Refused, State};
use crate::desk::wire::Topic;
use crate::journal::{MessageRow, Recorder};

/// What an inbox shows unless it is asked for something else: everything that somebody may still have to do with.
pub(crate) const DEFAULT_INBOX: [State; 7] =
    [State::Queued, State::Delivering, State::RetryReady, State::Delivered, State::Read, State::Claimed, State::Failed];

/// An agent looks into its inbox, perhaps only for what one other wrote: what was queued is delivered by that.
pub(crate) fn look(recorder: &Recorder<'_>, agent: &str, from: Option<&str>, delivers: bool) -> Result<(), No> {
    let ids = if delivers { recorder.deliver_waiting(agent, from)? } else { Vec::new() };
    if !ids.is_empty() {
        recorder.fact(LANE, "messages_delivered", &json!({ "to": agent, "ids": ids }))?;
        recorder.touch(Topic::Messages);
    }
    Ok(recorder.address_seen(agent)?)
}

/// What a recipient says of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mark {
    Read,
    Acked,
}

/// The message as it is then; saying it again changes nothing.
pub(crate) fn mark(recorder: &Recorder<'_>, account: &AccountId, id: &str, mark: Mark) -> Result<MessageRow, No> {
    let missing = || Refused::new(404, "message_not_found", format!("message {id} not found"));
    let mut message = recorder.message(account, id)?.ok_or_else(missing)?;
    let refused = |what: &str, state: State| {
        Refused::new(409, "invalid_state_transition", format!("cannot {what} on terminal state '{state}'"))
    };
    match (mark, message.state) {
        (Mark::Read, State::Read) | (Mark::Acked, State::Acked) => return Ok(message),
        (Mark::Read, state) if state.is_final() => return Err(refused("mark read", state).into()),
        (Mark::Acked, State::Expired) => return Err(refused("ack", State::Expired).into()),
        (Mark::Read, _) => (message.state, message.read_at) = (State::Read, Some(recorder.now)),
        (Mark::Acked, _) => (message.state, message.acked_at) = (State::Acked, Some(recorder.now)),
    }
    message.push_at = None;
    recorder.change_message(&message)?;
    let kind = match mark {
        Mark::Read => "message_read",
        Mark::Acked => "message_acked",
    };
    recorder.fact(LANE, kind, &json!({ "id": id }))?;
    recorder.touch(Topic::Messages);
    Ok(message)
}
