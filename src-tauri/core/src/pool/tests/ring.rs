//! Runs that hold while their agents ask: no ring closes, and nobody in the line stands in the way of whom it waits for.

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::*;

fn agent_of(number: u32, name: &str) -> Holder {
    let permit_id = PermitId(format!("permit_{name}"));
    Holder::Agent { permit_id, run: Some(RunId(format!("run-{number}"))), who: name.to_owned() }
}

impl Field {
    fn agent_of_run_asks(&mut self, number: u32, name: &str, needs: &[Need]) -> PoolAnswer {
        let holder = agent_of(number, name);
        self.give(PoolInput::Ask { holder, needs: needs.to_vec(), priority: 0, lease_ms: None }).answer
    }
}

#[test]
fn who_waits_for_a_run_keeps_nothing_from_it() {
    let mut field = Field::with(&[("a", at_once(1)), ("b", at_once(1))]);
    field.run_asks(1, &[one("a")], 0);
    field.run_asks(2, &[one("a"), one("b")], 9);
    assert!(!granted(&field.agent_asks("stranger", &[one("b")], 60_000)), "b is kept for the second run");
    assert!(granted(&field.agent_of_run_asks(1, "x", &[one("b")])), "or the first one would never end");
}

#[test]
fn who_waits_for_a_run_at_the_same_pool_keeps_nothing_from_it_either() {
    let mut field = Field::with(&[("gpu", at_once(2))]);
    field.run_asks(1, &[one("gpu")], 0);
    field.run_asks(2, &[weighing("gpu", 2)], 9);
    assert!(!granted(&field.agent_asks("stranger", &[one("gpu")], 60_000)));
    assert!(granted(&field.agent_of_run_asks(1, "x", &[one("gpu")])));
}

#[test]
fn one_that_has_to_wait_passes_as_soon_as_there_is_room() {
    let mut field = Field::with(&[("a", at_once(1)), ("b", at_once(1))]);
    field.run_asks(1, &[one("a")], 0);
    field.agent_asks("stranger", &[one("b")], 60_000);
    field.run_asks(2, &[one("a"), one("b")], 0);
    assert!(matches!(field.agent_of_run_asks(1, "x", &[one("b")]), PoolAnswer::Waits(_)), "the stranger will end");
    let back = field.give(PoolInput::GiveBack { holder: agent("stranger").key(), tokens: None });
    assert_eq!(back.granted.iter().map(|grant| grant.holder.words()).collect::<Vec<_>>(), ["x"]);
}

#[test]
fn over_several_corners_too() {
    let mut field = Field::with(&[("a", at_once(1)), ("b", at_once(1)), ("c", at_once(1)), ("d", at_once(1))]);
    field.run_asks(1, &[one("a")], 0);
    field.run_asks(2, &[one("d")], 0);
    field.run_asks(3, &[one("a"), one("b")], 0);
    field.run_asks(4, &[one("d"), one("c")], 0);
    assert!(granted(&field.agent_of_run_asks(2, "y", &[one("c")])), "the fourth waits for the second");
    field.give(PoolInput::GiveBack { holder: agent_of(2, "y").key(), tokens: None });
    // The second waits for b, which is kept for the third, which waits for the first.
    assert!(!granted(&field.agent_of_run_asks(2, "y", &[one("b")])));
    // The first needs c, which is kept for the fourth, which waits for the second, which waits for the third.
    assert!(granted(&field.agent_of_run_asks(1, "x", &[one("c")])));
}

#[test]
fn an_ask_that_closes_a_ring_is_refused() {
    let mut field = Field::with(&[("a", at_once(1)), ("b", at_once(1))]);
    field.run_asks(1, &[one("a")], 0);
    let answer = field.agent_of_run_asks(1, "x", &[one("a")]);
    assert!(refusal(&answer).starts_with("This would wait for ever"), "its own run has it: {answer:?}");
    field.run_asks(2, &[one("b")], 0);
    assert!(matches!(field.agent_of_run_asks(1, "x", &[one("b")]), PoolAnswer::Waits(_)), "the second may end");
    let answer = field.agent_of_run_asks(2, "y", &[one("a")]);
    assert!(refusal(&answer).starts_with("This would wait for ever"), "{answer:?}");
    assert_eq!(field.run_ends(2), [1], "the agent of the first got it as the second ended");
    assert!(field.book.holds(&agent_of(1, "x").key()));
}

#[test]
fn a_ring_with_a_way_out_is_none() {
    let mut field = Field::with(&[("a", at_once(2)), ("b", at_once(1))]);
    field.run_asks(1, &[one("a")], 0);
    field.run_asks(2, &[one("b")], 0);
    field.run_asks(3, &[one("a")], 0);
    assert!(matches!(field.agent_of_run_asks(1, "x", &[one("b")]), PoolAnswer::Waits(_)));
    let answer = field.agent_of_run_asks(2, "y", &[one("a")]);
    assert!(matches!(answer, PoolAnswer::Waits(_)), "the third may end and make room: {answer:?}");
    field.run_ends(3);
    assert!(field.book.holds(&agent_of(2, "y").key()));
}

#[test]
fn a_busy_run_does_not_starve_who_does_not_wait_for_it() {
    let mut field = Field::with(&[("slots", at_once(5)), ("gpu", at_once(1))]);
    field.run_asks(1, &[one("slots")], 0);
    assert!(granted(&field.agent_of_run_asks(1, "x1", &[one("gpu")])));
    field.agent_asks("stranger", &[one("gpu")], 60_000);
    assert!(!granted(&field.agent_of_run_asks(1, "x2", &[one("gpu")])));
    field.give(PoolInput::GiveBack { holder: agent_of(1, "x1").key(), tokens: None });
    assert!(field.book.holds(&agent("stranger").key()), "it asked first");
}

/// Whoever waits for nothing ends, again and again: nobody may be left.
fn drain(field: &mut Field) {
    for _ in 0..500 {
        let waiting: BTreeSet<RunId> = field
            .book
            .line()
            .filter(|(holder, ..)| matches!(holder, Holder::Agent { .. }))
            .filter_map(|(holder, ..)| holder.run_id().cloned())
            .collect();
        let held: Vec<Holder> = field.book.held.values().map(|held| held.holder.clone()).collect();
        if held.is_empty() && waiting.is_empty() && field.book.waiting.is_empty() {
            return;
        }
        for holder in held {
            let of_agent = matches!(holder, Holder::Agent { .. });
            if of_agent || holder.run_id().is_none_or(|run| !waiting.contains(run)) {
                field.give(PoolInput::GiveBack { holder: holder.key(), tokens: None });
            }
        }
    }
    panic!("they wait for one another for ever: {:?} holds, {:?} waits", field.book.held, field.line());
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 600, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn whatever_runs_and_their_agents_ask_for_somebody_can_go(
        moves in prop::collection::vec((0..10_u8, any::<usize>(), prop::collection::vec((0..4_usize, 1..3_u32), 1..3)), 1..60),
    ) {
        let names = ["a", "b", "c", "d"];
        let mut field = Field::with(&[("a", at_once(1)), ("b", at_once(2)), ("c", at_once(3)), ("d", at_once(1))]);
        for (number, (kind, which, wanted)) in (1..).zip(moves) {
            let mut needs: Vec<Need> = wanted
                .iter()
                .map(|(pool, weight)| weighing(names[*pool], if names[*pool] == "b" || names[*pool] == "c" { *weight } else { 1 }))
                .collect();
            needs.sort_by(|one, other| one.pool.cmp(&other.pool));
            needs.dedup_by(|one, other| one.pool == other.pool);
            let held: Vec<Holder> = field.book.held.values().map(|held| held.holder.clone()).collect();
            let of_runs: Vec<&RunId> = held
                .iter()
                .filter(|holder| matches!(holder, Holder::Run { .. }))
                .filter_map(Holder::run_id)
                .collect();
            match kind {
                0..=3 => drop(field.run_asks(number, &needs, (which % 3) as i32)),
                4..=7 if !of_runs.is_empty() => {
                    let run = of_runs[which % of_runs.len()].clone();
                    let permit_id = PermitId(format!("permit_{number}"));
                    let holder = Holder::Agent { permit_id, run: Some(run), who: format!("x{number}") };
                    field.give(PoolInput::Ask { holder, needs, priority: 0, lease_ms: None });
                }
                8 => drop(field.agent_asks(&number.to_string(), &needs, 60_000)),
                _ => {
                    let agents: Vec<&Holder> = held.iter().filter(|holder| matches!(holder, Holder::Agent { .. })).collect();
                    if !agents.is_empty() {
                        field.give(PoolInput::GiveBack { holder: agents[which % agents.len()].key(), tokens: None });
                    }
                }
            }
        }
        drain(&mut field);
    }
}
