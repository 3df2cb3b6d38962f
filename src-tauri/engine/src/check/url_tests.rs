//! Checks of real addresses on this machine.

use std::net::SocketAddr;

use cuetower_core::check::{UrlCheck, What};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use crate::check::tests::Place;

/// Answers every request with the text, in which `{head}` is the request's own.
async fn server(answer: &'static str) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("bound");
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut head = String::new();
            while !head.contains("\r\n\r\n") {
                let mut piece = [0; 4096];
                let length = stream.read(&mut piece).await.expect("readable");
                assert_ne!(length, 0, "the tower hung up");
                head.push_str(&String::from_utf8_lossy(&piece[..length]));
            }
            let _ = stream.write_all(answer.replace("{head}", &head).as_bytes()).await;
        }
    });
    address
}

fn url(address: SocketAddr) -> UrlCheck {
    UrlCheck { url: format!("http://{address}/health?key=hush"), ..UrlCheck::default() }
}

#[tokio::test]
async fn a_status_and_a_body_are_looked_at() {
    let place = Place::new().await;
    let ready = url(server("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n{\"status\": \"ready\"}").await);
    assert_eq!(place.holds(What::Url(ready.clone())).await, "it answered 200");
    let body = |pattern: &str| What::Url(UrlCheck { body_matches: Some(pattern.into()), ..ready.clone() });
    assert_eq!(
        place.holds(body(r#""status":\s*"ready""#)).await,
        "it answered 200, with `\"status\": \"ready\"` in its body"
    );
    assert_eq!(
        place.fails(body("^ready$")).await,
        "it answered 200, and its body begins `{\"status\": \"ready\"}`; it does not match"
    );
    let no_content = What::Url(UrlCheck { status: Some(204), ..ready });
    assert_eq!(place.fails(no_content).await, "it answered 200, and its body begins `{\"status\": \"ready\"}`");
}

#[tokio::test]
async fn what_is_not_2xx_does_not_hold_unless_it_is_asked_for() {
    let place = Place::new().await;
    let down = url(server("HTTP/1.1 503 Down\r\nContent-Length: 0\r\n\r\n").await);
    assert_eq!(place.fails(What::Url(down.clone())).await, "it answered 503, with an empty body");
    let wanted = UrlCheck { status: Some(503), ..down };
    assert_eq!(place.holds(What::Url(wanted)).await, "it answered 503");
    let moved =
        url(server("HTTP/1.1 302 Found\r\nLocation: http://169.254.169.254/\r\nContent-Length: 0\r\n\r\n").await);
    assert_eq!(place.fails(What::Url(moved)).await, "it answered 302, with an empty body", "it is not followed");
}

#[tokio::test]
async fn a_secret_goes_out_and_does_not_come_back() {
    let place = Place::new().await;
    place.secret("OPENAI", "sk-very-secret").await;
    let echo = url(server("HTTP/1.1 401 No\r\nConnection: close\r\n\r\n{head}").await);
    let headers = vec![("X-Auth".to_owned(), "Bearer {{secret:OPENAI}}".to_owned())];
    let asked = UrlCheck { headers, status: Some(401), body_matches: Some("(?i)x-auth: .*".into()), ..echo };
    let proof = place.perform(What::Url(asked)).await;
    assert!(proof.passed && proof.saw.to_lowercase().ends_with("with `x-auth: bearer ••••` in its body"), "{proof:?}");
    assert!(!format!("{proof:?}").contains("hush"), "what stands behind the ? is not shown: {proof:?}");
}

#[tokio::test]
async fn who_does_not_answer_is_told() {
    let place = Place::new().await;
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let hanging = url(listener.local_addr().expect("bound"));
    let proof = place.within(What::Url(hanging), 300).await;
    assert!(!proof.passed && proof.saw.contains("300 ms"), "{proof:?}");
    let gone = listener.local_addr().expect("bound");
    drop(listener);
    assert_eq!(place.fails(What::Url(url(gone))).await, format!("connection refused by {gone}"));
}

#[tokio::test]
async fn addresses_around_this_machine_need_a_grant() {
    let place = Place::new().await;
    let metadata = UrlCheck { url: "http://169.254.169.254/latest/meta-data".into(), ..UrlCheck::default() };
    let refused = place.fails(What::Url(metadata)).await;
    assert!(refused.starts_with("169.254.169.254 is a cloud metadata address"), "{refused}");
}
