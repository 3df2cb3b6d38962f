//! A span as it was sent, understood: what it is, how it went, what it used.

use cuetower_core::Ms;
use cuetower_core::price::PriceTable;
use cuetower_core::spend::{Priced, Spend};
use cuetower_core::step::{NAME_CHARS_MAX, PAYLOAD_BYTES_MAX, SpanSeen, StepKind};

use super::content::{self, INPUT, OUTPUT};
use super::conventions as named;
use super::raw::{Attributes, Raw, first, get, word};
use super::{ids, redact, usage};

const ERROR_BYTES_MAX: usize = 16 * 1024;

/// What the tower keeps of a span whose ids are valid. Its parent is as it was sent.
pub fn seen(span: &Raw<'_>, prices: &PriceTable, now: Ms) -> SpanSeen {
    let kind = kind(&span.attributes);
    let began = if span.began_ns == 0 { now } else { ms(span.began_ns) };
    let is_own = span.parent.is_empty() || ids::is_of_tower(&span.trace, &span.parent);
    SpanSeen {
        trace: span.trace.clone(),
        span: span.span.clone(),
        parent: (!is_own).then(|| span.parent.clone()),
        name: name(span, kind),
        kind,
        began,
        ended: began.max(ms(span.ended_ns)),
        error: error(span),
        spend: spend(&span.attributes, kind, prices),
        retries: first(&span.attributes, named::RETRIES).and_then(|value| u32::try_from(value.count()?).ok()),
        input: content::payload(span, &INPUT),
        output: content::payload(span, &OUTPUT),
        attributes: content::rest(span),
    }
}

fn ms(ns: u64) -> Ms {
    Ms((ns / 1_000_000).cast_signed())
}

fn kind(attributes: &Attributes<'_>) -> StepKind {
    let by_word = named::KINDS.iter().find_map(|by| {
        let word = get(attributes, by.attribute)?.text()?;
        let known = by.words.iter().find(|(known, _)| known.eq_ignore_ascii_case(word));
        known.map(|(_, kind)| *kind).or(by.otherwise)
    });
    // Whoever names a model and its tokens called it.
    let calls_model = || word(attributes, named::MODEL).is_some() && first(attributes, named::OUTPUT_TOKENS).is_some();
    by_word.unwrap_or_else(|| if calls_model() { StepKind::Llm } else { StepKind::Other })
}

fn name(span: &Raw<'_>, kind: StepKind) -> String {
    let told = span.name.trim();
    let shown = if told.is_empty() { kind.word() } else { told };
    let shown = redact::text(shown);
    let cut = |text: &str| text.chars().take(NAME_CHARS_MAX).collect();
    match host(&span.attributes) {
        // Instrumentations call every request of an HTTP client by its method.
        Some(host) if kind == StepKind::Http && !shown.contains([' ', '/']) => cut(&format!("{shown} {host}")),
        Some(_) | None => cut(&shown),
    }
}

fn host<'v>(attributes: &'v Attributes<'_>) -> Option<&'v str> {
    let of_url = || {
        let url = word(attributes, named::HTTP_URL)?;
        let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
        let authority = rest.split(['/', '?', '#']).next()?;
        Some(authority.rsplit('@').next().unwrap_or(authority)).filter(|host| !host.is_empty())
    };
    word(attributes, named::HTTP_HOST).or_else(of_url)
}

/// "openai.RateLimitError: 429 Too Many Requests", "api.openai.com answered 429".
fn error(span: &Raw<'_>) -> Option<String> {
    if !span.is_error {
        return None;
    }
    let exception = span.events.iter().rev().find(|event| event.name == named::EXCEPTION).and_then(|event| {
        let what = word(&event.attributes, &[named::EXCEPTION_TYPE]);
        let message = word(&event.attributes, &[named::EXCEPTION_MESSAGE]);
        said(what, message)
    });
    let status = || Some(span.status_message.trim()).filter(|text| !text.is_empty()).map(str::to_owned);
    let answered = || {
        let status = first(&span.attributes, named::HTTP_STATUS)?.count()?;
        Some(format!("{} answered {status}", host(&span.attributes).unwrap_or("the server")))
    };
    let told = || said(word(&span.attributes, named::ERROR_TYPE), word(&span.attributes, named::ERROR_MESSAGE));
    let words = exception.or_else(status).or_else(answered).or_else(told);
    let words = words.unwrap_or_else(|| "it failed, and did not say why".to_owned());
    let end = words.floor_char_boundary(ERROR_BYTES_MAX.min(PAYLOAD_BYTES_MAX));
    Some(redact::text(&words[..end]).into_owned())
}

fn said(what: Option<&str>, message: Option<&str>) -> Option<String> {
    match (what, message) {
        (Some(what), Some(message)) => Some(format!("{what}: {message}")),
        (one, other) => one.or(other).map(str::to_owned),
    }
}

fn spend(attributes: &Attributes<'_>, kind: StepKind, prices: &PriceTable) -> Spend {
    let tokens = usage::tokens(attributes);
    let model = word(attributes, named::MODEL)
        .map(|model| redact::text(model).chars().take(NAME_CHARS_MAX).collect::<String>());
    let (cost, priced) = match usage::cost(attributes) {
        Some(said) => (Some(said), Priced::Said),
        None => match prices.priced(model.as_deref(), &tokens) {
            // Nor does a sum lack a price: the calls below it have one, or are told not to.
            (None, _) if kind == StepKind::Other => (None, Priced::Nothing),
            priced => priced,
        },
    };
    // An agent or a workflow tells the sum of the calls below it; as a call of its model it would be counted twice.
    Spend { tokens, cost, priced, model: model.filter(|_| kind != StepKind::Other) }
}

#[cfg(test)]
mod tests {
    use super::super::raw::{Event, Value};
    use super::*;

    fn of(pairs: &[(&'static str, &'static str)]) -> Raw<'static> {
        let attributes = pairs.iter().map(|(name, text)| ((*name).into(), Value::Text((*text).into()))).collect();
        Raw { trace: "a".repeat(32), span: "b".repeat(16), began_ns: 5_000_000, attributes, ..Raw::default() }
    }

    fn read(span: &Raw<'_>) -> SpanSeen {
        seen(span, &PriceTable::of(Vec::new(), Vec::new()), Ms(9))
    }

    #[test]
    fn the_kind_follows_from_whatever_convention_there_is() {
        for (name, word, kind) in [
            ("openinference.span.kind", "LLM", StepKind::Llm),
            ("openinference.span.kind", "GUARDRAIL", StepKind::Check),
            ("openinference.span.kind", "CHAIN", StepKind::Other),
            ("gen_ai.operation.name", "chat", StepKind::Llm),
            ("gen_ai.operation.name", "text_completion", StepKind::Llm),
            ("gen_ai.operation.name", "embeddings", StepKind::Llm),
            ("gen_ai.operation.name", "execute_tool", StepKind::Tool),
            ("gen_ai.operation.name", "invoke_agent", StepKind::Other),
            ("llm.request.type", "chat", StepKind::Llm),
            ("traceloop.span.kind", "tool", StepKind::Tool),
            ("traceloop.span.kind", "workflow", StepKind::Other),
            ("langfuse.observation.type", "generation", StepKind::Llm),
            ("ai.operationId", "ai.generateText.doGenerate", StepKind::Llm),
            ("ai.operationId", "ai.generateText", StepKind::Other),
            ("http.request.method", "GET", StepKind::Http),
            ("http.method", "GET", StepKind::Http),
            ("db.system.name", "postgresql", StepKind::Tool),
            ("anything.else", "x", StepKind::Other),
        ] {
            assert_eq!(read(&of(&[(name, word)])).kind, kind, "{name} = {word}");
        }
        let both = of(&[("http.request.method", "POST"), ("gen_ai.operation.name", "chat")]);
        assert_eq!(read(&both).kind, StepKind::Llm);
        let model = of(&[("gen_ai.request.model", "gpt-4o"), ("gen_ai.usage.output_tokens", "3")]);
        assert_eq!(read(&model).kind, StepKind::Llm);
    }

    #[test]
    fn an_error_is_told_with_what_is_known_of_it() {
        let failed = |mut span: Raw<'static>| {
            span.is_error = true;
            read(&span).error.unwrap()
        };
        let exception = |name: &'static str| Event {
            name: name.into(),
            attributes: vec![
                ("exception.type".into(), Value::Text("openai.RateLimitError".into())),
                ("exception.message".into(), Value::Text("429 Too Many Requests".into())),
            ],
            at_ns: 0,
        };
        let raised = Raw { events: vec![exception("exception")], status_message: "x".into(), ..of(&[]) };
        assert_eq!(failed(raised.clone()), "openai.RateLimitError: 429 Too Many Requests");
        assert_eq!(read(&raised).error, None, "it was handled");
        assert_eq!(failed(Raw { status_message: "quota".into(), ..of(&[]) }), "quota");
        let url = of(&[
            ("http.request.method", "POST"),
            ("url.full", "https://u:p@api.openai.com/v1"),
            ("http.status_code", "429"),
        ]);
        assert_eq!(failed(url), "api.openai.com answered 429");
        assert_eq!(failed(of(&[("error.type", "timeout")])), "timeout");
        assert_eq!(failed(of(&[])), "it failed, and did not say why");
        let key = Raw { status_message: "bad key sk-proj-abcdefghijklmnop".into(), ..of(&[]) };
        assert_eq!(failed(key), "bad key ••••");
    }

    #[test]
    fn names_times_and_parents_are_made_whole() {
        let request =
            Raw { name: "POST".into(), ..of(&[("http.method", "POST"), ("server.address", "api.openai.com")]) };
        assert_eq!(read(&request).name, "POST api.openai.com");
        assert_eq!(read(&of(&[])).name, "other");
        assert_eq!(read(&Raw { name: "n".repeat(999).into(), ..of(&[]) }).name.len(), NAME_CHARS_MAX);
        let backwards = read(&Raw { ended_ns: 1, ..of(&[]) });
        assert_eq!((backwards.began, backwards.ended), (Ms(5), Ms(5)));
        assert_eq!(read(&Raw { began_ns: 0, ..of(&[]) }).began, Ms(9));
        assert_eq!(read(&Raw { parent: format!("{}0001", "a".repeat(12)), ..of(&[]) }).parent, None, "the tower's own");
        assert_eq!(read(&Raw { parent: "c".repeat(16), ..of(&[]) }).parent, Some("c".repeat(16)));
        assert_eq!(read(&of(&[("http.request.resend_count", "2")])).retries, Some(2));
    }

    #[test]
    fn a_sum_of_calls_is_no_call() {
        let pairs = [
            ("gen_ai.operation.name", "invoke_agent"),
            ("gen_ai.request.model", "gpt-4o"),
            ("gen_ai.usage.input_tokens", "9"),
        ];
        let agent = read(&of(&pairs)).spend;
        assert_eq!((agent.model, agent.tokens.input, agent.priced), (None, Some(9), Priced::Nothing));
        let said = read(&of(&[("gen_ai.usage.cost", "0.5")])).spend;
        assert_eq!((said.cost.map(|cost| cost.usd()), said.priced), (Some(0.5), Priced::Said));
        assert_eq!(read(&of(&[])).spend, Spend::default());
    }
}
