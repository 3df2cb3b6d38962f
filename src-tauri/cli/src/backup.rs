//! `backup …` and `restore`: the tower in one file, and back. A backup is made by the running tower; a restore is done where none runs.

use std::path::{Path, PathBuf};

use cuetower_core::sentence::grouped;
use cuetower_engine::backup::{self, Restored, Restoring, take_staged};
use cuetower_engine::desk::wire::{BackupView, Backups};
use cuetower_engine::vault::Vault;
use serde_json::json;
use zeroize::Zeroizing;

use crate::args::{BackupArgs, BackupCommand, RestoreArgs};
use crate::owner::Owner;
use crate::presence;
use crate::secrets::typed;
use crate::show::{Zone, say, say_json, table};
use crate::tower::Options;

/// Of a backup; none of a tower.
const PASSPHRASE_VARIABLE: &str = "CUETOWER_BACKUP_PASSPHRASE";

pub async fn obey(owner: &Owner, args: BackupArgs, as_json: bool) -> Result<(), String> {
    if let Some(BackupCommand::List) = args.what {
        return list(owner, as_json).await;
    }
    // Absolute: the tower was started elsewhere.
    let to = args.file.map(|file| whole(&file)).transpose()?;
    let passphrase = if args.secrets { Some(passphrase("Passphrase for the secrets in it")?) } else { None };
    let request = json!({ "to": to, "passphrase": passphrase.as_ref().map(|passphrase| passphrase.as_str()) });
    let made: BackupView = owner.ask_for_long("backup_make", request).await?;
    if as_json {
        say_json(&json!(made));
        return Ok(());
    }
    let mut lines = vec![format!("The tower is backed up: {}", made.path), told(&made)];
    if !made.sealed && !made.secrets.is_empty() {
        lines.push(format!(
            "The values of its {} stay in this machine's vault; `--secrets` takes them along under a passphrase.",
            count(made.secrets.len() as u64, "secret")
        ));
    }
    say(&lines.join("\n"));
    Ok(())
}

async fn list(owner: &Owner, as_json: bool) -> Result<(), String> {
    let all: Backups = owner.ask("backups", json!({})).await?;
    if as_json {
        say_json(&json!(all));
        return Ok(());
    }
    let zone = Zone::of_machine();
    let row = |view: &BackupView| {
        let secrets = if view.sealed { "with secrets" } else { "" };
        [
            zone.at(view.made_at_ms),
            size(view.bytes),
            grouped(view.cues),
            grouped(view.runs),
            secrets.to_owned(),
            view.path.clone(),
        ]
    };
    let rows: Vec<[String; 6]> = all.backups.iter().map(row).collect();
    let mut lines = Vec::new();
    if rows.is_empty() {
        lines.push(format!("There are no backups in {}.", all.folder));
    } else {
        lines.push(table(["MADE", "SIZE", "CUES", "RUNS", "", "FILE"], &rows));
    }
    lines.push(match (&all.words, all.next_ms) {
        (Some(words), Some(next)) => format!("{words}; the next at {}. {} are kept.", zone.at(next), all.keep),
        _ => "None is made by itself: `cuetowerctl settings set backup.schedule \"30 3 * * *\"`.".to_owned(),
    });
    lines.extend(all.trouble.map(|trouble| format!("The last one that was due is not there: {trouble}")));
    say(&lines.join("\n"));
    Ok(())
}

/// What is in one. No tower is asked.
pub fn show(file: &Path, as_json: bool) -> Result<(), String> {
    let view = BackupView::from(&backup::look(file).map_err(|error| error.to_string())?);
    if as_json {
        say_json(&json!(view));
    } else {
        let secrets = match (view.secrets.is_empty(), view.sealed) {
            (true, _) => "It has no secrets.".to_owned(),
            (false, true) => format!("Secrets, under a passphrase: {}.", view.secrets.join(", ")),
            (false, false) => format!("Secrets by name alone: {}.", view.secrets.join(", ")),
        };
        say(&format!("{} of {}\n{}\n{secrets}", view.program, Zone::of_machine().at(view.made_at_ms), told(&view)));
    }
    Ok(())
}

pub async fn restore(args: RestoreArgs, data: Option<PathBuf>, as_json: bool) -> Result<(), String> {
    let folder = Options { data, ..Options::default() }.folder().map_err(|error| error.to_string())?;
    if presence::is_held(&folder) {
        return Err(format!(
            "A tower runs on {}. Stop it first, or restore from its window: Settings, Backups.",
            folder.display()
        ));
    }
    if folder.join("cuetower.db").exists() && !args.replace {
        return Err(format!(
            "There is a tower in {} already. Choose another folder with --data, or put the backup in its place with --replace; it is kept as before-restore-….db.",
            folder.display()
        ));
    }
    let passphrase = if args.secrets { Some(passphrase("Passphrase of the secrets in it")?) } else { None };
    let restoring = Restoring { backup: &args.file, data_dir: &folder, passphrase, paused: args.paused };
    let restored = backup::restore(restoring).map_err(|error| error.to_string())?;
    take_staged(&folder)
        .map_err(|error| format!("The backup is ready in {}, but it could not be taken: {error}.", folder.display()))?;
    let kept = keep_secrets(&restored, &args, &folder).await?;
    if as_json {
        say_json(&json!({
            "data": folder, "backup": BackupView::from(&restored.seen), "secrets_set": kept, "secrets_closed": restored.closed,
        }));
        return Ok(());
    }
    let mut lines = vec![format!("{} has {} again.", folder.display(), told(&BackupView::from(&restored.seen)))];
    if !kept.is_empty() {
        lines.push(format!("Secrets that are in the vault now: {}.", kept.join(", ")));
    }
    if !restored.closed.is_empty() {
        let (values, come) = if restored.closed.len() == 1 { ("value", "does") } else { ("values", "do") };
        lines.push(format!(
            "Their {values} {come} not come along, and must be in this machine's vault: {}.",
            restored.closed.join(", ")
        ));
    }
    lines.push("What was under way when it was made is taken up as after a crash; what was due since then, as after an absence.".to_owned());
    if args.paused {
        lines.push("Nothing fires until you resume it.".to_owned());
    }
    say(&lines.join("\n"));
    Ok(())
}

async fn keep_secrets(restored: &Restored, args: &RestoreArgs, folder: &Path) -> Result<Vec<String>, String> {
    if restored.secrets.is_empty() {
        return Ok(Vec::new());
    }
    let vault = Vault::open(args.vault.kind(), folder).await;
    for (name, value) in &restored.secrets {
        vault.set(name, value).await.map_err(|error| {
            format!("The tower is restored, but its secret {name} could not be kept: {error} Then restore it again with --replace.")
        })?;
    }
    Ok(restored.names())
}

fn passphrase(asked: &str) -> Result<Zeroizing<String>, String> {
    match std::env::var(PASSPHRASE_VARIABLE) {
        Ok(passphrase) if !passphrase.is_empty() => Ok(Zeroizing::new(passphrase)),
        Ok(_) | Err(_) => typed(asked).map(Zeroizing::new),
    }
}

fn whole(file: &Path) -> Result<PathBuf, String> {
    std::path::absolute(file).map_err(|error| format!("{} could not be found: {error}.", file.display()))
}

/// "12 cues, 1,204 runs, 3.4 MB"
fn told(view: &BackupView) -> String {
    format!("{}, {}, {}", count(view.cues, "cue"), count(view.runs, "run"), size(view.bytes))
}

pub(crate) fn count(number: u64, thing: &str) -> String {
    format!("{} {thing}{}", grouped(number), if number == 1 { "" } else { "s" })
}

pub(crate) fn size(bytes: u64) -> String {
    match bytes {
        0..1_000_000 => format!("{} kB", bytes.div_ceil(1_000)),
        1_000_000..1_000_000_000 => format!("{:.1} MB", bytes as f64 / 1e6),
        _ => format!("{:.1} GB", bytes as f64 / 1e9),
    }
}
