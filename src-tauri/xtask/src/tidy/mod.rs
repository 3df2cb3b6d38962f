//! `cargo xtask tidy`: taste as a test. Enforces the invariants of ARCHITECTURE.md that can be read off the files; each
//! finding names the replacement. What a rule says lives in [`rules`]; the other modules look.

mod layout;
mod manifests;
mod rules;
mod source;
mod tokens;
mod ui;

use std::fmt;
use std::path::{Path, PathBuf};

/// Something out of place, told as one sentence with what to do instead.
struct Finding {
    /// Relative to the repository.
    path: String,
    /// From 1; 0 when the whole file is meant.
    line: usize,
    sentence: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            0 => write!(f, "{}: {}", self.path, self.sentence),
            line => write!(f, "{}:{line}: {}", self.path, self.sentence),
        }
    }
}

/// A text file of the repository.
struct File {
    /// Relative to the repository, with `/`.
    path: String,
    text: String,
}

impl File {
    fn finding(&self, line: usize, sentence: impl Into<String>) -> Finding {
        Finding { path: self.path.clone(), line, sentence: sentence.into() }
    }

    fn has_ending(&self, endings: &[&str]) -> bool {
        self.path.rsplit_once('.').is_some_and(|(_, ending)| endings.contains(&ending))
    }
}

/// Refuses with every finding, one to a line.
pub fn check(root: &Path) -> Result<(), String> {
    let findings = findings(root).map_err(|error| format!("the repository cannot be read: {error}"))?;
    match findings.as_slice() {
        [] => Ok(()),
        _ => {
            let lines: Vec<String> = findings.iter().map(Finding::to_string).collect();
            Err(format!("{} things are out of place:\n{}", lines.len(), lines.join("\n")))
        }
    }
}

fn findings(root: &Path) -> std::io::Result<Vec<Finding>> {
    let files = read(root)?;
    let mut findings = layout::top_level(root)?;
    findings.extend(layout::map(root, &files));
    for file in &files {
        findings.extend(layout::length(file));
        findings.extend(source::check(file));
        findings.extend(manifests::check(file));
        findings.extend(ui::check(file));
    }
    findings.sort_by(|a, b| (&a.path, a.line).cmp(&(&b.path, b.line)));
    Ok(findings)
}

/// Every text file people wrote; nothing that a tool makes.
fn read(root: &Path) -> std::io::Result<Vec<File>> {
    let mut files = Vec::new();
    let mut folders: Vec<PathBuf> = vec![root.to_path_buf()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder)? {
            let path = entry?.path();
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            if name.starts_with('.') || layout::MADE_BY_TOOLS.contains(&name.as_str()) {
                continue;
            }
            if path.is_dir() {
                folders.push(path);
            } else if let Ok(text) = std::fs::read_to_string(&path) {
                let inside = path.strip_prefix(root).unwrap_or(&path);
                files.push(File { path: inside.to_string_lossy().replace('\\', "/"), text });
            }
        }
    }
    Ok(files)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_house_is_tidy() {
        let root = crate::place::repository().expect("tests run inside the repository");
        if let Err(sentence) = check(&root) {
            panic!("{sentence}");
        }
    }
}
