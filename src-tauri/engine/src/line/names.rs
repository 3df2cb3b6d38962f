//! Whom a door answers to: the names it may be called by, and which requests of web pages it takes.
//!
//! A page that had its own name point here (DNS rebinding) calls us by that name; a script of a foreign page says so in
//! `Origin`, or the browser says it in `Sec-Fetch-Site`. Programs send neither.

use hyper::header::{HOST, ORIGIN};
use hyper::{HeaderMap, Method, Uri};

const LOOPBACK: [&str; 3] = ["127.0.0.1", "localhost", "[::1]"];
const HTTP: u16 = 80;

/// The names of one door.
#[derive(Debug, Clone)]
pub(crate) struct OwnNames {
    port: u16,
    /// As the owner gave them, in lower case: "tower.example", "tower.example:8443".
    given: Vec<String>,
    /// Pages that may be opened by a link from anywhere: "/".
    opened: &'static [&'static str],
}

/// Why a request is not for this door.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Foreign {
    /// It calls somebody else, or nobody, or several.
    Name,
    /// A script of another site sent it.
    Origin,
    /// A browser sent it for another site.
    Site,
}

impl OwnNames {
    pub fn at(port: u16, opened: &'static [&'static str]) -> OwnNames {
        OwnNames { port, given: Vec::new(), opened }
    }

    /// Names by which callers on other machines, or a proxy, call us; with a port, or with any.
    pub fn give(&mut self, names: &[String]) {
        self.given.extend(names.iter().map(|name| name.to_ascii_lowercase()));
    }

    pub fn set_port(&mut self, port: u16) {
        self.port = port;
    }

    pub fn admit(&self, method: &Method, uri: &Uri, headers: &HeaderMap) -> Result<(), Foreign> {
        let mut hosts = headers.get_all(HOST).iter().map(|name| name.to_str().unwrap_or_default());
        let (named, again) = (hosts.next(), hosts.next());
        let in_target = uri.authority().is_none_or(|authority| self.is_own(authority.as_str()));
        if !named.is_some_and(|name| self.is_own(name)) || again.is_some() || !in_target {
            return Err(Foreign::Name);
        }
        let own_origin = |origin: &str| {
            let plain = origin.strip_prefix("http://").is_some_and(|name| self.is_own(name));
            plain || origin.strip_prefix("https://").is_some_and(|name| self.is_given(name))
        };
        if !headers.get_all(ORIGIN).iter().all(|origin| origin.to_str().is_ok_and(own_origin)) {
            return Err(Foreign::Origin);
        }
        // Browsers set it, pages cannot; `none` is the owner's own doing: typed, or opened by another program.
        let from_here = |site: &str| matches!(site, "same-origin" | "none");
        let sites = headers.get_all("sec-fetch-site");
        if !sites.iter().all(|site| site.to_str().is_ok_and(from_here)) && !self.is_visit(method, uri, headers) {
            return Err(Foreign::Site);
        }
        Ok(())
    }

    /// For whoever called us otherwise: "127.0.0.1:8738", "localhost:8738", and what the owner gave.
    pub fn all(&self) -> Vec<String> {
        let loopback = LOOPBACK[..2].iter().map(|name| format!("{name}:{}", self.port));
        loopback.chain(self.given.iter().cloned()).collect()
    }

    /// Where a browser finds us by this name, which is one of ours. Names that the owner gave are behind TLS.
    pub fn url(&self, name: &str) -> String {
        let scheme = if self.is_given(name) { "https" } else { "http" };
        format!("{scheme}://{name}")
    }

    /// Somebody follows a link to one of our pages, which then is what the window shows: nothing of it goes to where the
    /// link was.
    fn is_visit(&self, method: &Method, uri: &Uri, headers: &HeaderMap) -> bool {
        let says = |name: &str, word: &str| headers.get_all(name).iter().eq([word]);
        method == Method::GET
            && self.opened.contains(&uri.path())
            && says("sec-fetch-mode", "navigate")
            && says("sec-fetch-dest", "document")
    }

    fn is_own(&self, name: &str) -> bool {
        let loopback = LOOPBACK.iter().any(|own| match after(name, own) {
            Some("") => self.port == HTTP,
            Some(rest) => rest.strip_prefix(':').is_some_and(|port| port == self.port.to_string()),
            None => false,
        });
        loopback || self.is_given(name)
    }

    fn is_given(&self, name: &str) -> bool {
        self.given.iter().any(|given| match after(name, given) {
            Some("") => true,
            // A proxy's port is not ours to know.
            Some(rest) => rest.strip_prefix(':').is_some_and(is_port) && !has_port(given),
            None => false,
        })
    }
}

/// The rest of `name` after `start`, in whatever case that is written.
fn after<'a>(name: &'a str, start: &str) -> Option<&'a str> {
    let (head, rest) = name.split_at_checked(start.len())?;
    head.eq_ignore_ascii_case(start).then_some(rest)
}

fn has_port(name: &str) -> bool {
    name.rsplit_once(':').is_some_and(|(_, port)| is_port(port))
}

fn is_port(text: &str) -> bool {
    !text.starts_with('0') && text.bytes().all(|byte| byte.is_ascii_digit()) && text.parse::<u16>().is_ok()
}

/// Whether this can stand in a list of allowed names: a name or address as a `Host` header has it, with or without a port.
#[must_use]
pub fn is_name(text: &str) -> bool {
    let name = match text.rsplit_once(':') {
        Some((name, port)) if is_port(port) => name,
        _ => text,
    };
    match name.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
        Some(address) => address.parse::<std::net::Ipv6Addr>().is_ok(),
        None => {
            let fits = |label: &str| {
                !label.is_empty() && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
            };
            name.split('.').all(fits)
        }
    }
}

#[cfg(test)]
mod tests {
    use hyper::header::HeaderValue;

    use super::*;

    fn names() -> OwnNames {
        OwnNames::at(8737, &["/"])
    }

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        let mut all = HeaderMap::new();
        for (name, value) in pairs {
            all.append(*name, HeaderValue::from_bytes(value.as_bytes()).expect("a value"));
        }
        all
    }

    fn asked(names: &OwnNames, target: &str, pairs: &[(&'static str, &str)]) -> Result<(), Foreign> {
        names.admit(&Method::GET, &target.parse().expect("a target"), &headers(pairs))
    }

    #[test]
    fn only_our_own_name_and_port_are_ours() {
        let ours = names();
        for name in ["127.0.0.1:8737", "localhost:8737", "LOCALHOST:8737", "[::1]:8737"] {
            assert_eq!(asked(&ours, "/x", &[("host", name)]), Ok(()), "{name}");
            assert_eq!(asked(&ours, &format!("http://{name}/x"), &[("host", name)]), Ok(()), "{name} in the target");
        }
        for name in [
            "127.0.0.1",
            "localhost:80",
            "localhost.:8737",
            "localhost.evil.com:8737",
            "evil.com:8737",
            "127.0.0.1:87370",
            "127.1:8737",
            "2130706433:8737",
            "0.0.0.0:8737",
            "[::ffff:127.0.0.1]:8737",
            "",
            "[::1]",
            "l\u{f6}calhost",
        ] {
            assert_eq!(asked(&ours, "/x", &[("host", name)]), Err(Foreign::Name), "{name}");
        }
        assert_eq!(asked(&ours, "/x", &[]), Err(Foreign::Name), "nobody is named");
        let two = [("host", "127.0.0.1:8737"), ("host", "evil.com")];
        assert_eq!(asked(&ours, "/x", &two), Err(Foreign::Name), "two are named");
        let elsewhere = asked(&ours, "http://evil.com/x", &[("host", "127.0.0.1:8737")]);
        assert_eq!(elsewhere, Err(Foreign::Name), "the target names another");
        assert_eq!(
            asked(&OwnNames::at(80, &[]), "/", &[("host", "localhost")]),
            Ok(()),
            "a client leaves out http's port"
        );
    }

    #[test]
    fn names_that_the_owner_gave_are_ours_too() {
        let mut ours = names();
        ours.give(&["Tower.example".to_owned(), "10.0.0.5:9000".to_owned()]);
        for (name, expected) in [
            ("tower.example", Ok(())),
            ("TOWER.example:443", Ok(())),
            ("10.0.0.5:9000", Ok(())),
            ("127.0.0.1:8737", Ok(())),
            ("10.0.0.5", Err(Foreign::Name)),
            ("10.0.0.5:9001", Err(Foreign::Name)),
            ("tower.example.evil.com", Err(Foreign::Name)),
            ("tower.example:evil", Err(Foreign::Name)),
            ("tower.example:", Err(Foreign::Name)),
            ("x.tower.example", Err(Foreign::Name)),
        ] {
            assert_eq!(asked(&ours, "/", &[("host", name)]), expected, "{name}");
        }
        for (origin, expected) in [
            ("https://tower.example", Ok(())),
            ("https://tower.example:8443", Ok(())),
            ("https://127.0.0.1:8737", Err(Foreign::Origin)),
            ("https://evil.example", Err(Foreign::Origin)),
        ] {
            assert_eq!(asked(&ours, "/x", &[("host", "tower.example"), ("origin", origin)]), expected, "{origin}");
        }
    }

    #[test]
    fn pages_of_other_sites_get_nothing_but_a_visit() {
        let ours = names();
        let host = ("host", "127.0.0.1:8737");
        for origin in ["null", "http://evil.com", "http://127.0.0.1:1", "https://127.0.0.1:8737", ""] {
            assert_eq!(asked(&ours, "/x", &[host, ("origin", origin)]), Err(Foreign::Origin), "{origin}");
        }
        assert_eq!(asked(&ours, "/x", &[host, ("origin", "http://localhost:8737")]), Ok(()));
        for (site, expected) in [
            ("same-origin", Ok(())),
            ("none", Ok(())),
            ("same-site", Err(Foreign::Site)),
            ("cross-site", Err(Foreign::Site)),
            ("anything", Err(Foreign::Site)),
        ] {
            assert_eq!(asked(&ours, "/x", &[host, ("sec-fetch-site", site)]), expected, "{site}");
        }
        let visit =
            [host, ("sec-fetch-site", "cross-site"), ("sec-fetch-mode", "navigate"), ("sec-fetch-dest", "document")];
        assert_eq!(asked(&ours, "/?ticket=x", &visit), Ok(()), "a link from elsewhere");
        assert_eq!(asked(&ours, "/rpc/board", &visit), Err(Foreign::Site), "to a page, and to nothing else");
        let mut framed = visit;
        framed[3].1 = "iframe";
        assert_eq!(asked(&ours, "/", &framed), Err(Foreign::Site));
        let form = ours.admit(&Method::POST, &"/".parse().expect("a target"), &headers(&visit));
        assert_eq!(form, Err(Foreign::Site), "a form is no visit");
    }

    #[test]
    fn a_name_is_told_from_what_is_none() {
        for name in ["tower.example", "tower", "10.0.0.5", "[::1]", "tower.example:443", "my_box.lan"] {
            assert!(is_name(name), "{name}");
        }
        for text in
            ["", "*", "*.example", "https://tower.example", "tower.example/", "a b", "tower..example", "[x]", "a:b"]
        {
            assert!(!is_name(text), "{text}");
        }
    }
}
