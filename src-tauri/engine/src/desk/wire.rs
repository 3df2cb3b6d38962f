//! What the owner's door says: requests and responses of every command in `desk/mod.rs`, and the live events.
//!
//! These types are the only ones the UI knows; `ui/src/wire/` is generated from them. Times are Unix milliseconds (UTC).
//! A cue's definition crosses this door in the JSON of SPEC section 13 (see `crate::definition`), hence `serde_json::Value`.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

pub use super::wire_accounts::{
    AccountView, KeyAdd, KeyRef, KeyRotate, KeyView, Keys, LoginAnswer, LoginPolicy, LoginView, Logins,
};
pub use super::wire_adopt::{
    Adopt, AdoptDone, AdoptEntry, AdoptFailed, AdoptKind, AdoptLook, AdoptMode, AdoptPreview, AdoptSource, AdoptStage,
    Adopted, AdoptedEntry, AdoptedView,
};
pub use super::wire_alerts::{
    AlertRef, AlertRules, AlertSnooze, AlertView, Alerts, AlertsRequest, QuietHours, Report, ReportCue, ReportRequest,
    ToldView,
};
pub use super::wire_apply::{
    CueChange, CueChangeKind, CueFieldChange, CueProblem, CuesApplied, CuesApply, CuesExport, LeftOutCue, PortableCues,
};
pub use super::wire_backups::{
    BackupMake, BackupRef, BackupRestore, BackupView, Backups, RestoreView, SettingSet, SettingView, SettingsView,
};
pub use super::wire_cells::{Cell, Cells, CellsRequest, LaneCells, PastRun};
pub use super::wire_channels::{
    BeaconSet, BeaconView, ChannelRef, ChannelSet, ChannelTested, ChannelView, Channels, SmtpSet,
};
pub use super::wire_delivery::{
    CausedBy, NoteView, PingUrl, RunOutput, RunOutputRequest, RunUsage, RunUsageRequest, UsageSample, WaitView,
    WorkerView, Workers,
};
pub use super::wire_demo::DemoView;
pub use super::wire_fleet::{
    AgentBudget, AgentCommand, AgentCommandView, AgentExpects, AgentRef, AgentStory, AgentView, AgentWatch, Agents,
    BeatView, MemoryRise, MessageView, RunnerView,
};
pub use super::wire_fuses::{BlownView, DayLimits, FleetSpent, Fuses, FusesSet, RunLimits};
pub use super::wire_gates::{
    GateAnswer, GatePutOff, GateRef, GateStory, GateView, GateWord, Gates, GatesRequest, LastApproved, RunToVerify,
};
pub use super::wire_health::TowerHealth;
pub use super::wire_otlp::{ApartView, HeaderPair, OtlpOut, OtlpOutSet, SpansApart, SpansApartRequest};
pub use super::wire_pools::{PoolHolderView, PoolRef, PoolSet, PoolView, PoolWaitingView, Pools};
pub use super::wire_prices::{
    AgentCost, CostDisagreement, CostTotal, Costs, CostsRequest, CostsToday, CueCost, ModelCost, PriceRef, PriceSet,
    PriceView, Prices, ShippedPrice, VerdictCost,
};
pub use super::wire_proof::{OutcomeView, ProofView, RefusedReport};
pub use super::wire_retention::{RetentionOwn, RetentionPass, RetentionView};
pub use super::wire_schedule::{
    Audit, AuditFinding, AuditRequest, BandView, Briefing, BriefingCard, BriefingLine, CuePause, CueTrigger,
    OccurrenceAnswer, SimulateRequest, SimulatedFire, SimulatedLane, Simulation, TriggerUrl,
};
pub use super::wire_search::{
    ExportFormat, Exported, RunExport, SearchFound, SearchHit, SearchKind, SearchPiece, SearchRequest,
};
pub use super::wire_secrets::{SecretRef, SecretRename, SecretSet, SecretStory, SecretUse, SecretView, Secrets};

pub use super::wire_steps::{
    Compare, CompareRow, CompareWith, ModelView, ResumedView, RunResume, SpendView, StepDiff, StepRef, StepStory,
    StepView, Steps, StepsRequest, StepsSummary, TotalView,
};
pub use super::wire_tries::CueTry;
pub use super::wire_truth::{ProcessView, Truth};
pub use super::wire_watch::{BandOf, EnvelopeView, MeasureView};

/// Every failed command answers with this one shape.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct DeskError {
    /// Stable word a program can match: `invalid`, `not_found`, `conflict`, `refused`, `vault`, `busy`, `store`, `unknown_command`;
    /// of a gate `gate_settled` (somebody was first), `gate_changed` (not what was shown), `gate_withdrawn`.
    pub code: String,
    /// One sentence for a person: what is wrong and what would be right.
    pub message: String,
    /// Path of the field that is wrong (`schedule.cron`), when one field is.
    pub field: Option<String>,
}

#[derive(Debug, Clone, Default, Serialize, Deserialize, TS)]
pub struct Nothing {}

/// Glyph of the first row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum ScheduledMark {
    /// Armed, or predicted: not due yet.
    Due,
    Ran,
    Coalesced,
    Skipped,
    Missed,
    Held,
}

/// Glyph of the second row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum DeliveredMark {
    None,
    /// Held back: a pool has no room, its preflight asks for something, or you are asked first.
    Waiting,
    Delivering,
    Delivered,
    /// Sent whole, not answered in time: the agent may be working inside the request.
    Unknown,
    Bounced,
}

/// Glyph of the third row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum ConfirmedMark {
    None,
    Working,
    /// It waits for your answer.
    Gate,
    Confirmed,
    Claimed,
    Refuted,
    Failed,
    Silent,
    /// Stopped by a fuse or by the owner.
    Stopped,
    Cancelled,
}

/// One occurrence with its run, as the timeline and the ledger draw it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct Mark {
    pub occurrence_id: String,
    pub cue_id: String,
    /// None until a run exists.
    pub run_id: Option<String>,
    #[ts(type = "number")]
    pub due_ms: i64,
    /// `scheduled`, `manual_fire`, `replay`, `chain` (after another cue's run), `fallback` (in its place), `trigger` (its
    /// URL), `path` (a watched file), `ping` (its agent began by itself), `dynamic` (its agent asked for it).
    pub triggered_by: String,
    pub scheduled: ScheduledMark,
    /// In words, when it did not simply run: "the previous run was still live".
    pub scheduled_reason: Option<String>,
    /// Held until `occurrence_answer` says run or skip.
    pub asks: bool,
    /// Due instants this record stands for; more than 1 only where a long absence was recorded as one span.
    #[ts(type = "number")]
    pub count: u64,
    /// Last due instant of a span.
    #[ts(type = "number | null")]
    pub until_ms: Option<i64>,
    /// The occurrence that ran in this one's place, when coalesced.
    pub coalesced_into: Option<String>,
    pub delivered: DeliveredMark,
    #[ts(type = "number | null")]
    pub delivered_at_ms: Option<i64>,
    pub confirmed: ConfirmedMark,
    /// The outcome came after the deadline had passed.
    pub late: bool,
    #[ts(type = "number | null")]
    pub started_at_ms: Option<i64>,
    #[ts(type = "number | null")]
    pub ended_at_ms: Option<i64>,
    pub attempts: u32,
    pub attempts_max: u32,
    pub cost_usd: Option<f64>,
    /// One plain sentence: what happened, with the facts that are known.
    pub sentence: String,
}

/// A lane's head: one cue.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct CueView {
    pub id: String,
    pub name: String,
    /// Whoever runs; lanes are grouped by it. Empty if the cue names none.
    pub agent: String,
    /// `active`, `paused`, `completed`, `failed`.
    pub status: String,
    /// `webhook`, `worker`, `command`, `watch`.
    pub transport: String,
    /// The schedule in words: "hourly at :05".
    pub words: String,
    pub timezone: String,
    #[ts(type = "number | null")]
    pub next_run_ms: Option<i64>,
    /// Paused, and resumes by itself then.
    #[ts(type = "number | null")]
    pub paused_until_ms: Option<i64>,
    pub has_trigger_url: bool,
    #[ts(type = "number")]
    pub revision: u64,
    pub run_count: u32,
    /// The whole definition in SPEC's JSON, secrets shown as `••••`.
    #[ts(type = "unknown")]
    pub definition: serde_json::Value,
    /// Whose it is, if somebody who registered made it; null: your own.
    pub account: Option<String>,
}

/// One live change, published after it is on disk. `seq` grows; a gap means: fetch the board again.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct DeskEvent {
    #[ts(type = "number")]
    pub seq: u64,
    #[ts(type = "number")]
    pub at_ms: i64,
    /// Rows as they are now; put each in place of the one with the same id.
    pub cues: Vec<CueView>,
    pub cues_removed: Vec<String>,
    pub marks: Vec<Mark>,
    pub alerts: Vec<AlertView>,
    /// New or longer grey bands; one with the same `from_ms` takes the place of the older.
    pub bands: Vec<BandView>,
    /// True when `pools` would answer differently.
    pub pools_changed: bool,
    /// What else would be answered differently.
    pub topics: Vec<Topic>,
    /// Runs whose steps or costs changed.
    pub runs_stepped: Vec<String>,
    /// True when `tower_status` would answer differently (paused, keyring, notifications, store).
    pub status_changed: bool,
}

/// What a face of the owner asks for again when it hears of it: `agents` of [`Topic::Agents`], and so on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum Topic {
    /// The fleet: who is alive, what was asked of whom.
    Agents,
    /// Accounts and API keys.
    Accounts,
    /// Programs that ask to sign in.
    Logins,
    /// What agents tell each other.
    Messages,
    /// What models cost.
    Prices,
    /// How alerts are told.
    Alerts,
    /// What stops work that uses too much.
    Fuses,
    /// Questions to the owner.
    Gates,
    /// Ways to reach the owner, and the beacon.
    Channels,
}

/// State of something outside that the tower leans on: the keyring, the notification server.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct Health {
    pub ok: bool,
    /// "Secret Service", "memory", "none".
    pub name: String,
    /// When not ok: what happened, the consequence, what to do.
    pub message: Option<String>,
}

// ---- tower_status: Nothing -> TowerStatus

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct TowerStatus {
    pub version: String,
    #[ts(type = "number")]
    pub now_ms: i64,
    #[ts(type = "number")]
    pub started_at_ms: i64,
    /// Firing as a whole is paused by the owner.
    pub paused: bool,
    /// "http://127.0.0.1:8737": where agents report.
    pub agents_url: String,
    pub data_dir: String,
    pub timezone: String,
    pub vault: Health,
    pub notifications: Health,
    pub store: Health,
    /// Runs are to be sent as traces, and the last try failed: why, in one line.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub traces_out: Option<String>,
    /// Gates that wait, open alerts, and held occurrences that ask.
    pub needs_you: u32,
    /// The oldest due time that there is a record of; null while there is none. Of what was before it nobody knows anything.
    #[ts(type = "number | null")]
    pub records_since_ms: Option<i64>,
    #[ts(type = "number")]
    pub seq: u64,
}

// ---- owner_key, webhook_secret: Nothing -> Key

/// The owner's own key for the agents' door, `cue_sk_…`, with every scope; or what web hooks are signed with, `whsec_…`.
#[derive(Clone, Serialize, Deserialize, TS)]
pub struct Key {
    pub key: String,
}

impl std::fmt::Debug for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Key(••••)")
    }
}

// ---- tower_pause, tower_resume: Nothing -> TowerStatus

// ---- board: BoardRequest -> Board

#[derive(Debug, Clone, Serialize, Deserialize, TS)]
pub struct BoardRequest {
    #[ts(type = "number")]
    pub from_ms: i64,
    #[ts(type = "number")]
    pub to_ms: i64,
    /// So many of the newest marks at most; 20 000 unless told.
    #[serde(default)]
    #[ts(optional)]
    pub marks_max: Option<u32>,
}

/// Everything the board draws. Marks are bounded to the newest in the range; `truncated` says if some were left out. What is
/// under way and what asks is here however long ago it was due.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
pub struct Board {
    #[ts(type = "number")]
    pub seq: u64,
    #[ts(type = "number")]
    pub now_ms: i64,
    pub cues: Vec<CueView>,
    pub marks: Vec<Mark>,
    pub alerts: Vec<AlertView>,
    /// Grey bands that touch the range, oldest first.
    pub bands: Vec<BandView>,
    pub truncated: bool,
}

// ---- forecast: ForecastRequest -> Forecast (asked again when a cue changes or the shown future runs short)

#[derive(Debug, Clone, Serialize, Deserialize, TS)]
pub struct ForecastRequest {
    #[ts(type = "number")]
    pub until_ms: i64,
}

#[derive(Debug, Clone, Serialize, Deserialize, TS)]
pub struct Forecast {
    pub lanes: Vec<ForecastLane>,
}

#[derive(Debug, Clone, Serialize, Deserialize, TS)]
pub struct ForecastLane {
    pub cue_id: String,
    /// Predicted fires after now, at most 500.
    #[ts(type = "number[]")]
    pub due_ms: Vec<i64>,
    /// Those of them that a blackout will skip.
    #[ts(type = "number[]")]
    pub blackout_ms: Vec<i64>,
}

// ---- schedule_preview: PreviewRequest -> Preview (as one types; bad input is a DeskError with `field`)

#[derive(Debug, Clone, Serialize, Deserialize, TS)]
pub struct PreviewRequest {
    /// The `schedule` object of SPEC section 13.
    #[ts(type = "unknown")]
    pub schedule: serde_json::Value,
    pub count: u32,
    /// Of this cue: its jitter is shown as it will be. None: of a new one, whose jitter is not known yet.
    #[serde(default)]
    #[ts(optional)]
    pub cue_id: Option<String>,
}

#[derive(Debug, Clone, Serialize, Deserialize, TS)]
pub struct Preview {
    pub words: String,
    #[ts(type = "number[]")]
    pub fires_ms: Vec<i64>,
    /// Offset of the cue's zone from UTC at each fire, in minutes, so that the UI can show both clocks.
    pub offsets_minutes: Vec<i32>,
    /// What holds at each fire: "mon-fri 09:30-16:00 New York", "skipped: blackout until Sun 27 Dec"; None where the schedule itself fires.
    pub fire_notes: Vec<Option<String>>,
    /// Coming clock changes that touch it: "Sun 28 Mar 2027 has no 02:30: fires at 03:00."
    pub notes: Vec<String>,
}

// ---- cue_create: CueCreate -> CueView · cue_update: CueUpdate -> CueView
// ---- cue_resume, cue_delete, cue_get: CueRef -> CueView

#[derive(Debug, Clone, Serialize, Deserialize, TS)]
pub struct CueCreate {
    #[ts(type = "unknown")]
    pub definition: serde_json::Value,
}

#[derive(Debug, Clone, Serialize, Deserialize, TS)]
pub struct CueUpdate {
    pub cue_id: String,
    /// The revision that was edited; another one by now is a `conflict`.
    #[ts(type = "number | null")]
    pub revision: Option<u64>,
    /// The whole new definition.
    #[ts(type = "unknown")]
    pub definition: serde_json::Value,
}

#[derive(Debug, Clone, Serialize, Deserialize, TS)]
pub struct CueRef {
    pub cue_id: String,
}

// ---- cue_fire: CueFire -> Fired · run_replay: RunRef -> Fired

#[derive(Debug, Clone, Serialize, Deserialize, TS)]
pub struct CueFire {
    pub cue_id: String,
    /// Instead of the cue's own payload.
    #[ts(type = "unknown")]
    pub payload: Option<serde_json::Value>,
    /// The payload's fields are laid over the cue's own, instead of taking its place.
    #[serde(default)]
    #[ts(optional)]
    pub merge: Option<bool>,
    /// Later; None: now.
    #[serde(default)]
    #[ts(type = "number | null", optional)]
    pub send_at_ms: Option<i64>,
    /// The same key within 24 h fires once.
    #[serde(default)]
    #[ts(optional)]
    pub idempotency_key: Option<String>,
}

#[derive(Debug, Clone, Serialize, Deserialize, TS)]
pub struct Fired {
    pub run_id: String,
    pub occurrence_id: String,
}

// ---- run_get: RunRef -> RunStory · run_stop: RunRef -> Nothing

#[derive(Debug, Clone, Serialize, Deserialize, TS)]
pub struct RunRef {
    pub run_id: String,
}

// ---- run_check: RunRef -> RunStory
// ---- run_verify: RunVerify -> RunStory

/// The owner looked at what a run did: is it so?
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
pub struct RunVerify {
    pub run_id: String,
    pub valid: bool,
    #[serde(default)]
    #[ts(optional)]
    pub reason: Option<String>,
}

/// The drill-down of one run.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
pub struct RunStory {
    pub mark: Mark,
    pub cue: CueRefView,
    /// `waiting` (see `waits`), `delivering`, `retrying`, `pending_outcome`, or the final verdict.
    pub state: String,
    pub idempotency_key: String,
    #[ts(type = "unknown")]
    pub payload: serde_json::Value,
    pub attempts: Vec<AttemptView>,
    pub outcome: Option<OutcomeView>,
    /// What the cue asked for as proof, and what came of it.
    pub proof: Vec<ProofView>,
    /// Since when the tower looks itself whether its success is one.
    #[ts(type = "number | null")]
    pub checking_since_ms: Option<i64>,
    /// Reports that were refused (an old attempt, a second, different outcome), newest last.
    pub refused: Vec<RefusedReport>,
    #[ts(type = "number | null")]
    pub outcome_deadline_ms: Option<i64>,
    #[ts(type = "number | null")]
    pub retry_at_ms: Option<i64>,
    /// What holds it up, if something does.
    pub waits: Option<WaitView>,
    /// What was asked of you in its name, oldest first.
    pub gates: Vec<GateView>,
    /// How often a long-lived command was started again.
    pub restarts: u32,
    /// When its budget of time is spent.
    #[ts(type = "number | null")]
    pub fuse_at_ms: Option<i64>,
    pub caused_by: Option<CausedBy>,
    pub notes: Vec<NoteView>,
    /// `waiting` (somebody has to look at it), `valid` or `invalid`; None: nobody was asked.
    pub verification: Option<String>,
    /// Who said so, when and why: "By the owner: the invoice is there."; None while it waits.
    pub verification_words: Option<String>,
    #[ts(type = "number | null")]
    pub verified_at_ms: Option<i64>,
    /// What this run's outcome has to meet by name, beside what its cue asks for.
    pub exit_criteria: Vec<String>,
    /// None: it has begun no step, and its telemetry told of none.
    pub steps: Option<StepsSummary>,
    /// None: nobody said what it used.
    pub spend: Option<SpendView>,
    /// The run that it goes on with.
    pub resumed: Option<ResumedView>,
    /// Neighbours in the same lane.
    pub previous_run_id: Option<String>,
    pub next_run_id: Option<String>,
}

/// Enough of the cue to head the page, also after the cue was deleted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct CueRefView {
    pub id: String,
    pub name: String,
    pub agent: String,
    pub transport: String,
    pub words: String,
    pub deleted: bool,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct AttemptView {
    pub number: u32,
    #[ts(type = "number")]
    pub began_at_ms: i64,
    #[ts(type = "number | null")]
    pub delivered_at_ms: Option<i64>,
    #[ts(type = "number | null")]
    pub ended_at_ms: Option<i64>,
    /// `waiting`, `offered`, `delivering`, `delivered`, `unanswered`, `failed`, `lost`, `ended`.
    pub state: String,
    /// "200 OK in 293 ms", "exit code 1 after 2.1 s", "connection refused".
    pub sentence: String,
    pub http_status: Option<u16>,
    pub exit_code: Option<i32>,
    pub pid: Option<u32>,
    /// Captured output, bounded to the last 64 KiB each; a webhook's answer is its stdout.
    pub stdout: String,
    pub stderr: String,
    pub output_truncated: bool,
    /// Of its processes together, once they are gone; while they live, ask `run_usage`.
    #[ts(type = "number | null")]
    pub peak_rss_bytes: Option<u64>,
    #[ts(type = "number | null")]
    pub cpu_ms: Option<u64>,
    /// Who claimed it.
    pub worker: Option<String>,
    #[ts(type = "number | null")]
    pub lease_until_ms: Option<i64>,
}

// ---- ledger: LedgerRequest -> Ledger

#[derive(Debug, Clone, Serialize, Deserialize, TS)]
pub struct LedgerRequest {
    pub cue_id: Option<String>,
    /// Only occurrences due before this instant; for paging.
    #[ts(type = "number | null")]
    pub before_ms: Option<i64>,
    /// 1 to 500.
    pub limit: u32,
}

#[derive(Debug, Clone, Serialize, Deserialize, TS)]
pub struct Ledger {
    pub marks: Vec<Mark>,
    pub more: bool,
}
