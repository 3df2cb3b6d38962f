//! What lies on the disk: keys that are damaged or forged, a store that somebody wrote into, and what each file holds.

use super::*;

/// What `cuetowerctl serve` says of this folder, which it refuses.
async fn refused(folder: &std::path::Path) -> String {
    let args = ["serve", "--listen", "127.0.0.1:0", "--desk", "127.0.0.1:0", "--vault", "memory", "--no-notifications"];
    let ended = cuetower_tests::ctl_in(folder, &args, "").await;
    assert_eq!((ended.code, ended.out.as_str()), (Some(1), ""), "{}", ended.err);
    ended.err
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_of_the_tower_that_is_too_short_or_too_long_is_not_used() {
    for bytes in [&b""[..], b"short", &[7; 31], &[7; 33], &[7; 4_096]] {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("tower.key"), bytes).unwrap();
        let said = refused(folder.path()).await;
        assert!(said.contains("tower.key is damaged"), "{} bytes: {said}", bytes.len());
        assert_eq!(std::fs::read(folder.path().join("tower.key")).unwrap(), bytes, "nor written over");
    }
}

/// Whoever could choose the key could make tokens of any run.
#[tokio::test(flavor = "multi_thread")]
async fn tokens_of_another_towers_key_are_nothing_here() {
    let (tower, other) = (Tower::start().await, Tower::start().await);
    let here = Agent::start(&tower, "here", json!({})).await.run(&tower).await;
    let there = Agent::start(&other, "there", json!({})).await.run(&other).await;
    let forged = format!("{}.{}", here.token.rsplit_once('.').unwrap().0, there.token.rsplit_once('.').unwrap().1);
    let path = format!("/v1/executions/{}", here.run);
    for token in [&there.token, &forged] {
        let (status, answer) = speak(&tower, token, Method::GET, &path, None).await;
        assert_eq!((status, code(&answer)), (401, "invalid_run_token"));
    }
    let (status, _) = speak(&tower, &other.key, Method::GET, "/v1/cues", None).await;
    assert_eq!(status, 401, "nor is a key of another tower");
    let (status, _) =
        send(Method::POST, &format!("{}/rpc/tower_status", tower.desk), Some(&owners_token(&other)), Some(&json!({})))
            .await;
    assert_eq!(status, 401, "nor another owner's token");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_that_is_none_or_of_a_later_program_is_not_opened() {
    for (what, words) in [
        ("not a database, whatever its name says".repeat(300), "cuetower.db"),
        (String::from("SQLite format 3\0") + &"x".repeat(5_000), "cuetower.db"),
    ] {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("cuetower.db"), &what).unwrap();
        let said = refused(folder.path()).await;
        assert!(said.contains(words) || said.contains("database"), "{said}");
        assert_eq!(std::fs::read_to_string(folder.path().join("cuetower.db")).unwrap(), what, "it is left as it was");
    }
    let mut tower = Tower::start().await;
    tower.stop().await;
    let store = rusqlite::Connection::open(tower.data.join("cuetower.db")).unwrap();
    let format: i64 = store.query_row("pragma user_version", [], |row| row.get(0)).unwrap();
    store.pragma_update(None, "user_version", format + 1).unwrap();
    drop(store);
    let said = refused(&tower.data).await;
    assert!(said.contains("newer") || said.contains("later"), "{said}");
}

/// Who can read the store learns no credential from it: of keys there are digests, of secrets names.
#[tokio::test(flavor = "multi_thread")]
async fn the_store_holds_no_credential() {
    const VALUE: &str = "sk-value-of-a-secret";
    let environment = [("CUETOWER_VAULT_PASSPHRASE", "passphrase-of-the-vault")];
    let mut tower = Tower::start_with(None, &["--vault", "file", "--open-registration"], &environment).await;
    tower.owner("secret_set", &json!({ "name": "OPENAI", "value": VALUE })).await;
    let program = key(&tower, &["cues", "report"]).await;
    let email = json!({ "email": "ada@example.com" });
    let (_, ada) = speak(&tower, "", Method::POST, "/v1/auth/register", Some(&email)).await;
    let with = json!({ "secrets": ["OPENAI"], "callback": { "url": NOBODY, "headers": { "Authorization": "Bearer open-in-a-header" } } });
    let mut cue = hook("granted", NOBODY, with);
    let agent = Server::start(|_, _| Answer::status(202)).await;
    cue["callback"]["url"] = json!(agent.url);
    let cue = made(&tower, &cue).await;
    let run = fired(&tower, &cue).await;
    let seen = agent.seen_at_least(1, SOON).await;
    assert_eq!(seen[0].header("authorization"), "Bearer open-in-a-header", "the agent gets it");
    let token = seen[0].header("x-cuetower-run-token").to_owned();
    let trigger = tower.owner("cue_trigger", &json!({ "cue_id": cue, "change": "renew" })).await;
    let trigger = trigger["url"].as_str().unwrap().rsplit('/').next().unwrap().to_owned();
    let (_, lease) = speak(&tower, &token, Method::GET, "/v1/secrets/OPENAI", None).await;
    assert_eq!(lease["value"], VALUE);
    once(&tower, &run, "delivered run", |story| story["attempts"][0]["delivered_at_ms"].is_number()).await;
    let kept = [
        ("a secret", VALUE.to_owned()),
        ("a header", "open-in-a-header".to_owned()),
        ("the owner's key", tower.key.clone()),
        ("a program's key", program),
        ("an account's key", ada["api_key"].as_str().unwrap().to_owned()),
        ("a run's token", token),
        ("a trigger's token", trigger),
        ("the owner's token", owners_token(&tower)),
        ("a ticket", tower.desk_link.split("ticket=").nth(1).unwrap().to_owned()),
        ("the vault's passphrase", "passphrase-of-the-vault".to_owned()),
    ];
    tower.stop().await;
    for (what, value) in kept {
        for file in ["cuetower.db", "cuetower.db-wal", "vault.age"] {
            let bytes = std::fs::read(tower.data.join(file)).unwrap_or_default();
            assert!(!holds(&bytes, &value), "{what} is in {file}");
        }
    }
}
