//! The text of a cron expression: macros, five fields or six with the seconds last, what the fields mean together.

use super::cron_error::{CronError, quoted};
use super::cron_field::{self, FieldKind, MONTHS, Named, Piece};
use super::days::DayRule;

/// Longer texts are refused unread: a list of all 60 minutes takes 170.
const TEXT_BYTES_MAX: usize = 1_000;

const ORDER: [FieldKind; 5] =
    [FieldKind::Minute, FieldKind::Hour, FieldKind::DayOfMonth, FieldKind::Month, FieldKind::DayOfWeek];

const MACROS: [(&str, &str); 7] = [
    ("@hourly", "0 * * * *"),
    ("@daily", "0 0 * * *"),
    ("@midnight", "0 0 * * *"),
    ("@weekly", "0 0 * * 0"),
    ("@monthly", "0 0 1 * *"),
    ("@yearly", "0 0 1 1 *"),
    ("@annually", "0 0 1 1 *"),
];

/// What an expression says, as sets of numbers. Bit n stands for the number n.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Fields {
    pub seconds: u64,
    pub minutes: u64,
    pub hours: u64,
    pub days: DayRule,
    /// The minute or the hour starts with `*`: clock changes do not move this job, it follows real time.
    pub real_time: bool,
}

/// Reads an expression that fires at least once in some year.
pub(super) fn parse(text: &str) -> Result<Fields, CronError> {
    if text.len() > TEXT_BYTES_MAX {
        let reason = format!("the expression is longer than {TEXT_BYTES_MAX} bytes");
        return Err(CronError::whole(reason));
    }
    let pieces = pieces(text);
    if let [name, further @ ..] = &pieces[..]
        && name.text.starts_with('@')
    {
        return expand_macro(*name, further.first());
    }
    if let Some(at) = text.chars().position(|c| c.is_whitespace() && !c.is_ascii_whitespace()) {
        return Err(CronError::at(at + 1, "this is not a plain space"));
    }
    match pieces[..] {
        [minute, hour, day, month, weekday] => parse_fields([minute, hour, day, month, weekday], None),
        [minute, hour, day, month, weekday, second] => parse_fields([minute, hour, day, month, weekday], Some(second))
            .map_err(|error| {
                let seconds_first = parse_fields([hour, day, month, weekday, second], Some(minute));
                if seconds_first.is_ok() {
                    error.with_hint("with six fields the seconds come last here; this looks like seconds first")
                } else if error.field() == Some(FieldKind::Second.name()) {
                    error.with_hint("a sixth field holds the seconds")
                } else {
                    error
                }
            }),
        [] => Err(CronError::whole("the expression is empty")),
        _ => Err(CronError::whole(format!(
            "five fields are expected (minute, hour, day of month, month, day of week) or six with the seconds last, not {}",
            pieces.len()
        ))),
    }
}

/// The fields between ASCII space; any other kind of space is part of a field and refused there.
fn pieces(text: &str) -> Vec<Piece<'_>> {
    let mut pieces = Vec::with_capacity(6);
    let mut at = 1;
    for part in text.split(|c: char| c.is_ascii_whitespace()) {
        if !part.is_empty() {
            pieces.push(Piece { text: part, at });
        }
        at += part.chars().count() + 1;
    }
    pieces
}

fn expand_macro(name: Piece<'_>, further: Option<&Piece<'_>>) -> Result<Fields, CronError> {
    let known = |text: &str| MACROS.iter().find(|(known, _)| *known == text);
    let lower = name.text.to_ascii_lowercase();
    match (known(name.text), further) {
        (Some((_, meaning)), None) => parse(meaning),
        (Some((known, _)), Some(piece)) => {
            Err(CronError::at(piece.at, format!("`{known}` stands alone, nothing may follow it")))
        }
        (None, _) => Err(CronError::whole(if lower == "@reboot" {
            "`@reboot` names no instant, so it cannot be scheduled".to_owned()
        } else if let Some((known, _)) = known(&lower) {
            format!("macros are written in small letters: `{known}`")
        } else {
            let known: Vec<&str> = MACROS.iter().map(|(known, _)| *known).collect();
            format!("{} is not a known macro; known are {}", quoted(name.text), known.join(", "))
        })),
    }
}

fn parse_fields(five: [Piece<'_>; 5], second: Option<Piece<'_>>) -> Result<Fields, CronError> {
    let mut named = [Named::default(); 5];
    for ((slot, kind), piece) in named.iter_mut().zip(ORDER).zip(five) {
        *slot = cron_field::parse(kind, piece)?;
    }
    let seconds =
        second.map_or(Ok(1), |piece| cron_field::parse(FieldKind::Second, piece).map(|named| named.numbers))?;
    let [minutes, hours, day, month, weekday] = named;
    let stars = five.map(|piece| piece.text.starts_with('*'));
    let days = DayRule::new(&day, month.numbers, &weekday, stars[2] || stars[4]);
    if !days.ever_match() {
        return Err(never(&days, five[2]));
    }
    let real_time = stars[0] || stars[1];
    Ok(Fields { seconds, minutes: minutes.numbers, hours: hours.numbers, days, real_time })
}

fn never(days: &DayRule, day: Piece<'_>) -> CronError {
    let months: Vec<&str> =
        (1_u32..).zip(MONTHS).filter(|(n, _)| days.months >> n & 1 == 1).map(|(_, name)| name).collect();
    let reason = if days.dates_exist() {
        "never fires: day of month and day of week must both match because one of them starts with `*`, and no day does"
            .to_owned()
    } else {
        format!("never fires: there is no day {} in {}", quoted(day.text), months.join(", "))
    };
    CronError::in_field(FieldKind::DayOfMonth, day.at, reason)
}
