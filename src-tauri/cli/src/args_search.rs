//! The arguments of `search` and `run export`.

use std::path::PathBuf;

use clap::Args;

#[derive(Debug, Args)]
pub struct SearchArgs {
    /// Words, "phrases", and filters; those that begin with a dash (not that) after `--`: cue:NAME agent:NAME is:failed kind:run cost:>0.5 since:7d until:2026-11-20
    #[arg(required = true, value_name = "WORDS")]
    pub words: Vec<String>,
    /// Of each kind at most
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=100))]
    pub limit: u32,
}

#[derive(Debug, Args)]
pub struct ExportArgs {
    /// The run's id, or its beginning (6 characters at least)
    pub run: String,
    /// As one page that needs nothing else, instead of JSON
    #[arg(long)]
    pub html: bool,
    /// Into this file, or under its own name into this folder; else to standard output
    #[arg(long, short, value_name = "FILE")]
    pub output: Option<PathBuf>,
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use super::*;
    use crate::args::{Cli, Command, RunCommand};

    #[test]
    fn what_is_looked_for_may_begin_with_a_dash_and_keeps_its_words_apart() {
        let line = ["x", "search", "--limit", "5", "--json", "cue:leads", "--", "-timeout", "no rows"];
        let cli = Cli::try_parse_from(line).unwrap();
        let Command::Search(SearchArgs { words, limit }) = cli.command else { panic!("it looks for something") };
        assert_eq!((words.join("|").as_str(), limit, cli.json), ("cue:leads|-timeout|no rows", 5, true));
        assert!(Cli::try_parse_from(["x", "search", "leads", "--json"]).unwrap().json);
        assert!(Cli::try_parse_from(["x", "search"]).is_err());
    }

    #[test]
    fn a_run_is_exported_as_json_unless_a_page_is_asked_for() {
        let export = |line: &str| match Cli::try_parse_from(line.split(' ')).unwrap().command {
            Command::Run { what: RunCommand::Export(args) } => args,
            other => panic!("it exports: {other:?}"),
        };
        assert!(!export("x run export r1 --json").html);
        let page = export("x run export r1 --html --output page.html");
        assert_eq!((page.html, page.output), (true, Some(PathBuf::from("page.html"))));
    }
}
