//! What a beat, or its absence, says about an agent: back, silent, standing still, spending far more than usual, going round in
//! circles. Each is kept with the agent while it lasts, and told to the alerts when it begins and when it is over. Pure.

use chrono::NaiveDate;
use cuetower_core::Ms;
use cuetower_core::alert::{About, AlertKind, Problem, Severity, Signal};
use cuetower_core::fuse::Used;
use cuetower_core::id::AccountId;
use cuetower_core::spend::Nanousd;
use cuetower_core::time::{MINUTE_MS, length_in_words};
use cuetower_core::watch::{Call, Spike};
use serde::{Deserialize, Serialize};

use super::agent::Agent;
use super::beat::Beat;
use super::expected::{Armed, Silence, silence_said};
use crate::otlp::redact;

/// While it goes on, it is not repeated more often.
const REPEATED_AFTER_MS: u64 = MINUTE_MS;
/// A runner is asked to restart a silent agent so often within an hour.
const RESTARTS_MAX: usize = 3;
const RESTARTS_OF_MS: u64 = 60 * MINUTE_MS;
/// What a watch may find; a gone agent has none of them.
pub(crate) const KINDS: [AlertKind; 4] =
    [AlertKind::HeartbeatLost, AlertKind::Zombie, AlertKind::CostSpike, AlertKind::LoopDetected];

const SPIKES: &str = "spends far more than usual";
const LOOPS: &str = "goes round in circles";

/// Something unusual that goes on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Sign {
    pub at: Ms,
    /// When it was last told.
    told_at: Ms,
    /// The worst it has been.
    pub severity: Severity,
    /// As it was last seen; a sentence without its end mark.
    pub words: String,
    /// Beats in a row that showed nothing of it.
    #[serde(default)]
    calm: u32,
}

/// Something about an agent began or ended: for the journal, and for the alerts.
#[derive(Debug, Clone, PartialEq)]
pub struct News {
    pub fact: &'static str,
    pub words: String,
    pub signal: Option<Signal>,
}

/// What the pilot has to know of an agent once its row is on disk.
#[derive(Debug, Clone, PartialEq)]
pub struct AgentNews {
    pub agent: u32,
    /// None: nothing is expected of it.
    pub armed: Option<Armed>,
    /// What the alerts have to hear.
    pub signals: Vec<Signal>,
    /// For the fuses.
    pub spends: Option<AgentSpends>,
}

/// What an agent used outside of its runs, and what it may.
#[derive(Debug, Clone, PartialEq)]
pub struct AgentSpends {
    pub account: AccountId,
    pub agent: String,
    /// On this of the owner's days, in all; None: nothing new.
    pub used: Option<(NaiveDate, Used)>,
    pub budget: Option<Nanousd>,
}

impl AgentSpends {
    #[must_use]
    pub(super) fn of(agent: &Agent, used: Option<(NaiveDate, Used)>) -> AgentSpends {
        let budget = agent.day_cost_usd.and_then(Nanousd::of_usd);
        AgentSpends { account: agent.account.clone(), agent: agent.name.clone(), used, budget }
    }
}

impl AgentNews {
    #[must_use]
    pub(super) fn of(agent: &Agent, news: &[News]) -> AgentNews {
        let signals = news.iter().filter_map(|news| news.signal.clone()).collect();
        AgentNews { agent: agent.id, armed: Armed::of(agent), signals, spends: None }
    }

    /// Of one that is no more, or of which nobody wants to hear.
    #[must_use]
    pub(super) fn over(agent: &Agent, armed: Option<Armed>) -> AgentNews {
        AgentNews { agent: agent.id, armed, signals: KINDS.map(|kind| agent.over(kind)).into(), spends: None }
    }
}

impl Agent {
    #[must_use]
    pub fn silence(&self) -> Silence {
        self.watch.as_ref().and_then(silence_said).unwrap_or_else(|| self.silence_learnt())
    }

    /// Whether anybody is to hear of what is wrong with it.
    #[must_use]
    pub fn wants_alerts(&self) -> bool {
        self.watch.as_ref().is_none_or(|watch| watch.alert)
    }

    /// Whether its silence is told. Learnt, it takes a habit; and whoever works for a cue comes and goes with its runs, which
    /// are watched themselves.
    #[must_use]
    pub fn wants_alert_of_silence(&self, works_for_a_cue: bool) -> bool {
        let is_habit = self.knows_its_gap() && !self.of_run && !works_for_a_cue;
        self.wants_alerts() && (self.silence().is_said || is_habit)
    }

    pub(crate) fn about(&self) -> About {
        About::agent(self.account.clone(), self.name.clone())
    }

    pub(crate) fn over(&self, kind: AlertKind) -> Signal {
        Signal::Over { about: self.about(), kind, run_id: None }
    }

    fn trouble(&self, kind: AlertKind, severity: Severity, tail: &str, body: String) -> Option<Signal> {
        let title = format!("{} {tail}", self.name);
        let trouble = || Signal::Trouble(Problem { about: self.about(), kind, severity, run_id: None, title, body });
        self.wants_alerts().then(trouble)
    }

    /// What is wrong with it, by its row. The signal is of what was found by a beat: silence is written down with its alert.
    pub(crate) fn troubles(&self) -> Vec<(AlertKind, Option<Signal>)> {
        let sign = |kind, sign: &Option<Sign>, tail| {
            let sign = sign.as_ref()?;
            Some((kind, self.trouble(kind, sign.severity, tail, format!("{}.", sign.words))))
        };
        let all = [
            self.lost_at.map(|_| (AlertKind::HeartbeatLost, None)),
            self.stuck_at.map(|_| (AlertKind::Zombie, None)),
            sign(AlertKind::CostSpike, &self.spike, SPIKES),
            sign(AlertKind::LoopDetected, &self.looping, LOOPS),
        ];
        all.into_iter().flatten().filter(|_| self.wants_alerts()).collect()
    }

    fn ended(&self, kind: AlertKind, fact: &'static str, words: impl Into<String>) -> News {
        News { fact, words: words.into(), signal: Some(self.over(kind)) }
    }

    /// It beats again, or gets on again. Called before the beat is taken in.
    pub(super) fn lives(&mut self, worked: bool, now: Ms, news: &mut Vec<News>) {
        if let Some(lost_at) = self.lost_at.take() {
            let since = self.last.as_ref().map_or(lost_at, |last| last.at);
            let words = format!("It beats again, after {}.", in_seconds(now.since(since)));
            news.push(self.ended(AlertKind::HeartbeatLost, "agent_back", words));
        }
        if worked && self.stuck_at.take().is_some() {
            news.push(self.ended(AlertKind::Zombie, "agent_moves", "It gets on again."));
        }
    }

    /// It said goodbye: nothing more is wrong with it.
    pub(super) fn rests(&mut self, news: &mut Vec<News>) {
        let had = [
            (self.lost_at.take().is_some(), AlertKind::HeartbeatLost),
            (self.stuck_at.take().is_some(), AlertKind::Zombie),
            (self.spike.take().is_some(), AlertKind::CostSpike),
            (self.looping.take().is_some(), AlertKind::LoopDetected),
        ];
        for (_, kind) in had.into_iter().filter(|(had, _)| *had) {
            news.push(self.ended(kind, "agent_over", "It said goodbye."));
        }
    }

    /// `since_ms`: since its beat before, without the time in which nobody listened; None: there is none that counts.
    pub(super) fn judge(&mut self, beat: &Beat, since_ms: Option<u64>, worked: bool, now: Ms, news: &mut Vec<News>) {
        let tokens = beat.tokens.unwrap_or(0);
        let spike = self.pace.hear(tokens, since_ms, now);
        self.judge_spike(spike, tokens > 0, now, news);
        self.judge_loops(beat, worked, now, news);
    }

    fn judge_spike(&mut self, spike: Option<Spike>, used: bool, now: Ms, news: &mut Vec<News>) {
        let Some(spike) = spike else {
            if let Some(sign) = &mut self.spike {
                // One that used nothing says nothing.
                sign.calm += u32::from(used);
                if self.pace.is_calm(sign.calm) {
                    self.spike = None;
                    news.push(self.ended(AlertKind::CostSpike, "agent_calm", "It spends what it usually does."));
                }
            }
            return;
        };
        let (words, severity) = (spike.words(), spike.severity());
        let (sign, tells) = Sign::seen(self.spike.take(), severity, words.clone(), now);
        self.spike = Some(sign);
        if tells {
            let body = format!("{words}.{}", self.said());
            let signal = self.trouble(AlertKind::CostSpike, severity, SPIKES, body);
            news.push(News { fact: "agent_spiked", words: format!("{words}."), signal });
        }
    }

    fn judge_loops(&mut self, beat: &Beat, worked: bool, now: Ms, news: &mut Vec<News>) {
        let mut found = None;
        for (tool, args) in beat.newest_calls() {
            let call = Call { tool, args: Some(args), result: None, tokens: 0, is_tool: true, at: now };
            found = self.loops.call(&call, redact::text).or(found);
        }
        let used = beat.tells_of_work() || !beat.tool_call_log.is_empty();
        let moved = worked && beat.tells_of_progress();
        found = self.loops.beat(beat.message.as_deref(), used, moved, redact::text).or(found);
        if !self.loops.goes_on() {
            if self.looping.take().is_some() {
                news.push(self.ended(AlertKind::LoopDetected, "agent_straight", "It does something else now."));
            }
            return;
        }
        let Some(found) = found else { return };
        let severity = AlertKind::LoopDetected.severity();
        let (sign, tells) = Sign::seen(self.looping.take(), severity, found.words.clone(), now);
        self.looping = Some(sign);
        if tells {
            let body = format!("{}.", found.words);
            let signal = self.trouble(AlertKind::LoopDetected, severity, LOOPS, body.clone());
            news.push(News { fact: "agent_loops", words: body, signal });
        }
    }

    /// It is silent. `told`: the owner is to hear of it.
    pub(crate) fn falls_silent(&mut self, told: bool, now: Ms) -> Vec<News> {
        let mut news = Vec::new();
        if self.stuck_at.take().is_some() {
            news.push(self.ended(AlertKind::Zombie, "agent_over", "It does not beat any more."));
        }
        let severity = if self.silence().is_said { Severity::Critical } else { Severity::Warning };
        let words = self.silence_words(now);
        let body = format!("{words}{}{}", self.said(), self.remedy(now));
        let signal = self.trouble(AlertKind::HeartbeatLost, severity, "has gone quiet", body).filter(|_| told);
        news.push(News { fact: "agent_lost", words, signal });
        self.lost_at = Some(now);
        news
    }

    /// It beats, and its work does not get on.
    pub(crate) fn stands_still(&mut self, now: Ms) -> News {
        let since = self.stands_since().unwrap_or(now);
        let words = format!("It beats, and has not got on for {}.", in_seconds(now.since(since)));
        let kind = AlertKind::Zombie;
        let signal =
            self.trouble(kind, kind.severity(), "is alive and does not get on", format!("{words}{}", self.said()));
        self.stuck_at = Some(now);
        News { fact: "agent_stuck", words, signal }
    }

    /// Whether its runner is to be asked to restart it.
    pub(crate) fn wants_restart(&self, now: Ms) -> bool {
        let is_wanted = self.watch.as_ref().is_some_and(|watch| watch.restart);
        is_wanted && self.runner.is_some() && self.restarts_lately(now) < RESTARTS_MAX
    }

    /// Its runner was asked to.
    pub(super) fn restarts(&mut self, now: Ms) {
        self.restarted_at.retain(|at| now.since(*at) < RESTARTS_OF_MS);
        self.restarted_at.push(now);
    }

    fn restarts_lately(&self, now: Ms) -> usize {
        self.restarted_at.iter().filter(|at| now.since(**at) < RESTARTS_OF_MS).count()
    }

    fn silence_words(&self, now: Ms) -> String {
        let silent_ms = self.last.as_ref().map_or(0, |last| now.since(last.at));
        format!("No beat for {}; {}.", in_seconds(silent_ms), self.expected("one"))
    }

    /// " Its last beat said: Processed 42."
    fn said(&self) -> String {
        let said = self.last.as_ref().and_then(|last| last.message.as_ref());
        said.map_or_else(String::new, |said| format!(" Its last beat said: {}.", said.trim().trim_end_matches('.')))
    }

    /// Who can restart it, or does.
    fn remedy(&self, now: Ms) -> String {
        let Some(runner) = &self.runner else {
            return " No runner watches it, so nobody here can restart it.".to_owned();
        };
        let runner = format!("{}:{}", runner.kind, runner.target);
        let is_wanted = self.watch.as_ref().is_some_and(|watch| watch.restart);
        match is_wanted {
            true if self.wants_restart(now) => format!(" Its runner is asked to restart it ({runner})."),
            true => {
                format!(" Its runner was asked to restart it {RESTARTS_MAX} times within the hour; that is enough.")
            }
            false => format!(" Its runner can restart it ({runner}): cuetowerctl agents restart {}", self.name),
        }
    }
}

impl Sign {
    /// It is seen, maybe again; and whether that is to be told.
    fn seen(known: Option<Sign>, severity: Severity, words: String, now: Ms) -> (Sign, bool) {
        let Some(known) = known else { return (Sign { at: now, told_at: now, severity, words, calm: 0 }, true) };
        let tells = severity > known.severity || now.since(known.told_at) >= REPEATED_AFTER_MS || now < known.told_at;
        let told_at = if tells { now } else { known.told_at };
        (Sign { at: known.at, told_at, severity: severity.max(known.severity), words, calm: 0 }, tells)
    }
}

fn in_seconds(length_ms: u64) -> String {
    let whole = length_ms / 1_000 * 1_000;
    length_in_words(if whole == 0 { length_ms } else { whole })
}

#[cfg(test)]
#[path = "judging_tests.rs"]
mod tests;
