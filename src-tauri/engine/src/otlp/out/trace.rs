//! A run as spans of OTLP: the run, below it its attempts, below those its steps. Pure. Payloads stay here.

use cuetower_core::Ms;
use cuetower_core::attempt::{Attempt, AttemptState};
use cuetower_core::run::{Phase, Run};
use cuetower_core::sentence;
use cuetower_core::step::{Source, StepKind, StepState, Total, trace_of_run};

use super::super::ids;
use super::super::wire::Message;
use crate::journal::StepRow;

/// Of spans in one body.
const BODY_BYTES_MAX: usize = 2 * 1024 * 1024;
const NS_PER_MS: u64 = 1_000_000;

const INTERNAL: u64 = 1;
const CLIENT: u64 = 3;

/// Bodies of `ExportTraceServiceRequest`.
pub(super) struct Request {
    pub bodies: Vec<Vec<u8>>,
}

impl Request {
    pub fn of<'s>(version: &str, spans: impl IntoIterator<Item = &'s Vec<u8>>) -> Request {
        let (mut bodies, mut part, mut bytes) = (Vec::new(), Vec::new(), 0);
        for span in spans {
            if bytes > 0 && bytes + span.len() > BODY_BYTES_MAX {
                bodies.push(body(version, &std::mem::take(&mut part)));
                bytes = 0;
            }
            bytes += span.len();
            part.push(span);
        }
        if !part.is_empty() {
            bodies.push(body(version, &part));
        }
        Request { bodies }
    }
}

fn body(version: &str, spans: &[&Vec<u8>]) -> Vec<u8> {
    let mut request = Message::default();
    request.message(1, |resource_spans| {
        resource_spans.message(1, |resource| {
            text(resource, 1, "service.name", "cuetower");
            text(resource, 1, "service.version", version);
        });
        resource_spans.message(2, |scope_spans| {
            scope_spans.message(1, |scope| scope.bytes(1, b"cuetower"));
            for span in spans {
                scope_spans.always_bytes(2, span);
            }
        });
    });
    request.into_bytes()
}

/// Each span's bytes; None: the run has not ended, or its id makes no trace.
pub(super) fn spans_of(run: &Run, steps: &[StepRow], used: Option<Total>, steps_max: usize) -> Option<Vec<Vec<u8>>> {
    let Phase::Ended { verdict, at, late } = run.phase else { return None };
    let trace = bytes_of(&trace_of_run(&run.id));
    let root = bytes_of(&ids::run_span(&run.id)?);
    let span = |id: &[u8], parent: &[u8], name: &str, kind| {
        let mut span = Message::default();
        span.bytes(1, &trace);
        span.bytes(2, id);
        span.bytes(4, parent);
        span.bytes(5, name.as_bytes());
        span.varint(6, kind);
        span
    };
    let words = sentence::of_run(run);
    let mut whole = span(&root, &[], &run.definition.name, INTERNAL);
    lasts(&mut whole, run.began_at, at);
    for (name, value) in [
        ("cuetower.cue", run.definition.name.as_str()),
        ("cuetower.cue_id", &run.cue_id.0),
        ("cuetower.run_id", &run.id.0),
        ("cuetower.agent", &run.definition.agent),
        ("cuetower.verdict", verdict.word()),
        ("cuetower.sentence", &words),
        ("cuetower.trigger", run.trigger.word()),
        ("cuetower.transport", run.definition.transport.word()),
        ("cuetower.due", &run.due.utc().map(|due| due.to_rfc3339()).unwrap_or_default()),
    ] {
        text(&mut whole, 9, name, value);
    }
    truth(&mut whole, "cuetower.late", late);
    count(&mut whole, "cuetower.attempts", u64::from(run.latest().number));
    let first = run.attempts.first().map(|first| first.delivered_at.unwrap_or(first.began_at));
    count(&mut whole, "cuetower.lateness_ms", first.map_or(0, |first| first.since(run.due)));
    if let Some((_, reported)) = run.outcome() {
        let counts = [
            ("processed", reported.outcome.processed),
            ("errors", reported.outcome.errors),
            ("expected", reported.outcome.expected),
        ];
        for (name, said) in counts {
            number(&mut whole, &format!("cuetower.{name}"), said);
        }
    }
    if let Some(tokens) = used.and_then(|used| used.tokens) {
        count(&mut whole, "cuetower.tokens", tokens);
    }
    number(&mut whole, "cuetower.cost_usd", used.and_then(|used| used.cost).map(|cost| cost.usd()));
    if steps.len() > steps_max {
        truth(&mut whole, "cuetower.steps_left_out", true);
    }
    for finding in &run.findings {
        let seen_at = finding.look.as_ref().map_or(at, |look| look.at);
        event(&mut whole, seen_at, "cuetower.finding", |event| {
            text(event, 3, "cuetower.claim", &finding.claim);
            text(event, 3, "cuetower.found", &finding.found);
            pair(event, 3, "cuetower.passed", |value| value.always_varint(2, u64::from(finding.passed)));
            if let Some(look) = &finding.look {
                text(event, 3, "cuetower.check", &look.kind);
                text(event, 3, "cuetower.detail", &look.detail);
            }
        });
    }
    for refused in &run.refused {
        event(&mut whole, refused.at, "cuetower.refused_report", |event| {
            text(event, 3, "cuetower.reason", &refused.reason)
        });
    }
    for note in &run.notes {
        event(&mut whole, note.at, "cuetower.note", |event| text(event, 3, "cuetower.words", &note.words));
    }
    status(&mut whole, (!verdict.is_good()).then_some(words.as_str()));
    let mut spans = vec![whole.into_bytes()];
    for attempt in &run.attempts {
        let id = bytes_of(&ids::attempt_span(&run.id, attempt.number)?);
        let kind = if run.definition.transport.word() == "webhook" { CLIENT } else { INTERNAL };
        let mut made = span(&id, &root, &format!("attempt {}", attempt.number), kind);
        of_attempt(&mut made, attempt, at);
        spans.push(made.into_bytes());
    }
    for StepRow { step, .. } in steps.iter().take(steps_max) {
        let is_known =
            |ordinal| steps.binary_search_by_key(&ordinal, |row| row.step.ordinal).is_ok_and(|place| place < steps_max);
        let parent = match step.under {
            0 => ids::attempt_span(&run.id, step.attempt)?,
            under if is_known(under) => ids::step_span(&run.id, under),
            _ => ids::attempt_span(&run.id, step.attempt)?,
        };
        let id = bytes_of(&ids::step_span(&run.id, step.ordinal));
        let kind = if matches!(step.kind, StepKind::Llm | StepKind::Http) { CLIENT } else { INTERNAL };
        let mut made = span(&id, &bytes_of(&parent), &step.name, kind);
        of_step(&mut made, step, at);
        spans.push(made.into_bytes());
    }
    Some(spans)
}

fn of_attempt(span: &mut Message, attempt: &Attempt, run_ended: Ms) {
    lasts(span, attempt.began_at, attempt.ended_at.unwrap_or(run_ended));
    count(span, "cuetower.attempt", u64::from(attempt.number));
    text(span, 9, "cuetower.attempt_state", attempt.state.word());
    text(span, 9, "cuetower.words", &attempt.words);
    if let Some(status) = attempt.http_status {
        count(span, "http.response.status_code", u64::from(status));
    }
    if let Some(code) = attempt.exit_code {
        pair(span, 9, "process.exit.code", |value| value.always_varint(3, i64::from(code).cast_unsigned()));
    }
    if let Some(pid) = attempt.pid {
        count(span, "process.pid", u64::from(pid));
    }
    if let Some(at) = attempt.delivered_at {
        event(span, at, "cuetower.delivered", |_| ());
    }
    let mut trouble = match attempt.state {
        AttemptState::Failed | AttemptState::Lost => Some(attempt.words.clone()),
        AttemptState::Ended if attempt.exit_code.is_some_and(|code| code != 0) => Some(attempt.words.clone()),
        AttemptState::Waiting
        | AttemptState::Offered
        | AttemptState::Delivering
        | AttemptState::Delivered
        | AttemptState::Unanswered
        | AttemptState::Ended => None,
    };
    if let Some(reported) = &attempt.outcome {
        let outcome = &reported.outcome;
        event(span, reported.at, "cuetower.outcome", |event| {
            pair(event, 3, "cuetower.success", |value| value.always_varint(2, u64::from(outcome.success)));
            for (name, said) in [("cuetower.error", &outcome.error), ("cuetower.summary", &outcome.summary)] {
                if let Some(said) = said {
                    text(event, 3, name, said);
                }
            }
        });
        if !outcome.success {
            trouble = Some(outcome.error.clone().unwrap_or_else(|| "its agent reported a failure".to_owned()));
        }
    }
    status(span, trouble.as_deref());
}

fn of_step(span: &mut Message, step: &cuetower_core::step::Row, run_ended: Ms) {
    lasts(span, step.began, step.ended.unwrap_or(run_ended));
    text(span, 9, "cuetower.step", &step.key);
    text(span, 9, "cuetower.step_kind", step.kind.word());
    text(span, 9, "cuetower.step_state", step.state.word());
    count(span, "cuetower.tries", u64::from(step.tries));
    if step.source == Source::Kept {
        truth(span, "cuetower.kept", true);
    }
    match step.kind {
        StepKind::Llm => text(span, 9, "gen_ai.operation.name", "chat"),
        StepKind::Tool => {
            text(span, 9, "gen_ai.operation.name", "execute_tool");
            text(span, 9, "gen_ai.tool.name", &step.name);
        }
        StepKind::Http | StepKind::Decision | StepKind::Check | StepKind::Other => {}
    }
    if let Some(model) = &step.spend.model {
        text(span, 9, "gen_ai.request.model", model);
    }
    let tokens = &step.spend.tokens;
    for (name, told) in [
        ("gen_ai.usage.input_tokens", tokens.input),
        ("gen_ai.usage.output_tokens", tokens.output),
        ("gen_ai.usage.cache_read.input_tokens", tokens.cached_input),
        ("gen_ai.usage.reasoning.output_tokens", tokens.reasoning),
        ("gen_ai.usage.total_tokens", tokens.total),
    ] {
        if let Some(told) = told {
            count(span, name, told);
        }
    }
    number(span, "gen_ai.usage.cost", step.spend.cost.map(|cost| cost.usd()));
    let failed = (step.state == StepState::Failed).then(|| step.error.as_deref().unwrap_or("it failed"));
    status(span, failed);
}

fn lasts(span: &mut Message, from: Ms, to: Ms) {
    let ns = |at: Ms| u64::try_from(at.0).unwrap_or(0).saturating_mul(NS_PER_MS);
    span.fixed64(7, ns(from));
    span.fixed64(8, ns(to).max(ns(from)));
}

/// None: it went well.
fn status(span: &mut Message, trouble: Option<&str>) {
    const OK: u64 = 1;
    const ERROR: u64 = 2;
    span.message(15, |status| {
        status.bytes(2, trouble.unwrap_or_default().as_bytes());
        status.varint(3, if trouble.is_some() { ERROR } else { OK });
    });
}

fn event(span: &mut Message, at: Ms, name: &str, write: impl FnOnce(&mut Message)) {
    span.message(11, |event| {
        event.fixed64(1, u64::try_from(at.0).unwrap_or(0).saturating_mul(NS_PER_MS));
        event.bytes(2, name.as_bytes());
        write(event);
    });
}

fn pair(message: &mut Message, field: u64, name: &str, write: impl FnOnce(&mut Message)) {
    message.message(field, |pair| {
        pair.bytes(1, name.as_bytes());
        pair.message(2, write);
    });
}

fn text(message: &mut Message, field: u64, name: &str, text: &str) {
    pair(message, field, name, |value| value.always_bytes(1, text.as_bytes()));
}

fn truth(span: &mut Message, name: &str, truth: bool) {
    pair(span, 9, name, |value| value.always_varint(2, u64::from(truth)));
}

fn count(span: &mut Message, name: &str, count: u64) {
    pair(span, 9, name, |value| value.always_varint(3, count));
}

fn number(span: &mut Message, name: &str, number: Option<f64>) {
    if let Some(number) = number {
        pair(span, 9, name, |value| value.fixed64(4, number.to_bits()));
    }
}

fn bytes_of(digits: &str) -> Vec<u8> {
    let nibble = |digit: u8| char::from(digit).to_digit(16).unwrap_or(0) as u8;
    digits.as_bytes().chunks_exact(2).map(|pair| nibble(pair[0]) << 4 | nibble(pair[1])).collect()
}
