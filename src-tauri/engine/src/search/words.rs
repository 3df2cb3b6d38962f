//! How text falls into words: letters and digits, small; the same for what is written down and for what is looked for.

use std::ops::Range;

/// Of a longer word the beginning counts.
const WORD_CHARS_MAX: usize = 48;

/// The words of a text, each with where it stands. In scripts that write no spaces each character is a word.
pub fn words(text: &str) -> impl Iterator<Item = (String, Range<usize>)> + '_ {
    let mut rest = text.char_indices().peekable();
    std::iter::from_fn(move || {
        let (start, first) = rest.by_ref().find(|(_, letter)| letter.is_alphanumeric())?;
        let mut end = start + first.len_utf8();
        let (mut word, mut chars) = (String::new(), 1);
        word.extend(first.to_lowercase());
        if !is_a_word(first) {
            while let Some((at, letter)) = rest.next_if(|(_, letter)| letter.is_alphanumeric() && !is_a_word(*letter)) {
                end = at + letter.len_utf8();
                chars += 1;
                if chars <= WORD_CHARS_MAX {
                    word.extend(letter.to_lowercase());
                }
            }
        }
        Some((word, start..end))
    })
}

/// Of a script without spaces between its words.
fn is_a_word(letter: char) -> bool {
    matches!(letter, '\u{0e00}'..='\u{0eff}' | '\u{1000}'..='\u{109f}' | '\u{1780}'..='\u{17ff}' | '\u{3040}'..='\u{30ff}'
        | '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}' | '\u{f900}'..='\u{faff}' | '\u{20000}'..='\u{3134f}')
}
