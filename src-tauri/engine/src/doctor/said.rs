//! What a program of the system says, if it is there and answers in time.

use std::process::Stdio;
use std::time::Duration;

use tokio::process::Command;

const LIMIT: Duration = Duration::from_secs(3);

/// Its standard output, without the space around it. None: it is not there, failed, or took too long.
pub async fn said(program: &str, args: &[&str]) -> Option<String> {
    let mut command = Command::new(program);
    command.args(args).env("LC_ALL", "C").stdin(Stdio::null()).stderr(Stdio::null()).kill_on_drop(true);
    let output = tokio::time::timeout(LIMIT, command.output()).await.ok()?.ok()?;
    let text = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    // `systemctl is-enabled` says "masked" and fails.
    (output.status.success() || !text.is_empty()).then_some(text)
}
