//! The pools a cue uses: both ways to say it, and what is refused.

use cuetower_core::pool::Need;
use serde_json::{Value, json};

use super::{command, problems, read, with};
use crate::definition::{read_change, read_new, write};

fn need(pool: &str, weight: u32, tokens: Option<u64>) -> Need {
    Need { pool: pool.to_owned(), weight, tokens }
}

#[test]
fn a_name_alone_is_enough() {
    let cue = read(&with(command(), "uses", json!(["openai", { "pool": "gpu.4", "weight": 3, "tokens": 2000 }])));
    assert_eq!(cue.uses, [need("openai", 1, None), need("gpu.4", 3, Some(2_000))]);
    let again = read_new(&write(&cue), super::NOW).expect("what is written is read");
    assert_eq!(again.definition, cue);
    for nothing in [Value::Null, json!([])] {
        assert_eq!(read(&with(command(), "uses", nothing)).uses, []);
    }
}

#[test]
fn a_change_replaces_the_whole_list() {
    let cue = read(&with(command(), "uses", json!(["openai"])));
    let other = read_change(&cue, &json!({ "uses": ["gpu"] }), super::NOW).expect("fits");
    assert_eq!(other.definition.uses, [need("gpu", 1, None)]);
    let same = read_change(&cue, &json!({ "name": "other" }), super::NOW).expect("fits");
    assert_eq!(same.definition.uses, cue.uses);
    let none = read_change(&cue, &json!({ "uses": null }), super::NOW).expect("fits");
    assert_eq!(none.definition.uses, []);
}

#[test]
fn what_no_pool_can_be_asked_for_is_refused_by_its_place() {
    let cases: [(Value, &str, &str); 10] = [
        (json!("openai"), "uses", "`uses` must be a list; it is a text."),
        (json!([1]), "uses[0]", "must be an object"),
        (json!(["OpenAI"]), "uses[0]", "1 to 64 characters of a-z"),
        (json!(["a", { "weight": 1 }]), "uses[1].pool", "is missing; name the pool"),
        (json!([{ "pool": "a b" }]), "uses[0].pool", "1 to 64 characters of a-z"),
        (json!([{ "pool": "a", "weight": 0 }]), "uses[0].weight", "whole number from 1"),
        (json!([{ "pool": "a", "tokens": -1 }]), "uses[0].tokens", "must"),
        (json!([{ "pool": "a", "tokens": 0.5 }]), "uses[0].tokens", "must be a whole number"),
        (json!([{ "pool": "a", "wait": 1 }]), "uses[0].wait", "has no field `wait`"),
        (json!(["a", { "pool": "a" }]), "uses", "Pool a is named twice"),
    ];
    for (uses, field, says) in cases {
        let refused = problems(&with(command(), "uses", uses.clone()));
        let found = refused.iter().any(|bad| bad.field == field && bad.message.contains(says));
        assert!(found, "{uses}: {refused:?}");
    }
    let many: Vec<String> = (0..17).map(|number| format!("p{number}")).collect();
    let refused = problems(&with(command(), "uses", json!(many)));
    assert_eq!(refused[0].message, "`uses` lists 17; at most 16 fit.");
}
