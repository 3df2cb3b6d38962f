//! The arguments of `fuse …`.

use clap::{Args, Subcommand, ValueEnum};

use crate::args::Limit;

#[derive(Debug, Subcommand)]
pub enum FuseCommand {
    /// What may be used, what was used today, and what is stopped for it
    List,
    /// What one run, or a day, may use; what a cue says of itself stands before it
    Set(FuseSetArgs),
}

#[derive(Debug, Args)]
pub struct FuseSetArgs {
    #[arg(value_enum)]
    pub which: FuseName,
    /// Dollars; `none`: no limit
    #[arg(long, value_name = "AMOUNT")]
    pub cost: Option<Limit<f64>>,
    #[arg(long, value_name = "NUMBER")]
    pub tokens: Option<Limit<u64>>,
    /// Of one run alone
    #[arg(long, value_name = "NUMBER")]
    pub steps: Option<Limit<u32>>,
    /// No limit at all
    #[arg(long, conflicts_with_all = ["cost", "tokens", "steps"])]
    pub off: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum FuseName {
    Run,
    CueDay,
    AgentDay,
    FleetDay,
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use super::*;
    use crate::args::{Cli, Command};

    #[test]
    fn a_fuse_is_set_limit_by_limit_or_off() {
        let read = |line: &str| match Cli::try_parse_from(line.split(' ')).map(|cli| cli.command) {
            Ok(Command::Fuse { what: FuseCommand::Set(set) }) => Some((set.which, set.cost, set.tokens, set.off)),
            _ => None,
        };
        let run = read("x fuse set run --cost 2.5 --tokens none").unwrap();
        assert_eq!(run, (FuseName::Run, Some(Limit::At(2.5)), Some(Limit::None), false));
        assert_eq!(read("x fuse set fleet-day --off").unwrap(), (FuseName::FleetDay, None, None, true));
        assert_eq!(read("x fuse set fleet-day --off --cost 3"), None);
        assert_eq!(read("x fuse set day"), None);
    }
}
