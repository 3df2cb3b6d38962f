//! Every route of the door in a line: what it does, what opens it, what it takes. What it answers is in `shapes`.

use Body::{Any, Changes, Cue, Fields, Nothing, Tool};
use Opens::{Free, Key, Scope, Token};

/// What opens a route.
#[derive(Clone, Copy)]
pub(super) enum Opens {
    /// Open to whoever is on this machine, or its address is the credential.
    Free,
    /// Any good key; true: or the token of a run.
    Key(bool),
    /// The token of a run, and no key.
    Token,
    /// A key with this scope; true: or the token of the run in question.
    Scope(&'static str, bool),
}

/// What stands in the body.
#[derive(Clone, Copy)]
pub(super) enum Body {
    Nothing,
    /// A whole cue.
    Cue,
    /// Some fields of one.
    Changes,
    /// What the MCP tool of this name takes, as far as it is not in the path.
    Tool(&'static str),
    /// Each as `name:type`, `name!:type` if it must be there, and what it is.
    Fields(&'static [(&'static str, &'static str)]),
    /// Something else, in words.
    Any(&'static str),
}

pub(super) struct Route {
    /// "GET /v1/cues"
    pub route: &'static str,
    pub says: &'static str,
    pub opens: Opens,
    /// Names in the query, each with what it is.
    pub query: &'static [(&'static str, &'static str)],
    pub body: Body,
}

const fn route(route: &'static str, says: &'static str, opens: Opens, body: Body) -> Route {
    Route { route, says, opens, query: &[], body }
}

impl Route {
    const fn asks(mut self, query: &'static [(&'static str, &'static str)]) -> Route {
        self.query = query;
        self
    }
}

const READ: Opens = Scope("cues:read", false);
const READ_OWN: Opens = Scope("cues:read", true);
const WRITE: Opens = Scope("cues:write", false);
const CLAIM: Opens = Scope("claim", false);
const REPORT: Opens = Scope("report", true);
const TALK: Opens = Scope("report", false);
const BEAT: Opens = Scope("heartbeat", true);
const RUNNER: Opens = Scope("heartbeat", false);

const LIMIT: (&str, &str) = ("limit", "How many at most");
const OFFSET: (&str, &str) = ("offset", "How many of the first are left out");
const PAGE: &[(&str, &str)] = &[LIMIT, OFFSET];
const PING: &[(&str, &str)] = &[
    ("rid", "Which try it is about, if several may be under way"),
    ("at", "When it happened, if it is told later"),
    ("cpu_ms", "Processor time that was needed"),
    ("max_rss_bytes", "The most memory that was needed"),
];
const OUTPUT: Body = Any("Text; its last 64 KiB are kept");
const BEATS: Body = Fields(&[
    ("agent!:text", "The agent's name"),
    ("status:text", "`ok`, `warning`, `error`, or `shutdown` for a goodbye"),
    ("message:text", "What it is doing"),
    ("tokens_used:whole", "Since the last one"),
    ("cost_usd:number", "Since the last one"),
    ("progress:number", "A number that grows with the work"),
]);
const SUBSCRIPTION: Body = Fields(&[
    ("event_type!:text", "Of what"),
    ("delivery_target!:text", "`pull` or `webhook`"),
    ("webhook_url:text", "Of `webhook`"),
    ("inline_body:flag", "The message comes along"),
]);
const USED: Body = Fields(&[
    ("rate_limited:flag", "The resource said that it is too much"),
    ("retry_after_seconds:number", "For how long, with `rate_limited`"),
    ("tokens:whole", "Used so far, altogether"),
]);

pub(super) const ROUTES: &[Route] = &[
    route("GET /health", "Whether the tower works, part by part", Free, Nothing),
    route("GET /status", "Whether the tower works, in a word", Free, Nothing),
    route("GET /metrics", "The tower's figures for Prometheus, if its settings have them served", READ, Nothing),
    route("GET /openapi.json", "This description", Free, Nothing),
    route("GET /v1/info", "Its version", Free, Nothing),
    route("GET /v1/cues", "Cues", READ, Nothing).asks(&[
        ("status", "`active`, `paused`, `completed` or `failed`"),
        LIMIT,
        OFFSET,
    ]),
    route("POST /v1/cues", "Makes a cue. One that runs programs needs the scope `commands` as well", WRITE, Cue),
    route("GET /v1/cues/{id}", "One cue with its newest executions", READ_OWN, Nothing).asks(&[
        ("execution_limit", "How many of its executions at most"),
        ("execution_offset", "How many of the newest are left out"),
    ]),
    route("PATCH /v1/cues/{id}", "Changes a cue: sections are merged field by field", WRITE, Changes),
    route("DELETE /v1/cues/{id}", "Deletes a cue; its history stays", WRITE, Nothing),
    route(
        "POST /v1/cues/bulk-delete",
        "Deletes several. Needs the header `X-Confirm-Destructive: true`",
        WRITE,
        Fields(&[("ids!:list", "1 to 100 ids")]),
    ),
    route(
        "POST /v1/cues/{id}/fire",
        "Fires a cue, now or later. The header `Idempotency-Key` may stand in the place of the field",
        WRITE,
        Fields(&[
            ("payload_override:object", "Laid over the cue's own payload"),
            ("merge_strategy:text", "`merge`, or `replace`: the cue's own payload is left out"),
            ("send_at:instant", "Later"),
            ("idempotency_key:text", "Fires once in 24 hours; 1 to 256 characters"),
            ("exit_criteria:list", "Assertions that its success must make"),
        ]),
    ),
    route(
        "POST /v1/triggers/{token}",
        "Fires the cue whose trigger URL this is",
        Free,
        Any("An object is the payload; anything else is its field `body`; nothing: the cue's own"),
    ),
    route("GET /v1/executions", "Executions: what waits to begin first, then the newest", READ, Nothing).asks(&[
        ("cue_id", "Of this cue alone"),
        ("status", "Of this status alone"),
        ("status__in", "Of these, separated by commas"),
        ("triggered_by", "Begun so"),
        ("worker_id", "Claimed by this worker"),
        ("outcome_state", "With such an outcome"),
        ("result_type", "With such a result"),
        ("has_evidence", "With something to show, or without"),
        LIMIT,
        OFFSET,
    ]),
    route("GET /v1/executions/{id}", "One execution", READ_OWN, Nothing),
    route("POST /v1/executions/{id}/outcome", "Reports the outcome, once", REPORT, Tool("report_outcome")),
    route(
        "PATCH /v1/executions/{id}/evidence",
        "More to show for an outcome; what is left out stays",
        REPORT,
        Any(
            "Fields of an outcome: `summary`, `external_id`, `result_url`, `result_ref`, `result_type`, `artifacts`, `assertions`, `metadata`",
        ),
    ),
    route("POST /v1/executions/{id}/verification-pending", "Somebody is to look at it", REPORT, Nothing),
    route(
        "POST /v1/executions/{id}/verify",
        "Says whether what was reported is so",
        WRITE,
        Fields(&[("valid:flag", "true if it is left out"), ("reason:text", "Why, up to 500 characters")]),
    ),
    route("POST /v1/executions/{id}/replay", "Fires it again with the same payload", WRITE, Nothing),
    route("GET /v1/executions/{id}/steps", "Its steps, level by level", READ_OWN, Nothing).asks(&[
        ("parent", "What stands right under this step; at the top if it is left out"),
        LIMIT,
        OFFSET,
    ]),
    route(
        "PUT /v1/executions/{id}/steps/{key}",
        "Begins a step: 201 if it is to be done, 200 with its output if it was",
        REPORT,
        Tool("begin_step"),
    ),
    route("POST /v1/executions/{id}/steps/{key}/complete", "Completes a step", REPORT, Tool("complete_step")),
    route("POST /v1/executions/{id}/steps/{key}/fail", "Says that a step failed", REPORT, Tool("fail_step")),
    route("GET /v1/executions/claimable", "What a worker may claim", CLAIM, Nothing).asks(&[
        ("task", "With this task in its payload"),
        ("agent", "For this agent"),
        ("wait", "Until there is something, so many seconds, 25 at most"),
    ]),
    route(
        "POST /v1/executions/claim",
        "Claims the first that fits",
        CLAIM,
        Fields(&[
            ("worker_id!:text", "Who claims; 1 to 255 characters"),
            ("task:text", "With this task in its payload"),
            ("tasks:list", "With one of these"),
            ("wait:whole", "Until there is something, so many seconds, 25 at most"),
        ]),
    ),
    route(
        "POST /v1/executions/{id}/claim",
        "Claims this one",
        CLAIM,
        Fields(&[("worker_id!:text", "Who claims; 1 to 255 characters")]),
    ),
    route(
        "POST /v1/executions/{id}/live-claim",
        "A session of a person's own tool says that it has it",
        CLAIM,
        Fields(&[("session_token!:text", "The session's")]),
    ),
    route("POST /v1/executions/{id}/heartbeat", "A sign of life: lease and deadline begin anew", BEAT, Nothing),
    route(
        "POST /v1/executions/{id}/release",
        "Gives it back undone",
        REPORT,
        Fields(&[("worker_id:text", "Who had claimed it"), ("reason:text", "Why, up to 500 characters")]),
    ),
    route(
        "POST /v1/worker/heartbeat",
        "A worker lives, and can do these tasks",
        CLAIM,
        Fields(&[("worker_id!:text", "Who"), ("handlers:list", "Tasks, up to 200")]),
    ),
    route("GET /v1/workers", "Workers and when they were last heard", READ, Nothing),
    route("DELETE /v1/workers/{id}", "Forgets a worker", CLAIM, Nothing),
    route("POST /v1/heartbeats", "A sign of life of an agent, of a run, or of both", BEAT, Tool("heartbeat")),
    route(
        "POST /v1/gates",
        "Asks the owner; the same key and contents are the same question",
        Scope("ask", true),
        Tool("ask_owner"),
    ),
    route("GET /v1/gates/{id}", "How the question stands", Scope("ask", true), Nothing)
        .asks(&[("wait", "Until there is an answer, so many seconds, 25 at most")]),
    route("GET /v1/secrets/{name}", "Lends a secret that the cue grants its runs", Token, Nothing)
        .asks(&[("tool", "For which tool")]),
    route(
        "POST /v1/pools/{name}/permits",
        "Asks for a permit; 202 while it waits: ask again with its id",
        REPORT,
        Fields(&[
            ("permit:text", "The id, when it asks again"),
            ("agent:text", "Who it is, to be shown"),
            ("weight:whole", "How much it takes; 1 if it is left out"),
            ("tokens:whole", "How many it will use, estimated"),
            ("priority:whole", "Higher goes first"),
            ("lease_seconds:number", "For how long it is good without a renewal"),
            ("wait_seconds:number", "This request waits so long, 25 at most"),
            ("pools:list", "More pools, or more about this one"),
        ]),
    ),
    route("PATCH /v1/pools/{name}/permits/{permit}", "Renews a permit", REPORT, USED),
    route(
        "DELETE /v1/pools/{name}/permits/{permit}",
        "Gives a permit back",
        REPORT,
        Fields(&[("tokens:whole", "Really used")]),
    )
    .asks(&[("tokens", "Really used, where no body can be sent")]),
    route(
        "POST /v1/traces",
        "OTLP over HTTP: spans become steps",
        Scope("otlp", true),
        Any("ExportTraceServiceRequest, as protobuf or JSON, packed or not"),
    ),
    route("GET /ping/{key}", "A watched job is done", Free, Nothing).asks(PING),
    route("POST /ping/{key}", "A watched job is done", Free, OUTPUT).asks(PING),
    route("GET /ping/{key}/{word}", "`start`, `fail`, `log`, or an exit code from 0 to 255", Free, Nothing).asks(PING),
    route("POST /ping/{key}/{word}", "`start`, `fail`, `log`, or an exit code from 0 to 255", Free, OUTPUT).asks(PING),
    route("POST /mcp", "The Model Context Protocol", Key(true), Any("A message of JSON-RPC")),
    route("GET /v1/alerts", "Alerts, the newest first", READ, Nothing).asks(&[
        ("alert_type", "Of this kind"),
        ("since", "Since this instant or day"),
        ("cue_id", "Of this cue"),
        ("acknowledged", "Those that were seen, or those that were not"),
        LIMIT,
        OFFSET,
    ]),
    route("POST /v1/alerts/{id}/acknowledge", "It is seen", WRITE, Nothing),
    route("GET /v1/usage", "What was used this month", READ, Nothing),
    route(
        "POST /v1/auth/register",
        "Registers an account, where the owner lets",
        Free,
        Fields(&[("email!:text", "Whose")]),
    ),
    route("POST /v1/auth/session", "Begins a session", Free, Fields(&[("token!:text", "From a sign-in")])),
    route("POST /v1/auth/session/refresh", "Goes on with a session", Key(false), Nothing),
    route(
        "POST /v1/auth/device-code",
        "A program asks to sign in",
        Free,
        Fields(&[("device_code!:text", "Of its own choice, 6 to 128 characters")]),
    ),
    route(
        "POST /v1/auth/device-code/submit-email",
        "For whom",
        Free,
        Fields(&[("device_code!:text", "The same"), ("email!:text", "Whose")]),
    ),
    route(
        "POST /v1/auth/device-code/poll",
        "Whether the owner allowed it",
        Free,
        Fields(&[("device_code!:text", "The same")]),
    ),
    route("GET /v1/auth/verify", "A page that says what to do", Free, Nothing)
        .asks(&[("device_code", "The code"), ("code", "The same")]),
    route("GET /v1/auth/me", "Whose key it is", Key(false), Nothing),
    route(
        "PATCH /v1/auth/me",
        "Changes the account",
        WRITE,
        Fields(&[("email:text", "Another"), ("alert_webhook_url:text", "What is told of alerts; empty: nothing")]),
    ),
    route("GET /v1/auth/key", "The key, where it can be shown", Key(false), Nothing),
    route("POST /v1/auth/key/regenerate", "A new key. Needs `X-Confirm-Destructive: true`", Key(false), Nothing),
    route("GET /v1/auth/webhook-secret", "What web hooks are signed with", WRITE, Nothing),
    route("POST /v1/auth/webhook-secret/regenerate", "Another. Needs `X-Confirm-Destructive: true`", WRITE, Nothing),
    route("GET /v1/auth/alert-webhook-secret", "What alerts are signed with", WRITE, Nothing),
    route(
        "POST /v1/auth/alert-webhook-secret/regenerate",
        "Another. Needs `X-Confirm-Destructive: true`",
        WRITE,
        Nothing,
    ),
    route(
        "POST /v1/echo/{token}",
        "Keeps a body for 15 minutes, for whoever tries a web hook",
        Free,
        Any("JSON under 1 MB"),
    ),
    route("GET /v1/echo/{token}", "What came in there", READ, Nothing),
    route("POST /api/v1/heartbeat", "ClevAgent's beat", BEAT, BEATS),
    route(
        "POST /api/v1/heartbeat/batch",
        "Several of them: all or none",
        BEAT,
        Any("A list of beats, or an object with `heartbeats`"),
    ),
    route("GET /api/v1/status", "Agents by name", RUNNER, Nothing).asks(PAGE),
    route("GET /api/v1/commands", "What a runner is to do now", RUNNER, Nothing),
    route(
        "POST /api/v1/commands/{id}/result",
        "What became of a command",
        RUNNER,
        Fields(&[("status!:text", "`completed`, `failed` or `rejected`"), ("message:text", "In words")]),
    ),
    route(
        "POST /v1/messages",
        "Sends a message. The header `X-Cueapi-From-Agent` says who sends it",
        Scope("report", true),
        Fields(&[
            ("to!:text", "An agent: its id, or slug@account"),
            ("body!:text", "The message"),
            ("subject:text", "Up to 255 characters"),
            ("reply_to:text", "The id of the message that it answers"),
            ("priority:whole", "1 to 5; 3 if it is left out"),
            ("expects_reply:flag", "An answer is wanted"),
            ("reply_to_agent:text", "Who gets the answer"),
            ("metadata:object", "Anything else"),
            ("correlation_id:text", "Up to 255 characters"),
            ("send_at:instant", "Later"),
        ]),
    ),
    route("GET /v1/messages/{id}", "One message", TALK, Nothing),
    route("POST /v1/messages/{id}/read", "It is read", TALK, Nothing),
    route("POST /v1/messages/{id}/ack", "It is dealt with", TALK, Nothing),
    route("GET /v1/agents", "Agents that can be written to", TALK, Nothing).asks(&[
        ("status", "`online`, `offline` or `away`"),
        ("include_deleted", "Those that were deleted, too"),
        LIMIT,
        OFFSET,
    ]),
    route(
        "POST /v1/agents",
        "A new one",
        TALK,
        Fields(&[
            ("display_name!:text", "For people"),
            ("slug:text", "How it is addressed, up to 64 characters"),
            ("webhook_url:text", "Where messages are pushed to"),
            ("metadata:object", "Anything else"),
        ]),
    ),
    route("GET /v1/agents/roster", "All of them in brief", TALK, Nothing),
    route("GET /v1/agents/{id}", "One", TALK, Nothing).asks(&[("include_deleted", "Also if it was deleted")]),
    route(
        "PATCH /v1/agents/{id}",
        "Changes one",
        TALK,
        Fields(&[
            ("display_name:text", "For people"),
            ("webhook_url:text", "Where messages are pushed to; empty: nowhere"),
            ("status:text", "`online`, `offline` or `away`"),
            ("metadata:object", "Anything else"),
        ]),
    ),
    route("DELETE /v1/agents/{id}", "Deletes one", TALK, Nothing),
    route("GET /v1/agents/{id}/webhook-secret", "What its messages are signed with", TALK, Nothing),
    route(
        "POST /v1/agents/{id}/webhook-secret/regenerate",
        "Another. Needs `X-Confirm-Destructive: true`",
        TALK,
        Nothing,
    ),
    route("GET /v1/agents/{id}/inbox", "What came for it", TALK, Nothing).asks(MAIL),
    route("GET /v1/agents/{id}/sent", "What it sent", TALK, Nothing).asks(MAIL),
    route(
        "POST /v1/agents/{id}/attachments",
        "A daemon holds a session of it",
        TALK,
        Fields(&[
            ("label!:text", "Which"),
            ("task_name!:text", "What it does"),
            ("ipc_session_token!:text", "A ULID"),
            ("attached_at:instant", "Since when"),
            ("monitor_version:text", "Of the daemon"),
        ]),
    ),
    route("DELETE /v1/agents/{id}/attachments/{token}", "It holds it no more", TALK, Nothing),
    route(
        "POST /v1/agents/reconcile-attachments",
        "All that a daemon holds",
        TALK,
        Fields(&[("daemon_id!:text", "A UUID"), ("reconciled_at!:instant", "When"), ("attachments:list", "Each")]),
    ),
    route(
        "POST /v1/agents/{id}/live-sessions",
        "A person's own tool works for it",
        TALK,
        Fields(&[
            ("label!:text", "Which"),
            ("cue_id!:text", "For which cue"),
            ("task_name!:text", "For which task"),
            ("is_default:flag", "Unless another is said"),
            ("monitor_version:text", "Of the tool"),
            ("session_token:text", "What it shows"),
        ]),
    ),
    route("GET /v1/agents/{id}/live-sessions", "Those that there are", TALK, Nothing)
        .asks(&[("include_detached", "Those that have gone, too")]),
    route(
        "PATCH /v1/agents/{id}/live-sessions/{label}",
        "Changes one",
        TALK,
        Fields(&[("is_default:flag", "Unless another is said"), ("session_token:text", "What it shows")]),
    ),
    route("DELETE /v1/agents/{id}/live-sessions/{label}", "It has gone", TALK, Nothing),
    route(
        "POST /v1/agents/{id}/live-sessions/{label}/heartbeat",
        "It lives",
        TALK,
        Fields(&[("monitor_version:text", "Of the tool")]),
    ),
    route("POST /v1/agents/{id}/subscriptions", "It wants to hear of something", TALK, SUBSCRIPTION),
    route("GET /v1/agents/{id}/subscriptions", "What it hears of", TALK, Nothing),
    route("DELETE /v1/agents/{id}/subscriptions/{subscription}", "No more", TALK, Nothing),
    route(
        "PATCH /v1/agents/{id}/subscriptions/{subscription}/ack",
        "Everything up to here is dealt with",
        TALK,
        Fields(&[("acked_event_id!:whole", "The last one")]),
    ),
    route("GET /v1/agents/{id}/events", "What came after an event", TALK, Nothing).asks(&[
        ("since", "After this one"),
        ("event_type", "Of this kind"),
        ("wait", "`long`, or seconds: until something comes"),
        LIMIT,
    ]),
];

const MAIL: &[(&str, &str)] = &[
    ("state", "In this state"),
    ("since", "Since this instant"),
    ("counterpart", "From or to this agent"),
    ("thread_id", "Of this thread"),
    ("count_only", "Only how many"),
    LIMIT,
    OFFSET,
];
