//! What the owner can do about an alert from its notification, and what a click on it opens. Pure.

use cuetower_core::alert::{About, Alert, AlertKind, Severity};
use cuetower_core::gate::{Gate, ShownHash, words};
use cuetower_core::id::GateId;
use serde_json::json;

use crate::notify::{Button, Note, Opens, Press};

/// What is known of the run that an alert is about.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct RunFacts {
    /// It has not ended.
    pub lives: bool,
    /// The tower started its process, and can start another.
    pub is_command: bool,
    /// Of an alert that somebody waits for the owner.
    pub asks: Option<Asks>,
}

/// What the owner is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Asks {
    /// Answered for what was shown when the note was made, and for nothing else.
    Gate { id: GateId, shown: ShownHash },
    /// Whether it is so what a run reported.
    Verification,
}

impl Asks {
    /// The gate that an alert is about, among those that wait in its name; None if that cannot be told. `name`: of the cue, or
    /// of the agent.
    pub fn gate<'a>(alert: &Alert, name: &str, waiting: impl Iterator<Item = &'a Gate>) -> Option<Asks> {
        let titled = |gate: &&Gate| words::alert_title(name, &gate.title) == alert.title;
        let titled: Vec<&Gate> = waiting.filter(titled).collect();
        let gate = match titled.as_slice() {
            [one] => Some(*one),
            several => {
                let mut same = several.iter().copied().filter(|gate| words::alert_body(gate) == alert.body);
                // Of two in the same words nobody can tell which one a button would answer.
                same.next().filter(|_| same.next().is_none())
            }
        };
        gate.map(|gate| Asks::Gate { id: gate.id.clone(), shown: gate.hash.clone() })
    }
}

/// The notification of one alert.
pub(crate) fn note(alert: &Alert, run: &RunFacts) -> Note {
    Note {
        key: key(alert),
        title: alert.title.clone(),
        body: alert.body.clone(),
        critical: alert.severity == Severity::Critical || alert.escalated_at.is_some(),
        opens: Some(opens(alert, run)),
        buttons: buttons(alert, run),
    }
}

/// Notes of one subject take each other's place.
pub(super) fn key(alert: &Alert) -> String {
    match alert.about() {
        About::Cue(id) => id.0,
        About::Agent(agent) => format!("agent {} {}", agent.account, agent.name),
        About::Channel(name) => format!("channel {name}"),
        About::Tower => format!("tower {}", alert.kind.word()),
    }
}

fn opens(alert: &Alert, run: &RunFacts) -> Opens {
    match (&alert.run_id, alert.about()) {
        _ if let Some(Asks::Gate { id, .. }) = &run.asks => Opens::Gate(id.0.clone()),
        // The briefing lies over every screen.
        _ if alert.kind == AlertKind::TowerWasOff => Opens::Window,
        (Some(run_id), _) => Opens::Run(run_id.0.clone()),
        (None, About::Agent(agent)) => {
            let account = Some(agent.account.0).filter(|account| !account.is_empty());
            Opens::Agent { name: agent.name, account }
        }
        (None, About::Cue(_) | About::Channel(_) | About::Tower) => Opens::Alerts,
    }
}

fn buttons(alert: &Alert, run: &RunFacts) -> Vec<Button> {
    let of_run = |label: &str, command: &'static str| {
        let run_id = alert.run_id.as_ref()?;
        Some(button(label, command, json!({ "run_id": run_id.0 })))
    };
    let living = |label, command| of_run(label, command).filter(|_| run.lives);
    let rerun = || of_run("Rerun", "run_replay").filter(|_| !run.lives);
    let seen = |label| Some(button(label, "alert_acknowledge", json!({ "alert_id": alert.id.0 })));
    let snooze = || Some(button("Snooze 1 h", "alert_snooze", json!({ "alert_id": alert.id.0, "minutes": 60 })));
    let restart = || living("Restart", "run_restart").filter(|_| run.is_command);
    let picked = match alert.kind {
        AlertKind::CheckFailed | AlertKind::OutcomeFailed | AlertKind::DeliveryFailed => [rerun(), None],
        AlertKind::SilentRun | AlertKind::FallbackFailed | AlertKind::ConsecutiveFailures => [rerun(), snooze()],
        AlertKind::HeartbeatLost | AlertKind::Zombie => [restart(), snooze()],
        AlertKind::CostSpike | AlertKind::LoopDetected => [living("Stop now", "run_stop"), snooze()],
        AlertKind::CrashLoop => [living("Stop", "run_stop"), snooze()],
        AlertKind::FuseTripped => [seen("Leave stopped"), None],
        AlertKind::MissedOccurrence => {
            let fire = |cue: &cuetower_core::id::CueId| button("Run now", "cue_fire", json!({ "cue_id": cue.0 }));
            [alert.cue_id.as_ref().map(fire), seen("Skip")]
        }
        AlertKind::OutOfEnvelope => [seen("Seen"), None],
        AlertKind::CadenceDrift | AlertKind::ChannelFailed | AlertKind::StoreTrouble => [snooze(), None],
        AlertKind::GateWaiting => answers(alert, run),
        AlertKind::TowerWasOff => [None, None],
    };
    picked.into_iter().flatten().collect()
}

fn answers(alert: &Alert, run: &RunFacts) -> [Option<Button>; 2] {
    match (&run.asks, &alert.run_id) {
        (Some(Asks::Gate { id, shown }), _) => {
            let answer = |label, word: &str| {
                Some(button(label, "gate_answer", json!({ "gate_id": id, "shown": shown, "answer": word })))
            };
            [answer("Approve", "approve"), answer("Deny", "deny")]
        }
        (Some(Asks::Verification), Some(run_id)) => {
            let verify =
                |label, valid: bool| Some(button(label, "run_verify", json!({ "run_id": run_id, "valid": valid })));
            [verify("It is so", true), verify("It is not", false)]
        }
        (Some(Asks::Verification), None) | (None, _) => [None, None],
    }
}

fn button(label: &str, command: &'static str, request: serde_json::Value) -> Button {
    Button { label: label.to_owned(), press: Press { command, request } }
}

#[cfg(test)]
mod tests {
    use cuetower_core::alert::AlertKind;

    use super::*;

    fn alert(kind: &str, more: serde_json::Value) -> Alert {
        let mut alert = json!({
            "id": "a1", "kind": kind, "cue_id": "cue_1", "run_id": "run-1", "title": "price-watch has gone quiet", "body": "b",
            "state": "open", "count": 1, "opened_at": 0, "last_at": 0, "notified_at": 0, "resolved_at": null,
        });
        for (name, value) in more.as_object().unwrap() {
            alert[name] = value.clone();
        }
        serde_json::from_value(alert).unwrap()
    }

    fn labels(kind: &str, run: RunFacts) -> Vec<String> {
        note(&alert(kind, json!({})), &run).buttons.into_iter().map(|button| button.label).collect()
    }

    const ENDED: RunFacts = RunFacts { lives: false, is_command: true, asks: None };
    const LIVES: RunFacts = RunFacts { lives: true, is_command: true, asks: None };

    #[test]
    fn each_problem_has_the_buttons_that_fit_it() {
        assert_eq!(labels("silent_run", ENDED), ["Rerun", "Snooze 1 h"]);
        assert_eq!(labels("check_failed", ENDED), ["Rerun"]);
        assert_eq!(labels("zombie", LIVES), ["Restart", "Snooze 1 h"]);
        assert_eq!(labels("zombie", RunFacts { is_command: false, ..LIVES }), ["Snooze 1 h"]);
        assert_eq!(labels("zombie", ENDED), ["Snooze 1 h"], "there is nothing to start again");
        assert_eq!(labels("cost_spike", LIVES), ["Stop now", "Snooze 1 h"]);
        assert_eq!(labels("fuse_tripped", ENDED), ["Leave stopped"]);
        assert_eq!(labels("missed_occurrence", ENDED), ["Run now", "Skip"]);
        let run_now = &note(&alert("missed_occurrence", json!({})), &ENDED).buttons[0];
        assert_eq!((run_now.press.command, &run_now.press.request), ("cue_fire", &json!({ "cue_id": "cue_1" })));
    }

    fn gate(id: &str, title: &str, hash: &str, deadline: Option<i64>) -> Gate {
        serde_json::from_value(json!({
            "id": id, "subject": { "about": "asked", "key": id }, "title": title, "hash": hash, "attempt": 1, "blocking": true,
            "on_no_answer": "keep_waiting", "deadline": deadline, "deadline_ms": null, "asked_at": 0, "handed_over": false,
        }))
        .unwrap()
    }

    #[test]
    fn a_question_is_answered_for_what_was_shown_and_a_click_opens_it() {
        let (first, other) = (gate("gate_1", "Send 14?", "aa", None), gate("gate_2", "Delete it?", "bb", None));
        let asks = json!({ "title": "mail asks: Send 14?", "body": words::alert_body(&first) });
        let asks = alert("gate_waiting", asks);
        let facts = |waiting: &[&Gate]| RunFacts { asks: Asks::gate(&asks, "mail", waiting.iter().copied()), ..LIVES };
        let told = note(&asks, &facts(&[&other, &first]));
        assert_eq!(told.opens, Some(Opens::Gate("gate_1".into())));
        let pressed: Vec<_> =
            told.buttons.iter().map(|button| (button.label.as_str(), &button.press.request)).collect();
        let press = |word: &str| json!({ "gate_id": "gate_1", "shown": "aa", "answer": word });
        assert_eq!(pressed, [("Approve", &press("approve")), ("Deny", &press("deny"))]);
        // Two that are called alike are told apart by the rest of what is said of them, or not at all.
        let twin = gate("gate_3", "Send 14?", "cc", Some(60_000));
        let told = note(&asks, &facts(&[&twin, &first]));
        assert_eq!(told.opens, Some(Opens::Gate("gate_1".into())));
        let same = gate("gate_4", "Send 14?", "dd", None);
        assert_eq!(facts(&[&first, &same]).asks, None, "of two in the same words neither is answered unseen");
        let later = gate("gate_1", "Send 14?", "aa", Some(90_000));
        let unsure = note(&asks, &facts(&[&twin, &later]));
        assert_eq!((unsure.opens, unsure.buttons), (Some(Opens::Run("run-1".into())), vec![]));
    }

    #[test]
    fn what_a_run_reported_is_so_or_is_not() {
        let verification = RunFacts { asks: Some(Asks::Verification), ..ENDED };
        assert_eq!(labels("gate_waiting", verification.clone()), ["It is so", "It is not"]);
        let told = note(&alert("gate_waiting", json!({})), &verification);
        assert_eq!(told.opens, Some(Opens::Run("run-1".into())));
        let no = &told.buttons[1].press;
        assert_eq!((no.command, &no.request), ("run_verify", &json!({ "run_id": "run-1", "valid": false })));
    }

    #[test]
    fn every_button_is_a_command_of_the_desk() {
        let known: Vec<&str> = crate::desk::COMMANDS.iter().map(|(name, ..)| *name).collect();
        for kind in AlertKind::ALL {
            let asked = |asks| RunFacts { asks: Some(asks), ..LIVES };
            let gate = Asks::Gate { id: GateId("gate_1".into()), shown: ShownHash("ab".into()) };
            for run in [ENDED, LIVES, asked(gate), asked(Asks::Verification)] {
                for button in note(&alert(kind.word(), json!({})), &run).buttons {
                    assert!(known.contains(&button.press.command), "{}", button.press.command);
                }
            }
        }
    }

    #[test]
    fn a_click_opens_what_it_is_about_and_one_subject_has_one_place() {
        let quiet = note(&alert("silent_run", json!({})), &ENDED);
        assert_eq!(
            (quiet.opens, quiet.key.as_str(), quiet.critical),
            (Some(Opens::Run("run-1".into())), "cue_1", true)
        );
        let of_agent = json!({ "cue_id": null, "run_id": null, "agent": { "account": "", "name": "scout" } });
        let lost = note(&alert("heartbeat_lost", of_agent), &RunFacts::default());
        assert_eq!(lost.opens, Some(Opens::Agent { name: "scout".into(), account: None }));
        let missed = note(&alert("missed_occurrence", json!({ "run_id": null })), &RunFacts::default());
        assert_eq!((missed.opens, missed.critical), (Some(Opens::Alerts), false));
        let louder = json!({ "run_id": null, "escalated_at": 9 });
        assert!(note(&alert("missed_occurrence", louder), &RunFacts::default()).critical, "nobody has seen it");
        let none = json!({ "cue_id": null, "run_id": null });
        let [off, store] = ["tower_was_off", "store_trouble"].map(|kind| note(&alert(kind, none.clone()), &ENDED));
        assert_eq!(off.opens, Some(Opens::Window));
        assert_ne!(off.key, store.key);
    }
}
