//! An agent as its beats tell of it: is it alive, does it get on, who can restart it. Pure.

use chrono::NaiveDate;
use cuetower_core::Ms;
use cuetower_core::id::AccountId;
use cuetower_core::time::{SECOND_MS, length_in_words};
use serde::{Deserialize, Serialize};

use super::beat::{Beat, Status};

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
    pub iterations: Option<u64>,
    /// When it last got on: its counter moved, or it used tokens or tools.
    pub progress_at: Option<Ms>,
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

    /// Takes a beat in. `key`: hash of the API key that it came with.
    pub fn hear(&mut self, beat: &Beat, key: &str, now: Ms) {
        if let Some(last) = self.last.as_ref().filter(|last| matches!(last.status, Status::Ok | Status::Warning)) {
            self.learn_gap(now.since(last.at));
        }
        if beat.tells_of_work() || beat.iterations.is_some_and(|now| self.iterations.is_some_and(|was| was != now)) {
            self.progress_at = Some(now);
        }
        if let Some((kind, target)) = &beat.runner {
            self.runner = Some(Runner { kind: kind.clone(), target: target.clone(), key: key.to_owned() });
        }
        self.last = Some(Last { at: now, status: beat.status, message: beat.message.clone() });
        self.kind = beat.kind.clone().or(self.kind.take());
        self.memory_mb = beat.memory_mb.or(self.memory_mb);
        self.iterations = beat.iterations.or(self.iterations);
        self.tells_cost |= beat.cost_usd.is_some();
        self.beats += 1;
    }

    /// An outage is not its habit; being late again and again is.
    fn learn_gap(&mut self, gap_ms: u64) {
        if gap_ms <= self.late_after_ms() {
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
        if self.gaps_ms.len() < GAPS_LEAST {
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

    fn late_after_ms(&self) -> u64 {
        LATE_AFTER_GAPS * self.usual_gap_ms()
    }

    #[must_use]
    pub fn state(&self, now: Ms) -> State {
        let Some(last) = &self.last else { return State::Unseen };
        let within = |at: Ms| now.since(at) <= self.late_after_ms();
        match last.status {
            Status::Shutdown => State::Stopped,
            Status::Error => State::Error,
            Status::Ok | Status::Warning if !within(last.at) => State::Late,
            Status::Ok | Status::Warning if self.progress_at.is_some_and(within) => State::Working,
            Status::Ok | Status::Warning => State::Alive,
        }
    }

    /// "Working; 42 iterations; last beat said: Processed 42." Nothing in it grows old while the state stays.
    #[must_use]
    pub fn words(&self, now: Ms) -> String {
        let Some(last) = &self.last else { return "No beat yet.".to_owned() };
        let state = match (self.state(now), last.status) {
            (State::Working, _) => "Working".to_owned(),
            (State::Late, _) => format!("Late: it usually beats every {}", length_in_words(self.usual_gap_ms())),
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
            agent.hear(&beat(&json!({})), "", Ms(at * 1_000));
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
        agent.hear(&beat(&json!({ "iteration_count": 41 })), "", Ms(30_000));
        assert_eq!(state_at(&agent, 30), "alive", "a counter that is told of for the first time has not moved");
        let told =
            json!({ "iteration_count": 42, "message": "Processed 42.", "memory_mb": 9.5, "agent_type": "claude" });
        agent.hear(&beat(&told), "", Ms(60_000));
        assert_eq!(agent.words(Ms(60_000)), "Working; 42 iterations; last beat said: Processed 42.");
        agent.hear(&beat(&json!({ "status": "warning" })), "", Ms(90_000));
        assert_eq!(agent.words(Ms(90_000)), "Working; it warns; 42 iterations.");
        assert_eq!((agent.memory_mb, agent.kind.as_deref()), (Some(9.5), Some("claude")), "they stay until told anew");
        agent.hear(&beat(&json!({ "status": "error", "message": "CRASH: boom" })), "", Ms(95_000));
        assert_eq!((state_at(&agent, 95), state_at(&agent, 9_500)), ("error", "error"));
        agent.hear(&beat(&json!({ "status": "shutdown" })), "", Ms(96_000));
        assert_eq!((state_at(&agent, 9_600), agent.words(Ms(0))), ("stopped", "Stopped; 42 iterations.".to_owned()));
        agent.hear(&beat(&json!({ "tokens_used": 5 })), "", Ms(9_600_000));
        assert_eq!(state_at(&agent, 9_600), "working");
        assert_eq!(agent.usual_gap_ms(), 30_000, "the time that it was stopped is no gap");
    }

    #[test]
    fn its_runner_is_the_last_that_told_of_itself() {
        let mut agent = beating(&[0]);
        agent.hear(&beat(&json!({ "restart_type": "docker", "restart_target": "bot" })), "one", Ms(1));
        agent.hear(&beat(&json!({})), "two", Ms(2));
        let runner = Runner { kind: "docker".to_owned(), target: "bot".to_owned(), key: "one".to_owned() };
        assert_eq!(agent.runner, Some(runner));
    }
}
