//! What the machine knows of a run's processes, and a new start of one that hangs.

use cuetower_core::attempt::RestartBy;
use cuetower_core::id::RunId;
use cuetower_core::input::Input;
use cuetower_core::run::Run;

use super::wire::{DeskError, Nothing, ProcessView, RunRef, Truth};
use super::{Desk, runs};
use crate::perform;
use crate::truth::{self, Wait};

pub(super) async fn look(desk: &Desk, request: RunRef) -> Result<Truth, DeskError> {
    let run = runs::load(desk, &request.run_id).await?;
    let dir = perform::attempt_dir(desk.facts.data_dir.as_ref(), &run.id, run.latest().number);
    let seen = truth::of_attempt(&dir).await;
    let mut words = seen.sentences();
    if words.is_empty() {
        words.push(nothing_there(&run));
    }
    let processes = seen.processes.iter().map(|process| ProcessView {
        pid: process.pid,
        name: process.name.clone(),
        state: process.state.word().to_owned(),
        cpu_percent: process.cpu_percent,
        memory_bytes: process.memory_bytes,
        waits_on: process.waits_on.as_ref().map(Wait::words),
    });
    Ok(Truth {
        pid: seen.pid,
        words,
        processes: processes.collect(),
        memory_trend: seen.trend_word().map(str::to_owned),
    })
}

fn nothing_there(run: &Run) -> String {
    let latest = run.latest();
    if !run.definition.transport.is_command() {
        "The tower did not start this agent, so it cannot look at its processes.".to_owned()
    } else if latest.ended_at.is_some() && !latest.words.is_empty() {
        format!("Its process has ended: {}.", latest.words.trim_end_matches('.'))
    } else {
        "It has no process right now.".to_owned()
    }
}

pub(super) async fn restart(desk: &Desk, request: RunRef) -> Result<Nothing, DeskError> {
    let run_id = RunId(request.run_id);
    let input = Input::Restart { run_id: run_id.clone(), by: RestartBy::Owner };
    desk.handle.run(&run_id, input).await?;
    Ok(Nothing {})
}
