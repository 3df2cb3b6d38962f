//! Looking for things on a real tower: what was said is found as soon as it is on disk, newest first, with the words in it
//! shown; what cannot be read is named, and nothing that can be typed breaks anything.

use std::time::Duration;

use cuetower_tests::{Tower, send, until};
use reqwest::Method;
use serde_json::{Value, json};

const PATIENCE: Duration = Duration::from_secs(60);

async fn made(tower: &Tower, name: &str, agent: &str) -> String {
    let cue = json!({ "name": name, "agent": agent, "description": "Reads the mail and scores what it finds", "transport": "worker",
                      "schedule": { "type": "manual" }, "overlap": "allow", "retry": { "max_attempts": 1 } });
    let (status, answer) = tower.post("/v1/cues", &cue).await;
    assert_eq!(status, 201, "{answer}");
    answer["id"].as_str().unwrap().to_owned()
}

/// A run under way, with its token.
async fn begun(tower: &Tower, cue: &str) -> (String, String) {
    let (status, fired) = tower.post(&format!("/v1/cues/{cue}/fire"), &json!({})).await;
    assert!(status < 300, "{fired}");
    let id = fired["id"].as_str().unwrap().to_owned();
    let (status, claimed) = tower.post(&format!("/v1/executions/{id}/claim"), &json!({ "worker_id": "ada" })).await;
    assert_eq!(status, 200, "{claimed}");
    (id, claimed["run_token"].as_str().unwrap().to_owned())
}

async fn tell(tower: &Tower, run: &(String, String), method: Method, path: &str, body: Value) {
    let url = format!("{}/v1/executions/{}/{path}", tower.agents, run.0);
    let (status, answer) = send(method, &url, Some(&run.1), Some(&body)).await;
    assert!(status < 300, "{path}: {answer}");
}

async fn found(tower: &Tower, text: &str) -> Value {
    tower.owner("search", &json!({ "text": text })).await
}

/// Ids of what was found of a kind.
fn ids(found: &Value, kind: &str) -> Vec<String> {
    let of = found["hits"].as_array().unwrap().iter().filter(|hit| hit["kind"] == kind);
    of.map(|hit| hit["id"].as_str().unwrap().to_owned()).collect()
}

fn snippet(hit: &Value) -> String {
    let pieces = hit["snippet"].as_array().unwrap().iter();
    pieces
        .map(|piece| {
            if piece["hit"] == true {
                format!("[{}]", piece["text"].as_str().unwrap())
            } else {
                piece["text"].as_str().unwrap().to_owned()
            }
        })
        .collect()
}

#[tokio::test]
async fn what_was_said_is_found_by_its_words_and_filters() {
    let mut tower = Tower::start().await;
    let leads = made(&tower, "score-new-leads", "leads-bot").await;
    let watch = made(&tower, "price-watch", "ticker").await;

    let good = begun(&tower, &leads).await;
    tell(&tower, &good, Method::PUT, "steps/fetch", json!({ "name": "fetch mailbox", "kind": "tool" })).await;
    tell(&tower, &good, Method::POST, "steps/fetch/complete", json!({ "cost_usd": 0.75 })).await;
    tell(&tower, &good, Method::POST, "outcome", json!({ "success": true, "summary": "Scored 200 leads" })).await;
    let bad = begun(&tower, &watch).await;
    let error = "connection to api.kraken.com timed out; table prices has no rows";
    tell(&tower, &bad, Method::POST, "outcome", json!({ "success": false, "error": error })).await;
    let live = begun(&tower, &leads).await;

    let seen = found(&tower, "scor").await;
    assert_eq!(ids(&seen, "cue"), [leads.clone(), watch.clone()].into_iter().rev().collect::<Vec<_>>(), "{seen}");
    assert_eq!(ids(&seen, "run"), [live.0.clone(), good.0.clone()], "the newest first, and the one at work: {seen}");
    let run = seen["hits"].as_array().unwrap().iter().find(|hit| hit["id"] == json!(good.0)).unwrap();
    assert_eq!(
        (&run["title"], &run["agent"], &run["mark"]["confirmed"]),
        (&json!("score-new-leads"), &json!("leads-bot"), &json!("claimed"))
    );
    assert!(snippet(run).contains("[score]") || snippet(run).contains("[Scored]"), "{run}");

    let seen = found(&tower, "\"no rows\" is:failed").await;
    assert_eq!((ids(&seen, "run"), ids(&seen, "cue")), (vec![bad.0.clone()], vec![]));
    assert_eq!(snippet(&seen["hits"][0]), "…com timed out; table prices has [no rows]", "{seen}");
    assert_eq!((&seen["hits"][0]["field"], &seen["filters"]), (&json!("error"), &json!(["failed"])));

    for (text, runs) in [
        ("mailbox", vec![&good.0]),
        ("kraken -rows", vec![]),
        ("cue:price", vec![&bad.0]),
        ("agent:leads-bot is:claimed", vec![&good.0]),
        ("agent:leads", vec![&live.0, &good.0]),
        ("is:running", vec![&live.0]),
        ("cost:>0.5", vec![&good.0]),
        ("cost:>1", vec![]),
        ("since:1h is:failed,claimed", vec![&bad.0, &good.0]),
        ("until:2020-01-01 leads", vec![]),
        (&good.0, vec![&good.0]),
    ] {
        assert_eq!(ids(&found(&tower, text).await, "run").iter().collect::<Vec<_>>(), runs, "{text}");
    }
    assert_eq!(ids(&found(&tower, "ticker").await, "agent"), ["ticker"]);
    let alert = until("the alert of the failed run", PATIENCE, async || {
        Some(ids(&found(&tower, "price kind:alert is:open").await, "alert")).filter(|ids| !ids.is_empty())
    })
    .await;
    assert_eq!(alert.len(), 1);

    // What ends now, or is told of later, is found at once by what it says now.
    tell(&tower, &live, Method::POST, "outcome", json!({ "success": true, "summary": "an armadillo" })).await;
    assert_eq!(ids(&found(&tower, "armadillo").await, "run"), std::slice::from_ref(&live.0));
    tower.kill9().await;
    tower.again().await;
    assert_eq!(ids(&found(&tower, "armadillo").await, "run"), std::slice::from_ref(&live.0), "and after a crash");
}

#[tokio::test]
async fn pages_go_on_from_each_other() {
    let tower = Tower::start().await;
    let cue = made(&tower, "many", "bot").await;
    for _ in 0..7 {
        let run = begun(&tower, &cue).await;
        tell(&tower, &run, Method::POST, "outcome", json!({ "success": true, "summary": "one of many" })).await;
    }
    let (mut seen, mut cursor) = (Vec::new(), Value::Null);
    loop {
        let page = tower.owner("search", &json!({ "text": "kind:run many", "limit": 3, "cursor": cursor })).await;
        let ids = ids(&page, "run");
        assert!(ids.len() <= 3);
        seen.extend(ids);
        cursor = page["cursor"].clone();
        if cursor.is_null() {
            break;
        }
    }
    let mut once = seen.clone();
    once.sort();
    once.dedup();
    assert_eq!((seen.len(), once.len()), (7, 7), "each of them once");
}

#[tokio::test]
async fn what_cannot_be_read_is_named_and_nothing_breaks() {
    let tower = Tower::start().await;
    made(&tower, "leads", "bot").await;
    for (text, word) in [("leads is:broken", "is:broken"), ("cost:>lots", "cost:>lots"), ("since:soon", "since:soon")] {
        let (status, answer) = tower.owner_call("search", &json!({ "text": text })).await;
        assert_eq!((status, &answer["field"]), (422, &json!("text")), "{answer}");
        assert!(answer["message"].as_str().unwrap().contains(word), "{answer}");
    }
    for text in [
        "\"",
        "*",
        "leads AND",
        "NEAR(a b)",
        "words:leads",
        "(",
        "a\" OR \"b",
        "'; DROP TABLE runs; --",
        "\u{0}",
        "^x",
        "-",
        "{a b}: c",
        "\u{a4}\u{a4}failed",
    ] {
        let (status, answer) = tower.owner_call("search", &json!({ "text": text })).await;
        assert_eq!(status, 200, "{text}: {answer}");
    }
    assert_eq!(found(&tower, "").await["hits"], json!([]));
    let (status, _) = tower.owner_call("search", &json!({ "text": "x".repeat(501) })).await;
    assert_eq!(status, 422);
}

#[tokio::test]
async fn the_command_line_finds_it_too() {
    let tower = Tower::start().await;
    let cue = made(&tower, "score-new-leads", "leads-bot").await;
    let run = begun(&tower, &cue).await;
    tell(&tower, &run, Method::POST, "outcome", json!({ "success": false, "error": "the table has no rows" })).await;
    let text = tower.ctl(&["search", "no rows", "is:failed"]).await.good();
    assert!(text.contains("the table has [no rows]") && text.contains(&run.0), "{text}");
    let json: Value = serde_json::from_str(&tower.ctl(&["search", "lead", "--json"]).await.good()).unwrap();
    assert_eq!(
        (ids(&json, "cue"), ids(&json, "agent"), ids(&json, "run")),
        (vec![cue], vec!["leads-bot".to_owned()], vec![run.0])
    );
    assert_eq!(tower.ctl(&["search", "nowhere"]).await.good().trim(), "Nothing is found.");
    let refused = tower.ctl(&["search", "is:lost"]).await;
    assert_eq!(refused.code, Some(1));
    assert!(refused.err.contains("`is:lost`"), "{}", refused.err);
}

#[tokio::test]
async fn deleted_cues_take_nobodys_place_and_their_runs_are_still_found() {
    let tower = Tower::start().await;
    let kept = made(&tower, "lead Übersicht", "Ältester").await;
    let mut gone = Vec::new();
    for number in 0..6 {
        gone.push(made(&tower, &format!("lead {number}"), "ÖL-bot").await);
    }
    let run = begun(&tower, &gone[0]).await;
    tell(&tower, &run, Method::POST, "outcome", json!({ "success": true, "summary": "scored" })).await;
    for cue in &gone {
        tower.owner("cue_delete", &json!({ "cue_id": cue })).await;
    }
    // The living one is older than all that were deleted, and there is room for so few.
    let seen = tower.owner("search", &json!({ "text": "lead", "kinds": ["cue"], "limit": 3 })).await;
    assert_eq!(ids(&seen, "cue"), std::slice::from_ref(&kept), "{seen}");
    assert_eq!(ids(&found(&tower, "öl kind:agent").await, "agent"), Vec::<String>::new(), "nothing names it any more");
    assert_eq!(ids(&found(&tower, "ältester kind:agent").await, "agent"), ["Ältester"]);
    for text in ["agent:öl-BOT", "agent:Öl", "cue:\"LEAD 0\"", "scored"] {
        assert_eq!(ids(&found(&tower, text).await, "run"), std::slice::from_ref(&run.0), "{text}");
    }
    for text in ["cue:\"lead übersicht\"", "cue:\"LEAD ÜBERS\"", "agent:äLTESTER"] {
        assert_eq!(
            ids(&found(&tower, &format!("{text} kind:cue")).await, "cue"),
            std::slice::from_ref(&kept),
            "{text}"
        );
    }
}
