//! A user unit of systemd.

use super::{Guarded, Step};

pub const UNIT: &str = "cuetower.service";

/// Where a package puts its own. One in the user's folder stands before it.
pub const PACKAGED: &str = "/usr/lib/systemd/user/cuetower.service";

/// The unit file. The agents' launchers live in the unit's control group and outlive the tower on purpose: hence
/// `KillMode=process`, and `OOMPolicy=continue`, without which one agent's death for memory would end the tower.
pub fn unit(service: &Guarded) -> String {
    format!(
        "# Written by `cuetowerctl watchdog install`; `cuetowerctl watchdog remove` takes it away.\n{}",
        body(service)
    )
}

/// The one that a package brings along: the tower without a window, on its usual folder.
pub fn packaged() -> String {
    let args = ["serve", "--watchdog", "systemd"].map(str::to_owned).into();
    let service = Guarded { program: "/usr/bin/cuetowerctl".into(), args, window: false };
    format!("# `systemctl --user enable --now cuetower` has it keep the tower up.\n{}", body(&service))
}

fn body(service: &Guarded) -> String {
    let program = service.program.display().to_string();
    let words = std::iter::once(&program).chain(&service.args).map(|word| quoted(word)).collect::<Vec<_>>().join(" ");
    let (after, wanted_by, kind) = if service.window {
        ("PartOf=graphical-session.target\nAfter=graphical-session.target\n", "graphical-session.target", "Type=exec\n")
    } else {
        ("", "default.target", "Type=notify\nNotifyAccess=main\nWatchdogSec=60\nTimeoutStartSec=10min\n")
    };
    format!(
        "[Unit]
Description=Cuetower, the control tower for a fleet of AI agents
StartLimitIntervalSec=0
{after}
[Service]
ExecStart={words}
{kind}Restart=always
RestartSec=2
# Agents outlive the tower, and are taken up again by the next one.
KillMode=process
OOMPolicy=continue
TimeoutStopSec=30
# CUETOWER_VAULT_PASSPHRASE=…, if secrets live in a file. For your eyes only: chmod 600.
EnvironmentFile=-%E/cuetower/env

[Install]
WantedBy={wanted_by}
"
    )
}

/// As the unit's file wants a word that may hold anything.
fn quoted(word: &str) -> String {
    let plain = |letter: char| letter.is_ascii_alphanumeric() || "/._-=:,+@".contains(letter);
    if !word.is_empty() && word.chars().all(plain) {
        return word.to_owned();
    }
    let escaped = word.replace('\\', "\\\\").replace('"', "\\\"").replace('%', "%%").replace('$', "$$");
    format!("\"{}\"", escaped.replace('\n', "\\n"))
}

pub fn install(runs: bool) -> Vec<Step> {
    let mut steps =
        vec![Step::of(&["systemctl", "--user", "daemon-reload"]), Step::of(&["systemctl", "--user", "enable", UNIT])];
    if !runs {
        steps.push(start());
    }
    steps
}

pub fn start() -> Step {
    Step::of(&["systemctl", "--user", "start", UNIT])
}

pub fn remove() -> Vec<Step> {
    vec![
        Step::or_not(&["systemctl", "--user", "disable", UNIT]),
        Step::or_not(&["systemctl", "--user", "daemon-reload"]),
    ]
}

pub fn look() -> Step {
    Step::of(&["systemctl", "--user", "show", UNIT, "--property=ActiveState", "--property=NRestarts"])
}

/// By what [`look`] printed.
pub fn is_up(said: &str) -> bool {
    ["ActiveState=active", "ActiveState=activating", "ActiveState=reloading"]
        .iter()
        .any(|state| said.lines().any(|line| line.trim() == *state))
}

pub fn restarts(said: &str) -> Option<u32> {
    said.lines().find_map(|line| line.trim().strip_prefix("NRestarts="))?.parse().ok()
}

/// Without lingering, the tower ends with the last login.
pub fn hints() -> Vec<String> {
    let user = std::env::var("USER").unwrap_or_default();
    if user.is_empty() || std::path::Path::new("/var/lib/systemd/linger").join(&user).exists() {
        return Vec::new();
    }
    vec![format!("It ends when you log out. So that it does not: `loginctl enable-linger {user}`.")]
}

#[cfg(test)]
mod tests {
    use super::super::example;
    use super::*;

    #[test]
    fn the_unit_starts_exactly_what_was_asked_for() {
        let unit = unit(&example());
        let line = unit.lines().find(|line| line.starts_with("ExecStart=")).unwrap();
        assert_eq!(
            line,
            "ExecStart=\"/opt/cue tower/cuetowerctl\" serve --watchdog systemd --data \"/home/me/50%% & <more>\""
        );
        for line in
            ["Restart=always", "KillMode=process", "OOMPolicy=continue", "WatchdogSec=60", "WantedBy=default.target"]
        {
            assert!(unit.lines().any(|found| found == line), "{line}");
        }
        let window = super::unit(&Guarded { window: true, ..example() });
        assert!(window.contains("WantedBy=graphical-session.target") && !window.contains("WatchdogSec"));
        assert_eq!(quoted("a\"b\\c $HOME"), "\"a\\\"b\\\\c $$HOME\"");
    }

    #[test]
    fn the_system_reads_the_unit_without_a_complaint() {
        let folder = tempfile::tempdir().unwrap();
        let program = std::env::current_exe().unwrap();
        for window in [false, true] {
            let file = folder.path().join(UNIT);
            std::fs::write(&file, unit(&Guarded { program: program.clone(), window, ..example() })).unwrap();
            let verify = std::process::Command::new("systemd-analyze").args(["--user", "verify"]).arg(&file).output();
            // Not every machine that builds has it.
            let Ok(said) = verify else { return };
            let said = String::from_utf8_lossy(&said.stderr).into_owned();
            let about_it: Vec<&str> = said.lines().filter(|line| line.contains("cuetower")).collect();
            assert!(about_it.is_empty(), "{about_it:?}");
        }
    }

    #[test]
    fn whether_it_is_up_is_read_off_what_the_system_says() {
        assert!(is_up("NRestarts=3\nActiveState=active\n") && restarts("NRestarts=3\nActiveState=active\n") == Some(3));
        assert!(!is_up("NRestarts=0\nActiveState=inactive\n") && restarts("").is_none());
    }
}
