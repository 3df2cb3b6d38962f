//! A week of a pool "1 at once, 10 a minute", shared by agents that are killed, hang, and are rate-limited now and then.

use super::*;
use crate::id::Dice;
use crate::id::tests::Counting;

const WEEK_MS: u64 = 7 * crate::time::DAY_MS;
const LEASE: u64 = 20_000;

#[derive(Debug, Clone, PartialEq)]
enum Doing {
    /// Asks at this instant.
    Resting(Ms),
    Asking,
    /// Works until then; `killed`: and is never heard of again.
    Working {
        until: Ms,
        killed: bool,
    },
}

struct Worker {
    name: String,
    doing: Doing,
    worked: u32,
}

#[test]
fn a_week_of_two_agents_and_a_pool_for_one() {
    let limits = PoolLimits { concurrency: Some(1), calls_per_min: Some(10), tokens_per_min: None };
    let mut field = Field::with(&[("openai", limits)]);
    let mut dice = Counting(7);
    let mut roll = move |most: u64| dice.throw() % most;
    let mut workers =
        ["a", "b"].map(|name| Worker { name: name.to_owned(), doing: Doing::Resting(MORNING), worked: 0 });
    let mut grants: std::collections::VecDeque<Ms> = std::collections::VecDeque::new();
    let (mut granted_in_all, mut kills, mut lapses, mut fullest) = (0_u32, 0_u32, 0_u32, 0_usize);
    let end = MORNING.plus(WEEK_MS);
    while field.now < end {
        let mut heard = Vec::new();
        for worker in &mut workers {
            let name = worker.name.clone();
            let life = format!("{name}{}", worker.worked);
            match worker.doing.clone() {
                Doing::Resting(until) if until <= field.now => {
                    let needs = vec![one("openai")];
                    let ask = PoolInput::Ask { holder: agent(&life), needs, priority: 0, lease_ms: Some(LEASE) };
                    worker.doing = Doing::Asking;
                    heard.push(field.give(ask));
                }
                Doing::Asking => {
                    let again =
                        PoolInput::Ask { holder: agent(&life), needs: Vec::new(), priority: 0, lease_ms: Some(LEASE) };
                    heard.push(field.give(again));
                }
                Doing::Working { until, killed: false } if until <= field.now => {
                    if roll(500) == 0 {
                        heard.push(
                            field.give(PoolInput::RateLimited { pool: "openai".to_owned(), retry_after_ms: None }),
                        );
                    }
                    heard.push(field.give(PoolInput::GiveBack { holder: agent(&life).key(), tokens: None }));
                    let rest = if roll(4) == 0 { roll(180_000) } else { 0 };
                    worker.worked += 1;
                    worker.doing = Doing::Resting(field.now.plus(rest));
                }
                Doing::Working { killed: false, .. } => {
                    let permit_id = PermitId(format!("permit_{life}"));
                    heard.push(field.give(PoolInput::Renew { permit_id }));
                }
                Doing::Resting(_) | Doing::Working { .. } => {}
            }
        }
        heard.push(field.give(PoolInput::Tick));
        for decision in heard {
            for holder in decision.lapsed {
                lapses += 1;
                let worker = workers.iter_mut().find(|worker| holder.words().starts_with(&worker.name)).expect("ours");
                let was_killed = matches!(worker.doing, Doing::Working { killed: true, .. });
                assert!(was_killed, "{holder:?} lapsed, though it was alive");
                worker.worked += 1;
                worker.doing = Doing::Resting(field.now);
            }
            for grant in decision.granted {
                granted_in_all += 1;
                let others = workers.iter().filter(|worker| matches!(worker.doing, Doing::Working { .. }));
                assert_eq!(others.count(), 0, "two at once at {:?}", field.now);
                let worker =
                    workers.iter_mut().find(|worker| grant.holder.words().starts_with(&worker.name)).expect("ours");
                let killed = roll(50) == 0;
                kills += u32::from(killed);
                let length = if roll(10) == 0 { roll(120_000) } else { roll(3_000) };
                worker.doing = Doing::Working { until: field.now.plus(length), killed };
                grants.push_back(field.now);
                while grants.front().is_some_and(|at| field.now.since(*at) > 60_000) {
                    grants.pop_front();
                }
                assert!(grants.len() <= 10, "{} in the minute before {:?}", grants.len(), field.now);
                fullest = fullest.max(grants.len());
            }
        }
        field.now = field.now.plus(500 + roll(1_000)).min(field.book.wakes_at(field.now).unwrap_or(end)).min(end);
    }
    assert!(granted_in_all > 30_000, "{granted_in_all} grants in a week: the pool idles");
    assert_eq!(fullest, 10, "the rate was used to the full");
    assert!(kills > 300 && kills.abs_diff(lapses) <= 1, "{kills} killed, {lapses} came back");
}
