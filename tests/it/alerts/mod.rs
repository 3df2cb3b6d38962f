//! The life of alerts as the owner sees it, on the real tower and through its kill: counted, snoozed, acknowledged, resolved by
//! themselves, told by rules that outlive a restart; and the report of the day.

use std::time::Duration;

use cuetower_tests::{Tower, until};
use serde_json::{Value, json};

/// For what the product does in its own time, on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

async fn alerts(tower: &Tower) -> Vec<Value> {
    tower.owner("alerts", &json!({ "limit": 100 })).await["alerts"].as_array().unwrap().clone()
}

/// A command cue whose run ends as the file in its folder says.
async fn cue(tower: &Tower, name: &str, folder: &std::path::Path) -> String {
    let script = format!("exit $(cat {}/{name})", folder.display());
    let definition = json!({
        "name": name, "transport": "command", "schedule": { "type": "manual" }, "confirm": "exit_code",
        "command": { "argv": ["sh", "-c", script] }, "retry": { "max_attempts": 1 },
    });
    let made = tower.owner("cue_create", &json!({ "definition": definition })).await;
    made["id"].as_str().unwrap().to_owned()
}

/// Runs it to its end with this exit code.
async fn run(tower: &Tower, folder: &std::path::Path, (name, cue_id): (&str, &str), code: u32) {
    std::fs::write(folder.join(name), code.to_string()).unwrap();
    let fired = tower.owner("cue_fire", &json!({ "cue_id": cue_id, "payload": null })).await;
    until("the end of the run", PATIENCE, async || {
        let story = tower.owner("run_get", &json!({ "run_id": fired["run_id"] })).await;
        let live = ["waiting", "delivering", "retrying", "pending_outcome"];
        (!live.contains(&story["state"].as_str().unwrap())).then_some(())
    })
    .await;
}

async fn of(tower: &Tower, cue_id: &str, count: u64) -> Value {
    until("the alert", PATIENCE, async || {
        alerts(tower).await.into_iter().find(|alert| alert["cue_id"] == cue_id && alert["count"] == count)
    })
    .await
}

#[tokio::test]
async fn an_alert_is_counted_snoozed_and_resolved_by_itself_and_a_kill_forgets_nothing_of_it() {
    let (data, work) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let mut tower = Tower::start_on(data.path()).await;
    let folder = work.path();
    let (digest, feed) = (cue(&tower, "digest", folder).await, cue(&tower, "feed", folder).await);
    for _ in 0..2 {
        run(&tower, folder, ("digest", &digest), 3).await;
    }
    run(&tower, folder, ("feed", &feed), 4).await;
    let (alert, other) = (of(&tower, &digest, 2).await, of(&tower, &feed, 1).await);
    assert_eq!(
        (&alert["state"], &alert["kind"], &alert["severity"]),
        (&json!("open"), &other["kind"], &json!("warning"))
    );
    let needs_you = async |tower: &Tower| tower.owner("tower_status", &json!({})).await["needs_you"].as_u64().unwrap();
    assert_eq!(needs_you(&tower).await, 2);

    let id = alert["id"].as_str().unwrap();
    let said = tower.ctl(&["alerts", "snooze", id, "1h"]).await;
    assert!(said.out.starts_with("Snoozed until "), "{said:?}");
    assert_eq!(needs_you(&tower).await, 1, "a snoozed one needs nobody");
    tower.kill9().await;
    tower.again().await;
    let kept = of(&tower, &digest, 2).await;
    assert_eq!((&kept["id"], &kept["state"]), (&alert["id"], &json!("open")));
    let left_ms = kept["snoozed_until_ms"].as_i64().unwrap() - kept["last_at_ms"].as_i64().unwrap();
    assert!(left_ms >= 3_600_000, "{kept}");

    // Seen: it goes on being counted, and says nothing.
    let seen = tower.ctl(&["alerts", "ack", id]).await;
    assert_eq!(seen.out.trim(), format!("Seen: {}", alert["title"].as_str().unwrap()));
    run(&tower, folder, ("digest", &digest), 3).await;
    let again = of(&tower, &digest, 3).await;
    assert_eq!((&again["state"], &again["id"]), (&json!("acknowledged"), &alert["id"]));

    // What ends its cause ends it; what it was told stays in the record.
    run(&tower, folder, ("digest", &digest), 0).await;
    until("the end of the alert", PATIENCE, async || {
        alerts(&tower).await.into_iter().find(|one| one["id"] == alert["id"] && one["state"] == "resolved")
    })
    .await;
    // It comes back within the hour: opened, and not told again yet.
    run(&tower, folder, ("digest", &digest), 3).await;
    let back = of(&tower, &digest, 1).await;
    assert_ne!(back["id"], alert["id"]);
    assert_eq!(back["told"][0]["state"], "again_too_soon");

    let all = tower.ctl(&["alerts", "ack", "--all"]).await;
    assert_eq!(all.out.trim(), "All alerts are seen.");
    assert_eq!(needs_you(&tower).await, 0);
    assert_eq!(tower.ctl(&["alerts", "--open"]).await.out.trim(), "Nothing needs you.");
    let (status, refused) = tower.owner_call("alert_snooze", &json!({ "alert_id": id, "minutes": 5 })).await;
    assert_eq!((status, &refused["code"]), (404, &json!("not_found")), "it is over");
}

#[tokio::test]
async fn rules_outlive_a_kill_and_a_kind_that_is_off_is_recorded_and_told_to_nobody() {
    let (data, work) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let mut tower = Tower::start_on(data.path()).await;
    let args = [
        "alerts",
        "rules",
        "--escalate",
        "15",
        "--quiet",
        "22:00-07:30",
        "--report-at",
        "9:00",
        "--mute",
        "delivery_failed",
    ];
    let said = tower.ctl(&args).await;
    for words in
        ["louder after 15 min, never again", "from 22:00 to 07:30", "Daily report:    09:00", "delivery_failed"]
    {
        assert!(said.out.contains(words), "no {words} in {said:?}");
    }
    let rules = tower.owner("alert_rules", &json!({})).await;
    tower.kill9().await;
    tower.again().await;
    assert_eq!(tower.owner("alert_rules", &json!({})).await, rules);
    assert_eq!(rules["off"], json!(["delivery_failed"]));
    let mut wrong = rules.clone();
    wrong["quiet"]["from"] = json!("25:00");
    let (status, refused) = tower.owner_call("alert_rules_set", &wrong).await;
    assert_eq!((status, &refused["field"]), (422, &json!("quiet.from")), "{refused}");

    let missing = json!({
        "name": "missing", "transport": "command", "schedule": { "type": "manual" }, "confirm": "exit_code",
        "command": { "argv": [work.path().join("nothing here")] }, "retry": { "max_attempts": 1 },
    });
    let made = tower.owner("cue_create", &json!({ "definition": missing })).await;
    tower.owner("cue_fire", &json!({ "cue_id": made["id"], "payload": null })).await;
    let alert = of(&tower, made["id"].as_str().unwrap(), 1).await;
    assert_eq!((&alert["kind"], &alert["told"][0]["state"]), (&json!("delivery_failed"), &json!("kind_off")));
}

#[tokio::test]
async fn the_report_of_today_counts_what_ran_and_names_what_needs_you() {
    let work = tempfile::tempdir().unwrap();
    let tower = Tower::start().await;
    let folder = work.path();
    let (good, bad) = (cue(&tower, "good", folder).await, cue(&tower, "bad", folder).await);
    run(&tower, folder, ("good", &good), 0).await;
    run(&tower, folder, ("good", &good), 0).await;
    run(&tower, folder, ("bad", &bad), 9).await;
    of(&tower, &bad, 1).await;
    let report = until("a report of three runs", PATIENCE, async || {
        let report = tower.owner("report", &json!({ "day": null })).await;
        (report["confirmed"] == 2 && report["failed"] == 1).then_some(report)
    })
    .await;
    assert_eq!((&report["ran"], &report["missed"]), (&json!(3), &json!(0)));
    let cues: Vec<_> =
        report["by_cue"].as_array().unwrap().iter().map(|cue| (cue["cue"].clone(), cue["bad"].clone())).collect();
    assert_eq!(cues, [(json!("bad"), json!(1)), (json!("good"), json!(0))]);
    assert_eq!(report["needs_you"][0]["cue_id"], json!(bad));
    let said = tower.ctl(&["report"]).await;
    assert!(said.out.contains("3 runs: 2 confirmed, 1 failed. Look at bad."), "{said:?}");
    let (status, refused) = tower.owner_call("report", &json!({ "day": "2999-01-01" })).await;
    assert_eq!((status, &refused["field"]), (422, &json!("day")), "{refused}");
}

#[tokio::test]
async fn a_store_that_cannot_be_written_is_an_alert_as_soon_as_it_can() {
    let tower = Tower::start().await;
    let status = async |ok: bool| {
        until("what the store says", PATIENCE, async || {
            let status = tower.owner("tower_status", &json!({})).await;
            (status["store"]["ok"] == ok).then_some(())
        })
        .await;
    };
    // Somebody else writes in it and does not come to an end.
    let other = rusqlite::Connection::open(tower.data.join("cuetower.db")).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    status(false).await;
    assert_eq!(alerts(&tower).await, [] as [Value; 0], "nothing can be written down");
    other.execute_batch("ROLLBACK").unwrap();
    status(true).await;
    let alert = until("the alert", PATIENCE, async || alerts(&tower).await.into_iter().next()).await;
    assert_eq!(
        (&alert["kind"], &alert["severity"], &alert["state"]),
        (&json!("store_trouble"), &json!("critical"), &json!("resolved"))
    );
    let body = alert["body"].as_str().unwrap();
    assert!(body.contains("nothing could be written down") && body.ends_with("It works again."), "{body}");
    // The owner's programs hear of it too.
    let (_, told) = tower.get("/v1/alerts?alert_type=store_trouble").await;
    assert_eq!((&told["total"], &told["alerts"][0]["cue_id"]), (&json!(1), &json!(null)), "{told}");
}

#[tokio::test]
async fn a_cue_whose_runs_each_wait_for_the_one_before_is_told_until_it_keeps_its_rhythm() {
    let work = tempfile::tempdir().unwrap();
    let tower = Tower::start().await;
    let script = format!("sleep $(cat {}/length)", work.path().display());
    let set = |length: &str| std::fs::write(work.path().join("length"), length).unwrap();
    set("1.6");
    let definition = json!({
        "name": "rushed", "transport": "command", "schedule": { "type": "interval", "every_seconds": 1 }, "confirm": "exit_code",
        "command": { "argv": ["sh", "-c", script] }, "overlap": "queue",
    });
    let made = tower.owner("cue_create", &json!({ "definition": definition })).await;
    let drift = async |state: &str| {
        until("word of its rhythm", PATIENCE, async || {
            let is = |alert: &Value| alert["kind"] == "cadence_drift" && alert["state"] == state;
            alerts(&tower).await.into_iter().find(is)
        })
        .await
    };
    let alert = drift("open").await;
    assert_eq!((&alert["cue_id"], &alert["title"]), (&made["id"], &json!("rushed starts later and later")));
    let body = alert["body"].as_str().unwrap();
    assert!(body.starts_with("Each of its last 10 runs waited for the one before: the newest began "), "{body}");
    // Those that wait go quickly now, and then each begins when it is due.
    set("0");
    drift("resolved").await;
}
