//! What has to hold before a delivery, looked at one check after the other; the first that does not hold is told.

use cuetower_core::check::OnFail;
use cuetower_core::input::DeliveryResult;
use cuetower_core::run::Run;

use super::Shared;
use crate::check::{self, Means};

/// Why the run may not be delivered now; None: nothing is against it.
pub(super) async fn unready(shared: &Shared, run: &Run) -> Option<DeliveryResult> {
    if run.definition.preflight.is_empty() {
        return None;
    }
    let means = Means {
        vault: &shared.vault,
        client: &shared.client,
        clock: &*shared.clock,
        fire: run.due,
        folder: check::folder_of(&run.definition),
    };
    for preflight in &run.definition.preflight {
        let proof = match preflight.check.made_for(run) {
            Ok(check) => check::perform(&check, &means).await,
            Err(why) => check::not_made(&preflight.check, why, means.clock.now()),
        };
        if !proof.passed {
            let words = format!("pre-flight: {} does not hold: {}", proof.check, proof.saw);
            return Some(DeliveryResult::Unready { words, hold: preflight.on_fail == OnFail::Hold });
        }
    }
    None
}
