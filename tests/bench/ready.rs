//! From the start of the program to its ready line: on an empty store, and on one with a long history.

use std::path::Path;
use std::time::Instant;

use cuetower_tests::Tower;

use crate::Plan;
use crate::figure::{Figure, quantile};
use crate::history;

const STARTS: usize = 7;
const FEW: u32 = 10;
const GOAL_MS: f64 = 150.0;

pub async fn measure(plan: &Plan) -> Vec<Figure> {
    let empty = tempfile::tempdir_in(&plan.folder).expect("a folder can be made");
    drop(history::cues(empty.path(), 0).await);
    let empty_ms = starts(empty.path()).await;
    let mut figures = vec![Figure::new("an empty store", empty_ms, "ms").goal(GOAL_MS)];
    for (cues, runs) in [(FEW, plan.runs), (plan.cues, 0), (plan.cues, plan.runs)] {
        let store = plan.folder.join(format!("ready-{cues}-cues-{runs}-runs"));
        history::ready(&store, cues, runs).await;
        let what = format!("{cues} cues, {runs} past runs");
        let ms = starts(&store).await;
        figures.push(Figure::new(&what, ms, "ms").goal(GOAL_MS).beside("an empty store", empty_ms));
        if runs > 0 {
            let bytes = std::fs::metadata(store.join("cuetower.db")).map_or(0, |store| store.len());
            figures.push(Figure::new(format!("{what}: the store"), bytes as f64 / 1e6, "MB"));
        }
        if !plan.keep {
            std::fs::remove_dir_all(&store).expect("a folder of our own can be removed");
        }
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
