//! Everything random in a simulated world, from one seed.

use cuetower_core::id::Dice;
use rand::rngs::StdRng;
use rand::{Rng as _, SeedableRng as _};

pub struct Luck(StdRng);

impl Luck {
    pub fn of(seed: u64) -> Luck {
        Luck(StdRng::seed_from_u64(seed))
    }

    /// 0 to `n` - 1.
    pub fn below(&mut self, n: u64) -> u64 {
        self.0.next_u64() % n
    }

    /// True `percent` times out of a hundred.
    pub fn chance(&mut self, percent: u64) -> bool {
        self.below(100) < percent
    }

    pub fn between(&mut self, low: u64, high: u64) -> u64 {
        low + self.below(high - low + 1)
    }

    pub fn pick<'a, T>(&mut self, all: &'a [T]) -> &'a T {
        &all[self.below(all.len() as u64) as usize]
    }

    pub fn shuffle<T>(&mut self, all: &mut [T]) {
        for last in (1..all.len()).rev() {
            all.swap(last, self.below(last as u64 + 1) as usize);
        }
    }
}

impl Dice for Luck {
    fn throw(&mut self) -> u64 {
        self.0.next_u64()
    }
}
