//! Values that live as long as the process; for tests.

use std::collections::BTreeMap;

use zeroize::Zeroizing;

use super::{Keep, VaultError};

#[derive(Default)]
pub struct Memory(BTreeMap<String, Zeroizing<String>>);

impl Keep for Memory {
    fn get(&mut self, name: &str) -> Result<Option<Zeroizing<String>>, VaultError> {
        Ok(self.0.get(name).cloned())
    }

    fn set(&mut self, name: &str, value: &str) -> Result<(), VaultError> {
        self.0.insert(name.to_owned(), Zeroizing::new(value.to_owned()));
        Ok(())
    }

    fn delete(&mut self, name: &str) -> Result<(), VaultError> {
        self.0.remove(name);
        Ok(())
    }

    fn probe(&mut self) -> Result<(), VaultError> {
        Ok(())
    }
}
