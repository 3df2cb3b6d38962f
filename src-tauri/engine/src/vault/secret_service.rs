//! The Secret Service on Linux. The session is ours to renew: the keyring crate opens one per process and keeps even a
//! failed one for good.

use std::collections::HashMap;
use std::sync::Arc;

use keyring::Entry;
use keyring_core::api::CredentialStoreApi;
use secret_service::blocking::SecretService;
use secret_service::{EncryptionType, Error};
use zbus_secret_service_keyring_store::Store;

use super::VaultError;
use super::os::SERVICE;

/// A connection over which values travel encrypted.
pub struct Session(Arc<Store>);

impl Session {
    pub fn open() -> keyring::Result<Session> {
        Store::new().map(Session)
    }

    pub fn entry(&self, user: &str, name: &str) -> keyring::Result<Entry> {
        let label = format!("Cuetower: {name}");
        let inner = self.0.build(SERVICE, user, Some(&HashMap::from([("label", label.as_str())])))?;
        Ok(Entry { inner })
    }
}

/// What a person sees, and can search for, beside the two attributes that identify the item.
pub fn describe(entry: &Entry, name: &str, folder: &str) -> keyring::Result<()> {
    entry.inner.update_attributes(&HashMap::from([("name", name), ("folder", folder)]))
}

/// Whether the service is there and its default keyring open. Asks the owner nothing.
pub fn state() -> Result<(), VaultError> {
    // No value travels here, so the cheaper session will do.
    let service =
        SecretService::connect(EncryptionType::Plain).map_err(|error| VaultError::Absent(error.to_string()))?;
    let default = service.get_default_collection();
    match default.and_then(|collection| collection.is_locked()) {
        Ok(false) => Ok(()),
        Ok(true) | Err(Error::Locked) => Err(VaultError::Locked("its default collection is closed".into())),
        Err(Error::NoResult) => Err(VaultError::NoDefault),
        Err(error) => Err(VaultError::Failed(error.to_string())),
    }
}
