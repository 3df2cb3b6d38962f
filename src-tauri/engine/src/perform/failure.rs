//! Tells the web hook of `on_failure` that a run failed for good: one unsigned POST in CueAPI's shape, never repeated.

use std::sync::Arc;
use std::time::Duration;

use cuetower_core::input::Input;
use cuetower_core::run::Run;
use cuetower_core::sentence;
use cuetower_core::transport::Transport;
use serde_json::json;

use super::Shared;
use crate::deliver::webhook;
use crate::handle::Order;

const LIMIT: Duration = Duration::from_secs(10);

pub(super) async fn tell(shared: Arc<Shared>, run: Arc<Run>) {
    let Some(url) = &run.definition.on_failure.webhook else { return };
    let at = run.ended_at().unwrap_or_else(|| shared.clock.now());
    let told = json!({
        "event": "cue.failed",
        "cue_id": run.cue_id,
        "cue_name": run.definition.name,
        "execution_id": run.id,
        "attempts": run.attempts.len(),
        "last_http_status": run.latest().http_status,
        "last_error": sentence::of_run(&run),
        "failed_at": at.utc().map(|at| at.to_rfc3339()),
        "dashboard_url": format!("cuetower://run/{}", run.id),
    });
    let granted = match &run.definition.transport {
        Transport::Webhook(callback) => callback.allow_private,
        Transport::Worker(_) | Transport::Command(_) | Transport::Watch => false,
    };
    let body = told.to_string().into_bytes();
    let words = match webhook::post_plain(&shared.client, url, body, LIMIT, granted).await {
        Ok(status) => format!("told {} of the failure: answered {status}", shown(url)),
        Err(reason) => format!("could not tell {} of the failure: {reason}", shown(url)),
    };
    let input = Input::Note { run_id: run.id.clone(), words };
    let order = Order::Run { by: None, run_id: run.id.clone(), input, output: None, reply: None };
    drop(shared.orders.send(order).await);
}

/// Without what may be a secret: the path of many a hook is one.
fn shown(url: &str) -> String {
    let parsed = url::Url::parse(url).ok();
    let port = |url: &url::Url| url.port().map(|port| format!(":{port}")).unwrap_or_default();
    let host = parsed.as_ref().and_then(|url| Some(format!("{}://{}{}", url.scheme(), url.host_str()?, port(url))));
    host.unwrap_or_else(|| "the web hook".to_owned())
}
