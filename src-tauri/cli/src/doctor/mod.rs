//! `doctor`: what is wrong on this machine for a tower, and how it is mended. What a tower leans on is looked at by the engine; here
//! is what the command line knows: the settings, the tower that runs, its doors, who keeps it up.

mod doors;
mod tower;

use std::path::{Path, PathBuf};

use cuetower_engine::doctor::{self, Finding, State};
use cuetower_engine::settings::{self, Settings, SettingsError};
use cuetower_engine::vault::VaultKind;
use serde_json::json;

use crate::args::DoctorArgs;
use crate::show::{say, say_json};
use crate::tower::Options;
use crate::watchdog;

const SETTINGS: &str = "settings";

pub async fn obey(args: DoctorArgs, data: Option<PathBuf>, as_json: bool) -> Result<(), String> {
    let folder = Options { data: data.clone(), ..Options::default() }.folder().map_err(|error| error.to_string())?;
    let findings = look(&folder, data, args.vault.kind(), args.deep).await;
    let bad = findings.iter().filter(|finding| finding.state == State::Bad).count();
    if as_json {
        say_json(&json!({ "well": bad == 0, "findings": findings }));
    } else {
        say(&told(&findings));
    }
    match bad {
        0 => Ok(()),
        1 => Err(format!("1 of {} checks is bad.", findings.len())),
        bad => Err(format!("{bad} of {} checks are bad.", findings.len())),
    }
}

/// Every check there is, in the order in which one would mend.
pub async fn look(folder: &Path, data: Option<PathBuf>, vault: VaultKind, deep: bool) -> Vec<Finding> {
    let (set, of_settings) = settings(folder);
    let running = tower::look(data).await;
    let mut findings = doctor::look(folder, deep).await;
    findings.push(of_settings);
    findings.push(running.finding);
    findings.extend(running.health);
    match running.doors {
        Some(doors) => findings.push(doors),
        None => findings.extend(doors::look(&set.unwrap_or_default()).await),
    }
    findings.push(doctor::zone(tower::zone().as_deref()));
    findings.push(doctor::secrets(vault, folder, running.vault).await);
    findings.push(doctor::notifications(running.notifications).await);
    findings.push(doctor::tray().await);
    let window =
        std::env::current_exe().ok().map(|own| own.with_file_name(format!("cuetower{}", std::env::consts::EXE_SUFFIX)));
    findings.push(doctor::webview(window.filter(|window| window.is_file()).as_deref()));
    findings.push(watchdog::finding());
    findings
}

/// Of a file that does not fit nothing is quoted: a line of it may hold anything.
fn settings(folder: &Path) -> (Option<Settings>, Finding) {
    let open = "`cuetowerctl settings` says what is not right in it, and `cuetowerctl settings path` where it lies.";
    match settings::load(folder) {
        Ok(settings) => (Some(settings), Finding::good(SETTINGS, "They fit.")),
        Err(SettingsError::Unfit { message, .. }) => {
            let fact = format!("settings.toml does not fit, so that no tower starts: {}.", place_of(&message));
            (None, Finding::bad(SETTINGS, fact, open))
        }
        Err(error) => {
            (None, Finding::bad(SETTINGS, format!("They do not fit, so that no tower starts. {error}."), open))
        }
    }
}

/// Where a file does not fit, of what its reader says of it; the rest of that quotes the file.
pub fn place_of(message: &str) -> &str {
    let is_place = |line: &&str| line.starts_with("TOML parse error at ") || line.starts_with("in `");
    message.lines().find(is_place).unwrap_or("one of its settings is not as it should be")
}

fn told(findings: &[Finding]) -> String {
    let width = findings.iter().map(|finding| finding.check.chars().count()).max().unwrap_or(0);
    let mut lines = Vec::new();
    for finding in findings {
        let word = match finding.state {
            State::Good => "good",
            State::Warn => "warn",
            State::Bad => "BAD ",
        };
        lines.push(format!("{word}  {:width$}  {}", finding.check, finding.fact));
        lines.extend(finding.mend.iter().map(|mend| format!("{:6}{:width$}  → {mend}", "", "")));
    }
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_does_not_fit_is_bad_and_not_quoted() {
        let folder = tempfile::tempdir().unwrap();
        for (text, place) in
            [("[backup]\nkeep = \"hunter22\"\n", "`backup.keep`"), ("[backup]\nkeep = hunter22\n", "line 2")]
        {
            std::fs::write(folder.path().join("settings.toml"), text).unwrap();
            let (set, finding) = settings(folder.path());
            assert!(set.is_none() && finding.state == State::Bad);
            assert!(finding.fact.contains(place) && !finding.fact.contains("hunter22"), "{}", finding.fact);
        }
    }

    #[test]
    fn what_is_to_be_done_stands_below_what_it_mends() {
        let findings = [Finding::good("clock", "Right."), Finding::bad("data folder", "Full.", "Make room.")];
        assert_eq!(
            told(&findings),
            "good  clock        Right.\nBAD   data folder  Full.\n                   → Make room."
        );
    }
}
