//! `OnCalendar=` as a cron expression. systemd wants day of month AND day of week; cron's OR of the two is got around by a
//! part of the schedule that holds on those weekdays.

use crate::schedule::parse_zone;
use crate::schedule_spec::Weekdays;

/// What one `OnCalendar=` says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Calendar {
    /// None: every day.
    pub weekdays: Option<Weekdays>,
    days: Days,
    months: Numbers,
    hours: Numbers,
    minutes: Numbers,
    seconds: Numbers,
    /// None: the machine's own.
    pub zone: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Days {
    Named(Numbers),
    Last,
}

/// Bit n stands for the number n.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Numbers {
    bits: u64,
    low: u32,
    high: u32,
}

const SHORT: [(&str, &str); 9] = [
    ("minutely", "*-*-* *:*:00"),
    ("hourly", "*-*-* *:00:00"),
    ("daily", "*-*-* 00:00:00"),
    ("monthly", "*-*-01 00:00:00"),
    ("weekly", "Mon *-*-* 00:00:00"),
    ("yearly", "*-01-01 00:00:00"),
    ("annually", "*-01-01 00:00:00"),
    ("quarterly", "*-01,04,07,10-01 00:00:00"),
    ("semiannually", "*-01,07-01 00:00:00"),
];
const WEEKDAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];

impl Calendar {
    /// # Errors
    /// What of it cannot be said by a cue; in half a sentence.
    pub(super) fn read(text: &str) -> Result<Calendar, String> {
        let mut words: Vec<&str> = text.split_whitespace().collect();
        let zone = words.pop_if(|word| is_zone(word)).map(str::to_owned);
        if let [word] = words[..]
            && let Some((_, meaning)) = SHORT.iter().find(|(short, _)| word.eq_ignore_ascii_case(short))
        {
            return Ok(Calendar { zone, ..Calendar::read(meaning)? });
        }
        let weekdays = match words.first() {
            Some(word) if word.starts_with(|letter: char| letter.is_ascii_alphabetic()) => {
                let weekdays = weekdays(words.remove(0).trim_end_matches(','))?;
                Some(weekdays).filter(|days| *days != Weekdays::ALL)
            }
            _ => None,
        };
        let (date, time) = match words[..] {
            [] if weekdays.is_some() => ("*-*-*", "00:00:00"),
            [date] if date.contains(['-', '~']) => (date, "00:00:00"),
            [time] => ("*-*-*", time),
            [date, time] => (date, time),
            _ => return Err(format!("`{text}` is not understood")),
        };
        let (months, days) = date_parts(date)?;
        let clock: Vec<&str> = time.split(':').collect();
        let (hours, minutes, seconds) = match clock[..] {
            [hours, minutes] => (hours, minutes, "00"),
            [hours, minutes, seconds] => (hours, minutes, seconds),
            _ => return Err(format!("`{time}` is no time of the day")),
        };
        Ok(Calendar {
            weekdays,
            days,
            months,
            hours: Numbers::read(hours, 0, 23)?,
            minutes: Numbers::read(minutes, 0, 59)?,
            seconds: Numbers::read(seconds, 0, 59)?,
            zone,
        })
    }

    /// Weekdays aside.
    pub(super) fn cron(&self) -> String {
        let days = match &self.days {
            Days::Last => "L".to_owned(),
            Days::Named(days) => days.text(),
        };
        let weekdays = match self.weekdays {
            Some(weekdays) if self.every_date() => weekday_text(weekdays),
            Some(_) | None => "*".to_owned(),
        };
        let [minutes, hours, months] = [self.minutes, self.hours, self.months].map(Numbers::text);
        let five = format!("{minutes} {hours} {days} {months} {weekdays}");
        if self.seconds.bits == 1 { five } else { format!("{five} {}", self.seconds.text()) }
    }

    /// Both the date and the weekday are restricted, so that a cron alone cannot say it.
    pub(super) fn needs_part(&self) -> bool {
        self.weekdays.is_some() && !self.every_date()
    }

    fn every_date(&self) -> bool {
        matches!(&self.days, Days::Named(days) if days.is_all())
    }

    /// One that says both, if all but one field are the same.
    pub(super) fn merged(&self, other: &Calendar) -> Option<Calendar> {
        let mut one = self.clone();
        let mut differ = 0;
        for (mine, its) in [
            (&mut one.hours, &other.hours),
            (&mut one.minutes, &other.minutes),
            (&mut one.seconds, &other.seconds),
            (&mut one.months, &other.months),
        ] {
            differ += u32::from(mine.bits != its.bits);
            mine.bits |= its.bits;
        }
        match (&mut one.days, &other.days) {
            (Days::Named(mine), Days::Named(its)) => {
                differ += u32::from(mine.bits != its.bits);
                mine.bits |= its.bits;
            }
            (Days::Last, Days::Last) => {}
            (Days::Last, Days::Named(_)) | (Days::Named(_), Days::Last) => return None,
        }
        if one.weekdays != other.weekdays {
            differ += 1;
            one.weekdays = one.weekdays.zip(other.weekdays).map(|(mine, its)| Weekdays(mine.0 | its.0));
            one.weekdays = one.weekdays.filter(|days| *days != Weekdays::ALL);
        }
        (differ <= 1 && self.zone == other.zone).then_some(one)
    }
}

/// Months and days of `*-*-*`, `*-2-29`, `12-24` or `*-02~1`.
fn date_parts(date: &str) -> Result<(Numbers, Days), String> {
    let (front, days) = match date.rsplit_once('~') {
        Some((front, "1" | "01")) => (front, Days::Last),
        Some(_) => return Err(format!("`{date}` counts days from the end of the month")),
        None => match date.rsplit_once('-') {
            Some((front, days)) => (front, Days::Named(Numbers::read(days, 1, 31)?)),
            None => return Err(format!("`{date}` is no date")),
        },
    };
    let (year, months) = front.rsplit_once('-').unwrap_or(("*", front));
    if year != "*" {
        return Err(format!("`{date}` names a year"));
    }
    Ok((Numbers::read(months, 1, 12)?, days))
}

fn is_zone(word: &str) -> bool {
    let short = SHORT.iter().any(|(short, _)| word.eq_ignore_ascii_case(short));
    let day = weekdays(word.trim_end_matches(',')).is_ok();
    !short && !day && word.starts_with(|letter: char| letter.is_ascii_alphabetic()) && parse_zone(word).is_ok()
}

fn weekdays(text: &str) -> Result<Weekdays, String> {
    let day = |name: &str| {
        let short = name.get(..3).unwrap_or(name).to_ascii_lowercase();
        WEEKDAYS.iter().position(|day| *day == short).ok_or_else(|| format!("`{text}` names no weekday"))
    };
    let mut bits = 0;
    for item in text.split(',') {
        let range = item.split_once("..").or_else(|| item.split_once('-'));
        let (from, to) = match range {
            None => (day(item)?, day(item)?),
            Some((from, to)) => (day(from)?, day(to)?),
        };
        let to = if to < from { to + 7 } else { to };
        bits |= (from..=to).fold(0_u8, |bits, day| bits | 1 << (day % 7));
    }
    Ok(Weekdays(bits))
}

/// For a cron: `1-5`, Sunday as 7.
fn weekday_text(days: Weekdays) -> String {
    let bits = (0..7).filter(|day| days.has(*day)).fold(0, |bits, day| bits | 1 << (day + 1));
    Numbers { bits, low: 1, high: 7 }.text()
}

impl Numbers {
    fn read(text: &str, low: u32, high: u32) -> Result<Numbers, String> {
        let unfit = || format!("`{text}` is not understood");
        let number =
            |text: &str| text.parse::<u32>().ok().filter(|number| (low..=high).contains(number)).ok_or_else(unfit);
        let mut bits = 0;
        for item in text.split(',') {
            let (base, step) = item.split_once('/').map_or((item, None), |(base, step)| (base, Some(step)));
            let step =
                step.map(|step| step.parse::<u32>().ok().filter(|step| *step > 0).ok_or_else(unfit)).transpose()?;
            let (from, to) = match base.split_once("..") {
                Some((from, to)) => (number(from)?, number(to)?),
                None if base == "*" => (low, high),
                None if step.is_some() => (number(base)?, high),
                None => (number(base)?, number(base)?),
            };
            let step = usize::try_from(step.unwrap_or(1)).map_err(|_| unfit())?;
            bits |= (from..=to).step_by(step).fold(0_u64, |bits, number| bits | 1 << number);
        }
        if bits == 0 { Err(unfit()) } else { Ok(Numbers { bits, low, high }) }
    }

    fn is_all(self) -> bool {
        (self.low..=self.high).all(|number| self.bits >> number & 1 == 1)
    }

    /// As a field of a cron. Only all of them begin with `*`, so that cron's rules for such fields do not come in.
    fn text(self) -> String {
        if self.is_all() {
            return "*".to_owned();
        }
        let set: Vec<u32> = (self.low..=self.high).filter(|number| self.bits >> number & 1 == 1).collect();
        if let [first, second, third, ..] = set[..]
            && set.windows(2).all(|two| two[1] - two[0] == second - first)
            && second - first > 1
        {
            // What starts at the bottom and runs to the top is a beat, and follows the clock as one.
            let (step, last) = (second - first, set[set.len() - 1]);
            let whole = first == self.low && last + step > self.high && third > second && self.low == 0;
            return if whole { format!("*/{step}") } else { format!("{first}-{last}/{step}") };
        }
        let mut items: Vec<(u32, u32)> = Vec::new();
        for number in set {
            match items.last_mut() {
                Some((_, end)) if *end + 1 == number => *end = number,
                _ => items.push((number, number)),
            }
        }
        let item = |(from, to): &(u32, u32)| if from == to { from.to_string() } else { format!("{from}-{to}") };
        items.iter().map(item).collect::<Vec<_>>().join(",")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calendars_are_said_as_crons() {
        for (text, cron) in [
            ("daily", "0 0 * * *"),
            ("Weekly", "0 0 * * 1"),
            ("quarterly", "0 0 1 1-10/3 *"),
            ("minutely", "* * * * *"),
            ("*:0/15", "*/15 * * * *"),
            ("*:5/20", "5-45/20 * * * *"),
            ("02:30", "30 2 * * *"),
            ("Mon..Fri 09:00", "0 9 * * 1-5"),
            ("Sat,Sun *-*-* 8..18/2:00:30", "0 8-18/2 * * 6-7 30"),
            ("Fri..Mon 10:00", "0 10 * * 1,5-7"),
            ("*-*-1,15 04:00", "0 4 1,15 * *"),
            ("12-24 18:00", "0 18 24 12 *"),
            ("*-*~1 23:00", "0 23 L * *"),
            ("*-*-* 00/6:00", "0 */6 * * *"),
            ("Mon", "0 0 * * 1"),
            ("Monday 06:10:00 Europe/Berlin", "10 6 * * 1"),
            ("*:*:0/10", "* * * * * */10"),
        ] {
            assert_eq!(Calendar::read(text).map(|calendar| calendar.cron()).as_deref(), Ok(cron), "{text}");
        }
        assert_eq!(Calendar::read("daily UTC").unwrap().zone.as_deref(), Some("UTC"));
        assert_eq!(Calendar::read("02:00 Europe/Berlin").unwrap().zone.as_deref(), Some("Europe/Berlin"));
    }

    #[test]
    fn day_and_weekday_both_hold() {
        let first_monday = Calendar::read("Mon *-*-1..7 02:30").unwrap();
        assert!(first_monday.needs_part());
        assert_eq!((first_monday.cron().as_str(), first_monday.weekdays), ("30 2 1-7 * *", Some(Weekdays(1))));
        assert!(!Calendar::read("Mon 02:30").unwrap().needs_part());
    }

    #[test]
    fn what_no_cue_says_is_told() {
        for text in
            ["2027-01-01 00:00", "*-*~3 00:00", "*-*-* 25:00", "*-13-01", "Foo 10:00", "", "10", "*:*:0.5", "@3600"]
        {
            assert!(Calendar::read(text).is_err(), "{text}");
        }
    }

    #[test]
    fn two_that_differ_in_one_field_are_one() {
        let read = |text| Calendar::read(text).unwrap();
        let both = |one, other| read(one).merged(&read(other)).map(|calendar| calendar.cron());
        assert_eq!(both("06:00", "18:00").as_deref(), Some("0 6,18 * * *"));
        assert_eq!(both("Mon 06:00", "Thu 06:00").as_deref(), Some("0 6 * * 1,4"));
        assert_eq!(both("06:00", "18:30"), None);
        assert_eq!(both("Mon 06:00", "18:00"), None);
    }
}
