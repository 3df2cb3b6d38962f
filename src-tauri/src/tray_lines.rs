//! What needs somebody, as lines of the tray's menu: questions with their answers below them, and alerts, which open their place
//! in the window.

use cuetower_cli::tower::refusal;
use cuetower_engine::desk::wire::{AlertView, GateView};
use cuetower_engine::desk::{Desk, Face};
use cuetower_engine::notify::{Opens, plain};
use serde_json::json;
use tauri::menu::{Menu, MenuItem, MenuItemKind, Submenu};
use tauri::{AppHandle, Manager, Wry};

use crate::shell::{self, Shell};
use crate::{bridge, window};

/// Ids of lines that open a place of the window begin with it.
const PLACE: &str = "place:";
/// Ids of lines that answer a question: `answer:approve:SHOWN:GATE`.
const ANSWER: &str = "answer:";
/// In the menu at most.
const LINES_MAX: usize = 5;
const LINE_CHARS_MAX: usize = 60;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    pub words: String,
    pub leads: Leads,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Leads {
    /// To a place in the window: "#/run/ID".
    To(String),
    /// To the answers, each for what is shown here.
    Gate { id: String, shown: String },
}

/// Those that wait, the nearest deadline first; then the alerts, the worst first. `gates` and `alerts`: those that need somebody now.
pub fn lines(gates: &[GateView], alerts: &[AlertView]) -> Vec<Line> {
    let gate = |gate: &GateView| Line {
        words: line(&format!("{} asks: {}", gate.cue_name.as_deref().unwrap_or(&gate.agent), gate.title)),
        leads: Leads::Gate { id: gate.id.clone(), shown: gate.shown.clone() },
    };
    let alert = |alert: &AlertView| Line { words: line(&alert.title), leads: Leads::To(place(alert)) };
    let alerts = alerts.iter().filter(|alert| !is_of_a_gate(alert, gates));
    gates.iter().map(gate).chain(alerts.map(alert)).take(LINES_MAX).collect()
}

/// The question has a line of its own.
fn is_of_a_gate(alert: &AlertView, gates: &[GateView]) -> bool {
    let asks = |gate: &GateView| match (&alert.agent, &alert.run_id) {
        (Some(agent), _) => gate.run_id.is_none() && gate.agent == *agent && gate.account == alert.account,
        (None, run_id) => run_id.is_some() && gate.run_id == *run_id,
    };
    alert.kind == "gate_waiting" && gates.iter().any(asks)
}

/// A menu takes `&` for the mark of a key.
fn line(title: &str) -> String {
    let cut: String = plain(title).chars().take(LINE_CHARS_MAX).collect();
    cut.replace('&', "&&")
}

fn place(alert: &AlertView) -> String {
    match (&alert.run_id, &alert.agent) {
        (Some(run_id), _) => shell::place(&Opens::Run(run_id.clone())),
        (None, Some(name)) => shell::place(&Opens::Agent { name: name.clone(), account: alert.account.clone() }),
        (None, None) => shell::place(&Opens::Alerts),
    }
    .unwrap_or_default()
}

/// Puts the lines below the head, in the place of those that were there.
pub fn put(app: &AppHandle, menu: &Menu<Wry>, known: &mut Vec<MenuItemKind<Wry>>, lines: &[Line]) -> tauri::Result<()> {
    for line in known.drain(..) {
        menu.remove(&line)?;
    }
    for (number, Line { words, leads }) in lines.iter().enumerate() {
        let item = |id: String, words: &str| MenuItem::with_id(app, id, words, true, None::<&str>);
        let line = match leads {
            // Two may lead to the same place.
            Leads::To(hash) => MenuItemKind::MenuItem(item(format!("{PLACE}{number}:{hash}"), words)?),
            Leads::Gate { id, shown } => {
                let answer = |label, word| item(format!("{ANSWER}{word}:{shown}:{id}"), label);
                let open = shell::place(&Opens::Gate(id.clone())).unwrap_or_default();
                let open = item(format!("{PLACE}{number}:{open}"), "Open")?;
                let (approve, deny) = (answer("Approve", "approve")?, answer("Deny", "deny")?);
                MenuItemKind::Submenu(Submenu::with_items(app, words, true, &[&approve, &deny, &open])?)
            }
        };
        menu.insert(&line, number + 1)?;
        known.push(line);
    }
    Ok(())
}

/// What was chosen, if it is one of these lines.
pub fn chosen(app: &AppHandle, id: &str) {
    if let Some((_, hash)) = id.strip_prefix(PLACE).and_then(|rest| rest.split_once(':')) {
        window::show(app);
        bridge::open(app, hash);
    } else if let Some((word, shown, gate_id)) = answer_of(id) {
        let request = json!({ "gate_id": gate_id, "shown": shown, "answer": word });
        let (app, gate_id) = (app.clone(), gate_id.to_owned());
        tauri::async_runtime::spawn(async move {
            let desk = app.state::<Shell>().desk().await.through(Face::Tray);
            answer(desk, request, gate_id).await;
        });
    }
}

fn answer_of(id: &str) -> Option<(&str, &str, &str)> {
    let (word, rest) = id.strip_prefix(ANSWER)?.split_once(':')?;
    let (shown, gate_id) = rest.split_once(':')?;
    Some((word, shown, gate_id))
}

async fn answer(desk: Desk, request: serde_json::Value, gate_id: String) {
    if let Err(refused) = desk.call("gate_answer", request).await {
        tracing::warn!(message = %refused.message, "an answer from the tray was refused");
        desk.notifier.show(refusal(refused, Some(gate_id)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gate(id: &str, more: &serde_json::Value) -> GateView {
        let mut gate = serde_json::json!({
            "id": id, "about": "asked", "key": "k", "title": format!("{id} & co?"), "cue_id": "c", "cue_name": "dunning",
            "run_id": format!("run-{id}"), "agent": "", "account": null, "asked_at_ms": 0, "deadline_ms": null,
            "overdue_at_ms": null, "put_off_until_ms": null, "on_no_answer": "keep_waiting", "blocking": true,
            "state": "waiting", "shown": "ab12", "may_edit": true, "reversible": null, "cost_of_waiting": "",
            "usd_per_hour": null, "take_back_ms": null, "settled_at_ms": null, "face": null, "comment": null, "sentence": "s",
        });
        for (name, value) in more.as_object().into_iter().flatten() {
            gate[name] = value.clone();
        }
        serde_json::from_value(gate).expect("a gate")
    }

    fn alert(kind: &str, run_id: &str) -> AlertView {
        serde_json::from_value(serde_json::json!({
            "id": kind, "kind": kind, "severity": "warning", "title": format!("{kind} & co"), "body": "b", "cue_id": "c",
            "agent": null, "account": null, "channel": null, "run_id": run_id, "state": "open", "count": 1, "opened_at_ms": 0,
            "last_at_ms": 0, "resolved_at_ms": null, "snoozed_until_ms": null, "escalated_at_ms": null, "told": [],
        }))
        .expect("an alert")
    }

    #[test]
    fn a_question_has_one_line_and_its_alert_none() {
        let gates = [gate("g1", &serde_json::Value::Null)];
        let alerts =
            [alert("gate_waiting", "run-g1"), alert("gate_waiting", "run-to-verify"), alert("zombie", "run-g1")];
        let lines = lines(&gates, &alerts);
        let words: Vec<&str> = lines.iter().map(|line| line.words.as_str()).collect();
        assert_eq!(words, ["dunning asks: g1 && co?", "gate_waiting && co", "zombie && co"]);
        assert_eq!(lines[0].leads, Leads::Gate { id: "g1".into(), shown: "ab12".into() });
        assert_eq!(lines[1].leads, Leads::To("#/run/run-to-verify".into()));
    }

    #[test]
    fn an_agents_words_are_words() {
        let hostile = serde_json::json!({ "title": "Pay\u{202e}gpj?\u{1b}[2J", "cue_name": null, "agent": "scout" });
        let lines = lines(&[gate("g1", &hostile)], &[]);
        assert!(
            !lines[0].words.chars().any(|letter| letter.is_control() || letter == '\u{202e}'),
            "{}",
            lines[0].words
        );
        assert!(lines[0].words.starts_with("scout asks: Pay"));
    }

    #[test]
    fn a_line_of_the_menu_is_an_answer_to_what_it_showed() {
        assert_eq!(answer_of("answer:deny:ab12:gate_1"), Some(("deny", "ab12", "gate_1")));
        assert_eq!((answer_of("place:0:#/alerts"), answer_of("answer:deny")), (None, None));
    }
}
