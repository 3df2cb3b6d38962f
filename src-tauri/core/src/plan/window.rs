//! Windows of the week in local time: which part holds at an instant, and when that changes.

use chrono::{DateTime, Datelike, Days, NaiveDate, NaiveDateTime, TimeDelta};
use chrono_tz::Tz;

use crate::Ms;
use crate::local_time::local_instant;
use crate::schedule_spec::Weekdays;

/// A window comes back within a week; a day of slack for windows over midnight and lost days.
const DAYS_AHEAD: u64 = 9;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Window {
    pub days: Weekdays,
    pub from_s: u32,
    pub to_s: u32,
    pub zone: Tz,
}

/// One opening of a window: `[from, to)`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Opening {
    pub from: Ms,
    pub to: Ms,
}

impl Window {
    /// The opening that holds at `at`.
    pub fn holding(&self, at: Ms) -> Option<Opening> {
        let today = self.local_date(at)?;
        let yesterday = today.pred_opt()?;
        [today, yesterday]
            .into_iter()
            .filter_map(|day| self.opening_of(day))
            .find(|opening| opening.from <= at && at < opening.to)
    }

    /// First beginning or end after `at`.
    pub fn next_edge(&self, at: Ms) -> Option<Ms> {
        let first = self.local_date(at)?.pred_opt()?;
        let mut days = (0..=DAYS_AHEAD).filter_map(|ahead| self.opening_of(first.checked_add_days(Days::new(ahead))?));
        days.find_map(|opening| [opening.from, opening.to].into_iter().find(|edge| *edge > at))
    }

    /// Last beginning or end at or before `at`.
    pub fn last_edge(&self, at: Ms) -> Option<Ms> {
        let last = self.local_date(at)?.succ_opt()?;
        let mut days = (0..=DAYS_AHEAD + 1).filter_map(|back| self.opening_of(last.checked_sub_days(Days::new(back))?));
        days.find_map(|opening| [opening.to, opening.from].into_iter().find(|edge| *edge <= at))
    }

    fn opening_of(&self, day: NaiveDate) -> Option<Opening> {
        if !self.days.has(day.weekday().num_days_from_monday()) {
            return None;
        }
        let over_midnight = u32::from(self.to_s <= self.from_s) * 86_400;
        let (from, to) = (self.instant(day, self.from_s)?, self.instant(day, self.to_s + over_midnight)?);
        // A day that the clocks skip whole has no window.
        (from < to).then_some(Opening { from, to })
    }

    fn instant(&self, day: NaiveDate, second: u32) -> Option<Ms> {
        let local: NaiveDateTime =
            day.and_time(chrono::NaiveTime::MIN).checked_add_signed(TimeDelta::seconds(i64::from(second)))?;
        local_instant(self.zone, local)
    }

    fn local_date(&self, at: Ms) -> Option<NaiveDate> {
        let utc: DateTime<chrono::Utc> = at.utc()?;
        Some(utc.with_timezone(&self.zone).date_naive())
    }
}
