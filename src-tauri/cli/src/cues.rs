//! `cue …`: standing instructions, listed, made, changed, fired.

use std::path::Path;
use std::process::{Command, ExitStatus};

use cuetower_engine::desk::wire::{CueView, Fired, PingUrl, TowerStatus, TriggerUrl};
use cuetower_engine::token::write_private;
use serde_json::{Value, json};

use crate::args::{CueCommand, FireArgs, PauseArgs};
use crate::owner::Owner;
use crate::show::{Zone, say, say_json, table};
use crate::{apply, briefing, cue_export, instant};

pub async fn obey(owner: &Owner, what: CueCommand, as_json: bool) -> Result<(), String> {
    match what {
        CueCommand::List => list(owner, as_json).await,
        CueCommand::Show { cue } => show(owner, &cue, as_json).await,
        CueCommand::Add { file } => add(owner, &file, as_json).await,
        CueCommand::Edit { cue, file } => edit(owner, &cue, file, as_json).await,
        CueCommand::Pause(args) => pause(owner, &args, as_json).await,
        CueCommand::Resume { cue } => resume(owner, &cue, as_json).await,
        CueCommand::Rm { cue } => delete(owner, &cue, as_json).await,
        CueCommand::Fire(args) => fire(owner, args, as_json).await,
        CueCommand::Trigger { cue, renew, remove } => trigger(owner, &cue, renew, remove, as_json).await,
        CueCommand::Ping { cue } => ping(owner, &cue, as_json).await,
        CueCommand::Answer { cue, word } => briefing::answer(owner, &cue, word, as_json).await,
        CueCommand::Export(args) => cue_export::obey(owner, args).await,
        CueCommand::Import(args) => apply::import(owner, &args, as_json).await,
    }
}

/// Says whom it leaves behind.
async fn delete(owner: &Owner, named: &str, as_json: bool) -> Result<(), String> {
    let cue = owner.cue(named).await?;
    let done = format!("is deleted; `cuetowerctl ledger --cue {}` shows its history", cue.id);
    change(owner, "cue_delete", &cue.id, &done, as_json).await?;
    let follows = |other: &CueView| other.definition["schedule"]["cue"].as_str() == Some(&cue.id);
    for follower in owner.cues().await?.iter().filter(|other| follows(other)) {
        eprintln!("{} fired after it; nothing fires it now.", follower.name);
    }
    Ok(())
}

async fn list(owner: &Owner, as_json: bool) -> Result<(), String> {
    let cues = owner.cues().await?;
    if as_json {
        say_json(&json!({ "cues": cues }));
        return Ok(());
    }
    if cues.is_empty() {
        say("There are no cues yet. `cuetowerctl cue add FILE` makes one.");
        return Ok(());
    }
    let zone = Zone::of_machine();
    let row = |cue: &CueView| {
        let [name, agent, words] = [&cue.name, &cue.agent, &cue.words].map(Clone::clone);
        [name, agent, status(cue, &zone), words, zone.beside(cue.next_run_ms, &cue.timezone), cue.id.clone()]
    };
    let rows: Vec<_> = cues.iter().map(row).collect();
    say(&table(["NAME", "AGENT", "STATUS", "SCHEDULE", "NEXT", "ID"], &rows));
    Ok(())
}

/// "paused until 2026-11-23 09:00:00"
fn status(cue: &CueView, zone: &Zone) -> String {
    match cue.paused_until_ms {
        Some(until_ms) => format!("{} until {}", cue.status, zone.at(until_ms)),
        None => cue.status.clone(),
    }
}

async fn show(owner: &Owner, named: &str, as_json: bool) -> Result<(), String> {
    let cue = owner.cue(named).await?;
    if as_json {
        say_json(&json!(cue));
        return Ok(());
    }
    let (zone, CueView { name, id, timezone, run_count, .. }) = (Zone::of_machine(), &cue);
    let runs = if *run_count == 1 { "run" } else { "runs" };
    say(&format!("{name} ({id}) is {}; revision {}, {run_count} {runs}", status(&cue, &zone), cue.revision));
    // A schedule with windows says each on a line of its own.
    say(&format!("schedule     {}, {timezone}", cue.words.replace("; ", "\n             ")));
    for blackout in cue.definition["schedule"]["blackout"].as_array().into_iter().flatten() {
        let [from, to] = ["from", "to"].map(|end| blackout[end].as_str().unwrap_or_default());
        say(&format!("blackout     {from} to {to}"));
    }
    say(&format!("next         {}", zone.beside(cue.next_run_ms, timezone)));
    say(&format!("trigger URL  {}", if cue.has_trigger_url { "yes" } else { "no" }));
    say_json(&cue.definition);
    Ok(())
}

async fn add(owner: &Owner, file: &str, as_json: bool) -> Result<(), String> {
    let definitions = match read_json(file)? {
        Value::Array(list) => list,
        one => vec![one],
    };
    let mut made: Vec<CueView> = Vec::new();
    for definition in definitions {
        let name = definition["name"].as_str().filter(|name| !name.trim().is_empty());
        let name = name.unwrap_or("A cue without a name").to_owned();
        let cue = owner.ask("cue_create", json!({ "definition": definition })).await;
        let cue: CueView = cue.map_err(|sentence| format!("{name} was not made. {sentence}"))?;
        if !as_json {
            say(&format!(
                "{} ({}) is made: {}; next {}",
                cue.name,
                cue.id,
                cue.words,
                Zone::of_machine().beside(cue.next_run_ms, &cue.timezone)
            ));
        }
        made.push(cue);
    }
    if as_json {
        say_json(&json!({ "cues": made }));
    }
    Ok(())
}

async fn edit(owner: &Owner, named: &str, file: Option<String>, as_json: bool) -> Result<(), String> {
    let cue = owner.cue(named).await?;
    let draft = owner.folder.join(format!("draft-{}.json", cue.id));
    let by_hand = file.is_none();
    let file = match file {
        Some(file) => file,
        None => write_by_hand(&draft, &cue)?,
    };
    let changed = match read_json(&file) {
        Ok(definition) if definition == cue.definition => Ok(None),
        Ok(definition) => {
            let request = json!({ "cue_id": cue.id, "revision": cue.revision, "definition": definition });
            owner.ask::<CueView>("cue_update", request).await.map(Some)
        }
        Err(sentence) => Err(sentence),
    };
    match &changed {
        Ok(_) if by_hand => drop(std::fs::remove_file(&draft)),
        // The work of a hand is not thrown away.
        Err(sentence) if by_hand => return Err(format!("{sentence} What you wrote is in {file}.")),
        Ok(_) | Err(_) => {}
    }
    match changed? {
        Some(cue) => said(&cue, "is changed", as_json),
        None => said(&cue, "is as it was: nothing was changed", as_json),
    }
    Ok(())
}

async fn change(owner: &Owner, command: &str, named: &str, done: &str, as_json: bool) -> Result<(), String> {
    let cue = owner.cue(named).await?;
    let cue: CueView = owner.ask(command, json!({ "cue_id": cue.id })).await?;
    said(&cue, done, as_json);
    Ok(())
}

/// Says so if it fires nothing all the same.
async fn resume(owner: &Owner, named: &str, as_json: bool) -> Result<(), String> {
    let status: TowerStatus = owner.ask("tower_status", json!({})).await?;
    let done = if status.paused { "is resumed" } else { "fires again" };
    change(owner, "cue_resume", named, done, as_json).await?;
    if status.paused {
        eprintln!("The whole tower is paused, so nothing fires until `cuetowerctl resume`.");
    }
    Ok(())
}

async fn pause(owner: &Owner, args: &PauseArgs, as_json: bool) -> Result<(), String> {
    let until_ms = match (&args.until, &args.length) {
        (Some(until), _) => Some(instant::typed(until)?),
        (None, Some(length)) => {
            let length_ms = instant::length_ms(length)?;
            let status: TowerStatus = owner.ask("tower_status", json!({})).await?;
            Some(status.now_ms.saturating_add(length_ms))
        }
        (None, None) => None,
    };
    let cue = owner.cue(&args.cue).await?;
    let cue: CueView = owner.ask("cue_pause", json!({ "cue_id": cue.id, "until_ms": until_ms })).await?;
    said(&cue, &format!("is {}", status(&cue, &Zone::of_machine())), as_json);
    Ok(())
}

async fn fire(owner: &Owner, args: FireArgs, as_json: bool) -> Result<(), String> {
    let payload: Option<Value> = match args.payload {
        None => None,
        Some(text) => Some(serde_json::from_str(&text).map_err(|error| format!("The payload is not JSON: {error}."))?),
    };
    let send_at_ms = args.at.as_deref().map(instant::typed).transpose()?;
    let cue = owner.cue(&args.cue).await?;
    let request = json!({ "cue_id": cue.id, "payload": payload, "merge": args.merge, "send_at_ms": send_at_ms,
                          "idempotency_key": args.key });
    let fired: Fired = owner.ask("cue_fire", request).await?;
    if as_json {
        say_json(&json!(fired));
        return Ok(());
    }
    let when = send_at_ms.map(|at_ms| format!(" at {}", Zone::of_machine().at(at_ms))).unwrap_or_default();
    say(&format!("{} {}{when}: run {}", cue.name, if when.is_empty() { "is fired" } else { "fires" }, fired.run_id));
    Ok(())
}

async fn trigger(owner: &Owner, named: &str, renew: bool, remove: bool, as_json: bool) -> Result<(), String> {
    let cue = owner.cue(named).await?;
    let change = if renew {
        "renew"
    } else if remove {
        "remove"
    } else {
        "show"
    };
    let trigger: TriggerUrl = owner.ask("cue_trigger", json!({ "cue_id": cue.id, "change": change })).await?;
    match trigger.url {
        _ if as_json => say_json(&json!({ "url": trigger.url })),
        Some(url) => say(&url),
        None if remove => say(&format!("{} has no trigger URL any more.", cue.name)),
        None => say(&format!("{} has no trigger URL. --renew makes one.", cue.name)),
    }
    Ok(())
}

async fn ping(owner: &Owner, named: &str, as_json: bool) -> Result<(), String> {
    let cue = owner.cue(named).await?;
    let ping: PingUrl = owner.ask("cue_ping_url", json!({ "cue_id": cue.id })).await?;
    if as_json {
        say_json(&json!(ping))
    } else {
        say(&ping.url)
    }
    Ok(())
}

fn said(cue: &CueView, done: &str, as_json: bool) {
    if as_json { say_json(&json!(cue)) } else { say(&format!("{} {done}.", cue.name)) }
}

/// `-` is standard input.
pub fn read_json(file: &str) -> Result<Value, String> {
    let text = if file == "-" { std::io::read_to_string(std::io::stdin()) } else { std::fs::read_to_string(file) };
    let named = if file == "-" { "Standard input" } else { file };
    let text = text.map_err(|error| format!("{named} could not be read: {error}."))?;
    serde_json::from_str(&text).map_err(|error| format!("{named} is not JSON: {error}."))
}

/// Lets the owner write on the definition; the draft's name, once the editor is done.
fn write_by_hand(draft: &Path, cue: &CueView) -> Result<String, String> {
    let editor = ["VISUAL", "EDITOR"].iter().find_map(|name| std::env::var(name).ok().filter(|set| !set.is_empty()));
    let editor = editor.ok_or("Set EDITOR to edit here, or name a file: `cuetowerctl cue edit CUE FILE`.")?;
    write_private(draft, format!("{:#}\n", cue.definition).as_bytes())
        .map_err(|error| format!("{} could not be written: {error}.", draft.display()))?;
    // EDITOR may bring arguments of its own: "code --wait".
    let mut words = editor.split_whitespace();
    let ended = Command::new(words.next().unwrap_or_default()).args(words).arg(draft).status();
    if ended.as_ref().is_ok_and(ExitStatus::success) {
        return Ok(draft.display().to_string());
    }
    drop(std::fs::remove_file(draft));
    Err(match ended {
        Ok(status) => format!("`{editor}` ended with {status}, so nothing was changed."),
        Err(error) => format!("`{editor}` could not be started: {error}."),
    })
}
