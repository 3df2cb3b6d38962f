//! An agent as its beats tell of it: is it alive, does it get on, who can restart it. Pure.

use chrono::NaiveDate;
use cuetower_core::Ms;
use cuetower_core::away::Band;
use cuetower_core::id::AccountId;
use cuetower_core::time::{SECOND_MS, length_in_words};
use cuetower_core::watch::{Loops, Pace, awake_between};
use serde::{Deserialize, Serialize};

use super::beat::{Beat, Status};
use super::expected::{AgentWatch, Silence};
use super::judging::{News, Sign};
use super::memory::MemoryPast;

/// As ClevAgent's client beats, until its own gaps are known.
const GAP_UNTIL_KNOWN_MS: u64 = 60 * SECOND_MS;
const GAP_LEAST_MS: u64 = 10 * SECOND_MS;
const GAPS_KEPT: usize = 20;
/// Known from so many on.
const GAPS_LEAST: usize = 3;
/// An agent that misses so many gaps is late.
const LATE_AFTER_GAPS: u64 = 3;

/// Whoever runs, as far as it said so itself. Kept as one row; what is a column of its own there is not in its JSON.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Agent {
    /// Its `agent_id` on the wire; never given twice.
    #[serde(skip)]
    pub id: u32,
    #[serde(skip)]
    pub account: AccountId,
    /// Unique within its account.
    #[serde(skip)]
    pub name: String,
    /// What the owner lets it cost a day.
    #[serde(skip)]
    pub day_cost_usd: Option<f64>,
    #[serde(skip)]
    pub runner: Option<Runner>,
    pub last: Option<Last>,
    pub kind: Option<String>,
    pub memory_mb: Option<f64>,
    #[serde(default)]
    pub memory: MemoryPast,
    pub iterations: Option<u64>,
    /// The number by which it says how far it is.
    #[serde(default)]
    pub progress: Option<f64>,
    /// When it last got on: a number of its own moved; without one, it used tokens or tools.
    pub progress_at: Option<Ms>,
    /// Its work is expected to get on since then: it began, came back, or its owner said so.
    #[serde(default)]
    pub counted_from: Option<Ms>,
    /// What its owner expects; None: it is learnt.
    #[serde(default)]
    pub watch: Option<AgentWatch>,
    /// Since when it is known to be silent.
    #[serde(default)]
    pub lost_at: Option<Ms>,
    /// Since when it is known to beat without getting on.
    #[serde(default)]
    pub stuck_at: Option<Ms>,
    /// It spends far more than it usually does.
    #[serde(default)]
    pub spike: Option<Sign>,
    /// It goes round in circles.
    #[serde(default)]
    pub looping: Option<Sign>,
    /// What it usually spends.
    #[serde(default)]
    pub pace: Pace,
    /// What it did last.
    #[serde(default)]
    pub loops: Loops,
    /// Its newest beat came from a run, or with one.
    #[serde(default)]
    pub of_run: bool,
    /// When its runner was asked to restart it because it was silent, lately.
    #[serde(default)]
    pub restarted_at: Vec<Ms>,
    /// It said at least once what it costs.
    pub tells_cost: bool,
    /// The last of the owner's days on which it was told that it costs too much.
    pub warned_on: Option<NaiveDate>,
    /// All it ever sent.
    pub beats: u64,
    /// The newest gaps between its beats.
    gaps_ms: Vec<u64>,
    /// Gaps so long that it was late; they count once there are some in a row.
    late_gaps_ms: Vec<u64>,
}

/// Its newest beat.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Last {
    pub at: Ms,
    pub status: Status,
    pub message: Option<String>,
}

/// The `clevagent-runner` that watches it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Runner {
    pub kind: String,
    pub target: String,
    /// Hash of the API key that it beats with; it fetches commands with the same.
    pub key: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// A beat came, and its progress moved.
    Working,
    /// A beat came.
    Alive,
    Late,
    /// It said so.
    Error,
    /// It said goodbye.
    Stopped,
    /// No beat ever.
    Unseen,
}

impl State {
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            State::Working => "working",
            State::Alive => "alive",
            State::Late => "late",
            State::Error => "error",
            State::Stopped => "stopped",
            State::Unseen => "unseen",
        }
    }
}

impl Agent {
    /// One that is known by its name alone.
    #[must_use]
    pub fn named(account: AccountId, name: &str) -> Agent {
        Agent { account, name: name.to_owned(), ..Agent::default() }
    }

    /// Takes a beat in, and says what it brings. `key`: hash of the API key that it came with; `away`: when nobody listened since
    /// the beat before.
    pub fn hear(&mut self, beat: &Beat, key: &str, now: Ms, away: &[Band]) -> Vec<News> {
        let mut news = Vec::new();
        let heard = self.last.as_ref().filter(|last| last.status != Status::Shutdown);
        let since_ms = heard.map(|last| awake_between(last.at, now, away));
        let is_regular = heard.is_some_and(|last| last.status != Status::Error);
        if let Some(gap_ms) = since_ms.filter(|_| is_regular) {
            self.learn_gap(gap_ms);
        }
        if since_ms.is_none() || self.lost_at.is_some() {
            self.counted_from = Some(now);
            self.memory.begins_anew();
        }
        if let Some(mb) = beat.memory_mb {
            self.memory.hear(mb, now);
        }
        let worked = self.worked(beat);
        if worked {
            self.progress_at = Some(now);
        }
        self.lives(worked, now, &mut news);
        if let Some((kind, target)) = &beat.runner {
            self.runner = Some(Runner { kind: kind.clone(), target: target.clone(), key: key.to_owned() });
        }
        self.last = Some(Last { at: now, status: beat.status, message: beat.message.clone() });
        self.kind = beat.kind.clone().or(self.kind.take());
        self.memory_mb = beat.memory_mb.or(self.memory_mb);
        self.iterations = beat.iterations.or(self.iterations);
        self.progress = beat.progress.or(self.progress);
        self.tells_cost |= beat.cost_usd.is_some();
        self.of_run = beat.of_run;
        self.beats += 1;
        self.judge(beat, since_ms, worked, now, &mut news);
        if beat.status == Status::Shutdown {
            self.rests(&mut news);
        }
        news
    }

    /// Whether a beat says that it got on: by its numbers, if they can be held against those before; else by what it used.
    fn worked(&self, beat: &Beat) -> bool {
        let counted = beat.iterations.zip(self.iterations).map(|(now, was)| now != was);
        let measured = beat.progress.zip(self.progress).map(|(now, was)| now.to_bits() != was.to_bits());
        match (counted, measured) {
            (None, None) => beat.tells_of_work(),
            (counted, measured) => counted == Some(true) || measured == Some(true),
        }
    }

    /// An outage is not its habit; being late again and again is.
    fn learn_gap(&mut self, gap_ms: u64) {
        if gap_ms <= self.silence_learnt().length_ms {
            self.late_gaps_ms.clear();
            self.gaps_ms.push(gap_ms);
            if self.gaps_ms.len() > GAPS_KEPT {
                self.gaps_ms.remove(0);
            }
            return;
        }
        self.late_gaps_ms.push(gap_ms);
        if self.late_gaps_ms.len() >= GAPS_LEAST {
            self.gaps_ms = std::mem::take(&mut self.late_gaps_ms);
        }
    }

    /// Half of its time passes in gaps of at most this length: a flurry of beats between two regular ones changes little.
    #[must_use]
    pub fn usual_gap_ms(&self) -> u64 {
        if !self.knows_its_gap() {
            return GAP_UNTIL_KNOWN_MS;
        }
        let mut gaps = self.gaps_ms.clone();
        gaps.sort_unstable();
        let half = gaps.iter().sum::<u64>() / 2;
        let mut passed = 0;
        let reached = gaps.into_iter().find(|gap| {
            passed += gap;
            passed >= half
        });
        reached.unwrap_or(GAP_UNTIL_KNOWN_MS).max(GAP_LEAST_MS)
    }

    /// Whether its gaps are its own, and no guess.
    #[must_use]
    pub(super) fn knows_its_gap(&self) -> bool {
        self.gaps_ms.len() >= GAPS_LEAST
    }

    /// None: too few of its gaps are known.
    #[must_use]
    pub fn usual_gap_known_ms(&self) -> Option<u64> {
        self.knows_its_gap().then(|| self.usual_gap_ms())
    }

    /// Since when its work has not got on.
    #[must_use]
    pub fn stands_since(&self) -> Option<Ms> {
        self.progress_at.max(self.counted_from)
    }

    /// How long it may be silent by its own habit.
    #[must_use]
    pub(super) fn silence_learnt(&self) -> Silence {
        let gap_ms = self.usual_gap_ms();
        Silence { gap_ms, length_ms: LATE_AFTER_GAPS * gap_ms, is_said: false }
    }

    #[must_use]
    pub fn state(&self, now: Ms) -> State {
        let Some(last) = &self.last else { return State::Unseen };
        let within = |at: Ms| now.since(at) <= self.silence().length_ms;
        match last.status {
            Status::Shutdown => State::Stopped,
            Status::Error => State::Error,
            Status::Ok | Status::Warning if self.lost_at.is_some() || !within(last.at) => State::Late,
            Status::Ok | Status::Warning if self.progress_at.is_some_and(within) => State::Working,
            Status::Ok | Status::Warning => State::Alive,
        }
    }

    /// "it usually beats every 30 s"; `beat` is what it is called there.
    pub(super) fn expected(&self, beat: &str) -> String {
        let Silence { gap_ms, is_said, .. } = self.silence();
        let gap = length_in_words(gap_ms);
        match is_said {
            true => format!("{beat} is expected every {gap}"),
            false if self.knows_its_gap() => format!("it usually beats every {gap}"),
            false => format!("until its habit is known, {beat} is expected every {gap}"),
        }
    }

    /// "Working; 42 iterations; last beat said: Processed 42." Nothing in it grows old while the state stays.
    #[must_use]
    pub fn words(&self, now: Ms) -> String {
        let Some(last) = &self.last else { return "No beat yet.".to_owned() };
        let state = match (self.state(now), last.status) {
            (State::Working, _) => "Working".to_owned(),
            (State::Late, _) => format!("Late: {}", self.expected("a beat")),
            (State::Error, _) => "Error".to_owned(),
            (State::Stopped, _) => "Stopped".to_owned(),
            (State::Alive | State::Unseen, _) => "Alive".to_owned(),
        };
        let warns = (last.status == Status::Warning).then(|| "it warns".to_owned());
        let iterations = self.iterations.map(|count| match count {
            1 => "1 iteration".to_owned(),
            more => format!("{} iterations", cuetower_core::sentence::grouped(more)),
        });
        let said = last.message.as_ref().map(|said| format!("last beat said: {}", said.trim().trim_end_matches('.')));
        let parts: Vec<String> = [Some(state), warns, iterations, said].into_iter().flatten().collect();
        format!("{}.", parts.join("; "))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn beat(body: &Value) -> Beat {
        let mut body = body.clone();
        body["agent"] = json!("bot");
        Beat::read(body.as_object().unwrap(), "body").unwrap()
    }

    /// Beats at these seconds.
    fn beating(seconds: &[i64]) -> Agent {
        let mut agent = Agent::named(AccountId::OWNER, "bot");
        for at in seconds {
            agent.hear(&beat(&json!({})), "", Ms(at * 1_000), &[]);
        }
        agent
    }

    fn state_at(agent: &Agent, second: i64) -> &'static str {
        agent.state(Ms(second * 1_000)).word()
    }

    #[test]
    fn an_agent_is_late_after_three_of_its_usual_gaps() {
        assert_eq!(state_at(&Agent::named(AccountId::OWNER, "bot"), 7), "unseen");
        let fresh = beating(&[0]);
        assert_eq!((state_at(&fresh, 180), state_at(&fresh, 181)), ("alive", "late"));
        assert_eq!(fresh.words(Ms(181_000)), "Late: until its habit is known, a beat is expected every 1 min.");
        let quick = beating(&[0, 30, 60, 90, 120]);
        assert_eq!((state_at(&quick, 210), state_at(&quick, 211)), ("alive", "late"));
        assert_eq!(quick.words(Ms(211_000)), "Late: it usually beats every 30 s.");
        let flurry = beating(&[0, 60, 120, 121, 122, 123, 124, 125, 126]);
        assert_eq!(state_at(&flurry, 126 + 170), "alive", "what it sent in between is not its habit");
        let back = beating(&[0, 30, 60, 90, 3_690, 3_720]);
        assert_eq!((state_at(&back, 3_800), state_at(&back, 3_811)), ("alive", "late"), "an outage is not its habit");
        let slower = beating(&[0, 30, 60, 90, 690, 1_290, 1_890]);
        assert_eq!(state_at(&slower, 1_890 + 1_700), "alive", "ten minutes again and again are");
        let storm = beating(&[0, 0, 0, 0, 0]);
        assert_eq!((state_at(&storm, 30), state_at(&storm, 31)), ("alive", "late"));
    }

    #[test]
    fn working_is_more_than_alive_and_what_it_said_last_counts() {
        let mut agent = beating(&[0]);
        agent.hear(&beat(&json!({ "iteration_count": 41 })), "", Ms(30_000), &[]);
        assert_eq!(state_at(&agent, 30), "alive", "a counter that is told of for the first time has not moved");
        let told =
            json!({ "iteration_count": 42, "message": "Processed 42.", "memory_mb": 9.5, "agent_type": "claude" });
        agent.hear(&beat(&told), "", Ms(60_000), &[]);
        assert_eq!(agent.words(Ms(60_000)), "Working; 42 iterations; last beat said: Processed 42.");
        agent.hear(&beat(&json!({ "status": "warning" })), "", Ms(90_000), &[]);
        assert_eq!(agent.words(Ms(90_000)), "Working; it warns; 42 iterations.");
        assert_eq!((agent.memory_mb, agent.kind.as_deref()), (Some(9.5), Some("claude")), "they stay until told anew");
        agent.hear(&beat(&json!({ "status": "error", "message": "CRASH: boom" })), "", Ms(95_000), &[]);
        assert_eq!((state_at(&agent, 95), state_at(&agent, 9_500)), ("error", "error"));
        agent.hear(&beat(&json!({ "status": "shutdown" })), "", Ms(96_000), &[]);
        assert_eq!((state_at(&agent, 9_600), agent.words(Ms(0))), ("stopped", "Stopped; 42 iterations.".to_owned()));
        agent.hear(&beat(&json!({ "tokens_used": 5 })), "", Ms(9_600_000), &[]);
        assert_eq!(state_at(&agent, 9_600), "working");
        assert_eq!(agent.usual_gap_ms(), 30_000, "the time that it was stopped is no gap");
    }

    #[test]
    fn its_runner_is_the_last_that_told_of_itself() {
        let mut agent = beating(&[0]);
        agent.hear(&beat(&json!({ "restart_type": "docker", "restart_target": "bot" })), "one", Ms(1), &[]);
        agent.hear(&beat(&json!({})), "two", Ms(2), &[]);
        let runner = Runner { kind: "docker".to_owned(), target: "bot".to_owned(), key: "one".to_owned() };
        assert_eq!(agent.runner, Some(runner));
    }
}
