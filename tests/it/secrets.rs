//! Secrets on a running tower: replaced while a run has the old value, called otherwise, lent for one tool, and nowhere to be found
//! in what agents say and print.

use std::path::Path;
use std::time::Duration;

use cuetower_tests::{Answer, Server, Tower, ctl_in, holds, send, until};
use reqwest::Method;
use serde_json::{Value, json};

/// For what the product does in its own time, on a busy machine.
const SOON: Duration = Duration::from_secs(60);
/// A vault that outlives the tower.
const FILE: ([&str; 2], [(&str, &str); 1]) = (["--vault", "file"], [("CUETOWER_VAULT_PASSPHRASE", "for a test")]);

async fn keeps(tower: &Tower, name: &str, value: &str) {
    tower.owner("secret_set", &json!({ "name": name, "value": value })).await;
}

async fn made(tower: &Tower, cue: Value) -> String {
    let made = tower.owner("cue_create", &json!({ "definition": cue })).await;
    made["id"].as_str().unwrap().to_owned()
}

async fn fired(tower: &Tower, cue: &str) -> String {
    tower.owner("cue_fire", &json!({ "cue_id": cue })).await["run_id"].as_str().unwrap().to_owned()
}

async fn once(tower: &Tower, run: &str, what: &str, is_so: impl Fn(&Value) -> bool) -> Value {
    until(what, SOON, async || Some(tower.owner("run_get", &json!({ "run_id": run })).await).filter(&is_so)).await
}

async fn ended(tower: &Tower, run: &str) -> Value {
    once(tower, run, "end of the run", |story| story["mark"]["ended_at_ms"].is_number()).await
}

async fn printed(tower: &Tower, run: &str) -> String {
    let request = json!({ "run_id": run, "number": 1, "stream": "stdout", "from_byte": 0 });
    tower.owner("run_output", &request).await["text"].as_str().unwrap().to_owned()
}

/// Files of the data folder that hold this.
fn holding(folder: &Path, value: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
            } else if std::fs::read(&path).is_ok_and(|bytes| holds(&bytes, value)) {
                found.push(path.display().to_string());
            }
        }
    }
    found
}

/// An agent that takes work in, and the token of the run that it was given.
async fn at_work(tower: &Tower, more: Value) -> (Server, String, String) {
    let agent = Server::start(|_, _| Answer::status(202)).await;
    let mut cue = json!({ "name": "agent", "schedule": { "type": "manual" }, "callback": { "url": agent.url } });
    cue.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    let cue = made(tower, cue).await;
    let run = fired(tower, &cue).await;
    let seen = agent.seen_at_least(1, SOON).await;
    let token = seen[0].header("x-cuetower-run-token").to_owned();
    once(tower, &run, "delivered run", |story| story["attempts"][0]["delivered_at_ms"].is_number()).await;
    (agent, run, token)
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_command_prints_of_a_value_that_was_replaced_is_blotted_out_after_a_crash_too() {
    let mut tower = Tower::start_with(None, &FILE.0, &FILE.1).await;
    let work = tempfile::tempdir().unwrap();
    keeps(&tower, "OPENAI", "sk-the-first-of-two").await;
    let line = "echo begun; while [ ! -e go ]; do sleep 0.05; done; echo \"got $KEY\"; echo \"$KEY\" | base64 -w0";
    let cue = json!({ "name": "slow", "transport": "command", "schedule": { "type": "manual" }, "confirm": "exit_code",
                      "command": { "shell": line, "cwd": work.path(), "env": { "KEY": "{{secret:OPENAI}}" } } });
    let cue = made(&tower, cue).await;
    let run = fired(&tower, &cue).await;
    once(&tower, &run, "started process", |story| story["attempts"][0]["pid"].is_number()).await;
    let rotated = ctl_in(&tower.data, &["secret", "rotate", "OPENAI"], "sk-the-second-of-two\n").await;
    assert!(rotated.good().contains("has a new value"));
    let unknown = ctl_in(&tower.data, &["secret", "rotate", "STRIPE"], "sk-nobodys\n").await;
    assert!(unknown.code != Some(0) && unknown.err.contains("no secret STRIPE"), "{}", unknown.err);

    tower.kill9().await;
    tower.again().await;
    std::fs::write(work.path().join("go"), "").unwrap();
    let story = ended(&tower, &run).await;
    assert_eq!(story["state"], "confirmed", "{story}");
    let text = printed(&tower, &run).await;
    assert!(text.contains("got ••••") && !text.contains("sk-the-first"), "{text}");
    assert!(!text.contains("c2stdGhlLWZpcnN0"), "nor in base64: {text}");
    until("end of its folder", SOON, async || Some(()).filter(|()| holding(&tower.data, "sk-the-first").is_empty()))
        .await;

    let next = fired(&tower, &cue).await;
    ended(&tower, &next).await;
    let shown = tower.ctl(&["secret", "show", "OPENAI", "--json"]).await.good();
    let shown: Value = serde_json::from_str(&shown).unwrap();
    assert_eq!((&shown["secret"]["version"], &shown["secret"]["last_used_by"]), (&json!(2), &json!("slow")));
    let uses = shown["uses"].as_array().unwrap();
    assert_eq!((&uses[0]["how"], &uses[0]["run_id"]), (&json!("env"), &json!(next)), "{shown}");
    tower.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_secret_is_lent_for_the_tools_it_was_granted_for() {
    let tower = Tower::start().await;
    keeps(&tower, "STRIPE", "sk_of_stripe_1234").await;
    let granted = json!({ "secrets": [{ "name": "STRIPE", "tools": ["stripe.charge"] }] });
    let (_agent, run, token) = at_work(&tower, granted).await;
    let lease = async |query: &str| {
        let url = format!("{}/v1/secrets/STRIPE{query}", tower.agents);
        send(Method::GET, &url, Some(&token), None).await
    };
    for (query, words) in
        [("", "say for which"), ("?tool=stripe.refund", "not for stripe.refund"), ("?tool=", "say for which")]
    {
        let (status, refused) = lease(query).await;
        assert_eq!((status, &refused["error"]["code"]), (403, &json!("secret_not_granted")), "{query}");
        assert!(refused["error"]["message"].as_str().unwrap().contains(words), "{refused}");
    }
    let (status, lent) = lease("?tool=stripe.charge").await;
    assert_eq!((status, &lent["value"]), (200, &json!("sk_of_stripe_1234")), "{lent}");
    let (status, refused) = lease("?tool=a%0Ab").await;
    assert_eq!(status, 422, "{refused}");
    let story = tower.owner("secret_story", &json!({ "name": "STRIPE" })).await;
    let used =
        json!({ "how": story["uses"][0]["how"], "tool": story["uses"][0]["tool"], "run": story["uses"][0]["run_id"] });
    assert_eq!(used, json!({ "how": "lease", "tool": "stripe.charge", "run": run }));
    assert_eq!(story["uses"].as_array().unwrap().len(), 1, "what was refused was not used: {story}");
    let told = tower.owner("run_get", &json!({ "run_id": run })).await.to_string();
    assert!(told.contains("was lent to it, for stripe.charge"), "{told}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_an_agent_says_of_a_secret_is_kept_nowhere() {
    const VALUE: &str = "p\"ss w/ö-1234";
    let tower = Tower::start().await;
    keeps(&tower, "OPENAI", VALUE).await;
    let (_agent, run, token) = at_work(&tower, json!({ "secrets": ["OPENAI"] })).await;
    let speak = async |method: Method, path: String, body: Value| {
        let (status, answer) = send(method, &format!("{}{path}", tower.agents), Some(&token), Some(&body)).await;
        assert!((200..300).contains(&status), "{path}: {status} {answer}");
    };
    let lent = send(Method::GET, &format!("{}/v1/secrets/OPENAI", tower.agents), Some(&token), None).await;
    assert_eq!(lent.1["value"], VALUE, "what is lent is never touched");
    let said = format!("it is {VALUE}, I think");
    let executions = format!("/v1/executions/{run}");
    speak(Method::PUT, format!("{executions}/steps/a"), json!({ "name": said, "input": { "k": [said] } })).await;
    speak(Method::POST, format!("{executions}/steps/a/complete"), json!({ "output": { VALUE: said } })).await;
    speak(Method::PUT, format!("{executions}/steps/b"), json!({})).await;
    speak(Method::POST, format!("{executions}/steps/b/fail"), json!({ "error": said })).await;
    speak(Method::POST, "/v1/heartbeats".to_owned(), json!({ "execution_id": run, "message": said })).await;
    let span = json!({ "traceId": "0af7651916cd43dd8448eb211c80319c", "spanId": "b7ad6b7169203331", "name": said, "kind": 1,
                       "startTimeUnixNano": "1795262400000000000", "endTimeUnixNano": "1795262401000000000",
                       "attributes": [{ "key": "note", "value": { "stringValue": said } }] });
    let spans = json!({ "resourceSpans": [{ "resource": {}, "scopeSpans": [{ "spans": [span] }] }] });
    speak(Method::POST, "/v1/traces".to_owned(), spans).await;
    let outcome = json!({ "success": true, "result": said, "metadata": { "said": said } });
    speak(Method::POST, format!("{executions}/outcome"), outcome).await;
    speak(Method::PATCH, format!("{executions}/evidence"), json!({ "summary": said })).await;

    let story = ended(&tower, &run).await.to_string();
    assert!(story.contains("it is ••••, I think"), "{story}");
    let steps = tower.owner("run_steps", &json!({ "run_id": run, "limit": 50, "offset": 0 })).await.to_string();
    for text in [&story, &steps] {
        assert!(!text.contains("ss w/"), "{text}");
    }
    assert_eq!(holding(&tower.data, "ss w/"), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_began_before_a_secret_was_renamed_leases_it_by_either_name() {
    let tower = Tower::start().await;
    keeps(&tower, "OPENAI", "sk-of-the-agent").await;
    let granted = json!({ "overlap": "allow", "secrets": [{ "name": "OPENAI", "tools": ["chat"] }] });
    let (agent, _, before) = at_work(&tower, granted).await;
    tower.owner("secret_rename", &json!({ "name": "OPENAI", "to": "LLM" })).await;
    tower.owner("secret_rename", &json!({ "name": "LLM", "to": "MODEL" })).await;
    let lease = async |token: &str, asked: &str| {
        let url = format!("{}/v1/secrets/{asked}", tower.agents);
        let (status, answer) = send(Method::GET, &url, Some(token), None).await;
        (status, answer["value"].as_str().unwrap_or_default().to_owned())
    };
    for name in ["OPENAI?tool=chat", "MODEL?tool=chat"] {
        assert_eq!(lease(&before, name).await, (200, "sk-of-the-agent".to_owned()), "{name}");
    }
    assert_eq!(lease(&before, "OPENAI?tool=mail").await.0, 403, "for what it was granted for, and no more");
    let cues = tower.get("/v1/cues").await.1;
    let cue = cues["cues"][0]["id"].as_str().unwrap().to_owned();
    let next = fired(&tower, &cue).await;
    once(&tower, &next, "delivered run", |story| story["attempts"][0]["delivered_at_ms"].is_number()).await;
    let seen = agent.seen_at_least(2, SOON).await;
    let after = seen[1].header("x-cuetower-run-token");
    assert_eq!(lease(after, "MODEL?tool=chat").await.0, 200);
    assert_eq!(lease(after, "OPENAI?tool=chat").await.0, 403, "it never knew that name");
    // Another secret of the old name is another secret.
    keeps(&tower, "OPENAI", "sk-of-somebody-else").await;
    assert_eq!(lease(&before, "OPENAI?tool=chat").await.0, 403);
    let story = tower.owner("secret_story", &json!({ "name": "MODEL" })).await;
    assert_eq!(story["uses"].as_array().unwrap().len(), 3, "{story}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_secret_gets_another_name_in_every_cue() {
    let tower = Tower::start().await;
    keeps(&tower, "OPENAI", "sk-of-the-agent").await;
    let headers = json!({ "url": "http://127.0.0.1:9/run", "headers": { "X-Api-Key": "{{secret:OPENAI}}" } });
    let cue = json!({ "name": "hook", "schedule": { "type": "manual" }, "callback": headers, "secrets": ["OPENAI"] });
    let cue = made(&tower, cue).await;
    let said = tower.ctl(&["secret", "rename", "OPENAI", "LLM_KEY"]).await.good();
    assert!(said.contains("OPENAI is called LLM_KEY now"), "{said}");
    let now = tower.owner("cue_get", &json!({ "cue_id": cue })).await;
    assert_eq!(now["definition"]["secrets"], json!(["LLM_KEY"]), "{now}");
    assert!(!now["definition"].to_string().contains("OPENAI"), "{now}");
    let listed = tower.ctl(&["secret", "list"]).await.good();
    assert!(listed.contains("LLM_KEY") && !listed.contains("OPENAI"), "{listed}");
    let (status, refused) = tower.owner_call("secret_rename", &json!({ "name": "OPENAI", "to": "OTHER" })).await;
    assert_eq!((status, &refused["code"]), (404, &json!("not_found")));
    keeps(&tower, "OTHER", "another value").await;
    let (_, refused) = tower.owner_call("secret_rename", &json!({ "name": "LLM_KEY", "to": "OTHER" })).await;
    assert_eq!((&refused["code"], &refused["field"]), (&json!("conflict"), &json!("to")), "{refused}");
    let said = tower.ctl(&["secret", "rename", "LLM_KEY", "OTHER"]).await;
    assert!(
        said.code == Some(1) && said.err.contains("There is a secret OTHER already") && !said.err.contains("to:"),
        "{}",
        said.err
    );
}
