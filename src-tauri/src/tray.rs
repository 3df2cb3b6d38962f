//! The icon in the tray: how the tower is doing, and the three things one does without a window.

use std::panic::{AssertUnwindSafe, catch_unwind};

use cuetower_engine::desk::Desk;
use cuetower_engine::desk::wire::TowerStatus;
use cuetower_engine::feed::Change;
use serde_json::Value;
use tauri::image::Image;
use tauri::menu::{Menu, MenuItem, PredefinedMenuItem};
use tauri::tray::{MouseButton, MouseButtonState, TrayIcon, TrayIconBuilder, TrayIconEvent};
use tauri::{AppHandle, Manager, Wry};

use crate::shell::Shell;
use crate::{stop, window};

const ARMED: Image<'_> = tauri::include_image!("icons/tray-armed.png");
const NEEDS_YOU: Image<'_> = tauri::include_image!("icons/tray-needs-you.png");
const PAUSED: Image<'_> = tauri::include_image!("icons/tray-paused.png");

pub const ID: &str = "tower";

struct Tray {
    icon: TrayIcon,
    /// The count in words; a menu is all that some hosts show beside the icon.
    head: MenuItem<Wry>,
    firing: MenuItem<Wry>,
}

/// Puts the icon up and keeps it true. Without it the tower works all the same.
pub fn raise(app: &AppHandle) {
    // On Linux the library behind it is looked for at this point, and its absence is a panic.
    let built = catch_unwind(AssertUnwindSafe(|| build(app)));
    match built {
        Ok(Ok(tray)) => drop(tauri::async_runtime::spawn(keep_true(tray, app.state::<Shell>().desk.clone()))),
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
            _ => {}
        })
        .on_tray_icon_event(|icon, event| {
            if let TrayIconEvent::Click { button: MouseButton::Left, button_state: MouseButtonState::Up, .. } = event {
                window::show(icon.app_handle());
            }
        })
        .build(app)?;
    Ok(Tray { icon, head, firing })
}

/// Follows the live changes until the tower stops.
async fn keep_true(tray: Tray, desk: Desk) {
    let mut shown = None;
    let Some(first) = status(&desk).await else { return };
    let mut changes = desk.handle.feed().subscribe(first.seq);
    show(&tray, &mut shown, &first);
    while let Some(change) = changes.next().await {
        let concerns = match &change {
            Change::Event(event) => event.status_changed || !event.alerts.is_empty(),
            Change::Gap => true,
        };
        if concerns && let Some(status) = status(&desk).await {
            show(&tray, &mut shown, &status);
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
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Picture {
    Armed,
    NeedsYou,
    Paused,
}

fn face(paused: bool, needs_you: u32) -> Face {
    let needs = match needs_you {
        0 => "Nothing needs you".to_owned(),
        1 => "1 needs you".to_owned(),
        many => format!("{many} need you"),
    };
    Face {
        picture: match (paused, needs_you) {
            (true, _) => Picture::Paused,
            (false, 0) => Picture::Armed,
            (false, _) => Picture::NeedsYou,
        },
        number: (needs_you > 0).then(|| needs_you.to_string()),
        words: if paused { format!("{needs}. All firing is paused") } else { needs },
        paused,
    }
}

fn show(tray: &Tray, shown: &mut Option<Face>, status: &TowerStatus) {
    let face = face(status.paused, status.needs_you);
    if shown.as_ref() == Some(&face) {
        return;
    }
    let picture = match face.picture {
        Picture::Armed => ARMED,
        Picture::NeedsYou => NEEDS_YOU,
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
    match done {
        Ok(()) => *shown = Some(face),
        Err(error) => tracing::warn!(%error, "the tray icon could not be changed"),
    }
}

fn toggle_firing(app: &AppHandle) {
    let desk = app.state::<Shell>().desk.clone();
    tauri::async_runtime::spawn(async move {
        let Some(status) = status(&desk).await else { return };
        let command = if status.paused { "tower_resume" } else { "tower_pause" };
        if let Err(refused) = desk.call(command, Value::Null).await {
            tracing::warn!(command, message = %refused.message, "the tray's wish was refused");
        }
    });
}

async fn status(desk: &Desk) -> Option<TowerStatus> {
    let answer = desk.call("tower_status", Value::Null).await.ok()?;
    serde_json::from_value(answer).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_icon_says_what_matters_most() {
        assert_eq!(face(false, 0).picture, Picture::Armed);
        assert_eq!(face(false, 0).number, None);
        assert_eq!((face(false, 1).picture, face(false, 1).words.as_str()), (Picture::NeedsYou, "1 needs you"));
        let both = face(true, 3);
        assert_eq!(
            (both.picture, both.number.as_deref()),
            (Picture::Paused, Some("3")),
            "nothing fires, and that is the news"
        );
        assert_eq!(both.words, "3 need you. All firing is paused");
    }
}
