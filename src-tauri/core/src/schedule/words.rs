//! A cron expression in words. Numbers to sentences only; what an expression means is decided elsewhere.

use super::cron_field::{MONTHS, WEEKDAYS};
use super::cron_text::Fields;
use super::days::DayRule;

/// More than so many times, days or months in one sentence are harder to read than the expression.
const LISTED_MAX: usize = 4;

/// What a set of numbers looks like to people.
enum Shape {
    All,
    One(u32),
    /// From its first number in steps that divide the whole range.
    Every {
        step: u32,
        from: u32,
    },
    /// Neighbours, from first to last.
    Range(u32, u32),
    Few(Vec<u32>),
    Other,
}

/// None where words would not be shorter or clearer.
pub(super) fn of(fields: &Fields) -> Option<String> {
    let days = days(&fields.days)?;
    if fields.seconds == 1
        && let Some(times) = single_times(fields)
    {
        let days = if days.is_empty() { "daily" } else { &days };
        return Some(format!("{days} at {times}"));
    }
    let clock = rhythm(fields)?;
    Some(if days.is_empty() { clock } else { format!("{days}, {clock}") })
}

/// "02:30", "09:00 and 17:00"
fn single_times(fields: &Fields) -> Option<String> {
    let (hours, minutes) = (numbers(fields.hours), numbers(fields.minutes));
    if hours.len() * minutes.len() > LISTED_MAX {
        return None;
    }
    let times: Vec<String> =
        hours.iter().flat_map(|hour| minutes.iter().map(move |minute| time(*hour, *minute))).collect();
    Some(and(&times))
}

/// "every 15 min", "hourly at :05", "every 2 h", "every 10 min from 09:00 to 17:50"
fn rhythm(fields: &Fields) -> Option<String> {
    if fields.seconds != 1 {
        return seconds_rhythm(fields);
    }
    let minutes = shape(fields.minutes, 0, 59);
    match shape(fields.hours, 0, 23) {
        Shape::All => Some(match minutes {
            Shape::One(minute) => format!("hourly at :{minute:02}"),
            Shape::Few(list) => {
                let list: Vec<String> = list.iter().map(|minute| format!(":{minute:02}")).collect();
                format!("hourly at {}", and(&list))
            }
            Shape::Every { step, from } if from > 0 => format!("every {step} min from :{from:02} on"),
            minutes => every_minutes(&minutes)?,
        }),
        Shape::Every { step, from: 0 } => match minutes {
            Shape::One(0) => Some(format!("every {step} h")),
            Shape::One(minute) => Some(format!("every {step} h at :{minute:02}")),
            _ => None,
        },
        Shape::Range(first, last) => match minutes {
            Shape::One(minute) => Some(format!("hourly from {} to {}", time(first, minute), time(last, minute))),
            minutes => every_between(&minutes, first, last, fields.minutes),
        },
        Shape::One(hour) => every_between(&minutes, hour, hour, fields.minutes),
        Shape::Every { .. } | Shape::Few(_) | Shape::Other => None,
    }
}

fn seconds_rhythm(fields: &Fields) -> Option<String> {
    let Shape::All = shape(fields.hours, 0, 23) else { return None };
    let seconds = shape(fields.seconds, 0, 59);
    match (shape(fields.minutes, 0, 59), &seconds) {
        (Shape::All, _) => {}
        (Shape::Every { step, from: 0 }, Shape::One(second)) => {
            return Some(format!("every {step} min, {second} s past"));
        }
        _ => return None,
    }
    match seconds {
        Shape::All => Some("every second".to_owned()),
        Shape::Every { step, from: 0 } => Some(format!("every {step} s")),
        Shape::One(second) => Some(format!("every minute, {second} s past")),
        Shape::Few(list) => {
            let list: Vec<String> = list.iter().map(ToString::to_string).collect();
            Some(format!("every minute, {} s past", and(&list)))
        }
        Shape::Every { step, from } => Some(format!("every {step} s from :{from:02} on")),
        Shape::Range(..) | Shape::Other => None,
    }
}

fn every_between(minutes: &Shape, first_hour: u32, last_hour: u32, all: u64) -> Option<String> {
    let last_minute = numbers(all).pop()?;
    Some(format!("{} from {} to {}", every_minutes(minutes)?, time(first_hour, 0), time(last_hour, last_minute)))
}

fn every_minutes(minutes: &Shape) -> Option<String> {
    match minutes {
        Shape::All => Some("every minute".to_owned()),
        Shape::Every { step, from: 0 } => Some(format!("every {step} min")),
        Shape::Every { .. } | Shape::One(_) | Shape::Range(..) | Shape::Few(_) | Shape::Other => None,
    }
}

/// Empty for every day.
fn days(rule: &DayRule) -> Option<String> {
    let specials = rule.last_of_month != 0 || rule.nth.iter().any(|nth| *nth != 0);
    let every_weekday = rule.every_weekday();
    let days = match (rule.every_date(), every_weekday) {
        (true, true) => String::new(),
        // "Either is enough" with every day on one side is every day.
        (true, false) | (false, true) if !rule.both => String::new(),
        (true, false) if specials => weekday_of_month(rule)?,
        (true, false) => plain_weekdays(rule.weekdays)?,
        (false, true) => dates(rule)?,
        (false, false) => return None,
    };
    let months = match shape(u64::from(rule.months), 1, 12) {
        Shape::All => return Some(days),
        Shape::One(month) if every_weekday && rule.dates.is_power_of_two() && !rule.last_day && !rule.last_weekday => {
            return Some(format!("yearly on {} {}", rule.dates.trailing_zeros(), month_name(month)));
        }
        Shape::One(month) => month_name(month).to_owned(),
        Shape::Range(first, last) => format!("{} to {}", month_name(first), month_name(last)),
        Shape::Every { .. } | Shape::Few(_) | Shape::Other => {
            let named: Vec<String> =
                numbers(u64::from(rule.months)).into_iter().map(|n| month_name(n).to_owned()).collect();
            if named.len() > LISTED_MAX {
                return None;
            }
            and(&named)
        }
    };
    let days = match days.strip_prefix("monthly ").unwrap_or(&days).trim_end_matches(" of the month") {
        "" => "daily",
        days => days,
    };
    Some(format!("{days} in {months}"))
}

fn plain_weekdays(weekdays: u32) -> Option<String> {
    Some(match weekdays {
        0 => return None,
        0b011_1110 => "weekdays".to_owned(),
        0b100_0001 => "weekends".to_owned(),
        single if single.is_power_of_two() => format!("{}s", full_weekday(single.trailing_zeros())),
        // Monday first, as a week is read.
        several => {
            let week = [1, 2, 3, 4, 5, 6, 0].map(|day| several >> day & 1 == 1);
            let named: Vec<usize> = (0..7).filter(|at| week[*at]).collect();
            let name = |at: usize| weekday_name(at as u32 + 1).to_owned();
            match named[..] {
                [first, .., last] if named.len() > 2 && last - first + 1 == named.len() => {
                    format!("{} to {}", name(first), name(last))
                }
                _ => and(&named.into_iter().map(name).collect::<Vec<_>>()),
            }
        }
    })
}

fn weekday_of_month(rule: &DayRule) -> Option<String> {
    let mut named = Vec::new();
    for (nth, days) in
        ["1st", "2nd", "3rd", "4th", "5th", "last"].into_iter().zip(rule.nth.into_iter().chain([rule.last_of_month]))
    {
        named.extend(numbers(u64::from(days)).into_iter().map(|day| format!("{nth} {}", weekday_name(day))));
    }
    (rule.weekdays == 0 && named.len() <= LISTED_MAX).then(|| format!("on the {} of the month", and(&named)))
}

fn dates(rule: &DayRule) -> Option<String> {
    let mut named: Vec<String> = numbers(u64::from(rule.dates)).into_iter().map(ordinal).collect();
    let specials = rule.last_day || rule.last_weekday;
    if rule.last_weekday {
        named.push("last weekday".to_owned());
    }
    if rule.last_day {
        named.push("last day".to_owned());
    }
    if named.len() > LISTED_MAX {
        return None;
    }
    Some(if specials {
        format!("on the {} of the month", and(&named))
    } else {
        format!("monthly on the {}", and(&named))
    })
}

fn shape(bits: u64, least: u32, greatest: u32) -> Shape {
    let list = numbers(bits);
    let size = greatest - least + 1;
    match list[..] {
        [only] => Shape::One(only),
        [first, second, ..] => {
            let last = list.last().copied().unwrap_or(second);
            let step = second - first;
            let even = list.windows(2).all(|pair| pair[1] - pair[0] == step);
            if list.len() == size as usize {
                Shape::All
            } else if even && step > 1 && size.is_multiple_of(step) && first + size - last == step {
                Shape::Every { step, from: first }
            } else if even && step == 1 {
                Shape::Range(first, last)
            } else if list.len() <= LISTED_MAX {
                Shape::Few(list)
            } else {
                Shape::Other
            }
        }
        [] => Shape::Other,
    }
}

pub(super) fn weekday_name(day: u32) -> &'static str {
    WEEKDAYS[day as usize % 7]
}

pub(super) fn month_name(month: u32) -> &'static str {
    MONTHS[(month as usize + 11) % 12]
}

fn full_weekday(day: u32) -> &'static str {
    ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"][day as usize % 7]
}

fn numbers(bits: u64) -> Vec<u32> {
    (0..64).filter(|n| bits >> n & 1 == 1).collect()
}

fn time(hour: u32, minute: u32) -> String {
    format!("{hour:02}:{minute:02}")
}

fn ordinal(number: u32) -> String {
    let ending = match (number % 10, number / 10 % 10) {
        (1, 0 | 2..) => "st",
        (2, 0 | 2..) => "nd",
        (3, 0 | 2..) => "rd",
        _ => "th",
    };
    format!("{number}{ending}")
}

fn and(items: &[String]) -> String {
    match items {
        [] => String::new(),
        [only] => only.clone(),
        [start @ .., last] => format!("{} and {last}", start.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::super::Cron;

    #[test]
    fn expressions_read_like_speech() {
        for (text, expected) in [
            ("* * * * *", "every minute"),
            ("*/15 * * * *", "every 15 min"),
            ("0,30 * * * *", "every 30 min"),
            ("5/15 * * * *", "every 15 min from :05 on"),
            ("5 * * * *", "hourly at :05"),
            ("@hourly", "hourly at :00"),
            ("* * * * * 5,35", "every 30 s from :05 on"),
            ("* * * * * 5,10,40", "every minute, 5, 10 and 40 s past"),
            ("*/2 * * * * 8", "every 2 min, 8 s past"),
            ("*/2 * * * * */5", "*/2 * * * * */5"),
            ("5,20 * * * *", "hourly at :05 and :20"),
            ("0 */2 * * *", "every 2 h"),
            ("30 */6 * * *", "daily at 00:30, 06:30, 12:30 and 18:30"),
            ("30 */4 * * *", "every 4 h at :30"),
            ("30 2 * * *", "daily at 02:30"),
            ("0 9,17 * * *", "daily at 09:00 and 17:00"),
            ("0 9 * * 1-5", "weekdays at 09:00"),
            ("0 9 * * mon-fri", "weekdays at 09:00"),
            ("30 6 * * 1,3,5", "Mon, Wed and Fri at 06:30"),
            ("30 14 * * 1,4", "Mon and Thu at 14:30"),
            ("0 8 * * 1-6", "Mon to Sat at 08:00"),
            ("0 8 * * 0,5,6", "Fri to Sun at 08:00"),
            ("0 8 * * 0-4", "Mon, Tue, Wed, Thu and Sun at 08:00"),
            ("@weekly", "Sundays at 00:00"),
            ("0 8 * * 6,7", "weekends at 08:00"),
            ("*/15 9-17 * * 1-5", "weekdays, every 15 min from 09:00 to 17:45"),
            ("* 2 * * *", "every minute from 02:00 to 02:59"),
            ("0 9-17 * * 1-5", "weekdays, hourly from 09:00 to 17:00"),
            ("@monthly", "monthly on the 1st at 00:00"),
            ("0 12 1,15 * *", "monthly on the 1st and 15th at 12:00"),
            ("0 12 L * *", "on the last day of the month at 12:00"),
            ("0 12 LW 3,6 *", "on the last weekday in Mar and Jun at 12:00"),
            ("0 9 * * 1#1", "on the 1st Mon of the month at 09:00"),
            ("0 9 * * 5L", "on the last Fri of the month at 09:00"),
            ("@yearly", "yearly on 1 Jan at 00:00"),
            ("0 0 1 1,7 *", "on the 1st in Jan and Jul at 00:00"),
            ("0 2 * 3-5 *", "daily in Mar to May at 02:00"),
            ("* * * * * */10", "every 10 s"),
            ("* * * * * *", "every second"),
            ("0 0 13 * 5", "0 0 13 * 5"),
            ("*/7 * * * *", "*/7 * * * *"),
            ("*/45 * * * *", "hourly at :00 and :45"),
        ] {
            assert_eq!(Cron::parse(text).expect(text).words(), expected, "{text}");
        }
    }
}
