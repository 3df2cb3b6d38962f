//! Webhooks against real sockets that answer, hang, break, trickle and lie.

use std::net::SocketAddr;
use std::sync::LazyLock;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::{oneshot, watch};

use super::super::address::kind;
use super::super::resolver::Names;
use super::super::turns::Turns;
use super::*;

/// Accepts one connection, reads one request (head and `Content-Length` bytes), hands both to `then`.
async fn receiver<F, T>(then: F) -> (SocketAddr, oneshot::Receiver<String>)
where
    F: FnOnce(TcpStream) -> T + Send + 'static,
    T: Future<Output = ()> + Send,
{
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("bound");
    let (seen, request) = oneshot::channel();
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.expect("the tower connects");
        let text = read_request(&mut stream).await;
        let _ = seen.send(text);
        then(stream).await;
    });
    (address, request)
}

async fn read_request(stream: &mut TcpStream) -> String {
    let mut bytes = Vec::new();
    loop {
        let mut piece = [0; 4096];
        let read = stream.read(&mut piece).await.expect("readable");
        bytes.extend_from_slice(&piece[..read]);
        let text = String::from_utf8_lossy(&bytes).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head
                .lines()
                .find_map(|line| line.to_ascii_lowercase().strip_prefix("content-length: ").map(str::to_owned));
            if body.len() >= length.map_or(0, |length| length.parse().expect("a number")) {
                return text;
            }
        }
        assert_ne!(read, 0, "the tower hung up in the middle of the request");
    }
}

pub fn request(address: SocketAddr) -> WebhookRequest {
    WebhookRequest {
        method: "POST".into(),
        url: format!("http://{address}/run?token=hush"),
        headers: vec![("Content-Type".into(), "application/json".into()), ("X-One".into(), "1".into())],
        body: b"{\"n\": 1}".to_vec(),
        timeout: Duration::from_secs(20),
        connect_timeout: CONNECT_LIMIT,
        first_byte_timeout: None,
        allow_private: false,
    }
}

/// As the tower's own.
fn client() -> Client {
    static CLIENT: LazyLock<Client> =
        LazyLock::new(|| Client::with(Names::of_the_system(), kind, Turns::of_this_machine()));
    // What is pooled belongs to the runtime of one test, and every test has receivers of its own.
    CLIENT.clone()
}

/// Answers one request on this connection.
pub async fn answer_on(stream: &mut TcpStream, text: &str) {
    read_request(stream).await;
    stream.write_all(text.as_bytes()).await.expect("writable");
}

/// Answers the first request that comes, and hangs up.
pub async fn answer_one(listener: &TcpListener, text: &str) {
    let (mut stream, _) = listener.accept().await.expect("the tower connects");
    answer_on(&mut stream, text).await;
}

/// A receiver that answers one request with this.
pub async fn answering(text: &'static str) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("bound");
    tokio::spawn(async move { answer_one(&listener, text).await });
    address
}

/// A receiver that takes every connection and says nothing.
pub struct Silent {
    pub at: SocketAddr,
    pub connections: watch::Receiver<usize>,
}

pub async fn silent() -> Silent {
    let listener = TcpSocket::new_v4().and_then(|socket| {
        socket.bind(([127, 0, 0, 1], 0).into())?;
        socket.listen(1024)
    });
    let listener = listener.expect("a free port");
    let at = listener.local_addr().expect("bound");
    let (count, connections) = watch::channel(0);
    tokio::spawn(async move {
        let mut held = Vec::new();
        while let Ok((stream, _)) = listener.accept().await {
            held.push(stream);
            count.send_replace(held.len());
        }
    });
    Silent { at, connections }
}

async fn answer(text: &'static str) -> WebhookEnd {
    send(&client(), request(answering(text).await)).await.end
}

async fn end_of(request: WebhookRequest) -> WebhookEnd {
    send(&client(), request).await.end
}

pub fn reason(sent: Sent) -> String {
    match sent.end {
        WebhookEnd::Failed { reason } => reason,
        other => panic!("expected a failure, got {other:?}"),
    }
}

fn unanswered(end: WebhookEnd) -> String {
    match end {
        WebhookEnd::Unanswered { words } => words,
        other => panic!("expected no answer, got {other:?}"),
    }
}

#[tokio::test]
async fn a_request_arrives_as_it_was_given_and_the_answer_comes_back() {
    let (address, seen) = receiver(async |mut stream: TcpStream| {
        stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 16\r\n\r\n{\"success\":true}").await.expect("writable");
    })
    .await;
    let mut request = request(address);
    request.headers.push(("content-TYPE".into(), "application/x-mine".into()));
    let end = end_of(request).await;
    let WebhookEnd::Answered { answer, words } = end else { panic!("{end:?}") };
    assert_eq!((answer.status, answer.retry_after, answer.body_end), (200, None, BodyEnd::Whole));
    assert_eq!(answer.body, "{\"success\":true}");
    assert!(words.starts_with("answered 200 in ") && words.ends_with('s'), "{words}");

    let seen = seen.await.expect("seen").to_ascii_lowercase();
    assert!(seen.starts_with("post /run?token=hush http/1.1\r\n"), "{seen}");
    assert!(seen.contains("\r\ncontent-length: 8\r\n") && !seen.contains("chunked"), "{seen}");
    assert!(
        seen.contains("content-type: application/x-mine") && !seen.contains("application/json"),
        "the later header wins: {seen}"
    );
    assert!(seen.ends_with("\r\n\r\n{\"n\": 1}"), "{seen}");
}

#[tokio::test]
async fn a_get_without_a_body_has_no_length() {
    let (address, seen) = receiver(async |mut stream: TcpStream| {
        stream.write_all(b"HTTP/1.1 204 No Content\r\n\r\n").await.expect("writable")
    })
    .await;
    let end = end_of(WebhookRequest { method: "GET".into(), body: Vec::new(), ..request(address) }).await;
    assert!(matches!(&end, WebhookEnd::Answered { answer, .. } if answer.status == 204), "{end:?}");
    let seen = seen.await.expect("seen").to_ascii_lowercase();
    assert!(!seen.contains("content-length") && !seen.contains("chunked"), "{seen}");
}

#[tokio::test]
async fn a_receiver_that_reads_and_hangs_leaves_the_request_unanswered() {
    for (method, body) in [("POST", b"{}".to_vec()), ("GET", Vec::new())] {
        let (address, _seen) = receiver(async |_stream: TcpStream| std::future::pending().await).await;
        let timeout = Duration::from_millis(300);
        let sent = send(&client(), WebhookRequest { method: method.into(), body, timeout, ..request(address) }).await;
        assert!(sent.elapsed >= timeout, "{method}: {sent:?}");
        assert_eq!(unanswered(sent.end), "sent, and not answered within 300 ms", "{method}");
    }
}

#[tokio::test]
async fn a_head_that_trickles_past_the_time_out_is_no_answer() {
    let (address, _seen) = receiver(async |mut stream: TcpStream| {
        loop {
            stream.write_all(b"HTTP/1.1 200 OK\r\nX-Slow: 1\r\n").await.expect("writable");
            std::future::pending::<()>().await;
        }
    })
    .await;
    let end = end_of(WebhookRequest { timeout: Duration::from_millis(300), ..request(address) }).await;
    assert_eq!(unanswered(end), "sent, and not answered within 300 ms");
}

#[tokio::test]
async fn an_answer_that_does_not_begin_in_time_is_not_waited_for() {
    for (method, body) in [("POST", b"{}".to_vec()), ("GET", Vec::new())] {
        let first_byte_timeout = Some(Duration::from_millis(200));
        let request = WebhookRequest { method: method.into(), body, first_byte_timeout, ..request(silent().await.at) };
        assert_eq!(unanswered(end_of(request).await), "sent, and no answer began within 200 ms", "{method}");
    }
}

#[tokio::test]
async fn an_answer_that_began_in_time_may_take_the_rest() {
    let (address, _seen) = receiver(async |mut stream: TcpStream| {
        stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nha").await.expect("writable");
        tokio::time::sleep(Duration::from_millis(1500)).await;
        stream.write_all(b"lf").await.expect("writable");
    })
    .await;
    let first_byte_timeout = Some(Duration::from_secs(1));
    let end = end_of(WebhookRequest { first_byte_timeout, ..request(address) }).await;
    let WebhookEnd::Answered { answer, .. } = &end else { panic!("{end:?}") };
    assert_eq!((answer.body.as_str(), answer.body_end), ("half", BodyEnd::Whole));
}

#[tokio::test]
async fn a_body_that_trickles_past_the_time_out_is_an_answer_cut_short() {
    let (address, _seen) = receiver(async |mut stream: TcpStream| {
        stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf").await.expect("writable");
        std::future::pending().await
    })
    .await;
    let end = end_of(WebhookRequest { timeout: Duration::from_millis(300), ..request(address) }).await;
    let WebhookEnd::Answered { answer, words } = &end else { panic!("{end:?}") };
    assert_eq!((answer.status, answer.body.as_str()), (200, "half"));
    assert!(words.ends_with("; its body was still coming when the time-out of 300 ms was over"), "{words}");
}

#[tokio::test]
async fn a_body_that_breaks_off_is_an_answer_cut_short() {
    let end = answer("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf").await;
    let WebhookEnd::Answered { answer, words } = &end else { panic!("{end:?}") };
    assert_eq!((answer.body.as_str(), answer.body_end), ("half", BodyEnd::Broken));
    assert!(words.ends_with("; the connection broke in the middle of its body"), "{words}");
}

#[tokio::test]
async fn a_huge_answer_is_kept_to_its_bound() {
    let (address, _seen) = receiver(async |mut stream: TcpStream| {
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await;
        while stream.write_all(&[b'x'; 8192]).await.is_ok() {}
    })
    .await;
    let end = end_of(request(address)).await;
    let WebhookEnd::Answered { answer, words } = &end else { panic!("{end:?}") };
    assert_eq!((answer.body.len(), answer.body_end), (BODY_KEPT_BYTES, BodyEnd::Long));
    assert!(words.ends_with("; only the first 64 KiB of its body were read"), "{words}");
}

#[tokio::test]
async fn a_redirect_is_an_answer_and_is_not_followed() {
    let end =
        answer("HTTP/1.1 302 Found\r\nLocation: http://169.254.169.254/latest/meta-data\r\nContent-Length: 0\r\n\r\n")
            .await;
    let WebhookEnd::Answered { answer, words } = &end else { panic!("{end:?}") };
    assert_eq!(answer.status, 302);
    assert!(words.ends_with(", pointing to 169.254.169.254; redirects are not followed"), "{words}");
}

#[tokio::test]
async fn retry_after_is_read_as_seconds_or_as_a_date() {
    let waits = async |text| match answer(text).await {
        WebhookEnd::Answered { answer, .. } => answer.retry_after,
        other => panic!("{other:?}"),
    };
    let second = Duration::from_secs(1);
    assert_eq!(waits("HTTP/1.1 503 Busy\r\nRetry-After: 7\r\nContent-Length: 0\r\n\r\n").await, Some(7 * second));
    assert_eq!(
        waits("HTTP/1.1 503 Busy\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\nRetry-After: Sun, 06 Nov 1994 08:50:07 GMT\r\nContent-Length: 0\r\n\r\n").await,
        Some(30 * second)
    );
    assert_eq!(waits("HTTP/1.1 503 Busy\r\nRetry-After: soon\r\nContent-Length: 0\r\n\r\n").await, None);
}

#[tokio::test]
async fn a_connection_that_breaks_after_the_request_says_so() {
    let (address, _seen) = receiver(async |stream: TcpStream| drop(stream)).await;
    assert_eq!(
        reason(send(&client(), request(address)).await),
        format!("the request was sent whole, and {address} closed the connection without an answer")
    );

    let (address, _seen) = receiver(async |stream: TcpStream| stream.set_zero_linger().expect("a socket option")).await;
    assert_eq!(
        reason(send(&client(), request(address)).await),
        format!("the request was sent whole, and {address} broke the connection without an answer")
    );
}

#[tokio::test]
async fn an_answer_that_is_not_http_says_so() {
    let end = answer("220 mail.example.com ESMTP\r\n").await;
    assert!(
        matches!(&end, WebhookEnd::Failed { reason } if reason.ends_with("answered with something that is not HTTP")),
        "{end:?}"
    );
}

#[tokio::test]
async fn a_closed_port_and_an_unknown_name_say_so() {
    let free = TcpListener::bind("127.0.0.1:0").await.expect("a free port").local_addr().expect("bound");
    assert_eq!(reason(send(&client(), request(free)).await), format!("connection refused by {free}"));

    let unknown = WebhookRequest { url: "http://no-such-host.invalid/".into(), ..request(free) };
    assert_eq!(reason(send(&client(), unknown).await), "the name no-such-host.invalid could not be resolved");
}

#[tokio::test]
async fn a_host_that_never_lets_us_connect_is_a_failure_and_not_unanswered() {
    let socket = TcpSocket::new_v4().expect("a socket");
    socket.bind("127.0.0.1:0".parse().expect("an address")).expect("a free port");
    let listener = socket.listen(0).expect("listening");
    let address = listener.local_addr().expect("bound");
    // A full backlog lets every further connection attempt hang, as a host behind a silent firewall does.
    let mut held = Vec::new();
    while let Ok(Ok(stream)) = tokio::time::timeout(Duration::from_millis(200), TcpStream::connect(address)).await {
        held.push(stream);
    }
    for (method, body) in [("POST", b"{}".to_vec()), ("GET", Vec::new())] {
        let short = Duration::from_millis(300);
        for (timeout, connect_timeout) in [(short, CONNECT_LIMIT), (CONNECT_LIMIT, short)] {
            let request = WebhookRequest {
                method: method.into(),
                body: body.clone(),
                timeout,
                connect_timeout,
                ..request(address)
            };
            let expected = format!("no connection to {address} within 300 ms");
            assert_eq!(reason(send(&client(), request).await), expected, "{method}");
        }
    }
}

#[tokio::test]
async fn a_receiver_that_stops_reading_took_only_a_part() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("bound");
    let request =
        WebhookRequest { body: vec![b'x'; 32 << 20], timeout: Duration::from_millis(500), ..request(address) };
    let reason = reason(send(&client(), request).await);
    assert_eq!(reason, format!("{address} took only a part of the request within 500 ms"));
}

#[tokio::test]
async fn what_cannot_be_sent_is_refused_without_telling_the_value() {
    let address: SocketAddr = "127.0.0.1:1".parse().expect("an address");
    let with = async |name: &str, value: &str| {
        reason(send(&client(), WebhookRequest { headers: vec![(name.into(), value.into())], ..request(address) }).await)
    };
    let told = with("Authorization", "Bearer hush\nX-Evil: 1").await;
    assert!(told.contains("Authorization") && !told.contains("hush"), "{told}");
    assert!(with("Content-Length", "3").await.contains("set by the tower"));
    assert!(with("A B", "3").await.contains("cannot be the name"));

    let elsewhere =
        async |url: &str| reason(send(&client(), WebhookRequest { url: url.into(), ..request(address) }).await);
    assert!(elsewhere("file:///etc/passwd").await.contains("http://"));
    assert!(!elsewhere("no url hush").await.contains("hush"));
    assert!(!elsewhere("http://127.0.0.1:1/?token=hush").await.contains("hush"));
}
