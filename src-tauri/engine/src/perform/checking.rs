//! Makes the checks of a run one after the other, and tells what each showed. What follows from that is decided in core.

use std::pin::{Pin, pin};
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use cuetower_core::check::{Check, Proof};
use cuetower_core::input::Input;
use cuetower_core::run::Run;
use tokio::sync::Semaphore;
use tokio::time::Sleep;

use super::Shared;
use crate::check::{self, Means};
use crate::handle::Order;

/// Runs looked at at once; each kind of look has a bound of its own besides.
const RUNS_MAX: usize = 64;
static RUNS: LazyLock<Semaphore> = LazyLock::new(|| Semaphore::new(RUNS_MAX));
/// For all checks of one run.
const ALL_MAX: Duration = Duration::from_secs(15 * 60);

pub(super) async fn check(shared: Arc<Shared>, run: Arc<Run>, number: u32) {
    let Ok(_turn) = RUNS.acquire().await else { return };
    let means = Means {
        vault: &shared.vault,
        client: &shared.client,
        clock: &*shared.clock,
        fire: run.due,
        folder: check::folder_of(&run.definition),
    };
    let mut over = pin!(tokio::time::sleep(ALL_MAX));
    let mut proofs = Vec::with_capacity(run.definition.checks.len());
    for asked in &run.definition.checks {
        proofs.push(made(asked, &run, &means, over.as_mut()).await);
    }
    let input = Input::Checked { run_id: run.id.clone(), number, proofs };
    shared.send(Order::Run { by: None, run_id: run.id.clone(), input, output: None, reply: None }).await;
}

async fn made(asked: &Check, run: &Run, means: &Means<'_>, over: Pin<&mut Sleep>) -> Proof {
    let not_made = |why: &str| check::not_made(asked, why.to_owned(), means.clock.now());
    let ready = match asked.made_for(run) {
        Ok(ready) => ready,
        Err(why) => return not_made(&why),
    };
    tokio::select! {
        biased;
        () = over => not_made("not looked at: all checks together may take 15 min"),
        proof = check::perform(&ready, means) => proof,
    }
}
