//! A schedule in the form that computes: which instants it names. Policies (catch-up, overlap) are the lane's; a blackout
//! takes no instant away, it is why one is skipped.
//!
//! Time is cut at the edges of the windows (`window`). Between two edges one rate holds: that of the first part whose
//! window is open, or the schedule's own. Jitter is laid over the instants so found (`jitter`).

mod jitter;
#[cfg(test)]
mod tests;
mod window;
mod words;

pub use self::words::{clock_words, days_text};

use chrono_tz::Tz;
use thiserror::Error;

use crate::Ms;
use crate::schedule::{Cron, CronError, ZoneError, parse_zone};
use crate::schedule_spec::{Kind, Part, Rate, ScheduleSpec};

use self::jitter::Jitter;
use self::window::Window;

/// Stretches between two edges looked at in one search. A plan that names nothing in so many names nothing.
const STRETCHES_MAX: usize = 20_000;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    base: Tick,
    zone: Tz,
    parts: Vec<PlannedPart>,
    jitter: Jitter,
    spec: ScheduleSpec,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct PlannedPart {
    window: Window,
    rate: PartRate,
    at_once: Option<u32>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum PartRate {
    Every(u64),
    Own(Tick),
    Otherwise,
}

/// What names instants, windows aside.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Tick {
    Cron { cron: Box<Cron>, zone: Tz },
    Every { every_ms: u64, anchor: Ms },
    Once(Ms),
    Never,
}

/// Why a schedule cannot be; the field is its path inside the cue.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum PlanError {
    #[error("{error}")]
    Cron { field: String, error: CronError },
    #[error("{error}")]
    Zone { field: String, error: ZoneError },
}

impl PlanError {
    /// Such as `schedule.cron` or `schedule.parts[0].timezone`.
    #[must_use]
    pub fn field(&self) -> &str {
        match self {
            PlanError::Cron { field, .. } | PlanError::Zone { field, .. } => field,
        }
    }
}

impl Plan {
    /// `salt` makes the jitter of one cue differ from another's: the cue's id.
    pub fn of(spec: &ScheduleSpec, salt: &str) -> Result<Plan, PlanError> {
        let zone = zone_of(&spec.timezone, "schedule.timezone")?;
        let base = match &spec.kind {
            Kind::Recurring { cron: Some(cron) } => cron_of(cron, zone, "schedule.cron")?,
            Kind::Interval { every_ms, anchor } => Tick::Every { every_ms: (*every_ms).max(1), anchor: *anchor },
            Kind::Once { at } => Tick::Once(*at),
            Kind::Recurring { cron: None } | Kind::Manual | Kind::After { .. } => Tick::Never,
        };
        let parts = spec.parts.iter().enumerate().map(|(index, part)| planned(part, index, zone));
        let jitter = Jitter::of(spec.jitter_ms, salt);
        Ok(Plan { base, zone, parts: parts.collect::<Result<_, _>>()?, jitter, spec: spec.clone() })
    }

    /// First instant strictly after `after`.
    #[must_use]
    pub fn next_after(&self, after: Ms) -> Option<Ms> {
        self.jitter.next_after(after, |after| self.next_named(after))
    }

    /// Newest instant in `(floor, at]`.
    #[must_use]
    pub fn latest_in(&self, floor: Ms, at: Ms) -> Option<Ms> {
        self.jitter.latest_in(floor, at, |floor, at| self.latest_named(floor, at))
    }

    /// First instant after `after` that no blackout skips.
    #[must_use]
    pub fn next_fire_after(&self, after: Ms) -> Option<Ms> {
        let mut at = self.next_after(after)?;
        while let Some(blackout) = self.spec.blackout_at(at) {
            at = self.next_after(at.max(blackout.to.minus(1)))?;
        }
        Some(at)
    }

    /// Newest instant in `(floor, at]` that no blackout skips.
    #[must_use]
    pub fn latest_fire_in(&self, floor: Ms, at: Ms) -> Option<Ms> {
        let mut latest = self.latest_in(floor, at)?;
        while let Some(blackout) = self.spec.blackout_at(latest) {
            latest = self.latest_in(floor, latest.minus(1).min(blackout.from.minus(1)))?;
        }
        Some(latest)
    }

    /// Runs that go at once at an instant, if the part that holds then sets it.
    #[must_use]
    pub fn at_once(&self, at: Ms) -> Option<u32> {
        self.part_at(at)?.at_once
    }

    /// The part that holds at an instant, by its place in the list.
    #[must_use]
    pub fn part_index_at(&self, at: Ms) -> Option<usize> {
        self.parts.iter().position(|part| part.window.holding(at).is_some())
    }

    /// First edge of a window after `at`. None without parts.
    #[must_use]
    pub fn next_edge(&self, at: Ms) -> Option<Ms> {
        self.parts.iter().filter_map(|part| part.window.next_edge(at)).min()
    }

    #[must_use]
    pub fn zone(&self) -> Tz {
        self.zone
    }

    /// As it was written.
    #[must_use]
    pub fn spec(&self) -> &ScheduleSpec {
        &self.spec
    }

    fn part_at(&self, at: Ms) -> Option<&PlannedPart> {
        self.parts.get(self.part_index_at(at)?)
    }

    /// No part names instants of its own.
    fn base_alone(&self) -> bool {
        self.parts.iter().all(|part| part.rate == PartRate::Otherwise)
    }

    /// First instant after `after`, jitter aside.
    fn next_named(&self, after: Ms) -> Option<Ms> {
        if self.base_alone() {
            return self.base.next_after(after);
        }
        let mut from = after.plus(1);
        for _ in 0..STRETCHES_MAX {
            let edge = self.next_edge(from);
            let due = self.named_from(from).filter(|due| edge.is_none_or(|edge| *due < edge));
            if due.is_some() {
                return due;
            }
            from = edge?;
        }
        None
    }

    /// Newest instant in `(floor, at]`, jitter aside.
    fn latest_named(&self, floor: Ms, at: Ms) -> Option<Ms> {
        if self.base_alone() {
            return self.base.latest_in(floor, at);
        }
        let mut to = at;
        for _ in 0..STRETCHES_MAX {
            let edge = self.parts.iter().filter_map(|part| part.window.last_edge(to)).max();
            let from = edge.map_or(floor, |edge| floor.max(edge.minus(1)));
            let due = self.named_to(from, to);
            if due.is_some() || from <= floor {
                return due;
            }
            to = from;
        }
        None
    }

    /// First instant at or after `from`, by what holds at `from`.
    fn named_from(&self, from: Ms) -> Option<Ms> {
        let before = from.minus(1);
        match self.part_at(from) {
            None => self.base.next_after(before),
            Some(part) => match &part.rate {
                PartRate::Otherwise => self.base.next_after(before),
                PartRate::Own(tick) => tick.next_after(before),
                PartRate::Every(every_ms) => {
                    Tick::Every { every_ms: *every_ms, anchor: part.window.holding(from)?.from }.next_after(before)
                }
            },
        }
    }

    /// Newest instant in `(floor, to]`, by what holds at `to`.
    fn named_to(&self, floor: Ms, to: Ms) -> Option<Ms> {
        match self.part_at(to) {
            None => self.base.latest_in(floor, to),
            Some(part) => match &part.rate {
                PartRate::Otherwise => self.base.latest_in(floor, to),
                PartRate::Own(tick) => tick.latest_in(floor, to),
                PartRate::Every(every_ms) => {
                    Tick::Every { every_ms: *every_ms, anchor: part.window.holding(to)?.from }.latest_in(floor, to)
                }
            },
        }
    }
}

impl Tick {
    fn next_after(&self, after: Ms) -> Option<Ms> {
        match self {
            Tick::Cron { cron, zone } => cron.next_after(*zone, after.utc()?).map(Ms::from),
            Tick::Every { every_ms, anchor } => {
                let every = i64::try_from(*every_ms).ok()?;
                let past = after.0.checked_sub(anchor.0)?;
                anchor.0.checked_add(past.div_euclid(every).checked_add(1)?.checked_mul(every)?).map(Ms)
            }
            Tick::Once(at) => (*at > after).then_some(*at),
            Tick::Never => None,
        }
    }

    fn latest_in(&self, floor: Ms, at: Ms) -> Option<Ms> {
        match self {
            Tick::Cron { cron, zone } => cron.latest_in(*zone, floor.utc()?, at.utc()?).map(Ms::from),
            Tick::Every { every_ms, anchor } => {
                let every = i64::try_from(*every_ms).ok()?;
                let past = at.0.checked_sub(anchor.0)?;
                let latest = Ms(anchor.0.checked_add(past.div_euclid(every).checked_mul(every)?)?);
                (latest > floor).then_some(latest)
            }
            Tick::Once(once) => (*once > floor && *once <= at).then_some(*once),
            Tick::Never => None,
        }
    }
}

fn planned(part: &Part, index: usize, zone: Tz) -> Result<PlannedPart, PlanError> {
    let zone = match &part.timezone {
        Some(name) => zone_of(name, &format!("schedule.parts[{index}].timezone"))?,
        None => zone,
    };
    let rate = match &part.rate {
        Rate::Every { every_ms } => PartRate::Every((*every_ms).max(1)),
        Rate::Cron { cron } => PartRate::Own(cron_of(cron, zone, &format!("schedule.parts[{index}].cron"))?),
        Rate::Otherwise => PartRate::Otherwise,
    };
    let window = Window { days: part.days, from_s: part.from_s, to_s: part.to_s, zone };
    Ok(PlannedPart { window, rate, at_once: part.at_once })
}

fn zone_of(name: &str, field: &str) -> Result<Tz, PlanError> {
    parse_zone(name).map_err(|error| PlanError::Zone { field: field.to_owned(), error })
}

fn cron_of(text: &str, zone: Tz, field: &str) -> Result<Tick, PlanError> {
    let cron = Cron::parse(text).map_err(|error| PlanError::Cron { field: field.to_owned(), error })?;
    Ok(Tick::Cron { cron: Box::new(cron), zone })
}
