//! `schedule next`: when a cron expression fires, for people, and line by line for programs. Needs no tower.

use std::io::{BufRead, Write};

use chrono::{DateTime, SecondsFormat, Utc};
use chrono_tz::Tz;
use cuetower_core::schedule::{Cron, parse_zone};
use cuetower_engine::clock::{Clock as _, SystemClock};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::args::NextArgs;
use crate::show::{say, say_json};

/// Fires in one answer at most.
const FIRES_MAX: usize = 10_000;

pub fn obey(args: &NextArgs, as_json: bool) -> Result<(), String> {
    match &args.expression {
        Some(expression) => next(expression, args, as_json),
        None => answer_lines(std::io::stdin().lock(), std::io::stdout().lock())
            .map_err(|error| format!("The lines could not be answered: {error}.")),
    }
}

fn next(expression: &str, args: &NextArgs, as_json: bool) -> Result<(), String> {
    let zone = args.tz.clone().unwrap_or_else(crate::tower::machine_zone);
    let start = match &args.start {
        Some(text) => instant(text)?,
        None => SystemClock::new().now().utc().ok_or("The machine's clock is outside all years.")?,
    };
    let sentence = |error: String| format!("`{expression}` in {zone} cannot be computed: {error}.");
    let (cron, zone) = (parsed(expression).map_err(sentence)?, zone_of(&zone).map_err(sentence)?);
    let fires = fires(&cron, zone, start, args.count)?;
    if as_json {
        say_json(&json!({ "words": cron.words(), "fires": fires.iter().map(in_utc).collect::<Vec<_>>() }));
        return Ok(());
    }
    say(&format!("{}, {zone}", cron.words()));
    fires.iter().for_each(|at| say(&at.with_timezone(&zone).format("%a %Y-%m-%d %H:%M:%S %Z").to_string()));
    Ok(())
}

/// One request a line; `start` is not itself a fire.
#[derive(Deserialize)]
struct Asked {
    expr: String,
    tz: String,
    start: String,
    #[serde(default = "fires_unless_asked")]
    n: usize,
}

/// Fires in the answer to a line that does not say how many.
fn fires_unless_asked() -> usize {
    20
}

/// An answer for each line, in order and at once, so that whoever asks may wait for it.
fn answer_lines(mut asked: impl BufRead, mut answers: impl Write) -> std::io::Result<()> {
    let mut line = Vec::new();
    while asked.read_until(b'\n', &mut line)? > 0 {
        let answer = match answer(&line) {
            Ok(fires) => json!({ "fires": fires }),
            Err(sentence) => json!({ "error": sentence }),
        };
        match writeln!(answers, "{answer}").and_then(|()| answers.flush()) {
            Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => return Ok(()),
            written => written?,
        }
        line.clear();
    }
    Ok(())
}

fn answer(line: &[u8]) -> Result<Vec<Value>, String> {
    let asked: Asked = serde_json::from_slice(line)
        .map_err(|error| format!("The line is not a request such as {{\"expr\",\"tz\",\"start\",\"n\"}}: {error}."))?;
    let fires = fires(&parsed(&asked.expr)?, zone_of(&asked.tz)?, instant(&asked.start)?, asked.n)?;
    Ok(fires.iter().map(in_utc).collect())
}

fn fires(cron: &Cron, zone: Tz, start: DateTime<Utc>, count: usize) -> Result<Vec<DateTime<Utc>>, String> {
    if count > FIRES_MAX {
        return Err(format!("At most {FIRES_MAX} fires can be asked for at once, not {count}."));
    }
    let after = |at: &DateTime<Utc>| cron.next_after(zone, *at);
    Ok(std::iter::successors(after(&start), after).take(count).collect())
}

fn parsed(expression: &str) -> Result<Cron, String> {
    Cron::parse(expression).map_err(|error| error.to_string())
}

fn zone_of(name: &str) -> Result<Tz, String> {
    parse_zone(name).map_err(|error| error.to_string())
}

fn instant(text: &str) -> Result<DateTime<Utc>, String> {
    let read = DateTime::parse_from_rfc3339(text);
    read.map(|at| at.to_utc())
        .map_err(|error| format!("`{text}` is not an instant such as 2026-11-21T09:00:00Z: {error}."))
}

fn in_utc(at: &DateTime<Utc>) -> Value {
    Value::String(at.to_rfc3339_opts(SecondsFormat::Secs, true))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answers(lines: &str) -> Vec<Value> {
        let mut out = Vec::new();
        answer_lines(lines.as_bytes(), &mut out).unwrap();
        String::from_utf8(out).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    #[test]
    fn every_line_is_answered_in_its_turn() {
        let good = r#"{"expr":"30 2 * * *","tz":"Europe/Berlin","start":"2027-03-27T00:00:00Z","n":2,"id":7}"#;
        let found = answers(&format!("{good}\nnonsense\n{}\n{good}", good.replace("30 2", "61 2")));
        let fires = json!({ "fires": ["2027-03-27T01:30:00Z", "2027-03-28T01:00:00Z"] });
        assert_eq!((&found[0], &found[3]), (&fires, &fires), "03:00 stands in for the 02:30 that is not there");
        assert!(found[1]["error"].as_str().unwrap().contains("not a request"), "{}", found[1]);
        assert!(found[2]["error"].as_str().unwrap().contains("61"), "{}", found[2]);
        assert_eq!(found.len(), 4);
    }

    #[test]
    fn a_line_without_a_number_is_answered_with_twenty() {
        let found = answers(r#"{"expr":"0 9 * * *","tz":"UTC","start":"2027-03-27T00:00:00Z"}"#);
        assert_eq!(found[0]["fires"].as_array().unwrap().len(), 20);
    }

    #[test]
    fn what_does_not_fit_is_said() {
        let line = |tz: &str, start: &str, n: usize| {
            json!({ "expr": "* * * * *", "tz": tz, "start": start, "n": n }).to_string()
        };
        let start = "2027-03-27T00:00:00Z";
        let found = answers(
            &[line("Europe/Berln", start, 1), line("UTC", "yesterday", 1), line("UTC", start, 99_999)].join("\n"),
        );
        for (answer, word) in found.iter().zip(["Europe/Berlin", "yesterday", "99999"]) {
            assert!(answer["error"].as_str().unwrap().contains(word), "{answer}");
        }
    }
}
