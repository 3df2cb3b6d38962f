//! The owner's door and what came out of a run: it may look, and neither speak for the owner nor get a key. However it was
//! started, as far as the system can tell.

use std::path::Path;
use std::time::Duration;

use cuetower_tests::{Tower, binary, until};
use serde_json::{Value, json};

const SOON: Duration = Duration::from_secs(60);

/// A shell line as a run, to its end.
async fn ran(tower: &Tower, name: &str, line: &str) -> Value {
    let definition = json!({
        "name": name, "transport": "command", "command": { "shell": line }, "confirm": "exit_code",
        "schedule": { "type": "manual" }, "retry": { "max_attempts": 1 },
    });
    let cue = tower.owner("cue_create", &json!({ "definition": definition })).await;
    let fired = tower.owner("cue_fire", &json!({ "cue_id": cue["id"], "payload": null })).await;
    let asked = json!({ "run_id": fired["run_id"] });
    until("end of the run", SOON, async || {
        let story = tower.owner("run_get", &asked).await;
        story["mark"]["ended_at_ms"].is_number().then_some(story)
    })
    .await
}

/// `cuetowerctl` on this tower, with a command of the owner's.
fn asks(tower: &Tower, command: &str, request: &Value) -> String {
    format!("{} --data {} call {command} '{request}'", binary("cuetowerctl").display(), tower.data.display())
}

async fn keys(tower: &Tower) -> Vec<String> {
    let keys = tower.owner("keys", &json!({})).await;
    let names = keys["keys"].as_array().unwrap().iter().map(|key| key["name"].as_str().unwrap().to_owned());
    names.collect()
}

/// What a process left in this file, once it is done.
async fn left(file: &Path) -> String {
    until("word of the process", SOON, async || std::fs::read_to_string(file).ok().filter(|text| text.contains("done")))
        .await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_looks_and_does_not_speak_for_its_owner() {
    let tower = Tower::start().await;
    let before = keys(&tower).await;
    let looks = ran(&tower, "looks", &asks(&tower, "tower_status", &json!({}))).await;
    assert_eq!(looks["attempts"][0]["exit_code"], 0, "{looks}");
    let makes_a_key = asks(&tower, "key_add", &json!({ "name": "mine", "scopes": ["commands"] }));
    let refused = ran(&tower, "refused", &makes_a_key).await;
    assert_eq!(refused["attempts"][0]["exit_code"], 1, "{refused}");
    let words = refused["attempts"][0]["stderr"].as_str().unwrap();
    assert!(words.contains("belongs to a run") && words.contains("`key_add`"), "{words}");
    let link =
        ran(&tower, "link", &format!("{} --data {} desk-link", binary("cuetowerctl").display(), tower.data.display()))
            .await;
    assert_eq!(link["attempts"][0]["exit_code"], 1, "nor does it open the window for itself: {link}");
    assert_eq!(keys(&tower).await, before);
    // The owner, who is nobody's run, is not held up.
    tower.owner("key_add", &json!({ "name": "mine", "scopes": ["commands"] })).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nor_does_what_it_left_behind_in_other_clothes() {
    let tower = Tower::start().await;
    let folder = tempfile::tempdir().unwrap();
    let before = keys(&tower).await;
    let path = std::env::var("PATH").unwrap();
    for (name, wrapped) in [
        ("daemon", "setsid sh -c 'SCRIPT' </dev/null >/dev/null 2>&1 &"),
        ("twice removed", "(setsid sh -c '(SCRIPT) &' </dev/null >/dev/null 2>&1 &)"),
        ("without its environment", "env -i PATH=\"$PATH\" sh -c 'SCRIPT' >/dev/null 2>&1"),
    ] {
        let said = folder.path().join(name.replace(' ', "-"));
        let script = folder.path().join(format!("{}.sh", name.replace(' ', "-")));
        let makes_a_key = asks(&tower, "key_add", &json!({ "name": name, "scopes": ["commands"] }));
        let text = format!(
            "{makes_a_key} >{0}.part 2>&1; echo \"ended with $?; done\" >>{0}.part; mv {0}.part {0}",
            said.display()
        );
        std::fs::write(&script, text).unwrap();
        let line = wrapped.replace("SCRIPT", &format!("sh {}", script.display()));
        ran(&tower, name, &format!("PATH={path}; {line}")).await;
        let words = left(&said).await;
        assert!(words.contains("ended with 1") && words.contains("belongs to a run"), "{name}: {words}");
    }
    assert_eq!(keys(&tower).await, before);
}
