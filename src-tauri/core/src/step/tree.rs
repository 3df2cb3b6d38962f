//! How the steps of a run stand in one another, and what they sum up to.

use std::sync::Arc;

use crate::spend::{Nanousd, Priced, Spend};

use super::DEPTH_MAX;
use super::Source;
use super::book::{Book, Node};
use super::change::Change;
use super::sums::{ModelSum, Total};

/// Models named apart in one run; the rest are one.
const MODELS_MAX: usize = 200;
/// As which all but the first of them are counted.
pub const OTHER_MODELS: &str = "other models";
/// Calls that are not priced because nobody said of which model they are.
pub const UNNAMED_MODEL: &str = "no model named";

impl Book {
    /// The ordinals of the steps that this one stands under.
    #[must_use]
    pub fn above(&self, ordinal: u32) -> Vec<u32> {
        let index = self.nodes.iter().position(|node| node.ordinal == ordinal).map(|index| index as u32);
        let up = |index: &u32| self.nodes[*index as usize].under;
        let all = std::iter::successors(index, up).skip(1).take(DEPTH_MAX);
        all.map(|index| self.nodes[index as usize].ordinal).collect()
    }

    /// Steps are numbered among their siblings, in the order they were begun; spans are not.
    pub(super) fn count_place(&mut self, index: u32) {
        let Node { under, source, .. } = self.nodes[index as usize];
        if source == Source::Span {
            return;
        }
        let count = match under {
            Some(under) => &mut self.nodes[under as usize].steps_below,
            None => &mut self.steps_at_top,
        };
        *count += 1;
        self.nodes[index as usize].place = *count;
    }

    /// Those that came before the one they stand under.
    pub(super) fn come_home(&mut self, parent: u32) -> Vec<Change> {
        let key = Arc::clone(&self.nodes[parent as usize].key);
        let Some(children) = self.waiting.remove(&key) else { return Vec::new() };
        let mut changes = Vec::with_capacity(children.len());
        for child in children {
            // A ring of spans that name each other would have no top.
            if child == parent || self.depth(parent) >= DEPTH_MAX || self.stands_under(parent, child) {
                continue;
            }
            self.nodes[child as usize].under = Some(parent);
            self.nodes[child as usize].awaits = None;
            let counted = self.nodes[child as usize].counted();
            self.less_at_top(counted);
            self.add_below(parent, Total::default(), counted);
            changes.push(Change::Moved {
                ordinal: self.nodes[child as usize].ordinal,
                under: self.nodes[parent as usize].ordinal,
            });
        }
        changes
    }

    /// Counts what a step itself used, on top of what it said before (an earlier try).
    pub(super) fn used(&mut self, index: u32, spend: &Spend) {
        let more = Total::of(spend);
        if more.is_nothing() && spend.model.is_none() {
            return;
        }
        self.sums.not_priced += u64::from(spend.priced == Priced::Not);
        if let Some(model) = counted_as(spend) {
            self.model(model).add(spend);
        }
        let node = &mut self.nodes[index as usize];
        let before = node.counted();
        node.own.add(more);
        let after = node.counted();
        match node.under {
            Some(under) => self.add_below(under, before, after),
            None => self.add_at_top(before, after),
        }
    }

    fn model(&mut self, model: &str) -> &mut ModelSum {
        let known = self.sums.models.contains_key(model) || self.sums.models.len() < MODELS_MAX;
        self.sums.models.entry(if known { model } else { OTHER_MODELS }.to_owned()).or_default()
    }

    /// One below `index` counted `before` and counts `after`.
    fn add_below(&mut self, mut index: u32, mut before: Total, mut after: Total) {
        // Deeper than this nothing is linked, but what came leaves first may stand deeper.
        for _ in 0..=2 * DEPTH_MAX {
            let node = &mut self.nodes[index as usize];
            let counted = node.counted();
            node.below.add(after.since(before));
            (before, after) = (counted, node.counted());
            match node.under {
                Some(under) => index = under,
                None => return self.add_at_top(before, after),
            }
            if before == after {
                return;
            }
        }
        self.add_at_top(before, after);
    }

    fn add_at_top(&mut self, before: Total, after: Total) {
        self.sums.steps.add(after.since(before));
    }

    /// It stands at the top no longer; what it counted is counted where it stands now.
    fn less_at_top(&mut self, counted: Total) {
        let total = &mut self.sums.steps;
        if let (Some(sum), Some(tokens)) = (total.tokens, counted.tokens) {
            total.tokens = Some(sum.saturating_sub(tokens));
        }
        if let (Some(sum), Some(cost)) = (total.cost, counted.cost) {
            total.cost = Some(Nanousd(sum.0.saturating_sub(cost.0)));
        }
    }

    /// After the nodes were read back: what each counts.
    pub(super) fn sum_anew(&mut self) {
        self.sums.steps = Total::default();
        let own: Vec<Total> = self.nodes.iter().map(|node| node.own).collect();
        for node in &mut self.nodes {
            (node.own, node.below) = (Total::default(), Total::default());
        }
        for (index, own) in own.into_iter().enumerate().filter(|(_, own)| !own.is_nothing()) {
            let node = &mut self.nodes[index];
            let before = node.counted();
            node.own = own;
            let after = node.counted();
            match node.under {
                Some(under) => self.add_below(under, before, after),
                None => self.add_at_top(before, after),
            }
        }
    }

    /// Steps above it and itself, as far as it matters.
    pub(super) fn depth(&self, index: u32) -> usize {
        let above = |index: &u32| self.nodes[*index as usize].under;
        std::iter::successors(Some(index), above).take(DEPTH_MAX + 1).count()
    }

    pub(super) fn stands_under(&self, index: u32, above: u32) -> bool {
        let up = |index: &u32| self.nodes[*index as usize].under;
        std::iter::successors(Some(index), up).take(4 * DEPTH_MAX).any(|index| index == above)
    }

    /// "3.4"
    pub(super) fn number(&self, index: u32) -> String {
        let above = |index: &u32| self.nodes[*index as usize].under;
        let mut places: Vec<String> = std::iter::successors(Some(index), above)
            .take(DEPTH_MAX)
            .map(|index| self.nodes[index as usize].place)
            .filter(|place| *place > 0)
            .map(|place| place.to_string())
            .collect();
        places.reverse();
        places.join(".")
    }

    pub(super) fn ordinal_of(&self, index: Option<u32>) -> u32 {
        index.map_or(0, |index| self.nodes[index as usize].ordinal)
    }
}

/// The model that something is counted for; None: it is no call.
pub(super) fn counted_as(spend: &Spend) -> Option<&str> {
    let unnamed = (spend.priced == Priced::Not).then_some(UNNAMED_MODEL);
    spend.model.as_deref().or(unnamed).filter(|_| !Total::of(spend).is_nothing())
}
