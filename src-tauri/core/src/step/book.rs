//! The steps of one run, as decisions need them. A book lives in the tower's memory only while its run is at work: it is made
//! again from the rows. It is changed in place; if that cannot be written down, it is thrown away and read anew.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use crate::Ms;
use crate::input::{Refusal, RefusalCode};
use crate::spend::{Priced, Spend};

use super::input::{Answer, Begin, Done, Fail, SpanSeen, StepInput, Told};
use super::sums::{Sums, Total};
use super::tree::{OTHER_MODELS, counted_as};
use super::{Broke, Change, DEPTH_MAX, ERROR_CHARS_MAX, NAME_CHARS_MAX, Row, Source, StepState};

/// Of one run, spans among them.
pub const STEPS_MAX: u32 = 250_000;

/// One step, as much as decisions need.
#[derive(Debug, Clone)]
pub struct Node {
    pub ordinal: u32,
    pub key: Arc<str>,
    /// Index of the node it stands under.
    pub under: Option<u32>,
    pub place: u32,
    pub state: StepState,
    pub source: Source,
    pub tries: u32,
    pub attempt: u32,
    pub idempotency_key: Option<Arc<str>>,
    /// Of the output it was completed with.
    pub digest: u64,
    /// Its name, until it has ended well.
    pub name: Option<Arc<str>>,
    /// The parent it waits for.
    pub awaits: Option<Arc<str>>,
    pub own: Total,
    pub(super) below: Total,
    pub(super) steps_below: u32,
}

impl Node {
    pub(super) fn counted(&self) -> Total {
        self.own.largest(self.below)
    }
}

#[derive(Debug, Clone, Default)]
pub struct Book {
    /// What the keys of outside calls begin with.
    idempotency: String,
    pub(super) nodes: Vec<Node>,
    pub(super) by_key: HashMap<Arc<str>, u32>,
    /// By the key of a parent that has not come: indexes of those that stand under it.
    pub(super) waiting: HashMap<Arc<str>, Vec<u32>>,
    next_ordinal: u32,
    pub(super) steps_at_top: u32,
    broke: Option<Arc<str>>,
    pub sums: Sums,
}

/// What came of one input.
#[derive(Debug, Clone, PartialEq)]
pub struct Decided {
    pub changes: Vec<Change>,
    pub answer: Answer,
    pub told: Told,
}

impl Decided {
    fn answer(answer: Answer) -> Decided {
        Decided { changes: Vec::new(), answer, told: Told::default() }
    }

    fn again(state: StepState) -> Decided {
        let told = Told { again: true, ..Told::default() };
        Decided { told, ..Decided::answer(Answer::Noted(state)) }
    }

    fn refused(code: RefusalCode, message: impl Into<String>) -> Decided {
        Decided::answer(Answer::Refused(Refusal { code, message: message.into() }))
    }
}

impl Book {
    /// `idempotency`: the run's own key.
    #[must_use]
    pub fn empty(idempotency: &str) -> Book {
        Book { idempotency: idempotency.to_owned(), next_ordinal: 1, ..Book::default() }
    }

    /// From its rows, by ordinal; `awaits` of a node is its parent where `under` is not known. The sums are as they were written.
    #[must_use]
    pub fn of_rows(idempotency: &str, rows: impl IntoIterator<Item = (Node, u32)>, sums: Sums) -> Book {
        let mut book = Book { sums, ..Book::empty(idempotency) };
        let mut index_of: HashMap<u32, u32> = HashMap::new();
        for (mut node, under) in rows {
            let index = book.nodes.len() as u32;
            index_of.insert(node.ordinal, index);
            book.next_ordinal = book.next_ordinal.max(node.ordinal + 1);
            // A parent may be newer than what stands under it; linked below.
            node.under = (under > 0).then_some(under);
            if let Some(awaits) = node.awaits.clone() {
                book.waiting.entry(awaits).or_default().push(index);
            }
            book.by_key.insert(Arc::clone(&node.key), index);
            book.nodes.push(node);
        }
        for index in 0..book.nodes.len() {
            let under = book.nodes[index].under.and_then(|ordinal| index_of.get(&ordinal).copied());
            book.nodes[index].under = under;
            book.count_place(index as u32);
        }
        book.sum_anew();
        book
    }

    /// The step that its run says broke.
    pub fn remember_broke(&mut self, key: Option<&str>) {
        self.broke = key.map(Arc::from);
    }

    #[must_use]
    pub fn len(&self) -> usize {
        self.nodes.len()
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.nodes.is_empty()
    }

    #[must_use]
    pub fn node(&self, key: &str) -> Option<&Node> {
        self.by_key.get(key).map(|index| &self.nodes[*index as usize])
    }

    /// Decides, and takes in what it decided. `attempt`: of the reporter.
    pub fn decide(&mut self, input: StepInput, attempt: u32, now: Ms) -> Decided {
        match input {
            StepInput::Begin(begin) => self.begin(begin, attempt, now),
            StepInput::Complete { key, done } => self.complete(&key, done, now),
            StepInput::Fail { key, fail } => self.fail(&key, fail, attempt, now),
            StepInput::Beat { tokens, cost, progress, .. } => {
                self.sums.beats.add(Total { tokens, cost });
                self.sums.beats_heard += 1;
                if progress.is_some() && progress != self.sums.progress {
                    self.sums.progress = progress;
                    self.sums.progress_at = Some(now);
                }
                Decided::answer(Answer::Done)
            }
            StepInput::Said { tokens, cost } => {
                self.sums.said = self.sums.said.largest(Total { tokens, cost });
                Decided::answer(Answer::Done)
            }
            StepInput::Spans(spans) => self.spans(spans, attempt),
        }
    }

    /// Takes spans out that belong elsewhere: some that were written down, and some that were not yet, so that the sums since
    /// then have them in.
    pub fn without(&mut self, written: &[(u32, SpanSeen)], new: &[(u32, SpanSeen)]) {
        let all = || written.iter().chain(new);
        let gone: HashSet<u32> = all().map(|(ordinal, _)| *ordinal).collect();
        let ordinals: Vec<u32> = self.nodes.iter().map(|node| node.ordinal).collect();
        let under = |node: &Node| node.under.map_or(0, |under| ordinals[under as usize]);
        let kept = std::mem::take(&mut self.nodes).into_iter().filter(|node| !gone.contains(&node.ordinal));
        let kept = kept.map(|node| {
            let under = under(&node);
            (Node { under: None, place: 0, steps_below: 0, ..node }, under)
        });
        let rows: Vec<(Node, u32)> = kept.collect();
        let mut sums = std::mem::take(&mut self.sums);
        sums.begun = sums.begun.saturating_sub(gone.len() as u32);
        for (_, span) in all() {
            sums.not_priced = sums.not_priced.saturating_sub(u64::from(span.spend.priced == Priced::Not));
            match span.error {
                Some(_) => sums.failed = sums.failed.saturating_sub(1),
                None => sums.completed = sums.completed.saturating_sub(1),
            }
        }
        for (_, span) in new {
            let Some(model) = counted_as(&span.spend) else { continue };
            let model = if sums.models.contains_key(model) { model } else { OTHER_MODELS };
            if let Some(sum) = sums.models.get_mut(model) {
                sum.less(&span.spend);
            }
        }
        let next_ordinal = self.next_ordinal;
        *self = Book { next_ordinal, ..Book::of_rows(&self.idempotency, rows, sums) };
    }

    fn begin(&mut self, begin: Begin, attempt: u32, now: Ms) -> Decided {
        if let Some(index) = self.by_key.get(begin.key.as_str()).copied() {
            return self.begin_again(index, begin, attempt, now);
        }
        if self.nodes.len() as u32 >= STEPS_MAX {
            let message = format!("This run has {STEPS_MAX} steps already; it may have no more.");
            return Decided::refused(RefusalCode::Invalid, message);
        }
        let under = match &begin.parent {
            None => None,
            Some(parent) => match self.by_key.get(parent.as_str()) {
                Some(index) if self.depth(*index) < DEPTH_MAX => Some(*index),
                Some(_) => {
                    let message = format!("Steps may stand {DEPTH_MAX} deep within each other, and no deeper.");
                    return Decided::refused(RefusalCode::Invalid, message);
                }
                None => {
                    let message =
                        format!("`parent` names the step `{parent}`, which this run has not begun. Begin it first.");
                    return Decided::refused(RefusalCode::Invalid, message);
                }
            },
        };
        let ordinal = self.next_ordinal;
        let idempotency_key = super::idempotency_key(&self.idempotency, ordinal);
        let name = cut(begin.shown_name(), NAME_CHARS_MAX);
        let index = self.put(Node {
            ordinal,
            key: begin.key.as_str().into(),
            under,
            place: 0,
            state: StepState::Started,
            source: Source::Step,
            tries: 1,
            attempt,
            idempotency_key: Some(idempotency_key.as_str().into()),
            digest: 0,
            name: Some(name.as_str().into()),
            awaits: None,
            own: Total::default(),
            below: Total::default(),
            steps_below: 0,
        });
        self.sums.begun += 1;
        self.sums.seen(now, now);
        let place = self.nodes[index as usize].place;
        let mut changes = vec![Change::New(Box::new(Row {
            ordinal,
            under: self.ordinal_of(under),
            place,
            key: begin.key.clone(),
            parent: begin.parent,
            name,
            kind: begin.kind.unwrap_or_default(),
            state: StepState::Started,
            source: Source::Step,
            attempt,
            tries: 1,
            retries: None,
            began: now,
            ended: None,
            idempotency_key: Some(idempotency_key.clone()),
            error: None,
            spend: Spend { model: begin.model, ..Spend::default() },
            input: begin.input,
            output: None,
            whole_error: None,
            attributes: None,
            digest: 0,
        }))];
        changes.extend(self.come_home(index));
        let answer = Answer::Started { ordinal, idempotency_key, attempt, tries: 1 };
        Decided { changes, answer, told: Told::default() }
    }

    fn begin_again(&mut self, index: u32, begin: Begin, attempt: u32, now: Ms) -> Decided {
        let node = &mut self.nodes[index as usize];
        let ordinal = node.ordinal;
        let Some(idempotency_key) = node.idempotency_key.as_ref().map(ToString::to_string) else {
            let message = format!("`{}` is the id of a span; choose another key.", begin.key);
            return Decided::refused(RefusalCode::Invalid, message);
        };
        if node.state == StepState::Completed {
            return Decided::answer(Answer::Completed { ordinal, idempotency_key });
        }
        self.sums.failed -= u32::from(node.state == StepState::Failed);
        node.state = StepState::Started;
        node.source = Source::Step;
        node.tries = node.tries.saturating_add(1);
        node.attempt = attempt;
        // Without a new name, it keeps the one it has.
        let name = match (begin.said_name(), &node.name) {
            (None, Some(known)) => known.to_string(),
            _ => cut(begin.shown_name(), NAME_CHARS_MAX),
        };
        node.name = Some(name.as_str().into());
        let tries = node.tries;
        self.sums.seen(now, now);
        Decided {
            changes: vec![Change::Again {
                ordinal,
                attempt,
                tries,
                at: now,
                input: begin.input,
                name,
                model: begin.model,
            }],
            answer: Answer::Started { ordinal, idempotency_key, attempt, tries },
            told: Told::default(),
        }
    }

    fn complete(&mut self, key: &str, done: Done, now: Ms) -> Decided {
        let index = match self.to_end(key) {
            Ok(index) => index,
            Err(refused) => return *refused,
        };
        let node = &self.nodes[index as usize];
        if node.state == StepState::Completed {
            if node.digest == done.digest {
                return Decided::again(StepState::Completed);
            }
            let message = format!("The step `{key}` was completed with another output; outputs are written once.");
            return Decided::refused(RefusalCode::StepAlreadyCompleted, message);
        }
        self.sums.failed -= u32::from(node.state == StepState::Failed);
        let mended = (self.broke.as_deref() == Some(key)).then(|| key.to_owned());
        if mended.is_some() {
            self.broke = None;
        }
        self.sums.completed += 1;
        let change = self.end(index, StepState::Completed, done, None, now);
        let answer = Answer::Noted(StepState::Completed);
        Decided { changes: vec![change], answer, told: Told { mended, ..Told::default() } }
    }

    fn fail(&mut self, key: &str, fail: Fail, attempt: u32, now: Ms) -> Decided {
        let index = match self.to_end(key) {
            Ok(index) => index,
            Err(refused) => return *refused,
        };
        let node = &self.nodes[index as usize];
        match node.state {
            StepState::Completed => {
                let message = format!("The step `{key}` is completed already; it cannot fail any more.");
                return Decided::refused(RefusalCode::StepAlreadyCompleted, message);
            }
            StepState::Failed => return Decided::again(StepState::Failed),
            StepState::Started => {}
        }
        let error = one_line(&fail.error);
        let broke = (!self.broke_within(index)).then(|| Broke {
            key: key.to_owned(),
            number: self.number(index),
            name: self.nodes[index as usize].name.as_deref().unwrap_or(key).to_owned(),
            error: error.clone(),
            attempt,
            at: now,
        });
        if broke.is_some() {
            self.broke = Some(key.into());
        }
        self.sums.failed += 1;
        let change = self.end(index, StepState::Failed, fail.done, Some((error, fail.error)), now);
        let answer = Answer::Noted(StepState::Failed);
        Decided { changes: vec![change], answer, told: Told { broke, ..Told::default() } }
    }

    /// What a failing step stands in fails for the same reason, which is told of the innermost. What broke in it before it was
    /// tried again is no such reason.
    fn broke_within(&self, index: u32) -> bool {
        let broke = self.broke.as_deref().and_then(|broke| self.by_key.get(broke)).copied();
        broke.filter(|broke| *broke != index && self.stands_under(*broke, index)).is_some_and(|broke| {
            let (broke, failing) = (&self.nodes[broke as usize], &self.nodes[index as usize]);
            broke.state == StepState::Failed && broke.attempt >= failing.attempt
        })
    }

    /// The step whose end is told.
    fn to_end(&self, key: &str) -> Result<u32, Box<Decided>> {
        let index = self.by_key.get(key).copied();
        index.filter(|index| self.nodes[*index as usize].idempotency_key.is_some()).ok_or_else(|| {
            let message = format!("This run has not begun a step `{key}`. Begin it first.");
            Box::new(Decided::refused(RefusalCode::StepNotFound, message))
        })
    }

    fn end(&mut self, index: u32, state: StepState, done: Done, error: Option<(String, String)>, now: Ms) -> Change {
        let node = &mut self.nodes[index as usize];
        node.state = state;
        node.digest = done.digest;
        if state == StepState::Completed {
            node.name = None;
        }
        let ordinal = node.ordinal;
        self.sums.seen(now, now);
        self.used(index, &done.spend);
        let (error, whole_error) = error.unzip();
        Change::Ended {
            ordinal,
            state,
            at: now,
            error,
            whole_error,
            output: done.output,
            digest: done.digest,
            spend: done.spend,
            retries: done.retries,
        }
    }

    fn spans(&mut self, spans: Vec<SpanSeen>, attempt: u32) -> Decided {
        let mut changes = Vec::with_capacity(spans.len());
        let (mut taken, mut refused, mut new) = (0, 0, Vec::new());
        for (place, span) in (0..).zip(spans) {
            if self.by_key.contains_key(span.span.as_str()) {
                taken += 1;
            } else if self.nodes.len() as u32 >= STEPS_MAX {
                refused += 1;
            } else {
                taken += 1;
                new.push(place);
                self.span(span, attempt, &mut changes);
            }
        }
        Decided { changes, answer: Answer::Spans { taken, refused }, told: Told { spans: new, ..Told::default() } }
    }

    fn span(&mut self, span: SpanSeen, attempt: u32, changes: &mut Vec<Change>) {
        let parent = span.parent.as_deref();
        let known = parent.and_then(|parent| self.by_key.get(parent)).copied();
        let under = known.filter(|index| self.depth(*index) < DEPTH_MAX);
        let awaits = parent.filter(|_| known.is_none()).map(Arc::from);
        let ordinal = self.next_ordinal;
        let state = if span.error.is_some() { StepState::Failed } else { StepState::Completed };
        let index = self.put(Node {
            ordinal,
            key: span.span.as_str().into(),
            under,
            place: 0,
            state,
            source: Source::Span,
            tries: 1,
            attempt,
            idempotency_key: None,
            digest: 0,
            name: None,
            awaits: awaits.clone(),
            own: Total::default(),
            below: Total::default(),
            steps_below: 0,
        });
        if let Some(awaits) = awaits {
            self.waiting.entry(awaits).or_default().push(index);
        }
        self.sums.begun += 1;
        match state {
            StepState::Failed => self.sums.failed += 1,
            StepState::Completed | StepState::Started => self.sums.completed += 1,
        }
        self.sums.seen(span.began, span.ended);
        self.used(index, &span.spend);
        changes.push(Change::New(Box::new(Row {
            ordinal,
            under: self.ordinal_of(under),
            place: 0,
            key: span.span,
            parent: span.parent,
            name: cut(&span.name, NAME_CHARS_MAX),
            kind: span.kind,
            state,
            source: Source::Span,
            attempt,
            tries: 1,
            retries: span.retries,
            began: span.began,
            ended: Some(span.ended),
            idempotency_key: None,
            error: span.error.as_deref().map(one_line),
            spend: span.spend,
            input: span.input,
            output: span.output,
            whole_error: span.error,
            attributes: span.attributes,
            digest: 0,
        })));
        changes.extend(self.come_home(index));
    }

    fn put(&mut self, node: Node) -> u32 {
        let index = self.nodes.len() as u32;
        self.next_ordinal = self.next_ordinal.max(node.ordinal + 1);
        self.by_key.insert(Arc::clone(&node.key), index);
        self.nodes.push(node);
        self.count_place(index);
        index
    }
}

impl Node {
    /// From a row; what it counts is found by the book.
    #[must_use]
    pub fn of_row(row: NodeRow) -> (Node, u32) {
        let NodeRow { ordinal, under, key, parent, state, source, tries, attempt, idempotency_key, digest, name, own } =
            row;
        let node = Node {
            ordinal,
            key: key.as_str().into(),
            under: None,
            place: 0,
            state,
            source,
            tries,
            attempt,
            idempotency_key: idempotency_key.as_deref().map(Arc::from),
            digest,
            name: name.filter(|_| state != StepState::Completed).as_deref().map(Arc::from),
            awaits: parent.filter(|_| under == 0).as_deref().map(Arc::from),
            own,
            below: Total::default(),
            steps_below: 0,
        };
        (node, under)
    }
}

/// What of a row a book needs.
#[derive(Debug, Clone)]
pub struct NodeRow {
    pub ordinal: u32,
    pub under: u32,
    pub key: String,
    pub parent: Option<String>,
    pub state: StepState,
    pub source: Source,
    pub tries: u32,
    pub attempt: u32,
    pub idempotency_key: Option<String>,
    pub digest: u64,
    pub name: Option<String>,
    pub own: Total,
}

/// The first line, bounded.
fn one_line(text: &str) -> String {
    let first = text.trim().lines().next().unwrap_or_default();
    cut(first.trim_end(), ERROR_CHARS_MAX)
}

fn cut(text: &str, chars: usize) -> String {
    match text.char_indices().nth(chars) {
        None => text.to_owned(),
        Some(_) => text.chars().take(chars - 1).chain(['…']).collect(),
    }
}
