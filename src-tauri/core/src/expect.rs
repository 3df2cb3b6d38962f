//! Whether a reported success is believed: what the cue expects, held against what was reported.

mod assertion;
mod reading;
mod unread;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::Ms;
use crate::check::Proof;
use crate::cue::{Evidence, Expect};
use crate::outcome::Outcome;
use crate::time::length_in_words;

pub use assertion::{ASSERTION_CHARS_MAX, Assertion, Unreadable};

/// One expectation and what was found.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// "At least 150 processed".
    pub claim: String,
    pub passed: bool,
    /// "reported 3".
    pub found: String,
    /// Of a check that the tower made itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub look: Option<Look>,
}

/// How a check was made. Holds no secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Look {
    /// As a cue's JSON says it: "sql".
    pub kind: String,
    /// The query, path, address or command.
    pub detail: String,
    pub at: Ms,
    pub took_ms: u64,
}

impl From<&Proof> for Finding {
    fn from(proof: &Proof) -> Finding {
        let Proof { check, passed, saw, at, kind, detail, took_ms } = proof.clone();
        let claim = crate::sentence::capital(&check);
        Finding { claim, passed, found: saw, look: Some(Look { kind, detail, at, took_ms }) }
    }
}

/// The claim that nobody has to ask for.
pub(crate) const NOTHING_DONE: &str = "Something was processed";

/// What is known of a run that is judged.
#[derive(Debug, Clone, Copy)]
pub struct Told<'a> {
    pub outcome: &'a Outcome,
    /// From its delivery to its report or its end; None: neither is known.
    pub duration_ms: Option<u64>,
    /// Its number.
    pub attempt: u32,
}

/// Every expectation of the cue, in order. Zero processed is never enough, whatever was asked, once a count is asked for or reported.
#[must_use]
pub fn findings(expect: &Expect, told: &Told<'_>) -> Vec<Finding> {
    let outcome = told.outcome;
    let mut all = Vec::new();
    if let Some(least) = expect.min_processed {
        all.push(at_least(least, outcome));
    } else if outcome.processed == Some(0.0) {
        all.push(Finding::of(NOTHING_DONE, false, "reported 0"));
    }
    if let Some(most) = expect.max_error_rate {
        all.push(error_rate(most, outcome));
    }
    if let Some(most) = expect.max_duration_ms {
        all.push(duration(most, told));
    }
    all.extend(expect.evidence.iter().map(|kind| evidence(*kind, outcome)));
    all.extend(expect.assertions.iter().map(|name| asserted(name, outcome)));
    all.extend(assertion::findings(&expect.assert, told));
    all
}

impl Finding {
    #[must_use]
    pub fn of(claim: impl Into<String>, passed: bool, found: impl Into<String>) -> Finding {
        Finding { claim: claim.into(), passed, found: found.into(), look: None }
    }
}

fn duration(most_ms: u64, told: &Told<'_>) -> Finding {
    let found = told
        .duration_ms
        .map_or("how long it took is not known".to_owned(), |took| format!("took {}", length_in_words(took)));
    let passed = told.duration_ms.is_some_and(|took| took <= most_ms);
    Finding::of(format!("Done within {}", length_in_words(most_ms)), passed, found)
}

fn asserted(name: &str, outcome: &Outcome) -> Finding {
    let said = outcome.assertions.get(name).copied();
    let found = match said {
        Some(true) => "reported as met",
        Some(false) => "reported as not met",
        None => "not reported",
    };
    Finding::of(format!("Met: {name}"), said == Some(true), found)
}

fn at_least(least: f64, outcome: &Outcome) -> Finding {
    let found = match outcome.processed {
        Some(count) => format!("reported {count}"),
        None => "no count was reported".to_owned(),
    };
    let passed = outcome.processed.is_some_and(|count| count >= least && count > 0.0);
    Finding::of(format!("At least {least} processed"), passed, found)
}

fn error_rate(most: f64, outcome: &Outcome) -> Finding {
    let claim = format!("At most {:.0} % errors", most * 100.0);
    match (outcome.errors, outcome.processed) {
        (None, _) => Finding::of(claim, false, "no error count was reported"),
        (Some(errors), Some(processed)) if processed > 0.0 => {
            let found = format!("{errors} of {processed}, {:.0} %", errors / processed * 100.0);
            Finding::of(claim, errors / processed <= most, found)
        }
        (Some(errors), None | Some(_)) => {
            Finding::of(claim, errors == 0.0, format!("{errors} errors, nothing processed"))
        }
    }
}

fn evidence(kind: Evidence, outcome: &Outcome) -> Finding {
    let value = match kind {
        Evidence::ExternalId => outcome.external_id.clone(),
        Evidence::ResultUrl => outcome.result_url.clone(),
        Evidence::ResultRef => outcome.result_ref.clone(),
        Evidence::Summary => outcome.summary.clone(),
        Evidence::Artifacts => {
            (!outcome.artifacts.is_empty()).then(|| Value::from(outcome.artifacts.clone()).to_string())
        }
    };
    let value = value.filter(|text| !text.trim().is_empty());
    let is_there = value.is_some();
    Finding::of(format!("Evidence: {}", kind.field()), is_there, value.unwrap_or_else(|| "missing".to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn findings(expect: &Expect, outcome: &Outcome) -> Vec<Finding> {
        super::findings(expect, &Told { outcome, duration_ms: Some(90_000), attempt: 1 })
    }

    #[test]
    fn three_of_two_hundred_is_not_enough() {
        let expect = Expect { min_processed: Some(150.0), ..Expect::default() };
        let outcome = Outcome { success: true, processed: Some(3.0), ..Outcome::default() };
        let found = findings(&expect, &outcome);
        assert_eq!(found[0].claim, "At least 150 processed");
        assert_eq!((found[0].passed, found[0].found.as_str()), (false, "reported 3"));
    }

    #[test]
    fn an_assertion_that_is_false_or_not_there_does_not_pass() {
        let expect = Expect { assertions: vec!["sent".into(), "filed".into(), "paid".into()], ..Expect::default() };
        let outcome = Outcome {
            success: true,
            assertions: [("sent".to_owned(), true), ("filed".to_owned(), false)].into(),
            ..Outcome::default()
        };
        let found: Vec<_> = findings(&expect, &outcome).into_iter().map(|one| (one.passed, one.found)).collect();
        let expected = [(true, "reported as met"), (false, "reported as not met"), (false, "not reported")];
        assert_eq!(found, expected.map(|(passed, found)| (passed, found.to_owned())));
    }

    #[test]
    fn zero_processed_is_refuted_even_if_nothing_was_asked() {
        let outcome = Outcome { success: true, processed: Some(0.0), ..Outcome::default() };
        assert!(!findings(&Expect::default(), &outcome)[0].passed);
    }

    #[test]
    fn missing_evidence_and_missing_counts_do_not_pass() {
        let expect = Expect {
            max_error_rate: Some(0.1),
            evidence: vec![Evidence::ExternalId, Evidence::Artifacts],
            ..Expect::default()
        };
        assert!(findings(&expect, &Outcome::default()).iter().all(|finding| !finding.passed));
        let good = Outcome {
            errors: Some(1.0),
            processed: Some(10.0),
            external_id: Some("crm-7".into()),
            artifacts: vec![Value::from("report.md")],
            ..Outcome::default()
        };
        assert!(findings(&expect, &good).iter().all(|finding| finding.passed));
    }

    #[test]
    fn a_run_that_takes_longer_than_it_may_is_not_proven() {
        let within = |most: u64| Expect { max_duration_ms: Some(most), ..Expect::default() };
        let found = &findings(&within(60_000), &Outcome::default())[0];
        assert_eq!(
            (found.claim.as_str(), found.passed, found.found.as_str()),
            ("Done within 1 min", false, "took 1 min 30 s")
        );
        assert!(findings(&within(90_000), &Outcome::default())[0].passed);
        let unknown = Told { outcome: &Outcome::default(), duration_ms: None, attempt: 1 };
        assert!(!super::findings(&within(1), &unknown)[0].passed);
    }
}
