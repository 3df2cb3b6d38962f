//! Headers and variables: what may stand in them, and what must not lie open in them.

use serde_json::Value;

use super::KEPT;
use super::reading::{Object, Problems, shortened};
use crate::vault::{bad_in, names_in};

/// Parts of the names of headers and variables that hold secrets.
const SECRET_NAME_PARTS: [&str; 9] =
    ["authorization", "cookie", "token", "secret", "key", "password", "passwd", "passphrase", "credential"];
/// How well-known secrets begin, whatever the field is called.
const SECRET_BEGINNINGS: [&str; 11] =
    ["bearer ", "sk-", "sk_", "cue_sk_", "whsec_", "ghp_", "github_pat_", "glpat-", "xoxb-", "xoxp-", "-----begin"];
/// Shorter ones are something else: `Accept-Language: sk-SK`.
const SECRET_BYTES_MIN: usize = 20;
/// Named like a secret, and none.
const OPEN_NAME: &str = "idempotency-key";
/// Set by the tower for every request (see `deliver::webhook`).
const TOWERS_HEADERS: [&str; 6] = ["content-length", "transfer-encoding", "connection", "upgrade", "te", "trailer"];
const PAIRS_MAX: usize = 100;
const VALUE_CHARS_MAX: usize = 32 * 1024;

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Pairs {
    Headers,
    Env,
}

impl Pairs {
    pub(super) fn same_name(self, one: &str, other: &str) -> bool {
        match self {
            Pairs::Headers => one.eq_ignore_ascii_case(other),
            Pairs::Env => one == other,
        }
    }

    fn trouble_with_name(self, name: &str) -> Option<&'static str> {
        match self {
            Pairs::Headers if !is_header_name(name) => {
                Some("is no name of a header; use letters, digits and hyphens, as in `X-Team`")
            }
            Pairs::Headers if TOWERS_HEADERS.contains(&name.to_ascii_lowercase().as_str()) => {
                Some("is a header that the tower sets; leave it out")
            }
            Pairs::Env if name.is_empty() || name.contains(['=', '\0']) => {
                Some("is no name of a variable; it must not be empty or hold `=`")
            }
            Pairs::Headers | Pairs::Env => None,
        }
    }

    fn trouble_with_text(self, value: &str) -> Option<&'static str> {
        let unfit = |found: char| match self {
            Pairs::Headers => found.is_control() && found != '\t',
            Pairs::Env => found == '\0',
        };
        if value.contains(unfit) {
            return Some("has a character that cannot be sent, such as a line break; take it out");
        }
        (value.chars().count() > VALUE_CHARS_MAX).then_some("is longer than 32 768 characters; shorten it")
    }
}

/// The pairs of an object of texts, by name.
pub(super) fn read(holder: &Object, key: &str, pairs: Pairs, problems: &mut Problems) -> Vec<(String, String)> {
    let place = holder.place(key);
    let map = match holder.get(key) {
        None => return Vec::new(),
        Some(Value::Object(map)) => map,
        Some(other) => {
            problems.mistyped(&place, "an object of texts", other);
            return Vec::new();
        }
    };
    if map.len() > PAIRS_MAX {
        problems.add(&place, format!("`{place}` has {} entries; at most {PAIRS_MAX} fit.", map.len()));
        return Vec::new();
    }
    let mut read: Vec<(String, String)> = Vec::new();
    for (name, value) in map {
        let field = format!("{place}.{}", shortened(name));
        let Some(text) = value.as_str() else {
            problems.mistyped(&field, "a text", value);
            continue;
        };
        if read.iter().any(|(known, _)| pairs.same_name(known, name)) {
            problems.add(&field, format!("`{field}` is there twice; case does not count in names of headers."));
        }
        if let Some(trouble) = trouble(pairs, name, text) {
            problems.add(&field, format!("`{field}` {trouble}."));
        }
        read.push((name.clone(), text.to_owned()));
    }
    read.sort();
    read
}

/// Puts what `••••` stands for into new pairs.
pub(super) fn kept(now: Option<&Value>, new: Option<&mut Value>, pairs: Pairs) {
    let (Some(Value::Object(now)), Some(Value::Object(new))) = (now, new) else { return };
    for (name, text) in new.iter_mut().filter(|(_, text)| *text == KEPT) {
        if let Some((_, kept)) = now.iter().find(|(known, _)| pairs.same_name(known, name)) {
            text.clone_from(kept);
        }
    }
}

/// What is wrong with a header that is no cue's: "is no name of a header; …". Never says its value.
pub(crate) fn header_trouble(name: &str, value: &str) -> Option<String> {
    trouble(Pairs::Headers, name, value)
}

/// What is wrong with a pair; never says its value.
fn trouble(pairs: Pairs, name: &str, value: &str) -> Option<String> {
    if let Some(trouble) = pairs.trouble_with_name(name).or_else(|| pairs.trouble_with_text(value)) {
        return Some(trouble.to_owned());
    }
    if value == KEPT {
        return Some(format!(
            "is `{KEPT}`, which keeps a value, and there is none to keep; write `{{{{secret:NAME}}}}`"
        ));
    }
    if bad_in(value).is_some() {
        return Some(
            "holds `{{secret:` without the name of a secret; write `{{secret:NAME}}` with capitals, digits and underscores"
                .to_owned(),
        );
    }
    lies_open(name, value).then(|| {
        let secret = suggested(name);
        format!(
            "looks like a secret, and cues are shown and kept in the open; store it with `cuetowerctl secret set {secret}` or in the window, and write `{{{{secret:{secret}}}}}` here"
        )
    })
}

/// Whether the value of this header or variable looks like a secret, and is neither in the vault nor stands for one.
pub(crate) fn lies_open(name: &str, value: &str) -> bool {
    value != KEPT && names_in(value).is_empty() && bad_in(value).is_none() && looks_secret(name, value)
}

fn looks_secret(name: &str, value: &str) -> bool {
    let (name, value) = (name.to_ascii_lowercase(), value.trim().to_ascii_lowercase());
    if value.is_empty() || ["true", "false", "yes", "no", "on", "off", "none"].contains(&value.as_str()) {
        return false;
    }
    // MAX_TOKENS=4096
    let is_a_count = name.contains("tokens") && value.bytes().all(|byte| byte.is_ascii_digit());
    let named_so = SECRET_NAME_PARTS.iter().any(|part| name.contains(part));
    let begins_so = value.len() >= SECRET_BYTES_MIN && SECRET_BEGINNINGS.iter().any(|start| value.starts_with(start));
    begins_so || (named_so && !is_a_count && name != OPEN_NAME)
}

/// A name that a secret can have, made of the field's.
fn suggested(name: &str) -> String {
    let made: String =
        name.chars().map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_uppercase() } else { '_' }).take(64).collect();
    if crate::vault::is_name(&made) { made } else { "NAME".to_owned() }
}

fn is_header_name(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte))
}
