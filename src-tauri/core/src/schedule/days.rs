//! Which days an expression names: Debian's rule for day of month, month and day of week. Time of day is `search`'s.

use chrono::{Datelike, NaiveDate};

use super::cron_field::Named;

/// After this many months without a match there is none: the rarest rule (29 February on a given weekday, across a
/// year such as 2100) comes after 40 years.
const SEARCH_MONTHS_MAX: u32 = 60 * 12;

/// The Gregorian calendar repeats after 400 years, weekdays included.
const CYCLE_YEARS: std::ops::Range<i32> = 2000..2400;

/// Sets of days; bit n stands for the number n, Sunday is 0.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct DayRule {
    pub dates: u32,
    pub last_day: bool,
    pub last_weekday: bool,
    pub months: u32,
    pub weekdays: u32,
    pub last_of_month: u32,
    pub nth: [u32; 5],
    /// Debian: one of the two fields starts with `*`, so both must match; otherwise either is enough.
    pub both: bool,
}

impl DayRule {
    pub(super) fn new(day: &Named, months: u64, weekday: &Named, both: bool) -> DayRule {
        DayRule {
            dates: low_bits(day.numbers),
            last_day: day.last_day,
            last_weekday: day.last_weekday,
            months: low_bits(months),
            weekdays: seven_is_sunday(weekday.numbers),
            last_of_month: seven_is_sunday(weekday.last_of_month),
            nth: weekday.nth.map(seven_is_sunday),
            both,
        }
    }

    /// First matching day on or after `from`.
    pub(super) fn next_from(&self, from: NaiveDate) -> Option<NaiveDate> {
        let (mut year, mut month) = (from.year(), from.month());
        let mut days = self.days_of(year, month)? & (u32::MAX << from.day());
        for _ in 0..SEARCH_MONTHS_MAX {
            if days != 0 {
                return NaiveDate::from_ymd_opt(year, month, days.trailing_zeros());
            }
            (year, month) = if month == 12 { (year + 1, 1) } else { (year, month + 1) };
            days = self.days_of(year, month)?;
        }
        None
    }

    /// Last matching day on or before `from`.
    pub(super) fn latest_to(&self, from: NaiveDate) -> Option<NaiveDate> {
        let (mut year, mut month) = (from.year(), from.month());
        let mut days = self.days_of(year, month)? & (u32::MAX >> (31 - from.day()));
        for _ in 0..SEARCH_MONTHS_MAX {
            if days != 0 {
                return NaiveDate::from_ymd_opt(year, month, 31 - days.leading_zeros());
            }
            (year, month) = if month == 1 { (year - 1, 12) } else { (year, month - 1) };
            days = self.days_of(year, month)?;
        }
        None
    }

    /// Whether any day of any year matches.
    pub(super) fn ever_match(&self) -> bool {
        CYCLE_YEARS
            .flat_map(|year| (1..=12).map(move |month| (year, month)))
            .any(|(year, month)| self.days_of(year, month) != Some(0))
    }

    /// Whether the day of month alone can be met in some month that is named.
    pub(super) fn dates_exist(&self) -> bool {
        let all_weekdays = DayRule { weekdays: 0x7f, both: true, ..self.clone() };
        all_weekdays.ever_match()
    }

    /// Whether the day of month, or the day of week, leaves no day out.
    pub(super) fn every_date(&self) -> bool {
        self.dates == 0xffff_fffe
    }

    pub(super) fn every_weekday(&self) -> bool {
        self.weekdays == 0x7f
    }

    /// Bit d is set if day d of that month matches. None outside chrono's years.
    fn days_of(&self, year: i32, month: u32) -> Option<u32> {
        if self.months >> month & 1 == 0 {
            return Some(0);
        }
        let first = NaiveDate::from_ymd_opt(year, month, 1)?;
        let starts_on = first.weekday().num_days_from_sunday();
        let length = u32::from(first.num_days_in_month());
        let dates = self.matching_dates(starts_on, length);
        let weekdays = self.matching_weekdays(starts_on, length);
        let days = if self.both { dates & weekdays } else { dates | weekdays };
        Some(days & !1 & (u32::MAX >> (31 - length)))
    }

    fn matching_dates(&self, starts_on: u32, length: u32) -> u32 {
        let mut days = self.dates;
        if self.last_day {
            days |= 1 << length;
        }
        if self.last_weekday {
            let ends_on = (starts_on + length - 1) % 7;
            let weekend_days = match ends_on {
                0 => 2,
                6 => 1,
                _ => 0,
            };
            days |= 1 << (length - weekend_days);
        }
        days
    }

    fn matching_weekdays(&self, starts_on: u32, length: u32) -> u32 {
        let every_week = week_from(self.weekdays, starts_on);
        let mut days = (0..5).fold(0, |days, week| days | every_week << (7 * week + 1));
        for (week, nth) in (0..).zip(self.nth) {
            days |= week_from(nth, starts_on) << (7 * week + 1);
        }
        days | week_from(self.last_of_month, starts_on + length) << (length - 6)
    }
}

/// A set of weekdays as a set of the seven days that begin on weekday `starts_on`: bit 0 is the first of them.
fn week_from(weekdays: u32, starts_on: u32) -> u32 {
    let shift = starts_on % 7;
    (weekdays >> shift | weekdays << (7 - shift)) & 0x7f
}

fn seven_is_sunday(weekdays: u64) -> u32 {
    low_bits((weekdays | weekdays >> 7) & 0x7f)
}

fn low_bits(bits: u64) -> u32 {
    (bits & u64::from(u32::MAX)) as u32
}

#[cfg(test)]
mod tests {
    use super::super::cron_text;
    use super::*;

    /// The rule said again, day by day and without bits.
    fn matches_slowly(rule: &DayRule, day: NaiveDate) -> bool {
        let last = u32::from(day.num_days_in_month());
        let weekday = day.weekday().num_days_from_sunday();
        let mut last_weekday = day.with_day(last).expect("the last day");
        while [0, 6].contains(&last_weekday.weekday().num_days_from_sunday()) {
            last_weekday = last_weekday.pred_opt().expect("the day before");
        }
        let nth = ((day.day() - 1) / 7) as usize;
        let date = rule.dates >> day.day() & 1 == 1
            || rule.last_day && day.day() == last
            || rule.last_weekday && day == last_weekday;
        let on = |set: u32| set >> weekday & 1 == 1;
        let named = on(rule.weekdays) || on(rule.nth[nth]) || on(rule.last_of_month) && day.day() + 7 > last;
        rule.months >> day.month() & 1 == 1 && if rule.both { date && named } else { date || named }
    }

    #[test]
    fn every_day_of_28_years_is_judged_as_by_hand() {
        for text in [
            "0 0 * * *",
            "0 0 L * *",
            "0 0 LW * *",
            "0 0 29 2 *",
            "0 0 13 * 5",
            "0 0 */2 * 5",
            "0 0 * * 0L,3#5",
            "0 0 L,1 2-4 1#1,2,7L",
            "0 0 31 * */3",
            "0 0 LW,15 * 6",
            "0 0 * 2 1#5",
            "0 0 31 2 7",
        ] {
            let rule = cron_text::parse(text).expect(text).days;
            let start = NaiveDate::from_ymd_opt(2000, 1, 1).expect("a date");
            let days: Vec<NaiveDate> = start.iter_days().take(28 * 366).collect();
            let expected: Vec<NaiveDate> = days.iter().copied().filter(|day| matches_slowly(&rule, *day)).collect();
            let found: Vec<NaiveDate> = days.iter().copied().filter(|day| rule.next_from(*day) == Some(*day)).collect();
            assert_eq!(found, expected, "{text}");
            for pair in expected.windows(2) {
                assert_eq!(rule.next_from(pair[0].succ_opt().expect("a day")), Some(pair[1]), "{text}");
                assert_eq!(rule.latest_to(pair[1].pred_opt().expect("a day")), Some(pair[0]), "{text}");
            }
        }
    }
}
