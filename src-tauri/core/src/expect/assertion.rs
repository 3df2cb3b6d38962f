//! `expect.assert`: an expression in CEL (the Common Expression Language) over what was reported, such as
//! `processed >= expected`. Here: reading one, what one may say, and whether it holds.
//!
//! Every number is a fraction, so that 3 is 3.0 and `errors / processed` is a rate. An expression is small, nests little and
//! goes through few values: it is looked at in the loop that everybody waits for.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use cel::common::ast::{CallExpr, EntryExpr, Expr, IdedExpr, LiteralValue, operators as op};
use cel::common::types::CelDouble;
use cel::parser::{ParseErrors, PrattParser};
use cel::{Context, Env};
use serde_json::Value;

use super::reading::{FUNCTIONS, Found, RESULTS_IN_NO_TRUTH};
use super::{Finding, Told, unread};
use crate::check::value_in_words;
use crate::outcome::Outcome;

/// Of an expression, in characters.
pub const ASSERTION_CHARS_MAX: usize = 500;
const DEPTH_MAX: u16 = 24;
const NODES_MAX: usize = 300;
/// `all`, `exists`, `exists_one` and `filter` look through so much at most.
const LOOKED_THROUGH_MAX: usize = 500;
const LOOKED_THROUGH_BYTES_MAX: usize = 16 * 1024;
/// Fields whose values are said with the finding.
const SAID_MAX: usize = 4;

/// Names that stand for no reported field.
const OF_THE_RUN: [&str; 2] = ["duration_seconds", "attempt"];
/// Names whose values are numbers.
const NUMBERS: [&str; 7] = ["processed", "errors", "expected", "tokens", "cost_usd", "duration_seconds", "attempt"];
const COMPARES: [&str; 6] = [op::EQUALS, op::NOT_EQUALS, op::GREATER, op::GREATER_EQUALS, op::LESS, op::LESS_EQUALS];

/// An expression that can be looked at.
#[derive(Debug, Clone)]
pub struct Assertion {
    expression: IdedExpr,
    found: Found,
}

/// Why a text is none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unreadable {
    /// Counted from 1, in characters; None: it is about all of it.
    pub at: Option<usize>,
    /// "it is cut off", without a dot.
    pub what: String,
}

impl fmt::Display for Unreadable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.at {
            Some(at) => write!(f, "{} (at character {at})", self.what),
            None => f.write_str(&self.what),
        }
    }
}

fn unreadable<T>(what: impl Into<String>) -> Result<T, Unreadable> {
    Err(Unreadable { at: None, what: what.into() })
}

impl Assertion {
    /// # Errors
    /// What is wrong with it, and where.
    pub fn read(text: &str) -> Result<Assertion, Unreadable> {
        if text.trim().is_empty() {
            return unreadable("it is empty");
        }
        if text.chars().count() > ASSERTION_CHARS_MAX {
            return unreadable(format!("it has more than {ASSERTION_CHARS_MAX} characters"));
        }
        let mut expression = parsed(text)?;
        let found = Found::of(&expression);
        if let Some(refused) = found.refused {
            return unreadable(refused);
        }
        let known = |name: &&String| Outcome::FIELDS.contains(&name.as_str()) || OF_THE_RUN.contains(&name.as_str());
        if let Some(unknown) = found.names().find(|name| !known(name)) {
            let names = [&Outcome::FIELDS[..], &OF_THE_RUN[..]].concat().join(", ");
            return unreadable(format!("`{unknown}` is nothing that is reported; there are {names}"));
        }
        if let Some(unknown) = found.functions.iter().find(|name| !FUNCTIONS.contains(&name.as_str())) {
            return unreadable(format!("there is no function `{unknown}`; there are {}", FUNCTIONS.join(", ")));
        }
        if let Some(words) = no_truth(&expression.expr) {
            return unreadable(words);
        }
        in_fractions(&mut expression);
        Ok(Assertion { expression, found })
    }

    /// Whether it holds, and what was found.
    fn seen(&self, told: &Told<'_>, functions: &Arc<Env>) -> (bool, String) {
        if let Some(missing) = self.found.needed().find(|path| value_of(told, path).is_none()) {
            return (false, format!("`{missing}` was not reported"));
        }
        let outcome = told.outcome;
        if self.found.looks_through {
            let reported = [Value::from(outcome.artifacts.clone()), outcome.metadata.clone()];
            let values: usize = reported.iter().map(count).sum();
            let bytes: usize = reported.iter().map(|value| value.to_string().len()).sum();
            if values > LOOKED_THROUGH_MAX || bytes > LOOKED_THROUGH_BYTES_MAX {
                return (false, format!("too much was reported to look through: {values} values in {bytes} bytes"));
            }
        }
        let mut context = Context::with_env(Arc::clone(functions));
        for name in self.found.names() {
            context
                .add_variable_from_value(name.clone(), value_of(told, name).as_ref().map_or(cel::Value::Null, handed));
        }
        let values = self.values(told);
        match context.resolve(&self.expression) {
            Ok(cel::Value::Bool(true)) => (true, values),
            Ok(cel::Value::Bool(false)) if values.is_empty() => (false, "it is not so".to_owned()),
            Ok(cel::Value::Bool(false)) => (false, values),
            Ok(_) => (false, with("it gives neither true nor false", &values)),
            Err(error) => (false, with(&format!("it cannot be told: {}", trouble(&error)), &values)),
        }
    }

    /// "processed is 3, expected is 200"
    fn values(&self, told: &Told<'_>) -> String {
        let said = self.found.paths.iter().take(SAID_MAX).map(|path| match value_of(told, path) {
            Some(value) => format!("{path} is {}", value_in_words(&rounded(value))),
            None => format!("{path} was not reported"),
        });
        said.collect::<Vec<_>>().join(", ")
    }
}

/// Each of these expectations, and what was found.
pub(super) fn findings(texts: &[String], told: &Told<'_>) -> Vec<Finding> {
    if texts.is_empty() {
        return Vec::new();
    }
    let functions = Arc::new(Env::stdlib());
    texts.iter().map(|text| finding(text, told, &functions)).collect()
}

fn finding(text: &str, told: &Told<'_>, functions: &Arc<Env>) -> Finding {
    let (passed, found) = match Assertion::read(text) {
        Ok(assertion) => assertion.seen(told, functions),
        // An older tower wrote it down.
        Err(trouble) => (false, format!("it cannot be read: {trouble}")),
    };
    Finding { claim: text.trim().to_owned(), passed, found, look: None }
}

fn with(words: &str, values: &str) -> String {
    if values.is_empty() { words.to_owned() } else { format!("{words}; {values}") }
}

fn trouble(error: &cel::ExecutionError) -> String {
    match error {
        cel::ExecutionError::DivisionByZero(_) | cel::ExecutionError::RemainderByZero(_) => "division by zero".into(),
        cel::ExecutionError::IndexOutOfBounds(_) => "the list is shorter".into(),
        cel::ExecutionError::NoSuchKey(key) => format!("there is no `{key}`"),
        _ => "these values do not go together".into(),
    }
}

/// Characters before the place of an error, from 1.
fn place(text: &str, (line, column): (isize, isize)) -> Option<usize> {
    let (line, column) = (usize::try_from(line).ok()?, usize::try_from(column).ok()?);
    let before: usize = text.lines().take(line.checked_sub(1)?).map(|line| line.chars().count() + 1).sum();
    Some((before + column).clamp(1, text.chars().count() + 1))
}

fn value_of(told: &Told<'_>, path: &str) -> Option<Value> {
    match path {
        "duration_seconds" => told.duration_ms.map(|ms| Value::from(ms as f64 / 1_000.0)),
        "attempt" => Some(Value::from(told.attempt)),
        // What may be looked into is there, if empty.
        "metadata" if told.outcome.metadata.is_null() => Some(Value::Object(serde_json::Map::new())),
        "artifacts" => Some(Value::from(told.outcome.artifacts.clone())),
        path => told.outcome.field(path),
    }
}

fn rounded(value: Value) -> Value {
    match value.as_f64().filter(|number| number.fract() == 0.0 && number.abs() < 9e15) {
        Some(whole) => Value::from(whole as i64),
        None => value,
    }
}

fn count(value: &Value) -> usize {
    match value {
        Value::Array(list) => 1 + list.iter().map(count).sum::<usize>(),
        Value::Object(map) => 1 + map.values().map(count).sum::<usize>(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => 1,
    }
}

fn handed(value: &Value) -> cel::Value {
    match value {
        Value::Null => cel::Value::Null,
        Value::Bool(flag) => cel::Value::Bool(*flag),
        Value::Number(number) => cel::Value::Float(number.as_f64().unwrap_or_default()),
        Value::String(text) => cel::Value::String(Arc::new(text.clone())),
        Value::Array(list) => cel::Value::List(Arc::new(list.iter().map(handed).collect())),
        Value::Object(map) => {
            let map: HashMap<String, cel::Value> =
                map.iter().map(|(key, value)| (key.clone(), handed(value))).collect();
            cel::Value::Map(map.into())
        }
    }
}

/// What `PrattParser` makes of it; where it cannot read it, what is missing or meant.
fn parsed(text: &str) -> Result<IdedExpr, Unreadable> {
    let parser = || PrattParser::new().max_recursion_depth(DEPTH_MAX).max_expression_node_count(NODES_MAX);
    parser().parse(text).map_err(|errors| {
        let first = errors.errors.first();
        let at = first.and_then(|error| place(text, error.pos));
        let said = first.map_or("", |error| error.msg.lines().next().unwrap_or_default().trim_end_matches('.'));
        // Of these the parser knows best what is wrong.
        if ["limit", "reserved", "there is no"].iter().any(|known| said.contains(known)) {
            return Unreadable { at, what: said.to_owned() };
        }
        let stops = |other: &str| parser().parse(other).err().map(|errors| stopped(other, &errors));
        match unread::mend(text, stopped(text, &errors), stops) {
            Some(what) => Unreadable { at: None, what },
            None => Unreadable { at, what: unread::begins(text, stopped(text, &errors)) },
        }
    })
}

/// Where the parser stopped, in bytes.
fn stopped(text: &str, errors: &ParseErrors) -> usize {
    let at = errors.errors.first().and_then(|error| place(text, error.pos)).unwrap_or(1);
    text.char_indices().nth(at - 1).map_or(text.len(), |(byte, _)| byte)
}

/// Why this is neither true nor false, if that can be seen without its values: all of it, or a part that `&&`, `||` and `!` ask.
fn no_truth(expr: &Expr) -> Option<String> {
    let alone = || Some("it is neither true nor false; compare it with something".to_owned());
    match expr {
        Expr::Call(call) => match call.func_name.as_str() {
            op::LOGICAL_AND | op::LOGICAL_OR | op::LOGICAL_NOT | op::CONDITIONAL => {
                call.args.iter().find_map(|part| no_truth(&part.expr))
            }
            name if RESULTS_IN_NO_TRUTH.contains(&name) => alone(),
            name if COMPARES.contains(&name) => number_and_text(&call.args),
            _ => None,
        },
        Expr::Ident(name) if name != "success" => {
            Some(format!("`{name}` alone is neither true nor false; compare it, as in `processed >= 3`"))
        }
        Expr::Literal(literal) if !matches!(literal, LiteralValue::Boolean(_)) => alone(),
        Expr::List(_) | Expr::Map(_) | Expr::Struct(_) => alone(),
        Expr::Unspecified | Expr::Comprehension(_) | Expr::Ident(_) | Expr::Literal(_) | Expr::Select(_) => None,
    }
}

/// `processed > "3"`: such a comparison never holds.
fn number_and_text(sides: &[IdedExpr]) -> Option<String> {
    let number = sides.iter().find_map(|side| match &side.expr {
        Expr::Ident(name) => NUMBERS.contains(&name.as_str()).then_some(name),
        _ => None,
    })?;
    let text = sides.iter().find_map(|side| match &side.expr {
        Expr::Literal(LiteralValue::String(text)) => Some(text.inner()),
        _ => None,
    })?;
    let instead = if text.trim().parse::<f64>().is_ok() { format!("; write {}", text.trim()) } else { String::new() };
    Some(format!("`{number}` is a number and \"{text}\" is a text{instead}"))
}

/// Whole numbers that stand in the text are made fractions wherever they meet a reported number.
fn in_fractions(node: &mut IdedExpr) {
    match &mut node.expr {
        Expr::Call(call) => {
            let index = matches!(call.func_name.as_str(), op::INDEX | op::OPT_INDEX);
            call.target.iter_mut().for_each(|target| in_fractions(target));
            for (place, argument) in call.args.iter_mut().enumerate() {
                // The place in a list is a whole number.
                if !(index && place == 1) {
                    as_fraction(argument);
                }
            }
        }
        Expr::Comprehension(all) => {
            as_fraction(&mut all.accu_init);
            for part in [&mut all.iter_range, &mut all.loop_cond, &mut all.loop_step, &mut all.result] {
                in_fractions(part);
            }
        }
        Expr::List(list) => list.elements.iter_mut().for_each(as_fraction),
        Expr::Map(map) => {
            for entry in &mut map.entries {
                if let EntryExpr::MapEntry(entry) = &mut entry.expr {
                    as_fraction(&mut entry.value);
                }
            }
        }
        Expr::Select(select) => in_fractions(&mut select.operand),
        Expr::Struct(_) | Expr::Unspecified | Expr::Ident(_) | Expr::Literal(_) => {}
    }
}

fn as_fraction(node: &mut IdedExpr) {
    match &node.expr {
        Expr::Literal(LiteralValue::Int(whole)) => {
            node.expr = Expr::Literal(LiteralValue::Double(CelDouble::from(*whole.inner() as f64)));
        }
        Expr::Call(call) if call.func_name == "size" => {
            in_fractions(node);
            let size = std::mem::take(node);
            let args = vec![size];
            node.expr = Expr::Call(CallExpr { func_name: "double".to_owned(), target: None, args });
        }
        _ => in_fractions(node),
    }
}

#[cfg(test)]
#[path = "assertion_tests.rs"]
mod tests;
