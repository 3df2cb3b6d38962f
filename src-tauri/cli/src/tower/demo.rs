//! The demo fleet: the agents of `examples/`, on short schedules. They are inside the binary and written into the data
//! folder, so that an installed program has them, too. It has a tower of its own (`--demo`), or is a guest in one (`guest`).

mod guest;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use cuetower_engine::desk::wire::{Board, CueView, DeskError};
use cuetower_engine::desk::{DEMO_MARK, Desk};
use serde_json::{Value, json};
use thiserror::Error;
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, Command};

pub use guest::Demo;

const FLEET: &str = include_str!("../../../../examples/fleet.json");

macro_rules! files {
    ($list:ident in $from:literal: $($name:literal),*) => {
        const $list: &[(&str, &str)] = &[$(($name, include_str!(concat!("../../../../", $from, $name)))),*];
    };
}
files!(EXAMPLES in "examples/":
    "confirming_agent.py",
    "three_of_two_hundred.py",
    "gone_quiet.py",
    "honest_failure.py",
    "flaky_server.py",
    "disk_report.sh",
    "shared_quota.py",
    "asks_first.py",
    "listener.py"
);
// What they import. It is written beside them, where Python looks first.
files!(SDK in "sdk/python/src/cuetower/":
    "__init__.py",
    "_every.py",
    "_gate.py",
    "_join.py",
    "_late.py",
    "_line.py",
    "_outcome.py",
    "_permit.py",
    "_run.py",
    "_say.py",
    "_spool.py",
    "_step.py",
    "_wire.py",
    "errors.py"
);

/// In the data folder.
const FOLDER: &str = "demo";
const PYTHON: &str = if cfg!(windows) { "python" } else { "python3" };
/// Remembers the web hook agent's port in the agents' folder.
const PORT: &str = "flaky_server.port";
/// How often a port that is taken is tried again, and after how long.
const PORT_TRIES: u32 = 6;
const PORT_PAUSE: Duration = Duration::from_millis(200);
/// How long the flaky server may take to say where it is.
const SERVER_UP: Duration = Duration::from_secs(20);
/// How long it may take to end before it is killed.
const SERVER_DOWN: Duration = Duration::from_secs(2);

#[derive(Debug, Error)]
pub enum DemoError {
    #[error("its agents could not be written to {}: {source}.", .path.display())]
    Examples { path: PathBuf, source: std::io::Error },
    #[error("its agents are Python programs, and `{PYTHON}` could not be started: {0}. Install Python 3.")]
    Python(std::io::Error),
    #[error("its web hook agent (flaky_server.py) ended before it said where it listens.")]
    Mute,
    #[error("its web hook agent (flaky_server.py) did not say within {} s where it listens.", SERVER_UP.as_secs())]
    Slow,
    #[error("its cue `{name}` was refused: {}", .error.message)]
    Cue { name: String, error: DeskError },
    #[error("its cues could not be read: {}", .0.message)]
    Board(DeskError),
}

/// The agents on disk, and the one that runs all the time.
pub struct Fleet {
    folder: PathBuf,
    /// Among somebody's own cues: its names begin with "demo-", and its cues bear the mark.
    guest: bool,
    flaky_url: String,
    flaky_server: Child,
}

impl Fleet {
    /// Writes the agents into the data folder and starts the web hook agent.
    pub async fn start(data: &Path, guest: bool) -> Result<Fleet, DemoError> {
        let folder = data.join(FOLDER);
        write_examples(&folder).map_err(|source| DemoError::Examples { path: folder.clone(), source })?;
        // The same port as last time, or what came due meanwhile would be delivered to nobody.
        let last_port = std::fs::read_to_string(folder.join(PORT)).unwrap_or_default();
        let mut started = start_server(&folder, last_port.trim()).await;
        for _ in 0..PORT_TRIES {
            let Err(DemoError::Mute) = started else { break };
            // The port is taken: the one of a tower that was killed a moment ago is about to end.
            tokio::time::sleep(PORT_PAUSE).await;
            started = start_server(&folder, last_port.trim()).await;
        }
        let (flaky_server, flaky_url) = match started {
            Err(DemoError::Mute) => start_server(&folder, "0").await?,
            started => started?,
        };
        let port = flaky_url.rsplit(':').next().and_then(|rest| rest.split('/').next()).unwrap_or_default();
        // Without it the next start takes another port, and tells the cue.
        drop(std::fs::write(folder.join(PORT), port));
        Ok(Fleet { folder, guest, flaky_url, flaky_server })
    }

    /// Creates the fleet's cues. One that is there already is kept; where it calls the web hook agent, it is told the
    /// address that one has now.
    pub async fn take_off(&self, desk: &Desk) -> Result<(), DemoError> {
        let there = cues_of(desk).await?;
        self.make_pools(desk).await?;
        for definition in self.definitions() {
            let name = definition["name"].as_str().unwrap_or_default().to_owned();
            let done = match there.iter().find(|cue| cue.name == name) {
                None => create(desk, &definition).await,
                // Somebody has a cue of that name, and keeps it.
                Some(cue) if self.guest && !is_marked(cue) => Ok(()),
                Some(cue) => update_address(desk, cue, &definition).await,
            };
            done.map_err(|error| DemoError::Cue { name, error })?;
        }
        Ok(())
    }

    /// After a restart: what its owner deleted stays deleted, and what calls the web hook agent finds it.
    async fn settle(&self, desk: &Desk) -> Result<(), DemoError> {
        let there = cues_of(desk).await?;
        for definition in self.definitions() {
            let Some(cue) = there.iter().find(|cue| cue.name == definition["name"] && is_marked(cue)) else { continue };
            let done = update_address(desk, cue, &definition).await;
            done.map_err(|error| DemoError::Cue { name: cue.name.clone(), error })?;
        }
        Ok(())
    }

    /// The pools that the fleet's cues use. One that is there keeps the limits its owner gave it.
    async fn make_pools(&self, desk: &Desk) -> Result<(), DemoError> {
        let known = desk.call("pools", json!({})).await.map_err(DemoError::Board)?.to_string();
        for name in pools(&self.definitions()).into_iter().filter(|name| !known.contains(&format!("\"{name}\""))) {
            let pool = json!({ "name": name, "concurrency": 1, "calls_per_min": 30 });
            let made = desk.call("pool_set", pool).await;
            made.map_err(|error| DemoError::Cue { name, error })?;
        }
        Ok(())
    }

    pub async fn stop(mut self) {
        drop(self.flaky_server.stdin.take());
        if tokio::time::timeout(SERVER_DOWN, self.flaky_server.wait()).await.is_err() {
            drop(self.flaky_server.kill().await);
        }
    }

    /// The cues of `fleet.json`, with the placeholders filled in.
    fn definitions(&self) -> Vec<Value> {
        let mut fleet = as_written(self.guest);
        let examples = self.folder.display().to_string();
        for cue in &mut fleet {
            let agent = cue["agent"].as_str().unwrap_or_default().to_owned();
            let values = [
                ("{examples}", examples.as_str()),
                ("{python}", PYTHON),
                ("{flaky_url}", &self.flaky_url),
                ("{agent}", &agent),
            ];
            fill(cue, &values);
        }
        fleet
    }
}

/// The cues of `fleet.json`; a guest's bear its mark and its names.
fn as_written(guest: bool) -> Vec<Value> {
    let mut fleet: Vec<Value> = serde_json::from_str(FLEET).expect("fleet.json is part of the program and tested");
    if guest {
        fleet.iter_mut().for_each(mark);
    }
    fleet
}

fn pools(fleet: &[Value]) -> BTreeSet<String> {
    let used = fleet.iter().flat_map(|cue| cue["uses"].as_array().into_iter().flatten());
    used.filter_map(|need| need["pool"].as_str()).map(str::to_owned).collect()
}

fn agents(fleet: &[Value]) -> BTreeSet<String> {
    fleet.iter().filter_map(|cue| cue["agent"].as_str()).map(str::to_owned).collect()
}

/// Starts the web hook agent on this port; "" and "0": any free one. `Mute` if it does not come up there.
async fn start_server(folder: &Path, port: &str) -> Result<(Child, String), DemoError> {
    let port = if port.parse::<u16>().is_ok() { port } else { "0" };
    let mut server = Command::new(PYTHON);
    cuetower_engine::keep_back(server.as_std_mut());
    let mut server = server
        .arg(folder.join("flaky_server.py"))
        .args([port, "--until-stdin-closes"])
        .current_dir(folder)
        // Its end of the pipe closes with this process, however that ends.
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .map_err(DemoError::Python)?;
    let mut first = String::new();
    let stdout = server.stdout.take().expect("its standard output is piped");
    let mut stdout = BufReader::new(stdout);
    let said = tokio::time::timeout(SERVER_UP, stdout.read_line(&mut first)).await;
    match (said, first.trim()) {
        (Err(_), _) => Err(DemoError::Slow),
        (Ok(_), "") => Err(DemoError::Mute),
        (Ok(_), url) => Ok((server, url.to_owned())),
    }
}

async fn cues_of(desk: &Desk) -> Result<Vec<CueView>, DemoError> {
    let board = desk.call("board", json!({ "from_ms": 0, "to_ms": 1 })).await.map_err(DemoError::Board)?;
    Ok(serde_json::from_value::<Board>(board).expect("the desk keeps to its own types").cues)
}

/// What nothing fires by itself is fired once.
async fn create(desk: &Desk, definition: &Value) -> Result<(), DeskError> {
    let cue = desk.call("cue_create", json!({ "definition": definition })).await?;
    if definition.pointer("/schedule/type") == Some(&json!("manual")) {
        desk.call("cue_fire", json!({ "cue_id": cue["id"], "payload": null })).await?;
    }
    Ok(())
}

async fn update_address(desk: &Desk, cue: &CueView, wanted: &Value) -> Result<(), DeskError> {
    let Some(url) = wanted.pointer("/callback/url") else { return Ok(()) };
    let mut definition = cue.definition.clone();
    match definition.pointer_mut("/callback/url") {
        Some(old) if old != url => *old = url.clone(),
        // It points there already, or its owner made something else of it.
        Some(_) | None => return Ok(()),
    }
    let update = json!({ "cue_id": cue.id, "revision": cue.revision, "definition": definition });
    desk.call("cue_update", update).await.map(drop)
}

/// A guest's cue says that it is one, and takes nobody's name.
fn mark(cue: &mut Value) {
    cue["description"] = json!(DEMO_MARK);
    let needs = cue.get("uses").and_then(Value::as_array).map_or(0, Vec::len);
    let names = ["/name".to_owned(), "/agent".to_owned()].into_iter();
    for path in names.chain((0..needs).map(|need| format!("/uses/{need}/pool"))) {
        if let Some(Value::String(name)) = cue.pointer_mut(&path) {
            name.insert_str(0, "demo-");
        }
    }
}

fn is_marked(cue: &CueView) -> bool {
    cue.definition["description"] == json!(DEMO_MARK)
}

fn write_examples(folder: &Path) -> std::io::Result<()> {
    let package = folder.join("cuetower");
    std::fs::create_dir_all(&package)?;
    EXAMPLES.iter().try_for_each(|(name, text)| std::fs::write(folder.join(name), text))?;
    SDK.iter().try_for_each(|(name, text)| std::fs::write(package.join(name), text))
}

fn fill(value: &mut Value, values: &[(&str, &str)]) {
    match value {
        Value::String(text) => {
            *text = values.iter().fold(text.clone(), |text, (name, value)| text.replace(name, value))
        }
        Value::Array(items) => items.iter_mut().for_each(|item| fill(item, values)),
        Value::Object(fields) => fields.values_mut().for_each(|field| fill(field, values)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_whole_sdk_goes_along() {
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../sdk/python/src/cuetower");
        let entries = std::fs::read_dir(source).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
        let mut modules: Vec<String> = entries.filter(|name| name.ends_with(".py")).collect();
        modules.sort_unstable();
        assert_eq!(modules, SDK.iter().map(|(name, _)| *name).collect::<Vec<_>>());
    }

    #[tokio::test]
    async fn every_placeholder_is_filled_and_every_agent_is_there() {
        let data = tempfile::tempdir().unwrap();
        let fleet = Fleet::start(data.path(), false).await.unwrap();
        let definitions = fleet.definitions();
        assert_eq!(definitions.len(), 10);
        for definition in &definitions {
            let text = definition.to_string();
            assert!(
                !["{examples}", "{python}", "{flaky_url}", "{agent}"].iter().any(|name| text.contains(name)),
                "{text}"
            );
            for word in definition.pointer("/command/argv").and_then(Value::as_array).into_iter().flatten() {
                let word = word.as_str().unwrap();
                assert!(!word.starts_with('/') || Path::new(word).exists(), "{word} is missing");
            }
        }
        let callback = definitions.iter().find_map(|definition| definition.pointer("/callback/url")).unwrap();
        assert!(callback.as_str().unwrap().starts_with("http://127.0.0.1:"), "{callback}");
        let address = fleet.flaky_url.clone();
        fleet.stop().await;
        let again = Fleet::start(data.path(), false).await.unwrap();
        assert_eq!(again.flaky_url, address, "what came due meanwhile finds it where it was");
        let beside = Fleet::start(data.path(), false).await.unwrap();
        assert_ne!(beside.flaky_url, address, "a port that is taken is no reason to stay down");
        again.stop().await;
        beside.stop().await;
    }
}
