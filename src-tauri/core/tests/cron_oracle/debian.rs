//! Debian's cron once more, the slow way: a daemon that looks at the clock at every step and asks what is due.
//!
//! On purpose nothing of `schedule/` is used, and its tricks neither: fields are lists of numbers, a day is judged on its
//! own, and nobody ever asks which instant shows a given reading. What is due follows `cron.c` and `entry.c` of Debian's
//! 3.0pl1, but for two things that the product's specification says otherwise: the fixed-time jobs of a gap run once, at
//! its end, not once each; and a fold of any length is a fold.

use chrono::{DateTime, Datelike, Days, NaiveDate, NaiveDateTime, Offset, TimeZone, Timelike};
use chrono_tz::Tz;

const MONTHS: &str = "janfebmaraprmayjunjulaugsepoctnovdec";
const WEEKDAYS: &str = "sunmontuewedthufrisat";

/// A fixed-time job of a longer gap does not run: somebody set the clock.
const GAP_S_MAX: i64 = 3 * 3_600;

/// An expression, item by item.
#[derive(Debug)]
pub struct Job {
    seconds: Vec<u32>,
    minutes: Vec<u32>,
    hours: Vec<u32>,
    days: Vec<DayItem>,
    months: Vec<u32>,
    weekdays: Vec<DayItem>,
    both_days: bool,
    /// `MIN_STAR` or `HR_STAR` in `entry.c`.
    wild: bool,
}

#[derive(Debug)]
enum DayItem {
    Number(u32),
    LastDay,
    LastWorkday,
    Last(u32),
    Nth(u32, u32),
}

impl Job {
    /// Reads a valid expression; panics on others.
    pub fn read(text: &str) -> Job {
        let fields: Vec<&str> = text.split(' ').collect();
        let star = |n: usize| fields[n].starts_with('*');
        let plain = |n: usize, range: (u32, u32), names: &str| -> Vec<u32> {
            fields[n].split(',').flat_map(|item| numbers(item, range, names)).collect()
        };
        Job {
            minutes: plain(0, (0, 59), ""),
            hours: plain(1, (0, 23), ""),
            days: fields[2].split(',').flat_map(day_items).collect(),
            months: plain(3, (1, 12), MONTHS),
            weekdays: fields[4].split(',').flat_map(weekday_items).collect(),
            seconds: if fields.len() == 6 { plain(5, (0, 59), "") } else { vec![0] },
            both_days: star(2) || star(4),
            wild: star(0) || star(1),
        }
    }

    pub fn names_day(&self, day: NaiveDate) -> bool {
        let date = self.days.iter().any(|item| date_is(item, day));
        let weekday = self.weekdays.iter().any(|item| weekday_is(item, day));
        self.months.contains(&day.month()) && if self.both_days { date && weekday } else { date || weekday }
    }

    fn names(&self, reading: NaiveDateTime) -> bool {
        self.seconds.contains(&reading.second())
            && self.minutes.contains(&reading.minute())
            && self.hours.contains(&reading.hour())
            && self.names_day(reading.date())
    }
}

/// What a daemon that runs from `start_s` to `end_s` (Unix seconds) starts, looking at the clock every `step_s`.
pub fn fires(job: &Job, zone: Tz, (start_s, end_s): (i64, i64), step_s: i64) -> Vec<i64> {
    let mut found = Vec::new();
    // How far fixed-time jobs have come, on the local clock; `virtualTime` in `cron.c`.
    let mut done = reading(zone, start_s) - step_s;
    let mut at_s = start_s;
    while at_s < end_s {
        let now = reading(zone, at_s);
        let due = if job.wild {
            job.names(naive(now))
        } else if now <= done {
            false
        } else {
            let skipped_s = now - done - step_s;
            let from = if skipped_s <= GAP_S_MAX { done + step_s } else { now };
            done = now;
            (from..=now).step_by(step_s as usize).any(|missed| job.names(naive(missed)))
        };
        if due {
            found.push(at_s);
        }
        at_s += step_s;
    }
    found
}

/// The local clock's own count of seconds.
pub fn reading(zone: Tz, at_s: i64) -> i64 {
    at_s + i64::from(zone.offset_from_utc_datetime(&naive(at_s)).fix().local_minus_utc())
}

fn naive(seconds: i64) -> NaiveDateTime {
    DateTime::from_timestamp(seconds, 0).expect("a year of this era").naive_utc()
}

fn date_is(item: &DayItem, day: NaiveDate) -> bool {
    match item {
        DayItem::Number(number) => day.day() == *number,
        DayItem::LastDay => is_last_day(day),
        // Monday to Friday, and what is left of the month is a weekend.
        DayItem::LastWorkday => {
            let rest: Vec<NaiveDate> =
                day.iter_days().skip(1).take_while(|later| later.month() == day.month()).take(3).collect();
            !is_weekend(day) && rest.len() < 3 && rest.iter().all(|later| is_weekend(*later))
        }
        DayItem::Last(_) | DayItem::Nth(..) => false,
    }
}

fn weekday_is(item: &DayItem, day: NaiveDate) -> bool {
    let weekday = day.weekday().number_from_monday();
    let same = |number: u32| number == weekday || number == 0 && weekday == 7;
    match item {
        DayItem::Number(number) => same(*number),
        DayItem::Last(number) => same(*number) && (day + Days::new(7)).month() != day.month(),
        DayItem::Nth(number, nth) => same(*number) && day.day().div_ceil(7) == *nth,
        DayItem::LastDay | DayItem::LastWorkday => false,
    }
}

fn is_last_day(day: NaiveDate) -> bool {
    (day + Days::new(1)).day() == 1
}

fn is_weekend(day: NaiveDate) -> bool {
    day.weekday().number_from_monday() > 5
}

fn day_items(item: &str) -> Vec<DayItem> {
    match item.to_lowercase().split('/').next() {
        Some("l") => vec![DayItem::LastDay],
        Some("lw") => vec![DayItem::LastWorkday],
        _ => numbers(item, (1, 31), "").into_iter().map(DayItem::Number).collect(),
    }
}

fn weekday_items(item: &str) -> Vec<DayItem> {
    if let Some((day, nth)) = item.split_once('#') {
        return vec![DayItem::Nth(number(day, WEEKDAYS, 0), number(nth, "", 0))];
    }
    match item.strip_suffix('L') {
        Some(day) => vec![DayItem::Last(number(day, WEEKDAYS, 0))],
        None => numbers(item, (0, 7), WEEKDAYS).into_iter().map(DayItem::Number).collect(),
    }
}

/// `*`, `N`, `N-M`, `*/S`, `N-M/S`, `N/S`.
fn numbers(item: &str, (low, high): (u32, u32), names: &str) -> Vec<u32> {
    let (span, step) = match item.split_once('/') {
        Some((span, step)) => (span, Some(number(step, "", 0))),
        None => (item, None),
    };
    let (first, last) = match span.split_once('-') {
        _ if span == "*" => (low, high),
        Some((first, last)) => (number(first, names, low), number(last, names, low)),
        None if step.is_some() => (number(span, names, low), high),
        None => (number(span, names, low), number(span, names, low)),
    };
    assert!(low <= first && first <= last && last <= high, "{item} is not for the oracle");
    (first..=last).filter(|n| (n - first) % step.unwrap_or(1) == 0).collect()
}

fn number(text: &str, names: &str, first: u32) -> u32 {
    let name = names.find(&text.to_lowercase()).filter(|_| text.len() == 3).map(|at| first + at as u32 / 3);
    name.or_else(|| text.parse().ok()).unwrap_or_else(|| panic!("{text} is not for the oracle"))
}
