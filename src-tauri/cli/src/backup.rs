//! `backup …` and `restore`: the tower in one file, and back. A backup is made by the running tower; a restore is done where none runs.

use std::io::IsTerminal as _;
use std::path::{Path, PathBuf};

use cuetower_core::sentence::grouped;
use cuetower_engine::backup::{self, BackupError, PASSPHRASE_CHARS_MIN, Restored, Restoring, take_staged};
use cuetower_engine::desk::wire::{BackupView, Backups};
use cuetower_engine::vault::Vault;
use serde_json::json;
use zeroize::Zeroizing;

use crate::args::{BackupArgs, BackupCommand, RestoreArgs, VaultWord};
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
    let passphrase = if args.secrets { Some(new_passphrase()?) } else { None };
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
    let (seen, checksum) = backup::checked(file).map_err(|error| error.to_string())?;
    let view = BackupView::from(&seen);
    if as_json {
        let mut shown = json!(view);
        shown["checksum"] = json!(checksum);
        say_json(&shown);
    } else {
        let secrets = match (view.secrets.is_empty(), view.sealed) {
            (true, _) => "It has no secrets.".to_owned(),
            (false, true) => format!("Secrets, under a passphrase: {}.", view.secrets.join(", ")),
            (false, false) => format!("Secrets by name alone: {}.", view.secrets.join(", ")),
        };
        let at = Zone::of_machine().at(view.made_at_ms);
        say(&format!("{} of {at}\n{}\n{secrets}\n{}", view.program, told(&view), sound(checksum)));
    }
    Ok(())
}

fn sound(checksum: bool) -> &'static str {
    if checksum {
        "It was read through, and is as it was made: its checksum fits."
    } else {
        "It carries no checksum, as those of older programs; a byte that changed in it may not be noticed."
    }
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
    let vault = if args.secrets { Some(vault_for(&args, &folder).await?) } else { None };
    let passphrase = if args.secrets { Some(passphrase("Passphrase of the secrets in it", typed)?) } else { None };
    let replaced = folder.join("cuetower.db").exists();
    let restoring = Restoring { backup: &args.file, data_dir: &folder, passphrase, paused: args.paused };
    let restored = backup::restore(restoring).map_err(in_words)?;
    take_staged(&folder)
        .map_err(|error| format!("The backup is ready in {}, but it could not be taken: {error}.", folder.display()))?;
    let kept = match &vault {
        Some(vault) => keep_secrets(&restored, vault).await?,
        None => Vec::new(),
    };
    if as_json {
        say_json(&json!({
            "data": folder, "backup": BackupView::from(&restored.seen), "secrets_set": kept, "secrets_closed": restored.closed,
        }));
        return Ok(());
    }
    let mut lines = vec![format!("{} has {} again.", folder.display(), told(&BackupView::from(&restored.seen)))];
    if replaced {
        lines.push("What was there before is kept beside it, each file as before-restore-….".to_owned());
    }
    if !restored.checksum {
        lines.push(sound(false).replacen("It", "The backup", 1));
    }
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
        lines.push("It is paused: once it is started, nothing fires until `cuetowerctl resume`.".to_owned());
    }
    say(&lines.join("\n"));
    Ok(())
}

/// The vault that takes the secrets. It is asked before anything is changed.
async fn vault_for(args: &RestoreArgs, folder: &Path) -> Result<Vault, String> {
    if matches!(args.vault, VaultWord::Memory) {
        return Err("--vault memory forgets the secrets when this command ends. Use --vault keyring or --vault file, or leave `--secrets` out.".to_owned());
    }
    if !backup::look(&args.file).map_err(in_words)?.manifest.sealed {
        return Err(in_words(BackupError::NothingSealed));
    }
    cuetower_engine::private::folder(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    let vault = Vault::open(args.vault.kind(), folder).await;
    let refused = |error| {
        format!(
            "The vault of this machine cannot take the secrets, so nothing was restored. {error} On a machine without a keyring, --vault file keeps them in an encrypted file under CUETOWER_VAULT_PASSPHRASE; start the tower with the same."
        )
    };
    vault.takes().await.map_err(refused)?;
    Ok(vault)
}

/// Here it is an argument that says whether there is a passphrase.
fn in_words(error: BackupError) -> String {
    match error {
        BackupError::NothingSealed => "The backup carries no secrets. Leave `--secrets` out.".to_owned(),
        error => error.to_string(),
    }
}

async fn keep_secrets(restored: &Restored, vault: &Vault) -> Result<Vec<String>, String> {
    for (name, value) in &restored.secrets {
        vault.set(name, value).await.map_err(|error| {
            format!("The tower is restored, but its secret {name} could not be kept: {error} Then restore once more with --replace (nothing that is kept of before is written over), or set it: `cuetowerctl secret set {name}`.")
        })?;
    }
    Ok(restored.names())
}

fn passphrase(asked: &str, ask: impl FnOnce(&str) -> Result<String, String>) -> Result<Zeroizing<String>, String> {
    match std::env::var(PASSPHRASE_VARIABLE) {
        Ok(passphrase) if !passphrase.is_empty() => Ok(Zeroizing::new(passphrase)),
        Ok(_) | Err(_) => ask(asked).map(Zeroizing::new),
    }
}

fn new_passphrase() -> Result<Zeroizing<String>, String> {
    let words = format!("Passphrase for the secrets in it, {PASSPHRASE_CHARS_MIN} characters at least");
    let by_hand = std::io::stdin().is_terminal();
    passphrase(&words, |words| if by_hand { typed_twice(words, typed) } else { typed(words) })
}

/// A slip of the finger would close the secrets for good.
fn typed_twice(words: &str, mut ask: impl FnMut(&str) -> Result<String, String>) -> Result<String, String> {
    let first = Zeroizing::new(ask(words)?);
    if first.chars().count() < PASSPHRASE_CHARS_MIN {
        return Err(BackupError::ShortPassphrase.to_string());
    }
    let again = Zeroizing::new(ask("The same again")?);
    if first == again {
        Ok(first.to_string())
    } else {
        Err("The two are not the same, so nothing was backed up.".to_owned())
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

#[cfg(test)]
mod tests {
    use super::typed_twice;

    #[test]
    fn a_new_passphrase_is_typed_twice() {
        let answers = |typed: &[&str]| {
            let mut typed = typed.iter().map(|&line| line.to_owned());
            typed_twice("Passphrase", |_| typed.next().ok_or_else(|| "asked once more".to_owned()))
        };
        assert_eq!(answers(&["correct horse", "correct horse"]), Ok("correct horse".to_owned()));
        assert!(answers(&["correct horse", "corect horse"]).unwrap_err().contains("not the same"));
        assert!(answers(&["correct horse"]).is_err(), "once is not enough");
        assert!(answers(&["short"]).unwrap_err().contains("8 characters"));
    }
}
