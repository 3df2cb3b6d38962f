//! Too much, too deep, too slow, and not what it says it is: floods and malformed bytes at both doors. Each is answered with what
//! is wrong, or cut off, and the tower does its work meanwhile.

use std::io::Write as _;
use std::time::Duration;

use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;

use super::wire::{Said, address, asked, heard, request, spoken};
use super::*;

/// The most that the tower may need while it is flooded, in KiB. It needs about a tenth of it at rest.
const PEAK_KIB_MAX: u64 = 700 * 1_024;

/// The most memory that it ever had.
fn peak_kib(tower: &Tower) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", tower.pid())).unwrap();
    let peak =
        status.lines().find_map(|line| line.strip_prefix("VmHWM:")?.trim().strip_suffix("kB")?.trim().parse().ok());
    peak.expect("the system counts the memory of each process")
}

/// Each door with a route that takes a body, and the owner's credential for it.
fn doors(tower: &Tower) -> [(String, &'static str, String); 2] {
    let owner = format!("Bearer {}", owners_token(tower));
    [
        (tower.agents.clone(), "/v1/cues", format!("Bearer {}", tower.key)),
        (tower.desk.clone(), "/rpc/cue_create", owner),
    ]
}

async fn posted(base: &str, target: &str, bearer: &str, body: &[u8]) -> Said {
    let length = body.len().to_string();
    let headers = [
        ("Host", address(base)),
        ("Authorization", bearer),
        ("Content-Type", "application/json"),
        ("Content-Length", length.as_str()),
    ];
    let mut bytes = request(&format!("POST {target} HTTP/1.1"), &headers, "");
    bytes.extend_from_slice(body);
    spoken(base, &bytes).await.unwrap_or_else(|| panic!("POST {target} with {length} bytes was not answered"))
}

async fn total_of_cues(tower: &Tower) -> Value {
    tower.get("/v1/cues").await.1["total"].clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_over_the_bound_is_refused_whether_its_length_is_told_or_not() {
    let tower = Tower::start().await;
    let body = format!("{{\"name\":\"{}\"}}", "x".repeat(5 * 1024 * 1024));
    for (base, target, bearer) in doors(&tower) {
        assert_eq!(posted(&base, target, &bearer, body.as_bytes()).await.status, 413, "{target}, told");
        let headers = [("Host", address(&base)), ("Authorization", bearer.as_str()), ("Transfer-Encoding", "chunked")];
        let mut bytes = request(&format!("POST {target} HTTP/1.1"), &headers, "");
        bytes.extend_from_slice(format!("{:x}\r\n{body}\r\n0\r\n\r\n", body.len()).as_bytes());
        assert_eq!(spoken(&base, &bytes).await.expect("an answer").status, 413, "{target}, in chunks");
    }
    assert_eq!(total_of_cues(&tower).await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_without_end_is_cut_off() {
    const CUT_AT: usize = 200 * 1024 * 1024;
    let tower = Tower::start().await;
    let mut all = doors(&tower).to_vec();
    all.push((tower.agents.clone(), "/v1/traces", format!("Bearer {}", tower.key)));
    let chunk = format!("10000\r\n{}\r\n", "[".repeat(0x10000));
    for (base, target, bearer) in all {
        let headers = [
            ("Host", address(&base)),
            ("Authorization", bearer.as_str()),
            ("Content-Type", "application/json"),
            ("Transfer-Encoding", "chunked"),
        ];
        let mut line = TcpStream::connect(address(&base)).await.unwrap();
        line.write_all(&request(&format!("POST {target} HTTP/1.1"), &headers, "")).await.unwrap();
        let mut sent = 0;
        while sent < CUT_AT && line.write_all(chunk.as_bytes()).await.is_ok() {
            sent += chunk.len();
        }
        assert!(sent < CUT_AT, "{target} took {sent} bytes and asked for more");
        if let Some(said) = heard(&mut line).await {
            assert_eq!(said.status, 413, "{target}");
        }
    }
    is_well(&tower).await;
    assert!(peak_kib(&tower) < PEAK_KIB_MAX, "the tower needed {} KiB", peak_kib(&tower));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_length_that_is_a_lie_takes_no_memory() {
    let tower = Tower::start().await;
    for (base, target, bearer) in doors(&tower) {
        for lie in ["99999999999999999999999999", "-1", "0x10", "18446744073709551615", "1, 2"] {
            let headers = [("Host", address(&base)), ("Authorization", bearer.as_str()), ("Content-Length", lie)];
            let bytes = request(&format!("POST {target} HTTP/1.1"), &headers, "");
            let mut line = TcpStream::connect(address(&base)).await.unwrap();
            line.write_all(&bytes).await.unwrap();
            // It waits for what never comes: what counts is that nobody else does.
            line.shutdown().await.unwrap();
            let status = heard(&mut line).await.map(|said| said.status);
            assert!(status.is_none_or(|status| (400..500).contains(&status)), "{target}: {lie} gave {status:?}");
        }
        let both = [
            ("Host", address(&base)),
            ("Authorization", bearer.as_str()),
            ("Content-Length", "3"),
            ("Content-Length", "4"),
        ];
        let said = spoken(&base, &request(&format!("POST {target} HTTP/1.1"), &both, "")).await;
        assert_eq!(said.map(|said| said.status), Some(400), "{target}: two lengths");
    }
    is_well(&tower).await;
    assert!(peak_kib(&tower) < PEAK_KIB_MAX, "the tower needed {} KiB", peak_kib(&tower));
}

/// What a proxy before the tower takes for one request must not be two here.
#[tokio::test(flavor = "multi_thread")]
async fn a_request_is_not_smuggled_in_behind_another() {
    let tower = Tower::start().await;
    let (base, bearer) = (&tower.agents, format!("Bearer {}", tower.key));
    let hidden = format!("DELETE /v1/cues/none HTTP/1.1\r\nHost: {}\r\nX-Hidden: 1\r\n\r\n", address(base));
    let smuggled = format!("0\r\n\r\n{hidden}");
    let length = smuggled.len().to_string();
    let headers = [
        ("Host", address(base)),
        ("Authorization", bearer.as_str()),
        ("Content-Length", length.as_str()),
        ("Transfer-Encoding", "chunked"),
    ];
    let mut bytes = request("POST /v1/cues HTTP/1.1", &headers, "");
    bytes.extend_from_slice(smuggled.as_bytes());
    let said = spoken(base, &bytes).await;
    let answers = said.as_ref().map_or(0, |said| 1 + said.body.matches("HTTP/1.1 ").count());
    assert!(answers <= 1, "{said:?}");
    for odd in [
        "Transfer-Encoding: xchunked",
        "Transfer-Encoding : chunked",
        "Transfer-Encoding: identity",
        " Content-Length: 5",
    ] {
        let text =
            format!("POST /v1/cues HTTP/1.1\r\nHost: {}\r\n{odd}\r\nConnection: close\r\n\r\n{hidden}", address(base));
        let said = spoken(base, text.as_bytes()).await;
        let answers = said.as_ref().map_or(0, |said| 1 + said.body.matches("HTTP/1.1 ").count());
        assert!(answers <= 1, "{odd}: {said:?}");
    }
    is_well(&tower).await;
}

/// The bound is 30 s for a whole request, so this case takes as long.
#[tokio::test(flavor = "multi_thread")]
async fn a_body_that_trickles_in_is_not_waited_for() {
    let tower = Tower::start().await;
    let (base, bearer) = (&tower.agents, format!("Bearer {}", tower.key));
    let headers = [("Host", address(base)), ("Authorization", bearer.as_str()), ("Content-Length", "1000000")];
    let mut line = TcpStream::connect(address(base)).await.unwrap();
    line.write_all(&request("POST /v1/cues HTTP/1.1", &headers, "")).await.unwrap();
    let (mut reading, mut writing) = line.into_split();
    let trickling = tokio::spawn(async move {
        while writing.write_all(b" ").await.is_ok() {
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    });
    let mut said = Vec::new();
    let limit = Duration::from_secs(90);
    let reading = tokio::io::AsyncReadExt::read_to_end(&mut reading, &mut said);
    drop(tokio::time::timeout(limit, reading).await.expect("it is cut off"));
    let said = String::from_utf8_lossy(&said);
    assert!(said.starts_with("HTTP/1.1 408 "), "{said}");
    trickling.abort();
    is_well(&tower).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn floods_of_headers_and_endless_lines_are_refused() {
    let tower = Tower::start().await;
    let long = "a".repeat(1024 * 1024);
    for base in [&tower.agents, &tower.desk] {
        let many: Vec<String> = (0..10_000).map(|number| format!("X-Flood-{number}")).collect();
        let mut headers = vec![("Host", address(base))];
        headers.extend(many.iter().map(|name| (name.as_str(), "1")));
        let floods = [
            ("10,000 headers", request("GET / HTTP/1.1", &headers, "")),
            ("a header of 1 MiB", request("GET / HTTP/1.1", &[("Host", address(base)), ("X-Long", &long)], "")),
            ("a name of 1 MiB", request("GET / HTTP/1.1", &[("Host", address(base)), (&long, "1")], "")),
            ("a target of 1 MiB", request(&format!("GET /{long} HTTP/1.1"), &[("Host", address(base))], "")),
            ("a method of 1 MiB", request(&format!("{long} / HTTP/1.1"), &[("Host", address(base))], "")),
            ("no line at all", long.clone().into_bytes()),
        ];
        for (what, bytes) in floods {
            let status = spoken(base, &bytes).await.map(|said| said.status);
            assert!(status.is_none_or(|status| (400..500).contains(&status)), "{what} at {base}: {status:?}");
        }
    }
    is_well(&tower).await;
    assert!(peak_kib(&tower) < PEAK_KIB_MAX, "the tower needed {} KiB", peak_kib(&tower));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_http_is_hung_up_on() {
    let tower = Tower::start().await;
    let tls = b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03".as_slice();
    let strange: [(&str, &[u8]); 8] = [
        ("TLS", tls),
        ("HTTP/2", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0"),
        ("SSH", b"SSH-2.0-x\r\n"),
        ("Redis", b"*1\r\n$4\r\nPING\r\n"),
        ("HTTP/0.9", b"GET /v1/cues\r\n\r\n"),
        ("HTTP/3.7", b"GET /v1/cues HTTP/3.7\r\n\r\n"),
        ("zeros", &[0; 4_096]),
        ("a header with a NUL", b"GET / HTTP/1.1\r\nHost: a\0b\r\n\r\n"),
    ];
    for base in [&tower.agents, &tower.desk] {
        for (what, bytes) in strange {
            let mut line = TcpStream::connect(address(base)).await.unwrap();
            line.write_all(bytes).await.unwrap();
            line.shutdown().await.unwrap();
            let status = heard(&mut line).await.map(|said| said.status);
            assert!(status.is_none_or(|status| (400..600).contains(&status)), "{what} at {base}: {status:?}");
        }
    }
    is_well(&tower).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn json_without_a_floor_is_no_json() {
    let tower = Tower::start().await;
    for depth in [200, 5_000, 400_000] {
        for (open, close) in [("[", "]"), ("{\"a\":", "}")] {
            let deep = if open == "[" { "1" } else { "{}" };
            let body = format!("{{\"payload\":{}{deep}{}}}", open.repeat(depth), close.repeat(depth));
            for (base, target, bearer) in doors(&tower) {
                let said = posted(&base, target, &bearer, body.as_bytes()).await;
                assert!(matches!(said.status, 400 | 413), "{target}, {depth} of {open}: {}", said.body);
            }
        }
    }
    // In the places that are read by other readers: a payload that goes through a trigger, an outcome, a span.
    let deep = "[".repeat(100_000) + &"]".repeat(100_000);
    let bearer = format!("Bearer {}", tower.key);
    for target in ["/v1/traces", "/v1/heartbeats", "/v1/executions/none/outcome", "/api/v1/heartbeat", "/v1/messages"] {
        let said = posted(&tower.agents, target, &bearer, format!("{{\"a\":{deep}}}").as_bytes()).await;
        assert!(said.status < 500, "{target}: {} {}", said.status, said.body);
    }
    assert_eq!(total_of_cues(&tower).await, 0);
    is_well(&tower).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn numbers_beyond_all_measure_are_told_by_their_field() {
    let tower = Tower::start().await;
    let bearer = format!("Bearer {}", tower.key);
    let digits = "9".repeat(400);
    for number in [
        "1e999",
        "-1e999",
        digits.as_str(),
        "NaN",
        "Infinity",
        "0x10",
        "01",
        "1e308",
        "18446744073709551616",
        "-1",
        "1.5",
    ] {
        let body = format!(
            "{{\"name\":\"n\",\"schedule\":{{\"type\":\"manual\"}},\"callback\":{{\"url\":\"{NOBODY}\"}},\"retry\":{{\"max_attempts\":{number}}}}}"
        );
        let said = posted(&tower.agents, "/v1/cues", &bearer, body.as_bytes()).await;
        assert!(matches!(said.status, 400 | 422), "{number}: {} {}", said.status, said.body);
        if said.status == 422 {
            assert!(said.body.contains("body.retry.max_attempts"), "{number}: {}", said.body);
        }
        for (target, field) in [("/v1/heartbeats", "tokens"), ("/api/v1/heartbeat", "tokens_used")] {
            let body = format!("{{\"agent\":\"a\",\"status\":\"ok\",\"{field}\":{number}}}");
            let said = posted(&tower.agents, target, &bearer, body.as_bytes()).await;
            assert!(said.status < 500, "{target} with {number}: {}", said.body);
        }
    }
    for seconds in [f64::MAX, 1e18, -1.0] {
        let cue = hook("slow", NOBODY, json!({ "delivery": { "timeout_seconds": seconds } }));
        assert!(matches!(tower.post("/v1/cues", &cue).await.0, 400 | 422), "{seconds}");
    }
    assert_eq!(total_of_cues(&tower).await, 0);
    is_well(&tower).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn text_that_is_none_is_not_kept() {
    let tower = Tower::start().await;
    let texts: [&[u8]; 9] = [
        b"\xff\xfe{}",
        b"{\"name\":\"\xc3\x28\"}",
        b"{\"name\":\"a\x00b\"}",
        b"{\"name\":\"\\ud800\"}",
        b"{\"a\":1}{\"b\":2}",
        b"\xef\xbb\xbf{}",
        b"{\"name\":\"a\"",
        b"\x1f\x8b\x08\x00",
        b"<xml/>",
    ];
    for (base, target, bearer) in doors(&tower) {
        for text in texts {
            let said = posted(&base, target, &bearer, text).await;
            assert_eq!(said.status, 400, "{target}: {}", String::from_utf8_lossy(text));
        }
        for shape in ["null", "1", "\"x\"", "[]", "true"] {
            assert_eq!(posted(&base, target, &bearer, shape.as_bytes()).await.status, 422, "{target}: {shape}");
        }
    }
    assert_eq!(total_of_cues(&tower).await, 0);
}

fn gzip(body: &[u8]) -> Vec<u8> {
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    packed.write_all(body).unwrap();
    packed.finish().unwrap()
}

/// Sends spans, or what claims to be some; the status.
async fn spans(tower: &Tower, kind: &str, packed: Option<&str>, body: &[u8]) -> u16 {
    let (bearer, length) = (format!("Bearer {}", tower.key), body.len().to_string());
    let mut headers = vec![
        ("Host", address(&tower.agents)),
        ("Authorization", bearer.as_str()),
        ("Content-Type", kind),
        ("Content-Length", length.as_str()),
    ];
    headers.extend(packed.map(|how| ("Content-Encoding", how)));
    let mut bytes = request("POST /v1/traces HTTP/1.1", &headers, "");
    bytes.extend_from_slice(body);
    spoken(&tower.agents, &bytes).await.expect("whoever sends spans is answered").status
}

#[tokio::test(flavor = "multi_thread")]
async fn a_small_body_that_unpacks_to_a_huge_one_is_refused() {
    const JSON: &str = "application/json";
    let tower = Tower::start().await;
    let bomb = gzip(&vec![b' '; 500_000_000]);
    assert!(bomb.len() < 1_000_000, "{} bytes would be refused for their length", bomb.len());
    let twice = gzip(&bomb);
    for _ in 0..4 {
        assert_eq!(spans(&tower, JSON, Some("gzip"), &bomb).await, 413);
        assert_eq!(spans(&tower, "application/x-protobuf", Some("gzip"), &bomb).await, 413);
    }
    assert_eq!(spans(&tower, JSON, Some("gzip"), &twice).await, 400, "unpacked once, and no more");
    assert_eq!(spans(&tower, JSON, Some("gzip, gzip"), &twice).await, 415);
    assert_eq!(spans(&tower, JSON, Some("gzip"), &bomb[..bomb.len() / 2]).await / 100, 4, "half of one");
    let many = gzip(b"{}").repeat(20_000);
    assert!(spans(&tower, JSON, Some("gzip"), &many).await < 500, "20,000 of them in one body");
    let zip = b"PK\x03\x04\x14\0\0\0\x08\0bomb";
    for (kind, packed) in [("application/zip", None), (JSON, Some("zip")), (JSON, Some("br")), (JSON, Some("zstd"))] {
        assert_eq!(spans(&tower, kind, packed, zip).await, 415, "{kind} {packed:?}");
    }
    // Elsewhere nothing is unpacked at all.
    let bearer = format!("Bearer {}", tower.key);
    let headers = [("Authorization", bearer.as_str()), ("Content-Encoding", "gzip")];
    let said = asked(&tower.agents, "POST", "/v1/cues", &headers, "\u{1f}\u{8}").await;
    assert_eq!(said.status, 400);
    is_well(&tower).await;
    assert!(peak_kib(&tower) < PEAK_KIB_MAX, "the tower needed {} KiB", peak_kib(&tower));
}

/// A field of protobuf whose content has a length.
fn field(number: u8, content: &[u8]) -> Vec<u8> {
    let mut bytes = vec![number << 3 | 2];
    let mut length = content.len();
    while length >= 0x80 {
        bytes.push(u8::try_from(length & 0x7f).unwrap() | 0x80);
        length >>= 7;
    }
    bytes.push(u8::try_from(length).unwrap());
    bytes.extend_from_slice(content);
    bytes
}

/// One span with an attribute whose value is an array in an array, and so on.
fn nested(depth: usize) -> Vec<u8> {
    let mut value = field(1, b"x");
    for _ in 0..depth {
        value = field(5, &field(1, &value));
    }
    let attribute = [field(1, b"k"), field(2, &value)].concat();
    let span = [field(1, &[1; 16]), field(2, &[2; 8]), field(5, b"n"), field(9, &attribute)].concat();
    field(1, &field(2, &field(2, &span)))
}

#[tokio::test(flavor = "multi_thread")]
async fn protobuf_that_is_none_is_refused_and_the_deepest_harms_nobody() {
    const PROTOBUF: &str = "application/x-protobuf";
    let tower = Tower::start().await;
    let broken: [(&str, Vec<u8>); 7] = [
        ("a number without end", vec![0xff; 20]),
        ("a length beyond the body", b"\x0a\xff\xff\xff\xff\x0f".to_vec()),
        ("a length beyond all memory", b"\x0a\xff\xff\xff\xff\xff\xff\xff\xff\x7f".to_vec()),
        ("groups in groups", vec![0x0b; 100_000]),
        ("field number 0", vec![0; 50]),
        ("every byte there is", (0..=255).cycle().take(4_096).collect()),
        ("JSON", b"{}".to_vec()),
    ];
    for (what, body) in broken {
        assert_eq!(spans(&tower, PROTOBUF, None, &body).await, 400, "{what}");
    }
    for depth in [50, 500, 20_000] {
        let status = spans(&tower, PROTOBUF, None, &nested(depth)).await;
        assert!(matches!(status, 200 | 400), "{depth} deep: {status}");
    }
    is_well(&tower).await;
}

/// Others get in while somebody floods.
#[tokio::test(flavor = "multi_thread")]
async fn work_goes_on_while_the_doors_are_flooded() {
    let tower = Tower::start().await;
    let agent = Server::start(|_, _| Answer::json(200, &json!({ "success": true }))).await;
    let cue = made(&tower, &hook("worked", &agent.url, json!({ "overlap": "allow" }))).await;
    let flood = |base: String, target: &'static str| {
        tokio::spawn(async move {
            let junk = format!("{{\"a\":{}", "[".repeat(200_000));
            loop {
                let length = junk.len().to_string();
                let headers =
                    [("Host", address(&base)), ("Authorization", "Bearer x"), ("Content-Length", length.as_str())];
                let mut bytes = request(&format!("POST {target} HTTP/1.1"), &headers, "");
                bytes.extend_from_slice(junk.as_bytes());
                spoken(&base, &bytes).await;
            }
        })
    };
    let floods: Vec<_> = (0..8)
        .map(|turn| {
            if turn % 2 == 0 {
                flood(tower.agents.clone(), "/v1/cues")
            } else {
                flood(tower.desk.clone(), "/rpc/board")
            }
        })
        .collect();
    for _ in 0..5 {
        let run = fired(&tower, &cue).await;
        let story = ended(&tower, &run).await;
        assert_eq!(story["mark"]["delivered"], "delivered", "{story}");
    }
    for flood in floods {
        flood.abort();
    }
    is_well(&tower).await;
}
