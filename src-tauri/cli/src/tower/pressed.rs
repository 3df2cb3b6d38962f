//! What the owner does with native notifications: a button is a command of the desk, a click is handed on to whoever has a window.

use cuetower_engine::desk::Desk;
use cuetower_engine::desk::wire::DeskError;
use cuetower_engine::notify::{Clicked, Note, Opens, Press};
use tokio::sync::mpsc;

/// A later refusal takes the place of the earlier.
const KEY: &str = "refused";

/// Until the notifications end.
pub(super) async fn obey(desk: Desk, mut clicked: mpsc::Receiver<Clicked>, opens: mpsc::Sender<Opens>) {
    while let Some(clicked) = clicked.recv().await {
        match clicked {
            Clicked::Opens(what) => {
                if opens.try_send(what).is_err() {
                    tracing::warn!("a click on a notification was not taken: nobody listens");
                }
            }
            Clicked::Pressed(press) => {
                // None waits for another: a command may take a while.
                tokio::spawn(press_one(desk.clone(), press));
            }
        }
    }
}

async fn press_one(desk: Desk, Press { command, request }: Press) {
    tracing::info!(command, "a button of a notification was pressed");
    let gate = request["gate_id"].as_str().map(str::to_owned);
    if let Err(refused) = desk.call(command, request).await {
        tracing::warn!(command, message = %refused.message, "a notification's button was refused");
        desk.notifier.show(refusal(refused, gate));
    }
}

/// What the owner is told of a button, or a line of the tray, that did nothing. `gate`: that it was to answer.
#[must_use]
pub fn refusal(refused: DeskError, gate: Option<String>) -> Note {
    let title = match refused.code.as_str() {
        "gate_settled" => "It was answered before",
        "gate_withdrawn" => "Nobody waits for that answer any more",
        "gate_changed" => "It asks something else by now",
        _ => "That could not be done",
    };
    Note {
        key: KEY.to_owned(),
        title: title.to_owned(),
        body: refused.message,
        critical: false,
        opens: Some(gate.map_or(Opens::Alerts, Opens::Gate)),
        buttons: Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use cuetower_core::alert::{About, AlertKind, Problem, Signal};
    use cuetower_engine::desk::wire::{AlertView, Alerts};
    use cuetower_engine::vault::VaultKind;
    use serde_json::json;

    use super::*;
    use crate::tower::{Options, Tower};

    #[test]
    fn whoever_answers_too_late_is_told_what_was_said_and_led_there() {
        let refused = |code: &str| {
            let message = "“Send 14?” was denied in the window, at noon. The first answer counts.".to_owned();
            refusal(DeskError { code: code.to_owned(), message, field: None }, Some("gate_1".to_owned()))
        };
        let late = refused("gate_settled");
        assert_eq!((late.title.as_str(), late.opens), ("It was answered before", Some(Opens::Gate("gate_1".into()))));
        assert!(late.body.contains("denied in the window"));
        assert_eq!(refused("busy").title, "That could not be done");
    }

    async fn alert(desk: &Desk) -> AlertView {
        let answer = desk.call("alerts", json!({ "limit": 10 })).await.unwrap();
        serde_json::from_value::<Alerts>(answer).unwrap().alerts.remove(0)
    }

    #[tokio::test]
    async fn a_button_is_a_command_of_the_desk_and_a_click_is_handed_on() {
        let folder = tempfile::tempdir().unwrap();
        let options = Options {
            data: Some(folder.path().to_owned()),
            listen: "127.0.0.1:0".parse().ok(),
            vault: VaultKind::Memory,
            notifications: false,
            ..Options::default()
        };
        let tower = Tower::start(options).await.unwrap();
        let (about, kind) = (About::Channel("ops".into()), AlertKind::ChannelFailed);
        let (title, severity) = ("ops does not take alerts".to_owned(), kind.severity());
        let signal = Signal::Trouble(Problem { about, kind, severity, run_id: None, title, body: String::new() });
        tower.desk.handle.signal(signal).await.unwrap();
        let before = alert(&tower.desk).await;

        let (click, clicked) = mpsc::channel(4);
        let (opens, mut opened) = mpsc::channel(4);
        let obeying = tokio::spawn(obey(tower.desk.clone(), clicked, opens));
        let snooze = Press { command: "alert_snooze", request: json!({ "alert_id": before.id, "minutes": 60 }) };
        for clicked in [Clicked::Pressed(snooze), Clicked::Opens(Opens::Alerts)] {
            click.send(clicked).await.unwrap();
        }
        // One that is refused harms nobody.
        let gone = Press { command: "run_replay", request: json!({ "run_id": "nobody" }) };
        click.send(Clicked::Pressed(gone)).await.unwrap();
        assert_eq!(opened.recv().await, Some(Opens::Alerts));
        while alert(&tower.desk).await.snoozed_until_ms.is_none() {
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        }
        drop(click);
        obeying.await.unwrap();
        tower.stop().await;
    }
}
