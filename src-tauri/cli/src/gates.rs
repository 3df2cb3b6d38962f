//! `gates`: what waits for the owner's answer. `answer`: the answer, to exactly what was shown.

use std::io::IsTerminal as _;
use std::process::ExitCode;

use cuetower_core::time::MINUTE_MS;
use cuetower_engine::desk::wire::{GateStory, GateView, Gates, RunToVerify};
use serde_json::{Value, json};

use crate::args::{AnswerArgs, AnswerWord, GatesArgs, GatesCommand};
use crate::owner::{Owner, Refused};
use crate::show::{Zone, complain, say, say_json, table};

/// Somebody was first, or nobody waits for an answer any more.
const TOO_LATE: u8 = 3;
/// Set for every process of a run.
const RUN_VARIABLE: &str = "CUETOWER_RUN";

pub async fn obey(owner: &Owner, args: GatesArgs, as_json: bool) -> Result<(), String> {
    match args.what {
        None => list(owner, args.all, args.limit, as_json).await,
        Some(GatesCommand::Show { gate }) => {
            let story = story(owner, &gate).await?;
            if as_json {
                say_json(&json!(story))
            } else {
                show(&story)
            }
            Ok(())
        }
        Some(GatesCommand::Later { gate, length }) => {
            let id = story(owner, &gate).await?.gate.id;
            // A part of a minute is a minute.
            let minutes = (length as u64).div_ceil(MINUTE_MS);
            let gate: GateView = owner.ask("gate_put_off", json!({ "gate_id": id, "minutes": minutes })).await?;
            if as_json {
                say_json(&json!(gate));
            } else {
                let until = Zone::of_machine().at(gate.put_off_until_ms.unwrap_or_default());
                say(&format!("You are asked again {until}: {}", gate.title));
            }
            Ok(())
        }
    }
}

/// The exit code says whether somebody was first.
pub async fn answer(owner: &Owner, args: AnswerArgs, as_json: bool) -> Result<ExitCode, String> {
    if std::env::var_os(RUN_VARIABLE).is_some() && !std::io::stdin().is_terminal() {
        return Err("This came from a run. Gates are the owner's to answer.".to_owned());
    }
    if args.payload.is_some() && args.word == AnswerWord::Deny {
        return Err("A denial has no payload. `approve --payload` approves a changed one.".to_owned());
    }
    let payload = args.payload.as_deref().map(read_payload).transpose()?;
    let story = story(owner, &args.gate).await?;
    let shown = args.shown.unwrap_or_else(|| story.gate.shown.clone());
    let mut request = json!({ "gate_id": story.gate.id, "shown": shown, "answer": "approve", "comment": args.comment });
    match (args.word, payload) {
        (AnswerWord::Deny, _) => request["answer"] = json!("deny"),
        (AnswerWord::Approve, None) => {}
        (AnswerWord::Approve, Some(payload)) => {
            request["answer"] = json!("edit");
            request["payload"] = payload;
        }
    }
    if !as_json {
        let asked = match &request["payload"] {
            Value::Null => story,
            changed => GateStory { answer: Some(format!("{changed:#}")), ..story },
        };
        show(&asked);
    }
    match owner.call_coded("gate_answer", &request).await {
        Ok(answered) if as_json => say_json(&answered),
        Ok(answered) => {
            let gate: GateView = serde_json::from_value(answered)
                .map_err(|error| format!("The tower's answer does not fit: {error}."))?;
            say(&gate.sentence);
        }
        Err(Refused { code: Some(code), message }) if matches!(code.as_str(), "gate_settled" | "gate_withdrawn") => {
            complain(&message);
            return Ok(ExitCode::from(TOO_LATE));
        }
        Err(refused) => return Err(refused.message),
    }
    Ok(ExitCode::SUCCESS)
}

fn read_payload(file: &str) -> Result<Value, String> {
    let text = if file == "-" { std::io::read_to_string(std::io::stdin()) } else { std::fs::read_to_string(file) };
    let text = text.map_err(|error| format!("The payload could not be read: {error}."))?;
    serde_json::from_str(&text).map_err(|error| format!("The payload is not JSON: {error}."))
}

/// By its id, or by the beginning of it: the tower knows all that were ever asked, and refuses what is of several.
async fn story(owner: &Owner, named: &str) -> Result<GateStory, String> {
    owner.ask("gate_get", json!({ "gate_id": named })).await
}

async fn list(owner: &Owner, all: bool, limit: u32, as_json: bool) -> Result<(), String> {
    let gates: Gates = owner.ask("gates", json!({ "limit": limit, "settled": all })).await?;
    if as_json {
        say_json(&json!(gates));
        return Ok(());
    }
    let zone = Zone::of_machine();
    if gates.waiting.is_empty() && gates.confirm.is_empty() {
        say("Nothing waits for your answer.");
    }
    if !gates.waiting.is_empty() {
        let rows: Vec<_> = gates.waiting.iter().map(|gate| waiting_row(gate, &zone)).collect();
        say(&table(["ANSWER BY", "OTHERWISE", "ASKS", "WHAT", "ID"], &rows));
        let more = (gates.waiting_count as usize).saturating_sub(gates.waiting.len());
        if more > 0 {
            say(&format!("… and {more} more: --limit"));
        }
    }
    if !gates.confirm.is_empty() {
        let row =
            |run: &RunToVerify| [zone.at(run.since_ms), run.cue_name.clone(), run.sentence.clone(), run.run_id.clone()];
        let rows: Vec<_> = gates.confirm.iter().map(row).collect();
        say("\nIs it so? `cuetowerctl run verify RUN yes`, or `no`.");
        say(&table(["SINCE", "CUE", "WHAT", "RUN"], &rows));
    }
    if !gates.settled.is_empty() {
        let row = |gate: &GateView| {
            let [title, id, sentence] = [&gate.title, &gate.id, &gate.sentence].map(Clone::clone);
            [zone.maybe(gate.settled_at_ms), asker(gate), title, id, sentence]
        };
        let rows: Vec<_> = gates.settled.iter().map(row).collect();
        say("");
        say(&table(["ANSWERED", "ASKED", "WHAT", "ID", "HOW"], &rows));
    }
    Ok(())
}

fn waiting_row(gate: &GateView, zone: &Zone) -> [String; 5] {
    let by = match (gate.put_off_until_ms, gate.deadline_ms, gate.overdue_at_ms) {
        (Some(until), Some(deadline), _) => format!("{}; later, {}", zone.at(deadline), zone.at(until)),
        (Some(until), None, _) => format!("later, {}", zone.at(until)),
        (None, Some(deadline), _) => zone.at(deadline),
        (None, None, Some(since)) => format!("late since {}", zone.at(since)),
        (None, None, None) => "whenever".to_owned(),
    };
    let otherwise = match gate.on_no_answer.as_str() {
        "proceed" => "it goes on",
        "stop" => "it is stopped",
        "escalate" if gate.overdue_at_ms.is_none() => "you are told once more, louder",
        _ => "it waits on",
    };
    [by, otherwise.to_owned(), asker(gate), gate.title.clone(), gate.id.clone()]
}

/// By the name of its cue, or of its agent.
fn asker(gate: &GateView) -> String {
    gate.cue_name.clone().unwrap_or_else(|| gate.agent.clone())
}

fn show(story: &GateStory) {
    let GateStory { gate, body, payload, diff, answer, .. } = story;
    say(&format!("{} asks: {}", asker(gate), gate.title));
    if !body.is_empty() {
        say(&format!("\n{}", body.trim_end()));
    }
    if let Some(payload) = payload {
        say(&format!("\nPayload:\n{payload}"));
    }
    if let Some(diff) = diff {
        say(&format!("\n{}", diff.trim_end()));
    }
    if let Some(answer) = answer {
        say(&format!("\nAs you changed it:\n{answer}"));
    }
    let undone = match gate.reversible {
        Some(true) => "It can be undone.",
        Some(false) => "It cannot be undone.",
        None => "",
    };
    let cost = Some(gate.cost_of_waiting.trim()).filter(|cost| !cost.is_empty());
    let cost = cost.map(|cost| format!("Waiting costs {}.", cost.trim_end_matches('.'))).unwrap_or_default();
    let words: Vec<&str> =
        [gate.sentence.as_str(), undone, &cost].into_iter().filter(|words| !words.is_empty()).collect();
    say(&format!("\n{}\n{}\nshown {}", words.join(" "), gate.id, gate.shown));
}
