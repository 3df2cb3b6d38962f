//! The arguments of `backup …`, `restore`, `retention …` and `settings …`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub struct BackupArgs {
    #[command(subcommand)]
    pub what: Option<BackupCommand>,
    /// Into this file, in a folder that is there [default: a name of the instant, in the folder of backups]
    #[arg(value_name = "FILE")]
    pub file: Option<PathBuf>,
    /// With the values of secrets and the tower's own key, under a passphrase of 8 characters at least: CUETOWER_BACKUP_PASSPHRASE, or it is asked for
    #[arg(long)]
    pub secrets: bool,
}

#[derive(Debug, Subcommand)]
pub enum BackupCommand {
    /// Those that there are, and when the next one is due
    List,
    /// What is in one; no tower need run
    Show { file: PathBuf },
}

#[derive(Debug, Args)]
pub struct RestoreArgs {
    pub file: PathBuf,
    /// Take the secrets out of it, too: with CUETOWER_BACKUP_PASSPHRASE, or the passphrase is asked for
    #[arg(long)]
    pub secrets: bool,
    /// Where secrets live: as the tower is started with; `file` where there is no keyring
    #[arg(long, value_enum, default_value_t = crate::args::VaultWord::Keyring)]
    pub vault: crate::args::VaultWord,
    /// The tower that starts on it fires nothing until `cuetowerctl resume`
    #[arg(long)]
    pub paused: bool,
    /// In the place of the tower that is in the folder already, which is kept as before-restore-….db
    #[arg(long)]
    pub replace: bool,
}

#[derive(Debug, Subcommand)]
pub enum RetentionCommand {
    /// Put away now what the rules let go, and wait for it
    Run,
    /// Write the whole store anew, as small as it can be; no tower may run on it
    Compact,
}

#[derive(Debug, Args)]
pub struct SettingsArgs {
    #[command(subcommand)]
    pub what: Option<SettingsCommand>,
}

#[derive(Debug, Subcommand)]
pub enum SettingsCommand {
    /// All of them, with what is said of each
    List,
    /// Change one in the file: settings set backup.keep 30
    Set { name: String, value: String },
    /// As it is by default
    Unset { name: String },
    /// The file; it is made if it is not there
    Path,
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use crate::args::{Cli, Command};

    #[test]
    fn a_backup_is_made_listed_or_looked_into() {
        let read = |line: &str| match Cli::try_parse_from(line.split(' ')).map(|cli| cli.command) {
            Ok(Command::Backup(args)) => Some((args.what.is_some(), args.file, args.secrets)),
            _ => None,
        };
        assert_eq!(read("x backup"), Some((false, None, false)));
        assert_eq!(read("x backup /b --secrets"), Some((false, Some("/b".into()), true)));
        assert_eq!(read("x backup list"), Some((true, None, false)));
        assert_eq!(read("x backup show /b"), Some((true, None, false)));
    }
}
