//! A secret in every dress in which it could leak.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use cuetower_tests::holds;
use serde_json::json;

/// A value as it is, and as JSON, URLs, HTML, base64 and hex write it; of several lines each line, too.
pub(super) fn forms(value: &str) -> Vec<(&'static str, Vec<u8>)> {
    let json = serde_json::to_string(value).unwrap();
    let ascii: String = json
        .chars()
        .map(|letter| {
            let mut units = [0; 2];
            let escaped = |unit: &u16| format!("\\u{unit:04x}");
            if letter.is_ascii() {
                letter.to_string()
            } else {
                letter.encode_utf16(&mut units).iter().map(escaped).collect()
            }
        })
        .collect();
    let percent = |plain: fn(u8) -> bool| -> String {
        value
            .bytes()
            .map(|byte| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") })
            .collect()
    };
    let unreserved = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    let html = value
        .replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
        .replace('\'', "&#39;");
    let mut all = vec![
        ("itself", value.as_bytes().to_vec()),
        ("JSON", json.trim_matches('"').as_bytes().to_vec()),
        ("JSON in ASCII", ascii.trim_matches('"').as_bytes().to_vec()),
        ("a URL", percent(unreserved).into_bytes()),
        ("a form", percent(unreserved).replace("%20", "+").into_bytes()),
        ("HTML", html.into_bytes()),
        ("hex", value.bytes().map(|byte| format!("{byte:02x}")).collect::<String>().into_bytes()),
    ];
    for (name, engine) in [("base64", &STANDARD_NO_PAD), ("base64 of URLs", &URL_SAFE_NO_PAD)] {
        all.push((name, engine.encode(value).into_bytes()));
    }
    all.extend(
        value
            .lines()
            .filter(|line| line.len() >= 12 && *line != value)
            .map(|line| ("one line", line.as_bytes().to_vec())),
    );
    all.sort_by(|one, other| one.1.cmp(&other.1));
    all.dedup_by(|one, other| one.1 == other.1);
    all
}

#[test]
fn a_value_is_known_in_every_dress() {
    let value = "can\"ary'quo\\ted<51>&";
    let dressed = [
        json!({ "x": value }).to_string(),
        format!("?x={}", "can%22ary%27quo%5Cted%3C51%3E%26"),
        STANDARD_NO_PAD.encode(value),
        "can&quot;ary&#39;quo\\ted&lt;51&gt;&amp;".to_owned(),
    ];
    for text in dressed {
        assert!(forms(value).iter().any(|(_, needle)| holds(text.as_bytes(), needle)), "{text}");
    }
    assert!(
        forms("kan\u{e1}rek-\u{17e}lut\u{fd}-\u{1f424}-93")
            .iter()
            .any(|(_, needle)| holds(br"kan\u00e1rek-\u017elut\u00fd-\ud83d\udc24-93", needle))
    );
    assert!(
        forms("canary-line-one-81a\ncanary-line-two-82b").iter().any(|(_, needle)| needle == b"canary-line-two-82b")
    );
}
