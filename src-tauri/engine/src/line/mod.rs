//! How both doors are served: so many connections at once, none that holds its seat for nothing, heads of requests within
//! bounds. What a request asks for, and who may ask it, is the doors' own (`receive`, `desk`).
//!
//! `axum::serve` has no bounds of these kinds; the loop here is what it does, with them.

mod names;
mod stream;
#[cfg(test)]
mod tests;
mod tls;

use std::convert::Infallible;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use hyper::body::{Body, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tower::{Service, ServiceExt as _};

pub use names::is_name;
pub(crate) use names::{Foreign, OwnNames};
use stream::{Answer, Line, Pace, Seats};
pub use tls::{Tls, TlsTrouble};

/// All headers of a request with its first line, in bytes; a longer head is answered with 431.
const HEAD_BYTES_MAX: usize = 64 * 1024;
/// More of them are answered with 431, too.
const HEADERS_MAX: usize = 64;
/// After the system had no connection to give (out of descriptors).
const AFTER_FAILURE: Duration = Duration::from_millis(200);

/// What one listener is served with.
pub(crate) struct Bounds {
    /// "the agents' door", for the log.
    pub door: &'static str,
    /// Open at once; more wait in the system's backlog.
    pub connections: usize,
    /// None: what is said here can be read on the way.
    pub tls: Option<Tls>,
}

/// Who is at the other end of the connection that a request came by; stands in the request's extensions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Peer {
    pub from: SocketAddr,
    /// Our own end.
    pub to: SocketAddr,
}

/// Serves until `shutdown` is done, then lets the requests under way end, however long that takes.
pub(crate) async fn serve<S, B>(listener: TcpListener, bounds: Bounds, service: S, shutdown: impl Future<Output = ()>)
where
    S: Service<Request<Incoming>, Response = Response<B>, Error = Infallible> + Clone + Send + 'static,
    S::Future: Send,
    B: Body + Unpin + Send + 'static,
    B::Data: Send,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    let seats = Arc::new(Seats::of(bounds.connections));
    let closing = GracefulShutdown::new();
    let mut shutdown = pin!(shutdown);
    loop {
        let next = async {
            let seat = seats.take().await;
            (seat, accept(&listener, bounds.door).await)
        };
        let (seat, (stream, peer)) = tokio::select! {
            next = next => next,
            () = &mut shutdown => break,
        };
        // Answers are small and awaited; without it each may wait for an acknowledgement.
        drop(stream.set_nodelay(true));
        let pace = Arc::new(Pace::default());
        let line = Line::new(stream, Arc::clone(&pace), seat);
        let (tls, service, watcher) = (bounds.tls.clone(), service.clone(), closing.watcher());
        tokio::spawn(async move {
            match tls {
                None => converse(line, peer, pace, service, watcher).await,
                // The line's own clock ends a handshake that does not.
                Some(tls) => match tls.accept(line).await {
                    Ok(line) => converse(line, peer, pace, service, watcher).await,
                    Err(error) => tracing::debug!(%error, from = %peer.from, "a caller does not speak our TLS"),
                },
            }
        });
    }
    drop(listener);
    closing.shutdown().await;
}

async fn accept(listener: &TcpListener, door: &str) -> (TcpStream, Peer) {
    loop {
        let accepted = listener.accept().await.and_then(|(stream, from)| {
            let to = stream.local_addr()?;
            Ok((stream, Peer { from, to }))
        });
        match accepted {
            Ok(accepted) => return accepted,
            Err(error) => {
                tracing::warn!(%error, "{door} could not accept a connection");
                tokio::time::sleep(AFTER_FAILURE).await;
            }
        }
    }
}

/// One request after the other, until either side has had enough.
async fn converse<T, S, B>(line: T, peer: Peer, pace: Arc<Pace>, service: S, watcher: Watcher)
where
    T: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    S: Service<Request<Incoming>, Response = Response<B>, Error = Infallible> + Clone + Send + 'static,
    S::Future: Send,
    B: Body + Unpin + Send + 'static,
    B::Data: Send,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    let answering = service_fn(move |mut request: Request<Incoming>| {
        let turn = Pace::begin(&pace);
        request.extensions_mut().insert(peer);
        let answer = service.clone().oneshot(request);
        async move { Ok::<_, Infallible>(Answer::of(answer.await?, turn)) }
    });
    let mut http = http1::Builder::new();
    // Its clock for heads would also end connections that merely rest between two requests; the line has one of its own.
    http.header_read_timeout(None::<Duration>)
        .max_headers(HEADERS_MAX)
        .max_header_size(HEAD_BYTES_MAX)
        .max_buf_size(HEAD_BYTES_MAX);
    if let Err(error) = watcher.watch(http.serve_connection(TokioIo::new(line), answering)).await {
        tracing::trace!(%error, from = %peer.from, "a connection ended before its time");
    }
}
