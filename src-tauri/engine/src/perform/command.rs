//! Delivers one attempt by starting a local process.

use std::path::PathBuf;
use std::time::Duration;

use cuetower_core::cue::{Command, Program};
use cuetower_core::input::DeliveryResult;
use cuetower_core::run::Run;

use super::{Shared, secrets};
use crate::deliver::command::{self, CommandRequest, PAYLOAD};
use crate::journal::OutputRow;

pub(super) async fn deliver(shared: &Shared, run: &Run, number: u32, command: &Command) {
    run_to_its_end(shared, run, number, command).await;
    shared.forget_attempt(&run.id, number).await;
}

async fn run_to_its_end(shared: &Shared, run: &Run, number: u32, command: &Command) {
    let filled = match secrets::filled(shared, &command.env).await {
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
    let running = match tokio::time::timeout(limit, command::start(request)).await {
        Ok(Ok(running)) => running,
        Ok(Err(words)) => return shared.tell(run, number, DeliveryResult::NotDelivered { words }, None).await,
        Err(_) => {
            let words = format!("the process was not started within {} s", limit.as_secs_f64());
            return shared.tell(run, number, DeliveryResult::NotDelivered { words }, None).await;
        }
    };
    shared.process_started(&run.id, number, &running.stopper());
    shared.tell(run, number, DeliveryResult::Started { pid: running.pid }, None).await;
    let end = running.wait().await;
    shared.process_ended(&run.id, number);
    let output = OutputRow {
        run_id: run.id.0.clone(),
        number,
        stdout: filled.lent.hidden_in(end.stdout_tail),
        stderr: filled.lent.hidden_in(end.stderr_tail),
        truncated: end.truncated,
    };
    let exited = DeliveryResult::Exited { exit_code: end.exit_code, words: end.words };
    shared.tell(run, number, exited, Some(output)).await;
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
    env
}
