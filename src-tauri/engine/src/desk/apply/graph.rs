//! Cues that name each other, as they would be once everything is done: each that is named is there, and none leads back to
//! itself. Pure.

use std::collections::{BTreeMap, BTreeSet};

use cuetower_core::cue::CueDefinition;

use crate::definition::cues_named;

/// By name; what a cue names is a name, too.
pub(super) type Cues<'a> = BTreeMap<&'a str, &'a CueDefinition>;

/// Whose run brings about a run of whom, and by which field of which cue.
struct Edge {
    from: String,
    to: String,
    by: String,
    field: &'static str,
}

/// Of `new`, which alone can close one: a cue, its field, and the cue named there that leads back to it.
pub(super) fn circle(cues: &Cues, new: &BTreeSet<String>) -> Option<(String, &'static str, String)> {
    let edges: Vec<Edge> = cues.values().flat_map(|definition| edges_of(definition)).collect();
    let closes = |edge: &&Edge| new.contains(&edge.by) && leads(&edges, &edge.to, &edge.from);
    edges.iter().find(closes).map(|edge| {
        let named = if edge.by == edge.from { &edge.to } else { &edge.from };
        (edge.by.clone(), edge.field, named.clone())
    })
}

fn edges_of(definition: &CueDefinition) -> Vec<Edge> {
    let name = definition.name.clone();
    let mut definition = definition.clone();
    let named = cues_named(&mut definition).into_iter();
    let edge = |(field, other): (&'static str, &mut cuetower_core::id::CueId)| {
        let (from, to) =
            if field == "schedule.cue" { (other.0.clone(), name.clone()) } else { (name.clone(), other.0.clone()) };
        Edge { from, to, by: name.clone(), field }
    };
    named.map(edge).collect()
}

fn leads(edges: &[Edge], from: &str, to: &str) -> bool {
    let mut next = vec![from];
    let mut reached = BTreeSet::new();
    while let Some(at) = next.pop() {
        if at == to {
            return true;
        }
        if reached.insert(at) {
            next.extend(edges.iter().filter(|edge| edge.from == at).map(|edge| edge.to.as_str()));
        }
    }
    false
}
