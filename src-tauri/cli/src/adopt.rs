//! `adopt …`: jobs of cron and systemd as cues. A preview first; nothing is changed by looking.

use std::io::Read as _;

use cuetower_engine::desk::wire::{AdoptDone, AdoptEntry, AdoptMode, AdoptPreview, AdoptStage, Adopted, AdoptedView};
use serde_json::{Value, json};

use crate::args::{AdoptArgs, AdoptCommand, AdoptLookArgs, TakeArgs};
use crate::owner::Owner;
use crate::show::{Zone, say, say_json, table};

pub async fn obey(owner: &Owner, args: AdoptArgs, as_json: bool) -> Result<(), String> {
    match args.what {
        None => look(owner, &args.look, as_json).await,
        Some(AdoptCommand::Take(args)) => take(owner, args, as_json).await,
        Some(AdoptCommand::Flip { cue }) => one(owner, "adopt_flip", &cue, as_json).await,
        Some(AdoptCommand::Undo { cue }) => one(owner, "adopt_undo", &cue, as_json).await,
        Some(AdoptCommand::List) => list(owner, as_json).await,
    }
}

async fn look(owner: &Owner, args: &AdoptLookArgs, as_json: bool) -> Result<(), String> {
    let preview: AdoptPreview = owner.ask("adopt_look", asked(args)?).await?;
    if as_json {
        say_json(&json!(preview));
    } else {
        told(&preview, args.verbose);
    }
    Ok(())
}

async fn take(owner: &Owner, args: TakeArgs, as_json: bool) -> Result<(), String> {
    let look = asked(&args.look)?;
    let preview: AdoptPreview = owner.ask("adopt_look", look.clone()).await?;
    let keys = keys(&preview, &args.jobs, args.watch_first)?;
    let mode = if args.watch_first { AdoptMode::WatchFirst } else { AdoptMode::TakeOver };
    let done: AdoptDone = owner.ask("adopt", json!({ "keys": keys, "mode": mode, "look": look })).await?;
    if as_json {
        say_json(&json!(done));
    } else {
        done.done.iter().for_each(said);
    }
    let name = |key: &str| preview.entries.iter().find(|entry| entry.key == key).map_or("", |entry| &entry.name);
    let failed: Vec<String> =
        done.failed.iter().map(|failed| format!("{}: {}", name(&failed.key), failed.message)).collect();
    if failed.is_empty() { Ok(()) } else { Err(failed.join("\n")) }
}

async fn one(owner: &Owner, command: &str, named: &str, as_json: bool) -> Result<(), String> {
    let adopted: Adopted = owner.ask("adopt_list", json!({})).await?;
    // Its cue may be gone, and the job can be brought back all the same.
    let of = |view: &&AdoptedView| view.cue_id == named || view.cue_name == named;
    let view = adopted.adopted.iter().find(of).ok_or_else(|| {
        format!("No cue `{named}` was adopted from another scheduler. `cuetowerctl adopt list` names those that were.")
    })?;
    let done: AdoptDone = owner.ask(command, json!({ "cue_id": view.cue_id })).await?;
    if as_json {
        say_json(&json!(done));
    } else {
        done.done.iter().for_each(said);
    }
    Ok(())
}

async fn list(owner: &Owner, as_json: bool) -> Result<(), String> {
    let adopted: Adopted = owner.ask("adopt_list", json!({})).await?;
    if as_json {
        say_json(&json!(adopted));
    } else if adopted.adopted.is_empty() {
        say("Nothing was adopted. `cuetowerctl adopt` shows what there is.");
    } else {
        adopted.adopted.iter().for_each(said);
    }
    Ok(())
}

fn asked(args: &AdoptLookArgs) -> Result<Value, String> {
    let text = match args.file.as_deref() {
        None => return Ok(json!({})),
        Some("-") => {
            let mut text = String::new();
            let read = std::io::stdin().read_to_string(&mut text);
            read.map(|_| text).map_err(|error| format!("Standard input cannot be read: {error}."))?
        }
        Some(file) => std::fs::read_to_string(file).map_err(|error| format!("{file} cannot be read: {error}."))?,
    };
    Ok(json!({ "text": text, "system": args.system }))
}

/// What the entries are called here: their numbers, from 1 over all sources.
fn keys(preview: &AdoptPreview, jobs: &[String], watch_first: bool) -> Result<Vec<String>, String> {
    let mut keys = Vec::new();
    for job in jobs {
        if job == "all" {
            let fits = |entry: &&AdoptEntry| {
                entry.reason.is_none() && entry.owner_steps.is_empty() && (entry.can_watch_first || !watch_first)
            };
            keys.extend(preview.entries.iter().filter(fits).map(|entry| entry.key.clone()));
            continue;
        }
        let number = job.parse::<usize>().ok().and_then(|number| preview.entries.get(number.checked_sub(1)?));
        let named = |entry: &&AdoptEntry| entry.name == *job || entry.unit.as_deref() == Some(job) || entry.key == *job;
        let entry = number.or_else(|| preview.entries.iter().find(named));
        let entry =
            entry.ok_or_else(|| format!("There is no job `{job}`. `cuetowerctl adopt` shows what there is."))?;
        keys.push(entry.key.clone());
    }
    keys.dedup();
    if keys.is_empty() { Err("There is nothing that could be adopted so.".to_owned()) } else { Ok(keys) }
}

fn told(preview: &AdoptPreview, verbose: bool) {
    if preview.sources.is_empty() {
        say("There is no crontab of yours here, and no timer. Nothing is to be adopted.");
        return;
    }
    let mut number = 0;
    for source in &preview.sources {
        say(&shown(&source.name));
        if let Some(trouble) = &source.trouble {
            say(&format!("  {}", shown(trouble)));
        }
        let mut rows = Vec::new();
        let mut details = Vec::new();
        for entry in preview.entries.iter().filter(|entry| entry.source == source.id) {
            number += 1;
            rows.push(row(number, entry));
            details.extend(about(number, entry, verbose));
        }
        if !rows.is_empty() {
            say(&table(["", "NAME", "WHEN", "NEXT", "WHAT"], &rows));
        }
        source.notes.iter().for_each(|note| say(&format!("  {}", shown(note))));
        details.iter().for_each(|detail| say(&format!("  {}", shown(detail))));
        say("");
    }
    if number == 0 {
        say("Nothing is to be adopted.");
        return;
    }
    let can = preview.entries.iter().filter(|entry| entry.reason.is_none()).count();
    say(&format!(
        "{can} of {number} can be cues. Nothing is changed. Watch one first: cuetowerctl adopt take NUMBER --watch-first"
    ));
}

fn row(number: usize, entry: &AdoptEntry) -> [String; 5] {
    let next = Zone::of_machine().maybe(entry.fires_ms.first().copied());
    let when = if entry.reason.is_some() { "-" } else { &entry.words };
    let text: String = shown(&entry.text).chars().take(60).collect();
    [number.to_string(), shown(&entry.name), shown(when), next, text]
}

/// What a table has no room for.
fn about(number: usize, entry: &AdoptEntry, verbose: bool) -> Vec<String> {
    let reason = entry.reason.iter().map(|why| format!("cannot be a cue. {why}"));
    let notes = entry.notes.iter().cloned();
    let secrets = entry.secrets.iter().map(|name| format!("a variable of it is kept as the secret {name}."));
    let steps = entry.owner_steps.first().map(|step| format!("only you can switch it off there: {step}"));
    let definition = (verbose && entry.reason.is_none()).then(|| entry.definition.to_string());
    let all = reason.chain(notes).chain(secrets).chain(steps).chain(definition);
    all.map(|detail| format!("{number}: {detail}")).collect()
}

fn said(view: &AdoptedView) {
    say(&format!("{}: {}", shown(&view.cue_name), view.words));
    if let Some(trouble) = &view.trouble {
        say(&format!("  {}", shown(trouble)));
    }
    view.owner_steps.iter().for_each(|step| say(&format!("  {}", shown(step))));
    if view.stage == AdoptStage::Watching {
        say(&format!("  Take it over: cuetowerctl adopt flip {}", view.cue_id));
    }
}

/// What a file says does not get to move the cursor.
fn shown(text: &str) -> String {
    text.replace(char::is_control, " ")
}
