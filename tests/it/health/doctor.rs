//! `cuetowerctl doctor` on machines where something is wrong, really.

use std::net::TcpListener;
use std::process::Command;

use super::*;

/// No session bus: as at a server, whatever the machine of these tests has.
const NO_BUS: [(&str, &str); 2] =
    [("DBUS_SESSION_BUS_ADDRESS", "unix:path=/nowhere/bus"), ("XDG_RUNTIME_DIR", "/nowhere")];

async fn doctor(data: &Path, args: &[&str]) -> (Option<i32>, Value) {
    let args = [&["doctor", "--json", "--vault", "memory"], args].concat();
    let ended = ctl_with(data, &NO_BUS, &args).await;
    let told = serde_json::from_str(&ended.out).unwrap_or_else(|error| panic!("{error}: {}{}", ended.out, ended.err));
    (ended.code, told)
}

fn finding(told: &Value, check: &str) -> (String, String, String) {
    let all = told["findings"].as_array().unwrap();
    let found =
        all.iter().find(|finding| finding["check"] == check).unwrap_or_else(|| panic!("no {check} in {told:#}"));
    let text = |name: &str| found[name].as_str().unwrap_or_default().to_owned();
    (text("state"), text("fact"), text("mend"))
}

/// Doors of its own, so that no tower of this machine is in the way.
fn with_free_doors(data: &Path) {
    std::fs::write(data.join("settings.toml"), "[doors]\nlisten = \"127.0.0.1:0\"\ndesk = \"127.0.0.1:0\"\n").unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_machine_and_a_tower_that_are_well_are_good() {
    let mut tower = Tower::start().await;
    let (code, told) = doctor(&tower.data, &["--deep"]).await;
    assert_eq!((code, &told["well"]), (Some(0), &json!(true)), "{told:#}");
    for check in ["tower", "health", "doors", "store", "launcher", "settings", "secrets"] {
        assert_eq!(finding(&told, check).0, "good", "{check}: {told:#}");
    }
    assert!(finding(&told, "store").1.contains("gone through and sound"));
    assert_eq!(finding(&told, "secrets").1, "They are kept in: memory.", "the tower's own word");
    assert!(finding(&told, "notifications").1.contains("told to show none"));
    for (check, state, fact, mend) in told["findings"].as_array().unwrap().iter().map(|finding| {
        (finding["check"].clone(), finding["state"].clone(), finding["fact"].clone(), finding["mend"].clone())
    }) {
        assert!(fact.as_str().unwrap().ends_with('.'), "{check} is a sentence: {fact}");
        assert_eq!(state == "good", mend.is_null(), "{check} says what to do if there is something: {mend}");
    }
    tower.stop().await;
    with_free_doors(&tower.data);
    let (code, told) = doctor(&tower.data, &[]).await;
    assert_eq!(code, Some(0), "{told:#}");
    assert!(finding(&told, "tower").1.contains("None runs"));
    assert!(finding(&told, "agents' door").1.contains("is free"));
    let words = ctl_with(&tower.data, &NO_BUS, &["doctor", "--vault", "memory"]).await.good();
    assert!(words.lines().any(|line| line.starts_with("good  store")), "{words}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_door_that_is_taken_is_told_with_who_has_it() {
    let folder = tempfile::tempdir().unwrap();
    let other = TcpListener::bind("127.0.0.1:0").unwrap();
    let tower = Tower::start().await;
    let agents = tower.agents.strip_prefix("http://").unwrap();
    let settings = format!("[doors]\nlisten = \"{agents}\"\ndesk = \"{}\"\n", other.local_addr().unwrap());
    std::fs::write(folder.path().join("settings.toml"), settings).unwrap();
    let (code, told) = doctor(folder.path(), &[]).await;
    assert_eq!((code, &told["well"]), (Some(1), &json!(false)));
    let (state, fact, mend) = finding(&told, "agents' door");
    assert_eq!(state, "bad");
    assert!(fact.contains("taken by another tower") && mend.contains("settings set doors.listen"), "{fact} {mend}");
    let (state, fact, _) = finding(&told, "owner's door");
    assert!(state == "bad" && fact.contains("taken by another program"), "{fact}");
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_session_secrets_have_no_place_and_notifications_nobody() {
    let folder = tempfile::tempdir().unwrap();
    with_free_doors(folder.path());
    let ended = ctl_with(folder.path(), &NO_BUS, &["doctor", "--json"]).await;
    let told: Value = serde_json::from_str(&ended.out).unwrap();
    assert_eq!(ended.code, Some(1), "{told:#}");
    let (state, fact, mend) = finding(&told, "secrets");
    assert!(state == "bad" && fact.contains("keyring") && mend.contains("--vault file"), "{fact} {mend}");
    assert_eq!(finding(&told, "notifications").0, "warn", "{told:#}");
    assert_eq!(finding(&told, "tray").0, "warn", "{told:#}");
    // In a file they have one, once its passphrase is said.
    let file = ["doctor", "--json", "--vault", "file"];
    let ended = ctl_with(folder.path(), &NO_BUS, &file).await;
    assert_eq!(finding(&serde_json::from_str(&ended.out).unwrap(), "secrets").0, "bad", "no passphrase");
    let passphrase = [NO_BUS[0], NO_BUS[1], ("CUETOWER_VAULT_PASSPHRASE", "long enough to be one")];
    let ended = ctl_with(folder.path(), &passphrase, &file).await;
    assert_eq!(finding(&serde_json::from_str(&ended.out).unwrap(), "secrets").0, "good", "{}", ended.out);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_that_cannot_be_written_is_bad() {
    // Where nobody can make anything, not even root.
    let (code, told) = doctor(Path::new("/proc/cuetower"), &[]).await;
    assert_eq!(code, Some(1));
    let (state, fact, mend) = finding(&told, "data folder");
    assert!(state == "bad" && fact.contains("cannot be made") && mend.contains("--data DIR"), "{fact} {mend}");
    let (_, told) = doctor(Path::new("/dev/null"), &[]).await;
    assert_eq!(finding(&told, "data folder").1, "/dev/null is no folder.");
}

/// A small file system of its own; gone with the test.
struct Mount<'a>(&'a Path);

impl Drop for Mount<'_> {
    fn drop(&mut self) {
        drop(Command::new("umount").arg(self.0).status());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_disk_that_is_nearly_full_is_bad_and_so_is_a_full_one() {
    let folder = tempfile::tempdir().unwrap();
    let made =
        Command::new("mount").args(["-t", "tmpfs", "-o", "size=256k,mode=700", "none"]).arg(folder.path()).output();
    if !made.is_ok_and(|made| made.status.success()) {
        eprintln!("only who may mount a small file system can look at one that is full; left out");
        return;
    }
    let _mount = Mount(folder.path());
    let (code, told) = doctor(folder.path(), &[]).await;
    assert_eq!(code, Some(1));
    let (state, fact, mend) = finding(&told, "data folder");
    assert!(state == "bad" && fact.contains("are free") && mend.contains("Make room"), "{fact} {mend}");
    let full = std::fs::write(folder.path().join("everything"), vec![1; 1 << 20]);
    assert!(full.is_err(), "there is no room for it");
    let (_, told) = doctor(folder.path(), &[]).await;
    assert!(finding(&told, "data folder").1.contains("is full"), "{told:#}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clock_that_was_set_back_and_a_store_that_is_damaged_are_bad() {
    let mut tower = Tower::start().await;
    tower.stop().await;
    with_free_doors(&tower.data);
    // As if the tower had been up in ten days.
    let store = rusqlite::Connection::open(tower.data.join("cuetower.db")).unwrap();
    store.execute("UPDATE tower SET value = value + 864000000 WHERE key = 'alive_at_ms'", []).unwrap();
    drop(store);
    let (code, told) = doctor(&tower.data, &[]).await;
    assert_eq!(code, Some(1));
    let (state, fact, _) = finding(&told, "clock");
    assert!(state == "bad" && fact.contains("set back"), "{fact}");
    std::fs::write(tower.data.join("cuetower.db"), "no database, whatever its name says ".repeat(300)).unwrap();
    for file in ["cuetower.db-wal", "cuetower.db-shm"] {
        drop(std::fs::remove_file(tower.data.join(file)));
    }
    let (_, told) = doctor(&tower.data, &["--deep"]).await;
    let (state, _, mend) = finding(&told, "store");
    assert!(state == "bad" && mend.contains("cuetowerctl restore"), "{told:#}");
    std::fs::write(tower.data.join("settings.toml"), "[backup]\nkeep = \"hunter22\"\n").unwrap();
    let (_, told) = doctor(&tower.data, &[]).await;
    assert_eq!(finding(&told, "settings").0, "bad");
    assert!(!told.to_string().contains("hunter22"), "nothing of the file is quoted: {told:#}");
}
