//! Lateness at fire: from the due instant to the first byte at the agent, or to the first instruction of the process.
//! 1000 cues a minute, spread evenly over it or all at its beginning.

use std::path::Path;
use std::time::Duration;

use serde_json::{Value, json};

use crate::Plan;
use crate::arrivals::{Arrival, Arrivals};
use crate::figure::{Figure, quantile};
use crate::fleet;
use crate::machine::{minute_ahead, now_us, sleep_until};
use crate::stamp;

pub const CUES: u32 = 1_000;
const SECOND_US: i64 = 1_000_000;
const MINUTE_US: i64 = 60 * SECOND_US;
/// From one to the next when they are spread.
const APART_US: i64 = MINUTE_US / CUES as i64;
/// The baseline comes due once a second, never within 10 ms of one of the tower's.
const BESIDE_US: i64 = APART_US / 2;
const P50_GOAL_MS: f64 = 3.0;
const P99_GOAL_MS: f64 = 10.0;
const PATIENCE: Duration = Duration::from_secs(20);

pub async fn measure(plan: &Plan) -> Vec<Figure> {
    let mut figures = webhooks_spread(plan).await;
    figures.extend(webhooks_at_once(plan).await);
    figures.extend(commands_spread(plan).await);
    figures
}

async fn webhooks_spread(plan: &Plan) -> Vec<Figure> {
    let agent = Arrivals::start().await;
    let (tower, _data) = fleet::tower(&plan.folder).await;
    let cues = (0..CUES).map(|number| {
        let mut cue = fleet::webhook(number, "0", &agent.url);
        cue["schedule"] = every_minute(number);
        cue
    });
    fleet::create(&tower, cues).await;
    let (from_us, to_us) = minutes(plan);
    let beside = requests_beside(&agent.url, from_us, to_us).await;
    let wanted = (CUES * plan.minutes) as usize;
    let all = agent.wait(wanted + beside, from_us, to_us, PATIENCE).await;
    // A due instant of the tower's is never a whole second and 30 ms.
    let (beside, came): (Vec<_>, Vec<_>) = all.iter().partition(|arrival| arrival.due_us % SECOND_US == BESIDE_US);
    figures("webhook, spread over the minute", wanted, &late(came), "a timer and a request", &late(beside))
}

async fn webhooks_at_once(plan: &Plan) -> Vec<Figure> {
    let agent = Arrivals::start().await;
    let (tower, _data) = fleet::tower(&plan.folder).await;
    fleet::create(&tower, (0..CUES).map(|number| fleet::webhook(number, "0", &agent.url))).await;
    let (from_us, to_us) = minutes(plan);
    let beside = requests_at_once(from_us - 10 * SECOND_US).await;
    // Each minute is one burst, at its beginning.
    sleep_until(to_us - MINUTE_US + SECOND_US).await;
    let wanted = (CUES * plan.minutes) as usize;
    let came = agent.wait(wanted, from_us, to_us, PATIENCE).await;
    figures("webhook, 1000 at :00", wanted, &late(&came), "as many requests at once", &beside)
}

async fn commands_spread(plan: &Plan) -> Vec<Figure> {
    let (tower, data) = fleet::tower(&plan.folder).await;
    let program = std::env::current_exe().expect("a running program has a file");
    let (file, file_beside) = (data.path().join("stamps"), data.path().join("stamps beside"));
    for path in [&file, &file_beside] {
        std::fs::write(path, "").expect("a file can be made");
    }
    let commands = (0..CUES).map(|number| {
        let args = stamp::args(&file, i64::from(number) * APART_US);
        command(number, &program, &args)
    });
    fleet::create(&tower, commands).await;
    let (from_us, to_us) = minutes(plan);
    let mut due_us = from_us + BESIDE_US;
    while due_us < to_us {
        sleep_until(due_us).await;
        let args = stamp::args(&file_beside, due_us % MINUTE_US);
        let started = tokio::process::Command::new(&program).args(args).status().await;
        assert!(started.expect("the stamp can be started").success(), "the stamp did not end well");
        due_us += SECOND_US;
    }
    tokio::time::sleep(Duration::from_secs(2)).await;
    let in_time = |arrivals: Vec<Arrival>| -> Vec<Arrival> {
        arrivals.into_iter().filter(|arrival| (from_us..to_us).contains(&arrival.due_us)).collect()
    };
    let (came, beside) = (in_time(stamp::read(&file)), in_time(stamp::read(&file_beside)));
    let wanted = (CUES * plan.minutes) as usize;
    figures("command, spread over the minute", wanted, &late(&came), "a timer and a spawn", &late(&beside))
}

fn figures(what: &str, wanted: usize, late: &[f64], beside_is: &'static str, beside: &[f64]) -> Vec<Figure> {
    let at = |name: &str, part, goal| {
        let figure = Figure::new(format!("{what}: {name}"), quantile(late, part), "ms").goal(goal);
        figure.beside(beside_is, quantile(beside, part))
    };
    let not_come = Figure::new(format!("{what}: of {wanted} did not come"), wanted as f64 - late.len() as f64, "runs");
    let most = Figure::new(format!("{what}: max"), quantile(late, 1.0), "ms").beside(beside_is, quantile(beside, 1.0));
    vec![at("p50", 0.5, P50_GOAL_MS), at("p99", 0.99, P99_GOAL_MS), most, not_come.goal(0.0)]
}

pub fn late<'a>(arrivals: impl IntoIterator<Item = &'a Arrival>) -> Vec<f64> {
    arrivals.into_iter().map(Arrival::late_ms).collect()
}

/// The whole minutes to watch, once everything is armed.
pub fn minutes(plan: &Plan) -> (i64, i64) {
    let from_us = minute_ahead(Duration::from_secs(12));
    (from_us, from_us + i64::from(plan.minutes) * MINUTE_US)
}

/// Once a minute, each at its own instant of it.
pub fn every_minute(number: u32) -> Value {
    let anchor_us = i64::from(number) * APART_US;
    let at = chrono::DateTime::from_timestamp_micros(anchor_us).expect("an instant of 1970");
    json!({ "type": "interval", "every_seconds": 60, "at": at.to_rfc3339(), "timezone": "UTC" })
}

fn command(number: u32, program: &Path, args: &[String]) -> Value {
    let program = program.to_str().expect("a plain path");
    let argv: Vec<&str> = std::iter::once(program).chain(args.iter().map(String::as_str)).collect();
    json!({
        "name": format!("bench {number}"), "transport": "command", "command": { "argv": argv }, "confirm": "exit_code",
        "schedule": every_minute(number),
    })
}

/// What a program does that has nothing to decide and nothing to write down: it wakes and sends. Returns how many.
async fn requests_beside(url: &str, from_us: i64, to_us: i64) -> usize {
    let http = reqwest::Client::builder().no_proxy().build().expect("a client can be made");
    let mut sent = 0;
    let mut due_us = from_us + BESIDE_US;
    while due_us < to_us {
        sleep_until(due_us).await;
        request(&http, url, due_us).await;
        sent += 1;
        due_us += SECOND_US;
    }
    sent
}

/// The same for a burst, before the tower's own.
async fn requests_at_once(due_us: i64) -> Vec<f64> {
    let agent = Arrivals::start().await;
    let http = reqwest::Client::builder().no_proxy().build().expect("a client can be made");
    let due_us = due_us.max(now_us() + SECOND_US);
    sleep_until(due_us).await;
    let mut sending = tokio::task::JoinSet::new();
    for _ in 0..CUES {
        let (http, url) = (http.clone(), agent.url.clone());
        sending.spawn(async move { request(&http, &url, due_us).await });
    }
    while sending.join_next().await.is_some() {}
    late(&agent.due_between(due_us, due_us + 1))
}

async fn request(http: &reqwest::Client, url: &str, due_us: i64) {
    let due = chrono::DateTime::from_timestamp_micros(due_us).expect("an instant near now").to_rfc3339();
    let sent = http.post(url).header("X-CueAPI-Scheduled-For", due).body("{}").send().await;
    sent.expect("the receiver answers");
}
