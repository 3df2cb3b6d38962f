//! Not a thousand notes at once: five in ten seconds, and then the rest as one digest.

use crate::Ms;
use crate::time::SECOND_MS;

use super::{Digest, Note};

/// Notes told one by one within a window.
pub const BURST: u32 = 5;
const WINDOW_MS: u64 = 10 * SECOND_MS;
/// After a digest. While a storm lasts there is one digest for each such window.
const STORM_MS: u64 = 30 * SECOND_MS;

/// How many went out one by one lately.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Window {
    began: Option<Ms>,
    shown: u32,
    in_storm: bool,
}

impl Window {
    /// Whether one more may go by itself now; it is counted if so.
    pub fn take(&mut self, now: Ms) -> bool {
        if self.is_over(now) {
            *self = Window { began: Some(now), shown: 0, in_storm: false };
        }
        let may = self.shown < BURST;
        self.shown += u32::from(may);
        may
    }

    /// Also when the clock was set back.
    #[must_use]
    pub fn is_over(&self, now: Ms) -> bool {
        self.began.is_none_or(|began| now < began || now >= began.plus(self.length_ms()))
    }

    #[must_use]
    pub fn ends_at(&self) -> Option<Ms> {
        self.began.map(|began| began.plus(self.length_ms()))
    }

    /// What was held back has been told as one: what comes right after it waits for the next.
    pub fn digested(&mut self, now: Ms) {
        *self = Window { began: Some(now), shown: BURST, in_storm: true };
    }

    fn length_ms(&self) -> u64 {
        if self.in_storm { STORM_MS } else { WINDOW_MS }
    }
}

/// What becomes of a note.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Taken {
    Show,
    /// It is in the digest that is due when the window ends.
    Hold,
}

/// Notes of one channel that is not written down, such as native notifications.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Burst {
    window: Window,
    held: Digest,
}

impl Burst {
    pub fn take(&mut self, now: Ms, note: &Note) -> Taken {
        // What is held goes first.
        if self.held.is_empty() && self.window.take(now) {
            return Taken::Show;
        }
        self.held.add(note);
        Taken::Hold
    }

    /// When [`Burst::due`] has something to say.
    #[must_use]
    pub fn wakes_at(&self) -> Option<Ms> {
        if self.held.is_empty() { None } else { self.window.ends_at() }
    }

    /// All that is held, before its time: nobody would tell it later.
    pub fn rest(&mut self) -> Option<Digest> {
        (!self.held.is_empty()).then(|| std::mem::take(&mut self.held))
    }

    /// All that was held, once the window is over.
    pub fn due(&mut self, now: Ms) -> Option<Digest> {
        if self.held.is_empty() || !self.window.is_over(now) {
            return None;
        }
        self.window.digested(now);
        Some(std::mem::take(&mut self.held))
    }
}
