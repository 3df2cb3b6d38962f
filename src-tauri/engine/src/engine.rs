//! The engine as a whole: started with what comes from outside, stopped in order.

use std::path::PathBuf;
use std::sync::Arc;

use cuetower_core::id::Dice;
use rand::rngs::{StdRng, SysRng};
use rand::{Rng as _, SeedableRng as _};
use thiserror::Error;
use tokio::sync::{broadcast, mpsc, oneshot, watch};
use tokio::task::JoinSet;

use crate::accounts::{self, Accounts, CUES_MAX};
use crate::alerting::{self, native::Native};
use crate::backup::{self, Backups};
use crate::briefing_note;
use crate::channels::{self, Channels};
use crate::clock::Clock;
use crate::desk;
use crate::feed::Feed;
use crate::handle::{GATES_HEARD_MAX, Handle, ORDERS_MAX, Order, StoreHealth};
use crate::health::Meters;
use crate::journal::{Journal, StoreError};
use crate::lending;
use crate::lives::Lives;
use crate::messages;
use crate::notify::Notifier;
use crate::offers::Offers;
use crate::otlp::{self, Exports};
use crate::paths::{Watched, look_after};
use crate::perform::{Means, Performer, Shared, adopted};
use crate::pilot::{Crew, Pilot};
use crate::prices::Prices;
use crate::retention::{self, Retention};
use crate::returned::{self, Returned};
use crate::sabotage;
use crate::settings::{Live, SettingsError};
use crate::spool::deliver_spooled;
use crate::token::TowerKey;
use crate::vault::Vault;

#[derive(Debug, Clone)]
pub struct Config {
    /// Made if missing, for the user only.
    pub data_dir: PathBuf,
    /// Where agents report: "http://127.0.0.1:8737". Bound before the engine starts, so that nothing is delivered that could not answer.
    pub agents_url: String,
    /// Nothing but public addresses is called: no agent on this machine either.
    pub strict_addresses: bool,
    /// Active cues that an account that registered may have.
    pub account_cues: u32,
    /// The owner's: costs are summed by its days.
    pub zone: chrono_tz::Tz,
    /// Who starts the tower again whenever it ends: "systemd".
    pub watchdog: Option<String>,
    /// None: those of the data folder.
    pub settings: Option<Live>,
}

impl Config {
    /// With everything else as it is unless the owner says otherwise.
    #[must_use]
    pub fn of(data_dir: PathBuf, agents_url: String) -> Config {
        Config {
            data_dir,
            agents_url,
            strict_addresses: false,
            account_cues: CUES_MAX,
            zone: chrono_tz::Tz::UTC,
            watchdog: None,
            settings: None,
        }
    }
}

/// What comes from outside.
pub struct Ports {
    pub clock: Arc<dyn Clock>,
    pub vault: Vault,
    pub notifier: Notifier,
}

#[derive(Debug, Error)]
pub enum StartError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Settings(#[from] SettingsError),
    #[error("the tower's key could not be read: {0}")]
    Key(std::io::Error),
    #[error("the tower's loop could not be started: {0}")]
    Thread(std::io::Error),
}

pub struct Engine;

impl Engine {
    /// Opens the store, recovers what was under way, and starts the loop on a thread of its own.
    ///
    /// Called inside a Tokio runtime, on which deliveries will run.
    pub fn start(config: Config, ports: Ports) -> Result<(Handle, Running), StartError> {
        let data_dir = config.data_dir.clone();
        let settings = match config.settings {
            Some(settings) => settings,
            None => Live::load(&data_dir)?,
        };
        let backups = Backups::of(&data_dir, settings.clone());
        let journal = Journal::open(&data_dir)?;
        let returned = Returned::of(&journal.liveness()?, config.watchdog.as_deref(), ports.clock.reading());
        let key = TowerKey::load(&config.data_dir).map_err(StartError::Key)?;
        let accounts = Accounts::new(key.clone(), journal.webhook_secrets()?, config.account_cues);
        let prices = Prices::new(journal.prices()?);
        let channels = Channels::of(journal.channels()?, config.strict_addresses);
        let (orders, received) = mpsc::channel(ORDERS_MAX);
        ports.vault.has_olds(journal.secret_olds()?);
        let reader = journal.reader();
        let notifier = ports.notifier.clone();
        let feed = Feed::starting_at(journal.last_seq()?);
        let found = adopted(&config.data_dir);
        let (hooked, alerts) = mpsc::channel(alerting::WAITING_MAX);
        let native = Arc::new(Native::new(notifier.clone(), config.zone));
        let performer = Performer::new(
            Means {
                orders: orders.clone(),
                reader: reader.clone(),
                vault: ports.vault.clone(),
                key: key.clone(),
                accounts: accounts.clone(),
                clock: Arc::clone(&ports.clock),
                agents_url: config.agents_url,
                data_dir: config.data_dir,
                native: Arc::clone(&native),
                hooked,
                strict_addresses: config.strict_addresses,
            },
            tokio::runtime::Handle::current(),
        );
        let shared = performer.shared();
        let started_at = ports.clock.now();
        let dice = Box::new(Thrown::from_system());
        let (store, watched, offers) = (StoreHealth::default(), Watched::default(), Offers::default());
        let (pools_seen, pools) = watch::channel(Arc::default());
        let (gates, _) = broadcast::channel(GATES_HEARD_MAX);
        let (record, recorded) = watch::channel(0);
        let (rules_seen, rules) = watch::channel(Arc::default());
        let (lives, meters) = (Lives::default(), Meters::starting_at(started_at));
        let crew = Crew {
            clock: Arc::clone(&ports.clock),
            dice,
            performer,
            feed: feed.clone(),
            sabotage: sabotage::active(),
            store: store.clone(),
            watched: watched.clone(),
            pools_seen,
            gates_heard: gates.clone(),
            offers: offers.clone(),
            account_cues: config.account_cues,
            zone: config.zone,
            recorded: record,
            rules_seen,
            channels: channels.clone(),
            lives: lives.clone(),
            meters: meters.clone(),
            found,
        };
        let pilot = Pilot::load(journal, crew)?;
        // Before anybody can ask for one: none of these is of this tower.
        let tries_left = pilot.cues_with(desk::is_of_a_try);
        let flying = std::thread::Builder::new()
            .name("pilot".to_owned())
            .spawn(move || fly(pilot, received))
            .map_err(StartError::Thread)?;
        let handle = Handle {
            orders: orders.clone(),
            reader,
            feed,
            clock: ports.clock,
            key,
            vault: ports.vault,
            store,
            pools,
            gates,
            offers,
            recorded,
            rules,
            accounts,
            prices,
            exports: Exports::default(),
            channels,
            lives,
            backups: backups.clone(),
            meters,
            retention: Retention::default(),
        };
        let mut minding = JoinSet::new();
        minding.spawn(returned::tell(handle.clone(), returned));
        minding.spawn(deliver_spooled(handle.clone(), data_dir));
        minding.spawn(look_after(watched, handle.clone()));
        minding.spawn(accounts::seen::keep(handle.clone()));
        minding.spawn(lending::keep(handle.clone()));
        minding.spawn(lending::look_after(handle.clone()));
        minding.spawn(lending::recover(handle.clone(), lending::ASKED_AGAIN_EACH));
        minding.spawn(accounts::note::tell(handle.clone(), notifier.clone()));
        minding.spawn(crate::fleet::mind(handle.clone()));
        minding.spawn(messages::look_after(handle.clone(), Arc::clone(&shared)));
        minding.spawn(alerting::daily::tell(handle.clone(), notifier.clone(), config.zone, native.minutes()));
        minding.spawn(alerting::native::mind(native, handle.clone()));
        minding.spawn(settings.look_after());
        minding.spawn(backup::keep(backups, handle.clone(), notifier.clone(), config.zone));
        minding.spawn(retention::keep(handle.clone(), notifier.clone(), config.zone));
        minding.spawn(briefing_note::tell(handle.clone(), notifier, started_at));
        minding.spawn(alerting::tell(handle.clone(), Arc::clone(&shared), alerts));
        minding.spawn(otlp::export(handle.clone(), Arc::clone(&shared)));
        minding.spawn(crate::search::filling::fill(handle.clone()));
        minding.spawn(desk::put_away_tries(handle.clone(), tries_left));
        minding.spawn(channels::tell(handle.clone()));
        minding.spawn(channels::beacon(handle.clone()));
        Ok((handle.clone(), Running { handle, orders, shared, flying, minding }))
    }
}

fn fly(pilot: Pilot, orders: mpsc::Receiver<Order>) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build();
    runtime.expect("a runtime with only a timer can be built").block_on(pilot.fly(orders));
}

/// A running engine.
pub struct Running {
    handle: Handle,
    orders: mpsc::Sender<Order>,
    shared: Arc<Shared>,
    flying: std::thread::JoinHandle<()>,
    /// What goes on beside the loop and ends with it.
    minding: JoinSet<()>,
}

impl Running {
    /// Stops in order: the last batch is committed, the store is closed. Commands run on, and are taken up at the next start.
    pub async fn stop(mut self) {
        lending::flush(&self.handle).await;
        self.minding.shutdown().await;
        self.shared.close();
        // What was lent meanwhile.
        lending::flush(&self.handle).await;
        let (reply, done) = oneshot::channel();
        if self.orders.send(Order::Stop { reply }).await.is_ok() {
            drop(done.await);
        }
        drop(tokio::task::spawn_blocking(move || self.flying.join()).await);
    }
}

/// Dice seeded by the operating system.
struct Thrown(StdRng);

impl Thrown {
    fn from_system() -> Thrown {
        Thrown(StdRng::try_from_rng(&mut SysRng).expect("the operating system gives random bytes"))
    }
}

impl Dice for Thrown {
    fn throw(&mut self) -> u64 {
        self.0.next_u64()
    }
}
