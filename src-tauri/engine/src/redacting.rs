//! Values of secrets that have left the vault, blotted out of whatever is kept, shown or logged afterwards. What is delivered is
//! never touched: the agent that a value was granted to gets it as it is.
//!
//! They are looked for as they are, and as JSON, URLs, HTML, base64 and hexadecimal digits write them. Shapes of secrets that nobody has told the tower of
//! are `otlp::redact`'s.

use std::borrow::Cow;
use std::io::Write;
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use aho_corasick::{AhoCorasick, MatchKind};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use serde_json::{Map, Value};
use zeroize::Zeroizing;

use crate::deliver::python_json;

pub(crate) const HIDDEN: &str = "••••";
/// A shorter value would blot out half of an innocent text.
const BYTES_LEAST: usize = 6;
/// Of one line of a value of several.
const LINE_BYTES_LEAST: usize = 12;
/// Of what is left of a value whose beginning or end was cut off.
const REST_BYTES_LEAST: usize = 4;
/// Values remembered at most; the oldest are forgotten.
const VALUES_MAX: usize = 5_000;
const FRESH_MAX: usize = 50;

/// Cheap to clone; all clones know the same.
#[derive(Clone, Default)]
pub struct Known(Arc<Inner>);

#[derive(Default)]
struct Inner {
    values: Mutex<Values>,
    finders: RwLock<Vec<Arc<Finder>>>,
}

/// A finder is built anew with each value that it gets: few are fresh, so that the many others seldom are.
#[derive(Default)]
struct Values {
    fresh: Vec<Zeroizing<String>>,
    settled: Vec<Zeroizing<String>>,
    finder: Option<Arc<Finder>>,
}

struct Finder {
    /// Every form of every value, each once.
    forms: Vec<Zeroizing<String>>,
    automaton: AhoCorasick,
}

impl std::fmt::Debug for Known {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Known(••••)")
    }
}

impl Known {
    /// From now on it is blotted out.
    pub(crate) fn learn(&self, value: &str) {
        if value.trim().len() < BYTES_LEAST {
            return;
        }
        let mut values = self.0.values.lock().unwrap_or_else(PoisonError::into_inner);
        if values.fresh.iter().chain(&values.settled).any(|known| known.as_str() == value) {
            return;
        }
        values.fresh.push(Zeroizing::new(value.to_owned()));
        if values.fresh.len() > FRESH_MAX {
            let fresh = std::mem::take(&mut values.fresh);
            values.settled.extend(fresh);
            let too_many = values.settled.len().saturating_sub(VALUES_MAX);
            values.settled.drain(..too_many);
            values.finder = Finder::of(&values.settled);
        }
        let finders = values.finder.iter().cloned().chain(Finder::of(&values.fresh)).collect();
        // Still under the lock of the values: the newest finders are those that stay.
        *self.0.finders.write().unwrap_or_else(PoisonError::into_inner) = finders;
    }

    /// The text without them. Not copied if there is none.
    pub(crate) fn hidden<'a>(&self, text: &'a str) -> Cow<'a, str> {
        let finders = self.finders();
        let found = finders.iter().flat_map(|finder| finder.automaton.find_iter(text));
        let mut found: Vec<(usize, usize)> = found.map(|found| (found.start(), found.end())).collect();
        if found.is_empty() {
            return Cow::Borrowed(text);
        }
        found.sort_unstable();
        let (mut clean, mut done) = (String::with_capacity(text.len()), 0);
        for (start, end) in found {
            if start >= done {
                clean.push_str(&text[done..start]);
                clean.push_str(HIDDEN);
            }
            done = done.max(end);
        }
        clean.push_str(&text[done..]);
        Cow::Owned(clean)
    }

    pub(crate) fn hidden_in(&self, text: String) -> String {
        match self.hidden(&text) {
            Cow::Borrowed(_) => text,
            Cow::Owned(clean) => clean,
        }
    }

    /// Of the end of a longer text, which may begin in the middle of a value.
    pub(crate) fn hidden_in_tail(&self, text: String) -> String {
        let rest = self.finders().iter().map(|finder| finder.rest_at_front(&text)).max().unwrap_or(0);
        if rest == 0 { self.hidden_in(text) } else { format!("{HIDDEN}{}", self.hidden(&text[rest..])) }
    }

    /// Of the beginning of a longer text, which may end in the middle of a value.
    pub(crate) fn hidden_in_head(&self, text: String) -> String {
        let mut clean = self.hidden_in(text);
        let begun = self.finders().iter().map(|finder| finder.begun_at_end(&clean)).max().unwrap_or(0);
        if begun > 0 {
            clean.truncate(clean.len() - begun);
            clean.push_str(HIDDEN);
        }
        clean
    }

    /// In every text of a JSON value, and in the names of its fields.
    pub(crate) fn hide_in(&self, value: &mut Value) {
        match value {
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
            Value::String(text) => {
                if let Cow::Owned(clean) = self.hidden(text) {
                    *text = clean;
                }
            }
            Value::Array(list) => list.iter_mut().for_each(|value| self.hide_in(value)),
            Value::Object(map) => self.hide_in_fields(map),
        }
    }

    pub(crate) fn hide_in_fields(&self, map: &mut Map<String, Value>) {
        if map.keys().any(|name| matches!(self.hidden(name), Cow::Owned(_))) {
            let fields = std::mem::take(map);
            *map = fields.into_iter().map(|(name, value)| (self.hidden_in(name), value)).collect();
        }
        map.values_mut().for_each(|value| self.hide_in(value));
    }

    /// A place to write texts to, without them.
    pub fn hiding<W: Write>(&self, to: W) -> Hiding<W> {
        Hiding { known: self.clone(), to }
    }

    fn finders(&self) -> Vec<Arc<Finder>> {
        self.0.finders.read().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Finder {
    /// None: there is nothing to look for.
    fn of(values: &[Zeroizing<String>]) -> Option<Arc<Finder>> {
        if values.is_empty() {
            return None;
        }
        let mut forms: Vec<Zeroizing<String>> = values.iter().flat_map(|value| forms_of(value)).collect();
        forms.sort_by(|one, other| one.as_str().cmp(other.as_str()));
        forms.dedup_by(|one, other| one.as_str() == other.as_str());
        // Of two that begin at the same place the longer: one value may be the beginning of another.
        let built = AhoCorasick::builder()
            .match_kind(MatchKind::LeftmostLongest)
            .build(forms.iter().map(|form| form.as_str().as_bytes()));
        match built {
            Ok(automaton) => Some(Arc::new(Finder { forms, automaton })),
            Err(error) => {
                // Only gigabytes of values come here; each delivery still blots out its own.
                tracing::error!(%error, "the values of secrets cannot be looked for");
                None
            }
        }
    }

    /// How many bytes at the beginning of the text are the end of a value.
    fn rest_at_front(&self, text: &str) -> usize {
        let rest = |form: &str| {
            let begins = form.char_indices().map(|(at, _)| at).skip(1);
            let mut rests = begins.map(|at| &form[at..]).take_while(|rest| rest.len() >= REST_BYTES_LEAST);
            rests.find(|rest| text.starts_with(*rest)).map_or(0, str::len)
        };
        self.forms.iter().map(|form| rest(form)).max().unwrap_or(0)
    }

    /// How many bytes at the end of the text are the beginning of a value.
    fn begun_at_end(&self, text: &str) -> usize {
        let begun = |form: &str| {
            let ends = form.char_indices().map(|(at, _)| at).rev().take_while(|at| *at >= REST_BYTES_LEAST);
            ends.into_iter().find(|at| text.ends_with(&form[..*at])).unwrap_or(0)
        };
        self.forms.iter().map(|form| begun(form)).max().unwrap_or(0)
    }
}

/// As it may be written anywhere.
fn forms_of(value: &str) -> Vec<Zeroizing<String>> {
    let trimmed = value.trim();
    let mut forms = vec![value.to_owned(), trimmed.to_owned()];
    // Lines come one by one where output is looked at as it is printed. What marks a key's beginning is in every key.
    let lines =
        trimmed.lines().map(str::trim).filter(|line| line.len() >= LINE_BYTES_LEAST && !line.starts_with("-----"));
    forms.extend(lines.map(str::to_owned));
    for plain in [value, trimmed] {
        forms.push(inner(&Value::from(plain).to_string()));
        forms.push(inner(&String::from_utf8_lossy(&python_json::dumps(&Value::from(plain)))));
        // As it stands in JSON that is itself a text in JSON.
        forms.push(inner(&Value::from(inner(&Value::from(plain).to_string())).to_string()));
        forms.push(url::form_urlencoded::byte_serialize(plain.as_bytes()).collect());
        forms.push(percent_encoded(plain));
        forms.push(percent_encoded(plain).replace("%20", "+"));
        forms.push(in_html(plain, "&#39;"));
        forms.push(in_html(plain, "&#x27;"));
        forms.push(plain.bytes().map(|byte| format!("{byte:02x}")).collect());
        forms.push(plain.bytes().map(|byte| format!("{byte:02X}")).collect());
        forms.extend(in_base64(plain.as_bytes()));
    }
    forms.retain(|form| form.len() >= BYTES_LEAST);
    forms.into_iter().map(Zeroizing::new).collect()
}

/// A JSON text without its quotes.
fn inner(quoted: &str) -> String {
    quoted.get(1..quoted.len().saturating_sub(1)).unwrap_or_default().to_owned()
}

fn percent_encoded(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            encoded.push_str(&format!("%{byte:02X}"));
        }
    }
    encoded
}

fn in_html(text: &str, apostrophe: &str) -> String {
    let text = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;");
    text.replace('\'', apostrophe)
}

/// What of base64 depends on the value alone, wherever in what is encoded it stands: `user:value` is sent so.
fn in_base64(value: &[u8]) -> Vec<String> {
    const CHARS_LEAST: usize = 8;
    let mut all = Vec::new();
    for (before, first) in [(0, 0), (1, 2), (2, 3)] {
        let bytes = Zeroizing::new([vec![0; before], value.to_vec()].concat());
        let encoded = STANDARD_NO_PAD.encode(&*bytes);
        let whole = bytes.len() * 8 / 6;
        let own = &encoded[first.min(whole)..whole];
        if own.len() >= CHARS_LEAST {
            all.push(own.to_owned());
            all.push(own.replace('+', "-").replace('/', "_"));
        }
    }
    all
}

/// Passes texts on without what is known. Whoever writes here writes whole lines at once, as loggers do.
pub struct Hiding<W> {
    known: Known,
    to: W,
}

impl<W: Write> Write for Hiding<W> {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        match std::str::from_utf8(bytes) {
            Ok(text) => self.to.write_all(self.known.hidden(text).as_bytes())?,
            Err(_) => {
                let text = String::from_utf8_lossy(bytes);
                self.to.write_all(self.known.hidden(&text).as_bytes())?;
            }
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.to.flush()
    }
}

#[cfg(test)]
mod tests {
    use base64::engine::general_purpose::{STANDARD, URL_SAFE};
    use serde_json::json;

    use super::*;

    fn knowing(values: &[&str]) -> Known {
        let known = Known::default();
        values.iter().for_each(|value| known.learn(value));
        known
    }

    #[test]
    fn a_value_is_found_however_it_is_written() {
        let value = "p\"w w/ö+1?";
        let known = knowing(&[value]);
        let basic = STANDARD.encode(format!("ada:{value}"));
        for text in [
            value.to_owned(),
            json!({ "said": value }).to_string(),
            json!({ "said": json!({ "key": value }).to_string() }).to_string(),
            String::from_utf8(python_json::dumps(&json!({ "said": value }))).unwrap(),
            format!("https://x.org/?q={}", url::form_urlencoded::byte_serialize(value.as_bytes()).collect::<String>()),
            format!("https://x.org/{}", percent_encoded(value)),
            STANDARD.encode(value),
            "70227720772FC3B62B313F".to_owned(),
            "70227720772fc3b62b313f".to_owned(),
            "<p>p&quot;w w/ö+1?</p>".to_owned(),
            URL_SAFE.encode(format!("?{value}!")),
            format!("Basic {basic}"),
        ] {
            let hidden = known.hidden(&text);
            assert!(hidden.contains(HIDDEN), "{text} -> {hidden}");
            assert!(!hidden.contains(value), "{text}");
        }
        assert_eq!(known.hidden(&format!("a {value} b")), "a •••• b");
        assert!(matches!(known.hidden("nothing of it"), Cow::Borrowed("nothing of it")));
    }

    #[test]
    fn one_inside_another_leaves_nothing_of_either() {
        let known = knowing(&["sk-long", "sk-long-secret", "secret-of-mine"]);
        assert_eq!(known.hidden("sk-long-secret sk-long secret-of-mine"), "•••• •••• ••••");
    }

    #[test]
    fn many_values_are_found_and_the_oldest_are_forgotten_in_the_end() {
        let known = Known::default();
        let value = |number: usize| format!("value-{number:06}-of-many");
        for number in 0..FRESH_MAX * 3 + 7 {
            known.learn(&value(number));
            known.learn(&value(number));
            assert_eq!(known.hidden(&format!("<{}> <{}>", value(0), value(number))), "<••••> <••••>");
        }
        assert_eq!(known.finders().len(), 2);
        // One that settled, in one that is fresh, and one that begins where the other ends.
        known.learn(&format!("{}-and-more", value(1)));
        known.learn("many-and-other");
        assert_eq!(known.hidden(&format!("{}-and-more!", value(1))), "••••!");
        assert_eq!(known.hidden(&format!("{}-and-other!", value(2))), "••••!");
    }

    #[test]
    fn what_is_short_is_left_alone() {
        let known = knowing(&["abc", "12345", "     ", ""]);
        assert_eq!(known.hidden("abc 12345      "), "abc 12345      ");
        assert!(known.finders().is_empty());
        let six = knowing(&["123456"]);
        assert_eq!(six.hidden("0123456 7"), "0•••• 7");
    }

    #[test]
    fn lines_of_a_value_are_found_one_by_one() {
        let pem = "-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBgkq\nhkiG9w0BAQEFAASC\n-----END PRIVATE KEY-----\n";
        let known = knowing(&[pem]);
        assert_eq!(known.hidden("MIIEvQIBADANBgkq"), HIDDEN);
        assert_eq!(known.hidden("-----BEGIN PRIVATE KEY-----"), "-----BEGIN PRIVATE KEY-----");
        assert_eq!(known.hidden(&format!("<{}>", pem.trim_end())), "<••••>");
    }

    #[test]
    fn the_end_of_a_value_that_was_cut_is_blotted_out() {
        let known = knowing(&["sk-very-secret"]);
        assert_eq!(known.hidden_in_tail("secret, and sk-very-secret".to_owned()), "••••, and ••••");
        assert_eq!(known.hidden_in_tail("sk-very-secret!".to_owned()), "••••!");
        assert_eq!(known.hidden_in_tail("ret".to_owned()), "ret", "three letters may be anything");
        assert_eq!(known.hidden_in_tail(String::new()), "");
        assert_eq!(knowing(&["ö-ümlaut-ß"]).hidden_in_tail("mlaut-ß.".to_owned()), "••••.");
    }

    #[test]
    fn the_beginning_of_a_value_that_is_still_being_printed_is_blotted_out() {
        let known = knowing(&["sk-very-secret"]);
        assert_eq!(known.hidden_in_head("sk-very-secret and sk-very-s".to_owned()), "•••• and ••••");
        assert_eq!(known.hidden_in_head("it is sk-v".to_owned()), "it is ••••");
        assert_eq!(known.hidden_in_head("it is sk-".to_owned()), "it is sk-", "three letters may be anything");
        assert_eq!(known.hidden_in_head(String::new()), "");
        assert_eq!(knowing(&["ö-ümlaut-ß"]).hidden_in_head("<ö-üm".to_owned()), "<••••");
    }

    #[test]
    fn texts_and_names_of_json_are_looked_at_and_nothing_else() {
        let known = knowing(&["sk-very-secret"]);
        let mut value =
            json!({ "a": ["sk-very-secret", 1, null, true], "sk-very-secret": { "b": "x sk-very-secret" } });
        known.hide_in(&mut value);
        assert_eq!(value, json!({ "a": ["••••", 1, null, true], "••••": { "b": "x ••••" } }));
        let mut number = json!({ "n": 123_456 });
        knowing(&["123456"]).hide_in(&mut number);
        assert_eq!(number, json!({ "n": 123_456 }));
    }

    #[test]
    fn the_log_holds_none() {
        let known = knowing(&["sk-very-secret"]);
        let mut log = Vec::new();
        let mut hiding = known.hiding(&mut log);
        hiding.write_all(b"WARN answered sk-very-secret\n").unwrap();
        hiding.write_all(b"\xff sk-very-secret\n").unwrap();
        hiding.flush().unwrap();
        assert_eq!(String::from_utf8(log).unwrap(), "WARN answered ••••\n\u{fffd} ••••\n");
    }
}
