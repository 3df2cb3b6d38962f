//! `exec`: runs any command as if it stood there alone, and tells the tower beside it when it began and how it ended.
//!
//! The command comes first: it is started before anything is sent, and whatever the tower does or does not do changes
//! neither its streams nor its signals nor its exit code. Here: the order of things. The command itself is in `command`,
//! its signals in `signals`, what is told in `messenger`, how it is sent in `post`.

mod command;
mod messenger;
mod post;
mod signals;

use std::path::PathBuf;
use std::process::ExitCode;

use cuetower_engine::clock::{Clock as _, SystemClock};
use cuetower_engine::spool::{Addressee, Kind};
use tokio::sync::watch;

use crate::args::ExecArgs;
use command::Running;
use messenger::{Messenger, Report};
use signals::Signals;

/// Runs the command, and ends as it ended: with its exit code, or with 128 and the number of the signal that ended it.
pub fn obey(args: ExecArgs, data: Option<PathBuf>) -> ExitCode {
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        // The command matters more than what is said about it.
        Err(error) => return ExitCode::from(command::run_plainly(&args.command, &error)),
    };
    let code = runtime.block_on(run(args, data));
    // A name that is still being looked up holds nobody up.
    runtime.shutdown_background();
    ExitCode::from(code)
}

async fn run(args: ExecArgs, data: Option<PathBuf>) -> u8 {
    let clock = SystemClock::new();
    let mut signals = Signals::listen();
    let began = clock.reading();
    let started = Running::start(&args.command);
    let messenger = Messenger::new(addressee(&args), args.label.as_deref(), data);
    let (ending, heard_of_end) = watch::channel(false);
    let (code, report, telling) = match started {
        Ok(running) => {
            let telling = tokio::spawn(messenger.begin(began.wall, heard_of_end));
            let end = running.wait(&mut signals).await;
            (end.code, Report { output: Some(end.output), usage: end.usage, ..Report::default() }, telling)
        }
        Err(error) => {
            eprintln!("cuetowerctl exec: {}", error.words);
            let report = Report { output: Some(error.words), ..Report::default() };
            (error.code, report, tokio::spawn(async move { messenger }))
        }
    };
    let now = clock.reading();
    let report = Report { duration_ms: Some(now.elapsed_ms.saturating_sub(began.elapsed_ms)), ..report };
    ending.send_replace(true);
    // The task cannot panic; if it did, the command would still have ended as it ended.
    if let Ok(messenger) = telling.await {
        let trouble = messenger.end(Kind::Exit(code), now, report, &mut signals).await;
        if let Some(trouble) = trouble.filter(|_| args.verbose) {
            eprintln!("cuetowerctl exec: {trouble}");
        }
    }
    code
}

fn addressee(args: &ExecArgs) -> Addressee {
    match (&args.ping, &args.cue) {
        (Some(url), _) if url.contains("://") => Addressee::Url(url.clone()),
        (Some(key), _) => Addressee::Key(key.clone()),
        (None, cue) => Addressee::Cue(cue.clone().unwrap_or_default()),
    }
}
