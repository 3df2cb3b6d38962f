//! Text that is more than text to whoever shows it: escapes to a terminal, letters that turn the reading direction round. The
//! owner sees them for what they are.

use super::*;

/// Sets the title of a terminal, clears it, colours it, by 7-bit and 8-bit codes; goes back; then reads backwards.
const HOSTILE: &str =
    "x\u{1b}]0;pwned\u{7}\u{1b}[2J\u{1b}[31mred\u{9b}31m\u{8}\u{7f}\r\nforged line\u{202e}gpj.exe\u{2066}\u{200f}";

/// Nothing that a terminal would obey, or that turns what is read round.
fn is_plain(text: &str) -> bool {
    let obeyed = |letter: char| letter.is_control() && !matches!(letter, '\n' | '\t');
    let turning = |letter: char| matches!(letter, '\u{200e}' | '\u{200f}' | '\u{061c}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    !text.chars().any(|letter| obeyed(letter) || turning(letter))
}

/// An agent that says it wherever it may say something; its run.
async fn said_everywhere(tower: &Tower) -> String {
    let held = Agent::start(tower, "\u{202e}talk", json!({ "agent": "\u{202e}talk" })).await.run(tower).await;
    let (run, token) = (&held.run, &held.token);
    let of_run = format!("/v1/executions/{run}");
    for (method, path, body) in [
        (Method::PUT, format!("{of_run}/steps/k"), json!({ "name": HOSTILE, "kind": "tool", "model": "m" })),
        (Method::POST, format!("{of_run}/steps/k/fail"), json!({ "error": HOSTILE })),
        (Method::POST, "/v1/heartbeats".to_owned(), json!({ "execution_id": run, "message": HOSTILE })),
        (
            Method::POST,
            format!("{of_run}/outcome"),
            json!({ "success": false, "error": HOSTILE, "summary": HOSTILE, "result": HOSTILE }),
        ),
    ] {
        let (status, answer) = speak(tower, token, method, &path, Some(&body)).await;
        assert!(status < 300, "{path}: {answer}");
    }
    let beat = tower.post("/v1/heartbeats", &json!({ "agent": "\u{202e}talk", "message": HOSTILE })).await;
    assert_eq!(beat.0, 200, "{}", beat.1);
    ended(tower, run).await;
    held.run
}

#[tokio::test(flavor = "multi_thread")]
async fn the_command_line_writes_nothing_that_a_terminal_obeys() {
    let tower = Tower::start().await;
    let run = said_everywhere(&tower).await;
    let lines: [&[&str]; 14] = [
        &["run", "show", &run],
        &["run", "steps", &run],
        &["runs"],
        &["ledger"],
        &["alerts"],
        &["agents"],
        &["agents", "show", "\u{202e}talk"],
        &["cue", "list"],
        &["cue", "show", "\u{202e}talk"],
        &["report"],
        &["costs"],
        &["status"],
        &["briefing"],
        &["run", "show", "\u{1b}[2J"],
    ];
    for line in lines {
        let ended = tower.ctl(line).await;
        for said in [&ended.out, &ended.err] {
            assert!(is_plain(said), "{line:?} writes {said:?}");
        }
    }
    // For programs it is the text itself, escaped as JSON is.
    let json = tower.ctl(&["run", "show", &run, "--json"]).await.good();
    assert!(!json.chars().any(|letter| letter.is_control() && letter != '\n'), "{json:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_goes_to_others_by_a_channel_is_plain() {
    let tower = Tower::start().await;
    let server = Server::start(|_, _| Answer::json(200, &json!("ok"))).await;
    for kind in ["webhook", "slack", "discord", "ntfy"] {
        let url = format!("{}/{kind}", server.url);
        tower.owner("channel_set", &json!({ "name": kind, "kind": kind, "url": url })).await;
    }
    said_everywhere(&tower).await;
    for seen in server.seen_at_least(4, SOON).await {
        let mut texts = Vec::new();
        leaves(&seen.json(), &mut texts);
        for text in texts {
            assert!(is_plain(&text), "{}: {text:?}", seen.path);
        }
    }
}

/// Every string in it.
fn leaves(value: &Value, into: &mut Vec<String>) {
    match value {
        Value::String(text) => into.push(text.clone()),
        Value::Array(all) => all.iter().for_each(|one| leaves(one, into)),
        Value::Object(all) => all.values().for_each(|one| leaves(one, into)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}
