//! Assertions as people write them, as nobody should, and as nobody would: none of them panics.

use proptest::prelude::*;
use serde_json::json;

use super::*;

fn leads() -> Outcome {
    Outcome {
        success: true,
        processed: Some(200.0),
        errors: Some(5.0),
        expected: Some(200.0),
        summary: Some("200 leads for Acme".into()),
        artifacts: vec![json!({ "type": "csv", "rows": 3 }), json!({ "type": "pdf", "rows": 7 })],
        metadata: json!({ "rows": 200, "by_day": [1, 2.5], "state": { "name": "done" }, "none": null }),
        assertions: [("sent".to_owned(), true)].into(),
        ..Outcome::default()
    }
}

fn seen(text: &str, outcome: &Outcome) -> (bool, String) {
    let assertion = Assertion::read(text).unwrap_or_else(|trouble| panic!("`{text}`: {trouble}"));
    assertion.seen(&Told { outcome, duration_ms: Some(90_000), attempt: 2 }, &Arc::new(Env::stdlib()))
}

#[test]
fn what_was_reported_is_compared_as_a_person_would() {
    for holds in [
        "processed >= expected",
        "processed == 200",
        "processed == 200.0",
        "metadata.rows == processed",
        "errors / processed < 0.05",
        "processed - errors > 190 && errors <= 5",
        "1 / 2 == 0.5",
        "success",
        "summary.contains('Acme') && summary.startsWith(\"200\")",
        "size(artifacts) == 2",
        "artifacts.size() == 2",
        "size(artifacts) / 4 == 0.5",
        "artifacts[0].rows == 3",
        "artifacts[size(artifacts) - 1 > 0 ? 1 : 0].type == 'pdf'",
        "artifacts.all(a, a.rows > 2)",
        "artifacts.exists(a, a.type == 'pdf' && a.rows * 2 == 14)",
        "artifacts.exists_one(a, a.type == 'csv')",
        "size(artifacts.filter(a, a.rows > 3)) == 1",
        "metadata.by_day[1] == 2.5",
        "2.5 in metadata.by_day && 1 in metadata.by_day",
        "metadata.state.name == 'done'",
        "metadata['rows'] == 200",
        "assertions.sent",
        "!has(metadata.cols)",
        "!has(metadata.cols) || metadata.cols > 3",
        "result_url == null",
        "duration_seconds <= 90 && attempt == 2",
        "'pdf' in ['csv', 'pdf']",
        "-errors == -5",
        "double(processed) > 1 ? true : false",
    ] {
        let (passed, found) = seen(holds, &leads());
        assert!(passed, "`{holds}`: {found}");
    }
}

#[test]
fn what_does_not_hold_is_told_with_what_was_reported() {
    let short = Outcome { processed: Some(3.0), ..leads() };
    for (text, found) in [
        ("processed >= expected", "processed is 3, expected is 200"),
        ("errors / processed < 0.05", "errors is 5, processed is 3"),
        ("metadata.rows == processed", "metadata.rows is 200, processed is 3"),
        ("tokens < 1000", "`tokens` was not reported"),
        ("metadata.cols > 1", "`metadata.cols` was not reported"),
        ("metadata.none > 1", "`metadata.none` was not reported"),
        ("result_url != null", "result_url was not reported"),
        ("summary > 3", "it cannot be told: these values do not go together; summary is \"200 leads for Acme\""),
        (
            "artifacts[7].rows == 1",
            "it cannot be told: the list is shorter; artifacts is [{\"rows\":3,\"type\":\"csv\"},{\"rows\":7,\"type\":\"pdf\"}]",
        ),
        ("metadata.state", "it gives neither true nor false; metadata.state is {\"name\":\"done\"}"),
        ("1 > 2", "it is not so"),
    ] {
        assert_eq!(seen(text, &short), (false, found.to_owned()), "`{text}`");
    }
}

#[test]
fn what_cannot_be_looked_at_is_refused_with_its_place() {
    let refused = |text: &str| Assertion::read(text).expect_err(text).to_string();
    for (text, words) in [
        ("", "it is empty"),
        ("procesed > 1", "`procesed` is nothing that is reported; there are success, processed, errors,"),
        ("processed + 1", "it is neither true nor false; compare it with something"),
        ("'yes'", "it is neither true nor false"),
        ("processed % 2 == 0", "there is no `%`: every number is a fraction"),
        ("now() > 1", "there is no function `now`; there are size, contains,"),
        ("summary.matches('a')", "there is no function `matches`"),
        ("artifacts.map(a, a.rows) == [3]", "there is no `map`"),
        ("artifacts.all(a, artifacts.all(b, true))", "it looks through a list inside of another"),
        ("b'abc' == b'abc'", "it holds bytes"),
        ("processed == 3u", "it holds a number with a `u`"),
        ("Point{x: 1}.x == 1", "it makes an object of a type"),
        (&"(".repeat(400), "recursion limit"),
        ("processed", "`processed` alone is neither true nor false; compare it, as in `processed >= 3`"),
        ("success && (errors)", "`errors` alone is neither"),
        ("!summary || success", "`summary` alone is neither"),
        ("success ? processed : true", "`processed` alone is neither"),
        ("processed > \"3\"", "`processed` is a number and \"3\" is a text; write 3"),
        ("success && 'many' == errors", "`errors` is a number and \"many\" is a text"),
        (&format!("processed > {}", "1 + ".repeat(200)), "500 characters"),
    ] {
        assert!(refused(text).contains(words), "`{text}`: {}", refused(text));
    }
    for (text, at) in [("processed > > 3", 13), ("processed >== 3", 13), ("(processed > 3 3", 16), ("a b", 3)] {
        let trouble = Assertion::read(text).expect_err(text);
        let near = trouble.at.is_some_and(|found| found.abs_diff(at) <= 1);
        assert!(near, "`{text}`: {trouble:?}");
    }
}

#[test]
fn what_is_half_typed_says_what_is_missing_or_meant() {
    for (text, words) in [
        ("processed >=", "a value is missing after `>=`, as in `processed >= 3`"),
        ("processed >= 3 &&", "a value is missing after `&&`, as in `processed >= 3`"),
        ("!", "a value is missing after `!`, as in `processed >= 3`"),
        ("errors /", "a value is missing after `/`, as in `processed >= 3`"),
        ("metadata.", "a name is missing after the dot, as in `metadata.rows`"),
        (">= 3", "a value is missing before `>=`, as in `processed >= 3`"),
        ("&& success", "a value is missing before `&&`, as in `processed >= 3`"),
        ("processed >= (3", "the bracket `(` is not closed"),
        ("processed >= (3 *", "the bracket `(` is not closed"),
        ("((processed) >= (3", "the bracket `(` is not closed"),
        ("artifacts.exists(a, a == 'x'", "the bracket `(` is not closed"),
        ("artifacts[0", "the bracket `[` is not closed"),
        ("processed) >= 3", "the bracket `)` closes nothing"),
        ("summary.contains('x", "the text that begins with `'` is not closed"),
        ("summary == \"x", "the text that begins with `\"` is not closed"),
        ("processed = 3", "write `==` instead of `=`"),
        ("processed =", "write `==` instead of `=`"),
        ("success = true && processed = 3", "write `==` instead of `=`"),
        ("processed === 3", "write `==` instead of `===`"),
        ("processed => 3", "write `>=` instead of `=>`"),
        ("processed =< 3", "write `<=` instead of `=<`"),
        ("processed <> 3", "write `!=` instead of `<>`"),
        ("success and processed > 3", "write `&&` instead of `and`"),
        ("success or errors < 3", "write `||` instead of `or`"),
        ("not success", "write `!` instead of `not`"),
        ("metadata.android 3", "`3` cannot stand there"),
        ("processed >", "a value is missing after `>`, as in `processed >= 3`"),
    ] {
        assert_eq!(Assertion::read(text).expect_err(text).what, words, "`{text}`");
    }
}

#[test]
fn too_much_is_not_looked_through() {
    let many = Outcome { artifacts: vec![json!(1); 600], ..leads() };
    let (passed, found) = seen("artifacts.all(a, a == 1)", &many);
    assert!(!passed && found.starts_with("too much was reported to look through"), "{found}");
    assert!(seen("size(artifacts) == 600", &many).0, "to count it is no trouble");
}

/// A stack of a thread that has little of it left.
fn with_a_small_stack(job: impl FnOnce() + Send + 'static) {
    std::thread::Builder::new().stack_size(512 * 1024).spawn(job).unwrap().join().unwrap();
}

#[test]
fn what_nests_deep_is_refused_and_overflows_nothing() {
    with_a_small_stack(|| {
        let functions = Arc::new(Env::stdlib());
        for (open, close) in
            [("(", ")"), ("[", "]"), ("!", ""), ("-", ""), ("{1:", "}"), ("a.b(", ")"), ("true?true:", "")]
        {
            for depth in [10, 24, 60, 200] {
                let text = format!("{}true{}", open.repeat(depth), close.repeat(depth));
                if let Ok(assertion) = Assertion::read(&text) {
                    assertion.seen(&Told { outcome: &leads(), duration_ms: None, attempt: 1 }, &functions);
                }
            }
        }
        let long = format!("processed{}", ".a".repeat(240));
        drop(Assertion::read(&long));
        let wide = format!("processed > 1{}", " && success".repeat(40));
        assert!(Assertion::read(&wide).is_ok());
    });
}

fn tokens() -> impl Strategy<Value = String> {
    let words = [
        "processed",
        "errors",
        "metadata",
        "metadata.rows",
        "artifacts",
        "a",
        "has(metadata.x)",
        ".all(a,",
        ".exists(a,",
        ".filter(a,",
        "size(",
        ")",
        "(",
        "[",
        "]",
        "{",
        "}",
        ",",
        ":",
        "?",
        "&&",
        "||",
        "!",
        "-",
        "+",
        "*",
        "/",
        "%",
        "==",
        "!=",
        "<",
        ">=",
        "in",
        "null",
        "true",
        "1",
        "0",
        "9223372036854775807",
        "-1e308",
        "1e309",
        "'x'",
        "\"é\"",
        "b'x'",
        "r'\\'",
        "'''",
        "\\",
        ".",
        "a.?b",
        "`x`",
        "u",
        "0x7f",
        "//",
        "\n",
        "int(",
        "string(",
        "double(",
        "\u{0}",
        "𝄞",
    ];
    let word = prop::sample::select(words.to_vec());
    prop::collection::vec((word, prop::bool::ANY), 1..25).prop_map(|parts| {
        parts.into_iter().map(|(word, space)| format!("{word}{}", if space { " " } else { "" })).collect()
    })
}

fn outcome_at_random() -> impl Strategy<Value = Outcome> {
    let number = prop::option::of(prop::num::f64::ANY);
    let leaf = prop_oneof![
        Just(json!(null)),
        any::<bool>().prop_map(|flag| json!(flag)),
        any::<i64>().prop_map(|whole| json!(whole)),
        any::<f64>().prop_map(|number| json!(number)),
        ".{0,8}".prop_map(|text| json!(text)),
    ];
    let list = prop::collection::vec(leaf.clone(), 0..6);
    (number.clone(), number, list, leaf).prop_map(|(processed, errors, artifacts, rows)| Outcome {
        processed,
        errors,
        artifacts,
        metadata: json!({ "rows": rows, "x": [1] }),
        ..Outcome::default()
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 3_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn nothing_that_anybody_writes_or_reports_panics(text in tokens(), outcome in outcome_at_random()) {
        let told = Told { outcome: &outcome, duration_ms: Some(1), attempt: 1 };
        let found = findings(std::slice::from_ref(&text), &told).remove(0);
        prop_assert!(!found.passed || Assertion::read(&text).is_ok());
    }

    #[test]
    fn no_text_panics(text in "\\PC{0,60}") {
        drop(Assertion::read(&text));
    }
}
