//! Waits over gaps of the clocks, on a real engine with a clock that is moved by hand.

use std::sync::Arc;
use std::time::Duration;

use cuetower_core::id::RunId;
use cuetower_core::input::{Answer, Fire};
use cuetower_core::occurrence::Trigger;
use cuetower_core::pool::PoolLimits;
use cuetower_core::run::Phase;
use cuetower_core::time::{HOUR_MS, MINUTE_MS};
use serde_json::json;

use super::*;
use crate::briefing_note::tests::{NOW, tower};
use crate::clock::{Clock as _, ManualClock};
use crate::definition;
use crate::handle::Handle;
use crate::notify::Notifier;

const OFFERED_MS: u64 = 5 * MINUTE_MS;

async fn fired(handle: &Handle, cue: &CueId) -> RunId {
    let fire =
        Fire { payload: None, send_at: None, key: None, exit_criteria: Vec::new(), trigger: Trigger::ManualFire };
    let (answer, _) = handle.cue(cue, Input::Fire(fire)).await.unwrap();
    let Answer::Fired { run_id, .. } = answer else { panic!("{answer:?}") };
    run_id
}

/// Waits until it is in such a phase, and says what is asked of it.
async fn seen<T>(handle: &Handle, run: &RunId, of: impl Fn(&Phase) -> Option<T>) -> T {
    loop {
        let found = handle.reader().run(run.0.clone()).await.unwrap();
        if let Some(seen) = found.and_then(|run| of(&run.phase)) {
            return seen;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

fn offered_until(phase: &Phase) -> Option<Ms> {
    if let Phase::Offered { until } = phase { Some(*until) } else { None }
}

#[tokio::test]
async fn an_offer_that_begins_when_the_machine_wakes_is_no_longer_than_any_other() {
    let folder = tempfile::tempdir().unwrap();
    let clock = Arc::new(ManualClock::at(NOW));
    let (handle, running) = tower(folder.path(), &clock, Notifier::start(false).await.0).await;
    let limits = PoolLimits { calls_per_min: Some(1), ..PoolLimits::default() };
    handle.pools(PoolInput::Set { name: "paced".to_owned(), limits }).await.unwrap();
    let cue = json!({
        "name": "leads", "transport": "worker", "schedule": { "type": "manual" }, "overlap": "allow", "uses": ["paced"],
        "delivery": { "timeout_seconds": OFFERED_MS / 1_000 },
    });
    let cue = handle.create_cue(definition::read_new(&cue, handle.now()).unwrap().definition).await.unwrap().id;
    let first = fired(&handle, &cue).await;
    assert_eq!(seen(&handle, &first, offered_until).await, NOW.plus(OFFERED_MS));
    clock.advance(1_000);
    let second = fired(&handle, &cue).await;
    seen(&handle, &second, |phase| matches!(phase, Phase::Held { .. }).then_some(())).await;

    clock.sleep_machine(8 * HOUR_MS);
    assert_eq!(seen(&handle, &second, offered_until).await, clock.reading().wall.plus(OFFERED_MS), "it begins now");
    let went_on = |phase: &Phase| offered_until(phase).filter(|until| *until != NOW.plus(OFFERED_MS));
    assert_eq!(seen(&handle, &first, went_on).await, NOW.plus(OFFERED_MS + 8 * HOUR_MS), "that one stood still");
    running.stop().await;
}
