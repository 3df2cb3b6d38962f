//! `clevagent-runner` from PyPI: it beats for what it watches, and does what the owner asks: restart, stop, nothing else.

use std::path::{Path, PathBuf};
use std::process::{Child, Command};
use std::time::Duration;

use cuetower_tests::{Client, Home, Package, Tower, until};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::{Value, json};

const PINS: &str = include_str!("pins/clevagent-runner.txt");
/// It asks for commands every 10 s.
const SOON: Duration = Duration::from_secs(60);

/// A service manager of one service, as the runner calls it: `systemctl restart|stop|is-active [--quiet] NAME`. The service
/// is a real process, its id in a file of the home.
const SYSTEMCTL: &str = r#"#!/bin/sh
verb=$1; [ "$2" = --quiet ] && shift; file="$HOME/$2.pid"
alive() { [ -f "$file" ] && kill -0 "$(cat "$file")" 2>/dev/null; }
case $verb in
  is-active) alive ;;
  stop) alive && kill "$(cat "$file")"; rm -f "$file" ;;
  restart) alive && kill "$(cat "$file")"; sleep 600 </dev/null >/dev/null 2>&1 & echo $! > "$file" ;;
esac
"#;

fn start(package: &Package, home: &Home, tower: &Tower, watch: &[&str]) -> Client {
    let mut command = package.program("clevagent-runner", home);
    command.args(["start", "--endpoint", &tower.agents, "--api-key", &tower.key, "--heartbeat-interval", "1"]);
    command.args(watch.iter().flat_map(|target| ["--watch", target]));
    Client::start(command, home)
}

/// The agent in the owner's list, once this is so.
async fn agent_when(tower: &Tower, name: &str, what: &str, is_so: impl Fn(&Value) -> bool) -> Value {
    until(what, SOON, async || {
        let agents = tower.owner("agents", &json!({})).await;
        let agent = agents["agents"].as_array()?.iter().find(|agent| agent["name"] == name)?.clone();
        is_so(&agent).then_some(agent)
    })
    .await
}

/// The newest command of this agent, once it has ended.
async fn ended(tower: &Tower, name: &str) -> Value {
    let is_over = |agent: &Value| agent["commands"][0]["ended_at_ms"].is_number();
    agent_when(tower, name, "ended command", is_over).await["commands"][0].clone()
}

/// A process that does nothing, known by its id in a file of the home; ended with the test, however that ends.
struct Sleeper(PathBuf);

impl Sleeper {
    fn start(home: &Home, file: &str) -> (Sleeper, Child) {
        let child = Command::new("sleep").arg("600").spawn().unwrap();
        (Sleeper(home.write(file, &child.id().to_string()).into()), child)
    }

    fn file(&self) -> &str {
        self.0.to_str().expect("plain names")
    }
}

impl Drop for Sleeper {
    fn drop(&mut self) {
        let Some(pid) = pid(&self.0) else { return };
        let words = std::fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        if words == b"sleep\x00600\x00" {
            let _ = kill(Pid::from_raw(pid), Signal::SIGKILL);
        }
    }
}

fn pid(path: &Path) -> Option<i32> {
    std::fs::read_to_string(path).ok()?.trim().parse().ok()
}

fn is_gone(pid: i32) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    stat.is_empty() || stat.contains(") Z ")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_is_restarted_and_stopped_from_the_owners_desk() {
    let package = Package::installed(PINS).await;
    let tower = Tower::start().await;
    let home = Home::new();
    let systemctl = home.write("bin/systemctl", SYSTEMCTL);
    std::fs::set_permissions(&systemctl, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    let service = Sleeper(home.path().join("bot.pid"));
    let file = &service.0;
    let runner = start(&package, &home, &tower, &["systemd:bot"]);
    // It is down at first: the runner starts it by itself, and says so.
    let beating = |agent: &Value| agent["runner"] == json!({ "kind": "systemd", "target": "bot" });
    agent_when(&tower, "bot", "agent that appeared by itself", beating).await;
    let first = until("started service", SOON, async || pid(file)).await;

    tower.ctl(&["agents", "restart", "bot"]).await.good();
    let command = ended(&tower, "bot").await;
    assert_eq!((&command["action"], &command["state"]), (&json!("restart"), &json!("completed")), "{command}");
    assert_eq!(command["message"], "Restarted systemd:bot", "{}", runner.said());
    let second = pid(file).unwrap();
    assert!(second != first && is_gone(first) && !is_gone(second));

    tower.owner("agent_command", &json!({ "name": "bot", "account": null, "action": "stop" })).await;
    let stopped =
        |agent: &Value| agent["commands"][0]["action"] == "stop" && agent["commands"][0]["state"] == "completed";
    agent_when(&tower, "bot", "stopped service", stopped).await;
    assert!(is_gone(second));
    let shown = tower.ctl(&["agents"]).await.good();
    assert!(shown.contains("bot"), "{shown}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_process_is_stopped_and_what_cannot_be_done_is_told() {
    let package = Package::installed(PINS).await;
    let tower = Tower::start().await;
    let home = Home::new();
    let (sleeper, mut process) = Sleeper::start(&home, "agent.pid");
    // An agent's name is its target; a path with one dot is kept whole.
    let name = sleeper.file();
    let _runner = start(&package, &home, &tower, &[&format!("process:{name}")]);
    agent_when(&tower, name, "beating agent", |agent| agent["runner"]["kind"] == "process").await;

    tower.ctl(&["agents", "restart", name]).await.good();
    let command = ended(&tower, name).await;
    assert_eq!((&command["action"], &command["state"]), (&json!("restart"), &json!("failed")), "{command}");
    assert!(command["message"].as_str().unwrap().contains("cannot be restarted by runner"), "{command}");

    tower.ctl(&["agents", "stop", name]).await.good();
    let stopped =
        |agent: &Value| agent["commands"][0]["action"] == "stop" && agent["commands"][0]["state"] == "completed";
    agent_when(&tower, name, "stopped process", stopped).await;
    until("end of the process", SOON, async || process.try_wait().unwrap()).await;
}

/// The runner does nothing to what it was not told to watch, and the owner reads that.
#[tokio::test(flavor = "multi_thread")]
async fn a_target_that_is_not_on_the_runners_list_is_rejected() {
    let package = Package::installed(PINS).await;
    let tower = Tower::start().await;
    let home = Home::new();
    let (sleeper, mut bystander) = Sleeper::start(&home, "other.pid");
    // Somebody else's runner, gone by now, had told of it: the agent is known with this target.
    let beat = json!({ "agent": "other", "status": "ok", "restart_type": "process", "restart_target": sleeper.file() });
    let url = format!("{}/api/v1/heartbeat", tower.agents);
    let (status, answer) = cuetower_tests::send(reqwest::Method::POST, &url, Some(&tower.key), Some(&beat)).await;
    assert_eq!(status, 200, "{answer}");
    assert!(answer["agent_id"].is_i64() && answer["status"].is_string(), "{answer}");
    let own = home.write("own.pid", &std::process::id().to_string());
    let runner = start(&package, &home, &tower, &[&format!("process:{own}")]);
    tower.ctl(&["agents", "stop", "other"]).await.good();
    let command = ended(&tower, "other").await;
    assert_eq!((&command["action"], &command["state"]), (&json!("stop"), &json!("rejected")), "{command}");
    assert!(command["message"].as_str().unwrap().contains("not registered with --watch"), "{command}");
    assert!(bystander.try_wait().unwrap().is_none(), "it was left alone: {}", runner.said());
    bystander.kill().unwrap();
    bystander.wait().unwrap();
}
