//! The package of Debian and its kin. It has no scripts: desktops, manuals and icons are noticed by the system's own triggers,
//! and nobody's tower is started or stopped behind their back.

use std::path::Path;

use super::tree::{PROGRAMS, Tree};
use super::{Made, Profile, quietly, removed, written};
use crate::place::Place;

const MAINTAINER: &str = "The Cuetower authors <cuetower@users.noreply.github.com>";

/// The tray's library is asked for while the program runs, so nothing but this names it.
const OPENED_LATER: &str = "libayatana-appindicator3-1";

pub fn make(place: &Place, tree: &Tree, folder: &Path) -> Result<Made, String> {
    if place.installed("dpkg-deb").is_none() || place.installed("dpkg-shlibdeps").is_none() {
        return Ok(Made::Not("No .deb: `dpkg-deb` and `dpkg-shlibdeps` are not here (package dpkg-dev).".into()));
    }
    let arch = quietly(place.program("dpkg", "").arg("--print-architecture"))?.trim().to_owned();
    let version = tree.profile.version();
    let control = tree.root.join("DEBIAN");
    let sums = quietly(
        place
            .program("sh", "")
            .current_dir(&tree.root)
            .args(["-c", "find usr -type f | LC_ALL=C sort | xargs -d '\\n' md5sum"]),
    )?;
    let libraries = libraries(place, tree, folder)?;
    let size_kib =
        quietly(place.program("du", "").args(["--summarize", "--apparent-size", "--block-size=1024"]).arg(&tree.root))?;
    let size_kib = size_kib.split_whitespace().next().unwrap_or("0").to_owned();
    written(&control.join("md5sums"), &sums)?;
    written(&control.join("control"), &told(&version, &arch, &libraries, &size_kib))?;
    let file = folder.join(format!("cuetower_{version}_{arch}.deb"));
    // What is thrown away soon is packed quickly.
    let packing: &[&str] = match tree.profile {
        Profile::Dev => &["-Zzstd", "-z1"],
        Profile::Release => &["-Zxz", "-z6"],
    };
    let mut build = place.program("dpkg-deb", "");
    build.env("SOURCE_DATE_EPOCH", &tree.epoch).args(["--root-owner-group"]).args(packing).arg("--build");
    let built = quietly(build.arg(&tree.root).arg(&file));
    removed(&control)?;
    built.map(|_| Made::File(file))
}

fn told(version: &str, arch: &str, libraries: &str, size_kib: &str) -> String {
    format!(
        "Package: cuetower
Version: {version}
Architecture: {arch}
Maintainer: {MAINTAINER}
Installed-Size: {size_kib}
Depends: {libraries}, {OPENED_LATER}
Recommends: ca-certificates, gnome-keyring | keepassxc, notification-daemon, xdg-utils
Suggests: python3
Section: utils
Priority: optional
Homepage: https://github.com/cuetower/cuetower
Description: control tower for a fleet of AI agents
 Cuetower schedules the work of your agents, delivers it, and does not believe
 that it happened until it has been confirmed. Every run shows three verdicts:
 scheduled, delivered, confirmed. Nothing that was due ever vanishes.
 .
 This package has the tower with a window (cuetower), the one without
 (cuetowerctl), and a user unit of systemd for the latter.
"
    )
}

/// The packages of the libraries that the programs are linked with, in the versions that they need.
fn libraries(place: &Place, tree: &Tree, folder: &Path) -> Result<String, String> {
    let asking = folder.join("libraries");
    written(&asking.join("debian/control"), "Source: cuetower\n\nPackage: cuetower\nArchitecture: any\n")?;
    let programs = PROGRAMS.map(|program| format!("-e{}", tree.root.join("usr/bin").join(program).display()));
    let said = quietly(place.program("dpkg-shlibdeps", "").current_dir(&asking).arg("-O").args(programs))?;
    removed(&asking)?;
    let found = said.lines().find_map(|line| line.strip_prefix("shlibs:Depends=")).map(str::trim);
    found
        .filter(|found| !found.is_empty())
        .map(str::to_owned)
        .ok_or_else(|| format!("dpkg-shlibdeps named no library that the programs need:\n{said}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_field_is_a_line_of_its_own() {
        let told = told("1.2.3~dev", "amd64", "libc6 (>= 2.36), libssl3", "42");
        let fields: Vec<&str> = told.lines().filter(|line| !line.starts_with(' ')).collect();
        assert!(fields.iter().all(|line| line.contains(": ")), "{told}");
        assert!(fields.contains(&"Depends: libc6 (>= 2.36), libssl3, libayatana-appindicator3-1"));
        assert!(fields.contains(&"Version: 1.2.3~dev") && told.ends_with('\n'));
    }
}
