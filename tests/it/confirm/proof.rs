//! A success that is none is refuted, with the figures that show it; one that is proven is confirmed.

use std::time::Duration;

use serde_json::{Value, json};

use super::{Scene, numbers, script};

const PROOF_SAYS_NO: [&str; 2] = ["check_failed", "critical"];

/// Its alert.
fn refuted(title: &str) -> Option<[&str; 3]> {
    let [kind, severity] = PROOF_SAYS_NO;
    Some([kind, severity, title])
}

#[tokio::test(flavor = "multi_thread")]
async fn three_of_two_hundred_leads_with_a_clean_exit_are_refuted() {
    let scene = Scene::new().await;
    let honest = json!({ "scores": 3, "of": 200, "crm": "crm.db" });
    let told = scene.told("leads", "leads.py", json!({ "payload": honest, "expect": { "min_processed": 150 } })).await;
    told.is(
        "refuted",
        "Reported 3; at least 150 were expected. 3 of 200 records were processed. It said it worked.",
        refuted("leads reported 3, not 150"),
    );
    let story =
        scene.once(&told.run, "end of the process", |story| story["attempts"][0]["exit_code"].is_number()).await;
    assert_eq!(story["attempts"][0]["exit_code"], 0, "a clean exit");
    assert_eq!(told.execution["outcome_state"], "verification_failed");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_report_that_lies_is_refuted_with_the_figure_of_the_database() {
    let scene = Scene::new().await;
    let query = "select count(*) from scored";
    let check = json!({ "check": "sql", "sqlite": "crm.db", "query": query, "equals": "{{outcome.processed}}" });
    let cue = |scored: u32| {
        let payload = json!({ "scores": scored, "of": 200, "reports": 200, "crm": "crm.db" });
        json!({ "payload": payload, "expect": { "min_processed": 150 }, "checks": [check] })
    };
    let told = scene.told("liar", "leads.py", cue(3)).await;
    let title = "liar said 200, found 3";
    told.is(
        "refuted",
        "crm.db gave 3; 200 was expected. 200 of 200 records were processed. It said it worked.",
        refuted(title),
    );
    let proof = &told.story["proof"];
    assert_eq!(
        (&proof[0]["passed"], &proof[1]["passed"], &proof[1]["found"]),
        (&json!(true), &json!(false), &json!("it gave 3"))
    );

    // The others are scored after all, and the owner has it looked at again.
    rusqlite::Connection::open(scene.at("crm.db")).unwrap().execute_batch(&rows(197)).unwrap();
    scene.tower.owner("run_check", &json!({ "run_id": told.run })).await;
    let told = scene.ended(&told.run).await;
    told.is(
        "confirmed",
        "Reported success, and both proofs hold. 200 of 200 records were processed. What proves it was shown later.",
        None,
    );
}

fn rows(more: u32) -> String {
    format!(
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {more}) INSERT INTO scored SELECT i, 1 FROM n"
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn no_record_at_all_is_never_a_success() {
    let scene = Scene::new().await;
    let payload = json!({ "scores": 0, "of": 200, "crm": "crm.db" });
    let told = scene.told("nothing", "leads.py", json!({ "payload": payload })).await;
    told.is("refuted", "0 of 200 records were processed. It said it worked.", refuted("nothing processed nothing"));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_proven_is_confirmed_and_what_nobody_asked_for_is_claimed() {
    let scene = Scene::new().await;
    let payload = json!({ "scores": 200, "of": 200, "crm": "crm.db" });
    let told = scene.told("asked", "leads.py", json!({ "payload": payload, "expect": { "min_processed": 150 } })).await;
    told.is("confirmed", "At least 150 processed, as expected: reported 200. 200 of 200 records were processed.", None);
    let told = scene.told("unasked", "leads.py", json!({ "payload": payload })).await;
    told.is("claimed", "Reported success; nothing verified it. 200 of 200 records were processed.", None);
    assert_eq!(numbers(&scene.at("crm.db"), "select count(*) from scored"), [400]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_missing_proof_of_the_outcome_is_named() {
    let scene = Scene::new().await;
    let payload = |outcome: Value| json!({ "scores": 200, "of": 200, "crm": "crm.db", "outcome": outcome });
    let expect = json!({ "evidence": ["result_url"] });
    let told = scene.told("unproven", "leads.py", json!({ "payload": payload(json!({})), "expect": expect })).await;
    told.is(
        "refuted",
        "Missing: result_url, its evidence. 200 of 200 records were processed. It said it worked.",
        refuted("unproven is not proven; it said it worked"),
    );
    let url = json!({ "result_url": "https://crm.example.com/batch/7" });
    let told = scene.told("proven", "leads.py", json!({ "payload": payload(url), "expect": expect })).await;
    told.is(
        "confirmed",
        "Evidence: result_url, as expected: https://crm.example.com/batch/7. 200 of 200 records were processed.",
        None,
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_report_of_another_day_proves_nothing() {
    let scene = Scene::new().await;
    std::fs::write(scene.at("report.md"), "old\n".repeat(30)).unwrap();
    let file = std::fs::File::options().write(true).open(scene.at("report.md")).unwrap();
    let written = file.metadata().unwrap().modified().unwrap();
    file.set_modified(written - Duration::from_secs(2 * 86_400 + 630)).unwrap();
    let check = json!({ "check": "file", "path": "report.md", "newer_than_fire": true, "min_lines": 20 });
    let payload = json!({ "scores": 200, "of": 200, "crm": "crm.db" });
    let told = scene.told("digest", "leads.py", json!({ "payload": payload, "checks": [check] })).await;
    told.is(
        "refuted",
        "report.md changed 48 h 10 min before the fire, and not since. 200 of 200 records were processed. It said it worked.",
        refuted("digest is not proven; it said it worked"),
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agent_that_ends_without_a_word_is_silent() {
    let scene = Scene::new().await;
    let quiet = super::house().join("examples/gone_quiet.py");
    let run = scene.fired(&scene.cue("quiet", &quiet, json!({ "payload": { "seconds": 0 } }))).await;
    let told = scene.ended(&run).await;
    let end = told.of_attempts("sentence")[0].as_str().unwrap();
    assert!(end.starts_with("exit code 0 after "), "{end}");
    let sentence = format!("It ended with {end} and reported nothing.");
    told.is("silent", &sentence, Some(["silent_run", "critical", "quiet has gone quiet"]));
    assert_eq!(told.execution["status"], "outcome_timeout");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_only_a_person_can_tell_waits_for_one() {
    let scene = Scene::new().await;
    let payload = json!({ "scores": 200, "of": 200, "crm": "crm.db" });
    let cue =
        scene.cue("letters", &script("leads.py"), json!({ "payload": payload, "checks": [{ "check": "manual" }] }));
    let cue = scene.made(&cue).await;
    for (valid, verdict, sentence) in [
        (true, "confirmed", "Reported success; verified by the owner: I saw them. 200 of 200 records were processed."),
        (
            false,
            "refuted",
            "Found to be not so by the owner: I saw them. 200 of 200 records were processed. It reported success.",
        ),
    ] {
        let run = scene.fire(&cue).await;
        let told = scene.ended(&run).await;
        let asked = "Reported success; somebody has to verify it. 200 of 200 records were processed.";
        assert_eq!(
            (super::word(&told.story["mark"], "sentence"), &told.execution["verdict"]),
            (asked, &json!("claimed"))
        );
        let [alert] = told.alerts.as_slice() else { panic!("{:?}", told.alerts) };
        assert_eq!(alert[0], "gate_waiting");
        assert_eq!(alert[2..], ["letters waits for your word", "Its agent reported success. Say whether it is so."]);
        scene.tower.owner("run_verify", &json!({ "run_id": run, "valid": valid, "reason": "I saw them." })).await;
        let told = scene.ended(&run).await;
        let alert = (!valid).then_some(["check_failed", "critical", "letters is not proven; it said it worked"]);
        told.is(verdict, sentence, alert);
    }
}
