//! The program with a window, from its start to its end: one instance per data folder, the tower, the window, the tray.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use cuetower_cli::tower::{StartError, Tower};
use cuetower_engine::desk::Desk;
use cuetower_engine::notify::Opens;
use cuetower_engine::private;
use tauri::async_runtime::JoinHandle;
use tauri::{App, AppHandle, Manager, RunEvent};
use tokio::runtime::Runtime;
use tokio::sync::{SetOnce, mpsc};

use crate::arguments::{self, Second, Wishes};
use crate::early::Early;
use crate::hotkeys::{self, Taken};
use crate::kept::{Keeper, Kept};
use crate::login::Start;
use crate::page::Page;
use crate::{bridge, desktop, link, menu, saving, stop, tray, trouble, window};

/// What is left on the runtime when the tower has stopped gets no longer than this.
const LEFTOVERS_LIMIT: Duration = Duration::from_secs(2);
/// As long as a page takes to be drawn on a slow machine.
const PAGE_FIRST: Duration = Duration::from_millis(700);

const BOARD: &str = "#/board";
/// Of a link that is refused, in the log.
const LINK_CHARS_TOLD: usize = 200;

type Rising = tokio::task::JoinHandle<Result<Tower, StartError>>;

/// What the parts of the shell share.
pub struct Shell {
    desk: SetOnce<Desk>,
    pub page: Page,
    pub data_dir: PathBuf,
    pub keeper: Keeper,
    /// How the system would start this tower; the error is a sentence.
    pub start: Result<Start, String>,
    /// Taken by whoever stops it.
    tower: Mutex<Option<Tower>>,
}

impl Shell {
    /// Waits until the tower is up: the window is made meanwhile, and its page asks at once.
    pub async fn desk(&self) -> &Desk {
        self.desk.wait().await
    }

    fn has(&self, tower: Tower) {
        let desk = tower.desk.clone();
        *self.tower.lock().unwrap_or_else(PoisonError::into_inner) = Some(tower);
        // It comes once.
        drop(self.desk.set(desk));
    }

    pub fn take_tower(&self) -> Option<Tower> {
        self.tower.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

/// Remembers it from one start to the next. Nobody waits for the disk unless they want to.
pub fn keep(app: &AppHandle, change: impl FnOnce(&mut Kept)) -> JoinHandle<()> {
    app.state::<Shell>().keeper.keep(change);
    let app = app.clone();
    tauri::async_runtime::spawn_blocking(move || app.state::<Shell>().keeper.write())
}

/// Opens the window and stays until the owner quits.
pub fn open(wishes: Wishes) -> ExitCode {
    if let Some(sentence) = no_display() {
        eprintln!("{sentence}");
        return ExitCode::FAILURE;
    }
    #[cfg(target_os = "linux")]
    crate::drawing::settle();
    cuetower_cli::log_to_stderr(&wishes.options.known);
    let runtime = match Runtime::new() {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("Cuetower could not start its threads: {error}.");
            return ExitCode::FAILURE;
        }
    };
    // One runtime for the tower and for the shell's own tasks, which end with it.
    tauri::async_runtime::set(runtime.handle().clone());
    let context = tauri::generate_context!();
    let folder = wishes.options.folder().unwrap_or_default();
    let name = arguments::bus_name(&context.config().identifier, &folder);
    let builder = tauri::Builder::default()
        .plugin(single_instance(name.clone()))
        .manage(Early::asked(Second { wants_to_be_seen: !wishes.hidden || wishes.link.is_some(), link: wishes.link }))
        .manage(Taken::default())
        .invoke_handler(tauri::generate_handler![
            bridge::rpc,
            bridge::events,
            bridge::quit,
            desktop::desktop_settings,
            desktop::desktop_set,
            desktop::desktop_wear,
            saving::save_file
        ]);
    // A second instance ends in here, once it has told the first.
    // A display that cannot be reached is a panic of the window library.
    let built = catch_unwind(AssertUnwindSafe(|| trouble::teach(builder).build(context)));
    let app = match built {
        Ok(Ok(app)) => app,
        Ok(Err(error)) => {
            eprintln!("Cuetower could not open its window: {error}.");
            return ExitCode::FAILURE;
        }
        Err(_) => {
            eprintln!(
                "Cuetower could not reach the display. `cuetowerctl serve` shows the window in a browser instead."
            );
            return ExitCode::FAILURE;
        }
    };
    let start = Start::of_this(name, wishes.again);
    // The tower rises on the runtime's threads while this one makes the window and shows it.
    let rising = runtime.spawn(Tower::start(wishes.options));
    let code = match make_window(&app, &folder, start) {
        Ok(()) => fly(app, rising),
        Err(error) => {
            // If it cannot rise either, it knows better why.
            let sentence = match runtime.block_on(rising) {
                Ok(Ok(tower)) => {
                    runtime.block_on(tower.stop());
                    format!("The window could not be made: {error}.")
                }
                Ok(Err(trouble)) => trouble.to_string(),
                Err(panic) => std::panic::resume_unwind(panic.into_panic()),
            };
            trouble::tell(app, &sentence)
        }
    };
    runtime.shutdown_timeout(LEFTOVERS_LIMIT);
    code
}

/// With its page loading, and hidden.
fn make_window(app: &App, folder: &Path, start: std::io::Result<Start>) -> Result<(), String> {
    private::folder(folder).map_err(|error| error.to_string())?;
    let start = start.map_err(|error| format!("Where this program lies is not known: {error}."));
    app.manage(Shell {
        desk: SetOnce::new(),
        page: Page::default(),
        data_dir: folder.to_owned(),
        keeper: Keeper::of(folder),
        start,
        tower: Mutex::default(),
    });
    window::build(app.handle()).map_err(|error| error.to_string())
}

fn fly(app: App, rising: Rising) -> ExitCode {
    let handle = app.handle();
    let early = app.state::<Early>().end();
    if early.wants_to_be_seen {
        window::appear(handle);
    }
    if let Some(link) = early.link {
        follow_link(handle, &link);
    }
    hotkeys::take_kept(handle, &app.state::<Shell>().keeper.kept().hotkeys);
    stop::obey_signals(handle);
    tauri::async_runtime::spawn(land(handle.clone(), rising, early.wants_to_be_seen));
    let code = app.run_return(|app, event| match event {
        // The window is only ever hidden, so this is the desktop's own wish.
        RunEvent::ExitRequested { code: None, api, .. } => {
            api.prevent_exit();
            stop::quit(app);
        }
        // Elsewhere a link is the argument of another start.
        #[cfg(target_os = "macos")]
        RunEvent::Opened { urls } => urls.iter().take(1).for_each(|url| follow_link(app, url.as_str())),
        #[cfg(target_os = "macos")]
        RunEvent::Reopen { .. } => window::show(app),
        // Some desktops end the loop without asking.
        RunEvent::Exit => {
            if let Some(tower) = app.state::<Shell>().take_tower() {
                tauri::async_runtime::block_on(tower.stop());
            }
        }
        _ => {}
    });
    ExitCode::from(u8::try_from(code).unwrap_or(1))
}

/// The tower is up, or will not be. `seen`: somebody waits for the page, which the window's own thread draws: what else takes a
/// moment of that comes after it.
async fn land(app: AppHandle, rising: Rising, seen: bool) {
    let risen = match rising.await {
        Ok(risen) => risen,
        Err(panic) => {
            tracing::error!(%panic, "the tower broke while it started");
            return app.exit(1);
        }
    };
    let there = app.clone();
    let landed = match risen {
        Ok(mut tower) => {
            let clicks = std::mem::replace(&mut tower.clicks, mpsc::channel(1).1);
            app.state::<Shell>().has(tower);
            tauri::async_runtime::spawn(follow_clicks(app.clone(), clicks));
            if seen {
                tokio::time::sleep(PAGE_FIRST).await;
            }
            app.run_on_main_thread(move || {
                menu::raise(&there);
                tray::raise(&there);
            })
        }
        Err(error) => app.run_on_main_thread(move || {
            if !trouble::show(&there, &error.to_string()) {
                return there.exit(1);
            }
            window::unmake(&there);
        }),
    };
    if landed.is_err() {
        app.exit(1);
    }
}

/// A click on a notification brings the window, and opens what it is about.
async fn follow_clicks(app: AppHandle, mut clicks: mpsc::Receiver<Opens>) {
    while let Some(opens) = clicks.recv().await {
        window::show(&app);
        if let Some(hash) = place(&opens) {
            bridge::open(&app, &hash);
        }
    }
}

/// Where in the window it is, as `ui/src/state/route.ts` reads it; None: the window as it stands.
pub fn place(opens: &Opens) -> Option<String> {
    match opens {
        Opens::Window => None,
        Opens::Run(run_id) => Some(format!("#/run/{}", encoded(run_id))),
        Opens::Agent { name, account: None } => Some(format!("#/agents/{}", encoded(name))),
        Opens::Agent { name, account: Some(account) } => {
            Some(format!("#/agents/{}?account={}", encoded(name), encoded(account)))
        }
        Opens::Gate(id) => Some(format!("#/gates/{}", encoded(id))),
        Opens::Alerts => Some("#/alerts".to_owned()),
    }
}

/// As `encodeURIComponent` does, and a little more.
fn encoded(text: &str) -> String {
    let byte = |byte: u8| match byte {
        b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => char::from(byte).to_string(),
        other => format!("%{other:02X}"),
    };
    text.bytes().map(byte).collect()
}

/// Shows the place that a link from outside names. One that is not understood shows the board, and can do nothing else either.
fn follow_link(app: &AppHandle, link: &str) {
    window::show(app);
    let hash = link::place(link).unwrap_or_else(|why| {
        let link: String = link.escape_debug().take(LINK_CHARS_TOLD).collect();
        tracing::warn!(%link, why, "a link was refused");
        BOARD.to_owned()
    });
    bridge::open(app, &hash);
}

/// A second start on the same data folder shows the window of the first, and the place that it was given.
fn single_instance(bus_name: String) -> tauri::plugin::TauriPlugin<tauri::Wry> {
    tauri_plugin_single_instance::Builder::new()
        .callback(|app, args, _| {
            let Some(second) = app.state::<Early>().keep(arguments::second(&args)) else { return };
            if let Some(link) = second.link {
                follow_link(app, &link);
            } else if second.wants_to_be_seen {
                window::show(app);
            }
        })
        .dbus_id(bus_name)
        .build()
}

/// The sentence to end with, if there is nowhere to show a window.
fn no_display() -> Option<&'static str> {
    let set = |name| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    let there = cfg!(not(target_os = "linux")) || set("DISPLAY") || set("WAYLAND_DISPLAY");
    (!there).then_some("There is no display for the window. `cuetowerctl serve` shows it in a browser instead.")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_click_opens_the_place_that_the_page_knows() {
        let agent =
            |account: Option<&str>| Opens::Agent { name: "lead/scout é".into(), account: account.map(str::to_owned) };
        assert_eq!(place(&agent(None)).as_deref(), Some("#/agents/lead%2Fscout%20%C3%A9"));
        assert_eq!(place(&agent(Some("acc_1"))).as_deref(), Some("#/agents/lead%2Fscout%20%C3%A9?account=acc_1"));
        assert_eq!(place(&Opens::Run("7-a".into())).as_deref(), Some("#/run/7-a"));
        assert_eq!(place(&Opens::Gate("gate_4f".into())).as_deref(), Some("#/gates/gate_4f"));
        assert_eq!((place(&Opens::Alerts).as_deref(), place(&Opens::Window)), (Some("#/alerts"), None));
    }
}
