//! Whether a reported success is believed: what the cue expects, held against what was reported.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::cue::{Evidence, Expect};
use crate::outcome::Outcome;

/// One expectation and what was found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// "At least 150 processed".
    pub claim: String,
    pub passed: bool,
    /// "reported 3".
    pub found: String,
}

/// Every expectation of the cue, in order. Zero processed is never enough, whatever was asked, once a count is asked for or reported.
#[must_use]
pub fn findings(expect: &Expect, outcome: &Outcome) -> Vec<Finding> {
    let mut all = Vec::new();
    if let Some(least) = expect.min_processed {
        all.push(at_least(least, outcome));
    } else if outcome.processed == Some(0.0) {
        all.push(Finding { claim: "Something was processed".into(), passed: false, found: "reported 0".into() });
    }
    if let Some(most) = expect.max_error_rate {
        all.push(error_rate(most, outcome));
    }
    all.extend(expect.evidence.iter().map(|kind| evidence(*kind, outcome)));
    all.extend(expect.assertions.iter().map(|name| asserted(name, outcome)));
    all
}

fn asserted(name: &str, outcome: &Outcome) -> Finding {
    let said = outcome.assertions.get(name).copied();
    let found = match said {
        Some(true) => "reported as met",
        Some(false) => "reported as not met",
        None => "not reported",
    };
    Finding { claim: format!("Met: {name}"), passed: said == Some(true), found: found.to_owned() }
}

fn at_least(least: f64, outcome: &Outcome) -> Finding {
    let found = match outcome.processed {
        Some(count) => format!("reported {count}"),
        None => "no count was reported".to_owned(),
    };
    let passed = outcome.processed.is_some_and(|count| count >= least && count > 0.0);
    Finding { claim: format!("At least {least} processed"), passed, found }
}

fn error_rate(most: f64, outcome: &Outcome) -> Finding {
    let claim = format!("At most {:.0} % errors", most * 100.0);
    match (outcome.errors, outcome.processed) {
        (None, _) => Finding { claim, passed: false, found: "no error count was reported".into() },
        (Some(errors), Some(processed)) if processed > 0.0 => Finding {
            claim,
            passed: errors / processed <= most,
            found: format!("{errors} of {processed}, {:.0} %", errors / processed * 100.0),
        },
        (Some(errors), None | Some(_)) => {
            Finding { claim, passed: errors == 0.0, found: format!("{errors} errors, nothing processed") }
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
    Finding {
        claim: format!("Evidence: {}", kind.field()),
        passed: value.is_some(),
        found: value.unwrap_or_else(|| "missing".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
}
