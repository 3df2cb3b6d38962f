//! OpenTelemetry: where the tower's own runs go as traces, and what came in that belongs to no run.

use std::borrow::Cow;
use std::net::IpAddr;

use cuetower_core::id::AccountId;
use cuetower_core::spend::Nanousd;
use serde_json::json;
use url::{Host, Url};

use super::wire::{ApartView, DeskError, HeaderPair, Nothing, OtlpOut, OtlpOutSet, SpansApart, SpansApartRequest};
use super::{Desk, invalid};
use crate::definition::{header_trouble, lies_open};
use crate::journal::ApartRow;
use crate::otlp::redact;

/// Journal lane of facts about it.
const LANE: &str = "otlp";
const APART_MAX: u32 = 500;
const HEADERS_MAX: usize = 50;
const ENDPOINT_CHARS_MAX: usize = 2_000;
/// Set with each export.
const OWN_HEADERS: [&str; 3] = ["content-type", "content-encoding", "content-length"];

pub(super) async fn get(desk: &Desk, _: Nothing) -> Result<OtlpOut, DeskError> {
    let reader = desk.handle.reader();
    let row = reader.otlp_out().await?;
    let state = desk.handle.exports.state();
    let waiting = match &row {
        Some(row) => reader.otlp_waiting(row.cursor).await?,
        None => 0,
    };
    let set_at_ms = row.as_ref().map(|row| row.set_at.0);
    let (endpoint, headers) = row.map(|row| (row.endpoint, row.headers)).unzip();
    let pair = |(name, value)| HeaderPair { name, value };
    Ok(OtlpOut {
        endpoint,
        headers: headers.unwrap_or_default().into_iter().map(pair).collect(),
        set_at_ms,
        sent: state.sent,
        sent_at_ms: state.sent_at.map(|at| at.0),
        waiting,
        trouble: state.trouble,
        refused: state.refused,
        refused_words: state.refused_words,
    })
}

pub(super) async fn set(desk: &Desk, request: OtlpOutSet) -> Result<OtlpOut, DeskError> {
    let Some(written) = request.endpoint else {
        desk.handle
            .record(|recorder| {
                recorder.drop_otlp_out()?;
                recorder.fact(LANE, "otlp_out_off", &json!({}))?;
                Ok(Ok::<(), ()>(()))
            })
            .await?
            .unwrap_or_default();
        desk.handle.exports.changed();
        return get(desk, Nothing {}).await;
    };
    let endpoint = endpoint(&written, &desk.facts.agents_url).map_err(|words| invalid("endpoint", words))?;
    let headers = headers(request.headers)?;
    desk.handle
        .record(move |recorder| {
            // Names are said of headers; what stands in them holds secrets by name only, and is not repeated either.
            let names: Vec<&str> = headers.iter().map(|(name, _)| name.as_str()).collect();
            recorder.fact(LANE, "otlp_out_set", &json!({ "endpoint": endpoint, "headers": names }))?;
            recorder.keep_otlp_out(&endpoint, &headers)?;
            Ok(Ok::<(), ()>(()))
        })
        .await?
        .unwrap_or_default();
    desk.handle.exports.changed();
    get(desk, Nothing {}).await
}

/// Those whose spans have all gone to their runs are left out.
pub(super) async fn apart(desk: &Desk, request: SpansApartRequest) -> Result<SpansApart, DeskError> {
    let limit = request.limit.unwrap_or(100);
    if !(1..=APART_MAX).contains(&limit) {
        return Err(invalid("limit", format!("1 to {APART_MAX} are listed.")));
    }
    let rows = desk.handle.reader().spans_apart(request.agent, limit).await?;
    Ok(SpansApart { apart: rows.into_iter().filter(|row| row.spans > 0).map(apart_view).collect() })
}

fn apart_view(row: ApartRow) -> ApartView {
    let total = row.sums.total();
    ApartView {
        day: row.owner.rsplit('/').next().unwrap_or_default().to_owned(),
        id: row.owner,
        agent: row.agent,
        spans: row.spans,
        failed: row.sums.failed,
        tokens: total.tokens,
        cost_usd: total.cost.map(Nanousd::usd),
        not_priced: row.sums.not_priced,
        last_ms: row.last_at.map(|at| at.0),
        account: (!AccountId(row.account.clone()).is_owner()).then_some(row.account),
    }
}

/// The URL to send to, or what is wrong with it.
fn endpoint(written: &str, agents_url: &str) -> Result<String, String> {
    let written = written.trim();
    if written.chars().count() > ENDPOINT_CHARS_MAX {
        return Err("The endpoint is longer than 2000 characters.".to_owned());
    }
    let mut url = Url::parse(written).map_err(|_| {
        "The endpoint should be a URL, such as http://localhost:4318 or https://collector.example.com/v1/traces."
            .to_owned()
    })?;
    if !matches!(url.scheme(), "http" | "https") || url.host().is_none() {
        return Err(
            "The endpoint should begin with http:// or https://; traces are sent over HTTP, in protobuf.".to_owned()
        );
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err("Put credentials into a header, with `{{secret:NAME}}`; not into the address.".to_owned());
    }
    if matches!(redact::text(written), Cow::Owned(_)) || url.query_pairs().any(|(name, value)| lies_open(&name, &value))
    {
        return Err("The address seems to hold a key, and it is shown and logged. Put the key into a header, with \
                    `{{secret:NAME}}`."
            .to_owned());
    }
    if is_own(&url, agents_url) {
        return Err(
            "This is the tower's own address: its runs would come back to it as spans. Name another collector."
                .to_owned(),
        );
    }
    if matches!(url.path(), "" | "/") {
        url.set_path("/v1/traces");
    }
    Ok(url.to_string())
}

/// Whether it leads to the agents' door.
fn is_own(url: &Url, agents_url: &str) -> bool {
    let is_here = match url.host() {
        Some(Host::Domain(name)) => name.eq_ignore_ascii_case("localhost") || name.ends_with(".localhost"),
        Some(Host::Ipv4(address)) => address.is_loopback() || address.is_unspecified(),
        Some(Host::Ipv6(address)) => IpAddr::from(address).to_canonical().is_loopback() || address.is_unspecified(),
        None => false,
    };
    let own = Url::parse(agents_url).ok();
    is_here && own.and_then(|own| own.port_or_known_default()) == url.port_or_known_default()
}

fn headers(given: Vec<HeaderPair>) -> Result<Vec<(String, String)>, DeskError> {
    if given.len() > HEADERS_MAX {
        return Err(invalid("headers", format!("There are {} headers; at most {HEADERS_MAX} fit.", given.len())));
    }
    let mut headers: Vec<(String, String)> = Vec::with_capacity(given.len());
    for HeaderPair { name, value } in given {
        let name = name.trim().to_owned();
        let field = format!("headers.{name}");
        if OWN_HEADERS.iter().any(|own| name.eq_ignore_ascii_case(own)) {
            return Err(invalid(&field, format!("`{name}` is set by the tower; leave it out.")));
        }
        if let Some(trouble) = header_trouble(&name, &value) {
            return Err(invalid(&field, format!("`{name}` {trouble}.")));
        }
        if headers.iter().any(|(known, _)| known.eq_ignore_ascii_case(&name)) {
            return Err(invalid(&field, format!("`{name}` is there twice.")));
        }
        headers.push((name, value));
    }
    Ok(headers)
}

#[cfg(test)]
mod tests {
    use super::*;

    const OWN: &str = "http://127.0.0.1:8737";

    #[test]
    fn an_endpoint_is_a_url_with_the_path_of_traces() {
        let good = |written| endpoint(written, OWN).unwrap();
        assert_eq!(good("http://localhost:4318"), "http://localhost:4318/v1/traces");
        assert_eq!(good(" https://api.example.com/otlp/v1/traces?x=1 "), "https://api.example.com/otlp/v1/traces?x=1");
        for open in [
            "https://in.example/v1/traces?api-key=0123456789",
            "https://in.example/v1/traces?token=abc",
            "https://in.example/sk-proj-abcdefghijklmnop/v1/traces",
        ] {
            assert!(endpoint(open, OWN).unwrap_err().contains("{{secret:NAME}}"), "{open}");
        }
        for bad in ["", "collector", "grpc://x:4317", "http://", "http://u:p@x/"] {
            assert!(endpoint(bad, OWN).is_err(), "{bad}");
        }
    }

    #[test]
    fn the_tower_sends_nothing_to_itself() {
        for own in [
            "http://127.0.0.1:8737",
            "http://localhost:8737/v1/traces",
            "http://[::1]:8737",
            "http://0.0.0.0:8737",
            "http://127.9.9.9:8737",
        ] {
            assert!(endpoint(own, OWN).unwrap_err().starts_with("This is the tower's own address"), "{own}");
        }
        assert!(endpoint("http://localhost:8738", OWN).is_ok());
        assert!(endpoint("http://192.0.2.1:8737", OWN).is_ok(), "another machine");
    }

    #[test]
    fn headers_hold_secrets_by_name() {
        let one =
            |name: &str, value: &str| headers(vec![HeaderPair { name: name.to_owned(), value: value.to_owned() }]);
        assert!(one("Authorization", "Bearer {{secret:COLLECTOR}}").is_ok());
        assert!(one("X-Scope-OrgID", "team").is_ok());
        let open = one("Authorization", "Bearer abc").unwrap_err();
        assert!(open.message.contains("{{secret:"), "{}", open.message);
        assert_eq!(open.field.as_deref(), Some("headers.Authorization"));
        assert!(one("Content-Type", "x").is_err());
        assert!(one("no name", "x").is_err());
    }
}
