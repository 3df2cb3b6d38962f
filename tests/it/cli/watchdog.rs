//! `cuetowerctl watchdog`, with a stand-in for the system's own program, which writes down what it is told.

use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use cuetower_tests::{Ended, Tower, binary, until};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::process::Command;

const SOON: Duration = Duration::from_secs(30);

/// Says of a unit what `state` holds; fails if `broken` is there.
const SYSTEMCTL: &str = r#"#!/bin/sh
here=$(dirname "$0")
echo "$@" >> "$here/told"
[ -e "$here/broken" ] && { echo "Failed to connect to bus: No medium found" >&2; exit 1; }
case " $* " in *" show "*) cat "$here/state" 2>/dev/null ;; esac
exit 0
"#;

/// A home of its own, and a `systemctl` of its own.
struct Home(TempDir);

impl Home {
    fn new() -> Home {
        let home = Home(tempfile::tempdir().unwrap());
        std::fs::create_dir(home.at("bin")).unwrap();
        std::fs::write(home.at("bin/systemctl"), SYSTEMCTL).unwrap();
        std::fs::set_permissions(home.at("bin/systemctl"), std::fs::Permissions::from_mode(0o755)).unwrap();
        home
    }

    fn at(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn unit(&self) -> PathBuf {
        self.at(".config/systemd/user/cuetower.service")
    }

    async fn watchdog(&self, args: &[&str]) -> Ended {
        let path = format!("{}:{}", self.at("bin").display(), std::env::var("PATH").unwrap());
        let output = Command::new(binary("cuetowerctl"))
            .arg("watchdog")
            .args(args)
            .env("HOME", self.0.path())
            .env_remove("XDG_CONFIG_HOME")
            .env_remove("XDG_DATA_HOME")
            .env("USER", "nobody-in-particular")
            .env("PATH", path)
            .output()
            .await
            .unwrap();
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        Ended { code: output.status.code(), out: text(output.stdout), err: text(output.stderr) }
    }

    /// What the stand-in was told since the last time.
    fn told(&self) -> Vec<String> {
        let told = std::fs::read_to_string(self.at("bin/told")).unwrap_or_default();
        let _ = std::fs::remove_file(self.at("bin/told"));
        told.lines().filter(|line| !line.contains(" show ")).map(|line| line.replace("--user ", "")).collect()
    }
}

fn data(folder: &Path) -> [&str; 2] {
    ["--data", folder.to_str().unwrap()]
}

#[tokio::test]
async fn a_watchdog_is_installed_once_and_removed_again() {
    let home = Home::new();
    let said = home.watchdog(&["status"]).await.good();
    assert_eq!(said, "Nothing keeps the tower up. `cuetowerctl watchdog install` changes that.\n");

    let folder = home.at("my data");
    let [flag, path] = data(&folder);
    let printed = home.watchdog(&["install", "--print", flag, path]).await.good();
    assert!(printed.contains("Restart=always") && !home.unit().exists(), "it only shows it: {printed}");
    let said = home.watchdog(&["install", flag, path, "--", "--vault", "file"]).await.good();
    assert!(said.starts_with(&format!("{} is written.\n", home.unit().display())), "{said}");
    assert!(said.contains("loginctl enable-linger nobody-in-particular"), "{said}");
    assert!(said.ends_with("Undo it with `cuetowerctl watchdog remove`.\n"), "{said}");
    assert_eq!(home.told(), ["daemon-reload", "enable cuetower.service", "start cuetower.service"]);
    let unit = std::fs::read_to_string(home.unit()).unwrap();
    let start = unit.lines().find(|line| line.starts_with("ExecStart=")).unwrap();
    let program = binary("cuetowerctl").canonicalize().unwrap();
    let wanted = format!("ExecStart={} serve --watchdog systemd --data \"{path}\" --vault file", program.display());
    assert_eq!(start, wanted);

    let again = home.watchdog(&["install", flag, path, "--json", "--", "--vault", "file"]).await.good();
    let again: Value = serde_json::from_str(&again).unwrap();
    assert_eq!((&again["written"], &again["by"]), (&false.into(), &"systemd".into()), "{again}");
    let other = home.watchdog(&["install", flag, path]).await.good();
    assert!(other.contains("is written anew."), "{other}");

    std::fs::write(home.at("bin/state"), "NRestarts=2\nActiveState=active\n").unwrap();
    let said = home.watchdog(&["status"]).await.good();
    assert!(
        said.starts_with("systemd keeps the tower up (") && said.ends_with("It was started again 2 times.\n"),
        "{said}"
    );

    home.told();
    let said = home.watchdog(&["remove"]).await.good();
    assert!(said.ends_with("is removed. A tower that runs goes on; nothing starts it again.\n"), "{said}");
    assert_eq!(home.told(), ["disable cuetower.service", "daemon-reload"]);
    assert!(!home.unit().exists());
    assert_eq!(home.watchdog(&["remove"]).await.good(), "There is nothing to remove.\n");
}

#[tokio::test]
async fn a_tower_that_runs_is_not_fought_over_and_a_system_that_refuses_is_named() {
    let (home, tower) = (Home::new(), Tower::start().await);
    let [flag, path] = data(&tower.data);
    let said = home.watchdog(&["install", flag, path]).await.good();
    let pid = tower.pid();
    let wanted = format!(
        "A tower runs already (process {pid}), and is left alone: close it, then `systemctl --user start cuetower.service`."
    );
    assert!(said.contains(&wanted), "{said}");
    assert_eq!(home.told(), ["daemon-reload", "enable cuetower.service"]);

    std::fs::write(home.at("bin/broken"), "").unwrap();
    let refused = home.watchdog(&["install", flag, path]).await;
    assert_eq!(refused.code, Some(1));
    assert!(
        refused.err.contains(
            "the system did not take it: `systemctl --user daemon-reload`: Failed to connect to bus: No medium found."
        ),
        "{}",
        refused.err
    );
    let misread = home.watchdog(&["install", "--", "--vualt", "file"]).await;
    assert!(misread.err.starts_with("The tower could not be started with this:"), "{}", misread.err);
}

/// What the unit's arguments come to: a killed tower that is started again says so, once; one that was stopped does not.
#[tokio::test]
async fn a_tower_that_was_killed_and_is_started_again_by_its_watchdog_says_so() {
    let mut tower = Tower::start_with(None, &["--watchdog", "systemd"], &[]).await;
    let alerts = async |tower: &Tower| {
        let alerts = tower.owner("alerts", &json!({ "limit": 100 })).await;
        alerts["alerts"].as_array().unwrap().clone()
    };
    assert!(alerts(&tower).await.is_empty(), "a first start is nothing");
    tower.stop().await;
    tower.again().await;
    assert!(alerts(&tower).await.is_empty(), "a stop is nothing");
    tower.kill9().await;
    tower.again().await;
    let alert = until("alert", SOON, async || alerts(&tower).await.pop()).await;
    assert_eq!(
        (&alert["kind"], &alert["title"]),
        (&"tower_was_off".into(), &"The tower ended without a word and was started again".into())
    );
    let body = alert["body"].as_str().unwrap();
    assert!(body.starts_with("Its watchdog (systemd) started it again "), "{body}");
}

#[tokio::test]
async fn systemd_is_told_that_the_tower_is_up_and_well_and_no_agent_speaks_for_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("notify");
    let socket = tokio::net::UnixDatagram::bind(&path).unwrap();
    let env = [("NOTIFY_SOCKET", path.to_str().unwrap()), ("WATCHDOG_USEC", "400000")];
    let tower = Tower::start_with(None, &[], &env).await;
    for wanted in ["READY=1", "WATCHDOG=1", "WATCHDOG=1"] {
        let mut heard = [0; 64];
        let length = tokio::time::timeout(SOON, socket.recv(&mut heard)).await.expect("it says so").unwrap();
        assert_eq!(&heard[..length], wanted.as_bytes());
    }
    let cue = json!({ "name": "quiet", "transport": "command", "schedule": { "type": "manual" }, "confirm": "exit_code",
                      "command": { "shell": "test -z \"$NOTIFY_SOCKET$WATCHDOG_USEC\"" }, "retry": { "max_attempts": 1 } });
    let made = tower.owner("cue_create", &json!({ "definition": cue })).await;
    let fired = tower.owner("cue_fire", &json!({ "cue_id": made["id"] })).await;
    let ended = until("end of the run", SOON, async || {
        let story = tower.owner("run_get", &json!({ "run_id": fired["run_id"] })).await;
        Some(story).filter(|story| story["mark"]["ended_at_ms"].is_number())
    });
    assert_eq!(ended.await["state"], "confirmed");
}
