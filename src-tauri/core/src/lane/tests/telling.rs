//! The sentences of SPEC section 2: what happened, with the facts that are known.

use super::*;
use crate::sentence::of_run;
use crate::step::Broke;

fn counted(outcome: Outcome, processed: f64, expected: f64) -> Outcome {
    Outcome { processed: Some(processed), expected: Some(expected), ..outcome }
}

impl Field {
    fn breaks(&mut self, run_id: &RunId, attempt: u32) {
        let broke = Broke {
            key: "enrich".into(),
            number: "3".into(),
            name: "enrich".into(),
            error: "api.openai.com answered 429".into(),
            attempt,
            at: self.now,
        };
        self.give(Input::StepBroke { run_id: run_id.clone(), broke: Box::new(broke) });
    }

    /// Until its next attempt is under way.
    fn next_try(&mut self, run_id: &RunId, seconds: i64) -> u32 {
        self.until(seconds);
        let number = self.run(run_id).latest().number;
        self.told(run_id, number, ok());
        number
    }
}

#[test]
fn a_step_that_failed_its_counts_and_the_next_try() {
    let mut field = Field::manual(|cue| cue.retry.on_failed_outcome = true);
    let run = field.fire();
    field.told(&run, 1, unavailable());
    assert_eq!(of_run(&field.run(&run)), "503. Attempt 1 of 3; next in 1 min.");
    assert_eq!(field.next_try(&run, 90), 2);
    field.breaks(&run, 2);
    field.report(&run, Some(2), counted(failure("rate limited"), 50.0, 200.0));
    let said = "Step 3 (enrich) failed: api.openai.com answered 429. 50 of 200 records were processed. Attempt 2 of 3; next in 5 min.";
    assert_eq!(of_run(&field.run(&run)), said);
    assert_eq!(field.next_try(&run, 600), 3);
    field.breaks(&run, 3);
    field.report(&run, Some(3), counted(failure("rate limited"), 50.0, 200.0));
    let said = "Step 3 (enrich) failed: api.openai.com answered 429. 50 of 200 records were processed. Attempt 3 of 3.";
    assert_eq!(of_run(&field.run(&run)), said);
}

#[test]
fn a_step_that_failed_in_an_older_attempt_is_no_reason_for_a_newer_one() {
    let mut field = Field::manual(|cue| cue.retry.on_failed_outcome = true);
    let run = field.fire();
    field.told(&run, 1, ok());
    field.breaks(&run, 1);
    field.report(&run, Some(1), failure("rate limited"));
    field.next_try(&run, 90);
    field.report(&run, Some(2), counted(failure("no such table"), 0.0, 200.0));
    let said = "Reported failure: no such table. 0 of 200 records were processed. Attempt 2 of 3; next in 5 min.";
    assert_eq!(of_run(&field.run(&run)), said);
}

#[test]
fn a_wait_that_the_receiver_asked_for_is_told_as_it_is() {
    let mut field = Field::manual(|cue| cue.retry.backoff_ms = vec![1_000]);
    let run = field.fire();
    let asked =
        DeliveryResult::Answered { status: 429, words: "429".into(), retry_after_ms: Some(90_000), outcome: None };
    field.told(&run, 1, asked);
    assert_eq!(of_run(&field.run(&run)), "429. Attempt 1 of 3; next in 1 min 35 s.");
}

#[test]
fn a_clean_exit_with_too_little_done_is_no_success() {
    let exit = |change: fn(&mut CueDefinition), outcome: Outcome| {
        let mut field = Field::manual(|cue| {
            command(cue);
            cue.confirm = Confirm::ExitCode;
            change(cue);
        });
        let run = field.fire();
        field.told(&run, 1, DeliveryResult::Started { pid: 7 });
        field.report(&run, Some(1), outcome);
        field.told(&run, 1, exited(0));
        assert_eq!(field.verdict(&run), Some(Verdict::Refuted));
        of_run(&field.run(&run))
    };
    assert_eq!(
        exit(|cue| cue.expect.assert = vec!["processed >= expected".into()], counted(success(), 3.0, 200.0)),
        "Processed is 3, expected is 200; its cue asks for processed >= expected. 3 of 200 records were processed. It said it worked."
    );
    assert_eq!(exit(|_| (), counted(success(), 0.0, 200.0)), "0 of 200 records were processed. It said it worked.");
}

#[test]
fn silence_after_a_failed_step_names_the_step() {
    let mut field = Field::manual(|_| ());
    let run = field.fire();
    field.told(&run, 1, ok());
    field.breaks(&run, 1);
    field.until(600);
    let said = "Step 3 (enrich) failed: api.openai.com answered 429. Delivered, then nothing: no outcome within 5 min.";
    assert_eq!((field.verdict(&run), of_run(&field.run(&run)).as_str()), (Some(Verdict::Silent), said));
}
