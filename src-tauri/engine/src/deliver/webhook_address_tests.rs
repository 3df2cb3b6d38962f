//! Where a delivery may go: names that lie, names that change, connections that are kept. Real sockets on loopback; only
//! the names are the tests' own, and in two tests the judge, to whom loopback is then somebody else's network.

use std::io;
use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::net::TcpListener;

use super::super::address::{Kind, kind};
use super::super::resolver::Names;
use super::super::turns::Turns;
use super::tests::{answering, reason, request, silent};
use super::*;

const HERE: &str = "127.0.0.1";

fn ip(text: &str) -> IpAddr {
    text.parse().expect("an address")
}

fn to(names: Arc<Names>, judge: fn(IpAddr) -> Kind) -> Client {
    Client::with(names, judge, Turns::new(RECEIVERS, RECEIVERS * 8))
}

const RECEIVERS: usize = 256;

/// Every name is these addresses.
fn always(addresses: &'static [&'static str]) -> Arc<Names> {
    Names::told_by(|_| Ok(addresses.iter().map(|address| ip(address)).collect()))
}

/// One's own machine, taken for the network around it.
fn loopback_is_private(address: IpAddr) -> Kind {
    if address.is_loopback() { Kind::Private } else { kind(address) }
}

fn named(name: &str, port: u16) -> WebhookRequest {
    WebhookRequest { url: format!("http://{name}:{port}/run"), ..request(([127, 0, 0, 1], port).into()) }
}

async fn refused(url: &str, allow_private: bool) -> String {
    let request = WebhookRequest { url: url.into(), allow_private, ..request(([127, 0, 0, 1], 9).into()) };
    reason(send(&to(always(&[]), kind), request).await)
}

#[tokio::test]
async fn an_address_that_is_not_granted_is_not_called() {
    let grant = "grant it in the cue with `callback.allow_private`";
    for (url, what) in [
        ("http://192.168.1.20:8080/run", "192.168.1.20 is a private address"),
        ("http://100.64.3.4/", "100.64.3.4 is a private address"),
        ("http://[fd12::7]/", "fd12::7 is a private address"),
        ("http://169.254.7.7/", "169.254.7.7 is a link-local address"),
        ("http://[fe80::1]/", "fe80::1 is a link-local address"),
        ("http://169.254.169.254/latest/meta-data", "169.254.169.254 is a cloud metadata address"),
        ("http://2852039166/latest/meta-data", "169.254.169.254 is a cloud metadata address"),
        ("http://0xa9.0376.0xa9fe/", "169.254.169.254 is a cloud metadata address"),
        ("http://[::ffff:169.254.169.254]/", "::ffff:169.254.169.254 is a cloud metadata address"),
        ("http://[64:ff9b::a00:1]/", "64:ff9b::a00:1 is a private address"),
    ] {
        assert_eq!(refused(url, false).await, format!("{what}; {grant}"), "{url}");
    }
    for (url, sentence) in [
        ("http://224.0.0.1/", "224.0.0.1 is a multicast address; no agent can be called there"),
        ("http://255.255.255.255/", "255.255.255.255 is a reserved address; no agent can be called there"),
        ("http://[::]/", ":: is the address of nobody; write 127.0.0.1 for this machine"),
    ] {
        assert_eq!(refused(url, true).await, sentence, "whatever is granted");
    }
}

#[tokio::test]
async fn a_name_for_such_an_address_is_told_with_it() {
    let client = to(always(&["192.168.1.20"]), kind);
    assert_eq!(
        reason(send(&client, named("crm.lan", 80)).await),
        "crm.lan is 192.168.1.20, a private address; grant it in the cue with `callback.allow_private`"
    );
    let nowhere = to(always(&[]), kind);
    assert_eq!(reason(send(&nowhere, named("crm.lan", 80)).await), "the name crm.lan could not be resolved");
}

#[tokio::test]
async fn of_a_name_with_mixed_addresses_only_the_permitted_are_called() {
    let agent = answering("HTTP/1.1 204 No Content\r\n\r\n").await;
    let client = to(always(&["10.1.2.3", "169.254.169.254", "224.0.0.1", HERE]), kind);
    let sent = send(&client, named("mixed.test", agent.port())).await;
    let WebhookEnd::Answered { answer, words } = sent.end else { panic!("{sent:?}") };
    assert_eq!(answer.from, Some((ip(HERE), Kind::Loopback)));
    assert!(words.ends_with("(mixed.test is 127.0.0.1, this machine)"), "{words}");
}

#[tokio::test]
async fn a_name_that_points_elsewhere_the_next_time_is_judged_anew() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let port = listener.local_addr().expect("bound").port();
    let asked = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&asked);
    let names = Names::told_by(move |_| {
        Ok(vec![if counted.fetch_add(1, Ordering::SeqCst) == 0 { ip(HERE) } else { ip("10.0.0.7") }])
    });
    let client = to(names, kind);
    let serving = tokio::spawn(async move {
        super::tests::answer_one(&listener, "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n").await;
        listener
    });
    let first = send(&client, named("rebound.test", port)).await;
    assert!(matches!(first.end, WebhookEnd::Answered { .. }), "{first:?}");
    assert_eq!(asked.load(Ordering::SeqCst), 1, "what was looked up is what is connected to");
    let listener = serving.await.expect("it answered");
    assert_eq!(
        reason(send(&client, named("rebound.test", port)).await),
        "rebound.test is 10.0.0.7, a private address; grant it in the cue with `callback.allow_private`"
    );
    assert_eq!(asked.load(Ordering::SeqCst), 2);
    let knocked = tokio::time::timeout(Duration::ZERO, listener.accept()).await;
    assert!(knocked.is_err(), "nobody came a second time");
}

#[tokio::test]
async fn who_has_no_grant_does_not_ride_on_the_connection_of_one_who_has() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let port = listener.local_addr().expect("bound").port();
    let client = to(always(&[HERE]), loopback_is_private);
    // One connection, kept open and answered on for as long as requests come.
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.expect("the tower connects");
        loop {
            super::tests::answer_on(&mut stream, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n").await;
        }
    });
    let granted = || WebhookRequest { allow_private: true, ..named("crm.lan", port) };
    for _ in 0..2 {
        let sent = send(&client, granted()).await;
        let WebhookEnd::Answered { words, .. } = &sent.end else { panic!("{sent:?}") };
        assert!(words.ends_with("(crm.lan is 127.0.0.1, a private address)"), "{words}");
    }
    let words = reason(send(&client, named("crm.lan", port)).await);
    assert!(words.starts_with("crm.lan is 127.0.0.1, a private address; grant it"), "{words}");
    let sent = send(&client, granted()).await;
    assert!(matches!(sent.end, WebhookEnd::Answered { .. }), "the connection was there all the time: {sent:?}");
}

#[tokio::test]
async fn a_name_server_that_fails_is_not_a_refusal() {
    let client = to(Names::told_by(|_| Err(io::Error::other("SERVFAIL"))), kind);
    assert_eq!(reason(send(&client, named("agent.test", 80)).await), "the name agent.test could not be resolved");
}

#[tokio::test]
async fn a_name_server_that_does_not_answer_is_waited_for_as_long_as_for_a_connection() {
    let (release, held) = std::sync::mpsc::channel::<()>();
    let held = std::sync::Mutex::new(held);
    let client = to(
        Names::told_by(move |_| {
            let _ = held.lock().expect("one at a time").recv();
            Ok(vec![ip(HERE)])
        }),
        kind,
    );
    let request = WebhookRequest { connect_timeout: Duration::from_millis(200), ..named("agent.test", 80) };
    assert_eq!(reason(send(&client, request).await), "no connection to agent.test:80 within 200 ms");
    drop(release);
}

#[tokio::test]
async fn six_hundred_requests_that_hang_at_one_receiver_delay_none_to_another() {
    let hanging = silent().await;
    let agent = answering("HTTP/1.1 204 No Content\r\n\r\n").await;
    let client = Client::with(Names::of_the_system(), kind, Turns::new(RECEIVERS, RECEIVERS * 8));
    let at = hanging.at;
    let (told, mut ends) = tokio::sync::mpsc::unbounded_channel();
    let flying: Vec<_> = (0..600)
        .map(|_| {
            let (client, told) = (client.clone(), told.clone());
            tokio::spawn(async move {
                let patient = WebhookRequest { timeout: Duration::from_secs(3600), ..request(at) };
                drop(told.send(send(&client, patient).await));
            })
        })
        .collect();
    // All that may be there are there, and the rest stands in line.
    let mut connections = hanging.connections.clone();
    let full = connections.wait_for(|count| *count >= RECEIVERS);
    tokio::time::timeout(Duration::from_secs(60), full).await.expect("they come soon").expect("and are counted");
    let sent = send(&client, request(agent)).await;
    assert!(matches!(sent.end, WebhookEnd::Answered { .. }), "{sent:?}");
    assert!(ends.try_recv().is_err(), "none of the others has an end yet");
    assert_eq!(*hanging.connections.borrow(), RECEIVERS, "nor came one too many");
    flying.iter().for_each(tokio::task::JoinHandle::abort);
}

#[tokio::test]
async fn a_plain_post_is_answered_refused_or_late() {
    let agent = answering("HTTP/1.1 500 Oh\r\nContent-Length: 0\r\n\r\n").await;
    let client = to(always(&["10.0.0.1"]), kind);
    let post = async |url: &str| post_plain(&client, url, b"{}".to_vec(), Duration::from_millis(300), false).await;
    assert_eq!(post(&format!("http://{agent}/hook")).await, Ok(500));
    let refused = post("http://hooks.lan/").await.expect_err("a private address");
    assert!(refused.starts_with("hooks.lan is 10.0.0.1, a private address"), "{refused}");
    let late = post(&format!("http://{}/", silent().await.at)).await;
    assert_eq!(late, Err("sent, and not answered within 300 ms".to_owned()));
}
