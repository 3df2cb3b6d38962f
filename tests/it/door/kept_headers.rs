//! Header values that look like secrets, as unmodified clients send them: kept in the vault, delivered, shown to nobody, and
//! led nowhere else by a key that could not have written them.

use std::time::Duration;

use cuetower_tests::{Answer, Server, holds};
use reqwest::Method;
use serde_json::{Value, json};

use super::Tower;

const SOON: Duration = Duration::from_secs(30);
const VALUE: &str = "Bearer xyz-7f3a-keep-me";
const SHOWN: &str = "••••";

fn hook(url: &str, headers: &Value) -> Value {
    json!({
        "name": "crm", "transport": "webhook", "schedule": { "type": "manual" },
        "callback": { "url": url, "headers": headers },
    })
}

/// Whether the text lies anywhere in the tower's folder.
fn lies_open(tower: &Tower, text: &str) -> bool {
    let files =
        std::fs::read_dir(tower.dir.path()).unwrap().filter_map(|entry| std::fs::read(entry.unwrap().path()).ok());
    files.into_iter().any(|bytes| holds(&bytes, text))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_header_that_is_a_secret_is_kept_delivered_and_shown_to_nobody() {
    let tower = Tower::start().await;
    let server = Server::start(|_, _| Answer::status(200)).await;
    let elsewhere = Server::start(|_, _| Answer::status(200)).await;
    let key = tower.key_with("cues report").await;
    let url = format!("{}/run", server.url);
    let made =
        tower.ask_as(&key, Method::POST, "/v1/cues", Some(&hook(&url, &json!({ "Authorization": VALUE })))).await;
    assert_eq!((made.status, &made.json["callback"]["headers"]["Authorization"]), (201, &json!(SHOWN)), "{made:?}");
    let path = format!("/v1/cues/{}", made.json["id"].as_str().unwrap());
    let fired = tower.ask_as(&key, Method::POST, &format!("{path}/fire"), None).await;
    assert_eq!(fired.status, 200, "{fired:?}");
    assert_eq!(server.seen_at_least(1, SOON).await[0].header("authorization"), VALUE);
    assert!(!lies_open(&tower, VALUE));

    let change = async |key: &str, callback: Value| {
        tower.ask_as(key, Method::PATCH, &path, Some(&json!({ "callback": callback }))).await
    };
    let away = format!("{}/run", elsewhere.url);
    for callback in [json!({ "url": away }), json!({ "url": away, "headers": { "Authorization": SHOWN } })] {
        let led = change(&key, callback).await;
        assert_eq!((led.status, led.field()), (422, "body.callback.url"), "{led:?}");
    }
    let same = format!("{}/another", server.url);
    let moved = change(&key, json!({ "url": same, "headers": { "Authorization": SHOWN, "X-Plain": "1" } })).await;
    assert_eq!((moved.status, &moved.json["callback"]["url"]), (200, &json!(same)), "{moved:?}");
    tower.ask_as(&key, Method::POST, &format!("{path}/fire"), None).await;
    let seen = server.seen_at_least(2, SOON).await;
    assert_eq!((seen[1].header("authorization"), seen[1].header("x-plain")), (VALUE, "1"));

    let rewritten = change(&key, json!({ "url": away, "headers": { "Authorization": "Bearer its-own" } })).await;
    assert_eq!(rewritten.status, 200, "{rewritten:?}");
    tower.ask_as(&key, Method::POST, &format!("{path}/fire"), None).await;
    assert_eq!(elsewhere.seen_at_least(1, SOON).await[0].header("authorization"), "Bearer its-own");
    // Whoever may write secrets may lead them.
    assert_eq!(change(&tower.key, json!({ "url": url })).await.status, 200);
    assert_eq!(tower.ask_as(&key, Method::DELETE, &path, None).await.status, 204);
    tower.stop().await;
}

/// Whoever may write a cue chooses what its headers hold, and must not choose with it what others are understood by.
#[tokio::test(flavor = "multi_thread")]
async fn a_header_that_is_a_word_of_the_doors_own_takes_it_from_nobody() {
    let tower = Tower::start().await;
    let server = Server::start(|_, _| Answer::json(200, &json!({ "success": true, "summary": "said success" }))).await;
    let url = format!("{}/run", server.url);
    let outcome_of = async |run: &str| tower.get(&format!("/v1/executions/{run}")).await.json["outcome"].clone();
    for word in ["success", "result_url", "https://api.acme.example"] {
        let mut cue = hook(&url, &json!({ "X-Api-Key": word }));
        cue["name"] = json!(format!("hostile {word}"));
        let writes = tower.key_with("cues:write").await;
        let made = tower.ask_as(&writes, Method::POST, "/v1/cues", Some(&cue)).await;
        assert_eq!((made.status, &made.json["callback"]["headers"]["X-Api-Key"]), (201, &json!(SHOWN)), "{made:?}");
        let before = server.seen().len();
        let path = format!("/v1/cues/{}/fire", made.json["id"].as_str().unwrap());
        let run = tower.ask_as(&writes, Method::POST, &path, None).await.json["id"].as_str().unwrap().to_owned();
        assert_eq!(server.seen_at_least(before + 1, SOON).await[before].header("x-api-key"), word);
        let read = cuetower_tests::until("outcome in the answer", SOON, async || {
            Some(outcome_of(&run).await).filter(|outcome| !outcome.is_null())
        });
        assert_eq!(read.await["success"], true, "{word}");

        let other = json!({ "name": format!("other {word}"), "transport": "worker", "schedule": { "type": "manual" } });
        let other = tower.post("/v1/cues", other).await.json["id"].as_str().unwrap().to_owned();
        let run =
            tower.post(&format!("/v1/cues/{other}/fire"), json!({})).await.json["id"].as_str().unwrap().to_owned();
        let outcome = json!({ "success": true, "result_url": "https://api.acme.example/leads/7" });
        let told = tower.post(&format!("/v1/executions/{run}/outcome"), outcome).await;
        assert_eq!(told.status, 200, "{word}: {told:?}");
    }
    tower.stop().await;
}
