//! Reads typed fields out of a JSON object and collects everything that does not fit.

use std::ops::RangeInclusive;

use serde_json::{Map, Value};

use super::Invalid;

const PROBLEMS_MAX: usize = 100;

#[derive(Debug, Default)]
pub(super) struct Problems(Vec<Invalid>);

impl Problems {
    pub(super) fn add(&mut self, field: impl Into<String>, message: impl Into<String>) {
        // More are of no use to anyone, and a hostile body could make very many.
        if self.0.len() < PROBLEMS_MAX {
            self.0.push(Invalid { field: field.into(), message: message.into() });
        }
    }

    /// `wanted` with its article: "an object", "a text".
    pub(super) fn mistyped(&mut self, field: &str, wanted: &str, found: &Value) {
        self.add(field, format!("`{field}` must be {wanted}; it is {}.", kind(found)));
    }

    pub(super) fn count(&self) -> usize {
        self.0.len()
    }

    pub(super) fn none(self) -> Result<(), Vec<Invalid>> {
        if self.0.is_empty() { Ok(()) } else { Err(self.0) }
    }
}

/// An object of the body and where it stands. Null fields count as left out. Every reader notes what does not fit and
/// then answers None, as it does for a field that is left out.
#[derive(Debug, Clone)]
pub(super) struct Object<'v> {
    path: String,
    map: Option<&'v Map<String, Value>>,
}

impl<'v> Object<'v> {
    pub(super) fn top(map: &'v Map<String, Value>) -> Object<'v> {
        Object { path: String::new(), map: Some(map) }
    }

    /// An object somewhere in a list, whose fields are not looked at yet.
    pub(super) fn bare(place: String, map: &'v Map<String, Value>) -> Object<'v> {
        Object { path: place, map: Some(map) }
    }

    pub(super) fn get(&self, key: &str) -> Option<&'v Value> {
        self.map?.get(key).filter(|value| !value.is_null())
    }

    /// "schedule.cron"
    pub(super) fn place(&self, key: &str) -> String {
        if self.path.is_empty() { key.to_owned() } else { format!("{}.{key}", self.path) }
    }

    /// Whether there is something at `key` that asks for something: no null, no empty list.
    pub(super) fn asks(&self, key: &str) -> bool {
        self.get(key).is_some_and(|value| value.as_array().is_none_or(|list| !list.is_empty()))
    }

    /// A section of the cue, empty if it is left out.
    pub(super) fn section(&self, key: &str, known: &[&str], problems: &mut Problems) -> Option<Object<'v>> {
        match self.get(key) {
            None => Some(Object { path: self.place(key), map: None }),
            Some(value) => Object::at(self.place(key), value, known, problems),
        }
    }

    /// The objects of a list, at most `most`; what is not one is left out, and noted.
    pub(super) fn objects(&self, key: &str, known: &[&str], most: usize, problems: &mut Problems) -> Vec<Object<'v>> {
        let place = self.place(key);
        let list = self.list(key, problems);
        if list.len() > most {
            problems.add(&place, format!("`{place}` lists {}; at most {most} fit.", list.len()));
            return Vec::new();
        }
        let objects = list
            .iter()
            .enumerate()
            .map(|(index, value)| Object::at(format!("{place}[{index}]"), value, known, problems));
        objects.collect::<Vec<_>>().into_iter().flatten().collect()
    }

    pub(super) fn at(place: String, value: &'v Value, known: &[&str], problems: &mut Problems) -> Option<Object<'v>> {
        let Value::Object(map) = value else {
            problems.mistyped(&place, "an object", value);
            return None;
        };
        for field in map.keys() {
            if !known.contains(&field.as_str()) {
                let message =
                    format!("`{place}` has no field `{}`; it has {}.", shortened(field), listed(known, "and"));
                problems.add(format!("{place}.{}", shortened(field)), message);
            }
        }
        Some(Object { path: place, map: Some(map) })
    }

    pub(super) fn text(&self, key: &str, problems: &mut Problems) -> Option<&'v str> {
        match self.get(key)? {
            Value::String(text) => Some(text),
            other => {
                problems.mistyped(&self.place(key), "a text", other);
                None
            }
        }
    }

    pub(super) fn text_within(&self, key: &str, chars_max: usize, problems: &mut Problems) -> Option<&'v str> {
        let text = self.text(key, problems)?;
        if text.chars().count() > chars_max {
            problems.add(self.place(key), format!("`{}` has at most {chars_max} characters.", self.place(key)));
            return None;
        }
        Some(text)
    }

    /// `need` ends the sentence "`name` is missing; …".
    pub(super) fn required_text(&self, key: &str, need: &str, problems: &mut Problems) -> Option<&'v str> {
        if self.get(key).is_none() {
            problems.add(self.place(key), format!("`{}` is missing; {need}.", self.place(key)));
        }
        self.text(key, problems)
    }

    pub(super) fn flag(&self, key: &str, problems: &mut Problems) -> Option<bool> {
        match self.get(key)? {
            Value::Bool(flag) => Some(*flag),
            other => {
                problems.mistyped(&self.place(key), "true or false", other);
                None
            }
        }
    }

    pub(super) fn list(&self, key: &str, problems: &mut Problems) -> &'v [Value] {
        match self.get(key) {
            None => &[],
            Some(Value::Array(list)) => list,
            Some(other) => {
                problems.mistyped(&self.place(key), "a list", other);
                &[]
            }
        }
    }

    /// A list of texts that each have something to say; each once.
    pub(super) fn names(&self, key: &str, most: usize, chars_max: usize, problems: &mut Problems) -> Vec<String> {
        let place = self.place(key);
        let list = self.list(key, problems);
        if list.len() > most {
            problems.add(&place, format!("`{place}` lists {}; at most {most} fit.", list.len()));
            return Vec::new();
        }
        let mut names: Vec<String> = Vec::new();
        for (index, found) in list.iter().enumerate() {
            let plain = |name: &&str| !name.trim().is_empty() && !name.chars().any(char::is_control);
            match found.as_str().filter(plain).filter(|name| name.chars().count() <= chars_max) {
                Some(name) if names.iter().any(|known| known == name) => {}
                Some(name) => names.push(name.to_owned()),
                None => problems.add(
                    format!("{place}[{index}]"),
                    format!("`{place}[{index}]` must be one line of 1 to {chars_max} characters."),
                ),
            }
        }
        names
    }

    pub(super) fn number(&self, key: &str, range: RangeInclusive<f64>, problems: &mut Problems) -> Option<f64> {
        number(&self.place(key), self.get(key)?, range, problems)
    }

    pub(super) fn whole(&self, key: &str, range: RangeInclusive<u32>, problems: &mut Problems) -> Option<u32> {
        let found = self.get(key)?;
        // `3.0` is what some languages make of 3.
        let number = found.as_f64().filter(|number| number.fract() == 0.0);
        let fits = number.filter(|number| (f64::from(*range.start())..=f64::from(*range.end())).contains(number));
        if fits.is_none() {
            let (low, high, place) = (range.start(), range.end(), self.place(key));
            problems
                .add(&place, format!("`{place}` must be a whole number from {low} to {high}; it is {}.", shown(found)));
        }
        fits.map(|number| number as u32)
    }

    /// A whole number from 1 on.
    pub(super) fn count(&self, key: &str, most: u64, problems: &mut Problems) -> Option<u64> {
        let found = self.get(key)?;
        // `3.0` and `1e6` are what some languages make of 3 and a million.
        let number = found.as_f64().filter(|number| number.fract() == 0.0);
        let fits = number.filter(|number| (1.0..=most as f64).contains(number));
        if fits.is_none() {
            let place = self.place(key);
            let message = match number {
                Some(number) if number > most as f64 => {
                    format!("`{place}` must be at most {most}; it is {}.", shown(found))
                }
                _ => format!("`{place}` must be a whole number, at least 1; it is {}.", shown(found)),
            };
            problems.add(&place, message);
        }
        fits.map(|number| number as u64)
    }

    /// Seconds, fractions allowed, as milliseconds.
    pub(super) fn seconds(&self, key: &str, range_s: RangeInclusive<f64>, problems: &mut Problems) -> Option<u64> {
        self.number(key, range_s, problems).map(|seconds| (seconds * 1_000.0).round() as u64)
    }

    /// One of `choices`; `unbuilt` are SPEC's words that mean nothing yet.
    pub(super) fn word<T: Copy>(
        &self,
        key: &str,
        choices: &[(&str, T)],
        unbuilt: &[&str],
        problems: &mut Problems,
    ) -> Option<T> {
        let text = self.text(key, problems)?;
        if let Some((_, chosen)) = choices.iter().find(|(word, _)| *word == text) {
            return Some(*chosen);
        }
        let words: Vec<&str> = choices.iter().map(|(word, _)| *word).collect();
        let (place, words) = (self.place(key), listed(&words, "or"));
        let message = if unbuilt.contains(&text) {
            format!("`{place}: {text}` is not built yet; write {words}.")
        } else {
            format!("`{place}` must be {words}; it is `{}`.", shortened(text))
        };
        problems.add(place, message);
        None
    }
}

pub(super) fn number(place: &str, found: &Value, range: RangeInclusive<f64>, problems: &mut Problems) -> Option<f64> {
    let fits = found.as_f64().filter(|number| range.contains(number));
    if fits.is_none() {
        let (low, high) = (range.start(), range.end());
        problems.add(place, format!("`{place}` must be a number from {low} to {high}; it is {}.", shown(found)));
    }
    fits
}

/// "`a`, `b` or `c`"
pub(super) fn listed(words: &[&str], last: &str) -> String {
    match words.split_last() {
        Some((end, start)) if !start.is_empty() => format!("`{}` {last} `{end}`", start.join("`, `")),
        _ => format!("`{}`", words.concat()),
    }
}

/// "Such a sentence." from "such a sentence".
pub(super) fn sentence(words: &str) -> String {
    let mut rest = words.chars();
    let first = rest.next().map(|first| first.to_uppercase().to_string()).unwrap_or_default();
    let end = if words.ends_with(['.', '?', '!']) { "" } else { "." };
    format!("{first}{}{end}", rest.as_str())
}

fn shown(found: &Value) -> String {
    if found.is_number() { found.to_string() } else { kind(found).to_owned() }
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(true) => "true",
        Value::Bool(false) => "false",
        Value::Number(_) => "a number",
        Value::String(_) => "a text",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}

pub(super) fn shortened(typed: &str) -> String {
    const SHOWN_CHARS_MAX: usize = 60;
    if typed.chars().count() <= SHOWN_CHARS_MAX {
        return typed.to_owned();
    }
    typed.chars().take(SHOWN_CHARS_MAX).chain(['…']).collect()
}
