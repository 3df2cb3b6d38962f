//! The owner's rules of when alerts are told: cool-down, escalation, reminders, quiet hours, the daily report, kinds that are off.

use chrono::{DateTime, Days, NaiveDate, NaiveTime};
use chrono_tz::Tz;
use serde::{Deserialize, Serialize};

use super::{AlertKind, Severity};
use crate::Ms;
use crate::local_time::local_instant;
use crate::time::MINUTE_MS;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Rules {
    /// The same problem is told again after this long at the earliest.
    pub cool_down_minutes: u32,
    /// An alert that nobody acknowledged is told once more, louder, after this long.
    pub escalate_minutes: Option<u32>,
    /// And again each time this much has passed since it was last told.
    pub nag_minutes: Option<u32>,
    pub quiet: Quiet,
    /// By the owner's clock.
    pub report_at: Option<TimeOfDay>,
    /// Kinds that are recorded and told to nobody.
    pub off: Vec<AlertKind>,
}

impl Default for Rules {
    fn default() -> Rules {
        Rules {
            cool_down_minutes: 60,
            escalate_minutes: None,
            nag_minutes: None,
            quiet: Quiet::default(),
            report_at: None,
            off: Vec::new(),
        }
    }
}

/// Hours in which only what is critical is told; the rest is told together at their end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Quiet {
    pub on: bool,
    pub from: TimeOfDay,
    /// Before `from`: of the next day.
    pub to: TimeOfDay,
}

impl Default for Quiet {
    fn default() -> Quiet {
        Quiet { on: false, from: TimeOfDay { minutes: 22 * 60 }, to: TimeOfDay { minutes: 7 * 60 } }
    }
}

/// "22:00": what a clock on the wall shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct TimeOfDay {
    /// Since midnight, less than 1,440.
    minutes: u16,
}

impl TryFrom<String> for TimeOfDay {
    type Error = String;

    fn try_from(text: String) -> Result<TimeOfDay, String> {
        TimeOfDay::read(&text).ok_or_else(|| format!("\"{text}\" is no time of day such as 22:00"))
    }
}

impl From<TimeOfDay> for String {
    fn from(time: TimeOfDay) -> String {
        time.to_string()
    }
}

impl std::fmt::Display for TimeOfDay {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:02}:{:02}", self.minutes / 60, self.minutes % 60)
    }
}

impl TimeOfDay {
    /// "9:00" and "09:00" alike.
    #[must_use]
    pub fn read(text: &str) -> Option<TimeOfDay> {
        let (hours, minutes) = text.split_once(':')?;
        let number = |digits: &str, most: u16| {
            let plain = (1..=2).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit());
            plain.then(|| digits.parse::<u16>().ok())?.filter(|number| *number < most)
        };
        let whole = (minutes.len() == 2).then_some(minutes)?;
        Some(TimeOfDay { minutes: number(hours, 24)? * 60 + number(whole, 60)? })
    }

    fn on(self, day: NaiveDate, zone: Tz) -> Option<Ms> {
        let time = NaiveTime::from_num_seconds_from_midnight_opt(u32::from(self.minutes) * 60, 0)?;
        local_instant(zone, day.and_time(time))
    }
}

impl Quiet {
    /// When the quiet hours that hold at `now` end; None: they do not hold.
    #[must_use]
    pub fn until(&self, now: Ms, zone: Tz) -> Option<Ms> {
        if !self.on || self.from == self.to {
            return None;
        }
        let today = local_date(now, zone)?;
        let over_midnight = Days::new(u64::from(self.to < self.from));
        [today.pred_opt()?, today].into_iter().find_map(|day| {
            let (from, to) = (self.from.on(day, zone)?, self.to.on(day.checked_add_days(over_midnight)?, zone)?);
            (from <= now && now < to).then_some(to)
        })
    }
}

impl Rules {
    #[must_use]
    pub fn cool_down_ms(&self) -> u64 {
        u64::from(self.cool_down_minutes) * MINUTE_MS
    }

    /// Whether this kind is told to anybody.
    #[must_use]
    pub fn tell(&self, kind: AlertKind) -> bool {
        !self.off.contains(&kind)
    }

    /// Until when an alert as bad as this is held back at `now`; None: it may be told.
    #[must_use]
    pub fn held_until(&self, severity: Severity, now: Ms, zone: Tz) -> Option<Ms> {
        if severity == Severity::Critical { None } else { self.quiet.until(now, zone) }
    }

    /// The daily report that was due last, at `now` or before it within a day: the owner's day that it tells of (the one
    /// before it is sent) and when it is due.
    #[must_use]
    pub fn report_due(&self, now: Ms, zone: Tz) -> Option<(NaiveDate, Ms)> {
        let today = local_date(now, zone)?;
        let of = |day: NaiveDate| Some((day.pred_opt()?, self.report_at?.on(day, zone)?));
        [today, today.pred_opt()?].into_iter().filter_map(of).find(|(_, due)| *due <= now)
    }
}

fn local_date(at: Ms, zone: Tz) -> Option<NaiveDate> {
    at.utc().map(|at: DateTime<_>| at.with_timezone(&zone).date_naive())
}
