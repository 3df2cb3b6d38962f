//! The HTTP clients that deliveries go out with. There is one per grant, because connections are kept and shared: a cue
//! without the grant must never ride on a connection that was opened for one with it.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use reqwest::redirect;

use super::address::{self, Judge};
use super::resolver::{Names, Resolver};
use super::turns::Turns;

/// A connection that has not come about by then will not (milder limits only keep a dead host's run waiting).
pub const CONNECT_LIMIT: Duration = Duration::from_secs(10);
/// A limit is divided among the addresses of a name, and a client knows one. The delivery's own, exact one lies below.
const CONNECT_STEPS_S: [u64; 6] = [1, 3, 10, 30, 120, 3600];
/// Shorter than the 5 s after which common servers (uvicorn, Node) hang up on an idle connection: a request that goes
/// out just then would be lost with it.
const IDLE_LIMIT: Duration = Duration::from_millis(1500);

/// What every delivery is sent with; clones share everything.
#[derive(Clone)]
pub struct Client(Arc<Parts>);

struct Parts {
    names: Arc<Names>,
    judge: Judge,
    turns: Arc<Turns>,
    /// By grant (no, yes), then by connect limit. Each reads the system's certificates, so it is made when first needed.
    made: [[OnceLock<reqwest::Client>; CONNECT_STEPS_S.len()]; 2],
}

impl Client {
    /// The one that most deliveries use is made at once, which takes a while.
    ///
    /// # Panics
    /// If the system's TLS library cannot be set up.
    #[must_use]
    pub fn new() -> Client {
        let client = Client::with(Names::of_the_system(), address::kind, Turns::of_this_machine());
        client.0.made(false, step(CONNECT_LIMIT));
        client
    }

    /// With names, a judge and bounds of one's own.
    #[must_use]
    pub fn with(names: Arc<Names>, judge: Judge, turns: Arc<Turns>) -> Client {
        Client(Arc::new(Parts { names, judge, turns, made: Default::default() }))
    }

    #[must_use]
    pub fn judge(&self) -> Judge {
        self.0.judge
    }

    #[must_use]
    pub fn turns(&self) -> &Arc<Turns> {
        &self.0.turns
    }

    /// The one for this grant, which gives a connection at least `connect_limit`.
    pub async fn http(&self, allow_private: bool, connect_limit: Duration) -> reqwest::Client {
        let step = step(connect_limit);
        if let Some(made) = self.0.made[usize::from(allow_private)][step].get() {
            return made.clone();
        }
        let parts = Arc::clone(&self.0);
        let making = tokio::task::spawn_blocking(move || parts.made(allow_private, step).clone());
        making.await.expect("making a client does not panic where the first one did not")
    }
}

/// The client of a tower that calls public addresses only.
///
/// # Panics
/// If the system's TLS library cannot be set up.
#[must_use]
pub fn strict() -> Client {
    let client = Client::with(Names::of_the_system(), address::kind_strictly, Turns::of_this_machine());
    client.0.made(false, step(CONNECT_LIMIT));
    client
}

impl Default for Client {
    fn default() -> Client {
        Client::new()
    }
}

impl Parts {
    fn made(&self, allow_private: bool, step: usize) -> &reqwest::Client {
        let resolver = Resolver { names: Arc::clone(&self.names), judge: self.judge, allow_private };
        self.made[usize::from(allow_private)][step].get_or_init(|| {
            reqwest::Client::builder()
                .redirect(redirect::Policy::none())
                // A proxy would look the name up itself.
                .no_proxy()
                .dns_resolver(Arc::new(resolver))
                .connect_timeout(Duration::from_secs(CONNECT_STEPS_S[step]))
                .pool_idle_timeout(IDLE_LIMIT)
                .pool_max_idle_per_host(8)
                .build()
                .expect("the system's TLS library is needed to deliver webhooks")
        })
    }
}

fn step(connect_limit: Duration) -> usize {
    let fits = CONNECT_STEPS_S.iter().position(|step| Duration::from_secs(*step) >= connect_limit);
    fits.unwrap_or(CONNECT_STEPS_S.len() - 1)
}
