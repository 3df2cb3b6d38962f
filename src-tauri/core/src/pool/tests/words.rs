//! What a waiting run says.

use super::*;

#[test]
fn it_says_who_is_there_and_how_many_are_ahead() {
    let mut field = Field::with(&[("openai", at_once(5)), ("gpu", at_once(1))]);
    for number in 1..=5 {
        field.run_asks(number, &[one("openai")], 0);
    }
    field.agent_asks("enricher", &[one("gpu")], 60_000);
    field.run_asks(6, &[one("openai")], 0);
    field.pass(61_000 - 1_500);
    field.agent_asks("enricher", &[one("gpu")], 60_000);
    field.run_asks(7, &[one("openai"), one("gpu")], 0);
    assert_eq!(
        field.words(&run(7)),
        "pool openai: 5 of 5 in use (by cue c1, cue c2, cue c3 and 2 more); pool gpu: 1 of 1 in use (by enricher); 2nd in line"
    );
    let waits = field.book.waits_for(&run(6).key(), field.now).expect("waits");
    assert_eq!((waits.since, waits.position), (MORNING, 1));
    assert_eq!(field.book.waits_for(&run(1).key(), field.now), None, "it holds");
}

#[test]
fn a_view_shows_holders_and_leases() {
    let mut field = Field::with(&[("gpu", at_once(4))]);
    field.run_asks(1, &[weighing("gpu", 2)], 0);
    field.pass(5);
    field.agent_asks("enricher", &[one("gpu")], 60_000);
    let view = field.book.pool("gpu", field.now).expect("is there");
    let held: Vec<_> = view.holders.iter().map(|held| (held.holder.words(), held.weight, held.lease_until)).collect();
    let until = field.now.plus(60_000);
    assert_eq!(held, [("cue c1".to_owned(), 2, None), ("enricher".to_owned(), 1, Some(until))]);
    assert_eq!((view.in_use, view.waiting, view.backs_off_until), (3, 0, None));
    assert_eq!(field.book.needs_of(&run(1).key()), Some([weighing("gpu", 2)].as_slice()));
}

#[test]
fn places_are_said_as_people_say_them() {
    let mut field = Field::with(&[("gpu", at_once(1))]);
    for number in 0..=23 {
        field.run_asks(number, &[one("gpu")], 0);
    }
    let place = |number| field.words(&run(number)).rsplit("; ").next().map(str::to_owned).unwrap_or_default();
    let said: Vec<String> = [1, 2, 3, 4, 11, 12, 13, 21, 22, 23].map(place).into();
    let right = ["next", "2nd", "3rd", "4th", "11th", "12th", "13th", "21st", "22nd", "23rd"];
    assert_eq!(said, right.map(|place| format!("{place} in line")));
}
