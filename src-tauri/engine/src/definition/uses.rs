//! `uses`: the pools without which nothing of a cue is delivered.

use std::ops::RangeInclusive;

use cuetower_core::pool::{NEEDS_MAX, Need, name_trouble, needs_trouble};
use serde_json::{Value, json};

use super::reading::{Object, Problems};

const WEIGHTS: RangeInclusive<u32> = 1..=100_000;
const TOKENS: RangeInclusive<f64> = 0.0..=1e12;

/// A list of names, or of objects with a `pool`, its `weight` and an estimate of `tokens`. Whether there is such a pool,
/// and whether so much ever fits into it, is not known here.
pub(super) fn read(top: &Object, problems: &mut Problems) -> Vec<Need> {
    let list = top.list("uses", problems);
    if list.len() > NEEDS_MAX {
        problems.add("uses", format!("`uses` lists {}; at most {NEEDS_MAX} fit.", list.len()));
        return Vec::new();
    }
    let before = problems.count();
    let mut needs: Vec<Need> = Vec::new();
    for (index, value) in list.iter().enumerate() {
        needs.extend(need(&format!("uses[{index}]"), value, problems));
    }
    if problems.count() == before
        && !needs.is_empty()
        && let Some(trouble) = needs_trouble(&needs)
    {
        problems.add("uses", trouble);
    }
    needs
}

fn need(place: &str, value: &Value, problems: &mut Problems) -> Option<Need> {
    if let Value::String(name) = value {
        return pool(place, name, problems).map(|pool| Need { pool, weight: 1, tokens: None });
    }
    let need = Object::at(place.to_owned(), value, &["pool", "weight", "tokens"], problems)?;
    let name = need.required_text("pool", "name the pool, such as `openai`", problems);
    let weight = need.whole("weight", WEIGHTS, problems).unwrap_or(1);
    let tokens = need.number("tokens", TOKENS, problems);
    if tokens.is_some_and(|tokens| tokens.fract() != 0.0) {
        problems.add(need.place("tokens"), format!("`{}` must be a whole number.", need.place("tokens")));
    }
    let pool = pool(&need.place("pool"), name?, problems)?;
    Some(Need { pool, weight, tokens: tokens.map(|tokens| tokens as u64) })
}

fn pool(place: &str, name: &str, problems: &mut Problems) -> Option<String> {
    if let Some(trouble) = name_trouble(name) {
        problems.add(place, trouble);
        return None;
    }
    Some(name.to_owned())
}

pub(super) fn written(uses: &[Need]) -> Value {
    let one = |need: &Need| json!({ "pool": need.pool, "weight": need.weight, "tokens": need.tokens });
    uses.iter().map(one).collect()
}
