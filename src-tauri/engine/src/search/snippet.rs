//! Where in a text the words stand that were looked for, as pieces to show.

use std::ops::Range;

use super::query::{Query, Term};
use super::words::words;
use crate::desk::wire::SearchPiece;

/// Characters shown before the first hit, and altogether.
const BEFORE_CHARS: usize = 32;
const SHOWN_CHARS: usize = 160;

/// Where a term stands in a text.
fn places(term: &Term, of: &[(String, Range<usize>)]) -> Vec<Range<usize>> {
    let many = term.words.len();
    let fits = |window: &[(String, Range<usize>)]| {
        window.iter().zip(&term.words).enumerate().all(|(at, ((found, _), wanted))| {
            if term.begins && at + 1 == many { found.starts_with(wanted.as_str()) } else { found == wanted }
        })
    };
    let place = |window: &[(String, Range<usize>)]| window[0].1.start..window[many - 1].1.end;
    of.windows(many).filter(|window| fits(window)).map(place).collect()
}

/// Whether all that is asked of the text holds in these fields together, each phrase within one of them.
pub fn holds<'a>(query: &Query, fields: impl Iterator<Item = &'a str>) -> bool {
    let fields: Vec<Vec<(String, Range<usize>)>> = fields.map(|text| words(text).collect()).collect();
    let stands = |term: &Term| fields.iter().any(|field| !places(term, field).is_empty());
    query.terms.iter().all(|term| stands(term) != term.not)
}

/// The field that says most of what was looked for, with its hits; None: none of it stands in any of them.
pub fn best<'a>(query: &Query, fields: &[(&'static str, &'a str)]) -> Option<(&'static str, Vec<SearchPiece>)> {
    let wanted: Vec<&Term> = query.terms.iter().filter(|term| !term.not).collect();
    let mut best: Option<(usize, &'static str, &'a str, Vec<Range<usize>>)> = None;
    for (name, text) in fields {
        let of: Vec<_> = words(text).collect();
        let found: Vec<Vec<Range<usize>>> = wanted.iter().map(|term| places(term, &of)).collect();
        let terms = found.iter().filter(|places| !places.is_empty()).count();
        if terms > best.as_ref().map_or(0, |(most, ..)| *most) {
            best = Some((terms, name, text, found.into_iter().flatten().collect()));
        }
    }
    best.map(|(_, name, text, hits)| (name, pieces(text, hits)))
}

/// The text around its first hit, cut at the ends of characters, in one line.
pub fn pieces(text: &str, mut hits: Vec<Range<usize>>) -> Vec<SearchPiece> {
    hits.sort_by_key(|hit| (hit.start, hit.end));
    let first = hits.first().map_or(0, |hit| hit.start);
    let from = text[..first].char_indices().rev().nth(BEFORE_CHARS - 1).map_or(0, |(at, _)| at);
    let to = text[from..].char_indices().nth(SHOWN_CHARS).map_or(text.len(), |(at, _)| from + at);
    let mut pieces: Vec<SearchPiece> = Vec::new();
    let mut push = |text: &str, hit: bool| {
        if !text.is_empty() {
            let text = text.chars().map(|letter| if letter.is_control() { ' ' } else { letter }).collect();
            pieces.push(SearchPiece { text, hit });
        }
    };
    if from > 0 {
        push("…", false);
    }
    let mut at = from;
    for hit in hits {
        let (start, end) = (hit.start.clamp(at, to), hit.end.clamp(at, to));
        push(&text[at..start], false);
        push(&text[start..end], true);
        at = end;
    }
    push(&text[at..to], false);
    if to < text.len() {
        push("…", false);
    }
    pieces
}
