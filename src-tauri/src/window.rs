//! The window: made dark, shown, put away. Closing it does not stop the tower.

use std::sync::Once;

use cuetower_engine::notify::Note;
use tauri::webview::{NewWindowResponse, PageLoadEvent};
use tauri::window::Color;
use tauri::{AppHandle, Manager, WebviewUrl, WebviewWindow, WebviewWindowBuilder, WindowEvent};

use crate::shell::Shell;
use crate::{tray, tray_host};

const MAIN: &str = "main";

/// `bg-0` of the dark theme, so that nothing flashes before the page paints.
pub const GROUND: Color = Color(0x0f, 0x12, 0x14, 0xff);

pub fn build(app: &AppHandle, hidden: bool) -> tauri::Result<()> {
    let window = WebviewWindowBuilder::new(app, MAIN, WebviewUrl::default())
        .title("Cuetower")
        .inner_size(1280.0, 800.0)
        .min_inner_size(720.0, 500.0)
        .center()
        .background_color(GROUND)
        .visible(!hidden)
        .devtools(cfg!(debug_assertions))
        // What the page remembers (its theme) belongs to this tower, as everything else does.
        .data_directory(app.state::<Shell>().data_dir.join("window"))
        // The page and nothing else: no link leads away, none opens a second window.
        .on_navigation(|url| tauri::is_dev() || matches!(url.host_str(), Some("localhost" | "tauri.localhost")))
        .on_new_window(|_, _| NewWindowResponse::Deny)
        .on_document_title_changed(|window, title| drop(window.set_title(&title)))
        .on_page_load(|window, load| {
            if load.event() == PageLoadEvent::Started {
                window.state::<Shell>().page.left();
            }
        })
        .build()?;
    let app = app.clone();
    window.on_window_event(move |event| {
        if let WindowEvent::CloseRequested { api, .. } = event {
            api.prevent_close();
            put_away(&app);
        }
    });
    Ok(())
}

/// Shows the window and gives it the keyboard, whatever state it was in.
pub fn show(app: &AppHandle) {
    with(app, |window| {
        window.show()?;
        window.unminimize()?;
        window.set_focus()
    });
}

pub fn hide(app: &AppHandle) {
    with(app, WebviewWindow::hide);
}

/// Into the tray where there is one; else to where minimised windows are.
fn put_away(app: &AppHandle) {
    let app = app.clone();
    tauri::async_runtime::spawn(async move {
        if app.tray_by_id(tray::ID).is_some() && tray_host::is_there().await {
            hide(&app);
        } else {
            with(&app, WebviewWindow::minimize);
            say_it_keeps_running(&app);
        }
    });
}

fn say_it_keeps_running(app: &AppHandle) {
    static SAID: Once = Once::new();
    SAID.call_once(|| {
        app.state::<Shell>().desk.notifier.show(Note {
            key: "window closed".to_owned(),
            title: "Cuetower keeps running".to_owned(),
            body: "The window is minimised and cues keep firing. Start Cuetower again to bring it back; Settings can quit it.".to_owned(),
            critical: false,
            opens: None,
            buttons: Vec::new(),
        });
    });
}

fn with(app: &AppHandle, work: impl Fn(&WebviewWindow) -> tauri::Result<()>) {
    let Some(window) = app.get_webview_window(MAIN) else { return };
    if let Err(error) = work(&window) {
        tracing::warn!(%error, "the window did not do as it was told");
    }
}
