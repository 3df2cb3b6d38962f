//! OpenTelemetry: agents' spans in (`POST /v1/traces`), and the tower's own runs out as traces (`out`).
//!
//! A body is inflated (`inflate`), read as protobuf (`proto`, on `wire`) or JSON (`json`), and each span understood (`seen`, by
//! the tables of `conventions`) without secrets (`redact`) and put to the run it names (`join`). None of it knows HTTP, the
//! store or the pilot: `receive::traces` hands the bytes in and the groups on.

mod answer;
mod content;
mod conventions;
pub(crate) mod ids;
mod inflate;
mod join;
mod json;
mod json_value;
mod out;
mod proto;
mod raw;
pub(crate) mod redact;
mod seen;
#[cfg(test)]
mod tests;
mod usage;
mod wire;

use cuetower_core::Ms;
use cuetower_core::price::PriceTable;

use crate::handle::SpanGroup;
pub(crate) use answer::{Code, Encoding};
pub(crate) use out::{Exports, tell as export};

/// Of a body as it is sent, in bytes.
pub(crate) const BODY_MAX: usize = 16 * 1024 * 1024;
/// Of a body once it is inflated.
const INFLATED_MAX: usize = 64 * 1024 * 1024;

/// What a request told.
#[derive(Debug)]
pub(crate) struct Told {
    /// To be handed to the pilot one after the other.
    pub orders: Vec<Vec<SpanGroup>>,
    pub refused: u64,
    /// Why the first of them was.
    pub words: Option<&'static str>,
    /// In memory, about.
    pub bytes: usize,
}

/// Why nothing of a request can be taken: a status of HTTP, and a sentence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Unreadable {
    pub status: u16,
    pub words: String,
}

/// Reads a request whole. It takes as long as the body is large: not for a thread that others wait for.
pub(crate) fn read(
    encoding: Encoding,
    packed: &str,
    body: &[u8],
    prices: &PriceTable,
    now: Ms,
) -> Result<Told, Unreadable> {
    let refused = |status, words: String| Unreadable { status, words };
    let inflated = inflate::inflated(packed, body, INFLATED_MAX).map_err(|trouble| match trouble {
        inflate::Trouble::Unknown => {
            refused(415, "Content-Encoding must be gzip, deflate or identity; this one is not known.".to_owned())
        }
        inflate::Trouble::Broken => refused(400, format!("The body is not whole, or not {packed} at all.")),
        inflate::Trouble::TooLarge => {
            refused(413, format!("The body has more than {INFLATED_MAX} bytes; send smaller batches."))
        }
    })?;
    let body = inflated.as_deref().unwrap_or(body);
    let mut joiner = join::Joiner::new(prices, now);
    match encoding {
        Encoding::Protobuf => proto::read(body, &mut joiner)
            .map_err(|_| refused(400, "The body is no ExportTraceServiceRequest in protobuf.".to_owned()))?,
        Encoding::Json => json::read(body, &mut joiner)
            .map_err(|error| refused(400, format!("The body is no ExportTraceServiceRequest in JSON: {error}.")))?,
    }
    let (refused, words, bytes) = (joiner.refused, joiner.words, joiner.bytes);
    Ok(Told { orders: joiner.into_orders(), refused, words, bytes })
}
