//! What a run's steps, spans and beats are signs of: that it lives, that it gets on, how fast it spends, whether it repeats itself.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use cuetower_core::Ms;
use cuetower_core::away::Band;
use cuetower_core::id::CueId;
use cuetower_core::run::Run;
use cuetower_core::step::{Done, StepInput, StepKind};
use cuetower_core::time::MINUTE_MS;
use cuetower_core::watch::{Call, Loop, News, Spike, Subject, awake_between};

use super::Pilot;
use super::batch::Batch;
use super::watching::{Held, Watches, looks_for_loops};
use crate::fleet::Life;
use crate::otlp::redact;

/// Of what goes in and comes out, so much is looked at; of more, its digest tells whether it is the same again.
const LOOKED_AT: usize = 4_096;
/// Open steps that are remembered, for what went into them.
const OPEN_MAX: usize = 64;
/// Steps and spans are no beats: what they spend is measured over so long.
const METERED_MS: u64 = MINUTE_MS;
/// A loop that goes on is told again after so many repeats.
const TOLD_EVERY: u32 = 10;
/// What spends so many times the usual of a whole minute is not waited for.
const AT_ONCE_TIMES: f64 = 10.0;

/// A step that was begun.
pub(super) struct Open {
    key: String,
    name: String,
    is_tool: bool,
    input: Option<String>,
}

/// What was spent since it was last held against what is usual.
#[derive(Default)]
pub(super) struct Meter {
    /// What steps and spans told of.
    tokens: u64,
    since: Option<Ms>,
    /// Its beats tell what it spends: nothing is counted twice.
    beats_tell: bool,
}

impl Meter {
    /// Nobody knows what was spent before.
    pub(super) fn from(since: Option<Ms>) -> Meter {
        Meter { since, ..Meter::default() }
    }

    /// All that is not measured yet, with this, over the time since then.
    fn spent(&mut self, tokens: u64, began: Ms, now: Ms, away: &[Band]) -> Shows {
        self.tokens = self.tokens.saturating_add(tokens);
        let since = *self.since.get_or_insert(began);
        Shows::Spent { tokens: self.tokens, since_ms: awake_between(since, now, away) }
    }
}

/// A sign, made before the step itself is decided and taken in if it says something new.
pub(super) enum Sign {
    Beat {
        tokens: Option<u64>,
        progress: Option<f64>,
        message: Option<String>,
    },
    Begun(Open),
    Ended {
        key: String,
        result: Option<String>,
        tokens: u64,
    },
    /// In the order in which they ended.
    Calls(Vec<Ended>),
}

/// A call.
pub(super) struct Ended {
    /// Among the spans that came.
    place: u32,
    name: String,
    is_tool: bool,
    input: Option<String>,
    result: Option<String>,
    tokens: u64,
    at: Ms,
}

/// What a sign shows.
enum Shows {
    News(News),
    /// So many tokens in so many milliseconds.
    Spent {
        tokens: u64,
        since_ms: u64,
    },
    Loop(Loop),
    LoopOver,
}

impl Sign {
    /// None: it says nothing about whether the run gets on.
    pub(super) fn of(input: &StepInput) -> Option<Sign> {
        match input {
            StepInput::Beat { tokens, progress, message, .. } => {
                Some(Sign::Beat { tokens: *tokens, progress: *progress, message: message.clone() })
            }
            StepInput::Begin(begin) => Some(Sign::Begun(Open {
                key: begin.key.clone(),
                name: begin.shown_name().to_owned(),
                is_tool: begin.kind.is_some_and(acts),
                input: looked_at(begin.input.as_deref()),
            })),
            StepInput::Complete { key, done } => Some(Sign::Ended {
                key: key.clone(),
                result: result_of(done),
                tokens: done.spend.tokens.all().unwrap_or(0),
            }),
            StepInput::Fail { key, fail } => Some(Sign::Ended {
                key: key.clone(),
                result: looked_at(Some(&fail.error)),
                tokens: fail.done.spend.tokens.all().unwrap_or(0),
            }),
            StepInput::Spans(spans) => {
                let mut calls: Vec<Ended> = spans
                    .iter()
                    .zip(0..)
                    .map(|(span, place)| Ended {
                        place,
                        name: span.name.clone(),
                        is_tool: acts(span.kind),
                        input: looked_at(span.input.as_deref()),
                        result: looked_at(span.error.as_deref().or(span.output.as_deref())),
                        tokens: span.spend.tokens.all().unwrap_or(0),
                        at: span.ended,
                    })
                    .collect();
                calls.sort_by_key(|call| call.at);
                Some(Sign::Calls(calls))
            }
            StepInput::Said { .. } => None,
        }
    }

    /// Of the spans, those alone; by their place, in order.
    pub(super) fn of_those(self, places: &[u32]) -> Sign {
        match self {
            Sign::Calls(mut calls) => {
                calls.retain(|call| places.binary_search(&call.place).is_ok());
                Sign::Calls(calls)
            }
            other => other,
        }
    }

    /// How far it says that the run is, and whether it is work, whatever that number says.
    fn of_work(&self) -> (Option<f64>, bool) {
        match self {
            Sign::Beat { progress, .. } => (*progress, false),
            Sign::Begun(_) | Sign::Ended { .. } | Sign::Calls(_) => (None, true),
        }
    }
}

/// It does something outside of the agent.
fn acts(kind: StepKind) -> bool {
    matches!(kind, StepKind::Tool | StepKind::Http)
}

fn result_of(done: &Done) -> Option<String> {
    let output = done.output.as_deref()?;
    if output.len() <= LOOKED_AT { Some(output.to_owned()) } else { Some(format!("{:016x}", done.digest)) }
}

/// Its beginning, how long it is, and what tells it apart from others that begin with the same.
fn looked_at(text: Option<&str>) -> Option<String> {
    let text = text?;
    if text.len() <= LOOKED_AT {
        return Some(text.to_owned());
    }
    let cut = (0..=LOOKED_AT).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
    let mut digest = DefaultHasher::new();
    text.hash(&mut digest);
    Some(format!("{}… {} bytes, {:016x}", &text[..cut], text.len(), digest.finish()))
}

impl Held {
    fn take(&mut self, sign: Sign, looks: bool, now: Ms, away: &[Band]) -> Vec<Shows> {
        let began = self.watch.began_at;
        let mut shows = Vec::new();
        match sign {
            Sign::Beat { tokens, progress, message } => {
                let moved = self.watch.moves(progress);
                shows.extend(self.watch.hear(progress, false, now, away).into_iter().map(Shows::News));
                if let Some(tokens) = tokens {
                    if !std::mem::replace(&mut self.meter.beats_tell, true) {
                        self.meter.tokens = 0;
                    }
                    shows.push(self.meter.spent(tokens, began, now, away));
                }
                if looks {
                    let used = tokens.is_some_and(|tokens| tokens > 0);
                    let found = self.loops.beat(message.as_deref(), used, moved, redact::text);
                    shows.extend(self.repeated(found));
                }
            }
            Sign::Begun(open) => {
                shows.extend(self.watch.hear(None, true, now, away).into_iter().map(Shows::News));
                self.open.retain(|known| known.key != open.key);
                if self.open.len() >= OPEN_MAX {
                    self.open.pop_front();
                }
                self.open.push_back(open);
            }
            Sign::Ended { key, result, tokens } => {
                shows.extend(self.watch.hear(None, true, now, away).into_iter().map(Shows::News));
                let begun = self.open.iter().position(|open| open.key == key).and_then(|index| self.open.remove(index));
                let (name, is_tool, input) = match begun {
                    Some(Open { name, is_tool, input: Some(input), .. }) => (name, is_tool, Some(input)),
                    // Without an input, only its key tells it apart.
                    Some(Open { key, is_tool, .. }) => (key, is_tool, None),
                    None => (key, false, None),
                };
                let call = Ended { place: 0, name, is_tool, input, result, tokens, at: now };
                shows.extend(looks.then(|| self.called(&call)).flatten());
                shows.extend(self.calls_spent(tokens, began, now, away));
            }
            Sign::Calls(calls) => {
                shows.extend(self.watch.hear(None, true, now, away).into_iter().map(Shows::News));
                if looks {
                    shows.extend(calls.iter().filter_map(|call| self.called(call)));
                }
                let tokens = calls.iter().fold(0_u64, |sum, call| sum.saturating_add(call.tokens));
                shows.extend(self.calls_spent(tokens, began, now, away));
            }
        }
        shows
    }

    fn called(&mut self, call: &Ended) -> Option<Shows> {
        let Ended { name, is_tool, input, result, tokens, at, .. } = call;
        let (args, result) = (input.as_deref(), result.as_deref());
        let call = Call { tool: name, args, result, tokens: *tokens, is_tool: *is_tool, at: *at };
        let found = self.loops.call(&call, redact::text);
        self.repeated(found)
    }

    /// However many calls came at once, they are one thing to hold against what is usual.
    fn calls_spent(&mut self, tokens: u64, began: Ms, now: Ms, away: &[Band]) -> Option<Shows> {
        (tokens > 0 && !self.meter.beats_tell).then(|| self.meter.spent(tokens, began, now, away))
    }

    fn repeated(&mut self, found: Option<Loop>) -> Option<Shows> {
        match found {
            Some(found) => {
                self.repeats = self.repeats.saturating_add(1);
                (self.repeats % TOLD_EVERY == 1).then_some(Shows::Loop(found))
            }
            None if self.repeats > 0 && !self.loops.goes_on() => {
                self.repeats = 0;
                Some(Shows::LoopOver)
            }
            None => None,
        }
    }
}

impl Pilot {
    /// Takes in a sign of a live run.
    pub(super) fn watch_sign(&mut self, batch: &mut Batch, run: &Run, sign: Sign) {
        let subject = Subject::Run(run.id.clone());
        batch.remember_watch(self, &subject);
        // While it waits for its owner nothing is expected of it.
        if !self.watches.held.contains_key(&subject) && run.stand.is_none() {
            let (heartbeat, usual_ms) = (self.heartbeat_of(batch, run), self.usual_ms(&run.cue_id));
            self.watch_begins(batch, run, heartbeat, usual_ms);
        }
        let (progress, worked) = sign.of_work();
        self.cue_is_heard(batch, &run.cue_id, progress, worked);
        let (now, away) = (batch.now, batch.bands(self));
        let Some(held) = self.watches.held.get_mut(&subject) else { return };
        let shows = held.take(sign, looks_for_loops(run), now, &away);
        self.watches.rewake(&subject);
        for one in shows {
            match one {
                Shows::News(news) => self.tell_news(batch, &subject, news, None),
                Shows::Spent { tokens, since_ms } => self.spent_at_a_rate(batch, run, tokens, since_ms),
                Shows::Loop(found) => self.tell_loop(batch, run, &found),
                Shows::LoopOver => self.tell_loop_over(batch, run),
            }
        }
    }

    /// A sign of life of the agent of a cue that expects it always.
    pub(super) fn cue_is_heard(&mut self, batch: &mut Batch, cue: &CueId, progress: Option<f64>, worked: bool) {
        let subject = Subject::Cue(cue.clone());
        if !self.watches.held.contains_key(&subject) {
            return;
        }
        batch.remember_watch(self, &subject);
        let (now, away) = (batch.now, batch.bands(self));
        let Some(held) = self.watches.held.get_mut(&subject) else { return };
        let news = held.watch.hear(progress, worked, now, &away);
        self.watches.rewake(&subject);
        for one in news {
            self.tell_news(batch, &subject, one, None);
        }
    }

    /// It beat by its name: that is what the cues wait for that always expect it.
    pub(super) fn agent_is_heard(&mut self, batch: &mut Batch, life: &Life) {
        for cue in self.expecting(&life.agent) {
            let account = batch.standing(self, &cue).map(|lane| &lane.cue.definition.account);
            if account == Some(&life.account) {
                self.cue_is_heard(batch, &cue, life.progress, life.worked);
            }
        }
    }

    /// Holds what was spent against what the cue usually spends. What steps tell is gathered for a minute first, unless it is
    /// far too much already.
    fn spent_at_a_rate(&mut self, batch: &mut Batch, run: &Run, tokens: u64, since_ms: u64) {
        let subject = Subject::Run(run.id.clone());
        let now = batch.now;
        let Some(held) = self.watches.held.get(&subject) else { return };
        if !held.meter.beats_tell && since_ms < METERED_MS {
            let usual = self.pace(&run.cue_id).usual();
            if usual.is_none_or(|usual| (tokens as f64) < AT_ONCE_TIMES * usual) {
                return;
            }
        }
        let spike: Option<Spike> = self.pace(&run.cue_id).hear(tokens, Some(since_ms), now);
        batch.paced.insert(run.cue_id.clone());
        let Watches { held, paces, .. } = &mut self.watches;
        let (Some(held), Some(pace)) = (held.get_mut(&subject), paces.get(&run.cue_id)) else { return };
        (held.meter.tokens, held.meter.since) = (0, Some(now));
        match (spike, &mut held.spiking) {
            (Some(spike), spiking) => {
                *spiking = Some(0);
                self.tell_spike(batch, run, &spike);
            }
            (None, Some(calm)) => {
                // One that used nothing says nothing.
                *calm += u32::from(tokens > 0);
                if pace.is_calm(*calm) {
                    held.spiking = None;
                    self.tell_calm(batch, run);
                }
            }
            (None, None) => {}
        }
    }
}

#[cfg(test)]
#[path = "signs_tests.rs"]
mod tests;
