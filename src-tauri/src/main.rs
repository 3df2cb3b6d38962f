//! `cuetower`: with a subcommand what `cuetowerctl` is, without one the window.
#![cfg_attr(all(windows, not(debug_assertions)), windows_subsystem = "windows")]

use std::process::ExitCode;

fn main() -> ExitCode {
    cuetower_desktop::run(std::env::args_os().skip(1).collect())
}
