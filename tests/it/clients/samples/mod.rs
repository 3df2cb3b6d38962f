//! The recorded requests of CueAPI's open core, replayed in order against a real tower: status and shape agree, or the
//! difference stands in a table with the line that demands it (`differ`). How two answers are compared is in `agree`, what
//! a recorded id stands for in `words`, what the recording leaves out in `between`, the web hooks in `hooks`.

mod agree;
mod between;
mod differ;
mod hooks;
mod words;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::time::Duration;

use cuetower_tests::{Answer, Server, Tower};
use reqwest::Method;
use reqwest::header::HeaderMap;
use serde_json::{Value, json};

use differ::DIFFER;
use words::Words;

/// At most so many of them may differ (issue 5).
const DIFFER_MAX: usize = 15;
/// For what the recording shows finished and the tower does in its own time.
const PATIENCE: Duration = Duration::from_secs(60);
/// The body was cut off in the recording.
const OVER_ONE_MIB: usize = 1024 * 1024 + 100;
/// Requests that ask for something that takes time; the recording shows it done.
const WAITED_FOR: &[u16] = &[123, 124, 192, 193, 195];

/// One recorded request and its answer.
struct Sample {
    number: u16,
    name: String,
    request: Value,
    status: u16,
    headers: Vec<String>,
    answer: Value,
    /// Whole seconds since 1970, where its rate limit's window tells.
    recorded_at: Option<i64>,
}

fn samples() -> Vec<Sample> {
    let read = |line: &str| {
        let sample: Value = serde_json::from_str(line).unwrap();
        let headers = sample["response"]["headers"].as_object().unwrap();
        let reset = headers.get("x-ratelimit-reset").and_then(|reset| reset.as_str()?.parse::<i64>().ok());
        Sample {
            number: u16::try_from(sample["number"].as_u64().unwrap()).unwrap(),
            name: sample["name"].as_str().unwrap().to_owned(),
            request: sample["request"].clone(),
            status: u16::try_from(sample["response"]["status"].as_u64().unwrap()).unwrap(),
            headers: headers.keys().cloned().collect(),
            answer: sample["response"]["json"].clone(),
            // The window is a minute long.
            recorded_at: reset.map(|reset| reset - 60),
        }
    };
    include_str!("../../../data/cueapi/samples.jsonl").lines().map(read).collect()
}

/// What came back.
struct Back {
    status: u16,
    headers: HeaderMap,
    json: Value,
}

/// Where the recording is played: the tower, one with strict addresses, a receiver of web hooks, and what has been learnt.
struct Stage {
    http: reqwest::Client,
    tower: Tower,
    strict: Tower,
    receiver: Server,
    words: Words,
    /// Who speaks: the account of the recording, before and after its key was rotated.
    key: String,
    rotated_key: String,
    strict_key: String,
    quota_key: String,
}

impl Stage {
    async fn set() -> Stage {
        let tower = Tower::start_with(None, &["--open-registration", "--account-cues", "10"], &[]).await;
        let strict = Tower::start_with(None, &["--open-registration", "--strict-addresses"], &[]).await;
        let receiver = Server::start(|_, seen| Answer::status(if seen.path == "/fail" { 500 } else { 200 })).await;
        let (status, account) = strict.post("/v1/auth/register", &json!({ "email": "strict@example.com" })).await;
        assert_eq!(status, 201, "{account}");
        let strict_key = account["api_key"].as_str().unwrap().to_owned();
        let words = Words::default();
        let [key, rotated_key, quota_key] = [const { String::new() }; 3];
        // As the recorder's client sent them: an echo shows what came in.
        let sent = [("accept", "*/*"), ("accept-encoding", "gzip, deflate"), ("connection", "keep-alive")];
        let headers = sent.map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap())).into_iter().collect();
        let http = reqwest::Client::builder()
            .no_proxy()
            .user_agent("python-httpx/0.28.1")
            .default_headers(headers)
            .timeout(PATIENCE)
            .build()
            .unwrap();
        Stage { http, tower, strict, receiver, words, key, rotated_key, strict_key, quota_key }
    }

    /// The recorded request, with what is live in it.
    async fn play(&self, sample: &Sample) -> Back {
        let asked = &sample.request;
        let base = if between::is_strict(sample.number) { &self.strict.agents } else { &self.tower.agents };
        let path: Vec<String> = asked["path"].as_str().unwrap().split('/').map(|word| self.words.live(word)).collect();
        let mut url = format!("{base}{}", path.join("/"));
        for (at, (name, value)) in asked["params"].as_object().into_iter().flatten().enumerate() {
            let value = value.as_str().map_or_else(|| value.to_string(), |word| self.words.live(word));
            write!(url, "{}{name}={value}", if at == 0 { '?' } else { '&' }).unwrap();
        }
        let method: Method = asked["method"].as_str().unwrap().parse().unwrap();
        let mut request = self.http.request(method, &url);
        for (name, value) in asked["headers"].as_object().into_iter().flatten() {
            let value = match name.as_str() {
                "Authorization" => format!("Bearer {}", self.credential(sample.number)),
                _ => self.words.live(value.as_str().unwrap()),
            };
            request = request.header(name, value);
        }
        let body = match &asked["json"] {
            Value::Null => None,
            Value::String(_) if sample.status == 413 => Some("x".repeat(OVER_ONE_MIB)),
            Value::String(text) => Some(text.clone()),
            body => Some(self.body(sample, body).to_string()),
        };
        if let Some(body) = body {
            let has_type = asked["headers"].get("Content-Type").is_some();
            let request_of = if has_type { request } else { request.header("content-type", "application/json") };
            request = request_of.body(body);
        }
        self.answer(request, &url).await
    }

    async fn answer(&self, request: reqwest::RequestBuilder, url: &str) -> Back {
        let response = request.send().await.unwrap_or_else(|error| panic!("{url} was not answered: {error:?}"));
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let text = response.text().await.unwrap();
        Back { status, headers, json: serde_json::from_str(&text).unwrap_or(json!({ "_text": text })) }
    }

    /// A recorded body with live ids, its receiver, and its instants as far ahead as they were.
    fn body(&self, sample: &Sample, body: &Value) -> Value {
        let mut body = self.words.live_in(body);
        let hook = |path: &str| json!(format!("{}{path}", self.receiver.url));
        if !between::is_strict(sample.number) {
            words::each_string(&mut body, &mut |word| {
                if *word == json!("http://93.184.216.34/hook") {
                    *word = hook("/hook");
                }
            });
            // Where the recorder had pointed them when they fired.
            match sample.number {
                137 => body["callback"]["url"] = hook("/ok"),
                138 => {
                    body["callback"]["url"] = hook("/fail");
                    body["on_failure"]["webhook"] = hook("/onfail");
                }
                _ => {}
            }
        }
        for pointer in ["/schedule/at", "/send_at"] {
            let Some(instant) = body.pointer_mut(pointer) else { continue };
            // In the past on purpose: 029.
            if let Some(recorded_at) = sample.recorded_at.filter(|_| sample.status < 400) {
                *instant = json!(words::as_far_ahead(instant.as_str().unwrap(), recorded_at));
            }
        }
        body
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_recorded_of_cueapi_is_answered_alike() {
    let samples = samples();
    assert_eq!(samples.len(), 208);
    let mut stage = Stage::set().await;
    let mut differing: BTreeMap<u16, String> = BTreeMap::new();
    for sample in &samples {
        stage.before(sample).await;
        let began = tokio::time::Instant::now();
        let (back, found) = loop {
            let back = match sample.number {
                208 => stage.hurried().await,
                _ => stage.play(sample).await,
            };
            let found = agree::differences(sample, &back);
            let wait = WAITED_FOR.contains(&sample.number) && !found.is_empty() && began.elapsed() < PATIENCE;
            if !wait {
                break (back, found);
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        };
        stage.after(sample, &back);
        if !found.is_empty() {
            let request = format!("{} {}", sample.request["method"], sample.request["path"]).replace('"', "");
            let words = format!(
                "{:03} {} ({request}): {}\n      recorded {} {}\n      live     {} {}\n",
                sample.number,
                sample.name,
                found.join("; "),
                sample.status,
                agree::short(&sample.answer),
                back.status,
                agree::short(&back.json)
            );

            differing.insert(sample.number, words);
        }
    }
    let told: Vec<u16> = DIFFER.iter().map(|(number, ..)| *number).collect();
    assert!(told.len() <= DIFFER_MAX && told.is_sorted(), "{} differences are told of", told.len());
    let untold: String =
        differing.iter().filter(|(number, _)| !told.contains(number)).map(|(_, words)| words.as_str()).collect();
    let agreeing: Vec<u16> = told.into_iter().filter(|number| !differing.contains_key(number)).collect();
    assert!(untold.is_empty(), "{} differ; these are not in the table of differences:\n{untold}", differing.len());
    assert!(agreeing.is_empty(), "these are in the table of differences and agree: {agreeing:?}");
    hooks::agree(&stage).await;
}
