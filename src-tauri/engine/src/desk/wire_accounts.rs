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

// ---- keys: Nothing -> Keys · key_add: KeyAdd -> Key · key_remove: KeyRef -> Keys

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
    /// `cues`, `report`, `commands`.
    pub scopes: Vec<String>,
    /// Whose it is; null: your own.
    pub account: Option<String>,
    #[ts(type = "number")]
    pub created_at_ms: i64,
    /// It was renewed then, and opens nothing any more.
    #[ts(type = "number | null")]
    pub rotated_at_ms: Option<i64>,
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
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct KeyRef {
    pub id: String,
}
