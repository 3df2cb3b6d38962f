//! The objects that a cue is made of, and cues in which the reader is asked about them.

use serde_json::{Value, json};

/// One object of a cue's JSON.
pub(super) struct Section {
    pub title: &'static str,
    /// As the reader names it: "schedule.parts[0]"; empty: the cue itself.
    pub at: &'static str,
    /// In a sentence or two; `{}` is where it stands.
    pub says: &'static str,
    /// Cues that have it, each sound.
    pub cues: fn() -> Vec<Value>,
    /// Fields that another section tells of.
    pub without: &'static [&'static str],
    /// Of a check: its word.
    pub kind: Option<&'static str>,
}

impl Section {
    /// As the reader names a field of it.
    pub fn place(&self, field: &str) -> String {
        if self.at.is_empty() { field.to_owned() } else { format!("{}.{field}", self.at) }
    }

    /// The object in one of its cues.
    pub fn within<'v>(&self, cue: &'v mut Value) -> &'v mut serde_json::Map<String, Value> {
        let pointer = if self.at.is_empty() {
            String::new()
        } else {
            format!("/{}", self.at.replace("[0]", "/0").replace('.', "/"))
        };
        let found = cue.pointer_mut(&pointer).and_then(Value::as_object_mut);
        found.unwrap_or_else(|| panic!("a cue for {} has none", self.title))
    }
}

const fn section(title: &'static str, at: &'static str, says: &'static str, cues: fn() -> Vec<Value>) -> Section {
    Section { title, at, says, cues, without: &[], kind: None }
}

const fn check(title: &'static str, kind: &'static str, says: &'static str, cues: fn() -> Vec<Value>) -> Section {
    Section { title, at: "checks[0]", says, cues, without: &["timeout_seconds", "on_fail"], kind: Some(kind) }
}

pub(super) const SECTIONS: [Section; 33] = [
    section("The cue", "", "What stands at the top. More of it: [what becomes of a due time](../schedule.md), [deliveries](../delivery.md).", || {
        vec![command(), webhook(), worker()]
    }),
    section("When: schedule", "schedule", "`{}`. What each type means: [schedule.md](../schedule.md).", schedules),
    section("A window of the week", "schedule.parts[0]", "`{}`. The first part whose window is open decides.", || {
        let part = |part: Value| in_schedule("parts", &json!([part]));
        vec![part(json!({ "days": "mon-fri", "every_seconds": 60 })), part(json!({ "cron": "0 * * * *" }))]
    }),
    section("A stretch without fires", "schedule.blackout[0]", "`{}`.", || {
        vec![in_schedule("blackout", &json!([{ "from": "2026-12-24", "to": "2026-12-27" }]))]
    }),
    section("What an agent may wish", "schedule.next_run", "`{}`: how soon and how late an agent may ask for its next run.", || {
        vec![in_schedule("next_run", &json!({ "min_seconds": 60 }))]
    }),
    section("A web hook: callback", "callback", "`{}`, of the transport `webhook`. What is sent and how it is signed: [delivery.md](../delivery.md).", || vec![webhook()]),
    section("A program: command", "command", "`{}`, of the transport `command`. [delivery.md](../delivery.md)", || {
        vec![command(), in_command("command", &json!({ "shell": "true" }))]
    }),
    section("Fetched work: worker", "worker", "`{}`, of the transport `worker`. [worker.md](../worker.md)", || {
        vec![worker()]
    }),
    section("Tried again: retry", "retry", "`{}`. [delivery.md](../delivery.md)", || vec![in_command("retry", &json!({}))]),
    section("Waited for: delivery", "delivery", "`{}`. Defaults are those of a web hook.", || vec![with(webhook(), "delivery", &json!({}))]),
    section("After an absence: catch_up", "catch_up", "`{}`; its policy may stand alone, as a text. [schedule.md](../schedule.md)", || vec![in_command("catch_up", &json!({}))]),
    section("Proof in the report: expect", "expect", "`{}`. [confirm.md](../confirm.md)", || vec![in_command("expect", &json!({}))]),
    section("CueAPI's verification", "verification", "`{}` says a part of the same in CueAPI's words.", || vec![in_command("verification", &json!({}))]),
    section("Looked at before a delivery: preflight", "preflight[0]", "`{}`: besides these fields it has those of its kind. [preflight.md](../preflight.md)", || {
        vec![in_command("preflight", &json!([{ "check": "memory", "free_mb": 1 }]))]
    })
    .without(&["free_gb", "free_mb"]),
    section("Looked at before a success is believed: checks", "checks[0]", "`{}`: besides these fields it has those of its kind. `{\"check\": \"manual\"}` asks you. [confirm.md](../confirm.md)", || {
        vec![checked(&json!({ "check": "memory", "free_mb": 1 }))]
    })
    .without(&["free_gb", "free_mb"]),
    check("A check of the kind file", "file", "A file on this machine.", || vec![checked(&json!({ "check": "file", "path": "/x" }))]),
    check("A check of the kind url", "url", "What an address answers.", || vec![checked(&json!({ "check": "url", "url": "http://127.0.0.1/" }))]),
    check("A check of the kind command", "command", "A program that ends with 0.", || {
        vec![checked(&json!({ "check": "command", "argv": ["true"] })), checked(&json!({ "check": "command", "shell": "true" }))]
    }),
    check("A check of the kind sql", "sql", "What a query gives.", || {
        let sql = |database: &str, address: &str| checked(&json!({ "check": "sql", database: address, "query": "select 1" }));
        vec![sql("sqlite", "/x.db"), sql("postgres", "postgres://127.0.0.1/x")]
    }),
    check("A check of the kind git", "git", "How a repository stands.", || vec![checked(&json!({ "check": "git", "repo": "/x" }))]),
    check("A check of the kind disk", "disk", "Free space.", || {
        let disk = |unit: &str| checked(&json!({ "check": "disk", "path": "/", unit: 1 }));
        vec![disk("free_gb"), disk("free_mb")]
    }),
    check("A check of the kind memory", "memory", "Free memory.", || {
        let memory = |unit: &str| checked(&json!({ "check": "memory", unit: 1 }));
        vec![memory("free_gb"), memory("free_mb")]
    }),
    check("A check of the kind secret", "secret", "That a secret is there.", || vec![checked(&json!({ "check": "secret", "name": "X" }))]),
    section("When it fails: on_failure", "on_failure", "`{}`, for a run that failed for good.", || vec![in_command("on_failure", &json!({}))]),
    section("Fuses of a run: budget.run", "budget.run", "`{}`. What uses more is stopped. [watch.md](../watch.md)", || vec![in_command("budget", &json!({ "run": {}, "day": {} }))]),
    section("Fuses of a day: budget.day", "budget.day", "`{}`. [watch.md](../watch.md)", || vec![in_command("budget", &json!({ "run": {}, "day": {} }))]),
    section("Both fuses: budget", "budget", "`{}`.", || vec![in_command("budget", &json!({ "run": {}, "day": {} }))]),
    section("Signs of life: heartbeat", "heartbeat", "`{}`. What stands under *otherwise* is that of an interval of 60 s. [watch.md](../watch.md)", || {
        let running = in_command("command", &json!({ "argv": ["true"], "restart": "always" }));
        vec![with(with(running, "confirm", &json!("outcome")), "heartbeat", &json!({ "interval_seconds": 60 }))]
    }),
    section("Told of more than one run: alerts", "alerts", "`{}`. [alerts.md](../alerts.md)", || vec![in_command("alerts", &json!({}))]),
    section("Shared with others: uses", "uses[0]", "`{}`; a name alone will do. [delivery.md](../delivery.md)", || vec![in_command("uses", &json!([{ "pool": "openai" }]))]),
    section("Lent while it runs: secrets", "secrets[0]", "`{}`; a name alone will do. [secrets.md](../secrets.md)", || vec![in_command("secrets", &json!([{ "name": "OPENAI" }]))]),
    section("Asked before it happens: gate", "gate", "`{}`. [gates.md](../gates.md)", || {
        vec![with(in_command("confirm", &json!("outcome")), "gate", &json!({}))]
    }),
    section("How much of its past is kept: retention", "retention", "`{}`, where it is not as in the settings. [retention.md](../retention.md)", || {
        vec![in_command("retention", &json!({}))]
    }),
];

impl Section {
    const fn without(mut self, fields: &'static [&'static str]) -> Section {
        self.without = fields;
        self
    }
}

fn with(mut cue: Value, field: &str, value: &Value) -> Value {
    cue[field] = value.clone();
    cue
}

fn command() -> Value {
    json!({ "name": "c", "transport": "command", "schedule": { "type": "manual" }, "command": { "argv": ["true"] } })
}

fn webhook() -> Value {
    json!({ "name": "c", "schedule": { "type": "manual" }, "callback": { "url": "http://127.0.0.1:9000/run" } })
}

fn worker() -> Value {
    json!({ "name": "w", "transport": "worker", "schedule": { "type": "manual" }, "worker": {} })
}

fn in_command(field: &str, value: &Value) -> Value {
    with(command(), field, value)
}

fn checked(check: &Value) -> Value {
    in_command("checks", &json!([check]))
}

fn in_schedule(field: &str, value: &Value) -> Value {
    let mut cue = with(command(), "schedule", &json!({ "type": "recurring", "cron": "0 9 * * *" }));
    cue["schedule"][field] = value.clone();
    cue
}

fn schedules() -> Vec<Value> {
    let each = [
        json!({ "type": "recurring", "cron": "0 9 * * *" }),
        json!({ "type": "interval", "every_seconds": 300 }),
        json!({ "type": "once", "at": "2027-01-31T09:00:00+01:00" }),
        json!({ "type": "after", "cue": "other" }),
        json!({ "type": "manual" }),
    ];
    each.iter().map(|schedule| with(command(), "schedule", schedule)).collect()
}
