//! How many active cues an account may have. Decided where they are made and woken, so that two at once cannot pass.

use cuetower_core::cue::CueStatus;
use cuetower_core::id::{AccountId, CueId};
use cuetower_core::input::{Input, Refusal, RefusalCode};
use cuetower_core::lane::Lane;

use super::Pilot;
use super::batch::Batch;
use crate::handle::Trouble;

impl Batch {
    /// Whether the account may have one more active cue. The owner always may.
    pub(super) fn has_room(&self, pilot: &Pilot, account: &AccountId) -> Result<(), Trouble> {
        if account.is_owner() {
            return Ok(());
        }
        let counts = |lane: &&Lane| lane.cue.status == CueStatus::Active && lane.cue.definition.account == *account;
        let most = pilot.account_cues;
        if self.all_lanes(pilot).filter(counts).count() < most as usize {
            return Ok(());
        }
        let message = format!("Active cue limit of {most} reached");
        Err(Trouble::Refused(Refusal { code: RefusalCode::CueLimit, message }))
    }

    /// The same, if the input would make a cue active that is not.
    pub(super) fn may_wake(&mut self, pilot: &Pilot, cue_id: &CueId, input: &Input) -> Result<(), Trouble> {
        let Some(cue) = self.lane(pilot, cue_id).map(|lane| &lane.cue) else { return Ok(()) };
        let wakes = match (input, cue.status) {
            (Input::Resume, status) => status == CueStatus::Paused,
            (Input::Edit { definition, .. }, CueStatus::Completed | CueStatus::Failed) => {
                definition.schedule != cue.definition.schedule
            }
            _ => false,
        };
        let account = cue.definition.account.clone();
        if wakes { self.has_room(pilot, &account) } else { Ok(()) }
    }
}
