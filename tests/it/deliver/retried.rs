//! Attempts that come to nothing and are tried again: by exit code, by what the agent said of itself, by what hindered the start.

use serde_json::json;

use super::{Scene, of_attempts};

fn tries(number: u32) -> serde_json::Value {
    json!({ "retry": { "max_attempts": number, "backoff_seconds": [0.1] } })
}

#[tokio::test(flavor = "multi_thread")]
async fn exit_codes_are_tried_again_until_one_is_0_each_with_its_reason() {
    let scene = Scene::new().await;
    let script = r#"echo "try $CUETOWER_ATTEMPT"; case $CUETOWER_ATTEMPT in 1) exit 7;; 2) kill -TERM $$;; esac"#;
    let run = scene.fired(&scene.command("third-time-lucky", script, tries(3))).await;
    let story = scene.ended(&run, "confirmed").await;
    assert_eq!(of_attempts(&story, "exit_code"), [&json!(7), &json!(null), &json!(0)], "{story:#}");
    let sentences = of_attempts(&story, "sentence");
    for (said, begins) in
        sentences.iter().zip(["exit code 7 after ", "killed by signal 15 (SIGTERM) after ", "exit code 0 after "])
    {
        assert!(said.as_str().unwrap().starts_with(begins), "{said}");
    }
    assert_eq!(of_attempts(&story, "stdout"), ["try 1\n", "try 2\n", "try 3\n"]);
    scene.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_last_attempt_is_the_last_and_the_run_says_so() {
    let scene = Scene::new().await;
    let script = "echo 'crm.lan: connection refused.' >&2; echo >&2; exit 7";
    let run = scene.fired(&scene.command("never-lucky", script, tries(2))).await;
    let story = scene.ended(&run, "failed").await;
    assert_eq!(of_attempts(&story, "exit_code"), [7, 7], "{story:#}");
    let said = story["mark"]["sentence"].as_str().unwrap();
    assert!(
        said.starts_with("Exit code 7 after ") && said.ends_with(": crm.lan: connection refused. Attempt 2 of 2."),
        "{said}"
    );
    assert_eq!(scene.log().matches("began").count(), 2);
    assert_eq!(scene.alerts("outcome_failed").await.len(), 1);
    scene.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reported_failure_is_tried_again_if_the_cue_says_so_once_its_process_is_gone() {
    let scene = Scene::new().await;
    let script = r#"
        [ $CUETOWER_ATTEMPT = 2 ] && { report '{"success":true}'; exit; }
        report '{"success":false,"error":"the list was empty"}'; sleep 0.5; say left"#;
    let more = json!({ "confirm": "outcome", "retry": { "max_attempts": 3, "backoff_seconds": [0.1], "on_failed_outcome": true } });
    let run = scene.fired(&scene.command("modest", script, more)).await;
    let story = scene.ended(&run, "claimed").await;
    assert_eq!(of_attempts(&story, "number"), [1, 2], "{story:#}");
    let said = story["attempts"][0]["sentence"].as_str().unwrap();
    assert!(said.starts_with("reported failure: the list was empty; exit code 0 after "), "{said}");
    let log = scene.log();
    let at = |what: &str| log.find(what).unwrap_or_else(|| panic!("no {what} in {log}"));
    assert!(at(&format!("left {run} 1")) < at(&format!("began {run} 2")), "{log}");
    scene.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reported_failure_is_the_end_unless_the_cue_says_otherwise() {
    let scene = Scene::new().await;
    let script = r#"report '{"success":false,"error":"the list was empty"}'"#;
    let mut more = tries(3);
    more["confirm"] = json!("outcome");
    let run = scene.fired(&scene.command("honest", script, more)).await;
    let story = scene.ended(&run, "failed").await;
    assert_eq!(of_attempts(&story, "number"), [1], "{story:#}");
    assert_eq!(story["mark"]["sentence"], "Reported failure: the list was empty. Attempt 1 of 3.");
    scene.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_older_attempt_that_lives_on_in_a_grandchild_is_fenced_off_and_shown() {
    let scene = Scene::new().await;
    // Its grandchild stays, with its token, and reports when the second attempt has begun.
    let script = r#"
        if [ $CUETOWER_ATTEMPT = 1 ]; then
            (until_there second; report '{"success":true,"result":"I am the first"}') 9>&- >/dev/null 2>&1 &
            exit 1
        fi
        : > "$WORK/second"; while ! grep -q answered:409 "$WORK/log"; do sleep 0.05; done
        report '{"success":true,"result":"I am the second"}'"#;
    let mut more = tries(2);
    more["confirm"] = json!("outcome");
    let run = scene.fired(&scene.command("forker", script, more)).await;
    let story = scene.ended(&run, "claimed").await;
    assert_eq!(story["outcome"]["result"], "I am the second", "{story:#}");
    assert_eq!(story["refused"][0]["reason"], "Attempt 1 was superseded by attempt 2.");
    scene.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_program_that_is_not_there_is_told_by_its_name_and_tried_again() {
    let scene = Scene::new().await;
    let program = scene.work.path().join("tool");
    let mut cue = tries(10);
    cue["command"] = json!({ "argv": [program] });
    let run = scene.fired(&scene.command("early", "", cue)).await;
    let story = scene.once(&run, "second attempt", |story| story["attempts"].as_array().unwrap().len() >= 2).await;
    let said = story["attempts"][0]["sentence"].as_str().unwrap();
    assert!(said.contains(program.to_str().unwrap()), "{said}");
    let draft = scene.work.path().join("draft");
    std::fs::write(&draft, "#!/bin/sh\necho here\n").unwrap();
    std::fs::set_permissions(&draft, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    std::fs::rename(&draft, &program).unwrap();
    let story = scene.once(&run, "end", |story| story["mark"]["ended_at_ms"].is_number()).await;
    assert_eq!(story["state"], "confirmed", "{story:#}");
    assert_eq!(story["attempts"].as_array().unwrap().last().unwrap()["stdout"], "here\n");
    scene.end().await;
}
