//! What is wrong on this machine for a tower, and how it is mended: each check looks at one thing and says one sentence. Nothing
//! is changed, but a small file that is written into the data folder and taken away again.
//!
//! Here is what a tower leans on: its folder and store (`folder`), the machine (`machine`), the owner's session (`session`).
//! Who asks adds what he knows himself: `src-tauri/cli/src/doctor`.

mod folder;
mod machine;
mod said;
mod session;

use std::path::Path;

use serde::Serialize;

pub use folder::{disk, pings, store};
pub use machine::{clock, launcher, open_files, sleep, zone};
pub use said::said;
pub use session::{notifications, secrets, tray, webview};

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    Good,
    /// The tower works, and something would be better.
    Warn,
    /// Something does not work.
    Bad,
}

/// What one check found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// What was looked at, in a word or three: "data folder".
    pub check: &'static str,
    pub state: State,
    /// One sentence.
    pub fact: String,
    /// What to do, and the command where there is one; only where something is to be done.
    pub mend: Option<String>,
}

impl Finding {
    #[must_use]
    pub fn good(check: &'static str, fact: impl Into<String>) -> Finding {
        Finding { check, state: State::Good, fact: fact.into(), mend: None }
    }

    #[must_use]
    pub fn warn(check: &'static str, fact: impl Into<String>, mend: impl Into<String>) -> Finding {
        Finding { check, state: State::Warn, fact: fact.into(), mend: Some(mend.into()) }
    }

    #[must_use]
    pub fn bad(check: &'static str, fact: impl Into<String>, mend: impl Into<String>) -> Finding {
        Finding { check, state: State::Bad, fact: fact.into(), mend: Some(mend.into()) }
    }
}

/// Everything that is looked at without a tower. `deep`: the whole store is gone through.
pub async fn look(data_dir: &Path, deep: bool) -> Vec<Finding> {
    let mut findings = vec![disk(data_dir)];
    findings.extend(store(data_dir, deep).await);
    findings.extend(pings(data_dir));
    findings.push(launcher());
    findings.push(open_files());
    findings.push(clock(data_dir).await);
    findings.push(sleep().await);
    findings
}
