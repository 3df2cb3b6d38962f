//! macOS and Windows: Tauri's own bundler makes the disk image and the installers, by the `bundle` section of
//! `tauri.conf.json`. The two programs beside the window's go along as what Tauri calls external binaries. Only such a
//! machine can run this; what of it can be checked elsewhere is (`src-tauri/src/bundle_tests.rs`).

use std::path::Path;

use super::{Profile, copied, quietly};
use crate::call::{self, Limit};
use crate::place::Place;

const BESIDE: [&str; 2] = ["cuetowerctl", "cuetower-launcher"];

pub fn make(place: &Place, profile: Profile, limit: Limit) -> Result<(), String> {
    if place.installed("cargo-tauri").is_none() {
        return Err(
            "Tauri's bundler is missing. Install it with `cargo install tauri-cli --version ^2 --locked`".into()
        );
    }
    let host = quietly(place.program("rustc", "").args(["--print", "host-tuple"]))?.trim().to_owned();
    let folder = place.target.join("package/beside");
    for program in BESIDE {
        let ending = std::env::consts::EXE_SUFFIX;
        let built = profile.binaries(place).join(format!("{program}{ending}"));
        copied(&built, &folder.join(format!("{program}-{host}{ending}")))?;
    }
    let mut bundle = place.cargo(&["tauri", "build", "--config", &external(&folder)]);
    if profile == Profile::Dev {
        bundle.arg("--debug");
    }
    call::run(&mut bundle, limit)
}

/// Laid over `tauri.conf.json`: in it, every build of the window would ask for these files.
fn external(folder: &Path) -> String {
    let path = |program: &str| format!("\"{}\"", folder.join(program).to_string_lossy().replace('\\', "/"));
    format!("{{\"bundle\":{{\"externalBin\":[{}]}}}}", BESIDE.map(path).join(","))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_lies_beside_is_named_as_json() {
        assert_eq!(
            external(Path::new("/t/beside")),
            r#"{"bundle":{"externalBin":["/t/beside/cuetowerctl","/t/beside/cuetower-launcher"]}}"#
        );
    }
}
