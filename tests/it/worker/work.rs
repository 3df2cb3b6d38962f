//! Work that comes to a good or a bad end, and that is done once.

use nix::sys::signal::Signal;
use serde_json::{Value, json};

use super::{SOON, Worker, cue, fire, handler, has_outcome, story, story_when};
use cuetower_tests::{Tower, ctl, until};

#[tokio::test(flavor = "multi_thread")]
async fn what_came_of_it_is_reported() {
    let tower = Tower::start().await;
    let cue = cue(&tower, "leads", 60.0).await;
    let worker = Worker::of(
        &tower,
        r#"
        worker_id = "desk"
        [[handler]]
        task = "t"
        argv = ["sh", "-c", '''
            case "$1" in
                file) printf '{"processed": 3, "result": "%s"}' "$2" > "$CUETOWER_OUTCOME_FILE"; echo noise;;
                line) echo noise; echo '{"success": false, "error": "nothing new", "processed": 0}';;
                bad) echo fine; echo "no such lead" >&2; exit 3;;
                plain) cat "$CUETOWER_PAYLOAD_FILE" - | wc -l > /dev/null; echo "12 done";;
                env) echo "$CUETOWER_RUN $CUETOWER_ATTEMPT ${CUETOWER_KEY:-none} $GREETING";;
            esac
        ''', "handler", "{{payload.how}}", "{{payload.lead}}"]
        env = { GREETING = "hello {{ payload.lead }}" }
        "#,
    )
    .await;
    let run = async |how: &str| {
        let run = fire(&tower, &cue, json!({ "task": "t", "how": how, "lead": "Ada; rm -rf /" })).await;
        let story = story_when(&tower, &run, "outcome", has_outcome).await;
        (run, story["outcome"].clone())
    };
    let (_, told) = run("file").await;
    assert_eq!((&told["success"], &told["result"]), (&json!(true), &json!("Ada; rm -rf /")), "{told}");
    assert!(told["fields"].to_string().contains("processed"), "{told}");
    let (_, told) = run("line").await;
    assert_eq!((&told["success"], &told["error"]), (&json!(false), &json!("nothing new")));
    let (_, told) = run("bad").await;
    assert_eq!((&told["success"], &told["error"]), (&json!(false), &json!("exit code 3: no such lead")));
    let (_, told) = run("plain").await;
    assert_eq!((&told["success"], &told["result"]), (&json!(true), &json!("12 done")));
    let (id, told) = run("env").await;
    assert_eq!(told["result"], format!("{id} 1 none hello Ada; rm -rf /"), "the worker's own key is not handed on");
    let missing = fire(&tower, &cue, json!({ "task": "t", "how": "plain" })).await;
    let told = story_when(&tower, &missing, "outcome", has_outcome).await;
    assert_eq!(told["outcome"]["error"], "the payload has no `payload.lead`");

    until("sign of life", SOON, async || {
        let workers = tower.owner("workers", &json!({})).await;
        let known = workers["workers"].as_array().unwrap().first()?.clone();
        assert!(known["id"].as_str().unwrap().starts_with("desk-") && known["handlers"] == json!(["t"]), "{known}");
        Some(())
    })
    .await;
    let mut worker = worker;
    worker.signal(Signal::SIGTERM);
    assert_eq!(worker.ended().await, Some(0));
    assert_eq!(tower.owner("workers", &json!({})).await["workers"], json!([]), "it has taken its leave");
}

#[tokio::test(flavor = "multi_thread")]
async fn two_workers_never_do_the_same_run() {
    let tower = Tower::start().await;
    let cue = cue(&tower, "many", 60.0).await;
    let done = tempfile::NamedTempFile::new().unwrap();
    let file = format!("concurrency = 3\n{}", handler(&format!("echo $CUETOWER_RUN >> {}", done.path().display())));
    let _two = [Worker::of(&tower, &file).await, Worker::of(&tower, &file).await];
    let mut runs = Vec::new();
    for _ in 0..40 {
        runs.push(fire(&tower, &cue, Value::Null).await);
    }
    for run in &runs {
        let story = story_when(&tower, run, "outcome", has_outcome).await;
        assert_eq!((&story["outcome"]["success"], story["attempts"].as_array().unwrap().len()), (&json!(true), 1));
    }
    let text = std::fs::read_to_string(done.path()).unwrap();
    let mut lines: Vec<&str> = text.lines().collect();
    lines.sort_unstable();
    runs.sort_unstable();
    assert_eq!(lines, runs, "each run was done once");
}

#[tokio::test(flavor = "multi_thread")]
async fn once_does_what_is_there_and_leaves_what_it_cannot_do() {
    let tower = Tower::start().await;
    let cue = cue(&tower, "leads", 60.0).await;
    let mut ours = Vec::new();
    for _ in 0..6 {
        ours.push(fire(&tower, &cue, Value::Null).await);
    }
    let other = fire(&tower, &cue, json!({ "task": "another" })).await;
    let nobodys = fire(&tower, &cue, json!({ "lead": "x" })).await;
    until("offers", SOON, async || {
        let (_, found) = tower.get("/v1/executions/claimable").await;
        (found["executions"].as_array().unwrap().len() == 8).then_some(())
    })
    .await;
    let mut worker = Worker::start(&tower.agents, &tower.key, &handler("echo done"), &["--once"]).await;
    assert_eq!(worker.ended().await, Some(0));
    for run in ours {
        assert!(has_outcome(&story(&tower, &run).await), "it was reported before the worker ended");
    }
    let (_, found) = tower.get("/v1/executions/claimable").await;
    let mut left: Vec<_> =
        found["executions"].as_array().unwrap().iter().map(|run| run["execution_id"].clone()).collect();
    left.sort_by_key(Value::to_string);
    let mut expected = [json!(other), json!(nobodys)];
    expected.sort_by_key(Value::to_string);
    assert_eq!(left, expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_that_cannot_work_says_why() {
    let tower = Tower::start().await;
    let mut stranger = Worker::start(&tower.agents, "cue_sk_wrong", &handler("true"), &[]).await;
    assert_eq!(stranger.ended().await, Some(1));
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("w.toml");
    std::fs::write(&path, "[[handler]]\ntask = \"t\"\nshell = \"echo {{payload.x}}\"\n").unwrap();
    let refused = ctl(&["worker", path.to_str().unwrap(), "--key", "k"], "").await;
    assert!(refused.code == Some(1) && refused.err.contains("put {{payload.…}} into env"), "{}", refused.err);
    std::fs::write(&path, handler("true")).unwrap();
    let keyless = ctl(&["worker", path.to_str().unwrap()], "").await;
    assert!(keyless.code == Some(1) && keyless.err.contains("CUETOWER_KEY"), "{}", keyless.err);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_program_that_takes_too_long_is_stopped_with_its_children() {
    let tower = Tower::start().await;
    let cue = cue(&tower, "slow", 60.0).await;
    let marker = tempfile::tempdir().unwrap();
    let pid = marker.path().join("pid");
    let script = format!("(trap '' TERM; while :; do sleep 0.05; done) & echo $! > {}; wait", pid.display());
    let _worker = Worker::of(&tower, &format!("{}timeout_seconds = 1\n", handler(&script))).await;
    let run = fire(&tower, &cue, Value::Null).await;
    let story = story_when(&tower, &run, "outcome", has_outcome).await;
    assert_eq!(story["outcome"]["error"], "stopped after 1 s");
    let pid: i32 = std::fs::read_to_string(&pid).unwrap().trim().parse().unwrap();
    until("end of the grandchild", SOON, async || {
        let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
        // Dead and not yet fetched by whoever adopted it is dead.
        (stat.is_empty() || stat.contains(") Z ")).then_some(())
    })
    .await;
}
