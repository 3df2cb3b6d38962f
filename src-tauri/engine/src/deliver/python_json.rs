//! JSON exactly as Python's `json.dumps(value, sort_keys=True)` writes it, byte for byte.
//!
//! CueAPI's SDK checks a webhook's signature over its own re-serialisation of the parsed body, so one different byte is a
//! refused delivery. What is not here: parsing. Values come through `serde_json` in its default features, which means
//! that an integer outside the range of i64 and u64 was already read as a float (`123456789012345678901` becomes
//! `1.2345678901234568e+20`). The receiver then sees that float; the signature still verifies. Without serde_json's
//! `float_roundtrip` a float of 17 digits may also have been read as its neighbour.

use serde_json::{Map, Number, Value};

/// The bytes of `json.dumps(value, sort_keys=True)`: ASCII only, `", "` and `": "` between, keys by code point.
#[must_use]
pub fn dumps(value: &Value) -> Vec<u8> {
    let mut out = String::new();
    write(&mut out, value, Form { item: ", ", colon: ": ", ascii: true });
    out.into_bytes()
}

/// The bytes of `json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)`, in UTF-8.
#[must_use]
pub fn canonical(value: &Value) -> Vec<u8> {
    let mut out = String::new();
    write(&mut out, value, Form { item: ",", colon: ":", ascii: false });
    out.into_bytes()
}

/// What stands between items, and between a name and its value; whether what is not ASCII is escaped.
#[derive(Clone, Copy)]
struct Form {
    item: &'static str,
    colon: &'static str,
    ascii: bool,
}

fn write(out: &mut String, value: &Value, form: Form) {
    match value {
        Value::Null => out.push_str("null"),
        Value::Bool(true) => out.push_str("true"),
        Value::Bool(false) => out.push_str("false"),
        Value::Number(number) => out.push_str(&number_repr(number)),
        Value::String(text) => write_string(out, text, form),
        Value::Array(items) => write_array(out, items, form),
        Value::Object(fields) => write_object(out, fields, form),
    }
}

fn write_array(out: &mut String, items: &[Value], form: Form) {
    out.push('[');
    for (index, item) in items.iter().enumerate() {
        if index > 0 {
            out.push_str(form.item);
        }
        write(out, item, form);
    }
    out.push(']');
}

fn write_object(out: &mut String, fields: &Map<String, Value>, form: Form) {
    // Sorted here, because another crate may turn on serde_json's `preserve_order`. Byte order of UTF-8 is code point order.
    let mut fields: Vec<_> = fields.iter().collect();
    fields.sort_unstable_by(|a, b| a.0.cmp(b.0));
    out.push('{');
    for (index, (name, value)) in fields.into_iter().enumerate() {
        if index > 0 {
            out.push_str(form.item);
        }
        write_string(out, name, form);
        out.push_str(form.colon);
        write(out, value, form);
    }
    out.push('}');
}

fn write_string(out: &mut String, text: &str, form: Form) {
    out.push('"');
    for character in text.chars() {
        match character {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\u{8}' => out.push_str("\\b"),
            '\u{c}' => out.push_str("\\f"),
            ' '..='~' => out.push(character),
            '\u{7f}'.. if !form.ascii => out.push(character),
            _ => {
                for unit in character.encode_utf16(&mut [0; 2]) {
                    out.push_str(&format!("\\u{unit:04x}"));
                }
            }
        }
    }
    out.push('"');
}

fn number_repr(number: &Number) -> String {
    match number.is_f64() {
        true => float_repr(&number.to_string()),
        false => number.to_string(),
    }
}

/// Python's `repr` of a float from serde_json's text of it: an exponent below 1e-4 and from 1e16 on, else a point.
///
/// The digits are serde_json's, because it settles a tie between two shortest texts to the even digit, as Python does;
/// the standard library's formatting rounds it up (-800022472988354.25 is `…54.2` in Python).
fn float_repr(text: &str) -> String {
    let (sign, text) = text.strip_prefix('-').map_or(("", text), |rest| ("-", rest));
    let (mantissa, exponent) = text.split_once(['e', 'E']).unwrap_or((text, "0"));
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits = format!("{whole}{fraction}");
    let leading_zeros = digits.len() - digits.trim_start_matches('0').len();
    let digits = digits.trim_matches('0');
    if digits.is_empty() {
        return format!("{sign}0.0");
    }
    // The value is 0.DIGITS × 10^point.
    let point = exponent.parse::<i32>().unwrap_or(0) + length(whole) - i32::try_from(leading_zeros).unwrap_or(0);
    let body = match point {
        -3..=0 => format!("0.{}{digits}", zeros(-point)),
        1..=16 if length(digits) <= point => format!("{digits}{}.0", zeros(point - length(digits))),
        1..=16 => {
            let (before, after) = digits.split_at(usize::try_from(point).unwrap_or(0));
            format!("{before}.{after}")
        }
        _ => {
            let (first, rest) = digits.split_at(1);
            let dot = if rest.is_empty() { "" } else { "." };
            let exponent = point - 1;
            let direction = if exponent < 0 { '-' } else { '+' };
            format!("{first}{dot}{rest}e{direction}{:02}", exponent.abs())
        }
    };
    format!("{sign}{body}")
}

fn length(digits: &str) -> i32 {
    i32::try_from(digits.len()).unwrap_or(i32::MAX)
}

fn zeros(count: i32) -> String {
    "0".repeat(usize::try_from(count).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::process::{Command, Stdio};

    use serde_json::json;

    use super::*;

    /// Every line of the input through the real `json.dumps(json.loads(line), sort_keys=True)`.
    fn python(lines: &str) -> Vec<String> {
        let program = "import json,sys\nfor l in sys.stdin: print(json.dumps(json.loads(l), sort_keys=True))";
        let mut child = Command::new("python3")
            .args(["-c", program])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("python3 is needed for this test");
        let mut stdin = child.stdin.take().expect("stdin was piped");
        let lines = lines.to_owned();
        let feeder = std::thread::spawn(move || stdin.write_all(lines.as_bytes()));
        let output = child.wait_with_output().expect("python3 ran");
        feeder.join().expect("the feeder does not panic").expect("python3 read everything");
        String::from_utf8(output.stdout).expect("ASCII").lines().map(str::to_owned).collect()
    }

    fn agree_with_python(values: &[Value]) {
        let lines: String = values.iter().map(|value| format!("{value}\n")).collect();
        let expected = python(&lines);
        assert_eq!(expected.len(), values.len(), "python3 answered every line");
        for (value, expected) in values.iter().zip(expected) {
            assert_eq!(String::from_utf8(dumps(value)).expect("ASCII"), expected, "for {value}");
        }
    }

    #[test]
    fn nasty_values_come_out_as_python_writes_them() {
        let every_character: String =
            (0..0x180).chain(0xd700..0xd7ff).chain(0xfff0..0x1_0010).filter_map(char::from_u32).collect();
        agree_with_python(&[
            json!(null),
            json!([true, false, null, [], {}, [[]], [{}]]),
            json!({"z": 1, "a": {"ü": 2, "u": 3, "Z": [{"b": 1, "a": 2}]}, "": 0}),
            json!({"\u{ffff}": 1, "\u{10000}": 2, "\u{e000}": 3, "a\u{0}": 4, "a": 5}),
            json!("quotes \" and \\ and / and \u{7f} and \u{1f600} and \u{2028}"),
            json!(every_character),
            json!([i64::MIN, i64::MAX, u64::MAX, 0, -1]),
            json!([
                0.0,
                -0.0,
                100.0,
                0.1,
                1e-7,
                1e21,
                1e16,
                1e15,
                9_999_999_999_999_998.0,
                0.0001,
                0.00001,
                1.5e300,
                5e-324
            ]),
            json!([f64::MAX, f64::MIN_POSITIVE, 1.0 / 3.0, 123_456_789.123_456_79, -2.5e-10, 1.2345678901234568e20]),
        ]);
    }

    #[test]
    fn twenty_thousand_random_floats_come_out_as_python_writes_them() {
        let mut state = 0x9e37_79b9_7f4a_7c15_u64;
        let mut floats = Vec::new();
        while floats.len() < 20_000 {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let any = f64::from_bits(state ^ (state >> 29));
            let near_one =
                f64::from_bits((any.to_bits() & 0x800f_ffff_ffff_ffff) | ((1023 - 60 + (state >> 57)) << 52));
            // A quarter has no nearest tenth: this is where a tie between two shortest texts is settled.
            let tie = (state >> 14) as f64 / 4.0;
            floats.extend([any, near_one, tie].into_iter().filter(|float| float.is_finite()).map(Value::from));
        }
        agree_with_python(&floats);
    }

    #[test]
    fn an_integer_too_big_for_64_bits_arrives_as_a_float_and_reads_back_the_same() {
        let value: Value = serde_json::from_str("123456789012345678901").expect("a JSON number");
        let first = String::from_utf8(dumps(&value)).expect("ASCII");
        assert!(first.starts_with("1.23456789012345") && first.ends_with("e+20"), "{first}");
        assert_eq!(python(&format!("{first}\n")), [first]);
    }
}
