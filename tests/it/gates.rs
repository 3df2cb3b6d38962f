//! Questions to the owner and `kill -9` of the real program: what was acknowledged is there, under its id, as it was asked.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use cuetower_tests::{Tower, until};
use serde_json::{Value, json};

const KILLS: u32 = 3;
const PATIENCE: Duration = Duration::from_secs(20);

/// Number and id of each question that was answered with 201.
type Asked = Arc<Mutex<Vec<(usize, String)>>>;

fn question(number: usize) -> Value {
    json!({
        "key": "send", "agent": format!("agent-{number}"), "title": format!("Send {number} mails?"),
        "payload": { "to": number }, "deadline_seconds": 3600, "on_no_answer": "proceed",
    })
}

/// Asks one after the other, until the tower is gone.
async fn ask_on(agents: String, key: String, asked: Asked) {
    let http = reqwest::Client::builder().no_proxy().timeout(Duration::from_secs(5)).build().unwrap();
    loop {
        let number = asked.lock().unwrap().len();
        let request = http.post(format!("{agents}/v1/gates")).bearer_auth(&key);
        let request = request.header("content-type", "application/json").body(question(number).to_string());
        let Ok(response) = request.send().await else { return };
        // One that was asked in the moment of the kill before may be there already.
        assert!(matches!(response.status().as_u16(), 200 | 201), "{response:?}");
        let Ok(text) = response.text().await else { return };
        let gate: Value = serde_json::from_str(&text).unwrap();
        asked.lock().unwrap().push((number, gate["id"].as_str().unwrap().to_owned()));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_asked_is_there_after_every_kill() {
    let mut tower = Tower::start().await;
    let asked = Asked::default();
    for kill in 1..=KILLS {
        let asking = tokio::spawn(ask_on(tower.agents.clone(), tower.key.clone(), Arc::clone(&asked)));
        let enough = 10 * kill as usize;
        until("questions", PATIENCE, async || (asked.lock().unwrap().len() >= enough).then_some(())).await;
        tower.kill9().await;
        asking.await.unwrap();
        tower.again().await;
        let known = asked.lock().unwrap().clone();
        for (number, id) in known {
            let (status, again) = tower.post("/v1/gates", &question(number)).await;
            assert_eq!((status, again["id"].as_str()), (200, Some(&*id)), "question {number}: {again}");
            assert_eq!((&again["state"], &again["goes"]), (&json!("waiting"), &Value::Null));
        }
    }
    tower.stop().await;
}
