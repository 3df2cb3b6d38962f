//! The tower judged by the clients that CueAPI, ClevAgent and MCP publish, unmodified, and by what was recorded of CueAPI itself.

mod cli;
mod compatibility;
mod mcp;
mod runner;
mod samples;
mod sdk;
mod worker;

use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use chrono::{DateTime, Utc};
use cuetower_tests::{Ended, Home, Package, Tower, finished, until};
use serde_json::{Value, json};

/// A Python script beside these tests.
fn script(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("it/clients").join(name)
}

/// Runs a script with a package's own Python. What it says in its last line.
async fn told(package: &Package, home: &Home, name: &str, args: &[&str]) -> Value {
    let mut python = package.program("python", home);
    python.arg(script(name)).args(args);
    let Ended { code, out, err } = finished(python, "").await;
    assert_eq!(code, Some(0), "{name}\n{out}{err}");
    let last = out.lines().last().unwrap_or_default();
    serde_json::from_str(last).unwrap_or_else(|error| panic!("{name}: {error} in {out}"))
}

/// The owner's click, once a program has asked to sign in.
async fn approve_the_login(tower: &Tower) {
    let code = until("login that waits", Duration::from_secs(60), async || {
        let waiting = tower.owner("logins", &json!({})).await;
        waiting["logins"][0]["code"].as_str().map(str::to_owned)
    })
    .await;
    tower.ctl(&["login", "approve", &code]).await.good();
}

/// An instant that no test lives to see.
#[expect(clippy::disallowed_methods, reason = "the clients go by the real clock")]
fn tomorrow() -> String {
    DateTime::<Utc>::from(SystemTime::now() + Duration::from_hours(24)).to_rfc3339()
}
