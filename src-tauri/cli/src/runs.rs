//! `runs` and `run …`: what was executed, and one run told from its attempts to its proof.

use cuetower_engine::desk::wire::{AttemptView, Exported, Fired, Ledger, Mark, RunStory, SpendView, Truth};
use serde_json::json;

use crate::args::{ExportArgs, RunCommand, VerifyWord};
use crate::follow;
use crate::owner::Owner;
use crate::show::{Zone, hand_out, say, say_json, table, verdicts};
use crate::steps;

/// Occurrences in one page of the ledger.
const PAGE: u32 = 500;

pub async fn list(owner: &Owner, cue: Option<String>, limit: u32, as_json: bool) -> Result<(), String> {
    let cues = owner.cues().await?;
    let cue_id = match cue {
        Some(named) => Some(owner.cue(&named).await?.id),
        None => None,
    };
    let runs = newest(owner, cue_id, limit as usize).await?;
    if as_json {
        say_json(&json!({ "runs": runs }));
        return Ok(());
    }
    if runs.is_empty() {
        say("Nothing has run yet.");
        return Ok(());
    }
    let zone = Zone::of_machine();
    let name =
        |mark: &Mark| cues.iter().find(|cue| cue.id == mark.cue_id).map_or("(deleted)", |cue| &cue.name).to_owned();
    let row = |mark: &Mark| {
        let [scheduled, delivered, confirmed] = verdicts(mark).map(str::to_owned);
        let run = mark.run_id.clone().unwrap_or_default();
        [zone.at(mark.due_ms), name(mark), scheduled, delivered, confirmed, run, mark.sentence.clone()]
    };
    let rows: Vec<_> = runs.iter().map(row).collect();
    say(&table(["DUE", "CUE", "SCHEDULED", "DELIVERED", "CONFIRMED", "RUN", ""], &rows));
    Ok(())
}

/// Occurrences that became runs, the newest first; armed ones are passed over.
async fn newest(owner: &Owner, cue_id: Option<String>, limit: usize) -> Result<Vec<Mark>, String> {
    let mut runs: Vec<Mark> = Vec::new();
    let mut before_ms = None;
    while runs.len() < limit {
        let request = json!({ "cue_id": cue_id, "before_ms": before_ms, "limit": PAGE });
        let page: Ledger = owner.ask("ledger", request).await?;
        before_ms = page.marks.last().map(|mark| mark.due_ms);
        runs.extend(page.marks.into_iter().filter(|mark| mark.started_at_ms.is_some()));
        if !page.more || before_ms.is_none() {
            break;
        }
    }
    runs.truncate(limit);
    Ok(runs)
}

/// To standard output, into a file, or under its own name into a folder.
async fn export(owner: &Owner, args: ExportArgs) -> Result<(), String> {
    let format = if args.html { "html" } else { "json" };
    let run = whole(owner, &args.run).await?;
    let file: Exported = owner.ask("run_export", json!({ "run_id": run, "format": format })).await?;
    let Some(path) = args.output else {
        hand_out(&file.text);
        return Ok(());
    };
    let path = if path.is_dir() { path.join(&file.file_name) } else { path };
    std::fs::write(&path, &file.text).map_err(|error| format!("{} could not be written: {error}.", path.display()))?;
    say(&format!("Written to {}", path.display()));
    Ok(())
}

/// The id of the run that is named by it, or by its beginning.
async fn whole(owner: &Owner, run: &str) -> Result<String, String> {
    let story: RunStory = owner.ask("run_get", json!({ "run_id": run })).await?;
    Ok(story.mark.run_id.unwrap_or_else(|| run.to_owned()))
}

pub async fn obey(owner: &Owner, what: RunCommand, as_json: bool) -> Result<(), String> {
    match what {
        RunCommand::Show { run } => show(owner, &run, as_json).await,
        RunCommand::Tail { run, stderr } => follow::tail(owner, &whole(owner, &run).await?, stderr).await,
        RunCommand::Steps { run } => steps::list(owner, &whole(owner, &run).await?, as_json).await,
        RunCommand::Resume { run, step } => steps::resume(owner, &whole(owner, &run).await?, step, as_json).await,
        RunCommand::Compare { run } => steps::compare(owner, &whole(owner, &run).await?, as_json).await,
        RunCommand::Replay { run } => {
            let fired: Fired = owner.ask("run_replay", json!({ "run_id": whole(owner, &run).await? })).await?;
            if as_json {
                say_json(&json!(fired))
            } else {
                say(&format!("It runs again: run {}", fired.run_id))
            }
            Ok(())
        }
        RunCommand::Export(args) => export(owner, args).await,
        RunCommand::Verify { run, word, reason } => {
            let valid = word == VerifyWord::Yes;
            let story: RunStory = owner
                .ask("run_verify", json!({ "run_id": whole(owner, &run).await?, "valid": valid, "reason": reason }))
                .await?;
            if as_json {
                say_json(&json!(story))
            } else {
                say(&story.mark.sentence)
            }
            Ok(())
        }
        RunCommand::Check { run } => {
            let story: RunStory = owner.ask("run_check", json!({ "run_id": whole(owner, &run).await? })).await?;
            if as_json {
                say_json(&json!(story))
            } else {
                say(&story.mark.sentence)
            }
            Ok(())
        }
        RunCommand::Stop { run } => {
            let answer = owner.call("run_stop", &json!({ "run_id": whole(owner, &run).await? })).await?;
            if as_json {
                say_json(&answer)
            } else {
                say("It is stopped.")
            }
            Ok(())
        }
        RunCommand::Restart { run } => {
            let answer = owner.call("run_restart", &json!({ "run_id": whole(owner, &run).await? })).await?;
            if as_json {
                say_json(&answer)
            } else {
                say("Its process is told to end; the next attempt follows.")
            }
            Ok(())
        }
        RunCommand::Truth { run } => {
            let truth: Truth = owner.ask("run_truth", json!({ "run_id": whole(owner, &run).await? })).await?;
            if as_json {
                say_json(&json!(truth))
            } else {
                say(&truth.words.join("\n"))
            }
            Ok(())
        }
    }
}

/// "Used: 8800 tokens, $0.0210; 2 calls are not priced"
fn used(spend: &SpendView) -> String {
    let tokens = spend.tokens.map(|tokens| format!("{tokens} tokens"));
    let cost = spend.cost_usd.map(|usd| format!("${usd:.4}"));
    let told: Vec<String> = tokens.into_iter().chain(cost).collect();
    let mut words = format!("Used: {}", if told.is_empty() { "not told".to_owned() } else { told.join(", ") });
    if spend.not_priced > 0 {
        words += &format!("; {} calls are not priced", spend.not_priced);
    }
    if let Some(disagreement) = &spend.disagreement {
        words += &format!("; {disagreement}");
    }
    words
}

async fn show(owner: &Owner, run: &str, as_json: bool) -> Result<(), String> {
    if as_json {
        say_json(&owner.call("run_get", &json!({ "run_id": run })).await?);
        return Ok(());
    }
    let story: RunStory = owner.ask("run_get", json!({ "run_id": run })).await?;
    let whole = story.mark.run_id.as_deref().unwrap_or(run);
    let zone = Zone::of_machine();
    let [scheduled, delivered, confirmed] = verdicts(&story.mark);
    say(&format!("{} ({}), due {}", story.cue.name, story.cue.words, zone.at(story.mark.due_ms)));
    say(&format!("Scheduled: {scheduled}   Delivered: {delivered}   Confirmed: {confirmed}"));
    say(&story.mark.sentence);
    if let Some(waits) = &story.waits {
        let until = match (waits.until_ms, waits.by.as_str()) {
            (Some(at), "preflight") => format!("; looked at again at {}", zone.at(at)),
            (Some(at), _) => format!(", until {} at the latest", zone.at(at)),
            (None, _) => String::new(),
        };
        say(&format!("Waits since {}: {}{until}", zone.at(waits.since_ms), waits.words));
    }
    if let Some(cause) = &story.caused_by {
        let of = cause.cue_name.as_ref().map(|name| format!(" of {name}")).unwrap_or_default();
        say(&format!("Brought about ({}) by run {}{of}", cause.how, cause.run_id));
    }
    if story.restarts > 0 {
        say(&format!("Started again {} times", story.restarts));
    }
    if let Some(at_ms) = story.fuse_at_ms {
        say(&format!("Its budget of time ends at {}", zone.at(at_ms)));
    }
    story.attempts.iter().for_each(|attempt| tell(attempt, &zone));
    if let Some(outcome) = &story.outcome {
        let reported = if outcome.success { "success" } else { "failure" };
        let words = outcome.error.as_ref().or(outcome.summary.as_ref()).or(outcome.result.as_ref());
        let words = words.map(|words| format!(": {words}")).unwrap_or_default();
        say(&format!("Reported {reported} at {}{words}", zone.at(outcome.reported_at_ms)));
        say(&format!("  {}", outcome.fields));
    }
    if let Some(spend) = &story.spend {
        say(&used(spend));
    }
    if let Some(steps) = &story.steps {
        say(&format!(
            "Steps: {} begun, {} completed, {} failed (`run steps {whole}`)",
            steps.begun, steps.completed, steps.failed
        ));
    }
    for proof in &story.proof {
        let verdict = match proof.passed {
            Some(true) => "yes",
            Some(false) => "NO",
            None => "open",
        };
        say(&format!("Proof: {}: {verdict}, {}", proof.claim, proof.found));
        if let (Some(kind), Some(at_ms), Some(took_ms)) = (&proof.kind, proof.at_ms, proof.took_ms) {
            let detail = proof.detail.as_ref().map(|detail| format!(" {detail}")).unwrap_or_default();
            say(&format!("  {kind}{detail}, looked at {} ({took_ms} ms)", zone.at(at_ms)));
        }
    }
    match (story.verification.as_deref(), &story.verification_words) {
        (Some("waiting"), _) => say(&format!("Somebody has to look at it: run verify {whole} yes|no")),
        (Some(word), Some(words)) => {
            let at = story.verified_at_ms.map(|at| format!(" at {}", zone.at(at))).unwrap_or_default();
            say(&format!("Verified{at}: {word}. {words}"));
        }
        _ => {}
    }
    for note in &story.notes {
        say(&format!("Noted at {}: {}", zone.at(note.at_ms), note.words));
    }
    for refused in &story.refused {
        say(&format!("Refused at {}: {}", zone.at(refused.at_ms), refused.reason));
    }
    if let Some(at_ms) = story.retry_at_ms.or(story.outcome_deadline_ms) {
        let what = if story.retry_at_ms.is_some() { "Next attempt" } else { "Outcome deadline" };
        say(&format!("{what} at {}", zone.at(at_ms)));
    }
    Ok(())
}

fn tell(attempt: &AttemptView, zone: &Zone) {
    let words = if attempt.sentence.is_empty() { String::new() } else { format!(", {}", attempt.sentence) };
    let needed = match (attempt.peak_rss_bytes, attempt.cpu_ms) {
        (Some(bytes), Some(cpu_ms)) => {
            format!("; {} MiB at most, {:.1} s of the processor", bytes >> 20, cpu_ms as f64 / 1_000.0)
        }
        _ => String::new(),
    };
    say(&format!("Attempt {} at {}: {}{words}{needed}", attempt.number, zone.at(attempt.began_at_ms), attempt.state));
    for (stream, text) in [("out", &attempt.stdout), ("err", &attempt.stderr)] {
        text.lines().for_each(|line| say(&format!("  {stream} | {line}")));
    }
}
