//! The arguments of `doctor` and `support`.

use std::path::PathBuf;

use clap::Args;

use crate::args::VaultWord;

/// What is wrong on this machine, and how to mend it; ends with 1 if something is
#[derive(Debug, Args)]
pub struct DoctorArgs {
    /// Go through the whole store, too, which takes a while if it is large
    #[arg(long)]
    pub deep: bool,
    /// Where secrets live: as the tower is started with
    #[arg(long, value_enum, default_value_t = VaultWord::Keyring)]
    pub vault: VaultWord,
}

/// One file to send along with a question: version, checks, settings, figures, log, the schema of the store; no secret, no payload
#[derive(Debug, Args)]
pub struct SupportArgs {
    /// Into this file [default: cuetower-support-<day>.tar.gz here]
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// Where secrets live: as the tower is started with
    #[arg(long, value_enum, default_value_t = VaultWord::Keyring)]
    pub vault: VaultWord,
    /// Say what would be in it, and write nothing
    #[arg(long)]
    pub list: bool,
}
