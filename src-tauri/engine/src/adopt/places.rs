//! Where a job stands, and how it is put under `exec`, switched off or brought back there: a line of the owner's crontab, or a
//! timer of his. Each change may be asked for again: one that is done already is left as it is.

use std::fs::File;
use std::io::ErrorKind;
use std::path::Path;

use cuetower_core::adopt::crontab::Syntax;
use cuetower_core::adopt::line::{self, Line};

use super::kept::Adoption;
use super::programs::{crontab, systemctl};
use super::user_units;
use crate::desk::wire::AdoptKind;
use crate::private;

/// Copies of the whole crontab, from before each change.
const COPIES: &str = "crontabs";
/// The whole of it as it is to be, while `crontab` reads it.
const WANTED: &str = "crontab.wanted";
const DROP_IN: &str = "50-cuetower.conf";

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stand {
    AsItWas,
    Watched,
    Off,
}

/// # Errors
/// A sentence; nothing is changed then.
pub(crate) async fn put(adoption: &Adoption, stand: Stand, data: &Path, now_ms: i64) -> Result<(), String> {
    match adoption.kind {
        AdoptKind::Crontab => put_line(adoption, stand, data, now_ms).await,
        AdoptKind::UserTimer => put_timer(adoption, stand).await,
        AdoptKind::SystemCrontab | AdoptKind::SystemTimer | AdoptKind::Text => Ok(()),
    }
}

/// The owner's crontab; empty if there is none.
///
/// # Errors
/// A sentence.
pub(crate) async fn own_crontab() -> Result<String, String> {
    let ended = crontab(&["-l"], None).await?;
    if !ended.ok && !ended.err.contains("no crontab for") {
        return Err(format!("Your crontab cannot be read: {}.", ended.err.trim_end_matches('.')));
    }
    let text = if ended.ok { ended.out } else { Vec::new() };
    String::from_utf8(text).map_err(|_| "Your crontab is not UTF-8, and is left alone.".to_owned())
}

async fn put_line(adoption: &Adoption, stand: Stand, data: &Path, now_ms: i64) -> Result<(), String> {
    let before = own_crontab().await?;
    let Some(after) = changed(&before, adoption, stand)? else { return Ok(()) };
    let copies = data.join(COPIES);
    let wanted = data.join(WANTED);
    let kept = private::folder(&copies)
        .and_then(|()| private::write(&copies.join(format!("{now_ms}.txt")), before.as_bytes()))
        .and_then(|()| private::write(&wanted, after.as_bytes()))
        .and_then(|()| File::open(&wanted));
    let file =
        kept.map_err(|error| format!("A copy of your crontab cannot be kept in {}: {error}.", copies.display()))?;
    let ended = crontab(&["-"], Some(file)).await;
    // One that stays is written anew before the next change.
    drop(std::fs::remove_file(&wanted));
    let ended = ended?;
    if !ended.ok {
        return Err(format!("`crontab` did not take the change: {}.", ended.err.trim_end_matches('.')));
    }
    if own_crontab().await?.trim_end() != after.trim_end() {
        return Err("Your crontab is not what was written: somebody else changes it. Look at `crontab -l`.".to_owned());
    }
    Ok(())
}

/// The whole crontab with this one line as it is to be; None if it is so already.
fn changed(text: &str, adoption: &Adoption, stand: Stand) -> Result<Option<String>, String> {
    let id = adoption.cue_id.as_deref().unwrap_or_default();
    let lines: Vec<&str> = text.lines().collect();
    let off = lines.iter().position(|line| line::taken_by(line) == Some(id));
    let watched = lines.iter().position(|line| line::watched_by(line) == Some(id));
    let (at, is) = match (off, watched) {
        (Some(at), _) => (Some(at), Stand::Off),
        (None, Some(at)) => (Some(at), Stand::Watched),
        (None, None) => (lines.iter().position(|line| *line == adoption.text), Stand::AsItWas),
    };
    let shown = cuetower_core::secret::text(&adoption.text);
    let at = at.ok_or_else(|| format!("The line is not in your crontab any more: {shown}"))?;
    if is == stand {
        return Ok(None);
    }
    if is == Stand::Watched && adoption.watched.as_deref() != Some(lines[at]) {
        return Err("The line was changed since it is watched. Take `… exec --cue … -- /bin/sh -c` out of it yourself, or write it as it was.".to_owned());
    }
    let off_from = |line: &str| line.split_once(' ').map(|(_, line)| line.to_owned()).unwrap_or_default();
    let original = if is == Stand::Off { off_from(lines[at]) } else { adoption.text.clone() };
    let line = match stand {
        Stand::AsItWas => original,
        Stand::Off => line::off(&original, id),
        Stand::Watched => adoption.watched.clone().ok_or("It cannot be watched there.")?,
    };
    let mut lines: Vec<String> = lines.into_iter().map(str::to_owned).collect();
    lines[at] = line;
    Ok(Some(lines.join("\n") + "\n"))
}

/// The line under `exec`, with its words as a shell reads them; None if it runs nothing.
pub(crate) fn watched_line(text: &str, exec: &[String], shell: &str) -> Option<String> {
    let words: Vec<String> = exec.iter().map(|word| cuetower_core::adopt::shell_word(word)).collect();
    Line::of(text, Syntax::User).map(|line| line.under(text, &words.join(" "), shell))
}

async fn put_timer(adoption: &Adoption, stand: Stand) -> Result<(), String> {
    let timer = adoption.place.as_str();
    let service = adoption.service.as_deref().ok_or("It starts nothing.")?;
    let folder = user_units().ok_or("Your folder of units is not known.")?.join(format!("{service}.d"));
    let drop_in = folder.join(DROP_IN);
    let (enabled, active) = adoption.timer_was.unwrap_or((true, true));
    match stand {
        Stand::Watched => {
            let text = adoption.watched.as_deref().ok_or("It cannot be watched there.")?;
            let written = std::fs::create_dir_all(&folder).and_then(|()| private::write(&drop_in, text.as_bytes()));
            written.map_err(|error| format!("{} cannot be written: {error}.", drop_in.display()))?;
        }
        Stand::AsItWas | Stand::Off => match std::fs::remove_file(&drop_in) {
            // Empty, unless there are others.
            Ok(()) => drop(std::fs::remove_dir(&folder)),
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            Err(error) => return Err(format!("{} cannot be taken away: {error}.", drop_in.display())),
        },
    }
    told(&["--user", "daemon-reload"]).await?;
    if stand == Stand::Off {
        return told(&["--user", "disable", "--now", timer]).await;
    }
    if enabled {
        told(&["--user", "enable", timer]).await?;
    }
    if active { told(&["--user", "start", timer]).await } else { Ok(()) }
}

async fn told(arguments: &[&str]) -> Result<(), String> {
    let ended = systemctl(arguments).await?;
    if ended.ok {
        Ok(())
    } else {
        Err(format!("`systemctl {}` failed: {}.", arguments.join(" "), ended.err.trim_end_matches('.')))
    }
}

/// Whether a timer of the owner's is enabled, and active.
pub(crate) async fn timer_is(timer: &str) -> Result<(bool, bool), String> {
    let enabled = systemctl(&["--user", "is-enabled", timer]).await?.ok;
    Ok((enabled, systemctl(&["--user", "is-active", timer]).await?.ok))
}

/// Whether a job that only the owner can switch off still stands where it was.
pub(crate) async fn still_there(adoption: &Adoption) -> Result<bool, String> {
    match adoption.kind {
        AdoptKind::SystemCrontab => match std::fs::read_to_string(&adoption.place) {
            Ok(text) => Ok(text.lines().any(|line| line == adoption.text)),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(false),
            Err(error) => Err(format!("{} cannot be read: {error}.", adoption.place)),
        },
        AdoptKind::SystemTimer => {
            let enabled = systemctl(&["is-enabled", &adoption.place]).await?.ok;
            Ok(enabled || systemctl(&["is-active", &adoption.place]).await?.ok)
        }
        AdoptKind::Crontab | AdoptKind::UserTimer | AdoptKind::Text => Ok(false),
    }
}
