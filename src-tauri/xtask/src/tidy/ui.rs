//! The rule about the UI: it reaches its host through `ui/src/bridge/` alone (invariant 6).

use super::{File, Finding};

const BRIDGE: &str = "ui/src/bridge/";
const HOSTS: &[&str] =
    &["@tauri-apps", "__TAURI", "fetch(", "new EventSource", "new WebSocket", "new XMLHttpRequest", "sendBeacon("];

pub fn check(file: &File) -> Vec<Finding> {
    let ours = file.path.starts_with("ui/src/") && file.has_ending(&["ts", "js", "svelte"]);
    if !ours || file.path.starts_with(BRIDGE) {
        return Vec::new();
    }
    let mut findings = Vec::new();
    for (at, line) in file.text.lines().enumerate().filter(|(_, line)| !is_comment(line)) {
        for host in HOSTS.iter().filter(|host| names(line, host)) {
            let sentence =
                format!("`{host}`: the UI reaches its host through `{BRIDGE}` alone (invariant 6); call the bridge");
            findings.push(file.finding(at + 1, sentence));
        }
    }
    findings
}

fn is_comment(line: &str) -> bool {
    ["//", "*", "/*", "<!--"].iter().any(|mark| line.trim_start().starts_with(mark))
}

/// True when `host` stands there as a word of its own: `refetch(` and `board.fetch(` are someone else's.
fn names(line: &str, host: &str) -> bool {
    line.match_indices(host).any(|(at, _)| {
        let before = &line[..at];
        let globally = before.ends_with("window.") || before.ends_with("globalThis.") || before.ends_with("self.");
        globally || !before.ends_with(|sign: char| sign.is_alphanumeric() || sign == '_' || sign == '.')
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(path: &str, text: &str) -> usize {
        check(&File { path: path.into(), text: text.into() }).len()
    }

    #[test]
    fn the_host_is_reached_through_the_bridge_alone() {
        assert_eq!(found("ui/src/views/Board.svelte", "import { invoke } from '@tauri-apps/api/core';"), 1);
        assert_eq!(found("ui/src/state/board.ts", "const a = await fetch('/rpc');"), 1);
        assert_eq!(found("ui/src/state/board.ts", "const a = await window.fetch('/rpc');"), 1);
        assert_eq!(found("ui/src/bridge/http.ts", "const a = await fetch('/rpc');"), 0);
        assert_eq!(found("ui/src/state/board.ts", "refetch(); board.fetch(); // fetch"), 0);
    }
}
