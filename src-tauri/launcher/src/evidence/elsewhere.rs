//! Elsewhere than on Linux, only a program's own last words are heard.

use std::path::Path;

use super::{Want, last_words};
use crate::death::Death;

/// Nothing can be seen of a program that has ended.
#[derive(Debug, Default)]
pub struct Autopsy {}

/// Watches nothing.
#[derive(Debug, Default)]
pub struct Witness {}

impl Witness {
    pub fn look(&mut self, _: u32) {}

    pub fn look_at_all(&mut self, _: &[u32]) {}

    /// Whether and how memory was wanting, and what says so.
    #[must_use]
    pub fn verdict(&mut self, death: &Death, stderr: &Path) -> Option<(Want, String)> {
        if death.exit_code() == Some(0) {
            return None;
        }
        last_words::of(stderr).by_itself(death.exit_code(), death.signal())
    }
}
