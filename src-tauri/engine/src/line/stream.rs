//! One connection and its clocks: the head of a request comes within [`HEAD_MAX`], something moves within [`IDLE_MAX`], and
//! when all seats are taken, whoever merely rests gives up its own.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use hyper::Response;
use hyper::body::{Body, Frame, SizeHint};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Sleep, sleep};

/// From a request's first byte to the last of its headers; the first one's time begins with the connection.
pub(super) const HEAD_MAX: Duration = Duration::from_secs(10);
/// A connection on which nothing moves for this long is closed. Longer than any request may take.
pub(super) const IDLE_MAX: Duration = Duration::from_secs(75);
/// While others wait for a seat, a connection without a request is closed after this long.
pub(super) const REST_MAX: Duration = Duration::from_secs(5);

/// The connections that may be open at once.
pub(super) struct Seats {
    free: Arc<Semaphore>,
    wanted: AtomicBool,
}

/// A place among them; free again when it is dropped.
pub(super) struct Seat {
    seats: Arc<Seats>,
    _permit: OwnedSemaphorePermit,
}

impl Seats {
    pub fn of(count: usize) -> Seats {
        Seats { free: Arc::new(Semaphore::new(count)), wanted: AtomicBool::new(false) }
    }

    pub async fn take(self: &Arc<Seats>) -> Seat {
        let free = Arc::clone(&self.free);
        let permit = match Arc::clone(&free).try_acquire_owned() {
            Ok(permit) => permit,
            Err(_) => {
                self.wanted.store(true, Ordering::Relaxed);
                let permit = free.acquire_owned().await.expect("the semaphore is never closed");
                self.wanted.store(false, Ordering::Relaxed);
                permit
            }
        };
        Seat { seats: Arc::clone(self), _permit: permit }
    }
}

/// Where the conversation on a connection stands, as its line must know it.
#[derive(Debug, Default)]
pub(super) struct Pace {
    /// Requests whose head has come.
    begun: AtomicU64,
    /// One of them is not answered to its end.
    answering: AtomicBool,
}

/// A request is being answered for as long as this is there.
#[derive(Debug)]
pub(super) struct Turn(Arc<Pace>);

impl Pace {
    pub fn begin(pace: &Arc<Pace>) -> Turn {
        pace.begun.fetch_add(1, Ordering::Relaxed);
        pace.answering.store(true, Ordering::Relaxed);
        Turn(Arc::clone(pace))
    }

    fn is_answering(&self) -> bool {
        self.answering.load(Ordering::Relaxed)
    }

    fn begun(&self) -> u64 {
        self.begun.load(Ordering::Relaxed)
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        self.0.answering.store(false, Ordering::Relaxed);
    }
}

/// The body of an answer, whose end is the end of its turn.
pub(super) struct Answer<B> {
    body: B,
    _turn: Turn,
}

impl<B> Answer<B> {
    pub fn of(answer: Response<B>, turn: Turn) -> Response<Answer<B>> {
        answer.map(|body| Answer { body, _turn: turn })
    }
}

impl<B: Body + Unpin> Body for Answer<B> {
    type Data = B::Data;
    type Error = B::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<B::Data>, B::Error>>> {
        Pin::new(&mut self.body).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// One connection. It ends by itself when it is too slow.
pub(super) struct Line<T> {
    stream: T,
    pace: Arc<Pace>,
    /// Goes in steps of `REST_MAX`.
    rest: Pin<Box<Sleep>>,
    /// Steps of `rest` since something moved.
    rested: u32,
    head: Pin<Box<Sleep>>,
    /// The request whose head is on its way, by the number of those before it; `head` counts for no other.
    comes: Option<u64>,
    seat: Seat,
}

impl<T> Line<T> {
    pub fn new(stream: T, pace: Arc<Pace>, seat: Seat) -> Line<T> {
        let (rest, head) = (Box::pin(sleep(REST_MAX)), Box::pin(sleep(HEAD_MAX)));
        Line { stream, pace, rest, rested: 0, head, comes: Some(0), seat }
    }

    /// Hands on what the stream said; when it has nothing to say, for too long, that is an error.
    fn watched<R>(&mut self, context: &mut Context<'_>, said: Poll<io::Result<R>>) -> Poll<io::Result<R>> {
        if said.is_ready() {
            self.rested = 0;
            self.rest.set(sleep(REST_MAX));
            return said;
        }
        while self.rest.as_mut().poll(context).is_ready() {
            self.rested += 1;
            let gives_way = self.seat.seats.wanted.load(Ordering::Relaxed) && !self.pace.is_answering();
            if gives_way || REST_MAX * self.rested >= IDLE_MAX {
                return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
            }
            self.rest.set(sleep(REST_MAX));
        }
        Poll::Pending
    }

    /// Whether the head of a request takes too long. `came`: bytes were read just now.
    fn is_late(&mut self, context: &mut Context<'_>, came: bool) -> bool {
        let begun = self.pace.begun();
        if self.pace.is_answering() || self.comes.is_some_and(|number| number != begun) {
            self.comes = None;
        }
        if self.comes.is_none() && came && !self.pace.is_answering() {
            self.comes = Some(begun);
            self.head.set(sleep(HEAD_MAX));
        }
        self.comes.is_some() && self.head.as_mut().poll(context).is_ready()
    }
}

impl<T: AsyncRead + Unpin> AsyncRead for Line<T> {
    fn poll_read(mut self: Pin<&mut Self>, context: &mut Context<'_>, into: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = into.filled().len();
        let said = Pin::new(&mut self.stream).poll_read(context, into);
        let came = into.filled().len() > before;
        // Also if bytes keep coming: a trickle is late, too.
        if self.is_late(context, came) {
            return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
        }
        self.watched(context, said)
    }
}

impl<T: AsyncWrite + Unpin> AsyncWrite for Line<T> {
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
