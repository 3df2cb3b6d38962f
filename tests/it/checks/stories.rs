//! The seeds of the product: a success that is none is told as one, with what was found.

use cuetower_core::input::{Answer as Decided, Input};
use cuetower_core::run::{Phase, Run, Verdict};
use cuetower_core::verdicts::outcome_state;
use serde_json::json;

use super::{counted, done, take_off};

#[tokio::test(flavor = "multi_thread")]
async fn three_of_two_hundred_with_a_clean_exit() {
    let dir = tempfile::tempdir().unwrap();
    let flight = take_off(dir.path()).await;
    let command = json!({
        "name": "leads", "transport": "command", "callback": null, "confirm": "exit_code",
        "command": { "shell": "exit 0", "cwd": dir.path() },
        "expect": { "assert": ["processed >= expected"] },
    });
    let run = flight.fired(command).await;
    let (verdict, _, said) = flight.judged(&run).await;
    let untold = "`processed` was not reported; its cue asks for processed >= expected. It ended with exit code 0.";
    assert_eq!((verdict, said.as_str()), (Verdict::Refuted, untold));

    let run = flight.delivered(json!({ "name": "reported", "expect": { "min_processed": 150 } })).await;
    flight.reports(&run, counted(3.0)).await;
    let (verdict, _, said) = flight.judged(&run).await;
    let short = "Reported 3; at least 150 were expected. 3 of 200 records were processed. It said it worked.";
    assert_eq!((verdict, said.as_str()), (Verdict::Refuted, short));

    let run = flight.delivered(json!({ "name": "nothing" })).await;
    flight.reports(&run, counted(0.0)).await;
    let (verdict, _, said) = flight.judged(&run).await;
    let nothing = "0 of 200 records were processed. It said it worked.";
    assert_eq!((verdict, said.as_str()), (Verdict::Refuted, nothing));
    flight.running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_proof_is_there_when_it_is_refuted() {
    let dir = tempfile::tempdir().unwrap();
    let flight = take_off(dir.path()).await;
    std::fs::write(dir.path().join("report.md"), "one\n").unwrap();
    let file = |name: &str| json!({ "check": "file", "path": dir.path().join(name) });
    let cue = json!({ "expect": { "min_processed": 150 }, "checks": [file("report.md"), file("gone.md")] });
    let run = flight.delivered(cue).await;
    let answer = flight.reports(&run, counted(200.0)).await;
    assert!(matches!(answer, Decided::Recorded { verdict: None, waits: true, .. }), "{answer:?}");
    let (verdict, run, _) = flight.judged(&run).await;
    let found: Vec<(bool, &str)> =
        run.findings.iter().map(|finding| (finding.passed, finding.found.as_str())).collect();
    assert_eq!(verdict, Verdict::Refuted);
    assert_eq!(found, [(true, "reported 200"), (true, "4 bytes"), (false, "there is no such file")]);
    assert!(run.findings[1].look.as_ref().is_some_and(|look| look.at >= run.due));
    flight.running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_command_is_judged_by_its_checks_alone() {
    let dir = tempfile::tempdir().unwrap();
    let flight = take_off(dir.path()).await;
    let command = |name: &str, line: &str| {
        json!({
            "name": name, "transport": "command", "callback": null, "confirm": "checks",
            "command": { "shell": line, "cwd": dir.path() }, "retry": { "max_attempts": 1 },
            "checks": [{ "check": "file", "path": "out.txt", "min_lines": 2 }],
        })
    };
    let run = flight.fired(command("short", "echo one > out.txt")).await;
    let (verdict, _, said) = flight.judged(&run).await;
    let short = "out.txt has 1 line; at least 2 were expected. It ended with exit code 0.";
    assert_eq!((verdict, said.as_str()), (Verdict::Refuted, short));
    let run = flight.fired(command("whole", "echo one > out.txt; echo two >> out.txt")).await;
    let (verdict, _, said) = flight.judged(&run).await;
    assert_eq!(
        (verdict, said.as_str()),
        (Verdict::Confirmed, "File out.txt has at least 2 lines, as expected: 2 lines.")
    );
    let run = flight.fired(command("fails", "exit 4")).await;
    assert_eq!(flight.judged(&run).await.0, Verdict::Failed);
    flight.running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_long_look_keeps_the_run_live_and_the_owner_may_end_it() {
    let dir = tempfile::tempdir().unwrap();
    let flight = take_off(dir.path()).await;
    let waits = dir.path().join("go");
    let line = format!("while [ ! -e {} ]; do sleep 0.05; done", waits.display());
    let check = json!({ "check": "command", "shell": line, "cwd": dir.path(), "timeout_seconds": 60 });
    let delivery = json!({ "outcome_deadline_seconds": 10 });
    let looking = |run: &Run| run.checking.is_some();
    let run = flight.delivered(json!({ "name": "stopped", "checks": [check] })).await;
    flight.reports(&run, done()).await;
    let seen = flight.once(&run, "look", looking).await;
    assert_eq!((outcome_state(&seen), seen.is_live()), (Some("verification_pending"), true));
    flight.handle.run(&run, Input::Stop { run_id: run.clone() }).await.unwrap();
    let (verdict, _, _) = flight.judged(&run).await;
    assert_eq!(verdict, Verdict::Stopped);

    let run = flight.delivered(json!({ "name": "late", "checks": [check], "delivery": delivery })).await;
    flight
        .once(&run, "silence", |run| {
            flight.clock.advance(1_000);
            run.verdict() == Some(Verdict::Silent)
        })
        .await;
    flight.reports(&run, done()).await;
    let late = flight.once(&run, "late look", looking).await;
    assert_eq!((late.verdict(), outcome_state(&late)), (Some(Verdict::Silent), Some("verification_pending")));
    std::fs::write(&waits, "").unwrap();
    let (_, ended, _) = flight.judged(&run).await;
    let confirmed_late = matches!(ended.phase, Phase::Ended { verdict: Verdict::Confirmed, late: true, .. });
    assert!(confirmed_late, "{:?}", ended.phase);
    flight.running.stop().await;
}
