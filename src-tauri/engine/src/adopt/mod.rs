//! The other schedulers of this machine: what is in them, and how a job of theirs is put under `exec`, switched off and
//! brought back. What the texts mean is core's `adopt`; what the owner asks for is `desk::adopt`.
//!
//! Here: what is found (`found`), the programs `crontab` and `systemctl` (`programs`), where a job stands and how that is
//! changed (`places`), what was adopted and what is under way (`kept`).

pub(crate) mod found;
pub(crate) mod kept;
pub(crate) mod places;
mod programs;

use std::path::PathBuf;

use cuetower_core::adopt::{CronKind, Place};

/// Read instead of /etc, by tests.
const ETC: &str = "CUETOWER_ETC";

pub(crate) fn etc() -> PathBuf {
    named(ETC).map_or_else(|| PathBuf::from("/etc"), PathBuf::from)
}

/// Of systemd's user units.
pub(crate) fn user_units() -> Option<PathBuf> {
    let config = named("XDG_CONFIG_HOME").map(PathBuf::from).or_else(|| Some(std::env::home_dir()?.join(".config")));
    Some(config?.join("systemd/user"))
}

/// The user who is asked for is the one whom the tower runs as.
pub(crate) fn place(zone: &str) -> Place {
    let home = std::env::home_dir().map(|home| home.display().to_string()).unwrap_or_default();
    let (uid, user) = whoami();
    let cron = if etc().join("debian_version").exists() { CronKind::Debian } else { CronKind::Cronie };
    Place { zone: zone.to_owned(), home, user, uid, cron }
}

#[cfg(unix)]
fn whoami() -> (u32, String) {
    let uid = nix::unistd::geteuid();
    let user = nix::unistd::User::from_uid(uid).ok().flatten().map(|user| user.name);
    (uid.as_raw(), user.or_else(|| named("USER")).unwrap_or_default())
}

#[cfg(not(unix))]
fn whoami() -> (u32, String) {
    (0, named("USERNAME").unwrap_or_default())
}

fn named(variable: &str) -> Option<String> {
    std::env::var(variable).ok().filter(|value| !value.is_empty())
}
