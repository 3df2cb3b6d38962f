//! Files that leave the tower, and what is found by its words: no value of a secret is in either, whatever its agents say, and
//! what they say does nothing to whoever opens the file.

use super::canary::{Canary, SECRETS};
use super::forms::forms;
use super::*;

#[tokio::test(flavor = "multi_thread")]
async fn no_file_and_no_search_gives_a_secret_away() {
    let canary = Canary::start().await;
    let tower = &canary.tower;
    let all = SECRETS.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join(" ; ");
    let uses = SECRETS.iter().map(|(name, _)| *name).collect::<Vec<_>>();
    let held = Agent::start(tower, "careless", json!({ "agent": "careless", "secrets": uses })).await.run(tower).await;
    let of_run = format!("/v1/executions/{}", held.run);
    for (method, path, body) in [
        (Method::PUT, format!("{of_run}/steps/k"), json!({ "name": all, "kind": "tool" })),
        (Method::POST, format!("{of_run}/steps/k/fail"), json!({ "error": all })),
        (
            Method::POST,
            format!("{of_run}/outcome"),
            json!({ "success": false, "error": all, "summary": all, "result": all }),
        ),
    ] {
        let (status, answer) = speak(tower, &held.token, method, &path, Some(&body)).await;
        assert!(status < 300, "{path}: {answer}");
    }
    ended(tower, &held.run).await;
    let mut said: Vec<(String, String)> = Vec::new();
    for format in ["json", "html"] {
        let file = tower.owner("run_export", &json!({ "run_id": held.run, "format": format })).await;
        assert!(file["text"].as_str().unwrap().contains("careless"));
        said.push((format.to_owned(), file["text"].as_str().unwrap().to_owned()));
    }
    let table = tower.owner("costs_csv", &json!({ "days": 2 })).await;
    said.push(("csv".to_owned(), table.to_string()));
    for (_, value) in SECRETS {
        // As long as the tower may take; what is looked for is in no answer.
        let text: String = value.chars().take(400).collect();
        let found = tower.owner("search", &json!({ "text": format!("\"{}\"", text.replace('"', " ")) })).await;
        let runs = found["hits"].as_array().unwrap().iter().filter(|hit| hit["kind"] == "run").count();
        assert_eq!(runs, 0, "nothing is found by the value {value}: {found}");
    }
    said.push(("found".to_owned(), tower.owner("search", &json!({ "text": "careless" })).await.to_string()));
    for (what, text) in said {
        for (name, value) in SECRETS {
            for (form, needle) in forms(value) {
                assert!(!holds(text.as_bytes(), &needle), "{what} has {name} as {form}");
            }
        }
    }
}
