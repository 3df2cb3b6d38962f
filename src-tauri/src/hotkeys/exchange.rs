//! One set of hot-keys in place of another: all of it, or what there was. Pure but for the system that gives keys away.

use super::Does;
use crate::kept::Hotkeys;

/// Whoever gives keys to programs. The errors are sentences that name the keys.
pub trait Keys {
    fn take(&mut self, does: Does, keys: &str) -> Result<(), String>;
    fn release(&mut self, keys: &str) -> Result<(), String>;
}

/// A change that came to nothing.
#[derive(Debug, PartialEq, Eq)]
pub struct Refused {
    pub field: &'static str,
    /// A sentence: which keys, and why.
    pub why: String,
    /// Those that there are now: as before, unless the system did not give one back.
    pub left: Hotkeys,
}

struct Exchange<'a, K> {
    system: &'a mut K,
    /// What the system has given us at this moment.
    held: Vec<(Does, String)>,
}

/// Both are as keys are always written.
pub fn exchange(system: &mut impl Keys, before: &Hotkeys, after: &Hotkeys) -> Result<(), Refused> {
    let mut exchange = Exchange { system, held: pairs(before) };
    let all = exchange.all(before, after);
    all.map_err(|(does, why)| Refused { field: does.field(), why, left: exchange.back(before) })
}

impl<K: Keys> Exchange<'_, K> {
    fn all(&mut self, before: &Hotkeys, after: &Hotkeys) -> Result<(), (Does, String)> {
        let (old, new) = (pairs(before), pairs(after));
        let fresh: Vec<_> = new.iter().filter(|pair| !old.contains(pair)).collect();
        if let Some((does, keys)) =
            fresh.iter().find(|(does, keys)| new.iter().any(|(other, same)| other != does && same == keys))
        {
            return Err((*does, format!("{keys} does something else here already. Choose another.")));
        }
        // What is nobody's yet comes first: where the system refuses it, nothing was given up for it.
        let (moved, free): (Vec<_>, Vec<_>) =
            fresh.into_iter().partition(|(_, keys)| old.iter().any(|(_, had)| had == keys));
        for (does, keys) in free {
            self.take(*does, keys)?;
        }
        for (does, keys) in old.iter().filter(|pair| !new.contains(pair)) {
            self.release(*does, keys)?;
        }
        for (does, keys) in moved {
            self.take(*does, keys)?;
        }
        Ok(())
    }

    /// As it was, as far as the system lets us.
    fn back(&mut self, before: &Hotkeys) -> Hotkeys {
        let old = pairs(before);
        for (does, keys) in self.held.clone().into_iter().filter(|pair| !old.contains(pair)) {
            drop(self.release(does, &keys).inspect_err(|(_, why)| tracing::warn!(why, "a new hot-key stays taken")));
        }
        for (does, keys) in old.iter().filter(|pair| !self.held.contains(pair)).cloned().collect::<Vec<_>>() {
            drop(self.take(does, &keys).inspect_err(|(_, why)| tracing::warn!(why, "a hot-key is lost")));
        }
        let mut left = Hotkeys::default();
        for (does, keys) in self.held.iter().filter(|pair| old.contains(pair)) {
            *does.of(&mut left) = Some(keys.clone());
        }
        left
    }

    fn take(&mut self, does: Does, keys: &str) -> Result<(), (Does, String)> {
        self.system.take(does, keys).map_err(|why| (does, why))?;
        self.held.push((does, keys.to_owned()));
        Ok(())
    }

    fn release(&mut self, does: Does, keys: &str) -> Result<(), (Does, String)> {
        self.system.release(keys).map_err(|why| (does, why))?;
        self.held.retain(|(_, held)| held != keys);
        Ok(())
    }
}

fn pairs(keys: &Hotkeys) -> Vec<(Does, String)> {
    let both = [(Does::ShowWindow, &keys.show_window), (Does::NextGate, &keys.next_gate)];
    both.into_iter().filter_map(|(does, keys)| Some((does, keys.clone()?))).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    /// A desktop on which other programs have keys too.
    #[derive(Default)]
    struct Desktop {
        ours: BTreeMap<String, Does>,
        others: Vec<&'static str>,
        sticks: Option<&'static str>,
    }

    impl Keys for Desktop {
        fn take(&mut self, does: Does, keys: &str) -> Result<(), String> {
            if self.others.contains(&keys) || self.ours.contains_key(keys) {
                return Err(format!("{keys} belongs to another program."));
            }
            self.ours.insert(keys.to_owned(), does);
            Ok(())
        }

        fn release(&mut self, keys: &str) -> Result<(), String> {
            if self.sticks == Some(keys) {
                return Err(format!("{keys} stays taken."));
            }
            self.ours.remove(keys).map(drop).ok_or_else(|| format!("{keys} is not ours."))
        }
    }

    fn keys(show_window: &str, next_gate: &str) -> Hotkeys {
        let some = |keys: &str| (!keys.is_empty()).then(|| keys.to_owned());
        Hotkeys { show_window: some(show_window), next_gate: some(next_gate) }
    }

    fn has(desktop: &Desktop, wanted: &Hotkeys) {
        let ours: Vec<_> = desktop.ours.iter().map(|(keys, does)| (*does, keys.clone())).collect();
        let mut wanted = pairs(wanted);
        wanted.sort_by(|one, other| one.1.cmp(&other.1));
        assert_eq!(ours, wanted);
    }

    fn desktop(before: &Hotkeys) -> Desktop {
        let mut desktop = Desktop::default();
        exchange(&mut desktop, &Hotkeys::default(), before).expect("nobody has them");
        desktop
    }

    #[test]
    fn any_change_is_made_as_a_whole() {
        for (before, after) in [
            (keys("", ""), keys("A", "B")),
            (keys("A", ""), keys("B", "A")),
            (keys("A", "B"), keys("B", "A")),
            (keys("A", "B"), keys("", "A")),
            (keys("A", "B"), keys("", "")),
            (keys("A", "B"), keys("A", "B")),
        ] {
            let mut desktop = desktop(&before);
            assert_eq!(exchange(&mut desktop, &before, &after), Ok(()));
            has(&desktop, &after);
        }
    }

    #[test]
    fn a_change_of_which_a_part_is_refused_leaves_what_there_was_and_names_the_key() {
        let before = keys("A", "B");
        for (after, others, sticks, field, named) in [
            (keys("C", "D"), vec!["D"], None, "hotkeys.next_gate", "D belongs"),
            (keys("C", "D"), vec!["C"], None, "hotkeys.show_window", "C belongs"),
            (keys("C", "D"), vec![], Some("B"), "hotkeys.next_gate", "B stays"),
            (keys("C", "A"), vec![], Some("B"), "hotkeys.next_gate", "B stays"),
            (keys("", "D"), vec!["D"], None, "hotkeys.next_gate", "D belongs"),
            (keys("A", "A"), vec![], None, "hotkeys.next_gate", "A does something else"),
            (keys("C", "C"), vec![], None, "hotkeys.show_window", "C does something else"),
        ] {
            let mut desktop = Desktop { others, sticks, ..desktop(&before) };
            let refused = exchange(&mut desktop, &before, &after).expect_err("a part is refused");
            assert_eq!((refused.field, &refused.left), (field, &before), "{after:?}");
            assert!(refused.why.starts_with(named), "{refused:?}");
            has(&desktop, &before);
        }
    }

    #[test]
    fn a_key_that_the_system_does_not_give_back_is_not_said_to_be_ours() {
        struct Thief(Desktop);
        impl Keys for Thief {
            fn take(&mut self, does: Does, keys: &str) -> Result<(), String> {
                self.0.take(does, keys)
            }
            fn release(&mut self, keys: &str) -> Result<(), String> {
                self.0.release(keys)?;
                self.0.others.extend([["A"], ["B"]].concat().into_iter().filter(|other| *other == keys));
                Ok(())
            }
        }
        let before = keys("A", "B");
        let mut thief = Thief(desktop(&before));
        let refused = exchange(&mut thief, &before, &keys("B", "A")).expect_err("somebody else was faster");
        assert_eq!(refused.left, keys("", ""));
    }
}
