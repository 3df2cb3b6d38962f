//! Alerts towards programs: CueAPI's words for them (`words`), and the web hook of an account that hears of each (`hook`).
//! What deserves an alert is decided in core; what the owner is shown of it is `notify`'s.

mod hook;
pub(crate) mod words;

pub(crate) use hook::{Told, WAITING_MAX, tell};
