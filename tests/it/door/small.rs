//! The small routes: alerts and their web hooks, usage, echoes, the verify echo, the rate, health, strict addresses.

use std::time::Duration;

use cuetower_engine::receive::Openings;
use cuetower_tests::{Answer, Server, until};
use reqwest::Method;
use serde_json::{Value, json};

use super::{Back, Tower, back};

const PATIENCE: Duration = Duration::from_secs(60);

impl Tower {
    /// A run of this worker cue, claimed, with this outcome.
    async fn reported(&self, cue: &str, outcome: Value) -> String {
        let fired = self.post(&format!("/v1/cues/{cue}/fire"), json!({})).await;
        let run = fired.json["id"].as_str().unwrap().to_owned();
        let claimed = self.post(&format!("/v1/executions/{run}/claim"), json!({ "worker_id": "w" })).await;
        assert_eq!(claimed.status, 200, "{claimed:?}");
        let said = self.post(&format!("/v1/executions/{run}/outcome"), outcome).await;
        assert_eq!(said.status, 200, "{said:?}");
        run
    }

    async fn worker_cue(&self, name: &str, more: Value) -> String {
        let mut cue = json!({ "name": name, "transport": "worker", "schedule": { "type": "manual" } });
        cue.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let made = self.post("/v1/cues", cue).await;
        assert_eq!(made.status, 201, "{made:?}");
        made.json["id"].as_str().unwrap().to_owned()
    }

    async fn totals(&self, queries: &[(&str, u64)]) {
        for (query, total) in queries {
            let listed = self.get(&format!("/v1/alerts?{query}")).await;
            assert_eq!((listed.status, &listed.json["total"]), (200, &json!(total)), "{query}: {}", listed.json);
            assert_eq!(listed.json["alerts"].as_array().unwrap().len() as u64, *total, "{query}");
        }
    }
}

#[tokio::test]
async fn alerts_are_listed_in_both_vocabularies_and_acknowledged_for_good() {
    let tower = Tower::start().await;
    let proven = tower.worker_cue("proven", json!({ "verification": { "mode": "require_external_id" } })).await;
    let plain = tower.worker_cue("plain", json!({})).await;
    let refuted = tower.reported(&proven, json!({ "success": true })).await;
    tower.reported(&plain, json!({ "success": false, "error": "no" })).await;
    let listed = tower.get("/v1/alerts").await;
    assert_eq!(
        (&listed.json["total"], &listed.json["limit"], &listed.json["offset"]),
        (&json!(2), &json!(20), &json!(0))
    );
    let of_proven = tower.get(&format!("/v1/alerts?cue_id={proven}")).await.json["alerts"][0].clone();
    let id = of_proven["id"].as_str().unwrap().to_owned();
    for (field, value) in [
        ("alert_type", json!("verification_failed")),
        ("kind", json!("check_failed")),
        ("execution_id", json!(refuted)),
        ("cue_id", json!(proven)),
        ("acknowledged", json!(false)),
        ("state", json!("open")),
    ] {
        assert_eq!(of_proven[field], value, "{field}");
    }
    assert_eq!(of_proven["metadata"]["outcome_state"], "verification_failed");
    assert_eq!(of_proven["metadata"]["transport"], "worker");
    assert!(of_proven["message"].as_str().unwrap().contains("proven"));
    tower
        .totals(&[
            ("alert_type=verification_failed", 1),
            ("alert_type=check_failed", 1),
            ("alert_type=outcome_failed", 1),
            ("alert_type=outcome_timeout", 0),
            ("alert_type=consecutive_failure", 0),
            ("alert_type=", 2),
            ("acknowledged=false", 2),
            ("acknowledged=true", 0),
            ("since=2026-01-01T00:00:00Z", 2),
            ("since=2026-01-01T00:00:00+00:00", 2),
            ("since=2026-01-01", 2),
            ("since=2126-01-01T00:00:00Z", 0),
            ("cue_id=cue_000000000000", 0),
        ])
        .await;
    let second = tower.get("/v1/alerts?limit=1&offset=1").await.json;
    assert_eq!((second["alerts"].as_array().unwrap().len(), &second["total"]), (1, &json!(2)));

    let acknowledged = tower.post(&format!("/v1/alerts/{id}/acknowledge"), json!({})).await;
    assert_eq!((acknowledged.status, &acknowledged.json["acknowledged"]), (200, &json!(true)));
    let again = back(tower.bare(Method::POST, &format!("/v1/alerts/{id}/acknowledge")).bearer_auth(&tower.key)).await;
    assert_eq!((again.status, again.json), (200, acknowledged.json));
    tower.totals(&[("acknowledged=true", 1), ("acknowledged=false", 1)]).await;
    // A good run ends the trouble: that somebody had seen it is not forgotten, and can be said afterwards too.
    tower.reported(&proven, json!({ "success": true, "external_id": "x-1" })).await;
    tower.reported(&plain, json!({ "success": true })).await;
    let resolved = tower.get("/v1/alerts?acknowledged=false").await.json["alerts"][0].clone();
    assert_eq!((&resolved["state"], &resolved["cue_id"]), (&json!("resolved"), &json!(plain)));
    let path = format!("/v1/alerts/{}/acknowledge", resolved["id"].as_str().unwrap());
    for _ in 0..2 {
        assert_eq!(tower.post(&path, json!({})).await.json["acknowledged"], true);
    }
    tower.totals(&[("acknowledged=true", 2), ("acknowledged=false", 0)]).await;
    tower.stop().await;
}

#[tokio::test]
async fn failures_in_a_row_are_an_alert_that_says_how_many() {
    let tower = Tower::start().await;
    let cue = tower.worker_cue("plain", json!({})).await;
    for times in 1..=3 {
        tower.totals(&[("alert_type=consecutive_failures", 0)]).await;
        tower.reported(&cue, json!({ "success": false, "error": format!("no {times}") })).await;
    }
    for word in ["consecutive_failures", "consecutive_failure"] {
        let listed = tower.get(&format!("/v1/alerts?alert_type={word}")).await.json;
        let alert = &listed["alerts"][0];
        assert_eq!((&alert["alert_type"], &alert["severity"]), (&json!("consecutive_failures"), &json!("warning")));
        assert_eq!(alert["metadata"]["consecutive_failures"], 3, "{alert}");
    }
    tower.reported(&cue, json!({ "success": false })).await;
    let alert = tower.get("/v1/alerts?alert_type=consecutive_failures").await.json["alerts"][0].clone();
    assert_eq!((&alert["metadata"]["consecutive_failures"], &alert["state"]), (&json!(4), &json!("open")));
    tower.stop().await;
}

#[tokio::test]
async fn bad_questions_about_alerts_are_told_and_other_accounts_see_none() {
    let tower = Tower::start_with(Openings { registration: true, ..Openings::default() }).await;
    let bad = tower.get("/v1/alerts?alert_type=zzz").await;
    assert_eq!((bad.status, bad.code()), (400, "invalid_filter"));
    let message = bad.json["error"]["message"].as_str().unwrap();
    for word in ["consecutive_failures", "outcome_timeout", "verification_failed", "silent_run"] {
        assert!(message.contains(word), "{message}");
    }
    for (query, field) in [
        ("since=soon", "query.since"),
        ("acknowledged=perhaps", "query.acknowledged"),
        ("limit=0", "query.limit"),
        ("limit=101", "query.limit"),
        ("offset=-1", "query.offset"),
    ] {
        let bad = tower.get(&format!("/v1/alerts?{query}")).await;
        assert_eq!((bad.status, bad.code(), bad.field()), (422, "validation_error", field));
    }
    for id in ["nothing", "%00", "../x", "00000000-0000-4000-8000-000000000000"] {
        assert_eq!(tower.post(&format!("/v1/alerts/{id}/acknowledge"), json!({})).await.status, 404, "{id}");
    }
    let cue = tower.worker_cue("plain", json!({})).await;
    tower.reported(&cue, json!({ "success": false })).await;
    let mine = tower.get("/v1/alerts").await;
    let id = mine.json["alerts"][0]["id"].as_str().unwrap();
    let registered = tower.post("/v1/auth/register", json!({ "email": "b@example.com" })).await;
    let other = registered.json["api_key"].as_str().unwrap();
    let seen = tower.ask_as(other, Method::GET, "/v1/alerts", None).await;
    assert_eq!((seen.status, &seen.json["total"]), (200, &json!(0)));
    let path = format!("/v1/alerts/{id}/acknowledge");
    let refused = tower.ask_as(other, Method::POST, &path, None).await;
    assert_eq!((refused.status, refused.code()), (404, "alert_not_found"));
    let reporter = tower.key_with("report").await;
    assert_eq!(tower.ask_as(&reporter, Method::POST, &path, None).await.status, 403);
    assert_eq!(back(tower.bare(Method::GET, "/v1/alerts")).await.status, 401);
    tower.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_alert_is_told_to_the_accounts_web_hook_signed_and_until_it_is_taken() {
    let hook = Server::start(|nth, _| Answer::status(if nth == 0 { 503 } else { 200 })).await;
    let tower = Tower::start().await;
    let url = format!("{}/alerts", hook.url);
    let set = tower.ask(Method::PATCH, "/v1/auth/me", Some(&json!({ "alert_webhook_url": url }))).await;
    assert_eq!(set.status, 200, "{set:?}");
    let secret = tower.get("/v1/auth/alert-webhook-secret").await.json["alert_webhook_secret"].clone();
    let cue = tower.worker_cue("prüfung", json!({ "verification": { "mode": "require_result_url" } })).await;
    let run = tower.reported(&cue, json!({ "success": true })).await;
    let told = until("second try", PATIENCE, async || Some(hook.seen()).filter(|seen| seen.len() >= 2)).await;
    let alert = tower.get("/v1/alerts").await.json["alerts"][0].clone();
    assert_eq!(told[0].body, told[1].body);
    for seen in &told {
        assert_eq!((seen.method.as_str(), seen.path.as_str()), ("POST", "/alerts"));
        assert_eq!(seen.header("x-cueapi-alert-id"), alert["id"].as_str().unwrap());
        assert_eq!(seen.header("x-cueapi-alert-type"), "verification_failed");
        assert_eq!(seen.header("user-agent"), "CueAPI/1.0");
        // Checked as a receiver in Python would.
        let program = "import hmac,hashlib,json,sys
secret, stamp, body = sys.argv[1:]
assert json.dumps(json.loads(body), sort_keys=True) == body
print('v1=' + hmac.new(secret.encode(), (stamp + '.' + body).encode(), hashlib.sha256).hexdigest())";
        let body = String::from_utf8(seen.body.clone()).unwrap();
        let stamp = seen.header("x-cueapi-timestamp");
        let python = std::process::Command::new("python3")
            .args(["-c", program, secret.as_str().unwrap(), stamp, &body])
            .output()
            .expect("python3 is needed");
        assert_eq!(seen.header("x-cueapi-signature"), String::from_utf8(python.stdout).unwrap().trim());
    }
    let body = told[1].json();
    assert_eq!((&body["alert_id"], &body["execution_id"]), (&alert["id"], &json!(run)));
    for field in ["alert_type", "severity", "message", "cue_id", "metadata"] {
        assert_eq!(body[field], alert[field], "{field}");
    }
    assert!(body["created_at"].as_str().unwrap().ends_with("+00:00"), "{body}");
    tower.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_web_hook_of_alerts_that_never_answers_well_is_noted_on_the_run() {
    let hook = Server::start(|_, _| Answer::status(500)).await;
    let tower = Tower::start().await;
    tower.ask(Method::PATCH, "/v1/auth/me", Some(&json!({ "alert_webhook_url": hook.url }))).await;
    let cue = tower.worker_cue("plain", json!({})).await;
    let run = tower.reported(&cue, json!({ "success": false })).await;
    let noted = until("note", PATIENCE, async || {
        let file = rusqlite::Connection::open(tower.dir.path().join("cuetower.db")).unwrap();
        let sql = "SELECT body FROM journal WHERE lane = ?1 AND body LIKE '%web hook was not told%'";
        file.query_row(sql, [&cue], |row| row.get::<_, String>(0)).ok()
    });
    let noted = noted.await;
    assert!(noted.contains(&run) && noted.contains("in 3 tries") && noted.contains("500"), "{noted}");
    assert_eq!(hook.seen().len(), 3);
    tower.stop().await;
}

#[tokio::test]
async fn usage_is_what_was_used() {
    let tower = Tower::start_with(Openings { registration: true, ..Openings::default() }).await;
    let proven = tower.worker_cue("proven", json!({ "verification": { "mode": "require_external_id" } })).await;
    let plain = tower.worker_cue("plain", json!({})).await;
    let gone = tower.worker_cue("gone", json!({})).await;
    tower.reported(&proven, json!({ "success": true })).await;
    tower.reported(&proven, json!({ "success": true, "external_id": "7" })).await;
    tower.reported(&plain, json!({ "success": true })).await;
    tower.reported(&plain, json!({ "success": false })).await;
    tower.reported(&gone, json!({ "success": true })).await;
    tower.post(&format!("/v1/cues/{plain}/fire"), json!({})).await;
    assert_eq!(tower.ask(Method::DELETE, &format!("/v1/cues/{gone}"), None).await.status, 204);
    tower.ask(Method::PATCH, &format!("/v1/cues/{proven}"), Some(&json!({ "status": "paused" }))).await;
    let usage = tower.get("/v1/usage").await.json;
    assert_eq!(
        (&usage["plan"], &usage["cues"]["active"], &usage["cues"]["paused"]),
        (&json!("owner"), &json!(1), &json!(1))
    );
    assert_eq!(usage["outcomes"], json!({ "reported": 5, "succeeded": 3, "failed": 2 }));
    let runs = &usage["executions"];
    assert_eq!(
        (&runs["used"], &runs["limit"], &runs["will_exceed_limit"]),
        (&json!(6), &json!(1_000_000), &json!(false))
    );
    let asked = usage["rate_limit"]["current_usage"].as_u64().unwrap();
    let again = tower.get("/v1/usage").await;
    assert_eq!(again.json["rate_limit"]["current_usage"], json!(asked + 1));
    assert_eq!(again.header("x-ratelimit-remaining"), (1_000_000 - asked - 1).to_string());
    let registered = tower.post("/v1/auth/register", json!({ "email": "b@example.com" })).await;
    let other = registered.json["api_key"].as_str().unwrap();
    let theirs = tower.ask_as(other, Method::GET, "/v1/usage", None).await.json;
    assert_eq!((&theirs["cues"]["limit"], &theirs["executions"]["used"]), (&json!(500), &json!(0)));
    tower.stop().await;
}

#[tokio::test]
async fn an_echo_shows_what_was_sent_and_hides_what_is_secret() {
    let tower = Tower::start().await;
    let path = "/v1/echo/qs-b1225c37c96041a1";
    assert_eq!(tower.get(path).await.json, json!({ "status": "waiting" }));
    let send = |path: &str, body: &'static str| back(tower.bare(Method::POST, path).header("x-mine", "7").body(body));
    let request = tower.bare(Method::POST, path).header("x-mine", "7").bearer_auth("very secret").body("[1, {}]");
    let stored = back(request).await;
    assert_eq!((stored.status, stored.json), (200, json!({ "stored": true })));
    let shown = tower.get(path).await.json;
    assert_eq!((&shown["status"], &shown["payload"]), (&json!("delivered"), &json!([1, {}])));
    assert_eq!((&shown["headers"]["x-mine"], &shown["headers"]["authorization"]), (&json!("7"), &json!("••••")));
    assert!(shown["received_at"].as_str().unwrap().ends_with("+00:00"));
    for (path, body, status, code) in [
        ("/v1/echo/abc", "{}", 400, "invalid_token"),
        (path, "{", 400, "invalid_json"),
        (path, "", 400, "invalid_json"),
    ] {
        let refused = send(path, body).await;
        assert_eq!((refused.status, refused.code()), (status, code));
    }
    let large = json!("x".repeat(1_000_000)).to_string();
    let refused = back(tower.bare(Method::POST, path).body(large)).await;
    assert_eq!((refused.status, refused.code()), (413, "payload_too_large"));
    assert_eq!(back(tower.bare(Method::GET, path)).await.status, 401, "who looks needs a key");
    assert_eq!(tower.get(path).await.json["payload"], json!([1, {}]));
    // The quickstart's own way: a cue that calls the echo.
    let cue = tower.manual_cue("quickstart", &format!("{}{path}", tower.base)).await;
    tower.post(&format!("/v1/cues/{cue}/fire"), json!({})).await;
    let came = until("web hook", PATIENCE, async || {
        Some(tower.get(path).await.json).filter(|shown| shown["payload"]["cue_id"] == json!(cue))
    })
    .await;
    assert_eq!(came["headers"]["x-cuetower-run-token"], "••••");
    assert!(came["headers"]["x-cueapi-signature"].as_str().unwrap().starts_with("v1="));
    tower.stop().await;
}

#[tokio::test]
async fn what_was_understood_of_a_body_comes_back_if_asked_for() {
    let tower = Tower::start().await;
    let ask = async |method: Method, path: &str, flag: &str, body: &str| -> Back {
        let request = tower.bare(method, path).bearer_auth(&tower.key).header("X-CueAPI-Verify-Echo", flag);
        back(request.body(body.to_owned())).await
    };
    let cue = r#"{"name": "ünï", "transport": "worker", "schedule": {"type": "manual"}, "payload": {"n": 1.0}}"#;
    let made = ask(Method::POST, "/v1/cues", " TRUE ", cue).await;
    assert_eq!((made.status, &made.json["body_received"]), (201, &serde_json::from_str::<Value>(cue).unwrap()));
    let program = "import json,sys,hashlib
canonical = json.dumps(json.loads(sys.argv[1]), sort_keys=True, separators=(',', ':'), ensure_ascii=False)
print(hashlib.sha256(canonical.encode()).hexdigest())";
    let python = std::process::Command::new("python3").args(["-c", program, cue]).output().expect("python3 is needed");
    assert_eq!(made.json["body_received_sha256"], String::from_utf8(python.stdout).unwrap().trim());
    let path = format!("/v1/cues/{}", made.json["id"].as_str().unwrap());
    let changed = ask(Method::PATCH, &path, "true", r#"{"description": "d"}"#).await;
    assert_eq!((changed.status, &changed.json["body_received"]), (200, &json!({ "description": "d" })));
    let fired = ask(Method::POST, &format!("{path}/fire"), "true", r#"{"payload_override": {"a": 1}}"#).await;
    let nothing = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
    assert_eq!((fired.status, &fired.json["body_received_sha256"]), (200, &json!(nothing)));
    assert!(fired.json.as_object().unwrap().contains_key("body_received") && fired.json["body_received"].is_null());
    for (method, path, flag, body) in [
        (Method::POST, "/v1/cues", "true", "{}"),
        (Method::GET, "/v1/cues", "true", ""),
        (Method::POST, "/v1/worker/heartbeat", "false", r#"{"worker_id": "w"}"#),
        (Method::DELETE, &path, "true", ""),
    ] {
        let plain = ask(method, path, flag, body).await;
        assert!(plain.json.get("body_received").is_none(), "{path}: {plain:?}");
    }
    tower.stop().await;
}

#[tokio::test]
async fn a_bounded_tower_says_how_much_is_left_and_then_when_to_come_back() {
    let tower = Tower::start_with(Openings { rate_limit: Some(3), ..Openings::default() }).await;
    let first = tower.get("/v1/cues").await;
    assert_eq!(
        (first.status, first.header("x-ratelimit-limit"), first.header("x-ratelimit-remaining")),
        (200, "3", "2")
    );
    let resets: i64 = first.header("x-ratelimit-reset").parse().unwrap();
    let ahead = resets - tower.handle.now().0 / 1_000;
    assert!((0..=60).contains(&ahead), "{ahead}");
    for left in ["1", "0"] {
        assert_eq!(tower.get("/v1/nope").await.header("x-ratelimit-remaining"), left, "a 404 counts too");
    }
    let before = tower.stored();
    let refused = tower.post("/v1/cues", super::manual("late", "http://127.0.0.1:9")).await;
    assert_eq!((refused.status, refused.code()), (429, "rate_limit_exceeded"));
    assert_eq!(tower.stored(), before);
    let wait: i64 = refused.header("retry-after").parse().unwrap();
    assert!((1..=60).contains(&wait));
    assert_eq!(refused.json["error"]["message"], format!("Too many requests. Retry after {wait} seconds."));
    assert_eq!(
        (refused.header("x-ratelimit-remaining"), refused.header("x-ratelimit-reset")),
        ("0", first.header("x-ratelimit-reset"))
    );
    assert!(!refused.header("x-request-id").is_empty());
    for path in ["/health", "/status", "/v1/info"] {
        for _ in 0..5 {
            let free = tower.get(path).await;
            assert_eq!((free.status, free.header("x-ratelimit-limit")), (200, ""), "{path}");
        }
    }
    // Another key has its own minute; those without one share theirs.
    let other = tower.key_with("report").await;
    assert_eq!(tower.ask_as(&other, Method::GET, "/v1/cues", None).await.header("x-ratelimit-remaining"), "2");
    for status in [401, 401, 401, 429] {
        assert_eq!(back(tower.bare(Method::GET, "/v1/cues")).await.status, status);
    }
    // A ping is its own key: one that is lost would be a false alarm.
    assert_eq!(back(tower.bare(Method::GET, "/ping/none")).await.status, 404);
    tower.stop().await;
}

#[tokio::test]
async fn health_tells_what_is_there() {
    let tower = Tower::start().await;
    let health = back(tower.bare(Method::GET, "/health")).await.json;
    assert_eq!((&health["services"]["worker"], &health["workers"]["active_count"]), (&json!("none"), &json!(0)));
    assert_eq!(health["workers"]["last_heartbeat"], Value::Null);
    for service in ["store", "postgres", "redis", "poller"] {
        assert_eq!(health["services"][service], "ok", "{service}");
    }
    let waiting =
        json!({ "pending_outbox": 0, "stale_executions": 0, "pending_retries": 0, "pending_worker_claims": 0 });
    assert_eq!(health["queue"], waiting);
    tower.post("/v1/worker/heartbeat", json!({ "worker_id": "w-1" })).await;
    let worker = tower.worker_cue("plain", json!({})).await;
    tower.post(&format!("/v1/cues/{worker}/fire"), json!({})).await;
    let dead = tower.manual_cue("dead", "http://127.0.0.1:9/").await;
    tower.post(&format!("/v1/cues/{dead}/fire"), json!({})).await;
    let health = until("retry", PATIENCE, async || {
        let health = back(tower.bare(Method::GET, "/health")).await.json;
        (health["queue"]["pending_retries"] == 1).then_some(health)
    })
    .await;
    assert_eq!((&health["services"]["worker"], &health["workers"]["active_count"]), (&json!("ok"), &json!(1)));
    assert!(health["workers"]["last_heartbeat"].is_string());
    assert_eq!(health["queue"]["pending_worker_claims"], 1);
    assert_eq!(back(tower.bare(Method::GET, "/status")).await.json, json!({ "status": "healthy" }));
    let info = back(tower.bare(Method::GET, "/v1/info")).await.json;
    assert_eq!(
        (&info["version"], &info["authentication_paths"]["per_user_api_key"]),
        (&json!("0.0.0-test"), &json!(true))
    );
    tower.stop().await;
}

#[tokio::test]
async fn a_strict_tower_takes_public_addresses_only() {
    let tower = Tower::start_with(Openings { strict_addresses: true, ..Openings::default() }).await;
    let before = tower.stored();
    for (url, message) in [
        ("http://127.0.0.1:9/x", "Callback URL resolves to blocked address range"),
        ("http://[::1]:9/x", "Callback URL resolves to blocked address range"),
        ("http://2130706433/x", "Callback URL resolves to blocked address range"),
        ("http://10.0.0.1/x", "Callback URL resolves to blocked address range"),
        ("http://169.254.169.254/x", "Callback URL resolves to blocked address range"),
        ("http://localhost:9/x", "Blocked hostname: localhost"),
        ("http://LOCALHOST./x", "Blocked hostname: localhost."),
        ("https://no-such-host.invalid/x", "Cannot resolve hostname: no-such-host.invalid"),
    ] {
        let refused = tower.post("/v1/cues", super::manual("strict", url)).await;
        assert_eq!(
            (refused.status, refused.code(), refused.field()),
            (400, "invalid_callback_url", "body.callback.url")
        );
        assert_eq!(refused.json["error"]["message"], message, "{url}");
    }
    let user = tower.post("/v1/cues", super::manual("strict", "http://u:p@93.184.216.34/x")).await;
    assert_eq!((user.status, user.code()), (400, "invalid_callback_url"));
    let mut told = json!({ "name": "told", "transport": "worker", "schedule": { "type": "manual" } });
    told["on_failure"] = json!({ "webhook": "http://127.0.0.1:9/" });
    let refused = tower.post("/v1/cues", told).await;
    assert_eq!((refused.status, refused.field()), (400, "body.on_failure.webhook"));
    assert_eq!(tower.stored(), before);
    let public = tower.manual_cue("public", "http://93.184.216.34/x").await;
    let moved = json!({ "callback": { "url": "http://127.0.0.1:9/" } });
    let refused = tower.ask(Method::PATCH, &format!("/v1/cues/{public}"), Some(&moved)).await;
    assert_eq!((refused.status, refused.code()), (400, "invalid_callback_url"));
    assert_eq!(tower.get(&format!("/v1/cues/{public}")).await.json["callback"]["url"], "http://93.184.216.34/x");
    tower.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_became_private_after_it_was_written_is_not_called_by_a_strict_tower() {
    let receiver = Server::start(|_, _| Answer::status(200)).await;
    let tower = Tower::start().await;
    let cue = json!({ "name": "near", "schedule": { "type": "manual" }, "callback": { "url": receiver.url, "allow_private": true },
                      "retry": { "max_attempts": 1 } });
    let made = tower.post("/v1/cues", cue).await;
    let cue = made.json["id"].as_str().unwrap().to_owned();
    let strict = Openings { strict_addresses: true, ..Openings::default() };
    let tower = tower.restart_with(strict).await;
    let fired = tower.post(&format!("/v1/cues/{cue}/fire"), json!({})).await;
    let path = format!("/v1/executions/{}", fired.json["id"].as_str().unwrap());
    let failed =
        until("end", PATIENCE, async || Some(tower.get(&path).await.json).filter(|run| run["status"] == "failed"))
            .await;
    let why = failed["error_message"].as_str().unwrap();
    assert!(why.contains("127.0.0.1 is not a public address") && why.contains("--strict-addresses"), "{why}");
    assert_eq!(receiver.seen().len(), 0);
    tower.stop().await;
}
