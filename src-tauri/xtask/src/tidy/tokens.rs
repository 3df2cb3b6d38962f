//! Cuts Rust text into words, so that a rule never trips over a comment, a string or a test module. Knows no grammar.

/// A word, a number, `::`, or one sign. A string or a character is `""`.
#[derive(Debug, PartialEq, Eq)]
pub struct Token {
    pub text: String,
    /// From 1.
    pub line: usize,
}

/// Every token outside comments and outside items under `#[cfg(test)]`.
pub fn of_the_product(text: &str) -> Vec<Token> {
    without_tests(all(text))
}

/// Lines on which `words` stand in a row.
pub fn lines_with(tokens: &[Token], words: &[&str]) -> Vec<usize> {
    tokens
        .windows(words.len())
        .filter(|window| window.iter().zip(words).all(|(token, word)| token.text == *word))
        .map(|window| window[0].line)
        .collect()
}

/// Every token outside comments.
pub fn all(text: &str) -> Vec<Token> {
    let signs: Vec<char> = text.chars().collect();
    let mut tokens = Vec::new();
    let (mut at, mut line) = (0, 1);
    while at < signs.len() {
        let rest = &signs[at..];
        let (length, word) = match rest {
            ['/', '/', ..] => (rest.iter().position(|sign| *sign == '\n').unwrap_or(rest.len()), None),
            ['/', '*', ..] => (block_comment(rest), None),
            ['"', ..] => (quoted(rest), Some("\"\"".to_string())),
            ['b' | 'c', '"', ..] => (1 + quoted(&rest[1..]), Some("\"\"".to_string())),
            ['r', '"' | '#', ..] if raw_string(rest).is_some() => {
                (raw_string(rest).unwrap_or(1), Some("\"\"".to_string()))
            }
            ['b', 'r', '"' | '#', ..] if raw_string(&rest[1..]).is_some() => {
                (1 + raw_string(&rest[1..]).unwrap_or(1), Some("\"\"".to_string()))
            }
            ['\'', '\\', ..] => (escaped_character(rest), Some("\"\"".to_string())),
            ['\'', _, '\'', ..] => (3, Some("\"\"".to_string())),
            [':', ':', ..] => (2, Some("::".to_string())),
            [sign, ..] if is_word(*sign) => {
                let length = rest.iter().position(|sign| !is_word(*sign)).unwrap_or(rest.len());
                (length, Some(rest[..length].iter().collect()))
            }
            [sign, ..] if sign.is_whitespace() => (1, None),
            _ => (1, Some(rest[0].to_string())),
        };
        tokens.extend(word.map(|text| Token { text, line }));
        line += rest[..length].iter().filter(|sign| **sign == '\n').count();
        at += length;
    }
    tokens
}

fn is_word(sign: char) -> bool {
    sign.is_alphanumeric() || sign == '_'
}

fn block_comment(rest: &[char]) -> usize {
    let (mut depth, mut at) = (0, 0);
    while at < rest.len() {
        match rest[at..] {
            ['/', '*', ..] => (depth, at) = (depth + 1, at + 2),
            ['*', '/', ..] => (depth, at) = (depth - 1, at + 2),
            _ => at += 1,
        }
        if depth == 0 {
            break;
        }
    }
    at
}

fn quoted(rest: &[char]) -> usize {
    let mut at = 1;
    while at < rest.len() && rest[at] != '"' {
        at += if rest[at] == '\\' { 2 } else { 1 };
    }
    (at + 1).min(rest.len())
}

/// The length of `r"…"` or `r#"…"#`; nothing if this is a raw name such as `r#type`.
fn raw_string(rest: &[char]) -> Option<usize> {
    let fences = rest[1..].iter().take_while(|sign| **sign == '#').count();
    if rest.get(1 + fences) != Some(&'"') {
        return None;
    }
    let mut at = 2 + fences;
    while at < rest.len() {
        let closes = rest[at] == '"' && rest[at + 1..].iter().take_while(|sign| **sign == '#').count() >= fences;
        if closes {
            return Some(at + 1 + fences);
        }
        at += 1;
    }
    Some(rest.len())
}

fn escaped_character(rest: &[char]) -> usize {
    let end = rest.iter().skip(3).position(|sign| *sign == '\'');
    end.map_or(rest.len(), |end| end + 4)
}

fn without_tests(tokens: Vec<Token>) -> Vec<Token> {
    const TESTS: [&str; 7] = ["#", "[", "cfg", "(", "test", ")", "]"];
    let mut kept = Vec::new();
    let mut tokens = tokens.into_iter().peekable();
    while let Some(token) = tokens.next() {
        kept.push(token);
        let tail = kept.len().saturating_sub(TESTS.len());
        if !kept[tail..].iter().map(|token| token.text.as_str()).eq(TESTS) {
            continue;
        }
        kept.truncate(tail);
        // The item goes on to its `;`, or to the end of its braces. Attributes in between have neither.
        let mut depth = 0;
        for token in tokens.by_ref() {
            match token.text.as_str() {
                "{" => depth += 1,
                "}" => depth -= 1,
                _ => {}
            }
            if depth == 0 && (token.text == ";" || token.text == "}") {
                break;
            }
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<String> {
        of_the_product(text).into_iter().map(|token| token.text).collect()
    }

    #[test]
    fn comments_and_strings_say_nothing() {
        assert_eq!(words("a // b\n/* c /* d */ */ e"), ["a", "e"]);
        assert_eq!(
            words(r##"f("tokio \" now", r#"a "b" c"#, b'x', '\'', 'y')"##).join(" "),
            r#"f ( "" , "" , b "" , "" , "" )"#
        );
    }

    #[test]
    fn a_lifetime_is_not_a_character() {
        assert_eq!(words("&'a str, '\\u{41}'").join(" "), "& ' a str , \"\"");
    }

    #[test]
    fn a_test_module_is_not_the_product() {
        assert_eq!(words("a; #[cfg(test)] mod tests { fn b() { c } } d"), ["a", ";", "d"]);
        assert_eq!(words("#[cfg(test)] mod tests; d"), ["d"]);
    }

    #[test]
    fn lines_are_counted_through_strings() {
        let tokens = all("a\n\"x\ny\"\nb");
        assert_eq!(lines_with(&tokens, &["b"]), [4]);
    }
}
