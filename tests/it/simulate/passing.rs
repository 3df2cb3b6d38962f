//! How a simulated world's time passes: by and by, asleep, off, stalled, or set.

use cuetower_core::cue::Restart;
use cuetower_core::id::{CueId, RunId};
use cuetower_core::input::Input;
use cuetower_core::lane::Lane;
use cuetower_core::time::{HOUR_MS, MINUTE_MS, SECOND_MS};

use super::batch::Tower;
use super::luck::Luck;
use super::world::{Fate, World};

/// Batches in one stretch of ordinary time.
const BATCHES_MAX: u32 = 12;
/// A stretch of settling in which nothing is due.
const SETTLE_STEP_MS: u64 = 30 * SECOND_MS;

impl World {
    /// Time passes a little or a lot, and the tower does a batch or some.
    pub fn step(&mut self, luck: &mut Luck) {
        if luck.chance(20) {
            self.come_back_from_1970();
        }
        let most = match luck.below(100) {
            0..60 => 4 * SECOND_MS,
            60..92 => 5 * MINUTE_MS,
            _ => HOUR_MS,
        };
        let length = luck.between(1, most);
        match luck.below(100) {
            0..72 => self.live(luck, length),
            // Nobody looks meanwhile.
            72..80 => self.time.awake(length),
            80..86 => self.sleep(luck.between(SECOND_MS, SECOND_MS + length)),
            86 => self.sleep(luck.between(2 * HOUR_MS, 40 * HOUR_MS)),
            87..89 => self.night_with_dark_wakes(luck),
            89..95 => self.set_clock(luck),
            95..97 => self.stop_for(luck, length),
            97 => self.reboot_loop(luck),
            _ => self.time.awake(luck.between(1, 100)),
        }
        let mut inputs = self.arrived(luck);
        inputs.extend(self.agents_act(luck));
        let mut tower = Tower::Goes;
        if luck.chance(30) {
            let (input, change) = self.owners_whim(luck);
            inputs.extend(input);
            tower = change;
        }
        let fate = Fate::thrown(luck);
        self.batch(luck, inputs, tower, fate);
    }

    /// Ordinary time: the tower wakes for what is due and for what comes in.
    pub fn live(&mut self, luck: &mut Luck, length_ms: u64) {
        let mut left = length_ms;
        for _ in 0..if self.quiet { u32::MAX } else { BATCHES_MAX } {
            let wait = self.next_wake_ms().min(left);
            self.wait(luck, wait);
            left -= wait;
            if left == 0 {
                return;
            }
            let mut inputs = self.arrived(luck);
            inputs.extend(self.agents_act(luck));
            let fate = if self.quiet { Fate::Lands } else { Fate::thrown(luck) };
            self.batch(luck, inputs, Tower::Goes, fate);
        }
        self.wait(luck, left);
    }

    /// The tower looks every second, and finds nothing to do.
    fn wait(&mut self, luck: &mut Luck, length_ms: u64) {
        if length_ms < 4 * SECOND_MS {
            return self.time.awake(length_ms);
        }
        self.batch(luck, Vec::new(), Tower::Goes, Fate::Lands);
        self.time.awake(length_ms - SECOND_MS);
        self.idle();
        self.time.awake(SECOND_MS);
    }

    /// Until something is due, or comes in; at least a moment.
    pub fn next_wake_ms(&self) -> u64 {
        let due = self.wakes.values().flatten().chain(&self.pools_wake).map(|at| at.since(self.now()));
        let mail = self.mail.iter().map(|message| message.at_elapsed_ms.saturating_sub(self.time.clocks.elapsed_ms));
        due.chain(mail).min().unwrap_or(u64::MAX).max(1)
    }

    pub fn sleep(&mut self, length_ms: u64) {
        self.tally.sleeps += 1;
        self.time.asleep(length_ms);
    }

    /// Two seconds awake now and then, without a network.
    pub fn night_with_dark_wakes(&mut self, luck: &mut Luck) {
        self.network = false;
        for _ in 0..luck.between(2, 5) {
            self.sleep(luck.between(10 * MINUTE_MS, 90 * MINUTE_MS));
            self.tally.dark_wakes += 1;
            let fate = Fate::thrown(luck);
            self.batch(luck, Vec::new(), Tower::Goes, fate);
            self.live(luck, 2 * SECOND_MS);
        }
        self.sleep(luck.between(10 * MINUTE_MS, 90 * MINUTE_MS));
        self.network = true;
    }

    fn set_clock(&mut self, luck: &mut Luck) {
        // A clock set back in the very seconds between a failed commit and a crash is the one thing that may send attempt 1 twice.
        if !self.went_out.is_empty() {
            return;
        }
        match luck.below(10) {
            0..3 => self.step_clock(HOUR_MS as i64),
            3..6 => self.step_clock(-(HOUR_MS as i64)),
            6 if self.behind_ms == 0 => {
                self.tally.days_of_1970 += 1;
                self.behind_ms = u64::try_from(self.now().0).unwrap_or(0) - luck.below(100_000);
                self.step_clock(-(self.behind_ms as i64));
            }
            _ => {
                let by = luck.between(SECOND_MS, 90 * SECOND_MS) as i64;
                self.step_clock(if luck.chance(50) { by } else { -by });
            }
        }
        // The clock's own interrupt wakes the tower: it looks before anything else can happen.
        self.batch(luck, Vec::new(), Tower::Goes, Fate::Lands);
    }

    fn come_back_from_1970(&mut self) {
        if self.behind_ms > 0 {
            let behind_ms = std::mem::take(&mut self.behind_ms);
            self.step_clock(behind_ms as i64);
        }
    }

    pub fn step_clock(&mut self, by_ms: i64) {
        self.tally.clock_steps += 1;
        self.time.step(by_ms);
    }

    /// Stopped in order, and started again later.
    pub fn stop_for(&mut self, luck: &mut Luck, length_ms: u64) {
        let inputs = self.arrived(luck);
        if self.batch(luck, inputs, Tower::Stops, Fate::Lands) {
            return;
        }
        self.mail.retain(|message| !message.dies_with_tower);
        self.went_out.clear();
        self.tower_left_processes(luck.chance(10));
        self.time.off(length_ms);
        if luck.chance(20) {
            let by = HOUR_MS as i64;
            self.step_clock(if luck.chance(50) { by } else { -by });
            self.line.minute_is_unknown();
        }
        self.start(luck);
    }

    /// Ten restarts in two minutes.
    pub fn reboot_loop(&mut self, luck: &mut Luck) {
        self.tally.reboot_loops += 1;
        for _ in 0..10 {
            let (off_ms, up_ms) = (luck.between(100, 6_000), luck.between(1, 6_000));
            self.crash(luck, off_ms);
            self.live(luck, up_ms);
        }
    }

    /// No more chaos: everything under way comes to its end, and every question gets its answer.
    pub fn settle(&mut self, luck: &mut Luck) {
        self.network = true;
        self.come_back_from_1970();
        let mut paused = false;
        for round in 0..20_000 {
            let wait = self.next_wake_ms().min(SETTLE_STEP_MS);
            self.wait(luck, wait);
            let mut inputs = self.arrived(luck);
            for id in self.lanes.keys().cloned().collect::<Vec<_>>() {
                inputs.extend(self.answer(luck, &id).map(|input| (id, input)));
            }
            inputs.extend(self.all_answered());
            if round == 100 {
                paused = true;
                inputs.extend(self.lanes.keys().map(|id| (id.clone(), Input::Pause { until: None })));
            }
            if round > 100 {
                inputs.extend(self.services().map(|(id, run_id)| (id, Input::Stop { run_id })));
            }
            self.batch(luck, inputs, if round == 0 { Tower::Firing(true) } else { Tower::Goes }, Fate::Lands);
            let still = self.mail.is_empty() && !self.lanes.values().any(is_busy) && !self.processes_live();
            if paused && still && self.pools_are_free() {
                return;
            }
        }
        let busy: Vec<&CueId> = self.lanes.iter().filter(|(_, lane)| is_busy(lane)).map(|(id, _)| id).collect();
        let pools = self.pools.pools(self.now());
        panic!("what nothing hinders did not come to its end: {busy:?} {pools:?}");
    }

    /// Long-lived agents, which do not end by themselves.
    pub fn services(&self) -> impl Iterator<Item = (CueId, RunId)> {
        let runs = self.lanes.values().flat_map(|lane| lane.runs.values());
        runs.filter(|run| run.definition.restart() != Restart::Never).map(|run| (run.cue_id.clone(), run.id.clone()))
    }

    fn pools_are_free(&self) -> bool {
        let free = |pool: &cuetower_core::pool::PoolView| pool.holders.is_empty() && pool.waiting == 0;
        self.pools.pools(self.now()).iter().all(free)
    }
}

fn is_busy(lane: &Lane) -> bool {
    !lane.runs.is_empty() || lane.waiting().next().is_some()
}
