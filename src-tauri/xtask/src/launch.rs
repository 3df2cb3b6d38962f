//! `cargo xtask run`: builds and becomes the app. With a display that is the desktop window, without one
//! `cuetowerctl serve`, which prints a link for a browser.

use std::path::Path;
use std::process::Command;

use crate::call::{self, Limit};
use crate::packages;
use crate::place::Place;
use crate::ui;

const DEMO: &str = "--demo";
const DATA: &str = "--data";

pub fn run(place: &Place, args: &[String]) -> Result<(), String> {
    let limit = Limit::minutes(60);
    let window = has_display();
    if window {
        packages::for_the_window(place)?;
    } else {
        packages::for_serving(place)?;
    }
    ui::build(place, limit)?;
    // The whole workspace wherever it can be built: `test` builds it too, and cargo then compiles nothing twice. Where
    // nobody will see the window, its libraries are not asked for.
    let whole = window || packages::window_is_there(place);
    let scope: &[&str] =
        if whole { &["--workspace"] } else { &["--package", "cuetower-cli", "--package", "cuetower-launcher"] };
    call::run(&mut place.cargo(&[&["build", "--bins"], scope].concat()), limit)?;

    let mut app = Command::new(place.binaries().join(if window { "cuetower" } else { "cuetowerctl" }));
    if !window {
        println!("There is no display here, so the window is served to a browser. Ctrl-C stops it.");
        app.arg("serve");
    }
    app.args(args).args(demo_data(&place.target, args));
    println!("$ {}", call::words(&app));
    become_it(app)
}

fn has_display() -> bool {
    let set = |name| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    cfg!(not(target_os = "linux")) || set("DISPLAY") || set("WAYLAND_DISPLAY")
}

/// The demo fleet gets a data folder of its own, so that it never meets the user's real cues.
fn demo_data(target: &Path, args: &[String]) -> Vec<String> {
    let chosen = args.iter().any(|arg| arg == DATA || arg.starts_with("--data="));
    if chosen || !args.iter().any(|arg| arg == DEMO) {
        return Vec::new();
    }
    vec![DATA.into(), target.join("demo").display().to_string()]
}

/// Signals then reach the app itself, and no process stands between it and the terminal.
#[cfg(unix)]
fn become_it(mut app: Command) -> Result<(), String> {
    use std::os::unix::process::CommandExt;
    Err(format!("`{}` could not be started: {}", call::words(&app), app.exec()))
}

#[cfg(not(unix))]
fn become_it(mut app: Command) -> Result<(), String> {
    match app.status() {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(format!("`{}` ended with {status}", call::words(&app))),
        Err(error) => Err(format!("`{}` could not be started: {error}", call::words(&app))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(line: &str) -> Vec<String> {
        line.split_whitespace().map(str::to_string).collect()
    }

    #[test]
    fn the_demo_never_meets_the_users_own_data() {
        let target = Path::new("/repo/target");
        assert_eq!(demo_data(target, &words("--demo")), words("--data /repo/target/demo"));
        assert_eq!(demo_data(target, &words("--demo --data /tmp/mine")), words(""), "a chosen folder is kept");
        assert_eq!(demo_data(target, &words("")), words(""), "without the demo the app picks its own folder");
    }
}
