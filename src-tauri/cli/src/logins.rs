//! `login …`: programs that ask to sign in (`cueapi login`), and your word about them.

use cuetower_engine::desk::wire::{LoginView, Logins};
use serde_json::json;

use crate::args::LoginCommand;
use crate::owner::Owner;
use crate::show::{Zone, say, say_json, table};

pub async fn obey(owner: &Owner, what: LoginCommand, as_json: bool) -> Result<(), String> {
    let answer: Logins = match &what {
        LoginCommand::List => owner.ask("logins", json!({})).await?,
        LoginCommand::Approve { code } => owner.ask("login_answer", json!({ "code": code, "approve": true })).await?,
        LoginCommand::Deny { code } => owner.ask("login_answer", json!({ "code": code, "approve": false })).await?,
        LoginCommand::Allow => owner.ask("login_policy", json!({ "allow": true })).await?,
        LoginCommand::Ask => owner.ask("login_policy", json!({ "allow": false })).await?,
    };
    if as_json {
        say_json(&json!(answer));
        return Ok(());
    }
    match what {
        LoginCommand::List => list(&answer),
        LoginCommand::Approve { code } => say(&format!("{code} gets a key; `cuetowerctl key list` shows it.")),
        LoginCommand::Deny { code } => say(&format!("{code} gets no key.")),
        LoginCommand::Allow => say("Programs on this machine that ask to sign in get a key at once."),
        LoginCommand::Ask => say("Programs that ask to sign in wait for your word."),
    }
    Ok(())
}

fn list(answer: &Logins) {
    if answer.allow {
        say("Programs that ask to sign in get a key at once; `cuetowerctl login ask` changes that.");
    } else if answer.logins.is_empty() {
        say("No program waits to sign in.");
    }
    if answer.logins.is_empty() {
        return;
    }
    let zone = Zone::of_machine();
    let row = |login: &LoginView| {
        let [program, email] = [&login.program, &login.email].map(|word| word.clone().unwrap_or_default());
        [login.code.clone(), program, email, zone.at(login.asked_at_ms), zone.at(login.expires_at_ms)]
    };
    let rows: Vec<_> = answer.logins.iter().map(row).collect();
    say(&table(["CODE", "PROGRAM", "EMAIL", "ASKED", "LAPSES"], &rows));
}
