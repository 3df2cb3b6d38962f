//! How long a cron takes: the next fire from anywhere, the newest one before, reading an expression, 30 days of minutes.
//!
//! `cargo bench -p cuetower-core`. Instants are drawn from a fixed seed: no run learns the answers, and two runs compare.

use std::fmt;
use std::hint::black_box;

use chrono::{DateTime, TimeDelta, Utc};
use chrono_tz::Tz;
use cuetower_core::schedule::Cron;
use divan::Bencher;

/// What people write, then what is expensive.
const CASES: [Case; 13] = [
    Case("*/5 * * * *", Tz::UTC),
    Case("*/5 * * * *", Tz::Europe__Berlin),
    Case("@hourly", Tz::Africa__Casablanca),
    Case("0 9 * * 1-5", Tz::America__New_York),
    Case("30 2 * * *", Tz::Europe__Berlin),
    Case("0 0 L * *", Tz::Asia__Kolkata),
    Case("0 0 LW * *", Tz::Asia__Kolkata),
    Case("0 0 13 * 5", Tz::Europe__London),
    Case("0 9 * * 1#2", Tz::Australia__Lord_Howe),
    Case("* * * * * *", Tz::Europe__Berlin),
    Case("0 0 29 2 *", Tz::America__Sao_Paulo),
    Case("0 0 * 2 1#5", Tz::Europe__Berlin),
    Case("0 0 */29 2 0", Tz::Pacific__Apia),
];

struct Case(&'static str, Tz);

impl fmt::Display for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.0, self.1)
    }
}

fn main() {
    divan::main();
}

#[divan::bench(args = &CASES)]
fn next_after(bencher: Bencher<'_, '_>, case: &Case) {
    let cron = Cron::parse(case.0).expect(case.0);
    bencher.with_inputs(instants()).bench_local_values(|at| cron.next_after(case.1, at));
}

#[divan::bench(args = &CASES)]
fn latest_in(bencher: Bencher<'_, '_>, case: &Case) {
    let cron = Cron::parse(case.0).expect(case.0);
    bencher.with_inputs(instants()).bench_local_values(|at| cron.latest_in(case.1, DateTime::UNIX_EPOCH, at));
}

#[divan::bench(args = ["* * * * *", "*/5 9-17 * * 1-5", "@daily", "0 0 29 2 1#5", "0 0 31 2 *"])]
fn parse(text: &str) -> bool {
    Cron::parse(black_box(text)).is_ok()
}

/// Every fire of 30 days, one after the other: 43 200 of them, 720 for the hourly one.
#[divan::bench(args = [("* * * * *", Tz::UTC), ("* * * * *", Tz::Europe__Berlin), ("0 * * * *", Tz::Europe__Berlin)])]
fn thirty_days((text, zone): (&str, Tz)) -> usize {
    let cron = Cron::parse(text).expect(text);
    // Europe's clocks change within.
    let start: DateTime<Utc> = "2027-03-15T00:00:00Z".parse().expect("an instant");
    let fires = std::iter::successors(Some(start), |at| cron.next_after(zone, *at));
    fires.take_while(|at| *at <= start + TimeDelta::days(30)).skip(1).count()
}

/// Random instants of 2020 to 2040.
fn instants() -> impl FnMut() -> DateTime<Utc> {
    const FROM_S: i64 = 1_577_836_800;
    const SPAN_S: u64 = 20 * 365 * 86_400;
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    move || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let offset_s = i64::try_from((state >> 33) % SPAN_S).expect("20 years of seconds fit");
        DateTime::from_timestamp(FROM_S + offset_s, 0).expect("an instant of this century")
    }
}
