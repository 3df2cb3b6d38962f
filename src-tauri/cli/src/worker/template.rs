//! `{{payload.x}}` in an argument or an environment value: a part of the payload in its place.

use serde_json::Value;

const OPEN: &str = "{{";
const CLOSE: &str = "}}";
const PAYLOAD: &str = "payload";

/// Whether anything of the payload is asked for.
pub fn is_in(text: &str) -> bool {
    places(text).any(|(_, inside)| inside.is_some())
}

/// # Errors
/// A sentence that names the place that no payload could ever fill.
pub fn check(text: &str) -> Result<(), String> {
    let bad = places(text).find(|(_, inside)| inside.is_some_and(|inside| path(inside).is_none()));
    bad.map_or(Ok(()), |(_, inside)| {
        Err(format!("{{{{{}}}}} names no part of the payload; {{{{payload.x}}}} would.", inside.unwrap_or_default()))
    })
}

/// The text with the payload's parts in place: a string as it is, everything else as JSON.
///
/// # Errors
/// A sentence that names the part that the payload does not have.
pub fn fill(text: &str, payload: &Value) -> Result<String, String> {
    let mut filled = String::with_capacity(text.len());
    for (before, inside) in places(text) {
        filled.push_str(before);
        let Some(inside) = inside else { continue };
        let part = path(inside).and_then(|names| found(payload, &names));
        match part {
            Some(Value::String(text)) => filled.push_str(text),
            Some(other) => filled.push_str(&other.to_string()),
            None => return Err(format!("the payload has no `{}`", inside.trim())),
        }
    }
    Ok(filled)
}

fn found<'a>(payload: &'a Value, names: &[&str]) -> Option<&'a Value> {
    names.iter().try_fold(payload, |value, name| match value {
        Value::Array(items) => items.get(name.parse::<usize>().ok()?),
        other => other.get(name),
    })
}

/// The names after `payload`; None if it says something else.
fn path(inside: &str) -> Option<Vec<&str>> {
    let mut names = inside.trim().split('.');
    let whole = names.next()? == PAYLOAD;
    let names: Vec<&str> = names.collect();
    (whole && names.iter().all(|name| !name.is_empty())).then_some(names)
}

/// The text in pieces: some of it, then what stands between the braces of a place that speaks of the payload.
fn places(text: &str) -> impl Iterator<Item = (&str, Option<&str>)> {
    let mut rest = Some(text);
    std::iter::from_fn(move || {
        let now = rest?;
        let place = now.match_indices(OPEN).find_map(|(at, _)| {
            let inside = &now[at + OPEN.len()..];
            let inside = &inside[..inside.find(CLOSE)?];
            inside.trim_start().starts_with(PAYLOAD).then_some((at, inside))
        });
        let Some((at, inside)) = place else {
            rest = None;
            return Some((now, None));
        };
        rest = Some(&now[at + OPEN.len() + inside.len() + CLOSE.len()..]);
        Some((&now[..at], Some(inside)))
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn parts_of_the_payload_are_filled_in() {
        let payload = json!({ "lead": "Ada; rm -rf /", "n": 3, "deep": { "list": ["x", { "y": null }] } });
        for (text, filled) in [
            ("plain", "plain"),
            ("{{payload.lead}}", "Ada; rm -rf /"),
            ("--n={{ payload.n }}{{payload.n}}.", "--n=33."),
            ("{{payload.deep.list.0}} {{payload.deep.list.1}}", r#"x {"y":null}"#),
            ("{{payload.deep.list.1.y}}", "null"),
            ("{{other}} {{ {{payload.n}} }}", "{{other}} {{ 3 }}"),
            ("{{payload.n", "{{payload.n"),
        ] {
            assert_eq!(fill(text, &payload).as_deref(), Ok(filled), "{text}");
        }
        assert_eq!(fill("{{payload}}", &json!([1])).as_deref(), Ok("[1]"));
    }

    #[test]
    fn what_the_payload_does_not_have_is_named() {
        let missing = fill("a {{payload.x.y}} b", &json!({ "x": 1 })).unwrap_err();
        assert_eq!(missing, "the payload has no `payload.x.y`");
        assert!(fill("{{payload.0}}", &json!([])).is_err());
    }

    #[test]
    fn a_place_that_nothing_could_fill_is_told_at_once() {
        assert!(check("{{payload.x}} {{secret:Y}}").is_ok() && !is_in("{{secret:Y}}") && is_in("a{{payload.b}}"));
        for bad in ["{{payload.}}", "{{payloads.x}}", "{{payload x}}"] {
            assert!(check(bad).unwrap_err().contains(bad), "{bad}");
        }
    }
}
