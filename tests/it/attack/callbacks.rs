//! Addresses that the tower is to call: disguised, redirected, of other protocols, and its own. Whoever may write a cue must not
//! reach through the tower what it could not reach itself.

use super::wire::address;
use super::*;

/// The address where clouds hand out a machine's credentials, and those of nobody, in other spellings.
const DISGUISED: [(&str, &str); 12] = [
    ("http://169.254.169.254/latest/meta-data/", "cloud metadata"),
    ("http://2852039166/", "cloud metadata"),
    ("http://0xa9fea9fe/", "cloud metadata"),
    ("http://0251.0376.0251.0376/", "cloud metadata"),
    ("http://169.254.43518/", "cloud metadata"),
    ("http://[::ffff:169.254.169.254]/", "cloud metadata"),
    ("http://[::ffff:a9fe:a9fe]/", "cloud metadata"),
    ("http://[64:ff9b::a9fe:a9fe]/", "cloud metadata"),
    ("http://[fd00:ec2::254]/", "cloud metadata"),
    ("http://\u{ff11}\u{ff16}\u{ff19}.254.169.254/", "cloud metadata"),
    ("http://0.0.0.0:9/", "the address of nobody"),
    ("http://[::]:9/", "the address of nobody"),
];

/// Of other protocols, or with credentials in them, or nowhere.
const UNFIT: [&str; 11] = [
    "file:///etc/passwd",
    "gopher://127.0.0.1:70/_x",
    "ftp://127.0.0.1/x",
    "dict://127.0.0.1:11211/stat",
    "javascript:alert(1)",
    "data:text/html,x",
    "unix:/run/docker.sock",
    "//evil.test/x",
    "http://user:word@127.0.0.1:9/",
    "http://a:b@169.254.169.254/",
    "http://127.0.0.1:99999/",
];

#[tokio::test(flavor = "multi_thread")]
async fn a_delivery_to_a_disguised_address_is_not_made() {
    let tower = Tower::start().await;
    let mut runs = Vec::new();
    for (number, (url, what)) in DISGUISED.into_iter().enumerate() {
        let cue = made(&tower, &hook(&format!("disguised {number}"), url, json!({}))).await;
        runs.push((fired(&tower, &cue).await, url, what));
    }
    for (run, url, what) in runs {
        let story = ended(&tower, &run).await;
        let sentence = story["mark"]["sentence"].as_str().unwrap();
        assert_eq!(story["state"], "failed", "{url}: {sentence}");
        assert!(sentence.contains(what), "{url}: {sentence}");
        assert!(story["attempts"][0]["http_status"].is_null(), "{url} was called");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nor_is_one_by_a_channel_or_for_a_failure_or_in_a_check() {
    let tower = Tower::start().await;
    for (url, _) in DISGUISED {
        tower.owner("channel_set", &json!({ "name": "hook", "kind": "webhook", "url": url })).await;
        let tested = tower.owner("channel_test", &json!({ "name": "hook" })).await;
        let words = tested["words"].as_str().unwrap();
        assert_eq!(tested["ok"], false, "{url}: {words}");
        assert!(
            words.contains("reserved address") || words.contains("metadata") || words.contains("nobody"),
            "{url}: {words}"
        );
    }
    tower.owner("channel_remove", &json!({ "name": "hook" })).await;

    let told = made(&tower, &hook("told", NOBODY, json!({ "on_failure": { "webhook": DISGUISED[6].0 } }))).await;
    let run = fired(&tower, &told).await;
    let story =
        once(&tower, &run, "note", |story| story["notes"].as_array().is_some_and(|notes| !notes.is_empty())).await;
    let words = story["notes"][0]["words"].as_str().unwrap();
    assert!(words.contains("metadata"), "{words}");

    let agent = Server::start(|_, _| Answer::json(200, &json!({ "success": true }))).await;
    let checks = json!({ "checks": [{ "check": "url", "url": DISGUISED[1].0 }] });
    let checked = made(&tower, &hook("checked", &agent.url, checks)).await;
    let run = fired(&tower, &checked).await;
    let story = once(&tower, &run, "look", looked_at).await;
    let found = story["proof"][0]["found"].as_str().unwrap();
    assert!(found.contains("metadata"), "{found}");

    let before = json!({ "preflight": [{ "check": "url", "url": DISGUISED[5].0 }] });
    let held = made(&tower, &hook("held", &agent.url, before)).await;
    let run = fired(&tower, &held).await;
    let story = once(&tower, &run, "wait", |story| story["waits"]["by"] == "preflight").await;
    assert!(story["waits"]["words"].as_str().unwrap().contains("metadata"), "{story}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_accounts_alerts_go_to_no_disguised_address() {
    let tower = Tower::start().await;
    for (url, _) in DISGUISED {
        let (status, answer) = tower.patch("/v1/auth/me", &json!({ "alert_webhook_url": url })).await;
        assert_eq!((status, code(&answer)), (400, "invalid_alert_webhook_url"), "{url}");
    }
    for url in UNFIT {
        let (status, answer) = tower.patch("/v1/auth/me", &json!({ "alert_webhook_url": url })).await;
        assert_eq!((status, code(&answer)), (400, "invalid_alert_webhook_url"), "{url}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn other_protocols_and_credentials_in_addresses_are_not_written_down() {
    let tower = Tower::start().await;
    for url in UNFIT {
        let cues = [
            hook("a", url, json!({})),
            hook("b", NOBODY, json!({ "on_failure": { "webhook": url } })),
            hook("c", NOBODY, json!({ "checks": [{ "check": "url", "url": url }] })),
            hook("d", NOBODY, json!({ "preflight": [{ "check": "url", "url": url }] })),
        ];
        for cue in cues {
            let (status, answer) = tower.post("/v1/cues", &cue).await;
            assert!(matches!(status, 400 | 422), "{cue}: {answer}");
            let (status, answer) = tower.owner_call("cue_create", &json!({ "definition": cue })).await;
            assert_eq!(status, 422, "{cue} by the owner: {answer}");
        }
        for kind in ["webhook", "slack", "discord", "ntfy"] {
            let (status, answer) =
                tower.owner_call("channel_set", &json!({ "name": "x", "kind": kind, "url": url })).await;
            assert_eq!(status, 422, "{kind} to {url}: {answer}");
        }
        let (status, answer) = tower.owner_call("beacon_set", &json!({ "url": url, "every_seconds": 60 })).await;
        assert!(matches!(status, 409 | 422), "a beacon to {url}: {answer}");
        let agent = json!({ "slug": "x", "display_name": "x", "webhook_url": url });
        let (status, answer) = tower.post("/v1/agents", &agent).await;
        assert!((400..500).contains(&status), "messages to {url}: {answer}");
    }
    assert_eq!(tower.get("/v1/cues").await.1["total"], 0);
}

/// Whether its first check has found something.
fn looked_at(story: &Value) -> bool {
    story["proof"][0]["passed"].is_boolean()
}

/// Answers every request with a redirect to this address.
async fn redirecting(to: &str) -> Server {
    let to = to.to_owned();
    Server::start(move |_, _| Answer { headers: vec![("location", to.clone())], ..Answer::status(307) }).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_redirect_to_the_metadata_service_is_not_followed() {
    let tower = Tower::start().await;
    for target in [
        "http://169.254.169.254/latest/meta-data/",
        "http://[::ffff:a9fe:a9fe]/",
        "file:///etc/passwd",
        "//2852039166/",
    ] {
        let server = redirecting(target).await;
        let cue = made(&tower, &hook(&format!("to {target}"), &server.url, json!({}))).await;
        let run = fired(&tower, &cue).await;
        let story = ended(&tower, &run).await;
        assert_eq!(
            (&story["state"], &story["attempts"][0]["http_status"]),
            (&json!("failed"), &json!(307)),
            "{target}"
        );
        assert_eq!(server.seen().len(), 1, "{target}");
    }
}

/// This machine may be called, but not because some server says so: its programs trust who is here.
#[tokio::test(flavor = "multi_thread")]
async fn a_redirect_to_this_machine_is_not_followed_by_anything_that_calls_out() {
    let tower = Tower::start().await;
    let victim = Server::start(|_, _| Answer::json(200, &json!({ "success": true }))).await;
    let server = redirecting(&format!("{}/admin?drop=all", victim.url)).await;
    let with = json!({ "on_failure": { "webhook": server.url } });
    let cue = made(&tower, &hook("led away", &server.url, with)).await;
    tower
        .owner("channel_set", &json!({ "name": "hook", "kind": "webhook", "url": format!("{}/channel", server.url) }))
        .await;
    let tested = tower.owner("channel_test", &json!({ "name": "hook" })).await;
    assert_eq!(tested["ok"], false, "{tested}");
    let (status, answer) =
        tower.patch("/v1/auth/me", &json!({ "alert_webhook_url": format!("{}/account", server.url) })).await;
    assert_eq!(status, 200, "{answer}");
    let run = fired(&tower, &cue).await;
    ended(&tower, &run).await;
    once(&tower, &run, "note", |story| story["notes"].as_array().is_some_and(|notes| !notes.is_empty())).await;
    let agent = Server::start(|_, _| Answer::json(200, &json!({ "success": true }))).await;
    let checks = json!({ "checks": [{ "check": "url", "url": format!("{}/check", server.url) }] });
    let cue = made(&tower, &hook("checked", &agent.url, checks)).await;
    let run = fired(&tower, &cue).await;
    once(&tower, &run, "look", looked_at).await;
    let asked: Vec<String> = server.seen().into_iter().map(|seen| seen.path).collect();
    for path in ["/", "/channel", "/check"] {
        assert!(asked.iter().any(|seen| seen == path), "{path} is not in {asked:?}");
    }
    assert_eq!(victim.seen().len(), 0, "nobody was led on");
}

/// The tower calls itself: it is on this machine, and knows its own name.
#[tokio::test(flavor = "multi_thread")]
async fn the_tower_cannot_be_made_to_speak_to_its_own_doors() {
    let tower = Tower::start().await;
    let headers = json!({ "X-Cuetower-Desk": "1", "Host": address(&tower.desk), "Content-Type": "application/json" });
    for (number, (target, payload)) in [
        (format!("{}/rpc/tower_pause", tower.desk), json!({})),
        (format!("{}/rpc/key_add", tower.desk), json!({ "name": "mallory", "scopes": ["cues", "commands"] })),
        (format!("{}/ticket", tower.desk), json!({})),
        (format!("{}/v1/cues", tower.agents), hook("made by the tower", NOBODY, json!({}))),
        (format!("{}/v1/auth/key/regenerate", tower.agents), json!({})),
    ]
    .into_iter()
    .enumerate()
    {
        let of_desk = target.starts_with(&tower.desk);
        let callback = json!({ "url": target, "headers": if of_desk { headers.clone() } else { json!({}) } });
        let cue = hook(&format!("inwards {number}"), &target, json!({ "callback": callback, "payload": payload }));
        let cue = made(&tower, &cue).await;
        let story = ended(&tower, &fired(&tower, &cue).await).await;
        let status = story["attempts"][0]["http_status"].as_i64().unwrap_or_default();
        assert!(matches!(status, 400..=499), "{target}: {}", story["mark"]["sentence"]);
    }
    is_well(&tower).await;
    let keys = tower.owner("keys", &json!({})).await;
    assert!(!keys.to_string().contains("mallory"), "{keys}");
    assert_eq!(tower.get("/v1/cues").await.1["total"], 5, "it made no cue either");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_strict_tower_calls_nobody_on_this_machine_or_around_it() {
    let tower = Tower::start_with(None, &["--strict-addresses"], &[]).await;
    let victim = Server::start(|_, _| Answer::status(200)).await;
    let port = address(&victim.url).rsplit(':').next().unwrap();
    for url in [
        victim.url.clone(),
        format!("http://localhost:{port}/"),
        format!("http://localhost.:{port}/"),
        format!("http://x.localhost:{port}/"),
        format!("http://127.1:{port}/"),
        format!("http://[::ffff:127.0.0.1]:{port}/"),
        "http://metadata.google.internal/".to_owned(),
        "http://192.168.1.1/".to_owned(),
    ] {
        let (status, answer) = tower.post("/v1/cues", &hook("near", &url, json!({}))).await;
        assert_eq!((status, code(&answer)), (400, "invalid_callback_url"), "{url}: {answer}");
        let (status, answer) = tower
            .post("/v1/cues", &hook("near", "https://example.com/", json!({ "on_failure": { "webhook": url } })))
            .await;
        assert!(matches!(status, 400 | 422), "{url}: {answer}");
    }
    // The owner's own hand makes it all the same, and it is not called.
    let cue = tower.owner("cue_create", &json!({ "definition": hook("owners", &victim.url, json!({})) })).await;
    let story = ended(&tower, &fired(&tower, cue["id"].as_str().unwrap()).await).await;
    assert_eq!(story["state"], "failed", "{}", story["mark"]["sentence"]);
    assert_eq!(victim.seen().len(), 0);
}
