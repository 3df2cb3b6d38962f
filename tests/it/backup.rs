//! A real tower in one file, and out of it again: under load, elsewhere, with its secrets, and killed on the way.

use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use cuetower_tests::{Tower, binary, ctl_in, holds, until};
use rusqlite::{Connection, OpenFlags};
use serde_json::{Value, json};

const PATIENCE: Duration = Duration::from_secs(60);
const PASSPHRASE: &str = "correct horse battery";

async fn cue(tower: &Tower, name: &str) -> String {
    let cue = json!({ "name": name, "transport": "command", "confirm": "exit_code", "schedule": { "type": "manual" },
                      "command": { "argv": ["true"] }, "overlap": "allow" });
    let (status, answer) = tower.post("/v1/cues", &cue).await;
    assert_eq!(status, 201, "{answer}");
    answer["id"].as_str().unwrap().to_owned()
}

/// Runs it once, to its end.
async fn confirmed(tower: &Tower, cue: &str) -> String {
    let (status, fired) = tower.post(&format!("/v1/cues/{cue}/fire"), &json!({})).await;
    assert!(status < 300, "{fired}");
    let run = fired["id"].as_str().unwrap().to_owned();
    until("the end of the run", PATIENCE, async || {
        let story = tower.owner("run_get", &json!({ "run_id": run })).await;
        (story["mark"]["confirmed"] == "confirmed").then_some(())
    })
    .await;
    run
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tower_moves_to_another_folder_with_everything_it_had() {
    let mut tower =
        Tower::start_with(None, &["--vault", "file"], &[("CUETOWER_VAULT_PASSPHRASE", "of the vault")]).await;
    let id = cue(&tower, "weekly-digest").await;
    let run = confirmed(&tower, &id).await;
    tower.owner("secret_set", &json!({ "name": "OPENAI", "value": "sk-the-value-itself" })).await;
    tower.ctl(&["settings", "set", "backup.keep", "3"]).await.good();
    assert_eq!(tower.owner("backups", &json!({})).await["keep"], 3, "in force when the command ends");
    let key = tower.key.clone();

    let elsewhere = tempfile::tempdir().unwrap();
    let file = elsewhere.path().join("moved.backup");
    let path = file.to_str().unwrap();
    let made = ctl_with(&tower.data, &["backup", path, "--secrets"], PASSPHRASE).await;
    assert!(made.contains("1 cue, 1 run,"), "{made}");
    let bytes = std::fs::read(&file).unwrap();
    assert!(!holds(&bytes, "sk-the-value-itself"));
    let shown = ctl_in(elsewhere.path(), &["backup", "show", path], "").await.good();
    assert!(shown.contains("Secrets, under a passphrase: OPENAI."), "{shown}");
    let refused = tower.ctl(&["restore", path]).await;
    assert!(refused.code == Some(1) && refused.err.contains("A tower runs on"), "{}", refused.err);
    tower.stop().await;

    let data = elsewhere.path().join("new home");
    // Neither changes anything: there is no passphrase of a vault, and memory is no place to keep a thing in.
    for (vault, words) in [("file", "nothing was restored"), ("memory", "forgets the secrets")] {
        let refused = ctl_in(&tower.data, &["restore", path, "--replace", "--secrets", "--vault", vault], "").await;
        assert!(refused.code == Some(1) && refused.err.contains(words), "{}", refused.err);
        assert!(before_restores(&tower.data, "").is_empty() && !tower.data.join("restore.db").exists());
    }
    let restored = ctl_env(
        &data,
        &["restore", path, "--secrets", "--vault", "file"],
        &[("CUETOWER_BACKUP_PASSPHRASE", PASSPHRASE), ("CUETOWER_VAULT_PASSPHRASE", "another")],
    )
    .await;
    assert!(
        restored.contains("1 cue, 1 run,") && restored.contains("Secrets that are in the vault now: OPENAI."),
        "{restored}"
    );
    let again = ctl_in(&data, &["restore", path], "").await;
    assert!(again.code == Some(1) && again.err.contains("--replace"), "{}", again.err);

    let moved = Tower::start_with(Some(&data), &["--vault", "file"], &[("CUETOWER_VAULT_PASSPHRASE", "another")]).await;
    assert_eq!(moved.key, key, "agents' keys are good still");
    let story = moved.owner("run_get", &json!({ "run_id": run })).await;
    assert_eq!(story["mark"]["confirmed"], "confirmed");
    let settings = moved.owner("settings", &json!({})).await;
    let keep =
        settings["settings"].as_array().unwrap().iter().find(|setting| setting["name"] == "backup.keep").unwrap();
    assert_eq!(keep["value"], "3");
    let with_secret = json!({ "name": "uses it", "transport": "command", "confirm": "exit_code", "schedule": { "type": "manual" },
        "command": { "shell": "test \"$KEY\" = sk-the-value-itself", "env": { "KEY": "{{secret:OPENAI}}" } }, "secrets": ["OPENAI"] });
    let (status, answer) = moved.post("/v1/cues", &with_secret).await;
    assert_eq!(status, 201, "{answer}");
    confirmed(&moved, answer["id"].as_str().unwrap()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_window_puts_a_backup_where_the_next_start_takes_it() {
    let mut tower = Tower::start().await;
    let before = cue(&tower, "before").await;
    let made = tower.owner("backup_make", &json!({})).await;
    assert_eq!((&made["cues"], &made["sealed"]), (&json!(1), &json!(false)));
    cue(&tower, "after").await;
    let (status, answer) = tower.owner_call("backup_restore", &json!({ "path": "relative" })).await;
    assert_eq!((status, &answer["field"]), (422, &json!("path")), "{answer}");
    let (status, answer) =
        tower.owner_call("backup_restore", &json!({ "path": made["path"], "passphrase": "x" })).await;
    assert_eq!((status, &answer["field"]), (422, &json!("passphrase")), "{answer}");
    let restored = tower.owner("backup_restore", &json!({ "path": made["path"], "paused": true })).await;
    assert_eq!(restored["backup"]["cues"], 1);
    let listed = tower.owner("backups", &json!({})).await;
    assert_eq!((&listed["restore_waits"], listed["backups"].as_array().unwrap().len()), (&json!(true), 1));
    assert!(listed["words"].is_string() && listed["next_ms"].is_number());
    assert_eq!(names(&tower).await, ["after", "before"], "nothing changed yet");
    tower.stop().await;
    tower.again().await;
    assert_eq!(names(&tower).await, ["before"]);
    assert_eq!(tower.owner("tower_status", &json!({})).await["paused"], true);
    let (status, _) = tower.get(&format!("/v1/cues/{before}")).await;
    assert_eq!(status, 200);
    assert_eq!(before_restores(&tower.data, ".db").len(), 1, "what was is kept");
}

/// What restores kept in a folder.
fn before_restores(data: &Path, ending: &str) -> Vec<std::path::PathBuf> {
    let paths = std::fs::read_dir(data).unwrap().flatten().map(|entry| entry.path());
    let kept = paths.filter(|path| {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        name.starts_with("before-restore-") && name.ends_with(ending)
    });
    kept.collect()
}

async fn names(tower: &Tower) -> Vec<String> {
    let (_, cues) = tower.get("/v1/cues?limit=100").await;
    let mut names: Vec<String> =
        cues["cues"].as_array().unwrap().iter().map(|cue| cue["name"].as_str().unwrap().to_owned()).collect();
    names.retain(|name| !name.starts_with("filler-"));
    names.sort_unstable();
    names
}

/// Made while runs begin and end, each backup is a tower by itself: every run in it is whole.
#[tokio::test(flavor = "multi_thread")]
async fn backups_under_load_are_each_of_one_moment() {
    let tower = Tower::start().await;
    let id = cue(&tower, "busy").await;
    for round in 0..3 {
        for _ in 0..20 {
            let (status, fired) = tower.post(&format!("/v1/cues/{id}/fire"), &json!({})).await;
            assert!(status < 300, "{fired}");
        }
        let to = tower.data.join(format!("{round}.backup"));
        let made = tower.owner("backup_make", &json!({ "to": to })).await;
        assert!(made["runs"].as_u64().unwrap() >= 20 * (round + 1), "what was acknowledged is in it: {made}");
        let data = tempfile::tempdir().unwrap();
        ctl_in(data.path(), &["restore", to.to_str().unwrap(), "--paused"], "").await.good();
        let mut moved = Tower::start_on(data.path()).await;
        let audit = moved.ctl(&["ledger", "audit"]).await;
        audit.good();
        moved.stop().await;
    }
}

/// `kill -9` while a restore is under way, at moments spread over its whole length: the store is the old one or the new one.
#[tokio::test(flavor = "multi_thread")]
async fn a_restore_that_is_killed_leaves_the_old_tower_or_the_new_one() {
    let mut tower = Tower::start().await;
    cue(&tower, "new").await;
    // Large enough that there is something to kill.
    fill(&tower).await;
    let file = tower.data.join("big.backup");
    tower.owner("backup_make", &json!({ "to": file })).await;
    tower.stop().await;

    let old = tempfile::tempdir().unwrap();
    let mut other = Tower::start_on(old.path()).await;
    cue(&other, "old").await;
    other.stop().await;
    let args = ["restore", file.to_str().unwrap(), "--replace"];
    let whole = tempfile::tempdir().unwrap();
    let begun = Instant::now();
    ctl_in(whole.path(), &args, "").await.good();
    let takes = begun.elapsed();

    let mut seen = [0, 0];
    for kill in 0..12 {
        let data = tempfile::tempdir().unwrap();
        for name in ["cuetower.db", "cuetower.db-wal", "tower.key"] {
            if old.path().join(name).exists() {
                std::fs::copy(old.path().join(name), data.path().join(name)).unwrap();
            }
        }
        let mut child = std::process::Command::new(binary("cuetowerctl"))
            .args(args)
            .arg("--data")
            .arg(data.path())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        // The last one is not killed.
        if kill < 11 {
            std::thread::sleep(takes * kill / 5);
            drop(child.kill());
        }
        child.wait().unwrap();
        let mut again = Tower::start_on(data.path()).await;
        let named = names(&again).await;
        again.stop().await;
        seen[usize::from(named == ["new"])] += 1;
        assert!(named == ["new"] || named == ["old"], "{named:?} after {kill} fifths");
        sound(&data.path().join("cuetower.db"));
    }
    assert!(seen.iter().all(|times| *times > 0), "old and new were both seen: {seen:?}");
}

/// `kill -9` of a tower that makes a backup: there is none, or a whole one.
#[tokio::test(flavor = "multi_thread")]
async fn a_tower_that_is_killed_while_it_backs_itself_up_leaves_no_half_one() {
    let mut tower = Tower::start().await;
    cue(&tower, "kept").await;
    fill(&tower).await;
    let folder = tower.data.join("backups");
    for kill in 0..6 {
        let to = folder.join(format!("{kill}.backup"));
        let asked = begun(&tower, "backup_make", json!({ "to": to }));
        tokio::time::sleep(Duration::from_millis(5 + 15 * kill)).await;
        tower.kill9().await;
        asked.abort();
        if to.exists() {
            sound(&to);
        }
        tower.again().await;
        assert_eq!(names(&tower).await, ["kept"]);
        let last = tower.owner("backup_make", &json!({ "to": folder.join(format!("{kill} again.backup")) })).await;
        assert_eq!(last["cues"], 51, "what was left of the other is in nobody's way");
    }
}

/// A command whose answer nobody waits for.
fn begun(tower: &Tower, command: &str, request: Value) -> tokio::task::JoinHandle<()> {
    let token = std::fs::read_to_string(tower.data.join("owner.token")).unwrap();
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let asked = http.post(format!("{}/rpc/{command}", tower.desk)).bearer_auth(token);
    let asked = asked.header("content-type", "application/json").body(request.to_string());
    tokio::spawn(async move { drop(asked.send().await) })
}

/// Some 25 MB, in 50 cues.
async fn fill(tower: &Tower) {
    let text = "x".repeat(200_000);
    for number in 0..50 {
        let cue = json!({ "name": format!("filler-{number}"), "transport": "command", "schedule": { "type": "manual" },
                          "command": { "argv": ["true"] }, "payload": { "text": text } });
        let (status, answer) = tower.post("/v1/cues", &cue).await;
        assert_eq!(status, 201, "{answer}");
    }
}

fn sound(path: &Path) {
    let store = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY).unwrap();
    let said: String = store.query_row("PRAGMA integrity_check", [], |row| row.get(0)).unwrap();
    assert_eq!(said, "ok", "{}", path.display());
}

async fn ctl_with(data: &Path, args: &[&str], passphrase: &str) -> String {
    ctl_env(data, args, &[("CUETOWER_BACKUP_PASSPHRASE", passphrase)]).await
}

async fn ctl_env(data: &Path, args: &[&str], env: &[(&str, &str)]) -> String {
    let mut program = tokio::process::Command::new(binary("cuetowerctl"));
    program.args(args).arg("--data").arg(data).envs(env.iter().copied()).stdin(Stdio::null());
    let ended = program.output().await.unwrap();
    assert!(ended.status.success(), "{}", String::from_utf8_lossy(&ended.stderr));
    String::from_utf8(ended.stdout).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_backup_is_refused_and_a_folder_is_not_made_up() {
    let mut tower = Tower::start().await;
    cue(&tower, "kept").await;
    let gone = tower.data.join("gone").join("a.backup");
    let refused = tower.ctl(&["backup", gone.to_str().unwrap()]).await;
    assert!(refused.code == Some(1) && refused.err.contains("There is no folder"), "{}", refused.err);
    assert!(!gone.parent().unwrap().exists());
    let file = tower.data.join("whole.backup");
    let path = file.to_str().unwrap();
    tower.ctl(&["backup", path]).await.good();
    tower.stop().await;
    assert!(ctl_in(&tower.data, &["backup", "show", path], "").await.good().contains("its checksum fits"));
    let sealed = ctl_in(&tower.data, &["restore", path, "--replace", "--secrets", "--vault", "file"], "").await;
    assert!(sealed.code == Some(1) && sealed.err.contains("Leave `--secrets` out"), "{}", sealed.err);
    let mut bytes = std::fs::read(&file).unwrap();
    let at = bytes.windows(4).position(|window| window == b"kept").unwrap();
    bytes[at] = b'w';
    std::fs::write(&file, bytes).unwrap();
    for args in [&["backup", "show", path][..], &["restore", path, "--replace"][..]] {
        let refused = ctl_in(&tower.data, args, "").await;
        assert!(refused.code == Some(1) && refused.err.contains("is damaged"), "{}", refused.err);
    }
    tower.again().await;
    assert_eq!(names(&tower).await, ["kept"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_command_line_pauses_the_tower_and_has_it_fire_again() {
    let tower = Tower::start().await;
    cue(&tower, "digest").await;
    let said = tower.ctl(&["pause"]).await.good();
    assert!(said.contains("`cuetowerctl resume`"), "{said}");
    assert_eq!(tower.owner("tower_status", &json!({})).await["paused"], true);
    assert!(tower.ctl(&["status"]).await.good().contains("paused: nothing fires until `cuetowerctl resume`"));
    tower.ctl(&["cue", "pause", "digest"]).await.good();
    let resumed = tower.ctl(&["cue", "resume", "digest"]).await;
    assert!(resumed.code == Some(0) && resumed.err.contains("The whole tower is paused"), "{}", resumed.err);
    assert!(tower.ctl(&["resume"]).await.good().contains("armed"));
    assert_eq!(tower.owner("tower_status", &json!({})).await["paused"], false);
}

#[tokio::test]
async fn settings_are_changed_live_and_what_does_not_fit_is_told() {
    let tower = Tower::start().await;
    let said = |view: &Value, name: &str| {
        let all = view["settings"].as_array().unwrap();
        all.iter().find(|setting| setting["name"] == name).unwrap()["value"].as_str().unwrap().to_owned()
    };
    let view = tower.owner("setting_set", &json!({ "name": "backup.schedule", "value": "0 4 * * *" })).await;
    assert_eq!(said(&view, "backup.schedule"), "0 4 * * *");
    assert_eq!(tower.owner("backups", &json!({})).await["schedule"], "0 4 * * *");
    let (status, answer) = tower.owner_call("setting_set", &json!({ "name": "backup.keep", "value": "0" })).await;
    assert_eq!((status, &answer["field"]), (422, &json!("backup.keep")), "{answer}");
    let (status, answer) = tower.owner_call("setting_set", &json!({ "name": "backup.kept", "value": "1" })).await;
    assert_eq!(status, 422, "{answer}");
    // By hand, in the file: taken in by itself.
    std::fs::write(tower.data.join("settings.toml"), "[backup]\nkeep = 21\n").unwrap();
    until("the file to be taken in", PATIENCE, async || {
        (tower.owner("backups", &json!({})).await["keep"] == 21).then_some(())
    })
    .await;
    std::fs::write(tower.data.join("settings.toml"), "[backup]\nkeep = \"many\"\n").unwrap();
    until("what is wrong to be told", PATIENCE, async || {
        tower.owner("settings", &json!({})).await["trouble"].is_string().then_some(())
    })
    .await;
    assert_eq!(tower.owner("backups", &json!({})).await["keep"], 21, "what held holds still");
}
