//! What is expected of an agent outside of any cue: beats, and that its work gets on. When either falls due, given what is
//! known of it and when nobody could have heard it. Pure.

use cuetower_core::Ms;
use cuetower_core::away::Band;
use cuetower_core::time::AFTER_GAP_MS;
use cuetower_core::watch::{Heartbeat, due_after};
use serde::{Deserialize, Serialize};

use super::agent::Agent;
use super::beat::Status;

/// What its owner says about an agent. Nothing said: it is learnt from its beats, and told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AgentWatch {
    /// It beats this often; None: as it used to.
    pub interval_ms: Option<u64>,
    /// How late a beat may be; None: half the interval, at least 5 s.
    pub grace_ms: Option<u64>,
    /// How long its work may stand still while it beats; None: nobody looks.
    pub progress_within_ms: Option<u64>,
    /// Whether anybody is told of what is wrong with it.
    pub alert: bool,
    /// Its runner is asked to restart it when it falls silent.
    pub restart: bool,
}

impl AgentWatch {
    /// As if nothing were said.
    #[must_use]
    pub fn learnt() -> AgentWatch {
        AgentWatch { interval_ms: None, grace_ms: None, progress_within_ms: None, alert: true, restart: false }
    }
}

/// How long an agent may be silent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Silence {
    /// From beat to beat.
    pub gap_ms: u64,
    /// From a beat to the end of patience.
    pub length_ms: u64,
    /// Its owner said so; else it is learnt.
    pub is_said: bool,
}

/// What an agent owes from now on. In memory: it follows from its row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Armed {
    pub beat_at: Ms,
    pub silence: Silence,
    /// Since when its work stands still, and how long it may.
    pub progress: Option<(Ms, u64)>,
}

impl Armed {
    /// None: nothing is expected of it, because it never beat, said goodbye, or is known to be silent.
    #[must_use]
    pub fn of(agent: &Agent) -> Option<Armed> {
        let last = agent.last.as_ref().filter(|last| last.status != Status::Shutdown)?;
        if agent.lost_at.is_some() {
            return None;
        }
        let within = agent.watch.as_ref().and_then(|watch| watch.progress_within_ms);
        let within = within.filter(|_| agent.stuck_at.is_none());
        let stands_since = agent.stands_since().unwrap_or(last.at);
        let progress = within.map(|within| (stands_since, within));
        Some(Armed { beat_at: last.at, silence: agent.silence(), progress })
    }

    /// When its silence begins. `away`: when nobody listened, oldest first.
    ///
    /// A beat that was expected while nobody listened may have come and gone unheard, so the next one is waited for.
    #[must_use]
    pub fn lost_due(&self, now: Ms, away: &[Band]) -> Ms {
        let Silence { gap_ms, length_ms, .. } = self.silence;
        // A clock that was set back: it is counted from now.
        let mut from = self.beat_at.min(now);
        let mut due = from.plus(length_ms);
        for band in away.iter().filter(|band| band.to > self.beat_at) {
            if band.from >= due {
                break;
            }
            if from.plus(gap_ms) <= band.to {
                from = band.to;
                due = from.plus(length_ms);
            } else {
                due = due.plus(band.to.since(band.from.max(from)));
                due = due.max(band.to.plus(length_ms.min(AFTER_GAP_MS)));
            }
        }
        due
    }

    /// When its work will have stood still for too long; None: nobody looks.
    #[must_use]
    pub fn stuck_due(&self, now: Ms, away: &[Band]) -> Option<Ms> {
        self.progress.map(|(since, within)| due_after(since.min(now), within, away))
    }

    /// When there is something to decide.
    #[must_use]
    pub fn wakes_at(&self, now: Ms, away: &[Band]) -> Ms {
        let lost = self.lost_due(now, away);
        self.stuck_due(now, away).map_or(lost, |stuck| stuck.min(lost))
    }
}

/// Half the interval, unless its owner says.
pub(super) fn silence_said(watch: &AgentWatch) -> Option<Silence> {
    let gap_ms = watch.interval_ms?;
    let grace_ms = watch.grace_ms.unwrap_or_else(|| Heartbeat::grace_of(gap_ms));
    Some(Silence { gap_ms, length_ms: gap_ms.saturating_add(grace_ms), is_said: true })
}

#[cfg(test)]
mod tests {
    use cuetower_core::away::Reason;

    use super::*;

    fn at(second: i64) -> Ms {
        Ms(second * 1_000)
    }

    fn band(from: i64, to: i64) -> Band {
        Band { from: at(from), to: at(to), reason: Reason::Off }
    }

    /// Its last beat came at 0; one a minute is expected, with 30 s of grace.
    fn minutely() -> Armed {
        let silence = Silence { gap_ms: 60_000, length_ms: 90_000, is_said: true };
        Armed { beat_at: at(0), silence, progress: Some((at(0), 600_000)) }
    }

    #[test]
    fn a_beat_that_nobody_could_hear_is_not_held_against_it() {
        let due = |away: &[Band]| minutely().lost_due(at(1_000_000), away);
        assert_eq!(due(&[]), at(90));
        assert_eq!(due(&[band(-50, 0)]), at(90), "before its beat");
        assert_eq!(due(&[band(10, 30)]), at(110), "no beat was expected meanwhile; what was left is left");
        assert_eq!(due(&[band(55, 70)]), at(160), "the beat of second 60 may have come");
        assert_eq!(due(&[band(70, 80)]), at(170), "a late one too");
        assert_eq!(due(&[band(90, 8_000)]), at(90), "it was silent before");
        assert_eq!(due(&[band(10, 8_000), band(8_020, 8_030)]), at(8_100), "each gap counts");
        assert_eq!(due(&[band(10, 8_000), band(8_050, 8_070)]), at(8_160), "and each may swallow a beat");
    }

    #[test]
    fn a_long_interval_outlives_many_restarts() {
        let silence = Silence { gap_ms: 86_400_000, length_ms: 90_000_000, is_said: true };
        let daily = Armed { beat_at: at(0), silence, progress: None };
        let restarts: Vec<Band> = (1..20).map(|hour| band(hour * 3_600, hour * 3_600 + 10)).collect();
        assert_eq!(daily.wakes_at(at(1), &restarts), at(90_000 + 190));
    }

    #[test]
    fn a_clock_that_was_set_back_delays_nothing_for_long_and_work_waits_awake() {
        assert_eq!(minutely().lost_due(at(-5_000), &[]), at(-5_000 + 90));
        let beating = Armed { beat_at: at(580), ..minutely() };
        assert_eq!(beating.wakes_at(at(580), &[]), at(600), "its work is due before its beat");
        assert_eq!(beating.stuck_due(at(580), &[band(100, 400)]), Some(at(900)));
    }
}
