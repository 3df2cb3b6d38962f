//! The agents' door for other machines: only if the owner says so, under the names he gives, and with TLS before it. The
//! owner's door is never opened so.

use std::net::SocketAddr;
use std::path::PathBuf;

use cuetower_engine::receive::{Exposed, Openings, Tls, TlsTrouble, is_name};
use thiserror::Error;

use super::StartError;

/// How far the agents' door can be reached. Nothing said: from this machine alone.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Exposure {
    /// Where it is served beside loopback. None: a proxy on this machine finds it at loopback.
    pub address: Option<SocketAddr>,
    /// What callers say in `Host`, beside the names of this machine's loopback.
    pub names: Vec<String>,
    pub guard: Option<Guard>,
}

/// What keeps secret on the way what is said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Guard {
    Tls {
        /// PEM, the tower's own first.
        certificates: PathBuf,
        /// PEM, PKCS #8.
        key: PathBuf,
    },
    /// Somebody else's, which the owner vouches for. What it says of its callers (`X-Forwarded-…`) is not read.
    Proxy,
}

/// Why the door is not opened so far; each a sentence with what to do.
#[derive(Debug, Error)]
pub enum ExposureTrouble {
    #[error(
        "{0} can be reached from other machines, and whatever is said there could be read on the way. Add --tls-cert FILE and --tls-key FILE, or --behind-proxy if a proxy that speaks TLS stands before it."
    )]
    Bare(SocketAddr),
    #[error("Nobody could call the tower at {0}. Say by which names it is called there: --allow-host NAME.")]
    Nameless(SocketAddr),
    #[error("`{0}` is nothing that a caller would call the tower by. Write it as tower.example, or as 10.0.0.5:8737.")]
    NoName(String),
    #[error("The tower answers to other names (--allow-host) only with --expose ADDRESS or with --behind-proxy.")]
    Nowhere,
    #[error(
        "The agents' door is open to other machines (--allow-host), and with {0} anybody there would get a key. Start the tower without {0}; `cuetowerctl key add` and `cuetowerctl login approve` give keys to those you know."
    )]
    ToAnybody(&'static str),
    #[error("The door for other machines cannot be opened: {0}.")]
    Tls(#[from] TlsTrouble),
}

impl Exposure {
    /// What the door is served with beside loopback, bound; None if it is not.
    pub(super) async fn open(&self, openings: &Openings) -> Result<Option<Exposed>, StartError> {
        let tls = self.checked(openings)?;
        let Some(address) = self.address else { return Ok(None) };
        let listener = super::bind(address, "--expose").await?;
        let scheme = if tls.is_some() { "TLS" } else { "a proxy before it" };
        tracing::warn!(%address, names = self.names.join(", "), "agents of other machines are let in, with {scheme}");
        Ok(Some(Exposed { listener, tls }))
    }

    fn checked(&self, openings: &Openings) -> Result<Option<Tls>, ExposureTrouble> {
        if !self.names.is_empty() {
            let to_anybody = [(openings.registration, "--open-registration"), (openings.logins, "--allow-logins")];
            if let Some((_, flag)) = to_anybody.into_iter().find(|(is_open, _)| *is_open) {
                return Err(ExposureTrouble::ToAnybody(flag));
            }
        }
        if let Some(name) = self.names.iter().find(|name| !is_name(name)) {
            return Err(ExposureTrouble::NoName(name.clone()));
        }
        match (self.address, &self.guard) {
            (None, None) if self.names.is_empty() => Ok(None),
            (None, None | Some(Guard::Tls { .. })) => Err(ExposureTrouble::Nowhere),
            (Some(address), _) if self.names.is_empty() => Err(ExposureTrouble::Nameless(address)),
            (Some(address), None) => Err(ExposureTrouble::Bare(address)),
            (Some(_), Some(Guard::Tls { certificates, key })) => Ok(Some(Tls::load(certificates, key)?)),
            (_, Some(Guard::Proxy)) => Ok(None),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_door_to_elsewhere_needs_names_and_somebody_who_keeps_secrets() {
        let at = Some("0.0.0.0:8443".parse().unwrap());
        let names = || vec!["tower.example".to_owned()];
        let nobody = Guard::Tls { certificates: "/nowhere/cert.pem".into(), key: "/nowhere/key.pem".into() };
        for (exposure, words) in [
            (Exposure { address: at, names: names(), guard: None }, "--behind-proxy"),
            (Exposure { address: at, names: vec![], guard: Some(Guard::Proxy) }, "--allow-host NAME"),
            (Exposure { address: at, names: vec!["https://x".to_owned()], guard: Some(Guard::Proxy) }, "`https://x`"),
            (Exposure { address: at, names: vec!["*".to_owned()], guard: Some(Guard::Proxy) }, "`*`"),
            (Exposure { address: at, names: names(), guard: Some(nobody) }, "/nowhere/cert.pem could not be read"),
            (Exposure { address: None, names: names(), guard: None }, "--expose ADDRESS"),
        ] {
            let said = exposure.checked(&Openings::default()).unwrap_err().to_string();
            assert!(said.contains(words) && said.ends_with('.'), "{exposure:?}: {said}");
        }
        let proxied = Exposure { address: None, names: names(), guard: Some(Guard::Proxy) };
        let closed = Openings::default();
        assert!(proxied.checked(&closed).is_ok_and(|tls| tls.is_none()));
        assert!(Exposure::default().checked(&closed).is_ok());
    }

    #[test]
    fn nobody_of_another_machine_gets_a_key_unasked() {
        let names = vec!["tower.example".to_owned()];
        let proxied = Exposure { address: None, names, guard: Some(Guard::Proxy) };
        for (openings, flag) in [
            (Openings { registration: true, ..Openings::default() }, "--open-registration"),
            (Openings { logins: true, ..Openings::default() }, "--allow-logins"),
        ] {
            let said = proxied.checked(&openings).unwrap_err().to_string();
            assert!(said.contains(flag) && said.ends_with('.'), "{said}");
            assert!(Exposure::default().checked(&openings).is_ok(), "this machine's own programs may have it");
        }
    }
}
