//! Steps told as stories.

use proptest::prelude::*;

use super::*;
use crate::input::RefusalCode;
use crate::spend::{Nanousd, Priced, Spend, Tokens};

fn begin(key: &str, parent: Option<&str>) -> StepInput {
    let parent = parent.map(str::to_owned);
    StepInput::Begin(Begin { key: key.to_owned(), parent, ..Begin::default() })
}

fn complete(key: &str, digest: u64, spend: Spend) -> StepInput {
    StepInput::Complete { key: key.to_owned(), done: Done { digest, spend, ..Done::default() } }
}

fn fail(key: &str, error: &str) -> StepInput {
    StepInput::Fail { key: key.to_owned(), fail: Fail { error: error.to_owned(), done: Done::default() } }
}

fn used(tokens: u64, nano: u64) -> Spend {
    let priced = Priced::Table;
    Spend { tokens: Tokens::only_total(tokens), cost: Some(Nanousd(nano)), priced, model: Some("m".to_owned()) }
}

fn span(id: &str, parent: Option<&str>, tokens: u64) -> SpanSeen {
    SpanSeen {
        trace: "t".repeat(32),
        span: id.to_owned(),
        parent: parent.map(str::to_owned),
        name: "chat".to_owned(),
        kind: StepKind::Llm,
        began: Ms(5),
        ended: Ms(9),
        error: None,
        spend: if tokens == 0 { Spend::default() } else { used(tokens, tokens) },
        retries: None,
        input: None,
        output: None,
        attributes: None,
    }
}

fn refused(decided: &Decided) -> Option<RefusalCode> {
    match &decided.answer {
        Answer::Refused(refusal) => Some(refusal.code),
        _ => None,
    }
}

#[test]
fn a_completed_step_is_not_done_again_and_keeps_its_key() {
    let mut book = Book::empty("run-key");
    let first = book.decide(begin("charge", None), 1, Ms(1));
    let key = "run-key-1".to_owned();
    let started = |tries, attempt| Answer::Started { ordinal: 1, idempotency_key: key.clone(), attempt, tries };
    assert_eq!(first.answer, started(1, 1));
    // The agent crashed between charging and recording: the same key goes out again.
    assert_eq!(book.decide(begin("charge", None), 2, Ms(2)).answer, started(2, 2));
    book.decide(complete("charge", 7, Spend::default()), 2, Ms(3));
    let done = book.decide(begin("charge", None), 3, Ms(4));
    assert_eq!(done.answer, Answer::Completed { ordinal: 1, idempotency_key: key });
    assert!(done.changes.is_empty(), "nothing is written for what is only read");
}

#[test]
fn an_output_is_written_once() {
    let mut book = Book::empty("k");
    book.decide(begin("a", None), 1, Ms(1));
    assert_eq!(book.decide(complete("a", 7, Spend::default()), 1, Ms(2)).answer, Answer::Noted(StepState::Completed));
    let same = book.decide(complete("a", 7, Spend::default()), 1, Ms(3));
    assert_eq!((same.answer, same.changes.len()), (Answer::Noted(StepState::Completed), 0));
    let other = book.decide(complete("a", 8, Spend::default()), 1, Ms(4));
    assert_eq!(refused(&other), Some(RefusalCode::StepAlreadyCompleted));
    assert_eq!(refused(&book.decide(fail("a", "late"), 1, Ms(5))), Some(RefusalCode::StepAlreadyCompleted));
    assert_eq!(refused(&book.decide(complete("b", 1, Spend::default()), 1, Ms(6))), Some(RefusalCode::StepNotFound));
}

#[test]
fn the_innermost_step_that_broke_is_told_with_its_number() {
    let mut book = Book::empty("k");
    for (key, parent) in [("list", None), ("enrich", None), ("score", None), ("lead 1", Some("score"))] {
        book.decide(begin(key, parent), 1, Ms(1));
    }
    book.decide(begin("lead 2", Some("score")), 1, Ms(2));
    let inner = book.decide(fail("lead 2", "api.openai.com answered 429\nand more"), 2, Ms(3)).told.broke.unwrap();
    assert_eq!((inner.number.as_str(), inner.name.as_str(), inner.attempt), ("3.2", "lead 2", 2));
    assert_eq!(inner.error, "api.openai.com answered 429");
    assert_eq!(book.decide(fail("score", "because of lead 2"), 2, Ms(4)).told, Told::default());
    // Done after all.
    book.decide(begin("lead 2", Some("score")), 3, Ms(5));
    let mended = book.decide(complete("lead 2", 0, Spend::default()), 3, Ms(6)).told;
    assert_eq!(mended.mended.as_deref(), Some("lead 2"));
}

#[test]
fn a_step_that_breaks_in_each_attempt_is_told_in_each() {
    let mut book = Book::empty("k");
    for attempt in 1..=3 {
        book.decide(begin("score", None), attempt, Ms(1));
        if attempt < 3 {
            book.decide(begin("lead", Some("score")), attempt, Ms(1));
            let inner = book.decide(fail("lead", "429"), attempt, Ms(2)).told.broke.unwrap();
            assert_eq!((inner.number.as_str(), inner.attempt), ("1.1", attempt));
            assert_eq!(book.decide(fail("score", "because of a lead"), attempt, Ms(3)).told, Told::default());
        }
    }
    let outer = book.decide(fail("score", "no leads"), 3, Ms(4)).told.broke.unwrap();
    assert_eq!((outer.number.as_str(), outer.attempt), ("1", 3), "no lead was asked for this time");
}

#[test]
fn what_stands_in_nothing_known_or_too_deep_is_refused() {
    let mut book = Book::empty("k");
    assert_eq!(refused(&book.decide(begin("a", Some("b")), 1, Ms(1))), Some(RefusalCode::Invalid));
    book.decide(begin("0", None), 1, Ms(1));
    for depth in 1..DEPTH_MAX {
        let decided = book.decide(begin(&depth.to_string(), Some(&(depth - 1).to_string())), 1, Ms(1));
        assert_eq!(refused(&decided), None, "at {depth}");
    }
    let last = (DEPTH_MAX - 1).to_string();
    assert_eq!(refused(&book.decide(begin("deeper", Some(&last)), 1, Ms(1))), Some(RefusalCode::Invalid));
}

#[test]
fn one_that_says_what_all_below_it_used_is_counted_once() {
    let mut book = Book::empty("k");
    // Children come before their parent, as exporters send them.
    let children = vec![span("c1", Some("p"), 10), span("c2", Some("p"), 20)];
    book.decide(StepInput::Spans(children), 1, Ms(1));
    assert_eq!(book.sums.steps.tokens, Some(30));
    book.decide(StepInput::Spans(vec![span("p", None, 30)]), 1, Ms(2));
    assert_eq!(book.sums.steps, Total { tokens: Some(30), cost: Some(Nanousd(30)) });
    book.decide(StepInput::Spans(vec![span("c3", Some("p"), 5)]), 1, Ms(3));
    assert_eq!(book.sums.steps.tokens, Some(35), "they say more than their parent did");
    let again = book.decide(StepInput::Spans(vec![span("c1", Some("p"), 10)]), 1, Ms(4));
    assert_eq!(again.answer, Answer::Spans { taken: 1, refused: 0 });
    assert_eq!((again.changes.len(), book.sums.steps.tokens), (0, Some(35)), "a span that is sent twice is one");
}

#[test]
fn spans_that_stand_under_each_other_in_a_ring_harm_nobody() {
    let mut book = Book::empty("k");
    book.decide(StepInput::Spans(vec![span("a", Some("b"), 1), span("b", Some("a"), 1)]), 1, Ms(1));
    book.decide(StepInput::Spans(vec![span("c", Some("c"), 1)]), 1, Ms(1));
    assert_eq!((book.len(), book.sums.steps.tokens), (3, Some(2)));
}

#[test]
fn the_largest_of_three_mouths_counts_and_they_are_said_to_disagree() {
    let mut book = Book::empty("k");
    book.decide(begin("a", None), 1, Ms(1));
    book.decide(complete("a", 0, used(100, 410_000_000)), 1, Ms(2));
    let beat = || StepInput::Beat { tokens: Some(40), cost: None, progress: Some(3.0), message: None };
    book.decide(beat(), 1, Ms(3));
    book.decide(beat(), 1, Ms(4));
    book.decide(StepInput::Said { tokens: None, cost: Nanousd::of_usd(0.1) }, 1, Ms(5));
    assert_eq!(book.sums.total(), Total { tokens: Some(100), cost: Some(Nanousd(410_000_000)) });
    assert_eq!(book.sums.disagreement().as_deref(), Some("its steps say $0.41, its outcome says $0.10"));
    assert_eq!((book.sums.progress, book.sums.progress_at), (Some(3.0), Some(Ms(3))), "it moved once");
}

#[test]
fn spans_that_go_elsewhere_take_what_they_used_along() {
    let mut book = Book::empty("");
    let spans = vec![span("a", None, 10), span("b", Some("a"), 4), span("c", None, 7)];
    book.decide(StepInput::Spans(spans), 0, Ms(1));
    book.without(&[(1, span("a", None, 10))], &[(2, span("b", Some("a"), 4))]);
    assert_eq!((book.len(), book.sums.steps.tokens, book.sums.begun), (1, Some(7), 1));
    let Answer::Spans { taken: 1, .. } = book.decide(StepInput::Spans(vec![span("d", None, 1)]), 0, Ms(2)).answer
    else {
        panic!("there is room")
    };
    assert_eq!(book.node("d").unwrap().ordinal, 4, "an ordinal is never given twice");
}

#[test]
fn what_was_counted_for_no_model_or_one_of_many_goes_along_too() {
    let unpriced = |id: &str| {
        let spend = Spend { tokens: Tokens::only_total(5), priced: Priced::Not, ..Spend::default() };
        SpanSeen { spend, ..span(id, None, 0) }
    };
    let cost_alone = |id: &str, model: &str| {
        let (cost, model) = (Some(Nanousd(3)), Some(model.to_owned()));
        SpanSeen { spend: Spend { cost, model, priced: Priced::Said, ..Spend::default() }, ..span(id, None, 0) }
    };
    let mut book = Book::empty("");
    let many: Vec<SpanSeen> = (0..200).map(|n| cost_alone(&format!("m{n}"), &format!("model {n}"))).collect();
    book.decide(StepInput::Spans(many), 0, Ms(1));
    book.decide(StepInput::Spans(vec![unpriced("a"), cost_alone("b", "one more")]), 0, Ms(1));
    let others = |book: &Book| book.sums.models[OTHER_MODELS].clone();
    assert_eq!((others(&book).calls, others(&book).cost, book.sums.not_priced), (2, Some(Nanousd(3)), 1));
    book.without(&[], &[(201, unpriced("a")), (202, cost_alone("b", "one more"))]);
    assert_eq!((others(&book).calls, others(&book).cost, others(&book).not_priced), (0, Some(Nanousd(0)), 0));
}

#[test]
fn a_step_that_is_begun_again_may_have_another_model_and_name() {
    let mut book = Book::empty("k");
    let with = |name: &str, model: Option<&str>| {
        let (name, model) = (Some(name.to_owned()), model.map(str::to_owned));
        StepInput::Begin(Begin { key: "draft".to_owned(), name, model, ..Begin::default() })
    };
    book.decide(with("Draft", Some("gpt-4o")), 1, Ms(1));
    book.decide(fail("draft", "429"), 1, Ms(2));
    let again = book.decide(with("Draft, cheaper", Some("claude-haiku")), 1, Ms(3)).changes;
    let [Change::Again { name, model, .. }] = again.as_slice() else { panic!("{again:?}") };
    assert_eq!((name.as_str(), model.as_deref()), ("Draft, cheaper", Some("claude-haiku")));
    book.decide(fail("draft", "429"), 1, Ms(4));
    let again = book.decide(with("Draft", None), 1, Ms(5)).changes;
    assert!(matches!(again.as_slice(), [Change::Again { model: None, .. }]), "as before: {again:?}");
    book.decide(fail("draft", "429"), 1, Ms(6));
    let nameless = StepInput::Begin(Begin { key: "draft".to_owned(), ..Begin::default() });
    let again = book.decide(nameless, 1, Ms(7)).changes;
    assert!(matches!(again.as_slice(), [Change::Again { name, .. }] if name == "Draft"), "as before: {again:?}");
}

#[test]
fn no_number_of_reports_sums_up_to_more_than_the_store_holds() {
    let mut book = Book::empty("k");
    let beat = StepInput::Beat {
        tokens: Some(SUM_MOST / 2),
        cost: Some(Nanousd(SUM_MOST / 2)),
        progress: None,
        message: None,
    };
    for at in 0..5 {
        book.decide(beat.clone(), 1, Ms(at));
    }
    assert_eq!(book.sums.total(), Total { tokens: Some(SUM_MOST), cost: Some(Nanousd(SUM_MOST)) });
    assert!(i64::try_from(2 * SUM_MOST).is_ok(), "two of them can be added there");
    let mut calls = ModelSum::default();
    for _ in 0..5 {
        calls.add(&used(0, SUM_MOST / 2));
    }
    assert_eq!(calls.cost, Some(Nanousd(SUM_MOST)));
}

/// As a store would keep them.
fn read_back(book: &Book, rows: &[Change]) -> Book {
    let mut kept: Vec<NodeRow> = Vec::new();
    for change in rows {
        match change {
            Change::New(row) => kept.push(NodeRow {
                ordinal: row.ordinal,
                under: row.under,
                key: row.key.clone(),
                parent: row.parent.clone(),
                state: row.state,
                source: row.source,
                tries: row.tries,
                attempt: row.attempt,
                idempotency_key: row.idempotency_key.clone(),
                digest: row.digest,
                name: Some(row.name.clone()),
                own: Total::of(&row.spend),
            }),
            Change::Again { ordinal, attempt, tries, name, .. } => {
                let row = kept.iter_mut().find(|row| row.ordinal == *ordinal).unwrap();
                row.name = Some(name.clone());
                (row.state, row.attempt, row.tries) = (StepState::Started, *attempt, *tries);
            }
            Change::Ended { ordinal, state, digest, spend, .. } => {
                let row = kept.iter_mut().find(|row| row.ordinal == *ordinal).unwrap();
                (row.state, row.digest) = (*state, *digest);
                row.own.add(Total::of(spend));
            }
            Change::Moved { ordinal, under } => {
                kept.iter_mut().find(|row| row.ordinal == *ordinal).unwrap().under = *under;
            }
        }
    }
    let mut read = Book::of_rows("k", kept.into_iter().map(Node::of_row), book.sums.clone());
    read.sums.models.clone_from(&book.sums.models);
    read
}

fn any_input() -> impl Strategy<Value = StepInput> {
    let key = 0..6u8;
    let parent = prop_oneof![2 => Just(None), 1 => (0..6u8).prop_map(Some)];
    (0..6u8, key, parent, 0..50u64, 0..3u64).prop_map(|(what, key, parent, amount, digest)| {
        let name = |key: u8| format!("k{key}");
        let spend = if amount % 3 == 0 { Spend::default() } else { used(amount, amount * 3) };
        match what {
            0 | 1 => begin(&name(key), parent.map(name).as_deref()),
            2 => complete(&name(key), digest, spend),
            3 => fail(&name(key), "it broke"),
            _ => {
                let ids = [format!("s{key}"), format!("s{}", digest + 6)];
                let parent = parent.map(|parent| if parent % 2 == 0 { name(parent) } else { format!("s{parent}") });
                StepInput::Spans(ids.iter().map(|id| span(id, parent.as_deref(), amount)).collect())
            }
        }
    })
}

proptest! {
    #[test]
    fn a_book_read_back_from_its_rows_counts_and_decides_the_same(
        inputs in prop::collection::vec(any_input(), 0..60), then in prop::collection::vec(any_input(), 0..10)
    ) {
        let mut book = Book::empty("k");
        let mut rows = Vec::new();
        for (at, input) in inputs.into_iter().enumerate() {
            rows.extend(book.decide(input, 1, Ms(at as i64)).changes);
        }
        let mut read = read_back(&book, &rows);
        prop_assert_eq!(&read.sums, &book.sums);
        for input in then {
            let (one, other) = (book.decide(input.clone(), 2, Ms(99)), read.decide(input, 2, Ms(99)));
            prop_assert_eq!(one.answer, other.answer);
            prop_assert_eq!(one.changes, other.changes);
            prop_assert_eq!(&read.sums, &book.sums);
        }
    }

    #[test]
    fn no_order_in_which_spans_come_changes_what_they_sum_up_to(order in Just((0..8usize).collect::<Vec<_>>()).prop_shuffle()) {
        // A tree of three levels, of which the second says what the third used.
        let all: Vec<SpanSeen> = vec![
            span("r", None, 0), span("a", Some("r"), 30), span("b", Some("r"), 0), span("a1", Some("a"), 10),
            span("a2", Some("a"), 20), span("b1", Some("b"), 7), span("b2", Some("b"), 8), span("x", Some("gone"), 1),
        ];
        let mut book = Book::empty("k");
        for index in order {
            book.decide(StepInput::Spans(vec![all[index].clone()]), 1, Ms(1));
        }
        prop_assert_eq!(book.sums.steps.tokens, Some(46));
    }
}
