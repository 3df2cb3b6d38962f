//! `secret …`: names are shown, values only go in: from standard input or asked for, never as an argument that others could see.

use std::io::{BufRead as _, IsTerminal as _, Read as _};

use cuetower_engine::desk::wire::{SecretStory, SecretUse, SecretView, Secrets};
use serde_json::json;

use crate::args::SecretCommand;
use crate::owner::Owner;
use crate::show::{Zone, say, say_json, table};

/// More than the tower takes: it says so itself.
const VALUE_MAX: u64 = 1024 * 1024;

pub async fn obey(owner: &Owner, what: SecretCommand, as_json: bool) -> Result<(), String> {
    let answer: Secrets = match &what {
        SecretCommand::List => owner.ask("secrets", json!({})).await?,
        SecretCommand::Set { name } => {
            owner.ask("secret_set", json!({ "name": name, "value": typed(&format!("Value of {name}"))? })).await?
        }
        SecretCommand::Rotate { name } => {
            let value = typed(&format!("New value of {name}"))?;
            owner.ask("secret_rotate", json!({ "name": name, "value": value })).await?
        }
        SecretCommand::Rename { name, to } => owner.ask("secret_rename", json!({ "name": name, "to": to })).await?,
        SecretCommand::Rm { name } => owner.ask("secret_delete", json!({ "name": name })).await?,
        SecretCommand::Show { name } => {
            let story: SecretStory = owner.ask("secret_story", json!({ "name": name })).await?;
            if as_json {
                say_json(&json!(story));
            } else {
                show(&story);
            }
            return Ok(());
        }
    };
    if as_json {
        say_json(&json!(answer));
        return Ok(());
    }
    match what {
        SecretCommand::Set { name } => say(&format!("{name} is kept ({}).", answer.vault.name)),
        SecretCommand::Rotate { name } => say(&format!("{name} has a new value ({}).", answer.vault.name)),
        SecretCommand::Rename { name, to } => {
            let used_by =
                answer.secrets.iter().find(|secret| secret.name == to).map_or(0, |secret| secret.used_by.len());
            say(&format!(
                "{name} is called {to} now, also in the {used_by} cues that name it. Runs under way may lease it by either name, later ones by {to} alone."
            ));
        }
        SecretCommand::Rm { name } => say(&format!(
            "{name} is deleted, and lent to nobody any more. If runs are under way, the vault keeps the value to blot it out of what they print, and forgets it within a minute of the last one's end."
        )),
        SecretCommand::List if answer.secrets.is_empty() => say("There are no secrets."),
        SecretCommand::List => {
            let zone = Zone::of_machine();
            let last_used = |secret: &SecretView| match secret.last_used_ms {
                None => "never".to_owned(),
                Some(at) => zone.at(at),
            };
            let row = |secret: &SecretView| {
                [secret.name.clone(), zone.at(secret.updated_at_ms), last_used(secret), secret.used_by.join(", ")]
            };
            let rows: Vec<_> = answer.secrets.iter().map(row).collect();
            say(&table(["NAME", "CHANGED", "LAST USED", "USED BY"], &rows));
        }
        SecretCommand::Show { .. } => {}
    }
    Ok(())
}

fn show(story: &SecretStory) {
    let zone = Zone::of_machine();
    let SecretView { name, used_by, version, updated_at_ms, .. } = &story.secret;
    say(&format!("{name}: value {version}, kept {}", zone.at(*updated_at_ms)));
    let cues = if used_by.is_empty() { "no cue names it".to_owned() } else { used_by.join(", ") };
    say(&format!("Named by: {cues}"));
    if story.uses.is_empty() {
        return say("Nobody has used it yet.");
    }
    let text = |found: &Option<String>| found.clone().unwrap_or_default();
    let row = |used: &SecretUse| {
        [zone.at(used.at_ms), used.how.clone(), text(&used.tool), text(&used.cue_name), text(&used.run_id)]
    };
    let rows: Vec<_> = story.uses.iter().map(row).collect();
    say("");
    say(&table(["USED", "AS", "TOOL", "CUE", "RUN"], &rows));
}

/// What stdin says to `what`, unseen, without the line's end that a terminal or `echo` adds.
pub fn typed(what: &str) -> Result<String, String> {
    let unread = |error: std::io::Error| format!("The value could not be read: {error}.");
    let stdin = std::io::stdin();
    let mut value = String::new();
    if stdin.is_terminal() {
        eprint!("{what} (not shown): ");
        let quiet = quiet::Quiet::begin().map_err(unread)?;
        stdin.lock().read_line(&mut value).map_err(unread)?;
        drop(quiet);
        eprintln!();
    } else {
        stdin.lock().take(VALUE_MAX).read_to_string(&mut value).map_err(unread)?;
    }
    let line = value.strip_suffix('\n').unwrap_or(&value);
    Ok(line.strip_suffix('\r').unwrap_or(line).to_owned())
}

#[cfg(unix)]
mod quiet {
    //! A terminal that does not show what is typed, until this is dropped.

    use nix::sys::termios::{LocalFlags, SetArg, Termios, tcgetattr, tcsetattr};

    pub struct Quiet(Termios);

    impl Quiet {
        pub fn begin() -> std::io::Result<Quiet> {
            let before = tcgetattr(std::io::stdin())?;
            let mut silent = before.clone();
            silent.local_flags.remove(LocalFlags::ECHO);
            tcsetattr(std::io::stdin(), SetArg::TCSAFLUSH, &silent)?;
            Ok(Quiet(before))
        }
    }

    impl Drop for Quiet {
        fn drop(&mut self) {
            let _ = tcsetattr(std::io::stdin(), SetArg::TCSANOW, &self.0);
        }
    }
}

#[cfg(not(unix))]
mod quiet {
    //! Where the terminal cannot be told to be quiet, the value has to come through a pipe.

    pub struct Quiet;

    impl Quiet {
        pub fn begin() -> std::io::Result<Quiet> {
            Err(std::io::Error::other("this terminal would show it; pipe it in"))
        }
    }
}
