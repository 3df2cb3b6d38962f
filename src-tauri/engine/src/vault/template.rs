//! `{{secret:NAME}}` in a header or an environment value: which names it asks for, and the text with the values in place.

/// What a template asks for begins so.
const OPEN: &str = "{{secret:";
const CLOSE: &str = "}}";

enum Piece<'a> {
    Text(&'a str),
    Secret(&'a str),
    /// It begins like a secret but does not name one.
    Bad(&'a str),
}

/// Whether `name` can stand in a template: a capital letter, then capitals, digits and underscores; at most 64.
#[must_use]
pub fn is_name(name: &str) -> bool {
    name.len() <= 64
        && name.starts_with(|first: char| first.is_ascii_uppercase())
        && name.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_')
}

/// The names `template` asks for, each once, in order of appearance.
#[must_use]
pub fn names_in(template: &str) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for piece in pieces(template) {
        if let Piece::Secret(name) = piece
            && names.iter().all(|known| known != name)
        {
            names.push(name.to_owned());
        }
    }
    names
}

/// The first place of `template` that begins like a secret but names none, such as `{{secret:my key}}`; to be refused.
#[must_use]
pub fn bad_in(template: &str) -> Option<String> {
    pieces(template).into_iter().find_map(|piece| match piece {
        Piece::Bad(text) => Some(text.to_owned()),
        Piece::Text(_) | Piece::Secret(_) => None,
    })
}

/// `template` with the values in place. A value is not looked into: a template inside of it stays text.
///
/// # Errors
/// The name that `lookup` does not know, or the text that names no secret.
pub fn fill(template: &str, lookup: impl Fn(&str) -> Option<String>) -> Result<String, String> {
    let mut filled = String::with_capacity(template.len());
    for piece in pieces(template) {
        match piece {
            Piece::Text(text) => filled.push_str(text),
            Piece::Secret(name) => filled.push_str(&lookup(name).ok_or_else(|| name.to_owned())?),
            Piece::Bad(text) => return Err(text.to_owned()),
        }
    }
    Ok(filled)
}

fn pieces(template: &str) -> Vec<Piece<'_>> {
    let mut pieces = Vec::new();
    let mut rest = template;
    while let Some((text, after)) = rest.split_once(OPEN) {
        pieces.push(Piece::Text(text));
        let (name, behind) = after.split_once(CLOSE).unwrap_or((after, ""));
        let named = is_name(name) && name.len() < after.len();
        pieces.push(if named { Piece::Secret(name) } else { Piece::Bad(name) });
        rest = behind;
    }
    pieces.push(Piece::Text(rest));
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;

    fn known(name: &str) -> Option<String> {
        match name {
            "OPENAI" => Some("sk-1".into()),
            "TRICK" => Some("{{secret:OPENAI}}".into()),
            _ => None,
        }
    }

    #[test]
    fn a_template_is_filled_where_it_asks() {
        assert_eq!(fill("Bearer {{secret:OPENAI}}!", known).as_deref(), Ok("Bearer sk-1!"));
        assert_eq!(fill("{{secret:OPENAI}}{{secret:OPENAI}}", known).as_deref(), Ok("sk-1sk-1"));
        assert_eq!(
            fill("no secret, {{outcome.processed}} }} {{", known).as_deref(),
            Ok("no secret, {{outcome.processed}} }} {{")
        );
        assert_eq!(fill("{{secret:NOT_THERE}}", known), Err("NOT_THERE".into()));
    }

    #[test]
    fn a_value_that_looks_like_a_template_stays_text() {
        assert_eq!(fill("{{secret:TRICK}}", known).as_deref(), Ok("{{secret:OPENAI}}"));
    }

    #[test]
    fn what_names_no_secret_is_told_and_never_sent() {
        for bad in ["my key", "lower", "1ST", "", " OPENAI", &"A".repeat(65)] {
            let template = format!("a {{{{secret:{bad}}}}} b");
            assert_eq!(bad_in(&template).as_deref(), Some(bad));
            assert_eq!(fill(&template, known), Err(bad.to_owned()));
            assert!(names_in(&template).is_empty());
        }
        assert_eq!(bad_in("{{secret:OPENAI").as_deref(), Some("OPENAI"));
        assert_eq!(bad_in("{{secret:OPENAI}}"), None);
    }

    #[test]
    fn names_are_listed_once_in_order() {
        assert_eq!(names_in("{{secret:B_2}} {{secret:A}} {{secret:B_2}}"), ["B_2", "A"]);
    }
}
