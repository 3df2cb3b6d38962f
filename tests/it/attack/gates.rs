//! Agents that would answer their own questions, have a yes to one thing count for another, or go on without any.

use super::wire::asked;
use super::*;

/// What an agent asks; `more` is laid over it.
fn question(key: &str, more: Value) -> Value {
    let mut body = json!({ "key": key, "title": "Send 14 reminders?", "body": "POST api.postmarkapp.com", "payload": { "to": ["ada", "bob"] } });
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    body
}

/// The gate's id, once it is asked with this bearer.
async fn ask(tower: &Tower, bearer: &str, body: &Value) -> String {
    let (status, gate) = speak(tower, bearer, Method::POST, "/v1/gates", Some(body)).await;
    assert!(matches!(status, 200 | 201), "{body}: {gate}");
    assert_eq!(gate["state"], "waiting", "{gate}");
    gate["id"].as_str().unwrap().to_owned()
}

/// What the agent is told.
async fn heard(tower: &Tower, bearer: &str, id: &str) -> (u16, Value) {
    speak(tower, bearer, Method::GET, &format!("/v1/gates/{id}"), None).await
}

/// The hash of what the owner sees at a gate that waits.
async fn shown(tower: &Tower, id: &str) -> String {
    let gates = tower.owner("gates", &json!({ "limit": 200, "settled": false })).await;
    let gate = gates["waiting"].as_array().unwrap().iter().find(|gate| gate["id"] == id);
    gate.unwrap_or_else(|| panic!("{id} does not wait: {gates}"))["shown"].as_str().unwrap().to_owned()
}

async fn answer(tower: &Tower, id: &str, shown: &str, word: &str) -> (u16, Value) {
    tower.owner_call("gate_answer", &json!({ "gate_id": id, "shown": shown, "answer": word })).await
}

async fn waits(tower: &Tower, bearer: &str, id: &str) {
    let (status, gate) = heard(tower, bearer, id).await;
    assert_eq!((status, &gate["state"], &gate["goes"]), (200, &json!("waiting"), &Value::Null), "{gate}");
}

#[test]
fn gates_have_no_route_that_answers() {
    let own: Vec<_> =
        cuetower_engine::receive::routes().into_iter().filter(|(_, path)| path.contains("gate")).collect();
    assert_eq!(own, [("post", "/v1/gates"), ("get", "/v1/gates/{id}")]);
}

#[tokio::test(flavor = "multi_thread")]
async fn no_agents_credential_answers_a_gate_at_either_door() {
    let tower = Tower::start().await;
    let held = Agent::start(&tower, "asks", json!({})).await.run(&tower).await;
    let id = ask(&tower, &held.token, &question("send", json!({}))).await;
    let hash = shown(&tower, &id).await;
    let strong = key(&tower, &["cues", "report", "commands"]).await;
    let said = json!({ "gate_id": id, "shown": hash, "answer": "approve", "state": "approved" });
    for bearer in [&tower.key, &strong, &held.token] {
        for (method, path) in [
            (Method::POST, format!("/v1/gates/{id}/answer")),
            (Method::POST, format!("/v1/gates/{id}/approve")),
            (Method::POST, format!("/v1/gates/{id}")),
            (Method::PATCH, format!("/v1/gates/{id}")),
            (Method::PUT, format!("/v1/gates/{id}")),
            (Method::DELETE, format!("/v1/gates/{id}")),
        ] {
            let (status, told) = speak(&tower, bearer, method.clone(), &path, Some(&said)).await;
            assert!(matches!(status, 404 | 405), "{method} {path}: {told}");
        }
        for command in ["gate_answer", "gate_put_off", "gate_get", "gates", "run_verify"] {
            let url = format!("{}/rpc/{command}", tower.desk);
            let (status, told) = send(Method::POST, &url, Some(bearer), Some(&said)).await;
            assert_eq!(status, 401, "{command}: {told}");
        }
    }
    // The owner's own browser, made to ask by a page of elsewhere: it brings the cookie, and not the header.
    let target = tower.desk_link.strip_prefix(&tower.desk).unwrap();
    let entered = asked(&tower.desk, "GET", target, &[], "").await;
    let cookie = entered.header("set-cookie").unwrap().split(';').next().unwrap().to_owned();
    for more in [vec![], vec![("Origin", "http://evil.test"), ("X-Cuetower-Desk", "1")]] {
        let headers = [vec![("Cookie", cookie.as_str())], more].concat();
        let told = asked(&tower.desk, "POST", "/rpc/gate_answer", &headers, &said.to_string()).await;
        assert!(matches!(told.status, 401 | 403), "{}", told.body);
    }
    waits(&tower, &held.token, &id).await;
    assert_eq!(answer(&tower, &id, &hash, "deny").await.0, 200, "the owner can");
}

/// The agent has the owner's uid, so that it finds the owner's token. The door asks who holds the connection.
#[tokio::test(flavor = "multi_thread")]
async fn a_process_that_came_out_of_a_run_answers_no_gate() {
    const PYTHON: &str = r#"
import http.client, json, os
doors = json.load(open(os.environ["DATA"] + "/desk.json"))
token = open(os.environ["DATA"] + "/owner.token").read()
door = http.client.HTTPConnection(doors["desk"].removeprefix("http://"))
said = json.dumps({"gate_id": os.environ["GATE"], "shown": os.environ["SHOWN"], "answer": "approve"})
door.request("POST", "/rpc/gate_answer", said, {"Authorization": "Bearer " + token})
print(door.getresponse().status)
"#;
    let (tower, work) = (Tower::start().await, tempfile::tempdir().unwrap());
    let held = Agent::start(&tower, "asks", json!({})).await.run(&tower).await;
    let id = ask(&tower, &held.token, &question("send", json!({}))).await;
    let hash = shown(&tower, &id).await;
    let script = work.path().join("answer.py");
    std::fs::write(&script, PYTHON).unwrap();
    let env = json!({ "CTL": cuetower_tests::binary("cuetowerctl"), "DATA": tower.data, "GATE": id, "SHOWN": hash, "SCRIPT": script });
    for (number, line) in [
        r#""$CTL" --data "$DATA" answer "$GATE" approve > said 2>&1; echo $? > code"#,
        r#"python3 "$SCRIPT" > said 2>&1; echo $(cat said) > code"#,
        r#"(setsid sh -c 'python3 "$SCRIPT" > said 2>&1; cat said > code' &); while [ ! -s code ]; do sleep 0.05; done"#,
    ]
    .into_iter()
    .enumerate()
    {
        let folder = work.path().join(number.to_string());
        std::fs::create_dir(&folder).unwrap();
        let cue = json!({
            "name": format!("answers {number}"), "transport": "command", "schedule": { "type": "manual" }, "confirm": "exit_code",
            "retry": { "max_attempts": 1 }, "command": { "shell": line, "cwd": folder, "env": env },
        });
        let made = tower.owner("cue_create", &json!({ "definition": cue })).await;
        ended(&tower, &fired(&tower, made["id"].as_str().unwrap()).await).await;
        let code = std::fs::read_to_string(folder.join("code")).unwrap_or_default();
        assert!(!matches!(code.trim(), "0" | "200" | ""), "{line}: {code}");
        waits(&tower, &held.token, &id).await;
    }
    let answered = tower.ctl(&["answer", &id, "deny", "--comment", "not today"]).await;
    assert_eq!(answered.code, Some(0), "{}", answered.err);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_yes_counts_for_what_was_shown_and_for_nothing_else() {
    let tower = Tower::start().await;
    let held = Agent::start(&tower, "swaps", json!({})).await.run(&tower).await;
    let first = ask(&tower, &held.token, &question("send", json!({}))).await;
    let other = ask(&tower, &held.token, &question("other", json!({ "title": "Delete the archive?" }))).await;
    let (seen, others) = (shown(&tower, &first).await, shown(&tower, &other).await);
    let zeros = "0".repeat(64);
    for wrong in [others.as_str(), zeros.as_str(), "", &seen[..63], &seen.to_uppercase()] {
        let (status, told) = answer(&tower, &first, wrong, "approve").await;
        assert!(status == 409 || status == 422, "{wrong}: {told}");
        waits(&tower, &held.token, &first).await;
    }
    // While the owner reads, the agent asks for more under the same key.
    let swapped = question("send", json!({ "payload": { "to": ["everybody"] } }));
    let second = ask(&tower, &held.token, &swapped).await;
    assert_ne!(second, first, "other contents are another question");
    let (status, told) = answer(&tower, &first, &seen, "approve").await;
    assert_eq!((status, code(&told)), (409, "gate_withdrawn"));
    let (status, told) = answer(&tower, &second, &seen, "approve").await;
    assert_eq!((status, code(&told)), (409, "gate_changed"));
    let (status, told) = heard(&tower, &held.token, &first).await;
    assert_eq!((status, code(&told)), (409, "gate_withdrawn"), "no yes for whoever waits for the first");
    waits(&tower, &held.token, &second).await;
    for (field, value) in [
        ("title", json!("Send 14 reminders.")),
        ("body", json!("POST api.evil.test")),
        ("diff", json!("--- a\n+++ b\n")),
        ("reversible", json!(true)),
        ("answers", json!(["approve", "deny"])),
    ] {
        let before = ask(&tower, &held.token, &question(field, json!({}))).await;
        let after = ask(&tower, &held.token, &question(field, json!({ field: value }))).await;
        assert_ne!(before, after, "{field} is a part of what is shown");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_answer_counts_however_many_come_at_once() {
    let tower = Tower::start().await;
    let held = Agent::start(&tower, "asks", json!({})).await.run(&tower).await;
    let id = ask(&tower, &held.token, &question("send", json!({}))).await;
    let hash = shown(&tower, &id).await;
    let (tower, answers) = (std::sync::Arc::new(tower), std::sync::Arc::new((id.clone(), hash.clone())));
    let all: Vec<_> = (0..20)
        .map(|number| {
            let (tower, answers) = (std::sync::Arc::clone(&tower), std::sync::Arc::clone(&answers));
            tokio::spawn(async move {
                answer(&tower, &answers.0, &answers.1, if number % 2 == 0 { "approve" } else { "deny" }).await
            })
        })
        .collect();
    let mut won = Vec::new();
    for one in all {
        let (status, told) = one.await.unwrap();
        match status {
            200 => won.push(told["state"].clone()),
            409 => assert_eq!(code(&told), "gate_settled", "{told}"),
            other => panic!("{other}: {told}"),
        }
    }
    assert_eq!(won.len(), 1, "{won:?}");
    let (_, gate) = heard(&tower, &held.token, &id).await;
    assert_eq!(gate["state"], won[0], "{gate}");
    // Asked again, it is the same gate with its first answer, whatever was hoped for.
    let (_, again) = speak(&tower, &held.token, Method::POST, "/v1/gates", Some(&question("send", json!({})))).await;
    assert_eq!((&again["id"], &again["state"]), (&json!(id), &won[0]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stopped_run_does_not_proceed_for_want_of_an_answer() {
    let tower = Tower::start().await;
    let held = Agent::start(&tower, "impatient", json!({})).await.run(&tower).await;
    let soon = json!({ "deadline_seconds": 1, "on_no_answer": "proceed" });
    let id = ask(&tower, &held.token, &question("send", soon.clone())).await;
    tower.owner("run_stop", &json!({ "run_id": held.run })).await;
    ended(&tower, &held.run).await;
    // Of a run that goes on, the same question, asked later: once it may go on, the deadline of the first is past too.
    let witness = Agent::start(&tower, "witness", json!({})).await.run(&tower).await;
    let later = ask(&tower, &witness.token, &question("send", soon.clone())).await;
    let goes = until("end of the deadline", SOON, async || {
        let (_, gate) = heard(&tower, &witness.token, &later).await;
        (gate["state"] == "no_answer").then(|| gate["goes"].clone())
    });
    assert_eq!(goes.await, true);
    let (status, told) = heard(&tower, &held.token, &id).await;
    assert_eq!((status, code(&told)), (409, "run_stopped"), "{told}");
    assert_ne!(told["goes"], true);
    let (status, told) = speak(&tower, &held.token, Method::POST, "/v1/gates", Some(&question("again", soon))).await;
    assert_eq!((status, code(&told)), (409, "run_stopped"), "nor does it ask anew");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agent_cannot_bury_a_question_under_others() {
    let tower = Tower::start().await;
    let held = Agent::start(&tower, "chatty", json!({})).await.run(&tower).await;
    for number in 0..20 {
        ask(&tower, &held.token, &question(&format!("question {number}"), json!({ "blocking": false }))).await;
    }
    let (status, told) =
        speak(&tower, &held.token, Method::POST, "/v1/gates", Some(&question("one more", json!({})))).await;
    assert!(matches!(status, 409 | 422 | 429), "{told}");
    let gates = tower.owner("gates", &json!({ "limit": 200, "settled": false })).await;
    assert_eq!(gates["waiting"].as_array().unwrap().len(), 20);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_id_is_no_right_to_hear_of_a_gate() {
    let tower = Tower::start_with(None, &["--open-registration"], &[]).await;
    let agent = Agent::start(&tower, "asks", json!({})).await;
    let (held, other) = (agent.run(&tower).await, agent.run(&tower).await);
    let id = ask(&tower, &held.token, &question("send", json!({}))).await;
    let email = json!({ "email": "mallory@example.com" });
    let (_, mallory) = speak(&tower, "", Method::POST, "/v1/auth/register", Some(&email)).await;
    let mallory = mallory["api_key"].as_str().unwrap();
    let weak = key(&tower, &["cues:read"]).await;
    for (who, bearer, allowed) in [
        ("another run", other.token.as_str(), 404),
        ("another account", mallory, 404),
        ("a reader", weak.as_str(), 403),
    ] {
        for asked_for in [id.as_str(), "gate_00000000000000000000000000000000"] {
            let (status, told) = heard(&tower, bearer, asked_for).await;
            // Whoever may not hear of it does not learn either that it is there.
            assert!(status == allowed || status == 403, "{who} of {asked_for}: {told}");
            assert!(told["title"].is_null() && told["state"].is_null(), "{who}: {told}");
        }
        let real = heard(&tower, bearer, &id).await.0;
        let guessed = heard(&tower, bearer, "gate_00000000000000000000000000000000").await.0;
        assert_eq!(real, guessed, "{who} can tell a gate that is there from one that is not");
    }
    let foreign = question("theirs", json!({ "execution_id": held.run }));
    let (status, told) = speak(&tower, &other.token, Method::POST, "/v1/gates", Some(&foreign)).await;
    assert!(matches!(status, 403 | 404), "nobody asks for another run: {told}");
    let (status, told) =
        speak(&tower, mallory, Method::POST, "/v1/gates", Some(&question("mine", json!({ "agent": "x" })))).await;
    assert_eq!((status, code(&told)), (403, "insufficient_scope"), "who registered disturbs nobody");
    // Nor by a cue that asks first, or by the token of a run.
    let gated = json!({ "name": "asks", "transport": "worker", "schedule": { "type": "manual" }, "gate": { "before_delivery": true } });
    let (status, told) = speak(&tower, mallory, Method::POST, "/v1/cues", Some(&gated)).await;
    assert_eq!(status, 422, "{told}");
    let own = json!({ "name": "own", "transport": "worker", "schedule": { "type": "manual" } });
    let (status, own) = speak(&tower, mallory, Method::POST, "/v1/cues", Some(&own)).await;
    assert_eq!(status, 201, "{own}");
    let path = format!("/v1/cues/{}", own["id"].as_str().unwrap());
    let edit = json!({ "gate": { "before_confirmation": true } });
    assert_eq!(speak(&tower, mallory, Method::PATCH, &path, Some(&edit)).await.0, 422);
    let (status, fired) = speak(&tower, mallory, Method::POST, &format!("{path}/fire"), Some(&json!({}))).await;
    assert_eq!(status, 200, "{fired}");
    let claim = format!("/v1/executions/{}/claim", fired["id"].as_str().unwrap());
    let worker = json!({ "worker_id": "mallory" });
    let claimed = until("claim", SOON, async || {
        let (status, claimed) = speak(&tower, mallory, Method::POST, &claim, Some(&worker)).await;
        (status == 200).then_some(claimed)
    })
    .await;
    let token = claimed["run_token"].as_str().unwrap();
    let (status, told) = speak(&tower, token, Method::POST, "/v1/gates", Some(&question("mine", json!({})))).await;
    assert_eq!((status, code(&told)), (403, "insufficient_scope"), "{told}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_question_that_is_too_much_or_not_what_it_seems_is_refused_by_its_field() {
    let tower = Tower::start().await;
    let held = Agent::start(&tower, "asks", json!({})).await.run(&tower).await;
    let long = "x".repeat(65 * 1024);
    for (field, value) in [
        ("title", json!("")),
        ("title", json!("x".repeat(201))),
        ("title", json!("two\nlines")),
        ("title", json!("\u{1b}[2J")),
        ("body", json!(long)),
        ("diff", json!(long)),
        ("payload", json!({ "x": "x".repeat(257 * 1024) })),
        ("answers", json!(["approve"])),
        ("answers", json!(["approve", "deny", "anything"])),
        ("deadline_seconds", json!(0)),
        ("deadline_seconds", json!(31 * 24 * 3600)),
        ("deadline_seconds", json!(-1)),
        ("on_no_answer", json!("approve")),
        ("on_no_answer", json!("proceed")),
        ("take_back_seconds", json!(3600)),
        ("callback", json!("http://169.254.169.254/")),
        ("callback", json!("file:///etc/passwd")),
        ("callback", json!("http://a:b@127.0.0.1:9/")),
        ("shown", json!("0".repeat(64))),
        ("state", json!("approved")),
        ("face", json!("window")),
    ] {
        let body = question("bad", json!({ field: value }));
        let (status, told) = speak(&tower, &held.token, Method::POST, "/v1/gates", Some(&body)).await;
        assert!(matches!(status, 400 | 422), "{field}: {told}");
    }
    let gates = tower.owner("gates", &json!({ "limit": 10, "settled": false })).await;
    assert_eq!(gates["waiting"], json!([]), "nothing of it is asked");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_edit_is_the_owners_and_only_where_the_agent_can_take_one() {
    let tower = Tower::start().await;
    let held = Agent::start(&tower, "fixed", json!({})).await.run(&tower).await;
    let fixed = json!({ "answers": ["approve", "deny"] });
    let id = ask(&tower, &held.token, &question("send", fixed)).await;
    let edit = json!({ "gate_id": id, "shown": shown(&tower, &id).await, "answer": "edit", "payload": { "to": [] } });
    let (status, told) = tower.owner_call("gate_answer", &edit).await;
    assert!(matches!(status, 409 | 422), "{told}");
    waits(&tower, &held.token, &id).await;
    for said in ["yes", "approved", "", "proceed"] {
        let (status, told) = answer(&tower, &id, edit["shown"].as_str().unwrap(), said).await;
        assert_eq!(status, 422, "{said}: {told}");
    }
}

/// What the cue asks before it is delivered stands for the run that waits, whatever becomes of the cue meanwhile.
#[tokio::test(flavor = "multi_thread")]
async fn nothing_goes_out_before_the_owner_said_so() {
    let tower = Tower::start().await;
    let agent = Server::start(|_, _| Answer::json(200, &json!({ "success": true }))).await;
    let cue = made(&tower, &hook("asks first", &agent.url, json!({ "gate": { "before_delivery": true } }))).await;
    let run = fired(&tower, &cue).await;
    once(&tower, &run, "gate", |story| story["waits"]["by"] == "gate").await;
    let weak = key(&tower, &["cues", "report"]).await;
    for (method, path, body) in [
        (Method::PATCH, format!("/v1/cues/{cue}"), json!({ "gate": { "before_delivery": false } })),
        (Method::POST, format!("/v1/executions/{run}/claim"), json!({ "worker_id": "w" })),
        (Method::POST, format!("/v1/executions/{run}/outcome"), json!({ "success": true })),
        (Method::POST, format!("/v1/executions/{run}/heartbeat"), json!({})),
        (Method::POST, format!("/v1/executions/{run}/release"), json!({})),
    ] {
        speak(&tower, &weak, method, &path, Some(&body)).await;
    }
    assert_eq!(agent.seen().len(), 0, "nothing of it delivered the run that waits");
    let gates = tower.owner("gates", &json!({ "limit": 10, "settled": false })).await;
    let gate = &gates["waiting"][0];
    assert_eq!(gate["run_id"], json!(run), "{gates}");
    let said = answer(&tower, gate["id"].as_str().unwrap(), gate["shown"].as_str().unwrap(), "deny").await;
    assert_eq!(said.0, 200, "{}", said.1);
    let story = ended(&tower, &run).await;
    assert_eq!(story["state"], "stopped", "{}", story["mark"]["sentence"]);
    assert_eq!(agent.seen().len(), 0);
}
