//! Why a cron expression is refused: which field, which character, what instead.

use std::fmt;

use thiserror::Error;

use super::cron_field::FieldKind;

/// A refused expression. Reads like "day of month: `32` is not in 1 to 31 (at character 5)".
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub struct CronError {
    field: Option<FieldKind>,
    at: Option<usize>,
    reason: String,
    hint: Option<String>,
}

impl CronError {
    pub(super) fn whole(reason: impl Into<String>) -> CronError {
        CronError { field: None, at: None, reason: reason.into(), hint: None }
    }

    pub(super) fn at(at: usize, reason: impl Into<String>) -> CronError {
        CronError { at: Some(at), ..CronError::whole(reason) }
    }

    pub(super) fn in_field(field: FieldKind, at: usize, reason: impl Into<String>) -> CronError {
        CronError { field: Some(field), at: Some(at), reason: reason.into(), hint: None }
    }

    pub(super) fn with_hint(self, hint: impl Into<String>) -> CronError {
        CronError { hint: Some(hint.into()), ..self }
    }

    /// "minute", "hour", "day of month", "month", "day of week" or "second"; None if it is about the whole expression.
    #[must_use]
    pub fn field(&self) -> Option<&'static str> {
        self.field.map(FieldKind::name)
    }

    /// Position of the culprit in the text as it was handed in: characters, counted from 1.
    #[must_use]
    pub fn position(&self) -> Option<usize> {
        self.at
    }
}

impl fmt::Display for CronError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(field) = self.field {
            write!(f, "{}: ", field.name())?;
        }
        f.write_str(&self.reason)?;
        if let Some(at) = self.at {
            write!(f, " (at character {at})")?;
        }
        if let Some(hint) = &self.hint {
            write!(f, "; {hint}")?;
        }
        Ok(())
    }
}

/// What was typed, in back quotes, cut where it gets long; what nobody could see is spelled out.
pub(super) fn quoted(typed: &str) -> String {
    const SHOWN_CHARS_MAX: usize = 24;
    let mut shown = String::from("`");
    for (n, c) in typed.chars().enumerate() {
        if n == SHOWN_CHARS_MAX {
            shown.push('…');
            break;
        }
        let spelled = c.escape_debug();
        // A quote or a backslash is seen well enough.
        if spelled.len() > 2 { shown.extend(spelled) } else { shown.push(c) }
    }
    shown.push('`');
    shown
}
