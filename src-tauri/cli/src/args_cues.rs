//! The arguments of `cue` and `ledger`, as clap reads them. Part of `args`.

use clap::{Args, Subcommand, ValueEnum};

use crate::args_apply::{CueExportArgs, CueImportArgs};

#[derive(Debug, Subcommand)]
pub enum CueCommand {
    /// Every cue
    List,
    /// One cue, with its whole definition
    Show {
        /// Its name or id
        cue: String,
    },
    /// Make the cue (or the list of cues) of a JSON file
    ///
    /// Such as {"name": "hello", "transport": "command", "command": {"argv": ["echo", "hi"]}, "confirm": "exit_code",
    /// "schedule": {"type": "recurring", "cron": "*/5 * * * *", "timezone": "Europe/Berlin"}}
    Add {
        /// `-` reads standard input
        file: String,
    },
    /// Give a cue the definition of a JSON file, or edit it in $EDITOR
    Edit {
        /// Its name or id
        cue: String,
        /// The whole new definition; `-` reads standard input. None: it is opened in $EDITOR
        file: Option<String>,
    },
    /// Stop firing it, until it is resumed or until a time
    Pause(PauseArgs),
    /// Fire it again
    Resume {
        /// Its name or id
        cue: String,
    },
    /// Delete it; its history stays
    Rm {
        /// Its name or id
        cue: String,
    },
    /// Run it, now or later
    Fire(FireArgs),
    /// Its trigger URL: whoever posts to it fires the cue
    Trigger {
        /// Its name or id
        cue: String,
        /// Make one; an older one ends
        #[arg(long, conflicts_with = "remove")]
        renew: bool,
        /// Take it away
        #[arg(long)]
        remove: bool,
    },
    /// Its ping URL: where its agent says that it began and how it ended
    Ping {
        /// Its name or id
        cue: String,
    },
    /// Run or skip what was missed, where the cue asks you
    Answer {
        /// Its name or id
        cue: String,
        /// What becomes of it
        word: Word,
    },
    /// Every cue as a file that `cue import` and `apply` read
    Export(CueExportArgs),
    /// Make the cues of a file; one that is there already is refused
    Import(CueImportArgs),
}

#[derive(Debug, Args)]
pub struct PauseArgs {
    /// Its name or id
    pub cue: String,
    /// It fires again from this instant on, such as 2026-11-23T09:00:00+01:00, or "2026-11-23 09:00" here
    #[arg(long, value_name = "INSTANT", conflicts_with = "length")]
    pub until: Option<String>,
    /// It fires again after this long, such as 90s, 45m, 2h or 3d
    #[arg(long = "for", value_name = "LENGTH")]
    pub length: Option<String>,
}

#[derive(Debug, Args)]
pub struct FireArgs {
    /// Its name or id
    pub cue: String,
    /// Instead of the cue's own payload
    #[arg(long, value_name = "JSON")]
    pub payload: Option<String>,
    /// Lay the payload's fields over the cue's own
    #[arg(long, requires = "payload")]
    pub merge: bool,
    /// Not now: at this instant, such as 2026-11-23T09:00:00+01:00, or "2026-11-23 09:00" here
    #[arg(long, value_name = "INSTANT")]
    pub at: Option<String>,
    /// The same key within 24 h fires once
    #[arg(long)]
    pub key: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Word {
    Run,
    Skip,
}

#[derive(Debug, Args)]
pub struct LedgerArgs {
    #[command(subcommand)]
    pub what: Option<LedgerCommand>,
    /// Of this cue alone, by name or id
    #[arg(long)]
    pub cue: Option<String>,
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=500))]
    pub limit: u32,
}

#[derive(Debug, Subcommand)]
pub enum LedgerCommand {
    /// What should have been, by every definition the cues had, held against the ledger; exits with 1 if something is unexplained
    ///
    /// Needs no running tower.
    Audit {
        /// How far back [default: the whole history]
        #[arg(long, value_parser = clap::value_parser!(u32).range(1..=36_600))]
        days: Option<u32>,
    },
}
