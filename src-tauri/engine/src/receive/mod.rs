//! The agents' door: CueAPI's API at `/v1`, on loopback. It shares no handler and no credential with the owner's (`desk`).
//!
//! A request passes `entrance` (whose name was called, how much, how long) and `rate`, is known by `caller` (API key, session
//! or run token; a trigger URL and a ping key are their own credential), and is served by the file that names its route.
//! Whatever goes wrong is said in the one shape of `problem`. ClevAgent's API, at `/api/v1`, is served by `clevagent`.

/// The routes of a file, each said once: `get "/v1/cues" => list;`.
macro_rules! routes {
    ($($method:ident $path:literal => $handler:ident;)*) => {
        pub(super) const ROUTES: &[(&str, &str)] = &[$((stringify!($method), $path)),*];

        pub(super) fn routes() -> axum::Router<super::Door> {
            axum::Router::new()$(.route($path, axum::routing::$method($handler)))*
        }
    };
}

mod agents;
mod alerts;
mod asking;
mod attachments;
mod auth;
mod bulk;
mod callable;
mod caller;
mod clevagent;
mod cues;
mod echo;
mod entrance;
mod evidence;
mod executions;
mod fields;
mod gates;
mod given;
mod heartbeats;
mod kept_headers;
mod leases;
mod live_sessions;
mod login;
mod login_page;
mod mcp;
mod messages;
mod meta;
mod metrics;
mod openapi;
mod outcome;
mod own;
mod past;
mod permits;
mod pings;
mod problem;
mod rate;
mod sessions;
mod spending;
mod steps;
mod steps_read;
mod strict;
mod subscriptions;
#[cfg(test)]
mod tests;
mod traces;
mod triggers;
mod usage;
mod verify_echo;
mod wire;
mod workers;

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use axum::http::StatusCode;
use axum::middleware::{from_fn, from_fn_with_state};
use axum::{Extension, Router};
use futures::future::OptionFuture;
use tokio::net::TcpListener;
use tokio::sync::{Semaphore, watch};

use crate::deliver::Names;
use crate::handle::Handle;
use crate::line::{self, Bounds, OwnNames};
use problem::Problem;

pub use crate::line::{Tls, TlsTrouble, is_name};
pub(crate) use gates::gate_as_told;
pub use outcome::outcome_in_answer;

/// One file's routes: method and path of each, and the router that serves them.
type Part = (&'static [(&'static str, &'static str)], fn() -> Router<Door>);

const PARTS: &[Part] = &[
    (agents::ROUTES, agents::routes),
    (alerts::ROUTES, alerts::routes),
    (attachments::ROUTES, attachments::routes),
    (auth::ROUTES, auth::routes),
    (clevagent::ROUTES, clevagent::routes),
    (bulk::ROUTES, bulk::routes),
    (cues::ROUTES, cues::routes),
    (echo::ROUTES, echo::routes),
    (evidence::ROUTES, evidence::routes),
    (executions::ROUTES, executions::routes),
    (gates::ROUTES, gates::routes),
    (heartbeats::ROUTES, heartbeats::routes),
    (live_sessions::ROUTES, live_sessions::routes),
    (leases::ROUTES, leases::routes),
    (login::ROUTES, login::routes),
    (mcp::ROUTES, mcp::routes),
    (messages::ROUTES, messages::routes),
    (meta::ROUTES, meta::routes),
    (metrics::ROUTES, metrics::routes),
    (openapi::ROUTES, openapi::routes),
    (permits::ROUTES, permits::routes),
    (pings::ROUTES, pings::routes),
    (sessions::ROUTES, sessions::routes),
    (steps::ROUTES, steps::routes),
    (subscriptions::ROUTES, subscriptions::routes),
    (traces::ROUTES, traces::routes),
    (triggers::ROUTES, triggers::routes),
    (usage::ROUTES, usage::routes),
    (workers::ROUTES, workers::routes),
];

/// Requests under way get this long to end once the door closes.
const CLOSING: Duration = Duration::from_secs(5);
/// Connections open at once, of this machine, and again of others.
const CONNECTIONS_MAX: usize = 256;
/// Pages of this door: what a program opens while it signs in.
const PAGES: &[&str] = &[login::PAGE];

/// What every handler works with. Cheap to clone, which happens several times for each request.
#[derive(Clone)]
pub struct Door(Arc<Within>);

/// What a [`Door`] opens onto.
pub struct Within {
    handle: Handle,
    version: Arc<str>,
    /// What a `Host` header must say.
    called: OwnNames,
    exposed: Option<Exposed>,
    openings: Openings,
    rates: Arc<rate::Rates>,
    echoes: Arc<echo::Echoes>,
    traces: Arc<traces::Turns>,
    names: Arc<Names>,
    /// Seats for whoever waits for an answer of the owner.
    held_gates: Semaphore,
    /// The machine's: agents' days begin at its midnight.
    zone: chrono_tz::Tz,
    pace: crate::fleet::Pace,
}

/// How far the owner opened this door.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Openings {
    /// Whoever is on this machine may register an account, which sees nothing but its own.
    pub registration: bool,
    /// Programs that ask to sign in get a key at once, without the owner's click.
    pub logins: bool,
    /// Callbacks must lead to public addresses, as hosted CueAPI demands.
    pub strict_addresses: bool,
    /// Requests per key and minute; None: as many as come.
    pub rate_limit: Option<u32>,
    /// Active cues that an account that registered may have; None: `accounts::CUES_MAX`.
    pub account_cues: Option<u32>,
}

/// The same door for other machines.
#[derive(Debug)]
pub struct Exposed {
    pub listener: TcpListener,
    /// None: a proxy that stands before it speaks TLS in its place.
    pub tls: Option<Tls>,
}

impl Door {
    #[must_use]
    pub fn new(handle: Handle, version: &str, openings: Openings) -> Door {
        handle.accounts.open_logins(openings.logins);
        let rates = Arc::new(rate::Rates::of(openings.rate_limit));
        let (echoes, traces, names) = (Arc::default(), Arc::default(), Names::of_the_system());
        let (zone, pace) = (chrono_tz::Tz::UTC, crate::fleet::Pace::default());
        let (version, held_gates) = (version.into(), Semaphore::new(gates::HELD_MAX));
        let (called, exposed) = (OwnNames::at(0, PAGES), None);
        Door(Arc::new(Within {
            handle,
            version,
            called,
            exposed,
            openings,
            rates,
            echoes,
            traces,
            names,
            held_gates,
            zone,
            pace,
        }))
    }

    /// Days begin at midnight in this zone, by its IANA name, instead of UTC.
    #[must_use]
    pub fn in_zone(mut self, name: &str) -> Door {
        let zone = name.parse().unwrap_or(self.zone);
        self.within().zone = zone;
        self
    }

    /// It answers to these names, too (each [`is_name`]), because callers on other machines or a proxy call it so.
    #[must_use]
    pub fn called(mut self, names: &[String]) -> Door {
        self.within().called.give(names);
        if !names.is_empty() {
            self.0.handle.accounts.hears_elsewhere();
        }
        self
    }

    /// It is served at this listener, too.
    #[must_use]
    pub fn exposed(mut self, exposed: Exposed) -> Door {
        self.within().exposed = Some(exposed);
        self
    }

    /// To change it, which ends when it is served.
    fn within(&mut self) -> &mut Within {
        Arc::get_mut(&mut self.0).expect("nobody else has it before it is served")
    }

    /// Serves until `shutdown` ends, then lets the requests under way end, at most 5 s long.
    pub async fn serve(
        mut self,
        listener: TcpListener,
        shutdown: impl Future<Output = ()> + Send + 'static,
    ) -> std::io::Result<()> {
        let port = listener.local_addr()?.port();
        self.within().called.set_port(port);
        let exposed = self.within().exposed.take();
        let (closing, closed) = watch::channel(());
        let router = router(self);
        let at = |listener, tls| {
            let mut closed = closed.clone();
            let bounds = Bounds { door: "the agents' door", connections: CONNECTIONS_MAX, tls };
            // Nothing is ever sent: the sender's end is the word.
            line::serve(listener, bounds, router.clone(), async move { drop(closed.changed().await) })
        };
        let elsewhere = exposed.map(|exposed| at(exposed.listener, exposed.tls));
        let here = at(listener, None);
        let serving = async { tokio::join!(here, OptionFuture::from(elsewhere)) };
        tokio::select! {
            _ = serving => {}
            () = async {
                shutdown.await;
                drop(closing);
                tokio::time::sleep(CLOSING).await;
            } => {}
        }
        Ok(())
    }
}

impl std::ops::Deref for Door {
    type Target = Within;

    fn deref(&self) -> &Within {
        &self.0
    }
}

/// Every route of this door: method and path, with what varies in braces.
#[must_use]
pub fn routes() -> Vec<(&'static str, &'static str)> {
    PARTS.iter().flat_map(|(routes, _)| *routes).copied().collect()
}

fn router(door: Door) -> Router {
    let parts = PARTS.iter().fold(Router::new(), |whole, (_, part)| whole.merge(part()));
    let mcp = mcp::Mcp::new(&door, parts.clone().with_state(door.clone()));
    parts
        .layer(Extension(mcp))
        .fallback(async || Problem::new(StatusCode::NOT_FOUND, "http_error", "Not Found"))
        .method_not_allowed_fallback(async || {
            Problem::new(StatusCode::METHOD_NOT_ALLOWED, "http_error", "Method Not Allowed")
        })
        .layer(from_fn(verify_echo::pass))
        .layer(from_fn_with_state(door.clone(), entrance::pass))
        .with_state(door)
}
