//! `secrets`: by name, or for some tools; and a secret that got another name.

use cuetower_core::lend::Lend;
use serde_json::json;

use super::refused::refused;
use super::{command, read, webhook, with};
use crate::definition::{renamed, secret_names, write};

#[test]
fn secrets_are_granted_to_all_tools_or_to_some() {
    let granted = json!(["OPENAI", { "name": "STRIPE", "tools": ["stripe.charge", "stripe.refund"] }, "OPENAI"]);
    let cue = read(&with(webhook(), "secrets", granted));
    let tools = ["stripe.charge", "stripe.refund"].map(str::to_owned).to_vec();
    assert_eq!(cue.lends, [Lend::of("OPENAI"), Lend { name: "STRIPE".into(), tools }]);
    let written = write(&cue);
    let shown = json!(["OPENAI", { "name": "STRIPE", "tools": ["stripe.charge", "stripe.refund"] }]);
    assert_eq!(written["secrets"], shown);
    assert_eq!(read(&written), cue);
    let stored = serde_json::to_string(&cue).expect("text and numbers");
    assert_eq!(serde_json::from_str::<cuetower_core::cue::CueDefinition>(&stored).expect("the same"), cue);
}

#[test]
fn a_grant_that_says_less_than_it_seems_is_refused() {
    let secrets = |value| with(webhook(), "secrets", value);
    refused(&secrets(json!([{ "name": "STRIPE", "tools": [] }])), "secrets[0].tools", "leave it out for all");
    refused(&secrets(json!([{ "name": "STRIPE", "tool": "charge" }])), "secrets[0].tool", "tool");
    refused(&secrets(json!([{ "tools": ["charge"] }])), "secrets[0].name", "name the secret");
    refused(&secrets(json!([{ "name": "stripe" }])), "secrets[0].name", "capitals");
    refused(&secrets(json!([{ "name": "STRIPE", "tools": ["a\nb"] }])), "secrets[0].tools[0]", "one line");
    refused(&secrets(json!([7])), "secrets[0]", "capitals");
    let twice = json!([{ "name": "STRIPE", "tools": ["charge"] }, "STRIPE"]);
    refused(&secrets(twice), "secrets[1]", "in one place");
}

#[test]
fn another_name_is_written_wherever_the_cue_named_it() {
    let checks = json!([
        { "check": "url", "url": "https://api.example.com/", "headers": { "X-Key": "{{secret:OPENAI}}" } },
        { "check": "secret", "name": "OPENAI" },
    ]);
    let sql = json!([{ "check": "sql", "postgres": "postgres://me:{{secret:OPENAI}}@db/crm", "query": "select 1" }]);
    let body =
        with(with(with(command(), "preflight", checks), "checks", sql), "secrets", json!(["OPENAI", "OPENAI_2"]));
    let cue = read(&body);
    let other = renamed(&cue, "OPENAI", "LLM").expect("it names it");
    assert_eq!(secret_names(&other), ["LLM", "OPENAI_2"]);
    let text = write(&other).to_string();
    assert!(!text.contains("{{secret:OPENAI}}") && !text.contains("\"OPENAI\""), "{text}");
    assert_eq!(renamed(&other, "LLM", "OPENAI").expect("it names it"), cue, "and nothing else was touched");
    assert_eq!(renamed(&cue, "OTHER", "LLM"), None);
}
