//! The owner's commands about one cue's time: paused until, fired later, its trigger URL.

use std::time::Duration;

use cuetower_tests::{Server, Tower, ctl_in, send, until};
use reqwest::Method;
use serde_json::{Value, json};

async fn added(tower: &Tower, definition: &Value) {
    ctl_in(&tower.data, &["cue", "add", "-"], &definition.to_string()).await.good();
}

async fn said_in_json(tower: &Tower, args: &[&str]) -> Value {
    let said = tower.ctl(&[args, &["--json"]].concat()).await.good();
    serde_json::from_str(&said).unwrap_or_else(|error| panic!("{args:?}: {error} in {said}"))
}

#[tokio::test]
async fn a_pause_may_have_an_end() {
    let tower = Tower::start().await;
    added(
        &tower,
        &json!({ "name": "nightly", "transport": "command", "command": { "argv": ["true"] }, "confirm": "exit_code",
                 "schedule": { "type": "recurring", "cron": "0 3 * * *", "timezone": "Europe/Berlin" } }),
    )
    .await;
    let said = tower.ctl(&["cue", "pause", "nightly", "--for", "2h"]).await.good();
    assert!(said.starts_with("nightly is paused until 20"), "{said}");
    let now_ms = tower.owner("tower_status", &json!({})).await["now_ms"].as_i64().unwrap();
    let until_ms = said_in_json(&tower, &["cue", "show", "nightly"]).await["paused_until_ms"].as_i64().unwrap();
    assert!((0..60_000).contains(&(now_ms + 7_200_000 - until_ms)), "{until_ms}");
    for what in ["list", "show nightly"] {
        let args: Vec<&str> = ["cue"].into_iter().chain(what.split(' ')).collect();
        let said = tower.ctl(&args).await.good();
        assert!(said.contains("paused until 20"), "{said}");
    }
    let until = said_in_json(&tower, &["cue", "pause", "nightly", "--until", "2999-01-01T00:00:00+01:00"]).await;
    assert_eq!(until["paused_until_ms"], json!(32_472_140_400_000_i64));
    let past = tower.ctl(&["cue", "pause", "nightly", "--until", "2001-01-01T00:00:00Z"]).await;
    assert!(past.code == Some(1) && past.err.contains("later than now"), "{}", past.err);
    let odd = tower.ctl(&["cue", "pause", "nightly", "--for", "a while"]).await;
    assert!(odd.code == Some(1) && odd.err.contains("`a while` is not a length"), "{}", odd.err);
    let plain = tower.ctl(&["cue", "pause", "nightly"]).await.good();
    assert_eq!(plain, "nightly is paused.\n");
    tower.ctl(&["cue", "resume", "nightly"]).await.good();
    assert_eq!(said_in_json(&tower, &["cue", "show", "nightly"]).await["status"], "active");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fire_may_be_later_merged_and_once_for_its_key() {
    let tower = Tower::start().await;
    let agent = Server::start(|_, _| cuetower_tests::Answer::json(200, &json!({ "success": true }))).await;
    added(
        &tower,
        &json!({ "name": "digest", "transport": "webhook", "callback": { "url": agent.url },
                 "payload": { "to": "me", "length": "short" }, "schedule": { "type": "manual" } }),
    )
    .await;
    let over = r#"{"length":"long"}"#;
    tower.ctl(&["cue", "fire", "digest", "--payload", over, "--merge"]).await.good();
    let seen = agent.seen_at_least(1, Duration::from_secs(10)).await;
    assert_eq!(seen[0].json()["payload"], json!({ "to": "me", "length": "long" }));
    tower.ctl(&["cue", "fire", "digest", "--payload", over]).await.good();
    let seen = agent.seen_at_least(2, Duration::from_secs(10)).await;
    assert_eq!(seen[1].json()["payload"], json!({ "length": "long" }), "instead of the cue's own");

    let fire = ["cue", "fire", "digest", "--at", "2999-01-01T00:00:00Z", "--key", "new year"];
    let [first, again] = [said_in_json(&tower, &fire).await, said_in_json(&tower, &fire).await];
    assert_eq!(first["run_id"], again["run_id"], "one key, one run");
    let ledger = said_in_json(&tower, &["ledger", "--cue", "digest"]).await;
    assert_eq!(ledger["marks"][0]["due_ms"], json!(32_472_144_000_000_i64), "{ledger}");
    let alone = tower.ctl(&["cue", "fire", "digest", "--merge"]).await;
    assert_eq!(alone.code, Some(2), "there is nothing to merge");
}

#[tokio::test]
async fn a_trigger_url_is_made_used_renewed_and_taken_away() {
    let tower = Tower::start().await;
    let definition = json!({ "name": "hook", "transport": "command", "command": { "argv": ["true"] },
                             "confirm": "exit_code", "schedule": { "type": "manual" } });
    added(&tower, &definition).await;
    let has = async |word: &str| {
        let shown = tower.ctl(&["cue", "show", "hook"]).await.good();
        assert!(shown.contains(&format!("trigger URL  {word}\n")), "{shown}");
    };
    has("no").await;
    let none = tower.ctl(&["cue", "trigger", "hook"]).await.good();
    assert_eq!(none, "hook has no trigger URL. --renew makes one.\n");
    let first = tower.ctl(&["cue", "trigger", "hook", "--renew"]).await.good().trim().to_owned();
    assert!(first.starts_with(&format!("{}/v1/triggers/", tower.agents)), "{first}");
    assert_eq!(tower.ctl(&["cue", "trigger", "hook"]).await.good().trim(), first);
    has("yes").await;
    let post = async |url: &str| send(Method::POST, url, None, Some(&json!({ "from": "outside" }))).await.0;
    assert!((200..300).contains(&post(&first).await));
    until("run by its trigger", Duration::from_secs(10), async || {
        let ledger = tower.ctl(&["ledger", "--cue", "hook"]).await.good();
        (ledger.contains("trigger") && ledger.contains("ran")).then_some(())
    })
    .await;
    let second = tower.ctl(&["cue", "trigger", "hook", "--renew"]).await.good().trim().to_owned();
    assert!(second != first && post(&first).await == 404, "the older one has ended");
    let gone = tower.ctl(&["cue", "trigger", "hook", "--remove"]).await.good();
    assert_eq!(gone, "hook has no trigger URL any more.\n");
    assert_eq!(post(&second).await, 404);
    has("no").await;
}

#[tokio::test]
async fn a_cue_is_shown_with_its_windows_and_its_blackouts() {
    let tower = Tower::start().await;
    added(
        &tower,
        &json!({ "name": "market", "transport": "command", "command": { "argv": ["true"] }, "confirm": "exit_code",
                 "schedule": { "type": "recurring", "cron": "5 * * * *", "timezone": "Europe/Berlin",
                               "parts": [{ "days": "mon-fri", "from": "09:30", "to": "16:00",
                                           "timezone": "America/New_York", "every_seconds": 60 }],
                               "blackout": [{ "from": "2099-12-24", "to": "2099-12-27" }] } }),
    )
    .await;
    let shown = tower.ctl(&["cue", "show", "market"]).await.good();
    let lines: Vec<&str> = shown.lines().collect();
    assert!(lines[0].contains("is active"), "{shown}");
    assert!(lines[1].starts_with("schedule     hourly"), "{shown}");
    assert!(lines[2].contains("mon-fri 09:30-16:00 New York every 1 min"), "{shown}");
    assert_eq!(lines[3], "blackout     2099-12-24 to 2099-12-27");
}
