//! The tower that runs on the folder, and what it says of itself.

use std::path::PathBuf;

use cuetower_core::time::length_in_words;
use cuetower_engine::desk::wire::{TowerHealth, TowerStatus};
use cuetower_engine::doctor::Finding;
use cuetower_engine::notify::NotifyHealth;
use cuetower_engine::vault::VaultHealth;
use serde_json::json;

use crate::owner::Owner;
use crate::presence;
use crate::tower::Options;

const TOWER: &str = "tower";
const HEALTH: &str = "health";
const DOORS: &str = "doors";

pub struct Looked {
    pub finding: Finding,
    pub health: Option<Finding>,
    /// None: no tower holds them.
    pub doors: Option<Finding>,
    pub vault: Option<VaultHealth>,
    pub notifications: Option<NotifyHealth>,
}

impl Looked {
    fn only(finding: Finding) -> Looked {
        Looked { finding, health: None, doors: None, vault: None, notifications: None }
    }
}

pub async fn look(data: Option<PathBuf>) -> Looked {
    let Ok(folder) = Options { data: data.clone(), ..Options::default() }.folder() else {
        return Looked::only(Finding::bad(
            TOWER,
            "This system names no folder for a program's data.",
            "Name one: --data DIR.",
        ));
    };
    if !presence::is_held(&folder) {
        return Looked::only(Finding::good(TOWER, "None runs on this folder; `cuetowerctl serve` starts one."));
    }
    let restart = "Look at its log (logs, in the data folder), and start it again.";
    let asked = async {
        let owner = Owner::of_tower_on(data)?;
        let status: TowerStatus = owner.ask("tower_status", json!({})).await?;
        let health: TowerHealth = owner.ask("tower_health", json!({})).await?;
        Ok::<_, String>((status, health))
    };
    let (status, health) = match asked.await {
        Ok(told) => told,
        Err(why) => {
            let doors = Finding::good(DOORS, "They are the running tower's.");
            return Looked { doors: Some(doors), ..Looked::only(Finding::bad(TOWER, why, restart)) };
        }
    };
    let up = length_in_words(health.uptime_ms);
    let paused = if status.paused { " It is paused: nothing fires until `cuetowerctl resume`." } else { "" };
    let finding = Finding::good(TOWER, format!("Cuetower {} runs for {up}.{paused}", status.version));
    let health = match health.well {
        true => Finding::good(HEALTH, "It can write, and is not behind."),
        false => {
            let why = health.store_trouble.map(|why| format!(" {why}.")).unwrap_or_default();
            let mend =
                "Make room on the disk or mend it; the tower tries again by itself. If its loop hangs, start it again.";
            Finding::bad(HEALTH, format!("{}{why}", health.reasons.join(" ")), mend)
        }
    };
    Looked {
        finding,
        health: Some(health),
        doors: Some(Finding::good(DOORS, format!("Agents report to {}.", status.agents_url))),
        vault: Some(VaultHealth { ok: status.vault.ok, name: status.vault.name, message: status.vault.message }),
        notifications: Some(NotifyHealth {
            ok: status.notifications.ok,
            name: status.notifications.name,
            message: status.notifications.message,
        }),
    }
}

/// The machine's own time zone; None: it does not say.
pub fn zone() -> Option<String> {
    let known = |name: &String| name.parse::<chrono_tz::Tz>().is_ok();
    std::env::var("TZ").ok().filter(known).or_else(|| iana_time_zone::get_timezone().ok().filter(known))
}
