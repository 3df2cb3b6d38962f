//! `/v1/gates`: an agent asks the owner and waits for the answer, which no credential of this door can give. Asking again with
//! the same key finds the same gate, whatever crashed in between.

use std::time::Duration;

use axum::Json;
use axum::extract::State;
use axum::http::header::{LOCATION, RETRY_AFTER};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse as _, Response};
use cuetower_core::gate::{Asker, Gate, How, OnNoAnswer, Question, Shown, Subject};
use cuetower_core::id::{GateId, RunId};
use cuetower_core::run::Verdict;
use serde_json::{Map, Value, json};
use tokio::sync::broadcast::error::RecvError;

use super::callable::may_be_called;
use super::caller::{Caller, run_token_forbidden};
use super::fields::Fields;
use super::given::{Given, Id, Query};
use super::problem::Problem;
use super::wire::time;
use super::{Door, own};
use crate::asked;
use crate::journal::GateRow;

routes! {
    post "/v1/gates" => ask;
    get "/v1/gates/{id}" => look;
}

const FIELDS: [&str; 16] = [
    "key",
    "execution_id",
    "agent",
    "title",
    "body",
    "payload",
    "diff",
    "answers",
    "reversible",
    "cost_of_waiting",
    "usd_per_hour",
    "take_back_seconds",
    "deadline_seconds",
    "on_no_answer",
    "blocking",
    "callback",
];
/// Longer texts are refused by their own bounds, which are in bytes.
const CHARS_MAX: usize = 1 << 20;
const NAME_CHARS_MAX: usize = 255;
const ID_CHARS_MAX: usize = 100;
const SECONDS_MAX: f64 = 1e9;
/// A wait may be asked for this long, and is held for so long at most: a request is answered within 30 s.
const WAIT_S_MAX: u32 = 60;
const HELD: Duration = Duration::from_secs(25);
/// Waits held at once; more are answered at once.
pub(super) const HELD_MAX: usize = 128;

pub(super) async fn ask(State(door): State<Door>, caller: Caller, given: Given) -> Result<Response, Problem> {
    let token = caller.asks()?.cloned();
    let body = given.required()?;
    let asked = Asked::read(&body)?;
    if let Some(url) = &asked.question.callback {
        may_be_called(&door, url, "invalid_callback_url").await?;
    }
    let (gate, is_new) = match (token, asked.run) {
        (Some((run, _)), Some(other)) if run != other => return Err(run_token_forbidden()),
        (Some((run, attempt)), _) => {
            is_owners(&door, &run).await?;
            door.handle.ask_owner(caller.whose(), &run, Some(attempt), asked.question).await.map_err(of_run)?
        }
        (None, Some(run)) => {
            own::run(&door, &caller, &run.0).await?;
            door.handle.ask_owner(caller.whose(), &run, None, asked.question).await.map_err(of_run)?
        }
        (None, None) => {
            let missing = "Say who asks, by the name of the agent, or for which execution.";
            let agent = asked.agent.or_else(|| caller.limited_to().map(str::to_owned));
            let agent = agent.ok_or_else(|| Problem::field("body.agent", missing))?;
            if let Some(own) = caller.limited_to().filter(|own| *own != agent) {
                let message = format!("This key asks for its agent, {own}, alone.");
                return Err(Problem::field("body.agent", message));
            }
            let asker = Asker { account: caller.account().clone(), agent };
            door.handle.ask_outside(asker, Question { blocking: false, ..asked.question }).await?
        }
    };
    let row = door.handle.reader().gate(gate.id.0.clone()).await?.ok_or_else(no_gate)?;
    let status = if is_new { StatusCode::CREATED } else { StatusCode::OK };
    told(&row, status)
}

/// The gate as it stands; with `wait=30`, as soon as there is an answer.
pub(super) async fn look(
    State(door): State<Door>,
    caller: Caller,
    Id(id): Id,
    query: Query,
) -> Result<Response, Problem> {
    caller.asks()?;
    let wait = Duration::from_secs(query.number("wait", 0, 0, WAIT_S_MAX)?.into()).min(HELD);
    // Before the look: what happens between the two is heard of.
    let mut heard = door.handle.gates_heard();
    let row = seen(&door, &caller, &id).await?;
    if !is_waiting(&row) || wait.is_zero() {
        return told(&row, StatusCode::OK);
    }
    let Ok(_seat) = door.held_gates.try_acquire() else {
        let mut response = told(&row, StatusCode::OK)?;
        response.headers_mut().insert(RETRY_AFTER, HeaderValue::from_static("1"));
        return Ok(response);
    };
    let gate_id = GateId(id.clone());
    let changes = async {
        loop {
            match heard.recv().await {
                Ok(changed) if changed != gate_id => continue,
                Ok(_) | Err(RecvError::Lagged(_)) => {}
                Err(RecvError::Closed) => return None,
            }
            match seen(&door, &caller, &id).await {
                Ok(row) if is_waiting(&row) => {}
                settled => return Some(settled),
            }
        }
    };
    match tokio::time::timeout(wait, changes).await {
        Ok(Some(settled)) => told(&settled?, StatusCode::OK),
        Ok(None) | Err(_) => told(&seen(&door, &caller, &id).await?, StatusCode::OK),
    }
}

/// The gate, if whoever asks may hear of it. Another's is not there: an id tells nothing.
async fn seen(door: &Door, caller: &Caller, id: &str) -> Result<GateRow, Problem> {
    let row = door.handle.reader().gate(id.to_owned()).await?.ok_or_else(no_gate)?;
    let token = caller.asks()?;
    match token {
        Some((run, _)) if row.run_id.as_ref() != Some(run) => return Err(no_gate()),
        Some(_) => {}
        None if row.account != *caller.account() => return Err(no_gate()),
        None if caller.limited_to().is_some_and(|agent| agent != row.agent) => return Err(no_gate()),
        None => {}
    }
    let Some(run_id) = &row.run_id else { return Ok(row) };
    let run = door.handle.reader().run(run_id.0.clone()).await?.ok_or_else(no_gate)?;
    let conflict = |code, message: String| Err(Problem::new(StatusCode::CONFLICT, code, message));
    if matches!(run.verdict(), Some(Verdict::Stopped | Verdict::Cancelled)) {
        return conflict("run_stopped", "This run was stopped. Nobody says yes to it any more.".to_owned());
    }
    let latest = run.latest().number;
    match token {
        Some((_, attempt)) if *attempt != latest => {
            let message = format!("Attempt {attempt} was superseded by attempt {latest}; it asks for itself.");
            conflict("attempt_superseded", message)
        }
        Some(_) | None => Ok(row),
    }
}

fn is_waiting(row: &GateRow) -> bool {
    row.gate.state() == "waiting"
}

fn told(row: &GateRow, status: StatusCode) -> Result<Response, Problem> {
    let gate = &row.gate;
    if let Some(settled) = gate.settled.as_ref().filter(|settled| settled.how == How::Withdrawn) {
        let why = settled.comment.as_deref().unwrap_or("nobody waits for it any more");
        let message = format!("This question was withdrawn: {}.", why.trim_end_matches('.'));
        return Err(Problem::new(StatusCode::CONFLICT, "gate_withdrawn", message));
    }
    let place = HeaderValue::try_from(format!("/v1/gates/{}", gate.id)).expect("ids are letters and digits");
    Ok((status, [(LOCATION, place)], Json(gate_as_told(row))).into_response())
}

/// What an agent hears of a gate, here and at its callback. Nothing of an answer before it is handed over.
pub(crate) fn gate_as_told(row: &GateRow) -> Value {
    let Gate { id, subject, title, hash, on_no_answer, deadline, asked_at, overdue_at, settled, .. } = &row.gate;
    let heard = settled.as_ref().filter(|_| !is_waiting(row));
    let edited = row.answer.as_ref().filter(|_| heard.is_some_and(|settled| settled.how == How::Edited));
    let mut body = json!({
        "id": id,
        "key": Some(subject.key()).filter(|key| !key.is_empty()),
        "execution_id": row.run_id,
        "state": row.gate.state(),
        "goes": row.gate.goes(),
        "title": title,
        "shown": hash,
        "asked_at": time(*asked_at),
        "deadline": deadline.map(time),
        "on_no_answer": on_no_answer.word(),
        "overdue": overdue_at.is_some(),
    });
    if let Some(payload) = edited {
        body["payload"] = payload.clone();
    }
    if let Some(settled) = heard {
        body["comment"] = json!(settled.comment);
        body["answered_at"] = time(settled.at);
    }
    body
}

/// A question as it was written.
struct Asked {
    run: Option<RunId>,
    agent: Option<String>,
    question: Question,
}

impl Asked {
    fn read(body: &Map<String, Value>) -> Result<Asked, Problem> {
        let mut fields = Fields::of("body", body, Some(&FIELDS));
        let run = fields.text("execution_id", (1, ID_CHARS_MAX)).map(RunId);
        let agent = fields.text("agent", (1, NAME_CHARS_MAX));
        if agent.as_ref().is_some_and(|name| name.trim().is_empty() || name.chars().any(char::is_control)) {
            fields.fault("agent", "It should be one line of text.");
        }
        let mut text = |name| fields.text(name, (0, CHARS_MAX)).unwrap_or_default();
        let (key, title, words, cost_of_waiting) = (text("key"), text("title"), text("body"), text("cost_of_waiting"));
        let diff = fields.text("diff", (0, CHARS_MAX));
        let callback = fields.text("callback", (1, CHARS_MAX));
        let payload = fields.value("payload").cloned();
        let may_edit = may_be_edited(&mut fields, payload.is_some());
        let shown = Shown {
            body: words,
            payload,
            diff,
            may_edit,
            reversible: yes_or_no(&mut fields, "reversible"),
            cost_of_waiting,
            usd_per_hour: number(&mut fields, "usd_per_hour"),
            take_back_ms: number(&mut fields, "take_back_seconds").map(milliseconds),
        };
        let policies = OnNoAnswer::ALL.map(OnNoAnswer::word);
        let on_no_answer = fields.word("on_no_answer", &policies).and_then(OnNoAnswer::of).unwrap_or_default();
        let mut question = Question {
            subject: Subject::Asked(key),
            title: title.trim().to_owned(),
            shown,
            deadline_ms: number(&mut fields, "deadline_seconds").map(milliseconds),
            on_no_answer,
            blocking: yes_or_no(&mut fields, "blocking").unwrap_or(true),
            callback,
        };
        fields.done()?;
        if let Some((field, message)) = question.trouble() {
            return Err(Problem::field(format!("body.{field}"), message));
        }
        asked::without_secrets(&mut question);
        Ok(Asked { run, agent, question })
    }
}

/// What the owner may say: yes and no always, and changes where there is something to change.
fn may_be_edited(fields: &mut Fields<'_>, has_payload: bool) -> bool {
    let Some(answers) = fields.value("answers") else { return has_payload };
    let words: Option<Vec<&str>> = answers.as_array().and_then(|all| all.iter().map(Value::as_str).collect());
    let known = |word: &&str| ["approve", "deny", "edit"].contains(word);
    match words.filter(|words| words.iter().all(known)) {
        Some(words) if words.contains(&"approve") && words.contains(&"deny") => words.contains(&"edit"),
        Some(_) => {
            fields.fault("answers", "The owner can always say yes or no: list 'approve' and 'deny', and 'edit' if he may change the payload.");
            false
        }
        None => {
            fields.fault("answers", "Input should be a list of 'approve', 'deny' and 'edit'");
            false
        }
    }
}

/// Nothing but true and false: a flag that is misread asks something else.
fn yes_or_no(fields: &mut Fields<'_>, name: &str) -> Option<bool> {
    let value = fields.value(name)?;
    if !value.is_boolean() {
        fields.fault(name, "Input should be a valid boolean");
    }
    value.as_bool()
}

fn number(fields: &mut Fields<'_>, name: &str) -> Option<f64> {
    let value = fields.value(name)?;
    let number = value.as_f64().filter(|number| (0.0..=SECONDS_MAX).contains(number));
    if number.is_none() {
        fields.fault(name, "Input should be a number, from 0 on");
    }
    number
}

fn milliseconds(seconds: f64) -> u64 {
    (seconds * 1_000.0).round() as u64
}

/// Who registered by himself disturbs nobody, by no token of his runs either.
async fn is_owners(door: &Door, run: &RunId) -> Result<(), Problem> {
    let run = door.handle.reader().run(run.0.clone()).await?.ok_or_else(Problem::no_execution)?;
    if run.definition.account.is_owner() {
        return Ok(());
    }
    let message = "Gates ask the owner; a run of a registered account cannot ask him.";
    Err(Problem::new(StatusCode::FORBIDDEN, "insufficient_scope", message))
}

fn of_run(trouble: crate::handle::Trouble) -> Problem {
    match Problem::from(trouble) {
        missing if missing.code == "not_found" => Problem::no_execution(),
        other => other,
    }
}

fn no_gate() -> Problem {
    Problem::new(StatusCode::NOT_FOUND, "gate_not_found", "There is no such gate.")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(more: &Value) -> Result<Asked, (String, String)> {
        let mut body = json!({ "key": "send", "title": "Send 14 reminders?", "payload": { "to": 14 } });
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let problem = |problem: Problem| (problem.details[0].field.clone(), problem.details[0].message.clone());
        Asked::read(body.as_object().unwrap()).map_err(problem)
    }

    #[test]
    fn a_question_is_read_as_it_was_meant() {
        let asked = read(&json!({
            "agent": "ada", "body": "POST api.postmarkapp.com", "diff": "+a", "reversible": false,
            "cost_of_waiting": "$2 an hour", "usd_per_hour": 2, "take_back_seconds": 20, "deadline_seconds": 3600,
            "on_no_answer": "proceed", "blocking": false, "callback": "http://127.0.0.1:9000/answer",
        }))
        .unwrap_or_else(|bad| panic!("{bad:?}"));
        let expected = Question {
            subject: Subject::Asked("send".to_owned()),
            title: "Send 14 reminders?".to_owned(),
            shown: Shown {
                body: "POST api.postmarkapp.com".to_owned(),
                payload: Some(json!({ "to": 14 })),
                diff: Some("+a".to_owned()),
                may_edit: true,
                reversible: Some(false),
                cost_of_waiting: "$2 an hour".to_owned(),
                usd_per_hour: Some(2.0),
                take_back_ms: Some(20_000),
            },
            deadline_ms: Some(3_600_000),
            on_no_answer: OnNoAnswer::Proceed,
            blocking: false,
            callback: Some("http://127.0.0.1:9000/answer".to_owned()),
        };
        assert_eq!((asked.question, asked.agent.as_deref(), asked.run), (expected, Some("ada"), None));
    }

    #[test]
    fn what_is_left_out_is_as_one_would_expect() {
        let question = |more: Value| read(&more).unwrap_or_else(|bad| panic!("{bad:?}")).question;
        let least = question(json!({}));
        assert_eq!((least.blocking, least.on_no_answer, least.deadline_ms), (true, OnNoAnswer::KeepWaiting, None));
        assert!(least.shown.may_edit, "there is a payload");
        assert!(!question(json!({ "payload": null })).shown.may_edit);
        assert!(!question(json!({ "answers": ["approve", "deny"] })).shown.may_edit);
    }

    #[test]
    fn every_field_has_its_bounds() {
        let long = |count: usize| "x".repeat(count);
        for (more, field, words) in [
            (json!({ "key": "" }), "body.key", "`key` is missing"),
            (json!({ "key": null }), "body.key", "`key` is missing"),
            (json!({ "key": long(201) }), "body.key", "200 bytes"),
            (json!({ "title": null }), "body.title", "`title` is missing"),
            (json!({ "title": " " }), "body.title", "`title` is missing"),
            (json!({ "title": long(201) }), "body.title", "200 characters"),
            (json!({ "title": "a\nb" }), "body.title", "one line"),
            (json!({ "title": 7 }), "body.title", "valid string"),
            (json!({ "body": long((64 << 10) + 1) }), "body.body", "64 KiB"),
            (json!({ "diff": long((64 << 10) + 1) }), "body.diff", "64 KiB"),
            (json!({ "payload": long(256 << 10) }), "body.payload", "256 KiB"),
            (json!({ "answers": "approve" }), "body.answers", "a list"),
            (json!({ "answers": ["approve"] }), "body.answers", "always say yes or no"),
            (json!({ "answers": ["approve", "deny", "maybe"] }), "body.answers", "a list of"),
            (json!({ "answers": ["approve", "deny", "edit"], "payload": null }), "body.answers", "nothing to edit"),
            (json!({ "reversible": "no" }), "body.reversible", "valid boolean"),
            (json!({ "blocking": 1 }), "body.blocking", "valid boolean"),
            (json!({ "cost_of_waiting": long(201) }), "body.cost_of_waiting", "200 characters"),
            (json!({ "usd_per_hour": -1 }), "body.usd_per_hour", "from 0 on"),
            (json!({ "usd_per_hour": "2" }), "body.usd_per_hour", "from 0 on"),
            (json!({ "take_back_seconds": 61 }), "body.take_back_seconds", "60 s"),
            (json!({ "deadline_seconds": 0.5 }), "body.deadline_seconds", "between 1 s and 30 days"),
            (json!({ "deadline_seconds": 2_592_001 }), "body.deadline_seconds", "between 1 s and 30 days"),
            (json!({ "on_no_answer": "panic" }), "body.on_no_answer", "'keep_waiting'"),
            (json!({ "on_no_answer": "stop" }), "body.deadline_seconds", "it says when"),
            (json!({ "callback": "" }), "body.callback", "at least 1"),
            (json!({ "agent": "a\u{7}" }), "body.agent", "one line"),
            (json!({ "execution_id": 5 }), "body.execution_id", "valid string"),
            (json!({ "urgency": "high" }), "body.urgency", "not permitted"),
        ] {
            let (found, said) = read(&more).err().unwrap_or_else(|| panic!("{more} was taken"));
            assert!(found == field && said.contains(words), "{more}: {found}: {said}");
        }
    }
}
