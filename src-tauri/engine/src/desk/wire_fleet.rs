//! What the owner's door says about the fleet: who is alive, what each cost today, what was asked of whom.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use super::wire::CueRefView;

// ---- agents: Nothing -> Agents

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct Agents {
    /// Those heard of lately first.
    pub agents: Vec<AgentView>,
}

/// Where an agent's memory rises from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct MemoryRise {
    #[ts(type = "number")]
    pub since_ms: i64,
    pub from_mb: f64,
}

/// Whoever runs. It is known by a beat, by a cue that names it, or by an address for messages; all three are one agent.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct AgentView {
    /// Unique within its account.
    pub name: String,
    /// Whose it is; null: the owner's own.
    pub account: Option<String>,
    /// `working` (a beat came, and its progress moved), `alive` (a beat came), `late` (no beat for three of its usual gaps),
    /// `error` (it said so), `stopped` (it said goodbye), `unseen` (no beat ever).
    pub state: String,
    /// "Alive; 42 iterations; last beat said: Processed 42."
    pub words: String,
    /// Of its newest beat.
    #[ts(type = "number | null")]
    pub last_beat_ms: Option<i64>,
    pub message: Option<String>,
    /// What it says it is: "claude".
    pub kind: Option<String>,
    #[ts(type = "number")]
    pub tokens_today: u64,
    /// Since the owner's midnight: the larger of what its beats and what its runs say; null: nobody said.
    pub cost_today_usd: Option<f64>,
    /// What it may cost a day; above it, it is told `cost_exceeded`.
    pub day_cost_usd: Option<f64>,
    /// Of its newest beat.
    pub memory_mb: Option<f64>,
    /// It needs more and more memory; null: it does not, or too few of its beats told of it.
    pub memory_rise: Option<MemoryRise>,
    #[ts(type = "number | null")]
    pub iterations: Option<u64>,
    /// Beats in each of the last 60 minutes, oldest first.
    pub pulse: Vec<u32>,
    /// Tokens in each of the last 60 minutes, oldest first.
    #[ts(type = "number[]")]
    pub tokens: Vec<u64>,
    /// Restarts that were done in the last 7 days.
    pub restarts: u32,
    /// Who restarts and stops it; null: nobody can (no runner watches it).
    pub runner: Option<RunnerView>,
    /// Asked of its runner and not done yet, or done lately; newest first.
    pub commands: Vec<AgentCommandView>,
    pub cues: Vec<CueRefView>,
    /// Its address among agents: `agt_…`; null: it takes no messages.
    pub address: Option<String>,
    /// Messages it has not read.
    pub unread: u32,
    /// What its owner expects of it; null: it is learnt.
    pub watch: Option<AgentExpects>,
    /// From beat to beat, as it used to; null: too few are known.
    #[ts(type = "number | null")]
    pub usual_gap_ms: Option<u64>,
    /// When its silence begins, if the tower listens until then; null: nothing is expected of it.
    #[ts(type = "number | null")]
    pub due_ms: Option<i64>,
    /// When it last got on.
    #[ts(type = "number | null")]
    pub progress_at_ms: Option<i64>,
    /// Since when it is silent.
    #[ts(type = "number | null")]
    pub lost_since_ms: Option<i64>,
    /// It beats, and has not got on since then.
    #[ts(type = "number | null")]
    pub no_progress_since_ms: Option<i64>,
    /// Tokens a minute that are usual: the 5th to the 95th of a hundred; null: too few beats used some.
    pub tokens_usual: Option<(f64, f64)>,
    /// Its live run; of several, the newest.
    pub run_id: Option<String>,
}

/// What the owner expects of an agent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct AgentExpects {
    /// From beat to beat; null: as it used to.
    #[ts(type = "number | null")]
    pub interval_ms: Option<u64>,
    /// How late a beat may be.
    #[ts(type = "number | null")]
    pub grace_ms: Option<u64>,
    /// How long its work may stand still while it beats; null: nobody looks.
    #[ts(type = "number | null")]
    pub progress_within_ms: Option<u64>,
    /// Whether anybody is told of what is wrong with it.
    pub alert: bool,
    /// Its runner is asked to restart it when it falls silent.
    pub restart: bool,
}

/// What `clevagent-runner` watches for it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct RunnerView {
    /// `docker`, `systemd`, `launchd`, `process`, `k8s`.
    pub kind: String,
    pub target: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct AgentCommandView {
    #[ts(type = "number")]
    pub id: u64,
    /// `restart` or `stop`.
    pub action: String,
    /// `asked`, `fetched`, `completed`, `failed`, `rejected`, `expired`.
    pub state: String,
    /// What the runner said.
    pub message: Option<String>,
    #[ts(type = "number")]
    pub asked_at_ms: i64,
    #[ts(type = "number | null")]
    pub ended_at_ms: Option<i64>,
}

// ---- agent_get: AgentRef -> AgentStory

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct AgentRef {
    pub name: String,
    pub account: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct AgentStory {
    pub agent: AgentView,
    /// The newest 100, newest first.
    pub beats: Vec<BeatView>,
    /// The newest 50 it sent or got, newest first.
    pub messages: Vec<MessageView>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct BeatView {
    #[ts(type = "number")]
    pub at_ms: i64,
    /// `ok`, `warning`, `error`, `shutdown`.
    pub status: String,
    pub message: Option<String>,
    #[ts(type = "number | null")]
    pub tokens: Option<u64>,
    pub cost_usd: Option<f64>,
    /// Answered with `loop_detected` or `cost_exceeded`.
    pub warning: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct MessageView {
    pub id: String,
    /// Names of agents.
    pub from: String,
    pub to: String,
    pub subject: Option<String>,
    /// The first 2 000 characters.
    pub body: String,
    /// `queued`, `delivering`, `delivered`, `read`, `acked`, `retry_ready`, `failed`, `expired`.
    pub state: String,
    #[ts(type = "number")]
    pub at_ms: i64,
}

// ---- agent_command: AgentCommand -> AgentView · agent_budget: AgentBudget -> AgentView · agent_watch: AgentWatch -> AgentView ·
// agent_forget: AgentRef -> Agents

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct AgentCommand {
    pub name: String,
    pub account: Option<String>,
    /// `restart` or `stop`.
    pub action: String,
}

/// What an agent may cost a day; null: nothing is said about it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct AgentBudget {
    pub name: String,
    pub account: Option<String>,
    pub day_cost_usd: Option<f64>,
}

/// What is expected of an agent; with no length and `alert`, it is learnt.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct AgentWatch {
    pub name: String,
    pub account: Option<String>,
    /// From beat to beat, from 1 to 86,400; null: as it used to.
    pub interval_seconds: Option<f64>,
    /// How late a beat may be, from 0 to 86,400; null: half the interval, at least 5.
    pub grace_seconds: Option<f64>,
    /// How long its work may stand still while it beats, from 1 to 86,400; null: nobody looks.
    pub progress_within_seconds: Option<f64>,
    /// Whether anybody is told of what is wrong with it.
    pub alert: bool,
    /// Its runner is asked to restart it when it falls silent, at most 3 times an hour.
    #[serde(default)]
    #[ts(optional, as = "Option<bool>")]
    pub restart: bool,
}
