//! What is done: the loop, the journal, deliveries, the two doors. What is decided lives in `cuetower-core`.

pub mod accounts;
mod alerting;
mod briefing_note;
mod channels;
mod check;
pub mod clock;
pub mod definition;
pub mod deliver;
pub mod desk;
pub mod engine;
pub mod feed;
mod fleet;
pub mod handle;
pub mod journal;
mod messages;
pub mod notify;
mod offers;
mod otlp;
mod paths;
mod perform;
mod pilot;
mod prices;
pub mod receive;
mod returned;
pub mod sabotage;
pub mod spool;
pub mod token;
pub mod truth;
pub mod vault;
pub mod view;

pub use engine::{Config, Engine, Ports, Running};
pub use handle::{Handle, Trouble};
