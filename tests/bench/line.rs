//! Agents that ask as fast as they are answered: prebuilt requests on connections that stay open, written and read on the
//! socket itself on one thread, so that the asking takes as little as it can of the cores it shares with the tower.

use std::time::Instant;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::task::JoinSet;

/// Whom to ask, and as whom.
#[derive(Debug, Clone)]
pub struct Door {
    /// "127.0.0.1:40123".
    pub host: String,
    /// An API key, or the token of a run.
    pub bearer: String,
}

impl Door {
    /// `url`: "http://127.0.0.1:40123".
    #[must_use]
    pub fn new(url: &str, bearer: &str) -> Door {
        Door { host: url.trim_start_matches("http://").to_owned(), bearer: bearer.to_owned() }
    }

    /// The whole text of a request.
    #[must_use]
    pub fn request(&self, method: &str, path: &str, body: &str) -> Vec<u8> {
        let Door { host, bearer } = self;
        let length = body.len();
        format!(
            "{method} {path} HTTP/1.1\r\nhost: {host}\r\nauthorization: Bearer {bearer}\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n\r\n{body}"
        )
        .into_bytes()
    }
}

/// What came of it.
#[derive(Debug)]
pub struct Answers {
    /// From the first request to the last answer.
    pub seconds: f64,
    /// How long each was waited for, in milliseconds.
    pub waits_ms: Vec<f64>,
    /// The bodies, connection by connection in the order of the requests.
    pub bodies: Vec<Vec<String>>,
}

impl Answers {
    #[must_use]
    pub fn per_s(&self) -> f64 {
        self.waits_ms.len() as f64 / self.seconds
    }
}

/// Asks on as many connections as there are lists, each list in its order: the next one when the one before is answered.
///
/// # Panics
/// If one of them is answered with anything but success.
pub async fn ask(host: &str, lists: Vec<Vec<Vec<u8>>>) -> Answers {
    let host = host.to_owned();
    let asking = tokio::task::spawn_blocking(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("the runtime starts");
        runtime.block_on(ask_here(&host, lists))
    });
    asking.await.expect("every request is answered")
}

async fn ask_here(host: &str, lists: Vec<Vec<Vec<u8>>>) -> Answers {
    let mut streams = Vec::new();
    for _ in &lists {
        let stream = TcpStream::connect(host).await.expect("the tower listens");
        stream.set_nodelay(true).expect("it can be told not to wait");
        streams.push(stream);
    }
    let begun = Instant::now();
    let mut asking = JoinSet::new();
    for (place, (stream, list)) in streams.into_iter().zip(lists).enumerate() {
        asking.spawn(async move { (place, one_line(stream, list).await) });
    }
    let mut all = asking.join_all().await;
    let seconds = begun.elapsed().as_secs_f64();
    all.sort_by_key(|(place, _)| *place);
    let (waits, bodies): (Vec<_>, Vec<_>) = all.into_iter().map(|(_, answers)| answers).unzip();
    Answers { seconds, waits_ms: waits.concat(), bodies }
}

async fn one_line(mut stream: TcpStream, list: Vec<Vec<u8>>) -> (Vec<f64>, Vec<String>) {
    let (mut waits_ms, mut bodies) = (Vec::with_capacity(list.len()), Vec::with_capacity(list.len()));
    let mut bytes = Vec::with_capacity(4096);
    for request in list {
        let asked = Instant::now();
        stream.write_all(&request).await.expect("the tower reads");
        let (head, length) = loop {
            let read = stream.read_buf(&mut bytes).await.expect("the tower answers");
            assert!(read > 0, "the tower hung up on {}", String::from_utf8_lossy(&request));
            match whole(&bytes) {
                Some(found) => break found,
                None => continue,
            }
        };
        waits_ms.push(asked.elapsed().as_secs_f64() * 1e3);
        let body = String::from_utf8_lossy(&bytes[head..length]).into_owned();
        let good = bytes.starts_with(b"HTTP/1.1 2");
        assert!(good, "{}\n{}", String::from_utf8_lossy(&request), String::from_utf8_lossy(&bytes));
        bodies.push(body);
        bytes.drain(..length);
    }
    (waits_ms, bodies)
}

/// Where the body begins and ends, once it is here whole.
fn whole(bytes: &[u8]) -> Option<(usize, usize)> {
    const LENGTH: &[u8] = b"\r\ncontent-length: ";
    let head = bytes.windows(4).position(|four| four == b"\r\n\r\n")? + 4;
    let named = bytes[..head].windows(LENGTH.len()).position(|here| here.eq_ignore_ascii_case(LENGTH));
    let digits = named.map(|at| &bytes[at + LENGTH.len()..head]).unwrap_or_default();
    let length = digits.iter().take_while(|byte| byte.is_ascii_digit());
    let length = length.fold(0, |sum: usize, digit| sum * 10 + usize::from(digit - b'0'));
    (bytes.len() >= head + length).then_some((head, head + length))
}

/// Deals them out to so many connections.
#[must_use]
pub fn dealt<T>(all: impl IntoIterator<Item = T>, connections: usize) -> Vec<Vec<T>> {
    let mut lists: Vec<Vec<T>> = (0..connections).map(|_| Vec::new()).collect();
    for (number, one) in all.into_iter().enumerate() {
        lists[number % connections].push(one);
    }
    lists
}
