//! Strict addresses, as hosted CueAPI demands them: what a tower is to call must be public, and be found when it is written.
//! What is called later is judged anew, for every connection (`deliver::resolver`).

use std::net::IpAddr;
use std::time::Duration;

use axum::http::StatusCode;
use cuetower_core::cue::{CueDefinition, Transport};
use url::Host;

use super::problem::Problem;
use super::{Door, callable};
use crate::definition::Invalid;
use crate::deliver::{Kind, Names, kind_of};

/// Names that lead to the machine or its cloud, whatever they resolve to.
const BLOCKED: [&str; 3] = ["localhost", "metadata.google.internal", "metadata.internal"];
/// A name server that takes longer is taken for none.
const LOOKUP_LIMIT: Duration = Duration::from_secs(10);

/// Whether every address of a cue may be called; always, if the tower is not strict.
pub(super) async fn callbacks(door: &Door, definition: &CueDefinition) -> Result<(), Problem> {
    if !door.openings.strict_addresses {
        return Ok(());
    }
    let callback = match &definition.transport {
        Transport::Webhook(callback) => Some(("body.callback.url", &callback.url)),
        Transport::Worker(_) | Transport::Command(_) | Transport::Watch => None,
    };
    let told = definition.on_failure.webhook.as_ref().map(|url| ("body.on_failure.webhook", url));
    for (field, url) in callback.into_iter().chain(told) {
        if let Some(message) = trouble_with(door, url).await {
            let details = vec![Invalid { field: field.to_owned(), message: message.clone() }];
            return Err(Problem { details, ..Problem::new(StatusCode::BAD_REQUEST, "invalid_callback_url", message) });
        }
    }
    Ok(())
}

/// Why this address may not be called by a strict tower, in CueAPI's words; None: it may.
pub(super) async fn trouble_with(door: &Door, url: &str) -> Option<String> {
    let host = match callable::read(url) {
        Ok(host) => host,
        Err(trouble) => return Some(trouble.to_owned()),
    };
    let addresses: Vec<IpAddr> = match host {
        Host::Ipv4(address) => vec![address.into()],
        Host::Ipv6(address) => vec![address.into()],
        Host::Domain(name) => {
            let plain = name.trim_end_matches('.');
            if BLOCKED.contains(&plain) || plain.ends_with(".localhost") {
                return Some(format!("Blocked hostname: {name}"));
            }
            match found(door.names.clone(), &name).await {
                Some(addresses) => addresses,
                None => return Some(format!("Cannot resolve hostname: {name}")),
            }
        }
    };
    let blocked = addresses.into_iter().any(|address| kind_of(address) != Kind::Public);
    blocked.then(|| callable::BLOCKED.to_owned())
}

/// None: it has no address.
async fn found(names: std::sync::Arc<Names>, name: &str) -> Option<Vec<IpAddr>> {
    let looking = tokio::time::timeout(LOOKUP_LIMIT, names.addresses_of(name.to_owned()));
    looking.await.ok()?.ok().filter(|found| !found.is_empty())
}
