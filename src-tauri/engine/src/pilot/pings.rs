//! Pings of agents that somebody else starts: which run a late one is about.

use cuetower_core::Ms;
use cuetower_core::cue::Confirm;
use cuetower_core::id::CueId;
use cuetower_core::input::{Answer, Input, Ping, PingKind, Refusal, RefusalCode};
use cuetower_core::lane::ARM_AHEAD_MS;
use cuetower_core::occurrence::Trigger;
use cuetower_core::run::Verdict;
use cuetower_core::time::DAY_MS;

use super::Pilot;
use super::batch::Batch;
use crate::handle::{Reply, Trouble};
use crate::journal::OutputRow;

/// A ping about a run that was given up longer ago is about none.
const LATE_MAX_MS: u64 = 7 * DAY_MS;

impl Pilot {
    pub(super) fn take_ping(&mut self, batch: &mut Batch, cue_id: &CueId, mut ping: Ping, reply: Reply<Answer>) {
        batch.tick(self, cue_id);
        let Some(lane) = batch.lane(self, cue_id) else {
            return batch.answer(reply, Err(Trouble::NotFound(format!("cue {cue_id}"))));
        };
        if !lane.cue.definition.transport.is_watch() {
            let message = format!("The cue `{}` is not only watched: it has no pings.", lane.cue.definition.name);
            return batch.answer(reply, Err(Trouble::Refused(Refusal { code: RefusalCode::Invalid, message })));
        }
        ping.run_id = self.given_up(batch, cue_id, &ping);
        let worked = !matches!(ping.kind, PingKind::Log | PingKind::Start);
        self.cue_is_heard(batch, cue_id, None, worked);
        let words = ping.words.clone().filter(|_| ping.kind != PingKind::Log);
        let answer = batch.decide(self, cue_id, &Input::Ping(ping));
        if let (Answer::Pinged { run_id }, Some(stdout)) = (&answer, words) {
            let run = batch.lane(self, cue_id).and_then(|lane| lane.runs.get(run_id));
            let number = run.map_or(1, |run| run.latest().number);
            let run_id = run_id.0.clone();
            batch.commit.outputs.push(OutputRow { run_id, number, stdout, stderr: String::new(), truncated: false });
        }
        batch.answer(reply, Ok(answer));
    }

    /// The run that had gone silent before this word of it came, or that this very word was told of before.
    fn given_up(&mut self, batch: &mut Batch, cue_id: &CueId, ping: &Ping) -> Option<cuetower_core::id::RunId> {
        let lane = batch.lane(self, cue_id)?;
        let soon = ping.at.plus(ARM_AHEAD_MS);
        let begins_now = |due: Ms| due <= soon && due >= ping.at.minus(ARM_AHEAD_MS);
        let awaited = lane.armed.iter().any(|armed| armed.trigger == Trigger::Scheduled && begins_now(armed.due));
        if awaited || lane.runs.values().any(|run| run.is_live() && run.due <= soon) {
            return None;
        }
        let run = match self.journal.newest_run(cue_id, soon) {
            Ok(run) => run?,
            Err(error) => {
                tracing::error!(%error, %cue_id, "the run that a ping is about could not be read back");
                return None;
            }
        };
        let latest = run.latest();
        let unheard = run.verdict() == Some(Verdict::Silent) && latest.outcome.is_none() && latest.exit_code.is_none();
        // It was confirmed by its first ping alone.
        let begun = run.definition.confirm == Confirm::Delivery && ping.kind != PingKind::Start;
        let unheard = unheard || begun && run.verdict() == Some(Verdict::Confirmed);
        let named = ping.rid.is_none() || latest.rid.is_none() || latest.rid == ping.rid;
        let told_before = ping.rid.is_some() && latest.rid == ping.rid;
        let id = run.id.clone();
        let fits = (told_before || unheard && named) && ping.at.since(run.due) <= LATE_MAX_MS;
        fits.then(|| {
            if let Some(lane) = batch.lane(self, cue_id) {
                lane.recall(run);
            }
            id
        })
    }
}
