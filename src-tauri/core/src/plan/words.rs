//! A plan in words, as the window says it: "hourly at :05; mon-fri 09:30-16:00 New York every 60 s".

use super::{PartRate, Plan, PlannedPart, Tick};
use crate::Ms;
use crate::schedule_spec::{AfterEnd, Kind, Weekdays};
use crate::time::length_in_words;

const DAY_NAMES: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];

impl Plan {
    /// In words: "hourly at :05". The cue that is followed is named by `named`, where the caller can name it.
    #[must_use]
    pub fn words_naming(&self, named: impl Fn(&str) -> Option<String>) -> String {
        let base = match (&self.base, &self.spec.kind) {
            (Tick::Never, Kind::After { cue, on }) => {
                let name = named(cue.as_str()).unwrap_or_else(|| cue.to_string());
                match on {
                    AfterEnd::Confirmed => format!("after {name} ended well"),
                    AfterEnd::Failed => format!("after {name} did not end well"),
                    AfterEnd::Either => format!("after {name} ended"),
                }
            }
            (Tick::Never, Kind::Recurring { .. }) => "not outside its windows".to_owned(),
            (Tick::Never, _) => self.watching().unwrap_or_else(|| "by hand".to_owned()),
            (Tick::Once(at), _) => match at.utc() {
                Some(at) => format!("once, {}", at.with_timezone(&self.zone).format("%a %-d %b %Y %H:%M")),
                None => "once".to_owned(),
            },
            (tick, _) => tick.words(),
        };
        let parts = self.parts.iter().map(|part| format!("{} {}", self.window_words(part), rate_words(part)));
        let all: Vec<String> = if matches!(self.base, Tick::Never) && !self.parts.is_empty() {
            parts.collect()
        } else {
            std::iter::once(base).chain(parts).collect()
        };
        let jitter = match self.spec.jitter_ms {
            0 => String::new(),
            most => format!(", up to {} later", length_in_words(most)),
        };
        format!("{}{jitter}", all.join("; "))
    }

    /// "when ~/inbox/*.csv changes"
    fn watching(&self) -> Option<String> {
        let first = self.spec.paths.first()?;
        Some(match self.spec.paths.len() - 1 {
            0 => format!("when {first} changes"),
            more => format!("when {first} or {more} more change"),
        })
    }

    #[must_use]
    pub fn words(&self) -> String {
        self.words_naming(|_| None)
    }

    /// Why an instant is as it is: its window, or the blackout that skips it. None where the schedule itself fires.
    #[must_use]
    pub fn note_at(&self, due: Ms) -> Option<String> {
        if let Some(blackout) = self.spec.blackout_at(due) {
            return Some(format!("skipped: blackout until {}", blackout.to_text));
        }
        let part = self.parts.get(self.part_index_at(due)?)?;
        Some(self.window_words(part))
    }

    /// Coming clock changes that touch the schedule, in sentences.
    #[must_use]
    pub fn clock_change_notes(&self, from: Ms) -> Vec<String> {
        let Some(from) = from.utc() else { return Vec::new() };
        let ticks = std::iter::once(&self.base).chain(self.parts.iter().filter_map(|part| match &part.rate {
            PartRate::Own(tick) => Some(tick),
            PartRate::Every(_) | PartRate::Otherwise => None,
        }));
        let mut notes: Vec<String> = Vec::new();
        for tick in ticks {
            if let Tick::Cron { cron, zone } = tick {
                notes.extend(cron.clock_change_notes(*zone, from));
            }
        }
        notes.dedup();
        notes
    }

    /// "mon-fri 09:30-16:00 New York"
    fn window_words(&self, part: &PlannedPart) -> String {
        let window = &part.window;
        let all_day = window.from_s == 0 && window.to_s == 86_400;
        let hours = (!all_day).then(|| format!("{}-{}", clock_words(window.from_s), clock_words(window.to_s)));
        let zone = (window.zone != self.zone).then(|| city(window.zone.name()));
        let words = [days_words(window.days), hours, zone];
        let said: Vec<String> = words.into_iter().flatten().collect();
        if said.is_empty() { "always".to_owned() } else { said.join(" ") }
    }
}

impl Tick {
    fn words(&self) -> String {
        match self {
            Tick::Cron { cron, .. } => cron.words(),
            Tick::Every { every_ms, .. } => format!("every {}", length_in_words(*every_ms)),
            Tick::Once(_) => "once".to_owned(),
            Tick::Never => "never".to_owned(),
        }
    }
}

fn rate_words(part: &PlannedPart) -> String {
    let rate = match &part.rate {
        PartRate::Every(every_ms) => format!("every {}", length_in_words(*every_ms)),
        PartRate::Own(tick) => tick.words(),
        PartRate::Otherwise => "as otherwise".to_owned(),
    };
    match part.at_once {
        Some(runs) => format!("{rate}, {runs} at once"),
        None => rate,
    }
}

/// "mon-fri", "mon, wed"; None for every day.
fn days_words(days: Weekdays) -> Option<String> {
    (days != Weekdays::ALL).then(|| days_text(days))
}

/// Days as they are written: "mon-fri", "sat-sun", "mon,wed,fri".
#[must_use]
pub fn days_text(days: Weekdays) -> String {
    let mut runs: Vec<(usize, usize)> = Vec::new();
    for day in (0..7).filter(|day| days.has(*day as u32)) {
        match runs.last_mut() {
            Some((_, last)) if *last + 1 == day => *last = day,
            Some(_) | None => runs.push((day, day)),
        }
    }
    let said = runs.iter().map(|(first, last)| match last - first {
        0 => DAY_NAMES[*first].to_owned(),
        1 => format!("{},{}", DAY_NAMES[*first], DAY_NAMES[*last]),
        _ => format!("{}-{}", DAY_NAMES[*first], DAY_NAMES[*last]),
    });
    said.collect::<Vec<_>>().join(",")
}

/// "09:30", with the seconds where there are some.
#[must_use]
pub fn clock_words(second: u32) -> String {
    let (hours, minutes, seconds) = (second / 3_600, second / 60 % 60, second % 60);
    if seconds == 0 { format!("{hours:02}:{minutes:02}") } else { format!("{hours:02}:{minutes:02}:{seconds:02}") }
}

fn city(zone: &str) -> String {
    zone.rsplit('/').next().unwrap_or(zone).replace('_', " ")
}
