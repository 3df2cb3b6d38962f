//! Loops: the five signs of an agent that goes round in circles (SPEC §7), from its calls and from what its beats say.
//!
//! Calls of tools and other calls (of models, say) are two rows of their own: a model that is asked between two calls of
//! the same tool, each time a little differently, does not hide that the tool is called again and again.

use std::borrow::Cow;
use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

use super::fingerprint::{self, Print};
use super::numbers::keep;
use crate::Ms;
use crate::sentence::grouped;
use crate::time::{MINUTE_MS, length_in_words};

/// Calls and results that are remembered.
const REMEMBERED: usize = 64;
/// The same call so often in a row.
pub const SAME_IN_A_ROW: u32 = 3;
/// So many calls that alternate between two: A-B, three times.
pub const ALTERNATING: usize = 6;
/// More tool calls than this within a minute, of two kinds at most.
pub const CALLS_A_MINUTE: usize = 10;
/// The same message in so many beats that used something.
pub const SAME_MESSAGES: u32 = 5;
/// Steps of growing size without a new result.
pub const GROWING_STEPS: u32 = 8;
/// So many calls in a row that each brought something new end a loop of calls, even if the tool is not called again.
const NEWS_THAT_END_IT: u32 = 8;
const WORDS_CHARS_MAX: usize = 200;
const SHOWN_CHARS_MAX: usize = 120;
const ARGS_CHARS_MAX: usize = 60;
/// Characters of a text that are looked at for what is shown of it: what is hidden there ends within.
const LOOKED_AT_CHARS: usize = 600;
/// The calls whose text is kept, to be shown.
const SHOWN_MAX: usize = 4;
/// Messages made of these alone say that an agent is there, not what it does.
const STATUS_WORDS: [&str; 22] = [
    "ok",
    "okay",
    "alive",
    "running",
    "working",
    "healthy",
    "idle",
    "active",
    "up",
    "ping",
    "pong",
    "tick",
    "heartbeat",
    "beat",
    "still",
    "online",
    "ready",
    "and",
    "i",
    "am",
    "is",
    "agent",
];

/// Takes out of a text what is not to be shown: secrets. What is the same again is found by the text as it is.
pub type Hides = fn(&str) -> Cow<'_, str>;

/// A call that has ended: a step, a span, or a line of a log of tool calls.
#[derive(Debug, Clone, Copy)]
pub struct Call<'a> {
    /// What was called. A durable step without an input is told apart by its key: say that then.
    pub tool: &'a str,
    /// JSON, or any text.
    pub args: Option<&'a str>,
    /// JSON, or any text; of a failed call, its error.
    pub result: Option<&'a str>,
    /// Of this call alone.
    pub tokens: u64,
    /// A tool or something else outside; false: a model, a decision, the agent's own work.
    pub is_tool: bool,
    pub at: Ms,
}

/// What one run, or one agent outside its runs, did last. Bounded.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Loops {
    tools: Row,
    others: Row,
    /// Of the results that came last, newest last.
    results: VecDeque<u64>,
    /// So many calls in a row brought something new.
    news: u32,
    /// Steps in a row that used more tokens than the one before and brought nothing new.
    growing: u32,
    tokens_before: u64,
    messages: Messages,
    /// Of the newest calls that were not the first of their kind, by fingerprint, newest last.
    shown: VecDeque<(u64, String)>,
}

/// Calls of one sort.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
struct Row {
    /// Fingerprint and instant, newest last.
    calls: VecDeque<(u64, Ms)>,
    /// The newest fingerprint, so often in a row.
    same: u32,
    /// The newest call is a sign of a loop.
    repeats: bool,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
struct Messages {
    newest: u64,
    /// Beats that said it and used something, while nothing moved.
    same: u32,
    /// Calls came since the last beat, and whether any of them brought something new.
    #[serde(skip_serializing_if = "Option::is_none")]
    called: Option<bool>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LoopRule {
    SameCall,
    Alternating,
    FewCallsOften,
    SameMessage,
    GrowingWithoutResult,
}

impl LoopRule {
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            LoopRule::SameCall => "same_call",
            LoopRule::Alternating => "alternating",
            LoopRule::FewCallsOften => "few_calls_often",
            LoopRule::SameMessage => "same_message",
            LoopRule::GrowingWithoutResult => "growing_without_result",
        }
    }
}

/// A sign that an agent goes round in circles.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Loop {
    pub rule: LoopRule,
    /// Without its end mark, at most 200 characters: "The same call 3 times in a row with no new result: search {"q":"tauri"}".
    pub words: String,
    /// What matched, as it is shown: the call and what came of it, shortened.
    pub prints: Vec<String>,
}

impl Loops {
    /// Takes a call in. A rule that holds is told at its threshold, and again at each call that goes on with it.
    pub fn call(&mut self, call: &Call<'_>, hides: Hides) -> Option<Loop> {
        let print = fingerprint::of(call.tool, call.args, call.result, call.at)?;
        let is_new = self.is_news(call, print);
        if let Some(result) = print.result {
            self.results.retain(|known| *known != result);
            keep(&mut self.results, result, REMEMBERED);
        }
        self.news = if is_new { self.news.saturating_add(1) } else { 0 };
        self.messages.called = Some(is_new || self.messages.called == Some(true));
        if is_new && call.is_tool {
            // Whatever it says of itself, it does something new.
            self.messages.same = 0;
        }
        let row = if call.is_tool { &mut self.tools } else { &mut self.others };
        let is_known = row.calls.iter().any(|(known, _)| *known == print.call);
        row.take(print.call, call.at);
        let ruled = row.rule(call.is_tool);
        row.repeats = ruled.is_some();
        if self.news >= NEWS_THAT_END_IT {
            (self.tools.repeats, self.others.repeats) = (false, false);
        }
        if is_known {
            // What is never called again is never shown.
            self.show(call, print.call, hides);
        }
        let grows = self.grows(call, print, is_new);
        match ruled {
            Some(rule) => Some(self.told(rule, call, hides)),
            None => grows.then(|| self.told(LoopRule::GrowingWithoutResult, call, hides)),
        }
    }

    /// Takes a beat in. `used`: it used tokens; calls since the last one that brought nothing new are as good. `moved`: its
    /// progress did.
    /// A quiet agent may say the same for ever, and so may one whose number moves.
    pub fn beat(&mut self, message: Option<&str>, used: bool, moved: bool, hides: Hides) -> Option<Loop> {
        let used = used || self.messages.called.take() == Some(false);
        if moved {
            self.messages = Messages::default();
            self.growing = 0;
        }
        let message = message.map(str::trim).filter(|message| !says_only_that_it_is_there(message))?;
        let print = fingerprint::of_message(message);
        if print != self.messages.newest {
            self.messages = Messages { newest: print, ..Messages::default() };
        }
        if !used || moved {
            return None;
        }
        self.messages.same = self.messages.same.saturating_add(1);
        let same = self.messages.same;
        (same >= SAME_MESSAGES).then(|| {
            let said = shortened(&clean(message, hides), SHOWN_CHARS_MAX);
            let words = format!("The same message in {} beats that used something: {said}", grouped(u64::from(same)));
            Loop { rule: LoopRule::SameMessage, words: shortened(&words, WORDS_CHARS_MAX), prints: vec![said] }
        })
    }

    /// Whether the newest sign still repeats: false once something else was called, said, or found.
    #[must_use]
    pub fn goes_on(&self) -> bool {
        self.tools.repeats
            || self.others.repeats
            || self.growing >= GROWING_STEPS
            || self.messages.same >= SAME_MESSAGES
    }

    /// A tool that was called with something new did something, whatever it answered: a hundred records may all be "ok".
    fn is_news(&self, call: &Call<'_>, print: Print) -> bool {
        let new_result = print.result.is_some_and(|result| !self.results.contains(&result));
        let new_call = call.is_tool && !self.tools.calls.iter().any(|(known, _)| *known == print.call);
        new_result || new_call
    }

    /// Tokens grow from step to step as a conversation goes on that leads nowhere. What has no result says nothing of it.
    fn grows(&mut self, call: &Call<'_>, print: Print, is_new: bool) -> bool {
        if is_new {
            self.growing = 0;
        }
        if call.tokens == 0 || print.result.is_none() {
            return false;
        }
        let more = call.tokens > self.tokens_before;
        self.tokens_before = call.tokens;
        self.growing = match (is_new, more) {
            (true, _) => 0,
            (false, true) => self.growing.saturating_add(1),
            (false, false) => 1,
        };
        self.growing >= GROWING_STEPS
    }

    fn show(&mut self, call: &Call<'_>, print: u64, hides: Hides) {
        self.shown.retain(|(known, _)| *known != print);
        keep(&mut self.shown, (print, shown(call, hides)), SHOWN_MAX);
    }

    fn told(&self, rule: LoopRule, call: &Call<'_>, hides: Hides) -> Loop {
        let row = if call.is_tool { &self.tools } else { &self.others };
        let named = shown_call(call, hides);
        let (count, words) = match rule {
            LoopRule::SameCall => {
                let times = grouped(u64::from(row.same));
                (1, format!("The same call {times} times in a row with no new result: {named}"))
            }
            LoopRule::Alternating => {
                let times = row.alternates() / 2;
                (2, format!("The same two calls by turns, {times} times, with no new result: {named}"))
            }
            LoopRule::FewCallsOften => {
                let (calls, kinds, span_ms) = row.last_minute();
                let kinds = if kinds == 1 { "all the same" } else { "only two different ones" };
                let within = length_in_words(span_ms.max(1_000) / 1_000 * 1_000);
                (2, format!("{calls} tool calls in {within}, {kinds}: {named}"))
            }
            LoopRule::GrowingWithoutResult => {
                let steps = grouped(u64::from(self.growing));
                let tokens = grouped(call.tokens);
                (
                    1,
                    format!(
                        "{steps} steps with more tokens each time and no new result, the last with {tokens}: {named}"
                    ),
                )
            }
            LoopRule::SameMessage => unreachable!("a message is told where it is heard"),
        };
        let newest = row.calls.iter().rev();
        let mut matched: Vec<u64> = Vec::new();
        for (print, _) in newest {
            if matched.len() < count && !matched.contains(print) {
                matched.push(*print);
            }
        }
        let newest = row.calls.back().map(|(print, _)| *print);
        let text = |print: &u64| match self.shown.iter().find(|(known, _)| known == print) {
            Some((_, text)) => Some(text.clone()),
            None => (newest == Some(*print)).then(|| shown(call, hides)),
        };
        let prints = matched.iter().filter_map(text).collect();
        Loop { rule, words: shortened(&words, WORDS_CHARS_MAX), prints }
    }
}

impl Row {
    fn take(&mut self, print: u64, at: Ms) {
        let is_same = self.calls.back().is_some_and(|(before, _)| *before == print);
        self.same = if is_same { self.same.saturating_add(1) } else { 1 };
        keep(&mut self.calls, (print, at), REMEMBERED);
    }

    fn rule(&self, is_tool: bool) -> Option<LoopRule> {
        if self.same >= SAME_IN_A_ROW {
            return Some(LoopRule::SameCall);
        }
        if self.alternates() >= ALTERNATING {
            return Some(LoopRule::Alternating);
        }
        let (calls, kinds, _) = self.last_minute();
        (is_tool && calls > CALLS_A_MINUTE && kinds <= 2).then_some(LoopRule::FewCallsOften)
    }

    /// So many of the newest calls go A-B-A-B.
    fn alternates(&self) -> usize {
        let mut newest = self.calls.iter().rev().map(|(print, _)| *print);
        let (Some(one), Some(other)) = (newest.next(), newest.next()) else { return 0 };
        if one == other {
            return 0;
        }
        let wanted = [one, other].into_iter().cycle();
        2 + newest.zip(wanted).take_while(|(found, wanted)| found == wanted).count()
    }

    /// How many calls the minute before the newest one held, of how many kinds, and the time they took.
    fn last_minute(&self) -> (usize, usize, u64) {
        let Some(&(_, now)) = self.calls.back() else { return (0, 0, 0) };
        let from = now.minus(MINUTE_MS);
        let mut kinds: Vec<u64> = Vec::new();
        let (mut calls, mut first) = (0, now);
        for (print, at) in self.calls.iter().filter(|(_, at)| *at > from && *at <= now) {
            (calls, first) = (calls + 1, first.min(*at));
            if !kinds.contains(print) {
                kinds.push(*print);
            }
        }
        (calls, kinds.len(), now.since(first))
    }
}

fn says_only_that_it_is_there(message: &str) -> bool {
    let mut words = message.split(|letter: char| !letter.is_alphanumeric()).filter(|word| !word.is_empty());
    words.all(|word| STATUS_WORDS.iter().any(|status| word.eq_ignore_ascii_case(status)))
}

/// `search {"q":"tauri"} → "nothing found"`
fn shown(call: &Call<'_>, hides: Hides) -> String {
    let result = call.result.map(str::trim).filter(|result| !result.is_empty());
    match result {
        Some(result) => {
            format!("{} → {}", shown_call(call, hides), shortened(&clean(result, hides), ARGS_CHARS_MAX))
        }
        None => shown_call(call, hides),
    }
}

fn shown_call(call: &Call<'_>, hides: Hides) -> String {
    let args = call.args.map(str::trim).filter(|args| !matches!(*args, "" | "null" | "{}"));
    let tool = shortened(&clean(call.tool.trim(), hides), ARGS_CHARS_MAX);
    match args {
        Some(args) => format!("{tool} {}", shortened(&clean(args, hides), ARGS_CHARS_MAX)),
        None => tool,
    }
}

/// The beginning of a text, without what is not to be shown.
fn clean(text: &str, hides: Hides) -> Cow<'_, str> {
    let end = text.char_indices().nth(LOOKED_AT_CHARS).map_or(text.len(), |(at, _)| at);
    hides(&text[..end])
}

/// One line of at most so many characters.
fn shortened(text: &str, chars_max: usize) -> String {
    // Looking at more than a few times as much would only cost.
    let beginning: String = text.chars().take(chars_max * 4).collect();
    let line = beginning.split_whitespace().collect::<Vec<_>>().join(" ");
    if line.chars().count() <= chars_max && text.chars().nth(chars_max * 4).is_none() {
        return line;
    }
    line.chars().take(chars_max - 1).chain(['…']).collect()
}
