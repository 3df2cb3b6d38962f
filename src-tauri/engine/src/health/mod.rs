//! How the tower itself fares: what it has counted since it started (`meters`), whether it is well (`judged`), and both as
//! Prometheus reads them (`figures`, in the words of `exposition`). The doors are `receive/meta`, `receive/metrics` and `desk/health`.

mod exposition;
mod figures;
mod histogram;
mod judged;
mod meters;
mod process;

pub(crate) use exposition::CONTENT_TYPE;
pub(crate) use figures::figures;
pub(crate) use judged::Condition;
pub(crate) use meters::{Meters, Tally};
