//! The gates of one asker: of a run, or of an agent outside of any. What is asked, answered and due, and what follows from it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::question::COMMENT_CHARS_MAX;
use super::{Fact, Gate, How, KEPT_MS, OnNoAnswer, Question, Said, Settled, Subject, Word, edit_trouble, words};
use crate::Ms;
use crate::id::{Dice, GateId};
use crate::input::{Refusal, RefusalCode};
use crate::sentence::instant;
use crate::time::{DAY_MS, SECOND_MS};

/// Of one asker within [`KEPT_MS`].
pub const GATES_MAX: usize = 200;
/// Of one asker that wait at the same time.
pub const WAITING_MAX: usize = 20;
/// A question can be put off for so long at most.
const PUT_OFF_MS_MAX: u64 = 7 * DAY_MS;
/// After an absence, a deadline leaves at least this.
const AFTER_GAP_MS: u64 = 5 * SECOND_MS;
/// Why a question that was asked anew is withdrawn.
pub(super) const ASKED_ANEW: &str = "it was asked anew, with other contents";

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Gates {
    all: BTreeMap<GateId, Gate>,
}

/// What an ask comes to.
#[derive(Debug, Clone, PartialEq)]
pub struct Asked {
    pub gate_id: GateId,
    pub is_new: bool,
    pub facts: Vec<Fact>,
}

impl Gates {
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    #[must_use]
    pub fn get(&self, id: &GateId) -> Option<&Gate> {
        self.all.get(id)
    }

    pub fn iter(&self) -> impl Iterator<Item = &Gate> {
        self.all.values()
    }

    pub fn waiting(&self) -> impl Iterator<Item = &Gate> {
        self.all.values().filter(|gate| gate.is_waiting())
    }

    /// The gate about this that counts: the newest that was not withdrawn.
    #[must_use]
    pub fn about(&self, subject: &Subject) -> Option<&Gate> {
        let counts = |gate: &&Gate| {
            gate.subject == *subject && gate.settled.as_ref().is_none_or(|settled| settled.how != How::Withdrawn)
        };
        self.all.values().filter(counts).max_by_key(|gate| (gate.asked_at, gate.is_waiting(), &gate.id))
    }

    /// The same question, asked before: its answer counts for it.
    #[must_use]
    pub fn known(&self, question: &Question) -> Option<&Gate> {
        let hash = question.hash();
        self.about(&question.subject).filter(|gate| gate.hash == hash)
    }

    /// When the next of their deadlines is. While the run lives.
    #[must_use]
    pub fn wakes_at(&self) -> Option<Ms> {
        self.waiting().filter_map(|gate| gate.deadline).min()
    }

    /// Asked for the first time, or again: then its first answer stands.
    pub fn ask(&self, question: &Question, attempt: u32, now: Ms, dice: &mut dyn Dice) -> Result<Asked, Refusal> {
        if let Some(gate) = self.known(question) {
            let awaits = question.blocking && !gate.handed_over && (gate.attempt != attempt || !gate.blocking);
            let again = awaits.then(|| Fact::AwaitedAgain { gate_id: gate.id.clone(), attempt });
            return Ok(Asked { gate_id: gate.id.clone(), is_new: false, facts: again.into_iter().collect() });
        }
        if let Some((_, message)) = question.trouble() {
            return Err(Refusal { code: RefusalCode::Invalid, message });
        }
        let before = self.about(&question.subject).filter(|gate| gate.is_waiting());
        let waiting = self.waiting().count() - usize::from(before.is_some());
        let kept = self.all.values().filter(|gate| !may_be_forgotten(gate, now)).count();
        if waiting >= WAITING_MAX || kept >= GATES_MAX {
            let message = if waiting >= WAITING_MAX {
                format!("{WAITING_MAX} questions of it wait for an answer already; ask again when one is answered.")
            } else {
                format!("It has asked {GATES_MAX} questions within 7 days, which is as many as may be.")
            };
            return Err(Refusal { code: RefusalCode::TooMany, message });
        }
        let withdrawn = before.map(|gate| withdrawn(gate, ASKED_ANEW, now));
        let gate = Gate {
            id: GateId::thrown(dice),
            subject: question.subject.clone(),
            title: question.title.clone(),
            hash: question.hash(),
            attempt,
            blocking: question.blocking,
            on_no_answer: question.on_no_answer,
            deadline: question.deadline_ms.map(|length| now.plus(length)),
            deadline_ms: question.deadline_ms,
            asked_at: now,
            overdue_at: None,
            put_off_until: None,
            shown: Some(Box::new(question.shown.clone())),
            settled: None,
            handed_over: false,
            callback: question.callback.clone(),
            told: false,
        };
        let gate_id = gate.id.clone();
        let facts = withdrawn.into_iter().chain([Fact::Asked { gate: Box::new(gate) }]).collect();
        Ok(Asked { gate_id, is_new: true, facts })
    }

    /// The first answer counts, and only for what was shown. `handed_over`: its asker may hear of it at once.
    pub fn answer(&self, id: &GateId, word: &Word, handed_over: bool, now: Ms) -> Result<Fact, Refusal> {
        let gate = self.waiting_one(id)?;
        if gate.hash != word.shown {
            let message = "What it asks is not what you were shown. Look at it again before you answer.".to_owned();
            return Err(Refusal { code: RefusalCode::GateChanged, message });
        }
        let invalid = |message: String| Refusal { code: RefusalCode::Invalid, message };
        if word.comment.as_ref().is_some_and(|text| text.chars().count() > COMMENT_CHARS_MAX) {
            return Err(invalid("The comment is longer than 2,000 characters.".to_owned()));
        }
        let shown = gate.shown.as_deref();
        let (how, payload) = match &word.said {
            Said::Approve => (How::Approved, None),
            Said::Deny => (How::Denied, None),
            // Left as it was, it is a plain yes.
            Said::Edit(edited) if shown.is_some_and(|shown| shown.payload.as_ref() == Some(edited)) => {
                (How::Approved, None)
            }
            Said::Edit(edited) => match shown.and_then(|shown| edit_trouble(shown, edited)) {
                Some(trouble) => return Err(invalid(trouble)),
                None => (How::Edited, Some(edited.clone())),
            },
        };
        let comment = word.comment.clone().filter(|comment| !comment.trim().is_empty());
        let settled = Settled { at: now, how, face: Some(word.face), comment };
        Ok(Fact::Settled { gate_id: id.clone(), settled, payload, handed_over })
    }

    pub fn put_off(&self, id: &GateId, until: Ms, now: Ms) -> Result<Fact, Refusal> {
        let gate = self.waiting_one(id)?;
        let most = now.plus(PUT_OFF_MS_MAX);
        if until > most {
            let message = "A question can be put off for 7 days at most.".to_owned();
            return Err(Refusal { code: RefusalCode::Invalid, message });
        }
        if let Some(deadline) = gate.deadline.filter(|deadline| until >= *deadline) {
            let message = format!("It is to be answered by {}; put it off to a time before.", instant(deadline));
            return Err(Refusal { code: RefusalCode::Invalid, message });
        }
        Ok(Fact::PutOff { gate_id: gate.id.clone(), until })
    }

    fn waiting_one(&self, id: &GateId) -> Result<&Gate, Refusal> {
        let not_found = || Refusal { code: RefusalCode::NotFound, message: format!("There is no gate {id}.") };
        let gate = self.all.get(id).ok_or_else(not_found)?;
        let Some(settled) = &gate.settled else { return Ok(gate) };
        let code = match settled.how {
            How::Withdrawn => RefusalCode::GateWithdrawn,
            How::Approved | How::Edited | How::Denied | How::NoAnswer => RefusalCode::GateSettled,
        };
        Err(Refusal { code, message: words::too_late(gate, settled) })
    }

    /// What deadlines bring about now. `handed_over`: by gate.
    #[must_use]
    pub fn due(&self, now: Ms, handed_over: impl Fn(&Gate) -> bool) -> Vec<Fact> {
        let due = self.waiting().filter(|gate| gate.deadline.is_some_and(|deadline| deadline <= now));
        let fact = |gate: &Gate| {
            let gate_id = gate.id.clone();
            if gate.on_no_answer.ends_it() {
                let settled = Settled { at: now, how: How::NoAnswer, face: None, comment: None };
                Fact::Settled { gate_id, settled, payload: None, handed_over: handed_over(gate) }
            } else {
                Fact::Overdue { gate_id, louder: gate.on_no_answer == OnNoAnswer::Escalate }
            }
        };
        due.map(fact).collect()
    }

    /// The tower was away for so long, or its clock was set by so much: deadlines stood still.
    #[must_use]
    pub fn moved(&self, by_ms: i64, now: Ms) -> Vec<Fact> {
        let moved = |gate: &Gate| {
            let deadline = gate.deadline?;
            let least = now.plus(gate.deadline_ms.unwrap_or(AFTER_GAP_MS).min(AFTER_GAP_MS));
            let moved = Ms(deadline.0.saturating_add(by_ms)).max(least);
            (moved != deadline).then(|| Fact::DeadlineMoved { gate_id: gate.id.clone(), deadline: moved })
        };
        self.waiting().filter_map(moved).collect()
    }

    /// Nobody waits for an answer any more.
    #[must_use]
    pub fn withdraw_all(&self, why: &str, now: Ms) -> Vec<Fact> {
        self.waiting().map(|gate| withdrawn(gate, why, now)).collect()
    }

    /// Whether this attempt does nothing until it has heard.
    #[must_use]
    pub fn block(&self, attempt: u32) -> bool {
        self.all.values().any(|gate| gate.blocks(attempt))
    }

    /// Answered, and not heard of yet.
    pub fn unheard(&self) -> impl Iterator<Item = &Gate> {
        self.all.values().filter(|gate| gate.settled.is_some() && !gate.handed_over)
    }

    /// Those that were answered that long ago and are not remembered any more.
    pub(super) fn forget(&mut self, id: &GateId) {
        self.all.remove(id);
    }

    /// Its asker may hear whatever was answered: there is nothing left that it would have to wait for.
    pub fn hand_all_over(&mut self) {
        for gate in self.all.values_mut().filter(|gate| gate.settled.is_some()) {
            gate.handed_over = true;
        }
    }

    /// How a fact changes them.
    pub fn apply(&mut self, at: Ms, fact: &Fact) {
        if let Fact::Asked { gate } = fact {
            if self.all.len() >= GATES_MAX {
                self.all.retain(|_, known| !may_be_forgotten(known, at));
            }
            self.all.insert(gate.id.clone(), Gate::clone(gate));
            return;
        }
        let Some(gate) = self.all.get_mut(fact.gate_id()) else { return };
        match fact {
            Fact::Asked { .. } | Fact::PermitsAskedAgain { .. } => {}
            Fact::AwaitedAgain { attempt, .. } => {
                gate.attempt = *attempt;
                gate.blocking = true;
            }
            Fact::Settled { settled, handed_over, .. } => {
                gate.settled = Some(settled.clone());
                gate.handed_over = *handed_over;
                gate.shown = None;
                gate.deadline = None;
                gate.put_off_until = None;
            }
            Fact::HandedOver { .. } => gate.handed_over = true,
            Fact::Overdue { .. } => {
                gate.overdue_at = Some(at);
                gate.deadline = None;
                gate.put_off_until = None;
            }
            Fact::DeadlineMoved { deadline, .. } => gate.deadline = Some(*deadline),
            Fact::PutOff { until, .. } => gate.put_off_until = Some(*until).filter(|until| *until > at),
            Fact::Told { .. } => gate.told = true,
        }
    }
}

/// Answered long ago, and nothing is left to be done about it; asked again, it is a new question. The yes to a delivery holds
/// for all attempts of its run.
fn may_be_forgotten(gate: &Gate, now: Ms) -> bool {
    let is_old = gate.settled.as_ref().is_some_and(|settled| settled.at.plus(KEPT_MS) <= now);
    is_old && gate.handed_over && !gate.is_to_be_told() && gate.subject != Subject::Delivery
}

/// Whoever still asks about it may hear so at once.
fn withdrawn(gate: &Gate, why: &str, now: Ms) -> Fact {
    let settled = Settled { at: now, how: How::Withdrawn, face: None, comment: Some(why.to_owned()) };
    Fact::Settled { gate_id: gate.id.clone(), settled, payload: None, handed_over: true }
}
