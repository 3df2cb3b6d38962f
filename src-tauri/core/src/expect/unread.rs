//! Why an expression cannot be read, in words for whoever wrote it. The parser knows where it stopped; what was meant is found out
//! by trying: what can be read once it is added or written otherwise is what was missing.

/// What is typed, and the sign that is meant.
const MEANT: [(&str, &str); 10] = [
    ("===", "=="),
    ("!==", "!="),
    ("=>", ">="),
    ("=<", "<="),
    ("<>", "!="),
    ("=", "=="),
    ("and", "&&"),
    ("or", "||"),
    ("not", "!"),
    ("is", "=="),
];
/// What is opened and not closed.
const CLOSERS: [(&str, &str); 5] = [
    (")", "the bracket `(` is not closed"),
    ("]", "the bracket `[` is not closed"),
    ("}", "the bracket `{` is not closed"),
    ("'", "the text that begins with `'` is not closed"),
    ("\"", "the text that begins with `\"` is not closed"),
];
const CLOSED_AT_MOST: usize = 3;

/// What would make it readable, or readable further; None: nothing of this kind. `stopped`: where the parser did, in bytes; `stops`:
/// where it does in another text, or None if it can read that.
pub(super) fn mend(text: &str, stopped: usize, stops: impl Fn(&str) -> Option<usize>) -> Option<String> {
    let reads = |text: &str| stops(text).is_none();
    meant(text, stopped, &stops).or_else(|| missing(text.trim(), &reads))
}

/// "write `==` instead of `=`"
fn meant(text: &str, stopped: usize, stops: &impl Fn(&str) -> Option<usize>) -> Option<String> {
    let reads = |text: &str| stops(text).is_none();
    let word = |typed: &str| typed.starts_with(char::is_alphabetic);
    MEANT.iter().find_map(|(typed, meant)| {
        let mut places = text.match_indices(typed).map(|(byte, _)| byte).filter(|byte| {
            let part_of_a_name = |c: char| c.is_alphanumeric() || c == '_';
            let (before, after) = (&text[..*byte], &text[byte + typed.len()..]);
            // The parser stops at it or right behind it; before that there is nothing to mend.
            *byte <= stopped
                && text[(byte + typed.len()).min(stopped)..stopped].trim().is_empty()
                && !(word(typed) && (before.ends_with(part_of_a_name) || after.starts_with(part_of_a_name)))
        });
        let mended = places.any(|byte| {
            let written = format!("{}{meant}{}", &text[..byte], &text[byte + typed.len()..]);
            stops(&written).is_none_or(|stopped| stopped > byte + meant.len()) || missing(&written, &reads).is_some()
        });
        mended.then(|| format!("write `{meant}` instead of `{typed}`"))
    })
}

/// "a value is missing after `>=`"
fn missing(text: &str, reads: &impl Fn(&str) -> bool) -> Option<String> {
    let sign_at_the_end = || text.trim_start_matches(|c: char| !is_sign(c)).rsplit(|c: char| !is_sign(c)).next();
    let sign_at_the_beginning = || text.split(|c: char| !is_sign(c)).next();
    if text.ends_with('.') && reads(&format!("{text}x")) {
        return Some("a name is missing after the dot, as in `metadata.rows`".to_owned());
    }
    if reads(&format!("{text} 1")) {
        let sign = sign_at_the_end().filter(|sign| !sign.is_empty());
        return Some(sign.map_or_else(
            || "a value is missing at its end".to_owned(),
            |sign| format!("a value is missing after `{sign}`, as in `processed >= 3`"),
        ));
    }
    if reads(&format!("1 {text}")) {
        let sign = sign_at_the_beginning().filter(|sign| !sign.is_empty())?;
        return Some(format!("a value is missing before `{sign}`, as in `processed >= 3`"));
    }
    if reads(&format!("({text}")) {
        return Some("the bracket `)` closes nothing".to_owned());
    }
    CLOSERS.iter().find_map(|(closer, words)| {
        let (mut closed, mut value) = (text.to_owned(), format!("{text} 1"));
        // A text may stand in brackets.
        let closes = (0..CLOSED_AT_MOST).any(|_| {
            closed.push_str(closer);
            value.push_str(closer);
            reads(&closed) || reads(&value) || reads(&format!("{closed})"))
        });
        closes.then(|| (*words).to_owned())
    })
}

/// What stands where the parser stopped.
pub(super) fn begins(text: &str, stopped: usize) -> String {
    let rest = text.get(stopped..).unwrap_or_default().trim_start();
    let Some(first) = rest.chars().next() else { return "it ends too early".to_owned() };
    let alike = |c: &char| match first {
        first if is_sign(first) => is_sign(*c),
        first if first.is_alphanumeric() || first == '_' => c.is_alphanumeric() || *c == '_',
        _ => false,
    };
    let piece: String = std::iter::once(first).chain(rest.chars().skip(1).take_while(alike)).collect();
    format!("`{piece}` cannot stand there")
}

fn is_sign(c: char) -> bool {
    matches!(c, '=' | '<' | '>' | '!' | '&' | '|' | '+' | '-' | '*' | '/' | '%' | '?' | ':')
}
