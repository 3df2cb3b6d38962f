//! The JSON of a cue (SPEC §13, and CueAPI's shapes) to and from core's `CueDefinition`. Pure; `now` is handed in.
//!
//! Here: typed fields (`reading`), the sections (`schedule` with `parts`, `days`, `blackout`, `paths`, `instants`,
//! `sense`; `transport`, `pairs`, `policy`, `after`, `expecting`, `watching`, `uses`, `lending`, `checks`, `gate`, `program`), CueAPI's flat body (`flat`), changes (`changing`),
//! and the way back (`writing`, `writing_schedule`; into files `portable`).

mod after;
mod blackout;
mod changing;
mod checks;
mod days;
mod expecting;
mod flat;
mod gate;
mod instants;
mod lending;
mod pairs;
mod parts;
mod paths;
mod policy;
mod portable;
mod program;
mod reading;
#[cfg(test)]
pub(crate) mod reference;
mod schedule;
mod sense;
#[cfg(test)]
mod tests;
mod transport;
mod uses;
mod watching;
mod writing;
mod writing_schedule;

use cuetower_core::Ms;
use cuetower_core::check::Preflight;
use cuetower_core::cue::{Confirm, CueDefinition, Restart, Transport};
use cuetower_core::id::AccountId;
use cuetower_core::pool::Need;
use cuetower_core::schedule_spec::ScheduleSpec;
use serde_json::{Map, Value};

pub(crate) use self::expecting::{ASSERTION_CHARS_MAX, ASSERTIONS_MAX};
pub(crate) use self::lending::{in_pairs, renamed};
pub(crate) use self::pairs::{header_trouble, lies_open};
pub(crate) use self::portable::cues_named;
pub use self::portable::{Pause, portable, put_pause, take_pause};
pub use self::writing::write;

use self::reading::{Object, Problems};
use crate::vault::names_in;

/// One thing that does not fit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invalid {
    /// Path inside the body as it was handed in, such as `schedule.cron` or `command.argv[2]`.
    pub field: String,
    /// One sentence: what is wrong and what would be right. Never holds the value of a header or a variable.
    pub message: String,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Read {
    pub definition: CueDefinition,
    /// Top-level fields that no cue has. They were not used.
    pub unknown: Vec<String>,
}

/// What stands before a secret that is not shown; written back, it keeps the value.
const KEPT: &str = "••••";
const NAME_CHARS_MAX: usize = 255;
const DESCRIPTION_CHARS_MAX: usize = 10_000;
const PAYLOAD_BYTES_MAX: usize = 1024 * 1024;

const FIELDS: [&str; 31] = [
    "name",
    "description",
    "agent",
    "transport",
    "schedule",
    "command",
    "callback",
    "worker",
    "payload",
    "retry",
    "delivery",
    "confirm",
    "catch_up",
    "overlap",
    "expect",
    "on_failure",
    "on_success_fire",
    "budget",
    "heartbeat",
    "loops",
    "priority",
    "uses",
    "preflight",
    "checks",
    "verification",
    "alerts",
    "required_payload_keys",
    "require_payload_override",
    "secrets",
    "gate",
    "retention",
];

/// Reads a whole cue; fields that are left out or null get their defaults.
///
/// # Errors
/// Everything that does not fit, in the order of the fields; never empty.
pub fn read_new(json: &Value, now: Ms) -> Result<Read, Vec<Invalid>> {
    let mut problems = Problems::default();
    let unfolded = flat::unfolded(body(json)?, &mut problems);
    let read = read(&unfolded.body, now, None, problems);
    read.map_err(|problems| unfolded.as_written(problems))
}

/// Reads a change: the fields of `patch` replace those of `current`; sections such as `schedule` or `retry` are merged
/// field by field; `••••` keeps the value of a header or variable; a `once` instant that has passed may stand.
///
/// # Errors
/// As [`read_new`], for the cue as it would become.
pub fn read_change(current: &CueDefinition, patch: &Value, now: Ms) -> Result<Read, Vec<Invalid>> {
    let mut problems = Problems::default();
    let unfolded = flat::unfolded(body(patch)?, &mut problems);
    let read = read(&changing::changed(current, &unfolded.body), now, Some(&current.schedule), problems);
    read.map_err(|problems| unfolded.as_written(problems))
}

/// Reads a whole cue that takes the place of `current`: what is left out gets its default, `••••` keeps the value of a
/// header or variable, and a `once` instant that has passed may stand.
///
/// # Errors
/// As [`read_new`].
pub fn read_again(current: &CueDefinition, json: &Value, now: Ms) -> Result<Read, Vec<Invalid>> {
    let mut problems = Problems::default();
    let unfolded = flat::unfolded(body(json)?, &mut problems);
    let read = read(&changing::replacing(current, &unfolded.body), now, Some(&current.schedule), problems);
    read.map_err(|problems| unfolded.as_written(problems))
}

/// The JSON of a schedule alone, as [`write`] has it.
pub(crate) fn written_schedule(schedule: &ScheduleSpec) -> Value {
    writing_schedule::schedule(schedule)
}

/// The names in `{{secret:NAME}}`, those that checks look for, and those that its runs may lease, each once, in order of appearance.
#[must_use]
pub fn secret_names(definition: &CueDefinition) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    let sent = definition.transport.pairs().iter().flat_map(|(_, value)| names_in(value));
    let looked = definition.preflight.iter().map(|preflight| &preflight.check).chain(&definition.checks);
    for name in sent.chain(checks::secret_names(looked)).chain(definition.lends.iter().map(|lend| lend.name.clone())) {
        if !names.contains(&name) {
            names.push(name);
        }
    }
    names
}

fn body(json: &Value) -> Result<&Map<String, Value>, Vec<Invalid>> {
    let refusal = || Invalid { field: "definition".to_owned(), message: "A cue must be a JSON object.".to_owned() };
    json.as_object().ok_or_else(|| vec![refusal()])
}

fn read(
    body: &Map<String, Value>,
    now: Ms,
    standing: Option<&ScheduleSpec>,
    mut problems: Problems,
) -> Result<Read, Vec<Invalid>> {
    let top = Object::top(body);
    let all = &mut problems;
    let name = name(&top, all);
    let description = top.text_within("description", DESCRIPTION_CHARS_MAX, all).map(str::to_owned);
    let agent = top.text_within("agent", NAME_CHARS_MAX, all).unwrap_or_default().to_owned();
    if agent.chars().any(char::is_control) {
        all.add("agent", "An agent's name is one line of text without control characters.");
    }
    let schedule = schedule::read(&top, now, standing, all);
    let transport = transport::read(&top, all);
    let payload = payload(&top, all);
    let retry = policy::retry(&top, transport.as_ref(), all);
    let delivery = policy::delivery(&top, transport.as_ref(), all);
    let confirm = policy::confirm(&top, transport.as_ref(), all);
    let catch_up = policy::catch_up(&top, transport.as_ref(), all);
    let overlap = policy::overlap(&top, schedule.as_ref(), transport.as_ref(), all);
    let mut expect = expecting::read(&top, all);
    let alerts = after::alerts(&top, all);
    let fires = after::fires(&top, all);
    let (pause_on_failure, on_failure) = after::on_failure(&top, all);
    let on_success_fire = after::on_success_fire(&top, all);
    let budget = watching::budget(&top, all);
    let heartbeat = watching::heartbeat(&top, transport.as_ref(), all);
    let loops = watching::loops(&top, all);
    let priority = after::priority(&top, all);
    let uses = uses::read(&top, all);
    let preflight = checks::preflight(&top, all);
    let (checks, manual_check) = checks::after(&top, all);
    let gate = gate::read(&top, transport.as_ref(), confirm, all);
    expect.manual |= manual_check || gate.before_confirmation;
    expect.manual_check = manual_check;
    policy::checked(&top, transport.as_ref(), confirm, all);
    without_effect(transport.as_ref(), confirm, &uses, &preflight, all);
    let watched = (heartbeat.as_ref(), &budget, loops);
    watching::over_at_once(watched, (schedule.as_ref(), transport.as_ref(), confirm), all);
    let lends = lending::read(&top, all);
    let retention = policy::retention(&top, all);
    problems.none()?;
    let (Some(name), Some(schedule), Some(transport)) = (name, schedule, transport) else {
        unreachable!("each of these is missing only with a problem noted");
    };
    let definition = CueDefinition {
        account: AccountId::OWNER,
        name,
        description,
        agent,
        schedule,
        transport,
        payload,
        retry,
        delivery,
        confirm,
        catch_up,
        overlap,
        expect,
        alerts,
        fires,
        pause_on_failure,
        on_failure,
        on_success_fire,
        budget,
        heartbeat,
        loops,
        uses,
        preflight,
        checks,
        priority,
        lends,
        gate,
        retention,
    };
    Ok(Read { definition, unknown: unknown(body) })
}

/// Its fields that no cue has.
pub fn unknown(body: &Map<String, Value>) -> Vec<String> {
    body.keys().filter(|field| !FIELDS.contains(&field.as_str())).cloned().collect()
}

/// What would be kept and never mean anything.
fn without_effect(
    transport: Option<&Transport>,
    confirm: Confirm,
    uses: &[Need],
    preflight: &[Preflight],
    problems: &mut Problems,
) {
    match transport {
        Some(Transport::Watch) => {
            for (field, is_there) in [("uses", !uses.is_empty()), ("preflight", !preflight.is_empty())] {
                if is_there {
                    let message = format!(
                        "The tower does not start an agent that it only watches, so nothing waits for `{field}`; leave it out."
                    );
                    problems.add(field, message);
                }
            }
        }
        Some(Transport::Command(command)) if command.restart != Restart::Never && confirm == Confirm::Delivery => {
            let message = "Confirmed by its start alone, its run would end there, and nothing would start it again; write `outcome` or `exit_code`, or `\"restart\": \"never\"`.";
            problems.add("confirm", message);
        }
        Some(Transport::Webhook(_) | Transport::Worker(_) | Transport::Command(_)) | None => {}
    }
}

fn name(top: &Object, problems: &mut Problems) -> Option<String> {
    let name = top.required_text("name", "a cue needs one, of 1 to 255 characters", problems)?;
    if name.trim().is_empty() || name.chars().count() > NAME_CHARS_MAX {
        problems.add("name", "A name has 1 to 255 characters.");
        return None;
    }
    if name.chars().any(char::is_control) {
        problems.add("name", "A name is one line of text without control characters.");
        return None;
    }
    Some(name.to_owned())
}

fn payload(top: &Object, problems: &mut Problems) -> Value {
    match top.get("payload") {
        None => Value::Object(Map::new()),
        Some(payload) if !payload.is_object() => {
            problems.mistyped("payload", "an object", payload);
            Value::Null
        }
        Some(payload) => {
            if holds_nul(payload) {
                problems.add("payload", "Payload contains null bytes which are not supported.");
            }
            if payload.to_string().len() > PAYLOAD_BYTES_MAX {
                problems.add("payload", "The payload is longer than 1 MiB of JSON; send a reference to it instead.");
            }
            payload.clone()
        }
    }
}

/// CueAPI's store cannot keep one, and its clients expect to be told.
pub(crate) fn holds_nul(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
        Value::String(text) => text.contains('\0'),
        Value::Array(list) => list.iter().any(holds_nul),
        Value::Object(map) => map.iter().any(|(key, value)| key.contains('\0') || holds_nul(value)),
    }
}
