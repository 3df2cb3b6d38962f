//! A storm of edits and jumps: the real program is killed again and again while its wall clock is set to and fro, its cues
//! are edited, paused, deleted and made anew, and agents report. Then the audit of the whole history must find nothing.

mod edits;

use std::time::Duration;

use cuetower_tests::{Tower, Wall, ctl_in, ms};
use rand::rngs::{StdRng, SysRng};
use rand::{Rng as _, SeedableRng as _};
use serde_json::Value;

use self::edits::Desk;
use crate::crash::{Witness, agent, broken, settle};

const MINUTE_MS: i64 = 60_000;
const HOUR_MS: i64 = 60 * MINUTE_MS;
const DAY_MS: i64 = 24 * HOUR_MS;
/// The hours around the beginning of summer time are in reach.
const BEGINS: &str = "2026-03-28T22:00:10Z";
/// Edits, jumps and pauses between two kills.
const MOVES: u64 = 7;

#[tokio::test(flavor = "multi_thread")]
async fn a_storm_of_kills_jumps_and_edits_leaves_nothing_unexplained() {
    storm(12).await;
}

/// `cargo xtask crash --cycles N`.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "takes minutes; `cargo xtask crash --cycles 200`"]
async fn crash_cycles_of_a_storm() {
    let cycles = std::env::var("CUETOWER_CRASH_CYCLES").ok().and_then(|text| text.parse().ok()).unwrap_or(200);
    storm(cycles).await;
}

/// Where the wall clock has been.
struct Weather {
    wall: Wall,
    newest_ms: i64,
    jumps: u32,
}

impl Weather {
    /// Mostly a little forward, seldom by a day; a clock that is behind is mostly put right.
    fn jump(&mut self, luck: &mut StdRng) {
        let now_ms = self.wall.now_ms();
        self.newest_ms = self.newest_ms.max(now_ms);
        self.jumps += 1;
        let behind = now_ms < self.newest_ms - MINUTE_MS;
        let some = |luck: &mut StdRng, most: i64| i64::try_from(luck.next_u64() >> 1).unwrap() % most;
        match luck.next_u64() % 16 {
            _ if behind && !luck.next_u64().is_multiple_of(4) => self.wall.set_ms(self.newest_ms + some(luck, 20_000)),
            0..6 => self.wall.step(some(luck, 10 * MINUTE_MS)),
            6..10 => self.wall.step(-some(luck, 10 * MINUTE_MS)),
            10..13 => self.wall.step(some(luck, 5 * HOUR_MS)),
            13 | 14 => self.wall.step(-some(luck, 2 * HOUR_MS)),
            _ => self.wall.step(some(luck, 2 * DAY_MS)),
        }
    }
}

async fn storm(cycles: u32) {
    let data = tempfile::tempdir().unwrap();
    let mut weather = Weather { wall: Wall::at(BEGINS), newest_ms: ms(BEGINS), jumps: 0 };
    let env = weather.wall.env();
    let env: Vec<(&str, &str)> = env.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let witness = Witness::new();
    let agent = agent(&witness).await;
    let seed = StdRng::try_from_rng(&mut SysRng).unwrap().next_u64();
    let mut luck = StdRng::seed_from_u64(seed);
    let mut tower = Tower::start_with(Some(data.path()), &[], &env).await;
    let mut desk = Desk::new(&agent.url);
    desk.open(&tower, &mut luck, weather.wall.now_ms()).await;
    for _ in 0..cycles {
        for _ in 0..1 + luck.next_u64() % MOVES {
            match luck.next_u64() % 4 {
                0 => weather.jump(&mut luck),
                1 => tokio::time::sleep(Duration::from_millis(luck.next_u64() % 400)).await,
                _ => desk.change(&tower, &mut luck, weather.wall.now_ms()).await,
            }
        }
        // Agents must have had time to work.
        tokio::time::sleep(Duration::from_millis(200)).await;
        if luck.next_u64().is_multiple_of(8) {
            tower.stop().await
        } else {
            tower.kill9().await
        }
        if luck.next_u64().is_multiple_of(3) {
            weather.jump(&mut luck);
        }
        tower.again().await;
    }
    weather.wall.set_ms(weather.newest_ms.max(weather.wall.now_ms()) + MINUTE_MS);
    desk.close(&tower).await;
    settle(&tower).await;
    // What is due in the last seconds is not asked about.
    weather.wall.step(MINUTE_MS);
    let whole = audited(&tower, &[]).await;
    let day = audited(&tower, &["--days", "1"]).await;
    tower.stop().await;
    let stopped = ctl_in(data.path(), &["ledger", "audit", "--json"], "").await;
    let violations = broken(data.path(), &witness);
    let (Weather { jumps, .. }, Desk { edits, .. }) = (&weather, &desk);
    println!(
        "{cycles} kills, {jumps} jumps, {edits} edits, {} instants of {} cues audited ({} of the last day), \
         {} outcomes acknowledged, seed {seed}",
        whole["instants"],
        whole["cues"],
        day["instants"],
        witness.acknowledged(),
    );
    for (what, found) in [("the whole history", &whole), ("the last day", &day)] {
        assert_eq!(found["unexplained"], 0, "{what}: {found:#}\nof {}", keep(data));
    }
    assert_eq!(stopped.code, Some(0), "{stopped:?}");
    assert!(violations.is_empty(), "{violations:#?}\nof {}", keep(data));
    assert!(whole["instants"].as_u64() > Some(u64::from(cycles) * 10), "the storm is no storm: {whole}");
    assert!(*jumps > cycles / 3 && *edits > cycles / 2, "{jumps} jumps, {edits} edits");
    assert!(witness.acknowledged() > 0, "no agent could work");
}

async fn audited(tower: &Tower, more: &[&str]) -> Value {
    let ended = tower.ctl(&[&["ledger", "audit", "--json"], more].concat()).await;
    serde_json::from_str(&ended.out).unwrap_or_else(|error| panic!("{error} in {ended:?}"))
}

/// The folder stays, to be looked at.
fn keep(data: tempfile::TempDir) -> String {
    data.keep().display().to_string()
}
