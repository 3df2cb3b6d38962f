//! The arguments of `key` and `login`.

use clap::{Args, Subcommand};

const SCOPES: [&str; 9] =
    ["cues", "cues:read", "cues:write", "report", "claim", "ask", "otlp", "heartbeat", "commands"];

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
        /// What it may do: `cues` (see, make and fire cues), `report` (claim, report, ask, beat, tell), `commands` (cues that
        /// run programs). Or finer: `cues:read`, `cues:write`, `claim`, `ask`, `otlp`, `heartbeat`; beside one of these
        /// `report` means outcomes and steps alone
        #[arg(long, value_delimiter = ',', default_value = "cues,report", value_parser = SCOPES)]
        scopes: Vec<String>,
        /// Which agent shows it
        #[arg(long, value_name = "NAME")]
        agent: Option<String>,
        /// It reaches no cues but those of its agent
        #[arg(long, requires = "agent")]
        own_cues: bool,
        /// After so many days it opens nothing any more
        #[arg(long, value_name = "DAYS", value_parser = clap::value_parser!(u32).range(1..=3650))]
        expires: Option<u32>,
    },
    /// A new key in the place of one; the old one stays good for a while
    Rotate {
        id: String,
        /// For so many hours; 0 ends it at once
        #[arg(long, value_name = "HOURS", default_value_t = 24, value_parser = clap::value_parser!(u32).range(0..=168))]
        grace: u32,
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
    /// From now on every program that asks gets a key at once; not while other machines are let in
    Allow,
    /// From now on each waits for your word
    Ask,
}
