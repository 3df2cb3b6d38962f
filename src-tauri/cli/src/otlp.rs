//! `otlp …`: the tower's runs as OpenTelemetry traces.

use cuetower_engine::desk::wire::OtlpOut;
use serde_json::json;

use crate::args::OtlpCommand;
use crate::owner::Owner;
use crate::show::{Zone, say, say_json};

pub async fn obey(owner: &Owner, what: OtlpCommand, as_json: bool) -> Result<(), String> {
    let answer: OtlpOut = match &what {
        OtlpCommand::Show => owner.ask("otlp_out_get", json!({})).await?,
        OtlpCommand::Off => owner.ask("otlp_out_set", json!({ "endpoint": null })).await?,
        OtlpCommand::Set { url, headers } => {
            let pairs: Vec<_> = headers.iter().map(|(name, value)| json!({ "name": name, "value": value })).collect();
            owner.ask("otlp_out_set", json!({ "endpoint": url, "headers": pairs })).await?
        }
    };
    if as_json {
        say_json(&json!(answer));
        return Ok(());
    }
    match (&what, &answer.endpoint) {
        (OtlpCommand::Set { .. }, Some(endpoint)) => {
            say(&format!("Every run that ends from now on is sent to {endpoint}."));
        }
        (OtlpCommand::Set { .. } | OtlpCommand::Off, _) => say("No runs are sent as traces any more."),
        (OtlpCommand::Show, _) => say(&shown(&answer)),
    }
    Ok(())
}

fn shown(answer: &OtlpOut) -> String {
    let Some(endpoint) = &answer.endpoint else {
        return "Runs are sent nowhere as traces. Name a collector: cuetowerctl otlp set http://localhost:4318"
            .to_owned();
    };
    let mut lines = vec![format!("Runs go to {endpoint} as traces.")];
    lines.extend(answer.headers.iter().map(|header| format!("  {}: {}", header.name, header.value)));
    let last = answer.sent_at_ms.map(|at| format!(", the last at {}", Zone::of_machine().at(at)));
    lines.push(format!(
        "{} sent since the tower started{}; {} waiting.",
        answer.sent,
        last.unwrap_or_default(),
        answer.waiting
    ));
    lines.extend(answer.trouble.iter().map(|why| format!("It does not get through: {why}. It is tried again.")));
    if let Some(words) = answer.refused_words.as_ref().filter(|_| answer.refused > 0) {
        lines.push(format!("{} were refused for good, the last with: {words}.", answer.refused));
    }
    lines.join("\n")
}
