//! A schedule in the form that computes: which instants it names. Policies (catch-up, overlap) are the lane's.

use chrono_tz::Tz;
use thiserror::Error;

use crate::Ms;
use crate::cue::ScheduleSpec;
use crate::schedule::{Cron, CronError, ZoneError, parse_zone};

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Plan {
    Recurring { cron: Box<Cron>, zone: Tz },
    Once { at: Ms, zone: Tz },
    Manual { zone: Tz },
}

/// Why a schedule cannot be; `field` is its path inside the cue.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum PlanError {
    #[error("{0}")]
    Cron(#[from] CronError),
    #[error("{0}")]
    Zone(#[from] ZoneError),
}

impl PlanError {
    #[must_use]
    pub fn field(&self) -> &'static str {
        match self {
            PlanError::Cron(_) => "schedule.cron",
            PlanError::Zone(_) => "schedule.timezone",
        }
    }
}

impl Plan {
    pub fn of(spec: &ScheduleSpec) -> Result<Plan, PlanError> {
        let zone = parse_zone(spec.timezone())?;
        Ok(match spec {
            ScheduleSpec::Recurring { cron, .. } => Plan::Recurring { cron: Box::new(Cron::parse(cron)?), zone },
            ScheduleSpec::Once { at, .. } => Plan::Once { at: *at, zone },
            ScheduleSpec::Manual { .. } => Plan::Manual { zone },
        })
    }

    /// First instant strictly after `after`.
    #[must_use]
    pub fn next_after(&self, after: Ms) -> Option<Ms> {
        match self {
            Plan::Recurring { cron, zone } => cron.next_after(*zone, after.utc()?).map(Ms::from),
            Plan::Once { at, .. } => (*at > after).then_some(*at),
            Plan::Manual { .. } => None,
        }
    }

    /// Newest instant in `(floor, at]`.
    #[must_use]
    pub fn latest_in(&self, floor: Ms, at: Ms) -> Option<Ms> {
        match self {
            Plan::Recurring { cron, zone } => cron.latest_in(*zone, floor.utc()?, at.utc()?).map(Ms::from),
            Plan::Once { at: once, .. } => (*once > floor && *once <= at).then_some(*once),
            Plan::Manual { .. } => None,
        }
    }

    /// In words: "hourly at :05".
    #[must_use]
    pub fn words(&self) -> String {
        match self {
            Plan::Recurring { cron, .. } => cron.words(),
            Plan::Once { at, zone } => match at.utc() {
                Some(at) => format!("once, {}", at.with_timezone(zone).format("%a %-d %b %Y %H:%M")),
                None => "once".to_owned(),
            },
            Plan::Manual { .. } => "by hand".to_owned(),
        }
    }

    #[must_use]
    pub fn zone(&self) -> Tz {
        match self {
            Plan::Recurring { zone, .. } | Plan::Once { zone, .. } | Plan::Manual { zone } => *zone,
        }
    }

    /// Coming clock changes that touch the schedule, in sentences.
    #[must_use]
    pub fn clock_change_notes(&self, from: Ms) -> Vec<String> {
        match (self, from.utc()) {
            (Plan::Recurring { cron, zone }, Some(from)) => cron.clock_change_notes(*zone, from),
            (Plan::Recurring { .. } | Plan::Once { .. } | Plan::Manual { .. }, _) => Vec::new(),
        }
    }
}
