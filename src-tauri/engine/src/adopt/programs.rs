//! `crontab` and `systemctl --user`, the only ways in which another scheduler is changed.

use std::fs::File;
use std::process::Stdio;
use std::time::Duration;

use tokio::process::Command;

/// Name the programs, where they are not on the PATH.
const CRONTAB: &str = "CUETOWER_CRONTAB";
const SYSTEMCTL: &str = "CUETOWER_SYSTEMCTL";
const ANSWERS_WITHIN: Duration = Duration::from_secs(20);

pub(super) struct Ended {
    pub ok: bool,
    pub out: Vec<u8>,
    pub err: String,
}

/// Whole from the start, and not through a pipe: `crontab -` takes what a tower left that was killed while it wrote for all of it.
pub(super) async fn crontab(arguments: &[&str], input: Option<File>) -> Result<Ended, String> {
    run(&super::named(CRONTAB).unwrap_or_else(|| "crontab".to_owned()), arguments, input).await
}

pub(super) async fn systemctl(arguments: &[&str]) -> Result<Ended, String> {
    let program = super::named(SYSTEMCTL).unwrap_or_else(|| "systemctl".to_owned());
    run(&program, arguments, None).await
}

/// # Errors
/// A sentence, if there is no such program or it does not end.
async fn run(program: &str, arguments: &[&str], input: Option<File>) -> Result<Ended, String> {
    let mut command = Command::new(program);
    command.args(arguments).env("LC_ALL", "C").kill_on_drop(true);
    cuetower_launcher::keep_back(command.as_std_mut());
    command.stdin(input.map_or_else(Stdio::null, Stdio::from));
    match tokio::time::timeout(ANSWERS_WITHIN, command.output()).await {
        Ok(Ok(output)) => Ok(Ended {
            ok: output.status.success(),
            out: output.stdout,
            err: String::from_utf8_lossy(&output.stderr).trim().to_owned(),
        }),
        Ok(Err(error)) if error.kind() == std::io::ErrorKind::NotFound => {
            Err(format!("There is no program `{program}` on this machine."))
        }
        Ok(Err(error)) => Err(format!("`{program}` could not be run: {error}.")),
        Err(_) => Err(format!("`{program}` did not end within {} s.", ANSWERS_WITHIN.as_secs())),
    }
}
