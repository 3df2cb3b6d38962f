//! `otlp …`: the tower's runs as OpenTelemetry traces.

use cuetower_core::sentence::grouped;
use cuetower_engine::desk::wire::{ApartView, OtlpOut, SpansApart};
use serde_json::json;

use crate::args::OtlpCommand;
use crate::owner::Owner;
use crate::show::{Zone, say, say_json, table};

pub async fn obey(owner: &Owner, what: OtlpCommand, as_json: bool) -> Result<(), String> {
    let answer: OtlpOut = match &what {
        OtlpCommand::Apart { agent } => return apart(owner, agent.as_deref(), as_json).await,
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
        (OtlpCommand::Show | OtlpCommand::Apart { .. }, _) => say(&shown(&answer)),
    }
    Ok(())
}

async fn apart(owner: &Owner, agent: Option<&str>, as_json: bool) -> Result<(), String> {
    let answer: SpansApart = owner.ask("spans_apart", json!({ "agent": agent })).await?;
    if as_json {
        say_json(&json!(answer));
        return Ok(());
    }
    if answer.apart.is_empty() {
        say("Every span that came in belongs to a run.");
        return Ok(());
    }
    let zone = Zone::of_machine();
    let row = |one: &ApartView| {
        let told = |figure: Option<String>| figure.unwrap_or_else(|| "-".to_owned());
        [
            one.agent.clone(),
            one.day.clone(),
            grouped(one.spans.into()),
            told(one.tokens.map(grouped)),
            told(one.cost_usd.map(|usd| format!("${usd:.4}"))),
            zone.maybe(one.last_ms),
        ]
    };
    let rows: Vec<_> = answer.apart.iter().map(row).collect();
    say(&table(["AGENT", "DAY", "SPANS", "TOKENS", "COST", "LAST"], &rows));
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
