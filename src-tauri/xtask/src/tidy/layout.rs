//! Rules about the house as a whole: what stands at the top, how long a file is, whether the map is true.

use std::path::Path;

use super::{File, Finding};

/// Folders that tools fill, and that git ignores.
pub const MADE_BY_TOOLS: &[&str] = &["target", "node_modules", "dist", "gen", "artifacts", "__pycache__"];

/// The user's design card, and what the tools insist on. Dotted files are configuration.
const TOP: &[&str] = &[
    "Cargo.toml",
    "Cargo.lock",
    "src-tauri",
    "ui",
    "icons",
    "tests",
    "README.md",
    "tauri.conf.json",
    "sdk",
    "examples",
    "docs",
    "LICENSE",
    "CHANGELOG.md",
];

const LINES_MAX: usize = 600;
const MAP: &str = "src-tauri/README.md";
const MAP_LINES_MAX: usize = 150;

pub fn top_level(root: &Path) -> std::io::Result<Vec<Finding>> {
    let mut findings = Vec::new();
    for entry in std::fs::read_dir(root)? {
        let name = entry?.file_name().to_string_lossy().into_owned();
        let allowed = name.starts_with('.') || TOP.contains(&name.as_str()) || MADE_BY_TOOLS.contains(&name.as_str());
        if !allowed {
            let sentence = format!(
                "does not belong at the top level, which holds {} and dotted configuration only; find it a room inside one of them",
                TOP.join(", ")
            );
            findings.push(Finding { path: name, line: 0, sentence });
        }
    }
    Ok(findings)
}

pub fn length(file: &File) -> Option<Finding> {
    let written = file.has_ending(&["rs", "ts", "js", "mjs", "svelte", "py", "sh"]);
    let generated = file.path.starts_with("ui/src/wire/");
    let lines = file.text.lines().count();
    (written && !generated && lines > LINES_MAX).then(|| {
        let sentence = format!("{lines} lines, over {LINES_MAX}: split it by its ideas, each file named by the word in SPEC.md (about 150 lines is right)");
        file.finding(0, sentence)
    })
}

/// The map is there, short, and every path it names exists.
pub fn map(root: &Path, files: &[File]) -> Vec<Finding> {
    let Some(map) = files.iter().find(|file| file.path == MAP) else {
        let sentence =
            "the map is missing: bird's eye, the journey of one cue, where things are, what is deliberately absent";
        return vec![Finding { path: MAP.into(), line: 0, sentence: sentence.into() }];
    };
    let mut findings = Vec::new();
    let lines = map.text.lines().count();
    if lines > MAP_LINES_MAX {
        findings.push(map.finding(
            0,
            format!("{lines} lines, over {MAP_LINES_MAX}: a map shows where to look, the files say the rest"),
        ));
    }
    for (at, line) in map.text.lines().enumerate() {
        for path in paths(line) {
            let found = [root.join("src-tauri"), root.to_path_buf()].iter().any(|from| from.join(path).exists());
            if !found {
                let sentence =
                    format!("`{path}` is neither below src-tauri/ nor below the top level: write where it went");
                findings.push(map.finding(at + 1, sentence));
            }
        }
    }
    findings
}

/// What a line of Markdown names as a path: in backticks or as the target of a link.
fn paths(line: &str) -> Vec<&str> {
    let quoted = line.split('`').skip(1).step_by(2).filter(|text| looks_like_a_path(text));
    let linked = line.split("](").skip(1).filter_map(|rest| rest.split_once([')', '#'])).map(|(target, _)| target);
    quoted.chain(linked.filter(|target| !target.is_empty() && !target.contains("://"))).collect()
}

fn looks_like_a_path(text: &str) -> bool {
    let plain = text.chars().all(|sign| sign.is_ascii_alphanumeric() || "_-./".contains(sign));
    let ending = text.rsplit_once('.').is_some_and(|(stem, ending)| !stem.is_empty() && ENDINGS.contains(&ending));
    // `/v1/cues` is a route.
    plain && !text.starts_with(['/', '-']) && (text.contains('/') || ending)
}

const ENDINGS: &[&str] = &["rs", "ts", "svelte", "md", "toml", "json", "css", "py", "sh"];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_map_names_paths_and_other_things() {
        let line = "`core/src/lane.rs` and `pilot.rs`, see [SPEC](../docs/spec.md#words); `/v1/cues`, `decide → journal`, `cargo xtask run`";
        assert_eq!(paths(line), ["core/src/lane.rs", "pilot.rs", "../docs/spec.md"]);
    }

    #[test]
    fn a_file_that_outgrew_its_name_is_told_so() {
        let long = File { path: "src-tauri/engine/src/pilot.rs".into(), text: "x\n".repeat(601) };
        assert!(length(&long).is_some_and(|finding| finding.to_string().contains("601 lines")));
        let data = File { path: "tests/corpus.jsonl".into(), text: "x\n".repeat(5000) };
        assert!(length(&data).is_none(), "data may be long");
    }
}
