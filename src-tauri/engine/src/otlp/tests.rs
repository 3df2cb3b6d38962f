//! Bodies as the real OpenTelemetry SDK sends them (recorded by tests/data/otlp/record.py), the same in JSON, and hostile ones.

use cuetower_core::Ms;
use cuetower_core::price::PriceTable;
use cuetower_core::spend::{Nanousd, Priced, Tokens};
use cuetower_core::step::{SpanSeen, StepKind};
use rand::rngs::StdRng;
use rand::{Rng as _, RngExt as _, SeedableRng as _};
use serde_json::{Value, json};

use super::*;

const GENAI: &[u8] = include_bytes!("../../../../tests/data/otlp/genai.bin");
const OLDER_GZIP: &[u8] = include_bytes!("../../../../tests/data/otlp/older.bin.gz");
const OLDER_DEFLATE: &[u8] = include_bytes!("../../../../tests/data/otlp/older.bin.zz");
const OPENINFERENCE: &[u8] = include_bytes!("../../../../tests/data/otlp/openinference.bin");
const IN_JSON: &str = include_str!("../../../../tests/data/otlp/spans.json");
const RUN: &str = "8f0b3f0e-1234-4abc-8def-000000000001";
const START_MS: i64 = 1_790_000_000_000;

fn prices() -> PriceTable {
    PriceTable::of(Vec::new(), Vec::new())
}

fn told(encoding: Encoding, packed: &str, body: &[u8]) -> Result<Told, Unreadable> {
    read(encoding, packed, body, &prices(), Ms(7))
}

fn groups(encoding: Encoding, packed: &str, body: &[u8]) -> Vec<crate::handle::SpanGroup> {
    let told = told(encoding, packed, body).expect("a body of a real exporter is read");
    assert_eq!((told.refused, told.words), (0, None));
    told.orders.concat()
}

fn spans(encoding: Encoding, packed: &str, body: &[u8]) -> Vec<SpanSeen> {
    groups(encoding, packed, body).into_iter().flat_map(|group| group.spans).collect()
}

fn payload(text: Option<&String>) -> Value {
    text.map(|text| serde_json::from_str(text).expect("payloads are JSON")).unwrap_or_default()
}

#[test]
fn the_genai_conventions_of_today() {
    let groups = groups(Encoding::Protobuf, "", GENAI);
    assert_eq!(groups.len(), 1);
    assert_eq!((groups[0].run.as_ref().unwrap().as_str(), groups[0].agent.as_str()), (RUN, "leads"));
    let named = |name: &str| groups[0].spans.iter().filter(|span| span.name == name).collect::<Vec<_>>();
    let (agent, chats) = (named("invoke_agent leads")[0], named("chat gpt-4o"));
    let (chat, failed, tool) = (chats[0], chats[1], named("execute_tool crm_insert")[0]);
    assert_eq!(agent.parent, None);
    assert_eq!((agent.began, agent.ended), (Ms(START_MS), Ms(START_MS + 900)));
    assert_eq!(chat.parent.as_ref(), Some(&agent.span));
    assert_eq!((chat.kind, tool.kind, agent.kind), (StepKind::Llm, StepKind::Tool, StepKind::Other));
    assert_eq!(chat.spend.model.as_deref(), Some("gpt-4o-2024-08-06"));
    let tokens =
        Tokens { input: Some(1_200), output: Some(300), cached_input: Some(1_000), reasoning: Some(120), total: None };
    assert_eq!((chat.spend.tokens, chat.spend.priced), (tokens, Priced::Not));
    assert_eq!(payload(chat.input.as_ref())[0]["parts"][0]["content"], "Find leads.");
    assert_eq!(payload(chat.output.as_ref())[0]["role"], "assistant");
    let attributes = payload(chat.attributes.as_ref());
    assert_eq!(attributes["http.request.header.authorization"], "••••");
    assert_eq!(attributes["gen_ai.response.finish_reasons"], json!(["stop"]));
    assert_eq!(payload(tool.input.as_ref()), json!({ "lead": "Ünïcode GmbH 🚀" }));
    assert_eq!(payload(tool.output.as_ref()), "inserted");
    assert_eq!(tool.parent.as_deref(), Some("enrich"), "it names the step it stands under");
    assert!(failed.error.as_ref().unwrap().ends_with("RateLimitError: 429 Too Many Requests"), "{:?}", failed.error);
    assert!(payload(failed.attributes.as_ref())["events"][0]["exception.stacktrace"].is_string());
}

#[test]
fn older_names_packed_either_way() {
    let told = groups(Encoding::Protobuf, "gzip", OLDER_GZIP);
    let runs: Vec<_> = told.iter().map(|group| group.run.as_ref().map(|run| run.as_str())).collect();
    assert_eq!(runs, [Some(RUN), None, None], "one names its run, the others are traces of their own");
    let spans: Vec<_> = told.into_iter().flat_map(|group| group.spans).collect();
    assert_eq!(spans, self::spans(Encoding::Protobuf, "deflate", OLDER_DEFLATE));
    let [chat, tool, claude] = &spans[..] else { panic!("{}", spans.len()) };
    assert_eq!(
        (chat.spend.tokens.input, chat.spend.tokens.output, chat.spend.tokens.all()),
        (Some(50), Some(7), Some(57))
    );
    assert_eq!(payload(chat.input.as_ref()), json!([{ "role": "user", "content": "Hello?" }]));
    assert_eq!(payload(chat.output.as_ref()), json!([{ "role": "assistant", "content": "Hi." }]));
    assert_eq!((tool.kind, payload(tool.output.as_ref())), (StepKind::Tool, json!("<html>")));
    assert_eq!((claude.spend.tokens.input, claude.spend.tokens.cached_input), (Some(2_012), Some(2_000)));
    assert_eq!(payload(claude.input.as_ref()), json!([{ "role": "user", "content": "And now?" }]));
}

#[test]
fn openinference_and_plain_http() {
    let spans = spans(Encoding::Protobuf, "identity", OPENINFERENCE);
    let [llm, retriever, post] = &spans[..] else { panic!("{}", spans.len()) };
    assert_eq!((llm.spend.cost, llm.spend.priced), (Some(Nanousd(12_300_000)), Priced::Said));
    assert_eq!((llm.spend.tokens.cached_input, llm.spend.tokens.reasoning), (Some(64), Some(5)));
    assert_eq!(payload(llm.output.as_ref()), "Hello");
    assert_eq!(retriever.kind, StepKind::Tool);
    let attributes = payload(retriever.attributes.as_ref());
    assert_eq!(
        (&attributes["scores"], &attributes["ok"], &attributes["ratio"]),
        (&json!([0.5, 0.25]), &json!(true), &json!(0.5))
    );
    assert_eq!(
        (post.name.as_str(), post.error.as_deref()),
        ("POST api.openai.com", Some("api.openai.com answered 429"))
    );
    assert!(!post.attributes.as_ref().unwrap().contains("abcdef"), "a key in an address is cut out");
}

#[test]
fn json_is_read_as_the_protocol_has_it() {
    let spans = spans(Encoding::Json, "", IN_JSON.as_bytes());
    let [chat, odd] = &spans[..] else { panic!("{}", spans.len()) };
    assert_eq!((chat.trace.as_str(), chat.span.as_str()), ("5b8efff798038103d269b633813fc60c", "eee19b7ec3c1b174"));
    assert_eq!(chat.parent.as_deref(), Some("eee19b7ec3c1b173"));
    assert_eq!((chat.began, chat.ended), (Ms(1_544_712_660_000), Ms(1_544_712_661_000)));
    assert_eq!((chat.spend.tokens.input, chat.spend.tokens.output), (Some(1_200), Some(300)));
    let attributes = payload(chat.attributes.as_ref());
    let list = json!(["many", 7, -1.5, true, null, { "k": ["v"] }, [], "AQID"]);
    assert_eq!(attributes["my.list"], list);
    assert_eq!(attributes["events"][0]["exception.type"], "ValueError");
    assert_eq!(chat.error.as_deref(), Some("ValueError: no"));
    assert_eq!((odd.began, odd.error.as_deref(), odd.parent.as_deref()), (Ms(7), Some("numbers as numbers"), None));
    let group = &groups(Encoding::Json, "", IN_JSON.as_bytes())[0];
    assert_eq!(
        (group.agent.as_str(), group.run.as_ref().unwrap().as_str()),
        ("leads", RUN),
        "the resource came after its spans"
    );
}

#[test]
fn an_empty_request_is_fine() {
    assert_eq!(groups(Encoding::Protobuf, "", b"").len(), 0);
    assert_eq!(groups(Encoding::Json, "", b"{}").len(), 0);
    assert_eq!(groups(Encoding::Json, "", br#"{"resourceSpans":null}"#).len(), 0);
    assert_eq!(groups(Encoding::Json, "", br#"{"resourceSpans":[{"scopeSpans":[{"spans":[]}]}],"new":[{}]}"#).len(), 0);
}

#[test]
fn what_is_no_request_is_refused_with_a_status() {
    let status = |encoding, packed, body: &[u8]| told(encoding, packed, body).map_err(|refused| refused.status).err();
    assert_eq!(status(Encoding::Protobuf, "", b"{}"), Some(400));
    assert_eq!(status(Encoding::Protobuf, "gzip", GENAI), Some(400));
    assert_eq!(status(Encoding::Protobuf, "br", GENAI), Some(415));
    assert_eq!(status(Encoding::Protobuf, "", &OLDER_GZIP[..40]), Some(400));
    for bad in ["", "[]", "{", "7", r#"{"resourceSpans":{}}"#, r#"{"resourceSpans":[7]}"#, "{} {}"] {
        assert_eq!(status(Encoding::Json, "", bad.as_bytes()), Some(400), "{bad}");
    }
    let deep = "[".repeat(100_000);
    assert_eq!(status(Encoding::Json, "", format!(r#"{{"x":{deep}"#).as_bytes()), Some(400));
    let resources = format!(r#"{{"resourceSpans":[{}{{}}]}}"#, "{},".repeat(10_001));
    assert_eq!(status(Encoding::Json, "", resources.as_bytes()), Some(400));
}

/// Lists in lists, as deep as bytes allow.
fn nested(depth: usize) -> Vec<u8> {
    let mut value = vec![0x0a, 1, b'x'];
    for _ in 0..depth {
        let mut list = wire::Message::default();
        list.message(5, |array| array.always_bytes(1, &value));
        value = list.into_bytes();
    }
    let mut body = wire::Message::default();
    body.message(1, |resource_spans| {
        resource_spans.message(2, |scope_spans| {
            scope_spans.message(2, |span| {
                span.bytes(1, &[1; 16]);
                span.bytes(2, &[1; 8]);
                span.message(9, |pair| {
                    pair.bytes(1, b"deep");
                    pair.always_bytes(2, &value);
                });
            });
        });
    });
    body.into_bytes()
}

#[test]
fn what_is_nested_too_deep_is_left_out_and_the_span_is_kept() {
    for (depth, is_whole) in [(10, true), (30, true), (5_000, false)] {
        let spans = spans(Encoding::Protobuf, "", &nested(depth));
        let text = spans[0].attributes.clone().unwrap();
        assert_eq!(text.contains("\"x\""), is_whole, "{depth}: {text}");
        assert!(text.len() < 400);
    }
}

#[test]
fn hostile_bodies_break_nothing() {
    let mut dice = StdRng::seed_from_u64(6);
    let packed = |name| if name == "older" { "gzip" } else { "" };
    let real: [(&str, Encoding, &[u8]); 4] = [
        ("genai", Encoding::Protobuf, GENAI),
        ("openinference", Encoding::Protobuf, OPENINFERENCE),
        ("older", Encoding::Protobuf, OLDER_GZIP),
        ("json", Encoding::Json, IN_JSON.as_bytes()),
    ];
    let (mut taken, mut refused) = (0, 0);
    for round in 0..4_000 {
        let (name, encoding, body) = real[round % real.len()];
        let mut body = body.to_vec();
        for _ in 0..dice.random_range(1..6) {
            let (at, other) = (dice.random_range(0..body.len()), dice.random_range(0..body.len()));
            match dice.random_range(0..6) {
                0 => body[at] = dice.random(),
                1 => body[at] ^= 1 << dice.random_range(0..8),
                2 => body.truncate(at.max(1)),
                3 => body.extend_from_within(at..),
                4 => body.swap(at, other),
                _ => drop(body.splice(at..at, [0xff; 9])),
            }
        }
        match told(encoding, packed(name), &body) {
            Ok(told) => {
                taken += 1;
                for span in told.orders.concat().into_iter().flat_map(|group| group.spans) {
                    assert_eq!((span.trace.len(), span.span.len()), (32, 16));
                    for text in [&span.input, &span.output, &span.attributes].into_iter().flatten() {
                        assert!(serde_json::from_str::<Value>(text).is_ok(), "{name} in round {round}: {text}");
                    }
                }
            }
            Err(Unreadable { status, .. }) => {
                refused += 1;
                assert_eq!(status, 400);
            }
        }
    }
    assert!(taken > 100 && refused > 100, "{taken} taken, {refused} refused: both roads were walked");
    for _ in 0..2_000 {
        let mut noise = vec![0; dice.random_range(0..600)];
        dice.fill_bytes(&mut noise);
        drop(told(Encoding::Protobuf, "", &noise));
        drop(told(Encoding::Json, "", &noise));
        drop(told(Encoding::Protobuf, "gzip", &noise));
    }
}

#[test]
fn a_million_empty_spans_cost_no_more_than_they_are() {
    // Two bytes each: what a decoder that builds messages turns into gigabytes.
    let mut body = wire::Message::default();
    body.message(1, |resource_spans| {
        resource_spans.message(2, |scope_spans| {
            for _ in 0..1_000_000 {
                scope_spans.always_bytes(2, &[]);
            }
        });
    });
    let told = told(Encoding::Protobuf, "", &body.into_bytes()).unwrap();
    assert_eq!((told.refused, told.orders.len()), (1_000_000, 0));
    let json = format!(r#"{{"resourceSpans":[{{"scopeSpans":[{{"spans":[{}{{}}]}}]}}]}}"#, "{},".repeat(300_000));
    let told = self::told(Encoding::Json, "", json.as_bytes()).unwrap();
    assert_eq!((told.refused, told.words), (300_001, Some("a span without a valid trace id and span id")));
}
