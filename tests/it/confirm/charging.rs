//! An agent that charges customers, killed with -9 at every boundary of its steps, 500 times, and its tower with it now and
//! then: everybody is charged exactly once. And the proof that this would be noticed.

use std::collections::VecDeque;
use std::time::Duration;

use rand::rngs::{StdRng, SysRng};
use rand::{Rng as _, SeedableRng as _};
use serde_json::json;

use super::{Scene, Told, house, numbers, word};

/// One attempt fewer than a run may have, so that each lives in the end.
const DEATHS: usize = 9;
const CUSTOMERS: u64 = 8;
const CENTS: i64 = 499;
/// Runs at work at once.
const AT_ONCE: usize = 8;
const PLACES: [&str; 4] = ["before-begin", "after-begin", "after-charge", "after-complete"];

#[tokio::test(flavor = "multi_thread")]
async fn five_hundred_kills_charge_everybody_once() {
    let found = charging(55, 20, None).await;
    assert!(found.violations.is_empty(), "{:#?}", found.violations);
    assert!(found.kills >= 500, "only {} kills", found.kills);
    let places = PLACES.len() * usize::try_from(CUSTOMERS).unwrap();
    assert!(found.places == places, "{} of {places} boundaries saw a death", found.places);
}

#[tokio::test(flavor = "multi_thread")]
async fn sabotage_that_charges_twice_is_noticed() {
    let found = charging(2, 0, Some("charge_twice")).await;
    let twice = found.violations.iter().find(|violation| violation.contains("was charged 2 times"));
    println!("noticed: {}", twice.expect("customers were charged twice, and the check did not say so"));
}

struct Found {
    violations: Vec<String>,
    kills: usize,
    /// Boundaries at which something died.
    places: usize,
}

/// One run, its bank, and where its attempts die.
struct Charging {
    run: String,
    bank: std::path::PathBuf,
    deaths: Vec<usize>,
}

async fn charging(runs: usize, tower_kills: usize, sabotage: Option<&str>) -> Found {
    let mut scene = Scene::sabotaged(sabotage).await;
    let mut luck = StdRng::try_from_rng(&mut SysRng).unwrap();
    let mut waiting: VecDeque<usize> = (0..runs).collect();
    let (mut at_work, mut ended): (Vec<Charging>, Vec<(Charging, Told)>) = (Vec::new(), Vec::new());
    let mut killed = 0;
    while ended.len() < runs {
        while at_work.len() < AT_ONCE
            && let Some(number) = waiting.pop_front()
        {
            at_work.push(begun(&scene, number, &mut luck).await);
        }
        tokio::time::sleep(Duration::from_millis(100 + luck.next_u64() % 200)).await;
        // Spread over the whole of it.
        if killed * runs < tower_kills * (ended.len() + 1) && killed < tower_kills {
            scene.crash().await;
            killed += 1;
        }
        for charging in std::mem::take(&mut at_work) {
            let story = scene.story(&charging.run).await;
            if story["mark"]["ended_at_ms"].is_number() && story["checking_since_ms"].is_null() {
                let told = scene.ended(&charging.run).await;
                ended.push((charging, told));
            } else {
                at_work.push(charging);
            }
        }
    }
    looked_at(&ended, killed)
}

async fn begun(scene: &Scene, number: usize, luck: &mut StdRng) -> Charging {
    let mut deaths: Vec<usize> = boundaries(number, luck);
    deaths.sort_unstable();
    let dies: Vec<String> =
        deaths.iter().map(|at| format!("{}:{}", PLACES[at % PLACES.len()], at / PLACES.len() + 1)).collect();
    let bank = scene.at(&format!("bank-{number}.sqlite"));
    let gives = |query: &str, equals: serde_json::Value| json!({ "check": "sql", "sqlite": bank, "query": query, "equals": equals });
    let cue = json!({
        "payload": { "bank": bank, "customers": CUSTOMERS, "cents": CENTS },
        "env": { "CHARGING_AGENT_DIES": dies.join(", ") },
        "retry": { "max_attempts": DEATHS + 1, "backoff_seconds": [0.01] },
        "expect": { "min_processed": CUSTOMERS },
        "checks": [
            gives("select count(*) from charges", json!("{{outcome.processed}}")),
            gives("select count(distinct customer) from charges", json!(CUSTOMERS)),
        ],
    });
    let agent = house().join("examples/charging_agent.py");
    let run = scene.fired(&scene.cue(&format!("charging {number}"), &agent, cue)).await;
    Charging { run, bank, deaths }
}

/// Where the attempts of a run die; of several runs, at each boundary. A boundary may be met by several deaths.
fn boundaries(number: usize, luck: &mut StdRng) -> Vec<usize> {
    let all = PLACES.len() * usize::try_from(CUSTOMERS).unwrap();
    let in_turn = (0..DEATHS / 2).map(|death| (number * (DEATHS / 2) + death) % all);
    let by_luck = (DEATHS / 2..DEATHS).map(|_| luck.next_u64() as usize % all);
    in_turn.chain(by_luck.collect::<Vec<_>>()).collect()
}

fn looked_at(ended: &[(Charging, Told)], tower_kills: usize) -> Found {
    let mut violations = Vec::new();
    let (mut deaths, mut charges) = (0, 0);
    let mut places = std::collections::BTreeSet::new();
    for (Charging { run, bank, deaths: planned }, told) in ended {
        let died = told.of_attempts("sentence");
        let died = died.iter().map(|said| said.as_str().is_some_and(|said| said.starts_with("killed by signal 9")));
        let died: Vec<bool> = died.collect();
        deaths += died.iter().filter(|died| **died).count();
        places.extend(planned.iter().zip(&died).filter(|(_, died)| **died).map(|(place, _)| *place));
        let said = (word(&told.story, "state"), word(&told.story["mark"], "sentence"));
        let sentence =
            format!("Reported success, and all 3 proofs hold. {CUSTOMERS} of {CUSTOMERS} records were processed.");
        if said != ("confirmed", sentence.as_str()) {
            violations.push(format!("run {run} is {}: {}", said.0, said.1));
        }
        let times = numbers(bank, "SELECT count(*) FROM charges GROUP BY customer ORDER BY customer");
        charges += times.iter().sum::<i64>();
        for (customer, times) in times.iter().enumerate().filter(|(_, times)| **times != 1) {
            violations.push(format!("customer {} of run {run} was charged {times} times", customer + 1));
        }
        let sum = numbers(bank, "SELECT sum(cents) FROM charges")[0];
        if sum != CENTS * CUSTOMERS as i64 {
            violations.push(format!("run {run} took {sum} cents"));
        }
    }
    let kills = deaths + tower_kills;
    println!(
        "{kills} kills ({deaths} of agents, {tower_kills} of the tower), {charges} charges of {} customers, violations: {violations:?}",
        ended.len() as u64 * CUSTOMERS
    );
    Found { violations, kills, places: places.len() }
}
