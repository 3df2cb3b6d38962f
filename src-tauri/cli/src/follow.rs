//! `cuetowerctl run tail`: what a run's command prints, as it prints it, until it has ended.

use std::time::Duration;

use cuetower_engine::desk::wire::{RunOutput, RunStory};
use cuetower_engine::spool::end_of;
use serde_json::json;

use crate::owner::Owner;
use crate::show::say;

/// Between two looks.
const PAUSE: Duration = Duration::from_millis(400);
const END_BYTES: usize = 2_000;

/// Of the latest attempt; each one that follows is told of while the run lives.
pub async fn tail(owner: &Owner, run: &str, stderr: bool) -> Result<(), String> {
    let stream = if stderr { "stderr" } else { "stdout" };
    let mut number = 0;
    let mut shown = Shown::default();
    loop {
        let story: RunStory = owner.ask("run_get", json!({ "run_id": run })).await?;
        let latest = story.attempts.last().map_or(1, |attempt| attempt.number);
        let over = story.mark.ended_at_ms.is_some();
        if latest != number {
            if number != 0 {
                say(&format!("--- attempt {latest}"));
            }
            (number, shown) = (latest, Shown::default());
        }
        let request = json!({ "run_id": run, "number": number, "stream": stream, "from_byte": shown.to_byte });
        let piece: RunOutput = owner.ask("run_output", request).await?;
        let live = piece.live;
        shown.take(piece);
        if over && !live {
            return Ok(());
        }
        tokio::time::sleep(PAUSE).await;
    }
}

/// How far an attempt's output was shown.
#[derive(Default)]
struct Shown {
    to_byte: u64,
    /// The end of it, to be found again in what is kept once the command has ended.
    end: String,
}

impl Shown {
    fn take(&mut self, piece: RunOutput) {
        if piece.live && piece.skipped_bytes > 0 {
            say(&format!("… {} bytes were left out …", piece.skipped_bytes));
        }
        let news = if piece.live { piece.text.as_str() } else { after(&piece.text, &self.end) };
        if !news.is_empty() {
            say(news.trim_end_matches('\n'));
            self.end.push_str(news);
            self.end = end_of(&self.end, END_BYTES);
        }
        if piece.live {
            self.to_byte = piece.next_byte;
        }
    }
}

/// What stands behind `end` in `kept`; all of it, if that is not in it any more.
fn after<'a>(kept: &'a str, end: &str) -> &'a str {
    if end.is_empty() {
        return kept;
    }
    kept.rfind(end).map_or(kept, |at| &kept[at + end.len()..])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_shown_is_not_shown_again() {
        assert_eq!(after("one\ntwo\nthree\n", "one\ntwo\n"), "three\n");
        assert_eq!(after("one\n", ""), "one\n");
        assert_eq!(after("much later\n", "one\n"), "much later\n");
    }
}
