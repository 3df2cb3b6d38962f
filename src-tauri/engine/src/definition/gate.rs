//! `gate`: what the owner is asked before it happens, whether or not the agent asks.

use cuetower_core::cue::{Confirm, GateRules, Transport};
use cuetower_core::gate::{DEADLINE_MS_MAX, OnNoAnswer};
use serde_json::{Value, json};

use super::reading::{Object, Problems};
use super::writing::seconds;

const FIELDS: [&str; 5] = ["before_delivery", "before_confirmation", "steps", "deadline_seconds", "on_no_answer"];
const STEPS_MAX: usize = 50;
/// As long as a step's key may be, in bytes.
const STEP_BYTES_MAX: usize = 200;
const DEADLINE_S_LEAST: f64 = 1.0;

pub(super) fn read(
    top: &Object,
    transport: Option<&Transport>,
    confirm: Confirm,
    problems: &mut Problems,
) -> GateRules {
    let Some(section) = top.section("gate", &FIELDS, problems) else { return GateRules::default() };
    let before_delivery = section.flag("before_delivery", problems).unwrap_or(false);
    if before_delivery && transport.is_some_and(Transport::is_watch) {
        let message =
            "The tower does not start an agent that it only watches, so it cannot ask you before; leave this out.";
        problems.add("gate.before_delivery", message);
    }
    let steps = section.names("steps", STEPS_MAX, STEP_BYTES_MAX, problems);
    if let Some(long) = steps.iter().find(|step| step.len() > STEP_BYTES_MAX) {
        let place = section.place("steps");
        problems
            .add(&place, format!("The name of a step has at most {STEP_BYTES_MAX} bytes; {} has more.", shown(long)));
    }
    if !steps.is_empty() && confirm == Confirm::Delivery {
        let message = "With `confirm: delivery` a run is over as soon as it is delivered and begins no steps; write `outcome`, or leave this out.";
        problems.add(section.place("steps"), message);
    }
    let most = DEADLINE_MS_MAX as f64 / 1_000.0;
    let deadline_ms = section.seconds("deadline_seconds", DEADLINE_S_LEAST..=most, problems);
    let policies = OnNoAnswer::ALL.map(|policy| (policy.word(), policy));
    let on_no_answer = section.word("on_no_answer", &policies, &[], problems).unwrap_or_default();
    if on_no_answer != OnNoAnswer::KeepWaiting && section.get("deadline_seconds").is_none() {
        let policy = on_no_answer.word();
        let message =
            format!("`gate.on_no_answer: {policy}` needs `gate.deadline_seconds`: it says when nobody has answered.");
        problems.add("gate.deadline_seconds", message);
    }
    let before_confirmation = section.flag("before_confirmation", problems).unwrap_or(false);
    GateRules { before_delivery, before_confirmation, steps, deadline_ms, on_no_answer }
}

fn shown(name: &str) -> String {
    format!("`{}…`", name.chars().take(20).collect::<String>())
}

pub(super) fn written(rules: &GateRules) -> Value {
    json!({
        "before_delivery": rules.before_delivery,
        "before_confirmation": rules.before_confirmation,
        "steps": rules.steps,
        "deadline_seconds": rules.deadline_ms.map(seconds),
        "on_no_answer": rules.on_no_answer.word(),
    })
}
