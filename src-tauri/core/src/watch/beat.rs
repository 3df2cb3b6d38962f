//! Who is expected to show that it lives, and that it gets on: when silence begins, when work stands still, and when either is
//! over. Alive and working are two facts.

use serde::{Deserialize, Serialize};

use super::asked::Heartbeat;
use crate::Ms;
use crate::away::{Band, Reason};
use crate::id::{CueId, RunId};
use crate::time::AFTER_GAP_MS;

/// Of one silence, so many gaps may each have swallowed a beat; more would let a tower that comes and goes wait for ever.
const UNHEARD_MAX: u8 = 3;
/// How long the tower looks at a process before it tells of its silence.
const LOOK_MS: u64 = 600;

/// Whom the watch is about.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Subject {
    Run(RunId),
    /// Its agent is expected always.
    Cue(CueId),
}

impl Subject {
    #[must_use]
    pub fn run(&self) -> Option<&RunId> {
        match self {
            Subject::Run(run) => Some(run),
            Subject::Cue(_) => None,
        }
    }
}

/// When `length_ms` will have passed since `anchor`, of time in which the tower was up and the machine awake. `away`: newest last.
#[must_use]
pub fn due_after(anchor: Ms, length_ms: u64, away: &[Band]) -> Ms {
    let mut due = anchor.plus(length_ms);
    for band in away.iter().filter(|band| band.to > anchor) {
        if band.from >= due {
            break;
        }
        due = due.plus(band.to.since(band.from.max(anchor)));
        due = due.max(band.to.plus(length_ms.min(AFTER_GAP_MS)));
    }
    due
}

/// Counts the time in which a beat could have been heard. A gap that may have swallowed one begins the count anew: the next
/// beat is waited for.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
struct Count {
    from: Ms,
    due: Ms,
    /// So many gaps may have swallowed a beat.
    unheard: u8,
}

impl Count {
    fn over(from: Ms, length_ms: u64, heartbeat: Heartbeat, away: &[Band]) -> Count {
        let mut count = Count { from, due: from.plus(length_ms), unheard: 0 };
        for band in away.iter().filter(|band| band.to > from) {
            if band.from >= count.due {
                break;
            }
            let length_ms = band.to.since(band.from.max(from));
            match band.reason {
                Reason::ClockSet => count.stepped(i64::try_from(length_ms).unwrap_or(i64::MAX), heartbeat, band.to),
                Reason::Off | Reason::Asleep | Reason::Stalled => {
                    let swallows = swallows(count.from, heartbeat, band.to);
                    count.gap(length_ms, swallows, heartbeat, band.to);
                }
            }
        }
        count
    }

    /// Nobody listened until `to`.
    fn gap(&mut self, length_ms: u64, swallows: bool, heartbeat: Heartbeat, to: Ms) {
        self.due = self.due.plus(length_ms);
        // After one that was not heard, the next may come at any time.
        if self.unheard < UNHEARD_MAX && (swallows || self.unheard > 0) {
            (self.unheard, self.from) = (self.unheard + 1, to);
            self.due = self.due.max(to.plus(longest(heartbeat)));
        } else {
            self.from = self.from.plus(length_ms);
            self.due = self.due.max(to.plus(longest(heartbeat).min(AFTER_GAP_MS)));
        }
    }

    /// The clock was set, and shows `to`.
    fn stepped(&mut self, by_ms: i64, heartbeat: Heartbeat, to: Ms) {
        (self.from, self.due) = (moved(self.from, by_ms), moved(self.due, by_ms));
        self.due = self.due.max(to.plus(longest(heartbeat).min(AFTER_GAP_MS)));
    }
}

/// Whether a beat may have come unheard until `to`, half its time too early at most.
fn swallows(heard: Ms, heartbeat: Heartbeat, to: Ms) -> bool {
    heard.plus(heartbeat.interval_ms / 2) <= to
}

/// Between two beats of one that lives.
fn longest(heartbeat: Heartbeat) -> u64 {
    heartbeat.interval_ms.saturating_add(heartbeat.grace_ms)
}

fn moved(at: Ms, by_ms: i64) -> Ms {
    Ms(at.0.saturating_add(by_ms))
}

/// Of the time between two instants, how much the tower was up and the machine awake, in milliseconds.
#[must_use]
pub fn awake_between(from: Ms, to: Ms, away: &[Band]) -> u64 {
    let within = |band: &Band| band.to.min(to).since(band.from.max(from));
    to.since(from).saturating_sub(away.iter().map(within).sum())
}

/// What is known of one subject.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Watch {
    /// None: no beat is expected; only what it spends and repeats is looked at.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub heartbeat: Option<Heartbeat>,
    /// Of a run; each new one begins anew.
    pub attempt: u32,
    pub began_at: Ms,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub beat_at: Option<Ms>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub progress: Option<f64>,
    /// When it last got on, or began.
    pub progress_at: Ms,
    /// It is silent, since its newest sign of life.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lost: Option<Ms>,
    /// It beats and has not got on since then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stuck: Option<Ms>,
    /// It lasts longer than is usual, and that was told.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub long: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    count: Option<Count>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    stuck_due: Option<Ms>,
    /// When it will have lasted longer than is usual.
    #[serde(skip)]
    long_due: Option<Ms>,
    /// Its process is being looked at; told without what is seen if that takes longer.
    #[serde(skip)]
    looking: Option<Ms>,
}

/// What is new about a subject.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum News {
    /// It has fallen silent, or stands still; its process is worth a look before that is told.
    Look,
    /// No sign of life since then.
    Lost { since: Ms },
    /// It beats and has not got on since then.
    Stuck { since: Ms },
    /// It was silent and beats again.
    Back,
    /// It stood still and gets on.
    Moves,
    /// It lasts longer than is usual.
    Long,
}

impl Watch {
    /// Its time begins. `began_at`: of a run, when its attempt was delivered.
    #[must_use]
    pub fn began(heartbeat: Option<Heartbeat>, attempt: u32, began_at: Ms, away: &[Band]) -> Watch {
        let mut watch = Watch {
            heartbeat,
            attempt,
            began_at,
            beat_at: None,
            progress: None,
            progress_at: began_at,
            lost: None,
            stuck: None,
            long: false,
            count: None,
            stuck_due: None,
            long_due: None,
            looking: None,
        };
        watch.wind(began_at, away);
        watch
    }

    /// Sets its clocks by what is known, as after each sign. No instant of its own lies ahead of `now`, though the
    /// clock may have been set back.
    pub fn wind(&mut self, now: Ms, away: &[Band]) {
        self.began_at = self.began_at.min(now);
        self.beat_at = self.beat_at.map(|at| at.min(now));
        self.progress_at = self.progress_at.min(now);
        self.looking = None;
        let Some(heartbeat) = self.heartbeat else {
            (self.count, self.stuck_due) = (None, None);
            return;
        };
        self.count_anew(heartbeat, away);
        // Whoever does not beat is silent, and no more.
        let alive = self.beat_at.is_some() && self.lost.is_none() && self.stuck.is_none();
        let within = heartbeat.progress_within_ms.filter(|_| alive);
        self.stuck_due = within.map(|within| {
            let due = due_after(self.progress_at, within, away);
            let heard = self.beat_at.unwrap_or(self.progress_at);
            let unheard = |band: &&Band| band.reason != Reason::ClockSet && band.to > heard;
            let swallowing = away.iter().rev().filter(unheard).find(|band| swallows(heard, heartbeat, band.to));
            // The next beat may tell that it got on meanwhile.
            swallowing.map_or(due, |band| due.max(band.to.plus(longest(heartbeat).min(within))))
        });
    }

    fn count_anew(&mut self, heartbeat: Heartbeat, away: &[Band]) {
        self.count = self.lost.is_none().then(|| match self.beat_at {
            Some(at) => Count::over(at, longest(heartbeat), heartbeat, away),
            None => Count::over(self.began_at, heartbeat.start_grace_ms, heartbeat, away),
        });
    }

    /// How long is usual for it, from its beginning on; None: nobody knows.
    pub fn usually_at_most(&mut self, usual_ms: Option<u64>, away: &[Band]) {
        self.long_due = usual_ms.filter(|_| !self.long).map(|usual| due_after(self.began_at, usual, away));
    }

    #[must_use]
    pub fn knows_what_is_usual(&self) -> bool {
        self.long || self.long_due.is_some()
    }

    /// A sign of life. `worked`: it got on, whatever its number says.
    pub fn hear(&mut self, progress: Option<f64>, worked: bool, now: Ms, away: &[Band]) -> Vec<News> {
        let mut news = Vec::new();
        self.beat_at = Some(now);
        if self.lost.take().is_some() {
            news.push(News::Back);
            // It did not beat; nobody knew whether it got on.
            self.progress_at = now;
        }
        // What is left of its time to get on was counted as time went by; a clock that was set back does not tell it again.
        let left = self.stuck_due;
        let moves = worked || self.moves(progress);
        if moves {
            self.progress_at = now;
            if self.stuck.take().is_some() {
                news.push(News::Moves);
            }
        }
        self.progress = progress.or(self.progress);
        self.wind(now, away);
        if !moves && left.is_some() {
            self.stuck_due = left;
        }
        news
    }

    /// Whether this number says that it got on since the one before. The first one says nothing yet.
    #[must_use]
    pub fn moves(&self, progress: Option<f64>) -> bool {
        progress.zip(self.progress).is_some_and(|(now, before)| now.to_bits() != before.to_bits())
    }

    /// What time alone brings. `looks`: it has a process that can be looked at first.
    pub fn tick(&mut self, looks: bool, now: Ms) -> Vec<News> {
        let past = |due: Option<Ms>| due.is_some_and(|due| due <= now);
        let mut news = Vec::new();
        if past(self.long_due) {
            (self.long, self.long_due) = (true, None);
            news.push(News::Long);
        }
        if !past(self.lost_due()) && !past(self.stuck_due) {
            return news;
        }
        match self.looking {
            None if looks => {
                self.looking = Some(now.plus(LOOK_MS));
                news.push(News::Look);
            }
            Some(until) if until > now => {}
            Some(_) | None => news.extend(self.told(now)),
        }
        news
    }

    /// It is told, with what was seen of its process or without.
    pub fn told(&mut self, now: Ms) -> Option<News> {
        self.looking = None;
        if self.count.take_if(|count| count.due <= now).is_some() {
            let since = self.beat_at.unwrap_or(self.began_at);
            (self.lost, self.stuck_due) = (Some(since), None);
            return Some(News::Lost { since });
        }
        self.stuck_due.take_if(|due| *due <= now)?;
        self.stuck = Some(self.progress_at);
        Some(News::Stuck { since: self.progress_at })
    }

    /// When it next wants a tick.
    #[must_use]
    pub fn wakes_at(&self) -> Option<Ms> {
        let due = self.lost_due().into_iter().chain(self.stuck_due).min();
        let due = due.map(|due| self.looking.map_or(due, |until| until.max(due)));
        due.into_iter().chain(self.long_due).min()
    }

    /// When silence begins, as it stands.
    #[must_use]
    pub fn lost_due(&self) -> Option<Ms> {
        self.count.map(|count| count.due)
    }

    /// The tower starts, and was last known to be up at `alive_at`. A beat may have come meanwhile, however short that was.
    pub fn again(&mut self, alive_at: Ms, now: Ms) {
        let stepped_ms = now.0.saturating_sub(alive_at.0).min(0);
        self.unheard(now.since(alive_at), stepped_ms, true, now);
        let known = [&mut self.beat_at, &mut self.lost, &mut self.stuck].into_iter().flatten();
        known.chain([&mut self.began_at, &mut self.progress_at]).for_each(|at| *at = now.min(*at));
    }

    /// Nobody listened for a while, or the clock was set (forward: positive): what was left of each wait is left still.
    pub fn shift(&mut self, slept_ms: u64, stepped_ms: i64, now: Ms) {
        let heard = self.count.map(|count| moved(count.from, stepped_ms)).zip(self.heartbeat);
        let swallows = slept_ms > 0 && heard.is_some_and(|(heard, heartbeat)| swallows(heard, heartbeat, now));
        self.unheard(slept_ms, stepped_ms, swallows, now);
    }

    fn unheard(&mut self, length_ms: u64, stepped_ms: i64, swallows: bool, now: Ms) {
        self.looking = None;
        let by_ms = i64::try_from(length_ms).unwrap_or(i64::MAX).saturating_add(stepped_ms);
        if by_ms < 0 {
            // A clock that was set back says other numbers for what was before.
            let known = [&mut self.beat_at, &mut self.lost, &mut self.stuck].into_iter().flatten();
            known.chain([&mut self.began_at, &mut self.progress_at]).for_each(|at| *at = moved(*at, by_ms));
        }
        let usual_ms = self.heartbeat.map_or(AFTER_GAP_MS, longest);
        for due in [&mut self.stuck_due, &mut self.long_due].into_iter().flatten() {
            *due = moved(*due, by_ms).max(now.plus(usual_ms.min(AFTER_GAP_MS)));
        }
        let Some(heartbeat) = self.heartbeat else { return };
        if let Some(count) = &mut self.count {
            count.stepped(stepped_ms, heartbeat, now.minus(length_ms));
            if length_ms > 0 || swallows {
                count.gap(length_ms, swallows, heartbeat, now);
            }
        }
        if let (true, Some(due), Some(within_ms)) = (swallows, &mut self.stuck_due, heartbeat.progress_within_ms) {
            // The next beat may tell that it got on.
            *due = (*due).max(now.plus(usual_ms.min(within_ms)));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::away::Reason;

    fn at(second: i64) -> Ms {
        Ms(second * 1_000)
    }

    fn band(from: i64, to: i64) -> Band {
        Band { from: at(from), to: at(to), reason: Reason::Off }
    }

    fn minutely() -> Heartbeat {
        Heartbeat {
            interval_ms: 60_000,
            grace_ms: 30_000,
            start_grace_ms: 120_000,
            progress_within_ms: Some(600_000),
            restart: false,
        }
    }

    #[test]
    fn only_time_in_which_somebody_could_have_heard_counts() {
        assert_eq!(due_after(at(0), 90_000, &[]), at(90));
        assert_eq!(due_after(at(0), 90_000, &[band(30, 1_030)]), at(1_090));
        assert_eq!(due_after(at(40), 90_000, &[band(30, 1_030)]), at(1_120), "it began within the gap");
        assert_eq!(due_after(at(0), 90_000, &[band(89, 189)]), at(194), "five seconds are left in any case");
        assert_eq!(due_after(at(0), 90_000, &[band(30, 40), band(95, 195)]), at(200), "and after each gap");
        assert_eq!(due_after(at(0), 90_000, &[band(90, 100)]), at(90), "it was due before");
        assert_eq!(due_after(at(50), 90_000, &[band(0, 50)]), at(140));
        assert_eq!(awake_between(at(0), at(100), &[band(10, 20), band(90, 200)]), 80_000);
    }

    #[test]
    fn silence_begins_after_interval_and_grace_and_is_told_once() {
        let mut watch = Watch::began(Some(minutely()), 1, at(0), &[]);
        assert_eq!(watch.wakes_at(), Some(at(120)), "it may take its time to start");
        assert!(watch.hear(None, false, at(10), &[]).is_empty());
        assert_eq!(watch.wakes_at(), Some(at(100)));
        assert!(watch.tick(false, at(99)).is_empty());
        assert_eq!(watch.tick(false, at(100)), [News::Lost { since: at(10) }]);
        assert!(watch.tick(false, at(9_000)).is_empty());
        assert_eq!(watch.wakes_at(), None);
        assert_eq!(watch.hear(None, false, at(9_001), &[]), [News::Back]);
        assert_eq!(watch.wakes_at(), Some(at(9_091)));
    }

    #[test]
    fn alive_and_working_are_two_facts() {
        let mut watch = Watch::began(Some(minutely()), 1, at(0), &[]);
        for second in (0..=600).step_by(60) {
            assert!(watch.hear(Some(7.0), false, at(second), &[]).is_empty(), "at {second}");
        }
        assert_eq!(watch.tick(false, at(600)), [News::Stuck { since: at(0) }]);
        assert!(watch.hear(Some(7.0), false, at(660), &[]).is_empty(), "it stands still");
        assert!(watch.tick(false, at(700)).is_empty(), "and that was told");
        assert_eq!(watch.hear(Some(8.0), false, at(720), &[]), [News::Moves]);
        assert!(watch.hear(None, true, at(1_300), &[]).is_empty(), "work without a number is work");
        assert_eq!(watch.tick(false, at(1_390)), [News::Lost { since: at(1_300) }], "silence is not standing still");
    }

    #[test]
    fn a_process_is_looked_at_before_its_silence_is_told_and_not_for_long() {
        let mut watch = Watch::began(Some(minutely()), 1, at(0), &[]);
        watch.hear(None, false, at(0), &[]);
        assert_eq!(watch.tick(true, at(90)), [News::Look]);
        assert_eq!(watch.wakes_at(), Some(at(90).plus(LOOK_MS)));
        assert!(watch.tick(true, at(90).plus(1)).is_empty());
        let mut seen = watch.clone();
        assert_eq!(seen.told(at(90).plus(100)), Some(News::Lost { since: at(0) }));
        assert_eq!(watch.tick(true, at(90).plus(LOOK_MS)), [News::Lost { since: at(0) }], "nobody came back in time");
        let mut heard = Watch::began(Some(minutely()), 1, at(0), &[]);
        assert_eq!(heard.tick(true, at(120)), [News::Look]);
        heard.hear(None, false, at(120).plus(50), &[]);
        assert_eq!(heard.told(at(120).plus(100)), None, "it beat meanwhile");
    }

    #[test]
    fn a_restart_a_sleep_and_a_clock_that_was_set_raise_nothing() {
        let mut watch = Watch::began(Some(minutely()), 1, at(0), &[]);
        watch.hear(Some(1.0), false, at(60), &[]);
        let kept: Watch = serde_json::from_str(&serde_json::to_string(&watch).unwrap()).unwrap();
        let mut loaded = kept.clone();
        loaded.again(at(100), at(10_000));
        assert_eq!(loaded.wakes_at(), Some(at(10_090)), "the beat of second 120 may have come unheard");
        watch.shift(9_900_000, 0, at(10_000));
        assert_eq!(watch.wakes_at(), Some(at(10_090)));
        watch.shift(0, -5_000_000, at(5_000));
        assert_eq!((watch.wakes_at(), watch.beat_at), (Some(at(5_090)), Some(at(-4_940))), "the same in other numbers");
        let mut short = kept.clone();
        short.shift(10_000, 0, at(80));
        assert_eq!(short.wakes_at(), Some(at(160)), "no beat was due then: what was left is left");
        let mut set_back = kept;
        set_back.again(at(70), at(30));
        assert_eq!((set_back.wakes_at(), set_back.beat_at), (Some(at(120)), Some(at(20))), "no beat lies ahead");
    }

    #[test]
    fn what_lasts_longer_than_is_usual_is_told_once() {
        let mut watch = Watch::began(None, 1, at(0), &[]);
        watch.usually_at_most(Some(60_000), &[]);
        assert_eq!(watch.tick(false, at(60)), [News::Long]);
        watch.usually_at_most(Some(60_000), &[]);
        assert!(watch.tick(false, at(600)).is_empty() && watch.wakes_at().is_none());
    }
}
