//! A week of a tower that is killed, sleeps, stalls and has its clock set, over ten thousand watches: nobody who beats is ever
//! blamed, and whoever falls silent, or stands still, is told of once and in time.

use super::{Heartbeat, News, Watch};
use crate::Ms;
use crate::away::{Band, Clocks, Gap, Reason};

const SECOND: u64 = 1_000;
const MINUTE: u64 = 60 * SECOND;
const HOUR: u64 = 60 * MINUTE;
const WEEK: u64 = 7 * 24 * HOUR;
/// 2026-11-16 00:00:00 UTC.
const MONDAY: i64 = 1_794_787_200_000;
/// The tower looks at its watches at least so often.
const TICK: u64 = SECOND;
/// A stamp of life is no older.
const STAMP: u64 = 5 * SECOND;
/// As in the pilot.
const BANDS_KEPT: usize = 64;
const OFF_FROM: u64 = 5 * SECOND;
/// A client gives up a request after so long.
const PATIENCE: u64 = 10 * SECOND;

/// A row of numbers that looks like chance (splitmix64).
struct Chance(u64);

impl Chance {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn between(&mut self, least: u64, most: u64) -> u64 {
        least + self.next() % (most - least + 1)
    }

    /// Short ones as often as long ones.
    fn length(&mut self, least: u64, most: u64) -> u64 {
        let (low, high) = ((least as f64).ln(), (most as f64).ln());
        (low + (high - low) * (self.next() >> 11) as f64 / (1_u64 << 53) as f64).exp() as u64
    }

    fn one_in(&mut self, many: u64) -> bool {
        self.next().is_multiple_of(many)
    }
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum What {
    /// Killed, and started again.
    Off,
    Asleep,
    Stalled,
    ClockSet,
}

/// What happens to the tower, in the time of the world.
#[derive(Debug)]
struct Happening {
    what: What,
    from: u64,
    to: u64,
    /// What the wall clock shows from then on, beside the time of the world.
    offset: i64,
    /// What it does to the watches, unless they are read from the store.
    gap: Gap,
    /// As the pilot has them from then on.
    away: Vec<Band>,
    /// Its last stamp of life before.
    alive_at: Ms,
}

fn wall(world: u64, offset: i64) -> Ms {
    Ms(MONDAY + world as i64 + offset)
}

/// A week of happenings, with what the pilot makes of each.
fn week(chance: &mut Chance) -> Vec<Happening> {
    let (mut all, mut at, mut offset, mut asleep) = (Vec::<Happening>::new(), 0_u64, 0_i64, 0_u64);
    let mut newest = wall(0, 0);
    let mut away: Vec<Band> = Vec::new();
    loop {
        // Some come close upon each other.
        let soon = chance.one_in(4);
        at += if soon { chance.length(2 * SECOND, 5 * MINUTE) } else { chance.length(10 * MINUTE, 6 * HOUR) };
        if at > WEEK {
            return all;
        }
        let what = [What::Off, What::Off, What::Asleep, What::Stalled, What::ClockSet][chance.between(0, 4) as usize];
        let length = match what {
            What::Off => chance.length(300, 8 * HOUR),
            What::Asleep => chance.length(SECOND, 9 * HOUR),
            What::Stalled => chance.between(5 * SECOND, 2 * MINUTE),
            What::ClockSet => 0,
        };
        let steps = what == What::ClockSet || what != What::Stalled && chance.one_in(8);
        let by = if steps { chance.length(SECOND, 2 * HOUR) as i64 * if chance.one_in(2) { 1 } else { -1 } } else { 0 };
        let last_look = at - chance.between(0, TICK.min(at));
        let reading = |world: u64, offset: i64, asleep: u64| Clocks {
            wall: wall(world, offset),
            elapsed_ms: world,
            awake_ms: world - asleep,
        };
        let before = reading(last_look, offset, asleep);
        let alive_at = wall(at - chance.between(0, STAMP.min(at)), offset);
        newest = newest.max(wall(at, offset));
        let to = at + length;
        asleep += if what == What::Asleep { length } else { 0 };
        offset += by;
        let after = reading(to, offset, asleep);
        let gap = Gap::between(before, after);
        let band = match what {
            What::Off => (after.wall.since(alive_at) >= OFF_FROM).then_some(Band {
                from: alive_at,
                to: after.wall,
                reason: Reason::Off,
            }),
            What::Asleep | What::Stalled | What::ClockSet => gap.band(before, after),
        };
        let clipped = band.map(|band| Band { from: band.from.max(newest), ..band });
        if let Some(band) = clipped.filter(|band| band.from < band.to) {
            away.push(band);
            away.drain(..away.len().saturating_sub(BANDS_KEPT));
        }
        newest = newest.max(after.wall);
        all.push(Happening { what, from: at, to, offset, gap, away: away.clone(), alive_at });
        at = to + 1;
    }
}

/// What an agent does in its life: it beats, falls silent for a while, or stands still for a while.
struct Agent {
    heartbeat: Heartbeat,
    /// It runs on the tower's machine, and sleeps with it.
    local: bool,
    begins: u64,
    ends: u64,
    silent: Option<(u64, u64)>,
    still: Option<(u64, u64)>,
    /// After its silence it has beaten again.
    is_back: bool,
    next: u64,
    number: f64,
}

impl Agent {
    fn born(chance: &mut Chance) -> Agent {
        let interval_ms = chance.length(10 * SECOND, 10 * MINUTE);
        let grace_ms = chance.length(5 * SECOND, interval_ms.max(5 * SECOND + 1));
        let usual = interval_ms + grace_ms;
        let start_grace_ms = chance.between(usual, usual + 2 * MINUTE);
        let within = chance.one_in(2).then(|| chance.between(4 * usual, 12 * usual));
        let heartbeat = Heartbeat { interval_ms, grace_ms, start_grace_ms, progress_within_ms: within, restart: false };
        let lives = interval_ms * chance.between(40, 300);
        let begins = chance.between(0, WEEK - 1);
        let ends = (begins + lives).min(WEEK);
        let phase = |chance: &mut Chance, least: u64| {
            let from = chance.between(begins, ends);
            (from, from + chance.length(least, 60 * usual))
        };
        let (mut silent, mut still) = (None, None);
        match chance.between(0, 9) {
            0..4 => silent = Some(phase(chance, usual / 2)),
            4..6 => still = within.map(|within| phase(chance, within / 2)),
            _ => {}
        }
        let next = begins + chance.between(0, interval_ms);
        Agent { heartbeat, local: chance.one_in(2), begins, ends, silent, still, is_back: false, next, number: 0.0 }
    }

    fn is_silent(&self, at: u64) -> bool {
        self.silent.is_some_and(|(from, to)| (from..to).contains(&at))
    }

    fn is_away(&self, at: u64) -> bool {
        !self.is_back && self.silent.is_some_and(|(from, _)| from <= at)
    }

    /// Its next beat goes out, unless it is silent; heard or not. True: it went out.
    fn beats(&mut self, chance: &mut Chance) -> bool {
        let at = self.next;
        let Heartbeat { interval_ms, grace_ms, .. } = self.heartbeat;
        self.next = at + chance.between(interval_ms * 6 / 10, interval_ms + grace_ms * 9 / 10);
        if let Some((from, to)) = self.silent
            && (from..to).contains(&self.next)
            && !self.is_silent(at)
        {
            // It comes back with a beat.
            self.next = to;
        }
        if self.is_silent(at) {
            return false;
        }
        self.is_back |= self.silent.is_some_and(|(_, to)| to <= at);
        self.number += f64::from(!self.still.is_some_and(|(from, to)| (from..to).contains(&at)));
        true
    }
}

#[derive(Debug, Default)]
struct Tally {
    watches: u64,
    happenings: u64,
    beats: u64,
    unheard: u64,
    restarts: u64,
    silences: u64,
    silences_over_gaps: u64,
    still: u64,
    back: u64,
    worst_ms: u64,
}

/// One watch from its beginning to its end, and what is known of the world besides.
struct Life<'a> {
    seed: u64,
    week: &'a [Happening],
    agent: Agent,
    watch: Watch,
    /// What has happened so far.
    past: usize,
    offset: i64,
    heard: u64,
    moved: u64,
    told_silent: bool,
    told_still: bool,
}

impl Life<'_> {
    fn away(&self) -> Vec<Band> {
        let Some(last) = self.past.checked_sub(1).map(|index| &self.week[index]) else { return Vec::new() };
        last.away.clone()
    }

    /// Gaps that touch the time between, without those where only the clock was set.
    fn gaps(&self, from: u64, to: u64) -> impl Iterator<Item = &Happening> {
        let all = self.week.iter().filter(|one| one.what != What::ClockSet);
        all.filter(move |one| one.to > from && one.from < to)
    }

    fn gaps_and_steps(&self, from: u64, to: u64) -> Vec<(What, u64, u64, i64)> {
        let near = self.week.iter().filter(|one| one.to + HOUR > from && one.from < to);
        near.map(|one| (one.what, one.from, one.to, one.offset)).collect()
    }

    /// Time in which the tower was up and awake.
    fn awake(&self, from: u64, to: u64) -> u64 {
        (to - from) - self.gaps(from, to).map(|one| one.to.min(to) - one.from.max(from)).sum::<u64>()
    }

    /// Until then it has to be told at the latest, if nothing is heard: after each gap there is as much time again.
    fn latest(&self, from: u64, length: u64, again: u64, until: u64) -> u64 {
        let mut latest = from + length;
        for gap in self.week.iter().filter(|one| one.to > from && one.from < until) {
            if gap.from > latest + TICK {
                break;
            }
            // A band begins with the last stamp or the last look.
            latest = (latest + gap.to - gap.from.max(from) + STAMP + TICK).max(gap.to + again.max(5 * SECOND));
        }
        latest + TICK
    }

    fn silence(&self) -> u64 {
        let Heartbeat { interval_ms, grace_ms, start_grace_ms, .. } = self.agent.heartbeat;
        if self.watch.beat_at.is_some() { interval_ms + grace_ms } else { start_grace_ms }
    }

    fn take(&mut self, news: Vec<News>, at: u64, tally: &mut Tally) {
        let Heartbeat { interval_ms, grace_ms, progress_within_ms, .. } = self.agent.heartbeat;
        let again = interval_ms + grace_ms;
        for one in news {
            let story = format!(
                "seed {} at {at}: {one:?}, heard {}, {:?}, {:?}",
                self.seed,
                self.heard,
                self.agent.heartbeat,
                self.gaps_and_steps(self.heard, at)
            );
            match one {
                News::Lost { .. } => {
                    assert!(self.agent.is_away(at), "it beats, and is blamed: {story}");
                    assert!(!std::mem::replace(&mut self.told_silent, true), "told twice: {story}");
                    let (awake, length) = (self.awake(self.heard, at), self.silence());
                    assert!(awake >= length, "too early by {} ms: {story}", length - awake);
                    assert!(at <= self.latest(self.heard, length, again, at), "too late: {story}");
                    if self.week.iter().any(|one| one.to > self.heard && one.from < at) {
                        tally.silences_over_gaps += 1;
                    } else {
                        tally.worst_ms = tally.worst_ms.max(at - self.heard - length);
                        assert!(at - self.heard - length <= TICK, "not within a tick: {story}");
                    }
                    tally.silences += 1;
                }
                News::Stuck { .. } => {
                    let within = progress_within_ms.expect("somebody looks");
                    let still = self.agent.still.is_some_and(|(from, _)| from <= at);
                    assert!(
                        still && self.watch.progress == Some(self.agent.number),
                        "it gets on, and is blamed: {story}"
                    );
                    assert!(!std::mem::replace(&mut self.told_still, true), "told twice: {story}");
                    assert!(self.awake(self.moved, at) >= within, "too early: {story}");
                    assert!(at <= self.latest(self.moved, within, again, at), "too late: {story}");
                    tally.still += 1;
                }
                News::Back => {
                    self.moved = at;
                    assert!(std::mem::take(&mut self.told_silent), "it was not away: {story}");
                    tally.back += 1;
                }
                News::Moves => assert!(std::mem::take(&mut self.told_still), "it did not stand still: {story}"),
                News::Look | News::Long => panic!("nobody asked for that: {story}"),
            }
        }
    }

    /// Whether all was told that had to be until now.
    fn nothing_is_owed(&self, at: u64) {
        let Heartbeat { interval_ms, grace_ms, progress_within_ms, .. } = self.agent.heartbeat;
        let again = interval_ms + grace_ms;
        let owed = self.latest(self.heard, self.silence(), again, at);
        assert!(self.told_silent || at <= owed, "seed {}: silent since {}, not told at {at}", self.seed, self.heard);
        if let Some(within) = progress_within_ms.filter(|_| self.watch.beat_at.is_some() && self.agent.silent.is_none())
        {
            let owed = self.latest(self.moved, within, again, at);
            assert!(self.told_still || at <= owed, "seed {}: still since {}, not told at {at}", self.seed, self.moved);
        }
    }

    fn hears(&mut self, at: u64, tally: &mut Tally) {
        self.nothing_is_owed(at);
        let now = wall(at, self.offset);
        let away: Vec<Band> = self.away().into_iter().filter(|band| band.to <= now).collect();
        let moves = self.watch.progress != Some(self.agent.number);
        let news = self.watch.hear(Some(self.agent.number), false, now, &away);
        self.take(news, at, tally);
        if moves && self.watch.progress_at == now {
            self.moved = at;
        }
        self.heard = at;
        tally.beats += 1;
    }

    fn ticks(&mut self, at: u64, tally: &mut Tally) {
        let news = self.watch.tick(false, wall(at, self.offset));
        self.take(news, at, tally);
    }

    fn happens(&mut self, chance: &mut Chance, tally: &mut Tally) {
        let one = &self.week[self.past];
        (self.past, self.offset) = (self.past + 1, one.offset);
        let now = wall(one.to, one.offset);
        if one.what == What::Asleep && self.agent.local {
            self.agent.next += one.to - one.from;
        }
        let mut waits = false;
        while self.agent.next < one.to {
            let sent = self.agent.next;
            let went_out = self.agent.beats(chance);
            let is_kept = one.what == What::Stalled && sent + PATIENCE > one.to;
            waits |= went_out && is_kept;
            tally.unheard += u64::from(went_out && !is_kept);
        }
        if one.what == What::Off {
            let kept = serde_json::to_string(&self.watch).unwrap();
            self.watch = serde_json::from_str(&kept).unwrap();
            self.watch.again(one.alive_at, now);
            tally.restarts += 1;
        } else if !one.gap.is_nothing() {
            self.watch.shift(one.gap.slept_ms + one.gap.stalled_ms, one.gap.stepped_ms, now);
            self.ticks(one.to, tally);
        }
        if waits {
            self.hears(one.to, tally);
        }
    }

    fn runs(mut self, chance: &mut Chance, tally: &mut Tally) {
        let lag = chance.between(0, TICK - 1);
        loop {
            let up_since = self.past.checked_sub(1).map_or(0, |index| self.week[index].to);
            let world = |at: Ms| u64::try_from(at.0 - MONDAY - self.offset).unwrap_or(0);
            let wake = self.watch.wakes_at().map(|at| up_since.max(world(at)) + lag);
            let happens = self.week.get(self.past).map_or(u64::MAX, |one| one.from);
            let next = self.agent.next.min(happens).min(wake.unwrap_or(u64::MAX));
            if next >= self.agent.ends {
                return self.nothing_is_owed(self.agent.ends);
            }
            if next == happens {
                self.happens(chance, tally);
            } else if next == self.agent.next {
                if self.agent.beats(chance) {
                    self.hears(next, tally);
                }
            } else {
                self.ticks(next, tally);
            }
        }
    }
}

#[test]
fn in_a_week_nobody_who_beats_is_blamed_and_whoever_falls_silent_is_told_of_once_and_in_time() {
    let mut tally = Tally::default();
    for seed in 1..=100 {
        let mut chance = Chance(seed);
        let week = week(&mut chance);
        tally.happenings += week.len() as u64;
        let mut watched = 0;
        while watched < 100 {
            let agent = Agent::born(&mut chance);
            let past = week.iter().take_while(|one| one.to <= agent.begins).count();
            if week.get(past).is_some_and(|one| one.from <= agent.begins) {
                // Nothing begins while the tower is not there.
                continue;
            }
            watched += 1;
            let offset = past.checked_sub(1).map_or(0, |index| week[index].offset);
            let (heard, moved) = (agent.begins, agent.begins);
            let began = wall(agent.begins, offset);
            let before = Life {
                seed,
                week: &week,
                watch: Watch::began(Some(agent.heartbeat), 1, began, &[]),
                agent,
                past,
                offset,
                heard,
                moved,
                told_silent: false,
                told_still: false,
            };
            before.runs(&mut chance, &mut tally);
            tally.watches += 1;
        }
    }
    println!("{tally:#?}");
    assert!(tally.watches == 10_000 && tally.silences >= 1_000 && tally.still >= 200, "{tally:#?}");
    assert!(tally.silences_over_gaps >= 100 && tally.restarts >= 1_000, "{tally:#?}");
}
