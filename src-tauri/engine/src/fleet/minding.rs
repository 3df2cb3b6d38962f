//! What time alone changes: commands that nobody fetched or answered end, and the faces hear of agents that grew late.

use std::collections::HashMap;

use cuetower_core::Ms;

use super::agent::State;
use super::asking::settle;
use crate::desk::wire::Topic;
use crate::handle::{Handle, Trouble};
use crate::journal::StoreError;

const LOOK_EVERY_MS: u64 = 5_000;

/// Goes on until it is dropped.
pub(crate) async fn mind(handle: Handle) {
    let mut known = HashMap::new();
    loop {
        let looked_at = handle.now();
        if let Err(error) = look(&handle, looked_at, &mut known).await {
            tracing::warn!(%error, "the fleet could not be looked after; it is tried again in 5 s");
        }
        // Also over when somebody sets the clock back.
        let over = |now: Ms| now >= looked_at.plus(LOOK_EVERY_MS) || now < looked_at;
        while !over(handle.now()) {
            handle.clock.sleep_until(Some(looked_at.plus(LOOK_EVERY_MS))).await;
        }
    }
}

/// `known`: of each agent, its newest beat and its state at the look before.
async fn look(handle: &Handle, now: Ms, known: &mut HashMap<u32, (Option<Ms>, State)>) -> Result<(), Trouble> {
    let unread = |error: StoreError| Trouble::Store(error.to_string());
    let open = handle.reader().agent_commands_open().await.map_err(unread)?;
    let overdue = open.into_iter().any(|mut command| command.overdue(now));
    let agents = handle.reader().agents(None).await.map_err(unread)?;
    let stand =
        agents.iter().map(|agent| (agent.id, (agent.last.as_ref().map(|last| last.at), agent.state(now)))).collect();
    let before = std::mem::replace(known, stand);
    let grew = |(id, (beat, state)): (&u32, &(Option<Ms>, State))| {
        before.get(id).is_some_and(|(beat_before, state_before)| beat_before == beat && state_before != state)
    };
    if !overdue && !known.iter().any(grew) {
        return Ok(());
    }
    let settled = handle.record(|recorder| {
        settle(recorder)?;
        recorder.touch(Topic::Agents);
        Ok(Ok::<(), std::convert::Infallible>(()))
    });
    settled.await.map(drop)
}
