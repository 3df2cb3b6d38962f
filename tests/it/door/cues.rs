//! Cues through the door: made, shown, changed, paused, deleted.

use reqwest::Method;
use serde_json::{Value, json};

use super::{Tower, manual};

const URL: &str = "http://127.0.0.1:9/run";

/// The fields that CueAPI's core promises for a cue.
const PROMISED: [&str; 18] = [
    "id",
    "name",
    "description",
    "status",
    "transport",
    "schedule",
    "callback",
    "payload",
    "retry",
    "next_run",
    "last_run",
    "run_count",
    "fired_count",
    "on_failure",
    "verification",
    "warning",
    "created_at",
    "updated_at",
];

#[tokio::test]
async fn a_cue_is_made_shown_changed_and_deleted() {
    let tower = Tower::start().await;
    let body = json!({
        "name": "digest", "schedule": { "type": "recurring", "cron": "0 9 * * *", "timezone": "Europe/Berlin" },
        "callback": { "url": URL, "method": "POST", "headers": {} }, "payload": { "task": "digest" },
        "retry": { "max_attempts": 2, "backoff_minutes": [0.1, 2] },
        "on_failure": { "email": true, "webhook": null, "pause": false }, "verification": { "mode": "require_result_url" },
        "colour": "red",
    });
    let made = tower.post("/v1/cues", body).await;
    assert_eq!(made.status, 201, "{made:?}");
    let cue = &made.json;
    for field in PROMISED {
        assert!(cue.get(field).is_some(), "{field} is missing in {cue}");
    }
    let warning = cue["warning"].as_str().unwrap();
    assert!(warning.contains("colour") && warning.contains("no mail"), "{warning}");
    assert_eq!(cue["retry"]["backoff_minutes"], json!([1, 2]), "whole numbers for CueAPI's SDK");
    assert_eq!(cue["retry"]["backoff_seconds"], json!([6, 120]));
    assert_eq!(cue["verification"], json!({ "mode": "require_result_url" }));
    assert_eq!((&cue["status"], &cue["transport"]), (&json!("active"), &json!("webhook")));
    assert!(cue["next_run"].as_str().unwrap().ends_with(":00:00Z"), "{cue}");
    let path = format!("/v1/cues/{}", cue["id"].as_str().unwrap());

    let shown = tower.get(&path).await.json;
    assert_eq!((&shown["executions"], &shown["execution_total"]), (&json!([]), &json!(0)));
    assert_eq!((&shown["execution_limit"], &shown["execution_offset"]), (&json!(10), &json!(0)));

    let paused = tower.ask(Method::PATCH, &path, Some(&json!({ "status": "paused", "description": "later" }))).await;
    assert_eq!(
        (paused.status, &paused.json["status"], &paused.json["next_run"]),
        (200, &json!("paused"), &Value::Null)
    );
    assert_eq!(paused.json["description"], "later");
    assert_eq!(tower.get("/v1/cues?status=paused").await.json["total"], 1);
    let resumed = tower
        .ask(Method::PATCH, &path, Some(&json!({ "status": "active", "schedule": { "cron": "5 4 * * *" } })))
        .await;
    assert_eq!((&resumed.json["status"], &resumed.json["schedule"]["cron"]), (&json!("active"), &json!("5 4 * * *")));
    assert!(resumed.json["next_run"].is_string());

    let untouched = tower.ask(Method::PATCH, &path, Some(&json!({}))).await;
    assert_eq!((untouched.status, &untouched.json["revision"]), (200, &resumed.json["revision"]));
    for patch in [json!({ "status": "failed" }), json!({ "status": 1 })] {
        let refused = tower.ask(Method::PATCH, &path, Some(&patch)).await;
        assert_eq!((refused.status, refused.code(), refused.field()), (422, "validation_error", "body.status"));
    }
    let half =
        tower.ask(Method::PATCH, &path, Some(&json!({ "status": "paused", "retry": { "max_attempts": 99 } }))).await;
    assert_eq!((half.status, half.field()), (422, "body.retry.max_attempts"));
    assert_eq!(tower.get(&path).await.json["status"], "active", "a refused change changes nothing");

    let gone = tower.ask(Method::DELETE, &path, None).await;
    assert_eq!((gone.status, gone.json), (204, Value::Null));
    for (method, body) in [(Method::GET, None), (Method::DELETE, None), (Method::PATCH, Some(json!({})))] {
        let refused = tower.ask(method.clone(), &path, body.as_ref()).await;
        assert_eq!((refused.status, refused.code()), (404, "cue_not_found"), "{method}");
    }
    tower.stop().await;
}

#[tokio::test]
async fn names_are_unique_and_free_again_after_a_delete() {
    let tower = Tower::start().await;
    let id = tower.manual_cue("a", URL).await;
    let other = tower.manual_cue("b", URL).await;
    let before = tower.stored();
    let refused = tower.post("/v1/cues", manual("a", URL)).await;
    assert_eq!((refused.status, refused.code()), (409, "duplicate_cue_name"));
    assert!(refused.json["error"]["message"].as_str().unwrap().starts_with("A cue named 'a' already exists"));
    let refused = tower.ask(Method::PATCH, &format!("/v1/cues/{other}"), Some(&json!({ "name": "a" }))).await;
    assert_eq!((refused.status, refused.code()), (409, "duplicate_cue_name"));
    assert_eq!(tower.stored(), before);
    assert_eq!(tower.ask(Method::DELETE, &format!("/v1/cues/{id}"), None).await.status, 204);
    tower.manual_cue("a", URL).await;
    tower.stop().await;
}

#[tokio::test]
async fn lists_are_pages_newest_first() {
    let tower = Tower::start().await;
    for name in ["one", "two", "three"] {
        tower.manual_cue(name, URL).await;
        // Creation times are whole milliseconds, and order within one is by id.
        tokio::time::sleep(std::time::Duration::from_millis(3)).await;
    }
    let page = tower.get("/v1/cues?limit=2&offset=1").await.json;
    assert_eq!((&page["total"], &page["limit"], &page["offset"]), (&json!(3), &json!(2), &json!(1)));
    let names: Vec<_> = page["cues"].as_array().unwrap().iter().map(|cue| cue["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["two", "one"]);
    tower.stop().await;
}

#[tokio::test]
async fn the_flat_body_of_the_mcp_tool_is_taken() {
    let tower = Tower::start().await;
    let made = tower.post("/v1/cues", json!({ "name": "flat", "cron": "0 9 * * *", "callback_url": URL })).await;
    assert_eq!(
        (made.status, &made.json["schedule"]["cron"], &made.json["callback"]["url"]),
        (201, &json!("0 9 * * *"), &json!(URL))
    );
    assert_eq!(made.json["warning"], Value::Null);
    tower.stop().await;
}

#[tokio::test]
async fn a_command_cue_still_has_the_callback_that_clients_look_for() {
    let tower = Tower::start().await;
    let body = json!({ "name": "c", "transport": "command", "schedule": { "type": "manual" }, "command": { "argv": ["true"] } });
    let made = tower.post("/v1/cues", body).await;
    assert_eq!(made.json["callback"], json!({ "url": null, "method": "POST", "headers": {} }));
    assert_eq!(made.json["command"]["argv"], json!(["true"]));
    tower.stop().await;
}

#[tokio::test]
async fn changes_made_at_once_are_all_kept() {
    let tower = Tower::start().await;
    let path = format!("/v1/cues/{}", tower.manual_cue("busy", URL).await);
    let patches = [
        json!({ "description": "d" }),
        json!({ "agent": "a" }),
        json!({ "retry": { "max_attempts": 5 } }),
        json!({ "payload": { "x": 1 } }),
    ];
    let change = async |patch| tower.ask(Method::PATCH, &path, Some(patch)).await;
    let [a, b, c, d] = patches.each_ref();
    let (a, b, c, d) = tokio::join!(change(a), change(b), change(c), change(d));
    assert_eq!([a.status, b.status, c.status, d.status], [200; 4]);
    let cue = tower.get(&path).await.json;
    assert_eq!((&cue["description"], &cue["agent"]), (&json!("d"), &json!("a")));
    assert_eq!((&cue["retry"]["max_attempts"], &cue["payload"]), (&json!(5), &json!({ "x": 1 })));
    tower.stop().await;
}
