//! What can be called over MCP: for each tool the route that it is, and who is shown it.

use std::sync::Arc;

use axum::http::Method;
use rmcp::model::{Tool as Listed, ToolAnnotations};
use serde_json::{Map, Value};

use super::super::caller::Caller;
use super::super::problem::Problem;
use super::inside::written;
use super::schemas;
use crate::accounts::scopes::Scope;

/// One tool.
pub(super) struct Tool {
    pub name: &'static str,
    title: &'static str,
    says: &'static str,
    /// The route; what stands in braces is an argument.
    method: &'static str,
    path: &'static str,
    /// Arguments that stand in the query.
    query: &'static [&'static str],
    /// An argument's name, and the route's name for it.
    renamed: &'static [(&'static str, &'static str)],
    /// What is sent whatever the caller says.
    fixed: Option<(&'static str, &'static str)>,
    does: Does,
    /// What is not shown is refused by its route as well.
    shown_to: fn(&Caller) -> bool,
    /// A JSON schema. Where it says `additionalProperties: true`, what else there is goes to the route as it is.
    takes: fn() -> Value,
    pub waits: Waits,
}

/// For clients that ask their user first.
#[derive(Clone, Copy)]
enum Does {
    Reads,
    /// Twice is as good as once.
    Notes,
    Changes,
}

/// Whether the owner's answer is waited for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Waits {
    No,
    /// It asks, and then waits.
    ForItsGate,
    /// It is about a gate.
    AtAGate,
}

fn reads(caller: &Caller) -> bool {
    caller.reads().is_ok()
}

/// A run reads itself.
fn reads_some(caller: &Caller) -> bool {
    reads(caller) || caller.run_shown().is_some()
}

fn writes(caller: &Caller) -> bool {
    caller.writes_cues().is_ok()
}

fn reports(caller: &Caller) -> bool {
    caller.may(Scope::Report) || caller.run_shown().is_some()
}

fn beats(caller: &Caller) -> bool {
    caller.beats().is_ok() || caller.run_shown().is_some()
}

fn asks(caller: &Caller) -> bool {
    caller.asks().is_ok()
}

const RUN_TO_EXECUTION: &[(&str, &str)] = &[("run_id", "execution_id")];

const GET: &str = "GET";

const TOOL: Tool = Tool {
    name: "",
    title: "",
    says: "",
    method: GET,
    path: "",
    query: &[],
    renamed: &[],
    fixed: None,
    does: Does::Reads,
    shown_to: reads,
    takes: schemas::cue,
    waits: Waits::No,
};

pub(super) static TOOLS: [Tool; 16] = [
    Tool {
        name: "list_cues",
        title: "List cues",
        says: "The cues you may see: standing instructions, each with its schedule, status and next run.",
        path: "/v1/cues",
        query: &["status", "limit", "offset"],
        takes: schemas::cues,
        ..TOOL
    },
    Tool {
        name: "get_cue",
        title: "Show a cue",
        says: "One cue: its definition, how it stands, how its runs of the last seven days went, and the newest of them.",
        path: "/v1/cues/{cue_id}",
        shown_to: reads_some,
        ..TOOL
    },
    Tool {
        name: "create_cue",
        title: "Create a cue",
        says: "Makes a cue: what is to happen, when, and what counts as done. Any field of a cue of Cuetower may be given. \
               Commands, secrets and watched files need a key with the scope `commands`.",
        method: "POST",
        path: "/v1/cues",
        does: Does::Changes,
        shown_to: writes,
        takes: schemas::new_cue,
        ..TOOL
    },
    Tool {
        name: "pause_cue",
        title: "Pause a cue",
        says: "Nothing of this cue becomes due until it is resumed. What runs, goes on.",
        method: "PATCH",
        path: "/v1/cues/{cue_id}",
        fixed: Some(("status", "paused")),
        does: Does::Notes,
        shown_to: writes,
        ..TOOL
    },
    Tool {
        name: "resume_cue",
        title: "Resume a cue",
        says: "Lets a paused cue fire again.",
        method: "PATCH",
        path: "/v1/cues/{cue_id}",
        fixed: Some(("status", "active")),
        does: Does::Notes,
        shown_to: writes,
        ..TOOL
    },
    Tool {
        name: "fire_cue",
        title: "Fire a cue",
        says: "Has a cue run now, or at `send_at`. The answer's `id` is the run's. With the same idempotency_key nothing is \
               fired twice.",
        method: "POST",
        path: "/v1/cues/{cue_id}/fire",
        renamed: &[("payload", "payload_override")],
        does: Does::Changes,
        shown_to: writes,
        takes: schemas::fire,
        ..TOOL
    },
    Tool {
        name: "list_runs",
        title: "List runs",
        says: "Runs, the newest first: what became of each (`verdict`), and what was reported.",
        path: "/v1/executions",
        query: &["cue_id", "status", "limit", "offset"],
        takes: schemas::runs,
        ..TOOL
    },
    Tool {
        name: "get_run",
        title: "Show a run",
        says: "One run: its payload, attempts, outcome and verdict. The resource cuetower://runs/{run_id} tells it as text.",
        path: "/v1/executions/{run_id}",
        shown_to: reads_some,
        takes: schemas::run,
        ..TOOL
    },
    Tool {
        name: "begin_run",
        title: "Begin a run",
        says: "Says that you begin the work of a run whose cue has the transport `watch`: it waits for this sign. Later it is \
               a plain sign of life. A cue with the transport `worker` is claimed by a worker, not begun here.",
        method: "POST",
        path: "/v1/executions/{run_id}/heartbeat",
        does: Does::Notes,
        shown_to: beats,
        takes: schemas::run,
        ..TOOL
    },
    Tool {
        name: "report_outcome",
        title: "Report an outcome",
        says: "What became of a run, once, by whoever did its work. Say failures as failures; counts and evidence are held \
               against what the cue expects.",
        method: "POST",
        path: "/v1/executions/{run_id}/outcome",
        does: Does::Notes,
        shown_to: reports,
        takes: schemas::outcome,
        ..TOOL
    },
    Tool {
        name: "begin_step",
        title: "Begin a step",
        says: "Begins a durable step of a run. If the answer's state is `completed` it was done before: use its `output` and \
               do not do it again. Give its `idempotency_key` to whatever must happen only once. Refused with \
               `step_waits_for_owner`: call check_answer with the gate named there (`gate_id`), then begin again; if the answer has \
               an `input`, use that one.",
        method: "PUT",
        path: "/v1/executions/{run_id}/steps/{key}",
        does: Does::Notes,
        shown_to: reports,
        takes: schemas::begin_step,
        ..TOOL
    },
    Tool {
        name: "complete_step",
        title: "Complete a step",
        says: "Records what a step gave; from then on it is not done again in this run.",
        method: "POST",
        path: "/v1/executions/{run_id}/steps/{key}/complete",
        does: Does::Notes,
        shown_to: reports,
        takes: schemas::complete_step,
        ..TOOL
    },
    Tool {
        name: "fail_step",
        title: "Fail a step",
        says: "Records in one sentence that a step failed. It may be begun again.",
        method: "POST",
        path: "/v1/executions/{run_id}/steps/{key}/fail",
        does: Does::Notes,
        shown_to: reports,
        takes: schemas::fail_step,
        ..TOOL
    },
    Tool {
        name: "heartbeat",
        title: "Say that you are alive",
        says: "A sign of life of a run, of an agent, or of both; with what was used since the last one.",
        method: "POST",
        path: "/v1/heartbeats",
        renamed: RUN_TO_EXECUTION,
        does: Does::Changes,
        shown_to: beats,
        takes: schemas::heartbeat,
        ..TOOL
    },
    Tool {
        name: "ask_owner",
        title: "Ask the owner",
        says: "Asks the person whom this tower belongs to, and waits up to 25 s for the answer. Go on only if it says \
               `goes: true`; if the state is `edited`, with the `payload` in the answer and not with your own. While it is \
               `waiting`, call check_answer with its `id` as `gate_id`. Asked again with the same key and contents it \
               is the same question; other contents are a new one.",
        method: "POST",
        path: "/v1/gates",
        renamed: RUN_TO_EXECUTION,
        does: Does::Notes,
        shown_to: asks,
        takes: schemas::ask_owner,
        waits: Waits::ForItsGate,
        ..TOOL
    },
    Tool {
        name: "check_answer",
        title: "Hear the owner's answer",
        says: "How a question to the owner stands; waits up to 25 s for the answer.",
        path: "/v1/gates/{gate_id}",
        query: &["wait"],
        renamed: &[("wait_seconds", "wait")],
        shown_to: asks,
        takes: schemas::check_answer,
        waits: Waits::AtAGate,
        ..TOOL
    },
];

pub(super) fn named(name: &str) -> Option<&'static Tool> {
    TOOLS.iter().find(|tool| tool.name == name)
}

/// Those that this caller may use.
pub(super) fn open_to(caller: &Caller) -> Vec<Listed> {
    TOOLS.iter().filter(|tool| (tool.shown_to)(caller)).map(Tool::listed).collect()
}

/// A request to a route.
#[derive(Debug, PartialEq)]
pub(super) struct Wanted {
    pub method: Method,
    pub target: String,
    pub body: Option<Map<String, Value>>,
}

impl Tool {
    fn listed(&self) -> Listed {
        let hints = ToolAnnotations::with_title(self.title).open_world(false);
        let hints = match self.does {
            Does::Reads => hints.read_only(true),
            Does::Notes => hints.read_only(false).destructive(false).idempotent(true),
            Does::Changes => hints.read_only(false).destructive(false).idempotent(false),
        };
        Listed::new(self.name, self.says, Arc::new(self.schema())).with_title(self.title).with_annotations(hints)
    }

    pub fn schema(&self) -> Map<String, Value> {
        match (self.takes)() {
            Value::Object(schema) => schema,
            _ => Map::new(),
        }
    }

    /// What its route is asked for these arguments. A run that speaks for itself need not say which it is.
    pub fn wanted(&self, caller: &Caller, mut given: Map<String, Value>) -> Result<Wanted, Problem> {
        given.retain(|_, value| !value.is_null());
        let schema = self.schema();
        let known = |name: &String| schema["properties"].get(name).is_some();
        if schema["additionalProperties"] != true
            && let Some(name) = given.keys().find(|name| !known(name))
        {
            let name: String = name.chars().take(64).collect();
            return Err(Problem::field(name, format!("`{}` takes no such argument.", self.name)));
        }
        let mut target = self.way(caller, &mut given)?;
        for (said, meant) in self.renamed {
            if let Some(value) = given.remove(*said) {
                given.insert((*meant).to_owned(), value);
            }
        }
        for name in self.query {
            let Some(value) = given.remove(*name) else { continue };
            let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            target += if target.contains('?') { "&" } else { "?" };
            target += &format!("{name}={}", written(&text));
        }
        if let Some((name, value)) = self.fixed {
            given.insert(name.to_owned(), Value::from(value));
        }
        let body = (self.method != GET).then_some(given);
        let method = Method::from_bytes(self.method.as_bytes()).expect("the name of a method");
        Ok(Wanted { method, target, body })
    }

    /// The path with its arguments filled in, which are taken out of what was given.
    fn way(&self, caller: &Caller, given: &mut Map<String, Value>) -> Result<String, Problem> {
        let mut way = String::new();
        for part in self.path.split('/').skip(1) {
            way.push('/');
            let Some(name) = part.strip_prefix('{').and_then(|part| part.strip_suffix('}')) else {
                way += part;
                continue;
            };
            let own = || caller.run_shown().filter(|_| name == "run_id").map(|run| run.0.clone());
            let value = match given.remove(name) {
                Some(Value::String(text)) if !text.is_empty() => Some(text),
                Some(_) => return Err(Problem::field(name, "Input should be a text that is not empty")),
                None => own(),
            };
            way += &written(&value.ok_or_else(|| Problem::field(name, "Field required"))?);
        }
        Ok(way)
    }
}
