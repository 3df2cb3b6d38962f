//! The arguments of `alerts` and `report`.

use clap::{Args, Subcommand};

#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub struct AlertsArgs {
    #[command(subcommand)]
    pub what: Option<AlertCommand>,
    /// Only those that nobody has seen
    #[arg(long)]
    pub open: bool,
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=500))]
    pub limit: u32,
}

#[derive(Debug, Subcommand)]
pub enum AlertCommand {
    /// Say that you have seen one, or all
    Ack {
        #[arg(required_unless_present = "all", conflicts_with = "all")]
        alert: Option<String>,
        #[arg(long)]
        all: bool,
    },
    /// Hear no more of one for a while, unless it gets worse
    Snooze {
        alert: String,
        /// Such as 30m, 1h or 2d
        #[arg(value_parser = crate::instant::length_ms)]
        length: i64,
    },
    /// How alerts are told; what is given is changed
    Rules(RulesArgs),
}

/// Minutes, or `off`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Minutes {
    Off,
    After(u32),
}

/// A word, or `off`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OrOff {
    Off,
    On(String),
}

#[derive(Debug, Default, Args)]
pub struct RulesArgs {
    /// Minutes before the same problem is told again
    #[arg(long, value_name = "MINUTES")]
    pub cool_down: Option<u32>,
    /// Tell it louder, once, if nobody has seen it after so many minutes; or `off`
    #[arg(long, value_name = "MINUTES", value_parser = minutes)]
    pub escalate: Option<Minutes>,
    /// Tell it again each so many minutes until somebody has seen it; or `off`
    #[arg(long, value_name = "MINUTES", value_parser = minutes)]
    pub nag: Option<Minutes>,
    /// Tell only what is critical at these hours, such as 22:00-07:00; or `off`
    #[arg(long, value_name = "FROM-TO", value_parser = or_off)]
    pub quiet: Option<OrOff>,
    /// When the report of the day before is told, such as 09:00; or `off`
    #[arg(long, value_name = "TIME", value_parser = or_off)]
    pub report_at: Option<OrOff>,
    /// A kind of alert that is told to nobody, such as out_of_envelope
    #[arg(long, value_name = "KIND")]
    pub mute: Vec<String>,
    /// A kind of alert that is told again
    #[arg(long, value_name = "KIND")]
    pub unmute: Vec<String>,
}

#[derive(Debug, Args)]
pub struct ReportArgs {
    /// A day of yours, such as 2026-11-21; without it, today so far
    pub day: Option<String>,
}

fn minutes(text: &str) -> Result<Minutes, String> {
    match text {
        "off" => Ok(Minutes::Off),
        _ => {
            text.parse().map(Minutes::After).map_err(|_| format!("`{text}` is neither a number of minutes nor `off`."))
        }
    }
}

fn or_off(text: &str) -> Result<OrOff, std::convert::Infallible> {
    Ok(if text == "off" { OrOff::Off } else { OrOff::On(text.to_owned()) })
}
