//! A request body that knows how far it got. The answer to "was it sent whole?" decides whether a delivery may be repeated.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};

/// Small pieces, so that a receiver that stops reading is noticed before the last one is handed over.
const PIECE_BYTES: usize = 16 * 1024;

/// How much of the request has left, as far as the tower can tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
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
pub struct Gauge(Arc<AtomicU8>);

impl Gauge {
    #[must_use]
    pub fn progress(&self) -> Progress {
        match self.0.load(Ordering::Acquire) {
            0 => Progress::Waiting,
            1 => Progress::Begun,
            _ => Progress::Whole,
        }
    }
}

/// The body itself, of a known length.
pub struct Outgoing {
    left: Bytes,
    gauge: Gauge,
}

/// The body and the gauge on it.
#[must_use]
pub fn outgoing(body: Vec<u8>) -> (Outgoing, Gauge) {
    let gauge = Gauge(Arc::new(AtomicU8::new(0)));
    (Outgoing { left: body.into(), gauge: gauge.clone() }, gauge)
}

impl Body for Outgoing {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        if self.left.is_empty() {
            return Poll::Ready(None);
        }
        self.gauge.0.store(1, Ordering::Release);
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
    /// request is abandoned before, the body is dropped too, but by then nobody asks the gauge any more.
    fn drop(&mut self) {
        if self.left.is_empty() {
            self.gauge.0.store(2, Ordering::Release);
        }
    }
}
