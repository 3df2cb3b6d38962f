//! What a command prints and needs while it runs. Read from its folder; once its end is on disk, from the store.

use std::path::PathBuf;

use cuetower_core::run::Run;

use super::wire::{DeskError, RunOutput, RunOutputRequest, RunUsage, RunUsageRequest, UsageSample};
use super::{Desk, invalid, runs};
use crate::deliver::command::{self, Stream};
use crate::perform::secrets::{self, Lent};

pub(super) async fn output(desk: &Desk, request: RunOutputRequest) -> Result<RunOutput, DeskError> {
    let stream = match request.stream.as_str() {
        "stdout" => Stream::Stdout,
        "stderr" => Stream::Stderr,
        other => return Err(invalid("stream", format!("Write `stdout` or `stderr`, not `{other}`."))),
    };
    let run = runs::load(desk, &request.run_id).await?;
    let dir = folder(desk, &run, request.number);
    if goes_on(&run, request.number) && dir.exists() {
        let lent = lent(desk, &run).await;
        let from = request.from_byte;
        let piece = tokio::task::spawn_blocking(move || command::live(&dir, stream, from)).await.unwrap_or_default();
        return Ok(RunOutput {
            text: if piece.skipped_bytes > 0 { lent.hidden_in_tail(piece.text) } else { lent.hidden_in(piece.text) },
            unfinished: lent.hidden_in_head(piece.unfinished),
            next_byte: piece.next_byte,
            skipped_bytes: piece.skipped_bytes,
            live: true,
        });
    }
    let kept = desk.handle.reader().outputs(request.run_id).await?;
    let kept = kept.into_iter().find(|output| output.number == request.number).unwrap_or_default();
    let text = match stream {
        Stream::Stdout => kept.stdout,
        Stream::Stderr => kept.stderr,
    };
    let next_byte = text.len() as u64;
    Ok(RunOutput { text, unfinished: String::new(), next_byte, skipped_bytes: 0, live: false })
}

pub(super) async fn usage(desk: &Desk, request: RunUsageRequest) -> Result<RunUsage, DeskError> {
    let run = runs::load(desk, &request.run_id).await?;
    let live = goes_on(&run, request.number);
    let dir = folder(desk, &run, request.number);
    let kept = run.attempt(request.number).map(|attempt| attempt.usage).unwrap_or_default();
    let found = tokio::task::spawn_blocking(move || command::usage(&dir)).await.ok().flatten();
    let Some(found) = found else {
        let (peak_rss_bytes, cpu_ms) = (kept.peak_rss_bytes, kept.cpu_ms);
        return Ok(RunUsage { live, samples: Vec::new(), peak_rss_bytes, cpu_ms });
    };
    let samples = found.samples.iter().map(|sample| UsageSample {
        at_ms: sample.at_ms,
        rss_bytes: sample.rss_bytes,
        cpu_ms: sample.cpu_ms,
        processes: sample.processes,
    });
    Ok(RunUsage {
        live,
        peak_rss_bytes: Some(found.peak_rss_bytes),
        cpu_ms: found.samples.back().map(|sample| sample.cpu_ms),
        samples: samples.collect(),
    })
}

/// Whether a process of this attempt may run.
fn goes_on(run: &Run, number: u32) -> bool {
    let attempt = run.attempt(number).is_some_and(cuetower_core::attempt::Attempt::may_have_a_process);
    attempt && run.definition.transport.is_command()
}

fn folder(desk: &Desk, run: &Run, number: u32) -> PathBuf {
    crate::perform::attempt_dir(desk.facts.data_dir.as_ref(), &run.id, number)
}

/// Its secrets, to be blotted out of what is shown.
async fn lent(desk: &Desk, run: &Run) -> Lent {
    let filled = secrets::filled_from(&desk.vault, run.definition.transport.pairs()).await;
    filled.map_or_else(|_| Lent::none(&desk.vault), |filled| filled.lent)
}
