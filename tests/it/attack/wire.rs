//! Requests as no client library would send them: the bytes go over a connection of their own, and what is said back is read to
//! its end.

use std::time::Duration;

use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// No door keeps a connection that long on which it has nothing to say.
const LIMIT: Duration = Duration::from_secs(100);

/// An answer.
#[derive(Debug, Clone)]
pub(super) struct Said {
    pub status: u16,
    /// Its lines after the first, in small letters.
    head: String,
    pub body: String,
}

impl Said {
    fn read(bytes: &[u8]) -> Option<Said> {
        let text = String::from_utf8_lossy(bytes);
        let (head, body) = text.split_once("\r\n\r\n")?;
        let (first, rest) = head.split_once("\r\n").unwrap_or((head, ""));
        let status = first.split(' ').nth(1)?.parse().ok()?;
        Some(Said { status, head: rest.to_lowercase(), body: body.to_owned() })
    }

    /// The first header of that name, which is written in small letters.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':')).map(str::trim)
    }

    /// Headers that would let a web page of elsewhere read the answer.
    pub fn opens_to_pages(&self) -> bool {
        self.head.lines().any(|line| line.starts_with("access-control-"))
    }

    /// The code of a refusal, whichever door it is of; "" if there is none.
    pub fn code(&self) -> String {
        let body: Value = serde_json::from_str(&self.body).unwrap_or(Value::Null);
        let code = body["error"]["code"].as_str().or(body["code"].as_str());
        code.unwrap_or_default().to_owned()
    }
}

/// "127.0.0.1:40123" of "http://127.0.0.1:40123".
pub(super) fn address(base: &str) -> &str {
    base.strip_prefix("http://").expect("doors speak plain HTTP on this machine")
}

/// A request with these header lines and no others, and its body. It asks for the connection to be closed.
pub(super) fn request(line: &str, headers: &[(&str, &str)], body: &str) -> Vec<u8> {
    let mut text = format!("{line}\r\n");
    for (name, value) in headers {
        text.push_str(&format!("{name}: {value}\r\n"));
    }
    if !body.is_empty() {
        text.push_str(&format!("Content-Length: {}\r\n", body.len()));
    }
    text.push_str("Connection: close\r\n\r\n");
    text.push_str(body);
    text.into_bytes()
}

/// Sends these bytes; what was said. None: the connection was closed without a word.
///
/// # Panics
/// If the door neither answers nor hangs up.
pub(super) async fn spoken(base: &str, bytes: &[u8]) -> Option<Said> {
    let mut line = TcpStream::connect(address(base)).await.expect("the door is open");
    // A door that has heard enough may hang up in the middle.
    drop(line.write_all(bytes).await);
    heard(&mut line).await
}

/// What the other side says until it hangs up.
pub(super) async fn heard(line: &mut TcpStream) -> Option<Said> {
    let mut said = Vec::new();
    let reading = tokio::time::timeout(LIMIT, line.read_to_end(&mut said)).await;
    // A reset after the answer takes nothing of it back.
    drop(reading.expect("the door answers or hangs up"));
    Said::read(&said)
}

/// Asks with a Host that is good, and these headers besides.
pub(super) async fn asked(base: &str, method: &str, target: &str, headers: &[(&str, &str)], body: &str) -> Said {
    let mut all = vec![("Host", address(base))];
    all.extend_from_slice(headers);
    let bytes = request(&format!("{method} {target} HTTP/1.1"), &all, body);
    spoken(base, &bytes).await.unwrap_or_else(|| panic!("{method} {target} was not answered"))
}
