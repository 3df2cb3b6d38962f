//! What became of every due time, and that none is missing: `ledger`, `ledger audit`, `briefing`, `cue answer`.

use std::path::Path;
use std::time::Duration;

use cuetower_tests::{Tower, Wall, ctl_in, until};
use rusqlite::Connection;
use serde_json::{Value, json};

const SOON: Duration = Duration::from_secs(20);

fn each_second(name: &str) -> Value {
    json!({ "name": name, "transport": "command", "command": { "argv": ["true"] }, "confirm": "exit_code",
            "overlap": "skip", "schedule": { "type": "recurring", "cron": "* * * * * *", "timezone": "Europe/Berlin" } })
}

async fn add(tower: &Tower, definition: &Value) {
    ctl_in(&tower.data, &["cue", "add", "-"], &definition.to_string()).await.good();
}

async fn audit(data: &Path, more: &[&str]) -> (Option<i32>, Value) {
    let ended = ctl_in(data, &[&["ledger", "audit", "--json"], more].concat(), "").await;
    let found = serde_json::from_str(&ended.out).unwrap_or_else(|error| panic!("{error} in {ended:?}"));
    (ended.code, found)
}

#[tokio::test]
async fn the_audit_finds_nothing_and_then_what_somebody_took_out_of_the_store() {
    let mut tower = Tower::start().await;
    add(&tower, &each_second("kept")).await;
    until("five instants", SOON, async || {
        let ledger = tower.ctl(&["ledger", "--limit", "500"]).await.good();
        (ledger.matches("  ran").count() >= 5).then_some(())
    })
    .await;
    let running = tower.ctl(&["ledger", "audit"]).await.good();
    assert!(
        running.starts_with("0 unexplained. ") && running.contains(" of 1 cue, from the beginning to "),
        "{running}"
    );
    tower.kill9().await;
    // The last instants it was there for are asked about only once they had time to be written.
    tower.again().await;
    until("ten more seconds", SOON, async || {
        (audit(&tower.data, &[]).await.1["instants"].as_u64() >= Some(5)).then_some(())
    })
    .await;
    tower.kill9().await;

    let (code, whole) = audit(&tower.data, &[]).await;
    assert_eq!((code, &whole["unexplained"]), (Some(0), &json!(0)), "no tower runs, and it can be asked: {whole}");
    assert!(whole["instants"].as_u64() >= Some(5), "{whole}");
    let store = Connection::open(tower.data.join("cuetower.db")).unwrap();
    let due: i64 = store
        .query_row(
            "SELECT due_ms FROM occurrences WHERE triggered_by = 'scheduled' ORDER BY due_ms LIMIT 1",
            [],
            |row| row.get(0),
        )
        .unwrap();
    let facts = "kind IN ('occurrence_armed', 'occurrence_ended', 'occurrence_held')
                 AND coalesce(json_extract(body, '$.due'), json_extract(body, '$.armed.due')) = ?1";
    let taken = store.execute(&format!("DELETE FROM journal WHERE {facts}"), [due]).unwrap();
    assert_eq!(taken, 2, "armed and ended");
    drop(store);
    let (code, found) = audit(&tower.data, &[]).await;
    assert_eq!((code, &found["unexplained"]), (Some(1), &json!(1)), "{found}");
    let finding = &found["findings"][0];
    assert_eq!((&finding["due_ms"], &finding["problem"]), (&json!(due), &json!("no record")));
    let said = ctl_in(&tower.data, &["ledger", "audit"], "").await;
    assert!(said.code == Some(1) && said.err.starts_with("1 unexplained. "), "{said:?}");
    assert!(said.out.lines().count() == 1 && said.out.contains("Z  no record  kept (cue_"), "{said:?}");
}

#[tokio::test]
async fn a_folder_without_a_store_is_no_clean_ledger() {
    let folder = tempfile::tempdir().unwrap();
    let refused = ctl_in(folder.path(), &["ledger", "audit"], "").await;
    assert!(refused.code == Some(1) && refused.err.contains("could not be audited"), "{refused:?}");
    assert!(!folder.path().join("cuetower.db").exists(), "asking makes nothing");
}

#[tokio::test]
async fn skipped_instants_are_in_the_ledger_with_their_reason() {
    let tower = Tower::start().await;
    let mut slow = each_second("slow");
    slow["command"] = json!({ "argv": ["sleep", "3"] });
    add(&tower, &slow).await;
    until("skipped instant", SOON, async || {
        let ledger = tower.ctl(&["ledger", "--cue", "slow"]).await.good();
        let skipped =
            ledger.lines().any(|line| line.contains("skipped") && line.ends_with("the previous run was still live"));
        skipped.then_some(())
    })
    .await;
    let two = tower.ctl(&["ledger", "--limit", "2"]).await.good();
    assert_eq!(two.lines().count(), 3, "a head and two lines: {two}");
    assert_eq!(tower.ctl(&["ledger", "--limit", "501"]).await.code, Some(2));
    let unknown = tower.ctl(&["ledger", "--cue", "nobody"]).await;
    assert!(unknown.code == Some(1) && unknown.err.contains("There is no cue `nobody`"), "{unknown:?}");
}

#[tokio::test]
async fn what_was_missed_is_told_until_it_is_read_and_the_owner_has_the_word() {
    let wall = Wall::at("2026-06-10T12:00:30Z");
    let data = tempfile::tempdir().unwrap();
    let env = wall.env();
    let env: Vec<(&str, &str)> = env.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let mut tower = Tower::start_with(Some(data.path()), &[], &env).await;
    let nothing = tower.ctl(&["briefing"]).await.good();
    assert_eq!(nothing, "Nothing was missed since you were last told.\n");
    for name in ["asks", "asks too"] {
        let mut cue = each_second(name);
        cue["schedule"]["cron"] = json!("* * * * *");
        cue["catch_up"] = json!({ "policy": "ask" });
        add(&tower, &cue).await;
    }
    tower.stop().await;
    wall.set("2026-06-10T15:00:40Z");
    tower.again().await;
    let told = tower.ctl(&["briefing", "--close"]).await.good();
    assert!(told.starts_with("360 due times passed while the tower was off."), "{told}");
    assert!(
        told.contains("Tower off 3 h") && told.contains("`cuetowerctl cue answer asks run|skip` decides."),
        "{told}"
    );
    let read = tower.ctl(&["briefing"]).await.good();
    assert!(read.starts_with(&nothing) && read.contains("`cuetowerctl cue answer 'asks too' run|skip`"), "{read}");

    let skipped = tower.ctl(&["cue", "answer", "asks", "skip"]).await.good();
    assert!(skipped.starts_with("asks, due ") && skipped.ends_with("is skipped.\n"), "{skipped}");
    let again = tower.ctl(&["cue", "answer", "asks", "run"]).await;
    assert!(again.code == Some(1) && again.err.contains("does not wait for your word"), "{again:?}");
    tower.ctl(&["cue", "answer", "asks too", "run"]).await.good();
    let newest = async |cue: &str| tower.ctl(&["ledger", "--cue", cue, "--limit", "1"]).await.good();
    let asks = newest("asks").await;
    assert!(asks.contains("skipped  you said skip"), "{asks}");
    assert_eq!(tower.ctl(&["briefing"]).await.good(), nothing, "it was read, and nothing asks");
    until("run", SOON, async || newest("asks too").await.contains("  ran").then_some(())).await;
    assert_eq!(audit(data.path(), &[]).await.1["unexplained"], 0);
}
