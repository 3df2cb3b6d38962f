//! SQL where it does not belong: in the queries of checks, and in what agents and pages say at the doors.

use std::path::Path;

use super::wire::asked;
use super::*;

fn crm(folder: &Path) -> std::path::PathBuf {
    let path = folder.join("crm.db");
    let crm = rusqlite::Connection::open(&path).unwrap();
    crm.execute_batch("create table leads (name text); insert into leads values ('a'), ('b'), ('c')").unwrap();
    path
}

fn leads(path: &Path) -> i64 {
    let crm = rusqlite::Connection::open(path).unwrap();
    crm.query_row("select count(*) from leads", [], |row| row.get(0)).unwrap()
}

/// What a check of this query found, for a run whose agent said that it went well.
async fn found(tower: &Tower, agent: &Server, name: &str, check: Value) -> String {
    let cue = made(tower, &hook(name, &agent.url, json!({ "checks": [check] }))).await;
    let run = fired(tower, &cue).await;
    let looked = |story: &Value| story["mark"]["ended_at_ms"].is_number() && story["checking_since_ms"].is_null();
    let story = once(tower, &run, "judged run", looked).await;
    story["proof"][0]["found"].as_str().unwrap_or_else(|| panic!("no proof: {story}")).to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_query_of_a_check_reads_and_does_nothing_else() {
    let (tower, folder) = (Tower::start().await, tempfile::tempdir().unwrap());
    let path = crm(folder.path());
    let agent = Server::start(|_, _| Answer::json(200, &json!({ "success": true }))).await;
    for (number, query) in [
        "insert into leads values ('x')",
        "delete from leads returning name",
        "with gone as (select 1) delete from leads",
        "update leads set name = 'x' returning name",
        "attach '/etc/passwd' as other",
        "attach 'copy.db' as other",
        "pragma writable_schema = on",
        "pragma query_only = off",
        "vacuum into 'copy.db'",
        "drop table leads",
        "select load_extension('/tmp/x')",
        "select 1; delete from leads",
        "begin; delete from leads; commit",
        "create temp trigger t after insert on leads begin select 1; end",
    ]
    .into_iter()
    .enumerate()
    {
        let check = json!({ "check": "sql", "sqlite": path, "query": query, "equals": 3 });
        let found = found(&tower, &agent, &format!("query {number}"), check).await;
        let refused = found.contains("does more than read") || found.contains("two statements");
        assert!(refused, "{query}: {found}");
    }
    assert_eq!(leads(&path), 3);
    let mut names: Vec<String> = std::fs::read_dir(folder.path())
        .unwrap()
        .flatten()
        .map(|entry| entry.file_name().into_string().unwrap())
        .collect();
    names.retain(|name| name != "crm.db");
    assert_eq!(names, Vec::<String>::new(), "nothing was made beside it");
    let check = json!({ "check": "sql", "sqlite": path, "query": "select count(*) from leads", "equals": 3 });
    assert_eq!(found(&tower, &agent, "honest", check).await, "it gave 3");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_an_agent_reports_is_a_value_and_never_a_part_of_a_query() {
    let (tower, folder) = (Tower::start().await, tempfile::tempdir().unwrap());
    let path = crm(folder.path());
    let hostile = "3 or 1=1; drop table leads; --";
    let agent = Server::start(move |_, _| {
        Answer::json(200, &json!({ "success": true, "summary": hostile, "metadata": { "rows": hostile } }))
    })
    .await;
    for (number, value) in ["{{outcome.summary}}", "{{outcome.metadata.rows}}"].into_iter().enumerate() {
        let check = json!({ "check": "sql", "sqlite": path, "query": "select count(*) from leads", "equals": value });
        let found = found(&tower, &agent, &format!("value {number}"), check).await;
        assert_ne!(found, "", "{value}");
        let inside = json!({ "check": "sql", "sqlite": path, "query": format!("select count(*) from leads where name = '{value}'"), "equals": 3 });
        let (status, answer) = tower.post("/v1/cues", &hook("inside", &agent.url, json!({ "checks": [inside] }))).await;
        assert_eq!(status, 422, "a query with {value} in it: {answer}");
    }
    assert_eq!(leads(&path), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_query_without_end_ends() {
    let (tower, folder) = (Tower::start().await, tempfile::tempdir().unwrap());
    let path = crm(folder.path());
    let agent = Server::start(|_, _| Answer::json(200, &json!({ "success": true }))).await;
    for (name, query) in [
        ("endless", "with recursive n(i) as (select 1 union all select i + 1 from n) select count(*) from n"),
        ("huge", "select length(group_concat(zeroblob(1000000))) from leads, leads, leads, leads, leads"),
    ] {
        let check = json!({ "check": "sql", "sqlite": path, "query": query, "equals": 3, "timeout_seconds": 1 });
        let found = found(&tower, &agent, name, check).await;
        assert!(!found.starts_with("it gave 3"), "{found}");
    }
    is_well(&tower).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn quotes_and_wildcards_at_the_doors_are_letters() {
    const QUOTED: [&str; 6] =
        ["' OR '1'='1", "'; DROP TABLE cues; --", "\" OR \"\"=\"", "%", "_", "x') UNION SELECT key_hash FROM keys --"];
    let tower = Tower::start().await;
    let cue = made(&tower, &hook("kept", NOBODY, json!({ "agent": "ada" }))).await;
    ended(&tower, &fired(&tower, &cue).await).await;
    let bearer = format!("Bearer {}", tower.key);
    for quoted in QUOTED {
        let word = percent(quoted);
        for target in [
            format!("/v1/executions?cue_id={word}"),
            format!("/v1/cues/{word}"),
            format!("/v1/executions/{word}"),
            format!("/v1/alerts?alert_type={word}"),
            format!("/v1/agents/{word}"),
            format!("/v1/executions/claimable?task={word}"),
            format!("/ping/{word}"),
        ] {
            let said = asked(&tower.agents, "GET", &target, &[("Authorization", &bearer)], "").await;
            assert!(said.status < 500, "{target}: {} {}", said.status, said.body);
            assert!(!said.body.contains(&cue), "{target} finds what it does not name: {}", said.body);
        }
        let (status, answer) = tower.post("/v1/heartbeats", &json!({ "agent": quoted, "message": quoted })).await;
        assert_eq!(status, 200, "{quoted}: {answer}");
        let (status, answer) = tower.owner_call("agent_get", &json!({ "name": quoted })).await;
        assert!(status < 500, "{answer}");
        let renamed = hook(quoted, NOBODY, json!({ "agent": quoted, "payload": { quoted: quoted } }));
        let made = made(&tower, &renamed).await;
        assert_eq!(tower.get(&format!("/v1/cues/{made}")).await.1["name"], quoted);
    }
    assert_eq!(tower.get("/v1/cues").await.1["total"], 1 + QUOTED.len());
    is_well(&tower).await;
}

/// Every byte that is no letter or digit as its number.
fn percent(text: &str) -> String {
    let letter =
        |byte: u8| if byte.is_ascii_alphanumeric() { char::from(byte).to_string() } else { format!("%{byte:02X}") };
    text.bytes().map(letter).collect()
}
