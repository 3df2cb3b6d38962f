//! Keys that work in every program: they show the window, or the next question. None is taken until the owner sets one.

mod exchange;

use std::str::FromStr as _;
use std::sync::{Mutex, PoisonError};

use serde::Serialize;
use tauri::{AppHandle, Manager};
use tauri_plugin_global_shortcut::{GlobalShortcutExt as _, Modifiers, Shortcut, ShortcutState};

use self::exchange::{Keys, Refused, exchange};
use crate::kept::Hotkeys;
use crate::shell::{self, Shell};
use crate::{bridge, tray, window};

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct HotkeysState {
    #[serde(flatten)]
    pub taken: Hotkeys,
    pub possible: bool,
    pub why: Option<String>,
}

/// Those that the system gave us, and what it said of those that it did not.
#[derive(Default)]
pub struct Taken(Mutex<(Hotkeys, Option<String>)>);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Does {
    ShowWindow,
    NextGate,
}

impl Does {
    fn field(self) -> &'static str {
        match self {
            Does::ShowWindow => "hotkeys.show_window",
            Does::NextGate => "hotkeys.next_gate",
        }
    }

    fn of(self, keys: &mut Hotkeys) -> &mut Option<String> {
        match self {
            Does::ShowWindow => &mut keys.show_window,
            Does::NextGate => &mut keys.next_gate,
        }
    }
}

/// Why no program can have such keys here.
fn impossible() -> Option<&'static str> {
    let set = |name| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    let wayland = set("WAYLAND_DISPLAY") && std::env::var_os("GDK_BACKEND").is_none_or(|backend| backend != "x11");
    (cfg!(target_os = "linux") && (wayland || !set("DISPLAY"))).then_some(
        "On Wayland a program cannot take keys for itself. Bind them in the system's own settings: `cuetower` shows the window, `cuetower cuetower://gates` the questions.",
    )
}

pub fn look(app: &AppHandle) -> HotkeysState {
    if let Some(why) = impossible() {
        return HotkeysState { taken: Hotkeys::default(), possible: false, why: Some(why.to_owned()) };
    }
    let (taken, why) = app.state::<Taken>().0.lock().unwrap_or_else(PoisonError::into_inner).clone();
    HotkeysState { taken, possible: true, why }
}

/// Takes those that were set, at the start.
pub fn take_kept(app: &AppHandle, kept: &Hotkeys) {
    if impossible().is_some() {
        return;
    }
    let taken = app.state::<Taken>();
    let mut taken = taken.0.lock().unwrap_or_else(PoisonError::into_inner);
    let mut refused = Vec::new();
    for (does, keys) in [(Does::ShowWindow, &kept.show_window), (Does::NextGate, &kept.next_gate)] {
        let Some(keys) = keys else { continue };
        match take(app, does, keys) {
            Ok(keys) => *does.of(&mut taken.0) = Some(keys),
            Err(why) => {
                tracing::warn!(%keys, why, "a hot-key could not be taken");
                refused.push(why);
            }
        }
    }
    taken.1 = (!refused.is_empty()).then(|| refused.join(" "));
}

/// What a hot-key of the change is to become: None if it is not named, Some(None) if it is taken away.
pub type Wish = Option<Option<String>>;

/// Changes those that are named: all of them or none. The error: the field, and a sentence.
pub fn set(app: &AppHandle, show_window: Wish, next_gate: Wish) -> Result<(), (&'static str, String)> {
    let state = app.state::<Taken>();
    let mut taken = state.0.lock().unwrap_or_else(PoisonError::into_inner);
    let (before, mut after) = (taken.0.clone(), taken.0.clone());
    let mut wishes = Vec::new();
    for (does, wish) in [(Does::ShowWindow, show_window), (Does::NextGate, next_gate)] {
        let Some(wish) = wish else { continue };
        if let Some(why) = impossible() {
            return Err((does.field(), why.to_owned()));
        }
        let wish = wish.as_deref().map(written).transpose().map_err(|why| (does.field(), why))?;
        does.of(&mut after).clone_from(&wish);
        wishes.push((does, wish));
    }
    if wishes.is_empty() {
        return Ok(());
    }
    exchange(&mut System(app), &before, &after).map_err(|Refused { field, why, left }| {
        taken.0 = left;
        (field, why)
    })?;
    *taken = (after, None);
    // What is not named stays as it is kept, though the system may not have given it to us this time.
    shell::keep(app, |kept| wishes.into_iter().for_each(|(does, wish)| *does.of(&mut kept.hotkeys) = wish));
    Ok(())
}

struct System<'a>(&'a AppHandle);

impl Keys for System<'_> {
    fn take(&mut self, does: Does, keys: &str) -> Result<(), String> {
        take(self.0, does, keys).map(drop)
    }

    fn release(&mut self, keys: &str) -> Result<(), String> {
        self.0.global_shortcut().unregister(keys).map_err(|error| format!("{keys} stays taken: {error}."))
    }
}

/// Has the system give it to us; gives it as it is written.
fn take(app: &AppHandle, does: Does, keys: &str) -> Result<String, String> {
    let keys = written(keys)?;
    // Whoever sets none has no thread that waits for keys.
    if app.try_state::<tauri_plugin_global_shortcut::GlobalShortcut<tauri::Wry>>().is_none() {
        load(app)?;
    }
    if app.global_shortcut().is_registered(keys.as_str()) {
        return Err(format!("{keys} does something else here already. Choose another."));
    }
    let pressed = move |app: &AppHandle, _: &Shortcut, event: tauri_plugin_global_shortcut::ShortcutEvent| {
        if event.state == ShortcutState::Pressed {
            obey(app, does);
        }
    };
    app.global_shortcut()
        .on_shortcut(keys.as_str(), pressed)
        .map_err(|_| format!("{keys} belongs to another program. Choose another."))?;
    Ok(keys)
}

/// On the main thread, which alone may ask for keys on some systems.
fn load(app: &AppHandle) -> Result<(), String> {
    let (told, loaded) = std::sync::mpsc::channel();
    let inside = app.clone();
    let load = move || drop(told.send(inside.plugin(tauri_plugin_global_shortcut::Builder::new().build())));
    let ended = app.run_on_main_thread(load).map_err(|error| error.to_string());
    let loaded = ended.and_then(|()| loaded.recv().map_err(|error| error.to_string()));
    loaded
        .and_then(|loaded| loaded.map_err(|error| error.to_string()))
        .map_err(|error| format!("The system gives no keys away: {error}."))
}

fn obey(app: &AppHandle, does: Does) {
    window::show(app);
    if matches!(does, Does::NextGate) {
        let app = app.clone();
        tauri::async_runtime::spawn(async move {
            let hash = tray::next_gate(app.state::<Shell>().desk().await).await.and_then(|gate| shell::place(&gate));
            bridge::open(&app, hash.as_deref().unwrap_or("#/gates"));
        });
    }
}

/// Keys as they are always written: "Ctrl+Alt+C". The error is a sentence.
fn written(keys: &str) -> Result<String, String> {
    let wrong = || {
        format!(
            "`{}` is not a hot-key. Press Ctrl, Alt or the system's key together with another one.",
            keys.escape_debug()
        )
    };
    let shortcut = Shortcut::from_str(keys).map_err(|_| wrong())?;
    // Without one of these, the key would be taken away from every text field.
    if !shortcut.mods.intersects(Modifiers::CONTROL | Modifiers::ALT | Modifiers::SUPER) {
        return Err(wrong());
    }
    let held = [
        (Modifiers::CONTROL, "Ctrl"),
        (Modifiers::ALT, "Alt"),
        (Modifiers::SHIFT, "Shift"),
        (Modifiers::SUPER, "Super"),
    ];
    let held = held.into_iter().filter(|(held, _)| shortcut.mods.contains(*held)).map(|(_, word)| word.to_owned());
    let key = shortcut.key.to_string();
    let key = key.strip_prefix("Key").or_else(|| key.strip_prefix("Digit")).unwrap_or(&key).to_owned();
    Ok(held.chain([key]).collect::<Vec<_>>().join("+"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_written_one_way_and_read_back() {
        for (keys, expected) in [
            ("ctrl+alt+c", "Ctrl+Alt+C"),
            ("Alt+Ctrl+G", "Ctrl+Alt+G"),
            ("Control+Shift+F9", "Ctrl+Shift+F9"),
            ("Super+1", "Super+1"),
            ("Ctrl+ArrowUp", "Ctrl+ArrowUp"),
        ] {
            let written = written(keys).expect(keys);
            assert_eq!(written, expected);
            assert_eq!(super::written(&written).as_deref(), Ok(expected), "what is kept is read again");
        }
    }

    #[test]
    fn a_key_that_one_types_is_no_hot_key() {
        for keys in ["C", "Shift+C", "F5", "Ctrl", "", "Ctrl+", "Ctrl+Alt+C+D", "Ctrl+\u{1b}[2J", "Enter"] {
            let why = written(keys).expect_err(keys);
            assert!(why.contains("is not a hot-key") && !why.contains('\u{1b}'), "{why}");
        }
    }
}
