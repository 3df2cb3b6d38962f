//! Switches that break one invariant each, so that the tests can show they notice. Compiled in with the feature
//! `saboteur` only; the program that people get cannot be sabotaged.

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sabotage {
    /// Callers are answered and effects performed before the batch is on disk.
    EffectBeforeCommit,
    /// Reports of older attempts count as if they spoke for the latest.
    NoFence,
    /// Decisions change the live state, also when their commit fails.
    NoWorkingCopy,
    /// Whoever claims a run that another worker has gets it too.
    DoubleClaim,
    /// Steps that are completed are begun again, with another key for the outside.
    ChargeTwice,
}

/// The switch that is on, by `CUETOWER_SABOTAGE`.
#[cfg(feature = "saboteur")]
#[must_use]
pub fn active() -> Option<Sabotage> {
    match std::env::var("CUETOWER_SABOTAGE").as_deref() {
        Ok("effect_before_commit") => Some(Sabotage::EffectBeforeCommit),
        Ok("no_fence") => Some(Sabotage::NoFence),
        Ok("no_working_copy") => Some(Sabotage::NoWorkingCopy),
        Ok("double_claim") => Some(Sabotage::DoubleClaim),
        Ok("charge_twice") => Some(Sabotage::ChargeTwice),
        Ok(_) | Err(_) => None,
    }
}

#[cfg(not(feature = "saboteur"))]
#[must_use]
pub const fn active() -> Option<Sabotage> {
    None
}
