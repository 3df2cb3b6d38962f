//! What arming costs: the occurrences of the coming minute, written five seconds ahead; and what an occurrence costs from
//! its arming to its end.

use std::time::Duration;

use crate::Plan;
use crate::arrivals::Arrivals;
use crate::figure::Figure;
use crate::machine::{cpu_us, minute_ahead, sleep_until};
use crate::{fleet, ledger};

const SECOND_US: i64 = 1_000_000;
const MINUTE_US: i64 = 60 * SECOND_US;
/// Before the due instant: the tower arms 5 s ahead.
const WATCHED_FROM_US: i64 = 6 * SECOND_US;
const PATIENCE: Duration = Duration::from_secs(30);

pub async fn measure(plan: &Plan) -> Vec<Figure> {
    let agent = Arrivals::start().await;
    let (tower, data) = fleet::tower(&plan.folder).await;
    fleet::create(&tower, (0..plan.cues).map(|number| fleet::webhook(number, "0", &agent.url))).await;
    let due_us = minute_ahead(Duration::from_secs(12)) + MINUTE_US;
    let count = plan.cues as usize;
    // One round before, so that no lane is new.
    sleep_until(due_us - WATCHED_FROM_US).await;
    let before_us = cpu_us(tower.pid());
    let armed = ledger::watch(data.path(), tower.pid(), "occurrence_armed", count, PATIENCE).await;
    let (after, upto) = armed.seqs;
    let rows = [
        ("journal", format!("seq > {after} AND seq <= {upto} AND kind = 'occurrence_armed'")),
        ("occurrences", format!("due_ms = {}", due_us / 1_000)),
    ];
    sleep_until(due_us + MINUTE_US - WATCHED_FROM_US).await;
    let whole_us = cpu_us(tower.pid()) - before_us;
    let came = agent.due_between(due_us, due_us + SECOND_US).len();
    let (raw_ms, raw_cpu_ms) = ledger::raw(data.path(), &rows);
    let each = f64::from(plan.cues);
    let what = |figure: &str| format!("{count} cues: {figure}");
    vec![
        Figure::new(what("first to last armed on disk"), (armed.last_us - armed.first_us) as f64 / 1e3, "ms")
            .beside("its rows in plain SQLite", raw_ms),
        Figure::new(what("processor time to arm one"), armed.cpu_us / each, "us")
            .beside("its rows in plain SQLite", raw_cpu_ms * 1e3 / each),
        Figure::new(what("commits seen"), armed.commits as f64, "commits"),
        Figure::new(what("processor time of one, armed to ended"), whole_us / each, "us"),
        Figure::new(what("not armed"), count as f64 - armed.count as f64, "occurrences").goal(0.0),
        Figure::new(what("not delivered"), count as f64 - came as f64, "runs").goal(0.0),
    ]
}
