//! Tomorrow, simulated: which lanes take part, how long their runs are, and the answer in the words of the owner's door.

use std::collections::HashMap;

use cuetower_core::cue::{CueDefinition, CueStatus};
use cuetower_core::id::CueId;
use cuetower_core::lane::Lane;
use cuetower_core::time::{DAY_MS, MINUTE_MS, length_in_words};
use cuetower_core::tomorrow::{self, Bounds, Fate, Fire, Given, LaneTomorrow};

use super::wire::{DeskError, SimulateRequest, SimulatedFire, SimulatedLane, Simulation};
use super::{Desk, cues, invalid, not_found};
use crate::definition;
use crate::journal::Reader;

const DAYS_MAX: u32 = 366;
/// Cues in one simulation at most.
const CUES_MAX: u32 = 10_000;
/// Where no run has ended well yet.
const RUN_MS: u64 = MINUTE_MS;
/// Of a definition that is not saved as a cue; it never leaves this file.
const UNSAVED: &str = "cue_not_saved";

pub(super) async fn simulate(desk: &Desk, request: SimulateRequest) -> Result<Simulation, DeskError> {
    if !(1..=DAYS_MAX).contains(&request.days) {
        return Err(invalid("days", format!("The days must lie between 1 and {DAYS_MAX}, not {}.", request.days)));
    }
    let now = desk.handle.now();
    let until = now.plus(u64::from(request.days) * DAY_MS);
    let reader = desk.handle.reader();
    let mut taking_part = TakingPart::default();
    match (&request.cue_id, &request.definition) {
        (None, None) => taking_part.everybody(reader).await?,
        (Some(id), None) => {
            let lane = reader.lane(id.clone()).await?.ok_or_else(|| not_found(&format!("cue {id}")))?;
            taking_part.alone(reader, lane).await?;
        }
        (None, Some(json)) => {
            let definition = cues::known(definition::read_new(json, now))?;
            let first = Lane::created(CueId(UNSAVED.to_owned()), definition);
            let lane = Lane::first(now, &first).expect("a definition begins a lane");
            taking_part.alone(reader, lane).await?;
        }
        (Some(id), Some(json)) => {
            let lane = reader.lane(id.clone()).await?.ok_or_else(|| not_found(&format!("cue {id}")))?;
            let definition = cues::known(definition::read_again(&lane.cue.definition, json, now))?;
            taking_part.alone(reader, tomorrow::edited(lane, definition, now)).await?;
        }
    }
    let paused = reader.firing_paused().await?;
    let TakingPart { given, measured } = taking_part;
    let simulated = tokio::task::spawn_blocking(move || {
        let heads = heads(&given, &measured);
        let tomorrow = tomorrow::simulate(given, now, until, Bounds::default());
        answer(&heads, &tomorrow, paused)
    });
    let (lanes, fires, truncated) = simulated.await.map_err(|error| DeskError {
        code: "store".to_owned(),
        message: format!("The simulation broke off: {error}."),
        field: None,
    })?;
    Ok(Simulation { from_ms: now.0, to_ms: until.0, lanes, fires, truncated })
}

/// The lanes of one simulation, with how many runs their length is measured from.
#[derive(Default)]
struct TakingPart {
    given: Vec<Given>,
    measured: Vec<u32>,
}

impl TakingPart {
    /// Every cue that may fire.
    async fn everybody(&mut self, reader: &Reader) -> Result<(), DeskError> {
        let (cues, _) = reader.cues(None, None, CUES_MAX, 0).await?;
        let may_fire = |status| matches!(status, CueStatus::Active | CueStatus::Paused);
        for cue in cues.into_iter().filter(|cue| may_fire(cue.status)) {
            // One that was deleted just now is gone.
            if let Some(lane) = reader.lane(cue.id.0).await? {
                self.take(reader, lane, true).await?;
            }
        }
        Ok(())
    }

    /// One cue, and behind it those that it follows.
    async fn alone(&mut self, reader: &Reader, lane: Lane) -> Result<(), DeskError> {
        let mut followed = follows(&lane.cue.definition);
        self.take(reader, lane, true).await?;
        while let Some(id) = followed.filter(|id| self.given.iter().all(|given| given.lane.cue.id != *id)) {
            let Some(lane) = reader.lane(id.0).await? else { break };
            followed = follows(&lane.cue.definition);
            self.take(reader, lane, false).await?;
        }
        Ok(())
    }

    async fn take(&mut self, reader: &Reader, lane: Lane, shown: bool) -> Result<(), DeskError> {
        let (run_ms, measured) = reader.typical_run_ms(lane.cue.id.0.clone()).await?.unwrap_or((RUN_MS, 0));
        self.given.push(Given { lane, run_ms, shown });
        self.measured.push(measured);
        Ok(())
    }
}

fn follows(definition: &CueDefinition) -> Option<CueId> {
    definition.schedule.follows().map(|(cue, _)| cue.clone())
}

/// What is said of a lane beside what its simulation gave.
struct Head {
    cue_id: String,
    name: String,
    words: String,
    run_ms: u64,
    measured: u32,
    shown: bool,
}

fn heads(given: &[Given], measured: &[u32]) -> Vec<Head> {
    let cues = given.iter().map(|given| &given.lane.cue);
    let names: HashMap<&str, &str> = cues.map(|cue| (cue.id.as_str(), cue.definition.name.as_str())).collect();
    let head = |(given, measured): (&Given, &u32)| {
        let (cue, plan) = (&given.lane.cue, given.lane.plan());
        let words = plan.map(|plan| plan.words_naming(|id| names.get(id).map(|name| (*name).to_owned())));
        Head {
            cue_id: if cue.id.0 == UNSAVED { String::new() } else { cue.id.0.clone() },
            name: cue.definition.name.clone(),
            words: words.unwrap_or_default(),
            run_ms: given.run_ms,
            measured: *measured,
            shown: given.shown,
        }
    };
    given.iter().zip(measured).map(head).collect()
}

fn answer(
    heads: &[Head],
    tomorrow: &tomorrow::Tomorrow,
    paused: bool,
) -> (Vec<SimulatedLane>, Vec<SimulatedFire>, bool) {
    let shown = heads.iter().zip(&tomorrow.lanes).filter(|(head, _)| head.shown);
    let lanes = shown.map(|(head, seen)| lane(head, seen, paused)).collect();
    let fires = tomorrow.fires.iter().map(|one| fire(&heads[one.lane], one)).collect();
    (lanes, fires, tomorrow.truncated)
}

fn lane(head: &Head, seen: &LaneTomorrow, paused: bool) -> SimulatedLane {
    let mut notes = Vec::new();
    if paused && seen.due() > 0 {
        notes.push("All firing is paused now; this comes if you resume it at once.".to_owned());
    }
    notes.extend(seen.notes.iter().cloned());
    if head.measured == 0 && seen.due() > 0 {
        notes.push(format!("No run has ended well yet; a run is taken as {}.", length_in_words(head.run_ms)));
    }
    SimulatedLane {
        cue_id: head.cue_id.clone(),
        cue_name: head.name.clone(),
        words: head.words.clone(),
        run_ms: head.run_ms,
        ran: seen.ran,
        skipped_overlap: seen.skipped_overlap,
        skipped_blackout: seen.skipped_blackout,
        waited: seen.waited,
        most_at_once: seen.most_at_once,
        notes,
    }
}

fn fire(head: &Head, fire: &Fire) -> SimulatedFire {
    let (end, reason) = match &fire.fate {
        Fate::Ran => ("ran", None),
        Fate::Waited { ms } => ("held", Some(format!("waits {} behind another run", length_in_words(*ms)))),
        Fate::Waiting => ("held", Some("still waits at the end of the simulation".to_owned())),
        Fate::DidNotRun(end) => (end.word(), end.reason()),
    };
    SimulatedFire {
        cue_id: head.cue_id.clone(),
        due_ms: fire.due.0,
        triggered_by: fire.triggered_by.to_owned(),
        end: end.to_owned(),
        reason,
        offset_minutes: fire.offset_minutes,
    }
}

#[cfg(test)]
mod tests {
    use cuetower_core::Ms;
    use serde_json::json;

    use super::*;

    #[test]
    fn the_answer_names_what_follows_what_and_how_long_runs_are() {
        let now = Ms(1_795_176_000_000);
        let read = |schedule| {
            let cue =
                json!({ "name": "x", "transport": "command", "command": { "argv": ["true"] }, "schedule": schedule });
            definition::read_new(&cue, now).unwrap().definition
        };
        let hourly = CueDefinition {
            name: "scrape".to_owned(),
            ..read(json!({ "type": "recurring", "cron": "0 * * * *", "timezone": "UTC" }))
        };
        let mut after = read(json!({ "type": "manual", "timezone": "UTC" }));
        after.schedule.kind = cuetower_core::schedule_spec::Kind::After {
            cue: CueId("cue_a".to_owned()),
            on: cuetower_core::schedule_spec::AfterEnd::Confirmed,
        };
        let given = |id: &str, definition, shown| Given {
            lane: Lane::first(now, &Lane::created(CueId(id.to_owned()), definition)).unwrap(),
            run_ms: 90 * MINUTE_MS,
            shown,
        };
        let given = vec![given("cue_a", hourly, false), given(UNSAVED, after, true)];
        let heads = heads(&given, &[0, 0]);
        let tomorrow = tomorrow::simulate(given, now, now.plus(DAY_MS / 2), Bounds::default());
        let (lanes, fires, truncated) = answer(&heads, &tomorrow, true);
        // 13:00, 15:00, 17:00 … end at 14:30, 16:30, …; each run after them is over by then.
        assert_eq!((lanes.len(), lanes[0].cue_id.as_str(), lanes[0].ran, truncated), (1, "", 5, false));
        assert_eq!(lanes[0].words, "after scrape ended well");
        assert!(lanes[0].notes[0].starts_with("All firing is paused"), "{:?}", lanes[0].notes);
        assert_eq!(lanes[0].notes.last().unwrap(), "No run has ended well yet; a run is taken as 1 h 30 min.");
        let due: Vec<i64> = fires.iter().map(|fire| (fire.due_ms - now.0) / 60_000).collect();
        assert_eq!(due, [150, 270, 390, 510, 630]);
        assert!(fires.iter().all(|fire| fire.triggered_by == "chain" && fire.end == "ran"), "{fires:?}");
    }
}
