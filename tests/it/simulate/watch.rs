//! What must hold of every single decision, whatever the world is in. What must hold of a whole life is in `audit`.

use cuetower_core::Ms;
use cuetower_core::cue::Overlap;
use cuetower_core::event::Event;
use cuetower_core::id::RunId;
use cuetower_core::input::{Decision, Input};
use cuetower_core::lane::Lane;
use cuetower_core::occurrence::{End, SkipPolicy, Trigger};
use cuetower_core::run::Verdict;

use super::disk::Fact;
use super::tally::Tally;
use super::time::Time;
use super::world::World;

/// After a gap, a deadline leaves at least this.
const AFTER_GAP_MS: u64 = 5_000;

/// A lane before a decision, as far as it is asked about afterwards.
pub struct Before {
    waited: bool,
    live: usize,
    /// Begins whatever policies say: it went out already, or the owner says so.
    free: bool,
}

impl Before {
    pub fn of(lane: &Lane, input: &Input) -> Before {
        let free =
            matches!(input, Input::Fire(_) | Input::Answer { .. } | Input::WentOut { .. } | Input::Recovered { .. });
        Before { waited: !lane.held.is_empty(), live: live(lane), free }
    }
}

fn live(lane: &Lane) -> usize {
    lane.runs.values().filter(|run| run.is_live()).count()
}

pub fn decided(before: &Before, lane: &Lane, input: &Input, decision: &Decision, now: Ms, firing: bool) {
    if before.free {
        return;
    }
    let cue = &lane.cue;
    let mut wanted = 0;
    for event in &decision.events {
        let Event::RunBegan { run_id, occurrence_id } = event else { continue };
        let run = &lane.runs[run_id];
        // One that waited came due before a clock that was set back.
        assert!(before.waited || run.due <= now, "{occurrence_id} began {} ms early", run.due.since(now));
        if run.trigger.is_wanted() {
            wanted += 1;
            continue;
        }
        assert!(firing, "{occurrence_id} of {} began while all firing is paused, by {input:?}", cue.id);
        for at in [run.due, now] {
            let blackout = cue.definition.schedule.blackout_at(at);
            assert!(blackout.is_none(), "{occurrence_id} began in a blackout ({}), by {input:?}", at.0);
        }
    }
    if matches!(cue.definition.overlap, Overlap::Skip | Overlap::Queue) {
        let (live, most) = (live(lane), lane.at_once(now).max(before.live) + wanted);
        assert!(live <= most, "{} has {live} runs live, {most} may go at once, by {input:?}", cue.id);
    }
}

/// Notes when deadlines begin, and that none strikes early: they count only while the tower is up and the machine awake.
pub fn deadlines(world: &mut World, facts: &[Fact], time: Time) {
    for Fact { at, event, .. } in facts {
        match event {
            Event::AttemptDelivered { run_id, number, deadline: Some(deadline), .. }
            | Event::AttemptExited { run_id, number, deadline: Some(deadline), .. } => {
                let set = (*number, time.counted_ms, deadline.since(*at));
                // The exit of an older attempt moves nothing.
                if world.deadlines.get(run_id).is_none_or(|(newest, ..)| newest <= number) {
                    world.deadlines.insert(run_id.clone(), set);
                }
            }
            Event::RunEnded { run_id, verdict: Verdict::Silent, late: false, .. } => {
                strikes_in_time(run_id, world.deadlines.get(run_id), time);
            }
            _ => {}
        }
    }
}

fn strikes_in_time(run: &RunId, set: Option<&(u32, u64, u64)>, time: Time) {
    let (_, set_at, length) = *set.unwrap_or_else(|| panic!("{run} is silent and had no deadline"));
    let waited = time.counted_ms - set_at;
    assert!(waited >= length, "{run} is silent after {waited} ms awake, its deadline is {length} ms");
    if time.counted_at_gap_ms > set_at {
        let left = time.counted_ms - time.counted_at_gap_ms;
        assert!(left >= length.min(AFTER_GAP_MS), "{run} is silent {left} ms after a gap, its deadline is {length} ms");
    }
}

pub fn count(tally: &mut Tally, facts: &[Fact]) {
    tally.facts += facts.len() as u64;
    for fact in facts {
        match &fact.event {
            Event::OccurrenceArmed { armed, .. } => match &armed.trigger {
                Trigger::Chain { .. } => tally.chained += 1,
                Trigger::Url => tally.from_outside += 1,
                Trigger::Path { .. } => tally.by_files += 1,
                Trigger::Dynamic { .. } => tally.dynamic += 1,
                Trigger::Scheduled | Trigger::ManualFire | Trigger::Replay { .. } => {}
            },
            Event::OccurrenceHeld { asks: true, .. } => tally.asked += 1,
            Event::OccurrenceHeld { asks: false, .. } => tally.queued += 1,
            Event::SpanEnded { .. } => tally.spans += 1,
            Event::OccurrenceEnded { end: End::Skipped { policy: SkipPolicy::Blackout }, .. } => tally.blacked_out += 1,
            Event::OccurrenceEnded { end: End::Skipped { policy: SkipPolicy::TowerPaused }, .. } => {
                tally.tower_paused += 1
            }
            Event::OccurrenceEnded { end: End::Coalesced { .. }, .. } => tally.coalesced += 1,
            Event::OccurrenceEnded { end: End::Missed { .. }, .. } => tally.missed += 1,
            Event::RunEnded { late: true, .. } => tally.late += 1,
            Event::RunEnded { verdict: Verdict::Silent, .. } => tally.silent += 1,
            _ => {}
        }
    }
}
