//! The demo fleet as the tower has it: its own (`--demo`), none, or a guest among the owner's cues, who comes and goes by a
//! click, and is there again after a restart until it is sent away.

use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use cuetower_engine::desk::wire::DeskError;
use cuetower_engine::desk::{DemoFleet, Desk, Doing, cues_of_demo};
use cuetower_engine::notify::Note;
use serde_json::{Value, json};
use tokio::sync::Mutex;
use tokio::task::JoinHandle;

use super::{DemoError, FOLDER, Fleet, agents, as_written, pools};

/// In the agents' folder: the fleet is a guest here, also after the next start.
const FLIES: &str = "guest";
const TAKE_TRIES: u32 = 20;
const TAKE_PAUSE: Duration = Duration::from_millis(100);
/// After it the owner is told that the agents are not up, whatever becomes of them.
const SOON: Duration = Duration::from_secs(5);
/// A later word about the fleet takes the place of the earlier.
const NOTE: &str = "demo fleet";
/// Fired at once, so that something is seen: one that is proven, and one that lies.
const FIRST: [&str; 2] = ["demo-score-new-leads", "demo-enrich-leads"];

pub struct Demo {
    data: PathBuf,
    /// The whole tower is a demo.
    own: bool,
    fleet: Mutex<Option<Fleet>>,
    /// A guest that comes back with the tower.
    coming: std::sync::Mutex<Option<JoinHandle<()>>>,
}

impl Demo {
    /// Before the engine: what it delivers first may be due already. No tower waits for a guest.
    pub async fn ready(data: &Path, own: bool) -> Result<Demo, DemoError> {
        let fleet = if own { Some(Fleet::start(data, false).await?) } else { None };
        Ok(Demo { data: data.to_owned(), own, fleet: Mutex::new(fleet), coming: std::sync::Mutex::default() })
    }

    /// Once the desk answers: its cues are there, and know where to call. A guest comes when it can.
    pub async fn take_off(self: &Arc<Demo>, desk: &Desk) -> Result<(), DemoError> {
        if let Some(own) = self.fleet.lock().await.as_ref() {
            return own.take_off(desk).await;
        }
        if self.data.join(FOLDER).join(FLIES).exists() {
            let (demo, desk) = (Arc::clone(self), desk.clone());
            let coming = tokio::spawn(async move { demo.come_back(&desk).await });
            *self.coming.lock().unwrap_or_else(PoisonError::into_inner) = Some(coming);
        }
        Ok(())
    }

    async fn come_back(&self, desk: &Desk) {
        let mut fleet = self.fleet.lock().await;
        match cues_of_demo(desk).await {
            // They were deleted one by one.
            Ok(cues) if cues.is_empty() => return self.send_away(None).await,
            Ok(_) => {}
            Err(error) => return lame(desk, &DemoError::Board(error)),
        }
        let mut starting = std::pin::pin!(Fleet::start(&self.data, true));
        let started = match tokio::time::timeout(SOON, &mut starting).await {
            Ok(started) => started,
            Err(_) => {
                tell(desk, format!("After {} s its agents are not up. They are waited for.", SOON.as_secs()));
                starting.await
            }
        };
        let settled = match started {
            Ok(started) => fleet.insert(started).settle(desk).await,
            Err(error) => Err(error),
        };
        if let Err(error) = settled {
            lame(desk, &error);
        }
    }

    /// Nobody waits for one that is to go.
    async fn come_no_more(&self) {
        let coming = self.coming.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(coming) = coming {
            coming.abort();
            drop(coming.await);
        }
    }

    /// With the tower. A guest comes back with it.
    pub async fn end(&self) {
        self.come_no_more().await;
        if let Some(fleet) = self.fleet.lock().await.take() {
            fleet.stop().await;
        }
    }

    async fn come(&self, desk: &Desk) -> Result<(), DeskError> {
        let mut fleet = self.fleet.lock().await;
        if fleet.is_none() {
            *fleet = Some(Fleet::start(&self.data, true).await.map_err(refused)?);
        }
        let guest = fleet.as_ref().expect("it was started a moment ago");
        // Before its cues: a tower that is killed in between knows whom to look for.
        let known = std::fs::write(self.data.join(FOLDER).join(FLIES), "");
        known.map_err(|source| refused(DemoError::Examples { path: self.data.join(FOLDER), source }))?;
        guest.take_off(desk).await.map_err(refused)?;
        for cue in cues_of_demo(desk).await?.iter().filter(|cue| FIRST.contains(&cue.definition.name.as_str())) {
            desk.call("cue_fire", json!({ "cue_id": cue.id.0, "payload": null })).await?;
        }
        Ok(())
    }

    async fn go(&self, desk: &Desk) -> Result<(), DeskError> {
        self.come_no_more().await;
        let fleet = self.fleet.lock().await.take();
        // Whether or not its agents could be started this time.
        let cues = as_written(true);
        for pool in pools(&cues) {
            take_away(desk, "pool_remove", &json!({ "name": pool })).await;
        }
        for agent in agents(&cues) {
            take_away(desk, "agent_forget", &json!({ "name": agent, "account": null })).await;
        }
        self.send_away(fleet).await;
        Ok(())
    }

    async fn send_away(&self, fleet: Option<Fleet>) {
        if let Some(fleet) = fleet {
            fleet.stop().await;
        }
        // What is left of a folder is written anew when the fleet comes again.
        drop(std::fs::remove_dir_all(self.data.join(FOLDER)));
    }
}

/// A guest that is not well keeps nobody's tower down.
fn lame(desk: &Desk, error: &DemoError) {
    tell(desk, format!("Not all of it works: {error} “Remove the demo” takes it out."));
}

fn tell(desk: &Desk, body: String) {
    tracing::warn!(why = body, "the demo fleet did not come back as it was");
    let title = "The demo fleet is not well".to_owned();
    desk.notifier.show(Note { key: NOTE.to_owned(), title, body, critical: false, opens: None, buttons: Vec::new() });
}

impl DemoFleet for Demo {
    fn is_all_there_is(&self) -> bool {
        self.own
    }

    fn start<'a>(&'a self, desk: &'a Desk) -> Doing<'a> {
        Box::pin(self.come(desk))
    }

    fn stop<'a>(&'a self, desk: &'a Desk) -> Doing<'a> {
        Box::pin(self.go(desk))
    }
}

/// What is not there need not be taken away, and what its owner uses by now stays. A run that was stopped a moment ago may
/// hold it still.
async fn take_away(desk: &Desk, command: &str, what: &Value) {
    for _ in 0..TAKE_TRIES {
        match desk.call(command, what.clone()).await {
            Err(error) if error.code != "not_found" => tokio::time::sleep(TAKE_PAUSE).await,
            _ => return,
        }
    }
    tracing::info!(%what, "this was left of the demo fleet: it is in use");
}

fn refused(error: DemoError) -> DeskError {
    match error {
        DemoError::Cue { error, .. } | DemoError::Board(error) if error.code == "busy" || error.code == "store" => {
            error
        }
        error => DeskError {
            code: "refused".to_owned(),
            message: format!("The demo fleet could not start: {error}"),
            field: None,
        },
    }
}
