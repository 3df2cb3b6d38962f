//! Every fire, held against a slow daemon that looks at the clock at each step: around clock changes, and over decades.
//!
//! Chance has a fixed seed and a fresh one. `CUETOWER_CRON_SEED=… CUETOWER_CRON_ROUNDS=…` repeats one and asks for more.

mod debian;
mod draw;

use std::hash::{BuildHasher, RandomState};

use chrono::{DateTime, Days, NaiveDate, NaiveTime, TimeDelta, Utc};
use chrono_tz::Tz;
use cuetower_core::schedule::Cron;

use self::debian::Job;
use self::draw::Chance;

const DAY_S: i64 = 86_400;

#[test]
fn around_clock_changes_every_fire_is_debians() {
    drawn(300, |chance| {
        let (zone, change_s) = draw::change(chance);
        let six = chance.percent(15);
        // Old offsets have seconds.
        let whole = [change_s, debian::reading(zone, change_s - 60), debian::reading(zone, change_s)];
        let step_s = if six || whole.iter().any(|s| s % 60 != 0) { 1 } else { 60 };
        // Nothing in the tables reaches further than a day: a lost day, a day twice.
        let reach_s = if six { DAY_S / 8 } else { 2 * DAY_S };
        let near = at(debian::reading(zone, change_s)).naive_utc();
        let text = draw::expression(chance, near, six);
        let walk = (change_s.div_euclid(60) * 60 - DAY_S - reach_s, change_s.div_euclid(60) * 60 + reach_s);
        agree(chance, &text, zone, walk, change_s, step_s)
    });
}

#[test]
fn over_decades_every_day_is_debians() {
    drawn(150, |chance| {
        let text = draw::days_expression(chance);
        let start = NaiveDate::from_ymd_opt(1960, 1, 1).expect("a date") + Days::new(chance.bits() % 40_000);
        let noon = |day: NaiveDate| day.and_hms_opt(12, 0, 0).expect("noon").and_utc();
        let job = Job::read(&text);
        // 29 February on a given weekday may take 40 years.
        let named: Vec<DateTime<Utc>> =
            start.iter_days().take(61 * 366).filter(|day| job.names_day(*day)).take(8).map(noon).collect();
        let cron = match Cron::parse(&text) {
            Ok(cron) => cron,
            Err(error) if named.is_empty() && error.to_string().contains("never fires") => return 0,
            Err(error) => panic!("{text}: {error}, but the oracle has {named:?}"),
        };
        let midnight = start.and_time(NaiveTime::MIN).and_utc();
        let mut after = midnight;
        for (n, day) in named.iter().enumerate() {
            assert_eq!(cron.next_after(Tz::UTC, after), Some(*day), "{text} after {after}");
            assert_eq!(cron.latest_in(Tz::UTC, after, *day), Some(*day), "{text} at {day}");
            let before = *day - TimeDelta::nanoseconds(1);
            let earlier = n.checked_sub(1).map(|n| named[n]);
            assert_eq!(cron.latest_in(Tz::UTC, midnight, before), earlier, "{text} before {day}");
            after = *day;
        }
        named.len()
    });
}

/// Walks, then asks from instants near `change_s`. Returns how many of the answers are a fire.
fn agree(chance: &mut Chance, text: &str, zone: Tz, walk: (i64, i64), change_s: i64, step_s: i64) -> usize {
    let cron = match Cron::parse(text) {
        Ok(cron) => cron,
        Err(error) if error.to_string().contains("never fires") => return 0,
        Err(error) => panic!("{text}: {error}"),
    };
    let fires = debian::fires(&Job::read(text), zone, walk, step_s);
    // The walk's first day only tells the daemon how far fixed-time jobs have come.
    let known = (walk.0 + DAY_S, walk.1);
    let mut asked: Vec<i64> = [0, -1, 1, -60, 59, 60, 3_600, -3_600, 1_800].map(|off_s| change_s + off_s).to_vec();
    asked.extend((0..12).map(|_| change_s + chance.within(-9_000, 9_000)));
    asked.extend((0..6).map(|_| chance.within(known.0, known.1 - 1)));
    asked.retain(|asked_s| (known.0..known.1).contains(asked_s));
    let mut compared = 0;
    for asked_s in &asked {
        let here = || {
            format!(
                "`{text}` in {zone}, asked at {} ({} there)",
                at(*asked_s),
                at(debian::reading(zone, *asked_s)).naive_utc()
            )
        };
        let next = cron.next_after(zone, at(*asked_s)).map(|next| next.timestamp());
        match fires.iter().copied().find(|fire_s| fire_s > asked_s) {
            Some(fire_s) => assert_eq!(next, Some(fire_s), "{}: {:?} is next", here(), at(fire_s)),
            None => assert!(next.is_none_or(|next_s| next_s >= known.1), "{}: {next:?}, but nothing is due", here()),
        }
        let latest = cron.latest_in(zone, at(known.0 - 1), at(*asked_s)).map(|latest| latest.timestamp());
        let newest = fires.iter().copied().rfind(|fire_s| (known.0..=*asked_s).contains(fire_s));
        assert_eq!(latest, newest, "{}: the newest", here());
        compared += usize::from(next.is_some_and(|next_s| next_s < known.1)) + usize::from(latest.is_some());
    }
    compared
}

/// Runs `round` with the fixed seed and with a fresh one.
fn drawn(rounds: u64, round: impl Fn(&mut Chance) -> usize) {
    let given = |name: &str| std::env::var(name).ok().map(|text| text.parse::<u64>().expect(name));
    let rounds = given("CUETOWER_CRON_ROUNDS").unwrap_or(rounds);
    let fresh = RandomState::new().hash_one("cron");
    let seeds = given("CUETOWER_CRON_SEED").map_or(vec![1, fresh], |seed| vec![seed]);
    for seed in seeds {
        println!("CUETOWER_CRON_SEED={seed}");
        let mut chance = Chance(seed);
        let compared: usize = (0..rounds).map(|_| round(&mut chance)).sum();
        println!("{rounds} expressions, {compared} fires");
        assert!(compared as u64 > rounds, "chance drew too little that fires");
    }
}

fn at(at_s: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(at_s, 0).expect("in range")
}
