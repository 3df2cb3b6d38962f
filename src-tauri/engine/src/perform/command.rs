//! Delivers one attempt by starting a local process.

use std::path::PathBuf;
use std::time::Duration;

use cuetower_core::attempt::Usage;
use cuetower_core::cue::{Command, Program};
use cuetower_core::id::RunId;
use cuetower_core::input::{DeliveryResult, Exit};
use cuetower_core::run::{Run, Verdict};

use super::secrets::Lent;
use super::{Shared, secrets};
use crate::deliver::command::{self, CommandEnd, CommandRequest, PAYLOAD, Running};
use crate::journal::OutputRow;
use crate::otlp::ids;
use crate::vault::How;

/// Of what a program that failed said last.
const LINE_CHARS_MAX: usize = 200;

pub(super) async fn deliver(shared: &Shared, run: &Run, number: u32, command: &Command) {
    let filled = match secrets::filled(shared, run, &command.env, How::Env).await {
        Ok(filled) => filled,
        Err(words) => return shared.tell(run, number, DeliveryResult::NotDelivered { words }, None).await,
    };
    let dir = shared.attempt_dir(&run.id, number);
    let request = CommandRequest {
        program: match &command.program {
            Program::Argv(argv) => command::Program::Argv(argv.clone()),
            Program::Shell(line) => command::Program::Shell(line.clone()),
        },
        cwd: command.cwd.as_ref().map(PathBuf::from),
        env: environment(shared, run, number, filled.pairs, dir.join(PAYLOAD).display().to_string()),
        stdin: run.payload.to_string().into_bytes(),
        dir,
        stop_grace: Duration::from_millis(command.stop_grace_ms),
    };
    let limit = Duration::from_millis(run.definition.delivery.timeout_ms);
    let started = tokio::time::timeout(limit, command::start(request))
        .await
        .unwrap_or_else(|_| Err(format!("the process was not started within {} s", limit.as_secs_f64())));
    let running = match started {
        Ok(running) => running,
        Err(words) => {
            shared.tell(run, number, DeliveryResult::NotDelivered { words }, None).await;
            // Nothing was started, so there is no end to wait for.
            return shared.forget(vec![(run.id.clone(), number)]).await;
        }
    };
    let started = DeliveryResult::Started { pid: running.pid };
    shared.process_started(&run.id, number, &running.stopper());
    shared.tell(run, number, started, None).await;
    stay(shared, run, number, running, &filled.lent).await;
}

/// A command of an earlier tower.
pub(crate) enum Started {
    Running(Running),
    Ended(CommandEnd),
}

impl Started {
    /// Nobody would hear of its end.
    pub fn abandon(self) {
        match self {
            Started::Running(running) => running.stopper().stop(false),
            Started::Ended(_) => {}
        }
    }
}

/// Stays with a command of an earlier tower, whose secrets may be gone from the vault by now.
pub(super) async fn attend(shared: &Shared, run: &Run, number: u32, started: Started) {
    shared.vault.learn_olds().await;
    let lent = match secrets::filled_from(&shared.vault, run.definition.transport.pairs()).await {
        Ok(filled) => filled.lent,
        Err(words) => {
            tracing::warn!(%words, run = %run.id, "a command was started with secrets that cannot be told from its output now");
            Lent::none(&shared.vault)
        }
    };
    match started {
        Started::Running(running) => {
            shared.process_started(&run.id, number, &running.stopper());
            // Stopped, and the word of it was lost with the tower. One that ended otherwise may still say how it ends.
            if matches!(run.verdict(), Some(Verdict::Stopped | Verdict::Cancelled)) {
                running.stopper().stop(run.was_cut_off());
            }
            stay(shared, run, number, running, &lent).await;
        }
        Started::Ended(end) => tell_end(shared, run, number, end, &lent).await,
    }
}

async fn stay(shared: &Shared, run: &Run, number: u32, running: Running, lent: &Lent) {
    let end = running.wait().await;
    shared.process_ended(&run.id, number);
    tell_end(shared, run, number, end, lent).await;
}

async fn tell_end(shared: &Shared, run: &Run, number: u32, end: CommandEnd, lent: &Lent) {
    let output = output_of(&run.id, number, &end, lent);
    let exit = exit_of(end, &output, lent);
    shared.tell(run, number, DeliveryResult::Exited(exit), Some(output)).await;
}

/// What is kept of a command's output.
fn output_of(run_id: &RunId, number: u32, end: &CommandEnd, lent: &Lent) -> OutputRow {
    let hidden = |text: &String| match end.truncated {
        true => lent.hidden_in_tail(text.clone()),
        false => lent.hidden_in(text.clone()),
    };
    OutputRow {
        run_id: run_id.0.clone(),
        number,
        stdout: hidden(&end.stdout_tail),
        stderr: hidden(&end.stderr_tail),
        truncated: end.truncated,
    }
}

/// How it ended, as the lane is told: with its last word on standard error where it ended badly by itself.
fn exit_of(end: CommandEnd, output: &OutputRow, lent: &Lent) -> Exit {
    let usage = Usage { peak_rss_bytes: end.peak_rss_bytes, cpu_ms: end.cpu_ms };
    let badly = end.exit_code.is_some_and(|code| code != 0) && !end.stopped && !end.oom;
    let words = lent.hidden_in(end.words);
    let words = match last_line(&output.stderr).filter(|_| badly) {
        Some(line) => format!("{words}: {line}"),
        None => words,
    };
    Exit { exit_code: end.exit_code, words, usage }
}

fn last_line(text: &str) -> Option<String> {
    let line = text.lines().rev().map(str::trim).find(|line| !line.is_empty())?;
    if line.chars().count() <= LINE_CHARS_MAX {
        return Some(line.to_owned());
    }
    Some(line.chars().take(LINE_CHARS_MAX - 1).chain(['…']).collect())
}

/// The cue's own pairs win over the tower's.
fn environment(
    shared: &Shared,
    run: &Run,
    number: u32,
    own: Vec<(String, String)>,
    payload_file: String,
) -> Vec<(String, String)> {
    let token = shared.key.run_token(&run.id, number);
    let mut env: Vec<(String, String)> = [
        ("CUETOWER_URL", shared.agents_url.clone()),
        ("CUETOWER_RUN", run.id.0.clone()),
        ("CUETOWER_ATTEMPT", number.to_string()),
        ("CUETOWER_TOKEN", token.clone()),
        ("CUETOWER_IDEMPOTENCY_KEY", run.idempotency_key.clone()),
        ("CUETOWER_PAYLOAD_FILE", payload_file),
        ("CUEAPI_BASE_URL", shared.agents_url.clone()),
        ("CUEAPI_API_KEY", token),
        ("CUEAPI_EXECUTION_ID", run.id.0.clone()),
        ("CUEAPI_CUE_ID", run.cue_id.0.clone()),
        ("CUEAPI_CUE_NAME", run.definition.name.clone()),
        ("CUEAPI_PAYLOAD", run.payload.to_string()),
    ]
    .map(|(name, value)| (name.to_owned(), value))
    .into();
    // A long payload would not fit into the environment; it is on standard input and in the file.
    env.retain(|(name, value)| name != "CUEAPI_PAYLOAD" || value.len() <= 32 * 1024);
    env.extend(own);
    trace_into(&mut env, run, number);
    env
}

/// The trace context, as the environment carries it for OpenTelemetry. What the cue sets stays; its resource gets the run beside.
fn trace_into(env: &mut Vec<(String, String)>, run: &Run, number: u32) {
    const RESOURCE: &str = "OTEL_RESOURCE_ATTRIBUTES";
    let named = format!("cuetower.run_id={}", run.id);
    match env.iter_mut().find(|(name, _)| name == RESOURCE) {
        Some((_, own)) if own.trim().is_empty() => *own = named,
        Some((_, own)) => *own = format!("{own},{named}"),
        None => {
            let inherited = std::env::var(RESOURCE).ok().filter(|inherited| !inherited.trim().is_empty());
            let all = inherited.map_or_else(|| named.clone(), |inherited| format!("{inherited},{named}"));
            env.push((RESOURCE.to_owned(), all));
        }
    }
    let Some(context) = ids::context(&run.id, number) else { return };
    for (name, value) in [("TRACEPARENT", context.traceparent), ("BAGGAGE", context.baggage)] {
        if !env.iter().any(|(own, _)| own == name) {
            env.push((name.to_owned(), value));
        }
    }
}
