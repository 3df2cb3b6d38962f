//! The arguments of `connect` and `import`, as clap reads them. Part of `args`.

use clap::{Args, Subcommand};

#[derive(Debug, Subcommand)]
pub enum ConnectCommand {
    /// Write the profile of CueAPI's command line, and print what to set for its other clients
    Cueapi(ConnectCueapiArgs),
    /// Print what to set for ClevAgent's SDK and runner, with a key of their own
    Clevagent,
}

#[derive(Debug, Args)]
pub struct ConnectCueapiArgs {
    /// The profile to write; `cueapi` itself uses `default` unless it is told another
    #[arg(long, value_name = "NAME", default_value = "default")]
    pub profile: String,
    /// Write it without asking
    #[arg(long)]
    pub yes: bool,
    /// Write nothing; print what to set
    #[arg(long, conflicts_with = "yes")]
    pub print: bool,
}

#[derive(Debug, Subcommand)]
pub enum ImportCommand {
    /// Every cue of a running CueAPI server, hosted or your own
    Cueapi(ImportArgs),
}

#[derive(Debug, Args)]
pub struct ImportArgs {
    /// Such as https://api.cueapi.ai
    #[arg(long, value_name = "URL")]
    pub base: String,
    /// A key of that server; others on this machine can see it here, so CUEAPI_API_KEY, or typing it when asked, is better
    #[arg(long, value_name = "KEY")]
    pub key: Option<String>,
    /// Say what would be made, and make nothing
    #[arg(long)]
    pub dry_run: bool,
    /// Make all of them paused, until you resume them one by one
    #[arg(long)]
    pub paused: bool,
}
