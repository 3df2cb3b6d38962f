//! The owner's own certificate at a door, for callers on other machines.

use std::io;
use std::path::{Path, PathBuf};

use native_tls::{Identity, TlsAcceptor};
use thiserror::Error;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_native_tls::TlsStream;

/// How the key's file begins, in the one form that every system reads.
const PKCS8: &[u8] = b"-----BEGIN PRIVATE KEY-----";

/// A certificate with its key, ready to be shown. Cheap to clone. TLS 1.2 and newer.
#[derive(Clone)]
pub struct Tls(tokio_native_tls::TlsAcceptor);

impl std::fmt::Debug for Tls {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Tls(••••)")
    }
}

/// Why there is none; each says what to do.
#[derive(Debug, Error)]
pub enum TlsTrouble {
    #[error("{} could not be read: {source}", .path.display())]
    Unread { path: PathBuf, source: io::Error },
    #[error(
        "{} is no private key in PKCS #8 (`-----BEGIN PRIVATE KEY-----`). `openssl pkcs8 -topk8 -nocrypt -in OLD -out NEW` makes one of other keys",
        .path.display()
    )]
    OtherKey { path: PathBuf },
    #[error("the certificate {} and its key do not go together, or one of them is damaged: {source}", .path.display())]
    Unfit { path: PathBuf, source: native_tls::Error },
}

impl Tls {
    /// `certificates`: PEM, our own first, then those that vouch for it. `key`: PEM.
    ///
    /// # Errors
    /// If one of them cannot be read, or they do not go together.
    pub fn load(certificates: &Path, key: &Path) -> Result<Tls, TlsTrouble> {
        let read =
            |path: &Path| std::fs::read(path).map_err(|source| TlsTrouble::Unread { path: path.to_owned(), source });
        let (chain, secret) = (read(certificates)?, read(key)?);
        let secret = secret.trim_ascii_start();
        if !secret.starts_with(PKCS8) {
            return Err(TlsTrouble::OtherKey { path: key.to_owned() });
        }
        let unfit = |source| TlsTrouble::Unfit { path: certificates.to_owned(), source };
        let identity = Identity::from_pkcs8(&chain, secret).map_err(unfit)?;
        // Tells at the start, and not at the first caller, that the two do not go together.
        let acceptor = TlsAcceptor::new(identity).map_err(unfit)?;
        Ok(Tls(acceptor.into()))
    }

    pub(super) async fn accept<T>(&self, line: T) -> Result<TlsStream<T>, native_tls::Error>
    where
        T: AsyncRead + AsyncWrite + Unpin,
    {
        self.0.accept(line).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_wrong_with_a_certificate_is_said_before_anybody_calls() {
        let folder = tempfile::tempdir().unwrap();
        let (cert, key) = (folder.path().join("cert.pem"), folder.path().join("key.pem"));
        let words = || Tls::load(&cert, &key).unwrap_err().to_string();
        assert!(words().contains("cert.pem could not be read"), "{}", words());
        std::fs::write(&cert, "nothing").unwrap();
        std::fs::write(&key, "-----BEGIN RSA PRIVATE KEY-----\n").unwrap();
        assert!(words().contains("key.pem is no private key in PKCS #8"), "{}", words());
        std::fs::write(&key, "\n-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n").unwrap();
        assert!(words().contains("do not go together"), "{}", words());
    }
}
