//! The arguments of `cue export`, `cue import` and `apply`, as clap reads them. Part of `args`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum CueFormat {
    Json,
    Toml,
}

#[derive(Debug, Args)]
pub struct CueExportArgs {
    /// [default: by the name of the file, else json]
    #[arg(long, value_enum)]
    pub format: Option<CueFormat>,
    /// This cue alone, by name or id; may be said again
    #[arg(long, value_name = "CUE")]
    pub cue: Vec<String>,
    /// Into this file, else to standard output
    #[arg(long, short, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// In the place of a file that is there already
    #[arg(long, requires = "output")]
    pub force: bool,
}

#[derive(Debug, Args)]
pub struct CueImportArgs {
    /// JSON or TOML; `-` reads standard input
    pub file: PathBuf,
    /// Cues of these names that are there already become what the file says
    #[arg(long)]
    pub replace: bool,
}

/// Make the cues here what a file or folder says, as kept in a repository: shows what would change, asks, and does it
///
/// Ends with 0 if it was done or there was nothing to do, with 1 if something does not fit, and with 3 if there are differences
/// that were not applied.
#[derive(Debug, Args)]
pub struct ApplyArgs {
    /// A file, or a folder: every *.toml and *.json in it
    pub path: PathBuf,
    /// Show what would change, and change nothing
    #[arg(long)]
    pub dry_run: bool,
    /// Do not ask
    #[arg(long, short, conflicts_with = "dry_run")]
    pub yes: bool,
    /// Cues that are in none of the files go; their history stays
    #[arg(long)]
    pub prune: bool,
}
