//! The fingerprint of a call: what was called, with what, and what came back — without what changes from call to call by
//! itself, such as the id of the request or the time of day.
//!
//! What names a thing counts, be it a UUID or an instant: work on a hundred records, or on every hour of a week, is no loop.
//! So an id does not count where its name says that it is the call's own (`request_id`, `trace`, `nonce`, …) or its look does
//! (`req_…`); an instant does not where its name says so (`timestamp`, `now`, …), or where it is about now.

use serde_json::Value;

use crate::Ms;
use crate::time::MINUTE_MS;

/// Longer texts are compared as they are.
const READ_BYTES_MAX: usize = 64 * 1024;
/// JSON within a text within JSON, as tool arguments often are.
const NESTED_MAX: usize = 2;
/// An instant this near to the call is the call's own.
const ABOUT_NOW_MS: u64 = 15 * MINUTE_MS;
/// Words in the name of a field whose id or count is the call's own.
const OWN_ID_WORDS: [&str; 11] = [
    "request",
    "req",
    "trace",
    "traceparent",
    "span",
    "correlation",
    "nonce",
    "idempotency",
    "invocation",
    "requestid",
    "traceid",
];
/// Requests that are things to work on.
const OTHER_REQUESTS: [&str; 3] = ["pull", "merge", "feature"];
/// Words in the name of a field that says when, or for how long, a call went on.
const OWN_TIME_WORDS: [&str; 9] = ["timestamp", "ts", "now", "time", "at", "sent", "elapsed", "latency", "took"];
/// How ids of requests begin.
const OWN_ID_BEGINNINGS: [&str; 6] = ["req_", "req-", "toolu_", "chatcmpl-", "resp_", "trace-"];

/// What two calls have in common if they did the same; and what came of it. Stable over restarts and releases.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Print {
    pub(super) call: u64,
    /// None: nothing came back, as far as anybody said.
    pub(super) result: Option<u64>,
}

/// None: there are neither arguments nor a result, which says nothing.
pub(super) fn of(tool: &str, args: Option<&str>, result: Option<&str>, at: Ms) -> Option<Print> {
    let args = args.map(str::trim).filter(|text| !says_nothing(text));
    let result = result.map(str::trim).filter(|text| !says_nothing(text));
    if args.is_none() && result.is_none() {
        return None;
    }
    let mut call = Hash::new();
    call.text(tool.trim());
    call.byte(u8::from(args.is_some()));
    normalise(args.unwrap_or_default(), Some(at), &mut call);
    let result = result.map(|text| {
        let mut came = Hash::new();
        normalise(text, Some(at), &mut came);
        came.0
    });
    call.byte(u8::from(result.is_some()));
    call.number(result.unwrap_or_default());
    Some(Print { call: call.0, result })
}

/// Of a message: what it says, whatever the case, the spaces, and the time.
pub(super) fn of_message(message: &str) -> u64 {
    let mut hash = Hash::new();
    words(&message.to_lowercase(), None, &mut hash);
    hash.0
}

fn says_nothing(text: &str) -> bool {
    matches!(text, "" | "null" | "{}" | "\"\"")
}

fn normalise(text: &str, at: Option<Ms>, hash: &mut Hash) {
    if text.len() > READ_BYTES_MAX {
        hash.text(text);
        return;
    }
    match serde_json::from_str::<Value>(text) {
        Ok(value) => json(&value, "", at, NESTED_MAX, hash),
        Err(_) => words(text, at, hash),
    }
}

/// Keys in order, which serde_json's map does not promise.
fn json(value: &Value, name: &str, at: Option<Ms>, nested: usize, hash: &mut Hash) {
    if is_own(value, name, at) {
        return hash.byte(b'~');
    }
    match value {
        Value::Null => hash.byte(b'0'),
        Value::Bool(flag) => hash.byte(if *flag { b't' } else { b'f' }),
        Value::Number(number) => {
            hash.byte(b'n');
            // 3 and 3.0 are the same to whoever wrote them.
            match number.as_f64().filter(|number| number.fract() == 0.0 && number.abs() < 9e15) {
                Some(whole) => hash.number(whole as i64 as u64),
                None => hash.text(&number.to_string()),
            }
        }
        Value::String(text) => {
            let inner = text.trim();
            match serde_json::from_str::<Value>(inner) {
                Ok(within) if nested > 0 && inner.starts_with(['{', '[']) => json(&within, name, at, nested - 1, hash),
                _ => words(inner, at, hash),
            }
        }
        Value::Array(list) => {
            hash.byte(b'[');
            list.iter().for_each(|item| json(item, name, at, nested, hash));
            hash.byte(b']');
        }
        Value::Object(map) => {
            let mut fields: Vec<(&String, &Value)> = map.iter().collect();
            fields.sort_unstable_by_key(|(key, _)| *key);
            hash.byte(b'{');
            for (key, value) in fields {
                hash.text(key);
                json(value, key, at, nested, hash);
            }
            hash.byte(b'}');
        }
    }
}

/// A text word by word, so that spaces do not count; what is the call's own is left out.
fn words(text: &str, at: Option<Ms>, hash: &mut Hash) {
    hash.byte(b'"');
    let mut name = "";
    for word in text.split_whitespace() {
        // "request_id=5e0c…", "request id: 5e0c…"
        let (named, value) = word.split_once('=').unwrap_or((name, word));
        let bare = value.trim_matches(|letter: char| !letter.is_alphanumeric());
        if is_own_text(bare, named, at) {
            hash.byte(b'~');
        } else {
            hash.text(word);
        }
        // "id" alone says nothing of whose id it is: the word before it does.
        if !bare.eq_ignore_ascii_case("id") {
            name = bare;
        }
    }
}

fn is_own(value: &Value, name: &str, at: Option<Ms>) -> bool {
    match value {
        Value::String(text) => is_own_text(text.trim(), name, at),
        Value::Number(number) => {
            let is_instant = number.as_i64().and_then(epoch).is_some_and(|instant| is_about_now(instant, at));
            let is_length = has_word(name, &["elapsed", "latency", "took"]);
            let is_id = names_own_id(name) && has_word(name, &["id"]);
            let is_named_so = number.as_i64().and_then(epoch).is_some() && has_word(name, &OWN_TIME_WORDS);
            is_instant || is_length || is_id || is_named_so
        }
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => false,
    }
}

fn is_own_text(text: &str, name: &str, at: Option<Ms>) -> bool {
    let Some(first) = text.chars().next() else { return false };
    if first.is_ascii_digit()
        && let Some(instant) = instant(text)
    {
        return is_about_now(instant, at) || has_word(name, &OWN_TIME_WORDS);
    }
    let long_id = text.len() >= 8 && text.bytes().any(|byte| byte.is_ascii_digit());
    (long_id && OWN_ID_BEGINNINGS.iter().any(|start| text.starts_with(start)))
        || (looks_like_an_id(text) && names_own_id(name))
}

/// Whether ids of this name are the call's own.
fn names_own_id(name: &str) -> bool {
    let of_a_call = has_word(name, &["call"]) && has_word(name, &["id"]);
    (of_a_call || has_word(name, &OWN_ID_WORDS)) && !has_word(name, &OTHER_REQUESTS)
}

fn is_about_now(instant: Ms, at: Option<Ms>) -> bool {
    at.is_none_or(|at| at.since(instant).max(instant.since(at)) <= ABOUT_NOW_MS)
}

/// RFC 3339, with or without its zone; or Unix seconds or milliseconds. No mere date: that names a day.
fn instant(text: &str) -> Option<Ms> {
    let plain = |form: &str| chrono::NaiveDateTime::parse_from_str(text, form).ok().map(|at| Ms::from(at.and_utc()));
    if text.len() > 40 {
        return None;
    }
    if let Ok(number) = text.parse::<i64>() {
        return epoch(number);
    }
    let rfc = chrono::DateTime::parse_from_rfc3339(text).ok().map(|at| Ms(at.timestamp_millis()));
    rfc.or_else(|| plain("%Y-%m-%dT%H:%M:%S%.f")).or_else(|| plain("%Y-%m-%d %H:%M:%S%.f"))
}

/// Of the years 2001 to 2100.
fn epoch(number: i64) -> Option<Ms> {
    match number {
        1_000_000_000..4_102_444_800 => Some(Ms(number * 1_000)),
        1_000_000_000_000..4_102_444_800_000 => Some(Ms(number)),
        _ => None,
    }
}

/// A UUID, or some other long run of letters and digits that nobody would choose.
fn looks_like_an_id(text: &str) -> bool {
    let letters = || text.bytes().filter(|byte| !matches!(byte, b'-' | b'_'));
    (8..=128).contains(&text.len())
        && letters().all(|byte| byte.is_ascii_alphanumeric())
        && letters().any(|byte| byte.is_ascii_digit())
}

/// Whether one of the words of a name is among these: `X-Request-Id`, `requestId` and `request_id` have the word `request`.
fn has_word(name: &str, among: &[&str]) -> bool {
    let mut word = String::new();
    let mut before = ' ';
    for letter in name.chars().chain([' ']) {
        let ends = !letter.is_alphanumeric() || (letter.is_uppercase() && before.is_lowercase());
        if ends && !word.is_empty() {
            if among.contains(&word.as_str()) {
                return true;
            }
            word.clear();
        }
        if letter.is_alphanumeric() {
            word.extend(letter.to_lowercase());
        }
        before = letter;
    }
    false
}

/// FNV-1a, because prints are kept over restarts and releases.
struct Hash(u64);

impl Hash {
    fn new() -> Hash {
        Hash(0xcbf2_9ce4_8422_2325)
    }

    fn byte(&mut self, byte: u8) {
        self.0 = (self.0 ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    }

    /// With its length, so that `ab`, `c` and `a`, `bc` differ.
    fn text(&mut self, text: &str) {
        text.bytes().for_each(|byte| self.byte(byte));
        self.number(text.len() as u64);
    }

    fn number(&mut self, number: u64) {
        number.to_le_bytes().into_iter().for_each(|byte| self.byte(byte));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const AT: Ms = Ms(1_795_262_400_000);

    fn alike(one: &str, other: &str) -> bool {
        of("t", Some(one), None, AT) == of("t", Some(other), None, AT)
    }

    #[test]
    fn order_and_spaces_do_not_count() {
        assert!(alike(r#"{"a": 1, "b": [true, " x  y "]}"#, r#"{"b":[true,"x y"],"a":1.0}"#));
        assert!(alike("git  status\n", " git status"));
        assert!(alike(r#""{\"q\": \"x\", \"n\": 1}""#, r#"{"n":1,"q":"x"}"#), "arguments as a text of JSON");
        for (one, other) in
            [(r#"{"a":1}"#, r#"{"a":2}"#), (r#"[1,2]"#, "[2,1]"), (r#"{"a":"b"}"#, r#"{"b":"a"}"#), ("x y", "xy")]
        {
            assert!(!alike(one, other), "{one} and {other}");
        }
    }

    #[test]
    fn what_is_the_calls_own_does_not_count() {
        let (one, other) = ("5e0c0f6e-0d34-4a3c-9a35-1f6b8a0c7d11", "a8b1c1d2-1111-4222-8333-444455556666");
        for name in ["request_id", "requestId", "X-Request-Id", "trace_id", "nonce", "idempotency-key", "tool_call_id"]
        {
            assert!(
                alike(&format!(r#"{{"q":1,"{name}":"{one}"}}"#), &format!(r#"{{"q":1,"{name}":"{other}"}}"#)),
                "{name}"
            );
        }
        assert!(alike(r#"{"id":"req_011CUxa1"}"#, r#"{"id":"req_011CUxb2"}"#), "it looks like one");
        let now = |time: &str| format!(r#"{{"q":1,"until":"2026-11-21T{time}Z"}}"#);
        assert!(alike(&now("12:00:01"), &now("12:04:59.123")), "about now");
        assert!(alike(r#"{"ts":1700000000}"#, r#"{"ts":1800000000123}"#));
        let error = |id: &str| format!("429 too many requests (request id: {id})");
        assert!(alike(&error(one), &error(other)));
        assert!(alike("GET /x request_id=ab12cd34", "GET /x request_id=ef56ab78"));
    }

    #[test]
    fn what_names_a_thing_counts() {
        let (one, other) = ("5e0c0f6e-0d34-4a3c-9a35-1f6b8a0c7d11", "a8b1c1d2-1111-4222-8333-444455556666");
        for name in ["id", "lead_id", "path", "user", "pullRequestId"] {
            assert!(!alike(&format!(r#"{{"{name}":"{one}"}}"#), &format!(r#"{{"{name}":"{other}"}}"#)), "{name}");
        }
        let hour = |hour: u8| format!(r#"{{"from":"2026-10-01T{hour:02}:00:00Z"}}"#);
        assert!(!alike(&hour(1), &hour(2)), "every hour of a day that has passed");
        assert!(!alike(r#"{"day":"2026-11-20"}"#, r#"{"day":"2026-11-21"}"#));
        assert!(!alike(r#"{"count":1}"#, r#"{"count":2}"#));
        assert!(!alike(&format!("rm /data/{one}"), &format!("rm /data/{other}")));
    }

    #[test]
    fn neither_arguments_nor_a_result_says_nothing() {
        for (args, result) in [(None, None), (Some(""), None), (Some("{}"), Some("null")), (Some(" null "), Some(" "))]
        {
            assert_eq!(of("t", args, result, AT), None, "{args:?} {result:?}");
        }
        assert_ne!(of("t", None, Some("[]"), AT), of("u", None, Some("[]"), AT));
        assert_ne!(of("t", Some("1"), Some("2"), AT), of("t", Some("1"), Some("3"), AT));
        assert_ne!(of("t", Some("1"), None, AT), of("t", None, Some("1"), AT));
    }

    #[test]
    fn a_print_is_the_same_in_every_release() {
        assert_eq!(of_message("a"), of_message(" A "));
        assert_eq!(Hash::new().0, 0xcbf2_9ce4_8422_2325);
        let mut hash = Hash::new();
        hash.byte(b'a');
        assert_eq!(hash.0, 0xaf63_dc4c_8601_ec8c, "FNV-1a as everywhere");
    }
}
