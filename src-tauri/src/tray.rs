//! The icon in the tray: how the tower is doing, and the three things one does without a window.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Mutex, PoisonError};

use cuetower_engine::desk::Desk;
use cuetower_engine::desk::wire::{AlertView, Alerts, GateView, Gates, Topic, TowerStatus};
use cuetower_engine::feed::Change;
use cuetower_engine::notify::Opens;
use serde_json::Value;
use tauri::image::Image;
use tauri::menu::{Menu, MenuItem, MenuItemKind, PredefinedMenuItem};
use tauri::tray::{MouseButton, MouseButtonState, TrayIcon, TrayIconBuilder, TrayIconEvent};
use tauri::{AppHandle, Manager, Wry};

use crate::shell::Shell;
use crate::tray_lines::{self, Line};
use crate::{stop, window};

const ARMED: Image<'_> = tauri::include_image!("icons/tray-armed.png");
const NEEDS_YOU: Image<'_> = tauri::include_image!("icons/tray-needs-you.png");
const CRITICAL: Image<'_> = tauri::include_image!("icons/tray-critical.png");
const PAUSED: Image<'_> = tauri::include_image!("icons/tray-paused.png");

pub const ID: &str = "tower";
/// Unresolved alerts, and the most urgent gates, come first.
const LOOKED_AT: u32 = 100;

struct Tray {
    icon: TrayIcon,
    menu: Menu<Wry>,
    /// The count in words; a menu is all that some hosts show beside the icon.
    head: MenuItem<Wry>,
    firing: MenuItem<Wry>,
    /// What needs somebody, below the head.
    lines: Mutex<Vec<MenuItemKind<Wry>>>,
}

/// Puts the icon up and keeps it true. Without it the tower works all the same.
pub fn raise(app: &AppHandle) {
    // On Linux the library behind it is looked for at this point, and its absence is a panic.
    let built = catch_unwind(AssertUnwindSafe(|| build(app)));
    match built {
        Ok(Ok(tray)) => {
            let app = app.clone();
            let keeping = async move { keep_true(tray, app.state::<Shell>().desk().await.clone()).await };
            drop(tauri::async_runtime::spawn(keeping));
        }
        Ok(Err(error)) => tracing::warn!(%error, "there is no tray icon"),
        Err(_) => tracing::warn!("there is no tray icon: its library (libayatana-appindicator3) is missing"),
    }
}

fn build(app: &AppHandle) -> tauri::Result<Tray> {
    let head = MenuItem::with_id(app, "head", "Cuetower", false, None::<&str>)?;
    let open = MenuItem::with_id(app, "open", "Open Cuetower", true, None::<&str>)?;
    let firing = MenuItem::with_id(app, "firing", "Pause all firing", true, None::<&str>)?;
    let quit = MenuItem::with_id(app, "quit", "Quit (nothing fires while closed)", true, None::<&str>)?;
    let lines = [PredefinedMenuItem::separator(app)?, PredefinedMenuItem::separator(app)?];
    let menu = Menu::with_items(app, &[&head, &lines[0], &open, &firing, &lines[1], &quit])?;
    let icon = TrayIconBuilder::with_id(ID)
        .icon(ARMED)
        .tooltip("Cuetower")
        .menu(&menu)
        .show_menu_on_left_click(false)
        // The pictures are handed over as files, and two towers must not overwrite each other's.
        .temp_dir_path(app.state::<Shell>().data_dir.join("tray"))
        .on_menu_event(|app, event| match event.id().as_ref() {
            "open" => window::show(app),
            "firing" => toggle_firing(app),
            "quit" => stop::quit(app),
            other => tray_lines::chosen(app, other),
        })
        .on_tray_icon_event(|icon, event| {
            if let TrayIconEvent::Click { button: MouseButton::Left, button_state: MouseButtonState::Up, .. } = event {
                window::show(icon.app_handle());
            }
        })
        .build(app)?;
    Ok(Tray { icon, menu, head, firing, lines: Mutex::default() })
}

/// Follows the live changes until the tower stops.
async fn keep_true(tray: Tray, desk: Desk) {
    let mut shown = None;
    let Some(first) = status(&desk).await else { return };
    let mut changes = desk.handle.feed().subscribe(first.seq);
    show(&tray, &mut shown, &first, &open_gates(&desk).await, &open_alerts(&desk).await);
    while let Some(change) = changes.next().await {
        let concerns = match &change {
            Change::Event(event) => {
                event.status_changed || !event.alerts.is_empty() || event.topics.contains(&Topic::Gates)
            }
            Change::Gap => true,
        };
        if concerns && let Some(status) = status(&desk).await {
            show(&tray, &mut shown, &status, &open_gates(&desk).await, &open_alerts(&desk).await);
        }
    }
}

/// What the icon, its tooltip and the head of the menu say.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Face {
    picture: Picture,
    /// "3", where something waits.
    number: Option<String>,
    words: String,
    paused: bool,
    lines: Vec<Line>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Picture {
    Armed,
    NeedsYou,
    /// Of what needs somebody, something is critical.
    Critical,
    Paused,
}

fn face(paused: bool, needs_you: u32, gates: &[GateView], alerts: &[AlertView]) -> Face {
    let needs = match needs_you {
        0 => "Nothing needs you".to_owned(),
        1 => "1 needs you".to_owned(),
        many => format!("{many} need you"),
    };
    Face {
        picture: match (paused, needs_you) {
            (true, _) => Picture::Paused,
            (false, 0) => Picture::Armed,
            (false, _) if alerts.iter().any(|alert| alert.severity == "critical") => Picture::Critical,
            (false, _) => Picture::NeedsYou,
        },
        number: (needs_you > 0).then(|| needs_you.to_string()),
        words: if paused { format!("{needs}. All firing is paused") } else { needs },
        paused,
        lines: tray_lines::lines(gates, alerts),
    }
}

/// Those that need somebody now, the worst first and then the newest.
fn needing(mut alerts: Vec<AlertView>, now_ms: i64) -> Vec<AlertView> {
    let told_only = |alert: &AlertView| alert.severity == "info" || alert.kind == "missed_occurrence";
    let snoozed = |alert: &AlertView| alert.snoozed_until_ms.is_some_and(|until| until > now_ms);
    alerts.retain(|alert| alert.state == "open" && !snoozed(alert) && !told_only(alert));
    alerts.sort_by_key(|alert| (alert.severity != "critical", std::cmp::Reverse(alert.last_at_ms)));
    alerts
}

fn show(tray: &Tray, shown: &mut Option<Face>, status: &TowerStatus, gates: &[GateView], alerts: &[AlertView]) {
    let face = face(status.paused, status.needs_you, gates, alerts);
    if shown.as_ref() == Some(&face) {
        return;
    }
    let picture = match face.picture {
        Picture::Armed => ARMED,
        Picture::NeedsYou => NEEDS_YOU,
        Picture::Critical => CRITICAL,
        Picture::Paused => PAUSED,
    };
    let done = tray
        .icon
        .set_icon(Some(picture))
        // Beside the icon where there is room for it (Linux, macOS); Windows has the tooltip.
        .and_then(|()| tray.icon.set_title(face.number.as_deref()))
        .and_then(|()| tray.icon.set_tooltip(Some(format!("Cuetower: {}", face.words))))
        .and_then(|()| tray.head.set_text(&face.words))
        .and_then(|()| tray.firing.set_text(if face.paused { "Resume all firing" } else { "Pause all firing" }));
    let lines = |()| {
        let known = shown.as_ref().map(|face| &face.lines);
        if known == Some(&face.lines) {
            return Ok(());
        }
        let mut known = tray.lines.lock().unwrap_or_else(PoisonError::into_inner);
        tray_lines::put(tray.icon.app_handle(), &tray.menu, &mut known, &face.lines)
    };
    match done.and_then(lines) {
        Ok(()) => *shown = Some(face),
        Err(error) => tracing::warn!(%error, "the tray icon could not be changed"),
    }
}

fn toggle_firing(app: &AppHandle) {
    let app = app.clone();
    tauri::async_runtime::spawn(async move {
        let shell = app.state::<Shell>();
        let desk = shell.desk().await;
        let Some(status) = status(desk).await else { return };
        let command = if status.paused { "tower_resume" } else { "tower_pause" };
        if let Err(refused) = desk.call(command, Value::Null).await {
            tracing::warn!(command, message = %refused.message, "the tray's wish was refused");
        }
    });
}

async fn open_alerts(desk: &Desk) -> Vec<AlertView> {
    let asked = serde_json::json!({ "limit": LOOKED_AT });
    let Ok(answer) = desk.call("alerts", asked).await else { return Vec::new() };
    let alerts = serde_json::from_value::<Alerts>(answer).map(|answer| answer.alerts).unwrap_or_default();
    needing(alerts, desk.handle.now().0)
}

/// Where the question is that comes first.
pub async fn next_gate(desk: &Desk) -> Option<Opens> {
    open_gates(desk).await.first().map(|gate| Opens::Gate(gate.id.clone()))
}

/// Those that wait and were not put off.
async fn open_gates(desk: &Desk) -> Vec<GateView> {
    let asked = serde_json::json!({ "limit": LOOKED_AT });
    let Ok(answer) = desk.call("gates", asked).await else { return Vec::new() };
    let mut gates = serde_json::from_value::<Gates>(answer).map(|answer| answer.waiting).unwrap_or_default();
    let now_ms = desk.handle.now().0;
    gates.retain(|gate| gate.put_off_until_ms.is_none_or(|until| until <= now_ms));
    gates
}

async fn status(desk: &Desk) -> Option<TowerStatus> {
    let answer = desk.call("tower_status", Value::Null).await.ok()?;
    serde_json::from_value(answer).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tray_lines::Leads;

    fn alert(id: &str, severity: &str, more: &serde_json::Value) -> AlertView {
        let mut alert = serde_json::json!({
            "id": id, "kind": "zombie", "severity": severity, "title": format!("{id} & co"), "body": "b", "cue_id": "c", "agent": null,
            "account": null, "channel": null, "run_id": format!("run-{id}"), "state": "open", "count": 1, "opened_at_ms": 0,
            "last_at_ms": 0, "resolved_at_ms": null, "snoozed_until_ms": null, "escalated_at_ms": null, "told": [],
        });
        for (name, value) in more.as_object().into_iter().flatten() {
            alert[name] = value.clone();
        }
        serde_json::from_value(alert).expect("an alert")
    }

    #[test]
    fn the_icon_says_what_matters_most() {
        let plain = |paused, needs_you| face(paused, needs_you, &[], &[]);
        assert_eq!(plain(false, 0).picture, Picture::Armed);
        assert_eq!(plain(false, 0).number, None);
        assert_eq!((plain(false, 1).picture, plain(false, 1).words.as_str()), (Picture::NeedsYou, "1 needs you"));
        let both = plain(true, 3);
        assert_eq!(
            (both.picture, both.number.as_deref()),
            (Picture::Paused, Some("3")),
            "nothing fires, and that is the news"
        );
        assert_eq!(both.words, "3 need you. All firing is paused");
        let none = serde_json::Value::Null;
        assert_eq!(face(false, 1, &[], &[alert("a", "warning", &none)]).picture, Picture::NeedsYou);
        let worst = face(false, 2, &[], &[alert("b", "critical", &none), alert("a", "warning", &none)]);
        assert_eq!(worst.picture, Picture::Critical);
        assert_eq!(worst.lines[0], Line { words: "b && co".to_owned(), leads: Leads::To("#/run/run-b".to_owned()) });
    }

    #[test]
    fn the_menu_names_what_needs_somebody_the_worst_first() {
        let alerts = vec![
            alert("seen", "critical", &serde_json::json!({ "state": "acknowledged" })),
            alert("later", "critical", &serde_json::json!({ "snoozed_until_ms": 101 })),
            alert("missed", "warning", &serde_json::json!({ "kind": "missed_occurrence" })),
            alert("told", "info", &serde_json::json!({})),
            alert("small", "warning", &serde_json::json!({ "last_at_ms": 9 })),
            alert("old", "critical", &serde_json::json!({ "last_at_ms": 1, "run_id": null, "agent": "scout" })),
            alert("woke", "critical", &serde_json::json!({ "last_at_ms": 2, "snoozed_until_ms": 100 })),
        ];
        let needing = needing(alerts, 100);
        assert_eq!(needing.iter().map(|alert| alert.id.as_str()).collect::<Vec<_>>(), ["woke", "old", "small"]);
        assert_eq!(face(false, 3, &[], &needing).lines[1].leads, Leads::To("#/agents/scout".to_owned()));
    }
}
