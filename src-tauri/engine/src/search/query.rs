//! What a query asks, out of what was typed: words, phrases, and filters such as `cue:NAME` or `since:7d`.

use chrono::{Days, NaiveDate, NaiveTime};
use chrono_tz::Tz;
use cuetower_core::Ms;
use cuetower_core::local_time::local_instant;
use cuetower_core::spend::Nanousd;

use super::words::words;
use crate::desk::wire::SearchKind;
use crate::fleet::day_of;

/// More words than these are not looked for.
const TERMS_MAX: usize = 16;
const VERDICTS: [&str; 7] = ["confirmed", "claimed", "refuted", "failed", "silent", "stopped", "cancelled"];
const CUE_STATES: [&str; 3] = ["active", "paused", "completed"];
const ALERT_STATES: [&str; 4] = ["open", "acknowledged", "snoozed", "resolved"];

/// One thing that has to be in the text, or must not: its words in a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Term {
    pub words: Vec<String>,
    /// The last word may go on.
    pub begins: bool,
    pub not: bool,
}

/// Everything that is said holds at once.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Query {
    pub terms: Vec<Term>,
    /// Empty: every kind.
    pub kinds: Vec<SearchKind>,
    /// Names of cues, as far as they were typed; any of them.
    pub cues: Vec<String>,
    /// The same of agents.
    pub agents: Vec<String>,
    /// Verdicts of runs, any of them; `live`: it goes on.
    pub verdicts: Vec<&'static str>,
    pub late: bool,
    pub bounced: bool,
    /// States of cues and alerts; any of them.
    pub states: Vec<&'static str>,
    pub cost_least: Option<Nanousd>,
    pub cost_most: Option<Nanousd>,
    pub since: Option<Ms>,
    /// Before it.
    pub until: Option<Ms>,
    /// The filters in words.
    pub said: Vec<String>,
}

/// A filter that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wrong {
    /// As it was typed.
    pub word: String,
    /// What would be right.
    pub message: String,
}

impl Query {
    /// `zone`: the owner's, for dates.
    pub fn read(text: &str, now: Ms, zone: Tz) -> Result<Query, Wrong> {
        let mut query = Query::default();
        for piece in pieces(text) {
            match piece {
                Piece::Filter { name, value, word } => query.filter(&name, &value, word, (now, zone))?,
                Piece::Text { text, not, quoted } => query.term(&text, not, !quoted),
            }
        }
        // A lone letter beside words says next to nothing, and begins a great many.
        let says_more = |term: &Term| !term.not && term.words.iter().map(String::len).sum::<usize>() > 1;
        if query.terms.iter().any(says_more) {
            query.terms.retain(|term| term.not || says_more(term));
        }
        query.terms.truncate(TERMS_MAX);
        Ok(query)
    }

    /// Whether anything is looked for at all.
    #[must_use]
    pub fn asks(&self) -> bool {
        !self.terms.is_empty() || !self.said.is_empty()
    }

    /// Whether things of this kind can be meant.
    #[must_use]
    pub fn is_about(&self, kind: SearchKind) -> bool {
        let of_runs = !self.verdicts.is_empty()
            || self.late
            || self.bounced
            || self.cost_least.is_some()
            || self.cost_most.is_some();
        let timed = self.since.is_some() || self.until.is_some();
        let state = |all: &[&str]| self.states.is_empty() || self.states.iter().any(|state| all.contains(state));
        let meant = match kind {
            SearchKind::Run => self.states.is_empty(),
            SearchKind::Alert => !of_runs && state(&ALERT_STATES),
            SearchKind::Cue => !of_runs && !timed && state(&CUE_STATES),
            SearchKind::Agent => !of_runs && !timed && self.states.is_empty() && self.cues.is_empty(),
        };
        meant && (self.kinds.is_empty() || self.kinds.contains(&kind))
    }

    fn term(&mut self, text: &str, not: bool, begins: bool) {
        let words: Vec<String> = words(text).map(|(word, _)| word).collect();
        if !words.is_empty() {
            self.terms.push(Term { words, begins, not });
        }
    }

    fn filter(&mut self, name: &str, value: &str, word: String, (now, zone): (Ms, Tz)) -> Result<(), Wrong> {
        let wrong = |message: String| Err(Wrong { word: word.clone(), message });
        if value.is_empty() {
            return wrong(format!("`{word}` ends too soon: {}.", right(name)));
        }
        match name {
            "cue" => {
                self.said.push(format!("cue {value}"));
                self.cues.push(value.to_lowercase());
            }
            "agent" => {
                self.said.push(format!("agent {value}"));
                self.agents.push(value.to_lowercase());
            }
            "kind" => {
                for one in value.split(',') {
                    let Some(kind) = kind(one) else { return wrong(format!("`{word}`: {}.", right(name))) };
                    self.said.push(format!("{}s", one.to_lowercase().trim_end_matches('s')));
                    self.kinds.push(kind);
                }
            }
            "is" => {
                for one in value.split(',') {
                    if !self.state(&one.to_lowercase()) {
                        return wrong(format!("`{word}`: {}.", right(name)));
                    }
                }
            }
            "cost" => {
                let number = value.trim_start_matches(['<', '>', '=']).trim_start_matches('$');
                let usd = number.parse::<f64>().ok().filter(|usd| (0.0..1e9).contains(usd));
                let Some(nano) = usd.and_then(Nanousd::of_usd) else {
                    return wrong(format!("`{word}`: {}.", right(name)));
                };
                let most = value.starts_with('<');
                self.said.push(format!("{} ${number}", if most { "at most" } else { "at least" }));
                *(if most { &mut self.cost_most } else { &mut self.cost_least }) = Some(nano);
            }
            "since" | "until" => {
                let Some(at) = instant(&value.to_lowercase(), name == "until", now, zone) else {
                    return wrong(format!("`{word}`: {}.", right(name)));
                };
                self.said.push(format!("{name} {value}"));
                *(if name == "since" { &mut self.since } else { &mut self.until }) = Some(at);
            }
            _ => {}
        }
        Ok(())
    }

    fn state(&mut self, word: &str) -> bool {
        let word = match word {
            "fused" => "stopped",
            "running" => "live",
            word => word,
        };
        match word {
            "late" => self.late = true,
            "bounced" => self.bounced = true,
            "live" => self.verdicts.push("live"),
            word => {
                let known = |all: &[&'static str]| all.iter().find(|known| **known == word).copied();
                if let Some(verdict) = known(&VERDICTS) {
                    self.verdicts.push(verdict);
                } else if let Some(state) = known(&CUE_STATES).or(known(&ALERT_STATES)) {
                    self.states.push(state);
                } else {
                    return false;
                }
            }
        }
        self.said.push(word.to_owned());
        true
    }
}

/// What a filter wants.
fn right(name: &str) -> &'static str {
    match name {
        "cue" => "write the name of a cue, or its beginning",
        "agent" => "write the name of an agent, or its beginning",
        "kind" => "the kinds are run, cue, agent and alert",
        "is" => {
            "write confirmed, claimed, refuted, failed, silent, stopped, cancelled, late, bounced or running for runs, \
             active or paused for cues, open or resolved for alerts"
        }
        "cost" => "write an amount in dollars, such as cost:>0.50",
        _ => "write a length such as 7d or 12h, or a date such as 2026-11-21",
    }
}

fn kind(word: &str) -> Option<SearchKind> {
    match word.to_lowercase().trim_end_matches('s') {
        "run" => Some(SearchKind::Run),
        "cue" => Some(SearchKind::Cue),
        "agent" => Some(SearchKind::Agent),
        "alert" => Some(SearchKind::Alert),
        _ => None,
    }
}

/// A length counts back from now; a date is its first instant, and its last for `until`.
fn instant(value: &str, whole_day: bool, now: Ms, zone: Tz) -> Option<Ms> {
    let today = day_of(now, zone);
    let day = match value {
        "today" => Some(today),
        "yesterday" => today.checked_sub_days(Days::new(1)),
        value => NaiveDate::parse_from_str(value, "%Y-%m-%d").ok().filter(|_| value.len() == 10),
    };
    if let Some(day) = day {
        let day = if whole_day { day.checked_add_days(Days::new(1))? } else { day };
        return local_instant(zone, day.and_time(NaiveTime::MIN));
    }
    let unit_at = value.char_indices().last()?.0;
    let (count, unit) = value.split_at(unit_at);
    let unit_ms: i64 = match unit {
        "m" => 60_000,
        "h" => 3_600_000,
        "d" => 86_400_000,
        "w" => 7 * 86_400_000,
        _ => return None,
    };
    let count: i64 = count.parse().ok().filter(|count| (0..=100_000).contains(count))?;
    Some(Ms(now.0 - count * unit_ms))
}

enum Piece {
    Filter { name: String, value: String, word: String },
    Text { text: String, not: bool, quoted: bool },
}

const FILTERS: [&str; 7] = ["cue", "agent", "is", "kind", "cost", "since", "until"];

/// Words, `"quoted text"` and `name:value`, where the value may be quoted too. A quote that is not closed goes to the end.
fn pieces(text: &str) -> Vec<Piece> {
    let mut pieces = Vec::new();
    let mut rest = text.trim_start();
    while !rest.is_empty() {
        let (not, after) = match rest.strip_prefix('-') {
            Some(after) if after.starts_with(|next: char| next.is_alphanumeric() || next == '"') => (true, after),
            _ => (false, rest),
        };
        let filter = after.split_once(':').map(|(name, value)| (name.to_lowercase(), value));
        let (piece, left) = match filter.filter(|(name, _)| !not && FILTERS.contains(&name.as_str())) {
            Some((name, value)) => {
                let (value, left, _) = value_of(value);
                (Piece::Filter { word: format!("{name}:{value}"), name, value }, left)
            }
            None => {
                let (text, left, quoted) = value_of(after);
                (Piece::Text { text, not, quoted }, left)
            }
        };
        pieces.push(piece);
        rest = left.trim_start();
    }
    pieces
}

/// Up to the closing quote, or to the next space; and what comes after.
fn value_of(text: &str) -> (String, &str, bool) {
    match text.strip_prefix('"') {
        Some(quoted) => {
            let (value, left) = quoted.split_once('"').unwrap_or((quoted, ""));
            (value.to_owned(), left, true)
        }
        None => {
            let end = text.find(char::is_whitespace).unwrap_or(text.len());
            (text[..end].to_owned(), &text[end..], false)
        }
    }
}
