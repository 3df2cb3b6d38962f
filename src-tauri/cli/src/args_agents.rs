//! The arguments of `exec` and `worker`, as clap reads them. Part of `args`.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{ArgGroup, Args};

/// Run any command and tell the tower when it began and how it ended
///
/// For a crontab that is there already:
///
///   0 3 * * * cuetowerctl exec --cue backup -- /usr/local/bin/backup.sh --full
///
/// The command gets its input, prints its output, hears its signals and ends with its exit code as if `exec` were not
/// there. Told are its start, its end, the last 64 KiB of what it printed, and what it needed. While no tower answers, that
/// is kept in the data folder and told later.
#[derive(Debug, Args)]
#[command(verbatim_doc_comment, group = ArgGroup::new("whom").required(true).args(["ping", "cue"]))]
pub struct ExecArgs {
    /// The cue's ping URL, or the key at its end; see `cuetowerctl cue ping NAME`
    #[arg(long, value_name = "URL|KEY")]
    pub ping: Option<String>,
    /// The cue, by name or id, of the tower on this machine
    #[arg(long, value_name = "NAME")]
    pub cue: Option<String>,
    /// A word for this job that its tries are shown with, such as the host's name
    #[arg(long)]
    pub label: Option<String>,
    /// Say in one line on standard error if the tower could not be told
    #[arg(long, short)]
    pub verbose: bool,
    /// The command and its arguments
    #[arg(last = true, required = true, value_name = "CMD")]
    pub command: Vec<OsString>,
}

/// Fetch work from a tower and run a program for each piece; also on another machine
///
/// FILE is TOML:
///
///   url = "http://127.0.0.1:8737"
///   concurrency = 4
///
///   [[handler]]
///   task = "thumbnails"                       # the payload's "task"
///   argv = ["python3", "thumbs.py", "{{payload.folder}}"]
///   timeout_seconds = 300
///
/// The key is taken from --key, else from the variable that `key_env` in FILE names, else from CUETOWER_KEY.
/// SIGTERM or Ctrl-C: it takes nothing more, lets what runs finish, and gives the rest back.
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
pub struct WorkerArgs {
    /// What it can do, as TOML
    pub file: PathBuf,
    /// The tower's agents' door, instead of FILE's
    #[arg(long)]
    pub url: Option<String>,
    /// An API key with the scope `report`; others on this machine can see it here, so CUETOWER_KEY is better
    #[arg(long)]
    pub key: Option<String>,
    /// Do what is waiting now, then end
    #[arg(long)]
    pub once: bool,
}
