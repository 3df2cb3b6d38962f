//! What must hold of every single decision, whatever the world is in. What must hold of a whole life is in `audit`.

use std::collections::BTreeMap;

use cuetower_core::Ms;
use cuetower_core::cue::{Overlap, Restart};
use cuetower_core::event::Event;
use cuetower_core::expect::Finding;
use cuetower_core::id::{CueId, RunId};
use cuetower_core::input::{Decision, Input};
use cuetower_core::lane::Lane;
use cuetower_core::occurrence::{End, SkipPolicy, Trigger};
use cuetower_core::pool::{HolderKey, Need, PoolBook, PoolEvent};
use cuetower_core::run::{ATTEMPTS_KEPT, HeldBy, Verdict};

use super::disk::{Fact, apply};
use super::tally::Tally;
use super::time::Time;
use super::world::{Clocked, World};

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
        let free = matches!(
            input,
            Input::Fire(_) | Input::Answer { .. } | Input::WentOut { .. } | Input::Recovered { .. } | Input::Ping(_)
        );
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

/// Notes when deadlines, offers, leases and budgets begin, and that none strikes early: they count only while the tower is
/// up and the machine awake.
pub fn clocks(world: &mut World, facts: &[Fact], time: Time) {
    for (nth, Fact { cue, at, event }) in facts.iter().enumerate() {
        match event {
            Event::AttemptDelivered { run_id, number, deadline, fuse, .. } => {
                let shown = shown(world, &facts[..nth], cue, run_id, *at);
                begins(&mut world.deadlines, run_id, *number, *deadline, shown, time);
                budget_begins(world, cue, run_id, *number, *fuse, shown, time);
            }
            Event::AttemptExited { run_id, number, deadline, .. } => {
                let shown = shown(world, &facts[..nth], cue, run_id, *at);
                begins(&mut world.deadlines, run_id, *number, *deadline, shown, time);
            }
            Event::AttemptOffered { run_id, number, until } => {
                begins(&mut world.deadlines, run_id, *number, Some(*until), *at, time);
            }
            Event::AttemptClaimed { run_id, number, until, deadline, fuse, .. } => {
                begins(&mut world.deadlines, run_id, *number, *deadline, *at, time);
                begins(&mut world.leases, run_id, *number, Some(*until), *at, time);
                budget_begins(world, cue, run_id, *number, *fuse, *at, time);
            }
            Event::DeadlineMoved { run_id, deadline } => {
                begins_anew(&mut world.deadlines, run_id, *deadline, *at, time)
            }
            Event::LeaseExtended { run_id, until, .. } => begins_anew(&mut world.leases, run_id, *until, *at, time),
            Event::AttemptFailed { run_id, words, lost: false, .. } if words.contains("no sign of life") => {
                world.tally.lapsed += 1;
                strikes_in_time("its lease lapsed", run_id, &world.leases, time);
            }
            Event::AttemptFailed { run_id, words, lost: false, .. } if words.contains("no worker claimed") => {
                world.tally.unclaimed += 1;
                strikes_in_time("nobody claimed it", run_id, &world.deadlines, time);
            }
            Event::RunEnded { run_id, verdict: Verdict::Silent, late: false, .. } => {
                strikes_in_time("it is silent", run_id, &world.deadlines, time);
            }
            Event::RunEnded { run_id, verdict: Verdict::Stopped, findings, .. } if !findings.is_empty() => {
                world.tally.fused += 1;
                strikes_in_time("its budget was spent", run_id, &world.fuses, time);
            }
            _ => {}
        }
    }
}

/// What the run's clocks show at the fact that follows these: while its owner is asked they stand still, and the machine's
/// may be set meanwhile.
fn shown(world: &World, earlier: &[Fact], cue: &CueId, run: &RunId, at: Ms) -> Ms {
    let stands = |lane: &&Lane| lane.runs.get(run).is_some_and(|run| run.stand.is_some());
    // One that begins to stand in this batch does so at this very instant.
    let Some(lane) = world.disk.lanes.get(cue).filter(stands) else { return at };
    let mut lanes = BTreeMap::from([(cue.clone(), lane.clone())]);
    earlier.iter().filter(|fact| fact.cue == *cue).for_each(|fact| apply(&mut lanes, fact));
    lanes[cue].runs.get(run).map_or(at, |run| run.clock(at))
}

fn begins(clocks: &mut Clocked, run: &RunId, number: u32, until: Option<Ms>, at: Ms, time: Time) {
    // Word of an older attempt moves nothing.
    if let Some(until) = until
        && clocks.get(run).is_none_or(|(newest, ..)| *newest <= number)
    {
        clocks.insert(run.clone(), (number, time.counted_ms, until.since(at)));
    }
}

/// After a sign of life; one that only stood still goes on.
fn begins_anew(clocks: &mut Clocked, run: &RunId, until: Ms, at: Ms, time: Time) {
    if let Some((_, began, length)) = clocks.get_mut(run)
        && until.since(at) >= *length
    {
        *began = time.counted_ms;
    }
}

/// A budget begins with the first delivery; that of a long-lived agent with each start.
fn budget_begins(world: &mut World, cue: &CueId, run: &RunId, number: u32, fuse: Option<Ms>, at: Ms, time: Time) {
    let known = world.lanes.get(cue).and_then(|lane| lane.runs.get(run));
    let goes_on = world.fuses.contains_key(run) && known.is_some_and(|run| run.definition.restart() == Restart::Never);
    if !goes_on {
        begins(&mut world.fuses, run, number, fuse, at, time);
    }
}

fn strikes_in_time(what: &str, run: &RunId, clocks: &Clocked, time: Time) {
    let (_, began, length) = *clocks.get(run).unwrap_or_else(|| panic!("{run}: {what}, and no clock of it began"));
    let waited = time.counted_ms - began;
    assert!(waited >= length, "{run}: {what} after {waited} ms awake, and its clock is {length} ms long");
    if time.counted_at_gap_ms > began {
        let left = time.counted_ms - time.counted_at_gap_ms;
        assert!(left >= length.min(AFTER_GAP_MS), "{run}: {what} {left} ms after a gap, its clock is {length} ms long");
    }
}

/// Who asked when, and who got permits when (on the clock that nobody sets).
#[derive(Default)]
pub struct Line {
    asked: Vec<(HolderKey, Vec<Need>, i32)>,
    calls: BTreeMap<String, Vec<u64>>,
}

/// No pool gives more than it has, none gives more calls in a minute than it may, and nobody who waits for one pool only is
/// passed by somebody who asked later and is no more urgent.
pub fn pools(world: &mut World, book: &PoolBook, facts: &[PoolEvent], time: Time) {
    let views = book.pools(time.wall());
    for pool in &views {
        let (in_use, most) = (pool.in_use, pool.limits.concurrency.unwrap_or(u32::MAX));
        assert!(in_use <= u64::from(most), "{in_use} of {most} are in use of {}: {:?}", pool.name, pool.holders);
    }
    for fact in facts {
        match fact {
            PoolEvent::PermitsAwaited { holder, needs, priority, .. } => {
                world.line.asked.push((holder.key(), needs.clone(), *priority));
            }
            PoolEvent::PermitsGranted { holder, needs, .. } => {
                world.tally.granted += 1;
                world.line.granted(&holder.key(), needs);
                for need in needs {
                    let calls = world.line.calls.entry(need.pool.clone()).or_default();
                    calls.retain(|at| time.clocks.elapsed_ms - at < 60_000);
                    calls.push(time.clocks.elapsed_ms);
                    let pool =
                        views.iter().find(|pool| pool.name == need.pool).expect("permits are of pools there are");
                    let most = pool.limits.calls_per_min.unwrap_or(u32::MAX) as usize;
                    assert!(calls.len() <= most, "{} calls in a minute of {}, at most {most}", calls.len(), need.pool);
                }
            }
            PoolEvent::AskWithdrawn { holder } | PoolEvent::LeaseLapsed { holder } => {
                world.line.asked.retain(|(key, ..)| key != holder);
            }
            _ => {}
        }
    }
}

impl Line {
    /// The clock was set while the tower was not there: how long ago it gave its last permits, it cannot know.
    pub fn minute_is_unknown(&mut self) {
        self.calls.clear();
    }

    fn granted(&mut self, to: &HolderKey, needs: &[Need]) {
        let place = self.asked.iter().position(|(key, ..)| key == to);
        let urgency = place.map(|place| self.asked[place].2);
        for (key, waits_for, priority) in &self.asked[..place.unwrap_or(self.asked.len())] {
            let [only] = waits_for.as_slice() else { continue };
            let passed =
                needs.iter().any(|need| need.pool == only.pool) && urgency.is_some_and(|urgency| *priority >= urgency);
            assert!(!passed, "{to:?} passed {key:?}, which waits for {} only and asked first", only.pool);
        }
        if let Some(place) = place {
            self.asked.remove(place);
        }
    }
}

fn is_looked_at(findings: &[Finding]) -> bool {
    findings.iter().any(|finding| finding.look.is_some())
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
                Trigger::Fallback { .. } => tally.fallbacks += 1,
                Trigger::Ping => tally.by_ping += 1,
                Trigger::Scheduled | Trigger::ManualFire | Trigger::Replay { .. } | Trigger::Resume { .. } => {}
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
            Event::AttemptHeld { by: HeldBy::Pool, .. } => tally.held_by_pool += 1,
            Event::AttemptHeld { by: HeldBy::Preflight, .. } => tally.held_by_checks += 1,
            Event::AttemptFailed { words, lost: true, .. } if words.starts_with("given back") => tally.released += 1,
            Event::AttemptRestarting { crash_loop, number, .. } => {
                tally.restarted += 1;
                tally.crash_loops += u64::from(*crash_loop);
                tally.attempts_cut += u64::from(*number as usize > ATTEMPTS_KEPT);
            }
            Event::RestartAsked { .. } => tally.restarts_asked += 1,
            Event::AttemptSteady { .. } => tally.steady += 1,
            Event::ChecksBegan { late, .. } => tally.looked_late += u64::from(*late),
            Event::RunEnded { verdict: Verdict::Confirmed, findings, .. } if is_looked_at(findings) => {
                tally.proven += 1
            }
            Event::RunEnded { verdict: Verdict::Refuted, findings, .. } if is_looked_at(findings) => {
                tally.disproven += 1
            }
            Event::RunEnded { held: true, .. } => tally.held_for_word += 1,
            Event::RunEnded { late: true, .. } => tally.late += 1,
            Event::RunVerified { .. } => tally.verified += 1,
            Event::EvidenceAdded { .. } => tally.shown_later += 1,
            Event::LiveClaimed { .. } => tally.attested += 1,
            Event::RunEnded { verdict: Verdict::Silent, .. } => tally.silent += 1,
            _ => {}
        }
    }
}
