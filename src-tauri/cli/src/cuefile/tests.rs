//! What is written is read again as it was, in either format, and every field knows its line.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        1 => Just(Value::Null),
        2 => any::<bool>().prop_map(Value::from),
        2 => any::<i64>().prop_map(Value::from),
        1 => any::<u64>().prop_map(Value::from),
        2 => (any::<i32>(), 0..9_u8).prop_map(|(whole, places)| Value::from(f64::from(whole) / 10_f64.powi(places.into()))),
        1 => Just(json!(-0.0)),
        5 => any::<String>().prop_map(Value::from),
        1 => "[\r\n\t\"'\\\\ ]{0,8}".prop_map(Value::from),
    ];
    leaf.prop_recursive(5, 40, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            prop::collection::btree_map(any::<String>(), inner, 0..5)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

fn cues() -> impl Strategy<Value = Vec<Value>> {
    let payload = prop::collection::btree_map(any::<String>(), any_json(), 0..5)
        .prop_map(|map| Value::Object(map.into_iter().collect()));
    let headers = prop::collection::btree_map(any::<String>(), any::<String>(), 0..4);
    let cue = (any::<String>(), payload, headers, any::<bool>()).prop_map(|(name, payload, headers, paused)| {
        json!({
            "name": name, "payload": payload, "paused": paused,
            "schedule": { "type": "recurring", "cron": "0 9 * * 1-5", "timezone": "Europe/Berlin",
                          "parts": [{ "days": "mon-fri", "every_seconds": 0.5 }], "blackout": [] },
            "callback": { "headers": headers, "url": "http://127.0.0.1:9000" }, "verification": {},
            "checks": [{ "check": "url", "headers": headers }, { "check": "manual" }],
        })
    });
    prop::collection::vec(cue, 0..4)
}

proptest! {
    #[test]
    fn what_is_written_is_read_again(cues in cues()) {
        for format in [CueFormat::Json, CueFormat::Toml] {
            let text = write(&cues, format);
            let read = read_text(&text, Some(format)).unwrap_or_else(|trouble| panic!("{trouble:?} in {text}"));
            let read: Vec<Value> = read.iter().map(Placed::value).collect();
            prop_assert_eq!(&read, &cues, "{}", text);
            prop_assert_eq!(&write(&read, format), &text, "the same cues make the same bytes");
            // Piped in, it has no name.
            prop_assert_eq!(read_text(&text, None).map(|cues| cues.len()), Ok(cues.len()), "{}", text);
        }
    }

    #[test]
    fn no_text_makes_it_panic(text in any::<String>(), start in prop_oneof![Just("{"), Just("["), Just("[[cues]]\n"), Just("")]) {
        let text = format!("{start}{text}");
        for format in [Some(CueFormat::Json), Some(CueFormat::Toml), None] {
            drop(read_text(&text, format));
        }
    }
}

const TOML: &str = r#"# leads
[[cues]]
name = "a"
transport = "webhook"
at = 2027-01-01T09:00:00Z

[cues.schedule]
type = "recurring"
blackout = [
  { from = "2026-12-24", to = "2026-12-27" },
  { from = "x", to = "y" },
]

[cues.callback.headers]
"X.Y" = "1"
X = "2"

[[cues]]
name = "b"
payload_json = '{"a": null}'
"#;

const JSON: &str = r#"{
  "cues": [
    { "name": "a",
      "schedule": {
        "type": "recurring",
        "blackout": [
          { "from": "\"}", "to": "2026-12-27" },
          { "from": "x",
            "to": "y" } ] } },
    { "name": "b" }
  ]
}"#;

#[test]
fn every_field_knows_its_line() {
    let toml = read_text(TOML, Some(CueFormat::Toml)).unwrap();
    let lines = |cue: &Placed, fields: &[&str]| fields.iter().map(|field| cue.line_of(field)).collect::<Vec<_>>();
    let fields =
        ["", "name", "schedule", "schedule.type", "schedule.blackout[1]", "schedule.blackout[1].to", "schedule.cron"];
    assert_eq!(lines(&toml[0], &fields), [2, 3, 7, 8, 11, 11, 7]);
    assert_eq!(lines(&toml[0], &["callback.headers.X.Y", "callback.headers.X", "retry.max_attempts"]), [15, 16, 2]);
    assert_eq!(lines(&toml[1], &["name", "payload", "payload.a"]), [19, 20, 20]);
    assert_eq!(toml[0].value()["at"], "2027-01-01T09:00:00Z", "an instant is a text");
    assert_eq!(toml[1].value()["payload"], json!({ "a": null }));
    let json = read_text(JSON, Some(CueFormat::Json)).unwrap();
    assert_eq!(lines(&json[0], &fields), [3, 3, 4, 5, 8, 9, 4]);
    assert_eq!(lines(&json[1], &["", "name"]), [10, 10]);
    assert_eq!(json[0].value()["schedule"]["blackout"][0]["from"], "\"}");
}

#[test]
fn what_is_no_file_of_cues_says_where_and_why() {
    let trouble = |text: &str, format| read_text(text, Some(format)).expect_err("it is refused");
    for (text, format, line, words) in [
        ("{\n  \"cues\": [\n  }", CueFormat::Json, 3, "is not JSON"),
        ("[[cues]]\nname = a", CueFormat::Toml, 2, "is not TOML"),
        ("{\"cues\": [],\n \"cue\": 1}", CueFormat::Json, 2, "Beside `cues` stands `cue`"),
        ("cues = 3", CueFormat::Toml, 1, "`cues` must be a list"),
        ("3", CueFormat::Json, 1, "no file of cues"),
        ("[[cue]]\nname = \"a\"", CueFormat::Toml, 1, "a file of cues says `[[cues]]`"),
        ("{\"name\": \"a\",\n\"name\": \"b\"}", CueFormat::Json, 2, "`name` is there twice"),
        ("[[cues]]\nname = \"a\"\npayload_json = \"{\"", CueFormat::Toml, 3, "`payload_json` is not JSON"),
        ("[[cues]]\npayload_json = \"{}\"\n[cues.payload]\na = 1", CueFormat::Toml, 2, "say the same"),
        ("[[cues]]\npriority = nan", CueFormat::Toml, 2, "no number that a cue can have"),
    ] {
        let (at, said) = trouble(text, format);
        assert!(at == line && said.contains(words), "{text}: line {at}: {said}");
    }
}

#[test]
fn one_cue_and_a_list_are_files_too() {
    for text in [
        r#"{ "name": "a" }"#,
        r#"[{ "name": "a" }]"#,
        "name = \"a\"",
        "[[cues]]\nname = \"a\"",
        "\u{feff}{ \"cues\": [{ \"name\": \"a\" }] }",
    ] {
        let read: Vec<Value> = read_text(text, None).unwrap().iter().map(Placed::value).collect();
        assert_eq!(read, [json!({ "name": "a" })], "{text}");
    }
}
