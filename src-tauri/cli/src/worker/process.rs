//! The program of one piece of work: started in a group of its own, its output kept to the end, stopped politely, then firmly.

use std::fs::File;
use std::io::{Read as _, Write as _};
use std::path::PathBuf;
use std::process::{ExitStatus, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tempfile::TempDir;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWriteExt as _};
use tokio::process::{Child, Command};
use tokio::task::JoinSet;

use super::door::{Claimed, Door};
use super::outcome::{Ended, FILE_MAX, How};
use super::plan::{Handler, KEY_ENV, Plan};
use super::template;
use crate::tail::Tail;

const OUTPUT_MAX: usize = 64 * 1024;
/// A longer payload does not fit into the environment.
const PAYLOAD_IN_ENV_MAX: usize = 32 * 1024;
/// Between the request to end and the end.
const STOP_GRACE: Duration = Duration::from_secs(5);
/// What a grandchild that keeps the output open prints is not waited for.
const LEFTOVERS: Duration = Duration::from_secs(1);

/// What a program is started with, beside its piece of work.
pub(super) struct Setting<'a> {
    pub handler: &'a Handler,
    pub plan: &'a Plan,
    pub door: &'a Door,
}

pub(super) struct Process {
    child: Child,
    /// Its process id, and the number of its group.
    #[cfg_attr(not(unix), expect(dead_code, reason = "groups are Unix's"))]
    group: Option<u32>,
    limit: Duration,
    out: Arc<Mutex<Tail>>,
    err: Arc<Mutex<Tail>>,
    /// Ends with it.
    streams: JoinSet<()>,
    /// Its payload and its outcome; gone with it.
    folder: TempDir,
}

impl Process {
    /// # Errors
    /// Words that say what is missing.
    pub fn start(setting: &Setting<'_>, claimed: &Claimed) -> Result<Process, String> {
        let folder = tempfile::Builder::new().prefix("cuetower-worker-").tempdir();
        let folder = folder.map_err(|error| format!("there is no folder for its files: {error}"))?;
        let payload = claimed.payload.to_string();
        let (payload_file, outcome_file) = (folder.path().join("payload.json"), folder.path().join("outcome.json"));
        let written = File::create(&payload_file).and_then(|mut file| file.write_all(payload.as_bytes()));
        written.map_err(|error| format!("its payload could not be written: {error}"))?;
        let handler = setting.handler;
        let filled = |text: &String| template::fill(text, &claimed.payload);
        let argv = if handler.is_shell() {
            handler.argv()
        } else {
            handler.argv().iter().map(filled).collect::<Result<_, _>>()?
        };
        let (program, arguments) = argv.split_first().ok_or("its argv is empty")?;
        let mut command = Command::new(program);
        command.args(arguments).current_dir(&handler.cwd);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
        #[cfg(unix)]
        command.process_group(0);
        // The worker's key opens more than this piece of work.
        command.env_remove(KEY_ENV).env_remove(setting.plan.key_env.as_deref().unwrap_or(KEY_ENV));
        command.envs(environment(setting.door, claimed, &payload, [&payload_file, &outcome_file]));
        for (name, value) in &handler.env {
            command.env(name, filled(value)?);
        }
        let mut child = command.spawn().map_err(|error| format!("{program} was not started: {error}"))?;
        let mut streams = JoinSet::new();
        if let Some(mut stdin) = child.stdin.take() {
            // A program that reads nothing is none the worse for it.
            streams.spawn(async move { drop(stdin.write_all(payload.as_bytes()).await) });
        }
        let [out, err] = [(); 2].map(|()| Arc::new(Mutex::new(Tail::of(OUTPUT_MAX))));
        if let Some(stdout) = child.stdout.take() {
            streams.spawn(keep(stdout, Arc::clone(&out)));
        }
        if let Some(stderr) = child.stderr.take() {
            streams.spawn(keep(stderr, Arc::clone(&err)));
        }
        let group = child.id();
        Ok(Process { child, group, limit: handler.timeout(), out, err, streams, folder })
    }

    /// Until it has ended, or has taken too long and was stopped.
    pub async fn wait(&mut self) -> Ended {
        let waited = tokio::time::timeout(self.limit, self.child.wait()).await;
        let how = match waited {
            Ok(Ok(status)) => how(status),
            Ok(Err(_)) => How::Unknown,
            Err(_) => {
                self.stop().await;
                How::TimedOut(self.limit.as_secs())
            }
        };
        let read = async { while self.streams.join_next().await.is_some() {} };
        drop(tokio::time::timeout(LEFTOVERS, read).await);
        let last = |tail: &Mutex<Tail>| tail.lock().unwrap_or_else(PoisonError::into_inner).last_line();
        Ended { how, last_out: last(&self.out), last_err: last(&self.err), file: self.outcome_file() }
    }

    /// With everything it has started.
    pub async fn stop(&mut self) {
        self.signal(Firmly::No);
        drop(tokio::time::timeout(STOP_GRACE, self.child.wait()).await);
        // Also when it has ended: what it left behind did not hear the request.
        self.signal(Firmly::Yes);
        drop(self.child.wait().await);
    }

    fn outcome_file(&self) -> Option<Vec<u8>> {
        let file = File::open(self.folder.path().join("outcome.json")).ok()?;
        let mut bytes = Vec::new();
        file.take(FILE_MAX as u64 + 1).read_to_end(&mut bytes).ok()?;
        // Made for it, and never written.
        (!bytes.is_empty()).then_some(bytes)
    }

    #[cfg(unix)]
    fn signal(&mut self, firmly: Firmly) {
        use nix::sys::signal::{Signal, killpg};
        let signal = if firmly == Firmly::Yes { Signal::SIGKILL } else { Signal::SIGTERM };
        if let Some(group) = self.group.and_then(|pid| i32::try_from(pid).ok()) {
            let _ = killpg(nix::unistd::Pid::from_raw(group), signal);
        }
    }

    #[cfg(not(unix))]
    fn signal(&mut self, _: Firmly) {
        drop(self.child.start_kill());
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Firmly {
    No,
    Yes,
}

async fn keep(mut from: impl AsyncRead + Unpin, tail: Arc<Mutex<Tail>>) {
    let mut bytes = vec![0; 16 * 1024];
    while let Ok(length @ 1..) = from.read(&mut bytes).await {
        tail.lock().unwrap_or_else(PoisonError::into_inner).push(&bytes[..length]);
    }
}

fn environment(door: &Door, claimed: &Claimed, payload: &str, files: [&PathBuf; 2]) -> Vec<(&'static str, String)> {
    let [payload_file, outcome_file] = files.map(|file| file.display().to_string());
    let mut pairs = vec![
        ("CUETOWER_URL", door.base.clone()),
        ("CUETOWER_RUN", claimed.execution_id.clone()),
        ("CUETOWER_ATTEMPT", claimed.attempt.to_string()),
        ("CUETOWER_TOKEN", claimed.run_token.clone()),
        ("CUETOWER_IDEMPOTENCY_KEY", claimed.idempotency_key.clone()),
        ("CUETOWER_PAYLOAD_FILE", payload_file),
        ("CUETOWER_OUTCOME_FILE", outcome_file.clone()),
        ("CUEAPI_BASE_URL", door.base.clone()),
        ("CUEAPI_API_KEY", claimed.run_token.clone()),
        ("CUEAPI_EXECUTION_ID", claimed.execution_id.clone()),
        ("CUEAPI_CUE_ID", claimed.cue_id.clone()),
        ("CUEAPI_CUE_NAME", claimed.cue_name.clone()),
        ("CUEAPI_WORKER_ID", door.worker_id.clone()),
        ("CUEAPI_OUTCOME_FILE", outcome_file),
    ];
    if payload.len() <= PAYLOAD_IN_ENV_MAX {
        pairs.push(("CUEAPI_PAYLOAD", payload.to_owned()));
    }
    // A name with a zero byte in it would keep the program from starting.
    pairs.retain(|(_, value)| !value.contains('\0'));
    pairs
}

#[cfg(unix)]
fn how(status: ExitStatus) -> How {
    use std::os::unix::process::ExitStatusExt as _;
    status.code().map(How::Exited).or_else(|| status.signal().map(How::Signalled)).unwrap_or(How::Unknown)
}

#[cfg(not(unix))]
fn how(status: ExitStatus) -> How {
    status.code().map_or(How::Unknown, How::Exited)
}
