//! What the owner's door says about test fires.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

// ---- cue_try: CueTry -> Fired

/// A definition as it stands in the editor, to be run once. It is not saved.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
pub struct CueTry {
    /// The cue that is edited; None: a new one.
    #[serde(default)]
    #[ts(optional)]
    pub cue_id: Option<String>,
    #[ts(type = "unknown")]
    pub definition: serde_json::Value,
}
