//! The arguments of `adopt`.

use clap::{ArgGroup, Args, Subcommand};

/// What runs already on this machine: your crontab, systemd's timers. Without a further word: shown, and nothing changed
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub struct AdoptArgs {
    #[command(flatten)]
    pub look: LookArgs,
    #[command(subcommand)]
    pub what: Option<AdoptCommand>,
}

#[derive(Debug, Args)]
pub struct LookArgs {
    /// Read a crontab from this file instead of this machine's schedulers; `-` reads standard input
    #[arg(long, value_name = "FILE")]
    pub file: Option<String>,
    /// Its lines name a user, as those of /etc/crontab do
    #[arg(long, requires = "file")]
    pub system: bool,
    /// Show each definition that would be made
    #[arg(long)]
    pub verbose: bool,
}

#[derive(Debug, Subcommand)]
pub enum AdoptCommand {
    /// Make cues of jobs, by the numbers or names that `adopt` shows
    Take(TakeArgs),
    /// Let the tower run a job that it watched until now; its own scheduler does not any more
    Flip {
        /// The cue's id, or its name
        cue: String,
    },
    /// Have a job run where it ran before, as it stood there
    Undo {
        /// The cue's id, or its name; `all`: every job that was adopted
        cue: String,
    },
    /// What was adopted, and how it stands
    List,
}

#[derive(Debug, Args)]
#[command(group = ArgGroup::new("mode").required(true).args(["watch_first", "take_over"]))]
pub struct TakeArgs {
    /// A number or a name that `adopt` shows, or `all`
    #[arg(required = true, value_name = "JOB")]
    pub jobs: Vec<String>,
    /// Its scheduler goes on, under `cuetowerctl exec`, and the tower watches until you flip it
    #[arg(long)]
    pub watch_first: bool,
    /// The tower runs it from now on, and its scheduler does not
    #[arg(long)]
    pub take_over: bool,
    /// As they were looked at
    #[command(flatten)]
    pub look: LookArgs,
}
