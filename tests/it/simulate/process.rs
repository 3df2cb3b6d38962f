//! The pretended launcher: processes that outlive the tower, and what a starting tower finds of them.

use cuetower_core::attempt::Usage;
use cuetower_core::cue::Restart;
use cuetower_core::id::{CueId, RunId};
use cuetower_core::input::{DeliveryResult, Exit, Found, Input};
use cuetower_core::pool::{Holder, Need};
use cuetower_core::run::{Run, Verdict};
use cuetower_core::time::{MINUTE_MS, SECOND_MS};

use super::luck::Luck;
use super::world::World;

/// Instants are those of the clock that nobody sets, and that counts sleep.
pub struct Process {
    pub cue: CueId,
    uses: Vec<Need>,
    starts_at: u64,
    ends_at: u64,
    pub exit_code: Option<i32>,
    /// The machine went down under it: nobody knows how it ended.
    pub lost: bool,
    /// What it left behind is gone: its end is on disk.
    pub forgotten: bool,
}

impl Process {
    fn lives(&self, now: u64) -> bool {
        now < self.ends_at
    }
}

impl World {
    /// Starts this attempt in a moment. No other process of its run lives, and its pools have room for it.
    pub fn launch(&mut self, luck: &mut Luck, run: &Run, number: u32) {
        let now = self.elapsed();
        for ((of, other), process) in &self.processes {
            let apart = *of != run.id || !process.lives(now);
            assert!(apart, "attempt {number} of {of} starts while the process of attempt {other} lives");
        }
        self.there_is_room_for(run, now);
        let starts_at = now + luck.between(1, 2_000);
        let length = match run.definition.restart() {
            Restart::OnFailure | Restart::Always if luck.chance(40) => luck.between(0, 40 * MINUTE_MS),
            Restart::OnFailure | Restart::Always => luck.between(0, 20 * SECOND_MS),
            Restart::Never => luck.between(0, 120_000),
        };
        let exit_code = if self.quiet || luck.chance(75) { Some(0) } else { Some(1) };
        let process = Process {
            cue: run.cue_id.clone(),
            uses: run.definition.uses.clone(),
            starts_at,
            ends_at: starts_at + length,
            exit_code,
            lost: false,
            forgotten: false,
        };
        let key = (run.id.clone(), number);
        self.processes.insert(key.clone(), process);
        let started = Input::Delivery { run_id: key.0.clone(), number, result: DeliveryResult::Started { pid: 7 } };
        self.post(starts_at - now, run.cue_id.clone(), started, true);
        self.tells_its_end(&key);
    }

    /// Who gave its permits back for as long as its owner thinks, and who has them again.
    pub fn stand_aside(&mut self, gave_back: &[(RunId, u32)]) {
        self.asides.extend(gave_back.iter().cloned());
        if self.asides.is_empty() {
            return;
        }
        let held = self.pools.pools(self.now()).into_iter().flat_map(|pool| pool.holders);
        for holder in held.map(|held| held.holder) {
            if let Holder::Run { run_id, number, .. } = holder {
                self.asides.remove(&(run_id, number));
            }
        }
    }

    /// Among what lives, and may live on after its run has ended.
    fn there_is_room_for(&self, run: &Run, now: u64) {
        for need in &run.definition.uses {
            let Some(most) = self.pools.pool(&need.pool, self.now()).and_then(|pool| pool.limits.concurrency) else {
                continue;
            };
            let living =
                self.processes.iter().filter(|(key, process)| process.lives(now) && !self.asides.contains(key));
            let shares = living.flat_map(|(_, process)| &process.uses).filter(|other| other.pool == need.pool);
            let in_use: u32 = shares.map(|other| other.weight).sum();
            let fits = in_use + need.weight <= most;
            assert!(fits, "{} starts in {}, where {in_use} of {most} live: {:?}", run.id, need.pool, self.living(now));
        }
    }

    fn living(&self, now: u64) -> Vec<&(RunId, u32)> {
        self.processes.iter().filter(|(_, process)| process.lives(now)).map(|(key, _)| key).collect()
    }

    /// The end of a process is told to the tower that lives then.
    fn tells_its_end(&mut self, key: &(RunId, u32)) {
        let process = &self.processes[key];
        let exit = Exit { exit_code: process.exit_code, words: "simulated end".into(), usage: Usage::default() };
        let (cue, in_ms) = (process.cue.clone(), process.ends_at.saturating_sub(self.elapsed()));
        let input = Input::Delivery { run_id: key.0.clone(), number: key.1, result: DeliveryResult::Exited(exit) };
        self.post(in_ms, cue, input, true);
    }

    /// Ends the process of this attempt within its grace, if it has one.
    pub fn stop_process(&mut self, luck: &mut Luck, key: &(RunId, u32)) {
        let (now, grace) = (self.elapsed(), luck.below(3_000));
        let Some(process) = self.processes.get_mut(key).filter(|process| process.lives(now)) else { return };
        let ends_at = now.max(process.starts_at) + grace;
        if ends_at >= process.ends_at {
            return;
        }
        (process.ends_at, process.exit_code) = (ends_at, None);
        self.tally.stopped += 1;
        let its_end = |input: &Input| match input {
            Input::Delivery { run_id, number, result: DeliveryResult::Exited(_) } => {
                (run_id, *number) == (&key.0, key.1)
            }
            _ => false,
        };
        self.mail.retain(|message| !its_end(&message.input));
        self.tells_its_end(key);
    }

    /// The tower is gone, and perhaps the machine with it.
    pub fn tower_left_processes(&mut self, machine_too: bool) {
        let now = self.elapsed();
        let unborn: Vec<_> =
            self.processes.iter().filter(|(_, p)| p.starts_at > now).map(|(key, _)| key.clone()).collect();
        for key in unborn {
            self.processes.remove(&key);
            // Its number was not used, as far as anybody could see.
            self.sent.remove(&key);
            self.unborn.push(key);
        }
        for process in self.processes.values_mut().filter(|process| machine_too && process.lives(now)) {
            (process.ends_at, process.exit_code, process.lost) = (now, None, true);
        }
    }

    /// What a starting tower finds: of what never started, a trace or none.
    pub fn found(&mut self, luck: &mut Luck) -> Vec<(RunId, u32, Found)> {
        let now = self.elapsed();
        let mut found = Vec::new();
        for ((run_id, number), process) in self.processes.iter().filter(|(_, process)| !process.forgotten) {
            let what = if process.lost {
                self.tally.found_lost += 1;
                Found::Lost { words: "the machine went down under it".into() }
            } else if process.lives(now) {
                self.tally.found_running += 1;
                Found::Started { pid: Some(7) }
            } else {
                self.tally.found_ended += 1;
                Found::Started { pid: None }
            };
            found.push((run_id.clone(), *number, what));
        }
        for (run_id, number) in std::mem::take(&mut self.unborn) {
            if luck.chance(50) {
                self.tally.never_started += 1;
                found.push((run_id, number, Found::NeverStarted));
            }
        }
        found
    }

    /// The tower is up again, and stays with what it found.
    pub fn attend(&mut self, luck: &mut Luck) {
        let there: Vec<_> =
            self.processes.iter().filter(|(_, p)| !p.forgotten && !p.lost).map(|(key, _)| key.clone()).collect();
        for key in there {
            self.tells_its_end(&key);
            let run = self.disk.ended.get(&key.0);
            let unwanted = |run: &Run| matches!(run.verdict(), Some(Verdict::Stopped | Verdict::Cancelled));
            if run.is_some_and(unwanted) {
                self.stop_process(luck, &key);
            }
        }
    }

    pub fn forget(&mut self, key: &(RunId, u32)) {
        if let Some(process) = self.processes.get_mut(key) {
            process.forgotten = true;
        }
    }

    pub fn processes_live(&self) -> bool {
        let now = self.elapsed();
        self.processes.values().any(|process| process.lives(now))
    }
}
