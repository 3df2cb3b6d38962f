//! What is refused, with which words; limits that change under those who wait.

use super::*;

#[test]
fn names_and_limits_are_looked_at() {
    for name in ["openai", "gpt-4.1_mini", "0", &"a".repeat(64)] {
        assert_eq!(name_trouble(name), None, "{name}");
    }
    for name in ["", "OpenAI", ".a", "-a", "a b", "ä", &"a".repeat(65)] {
        assert!(name_trouble(name).is_some_and(|trouble| trouble.contains("1 to 64 characters")), "{name}");
    }
    let trouble = |limits: PoolLimits| limits.trouble().unwrap_or_default();
    assert!(trouble(PoolLimits::default()).starts_with("A pool limits something"));
    assert_eq!(trouble(at_once(0)), "A limit on concurrency is a whole number from 1 to 100,000.");
    assert!(trouble(calls(100_001)).contains("calls per minute"));
    assert!(trouble(tokens(0)).contains("tokens per minute"));
    assert_eq!(trouble(tokens(90_000)), "");
}

#[test]
fn an_ask_that_can_never_go_is_refused_in_words() {
    let mut field = Field::with(&[("openai", at_once(2)), ("claude", tokens(1_000))]);
    let mut said = |needs: &[Need]| refusal(&field.run_asks(1, needs, 0)).to_owned();
    assert_eq!(
        said(&[weighing("openai", 3)]),
        "A weight of 3 never fits into pool openai, which allows 2 at once; ask for 2 at most, or raise the pool's limit."
    );
    assert_eq!(
        said(&[with_tokens("claude", 2_000)]),
        "2,000 tokens never fit into pool claude, which allows 1,000 per minute; ask for 1,000 at most, or raise the pool's limit."
    );
    assert!(said(&[one("gemini")]).starts_with("There is no pool named gemini;"));
    assert_eq!(
        said(&[one("openai"), one("openai")]),
        "Pool openai is named twice; name it once, with the whole weight."
    );
    assert_eq!(said(&[]), "An ask names 1 to 16 pools.");
    assert_eq!(said(&[weighing("openai", 0)]), "The weight in pool openai is 1 or more.");
}

#[test]
fn with_limits_lowered_below_its_need_it_goes_alone() {
    let mut field = Field::with(&[("gpu", at_once(8)), ("claude", tokens(1_000))]);
    field.run_asks(1, &[weighing("gpu", 2)], 0);
    field.run_asks(2, &[weighing("gpu", 7)], 0);
    field.set("gpu", at_once(3));
    field.run_asks(3, &[one("gpu")], 0);
    assert_eq!(field.words(&run(2)), "pool gpu: 2 of 3 in use (by cue c1), and it needs 7; next in line");
    assert_eq!(field.run_ends(1), [2], "the pool is empty: it goes, and nobody beside it");
    assert_eq!(field.run_ends(2), [3]);
    field.run_asks(4, &[with_tokens("claude", 400)], 0);
    field.run_asks(5, &[with_tokens("claude", 900)], 0);
    field.set("claude", tokens(500));
    assert_eq!(field.pass(WINDOW_MS), []);
    assert_eq!(field.pass(1), [run(5)], "its 900 are charged, and the next pay for them");
    assert_eq!(field.book.pool("claude", field.now).map(|pool| pool.tokens_last_min), Some(900));
}

#[test]
fn raised_limits_let_go_at_once() {
    let mut field = Field::with(&[("gpu", at_once(1))]);
    for number in 1..=4 {
        field.run_asks(number, &[one("gpu")], 0);
    }
    let raised = field.give(PoolInput::Set { name: "gpu".to_owned(), limits: at_once(3) });
    assert_eq!(numbers(&raised.granted), [2, 3]);
    let same = field.give(PoolInput::Set { name: "gpu".to_owned(), limits: at_once(3) });
    assert!(same.events.is_empty(), "nothing changed, nothing is written");
}

#[test]
fn a_limit_set_later_counts_what_was_taken_before() {
    let mut field = Field::with(&[("openai", at_once(9))]);
    for number in 1..=3 {
        field.run_asks(number, &[one("openai")], 0);
    }
    field.set("openai", calls(3));
    assert!(!granted(&field.run_asks(4, &[one("openai")], 0)));
}

#[test]
fn a_pool_in_use_is_not_removed() {
    let mut field = Field::with(&[("gpu", at_once(1))]);
    let remove = || PoolInput::Remove { name: "gpu".to_owned() };
    field.run_asks(1, &[one("gpu")], 0);
    field.run_asks(2, &[one("gpu")], 0);
    let answer = field.give(remove()).answer;
    assert_eq!(refusal(&answer), "Pool gpu is in use: 1 hold permits of it, 1 wait for some.");
    field.run_ends(1);
    field.run_ends(2);
    assert_eq!(field.give(remove()).answer, PoolAnswer::Done);
    assert!(refusal(&field.give(remove()).answer).starts_with("There is no pool named gpu"));
}

#[test]
fn two_hundred_pools_are_enough() {
    let mut field = Field::with(&[]);
    for number in 0..200 {
        field.set(&format!("p{number}"), at_once(1));
    }
    let answer = field.give(PoolInput::Set { name: "more".to_owned(), limits: at_once(1) }).answer;
    assert_eq!(refusal(&answer), "There are 200 pools already; remove one first.");
    field.set("p7", at_once(2));
}
