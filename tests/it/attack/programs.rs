//! Commands and paths: words that would be more than words to a shell, paths that lead elsewhere, and what a started program finds
//! around it that was not meant for it.

use super::wire::asked;
use super::*;

/// A command cue of the owner's that ends with its process.
fn command(name: &str, command: Value) -> Value {
    json!({ "name": name, "transport": "command", "schedule": { "type": "manual" }, "command": command,
            "confirm": "exit_code", "retry": { "max_attempts": 1 } })
}

/// The story of a new command's run, once it ended.
async fn ran(tower: &Tower, cue: &Value) -> Value {
    let made = tower.owner("cue_create", &json!({ "definition": cue })).await;
    let run = fired(tower, made["id"].as_str().unwrap()).await;
    ended(tower, &run).await
}

#[tokio::test(flavor = "multi_thread")]
async fn words_of_a_command_are_words_whatever_is_in_them() {
    let (tower, work) = (Tower::start().await, tempfile::tempdir().unwrap());
    let hostile = [
        "; touch pwned",
        "&& touch pwned",
        "| touch pwned",
        "$(touch pwned)",
        "`touch pwned`",
        "> pwned",
        "a\nb",
        "a\r\nb",
        "--help",
        "-rf",
        "*",
        "~",
        "$HOME",
        "%s",
        "\\",
        "'",
        "\"",
        "",
        " ",
        "\u{202e}x",
        "\u{1b}[2J",
        "{{payload}}",
    ];
    let echo = r#"for word in "$@"; do printf '%s\0' "$word" >> said; done"#;
    let argv: Vec<&str> = ["sh", "-c", echo, "echo"].into_iter().chain(hostile).collect();
    let story = ran(&tower, &command("words", json!({ "argv": argv, "cwd": work.path() }))).await;
    assert_eq!(story["state"], "confirmed", "{}", story["mark"]["sentence"]);
    let said = std::fs::read_to_string(work.path().join("said")).unwrap();
    let said: Vec<&str> = said.strip_suffix('\0').unwrap().split('\0').collect();
    assert_eq!(said, hostile);
    assert!(!work.path().join("pwned").exists());
}

/// Whoever may fire a cue chooses its payload, and no shell reads it.
#[tokio::test(flavor = "multi_thread")]
async fn a_payload_is_data_to_a_shell() {
    let (tower, work) = (Tower::start().await, tempfile::tempdir().unwrap());
    let script =
        r#"cp "$CUETOWER_PAYLOAD_FILE" got; printf '%s' "$CUEAPI_PAYLOAD" > again; echo "$CUEAPI_CUE_NAME" > name"#;
    let cue = command("$(touch pwned); `touch pwned`", json!({ "shell": script, "cwd": work.path() }));
    let made = tower.owner("cue_create", &json!({ "definition": cue })).await;
    let payload = json!({ "$(touch pwned)": "; touch pwned", "x": "`touch pwned`\n' touch pwned '" });
    let weak = key(&tower, &["cues"]).await;
    let path = format!("/v1/cues/{}/fire", made["id"].as_str().unwrap());
    let (status, fired) =
        speak(&tower, &weak, Method::POST, &path, Some(&json!({ "payload_override": payload }))).await;
    assert!(status < 300, "{fired}");
    let nothing = json!({ "payload_override": { "x": "\u{0}" } });
    let (status, refused) = speak(&tower, &weak, Method::POST, &path, Some(&nothing)).await;
    assert_eq!((status, code(&refused)), (400, "invalid_payload"), "no environment can hold it");
    let story = ended(&tower, fired["id"].as_str().unwrap()).await;
    assert_eq!(story["state"], "confirmed", "{}", story["mark"]["sentence"]);
    let got: Value = serde_json::from_slice(&std::fs::read(work.path().join("got")).unwrap()).unwrap();
    assert_eq!(got, payload);
    assert_eq!(std::fs::read_to_string(work.path().join("name")).unwrap().trim_end(), "$(touch pwned); `touch pwned`");
    assert!(!work.path().join("pwned").exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_no_program_can_be_given_is_told_by_its_field() {
    let tower = Tower::start().await;
    for (bad, field) in [
        (json!({ "argv": ["a\u{0}b"] }), "command.argv[0]"),
        (json!({ "argv": ["true", "x\u{0}y"] }), "command.argv[1]"),
        (json!({ "argv": [] }), "command.argv"),
        (json!({ "argv": [""] }), "command.argv"),
        (json!({ "argv": ["true"], "env": { "A=B": "1" } }), "command.env.A=B"),
        (json!({ "argv": ["true"], "env": { "": "1" } }), "command.env."),
        (json!({ "argv": ["true"], "env": { "A": "x\u{0}y" } }), "command.env.A"),
        (json!({ "argv": ["true"], "cwd": "/tmp\u{0}x" }), "command.cwd"),
        (json!({ "argv": ["true"], "env": { "CUETOWER_TOKEN": "cue_run_forged" } }), "command.env.CUETOWER_TOKEN"),
        (json!({ "argv": ["echo", "{{secret:OPENAI}}"] }), "command.argv[1]"),
        (json!({ "shell": "echo {{secret:OPENAI}}" }), "command.shell"),
        (json!({ "argv": ["true"], "cwd": "/{{secret:OPENAI}}" }), "command.cwd"),
    ] {
        let (status, answer) =
            tower.owner_call("cue_create", &json!({ "definition": command("bad", bad.clone()) })).await;
        assert_eq!((status, answer["field"].as_str()), (422, Some(field)), "{bad}: {answer}");
    }
    for name in ["a\nb", "a\u{0}b", "a\u{1b}[2Jb", "\u{9b}31m", " ", ""] {
        let (status, answer) =
            tower.owner_call("cue_create", &json!({ "definition": command(name, json!({ "argv": ["true"] })) })).await;
        assert_eq!(status, 422, "{name:?}: {answer}");
    }
    assert_eq!(tower.get("/v1/cues").await.1["total"], 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_path_says_from_where_and_a_name_is_no_path() {
    let tower = Tower::start().await;
    for path in
        ["../../../etc/shadow", "etc/shadow", "~root/x", "", "/a\u{0}b", "{{secret:OPENAI}}", "file:///etc/passwd"]
    {
        let check = json!({ "checks": [{ "check": "file", "path": path }] });
        let (status, answer) = tower.post("/v1/cues", &hook("file", NOBODY, check)).await;
        assert_eq!(status, 422, "a check of {path:?}: {answer}");
        let watched = json!({ "schedule": { "type": "manual", "paths": [path] } });
        let (status, answer) = tower.post("/v1/cues", &hook("path", NOBODY, watched)).await;
        assert_eq!(status, 422, "a watch of {path:?}: {answer}");
    }
    // Names that would be paths, in everything that has a name.
    let around = || -> Vec<String> {
        let folder = tower.data.parent().unwrap();
        let entries =
            std::fs::read_dir(folder).unwrap().flatten().map(|entry| entry.file_name().into_string().unwrap());
        entries.filter(|name| name.starts_with("pwned")).collect()
    };
    for name in ["../pwned", "../../pwned", "/tmp/pwned", "..", "pwned\\..\\..\\x"] {
        let mut cue = command(name, json!({ "shell": "echo out; echo err >&2" }));
        cue["agent"] = json!(name);
        let story = ran(&tower, &cue).await;
        assert_eq!(story["attempts"][0]["stdout"], "out\n", "{name}");
        let beat = tower.post("/v1/heartbeats", &json!({ "agent": name, "message": "x" })).await;
        assert_eq!(beat.0, 200, "{name}: {}", beat.1);
        tower.owner_call("pool_set", &json!({ "name": name, "concurrency": 1 })).await;
        tower.owner_call("channel_set", &json!({ "name": name, "kind": "webhook", "url": NOBODY })).await;
    }
    assert_eq!(around(), Vec::<String>::new(), "nothing was written outside of the data folder");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_id_that_is_a_path_names_nothing() {
    let tower = Tower::start().await;
    let token = std::fs::read_to_string(tower.data.join("owner.token")).unwrap().trim().to_owned();
    let bearer = format!("Bearer {}", tower.key);
    for id in
        ["..%2f..%2fowner.token", "%2e%2e%2f%2e%2e%2fetc%2fpasswd", "..%5c..%5cx", "%00", "runs%2f..%2f..%2ftower.key"]
    {
        for target in [
            format!("/v1/executions/{id}"),
            format!("/v1/cues/{id}"),
            format!("/v1/executions/{id}/steps"),
            format!("/ping/{id}"),
        ] {
            let said = asked(&tower.agents, "GET", &target, &[("Authorization", &bearer)], "").await;
            assert!(matches!(said.status, 400 | 404 | 422), "{target}: {} {}", said.status, said.body);
        }
    }
    for id in ["../../owner.token", "/etc/passwd", "..", "runs/../../tower.key"] {
        for command in ["run_get", "run_output", "run_usage", "run_steps", "run_truth", "run_compare"] {
            let request = json!({ "run_id": id, "number": 1, "limit": 10, "from": 0 });
            let (status, answer) = tower.owner_call(command, &request).await;
            assert!(status < 500, "{command} of {id}: {answer}");
            assert!(!answer.to_string().contains(&token) && !answer.to_string().contains("root:"), "{command} of {id}");
        }
    }
    for path in [
        "/../owner.token",
        "/%2e%2e/owner.token",
        "/..%2fowner.token",
        "/assets/../../owner.token",
        "/assets/%2e%2e/%2e%2e/package.json",
        "//etc/passwd",
        "/..\\..\\owner.token",
        "/index.html%00.js",
        "/.env",
        "/.git/config",
    ] {
        let said = asked(&tower.desk, "GET", path, &[], "").await;
        assert_eq!(said.status, 404, "{path}");
        assert!(!said.body.contains(&token) && !said.body.contains("root:"), "{path}");
    }
}

/// What a program of an agent finds in its environment, its open files and the process list.
#[tokio::test(flavor = "multi_thread")]
async fn a_started_program_inherits_nothing_of_the_towers() {
    const PASSPHRASE: &str = "passphrase-of-the-vault";
    const SECRET: &str = "sk-for-its-environment-alone";
    let environment = [("CUETOWER_VAULT_PASSPHRASE", PASSPHRASE)];
    let (tower, work) =
        (Tower::start_with(None, &["--vault", "file"], &environment).await, tempfile::tempdir().unwrap());
    tower.owner("secret_set", &json!({ "name": "OPENAI", "value": SECRET })).await;
    let script = r#"
        env -0 > env
        for fd in /proc/self/fd/*; do readlink "$fd"; done > files
        for pid in /proc/[0-9]*; do tr '\0' ' ' < "$pid/cmdline"; echo; done > processes 2>/dev/null
        exit 0"#;
    let mut cue =
        command("curious", json!({ "shell": script, "cwd": work.path(), "env": { "KEY": "{{secret:OPENAI}}" } }));
    cue["secrets"] = json!(["OPENAI"]);
    let story = ran(&tower, &cue).await;
    assert_eq!(story["state"], "confirmed", "{}", story["mark"]["sentence"]);
    let read = |name: &str| String::from_utf8_lossy(&std::fs::read(work.path().join(name)).unwrap()).into_owned();
    let env = read("env");
    assert!(env.contains(&format!("KEY={SECRET}")), "what it is granted, it has");
    for (what, kept) in [
        ("the passphrase", PASSPHRASE.to_owned()),
        ("the owner's token", owners_token(&tower)),
        ("the owner's key", tower.key.clone()),
    ] {
        assert!(!env.contains(&kept), "{what} is in its environment");
        assert!(!read("processes").contains(&kept), "{what} is in an argument of a process");
    }
    assert!(!read("processes").contains(SECRET), "a secret is in an argument of a process");
    let data = tower.data.display().to_string();
    for file in read("files").lines() {
        let own = file.contains("/runs/");
        assert!(own || !file.contains(&data), "it was left {file}");
        assert!(!file.starts_with("socket:"), "it was left a socket of the tower's");
    }
}
