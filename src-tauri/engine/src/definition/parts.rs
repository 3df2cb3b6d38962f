//! `schedule.parts`: windows of the week, and how often it fires in each.

use cuetower_core::schedule_spec::{Part, Rate, Weekdays};
use cuetower_core::time::DAY_MS;

use super::reading::{Object, Problems, shortened};
use super::{days, schedule};

const PARTS_MAX: usize = 50;
const AT_ONCE_MAX: u32 = 1_000;
const FIELDS: [&str; 7] = ["days", "from", "to", "timezone", "every_seconds", "cron", "at_once"];
pub(super) const DAY_S: u32 = (DAY_MS / 1_000) as u32;

/// None if something does not fit.
pub(super) fn read(schedule: &Object, problems: &mut Problems) -> Option<Vec<Part>> {
    let before = problems.count();
    let objects = schedule.objects("parts", &FIELDS, PARTS_MAX, problems);
    let parts: Vec<Part> = objects.iter().map(|part| one(part, problems)).collect();
    (problems.count() == before).then_some(parts)
}

fn one(part: &Object, problems: &mut Problems) -> Part {
    let (from_s, to_s) = hours(part, problems);
    let timezone = schedule::zone(part, problems).map(|zone| zone.name().to_owned());
    if part.get("every_seconds").is_some() && part.get("cron").is_some() {
        let message = "A part has either `every_seconds` or a `cron`; leave one of them out.";
        problems.add(part.place("cron"), message);
    }
    let every = schedule::every_ms(part, problems).map(|every_ms| Rate::Every { every_ms });
    let own = schedule::cron(part, problems).map(|cron| Rate::Cron { cron });
    Part {
        days: days::read(part, problems).unwrap_or(Weekdays::ALL),
        from_s,
        to_s,
        timezone,
        rate: every.or(own).unwrap_or(Rate::Otherwise),
        at_once: part.whole("at_once", 1..=AT_ONCE_MAX, problems),
    }
}

/// Seconds of the day; the whole day if both are left out.
fn hours(part: &Object, problems: &mut Problems) -> (u32, u32) {
    const WHOLE_DAY: (u32, u32) = (0, DAY_S);
    let (has_from, has_to) = (part.get("from").is_some(), part.get("to").is_some());
    if has_from != has_to {
        let (there, missing) = if has_from { ("from", "to") } else { ("to", "from") };
        let message = format!("`{there}` stands alone; write `{missing}` too, or leave both out for the whole day.");
        problems.add(part.place(missing), message);
    }
    let from = clock(part, "from", problems);
    let to = clock(part, "to", problems);
    if from == Some(DAY_S) {
        problems.add(part.place("from"), "A window cannot begin at `24:00`; write `00:00`, and the day after.");
        return WHOLE_DAY;
    }
    match (from, to) {
        (Some(from), Some(to)) if from == to => {
            let message = "The window ends as it begins, so it is empty; leave `from` and `to` out for the whole day.";
            problems.add(part.place("to"), message);
            WHOLE_DAY
        }
        // Midnight as an end is the end of the day.
        (Some(from), Some(0)) => (from, DAY_S),
        (Some(from), Some(to)) => (from, to),
        (None, _) | (_, None) => WHOLE_DAY,
    }
}

/// `09:30` or `09:30:15`, as seconds of the day; `24:00` is its end.
fn clock(part: &Object, key: &str, problems: &mut Problems) -> Option<u32> {
    let text = part.text(key, problems)?;
    let read = read_clock(text.trim());
    if read.is_none() {
        let last = if key == "to" { ", up to `24:00`" } else { "" };
        let message = format!("`{}` is no time of the day; write it like `09:30`{last}.", shortened(text));
        problems.add(part.place(key), message);
    }
    read
}

fn read_clock(text: &str) -> Option<u32> {
    let fields: Vec<&str> = text.split(':').collect();
    let number = |text: &str, most: u32| {
        let digits = (1..=2).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
        text.parse::<u32>().ok().filter(|number| digits && *number <= most)
    };
    let (hours, minutes, seconds) = match fields[..] {
        [hours, minutes] => (hours, minutes, "00"),
        [hours, minutes, seconds] => (hours, minutes, seconds),
        _ => return None,
    };
    // Hours may be short; minutes and seconds have two digits, so that `9:5` is not guessed at.
    let both = minutes.len() == 2 && seconds.len() == 2;
    let read = number(hours, 24)? * 3_600 + number(minutes, 59)? * 60 + number(seconds, 59)?;
    (both && read <= DAY_S).then_some(read)
}
