//! The stage `package` of `cargo xtask test`: what an owner does with a package, from its first installation to the day when
//! everything comes back out of a backup (`tests/package/story.sh`), with the window looked at in between.

use std::process::Command;
use std::time::Duration;

use super::root::Root;
use super::screen::Screen;
use super::tree::Tree;
use super::{Made, Profile, copied, deb, folder, quietly};
use crate::call::{self, Limit};
use crate::place::Place;
use crate::stages;

const WINDOW_PATIENCE: Duration = Duration::from_secs(60);

pub fn stage(place: &Place, limit: Limit) -> Result<(), String> {
    if cfg!(not(target_os = "linux")) {
        println!("Packages of this system are Tauri's; nothing of them is tried here.");
        return Ok(());
    }
    stages::build(place, limit)?;
    let folder = folder(place, Profile::Dev);
    let tree = Tree::make(place, Profile::Dev, &folder)?;
    let Made::File(package) = deb::make(place, &tree, &folder)? else {
        println!("There is no dpkg here, so no package is tried.");
        return Ok(());
    };
    well_formed(place, &tree)?;
    same_again(place, &package)?;
    let root = Root::make(place, limit)?;
    let home = root.home();
    copied(&place.root.join("tests/package/story.sh"), &home.join("story.sh"))?;
    quietly(place.program("chmod", "").arg("a+r").arg(home.join("story.sh")))?;
    let part = |name: &str, display: &str| {
        let mut part = root.owners(place, display);
        part.arg("sh").arg(if matches!(root, Root::Clean { .. }) {
            "/home/owner/story.sh".into()
        } else {
            home.join("story.sh")
        });
        part.arg(name);
        part
    };
    root.install(place, &package, limit)?;
    call::run(&mut part("first", ""), limit)?;
    window(place, &root, |display| part("window", display))?;
    root.purge(place)?;
    call::run(&mut part("gone", ""), limit)?;
    root.install(place, &package, limit)?;
    call::run(&mut part("back", ""), limit)
}

/// The window comes on a screen, is painted, and its tower answers meanwhile.
fn window(place: &Place, root: &Root, part: impl FnOnce(&str) -> Command) -> Result<(), String> {
    let screen = Screen::start(place)?;
    let mut part = part(&screen.name);
    println!("$ {}", call::words(&part));
    let mut shown =
        call::start(&mut part).map_err(|error| format!("the window's part could not be started: {error}"))?;
    let seen = screen.shows_the_window(place, WINDOW_PATIENCE, &place.target.join("screenshots/package/installed.png"));
    let told =
        std::fs::write(root.home().join("seen"), "").map_err(|error| format!("it could not be told so: {error}"));
    if seen.is_err() || told.is_err() {
        // Its end says nothing more.
        drop(shown.kill());
    }
    let ended = shown.wait().map_err(|error| format!("the window's part could not be waited for: {error}"));
    seen.and(told)?;
    match ended? {
        status if status.success() => Ok(()),
        status => Err(format!("the window came, and its part of the story ended with {status}")),
    }
}

/// What a desktop, systemd, man and the shells think of the files, where they are here.
fn well_formed(place: &Place, tree: &Tree) -> Result<(), String> {
    let asked: [(&str, &[&str], &str); 6] = [
        ("desktop-file-validate", &[], "share/applications/cuetower.desktop"),
        ("appstreamcli", &["validate", "--no-net"], "share/metainfo/dev.cuetower.desk.metainfo.xml"),
        ("bash", &["-n"], "share/bash-completion/completions/cuetowerctl"),
        ("zsh", &["-n"], "share/zsh/vendor-completions/_cuetowerctl"),
        ("fish", &["--no-execute"], "share/fish/vendor_completions.d/cuetowerctl.fish"),
        ("man", &["--warnings", "--local-file"], "share/man/man1/cuetowerctl.1.gz"),
    ];
    for (program, words, file) in asked {
        if place.installed(program).is_some() {
            quietly(place.program(program, "").args(words).arg(tree.usr(file)))?;
        }
    }
    let read = "import plistlib, sys; [plistlib.load(open(name, 'rb')) for name in sys.argv[1:]]";
    let lists = ["Info.plist", "entitlements.plist"].map(|name| place.root.join("src-tauri/package/macos").join(name));
    quietly(place.program("python3", "").args(["-c", read]).args(lists)).map(drop)
}

/// The same programs make the same package, to the byte.
fn same_again(place: &Place, package: &std::path::Path) -> Result<(), String> {
    let again = place.target.join("package/again");
    let tree = Tree::make(place, Profile::Dev, &again)?;
    let Made::File(second) = deb::make(place, &tree, &again)? else {
        return Err("the second package is missing".into());
    };
    quietly(place.program("cmp", "").args([package, &second])).map_err(|why| format!("two packages differ: {why}"))?;
    super::removed(&again)
}
