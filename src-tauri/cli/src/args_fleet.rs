//! The arguments of `agents …`.

use clap::{Args, Subcommand};

use crate::args::Limit;

#[derive(Debug, Args)]
pub struct AgentsArgs {
    #[command(subcommand)]
    pub what: Option<AgentsCommand>,
}

#[derive(Debug, Subcommand)]
pub enum AgentsCommand {
    /// Who is alive, and what each costs today
    List,
    /// One agent: its newest beats, its cues, what was asked of its runner
    Show(AgentName),
    /// Have its runner restart it
    Restart(AgentName),
    /// Have its runner stop it
    Stop(AgentName),
    /// What it may cost a day; above it, it is told `cost_exceeded`
    Budget {
        #[command(flatten)]
        agent: AgentName,
        /// Dollars; `none` takes the budget away
        #[arg(long, value_name = "AMOUNT")]
        usd: Limit<f64>,
    },
    /// What is expected of it; `agents show` tells what is
    Watch {
        #[command(flatten)]
        agent: AgentName,
        #[command(flatten)]
        expects: AgentExpected,
    },
    /// Drop its beats, its sums, its budget and what was asked of its runner
    Forget(AgentName),
}

#[derive(Debug, Args)]
pub struct AgentName {
    pub name: String,
    /// Of this account (acc_…) instead of your own
    #[arg(long, value_name = "ACCOUNT")]
    pub account: Option<String>,
}

#[derive(Debug, Args)]
#[group(id = "expected", required = true, multiple = true)]
pub struct AgentExpected {
    /// Nothing more: what is usual is learnt from its beats
    #[arg(long, conflicts_with_all = ["every", "grace", "progress_within", "no_alert", "restart"])]
    pub learn: bool,
    /// It beats this often ("60s", "5m")
    #[arg(long, value_name = "LENGTH", value_parser = crate::instant::length_ms)]
    pub every: Option<i64>,
    /// How late a beat may be; without it half of `--every`, at least 5s
    #[arg(long, value_name = "LENGTH", requires = "every", value_parser = crate::instant::length_ms)]
    pub grace: Option<i64>,
    /// How long its work may stand still while it beats
    #[arg(long, value_name = "LENGTH", value_parser = crate::instant::length_ms)]
    pub progress_within: Option<i64>,
    /// Nobody is told of what is wrong with it
    #[arg(long)]
    pub no_alert: bool,
    /// Its runner is asked to restart it when it falls silent, at most 3 times an hour
    #[arg(long)]
    pub restart: bool,
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use super::*;
    use crate::args::{Cli, Command};

    fn read(line: &str) -> AgentsCommand {
        let Command::Agents(args) = Cli::try_parse_from(line.split(' ')).unwrap().command else {
            panic!("it is about agents")
        };
        args.what.unwrap()
    }

    #[test]
    fn a_budget_is_an_amount_or_none() {
        let usd = |line: &str| match read(line) {
            AgentsCommand::Budget { agent, usd } => (agent.name, usd),
            other => panic!("{other:?}"),
        };
        assert_eq!(usd("x agents budget bot --usd 1.5"), ("bot".to_owned(), Limit::At(1.5)));
        assert_eq!(usd("x agents budget bot --usd none"), ("bot".to_owned(), Limit::None));
        let AgentsCommand::Watch { expects, .. } = read("x agents watch bot --every 60s --grace 30s --restart") else {
            panic!("it is about watching")
        };
        assert_eq!((expects.every, expects.grace, expects.progress_within), (Some(60_000), Some(30_000), None));
        assert!(expects.restart && !expects.no_alert);
        assert!(Cli::try_parse_from("x agents watch bot --grace 30s".split(' ')).is_err(), "late against what?");
        for line in ["x agents budget bot", "x agents budget bot --usd much", "x agents restart", "x agents dance bot"]
        {
            assert!(Cli::try_parse_from(line.split(' ')).is_err(), "{line}");
        }
    }
}
