//! What the tests of checks share: a folder, a vault, a client, and an instant at which the run was due. And the checks that
//! are one line long.

use std::path::Path;
use std::sync::LazyLock;
use std::time::{Duration, SystemTime};

use cuetower_core::check::{CHECK_TIMEOUT_MS, Check, Proof, What};
use tempfile::TempDir;

use super::*;
use crate::clock::ManualClock;
use crate::vault::VaultKind;

static CLIENT: LazyLock<Client> = LazyLock::new(Client::new);
/// 21 November 2026, 12:00:00.5 UTC.
pub(super) const FIRE: Ms = Ms(1_795_262_400_500);
/// For looks that end by themselves.
const AMPLE_MS: u64 = 6 * CHECK_TIMEOUT_MS;

pub(super) struct Place {
    pub folder: TempDir,
    pub vault: Vault,
    clock: ManualClock,
}

impl Place {
    pub(super) async fn new() -> Place {
        let folder = tempfile::tempdir().expect("a folder");
        let vault = Vault::open(VaultKind::Memory, folder.path()).await;
        Place { folder, vault, clock: ManualClock::at(FIRE.plus(1_000)) }
    }

    /// Writes a file into the folder.
    pub(super) fn file(&self, name: &str, content: impl AsRef<[u8]>) -> std::path::PathBuf {
        let path = self.folder.path().join(name);
        std::fs::write(&path, content).expect("written");
        path
    }

    pub(super) async fn secret(&self, name: &str, value: &str) {
        self.vault.set(name, value).await.expect("kept");
    }

    pub(super) async fn perform(&self, what: What) -> Proof {
        self.within(what, AMPLE_MS).await
    }

    pub(super) async fn within(&self, what: What, timeout_ms: u64) -> Proof {
        let means = Means {
            vault: &self.vault,
            client: &CLIENT,
            clock: &self.clock,
            fire: FIRE,
            folder: Some(self.folder.path().to_owned()),
        };
        perform(&Check { what, timeout_ms }, &means).await
    }

    /// What was seen of a check that holds.
    pub(super) async fn holds(&self, what: What) -> String {
        let proof = self.perform(what).await;
        assert!(proof.passed, "{proof:?}");
        proof.saw
    }

    /// What was seen of a check that does not hold.
    pub(super) async fn fails(&self, what: What) -> String {
        let proof = self.perform(what).await;
        assert!(!proof.passed, "{proof:?}");
        proof.saw
    }
}

/// The file was last changed then.
pub(super) fn changed_at(path: &Path, at: Ms) {
    let since_1970 = Duration::from_millis(u64::try_from(at.0).expect("after 1970"));
    let file = std::fs::File::options().write(true).open(path).expect("there");
    file.set_modified(SystemTime::UNIX_EPOCH + since_1970).expect("stamped");
}

/// Looks again and again until it is so.
pub(super) async fn eventually(what: &str, mut is_so: impl FnMut() -> bool) {
    for _ in 0..3_000 {
        if is_so() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("after half a minute it is still not so: {what}");
}

#[tokio::test]
async fn a_proof_says_what_was_looked_at_and_when() {
    let place = Place::new().await;
    place.secret("OPENAI", "sk-1").await;
    let proof = place.perform(What::Secret { name: "OPENAI".into() }).await;
    let there = Proof {
        check: "the secret OPENAI is in the vault".into(),
        passed: true,
        saw: "it is there".into(),
        at: FIRE.plus(1_000),
        kind: "secret".into(),
        detail: "OPENAI".into(),
        took_ms: 0,
    };
    assert_eq!(proof, there);
    let missing = place.fails(What::Secret { name: "ABSENT".into() }).await;
    assert_eq!(missing, "it is not there; add it under Secrets");
}

#[tokio::test]
async fn room_on_a_disk_and_memory_are_measured() {
    let place = Place::new().await;
    let disk = |path: &str, free_bytes| What::Disk { path: path.into(), free_bytes };
    assert!(place.holds(disk("", 1)).await.ends_with(" free"));
    assert!(place.fails(disk("", u64::MAX)).await.ends_with(" free"));
    assert_eq!(place.fails(disk("gone", 1)).await, "there is no such folder");
    assert!(place.holds(What::Memory { free_bytes: 1_000 }).await.ends_with("B free"), "this test has some");
    assert!(place.fails(What::Memory { free_bytes: u64::MAX }).await.ends_with("B free"));
}

#[tokio::test]
async fn a_secret_that_is_missing_is_told_by_its_name() {
    let place = Place::new().await;
    let url = cuetower_core::check::UrlCheck {
        url: "http://127.0.0.1:9/".into(),
        headers: vec![("Authorization".into(), "Bearer {{secret:OPENAI}}".into())],
        ..Default::default()
    };
    assert_eq!(place.fails(What::Url(url)).await, "the secret OPENAI is not in the vault; add it under Secrets");
}

#[test]
fn what_was_seen_is_cut() {
    assert_eq!(cut("ü".repeat(500)).chars().count(), 500);
    assert!(cut("ü".repeat(501)).ends_with("ü…") && cut("ü".repeat(501)).chars().count() == 500);
}
