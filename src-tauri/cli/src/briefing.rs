//! `briefing` and `cue answer`: what was missed while the tower was away, and the owner's word about it.

use cuetower_engine::desk::wire::{Board, Briefing, BriefingLine, CueView};
use serde_json::json;

use crate::args::Word;
use crate::owner::Owner;
use crate::show::{Zone, say, say_json, table};

pub async fn obey(owner: &Owner, close: bool, as_json: bool) -> Result<(), String> {
    let briefing: Briefing = owner.ask("briefing", json!({})).await?;
    if close {
        owner.call("briefing_close", &json!({})).await?;
    }
    if as_json {
        say_json(&json!(briefing));
        return Ok(());
    }
    let Some(card) = briefing.card else {
        say("Nothing was missed since you were last told.");
        let board: Board = owner.ask("board", json!({ "from_ms": 0, "to_ms": 1 })).await?;
        let asks = |cue: &&CueView| board.marks.iter().any(|mark| mark.asks && mark.cue_id == cue.id);
        for cue in board.cues.iter().filter(asks) {
            let named = as_argument(&cue.name);
            say(&format!("{} still waits for your word: `cuetowerctl cue answer {named} run|skip`.", cue.name));
        }
        return Ok(());
    };
    let zone = Zone::of_machine();
    say(&format!("{}. {}", card.title, card.sentence));
    for band in &card.bands {
        say(&format!("{} to {}  {}", zone.at(band.from_ms), zone.at(band.to_ms), band.label));
    }
    let row = |line: &BriefingLine| {
        let (oldest, newest) = (zone.at(line.oldest_due_ms), zone.at(line.newest_due_ms));
        [line.cue_name.clone(), line.missed.to_string(), oldest, newest, line.sentence.clone()]
    };
    let rows: Vec<_> = card.lines.iter().map(row).collect();
    say(&table(["CUE", "MISSED", "OLDEST", "NEWEST", ""], &rows));
    for line in card.lines.iter().filter(|line| line.asks.is_some()) {
        say(&format!("`cuetowerctl cue answer {} run|skip` decides.", as_argument(&line.cue_name)));
    }
    Ok(())
}

/// As a shell takes it.
fn as_argument(name: &str) -> String {
    let plain = name.chars().all(|letter| letter.is_alphanumeric() || "-_.".contains(letter));
    if plain { name.to_owned() } else { format!("'{}'", name.replace('\'', "'\\''")) }
}

pub async fn answer(owner: &Owner, named: &str, word: Word, as_json: bool) -> Result<(), String> {
    let cue = owner.cue(named).await?;
    // The board shows what asks, however long ago it was due; a briefing that was closed does not.
    let board: Board = owner.ask("board", json!({ "from_ms": 0, "to_ms": 1 })).await?;
    let asks = board.marks.into_iter().find(|mark| mark.cue_id == cue.id && mark.asks);
    let asks = asks.ok_or_else(|| format!("{} does not wait for your word.", cue.name))?;
    let run = word == Word::Run;
    let request = json!({ "cue_id": cue.id, "occurrence_id": asks.occurrence_id, "run": run });
    owner.call("occurrence_answer", &request).await?;
    if as_json {
        say_json(&json!({ "occurrence_id": asks.occurrence_id, "run": run }));
    } else {
        let done = if run { "runs now" } else { "is skipped" };
        say(&format!("{}, due {}, {done}.", cue.name, Zone::of_machine().at(asks.due_ms)));
    }
    Ok(())
}
