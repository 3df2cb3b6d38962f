//! `adopt …`: jobs of cron and systemd as cues. A preview first; nothing is changed by looking.

use std::io::Read as _;

use cuetower_engine::desk::wire::{
    AdoptDone, AdoptEntry, AdoptKind, AdoptMode, AdoptPreview, AdoptStage, Adopted, AdoptedEntry, AdoptedView,
};
use serde_json::{Value, json};

use crate::args::{AdoptArgs, AdoptCommand, AdoptLookArgs, TakeArgs};
use crate::owner::Owner;
use crate::show::{Zone, say, say_json, table};

pub async fn obey(owner: &Owner, args: AdoptArgs, as_json: bool) -> Result<(), String> {
    match args.what {
        None => look(owner, &args.look, as_json).await,
        Some(AdoptCommand::Take(args)) => take(owner, args, as_json).await,
        Some(AdoptCommand::Flip { cue }) => one(owner, "adopt_flip", &cue, as_json).await,
        Some(AdoptCommand::Undo { cue }) => undo(owner, &cue, as_json).await,
        Some(AdoptCommand::List) => list(owner, as_json).await,
    }
}

async fn look(owner: &Owner, args: &AdoptLookArgs, as_json: bool) -> Result<(), String> {
    let preview: AdoptPreview = owner.ask("adopt_look", asked(args)?).await?;
    if as_json {
        say_json(&json!(preview));
    } else {
        told(&preview, args);
    }
    Ok(())
}

async fn take(owner: &Owner, args: TakeArgs, as_json: bool) -> Result<(), String> {
    let look = asked(&args.look)?;
    let preview: AdoptPreview = owner.ask("adopt_look", look.clone()).await?;
    let keys = keys(&preview, &args.jobs, args.watch_first)?;
    let mode = if args.watch_first { AdoptMode::WatchFirst } else { AdoptMode::TakeOver };
    let done: AdoptDone = owner.ask("adopt", json!({ "keys": keys, "mode": mode, "look": look })).await?;
    tell(&done, as_json);
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
    tell(&done, as_json);
    Ok(())
}

/// One after the other; what one refuses keeps none of the others.
async fn undo(owner: &Owner, named: &str, as_json: bool) -> Result<(), String> {
    let adopted: Adopted = owner.ask("adopt_list", json!({})).await?;
    // A cue may be called so.
    if named != "all" || adopted.adopted.iter().any(|view| view.cue_name == named) {
        return one(owner, "adopt_undo", named, as_json).await;
    }
    let (mut all, mut failed) = (AdoptDone { done: Vec::new(), failed: Vec::new() }, Vec::new());
    for view in adopted.adopted {
        match owner.ask::<AdoptDone>("adopt_undo", json!({ "cue_id": view.cue_id })).await {
            Ok(done) => all.done.extend(done.done),
            Err(why) => failed.push(format!("{}: {why}", shown(&view.cue_name))),
        }
    }
    if all.done.is_empty() && failed.is_empty() && !as_json {
        say("Nothing was adopted, so there is nothing to undo.");
    } else {
        tell(&all, as_json);
    }
    if failed.is_empty() { Ok(()) } else { Err(failed.join("\n")) }
}

fn tell(done: &AdoptDone, as_json: bool) {
    if as_json {
        say_json(&json!(done));
    } else {
        done.done.iter().for_each(said);
    }
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

/// What the entries are called here: their numbers or names.
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
        let number = job.parse::<u32>().ok();
        let numbered = |entry: &&AdoptEntry| Some(entry.number) == number;
        let named = |entry: &&AdoptEntry| entry.name == *job || entry.unit.as_deref() == Some(job) || entry.key == *job;
        let is_adopted = |one: &&AdoptedEntry| Some(one.number) == number || one.adopted.cue_name == *job;
        let entries = &preview.entries;
        let found = entries.iter().find(numbered).or_else(|| entries.iter().find(named));
        let entry = found.ok_or_else(|| match preview.adopted.iter().find(is_adopted) {
            Some(AdoptedEntry { adopted, .. }) => {
                format!("Job {job} is adopted already, as {}. {}", shown(&adopted.cue_name), adopted.words)
            }
            None => format!("There is no job `{job}`. `cuetowerctl adopt` shows what there is."),
        })?;
        keys.push(entry.key.clone());
    }
    keys.dedup();
    if keys.is_empty() { Err("There is nothing that could be adopted so.".to_owned()) } else { Ok(keys) }
}

fn told(preview: &AdoptPreview, args: &AdoptLookArgs) {
    if preview.sources.is_empty() {
        say("There is no crontab of yours here, and no timer. Nothing is to be adopted.");
        return;
    }
    for source in &preview.sources {
        say(&shown(&source.name));
        if let Some(trouble) = &source.trouble {
            say(&format!("  {}", shown(trouble)));
        }
        let entries = || preview.entries.iter().filter(|entry| entry.source == source.id);
        let mut rows: Vec<(u32, [String; 5])> = entries().map(|entry| (entry.number, row(entry))).collect();
        let adopted = preview.adopted.iter().filter(|one| one.source == source.id);
        rows.extend(adopted.map(|one| (one.number, adopted_row(one))));
        rows.sort_by_key(|(number, _)| *number);
        let rows: Vec<[String; 5]> = rows.into_iter().map(|(_, row)| row).collect();
        if !rows.is_empty() {
            say(&table(["", "NAME", "WHEN", "NEXT", "WHAT"], &rows));
        }
        source.notes.iter().for_each(|note| say(&format!("  {}", shown(note))));
        let details = entries().flat_map(|entry| about(entry, args.verbose));
        details.for_each(|detail| say(&format!("  {}", shown(&detail))));
        say("");
    }
    let count = preview.entries.len();
    if count == 0 {
        say("Nothing more is to be adopted.");
        return;
    }
    let can: Vec<&AdoptEntry> = preview.entries.iter().filter(|entry| entry.reason.is_none()).collect();
    let next = match (&args.file, can.iter().any(|entry| entry.can_watch_first)) {
        _ if can.is_empty() => String::new(),
        (Some(file), _) => {
            let system = if args.system { " --system" } else { "" };
            format!(
                " Make a paused cue of one: cuetowerctl adopt take NUMBER --take-over --file {}{system}",
                cuetower_core::adopt::shell_word(file)
            )
        }
        (None, true) => " Watch one first: cuetowerctl adopt take NUMBER --watch-first".to_owned(),
        (None, false) => " Make a paused cue of one: cuetowerctl adopt take NUMBER --take-over".to_owned(),
    };
    say(&format!("{} of {count} can be cues. Nothing is changed.{next}", can.len()));
}

fn row(entry: &AdoptEntry) -> [String; 5] {
    let next = Zone::of_machine().maybe(entry.fires_ms.first().copied());
    let when = if entry.reason.is_some() { "-" } else { &entry.words };
    [entry.number.to_string(), shown(&entry.name), shown(when), next, begun(&entry.text)]
}

fn adopted_row(one: &AdoptedEntry) -> [String; 5] {
    let stage = match one.adopted.stage {
        AdoptStage::Watching => "adopted: watched",
        AdoptStage::Taken => "adopted: the tower runs it",
        AdoptStage::WaitingForOwner => "adopted: paused until it is off there",
        AdoptStage::Undone => "undone",
    };
    let name = shown(&one.adopted.cue_name);
    [one.number.to_string(), name, stage.to_owned(), "-".to_owned(), begun(&one.adopted.text)]
}

fn begun(text: &str) -> String {
    shown(text).chars().take(60).collect()
}

/// What a table has no room for.
fn about(entry: &AdoptEntry, verbose: bool) -> Vec<String> {
    let reason = entry.reason.iter().map(|why| format!("cannot be a cue. {why}"));
    let notes = entry.notes.iter().cloned();
    let secrets = entry.secrets.iter().map(|name| format!("a variable of it is kept as the secret {name}."));
    let steps = entry.owner_steps.first().map(|step| match entry.kind {
        AdoptKind::Text => "its cue is made paused; only you can switch the job off, wherever it runs now.".to_owned(),
        AdoptKind::Crontab | AdoptKind::SystemCrontab | AdoptKind::UserTimer | AdoptKind::SystemTimer => {
            format!("only you can switch it off there: {step}")
        }
    });
    let definition = (verbose && entry.reason.is_none()).then(|| entry.definition.to_string());
    let all = reason.chain(notes).chain(secrets).chain(steps).chain(definition);
    all.map(|detail| format!("{}: {detail}", entry.number)).collect()
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
