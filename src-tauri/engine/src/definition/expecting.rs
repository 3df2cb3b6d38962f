//! What an outcome must show: `expect`, and CueAPI's `verification`, which says a part of the same.

use cuetower_core::cue::{Evidence, Expect};
use serde_json::Value;

use super::reading::{Object, Problems, listed, shortened};

const PROCESSED_MAX: f64 = 1e15;
const NEEDED: [&str; 3] = ["min_processed", "max_error_rate", "evidence"];

/// CueAPI's `verification.mode` and the evidence it asks for.
const MODES: [(&str, Option<Evidence>); 4] = [
    ("none", None),
    ("require_external_id", Some(Evidence::ExternalId)),
    ("require_result_url", Some(Evidence::ResultUrl)),
    ("require_artifacts", Some(Evidence::Artifacts)),
];

pub(super) fn read(top: &Object, problems: &mut Problems) -> Expect {
    let mut expect = Expect::default();
    if let Some(section) = top.section("expect", &NEEDED, problems) {
        expect.min_processed = section.number("min_processed", 0.0..=PROCESSED_MAX, problems);
        expect.max_error_rate = section.number("max_error_rate", 0.0..=1.0, problems);
        expect.evidence = evidence(&section, problems);
    }
    let verification = top.section("verification", &["mode"], problems);
    let mode = verification.and_then(|section| section.word("mode", &MODES, &["manual"], problems));
    if let Some(asked) = mode.flatten().filter(|asked| !expect.evidence.contains(asked)) {
        expect.evidence.push(asked);
    }
    expect
}

/// Whether a mode of CueAPI's can ask for this field of an outcome.
pub(super) fn is_a_modes(field: &Value) -> bool {
    MODES.iter().any(|(_, evidence)| evidence.is_some_and(|evidence| field == evidence.field()))
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
