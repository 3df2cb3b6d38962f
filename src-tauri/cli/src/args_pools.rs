//! The arguments of `pool …`.

use std::str::FromStr;

use clap::{Args, Subcommand};

#[derive(Debug, Subcommand)]
pub enum PoolCommand {
    /// What each allows, who holds permits of it, and who waits
    List,
    /// Make one, or change its limits; limits that are not named stay as they are
    Set(PoolSetArgs),
    /// Take one away that nobody uses
    Rm { name: String },
}

#[derive(Debug, Args)]
pub struct PoolSetArgs {
    /// Such as openai
    pub name: String,
    /// At once; `none` takes the limit away
    #[arg(long, value_name = "N", required_unless_present_any = ["calls_per_min", "tokens_per_min"])]
    pub concurrency: Option<Limit<u32>>,
    /// Begun within any minute
    #[arg(long, value_name = "N")]
    pub calls_per_min: Option<Limit<u32>>,
    /// Used within any minute
    #[arg(long, value_name = "N")]
    pub tokens_per_min: Option<Limit<u64>>,
}

/// A number, or the word `none`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Limit<T> {
    None,
    At(T),
}

impl<T: FromStr> FromStr for Limit<T> {
    type Err = String;

    fn from_str(text: &str) -> Result<Limit<T>, String> {
        match text {
            "none" => Ok(Limit::None),
            number => number.parse().map(Limit::At).map_err(|_| "a whole number, or `none`".to_owned()),
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use super::*;
    use crate::args::{Cli, Command};

    #[test]
    fn a_limit_is_a_number_or_none() {
        let line = "x pool set openai --concurrency 1 --tokens-per-min none";
        let Command::Pool { what: PoolCommand::Set(set) } = Cli::try_parse_from(line.split(' ')).unwrap().command
        else {
            panic!("it sets a pool")
        };
        assert_eq!((set.concurrency, set.calls_per_min), (Some(Limit::At(1)), None));
        assert_eq!(set.tokens_per_min, Some(Limit::None));
        for line in ["x pool set openai", "x pool set openai --concurrency many", "x pool set --concurrency 1"] {
            assert!(Cli::try_parse_from(line.split(' ')).is_err(), "{line}");
        }
    }
}
