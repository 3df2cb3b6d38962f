//! `import cueapi`: from a second real tower, which speaks the same API, and from what CueAPI's open core was recorded to say.

use std::collections::BTreeMap;

use cuetower_tests::{Answer, Ended, Server, Tower, ctl_in};
use serde_json::{Value, json};

const KEY: &str = "cue_sk_0123456789abcdef0123456789abcdef";
/// What a cue is, in CueAPI's words; the rest says how it stands.
const FIELDS: [&str; 11] = [
    "name",
    "description",
    "transport",
    "schedule",
    "callback",
    "payload",
    "retry",
    "delivery",
    "catch_up",
    "on_failure",
    "verification",
];

async fn import(tower: &Tower, base: &str, key: &str, args: &[&str]) -> Ended {
    // The key comes by standard input, so that it is seen nowhere.
    let ended = ctl_in(&tower.data, &[&["import", "cueapi", "--base", base], args].concat(), &format!("{key}\n")).await;
    assert!(key.is_empty() || !format!("{}{}", ended.out, ended.err).contains(key), "the key is printed");
    ended
}

fn read(out: &str) -> Value {
    serde_json::from_str(out).unwrap_or_else(|error| panic!("{error} in {out}"))
}

/// Every cue of the owner, by name.
async fn cues(tower: &Tower) -> BTreeMap<String, Value> {
    let (mut cues, mut offset) = (BTreeMap::new(), 0);
    loop {
        let (status, page) = tower.get(&format!("/v1/cues?limit=100&offset={offset}")).await;
        assert_eq!(status, 200, "{page}");
        let listed = page["cues"].as_array().unwrap();
        cues.extend(listed.iter().map(|cue| (cue["name"].as_str().unwrap().to_owned(), cue.clone())));
        offset += listed.len();
        if listed.is_empty() {
            return cues;
        }
    }
}

async fn made(tower: &Tower, cue: &Value) -> String {
    let (status, cue) = tower.post("/v1/cues", cue).await;
    assert_eq!(status, 201, "{cue}");
    cue["id"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_servers_cues_come_over_whole_once_and_those_that_were_paused_stay_so() {
    let (there, here) = (Tower::start().await, Tower::start().await);
    let report = json!({ "name": "report", "transport": "worker", "schedule": { "type": "manual" } });
    let report = made(&there, &report).await;
    let digest = made(
        &there,
        &json!({
            "name": "digest", "description": "Each morning",
            "schedule": { "type": "recurring", "cron": "0 9 * * 1-5", "timezone": "Europe/Berlin" },
            "callback": { "url": "https://agent.example/run", "method": "PUT", "headers": { "X-Team": "leads" } },
            "payload": { "task": "daily_brief", "näme": [1, 2.5, null] },
            "retry": { "max_attempts": 5, "backoff_minutes": [2, 4] }, "catch_up": "skip_missed",
            "delivery": { "timeout_seconds": 60, "outcome_deadline_seconds": 900 },
            "on_failure": { "email": false, "pause": true, "webhook": "https://agent.example/failed" },
            "verification": { "mode": "require_result_url" },
        }),
    )
    .await;
    // The older one names the younger one.
    let change = json!({ "status": "paused", "on_success_fire": digest });
    let (status, said) = there.patch(&format!("/v1/cues/{report}"), &change).await;
    assert_eq!(status, 200, "{said}");
    // Each second: it would fire before a pause that came late.
    let quick =
        json!({ "name": "quick", "transport": "worker", "schedule": { "type": "interval", "every_seconds": 1 } });
    let quick = made(&there, &quick).await;
    there.patch(&format!("/v1/cues/{quick}"), &json!({ "status": "paused" })).await;
    let runs = json!({ "name": "program", "transport": "command", "schedule": { "type": "manual" },
                       "command": { "argv": ["true"] } });
    made(&there, &runs).await;
    for number in 0..101 {
        let cue =
            json!({ "name": format!("many-{number:03}"), "transport": "worker", "schedule": { "type": "manual" } });
        made(&there, &cue).await;
    }

    let dry = import(&here, &there.agents, &there.key, &["--dry-run", "--json"]).await;
    assert_eq!(dry.code, Some(1), "a cue that cannot come over is an error: {}", dry.err);
    let (dry, nothing) = (read(&dry.out), cues(&here).await);
    assert!(nothing.is_empty(), "a dry run makes nothing");
    assert_eq!(dry["cues"].as_array().unwrap().len(), 105);
    assert_eq!((&dry["made"], &dry["left_out"]), (&json!(0), &json!(1)));

    let base = format!("{}/v1/", there.agents);
    let done = import(&here, &base, &there.key, &["--json"]).await;
    assert_eq!((done.code, done.err.as_str()), (Some(1), "1 cue was left out.\n"));
    let done = read(&done.out);
    assert_eq!((&done["made"], &done["there_already"], &done["left_out"]), (&json!(104), &json!(0), &json!(1)));
    let (before, after) = (cues(&there).await, cues(&here).await);
    assert_eq!(after.len(), 104);
    for (name, cue) in &after {
        for field in FIELDS {
            assert_eq!(cue[field], before[name][field], "{field} of {name}");
        }
        assert_eq!(cue["status"], before[name]["status"], "{name}");
    }
    assert_eq!(after["report"]["on_success_fire"], after["digest"]["id"], "named by its id here");
    assert_eq!(after["quick"]["status"], "paused");
    assert_eq!(after["quick"]["schedule"]["every_seconds"], 1);
    let ledger = here.ctl(&["ledger", "--cue", "quick", "--json"]).await.good();
    assert_eq!(read(&ledger)["marks"], json!([]), "it was never armed");

    let again = import(&here, &there.agents, &there.key, &[]).await;
    assert!(again.out.contains("0 made, 104 there already, 1 left out."), "{}", again.out);
    assert_eq!(cues(&here).await.len(), 104);
    assert_eq!(cues(&there).await, before, "nothing is changed at the other server");
}

#[tokio::test]
async fn all_of_them_may_come_paused() {
    let (there, here) = (Tower::start().await, Tower::start().await);
    let schedule = json!({ "type": "recurring", "cron": "* * * * * *", "timezone": "UTC" });
    made(&there, &json!({ "name": "beat", "transport": "worker", "schedule": schedule })).await;
    let said = import(&here, &there.agents, &there.key, &["--paused"]).await.good();
    assert!(said.contains("made, paused") && said.contains("still fires there"), "{said}");
    let cues = cues(&here).await;
    assert_eq!((&cues["beat"]["status"], &cues["beat"]["schedule"]["cron"]), (&json!("paused"), &json!("* * * * * *")));
    here.ctl(&["cue", "resume", "beat"]).await.good();
}

/// What CueAPI's open core answered when it was asked for its cues, a page at a time.
async fn recorded() -> Server {
    let samples = concat!(env!("CARGO_MANIFEST_DIR"), "/data/cueapi/samples.jsonl");
    let samples = std::fs::read_to_string(samples).unwrap();
    let list = samples.lines().map(read).find(|sample| sample["name"] == "cue-list").unwrap();
    let all = list["response"]["json"]["cues"].as_array().unwrap().clone();
    assert_eq!(all.len(), 8);
    Server::start(move |before, seen| {
        if seen.header("authorization") != format!("Bearer {KEY}") {
            let message = format!("Invalid key {}", seen.header("authorization"));
            return Answer::json(
                401,
                &json!({ "error": { "code": "invalid_api_key", "message": message, "status": 401 } }),
            );
        }
        if before == 0 {
            let mut busy = Answer::json(429, &json!({ "error": { "code": "rate_limit_exceeded" } }));
            busy.headers.push(("retry-after", "0".to_owned()));
            return busy;
        }
        // Fewer than were asked for, as a server may give.
        let offset: usize = seen.path.split("offset=").nth(1).unwrap().parse().unwrap();
        let page: Vec<&Value> = all.iter().skip(offset).take(3).collect();
        Answer::json(200, &json!({ "cues": page, "total": all.len(), "limit": 3, "offset": offset }))
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_open_core_was_recorded_to_say_comes_over_with_its_secrets_kept() {
    let (there, here) = (recorded().await, Tower::start().await);
    let done = import(&here, &there.url, KEY, &["--json"]).await.good();
    let done = read(&done);
    // One was to run once, on the day of the recording.
    assert_eq!((&done["made"], &done["left_out"]), (&json!(7), &json!(1)), "{done:#}");
    let seen = there.seen();
    assert_eq!(seen.len(), 4, "one that was to wait, and three pages");
    assert!(seen.iter().all(|seen| seen.method == "GET" && seen.path.starts_with("/v1/cues?")), "it reads only");
    let cues = cues(&here).await;
    assert_eq!(cues["six-field-cron-19eece"]["schedule"]["cron"], "*/10 * * * * *");
    assert_eq!(
        cues["backoff-zero-19eece"]["retry"],
        json!({ "max_attempts": 2, "backoff_minutes": [0], "on_failed_outcome": false })
    );
    assert!(cues.contains_key("cue_g85hsyd8c6et"), "its name there is empty");
    let secret = &cues["seed-doc-000-19eece"]["callback"]["headers"]["X-Secret"];
    assert_eq!(secret, "{{secret:SEED_DOC_000_19EECE_X_SECRET}}");
    let secrets = read(&here.ctl(&["secret", "list", "--json"]).await.good());
    let used = secrets["secrets"].as_array().unwrap().iter().find(|row| row["name"] == "SEED_DOC_000_19EECE_X_SECRET");
    assert_eq!(used.unwrap()["used_by"], json!(["seed-doc-000-19eece"]));
    let again = import(&here, &there.url, KEY, &[]).await.good();
    assert!(again.contains("0 made, 7 there already, 1 left out."), "{again}");
    let kept = read(&here.ctl(&["secret", "list", "--json"]).await.good());
    // One of the cues is due every 10 s, and may have borrowed its own meanwhile.
    let written = |secrets: &Value| {
        let of = |row: &Value| (row["name"].clone(), row["version"].clone(), row["updated_at_ms"].clone());
        secrets["secrets"].as_array().unwrap().iter().map(of).collect::<Vec<_>>()
    };
    assert_eq!(written(&kept), written(&secrets), "and no secret is made twice");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_does_not_answer_as_it_should_is_named_and_nothing_is_made() {
    let here = Tower::start().await;
    let there = recorded().await;
    let wrong = "cue_sk_ffffffffffffffffffffffffffffffff";
    let refused = import(&here, &there.url, wrong, &[]).await;
    assert!(refused.code == Some(1) && refused.err.contains("does not let this key in (401"), "{}", refused.err);
    let page = Server::start(|_, _| Answer::json(200, &json!({ "hello": "world" }))).await;
    let odd = import(&here, &page.url, KEY, &[]).await;
    assert!(odd.code == Some(1) && odd.err.contains("does not list its cues as CueAPI does"), "{}", odd.err);
    let elsewhere = Server::start(|_, _| {
        let mut moved = Answer::status(302);
        moved.headers.push(("location", "http://127.0.0.1:9/".to_owned()));
        moved
    })
    .await;
    let moved = import(&here, &elsewhere.url, KEY, &[]).await;
    assert!(moved.code == Some(1) && moved.err.contains("sends one elsewhere"), "{}", moved.err);
    let gone = import(&here, "http://127.0.0.1:9", KEY, &[]).await;
    assert!(gone.code == Some(1) && gone.err.contains("did not answer"), "{}", gone.err);
    let own = import(&here, &here.agents, &here.key, &[]).await;
    assert!(own.code == Some(1) && own.err.contains("is this tower"), "{}", own.err);
    let none = import(&here, &there.url, "", &[]).await;
    assert!(none.code == Some(1) && none.err.contains("key is empty"), "{}", none.err);
    assert!(cues(&here).await.is_empty());
}
