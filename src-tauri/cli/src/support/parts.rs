//! What is in the bundle, part by part. What cannot be had says why, in its place.

use std::path::{Path, PathBuf};

use cuetower_engine::desk::wire::TowerHealth;
use cuetower_engine::settings::{self, SettingsError};
use cuetower_engine::support::{blotted, facts, log_line, tables};
use cuetower_engine::vault::VaultKind;
use serde_json::{Value, json};

use crate::doctor;
use crate::logs::{self, days};
use crate::owner::Owner;

/// Of the log: the newest days, and of each the end.
const DAYS: usize = 3;
const LINES_MAX: usize = 5_000;
const MIGRATIONS: &str = "the store is";

pub struct Part {
    pub name: String,
    pub about: &'static str,
    pub text: String,
}

fn part(name: &str, about: &'static str, text: String) -> Part {
    Part { name: name.to_owned(), about, text }
}

fn pretty(value: &Value) -> String {
    format!("{value:#}\n")
}

pub async fn all(folder: &Path, data: Option<PathBuf>, vault: VaultKind) -> Vec<Part> {
    let health = match Owner::of_tower_on(data.clone()) {
        Ok(owner) => owner.ask::<TowerHealth>("tower_health", json!({})).await,
        Err(why) => Err(why),
    };
    let findings = doctor::look(folder, data, vault, false).await;
    let files = days(&folder.join(logs::FOLDER));
    let newest = files.iter().skip(files.len().saturating_sub(DAYS));
    let logs: Vec<Part> = newest.filter_map(|path| log(path)).collect();
    let mut parts = vec![
        part("version.json", "the program and the system", pretty(&version())),
        part("doctor.json", "what `cuetowerctl doctor` says", pretty(&json!(findings))),
        part("settings.json", "the tower's settings", pretty(&set(folder))),
        part("store.json", "the store: format, sizes, rows of each table, the schema; no row", pretty(&store(folder))),
        part(
            "migrations.jsonl",
            "when the store was brought up to date, as far as the log goes back",
            migrations(&logs),
        ),
    ];
    let (health, figures) = match health {
        Ok(TowerHealth { figures, well, reasons, uptime_ms, due_lag_ms, store_trouble }) => (
            json!({ "well": well, "reasons": reasons, "uptime_ms": uptime_ms, "due_lag_ms": due_lag_ms, "store_trouble": store_trouble }),
            figures.unwrap_or_else(|| "# The store does not answer.\n".to_owned()),
        ),
        Err(why) => (json!({ "well": null, "reasons": [why] }), "# No tower answers.\n".to_owned()),
    };
    parts.push(part("health.json", "whether the running tower is well", pretty(&health)));
    parts.push(part("metrics.txt", "its figures: counts and sums", figures));
    parts.extend(logs);
    let home = directories::BaseDirs::new().map(|base| base.home_dir().display().to_string());
    for part in &mut parts {
        // Whoever reads it need not learn who wrote it.
        if let Some(home) = home.as_deref().filter(|home| home.len() > 1) {
            part.text = part.text.replace(home, "~");
        }
        // Lines of the log are blotted already, field by field.
        if !part.name.starts_with("logs/") {
            part.text = blotted(&part.text);
        }
    }
    parts
}

fn version() -> Value {
    json!({
        "cuetower": env!("CARGO_PKG_VERSION"),
        "system": std::env::consts::OS,
        "machine": std::env::consts::ARCH,
        "release": release(),
    })
}

/// "Debian GNU/Linux 13 (trixie)"
fn release() -> Option<String> {
    let text = std::fs::read_to_string("/etc/os-release").ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix("PRETTY_NAME="))?;
    Some(line.trim_matches('"').to_owned())
}

/// Of a file that does not fit nothing is quoted.
fn set(folder: &Path) -> Value {
    match settings::load(folder) {
        Ok(now) => {
            let entry = |known: settings::Known| {
                (
                    known.name,
                    json!({ "value": known.value, "default": known.default, "environment": known.environment }),
                )
            };
            settings::all(&now).into_iter().map(entry).collect()
        }
        Err(SettingsError::Unfit { message, .. }) => json!({ "unfit": doctor::place_of(&message) }),
        Err(error) => json!({ "unfit": error.setting() }),
    }
}

fn store(folder: &Path) -> Value {
    let facts = facts(folder).map_err(|error| error.to_string());
    let tables = tables(folder).map_err(|error| error.to_string());
    match (facts, tables) {
        (Ok(facts), Ok((tables, schema))) => json!({ "facts": facts, "tables": tables, "schema": schema }),
        (facts, tables) => json!({ "trouble": facts.err().or(tables.err()) }),
    }
}

fn log(path: &Path) -> Option<Part> {
    let name = path.file_name()?.to_str()?;
    let text = String::from_utf8_lossy(&std::fs::read(path).ok()?).into_owned();
    let all: Vec<&str> = text.lines().collect();
    let mut kept = String::new();
    for line in &all[all.len().saturating_sub(LINES_MAX)..] {
        let told = log_line(line).unwrap_or_else(|| "{\"left_out\":\"no line of the log\"}".to_owned());
        kept.push_str(&told);
        kept.push('\n');
    }
    Some(part(&format!("logs/{name}"), "what the tower itself logged; words of others are left out", kept))
}

fn migrations(logs: &[Part]) -> String {
    let lines = logs.iter().flat_map(|log| log.text.lines());
    lines.filter(|line| line.contains(MIGRATIONS)).map(|line| format!("{line}\n")).collect()
}
