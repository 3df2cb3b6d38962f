//! The owner answers: at the command line, in a browser, through a tower that is killed in between. The agent asks over HTTP and
//! hears it. With the saboteur on, the same checks go red.

use std::time::Duration;

use cuetower_tests::{Tower, send, until};
use reqwest::header::{COOKIE, SET_COOKIE};
use reqwest::{Client, Method, redirect};
use serde_json::{Value, json};

const PATIENCE: Duration = Duration::from_secs(60);

/// A run that a worker holds.
struct Held {
    run: String,
    token: String,
}

async fn held(tower: &Tower, name: &str, more: Value) -> Held {
    let mut cue = json!({ "name": name, "transport": "worker", "schedule": { "type": "manual" }, "overlap": "allow" });
    cue.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    let (status, made) = tower.post("/v1/cues", &cue).await;
    assert_eq!(status, 201, "{made}");
    again(tower, made["id"].as_str().unwrap()).await
}

/// Another run of that cue.
async fn again(tower: &Tower, cue: &str) -> Held {
    let (_, fired) = tower.post(&format!("/v1/cues/{cue}/fire"), &json!({})).await;
    let run = fired["id"].as_str().unwrap_or_else(|| panic!("{fired}")).to_owned();
    let claim = format!("/v1/executions/{run}/claim");
    let token = until("a claim", PATIENCE, async || {
        tower.post(&claim, &json!({ "worker_id": "ada" })).await.1["run_token"].as_str().map(str::to_owned)
    });
    let token = token.await;
    Held { run, token }
}

/// As a run's agent asks; `more` is laid over the question.
async fn asks(tower: &Tower, bearer: &str, more: Value) -> Value {
    let mut body = json!({ "key": "send", "title": "Send 14 reminders?", "body": "POST api.postmarkapp.com", "payload": { "to": 14 } });
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    let (status, gate) = send(Method::POST, &format!("{}/v1/gates", tower.agents), Some(bearer), Some(&body)).await;
    assert_eq!((status, &gate["state"]), (201, &json!("waiting")), "{gate}");
    gate
}

async fn hears(tower: &Tower, bearer: &str, gate: &Value) -> Value {
    let url = format!("{}/v1/gates/{}?wait=20", tower.agents, id(gate));
    let (status, heard) = send(Method::GET, &url, Some(bearer), None).await;
    assert_eq!(status, 200, "{heard}");
    heard
}

fn id(gate: &Value) -> &str {
    gate["id"].as_str().unwrap()
}

async fn listed(tower: &Tower) -> Value {
    tower.owner("gates", &json!({ "limit": 100, "settled": true })).await
}

async fn needs_you(tower: &Tower) -> Value {
    tower.owner("tower_status", &json!({})).await["needs_you"].clone()
}

async fn answered(tower: &Tower, gate: &Value, shown: &Value, word: &str) -> (u16, Value) {
    tower.owner_call("gate_answer", &json!({ "gate_id": gate["id"], "shown": shown, "answer": word })).await
}

#[tokio::test(flavor = "multi_thread")]
async fn the_command_line_shows_what_is_asked_and_answers_once() {
    let tower = Tower::start().await;
    let held = held(&tower, "dunning", json!({})).await;
    let more = json!({ "deadline_seconds": 3600, "on_no_answer": "proceed", "reversible": false });
    let gate = asks(&tower, &held.token, more).await;
    let beginning = &id(&gate)[..11];

    let list = tower.ctl(&["gates"]).await.good();
    for words in ["dunning", "Send 14 reminders?", "it goes on", id(&gate)] {
        assert!(list.contains(words), "{words}: {list}");
    }
    let shown = tower.ctl(&["gates", "show", beginning]).await.good();
    for words in ["POST api.postmarkapp.com", "\"to\": 14", "It cannot be undone.", gate["shown"].as_str().unwrap()] {
        assert!(shown.contains(words), "{words}: {shown}");
    }
    for (args, words) in [
        (vec!["answer", "gate_", "approve"], "by its beginning"),
        (vec!["answer", "gate_nothing", "approve"], "There is no gate gate_nothing."),
        (vec!["answer", beginning, "approve", "--shown", "0000"], "not what you were shown"),
        (vec!["answer", beginning, "deny", "--payload", "-"], "A denial has no payload"),
        (vec!["answer", beginning, "approve", "--payload", "-"], "The payload is not JSON"),
    ] {
        let refused = tower.ctl(&args).await;
        assert_eq!(refused.code, Some(1), "{args:?}: {refused:?}");
        assert!(refused.err.contains(words), "{args:?}: {refused:?}");
    }
    let list_instead =
        cuetower_tests::ctl_in(&tower.data, &["answer", beginning, "approve", "--payload", "-"], "[13]").await;
    assert!(list_instead.err.contains("a list"), "another kind of payload: {list_instead:?}");
    assert_eq!(listed(&tower).await["waiting"][0]["id"], gate["id"], "nothing of it was an answer");

    let args = ["answer", beginning, "approve", "--payload", "-", "--comment", "leave Bruma out"];
    let answer = cuetower_tests::ctl_in(&tower.data, &args, r#"{ "to": 13 }"#).await.good();
    for words in [
        "As you changed it:\n{\n  \"to\": 13",
        gate["shown"].as_str().unwrap(),
        "Approved with changes on the command line: leave Bruma out.",
    ] {
        assert!(answer.contains(words), "{words}: {answer}");
    }
    let heard = hears(&tower, &held.token, &gate).await;
    assert_eq!((&heard["state"], &heard["goes"]), (&json!("edited"), &json!(true)), "{heard}");
    assert_eq!((&heard["payload"], &heard["comment"]), (&json!({ "to": 13 }), &json!("leave Bruma out")));

    let late = tower.ctl(&["answer", beginning, "deny"]).await;
    assert_eq!(late.code, Some(3), "{late:?}");
    assert!(
        late.err.contains("approved with changes on the command line") && late.err.contains("first answer"),
        "{late:?}"
    );
    let gates: Value = serde_json::from_str(&tower.ctl(&["gates", "--all", "--json"]).await.good()).unwrap();
    assert_eq!((&gates["waiting"], &gates["settled"][0]["face"]), (&json!([]), &json!("cli")), "{gates}");
    assert!(tower.ctl(&["gates"]).await.good().contains("Nothing waits for your answer."));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_beginning_that_two_gates_have_is_no_ones() {
    let tower = Tower::start().await;
    let held = held(&tower, "asks", json!({})).await;
    let mut first: Vec<(String, String)> = Vec::new();
    // Ids are letters and digits: among 20 some begin alike, or nearly so; more are asked outside of the run.
    let twins = loop {
        let number = first.len();
        let bearer = if number < 20 { &held.token } else { &tower.key };
        let more = if number < 20 { json!({}) } else { json!({ "agent": format!("agent-{}", number / 20) }) };
        let mut question =
            json!({ "key": format!("k{number}"), "title": format!("Number {number}?"), "blocking": false });
        question.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let gate = asks(&tower, bearer, question).await;
        let (letter, whole) = (id(&gate)[..6].to_owned(), id(&gate).to_owned());
        if let Some((_, twin)) = first.iter().find(|(known, _)| *known == letter) {
            break (letter, twin.clone(), whole);
        }
        first.push((letter, whole));
    };
    let (letter, one, other) = twins;
    let refused = tower.ctl(&["answer", &letter, "approve"]).await;
    assert_eq!(refused.code, Some(1), "{refused:?}");
    assert!(refused.err.contains(&one) && refused.err.contains(&other), "{refused:?}");
    tower.ctl(&["answer", &one, "deny"]).await.good();
    let still = tower.ctl(&["answer", &letter, "approve"]).await;
    assert_eq!(still.code, Some(1), "one that was answered counts too: {still:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_needs_you_is_counted_once_and_what_is_put_off_is_not() {
    let tower = Tower::start().await;
    let held = held(&tower, "dunning", json!({})).await;
    assert_eq!(needs_you(&tower).await, 0);
    let gate = asks(&tower, &held.token, json!({ "deadline_seconds": 7200 })).await;
    assert_eq!(needs_you(&tower).await, 1, "the question, and not its alert as well");
    let outside = asks(&tower, &tower.key, json!({ "agent": "scout", "deadline_seconds": 3600 })).await;
    assert_eq!(needs_you(&tower).await, 2);
    let dear = asks(&tower, &held.token, json!({ "key": "dear", "usd_per_hour": 2.5, "blocking": false })).await;
    let cheap = asks(&tower, &held.token, json!({ "key": "cheap", "blocking": false })).await;
    let order = |gates: &Value| -> Vec<Value> {
        gates["waiting"].as_array().unwrap().iter().map(|gate| gate["id"].clone()).collect()
    };
    let gates = listed(&tower).await;
    let ids = [&outside, &gate, &dear, &cheap].map(|gate| gate["id"].clone());
    assert_eq!(order(&gates), ids, "by deadline, then by money, then by age");
    assert_eq!((&gates["waiting"][1]["cue_name"], &gates["waiting"][0]["agent"]), (&json!("dunning"), &json!("scout")));
    assert_eq!(gates["waiting_count"], 4);

    let too_late = tower.ctl(&["gates", "later", id(&outside), "90m"]).await;
    assert!(too_late.code == Some(1) && too_late.err.contains("It is to be answered by"), "{}", too_late.err);
    let later = tower.ctl(&["gates", "later", id(&outside), "30m"]).await.good();
    assert!(later.contains("You are asked again"), "{later}");
    assert_eq!(needs_you(&tower).await, 3);
    assert_eq!(order(&listed(&tower).await).last(), Some(&outside["id"]), "what is put off comes last");
    let put_off = |minutes: u32| json!({ "gate_id": outside["id"], "minutes": minutes });
    assert_eq!(tower.owner_call("gate_put_off", &put_off(10_081)).await.0, 422);
    assert_eq!(tower.owner("gate_put_off", &put_off(0)).await["put_off_until_ms"], Value::Null);
    assert_eq!(needs_you(&tower).await, 4);

    // The run says at a glance what it waits for.
    let story = tower.owner("run_get", &json!({ "run_id": held.run })).await;
    assert_eq!((&story["mark"]["confirmed"], &story["waits"]["by"]), (&json!("gate"), &json!("gate")), "{story}");
    assert_eq!(story["gates"].as_array().unwrap().len(), 3);
    tower.owner("run_stop", &json!({ "run_id": held.run })).await;
    assert_eq!(needs_you(&tower).await, 1, "what a stopped run asked, nobody asks any more");
    let gone = tower.ctl(&["answer", id(&gate), "approve"]).await;
    assert_eq!(gone.code, Some(3), "{gone:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_story_has_what_was_approved_last_and_the_browser_is_named() {
    let tower = Tower::start().await;
    let first = held(&tower, "dunning", json!({})).await;
    let gate = asks(&tower, &first.token, json!({ "diff": "--- a\n+++ b\n" })).await;
    let story = tower.owner("gate_get", &json!({ "gate_id": gate["id"] })).await;
    assert_eq!((&story["body"], &story["diff"]), (&json!("POST api.postmarkapp.com"), &json!("--- a\n+++ b\n")));
    assert_eq!((&story["payload"], &story["last_approved"]), (&json!("{\n  \"to\": 14\n}"), &Value::Null));

    // As the page asks.
    let browser = Client::builder().no_proxy().redirect(redirect::Policy::none()).build().unwrap();
    let entered = browser.get(&tower.desk_link).send().await.unwrap();
    let cookie = entered.headers()[SET_COOKIE].to_str().unwrap().split(';').next().unwrap().to_owned();
    let edit = json!({ "gate_id": gate["id"], "shown": gate["shown"], "answer": "edit", "payload": { "to": 9 }, "face": "window" });
    let request = browser.post(format!("{}/rpc/gate_answer", tower.desk)).header(COOKIE, cookie);
    let said = request.header("x-cuetower-desk", "1").body(edit.to_string()).send().await.unwrap();
    let said: Value = serde_json::from_str(&said.text().await.unwrap()).unwrap();
    assert_eq!((&said["state"], &said["face"]), (&json!("edited"), &json!("browser")), "{said}");
    assert_eq!(said["sentence"], "Approved with changes in the browser.");

    let cue = tower.owner("run_get", &json!({ "run_id": first.run })).await["cue"]["id"].as_str().unwrap().to_owned();
    let second = again(&tower, &cue).await;
    let next = asks(&tower, &second.token, json!({})).await;
    let story = tower.owner("gate_get", &json!({ "gate_id": next["id"] })).await;
    let last = &story["last_approved"];
    assert_eq!(
        (&last["gate_id"], &last["payload"]),
        (&gate["id"], &json!("{\n  \"to\": 9\n}")),
        "as it was changed: {story}"
    );

    for (answer, payload) in [("edit", Value::Null), ("approve", json!({ "to": 1 })), ("deny", json!({ "to": 1 }))] {
        let said = json!({ "gate_id": next["id"], "shown": next["shown"], "answer": answer, "payload": payload });
        let (status, told) = tower.owner_call("gate_answer", &said).await;
        assert_eq!((status, &told["field"]), (422, &json!("payload")), "{told}");
    }
    // Longer than a page's numbers are.
    let text = json!({ "gate_id": next["id"], "shown": next["shown"], "answer": "edit", "payload_json": "{\"to\": 9007199254740993}" });
    assert_eq!(tower.owner("gate_answer", &text).await["state"], "edited");
    assert_eq!(hears(&tower, &second.token, &next).await["payload"], json!({ "to": 9_007_199_254_740_993_u64 }));
    for wrong in [json!({ "payload_json": "{" }), json!({ "payload": {}, "payload_json": "{}" })] {
        let mut said = text.clone();
        said.as_object_mut().unwrap().extend(wrong.as_object().unwrap().clone());
        assert_eq!(tower.owner_call("gate_answer", &said).await.1["field"], "payload");
    }
    let long = json!({ "gate_id": next["id"], "shown": next["shown"], "answer": "deny", "comment": "x".repeat(2_001) });
    assert_eq!(tower.owner_call("gate_answer", &long).await.1["field"], "comment");
    assert_eq!(tower.owner_call("gates", &json!({ "limit": 0 })).await.0, 422);
    assert_eq!(tower.owner_call("gate_get", &json!({ "gate_id": "gate_none" })).await.0, 404);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_to_be_confirmed_by_you_waits_in_the_same_place() {
    let tower = Tower::start().await;
    let held = held(&tower, "invoices", json!({ "gate": { "before_confirmation": true } })).await;
    let report = format!("{}/v1/executions/{}/outcome", tower.agents, held.run);
    let outcome = json!({ "success": true, "summary": "14 invoices sent" });
    assert_eq!(send(Method::POST, &report, Some(&held.token), Some(&outcome)).await.0, 200);
    let confirm = until("a run to confirm", PATIENCE, async || {
        Some(listed(&tower).await["confirm"].clone()).filter(|runs| !runs.as_array().unwrap().is_empty())
    });
    let confirm = confirm.await;
    assert_eq!(
        (&confirm[0]["run_id"], &confirm[0]["summary"]),
        (&json!(held.run), &json!("14 invoices sent")),
        "{confirm}"
    );
    assert_eq!(confirm[0]["holds"], true);
    assert_eq!(needs_you(&tower).await, 1);
    assert!(tower.ctl(&["gates"]).await.good().contains(&held.run));
    tower.ctl(&["run", "verify", &held.run, "yes"]).await.good();
    assert_eq!(listed(&tower).await["confirm"], json!([]));
    assert_eq!(needs_you(&tower).await, 0);
}

/// Killed while it waits, and killed the moment it was answered.
#[tokio::test(flavor = "multi_thread")]
async fn an_answer_reaches_the_agent_whenever_the_tower_is_killed() {
    let mut tower = Tower::start().await;
    let held = held(&tower, "dunning", json!({ "worker": { "lease_seconds": 3600 } })).await;
    for (round, word) in ["approve", "deny", "approve"].into_iter().enumerate() {
        let gate = asks(&tower, &held.token, json!({ "key": format!("round {round}") })).await;
        tower.kill9().await;
        tower.again().await;
        tower.ctl(&["answer", id(&gate), word]).await.good();
        tower.kill9().await;
        tower.again().await;
        let heard = hears(&tower, &held.token, &gate).await;
        assert_eq!((&heard["goes"], &heard["shown"]), (&json!(word == "approve"), &gate["shown"]), "{heard}");
        let again = tower.ctl(&["answer", id(&gate), "approve"]).await;
        assert_eq!(again.code, Some(3), "{again:?}");
    }
}

// ---- what must hold, and that it is noticed when it does not

/// Two answers: the agent hears the first.
async fn first_answer(tower: &Tower) -> Result<(), String> {
    let held = held(tower, "asks", json!({})).await;
    let gate = asks(tower, &held.token, json!({})).await;
    assert_eq!(answered(tower, &gate, &gate["shown"], "deny").await.0, 200);
    let (status, second) = answered(tower, &gate, &gate["shown"], "approve").await;
    if (status, second["code"].as_str()) != (409, Some("gate_settled")) {
        return Err(format!("a second answer was answered {status}: {second}"));
    }
    let heard = hears(tower, &held.token, &gate).await;
    if heard["goes"] == false { Ok(()) } else { Err(format!("denied first, the agent hears {heard}")) }
}

/// A yes to one thing is none to another.
async fn bound_answer(tower: &Tower) -> Result<(), String> {
    let held = held(tower, "asks", json!({})).await;
    let seen = asks(tower, &held.token, json!({})).await;
    let other = asks(tower, &held.token, json!({ "payload": { "to": 15 } })).await;
    let (status, told) = answered(tower, &other, &seen["shown"], "approve").await;
    if (status, told["code"].as_str()) == (409, Some("gate_changed")) {
        Ok(())
    } else {
        Err(format!("a yes to 14 mails was taken for one to 15, and answered {status}: {told}"))
    }
}

/// While the owner is asked, the outcome deadline stands still: a run that began later and asks nothing goes silent, this not.
async fn still_clocks(tower: &Tower) -> Result<(), String> {
    let brief = json!({ "delivery": { "outcome_deadline_seconds": 2 } });
    let asking = held(tower, "asks", brief.clone()).await;
    let gate = asks(tower, &asking.token, json!({})).await;
    let witness = held(tower, "witness", brief).await;
    let state = async |run: &str| tower.owner("run_get", &json!({ "run_id": run })).await["state"].clone();
    until("silence", PATIENCE, async || (state(&witness.run).await == "silent").then_some(())).await;
    let asks_on = state(&asking.run).await;
    if asks_on == "silent" {
        return Err("a run went silent while its owner was asked".to_owned());
    }
    assert_eq!(answered(tower, &gate, &gate["shown"], "approve").await.0, 200);
    assert_eq!(hears(tower, &asking.token, &gate).await["goes"], true);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_answer_counts_for_what_was_shown_and_no_clock_runs_meanwhile() {
    let tower = Tower::start().await;
    first_answer(&tower).await.unwrap();
    let tower = Tower::start().await;
    bound_answer(&tower).await.unwrap();
    let tower = Tower::start().await;
    still_clocks(&tower).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn sabotage_that_takes_a_second_answer_is_noticed() {
    let tower = Tower::start_with(None, &[], &[("CUETOWER_SABOTAGE", "gate_twice")]).await;
    let noticed = first_answer(&tower).await.expect_err("the second answer counted, and the check did not say so");
    println!("noticed: {noticed}");
}

#[tokio::test(flavor = "multi_thread")]
async fn sabotage_that_does_not_look_at_what_was_shown_is_noticed() {
    let tower = Tower::start_with(None, &[], &[("CUETOWER_SABOTAGE", "gate_unbound")]).await;
    let noticed =
        bound_answer(&tower).await.expect_err("a yes counted for something else, and the check did not say so");
    println!("noticed: {noticed}");
}

#[tokio::test(flavor = "multi_thread")]
async fn sabotage_that_lets_clocks_run_on_is_noticed() {
    let tower = Tower::start_with(None, &[], &[("CUETOWER_SABOTAGE", "gate_clocks")]).await;
    let noticed = still_clocks(&tower).await.expect_err("the run went silent at a gate, and the check did not say so");
    println!("noticed: {noticed}");
}
