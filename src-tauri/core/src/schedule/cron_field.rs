//! One field of a cron expression: its range, its names, its list items. What the fields mean together is `cron_text`'s.

use super::cron_error::{CronError, quoted};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum FieldKind {
    Minute,
    Hour,
    DayOfMonth,
    Month,
    DayOfWeek,
    Second,
}

pub(super) const MONTHS: [&str; 12] =
    ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
pub(super) const WEEKDAYS: [&str; 7] = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"];

impl FieldKind {
    pub(super) const fn name(self) -> &'static str {
        match self {
            FieldKind::Minute => "minute",
            FieldKind::Hour => "hour",
            FieldKind::DayOfMonth => "day of month",
            FieldKind::Month => "month",
            FieldKind::DayOfWeek => "day of week",
            FieldKind::Second => "second",
        }
    }

    /// Least and greatest number; in a day of week both 0 and 7 are Sunday.
    pub(super) const fn range(self) -> (u32, u32) {
        match self {
            FieldKind::Minute | FieldKind::Second => (0, 59),
            FieldKind::Hour => (0, 23),
            FieldKind::DayOfMonth => (1, 31),
            FieldKind::Month => (1, 12),
            FieldKind::DayOfWeek => (0, 7),
        }
    }

    /// The names, and the number of the first.
    const fn names(self) -> (&'static [&'static str], u32) {
        match self {
            FieldKind::Month => (&MONTHS, 1),
            FieldKind::DayOfWeek => (&WEEKDAYS, 0),
            FieldKind::Minute | FieldKind::Hour | FieldKind::DayOfMonth | FieldKind::Second => (&[], 0),
        }
    }
}

/// What a field names. Bit n of `numbers` stands for the number n (a day of week may still hold both 0 and 7).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Named {
    pub numbers: u64,
    /// Day of month `L`.
    pub last_day: bool,
    /// Day of month `LW`: the last Monday to Friday.
    pub last_weekday: bool,
    /// Day of week `dL`: bit d.
    pub last_of_month: u64,
    /// Day of week `d#n`: bit d of element n - 1.
    pub nth: [u64; 5],
}

/// A piece of the expression and the character (from 1) where it starts.
#[derive(Debug, Clone, Copy)]
pub(super) struct Piece<'a> {
    pub text: &'a str,
    pub at: usize,
}

impl<'a> Piece<'a> {
    /// The parts before and after the first `mark`; the second is None without one.
    fn cut(self, mark: char) -> (Piece<'a>, Option<Piece<'a>>) {
        match self.text.split_once(mark) {
            None => (self, None),
            Some((before, after)) => {
                let after_at = self.at + before.chars().count() + 1;
                (Piece { text: before, at: self.at }, Some(Piece { text: after, at: after_at }))
            }
        }
    }
}

/// Reads a whole field.
pub(super) fn parse(kind: FieldKind, field: Piece<'_>) -> Result<Named, CronError> {
    let mut named = Named::default();
    let mut rest = Some(field);
    while let Some(list) = rest {
        let (item, further) = list.cut(',');
        if item.text.is_empty() {
            return Err(CronError::in_field(kind, item.at, "an item of the list is empty"));
        }
        parse_item(kind, item, &mut named)?;
        rest = further;
    }
    Ok(named)
}

fn parse_item(kind: FieldKind, item: Piece<'_>, named: &mut Named) -> Result<(), CronError> {
    if kind == FieldKind::DayOfWeek && parse_weekday_of_month(item, named)? {
        return Ok(());
    }
    let (base, step) = item.cut('/');
    let step = step.map(|step| parse_step(kind, step)).transpose()?;
    if kind == FieldKind::DayOfMonth && base.text.eq_ignore_ascii_case("L") {
        named.last_day = true;
        return Ok(());
    }
    if kind == FieldKind::DayOfMonth && base.text.eq_ignore_ascii_case("LW") {
        named.last_weekday = true;
        return Ok(());
    }
    let (least, greatest) = kind.range();
    let (from, to) = if base.text == "*" {
        (least, greatest)
    } else if base.text.is_empty() {
        return Err(CronError::in_field(kind, base.at, "before `/` a number or `*` is missing"));
    } else {
        let (start, end) = base.cut('-');
        match end {
            Some(end) => parse_range(kind, base, start, end)?,
            // `N/step` runs on to the end of the range; Debian's `N-N/step` is N alone.
            None if step.is_some() => (parse_number(kind, start)?, greatest),
            None => (parse_number(kind, start)?, parse_number(kind, start)?),
        }
    };
    let step = usize::try_from(step.unwrap_or(1)).unwrap_or(usize::MAX);
    named.numbers |= (from..=to).step_by(step).fold(0, |bits, number| bits | 1 << number);
    Ok(())
}

/// First and last number of `start-end`.
fn parse_range(kind: FieldKind, range: Piece<'_>, start: Piece<'_>, end: Piece<'_>) -> Result<(u32, u32), CronError> {
    if start.text.is_empty() {
        return Err(CronError::in_field(kind, start.at, "before `-` a number is missing"));
    }
    let from = parse_number(kind, start)?;
    if end.text.is_empty() {
        return Err(CronError::in_field(kind, end.at, "after `-` a number is missing"));
    }
    if let (_, Some(third)) = end.cut('-') {
        return Err(CronError::in_field(kind, third.at - 1, "a range has one `-`"));
    }
    let to = parse_number(kind, end)?;
    if from <= to {
        return Ok((from, to));
    }
    let error = CronError::in_field(kind, range.at, format!("the range {} runs backwards", quoted(range.text)));
    let (least, greatest) = kind.range();
    Err(if kind == FieldKind::DayOfWeek && to == 0 {
        error.with_hint("a range up to Sunday ends in 7")
    } else {
        // Sunday is on the list already, as 7.
        let again = if kind == FieldKind::DayOfWeek { 1 } else { least };
        error.with_hint(format!("write `{},{}`", span(from, greatest), span(again, to)))
    })
}

fn span(from: u32, to: u32) -> String {
    if from == to { from.to_string() } else { format!("{from}-{to}") }
}

/// `5L` (the last Friday) and `1#2` (the second Monday). False if the item is neither.
fn parse_weekday_of_month(item: Piece<'_>, named: &mut Named) -> Result<bool, CronError> {
    let kind = FieldKind::DayOfWeek;
    if let (day, Some(nth)) = item.cut('#') {
        if day.text.is_empty() || day.text.contains(['*', '-', '/', '?']) {
            return Err(CronError::in_field(kind, day.at, "before `#` one day of week is expected"));
        }
        let day = parse_number(kind, day)?;
        let n = parse_digits(nth.text).filter(|n| (1..=5).contains(n));
        let Some(place) = n.and_then(|n| usize::try_from(n - 1).ok()) else {
            return Err(CronError::in_field(kind, nth.at, "after `#` a number from 1 to 5 is expected"));
        };
        named.nth[place] |= 1 << day;
        return Ok(true);
    }
    let Some(day) = item.text.strip_suffix(['L', 'l']) else { return Ok(false) };
    if day.is_empty() || !day.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(CronError::in_field(kind, item.at, not_a_number(kind, item.text)));
    }
    named.last_of_month |= 1 << parse_number(kind, Piece { text: day, at: item.at })?;
    Ok(true)
}

fn parse_step(kind: FieldKind, step: Piece<'_>) -> Result<u32, CronError> {
    match parse_digits(step.text) {
        Some(0) => Err(CronError::in_field(kind, step.at, "a step of 0 leads nowhere")),
        Some(number) => Ok(number),
        None if step.text.is_empty() => Err(CronError::in_field(kind, step.at, "after `/` a whole number is missing")),
        None => {
            let reason = format!("after `/` a whole number is expected, not {}", quoted(step.text));
            Err(CronError::in_field(kind, step.at, reason))
        }
    }
}

fn parse_number(kind: FieldKind, piece: Piece<'_>) -> Result<u32, CronError> {
    let (names, first) = kind.names();
    if let Some(number) = (first..).zip(names).find_map(|(n, name)| name.eq_ignore_ascii_case(piece.text).then_some(n))
    {
        return Ok(number);
    }
    let (least, greatest) = kind.range();
    match parse_digits(piece.text) {
        Some(number) if (least..=greatest).contains(&number) => Ok(number),
        Some(_) => {
            let reason = format!("{} is not in {least} to {greatest}", quoted(piece.text));
            Err(CronError::in_field(kind, piece.at, reason))
        }
        None => Err(CronError::in_field(kind, piece.at, not_a_number(kind, piece.text))),
    }
}

fn not_a_number(kind: FieldKind, typed: &str) -> String {
    let shown = quoted(typed);
    match typed {
        "" => return "a number is missing".to_owned(),
        "?" => return "`?` is not Debian's cron; write `*`".to_owned(),
        _ if typed.starts_with('*') => return format!("{shown} is not understood; `*` stands alone or before `/`"),
        _ => {}
    }
    let upper = typed.to_ascii_uppercase();
    let last = upper.ends_with('L');
    match kind {
        FieldKind::DayOfMonth if upper == "L" || upper == "LW" => {
            return format!("{shown} stands alone, it has no range");
        }
        FieldKind::DayOfMonth if last || upper.ends_with('W') => {
            return format!("{shown} is not understood; the last day is `L`, the last weekday `LW`");
        }
        FieldKind::DayOfWeek if last && upper.starts_with(|c: char| c.is_ascii_digit()) => {
            return format!("{shown} stands alone, without `-`, `/` and `#`");
        }
        FieldKind::DayOfWeek if last => {
            return format!("{shown} is not understood; the last Friday of a month is `5L`");
        }
        _ => {}
    }
    let (names, _) = kind.names();
    let starts_with = |name: &&&str| upper.get(..3).is_some_and(|start| start.eq_ignore_ascii_case(name));
    match (names.iter().find(starts_with), names.get(1)) {
        (Some(name), _) => format!("{shown} is not a name; names have three letters: `{}`", name.to_ascii_uppercase()),
        (None, Some(example)) => {
            format!("{shown} is neither a number nor a name such as `{}`", example.to_ascii_uppercase())
        }
        (None, None) => format!("{shown} is not a number"),
    }
}

/// ASCII digits only; what is too great for 32 bits saturates. None for anything else.
fn parse_digits(text: &str) -> Option<u32> {
    if text.is_empty() {
        return None;
    }
    text.bytes().try_fold(0_u32, |number, byte| {
        byte.is_ascii_digit().then(|| number.saturating_mul(10).saturating_add(u32::from(byte - b'0')))
    })
}
