//! What a query is read as, where its words stand, and that nothing that can be typed breaks anything.

use chrono_tz::Tz;
use cuetower_core::Ms;
use cuetower_core::spend::Nanousd;

use super::query::{Query, Term};
use super::{doc, snippet, words::words};
use crate::desk::wire::SearchKind;

const NOW: Ms = Ms(1_795_000_000_000);

fn read(text: &str) -> Query {
    Query::read(text, NOW, Tz::Europe__Berlin).unwrap_or_else(|wrong| panic!("{text}: {}", wrong.message))
}

fn words_of(text: &str) -> Vec<String> {
    words(text).map(|(word, _)| word).collect()
}

#[test]
fn text_falls_into_letters_and_digits() {
    assert_eq!(
        words_of("Score-new_leads: 3,400 Zeilen, größer!"),
        ["score", "new", "leads", "3", "400", "zeilen", "größer"]
    );
    assert_eq!(words_of("失敗した run42"), ["失", "敗", "し", "た", "run42"]);
    let text = "a Ünïcode b";
    let places: Vec<&str> = words(text).map(|(_, place)| &text[place]).collect();
    assert_eq!(places, ["a", "Ünïcode", "b"]);
}

#[test]
fn words_begin_phrases_do_not_and_a_dash_means_not() {
    let query = read("time \"no rows\" -kraken cue:score agent:\"my agent\" IS:failed,silent kind:runs cost:>0.5");
    let term =
        |words: &[&str], begins, not| Term { words: words.iter().map(ToString::to_string).collect(), begins, not };
    let terms = [term(&["time"], true, false), term(&["no", "rows"], false, false), term(&["kraken"], true, true)];
    assert_eq!(query.terms, terms);
    assert_eq!((query.cues, query.agents), (vec!["score".to_owned()], vec!["my agent".to_owned()]));
    assert_eq!((query.verdicts, query.kinds), (vec!["failed", "silent"], vec![SearchKind::Run]));
    assert_eq!(query.cost_least, Nanousd::of_usd(0.5));
    assert_eq!(query.said, ["cue score", "agent my agent", "failed", "silent", "runs", "at least $0.5"]);
    assert_eq!(read("http://a.b at 08:05").terms.len(), 3, "what is no filter is words");
    assert_eq!(read("f timeout").terms.len(), 1, "a lone letter beside a word says nothing");
    assert_eq!(read("f").terms.len(), 1);
}

#[test]
fn instants_are_lengths_back_from_now_or_days_of_the_owner() {
    assert_eq!(read("since:7d").since, Some(NOW.minus(7 * 86_400_000)));
    let berlin_midnight =
        Ms(chrono::DateTime::parse_from_rfc3339("2026-11-21T00:00:00+01:00").unwrap().timestamp_millis());
    let day = read("since:2026-11-21 until:2026-11-21");
    assert_eq!(day.since, Some(berlin_midnight));
    assert_eq!(day.until, Some(Ms(berlin_midnight.0 + 86_400_000)));
}

#[test]
fn a_filter_that_cannot_be_read_is_named() {
    for (text, word) in [
        ("leads is:broken", "is:broken"),
        ("cost:>much", "cost:>much"),
        ("since:soon x", "since:soon"),
        ("kind:lane", "kind:lane"),
        ("cue:", "cue:"),
        ("until:2026-13-45", "until:2026-13-45"),
        ("cost:-1", "cost:-1"),
    ] {
        let wrong = Query::read(text, NOW, Tz::UTC).expect_err(text);
        assert_eq!(wrong.word, word);
        assert!(wrong.message.contains(word) && wrong.message.ends_with('.'), "{}", wrong.message);
    }
}

#[test]
fn a_filter_of_runs_asks_for_runs_alone() {
    let about = |text: &str| {
        let query = read(text);
        let all = [SearchKind::Cue, SearchKind::Agent, SearchKind::Alert, SearchKind::Run];
        all.into_iter().filter(|kind| query.is_about(*kind)).collect::<Vec<_>>()
    };
    use SearchKind::{Agent, Alert, Cue, Run};
    assert_eq!(about("leads"), [Cue, Agent, Alert, Run]);
    assert_eq!(about("is:refuted"), [Run]);
    assert_eq!(about("is:open"), [Alert]);
    assert_eq!(about("is:paused"), [Cue]);
    assert_eq!(about("since:1d"), [Alert, Run]);
    assert_eq!(about("kind:agent,cue leads"), [Cue, Agent]);
}

#[test]
fn a_snippet_shows_the_field_with_the_most_hits_around_the_first() {
    let long = format!("{} The table leads has no rows, said psql", "x".repeat(300));
    let fields = [("name", "score-new-leads"), ("error", long.as_str())];
    let (field, pieces) = snippet::best(&read("leads \"no rows\""), &fields).unwrap();
    assert_eq!(field, "error");
    let hits: Vec<&str> = pieces.iter().filter(|piece| piece.hit).map(|piece| piece.text.as_str()).collect();
    assert_eq!(hits, ["leads", "no rows"]);
    assert_eq!(pieces[0].text, "…");
    assert!(pieces.iter().map(|piece| piece.text.chars().count()).sum::<usize>() < 200);
    assert!(snippet::best(&read("nowhere"), &fields).is_none());
    assert!(snippet::holds(&read("score rows -psycopg"), fields.iter().map(|(_, text)| *text)));
    assert!(!snippet::holds(&read("score -psql"), fields.iter().map(|(_, text)| *text)));
    assert!(
        !snippet::holds(&read("\"leads x\""), fields.iter().map(|(_, text)| *text)),
        "no phrase goes from field to field"
    );
}

/// Numbers that look random and are the same each time.
fn random(seed: u64) -> impl FnMut(usize) -> usize {
    let mut state = seed;
    move |below| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as usize % below
    }
}

/// Text out of everything that means something to somebody.
pub fn hostile(seed: u64) -> String {
    const PIECES: [&str; 44] = [
        "a", "leads", "Z", "ß", "é", "失", "🙂", "\u{202e}", "\u{0}", " ", " ", " ", "\"", "'", "*", "(", ")", "-",
        "+", "^", ":", "{", "}", "AND", "OR", "NOT", "NEAR(", "words:", "cue:", "is:", "cost:", "since:", "kind:",
        "--", "/*", ";", "\\", "\n", "\u{a4}", "\u{b6}", "<b>", "%", "9", "0.5",
    ];
    let mut next = random(seed);
    let count = next(14);
    (0..count).map(|_| PIECES[next(PIECES.len())]).collect()
}

#[test]
fn whatever_is_typed_is_read_or_named() {
    for seed in 0..20_000 {
        let text = hostile(seed);
        match Query::read(&text, NOW, Tz::UTC) {
            Ok(query) => {
                let asked = doc::ask(&query, None, None);
                assert_eq!(asked.matches('"').count() % 2, 0, "{text:?} became {asked}");
                std::hint::black_box(snippet::best(&query, &[("text", &text)]));
                std::hint::black_box(snippet::holds(&query, std::iter::once(text.as_str())));
            }
            Err(wrong) => assert!(!wrong.message.is_empty()),
        }
    }
}
