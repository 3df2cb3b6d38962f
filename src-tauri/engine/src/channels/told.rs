//! How an alert was told, way by way: on this machine, and on each channel.

use std::collections::HashMap;

use chrono_tz::Tz;
use cuetower_core::Ms;

use super::ChannelKind;
use crate::desk::wire::ToldView;
use crate::handle::Handle;
use crate::journal::{StoreError, ToldOf};

/// What became of it on one way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Telling {
    Sent,
    Held(Ms),
    Waiting,
    Merged,
    GivenUp,
    KindOff,
    AgainTooSoon,
}

impl Telling {
    fn of(row: &ToldOf) -> Telling {
        match (row.state.as_str(), row.held_until) {
            ("waiting", Some(until)) => Telling::Held(until),
            ("waiting", None) => Telling::Waiting,
            ("merged", _) => Telling::Merged,
            ("given_up", _) => Telling::GivenUp,
            _ => Telling::Sent,
        }
    }

    fn word(self) -> &'static str {
        match self {
            Telling::Sent => "sent",
            Telling::Held(_) => "held",
            Telling::Waiting => "waiting",
            Telling::Merged => "merged",
            Telling::GivenUp => "given_up",
            Telling::KindOff => "kind_off",
            Telling::AgainTooSoon => "again_too_soon",
        }
    }

    /// "held until 07:00"; None of what was sent.
    fn words(self, zone: Tz) -> Option<String> {
        let words = match self {
            Telling::Sent => return None,
            Telling::Held(until) => return Some(format!("held until {}", clock_time(until, zone))),
            Telling::Waiting => "waiting",
            Telling::Merged => "in a digest",
            Telling::GivenUp => "not told",
            Telling::KindOff => "not told: this kind is off",
            Telling::AgainTooSoon => "not told again yet: the same was told shortly before",
        };
        Some(words.to_owned())
    }
}

/// `by`: `desktop` or `briefing`.
pub(crate) fn here(by: &str, telling: Telling, zone: Tz) -> ToldView {
    let words = match telling {
        Telling::KindOff | Telling::AgainTooSoon => telling.words(zone),
        _ => telling.words(zone).map(|words| format!("{by} ({words})")),
    };
    view(by, None, telling, words.unwrap_or_else(|| by.to_owned()))
}

fn on(kind: &str, name: &str, telling: Telling, zone: Tz) -> ToldView {
    let behind = telling.words(zone).map(|words| format!(" ({words})")).unwrap_or_default();
    view(kind, Some(name), telling, format!("{kind}: {name}{behind}"))
}

fn view(by: &str, channel: Option<&str>, telling: Telling, words: String) -> ToldView {
    let until_ms = if let Telling::Held(until) = telling { Some(until.0) } else { None };
    ToldView {
        by: by.to_owned(),
        channel: channel.map(str::to_owned),
        state: telling.word().to_owned(),
        until_ms,
        words,
    }
}

/// On which channels each of these alerts was told or is to be.
///
/// # Errors
/// If the store cannot be read.
pub(crate) async fn told_of(
    handle: &Handle,
    alerts: &[&str],
    zone: Tz,
) -> Result<HashMap<String, Vec<ToldView>>, StoreError> {
    let ids = serde_json::to_string(alerts).unwrap_or_default();
    let kinds: HashMap<String, ChannelKind> =
        handle.channels.list().iter().map(|channel| (channel.name.clone(), channel.kind)).collect();
    let mut told: HashMap<String, Vec<ToldView>> = HashMap::new();
    for row in handle.reader().told_of(ids).await? {
        let kind = kinds.get(&row.channel).map_or("channel", |kind| kind.word());
        let way = on(kind, &row.channel, Telling::of(&row), zone);
        let said = told.entry(row.alert_id).or_default();
        if !said.contains(&way) {
            said.push(way);
        }
    }
    Ok(told)
}

/// "07:00"
fn clock_time(at: Ms, zone: Tz) -> String {
    at.utc().map(|at| at.with_timezone(&zone).format("%H:%M").to_string()).unwrap_or_default()
}
