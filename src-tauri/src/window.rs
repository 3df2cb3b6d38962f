//! The window: made in the colours of its theme, shown, put away. Closing it does not stop the tower.

use std::sync::Once;
use std::time::Duration;

use cuetower_engine::notify::Note;
use tauri::async_runtime::JoinHandle;
use tauri::webview::{NewWindowResponse, PageLoadEvent};
use tauri::window::Color;
use tauri::{
    AppHandle, Manager, PhysicalPosition, PhysicalSize, WebviewUrl, WebviewWindow, WebviewWindowBuilder, WindowEvent,
};
use tokio::sync::watch;

use crate::frame::{self, Frame, Screen};
use crate::kept::Theme;
use crate::shell::{self, Shell};
use crate::{tray, tray_host};

const MAIN: &str = "main";
/// So long after it was last moved it is remembered where it stands.
const SETTLED: Duration = Duration::from_millis(500);

/// `bg-0` of the dark theme and of the light one, so that nothing flashes before the page paints.
pub const GROUND: Color = Color(0x0f, 0x12, 0x14, 0xff);
const LIGHT_GROUND: Color = Color(0xee, 0xf0, 0xee, 0xff);

/// Makes it where it belongs; nobody sees it until it is told to [`appear`].
pub fn build(app: &AppHandle) -> tauri::Result<()> {
    let shell = app.state::<Shell>();
    let kept = shell.keeper.kept();
    let window = WebviewWindowBuilder::new(app, MAIN, WebviewUrl::default())
        .initialization_script(typeface())
        .title("Cuetower")
        .inner_size(frame::SIZE.0, frame::SIZE.1)
        .min_inner_size(frame::SIZE_MIN.0, frame::SIZE_MIN.1)
        .center()
        .theme(native(kept.theme))
        .background_color(GROUND)
        .visible(false)
        .devtools(cfg!(debug_assertions))
        // What the page remembers (its theme) belongs to this tower, as everything else does.
        .data_directory(shell.data_dir.join("window"))
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
    if window.theme().is_ok_and(|theme| theme == tauri::Theme::Light) {
        wished(window.set_background_color(Some(LIGHT_GROUND)));
    }
    if let Some(frame) = kept.frame.and_then(|frame| frame::fitted(frame, &screens(&window))) {
        wished(window.set_size(PhysicalSize::new(frame.width, frame.height)));
        wished(window.set_position(PhysicalPosition::new(frame.x, frame.y)));
    }
    if kept.maximised {
        wished(window.maximize());
    }
    let (moved, moves) = watch::channel(());
    let closing = app.clone();
    window.on_window_event(move |event| match event {
        WindowEvent::CloseRequested { api, .. } => {
            api.prevent_close();
            put_away(&closing);
        }
        WindowEvent::Resized(_) | WindowEvent::Moved(_) => drop(moved.send(())),
        _ => {}
    });
    tauri::async_runtime::spawn(remember_moves(app.clone(), moves));
    Ok(())
}

fn typeface() -> &'static str {
    #[cfg(target_os = "linux")]
    return crate::typeface::told();
    #[cfg(not(target_os = "linux"))]
    ""
}

/// As if it had never been made: nobody saw it.
pub fn unmake(app: &AppHandle) {
    with(app, WebviewWindow::destroy);
}

fn native(theme: Theme) -> Option<tauri::Theme> {
    match theme {
        Theme::System => None,
        Theme::Light => Some(tauri::Theme::Light),
        Theme::Dark => Some(tauri::Theme::Dark),
    }
}

/// The page wears this theme: the edge of the window follows, and the next start does not flash.
pub fn wear(app: &AppHandle, theme: Theme) {
    with(app, |window| window.set_theme(native(theme)));
    shell::keep(app, move |kept| kept.theme = theme);
}

/// Each is looked at once it is over, as long as the window lives.
async fn remember_moves(app: AppHandle, mut moves: watch::Receiver<()>) {
    while moves.changed().await.is_ok() {
        while tokio::time::timeout(SETTLED, moves.changed()).await.is_ok_and(|moved| moved.is_ok()) {}
        remember(&app);
    }
}

/// Keeps where the window stands, if it stands anywhere: one that is put away has no place.
pub fn remember(app: &AppHandle) -> Option<JoinHandle<()>> {
    let window = app.get_webview_window(MAIN)?;
    let (maximised, frame) = stands(&window).unwrap_or_else(|error| {
        tracing::warn!(%error, "where the window stands is not known");
        None
    })?;
    Some(shell::keep(app, move |kept| {
        kept.maximised = maximised;
        if !maximised {
            kept.frame = Some(frame);
        }
    }))
}

fn stands(window: &WebviewWindow) -> tauri::Result<Option<(bool, Frame)>> {
    if !window.is_visible()? || window.is_minimized()? || window.is_fullscreen()? {
        return Ok(None);
    }
    let (at, size) = (window.outer_position()?, window.inner_size()?);
    let frame = Frame { x: at.x, y: at.y, width: size.width, height: size.height };
    Ok(Some((window.is_maximized()?, frame)))
}

fn screens(window: &WebviewWindow) -> Vec<Screen> {
    let screen = |monitor: &tauri::Monitor| {
        let area = monitor.work_area();
        let (at, size) = (area.position, area.size);
        Screen { x: at.x, y: at.y, width: size.width, height: size.height, scale: monitor.scale_factor() }
    };
    window.available_monitors().unwrap_or_default().iter().map(screen).collect()
}

/// For the first time.
pub fn appear(app: &AppHandle) {
    with(app, WebviewWindow::show);
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

/// As its own button does.
pub fn close(app: &AppHandle) {
    put_away(app);
}

/// Into the tray where there is one; else to where minimised windows are.
fn put_away(app: &AppHandle) {
    let app = app.clone();
    tauri::async_runtime::spawn(async move {
        if app.tray_by_id(tray::ID).is_some() && tray_host::is_there().await {
            hide(&app);
        } else {
            with(&app, WebviewWindow::minimize);
            say_it_keeps_running(&app).await;
        }
    });
}

async fn say_it_keeps_running(app: &AppHandle) {
    static SAID: Once = Once::new();
    let shell = app.state::<Shell>();
    let desk = shell.desk().await;
    SAID.call_once(|| {
        desk.notifier.show(Note {
            key: "window closed".to_owned(),
            title: "Cuetower keeps running".to_owned(),
            body: "The window is minimised and cues keep firing. Start Cuetower again to bring it back; Settings can quit it.".to_owned(),
            critical: false,
            opens: None,
            buttons: Vec::new(),
        });
    });
}

/// A window in the wrong place or colour is a window all the same.
fn wished(done: tauri::Result<()>) {
    if let Err(error) = done {
        tracing::warn!(%error, "the window did not do as it was told");
    }
}

fn with(app: &AppHandle, work: impl Fn(&WebviewWindow) -> tauri::Result<()>) {
    let Some(window) = app.get_webview_window(MAIN) else { return };
    wished(work(&window));
}
