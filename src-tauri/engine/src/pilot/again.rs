//! Results of deliveries whose batch could not be committed. Nobody would tell them once more, so they come first in the next
//! batch. If the store works, and refuses what one of them says, that one must not take all the others with it for good: then
//! each is tried alone.

use cuetower_core::id::RunId;
use cuetower_core::input::{DeliveryResult, Input};

use super::Pilot;
use crate::handle::Order;
use crate::journal::{OutputRow, StoreError};

/// What the store refuses so often, though it works, it will not take.
const REFUSED_MAX: u32 = 3;

#[derive(Default)]
pub(super) struct Again {
    untold: Vec<Untold>,
    /// The store works, and did not take what was in a batch.
    is_suspected: bool,
}

struct Untold {
    run_id: RunId,
    input: Input,
    output: Option<OutputRow>,
    /// How often it was refused alone.
    refused: u32,
}

impl Again {
    /// After a batch that could not be committed.
    pub fn keep(&mut self, results: impl Iterator<Item = (RunId, Input, Option<OutputRow>)>, error: &StoreError) {
        let untold = |(run_id, input, output)| Untold { run_id, input, output, refused: 0 };
        self.untold.extend(results.map(untold));
        self.is_suspected |= error.is_about_what_was_written() && !self.untold.is_empty();
    }

    /// What comes first in the next batch.
    pub fn orders(&mut self) -> Vec<Order> {
        if self.is_suspected {
            // They wait for another try alone.
            return Vec::new();
        }
        std::mem::take(&mut self.untold).into_iter().map(Untold::order).collect()
    }
}

impl Untold {
    fn order(self) -> Order {
        Order::Run { by: None, run_id: self.run_id, input: self.input, output: self.output, reply: None }
    }

    /// The same without what an agent wrote, which is the likeliest reason; None: that is what it is already.
    fn barer(mut self) -> Option<Untold> {
        let mut is_barer = self.output.take().is_some();
        if let Input::Delivery { result: DeliveryResult::Answered { outcome, .. }, .. } = &mut self.input {
            is_barer |= outcome.take().is_some();
        }
        is_barer.then_some(Untold { refused: 0, ..self })
    }
}

impl Pilot {
    /// Each of them in a batch of its own, if one of them is suspected.
    ///
    /// # Errors
    /// The store does not work; nothing is held against anybody.
    pub(super) fn try_apart(&mut self) -> Result<(), StoreError> {
        if !self.again.is_suspected {
            return Ok(());
        }
        let (mut went_out, clocks) = self.batch_begun();
        // Worth a commit of its own, and refused only if the store refuses everything.
        went_out.status_changed = true;
        self.land(went_out, clocks)?;
        self.again.is_suspected = false;
        for untold in std::mem::take(&mut self.again.untold) {
            let Untold { run_id, input, output, refused } = untold;
            let (kept_input, kept_output) = (input.clone(), output.clone());
            let (mut batch, clocks) = self.batch_begun();
            self.take(&mut batch, Untold { run_id: run_id.clone(), input, output, refused }.order());
            let Err(error) = self.land(batch, clocks) else { continue };
            // It was put back as one that is new here.
            self.again.untold.pop();
            let refused = refused + u32::from(error.is_about_what_was_written());
            let untold = Untold { run_id, input: kept_input, output: kept_output, refused };
            self.again.untold.extend(given_up(untold, &error));
        }
        self.again.is_suspected = !self.again.untold.is_empty();
        Ok(())
    }
}

/// What is tried again of it, if anything.
fn given_up(untold: Untold, error: &StoreError) -> Option<Untold> {
    if untold.refused < REFUSED_MAX {
        return Some(untold);
    }
    let run = untold.run_id.clone();
    match untold.barer() {
        Some(barer) => {
            tracing::error!(%error, %run, "the store does not take what a run said; its result is kept without that");
            Some(barer)
        }
        None => {
            tracing::error!(%error, %run, "the store does not take the result of a delivery; it is dropped");
            None
        }
    }
}
