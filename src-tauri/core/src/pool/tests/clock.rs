//! Sleep, and clocks that are set: leases count while the machine is awake, rates while time passes.

use super::*;

fn slept(field: &mut Field, length_ms: u64) -> PoolDecision {
    field.now = field.now.plus(length_ms);
    field.give(PoolInput::Shifted { slept_ms: length_ms, stepped_ms: 0 })
}

fn stepped(field: &mut Field, by_ms: i64) -> PoolDecision {
    field.now = Ms(field.now.0 + by_ms);
    field.give(PoolInput::Shifted { slept_ms: 0, stepped_ms: by_ms })
}

#[test]
fn a_lease_does_not_run_out_in_sleep() {
    let mut field = Field::with(&[("openai", at_once(1))]);
    field.agent_asks("a", &[one("openai")], 60_000);
    field.pass(59_900);
    assert!(slept(&mut field, 3_600_000).lapsed.is_empty());
    field.pass(4_999);
    assert!(field.book.holds(&agent("a").key()), "it gets five seconds to renew, though 100 ms were left");
    field.pass(1);
    assert!(!field.book.holds(&agent("a").key()));
}

#[test]
fn a_lease_shorter_than_the_grace_is_whole_again_after_sleep() {
    let mut field = Field::with(&[("openai", at_once(1))]);
    field.agent_asks("a", &[one("openai")], 2_000);
    field.pass(1_999);
    slept(&mut field, 60_000);
    field.pass(1_999);
    assert!(field.book.holds(&agent("a").key()));
    field.pass(1);
    assert!(!field.book.holds(&agent("a").key()));
}

#[test]
fn a_rate_and_a_back_off_pass_in_sleep() {
    let mut field = Field::with(&[("openai", calls(1))]);
    field.run_asks(1, &[one("openai")], 0);
    field.give(PoolInput::RateLimited { pool: "openai".to_owned(), retry_after_ms: Some(30_000) });
    field.run_asks(2, &[one("openai")], 0);
    assert_eq!(numbers(&slept(&mut field, WINDOW_MS).granted), [] as [u32; 0]);
    assert_eq!(field.pass(1), [run(2)]);
}

#[test]
fn a_clock_that_is_set_moves_everything_with_it() {
    for by_ms in [7_200_000, -7_200_000] {
        let mut field = Field::with(&[("openai", calls(1)), ("gpu", at_once(1))]);
        field.run_asks(1, &[one("openai")], 0);
        field.agent_asks("a", &[one("gpu")], 20_000);
        field.run_asks(2, &[one("openai")], 0);
        field.pass(10_000);
        let decision = stepped(&mut field, by_ms);
        assert!(decision.granted.is_empty() && decision.lapsed.is_empty(), "{decision:?}");
        assert_eq!(
            field.book.waits_for(&run(2).key(), field.now).map(|waits| field.now.since(waits.since)),
            Some(10_000)
        );
        field.pass(9_999);
        assert!(field.book.holds(&agent("a").key()));
        field.pass(1);
        assert!(!field.book.holds(&agent("a").key()));
        assert_eq!(field.pass(WINDOW_MS - 20_000), []);
        assert_eq!(field.pass(1), [run(2)]);
    }
}

#[test]
fn tokens_move_with_the_clock_too() {
    for by_ms in [7_200_000, -7_200_000] {
        let mut field = Field::with(&[("openai", tokens(100))]);
        field.run_asks(1, &[with_tokens("openai", 100)], 0);
        field.run_asks(2, &[with_tokens("openai", 100)], 0);
        assert!(stepped(&mut field, by_ms).granted.is_empty());
        assert_eq!(field.pass(WINDOW_MS), []);
        assert_eq!(field.pass(1), [run(2)]);
    }
}

#[test]
fn a_clock_set_back_that_nobody_noticed_neither_frees_early_nor_blocks_for_ever() {
    let mut field = Field::with(&[("openai", calls(1))]);
    field.run_asks(1, &[one("openai")], 0);
    field.run_asks(2, &[one("openai")], 0);
    field.pass(30_000);
    field.now = MORNING.minus(86_400_000);
    assert!(field.give(PoolInput::Tick).granted.is_empty());
    assert_eq!(field.pass(WINDOW_MS), [], "a whole minute from now: nobody knows how much of it has passed");
    assert_eq!(field.pass(1), [run(2)]);
}

#[test]
fn the_line_keeps_its_order_when_the_clock_is_set() {
    let mut field = Field::with(&[("openai", at_once(1))]);
    field.run_asks(1, &[one("openai")], 0);
    field.run_asks(2, &[one("openai")], 0);
    field.run_asks(3, &[one("openai")], 1);
    stepped(&mut field, -3_600_000);
    field.run_asks(4, &[one("openai")], 0);
    field.now = field.now.minus(900_000);
    field.run_asks(5, &[one("openai")], 0);
    assert_eq!(field.line(), ["cue c3", "cue c2", "cue c4", "cue c5"]);
}
