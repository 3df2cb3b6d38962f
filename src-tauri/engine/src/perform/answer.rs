//! Tells the callback of a gate what the owner said: one signed POST of what the agent would hear if it asked, again after some
//! minutes until somebody takes it. Told twice is better than never: the body names the gate.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use cuetower_core::gate::GateInput;
use cuetower_core::id::GateId;
use cuetower_core::input::Input;
use cuetower_core::time::MINUTE_MS;

use super::{Performer, Shared};
use crate::deliver::signature::{sign, standard_headers};
use crate::deliver::webhook::{self, CONNECT_LIMIT, WebhookEnd, WebhookRequest};
use crate::handle::Order;
use crate::journal::GateRow;
use crate::receive;

const LIMIT: Duration = Duration::from_secs(10);
/// Between two tries; after the last it is given up. The agent may still ask.
const WAITS_MS: [u64; 3] = [MINUTE_MS, 5 * MINUTE_MS, 15 * MINUTE_MS];

impl Performer {
    /// Begins; nothing is waited for. One that is being told already is not told twice at a time.
    pub fn tell_answer(&self, gate: GateId) {
        if self.shared.telling().insert(gate.clone()) {
            self.runtime.spawn(tell(Arc::clone(&self.shared), gate));
        }
    }
}

async fn tell(shared: Arc<Shared>, id: GateId) {
    match shared.reader.gate(id.0.clone()).await {
        Ok(Some(row)) => {
            if let Some(words) = told(&shared, &row).await {
                shared.send(noted(&row, words)).await;
            }
        }
        Ok(None) => {}
        // The next start tells it.
        Err(error) => {
            tracing::error!(%error, gate = %id, "an answer could not be read back; its callback is not told for now");
        }
    }
    shared.telling().remove(&id);
}

/// How it went, in words; None: the tower stops, and the next start tells it.
async fn told(shared: &Shared, row: &GateRow) -> Option<String> {
    let mut waits = WAITS_MS.into_iter();
    loop {
        let went = posted(shared, row).await;
        let (Err(words), Some(wait)) = (&went, waits.next()) else {
            return Some(match went {
                Ok(status) => format!("answered {status}"),
                Err(words) => format!("given up: {words}"),
            });
        };
        tracing::info!(gate = %row.gate.id, %words, "the callback of a gate could not be told; it is tried again");
        let again = shared.clock.now().plus(wait);
        // A clock that is set back makes nobody wait longer.
        while (1..=wait).contains(&again.since(shared.clock.now())) {
            shared.clock.sleep_until(Some(again)).await;
        }
        if shared.stopping.load(Ordering::Relaxed) {
            return None;
        }
    }
}

/// The status, if it was taken.
async fn posted(shared: &Shared, row: &GateRow) -> Result<u16, String> {
    let Some(url) = row.gate.callback.clone() else { return Err("it has no callback".to_owned()) };
    let body = receive::gate_as_told(row).to_string().into_bytes();
    let secret = shared.accounts.webhook_secret(&row.account);
    let timestamp_s = shared.clock.now().0.div_euclid(1_000);
    let mut headers = standard_headers(row.gate.id.as_str(), &secret, timestamp_s, &body);
    headers.extend(
        [
            ("User-Agent", "CueAPI/1.0".to_owned()),
            ("Content-Type", "application/json".to_owned()),
            ("X-CueAPI-Signature", sign(&secret, timestamp_s, &body)),
            ("X-CueAPI-Timestamp", timestamp_s.to_string()),
        ]
        .map(|(name, value)| (name.to_owned(), value)),
    );
    let request = WebhookRequest {
        method: "POST".to_owned(),
        url,
        headers,
        body,
        timeout: LIMIT,
        connect_timeout: CONNECT_LIMIT,
        first_byte_timeout: None,
        allow_private: false,
    };
    match webhook::send(&shared.client, request).await.end {
        WebhookEnd::Answered { answer, .. } if (200..300).contains(&answer.status) => Ok(answer.status),
        WebhookEnd::Answered { answer, .. } => Err(format!("answered {}", answer.status)),
        WebhookEnd::Unanswered { words } => Err(words),
        WebhookEnd::Failed { reason } => Err(reason),
    }
}

fn noted(row: &GateRow, words: String) -> Order {
    let gate_id = row.gate.id.clone();
    match &row.run_id {
        Some(run_id) => {
            let input = Input::GateTold { run_id: run_id.clone(), gate_id, words };
            Order::Run { by: None, run_id: run_id.clone(), input, output: None, reply: None }
        }
        None => Order::Gate { input: GateInput::Told { gate_id, words }, reply: None },
    }
}
