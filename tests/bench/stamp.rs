//! The command whose start is measured: `bench stamp FILE SECOND` writes down when it began, and for which second of a minute.

use std::io::Write as _;
use std::path::Path;
use std::process::ExitCode;

use crate::arrivals::Arrival;
use crate::machine::now_us;

const SECOND_US: i64 = 1_000_000;
const MINUTE_US: i64 = 60 * SECOND_US;

/// Does it, if this process was started for it.
pub fn if_asked() -> Option<ExitCode> {
    let began_us = now_us();
    let mut args = std::env::args().skip(1);
    if args.next()? != "stamp" {
        return None;
    }
    let (file, offset_us) = (args.next()?, args.next()?);
    // One short write in append mode: lines of many processes do not mix.
    let mut file = std::fs::OpenOptions::new().append(true).open(file).ok()?;
    let written = file.write_all(format!("{began_us} {offset_us}\n").as_bytes());
    Some(if written.is_ok() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// The arguments after the program: `offset_us` is where in a minute it is due.
#[must_use]
pub fn args(file: &Path, offset_us: i64) -> [String; 3] {
    ["stamp".to_owned(), file.display().to_string(), offset_us.to_string()]
}

/// What all of them wrote. One that began a little early would show as late by most of a minute.
#[must_use]
pub fn read(file: &Path) -> Vec<Arrival> {
    let text = std::fs::read_to_string(file).expect("the stamps can be read");
    let arrival = |line: &str| {
        let (at, offset) = line.split_once(' ')?;
        let (at_us, offset_us) = (at.parse::<i64>().ok()?, offset.parse::<i64>().ok()?);
        Some(Arrival { due_us: at_us - (at_us - offset_us).rem_euclid(MINUTE_US), at_us })
    };
    text.lines().map(|line| arrival(line).expect("a stamp is two numbers")).collect()
}
