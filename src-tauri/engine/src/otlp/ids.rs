//! The trace of a run: ids that follow from the run's own, so that nothing has to be remembered. An agent that takes the
//! context over sends spans below its attempt; what the tower exports itself has the same ids.

use cuetower_core::id::RunId;
use cuetower_core::step::{run_of_trace, trace_of_run};
use sha2::{Digest as _, Sha256};

const PART: usize = 12;

/// The id of the span that is the run; 16 digits.
#[must_use]
pub fn run_span(run: &RunId) -> Option<String> {
    attempt_span(run, 0)
}

/// The id of the span that is this attempt: twelve digits of the run and four of the number. None: the run's id is no UUID.
#[must_use]
pub fn attempt_span(run: &RunId, number: u32) -> Option<String> {
    let trace = trace_of_run(run);
    // What the caller would take for "no id" is none.
    let is_valid = run_of_trace(&trace).is_some() && trace[..PART].bytes().any(|digit| digit != b'0');
    is_valid.then(|| format!("{}{:04x}", &trace[..PART], number & 0xffff))
}

/// The id of the span that is this step of it.
#[must_use]
pub fn step_span(run: &RunId, ordinal: u32) -> String {
    let digest = Sha256::digest(format!("step {run} {ordinal}"));
    let digits: String = digest.iter().take(8).map(|byte| format!("{byte:02x}")).collect();
    if digits.bytes().all(|digit| digit == b'0') { "0000000000000001".to_owned() } else { digits }
}

/// Whether a parent is not a span of the agent's, but the run or an attempt as the tower named it.
#[must_use]
pub fn is_of_tower(trace: &str, parent: &str) -> bool {
    parent.len() == 16 && trace.get(..PART).is_some_and(|part| parent.starts_with(part))
}

/// What is handed to an attempt's agent, as the W3C headers have it.
pub struct Context {
    /// `00-<trace>-<span>-01`
    pub traceparent: String,
    /// `cuetower.run_id=<run>`
    pub baggage: String,
}

/// None: the run's id is no UUID.
#[must_use]
pub fn context(run: &RunId, number: u32) -> Option<Context> {
    let span = attempt_span(run, number)?;
    let traceparent = format!("00-{}-{span}-01", trace_of_run(run));
    Some(Context { traceparent, baggage: format!("cuetower.run_id={run}") })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_context_leads_back_to_the_run() {
        let run = RunId("8f0b3f0e-1234-4abc-8def-000000000001".to_owned());
        let context = context(&run, 2).unwrap();
        assert_eq!(context.traceparent, "00-8f0b3f0e12344abc8def000000000001-8f0b3f0e12340002-01");
        assert_eq!(context.baggage, "cuetower.run_id=8f0b3f0e-1234-4abc-8def-000000000001");
        let trace = trace_of_run(&run);
        assert_eq!(run_of_trace(&trace), Some(run.clone()));
        for number in [0, 1, 2, 70_000] {
            assert!(is_of_tower(&trace, &attempt_span(&run, number).unwrap()));
        }
        assert!(!is_of_tower(&trace, "00f067aa0ba902b7"));
        assert!(!is_of_tower(&trace, ""));
        assert_ne!(step_span(&run, 1), step_span(&run, 2));
        assert_eq!(context_of("made-up"), None);
    }

    fn context_of(run: &str) -> Option<String> {
        context(&RunId(run.to_owned()), 1).map(|context| context.traceparent)
    }
}
