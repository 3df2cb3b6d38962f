//! Each service is sent what it documents, over a real socket; the owner's door and the command line show no secret.

use cuetower_engine::deliver::signature::standard_headers;
use cuetower_tests::{Answer, Seen, Server, Tower, ctl_in, until};
use serde_json::{Value, json};

use super::{PATIENCE, alert, channel, nowhere, problem, tower};

const SECRET: &str = "whsec_c2VjcmV0LW9mLXRoZS1ob29r";
const ROUTING_KEY: &str = "R0123456789abcdef0123456789abcde";

async fn sink() -> Server {
    Server::start(|_, seen| match seen.path.as_str() {
        "/v2/enqueue" => Answer::json(202, &json!({ "status": "success", "message": "Event processed" })),
        "/api/webhooks/1/t0ken" => Answer::status(204),
        _ => Answer::json(200, &json!("ok")),
    })
    .await
}

/// What came to one path so far.
fn to(sink: &Server, path: &str) -> Vec<Seen> {
    sink.seen().into_iter().filter(|seen| seen.path == path).collect()
}

/// The `count`th request to a path.
async fn nth(sink: &Server, path: &str, count: usize) -> Seen {
    until(&format!("request {count} to {path}"), PATIENCE, async || to(sink, path).get(count - 1).cloned()).await
}

#[tokio::test(flavor = "multi_thread")]
async fn each_service_is_sent_an_alert_and_its_end_in_its_own_shape() {
    let (mut tower, sink) = (tower().await, sink().await);
    let at = |path: &str| format!("{}{path}", sink.url);
    for (name, settings) in [
        ("chat", json!({ "kind": "slack", "url": at("/services/T0/B0/s3cret") })),
        ("game", json!({ "kind": "discord", "url": at("/api/webhooks/1/t0ken") })),
        ("pager", json!({ "kind": "pagerduty", "url": at("/v2/enqueue"), "routing_key": ROUTING_KEY })),
        ("phone", json!({ "kind": "ntfy", "url": at("/my-topic"), "token": "tk_phone" })),
        ("hook", json!({ "kind": "webhook", "url": at("/hook?k=v4lue"), "token": SECRET })),
        ("strict", json!({ "kind": "webhook", "url": at("/critical"), "min_severity": "critical" })),
        ("zombies", json!({ "kind": "webhook", "url": at("/zombies"), "kinds": ["zombie"] })),
        ("unseen", json!({ "kind": "webhook", "url": at("/escalated"), "escalation": true })),
    ] {
        let mut request = settings;
        request["name"] = json!(name);
        tower.owner("channel_set", &request).await;
    }
    let cue = problem(&tower, "leads").await;
    let open = alert(&tower, "cue_id", &cue).await;
    let run = open["run_id"].as_str().unwrap();

    let slack = nth(&sink, "/services/T0/B0/s3cret", 1).await;
    assert_eq!((slack.method.as_str(), slack.header("content-type")), ("POST", "application/json"));
    let body = slack.json();
    assert_eq!(body["blocks"][0]["text"], json!({ "type": "plain_text", "text": open["title"], "emoji": false }));
    assert_eq!(body["blocks"][1]["text"]["text"], open["body"]);
    let kinds: Vec<&Value> = body["blocks"].as_array().unwrap().iter().map(|block| &block["type"]).collect();
    assert_eq!(kinds, ["header", "section", "context", "actions"]);
    assert_eq!(body["blocks"][3]["elements"][0]["url"], format!("{}/#/run/{run}", tower.desk));

    let embed = &nth(&sink, "/api/webhooks/1/t0ken", 1).await.json()["embeds"][0];
    assert_eq!((&embed["title"], &embed["color"]), (&open["title"], &json!(0xF5_A6_23)));

    let event = nth(&sink, "/v2/enqueue", 1).await.json();
    assert_eq!((&event["event_action"], &event["routing_key"]), (&json!("trigger"), &json!(ROUTING_KEY)));
    assert_eq!((&event["dedup_key"], &event["payload"]["severity"]), (&open["id"], &json!("warning")));
    for field in ["summary", "source", "timestamp"] {
        assert!(event["payload"][field].as_str().is_some_and(|text| !text.is_empty()), "{field}: {event}");
    }

    let phone = nth(&sink, "/", 1).await;
    assert_eq!(phone.header("authorization"), "Bearer tk_phone");
    let said = phone.json();
    assert_eq!((&said["topic"], &said["priority"], &said["title"]), (&json!("my-topic"), &json!(4), &open["title"]));

    let hook = nth(&sink, "/hook?k=v4lue", 1).await;
    let said = hook.json();
    assert_eq!((&said["type"], &said["data"]["alert"]["id"]), (&json!("alert.opened"), &open["id"]));
    assert_eq!((&said["data"]["alert"]["kind"], &said["data"]["body"]), (&open["kind"], &open["body"]));
    assert_eq!(hook.header("webhook-id"), said["data"]["id"]);
    let at = hook.header("webhook-timestamp").parse().unwrap();
    let signed = standard_headers(hook.header("webhook-id"), SECRET, at, &hook.body);
    assert_eq!(hook.header("webhook-signature"), signed[2].1, "as Standard Webhooks says");

    // What it is told of, and where, is shown with the alert.
    tower.owner("alert_acknowledge", &json!({ "alert_id": open["id"] })).await;
    let seen = nth(&sink, "/v2/enqueue", 2).await.json();
    assert_eq!(seen, json!({ "routing_key": ROUTING_KEY, "event_action": "acknowledge", "dedup_key": open["id"] }));
    assert_eq!(tower.delete(&format!("/v1/cues/{cue}")).await.0, 204);
    let over = nth(&sink, "/v2/enqueue", 3).await.json();
    assert_eq!((&over["event_action"], &over["dedup_key"]), (&json!("resolve"), &open["id"]));
    let over = nth(&sink, "/services/T0/B0/s3cret", 2).await.json();
    assert_eq!(over["blocks"][0]["text"]["text"], format!("Resolved: {}", open["title"].as_str().unwrap()));
    assert_eq!(nth(&sink, "/hook?k=v4lue", 2).await.json()["type"], "alert.resolved");
    for path in ["/critical", "/zombies", "/escalated"] {
        assert_eq!(to(&sink, path).len(), 0, "{path} hears of other things");
    }
    until("the last note to be told", PATIENCE, async || {
        let channels = tower.owner("channels", &json!({})).await;
        channels["channels"].as_array()?.iter().all(|channel| channel["waiting"] == 0).then_some(())
    })
    .await;
    let pager = channel(&tower, "pager").await;
    assert_eq!((&pager["state"], &pager["target"]), (&json!("ok"), &json!(format!("{}/••••", sink.url))));
    for secret in ["s3cret", "t0ken", ROUTING_KEY, "tk_phone", "v4lue", SECRET] {
        nowhere(&tower, secret);
    }
    let before = sink.seen().len();
    tower.kill9().await;
    tower.again().await;
    problem(&tower, "again").await;
    nth(&sink, "/services/T0/B0/s3cret", 3).await;
    until("one note more for each", PATIENCE, async || (sink.seen().len() >= before + 5).then_some(())).await;
    assert_eq!(to(&sink, "/v2/enqueue").len(), 4, "what was told is not told again");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_channel_is_set_up_tried_and_taken_away_on_the_command_line() {
    let (tower, sink) = (tower().await, sink().await);
    let url = format!("{}/services/T0/B0/s3cret", sink.url);
    let none = tower.ctl(&["channel", "list"]).await.good();
    assert!(none.starts_with("Alerts reach you on this machine alone."), "{none}");
    let made =
        ctl_in(&tower.data, &["channel", "set", "ops", "slack", "--url-stdin"], &format!("{url}\n")).await.good();
    assert!(made.starts_with(&format!("ops leads to {}/••••.", sink.url)), "{made}");
    let tried = tower.ctl(&["channel", "test", "ops"]).await.good();
    assert!(tried.starts_with("A note was sent: answered 200 in ") && tried.contains("ok"), "{tried}");
    let note = nth(&sink, "/services/T0/B0/s3cret", 1).await.json();
    assert_eq!(note["blocks"][0]["text"]["text"], "Cuetower reaches you here");
    tower.ctl(&["channel", "set", "ops", "--min-severity", "critical", "--off"]).await.good();
    let kept = channel(&tower, "ops").await;
    assert_eq!((&kept["on"], &kept["min_severity"]), (&json!(false), &json!("critical")), "{kept}");
    tower.ctl(&["channel", "test", "ops"]).await.good();
    let listed = tower.ctl(&["channel", "list"]).await.good();
    assert!(listed.contains("/••••") && !listed.contains("s3cret"), "{listed}");
    let json = tower.ctl(&["--json", "channel", "list"]).await.good();
    assert!(!json.contains("s3cret"), "{json}");

    let wrong = [
        (&["channel", "set", "x", "slack", "--url", "not a url"][..], "url"),
        (&["channel", "set", "x", "ntfy", "--url", "https://ntfy.sh/"], "topic"),
        (&["channel", "set", "x", "pagerduty"], "routing key"),
        (
            &[
                "channel",
                "set",
                "x",
                "email",
                "--smtp",
                "localhost:25",
                "--from",
                "tower@example.com",
                "--to",
                "nobody",
            ],
            "`nobody`",
        ),
        (&["channel", "set", "x", "webhook", "--url", "http://x/y", "--kinds", "ghost"], "`ghost`"),
        (&["channel", "set", "x"], "There is no channel `x` yet"),
        (&["channel", "test", "nobody"], "There is no channel `nobody`"),
        (&["channel", "rm", "nobody"], "There is no channel `nobody`"),
    ];
    for (line, word) in wrong {
        let ended = tower.ctl(line).await;
        assert!(ended.code == Some(1) && ended.err.contains(word), "{line:?}: {ended:?}");
    }
    assert_eq!(tower.ctl(&["channel", "rm", "ops"]).await.good().trim(), "ops is gone.");
    let left = tower.owner("channels", &json!({})).await;
    assert_eq!((&left["channels"][0]["name"], &left["channels"][1]), (&json!("desktop"), &Value::Null), "{left}");
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_sent_to_where_clouds_hand_out_credentials() {
    let tower = tower().await;
    tower
        .owner("channel_set", &json!({ "name": "m", "kind": "webhook", "url": "http://169.254.169.254/latest" }))
        .await;
    let tested = tower.owner("channel_test", &json!({ "name": "m" })).await;
    assert_eq!(tested["ok"], false, "{tested}");
    assert!(tested["words"].as_str().unwrap().contains("169.254.169.254 is"), "{tested}");
    let mail =
        json!({ "host": "169.254.169.254", "port": 25, "tls": "none", "from": "a@example.com", "to": "b@example.com" });
    tower.owner("channel_set", &json!({ "name": "m", "kind": "email", "smtp": mail })).await;
    let tested = tower.owner("channel_test", &json!({ "name": "m" })).await;
    assert!(tested["ok"] == false && tested["words"].as_str().unwrap().contains("169.254.169.254 is"), "{tested}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_strict_tower_tells_public_addresses_only() {
    let (tower, sink) = (Tower::start_with(None, &["--strict-addresses"], &[]).await, sink().await);
    tower.owner("channel_set", &json!({ "name": "hook", "kind": "webhook", "url": sink.url })).await;
    let tested = tower.owner("channel_test", &json!({ "name": "hook" })).await;
    assert!(tested["ok"] == false && tested["words"].as_str().unwrap().contains("--strict-addresses"), "{tested}");
    assert_eq!(sink.seen().len(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_redirect_is_not_followed() {
    let tower = tower().await;
    let elsewhere = Server::start(|_, _| Answer::status(200)).await;
    let to = elsewhere.url.clone();
    let sink =
        Server::start(move |_, _| Answer { headers: vec![("location", to.clone())], ..Answer::status(307) }).await;
    tower.owner("channel_set", &json!({ "name": "hook", "kind": "webhook", "url": sink.url })).await;
    let tested = tower.owner("channel_test", &json!({ "name": "hook" })).await;
    assert!(
        tested["ok"] == false && tested["words"].as_str().unwrap().contains("redirects are not followed"),
        "{tested}"
    );
    assert_eq!((sink.seen().len(), elsewhere.seen().len()), (1, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_beacon_goes_out_until_it_is_off() {
    let (tower, sink) = (tower().await, sink().await);
    let url = format!("{}/ping/s3cret", sink.url);
    let set = ctl_in(&tower.data, &["beacon", "set", "-", "--every", "10"], &url).await.good();
    assert!(set.contains(&format!("{}/••••", sink.url)) && !set.contains("s3cret"), "{set}");
    let seen = sink.seen_at_least(2, PATIENCE).await;
    assert!(seen.iter().all(|seen| (seen.method.as_str(), seen.path.as_str()) == ("GET", "/ping/s3cret")));
    let beacon = &tower.owner("channels", &json!({})).await["beacon"];
    assert!(
        beacon["last_ok_ms"].is_number() && beacon["words"].as_str().unwrap().starts_with("answered 200"),
        "{beacon}"
    );
    nowhere(&tower, "s3cret");
    tower.owner("beacon_set", &json!({ "url": "••••", "every_seconds": 20 })).await;
    sink.seen_at_least(3, PATIENCE).await;
    let off = tower.ctl(&["beacon", "off"]).await.good();
    assert!(off.starts_with("No beacon goes out."), "{off}");
    let (status, refused) = tower.owner_call("beacon_set", &json!({ "url": "http://x/", "every_seconds": 1 })).await;
    assert_eq!((status, &refused["field"]), (422, &json!("every_seconds")));
}
