//! The menu that a system shows for the program itself: macOS has one, the others have none.

use tauri::menu::{Menu, MenuItem, PredefinedMenuItem, Submenu};
use tauri::{AppHandle, Wry};

use crate::{bridge, stop, window};

/// Puts it up where there is one; without it the window works all the same.
pub fn raise(app: &AppHandle) {
    if !cfg!(target_os = "macos") {
        return;
    }
    if let Err(error) = build(app).and_then(|menu| app.set_menu(menu)) {
        tracing::warn!(%error, "the menu could not be made");
        return;
    }
    app.on_menu_event(|app, event| match event.id().as_ref() {
        "menu:quit" => stop::quit(app),
        "menu:close" => window::close(app),
        other => {
            if let Some(hash) = other.strip_prefix("menu:").filter(|hash| hash.starts_with("#/")) {
                window::show(app);
                bridge::open(app, hash);
            }
        }
    });
}

fn build(app: &AppHandle) -> tauri::Result<Menu<Wry>> {
    let item =
        |id: &str, words: &str, keys: Option<&str>| MenuItem::with_id(app, format!("menu:{id}"), words, true, keys);
    let line = || PredefinedMenuItem::separator(app);
    let program = Submenu::with_items(
        app,
        "Cuetower",
        true,
        &[
            &PredefinedMenuItem::about(app, Some("About Cuetower"), None)?,
            &line()?,
            &item("#/settings", "Settings", Some("Cmd+,"))?,
            &line()?,
            &PredefinedMenuItem::services(app, None)?,
            &line()?,
            &PredefinedMenuItem::hide(app, None)?,
            &PredefinedMenuItem::hide_others(app, None)?,
            &PredefinedMenuItem::show_all(app, None)?,
            &line()?,
            &item("quit", "Quit Cuetower (nothing fires while closed)", Some("Cmd+Q"))?,
        ],
    )?;
    let edit = Submenu::with_items(
        app,
        "Edit",
        true,
        &[
            &PredefinedMenuItem::undo(app, None)?,
            &PredefinedMenuItem::redo(app, None)?,
            &line()?,
            &PredefinedMenuItem::cut(app, None)?,
            &PredefinedMenuItem::copy(app, None)?,
            &PredefinedMenuItem::paste(app, None)?,
            &PredefinedMenuItem::select_all(app, None)?,
        ],
    )?;
    // Its keys in the page are single letters, which a menu would take away from it.
    let go = Submenu::with_items(
        app,
        "Go",
        true,
        &[
            &item("#/board", "Board", None)?,
            &item("#/gates", "Gates", None)?,
            &item("#/agents", "Agents", None)?,
            &item("#/costs", "Costs", None)?,
            &item("#/alerts", "Alerts", None)?,
            &item("#/secrets", "Secrets", None)?,
        ],
    )?;
    let window = Submenu::with_items(
        app,
        "Window",
        true,
        &[
            &PredefinedMenuItem::minimize(app, None)?,
            &PredefinedMenuItem::maximize(app, None)?,
            &PredefinedMenuItem::fullscreen(app, None)?,
            &line()?,
            &item("close", "Close", Some("Cmd+W"))?,
        ],
    )?;
    Menu::with_items(app, &[&program, &edit, &go, &window])
}
