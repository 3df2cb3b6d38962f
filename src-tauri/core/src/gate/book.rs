//! The gates that agents ask outside of any run. A unit of its own beside the lanes, which asks nobody and is asked by the
//! pilot; its facts stand in a journal lane of their own.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{Fact, Gate, Gates, Question, Word};
use crate::Ms;
use crate::id::{AccountId, Dice, GateId};
use crate::input::{Refusal, RefusalCode};
use crate::time::DAY_MS;

/// An answer is remembered for so long: who asks the same within it is told the same. The store keeps it for good.
pub const KEPT_MS: u64 = 7 * DAY_MS;
/// Askers of which something is remembered, at most.
const ASKERS_MAX: usize = 1_000;
/// Of one account, so that nobody who may ask takes the place of all others.
const ASKERS_OF_ACCOUNT_MAX: usize = 200;
/// Of one account that wait at the same time: with all that they show, 77 MiB.
const WAITING_OF_ACCOUNT_MAX: usize = 200;

/// Whoever asks: an agent, by the account that it reports to and the name that it gives.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Asker {
    pub account: AccountId,
    pub agent: String,
}

#[derive(Debug, Clone, PartialEq)]
pub enum GateInput {
    Ask {
        asker: Asker,
        question: Box<Question>,
    },
    Answer {
        gate_id: GateId,
        word: Word,
    },
    PutOff {
        gate_id: GateId,
        until: Ms,
    },
    /// Its callback knows, or was given up.
    Told {
        gate_id: GateId,
        words: String,
    },
    Tick,
    /// The machine slept, the tower was off, or the clock was set (forward: positive).
    Shifted {
        slept_ms: u64,
        stepped_ms: i64,
    },
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum GateEvent {
    Gate {
        asker: Asker,
        fact: Fact,
    },
    /// Its answer is not remembered any more.
    GateForgotten {
        asker: Asker,
        gate_id: GateId,
    },
}

impl GateEvent {
    /// For the journal's column and for logs.
    #[must_use]
    pub fn word(&self) -> &'static str {
        match self {
            GateEvent::Gate { fact, .. } => fact.word(),
            GateEvent::GateForgotten { .. } => "gate_forgotten",
        }
    }
}

#[derive(Debug, Clone, PartialEq)]
pub struct GateDecision {
    pub events: Vec<GateEvent>,
    pub answer: GateAnswer,
}

#[derive(Debug, Clone, PartialEq)]
pub enum GateAnswer {
    Done,
    Gate { gate: Box<Gate>, is_new: bool },
    Refused(Refusal),
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct GateBook {
    /// Of its last event.
    pub seq: u64,
    #[serde(with = "as_list")]
    askers: BTreeMap<Asker, Gates>,
}

impl GateBook {
    /// Decides one input and takes in what follows from it.
    pub fn decide(&mut self, input: &GateInput, now: Ms, dice: &mut dyn Dice) -> GateDecision {
        let considered = self.consider(input, now, dice);
        let (events, gate_id, is_new) = match considered {
            Ok(considered) => considered,
            Err(refusal) => return GateDecision { events: Vec::new(), answer: GateAnswer::Refused(refusal) },
        };
        for event in &events {
            self.apply(now, event);
        }
        let found = gate_id.and_then(|id| Some(self.find(&id)?.1.clone()));
        let answer = match found {
            Some(gate) => GateAnswer::Gate { gate: Box::new(gate), is_new },
            None => GateAnswer::Done,
        };
        GateDecision { events, answer }
    }

    fn consider(
        &self,
        input: &GateInput,
        now: Ms,
        dice: &mut dyn Dice,
    ) -> Result<(Vec<GateEvent>, Option<GateId>, bool), Refusal> {
        let of = |asker: &Asker, fact: Fact| GateEvent::Gate { asker: asker.clone(), fact };
        match input {
            GateInput::Ask { asker, question } => {
                let none = Gates::default();
                let gates = self.askers.get(asker);
                let room = if gates.is_none() { self.room_for(asker)? } else { Vec::new() };
                let asked = gates.unwrap_or(&none).ask(question, 0, now, dice)?;
                // One that takes the place of another waits in its place.
                if asked.is_new && asked.facts.len() == 1 {
                    self.may_wait(&asker.account)?;
                }
                let facts = asked.facts.into_iter().map(|fact| of(asker, fact));
                Ok((room.into_iter().chain(facts).collect(), Some(asked.gate_id), asked.is_new))
            }
            GateInput::Answer { gate_id, word } => {
                let fact = |gates: &Gates| gates.answer(gate_id, word, true, now);
                self.with(gate_id, fact).map(|event| (vec![event], Some(gate_id.clone()), false))
            }
            GateInput::PutOff { gate_id, until } => {
                let fact = |gates: &Gates| gates.put_off(gate_id, *until, now);
                self.with(gate_id, fact).map(|event| (vec![event], Some(gate_id.clone()), false))
            }
            GateInput::Told { gate_id, words } => {
                let to_be_told = self.find(gate_id).filter(|(_, gate)| gate.is_to_be_told());
                let told = to_be_told
                    .map(|(asker, gate)| of(asker, Fact::Told { gate_id: gate.id.clone(), words: words.clone() }));
                Ok((told.into_iter().collect(), None, false))
            }
            GateInput::Tick => {
                let due = self
                    .askers
                    .iter()
                    .flat_map(|(asker, gates)| gates.due(now, |_| true).into_iter().map(move |fact| (asker, fact)));
                let due = due.map(|(asker, fact)| of(asker, fact));
                Ok((due.chain(self.forgotten(now)).collect(), None, false))
            }
            GateInput::Shifted { slept_ms, stepped_ms } => {
                let by = i64::try_from(*slept_ms).unwrap_or(i64::MAX).saturating_add(*stepped_ms);
                let moved = self
                    .askers
                    .iter()
                    .flat_map(|(asker, gates)| gates.moved(by, now).into_iter().map(move |fact| (asker, fact)));
                Ok((moved.map(|(asker, fact)| of(asker, fact)).collect(), None, false))
            }
        }
    }

    /// What is forgotten so that one more may ask: the answers of whoever asked last the longest ago, and waits for none. The
    /// store keeps them.
    fn room_for(&self, asker: &Asker) -> Result<Vec<GateEvent>, Refusal> {
        let of_account = |known: &Asker| known.account == asker.account;
        let is_full_of_it = self.askers.keys().filter(|known| of_account(known)).count() >= ASKERS_OF_ACCOUNT_MAX;
        if !is_full_of_it && self.askers.len() < ASKERS_MAX {
            return Ok(Vec::new());
        }
        let may_go = self
            .askers
            .iter()
            .filter(|(known, gates)| (!is_full_of_it || of_account(known)) && gates.waiting().next().is_none());
        let last = |gates: &Gates| gates.iter().filter_map(forgotten_at).max();
        let Some((known, gates)) = may_go.min_by_key(|(_, gates)| last(gates)) else {
            let most = if is_full_of_it { ASKERS_OF_ACCOUNT_MAX } else { ASKERS_MAX };
            let message =
                format!("{most} agents wait for answers, which is as many as may. Ask again when one is answered.");
            return Err(Refusal { code: RefusalCode::TooMany, message });
        };
        let gone = gates.iter();
        Ok(gone.map(|gate| GateEvent::GateForgotten { asker: known.clone(), gate_id: gate.id.clone() }).collect())
    }

    fn may_wait(&self, account: &AccountId) -> Result<(), Refusal> {
        let of_account = self.askers.iter().filter(|(known, _)| known.account == *account);
        if of_account.map(|(_, gates)| gates.waiting().count()).sum::<usize>() < WAITING_OF_ACCOUNT_MAX {
            return Ok(());
        }
        let message = format!(
            "{WAITING_OF_ACCOUNT_MAX} questions of its agents wait for an answer already; ask again when one is answered."
        );
        Err(Refusal { code: RefusalCode::TooMany, message })
    }

    fn with(&self, gate_id: &GateId, fact: impl FnOnce(&Gates) -> Result<Fact, Refusal>) -> Result<GateEvent, Refusal> {
        let not_found = || Refusal { code: RefusalCode::NotFound, message: format!("There is no gate {gate_id}.") };
        let (asker, _) = self.find(gate_id).ok_or_else(not_found)?;
        let fact = fact(&self.askers[asker])?;
        Ok(GateEvent::Gate { asker: asker.clone(), fact })
    }

    fn forgotten(&self, now: Ms) -> impl Iterator<Item = GateEvent> {
        let old = self.all().filter(move |(_, gate)| forgotten_at(gate).is_some_and(|at| at <= now));
        old.map(|(asker, gate)| GateEvent::GateForgotten { asker: asker.clone(), gate_id: gate.id.clone() })
    }

    /// When it next wants a tick.
    #[must_use]
    pub fn wakes_at(&self) -> Option<Ms> {
        let due = self.askers.values().filter_map(Gates::wakes_at);
        due.chain(self.all().filter_map(|(_, gate)| forgotten_at(gate))).min()
    }

    /// Every gate that is remembered.
    pub fn all(&self) -> impl Iterator<Item = (&Asker, &Gate)> {
        self.askers.iter().flat_map(|(asker, gates)| gates.iter().map(move |gate| (asker, gate)))
    }

    /// Those of one asker that wait.
    pub fn waiting_of(&self, asker: &Asker) -> impl Iterator<Item = &Gate> {
        self.askers.get(asker).into_iter().flat_map(Gates::waiting)
    }

    #[must_use]
    pub fn find(&self, id: &GateId) -> Option<(&Asker, &Gate)> {
        self.askers.iter().find_map(|(asker, gates)| Some((asker, gates.get(id)?)))
    }

    pub fn apply(&mut self, at: Ms, event: &GateEvent) {
        self.seq += 1;
        match event {
            GateEvent::Gate { asker, fact } => self.askers.entry(asker.clone()).or_default().apply(at, fact),
            GateEvent::GateForgotten { asker, gate_id } => {
                if let Some(gates) = self.askers.get_mut(asker) {
                    gates.forget(gate_id);
                    if gates.is_empty() {
                        self.askers.remove(asker);
                    }
                }
            }
        }
    }
}

fn forgotten_at(gate: &Gate) -> Option<Ms> {
    gate.settled.as_ref().map(|settled| settled.at.plus(KEPT_MS))
}

/// JSON has no keys but text.
mod as_list {
    use std::collections::BTreeMap;

    use serde::{Deserialize as _, Deserializer, Serialize as _, Serializer};

    use super::{Asker, Gates};

    pub fn serialize<S: Serializer>(map: &BTreeMap<Asker, Gates>, to: S) -> Result<S::Ok, S::Error> {
        map.iter().collect::<Vec<_>>().serialize(to)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<BTreeMap<Asker, Gates>, D::Error> {
        Ok(Vec::<(Asker, Gates)>::deserialize(from)?.into_iter().collect())
    }
}
