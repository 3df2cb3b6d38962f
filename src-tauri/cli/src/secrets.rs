//! `secret …`: names are shown, values only go in: from standard input or asked for, never as an argument that others could see.

use std::io::{BufRead as _, IsTerminal as _, Read as _};

use cuetower_engine::desk::wire::{SecretView, Secrets};
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
        SecretCommand::Rm { name } => owner.ask("secret_delete", json!({ "name": name })).await?,
    };
    if as_json {
        say_json(&json!(answer));
        return Ok(());
    }
    match what {
        SecretCommand::Set { name } => say(&format!("{name} is kept ({}).", answer.vault.name)),
        SecretCommand::Rm { name } => say(&format!("{name} is forgotten.")),
        SecretCommand::List if answer.secrets.is_empty() => say("There are no secrets."),
        SecretCommand::List => {
            let zone = Zone::of_machine();
            let row =
                |secret: &SecretView| [secret.name.clone(), zone.at(secret.updated_at_ms), secret.used_by.join(", ")];
            let rows: Vec<_> = answer.secrets.iter().map(row).collect();
            say(&table(["NAME", "CHANGED", "USED BY"], &rows));
        }
    }
    Ok(())
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
