//! The seeded simulator: core's decisions on a virtual clock, with crashes, restarts, sleep, clock changes, lying agents and
//! messages that are lost, doubled or late. A failing seed prints how to replay it.

mod audit;
mod fleet;
mod luck;
mod world;

use luck::Luck;
use world::World;

/// Seeds in the ordinary run.
const SEEDS: u64 = 150;

#[test]
fn the_ledger_holds_through_crashes_sleep_and_lies() {
    simulate(0..SEEDS);
}

/// `cargo xtask simulate --seeds N`: more of the same, from a seed on.
#[test]
#[ignore = "runs as long as it is told to"]
fn simulate_seeds() {
    let number = |name: &str| std::env::var(name).ok().and_then(|text| text.parse::<u64>().ok());
    let from = number("CUETOWER_SIM_FROM").unwrap_or(0);
    simulate(from..from + number("CUETOWER_SIM_SEEDS").unwrap_or(2_000));
}

fn simulate(seeds: std::ops::Range<u64>) {
    let count = seeds.end - seeds.start;
    let mut all = world::Tally::default();
    for seed in seeds {
        let lived = std::panic::catch_unwind(|| live(seed));
        match lived {
            Ok(tally) => all.add(&tally),
            Err(panic) => {
                eprintln!(
                    "seed {seed} failed; replay it, with its whole journal, by\n\n  \
                     CUETOWER_SIM_TRACE=1 CUETOWER_SIM_FROM={seed} cargo xtask simulate --seeds 1\n"
                );
                std::panic::resume_unwind(panic);
            }
        }
    }
    println!("{count} seeds: {all:?}");
    // Chaos that does not happen proves nothing.
    assert!(all.crashes > 2 * count && all.deliveries > 20 * count && all.acknowledged > 5 * count, "{all:?}");
    assert!(all.lost_attempts > count / 4 && all.failed_commits > count / 4 && all.refused > count / 4, "{all:?}");
}

fn live(seed: u64) -> world::Tally {
    let mut luck = Luck::of(seed);
    let mut world = World::new(&mut luck);
    for _ in 0..250 {
        world.step(&mut luck);
    }
    world.settle(&mut luck);
    if std::env::var_os("CUETOWER_SIM_TRACE").is_some() {
        for world::Fact { cue, at, event } in &world.journal {
            println!("{} {cue} {}", at.0, serde_json::to_string(event).expect("an event is text and numbers"));
        }
    }
    audit::audit(&world);
    world.tally
}
