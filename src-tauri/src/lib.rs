//! The desktop shell: the tower of `cuetower-cli` in a window, with an icon in the tray. It decides nothing about cues.
//!
//! The only code that names `tauri`. What the window can ask is `cuetower_engine::desk`; what it shows is `ui/`.

mod arguments;
mod bridge;
#[cfg(test)]
mod bundle_tests;
mod desktop;
#[cfg(target_os = "linux")]
mod desktop_entry;
#[cfg(target_os = "linux")]
mod drawing;
mod early;
mod frame;
mod hotkeys;
mod kept;
mod link;
mod login;
mod menu;
mod page;
mod saving;
mod scheme;
mod shell;
mod stop;
mod tray;
mod tray_host;
mod tray_lines;
mod trouble;
#[cfg(target_os = "linux")]
mod typeface;
mod window;

use std::ffi::OsString;
use std::process::ExitCode;

/// Runs the program: its window, or a command line of `cuetowerctl`. `args` come without the program's name.
#[must_use]
pub fn run(args: Vec<OsString>) -> ExitCode {
    match arguments::read(&args) {
        Some(wishes) => shell::open(wishes),
        None => cuetower_cli::run_beside_window(args),
    }
}
