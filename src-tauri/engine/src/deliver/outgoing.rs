//! A request body that knows how far it got. The answer to "was it sent whole?" decides whether a delivery may be repeated.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use tokio::sync::watch;

/// Small pieces, so that a receiver that stops reading is noticed before the last one is handed over.
const PIECE_BYTES: usize = 16 * 1024;

/// How much of the request has left, as far as the tower can tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Progress {
    /// No connection has taken the request yet.
    Waiting,
    /// A connection took the head and a part of the body.
    Begun,
    /// A connection took everything; up to 400 KiB of it may still be in buffers on this machine.
    Whole,
}

/// Reads the progress while the request is in flight.
#[derive(Debug, Clone)]
pub struct Gauge(watch::Receiver<Progress>);

impl Gauge {
    #[must_use]
    pub fn progress(&self) -> Progress {
        *self.0.borrow()
    }

    /// Returns once it is that far; never, if it does not come to that.
    pub async fn reaches(&mut self, progress: Progress) {
        if self.0.wait_for(|now| *now >= progress).await.is_err() {
            std::future::pending().await
        }
    }
}

/// The body itself, of a known length.
pub struct Outgoing {
    left: Bytes,
    gauge: watch::Sender<Progress>,
}

/// The body and the gauge on it.
#[must_use]
pub fn outgoing(body: Vec<u8>) -> (Outgoing, Gauge) {
    let (sender, receiver) = watch::channel(Progress::Waiting);
    (Outgoing { left: body.into(), gauge: sender }, Gauge(receiver))
}

impl Body for Outgoing {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        if self.left.is_empty() {
            return Poll::Ready(None);
        }
        self.gauge.send_replace(Progress::Begun);
        let length = self.left.len().min(PIECE_BYTES);
        Poll::Ready(Some(Ok(Frame::data(self.left.split_to(length)))))
    }

    fn is_end_stream(&self) -> bool {
        self.left.is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.left.len() as u64)
    }
}

impl Drop for Outgoing {
    /// The connection drops the body once it has taken all of it (an empty one as soon as it has the head). When the
    /// request is abandoned before, the body is dropped too, but by then nobody asks the gauge any more; nor does anybody
    /// when no connection came about, as the error says so.
    fn drop(&mut self) {
        if self.left.is_empty() {
            self.gauge.send_replace(Progress::Whole);
        }
    }
}
