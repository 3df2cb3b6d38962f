//! Who goes first, who may pass, and that nobody waits for ever.

use super::*;

#[test]
fn with_equal_priority_who_asked_first_goes_first() {
    let mut field = Field::with(&[("openai", at_once(1))]);
    assert!(granted(&field.run_asks(1, &[one("openai")], 0)));
    for number in 2..=5 {
        assert!(!granted(&field.run_asks(number, &[one("openai")], 0)));
        field.pass(10);
    }
    let order: Vec<u32> = (1..=4).flat_map(|number| field.run_ends(number)).collect();
    assert_eq!(order, [2, 3, 4, 5]);
}

#[test]
fn a_higher_priority_goes_first_and_waiting_makes_up_for_it() {
    let mut field = Field::with(&[("openai", at_once(1))]);
    field.run_asks(1, &[one("openai")], 0);
    field.run_asks(2, &[one("openai")], 0);
    field.pass(PRIORITY_WORTH_MS - 1_000);
    field.run_asks(3, &[one("openai")], 1);
    assert_eq!(field.line(), ["cue c3", "cue c2"], "within five minutes, priority goes first");
    field.pass(2_000);
    field.run_asks(4, &[one("openai")], 1);
    assert_eq!(field.line(), ["cue c3", "cue c2", "cue c4"], "who has waited five minutes longer is not overtaken");
    field.run_asks(5, &[one("openai")], i32::MAX);
    assert_eq!(field.line()[0], "cue c5", "priorities beyond the most are held to it");
}

#[test]
fn light_ones_do_not_starve_a_heavy_one() {
    let mut field = Field::with(&[("gpu", at_once(4))]);
    for number in 1..=4 {
        field.run_asks(number, &[one("gpu")], 0);
    }
    field.run_asks(5, &[weighing("gpu", 3)], 0);
    field.run_asks(6, &[one("gpu")], 0);
    assert_eq!(field.run_ends(1), [] as [u32; 0], "its place is kept for the heavy one");
    assert_eq!(field.run_ends(2), [] as [u32; 0]);
    assert_eq!(field.run_ends(3), [5], "three places for the heavy one, and none is left");
    assert_eq!(field.run_ends(4), [6]);
}

#[test]
fn crossing_needs_do_not_lock_each_other_out() {
    let mut field = Field::with(&[("a", at_once(1)), ("b", at_once(1))]);
    assert!(granted(&field.run_asks(1, &[one("a"), one("b")], 0)));
    assert!(!granted(&field.run_asks(2, &[one("b"), one("a")], 0)));
    assert!(!granted(&field.run_asks(3, &[one("a"), one("b")], 0)));
    assert!(!granted(&field.run_asks(4, &[one("b")], 0)));
    assert_eq!(field.run_ends(1), [2], "all at once");
    assert_eq!(field.run_ends(2), [3]);
    assert_eq!(field.run_ends(3), [4]);
}

#[test]
fn one_that_is_next_keeps_its_other_pools_and_only_its_share_of_them() {
    let mut field = Field::with(&[("narrow", at_once(1)), ("wide", at_once(3))]);
    field.run_asks(1, &[one("narrow")], 0);
    field.run_asks(2, &[one("narrow"), one("wide")], 0);
    field.run_asks(3, &[one("narrow"), one("wide")], 0);
    assert!(granted(&field.run_asks(4, &[one("wide")], 0)), "the second in the line keeps nothing there");
    assert!(granted(&field.run_asks(5, &[one("wide")], 0)));
    assert!(!granted(&field.run_asks(6, &[one("wide")], 0)), "the last place is kept for who is next");
    assert_eq!(field.words(&run(6)), "pool wide is kept for who is ahead; 3rd in line");
    assert_eq!(field.run_ends(1), [2]);
    assert_eq!(field.run_ends(4), [] as [u32; 0], "and now for the one that has become the next");
    assert_eq!(field.run_ends(5), [6]);
    assert_eq!(field.run_ends(2), [3]);
}

#[test]
fn what_it_could_not_use_anyway_is_left_to_others() {
    let mut field = Field::with(&[("openai", calls(1)), ("gpu", at_once(1))]);
    assert!(granted(&field.run_asks(1, &[one("openai")], 0)));
    assert!(!granted(&field.run_asks(2, &[one("openai"), one("gpu")], 0)));
    assert!(granted(&field.run_asks(3, &[one("gpu")], 0)), "the next call is a minute away, the processor is free");
    assert_eq!(field.run_ends(3), [] as [u32; 0]);
    field.pass(WINDOW_MS - SOON_MS + 1);
    assert!(!granted(&field.run_asks(4, &[one("gpu")], 0)), "now it is seconds away");
    assert_eq!(field.pass(SOON_MS), [run(2)]);
    assert_eq!(field.run_ends(2), [4]);
}

#[test]
fn the_last_call_of_a_minute_counts_for_those_behind_it_at_once() {
    let mut field = Field::with(&[("openai", calls(1)), ("gpu", at_once(1))]);
    field.run_asks(1, &[one("openai")], 0);
    field.run_asks(2, &[one("gpu")], 0);
    field.run_asks(3, &[one("openai")], 0);
    field.run_asks(4, &[one("openai"), one("gpu")], 0);
    field.run_asks(5, &[one("gpu")], 0);
    field.now = field.now.plus(WINDOW_MS + 1);
    assert_eq!(field.run_ends(2), [3, 5], "3 takes the call, 4 waits for another minute, so 5 need not wait for it");
}

#[test]
fn nobody_waits_for_ever_while_others_stream_past() {
    let mut field = Field::with(&[("a", at_once(2)), ("b", at_once(2))]);
    field.run_asks(1, &[one("a")], 0);
    field.run_asks(2, &[one("b")], 0);
    field.run_asks(3, &[weighing("a", 2), weighing("b", 2)], 0);
    let mut live = std::collections::VecDeque::from([1, 2]);
    for number in 4..200 {
        let pool = if number % 2 == 0 { "a" } else { "b" };
        if granted(&field.run_asks(number, &[one(pool)], 0)) {
            live.push_back(number);
        }
        field.pass(100);
        let Some(oldest) = live.pop_front() else { break };
        let next = field.run_ends(oldest);
        if next.contains(&3) {
            return;
        }
        live.extend(next);
    }
    panic!("the one that needs everything of both never went: {:?}", field.line());
}

#[test]
fn asking_again_changes_nothing() {
    let mut field = Field::with(&[("openai", at_once(1))]);
    field.run_asks(1, &[one("openai")], 0);
    assert!(granted(&field.run_asks(1, &[one("openai")], 0)), "it has it already");
    field.run_asks(2, &[one("openai")], 0);
    field.run_asks(3, &[one("openai")], 0);
    let again = field.give(PoolInput::Ask { holder: run(2), needs: Vec::new(), priority: 9, lease_ms: None });
    assert!(again.events.is_empty() && matches!(again.answer, PoolAnswer::Waits(WaitsFor { position: 1, .. })));
}

#[test]
fn a_line_of_ten_thousand_is_full() {
    let mut book = PoolBook::default();
    let input = PoolInput::Set { name: "openai".to_owned(), limits: at_once(1) };
    book.decide(&input, MORNING);
    let ask =
        |number: u32| PoolInput::Ask { holder: run(number), needs: vec![one("openai")], priority: 0, lease_ms: None };
    for number in 0..=10_000 {
        assert!(!matches!(book.decide(&ask(number), MORNING).answer, PoolAnswer::Refused(_)));
    }
    let answer = book.decide(&ask(10_001), MORNING).answer;
    assert_eq!(refusal(&answer), "10000 wait for permits already; no more are taken in.");
}
