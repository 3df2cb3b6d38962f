//! How much of its minute each key has used. The count is told in every answer; only a tower with `--rate-limit` refuses.

use std::collections::HashMap;
use std::hash::{BuildHasher as _, RandomState};
use std::sync::{Mutex, MutexGuard, PoisonError};

use axum::http::header::AUTHORIZATION;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use cuetower_core::Ms;
use cuetower_core::time::MINUTE_MS;

use super::caller::bearer;
use super::problem::Problem;

/// Said where nothing is refused: CueAPI's clients look for a number.
pub(super) const UNLIMITED: u32 = 1_000_000;
/// Keys counted apart at most; beyond that they share one count.
const KEYS_MAX: usize = 10_000;
/// As CueAPI has it.
const EXEMPT: [&str; 7] =
    ["/health", "/status", "/v1/info", "/docs", "/openapi.json", "/auth/device", "/v1/auth/verify"];
/// Their key stands in the path: each counts for itself.
const KEY_IN_PATH: [&str; 2] = ["/ping/", "/v1/triggers/"];

/// The count of each key, in windows of a minute that begin with its first request.
pub(super) struct Rates {
    limit: Option<u32>,
    windows: Mutex<HashMap<u64, Window>>,
    /// Keys are kept by their hash, which nobody outside can foresee.
    hasher: RandomState,
}

#[derive(Clone, Copy)]
struct Window {
    ends: Ms,
    used: u32,
}

/// Whose count a request adds to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Who(u64);

/// Requests without a key, all together: they come from this one machine.
const NOBODY: Who = Who(0);

/// How a key stands after a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Standing {
    limit: u32,
    used: u32,
    /// Unix seconds.
    resets_s: i64,
}

impl Rates {
    pub fn of(limit: Option<u32>) -> Rates {
        Rates { limit, windows: Mutex::default(), hasher: RandomState::new() }
    }

    /// Requests in a minute that are let in, as they are told of.
    pub fn limit(&self) -> u32 {
        self.limit.unwrap_or(UNLIMITED)
    }

    /// None: this path is not counted.
    pub fn who(&self, parts: &Parts) -> Option<Who> {
        let path = parts.uri.path();
        if EXEMPT.contains(&path) || path.starts_with("/v1/internal/") {
            return None;
        }
        let in_path = KEY_IN_PATH.iter().find_map(|start| path.strip_prefix(start)?.split('/').next());
        Some(in_path.map_or_else(|| self.of_headers(&parts.headers), |key| self.named(key.as_bytes())))
    }

    /// By the key in the headers, however it is written there: `Bearer K`, `bearer  K` and `X-API-Key: K` are one.
    pub fn of_headers(&self, headers: &HeaderMap) -> Who {
        let text = |name: &str| headers.get(name)?.to_str().ok();
        let key = match headers.get(AUTHORIZATION) {
            Some(_) => text(AUTHORIZATION.as_str()).and_then(bearer),
            None => text("x-api-key").or_else(|| text("x-cuetower-run-token")),
        };
        key.map_or(NOBODY, |key| self.named(key.as_bytes()))
    }

    fn named(&self, key: &[u8]) -> Who {
        Who(self.hasher.hash_one(key).max(1))
    }

    /// Counts a request, unless it is one too many: Err, which is not counted.
    pub fn take(&self, who: Who, now: Ms) -> Result<Standing, Standing> {
        let mut windows = self.windows();
        let who = match windows.contains_key(&who.0) {
            false if windows.len() >= KEYS_MAX => {
                windows.retain(|_, window| window.is_open(now));
                if windows.len() >= KEYS_MAX { NOBODY } else { who }
            }
            _ => who,
        };
        let window = windows.entry(who.0).or_insert(Window { ends: now, used: 0 });
        if !window.is_open(now) {
            *window = Window { ends: now.plus(MINUTE_MS), used: 0 };
        }
        let full = self.limit.is_some_and(|limit| window.used >= limit);
        if !full {
            window.used = window.used.saturating_add(1);
        }
        let ends_s = window.ends.0.div_euclid(1_000);
        let standing = Standing { limit: self.limit(), used: window.used, resets_s: ends_s };
        if full { Err(standing) } else { Ok(standing) }
    }

    /// Requests in the present window.
    pub fn used(&self, who: Who, now: Ms) -> u32 {
        self.windows().get(&who.0).filter(|window| window.is_open(now)).map_or(0, |window| window.used)
    }

    fn windows(&self) -> MutexGuard<'_, HashMap<u64, Window>> {
        self.windows.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Window {
    /// A clock that was set back must not keep a window open.
    fn is_open(&self, now: Ms) -> bool {
        now < self.ends && self.ends.since(now) <= MINUTE_MS
    }
}

impl Standing {
    /// Why no more is done for this key in this window.
    pub fn refusal(&self, now: Ms) -> Problem {
        let left_s = self.resets_s - now.0.div_euclid(1_000);
        let wait_s = u16::try_from(left_s.max(1)).unwrap_or(60);
        let message = format!("Too many requests. Retry after {wait_s} seconds.");
        Problem::new(StatusCode::TOO_MANY_REQUESTS, "rate_limit_exceeded", message).retry_after(wait_s)
    }

    pub fn tell(&self, headers: &mut HeaderMap) {
        headers.insert("x-ratelimit-limit", HeaderValue::from(self.limit));
        headers.insert("x-ratelimit-remaining", HeaderValue::from(self.limit.saturating_sub(self.used)));
        headers.insert("x-ratelimit-reset", HeaderValue::from(self.resets_s));
    }
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderName;

    use super::*;

    const NOON: Ms = Ms(1_796_040_000_000);

    fn used(standing: Result<Standing, Standing>) -> (bool, u32) {
        standing.map_or_else(|full| (false, full.used), |taken| (true, taken.used))
    }

    #[test]
    fn a_key_has_its_minute_and_then_the_next() {
        let rates = Rates::of(Some(2));
        let (ada, bob) = (rates.named(b"ada"), rates.named(b"bob"));
        assert_eq!(used(rates.take(ada, NOON)), (true, 1));
        assert_eq!(used(rates.take(ada, NOON.plus(30_000))), (true, 2));
        assert_eq!(used(rates.take(ada, NOON.plus(59_999))), (false, 2));
        assert_eq!(used(rates.take(bob, NOON.plus(59_999))), (true, 1), "another key has its own");
        let full = rates.take(ada, NOON.plus(59_999)).unwrap_err();
        assert_eq!(full.refusal(NOON.plus(59_999)).retry_after_s, Some(1), "never 0");
        assert_eq!(full.refusal(NOON).message, "Too many requests. Retry after 60 seconds.");
        assert_eq!(used(rates.take(ada, NOON.plus(60_000))), (true, 1));
        assert_eq!((rates.used(ada, NOON.plus(60_000)), rates.used(bob, NOON.plus(200_000))), (1, 0));
    }

    #[test]
    fn a_clock_that_is_set_back_shuts_nobody_out() {
        let rates = Rates::of(Some(1));
        let who = rates.named(b"ada");
        assert!(rates.take(who, NOON).is_ok());
        assert!(rates.take(who, NOON.minus(3_600_000)).is_ok());
    }

    #[test]
    fn without_a_limit_it_counts_and_refuses_nobody() {
        let rates = Rates::of(None);
        let standing = (0..5_000).map(|_| rates.take(NOBODY, NOON)).last().unwrap().unwrap();
        assert_eq!((standing.limit, standing.used), (UNLIMITED, 5_000));
    }

    #[test]
    fn a_key_has_one_count_however_it_is_shown() {
        let rates = Rates::of(None);
        let who = |name: &'static str, value: &'static str| {
            rates.of_headers(&HeaderMap::from_iter([(HeaderName::from_static(name), HeaderValue::from_static(value))]))
        };
        let key = rates.named(b"cue_sk_k");
        for value in ["Bearer cue_sk_k", "bearer  cue_sk_k", "BEARER cue_sk_k "] {
            assert_eq!(who("authorization", value), key, "{value}");
        }
        assert_eq!(who("x-api-key", "cue_sk_k"), key);
        assert_ne!(who("authorization", "Bearer cue_sk_other"), key);
        for value in ["Basic cue_sk_k", "a word", ""] {
            assert_eq!(who("authorization", value), NOBODY, "no key: {value}");
        }
        assert_eq!(rates.of_headers(&HeaderMap::new()), NOBODY);
    }

    #[test]
    fn keys_without_number_share_one_count() {
        let rates = Rates::of(Some(3));
        for number in 0..KEYS_MAX + 3 {
            assert!(rates.take(rates.named(&number.to_le_bytes()), NOON).is_ok());
        }
        assert!(rates.windows().len() <= KEYS_MAX + 1);
        assert!(rates.take(rates.named(b"one more"), NOON).is_err(), "what they share is full");
        assert!(rates.take(rates.named(&0_usize.to_le_bytes()), NOON).is_ok(), "who was there before has its own");
        assert!(rates.take(rates.named(b"one more"), NOON.plus(60_000)).is_ok(), "a minute later there is room");
    }
}
