//! The command line, and a whole tower to start from it. Arguments in, sentences out; what is decided and done lives in the engine.
//!
//! Here: arguments (`args`), a tower in this process (`tower`), who holds a data folder (`presence`), the owner's way to
//! a running tower (`owner`), one file for each family of commands. Not here: anything about windows.

mod adopt;
mod agents;
mod alerts;
mod apply;
mod args;
mod args_adopt;
mod args_agents;
mod args_alerts;
mod args_apply;
mod args_backup;
mod args_channels;
mod args_connect;
mod args_costs;
mod args_cues;
mod args_exposure;
mod args_fleet;
mod args_fuses;
mod args_gates;
mod args_health;
mod args_keys;
mod args_mcp;
mod args_otlp;
mod args_pools;
mod args_search;
mod args_watchdog;
mod backup;
mod briefing;
mod channels;
mod connect;
mod costs;
mod cue_export;
mod cuefile;
mod cues;
mod doctor;
mod exec;
mod follow;
mod fuses;
mod gates;
#[cfg(test)]
mod guide;
mod import;
mod instant;
mod keys;
mod ledger;
mod logins;
mod logs;
mod mcp;
mod otlp;
mod owner;
mod papers;
mod pools;
mod presence;
mod prices;
mod retention;
mod runs;
mod schedule;
mod search;
mod secrets;
mod serve;
mod serve_notify;
mod settings;
mod show;
mod simulate;
mod status;
mod steps;
mod support;
mod tail;
pub mod tower;
mod watchdog;
mod worker;

use std::ffi::OsString;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use clap::error::ErrorKind;

use crate::args::{
    BackupArgs, BackupCommand, Cli, Command, KeyArgs, LedgerArgs, LedgerCommand, RetentionCommand, ScheduleCommand,
    WindowArgs,
};
use crate::owner::Owner;

use crate::tower::OwnersDoor;

pub use crate::logs::log_to_stderr;

/// Runs one command line (the arguments without the program's name) to its end.
///
/// Exits with 0, with 1 and a sentence on standard error, or with 2 if the arguments do not fit; `answer` with 3 if it comes too
/// late, `apply` with 3 if there are differences that were not applied, and `exec` as its command does.
#[must_use]
pub fn run(args: Vec<OsString>) -> ExitCode {
    let program = std::iter::once(OsString::from("cuetowerctl"));
    let cli = match Cli::try_parse_from(program.chain(args)) {
        Ok(cli) => cli,
        Err(error) => {
            // Nobody is left to tell when the terminal is gone.
            drop(error.print());
            return ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2));
        }
    };
    let cli = match cli {
        // It ends as the command that it runs ends.
        Cli { command: Command::Exec(args), data, .. } => return exec::obey(args, data),
        Cli { command: Command::Answer(args), data, json } => {
            let answered = with_owner(data, async |owner| gates::answer(&owner, args, json).await);
            return answered.unwrap_or_else(failed);
        }
        Cli { command: Command::Apply(args), data, json } => {
            let applied = with_owner(data, async |owner| apply::obey(&owner, &args, json).await);
            return applied.unwrap_or_else(failed);
        }
        cli => cli,
    };
    match obey(cli) {
        Ok(()) => ExitCode::SUCCESS,
        Err(sentence) => failed(sentence),
    }
}

fn failed(sentence: String) -> ExitCode {
    show::complain(&sentence);
    ExitCode::FAILURE
}

/// What the desktop's window is asked for: none or some of `--data`, `--listen`, `--desk`, `--vault`,
/// `--no-notifications` and `--demo`. None if the arguments are a command line for [`run`].
#[must_use]
pub fn window(args: &[OsString]) -> Option<tower::Options> {
    let program = std::iter::once(OsString::from("cuetower"));
    let window = WindowArgs::try_parse_from(program.chain(args.iter().cloned())).ok()?;
    // Any free port: nobody types it, the command line finds it.
    Some(window.tower.options(window.data, OwnersDoor::At(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)))))
}

/// What the window's program does with arguments that [`window`] does not take: its own `--help` and `--version`, else as
/// [`run`].
#[must_use]
pub fn run_beside_window(args: Vec<OsString>) -> ExitCode {
    let program = std::iter::once(OsString::from("cuetower"));
    match WindowArgs::try_parse_from(program.chain(args.iter().cloned())) {
        Err(asked) if matches!(asked.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion) => {
            drop(asked.print());
            ExitCode::SUCCESS
        }
        _ => run(args),
    }
}

fn obey(cli: Cli) -> Result<(), String> {
    let (data, json) = (cli.data, cli.json);
    match cli.command {
        Command::Serve(args) => serve::serve(args.tower.options(data, OwnersDoor::AsSet), args.ready_json),
        Command::Demo(args) => {
            let options = tower::Options { demo: true, ..args.tower.options(data, OwnersDoor::AsSet) };
            serve::serve(options, args.ready_json)
        }
        Command::Schedule { what: ScheduleCommand::Next(args) } => schedule::obey(&args, json),
        Command::Schedule { what: ScheduleCommand::Simulate(args) } => {
            with_owner(data, async |owner| simulate::obey(&owner, &args, json).await)
        }
        Command::DeskLink => with_owner(data, async |owner| status::desk_link(&owner, json).await),
        Command::Key(KeyArgs { what: Some(what), .. }) => {
            with_owner(data, async |owner| keys::obey(&owner, what, json).await)
        }
        Command::Key(KeyArgs { what: None, webhook_secret }) => {
            with_owner(data, async move |owner| status::key(&owner, webhook_secret, json).await)
        }
        Command::Login { what } => with_owner(data, async |owner| logins::obey(&owner, what, json).await),
        Command::Call { command, request } => {
            with_owner(data, async |owner| status::call(&owner, &command, request).await)
        }
        Command::Status => with_owner(data, async |owner| status::status(&owner, json).await),
        Command::Pause => with_owner(data, async |owner| status::firing(&owner, true, json).await),
        Command::Resume => with_owner(data, async |owner| status::firing(&owner, false, json).await),
        Command::Cue { what } => with_owner(data, async |owner| cues::obey(&owner, what, json).await),
        Command::Runs { cue, limit } => with_owner(data, async |owner| runs::list(&owner, cue, limit, json).await),
        Command::Run { what } => with_owner(data, async |owner| runs::obey(&owner, what, json).await),
        Command::Ledger(LedgerArgs { what: Some(LedgerCommand::Audit { days }), .. }) => {
            within_runtime(ledger::audit(data, days, json))
        }
        Command::Ledger(args) => with_owner(data, async |owner| ledger::list(&owner, args, json).await),
        Command::Briefing { close } => with_owner(data, async |owner| briefing::obey(&owner, close, json).await),
        Command::Alerts(args) => with_owner(data, async |owner| alerts::obey(&owner, args, json).await),
        Command::Gates(args) => with_owner(data, async |owner| gates::obey(&owner, args, json).await),
        Command::Answer(_) => Err("`answer` ends with a code of its own.".to_owned()),
        Command::Report(args) => with_owner(data, async |owner| alerts::report(&owner, args, json).await),
        Command::Agents(args) => with_owner(data, async |owner| agents::obey(&owner, args, json).await),
        Command::Pool { what } => with_owner(data, async |owner| pools::obey(&owner, what, json).await),
        Command::Fuse { what } => with_owner(data, async |owner| fuses::obey(&owner, what, json).await),
        Command::Otlp { what } => with_owner(data, async |owner| otlp::obey(&owner, what, json).await),
        Command::Price { what } => with_owner(data, async |owner| prices::obey(&owner, what, json).await),
        Command::Search(args) => with_owner(data, async |owner| search::obey(&owner, args, json).await),
        Command::Costs(args) => with_owner(data, async |owner| costs::obey(&owner, args, json).await),
        Command::Channel { what } => with_owner(data, async |owner| channels::obey(&owner, what, json).await),
        Command::Beacon { what } => with_owner(data, async |owner| channels::beacon(&owner, what, json).await),
        Command::Connect { what } => with_owner(data, async |owner| connect::obey(&owner, what, json).await),
        Command::Apply(_) => Err("`apply` ends with a code of its own.".to_owned()),
        Command::Adopt(args) => with_owner(data, async |owner| adopt::obey(&owner, args, json).await),
        Command::Import { what } => with_owner(data, async |owner| import::obey(&owner, what, json).await),
        Command::Backup(BackupArgs { what: Some(BackupCommand::Show { file }), .. }) => backup::show(&file, json),
        Command::Backup(args) => with_owner(data, async |owner| backup::obey(&owner, args, json).await),
        Command::Restore(args) => within_runtime(backup::restore(args, data, json)),
        Command::Retention { what: Some(RetentionCommand::Compact) } => retention::compact(data, json),
        Command::Retention { what } => with_owner(data, async |owner| retention::obey(&owner, what, json).await),
        Command::Settings(args) => within_runtime(settings::obey(args.what, data, json)),
        Command::Doctor(args) => within_runtime(doctor::obey(args, data, json)),
        Command::Support(args) => within_runtime(support::obey(args, data, json)),
        Command::Exec(_) => Err("`exec` ends with a code of its own.".to_owned()),
        Command::Worker(args) => worker::obey(args),
        Command::Mcp(args) => within_runtime(mcp::obey(args, data)),
        Command::Watchdog { what } => watchdog::obey(what, data, json),
        Command::Completions { shell } => {
            papers::completions(shell);
            Ok(())
        }
        Command::Papers { usr } => papers::write(&usr),
        Command::Secret { what } => with_owner(data, async |owner| secrets::obey(&owner, what, json).await),
    }
}

/// Speaks to the tower that runs on the data folder.
fn with_owner<T>(data: Option<PathBuf>, speak: impl AsyncFnOnce(Owner) -> Result<T, String>) -> Result<T, String> {
    let owner = Owner::of_tower_on(data)?;
    within_runtime(speak(owner))
}

fn within_runtime<T>(work: impl Future<Output = Result<T, String>>) -> Result<T, String> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.map_err(|error| format!("The program could not begin: {error}."))?.block_on(work)
}
