//! The arguments of `channel …` and `beacon …`.

use clap::{Args, Subcommand, ValueEnum};

#[derive(Debug, Subcommand)]
pub enum ChannelCommand {
    /// Ways to reach you, and how each goes
    List,
    /// Make one, or change it; what is not named stays as it is
    Set(ChannelSetArgs),
    /// Send a real note, and say what the service answered
    Test { name: String },
    /// Take one away; what waits for it is given up
    Rm { name: String },
}

#[derive(Debug, Args)]
pub struct ChannelSetArgs {
    /// Your word for it, such as ops
    pub name: String,
    /// May be left out of a channel that is there
    #[arg(value_enum)]
    pub kind: Option<KindWord>,
    /// Where it leads; others on this machine can read arguments, so --url-stdin is better for one that is a secret
    #[arg(long, conflicts_with = "url_stdin")]
    pub url: Option<String>,
    /// Read the address from standard input, or ask for it
    #[arg(long)]
    pub url_stdin: bool,
    /// Read PagerDuty's routing key, ntfy's token, a web hook's signing secret or the mail password from standard input, or ask for it
    #[arg(long, conflicts_with = "url_stdin")]
    pub secret_stdin: bool,
    /// What is milder is not told here [default for a new one: warning]
    #[arg(long, value_enum)]
    pub min_severity: Option<SeverityWord>,
    /// Of these kinds alone, such as zombie,cost_spike; `all` for every kind
    #[arg(long, value_name = "KINDS", value_delimiter = ',')]
    pub kinds: Option<Vec<String>>,
    /// Only what nobody has seen for as long as the rules say
    #[arg(long, value_name = "yes|no", value_parser = yes_or_no)]
    pub escalation: Option<bool>,
    #[arg(long, conflicts_with = "off")]
    pub on: bool,
    /// Keep it, and tell it nothing
    #[arg(long)]
    pub off: bool,
    #[command(flatten)]
    pub mail: MailArgs,
}

#[derive(Debug, Args)]
pub struct MailArgs {
    /// The mail server, such as smtp.example.com:587
    #[arg(long, value_name = "HOST:PORT")]
    pub smtp: Option<String>,
    /// How it is spoken to [default for a new one: starttls]
    #[arg(long, value_enum)]
    pub tls: Option<TlsWord>,
    /// Who signs in; the password comes with --secret-stdin
    #[arg(long)]
    pub user: Option<String>,
    #[arg(long, value_name = "ADDRESS")]
    pub from: Option<String>,
    /// One or several, divided by commas
    #[arg(long, value_name = "ADDRESSES")]
    pub to: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum KindWord {
    Slack,
    Discord,
    Pagerduty,
    Ntfy,
    Webhook,
    Email,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum SeverityWord {
    Info,
    Warning,
    Critical,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum TlsWord {
    Starttls,
    Tls,
    None,
}

/// The word as the tower knows it.
pub fn word(value: impl ValueEnum) -> String {
    value.to_possible_value().map(|value| value.get_name().to_owned()).unwrap_or_default()
}

#[derive(Debug, Subcommand)]
pub enum BeaconCommand {
    /// Where it goes, and how that goes
    Show,
    /// A request goes there for as long as the tower lives
    Set {
        /// Others on this machine can read arguments; `-` reads it from standard input, or asks for it
        url: String,
        /// Between two: seconds, or a length such as "5m"; 10s to 1d
        #[arg(long, default_value = "60s", value_name = "LENGTH", value_parser = every_seconds)]
        every: u32,
    },
    /// Nothing more is sent there
    Off,
}

fn every_seconds(written: &str) -> Result<u32, String> {
    let seconds = written.parse::<i64>().or_else(|_| crate::instant::length_ms(written).map(|ms| ms / 1_000))?;
    let seconds = u32::try_from(seconds).ok().filter(|seconds| (10..=86_400).contains(seconds));
    seconds.ok_or_else(|| "Give 10s to 1d.".to_owned())
}

fn yes_or_no(written: &str) -> Result<bool, String> {
    match written {
        "yes" => Ok(true),
        "no" => Ok(false),
        _ => Err("yes or no".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use super::*;
    use crate::args::{Cli, Command};

    fn read(line: &str) -> Result<ChannelCommand, clap::Error> {
        match Cli::try_parse_from(line.split(' '))?.command {
            Command::Channel { what } => Ok(what),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_channel_is_named_first_and_its_kind_second() {
        let line = "x channel set ops slack --url-stdin --min-severity critical --kinds zombie,cost_spike --off";
        let Ok(ChannelCommand::Set(args)) = read(line) else { panic!("it is one") };
        assert_eq!((args.name.as_str(), args.kind.map(word)), ("ops", Some("slack".to_owned())));
        assert_eq!(args.kinds, Some(vec!["zombie".to_owned(), "cost_spike".to_owned()]));
        assert!(args.url_stdin && args.off && !args.on);
        for line in [
            "x channel set ops pigeon",
            "x channel set ops slack --url x --url-stdin",
            "x channel set ops --on --off",
            "x channel set ops --escalation maybe",
            "x channel test",
        ] {
            assert!(read(line).is_err(), "{line}");
        }
    }
}
