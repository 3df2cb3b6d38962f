//! The tower judged by the clients that CueAPI and ClevAgent publish, unmodified, and by what was recorded of CueAPI itself.

mod sdk;

use std::path::PathBuf;

use cuetower_tests::{Ended, Home, Package, finished};
use serde_json::Value;

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
