//! Bodies that are none, too large, packed to burst, or sent by nobody: refused without harm, in the words of the protocol.

use std::io::Write as _;

use super::*;

const PROTOBUF: (&str, &str) = ("content-type", "application/x-protobuf");
const JSON: (&str, &str) = ("content-type", "application/json");

fn gzip(body: &[u8]) -> Vec<u8> {
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    packed.write_all(body).unwrap();
    packed.finish().unwrap()
}

/// `google.rpc.Status` in JSON.
async fn status(response: reqwest::Response) -> (u16, u64, String) {
    let http = response.status().as_u16();
    let body: Value = serde_json::from_str(&response.text().await.unwrap()).unwrap();
    let message = body["message"].as_str().unwrap_or_else(|| panic!("no message: {body}"));
    (http, body["code"].as_u64().unwrap(), message.to_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_request_is_refused_for_good() {
    let tower = Tower::start().await;
    let refused = async |headers: &[(&str, &str)], body: &[u8]| {
        let response = sent(&tower, &tower.key, headers, body.to_vec()).await;
        assert!(!response.headers().contains_key("retry-after"), "it would be sent again in vain");
        status(response).await
    };
    let (http, code, words) = refused(&[JSON], b"{").await;
    assert_eq!((http, code), (400, 3));
    assert!(words.starts_with("The body is no ExportTraceServiceRequest in JSON: EOF"), "{words}");
    assert_eq!(refused(&[("content-type", "text/plain")], b"x").await.0, 415);
    assert_eq!(refused(&[], b"x").await.0, 415);
    assert_eq!(refused(&[JSON, ("content-encoding", "br")], b"x").await.0, 415);
    assert_eq!(refused(&[JSON, ("content-encoding", "gzip")], b"no gzip").await.0, 400);
    let response = sent(&tower, &tower.key, &[PROTOBUF], b"\x0a\xff".to_vec()).await;
    assert_eq!(
        (response.status().as_u16(), &response.headers()["content-type"]),
        (400, &"application/x-protobuf".parse().unwrap())
    );
    let body = response.bytes().await.unwrap();
    assert_eq!(&body[..3], b"\x08\x03\x12", "a google.rpc.Status: code 3 and a message");
}

#[tokio::test(flavor = "multi_thread")]
async fn bombs_and_heaps_are_refused_without_harm() {
    let tower = Tower::start().await;
    let bomb = gzip(&vec![b' '; 80_000_000]);
    assert!(bomb.len() < 1_000_000, "{}", bomb.len());
    let gzipped = [JSON, ("content-encoding", "gzip")];
    for _ in 0..3 {
        let response = sent(&tower, &tower.key, &gzipped, bomb.clone()).await;
        assert_eq!(status(response).await.0, 413);
    }
    let heap = sent(&tower, &tower.key, &[JSON], vec![b' '; 17_000_000]).await;
    assert_eq!(status(heap).await.0, 413);
    // A body that is large, and fine.
    let many: Vec<Value> = (1..=15_000)
        .map(|number| json!({ "traceId": format!("{:032x}", 7), "spanId": format!("{number:016x}"), "name": "n" }))
        .collect();
    let body = json!({ "resourceSpans": [{ "scopeSpans": [{ "spans": many }] }] }).to_string();
    assert!(body.len() > 1_100_000, "{}", body.len());
    let response = sent(&tower, &tower.key, &[JSON], body.into_bytes()).await;
    assert_eq!((response.status().as_u16(), response.text().await.unwrap().as_str()), (200, "{}"));
    let peak_kib: u64 = std::fs::read_to_string(format!("/proc/{}/status", tower.pid()))
        .unwrap()
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:")?.trim().strip_suffix("kB")?.trim().parse().ok())
        .unwrap();
    assert!(peak_kib < 700 * 1_024, "the tower needed {peak_kib} KiB");
    assert_eq!(tower.get("/health").await.0, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_may_send_spans() {
    let tower = Tower::start().await;
    let body = one("5b8efff798038103d269b633813fc60c", "00000000000000f1", &[], &[]).to_string().into_bytes();
    let nobody = status(sent(&tower, "", &[JSON], body.clone()).await).await;
    assert_eq!((nobody.0, nobody.1), (401, 16));
    let (code, made) = tower.owner_call("key_add", &json!({ "name": "reader", "scopes": ["cues"] })).await;
    assert_eq!(code, 200, "{made}");
    let lacking = status(sent(&tower, made["key"].as_str().unwrap(), &[JSON], body.clone()).await).await;
    assert_eq!((lacking.0, lacking.1), (403, 7));
    assert!(lacking.2.contains("scope `report`"), "{}", lacking.2);
    let forged = status(sent(&tower, "cue_run_8f0b3f0e.1.00", &[JSON], body).await).await;
    assert_eq!(forged.0, 401);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_part_that_cannot_be_taken_is_counted_and_the_rest_is_taken() {
    let tower = Tower::start().await;
    let mut agent = Agent::start(&tower, "leads").await;
    let given = agent.run(&tower).await;
    let good = one("5b8efff798038103d269b633813fc60c", "00000000000000f1", &[], &[]);
    let bad = one("5b8efff798038103d269b633813fc60c", "not hex", &[], &[]);
    let mut body = good.clone();
    body["resourceSpans"]
        .as_array_mut()
        .unwrap()
        .extend([bad["resourceSpans"][0].clone(), bad["resourceSpans"][0].clone()]);
    let answer = told(&tower, &given.token, &body).await;
    let words = "a span without a valid trace id and span id";
    assert_eq!(answer, json!({ "partialSuccess": { "rejectedSpans": "2", "errorMessage": words } }));
    assert_eq!(steps(&tower, &given.run).await["total"], 1);
}
