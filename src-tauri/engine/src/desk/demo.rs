//! The demo fleet among the owner's own cues: put there by a click, and taken out again with whatever belongs to it. The
//! agents themselves are brought along by the program around the engine; here is which cues are theirs.

use std::pin::Pin;
use std::sync::{Arc, OnceLock};

use cuetower_core::cue::{Cue, CueStatus};

use super::wire::{CueRef, DemoView, DeskError, Nothing};
use super::{Desk, cues, invalid};

/// The description of each of its cues. Whoever writes another one makes the cue his own, and it stays.
pub const MARK: &str =
    "Part of the demo fleet. It runs on this machine, costs nothing, and goes with “Remove the demo”.";
const CUES_MAX: u32 = 10_000;

/// Something asked of the fleet, while it is done.
pub type Doing<'a> = Pin<Box<dyn Future<Output = Result<(), DeskError>> + Send + 'a>>;

/// The agents of the demo, as the program around the engine has them.
pub trait DemoFleet: Send + Sync {
    /// The whole tower is a demo, in a data folder of its own: nothing is put among anything, and nothing taken out.
    fn is_all_there_is(&self) -> bool;
    /// Starts the agents and makes their cues, each with [`MARK`] as its description.
    fn start<'a>(&'a self, desk: &'a Desk) -> Doing<'a>;
    /// Ends the agents, and takes away what they left beside their cues, which are deleted by then.
    fn stop<'a>(&'a self, desk: &'a Desk) -> Doing<'a>;
}

/// Where the desk finds the fleet, once there is one.
#[derive(Clone, Default)]
pub struct Demo(Arc<OnceLock<Arc<dyn DemoFleet>>>);

impl Demo {
    /// The first fleet that is set stays.
    pub fn set(&self, fleet: Arc<dyn DemoFleet>) {
        self.0.get_or_init(|| fleet);
    }

    fn fleet(&self) -> Result<&dyn DemoFleet, DeskError> {
        match self.0.get() {
            Some(fleet) if fleet.is_all_there_is() => {
                Err(refused("This whole tower is a demo, with a data folder of its own. Nothing is to be put into it."))
            }
            Some(fleet) => Ok(fleet.as_ref()),
            None => Err(refused("This tower has no demo fleet.")),
        }
    }
}

/// Its cues that are there now.
///
/// # Errors
/// If the store cannot be read.
pub async fn cues_of_demo(desk: &Desk) -> Result<Vec<Cue>, DeskError> {
    let (mut cues, _) = desk.handle.reader().cues(None, None, CUES_MAX, 0).await?;
    cues.retain(|cue| cue.status != CueStatus::Deleted && cue.definition.description.as_deref() == Some(MARK));
    Ok(cues)
}

pub(super) async fn look(desk: &Desk, _: Nothing) -> Result<DemoView, DeskError> {
    let possible = desk.demo.fleet().is_ok();
    let cues = if possible { cues_of_demo(desk).await? } else { Vec::new() };
    Ok(DemoView { possible, cue_ids: cues.into_iter().map(|cue| cue.id.0).collect() })
}

pub(super) async fn start(desk: &Desk, nothing: Nothing) -> Result<DemoView, DeskError> {
    if let Err(error) = desk.demo.fleet()?.start(desk).await {
        // Half a fleet is none.
        if let Err(left) = stop(desk, Nothing {}).await {
            tracing::warn!(error = left.message, "what there was of the demo fleet could not be taken out again");
        }
        return Err(error);
    }
    look(desk, nothing).await
}

/// Its runs are stopped and its alerts resolved with its cues. What ran stays in the ledger. What cannot be deleted stays, is
/// told at the end, and holds nothing else up.
pub(super) async fn stop(desk: &Desk, nothing: Nothing) -> Result<DemoView, DeskError> {
    let fleet = desk.demo.fleet()?;
    let mut left = Vec::new();
    for cue in cues_of_demo(desk).await? {
        match cues::delete(desk, CueRef { cue_id: cue.id.0 }).await {
            Ok(_) => {}
            // Somebody was faster.
            Err(error) if error.code == "not_found" => {}
            Err(error) => left.push((cue.definition.name.clone(), error)),
        }
    }
    fleet.stop(desk).await?;
    let Some((_, first)) = left.first() else { return look(desk, nothing).await };
    let each: Vec<String> = left.iter().map(|(name, error)| format!("`{name}`: {}", error.message)).collect();
    let message = format!("The demo is gone but for what could not be deleted. {}", each.join(" "));
    Err(DeskError { code: first.code.clone(), message, field: None })
}

fn refused(message: &str) -> DeskError {
    DeskError { code: "refused".to_owned(), field: None, ..invalid("", message) }
}
