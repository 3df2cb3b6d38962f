//! The package of Fedora and its kin, where `rpmbuild` is (Debian has it in the package rpm).

use std::path::Path;

use super::tree::Tree;
use super::{Made, Profile, quietly, removed, written};
use crate::place::Place;

pub fn make(place: &Place, tree: &Tree, folder: &Path) -> Result<Made, String> {
    if place.installed("rpmbuild").is_none() {
        return Ok(Made::Not("No .rpm: `rpmbuild` is not here (package rpm).".into()));
    }
    let work = folder.join("rpm");
    removed(&work)?;
    let spec = work.join("cuetower.spec");
    written(&spec, &told(tree))?;
    let define = |name: &str, value: &str| ["--define".to_owned(), format!("{name} {value}")];
    let mut build = place.program("rpmbuild", "");
    build.env("SOURCE_DATE_EPOCH", &tree.epoch).args(["-bb", "--quiet"]);
    build.args(define("_topdir", &work.to_string_lossy()));
    // Of dates and machines, nothing but the commit's.
    build.args(define("use_source_date_epoch_as_buildtime", "1")).args(define("_buildhost", "cuetower"));
    build.args(define("clamp_mtime_to_source_date_epoch", "1"));
    // The programs are as they should be; nothing is taken out of them or compressed once more.
    build.args(define("debug_package", "%{nil}")).args(define("_build_id_links", "none"));
    build.args(define("__os_install_post", "%{nil}"));
    quietly(build.arg(&spec))?;
    let arch = std::env::consts::ARCH;
    let name = format!("cuetower-{}-{}.{arch}.rpm", env!("CARGO_PKG_VERSION"), release(tree.profile));
    let file = folder.join(&name);
    std::fs::rename(work.join("RPMS").join(arch).join(&name), &file)
        .map_err(|error| format!("rpmbuild made no {name}: {error}"))?;
    removed(&work)?;
    Ok(Made::File(file))
}

fn release(profile: Profile) -> &'static str {
    match profile {
        Profile::Dev => "0.dev",
        Profile::Release => "1",
    }
}

fn told(tree: &Tree) -> String {
    let wide = if cfg!(target_pointer_width = "64") { "()(64bit)" } else { "" };
    format!(
        "Name: cuetower
Version: {}
Release: {}
Summary: A control tower for a fleet of AI agents
License: MIT OR Apache-2.0
URL: https://github.com/cuetower/cuetower
Requires: libayatana-appindicator3.so.1{wide}
Recommends: xdg-utils

%description
Cuetower schedules the work of your agents, delivers it, and does not believe
that it happened until it has been confirmed. Every run shows three verdicts:
scheduled, delivered, confirmed. Nothing that was due ever vanishes.

%install
mkdir -p %{{buildroot}}
cp -a '{}'/. %{{buildroot}}/
mkdir -p %{{buildroot}}/usr/share/zsh/site-functions
mv %{{buildroot}}/usr/share/zsh/vendor-completions/* %{{buildroot}}/usr/share/zsh/site-functions/
rmdir %{{buildroot}}/usr/share/zsh/vendor-completions

%files
/usr/bin/cuetower
/usr/bin/cuetowerctl
/usr/bin/cuetower-launcher
/usr/lib/systemd/user/cuetower.service
/usr/share/applications/cuetower.desktop
/usr/share/bash-completion/completions/cuetowerctl
/usr/share/fish/vendor_completions.d/cuetowerctl.fish
/usr/share/icons/hicolor/*/apps/cuetower.*
/usr/share/man/man1/cuetower*.1.gz
/usr/share/metainfo/dev.cuetower.desk.metainfo.xml
/usr/share/zsh/site-functions/_cuetowerctl
%doc /usr/share/doc/cuetower/changelog.gz
%license /usr/share/doc/cuetower/copyright
",
        env!("CARGO_PKG_VERSION"),
        release(tree.profile),
        tree.root.display(),
    )
}
