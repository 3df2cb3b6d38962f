//! Of a run whose proof says no: the fact comes first, what it said of itself last.

use super::{capital, lower, titled};
use crate::expect::{Finding, Look, NOTHING_DONE};

/// "Reported 3; at least 150 were expected." None where the count says it.
pub(super) fn fact(findings: &[Finding]) -> Option<String> {
    let Finding { claim, found, look, .. } = failed(findings)?;
    let found = capital(found.trim_end_matches('.'));
    let claim = claim.trim_end_matches('.');
    Some(match (claim, look) {
        (NOTHING_DONE, None) => return None,
        (_, Some(look)) => {
            looked_at(look, claim, &found).unwrap_or_else(|| format!("{found}; its proof asks that {}.", lower(claim)))
        }
        (_, None) => match expected(claim) {
            Expected::Amount(amount) => format!("{found}; {amount} was expected."),
            Expected::Count(count) => format!("{found}; {count} were expected."),
            Expected::Thing(thing) => format!("{found}: {thing}."),
            Expected::Claim => format!("{found}; its cue asks for {}.", lower(claim)),
        },
    })
}

/// What was found, of the thing that it was found in: "report.md has 3 lines; at least 200 were expected." None where the thing
/// has no name of its own.
fn looked_at(look: &Look, claim: &str, found: &str) -> Option<String> {
    let of = &look.detail;
    let found = lower(found);
    let rest = found.strip_prefix("it ");
    let as_found = || rest.map_or_else(|| format!("{of}: {found}."), |rest| format!("{of} {rest}."));
    match look.kind.as_str() {
        "file" if found == "there is no such file" => Some(format!("There is no file {of}.")),
        "file" if found.ends_with(" line") || found.ends_with(" lines") => {
            let least = claim.split_once("has at least ").and_then(|(_, least)| least.split_once(" line"));
            Some(match least {
                Some(("1", _)) => format!("{of} has {found}; at least 1 was expected."),
                Some((least, _)) => format!("{of} has {found}; at least {least} were expected."),
                None => format!("{of} has {found}."),
            })
        }
        "file" | "url" | "git" => Some(as_found()),
        "sql" => {
            // A query may hold any words.
            let (wanted, database) = claim.rsplit_once("` gives ")?.1.rsplit_once(" in ")?;
            let gave = if found == "no row" { &found } else { rest?.strip_prefix("gave ")? };
            Some(format!("{database} gave {gave}; {wanted} was expected."))
        }
        _ => None,
    }
}

/// "score-new-leads said 200, found 3"; None where no numbers say it. `processed`: as it was reported.
pub(super) fn title(cue_name: &str, findings: &[Finding], processed: Option<f64>) -> Option<String> {
    let Finding { claim, found, look, .. } = failed(findings)?;
    if let (Some(look), Some(said), Some(gave)) = (look, processed, found.strip_prefix("it gave ")) {
        let number = look.kind == "sql" && gave.parse::<f64>().is_ok();
        return number.then(|| titled(cue_name, &format!("said {said}, found {gave}")));
    }
    match (claim.as_str(), processed) {
        (NOTHING_DONE, _) => Some(titled(cue_name, "processed nothing")),
        (claim, Some(said)) => {
            let least = claim.strip_prefix("At least ")?.strip_suffix(" processed")?;
            Some(titled(cue_name, &format!("reported {said}, not {least}")))
        }
        (_, None) => None,
    }
}

fn failed(findings: &[Finding]) -> Option<&Finding> {
    findings.iter().find(|finding| !finding.passed)
}

/// What `crate::expect` claims, put the other way round.
enum Expected {
    Amount(String),
    Count(String),
    Thing(String),
    Claim,
}

fn expected(claim: &str) -> Expected {
    let count = claim.strip_suffix(" processed").or_else(|| claim.ends_with(" errors").then_some(claim));
    if let Some(count) = count.filter(|count| count.starts_with("At ")) {
        return Expected::Count(lower(count));
    }
    if let Some(most) = claim.strip_prefix("Done within ") {
        return Expected::Amount(format!("at most {most}"));
    }
    if let Some(kind) = claim.strip_prefix("Evidence: ") {
        return Expected::Thing(format!("{kind}, its evidence"));
    }
    claim.strip_prefix("Met: ").map_or(Expected::Claim, |name| Expected::Thing(name.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Ms;
    use crate::cue::{Evidence, Expect};
    use crate::expect::{Look, Told, findings};
    use crate::outcome::Outcome;

    fn found(expect: &Expect, outcome: &Outcome) -> Vec<Finding> {
        findings(expect, &Told { outcome, duration_ms: Some(90_000), attempt: 1 })
    }

    fn sql(found: &str) -> [Finding; 1] {
        let look = Look { kind: "sql".into(), detail: "crm.db".into(), at: Ms(0), took_ms: 2 };
        [Finding { look: Some(look), ..Finding::of("`select 1` gives 200 in crm.db", false, found) }]
    }

    #[test]
    fn whatever_is_expected_what_was_found_comes_first() {
        let little = Outcome { processed: Some(10.0), errors: Some(4.0), ..Outcome::default() };
        let nothing = Expect::default;
        for (expect, fact) in [
            (Expect { min_processed: Some(150.0), ..nothing() }, "Reported 10; at least 150 were expected."),
            (Expect { max_error_rate: Some(0.1), ..nothing() }, "4 of 10, 40 %; at most 10 % errors were expected."),
            (Expect { max_duration_ms: Some(60_000), ..nothing() }, "Took 1 min 30 s; at most 1 min was expected."),
            (Expect { evidence: vec![Evidence::ResultUrl], ..nothing() }, "Missing: result_url, its evidence."),
            (Expect { assertions: vec!["letters sent".into()], ..nothing() }, "Not reported: letters sent."),
            (
                Expect { assert: vec!["processed >= 11".into()], ..nothing() },
                "Processed is 10; its cue asks for processed >= 11.",
            ),
        ] {
            assert_eq!(super::fact(&found(&expect, &little)).as_deref(), Some(fact));
        }
        assert_eq!(super::fact(&sql("it gave 3")).as_deref(), Some("crm.db gave 3; 200 was expected."));
        let none = Outcome { processed: Some(0.0), ..Outcome::default() };
        assert_eq!(super::fact(&found(&nothing(), &none)), None, "its count says it");
    }

    #[test]
    fn what_was_looked_at_is_named() {
        let fact = |kind: &str, detail: &str, claim: &str, found: &str| {
            let look = Look { kind: kind.into(), detail: detail.into(), at: Ms(0), took_ms: 2 };
            super::fact(&[Finding { look: Some(look), ..Finding::of(claim, false, found) }]).expect("it failed")
        };
        for (kind, detail, claim, found, said) in [
            (
                "file",
                "r.md",
                "File r.md has at least 200 lines",
                "3 lines",
                "r.md has 3 lines; at least 200 were expected.",
            ),
            (
                "file",
                "out/a.csv",
                "File out/a.csv is newer than the fire and has at least 1 line",
                "0 lines",
                "out/a.csv has 0 lines; at least 1 was expected.",
            ),
            ("file", "~/r.md", "File ~/r.md exists", "there is no such file", "There is no file ~/r.md."),
            (
                "file",
                "r.md",
                "File r.md is newer than the fire",
                "it changed 3 h before the fire, and not since",
                "r.md changed 3 h before the fire, and not since.",
            ),
            (
                "file",
                "r.md",
                "File r.md has a line that matches `x`",
                "none of 3 lines matches",
                "r.md: none of 3 lines matches.",
            ),
            ("sql", "select x", "`select x` gives 1 in crm.db", "no row", "crm.db gave no row; 1 was expected."),
            (
                "sql",
                "select x",
                "`select x` gives 1 in crm.db",
                "it took too long",
                "It took too long; its proof asks that `select x` gives 1 in crm.db.",
            ),
            ("url", "http://a/r", "http://a/r answers 200", "it answered 404", "http://a/r answered 404."),
            (
                "git",
                "~/site",
                "~/site has a new commit",
                "no new commit since the fire",
                "~/site: no new commit since the fire.",
            ),
            (
                "command",
                "test -s x",
                "`test -s x` ends with 0",
                "exit code 1",
                "Exit code 1; its proof asks that `test -s x` ends with 0.",
            ),
        ] {
            assert_eq!(fact(kind, detail, claim, found), said);
        }
    }

    #[test]
    fn a_title_gives_both_numbers_where_there_are_two() {
        let least = found(
            &Expect { min_processed: Some(150.0), ..Expect::default() },
            &Outcome { processed: Some(3.0), ..Outcome::default() },
        );
        assert_eq!(title("leads", &least, Some(3.0)).as_deref(), Some("leads reported 3, not 150"));
        assert_eq!(title("leads", &least, None), None);
        assert_eq!(title("leads", &sql("it gave 3"), Some(200.0)).as_deref(), Some("leads said 200, found 3"));
        assert_eq!(title("leads", &sql("it gave no row"), Some(200.0)), None);
    }
}
