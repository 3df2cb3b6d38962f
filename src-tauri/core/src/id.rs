//! Ids, and the dice they are thrown with. Ids are opaque outside this file.

use serde::{Deserialize, Serialize};

/// Random numbers, handed in so that core stays inert and the simulator can replay.
pub trait Dice {
    fn throw(&mut self) -> u64;
}

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub String);

        impl $name {
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

id!(
    /// Whose a cue is: empty for the owner's own, else `acc_` and 12 of [a-z0-9].
    AccountId
);
id!(
    /// `cue_` and 12 of [a-z0-9], as CueAPI's.
    CueId
);
id!(
    /// A UUID version 4, as CueAPI's execution ids.
    RunId
);
id!(
    /// `<cue>@<due ms>.<generation>` for a scheduled instant (one instant of one definition has one record), `<cue>@<first>-<last>.<generation>` for a span of them,
    /// `<cue>!<12 of [a-z0-9]>` for a fire, `<cue>&<run>.<generation>` for one that follows another cue's run (once by one definition: an end that comes late may fire a newer one).
    OccurrenceId
);
id!(
    /// A UUID version 4.
    AlertId
);
id!(
    /// An agent's permits of one ask, and its place in the line before: `permit_` and a UUID version 4.
    PermitId
);
id!(
    /// A question to the owner: `gate_` and 12 of [a-z0-9].
    GateId
);

impl Default for AccountId {
    fn default() -> AccountId {
        AccountId::OWNER
    }
}

impl AccountId {
    pub const OWNER: AccountId = AccountId(String::new());

    #[must_use]
    pub fn is_owner(&self) -> bool {
        self.0.is_empty()
    }

    pub fn thrown(dice: &mut dyn Dice) -> AccountId {
        AccountId(format!("acc_{}", letters(dice)))
    }
}

impl CueId {
    pub fn thrown(dice: &mut dyn Dice) -> CueId {
        CueId(format!("cue_{}", letters(dice)))
    }
}

impl RunId {
    pub fn thrown(dice: &mut dyn Dice) -> RunId {
        RunId(uuid(dice))
    }
}

impl AlertId {
    pub fn thrown(dice: &mut dyn Dice) -> AlertId {
        AlertId(uuid(dice))
    }
}

impl GateId {
    pub fn thrown(dice: &mut dyn Dice) -> GateId {
        GateId(format!("gate_{}", letters(dice)))
    }
}

impl PermitId {
    pub fn thrown(dice: &mut dyn Dice) -> PermitId {
        PermitId(format!("permit_{}", uuid(dice)))
    }
}

impl OccurrenceId {
    #[must_use]
    pub fn scheduled(cue: &CueId, due: crate::Ms, generation: u64) -> OccurrenceId {
        OccurrenceId(format!("{cue}@{}.{generation}", due.0))
    }

    /// Whether the schedule named it (as against a fire).
    #[must_use]
    pub fn is_scheduled(&self) -> bool {
        self.0.contains('@')
    }

    /// Instants from the first to the last, in one record.
    #[must_use]
    pub fn span(cue: &CueId, first: crate::Ms, last: crate::Ms, generation: u64) -> OccurrenceId {
        OccurrenceId(format!("{cue}@{}-{}.{generation}", first.0, last.0))
    }

    /// Fired by the end of another cue's run.
    #[must_use]
    pub fn chained(cue: &CueId, of: &RunId, generation: u64) -> OccurrenceId {
        OccurrenceId(format!("{cue}&{of}.{generation}"))
    }

    pub fn fired(cue: &CueId, dice: &mut dyn Dice) -> OccurrenceId {
        OccurrenceId(format!("{cue}!{}", letters(dice)))
    }
}

fn letters(dice: &mut dyn Dice) -> String {
    const ALPHABET: &[u8; 36] = b"abcdefghijklmnopqrstuvwxyz0123456789";
    (0..12).map(|_| char::from(ALPHABET[(dice.throw() % 36) as usize])).collect()
}

fn uuid(dice: &mut dyn Dice) -> String {
    let (high, low) = (dice.throw(), dice.throw());
    let high = (high & !0xf000) | 0x4000;
    let low = (low & !(0b11 << 62)) | (0b10 << 62);
    format!(
        "{:08x}-{:04x}-{:04x}-{:04x}-{:012x}",
        high >> 32,
        (high >> 16) & 0xffff,
        high & 0xffff,
        low >> 48,
        low & 0xffff_ffff_ffff
    )
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// Counts up: ids differ, and a test reads the same twice.
    pub(crate) struct Counting(pub u64);

    impl Dice for Counting {
        fn throw(&mut self) -> u64 {
            self.0 += 1;
            self.0.wrapping_mul(0x9e37_79b9_7f4a_7c15)
        }
    }

    #[test]
    fn ids_have_the_shapes_clients_expect() {
        let dice = &mut Counting(0);
        let cue = CueId::thrown(dice);
        assert_eq!(cue.0.len(), 16);
        assert!(cue.0.starts_with("cue_"));
        let run = RunId::thrown(dice).0;
        assert_eq!((run.len(), run.as_bytes()[14], run.matches('-').count()), (36, b'4', 4));
        assert!(matches!(run.as_bytes()[19], b'8' | b'9' | b'a' | b'b'));
    }
}
