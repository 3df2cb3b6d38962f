//! The clocks of a connection on a virtual clock, and whole conversations over real sockets.

use std::convert::Infallible;
use std::io::ErrorKind;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use hyper::body::Incoming;
use hyper::{Request, Response};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};

use super::stream::{HEAD_MAX, IDLE_MAX, Line, Pace, REST_MAX, Seats};
use super::{Bounds, HEAD_BYTES_MAX, Peer, serve};

const SECOND: Duration = Duration::from_secs(1);

/// A caller, and the line to it.
async fn connected(seats: &Arc<Seats>) -> (DuplexStream, Line<DuplexStream>, Arc<Pace>) {
    let (caller, ours) = tokio::io::duplex(1024);
    let pace = Arc::new(Pace::default());
    let line = Line::new(ours, Arc::clone(&pace), seats.take().await);
    (caller, line, pace)
}

#[tokio::test(start_paused = true)]
async fn a_head_that_trickles_in_is_cut_off_though_something_always_moves() {
    let (mut caller, mut line, _pace) = connected(&Arc::new(Seats::of(1))).await;
    let trickling = tokio::spawn(async move {
        while caller.write_all(b"G").await.is_ok() {
            sleep(SECOND).await;
        }
    });
    let read = async {
        loop {
            if let Err(error) = line.read_u8().await {
                return error.kind();
            }
        }
    };
    assert_eq!(timeout(HEAD_MAX + SECOND, read).await, Ok(ErrorKind::TimedOut));
    drop(line);
    trickling.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn whoever_never_asks_is_sent_away_and_whoever_rests_is_not() {
    let seats = Arc::new(Seats::of(2));
    let (_caller, mut line, _pace) = connected(&seats).await;
    let silent = timeout(HEAD_MAX + SECOND, line.read_u8()).await.expect("it is over by now");
    assert_eq!(silent.unwrap_err().kind(), ErrorKind::TimedOut);

    let (mut caller, mut line, pace) = connected(&seats).await;
    for round in 0..3 {
        caller.write_all(b"head").await.unwrap();
        line.read_exact(&mut [0; 4]).await.unwrap();
        drop(Pace::begin(&pace));
        assert!(timeout(HEAD_MAX * 2, line.read_u8()).await.is_err(), "it may ask again: round {round}");
    }
    let rested = timeout(IDLE_MAX, line.read_u8()).await.expect("not for ever");
    assert_eq!(rested.unwrap_err().kind(), ErrorKind::TimedOut);
}

#[tokio::test(start_paused = true)]
async fn a_second_head_has_its_time_too() {
    let (mut caller, mut line, pace) = connected(&Arc::new(Seats::of(1))).await;
    caller.write_all(b"head").await.unwrap();
    line.read_exact(&mut [0; 4]).await.unwrap();
    drop(Pace::begin(&pace));
    assert!(timeout(HEAD_MAX, line.read_u8()).await.is_err(), "it rests");
    caller.write_all(b"h").await.unwrap();
    line.read_u8().await.unwrap();
    let half = timeout(HEAD_MAX + SECOND, line.read_u8()).await.expect("half a head");
    assert_eq!(half.unwrap_err().kind(), ErrorKind::TimedOut);
}

#[tokio::test(start_paused = true)]
async fn who_rests_gives_its_seat_to_who_waits_and_who_is_answered_does_not() {
    let seats = Arc::new(Seats::of(1));
    let (mut caller, mut line, pace) = connected(&seats).await;
    caller.write_all(b"head").await.unwrap();
    line.read_exact(&mut [0; 4]).await.unwrap();
    let turn = Pace::begin(&pace);
    let waiting = tokio::spawn({
        let seats = Arc::clone(&seats);
        async move { seats.take().await }
    });
    assert!(timeout(REST_MAX * 3, line.read_u8()).await.is_err(), "it is being answered");
    drop(turn);
    let gone = timeout(REST_MAX * 2, line.read_u8()).await.expect("its seat is wanted");
    assert_eq!(gone.unwrap_err().kind(), ErrorKind::TimedOut);
    drop(line);
    drop(waiting.await.unwrap());
}

/// Answers each request with the address that it came from.
async fn door(connections: usize) -> (SocketAddr, oneshot::Sender<()>, JoinHandle<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let at = listener.local_addr().unwrap();
    let echo = tower::service_fn(|request: Request<Incoming>| async move {
        let peer = request.extensions().get::<Peer>().copied().expect("it stands beside each request");
        Ok::<_, Infallible>(Response::new(peer.from.to_string()))
    });
    let (close, closed) = oneshot::channel::<()>();
    let bounds = Bounds { door: "the test's door", connections, tls: None };
    let serving = tokio::spawn(serve(listener, bounds, echo, async move { drop(closed.await) }));
    (at, close, serving)
}

/// What comes back, as far as it comes at once, or until the other side closes.
async fn said(line: &mut TcpStream, request: &str) -> String {
    line.write_all(request.as_bytes()).await.unwrap();
    let mut answer = vec![0; 4096];
    let length = line.read(&mut answer).await.unwrap();
    String::from_utf8_lossy(&answer[..length]).into_owned()
}

#[tokio::test]
async fn a_conversation_goes_on_until_the_door_closes() {
    let (at, close, serving) = door(4).await;
    let mut line = TcpStream::connect(at).await.unwrap();
    let own = line.local_addr().unwrap().to_string();
    for _ in 0..3 {
        let answer = said(&mut line, "GET / HTTP/1.1\r\nHost: x\r\n\r\n").await;
        assert!(answer.starts_with("HTTP/1.1 200") && answer.ends_with(&own), "{answer}");
    }
    drop(close);
    timeout(Duration::from_secs(30), serving).await.expect("whoever rests holds nobody up").unwrap();
    assert_eq!(line.read(&mut [0; 1]).await.unwrap(), 0);
}

#[tokio::test]
async fn too_many_headers_and_too_long_ones_are_431() {
    let (at, _close, _serving) = door(4).await;
    let head = |headers: &str| format!("GET / HTTP/1.1\r\nHost: x\r\n{headers}\r\n");
    let many = |count: usize| (0..count).map(|at| format!("X-{at}: 1\r\n")).collect::<String>();
    let long = |bytes: usize| format!("X: {}\r\n", "x".repeat(bytes));
    for (headers, expected) in
        [(many(60), "HTTP/1.1 200"), (many(64), "HTTP/1.1 431"), (long(60 * 1024), "HTTP/1.1 200")]
    {
        let mut line = TcpStream::connect(at).await.unwrap();
        let answer = said(&mut line, &head(&headers)).await;
        assert!(answer.starts_with(expected), "{} bytes: {answer}", headers.len());
    }
    let mut endless = String::from("GET / HTTP/1.1\r\nHost: x\r\nX: ");
    endless.push_str(&"x".repeat(HEAD_BYTES_MAX - endless.len()));
    let answer = said(&mut TcpStream::connect(at).await.unwrap(), &endless).await;
    assert!(answer.starts_with("HTTP/1.1 431"), "{answer}");
    // Nothing of it is kept: a flood without an end is cut off in the middle.
    let mut line = TcpStream::connect(at).await.unwrap();
    line.write_all(b"GET / HTTP/1.1\r\n").await.unwrap();
    let flood = async { while line.write_all(b"X-More: x\r\n").await.is_ok() {} };
    timeout(Duration::from_secs(60), flood).await.expect("it does not take it in for ever");
}
