//! Calls and tokens per minute, and what a 429 does.

use super::*;

#[test]
fn the_eleventh_call_waits_until_the_first_is_a_minute_old() {
    let mut field = Field::with(&[("openai", calls(10))]);
    for number in 1..=10 {
        assert!(granted(&field.run_asks(number, &[one("openai")], 0)));
        field.run_ends(number);
        field.pass(1_000);
    }
    assert!(!granted(&field.run_asks(11, &[one("openai")], 0)));
    assert_eq!(field.words(&run(11)), "pool openai: 10 calls in the last minute; next in 52 s; next in line");
    let first = MORNING.plus(WINDOW_MS);
    assert_eq!(field.pass(first.since(field.now)), []);
    assert_eq!(field.pass(1), [run(11)]);
}

#[test]
fn a_grant_is_one_call_whatever_its_weight() {
    let limits = PoolLimits { concurrency: Some(9), calls_per_min: Some(2), tokens_per_min: None };
    let mut field = Field::with(&[("openai", limits)]);
    assert!(granted(&field.run_asks(1, &[weighing("openai", 4)], 0)));
    assert!(granted(&field.run_asks(2, &[weighing("openai", 4)], 0)));
    assert_eq!(field.book.pool("openai", field.now).map(|pool| (pool.in_use, pool.calls_last_min)), Some((8, 2)));
}

#[test]
fn many_calls_are_grouped_and_counted_too_late_rather_than_too_early() {
    let mut window = Window::default();
    let mut newest = MORNING;
    for number in 0..100_000_i64 {
        newest = Ms(MORNING.0 + number / 2);
        window.add(1, newest);
    }
    assert!(window.len() <= 500, "{} groups", window.len());
    assert_eq!(window.used(newest), 100_000);
    let after = MORNING.plus(WINDOW_MS + 10_000);
    let really = 100_000 - 2 * 10_000;
    assert!(window.used(after) >= really && window.used(after) <= really + 500, "{}", window.used(after));
    assert_eq!(window.used(newest.plus(WINDOW_MS + 1)), 0);
    assert_eq!(window.room_at(100_000, 1, newest), Some(MORNING.plus(WINDOW_MS + 1)));
}

#[test]
fn estimates_are_charged_and_put_right() {
    let mut field = Field::with(&[("openai", tokens(1_000))]);
    let used = |field: &Field| field.book.pool("openai", field.now).map(|pool| pool.tokens_last_min);
    let back = |number: u32, tokens| PoolInput::GiveBack { holder: run(number).key(), tokens: Some(tokens) };
    assert!(granted(&field.run_asks(1, &[with_tokens("openai", 600)], 0)));
    assert!(!granted(&field.run_asks(2, &[with_tokens("openai", 600)], 0)));
    assert_eq!(
        field.words(&run(2)),
        "pool openai: 600 of 1,000 tokens used in the last minute; next in 1 min 2 s; next in line"
    );
    assert_eq!(numbers(&field.give(back(1, 100)).granted), [2], "500 came back");
    assert_eq!(used(&field), Some(700));
    field.give(back(2, 2_500));
    assert_eq!(used(&field), Some(2_600), "a debt");
    assert!(!granted(&field.run_asks(3, &[one("openai")], 0)), "it delays also one that names no tokens");
    assert_eq!(field.pass(WINDOW_MS + 1), [run(3)]);
}

#[test]
fn one_that_names_no_tokens_waits_while_none_are_left() {
    let mut field = Field::with(&[("openai", tokens(1_000)), ("gpu", at_once(1))]);
    assert!(granted(&field.run_asks(1, &[with_tokens("openai", 999)], 0)));
    assert!(granted(&field.run_asks(2, &[one("openai")], 0)), "something is left");
    assert!(granted(&field.run_asks(3, &[with_tokens("openai", 1)], 0)));
    assert!(!granted(&field.run_asks(4, &[one("openai"), one("gpu")], 0)));
}

#[test]
fn tokens_told_on_the_way_count_once() {
    let mut field = Field::with(&[("openai", tokens(1_000))]);
    let used = |field: &Field| field.book.pool("openai", field.now).map(|pool| pool.tokens_last_min);
    field.run_asks(1, &[with_tokens("openai", 300)], 0);
    field.run_asks(2, &[with_tokens("openai", 300)], 0);
    let told = |tokens| PoolInput::Used { pool: "openai".to_owned(), holder: Some(run(1).key()), tokens };
    field.give(told(200));
    assert_eq!(used(&field), Some(600), "still within its estimate");
    field.give(told(500));
    field.give(told(500));
    assert_eq!(used(&field), Some(800));
    field.give(PoolInput::GiveBack { holder: run(1).key(), tokens: Some(10) });
    assert_eq!(used(&field), Some(800), "it has told of 500; nothing of another's comes back");
    field.give(PoolInput::Used { pool: "openai".to_owned(), holder: None, tokens: 50 });
    assert_eq!(used(&field), Some(850));
}

#[test]
fn a_refund_that_comes_late_frees_nothing_of_others() {
    let mut field = Field::with(&[("openai", tokens(1_000))]);
    field.run_asks(1, &[with_tokens("openai", 900)], 0);
    field.pass(WINDOW_MS + 1);
    field.run_asks(2, &[with_tokens("openai", 900)], 0);
    field.give(PoolInput::GiveBack { holder: run(1).key(), tokens: Some(0) });
    assert_eq!(field.book.pool("openai", field.now).map(|pool| pool.tokens_last_min), Some(900));
}

fn limited(retry_after_ms: Option<u64>) -> PoolInput {
    PoolInput::RateLimited { pool: "openai".to_owned(), retry_after_ms }
}

#[test]
fn after_a_429_the_pool_backs_off_longer_each_time_and_then_less() {
    let mut field = Field::with(&[("openai", at_once(9))]);
    let mut lengths = Vec::new();
    for _ in 0..11 {
        field.give(limited(None));
        let until = field.book.pool("openai", field.now).and_then(|pool| pool.backs_off_until).expect("backs off");
        lengths.push(until.since(field.now) / 1_000);
        field.pass(until.since(field.now));
    }
    assert_eq!(lengths, [1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300]);
    for number in 1..=9 {
        field.pass(1);
        assert!(granted(&field.run_asks(number, &[one("openai")], 0)));
        field.run_ends(number);
    }
    field.give(limited(None));
    let until = field.book.pool("openai", field.now).and_then(|pool| pool.backs_off_until);
    assert_eq!(until, Some(field.now.plus(4_000)), "nine went well since");
}

#[test]
fn several_429s_of_one_moment_count_as_one() {
    let mut field = Field::with(&[("openai", at_once(9))]);
    for _ in 0..5 {
        field.give(limited(None));
    }
    assert!(field.give(limited(Some(500))).events.is_empty(), "the back-off is longer than that already");
    let until = |field: &Field| field.book.pool("openai", field.now).and_then(|pool| pool.backs_off_until);
    assert_eq!(until(&field), Some(MORNING.plus(1_000)));
    field.pass(1_000);
    field.give(limited(None));
    assert_eq!(until(&field), Some(MORNING.plus(3_000)), "the second in a row");
    let mut field = Field::with(&[("openai", at_once(9))]);
    field.give(limited(None));
    field.give(limited(Some(12_000)));
    assert_eq!(until(&field), Some(MORNING.plus(12_000)), "what the provider asks for is kept");
    field.pass(12_000);
    field.give(limited(None));
    assert_eq!(until(&field), Some(field.now.plus(2_000)), "they were one in the row");
    field.give(limited(Some(u64::MAX)));
    assert_eq!(until(&field), Some(field.now.plus(RETRY_AFTER_MS_MAX)));
}

#[test]
fn nothing_is_granted_while_it_backs_off() {
    let mut field = Field::with(&[("openai", at_once(9)), ("gpu", at_once(1))]);
    field.give(limited(Some(10_000)));
    assert!(!granted(&field.run_asks(1, &[one("openai"), one("gpu")], 0)));
    assert_eq!(field.words(&run(1)), "pool openai backs off until 09:00:10 UTC (rate-limited); next in line");
    assert!(granted(&field.run_asks(2, &[one("gpu")], 0)), "others use what it could not use anyway");
    field.run_ends(2);
    assert_eq!(field.pass(9_999), []);
    assert_eq!(field.pass(1), [run(1)]);
}

#[test]
fn a_permit_that_lapsed_is_no_sign_that_all_is_well() {
    let mut field = Field::with(&[("openai", at_once(9))]);
    let until = |field: &Field| field.book.pool("openai", field.now).and_then(|pool| pool.backs_off_until);
    field.give(limited(None));
    field.pass(1_000);
    field.pass(1);
    field.agent_asks("killed", &[one("openai")], 10_000);
    field.pass(10_000);
    assert!(!field.book.holds(&agent("killed").key()));
    field.give(limited(None));
    assert_eq!(until(&field), Some(field.now.plus(2_000)));
}
