//! What one channel is told at one time.

use serde::{Deserialize, Serialize};

use crate::Ms;
use crate::alert::{Alert, AlertKind, Severity};

use super::Digest;

/// Why it is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum What {
    Opened,
    /// It goes on, or it happened again after the cool-down.
    Repeated,
    /// Nobody acknowledged it for as long as the rules say.
    Escalated,
    Acknowledged,
    Resolved,
    /// Several in one.
    Digest,
    /// The day in words.
    Report,
    /// The owner tries the channel.
    Test,
}

impl What {
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            What::Opened => "opened",
            What::Repeated => "repeated",
            What::Escalated => "escalated",
            What::Acknowledged => "acknowledged",
            What::Resolved => "resolved",
            What::Digest => "digest",
            What::Report => "report",
            What::Test => "test",
        }
    }

    /// Whether it tells of a problem that stands.
    #[must_use]
    pub fn is_trouble(self) -> bool {
        match self {
            What::Opened | What::Repeated | What::Escalated => true,
            What::Acknowledged | What::Resolved | What::Digest | What::Report | What::Test => false,
        }
    }
}

/// One thing told. Kept in the outbox as JSON until it is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Note {
    pub what: What,
    /// The same with every try, and of no other note: receivers know a repetition by it.
    pub dedup: String,
    pub severity: Severity,
    pub title: String,
    /// Holds what agents said. Each service is sent it escaped its own way.
    pub body: String,
    pub at: Ms,
    /// Of a note about one alert.
    #[serde(default)]
    pub alert: Option<NoteAlert>,
    /// Of a digest.
    #[serde(default)]
    pub digest: Option<Digest>,
}

/// The alert that a note is about.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct NoteAlert {
    pub id: String,
    pub kind: AlertKind,
    pub count: u32,
    pub opened_at: Ms,
    #[serde(default)]
    pub cue_id: Option<String>,
    #[serde(default)]
    pub run_id: Option<String>,
    #[serde(default)]
    pub agent: Option<String>,
}

impl Note {
    /// `seq`: of the fact that it tells.
    #[must_use]
    pub fn of(what: What, alert: &Alert, seq: u64, now: Ms) -> Note {
        Note {
            what,
            dedup: format!("{}_{}_{seq}", alert.id, what.word()),
            severity: alert.severity,
            title: alert.title.clone(),
            body: alert.body.clone(),
            at: now,
            alert: Some(NoteAlert {
                id: alert.id.0.clone(),
                kind: alert.kind,
                count: alert.count,
                opened_at: alert.opened_at,
                cue_id: alert.cue_id.as_ref().map(|id| id.0.clone()),
                run_id: alert.run_id.as_ref().map(|id| id.0.clone()),
                agent: alert.agent.as_ref().map(|agent| agent.name.clone()),
            }),
            digest: None,
        }
    }

    /// Several in one. `first_dedup`: of the first that it stands for.
    #[must_use]
    pub fn of_digest(digest: Digest, first_dedup: &str, now: Ms) -> Note {
        Note {
            what: What::Digest,
            dedup: format!("{first_dedup}_digest"),
            severity: digest.severity(),
            title: digest.title(),
            body: digest.body(),
            at: now,
            alert: None,
            digest: Some(digest),
        }
    }

    /// With nothing but its own words. `id` is its own.
    #[must_use]
    pub fn plain(what: What, id: &str, title: String, body: String, now: Ms) -> Note {
        let dedup = format!("{}_{id}", what.word());
        Note { what, dedup, severity: Severity::Info, title, body, at: now, alert: None, digest: None }
    }

    /// The title with what became of it: "Resolved: price-watch has gone quiet".
    #[must_use]
    pub fn headline(&self) -> String {
        let title = &self.title;
        match self.what {
            What::Resolved => format!("Resolved: {title}"),
            What::Acknowledged => format!("Seen: {title}"),
            What::Escalated => format!("Still not seen: {title}"),
            What::Repeated => match self.alert.as_ref().map_or(1, |alert| alert.count) {
                0 | 1 => title.clone(),
                times => format!("{title} ({times} times)"),
            },
            What::Opened | What::Digest | What::Report | What::Test => title.clone(),
        }
    }
}
