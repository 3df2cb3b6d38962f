//! What the owner's door says about secrets: names, and who used them. Values go in and never come out.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use super::wire::Health;

// ---- secrets: Nothing -> Secrets · secret_set, secret_rotate: SecretSet -> Secrets · secret_rename: SecretRename -> Secrets
// ---- secret_delete: SecretRef -> Secrets · secret_story: SecretRef -> SecretStory

#[derive(Debug, Clone, Serialize, Deserialize, TS)]
pub struct Secrets {
    pub secrets: Vec<SecretView>,
    pub vault: Health,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct SecretView {
    pub name: String,
    /// Names of the cues that use it.
    pub used_by: Vec<String>,
    #[ts(type = "number")]
    pub updated_at_ms: i64,
    /// How many values it has had.
    pub version: u32,
    /// When its value took the place of another; null: it is the first.
    #[ts(type = "number | null")]
    pub rotated_at_ms: Option<i64>,
    #[ts(type = "number | null")]
    pub last_used_ms: Option<i64>,
    /// Name of the cue that used it last; null: none did, or a check.
    pub last_used_by: Option<String>,
}

/// What happened with one secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct SecretStory {
    pub secret: SecretView,
    /// Newest first; at most 200.
    pub uses: Vec<SecretUse>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct SecretUse {
    #[ts(type = "number")]
    pub at_ms: i64,
    /// `env`, `header`, `lease` or `check`.
    pub how: String,
    /// For which of its tools an agent leased it; null: it did not say.
    pub tool: Option<String>,
    pub run_id: Option<String>,
    pub cue_id: Option<String>,
    pub cue_name: Option<String>,
}

#[derive(Debug, Clone, Serialize, Deserialize, TS)]
pub struct SecretRename {
    pub name: String,
    /// `[A-Z][A-Z0-9_]*`, at most 64 characters.
    pub to: String,
}

/// Goes in, never comes out.
#[derive(Clone, Serialize, Deserialize, TS)]
pub struct SecretSet {
    /// `[A-Z][A-Z0-9_]*`, at most 64 characters.
    pub name: String,
    pub value: String,
}

impl std::fmt::Debug for SecretSet {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "SecretSet({}, ••••)", self.name)
    }
}

#[derive(Debug, Clone, Serialize, Deserialize, TS)]
pub struct SecretRef {
    pub name: String,
}
