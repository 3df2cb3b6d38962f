//! What the owner's door says about who may come in by the agents' door: programs that ask to sign in, keys, accounts.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

// ---- logins: Nothing -> Logins · login_answer: LoginAnswer -> Logins · login_policy: LoginPolicy -> Logins

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct Logins {
    /// Those that wait for your word, oldest first.
    pub logins: Vec<LoginView>,
    /// Programs on this machine get a key at once, without your click.
    pub allow: bool,
}

/// A program that asks for a key of its own, such as `cueapi login`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct LoginView {
    /// The code it shows to its user.
    pub code: String,
    /// What it gave as its user's address, if it did.
    pub email: Option<String>,
    /// What it says it is: its User-Agent.
    pub program: Option<String>,
    #[ts(type = "number")]
    pub asked_at_ms: i64,
    #[ts(type = "number")]
    pub expires_at_ms: i64,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct LoginAnswer {
    pub code: String,
    pub approve: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct LoginPolicy {
    pub allow: bool,
}

// ---- keys: Nothing -> Keys · key_add: KeyAdd -> Key · key_rotate: KeyRotate -> Key · key_remove: KeyRef -> Keys

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct Keys {
    /// Newest first.
    pub keys: Vec<KeyView>,
    pub accounts: Vec<AccountView>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct KeyView {
    /// To name it by; the key itself is shown once, when it is made.
    pub id: String,
    pub name: String,
    /// "cue_sk_ab12", as far as it is known.
    pub prefix: String,
    /// `cues:read`, `cues:write` (both: `cues`), `report`, `claim`, `ask`, `otlp`, `heartbeat`, `commands`. Without any of the
    /// finer words `report` is a wide one: it claims, asks, beats and sends spans, too.
    pub scopes: Vec<String>,
    /// Whose it is; null: your own.
    pub account: Option<String>,
    /// Which agent shows it; null: nobody in particular.
    pub agent: Option<String>,
    /// It reaches no cues but those of its agent.
    pub own_cues: bool,
    #[ts(type = "number")]
    pub created_at_ms: i64,
    /// From then on it opens nothing; null: it has no end.
    #[ts(type = "number | null")]
    pub expires_at_ms: Option<i64>,
    /// It was renewed then, and opens nothing any more, unless it has a grace.
    #[ts(type = "number | null")]
    pub rotated_at_ms: Option<i64>,
    /// It was renewed, and is good beside the newer one until then.
    #[ts(type = "number | null")]
    pub grace_until_ms: Option<i64>,
    /// When it last opened the door; null: never, as far as is known.
    #[ts(type = "number | null")]
    pub last_seen_ms: Option<i64>,
}

/// Somebody who registered by the agents' door. It sees nothing but its own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct AccountView {
    pub id: String,
    pub email: String,
    #[ts(type = "number")]
    pub created_at_ms: i64,
    pub cues: u32,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct KeyAdd {
    pub name: String,
    pub scopes: Vec<String>,
    /// Which agent shows it.
    #[serde(default)]
    #[ts(optional)]
    pub agent: Option<String>,
    /// 1 to 3650; left out: it has no end.
    #[serde(default)]
    #[ts(optional)]
    pub expires_in_days: Option<u32>,
    /// It reaches no cues but those of its agent, which must be named then.
    #[serde(default)]
    #[ts(optional)]
    pub own_cues: Option<bool>,
}

/// A new key in the place of this one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct KeyRotate {
    pub id: String,
    /// For so long the old one stays good beside it: 0 to 168, 24 if left out.
    #[serde(default)]
    #[ts(optional)]
    pub grace_hours: Option<u32>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct KeyRef {
    pub id: String,
}
