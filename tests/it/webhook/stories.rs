//! One story per receiver: what it did, what the attempt's record says, and what becomes of the run.

use std::collections::HashSet;
use std::net::{IpAddr, UdpSocket};
use std::time::Duration;

use cuetower_tests::{Tower, until};
use serde_json::{Value, json};
use tokio::sync::watch;

use super::receiver::{Does, Receiver, header};
use super::{PATIENCE, attempts, fire, fired, in_state, made, only, sentence, timeless};

/// Requests in flight to one receiver at most.
const AT_ONE_RECEIVER: usize = 256;

fn says(text: &str) -> impl Fn(usize) -> Does + Send + Sync + use<> {
    let text = text.to_owned();
    move |_| Does::Says(text.clone())
}

fn answer(body: &str) -> String {
    format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{body}", body.len())
}

#[tokio::test(flavor = "multi_thread")]
async fn one_that_hangs_is_delivered_unanswered_and_waited_for() {
    let tower = Tower::start().await;
    let receiver = Receiver::start(|_| Does::Hangs).await;
    let retry = json!({ "max_attempts": 3, "backoff_seconds": [60] });
    let limits = json!({ "timeout_seconds": 1, "outcome_deadline_seconds": 20 });
    let run = fired(&tower, &receiver.url(), json!({ "delivery": limits, "retry": retry })).await;
    let story = in_state(&tower, &run, "pending_outcome").await;
    assert_eq!(only(&story, "unanswered"), "sent, and not answered within 1 s");
    let attempt = &story["attempts"][0];
    assert_eq!((&attempt["http_status"], &story["retry_at_ms"]), (&Value::Null, &Value::Null));
    let left_ms = story["outcome_deadline_ms"].as_i64().unwrap() - attempt["delivered_at_ms"].as_i64().unwrap();
    assert_eq!(left_ms, 20_000);
    let (status, _) = tower.post(&format!("/v1/executions/{run}/outcome"), &json!({ "success": true })).await;
    assert_eq!(status, 200);
    assert_eq!(only(&in_state(&tower, &run, "claimed").await, "unanswered"), "sent, and not answered within 1 s");
    assert_eq!(receiver.requests().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_that_hangs_and_never_reports_is_called_again_after_the_deadline() {
    let tower = Tower::start().await;
    let receiver = Receiver::start(|before| match before {
        0 => Does::Hangs,
        _ => Does::Says(answer(r#"{"success": true}"#)),
    })
    .await;
    let retry = json!({ "max_attempts": 2, "backoff_seconds": [0.1] });
    let limits = json!({ "timeout_seconds": 1, "outcome_deadline_seconds": 2 });
    let run = fired(&tower, &receiver.url(), json!({ "delivery": limits, "retry": retry })).await;
    let story = in_state(&tower, &run, "claimed").await;
    let told = "sent, not answered, and no outcome by the deadline";
    assert_eq!(attempts(&story)[0], ("failed".into(), told.into()));
    let first = &story["attempts"][0];
    let waited_ms = first["ended_at_ms"].as_i64().unwrap() - first["delivered_at_ms"].as_i64().unwrap();
    assert!(waited_ms >= 2_000, "it may have been at work all that time: {waited_ms}");
}

#[tokio::test(flavor = "multi_thread")]
async fn one_that_hangs_is_called_again_if_the_cue_says_so() {
    let tower = Tower::start().await;
    let receiver = Receiver::start(|before| match before {
        0 => Does::Hangs,
        _ => Does::Says(answer(r#"{"success": true}"#)),
    })
    .await;
    let limits = json!({ "timeout_seconds": 1, "unanswered": "retry" });
    let retry = json!({ "max_attempts": 2, "backoff_seconds": [0.1] });
    let run = fired(&tower, &receiver.url(), json!({ "delivery": limits, "retry": retry })).await;
    let story = in_state(&tower, &run, "claimed").await;
    assert_eq!(attempts(&story)[0], ("failed".into(), "sent, and not answered within 1 s".into()));
}

#[tokio::test(flavor = "multi_thread")]
async fn one_that_resets_is_called_again_with_the_same_key_and_the_next_number() {
    let tower = Tower::start().await;
    let receiver = Receiver::start(|before| match before {
        0 => Does::Resets,
        _ => Does::Says(answer(r#"{"success": true, "result": "second try"}"#)),
    })
    .await;
    let retry = json!({ "max_attempts": 3, "backoff_seconds": [0.1] });
    let run = fired(&tower, &receiver.url(), json!({ "retry": retry })).await;
    let story = in_state(&tower, &run, "claimed").await;
    let [first, second] = &attempts(&story)[..] else { panic!("not two attempts: {story}") };
    let broke = format!("the request was sent whole, and {} broke the connection without an answer", receiver.at);
    assert_eq!((first.0.as_str(), first.1.as_str()), ("failed", broke.as_str()));
    assert_eq!(timeless(&second.1), "answered 200 in …");

    let requests = receiver.requests();
    let [first, second] = &requests[..] else { panic!("not two requests: {requests:?}") };
    for name in ["idempotency-key", "webhook-id"] {
        assert_eq!(header(first, name), story["idempotency_key"].as_str().unwrap(), "{name}");
        assert_eq!(header(second, name), header(first, name), "{name}");
    }
    assert_eq!([first, second].map(|request| header(request, "x-cueapi-attempt")), ["1", "2"]);
    let tokens = [first, second].map(|request| header(request, "x-cuetower-run-token"));
    assert_ne!(tokens[0], tokens[1], "a token speaks for one attempt");
}

#[tokio::test(flavor = "multi_thread")]
async fn one_that_trickles_its_answer_has_answered() {
    let tower = Tower::start().await;
    let head = "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n{\"success\": true, ";
    let receiver = Receiver::start(move |_| Does::Trickles(head)).await;
    let run = fired(&tower, &receiver.url(), json!({ "delivery": { "timeout_seconds": 1 } })).await;
    let story = in_state(&tower, &run, "pending_outcome").await;
    assert_eq!(
        timeless(&only(&story, "delivered")),
        "answered 200 in …; its body was still coming when the time-out of 1 s was over"
    );
    let attempt = &story["attempts"][0];
    assert_eq!((&attempt["http_status"], &attempt["output_truncated"]), (&json!(200), &json!(true)));
    assert!(attempt["stdout"].as_str().unwrap().starts_with("{\"success\": true, "), "{attempt}");
    assert_eq!(story["outcome"], Value::Null, "half an outcome is none");
}

#[tokio::test(flavor = "multi_thread")]
async fn one_that_trickles_the_head_has_not() {
    let tower = Tower::start().await;
    let receiver = Receiver::start(|_| Does::Trickles("HTTP/1.1 200 OK\r\nX-Slow: ")).await;
    let run = fired(&tower, &receiver.url(), json!({ "delivery": { "timeout_seconds": 1 } })).await;
    let story = in_state(&tower, &run, "pending_outcome").await;
    assert_eq!(only(&story, "unanswered"), "sent, and not answered within 1 s");
}

#[tokio::test(flavor = "multi_thread")]
async fn one_that_redirects_to_a_metadata_address_is_not_followed() {
    let tower = Tower::start().await;
    let to = "http://169.254.169.254/latest/meta-data?token=hush";
    let receiver =
        Receiver::start(says(&format!("HTTP/1.1 302 Found\r\nLocation: {to}\r\nContent-Length: 0\r\n\r\n"))).await;
    let run = fired(&tower, &receiver.url(), json!({})).await;
    let story = in_state(&tower, &run, "failed").await;
    let told = "answered 302 in …, pointing to 169.254.169.254; redirects are not followed";
    assert_eq!(timeless(&only(&story, "failed")), told);
    assert_eq!(story["attempts"][0]["http_status"], 302);
    assert_eq!(timeless(sentence(&story)), format!("A{}. Attempt 1 of 1.", &told[1..]));
}

#[tokio::test(flavor = "multi_thread")]
async fn one_that_asks_for_rest_gets_it() {
    let tower = Tower::start().await;
    let receiver =
        Receiver::start(says("HTTP/1.1 503 Busy\r\nRetry-After: 120\r\nContent-Length: 4\r\n\r\nbusy")).await;
    let retry = json!({ "max_attempts": 3, "backoff_seconds": [1] });
    let run = fired(&tower, &receiver.url(), json!({ "retry": retry })).await;
    let story = in_state(&tower, &run, "retrying").await;
    let attempt = &story["attempts"][0];
    assert_eq!(timeless(&only(&story, "failed")), "answered 503 in … with Retry-After 2 min");
    assert_eq!((&attempt["http_status"], &attempt["stdout"]), (&json!(503), &json!("busy")));
    let rest_ms = story["retry_at_ms"].as_i64().unwrap() - attempt["ended_at_ms"].as_i64().unwrap();
    assert!((120_000..=132_000).contains(&rest_ms), "and up to a tenth more, so that a fleet comes apart: {rest_ms}");
}

#[tokio::test(flavor = "multi_thread")]
async fn one_that_answers_with_an_outcome_has_reported() {
    let tower = Tower::start().await;
    for (body, state, told) in [
        (r#"{"success": true, "processed": 7}"#, "claimed", "Reported success; nothing verified it."),
        (r#"{"success": false, "error": "no leads today"}"#, "failed", "Reported failure: no leads today."),
    ] {
        let receiver = Receiver::start(says(&answer(body))).await;
        let cue = made(&tower, state, &receiver.url(), json!({})).await;
        let story = in_state(&tower, &fire(&tower, &cue).await, state).await;
        assert_eq!(timeless(&only(&story, "delivered")), "answered 200 in …", "an answer is a delivery");
        assert_eq!(story["attempts"][0]["stdout"], body);
        assert!(sentence(&story).starts_with(told), "{story}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn one_whose_answer_the_store_does_not_take_holds_nobody_up() {
    let tower = Tower::start().await;
    let store = rusqlite::Connection::open(tower.data.join("cuetower.db")).unwrap();
    let refuses = "CREATE TRIGGER refuses BEFORE INSERT ON journal WHEN NEW.body LIKE '%poison%'
        BEGIN SELECT raise(ABORT, 'it holds poison'); END";
    store.execute_batch(refuses).unwrap();
    let receiver = Receiver::start(says(&answer(r#"{"success": true, "summary": "poison"}"#))).await;
    let cue = made(&tower, "refused", &receiver.url(), json!({})).await;
    let run = fire(&tower, &cue).await;
    let story = in_state(&tower, &run, "pending_outcome").await;
    assert_eq!(story["outcome"], Value::Null, "what cannot be written down was not said");
    assert_eq!(receiver.requests().len(), 1);

    let other = Receiver::start(says(&answer(r#"{"success": true}"#))).await;
    let cue = made(&tower, "taken", &other.url(), json!({})).await;
    in_state(&tower, &fire(&tower, &cue).await, "claimed").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_that_answers_with_garbage_has_taken_the_run_and_said_nothing() {
    let tower = Tower::start().await;
    for (name, body, why) in [
        ("noise", "\u{1}<<{]", "its body is not JSON"),
        ("nearly", r#"{"success": "yes"}"#, "`success` in its body is neither true nor false"),
    ] {
        let receiver = Receiver::start(says(&answer(body))).await;
        let cue = made(&tower, name, &receiver.url(), json!({})).await;
        let run = fire(&tower, &cue).await;
        let story = in_state(&tower, &run, "pending_outcome").await;
        let told = format!("answered 200 in …; {why}, so no outcome was read from it");
        assert_eq!(timeless(&only(&story, "delivered")), told);
        assert_eq!(story["attempts"][0]["stdout"], body);
        // It may still report as usual.
        let (status, _) = tower.post(&format!("/v1/executions/{run}/outcome"), &json!({ "success": true })).await;
        assert_eq!(status, 200);
        in_state(&tower, &run, "claimed").await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_metadata_address_is_refused_with_the_way_to_grant_it() {
    let tower = Tower::start().await;
    let run = fired(&tower, "http://169.254.169.254/latest/meta-data", json!({})).await;
    let story = in_state(&tower, &run, "failed").await;
    assert_eq!(
        only(&story, "failed"),
        "169.254.169.254 is a cloud metadata address; grant it in the cue with `callback.allow_private`"
    );
}

/// This machine as its network knows it; None where it has no private address. Nothing is sent.
fn address_in_the_network() -> Option<IpAddr> {
    let own = |towards: &str| {
        let any = if towards.starts_with('[') { "[::]:0" } else { "0.0.0.0:0" };
        let socket = UdpSocket::bind(any).ok()?;
        socket.connect(towards).ok()?;
        Some(socket.local_addr().ok()?.ip())
    };
    let private = |address: &IpAddr| match address {
        IpAddr::V4(address) => address.is_private(),
        IpAddr::V6(address) => address.is_unique_local(),
    };
    ["10.255.255.1:9", "[fd00::1]:9", "[2001:4860:4860::8888]:9"].into_iter().filter_map(own).find(private)
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_of_the_network_around_is_called_once_it_is_granted() {
    // Where there is no network, the judge's own tests say the same of made-up ones.
    let Some(address) = address_in_the_network() else { return };
    let tower = Tower::start().await;
    let receiver = Receiver::start_at(address, says(&answer(r#"{"success": true}"#))).await;
    let run = fired(&tower, &receiver.url(), json!({})).await;
    let refused = only(&in_state(&tower, &run, "failed").await, "failed");
    assert_eq!(refused, format!("{address} is a private address; grant it in the cue with `callback.allow_private`"));
    assert!(receiver.requests().is_empty(), "nobody knocked");

    let callback = json!({ "url": receiver.url(), "allow_private": true });
    let cue = made(&tower, "granted", "", json!({ "callback": callback })).await;
    let run = fire(&tower, &cue).await;
    assert_eq!(timeless(&only(&in_state(&tower, &run, "claimed").await, "delivered")), "answered 200 in …");
}

#[tokio::test(flavor = "multi_thread")]
async fn one_whose_answer_does_not_begin_in_time_is_not_waited_for() {
    let tower = Tower::start().await;
    let receiver = Receiver::start(|_| Does::Hangs).await;
    let limits = json!({ "first_byte_timeout_seconds": 0.5 });
    let run = fired(&tower, &receiver.url(), json!({ "delivery": limits })).await;
    let story = in_state(&tower, &run, "pending_outcome").await;
    assert_eq!(only(&story, "unanswered"), "sent, and no answer began within 500 ms");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_for_this_machine_is_called_and_shown_as_such() {
    let tower = Tower::start().await;
    let receiver = Receiver::start(says("HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n")).await;
    let port = receiver.at.rsplit(':').next().unwrap();
    let run = fired(&tower, &format!("http://localhost:{port}/run"), json!({})).await;
    let story = in_state(&tower, &run, "pending_outcome").await;
    assert_eq!(timeless(&only(&story, "delivered")), "answered 202 in … (localhost is 127.0.0.1, this machine)");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slow_receiver_delays_nobody_but_itself() {
    const FIRES: usize = 600;
    let tower = Tower::start().await;
    let slow = Receiver::start(|_| Does::Hangs).await;
    let quick = Receiver::start(says(&answer(r#"{"success": true}"#))).await;
    let patient = json!({ "overlap": "allow", "delivery": { "timeout_seconds": 3600 } });
    let (slow_cue, quick_cue) =
        (made(&tower, "slow", &slow.url(), patient).await, made(&tower, "quick", &quick.url(), json!({})).await);
    for _ in 0..FIRES {
        fire(&tower, &slow_cue).await;
    }
    let held = slow.requests_at_least(AT_ONE_RECEIVER, PATIENCE).await.len();
    let run = fire(&tower, &quick_cue).await;
    let story = in_state(&tower, &run, "claimed").await;
    assert_eq!(timeless(&only(&story, "delivered")), "answered 200 in …");
    let (_, live) = tower.get(&format!("/v1/executions?cue_id={slow_cue}&status=delivering&limit=1")).await;
    assert_eq!(
        (held, &live["total"]),
        (AT_ONE_RECEIVER, &json!(FIRES)),
        "all of them are still under way, most of them in line"
    );
    assert_eq!(slow.requests().len(), AT_ONE_RECEIVER);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_stopped_in_line_is_not_sent() {
    let tower = Tower::start().await;
    let (release, released) = watch::channel(false);
    let slow = Receiver::start(move |_| Does::Waits(released.clone())).await;
    let patient = json!({ "overlap": "allow", "delivery": { "timeout_seconds": 3600 } });
    let cue = made(&tower, "slow", &slow.url(), patient).await;
    let mut in_line = HashSet::new();
    for _ in 0..=AT_ONE_RECEIVER {
        in_line.insert(fire(&tower, &cue).await);
    }
    for request in slow.requests_at_least(AT_ONE_RECEIVER, PATIENCE).await {
        in_line.remove(header(&request, "x-cueapi-execution-id"));
    }
    let [run] = &Vec::from_iter(in_line)[..] else { panic!("not one run stands in line") };
    tower.owner("run_stop", &json!({ "run_id": run })).await;
    // What comes after the stop is answered after it is done.
    made(&tower, "another", &slow.url(), json!({})).await;
    release.send_replace(true);
    let told = until("word of its turn", PATIENCE, async || {
        let story = in_state(&tower, run, "stopped").await;
        let (_, sentence) = attempts(&story).remove(0);
        sentence.starts_with("not sent").then_some(sentence)
    });
    assert_eq!(told.await, "not sent: the run was stopped before its turn came");
    assert_eq!(slow.requests().len(), AT_ONE_RECEIVER);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_closed_port_says_so_and_is_tried_again() {
    let tower = Tower::start().await;
    let gone = Receiver::start(|_| Does::Hangs).await.at.clone();
    let retry = json!({ "max_attempts": 2, "backoff_seconds": [0.1] });
    let run = fired(&tower, &format!("http://{gone}/run"), json!({ "retry": retry })).await;
    let story = in_state(&tower, &run, "failed").await;
    assert_eq!(attempts(&story), [(); 2].map(|()| ("failed".to_owned(), format!("connection refused by {gone}"))));
    assert_eq!(sentence(&story), format!("Connection refused by {gone}. Attempt 2 of 2."));
}

#[tokio::test(flavor = "multi_thread")]
async fn every_method_and_header_of_the_cue_arrives() {
    let tower = Tower::start().await;
    for method in ["POST", "PUT", "PATCH", "GET"] {
        let receiver = Receiver::start(says(&answer(r#"{"success": true}"#))).await;
        let headers = json!({ "X-Team": "leads", "user-agent": "mine/1", "Webhook-Id": "my own" });
        let callback = json!({ "url": receiver.url(), "method": method, "headers": headers });
        let cue = made(&tower, method, &receiver.url(), json!({ "callback": callback })).await;
        let run = fire(&tower, &cue).await;
        until("end of the run", Duration::from_secs(20), async || {
            let story = tower.owner("run_get", &json!({ "run_id": run })).await;
            (story["state"] == "claimed").then_some(())
        })
        .await;
        let requests = receiver.requests();
        assert!(requests[0].starts_with(&format!("{method} /run HTTP/1.1\r\n")), "{requests:?}");
        let found = ["x-team", "user-agent", "webhook-id", "x-cueapi-execution-id"];
        assert_eq!(found.map(|name| header(&requests[0], name)), ["leads", "mine/1", "my own", &run], "{method}");
    }
}
