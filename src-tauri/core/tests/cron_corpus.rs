//! Debian's cron, judged by the corpus in `tests/data/cron`: what fires when, and what is refused.

use std::fs;
use std::path::Path;

use chrono::{DateTime, TimeDelta, Utc};
use cuetower_core::schedule::{Cron, CronError, parse_zone};
use serde_json::Value;

/// The lines of one file of the corpus. `CUETOWER_CRON_CORPUS` names another folder, for a larger corpus.
fn lines(file: &str) -> Vec<Value> {
    let folder = std::env::var_os("CUETOWER_CRON_CORPUS")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/data/cron"), Into::into);
    let path = folder.join(file);
    let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    text.lines().map(|line| serde_json::from_str(line).expect("a JSON object per line")).collect()
}

fn text<'a>(line: &'a Value, key: &str) -> &'a str {
    line[key].as_str().unwrap_or_else(|| panic!("{key} is missing in {line}"))
}

fn instant(value: &Value) -> DateTime<Utc> {
    let text = value.as_str().expect("an instant as text");
    DateTime::parse_from_rfc3339(text).expect("RFC 3339").to_utc()
}

#[test]
fn every_line_of_the_corpus_fires_as_debian_does() {
    let mut wrong = Vec::new();
    for line in lines("corpus_dev.jsonl") {
        let zone = parse_zone(text(&line, "tz")).expect("a zone of the corpus");
        let cron = Cron::parse(text(&line, "expr")).unwrap_or_else(|error| panic!("{line}: {error}"));
        let mut after = instant(&line["start"]);
        for expected in line["fires"].as_array().expect("fires").iter().map(instant) {
            let next = cron.next_after(zone, after);
            // Backwards, the newest fire before the next one is this one.
            let back = cron.latest_in(zone, after, expected + TimeDelta::milliseconds(1));
            if next != Some(expected) || back != next {
                wrong.push(format!(
                    "{} {} {zone} after {after}: {expected}, found {next:?} and {back:?}",
                    line["id"],
                    cron.text()
                ));
                break;
            }
            after = expected;
        }
    }
    assert!(wrong.is_empty(), "{} lines differ:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn every_invalid_expression_is_refused_with_a_place_or_a_reason() {
    for line in lines("invalid_dev.jsonl") {
        let expression = text(&line, "expr");
        let error = Cron::parse(expression).expect_err(expression);
        assert!(!error.to_string().is_empty());
        println!("{expression:32} {error}");
    }
}

#[test]
fn policy_is_decided_as_the_specification_says() {
    for line in lines("policy.jsonl") {
        let (expression, kind) = (text(&line, "expr"), text(&line, "kind"));
        let decided: Result<Cron, CronError> = Cron::parse(expression);
        println!(
            "{expression:32} {decided:?}",
            decided = decided.as_ref().map(Cron::words).map_err(ToString::to_string)
        );
        let seconds_last = ["* * * * * *", "*/15 * * * * *", "0 0 9 * * 1-5", "0 */5 * * * *"].contains(&expression);
        if kind.contains("N/step") || kind.contains("start/step") || seconds_last {
            assert!(decided.is_ok(), "{expression} is accepted");
            continue;
        }
        let error = decided.expect_err(expression).to_string();
        if kind.starts_with("six fields") {
            assert!(error.contains("seconds first"), "{expression} looks like seconds first: {error}");
        } else if kind.starts_with("valid but never fires") {
            assert!(error.contains("never fires"), "{expression} says why: {error}");
        }
    }
}
