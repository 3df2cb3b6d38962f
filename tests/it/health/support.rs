//! The bundle for whoever is asked for help: complete, and with nothing in it that is anybody else's business.

use std::collections::BTreeMap;

use cuetower_tests::send;
use reqwest::Method;

use super::*;

/// What is planted, and where.
const PLANTED: [(&str, &str); 10] = [
    ("the vault", "canary-vault-7f3a9c1e"),
    ("the environment of a command", "canary-env-51c2"),
    ("a payload", "canary-payload-88d1"),
    ("a header", "canary-header-19aa"),
    ("an address", "canary-query-42"),
    ("the name of a step", "canary-step-name-63"),
    ("what a step was given", "canary-step-input-64"),
    ("why a step failed", "canary-step-error-65"),
    ("an outcome", "canary-outcome-66"),
    ("a question", "canary-question-67"),
];

fn planted(place: &str) -> &'static str {
    PLANTED.iter().find(|(name, _)| *name == place).unwrap_or_else(|| panic!("no {place}")).1
}

async fn plant(tower: &Tower) {
    tower.owner("secret_set", &json!({ "name": "CRM", "value": planted("the vault") })).await;
    let command = json!({ "name": "runs", "schedule": { "type": "manual" }, "retry": { "max_attempts": 1 },
        "transport": "command",
        "command": { "argv": ["sh", "-c", "echo $CRM $TOLD; exit 3"],
                     "env": { "CRM": "{{secret:CRM}}", "TOLD": planted("the environment of a command") } },
        "payload": { "prompt": planted("a payload") } });
    let url = format!("http://127.0.0.1:9/?told={}", planted("an address"));
    let hook = json!({ "name": "calls", "schedule": { "type": "manual" }, "retry": { "max_attempts": 1 },
        "callback": { "url": url, "headers": { "X-Told": planted("a header") } } });
    for definition in [command, hook] {
        let cue = tower.owner("cue_create", &json!({ "definition": definition })).await;
        let run = tower.owner("cue_fire", &json!({ "cue_id": cue["id"] })).await["run_id"].clone();
        until("the end of the run", SOON, async || {
            let story = tower.owner("run_get", &json!({ "run_id": run })).await;
            story["mark"]["ended_at_ms"].is_number().then_some(())
        })
        .await;
    }
    let (run, token) = held(tower, "works", json!({ "payload": { "prompt": planted("a payload") } })).await;
    let of_run = format!("{}/v1/executions/{run}", tower.agents);
    let step = json!({ "name": planted("the name of a step"), "input": { "text": planted("what a step was given") } });
    for (method, url, body) in [
        (Method::PUT, format!("{of_run}/steps/k"), step),
        (Method::POST, format!("{of_run}/steps/k/fail"), json!({ "error": planted("why a step failed") })),
        (
            Method::POST,
            format!("{}/v1/gates", tower.agents),
            json!({ "key": "g", "title": planted("a question"), "blocking": false }),
        ),
        (
            Method::POST,
            format!("{of_run}/outcome"),
            json!({ "success": false, "error": planted("an outcome"), "summary": planted("an outcome") }),
        ),
    ] {
        let (status, answer) = send(method, &url, Some(&token), Some(&body)).await;
        assert!(status < 300 || url.ends_with("/gates"), "{url}: {status} {answer}");
    }
}

/// Every file of the bundle, as `tar` takes it out.
fn files(bundle: &Path) -> BTreeMap<String, String> {
    let to = tempfile::tempdir().unwrap();
    let taken = std::process::Command::new("tar").arg("-xzf").arg(bundle).arg("-C").arg(to.path()).status().unwrap();
    assert!(taken.success());
    let mut found = BTreeMap::new();
    let mut folders = vec![to.path().to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let name = path.strip_prefix(to.path().join("cuetower-support")).unwrap().to_str().unwrap().to_owned();
            found.insert(name, std::fs::read_to_string(&path).unwrap());
        }
    }
    found
}

fn nothing_of_others_is_in(files: &BTreeMap<String, String>, tower: &Tower, owners_token: &str) {
    let keys = [("the owner's key", tower.key.as_str()), ("the owner's token", owners_token)];
    for (name, text) in files {
        for (place, value) in PLANTED.iter().copied().chain(keys) {
            assert!(!text.contains(value), "{name} has what came by {place}:\n{text}");
        }
        for name_of_cue in ["\"works\"", "\"calls\""] {
            assert!(!text.contains(name_of_cue), "{name} names a cue");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_bundle_tells_of_the_tower_and_nothing_of_its_work() {
    let around = tempfile::tempdir().unwrap();
    let mut tower = Tower::start().await;
    tower.owner("setting_set", &json!({ "name": "log.level", "value": "debug" })).await;
    plant(&tower).await;
    let owners_token = std::fs::read_to_string(tower.data.join("owner.token")).unwrap();
    // A line as no part of the tower writes it, in the middle of the log.
    let day = std::fs::read_dir(tower.data.join("logs")).unwrap().next().unwrap().unwrap().path();
    let mut log = std::fs::File::options().append(true).open(day).unwrap();
    let line = json!({ "timestamp": "t", "level": "WARN", "target": "t", "fields": {
        "message": "POST https://ada:hunter22-of-ada@x.org/ was not answered", "title": planted("a question") } });
    std::io::Write::write_all(&mut log, format!("{line}\npanic: {}\n", planted("an outcome")).as_bytes()).unwrap();

    let bundle = around.path().join("b.tar.gz");
    let said = tower.ctl(&["support", "--vault", "memory", "-o", bundle.to_str().unwrap()]).await.good();
    let listed = said.find("metrics.txt").expect("it says what is in it");
    assert!(listed < said.find("Written:").unwrap(), "before it is written: {said}");
    let found = files(&bundle);
    nothing_of_others_is_in(&found, &tower, &owners_token);
    assert!(found.values().all(|text| !text.contains("hunter22-of-ada")), "nor what stands in an address");
    for name in
        ["version.json", "doctor.json", "settings.json", "store.json", "migrations.jsonl", "health.json", "metrics.txt"]
    {
        assert!(found.contains_key(name), "{name} is missing: {:?}", found.keys());
    }
    let read =
        |name: &str| serde_json::from_str::<Value>(&found[name]).unwrap_or_else(|error| panic!("{name}: {error}"));
    assert_eq!(read("version.json")["cuetower"], tower.ready["version"]);
    assert_eq!(read("health.json")["well"], true);
    assert_eq!(read("settings.json")["log.level"]["value"], "debug");
    let tables = read("store.json")["tables"].clone();
    let rows =
        |table: &str| tables.as_array().unwrap().iter().find(|row| row["name"] == table).unwrap()["rows"].clone();
    assert_eq!((rows("runs"), rows("cues")), (json!(3), json!(3)));
    assert!(
        found["metrics.txt"].contains("cuetower_runs_ended_total{verdict=\"failed\"} 3"),
        "{}",
        found["metrics.txt"]
    );
    let (_, log) = found.iter().find(|(name, _)| name.starts_with("logs/cuetower-")).expect("the log");
    assert!(log.lines().any(|line| line.contains("the tower is up")) && log.contains("(left out)"), "{log}");
    let again = tower.ctl(&["support", "--vault", "memory", "-o", bundle.to_str().unwrap()]).await;
    assert_eq!(again.code, Some(1), "what is there stays: {}", again.out);

    tower.stop().await;
    let without = around.path().join("without.tar.gz");
    let asked = ["support", "--json", "--vault", "memory", "-o", without.to_str().unwrap()];
    let said: Value = serde_json::from_str(&tower.ctl(&asked).await.good()).unwrap();
    assert_eq!(said["path"], json!(without));
    let found = files(&without);
    nothing_of_others_is_in(&found, &tower, &owners_token);
    assert!(found["metrics.txt"].contains("No tower answers"));
    assert!(found["store.json"].contains("\"runs\""));
}
