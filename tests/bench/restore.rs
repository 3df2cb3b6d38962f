//! A backup of a tower that runs, and the way back: a store with a long past into one file, and out of it into a new folder. Beside
//! each, the same bytes copied and made durable.

use std::fs::File;
use std::path::Path;
use std::time::Instant;

use cuetower_tests::{Tower, binary};
use tokio::process::Command;

use crate::Plan;
use crate::figure::Figure;
use crate::{history, ledger};

const CUES: u32 = 10;

pub async fn measure(plan: &Plan) -> Vec<Figure> {
    let runs = plan.runs;
    let long = plan.folder.join(format!("ready-{runs}-runs"));
    history::make(&long, CUES, runs).await;
    let spare = tempfile::tempdir_in(&plan.folder).expect("a folder can be made");
    let (file, copied, back) =
        (spare.path().join("tower.backup"), spare.path().join("copy"), spare.path().join("back"));

    let mut tower = Tower::start_on(&long).await;
    let backup_s = timed(&long, &["backup".as_ref(), file.as_os_str()]).await;
    let copy_s = copy(&file, &copied);
    tower.stop().await;
    let shown_s = timed(&long, &["backup".as_ref(), "show".as_ref(), file.as_os_str()]).await;
    let restore_s = timed(&back, &["restore".as_ref(), file.as_os_str()]).await;
    let copy_again_s = copy(&file, &copied);
    assert_eq!(count(&back), count(&long), "every run is back");
    let begun = Instant::now();
    let mut again = Tower::start_on(&back).await;
    let ready_ms = begun.elapsed().as_secs_f64() * 1e3;
    again.stop().await;

    let bytes = std::fs::metadata(&file).map_or(0, |file| file.len());
    let figure = |what: &str, seconds: f64| Figure::new(format!("{runs} past runs: {what}"), seconds, "s");
    let figures = vec![
        figure("backup of a running tower", backup_s).beside("a durable copy of the file", copy_s),
        figure("the whole file read through (backup show)", shown_s).beside("a durable copy of the file", copy_s),
        figure("restore into a new folder", restore_s).beside("a durable copy of the file", copy_again_s),
        Figure::new(format!("{runs} past runs: ready on what was restored"), ready_ms, "ms"),
        Figure::new(format!("{runs} past runs: the backup"), bytes as f64 / 1e6, "MB"),
    ];
    if !plan.keep {
        std::fs::remove_dir_all(&long).expect("a folder of our own can be removed");
    }
    figures
}

/// How long the command line takes for it, in seconds.
async fn timed(data: &Path, args: &[&std::ffi::OsStr]) -> f64 {
    let begun = Instant::now();
    let ended = Command::new(binary("cuetowerctl")).arg("--data").arg(data).args(args).output().await;
    let ended = ended.expect("the program starts");
    assert!(ended.status.success(), "{}", String::from_utf8_lossy(&ended.stderr));
    begun.elapsed().as_secs_f64()
}

fn copy(from: &Path, to: &Path) -> f64 {
    let begun = Instant::now();
    let (mut from, mut to) = (File::open(from).expect("it is there"), File::create(to).expect("it can be made"));
    std::io::copy(&mut from, &mut to).and_then(|_| to.sync_all()).expect("there is room for a copy");
    begun.elapsed().as_secs_f64()
}

fn count(store: &Path) -> i64 {
    let count = ledger::open(store).query_row("SELECT count(*) FROM runs", [], |row| row.get(0));
    count.expect("the runs can be counted")
}
