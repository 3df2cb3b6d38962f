//! The machine: its clock, whether it sleeps by itself, how much a program may have open, and the launcher beside this program.

use std::path::Path;

use cuetower_core::time::length_in_words;

use super::{Finding, said};
use crate::clock::{Clock as _, SystemClock};
use crate::journal::facts;

const CLOCK: &str = "clock";
const ZONE: &str = "time zone";
const SLEEP: &str = "sleep";
const FILES: &str = "open files";
const LAUNCHER: &str = "launcher";
/// A clock that is kept by the network is off by less.
const STEP_MS: u64 = 60_000;
/// Two doors with their connections, the store, and the pipes of a busy fleet.
#[cfg(unix)]
const FILES_WANTED: u64 = 1_024;
#[cfg(unix)]
const FILES_LEAST: u64 = 256;

/// Whether it goes right, and has not been set back since the tower was up.
pub async fn clock(data_dir: &Path) -> Finding {
    let now = SystemClock::new().now();
    let alive_at = facts(data_dir).ok().and_then(|facts| facts.alive_at);
    if let Some(ahead) = alive_at.map(|alive_at| alive_at.since(now)).filter(|ahead| *ahead > STEP_MS) {
        let fact = format!("It was set back: the tower was up {} ahead of what it shows now.", length_in_words(ahead));
        return Finding::bad(CLOCK, fact, keep_right());
    }
    match kept_right().await {
        Some((true, by)) => Finding::good(CLOCK, format!("It is kept right over the network ({by}).")),
        Some((false, by)) => {
            Finding::warn(CLOCK, format!("It is not kept right over the network ({by})."), keep_right())
        }
        None => Finding::warn(
            CLOCK,
            "Nothing on this machine says whether it is kept right over the network.",
            keep_right(),
        ),
    }
}

fn keep_right() -> String {
    match std::env::consts::OS {
        "macos" => "System Settings, General, Date & Time: set it automatically.".to_owned(),
        "windows" => "Settings, Time & language: set the time automatically.".to_owned(),
        _ => {
            "Have it set over the network: `sudo timedatectl set-ntp true` (with systemd-timesyncd), or install chrony."
                .to_owned()
        }
    }
}

/// Whether it is, and who says so.
async fn kept_right() -> Option<(bool, &'static str)> {
    if !cfg!(target_os = "linux") {
        return None;
    }
    if let Some(told) = said("timedatectl", &["show", "--property=NTPSynchronized", "--value"]).await {
        match told.as_str() {
            "yes" => return Some((true, "timedatectl")),
            "no" => return Some((false, "timedatectl")),
            _ => {}
        }
    }
    if Path::new("/run/systemd/timesync/synchronized").exists() {
        return Some((true, "systemd-timesyncd"));
    }
    let told = said("chronyc", &["-n", "tracking"]).await?;
    let leap = told.lines().find_map(|line| line.strip_prefix("Leap status")?.split_once(':'));
    leap.map(|(_, status)| (status.trim() == "Normal", "chrony"))
}

/// `zone`: the machine's own by its IANA name; None: the system does not say.
#[must_use]
pub fn zone(zone: Option<&str>) -> Finding {
    match zone {
        Some(zone) => Finding::good(ZONE, format!("{zone}.")),
        None => Finding::warn(
            ZONE,
            "This machine does not say its time zone, so that cues without one of their own fire by UTC.",
            "Say it: `sudo timedatectl set-timezone Europe/Berlin`, or start the tower with TZ=Europe/Berlin.",
        ),
    }
}

/// Whether it sleeps while nobody uses it, and the tower with it.
pub async fn sleep() -> Finding {
    if !cfg!(target_os = "linux") {
        return Finding::good(SLEEP, "Whether this machine sleeps by itself is not asked on this system.");
    }
    let can = std::fs::read_to_string("/sys/power/state").unwrap_or_default();
    if !can.split_whitespace().any(|state| matches!(state, "mem" | "freeze" | "standby" | "disk")) {
        return Finding::good(SLEEP, "This machine cannot sleep.");
    }
    if said("systemctl", &["is-enabled", "sleep.target"]).await.as_deref() == Some("masked") {
        return Finding::good(SLEEP, "Sleep is switched off on this machine (sleep.target is masked).");
    }
    let idle = said(
        "busctl",
        &[
            "get-property",
            "org.freedesktop.login1",
            "/org/freedesktop/login1",
            "org.freedesktop.login1.Manager",
            "IdleAction",
        ],
    );
    if let Some(action) = idle.await.and_then(|told| Some(told.strip_prefix("s ")?.trim_matches('"').to_owned()))
        && action != "ignore"
    {
        return Finding::warn(
            SLEEP,
            format!(
                "When nobody uses it, this machine does by itself: {action} (logind). What is due meanwhile is missed, and told when it is awake."
            ),
            "IdleAction=ignore in /etc/systemd/logind.conf; or keep it awake: `systemd-inhibit --what=sleep:idle cuetowerctl serve`.",
        );
    }
    let power = "org.gnome.settings-daemon.plugins.power";
    let action = said("gsettings", &["get", power, "sleep-inactive-ac-type"]).await;
    let after = said("gsettings", &["get", power, "sleep-inactive-ac-timeout"]).await;
    let after_s = after.and_then(|told| told.rsplit(' ').next()?.parse::<u64>().ok()).unwrap_or(0);
    match action.as_deref().map(|action| action.trim_matches('\'')) {
        Some("suspend" | "hibernate") if after_s > 0 => Finding::warn(
            SLEEP,
            format!(
                "This machine sleeps when nobody uses it for {}, also on mains power. What is due meanwhile is missed, and told when it is awake.",
                length_in_words(after_s * 1_000)
            ),
            format!("`gsettings set {power} sleep-inactive-ac-type nothing`."),
        ),
        _ => Finding::good(SLEEP, "Nothing that is known here has this machine sleep by itself."),
    }
}

#[cfg(unix)]
#[must_use]
pub fn open_files() -> Finding {
    use nix::sys::resource::{Resource, getrlimit};
    let more = "`ulimit -n 4096` before the tower is started, or LimitNOFILE=4096 in its unit.";
    match getrlimit(Resource::RLIMIT_NOFILE) {
        Ok((soft, _)) if soft < FILES_LEAST => {
            Finding::bad(FILES, format!("A program may have {soft} open, which is too few for a tower."), more)
        }
        Ok((soft, _)) if soft < FILES_WANTED => {
            Finding::warn(FILES, format!("A program may have {soft} open, which is few for a busy fleet."), more)
        }
        Ok((soft, _)) => Finding::good(FILES, format!("A program may have {soft} open.")),
        Err(error) => Finding::warn(FILES, format!("How many a program may have open is not known: {error}."), more),
    }
}

#[cfg(not(unix))]
#[must_use]
pub fn open_files() -> Finding {
    Finding::good(FILES, "This system has no small limit.")
}

/// Every command is started by it.
#[must_use]
pub fn launcher() -> Finding {
    match cuetower_launcher::launcher_path() {
        Ok(path) if path.is_file() => Finding::good(LAUNCHER, format!("{} is there.", path.display())),
        Ok(path) => Finding::bad(
            LAUNCHER,
            format!("{}, which CUETOWER_LAUNCHER names, is not there: no command can be started.", path.display()),
            "Take the variable away, or have it name cuetower-launcher.",
        ),
        Err(why) => Finding::bad(
            LAUNCHER,
            format!("No command can be started: {why}."),
            "Install Cuetower again, with all of its programs in one folder.",
        ),
    }
}
