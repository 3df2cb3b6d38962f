//! `connect …`: the profile of CueAPI's command line is written as that reads it, asked for first and kept beside; keys
//! open what they should and no more.

use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use cuetower_tests::{Ended, Home as ClientHome, Package, Tower, binary, finished, send};
use reqwest::Method;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::process::Command;

struct Home(TempDir);

impl Home {
    fn new() -> Home {
        Home(tempfile::tempdir().unwrap())
    }

    fn file(&self) -> PathBuf {
        self.0.path().join(".config/cueapi/credentials.json")
    }

    fn profiles(&self) -> Value {
        serde_json::from_str(&std::fs::read_to_string(self.file()).unwrap()).unwrap()
    }

    fn put(&self, text: &str) {
        std::fs::create_dir_all(self.file().parent().unwrap()).unwrap();
        std::fs::write(self.file(), text).unwrap();
    }

    /// The files beside the profiles.
    fn beside(&self) -> Vec<PathBuf> {
        let all = std::fs::read_dir(self.file().parent().unwrap()).unwrap().map(|entry| entry.unwrap().path());
        all.filter(|path| *path != self.file()).collect()
    }

    fn command(&self, program: impl AsRef<std::ffi::OsStr>) -> Command {
        let mut command = Command::new(program);
        command.env("HOME", self.0.path()).env_remove("XDG_CONFIG_HOME").stdin(Stdio::null());
        for name in ["CUEAPI_API_KEY", "CUEAPI_API_BASE", "CUEAPI_PROFILE"] {
            command.env_remove(name);
        }
        command
    }

    async fn ctl(&self, tower: &Tower, args: &[&str]) -> Ended {
        let mut command = self.command(binary("cuetowerctl"));
        command.arg("--data").arg(&tower.data).args(args);
        finished(command, "").await
    }

    /// On a terminal of its own, where somebody types this.
    async fn at_a_terminal(&self, tower: &Tower, args: &[&str], typed: &str) -> Ended {
        let spawn = "import os, pty, sys; sys.exit(os.waitstatus_to_exitcode(pty.spawn(sys.argv[1:])))";
        let mut command = self.command("python3");
        command.args(["-c", spawn]).arg(binary("cuetowerctl")).arg("--data").arg(&tower.data).args(args);
        finished(command, typed).await
    }
}

fn read(said: &str) -> Value {
    serde_json::from_str(said).unwrap_or_else(|error| panic!("{error} in {said}"))
}

async fn opens(base: &str, key: &str, path: &str) -> u16 {
    send(Method::GET, &format!("{base}{path}"), Some(key), None).await.0
}

fn mode(path: &Path) -> u32 {
    std::fs::metadata(path).unwrap().permissions().mode() & 0o777
}

async fn keys(tower: &Tower, name: &str) -> Vec<Value> {
    let keys = tower.owner("keys", &json!({})).await;
    keys["keys"].as_array().unwrap().iter().filter(|key| key["name"] == name).cloned().collect()
}

#[tokio::test]
async fn a_profile_is_written_with_a_key_that_opens_the_tower_and_writes_no_commands() {
    let (tower, home) = (Tower::start().await, Home::new());
    let said = home.ctl(&tower, &["connect", "cueapi", "--yes"]).await.good();
    let profile = home.profiles()["default"].clone();
    assert_eq!(profile["api_base"], format!("{}/v1", tower.agents));
    assert!(!profile["email"].as_str().unwrap().is_empty(), "`cueapi logout` reads it");
    let key = profile["api_key"].as_str().unwrap();
    assert_eq!(opens(&tower.agents, key, "/v1/cues").await, 200);
    let command = json!({ "name": "c", "transport": "command", "schedule": { "type": "manual" },
                          "command": { "argv": ["true"] } });
    let refused = send(Method::POST, &format!("{}/v1/cues", tower.agents), Some(key), Some(&command)).await;
    assert_eq!(refused.0, 403, "{}", refused.1);
    assert_eq!((mode(&home.file()), home.beside()), (0o600, Vec::new()));
    for word in
        ["cueapi-sdk", "cueapi-worker", "MCP server", "GitHub Action", "clevagent-runner", "To take it back: rm "]
    {
        assert!(said.contains(word), "{word} in {said}");
    }
    assert_eq!(keys(&tower, "cueapi clients").await[0]["scopes"], json!(["cues", "report"]));

    // Again: the key is the one that is there.
    let again = home.ctl(&tower, &["connect", "cueapi", "--json"]).await.good();
    let again = read(&again);
    assert_eq!((&again["written"], &again["key"]["key"]), (&json!(false), &json!(key)));
    assert_eq!(keys(&tower, "cueapi clients").await.len(), 1);
    assert_eq!(home.profiles()["default"], profile);
}

#[tokio::test]
async fn other_profiles_stay_and_what_was_there_can_be_had_back() {
    let (tower, home) = (Tower::start().await, Home::new());
    let before = r#"{"default": {"api_key": "cue_sk_hosted", "email": "me@example.com"}, "work": {"api_key": "w"}}"#;
    home.put(before);
    let done = read(&home.ctl(&tower, &["connect", "cueapi", "--yes", "--json"]).await.good());
    assert_eq!(home.profiles()["work"], json!({ "api_key": "w" }));
    assert_eq!(home.profiles()["default"]["api_base"], format!("{}/v1", tower.agents));
    let backup = PathBuf::from(done["backup"].as_str().unwrap());
    assert_eq!((home.beside(), mode(&backup)), (vec![backup.clone()], 0o600));
    assert_eq!(std::fs::read_to_string(&backup).unwrap(), before);
    let key = done["key"]["key"].as_str().unwrap().to_owned();

    // The line it prints takes everything back.
    let undo = done["undo"].as_str().unwrap();
    let mut shell = home.command("sh");
    let path = std::env::var("PATH").unwrap_or_default();
    shell.args(["-c", undo]).env("PATH", format!("{}:{path}", binary("cuetowerctl").parent().unwrap().display()));
    finished(shell, "").await.good();
    assert_eq!(std::fs::read_to_string(home.file()).unwrap(), before);
    assert_eq!(opens(&tower.agents, &key, "/v1/cues").await, 401);
    assert!(keys(&tower, "cueapi clients").await.is_empty() && home.beside().is_empty());
}

#[tokio::test]
async fn a_profile_of_another_name_leaves_the_default_alone() {
    let (tower, home) = (Tower::start().await, Home::new());
    let said = home.ctl(&tower, &["connect", "cueapi", "--yes", "--profile", "tower"]).await.good();
    assert!(said.contains("export CUEAPI_PROFILE=tower"), "{said}");
    let names: Vec<String> = home.profiles().as_object().unwrap().keys().cloned().collect();
    assert_eq!(names, ["tower"]);
}

#[tokio::test]
async fn without_a_yes_nothing_is_written_and_no_key_is_made() {
    let (tower, home) = (Tower::start().await, Home::new());
    let refused = home.ctl(&tower, &["connect", "cueapi"]).await;
    assert!(refused.code == Some(1) && refused.err.contains("--yes"), "{}", refused.err);
    let before = r#"{"default": {"api_key": "cue_sk_hosted", "email": "me@example.com"}}"#;
    home.put(before);
    let no = home.at_a_terminal(&tower, &["connect", "cueapi"], "n\n").await;
    assert_eq!(no.code, Some(1), "{}", no.out);
    for word in ["points to https://api.cueapi.ai/v1 as me@example.com now", "[y/N]", "Nothing was changed."] {
        assert!(no.out.contains(word), "{word} in {}", no.out);
    }
    assert_eq!(std::fs::read_to_string(home.file()).unwrap(), before);
    assert!(keys(&tower, "cueapi clients").await.is_empty());
    let yes = home.at_a_terminal(&tower, &["connect", "cueapi"], "y\n").await;
    assert_eq!(yes.code, Some(0), "{}", yes.out);
    assert_eq!(home.profiles()["default"]["api_base"], format!("{}/v1", tower.agents));
}

#[tokio::test]
async fn printed_only_it_touches_no_file_and_a_broken_one_is_left_alone() {
    let (tower, home) = (Tower::start().await, Home::new());
    let printed = home.ctl(&tower, &["connect", "cueapi", "--print"]).await.good();
    assert!(printed.contains(&format!("export CUEAPI_API_BASE={}/v1", tower.agents)), "{printed}");
    assert!(!home.file().exists());
    home.put("{\"default\": ");
    let refused = home.ctl(&tower, &["connect", "cueapi", "--yes"]).await;
    assert_eq!(refused.code, Some(1));
    assert!(
        refused.err.contains("credentials.json is no JSON") && refused.err.contains("left alone"),
        "{}",
        refused.err
    );
    assert_eq!(std::fs::read_to_string(home.file()).unwrap(), "{\"default\": ");
    assert_eq!(keys(&tower, "cueapi clients").await.len(), 1, "that of --print alone");
    home.ctl(&tower, &["connect", "cueapi", "--print"]).await.good();
}

#[tokio::test]
async fn clevagents_clients_get_a_key_of_their_own() {
    let (tower, home) = (Tower::start().await, Home::new());
    let done = read(&home.ctl(&tower, &["connect", "clevagent", "--json"]).await.good());
    let key = done["key"]["key"].as_str().unwrap();
    let beat = json!({ "agent": "my-bot", "status": "ok" });
    let heard = send(Method::POST, &format!("{}/api/v1/heartbeat", tower.agents), Some(key), Some(&beat)).await;
    assert_eq!(heard.0, 200, "{}", heard.1);
    let cue = json!({ "name": "c", "transport": "worker", "schedule": { "type": "manual" } });
    let refused = send(Method::POST, &format!("{}/v1/cues", tower.agents), Some(key), Some(&cue)).await;
    assert_eq!(refused.0, 403, "an agent that beats has no cues to make: {}", refused.1);
    let lines = done["clients"].to_string();
    assert!(lines.contains(&format!("--endpoint {} --api-key {key}", tower.agents)), "{lines}");
    assert_eq!(keys(&tower, "clevagent clients").await.len(), 1);
    assert!(!home.file().exists());
    let said = home.ctl(&tower, &["connect", "clevagent"]).await.good();
    assert!(said.contains("clevagent.init(") && said.contains("To take it back: cuetowerctl key rm "), "{said}");
}

#[tokio::test]
async fn cueapis_own_command_line_works_with_nothing_but_the_profile() {
    let tower = Tower::start().await;
    let (package, home) = (Package::installed(include_str!("../clients/pins/cueapi.txt")).await, ClientHome::new());
    let mut connect = Command::new(binary("cuetowerctl"));
    connect.env("HOME", home.path()).env("XDG_CONFIG_HOME", home.path().join(".config"));
    connect.arg("--data").arg(&tower.data).args(["connect", "cueapi", "--yes"]);
    finished(connect, "").await.good();
    let cueapi = async |args: &[&str]| {
        let mut command = package.program("cueapi", &home);
        command.args(args);
        finished(command, "").await.good()
    };
    let me = cueapi(&["whoami"]).await;
    assert!(me.contains(&format!("{}/v1", tower.agents)), "{me}");
    cueapi(&["create", "--name", "from-there", "--cron", "0 9 * * *", "--url", "https://agent.example/run"]).await;
    assert!(tower.ctl(&["cue", "list"]).await.good().contains("from-there"), "it is the owner's");
    let out = cueapi(&["logout"]).await;
    assert!(out.contains("Removed credentials"), "{out}");
}
