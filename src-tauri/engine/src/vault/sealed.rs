//! Bytes that a passphrase opens, in age's own format (scrypt), so that `age -d` opens them too, without the tower.

use age::scrypt::{Identity, Recipient};
use age::secrecy::SecretString;
use age::{DecryptError, EncryptError};
use zeroize::Zeroizing;

use super::VaultError;

/// scrypt's N is 2 to this: OWASP's least, about a third of a second.
pub(crate) const WORK_FACTOR: u8 = 17;
/// A file that asks for more work than this was not written by a tower.
const WORK_FACTOR_MOST: u8 = 22;

/// # Errors
/// [`VaultError::Failed`], if it could not be worked out.
pub(crate) fn seal(passphrase: SecretString, work_factor: u8, plain: &[u8]) -> Result<Vec<u8>, VaultError> {
    let mut recipient = Recipient::new(passphrase);
    recipient.set_work_factor(work_factor);
    age::encrypt(&recipient, plain).map_err(|error: EncryptError| VaultError::Failed(error.to_string()))
}

/// `shown`: what is opened, for the sentence if it is not.
///
/// # Errors
/// [`VaultError::WrongPassphrase`], or [`VaultError::Damaged`].
pub(crate) fn open(passphrase: SecretString, sealed: &[u8], shown: &str) -> Result<Zeroizing<Vec<u8>>, VaultError> {
    let mut identity = Identity::new(passphrase);
    identity.set_max_work_factor(WORK_FACTOR_MOST);
    age::decrypt(&identity, sealed).map(Zeroizing::new).map_err(|error| match error {
        DecryptError::DecryptionFailed | DecryptError::KeyDecryptionFailed | DecryptError::NoMatchingKeys => {
            VaultError::WrongPassphrase(shown.to_owned())
        }
        _ => VaultError::Damaged(shown.to_owned()),
    })
}
