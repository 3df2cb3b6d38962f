//! Judges the value that a query gave, whichever database it came from.

use cuetower_core::check::{Bound, Gives, value_in_words};
use serde_json::Value;

use super::Seen;

/// Kept of a value.
pub(super) const VALUE_BYTES_MAX: usize = 64 * 1024;

/// `value` is the first column of the first row, if there was one. Texts in it hold no secret any more.
pub(super) fn judged(gives: &Gives, value: Option<&Value>) -> Seen {
    let Some(value) = value else {
        return match gives {
            Gives::Anything => Ok("it answered, with no row".to_owned()),
            Gives::Exactly(_) | Gives::Within { .. } => Err("no row".to_owned()),
        };
    };
    let fits = match gives {
        Gives::Anything => true,
        Gives::Exactly(wanted) => same(wanted, value),
        Gives::Within { at_least, at_most } => value.as_f64().is_some_and(|number| {
            // A bound that names a reported field was to be replaced by what was reported.
            let fits = |bound: &Option<Bound>, fits: fn(f64, f64) -> bool| {
                bound.as_ref().is_none_or(|bound| bound.number().is_some_and(|bound| fits(number, bound)))
            };
            fits(at_least, |number, least| number >= least) && fits(at_most, |number, most| number <= most)
        }),
    };
    let words = format!("it gave {}", value_in_words(value));
    if fits { Ok(words) } else { Err(words) }
}

fn same(wanted: &Value, value: &Value) -> bool {
    match (wanted, value) {
        (Value::Number(wanted), Value::Number(value)) => wanted == value || wanted.as_f64() == value.as_f64(),
        // SQLite has no other way to say it.
        (Value::Bool(wanted), Value::Number(value)) => value.as_i64() == Some(i64::from(*wanted)),
        _ => wanted == value,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_value_is_what_was_asked_for_or_not() {
        let passes = |wanted: Value, value: Value| judged(&Gives::Exactly(wanted), Some(&value)).is_ok();
        assert!(passes(json!(5), json!(5)) && passes(json!(5), json!(5.0)) && passes(json!("a"), json!("a")));
        assert!(passes(json!(true), json!(1)) && passes(json!(false), json!(0)) && passes(json!(null), json!(null)));
        assert!(!passes(json!(5), json!("5")) && !passes(json!(true), json!(2)) && !passes(json!(null), json!(0)));
        assert!(!passes(json!(9_007_199_254_740_993_i64), json!(9_007_199_254_740_995_i64)), "no digit is lost");
    }

    #[test]
    fn bounds_are_part_of_the_range() {
        let seen = |value: Value| {
            judged(&Gives::Within { at_least: Some(1.0.into()), at_most: Some(2.0.into()) }, Some(&value))
        };
        assert_eq!(seen(json!(1)), Ok("it gave 1".into()));
        assert_eq!(seen(json!(2.0)), Ok("it gave 2.0".into()));
        assert_eq!(seen(json!(2.5)), Err("it gave 2.5".into()));
        assert_eq!(seen(json!("1")), Err("it gave \"1\"".into()), "a text is no number");
    }

    #[test]
    fn no_row_is_an_answer_and_no_value() {
        assert_eq!(judged(&Gives::Anything, None), Ok("it answered, with no row".into()));
        assert_eq!(judged(&Gives::Exactly(json!(null)), None), Err("no row".into()));
    }
}
