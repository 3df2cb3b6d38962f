//! The arguments of `watchdog`.

use clap::{Args, Subcommand};

#[derive(Debug, Subcommand)]
pub enum WatchdogCommand {
    /// Let the system start the tower with your session, and again whenever it ends
    Install(InstallArgs),
    /// Is it installed, and does it run
    Status,
    /// Let the system leave the tower alone; a tower that runs goes on
    Remove,
}

#[derive(Debug, Args)]
pub struct InstallArgs {
    /// The tower with its window, instead of the one without
    #[arg(long)]
    pub window: bool,
    /// Show what would be written, and write nothing
    #[arg(long)]
    pub print: bool,
    /// What the tower is started with, such as: -- --vault file
    #[arg(last = true, value_name = "ARGUMENTS")]
    pub with: Vec<String>,
}
