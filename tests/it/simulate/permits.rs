//! The pools of a simulated world: what runs ask of them and give back, as the engine's pilot does it, and agents that ask
//! for permits of their own, and die with them.

use cuetower_core::event::Event;
use cuetower_core::gate::Fact;
use cuetower_core::id::{CueId, PermitId, RunId};
use cuetower_core::input::Input;
use cuetower_core::pool::{Holder, HolderKey, Need, PoolAnswer, PoolInput, PoolLimits};
use cuetower_core::run::Run;

use super::batch::Work;
use super::luck::Luck;
use super::world::World;

const POOLS: [(&str, PoolLimits); 2] = [
    ("narrow", PoolLimits { concurrency: Some(2), calls_per_min: None, tokens_per_min: None }),
    ("paced", PoolLimits { concurrency: Some(4), calls_per_min: Some(6), tokens_per_min: Some(10_000) }),
];

/// What a cue needs of them, if anything.
pub fn needs(luck: &mut Luck) -> Vec<Need> {
    let need = |luck: &mut Luck, pool: &str| Need {
        pool: pool.to_owned(),
        weight: luck.between(1, 2) as u32,
        tokens: luck.chance(30).then(|| luck.between(1, 6_000)),
    };
    match luck.below(10) {
        0..2 => vec![need(luck, "narrow")],
        2..4 => vec![need(luck, "paced")],
        4 => vec![need(luck, "narrow"), need(luck, "paced")],
        _ => Vec::new(),
    }
}

impl World {
    pub fn make_pools(&mut self) {
        let mut work = self.work();
        for (name, limits) in POOLS {
            self.pool(&mut work, &PoolInput::Set { name: name.to_owned(), limits });
        }
        self.commit(&mut work);
    }

    pub fn pool(&self, work: &mut Work, input: &PoolInput) -> PoolAnswer {
        let now = work.now;
        let decision = work.pools.decide(input, now);
        work.pool_facts.extend(decision.events);
        for grant in decision.granted {
            if let Holder::Run { run_id, cue_id, number, .. } = grant.holder {
                work.permitted.push_back((cue_id, Input::Permitted { run_id, number }));
            }
        }
        decision.answer
    }

    pub fn ask_pools(&self, work: &mut Work, run: &Run, number: u32) {
        let (run_id, cue_id) = (run.id.clone(), run.cue_id.clone());
        let holder = Holder::Run { run_id, cue_id, cue_name: run.definition.name.clone(), number };
        let (needs, priority) = (run.definition.uses.clone(), run.definition.priority);
        if let PoolAnswer::Refused(refusal) =
            self.pool(work, &PoolInput::Ask { holder, needs, priority, lease_ms: None })
        {
            let refused = Input::NotPermitted { run_id: run.id.clone(), number, words: refusal.message };
            work.permitted.push_back((run.cue_id.clone(), refused));
        }
    }

    /// After a fact about a run: what it does not need any more goes back.
    pub fn give_back(&self, work: &mut Work, id: &CueId, event: &Event) {
        let (run_id, number) = match event {
            Event::AttemptFailed { run_id, number, .. }
            | Event::AttemptNoted { run_id, number, .. }
            | Event::AttemptExited { run_id, number, .. }
            | Event::AttemptRestarting { run_id, number, .. }
            | Event::ChecksBegan { run_id, number, .. }
            | Event::AttemptHeld { run_id, number, .. } => (run_id, Some(*number)),
            Event::RunEnded { run_id, .. } => (run_id, None),
            Event::Gate { run_id, fact: Fact::Asked { .. } | Fact::AwaitedAgain { .. } } => {
                let run = work.lanes.get(id).and_then(|lane| lane.runs.get(run_id));
                let Some(run) = run.filter(|run| run.has_freed_permits()) else { return };
                work.aside.push((run_id.clone(), run.latest().number));
                (run_id, None)
            }
            _ => return,
        };
        if !work.pools.concerns(run_id) {
            return;
        }
        let Some(run) = work.lanes.get(id).and_then(|lane| lane.runs.get(run_id)).cloned() else { return };
        let number = number.unwrap_or(run.latest().number);
        if run.occupies() && run.latest().number == number {
            return;
        }
        let tokens = run.outcome().and_then(|(_, reported)| reported.outcome.tokens).map(|tokens| tokens as u64);
        self.pool(work, &PoolInput::GiveBack { holder: HolderKey::run(run_id, number), tokens });
        if !run.is_live() {
            self.pool(work, &PoolInput::RunEnded { run_id: run_id.clone() });
        }
    }

    /// After a start: holders of whom nothing is left, and of whose end nobody will tell, give their permits back.
    pub fn release_the_dead(&self, work: &mut Work, still_there: impl Fn(&RunId, u32) -> bool) {
        let now = work.now;
        let views = work.pools.pools(now);
        let holders = views.into_iter().flat_map(|pool| pool.holders).map(|held| held.holder);
        for holder in holders.collect::<Vec<_>>() {
            let Holder::Run { run_id, cue_id, number, .. } = &holder else { continue };
            let run = work.lanes.get(cue_id).or_else(|| self.lanes.get(cue_id)).and_then(|lane| lane.runs.get(run_id));
            let needed = run.is_some_and(|run| run.is_live() && run.latest().number == *number);
            if !needed && !still_there(run_id, *number) {
                self.pool(work, &PoolInput::GiveBack { holder: holder.key(), tokens: None });
            }
        }
    }

    /// Agents that ask for permits themselves.
    pub fn permit_agents(&mut self, luck: &mut Luck, work: &mut Work) {
        if self.quiet || !luck.chance(20) {
            return;
        }
        let known = self.permits.len();
        let input = match luck.below(10) {
            0..5 if known < 3 => {
                let permit_id = PermitId::thrown(luck);
                self.permits.push(permit_id.clone());
                let holder = Holder::Agent { permit_id, run: None, who: "an agent".to_owned() };
                let needs = match needs(luck) {
                    needs if needs.is_empty() => return,
                    needs => needs,
                };
                PoolInput::Ask { holder, needs, priority: 0, lease_ms: Some(luck.between(1_000, 120_000)) }
            }
            0..7 if known > 0 => PoolInput::Renew { permit_id: luck.pick(&self.permits).clone() },
            7 | 8 if known > 0 => {
                let gone = self.permits.remove(luck.below(known as u64) as usize);
                if luck.chance(40) {
                    // It died, and gives nothing back.
                    return;
                }
                PoolInput::GiveBack {
                    holder: HolderKey::permit(&gone),
                    tokens: luck.chance(30).then(|| luck.below(9_000)),
                }
            }
            9 => {
                let retry_after_ms = luck.chance(50).then(|| luck.below(20_000));
                PoolInput::RateLimited { pool: (*luck.pick(&["narrow", "paced"])).to_owned(), retry_after_ms }
            }
            _ => return,
        };
        self.pool(work, &input);
    }
}
