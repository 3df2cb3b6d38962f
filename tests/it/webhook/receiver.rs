//! A receiver without manners: plain sockets, one script for what follows each request.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;

/// What the receiver does once it has read a request whole.
#[derive(Debug, Clone)]
pub enum Does {
    /// Says nothing, and keeps the connection.
    Hangs,
    /// Says nothing until this is true, and then hangs up.
    Waits(watch::Receiver<bool>),
    /// Ends the connection with a reset.
    Resets,
    /// Says this, and closes.
    Says(String),
    /// Says this, then one byte ten times a second for as long as somebody listens.
    Trickles(&'static str),
}

/// Ends with its drop.
pub struct Receiver {
    /// "127.0.0.1:40125"
    pub at: String,
    requests: watch::Receiver<Vec<String>>,
    _serving: JoinSet<()>,
}

impl Receiver {
    /// `script` gets how many requests came before.
    pub async fn start(script: impl Fn(usize) -> Does + Send + Sync + 'static) -> Receiver {
        Receiver::start_at([127, 0, 0, 1].into(), script).await
    }

    /// At another address of this machine.
    pub async fn start_at(address: IpAddr, script: impl Fn(usize) -> Does + Send + Sync + 'static) -> Receiver {
        let listener = TcpListener::bind((address, 0)).await.unwrap();
        let at = listener.local_addr().unwrap().to_string();
        let (sender, requests) = watch::channel(Vec::new());
        let (sender, script) = (Arc::new(sender), Arc::new(script));
        let mut serving = JoinSet::new();
        serving.spawn(async move {
            let mut serving = JoinSet::new();
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                serving.spawn(serve(stream, Arc::clone(&sender), Arc::clone(&script)));
            }
        });
        Receiver { at, requests, _serving: serving }
    }

    pub fn url(&self) -> String {
        format!("http://{}/run", self.at)
    }

    /// Every request so far: head and body as they came.
    pub fn requests(&self) -> Vec<String> {
        self.requests.borrow().clone()
    }

    /// Once there are so many.
    pub async fn requests_at_least(&self, count: usize, limit: Duration) -> Vec<String> {
        let mut requests = self.requests.clone();
        let waited = tokio::time::timeout(limit, requests.wait_for(|requests| requests.len() >= count)).await;
        assert!(waited.is_ok(), "{} of {count} requests came within {limit:?}", self.requests().len());
        self.requests()
    }
}

/// The value of a header of a request, by its name in small letters; "" if it is not there.
pub fn header<'a>(request: &'a str, name: &str) -> &'a str {
    let head = request.split("\r\n\r\n").next().unwrap_or_default();
    let mut pairs = head.lines().filter_map(|line| line.split_once(": "));
    pairs.find(|(found, _)| found.eq_ignore_ascii_case(name)).map(|(_, value)| value).unwrap_or_default()
}

async fn serve(
    mut stream: TcpStream,
    requests: Arc<watch::Sender<Vec<String>>>,
    script: Arc<impl Fn(usize) -> Does + Send + Sync + 'static>,
) {
    let Some(request) = read_request(&mut stream).await else { return };
    let mut before = 0;
    requests.send_modify(|requests| {
        before = requests.len();
        requests.push(request);
    });
    match script(before) {
        Does::Hangs => std::future::pending().await,
        Does::Waits(mut released) => drop(released.wait_for(|released| *released).await),
        Does::Resets => stream.set_zero_linger().unwrap(),
        Does::Says(text) => {
            stream.write_all(text.as_bytes()).await.unwrap();
            let _ = stream.shutdown().await;
        }
        Does::Trickles(text) => {
            let mut said = stream.write_all(text.as_bytes()).await;
            while said.is_ok() {
                tokio::time::sleep(Duration::from_millis(100)).await;
                said = stream.write_all(b".").await;
            }
        }
    }
}

/// None if the other end hung up before it was whole.
async fn read_request(stream: &mut TcpStream) -> Option<String> {
    let mut bytes = Vec::new();
    loop {
        let mut piece = [0; 4096];
        let read = stream.read(&mut piece).await.ok().filter(|read| *read > 0)?;
        bytes.extend_from_slice(&piece[..read]);
        let text = String::from_utf8_lossy(&bytes).into_owned();
        if let Some((_, body)) = text.split_once("\r\n\r\n")
            && body.len() >= header(&text, "content-length").parse().unwrap_or(0)
        {
            return Some(text);
        }
    }
}
