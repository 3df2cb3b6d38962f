//! Each kind of check on the real thing, with what it takes from the report and from the run.

use cuetower_core::run::{Run, Verdict};
use cuetower_tests::{Answer, Server, holds};
use serde_json::json;

use super::{Flight, SECRET, counted, done, take_off};

#[tokio::test(flavor = "multi_thread")]
async fn a_file_is_there_and_has_as_many_lines_as_were_reported() {
    let dir = tempfile::tempdir().unwrap();
    let flight = take_off(dir.path()).await;
    let file = dir.path().join("report.md");
    let check = json!({ "check": "file", "path": file, "min_lines": "{{outcome.processed}}" });
    assert_eq!(flight.looked("missing", check.clone(), counted(2.0)).await, (false, "there is no such file".into()));
    std::fs::write(&file, "one\ntwo\n").unwrap();
    assert_eq!(flight.looked("enough", check.clone(), counted(2.0)).await, (true, "2 lines".into()));
    assert_eq!(flight.looked("short", check.clone(), counted(3.0)).await, (false, "2 lines".into()));
    let untold = flight.looked("untold", check, done()).await;
    assert_eq!(untold, (false, "`processed` was not reported".into()));
    flight.running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_is_older_than_the_fire_proves_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let flight = take_off(dir.path()).await;
    let file = dir.path().join("report.md");
    std::fs::write(&file, "yesterday's").unwrap();
    flight.clock.advance(60_000);
    let check = json!({ "check": "file", "path": file, "newer_than_fire": true });
    let (passed, found) = flight.looked("old", check.clone(), done()).await;
    assert!(!passed && found.ends_with("before the fire, and not since"), "{found}");
    let run = flight.delivered(json!({ "name": "new", "checks": [check] })).await;
    let stamped = std::fs::metadata(&file).unwrap().modified().unwrap();
    let newer = stamped + std::time::Duration::from_secs(120);
    std::fs::File::options().write(true).open(&file).unwrap().set_modified(newer).unwrap();
    flight.reports(&run, done()).await;
    assert_eq!(flight.judged(&run).await.0, Verdict::Confirmed);
    flight.running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_is_asked_for_what_was_reported() {
    let dir = tempfile::tempdir().unwrap();
    let flight = take_off(dir.path()).await;
    let database = dir.path().join("crm.db");
    let crm = rusqlite::Connection::open(&database).unwrap();
    crm.execute_batch("create table leads (name text, at int); insert into leads values ('a', 1), ('b', 2), ('c', 3)")
        .unwrap();
    let query = "select count(*) from leads";
    let equals = json!({ "check": "sql", "sqlite": database, "query": query, "equals": "{{outcome.processed}}" });
    assert_eq!(flight.looked("same", equals.clone(), counted(3.0)).await, (true, "it gave 3".into()));
    let run = flight.delivered(json!({ "name": "disagrees", "checks": [equals] })).await;
    flight.reports(&run, counted(200.0)).await;
    let (verdict, run, said) = flight.judged(&run).await;
    let expected = format!(
        "{} gave 3; 200 was expected. 200 of 200 records were processed. It said it worked.",
        database.display()
    );
    assert_eq!((verdict, said), (Verdict::Refuted, expected));
    let look = run.findings[0].look.clone().unwrap();
    assert_eq!((look.kind.as_str(), look.detail.as_str()), ("sql", query));

    let metadata = |rows: serde_json::Value| {
        let mut outcome = counted(3.0);
        outcome.metadata = json!({ "rows": rows });
        outcome
    };
    let bound = json!({ "check": "sql", "sqlite": database, "query": query, "at_least": "{{outcome.metadata.rows}}" });
    assert!(flight.looked("enough", bound.clone(), metadata(json!(3))).await.0);
    assert_eq!(flight.looked("fewer", bound.clone(), metadata(json!(4))).await, (false, "it gave 3".into()));
    let odd = flight.looked("odd", bound, metadata(json!("many"))).await;
    assert_eq!(odd, (false, "`metadata.rows` was reported as \"many\", which is no number".into()));
    flight.running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_query_knows_the_run_and_nothing_that_anybody_says() {
    let dir = tempfile::tempdir().unwrap();
    let flight = take_off(dir.path()).await;
    let database = dir.path().join("log.db");
    let log = rusqlite::Connection::open(&database).unwrap();
    log.execute_batch("create table log (run text, at text, s int)").unwrap();
    let query = "select count(*) from log where run = {{run.id}} and at = {{run.due}} and s = {{run.due_epoch}}";
    let check = json!({ "check": "sql", "sqlite": database, "query": query, "equals": 1 });
    let run = flight.delivered(json!({ "name": "logged", "checks": [check] })).await;
    let due = flight.once(&run, "run", |_| true).await.due;
    let text = due.utc().unwrap().format("%Y-%m-%dT%H:%M:%SZ").to_string();
    log.execute("insert into log values (?1, ?2, ?3)", (&run.0, text, due.0.div_euclid(1_000))).unwrap();
    flight.reports(&run, done()).await;
    let (verdict, run, _) = flight.judged(&run).await;
    assert_eq!(verdict, Verdict::Confirmed, "{:?}", run.findings);

    // As a value to compare with, whatever is reported is only a value.
    let equals =
        json!({ "check": "sql", "sqlite": database, "query": "select run from log", "equals": "{{outcome.summary}}" });
    let mut outcome = done();
    outcome.summary = Some("' or 1=1; drop table log; --".into());
    assert!(!flight.looked("hostile", equals, outcome).await.0);
    assert_eq!(log.query_row("select count(*) from log", [], |row| row.get::<_, i64>(0)).unwrap(), 1);
    flight.running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_and_a_command_are_tried_and_no_secret_is_kept() {
    let dir = tempfile::tempdir().unwrap();
    let flight = take_off(dir.path()).await;
    let crm = Server::start(|_, seen| Answer {
        body: format!("leads: 200 ({} {})", seen.header("x-key"), seen.path),
        ..Answer::status(200)
    })
    .await;
    let headers = json!({ "X-Key": "{{secret:CRM}}" });
    let url = |pattern: &str| json!({ "check": "url", "url": format!("{}/leads?token=hush", crm.url), "headers": headers, "body_matches": pattern });
    assert!(flight.looked("url", url("leads: 200"), done()).await.0);
    let (passed, found) = flight.looked("other", url("leads: 3"), done()).await;
    assert!(!passed && found.contains("leads: 200 (••••"), "{found}");
    assert_eq!(crm.seen()[0].header("x-key"), SECRET);

    let script = |line: &str| json!({ "check": "command", "shell": line, "cwd": dir.path(), "env": { "KEY": "{{secret:CRM}}" } });
    let (passed, found) = flight.looked("command", script("echo \"key $KEY\""), done()).await;
    assert_eq!((passed, found.as_str()), (true, "exit code 0: key ••••"));
    let (passed, found) = flight.looked("fails", script("echo no leads >&2; exit 3"), done()).await;
    assert_eq!((passed, found.as_str()), (false, "exit code 3: no leads"));
    let slow = json!({ "check": "command", "shell": "sleep 60", "cwd": dir.path(), "timeout_seconds": 0.2 });
    assert_eq!(flight.looked("slow", slow, done()).await, (false, "nothing within 200 ms".into()));
    let missing =
        json!({ "check": "command", "shell": "true", "cwd": dir.path(), "env": { "KEY": "{{secret:NONE}}" } });
    let found = flight.looked("ungranted", missing, done()).await;
    assert_eq!(found, (false, "the secret NONE is not in the vault; add it under Secrets".into()));
    flight.running.stop().await;
    for entry in std::fs::read_dir(dir.path()).unwrap() {
        let path = entry.unwrap().path();
        let bytes = if path.is_file() { std::fs::read(&path).unwrap() } else { Vec::new() };
        assert!(!holds(&bytes, SECRET), "{}", path.display());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_repository_has_a_commit_since_the_fire_or_not() {
    let dir = tempfile::tempdir().unwrap();
    let flight = take_off(dir.path()).await;
    let repo = dir.path().join("site");
    let git = |args: &[&str]| {
        let git = std::process::Command::new("git").arg("-C").arg(&repo).args(args).output().unwrap();
        assert!(git.status.success(), "{git:?}");
    };
    std::fs::create_dir(&repo).unwrap();
    git(&["init", "-q"]);
    let commit = ["-c", "user.name=a", "-c", "user.email=a@b", "commit", "-q", "--allow-empty", "-m", "leads"];
    git(&commit);
    flight.clock.advance(60_000);
    let check = json!({ "check": "git", "repo": repo, "new_commit": true });
    let run = flight.delivered(json!({ "name": "pushed", "checks": [check] })).await;
    flight.reports(&run, done()).await;
    let (verdict, refuted, _) = flight.judged(&run).await;
    assert_eq!(verdict, Verdict::Refuted, "{:?}", refuted.findings);
    assert!(refuted.findings[0].found.ends_with("before the fire, and nothing since"), "{:?}", refuted.findings);
    // It comes later, and the owner has the tower look again.
    let due = refuted.due.utc().unwrap() + chrono::TimeDelta::seconds(5);
    let date = due.format("%Y-%m-%dT%H:%M:%SZ").to_string();
    let late = std::process::Command::new("git")
        .arg("-C")
        .arg(&repo)
        .args(commit)
        .envs([("GIT_COMMITTER_DATE", &date), ("GIT_AUTHOR_DATE", &date)])
        .output()
        .unwrap();
    assert!(late.status.success(), "{late:?}");
    again(&flight, &run).await;
    let (verdict, run, said) = flight.judged(&run).await;
    assert_eq!(verdict, Verdict::Confirmed, "{:?}", run.findings);
    assert!(said.ends_with("What proves it was shown later."), "{said}");
    flight.running.stop().await;
}

async fn again(flight: &Flight, run: &cuetower_core::id::RunId) {
    let input = cuetower_core::input::Input::CheckAgain { run_id: run.clone() };
    flight.handle.run(run, input).await.unwrap();
    let over = |run: &Run| run.checking.is_none();
    flight.once(run, "second look", over).await;
}
