//! The search in local time, as if clocks never changed. The `cron` crate reads the time of day, `days` knows the day.
//!
//! The crate is asked about the time of day only, in plain numbers: it ands day of month with day of week, counts Sunday
//! as 1, knows no `L` and `#`, and ends in the year 2100. What it read is kept as sets of bits, because its own search
//! builds lists on every call; the tests hold the two against each other.

use std::str::FromStr;

use chrono::{Days, NaiveDate, NaiveDateTime, NaiveTime, Timelike};
use cron::{Schedule, TimeUnitSpec};

use super::cron_error::CronError;
use super::cron_text::Fields;
use super::days::DayRule;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct LocalSearch {
    days: DayRule,
    times: Times,
}

impl LocalSearch {
    pub(super) fn new(fields: &Fields) -> Result<LocalSearch, CronError> {
        let canonical = canonical(fields);
        let schedule = Schedule::from_str(&canonical).map_err(|error| CronError::whole(error.to_string()))?;
        let times = Times::of(&schedule).ok_or_else(|| CronError::whole("never fires: no time of day is named"))?;
        Ok(LocalSearch { days: fields.days.clone(), times })
    }

    /// First match at or after `local`, a whole second.
    pub(super) fn next_from(&self, local: NaiveDateTime) -> Option<NaiveDateTime> {
        let mut day = self.days.next_from(local.date())?;
        if day == local.date() {
            if let Some(time) = self.times.next_from(local.time()) {
                return Some(day.and_time(time));
            }
            day = self.days.next_from(tomorrow(day)?)?;
        }
        Some(day.and_time(self.times.first))
    }

    /// Last match at or before `local`, a whole second.
    pub(super) fn latest_to(&self, local: NaiveDateTime) -> Option<NaiveDateTime> {
        let mut day = self.days.latest_to(local.date())?;
        if day == local.date() {
            if let Some(time) = self.times.latest_to(local.time()) {
                return Some(day.and_time(time));
            }
            day = self.days.latest_to(day.checked_sub_days(Days::new(1))?)?;
        }
        Some(day.and_time(self.times.last))
    }
}

/// Times of day, no set empty. Bit n stands for the number n.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Times {
    hours: u64,
    minutes: u64,
    seconds: u64,
    first: NaiveTime,
    last: NaiveTime,
}

impl Times {
    /// None if no time of day is named.
    fn of(schedule: &Schedule) -> Option<Times> {
        let [hours, minutes, seconds] = [bits(schedule.hours()), bits(schedule.minutes()), bits(schedule.seconds())];
        let first = NaiveTime::from_hms_opt(least(hours, 0)?, least(minutes, 0)?, least(seconds, 0)?)?;
        let last = NaiveTime::from_hms_opt(greatest(hours, 23)?, greatest(minutes, 59)?, greatest(seconds, 59)?)?;
        Some(Times { hours, minutes, seconds, first, last })
    }

    fn next_from(&self, time: NaiveTime) -> Option<NaiveTime> {
        let (hour, minute, second) = (time.hour(), time.minute(), time.second());
        if self.hours >> hour & 1 == 1 {
            if self.minutes >> minute & 1 == 1
                && let Some(second) = least(self.seconds, second)
            {
                return NaiveTime::from_hms_opt(hour, minute, second);
            }
            if let Some(minute) = least(self.minutes, minute + 1) {
                return NaiveTime::from_hms_opt(hour, minute, self.first.second());
            }
        }
        NaiveTime::from_hms_opt(least(self.hours, hour + 1)?, self.first.minute(), self.first.second())
    }

    fn latest_to(&self, time: NaiveTime) -> Option<NaiveTime> {
        let (hour, minute, second) = (time.hour(), time.minute(), time.second());
        if self.hours >> hour & 1 == 1 {
            if self.minutes >> minute & 1 == 1
                && let Some(second) = greatest(self.seconds, second)
            {
                return NaiveTime::from_hms_opt(hour, minute, second);
            }
            if let Some(minute) = minute.checked_sub(1).and_then(|minute| greatest(self.minutes, minute)) {
                return NaiveTime::from_hms_opt(hour, minute, self.last.second());
            }
        }
        let hour = greatest(self.hours, hour.checked_sub(1)?)?;
        NaiveTime::from_hms_opt(hour, self.last.minute(), self.last.second())
    }
}

fn tomorrow(day: NaiveDate) -> Option<NaiveDate> {
    day.checked_add_days(Days::new(1))
}

fn bits(unit: &impl TimeUnitSpec) -> u64 {
    unit.iter().fold(0, |bits, number| bits | 1 << number)
}

/// Least number of the set that is not less than `from` (at most 63).
fn least(bits: u64, from: u32) -> Option<u32> {
    let further = bits & (u64::MAX << from);
    (further != 0).then(|| further.trailing_zeros())
}

/// Greatest number of the set that is not greater than `to` (at most 63).
fn greatest(bits: u64, to: u32) -> Option<u32> {
    let nearer = bits & (u64::MAX >> (63 - to));
    (nearer != 0).then(|| 63 - nearer.leading_zeros())
}

/// The time of day on every day, as the crate reads it: seconds first.
fn canonical(fields: &Fields) -> String {
    format!("{} {} {} * * *", list(fields.seconds, 60), list(fields.minutes, 60), list(fields.hours, 24))
}

/// A set as the crate reads it: `*` or numbers between commas.
fn list(bits: u64, numbers: u32) -> String {
    if bits.count_ones() == numbers {
        return "*".to_owned();
    }
    let named: Vec<String> = (0..numbers).filter(|n| bits >> n & 1 == 1).map(|n| n.to_string()).collect();
    named.join(",")
}

#[cfg(test)]
mod tests {
    use chrono::{DateTime, TimeDelta, Utc};

    use super::super::cron_text;
    use super::*;

    /// Any day between 1971 and 2099 does.
    const DAY: NaiveDate = NaiveDate::from_ymd_opt(2000, 1, 1).expect("a valid date");

    #[test]
    fn times_of_day_are_found_as_the_crate_itself_finds_them() {
        for text in [
            "* * * * *",
            "*/7 3,5-8,23 * * *",
            "59 23 * * *",
            "0 0 * * *",
            "*/15 9-17 * * *",
            "* * * * * */20",
            "5-8 1,13 * * * 59",
            "30 */5 * * * 1,2,58",
        ] {
            let fields = cron_text::parse(text).expect(text);
            let schedule = Schedule::from_str(&canonical(&fields)).expect(text);
            let times = Times::of(&schedule).expect(text);
            for second_of_day in (0..86_400).filter(|s| s % 60 < 3 || s % 60 > 57 || s % 7 == 0) {
                let time = NaiveTime::from_num_seconds_from_midnight_opt(second_of_day, 0).expect("in the day");
                let at: DateTime<Utc> = DAY.and_time(time).and_utc();
                let on_the_day = |at: DateTime<Utc>| (at.date_naive() == DAY).then_some(at.time());
                let next = schedule.after(&(at - TimeDelta::seconds(1))).next().and_then(on_the_day);
                let latest = schedule.after(&(at + TimeDelta::seconds(1))).next_back().and_then(on_the_day);
                assert_eq!(times.next_from(time), next, "{text} from {time}");
                assert_eq!(times.latest_to(time), latest, "{text} to {time}");
            }
        }
    }
}
