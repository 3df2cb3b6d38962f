//! `alerts`: what deserves the owner's eye, and that it was seen.

use cuetower_engine::desk::wire::{AlertView, Alerts};
use serde_json::json;

use crate::args::AlertCommand;
use crate::owner::Owner;
use crate::show::{Zone, say, say_json, table};

pub async fn obey(owner: &Owner, what: Option<AlertCommand>, limit: u32, as_json: bool) -> Result<(), String> {
    if let Some(AlertCommand::Ack { alert }) = what {
        let alert: AlertView = owner.ask("alert_acknowledge", json!({ "alert_id": alert })).await?;
        if as_json {
            say_json(&json!(alert))
        } else {
            say(&format!("Seen: {}", alert.title))
        }
        return Ok(());
    }
    let answer: Alerts = owner.ask("alerts", json!({ "limit": limit })).await?;
    if as_json {
        say_json(&json!(answer));
        return Ok(());
    }
    if answer.alerts.is_empty() {
        say("There are no alerts.");
        return Ok(());
    }
    let zone = Zone::of_machine();
    let row = |alert: &AlertView| {
        let [severity, state, title, id] = [&alert.severity, &alert.state, &alert.title, &alert.id].map(Clone::clone);
        [zone.at(alert.last_at_ms), severity, state, alert.count.to_string(), title, id]
    };
    let rows: Vec<_> = answer.alerts.iter().map(row).collect();
    say(&table(["LAST", "SEVERITY", "STATE", "TIMES", "WHAT", "ID"], &rows));
    Ok(())
}
