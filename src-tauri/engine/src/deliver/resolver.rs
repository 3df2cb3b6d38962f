//! Turns a name into the addresses a delivery may go to. What comes out of here is what is connected to: a name that points
//! elsewhere a moment later (rebinding) is judged anew with the next connection, and never in between.

use std::error::Error;
use std::fmt;
use std::io;
use std::net::{IpAddr, SocketAddr, ToSocketAddrs as _};
use std::sync::Arc;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use tokio::sync::Semaphore;

use super::address::{Judge, refusal};

/// Lookups under way at most. A dead name server holds each of them for many seconds, and they sit on threads that the
/// rest of the tower needs too.
const LOOKUPS_MAX: usize = 64;

/// Looks names up.
pub struct Names {
    ask: Box<Ask>,
    permits: Arc<Semaphore>,
}

type Ask = dyn Fn(&str) -> io::Result<Vec<IpAddr>> + Send + Sync;

impl Names {
    /// The system's own way: hosts file, mDNS and name servers as they are set up.
    #[must_use]
    pub fn of_the_system() -> Arc<Names> {
        Names::told_by(|host| Ok((host, 0).to_socket_addrs()?.map(|found| found.ip()).collect()))
    }

    /// `ask` may block.
    #[must_use]
    pub fn told_by(ask: impl Fn(&str) -> io::Result<Vec<IpAddr>> + Send + Sync + 'static) -> Arc<Names> {
        Arc::new(Names { ask: Box::new(ask), permits: Arc::new(Semaphore::new(LOOKUPS_MAX)) })
    }

    /// In the system's order.
    pub(crate) async fn addresses_of(self: Arc<Names>, host: String) -> io::Result<Vec<IpAddr>> {
        let permit = Arc::clone(&self.permits).acquire_owned().await.expect("the semaphore is never closed");
        // A lookup that nobody waits for any more goes on, and keeps its permit until it is over.
        let looking = tokio::task::spawn_blocking(move || {
            let found = (self.ask)(&host);
            drop(permit);
            found
        });
        looking.await.map_err(io::Error::other)?
    }
}

/// Gives the permitted addresses of a name, in the system's order.
pub struct Resolver {
    pub names: Arc<Names>,
    pub judge: Judge,
    pub allow_private: bool,
}

/// A name none of whose addresses may be called: the sentence that says so.
#[derive(Debug)]
pub struct Refused(pub String);

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Error for Refused {}

impl Resolve for Resolver {
    fn resolve(&self, name: Name) -> Resolving {
        let (names, judge, allow_private) = (Arc::clone(&self.names), self.judge, self.allow_private);
        Box::pin(async move {
            let host = name.as_str().to_owned();
            let found = names.addresses_of(host.clone()).await?;
            let permitted: Vec<SocketAddr> = found
                .iter()
                .filter(|address| judge(**address).permitted(allow_private))
                .map(|address| SocketAddr::new(*address, 0))
                .collect();
            match (permitted.is_empty(), found.first()) {
                (false, _) => Ok(Box::new(permitted.into_iter()) as Addrs),
                (true, Some(first)) => Err(Box::new(Refused(refusal(&host, *first, judge(*first)))) as _),
                (true, None) => Err(Box::new(io::Error::from(io::ErrorKind::NotFound)) as _),
            }
        })
    }
}
