//! Several problems in one note: how many of which kind, and the first of them.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::alert::{AlertKind, Severity};
use crate::sentence::grouped;

use super::Note;

/// Why they are told together.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Why {
    /// Too many at once.
    #[default]
    Burst,
    /// They were held for quiet hours.
    Quiet,
    /// The channel could not be reached, and more wait than are kept one by one.
    Overflow,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Digest {
    pub why: Why,
    /// Problems of each kind, in the order in which kinds came.
    pub by_kind: Vec<(AlertKind, u64)>,
    /// Problems that have ended.
    pub ended: u64,
    severity: Option<Severity>,
    /// Its title.
    first: Option<String>,
    #[serde(skip)]
    seen: BTreeSet<String>,
    #[serde(skip)]
    over: BTreeSet<String>,
}

impl Digest {
    #[must_use]
    pub fn of<'a>(why: Why, notes: impl IntoIterator<Item = &'a Note>) -> Digest {
        let mut digest = Digest { why, ..Digest::default() };
        notes.into_iter().for_each(|note| digest.add(note));
        digest
    }

    pub fn add(&mut self, note: &Note) {
        if let Some(inner) = &note.digest {
            inner.by_kind.iter().for_each(|(kind, count)| self.count(*kind, *count));
            self.ended += inner.ended;
        }
        if let Some(alert) = &note.alert {
            if note.what.is_trouble() && self.seen.insert(alert.id.clone()) {
                self.count(alert.kind, 1);
            } else if !note.what.is_trouble() && self.over.insert(alert.id.clone()) {
                self.ended += u64::from(note.what == super::What::Resolved);
            }
        }
        self.severity = self.severity.max(Some(note.severity));
        self.first.get_or_insert_with(|| note.title.clone());
    }

    fn count(&mut self, kind: AlertKind, more: u64) {
        match self.by_kind.iter_mut().find(|(known, _)| *known == kind) {
            Some((_, count)) => *count += more,
            None => self.by_kind.push((kind, more)),
        }
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.first.is_none()
    }

    /// The worst of them.
    #[must_use]
    pub fn severity(&self) -> Severity {
        self.severity.unwrap_or(Severity::Info)
    }

    /// "1,000 problems", "3 problems while it was quiet".
    #[must_use]
    pub fn title(&self) -> String {
        let problems: u64 = self.by_kind.iter().map(|(_, count)| count).sum();
        let when = match self.why {
            Why::Burst => "",
            Why::Quiet => " while it was quiet",
            Why::Overflow => " while this channel could not be reached",
        };
        match (problems, self.ended) {
            (0, 1) => format!("1 problem has ended{when}"),
            (0, ended) => format!("{} problems have ended{when}", grouped(ended)),
            (1, _) => format!("1 problem{when}"),
            (problems, _) => format!("{} problems{when}", grouped(problems)),
        }
    }

    /// "990 silent runs, 10 zombies. 3 have ended since. The first: price-watch has gone quiet."
    #[must_use]
    pub fn body(&self) -> String {
        let kinds: Vec<String> = self.by_kind.iter().map(|(kind, count)| counted(*kind, *count)).collect();
        let mut sentences = Vec::new();
        if !kinds.is_empty() {
            sentences.push(format!("{}.", kinds.join(", ")));
            match self.ended {
                0 => {}
                1 => sentences.push("1 has ended since.".to_owned()),
                ended => sentences.push(format!("{} have ended since.", grouped(ended))),
            }
        }
        if let Some(first) = &self.first {
            sentences.push(format!("The first: {}.", first.trim_end_matches('.')));
        }
        sentences.join(" ")
    }
}

/// "1 silent run", "990 silent runs".
#[must_use]
pub fn counted(kind: AlertKind, count: u64) -> String {
    let (one, many) = match kind {
        AlertKind::SilentRun => ("silent run", "silent runs"),
        AlertKind::DeliveryFailed => ("failed delivery", "failed deliveries"),
        AlertKind::OutcomeFailed => ("failed run", "failed runs"),
        AlertKind::CheckFailed => ("refuted run", "refuted runs"),
        AlertKind::MissedOccurrence => ("missed occurrence", "missed occurrences"),
        AlertKind::CrashLoop => ("crash loop", "crash loops"),
        AlertKind::FuseTripped => ("tripped fuse", "tripped fuses"),
        AlertKind::FallbackFailed => ("failed fallback", "failed fallbacks"),
        AlertKind::ConsecutiveFailures => ("cue that fails again and again", "cues that fail again and again"),
        AlertKind::GateWaiting => ("question for you", "questions for you"),
        AlertKind::HeartbeatLost => ("lost heartbeat", "lost heartbeats"),
        AlertKind::Zombie => ("zombie", "zombies"),
        AlertKind::CostSpike => ("cost spike", "cost spikes"),
        AlertKind::LoopDetected => ("loop", "loops"),
        AlertKind::OutOfEnvelope => ("run out of the usual", "runs out of the usual"),
        AlertKind::CadenceDrift => ("drifting cue", "drifting cues"),
        AlertKind::TowerWasOff => ("absence of the tower", "absences of the tower"),
        AlertKind::StoreTrouble => ("trouble with the store", "troubles with the store"),
        AlertKind::ChannelFailed => ("failing channel", "failing channels"),
    };
    format!("{} {}", grouped(count), if count == 1 { one } else { many })
}
