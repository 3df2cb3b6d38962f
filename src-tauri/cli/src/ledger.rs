//! `ledger` and `ledger audit`: every due time and what became of it, and the proof that none is missing.

use std::path::PathBuf;

use cuetower_core::sentence::grouped;
use cuetower_engine::desk::audit::of_stopped_tower;
use cuetower_engine::desk::wire::{Audit, AuditFinding, Ledger, Mark};
use serde_json::json;

use crate::args::LedgerArgs;
use crate::owner::Owner;
use crate::presence;
use crate::show::{Zone, say, say_json, table, verdicts};
use crate::tower::Options;

pub async fn list(owner: &Owner, args: LedgerArgs, as_json: bool) -> Result<(), String> {
    let cue_id = match args.cue {
        // A deleted cue is known by its id alone.
        Some(named) if named.starts_with("cue_") => Some(named),
        Some(named) => Some(owner.cue(&named).await?.id),
        None => None,
    };
    let page: Ledger = owner.ask("ledger", json!({ "cue_id": cue_id, "before_ms": null, "limit": args.limit })).await?;
    if as_json {
        say_json(&json!(page));
        return Ok(());
    }
    if page.marks.is_empty() {
        say("Nothing has been due yet.");
        return Ok(());
    }
    let (cues, zone) = (owner.cues().await?, Zone::of_machine());
    let name =
        |mark: &Mark| cues.iter().find(|cue| cue.id == mark.cue_id).map_or("(deleted)", |cue| &cue.name).to_owned();
    let row = |mark: &Mark| {
        let [end, ..] = verdicts(mark);
        let due = match mark.until_ms {
            Some(until_ms) => format!("{} to {}", zone.at(mark.due_ms), zone.at(until_ms)),
            None => zone.at(mark.due_ms),
        };
        let end = if mark.count > 1 { format!("{} {end}", mark.count) } else { end.to_owned() };
        let reason = mark.scheduled_reason.clone().unwrap_or_default();
        [due, name(mark), mark.triggered_by.clone(), end, reason]
    };
    let rows: Vec<_> = page.marks.iter().map(row).collect();
    say(&table(["DUE", "CUE", "BY", "END", ""], &rows));
    Ok(())
}

/// Of the running tower; of the store itself, where none runs.
pub async fn audit(data: Option<PathBuf>, days: Option<u32>, as_json: bool) -> Result<(), String> {
    let folder = Options { data: data.clone(), ..Options::default() }.folder().map_err(|error| error.to_string())?;
    let found: Audit = if presence::is_held(&folder) {
        Owner::of_tower_on(data)?.ask("ledger_audit", json!({ "days": days })).await?
    } else {
        let found = of_stopped_tower(&folder, days).await;
        found.map_err(|error| format!("The ledger in {} could not be audited: {error}.", folder.display()))?
    };
    if as_json {
        say_json(&json!(found));
    } else {
        let zone = Zone::of_machine();
        found.findings.iter().for_each(|finding| say(&line(finding, &zone)));
        if found.unexplained == 0 {
            say(&sum(&found, &zone));
        }
    }
    if found.unexplained == 0 { Ok(()) } else { Err(sum(&found, &Zone::of_machine())) }
}

fn line(finding: &AuditFinding, zone: &Zone) -> String {
    let AuditFinding { cue_id, cue_name, due_ms, problem } = finding;
    format!("{}  {}  {problem}  {cue_name} ({cue_id})", zone.at(*due_ms), Zone::utc(*due_ms))
}

/// "0 unexplained. 43,200 instants of 12 cues, from 2026-11-01 10:00:00 to 2026-11-21 10:00:00"
fn sum(found: &Audit, zone: &Zone) -> String {
    let from = found.from_ms.map_or_else(|| "the beginning".to_owned(), |from_ms| zone.at(from_ms));
    let (instants, cues) = (counted(found.instants, "instant"), counted(u64::from(found.cues), "cue"));
    format!("{} unexplained. {instants} of {cues}, from {from} to {}", grouped(found.unexplained), zone.at(found.to_ms))
}

fn counted(number: u64, what: &str) -> String {
    format!("{} {what}{}", grouped(number), if number == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sum_is_one_sentence() {
        let found = Audit { cues: 1, instants: 43_200, unexplained: 0, findings: Vec::new(), from_ms: None, to_ms: 0 };
        let said = sum(&found, &Zone::of_machine());
        assert!(said.starts_with("0 unexplained. 43,200 instants of 1 cue, from the beginning to 19"), "{said}");
    }
}
