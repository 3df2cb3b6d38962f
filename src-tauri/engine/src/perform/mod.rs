//! Performs effects after their commit, and sends what became of them back to the pilot. Decides nothing.

mod adoption;
mod answer;
mod checking;
mod command;
mod failure;
mod looking;
mod preflight;
pub(crate) mod secrets;
mod webhook;

use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use cuetower_core::alert::Alert;
use cuetower_core::cue::{CueDefinition, Transport};
use cuetower_core::effect::Effect;
use cuetower_core::id::{GateId, RunId};
use cuetower_core::input::{DeliveryResult, Input};
use cuetower_core::run::Run;
use tokio::runtime;
use tokio::sync::{Semaphore, mpsc};

use crate::accounts::Accounts;
use crate::alerting::Told;
use crate::alerting::native::Native;
use crate::clock::Clock;
use crate::deliver::command::Stopper;
use crate::handle::Order;
use crate::journal::{OutputRow, Reader};
use crate::token::TowerKey;
use crate::vault::Vault;

/// Commands under way at most: thousands must not starve the machine. Web hooks are bounded by `deliver::turns`.
const COMMANDS_MAX: usize = 512;

pub(crate) use adoption::adopted;
pub(crate) use command::Started;

pub(crate) struct Performer {
    shared: Arc<Shared>,
    runtime: runtime::Handle,
    hooked: mpsc::Sender<Told>,
}

/// What deliveries work with.
pub(crate) struct Shared {
    pub accounts: Accounts,
    pub orders: mpsc::Sender<Order>,
    pub reader: Reader,
    pub client: LazyLock<reqwest_client::Client>,
    pub vault: Vault,
    pub key: TowerKey,
    pub clock: Arc<dyn Clock>,
    /// Where agents report.
    pub agents_url: String,
    pub data_dir: PathBuf,
    native: Arc<Native>,
    permits: Semaphore,
    processes: Mutex<Processes>,
    /// Gates whose callbacks are being told.
    telling: Mutex<HashSet<GateId>>,
    stopping: AtomicBool,
}

/// The webhook client by another name, so that only `deliver` names its crate.
pub(crate) mod reqwest_client {
    pub use crate::deliver::webhook::{Client, strict};
}

#[derive(Default)]
struct Processes {
    running: HashMap<(RunId, u32), Stopper>,
    /// Stopped before they had started; true: to be killed if they come all the same.
    unwanted: HashMap<(RunId, u32), bool>,
}

/// What `Shared` is made of.
pub(crate) struct Means {
    pub accounts: Accounts,
    pub orders: mpsc::Sender<Order>,
    pub reader: Reader,
    pub vault: Vault,
    pub key: TowerKey,
    pub clock: Arc<dyn Clock>,
    pub agents_url: String,
    pub data_dir: PathBuf,
    pub native: Arc<Native>,
    /// Alerts for the web hooks of accounts.
    pub hooked: mpsc::Sender<Told>,
    /// Nothing but public addresses is called.
    pub strict_addresses: bool,
}

impl Performer {
    pub fn new(means: Means, runtime: runtime::Handle) -> Performer {
        let Means {
            accounts,
            orders,
            reader,
            vault,
            key,
            clock,
            agents_url,
            data_dir,
            native,
            hooked,
            strict_addresses,
        } = means;
        let client = if strict_addresses { reqwest_client::strict } else { reqwest_client::Client::new };
        let shared = Shared {
            accounts,
            orders,
            reader,
            client: LazyLock::new(client),
            vault,
            key,
            clock,
            agents_url,
            data_dir,
            native,
            permits: Semaphore::new(COMMANDS_MAX),
            processes: Mutex::default(),
            telling: Mutex::default(),
            stopping: AtomicBool::new(false),
        };
        let shared = Arc::new(shared);
        // Reading the system's certificates takes half of the start; it is over before the first delivery asks for it.
        let early = Arc::clone(&shared);
        runtime.spawn_blocking(move || LazyLock::force(&early.client).clone());
        Performer { shared, runtime, hooked }
    }

    pub fn shared(&self) -> Arc<Shared> {
        Arc::clone(&self.shared)
    }

    /// Begins each effect; none is waited for.
    pub fn perform(&self, effects: Vec<(Effect, Arc<Run>)>) {
        for (effect, run) in effects {
            match effect {
                Effect::Deliver { number, .. } => {
                    self.runtime.spawn(deliver(Arc::clone(&self.shared), run, number));
                }
                Effect::Stop { run_id, number, hard } => match &run.definition.transport {
                    Transport::Webhook(_) | Transport::Command(_) => self.shared.stop(run_id, number, hard),
                    // Whoever has it hears of it with the next sign of life.
                    Transport::Worker(_) | Transport::Watch => {}
                },
                Effect::Check { number, .. } => {
                    self.runtime.spawn(checking::check(Arc::clone(&self.shared), run, number));
                }
                Effect::TellFailure { .. } => {
                    self.runtime.spawn(failure::tell(Arc::clone(&self.shared), run));
                }
                Effect::TellAnswer { gate_id, .. } => self.tell_answer(gate_id),
                Effect::AskPools { .. } | Effect::Forget { .. } => unreachable!("the pilot answers these itself"),
            }
        }
    }

    /// Stays with a command that outlived an earlier tower.
    pub fn attend(&self, run: Arc<Run>, number: u32, started: Started) {
        let shared = Arc::clone(&self.shared);
        self.runtime.spawn(async move { command::attend(&shared, &run, number, started).await });
    }

    /// What these attempts left behind goes; their ends are on disk.
    pub fn forget(&self, attempts: Vec<(RunId, u32)>) {
        if attempts.is_empty() {
            return;
        }
        let shared = Arc::clone(&self.shared);
        self.runtime.spawn(async move { shared.forget(attempts).await });
    }

    /// An alert for the web hook of its cue's account.
    pub fn tell_hook(&self, alert: Alert, definition: Arc<CueDefinition>) {
        if self.hooked.try_send((alert, definition)).is_err() {
            tracing::error!("too many alerts wait to be told to web hooks; this one is only listed");
        }
    }

    /// Alerts as the owner hears of them on this machine.
    pub fn native(&self) -> &Arc<Native> {
        &self.shared.native
    }
}

async fn deliver(shared: Arc<Shared>, run: Arc<Run>, number: u32) {
    if let Some(unready) = preflight::unready(&shared, &run).await {
        return shared.tell(&run, number, unready, None).await;
    }
    match &run.definition.transport {
        // Waits in the line of its own receiver (`deliver::turns`).
        Transport::Webhook(callback) => webhook::deliver(&shared, &run, number, callback).await,
        Transport::Command(command) => {
            let Ok(_permit) = shared.permits.acquire().await else { return };
            if shared.was_stopped(&run.id, number) {
                let words = "not started: the run was stopped before its turn came".to_owned();
                return shared.tell(&run, number, DeliveryResult::NotDelivered { words }, None).await;
            }
            command::deliver(&shared, &run, number, command).await;
        }
        Transport::Worker(_) | Transport::Watch => shared.tell(&run, number, DeliveryResult::Ready, None).await,
    }
}

impl Shared {
    /// Back to the pilot. Waits for room: a result is never dropped while the tower flies.
    pub async fn tell(&self, run: &Run, number: u32, result: DeliveryResult, output: Option<OutputRow>) {
        let input = Input::Delivery { run_id: run.id.clone(), number, result };
        self.send(Order::Run { by: None, run_id: run.id.clone(), input, output, reply: None }).await;
    }

    /// Nothing is told any more once the tower stops.
    async fn send(&self, order: Order) {
        if self.stopping.load(Ordering::Relaxed) {
            return;
        }
        // The pilot is gone only when the tower stops; the next start finds the attempt under way and decides anew.
        drop(self.orders.send(order).await);
    }

    fn stop(&self, run_id: RunId, number: u32, hard: bool) {
        let mut processes = self.processes();
        match processes.running.get(&(run_id.clone(), number)) {
            Some(stopper) => stopper.stop(hard),
            None => *processes.unwanted.entry((run_id, number)).or_default() |= hard,
        }
    }

    /// Whether a delivery that is no process was stopped since the last time; nobody is asked twice.
    fn was_stopped(&self, run_id: &RunId, number: u32) -> bool {
        self.processes().unwanted.remove(&(run_id.clone(), number)).is_some()
    }

    fn process_started(&self, run_id: &RunId, number: u32, stopper: &Stopper) {
        let key = (run_id.clone(), number);
        let mut processes = self.processes();
        if let Some(hard) = processes.unwanted.remove(&key) {
            stopper.stop(hard);
        }
        processes.running.insert(key, stopper.clone());
    }

    fn process_ended(&self, run_id: &RunId, number: u32) {
        self.processes().running.remove(&(run_id.clone(), number));
    }

    /// The tower stops: commands run on under their launchers, and the next start takes them up again.
    pub fn close(&self) {
        self.stopping.store(true, Ordering::Relaxed);
    }

    async fn forget(&self, attempts: Vec<(RunId, u32)>) {
        let folders: Vec<_> = attempts.iter().map(|(run_id, number)| self.attempt_dir(run_id, *number)).collect();
        drop(tokio::task::spawn_blocking(move || folders.iter().for_each(|dir| remove_attempt_dir(dir))).await);
    }

    /// Folder of one attempt's files.
    pub fn attempt_dir(&self, run_id: &RunId, number: u32) -> PathBuf {
        attempt_dir(&self.data_dir, run_id, number)
    }

    fn telling(&self) -> std::sync::MutexGuard<'_, HashSet<GateId>> {
        self.telling.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn processes(&self) -> std::sync::MutexGuard<'_, Processes> {
        self.processes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Ending of the name of a folder that is being removed.
const GONE: &str = "gone";

/// Folder of one attempt's files.
pub(crate) fn attempt_dir(data_dir: &Path, run_id: &RunId, number: u32) -> PathBuf {
    data_dir.join("runs").join(&run_id.0).join(number.to_string())
}

/// The run's own folder goes with its last attempt.
pub(crate) fn remove_attempt_dir(dir: &Path) {
    // By another name first: half of it, left by a crash, would be taken for an attempt whose launcher was killed.
    let gone = dir.with_extension(GONE);
    let dir = if std::fs::rename(dir, &gone).is_ok() { &gone } else { dir };
    if let Err(error) = std::fs::remove_dir_all(dir)
        && error.kind() != std::io::ErrorKind::NotFound
    {
        tracing::warn!(%error, dir = %dir.display(), "an attempt's files could not be removed");
    }
    if let Some(run) = dir.parent() {
        // Refused while another attempt's folder is in it.
        let _ = std::fs::remove_dir(run);
    }
}
