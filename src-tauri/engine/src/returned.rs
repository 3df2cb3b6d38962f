//! Says that the tower ended without a word, and that its watchdog started it again.

use cuetower_core::Ms;
use cuetower_core::alert::{About, AlertKind, Problem, Severity, Signal};
use cuetower_core::time::length_in_words;

use crate::clock::Reading;
use crate::handle::Handle;
use crate::journal::Liveness;

/// A tower that was not stopped, and was there again soon.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Returned {
    by: String,
    off_ms: u64,
}

impl Returned {
    /// None if it was stopped in order, if its store comes out of a backup, if nobody starts it by himself, or if it was the machine that ended.
    pub fn of(liveness: &Liveness, by: Option<&str>, now: Reading) -> Option<Returned> {
        let alive_at = liveness.alive_at.filter(|_| !liveness.orderly && !liveness.restored)?;
        let machine_began = Ms(now.wall.0.saturating_sub(i64::try_from(now.elapsed_ms).unwrap_or(i64::MAX)));
        let by = by.filter(|_| alive_at > machine_began)?.to_owned();
        Some(Returned { by, off_ms: now.wall.since(alive_at) })
    }

    fn signal(&self) -> Signal {
        Signal::Trouble(Problem {
            about: About::Tower,
            kind: AlertKind::TowerWasOff,
            severity: Severity::Warning,
            run_id: None,
            title: "The tower ended without a word and was started again".to_owned(),
            body: format!(
                "{} started it again {} after its last sign of life. Commands that ran went on meanwhile and are taken up again.",
                capital(&self.by),
                length_in_words(self.off_ms.max(1_000)),
            ),
        })
    }
}

pub(crate) async fn tell(handle: Handle, returned: Option<Returned>) {
    let Some(returned) = returned else { return };
    tracing::warn!(by = %returned.by, off_ms = returned.off_ms, "the tower ended without a word and was started again");
    if let Err(trouble) = handle.signal(returned.signal()).await {
        tracing::error!(%trouble, "that the tower ended could not be written down");
    }
}

/// Names of programs stay as they are written.
fn capital(by: &str) -> String {
    match by {
        "systemd" | "launchd" => format!("Its watchdog ({by})"),
        other => other.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_tower_that_ended_by_itself_says_so() {
        let now = Reading { wall: Ms(1_000_000_000), elapsed_ms: 3_600_000, awake_ms: 3_600_000 };
        let crashed = Liveness {
            alive_at: Some(Ms(999_997_000)),
            newest_at: None,
            orderly: false,
            restored: false,
            paused: false,
        };
        let returned = Returned::of(&crashed, Some("systemd"), now).unwrap();
        let Signal::Trouble(Problem { body, .. }) = returned.signal() else { panic!("it is trouble") };
        assert!(body.starts_with("Its watchdog (systemd) started it again 3 s after its last sign of life."), "{body}");
        for (liveness, by) in [
            (Liveness { orderly: true, ..crashed }, Some("systemd")),
            (Liveness { restored: true, ..crashed }, Some("systemd")),
            (Liveness { alive_at: None, ..crashed }, Some("systemd")),
            (Liveness { alive_at: Some(Ms(990_000_000)), ..crashed }, Some("systemd")),
            (crashed, None),
        ] {
            assert_eq!(Returned::of(&liveness, by, now), None, "{liveness:?}");
        }
    }
}
