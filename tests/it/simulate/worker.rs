//! Agents that are not delivered to: workers that fetch their runs, and agents that somebody else starts and that ping.

use cuetower_core::Ms;
use cuetower_core::attempt::Usage;
use cuetower_core::cue::Transport;
use cuetower_core::id::{CueId, RunId};
use cuetower_core::input::{Answer, Input, Ping, PingKind};
use cuetower_core::lane::{ARM_AHEAD_MS, Lane};
use cuetower_core::occurrence::Trigger;
use cuetower_core::outcome::Outcome;
use cuetower_core::run::{Phase, Run, Verdict};
use cuetower_core::time::{DAY_MS, HOUR_MS, MINUTE_MS};

use super::agent::{outcome, report};
use super::luck::Luck;
use super::world::World;

const WORKERS: [&str; 3] = ["ada", "bob", "eve"];

impl World {
    /// What workers and watched agents do by themselves just now.
    pub fn agents_act(&mut self, luck: &mut Luck) -> Vec<(CueId, Input)> {
        if self.quiet {
            return Vec::new();
        }
        let mut inputs = Vec::new();
        let mut pings = Vec::new();
        for (id, lane) in &self.lanes {
            match &lane.cue.definition.transport {
                Transport::Worker(_) => inputs.extend(claims(luck, lane).map(|claim| (id.clone(), claim))),
                Transport::Watch => pings.extend(self.pings(luck, lane).map(|ping| (id.clone(), ping))),
                Transport::Webhook(_) | Transport::Command(_) => {}
            }
        }
        for (id, ping) in pings {
            // Some are told much later: the tower was not there, or the network was not.
            let later = if luck.chance(15) { luck.below(2 * HOUR_MS) } else { 0 };
            self.post(later, id, Input::Ping(ping), false);
        }
        inputs
    }

    fn pings(&self, luck: &mut Luck, lane: &Lane) -> Option<Ping> {
        let now = self.now();
        let live = lane.runs.values().find(|run| luck.chance(60) && run.is_live());
        let ended = |luck: &mut Luck| match luck.below(6) {
            0 => PingKind::Fail,
            1 => PingKind::Exit(0),
            2 => PingKind::Exit(3),
            _ => PingKind::Success,
        };
        let kind = match live.map(|run| &run.phase) {
            Some(Phase::Offered { .. }) if luck.chance(40) => match luck.below(3) {
                0 => ended(luck),
                _ => PingKind::Start,
            },
            Some(Phase::AwaitingOutcome { .. }) if luck.chance(30) => match luck.below(8) {
                0 => PingKind::Log,
                1 => PingKind::Start,
                _ => ended(luck),
            },
            Some(_) => return None,
            None if lane.armed.first().is_some_and(|armed| armed.due <= now.plus(ARM_AHEAD_MS)) => {
                luck.chance(25).then_some(PingKind::Start)?
            }
            // Out of nowhere, or long after its run was given up.
            None => luck.chance(3).then(|| if luck.chance(30) { PingKind::Start } else { ended(luck) })?,
        };
        let rid = luck.chance(40).then(|| format!("rid-{}", luck.below(3)));
        let words = luck.chance(50).then(|| "a line\nthe last line".to_owned());
        Some(Ping { kind, at: now, run_id: None, rid, words, usage: Usage::default() })
    }

    /// The run that had gone silent before this word of it came, as the pilot looks it up.
    pub fn given_up(&self, lane: &Lane, ping: &Ping) -> Option<Run> {
        let soon = ping.at.plus(ARM_AHEAD_MS);
        let begins_now = |due: Ms| due <= soon && due >= ping.at.minus(ARM_AHEAD_MS);
        let awaited = lane.armed.iter().any(|armed| armed.trigger == Trigger::Scheduled && begins_now(armed.due));
        if awaited || lane.runs.values().any(|run| run.is_live() && run.due <= soon) {
            return None;
        }
        let of_cue = self.disk.ended.values().filter(|run| run.cue_id == lane.cue.id && run.due <= soon);
        let run = of_cue.max_by_key(|run| (run.due, &run.id))?;
        let latest = run.latest();
        let unheard = run.verdict() == Some(Verdict::Silent) && latest.outcome.is_none() && latest.exit_code.is_none();
        let named = ping.rid.is_none() || latest.rid.is_none() || latest.rid == ping.rid;
        (unheard && named && ping.at.since(run.due) <= 7 * DAY_MS).then(|| run.clone())
    }

    /// A worker hears that the run is its own.
    pub fn claimed(&mut self, luck: &mut Luck, cue: CueId, run_id: RunId, worker: String, answer: &Answer) {
        let number = match answer {
            Answer::Claimed { number, .. } => *number,
            Answer::Refused(_) => {
                self.tally.claims_refused += 1;
                return;
            }
            // Its cue was deleted in the meantime.
            Answer::Done => return,
            other => panic!("a claim was answered with {other:?}"),
        };
        let first = self.claims.entry((run_id.clone(), number)).or_insert_with(|| worker.clone());
        assert_eq!(*first, worker, "attempt {number} of {run_id} was given to two workers");
        self.tally.claimed += 1;
        let presented = luck.chance(85).then_some(number);
        let extend =
            |worker: &str| Input::Extend { run_id: run_id.clone(), attempt: presented, worker: Some(worker.into()) };
        let told = outcome(luck);
        match luck.below(10) {
            0..4 => self.post(luck.between(500, 40_000), cue, report(run_id, presented, told), false),
            4..7 => {
                let mut at = 0;
                for _ in 0..luck.between(1, 5) {
                    at += luck.between(1_000, 50_000);
                    self.post(at, cue.clone(), extend(&worker), false);
                }
                self.post(at + luck.between(1, 20_000), cue, report(run_id, presented, told), false);
            }
            // It dies.
            7 => {}
            8 => {
                let release = Input::Release { run_id, attempt: presented, worker: Some(worker), words: "busy".into() };
                self.post(luck.between(100, 20_000), cue, release, false);
            }
            // Its lease lapses, and it reports all the same.
            _ => {
                let late = luck.between(MINUTE_MS, HOUR_MS);
                self.post(late - 100, cue.clone(), extend("somebody else"), false);
                self.post(late, cue, report(run_id, Some(number), Outcome { success: true, ..told }), false);
            }
        }
    }
}

fn claims(luck: &mut Luck, lane: &Lane) -> Option<Input> {
    let wanted = |run: &&std::sync::Arc<Run>| match run.phase {
        Phase::Offered { .. } => true,
        Phase::AwaitingOutcome { .. } => luck.chance(10),
        _ => false,
    };
    let run = lane.runs.values().find(wanted)?;
    let worker = (*luck.pick(&WORKERS)).to_owned();
    luck.chance(35).then(|| Input::Claim { run_id: run.id.clone(), worker })
}
