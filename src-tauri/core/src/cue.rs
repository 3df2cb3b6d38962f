//! A cue: a standing instruction — when, to whom, what proof is expected. The domain's own form;
//! the JSON of the doors is read and written in the engine's `definition`.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::Ms;
use crate::check::{Check, Preflight};
use crate::gate::OnNoAnswer;
use crate::id::{AccountId, CueId};
use crate::lend::Lend;
use crate::pool::Need;
use crate::retention::Keep;
use crate::schedule_spec::ScheduleSpec;
use crate::time::{HOUR_MS, MINUTE_MS, SECOND_MS};
pub use crate::transport::{Callback, Command, Program, Restart, Transport, Worker};
pub use crate::watch::{Budget, DayBudget, Heartbeat, OnLoop};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Cue {
    pub id: CueId,
    pub definition: Arc<CueDefinition>,
    /// Counts the definitions this cue has had, from 1.
    pub revision: u64,
    pub status: CueStatus,
    /// Paused, and resumes by itself then.
    #[serde(default)]
    pub paused_until: Option<Ms>,
    /// Number of the trigger URL that is good; None: the cue has none.
    #[serde(default)]
    pub trigger_url: Option<u64>,
    pub created_at: Ms,
    pub updated_at: Ms,
    /// Runs begun, of any trigger.
    pub run_count: u64,
    pub last_run_at: Option<Ms>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CueStatus {
    Active,
    Paused,
    /// A `once` cue whose run ended well.
    Completed,
    /// A `once` cue whose run did not.
    Failed,
    Deleted,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CueDefinition {
    /// Whose it is. Said by the door when the cue is made, and never changed.
    #[serde(default, skip_serializing_if = "AccountId::is_owner")]
    pub account: AccountId,
    /// Unique within its account.
    pub name: String,
    pub description: Option<String>,
    /// Whoever runs; empty when the cue names none.
    pub agent: String,
    pub schedule: ScheduleSpec,
    pub transport: Transport,
    pub payload: Value,
    pub retry: Retry,
    pub delivery: Delivery,
    pub confirm: Confirm,
    pub catch_up: CatchUp,
    pub overlap: Overlap,
    pub expect: Expect,
    #[serde(default, skip_serializing_if = "AlertRules::is_default")]
    pub alerts: AlertRules,
    #[serde(default, skip_serializing_if = "FireRules::is_default")]
    pub fires: FireRules,
    /// Pause the cue when a run fails for good.
    pub pause_on_failure: bool,
    /// What else follows when a run fails for good.
    #[serde(default, skip_serializing_if = "OnFailure::is_default")]
    pub on_failure: OnFailure,
    /// Another cue to fire when a run ended well.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub on_success_fire: Option<CueId>,
    #[serde(default, skip_serializing_if = "Budget::is_default")]
    pub budget: Budget,
    /// Signs of life that are expected; None: it may be as quiet as it likes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub heartbeat: Option<Heartbeat>,
    #[serde(default, skip_serializing_if = "OnLoop::is_default")]
    pub loops: OnLoop,
    /// Shared resources without which nothing of it is delivered.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub uses: Vec<Need>,
    /// What has to hold before a delivery.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub preflight: Vec<Preflight>,
    /// What the tower looks at itself before it believes a success.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub checks: Vec<Check>,
    /// Among those that wait for the same pools, higher goes first.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub priority: i32,
    /// Secrets that its runs may ask for while they work.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub lends: Vec<Lend>,
    /// What the owner is asked before it happens.
    #[serde(default, skip_serializing_if = "GateRules::is_default")]
    pub gate: GateRules,
    /// How much of its past is kept, where that is not the tower's own rule.
    #[serde(default, skip_serializing_if = "Keep::is_default")]
    pub retention: Keep,
}

/// What a cue asks its owner, whether or not its agent does. What a person has to look at before it counts is
/// [`Expect::manual`].
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct GateRules {
    /// Once per run; a retry needs no new answer.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub before_delivery: bool,
    /// The owner looks at it before it counts; the definition says so here, and [`Expect::manual`] follows from it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub before_confirmation: bool,
    /// Keys or names of steps that begin with the owner's yes alone.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub steps: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deadline_ms: Option<u64>,
    #[serde(default)]
    pub on_no_answer: OnNoAnswer,
}

impl GateRules {
    fn is_default(&self) -> bool {
        *self == GateRules::default()
    }

    /// Whether all that the owner was asked by `before` is asked still, and his silence is no yes where it was none.
    #[must_use]
    pub fn asks_all_of(&self, before: &GateRules) -> bool {
        let silence_says_yes = |rules: &GateRules| rules.on_no_answer == OnNoAnswer::Proceed;
        (self.before_delivery || !before.before_delivery)
            && (self.before_confirmation || !before.before_confirmation)
            && before.steps.iter().all(|step| self.steps.contains(step))
            && (!silence_says_yes(self) || (silence_says_yes(before) && self.deadline_ms >= before.deadline_ms))
    }

    /// Whether the owner is asked before this step.
    #[must_use]
    pub fn asks_before_step(&self, key: &str, name: &str) -> bool {
        self.steps.iter().any(|step| step == key || (!name.is_empty() && step == name))
    }
}

/// After the last attempt of a run failed, or its agent said no.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OnFailure {
    /// Its writer wants a mail, too. Kept and shown; there is nothing yet that sends one.
    #[serde(default = "yes", skip_serializing_if = "Clone::clone")]
    pub email: bool,
    /// Told with one unsigned POST, as CueAPI does; never repeated.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub webhook: Option<String>,
    /// Fires in its place.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fallback: Option<CueId>,
}

impl Default for OnFailure {
    fn default() -> OnFailure {
        OnFailure { email: true, webhook: None, fallback: None }
    }
}

fn yes() -> bool {
    true
}

impl OnFailure {
    fn is_default(&self) -> bool {
        *self == OnFailure::default()
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands a reference")]
fn is_zero(number: &i32) -> bool {
    *number == 0
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Retry {
    /// 1 to 10.
    pub max_attempts: u32,
    /// Wait before attempt 2, 3, …; the last one repeats.
    pub backoff_ms: Vec<u64>,
    pub on_failed_outcome: bool,
}

impl Retry {
    /// The wait after attempt `number` failed.
    #[must_use]
    pub fn wait_after_ms(&self, number: u32) -> u64 {
        let index = (number.max(1) as usize - 1).min(self.backoff_ms.len().saturating_sub(1));
        self.backoff_ms.get(index).copied().unwrap_or(0)
    }
}

impl Default for Retry {
    fn default() -> Retry {
        Retry { max_attempts: 3, backoff_ms: vec![MINUTE_MS, 5 * MINUTE_MS, 15 * MINUTE_MS], on_failed_outcome: false }
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Delivery {
    /// Of a web hook: for everything. Of a command: for its start. Of a worker's job: for somebody to claim it. Of a watched
    /// job: for its first ping.
    pub timeout_ms: u64,
    /// Of a web hook; None: the transport's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub connect_timeout_ms: Option<u64>,
    /// Of a web hook: until its answer begins. None: as long as everything may take.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first_byte_timeout_ms: Option<u64>,
    /// None: the default of 5 min, and for `confirm: exit_code` none while the process lives.
    pub outcome_deadline_ms: Option<u64>,
    pub unanswered: Unanswered,
}

/// Starts when a command exits without an outcome.
pub const DEADLINE_AFTER_EXIT_MS: u64 = 10 * SECOND_MS;
const OUTCOME_DEADLINE_MS: u64 = 300 * SECOND_MS;

impl Default for Delivery {
    fn default() -> Delivery {
        Delivery {
            timeout_ms: 30 * SECOND_MS,
            connect_timeout_ms: None,
            first_byte_timeout_ms: None,
            outcome_deadline_ms: None,
            unanswered: Unanswered::Wait,
        }
    }
}

/// What to do when a request was sent whole but not answered in time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Unanswered {
    Wait,
    Retry,
}

/// What confirms a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Confirm {
    Outcome,
    ExitCode,
    Delivery,
    /// The checks alone: at a reported success, at exit code 0, or when the time for an outcome is over.
    Checks,
}

impl Confirm {
    /// Whether a report of its agent is what is waited for.
    #[must_use]
    pub fn is_by_report(self) -> bool {
        match self {
            Confirm::Outcome | Confirm::Checks => true,
            Confirm::ExitCode | Confirm::Delivery => false,
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CatchUp {
    pub policy: CatchUpPolicy,
    /// Usefulness window; None: half the gap to the next instant, at most 12 h; no limit for `once`.
    pub within_ms: Option<u64>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CatchUpPolicy {
    Latest,
    All,
    None,
    /// The newest waits for the owner's word.
    Ask,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Overlap {
    Skip,
    Queue,
    Allow,
    Replace,
}

/// What the outcome must show before a reported success is believed.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Expect {
    pub min_processed: Option<f64>,
    /// Share of `processed`, 0 to 1.
    pub max_error_rate: Option<f64>,
    pub evidence: Vec<Evidence>,
    /// Names among the outcome's assertions that have to be true.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub assertions: Vec<String>,
    /// From its delivery to its report.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_duration_ms: Option<u64>,
    /// Expressions over what was reported; see `expect::Assertion`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub assert: Vec<String>,
    /// What passes everything else is only claimed until somebody looked at it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub manual: bool,
    /// That was asked for among its checks.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub manual_check: bool,
    /// Its writer said how it is verified, be it that it is not: CueAPI's clients are shown that again.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub mode_said: bool,
}

impl Expect {
    /// Whether an outcome has to show anything.
    #[must_use]
    pub fn asks_for_proof(&self) -> bool {
        self.min_processed.is_some()
            || self.max_error_rate.is_some()
            || !self.evidence.is_empty()
            || !self.assertions.is_empty()
            || self.max_duration_ms.is_some()
            || !self.assert.is_empty()
    }
}

/// When the owner is told of what a run alone does not show.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct AlertRules {
    /// So many runs that failed one after the other.
    pub consecutive_failures: u32,
    /// So many occurrences missed since a run last began.
    pub missed_in_a_row: u32,
}

impl AlertRules {
    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands a reference")]
    fn is_default(&self) -> bool {
        *self == AlertRules::default()
    }
}

impl Default for AlertRules {
    fn default() -> AlertRules {
        AlertRules { consecutive_failures: 3, missed_in_a_row: 1 }
    }
}

/// What whoever fires a cue by hand or over HTTP has to bring.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FireRules {
    /// A payload of its own.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub payload_required: bool,
    /// Fields that the payload has to have.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub required_keys: Vec<String>,
}

impl FireRules {
    /// The required fields that a payload does not have.
    #[must_use]
    pub fn missing_in(&self, payload: &Value) -> Vec<String> {
        self.required_keys.iter().filter(|key| payload.get(key.as_str()).is_none()).cloned().collect()
    }

    fn is_default(&self) -> bool {
        *self == FireRules::default()
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Evidence {
    ExternalId,
    ResultUrl,
    ResultRef,
    Summary,
    Artifacts,
}

impl Evidence {
    pub const ALL: [Evidence; 5] =
        [Evidence::ExternalId, Evidence::ResultUrl, Evidence::ResultRef, Evidence::Summary, Evidence::Artifacts];

    /// The name of the outcome field that carries it.
    #[must_use]
    pub fn field(self) -> &'static str {
        match self {
            Evidence::ExternalId => "external_id",
            Evidence::ResultUrl => "result_url",
            Evidence::ResultRef => "result_ref",
            Evidence::Summary => "summary",
            Evidence::Artifacts => "artifacts",
        }
    }
}

impl CueDefinition {
    /// The cue's own payload with these fields laid over it.
    #[must_use]
    pub fn payload_under(&self, over: Map<String, Value>) -> Value {
        let mut whole = self.payload.as_object().cloned().unwrap_or_default();
        whole.extend(over);
        Value::Object(whole)
    }

    /// How long after delivery an outcome may take; None: as long as the process lives, or the worker keeps its lease.
    #[must_use]
    pub fn outcome_deadline_ms(&self) -> Option<u64> {
        if self.delivery.outcome_deadline_ms.is_some() {
            return self.delivery.outcome_deadline_ms;
        }
        let lives_long = match &self.transport {
            Transport::Worker(_) => true,
            Transport::Command(command) => {
                matches!(self.confirm, Confirm::ExitCode | Confirm::Checks) || command.restart != Restart::Never
            }
            Transport::Webhook(_) => self.confirm == Confirm::ExitCode,
            Transport::Watch => false,
        };
        (!lives_long).then_some(OUTCOME_DEADLINE_MS)
    }

    /// Whether it is a long-lived agent that is started again when it ends.
    #[must_use]
    pub fn restart(&self) -> Restart {
        match &self.transport {
            Transport::Command(command) => command.restart,
            Transport::Webhook(_) | Transport::Worker(_) | Transport::Watch => Restart::Never,
        }
    }

    /// Cues that this one fires at the end of its runs.
    pub fn fires_after(&self) -> impl Iterator<Item = &CueId> {
        self.on_success_fire.iter().chain(&self.on_failure.fallback)
    }

    /// How long after exit an outcome may take.
    #[must_use]
    pub fn deadline_after_exit_ms(&self) -> u64 {
        self.delivery.outcome_deadline_ms.unwrap_or(OUTCOME_DEADLINE_MS).min(DEADLINE_AFTER_EXIT_MS)
    }

    /// The usefulness window of a missed instant, given the gap to the next one.
    #[must_use]
    pub fn useful_for_ms(&self, gap_to_next_ms: Option<u64>) -> u64 {
        match (self.catch_up.within_ms, gap_to_next_ms) {
            (Some(set), _) => set,
            (None, None) => u64::MAX,
            (None, Some(_)) if self.schedule.is_once() => u64::MAX,
            (None, Some(gap)) => (gap / 2).min(12 * HOUR_MS),
        }
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_cue_that_asks_less_than_before_is_told_from_one_that_asks_more() {
        let steps = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        let before = GateRules { before_delivery: true, steps: steps(&["send"]), ..GateRules::default() };
        let proceeds =
            GateRules { deadline_ms: Some(60_000), on_no_answer: OnNoAnswer::Proceed, ..GateRules::default() };
        for (after, before, asks_all) in [
            (before.clone(), &before, true),
            (GateRules { before_confirmation: true, steps: steps(&["x", "send"]), ..before.clone() }, &before, true),
            (GateRules { before_delivery: false, ..before.clone() }, &before, false),
            (GateRules { steps: vec![], ..before.clone() }, &before, false),
            (GateRules::default(), &GateRules { before_confirmation: true, ..GateRules::default() }, false),
            (proceeds.clone(), &GateRules::default(), false),
            (GateRules { deadline_ms: Some(120_000), ..proceeds.clone() }, &proceeds, true),
            (GateRules { deadline_ms: Some(1_000), ..proceeds.clone() }, &proceeds, false),
            (GateRules { on_no_answer: OnNoAnswer::Stop, ..proceeds.clone() }, &proceeds, true),
        ] {
            assert_eq!(after.asks_all_of(before), asks_all, "{before:?} -> {after:?}");
        }
    }

    /// A web hook that a test changes to its needs.
    pub(crate) fn webhook(schedule: ScheduleSpec) -> CueDefinition {
        CueDefinition {
            account: AccountId::OWNER,
            name: "leads".into(),
            description: None,
            agent: String::new(),
            schedule,
            transport: Transport::Webhook(Callback {
                url: "http://127.0.0.1:9/".into(),
                method: "POST".into(),
                headers: vec![],
                allow_private: false,
            }),
            payload: json!({}),
            retry: Retry::default(),
            delivery: Delivery::default(),
            confirm: Confirm::Outcome,
            catch_up: CatchUp { policy: CatchUpPolicy::Latest, within_ms: None },
            overlap: Overlap::Skip,
            expect: Expect::default(),
            alerts: AlertRules::default(),
            fires: FireRules::default(),
            pause_on_failure: false,
            on_failure: OnFailure::default(),
            on_success_fire: None,
            budget: Budget::default(),
            heartbeat: None,
            loops: OnLoop::default(),
            uses: vec![],
            preflight: vec![],
            checks: vec![],
            priority: 0,
            lends: vec![],
            gate: GateRules::default(),
            retention: Keep::default(),
        }
    }
}
