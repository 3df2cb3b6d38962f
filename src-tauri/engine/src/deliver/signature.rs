//! What a webhook carries: CueAPI's body, headers and signature (CONTRACT 3.3), and beside them the headers of Standard
//! Webhooks (standardwebhooks.com). Sending them is `webhook`'s business.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use chrono::{DateTime, Timelike, Utc};
use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value, json};
use sha2::Sha256;

use super::python_json;

/// The facts of one delivery that CueAPI's receivers get to see.
#[derive(Debug, Clone, Copy)]
pub struct CueapiDelivery<'a> {
    pub attempt: u32,
    pub cue_id: &'a str,
    pub execution_id: &'a str,
    /// The cue's name.
    pub name: &'a str,
    pub payload: &'a Value,
    pub scheduled_for: DateTime<Utc>,
}

/// The exact bytes of the body: Python's `json.dumps(…, sort_keys=True)`.
#[must_use]
pub fn cueapi_body(delivery: &CueapiDelivery) -> Vec<u8> {
    python_json::dumps(&json!({
        "attempt": delivery.attempt,
        "cue_id": delivery.cue_id,
        "execution_id": delivery.execution_id,
        "name": delivery.name,
        "payload": delivery.payload,
        "scheduled_for": isoformat(delivery.scheduled_for),
    }))
}

/// CueAPI's headers for `body`, signed at `timestamp_s` (Unix seconds) with the receiver's secret (the whole `whsec_…`).
/// The cue's own headers go after them: in a `WebhookRequest` the later one of a name wins.
#[must_use]
pub fn cueapi_headers(delivery: &CueapiDelivery, secret: &str, timestamp_s: i64, body: &[u8]) -> Vec<(String, String)> {
    [
        ("User-Agent", "CueAPI/1.0".to_owned()),
        ("Content-Type", "application/json".to_owned()),
        ("X-CueAPI-Signature", sign(secret, timestamp_s, body)),
        ("X-CueAPI-Timestamp", timestamp_s.to_string()),
        ("X-CueAPI-Cue-Id", delivery.cue_id.to_owned()),
        ("X-CueAPI-Execution-Id", delivery.execution_id.to_owned()),
        ("X-CueAPI-Scheduled-For", isoformat(delivery.scheduled_for)),
        ("X-CueAPI-Attempt", delivery.attempt.to_string()),
    ]
    .map(|(name, value)| (name.to_owned(), value))
    .into()
}

/// Standard Webhooks' headers for `body`. `message_id` is the same for every attempt, so that a receiver knows a repetition.
///
/// Their libraries take what follows `whsec_` as base64. Our 64 hex digits are that too, so one secret serves both
/// signatures. A secret that is no base64 signs with its characters.
#[must_use]
pub fn standard_headers(message_id: &str, secret: &str, timestamp_s: i64, body: &[u8]) -> Vec<(String, String)> {
    let written = secret.strip_prefix("whsec_").unwrap_or(secret);
    let key = BASE64_STANDARD.decode(written).unwrap_or_else(|_| written.as_bytes().to_vec());
    let digest = digest(&key, format!("{message_id}.{timestamp_s}.").as_bytes(), body);
    [
        ("webhook-id", message_id.to_owned()),
        ("webhook-timestamp", timestamp_s.to_string()),
        ("webhook-signature", format!("v1,{}", BASE64_STANDARD.encode(digest))),
    ]
    .map(|(name, value)| (name.to_owned(), value))
    .into()
}

/// `v1=<hex>`: HMAC-SHA256 over `<timestamp>.<body>`, keyed with the secret's characters as they are.
#[must_use]
pub fn sign(secret: &str, timestamp_s: i64, body: &[u8]) -> String {
    let digest = digest(secret.as_bytes(), format!("{timestamp_s}.").as_bytes(), body);
    digest.iter().fold("v1=".to_owned(), |hex, byte| format!("{hex}{byte:02x}"))
}

fn digest(key: &[u8], head: &[u8], body: &[u8]) -> [u8; 32] {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes a key of any length");
    mac.update(head);
    mac.update(body);
    mac.finalize().into_bytes().into()
}

/// Python's `datetime.isoformat()` in UTC: six digits of a second, or none.
#[must_use]
pub fn isoformat(at: DateTime<Utc>) -> String {
    let layout = if at.nanosecond() / 1000 == 0 { "%Y-%m-%dT%H:%M:%S+00:00" } else { "%Y-%m-%dT%H:%M:%S%.6f+00:00" };
    at.format(layout).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().expect("a time")
    }

    #[test]
    fn the_body_is_the_one_recorded_from_cueapi_itself() {
        // samples/core/900-webhooks-received.json, first request.
        let payload = json!({"task": "morning", "n": 1, "ünï": "çødé"});
        let delivery = CueapiDelivery {
            attempt: 1,
            cue_id: "cue_548aitkjz4nv",
            execution_id: "abc30b92-e1f2-4905-8f7b-8f2b9fad4b24",
            name: "once-webhook-19eece",
            payload: &payload,
            scheduled_for: at("2026-11-20T19:25:19.433881Z"),
        };
        let recorded = r#"{"attempt": 1, "cue_id": "cue_548aitkjz4nv", "execution_id": "abc30b92-e1f2-4905-8f7b-8f2b9fad4b24", "name": "once-webhook-19eece", "payload": {"n": 1, "task": "morning", "\u00fcn\u00ef": "\u00e7\u00f8d\u00e9"}, "scheduled_for": "2026-11-20T19:25:19.433881+00:00"}"#;
        let body = cueapi_body(&delivery);
        assert_eq!(String::from_utf8(body.clone()).expect("ASCII"), recorded);

        let headers = cueapi_headers(&delivery, "whsec_x", 1_795_202_724, &body);
        let value = |name| headers.iter().find(|(n, _)| n == name).map(|(_, v)| v.as_str());
        assert_eq!(value("X-CueAPI-Scheduled-For"), Some("2026-11-20T19:25:19.433881+00:00"));
        assert_eq!(value("X-CueAPI-Attempt"), Some("1"));
    }

    #[test]
    fn the_signature_is_the_one_python_computes() {
        let program = "import hmac,hashlib;print('v1='+hmac.new(b'whsec_ab12',b'1795202724.{\"a\": 1}',hashlib.sha256).hexdigest())";
        let output = std::process::Command::new("python3").args(["-c", program]).output().expect("python3 is needed");
        let expected = String::from_utf8(output.stdout).expect("ASCII");
        assert_eq!(sign("whsec_ab12", 1_795_202_724, b"{\"a\": 1}"), expected.trim());
    }

    /// Made by the `standardwebhooks` package 1.1.0 from PyPI: `Webhook(secret).sign(id, timestamp, body)`.
    #[test]
    fn the_standard_signature_is_the_one_its_own_library_computes() {
        let secret = "whsec_936e6ba816e8f5bed3901eef40136ec69239e72e1ebf90051c9362e68b12173d";
        let at = 1_795_202_724;
        for (id, body, expected) in [
            (
                "run_01:1",
                r#"{"attempt": 1, "payload": {"\u00fc": 1e-07}}"#,
                "v1,wsUfVs7TgkbwJnKiRmohglNipSYZPGJzYzuIl1KHzyw=",
            ),
            ("d0f7c2f4-idem", "", "v1,4JL4r/6ju/cVDTW96rk4AKJWsKZHwwI1gKJ+zxFZ6DI="),
        ] {
            let headers = standard_headers(id, secret, at, body.as_bytes());
            let expected = [("webhook-id", id), ("webhook-timestamp", "1795202724"), ("webhook-signature", expected)];
            assert_eq!(headers, expected.map(|(name, value)| (name.to_owned(), value.to_owned())));
        }
    }

    #[test]
    fn a_whole_second_has_no_fraction() {
        assert_eq!(isoformat(at("2026-11-20T19:25:19Z")), "2026-11-20T19:25:19+00:00");
        assert_eq!(isoformat(at("2026-11-20T19:25:19.5Z")), "2026-11-20T19:25:19.500000+00:00");
    }
}
