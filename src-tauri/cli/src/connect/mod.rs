//! `connect …`: points clients of CueAPI and ClevAgent at the running tower. A key of their own (`key`), the file that
//! CueAPI's programs read (`profile`), and what to set where a file does not do (`wiring`).

mod key;
mod profile;
mod wiring;

use std::io::{BufRead as _, IsTerminal as _, Write as _};
use std::path::Path;

use cuetower_engine::desk::wire::TowerStatus;
use serde_json::{Value, json};

use self::key::ClientKey;
use self::profile::{Entry, Profiles, Written};
use self::wiring::{Client, Wiring};
use crate::args::{ConnectCommand, ConnectCueapiArgs};
use crate::owner::Owner;
use crate::show::{Zone, say, say_json};

pub async fn obey(owner: &Owner, what: ConnectCommand, as_json: bool) -> Result<(), String> {
    let status: TowerStatus = owner.ask("tower_status", json!({})).await?;
    match what {
        ConnectCommand::Cueapi(args) => cueapi(owner, &status, &args, as_json).await,
        ConnectCommand::Clevagent => clevagent(owner, &status, as_json).await,
    }
}

async fn cueapi(owner: &Owner, status: &TowerStatus, args: &ConnectCueapiArgs, as_json: bool) -> Result<(), String> {
    let file = profile::file()?;
    let base = &status.agents_url;
    let api_base = format!("{base}/v1");
    let profiles = match Profiles::read(&file) {
        // It is not written to, and what it holds is of use only if it can be read.
        Err(_) if args.print => Profiles::default(),
        read => read?,
    };
    let entry = profiles.entry(&args.profile);
    let kept = match &entry {
        Some(entry) => key::that_works(base, &entry.api_key).await?,
        None => None,
    };
    let points_here = kept.is_some() && entry.as_ref().is_some_and(|entry| entry.api_base == api_base);
    if !args.print && !points_here && !args.yes {
        agreed(&file, &args.profile, entry.as_ref(), &api_base)?;
    }
    let key = match kept {
        Some(kept) => kept,
        None => key::made(owner, base, &key::CUEAPI).await?,
    };
    let written = if args.print || points_here {
        None
    } else {
        let stamp = Zone::of_machine().written(status.now_ms, "%Y-%m-%dT%H%M%S");
        let entry = Entry { api_key: key.key.clone(), email: key.email.clone(), api_base };
        let written = profile::write(&file, &args.profile, &entry, &stamp);
        if written.is_err() {
            // A key that nobody has is of no use.
            key::forgotten(owner, &key).await;
        }
        Some(written?)
    };
    let profile = (!args.print).then_some(args.profile.as_str());
    let clients = Wiring { base, key: &key.key, profile }.of_all();
    let done = Done { file: &file, profile: &args.profile, points_here, written: written.as_ref(), key: &key, owner };
    if as_json {
        say_json(&done.json(base, &clients))
    } else {
        done.say(base, &clients)
    }
    warn_of_variables(args.print);
    Ok(())
}

async fn clevagent(owner: &Owner, status: &TowerStatus, as_json: bool) -> Result<(), String> {
    let base = &status.agents_url;
    let key = key::made(owner, base, &key::CLEVAGENT).await?;
    let clients = Wiring { base, key: &key.key, profile: None }.of_clevagent();
    if as_json {
        say_json(&json!({ "base": base, "undo": key.undo(owner), "key": key.json(), "clients": listed(&clients) }));
        return Ok(());
    }
    say(&key.words());
    say("");
    say(&wiring::written(&clients));
    if let Some(undo) = key.undo(owner) {
        say(&format!("\nTo take it back: {undo}"));
    }
    Ok(())
}

/// What was done, to be said.
struct Done<'a> {
    file: &'a Path,
    profile: &'a str,
    /// Before anything was done.
    points_here: bool,
    written: Option<&'a Written>,
    key: &'a ClientKey,
    owner: &'a Owner,
}

impl Done<'_> {
    fn json(&self, base: &str, clients: &[Client]) -> Value {
        json!({
            "base": base,
            "profile": self.profile,
            "file": self.file,
            "written": self.written.is_some(),
            "backup": self.written.and_then(|written| written.backup.as_ref()),
            "undo": self.undo(),
            "key": self.key.json(),
            "clients": listed(clients),
        })
    }

    fn say(&self, base: &str, clients: &[Client]) {
        let file = self.file.display();
        match self.written {
            Some(written) => {
                say(&format!("Profile `{}` of {file} points to {base}.", self.profile));
                if let Some(backup) = &written.backup {
                    say(&format!("What it was is in {}.", backup.display()));
                }
            }
            None if self.points_here => {
                say(&format!("Profile `{}` of {file} points to {base} already; nothing was changed.", self.profile));
            }
            None => say(&format!("Nothing was written. {file} is as it was.")),
        }
        say(&self.key.words());
        say("");
        say(&wiring::written(clients));
        if let Some(undo) = self.undo() {
            say(&format!("\nTo take it back: {undo}"));
        }
    }

    /// A line for a shell.
    fn undo(&self) -> Option<String> {
        let file = wiring::quoted(&self.file.to_string_lossy());
        let back = self.written.map(|written| match &written.backup {
            Some(backup) => format!("mv {} {file}", wiring::quoted(&backup.to_string_lossy())),
            None => format!("rm {file}"),
        });
        let steps: Vec<String> = back.into_iter().chain(self.key.undo(self.owner)).collect();
        (!steps.is_empty()).then(|| steps.join(" && "))
    }
}

fn listed(clients: &[Client]) -> Vec<Value> {
    clients.iter().map(Client::json).collect()
}

/// Their word counts more than the profile's.
fn warn_of_variables(only_printed: bool) {
    for name in ["CUEAPI_API_KEY", "CUEAPI_API_BASE", "CUEAPI_PROFILE"] {
        if !only_printed && std::env::var_os(name).is_some_and(|value| !value.is_empty()) {
            eprintln!("{name} is set in this shell, and `cueapi` believes it before its profile: unset {name}");
        }
    }
}

/// # Errors
/// The owner said no, or nobody is there to be asked.
fn agreed(file: &Path, profile: &str, entry: Option<&Entry>, api_base: &str) -> Result<(), String> {
    let stdin = std::io::stdin();
    if !stdin.is_terminal() {
        return Err(format!(
            "This writes profile `{profile}` of {}, and there is no terminal to ask at: add --yes, or --print to write nothing.",
            file.display()
        ));
    }
    if let Some(entry) = entry {
        let whose = if entry.email.is_empty() { String::new() } else { format!(" as {}", entry.email) };
        eprintln!("Profile `{profile}` of {} points to {}{whose} now.", file.display(), entry.api_base);
    }
    eprint!("Let profile `{profile}` of {} point to {api_base}? [y/N] ", file.display());
    drop(std::io::stderr().flush());
    let mut word = String::new();
    stdin.lock().read_line(&mut word).map_err(|error| format!("Your answer could not be read: {error}."))?;
    match word.trim().to_ascii_lowercase().as_str() {
        "y" | "yes" => Ok(()),
        _ => Err("Nothing was changed.".to_owned()),
    }
}
