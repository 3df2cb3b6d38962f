//! One measured number, with what it should be and what the machine can do at best in the same minute.

use serde_json::json;

use crate::machine::Machine;

pub struct Figure {
    pub what: String,
    pub value: f64,
    pub unit: &'static str,
    /// What it should reach (ARCHITECTURE, "What it must reach").
    pub goal: Option<Goal>,
    /// The same without the tower, in the same unit and the same minute.
    pub baseline: Option<(&'static str, f64)>,
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Goal {
    AtMost(f64),
    AtLeast(f64),
}

impl Goal {
    fn is_reached(self, value: f64) -> bool {
        match self {
            Goal::AtMost(most) => value <= most,
            Goal::AtLeast(least) => value >= least,
        }
    }

    fn bound(self) -> f64 {
        match self {
            Goal::AtMost(bound) | Goal::AtLeast(bound) => bound,
        }
    }
}

impl Figure {
    #[must_use]
    pub fn new(what: impl Into<String>, value: f64, unit: &'static str) -> Figure {
        Figure { what: what.into(), value, unit, goal: None, baseline: None }
    }

    /// It should not be more.
    #[must_use]
    pub fn goal(self, most: f64) -> Figure {
        Figure { goal: Some(Goal::AtMost(most)), ..self }
    }

    /// It should not be less.
    #[must_use]
    pub fn at_least(self, least: f64) -> Figure {
        Figure { goal: Some(Goal::AtLeast(least)), ..self }
    }

    #[must_use]
    pub fn beside(self, what: &'static str, baseline: f64) -> Figure {
        Figure { baseline: Some((what, baseline)), ..self }
    }

    /// For people.
    #[must_use]
    pub fn line(&self, bench: &str) -> String {
        let mut line = format!("{bench:12} {:52} {:>10} {}", self.what, short(self.value), self.unit);
        if let Some(goal) = self.goal {
            let word = if goal.is_reached(self.value) { "reached" } else { "MISSED" };
            line += &format!("   goal {} {word}", short(goal.bound()));
        }
        if let Some((what, baseline)) = self.baseline {
            line += &format!("   {} x {what} ({} {})", short(self.value / baseline), short(baseline), self.unit);
        }
        line
    }

    /// For programs: one object.
    #[must_use]
    pub fn json(&self, bench: &str, machine: &Machine) -> String {
        let (beside, baseline) = self.baseline.unzip();
        json!({
            "bench": bench, "figure": self.what, "value": self.value, "unit": self.unit,
            "goal": self.goal.map(Goal::bound), "reached": self.goal.map(|goal| goal.is_reached(self.value)),
            "baseline": baseline, "baseline_is": beside, "ratio": baseline.map(|baseline| self.value / baseline),
            "fdatasync_per_s": machine.fdatasync_per_s, "cpu_rounds_per_us": machine.cpu_rounds_per_us,
            "load": machine.load,
        })
        .to_string()
    }
}

fn short(value: f64) -> String {
    match value.abs() {
        0.0..10.0 => format!("{value:.2}"),
        10.0..100.0 => format!("{value:.1}"),
        _ => format!("{value:.0}"),
    }
}

/// The value that `part` (0 to 1) of all lie at or below. NaN of none.
#[must_use]
pub fn quantile(values: &[f64], part: f64) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let place = (sorted.len() as f64 * part).ceil() as usize;
    sorted.get(place.saturating_sub(1)).copied().unwrap_or(f64::NAN)
}
