//! The tower tells itself what was kept while it was away: at its start, and every few seconds.

use std::collections::HashSet;
use std::path::PathBuf;
use std::time::Duration;

use cuetower_core::attempt::Usage;
use cuetower_core::cue::{Cue, CueStatus};
use cuetower_core::id::CueId;
use cuetower_core::input::{Ping, PingKind, RefusalCode};

use super::{Addressee, Kind, Spool, Spooled, Turn};
use crate::handle::{Handle, Trouble};
use crate::journal::StoreError;

const BETWEEN_LOOKS: Duration = Duration::from_secs(3);

/// Until it is dropped.
pub(crate) async fn deliver_spooled(handle: Handle, data_dir: PathBuf) {
    let spool = Spool::of(&data_dir);
    loop {
        // None: nothing was ever kept, or an `exec` is telling it just now.
        if let Some(turn) = spool.turn() {
            tell_all(&handle, &turn).await;
        }
        tokio::time::sleep(BETWEEN_LOOKS).await;
    }
}

/// What becomes of one kept ping.
enum Told {
    Yes,
    /// Not now, and so nothing else of that cue: what happened later is told later.
    NotNow,
    /// Another tower's; whoever reaches that one tells it.
    NotOurs,
    Never(String),
    /// Nothing can be told now.
    Stop,
}

async fn tell_all(handle: &Handle, turn: &Turn) {
    let mut waiting_cues = HashSet::new();
    for name in turn.waiting() {
        let Some(ping) = turn.read(&name) else { continue };
        if waiting_cues.contains(&ping.to) {
            continue;
        }
        match tell(handle, &ping).await {
            Told::Yes => turn.done(&name),
            Told::NotNow => {
                waiting_cues.insert(ping.to);
            }
            Told::NotOurs => {}
            Told::Never(reason) => {
                tracing::warn!(reason, "a ping that was kept could not be told and is put aside");
                turn.refuse(&name, &reason);
            }
            Told::Stop => return,
        }
    }
}

async fn tell(handle: &Handle, ping: &Spooled) -> Told {
    let cue_id = match cue_of(handle, &ping.to).await {
        Ok(cue_id) => cue_id,
        Err(told) => return told,
    };
    for ping in [Some(ping.clone()), ping.dropped_as_log()].into_iter().flatten() {
        let told = match handle.ping(&cue_id, input(&ping)).await {
            Ok(_) => Told::Yes,
            Err(Trouble::Refused(refusal)) if refusal.code == RefusalCode::TooMany => Told::NotNow,
            Err(Trouble::Busy | Trouble::Stopping | Trouble::Store(_)) => Told::Stop,
            Err(
                trouble @ (Trouble::Refused(_)
                | Trouble::NotFound(_)
                | Trouble::DuplicateName(_)
                | Trouble::Gated { .. }
                | Trouble::Unfit { .. }),
            ) => Told::Never(trouble.to_string()),
        };
        if !matches!(told, Told::Yes) {
            return told;
        }
    }
    Told::Yes
}

/// The cue that is meant, if it still is one that takes pings.
async fn cue_of(handle: &Handle, to: &Addressee) -> Result<CueId, Told> {
    let key = match to {
        Addressee::Cue(named) => return named_cue(handle, named).await,
        Addressee::Key(key) => Some(key.as_str()),
        Addressee::Url(url) => key_in(url),
    };
    let unknown = || Told::Never("There is no such ping URL. It may have been renewed or taken away.".to_owned());
    let Some((id, number)) = key.and_then(|key| handle.tower_key().check_ping_token(key)) else {
        return Err(if matches!(to, Addressee::Key(_)) { unknown() } else { Told::NotOurs });
    };
    let cue = handle.reader().cue(id.0).await.map_err(unread)?.filter(takes_pings);
    cue.filter(|cue| cue.trigger_url.unwrap_or(0) == number).map(|cue| cue.id).ok_or_else(unknown)
}

async fn named_cue(handle: &Handle, named: &str) -> Result<CueId, Told> {
    let names = handle.reader().cue_names().await.map_err(unread)?;
    for (id, _) in names.into_iter().filter(|(id, name)| id == named || name == named) {
        let cue = handle.reader().cue(id).await.map_err(unread)?;
        if let Some(cue) = cue.filter(takes_pings) {
            return Ok(cue.id);
        }
    }
    Err(Told::Never(format!("There is no cue `{named}` with the transport `watch`.")))
}

fn takes_pings(cue: &Cue) -> bool {
    cue.status != CueStatus::Deleted && cue.definition.transport.is_watch()
}

#[expect(clippy::needless_pass_by_value, reason = "it is what map_err hands over")]
fn unread(error: StoreError) -> Told {
    tracing::warn!(%error, "the cue of a kept ping could not be looked up");
    Told::Stop
}

/// `…/ping/<key>`, whatever follows.
fn key_in(url: &str) -> Option<&str> {
    let (_, after) = url.split_once("/ping/")?;
    after.split(['/', '?', '#']).next()
}

fn input(ping: &Spooled) -> Ping {
    Ping {
        kind: match ping.kind {
            Kind::Start => PingKind::Start,
            Kind::Success => PingKind::Success,
            Kind::Fail => PingKind::Fail,
            Kind::Log => PingKind::Log,
            Kind::Exit(code) => PingKind::Exit(i32::from(code)),
        },
        at: ping.at,
        run_id: None,
        rid: ping.rid.clone(),
        words: ping.words(),
        usage: Usage { peak_rss_bytes: ping.max_rss_bytes, cpu_ms: ping.cpu_ms },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_key_is_found_in_its_url() {
        assert_eq!(key_in("http://127.0.0.1:8737/ping/cue_1.1.ab"), Some("cue_1.1.ab"));
        assert_eq!(key_in("https://tower.example/x/ping/cue_1.1.ab/start?rid=1"), Some("cue_1.1.ab"));
        assert_eq!(key_in("https://hc.example/uuid"), None);
    }
}
