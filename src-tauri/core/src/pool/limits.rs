//! What a pool allows, what an ask may need of it, and the sentences for what does not fit.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::{NEEDS_MAX, PoolBook};
use crate::input::{Refusal, RefusalCode};
use crate::sentence::grouped;

const NAME_CHARS_MAX: usize = 64;
const COUNT_MAX: u32 = 100_000;
const TOKENS_MAX: u64 = 1_000_000_000_000;

/// At least one of them is set; each is 1 or more.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct PoolLimits {
    /// At once, in units of weight.
    pub concurrency: Option<u32>,
    pub calls_per_min: Option<u32>,
    pub tokens_per_min: Option<u64>,
}

/// What one ask needs of one pool.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Need {
    pub pool: String,
    /// Of the concurrency; 1 or more. A grant is one call, whatever its weight.
    pub weight: u32,
    /// An estimate of what it will use.
    pub tokens: Option<u64>,
}

impl PoolLimits {
    /// What is wrong with them, in a sentence.
    #[must_use]
    pub fn trouble(&self) -> Option<String> {
        let counts = [("concurrency", self.concurrency), ("calls per minute", self.calls_per_min)];
        for (what, count) in counts {
            if count.is_some_and(|count| !(1..=COUNT_MAX).contains(&count)) {
                return Some(format!("A limit on {what} is a whole number from 1 to {}.", grouped(COUNT_MAX.into())));
            }
        }
        if self.tokens_per_min.is_some_and(|tokens| !(1..=TOKENS_MAX).contains(&tokens)) {
            return Some(format!("A limit on tokens per minute is a whole number from 1 to {}.", grouped(TOKENS_MAX)));
        }
        let none = *self == PoolLimits::default();
        none.then(|| "A pool limits something: concurrency, calls per minute, or tokens per minute.".to_owned())
    }

    /// What of the need goes beyond the limits, in a sentence.
    pub(super) fn never_fits(&self, need: &Need) -> Option<String> {
        let Need { pool, weight, tokens } = need;
        if let Some(most) = self.concurrency.filter(|most| weight > most) {
            return Some(format!(
                "A weight of {weight} never fits into pool {pool}, which allows {most} at once; ask for {most} at most, or raise the pool's limit."
            ));
        }
        let (most, tokens) = (self.tokens_per_min?, tokens.unwrap_or(0));
        (tokens > most).then(|| {
            let (tokens, most) = (grouped(tokens), grouped(most));
            format!(
                "{tokens} tokens never fit into pool {pool}, which allows {most} per minute; ask for {most} at most, or raise the pool's limit."
            )
        })
    }
}

/// What is wrong with the name of a pool, in a sentence.
#[must_use]
pub fn name_trouble(name: &str) -> Option<String> {
    let sign = |sign: u8| sign.is_ascii_lowercase() || sign.is_ascii_digit();
    let begins = name.bytes().next().is_some_and(sign);
    let fits = begins && name.len() <= NAME_CHARS_MAX && name.bytes().all(|byte| sign(byte) || b"._-".contains(&byte));
    (!fits).then(|| {
        "A pool's name has 1 to 64 characters of a-z, 0-9, dot, dash and underscore, and begins with a letter or digit."
            .to_owned()
    })
}

/// What is wrong with the needs of one ask by themselves, in a sentence.
#[must_use]
pub fn needs_trouble(needs: &[Need]) -> Option<String> {
    if needs.is_empty() || needs.len() > NEEDS_MAX {
        return Some(format!("An ask names 1 to {NEEDS_MAX} pools."));
    }
    if let Some(need) = needs.iter().find(|need| need.weight == 0) {
        return Some(format!("The weight in pool {} is 1 or more.", need.pool));
    }
    let mut seen = BTreeSet::new();
    let twice = needs.iter().find(|need| !seen.insert(&need.pool));
    twice.map(|need| format!("Pool {} is named twice; name it once, with the whole weight.", need.pool))
}

impl PoolBook {
    /// Why an ask with these needs would be refused.
    ///
    /// # Errors
    /// The refusal: the needs themselves, a pool that is not there, or one that can never give so much.
    pub fn fits(&self, needs: &[Need]) -> Result<(), Refusal> {
        let invalid = |message| Refusal { code: RefusalCode::Invalid, message };
        if let Some(trouble) = needs_trouble(needs) {
            return Err(invalid(trouble));
        }
        for need in needs {
            let pool = self.pools.get(&need.pool).ok_or_else(|| no_such_pool(&need.pool))?;
            if let Some(trouble) = pool.limits.never_fits(need) {
                return Err(invalid(trouble));
            }
        }
        Ok(())
    }
}

pub(super) fn no_such_pool(name: &str) -> Refusal {
    let message = format!("There is no pool named {name}; the owner makes it with `cuetowerctl pool set {name} …`.");
    Refusal { code: RefusalCode::NotFound, message }
}
