//! Runs as resources: `cuetower://runs/{id}` is a run as text, as the owner reads it. Whoever may ask the routes for it may read it.

use std::collections::HashMap;
use std::fmt::Write as _;

use axum::http::Method;
use cuetower_core::plain::plain;
use cuetower_core::run::Run;
use cuetower_core::sentence;
use rmcp::model::{Resource, ResourceTemplate};
use serde_json::Value;

use super::super::problem::Problem;
use super::super::{Door, wire};
use super::inside::{Answer, Asker, written};

const SCHEME: &str = "cuetower://runs/";
/// Runs that are listed: the newest.
const LISTED: u32 = 50;
const STEPS_SHOWN: u32 = 200;
const ID_BYTES_MAX: usize = 100;
/// Of a payload, and of each fact that was reported.
const CHARS_MAX: usize = 4_000;

pub(super) fn template() -> ResourceTemplate {
    ResourceTemplate::new("cuetower://runs/{run_id}", "run")
        .with_title("The story of a run")
        .with_description(
            "What it was given, what became of it, its steps, its outcome, and what was found to prove it.",
        )
        .with_mime_type("text/plain")
}

/// The run that this URI names.
pub(super) fn run_in(uri: &str) -> Option<&str> {
    let id = uri.strip_prefix(SCHEME)?;
    let is_plain = id.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_');
    (is_plain && (1..=ID_BYTES_MAX).contains(&id.len())).then_some(id)
}

/// The newest runs that the caller may see; none, if it may see none.
pub(super) async fn newest(door: &Door, asker: &Asker) -> Result<Vec<Resource>, Problem> {
    let own = asker.caller().only_run().map(|run| format!("/v1/executions/{}", written(&run.0)));
    let target = own.clone().unwrap_or_else(|| format!("/v1/executions?limit={LISTED}"));
    let Answer::Done(mut answer) = asker.ask(Method::GET, &target, None).await? else { return Ok(Vec::new()) };
    let runs: Vec<Value> = match own {
        Some(_) => vec![answer],
        None => answer["executions"].as_array_mut().map(std::mem::take).unwrap_or_default(),
    };
    let mut names: HashMap<String, String> = HashMap::new();
    let mut listed = Vec::with_capacity(runs.len());
    for run in &runs {
        let text = |field: &str| run[field].as_str().unwrap_or_default();
        let (id, cue_id) = (text("id"), text("cue_id"));
        if !names.contains_key(cue_id) {
            let cue = door.handle.reader().cue(cue_id.to_owned()).await?;
            names.insert(cue_id.to_owned(), cue.map_or_else(|| cue_id.to_owned(), |cue| cue.definition.name.clone()));
        }
        let state = run["verdict"].as_str().unwrap_or_else(|| text("status"));
        let title = format!("{}: {state}, due {}", names[cue_id], text("scheduled_for"));
        let resource =
            Resource::new(format!("{SCHEME}{id}"), id).with_title(plain(&title)).with_mime_type("text/plain");
        listed.push(resource);
    }
    Ok(listed)
}

/// The run as text.
pub(super) async fn of(door: &Door, asker: &Asker, id: &str) -> Result<String, Problem> {
    let asked = asker.ask(Method::GET, &format!("/v1/executions/{}", written(id)), None).await?;
    let execution = match asked {
        Answer::Done(execution) => execution,
        Answer::Refused(error) => {
            let missing = Problem::no_execution();
            let message = error["message"].as_str().map_or_else(|| missing.message.clone(), str::to_owned);
            return Err(Problem { message, ..missing });
        }
    };
    let Some(run) = door.handle.reader().run(id.to_owned()).await? else {
        let text = |field: &str| execution[field].as_str().unwrap_or_default().to_owned();
        let why = Some(text("error_message")).filter(|why| !why.is_empty());
        let why = why.unwrap_or_else(|| "It has not begun.".to_owned());
        return Ok(plain(&format!("Run {id}, due {}, {}. {why}\n", text("scheduled_for"), text("status"))).into_owned());
    };
    let steps = format!("/v1/executions/{}/steps?limit={STEPS_SHOWN}", written(id));
    let steps = match asker.ask(Method::GET, &steps, None).await? {
        Answer::Done(steps) => steps,
        Answer::Refused(_) => Value::Null,
    };
    Ok(plain(&told(&run, &execution, &steps)).into_owned())
}

fn told(run: &Run, execution: &Value, steps: &Value) -> String {
    let mut story = String::new();
    let mut line = |text: String| {
        story += &text;
        story.push('\n');
    };
    let status = execution["status"].as_str().unwrap_or_default();
    let state = run.verdict().map_or(status, |verdict| verdict.word());
    let definition = &run.definition;
    line(format!("{}: {state}", one_line(&definition.name)));
    line(sentence::of_run(run));
    line(String::new());
    let agent = if definition.agent.is_empty() { String::new() } else { format!(" Agent: {}.", definition.agent) };
    let due = wire::time(run.due);
    let due = due.as_str().unwrap_or_default();
    line(format!("Run {} of cue {}, due {due}, by {}.{agent}", run.id, run.cue_id, run.trigger.word()));
    line(format!("Payload: {}", cut(&run.payload.to_string())));
    line(String::new());
    line("Attempts".to_owned());
    for attempt in &run.attempts {
        let words = if attempt.words.is_empty() { String::new() } else { format!(": {}", one_line(&attempt.words)) };
        line(format!("{}. {}{words}", attempt.number, attempt.state.word()));
    }
    steps_told(steps, &mut line);
    if !run.gates.is_empty() {
        line(String::new());
        line("Asked of the owner".to_owned());
        let mut gates: Vec<_> = run.gates.iter().collect();
        gates.sort_by_key(|gate| gate.asked_at);
        for gate in gates {
            let comment =
                gate.settled.as_ref().filter(|_| gate.state() != "waiting").and_then(|it| it.comment.as_ref());
            let comment = comment.map_or_else(String::new, |words| format!(", {}", one_line(words)));
            line(format!("- {}: {}{comment}", one_line(&gate.title), gate.state()));
        }
    }
    if let Some(outcome) = execution["outcome"].as_object() {
        line(String::new());
        let success = outcome.get("success") == Some(&Value::Bool(true));
        line(format!("Outcome: {}", if success { "success" } else { "failure" }));
        for (field, value) in outcome {
            let is_said =
                !matches!(value, Value::Null) && *value != serde_json::json!([]) && *value != serde_json::json!({});
            if is_said && !["success", "late", "validation_state"].contains(&field.as_str()) {
                let text = value.as_str().map_or_else(|| value.to_string(), one_line);
                line(format!("- {field}: {}", cut(&text)));
            }
        }
    }
    if !run.findings.is_empty() {
        line(String::new());
        line("Proof".to_owned());
        for finding in &run.findings {
            let held = if finding.passed { "yes" } else { "no" };
            line(format!("- {}: {held}, {}", one_line(&finding.claim), one_line(&finding.found)));
        }
    }
    if !run.notes.is_empty() {
        line(String::new());
        line("Notes".to_owned());
        for note in &run.notes {
            line(format!("- {}", one_line(&note.words)));
        }
    }
    story
}

fn steps_told(steps: &Value, line: &mut impl FnMut(String)) {
    let Some(list) = steps["steps"].as_array().filter(|list| !list.is_empty()) else { return };
    let total = steps["total"].as_u64().unwrap_or_default();
    let shown = list.len() as u64;
    line(String::new());
    line(if total > shown { format!("Steps, the first {shown} of {total}") } else { "Steps".to_owned() });
    for step in list {
        let text = |field: &str| one_line(step[field].as_str().unwrap_or_default());
        let mut words = format!("- {}: {}", text("key"), text("state"));
        let tries = step["tries"].as_u64().unwrap_or(1);
        if tries > 1 {
            let _ = write!(words, ", begun {tries} times");
        }
        if let Some(usd) = step["cost_usd"].as_f64() {
            let _ = write!(words, ", {}", sentence::money(usd));
        }
        if step["error"].is_string() {
            let _ = write!(words, ": {}", text("error"));
        }
        line(words);
    }
}

/// What an agent wrote is no line of ours.
fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn cut(text: &str) -> String {
    if text.chars().count() <= CHARS_MAX {
        return text.to_owned();
    }
    text.chars().take(CHARS_MAX).chain(['…']).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_runs_are_resources() {
        assert_eq!(run_in("cuetower://runs/0f5c-1_a"), Some("0f5c-1_a"));
        let long = format!("cuetower://runs/{}", "x".repeat(101));
        for uri in [
            "",
            "cuetower://runs/",
            "cuetower://runs/../secrets",
            "cuetower://runs/a?b",
            "cuetower://runs/a/steps",
            "cuetower://runs/%2e%2e",
            "CUETOWER://runs/a",
            "cuetower://secrets/a",
            "file:///etc/passwd",
            "http://127.0.0.1/a",
            long.as_str(),
        ] {
            assert_eq!(run_in(uri), None, "{uri}");
        }
    }
}
