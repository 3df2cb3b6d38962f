//! Messages between agents: sending, looking into an inbox, reading, acknowledging.

use axum::Json;
use axum::extract::State as With;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse as _, Response};
use cuetower_core::id::AccountId;
use serde_json::{Value, json};

use super::agents::{SEEN_EACH_MS, flag, known, which_of};
use super::caller::Caller;
use super::fields::{Fields, instant};
use super::given::{Given, Id, Query};
use super::problem::Problem;
use super::{Door, wire};
use crate::journal::{MessageFilter, MessageRow, Side};
use crate::messages::{self, DEFAULT_INBOX, Draft, Mark, State};

routes! {
    post "/v1/messages" => send;
    get "/v1/messages/{id}" => get;
    post "/v1/messages/{id}/read" => read;
    post "/v1/messages/{id}/ack" => ack;
    get "/v1/agents/{id}/inbox" => inbox;
    get "/v1/agents/{id}/sent" => sent;
}

const KNOWN: [&str; 10] = [
    "to",
    "body",
    "subject",
    "reply_to",
    "priority",
    "expects_reply",
    "reply_to_agent",
    "metadata",
    "correlation_id",
    "send_at",
];
const ADDRESS_CHARS: (usize, usize) = (1, 320);
const SHORT_CHARS: (usize, usize) = (0, 255);
const PRIORITIES: (i64, i64) = (1, 5);
const USUAL_PRIORITY: i64 = 3;
const PREVIEW_CHARS: usize = 200;
const KEY_CHARS_MAX: usize = 255;
const PAGE_MAX: u32 = 200;

async fn send(With(door): With<Door>, caller: Caller, headers: HeaderMap, given: Given) -> Result<Response, Problem> {
    let (account, speaker) = speaker(&door, &caller).await?;
    let body = given.required()?;
    let mut fields = Fields::of("body", &body, Some(&KNOWN));
    let to = fields.required_text("to", ADDRESS_CHARS);
    let text = fields.required_text("body", (1, messages::BODY_MAX));
    if text.len() > messages::BODY_MAX {
        fields.fault("body", format!("String should have at most {} bytes", messages::BODY_MAX));
    }
    let reply_to = fields.text("reply_to", SHORT_CHARS);
    if reply_to.as_ref().is_some_and(|id| !is_message_id(id)) {
        fields.fault("reply_to", "String should match pattern '^msg_[a-z0-9]{12}$'");
    }
    let reply_to_agent = fields.text("reply_to_agent", ADDRESS_CHARS);
    let mut draft = Draft {
        account,
        id: messages::new_id("msg_"),
        from: String::new(),
        to: String::new(),
        reply_to_agent: None,
        speaker,
        subject: fields.text("subject", SHORT_CHARS),
        body: text,
        reply_to,
        priority: u8::try_from(fields.whole("priority", PRIORITIES).unwrap_or(USUAL_PRIORITY)).unwrap_or(3),
        expects_reply: fields.flag("expects_reply").unwrap_or(false),
        metadata: fields.object("metadata").unwrap_or_else(|| json!({})),
        correlation_id: fields.text("correlation_id", SHORT_CHARS),
        send_at: fields.instant("send_at"),
        idempotency_key: None,
    };
    fields.done()?;
    let from = header(&headers, "x-cueapi-from-agent").ok_or_else(|| {
        let message = "X-Cueapi-From-Agent header is required";
        Problem::new(StatusCode::BAD_REQUEST, "missing_from_agent", message)
    })?;
    draft.idempotency_key = header(&headers, "idempotency-key");
    if draft.idempotency_key.as_ref().is_some_and(|key| key.chars().count() > KEY_CHARS_MAX) {
        let message = format!("Idempotency-Key must be ≤{KEY_CHARS_MAX} characters");
        return Err(Problem::new(StatusCode::BAD_REQUEST, "invalid_idempotency_key", message));
    }
    draft.from = which_of(&door, &draft.account.0, &from).await?;
    draft.to = which_of(&door, &draft.account.0, &to).await?;
    if let Some(agent) = reply_to_agent {
        draft.reply_to_agent = Some(which_of(&door, &draft.account.0, &agent).await?);
    }
    let (row, is_new) = messages::record(&door.handle, move |recorder| messages::send(recorder, draft)).await?;
    let status = if is_new { StatusCode::CREATED } else { StatusCode::OK };
    Ok((status, Json(message(&door, &row))).into_response())
}

/// Whose message it is; and, if a run sends it with nothing but its token, the agent it speaks for.
async fn speaker(door: &Door, caller: &Caller) -> Result<(AccountId, Option<String>), Problem> {
    let Some(run) = caller.only_run() else {
        caller.messages()?;
        return Ok((caller.account().clone(), None));
    };
    let attempt = caller.reports(run.as_str())?;
    let run = door.handle.reader().run(run.0.clone()).await?.ok_or_else(Problem::no_execution)?;
    let conflict = |code, message| Err(Problem::new(StatusCode::CONFLICT, code, message));
    if !run.is_live() {
        return conflict("run_ended", "This run has ended; it sends no more messages.");
    }
    if attempt.is_some_and(|attempt| attempt != run.latest().number) {
        return conflict("attempt_superseded", "A newer attempt of this run is under way; it sends for itself.");
    }
    Ok((run.definition.account.clone(), Some(run.definition.agent.clone())))
}

async fn get(With(door): With<Door>, caller: Caller, Id(id): Id) -> Result<Json<Value>, Problem> {
    caller.messages()?;
    let missing = || Problem::new(StatusCode::NOT_FOUND, "message_not_found", format!("message {id} not found"));
    let row = door.handle.reader().message(caller.account().0.clone(), id.clone()).await?;
    Ok(Json(message(&door, &row.ok_or_else(missing)?)))
}

async fn read(With(door): With<Door>, caller: Caller, Id(id): Id) -> Result<Json<Value>, Problem> {
    let row = marked(&door, &caller, id, Mark::Read).await?;
    Ok(Json(json!({
        "delivery_state": row.state.word(),
        "read_at": row.read_at.map(wire::time),
        "acked_at": null,
    })))
}

async fn ack(With(door): With<Door>, caller: Caller, Id(id): Id) -> Result<Json<Value>, Problem> {
    let row = marked(&door, &caller, id, Mark::Acked).await?;
    Ok(Json(json!({
        "delivery_state": row.state.word(),
        "read_at": null,
        "acked_at": row.acked_at.map(wire::time),
    })))
}

async fn marked(door: &Door, caller: &Caller, id: String, mark: Mark) -> Result<MessageRow, Problem> {
    caller.messages()?;
    let account = caller.account().clone();
    Ok(messages::record(&door.handle, move |recorder| messages::mark(recorder, &account, &id, mark)).await?)
}

/// Looking is what delivers a message that is not pushed.
async fn inbox(With(door): With<Door>, caller: Caller, Id(written): Id, query: Query) -> Result<Json<Value>, Problem> {
    caller.messages()?;
    let agent = known(&door, &caller, &written, true).await?;
    let now = door.handle.now();
    let mut filter = filter(&door, &caller, &query, Side::Inbox, agent.id).await?;
    filter.due = Some(now);
    let reader = door.handle.reader();
    if flag(&query, "count_only")? {
        return Ok(Json(json!({ "count": reader.messages_count(filter).await? })));
    }
    let waiting = MessageFilter { states: vec![State::Queued], since: None, thread: None, ..filter.clone() };
    let delivers = filter.states.contains(&State::Queued) && reader.messages_count(waiting).await? > 0;
    // A look by which nothing changes costs no commit.
    if delivers || agent.seen_at.is_none_or(|at| now.since(at) >= SEEN_EACH_MS) {
        let (agent, from) = (filter.agent.clone(), filter.counterpart.clone());
        messages::record(&door.handle, move |recorder| messages::look(recorder, &agent, from.as_deref(), delivers))
            .await?;
    }
    let (limit, offset, total) = (filter.limit, filter.offset, reader.messages_count(filter.clone()).await?);
    let rows = reader.messages(filter).await?;
    Ok(Json(page(&door, &rows, total, limit, offset)))
}

async fn sent(With(door): With<Door>, caller: Caller, Id(written): Id, query: Query) -> Result<Json<Value>, Problem> {
    caller.messages()?;
    let agent = known(&door, &caller, &written, true).await?;
    let filter = filter(&door, &caller, &query, Side::Sent, agent.id).await?;
    let reader = door.handle.reader();
    let total = reader.messages_count(filter.clone()).await?;
    if flag(&query, "count_only")? {
        return Ok(Json(json!({ "count": total })));
    }
    let (limit, offset) = (filter.limit, filter.offset);
    Ok(Json(page(&door, &reader.messages(filter).await?, total, limit, offset)))
}

async fn filter(
    door: &Door,
    caller: &Caller,
    query: &Query,
    side: Side,
    agent: String,
) -> Result<MessageFilter, Problem> {
    let states = match (query.get("state"), side) {
        (Some(words), _) => states(words)?,
        (None, Side::Inbox) => DEFAULT_INBOX.to_vec(),
        (None, Side::Sent) => State::ALL.to_vec(),
    };
    let since = match query.get("since") {
        None => None,
        Some(text) => {
            // A `+` that was not escaped arrives as a space.
            let at = instant(text).or_else(|| instant(&text.replace(' ', "+")));
            Some(at.ok_or_else(|| Problem::field("query.since", "Input should be a valid datetime"))?)
        }
    };
    let counterpart = match query.get("counterpart") {
        None => None,
        Some(written) => Some(known(door, caller, written, false).await?.id),
    };
    Ok(MessageFilter {
        account: caller.account().clone(),
        side,
        agent,
        states,
        since,
        thread: query.get("thread_id").map(str::to_owned),
        counterpart,
        due: None,
        limit: query.number("limit", 50, 1, PAGE_MAX)?,
        offset: query.number("offset", 0, 0, u32::MAX)?,
    })
}

fn states(words: &str) -> Result<Vec<State>, Problem> {
    let words = words.split(',').map(str::trim).filter(|word| !word.is_empty());
    let read = words.map(|word| {
        State::of(word).ok_or_else(|| {
            let mut valid: Vec<String> = State::ALL.iter().map(|state| format!("'{state}'")).collect();
            valid.sort();
            let message = format!("unknown state '{word}'. Valid: [{}]", valid.join(", "));
            Problem::new(StatusCode::BAD_REQUEST, "invalid_state_filter", message)
        })
    });
    read.collect()
}

fn page(door: &Door, rows: &[MessageRow], total: u32, limit: u32, offset: u32) -> Value {
    let messages: Vec<Value> = rows.iter().map(|row| message(door, row)).collect();
    json!({ "messages": messages, "total": total, "limit": limit, "offset": offset })
}

fn message(door: &Door, row: &MessageRow) -> Value {
    json!({
        "id": row.id,
        "user_id": messages::user_id(door.handle.tower_key(), &row.account),
        "from_agent_id": row.from,
        "to_agent_id": row.to,
        "thread_id": row.thread,
        "reply_to": row.reply_to,
        "subject": row.subject,
        "body": row.body,
        "preview": row.body.chars().take(PREVIEW_CHARS).collect::<String>(),
        "priority": row.priority,
        "expects_reply": row.expects_reply,
        "reply_to_agent_id": row.reply_to_agent,
        "delivery_state": row.state.word(),
        "metadata": row.metadata,
        "idempotency_key": row.idempotency_key,
        "created_at": wire::time(row.created_at),
        "delivered_at": row.delivered_at.map(wire::time),
        "read_at": row.read_at.map(wire::time),
        "acked_at": row.acked_at.map(wire::time),
        "failed_at": row.failed_at.map(wire::time),
        "send_at": row.send_at.map(wire::time),
        "expires_at": wire::time(row.expires_at),
        "correlation_id": row.correlation_id,
        "dispatch_priority_bucket": row.priority,
        "message_dispatch_error": row.dispatch_error,
    })
}

fn is_message_id(id: &str) -> bool {
    id.strip_prefix("msg_")
        .is_some_and(|rest| rest.len() == 12 && rest.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit()))
}

/// What a header says, if it says something.
pub(super) fn header(headers: &HeaderMap, name: &str) -> Option<String> {
    let text = String::from_utf8_lossy(headers.get(name)?.as_bytes()).trim().to_owned();
    Some(text).filter(|text| !text.is_empty())
}
