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
    /// Of two answers to a question the last one counts.
    GateTwice,
    /// An answer counts for what is asked now, whatever was shown to whoever gave it.
    GateUnbound,
    /// The clocks of an attempt go on while its owner is asked.
    GateClocks,
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
        Ok("gate_twice") => Some(Sabotage::GateTwice),
        Ok("gate_unbound") => Some(Sabotage::GateUnbound),
        Ok("gate_clocks") => Some(Sabotage::GateClocks),
        Ok(_) | Err(_) => None,
    }
}

#[cfg(not(feature = "saboteur"))]
#[must_use]
pub const fn active() -> Option<Sabotage> {
    None
}
