//! What the owner is told of those under watch, and what is done about it.

use cuetower_core::alert::{About, AlertKind, Problem, Severity, Signal};
use cuetower_core::attempt::RestartBy;
use cuetower_core::cue::CueDefinition;
use cuetower_core::id::{CueId, RunId};
use cuetower_core::input::{Answer, Input};
use cuetower_core::run::Run;
use cuetower_core::sentence;
use cuetower_core::time::{HOUR_MS, length_in_words};
use cuetower_core::watch::words::{self, Quiet};
use cuetower_core::watch::{Loop, News, OnLoop, Spike, Subject};

use super::Pilot;
use super::batch::Batch;
use super::watching::Held;

/// Restarts of one run by the watch in a rolling hour; then a person is needed.
const RESTARTS_AN_HOUR: u32 = 3;

impl Pilot {
    /// `seen`: what was seen of its process.
    pub(super) fn tell_news(&mut self, batch: &mut Batch, subject: &Subject, news: News, seen: Option<&str>) {
        let Some(held) = self.watches.held.get(subject) else { return };
        let (cue, watch) = (held.cue.clone(), held.watch.clone());
        let run = subject.run().cloned();
        let (kind, since) = match news {
            News::Look => {
                if let Some(run) = run {
                    self.performer.look(run, watch.attempt);
                }
                return;
            }
            News::Back => return self.over(batch, &cue, run, AlertKind::HeartbeatLost),
            News::Moves => return self.over(batch, &cue, run, AlertKind::Zombie),
            News::Long => return self.tell_long(batch, &cue, run, watch.began_at),
            News::Lost { since } => (AlertKind::HeartbeatLost, since),
            News::Stuck { since } => (AlertKind::Zombie, since),
        };
        let Some(heartbeat) = watch.heartbeat else { return };
        let restarted = run.as_ref().filter(|_| heartbeat.restart).and_then(|run| {
            let lasts = length_in_words(batch.now.since(since));
            let why = if kind == AlertKind::Zombie {
                format!("no progress for {lasts}")
            } else {
                format!("no beat for {lasts}")
            };
            self.restarted_by_the_watch(batch, run, why)
        });
        // That nobody starts it again is told at once, however short after its last silence.
        let title = match restarted {
            Some(Restarted::Left { .. }) => {
                let definition = self.definition_of(batch, &cue);
                definition.map(|definition| sentence::titled(&definition.name, "is not started again any more"))
            }
            Some(Restarted::Now { .. } | Restarted::Not { .. }) | None => None,
        };
        let restarts = restarted.map(Restarted::words);
        let quiet = Quiet {
            heartbeat,
            beaten: watch.beat_at.is_some(),
            since,
            now: batch.now,
            progress: watch.progress,
            seen,
            restarts,
        };
        let body = if kind == AlertKind::Zombie { quiet.stands_still() } else { quiet.is_silent() };
        self.trouble(batch, &cue, run, kind, Severity::Critical, title, body);
    }

    /// None: it is no run that could be started again.
    fn restarted_by_the_watch(&mut self, batch: &mut Batch, run_id: &RunId, why: String) -> Option<Restarted> {
        let run = self.run_watched(batch, run_id)?;
        let before = run.restarts_by_watch_since(batch.now.minus(HOUR_MS));
        if before >= RESTARTS_AN_HOUR {
            return Some(Restarted::Left { before });
        }
        let input = Input::Restart { run_id: run_id.clone(), by: RestartBy::Watch { why } };
        Some(match batch.decide(self, &run.cue_id.clone(), &input) {
            Answer::Refused(refusal) => Restarted::Not { why: refusal.message },
            _ => Restarted::Now { number: before + 1 },
        })
    }

    pub(super) fn tell_spike(&mut self, batch: &mut Batch, run: &Run, spike: &Spike) {
        let title = words::spike_title(&run.definition.name, spike);
        let body = words::spike_body(spike, run.definition.budget.cost);
        let (kind, severity) = (AlertKind::CostSpike, spike.severity());
        self.trouble(batch, &run.cue_id, Some(run.id.clone()), kind, severity, Some(title), body);
    }

    pub(super) fn tell_calm(&mut self, batch: &mut Batch, run: &Run) {
        self.over(batch, &run.cue_id, Some(run.id.clone()), AlertKind::CostSpike);
    }

    /// One alert, whether or not it ends the run.
    pub(super) fn tell_loop(&mut self, batch: &mut Batch, run: &Run, found: &Loop) {
        let kind = AlertKind::LoopDetected;
        if run.definition.loops == OnLoop::Stop {
            let input = Input::Blow { run_id: run.id.clone(), most: None, words: found.words.clone() };
            batch.decide(self, &run.cue_id.clone(), &input);
        }
        let stopped = self.run_watched(batch, &run.id).is_none();
        let (severity, title) = match stopped {
            true => {
                let title = sentence::titled(&run.definition.name, "was stopped: it repeats itself");
                (Severity::Critical, Some(title))
            }
            false => (kind.severity(), None),
        };
        let body = words::loop_body(found, stopped);
        self.trouble(batch, &run.cue_id, Some(run.id.clone()), kind, severity, title, body);
    }

    pub(super) fn tell_loop_over(&mut self, batch: &mut Batch, run: &Run) {
        self.over(batch, &run.cue_id, Some(run.id.clone()), AlertKind::LoopDetected);
    }

    fn tell_long(&mut self, batch: &mut Batch, cue: &CueId, run: Option<RunId>, began: cuetower_core::Ms) {
        let Some(usual) = self.envelopes.usual(cue) else { return };
        let body = words::long_body(batch.now.since(began), &usual);
        self.trouble(batch, cue, run, AlertKind::OutOfEnvelope, Severity::Warning, None, body);
    }

    /// Nobody watches it any more: what was open because of that is no longer.
    pub(super) fn tell_over(&mut self, batch: &mut Batch, subject: &Subject, held: &Held) {
        let run = subject.run().cloned();
        let open = [
            (held.watch.lost.is_some(), AlertKind::HeartbeatLost),
            (held.watch.stuck.is_some(), AlertKind::Zombie),
            (held.spiking.is_some(), AlertKind::CostSpike),
        ];
        for (_, kind) in open.into_iter().filter(|(open, _)| *open) {
            self.over(batch, &held.cue, run.clone(), kind);
        }
    }

    #[expect(clippy::too_many_arguments, reason = "an alert says as much")]
    pub(super) fn trouble(
        &mut self,
        batch: &mut Batch,
        cue: &CueId,
        run_id: Option<RunId>,
        kind: AlertKind,
        severity: Severity,
        title: Option<String>,
        body: String,
    ) {
        let Some(definition) = self.definition_of(batch, cue) else { return };
        let title = title.unwrap_or_else(|| sentence::alert_title(&definition.name, kind));
        batch.signal(
            self,
            &Signal::Trouble(Problem { about: About::Cue(cue.clone()), kind, severity, run_id, title, body }),
        );
    }

    fn over(&mut self, batch: &mut Batch, cue: &CueId, run_id: Option<RunId>, kind: AlertKind) {
        batch.signal(self, &Signal::Over { about: About::Cue(cue.clone()), kind, run_id });
    }

    fn definition_of(&self, batch: &Batch, cue: &CueId) -> Option<std::sync::Arc<CueDefinition>> {
        Some(std::sync::Arc::clone(&batch.standing(self, cue)?.cue.definition))
    }
}

/// What became of one that the watch wants to start again.
enum Restarted {
    Now {
        number: u32,
    },
    Not {
        why: String,
    },
    /// It was started again too often within the hour; a person is needed.
    Left {
        before: u32,
    },
}

impl Restarted {
    fn words(self) -> String {
        match self {
            Restarted::Now { number } => format!("It is restarted now ({number} of {RESTARTS_AN_HOUR} in an hour)."),
            Restarted::Not { why } => format!("It could not be restarted: {why}"),
            Restarted::Left { before } => {
                format!("It was restarted {before} times within the hour, and is left as it is.")
            }
        }
    }
}
