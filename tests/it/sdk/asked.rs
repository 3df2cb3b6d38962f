//! Agents that ask, and an owner who answers: what he says is what the package hands to its program.

use cuetower_tests::until;
use serde_json::{Value, json};

use super::{SOON, Scene, root, script};

impl Scene {
    /// The gate that is so, once it waits.
    async fn gate(&self, what: &str, is_it: impl Fn(&Value) -> bool) -> Value {
        until(what, SOON, async || {
            let gates = self.tower.owner("gates", &json!({ "limit": 50, "settled": false })).await;
            gates["waiting"].as_array().unwrap().iter().find(|gate| is_it(gate)).cloned()
        })
        .await
    }

    /// The one with this title.
    async fn titled(&self, title: &str) -> Value {
        self.gate(title, |gate| gate["title"] == title).await
    }

    /// The one before this step.
    async fn before(&self, step: &str) -> Value {
        self.gate(step, |gate| gate["about"] == "step" && gate["key"] == step).await
    }

    /// `more` is laid over the answer.
    async fn answer(&self, gate: Value, word: &str, more: Value) {
        let mut answer = json!({ "gate_id": gate["id"], "shown": gate["shown"], "answer": word });
        answer.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        self.tower.owner("gate_answer", &answer).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agent_does_what_its_owner_says() {
    let scene = Scene::new().await;
    let with = json!({ "gate": { "steps": ["send", "charge"] } });
    let cue = scene.command("asks", &[&script("agent.py"), "asks"], with).await;
    let run = scene.fire(&cue).await;
    let two = json!({ "to": [1, 2] });
    let answer = json!({ "payload": two, "comment": "not the third" });
    scene.answer(scene.titled("Send 3 mails?").await, "edit", answer).await;
    scene.answer(scene.before("send").await, "edit", json!({ "payload": { "to": [1] } })).await;
    scene.answer(scene.titled("Delete the drafts?").await, "approve", json!({})).await;
    scene.answer(scene.titled("And the invoices?").await, "deny", json!({})).await;
    scene.answer(scene.before("charge").await, "deny", json!({})).await;
    let story = scene.ended(&run, "claimed").await;
    assert_eq!(story["attempts"].as_array().unwrap().len(), 1, "{story:#}");
    let send = scene.step(&run, "send").await;
    assert_eq!((&send["state"], &send["tries"]), (&json!("completed"), &json!(1)), "{send}");
    assert!(!scene.work.path().join("charged").exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_agent_of_the_demo_sends_what_its_owner_left_in() {
    let scene = Scene::new().await;
    let program = root().join("examples/asks_first.py");
    let quick = json!({ "payload": { "seconds": 0 } });
    let cue = scene.command("reminders", &[program.to_str().unwrap()], quick).await;
    let reminders = async || scene.gate("the reminders", |gate| gate["key"] == "send-reminders").await;
    let run = scene.fire(&cue).await;
    let gate = reminders().await;
    let story = scene.tower.owner("gate_get", &json!({ "gate_id": gate["id"] })).await;
    let mut payload: Value = serde_json::from_str(story["payload"].as_str().unwrap()).unwrap();
    payload["reminders"].as_array_mut().unwrap().truncate(1);
    scene.answer(gate, "edit", json!({ "payload": payload })).await;
    let story = scene.ended(&run, "claimed").await;
    assert_eq!(story["outcome"]["fields"]["processed"], 1.0, "{story:#}");
    let run = scene.fire(&cue).await;
    scene.answer(reminders().await, "deny", json!({ "comment": "not on a Sunday" })).await;
    let story = scene.ended(&run, "claimed").await;
    assert_eq!(story["outcome"]["summary"], "Nothing was sent: you said no, “not on a Sunday”", "{story:#}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_question_outlives_the_tower_that_it_was_asked_of() {
    let mut scene = Scene::new().await;
    let cue = scene.command("asks", &[&script("agent.py"), "asks"], json!({})).await;
    let run = scene.fire(&cue).await;
    let before = scene.titled("Send 3 mails?").await;
    scene.tower.kill9().await;
    scene.tower.again().await;
    let after = scene.titled("Send 3 mails?").await;
    assert_eq!((&before["id"], &before["shown"]), (&after["id"], &after["shown"]));
    let one = json!({ "payload": { "to": [1] }, "comment": "not the third" });
    scene.answer(scene.titled("Send 3 mails?").await, "edit", one).await;
    scene.answer(scene.titled("Delete the drafts?").await, "approve", json!({})).await;
    scene.answer(scene.titled("And the invoices?").await, "deny", json!({})).await;
    // Its cue asks before no step, so it may charge.
    let story = scene.ended(&run, "claimed").await;
    assert_eq!(story["attempts"].as_array().unwrap().len(), 1, "{story:#}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_is_stopped_while_it_asks_never_goes_on() {
    let scene = Scene::new().await;
    // Nobody kills it: that it does not go on is its own doing.
    let watched = json!({ "name": "stopped", "transport": "watch", "schedule": { "type": "manual" },
                          "delivery": { "outcome_deadline_seconds": 300 } });
    scene.made(&watched).await;
    let mut agent = scene.outside("stopped", "stopped").spawn().unwrap();
    let gate = scene.titled("Go on?").await;
    scene.tower.owner("run_stop", &json!({ "run_id": gate["run_id"] })).await;
    let code = scene.written("told").await;
    assert_eq!(code, "run_stopped");
    assert!(!scene.work.path().join("went on").exists());
    agent.wait().await.unwrap();
}
