//! `mcp`: lines of JSON-RPC from standard input go to the tower's `/mcp` as they are, and its answers come out. What they mean is
//! the tower's own (`receive/mcp`); here is only what the protocol says beside the message in HTTP's headers.

use std::collections::HashMap;
use std::io::{BufRead as _, Write as _};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use reqwest::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use serde_json::{Value, json};
use tokio::sync::{Semaphore, mpsc};
use tokio::task::{AbortHandle, JoinSet};

use crate::args::McpArgs;
use crate::owner::{no_tower, root_of};
use crate::presence;
use crate::tower::Options;

const CONNECT_LIMIT: Duration = Duration::from_secs(5);
/// The tower answers within 30 s.
const ANSWER_LIMIT: Duration = Duration::from_secs(60);
/// A tower that answered before and is away now starts again, perhaps; nothing is sent twice.
const PAUSES: [Duration; 5] = [
    Duration::from_millis(250),
    Duration::from_millis(750),
    Duration::from_secs(2),
    Duration::from_secs(4),
    Duration::from_secs(8),
];
/// Requests under way at once; more wait here.
const AT_ONCE: usize = 32;
/// After the client hung up, for what is under way.
const LAST_WORDS: Duration = Duration::from_secs(5);

/// JSON-RPC's words for what is no JSON, and for what went wrong on the way.
const PARSE_ERROR: i64 = -32700;
const ON_THE_WAY: i64 = -32000;
/// Where a message of 2026-07-28 or later says which version it speaks.
const VERSION_IN_META: &str = "io.modelcontextprotocol/protocolVersion";

pub async fn obey(args: McpArgs, data: Option<PathBuf>) -> Result<(), String> {
    let carrier = Arc::new(Carrier::new(args, data)?);
    let mut lines = lines();
    let mut under_way = JoinSet::new();
    let mut handles: HashMap<String, AbortHandle> = HashMap::new();
    while let Some(line) = lines.recv().await {
        while under_way.try_join_next().is_some() {}
        handles.retain(|_, handle| !handle.is_finished());
        if line.trim_ascii().is_empty() {
            continue;
        }
        let Ok(message) = serde_json::from_slice::<Value>(&line) else {
            say(refusal(&Value::Null, PARSE_ERROR, "This line is not JSON.", None).to_string().as_bytes())?;
            continue;
        };
        match (message["method"].as_str(), message.get("id")) {
            (Some("notifications/cancelled"), None) => {
                if let Some(handle) = handles.remove(&message["params"]["requestId"].to_string()) {
                    handle.abort();
                }
            }
            (Some(_), id) => {
                let (carrier, id) = (Arc::clone(&carrier), id.cloned());
                let name = id.as_ref().map(Value::to_string);
                let handle = under_way.spawn(async move { carrier.carry(line, message, id).await });
                handles.extend(name.map(|name| (name, handle)));
            }
            // An answer to a question that the tower never asks, or a batch, which the protocol no longer has.
            (None, _) => {
                let words = "This is no request of JSON-RPC 2.0.";
                say(refusal(&Value::Null, -32600, words, None).to_string().as_bytes())?;
            }
        }
    }
    // What it still hears, it is told.
    drop(tokio::time::timeout(LAST_WORDS, async { while under_way.join_next().await.is_some() {} }).await);
    Ok(())
}

/// What the client writes, line by line, until it hangs up. Standard input has to be waited for by a thread.
fn lines() -> mpsc::Receiver<Vec<u8>> {
    let (sender, receiver) = mpsc::channel(16);
    std::thread::spawn(move || {
        let mut input = std::io::stdin().lock();
        loop {
            let mut line = Vec::new();
            match input.read_until(b'\n', &mut line) {
                Ok(0) | Err(_) => return,
                Ok(_) if sender.blocking_send(line).is_err() => return,
                Ok(_) => {}
            }
        }
    });
    receiver
}

/// One message is one line.
fn say(message: &[u8]) -> Result<(), String> {
    let line: Vec<u8> = message.iter().map(|byte| if *byte == b'\n' { b' ' } else { *byte }).chain([b'\n']).collect();
    let mut out = std::io::stdout().lock();
    out.write_all(&line).and_then(|()| out.flush()).map_err(|error| format!("The client hung up: {error}."))
}

fn refusal(id: &Value, code: i64, message: &str, data: Option<Value>) -> Value {
    let mut error = json!({ "code": code, "message": message });
    if let Some(data) = data {
        error["data"] = data;
    }
    json!({ "jsonrpc": "2.0", "id": id, "error": error })
}

struct Carrier {
    http: reqwest::Client,
    place: Place,
    seats: Semaphore,
    /// The version that was agreed on, once one was.
    agreed: Mutex<Option<String>>,
    /// Where the key that it shows stands, if it shows one.
    key_env: Option<String>,
    /// There is a tower, or was.
    was_there: AtomicBool,
}

enum Place {
    /// "http://127.0.0.1:8737"
    At(String),
    /// Where the tower on this folder is: after a start it may be elsewhere.
    Of { folder: PathBuf, named: bool },
}

/// Why there is no answer. `unsent`: it can be tried again without harm.
struct Lost {
    words: String,
    unsent: bool,
}

impl Carrier {
    fn new(args: McpArgs, data: Option<PathBuf>) -> Result<Carrier, String> {
        let said = |name: &str| std::env::var(name).ok().map(|value| value.trim().to_owned()).filter(|v| !v.is_empty());
        let (key, token) = (said(&args.key_env), said("CUETOWER_TOKEN"));
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT, HeaderValue::from_static("application/json, text/event-stream"));
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        let mut show = |name: HeaderName, variable: &str, value: String| {
            let mut value = HeaderValue::try_from(value).map_err(|_| format!("{variable} holds no key or token."))?;
            value.set_sensitive(true);
            headers.insert(name, value);
            Ok::<(), String>(())
        };
        match (&key, &token) {
            (None, None) => {
                return Err(format!(
                    "Nobody would be let in: set {} to an API key (`cuetowerctl key add NAME --scopes cues,report` makes one).",
                    args.key_env
                ));
            }
            (Some(key), _) => show(AUTHORIZATION, &args.key_env, format!("Bearer {key}"))?,
            (None, Some(_)) => {}
        }
        if let Some(token) = &token {
            show(HeaderName::from_static("x-cuetower-run-token"), "CUETOWER_TOKEN", token.clone())?;
        }
        let place = match args.url.or_else(|| token.is_some().then(|| said("CUETOWER_URL")).flatten()) {
            Some(url) => Place::At(base_of(&url)?),
            None => {
                let named = data.is_some();
                let folder = Options { data, ..Options::default() }.folder().map_err(|error| error.to_string())?;
                Place::Of { folder, named }
            }
        };
        let http = reqwest::Client::builder()
            .default_headers(headers)
            .redirect(reqwest::redirect::Policy::none())
            .connect_timeout(CONNECT_LIMIT)
            .timeout(ANSWER_LIMIT);
        let is_near = match &place {
            Place::Of { .. } => true,
            Place::At(url) => ["127.0.0.1", "localhost", "[::1]"].iter().any(|name| url.contains(name)),
        };
        let http = if is_near { http.no_proxy() } else { http };
        let http = http.build().map_err(|error| format!("The program could not begin: {}.", root_of(&error)))?;
        Ok(Carrier {
            http,
            place,
            seats: Semaphore::new(AT_ONCE),
            agreed: Mutex::default(),
            key_env: key.map(|_| args.key_env),
            was_there: AtomicBool::default(),
        })
    }

    /// Carries one message, and says what came of it; a notification has no answer.
    async fn carry(&self, line: Vec<u8>, message: Value, id: Option<Value>) {
        let _seat = self.seats.acquire().await;
        let beside = self.headers_of(&message);
        let answer = self.answered(line, beside).await;
        let Some(id) = id else { return };
        let told = match answer {
            Ok((status, content)) => told(&id, status, content, self.key_env.as_deref()),
            Err(lost) => refusal(&id, ON_THE_WAY, &lost.words, None).to_string().into_bytes(),
        };
        if message["method"] == "initialize" {
            let answer: Value = serde_json::from_slice(&told).unwrap_or_default();
            let agreed = answer["result"]["protocolVersion"].as_str().map(str::to_owned);
            *self.agreed.lock().unwrap_or_else(PoisonError::into_inner) = agreed;
        }
        // A client that hung up closes standard input too, which ends the program.
        drop(say(&told));
    }

    async fn answered(&self, line: Vec<u8>, beside: HeaderMap) -> Result<(u16, Vec<u8>), Lost> {
        let tries = if self.was_there.load(Ordering::Relaxed) { &PAUSES[..] } else { &[] };
        let mut pauses = tries.iter();
        loop {
            match (self.once(&line, &beside).await, pauses.next()) {
                (Err(lost), Some(pause)) if lost.unsent => tokio::time::sleep(*pause).await,
                (answer, _) => return answer,
            }
        }
    }

    async fn once(&self, line: &[u8], beside: &HeaderMap) -> Result<(u16, Vec<u8>), Lost> {
        let unsent = |words| Lost { words, unsent: true };
        let url = format!("{}/mcp", self.base().map_err(unsent)?);
        let request = self.http.post(&url).headers(beside.clone()).body(line.to_vec());
        let lost = |error: reqwest::Error| Lost {
            words: format!("The tower at {url} did not answer: {}.", root_of(&error)),
            unsent: error.is_connect(),
        };
        let response = request.send().await.map_err(lost)?;
        self.was_there.store(true, Ordering::Relaxed);
        let status = response.status().as_u16();
        Ok((status, response.bytes().await.map_err(lost)?.to_vec()))
    }

    fn base(&self) -> Result<String, String> {
        match &self.place {
            Place::At(url) => Ok(url.clone()),
            Place::Of { folder, named } if presence::is_held(folder) => match presence::doors(folder) {
                Some((doors, _)) => Ok(doors.agents),
                None => Err(no_tower(folder, *named)),
            },
            Place::Of { folder, named } => Err(no_tower(folder, *named)),
        }
    }

    /// What HTTP says of a message beside it.
    fn headers_of(&self, message: &Value) -> HeaderMap {
        let params = &message["params"];
        let method = message["method"].as_str().unwrap_or_default();
        let own = params["_meta"][VERSION_IN_META].as_str().map(str::to_owned);
        let agreed = || self.agreed.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let version = if method == "initialize" { None } else { own.or_else(agreed) };
        let name = match method {
            "tools/call" | "prompts/get" => params["name"].as_str(),
            "resources/read" | "resources/subscribe" | "resources/unsubscribe" => params["uri"].as_str(),
            _ => None,
        };
        let mut headers = HeaderMap::new();
        for (header, value) in
            [("mcp-protocol-version", version.as_deref()), ("mcp-method", Some(method)), ("mcp-name", name)]
        {
            // What is no header is no name of ours either; the tower says so.
            if let Some(value) = value.and_then(|value| HeaderValue::from_str(value).ok()) {
                headers.insert(HeaderName::from_static(header), value);
            }
        }
        headers
    }
}

/// What the tower answered, as the answer to this request.
fn told(id: &Value, status: u16, content: Vec<u8>, key_env: Option<&str>) -> Vec<u8> {
    let answer: Value = serde_json::from_slice(&content).unwrap_or_default();
    if answer["jsonrpc"] == "2.0" {
        return content;
    }
    let error = &answer["error"];
    let text = String::from_utf8_lossy(&content);
    let words = error["message"].as_str().unwrap_or_else(|| text.trim());
    let words = match (error["code"].as_str(), key_env) {
        // What is no key at all is taken for a session, of which nobody spoke here.
        (Some("invalid_session" | "invalid_api_key"), Some(key_env)) if status == 401 => {
            format!("{key_env} is no key of this tower. `cuetowerctl key add NAME` makes one.")
        }
        _ if words.is_empty() => format!("The tower answered {status}."),
        _ => words.to_owned(),
    };
    let data = json!({ "status": status, "code": error["code"] });
    refusal(id, ON_THE_WAY, &words, Some(data)).to_string().into_bytes()
}

fn base_of(url: &str) -> Result<String, String> {
    let is_one = reqwest::Url::parse(url).is_ok_and(|url| matches!(url.scheme(), "http" | "https"));
    if !is_one {
        return Err(format!("{url} is no address of a tower; http://127.0.0.1:8737 would be."));
    }
    let base = url.trim_end_matches('/');
    Ok(["/mcp", "/v1"].iter().find_map(|end| base.strip_suffix(end)).unwrap_or(base).to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn carrier() -> Carrier {
        let place = Place::At("http://127.0.0.1:9".to_owned());
        let agreed = Mutex::new(Some("2025-11-25".to_owned()));
        Carrier {
            http: reqwest::Client::new(),
            place,
            seats: Semaphore::new(1),
            agreed,
            key_env: None,
            was_there: AtomicBool::default(),
        }
    }

    #[test]
    fn an_address_is_the_door_s() {
        for url in ["http://127.0.0.1:8737", "http://127.0.0.1:8737/", "http://127.0.0.1:8737/mcp"] {
            assert_eq!(base_of(url).unwrap(), "http://127.0.0.1:8737");
        }
        assert!(base_of("127.0.0.1:8737").is_err() && base_of("file:///x").is_err());
    }

    #[test]
    fn headers_say_what_the_message_says() {
        let of = |message: Value| {
            let headers = carrier().headers_of(&message);
            ["mcp-protocol-version", "mcp-method", "mcp-name"]
                .map(|name| headers.get(name).map(|value| value.to_str().unwrap().to_owned()))
        };
        let word = |word: &str| Some(word.to_owned());
        assert_eq!(of(json!({ "method": "initialize" })), [None, word("initialize"), None]);
        let call = json!({ "method": "tools/call", "params": { "name": "list_cues" } });
        assert_eq!(of(call), [word("2025-11-25"), word("tools/call"), word("list_cues")]);
        let read = json!({ "method": "resources/read", "params": {
            "uri": "cuetower://runs/a", "_meta": { "io.modelcontextprotocol/protocolVersion": "2026-07-28" } } });
        assert_eq!(of(read), [word("2026-07-28"), word("resources/read"), word("cuetower://runs/a")]);
        assert_eq!(of(json!({ "method": "tools/call", "params": { "name": "a\nb" } }))[2], None);
    }

    #[test]
    fn a_refusal_is_the_answer_to_the_request() {
        let problem = json!({ "error": { "code": "invalid_api_key", "message": "Invalid API key", "status": 401 } });
        let told: Value =
            serde_json::from_slice(&told(&json!(7), 401, problem.to_string().into_bytes(), None)).unwrap();
        let data = json!({ "status": 401, "code": "invalid_api_key" });
        let error = json!({ "code": -32000, "message": "Invalid API key", "data": data });
        assert_eq!(told, json!({ "jsonrpc": "2.0", "id": 7, "error": error }));
        let own = br#"{"jsonrpc":"2.0","id":7,"result":{}}"#.to_vec();
        assert_eq!(super::told(&json!(7), 200, own.clone(), None), own);
        let empty: Value = serde_json::from_slice(&super::told(&json!("a"), 502, Vec::new(), None)).unwrap();
        assert_eq!(empty["error"]["message"], "The tower answered 502.");
        for code in ["invalid_session", "invalid_api_key", "key_expired"] {
            let problem = json!({ "error": { "code": code, "message": "As the tower says", "status": 401 } });
            let told = super::told(&json!(7), 401, problem.to_string().into_bytes(), Some("CUETOWER_API_KEY"));
            let told = String::from_utf8(told).unwrap();
            let is_expired = code == "key_expired";
            assert_eq!(told.contains("CUETOWER_API_KEY is no key of this tower."), !is_expired, "{told}");
            assert_eq!(told.contains("As the tower says"), is_expired, "{told}");
        }
    }
}
