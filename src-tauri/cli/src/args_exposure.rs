//! The arguments that open the agents' door to other machines.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::Args;

use crate::tower::{Exposure, Guard};

#[derive(Debug, Args)]
pub struct ExposureArgs {
    /// Let agents of other machines in at this address, too; with --allow-host, and with --tls-cert or --behind-proxy
    #[arg(long, value_name = "ADDRESS", requires = "allow_host")]
    expose: Option<SocketAddr>,
    /// A name by which they call the tower, such as tower.example or 10.0.0.5:8737; may be given several times
    #[arg(long, value_name = "NAME")]
    allow_host: Vec<String>,
    /// The certificate to show there, in PEM, followed by those that vouch for it
    #[arg(long, value_name = "FILE", requires = "tls_key", requires = "expose")]
    tls_cert: Option<PathBuf>,
    /// Its private key, in PEM
    #[arg(long, value_name = "FILE", requires = "tls_cert")]
    tls_key: Option<PathBuf>,
    /// A proxy that speaks TLS stands before the agents' door, there or on this machine
    #[arg(long, requires = "allow_host", conflicts_with = "tls_cert")]
    behind_proxy: bool,
}

impl ExposureArgs {
    pub fn exposure(self) -> Exposure {
        let tls = self.tls_cert.zip(self.tls_key).map(|(certificates, key)| Guard::Tls { certificates, key });
        let proxy = self.behind_proxy.then_some(Guard::Proxy);
        Exposure { address: self.expose, names: self.allow_host, guard: tls.or(proxy) }
    }
}
