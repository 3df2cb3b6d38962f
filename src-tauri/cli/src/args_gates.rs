//! The arguments of `gates` and `answer`.

use clap::{Args, Subcommand, ValueEnum};

#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub struct GatesArgs {
    #[command(subcommand)]
    pub what: Option<GatesCommand>,
    /// Those that were answered as well
    #[arg(long)]
    pub all: bool,
    /// Of each list
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=500))]
    pub limit: u32,
}

#[derive(Debug, Subcommand)]
pub enum GatesCommand {
    /// What exactly is asked
    Show {
        /// Or its beginning, if no other gate's begins so
        gate: String,
    },
    /// Be asked again later
    Later {
        gate: String,
        /// Such as 30m, 1h or 2d; 7 days at most
        #[arg(value_parser = crate::instant::length_ms)]
        length: i64,
    },
}

#[derive(Debug, Args)]
pub struct AnswerArgs {
    /// The gate's id, or its beginning, if no other gate's begins so
    pub gate: String,
    pub word: AnswerWord,
    /// Approve with this JSON in place of the payload that was asked about; `-` reads it from standard input
    #[arg(long, value_name = "FILE")]
    pub payload: Option<String>,
    /// Your words to the agent
    #[arg(long, value_name = "TEXT")]
    pub comment: Option<String>,
    /// The hash of what you saw: refused if something else is asked by now
    #[arg(long, value_name = "HASH")]
    pub shown: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum AnswerWord {
    Approve,
    Deny,
}
