//! Delivers one attempt over HTTP.

use std::time::Duration;

use cuetower_core::cue::Callback;
use cuetower_core::input::DeliveryResult;
use cuetower_core::run::Run;
use cuetower_core::time::length_in_words;

use super::secrets::Lent;
use super::{Shared, secrets};
use crate::deliver::signature::{CueapiDelivery, cueapi_body, cueapi_headers};
use crate::deliver::webhook::{self, WebhookEnd, WebhookRequest};
use crate::journal::OutputRow;
use crate::receive;

pub(super) async fn deliver(shared: &Shared, run: &Run, number: u32, callback: &Callback) {
    let filled = match secrets::filled(shared, &callback.headers).await {
        Ok(filled) => filled,
        Err(words) => return shared.tell(run, number, DeliveryResult::NotDelivered { words }, None).await,
    };
    let delivery = CueapiDelivery {
        attempt: number,
        cue_id: &run.cue_id.0,
        execution_id: &run.id.0,
        name: &run.definition.name,
        payload: &run.payload,
        scheduled_for: run.due.utc().unwrap_or_default(),
    };
    let body = cueapi_body(&delivery);
    let timestamp_s = shared.clock.now().0.div_euclid(1_000);
    let mut headers = cueapi_headers(&delivery, &shared.key.webhook_secret(), timestamp_s, &body);
    headers.push(("Idempotency-Key".to_owned(), run.idempotency_key.clone()));
    headers.push(("X-Cuetower-Run-Token".to_owned(), shared.key.run_token(&run.id, number)));
    headers.push(("X-Cuetower-Url".to_owned(), shared.agents_url.clone()));
    headers.extend(filled.pairs);
    let timeout = Duration::from_millis(run.definition.delivery.timeout_ms);
    let request = WebhookRequest { method: callback.method.clone(), url: callback.url.clone(), headers, body, timeout };
    let end = webhook::send(&shared.client, request).await;
    let (result, output) = told(run, number, end, &filled.lent);
    shared.tell(run, number, result, output).await;
}

fn told(run: &Run, number: u32, end: WebhookEnd, lent: &Lent) -> (DeliveryResult, Option<OutputRow>) {
    match end {
        WebhookEnd::Answered { status, retry_after, body, body_truncated, elapsed } => {
            let words = format!("answered {status} in {}", in_words(elapsed));
            let body = lent.hidden_in(body);
            let outcome =
                serde_json::from_str(&body).ok().and_then(|answer| receive::outcome_in_answer(&answer)).map(Box::new);
            let retry_after_ms = retry_after.map(|wait| u64::try_from(wait.as_millis()).unwrap_or(u64::MAX));
            let output = OutputRow {
                run_id: run.id.0.clone(),
                number,
                stdout: body,
                stderr: String::new(),
                truncated: body_truncated,
            };
            (DeliveryResult::Answered { status, words, retry_after_ms, outcome }, Some(output))
        }
        WebhookEnd::Unanswered { elapsed } => {
            let words = format!("sent, and not answered within {}", in_words(elapsed));
            (DeliveryResult::Unanswered { words }, None)
        }
        WebhookEnd::Failed { reason, .. } => (DeliveryResult::NotDelivered { words: reason }, None),
    }
}

fn in_words(length: Duration) -> String {
    length_in_words(u64::try_from(length.as_millis()).unwrap_or(u64::MAX))
}
