//! The tower's own key, and what is derived from it: run tokens, the webhook signing secret, hashes of API keys.
//!
//! The key is 32 random bytes in a 0600 file of the data folder. It must outlive a locked keyring, or running agents
//! could not report; the API keys and the user's secrets are the vault's.

use std::fmt::Write as _;
use std::path::Path;

use cuetower_core::id::{AccountId, CueId, Dice, RunId};
use hmac::{Hmac, KeyInit, Mac};
use rand::TryRng as _;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use crate::private;
pub use crate::private::write as write_private;

#[derive(Clone)]
pub struct TowerKey([u8; 32]);

impl std::fmt::Debug for TowerKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("TowerKey(••••)")
    }
}

impl TowerKey {
    /// Reads `tower.key`, or makes it.
    pub fn load(data_dir: &Path) -> std::io::Result<TowerKey> {
        let path = data_dir.join("tower.key");
        match private::read(&path) {
            Ok(bytes) => {
                let whole = bytes.try_into().map_err(|_| {
                    std::io::Error::other(format!(
                        "{} is damaged: it must hold 32 bytes; restore it from a backup or delete it",
                        path.display()
                    ))
                })?;
                Ok(TowerKey(whole))
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                let key = random_bytes();
                write_private(&path, &key)?;
                Ok(TowerKey(key))
            }
            Err(error) => Err(error),
        }
    }

    /// A token that speaks for one attempt of one run: `cue_run_<run>.<attempt>.<mac>`.
    #[must_use]
    pub fn run_token(&self, run: &RunId, attempt: u32) -> String {
        format!("cue_run_{run}.{attempt}.{}", self.sign(&format!("run {run} {attempt}")))
    }

    /// The run and attempt a token speaks for; None if it is not one of ours.
    #[must_use]
    pub fn check_run_token(&self, token: &str) -> Option<(RunId, u32)> {
        let mut parts = token.strip_prefix("cue_run_")?.splitn(3, '.');
        let run = RunId(parts.next()?.to_owned());
        let attempt: u32 = parts.next()?.parse().ok()?;
        let genuine = self.sign(&format!("run {run} {attempt}"));
        let same: bool = genuine.as_bytes().ct_eq(parts.next()?.as_bytes()).into();
        same.then_some((run, attempt))
    }

    /// Fires one cue, as long as `number` is the number of its trigger URL: `<cue>.<number>.<mac>`. Nothing of it is stored.
    #[must_use]
    pub fn trigger_token(&self, cue: &CueId, number: u64) -> String {
        format!("{cue}.{number}.{}", self.sign(&format!("trigger {cue} {number}")))
    }

    /// The cue and the number a trigger token is for; None if it is not one of ours.
    #[must_use]
    pub fn check_trigger_token(&self, token: &str) -> Option<(CueId, u64)> {
        let mut parts = token.splitn(3, '.');
        let cue = CueId(parts.next()?.to_owned());
        let number: u64 = parts.next()?.parse().ok()?;
        let genuine = self.sign(&format!("trigger {cue} {number}"));
        let same: bool = genuine.as_bytes().ct_eq(parts.next()?.as_bytes()).into();
        same.then_some((cue, number))
    }

    /// Lets the agent of a watched cue say how it goes, as long as `number` is good: `<cue>.<number>.<mac>`. Shorter than
    /// the others, because it stands in crontabs.
    #[must_use]
    pub fn ping_token(&self, cue: &CueId, number: u64) -> String {
        format!("{cue}.{number}.{}", &self.sign(&format!("ping {cue} {number}"))[..32])
    }

    /// The cue and the number a ping token is for; None if it is not one of ours.
    #[must_use]
    pub fn check_ping_token(&self, token: &str) -> Option<(CueId, u64)> {
        let mut parts = token.splitn(3, '.');
        let cue = CueId(parts.next()?.to_owned());
        let number: u64 = parts.next()?.parse().ok()?;
        let same: bool = self.ping_token(&cue, number).as_bytes().ct_eq(token.as_bytes()).into();
        same.then_some((cue, number))
    }

    /// The key of that number of an account: `cue_sk_` and 32 hex digits. Nothing of it is stored, and it can be shown again.
    #[must_use]
    pub fn account_key(&self, account: &AccountId, number: u64) -> String {
        format!("cue_sk_{}", &self.sign(&format!("api key {account} {number}"))[..32])
    }

    /// Signs the webhooks of an account's cues, as CueAPI's `whsec_…`. `number`: 0 until it is renewed.
    #[must_use]
    pub fn webhook_secret(&self, account: &AccountId, number: u64) -> String {
        // The owner's first one is older than accounts are.
        let what = if account.is_owner() && number == 0 { String::new() } else { format!(" {account} {number}") };
        format!("whsec_{}", self.sign(&format!("webhook secret{what}")))
    }

    /// Signs the alerts that an account has sent to it: 64 hex digits. `number`: 0 until it is renewed.
    #[must_use]
    pub fn alert_secret(&self, account: &AccountId, number: u64) -> String {
        self.sign(&format!("alert secret {account} {number}"))
    }

    /// HMAC-SHA256 of `text` with a key that signs sessions and nothing else.
    pub(crate) fn session_mac(&self, text: &str) -> [u8; 32] {
        mac(self.sign("session key").as_bytes(), text)
    }

    /// HMAC-SHA256 of `text` with the tower's key, in hex.
    pub(crate) fn sign(&self, text: &str) -> String {
        hex(&mac(&self.0, text))
    }
}

fn mac(key: &[u8], text: &str) -> [u8; 32] {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes keys of any length");
    mac.update(text.as_bytes());
    mac.finalize().into_bytes().into()
}

/// An id for an account that registers.
#[must_use]
pub fn new_account_id() -> AccountId {
    struct OfSystem;
    impl Dice for OfSystem {
        fn throw(&mut self) -> u64 {
            random_bytes().into_iter().fold(0, |number, byte| (number << 8) | u64::from(byte))
        }
    }
    AccountId::thrown(&mut OfSystem)
}

/// A new API key: `cue_sk_` and 32 hex digits.
#[must_use]
pub fn new_api_key() -> String {
    format!("cue_sk_{}", &hex(&random_bytes())[..32])
}

/// For a key or secret that is derived: at least 1, below 2^63. A number that counted up would come again, and with it the
/// key, once an older copy of the store is put back.
#[must_use]
pub(crate) fn new_number() -> u64 {
    random_bytes().into_iter().take(8).fold(0, |number, byte| (number << 8) | u64::from(byte)).max(2) >> 1
}

/// A word nobody can guess, 64 hex digits: tickets and sessions.
#[must_use]
pub fn new_ticket() -> String {
    hex(&random_bytes())
}

/// What the store keeps of an API key.
#[must_use]
pub fn key_hash(key: &str) -> String {
    hex(&Sha256::digest(key.as_bytes()))
}

/// To know the same text again; no secret is kept by it.
#[must_use]
pub(crate) fn short_digest(text: &str) -> u64 {
    let digest = Sha256::digest(text.as_bytes());
    digest.iter().take(8).fold(0, |all, byte| all << 8 | u64::from(*byte))
}

fn random_bytes() -> [u8; 32] {
    let mut bytes = [0; 32];
    rand::rngs::SysRng.try_fill_bytes(&mut bytes).expect("the operating system gives random bytes");
    bytes
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        write!(text, "{byte:02x}").expect("a String takes all");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_token_speaks_for_its_attempt_only() {
        let dir = tempfile::tempdir().unwrap();
        let key = TowerKey::load(dir.path()).unwrap();
        let run = RunId("8f0b3f0e-0000-4000-8000-000000000001".into());
        let token = key.run_token(&run, 2);
        assert_eq!(key.check_run_token(&token), Some((run.clone(), 2)));
        assert_eq!(key.check_run_token(&token.replace(".2.", ".3.")), None);
        let again = TowerKey::load(dir.path()).unwrap();
        assert_eq!(again.check_run_token(&token), Some((run, 2)), "tokens outlive a restart");
    }

    #[test]
    fn a_trigger_token_fires_its_cue_and_number_only() {
        let dir = tempfile::tempdir().unwrap();
        let key = TowerKey::load(dir.path()).unwrap();
        let cue = CueId("cue_abc".into());
        let token = key.trigger_token(&cue, 7);
        assert_eq!(key.check_trigger_token(&token), Some((cue, 7)));
        for forged in [token.replace(".7.", ".8."), token.replace("abc", "abd"), token[..20].to_owned(), String::new()]
        {
            assert_eq!(key.check_trigger_token(&forged), None, "{forged}");
        }
    }

    #[test]
    fn a_ping_token_is_for_its_cue_and_number_and_for_nothing_else() {
        let dir = tempfile::tempdir().unwrap();
        let key = TowerKey::load(dir.path()).unwrap();
        let cue = CueId("cue_abc".into());
        let token = key.ping_token(&cue, 0);
        assert_eq!(key.check_ping_token(&token), Some((cue.clone(), 0)));
        assert_eq!(key.check_trigger_token(&token), None);
        assert_eq!(key.check_ping_token(&key.trigger_token(&cue, 0)), None);
        assert_eq!(key.check_ping_token(&token.replace("abc", "abd")), None);
    }

    #[test]
    fn what_is_derived_differs_by_account_number_and_use() {
        let dir = tempfile::tempdir().unwrap();
        let key = TowerKey::load(dir.path()).unwrap();
        let (owner, ada) = (AccountId::OWNER, AccountId("acc_ada".into()));
        let mut seen = std::collections::BTreeSet::new();
        for account in [&owner, &ada] {
            for number in 0..3 {
                let api_key = key.account_key(account, number);
                assert_eq!((api_key.len(), api_key.starts_with("cue_sk_")), (39, true));
                let secret = key.webhook_secret(account, number);
                assert_eq!((secret.len(), secret.starts_with("whsec_")), (70, true));
                let alerts = key.alert_secret(account, number);
                assert_eq!(alerts.len(), 64);
                for one in [&api_key[7..], &secret[6..38], &alerts[..32]] {
                    assert!(seen.insert(one.to_owned()), "{account} {number}: {one} came twice");
                }
            }
        }
        let first = format!("whsec_{}", key.sign("webhook secret"));
        assert_eq!(key.webhook_secret(&owner, 0), first, "receivers know the owner's since before there were accounts");
        assert_ne!(new_account_id(), new_account_id());
        let numbers: std::collections::BTreeSet<u64> = (0..100).map(|_| new_number()).collect();
        assert_eq!(numbers.len(), 100);
        assert!(numbers.iter().all(|number| (1..1 << 63).contains(number)));
    }

    /// Root opens whatever it likes: there this holds its mode alone.
    #[cfg(unix)]
    #[test]
    fn a_key_that_its_owner_made_read_only_is_read() {
        use std::os::unix::fs::PermissionsExt as _;
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("tower.key");
        let key = TowerKey::load(dir.path()).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o400)).unwrap();
        assert_eq!(TowerKey::load(dir.path()).unwrap().sign("x"), key.sign("x"));
        assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o400);
    }

    #[test]
    fn a_damaged_key_file_is_named() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("tower.key"), b"short").unwrap();
        assert!(TowerKey::load(dir.path()).unwrap_err().to_string().contains("tower.key is damaged"));
    }
}
