//! The demo fleet as the tower has it: its own (`--demo`), none, or a guest among the owner's cues, who comes and goes by a
//! click, and is there again after a restart until it is sent away.

use std::path::{Path, PathBuf};
use std::time::Duration;

use cuetower_engine::desk::wire::DeskError;
use cuetower_engine::desk::{DemoFleet, Desk, Doing, cues_of_demo};
use serde_json::{Value, json};
use tokio::sync::Mutex;

use super::{DemoError, FOLDER, Fleet};

/// In the agents' folder: the fleet is a guest here, also after the next start.
const FLIES: &str = "guest";
const TAKE_TRIES: u32 = 20;
const TAKE_PAUSE: Duration = Duration::from_millis(100);
/// Fired at once, so that something is seen: one that is proven, and one that lies.
const FIRST: [&str; 2] = ["demo-score-new-leads", "demo-enrich-leads"];

pub struct Demo {
    data: PathBuf,
    /// The whole tower is a demo.
    own: bool,
    fleet: Mutex<Option<Fleet>>,
}

impl Demo {
    /// Before the engine: what it delivers first may be due already.
    pub async fn ready(data: &Path, own: bool) -> Result<Demo, DemoError> {
        let fleet = if own {
            Some(Fleet::start(data, false).await?)
        } else if data.join(FOLDER).join(FLIES).exists() {
            // A guest that cannot come keeps nobody's tower down.
            let started = Fleet::start(data, true).await;
            started.inspect_err(|error| tracing::warn!(%error, "the demo fleet could not be started again")).ok()
        } else {
            None
        };
        Ok(Demo { data: data.to_owned(), own, fleet: Mutex::new(fleet) })
    }

    /// Once the desk answers: its cues are there, and know where to call.
    pub async fn take_off(&self, desk: &Desk) -> Result<(), DemoError> {
        let mut fleet = self.fleet.lock().await;
        match fleet.as_ref() {
            Some(own) if self.own => own.take_off(desk).await,
            Some(guest) => {
                match cues_of_demo(desk).await {
                    // Its cues were deleted one by one.
                    Ok(cues) if cues.is_empty() => self.send_away(fleet.take()).await,
                    Ok(_) => drop(guest.settle(desk).await.inspect_err(lame)),
                    Err(error) => lame(&DemoError::Board(error)),
                }
                Ok(())
            }
            None => Ok(()),
        }
    }

    /// With the tower. A guest comes back with it.
    pub async fn end(&self) {
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
        let Some(fleet) = self.fleet.lock().await.take() else {
            // It could not be started again, and need not be tried any more.
            self.send_away(None).await;
            return Ok(());
        };
        for pool in fleet.pools() {
            take_away(desk, "pool_remove", &json!({ "name": pool })).await;
        }
        for agent in fleet.agents() {
            take_away(desk, "agent_forget", &json!({ "name": agent, "account": null })).await;
        }
        self.send_away(Some(fleet)).await;
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
fn lame(error: &DemoError) {
    tracing::warn!(%error, "the demo fleet is back, and not all of it works");
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
