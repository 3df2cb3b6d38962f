//! An AppImage, where `appimagetool` is: one file to start, without installing anything. It carries the three programs and
//! leans on the system's own WebKitGTK 4.1, as the packages do.

use std::path::Path;

use super::tree::Tree;
use super::{Made, copied, quietly, removed};
use crate::place::Place;

pub fn make(place: &Place, tree: &Tree, folder: &Path) -> Result<Made, String> {
    if place.installed("appimagetool").is_none() {
        return Ok(Made::Not("No AppImage: `appimagetool` is not here.".into()));
    }
    let inside = folder.join("AppDir");
    removed(&inside)?;
    quietly(place.program("cp", "").arg("-a").arg(&tree.root).arg(&inside))?;
    // What the tool wants to find at the top.
    copied(&tree.usr("share/applications/cuetower.desktop"), &inside.join("cuetower.desktop"))?;
    copied(&tree.usr("share/icons/hicolor/256x256/apps/cuetower.png"), &inside.join("cuetower.png"))?;
    quietly(place.program("ln", "").args(["--symbolic", "usr/bin/cuetower"]).arg(inside.join("AppRun")))?;
    let arch = std::env::consts::ARCH;
    let file = folder.join(format!("Cuetower-{}-{arch}.AppImage", tree.profile.version()));
    let mut build = place.program("appimagetool", "");
    build.env("ARCH", arch).env("SOURCE_DATE_EPOCH", &tree.epoch).arg("--no-appstream");
    quietly(build.arg(&inside).arg(&file))?;
    removed(&inside)?;
    Ok(Made::File(file))
}
