//! What each tool takes, as JSON schemas for models to read. The bounds are the routes' own; these only say what is meant.

use serde_json::{Value, json};

/// `required` are names in `properties`; nothing else may be given.
fn object(properties: Value, required: &[&str]) -> Value {
    json!({ "type": "object", "properties": properties, "required": required, "additionalProperties": false })
}

fn text(says: &str) -> Value {
    json!({ "type": "string", "description": says })
}

fn number(says: &str) -> Value {
    json!({ "type": "number", "minimum": 0, "description": says })
}

fn whole(says: &str, least: u64, most: u64) -> Value {
    json!({ "type": "integer", "minimum": least, "maximum": most, "description": says })
}

fn word(says: &str, words: &[&str]) -> Value {
    json!({ "type": "string", "enum": words, "description": says })
}

fn any(says: &str) -> Value {
    json!({ "description": says })
}

fn map(says: &str) -> Value {
    json!({ "type": "object", "description": says, "additionalProperties": true })
}

fn cue_id() -> Value {
    text("The cue's id, such as cue_1a2b")
}

/// Not required: a run's own token says which it is.
fn run_id() -> Value {
    text("The run's id. May be left out with a run's own token")
}

fn key() -> Value {
    text("Names the step within its run, the same in each attempt: say what it is about, such as `charge customer 17`")
}

fn tokens() -> Value {
    json!({
        "description": "How many tokens: a number, or {input, output, cached_input, reasoning}",
        "anyOf": [{ "type": "integer", "minimum": 0 }, { "type": "object", "additionalProperties": true }],
    })
}

/// A page of some list.
fn page(mut properties: Value) -> Value {
    properties["limit"] = whole("How many at most", 1, 100);
    properties["offset"] = whole("How many of the first are left out", 0, u64::from(u32::MAX));
    object(properties, &[])
}

pub(super) fn cues() -> Value {
    page(json!({ "status": word("Of these alone", &["active", "paused", "completed", "failed"]) }))
}

pub(super) fn cue() -> Value {
    object(json!({ "cue_id": cue_id() }), &["cue_id"])
}

pub(super) fn new_cue() -> Value {
    let mut schema = object(
        json!({
            "name": text("Unique, for people"),
            "description": text("What it is for"),
            "agent": text("Whose work it is"),
            "transport": word("How its work reaches an agent: called (webhook), fetched (worker), or only watched (watch); \
                               `command` needs the scope `commands`", &["webhook", "worker", "watch", "command"]),
            "schedule": map("When: {\"type\": \"manual\"}, {\"type\": \"recurring\", \"cron\": \"0 9 * * 1-5\", \"timezone\": \
                             \"Europe/Berlin\"}, {\"type\": \"interval\", \"every_seconds\": 900} or {\"type\": \"once\", \
                             \"at\": \"2027-01-31T09:00:00+01:00\"}"),
            "callback": map("Of a webhook: {\"url\": \"https://…\", \"method\": \"POST\", \"headers\": {}}"),
            "payload": map("What each run is given"),
            "expect": map("What a success has to prove: {\"min_processed\": 150, \"evidence\": [\"result_url\"]}"),
            "delivery": map("{\"outcome_deadline_seconds\": 300}: no word by then is `silent`"),
            "retry": map("{\"max_attempts\": 3, \"backoff_minutes\": [1, 5]}"),
            "gate": map("Ask the owner: {\"before_delivery\": true, \"steps\": [\"send\"]}"),
        }),
        &["name"],
    );
    schema["additionalProperties"] = json!(true);
    schema
}

pub(super) fn fire() -> Value {
    let properties = json!({
        "cue_id": cue_id(),
        "payload": map("Laid over the cue's own payload"),
        "merge_strategy": word("`replace`: the cue's own payload is left out", &["merge", "replace"]),
        "send_at": text("Later: an instant such as 2027-01-31T09:00:00+01:00"),
        "idempotency_key": text("Fires once, however often it is called"),
        "exit_criteria": json!({ "type": "array", "items": { "type": "string" }, "description": "Assertions that its success must make" }),
    });
    object(properties, &["cue_id"])
}

pub(super) fn runs() -> Value {
    let statuses =
        ["pending", "delivering", "retrying", "pending_outcome", "success", "failed", "missed", "outcome_timeout"];
    page(json!({ "cue_id": text("Of this cue alone"), "status": word("Of these alone", &statuses) }))
}

pub(super) fn run() -> Value {
    object(json!({ "run_id": run_id() }), &[])
}

pub(super) fn outcome() -> Value {
    let properties = json!({
        "run_id": run_id(),
        "success": json!({ "type": "boolean", "description": "Whether the work was done" }),
        "summary": text("What happened, at most 500 characters"),
        "result": text("The result, at most 2000 characters"),
        "error": text("What went wrong, at most 2000 characters"),
        "processed": number("How many were done"),
        "expected": number("How many there were to do"),
        "errors": number("How many failed"),
        "result_url": text("Where the result can be seen"),
        "result_ref": text("What the result is called elsewhere"),
        "result_type": text("What kind of result it is"),
        "external_id": text("The id of what was made"),
        "artifacts": json!({ "type": "array", "description": "What was made, in any words" }),
        "assertions": map("What can be claimed: {\"backed_up\": true}"),
        "metadata": map("Anything else, under 10 KB"),
        "tokens": number("Tokens of the whole run, if steps and heartbeats do not say it"),
        "cost_usd": number("Dollars of the whole run, likewise"),
        "next_run_in_seconds": number("When to run next, if the cue allows it"),
        "next_run_at": text("The same as an instant"),
    });
    object(properties, &["success"])
}

pub(super) fn begin_step() -> Value {
    let properties = json!({
        "run_id": run_id(),
        "key": key(),
        "name": text("For people; the key if it is left out"),
        "kind": word("What kind of work it is", &["llm", "tool", "http", "decision", "check", "other"]),
        "parent": text("The key of the step that it is a part of"),
        "model": text("The model that it uses, to price its tokens"),
        "input": any("What it is given, to be shown"),
    });
    object(properties, &["key"])
}

pub(super) fn complete_step() -> Value {
    let properties = json!({
        "run_id": run_id(),
        "key": key(),
        "output": any("What it gave; a later begin returns it"),
        "tokens": tokens(),
        "cost_usd": number("Dollars that it cost"),
        "model": text("The model that was used"),
        "retries": whole("How often it was tried again inside", 0, 1_000_000),
    });
    object(properties, &["key"])
}

pub(super) fn fail_step() -> Value {
    let properties = json!({
        "run_id": run_id(),
        "key": key(),
        "error": text("What went wrong, in one sentence"),
        "tokens": tokens(),
        "cost_usd": number("Dollars that it cost"),
        "model": text("The model that was used"),
        "retries": whole("How often it was tried again inside", 0, 1_000_000),
    });
    object(properties, &["key", "error"])
}

pub(super) fn heartbeat() -> Value {
    let properties = json!({
        "run_id": run_id(),
        "agent": text("The agent's name, if it is (also) the agent that lives"),
        "progress": json!({ "type": "number", "description": "A number that grows with the work" }),
        "message": text("What it is doing"),
        "tokens": tokens(),
        "cost_usd": number("Dollars since the last one"),
        "status": word("How the agent is; `shutdown` is a goodbye", &["ok", "warning", "error", "shutdown"]),
    });
    object(properties, &[])
}

pub(super) fn ask_owner() -> Value {
    let properties = json!({
        "title": text("The question in one line, such as `Send 14 reminders?`"),
        "key": text("Names the question: asked again with the same key and contents, it is the same one"),
        "body": text("What exactly will happen"),
        "payload": any("What exactly will be done, as JSON; the owner may change it"),
        "diff": text("What will change, as a diff"),
        "run_id": run_id(),
        "agent": text("Your name, for a question that belongs to no run"),
        "answers": json!({
            "type": "array", "items": { "type": "string", "enum": ["approve", "deny", "edit"] },
            "description": "[\"approve\", \"deny\"] if the payload is not to be changed",
        }),
        "reversible": json!({ "type": "boolean", "description": "Whether it can be undone" }),
        "cost_of_waiting": text("What waiting costs, in words"),
        "usd_per_hour": number("The same as a number"),
        "take_back_seconds": number("For how long an answer can be taken back, at most 60"),
        "deadline_seconds": number("When the answer is needed, 1 s to 30 days from now"),
        "on_no_answer": word("What happens at the deadline", &["keep_waiting", "proceed", "stop", "escalate"]),
        "blocking": json!({ "type": "boolean", "description": "false: you work on meanwhile, and your run's clocks do too" }),
        "callback": text("Where the answer is sent as well"),
        "wait_seconds": whole("How long this call waits for the answer", 0, 25),
    });
    object(properties, &["title", "key"])
}

pub(super) fn check_answer() -> Value {
    let properties = json!({
        "gate_id": text("The `id` that ask_owner answered, or the gate that a step waits at"),
        "wait_seconds": whole("How long this call waits for the answer", 0, 25),
    });
    object(properties, &["gate_id"])
}
