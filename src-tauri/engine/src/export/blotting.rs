//! What of a run stays here when it is handed out: values of headers and variables, credentials in addresses, and every value of
//! a secret that the tower knows or can tell by its shape. Their names stay.

use std::borrow::Cow;

use cuetower_core::secret;
use serde_json::Value;

use crate::definition::lies_open;
use crate::desk::wire::{RunStory, StepView};
use crate::redacting::{HIDDEN, Known};
use crate::vault::names_in;

/// Words of the owner's door, which are no texts of anybody.
const WORDS: [&str; 3] = ["scheduled", "delivered", "confirmed"];
/// They say how a credential is given, and are none.
const SCHEMES: [&str; 4] = ["basic", "bearer", "token", "apikey"];
/// Flags of a command whose value is a secret end so.
const FLAGS: [&str; 9] =
    ["password", "passwd", "passphrase", "token", "secret", "api-key", "api_key", "apikey", "credentials"];
/// A part of a path that is longer, and has letters and digits, was made by chance: who knows it may come in.
const CHANCE_CHARS_LEAST: usize = 20;

/// `known`: what has left the vault.
pub fn blot(
    known: &Known,
    cue: &mut Value,
    run: RunStory,
    steps: Vec<StepView>,
) -> serde_json::Result<(RunStory, Vec<StepView>)> {
    let mut open = Open { known: Known::default() };
    open.take_out(cue);
    let hiding = Hiding([known, &open.known]);
    hiding.free(cue);
    let mut run = serde_json::to_value(run)?;
    hiding.texts(&mut run);
    let mut run: RunStory = serde_json::from_value(run)?;
    hiding.free(&mut run.payload);
    if let Some(outcome) = &mut run.outcome {
        hiding.free(&mut outcome.fields);
    }
    let mut steps = serde_json::to_value(steps)?;
    hiding.texts(&mut steps);
    Ok((run, serde_json::from_value(steps)?))
}

/// A text of the tower's own, such as a line of its log: without credentials in addresses and what looks like a secret.
pub fn blotted(text: &str) -> String {
    let open = Open { known: Known::default() };
    let shown = open.address(text);
    let shown = open.known.hidden_in(shown);
    secret::text(&shown).into_owned()
}

/// What lies open in a definition, and is blotted out of all the rest too.
struct Open {
    known: Known,
}

impl Open {
    fn take_out(&mut self, value: &mut Value) {
        match value {
            Value::Object(fields) => {
                for (field, value) in fields {
                    match (field.as_str(), value) {
                        ("headers" | "env", Value::Object(pairs)) => {
                            for (name, value) in pairs.iter_mut() {
                                if let Value::String(text) = value {
                                    *text = self.pair(name, text);
                                }
                            }
                        }
                        ("argv", Value::Array(words)) => self.arguments(words),
                        // Anybody's words and numbers; what is a secret in them is told by its name and its shape.
                        ("payload", _) => {}
                        (_, value) => self.take_out(value),
                    }
                }
            }
            Value::Array(list) => list.iter_mut().for_each(|value| self.take_out(value)),
            Value::String(text) => {
                if text.contains("://") {
                    *text = self.address(text);
                }
            }
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }

    /// A value that stands for one in the vault is shown as it is; what is written around it is not.
    fn pair(&self, name: &str, text: &str) -> String {
        if lies_open(name, text) {
            self.known.learn(text);
            text.split_whitespace().last().into_iter().for_each(|last| self.known.learn(last));
        }
        let (mut shown, mut rest) = (String::new(), text);
        for name in names_in(text) {
            let reference = format!("{{{{secret:{name}}}}}");
            while let Some((before, after)) = rest.split_once(&reference).filter(|(before, _)| !before.contains("{{")) {
                shown.push_str(&literal(before));
                shown.push_str(&reference);
                rest = after;
            }
        }
        shown + &literal(rest)
    }

    /// `--token abc` and `--token=abc`.
    fn arguments(&self, words: &mut [Value]) {
        let mut is_value = false;
        for word in words {
            let Value::String(text) = word else { continue };
            let (flag, value) = text.split_once('=').map_or((text.as_str(), None), |(flag, value)| (flag, Some(value)));
            let named = flag.to_ascii_lowercase();
            let is_secret = named.starts_with('-') && FLAGS.iter().any(|end| named.ends_with(end));
            let shown = match value {
                Some(value) if is_secret => {
                    self.known.learn(value);
                    format!("{flag}={}", literal(value))
                }
                _ if is_value && !text.starts_with('-') => {
                    self.known.learn(text);
                    literal(text).into_owned()
                }
                _ if text.contains("://") => self.address(text),
                _ => text.clone(),
            };
            is_value = is_secret && value.is_none();
            *text = shown;
        }
    }

    /// Without its user, the values of its query, and what of its path was made by chance. Nothing else of the text changes.
    fn address(&self, text: &str) -> String {
        let (mut shown, mut rest) = (String::with_capacity(text.len()), text);
        while let Some((before, after)) = rest.split_once("://") {
            shown.push_str(before);
            shown.push_str("://");
            let end = after.find(|c: char| c.is_whitespace() || "\"'<>|;".contains(c)).unwrap_or(after.len());
            let (address, behind) = after.split_at(end);
            shown.push_str(&self.behind_scheme(address));
            rest = behind;
        }
        shown + rest
    }

    fn behind_scheme(&self, address: &str) -> String {
        let (address, fragment) = parted(address, '#');
        let (address, query) = parted(address, '?');
        let (host, path) = parted(address, '/');
        let mut shown = match host.rsplit_once('@') {
            Some((user, host)) => {
                user.split(':').for_each(|part| self.known.learn(part));
                format!("{HIDDEN}@{host}")
            }
            None => host.to_owned(),
        };
        if let Some(path) = path {
            let parts: Vec<Cow<'_, str>> = path.split('/').map(|part| self.by_chance(part)).collect();
            shown = format!("{shown}/{}", parts.join("/"));
        }
        if let Some(query) = query {
            let values: Vec<String> = query.split('&').map(|pair| self.query_pair(pair)).collect();
            shown = format!("{shown}?{}", values.join("&"));
        }
        if fragment.is_some() { format!("{shown}#{HIDDEN}") } else { shown }
    }

    fn query_pair(&self, pair: &str) -> String {
        let (name, value) = pair.split_once('=').map_or((None, pair), |(name, value)| (Some(name), value));
        // Filled in by the tower when it is sent.
        let is_template = value.starts_with("{{") && value.ends_with("}}");
        if value.is_empty() || is_template {
            return pair.to_owned();
        }
        self.known.learn(value);
        name.map_or(HIDDEN.to_owned(), |name| format!("{name}={HIDDEN}"))
    }

    fn by_chance<'a>(&self, part: &'a str) -> Cow<'a, str> {
        let is_plain = part.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_:.~".contains(&byte));
        let has = |of: fn(&u8) -> bool| part.bytes().any(|byte| of(&byte));
        let long = part.len() >= CHANCE_CHARS_LEAST;
        if long && is_plain && has(u8::is_ascii_digit) && has(u8::is_ascii_alphabetic) {
            self.known.learn(part);
            return Cow::Borrowed(HIDDEN);
        }
        Cow::Borrowed(part)
    }
}

fn parted(text: &str, at: char) -> (&str, Option<&str>) {
    text.split_once(at).map_or((text, None), |(before, behind)| (before, Some(behind)))
}

fn literal(text: &str) -> Cow<'_, str> {
    let word = text.trim();
    if word.is_empty() || SCHEMES.iter().any(|scheme| word.eq_ignore_ascii_case(scheme)) {
        return Cow::Borrowed(text);
    }
    let scheme = word.split_once(' ').filter(|(scheme, _)| SCHEMES.iter().any(|one| scheme.eq_ignore_ascii_case(one)));
    Cow::Owned(scheme.map_or(HIDDEN.to_owned(), |(scheme, _)| format!("{scheme} {HIDDEN}")))
}

struct Hiding<'a>([&'a Known; 2]);

impl Hiding<'_> {
    /// Of a value of known fields: their texts, and not their names.
    fn texts(&self, value: &mut Value) {
        match value {
            Value::Object(fields) => {
                for (_, value) in fields.iter_mut().filter(|(field, _)| !WORDS.contains(&field.as_str())) {
                    self.texts(value);
                }
            }
            Value::Array(list) => list.iter_mut().for_each(|value| self.texts(value)),
            Value::String(text) => self.text(text),
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }

    /// Of somebody's own JSON: also what is a secret by its name, and names that are one.
    fn free(&self, value: &mut Value) {
        by_name(value);
        self.texts_of_all(value);
        self.0.iter().for_each(|known| known.hide_in(value));
    }

    fn texts_of_all(&self, value: &mut Value) {
        match value {
            Value::Object(fields) => fields.values_mut().for_each(|value| self.texts_of_all(value)),
            Value::Array(list) => list.iter_mut().for_each(|value| self.texts_of_all(value)),
            Value::String(text) => self.text(text),
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }

    fn text(&self, text: &mut String) {
        for known in self.0 {
            if let Cow::Owned(clean) = known.hidden(text) {
                *text = clean;
            }
        }
        if let Cow::Owned(clean) = secret::text(text) {
            *text = clean;
        }
    }
}

fn by_name(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                match value {
                    Value::String(text) if secret::is_name(name) && !text.is_empty() && names_in(text).is_empty() => {
                        *text = HIDDEN.to_owned();
                    }
                    value => by_name(value),
                }
            }
        }
        Value::Array(list) => list.iter_mut().for_each(by_name),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn taken_out(mut cue: Value) -> (Value, Known) {
        let mut open = Open { known: Known::default() };
        open.take_out(&mut cue);
        (cue, open.known)
    }

    #[test]
    fn values_of_headers_and_variables_go_and_their_names_stay() {
        let (shown, known) = taken_out(json!({
            "callback": { "headers": {
                "Authorization": "Bearer {{secret:CRM}}",
                "X-Api-Key": "canary-0001",
                "X-Mixed": "pre{{secret:A}}mid{{secret:B}}",
                "X-Empty": "",
                "X-Basic": "Basic Y2FuYXJ5OjAwMDE=",
            } },
            "command": { "env": { "MODE": "fast", "DB_PASSWORD": "canary-0002", "KEY": "{{secret:KEY}}" } },
            "checks": [{ "check": "url", "headers": { "X-Token": "canary-0003" } }],
        }));
        let wanted = json!({
            "callback": { "headers": {
                "Authorization": "Bearer {{secret:CRM}}",
                "X-Api-Key": "••••",
                "X-Mixed": "••••{{secret:A}}••••{{secret:B}}",
                "X-Empty": "",
                "X-Basic": "Basic ••••",
            } },
            "command": { "env": { "MODE": "••••", "DB_PASSWORD": "••••", "KEY": "{{secret:KEY}}" } },
            "checks": [{ "check": "url", "headers": { "X-Token": "••••" } }],
        });
        assert_eq!(shown, wanted);
        let said = "canary-0001 canary-0002 canary-0003, and it went fast";
        assert_eq!(known.hidden(said), "•••• •••• ••••, and it went fast", "what looks like a secret goes everywhere");
    }

    #[test]
    fn addresses_keep_their_host_and_their_plain_path() {
        for (from, to) in [
            ("http://127.0.0.1:9000/run", "http://127.0.0.1:9000/run"),
            (
                "https://ada:hunter22@x.org:8443/a/b?k=v12345&page=2&e=#top",
                "https://••••@x.org:8443/a/b?k=••••&page=••••&e=#••••",
            ),
            ("https://x.org?canary", "https://x.org?••••"),
            ("https://x.org/?run={{run.id}}", "https://x.org/?run={{run.id}}"),
            (
                "https://hooks.slack.com/services/T0001/B0001/aB3dE5gH7jK9mN1pQ3sT5vW7",
                "https://hooks.slack.com/services/T0001/B0001/••••",
            ),
            ("https://x.org/score-new-leads-of-the-week", "https://x.org/score-new-leads-of-the-week"),
            ("curl 'https://x.org/?t=abc' -o https://y.org/z", "curl 'https://x.org/?t=••••' -o https://y.org/z"),
            ("://", "://"),
            ("https://", "https://"),
        ] {
            assert_eq!(taken_out(json!({ "url": from })).0, json!({ "url": to }), "{from}");
        }
        let (_, known) = taken_out(json!({ "on_failure": { "webhook": "https://x.org/?t=canary-0004" } }));
        assert_eq!(known.hidden("POST /?t=canary-0004 failed"), "POST /?t=•••• failed");
    }

    #[test]
    fn flags_of_a_command_that_name_a_secret_lose_their_value() {
        let argv = json!({ "argv": ["run", "--token", "canary-0005", "--db-password=canary-0006", "--count", "3", "--token", "-v"] });
        let shown =
            json!({ "argv": ["run", "--token", "••••", "--db-password=••••", "--count", "3", "--token", "-v"] });
        assert_eq!(taken_out(argv).0, shown);
    }

    #[test]
    fn a_payload_loses_what_is_named_or_shaped_like_a_secret_alone() {
        let known = Known::default();
        known.learn("canary-0007");
        let mut payload = json!({
            "password": "x", "canary-0007": 1, "note": "it is canary-0007", "n": 3, "api_key": "{{secret:API}}",
            "list": ["ghp_abcdefghijklmnopqrstuvwx", { "client_secret": "y" }],
        });
        Hiding([&known, &Known::default()]).free(&mut payload);
        let wanted = json!({
            "password": "••••", "••••": 1, "note": "it is ••••", "n": 3, "api_key": "{{secret:API}}",
            "list": ["••••", { "client_secret": "••••" }],
        });
        assert_eq!(payload, wanted);
    }
}
