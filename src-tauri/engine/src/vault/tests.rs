//! The vault in memory, in a file, and before a place that does not answer. The real keyring is tested where a session is:
//! `a_real_keyring_…` runs on a private D-Bus with gnome-keyring, and only then.

use age::secrecy::SecretString;

use super::*;

fn folder() -> tempfile::TempDir {
    tempfile::tempdir().expect("a folder")
}

async fn encrypted(folder: &Path, passphrase: Option<&str>) -> Vault {
    let passphrase = passphrase.map(SecretString::from);
    Vault::over(Box::new(file::EncryptedFile::with(folder, passphrase, 10)), "encrypted file").await
}

async fn keeps_values(vault: &Vault) {
    assert_eq!(vault.get("OPENAI").await, Ok(None));
    assert_eq!(vault.set("OPENAI", "sk-one").await, Ok(()));
    assert_eq!(vault.set("OPENAI", "sk-tŵo\n").await, Ok(()));
    assert_eq!(vault.set("owner-key", "cue_sk_1").await, Ok(()));
    assert_eq!(vault.get("OPENAI").await, Ok(Some("sk-tŵo\n".into())));
    assert_eq!(vault.delete("OPENAI").await, Ok(()));
    assert_eq!(vault.delete("OPENAI").await, Ok(()));
    assert_eq!(vault.get("OPENAI").await, Ok(None));
    assert_eq!(vault.get("owner-key").await, Ok(Some("cue_sk_1".into())));
    assert!(vault.health().ok);
    assert_eq!(vault.get("no such/name").await, Err(VaultError::BadName("no such/name".into())));
}

#[tokio::test]
async fn memory_keeps_values() {
    keeps_values(&Vault::open(VaultKind::Memory, Path::new("/nowhere")).await).await;
}

#[tokio::test]
async fn an_encrypted_file_keeps_values_and_does_not_show_them() {
    let folder = folder();
    let vault = encrypted(folder.path(), Some("correct horse")).await;
    keeps_values(&vault).await;
    let bytes = std::fs::read(folder.path().join("vault.age")).expect("there");
    assert!(bytes.starts_with(b"age-encryption.org/v1"));
    assert!(!String::from_utf8_lossy(&bytes).contains("cue_sk_1"));
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = folder.path().join("vault.age").metadata().expect("there").permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
    let again = encrypted(folder.path(), Some("correct horse")).await;
    assert_eq!(again.get("owner-key").await, Ok(Some("cue_sk_1".into())));
}

#[tokio::test]
async fn an_encrypted_file_says_what_is_wrong_and_stays_as_it_is() {
    let folder = folder();
    let path = folder.path().join("vault.age");
    encrypted(folder.path(), Some("right")).await.set("A", "1").await.expect("saved");
    let before = std::fs::read(&path).expect("there");

    let wrong = encrypted(folder.path(), Some("wrong")).await;
    assert!(!wrong.health().ok && wrong.health().message.expect("a sentence").contains("does not open"));
    assert!(matches!(wrong.set("A", "2").await, Err(VaultError::WrongPassphrase(_))));

    let without = encrypted(folder.path(), None).await;
    assert!(without.health().message.expect("a sentence").contains("CUETOWER_VAULT_PASSPHRASE"));
    assert_eq!(without.get("A").await, Err(VaultError::NoPassphrase));
    assert_eq!(without.set("A", "2").await, Err(VaultError::NoPassphrase));
    assert_eq!(std::fs::read(&path).expect("there"), before, "a refused change changes nothing");

    std::fs::write(&path, &before[..before.len() - 1]).expect("written");
    let damaged = encrypted(folder.path(), Some("right")).await;
    assert!(matches!(damaged.get("A").await, Err(VaultError::Damaged(_))), "{:?}", damaged.health());
}

/// A place that a test takes away and brings back.
struct Flaky {
    wrong: Arc<Mutex<Option<VaultError>>>,
    values: memory::Memory,
}

/// Takes the place of a [`flaky`] vault away and brings it back.
pub(crate) struct Switch(Arc<Mutex<Option<VaultError>>>);

impl Switch {
    pub(crate) fn there(&self, there: bool) {
        self.fails((!there).then(|| VaultError::Absent("taken away".into())));
    }

    /// What it says from now on; None: it answers.
    pub(crate) fn fails(&self, wrong: Option<VaultError>) {
        *self.0.lock().unwrap() = wrong;
    }
}

pub(crate) async fn flaky() -> (Vault, Switch) {
    let wrong = Arc::new(Mutex::new(None));
    let keep = Flaky { wrong: Arc::clone(&wrong), values: memory::Memory::default() };
    (Vault::over(Box::new(keep), "Secret Service").await, Switch(wrong))
}

impl Flaky {
    fn is_there(&self) -> Result<(), VaultError> {
        self.wrong.lock().unwrap().clone().map_or(Ok(()), Err)
    }
}

impl Keep for Flaky {
    fn get(&mut self, name: &str) -> Result<Option<Zeroizing<String>>, VaultError> {
        self.is_there()?;
        self.values.get(name)
    }

    fn set(&mut self, name: &str, value: &str) -> Result<(), VaultError> {
        self.is_there()?;
        self.values.set(name, value)
    }

    fn delete(&mut self, name: &str) -> Result<(), VaultError> {
        self.is_there()?;
        self.values.delete(name)
    }

    fn probe(&mut self) -> Result<(), VaultError> {
        self.is_there()
    }
}

#[tokio::test]
async fn a_short_value_that_came_as_a_header_of_a_cue_is_not_blotted_out_of_what_others_say() {
    let (vault, _switch) = flaky().await;
    let of_cue = |digit: &str| format!("{OF_CUE}{}", digit.repeat(OF_CUE_DIGITS));
    vault.set(&of_cue("A"), "success").await.expect("saved");
    assert_eq!(vault.get(&of_cue("A")).await.expect("read").as_deref(), Some("success"));
    assert_eq!(vault.known().hidden("success"), "success");
    vault.set(&of_cue("B"), "Bearer abcdefghi").await.expect("saved");
    assert_eq!(vault.known().hidden("Bearer abcdefghi"), "••••");
    vault.set("HEADER_OF_MINE", "sk-one").await.expect("saved");
    assert_eq!(vault.known().hidden("sk-one"), "••••", "the owner's, whatever its name");
}

#[tokio::test]
async fn what_left_the_vault_is_known_and_what_it_cannot_give_is_not() {
    let (vault, switch) = flaky().await;
    assert_eq!(vault.known().hidden("sk-very-secret"), "sk-very-secret");
    vault.set("A", "sk-very-secret").await.expect("saved");
    assert_eq!(vault.known().hidden("it was sk-very-secret"), "it was ••••");
    vault.has_olds(["old.A.1".to_owned(), "A".to_owned()]);
    switch.there(false);
    vault.learn_olds().await;
    let trouble = vault.trouble();
    assert!(trouble.borrow().as_ref().is_some_and(VaultError::may_pass));
    switch.there(true);
    vault.learn_olds().await;
    assert!(trouble.has_changed().expect("the vault is there") && trouble.borrow().is_none());
}

/// A keyring that waits for its password until the test unlocks it.
struct Stuck(std::sync::mpsc::Receiver<()>);

impl Keep for Stuck {
    fn get(&mut self, _: &str) -> Result<Option<Zeroizing<String>>, VaultError> {
        let _ = self.0.recv();
        Ok(Some(Zeroizing::new("unlocked".into())))
    }

    fn set(&mut self, _: &str, _: &str) -> Result<(), VaultError> {
        panic!("a request whose caller has gone is not begun");
    }

    fn delete(&mut self, _: &str) -> Result<(), VaultError> {
        Ok(())
    }

    fn probe(&mut self) -> Result<(), VaultError> {
        Ok(())
    }
}

#[tokio::test]
async fn a_locked_keyring_hangs_nobody_and_works_again_once_unlocked() {
    let (unlock, locked) = std::sync::mpsc::channel();
    let vault = Vault::over(Box::new(Stuck(locked)), "Secret Service").await;
    assert!(vault.health().ok);
    tokio::time::pause();
    let (first, second) = tokio::join!(vault.get("A"), vault.set("A", "1"));
    assert_eq!((first, second), (Err(VaultError::Silent(ANSWER_LIMIT)), Err(VaultError::Silent(ANSWER_LIMIT))));
    assert!(vault.health().message.expect("a sentence").contains("unlock it"));
    drop(unlock);
    tokio::time::resume();
    assert_eq!(vault.get("A").await, Ok(Some("unlocked".into())));
    assert!(vault.health().ok);
}

/// Runs this test again on a session bus of its own, with a keyring that was unlocked for it.
#[cfg(target_os = "linux")]
fn with_a_keyring(test: &str) {
    let home = folder();
    let unlocked = "printf pw | gnome-keyring-daemon --unlock --components=secrets >/dev/null 2>&1 && exec \"$0\" --exact \"$1\" --nocapture";
    let mut session = std::process::Command::new("dbus-run-session");
    session.args(["--", "sh", "-c", unlocked]).arg(std::env::current_exe().expect("a test binary")).arg(test);
    session.env("CUETOWER_TEST_KEYRING", "1").env("HOME", home.path()).env("XDG_RUNTIME_DIR", home.path());
    session.env_remove("XDG_DATA_HOME").env_remove("GNOME_KEYRING_CONTROL").stdin(std::process::Stdio::null());
    let output =
        session.output().expect("dbus-run-session, gnome-keyring and secret-tool: `cargo xtask test` installs them");
    let said = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let said = format!("{}{}", said(&output.stdout), said(&output.stderr));
    assert!(output.status.success() && said.contains("1 passed"), "{said}");
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_real_keyring_keeps_values_where_secret_tool_finds_them() {
    if std::env::var_os("CUETOWER_TEST_KEYRING").is_none() {
        return with_a_keyring("vault::tests::a_real_keyring_keeps_values_where_secret_tool_finds_them");
    }
    let lookup = |arguments: &[&str]| {
        let output =
            std::process::Command::new("secret-tool").arg("lookup").args(arguments).output().expect("secret-tool");
        String::from_utf8(output.stdout).expect("text")
    };
    let (one, two) = (folder(), folder());
    let vault = Vault::open(VaultKind::Keyring, one.path()).await;
    assert_eq!(vault.health(), VaultHealth { ok: true, name: "Secret Service".into(), message: None });
    keeps_values(&vault).await;
    vault.set("OPENAI", "of one").await.expect("saved");
    let other = Vault::open(VaultKind::Keyring, two.path()).await;
    other.set("OPENAI", "of two").await.expect("saved");
    assert_eq!(vault.get("OPENAI").await, Ok(Some("of one".into())), "two data folders do not share secrets");
    let path = |folder: &tempfile::TempDir| folder.path().canonicalize().expect("there").display().to_string();
    assert_eq!(lookup(&["service", "cuetower", "name", "OPENAI", "folder", &path(&one)]), "of one");
    assert_eq!(lookup(&["service", "cuetower", "name", "OPENAI", "folder", &path(&two)]), "of two");
    for vault in [vault, other] {
        vault.delete("OPENAI").await.expect("deleted");
        vault.delete("owner-key").await.expect("deleted");
    }
    assert_eq!(lookup(&["service", "cuetower", "name", "OPENAI"]), "");
}

/// The service is killed while it is in use, and started again by somebody.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_real_keyring_that_was_killed_is_missed_and_found_again() {
    if std::env::var_os("CUETOWER_TEST_KEYRING").is_none() {
        return with_a_keyring("vault::tests::a_real_keyring_that_was_killed_is_missed_and_found_again");
    }
    let sh = |line: &str| {
        let output = std::process::Command::new("sh").args(["-c", line]).output().expect("sh");
        String::from_utf8_lossy(&output.stdout).trim().to_owned()
    };
    let folder = folder();
    let vault = Vault::open(VaultKind::Keyring, folder.path()).await;
    vault.set("OPENAI", "sk-before").await.expect("saved");
    let who = "dbus-send --session --print-reply=literal --dest=org.freedesktop.DBus / org.freedesktop.DBus.GetConnectionUnixProcessID string:org.freedesktop.secrets";
    let pid: u32 = sh(who).rsplit(' ').next().and_then(|pid| pid.parse().ok()).expect("the daemon's process");
    sh(&format!("kill -9 {pid}"));
    // The bus may start another one by itself: that one is locked.
    let error = vault.get("OPENAI").await.expect_err("nobody could have unlocked it");
    assert!(error.may_pass() && !vault.health().ok, "{error:?}");
    sh("printf pw | gnome-keyring-daemon --replace --unlock --components=secrets");
    for _ in 0..100 {
        vault.probe().await;
        if vault.health().ok {
            break;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert_eq!(vault.get("OPENAI").await, Ok(Some("sk-before".into())), "{:?}", vault.health());
    vault.delete("OPENAI").await.expect("deleted");
}

/// As above, with the address of a bus that is not there.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn an_absent_keyring_says_so() {
    if std::env::var_os("CUETOWER_TEST_NO_KEYRING").is_none() {
        let mut again = std::process::Command::new(std::env::current_exe().expect("a test binary"));
        again.arg("an_absent_keyring_says_so").stdout(std::process::Stdio::null());
        again.env("CUETOWER_TEST_NO_KEYRING", "1").env("DBUS_SESSION_BUS_ADDRESS", "unix:path=/nowhere/bus");
        assert!(again.status().expect("it ran").success());
        return;
    }
    let vault = Vault::open(VaultKind::Keyring, folder().path()).await;
    let health = vault.health();
    assert!(
        !health.ok && health.message.as_deref().is_some_and(|told| told.starts_with("There is no keyring service")),
        "{health:?}"
    );
    assert!(matches!(vault.set("A", "1").await, Err(VaultError::Absent(_))));
}
