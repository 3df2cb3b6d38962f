//! The owner's door: every command, declared once. The Tauri bridge, the browser's host (`serve`) and the CLI all come from this list.
//!
//! Agents have a door of their own (`receive`); the two share no handler and no credential.

mod accounts;
pub(crate) mod adopt;
mod agents;
mod alerts;
mod apply;
pub mod audit;
mod backups;
mod board;
pub(crate) mod briefing;
mod cells;
mod channel_settings;
mod channels;
mod compare;
mod costs;
mod cues;
mod demo;
mod envelope;
mod export;
mod from_runs;
mod fuses;
mod gates;
mod health;
mod live;
mod logins;
mod otlp;
mod pools;
mod prices;
pub(crate) mod report;
mod retention;
mod runs;
mod search;
mod secrets;
pub mod serve;
mod session;
mod settings;
mod simulate;
mod steps;
mod tower;
mod tries;
mod truth;
pub mod wire;
mod wire_accounts;
mod wire_adopt;
mod wire_alerts;
mod wire_apply;
mod wire_backups;
mod wire_cells;
mod wire_channels;
mod wire_delivery;
mod wire_demo;
#[cfg(test)]
mod wire_files;
mod wire_fleet;
mod wire_fuses;
mod wire_gates;
mod wire_health;
mod wire_otlp;
mod wire_pools;
mod wire_prices;
mod wire_proof;
mod wire_retention;
mod wire_schedule;
mod wire_search;
mod wire_secrets;
mod wire_steps;
mod wire_tries;
mod wire_truth;
mod wire_watch;
mod workers;

use std::sync::{Arc, OnceLock};

use cuetower_core::Ms;
pub use cuetower_core::gate::Face;
use cuetower_core::input::RefusalCode;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::handle::{Handle, Trouble};
use crate::journal::StoreError;
use crate::notify::Notifier;
use crate::vault::Vault;
pub use adopt::finish as finish_adoptions;
pub use demo::{Demo, DemoFleet, Doing, MARK as DEMO_MARK, cues_of_demo};
pub(crate) use steps::view as step_view;
pub(crate) use tries::{is_of_a_try, put_away_left as put_away_tries};
use wire::DeskError;
pub(crate) use workers::status as worker_status;

/// What the commands work with. Cheap to clone.
#[derive(Clone)]
pub struct Desk {
    pub handle: Handle,
    pub vault: Vault,
    pub notifier: Notifier,
    pub facts: Facts,
    pub owner_key: OwnerKey,
    pub demo: Demo,
    /// Where the owner sits who asks through this one. Each host says so of itself; no request does.
    pub face: Face,
}

impl Desk {
    /// The same desk, for whoever asks through this face.
    #[must_use]
    pub fn through(&self, face: Face) -> Desk {
        Desk { face, ..self.clone() }
    }
}

/// The owner's own key for the agents' door, once it is known. Never printed by accident.
#[derive(Clone, Default)]
pub struct OwnerKey(Arc<OnceLock<String>>);

impl OwnerKey {
    /// The first key that is set stays.
    pub fn set(&self, key: &str) {
        self.0.get_or_init(|| key.to_owned());
    }

    fn get(&self) -> Option<String> {
        self.0.get().cloned()
    }
}

/// What does not change while the tower runs.
#[derive(Debug, Clone)]
pub struct Facts {
    pub version: String,
    pub agents_url: String,
    pub data_dir: String,
    /// The machine's own zone, by its IANA name.
    pub timezone: String,
    pub started_at: Ms,
}

macro_rules! commands {
    ($($name:ident: $request:ident -> $response:ident = $handler:path;)*) => {
        /// The one list: name, request, response.
        pub const COMMANDS: &[(&str, &str, &str)] =
            &[$((stringify!($name), stringify!($request), stringify!($response)),)*];

        /// Writes the types of every command into the folder of `config`.
        #[cfg(test)]
        fn export_types(config: &ts_rs::Config) -> Result<(), ts_rs::ExportError> {
            use ts_rs::TS as _;
            $(wire::$request::export_all(config)?; wire::$response::export_all(config)?;)*
            Ok(())
        }

        impl Desk {
            /// Runs one command. `request` is the JSON of the command's request type.
            pub async fn call(&self, command: &str, request: Value) -> Result<Value, DeskError> {
                match command {
                    $(stringify!($name) => {
                        let request: wire::$request = read(request)?;
                        let response: wire::$response = $handler(self, request).await?;
                        write(&response)
                    })*
                    other => Err(DeskError {
                        code: "unknown_command".to_owned(),
                        message: format!("There is no command `{other}`."),
                        field: None,
                    }),
                }
            }
        }
    };
}

commands! {
    tower_status: Nothing -> TowerStatus = tower::status;
    tower_health: Nothing -> TowerHealth = health::health;
    tower_pause: Nothing -> TowerStatus = tower::pause;
    owner_key: Nothing -> Key = tower::key;
    webhook_secret: Nothing -> Key = tower::webhook_secret;
    tower_resume: Nothing -> TowerStatus = tower::resume;
    board: BoardRequest -> Board = board::board;
    board_cells: CellsRequest -> Cells = cells::cells;
    forecast: ForecastRequest -> Forecast = board::forecast;
    ledger: LedgerRequest -> Ledger = board::ledger;
    search: SearchRequest -> SearchFound = search::search;
    ledger_audit: AuditRequest -> Audit = audit::audit;
    briefing: Nothing -> Briefing = briefing::briefing;
    briefing_close: Nothing -> Nothing = briefing::close;
    occurrence_answer: OccurrenceAnswer -> Nothing = cues::answer;
    schedule_preview: PreviewRequest -> Preview = cues::preview;
    schedule_simulate: SimulateRequest -> Simulation = simulate::simulate;
    cue_get: CueRef -> CueView = cues::get;
    cue_create: CueCreate -> CueView = cues::create;
    cue_update: CueUpdate -> CueView = cues::update;
    cue_pause: CuePause -> CueView = cues::pause;
    cue_resume: CueRef -> CueView = cues::resume;
    cue_delete: CueRef -> CueView = cues::delete;
    cue_fire: CueFire -> Fired = cues::fire;
    cue_try: CueTry -> Fired = tries::fire;
    cue_trigger: CueTrigger -> TriggerUrl = cues::trigger;
    cues_export: CuesExport -> PortableCues = apply::export;
    cues_apply: CuesApply -> CuesApplied = apply::apply;
    demo: Nothing -> DemoView = demo::look;
    demo_start: Nothing -> DemoView = demo::start;
    demo_stop: Nothing -> DemoView = demo::stop;
    run_get: RunRef -> RunStory = runs::get;
    run_replay: RunRef -> Fired = runs::replay;
    run_stop: RunRef -> Nothing = runs::stop;
    run_restart: RunRef -> Nothing = truth::restart;
    run_truth: RunRef -> Truth = truth::look;
    cue_envelope: CueRef -> EnvelopeView = envelope::of_cue;
    run_export: RunExport -> Exported = export::run;
    run_verify: RunVerify -> RunStory = runs::verify;
    run_check: RunRef -> RunStory = runs::check;
    run_steps: StepsRequest -> Steps = steps::page;
    run_step: StepRef -> StepStory = steps::one;
    run_compare: RunRef -> Compare = compare::compare;
    run_resume: RunResume -> Fired = steps::resume;
    run_output: RunOutputRequest -> RunOutput = live::output;
    run_usage: RunUsageRequest -> RunUsage = live::usage;
    workers: Nothing -> Workers = workers::list;
    agents: Nothing -> Agents = agents::list;
    agent_get: AgentRef -> AgentStory = agents::get;
    agent_command: AgentCommand -> AgentView = agents::command;
    agent_budget: AgentBudget -> AgentView = agents::budget;
    agent_watch: AgentWatch -> AgentView = agents::watch;
    agent_forget: AgentRef -> Agents = agents::forget;
    cue_ping_url: CueRef -> PingUrl = cues::ping_url;
    pools: Nothing -> Pools = pools::list;
    pool_set: PoolSet -> Pools = pools::set;
    pool_remove: PoolRef -> Pools = pools::remove;
    prices: Nothing -> Prices = prices::list;
    price_set: PriceSet -> Prices = prices::set;
    price_remove: PriceRef -> Prices = prices::remove;
    costs: CostsRequest -> Costs = costs::costs;
    costs_today: Nothing -> CostsToday = costs::today;
    costs_csv: CostsRequest -> Exported = export::costs;
    spans_apart: SpansApartRequest -> SpansApart = otlp::apart;
    otlp_out_get: Nothing -> OtlpOut = otlp::get;
    otlp_out_set: OtlpOutSet -> OtlpOut = otlp::set;
    alerts: AlertsRequest -> Alerts = alerts::list;
    alert_acknowledge: AlertRef -> AlertView = alerts::acknowledge;
    alert_snooze: AlertSnooze -> AlertView = alerts::snooze;
    alerts_acknowledge: Nothing -> Alerts = alerts::acknowledge_all;
    alert_rules: Nothing -> AlertRules = alerts::rules;
    alert_rules_set: AlertRules -> AlertRules = alerts::set_rules;
    fuses: Nothing -> Fuses = fuses::list;
    fuses_set: FusesSet -> Fuses = fuses::set;
    gates: GatesRequest -> Gates = gates::list;
    gate_get: GateRef -> GateStory = gates::get;
    gate_answer: GateAnswer -> GateView = gates::answer;
    gate_put_off: GatePutOff -> GateView = gates::put_off;
    report: ReportRequest -> Report = report::report;
    channels: Nothing -> Channels = channels::list;
    channel_set: ChannelSet -> Channels = channels::set;
    channel_remove: ChannelRef -> Channels = channels::remove;
    channel_test: ChannelRef -> ChannelTested = channels::test;
    beacon_set: BeaconSet -> Channels = channels::set_beacon;
    secrets: Nothing -> Secrets = secrets::list;
    secret_set: SecretSet -> Secrets = secrets::set;
    secret_rotate: SecretSet -> Secrets = secrets::rotate;
    secret_rename: SecretRename -> Secrets = secrets::rename;
    secret_story: SecretRef -> SecretStory = secrets::story;
    secret_delete: SecretRef -> Secrets = secrets::delete;
    backups: Nothing -> Backups = backups::list;
    backup_make: BackupMake -> BackupView = backups::make;
    backup_look: BackupRef -> BackupView = backups::look;
    backup_restore: BackupRestore -> RestoreView = backups::restore;
    retention: Nothing -> RetentionView = retention::look;
    retention_run: Nothing -> RetentionView = retention::run;
    settings: Nothing -> SettingsView = settings::list;
    setting_set: SettingSet -> SettingsView = settings::set;
    keys: Nothing -> Keys = accounts::keys;
    key_add: KeyAdd -> Key = accounts::add;
    key_rotate: KeyRotate -> Key = accounts::rotate;
    key_remove: KeyRef -> Keys = accounts::remove;
    logins: Nothing -> Logins = logins::list;
    login_answer: LoginAnswer -> Logins = logins::answer;
    login_policy: LoginPolicy -> Logins = logins::policy;
    adopt_look: AdoptLook -> AdoptPreview = adopt::preview;
    adopt: Adopt -> AdoptDone = adopt::adopt;
    adopt_flip: CueRef -> AdoptDone = adopt::flip;
    adopt_undo: CueRef -> AdoptDone = adopt::undo;
    adopt_list: Nothing -> Adopted = adopt::list;
}

/// The owner's.
fn zone(desk: &Desk) -> chrono_tz::Tz {
    desk.facts.timezone.parse().unwrap_or(chrono_tz::Tz::UTC)
}

fn read<T: DeserializeOwned>(request: Value) -> Result<T, DeskError> {
    // A command without fields may be called with nothing at all.
    let request = if request.is_null() { Value::Object(serde_json::Map::new()) } else { request };
    serde_json::from_value(request).map_err(|error| invalid("request", format!("The request does not fit: {error}.")))
}

fn write<T: Serialize>(response: &T) -> Result<Value, DeskError> {
    serde_json::to_value(response).map_err(|error| DeskError {
        code: "store".to_owned(),
        message: error.to_string(),
        field: None,
    })
}

fn invalid(field: &str, message: impl Into<String>) -> DeskError {
    DeskError { code: "invalid".to_owned(), message: message.into(), field: Some(field.to_owned()) }
}

fn not_found(what: &str) -> DeskError {
    DeskError { code: "not_found".to_owned(), message: format!("There is no {what}."), field: None }
}

impl From<Trouble> for DeskError {
    fn from(trouble: Trouble) -> DeskError {
        let (code, field) = match &trouble {
            Trouble::Refused(refusal) => match refusal.code {
                RefusalCode::NotFound => ("not_found", None),
                RefusalCode::RevisionConflict => ("conflict", None),
                code @ (RefusalCode::GateSettled | RefusalCode::GateChanged | RefusalCode::GateWithdrawn) => {
                    (code.word(), None)
                }
                _ => ("refused", None),
            },
            Trouble::DuplicateName(_) => ("conflict", Some("name".to_owned())),
            Trouble::NotFound(_) => ("not_found", None),
            Trouble::Unfit { field, .. } => ("invalid", Some((*field).to_owned())),
            Trouble::Gated { .. } => ("refused", None),
            Trouble::Busy | Trouble::Stopping => ("busy", None),
            Trouble::Store(_) => ("store", None),
        };
        DeskError { code: code.to_owned(), message: trouble.to_string(), field }
    }
}

impl From<StoreError> for DeskError {
    fn from(error: StoreError) -> DeskError {
        DeskError { code: "store".to_owned(), message: error.to_string(), field: None }
    }
}
