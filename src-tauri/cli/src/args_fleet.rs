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
        for line in ["x agents budget bot", "x agents budget bot --usd much", "x agents restart", "x agents dance bot"]
        {
            assert!(Cli::try_parse_from(line.split(' ')).is_err(), "{line}");
        }
    }
}
