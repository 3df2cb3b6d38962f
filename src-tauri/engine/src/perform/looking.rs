//! A look at the process of a run that fell silent, or stands still: what is seen goes back to the pilot, which tells of it.

use std::sync::Arc;

use cuetower_core::id::RunId;

use super::{Performer, Shared};
use crate::handle::Order;
use crate::truth;

impl Performer {
    /// Begins; nothing is waited for.
    pub fn look(&self, run_id: RunId, number: u32) {
        self.runtime.spawn(look(Arc::clone(&self.shared), run_id, number));
    }
}

async fn look(shared: Arc<Shared>, run_id: RunId, number: u32) {
    let seen = truth::of_attempt(&shared.attempt_dir(&run_id, number)).await;
    shared.send(Order::Looked { run_id, attempt: number, words: seen.words() }).await;
}
