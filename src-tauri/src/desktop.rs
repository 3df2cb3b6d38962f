//! What this machine's desktop does for the tower, as the page asks for it: start at login, hot-keys, links, the theme of the window.
//! Counterpart of `Desktop` in `ui/src/bridge/bridge.ts`.

use cuetower_engine::desk::wire::DeskError;
use serde::{Deserialize, Deserializer, Serialize};
use tauri::{AppHandle, State};

use crate::hotkeys::{self, HotkeysState, Wish};
use crate::kept::Theme;
use crate::login::{self, Start, StartAtLogin};
use crate::scheme::{self, Links};
use crate::shell::Shell;
use crate::window;

/// As the system has it at this moment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DesktopSettings {
    start_at_login: StartAtLogin,
    hotkeys: HotkeysState,
    links: Links,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct DesktopChange {
    start_at_login: Option<bool>,
    hotkeys: HotkeysChange,
    links: Option<bool>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct HotkeysChange {
    #[serde(deserialize_with = "named")]
    show_window: Wish,
    #[serde(deserialize_with = "named")]
    next_gate: Wish,
}

/// A null that is there says "none"; what is not there says nothing.
fn named<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Wish, D::Error> {
    Option::<String>::deserialize(deserializer).map(Some)
}

#[tauri::command]
pub async fn desktop_settings(app: AppHandle, shell: State<'_, Shell>) -> Result<DesktopSettings, DeskError> {
    Ok(settings(&app, &shell).await)
}

#[tauri::command]
pub async fn desktop_set(
    app: AppHandle,
    shell: State<'_, Shell>,
    change: DesktopChange,
) -> Result<DesktopSettings, DeskError> {
    hotkeys::set(&app, change.hotkeys.show_window, change.hotkeys.next_gate)
        .map_err(|(field, sentence)| refused(field, sentence))?;
    if let Some(on) = change.start_at_login {
        start(&shell).and_then(|start| login::switch(start, on)).map_err(|why| refused("start_at_login", why))?;
    }
    if let Some(on) = change.links {
        let start = start(&shell).map_err(|why| refused("links", why))?;
        scheme::switch(start, on).await.map_err(|why| refused("links", why))?;
    }
    Ok(settings(&app, &shell).await)
}

/// The page tells what it wears, so that the edge of the window follows and the next start does not flash.
#[tauri::command]
pub fn desktop_wear(app: AppHandle, theme: Theme) {
    window::wear(&app, theme);
}

async fn settings(app: &AppHandle, shell: &Shell) -> DesktopSettings {
    let (start_at_login, links) = match start(shell) {
        Ok(start) => (login::look(start), scheme::look(start).await),
        Err(why) => (
            StartAtLogin { on: false, possible: false, why: Some(why.clone()) },
            Links { registered: false, possible: false, why: Some(why) },
        ),
    };
    DesktopSettings { start_at_login, hotkeys: hotkeys::look(app), links }
}

fn start(shell: &Shell) -> Result<&Start, String> {
    shell.start.as_ref().map_err(Clone::clone)
}

fn refused(field: &str, message: String) -> DeskError {
    DeskError { code: "refused".to_owned(), message, field: Some(field.to_owned()) }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::kept::Hotkeys;

    #[test]
    fn the_page_is_sent_what_it_expects() {
        let settings = DesktopSettings {
            start_at_login: StartAtLogin { on: true, possible: true, why: None },
            hotkeys: HotkeysState {
                taken: Hotkeys { show_window: Some("Ctrl+Alt+C".into()), next_gate: None },
                possible: true,
                why: None,
            },
            links: Links { registered: false, possible: false, why: Some("No.".into()) },
        };
        let expected = json!({
            "start_at_login": { "on": true, "possible": true, "why": null },
            "hotkeys": { "show_window": "Ctrl+Alt+C", "next_gate": null, "possible": true, "why": null },
            "links": { "registered": false, "possible": false, "why": "No." },
        });
        assert_eq!(serde_json::to_value(settings).expect("JSON"), expected);
    }

    #[test]
    fn what_is_not_named_is_not_changed() {
        let read = |change| serde_json::from_value::<DesktopChange>(change);
        assert_eq!(read(json!({})).ok(), Some(DesktopChange::default()));
        let change = read(json!({ "hotkeys": { "show_window": null }, "links": true })).expect("a change");
        assert_eq!((change.hotkeys.show_window, change.hotkeys.next_gate), (Some(None), None));
        assert_eq!((change.start_at_login, change.links), (None, Some(true)));
        assert!(read(json!({ "start_at_login": "yes" })).is_err() && read(json!({ "autostart": true })).is_err());
    }
}
