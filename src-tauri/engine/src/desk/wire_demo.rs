//! What the owner's door says about the demo fleet.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

// ---- demo, demo_start, demo_stop: Nothing -> DemoView

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct DemoView {
    /// False where there is none to be started: the whole tower is a demo, or it was built without one.
    pub possible: bool,
    /// Its cues that are here; none: it is not started.
    pub cue_ids: Vec<String>,
}
