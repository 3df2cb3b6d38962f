//! The search in local time, as if clocks never changed. The `cron` crate finds the time of day, `days` the day.
//!
//! The crate is asked about one fixed day only: it ands day of month with day of week, counts Sunday as 1, knows no
//! `L` and `#`, and ends in the year 2100.

use std::str::FromStr;

use chrono::{DateTime, Days, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta, Utc};
use cron::Schedule;

use super::cron_error::CronError;
use super::cron_text::Fields;
use super::days::DayRule;

/// The day on which times of day are looked up; any between 1971 and 2099 does.
const ANY_DAY: NaiveDate = NaiveDate::from_ymd_opt(2000, 1, 1).expect("a valid date");
const ONE_SECOND: TimeDelta = TimeDelta::seconds(1);

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct LocalSearch {
    days: DayRule,
    times: Schedule,
    first: NaiveTime,
    last: NaiveTime,
}

impl LocalSearch {
    pub(super) fn new(fields: &Fields) -> Result<LocalSearch, CronError> {
        let canonical =
            format!("{} {} {} * * *", list(fields.seconds, 60), list(fields.minutes, 60), list(fields.hours, 24));
        let times = Schedule::from_str(&canonical).map_err(|error| CronError::whole(error.to_string()))?;
        let ends = times_from(&times, NaiveTime::MIN).zip(times_to(&times, last_second()));
        let (first, last) = ends.ok_or_else(|| CronError::whole("never fires: no time of day is named"))?;
        Ok(LocalSearch { days: fields.days.clone(), times, first, last })
    }

    /// First match at or after `local`, a whole second.
    pub(super) fn next_from(&self, local: NaiveDateTime) -> Option<NaiveDateTime> {
        let day = self.days.next_from(local.date())?;
        if day > local.date() {
            return Some(day.and_time(self.first));
        }
        match times_from(&self.times, local.time()) {
            Some(time) => Some(day.and_time(time)),
            None => Some(self.days.next_from(day.checked_add_days(Days::new(1))?)?.and_time(self.first)),
        }
    }

    /// Last match at or before `local`, a whole second.
    pub(super) fn latest_to(&self, local: NaiveDateTime) -> Option<NaiveDateTime> {
        let day = self.days.latest_to(local.date())?;
        if day < local.date() {
            return Some(day.and_time(self.last));
        }
        match times_to(&self.times, local.time()) {
            Some(time) => Some(day.and_time(time)),
            None => Some(self.days.latest_to(day.checked_sub_days(Days::new(1))?)?.and_time(self.last)),
        }
    }
}

fn times_from(times: &Schedule, time: NaiveTime) -> Option<NaiveTime> {
    let before: DateTime<Utc> = ANY_DAY.and_time(time).and_utc() - ONE_SECOND;
    let found = times.after(&before).next()?;
    (found.date_naive() == ANY_DAY).then_some(found.time())
}

fn times_to(times: &Schedule, time: NaiveTime) -> Option<NaiveTime> {
    let behind: DateTime<Utc> = ANY_DAY.and_time(time).and_utc() + ONE_SECOND;
    let found = times.after(&behind).next_back()?;
    (found.date_naive() == ANY_DAY).then_some(found.time())
}

fn last_second() -> NaiveTime {
    NaiveTime::MIN - ONE_SECOND
}

/// A set as the crate reads it: `*` or numbers between commas.
fn list(bits: u64, numbers: u32) -> String {
    if bits.count_ones() == numbers {
        return "*".to_owned();
    }
    let named: Vec<String> = (0..numbers).filter(|n| bits >> n & 1 == 1).map(|n| n.to_string()).collect();
    named.join(",")
}
