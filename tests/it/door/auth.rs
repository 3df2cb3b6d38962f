//! Accounts over real HTTP: who registers sees nothing but its own, keys and secrets are renewed, a restart keeps all of it.

use std::collections::BTreeSet;
use std::time::Duration;

use cuetower_core::id::AccountId;
use cuetower_engine::accounts::alert_hook;
use cuetower_engine::deliver::signature::sign;
use cuetower_engine::receive::Openings;
use cuetower_tests::{Answer, Server};
use reqwest::Method;
use serde_json::{Value, json};

use super::{Back, Tower, back, manual};

const LIMIT: Duration = Duration::from_secs(30);

const OPEN: Openings =
    Openings { registration: true, logins: false, strict_addresses: false, rate_limit: None, account_cues: Some(10) };

impl Tower {
    /// The key of a new account.
    async fn registered(&self, email: &str) -> String {
        let answer = self.unknown(Method::POST, "/v1/auth/register", json!({ "email": email })).await;
        assert_eq!(answer.status, 201, "{answer:?}");
        answer.json["api_key"].as_str().unwrap().to_owned()
    }

    /// Asked by nobody in particular.
    pub(super) async fn unknown(&self, method: Method, path: &str, body: Value) -> Back {
        back(self.bare(method, path).header("content-type", "application/json").body(body.to_string())).await
    }

    async fn get_as(&self, key: &str, path: &str) -> Back {
        self.ask_as(key, Method::GET, path, None).await
    }

    fn account_of(&self, email: &str) -> AccountId {
        let file = rusqlite::Connection::open(self.dir.path().join("cuetower.db")).unwrap();
        AccountId(file.query_row("SELECT id FROM accounts WHERE email = ?1", [email], |row| row.get(0)).unwrap())
    }

    /// With the header that a destructive request needs.
    async fn confirmed(&self, key: &str, path: &str) -> Back {
        back(self.bare(Method::POST, path).bearer_auth(key).header("X-Confirm-Destructive", "true")).await
    }
}

fn worker_cue(name: &str) -> Value {
    json!({ "name": name, "schedule": { "type": "manual" }, "transport": "worker", "payload": { "task": "brief" } })
}

#[tokio::test(flavor = "multi_thread")]
async fn registration_is_the_owners_to_open() {
    let tower = Tower::start().await;
    let answer = tower.unknown(Method::POST, "/v1/auth/register", json!({ "email": "ada@example.com" })).await;
    assert_eq!((answer.status, answer.code()), (403, "registration_closed"));
    assert!(answer.json["error"]["message"].as_str().unwrap().contains("serve --open-registration"));
    tower.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_is_registered_once_and_told_what_is_true() {
    let tower = Tower::start_with(OPEN).await;
    let bad = tower.unknown(Method::POST, "/v1/auth/register", json!({ "email": "nope" })).await;
    assert_eq!((bad.status, bad.field()), (422, "body.email"));
    assert_eq!(
        bad.json["error"]["message"],
        "body.email: value is not a valid email address: An email address must have an @-sign."
    );
    let none = tower.unknown(Method::POST, "/v1/auth/register", json!({})).await;
    assert_eq!((none.status, none.field()), (422, "body.email"));

    let key = tower.registered("Main-19eece@Example.com").await;
    assert!(key.starts_with("cue_sk_") && key.len() == 39 && key[7..].bytes().all(|b| b.is_ascii_hexdigit()), "{key}");
    let twice = tower.unknown(Method::POST, "/v1/auth/register", json!({ "email": "main-19EECE@example.com" })).await;
    assert_eq!((twice.status, twice.code()), (409, "duplicate_email"));

    let me = tower.get_as(&key, "/v1/auth/me").await;
    let expected = json!({
        "email": "Main-19eece@example.com", "plan": "free", "active_cues": 0, "active_cue_limit": 10,
        "executions_this_month": 0, "monthly_execution_limit": 1_000_000, "rate_limit_per_minute": 1_000_000,
        "has_webhook_secret": true, "api_key_prefix": key[..12], "slug": "main-19eece",
    });
    assert_eq!((me.status, me.json), (200, expected));
    let owner = tower.get("/v1/auth/me").await;
    assert_eq!(owner.json["email"], "owner@localhost");
    assert_eq!((&owner.json["plan"], &owner.json["active_cue_limit"]), (&json!("owner"), &json!(1_000_000)));
    tower.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_changes_its_address_and_where_its_alerts_go() {
    let tower = Tower::start_with(OPEN).await;
    let (ada, bob) = (tower.registered("ada@example.com").await, tower.registered("bob@example.com").await);
    let patch = async |body: Value| tower.ask_as(&ada, Method::PATCH, "/v1/auth/me", Some(&body)).await;
    for nothing in [json!({}), json!({ "email": null }), json!({ "slug": "x" })] {
        let answer = patch(nothing).await;
        assert_eq!((answer.status, answer.code()), (422, "no_fields"));
    }
    let set = patch(json!({ "alert_webhook_url": "http://93.184.216.34/hook" })).await;
    assert_eq!(set.status, 200, "{set:?}");
    assert!(chrono::DateTime::parse_from_rfc3339(set.json["updated_at"].as_str().unwrap()).is_ok());
    let private = patch(json!({ "alert_webhook_url": "http://10.0.0.1/x" })).await;
    assert_eq!((private.status, private.code()), (400, "invalid_alert_webhook_url"));
    assert_eq!(private.json["error"]["message"], "Callback URL resolves to blocked address range");

    let account = tower.account_of("ada@example.com");
    let hook = alert_hook(&tower.handle, &account).await.unwrap().unwrap();
    let secret = tower.get_as(&ada, "/v1/auth/alert-webhook-secret").await.json["alert_webhook_secret"].clone();
    assert_eq!((hook.url.as_str(), json!(hook.secret)), ("http://93.184.216.34/hook", secret));
    assert_eq!(patch(json!({ "alert_webhook_url": "" })).await.status, 200);
    assert_eq!(alert_hook(&tower.handle, &account).await.unwrap(), None);

    let taken = patch(json!({ "email": "BOB@example.com" })).await;
    assert_eq!((taken.status, taken.code()), (409, "duplicate_email"));
    assert_eq!(patch(json!({ "email": "lovelace@example.com" })).await.status, 200);
    assert_eq!(tower.get_as(&ada, "/v1/auth/me").await.json["email"], "lovelace@example.com");
    assert_eq!(tower.get_as(&bob, "/v1/auth/me").await.json["email"], "bob@example.com");
    tower.registered("ada@example.com").await;
    tower.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_renewed_key_opens_and_the_old_one_is_told_so() {
    let tower = Tower::start_with(OPEN).await;
    let old = tower.registered("ada@example.com").await;
    let hidden = tower.get_as(&old, "/v1/auth/key").await.json;
    let message = "Key not available. Regenerate to enable Reveal.";
    assert_eq!(hidden, json!({ "api_key": null, "prefix": old[..12], "message": message }));
    let unconfirmed = tower.ask_as(&old, Method::POST, "/v1/auth/key/regenerate", None).await;
    assert_eq!((unconfirmed.status, unconfirmed.code()), (400, "confirmation_required"));

    let session =
        tower.ask_as(&old, Method::POST, "/v1/auth/session/refresh", None).await.json["session_token"].clone();
    let renewed = tower.confirmed(&old, "/v1/auth/key/regenerate").await;
    assert_eq!((renewed.status, &renewed.json["previous_key_revoked"]), (200, &json!(true)));
    let new = renewed.json["api_key"].as_str().unwrap().to_owned();
    assert_ne!(new, old);
    let rotated = tower.get_as(&old, "/v1/auth/me").await;
    assert_eq!((rotated.status, rotated.code()), (401, "key_rotated"));
    assert_eq!(rotated.json["error"]["message"], "This API key has been rotated. Use your new key.");
    assert_eq!(tower.get_as(&new, "/v1/auth/me").await.json["api_key_prefix"], new[..12]);
    assert_eq!(tower.get_as(&new, "/v1/auth/key").await.json, json!({ "api_key": new }));
    let session = session.as_str().unwrap();
    let revealed = tower.get_as(session, "/v1/auth/key").await;
    assert_eq!(revealed.json, json!({ "api_key": new }), "a session stays with its account when the key is renewed");

    // A day later nobody knows the old one any more.
    let file = rusqlite::Connection::open(tower.dir.path().join("cuetower.db")).unwrap();
    file.execute(
        "UPDATE keys SET rotated_at_ms = rotated_at_ms - 24 * 3600 * 1000 WHERE rotated_at_ms IS NOT NULL",
        [],
    )
    .unwrap();
    let tower = tower.restart_with(OPEN).await;
    let gone = tower.get_as(&old, "/v1/auth/me").await;
    assert_eq!((gone.status, gone.code()), (401, "invalid_api_key"));
    tower.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_renewals_of_one_key_at_once_one_is_refused() {
    let tower = Tower::start_with(OPEN).await;
    let old = tower.registered("ada@example.com").await;
    let renew = || tower.confirmed(&old, "/v1/auth/key/regenerate");
    let (first, second) = tokio::join!(renew(), renew());
    let statuses = BTreeSet::from([first.status, second.status]);
    assert_eq!(statuses, BTreeSet::from([200, 401]), "{first:?} {second:?}");
    tower.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_owners_own_key_is_not_renewed_here_and_a_programs_is() {
    let tower = Tower::start().await;
    let own = tower.named_key("owner", "cues report commands").await;
    let refused = tower.confirmed(&own, "/v1/auth/key/regenerate").await;
    assert_eq!((refused.status, refused.code()), (403, "owner_key"));
    assert!(refused.json["error"]["message"].as_str().unwrap().contains("cuetowerctl key add"));
    assert_eq!(tower.get_as(&own, "/v1/auth/key").await.json["api_key"], Value::Null);

    let program = tower.named_key("crm", "report").await;
    let renewed = tower.confirmed(&program, "/v1/auth/key/regenerate").await;
    let new = renewed.json["api_key"].as_str().unwrap().to_owned();
    let refused = tower.ask_as(&new, Method::POST, "/v1/cues", Some(&manual("x", "http://127.0.0.1:9/"))).await;
    assert_eq!((refused.status, refused.code()), (403, "insufficient_scope"), "no more than it could before");
    assert_eq!(tower.get_as(&new, "/v1/auth/key").await.json["api_key"], json!(new));
    tower.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn secrets_that_sign_are_each_accounts_own_and_survive_a_restart() {
    let tower = Tower::start_with(OPEN).await;
    let ada = tower.registered("ada@example.com").await;
    let secret = async |tower: &Tower, key: &str, what: &str| {
        let answer = tower.get_as(key, &format!("/v1/auth/{what}")).await;
        answer.json[what.replace('-', "_")].as_str().unwrap().to_owned()
    };
    let owners = secret(&tower, &tower.key, "webhook-secret").await;
    let first = secret(&tower, &ada, "webhook-secret").await;
    assert!(first.starts_with("whsec_") && first.len() == 70 && first != owners);
    let alerts = secret(&tower, &ada, "alert-webhook-secret").await;
    assert!(alerts.len() == 64 && alerts.bytes().all(|byte| byte.is_ascii_hexdigit()));

    for (what, old) in [("webhook-secret", &first), ("alert-webhook-secret", &alerts)] {
        let path = format!("/v1/auth/{what}/regenerate");
        let unconfirmed = tower.ask_as(&ada, Method::POST, &path, None).await;
        assert_eq!((unconfirmed.status, unconfirmed.code()), (400, "confirmation_required"));
        let renewed = tower.confirmed(&ada, &path).await;
        assert_eq!(renewed.json["previous_secret_revoked"], true);
        assert_ne!(renewed.json[what.replace('-', "_")], json!(old));
        assert_eq!(renewed.json[what.replace('-', "_")], json!(secret(&tower, &ada, what).await));
    }
    assert_eq!(secret(&tower, &tower.key, "webhook-secret").await, owners, "the owner's is untouched");
    let renewed = tower.confirmed(&tower.key, "/v1/auth/webhook-secret/regenerate").await;
    assert_ne!(renewed.json["webhook_secret"], json!(owners));

    let before = [secret(&tower, &ada, "webhook-secret").await, secret(&tower, &tower.key, "webhook-secret").await];
    let alerts = secret(&tower, &ada, "alert-webhook-secret").await;
    let tower = tower.restart_with(OPEN).await;
    let after = [secret(&tower, &ada, "webhook-secret").await, secret(&tower, &tower.key, "webhook-secret").await];
    assert_eq!(after, before);
    assert_eq!(secret(&tower, &ada, "alert-webhook-secret").await, alerts);
    tower.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_webhook_is_signed_with_the_present_secret_of_its_account() {
    let tower = Tower::start_with(OPEN).await;
    let ada = tower.registered("ada@example.com").await;
    let signed = async |name: &str| {
        let server = Server::start(|_, _| Answer::status(200)).await;
        let made = tower.ask_as(&ada, Method::POST, "/v1/cues", Some(&manual(name, &server.url))).await;
        let fire = format!("/v1/cues/{}/fire", made.json["id"].as_str().unwrap());
        assert_eq!(tower.ask_as(&ada, Method::POST, &fire, None).await.status, 200);
        server.seen_at_least(1, LIMIT).await.remove(0)
    };
    for name in ["before", "after"] {
        let got = signed(name).await;
        let secret = tower.get_as(&ada, "/v1/auth/webhook-secret").await.json["webhook_secret"].clone();
        let secret = secret.as_str().unwrap();
        let (stamp, shown) = (got.header("x-cueapi-timestamp"), got.header("x-cueapi-signature"));
        let genuine = sign(secret, stamp.parse().unwrap(), &got.body);
        assert_eq!(shown, genuine, "{name}");
        tower.confirmed(&ada, "/v1/auth/webhook-secret/regenerate").await;
    }
    tower.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn another_accounts_things_are_not_there() {
    let tower = Tower::start_with(OPEN).await;
    let (ada, bob) = (tower.registered("ada@example.com").await, tower.registered("bob@example.com").await);
    // Each has a cue of the same name, and so has the owner.
    let mut ids = Vec::new();
    for key in [&ada, &bob, &tower.key] {
        let made = tower.ask_as(key, Method::POST, "/v1/cues", Some(&worker_cue("brief"))).await;
        assert_eq!(made.status, 201, "{made:?}");
        ids.push(made.json["id"].as_str().unwrap().to_owned());
    }
    let twice = tower.ask_as(&ada, Method::POST, "/v1/cues", Some(&worker_cue("brief"))).await;
    assert_eq!((twice.status, twice.code()), (409, "duplicate_cue_name"));
    let cue = &ids[0];
    let fired = tower.ask_as(&ada, Method::POST, &format!("/v1/cues/{cue}/fire"), None).await;
    let run = fired.json["id"].as_str().unwrap().to_owned();
    let worker = json!({ "worker_id": "w-ada", "handlers": ["brief"] });
    assert_eq!(tower.ask_as(&ada, Method::POST, "/v1/worker/heartbeat", Some(&worker)).await.status, 200);

    for other in [&bob, &tower.key] {
        for (list, field, count) in [
            ("/v1/cues", "cues", 1),
            ("/v1/executions", "executions", 0),
            ("/v1/executions/claimable", "executions", 0),
            ("/v1/workers", "workers", 0),
        ] {
            let answer = tower.get_as(other, list).await;
            assert_eq!(answer.json[field].as_array().unwrap().len(), count, "{list}: {answer:?}");
        }
        let patch = json!({ "name": "mine" });
        let outcome = json!({ "success": true });
        let claim = json!({ "worker_id": "w-bob" });
        let asked: [(Method, String, Option<&Value>, u16); 11] = [
            (Method::GET, format!("/v1/cues/{cue}"), None, 404),
            (Method::PATCH, format!("/v1/cues/{cue}"), Some(&patch), 404),
            (Method::DELETE, format!("/v1/cues/{cue}"), None, 404),
            (Method::POST, format!("/v1/cues/{cue}/fire"), None, 404),
            (Method::GET, format!("/v1/executions/{run}"), None, 404),
            (Method::POST, format!("/v1/executions/{run}/outcome"), Some(&outcome), 404),
            (Method::POST, format!("/v1/executions/{run}/replay"), None, 404),
            (Method::POST, format!("/v1/executions/{run}/heartbeat"), None, 404),
            (Method::POST, format!("/v1/executions/{run}/claim"), Some(&claim), 404),
            (Method::POST, "/v1/executions/claim".to_owned(), Some(&claim), 409),
            (Method::DELETE, "/v1/workers/w-ada".to_owned(), None, 404),
        ];
        for (method, path, body, status) in asked {
            let answer = tower.ask_as(other, method.clone(), &path, body).await;
            assert_eq!(answer.status, status, "{method} {path}: {answer:?}");
            assert!(!answer.json.to_string().contains("brief"), "nothing is told of it: {answer:?}");
        }
    }
    // And nothing of all that had any effect.
    let claimed = tower
        .ask_as(&ada, Method::POST, &format!("/v1/executions/{run}/claim"), Some(&json!({ "worker_id": "w-ada" })))
        .await;
    assert_eq!(claimed.status, 200, "{claimed:?}");
    let reported = tower
        .ask_as(&ada, Method::POST, &format!("/v1/executions/{run}/outcome"), Some(&json!({ "success": true })))
        .await;
    assert_eq!(reported.status, 200, "{reported:?}");
    assert_eq!(tower.get_as(&ada, "/v1/auth/me").await.json["executions_this_month"], 1);
    assert_eq!(tower.get_as(&bob, "/v1/auth/me").await.json["executions_this_month"], 0);

    let tower = tower.restart_with(OPEN).await;
    assert_eq!(tower.get_as(&ada, "/v1/executions").await.json["total"], 1);
    assert_eq!(tower.get_as(&bob, "/v1/executions").await.json["total"], 0);
    let program = json!({ "name": "sh", "schedule": { "type": "manual" }, "transport": "command", "command": { "shell": "true" } });
    let refused = tower.ask_as(&ada, Method::POST, "/v1/cues", Some(&program)).await;
    assert_eq!((refused.status, refused.code()), (403, "insufficient_scope"), "an account runs no programs here");
    tower.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_has_ten_active_cues_even_if_it_asks_for_all_at_once() {
    let tower = Tower::start_with(OPEN).await;
    let (ada, bob) = (tower.registered("ada@example.com").await, tower.registered("bob@example.com").await);
    let ada = ada.as_str();
    let make = |name: String| {
        let request = tower.bare(Method::POST, "/v1/cues").bearer_auth(ada).header("content-type", "application/json");
        tokio::spawn(back(request.body(worker_cue(&name).to_string())))
    };
    let asked: Vec<_> = (0..24).map(|index| make(format!("q{index}"))).collect();
    let mut made = Vec::new();
    for answer in asked {
        made.push(answer.await.unwrap());
    }
    let (kept, refused): (Vec<_>, Vec<_>) = made.iter().partition(|answer| answer.status == 201);
    assert_eq!((kept.len(), refused.len()), (10, 14));
    for answer in refused {
        assert_eq!((answer.status, answer.code()), (403, "cue_limit_exceeded"));
        assert_eq!(answer.json["error"]["message"], "Active cue limit of 10 reached");
    }
    assert_eq!(tower.get_as(ada, "/v1/auth/me").await.json["active_cues"], 10);
    assert_eq!(tower.ask_as(&bob, Method::POST, "/v1/cues", Some(&worker_cue("q"))).await.status, 201);

    // A paused one makes room, and cannot come back while there is none.
    let path = format!("/v1/cues/{}", kept[0].json["id"].as_str().unwrap());
    let turn = async |path: &str, status: &str| {
        tower.ask_as(ada, Method::PATCH, path, Some(&json!({ "status": status }))).await
    };
    assert_eq!(turn(&path, "paused").await.status, 200);
    assert_eq!(make("one-more".to_owned()).await.unwrap().status, 201);
    let back = turn(&path, "active").await;
    assert_eq!((back.status, back.code()), (403, "cue_limit_exceeded"));
    let edited = tower.ask_as(ada, Method::PATCH, &path, Some(&json!({ "description": "still paused" }))).await;
    assert_eq!(edited.status, 200, "{edited:?}");
    let other = format!("/v1/cues/{}", kept[1].json["id"].as_str().unwrap());
    assert_eq!(tower.ask_as(ada, Method::DELETE, &other, None).await.status, 204);
    assert_eq!(turn(&path, "active").await.status, 200);
    for index in 0..12 {
        let own = tower.ask(Method::POST, "/v1/cues", Some(&worker_cue(&format!("own{index}")))).await;
        assert_eq!(own.status, 201, "the owner's have no limit");
    }
    tower.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_only_reports_reaches_no_secret_of_its_account() {
    let tower = Tower::start().await;
    let program = tower.named_key("crm", "report").await;
    let secret = async || tower.get("/v1/auth/webhook-secret").await.json["webhook_secret"].clone();
    let before = secret().await;
    for what in ["webhook-secret", "alert-webhook-secret"] {
        let read = tower.get_as(&program, &format!("/v1/auth/{what}")).await;
        let renewed = tower.confirmed(&program, &format!("/v1/auth/{what}/regenerate")).await;
        for refused in [read, renewed] {
            assert_eq!((refused.status, refused.code()), (403, "insufficient_scope"), "{what}: {refused:?}");
        }
    }
    for body in [json!({ "email": "eve@example.com" }), json!({ "alert_webhook_url": "http://127.0.0.1:9/" })] {
        let refused = tower.ask_as(&program, Method::PATCH, "/v1/auth/me", Some(&body)).await;
        assert_eq!((refused.status, refused.code()), (403, "insufficient_scope"), "{refused:?}");
    }
    assert_eq!(secret().await, before);
    assert_eq!(tower.get("/v1/auth/me").await.json["email"], "owner@localhost");
    assert_eq!(alert_hook(&tower.handle, &AccountId::OWNER).await.unwrap(), None);
    assert_eq!(tower.confirmed(&program, "/v1/auth/key/regenerate").await.status, 200, "its own key is its holder's");
    tower.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn agents_are_addressed_as_before_when_an_account_changes_its_address() {
    let tower = Tower::start_with(OPEN).await;
    let ada = tower.registered("ada@example.com").await;
    let agent = json!({ "slug": "scout", "display_name": "Scout" });
    let made = tower.ask_as(&ada, Method::POST, "/v1/agents", Some(&agent)).await;
    assert_eq!(made.status, 201, "{made:?}");
    let body = json!({ "email": "lovelace@example.com" });
    assert_eq!(tower.ask_as(&ada, Method::PATCH, "/v1/auth/me", Some(&body)).await.status, 200);
    let me = tower.get_as(&ada, "/v1/auth/me").await.json;
    assert_eq!((&me["email"], &me["slug"]), (&json!("lovelace@example.com"), &json!("ada")));
    assert_eq!(tower.get_as(&ada, "/v1/agents/scout@ada").await.status, 200);
    assert_eq!(tower.get_as(&ada, "/v1/agents/scout@lovelace").await.status, 404);

    // The owner's, who was addressed before there was any address of mail.
    assert_eq!(tower.ask(Method::POST, "/v1/agents", Some(&agent)).await.status, 201);
    assert_eq!(tower.ask(Method::PATCH, "/v1/auth/me", Some(&json!({ "email": "own@example.com" }))).await.status, 200);
    assert_eq!(tower.get("/v1/agents/scout@owner").await.status, 200);
    tower.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_journal_tells_where_alerts_go_and_not_the_secret_behind_it() {
    let tower = Tower::start_with(OPEN).await;
    let ada = tower.registered("ada@example.com").await;
    let body = json!({ "alert_webhook_url": "https://hooks.example.com:8443/services/T0/s3cret?k=v3ry" });
    assert_eq!(tower.ask_as(&ada, Method::PATCH, "/v1/auth/me", Some(&body)).await.status, 200);
    let file = rusqlite::Connection::open(tower.dir.path().join("cuetower.db")).unwrap();
    let sql = "SELECT body FROM journal WHERE kind = 'account_changed'";
    let fact: String = file.query_row(sql, [], |row| row.get(0)).unwrap();
    assert!(fact.contains("\"https://hooks.example.com:8443\""), "{fact}");
    assert!(!fact.contains("s3cret") && !fact.contains("v3ry"), "{fact}");
    tower.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_secret_that_was_renewed_does_not_come_again_with_an_older_store() {
    let tower = Tower::start_with(OPEN).await;
    let ada = tower.registered("ada@example.com").await;
    for what in ["webhook-secret", "alert-webhook-secret"] {
        let mut seen = BTreeSet::new();
        for _ in 0..3 {
            let renewed = tower.confirmed(&ada, &format!("/v1/auth/{what}/regenerate")).await;
            assert_eq!(renewed.status, 200, "{renewed:?}");
            assert!(
                seen.insert(renewed.json[what.replace('-', "_")].as_str().unwrap().to_owned()),
                "{what} came twice"
            );
            // What a copy of before the renewal holds.
            let file = rusqlite::Connection::open(tower.dir.path().join("cuetower.db")).unwrap();
            file.execute("UPDATE accounts SET webhook_secret = 0, alert_secret = 0", []).unwrap();
        }
    }
    tower.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_renewals_at_once_the_last_that_was_written_signs() {
    let tower = Tower::start_with(OPEN).await;
    let ada = tower.registered("ada@example.com").await;
    let renew = || tower.confirmed(&ada, "/v1/auth/webhook-secret/regenerate");
    for _ in 0..5 {
        let (a, b, c, d) = tokio::join!(renew(), renew(), renew(), renew());
        assert!([&a, &b, &c, &d].iter().all(|answer| answer.status == 200));
        let signs = tower.get_as(&ada, "/v1/auth/webhook-secret").await.json["webhook_secret"].clone();
        let file = rusqlite::Connection::open(tower.dir.path().join("cuetower.db")).unwrap();
        let sql = "SELECT webhook_secret FROM accounts WHERE email = 'ada@example.com'";
        let number: u64 = file.query_row(sql, [], |row| row.get::<_, i64>(0)).unwrap().try_into().unwrap();
        let account = tower.account_of("ada@example.com");
        assert_eq!(signs, json!(tower.handle.tower_key().webhook_secret(&account, number)));
    }
    tower.stop().await;
}
