//! What must be on the machine: Debian's packages are installed, other systems are told what is missing. Programs from
//! crates.io that the tests drive are installed with cargo. Nothing else is fetched here (the tests themselves fetch the
//! published Python clients: tests/support/python.rs).

use std::io::IsTerminal;
use std::process::Command;

use crate::call::{self, Limit};
use crate::place::Place;

/// To build and run `cuetowerctl`.
const HEADLESS: &[&str] = &["build-essential", "pkg-config", "libssl-dev", "libdbus-1-dev"];

/// To build and run the window, beside those.
const WINDOW: &[&str] = &["libwebkit2gtk-4.1-dev", "libayatana-appindicator3-dev", "librsvg2-dev"];

/// To test in a browser and in the real window, beside those.
const TESTS: &[&str] = &[
    "webkit2gtk-driver",
    "xvfb",
    "openbox",
    "dbus",
    "dbus-x11",
    "gnome-keyring",
    "libsecret-tools",
    "dunst",
    "at-spi2-core",
    "chromium",
    "xdotool",
    "x11-utils",
    "xdg-utils",
    "desktop-file-utils",
    "debootstrap",
    "imagemagick",
    "faketime",
    "postgresql",
];

/// Programs from crates.io that the tests use, and how cargo installs them.
const NEXTEST: (&str, &[&str]) = ("cargo-nextest", &["install", "cargo-nextest", "--locked"]);
const TAURI_DRIVER: (&str, &[&str]) = ("tauri-driver", &["install", "tauri-driver", "--version", "^2", "--locked"]);

/// Vite's own floor.
const NODE_OLDEST: (u32, u32) = (20, 19);

pub fn for_serving(place: &Place) -> Result<(), String> {
    node(place)?;
    system(place, &[HEADLESS])
}

pub fn for_the_window(place: &Place) -> Result<(), String> {
    node(place)?;
    system(place, &[HEADLESS, WINDOW])
}

pub fn for_tests(place: &Place, limit: Limit) -> Result<(), String> {
    node(place)?;
    system(place, &[HEADLESS, WINDOW, TESTS])?;
    program(place, NEXTEST, limit)?;
    program(place, TAURI_DRIVER, limit)
}

pub fn for_rust_tests(place: &Place, limit: Limit) -> Result<(), String> {
    system(place, &[HEADLESS, WINDOW, TESTS])?;
    program(place, NEXTEST, limit)
}

fn program(place: &Place, (name, install): (&str, &[&str]), limit: Limit) -> Result<(), String> {
    match place.installed(name) {
        Some(_) => Ok(()),
        None => call::run(&mut place.cargo(install), limit),
    }
}

fn node(place: &Place) -> Result<(), String> {
    let (major, minor) = NODE_OLDEST;
    let wanted = format!("Node {major}.{minor} or newer with npm is needed to build the window's UI");
    let found = call::output(place.program("node", "").arg("--version"))
        .ok_or_else(|| format!("{wanted}, and `node` was not found. See https://nodejs.org/"))?;
    let mut numbers = found.trim_start_matches('v').split('.').map(|number| number.parse::<u32>().unwrap_or(0));
    if (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0)) < NODE_OLDEST {
        return Err(format!("{wanted}; this is {found}"));
    }
    match place.installed("npm").or_else(|| place.installed("npm.cmd")) {
        Some(_) => Ok(()),
        None => Err(format!("{wanted}, and `npm` was not found")),
    }
}

/// True when the window could be built as it stands. Other systems than Debian are not asked.
pub fn window_is_there(place: &Place) -> bool {
    missing(place, WINDOW).is_some_and(|missing| missing.is_empty())
}

fn system(place: &Place, lists: &[&[&str]]) -> Result<(), String> {
    let wanted = lists.concat();
    let Some(mut missing) = missing(place, &wanted) else { return other_system(place, &wanted) };
    if place.installed("python3").is_none() {
        // The demo fleet and the tests run agents written in it. It may come from elsewhere than Debian.
        missing.push("python3");
    }
    if wanted.ends_with(TESTS) && !makes_environments(place) {
        // The tests run the clients that CueAPI and ClevAgent publish, each in a virtual environment.
        missing.push("python3-venv");
    }
    match missing.as_slice() {
        [] => Ok(()),
        _ => install(place, &missing),
    }
}

/// Whether its Python can make virtual environments with pip in them; Debian keeps that apart.
fn makes_environments(place: &Place) -> bool {
    call::output(place.program("python3", "").args(["-c", "import ensurepip, venv"])).is_some()
}

/// Which of Debian's packages are not installed; nothing if this is not Debian.
fn missing<'a>(place: &Place, wanted: &[&'a str]) -> Option<Vec<&'a str>> {
    place.installed("apt-get")?;
    let query = ["--show", "--showformat", "${db:Status-Status} ${Package}\n"];
    let listed = call::output(place.program("dpkg-query", "").args(query))?;
    let there = |package: &str| listed.lines().any(|line| line == format!("installed {package}"));
    Some(wanted.iter().copied().filter(|package| !there(package)).collect())
}

fn install(place: &Place, packages: &[&str]) -> Result<(), String> {
    println!("Missing: {}", packages.join(" "));
    let by_hand = format!("apt-get update && apt-get install -y --no-install-recommends {}", packages.join(" "));
    let root = call::output(Command::new("id").arg("-u")).as_deref() == Some("0");
    if !root && !may_sudo(place) {
        return Err(format!(
            "these packages are missing, and only root can install them. Run this, then try again:\n\n{by_hand}\n"
        ));
    }
    let apt = |args: &[&str]| {
        let mut words = if root { vec![] } else { vec!["sudo"] };
        words.extend(["env", "DEBIAN_FRONTEND=noninteractive", "apt-get"]);
        words.extend(args);
        println!("$ {}", words.join(" "));
        // Not through `call::run`: sudo may ask for a password, and a package may start a daemon that stays.
        match place.program(words[0], "").args(&words[1..]).status() {
            Ok(status) if status.success() => Ok(()),
            _ => Err(format!("the packages could not be installed. What was tried:\n\n{by_hand}\n")),
        }
    };
    apt(&["update"])?;
    apt(&[&["install", "-y", "--no-install-recommends"], packages].concat())
}

fn may_sudo(place: &Place) -> bool {
    place.installed("sudo").is_some()
        && (std::io::stdin().is_terminal() || call::output(Command::new("sudo").args(["-n", "true"])).is_some())
}

/// Elsewhere than on Debian nothing is installed: what can be checked is checked, and named.
fn other_system(place: &Place, wanted: &[&str]) -> Result<(), String> {
    if cfg!(windows) {
        return Ok(()); // MSVC comes with Rust's installer, and WebView2 with Windows.
    }
    if cfg!(target_os = "macos") {
        return match call::output(Command::new("xcode-select").arg("-p")) {
            Some(_) => Ok(()),
            None => Err("Apple's command line tools are missing. Install them with `xcode-select --install`".into()),
        };
    }
    let libraries = [
        ("libssl-dev", "openssl"),
        ("libdbus-1-dev", "dbus-1"),
        ("libwebkit2gtk-4.1-dev", "webkit2gtk-4.1"),
        ("libayatana-appindicator3-dev", "ayatana-appindicator3-0.1"),
        ("librsvg2-dev", "librsvg-2.0"),
    ];
    let programs = [
        ("build-essential", "cc"),
        ("pkg-config", "pkg-config"),
        ("webkit2gtk-driver", "WebKitWebDriver"),
        ("xvfb", "Xvfb"),
        ("openbox", "openbox"),
        ("dbus", "dbus-daemon"),
        ("gnome-keyring", "gnome-keyring-daemon"),
        ("libsecret-tools", "secret-tool"),
        ("dunst", "dunst"),
        ("chromium", "chromium"),
        ("xdotool", "xdotool"),
        ("imagemagick", "import"),
        ("faketime", "faketime"),
        ("postgresql", "initdb"),
    ];
    let mut missing: Vec<&str> = Vec::new();
    for (_, library) in libraries.iter().filter(|(package, _)| wanted.contains(package)) {
        if call::output(place.program("pkg-config", "").args(["--modversion", library])).is_none() {
            missing.push(library);
        }
    }
    for (_, program) in programs.iter().filter(|(package, _)| wanted.contains(package)) {
        if place.installed(program).is_none() {
            missing.push(program);
        }
    }
    if wanted.ends_with(TESTS) && !makes_environments(place) {
        missing.push("python3 with venv and ensurepip");
    }
    match missing.as_slice() {
        [] => Ok(()),
        _ => Err(format!(
            "this is not Debian, so nothing was installed. Missing (development libraries by their pkg-config name, \
             then programs): {}",
            missing.join(", ")
        )),
    }
}
