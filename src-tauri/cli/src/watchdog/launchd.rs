//! A launch agent of macOS. Written by its manual; never run by us there.

use std::path::Path;

use super::{Guarded, Step};

const LABEL: &str = "dev.cuetower.tower";
pub const FILE: &str = "dev.cuetower.tower.plist";

/// The property list. `AbandonProcessGroup`: agents outlive the tower on purpose.
pub fn plist(service: &Guarded) -> String {
    let program = service.program.display().to_string();
    let words = std::iter::once(&program).chain(&service.args);
    let words: String = words.map(|word| format!("    <string>{}</string>\n", escaped(word))).collect();
    let session = if service.window { "  <key>LimitLoadToSessionType</key><string>Aqua</string>\n" } else { "" };
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>
<!DOCTYPE plist PUBLIC \"-//Apple//DTD PLIST 1.0//EN\" \"http://www.apple.com/DTDs/PropertyList-1.0.dtd\">
<!-- Written by `cuetowerctl watchdog install`; `cuetowerctl watchdog remove` takes it away. -->
<plist version=\"1.0\">
<dict>
  <key>Label</key><string>{LABEL}</string>
  <key>ProgramArguments</key>
  <array>
{words}  </array>
  <key>RunAtLoad</key><true/>
  <key>KeepAlive</key><true/>
  <key>ThrottleInterval</key><integer>2</integer>
  <key>AbandonProcessGroup</key><true/>
{session}</dict>
</plist>
"
    )
}

/// As text inside XML.
pub(super) fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

pub fn install(path: &Path, runs: bool) -> Vec<Step> {
    let file = path.display().to_string();
    if runs {
        // It is loaded with the next login.
        return Vec::new();
    }
    let session = session();
    vec![
        Step::or_not(&["launchctl", "bootout", &format!("{session}/{LABEL}")]),
        // Removed once, it was barred from starting.
        Step::or_not(&["launchctl", "enable", &format!("{session}/{LABEL}")]),
        Step::of(&["launchctl", "bootstrap", &session, &file]),
    ]
}

pub fn start() -> Step {
    Step::of(&["launchctl", "kickstart", &format!("{}/{LABEL}", session())])
}

/// Unloading would end the tower: it is only kept from being started again.
pub fn remove(_: &Path) -> Vec<Step> {
    vec![Step::or_not(&["launchctl", "disable", &format!("{}/{LABEL}", session())])]
}

pub fn look() -> Step {
    Step::of(&["launchctl", "print", &format!("{}/{LABEL}", session())])
}

/// By what [`look`] printed.
pub fn is_up(said: &str) -> bool {
    said.lines().any(|line| line.trim() == "state = running")
}

#[cfg(unix)]
fn session() -> String {
    format!("gui/{}", nix::unistd::Uid::current())
}

#[cfg(not(unix))]
fn session() -> String {
    "gui/0".to_owned()
}

#[cfg(test)]
mod tests {
    use super::super::example;
    use super::*;

    #[test]
    fn the_list_starts_exactly_what_was_asked_for() {
        let plist = plist(&example());
        assert!(plist.contains("<string>/opt/cue tower/cuetowerctl</string>\n    <string>serve</string>"));
        assert!(plist.contains("<string>/home/me/50% &amp; &lt;more&gt;</string>"));
        assert!(
            plist.contains("<key>KeepAlive</key><true/>") && plist.contains("<key>AbandonProcessGroup</key><true/>")
        );
        assert!(is_up("gui/501/x = {\n\tstate = running\n}") && !is_up("\tstate = waiting"));
    }
}
