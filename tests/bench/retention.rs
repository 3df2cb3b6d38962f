//! What retention costs a fire: 1000 cues a minute, spread over it, on a store with a long past; first as they are, then while that past
//! is put away. The difference is what it adds.

use std::time::Duration;

use cuetower_tests::{Tower, until};
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
/// For all of it to be put away.
const PASS: Duration = Duration::from_secs(1_800);
/// What may be added to the lateness of a fire.
const ADDED_GOAL_MS: f64 = 5.0;

pub async fn measure(plan: &Plan) -> Vec<Figure> {
    let data = TempDir::new_in(&plan.folder).expect("a folder can be made");
    history::make(data.path(), PAST_CUES, plan.runs.min(PAST_RUNS_MAX)).await;
    let agent = Arrivals::start().await;
    let tower = Tower::start_on(data.path()).await;
    let cues = (0..lateness::CUES).map(|number| {
        let mut cue = fleet::webhook(number, "0", &agent.url);
        cue["schedule"] = lateness::every_minute(number);
        cue
    });
    fleet::create(&tower, cues).await;
    // What was just written would be brought to the disk meanwhile, and is no part of what is measured.
    machine::written_out();
    let wanted = (lateness::CUES * plan.minutes) as usize;
    let fires = async || {
        let (from_us, to_us) = lateness::minutes(plan);
        sleep_until(to_us).await;
        lateness::late(&agent.wait(wanted, from_us, to_us, PATIENCE).await)
    };
    let without = fires().await;
    let before = look(&tower).await;
    tower.owner("setting_set", &json!({ "name": "retention.keep_days", "value": "1" })).await;
    // The pass goes on after whoever asked for it is gone.
    let asked = tower.owner_call("retention_run", &Value::Null);
    drop(tokio::time::timeout(Duration::from_secs(2), asked).await);
    let with = fires().await;
    let after = look(&tower).await;
    let ended = until("the end of the pass", PASS, async || {
        let now = look(&tower).await;
        (now["running"] == false && now["last"] != Value::Null).then_some(now)
    })
    .await;
    let at = |part: f64| (quantile(&with, part), quantile(&without, part));
    let added = |name: &str, part: f64| {
        let (with, without) = at(part);
        let figure = Figure::new(format!("added to the {name} of {wanted} fires"), with - without, "ms");
        figure.goal(ADDED_GOAL_MS).beside("without it, the whole of it", without)
    };
    let number = |view: &Value, name: &str| view[name].as_f64().unwrap_or(f64::NAN);
    // Those that were fired meanwhile came on top.
    let gone = number(&before, "runs") - number(&after, "runs") + wanted as f64;
    vec![
        added("p50", 0.5),
        added("p99", 0.99),
        added("max", 1.0),
        Figure::new("fires that did not come", wanted as f64 - with.len() as f64, "runs").goal(0.0),
        Figure::new("runs put away meanwhile, about", gone, "runs")
            .beside("runs that there were", number(&before, "runs")),
        Figure::new("it was at work to the end", f64::from(u8::from(after["running"] == true)), "(1: yes)"),
        Figure::new("the longest slice of all", number(&ended["last"], "slice_ms_most"), "ms").goal(ADDED_GOAL_MS),
        Figure::new("the file, when all is put away", number(&ended, "store_bytes") / 1e6, "MB")
            .beside("before", number(&before, "store_bytes") / 1e6),
    ]
}

async fn look(tower: &Tower) -> Value {
    tower.owner("retention", &Value::Null).await
}
