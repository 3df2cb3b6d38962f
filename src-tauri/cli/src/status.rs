//! The running tower as a whole: its status, a fresh link to its window, and any command of the owner's list.

use cuetower_engine::desk::COMMANDS;
use cuetower_engine::desk::wire::{Health, Key, TowerStatus};
use serde_json::{Value, json};

use crate::owner::Owner;
use crate::show::{Zone, say, say_json};

pub async fn status(owner: &Owner, as_json: bool) -> Result<(), String> {
    if as_json {
        say_json(&owner.call("tower_status", &json!({})).await?);
        return Ok(());
    }
    let status: TowerStatus = owner.ask("tower_status", json!({})).await?;
    let armed = if status.paused { "paused: nothing fires until `cuetowerctl resume`" } else { "armed" };
    say(&format!("Cuetower {} is {armed}", status.version));
    say(&format!("up since       {}", Zone::of_machine().at(status.started_at_ms)));
    say(&format!("agents report  {}", status.agents_url));
    say(&format!("data           {}", status.data_dir));
    for (what, health) in
        [("store", &status.store), ("secrets", &status.vault), ("notifications", &status.notifications)]
    {
        say(&format!("{what:13}  {}", condition(health)));
    }
    say(&match status.needs_you {
        0 => "nothing needs you".to_owned(),
        1 => "1 thing needs you".to_owned(),
        more => format!("{more} things need you"),
    });
    Ok(())
}

/// Of the whole tower.
pub async fn firing(owner: &Owner, paused: bool, as_json: bool) -> Result<(), String> {
    let command = if paused { "tower_pause" } else { "tower_resume" };
    let status: TowerStatus = owner.ask(command, json!({})).await?;
    if as_json {
        say_json(&json!(status));
    } else if status.paused {
        say("The tower is paused: nothing fires until `cuetowerctl resume`.");
    } else {
        say("The tower is armed: what is due fires again.");
    }
    Ok(())
}

fn condition(health: &Health) -> String {
    match &health.message {
        Some(message) => format!("{}: {message}", health.name),
        None => health.name.clone(),
    }
}

pub async fn desk_link(owner: &Owner, as_json: bool) -> Result<(), String> {
    let link = owner.link().await?;
    if as_json {
        say_json(&json!({ "link": link }))
    } else {
        say(&link)
    }
    Ok(())
}

pub async fn key(owner: &Owner, webhook_secret: bool, as_json: bool) -> Result<(), String> {
    let answer: Key = owner.ask(if webhook_secret { "webhook_secret" } else { "owner_key" }, json!({})).await?;
    if as_json {
        say_json(&json!({ "key": answer.key }))
    } else {
        say(&answer.key)
    }
    Ok(())
}

/// Answers in JSON whether asked to or not: that is what a command's answer is.
pub async fn call(owner: &Owner, command: &str, request: Option<String>) -> Result<(), String> {
    if !COMMANDS.iter().any(|(name, _, _)| *name == command) {
        let names: Vec<&str> = COMMANDS.iter().map(|(name, _, _)| *name).collect();
        return Err(format!("There is no command `{command}`. There are: {}.", names.join(", ")));
    }
    let text = match request.as_deref() {
        None => "{}".to_owned(),
        Some("-") => std::io::read_to_string(std::io::stdin())
            .map_err(|error| format!("The request could not be read: {error}."))?,
        Some(text) => text.to_owned(),
    };
    let request: Value = serde_json::from_str(&text).map_err(|error| format!("The request is not JSON: {error}."))?;
    say_json(&owner.call(command, &request).await?);
    Ok(())
}
