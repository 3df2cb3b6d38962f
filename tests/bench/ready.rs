//! From the start of the program to its ready line: on an empty store, on one with many cues, and on one with a long history.

use std::path::Path;
use std::time::Instant;

use cuetower_tests::Tower;

use crate::Plan;
use crate::figure::{Figure, quantile};
use crate::history;

const STARTS: usize = 7;
/// So that what history costs is seen apart from what cues cost.
const FEW: u32 = 10;
const GOAL_MS: f64 = 150.0;

pub async fn measure(plan: &Plan) -> Vec<Figure> {
    let (cues, runs) = (plan.cues, plan.runs);
    let empty = tempfile::tempdir_in(&plan.folder).expect("a folder can be made");
    let empty_ms = starts(empty.path()).await;
    let figure = |what: String, ms: f64| Figure::new(what, ms, "ms").goal(GOAL_MS);
    let mut figures = vec![figure("an empty store".to_owned(), empty_ms)];

    let short = tempfile::tempdir_in(&plan.folder).expect("a folder can be made");
    history::add_cues(short.path(), 0..cues).await;
    let ms = starts(short.path()).await;
    figures.push(figure(format!("{cues} cues, no past runs"), ms).beside("an empty store", empty_ms));
    drop(short);

    let long = plan.folder.join(format!("ready-{runs}-runs"));
    history::make(&long, FEW, runs).await;
    for count in [FEW, cues.max(FEW)] {
        let there = history::cues_in(&long);
        if there < count {
            history::add_cues(&long, there..count).await;
        } else if there > count {
            eprintln!("{} was kept with {there} cues; remove it to measure {count}", long.display());
            continue;
        }
        let ms = starts(&long).await;
        figures.push(figure(format!("{count} cues, {runs} past runs"), ms).beside("an empty store", empty_ms));
    }
    let bytes = std::fs::metadata(long.join("cuetower.db")).map_or(0, |store| store.len());
    figures.push(Figure::new(format!("{runs} past runs: the store"), bytes as f64 / 1e6, "MB"));
    if !plan.keep {
        std::fs::remove_dir_all(&long).expect("a folder of our own can be removed");
    }
    figures
}

/// The median of some starts, in milliseconds; each tower is stopped in order.
async fn starts(data: &Path) -> f64 {
    let mut took = Vec::new();
    for _ in 0..STARTS {
        let begun = Instant::now();
        let mut tower = Tower::start_on(data).await;
        took.push(begun.elapsed().as_secs_f64() * 1e3);
        tower.stop().await;
    }
    quantile(&took, 0.5)
}
