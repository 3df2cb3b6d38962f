//! Checks before delivery: read, written, changed, refused.

use cuetower_core::check::{
    CHECK_TIMEOUT_MS, CommandCheck, Database, FileCheck, GitCheck, Gives, OnFail, SqlCheck, UrlCheck, What,
};
use cuetower_core::cue::Program;
use serde_json::{Value, json};

use super::{NOW, command, problems, read, webhook, with};
use crate::definition::{read_change, read_new, secret_names, write};

fn checking(checks: Value) -> Value {
    with(webhook(), "preflight", checks)
}

fn what(check: Value) -> What {
    let cue = read(&checking(json!([check])));
    cue.preflight.into_iter().next().expect("it was read").check.what
}

/// Where it is, and what is said.
fn refused(check: Value) -> (String, String) {
    let body = checking(json!([{ "check": "memory", "free_gb": 1 }, check]));
    let problems = problems(&body);
    assert_eq!(problems.len(), 1, "{body}: {problems:?}");
    let problem = problems.into_iter().next().expect("there is one");
    assert!(problem.message.ends_with(['.', '?']), "{problem:?}");
    (problem.field, problem.message)
}

fn every_kind() -> Value {
    json!([
        { "check": "file", "path": "~/report.md", "newer_than_fire": true, "min_lines": 20, "sha256": "ab".repeat(32),
          "matches": "^total: [0-9]+", "timeout_seconds": 2.5, "on_fail": "fail" },
        { "check": "url", "url": "https://api.example.com/v1/models", "status": 204, "body_matches": "ok",
          "headers": { "Authorization": "Bearer {{secret:OPENAI}}" }, "allow_private": true,
          "timeout_seconds": 10, "on_fail": "hold" },
        { "check": "command", "argv": ["pg_isready", "-q"], "cwd": "/srv", "env": { "PGPASSWORD": "{{secret:PG}}" },
          "timeout_seconds": 10, "on_fail": "hold" },
        { "check": "command", "shell": "test -s x | cat", "timeout_seconds": 10, "on_fail": "hold" },
        { "check": "sql", "sqlite": "/srv/crm.db", "query": "select count(*) from leads", "equals": 5,
          "timeout_seconds": 10, "on_fail": "hold" },
        { "check": "sql", "postgres": "postgres://crm:{{secret:PG}}@db.example/crm", "query": "select now()",
          "timeout_seconds": 10, "on_fail": "hold" },
        { "check": "sql", "postgres": "{{secret:PG_ADDRESS}}", "query": "select 1.5", "at_least": 1, "at_most": 2.5,
          "timeout_seconds": 10, "on_fail": "hold" },
        { "check": "git", "repo": "~/site", "clean": true, "remote": "origin", "new_commit": true,
          "timeout_seconds": 10, "on_fail": "hold" },
        { "check": "disk", "path": "/srv", "free_gb": 2.5, "timeout_seconds": 10, "on_fail": "hold" },
        { "check": "memory", "free_mb": 512, "timeout_seconds": 10, "on_fail": "hold" },
        { "check": "secret", "name": "OPENAI", "timeout_seconds": 10, "on_fail": "hold" },
    ])
}

#[test]
fn every_kind_is_read_and_written_as_it_was() {
    let cue = read(&checking(every_kind()));
    let first = &cue.preflight[0];
    assert_eq!((first.on_fail, first.check.timeout_ms), (OnFail::Fail, 2_500));
    let file = FileCheck {
        path: "~/report.md".into(),
        newer_than_fire: true,
        min_lines: Some(20.0.into()),
        sha256: Some("ab".repeat(32)),
        matches: Some("^total: [0-9]+".into()),
    };
    assert_eq!(first.check.what, What::File(file));
    let written = write(&cue);
    assert_eq!(written["preflight"], every_kind());
    assert_eq!(read(&written), cue);
    assert_eq!(secret_names(&cue), ["OPENAI", "PG", "PG_ADDRESS"]);
    assert!(cue.preflight.iter().filter(|preflight| !preflight.check.what.is_the_owners()).count() == 1, "memory");
}

#[test]
fn what_is_left_out_gets_its_default() {
    let cue = read(&checking(json!([{ "check": "url", "url": "http://127.0.0.1:9000/health", "headers": null }])));
    let preflight = &cue.preflight[0];
    assert_eq!((preflight.on_fail, preflight.check.timeout_ms), (OnFail::Hold, CHECK_TIMEOUT_MS));
    let url = UrlCheck { url: "http://127.0.0.1:9000/health".into(), ..UrlCheck::default() };
    assert_eq!(preflight.check.what, What::Url(url));
    assert!(!preflight.check.what.is_the_owners(), "anybody may ask for a URL without a secret");
    assert_eq!(
        what(json!({ "check": "git", "repo": "/srv/site" })),
        What::Git(GitCheck { repo: "/srv/site".into(), ..GitCheck::default() })
    );
    let sql = SqlCheck {
        database: Database::Postgres("postgres://db/crm".into()),
        query: "select 1".into(),
        gives: Gives::Anything,
    };
    assert_eq!(
        what(json!({ "check": "sql", "postgres": "postgres://db/crm", "query": "select 1" })),
        What::Sql(sql.clone())
    );
    let least = Gives::Within { at_least: Some(0.0.into()), at_most: None };
    assert_eq!(
        what(json!({ "check": "sql", "postgres": "postgres://db/crm", "query": "select 1", "at_least": 0 })),
        What::Sql(SqlCheck { gives: least, ..sql })
    );
    assert_eq!(
        what(json!({ "check": "disk", "path": "/", "free_mb": 1.5 })),
        What::Disk { path: "/".into(), free_bytes: 1_500_000 }
    );
    for nothing in [json!(null), json!([])] {
        assert_eq!(read(&checking(nothing)).preflight, []);
    }
}

#[test]
fn a_relative_path_begins_in_the_folder_of_a_command() {
    let file = json!([{ "check": "file", "path": "report.md" }]);
    let at_home = read(&with(command(), "preflight", file.clone())).preflight;
    let path = |what: &What| if let What::File(file) = what { file.path.clone() } else { String::new() };
    assert_eq!(path(&at_home[0].check.what), "report.md");
    let (field, message) = refused(file[0].clone());
    assert_eq!(field, "preflight[1].path");
    assert!(message.contains("does not say from where"), "{message}");
    let program = CommandCheck { program: Program::Shell("true".into()), cwd: None, env: vec![] };
    assert_eq!(what(json!({ "check": "command", "shell": "true" })), What::Command(program));
}

#[test]
fn what_does_not_fit_is_told_where_it_is() {
    let url = |more: Value| {
        let mut check = json!({ "check": "url", "url": "http://127.0.0.1:9000/health" });
        check.as_object_mut().expect("it is one").extend(more.as_object().expect("fields").clone());
        check
    };
    let sql = |more: Value| {
        let mut check = json!({ "check": "sql", "sqlite": "/srv/crm.db", "query": "select 1" });
        check.as_object_mut().expect("it is one").extend(more.as_object().expect("fields").clone());
        check
    };
    for (check, field, words) in [
        (json!("url"), "", "must be an object"),
        (json!({}), ".check", "write what to look at"),
        (json!({ "check": "manual" }), ".check", "Ask before a delivery with"),
        (json!({ "check": "ping" }), ".check", "`file`, `url`, `command`, `sql`, `git`, `disk`, `memory` or `secret`"),
        (json!({ "check": "url" }), ".url", "is missing"),
        (url(json!({ "url": "ftp://a" })), ".url", "must begin with http://"),
        (url(json!({ "url": "http://a/{{secret:KEY}}" })), ".url", "send it in a header"),
        (url(json!({ "method": "POST" })), ".method", "has no field `method`"),
        (url(json!({ "status": 99 })), ".status", "from 200 to 599"),
        (url(json!({ "body_matches": "(" })), ".body_matches", "is no regular expression (unclosed group)"),
        (url(json!({ "body_matches": "" })), ".body_matches", "leave it out"),
        (url(json!({ "body_matches": "((a{100}){100}){100}" })), ".body_matches", "grows too large"),
        (url(json!({ "headers": { "Authorization": "hunter2" } })), ".headers.Authorization", "looks like a secret"),
        (url(json!({ "headers": { "X-Other": "••••" } })), ".headers.X-Other", "none to keep"),
        (url(json!({ "timeout_seconds": 0 })), ".timeout_seconds", "from 0.1 to 300"),
        (url(json!({ "on_fail": "skip" })), ".on_fail", "`hold` or `fail`"),
        (json!({ "check": "file" }), ".path", "is missing"),
        (json!({ "check": "file", "path": "" }), ".path", "is empty"),
        (json!({ "check": "file", "path": "/a\0" }), ".path", "NUL"),
        (json!({ "check": "file", "path": "/{{secret:A}}" }), ".path", "holds a secret"),
        (json!({ "check": "file", "path": "/a", "min_lines": 0 }), ".min_lines", "from 1 to"),
        (json!({ "check": "file", "path": "/a", "sha256": "abc" }), ".sha256", "64 digits"),
        (json!({ "check": "file", "path": "/a", "url": "http://a/" }), ".url", "has no field `url`"),
        (json!({ "check": "command" }), ".argv", "needs `argv`"),
        (json!({ "check": "command", "argv": [] }), ".argv", "names no program"),
        (json!({ "check": "command", "argv": ["a", 1] }), ".argv[1]", "must be a text"),
        (json!({ "check": "command", "argv": ["a", "{{secret:A}}"] }), ".argv[1]", "in `preflight[1].env`"),
        (json!({ "check": "command", "argv": ["a"], "shell": "a" }), ".shell", "either `argv` or `shell`"),
        (json!({ "check": "command", "shell": " " }), ".shell", "is empty"),
        (json!({ "check": "sql", "query": "select 1" }), ".sqlite", "is missing"),
        (sql(json!({ "postgres": "postgres://db/crm" })), ".postgres", "leave one of them out"),
        (sql(json!({ "query": " " })), ".query", "is empty"),
        (sql(json!({ "query": null })), ".query", "is missing"),
        (sql(json!({ "equals": [1] })), ".equals", "a number, a text, true or false"),
        (sql(json!({ "equals": 1, "at_least": 1 })), ".equals", "leave one of them out"),
        (sql(json!({ "equals": "{{outcome.processed}}" })), ".equals", "before delivery there is none"),
        (sql(json!({ "at_least": "{{outcome.processed}}" })), ".at_least", "before delivery there is none"),
        (sql(json!({ "query": "select {{outcome.processed}}" })), ".query", "only `{{run.due}}`, `{{run.due_epoch}}`"),
        (sql(json!({ "sqlite": null, "postgres": "postgres://a:b@db/crm" })), ".postgres", "holds a password"),
        (sql(json!({ "sqlite": null, "postgres": "mysql://db" })), ".postgres", "must begin with `postgres://`"),
        (sql(json!({ "sqlite": null, "postgres": "••••" })), ".postgres", "none to keep"),
        (json!({ "check": "git" }), ".repo", "is missing"),
        (json!({ "check": "git", "repo": "~/a", "remote": "--upload-pack=x" }), ".remote", "no name of a remote"),
        (json!({ "check": "disk", "path": "/" }), ".free_gb", "is missing"),
        (json!({ "check": "disk", "free_gb": 1 }), ".path", "is missing"),
        (json!({ "check": "memory", "free_gb": 1, "free_mb": 1 }), ".free_mb", "leave one of them out"),
        (json!({ "check": "memory", "free_gb": 0 }), ".free_gb", "from 0.001"),
        (json!({ "check": "secret", "name": "my key" }), ".name", "capitals"),
    ] {
        let (at, message) = refused(check.clone());
        assert_eq!(at, format!("preflight[1]{field}"), "{check}: {message}");
        assert!(message.contains(words), "{check}: {message}");
        assert!(!message.contains("hunter2") && !message.contains("a:b"), "{message}");
    }
    let many: Vec<Value> = (0..21).map(|_| json!({ "check": "memory", "free_gb": 1 })).collect();
    let told = problems(&checking(json!(many)));
    assert!(told.len() == 1 && told[0].field == "preflight" && told[0].message.contains("at most 20 fit"), "{told:?}");
    assert_eq!(problems(&checking(json!({ "check": "memory" })))[0].field, "preflight");
}

#[test]
fn dots_keep_a_value_where_it_went_before_and_nowhere_else() {
    let cue = read(&checking(every_kind()));
    let changed = |checks: Value| read_change(&cue, &json!({ "preflight": checks }), NOW);
    let mut dotted = every_kind();
    dotted[1]["headers"]["Authorization"] = json!("••••");
    dotted[2]["env"]["PGPASSWORD"] = json!("••••");
    dotted[5]["postgres"] = json!("••••");
    dotted[1]["status"] = json!(200);
    dotted.as_array_mut().expect("a list").remove(0);
    let kept = changed(dotted.clone()).expect("they are kept").definition;
    assert_eq!(kept.preflight.len(), 10);
    assert_eq!(kept.preflight[1..], cue.preflight[2..]);
    assert_eq!(secret_names(&kept), secret_names(&cue));
    dotted[0]["url"] = json!("https://elsewhere.example/");
    let problems = changed(dotted).expect_err("it would go somewhere else");
    assert_eq!(problems[0].field, "preflight[0].headers.Authorization");
    let same = changed(json!([{ "check": "secret", "name": "OPENAI" }])).expect("a list is replaced whole").definition;
    assert_eq!(same.preflight.len(), 1);
    assert_eq!(read_change(&cue, &json!({ "name": "b" }), NOW).expect("fine").definition.preflight, cue.preflight);
}

/// As for the rest of a cue: refused in whole sentences, or a cue that reads back.
#[test]
fn no_odd_value_does_harm() {
    let odd = [
        json!(null),
        json!(true),
        json!(-1),
        json!(1e300),
        json!(""),
        json!("••••"),
        json!("{{secret:"),
        json!("\0"),
        json!([null]),
        json!({ "": {} }),
    ];
    for (index, check) in every_kind().as_array().expect("a list").iter().enumerate() {
        for field in check.as_object().expect("an object").keys() {
            for value in &odd {
                let mut changed = every_kind();
                changed[index][field] = value.clone();
                match read_new(&checking(changed), NOW) {
                    Ok(cue) => {
                        let again = read_new(&write(&cue.definition), NOW).map(|again| again.definition);
                        assert_eq!(again, Ok(cue.definition), "{value} at {index} {field}");
                    }
                    Err(problems) => {
                        assert!(
                            problems.iter().all(|problem| problem.field.starts_with("preflight[")
                                && problem.message.ends_with(['.', '?'])),
                            "{value} at {index} {field}: {problems:?}"
                        )
                    }
                }
            }
        }
    }
}
