//! Alerts on their way out: as native notifications (`native`, with `buttons`), to the web hook of an account (`hook`, in CueAPI's
//! `words`), and as the report of a day (`daily`).
//! What deserves an alert is decided in core; channels that leave the machine are `channels`'.

mod buttons;
pub(crate) mod daily;
mod hook;
pub(crate) mod native;
pub(crate) mod words;

pub(crate) use buttons::{Asks, RunFacts};
pub(crate) use hook::{Told, WAITING_MAX, tell};
