//! Agents' permits: renewed or lost; killed holders give back.

use super::*;
use crate::id::tests::Counting;

fn renew(name: &str) -> PoolInput {
    PoolInput::Renew { permit_id: PermitId(format!("permit_{name}")) }
}

#[test]
fn a_permit_that_is_not_renewed_comes_back() {
    let mut field = Field::with(&[("openai", at_once(1))]);
    assert_eq!(field.agent_asks("a", &[one("openai")], 60_000), PoolAnswer::Granted { lease_ms: Some(60_000) });
    field.run_asks(1, &[one("openai")], 0);
    field.pass(50_000);
    assert!(granted(&field.give(renew("a")).answer));
    assert_eq!(field.pass(59_999), []);
    field.now = field.now.plus(1);
    let lapsed = field.give(PoolInput::Tick);
    assert_eq!((lapsed.lapsed, numbers(&lapsed.granted)), (vec![agent("a")], vec![1]));
    assert!(refusal(&field.give(renew("a")).answer).starts_with("There is no such permit"));
}

#[test]
fn leases_have_a_least_and_a_most() {
    let mut field = Field::with(&[("openai", at_once(9))]);
    assert_eq!(field.agent_asks("a", &[one("openai")], 1), PoolAnswer::Granted { lease_ms: Some(1_000) });
    assert_eq!(field.agent_asks("b", &[one("openai")], u64::MAX), PoolAnswer::Granted { lease_ms: Some(3_600_000) });
    let ask = PoolInput::Ask { holder: agent("c"), needs: vec![one("openai")], priority: 0, lease_ms: None };
    assert_eq!(field.give(ask).answer, PoolAnswer::Granted { lease_ms: Some(60_000) });
    assert_eq!(field.run_asks(1, &[one("openai")], 0), PoolAnswer::Granted { lease_ms: None });
}

#[test]
fn a_place_in_the_line_is_lost_by_who_does_not_ask_again() {
    let mut field = Field::with(&[("openai", at_once(1))]);
    field.run_asks(1, &[one("openai")], 0);
    field.agent_asks("gone", &[one("openai")], 10_000);
    field.agent_asks("here", &[one("openai")], 10_000);
    for _ in 0..4 {
        field.pass(9_000);
        let again = field.agent_asks("here", &[one("openai")], 10_000);
        assert!(matches!(again, PoolAnswer::Waits(_)), "{again:?}");
    }
    assert_eq!(field.line(), ["here"]);
    field.run_ends(1);
    assert_eq!(field.agent_asks("here", &[one("openai")], 10_000), PoolAnswer::Granted { lease_ms: Some(10_000) });
}

#[test]
fn polling_often_leaves_few_facts() {
    let mut field = Field::with(&[("openai", at_once(1))]);
    field.run_asks(1, &[one("openai")], 0);
    let seq = field.book.seq;
    for _ in 0..600 {
        field.agent_asks("here", &[one("openai")], 60_000);
        field.pass(100);
    }
    assert!(field.book.seq - seq <= 5, "{} facts in a minute of polling", field.book.seq - seq);
}

#[test]
fn a_lease_begins_when_the_permit_is_granted() {
    let mut field = Field::with(&[("openai", at_once(1))]);
    field.run_asks(1, &[one("openai")], 0);
    field.agent_asks("a", &[one("openai")], 10_000);
    field.pass(9_000);
    field.run_ends(1);
    field.pass(9_999);
    assert!(field.book.holds(&agent("a").key()));
    field.pass(1);
    assert!(!field.book.holds(&agent("a").key()));
}

#[test]
fn the_end_of_a_run_gives_back_all_that_was_asked_in_its_name() {
    let mut field = Field::with(&[("openai", at_once(2)), ("gpu", at_once(1))]);
    let of_run = |name: &str| {
        let permit_id = PermitId(format!("permit_{name}"));
        Holder::Agent { permit_id, run: Some(RunId("run-1".to_owned())), who: name.to_owned() }
    };
    let ask = |holder, pool| PoolInput::Ask { holder, needs: vec![one(pool)], priority: 0, lease_ms: None };
    field.run_asks(1, &[one("openai")], 0);
    field.give(ask(of_run("a"), "openai"));
    field.run_asks(2, &[one("gpu")], 0);
    field.give(ask(of_run("b"), "gpu"));
    let ended = field.give(PoolInput::RunEnded { run_id: RunId("run-1".to_owned()) });
    assert_eq!((ended.answer, ended.events.len()), (PoolAnswer::Done, 3));
    let view = field.book.pools(field.now);
    let left: Vec<_> = view.iter().map(|pool| (pool.in_use, pool.waiting)).collect();
    assert_eq!(left, [(1, 0), (0, 0)], "the other run keeps its own");
}

#[test]
fn giving_back_what_is_not_held_is_refused() {
    let mut field = Field::with(&[("openai", at_once(1))]);
    let back = PoolInput::GiveBack { holder: agent("a").key(), tokens: None };
    assert!(refusal(&field.give(back.clone()).answer).starts_with("There is no such permit"));
    field.run_asks(1, &[one("openai")], 0);
    field.agent_asks("a", &[one("openai")], 60_000);
    assert_eq!(field.give(back).answer, PoolAnswer::Done, "leaves the line");
    assert!(field.line().is_empty());
}

#[test]
fn permits_have_ids_that_cannot_be_guessed() {
    let id = PermitId::thrown(&mut Counting(0));
    assert!(id.0.starts_with("permit_") && id.0.len() == 43, "{id}");
}
