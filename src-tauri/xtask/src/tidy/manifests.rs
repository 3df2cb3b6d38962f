//! Rules about `Cargo.toml` files: the direction of our own crates, and who may depend on what.

use super::rules::{CORE_CRATES, DOORS, HOUSES};
use super::{File, Finding};

pub fn check(file: &File) -> Vec<Finding> {
    let Some(house) = HOUSES.iter().find(|house| house.manifest == file.path) else {
        let stray = file.path.ends_with("Cargo.toml");
        return if stray {
            vec![file.finding(0, "an unknown crate: name it in xtask's `tidy/rules.rs` with what it may use")]
        } else {
            Vec::new()
        };
    };
    let mut findings = Vec::new();
    for (line, name) in dependencies(&file.text) {
        let mut say = |sentence: String| findings.push(file.finding(line, sentence));
        if name.starts_with("cuetower") && !house.may_use.contains(&name) {
            say(format!(
                "`{name}`: the direction is desktop → cli → engine → core, launcher (invariant 7); send what you need through an event, an input or a port"
            ));
        }
        if let Some(door) = DOORS.iter().find(|door| door.name.replace('_', "-") == name)
            && !door.manifests.contains(&file.path.as_str())
        {
            say(format!("`{name}` does not belong in this crate (invariant 3): {}", door.instead));
        }
        let outside = !name.starts_with("cuetower");
        if file.path == "src-tauri/core/Cargo.toml" && outside && !CORE_CRATES.contains(&name) {
            say(format!("`{name}`: core is inert (invariant 1) and uses {} only", CORE_CRATES.join(", ")));
        }
        if file.path == "src-tauri/xtask/Cargo.toml" {
            say(format!("`{name}`: xtask has no dependencies, because a newcomer waits for it first; use std"));
        }
    }
    if !file.text.replace(' ', "").contains("[lints]\nworkspace=true") {
        findings
            .push(file.finding(0, "add `[lints]` with `workspace = true`, so that the house's lints hold here too"));
    }
    findings
}

/// Name and line of each entry of this package's own dependency tables.
fn dependencies(text: &str) -> Vec<(usize, &str)> {
    let mut inside = false;
    let mut found = Vec::new();
    for (at, line) in text.lines().enumerate() {
        let line = line.trim();
        if let Some(table) = line.strip_prefix('[') {
            let table = table.trim_end_matches(']');
            inside = is_dependencies(table);
            // `[dependencies.tokio]` names one in the header itself.
            let header = table.rsplit_once('.').filter(|(parent, _)| is_dependencies(parent));
            found.extend(header.map(|(_, name)| (at + 1, name)));
            continue;
        }
        let name = line.split(['.', ' ', '=']).next().unwrap_or_default();
        if inside && !name.is_empty() && !name.starts_with('#') && line.contains('=') {
            found.push((at + 1, name));
        }
    }
    found
}

/// `dependencies`, `dev-dependencies`, `target.'cfg(unix)'.dependencies`; the workspace's list only fixes versions.
fn is_dependencies(table: &str) -> bool {
    table.ends_with("dependencies") && !table.starts_with("workspace")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sentences(path: &str, text: &str) -> String {
        let file = File { path: path.into(), text: format!("[lints]\nworkspace = true\n{text}") };
        check(&file).iter().map(Finding::to_string).collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn the_direction_is_kept() {
        let text = "[dependencies]\ncuetower-engine.workspace = true\n";
        assert!(sentences("src-tauri/core/Cargo.toml", text).contains("Cargo.toml:4: `cuetower-engine`"));
        assert_eq!(sentences("src-tauri/cli/Cargo.toml", text), "");
        assert!(sentences("src-tauri/launcher/Cargo.toml", text).contains("invariant 7"), "the launcher is a leaf");
        assert!(sentences("tests/Cargo.toml", "[dependencies.cuetower]\npath = \"..\"").contains("invariant 7"));
    }

    #[test]
    fn the_core_gets_nothing_that_acts() {
        assert!(sentences("src-tauri/core/Cargo.toml", "[dependencies]\ntokio = \"1\"").contains("core is inert"));
        assert_eq!(sentences("src-tauri/core/Cargo.toml", "[dev-dependencies]\nproptest = { version = \"1\" }"), "");
    }

    #[test]
    fn a_new_crate_is_noticed() {
        assert!(sentences("src-tauri/more/Cargo.toml", "").contains("unknown crate"));
        assert!(
            sentences("src-tauri/cli/Cargo.toml", "[target.'cfg(unix)'.dependencies]\nrusqlite = \"1\"")
                .contains("journal")
        );
    }
}
