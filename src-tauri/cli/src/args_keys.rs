//! The arguments of `key` and `login`.

use clap::{Args, Subcommand};

#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub struct KeyArgs {
    #[command(subcommand)]
    pub what: Option<KeyCommand>,
    /// What web hooks are signed with, instead: for whoever checks their signatures
    #[arg(long)]
    pub webhook_secret: bool,
}

#[derive(Debug, Subcommand)]
pub enum KeyCommand {
    /// A new key for one program; it is printed once
    Add {
        /// Who uses it, such as `crm-worker`
        name: String,
        /// What it may do: `cues` (make and fire cues), `report` (claim, report, beat, tell), `commands` (cues that run programs)
        #[arg(long, value_delimiter = ',', default_value = "cues,report", value_parser = ["cues", "report", "commands"])]
        scopes: Vec<String>,
    },
    /// Names, first characters and scopes, newest first; and who registered
    List,
    /// It opens nothing any more
    Rm { id: String },
}

#[derive(Debug, Subcommand)]
pub enum LoginCommand {
    /// Those that wait
    List,
    /// Let it have a key
    Approve { code: String },
    /// Let it have none
    Deny { code: String },
    /// From now on every program on this machine that asks gets a key at once
    Allow,
    /// From now on each waits for your word
    Ask,
}
