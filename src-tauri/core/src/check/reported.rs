//! What a check takes from the run that it is made for: reported fields as bounds of a value, and the run's own instants in
//! a query. Nothing that an agent says reaches a query, a path or a command.

use serde_json::Value;

use super::{Bound, Check, FileCheck, Gives, SqlCheck, What};
use crate::outcome::Outcome;
use crate::run::Run;

/// What may stand in a query, and is filled in by the tower alone.
pub const FILLED_WITH_RUN: [&str; 3] = ["{{run.due}}", "{{run.due_epoch}}", "{{run.id}}"];

/// "processed" of "{{outcome.processed}}", if a text is exactly that.
#[must_use]
pub fn field_of(text: &str) -> Option<&str> {
    let field = text.trim().strip_prefix("{{outcome.")?.strip_suffix("}}")?;
    (!field.is_empty() && !field.contains(['{', '}'])).then_some(field)
}

impl Check {
    /// The check as it is to be made for this run.
    ///
    /// # Errors
    /// What was not reported, in words: the check does not hold.
    pub fn made_for(&self, run: &Run) -> Result<Check, String> {
        // What an earlier attempt reported says nothing of this one.
        let outcome = run.latest().outcome.as_ref().map(|reported| &reported.outcome);
        let bound = |bound: &Option<Bound>| match bound {
            Some(Bound::Reported(field)) => number(outcome, field).map(|number| Some(Bound::Number(number))),
            Some(Bound::Number(number)) => Ok(Some(Bound::Number(*number))),
            None => Ok(None),
        };
        let what = match &self.what {
            What::File(file) => What::File(FileCheck { min_lines: bound(&file.min_lines)?, ..file.clone() }),
            What::Sql(SqlCheck { database, query, gives }) => {
                let gives = match gives {
                    Gives::Anything => Gives::Anything,
                    Gives::Exactly(Value::String(text)) => Gives::Exactly(match field_of(text) {
                        Some(field) => reported(outcome, field)?,
                        None => Value::String(text.clone()),
                    }),
                    Gives::Exactly(value) => Gives::Exactly(value.clone()),
                    Gives::Within { at_least, at_most } => {
                        Gives::Within { at_least: bound(at_least)?, at_most: bound(at_most)? }
                    }
                };
                What::Sql(SqlCheck { database: database.clone(), query: filled(query, run), gives })
            }
            other @ (What::Url(_)
            | What::Command(_)
            | What::Git(_)
            | What::Disk { .. }
            | What::Memory { .. }
            | What::Secret { .. }) => other.clone(),
        };
        Ok(Check { what, timeout_ms: self.timeout_ms })
    }
}

/// Every one of them is made of digits, letters and signs that end no literal.
fn filled(query: &str, run: &Run) -> String {
    let due = run.due.utc().map(|due| due.format("%Y-%m-%dT%H:%M:%SZ").to_string()).unwrap_or_default();
    let id: String = run.id.as_str().chars().filter(|c| c.is_ascii_alphanumeric() || *c == '_' || *c == '-').collect();
    let [said_due, said_epoch, said_id] = FILLED_WITH_RUN;
    query
        .replace(said_epoch, &run.due.0.div_euclid(1_000).to_string())
        .replace(said_due, &format!("'{due}'"))
        .replace(said_id, &format!("'{id}'"))
}

fn number(outcome: Option<&Outcome>, field: &str) -> Result<f64, String> {
    let value = reported(outcome, field)?;
    value
        .as_f64()
        .ok_or_else(|| format!("`{field}` was reported as {}, which is no number", super::value_in_words(&value)))
}

fn reported(outcome: Option<&Outcome>, field: &str) -> Result<Value, String> {
    let found = outcome.and_then(|outcome| outcome.field(field));
    found.ok_or_else(|| format!("`{field}` was not reported"))
}
