//! One push of a message, or of events to a subscriber: signed as CueAPI signs, and what its end means.

use std::time::Duration;

use cuetower_core::time::{DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS};
use serde_json::{Value, json};

use super::{LANE, No, State, address, events, subscription_secret};
use crate::deliver::python_json;
use crate::deliver::signature::{sign, standard_headers};
use crate::deliver::webhook::{self, CONNECT_LIMIT, Client, WebhookEnd, WebhookRequest};
use crate::desk::wire::Topic;
use crate::journal::{AddressRow, EventRow, MessageRow, Recorder, SubscriptionRow};
use crate::token::TowerKey;

const TIMEOUT: Duration = Duration::from_secs(30);
/// Before the second, the third and the fourth push. There is no fifth.
const BACKOFF_MS: [u64; 3] = [MINUTE_MS, 5 * MINUTE_MS, 15 * MINUTE_MS];
/// Whatever the receiver asks for.
const RETRY_AFTER_MS_MAX: u64 = DAY_MS;
/// Events in one push.
const EVENTS_AT_ONCE: u32 = 50;
/// After a push of events that went wrong.
const EVENTS_AGAIN_MS: u64 = 5 * SECOND_MS;
/// So many in a row, and a subscription rests.
const FAILURES_MAX: u32 = 10;
const REST_MS: u64 = HOUR_MS;

/// A message on its way, with both ends.
#[derive(Debug)]
pub(super) struct Errand {
    message: MessageRow,
    from: AddressRow,
    to: AddressRow,
    url: String,
    secret: String,
}

/// Events on their way to a subscriber.
#[derive(Debug)]
pub(super) struct Bundle {
    subscription: SubscriptionRow,
    url: String,
    secret: String,
    events: Vec<EventRow>,
}

/// What an end means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Came {
    Delivered,
    /// Another may go better; not before so long.
    Again {
        words: String,
        after_ms: Option<u64>,
    },
    Never {
        words: String,
    },
}

/// Takes a message for a push. None: it is not to be pushed any more.
pub(super) fn begin(recorder: &Recorder<'_>, key: &TowerKey, id: &str) -> Result<Option<Errand>, No> {
    let Some(mut message) = recorder.any_message(id)? else { return Ok(None) };
    if message.push_at.is_none_or(|at| at > recorder.now) {
        return Ok(None);
    }
    message.push_at = None;
    let to = recorder.address(&message.account, &message.to)?.filter(|to| to.deleted_at.is_none());
    let from = recorder.address(&message.account, &message.from)?;
    let target = to.and_then(|to| Some((to.webhook_url.clone()?, address::secret_of(key, &to)?, to)));
    let is_waiting = matches!(message.state, State::Queued | State::RetryReady);
    let (Some((url, secret, to)), Some(from), true) = (target, from, is_waiting) else {
        if is_waiting {
            // The recipient no longer wants pushes: it finds the message when it looks.
            message.state = State::Queued;
        }
        recorder.change_message(&message)?;
        return Ok(None);
    };
    message.state = State::Delivering;
    message.attempts += 1;
    recorder.change_message(&message)?;
    recorder.fact(LANE, "message_push_began", &json!({ "id": message.id, "attempt": message.attempts }))?;
    recorder.touch(Topic::Messages);
    Ok(Some(Errand { message, from, to, url, secret }))
}

/// `user`: what stands behind the `@` of the account's addresses. `now_s`: asked when its turn has come.
pub(super) async fn push(client: &Client, errand: &Errand, user: &str, now_s: impl FnOnce() -> i64) -> Came {
    let Errand { message, from, to, url, secret } = errand;
    let end = |row: &AddressRow| json!({ "agent_id": row.id, "slug": format!("{}@{user}", row.slug) });
    let body = json!({
        "id": message.id,
        "from": end(from),
        "to": end(to),
        "thread_id": message.thread,
        "reply_to": message.reply_to,
        "subject": message.subject,
        "body": message.body,
        "priority": message.priority,
        "expects_reply": message.expects_reply,
        "reply_to_agent_id": message.reply_to_agent,
        "metadata": message.metadata,
        "correlation_id": message.correlation_id,
        "created_at": events::instant(message.created_at),
    });
    let headers = vec![
        ("X-CueAPI-Event-Type".to_owned(), "message.created".to_owned()),
        ("X-CueAPI-Message-Id".to_owned(), message.id.clone()),
        ("X-CueAPI-Agent-Id".to_owned(), to.id.clone()),
        ("X-CueAPI-Thread-Id".to_owned(), message.thread.clone()),
        ("X-CueAPI-Attempt".to_owned(), message.attempts.to_string()),
        ("Idempotency-Key".to_owned(), message.id.clone()),
    ];
    post(client, url, secret, &message.id, &body, headers, now_s).await
}

/// Writes down how it ended. What the recipient has done with it meanwhile stands.
pub(super) fn ended(recorder: &Recorder<'_>, id: &str, attempt: u32, came: &Came) -> Result<(), No> {
    let Some(mut message) = recorder.any_message(id)? else { return Ok(()) };
    if message.attempts != attempt {
        return Ok(());
    }
    let is_mine = message.state == State::Delivering;
    match came {
        Came::Delivered => {
            message.delivered_at = message.delivered_at.or(Some(recorder.now));
            message.dispatch_error = None;
            if is_mine {
                message.state = State::Delivered;
            }
        }
        Came::Again { words, after_ms } if is_mine && attempt as usize <= BACKOFF_MS.len() => {
            let wait_ms = BACKOFF_MS[attempt.saturating_sub(1) as usize];
            let asked_ms = after_ms.unwrap_or(0).min(RETRY_AFTER_MS_MAX);
            message.dispatch_error = Some(words.clone());
            message.state = State::RetryReady;
            message.push_at = Some(recorder.now.plus(wait_ms.max(asked_ms)));
        }
        Came::Again { words, .. } | Came::Never { words } => {
            message.dispatch_error = Some(words.clone());
            if is_mine {
                message.state = State::Failed;
                message.failed_at = Some(recorder.now);
            }
        }
    }
    recorder.change_message(&message)?;
    let fact = json!({ "id": id, "attempt": attempt, "state": message.state.word(), "words": message.dispatch_error, "again_at": message.push_at });
    recorder.fact(LANE, "message_push_ended", &fact)?;
    recorder.touch(Topic::Messages);
    Ok(())
}

impl Errand {
    pub fn attempt(&self) -> u32 {
        self.message.attempts
    }

    pub fn account(&self) -> &cuetower_core::id::AccountId {
        &self.message.account
    }
}

/// What a subscriber is to be told now; None: nothing.
pub(super) fn bundle(recorder: &Recorder<'_>, key: &TowerKey, id: &str) -> Result<Option<Bundle>, No> {
    let found = recorder.subscription(id)?.filter(|row| row.detached_at.is_none() && row.next_at <= recorder.now);
    let Some(subscription) = found else { return Ok(None) };
    let target = subscription.webhook_url.clone().zip(subscription_secret(key, &subscription));
    let after = subscription.dispatched.unwrap_or(0);
    let events = recorder.events_after(&subscription.agent, after, Some(&subscription.kind), EVENTS_AT_ONCE)?;
    Ok(target.filter(|_| !events.is_empty()).map(|(url, secret)| Bundle { subscription, url, secret, events }))
}

pub(super) async fn push_bundle(client: &Client, bundle: &Bundle, now_s: impl FnOnce() -> i64) -> Came {
    let Bundle { subscription, url, secret, events } = bundle;
    let ends = (events.first().map_or(0, |event| event.id), bundle.last());
    // The same for the same events, so that their receiver knows a repetition.
    let delivery_id = format!("dlv_{}_{}_{}", subscription.id, ends.0, ends.1);
    let body = json!({
        "delivery_id": delivery_id,
        "subscription_id": subscription.id,
        "events": events.iter().map(events::pushed).collect::<Vec<_>>(),
    });
    let headers = vec![("X-CueAPI-Event-Count".to_owned(), events.len().to_string())];
    post(client, url, secret, &delivery_id, &body, headers, now_s).await
}

impl Bundle {
    pub fn last(&self) -> u64 {
        self.events.last().map_or(0, |event| event.id)
    }
}

/// Writes down how telling a subscriber of everything up to `last` ended.
pub(super) fn bundle_ended(recorder: &Recorder<'_>, id: &str, last: u64, came: &Came) -> Result<(), No> {
    let Some(mut row) = recorder.subscription(id)? else { return Ok(()) };
    match came {
        Came::Delivered => {
            row.dispatched = row.dispatched.max(Some(last));
            row.acked = row.acked.max(Some(last));
            row.dispatched_at = Some(recorder.now);
            (row.failures, row.paused_until, row.next_at) = (0, None, recorder.now);
        }
        Came::Again { .. } | Came::Never { .. } => {
            row.failures = row.failures.saturating_add(1);
            row.paused_until = (row.failures >= FAILURES_MAX).then(|| recorder.now.plus(REST_MS));
            row.next_at = row.paused_until.unwrap_or(recorder.now.plus(EVENTS_AGAIN_MS));
        }
    }
    recorder.put_subscription(&row)?;
    let fact = json!({ "id": id, "last": last, "delivered": *came == Came::Delivered, "failures": row.failures });
    recorder.fact(LANE, "events_pushed", &fact)?;
    Ok(())
}

async fn post(
    client: &Client,
    url: &str,
    secret: &str,
    message_id: &str,
    body: &Value,
    own: Vec<(String, String)>,
    now_s: impl FnOnce() -> i64,
) -> Came {
    let turn = match webhook::turn(client, url, TIMEOUT).await {
        Ok(turn) => turn,
        Err(words) => return Came::Again { words, after_ms: None },
    };
    // Signed only now: receivers refuse what was signed minutes ago.
    let (body, timestamp_s) = (python_json::dumps(body), now_s());
    let mut headers = vec![
        ("Content-Type".to_owned(), "application/json".to_owned()),
        ("User-Agent".to_owned(), "CueAPI/1.0".to_owned()),
        ("X-CueAPI-Signature".to_owned(), sign(secret, timestamp_s, &body)),
        ("X-CueAPI-Timestamp".to_owned(), timestamp_s.to_string()),
    ];
    headers.extend(standard_headers(message_id, secret, timestamp_s, &body));
    headers.extend(own);
    let request = WebhookRequest {
        method: "POST".to_owned(),
        url: url.to_owned(),
        headers,
        body,
        timeout: TIMEOUT,
        connect_timeout: CONNECT_LIMIT,
        first_byte_timeout: None,
        allow_private: false,
    };
    match webhook::send_in_turn(client, request, turn).await.end {
        WebhookEnd::Answered { answer, words } => {
            meaning(answer.status, words, answer.retry_after.map(|wait| wait.as_millis()))
        }
        WebhookEnd::Unanswered { words } => Came::Again { words, after_ms: None },
        WebhookEnd::Failed { reason } => Came::Again { words: reason, after_ms: None },
    }
}

/// A receiver that says no means it; one that has trouble, or too much to do, is asked again.
fn meaning(status: u16, words: String, retry_after_ms: Option<u128>) -> Came {
    match status {
        200..300 => Came::Delivered,
        408 | 500.. => {
            let after = retry_after_ms.filter(|_| status == 503);
            Came::Again { words, after_ms: after.map(|ms| u64::try_from(ms).unwrap_or(u64::MAX)) }
        }
        429 => Came::Again { words, after_ms: retry_after_ms.map(|ms| u64::try_from(ms).unwrap_or(u64::MAX)) },
        _ => Came::Never { words },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn trouble_is_asked_again_and_a_no_is_not() {
        let said = |status| meaning(status, "w".to_owned(), Some(7_000));
        let again = |after_ms| Came::Again { words: "w".to_owned(), after_ms };
        for status in [200, 201, 204] {
            assert_eq!(said(status), Came::Delivered);
        }
        for status in [408, 500, 502, 504] {
            assert_eq!(said(status), again(None), "{status}");
        }
        for status in [429, 503] {
            assert_eq!(said(status), again(Some(7_000)), "{status}");
        }
        for status in [301, 400, 401, 404, 410] {
            assert_eq!(said(status), Came::Never { words: "w".to_owned() }, "{status}");
        }
    }
}
