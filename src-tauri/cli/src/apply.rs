//! `apply`: what files say of cues, held against what is here, shown, and done if the owner agrees. `cue import`: the same for
//! cues that are new.

use std::io::{BufRead as _, IsTerminal as _, Write as _};
use std::process::ExitCode;

use cuetower_engine::desk::wire::{CueChange, CueChangeKind, CueFieldChange, CuesApplied};
use serde_json::{Value, json};

use crate::args::{ApplyArgs, CueImportArgs};
use crate::cuefile::{self, FileCue};
use crate::owner::Owner;
use crate::show::{complain, say, say_json};

/// There are differences, and they were not applied.
const DIFFERENT: u8 = 3;
/// Of a value, in a line of differences.
const SHOWN_CHARS_MAX: usize = 200;

/// The exit code says whether there was anything to do that was not done.
pub async fn obey(owner: &Owner, args: &ApplyArgs, as_json: bool) -> Result<ExitCode, String> {
    let cues = cuefile::read(&args.path)?;
    let looked = ask(owner, &cues, args.prune, None).await?;
    refuse_what_does_not_fit(&looked, &cues, as_json)?;
    let differ = looked.changes.iter().any(|change| change.what != CueChangeKind::Keep);
    if !as_json {
        looked.changes.iter().enumerate().for_each(|(index, change)| show(change, cues.get(index)));
        looked.notes.iter().for_each(|note| say(&format!("! {note}")));
        say(&if differ { counted(&looked, ["to make", "to change", "to remove"]) } else { no_change(&looked) });
    }
    if !differ || args.dry_run || !(args.yes || agreed()) {
        if as_json {
            say_json(&with_places(&looked, &cues));
        }
        return Ok(if differ { ExitCode::from(DIFFERENT) } else { ExitCode::SUCCESS });
    }
    let done = ask(owner, &cues, args.prune, Some(&looked.plan)).await?;
    // What was shown fitted; something else was changed in the meantime.
    refuse_what_does_not_fit(&done, &cues, as_json)?;
    if as_json {
        say_json(&with_places(&done, &cues))
    } else {
        say(&counted(&done, ["made", "changed", "removed"]))
    }
    Ok(ExitCode::SUCCESS)
}

/// Makes the cues of a file.
pub async fn import(owner: &Owner, args: &CueImportArgs, as_json: bool) -> Result<(), String> {
    let cues = cuefile::read(&args.file)?;
    let looked = ask(owner, &cues, false, None).await?;
    refuse_what_does_not_fit(&looked, &cues, as_json)?;
    let there: Vec<&CueChange> = looked.changes.iter().filter(|change| change.what != CueChangeKind::Make).collect();
    if !args.replace && !there.is_empty() {
        let names: Vec<String> = there.iter().map(|change| format!("`{}`", change.name)).collect();
        return Err(format!(
            "Nothing was made: {} there already. `--replace` gives them what the file says; `cuetowerctl apply` shows first what that would change.",
            if names.len() == 1 { format!("{} is", names[0]) } else { format!("{} are", names.join(", ")) }
        ));
    }
    let done = ask(owner, &cues, false, Some(&looked.plan)).await?;
    refuse_what_does_not_fit(&done, &cues, as_json)?;
    if as_json {
        say_json(&with_places(&done, &cues));
        return Ok(());
    }
    for change in &done.changes {
        match change.what {
            CueChangeKind::Make => say(&format!("{} is made: {}", change.name, change.words)),
            CueChangeKind::Change => say(&format!("{} is changed: {}", change.name, change.words)),
            CueChangeKind::Keep => say(&format!("{} is as the file has it.", change.name)),
            CueChangeKind::Remove => {}
        }
    }
    done.notes.iter().for_each(|note| say(&format!("! {note}")));
    Ok(())
}

/// Looks, or does what was looked at.
async fn ask(owner: &Owner, cues: &[FileCue], prune: bool, plan: Option<&str>) -> Result<CuesApplied, String> {
    let cues: Vec<Value> = cues.iter().map(|cue| cue.cue.value()).collect();
    owner.ask_for_long("cues_apply", json!({ "cues": cues, "prune": prune, "plan": plan })).await
}

/// # Errors
/// A line for each problem: "cues/leads.toml:12: schedule.cron: …".
fn refuse_what_does_not_fit(applied: &CuesApplied, cues: &[FileCue], as_json: bool) -> Result<(), String> {
    if applied.problems.is_empty() {
        return Ok(());
    }
    if as_json {
        say_json(&with_places(applied, cues));
    }
    let mut lines: Vec<(String, usize, String)> = Vec::new();
    for problem in &applied.problems {
        let (file, line) = place(cues, problem.index as usize, &problem.field);
        // Most messages name it themselves.
        let named = problem.field.is_empty() || problem.message.starts_with(&format!("`{}`", problem.field));
        let field = if named { String::new() } else { format!("{}: ", problem.field) };
        lines.push((file, line, format!("{field}{}", problem.message)));
    }
    lines.sort();
    let lines: Vec<String> = lines.into_iter().map(|(file, line, words)| format!("{file}:{line}: {words}")).collect();
    Err(format!("{}\nNothing was changed.", lines.join("\n")))
}

fn place(cues: &[FileCue], index: usize, field: &str) -> (String, usize) {
    cues.get(index).map(|cue| (cue.file.clone(), cue.cue.line_of(field))).unwrap_or_default()
}

/// The tower's answer, with where each cue and problem stands.
fn with_places(applied: &CuesApplied, cues: &[FileCue]) -> Value {
    let placed = |mut value: Value, index: usize, field: &str| {
        if index < cues.len() {
            let (file, line) = place(cues, index, field);
            (value["file"], value["line"]) = (json!(file), json!(line));
        }
        value
    };
    let changes = applied.changes.iter().enumerate().map(|(index, change)| placed(json!(change), index, ""));
    let problems = applied.problems.iter();
    let problems = problems.map(|problem| placed(json!(problem), problem.index as usize, &problem.field));
    json!({
        "changes": changes.collect::<Vec<_>>(),
        "problems": problems.collect::<Vec<_>>(),
        "notes": applied.notes,
        "done": applied.done,
    })
}

fn show(change: &CueChange, cue: Option<&FileCue>) {
    let stands = cue.map(|cue| format!("  ({}:{})", cue.file, cue.cue.line_of(""))).unwrap_or_default();
    match change.what {
        CueChangeKind::Keep => {}
        CueChangeKind::Make => say(&format!("+ {}: {}{stands}", change.name, change.words)),
        CueChangeKind::Remove => say(&format!("- {}: {}", change.name, change.words)),
        CueChangeKind::Change => {
            say(&format!("~ {}{stands}", change.name));
            change.fields.iter().for_each(|field| say(&format!("    {}", field_line(field))));
        }
    }
}

/// `schedule.cron: "0 9 * * *" → "0 10 * * *"`
fn field_line(change: &CueFieldChange) -> String {
    let shown = |value: &Value| match value {
        Value::Null => "none".to_owned(),
        Value::Bool(true) => "yes".to_owned(),
        Value::Bool(false) => "no".to_owned(),
        other => shortened(&other.to_string()),
    };
    format!("{}: {} → {}", change.field, shown(&change.old), shown(&change.new))
}

fn shortened(text: &str) -> String {
    if text.chars().count() <= SHOWN_CHARS_MAX {
        return text.to_owned();
    }
    text.chars().take(SHOWN_CHARS_MAX).chain(['…']).collect()
}

/// "1 to make, 2 to change, 3 as they are."
fn counted(applied: &CuesApplied, words: [&str; 3]) -> String {
    let of = |what| applied.changes.iter().filter(|change| change.what == what).count();
    let kinds = [CueChangeKind::Make, CueChangeKind::Change, CueChangeKind::Remove];
    let mut parts: Vec<String> = Vec::new();
    for (kind, word) in kinds.into_iter().zip(words) {
        let count = of(kind);
        if count > 0 {
            parts.push(format!("{count} {word}"));
        }
    }
    match of(CueChangeKind::Keep) {
        0 => {}
        1 => parts.push("1 as it is".to_owned()),
        more => parts.push(format!("{more} as they are")),
    }
    format!("{}.", parts.join(", "))
}

fn no_change(applied: &CuesApplied) -> String {
    match applied.changes.len() {
        0 => "No change: there are no cues in it.".to_owned(),
        1 => "No change: the cue is as the file has it.".to_owned(),
        more => format!("No change: all {more} cues are as the files have them."),
    }
}

/// Whether the owner says so; where there is nobody to ask, how to say so beforehand.
fn agreed() -> bool {
    let stdin = std::io::stdin();
    if !stdin.is_terminal() {
        complain("Nothing was changed: there is no terminal to ask at. `--yes` applies it without asking.");
        return false;
    }
    eprint!("Apply? [y/N] ");
    drop(std::io::stderr().flush());
    let mut word = String::new();
    let read = stdin.lock().read_line(&mut word).is_ok();
    let agreed = read && ["y", "yes"].contains(&word.trim().to_ascii_lowercase().as_str());
    if !agreed {
        complain("Nothing was changed.");
    }
    agreed
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_difference_says_what_was_and_what_will_be() {
        let line =
            |field: &str, old: Value, new: Value| field_line(&CueFieldChange { field: field.to_owned(), old, new });
        assert_eq!(
            line("schedule.cron", json!("0 9 * * *"), json!("0 10 * * *")),
            r#"schedule.cron: "0 9 * * *" → "0 10 * * *""#
        );
        assert_eq!(line("paused", json!(false), json!(true)), "paused: no → yes");
        assert_eq!(line("budget.day.cost_usd", Value::Null, json!(2.5)), "budget.day.cost_usd: none → 2.5");
        assert!(line("payload.text", json!("x".repeat(900)), Value::Null).chars().count() < 250);
    }

    #[test]
    fn what_is_done_is_counted() {
        let change =
            |what| CueChange { name: "a".into(), what, cue_id: None, words: String::new(), fields: Vec::new() };
        let kinds = [CueChangeKind::Make, CueChangeKind::Keep, CueChangeKind::Keep, CueChangeKind::Remove];
        let changes = kinds.map(change).into();
        let applied =
            CuesApplied { changes, problems: Vec::new(), notes: Vec::new(), plan: String::new(), done: false };
        assert_eq!(counted(&applied, ["to make", "to change", "to remove"]), "1 to make, 1 to remove, 2 as they are.");
    }
}
