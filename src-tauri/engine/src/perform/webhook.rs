//! Delivers one attempt over HTTP.

use std::time::Duration;

use cuetower_core::cue::{Callback, Confirm};
use cuetower_core::input::DeliveryResult;
use cuetower_core::run::Run;
use serde_json::Value;

use super::secrets::Lent;
use super::{Shared, secrets};
use crate::deliver::python_json;
use crate::deliver::signature::{CueapiDelivery, cueapi_body, cueapi_headers, standard_headers};
use crate::deliver::webhook::{self, BodyEnd, CONNECT_LIMIT, WebhookEnd, WebhookRequest};
use crate::journal::OutputRow;
use crate::otlp::ids;
use crate::receive;
use crate::vault::How;

pub(super) async fn deliver(shared: &Shared, run: &Run, number: u32, callback: &Callback) {
    let filled = match secrets::filled(shared, run, &callback.headers, How::Header).await {
        Ok(filled) => filled,
        Err(words) => return shared.tell(run, number, DeliveryResult::NotDelivered { words }, None).await,
    };
    let timeout = Duration::from_millis(run.definition.delivery.timeout_ms);
    let turn = match webhook::turn(&shared.client, &callback.url, timeout).await {
        Ok(_) if shared.was_stopped(&run.id, number) => {
            Err("not sent: the run was stopped before its turn came".to_owned())
        }
        turn => turn,
    };
    let turn = match turn {
        Ok(turn) => turn,
        Err(words) => return shared.tell(run, number, DeliveryResult::NotDelivered { words }, None).await,
    };
    // Signed only now: receivers refuse what was signed minutes ago.
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
    let secret = shared.accounts.webhook_secret(&run.definition.account);
    let mut headers = cueapi_headers(&delivery, &secret, timestamp_s, &body);
    headers.extend(standard_headers(&run.idempotency_key, &secret, timestamp_s, &body));
    headers.push(("Idempotency-Key".to_owned(), run.idempotency_key.clone()));
    headers.push(("X-Cuetower-Run-Token".to_owned(), shared.key.run_token(&run.id, number)));
    headers.push(("X-Cuetower-Url".to_owned(), shared.agents_url.clone()));
    headers.extend(criteria(&run.exit_criteria));
    if let Some(context) = ids::context(&run.id, number) {
        headers.push(("traceparent".to_owned(), context.traceparent));
        headers.push(("baggage".to_owned(), context.baggage));
    }
    // Of two headers of one name the later is sent: the cue's.
    headers.extend(filled.pairs);
    let limits = &run.definition.delivery;
    let request = WebhookRequest {
        method: callback.method.clone(),
        url: callback.url.clone(),
        headers,
        body,
        timeout,
        connect_timeout: limits.connect_timeout_ms.map_or(CONNECT_LIMIT, Duration::from_millis),
        first_byte_timeout: limits.first_byte_timeout_ms.map(Duration::from_millis),
        allow_private: callback.allow_private,
    };
    let sent = webhook::send_in_turn(&shared.client, request, turn).await;
    // What was stopped on its way is let come to its end: its answer is recorded.
    shared.was_stopped(&run.id, number);
    let (result, output) = told(run, number, sent.end, &filled.lent);
    shared.tell(run, number, result, output).await;
}

/// Too many for a header are left to be asked for: the execution names them.
const CRITERIA_BYTES_MAX: usize = 4_096;

/// What the outcome has to meet by name: the body is CueAPI's, to the byte.
fn criteria(names: &[String]) -> Option<(String, String)> {
    let listed = String::from_utf8(python_json::dumps(&Value::from(names))).ok()?;
    let fits = !names.is_empty() && listed.len() <= CRITERIA_BYTES_MAX;
    fits.then(|| ("X-Cuetower-Exit-Criteria".to_owned(), listed))
}

fn told(run: &Run, number: u32, end: WebhookEnd, lent: &Lent) -> (DeliveryResult, Option<OutputRow>) {
    let (answer, words) = match end {
        WebhookEnd::Answered { answer, words } => (answer, words),
        WebhookEnd::Unanswered { words } => {
            return (DeliveryResult::Unanswered { words: lent.hidden_in(words) }, None);
        }
        WebhookEnd::Failed { reason } => {
            return (DeliveryResult::NotDelivered { words: lent.hidden_in(reason) }, None);
        }
    };
    let retry_after_ms = answer.retry_after.map(|wait| u64::try_from(wait.as_millis()).unwrap_or(u64::MAX));
    let (status, truncated) = (answer.status, answer.body_end != BodyEnd::Whole);
    let expected = run.definition.confirm == Confirm::Outcome && (200..300).contains(&status);
    // Read before values are blotted out of its text: one that is a number would leave no JSON.
    let mut read: Option<Value> = serde_json::from_str(&answer.body).ok();
    match &mut read {
        // What an outcome is read from keeps its name, whatever value the cue's writer chose: `success` would be gone.
        Some(Value::Object(fields)) => fields.values_mut().for_each(|value| lent.hide_in(value)),
        Some(other) => lent.hide_in(other),
        None => {}
    }
    let body = lent.hidden_in(answer.body);
    let outcome = read.as_ref().and_then(receive::outcome_in_answer);
    let aside = match &outcome {
        None if expected && answer.body_end == BodyEnd::Whole => no_outcome(&body, read.as_ref()),
        None | Some(_) => "",
    };
    let result = DeliveryResult::Answered {
        status,
        words: lent.hidden_in(words + aside),
        retry_after_ms,
        outcome: outcome.map(Box::new),
    };
    let output = OutputRow { run_id: run.id.0.clone(), number, stdout: body, stderr: String::new(), truncated };
    (result, Some(output))
}

/// Why a body that was expected to be one is no outcome. To say nothing is a fine answer too: the outcome comes later.
fn no_outcome(body: &str, read: Option<&Value>) -> &'static str {
    match read {
        None if !body.trim().is_empty() => "; its body is not JSON, so no outcome was read from it",
        Some(value) if value.get("success").is_some_and(|success| !success.is_boolean()) => {
            "; `success` in its body is neither true nor false, so no outcome was read from it"
        }
        None | Some(_) => "",
    }
}
