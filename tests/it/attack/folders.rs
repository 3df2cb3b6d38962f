//! The data folder: where a link leads, who else can write there, and who can read what is in it.

use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};

use super::*;

async fn refused(folder: &str) -> String {
    let args = [
        "serve",
        "--data",
        folder,
        "--listen",
        "127.0.0.1:0",
        "--desk",
        "127.0.0.1:0",
        "--vault",
        "memory",
        "--no-notifications",
    ];
    let ended = cuetower_tests::ctl(&args, "").await;
    assert_eq!((ended.code, ended.out.as_str()), (Some(1), ""), "{folder}: {}", ended.err);
    ended.err
}

fn set_mode(path: &Path, mode: u32) {
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_data_folder_that_is_a_link_is_not_used() {
    let around = tempfile::tempdir().unwrap();
    let (real, link) = (around.path().join("real"), around.path().join("link"));
    std::fs::create_dir(&real).unwrap();
    symlink(&real, &link).unwrap();
    symlink(around.path().join("nowhere"), around.path().join("dangling")).unwrap();
    for name in ["link", "link/", "link/.", "dangling"] {
        let said = refused(&format!("{}/{name}", around.path().display())).await;
        assert!(said.contains("link"), "{name}: {said}");
    }
    assert_eq!(std::fs::read_dir(&real).unwrap().count(), 0, "nothing was written where it leads");
    assert!(!around.path().join("nowhere").exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_data_folder_that_others_can_fill_is_not_used() {
    for mode in [0o777, 0o770, 0o720, 0o1777] {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("cuetower.db"), "").unwrap();
        set_mode(folder.path(), mode);
        let said = refused(folder.path().to_str().unwrap()).await;
        assert!(said.contains("other users may write") && said.contains("chmod 700"), "{mode:o}: {said}");
        set_mode(folder.path(), 0o700);
    }
}

/// A file that the tower writes may have been put there as a link to something else of the owner's.
#[tokio::test(flavor = "multi_thread")]
async fn no_link_inside_of_it_is_written_through() {
    let (folder, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    set_mode(folder.path(), 0o700);
    let precious = other.path().join("precious");
    std::fs::write(&precious, "untouched").unwrap();
    for name in ["owner.token", "owner.new", "desk.json", "desk.new", "tower.new"] {
        symlink(&precious, folder.path().join(name)).unwrap();
    }
    let mut tower = Tower::start_on(folder.path()).await;
    assert_eq!(std::fs::read_to_string(&precious).unwrap(), "untouched");
    assert!(!folder.path().join("owner.token").is_symlink(), "it is a file of the tower's own now");
    tower.stop().await;
    assert_eq!(std::fs::read_to_string(&precious).unwrap(), "untouched");
    symlink(&precious, folder.path().join("cuetower.db-journal")).unwrap();
    std::fs::remove_file(folder.path().join("tower.lock")).unwrap();
    symlink(&precious, folder.path().join("tower.lock")).unwrap();
    let said = refused(folder.path().to_str().unwrap()).await;
    assert!(!said.is_empty());
    assert_eq!(std::fs::read_to_string(&precious).unwrap(), "untouched");
}

/// Everything below it, itself included.
fn below(folder: &Path) -> Vec<PathBuf> {
    let mut found = vec![folder.to_owned()];
    let mut at = 0;
    while at < found.len() {
        if found[at].is_dir() && !found[at].is_symlink() {
            found.extend(std::fs::read_dir(&found[at]).unwrap().flatten().map(|entry| entry.path()));
        }
        at += 1;
    }
    found
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_else_can_read_what_a_tower_that_did_everything_has_written() {
    let environment = [("CUETOWER_VAULT_PASSPHRASE", "passphrase-of-the-vault")];
    let folder = tempfile::tempdir().unwrap();
    // As careless as a system can be.
    set_mode(folder.path(), 0o755);
    let mut tower =
        Tower::start_with(Some(folder.path()), &["--vault", "file", "--open-registration"], &environment).await;
    tower.owner("secret_set", &json!({ "name": "OPENAI", "value": "sk-1234567890" })).await;
    tower
        .owner("channel_set", &json!({ "name": "hook", "kind": "webhook", "url": NOBODY, "token": "for-the-hook" }))
        .await;
    let command = json!({ "name": "wrote", "transport": "command", "schedule": { "type": "manual" }, "confirm": "exit_code",
                          "command": { "shell": "echo out; echo err >&2" }, "payload": { "a": 1 } });
    let made = tower.owner("cue_create", &json!({ "definition": command })).await;
    ended(&tower, &fired(&tower, made["id"].as_str().unwrap()).await).await;
    tower_worked(&tower).await;
    let watched = json!({ "name": "watched", "transport": "watch", "schedule": { "type": "manual" } });
    let watched = tower.owner("cue_create", &json!({ "definition": watched })).await;
    let ping = tower.owner("cue_ping_url", &json!({ "cue_id": watched["id"] })).await;
    // What is told while it is away.
    tower.kill9().await;
    let data = tower.data.to_str().unwrap().to_owned();
    let ping = ping["url"].as_str().unwrap();
    let exec = cuetower_tests::ctl(&["exec", "--data", &data, "--ping", ping, "--", "true"], "").await;
    assert_eq!(exec.code, Some(0), "{}", exec.err);
    check(folder.path());
    tower.again().await;
    tower.owner("tower_status", &json!({})).await;
    check(folder.path());
    tower.stop().await;
    check(folder.path());
}

async fn tower_worked(tower: &Tower) {
    let held = Agent::start(tower, "worked", json!({})).await.run(tower).await;
    let path = format!("/v1/executions/{}/steps/a", held.run);
    assert!(speak(tower, &held.token, Method::PUT, &path, Some(&json!({}))).await.0 < 300);
}

fn check(folder: &Path) {
    let found = below(folder);
    assert!(found.len() > 5, "{found:?}");
    for path in found {
        let seen = std::fs::symlink_metadata(&path).unwrap();
        let open = seen.permissions().mode() & 0o077;
        assert!(open == 0 || seen.is_symlink(), "{} is {:o}", path.display(), seen.mode() & 0o777);
    }
}
