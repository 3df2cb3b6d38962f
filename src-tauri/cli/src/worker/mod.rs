//! `worker`: fetches work from a tower and runs a program for each piece; also on another machine.
//!
//! Here: looking for work, and the end of it all. The file that says what it can do is in `plan`, the tower's door in `door`,
//! one piece of work in `job`, its program in `process`, what is reported of it in `outcome`.

mod door;
mod job;
mod outcome;
mod plan;
mod process;
mod template;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use cuetower_engine::redacting::Known;
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;

use crate::args::WorkerArgs;
use crate::logs::log_to_stderr;
use crate::serve::Signals;
use door::{Door, Trouble};
use plan::Plan;

/// How long the tower may keep a question for work open.
const WAIT_SECONDS: u32 = 30;
/// A tower that does not wait is not asked more often than this.
const BETWEEN_QUESTIONS: Duration = Duration::from_millis(250);
const SIGN_OF_LIFE: Duration = Duration::from_secs(30);
/// What is stopped for good gets no longer than this to be given back.
const GIVING_BACK: Duration = Duration::from_secs(15);

/// How far the worker's own end has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Stage {
    Working,
    /// Nothing more is taken; what runs may finish.
    Finishing,
    /// What runs is stopped and given back.
    Stopping,
}

/// What every part of a worker knows.
struct Worker {
    plan: Plan,
    door: Door,
    stage: watch::Sender<Stage>,
    /// One for each piece of work that may run at once.
    slots: Arc<Semaphore>,
}

pub fn obey(args: WorkerArgs) -> Result<(), String> {
    let plan = Plan::read(&args.file)?;
    let key = key(&args, &plan)?;
    let url = args.url.as_deref().or(plan.url.as_deref()).unwrap_or(plan::URL);
    let door = Door::new(url, &key, &plan.worker_id)?;
    log_to_stderr(&Known::default());
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    let runtime = runtime.map_err(|error| format!("The worker could not begin: {error}."))?;
    let ended = runtime.block_on(async {
        let signals = Signals::listen().map_err(|error| format!("The system's signals cannot be heard: {error}."))?;
        let slots = Arc::new(Semaphore::new(plan.concurrency));
        let worker = Arc::new(Worker { plan, door, stage: watch::Sender::new(Stage::Working), slots });
        worker.run(args.once, signals).await
    });
    runtime.shutdown_background();
    ended
}

fn key(args: &WorkerArgs, plan: &Plan) -> Result<String, String> {
    let named = plan.key_env.as_deref().unwrap_or(plan::KEY_ENV);
    let key = args.key.clone().or_else(|| std::env::var(named).ok()).map(|key| key.trim().to_owned());
    key.filter(|key| !key.is_empty()).ok_or_else(|| {
        format!(
            "The worker needs an API key: set {named}. `cuetowerctl key` on the tower's machine prints the owner's."
        )
    })
}

impl Worker {
    async fn run(self: Arc<Worker>, once: bool, mut signals: Signals) -> Result<(), String> {
        let tasks = self.plan.tasks().join(", ");
        tracing::info!(worker = self.door.worker_id, tower = self.door.base, tasks, "the worker is up");
        let mut looking = JoinSet::new();
        for at in 0..self.plan.handlers.len() {
            let worker = Arc::clone(&self);
            looking.spawn(async move { worker.look(at, once).await });
        }
        let alive = tokio::spawn({
            let worker = Arc::clone(&self);
            async move { worker.show_life().await }
        });
        let (mut ended, mut asked) = (Ok(()), true);
        // Until a signal, a key that is not taken, or with `--once` until there is nothing more.
        loop {
            tokio::select! {
                () = signals.heard() => break,
                looked = looking.join_next() => match looked {
                    Some(Ok(Ok(()))) => {}
                    Some(Ok(Err(sentence))) => {
                        ended = Err(sentence);
                        break;
                    }
                    Some(Err(error)) => {
                        ended = Err(format!("The worker broke: {error}."));
                        break;
                    }
                    None => {
                        asked = false;
                        break;
                    }
                },
            }
        }
        self.stage.send_replace(Stage::Finishing);
        tokio::select! {
            () = self.finished() => {}
            () = signals.heard() => {}
            () = tokio::time::sleep(self.plan.grace), if asked => {}
        }
        self.stage.send_replace(Stage::Stopping);
        while looking.join_next().await.is_some() {}
        if tokio::time::timeout(GIVING_BACK, self.finished()).await.is_err() {
            tracing::warn!("some work could not be given back; its lease will lapse");
        }
        alive.abort();
        self.door.leave().await;
        tracing::info!("the worker has stopped");
        ended
    }

    /// Once nothing runs.
    async fn finished(&self) {
        let all = u32::try_from(self.plan.concurrency).unwrap_or(u32::MAX);
        drop(self.slots.acquire_many(all).await);
    }

    /// Looks for the work of one handler, and starts it where there is a free slot.
    async fn look(self: Arc<Worker>, handler: usize, once: bool) -> Result<(), String> {
        let mut stage = self.stage.subscribe();
        let task = self.plan.handlers[handler].task.clone();
        let wait = if once { 0 } else { WAIT_SECONDS };
        let mut backoff = door::Backoff::default();
        loop {
            let found = tokio::select! {
                found = self.door.claimable(&task, wait) => found,
                () = leaves(&mut stage, Stage::Working) => return Ok(()),
            };
            let pause = match found {
                Ok(found) => {
                    backoff = door::Backoff::default();
                    match self.take(&found, handler, &mut stage).await? {
                        true => Duration::ZERO,
                        false if once => return Ok(()),
                        false => BETWEEN_QUESTIONS,
                    }
                }
                Err(Trouble::Refused { status: 401 | 403, message, .. }) => return Err(message),
                Err(trouble) if once => return Err(trouble.sentence()),
                Err(trouble) => backoff.after(&trouble),
            };
            tokio::select! {
                () = tokio::time::sleep(pause) => {}
                () = leaves(&mut stage, Stage::Working) => return Ok(()),
            }
        }
    }

    /// Claims what was found, as slots become free; true if any of it could be had.
    async fn take(
        self: &Arc<Worker>,
        found: &[String],
        handler: usize,
        stage: &mut watch::Receiver<Stage>,
    ) -> Result<bool, String> {
        let mut any = false;
        for execution_id in found {
            let slot = tokio::select! {
                biased;
                () = leaves(stage, Stage::Working) => return Ok(any),
                slot = Arc::clone(&self.slots).acquire_owned() => slot.expect("the slots are never closed"),
            };
            // Not broken off: what was claimed without anybody hearing of it would wait for its lease to lapse.
            match self.door.claim(execution_id).await {
                Ok(Some(claimed)) => {
                    any = true;
                    let worker = Arc::clone(self);
                    tokio::spawn(async move {
                        job::run(&worker, handler, claimed).await;
                        drop(slot);
                    });
                }
                Ok(None) => tracing::debug!(execution_id, "somebody else was quicker"),
                Err(Trouble::Refused { status: 401 | 403, message, .. }) => return Err(message),
                Err(trouble) => {
                    tracing::warn!(execution_id, "it could not be claimed: {}", trouble.sentence());
                    return Ok(any);
                }
            }
        }
        Ok(any)
    }

    async fn show_life(&self) {
        let mut backoff = door::Backoff::default();
        loop {
            let pause = match self.door.register(&self.plan.tasks()).await {
                Ok(()) => {
                    backoff = door::Backoff::default();
                    SIGN_OF_LIFE
                }
                Err(trouble) => backoff.after(&trouble),
            };
            tokio::time::sleep(pause).await;
        }
    }
}

/// Once the worker is past `stage`.
async fn leaves(now: &mut watch::Receiver<Stage>, stage: Stage) {
    // The sender lives as long as the worker: a lost one is its end.
    drop(now.wait_for(|now| *now > stage).await);
}

/// The folder that paths in the file are seen from.
fn folder_of(file: &std::path::Path) -> PathBuf {
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty());
    folder.map_or_else(|| PathBuf::from("."), PathBuf::from)
}
