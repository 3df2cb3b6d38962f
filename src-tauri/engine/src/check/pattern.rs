//! Regular expressions of checks, kept small: the same for whoever reads a cue and for whoever looks.

/// Of a compiled one.
const BYTES_MAX: usize = 1024 * 1024;

/// For texts.
///
/// # Errors
/// What is wrong with it, as the end of a sentence: "is no regular expression (unclosed group)".
pub(crate) fn of_text(pattern: &str) -> Result<regex::Regex, String> {
    regex::RegexBuilder::new(pattern).size_limit(BYTES_MAX).build().map_err(|error| trouble(&error))
}

/// For lines that may be anything.
///
/// # Errors
/// As [`of_text`].
pub(crate) fn of_bytes(pattern: &str) -> Result<regex::bytes::Regex, String> {
    regex::bytes::RegexBuilder::new(pattern).size_limit(BYTES_MAX).build().map_err(|error| trouble(&error))
}

fn trouble(error: &regex::Error) -> String {
    let words = match error {
        regex::Error::CompiledTooBig(_) => return "grows too large; make it simpler".to_owned(),
        other => other.to_string(),
    };
    // The rest is a drawing of where it is.
    let last = words.lines().last().unwrap_or_default();
    format!("is no regular expression ({})", last.trim_start_matches("error: "))
}
