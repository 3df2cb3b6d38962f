//! The clocks of a simulated machine, and how they move.

use cuetower_core::Ms;
use cuetower_core::away::Clocks;

#[derive(Debug, Clone, Copy)]
pub struct Time {
    pub clocks: Clocks,
    /// Awake, and the tower up: what a deadline counts.
    pub counted_ms: u64,
    /// `counted_ms` when the machine last woke, its clock was last set, or the tower last started.
    pub counted_at_gap_ms: u64,
}

impl Time {
    pub fn at(wall: Ms) -> Time {
        let clocks = Clocks { wall, elapsed_ms: 7_000_000, awake_ms: 3_000_000 };
        Time { clocks, counted_ms: 0, counted_at_gap_ms: 0 }
    }

    pub fn wall(&self) -> Ms {
        self.clocks.wall
    }

    pub fn awake(&mut self, length_ms: u64) {
        self.pass(length_ms);
        self.clocks.awake_ms += length_ms;
        self.counted_ms += length_ms;
    }

    pub fn asleep(&mut self, length_ms: u64) {
        self.pass(length_ms);
        self.gap();
    }

    /// The tower is not there; the machine is.
    pub fn off(&mut self, length_ms: u64) {
        self.pass(length_ms);
        self.clocks.awake_ms += length_ms;
        self.gap();
    }

    /// Somebody sets the wall clock.
    pub fn step(&mut self, by_ms: i64) {
        self.clocks.wall = Ms(self.clocks.wall.0.saturating_add(by_ms));
        self.gap();
    }

    fn pass(&mut self, length_ms: u64) {
        self.clocks.wall = self.clocks.wall.plus(length_ms);
        self.clocks.elapsed_ms += length_ms;
    }

    fn gap(&mut self) {
        self.counted_at_gap_ms = self.counted_ms;
    }
}
