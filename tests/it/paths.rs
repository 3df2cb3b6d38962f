//! Watched paths, with real files: what appears or changes fires once it is whole, also what did so while the tower was off.

use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::path::Path;
use std::time::Duration;

use cuetower_tests::{Answer, Server, Tower, until};
use serde_json::{Value, json};

/// Two looks lie two seconds apart; the rest is for a busy machine.
const LIMIT: Duration = Duration::from_secs(30);

async fn agent() -> Server {
    Server::start(|_, _| Answer::json(200, &json!({ "success": true }))).await
}

/// The id of a cue that watches these patterns below `inbox`, once it knows what is there already.
async fn watching(tower: &Tower, agent: &Server, inbox: &Path, patterns: &[&str]) -> String {
    let (status, cue) = tower.post("/v1/cues", &definition(agent, inbox, patterns)).await;
    assert_eq!(status, 201, "{cue}");
    let cue = cue["id"].as_str().unwrap().to_owned();
    looked(tower, &cue, 1).await;
    cue
}

fn definition(agent: &Server, inbox: &Path, patterns: &[&str]) -> Value {
    let paths: Vec<String> = patterns.iter().map(|name| format!("{}/{name}", inbox.display())).collect();
    json!({ "name": "inbox", "schedule": { "type": "manual", "paths": paths }, "overlap": "allow",
        "callback": { "url": agent.url }, "payload": { "task": "sort" } })
}

/// Waits until the cue was told `times` times of its files, as the journal has it.
async fn looked(tower: &Tower, cue: &str, times: u32) {
    let file = rusqlite::Connection::open(tower.data.join("cuetower.db")).unwrap();
    until("look at the files", LIMIT, async || (told(&file, cue) >= times).then_some(())).await;
}

fn told(file: &rusqlite::Connection, cue: &str) -> u32 {
    let sql = "SELECT count(*) FROM journal WHERE lane = ?1 AND kind = 'paths_seen'";
    file.query_row(sql, [cue], |row| row.get(0)).unwrap()
}

/// What the agent was sent, oldest first: the file's name and what became of it.
async fn sent(agent: &Server, count: usize) -> Vec<(String, String)> {
    let seen = agent.seen_at_least(count, LIMIT).await;
    let named = |payload: &Value| {
        assert_eq!(payload["task"], json!("sort"), "the cue's own payload is there too");
        let path = Path::new(payload["path"].as_str().unwrap());
        assert!(path.is_absolute(), "{payload}");
        (path.file_name().unwrap().to_str().unwrap().to_owned(), payload["change"].as_str().unwrap().to_owned())
    };
    seen.iter().map(|seen| named(&seen.json()["payload"])).collect()
}

fn pair(name: &str, change: &str) -> (String, String) {
    (name.to_owned(), change.to_owned())
}

#[tokio::test]
async fn a_file_that_appears_or_changes_fires_the_cue_once() {
    let (tower, agent, inbox) = (Tower::start().await, agent().await, tempfile::tempdir().unwrap());
    fs::write(inbox.path().join("old.csv"), "1").unwrap();
    let cue = watching(&tower, &agent, inbox.path(), &["*.csv", "list.txt"]).await;
    fs::write(inbox.path().join("new.csv"), "1").unwrap();
    fs::write(inbox.path().join("new.txt"), "no pattern means it").unwrap();
    fs::create_dir(inbox.path().join("folder.csv")).unwrap();
    assert_eq!(sent(&agent, 1).await, [pair("new.csv", "appeared")], "what was there before the cue is no news");
    fs::write(inbox.path().join("old.csv"), "1, 2").unwrap();
    assert_eq!(sent(&agent, 2).await[1], pair("old.csv", "changed"));
    fs::rename(inbox.path().join("new.txt"), inbox.path().join("list.txt")).unwrap();
    assert_eq!(sent(&agent, 3).await[2], pair("list.txt", "appeared"));

    let (_, runs) = tower.get(&format!("/v1/executions?cue_id={cue}")).await;
    let runs = runs["executions"].as_array().unwrap();
    assert_eq!(runs.len(), 3, "each fired once: {runs:?}");
    assert!(runs.iter().all(|run| run["triggered_by"] == json!("path")), "{runs:?}");
    assert_eq!(runs[0]["path"], json!(inbox.path().join("list.txt")));
}

#[tokio::test]
async fn a_file_that_is_still_being_written_fires_once_it_is_whole() {
    let (tower, agent, inbox) = (Tower::start().await, agent().await, tempfile::tempdir().unwrap());
    watching(&tower, &agent, inbox.path(), &["*"]).await;
    let path = inbox.path().join("report.csv");
    let mut report = OpenOptions::new().create(true).append(true).open(&path).unwrap();
    // Longer than several looks take; it grows between any two of them.
    for line in 0..28 {
        writeln!(report, "{line}").unwrap();
        tokio::time::sleep(Duration::from_millis(250)).await;
        assert_eq!(agent.seen().len(), 0, "it fired half written, with {line} lines");
    }
    fs::write(inbox.path().join("whole.csv"), "1").unwrap();
    let mut names = sent(&agent, 2).await;
    names.sort();
    assert_eq!(names, [pair("report.csv", "appeared"), pair("whole.csv", "appeared")]);
}

#[tokio::test]
async fn what_changed_while_the_tower_was_off_fires_at_the_next_start() {
    let (mut tower, agent, inbox) = (Tower::start().await, agent().await, tempfile::tempdir().unwrap());
    for name in ["kept", "changed", "gone"] {
        fs::write(inbox.path().join(name), "1").unwrap();
    }
    let cue = watching(&tower, &agent, inbox.path(), &["*"]).await;
    tower.stop().await;
    fs::write(inbox.path().join("changed"), "1, 2").unwrap();
    fs::write(inbox.path().join("new"), "1").unwrap();
    fs::remove_file(inbox.path().join("gone")).unwrap();
    tower.again().await;
    let mut names = sent(&agent, 2).await;
    names.sort();
    assert_eq!(names, [pair("changed", "changed"), pair("new", "appeared")]);

    // After a crash too, and what was told before it is not told again.
    until("end of both runs", LIMIT, async || {
        let (_, runs) = tower.get(&format!("/v1/executions?cue_id={cue}&status=success")).await;
        (runs["total"] == json!(2)).then_some(())
    })
    .await;
    tower.kill9().await;
    fs::write(inbox.path().join("gone"), "back").unwrap();
    tower.again().await;
    assert_eq!(sent(&agent, 3).await[2..], [pair("gone", "appeared")]);
}

#[tokio::test]
async fn other_patterns_begin_anew_and_a_deleted_cue_is_not_looked_after() {
    let (tower, agent, inbox) = (Tower::start().await, agent().await, tempfile::tempdir().unwrap());
    for name in ["a.csv", "a.txt"] {
        fs::write(inbox.path().join(name), "1").unwrap();
    }
    let cue = watching(&tower, &agent, inbox.path(), &["*.csv"]).await;
    let edited = json!({ "schedule": definition(&agent, inbox.path(), &["*.txt"])["schedule"] });
    let (status, answer) = tower.patch(&format!("/v1/cues/{cue}"), &edited).await;
    assert_eq!(status, 200, "{answer}");
    looked(&tower, &cue, 2).await;
    fs::write(inbox.path().join("b.csv"), "1").unwrap();
    fs::write(inbox.path().join("b.txt"), "1").unwrap();
    assert_eq!(sent(&agent, 1).await, [pair("b.txt", "appeared")], "a.txt was there when it was written");

    assert_eq!(tower.delete(&format!("/v1/cues/{cue}")).await.0, 204);
    fs::write(inbox.path().join("c.txt"), "1").unwrap();
    // A cue that is looked after shows that the looks went on.
    let other = watching(&tower, &agent, inbox.path(), &["*.md"]).await;
    fs::write(inbox.path().join("d.md"), "1").unwrap();
    assert_eq!(sent(&agent, 2).await[1..], [pair("d.md", "appeared")]);
    let (_, runs) = tower.get(&format!("/v1/executions?cue_id={other}")).await;
    assert_eq!(runs["total"], json!(1), "{runs}");
}

#[tokio::test]
async fn a_paused_cue_records_what_came_and_home_is_the_owners() {
    let (agent, home) = (agent().await, tempfile::tempdir().unwrap());
    let tower = Tower::start_with(None, &[], &[("HOME", home.path().to_str().unwrap())]).await;
    let cue = watching(&tower, &agent, Path::new("~"), &["*.csv"]).await;
    assert_eq!(tower.patch(&format!("/v1/cues/{cue}"), &json!({ "status": "paused" })).await.0, 200);
    fs::write(home.path().join("a.csv"), "1").unwrap();
    looked(&tower, &cue, 2).await;
    let file = rusqlite::Connection::open(tower.data.join("cuetower.db")).unwrap();
    let sql = "SELECT triggered_by, state, reason FROM occurrences WHERE cue_id = ?1";
    let row = file.query_row(sql, [&cue], |row| Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?, row.get(2)?)));
    let (by, state, reason): (_, _, String) = row.unwrap();
    assert_eq!(
        (by.as_str(), state.as_str(), reason.as_str()),
        ("path", "skipped", "the cue was paused before it began")
    );
    assert_eq!(agent.seen().len(), 0);
}
