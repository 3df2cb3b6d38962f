//! Runs that were delivered and now wait for their agent's word: fired by hand through the agents' door, each with the token
//! that came with its delivery.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use cuetower_tests::{Tower, until};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

use crate::line::{Door, ask, dealt};

/// Cues created, and fired, at once: the tower commits them in groups.
const AT_ONCE: usize = 48;
/// For all of them to be delivered.
const PATIENCE: Duration = Duration::from_secs(300);
/// Taken, and nothing said about how it went.
const ANSWER: &[u8] = b"HTTP/1.1 202 Accepted\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{}";

/// A run under way.
#[derive(Debug, Clone)]
pub struct AtWork {
    pub id: String,
    pub token: String,
}

type Delivered = Arc<Mutex<BTreeMap<String, String>>>;

/// So many runs, each of a cue of its own.
pub async fn runs(tower: &Tower, count: usize) -> Vec<AtWork> {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port is there");
    let url = format!("http://{}/", listener.local_addr().expect("it is bound"));
    let delivered = Delivered::default();
    let serving = tokio::spawn(serve_all(listener, Arc::clone(&delivered)));
    let door = Door::new(&tower.agents, &tower.key);
    let definition = |number: usize| {
        json!({
            "name": format!("bench {number}"), "transport": "webhook", "callback": { "url": url },
            "schedule": { "type": "manual" }, "delivery": { "outcome_deadline_seconds": 3_600 },
        })
    };
    let created = (0..count).map(|number| door.request("POST", "/v1/cues", &definition(number).to_string()));
    let created = ask(&door.host, dealt(created, AT_ONCE)).await;
    let id = |body: &String| {
        let cue: Value = serde_json::from_str(body).expect("a cue is JSON");
        cue["id"].as_str().expect("it has an id").to_owned()
    };
    let fired = created.bodies.concat().iter().map(id).collect::<Vec<_>>();
    let fired = fired.iter().map(|id| door.request("POST", &format!("/v1/cues/{id}/fire"), "{}"));
    ask(&door.host, dealt(fired, AT_ONCE)).await;
    let known = until("the deliveries", PATIENCE, async || {
        let known = delivered.lock().unwrap_or_else(PoisonError::into_inner);
        (known.len() >= count).then(|| known.clone())
    })
    .await;
    // What the receiver answered is written after it was answered, and is no part of what is measured.
    until("the end of the deliveries", PATIENCE, async || {
        let (_, found) = tower.get("/v1/executions?status__in=delivering,pending&limit=1").await;
        (found["total"] == json!(0)).then_some(())
    })
    .await;
    serving.abort();
    known.into_iter().map(|(id, token)| AtWork { id, token }).collect()
}

async fn serve_all(listener: TcpListener, delivered: Delivered) {
    let mut connections = JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        connections.spawn(serve(stream, Arc::clone(&delivered)));
        while connections.try_join_next().is_some() {}
    }
}

async fn serve(mut stream: TcpStream, delivered: Delivered) {
    let mut bytes = Vec::with_capacity(4096);
    while let Ok(1..) = stream.read_buf(&mut bytes).await {
        let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n").map(|at| at + 4) else { continue };
        let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
        let value = |name: &str| {
            let named = |line: &str| {
                let (found, value) = line.split_once(':')?;
                found.eq_ignore_ascii_case(name).then(|| value.trim().to_owned())
            };
            head.lines().find_map(named)
        };
        let body: usize = value("content-length").map_or(0, |text| text.parse().expect("a length is a number"));
        if bytes.len() < end + body {
            continue;
        }
        let run = value("x-cueapi-execution-id").zip(value("x-cuetower-run-token"));
        let (id, token) = run.expect("every delivery names its run");
        delivered.lock().unwrap_or_else(PoisonError::into_inner).insert(id, token);
        bytes.drain(..end + body);
        if stream.write_all(ANSWER).await.is_err() {
            return;
        }
    }
}
