//! `search`: what is found, kind by kind, with the words that were looked for in brackets.

use cuetower_engine::desk::wire::{SearchFound, SearchHit, SearchKind};
use serde_json::json;

use crate::args::SearchArgs;
use crate::owner::Owner;
use crate::show::{Zone, say, say_json, table, verdicts};

pub async fn obey(owner: &Owner, args: SearchArgs, as_json: bool) -> Result<(), String> {
    let text = args.words.iter().map(|word| as_typed(word)).collect::<Vec<_>>().join(" ");
    let found: SearchFound = owner.ask("search", json!({ "text": text, "limit": args.limit })).await?;
    if as_json {
        say_json(&json!(found));
    } else {
        say(&told(&found, &Zone::of_machine()));
    }
    Ok(())
}

/// A word that the shell kept together because it was quoted is a phrase.
fn as_typed(word: &str) -> String {
    let spaced = word.contains(char::is_whitespace) && !word.contains('"');
    match word.split_once(':') {
        _ if !spaced => word.to_owned(),
        Some((name, value)) if !name.contains(char::is_whitespace) => format!("{name}:\"{value}\""),
        _ => format!("\"{word}\""),
    }
}

fn told(found: &SearchFound, zone: &Zone) -> String {
    let mut parts: Vec<String> = Vec::new();
    let of = |kind: SearchKind| found.hits.iter().filter(move |hit| hit.kind == kind);
    for (kind, head) in [(SearchKind::Cue, "CUE"), (SearchKind::Agent, "AGENT"), (SearchKind::Alert, "ALERT")] {
        let rows: Vec<[String; 3]> = of(kind).map(|hit| [hit.title.clone(), hit.state.clone(), snippet(hit)]).collect();
        if !rows.is_empty() {
            parts.push(table([head, "STATE", ""], &rows));
        }
    }
    let run = |hit: &SearchHit| {
        let [scheduled, delivered, confirmed] =
            hit.mark.as_ref().map(|mark| verdicts(mark).map(str::to_owned)).unwrap_or_default();
        let due = hit.at_ms.map(|at| zone.at(at)).unwrap_or_default();
        [due, hit.title.clone(), scheduled, delivered, confirmed, hit.id.clone(), snippet(hit)]
    };
    let runs: Vec<[String; 7]> = of(SearchKind::Run).map(run).collect();
    if !runs.is_empty() {
        parts.push(table(["DUE", "CUE", "SCHEDULED", "DELIVERED", "CONFIRMED", "RUN", ""], &runs));
    }
    if found.hits.is_empty() {
        parts.push("Nothing is found.".to_owned());
    }
    match (found.searched_until_ms, &found.cursor) {
        (Some(at), _) => {
            parts.push(format!("Runs due before {} were not looked at; add until: to look further back.", zone.at(at)))
        }
        (None, Some(_)) => parts.push("There are more runs; say more, or raise --limit.".to_owned()),
        (None, None) => {}
    }
    if let Some(at) = found.indexed_until_ms {
        parts.push(format!("Runs due before {} are still being read in after the update.", zone.at(at)));
    }
    parts.join("\n\n")
}

fn snippet(hit: &SearchHit) -> String {
    let pieces =
        hit.snippet.iter().map(|piece| if piece.hit { format!("[{}]", piece.text) } else { piece.text.clone() });
    pieces.collect()
}

#[cfg(test)]
mod tests {
    use super::as_typed;

    #[test]
    fn what_the_shell_kept_together_stays_together() {
        let cases = [
            ("timeout", "timeout"),
            ("no rows", "\"no rows\""),
            ("cue:my cue", "cue:\"my cue\""),
            ("is:failed", "is:failed"),
            ("\"as it is\"", "\"as it is\""),
            ("at 08:05 sharp", "\"at 08:05 sharp\""),
        ];
        for (word, typed) in cases {
            assert_eq!(as_typed(word), typed);
        }
    }
}
