//! Spans of one request, put together by trace, by the run they name, and by the agent they come from. Whether such a run is
//! there, and whose, is the pilot's to say.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use cuetower_core::Ms;
use cuetower_core::id::RunId;
use cuetower_core::price::PriceTable;
use cuetower_core::step::{KEY_BYTES_MAX, SpanSeen};

use super::conventions::{AGENT, RUN_ID, STEP};
use super::raw::{Attributes, Raw, Sink, word};
use super::seen::seen;
use crate::handle::SpanGroup;

/// In one request; more are refused.
pub const SPANS_MAX: usize = 100_000;
/// What is kept of one request, at most; payloads beyond are left out.
const KEPT_BYTES_MAX: usize = 96 * 1024 * 1024;
/// Spans that one order hands to the pilot, which everybody waits for, and bytes of them.
const ORDER_SPANS_MAX: usize = 2_000;
const ORDER_BYTES_MAX: usize = 8 * 1024 * 1024;
const AGENT_CHARS_MAX: usize = 100;
const UNKNOWN_AGENT: &str = "unknown";

/// Takes the spans of one request in.
pub struct Joiner<'p> {
    prices: &'p PriceTable,
    now: Ms,
    run: Option<RunId>,
    agent: Arc<str>,
    groups: Vec<Group>,
    by_key: HashMap<(String, Option<RunId>, Arc<str>), usize>,
    spans: usize,
    /// Of what is kept, about.
    pub bytes: usize,
    pub refused: u64,
    /// Why the first of them was.
    pub words: Option<&'static str>,
}

struct Group {
    trace: String,
    run: Option<RunId>,
    agent: Arc<str>,
    spans: Vec<SpanSeen>,
    /// The step each names, at the same place.
    steps: Vec<Option<String>>,
}

impl<'p> Joiner<'p> {
    pub fn new(prices: &'p PriceTable, now: Ms) -> Joiner<'p> {
        Joiner {
            prices,
            now,
            run: None,
            agent: UNKNOWN_AGENT.into(),
            groups: Vec::new(),
            by_key: HashMap::new(),
            spans: 0,
            bytes: 0,
            refused: 0,
            words: None,
        }
    }

    fn refuse(&mut self, words: &'static str) {
        self.refused += 1;
        self.words.get_or_insert(words);
    }

    fn group(&mut self, trace: &str, run: Option<RunId>) -> &mut Group {
        let is_last =
            |group: &Group| group.trace == trace && group.run == run && Arc::ptr_eq(&group.agent, &self.agent);
        let place = match self.groups.last() {
            Some(last) if is_last(last) => self.groups.len() - 1,
            Some(_) | None => {
                let agent = Arc::clone(&self.agent);
                let key = (trace.to_owned(), run.clone(), Arc::clone(&agent));
                let next = self.groups.len();
                let place = *self.by_key.entry(key).or_insert(next);
                if place == next {
                    self.groups.push(Group {
                        trace: trace.to_owned(),
                        run,
                        agent,
                        spans: Vec::new(),
                        steps: Vec::new(),
                    });
                }
                place
            }
        };
        &mut self.groups[place]
    }

    /// The groups, in portions that the pilot takes one at a time.
    pub fn into_orders(self) -> Vec<Vec<SpanGroup>> {
        let (mut orders, mut order) = (Vec::new(), Vec::new());
        let (mut count, mut bytes) = (0, 0);
        for group in self.groups {
            let Group { trace, run, agent, spans, .. } = group.under_steps();
            let part =
                |spans| SpanGroup { trace: trace.clone(), run: run.clone(), agent: agent.as_ref().to_owned(), spans };
            let mut spans_of_part = Vec::with_capacity(spans.len().min(ORDER_SPANS_MAX));
            for span in spans {
                if count == ORDER_SPANS_MAX || bytes > ORDER_BYTES_MAX {
                    if !spans_of_part.is_empty() {
                        order.push(part(std::mem::take(&mut spans_of_part)));
                    }
                    orders.push(std::mem::take(&mut order));
                    (count, bytes) = (0, 0);
                }
                (count, bytes) = (count + 1, bytes + size(&span));
                spans_of_part.push(span);
            }
            if !spans_of_part.is_empty() {
                order.push(part(spans_of_part));
            }
        }
        if !order.is_empty() {
            orders.push(order);
        }
        orders
    }
}

impl Sink for Joiner<'_> {
    fn resource(&mut self, attributes: &Attributes<'_>) {
        self.run = named_run(attributes);
        let name = word(attributes, AGENT).filter(|name| !name.starts_with("unknown_service"));
        self.agent = name.map_or_else(|| UNKNOWN_AGENT.into(), |name| plain(name).into());
    }

    fn span(&mut self, span: Raw<'_>) {
        if span.trace.is_empty() || span.span.is_empty() {
            return self.refuse("a span without a valid trace id and span id");
        }
        if self.spans == SPANS_MAX {
            return self.refuse("more than 100 000 spans in one request; send smaller batches");
        }
        self.spans += 1;
        let run = named_run(&span.attributes).or_else(|| self.run.clone());
        let step = word(&span.attributes, STEP).filter(|key| key.len() <= KEY_BYTES_MAX).map(str::to_owned);
        let mut seen = seen(&span, self.prices, self.now);
        if self.bytes + size(&seen) > KEPT_BYTES_MAX {
            (seen.input, seen.output, seen.attributes) = (None, None, None);
        }
        self.bytes += size(&seen);
        let group = self.group(&span.trace, run);
        group.spans.push(seen);
        group.steps.push(step);
    }
}

impl Group {
    /// A span that names a step stands under it, unless the span above it does already: attributes that are copied from
    /// baggage name the step in every span below.
    fn under_steps(mut self) -> Group {
        if self.steps.iter().all(Option::is_none) {
            return self;
        }
        let named: HashSet<(&str, &str)> = self
            .spans
            .iter()
            .zip(&self.steps)
            .filter_map(|(span, step)| Some((span.span.as_str(), step.as_deref()?)))
            .collect();
        let is_below = |parent: Option<&str>, step: &str| parent.is_some_and(|parent| named.contains(&(parent, step)));
        let moved: Vec<bool> = self
            .spans
            .iter()
            .zip(&self.steps)
            .map(|(span, step)| step.as_deref().is_some_and(|step| !is_below(span.parent.as_deref(), step)))
            .collect();
        for ((span, step), moved) in self.spans.iter_mut().zip(&mut self.steps).zip(moved) {
            if moved {
                span.parent = step.take();
            }
        }
        self
    }
}

fn named_run(attributes: &Attributes<'_>) -> Option<RunId> {
    const UUID_CHARS: usize = 36;
    let fits =
        |id: &&str| id.len() <= UUID_CHARS && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    word(attributes, RUN_ID).filter(fits).map(|id| RunId(id.to_ascii_lowercase()))
}

/// One line, not too long, that can stand in the name of a row.
fn plain(name: &str) -> String {
    name.chars().filter(|found| !found.is_control() && *found != '/').take(AGENT_CHARS_MAX).collect()
}

fn size(span: &SpanSeen) -> usize {
    let length = |text: &Option<String>| text.as_ref().map_or(0, String::len);
    500 + span.name.len() + length(&span.input) + length(&span.output) + length(&span.attributes) + length(&span.error)
}

#[cfg(test)]
mod tests {
    use super::super::raw::Value;
    use super::*;

    const RUN: &str = "8f0b3f0e-1234-4abc-8def-000000000001";

    fn pairs(pairs: &[(&'static str, &str)]) -> Attributes<'static> {
        pairs.iter().map(|(name, text)| ((*name).into(), Value::Text((*text).to_owned().into()))).collect()
    }

    fn span(trace: char, number: u32, parent: u32, attributes: &[(&'static str, &str)]) -> Raw<'static> {
        let parent = if parent == 0 { String::new() } else { format!("{parent:016x}") };
        let trace = trace.to_string().repeat(32);
        Raw { trace, span: format!("{number:016x}"), parent, attributes: pairs(attributes), ..Raw::default() }
    }

    fn joined(resource: &[(&'static str, &str)], spans: Vec<Raw<'static>>) -> Vec<SpanGroup> {
        let prices = PriceTable::of(Vec::new(), Vec::new());
        let mut joiner = Joiner::new(&prices, Ms(1));
        joiner.resource(&pairs(resource));
        for one in spans {
            joiner.span(one);
        }
        joiner.into_orders().concat()
    }

    #[test]
    fn a_spans_own_word_goes_before_its_resources() {
        let other = "00000000-0000-4000-8000-000000000002";
        let groups = joined(
            &[("cuetower.run_id", RUN), ("service.name", "leads")],
            vec![span('a', 1, 0, &[]), span('a', 2, 1, &[("cueapi.execution_id", other)]), span('a', 3, 1, &[])],
        );
        let runs: Vec<_> =
            groups.iter().map(|group| (group.run.as_ref().unwrap().as_str(), group.spans.len())).collect();
        assert_eq!(runs, [(RUN, 2), (other, 1)]);
        assert_eq!(groups[0].agent, "leads");
        let upper = joined(&[("cuetower.execution_id", &RUN.to_uppercase())], vec![span('a', 1, 0, &[])]);
        assert_eq!(upper[0].run.as_ref().unwrap().as_str(), RUN);
        let none = joined(
            &[("cuetower.run_id", "x'; drop table runs"), ("service.name", "unknown_service:python")],
            vec![span('a', 1, 0, &[])],
        );
        assert_eq!((none[0].run.clone(), none[0].agent.as_str()), (None, "unknown"));
    }

    #[test]
    fn groups_are_of_one_trace_each() {
        let groups = joined(
            &[("cuetower.agent", "a/b\n")],
            vec![span('a', 1, 0, &[]), span('b', 2, 0, &[]), span('a', 3, 1, &[])],
        );
        let shapes: Vec<_> =
            groups.iter().map(|group| (&group.trace[..1], group.spans.len(), group.agent.as_str())).collect();
        assert_eq!(shapes, [("a", 2, "ab"), ("b", 1, "ab")]);
    }

    #[test]
    fn a_span_stands_under_the_step_it_names_and_those_below_it_under_it() {
        let step = [("cuetower.step", "charge")];
        let groups = joined(
            &[],
            vec![span('a', 3, 2, &step), span('a', 2, 1, &step), span('a', 1, 0, &[]), span('a', 4, 9, &step)],
        );
        let parents: Vec<_> = groups[0].spans.iter().map(|span| span.parent.as_deref().unwrap_or("")).collect();
        assert_eq!(parents, ["0000000000000002", "charge", "", "charge"]);
    }

    #[test]
    fn bad_ids_are_refused_and_counted() {
        let prices = PriceTable::of(Vec::new(), Vec::new());
        let mut joiner = Joiner::new(&prices, Ms(1));
        joiner.span(Raw { trace: String::new(), ..span('a', 1, 0, &[]) });
        joiner.span(Raw { span: String::new(), ..span('a', 1, 0, &[]) });
        joiner.span(span('a', 1, 0, &[]));
        assert_eq!((joiner.refused, joiner.words), (2, Some("a span without a valid trace id and span id")));
        assert_eq!(joiner.into_orders().concat().len(), 1);
    }

    #[test]
    fn many_spans_are_handed_on_in_portions() {
        let prices = PriceTable::of(Vec::new(), Vec::new());
        let mut joiner = Joiner::new(&prices, Ms(1));
        for number in 1..=4_500 {
            joiner.span(span(if number % 2 == 0 { 'a' } else { 'b' }, number, 0, &[]));
        }
        let orders = joiner.into_orders();
        let counts: Vec<usize> = orders.iter().map(|order| order.iter().map(|group| group.spans.len()).sum()).collect();
        assert_eq!(counts, [2_000, 2_000, 500]);
    }
}
