//! What agents say to each other through the tower: their addresses, the messages, who is told of them, and their push to
//! webhooks. CueAPI's messaging, decided inside the pilot's transaction (`Handle::record`), one closure at a time.
//!
//! The rows are `journal`'s, the wire is `receive`'s.

mod address;
mod errands;
mod events;
mod inbox;
mod push;
mod send;
mod sessions;
mod state;
mod subscriptions;

use std::sync::Arc;

use cuetower_core::Ms;
use cuetower_core::time::{DAY_MS, HOUR_MS};

use crate::handle::{Handle, Trouble};
use crate::journal::{Recorder, StoreError};
use crate::perform::Shared;

pub(crate) use address::{
    Change, NewAddress, change_address, delete_address, new_address, renew_secret, secret_of, seen_in_words, user_id,
    user_slug, which,
};
pub(crate) use events::KNOWN_EVENTS;
pub(crate) use inbox::{DEFAULT_INBOX, Mark, look, mark};
pub(crate) use send::{Draft, send};
pub(crate) use sessions::{
    Attached, Attachment, NewSession, SessionChange, attach, beat, change_session, detach, drop_attachment, reconcile,
    register,
};
pub use state::State;
pub(crate) use subscriptions::{NewSubscription, ack, ack_pulled, detach_subscription, subscribe, subscription_secret};

/// The unit in the journal.
const LANE: &str = "messages";

/// Pushes to one recipient that are under way.
pub(crate) const PUSHED_AT_ONCE: usize = 8;
/// Of one account; then the oldest that were read or are over make room.
pub(crate) const KEPT_MAX: u32 = 100_000;
/// Addresses of one account, with the deleted ones.
const ADDRESSES_MAX: u32 = 10_000;
/// Bytes of a body.
pub(crate) const BODY_MAX: usize = 32_768;
/// Bytes of a message's metadata.
const METADATA_MAX: usize = 10_240;
/// Bytes of an agent's metadata.
const AGENT_METADATA_MAX: usize = 65_536;
/// How long one waits for somebody to be done with it.
const LIFE_MS: u64 = 30 * DAY_MS;
/// How long a key stands for its message.
const KEY_MS: u64 = 24 * HOUR_MS;
/// How long an event can be asked for.
const EVENT_LIFE_MS: u64 = 7 * DAY_MS;
/// Events of one account.
const EVENTS_MAX: u32 = 100_000;
/// In force, of one agent.
const SUBSCRIPTIONS_MAX: usize = 100;
/// Attached, of one agent.
const SESSIONS_MAX: usize = 500;

/// A no, in CueAPI's words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Refused {
    pub status: u16,
    pub code: &'static str,
    pub message: String,
}

impl Refused {
    pub fn new(status: u16, code: &'static str, message: impl Into<String>) -> Refused {
        Refused { status, code, message: message.into() }
    }

    fn no_agent(which: &str) -> Refused {
        Refused::new(404, "agent_not_found", format!("agent {which} not found"))
    }
}

/// Why a closure wrote nothing.
#[derive(Debug)]
pub(crate) enum No {
    Refused(Refused),
    Store(StoreError),
}

impl From<Refused> for No {
    fn from(refused: Refused) -> No {
        No::Refused(refused)
    }
}

impl From<StoreError> for No {
    fn from(error: StoreError) -> No {
        No::Store(error)
    }
}

/// Why something was not recorded.
#[derive(Debug)]
pub(crate) enum Failed {
    Refused(Refused),
    Trouble(Trouble),
}

impl From<Refused> for Failed {
    fn from(refused: Refused) -> Failed {
        Failed::Refused(refused)
    }
}

impl From<Trouble> for Failed {
    fn from(trouble: Trouble) -> Failed {
        Failed::Trouble(trouble)
    }
}

/// Decides and writes inside the pilot's transaction.
pub(crate) async fn record<T: Send + 'static>(
    handle: &Handle,
    work: impl FnOnce(&Recorder<'_>) -> Result<T, No> + Send + 'static,
) -> Result<T, Failed> {
    let done = handle.record(move |recorder| match work(recorder) {
        Ok(done) => Ok(Ok(done)),
        Err(No::Refused(refused)) => Ok(Err(refused)),
        Err(No::Store(error)) => Err(error),
    });
    Ok(done.await??)
}

/// Does what falls due about messages, until it is dropped.
pub(crate) async fn look_after(handle: Handle, shared: Arc<Shared>) {
    errands::run(handle, shared).await;
}

/// `agt_`, `msg_`: and 12 of [a-z0-9].
pub(crate) fn new_id(prefix: &str) -> String {
    const SIGNS: &[u8; 36] = b"abcdefghijklmnopqrstuvwxyz0123456789";
    let mut left = uuid::Uuid::new_v4().as_u128();
    let signs = std::iter::repeat_with(|| {
        let sign = SIGNS[usize::try_from(left % 36).expect("below 36")];
        left /= 36;
        char::from(sign)
    });
    prefix.chars().chain(signs.take(12)).collect()
}

/// The later of two instants of which one may be none.
fn due_at(send_at: Option<Ms>, now: Ms) -> Ms {
    send_at.map_or(now, |at| at.max(now))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_have_cueapis_shape_and_differ() {
        let ids: std::collections::BTreeSet<String> = (0..1_000).map(|_| new_id("agt_")).collect();
        assert_eq!(ids.len(), 1_000);
        for id in ids {
            assert!(address::is_id(&id), "{id}");
        }
    }
}
