//! What must hold of a world's journal, whatever happened in it.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use cuetower_core::Ms;
use cuetower_core::cue::CueStatus;
use cuetower_core::event::Event;
use cuetower_core::id::{CueId, OccurrenceId, RunId};
use cuetower_core::plan::Plan;
use cuetower_core::run::Verdict;

use super::world::{Fact, World};

pub fn audit(world: &World) {
    let mut cues: BTreeMap<&CueId, Vec<&Fact>> = BTreeMap::new();
    for fact in &world.journal {
        cues.entry(&fact.cue).or_default().push(fact);
    }
    for (cue, facts) in cues {
        every_occurrence_ends_once(cue, &facts);
        no_instant_is_lost_or_doubled(cue, &facts, world.now);
        runs_and_attempts_are_in_order(cue, &facts);
    }
    every_acknowledged_report_is_there(world);
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
                assert!(open.contains(id), "{id} of {cue} was held before it was armed")
            }
            Event::OccurrenceEnded { id, end, .. } => {
                assert!(open.remove(id) && closed.insert(id), "{id} of {cue} ended twice, or unarmed: {end:?}");
            }
            _ => {}
        }
    }
    assert!(open.is_empty(), "{open:?} of {cue} never ended");
}

/// The instants that the schedule says, while the cue was active, are the instants in the ledger.
fn no_instant_is_lost_or_doubled(cue: &CueId, facts: &[&Fact], now: Ms) {
    let mut decided: BTreeMap<Ms, u32> = BTreeMap::new();
    let mut asked: BTreeSet<Ms> = BTreeSet::new();
    let mut held: HashSet<&OccurrenceId> = HashSet::new();
    let mut newest = Ms(i64::MIN);
    let mut plan: Option<Plan> = None;
    let mut active_since: Option<Ms> = None;
    let ask = |plan: &Option<Plan>, since: Option<Ms>, until: Ms, asked: &mut BTreeSet<Ms>| {
        let (Some(plan), Some(since)) = (plan, since) else { return };
        let mut at = since;
        while let Some(due) = plan.next_after(at).filter(|due| *due <= until) {
            asked.insert(due);
            at = due;
        }
    };
    for fact in facts {
        match &fact.event {
            Event::OccurrenceHeld { id, .. } => drop(held.insert(id)),
            // Taken back before it was due, an instant was not decided: the schedule is asked anew.
            Event::OccurrenceEnded { id, due, end }
                if id.is_scheduled() && (!end.is_withdrawn() || *due <= fact.at || held.contains(id)) =>
            {
                *decided.entry(*due).or_default() += 1;
                newest = newest.max(*due);
            }
            Event::CueDefined { definition, .. } => {
                // A clock that was set back had asked for more already.
                ask(&plan, active_since, fact.at.max(newest), &mut asked);
                let first = plan.is_none();
                plan = Plan::of(&definition.schedule).ok();
                if first || active_since.is_some() {
                    active_since = Some(fact.at.max(newest));
                }
            }
            Event::CueStatusChanged { status } => {
                ask(&plan, active_since, fact.at.max(newest), &mut asked);
                active_since = (*status == CueStatus::Active).then(|| fact.at.max(newest));
            }
            _ => {}
        }
    }
    ask(&plan, active_since, now.max(newest), &mut asked);
    let twice: Vec<_> = decided.iter().filter(|(_, times)| **times > 1).collect();
    assert!(twice.is_empty(), "{cue} decided an instant twice: {twice:?}");
    let decided: BTreeSet<Ms> = decided.into_keys().collect();
    let lost: Vec<_> = asked.difference(&decided).take(5).collect();
    assert!(lost.is_empty(), "{cue}: instants vanished: {lost:?}");
    let invented: Vec<_> = decided.difference(&asked).take(5).collect();
    assert!(invented.is_empty(), "{cue}: instants nobody asked for: {invented:?}");
}

fn runs_and_attempts_are_in_order(cue: &CueId, facts: &[&Fact]) {
    let mut latest: HashMap<&RunId, u32> = HashMap::new();
    let mut verdicts: HashMap<&RunId, Verdict> = HashMap::new();
    let mut outcomes: HashSet<(&RunId, u32)> = HashSet::new();
    for fact in facts {
        match &fact.event {
            Event::RunBegan { run_id, .. } => {
                assert!(latest.insert(run_id, 1).is_none(), "{run_id} of {cue} began twice")
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
                    Some(before) => *late && matches!(before, Verdict::Silent | Verdict::Failed),
                };
                assert!(allowed, "{run_id} of {cue} ended as {revised:?}, then as {verdict:?}");
            }
            _ => {}
        }
    }
    for run in latest.keys() {
        assert!(verdicts.contains_key(run), "{run} of {cue} never ended");
    }
}

fn every_acknowledged_report_is_there(world: &World) {
    let recorded: Vec<_> = world
        .journal
        .iter()
        .filter_map(|fact| match &fact.event {
            Event::OutcomeReported { run_id, outcome, .. } => Some((run_id, &**outcome)),
            _ => None,
        })
        .collect();
    for (run, outcome) in &world.acknowledged {
        assert!(recorded.contains(&(run, outcome)), "an acknowledged outcome of {run} is gone: {outcome:?}");
    }
}
