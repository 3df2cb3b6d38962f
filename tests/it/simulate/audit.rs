//! What must hold of a world's journal, whatever happened in it. The ledger itself is `cuetower_core::audit`'s question.

use std::collections::{BTreeMap, HashMap, HashSet};

use cuetower_core::Ms;
use cuetower_core::audit::Audit;
use cuetower_core::cue::{CueDefinition, CueStatus};
use cuetower_core::event::Event;
use cuetower_core::id::{CueId, OccurrenceId, RunId};
use cuetower_core::occurrence::Trigger;
use cuetower_core::run::Verdict;

use super::disk::Fact;
use super::world::World;

pub fn audit(world: &mut World) {
    let mut cues: BTreeMap<&CueId, Vec<&Fact>> = BTreeMap::new();
    for fact in &world.disk.journal {
        cues.entry(&fact.cue).or_default().push(fact);
    }
    let mut instants = 0;
    for (cue, facts) in cues {
        every_occurrence_ends_once(cue, &facts);
        instants += the_ledger_is_gapless(cue, &facts, world.now());
        nothing_scheduled_runs_twice(cue, &facts);
        runs_and_attempts_are_in_order(cue, &facts);
        what_is_to_be_proven_is_looked_at(cue, &facts);
    }
    world.tally.instants += instants;
    every_end_fires_its_followers_once(&world.disk.journal);
    every_acknowledged_report_is_there(world);
    every_exit_is_there(world);
}

fn every_occurrence_ends_once(cue: &CueId, facts: &[&Fact]) {
    let mut open: HashSet<&OccurrenceId> = HashSet::new();
    let mut closed: HashSet<&OccurrenceId> = HashSet::new();
    for fact in facts {
        match &fact.event {
            Event::OccurrenceArmed { armed, .. } => {
                assert!(!closed.contains(&armed.id) && open.insert(&armed.id), "{} of {cue} was armed twice", armed.id);
            }
            Event::OccurrenceHeld { id, .. } => {
                assert!(open.contains(id), "{id} of {cue} was held before it was armed");
            }
            Event::OccurrenceEnded { id, end, .. } => {
                assert!(open.remove(id) && closed.insert(id), "{id} of {cue} ended twice, or unarmed: {end:?}");
            }
            Event::SpanEnded { id, from, to, count, .. } => {
                assert!(closed.insert(id) && from <= to && *count > 0, "{id} of {cue} is no span, or one twice");
            }
            _ => {}
        }
    }
    assert!(open.is_empty(), "{open:?} of {cue} never ended");
}

/// The instants that the schedule says, while the cue was active, are the instants in the ledger.
fn the_ledger_is_gapless(cue: &CueId, facts: &[&Fact], now: Ms) -> u64 {
    let mut audit = Audit::new(cue.clone());
    for fact in facts {
        audit.take(fact.at, &fact.event);
    }
    let audited = audit.finish(now);
    assert_eq!(audited.unexplained, 0, "{cue}: {:?}", audited.findings);
    audited.instants
}

fn nothing_scheduled_runs_twice(cue: &CueId, facts: &[&Fact]) {
    let mut due: HashMap<&OccurrenceId, Ms> = HashMap::new();
    let mut ran: HashSet<Ms> = HashSet::new();
    for fact in facts {
        match &fact.event {
            Event::OccurrenceArmed { armed, .. } if armed.trigger == Trigger::Scheduled => {
                due.insert(&armed.id, armed.due);
            }
            Event::RunBegan { occurrence_id, .. } => {
                if let Some(due) = due.get(occurrence_id) {
                    assert!(ran.insert(*due), "{cue} ran its instant {} twice", due.0);
                }
            }
            _ => {}
        }
    }
}

fn runs_and_attempts_are_in_order(cue: &CueId, facts: &[&Fact]) {
    let mut latest: HashMap<&RunId, u32> = HashMap::new();
    let mut verdicts: HashMap<&RunId, Verdict> = HashMap::new();
    let mut outcomes: HashSet<(&RunId, u32)> = HashSet::new();
    for fact in facts {
        match &fact.event {
            Event::RunBegan { run_id, .. } => {
                assert!(latest.insert(run_id, 1).is_none(), "{run_id} of {cue} began twice");
            }
            Event::AttemptBegan { run_id, number } => {
                assert!(!verdicts.contains_key(run_id), "{run_id} of {cue} went on after its end");
                let before = latest.insert(run_id, *number);
                assert_eq!(before, Some(number - 1), "attempt {number} of {run_id} does not follow the one before");
            }
            Event::OutcomeReported { run_id, number, .. } => {
                assert!(outcomes.insert((run_id, *number)), "two outcomes of attempt {number} of {run_id}");
                assert_eq!(latest.get(run_id), Some(number), "an outcome of an older attempt of {run_id} was taken");
            }
            Event::RunEnded { run_id, verdict, late, .. } => {
                let revised = verdicts.insert(run_id, *verdict);
                let allowed = match revised {
                    None => !late,
                    Some(before) => *late && matches!(before, Verdict::Silent | Verdict::Failed | Verdict::Refuted),
                };
                assert!(allowed, "{run_id} of {cue} ended as {revised:?}, then as {verdict:?}");
            }
            Event::RunVerified { run_id, verdict, .. } => {
                let before = verdicts.insert(run_id, *verdict);
                let called_off = before.is_none_or(Verdict::is_called_off);
                assert!(!called_off, "{run_id} of {cue} was {before:?} when somebody said that it is {verdict:?}");
            }
            Event::EvidenceAdded { run_id, number, .. } => {
                assert!(outcomes.contains(&(run_id, *number)), "evidence for {run_id} of {cue}, which has no outcome");
            }
            _ => {}
        }
    }
    for run in latest.keys() {
        assert!(verdicts.contains_key(run), "{run} of {cue} never ended");
    }
}

/// A run whose cue has checks succeeds only after the tower has looked, is confirmed only if everything held, and does not
/// stay half looked at.
fn what_is_to_be_proven_is_looked_at(cue: &CueId, facts: &[&Fact]) {
    let mut now: Option<&CueDefinition> = None;
    let mut checks: HashMap<&RunId, usize> = HashMap::new();
    let mut looking: HashSet<&RunId> = HashSet::new();
    for fact in facts {
        match &fact.event {
            Event::CueDefined { definition, .. } => now = Some(definition),
            Event::RunBegan { run_id, .. } => {
                checks.insert(run_id, now.map_or(0, |definition| definition.checks.len()));
            }
            Event::ChecksBegan { run_id, .. } => {
                assert!(looking.insert(run_id), "{run_id} of {cue} is looked at twice at once");
            }
            Event::ChecksEnded { run_id, .. } => {
                assert!(looking.remove(run_id), "{run_id} of {cue} was not looked at");
            }
            Event::RunEnded { run_id, verdict, findings, late, .. } => {
                let looked = looking.remove(run_id) || checks[run_id] == 0;
                let shown: Vec<bool> =
                    findings.iter().filter(|finding| finding.look.is_some()).map(|finding| finding.passed).collect();
                // More to show for it may mend what the report lacked; the looks were good before.
                let all = shown.len() == checks[run_id] && shown.iter().all(|passed| *passed);
                assert!(!verdict.is_good() || all, "{run_id} of {cue} is {verdict:?}, and was shown {shown:?}");
                assert!(!verdict.is_good() || looked || *late, "{run_id} of {cue} was not looked at");
            }
            _ => {}
        }
    }
    assert!(looking.is_empty(), "{looking:?} of {cue} are looked at for ever");
}

/// Across lanes: an end of a run, and the occurrences of the cues that fire after it, each once.
fn every_end_fires_its_followers_once(journal: &[Fact]) {
    let mut cues: BTreeMap<&CueId, &CueDefinition> = BTreeMap::new();
    let mut begun: HashMap<&RunId, &CueDefinition> = HashMap::new();
    let mut fired: HashMap<(&CueId, &RunId), i32> = HashMap::new();
    for fact in journal {
        if let Some((run_id, verdict, late, revises)) = bringing_about(&fact.event) {
            let own = begun[run_id];
            let fires = |verdict: Verdict, late: bool| {
                let follows = |(_, cue): &(&&CueId, &&CueDefinition)| {
                    cue.schedule.follows().is_some_and(|(of, on)| *of == fact.cue && on.holds(verdict, late))
                };
                let mut fires: HashSet<CueId> = cues.iter().filter(follows).map(|(id, _)| (*id).clone()).collect();
                fires.extend(own.on_success_fire.clone().filter(|_| verdict.is_good()));
                fires.extend(own.on_failure.fallback.clone().filter(|_| verdict.is_failure() && !late));
                fires
            };
            let already = revises.map(|verdict| fires(verdict, false)).unwrap_or_default();
            for id in fires(verdict, late).difference(&already) {
                if let Some((id, _)) = cues.get_key_value(id) {
                    *fired.entry((*id, run_id)).or_default() += 1;
                }
            }
        }
        match &fact.event {
            Event::CueDefined { definition, .. } => drop(cues.insert(&fact.cue, definition)),
            Event::CueStatusChanged { status: CueStatus::Deleted, .. } => drop(cues.remove(&fact.cue)),
            Event::RunBegan { run_id, .. } => drop(begun.insert(run_id, cues[&fact.cue])),
            Event::OccurrenceArmed { armed, .. } => {
                if let Trigger::Chain { of, .. } | Trigger::Fallback { of, .. } = &armed.trigger {
                    *fired.entry((&fact.cue, of)).or_default() -= 1;
                }
            }
            _ => {}
        }
    }
    for ((cue, of), left) in fired {
        assert_eq!(left, 0, "the end of {of} fired {cue} {left} times too few");
    }
}

/// What the end of a run brings about, it brings about with this fact: how it ended, whether late, and how it had ended when
/// something followed from that already.
fn bringing_about(event: &Event) -> Option<(&RunId, Verdict, bool, Option<Verdict>)> {
    match event {
        Event::RunEnded { run_id, verdict, late, held: false, .. } => Some((run_id, *verdict, *late, None)),
        Event::RunVerified { run_id, verdict, follows: true, revises, .. } => Some((run_id, *verdict, false, *revises)),
        _ => None,
    }
}

/// However often the tower was killed: each process that ended by itself is recorded with its exit code.
fn every_exit_is_there(world: &World) {
    let mut told: HashMap<(&RunId, u32), Option<i32>> = HashMap::new();
    for fact in &world.disk.journal {
        match &fact.event {
            Event::AttemptExited { run_id, number, exit_code, .. }
            | Event::AttemptFailed { run_id, number, exit_code, lost: false, .. }
            | Event::AttemptRestarting { run_id, number, exit_code, .. } => {
                let known = told.entry((run_id, *number)).or_default();
                *known = exit_code.or(*known);
            }
            _ => {}
        }
    }
    for ((run, number), process) in &world.processes {
        if !process.lost && world.lanes.contains_key(&process.cue) {
            let found = told.get(&(run, *number));
            assert_eq!(found, Some(&process.exit_code), "attempt {number} of {run} ended, and that is not recorded");
            assert!(process.forgotten, "what attempt {number} of {run} left behind is still there");
        }
    }
}

fn every_acknowledged_report_is_there(world: &World) {
    let mut recorded: HashMap<&RunId, Vec<_>> = HashMap::new();
    for fact in &world.disk.journal {
        if let Event::OutcomeReported { run_id, outcome, .. } = &fact.event {
            recorded.entry(run_id).or_default().push(&**outcome);
        }
    }
    for (run, outcome) in &world.acknowledged {
        let there = recorded.get(run).is_some_and(|outcomes| outcomes.contains(&outcome));
        assert!(there, "an acknowledged outcome of {run} is gone: {outcome:?}");
    }
}
