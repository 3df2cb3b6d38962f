//! What a process that came out of a run may ask at the owner's door: to look, and no more. Whatever is not in the list, a
//! command that is new among it, is the owner's alone. Agents have a door of their own (`receive`).

use axum::http::StatusCode;
use axum::response::Response;

use super::serve::refusal;
use crate::lair::{self, Lair};
use crate::line::Peer;

/// They change nothing, and give nothing away that opens a door.
const LOOKS: &[&str] = &[
    "agent_get",
    "agents",
    "alert_rules",
    "alerts",
    "board",
    "briefing",
    "costs",
    "costs_today",
    "cue_envelope",
    "cue_get",
    "forecast",
    "fuses",
    "ledger",
    "ledger_audit",
    "pools",
    "prices",
    "report",
    "run_compare",
    "run_get",
    "run_output",
    "run_step",
    "run_steps",
    "run_truth",
    "run_usage",
    "schedule_preview",
    "schedule_simulate",
    "spans_apart",
    "tower_status",
    "workers",
];

/// The refusal for whoever asks by this connection; None if nothing speaks against it, or the system does not tell.
pub(super) async fn barred(command: &str, peer: Option<Peer>) -> Option<Response> {
    if LOOKS.contains(&command) {
        return None;
    }
    let message = match lair::of(peer?).await {
        Lair::Outside | Lair::Unknown => return None,
        Lair::Run { caller } => {
            tracing::warn!(%caller, command, "a run's process asked for what is the owner's to say, and was refused");
            format!(
                "This came from {caller}, which belongs to a run. Only the owner may ask for `{command}`; what agents may do is at the agents' door."
            )
        }
        Lair::Hidden => {
            tracing::warn!(
                command,
                "it could not be seen who asked, and a run's process hides what it has open; nothing was done"
            );
            format!(
                "It cannot be seen who asks, and a run's process hides what it has open, so that it may be that one. Nothing was done; ask for `{command}` in the window, or once that run has ended."
            )
        }
        Lair::Gone => {
            tracing::warn!(command, "whoever asked had hung up before it was known who it was; nothing was done");
            "Whoever asked this has hung up, so that it is not known who it was. Nothing was done.".to_owned()
        }
    };
    Some(refusal(StatusCode::FORBIDDEN, "from_a_run", message))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_may_look_and_neither_speak_for_the_owner_nor_get_a_key() {
        for look in LOOKS {
            assert!(super::super::COMMANDS.iter().any(|(name, ..)| name == look), "there is no {look}");
        }
        let speaks = ["set", "add", "create", "update", "remove", "delete", "answer", "verify", "key", "secret", "url"];
        for word in speaks {
            assert!(!LOOKS.iter().any(|look| look.split('_').any(|part| part == word)), "{word}");
        }
    }
}
