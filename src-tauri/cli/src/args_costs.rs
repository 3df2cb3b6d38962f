//! The arguments of `price …` and `costs`.

use clap::{Args, Subcommand, ValueEnum};

#[derive(Debug, Subcommand)]
pub enum PriceCommand {
    /// What a million tokens of each model cost; your own prices are marked
    List {
        /// Those whose name, or whose seller's, has this in it
        find: Option<String>,
        /// Your own alone
        #[arg(long)]
        own: bool,
    },
    /// Say what a model costs, from now on
    Set(PriceSetArgs),
    /// Take your own price away; what the program brings along holds again
    Rm { model: String },
}

/// In dollars per million tokens.
#[derive(Debug, Args)]
pub struct PriceSetArgs {
    /// As its calls report it; `gpt-4o*` stands for every name that begins so
    pub model: String,
    #[arg(long, value_name = "USD")]
    pub input: f64,
    #[arg(long, value_name = "USD")]
    pub output: f64,
    /// Of input that was read from a cache [default: as input]
    #[arg(long, value_name = "USD")]
    pub cached_input: Option<f64>,
    /// Of output that was spent on reasoning [default: as output]
    #[arg(long, value_name = "USD")]
    pub reasoning: Option<f64>,
}

#[derive(Debug, Args)]
pub struct CostsArgs {
    /// With today
    #[arg(long, default_value_t = 7, value_parser = clap::value_parser!(u32).range(1..=366))]
    pub days: u32,
    #[arg(long, value_enum, default_value_t = CostsBy::Cue)]
    pub by: CostsBy,
    /// As a table of comma-separated values: by day, cue, agent and model
    #[arg(long, conflicts_with = "by")]
    pub csv: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum CostsBy {
    Cue,
    Agent,
    Model,
    Day,
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use super::*;
    use crate::args::{Cli, Command};

    #[test]
    fn a_price_needs_what_input_and_output_cost() {
        let line = "x price set gpt-4o --input 2.5 --output 10 --cached-input 1.25";
        let Command::Price { what: PriceCommand::Set(set) } = Cli::try_parse_from(line.split(' ')).unwrap().command
        else {
            panic!("it sets a price")
        };
        assert_eq!((set.input, set.output, set.cached_input, set.reasoning), (2.5, 10.0, Some(1.25), None));
        for line in ["x price set gpt-4o --input 2.5", "x price set --input 1 --output 1", "x costs --days 0"] {
            assert!(Cli::try_parse_from(line.split(' ')).is_err(), "{line}");
        }
    }
}
