//! The program from outside: what it prints, how it starts, stops and comes back, and its commands on a running tower.

mod apply;
mod connect;
mod cues;
mod demo;
mod import;
mod ledger;
mod watchdog;

use std::time::{Duration, Instant};

use cuetower_tests::{Tower, ctl, ctl_in, send, until};
use reqwest::Method;
use serde_json::{Value, json};
use tokio::io::AsyncBufReadExt as _;

/// On a busy machine; the goal is far below.
const BACK_AGAIN: Duration = Duration::from_secs(5);

fn command_cue(name: &str) -> Value {
    json!({ "name": name, "transport": "command", "schedule": { "type": "manual" },
            "command": { "argv": ["true"] }, "confirm": "exit_code" })
}

#[tokio::test]
async fn a_ready_tower_says_where_its_doors_are_and_stops_in_order() {
    let mut tower = Tower::start().await;
    let names: Vec<&String> = tower.ready.as_object().unwrap().keys().collect();
    assert_eq!(names, ["agents", "desk", "exposed", "key", "pid", "version"]);
    assert_eq!(tower.ready["pid"], tower.pid());
    assert!(tower.agents.starts_with("http://127.0.0.1:"), "{}", tower.ready);
    assert!(tower.desk_link.contains("/?ticket="), "{}", tower.ready);
    assert!(tower.key.starts_with("cue_sk_"), "{}", tower.ready);
    assert_eq!(tower.get("/v1/cues").await.0, 200, "the key opens the agents' door");
    assert_eq!(tower.owner("tower_status", &json!({})).await["agents_url"], json!(tower.agents));
    tower.stop().await;
    let left = |name: &str| tower.data.join(name).exists();
    assert!(!left("owner.token") && !left("desk.json"), "what opens the owner's door is worth nothing now");
}

#[tokio::test]
async fn a_killed_tower_is_back_with_what_it_knew() {
    let mut tower = Tower::start().await;
    tower.owner("cue_create", &json!({ "definition": command_cue("kept") })).await;
    let key = tower.key.clone();
    tower.kill9().await;
    let killed = Instant::now();
    tower.again().await;
    assert!(killed.elapsed() < BACK_AGAIN, "it took {:?}", killed.elapsed());
    let cues = tower.ctl(&["cue", "list", "--json"]).await.good();
    assert!(cues.contains("\"kept\""), "{cues}");
    tower.key = key;
    assert_eq!(tower.get("/v1/cues").await.0, 200, "a key that was given out stays good for a day");
    let store = rusqlite::Connection::open(tower.data.join("cuetower.db")).unwrap();
    let ends = "select grace_until_ms - rotated_at_ms from keys where prefix = ?1";
    let ends: i64 = store.query_row(ends, [&tower.key[..12]], |row| row.get(0)).unwrap();
    assert_eq!(ends, 24 * 3_600_000);
    let past = "update keys set rotated_at_ms = 1, grace_until_ms = 2 where prefix = ?1";
    store.execute(past, [&tower.key[..12]]).unwrap();
    drop(store);
    let old = tower.key.clone();
    tower.stop().await;
    tower.again().await;
    assert_eq!(tower.get("/v1/cues").await.0, 200);
    tower.key = old;
    assert_eq!(tower.get("/v1/cues").await.0, 401, "and no start makes it good again");
    tower.stop().await;
}

#[tokio::test]
async fn a_start_says_that_its_vault_does_not_open() {
    let [good, wrong] = ["the right one", "another"].map(|passphrase| [("CUETOWER_VAULT_PASSPHRASE", passphrase)]);
    let mut tower = Tower::start_with(None, &["--vault", "file"], &good).await;
    tower.owner("secret_set", &json!({ "name": "OPENAI", "value": "sk-4711-4711" })).await;
    tower.stop().await;
    let mut child = tokio::process::Command::new(cuetower_tests::binary("cuetowerctl"))
        .args(["serve", "--vault", "file", "--no-notifications", "--listen", "127.0.0.1:0", "--desk", "127.0.0.1:0"])
        .arg("--data")
        .arg(&tower.data)
        .envs(wrong)
        .stdout(std::process::Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let mut lines = tokio::io::BufReader::new(child.stdout.take().unwrap()).lines();
    let mut said = String::new();
    while !said.contains("Ctrl-C stops it") {
        let line = tokio::time::timeout(Duration::from_secs(60), lines.next_line()).await.expect("it starts").unwrap();
        said += &line.unwrap_or_else(|| panic!("it ended: {said}"));
    }
    assert!(said.contains("CUETOWER_VAULT_PASSPHRASE does not open"), "{said}");
    child.kill().await.unwrap();
}

#[tokio::test]
async fn a_second_tower_on_the_same_data_is_refused_by_name() {
    let tower = Tower::start().await;
    let args = ["serve", "--listen", "127.0.0.1:0", "--desk", "127.0.0.1:0", "--vault", "memory", "--no-notifications"];
    let second = ctl_in(&tower.data, &args, "").await;
    assert_eq!((second.code, second.out.as_str()), (Some(1), ""));
    assert!(second.err.contains(&format!("(process {})", tower.pid())), "{}", second.err);
    // The first is none the worse for it.
    assert_eq!(tower.get("/v1/cues").await.0, 200);
    tower.ctl(&["status"]).await.good();
}

#[tokio::test]
async fn a_taken_port_is_named_with_the_way_out() {
    let other = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = other.local_addr().unwrap().to_string();
    let folder = tempfile::tempdir().unwrap();
    let refused = ctl_in(folder.path(), &["serve", "--vault", "memory", "--listen", &address], "").await;
    assert_eq!(refused.code, Some(1));
    assert!(refused.err.contains(&address) && refused.err.contains("--listen 127.0.0.1:0"), "{}", refused.err);
}

#[tokio::test]
async fn without_a_tower_the_way_to_one_is_said() {
    let folder = tempfile::tempdir().unwrap();
    let refused = ctl_in(folder.path(), &["cue", "list"], "").await;
    assert_eq!(refused.code, Some(1));
    let start = format!("`cuetowerctl serve --data {}`", folder.path().display());
    assert!(refused.err.contains("No tower runs") && refused.err.contains(&start), "{}", refused.err);
}

#[tokio::test]
async fn the_data_folder_is_named_before_or_after_the_command() {
    let tower = Tower::start().await;
    let data = tower.data.to_str().unwrap();
    let lines: [&[&str]; 3] = [
        &["--data", data, "status", "--json"],
        &["status", "--json", "--data", data],
        &["--json", "cue", "list", "--data", data],
    ];
    for line in lines {
        let answer: Value = serde_json::from_str(&ctl(line, "").await.good()).unwrap();
        assert!(answer.is_object(), "{line:?}: {answer}");
    }
}

#[tokio::test]
async fn a_cue_is_added_fired_paused_edited_and_removed_from_the_command_line() {
    let tower = Tower::start().await;
    let file = tower.data.join("cue.json");
    std::fs::write(&file, command_cue("house-keeping").to_string()).unwrap();
    let file = file.to_str().unwrap();
    let added = tower.ctl(&["cue", "add", file]).await.good();
    assert!(added.starts_with("house-keeping (cue_"), "{added}");
    let again = tower.ctl(&["cue", "add", file]).await;
    assert!(again.code == Some(1) && again.err.contains("names are unique"), "{}", again.err);

    let fired = tower.ctl(&["cue", "fire", "house-keeping", "--json"]).await.good();
    let run = serde_json::from_str::<Value>(&fired).unwrap()["run_id"].as_str().unwrap().to_owned();
    let story = until("confirmed run", Duration::from_secs(20), async || {
        let story = tower.ctl(&["run", "show", &run]).await.good();
        story.contains("Confirmed: confirmed").then_some(story)
    });
    let story = story.await;
    assert!(story.contains("Attempt 1"));
    assert_eq!(tower.ctl(&["run", "show", &run[..6]]).await.good(), story, "the beginning of an id is enough");
    assert!(tower.ctl(&["run", "show", &run[..5]]).await.err.contains("There is no run"));
    let runs = tower.ctl(&["runs", "--cue", "house-keeping"]).await.good();
    assert!(runs.contains(&run), "{runs}");
    let replayed = tower.ctl(&["run", "replay", &run]).await.good();
    assert!(!replayed.contains(&run), "another run: {replayed}");

    tower.ctl(&["cue", "pause", "house-keeping"]).await.good();
    let status = async || tower.ctl(&["cue", "show", "house-keeping", "--json"]).await.good();
    assert!(status().await.contains("\"paused\""));
    tower.ctl(&["cue", "resume", "house-keeping"]).await.good();
    let mut changed = command_cue("house-keeping");
    changed["agent"] = json!("janitor");
    let edited = ctl_in(&tower.data, &["cue", "edit", "house-keeping", "-"], &changed.to_string()).await.good();
    assert_eq!(edited, "house-keeping is changed.\n");
    assert!(status().await.contains("\"janitor\""));
    tower.ctl(&["cue", "rm", "house-keeping"]).await.good();
    let gone = tower.ctl(&["cue", "show", "house-keeping"]).await;
    assert!(gone.code == Some(1) && gone.err.contains("There is no cue `house-keeping`"), "{}", gone.err);
}

#[tokio::test]
async fn any_command_can_be_called_and_a_refusal_is_one_sentence() {
    let tower = Tower::start().await;
    let paused = tower.ctl(&["call", "tower_pause"]).await.good();
    assert_eq!(serde_json::from_str::<Value>(&paused).unwrap()["paused"], true);
    let refused = tower
        .ctl(&["call", "schedule_preview", r#"{"schedule":{"type":"recurring","cron":"61 * * * *"},"count":1}"#])
        .await;
    assert_eq!((refused.code, refused.out.as_str()), (Some(1), ""));
    assert!(refused.err.contains("61") && refused.err.lines().count() == 1, "{}", refused.err);
    let unknown = tower.ctl(&["call", "tower_explode"]).await;
    assert!(unknown.code == Some(1) && unknown.err.contains("tower_status"), "{}", unknown.err);
}

#[tokio::test]
async fn a_secret_goes_in_and_does_not_come_out() {
    let tower = Tower::start().await;
    let value = "sk-live-0123456789";
    let set = ctl_in(&tower.data, &["secret", "set", "OPENAI"], &format!("{value}\n")).await;
    let listed = tower.ctl(&["secret", "list", "--json"]).await;
    assert!(listed.out.contains("\"OPENAI\""), "{}", listed.out);
    for said in [&set.out, &set.err, &listed.out, &listed.err] {
        assert!(!said.contains(value), "{said}");
    }
    let lower = ctl_in(&tower.data, &["secret", "set", "openai"], value).await;
    assert!(lower.code == Some(1) && lower.err.contains("capital"), "{}", lower.err);
    let argument = tower.ctl(&["secret", "set", "OTHER", value]).await;
    assert_eq!(argument.code, Some(2), "a value is never an argument");
    tower.ctl(&["secret", "rm", "OPENAI"]).await.good();
    assert!(!tower.ctl(&["secret", "list", "--json"]).await.good().contains("OPENAI"));
}

#[tokio::test]
async fn the_next_fires_are_answered_line_by_line() {
    let lines = concat!(
        r#"{"expr":"0 9 * * 1-5","tz":"Europe/Berlin","start":"2026-12-24T12:00:00Z","n":2}"#,
        "\nnot json\n",
        r#"{"expr":"0 0 30 2 *","tz":"UTC","start":"2026-12-24T12:00:00Z","n":1}"#,
        "\n"
    );
    let out = ctl(&["schedule", "next", "--jsonl"], lines).await.good();
    let answers: Vec<Value> = out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(answers[0], json!({ "fires": ["2026-12-25T08:00:00Z", "2026-12-28T08:00:00Z"] }));
    assert!(answers[1]["error"].is_string() && answers[2]["error"].is_string(), "{out}");
    assert_eq!(answers.len(), 3);
}

#[tokio::test]
async fn a_fresh_link_opens_the_desk_once() {
    let tower = Tower::start().await;
    let link = tower.ctl(&["desk-link"]).await.good().trim().to_owned();
    assert!(link.starts_with(&format!("{}/?ticket=", tower.desk)), "{link}");
    assert_ne!(link, tower.desk_link);
    let http = reqwest::Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none()).build().unwrap();
    let enter = async || http.get(&link).send().await.unwrap().headers().contains_key("set-cookie");
    assert!(enter().await, "the first use gives a session");
    assert!(!enter().await, "the second gives none");
}

#[tokio::test]
async fn the_demo_fleet_lives_and_is_kept() {
    let mut tower = Tower::start_with(None, &["--demo"], &[]).await;
    let names = async |tower: &Tower| -> Vec<String> {
        let board = tower.owner("board", &json!({ "from_ms": 0, "to_ms": 1 })).await;
        board["cues"].as_array().unwrap().iter().map(|cue| cue["name"].as_str().unwrap().to_owned()).collect()
    };
    let mut fleet = names(&tower).await;
    fleet.sort();
    assert_eq!(fleet.len(), 10, "{fleet:?}");
    // Its cues fire every 20 to 60 s, so half a minute is enough; twice that on a busy machine.
    let confirmed = until("confirmed run", Duration::from_secs(60), async || {
        let runs = tower.ctl(&["runs", "--json"]).await.good();
        let runs: Value = serde_json::from_str(&runs).unwrap();
        runs["runs"].as_array().unwrap().iter().find(|run| run["confirmed"] == "confirmed").cloned()
    });
    assert_eq!(confirmed.await["delivered"], "delivered");

    let callback = async |tower: &Tower| {
        let shown = tower.ctl(&["cue", "show", "triage-inbox", "--json"]).await.good();
        let cue: Value = serde_json::from_str(&shown).unwrap();
        cue["definition"]["callback"]["url"].as_str().unwrap().to_owned()
    };
    let before = callback(&tower).await;
    tower.kill9().await;
    tower.again().await;
    let mut again = names(&tower).await;
    again.sort();
    assert_eq!(again, fleet, "none is made twice");
    assert_eq!(callback(&tower).await, before, "the web hook agent is where it was");
    // The agents that would outlive the tower: one goes on for ever, one waits for its owner.
    for outlives in ["mail-listener", "remind-late-payers"] {
        tower.ctl(&["cue", "rm", outlives]).await.good();
    }
    tower.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_owners_key_can_be_had_and_opens_the_agents_door() {
    let tower = Tower::start().await;
    let key = tower.ctl(&["key"]).await.good();
    assert_eq!(key.trim(), tower.key);
    let (status, _) = send(Method::GET, &format!("{}/v1/cues", tower.agents), Some(key.trim()), None).await;
    assert_eq!(status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_proof_of_a_failure_is_held_against_what_it_reported() {
    let tower = Tower::start().await;
    let definition = json!({
        "name": "proof", "transport": "webhook", "callback": { "url": "http://127.0.0.1:9/" },
        "schedule": { "type": "manual" }, "expect": { "min_processed": 40 }, "retry": { "max_attempts": 1 },
    });
    let cue = tower.owner("cue_create", &json!({ "definition": definition })).await;
    let fired = tower.owner("cue_fire", &json!({ "cue_id": cue["id"], "payload": null })).await;
    let run = json!({ "run_id": fired["run_id"] });
    let bounced = until("a bounced delivery", Duration::from_secs(10), async || {
        let story = tower.owner("run_get", &run).await;
        (story["state"] == "failed").then_some(story)
    })
    .await;
    assert_eq!(bounced["proof"][0]["found"], "never reported");
    let outcome = format!("/v1/executions/{}/outcome", fired["run_id"].as_str().unwrap());
    let (status, _) = tower.post(&outcome, &json!({ "success": false, "processed": 12 })).await;
    assert_eq!(status, 200, "an outcome proves that it was delivered all the same");
    let story = tower.owner("run_get", &run).await;
    assert_eq!((&story["proof"][0]["found"], &story["proof"][0]["passed"]), (&json!("reported 12"), &json!(false)));
}
