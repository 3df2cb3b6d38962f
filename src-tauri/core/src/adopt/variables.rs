//! A line of a crontab that sets a variable, as cron reads it: nothing in it is filled in.

/// Its name and its value; None if the line sets none.
pub(super) fn read(line: &str) -> Option<(String, String)> {
    let (name, rest) = word(line.trim_start(), |letter| letter == '=' || letter.is_ascii_whitespace())?;
    let value = rest.trim_start().strip_prefix('=')?.trim_start();
    let (value, rest) = match value.chars().next() {
        Some('"' | '\'') => word(value, |_| false)?,
        _ => (value.trim_end().to_owned(), ""),
    };
    (!name.is_empty() && rest.trim().is_empty()).then_some((name, value))
}

/// In quotes, or up to what ends it.
fn word(text: &str, ends: impl Fn(char) -> bool) -> Option<(String, &str)> {
    match text.chars().next()? {
        quote @ ('"' | '\'') => {
            let (inside, rest) = text[1..].split_once(quote)?;
            Some((inside.to_owned(), rest))
        }
        _ => {
            let end = text.find(ends).unwrap_or(text.len());
            Some((text[..end].to_owned(), &text[end..]))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As Debian's cron 3.0pl1-162 was seen to read them.
    #[test]
    fn a_variable_is_read_as_cron_reads_it() {
        for (line, name, value) in [
            ("FOO=$HOME/x", "FOO", "$HOME/x"),
            ("  BAR = 'a b'  ", "BAR", "a b"),
            ("BAZ=x y z  ", "BAZ", "x y z"),
            ("\"A B\"=c", "A B", "c"),
            ("MAILTO=\"\"", "MAILTO", ""),
            ("Q=it's", "Q", "it's"),
        ] {
            assert_eq!(read(line), Some((name.to_owned(), value.to_owned())), "{line}");
        }
        for line in ["* * * * * A=b true", "@daily X=1 true", "FOO=\"a\" b", "A B=c", "# A=b ", "=x", "0 9 * * * x"] {
            assert!(line.starts_with('#') || read(line).is_none(), "{line}");
        }
    }
}
