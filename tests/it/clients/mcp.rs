//! `mcp` from PyPI, the official client of the Model Context Protocol: a whole story over `/mcp` and over `cuetowerctl mcp`, by
//! each way in which its versions agree with a server.

use std::process::Stdio;
use std::time::Duration;

use cuetower_tests::{Ended, Home, Package, Tower, binary, finished, until};
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};

use super::script;

const PINS: &str = include_str!("pins/mcp.txt");
const OLD_PINS: &str = include_str!("pins/mcp-1.txt");
const SOON: Duration = Duration::from_secs(90);

/// Answers what the story asks, as its owner.
async fn answer(tower: &Tower) {
    let gate = until("question", SOON, async || {
        let gates = tower.owner("gates", &json!({ "limit": 10, "settled": false })).await;
        gates["waiting"].get(0).cloned()
    })
    .await;
    assert_eq!((&gate["title"], &gate["agent"]), (&json!("Send 3 mails?"), &json!("ada")), "{gate}");
    let edited = json!({ "gate_id": gate["id"], "shown": gate["shown"], "answer": "edit",
                         "payload": { "to": [1, 2] }, "comment": "not the third" });
    tower.owner("gate_answer", &edited).await;
}

/// The story, and what the owner finds of it. The version that was agreed on.
async fn told(pins: &str, over_stdio: bool, mode: &str) -> String {
    let package = Package::installed(pins).await;
    let tower = Tower::start().await;
    let scopes = json!({ "name": "mcp", "scopes": ["cues", "report"] });
    let key = tower.owner("key_add", &scopes).await["key"].as_str().unwrap().to_owned();
    let home = Home::new();
    let mut python = package.program("python", &home);
    python.arg(script("mcp_story.py"));
    if over_stdio {
        python.arg("stdio").arg(binary("cuetowerctl")).arg(&tower.data).args([&key, mode]);
    } else {
        python.args(["http", &format!("{}/mcp", tower.agents), &key, mode]);
    }
    let (ended, ()) = tokio::join!(finished(python, ""), answer(&tower));
    let Ended { code, out, err } = ended;
    assert_eq!(code, Some(0), "{out}{err}");
    let facts: Value = serde_json::from_str(out.lines().last().unwrap()).unwrap_or_else(|bad| panic!("{bad}: {out}"));
    let tools = facts["tools"].as_array().unwrap();
    assert_eq!(tools.len(), 16, "{tools:?}");

    let run = facts["run"].as_str().unwrap();
    let story = tower.owner("run_get", &json!({ "run_id": run })).await;
    assert_eq!(
        (&story["state"], &story["outcome"]["summary"]),
        (&json!("confirmed"), &json!("2 were sent")),
        "{story:#}"
    );
    let text = facts["story"].as_str().unwrap();
    for line in [
        "told by mcp: confirmed",
        "Payload: {\"to\":[1,2,3]}",
        "- send / 1: completed",
        "- check: completed, begun 2 times",
        "- Send 3 mails?: edited, not the third",
        "- summary: 2 were sent",
        "- At least 3 processed: yes, reported 3",
    ] {
        assert!(text.lines().any(|told| told == line), "no {line:?} in\n{text}");
    }
    facts["version"].as_str().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_newest_client_tells_its_story_over_http() {
    assert_eq!(told(PINS, false, "auto").await, "2026-07-28");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_newest_client_shakes_hands_as_before() {
    assert_eq!(told(PINS, false, "legacy").await, "2025-11-25");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_newest_client_tells_its_story_over_standard_input() {
    assert_eq!(told(PINS, true, "auto").await, "2026-07-28");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_of_before_tells_its_story_over_http() {
    assert_eq!(told(OLD_PINS, false, "legacy").await, "2025-11-25");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_of_before_tells_its_story_over_standard_input() {
    assert_eq!(told(OLD_PINS, true, "legacy").await, "2025-11-25");
}

/// `cuetowerctl mcp` with a key, spoken to line by line.
struct Lines {
    child: Child,
    input: Option<ChildStdin>,
    output: tokio::io::Lines<BufReader<ChildStdout>>,
}

impl Lines {
    fn of(tower: &Tower, env: &[(&str, &str)]) -> Lines {
        let mut command = Command::new(binary("cuetowerctl"));
        command.arg("mcp").arg("--data").arg(&tower.data).env_clear().envs(env.iter().copied());
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
        let mut child = command.spawn().unwrap();
        let output = BufReader::new(child.stdout.take().unwrap()).lines();
        Lines { input: child.stdin.take(), child, output }
    }

    async fn say(&mut self, line: &str) {
        let input = self.input.as_mut().unwrap();
        input.write_all(format!("{line}\n").as_bytes()).await.unwrap();
        input.flush().await.unwrap();
    }

    async fn hear(&mut self) -> Value {
        let line = tokio::time::timeout(SOON, self.output.next_line()).await.expect("an answer").unwrap();
        serde_json::from_str(&line.expect("it lives")).unwrap()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn lines_are_carried_to_the_tower_wherever_it_is() {
    let mut tower = Tower::start().await;
    let made = tower.owner("key_add", &json!({ "name": "mcp", "scopes": ["ask"] })).await;
    let key = made["key"].as_str().unwrap().to_owned();
    let mut lines = Lines::of(&tower, &[("CUETOWER_API_KEY", &key)]);
    for (line, code) in
        [("{", -32700), ("[]", -32600), ("7", -32600), ("{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{}}", -32600)]
    {
        lines.say(line).await;
        let told = lines.hear().await;
        assert_eq!((&told["id"], &told["error"]["code"]), (&Value::Null, &json!(code)), "{line}: {told}");
    }
    let list = |id: &str| json!({ "jsonrpc": "2.0", "id": id, "method": "tools/list" }).to_string();
    lines.say("").await;
    lines.say("{\"jsonrpc\":\"2.0\",\"method\":\"notifications/initialized\"}").await;
    lines.say(&list("first")).await;
    let told = lines.hear().await;
    assert_eq!((&told["id"], told["result"]["tools"].as_array().map(Vec::len)), (&json!("first"), Some(2)), "{told}");

    // A call that is held does not hold up what comes after it, and one that is called off is not answered.
    let asks = json!({ "jsonrpc": "2.0", "id": 5, "method": "tools/call", "params": { "name": "ask_owner", "arguments": {
        "agent": "ada", "key": "k", "title": "Go?", "wait_seconds": 25 } } });
    lines.say(&asks.to_string()).await;
    until("question", SOON, async || {
        let gates = tower.owner("gates", &json!({ "limit": 10, "settled": false })).await;
        gates["waiting"].get(0).cloned()
    })
    .await;
    lines.say(&list("meanwhile")).await;
    assert_eq!(lines.hear().await["id"], "meanwhile");
    lines
        .say(
            &json!({ "jsonrpc": "2.0", "method": "notifications/cancelled", "params": { "requestId": 5 } }).to_string(),
        )
        .await;

    // Another port, the same folder: asked while it is away, and answered once it is back.
    tower.kill9().await;
    lines.say(&list("away")).await;
    tower.again().await;
    let told = lines.hear().await;
    assert_eq!((&told["id"], told["result"]["tools"].as_array().map(Vec::len)), (&json!("away"), Some(2)), "{told}");

    let keys = tower.owner("keys", &json!({})).await;
    let own = keys["keys"].as_array().unwrap().iter().find(|key| key["name"] == "mcp").unwrap();
    tower.owner("key_remove", &json!({ "id": own["id"] })).await;
    lines.say(&list("refused")).await;
    let told = lines.hear().await;
    assert_eq!((&told["error"]["data"]["status"], &told["id"]), (&json!(401), &json!("refused")), "{told}");
    tower.kill9().await;
    lines.say(&list("gone")).await;
    let told = lines.hear().await;
    assert!(told["error"]["message"].as_str().unwrap().starts_with("No tower runs on"), "{told}");

    drop(lines.input.take());
    let ended = tokio::time::timeout(SOON, lines.child.wait()).await.expect("it ends with its client").unwrap();
    assert_eq!(ended.code(), Some(0));
    assert!(lines.output.next_line().await.unwrap().is_none(), "nothing more is said");
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_credential_nothing_begins() {
    let tower = Tower::start().await;
    // The owner's token lies beside the tower, and is not used.
    let lines = Lines::of(&tower, &[("OTHER", "x")]);
    let ended = tokio::time::timeout(SOON, lines.child.wait_with_output()).await.expect("it ends").unwrap();
    let words = String::from_utf8_lossy(&ended.stderr);
    assert_eq!(ended.status.code(), Some(1), "{words}");
    assert!(words.contains("set CUETOWER_API_KEY to an API key"), "{words}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agent_that_the_tower_starts_speaks_for_its_run() {
    let tower = Tower::start().await;
    let report = json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {
        "name": "report_outcome", "arguments": { "success": true, "summary": "said by a tool" } } });
    let says = format!("printf '%s\\n' '{report}' | \"$0\" mcp");
    let cue = json!({ "name": "agent", "transport": "command", "schedule": { "type": "manual" }, "retry": { "max_attempts": 1 },
        "command": { "argv": ["sh", "-c", says, binary("cuetowerctl")] } });
    let cue = tower.owner("cue_create", &json!({ "definition": cue })).await;
    let run = tower.owner("cue_fire", &json!({ "cue_id": cue["id"] })).await;
    let story = until("end of the run", SOON, async || {
        let story = tower.owner("run_get", &json!({ "run_id": run["run_id"] })).await;
        story["mark"]["ended_at_ms"].is_number().then_some(story)
    });
    let story = story.await;
    assert_eq!(
        (&story["state"], &story["outcome"]["summary"]),
        (&json!("claimed"), &json!("said by a tool")),
        "{story:#}"
    );
}
