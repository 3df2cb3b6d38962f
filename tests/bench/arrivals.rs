//! The agent's side of a delivery: a receiver that notes when the first byte of each request came. Written on the socket
//! itself, so that the noting is exact and what it costs is not the tower's.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use chrono::DateTime;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{JoinHandle, JoinSet};

use crate::machine::now_us;

const HEADER: &str = "x-cueapi-scheduled-for:";
/// An outcome, so that the run ends with it.
const ANSWER: &[u8] =
    b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 16\r\n\r\n{\"success\":true}";

/// One delivery.
#[derive(Debug, Clone, Copy)]
pub struct Arrival {
    /// When it was due, in Unix microseconds.
    pub due_us: i64,
    /// When its first byte was here, in Unix microseconds.
    pub at_us: i64,
}

impl Arrival {
    #[must_use]
    pub fn late_ms(&self) -> f64 {
        (self.at_us - self.due_us) as f64 / 1e3
    }
}

/// Ends with its drop.
pub struct Arrivals {
    /// "http://127.0.0.1:40125/".
    pub url: String,
    seen: Arc<Mutex<Vec<Arrival>>>,
    serving: JoinHandle<()>,
}

impl Arrivals {
    pub async fn start() -> Arrivals {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port is there");
        let url = format!("http://{}/", listener.local_addr().expect("it is bound"));
        let seen: Arc<Mutex<Vec<Arrival>>> = Arc::default();
        let noted = Arc::clone(&seen);
        let serving = tokio::spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                connections.spawn(serve(stream, Arc::clone(&noted)));
                while connections.try_join_next().is_some() {}
            }
        });
        Arrivals { url, seen, serving }
    }

    /// Those due in `[from_us, to_us)`.
    #[must_use]
    pub fn due_between(&self, from_us: i64, to_us: i64) -> Vec<Arrival> {
        let seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        seen.iter().filter(|arrival| (from_us..to_us).contains(&arrival.due_us)).copied().collect()
    }

    /// The same, once there are `count` or the patience is over.
    pub async fn wait(&self, count: usize, from_us: i64, to_us: i64, patience: Duration) -> Vec<Arrival> {
        let until = now_us() + i64::try_from(patience.as_micros()).expect("patience is short");
        loop {
            let found = self.due_between(from_us, to_us);
            if found.len() >= count || now_us() > until {
                return found;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }
}

impl Drop for Arrivals {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

async fn serve(mut stream: TcpStream, seen: Arc<Mutex<Vec<Arrival>>>) {
    drop(stream.set_nodelay(true));
    let mut bytes = Vec::with_capacity(4096);
    let mut first_us = 0;
    loop {
        let begins = bytes.is_empty();
        match stream.read_buf(&mut bytes).await {
            Ok(0) | Err(_) => return,
            Ok(_) if begins => first_us = now_us(),
            Ok(_) => {}
        }
        let Some((length, due_us)) = whole(&bytes) else { continue };
        bytes.drain(..length);
        seen.lock().unwrap_or_else(PoisonError::into_inner).push(Arrival { due_us, at_us: first_us });
        if stream.write_all(ANSWER).await.is_err() {
            return;
        }
    }
}

/// The length of the request and when it was due, once it is here whole.
fn whole(bytes: &[u8]) -> Option<(usize, i64)> {
    let end = bytes.windows(4).position(|four| four == b"\r\n\r\n")? + 4;
    let head = String::from_utf8_lossy(&bytes[..end]).to_ascii_lowercase();
    let value = |name: &str| head.lines().find_map(|line| line.strip_prefix(name)).map(str::trim);
    let body: usize = value("content-length:").map_or(0, |text| text.parse().expect("a length is a number"));
    let due = value(HEADER).expect("every delivery says what it was scheduled for").to_ascii_uppercase();
    let due = DateTime::parse_from_rfc3339(&due).expect("an instant of RFC 3339");
    (bytes.len() >= end + body).then_some((end + body, due.timestamp_micros()))
}
