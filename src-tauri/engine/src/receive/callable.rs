//! Where the tower may be asked to call (alerts, messages): read and judged as it is written, in CueAPI's words. What a name
//! leads to is judged with each call, and here only by a strict tower (`strict`).

use std::net::IpAddr;

use axum::http::StatusCode;
use url::{Host, Url};

use super::problem::Problem;
use super::{Door, strict};
use crate::deliver::kind_of;

pub(super) const BLOCKED: &str = "Callback URL resolves to blocked address range";

/// Whether it may be called; `code` is that of the refusal.
pub(super) async fn may_be_called(door: &Door, url: &str, code: &'static str) -> Result<(), Problem> {
    let trouble = match trouble_with(url) {
        None if door.openings.strict_addresses => strict::trouble_with(door, url).await,
        trouble => trouble.map(str::to_owned),
    };
    trouble.map_or(Ok(()), |message| Err(Problem::new(StatusCode::BAD_REQUEST, code, message)))
}

/// A URL that somebody could be called at, with its host; wherever that is.
pub(super) fn read(written: &str) -> Result<Host, &'static str> {
    let url = Url::parse(written).map_err(|_| "Invalid URL format")?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err("URL must use http:// or https://");
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err("Credentials in callback URLs are not allowed");
    }
    url.host().map(|host| host.to_owned()).ok_or("URL must have a hostname")
}

/// This machine may be called.
fn trouble_with(written: &str) -> Option<&'static str> {
    let address: IpAddr = match read(written) {
        Err(trouble) => return Some(trouble),
        Ok(Host::Domain(_)) => return None,
        Ok(Host::Ipv4(address)) => address.into(),
        Ok(Host::Ipv6(address)) => address.into(),
    };
    (!kind_of(address).permitted(false)).then_some(BLOCKED)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn alerts_go_to_this_machine_or_the_world_and_nowhere_in_between() {
        for url in
            ["http://93.184.216.34/hook", "https://hooks.example.com/x?y=1", "http://127.0.0.1:9000/", "http://[::1]/"]
        {
            assert_eq!(trouble_with(url), None, "{url}");
        }
        let blocked = Some("Callback URL resolves to blocked address range");
        for url in ["http://10.0.0.1/x", "http://169.254.169.254/", "http://0x0a000001/", "http://0.0.0.0/"] {
            assert_eq!(trouble_with(url), blocked, "{url}");
        }
        for url in ["ftp://example.com/", "http://a:b@example.com/", "nonsense", ""] {
            assert!(trouble_with(url).is_some(), "{url}");
        }
    }

    #[test]
    fn nothing_is_pushed_to_where_nobody_can_be() {
        for bad in
            ["ftp://host/x", "nonsense", "http://169.254.169.254/x", "http://user:word@host/x", "http://10.0.0.1/"]
        {
            assert!(trouble_with(bad).is_some(), "{bad}");
        }
        for good in ["http://127.0.0.1:9/x", "http://localhost:9/x", "https://agents.example/x", "http://[::1]/"] {
            assert_eq!(trouble_with(good), None, "{good}");
        }
    }
}
