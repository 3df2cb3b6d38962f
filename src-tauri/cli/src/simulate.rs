//! `schedule simulate`: the days to come, cue by cue and fire by fire.

use std::collections::HashMap;

use cuetower_core::time::length_in_words;
use cuetower_engine::desk::wire::{SimulatedFire, SimulatedLane, Simulation};
use serde_json::{Value, json};

use crate::args::SimulateArgs;
use crate::cues::read_json;
use crate::owner::Owner;
use crate::show::{Zone, say, say_json, table};

/// Fires listed if not all are asked for.
const LISTED: usize = 200;

pub async fn obey(owner: &Owner, args: &SimulateArgs, as_json: bool) -> Result<(), String> {
    let definition: Option<Value> = args.definition.as_deref().map(read_json).transpose()?;
    let cue_id = match &args.cue {
        Some(named) => Some(owner.cue(named).await?.id),
        None => None,
    };
    let mut request = json!({ "days": args.days, "cue_id": cue_id });
    if let Some(definition) = definition {
        request["definition"] = definition;
    }
    if as_json {
        say_json(&owner.call("schedule_simulate", &request).await?);
        return Ok(());
    }
    let simulation: Simulation = owner.ask("schedule_simulate", request).await?;
    say(&told(&simulation, &Zone::of_machine(), if args.all { usize::MAX } else { LISTED }));
    Ok(())
}

fn told(simulation: &Simulation, zone: &Zone, most: usize) -> String {
    let moment = |at_ms| zone.written(at_ms, "%a %-d %b %Y %H:%M");
    if simulation.lanes.is_empty() {
        return "There are no cues that fire. `cuetowerctl cue add FILE` makes one.".to_owned();
    }
    let mut lines = vec![format!("{} to {}, simulated", moment(simulation.from_ms), moment(simulation.to_ms))];
    lines.push(lanes(&simulation.lanes));
    let noted: Vec<String> = simulation.lanes.iter().flat_map(notes).collect();
    if !noted.is_empty() {
        lines.push(String::new());
        lines.extend(noted);
    }
    lines.push(String::new());
    lines.extend(fires(simulation, zone, most));
    lines.join("\n")
}

fn lanes(lanes: &[SimulatedLane]) -> String {
    let row = |lane: &SimulatedLane| {
        [
            lane.cue_name.clone(),
            lane.words.clone(),
            length_in_words(lane.run_ms),
            lane.ran.to_string(),
            lane.waited.to_string(),
            lane.skipped_overlap.to_string(),
            lane.skipped_blackout.to_string(),
            lane.most_at_once.to_string(),
        ]
    };
    let rows: Vec<_> = lanes.iter().map(row).collect();
    table(["CUE", "SCHEDULE", "A RUN", "RAN", "WAITED", "OVERLAP", "BLACKOUT", "AT ONCE"], &rows)
}

fn notes(lane: &SimulatedLane) -> impl Iterator<Item = String> {
    lane.notes.iter().map(|note| format!("{}: {note}", lane.cue_name))
}

/// One line for each fire, under its day.
fn fires(simulation: &Simulation, zone: &Zone, most: usize) -> Vec<String> {
    let names: HashMap<&str, &str> =
        simulation.lanes.iter().map(|lane| (lane.cue_id.as_str(), lane.cue_name.as_str())).collect();
    let widest = names.values().map(|name| name.chars().count()).max().unwrap_or(0);
    let mut lines: Vec<String> = Vec::new();
    let mut today = String::new();
    for fire in simulation.fires.iter().take(most) {
        let day = zone.written(fire.due_ms, "%a %-d %b %Y");
        if day != today {
            lines.push(day.clone());
            today = day;
        }
        let name = names.get(fire.cue_id.as_str()).copied().unwrap_or_default();
        lines.push(
            format!("  {}  {name:widest$}  {}", clock(fire.due_ms, zone), fate(fire, zone)).trim_end().to_owned(),
        );
    }
    let left = simulation.fires.len().saturating_sub(most);
    match (left, simulation.truncated) {
        (0, false) => {}
        (0, true) => lines.push("… and more: these are the first ones.".to_owned()),
        (left, false) => lines.push(format!("… and {left} more; --all lists them.")),
        (left, true) => lines.push(format!("… and more than {left} others; --all lists the first of them.")),
    }
    lines
}

fn clock(at_ms: i64, zone: &Zone) -> String {
    let seconds = at_ms.rem_euclid(60_000) != 0;
    zone.written(at_ms, if seconds { "%H:%M:%S" } else { "%H:%M" })
}

/// What becomes of it, and the reading of the cue's own clock where that is another one.
fn fate(fire: &SimulatedFire, zone: &Zone) -> String {
    let there = (zone.offset_minutes(fire.due_ms) != fire.offset_minutes).then(|| {
        let (minutes, sign) = (fire.offset_minutes.abs(), if fire.offset_minutes < 0 { '-' } else { '+' });
        let reading = (fire.due_ms + i64::from(fire.offset_minutes) * 60_000).div_euclid(60_000).rem_euclid(1_440);
        format!("({:02}:{:02} {sign}{:02}:{:02})", reading / 60, reading % 60, minutes / 60, minutes % 60)
    });
    let end = match (fire.end.as_str(), &fire.reason) {
        ("ran", _) => None,
        ("held", Some(why)) => Some(why.clone()),
        (end, Some(why)) => Some(format!("{end}: {why}")),
        (end, None) => Some(end.to_owned()),
    };
    let by = match fire.triggered_by.as_str() {
        "scheduled" => None,
        "chain" => Some("after another cue".to_owned()),
        "dynamic" => Some("its agent asked for it".to_owned()),
        _ => Some("fired for then".to_owned()),
    };
    [by, end, there].into_iter().flatten().collect::<Vec<_>>().join("  ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fire(due_ms: i64, end: &str, reason: Option<&str>, offset_minutes: i32) -> SimulatedFire {
        SimulatedFire {
            cue_id: "cue_a".to_owned(),
            due_ms,
            triggered_by: "scheduled".to_owned(),
            end: end.to_owned(),
            reason: reason.map(str::to_owned),
            offset_minutes,
        }
    }

    #[test]
    fn fires_stand_under_their_days_with_what_becomes_of_them() {
        let zone = Zone::named("Europe/Berlin");
        // 2026-11-21 22:30 UTC
        let late = 1_795_300_200_000;
        let fires = vec![
            fire(late, "ran", None, 60),
            fire(late + 3_600_000, "skipped", Some("the previous run was still live"), 60),
            fire(late + 7_200_000, "held", Some("waits 30 min behind another run"), -300),
        ];
        let lane = SimulatedLane {
            cue_id: "cue_a".to_owned(),
            cue_name: "leads".to_owned(),
            words: "hourly at :30".to_owned(),
            run_ms: 5_400_000,
            ran: 2,
            skipped_overlap: 1,
            skipped_blackout: 0,
            waited: 1,
            most_at_once: 1,
            notes: vec!["Nothing stands out.".to_owned()],
        };
        let simulation =
            Simulation { from_ms: late, to_ms: late + 86_400_000, lanes: vec![lane], fires, truncated: false };
        let expected = [
            "Sat 21 Nov 2026 23:30 to Sun 22 Nov 2026 23:30, simulated",
            "CUE    SCHEDULE       A RUN       RAN  WAITED  OVERLAP  BLACKOUT  AT ONCE",
            "leads  hourly at :30  1 h 30 min  2    1       1        0         1",
            "",
            "leads: Nothing stands out.",
            "",
            "Sat 21 Nov 2026",
            "  23:30  leads",
            "Sun 22 Nov 2026",
            "  00:30  leads  skipped: the previous run was still live",
            "  01:30  leads  waits 30 min behind another run  (19:30 -05:00)",
        ];
        assert_eq!(told(&simulation, &zone, LISTED).lines().collect::<Vec<_>>(), expected);
        let cut = told(&simulation, &zone, 1);
        assert!(cut.ends_with("  23:30  leads\n… and 2 more; --all lists them."), "{cut}");
    }
}
