//! What was taken from a rate within the last minute: exact while there is little of it, bounded always.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

use super::WINDOW_MS;
use crate::Ms;

/// Up to so many instants are kept apart.
const EXACT_MAX: usize = 240;
/// Beyond, what falls into this length counts as taken at its end: too late rather than too early.
const GROUPED_MS: u64 = 250;

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub(super) struct Window(VecDeque<Group>);

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Group {
    from: Ms,
    at: Ms,
    amount: u64,
}

impl Window {
    pub fn add(&mut self, amount: u64, at: Ms) {
        while self.0.front().is_some_and(|group| has_passed(group, at)) {
            self.0.pop_front();
        }
        if amount == 0 {
            return;
        }
        let full = self.0.len() >= EXACT_MAX;
        match self.0.back_mut() {
            Some(last) if at <= last.at || (full && at.since(last.from) < GROUPED_MS) => {
                last.at = last.at.max(at);
                last.amount = last.amount.saturating_add(amount);
            }
            Some(_) | None => self.0.push_back(Group { from: at, at, amount }),
        }
    }

    /// Less was used than was taken at `taken_at`; nothing comes back of what the window has left behind.
    pub fn take_back(&mut self, amount: u64, taken_at: Ms) {
        if let Some(group) = self.0.iter_mut().find(|group| group.from <= taken_at && taken_at <= group.at) {
            group.amount = group.amount.saturating_sub(amount);
        }
    }

    pub fn used(&self, now: Ms) -> u64 {
        self.live(now).map(|group| group.amount).fold(0, u64::saturating_add)
    }

    /// From when on `amount` more stay within the limit, if nobody takes any; None: never.
    pub fn room_at(&self, limit: u64, amount: u64, now: Ms) -> Option<Ms> {
        let most = limit.checked_sub(amount)?;
        let mut used = self.used(now);
        let mut at = now;
        for group in self.live(now) {
            if used <= most {
                break;
            }
            used = used.saturating_sub(group.amount);
            at = group.at.plus(WINDOW_MS + 1);
        }
        Some(at)
    }

    /// When the oldest of it is left behind.
    pub fn eases_at(&self, now: Ms) -> Option<Ms> {
        self.live(now).next().map(|group| group.at.plus(WINDOW_MS + 1))
    }

    pub fn shift(&mut self, by_ms: i64) {
        for group in &mut self.0 {
            group.from = Ms(group.from.0.saturating_add(by_ms));
            group.at = Ms(group.at.0.saturating_add(by_ms));
        }
    }

    fn live(&self, now: Ms) -> impl Iterator<Item = &Group> {
        self.0.iter().skip_while(move |group| has_passed(group, now))
    }

    #[cfg(test)]
    pub fn len(&self) -> usize {
        self.0.len()
    }
}

fn has_passed(group: &Group, now: Ms) -> bool {
    now.since(group.at) > WINDOW_MS
}
