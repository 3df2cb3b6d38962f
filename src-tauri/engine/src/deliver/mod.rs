//! Carries a due run to its agent: over HTTP (`webhook`) or by starting a process (`command`, whose
//! other half is `src-tauri/launcher`), and tells how that ended.
//!
//! Each part takes a plain request and gives a plain end; none of them knows a cue, a lane or the journal. What an end
//! means (delivered, retried, an outcome) is decided in core.

pub(crate) mod address;
mod answer;
mod client;
pub mod command;
mod outgoing;
pub mod python_json;
mod resolver;
pub mod signature;
mod trouble;
mod turns;
pub mod webhook;

pub(crate) use address::{Kind, kind as kind_of};
use cuetower_launcher::length;
pub(crate) use cuetower_launcher::{Program, expand_home, find, why_not_started};
pub(crate) use resolver::Names;
pub(crate) use turns::Turns;
