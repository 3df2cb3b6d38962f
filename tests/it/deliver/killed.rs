//! `kill -9` of the tower in the middle of deliveries of every kind: nothing is lost, nothing runs twice, and who comes too
//! late is told so.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use cuetower_tests::{Answer, Server, send, until};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use rand::rngs::{StdRng, SysRng};
use rand::{Rng as _, SeedableRng as _};
use reqwest::Method;
use rusqlite::{Connection, OpenFlags};
use serde_json::{Value, json};
use tokio::task::JoinSet;

use super::{PATIENCE, Scene, of_attempts};
use crate::crash::{Witness, agent, broken};

const KILLS: u32 = 10;
/// Cues of each kind, each of which fires every second.
const OF_EACH: usize = 3;
const WORKERS: usize = 6;

/// Works for up to a second, says that it did, and leaves.
const STEADY: &str = r#"sleep 0.$(($$ % 10)); report "{\"success\":true,\"result\":\"$CUETOWER_RUN by attempt $CUETOWER_ATTEMPT\"}"; say ended"#;

/// Prints until it may end.
const PRINTER: &str =
    r#"i=0; while [ ! -e "$WORK/enough" ]; do echo "line $i"; i=$((i + 1)); sleep 0.1; done; echo last; exit 3"#;

/// What the workers were given, and what the tower took from them.
#[derive(Default)]
struct Hands {
    claimed: HashMap<(String, u64), u32>,
    /// Result of every outcome that was answered with 200.
    acknowledged: Vec<String>,
    at_work: usize,
    /// With its vault in memory alone, the tower makes another at every start.
    key: String,
}

#[tokio::test(flavor = "multi_thread")]
async fn ten_kills_amid_webhooks_workers_and_commands_lose_nothing_and_run_nothing_twice() {
    kills_amid_everything(KILLS).await;
}

/// `CUETOWER_CRASH_CYCLES=200 cargo test -p cuetower-tests -- --ignored many_kills`.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "takes minutes"]
async fn many_kills_amid_webhooks_workers_and_commands() {
    let cycles = std::env::var("CUETOWER_CRASH_CYCLES").ok().and_then(|text| text.parse().ok()).unwrap_or(100);
    kills_amid_everything(cycles).await;
}

async fn kills_amid_everything(kills: u32) {
    let mut scene = Scene::new().await;
    let seed = std::env::var("CUETOWER_SEED").ok().and_then(|seed| seed.parse().ok());
    let seed = seed.unwrap_or_else(|| StdRng::try_from_rng(&mut SysRng).unwrap().next_u64());
    println!("CUETOWER_SEED={seed}");
    let mut luck = StdRng::seed_from_u64(seed);
    let (witness, hands) = (Witness::new(), Arc::<Mutex<Hands>>::default());
    let receiver = agent(&witness).await;
    let every_second = |mut cue: Value| {
        let often = json!({
            "schedule": { "type": "recurring", "cron": "* * * * * *", "timezone": "UTC" }, "overlap": "allow",
            "catch_up": { "policy": "all" }, "retry": { "max_attempts": 5, "backoff_seconds": [0.2] }, "confirm": "outcome",
        });
        super::lay_over(&mut cue, often);
        cue
    };
    let mut steady = Vec::new();
    for number in 0..OF_EACH {
        let hook = json!({
            "name": format!("hook {number}"), "callback": { "url": receiver.url },
            "delivery": { "outcome_deadline_seconds": 3 },
        });
        scene.made(&every_second(hook)).await;
        let command = scene.command(&format!("command {number}"), STEADY, json!({}));
        steady.push(scene.made(&every_second(command)).await);
        let job = json!({ "name": format!("job {number}"), "transport": "worker", "worker": { "lease_seconds": 2 } });
        steady.push(scene.made(&every_second(job)).await);
    }
    hands.lock().unwrap().key.clone_from(&scene.tower.key);
    let mut workers = JoinSet::new();
    for number in 0..WORKERS {
        workers.spawn(work(scene.tower.agents.clone(), number, Arc::clone(&hands)));
    }

    let mut in_the_middle = 0;
    for _ in 0..kills {
        tokio::time::sleep(Duration::from_millis(200 + luck.next_u64() % 1_000)).await;
        let log = scene.log();
        in_the_middle += log.matches("began").count() - log.matches("ended").count() + hands.lock().unwrap().at_work;
        scene.crash().await;
        hands.lock().unwrap().key.clone_from(&scene.tower.key);
    }
    settled(&scene).await;
    workers.shutdown().await;
    println!("{in_the_middle} commands and jobs were in the middle of their work, over {kills} kills");
    assert!(in_the_middle >= KILLS as usize, "too few for this test to bite");

    for cue in steady {
        for run in scene.runs_of(&cue).await {
            let story = scene.story(&run).await;
            assert_eq!(story["state"], "claimed", "a steady agent's run came to nothing: {story:#}");
        }
    }
    let log = scene.log();
    let starts: Vec<&str> = log.lines().filter(|line| line.starts_with("began")).collect();
    let different: HashSet<&&str> = starts.iter().collect();
    assert_eq!(starts.len(), different.len(), "an attempt was started twice: {log}");
    let found = broken(scene.data.path(), &witness);
    assert!(found.is_empty(), "{found:#?}");
    {
        let hands = hands.lock().unwrap();
        let twice: Vec<_> = hands.claimed.iter().filter(|(_, times)| **times > 1).collect();
        assert!(twice.is_empty(), "given to two: {twice:?}");
        let recorded = recorded(&scene);
        for result in &hands.acknowledged {
            assert!(recorded.contains(result), "an acknowledged outcome is gone: {result}");
        }
        for line in log.lines().filter(|line| line.starts_with("answered:200")) {
            let [_, run, attempt] = line.split(' ').collect::<Vec<_>>()[..] else { panic!("{line}") };
            let result = format!("{run} by attempt {attempt}");
            assert!(recorded.contains(&result), "an acknowledged outcome is gone: {result}");
        }
        // On a busy machine few are done between two kills; none would mean that nothing was shown.
        assert!(hands.acknowledged.len() >= kills as usize / 3, "{} jobs were done", hands.acknowledged.len());
    }
    scene.end().await;
}

/// Claims, works for a moment, reports until it is heard, over and over.
async fn work(agents: String, number: usize, hands: Arc<Mutex<Hands>>) {
    let http = reqwest::Client::builder().no_proxy().timeout(Duration::from_secs(5)).build().unwrap();
    let ask = async |path: &str, bearer: &str, body: Value| {
        let request =
            http.post(format!("{agents}{path}")).bearer_auth(bearer).header("content-type", "application/json");
        let answer = request.body(body.to_string()).send().await.ok()?;
        let status = answer.status().as_u16();
        Some((status, serde_json::from_str::<Value>(&answer.text().await.ok()?).unwrap_or_default()))
    };
    for round in 0_u64.. {
        let key = hands.lock().unwrap().key.clone();
        let claim = ask("/v1/executions/claim", &key, json!({ "worker_id": format!("w{number}"), "wait": 1 })).await;
        let Some((200, claim)) = claim else {
            tokio::time::sleep(Duration::from_millis(50)).await;
            continue;
        };
        let word = |name: &str| claim[name].as_str().unwrap().to_owned();
        let (run, token, attempt) = (word("execution_id"), word("run_token"), claim["attempt"].as_u64().unwrap());
        {
            let mut hands = hands.lock().unwrap();
            *hands.claimed.entry((run.clone(), attempt)).or_default() += 1;
            hands.at_work += 1;
        }
        tokio::time::sleep(Duration::from_millis(100 + round * 137 % 900)).await;
        let result = format!("{run} by attempt {attempt}");
        let path = format!("/v1/executions/{run}/outcome");
        let answered = loop {
            match ask(&path, &token, json!({ "success": true, "result": result })).await {
                Some((status @ (200 | 409), _)) => break status,
                _ => tokio::time::sleep(Duration::from_millis(50)).await,
            }
        };
        let mut hands = hands.lock().unwrap();
        hands.at_work -= 1;
        if answered == 200 {
            hands.acknowledged.push(result);
        }
    }
}

/// Every cue is paused, and every run has ended.
async fn settled(scene: &Scene) {
    let (_, cues) = scene.tower.get("/v1/cues?limit=100").await;
    for cue in cues["cues"].as_array().unwrap() {
        scene.tower.owner("cue_pause", &json!({ "cue_id": cue["id"] })).await;
    }
    let live = "/v1/executions?status__in=pending,delivering,retrying,pending_outcome&limit=3";
    let mut left = Value::Null;
    let ended = tokio::time::timeout(PATIENCE, async {
        while left["total"] != 0 {
            tokio::time::sleep(Duration::from_millis(50)).await;
            left = scene.tower.get(live).await.1;
        }
    });
    let in_time = ended.await.is_ok();
    assert!(in_time, "these do not end: {left:#}");
}

/// The result of every outcome in the journal.
fn recorded(scene: &Scene) -> HashSet<String> {
    let file = scene.data.path().join("cuetower.db");
    let store = Connection::open_with_flags(file, OpenFlags::SQLITE_OPEN_READ_ONLY).unwrap();
    let sql = "SELECT json_extract(body, '$.outcome.result') FROM journal WHERE kind = 'outcome_reported'";
    let mut statement = store.prepare(sql).unwrap();
    let rows = statement.query_map([], |row| row.get::<_, Option<String>>(0)).unwrap();
    rows.filter_map(Result::unwrap).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agent_that_prints_while_the_tower_is_killed_again_and_again_ran_once_with_all_its_output() {
    let mut scene = Scene::new().await;
    let run = scene.fired(&scene.command("printer", PRINTER, json!({}))).await;
    scene.logged("began", 1).await;
    let mut luck = rand::rng();
    for _ in 0..KILLS {
        tokio::time::sleep(Duration::from_millis(luck.next_u64() % 600)).await;
        scene.crash().await;
    }
    let piece = json!({ "run_id": run, "number": 1, "stream": "stdout", "from_byte": 0 });
    let live = scene.tower.owner("run_output", &piece).await;
    assert!(live["live"] == true && live["text"].as_str().unwrap().starts_with("line 0\nline 1\n"), "{live}");
    scene.put("enough");
    let story = scene.ended(&run, "failed").await;
    assert_eq!(of_attempts(&story, "number"), [1], "{story:#}");
    let attempt = &story["attempts"][0];
    assert_eq!((&attempt["exit_code"], &attempt["output_truncated"]), (&json!(3), &json!(false)));
    let mut lines: Vec<&str> = attempt["stdout"].as_str().unwrap().lines().collect();
    assert_eq!(lines.pop(), Some("last"));
    assert!(lines.len() > 5, "{lines:?}");
    for (number, line) in lines.iter().enumerate() {
        assert_eq!(*line, format!("line {number}"), "{lines:?}");
    }
    assert_eq!(scene.log().matches("began").count(), 1, "{}", scene.log());
    scene.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_agent_whose_tower_was_killed_too_is_told_by_its_signal_and_tried_again() {
    let mut scene = Scene::new().await;
    let script = r#"echo $$ > "$WORK/pid.$CUETOWER_ATTEMPT"; [ $CUETOWER_ATTEMPT = 2 ] || until_there never"#;
    let again = json!({ "retry": { "max_attempts": 2, "backoff_seconds": [0.1] } });
    let run = scene.fired(&scene.command("victim", script, again)).await;
    scene.once(&run, "started process", |story| story["state"] == "pending_outcome").await;
    let file = scene.work.path().join("pid.1");
    let pid = until("process id", PATIENCE, async || std::fs::read_to_string(&file).ok()?.trim().parse().ok()).await;
    scene.tower.kill9().await;
    kill(Pid::from_raw(pid), Signal::SIGKILL).unwrap();
    scene.tower.again().await;
    let story = scene.ended(&run, "confirmed").await;
    assert_eq!(of_attempts(&story, "number"), [1, 2], "{story:#}");
    let said = story["attempts"][0]["sentence"].as_str().unwrap();
    assert!(said.starts_with("killed by signal 9 (SIGKILL) after "), "{said}");
    scene.end().await;
}

/// Whatever of the tree is left, it is gone before the next attempt begins.
#[tokio::test(flavor = "multi_thread")]
async fn a_launcher_that_is_killed_alone_or_with_its_tower_leaves_no_process_beside_the_next_attempt() {
    let script = r#"
        for pid in $(cat "$WORK"/pids 2>/dev/null); do lives "$pid" && say "still there: $pid"; done
        [ $CUETOWER_ATTEMPT = 3 ] && exit 0
        echo $$ > "$WORK/pids"
        setsid sh -c 'trap "" TERM; echo $$ >> "$0"; while :; do sleep 0.1; done' "$WORK/pids" 9>&- &
        while [ "$(wc -l < "$WORK/pids")" -lt 2 ]; do sleep 0.05; done
        say grown; wait"#;
    let mut scene = Scene::new().await;
    let again = json!({ "retry": { "max_attempts": 3, "backoff_seconds": [0.1] } });
    let run = scene.fired(&scene.command("orphan", script, again)).await;
    for with_its_tower in [false, true] {
        scene.logged("grown", 1 + usize::from(with_its_tower)).await;
        if with_its_tower {
            scene.tower.kill9().await;
        }
        let processes = scene.processes();
        let launcher = processes.iter().find(|(_, line)| line.contains("cuetower-launcher")).expect("it has one");
        kill(Pid::from_raw(launcher.0), Signal::SIGKILL).unwrap();
        if with_its_tower {
            scene.tower.again().await;
        }
    }
    let story = scene.ended(&run, "confirmed").await;
    assert_eq!(of_attempts(&story, "number"), [1, 2, 3], "{story:#}");
    assert!(!scene.log().contains("still there"), "{}", scene.log());
    scene.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_that_a_kill_cut_off_is_sent_again_and_its_late_report_is_fenced_off_and_shown() {
    let mut scene = Scene::new().await;
    let agent = Server::start(|before, _| {
        Answer::status(202).after(if before == 0 { Duration::from_secs(30) } else { Duration::ZERO })
    })
    .await;
    let cue = json!({ "name": "hook", "callback": { "url": agent.url }, "schedule": { "type": "manual" } });
    let run = scene.fired(&cue).await;
    agent.seen_at_least(1, PATIENCE).await;
    scene.crash().await;
    let seen = agent.seen_at_least(2, PATIENCE).await;
    let key = |number: usize| seen[number].header("x-cuetower-idempotency-key").to_owned();
    assert_eq!((key(0), seen[1].json()["attempt"].clone()), (key(1), json!(2)));
    let url = format!("{}/v1/executions/{run}/outcome", scene.tower.agents);
    let token = |number: usize| seen[number].header("x-cuetower-run-token").to_owned();
    let late = json!({ "success": false, "error": "I am the first" });
    let (status, answer) = send(Method::POST, &url, Some(&token(0)), Some(&late)).await;
    assert_eq!((status, &answer["error"]["code"]), (409, &json!("attempt_superseded")), "{answer}");
    let (status, answer) = send(Method::POST, &url, Some(&token(1)), Some(&json!({ "success": true }))).await;
    assert_eq!(status, 200, "{answer}");
    let story = scene.ended(&run, "claimed").await;
    assert_eq!(of_attempts(&story, "state")[0], "lost", "{story:#}");
    let refused = &story["refused"];
    assert_eq!(refused[0]["attempt"], 1, "{refused}");
    assert_eq!(refused[0]["reason"], "Attempt 1 was superseded by attempt 2.");
    scene.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_claim_survives_the_kill_and_one_whose_worker_is_gone_returns_with_the_next_number() {
    let mut scene = Scene::new().await;
    let cue = |name: &str, lease_s: u32| {
        json!({ "name": name, "transport": "worker", "schedule": { "type": "manual" },
            "worker": { "lease_seconds": lease_s } })
    };
    let kept = scene.fired(&cue("kept", 600)).await;
    let lapsing = scene.fired(&cue("lapsing", 1)).await;
    let mut tokens = Vec::new();
    for run in [&kept, &lapsing] {
        let claim = format!("/v1/executions/{run}/claim");
        let (status, claim) = scene.tower.post(&claim, &json!({ "worker_id": "w1" })).await;
        assert_eq!((status, &claim["attempt"]), (200, &json!(1)), "{claim}");
        tokens.push(claim["run_token"].as_str().unwrap().to_owned());
    }
    scene.crash().await;
    let say = async |run: &str, what: &str, token: &str, body: Value| {
        let url = format!("{}/v1/executions/{run}/{what}", scene.tower.agents);
        let (status, answer) = send(Method::POST, &url, Some(token), Some(&body)).await;
        (status, answer["error"]["code"].as_str().unwrap_or_default().to_owned())
    };
    assert_eq!(say(&kept, "heartbeat", &tokens[0], json!({})).await.0, 200);
    assert_eq!(say(&kept, "outcome", &tokens[0], json!({ "success": true })).await.0, 200);
    let story = scene.ended(&kept, "claimed").await;
    assert_eq!(of_attempts(&story, "worker"), ["w1"], "{story:#}");

    let story = scene.once(&lapsing, "second attempt", |story| story["attempts"][1]["state"] == "offered").await;
    assert_eq!(story["waits"]["by"], "worker", "{story:#}");
    let late = say(&lapsing, "outcome", &tokens[1], json!({ "success": true })).await;
    assert_eq!(late, (409, "attempt_superseded".to_owned()));
    assert_eq!(say(&lapsing, "heartbeat", &tokens[1], json!({})).await, (409, "attempt_superseded".to_owned()));
    let (status, claim) = scene.tower.post("/v1/executions/claim", &json!({ "worker_id": "w2" })).await;
    assert_eq!((status, &claim["execution_id"], &claim["attempt"]), (200, &json!(lapsing), &json!(2)), "{claim}");
    let token = claim["run_token"].as_str().unwrap();
    assert_eq!(say(&lapsing, "outcome", token, json!({ "success": true })).await.0, 200);
    let story = scene.ended(&lapsing, "claimed").await;
    assert_eq!(story["refused"][0]["attempt"], 1, "{story:#}");
    assert_eq!(story["attempts"][0]["sentence"], "claimed by w1, and no sign of life for 1 s");
    scene.end().await;
}
