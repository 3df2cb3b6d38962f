//! A running CueAPI server, read page by page over its own API. Nothing is changed there.

use std::collections::BTreeSet;
use std::time::Duration;

use reqwest::header::RETRY_AFTER;
use reqwest::{Response, StatusCode, Url};
use serde_json::{Map, Value};

use crate::owner::root_of;

const ANSWER_LIMIT: Duration = Duration::from_secs(60);
/// The most that CueAPI gives at once.
const PAGE: usize = 100;
/// A hundred payloads of 1 MiB, and what is around them.
const PAGE_BYTES_MAX: usize = 128 * 1024 * 1024;
const CUES_MAX: usize = 10_000;
/// What a server asks us to wait for, and how often.
const WAIT_S_MAX: u64 = 120;
const WAIT_S: u64 = 5;
const WAITS_MAX: usize = 10;
/// Somebody may make or delete cues while they are read.
const READS_MAX: usize = 3;

pub struct Source {
    base: String,
    key: String,
    http: reqwest::Client,
}

impl Source {
    /// `base` may end with `/v1`, as the command line's address does.
    ///
    /// # Errors
    /// A sentence, which never holds the key.
    pub fn at(base: &str, key: String) -> Result<Source, String> {
        let unfit = |why: &str| format!("`{base}` {why}; write an address such as https://api.cueapi.ai");
        let url = Url::parse(base).map_err(|_| unfit("is no address"))?;
        if !matches!(url.scheme(), "http" | "https") || url.host_str().is_none() {
            return Err(unfit("is no address of a web server"));
        }
        if !url.username().is_empty() || url.password().is_some() || url.query().is_some() || url.fragment().is_some() {
            return Err(unfit("holds more than an address"));
        }
        if key.is_empty() || !key.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err("The key is empty, or has characters that no key has.".to_owned());
        }
        let is_here = url.host_str().is_some_and(|host| ["127.0.0.1", "localhost", "[::1]"].contains(&host));
        let http = reqwest::Client::builder().timeout(ANSWER_LIMIT).redirect(reqwest::redirect::Policy::none());
        let http = if is_here { http.no_proxy() } else { http };
        let http = http.build().map_err(|error| format!("The program could not begin: {error}."))?;
        let whole = url.as_str().trim_end_matches('/');
        Ok(Source { base: whole.strip_suffix("/v1").unwrap_or(whole).to_owned(), key, http })
    }

    /// "https://api.cueapi.ai"
    pub fn base(&self) -> &str {
        &self.base
    }

    /// Every cue, newest first.
    ///
    /// # Errors
    /// A sentence that names the server and what it said.
    pub async fn cues(&self) -> Result<Vec<Map<String, Value>>, String> {
        for _ in 0..READS_MAX {
            if let Some(cues) = self.cues_once().await? {
                return Ok(cues);
            }
        }
        Err(format!("The cues at {} change while they are read. Try again when it is quiet there.", self.base))
    }

    /// None: their number changed on the way.
    async fn cues_once(&self) -> Result<Option<Vec<Map<String, Value>>>, String> {
        let (mut cues, mut seen, mut offset, mut total) = (Vec::new(), BTreeSet::new(), 0, None);
        loop {
            let page = self.page(offset).await?;
            let odd = || format!("{} does not list its cues as CueAPI does. Is that its address?", self.base);
            let listed = page.get("cues").and_then(Value::as_array).ok_or_else(odd)?;
            let of = page.get("total").and_then(Value::as_u64).ok_or_else(odd)? as usize;
            if of > CUES_MAX {
                return Err(format!("{} has {of} cues; at most {CUES_MAX} can be read.", self.base));
            }
            if total.replace(of).is_some_and(|before| before != of) {
                return Ok(None);
            }
            for cue in listed {
                let cue = cue.as_object().ok_or_else(odd)?;
                let id = cue.get("id").and_then(Value::as_str).ok_or_else(odd)?;
                if seen.insert(id.to_owned()) {
                    cues.push(cue.clone());
                }
            }
            offset += listed.len();
            if listed.is_empty() || offset >= of {
                return Ok((cues.len() == of).then_some(cues));
            }
        }
    }

    async fn page(&self, offset: usize) -> Result<Map<String, Value>, String> {
        let address = format!("{}/v1/cues?limit={PAGE}&offset={offset}", self.base);
        let unanswered = |error: reqwest::Error| format!("{} did not answer: {}.", self.base, root_of(&error));
        for _ in 0..WAITS_MAX {
            let response = self.http.get(&address).bearer_auth(&self.key).send().await.map_err(unanswered)?;
            let status = response.status();
            if status == StatusCode::TOO_MANY_REQUESTS {
                let wait = wait_s(&response);
                eprintln!("{} asks to wait {wait} s.", self.base);
                tokio::time::sleep(Duration::from_secs(wait)).await;
                continue;
            }
            let bytes = self.body(response).await?;
            return match (status.is_success(), serde_json::from_slice(&bytes)) {
                (true, Ok(Value::Object(page))) => Ok(page),
                (true, _) => Err(format!("{} did not answer with JSON. Is that its address?", self.base)),
                (false, said) => Err(self.refused(status, said.unwrap_or_default())),
            };
        }
        Err(format!("{} asks to wait again and again. Try again later.", self.base))
    }

    async fn body(&self, mut response: Response) -> Result<Vec<u8>, String> {
        let mut bytes = Vec::new();
        loop {
            let more = response.chunk().await;
            match more.map_err(|error| format!("The answer of {} broke off: {}.", self.base, root_of(&error)))? {
                None => return Ok(bytes),
                Some(more) if bytes.len() + more.len() > PAGE_BYTES_MAX => {
                    return Err(format!("{} answers with more than a page of cues can be.", self.base));
                }
                Some(more) => bytes.extend_from_slice(&more),
            }
        }
    }

    fn refused(&self, status: StatusCode, said: Value) -> String {
        let words = [&said["error"]["message"], &said["detail"]["error"]["message"], &said["detail"]];
        let words: String =
            words.iter().find_map(|words| words.as_str()).unwrap_or_default().chars().take(300).collect();
        let words = words.replace(&self.key, "••••").replace(char::is_control, " ");
        let words = if words.is_empty() { String::new() } else { format!(": {words}") };
        match status {
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => {
                format!("{} does not let this key in ({}{words}).", self.base, status.as_u16())
            }
            status if status.is_redirection() => {
                format!("{} sends one elsewhere, and a key is not sent along. Name the address it leads to.", self.base)
            }
            status => format!("{} answered with {}{words}.", self.base, status.as_u16()),
        }
    }
}

fn wait_s(response: &Response) -> u64 {
    let asked = response.headers().get(RETRY_AFTER).and_then(|asked| asked.to_str().ok()?.trim().parse().ok());
    asked.unwrap_or(WAIT_S).min(WAIT_S_MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_taken_with_and_without_its_version() {
        for base in
            ["http://127.0.0.1:8000", "http://127.0.0.1:8000/", "http://127.0.0.1:8000/v1", "http://127.0.0.1:8000/v1/"]
        {
            assert_eq!(Source::at(base, "k".to_owned()).unwrap().base(), "http://127.0.0.1:8000", "{base}");
        }
        assert_eq!(Source::at("https://x.test/cue/v1", "k".to_owned()).unwrap().base(), "https://x.test/cue");
        for base in ["api.cueapi.ai", "ftp://x.test", "https://me:secret@x.test", "https://x.test?key=1", ""] {
            assert!(Source::at(base, "k".to_owned()).is_err(), "{base}");
        }
        assert!(Source::at("https://x.test", "two words".to_owned()).is_err());
    }

    #[test]
    fn a_refusal_tells_what_the_server_said_but_never_the_key() {
        let source = Source::at("https://x.test", "cue_sk_1".to_owned()).unwrap();
        let said = serde_json::json!({ "error": { "message": "Key cue_sk_1 is invalid" } });
        let words = source.refused(StatusCode::UNAUTHORIZED, said);
        assert_eq!(words, "https://x.test does not let this key in (401: Key •••• is invalid).");
        assert_eq!(source.refused(StatusCode::BAD_GATEWAY, Value::Null), "https://x.test answered with 502.");
    }
}
