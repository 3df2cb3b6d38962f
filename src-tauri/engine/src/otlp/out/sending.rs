//! One export: packed, with its headers' secrets filled in, through the tower's own HTTP client.

use std::io::Write as _;
use std::time::Duration;

use flate2::Compression;
use flate2::write::GzEncoder;

use super::trace::Request;
use crate::deliver::webhook::{self, CONNECT_LIMIT, WebhookEnd, WebhookRequest};
use crate::perform::Shared;
use crate::perform::secrets::filled_from;

/// For one request.
const LIMIT: Duration = Duration::from_secs(15);

pub(super) struct Sender<'a> {
    pub shared: &'a Shared,
    pub endpoint: String,
    pub headers: Vec<(String, String)>,
}

/// It may go another time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Failure {
    pub words: String,
    pub retry_after: Option<Duration>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Refusal {
    ForNow(Failure),
    /// The same again would be refused again.
    ForGood(String),
}

impl Sender<'_> {
    /// Each body of the request, one after the other.
    pub async fn send(&self, request: Request) -> Result<(), Refusal> {
        for body in request.bodies {
            self.send_one(body).await?;
        }
        Ok(())
    }

    async fn send_one(&self, body: Vec<u8>) -> Result<(), Refusal> {
        let for_now = |words| Refusal::ForNow(Failure { words, retry_after: None });
        let filled = filled_from(&self.shared.vault, &self.headers).await.map_err(for_now)?;
        let own =
            [("Content-Type", "application/x-protobuf"), ("Content-Encoding", "gzip"), ("User-Agent", "Cuetower")];
        let mut headers: Vec<(String, String)> = own.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
        headers.extend(filled.pairs);
        let request = WebhookRequest {
            method: "POST".to_owned(),
            url: self.endpoint.clone(),
            headers,
            body: packed(&body),
            timeout: LIMIT,
            connect_timeout: CONNECT_LIMIT,
            first_byte_timeout: None,
            // The owner chose it.
            allow_private: true,
        };
        match webhook::send(&self.shared.client, request).await.end {
            WebhookEnd::Answered { answer, .. } if (200..300).contains(&answer.status) => Ok(()),
            WebhookEnd::Answered { answer, words } => {
                let words = filled.lent.hidden_in(words);
                // The protocol: only these say that the body itself is at fault.
                if matches!(answer.status, 400 | 413) {
                    return Err(Refusal::ForGood(words));
                }
                Err(Refusal::ForNow(Failure { words, retry_after: answer.retry_after }))
            }
            WebhookEnd::Unanswered { words } | WebhookEnd::Failed { reason: words } => {
                Err(for_now(filled.lent.hidden_in(words)))
            }
        }
    }
}

fn packed(body: &[u8]) -> Vec<u8> {
    let mut packed = GzEncoder::new(Vec::with_capacity(body.len() / 4), Compression::fast());
    packed.write_all(body).and_then(|()| packed.finish()).expect("writing into memory does not fail")
}
