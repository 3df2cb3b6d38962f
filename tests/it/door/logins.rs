//! Programs that sign in with a code (`cueapi login`): asked by HTTP, answered at the owner's door, fetched once.

use cuetower_core::Ms;
use cuetower_engine::desk::{Desk, Facts, OwnerKey};
use cuetower_engine::handle::TowerChange;
use cuetower_engine::journal::KeyRow;
use cuetower_engine::notify::Notifier;
use cuetower_engine::receive::Openings;
use cuetower_engine::vault::{Vault, VaultKind};
use reqwest::Method;
use serde_json::{Value, json};

use super::{Back, Tower, manual};

const ALLOWED: Openings =
    Openings { registration: false, logins: true, strict_addresses: false, rate_limit: None, account_cues: None };

impl Tower {
    async fn desk(&self) -> Desk {
        let facts = Facts {
            version: "0.0.0-test".to_owned(),
            agents_url: self.base.clone(),
            data_dir: String::new(),
            timezone: "UTC".to_owned(),
            started_at: self.handle.now(),
        };
        Desk {
            handle: self.handle.clone(),
            vault: Vault::open(VaultKind::Memory, self.dir.path()).await,
            notifier: Notifier::start(false).await.0,
            facts,
            owner_key: OwnerKey::default(),
            face: cuetower_engine::desk::Face::Cli,
            demo: cuetower_engine::desk::Demo::default(),
        }
    }

    async fn device(&self, step: &str, body: Value) -> Back {
        self.unknown(Method::POST, &format!("/v1/auth/device-code{step}"), body).await
    }

    async fn asks_to_sign_in(&self, code: &str) {
        let answer = self.device("", json!({ "device_code": code })).await;
        assert_eq!((answer.status, &answer.json["expires_in"]), (201, &json!(900)), "{answer:?}");
    }

    async fn polled(&self, code: &str) -> Value {
        let answer = self.device("/poll", json!({ "device_code": code })).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        answer.json
    }

    /// The page that a program opens: status and text.
    async fn page(&self, code: &str) -> (u16, String) {
        let answer = self.bare(Method::GET, &format!("/v1/auth/verify?device_code={code}")).send().await.unwrap();
        (answer.status().as_u16(), answer.text().await.unwrap())
    }

    /// Makes a code as old as that, in the file.
    fn ages(&self, code: &str, seconds: i64) {
        let file = rusqlite::Connection::open(self.dir.path().join("cuetower.db")).unwrap();
        let sql = "UPDATE logins SET asked_at_ms = asked_at_ms - ?2 * 1000 WHERE code = ?1";
        assert_eq!(file.execute(sql, rusqlite::params![code, seconds]).unwrap(), 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_program_gets_its_key_once_the_owner_says_yes() {
    let tower = Tower::start().await;
    let desk = tower.desk().await;
    let asked = tower.device("", json!({ "device_code": "19EECE-DC01" })).await;
    assert_eq!(asked.status, 201);
    let page = asked.json["verification_url"].as_str().unwrap().to_owned();
    assert_eq!(page, format!("{}/v1/auth/verify?device_code=19EECE-DC01", tower.base));
    assert_eq!(tower.polled("19EECE-DC01").await, json!({ "status": "pending" }));
    let sent = tower.device("/submit-email", json!({ "device_code": "19EECE-DC01", "email": "dc@example.com" })).await;
    assert_eq!((sent.status, sent.json), (200, json!({ "status": "email_sent" })));
    assert_eq!(tower.polled("19EECE-DC01").await, json!({ "status": "email_sent" }));
    let again = tower.device("/submit-email", json!({ "device_code": "19EECE-DC01", "email": "x@example.com" })).await;
    assert_eq!((again.status, again.code()), (400, "invalid_status"));

    let (status, words) = tower.page("19EECE-DC01").await;
    assert_eq!(status, 200);
    assert!(
        words.contains("cuetowerctl login approve 19EECE-DC01") && words.contains("http-equiv=\"refresh\""),
        "{words}"
    );
    assert!(!words.contains("<form") && !words.contains("<script"), "nothing can be approved from a web page");

    let waiting = desk.call("logins", json!({})).await.unwrap();
    let login = &waiting["logins"][0];
    assert_eq!((&login["code"], &login["email"]), (&json!("19EECE-DC01"), &json!("dc@example.com")));
    assert_eq!(login["expires_at_ms"].as_i64().unwrap() - login["asked_at_ms"].as_i64().unwrap(), 900_000);
    let answered = desk.call("login_answer", json!({ "code": "19EECE-DC01", "approve": true })).await.unwrap();
    assert_eq!(answered, json!({ "logins": [], "allow": false }));
    let twice = desk.call("login_answer", json!({ "code": "19EECE-DC01", "approve": false })).await.unwrap_err();
    assert_eq!(twice.code, "conflict");
    assert!(tower.page("19EECE-DC01").await.1.contains("Signed in"));

    // It is fetched after a restart, once.
    let tower = tower.restart_with(Openings::default()).await;
    let desk = tower.desk().await;
    let approved = tower.polled("19EECE-DC01").await;
    assert_eq!((&approved["status"], &approved["email"]), (&json!("approved"), &json!("dc@example.com")));
    assert_eq!(tower.polled("19EECE-DC01").await, json!({ "status": "claimed" }));
    let key = approved["api_key"].as_str().unwrap();
    let me = tower.ask_as(key, Method::GET, "/v1/auth/me", None).await.json;
    assert_eq!((&me["email"], &me["api_key_prefix"]), (&json!("dc@example.com"), &json!(key[..12])));
    let revealed = tower.ask_as(key, Method::GET, "/v1/auth/key", None).await;
    assert_eq!(revealed.json, json!({ "api_key": key }));
    let keys = desk.call("keys", json!({})).await.unwrap();
    let kept = keys["keys"].as_array().unwrap().iter().find(|row| row["prefix"] == key[..12]).unwrap();
    assert_eq!(kept["name"], "CueAPI client (dc@example.com)");
    assert_eq!((&kept["scopes"], &kept["account"]), (&json!(["cues", "report"]), &Value::Null));
    let made = tower.ask_as(key, Method::POST, "/v1/cues", Some(&manual("brief", "http://127.0.0.1:9/"))).await;
    assert_eq!(made.status, 201, "it makes cues of the owner's: {made:?}");
    tower.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn codes_are_checked_taken_once_and_bounded() {
    let tower = Tower::start().await;
    for short in ["abc", &"x".repeat(129)] {
        let answer = tower.device("", json!({ "device_code": short })).await;
        assert_eq!((answer.status, answer.code()), (400, "invalid_device_code"));
    }
    let none = tower.device("", json!({})).await;
    assert_eq!((none.status, none.field()), (422, "body.device_code"));
    tower.asks_to_sign_in("ABCD-0000").await;
    let twice = tower.device("", json!({ "device_code": "ABCD-0000" })).await;
    assert_eq!((twice.status, twice.code()), (409, "device_code_exists"));
    assert_eq!(tower.polled("UNKNOWN1").await, json!({ "status": "expired" }));
    let email = json!({ "device_code": "UNKNOWN1", "email": "a@example.com" });
    let unknown = tower.device("/submit-email", email).await;
    assert_eq!((unknown.status, unknown.code()), (404, "device_code_not_found"));
    assert_eq!(tower.page("UNKNOWN1").await.0, 404);
    let (_, words) = tower.page("<script>alert(1)</script>").await;
    assert!(!words.contains("<script"), "{words}");

    for index in 1..100 {
        tower.asks_to_sign_in(&format!("ABCD-{index:04}")).await;
    }
    let full = tower.device("", json!({ "device_code": "ABCD-0100" })).await;
    assert_eq!((full.status, full.code()), (429, "too_many_logins"));
    assert_eq!(full.header("retry-after"), "60");
    tower.ages("ABCD-0007", 900);
    tower.asks_to_sign_in("ABCD-0100").await;
    tower.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_denied_or_late_gets_nothing() {
    let tower = Tower::start().await;
    let desk = tower.desk().await;
    tower.asks_to_sign_in("DENY-0001").await;
    desk.call("login_answer", json!({ "code": "DENY-0001", "approve": false })).await.unwrap();
    let denied = tower.polled("DENY-0001").await;
    assert_eq!(denied["status"], "expired");
    assert!(denied["reason"].as_str().unwrap().contains("said no"));
    assert!(tower.page("DENY-0001").await.1.contains("Refused"));

    tower.asks_to_sign_in("LATE-0001").await;
    tower.asks_to_sign_in("LATE-0002").await;
    desk.call("login_answer", json!({ "code": "LATE-0002", "approve": true })).await.unwrap();
    tower.ages("LATE-0001", 900);
    tower.ages("LATE-0002", 900);
    for code in ["LATE-0001", "LATE-0002"] {
        assert_eq!(tower.polled(code).await, json!({ "status": "expired" }), "{code}");
        assert_eq!(tower.page(code).await.0, 404);
    }
    let late = desk.call("login_answer", json!({ "code": "LATE-0001", "approve": true })).await.unwrap_err();
    assert!(late.message.contains("lapsed"), "{late:?}");
    let unknown = desk.call("login_answer", json!({ "code": "NOBODY-1", "approve": true })).await.unwrap_err();
    assert_eq!(unknown.code, "not_found");
    let email = tower.device("/submit-email", json!({ "device_code": "LATE-0001", "email": "a@example.com" })).await;
    assert_eq!((email.status, email.code()), (400, "device_code_expired"));
    assert_eq!(desk.call("logins", json!({})).await.unwrap()["logins"], json!([]));
    let keys = desk.call("keys", json!({})).await.unwrap();
    assert_eq!(keys["keys"].as_array().unwrap().len(), 1, "the test's own alone: {keys}");
    // A code that has lapsed may be asked with again.
    tower.asks_to_sign_in("LATE-0001").await;
    assert_eq!(tower.polled("LATE-0001").await, json!({ "status": "pending" }));
    tower.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn where_all_are_allowed_nobody_waits() {
    let tower = Tower::start_with(ALLOWED).await;
    let desk = tower.desk().await;
    assert_eq!(desk.call("logins", json!({})).await.unwrap(), json!({ "logins": [], "allow": true }));
    assert_eq!(desk.call("login_policy", json!({ "allow": false })).await.unwrap_err().code, "refused");
    tower.asks_to_sign_in("ABCD-0001").await;
    let email = json!({ "device_code": "ABCD-0001", "email": "w@example.com" });
    assert_eq!(tower.device("/submit-email", email).await.json, json!({ "status": "email_sent" }));
    let approved = tower.polled("ABCD-0001").await;
    assert_eq!((&approved["status"], &approved["email"]), (&json!("approved"), &json!("w@example.com")));

    // The owner's word about all of them is kept; those that wait get theirs with it.
    let tower = tower.restart_with(Openings::default()).await;
    let desk = tower.desk().await;
    tower.asks_to_sign_in("ABCD-0002").await;
    assert_eq!(tower.polled("ABCD-0002").await["status"], "pending");
    assert_eq!(desk.call("login_policy", json!({ "allow": true })).await.unwrap()["allow"], true);
    assert_eq!(tower.polled("ABCD-0002").await["status"], "approved");
    let tower = tower.restart_with(Openings::default()).await;
    tower.asks_to_sign_in("ABCD-0003").await;
    let approved = tower.polled("ABCD-0003").await;
    assert_eq!(
        (&approved["status"], &approved["email"]),
        (&json!("approved"), &json!("w@example.com")),
        "the address known by now"
    );
    let desk = tower.desk().await;
    desk.call("login_policy", json!({ "allow": false })).await.unwrap();
    tower.asks_to_sign_in("ABCD-0004").await;
    assert_eq!(tower.polled("ABCD-0004").await["status"], "pending");
    tower.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_was_approved_is_handed_to_one_of_many_who_ask() {
    let tower = Tower::start_with(ALLOWED).await;
    tower.asks_to_sign_in("ABCD-0001").await;
    let poll = || tower.polled("ABCD-0001");
    let (a, b, c, d) = tokio::join!(poll(), poll(), poll(), poll());
    let with_key = [a, b, c, d].iter().filter(|answer| answer["status"] == "approved").count();
    assert_eq!(with_key, 1);
    let desk = tower.desk().await;
    let keys = desk.call("keys", json!({})).await.unwrap();
    assert_eq!(keys["keys"].as_array().unwrap().len(), 2, "the test's own, and that one: {keys}");
    tower.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_is_good_until_its_key_is_taken_away() {
    let tower = Tower::start_with(ALLOWED).await;
    let desk = tower.desk().await;
    tower.asks_to_sign_in("ABCD-0001").await;
    let approved = tower.polled("ABCD-0001").await;
    let exchange =
        async |token: &Value| tower.unknown(Method::POST, "/v1/auth/session", json!({ "token": token })).await;
    let wrong = exchange(&json!("bcc0b7f3acb9db6dbc34d728609651bcbcb1b0cfcdb67d28e976f0d39ebad666")).await;
    assert_eq!((wrong.status, wrong.code()), (401, "invalid_token"));
    let begun = exchange(&approved["session_token"]).await;
    assert_eq!((begun.status, &begun.json["email"]), (200, &json!("owner@localhost")), "{begun:?}");
    let twice = exchange(&approved["session_token"]).await;
    assert_eq!((twice.status, twice.code()), (401, "invalid_token"), "a ticket is good once");

    let session = begun.json["session_token"].as_str().unwrap().to_owned();
    let me = tower.ask_as(&session, Method::GET, "/v1/auth/me", None).await;
    let prefix = &approved["api_key"].as_str().unwrap()[..12];
    assert_eq!((me.status, &me.json["api_key_prefix"]), (200, &json!(prefix)));
    let refreshed = tower.ask_as(&session, Method::POST, "/v1/auth/session/refresh", None).await;
    let fresh = refreshed.json["session_token"].as_str().unwrap().to_owned();
    assert_eq!(tower.ask_as(&fresh, Method::GET, "/v1/cues", None).await.status, 200);

    let owners = tower.ask(Method::POST, "/v1/auth/session/refresh", None).await.json["session_token"].clone();
    let program = json!({ "name": "sh", "schedule": { "type": "manual" }, "transport": "command", "command": { "shell": "true" } });
    let refused = tower.ask_as(owners.as_str().unwrap(), Method::POST, "/v1/cues", Some(&program)).await;
    assert_eq!(
        (refused.status, refused.code()),
        (403, "insufficient_scope"),
        "a session runs no programs, whoever's it is"
    );

    let forged = tower.ask_as(&format!("{session}x"), Method::GET, "/v1/cues", None).await;
    assert_eq!((forged.status, forged.code()), (401, "invalid_session"));
    assert_eq!(forged.json["error"]["message"], "Invalid session token");
    let tower = tower.restart_with(Openings::default()).await;
    assert_eq!(tower.ask_as(&session, Method::GET, "/v1/auth/me", None).await.status, 200, "it outlives a restart");

    let keys = desk.call("keys", json!({})).await;
    assert!(keys.is_ok(), "the old desk still reads: {keys:?}");
    let desk = tower.desk().await;
    let keys = desk.call("keys", json!({})).await.unwrap();
    let id = keys["keys"].as_array().unwrap().iter().find(|row| row["prefix"] == *prefix).unwrap()["id"].clone();
    desk.call("key_remove", json!({ "id": id })).await.unwrap();
    let gone = tower.ask_as(approved["api_key"].as_str().unwrap(), Method::GET, "/v1/cues", None).await;
    assert_eq!((gone.status, gone.code()), (401, "invalid_api_key"));
    for session in [&session, &fresh] {
        let gone = tower.ask_as(session, Method::GET, "/v1/auth/me", None).await;
        assert_eq!((gone.status, gone.code()), (401, "invalid_session"));
    }
    tower.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_owner_adds_and_removes_keys() {
    let tower = Tower::start().await;
    let desk = tower.desk().await;
    let add = async |name: &str, scopes: &[&str]| desk.call("key_add", json!({ "name": name, "scopes": scopes })).await;
    for (name, scopes, field) in
        [("", &["cues"][..], "name"), ("owner", &["cues"], "name"), ("x", &[], "scopes"), ("x", &["all"], "scopes")]
    {
        let refused = add(name, scopes).await.unwrap_err();
        assert_eq!((refused.code.as_str(), refused.field.as_deref()), ("invalid", Some(field)), "{refused:?}");
    }
    let key = add("crm", &["report", "cues"]).await.unwrap()["key"].as_str().unwrap().to_owned();
    assert_eq!(tower.ask_as(&key, Method::GET, "/v1/cues", None).await.status, 200);
    let keys = desk.call("keys", json!({})).await.unwrap();
    let kept = keys["keys"].as_array().unwrap().iter().find(|row| row["name"] == "crm").unwrap().clone();
    assert_eq!((&kept["prefix"], &kept["scopes"]), (&json!(key[..12]), &json!(["cues", "report"])));
    assert!(!keys.to_string().contains(&key[12..]), "the key itself is nowhere: {keys}");
    desk.call("key_remove", json!({ "id": kept["id"] })).await.unwrap();
    assert_eq!(tower.ask_as(&key, Method::GET, "/v1/cues", None).await.code(), "invalid_api_key");
    let twice = desk.call("key_remove", json!({ "id": kept["id"] })).await.unwrap_err();
    assert_eq!(twice.code, "not_found");
    let own = tower.named_key("owner", "cues report commands").await;
    let keys = desk.call("keys", json!({})).await.unwrap();
    let owners = keys["keys"].as_array().unwrap().iter().find(|row| row["name"] == "owner").unwrap();
    let refused = desk.call("key_remove", json!({ "id": owners["id"] })).await.unwrap_err();
    assert_eq!(refused.code, "refused");
    assert_eq!(tower.ask_as(&own, Method::GET, "/v1/cues", None).await.status, 200);
    tower.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_address_that_signs_in_stays_the_owners() {
    let tower = Tower::start_with(ALLOWED).await;
    for (code, email) in [("ABCD-0001", "ada@example.com"), ("ABCD-0002", "eve@example.com")] {
        tower.asks_to_sign_in(code).await;
        tower.device("/submit-email", json!({ "device_code": code, "email": email })).await;
        let approved = tower.polled(code).await;
        assert_eq!((&approved["status"], &approved["email"]), (&json!("approved"), &json!(email)));
        let me = tower.get("/v1/auth/me").await.json;
        assert_eq!((&me["email"], &me["slug"]), (&json!("ada@example.com"), &json!("ada")), "after {email}");
    }
    tower.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_is_removed_takes_all_it_was_renewed_to_with_it() {
    let tower = Tower::start().await;
    let desk = tower.desk().await;
    let renewed = async |key: &str| {
        let asked = tower.bare(Method::POST, "/v1/auth/key/regenerate").bearer_auth(key);
        let answer = super::back(asked.header("X-Confirm-Destructive", "true")).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        answer.json["api_key"].as_str().unwrap().to_owned()
    };
    let mut key = tower.named_key("crm", "cues report").await;
    let id = cuetower_engine::token::key_hash(&key)[..16].to_owned();
    let session =
        tower.ask_as(&key, Method::POST, "/v1/auth/session/refresh", None).await.json["session_token"].clone();
    // More than are kept of one line: the first, which the owner saw, is found all the same.
    for _ in 0..30 {
        key = renewed(&key).await;
    }
    let rows = desk.call("keys", json!({})).await.unwrap()["keys"].as_array().unwrap().clone();
    let of_line = rows.iter().filter(|row| row["name"] == "crm").count();
    assert_eq!(of_line, 22, "the first, the last and twenty between");
    desk.call("key_remove", json!({ "id": id })).await.unwrap();
    assert_eq!(tower.ask_as(&key, Method::GET, "/v1/cues", None).await.code(), "invalid_api_key");
    let gone = tower.ask_as(session.as_str().unwrap(), Method::GET, "/v1/cues", None).await;
    assert_eq!(gone.code(), "invalid_session");
    let left = desk.call("keys", json!({})).await.unwrap();
    assert_eq!(left["keys"].as_array().unwrap().len(), 1, "the test's own: {left}");
    tower.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_of_one_name_all_stay_good_and_one_too_many_is_refused_in_words() {
    let tower = Tower::start_with(ALLOWED).await;
    let desk = tower.desk().await;
    let add = async || desk.call("key_add", json!({ "name": "worker", "scopes": ["report"] })).await;
    let mut keys = Vec::new();
    for _ in 0..25 {
        keys.push(add().await.unwrap()["key"].as_str().unwrap().to_owned());
    }
    for key in &keys {
        assert_eq!(tower.ask_as(key, Method::GET, "/v1/cues", None).await.status, 200);
    }
    let file = rusqlite::Connection::open(tower.dir.path().join("cuetower.db")).unwrap();
    // The test's own and those 25 are there.
    let sql = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 974)
      INSERT INTO keys (hash, name, scopes, created_at_ms, account, prefix, line) SELECT 'x' || i, 'worker', 'report', i, '', '', 'x' || i FROM n";
    file.execute(sql, []).unwrap();
    let refused = add().await.unwrap_err();
    assert!(refused.code == "refused" && refused.message.contains("1000 keys"), "{refused:?}");
    tower.asks_to_sign_in("ABCD-0001").await;
    let refused = tower.device("/poll", json!({ "device_code": "ABCD-0001" })).await;
    assert_eq!((refused.status, refused.code()), (403, "too_many_keys"));
    // The owner makes room, and the program that waits gets its key.
    let first = cuetower_engine::token::key_hash(&keys[0])[..16].to_owned();
    desk.call("key_remove", json!({ "id": first })).await.unwrap();
    assert_eq!(tower.polled("ABCD-0001").await["status"], "approved");
    tower.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_the_owners_own_keys_the_newest_twenty_are_kept() {
    let tower = Tower::start().await;
    let mut keys = Vec::new();
    for _ in 0..23 {
        keys.push(tower.named_key("owner", "cues report commands").await);
    }
    assert_eq!(tower.ask_as(&keys[22], Method::GET, "/v1/cues", None).await.status, 200);
    // A key that the vault kept since long ago is the one of now when the tower starts with it.
    let old = cuetower_engine::token::new_api_key();
    let row = KeyRow::of_owner(&old, "owner", "cues report commands", Ms(0));
    tower.handle.tower(TowerChange::KeyAdded(Box::new(row))).await.unwrap();
    assert_eq!(tower.ask_as(&old, Method::GET, "/v1/cues", None).await.status, 200);
    let rows = tower.desk().await.call("keys", json!({})).await.unwrap();
    let own = rows["keys"].as_array().unwrap().iter().filter(|row| row["name"] == "owner").count();
    assert_eq!(own, 20);
    tower.stop().await;
}
