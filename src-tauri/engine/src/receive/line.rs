//! Connections: so many at once, and none that does nothing for long.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use axum::serve::Listener;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Sleep, sleep};

/// Open at once; more wait in the system's backlog.
const CONNECTIONS_MAX: usize = 256;
/// A connection on which nothing moves for this long is closed. Longer than any request may take.
const IDLE_MAX: Duration = Duration::from_secs(75);
/// After the system had no connection to give (out of descriptors).
const AFTER_FAILURE: Duration = Duration::from_millis(200);

/// A listener that hands out at most `CONNECTIONS_MAX` connections at once.
pub(super) struct Bounded {
    listener: TcpListener,
    seats: Arc<Semaphore>,
}

impl Bounded {
    pub fn of(listener: TcpListener) -> Bounded {
        Bounded { listener, seats: Arc::new(Semaphore::new(CONNECTIONS_MAX)) }
    }
}

impl Listener for Bounded {
    type Io = Line;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Line, SocketAddr) {
        let seat = Arc::clone(&self.seats).acquire_owned().await.expect("the semaphore is never closed");
        loop {
            match self.listener.accept().await {
                Ok((stream, from)) => {
                    // Answers are small and awaited; without it each may wait for an acknowledgement.
                    drop(stream.set_nodelay(true));
                    return (Line { stream, idle: Box::pin(sleep(IDLE_MAX)), _seat: seat }, from);
                }
                Err(error) => {
                    tracing::warn!(%error, "the agents' door could not accept a connection");
                    sleep(AFTER_FAILURE).await;
                }
            }
        }
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }
}

/// One connection. It ends by itself when nothing moves on it.
pub(super) struct Line {
    stream: TcpStream,
    idle: Pin<Box<Sleep>>,
    _seat: OwnedSemaphorePermit,
}

impl Line {
    /// Hands on what the stream said; when it has nothing to say, for too long, that is an error.
    fn watched<T>(&mut self, context: &mut Context<'_>, said: Poll<io::Result<T>>) -> Poll<io::Result<T>> {
        if said.is_ready() {
            self.idle.set(sleep(IDLE_MAX));
            return said;
        }
        ready!(self.idle.as_mut().poll(context));
        Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
    }
}

impl AsyncRead for Line {
    fn poll_read(mut self: Pin<&mut Self>, context: &mut Context<'_>, into: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let said = Pin::new(&mut self.stream).poll_read(context, into);
        self.watched(context, said)
    }
}

impl AsyncWrite for Line {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let said = Pin::new(&mut self.stream).poll_write(context, bytes);
        self.watched(context, said)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        pieces: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let said = Pin::new(&mut self.stream).poll_write_vectored(context, pieces);
        self.watched(context, said)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}
