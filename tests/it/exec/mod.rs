//! `cuetowerctl exec`: the command runs as if it stood there alone, whatever the tower does, and the tower hears of it.

mod alone;
mod told;

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use cuetower_tests::{Answer, Seen, Server, binary};
use serde_json::json;
use tokio::process::{Child, Command};

/// For what the product does in its own time, on a busy machine.
const SOON: Duration = Duration::from_secs(30);

/// A server that takes every ping.
async fn listening() -> Server {
    Server::start(|_, _| Answer::json(200, &json!({ "ok": true, "execution_id": "x" }))).await
}

/// `exec` with its own streams piped, running.
fn exec(data: &Path, to: &[&str], command: &[&str]) -> Child {
    Command::new(binary("cuetowerctl"))
        .arg("exec")
        .arg("--data")
        .arg(data)
        .args(to)
        .arg("--")
        .args(command)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap()
}

/// The part after the key, and the query's pairs.
fn said(seen: &Seen) -> (String, std::collections::BTreeMap<String, String>) {
    let url = reqwest::Url::parse(&format!("http://x{}", seen.path)).unwrap();
    let last = url.path().strip_prefix("/ping/k").unwrap().to_owned();
    (last, url.query_pairs().into_owned().collect())
}

/// Files of pings that wait to be told.
fn kept(data: &Path) -> Vec<std::path::PathBuf> {
    let entries = std::fs::read_dir(data.join("spool")).into_iter().flatten().flatten().map(|entry| entry.path());
    let mut files: Vec<_> = entries.filter(|path| path.extension().is_some_and(|ending| ending == "json")).collect();
    files.sort();
    files
}
