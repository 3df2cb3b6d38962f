//! When Debian's cron fires, worked out the way it does it itself: its parser (`entry.c`), its test of a minute (`find_jobs`) and
//! its reaction to a clock that jumps (`main` of `cron.c`). Nothing of ours is used but the tables of time zones.

use chrono::{DateTime, Datelike as _, Offset as _, TimeZone as _, Timelike as _, Utc};
use chrono_tz::Tz;

/// Its `MINUTE_COUNT`, three of which are the largest jump that counts as a change of the clock.
const HOUR_MIN: i64 = 60;
const DAY_MIN: i64 = 1_440;

pub struct Entry {
    minutes: u64,
    hours: u64,
    dates: u64,
    months: u64,
    weekdays: u64,
    date_star: bool,
    weekday_star: bool,
    /// MIN_STAR or HR_STAR.
    wild: bool,
}

const MONTHS: [&str; 12] = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
const DAYS: [&str; 7] = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];

impl Entry {
    /// The five fields or the nickname at the beginning of a line.
    pub fn of(line: &str) -> Entry {
        let words: Vec<&str> = line.split_whitespace().collect();
        let fields: Vec<&str> = match words[0] {
            "@yearly" | "@annually" => vec!["0", "0", "1", "1", "*"],
            "@monthly" => vec!["0", "0", "1", "*", "*"],
            "@weekly" => vec!["0", "0", "*", "*", "0"],
            "@daily" | "@midnight" => vec!["0", "0", "*", "*", "*"],
            "@hourly" => vec!["0", "*", "*", "*", "*"],
            _ => words[..5].to_vec(),
        };
        let star = |at: usize| fields[at].starts_with('*');
        let mut weekdays = list(fields[4], 0, 7, &DAYS, 0);
        // "make sundays equivalent"
        if weekdays & (1 | 1 << 7) != 0 {
            weekdays |= 1 | 1 << 7;
        }
        Entry {
            minutes: list(fields[0], 0, 59, &[], 0),
            hours: list(fields[1], 0, 23, &[], 0),
            dates: list(fields[2], 1, 31, &[], 0),
            months: list(fields[3], 1, 12, &MONTHS, 1),
            weekdays,
            date_star: star(2),
            weekday_star: star(4),
            wild: star(0) || star(1),
        }
    }

    /// `find_jobs`: whether the minute of the local clock (counted from 1970) is one of its own.
    fn matches(&self, local: i64) -> bool {
        let at = DateTime::<Utc>::from_timestamp(local * 60, 0).unwrap();
        let has = |bits: u64, number: u32| bits >> number & 1 == 1;
        has(self.minutes, at.minute()) && has(self.hours, at.hour()) && self.is_day(local)
    }

    fn is_day(&self, local: i64) -> bool {
        let at = DateTime::<Utc>::from_timestamp(local * 60, 0).unwrap();
        let has = |bits: u64, number: u32| bits >> number & 1 == 1;
        let date = has(self.dates, at.day());
        let weekday = has(self.weekdays, at.weekday().num_days_from_sunday());
        let day = if self.date_star || self.weekday_star { date && weekday } else { date || weekday };
        has(self.months, at.month()) && day
    }

    /// Its first fires after an instant: cron runs all the while, and looks once a minute.
    pub fn next(&self, zone: Tz, after: DateTime<Utc>, count: usize) -> Vec<DateTime<Utc>> {
        let local = |minute: i64| {
            let at = Utc.timestamp_opt(minute * 60, 0).unwrap();
            minute + i64::from(zone.offset_from_utc_datetime(&at.naive_utc()).fix().local_minus_utc()).div_euclid(60)
        };
        let mut now = after.timestamp().div_euclid(60);
        let mut virtual_time = local(now);
        let mut fires = Vec::new();
        while fires.len() < count {
            now += 1;
            let running = local(now);
            let jump = running - virtual_time;
            let mut fired = false;
            let mut look = |at: i64, wild: bool, fixed: bool| {
                fired |= self.matches(at) && if self.wild { wild } else { fixed };
            };
            match jump {
                1 => {
                    virtual_time = running;
                    look(virtual_time, true, true);
                }
                jump if !(-3 * HOUR_MIN..=3 * HOUR_MIN).contains(&jump) => {
                    virtual_time = running;
                    look(virtual_time, true, true);
                }
                jump if jump > 5 => {
                    look(running, true, false);
                    while virtual_time < running {
                        virtual_time += 1;
                        look(virtual_time, false, true);
                    }
                }
                jump if jump > 0 => {
                    while virtual_time < running {
                        virtual_time += 1;
                        look(virtual_time, true, true);
                    }
                }
                _ => look(running, true, false),
            }
            if fired {
                fires.push(Utc.timestamp_opt(now * 60, 0).unwrap());
            }
            // A whole day on which nothing can happen is passed over: it is none of its own, and the clock goes on evenly.
            let begins = virtual_time == running && running.rem_euclid(DAY_MIN) == 0;
            if begins && !self.is_day(running) && local(now + DAY_MIN - 1) == running + DAY_MIN - 1 {
                now += DAY_MIN - 1;
                virtual_time = running + DAY_MIN - 1;
            }
        }
        fires
    }
}

/// `get_list` and `get_range`.
fn list(field: &str, low: u32, high: u32, names: &[&str], first: u32) -> u64 {
    let number = |text: &str| -> u32 {
        let named = names.iter().position(|name| name.eq_ignore_ascii_case(text));
        named.map_or_else(|| text.parse().unwrap(), |at| u32::try_from(at).unwrap() + first)
    };
    let mut bits = 0;
    for range in field.split(',') {
        let (base, step) = range.split_once('/').unwrap_or((range, "1"));
        let (from, to) = match (base, base.split_once('-')) {
            ("*", _) => (low, high),
            (_, Some((from, to))) => (number(from), number(to)),
            (single, None) => (number(single), number(single)),
        };
        let mut at = from;
        while at <= to {
            assert!((low..=high).contains(&at), "{field} is refused by set_element");
            bits |= 1_u64 << at;
            at += step.parse::<u32>().unwrap();
        }
    }
    bits
}
