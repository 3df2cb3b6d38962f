//! What an agent writes when it asks for permits, renews them or gives them back. Fields that are not known are refused.

use std::ops::RangeInclusive;
use std::time::Duration;

use cuetower_core::pool::{LEASE_MS_LEAST, LEASE_MS_MAX, Need, PRIORITY_MAX, name_trouble, needs_trouble};
use serde_json::{Map, Value};

use super::given::Query;
use super::problem::Problem;
use crate::definition::Invalid;

const ASK: [&str; 8] = ["permit", "agent", "weight", "tokens", "priority", "lease_seconds", "wait_seconds", "pools"];
const AGENT_CHARS_MAX: usize = 255;
const WEIGHTS: RangeInclusive<f64> = 1.0..=100_000.0;
const TOKENS: RangeInclusive<f64> = 0.0..=1e12;
/// A request is answered within 30 s.
const WAIT_S: RangeInclusive<f64> = 0.0..=25.0;
const LEASE_S: RangeInclusive<f64> = LEASE_MS_LEAST as f64 / 1_000.0..=LEASE_MS_MAX as f64 / 1_000.0;
const RETRY_AFTER_S: RangeInclusive<f64> = 0.0..=86_400.0;

pub(super) struct Ask {
    /// Given when it asks again.
    pub permit: Option<String>,
    /// Who it is, to be shown.
    pub agent: Option<String>,
    pub needs: Vec<Need>,
    pub priority: Option<i32>,
    pub lease_ms: Option<u64>,
    pub wait: Option<Duration>,
}

/// What an agent says about what it holds.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Word {
    pub rate_limited: bool,
    pub retry_after_ms: Option<u64>,
    /// Used so far, altogether.
    pub tokens: Option<u64>,
}

impl Ask {
    /// `pool` is the one in the path; `pools` may name more, and say more about this one.
    pub fn read(pool: &str, body: &Map<String, Value>) -> Result<Ask, Problem> {
        let mut reading = Reading::of(body, "body", &ASK);
        let ask = Ask {
            permit: reading.text("permit"),
            agent: reading.text("agent"),
            needs: needs(pool, &mut reading),
            priority: reading
                .whole("priority", -f64::from(PRIORITY_MAX)..=f64::from(PRIORITY_MAX))
                .map(|priority| priority as i32),
            lease_ms: reading.number("lease_seconds", LEASE_S).map(milliseconds),
            wait: reading.number("wait_seconds", WAIT_S).map(Duration::from_secs_f64),
        };
        if let Some(trouble) = name_trouble(pool) {
            reading.fault("path.name", trouble);
        } else if reading.faults.is_empty()
            && let Some(trouble) = needs_trouble(&ask.needs)
        {
            reading.fault("body.pools", trouble);
        }
        reading.done(ask)
    }
}

fn needs(pool: &str, reading: &mut Reading) -> Vec<Need> {
    let weight = reading.whole("weight", WEIGHTS);
    let tokens = reading.whole("tokens", TOKENS);
    let more: Vec<Need> = match reading.body.get("pools") {
        None | Some(Value::Null) => Vec::new(),
        Some(Value::Array(list)) => {
            let mut more = Vec::new();
            for (index, value) in list.iter().enumerate() {
                more.extend(need(&format!("body.pools[{index}]"), value, &mut reading.faults));
            }
            more
        }
        Some(_) => {
            reading.fault("body.pools", "It should be a list of pools.".to_owned());
            Vec::new()
        }
    };
    let said_twice = more.iter().any(|need| need.pool == pool) && (weight.is_some() || tokens.is_some());
    if said_twice {
        reading.fault("body.pools", format!("Say weight and tokens of {pool} there or outside of it, not in both."));
    }
    let own =
        Need { pool: pool.to_owned(), weight: weight.unwrap_or(1.0) as u32, tokens: tokens.map(|count| count as u64) };
    let own = (!more.iter().any(|need| need.pool == pool)).then_some(own);
    own.into_iter().chain(more).collect()
}

fn need(place: &str, value: &Value, faults: &mut Vec<Invalid>) -> Option<Need> {
    let (name, rest) = match value {
        Value::String(name) => (Some(name.clone()), None),
        Value::Object(body) => {
            let mut reading = Reading::of(body, place, &["pool", "weight", "tokens"]);
            let name = reading.text("pool");
            let rest = (reading.whole("weight", WEIGHTS), reading.whole("tokens", TOKENS));
            faults.append(&mut reading.faults);
            (name, Some(rest))
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) => (None, None),
    };
    let trouble = match name.as_deref() {
        Some(name) => name_trouble(name),
        None => Some("It should be the name of a pool, or an object with a `pool`.".to_owned()),
    };
    if let Some(message) = trouble {
        faults.push(Invalid { field: place.to_owned(), message });
        return None;
    }
    let (weight, tokens) = rest.unwrap_or_default();
    Some(Need { pool: name?, weight: weight.unwrap_or(1.0) as u32, tokens: tokens.map(|count| count as u64) })
}

impl Word {
    pub fn read(body: &Map<String, Value>) -> Result<Word, Problem> {
        let mut reading = Reading::of(body, "body", &["rate_limited", "retry_after_seconds", "tokens"]);
        let word = Word {
            rate_limited: reading.flag("rate_limited"),
            retry_after_ms: reading.number("retry_after_seconds", RETRY_AFTER_S).map(milliseconds),
            tokens: reading.whole("tokens", TOKENS).map(|count| count as u64),
        };
        if word.retry_after_ms.is_some() && !word.rate_limited {
            reading.fault("body.retry_after_seconds", "It belongs to `\"rate_limited\": true`.".to_owned());
        }
        reading.done(word)
    }

    /// At the end there is nothing to say but what was used.
    pub fn read_end(body: &Map<String, Value>) -> Result<Option<u64>, Problem> {
        let mut reading = Reading::of(body, "body", &["tokens"]);
        let tokens = reading.whole("tokens", TOKENS).map(|count| count as u64);
        reading.done(tokens)
    }
}

pub(super) fn tokens_in_query(query: &Query) -> Result<Option<u64>, Problem> {
    let Some(text) = query.get("tokens") else { return Ok(None) };
    let tokens = text.parse::<u64>().ok().filter(|tokens| TOKENS.contains(&(*tokens as f64)));
    let bad = || Problem::field("query.tokens", "It should be a whole number of tokens.");
    tokens.map(Some).ok_or_else(bad)
}

struct Reading<'a> {
    body: &'a Map<String, Value>,
    place: &'a str,
    faults: Vec<Invalid>,
}

impl<'a> Reading<'a> {
    fn of(body: &'a Map<String, Value>, place: &'a str, known: &[&str]) -> Reading<'a> {
        let mut reading = Reading { body, place, faults: Vec::new() };
        for field in body.keys().filter(|field| !known.contains(&field.as_str())).take(10) {
            let field: String = field.chars().take(60).collect();
            reading
                .fault(&format!("{place}.{field}"), format!("There is no such field; there are {}.", known.join(", ")));
        }
        reading
    }

    fn done<T>(self, read: T) -> Result<T, Problem> {
        if self.faults.is_empty() { Ok(read) } else { Err(Problem::fields(self.faults)) }
    }

    fn fault(&mut self, field: &str, message: String) {
        self.faults.push(Invalid { field: field.to_owned(), message });
    }

    fn get(&self, key: &str) -> Option<&'a Value> {
        self.body.get(key).filter(|value| !value.is_null())
    }

    fn text(&mut self, key: &str) -> Option<String> {
        let found = self.get(key)?;
        let fits =
            |text: &&str| (1..=AGENT_CHARS_MAX).contains(&text.chars().count()) && !text.chars().any(char::is_control);
        let text = found.as_str().filter(fits).map(str::to_owned);
        if text.is_none() {
            self.fault(
                &format!("{}.{key}", self.place),
                "It should be one line of text, of 1 to 255 characters.".to_owned(),
            );
        }
        text
    }

    fn flag(&mut self, key: &str) -> bool {
        let found = self.get(key);
        if found.is_some_and(|found| !found.is_boolean()) {
            self.fault(&format!("{}.{key}", self.place), "It should be true or false.".to_owned());
        }
        found.and_then(Value::as_bool).unwrap_or(false)
    }

    fn number(&mut self, key: &str, range: RangeInclusive<f64>) -> Option<f64> {
        let found = self.get(key)?;
        let number = found.as_f64().filter(|number| range.contains(number));
        if number.is_none() {
            let message = format!("It should be a number from {} to {}.", range.start(), range.end());
            self.fault(&format!("{}.{key}", self.place), message);
        }
        number
    }

    fn whole(&mut self, key: &str, range: RangeInclusive<f64>) -> Option<f64> {
        let number = self.number(key, range)?;
        if number.fract() != 0.0 {
            self.fault(&format!("{}.{key}", self.place), "It should be a whole number.".to_owned());
        }
        Some(number)
    }
}

fn milliseconds(seconds: f64) -> u64 {
    (seconds * 1_000.0).round() as u64
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn object(value: Value) -> Map<String, Value> {
        value.as_object().cloned().expect("an object")
    }

    fn ask(body: Value) -> Result<Ask, String> {
        Ask::read("openai", &object(body)).map_err(|problem| problem.message)
    }

    fn need(pool: &str, weight: u32, tokens: Option<u64>) -> Need {
        Need { pool: pool.to_owned(), weight, tokens }
    }

    #[test]
    fn an_empty_ask_asks_for_one() {
        let read = ask(json!({})).expect("fits");
        assert_eq!(read.needs, [need("openai", 1, None)]);
        assert_eq!((read.permit, read.priority, read.lease_ms, read.wait), (None, None, None, None));
    }

    #[test]
    fn all_of_it_is_read() {
        let body = json!({ "weight": 2, "tokens": 900, "priority": -3, "lease_seconds": 1.5, "wait_seconds": 20, "agent": "enricher" });
        let read = ask(body).expect("fits");
        assert_eq!(read.needs, [need("openai", 2, Some(900))]);
        assert_eq!((read.priority, read.lease_ms, read.wait), (Some(-3), Some(1_500), Some(Duration::from_secs(20))));
        assert_eq!(read.agent.as_deref(), Some("enricher"));
        let more = ask(json!({ "pools": ["gpu", { "pool": "disk", "weight": 3 }] })).expect("fits");
        assert_eq!(more.needs, [need("openai", 1, None), need("gpu", 1, None), need("disk", 3, None)]);
        let named = ask(json!({ "pools": [{ "pool": "openai", "tokens": 5 }] })).expect("fits");
        assert_eq!(named.needs, [need("openai", 1, Some(5))]);
    }

    #[test]
    fn what_does_not_fit_is_named() {
        for (body, says) in [
            (json!({ "weigth": 2 }), "body.weigth: There is no such field"),
            (json!({ "weight": 0 }), "body.weight: It should be a number from 1 to 100000."),
            (json!({ "weight": 1.5 }), "body.weight: It should be a whole number."),
            (json!({ "priority": 101 }), "body.priority: It should be a number from -100 to 100."),
            (json!({ "lease_seconds": 3601 }), "body.lease_seconds: It should be a number from 1 to 3600."),
            (json!({ "wait_seconds": 26 }), "body.wait_seconds"),
            (json!({ "permit": 5 }), "body.permit: It should be one line of text"),
            (json!({ "pools": "gpu" }), "body.pools: It should be a list"),
            (json!({ "pools": [5] }), "body.pools[0]: It should be the name of a pool"),
            (json!({ "pools": [{ "pool": "gpu", "wait": 1 }] }), "body.pools[0].wait: There is no such field"),
            (json!({ "pools": ["gpu", "gpu"] }), "body.pools: Pool gpu is named twice"),
            (
                json!({ "pools": ["openai"], "weight": 2 }),
                "body.pools: Say weight and tokens of openai there or outside",
            ),
        ] {
            let said = ask(body.clone()).err().unwrap_or_default();
            assert!(said.starts_with(says), "{body}: {said}");
        }
        assert!(Ask::read("Open AI", &Map::new()).is_err_and(|problem| problem.message.starts_with("path.name: ")));
    }

    #[test]
    fn a_word_about_a_429() {
        let read = |body| Word::read(&object(body)).map_err(|problem| problem.message);
        let word = Word { rate_limited: true, retry_after_ms: Some(12_000), tokens: None };
        assert_eq!(read(json!({ "rate_limited": true, "retry_after_seconds": 12 })), Ok(word));
        assert_eq!(read(json!({})), Ok(Word::default()));
        assert_eq!(read(json!({ "tokens": 900 })).map(|word| word.tokens), Ok(Some(900)));
        let alone = read(json!({ "retry_after_seconds": 12 })).unwrap_err();
        assert_eq!(alone, "body.retry_after_seconds: It belongs to `\"rate_limited\": true`.");
        assert!(read(json!({ "rate_limited": "yes" })).is_err());
    }
}
