//! What an outcome must show: `expect`, and CueAPI's `verification`, which says a part of the same.

use std::panic::{AssertUnwindSafe, catch_unwind};

use cuetower_core::cue::{Evidence, Expect};
use cuetower_core::expect::Assertion;
use serde_json::Value;

use super::reading::{Object, Problems, listed, shortened};

const PROCESSED_MAX: f64 = 1e15;
const DURATION_S_MAX: f64 = 7.0 * 24.0 * 3_600.0;
const NEEDED: [&str; 5] = ["min_processed", "max_error_rate", "max_duration_seconds", "evidence", "assert"];
/// Expressions of one cue, at most.
const ASSERTED_MAX: usize = 20;

/// Names among the assertions of one outcome, at most.
pub(crate) const ASSERTIONS_MAX: usize = 100;
pub(crate) const ASSERTION_CHARS_MAX: usize = 255;

#[derive(Clone, Copy)]
enum Mode {
    None,
    /// Somebody looks at it.
    Manual,
    Asks(Evidence),
}

/// CueAPI's `verification.mode`.
const MODES: [(&str, Mode); 5] = [
    ("none", Mode::None),
    ("require_external_id", Mode::Asks(Evidence::ExternalId)),
    ("require_result_url", Mode::Asks(Evidence::ResultUrl)),
    ("require_artifacts", Mode::Asks(Evidence::Artifacts)),
    ("manual", Mode::Manual),
];

pub(super) fn read(top: &Object, problems: &mut Problems) -> Expect {
    let mut expect = Expect::default();
    if let Some(section) = top.section("expect", &NEEDED, problems) {
        expect.min_processed = section.number("min_processed", 0.0..=PROCESSED_MAX, problems);
        expect.max_error_rate = section.number("max_error_rate", 0.0..=1.0, problems);
        expect.max_duration_ms = section.seconds("max_duration_seconds", 0.1..=DURATION_S_MAX, problems);
        expect.evidence = evidence(&section, problems);
        expect.assert = asserted(&section, problems);
    }
    let Some(section) = top.section("verification", &["mode", "required_assertions"], problems) else { return expect };
    expect.mode_said = top.get("verification").is_some();
    match section.word("mode", &MODES, &[], problems).unwrap_or(Mode::None) {
        Mode::None => {}
        Mode::Manual => expect.manual = true,
        Mode::Asks(asked) if expect.evidence.contains(&asked) => {}
        Mode::Asks(asked) => expect.evidence.push(asked),
    }
    expect.assertions = section.names("required_assertions", ASSERTIONS_MAX, ASSERTION_CHARS_MAX, problems);
    expect
}

/// Expressions, each of which can be looked at.
fn asserted(section: &Object, problems: &mut Problems) -> Vec<String> {
    let place = section.place("assert");
    let list = section.list("assert", problems);
    if list.len() > ASSERTED_MAX {
        problems.add(&place, format!("`{place}` lists {}; at most {ASSERTED_MAX} fit.", list.len()));
        return Vec::new();
    }
    let mut asserted = Vec::new();
    for (index, found) in list.iter().enumerate() {
        let place = format!("{place}[{index}]");
        let Some(text) = found.as_str() else {
            problems.mistyped(&place, "a text such as `processed >= expected`", found);
            continue;
        };
        // It is not our own parser, and what it cannot digest must not take the tower with it.
        match catch_unwind(AssertUnwindSafe(|| Assertion::read(text))) {
            Ok(Ok(_)) => asserted.push(text.trim().to_owned()),
            Ok(Err(trouble)) => problems.add(&place, format!("`{}`: {trouble}.", shortened(text))),
            Err(_) => problems.add(&place, format!("`{}` cannot be read.", shortened(text))),
        }
    }
    asserted
}

/// Whether a mode of CueAPI's can ask for this field of an outcome.
pub(super) fn is_a_modes(field: &Value) -> bool {
    MODES.iter().any(|(_, mode)| matches!(mode, Mode::Asks(evidence) if field == evidence.field()))
}

fn evidence(section: &Object, problems: &mut Problems) -> Vec<Evidence> {
    let mut wanted = Vec::new();
    for (index, found) in section.list("evidence", problems).iter().enumerate() {
        match Evidence::ALL.into_iter().find(|evidence| found == evidence.field()) {
            Some(evidence) if wanted.contains(&evidence) => {}
            Some(evidence) => wanted.push(evidence),
            None => {
                let place = format!("expect.evidence[{index}]");
                let shown =
                    found.as_str().map_or_else(|| "not a text".to_owned(), |text| format!("`{}`", shortened(text)));
                let words = listed(&Evidence::ALL.map(Evidence::field), "or");
                problems.add(&place, format!("`{place}` must be {words}; it is {shown}."));
            }
        }
    }
    wanted
}
