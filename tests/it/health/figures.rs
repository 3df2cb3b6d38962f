//! `/health` and `/metrics`: what a monitor is told, held against what was done; read by Prometheus' own parser.

use cuetower_tests::{Answer, Home, Package, Server, finished, send};
use reqwest::Method;

use super::*;

const PINS: &str = "prometheus_client==0.26.0\n";

/// A page as Prometheus' parser reads it.
struct Page(Value);

impl Page {
    async fn read(text: &str) -> Page {
        let package = Package::installed(PINS).await;
        let home = Home::new();
        let mut python = package.program("python", &home);
        python.arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("it/health/page.py"));
        let Ended { code, out, err } = finished(python, text).await;
        assert_eq!(code, Some(0), "{err}\n{text}");
        Page(serde_json::from_str(&out).unwrap())
    }

    fn value(&self, name: &str, labels: Value) -> f64 {
        let samples = self.0["samples"].as_array().unwrap();
        let found: Vec<&Value> = samples.iter().filter(|sample| sample[0] == name && sample[1] == labels).collect();
        assert_eq!(found.len(), 1, "{name} {labels} stands there once: {found:?}");
        found[0][2].as_f64().unwrap()
    }
}

async fn page(tower: &Tower, key: Option<&str>) -> (u16, String) {
    let (status, answer) = send(Method::GET, &format!("{}/metrics", tower.agents), key, None).await;
    (status, answer.as_str().map_or_else(|| answer.to_string(), str::to_owned))
}

#[tokio::test(flavor = "multi_thread")]
async fn the_figures_are_what_was_done_as_prometheus_reads_them() {
    let tower = Tower::start().await;
    assert_eq!(page(&tower, Some(&tower.key)).await.0, 404, "they are served on request alone");
    tower.owner("setting_set", &json!({ "name": "metrics.serve", "value": "true" })).await;

    // Three that are confirmed or claimed, one that fails, one whose delivery is tried three times, one that is held at a gate.
    for number in 0..3 {
        let (run, token) = held(&tower, &format!("good {number}"), json!({})).await;
        let url = format!("{}/v1/executions/{run}/outcome", tower.agents);
        let body = json!({ "success": true, "tokens": 500, "cost_usd": 0.25 });
        assert!(send(Method::POST, &url, Some(&token), Some(&body)).await.0 < 300);
        let again = json!({ "success": false });
        assert_eq!(send(Method::POST, &url, Some(&token), Some(&again)).await.0, 409);
    }
    let (bad, token) = held(&tower, "bad", json!({})).await;
    let url = format!("{}/v1/executions/{bad}/outcome", tower.agents);
    send(Method::POST, &url, Some(&token), Some(&json!({ "success": false, "error": "no" }))).await;
    let (_, token) = held(&tower, "asks", json!({})).await;
    let ask = json!({ "key": "k", "title": "Send it?" });
    assert_eq!(send(Method::POST, &format!("{}/v1/gates", tower.agents), Some(&token), Some(&ask)).await.0, 201);
    let server = Server::start(|_, _| Answer::status(500)).await;
    let cue = json!({ "name": "tried", "schedule": { "type": "manual" }, "callback": { "url": server.url },
                      "retry": { "max_attempts": 3, "backoff_minutes": [0.001, 0.001] } });
    let (_, made) = tower.post("/v1/cues", &cue).await;
    let fire = format!("/v1/cues/{}/fire", made["id"].as_str().unwrap());
    let (_, fired) = tower.post(&fire, &json!({})).await;
    server.seen_at_least(3, SOON).await;
    let run = fired["id"].as_str().unwrap().to_owned();
    until("the end of the run that is tried", SOON, async || {
        let story = tower.owner("run_get", &json!({ "run_id": run })).await;
        story["mark"]["ended_at_ms"].is_number().then_some(())
    })
    .await;

    let (status, text) = page(&tower, Some(&tower.key)).await;
    assert_eq!(status, 200, "{text}");
    let page = Page::read(&text).await;
    let version = json!({ "version": tower.ready["version"] });
    assert_eq!(page.value("cuetower_build_info", version), 1.0);
    for (name, labels, wanted) in [
        ("cuetower_occurrences_total", json!({ "end": "ran" }), 6.0),
        ("cuetower_occurrences_total", json!({ "end": "missed" }), 0.0),
        ("cuetower_attempts_total", json!({ "attempt": "first" }), 6.0),
        ("cuetower_attempts_total", json!({ "attempt": "retry" }), 2.0),
        ("cuetower_deliveries_total", json!({ "result": "failed" }), 3.0),
        ("cuetower_runs_ended_total", json!({ "verdict": "claimed" }), 3.0),
        ("cuetower_runs_ended_total", json!({ "verdict": "failed" }), 2.0),
        ("cuetower_outcomes_total", json!({ "success": "true" }), 3.0),
        ("cuetower_outcomes_total", json!({ "success": "false" }), 1.0),
        ("cuetower_reports_refused_total", json!({}), 3.0),
        ("cuetower_cues", json!({ "state": "active" }), 6.0),
        ("cuetower_gates_open", json!({}), 1.0),
        ("cuetower_healthy", json!({}), 1.0),
        ("cuetower_store_writable", json!({}), 1.0),
        ("cuetower_firing_paused", json!({}), 0.0),
        ("cuetower_commits_failed_total", json!({}), 0.0),
        ("cuetower_spent_today_usd", json!({}), 0.75),
        ("cuetower_tokens_today", json!({}), 1500.0),
        ("cuetower_faces", json!({}), 0.0),
    ] {
        assert_eq!(page.value(name, labels.clone()), wanted, "{name} {labels}");
    }
    let alerts = tower.owner("alerts", &json!({ "limit": 100 })).await;
    for severity in ["info", "warning", "critical"] {
        let open = alerts["alerts"].as_array().unwrap().iter();
        let open = open.filter(|alert| alert["state"] != "resolved" && alert["severity"] == severity).count();
        assert_eq!(page.value("cuetower_alerts_open", json!({ "severity": severity })), open as f64, "{severity}");
    }
    let states = ["pending", "delivering", "pending_outcome", "retrying"];
    let live: f64 = states.iter().map(|state| page.value("cuetower_runs_under_way", json!({ "state": state }))).sum();
    assert_eq!(live, 1.0, "the one that asks");
    let files = ["store", "write_ahead_log"];
    let bytes: f64 = files.iter().map(|file| page.value("cuetower_store_bytes", json!({ "file": file }))).sum();
    assert!(bytes > 4096.0, "{bytes}");
    assert!(page.value("cuetower_commit_seconds_count", json!({})) >= 6.0);
    assert_eq!(page.0["types"]["cuetower_lateness_seconds"], "histogram");
    assert_eq!(page.0["types"]["cuetower_occurrences"], "counter");
    for name in ["good 0", "bad", "Send it", &bad, &tower.key] {
        assert!(!text.contains(name), "{name} is nobody's business: {text}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_due_time_is_counted_with_how_late_it_was() {
    let environment = [("CUETOWER_SET_METRICS_SERVE", "true")];
    let tower = Tower::start_with(None, &[], &environment).await;
    let server = Server::start(|_, _| Answer::status(200)).await;
    let cue = json!({ "name": "each second", "schedule": { "type": "interval", "every_seconds": 1 }, "confirm": "delivery",
                      "callback": { "url": server.url } });
    let (status, made) = tower.post("/v1/cues", &cue).await;
    assert_eq!(status, 201, "{made}");
    server.seen_at_least(3, SOON).await;
    let (_, text) = page(&tower, Some(&tower.key)).await;
    let page = Page::read(&text).await;
    let count = page.value("cuetower_lateness_seconds_count", json!({}));
    assert!(count >= 3.0, "{count}");
    assert_eq!(page.value("cuetower_lateness_seconds_bucket", json!({ "le": "+Inf" })), count);
    assert!(page.value("cuetower_lateness_seconds_bucket", json!({ "le": "60" })) >= 3.0);
    assert!(page.value("cuetower_deliveries_total", json!({ "result": "delivered" })) >= 2.0);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_figures_are_for_the_owner_unless_he_says_otherwise() {
    let tower = Tower::start_with(None, &["--open-registration"], &[]).await;
    let set = async |name: &str, value: &str| {
        tower.ctl(&["settings", "set", name, value]).await.good();
    };
    assert_eq!(page(&tower, None).await.0, 401);
    set("metrics.serve", "true").await;
    until("served figures", SOON, async || (page(&tower, Some(&tower.key)).await.0 == 200).then_some(())).await;
    assert_eq!(page(&tower, None).await.0, 401);
    let made = tower.owner("key_add", &json!({ "name": "prometheus", "scopes": ["cues:read"] })).await;
    assert_eq!(page(&tower, made["key"].as_str()).await.0, 200, "a key that reads is enough");
    let made = tower.owner("key_add", &json!({ "name": "beats", "scopes": ["heartbeat"] })).await;
    assert_eq!(page(&tower, made["key"].as_str()).await.0, 403);
    let (_, ada) = tower.post("/v1/auth/register", &json!({ "email": "ada@example.com" })).await;
    assert_eq!(page(&tower, ada["api_key"].as_str()).await.0, 403, "they are of more than one account");
    let (_, token) = held(&tower, "a run", json!({})).await;
    assert_eq!(page(&tower, Some(&token)).await.0, 403);
    set("metrics.open", "true").await;
    until("open figures", SOON, async || (page(&tower, None).await.0 == 200).then_some(())).await;
    set("metrics.serve", "false").await;
    until("no figures", SOON, async || (page(&tower, None).await.0 == 401).then_some(())).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tower_that_cannot_write_says_so_and_why_until_it_can() {
    let tower = Tower::start().await;
    let (status, well) = tower.get("/health").await;
    assert_eq!((status, &well["status"], &well["reasons"]), (200, &json!("healthy"), &json!([])), "{well}");
    assert_eq!((&well["store_writable"], &well["services"]["postgres"]), (&json!(true), &json!("ok")), "{well}");
    assert!(well["uptime_seconds"].is_number() && well["due_lag_ms"].is_number(), "{well}");
    // Somebody else writes in the store and does not come to an end.
    let store = rusqlite::Connection::open(tower.data.join("cuetower.db")).unwrap();
    store.execute_batch("BEGIN IMMEDIATE").unwrap();
    let ill = until("a tower that is not well", SOON, async || {
        let (status, told) = tower.get("/health").await;
        (status == 503 && told["store_writable"] == false).then_some(told)
    })
    .await;
    assert_eq!((&ill["status"], &ill["services"]["store"]), (&json!("unhealthy"), &json!("down")), "{ill}");
    let reasons = ill["reasons"].to_string();
    assert!(reasons.contains("Nothing can be written down"), "{reasons}");
    assert!(!ill.to_string().contains(tower.data.to_str().unwrap()), "it names no path: {ill}");
    let doctor = tower.ctl(&["doctor"]).await;
    assert_eq!(doctor.code, Some(1), "{}", doctor.out);
    assert!(doctor.out.contains("BAD   health"), "{}", doctor.out);
    store.execute_batch("ROLLBACK").unwrap();
    until("a tower that is well again", SOON, async || (tower.get("/health").await.0 == 200).then_some(())).await;
    let health = tower.owner("tower_health", &json!({})).await;
    let failed =
        Page::read(health["figures"].as_str().unwrap()).await.value("cuetower_commits_failed_total", json!({}));
    assert!(failed >= 1.0, "{failed}");
}
