//! `cueapi-worker` from PyPI, the daemon as its users start it: six handlers, a lease kept alive, a death survived, and its
//! own commands.

use std::time::Duration;

use cuetower_tests::{Client, Home, Package, Tower, finished, until};
use serde_json::{Value, json};

const PINS: &str = include_str!("pins/cueapi-worker.txt");
/// It polls, the tower decides, and the machine is busy.
const SOON: Duration = Duration::from_secs(60);

/// Its configuration. Polls and beats come quicker than by default, so that a test is quick.
fn config(tower: &Tower, worker: &str, handlers: &str) -> String {
    format!(
        "api_base: {}\napi_key: {}\nworker_id: {worker}\npoll_interval: 0.3\nheartbeat_interval: 1\n\
         max_concurrent: 8\nhandlers:\n{handlers}",
        tower.agents, tower.key
    )
}

fn start(package: &Package, home: &Home, config: &str) -> Client {
    let path = home.write("worker.yaml", config);
    let mut command = package.program("cueapi-worker", home);
    command.args(["start", "--config", &path]);
    Client::start(command, home)
}

/// A worker cue for this task, fired once: its run.
async fn fired(tower: &Tower, task: &str, with: Value) -> String {
    let mut cue = json!({ "name": task, "transport": "worker", "schedule": { "type": "recurring", "cron": "0 0 1 1 *" },
                          "payload": { "task": task, "lead": "Ada", "deep": { "er": "ünï" } } });
    for (field, value) in with.as_object().unwrap() {
        cue[field] = value.clone();
    }
    let (status, made) = tower.post("/v1/cues", &cue).await;
    assert_eq!(status, 201, "{made}");
    let (status, run) = tower.post(&format!("/v1/cues/{}/fire", made["id"].as_str().unwrap()), &json!({})).await;
    assert_eq!(status, 200, "{run}");
    run["id"].as_str().unwrap().to_owned()
}

/// The run at the agents' door, once it has an outcome.
async fn reported(tower: &Tower, run: &str) -> Value {
    until("outcome", SOON, async || {
        let (_, found) = tower.get(&format!("/v1/executions/{run}")).await;
        found["outcome"].is_object().then_some(found)
    })
    .await
}

async fn story(tower: &Tower, run: &str) -> Value {
    tower.owner("run_get", &json!({ "run_id": run })).await
}

#[tokio::test(flavor = "multi_thread")]
async fn six_handlers_end_as_they_should() {
    let package = Package::installed(PINS).await;
    let tower = Tower::start().await;
    let home = Home::new();
    let starts = home.path().join("starts").display().to_string();
    let handlers = format!(
        r#"  success:
    cmd: 'echo "$GREETING from $CUEAPI_WORKER_ID about $CUEAPI_CUE_NAME {{{{ payload.deep.er }}}}"'
    env:
      GREETING: "Hello {{{{ payload.lead }}}}"
  failure: 'echo boom >&2; exit 3'
  evidence: >-
    printf '{{"success": true, "external_id": "ch_1", "result_url": "https://d.test/ch_1", "result_ref": "r",
    "result_type": "charge", "summary": "s", "artifacts": [{{"a": 1}}], "metadata": {{"k": 1}}, "odd": 1}}'
    > "$CUEAPI_OUTCOME_FILE"
  timeout:
    cmd: exec sleep 120
    timeout: 1
  long: 'echo started >> {starts}; sleep 9; test "$CUEAPI_API_KEY" && echo done'
"#
    );
    let evidence_asked = json!({ "verification": { "mode": "require_result_url" } });
    let success = fired(&tower, "success", json!({})).await;
    let failure = fired(&tower, "failure", json!({})).await;
    let evidence = fired(&tower, "evidence", evidence_asked).await;
    let timeout = fired(&tower, "timeout", json!({})).await;
    let unknown = fired(&tower, "unknown", json!({})).await;
    // Four leases long: only the worker's own beats keep it.
    let long = fired(&tower, "long", json!({ "worker": { "lease_seconds": 2 } })).await;
    let _worker = start(&package, &home, &config(&tower, "w-real", &handlers));

    let found = reported(&tower, &success).await;
    assert_eq!((&found["status"], &found["attempts"]), (&json!("success"), &json!(1)), "{found}");
    assert_eq!(found["outcome"]["result"], "Hello Ada from w-real about success ünï\n");
    assert_eq!(story(&tower, &success).await["state"], "claimed");

    let found = reported(&tower, &failure).await;
    assert_eq!((&found["status"], &found["outcome"]["success"]), (&json!("failed"), &json!(false)), "{found}");
    assert!(found["outcome"]["error"].as_str().unwrap().contains("boom"), "{found}");
    assert_eq!(story(&tower, &failure).await["state"], "failed");

    let found = reported(&tower, &evidence).await;
    assert_eq!((&found["outcome_state"], &found["status"]), (&json!("verified_success"), &json!("success")), "{found}");
    let outcome = &found["outcome"];
    assert_eq!((&outcome["external_id"], &outcome["result_url"]), (&json!("ch_1"), &json!("https://d.test/ch_1")));
    assert_eq!((&outcome["artifacts"], &outcome["result_ref"]), (&json!([{ "a": 1 }]), &json!("r")));
    assert_eq!(outcome["metadata"], json!({ "k": 1, "_cueapi_worker": { "outcome_file_dropped_fields": ["odd"] } }));
    assert_eq!(story(&tower, &evidence).await["state"], "confirmed");

    let found = reported(&tower, &timeout).await;
    assert_eq!(found["outcome"]["error"], "Handler timeout exceeded (1s)", "{found}");

    let found = reported(&tower, &long).await;
    assert_eq!((&found["outcome"]["result"], &found["attempts"]), (&json!("done\n"), &json!(1)), "{found}");
    assert_eq!(std::fs::read_to_string(&starts).unwrap(), "started\n", "nobody was given it a second time");
    assert_eq!(story(&tower, &long).await["attempts"].as_array().unwrap().len(), 1);

    let (_, left) = tower.get("/v1/executions/claimable").await;
    let left: Vec<&Value> = left["executions"].as_array().unwrap().iter().map(|run| &run["execution_id"]).collect();
    assert_eq!(left, [&json!(unknown)], "what no handler knows is left for another worker");
    let (_, workers) = tower.get("/v1/workers").await;
    let worker = &workers["workers"][0];
    assert_eq!((&worker["worker_id"], &worker["heartbeat_status"]), (&json!("w-real"), &json!("active")), "{worker}");
    assert_eq!(worker["handlers"], json!(["success", "failure", "evidence", "timeout", "long"]));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_work_of_a_killed_worker_goes_to_the_next() {
    let package = Package::installed(PINS).await;
    let tower = Tower::start().await;
    let run = fired(&tower, "job", json!({ "worker": { "lease_seconds": 2 } })).await;
    let home = Home::new();
    let begun = home.path().join("begun");
    let handler = format!("  job: 'echo $$ > {}; exec sleep 300'\n", begun.display());
    let mut first = start(&package, &home, &config(&tower, "w-first", &handler));
    until("begun job", SOON, async || std::fs::read_to_string(&begun).is_ok_and(|pid| !pid.is_empty()).then_some(()))
        .await;
    first.kill9();
    let next_home = Home::new();
    let _next = start(&package, &next_home, &config(&tower, "w-next", "  job: 'echo \"by $CUEAPI_WORKER_ID\"'\n"));
    let found = reported(&tower, &run).await;
    assert_eq!((&found["outcome"]["result"], &found["attempts"]), (&json!("by w-next\n"), &json!(2)), "{found}");
    assert_eq!(found["status"], "success");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_workers_own_commands_work() {
    let package = Package::installed(PINS).await;
    let tower = Tower::start_with(None, &["--open-registration"], &[]).await;
    let home = Home::new();
    let run = async |args: &[&str]| {
        let mut command = package.program("cueapi-worker", &home);
        command.args(args);
        finished(command, "").await
    };
    // Signing in with an address; the owner's click takes the place of the mail's link.
    let path = home.write("w.yaml", &format!("api_base: {}\nworker_id: w\nhandlers:\n  job: 'true'\n", tower.agents));
    let login = ["login", "--email", "worker@example.com", "--config", &path];
    let (login, ()) = tokio::join!(run(&login), super::approve_the_login(&tower));
    let login = login.good();
    assert!(login.contains("Key saved to config"), "{login}");
    let key = |path: &str| {
        let text = std::fs::read_to_string(path).unwrap();
        let line = text.lines().find_map(|line| line.strip_prefix("api_key: ").map(str::to_owned));
        line.unwrap_or_else(|| panic!("no key in {text}"))
    };
    let first = key(&path);
    assert!(run(&["status", "--config", &path]).await.good().contains("is connected and authenticated"));
    assert!(run(&["regenerate-key", "--config", &path]).await.good().contains("Key regenerated"));
    assert_ne!(key(&path), first);
    assert!(run(&["status", "--config", &path]).await.good().contains("is connected"));
    // A rotated key says so, and the daemon stops by itself.
    let old = format!("api_base: {}\napi_key: {first}\nworker_id: w\nhandlers:\n  job: 'true'\n", tower.agents);
    let old_home = Home::new();
    let mut daemon = start(&package, &old_home, &old);
    assert_eq!(daemon.ended().await, Some(1), "{}", daemon.said());
    assert!(daemon.said().contains("AUTH FAILURE") || daemon.said().contains("API key invalid"), "{}", daemon.said());
}
