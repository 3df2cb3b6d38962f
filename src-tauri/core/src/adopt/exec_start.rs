//! `ExecStart=` and its like: prefixes, quotes, specifiers and variables as systemd reads them; out comes what a cue runs.

use super::{Place, shell_word};

/// One command line of a service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Started {
    pub words: Vec<Word>,
    /// `-`: how it ends does not matter.
    pub may_fail: bool,
    /// `@`, `+`, `!`: each a sentence about what is not carried over.
    pub notes: Vec<String>,
}

/// Pieces in a row; a variable stands for its value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Word(Vec<Piece>);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Piece {
    Text(String),
    Variable(String),
    /// `$NAME` as a word of its own: split at its spaces.
    Split(String),
}

impl Word {
    /// None if it holds a variable.
    pub(super) fn plain(&self) -> Option<String> {
        let mut plain = String::new();
        for piece in &self.0 {
            match piece {
                Piece::Text(text) => plain.push_str(text),
                Piece::Variable(_) | Piece::Split(_) => return None,
            }
        }
        Some(plain)
    }

    pub(super) fn for_shell(&self) -> String {
        if self.0.is_empty() {
            return "''".to_owned();
        }
        let piece = |piece: &Piece| match piece {
            Piece::Text(text) => shell_word(text),
            Piece::Variable(name) => format!("\"${{{name}}}\""),
            Piece::Split(name) => format!("${name}"),
        };
        self.0.iter().map(piece).collect()
    }
}

/// # Errors
/// What of it cannot be carried over; in half a sentence.
pub(super) fn read(text: &str, unit: &str, place: &Place) -> Result<Started, String> {
    let mut started = Started { words: Vec::new(), may_fail: false, notes: Vec::new() };
    let (mut fills, mut renames) = (true, false);
    let mut rest = text;
    while let Some(prefix) = rest.chars().next().filter(|letter| "-@:+!|".contains(*letter)) {
        match prefix {
            '-' => started.may_fail = true,
            '@' => renames = true,
            ':' => fills = false,
            _ => started.notes.push(format!("`{prefix}` before its command changes its rights; here it has yours.")),
        }
        rest = &rest[prefix.len_utf8()..];
    }
    for word in words(rest)? {
        let word = with_specifiers(&word, unit, place)?;
        started.words.push(if fills { variables(&word) } else { Word(vec![Piece::Text(word)]) });
    }
    if started.words.iter().any(|word| word.plain().as_deref() == Some(";")) {
        return Err("it holds several commands in one line".to_owned());
    }
    if renames && started.words.len() > 1 {
        started.words.remove(1);
        started.notes.push("The name that its process was given (`@`) is not carried over.".to_owned());
    }
    if started.words.is_empty() { Err("it names no program".to_owned()) } else { Ok(started) }
}

/// Split at spaces, quotes and backslashes as systemd reads them.
pub(super) fn words(text: &str) -> Result<Vec<String>, String> {
    let (mut words, mut word, mut begun) = (Vec::new(), String::new(), false);
    let mut quote = None;
    let mut letters = text.chars();
    while let Some(letter) = letters.next() {
        match (letter, quote) {
            ('\\', _) => {
                begun = true;
                word.push(escaped(&mut letters)?);
            }
            (letter, Some(open)) if letter == open => quote = None,
            (letter, Some(_)) => word.push(letter),
            ('"' | '\'', None) => (quote, begun) = (Some(letter), true),
            (' ' | '\t', None) => {
                if begun || !word.is_empty() {
                    words.push(std::mem::take(&mut word));
                }
                begun = false;
            }
            (letter, None) => word.push(letter),
        }
    }
    if quote.is_some() {
        return Err("a quote in it is not closed".to_owned());
    }
    if begun || !word.is_empty() {
        words.push(word);
    }
    Ok(words)
}

fn escaped(letters: &mut std::str::Chars<'_>) -> Result<char, String> {
    let unfit = || "a backslash in it is not understood".to_owned();
    Ok(match letters.next().ok_or_else(unfit)? {
        'n' => '\n',
        't' => '\t',
        's' => ' ',
        letter @ ('\\' | '"' | '\'' | ';') => letter,
        'x' => {
            let digits: String = letters.by_ref().take(2).collect();
            u8::from_str_radix(&digits, 16).ok().filter(u8::is_ascii).map(char::from).ok_or_else(unfit)?
        }
        _ => return Err(unfit()),
    })
}

/// `%h` is the home folder, and so on.
pub(super) fn with_specifiers(text: &str, unit: &str, place: &Place) -> Result<String, String> {
    let name = unit.rsplit_once('.').map_or(unit, |(name, _)| name);
    let (prefix, instance) = name.split_once('@').unwrap_or((name, ""));
    let mut filled = String::new();
    let mut letters = text.chars();
    while let Some(letter) = letters.next() {
        if letter != '%' {
            filled.push(letter);
            continue;
        }
        match letters.next() {
            Some('%') => filled.push('%'),
            Some('h') if !place.home.is_empty() => filled.push_str(&place.home),
            Some('u') => filled.push_str(&place.user),
            Some('U') => filled.push_str(&place.uid.to_string()),
            Some('n') => filled.push_str(unit),
            Some('N') => filled.push_str(name),
            Some('p') => filled.push_str(prefix),
            Some('i') => filled.push_str(instance),
            Some('t') => filled.push_str(&format!("/run/user/{}", place.uid)),
            other => return Err(format!("what `%{}` stands for is not known here", other.unwrap_or(' '))),
        }
    }
    Ok(filled)
}

fn variables(word: &str) -> Word {
    if let Some(name) = word.strip_prefix('$').filter(|name| is_name(name)) {
        return Word(vec![Piece::Split(name.to_owned())]);
    }
    let (mut pieces, mut text, mut rest) = (Vec::new(), String::new(), word);
    while let Some((before, after)) = rest.split_once('$') {
        text.push_str(before);
        if let Some((name, behind)) = after.strip_prefix('{').and_then(|after| after.split_once('}'))
            && is_name(name)
        {
            pieces.push(Piece::Text(std::mem::take(&mut text)));
            pieces.push(Piece::Variable(name.to_owned()));
            rest = behind;
        } else {
            // `$$` is one.
            text.push('$');
            rest = after.strip_prefix('$').unwrap_or(after);
        }
    }
    text.push_str(rest);
    pieces.push(Piece::Text(text));
    pieces.retain(|piece| *piece != Piece::Text(String::new()));
    Word(pieces)
}

fn is_name(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}
