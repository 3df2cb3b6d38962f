//! The log in the data folder: real files, as the settings of a running tower say.

use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;

use super::*;

/// Standard error says nothing of these tests: what the settings say is looked at.
const SETTINGS_DECIDE: (&str, &str) = ("CUETOWER_LOG", "");

fn days(tower: &Tower) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(tower.data.join("logs")).unwrap();
    let mut days: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    days.sort_unstable();
    days
}

/// Every line of the newest day.
fn lines(tower: &Tower) -> Vec<Value> {
    let text = std::fs::read_to_string(days(tower).last().unwrap()).unwrap();
    // The last one may be on its way.
    let whole = text.rsplit_once('\n').map_or("", |(whole, _)| whole);
    whole.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"))).collect()
}

async fn line(tower: &Tower, what: &str, is_it: impl Fn(&Value) -> bool) -> Value {
    until(what, SOON, async || lines(tower).into_iter().find(&is_it)).await
}

#[tokio::test(flavor = "multi_thread")]
async fn it_is_kept_for_as_many_days_as_the_owner_says_and_no_louder() {
    let folder = tempfile::tempdir().unwrap();
    let logs = folder.path().join("logs");
    std::fs::create_dir(&logs).unwrap();
    for day in 10..=20 {
        std::fs::write(logs.join(format!("cuetower-2020-01-{day}.jsonl")), "{}\n").unwrap();
    }
    let mut tower = Tower::start_with(Some(folder.path()), &[], &[SETTINGS_DECIDE]).await;
    let up = line(&tower, "word of the start", |line| line["fields"]["message"] == "the tower is up").await;
    assert_eq!((&up["level"], up["fields"]["agents"].as_str()), (&json!("INFO"), Some(tower.agents.as_str())), "{up}");
    assert!(up["timestamp"].is_string() && up["target"].is_string(), "{up}");
    let kept = days(&tower);
    assert_eq!(kept.len(), 7, "{kept:?}");
    assert!(kept[0].ends_with("cuetower-2020-01-15.jsonl"), "the oldest went: {kept:?}");
    let mode = std::fs::metadata(kept.last().unwrap()).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600, "for its owner's eyes");

    assert!(lines(&tower).iter().all(|line| line["level"] != "DEBUG"));
    tower.owner("setting_set", &json!({ "name": "log.level", "value": "debug" })).await;
    let louder = line(&tower, "a line of the louder level", |line| line["level"] == "DEBUG").await;
    assert_eq!(louder["fields"]["level"], "debug", "it says how loud it is: {louder}");
    tower.owner("setting_set", &json!({ "name": "log.keep_days", "value": "2" })).await;
    until("fewer days", SOON, async || (days(&tower).len() == 2).then_some(())).await;

    tower.owner("setting_set", &json!({ "name": "log.files", "value": "false" })).await;
    let settled = until("a log that stands still", SOON, async || {
        let before = lines(&tower).len();
        tower.owner("setting_set", &json!({ "name": "backup.keep", "value": "9" })).await;
        tower.owner("setting_set", &json!({ "name": "backup.keep", "value": "8" })).await;
        (lines(&tower).len() == before).then_some(before)
    })
    .await;
    tower.owner("setting_set", &json!({ "name": "log.files", "value": "true" })).await;
    tower.stop().await;
    let all = lines(&tower);
    assert!(all.len() > settled, "it goes on in the same file");
    assert_eq!(all.last().unwrap()["fields"]["message"], "the tower has stopped", "to the last line");
}

#[tokio::test(flavor = "multi_thread")]
async fn it_is_not_louder_than_standard_error_was_asked_to_be() {
    let around = tempfile::tempdir().unwrap();
    let data = around.path().join("data");
    let mut tower = Tower::start_with(Some(&data), &[], &[("CUETOWER_LOG", "error")]).await;
    tower.stop().await;
    tower.log = Some(around.path().join("stderr"));
    tower.again().await;
    line(&tower, "word of the start", |line| line["fields"]["message"] == "the tower is up").await;
    tower.stop().await;
    let said = std::fs::read_to_string(around.path().join("stderr")).unwrap();
    assert!(!said.contains("the tower is up"), "the variable says what standard error gets: {said}");
}
