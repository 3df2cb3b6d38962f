//! What retention costs a fire: 1000 cues a minute, spread over it, on a store with a long past; in turns a minute as they are and a
//! minute while that past is put away. The difference is what it adds. A disk stalls by itself now and then, so that one pair of
//! minutes says little: `--minutes` is how many.

use std::time::Duration;

use cuetower_tests::Tower;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::arrivals::Arrivals;
use crate::figure::{Figure, quantile};
use crate::machine::{self, sleep_until};
use crate::{Plan, fleet, history, lateness};

/// Few, so that their runs reach back over many days: one is copied for each minute.
const PAST_CUES: u32 = 20;
const PAST_RUNS_MAX: u32 = 200_000;
const PATIENCE: Duration = Duration::from_secs(30);
/// From a start until what it brings with it is done.
const SETTLING: Duration = Duration::from_secs(5);
/// What may be added to the lateness of a fire.
const ADDED_GOAL_MS: f64 = 5.0;
const MS: &str = "ms";

/// The two kinds of minutes.
#[derive(Default)]
struct Minutes {
    without: Vec<f64>,
    with: Vec<f64>,
    gone: f64,
    slice_ms_most: f64,
    wanted: usize,
}

pub async fn measure(plan: &Plan) -> Vec<Figure> {
    let data = TempDir::new_in(&plan.folder).expect("a folder can be made");
    history::make(data.path(), PAST_CUES, plan.runs.min(PAST_RUNS_MAX)).await;
    let agent = Arrivals::start().await;
    let mut tower = Tower::start_on(data.path()).await;
    let cues = (0..lateness::CUES).map(|number| {
        let mut cue = fleet::webhook(number, "0", &agent.url);
        cue["schedule"] = lateness::every_minute(number);
        cue
    });
    fleet::create(&tower, cues).await;
    set(&tower, "backup.schedule", "never").await;
    let before = look(&tower).await;
    let mut all = Minutes::default();
    for round in 1..=plan.minutes {
        for puts_away in [false, true] {
            let (late, seen) = minute(&mut tower, &agent, puts_away).await;
            let at = |part| quantile(&late, part);
            let what = if puts_away { "with" } else { "without" };
            eprintln!("{round}: {what}: p50 {:.2} p99 {:.2} max {:.2} ms", at(0.5), at(0.99), at(1.0));
            all.wanted += lateness::CUES as usize;
            if let Some(seen) = seen {
                eprintln!("{round}: {seen}");
                all.gone += seen["runs"].as_f64().unwrap_or(f64::NAN);
                all.slice_ms_most = all.slice_ms_most.max(seen["slice_ms_most"].as_f64().unwrap_or(f64::NAN));
                all.with.extend(late);
            } else {
                all.without.extend(late);
            }
        }
    }
    all.figures(before["runs"].as_f64().unwrap_or(f64::NAN))
}

/// One minute of a tower that was just started: how late its fires were, and what was put away meanwhile.
async fn minute(tower: &mut Tower, agent: &Arrivals, puts_away: bool) -> (Vec<f64>, Option<Value>) {
    set(tower, "retention.keep_days", "0").await;
    tower.stop().await;
    tower.again().await;
    tokio::time::sleep(SETTLING).await;
    // What was just written would be brought to the disk meanwhile, and is no part of what is measured.
    machine::written_out();
    let from_us = machine::minute_ahead(Duration::from_secs(3));
    let to_us = from_us + 60_000_000;
    sleep_until(from_us - 2_000_000).await;
    if puts_away {
        set(tower, "retention.keep_days", "1").await;
        // The pass goes on after whoever asked for it is gone.
        let asked = tower.owner_call("retention_run", &Value::Null);
        drop(tokio::time::timeout(Duration::from_secs(1), asked).await);
    }
    sleep_until(to_us).await;
    let seen = if puts_away { Some(look(tower).await) } else { None };
    let came = agent.wait(lateness::CUES as usize, from_us, to_us, PATIENCE).await;
    let pass = seen.map(|view| if view["running"] == true { view["so_far"].clone() } else { view["last"].clone() });
    (lateness::late(&came), pass)
}

impl Minutes {
    fn figures(&self, runs: f64) -> Vec<Figure> {
        let added = |name: &str, part: f64| {
            let (with, without) = (quantile(&self.with, part), quantile(&self.without, part));
            let figure = Figure::new(format!("added to the {name} of {} fires", self.with.len()), with - without, MS);
            figure.goal(ADDED_GOAL_MS).beside("without it, the whole of it", without)
        };
        let came = self.with.len() + self.without.len();
        vec![
            added("p50", 0.5),
            added("p90", 0.9),
            added("p99", 0.99),
            added("max", 1.0),
            Figure::new("fires that did not come", self.wanted as f64 - came as f64, "runs").goal(0.0),
            Figure::new("runs put away meanwhile", self.gone, "runs").beside("runs that there were", runs),
            Figure::new("the longest slice", self.slice_ms_most, MS).goal(ADDED_GOAL_MS),
        ]
    }
}

async fn set(tower: &Tower, name: &str, value: &str) {
    tower.owner("setting_set", &json!({ "name": name, "value": value })).await;
}

async fn look(tower: &Tower) -> Value {
    tower.owner("retention", &Value::Null).await
}
