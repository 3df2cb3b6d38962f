//! A whole tower in this process: its data folder, its engine, its doors. What the desktop shell and `serve` start and stop.

mod demo;
mod exposure;
mod owner_key;
mod pressed;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use cuetower_engine::backup;
use cuetower_engine::clock::{Clock, SystemClock};
use cuetower_engine::desk::serve::Host;
use cuetower_engine::desk::{Desk, Face, Facts, OwnerKey};
use cuetower_engine::journal::StoreError;
use cuetower_engine::notify::{Notifier, Opens};
use cuetower_engine::private;
use cuetower_engine::receive::{Door, Openings};
use cuetower_engine::redacting::Known;
use cuetower_engine::settings::{Live, SettingsError};
use cuetower_engine::vault::{Vault, VaultKind};
use cuetower_engine::{Config, Engine, Ports, Running, Trouble, token};
use thiserror::Error;
use tokio::net::TcpListener;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;

use crate::logs::{self, Following};
use crate::presence::{self, Claim, Doors, Unclaimed};
use demo::Demo;

pub use demo::DemoError;
pub use exposure::{Exposure, ExposureTrouble, Guard};
pub use pressed::refusal;

const VERSION: &str = env!("CARGO_PKG_VERSION");
/// Clicks that wait to be taken.
const CLICKS_MAX: usize = 16;
/// How long answers under way may take once the tower stops.
const LAST_ANSWERS: Duration = Duration::from_secs(2);

/// What a tower is started with.
#[derive(Debug, Clone)]
pub struct Options {
    /// None: the platform's data folder, `…/share/cuetower`; with the demo fleet `…/share/cuetower-demo`.
    pub data: Option<PathBuf>,
    /// The agents' door; port 0 takes any free one. None: where the settings have it.
    pub listen: Option<SocketAddr>,
    /// The owner's door, for a browser and for the command line.
    pub desk: OwnersDoor,
    pub vault: VaultKind,
    /// What has left the vault, for whoever else is to blot it out.
    pub known: Known,
    pub notifications: bool,
    /// With the demo fleet.
    pub demo: bool,
    /// Who starts the tower again whenever it ends: "systemd".
    pub watchdog: Option<String>,
    /// How far the agents' door is open.
    pub openings: Openings,
    /// And from where.
    pub exposure: Exposure,
}

/// Where the owner's door is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OwnersDoor {
    Shut,
    At(SocketAddr),
    /// Where the settings have it.
    AsSet,
}

impl Default for Options {
    fn default() -> Options {
        Options {
            data: None,
            listen: None,
            desk: OwnersDoor::Shut,
            vault: VaultKind::Keyring,
            known: Known::default(),
            notifications: true,
            demo: false,
            watchdog: None,
            openings: Openings::default(),
            exposure: Exposure::default(),
        }
    }
}

impl Options {
    /// The data folder as an absolute path; it may not exist yet.
    pub fn folder(&self) -> Result<PathBuf, StartError> {
        let name = if self.demo { "cuetower-demo" } else { "cuetower" };
        let folder = match &self.data {
            Some(folder) => folder.clone(),
            None => directories::BaseDirs::new().ok_or(StartError::NoDataFolder)?.data_local_dir().join(name),
        };
        std::path::absolute(&folder).map_err(|source| StartError::DataFolder { path: folder, source })
    }
}

/// Why a tower did not start; each a sentence with what to do.
#[derive(Debug, Error)]
pub enum StartError {
    #[error("This system names no folder for a program's data. Choose one with --data DIR.")]
    NoDataFolder,
    #[error("The data folder {} could not be used: {source}. Choose another with --data DIR.", .path.display())]
    DataFolder { path: PathBuf, source: std::io::Error },
    #[error("{address} can be reached from other machines, and the tower's doors are for this one alone (--expose lets agents of others in). Use {flag} 127.0.0.1:{}.", .address.port())]
    NotLoopback { address: SocketAddr, flag: &'static str },
    #[error(
        "{address} is taken, perhaps by another tower. Close that one, or choose another address: {flag} 127.0.0.1:0 takes any free port."
    )]
    Taken { address: SocketAddr, flag: &'static str },
    #[error("{address} could not be listened on: {source}. Choose another address with {flag}.")]
    Unbound { address: SocketAddr, flag: &'static str, source: std::io::Error },
    #[error(
        "A tower runs on {} already{}. Close it first, or choose another folder with --data DIR.",
        .path.display(),
        .pid.map(|pid| format!(" (process {pid})")).unwrap_or_default()
    )]
    AlreadyRunning { path: PathBuf, pid: Option<u32> },
    #[error(transparent)]
    Exposure(#[from] ExposureTrouble),
    #[error("The settings do not fit, so the tower did not start. {0}")]
    Settings(#[from] SettingsError),
    #[error("The backup that is to become the store could not be taken: {0}.")]
    Restoring(StoreError),
    #[error("The tower could not start: {0}.")]
    Engine(#[from] cuetower_engine::engine::StartError),
    #[error("The owner's key could not be recorded. {0}")]
    Key(Trouble),
    #[error("The demo fleet could not start: {0}")]
    Demo(#[from] DemoError),
}

/// A running tower. Dropping it does not stop it in order; [`Tower::stop`] does.
pub struct Tower {
    /// The owner's commands, as the window of this program asks them.
    pub desk: Desk,
    /// Clicks on native notifications.
    pub clicks: mpsc::Receiver<Opens>,
    /// "http://127.0.0.1:8737"
    pub agents_url: String,
    /// Where it is served for other machines, if it is.
    pub exposed: Option<SocketAddr>,
    /// The owner's own key for the agents' door.
    pub key: String,
    /// Opens the window in one browser, once; None if the owner's door is shut.
    pub desk_link: Option<String>,
    running: Running,
    closing: watch::Sender<bool>,
    serving: JoinSet<()>,
    /// Ends with the tower.
    pressing: JoinSet<()>,
    demo: Arc<Demo>,
    log: Following,
    /// Given up last, when nothing of the folder is in use any more.
    claim: Claim,
}

impl Tower {
    /// Binds the doors, claims the data folder, recovers what was under way, and opens the doors.
    ///
    /// Called inside a Tokio runtime, on which deliveries and doors will run.
    pub async fn start(options: Options) -> Result<Tower, StartError> {
        let folder = data_folder(&options)?;
        restored(&folder)?;
        let settings = Live::load(&folder)?;
        let doors = &settings.get().doors;
        let agents = bind_here(options.listen.unwrap_or(doors.listen), "--listen", &folder).await?;
        let owners = match options.desk {
            OwnersDoor::At(address) => Some(bind_here(address, "--desk", &folder).await?),
            OwnersDoor::AsSet => Some(bind_here(doors.desk, "--desk", &folder).await?),
            OwnersDoor::Shut => None,
        };
        let exposed = options.exposure.open(&options.openings).await?;
        let claim = Claim::take(&folder).await.map_err(|why| match why {
            Unclaimed::Held(pid) => StartError::AlreadyRunning { path: folder.clone(), pid },
            Unclaimed::Failed(source) => StartError::DataFolder { path: folder.clone(), source },
        })?;
        let log = logs::follow(&settings, &folder);
        let unusable = |source| StartError::DataFolder { path: folder.clone(), source };
        let agents_url = url_of(&agents).map_err(unusable)?;
        let desk_url = owners.as_ref().map(url_of).transpose().map_err(unusable)?;

        // Before the engine: what it delivers first may be due already.
        let demo = Arc::new(Demo::ready(&folder, options.demo).await?);
        let vault = Vault::open_knowing(options.vault, &folder, options.known.clone()).await;
        let (notifier, clicked) = Notifier::start(options.notifications).await;
        let clock = clock();
        let started_at = clock.now();
        let config = {
            let mut config = Config::of(folder.clone(), agents_url.clone());
            config.zone = machine_zone().parse().unwrap_or(config.zone);
            config.strict_addresses = options.openings.strict_addresses;
            config.watchdog.clone_from(&options.watchdog);
            config.settings = Some(settings);
            config.account_cues = options.openings.account_cues.unwrap_or(config.account_cues);
            config
        };
        let ports = Ports { clock, vault: vault.clone(), notifier: notifier.clone() };
        let (handle, running) = Engine::start(config, ports)?;
        let facts = Facts {
            version: VERSION.to_owned(),
            agents_url: agents_url.clone(),
            data_dir: folder.display().to_string(),
            timezone: machine_zone(),
            started_at,
        };
        let (owner_key, fleet) = (OwnerKey::default(), cuetower_engine::desk::Demo::default());
        fleet.set(demo.clone());
        let desk = Desk { handle, vault, notifier, facts, owner_key, demo: fleet, face: Face::Window };

        let owner_token = token::new_ticket();
        let (closing, serving) = (watch::Sender::new(false), JoinSet::new());
        let (opens, clicks) = mpsc::channel(CLICKS_MAX);
        let mut pressing = JoinSet::new();
        pressing.spawn(pressed::obey(desk.through(Face::Notification), clicked, opens));
        let mut tower = Tower {
            desk,
            clicks,
            agents_url,
            exposed: exposed.as_ref().and_then(|exposed| exposed.listener.local_addr().ok()),
            key: String::new(),
            desk_link: None,
            running,
            closing,
            serving,
            pressing,
            demo,
            log,
            claim,
        };
        let door = Door::new(tower.desk.handle.clone(), VERSION, options.openings)
            .in_zone(&tower.desk.facts.timezone)
            .called(&options.exposure.names);
        let door = match exposed {
            Some(exposed) => door.exposed(exposed),
            None => door,
        };
        match tower.open(door, agents, owners.zip(desk_url), owner_token).await {
            Ok(()) => Ok(tower),
            Err(error) => {
                tower.stop().await;
                Err(error)
            }
        }
    }

    async fn open(
        &mut self,
        door: Door,
        agents: TcpListener,
        owners: Option<(TcpListener, String)>,
        owner_token: String,
    ) -> Result<(), StartError> {
        self.key = owner_key::ready(&self.desk).await.map_err(StartError::Key)?;
        self.desk.owner_key.set(&self.key);
        let closed = self.closed();
        self.serving.spawn(async move { until_closed("the agents' door", door.serve(agents, closed).await) });
        let mut doors = Doors { desk: None, agents: self.agents_url.clone(), pid: std::process::id() };
        if let Some((listener, desk_url)) = owners {
            let host = Host::new(self.desk.clone(), owner_token.clone());
            self.desk_link = Some(host.link(&desk_url));
            self.desk.leads_to(&desk_url);
            doors.desk = Some(desk_url);
            let closed = self.closed();
            self.serving.spawn(async move { until_closed("the owner's door", host.serve(listener, closed).await) });
        }
        self.demo.take_off(&self.desk).await?;
        cuetower_engine::desk::finish_adoptions(&self.desk).await;
        let folder = Path::new(&self.desk.facts.data_dir);
        self.claim
            .announce(&doors, &owner_token)
            .map_err(|source| StartError::DataFolder { path: folder.to_owned(), source })?;
        tracing::info!(agents = %self.agents_url, desk = doors.desk, data = %folder.display(), "the tower is up");
        Ok(())
    }

    /// Stops in order: what runs is asked to end and may still report, the last word is written, the doors are shut.
    pub async fn stop(mut self) {
        tracing::info!("the tower stops");
        self.pressing.shutdown().await;
        self.running.stop().await;
        self.closing.send_replace(true);
        let answered = async { while self.serving.join_next().await.is_some() {} };
        if tokio::time::timeout(LAST_ANSWERS, answered).await.is_err() {
            tracing::warn!("some requests were not answered to the end");
        }
        self.serving.shutdown().await;
        self.demo.end().await;
        tracing::info!("the tower has stopped");
        drop(self.log);
        drop(self.claim);
    }

    fn closed(&self) -> impl Future<Output = ()> + Send + 'static {
        let mut closing = self.closing.subscribe();
        // The sender lives as long as the tower: a lost one is a closed one.
        async move { drop(closing.wait_for(|closing| *closing).await) }
    }
}

/// The machine's.
#[cfg(not(feature = "saboteur"))]
fn clock() -> Arc<dyn Clock> {
    Arc::new(SystemClock::new())
}

/// The machine's, or the one that the pictures of a day ask for.
#[cfg(feature = "saboteur")]
fn clock() -> Arc<dyn Clock> {
    use cuetower_engine::clock::HurriedClock;
    match HurriedClock::asked() {
        Ok(None) => Arc::new(SystemClock::new()),
        Ok(Some(hurried)) => Arc::new(hurried),
        Err(sentence) => panic!("{sentence}"),
    }
}

/// A backup that waits to become the store is taken before anything else looks at the folder.
fn restored(folder: &Path) -> Result<(), StartError> {
    match backup::take_staged(folder) {
        // The doors, or the claim, tell whose it is.
        Ok(_) | Err(StoreError::InUse(_)) => Ok(()),
        Err(error) => Err(StartError::Restoring(error)),
    }
}

/// Made if missing, for the user only.
fn data_folder(options: &Options) -> Result<PathBuf, StartError> {
    let folder = options.folder()?;
    match private::folder(&folder) {
        Ok(()) => Ok(folder),
        Err(source) => Err(StartError::DataFolder { path: folder, source }),
    }
}

/// For this machine alone.
async fn bind_here(address: SocketAddr, flag: &'static str, folder: &Path) -> Result<TcpListener, StartError> {
    if !address.ip().is_loopback() {
        return Err(StartError::NotLoopback { address, flag });
    }
    bind(address, flag).await.map_err(|error| match error {
        // The likeliest holder of the port is the tower that holds the folder, too.
        StartError::Taken { .. } if presence::is_held(folder) => {
            StartError::AlreadyRunning { path: folder.to_owned(), pid: presence::holder(folder) }
        }
        error => error,
    })
}

async fn bind(address: SocketAddr, flag: &'static str) -> Result<TcpListener, StartError> {
    TcpListener::bind(address).await.map_err(|source| match source.kind() {
        std::io::ErrorKind::AddrInUse => StartError::Taken { address, flag },
        _ => StartError::Unbound { address, flag, source },
    })
}

fn url_of(listener: &TcpListener) -> std::io::Result<String> {
    Ok(format!("http://{}", listener.local_addr()?))
}

fn until_closed(door: &str, served: std::io::Result<()>) {
    if let Err(error) = served {
        tracing::error!(%error, "{door} broke");
    }
}

/// The machine's own zone by its IANA name; UTC if the system does not say.
pub(crate) fn machine_zone() -> String {
    let named = std::env::var("TZ").ok().filter(|name| name.parse::<chrono_tz::Tz>().is_ok());
    let zone = named.or_else(|| iana_time_zone::get_timezone().ok());
    zone.filter(|name| name.parse::<chrono_tz::Tz>().is_ok()).unwrap_or_else(|| "UTC".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_door_that_cannot_open_says_what_to_do() {
        let folder = tempfile::tempdir().unwrap();
        let everywhere = bind_here("0.0.0.0:8737".parse().unwrap(), "--listen", folder.path()).await.unwrap_err();
        assert!(everywhere.to_string().ends_with("Use --listen 127.0.0.1:8737."), "{everywhere}");
        let other = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let taken = bind_here(other.local_addr().unwrap(), "--desk", folder.path()).await.unwrap_err();
        assert!(taken.to_string().contains("is taken") && taken.to_string().contains("--desk 127.0.0.1:0"), "{taken}");
    }

    #[test]
    fn the_demo_never_meets_the_users_own_cues() {
        let folder = |data, demo| Options { data, demo, ..Options::default() }.folder().unwrap();
        assert!(folder(None, false).ends_with("cuetower") && folder(None, true).ends_with("cuetower-demo"));
        assert_eq!(folder(Some("/d".into()), true), Path::new("/d"));
    }
}
