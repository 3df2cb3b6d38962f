//! `retention …`: how much of the past is kept, what would go, and what went.

use std::path::PathBuf;

use cuetower_core::sentence::grouped;
use cuetower_engine::desk::wire::{RetentionPass, RetentionView};
use cuetower_engine::retention;
use serde_json::json;

use crate::args::RetentionCommand;
use crate::backup::{count, size};
use crate::owner::Owner;
use crate::presence;
use crate::show::{Zone, say, say_json};
use crate::tower::Options;

pub async fn obey(owner: &Owner, what: Option<RetentionCommand>, as_json: bool) -> Result<(), String> {
    let command = if what.is_some() { "retention_run" } else { "retention" };
    let before: RetentionView = owner.ask("retention", json!({})).await?;
    let view: RetentionView = owner.ask_for_long(command, json!({})).await?;
    if as_json {
        say_json(&json!(view));
        return Ok(());
    }
    let zone = Zone::of_machine();
    let mut lines = rules(&view);
    if what.is_some() && before.last == view.last {
        lines.push(if view.would_go > 0 {
            "Nothing was put away: what is beyond the limits is still needed.".to_owned()
        } else {
            "Nothing was to be put away.".to_owned()
        });
    }
    lines.push(format!(
        "The store has {} and takes {}{}.",
        count(view.runs, "run"),
        size(view.store_bytes),
        room(&view)
    ));
    lines.push(match view.oldest_ms {
        Some(oldest) => format!(
            "Up to {} would go now, the oldest of {}; about {}. What something needs still stays.",
            count(view.would_go, "run"),
            zone.at(oldest),
            size(view.would_free_bytes)
        ),
        None => "Nothing would go now.".to_owned(),
    });
    lines.extend(view.last.as_ref().map(|last| told(last, &zone)));
    if view.running {
        let so_far = view.so_far.as_ref().map_or(0, |pass| pass.runs);
        lines.push(format!("Runs are being put away just now: {} so far.", count(so_far, "run")));
    }
    lines.extend(view.trouble);
    say(&lines.join("\n"));
    Ok(())
}

fn rules(view: &RetentionView) -> Vec<String> {
    let each = |days: Option<u32>, runs: Option<u32>| {
        let days = days.map(|days| format!("of the last {}", count(u64::from(days), "day")));
        let runs = runs.map(|runs| format!("the newest {}", grouped(u64::from(runs))));
        [runs, days].into_iter().flatten().collect::<Vec<_>>().join(" ")
    };
    let of_all = each(view.keep_days, view.keep_runs);
    let mut lines = vec![match (of_all.is_empty(), view.keep_size_mb) {
        (true, None) => {
            "All runs are kept (retention.keep_days, retention.keep_runs and retention.keep_size_mb are 0).".to_owned()
        }
        (true, Some(_)) => "All runs are kept that there is room for.".to_owned(),
        (false, _) => format!("Runs that are kept: {of_all}."),
    }];
    lines.extend(view.keep_size_mb.map(|most| format!("The store takes {} MB at most.", grouped(u64::from(most)))));
    lines.extend(view.own.iter().map(|own| format!("Of {}: {}.", own.cue, each(own.days, own.runs))));
    lines
}

fn room(view: &RetentionView) -> String {
    let free = size(view.free_bytes);
    match (view.free_bytes > 2_000_000, view.gives_back) {
        (false, _) => String::new(),
        (true, true) => format!(", {free} of it free, which goes back to the disk"),
        (true, false) => {
            format!(
                ", {free} of it free, which is used again; `cuetowerctl retention compact` gives it back to the disk"
            )
        }
    }
}

/// "Last: 1,204 runs and 20 due times that never ran put away at 2026-11-22 03:12:40, in 12 s; 48.1 MB are 12.3 MB."
fn told(last: &RetentionPass, zone: &Zone) -> String {
    let never = match last.never_ran {
        0 => String::new(),
        some => format!(" and {} that never ran", count(some, "due time")),
    };
    let needed = match last.needed {
        0 => String::new(),
        some => format!(" {} stayed, because something needs them.", count(some, "run")),
    };
    format!(
        "Last: {}{never} put away at {}, in {} s; the store took {} and took {} then.{needed} Nothing waited longer than {} ms for it.",
        count(last.runs, "run"),
        zone.at(last.ended_ms),
        grouped(u64::try_from((last.ended_ms - last.began_ms) / 1_000).unwrap_or(0)),
        size(last.bytes_before),
        size(last.bytes_after),
        last.slice_ms_most
    )
}

pub fn compact(data: Option<PathBuf>, as_json: bool) -> Result<(), String> {
    let folder = Options { data, ..Options::default() }.folder().map_err(|error| error.to_string())?;
    if presence::is_held(&folder) {
        return Err(format!("A tower runs on {}. Stop it first: nothing can be written meanwhile.", folder.display()));
    }
    let (before, after) =
        retention::compact(&folder).map_err(|error| format!("The store stays as it was: {error}."))?;
    if as_json {
        say_json(&json!({ "bytes_before": before, "bytes_after": after }));
    } else {
        say(&format!("The store took {} and takes {} now.", size(before), size(after)));
    }
    Ok(())
}
