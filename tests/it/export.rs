//! What is handed out as a file by a real tower: a run as JSON and as one page, costs as a table.

use std::time::Duration;

use cuetower_tests::{Tower, send, until};
use reqwest::Method;
use serde_json::{Value, json};

const PATIENCE: Duration = Duration::from_secs(60);
/// More than text to whoever takes it for more.
const HOSTILE: &str = "</pre><script>alert(1)</script><img src=x onerror=\"alert(2)\">'\"&\u{202e}";

async fn run_of(tower: &Tower, name: &str, outcome: Value) -> String {
    let cue = json!({ "name": name, "agent": "=cmd|'/c calc'!A1", "transport": "worker", "schedule": { "type": "manual" },
                      "payload": { "note": HOSTILE }, "overlap": "allow", "retry": { "max_attempts": 1 },
                      "expect": { "min_processed": 5 } });
    let (status, answer) = tower.post("/v1/cues", &cue).await;
    assert_eq!(status, 201, "{answer}");
    let cue = answer["id"].as_str().unwrap();
    let (status, fired) = tower.post(&format!("/v1/cues/{cue}/fire"), &json!({})).await;
    assert!(status < 300, "{fired}");
    let id = fired["id"].as_str().unwrap().to_owned();
    let (status, claimed) = tower.post(&format!("/v1/executions/{id}/claim"), &json!({ "worker_id": "ada" })).await;
    assert_eq!(status, 200, "{claimed}");
    let token = claimed["run_token"].as_str().unwrap().to_owned();
    let begin = json!({ "name": HOSTILE, "kind": "llm", "model": "gpt-4o-2024-08-06" });
    let done = json!({ "tokens": { "input": 1_000_000, "output": 0 } });
    let inner = json!({ "name": "inner", "parent": "one" });
    for (method, path, body) in [
        (Method::PUT, "steps/one", begin),
        (Method::PUT, "steps/two", inner),
        (Method::POST, "steps/two/fail", json!({ "error": HOSTILE })),
        (Method::POST, "steps/one/complete", done),
        (Method::POST, "outcome", outcome),
    ] {
        let url = format!("{}/v1/executions/{id}/{path}", tower.agents);
        let (status, answer) = send(method, &url, Some(&token), Some(&body)).await;
        assert!(status < 300, "{path}: {answer}");
    }
    until("the end of the run", PATIENCE, async || {
        let story = tower.owner("run_get", &json!({ "run_id": id })).await;
        story["mark"]["ended_at_ms"].is_number().then_some(())
    })
    .await;
    id
}

async fn exported(tower: &Tower, run: &str, format: &str) -> Value {
    tower.owner("run_export", &json!({ "run_id": run, "format": format })).await
}

#[tokio::test]
async fn a_run_is_told_whole_as_json() {
    let tower = Tower::start().await;
    let outcome = json!({ "success": true, "summary": HOSTILE, "processed": 2, "cost_usd": 4.0 });
    let run = run_of(&tower, "Score: leads!", outcome).await;
    let file = exported(&tower, &run, "json").await;
    assert_eq!(file["mime"], "application/json");
    let name = file["file_name"].as_str().unwrap();
    assert!(name.starts_with("score-leads-20") && name.ends_with(".json"), "{name}");
    let told: Value = serde_json::from_str(file["text"].as_str().unwrap()).unwrap();
    assert_eq!((&told["format"], &told["version"]), (&json!("cuetower.run"), &json!(1)));
    let story = tower.owner("run_get", &json!({ "run_id": run })).await;
    assert_eq!(told["run"], story, "it is what the owner is shown, and no more");
    assert_eq!(told["run"]["mark"]["confirmed"], "refuted");
    assert_eq!((&told["cue"]["name"], &told["cue"]["expect"]["min_processed"]), (&json!("Score: leads!"), &json!(5)));
    let steps: Vec<(&Value, &Value)> =
        told["steps"].as_array().unwrap().iter().map(|step| (&step["name"], &step["under"])).collect();
    assert_eq!(steps, [(&json!(HOSTILE), &json!(0)), (&json!("inner"), &json!(1))], "each before those under it");
    assert_eq!(told["steps_left_out"], 0);
    let (status, answer) = tower.owner_call("run_export", &json!({ "run_id": "none", "format": "json" })).await;
    assert_eq!((status, &answer["code"]), (404, &json!("not_found")));
}

#[tokio::test]
async fn a_run_as_a_page_needs_nothing_else_and_runs_nothing() {
    let tower = Tower::start().await;
    let run =
        run_of(&tower, HOSTILE, json!({ "success": false, "error": HOSTILE, "metadata": { HOSTILE: HOSTILE } })).await;
    let file = exported(&tower, &run, "html").await;
    assert_eq!(file["mime"], "text/html; charset=utf-8");
    let page = file["text"].as_str().unwrap();
    assert!(page.starts_with("<!doctype html>") && page.trim_end().ends_with("</html>"));
    for never in
        ["<script", "<img", "onerror=\"", "http://", "https://", "<link", "<iframe", "url(", "@import", "\u{202e}"]
    {
        assert!(!page.contains(never), "{never} in {page}");
    }
    for shown in [
        "&lt;script&gt;alert(1)&lt;/script&gt;",
        "Scheduled",
        "Delivered",
        "Confirmed",
        "inner",
        "$2.50",
        "default-src 'none'",
    ] {
        assert!(page.contains(shown), "no {shown} in {page}");
    }
}

#[tokio::test]
async fn the_command_line_writes_files() {
    let tower = Tower::start().await;
    let run = run_of(&tower, "leads", json!({ "success": true, "processed": 9 })).await;
    let folder = tempfile::tempdir().unwrap();
    let to = folder.path().to_str().unwrap();
    let said = tower.ctl(&["run", "export", &run, "--html", "--output", to]).await.good();
    let written = std::fs::read_dir(folder.path()).unwrap().next().unwrap().unwrap();
    assert!(said.contains(written.path().to_str().unwrap()), "{said}");
    let page = std::fs::read_to_string(written.path()).unwrap();
    assert!(page.starts_with("<!doctype html>"));
    let json = tower.ctl(&["run", "export", &run, "--json"]).await.good();
    assert_eq!(serde_json::from_str::<Value>(&json).unwrap()["run"]["mark"]["run_id"], json!(run));
}

/// RFC 4180, as somebody else reads it.
fn rows(text: &str) -> Vec<Vec<String>> {
    let (mut rows, mut row, mut cell, mut quoted) = (Vec::new(), Vec::new(), String::new(), false);
    let mut letters = text.chars().peekable();
    while let Some(letter) = letters.next() {
        match letter {
            '"' if quoted && letters.peek() == Some(&'"') => {
                letters.next();
                cell.push('"');
            }
            '"' => quoted = !quoted,
            ',' if !quoted => row.push(std::mem::take(&mut cell)),
            '\r' if !quoted && letters.peek() == Some(&'\n') => {
                letters.next();
                row.push(std::mem::take(&mut cell));
                rows.push(std::mem::take(&mut row));
            }
            letter => cell.push(letter),
        }
    }
    assert!(cell.is_empty() && row.is_empty() && !quoted, "the last line ends");
    rows
}

#[tokio::test]
async fn costs_as_a_table_add_up_to_what_is_shown() {
    let tower = Tower::start().await;
    run_of(&tower, "-leads, \"new\"", json!({ "success": true, "processed": 9, "cost_usd": 4.0 })).await;
    run_of(&tower, "+quiet", json!({ "success": false, "error": "no" })).await;
    let beat = json!({ "agent": "outside", "status": "ok", "tokens_used": 5, "cost_usd": 9.0 });
    let (status, answer) = tower.post("/api/v1/heartbeat", &beat).await;
    assert!(status < 300, "{answer}");
    let (costs, file) = until("all of it in the sums", PATIENCE, async || {
        let costs = tower.owner("costs", &json!({ "days": 3 })).await;
        let file = tower.owner("costs_csv", &json!({ "days": 3 })).await;
        (costs["runs"] == 2).then_some((costs, file))
    })
    .await;
    assert_eq!(file["mime"], "text/csv; charset=utf-8");
    let name = file["file_name"].as_str().unwrap();
    assert!(name.starts_with("costs-20") && name.contains("-to-20") && name.ends_with(".csv"), "{name}");
    let all = rows(file["text"].as_str().unwrap());
    let column =
        |name: &str| all[0].iter().position(|head| head == name).unwrap_or_else(|| panic!("no {name} in {:?}", all[0]));
    let sum = |name: &str| all[1..].iter().map(|row| row[column(name)].parse::<f64>().unwrap_or(0.0)).sum::<f64>();
    assert!(all.iter().all(|row| row.len() == all[0].len()), "{all:?}");
    assert!((sum("cost_usd") - costs["total"]["cost_usd"].as_f64().unwrap()).abs() < 1e-9, "{all:?} {costs}");
    assert!((sum("cost_usd") - (4.0 + 2.5 + 9.0)).abs() < 1e-9, "{all:?}");
    assert!((sum("tokens") - costs["total"]["tokens"].as_f64().unwrap()).abs() < 1e-9, "{all:?}");
    assert!((sum("runs") - 2.0).abs() < 1e-9 && (sum("confirmed_runs") - 1.0).abs() < 1e-9, "{all:?}");
    assert!((sum("tokens_input") - 2_000_000.0).abs() < 1e-9, "{all:?}");
    let cues: Vec<&str> = all[1..].iter().map(|row| row[column("cue")].as_str()).collect();
    assert!(cues.contains(&"'-leads, \"new\"") && cues.contains(&"'+quiet"), "{cues:?}");
    assert!(all[1..].iter().any(|row| row[column("agent")] == "'=cmd|'/c calc'!A1"), "no cell is a formula: {all:?}");
    let printed = tower.ctl(&["costs", "--csv", "--days", "3"]).await.good();
    assert_eq!(rows(&printed).len(), all.len());
    let (status, _) = tower.owner_call("costs_csv", &json!({ "days": 0 })).await;
    assert_eq!(status, 422);
}

#[tokio::test]
async fn no_value_of_a_header_a_variable_or_an_address_leaves_with_a_run() {
    const CANARIES: [&str; 9] = [
        "canary-env-0001",
        "canary-header-0002",
        "canary-query-0003",
        "canary-vault-0004",
        "canary-check-0005",
        "canary-payload-0006",
        "canary-flag-0007",
        "canary-variable-0008",
        "canary-hook-0009",
    ];
    let tower = Tower::start().await;
    tower.owner("secret_set", &json!({ "name": "CRM", "value": CANARIES[3] })).await;
    // What an agent prints of them does not leave either.
    let line =
        "echo \"$DB_URL $PLAIN_VARIABLE\"; echo canary-query-0003 canary-flag-0007 >&2; test -n \"$CRM\"; exit 3";
    let cue = json!({
        "name": "exported", "transport": "command", "schedule": { "type": "manual" }, "confirm": "exit_code",
        "retry": { "max_attempts": 1 },
        "command": {
            "argv": ["sh", "-c", line, "--api-key", CANARIES[6]],
            "env": { "DB_URL": format!("postgres://app:{}@db/crm", CANARIES[0]), "CRM": "{{secret:CRM}}", "PLAIN_VARIABLE": CANARIES[7] },
        },
        "payload": { "password": CANARIES[5], "note": "seen" },
        "checks": [{
            "check": "url", "url": format!("http://127.0.0.1:9/health?t={}&page=2", CANARIES[2]), "allow_private": true,
            "headers": { "X-Team": CANARIES[1], "X-Trace": CANARIES[4] },
        }],
        "on_failure": { "webhook": format!("http://127.0.0.1:9/hook?sig={}", CANARIES[8]) },
    });
    let made = tower.owner("cue_create", &json!({ "definition": cue })).await;
    let fired = tower.owner("cue_fire", &json!({ "cue_id": made["id"] })).await;
    let run = fired["run_id"].as_str().unwrap();
    until("the end of the run", PATIENCE, async || {
        let story = tower.owner("run_get", &json!({ "run_id": run })).await;
        story["mark"]["ended_at_ms"].is_number().then_some(())
    })
    .await;
    let story = tower.owner("run_get", &json!({ "run_id": run })).await;
    assert!(story["payload"].to_string().contains(CANARIES[5]), "the owner is shown the payload as it is: {story}");
    for format in ["json", "html"] {
        let file = exported(&tower, run, format).await;
        let text = file["text"].as_str().unwrap();
        for canary in CANARIES.iter().filter(|canary| **canary != "canary-variable-0008") {
            assert!(!text.contains(canary), "{canary} in {text}");
        }
        for shown in [
            "DB_URL",
            "PLAIN_VARIABLE",
            "{{secret:CRM}}",
            "X-Team",
            "127.0.0.1:9/health?t=••••",
            "hook?sig=••••",
            "--api-key",
            "seen",
        ] {
            let shown = if format == "html" { shown.replace('&', "&amp;") } else { shown.to_owned() };
            assert!(text.contains(&shown), "no {shown} in {text}");
        }
        let definition = serde_json::from_str::<Value>(text).map(|told| told["cue"].to_string());
        assert!(!definition.unwrap_or_default().contains(CANARIES[7]), "an innocent name does not let its value out");
    }
    let told: Value = serde_json::from_str(exported(&tower, run, "json").await["text"].as_str().unwrap()).unwrap();
    assert_eq!(
        told["cue"]["command"]["env"],
        json!({ "CRM": "{{secret:CRM}}", "DB_URL": "••••", "PLAIN_VARIABLE": "••••" })
    );
    assert_eq!(told["run"]["payload"], json!({ "password": "••••", "note": "seen" }));
}

#[tokio::test]
async fn a_run_of_many_branches_is_handed_out_whole_and_in_order() {
    let tower = Tower::start().await;
    let cue = json!({ "name": "bushy", "agent": "bot", "transport": "worker", "schedule": { "type": "manual" }, "overlap": "allow" });
    let (status, answer) = tower.post("/v1/cues", &cue).await;
    assert_eq!(status, 201, "{answer}");
    let cue = answer["id"].as_str().unwrap();
    let (_, fired) = tower.post(&format!("/v1/cues/{cue}/fire"), &json!({})).await;
    let id = fired["id"].as_str().unwrap().to_owned();
    let (_, claimed) = tower.post(&format!("/v1/executions/{id}/claim"), &json!({ "worker_id": "ada" })).await;
    let token = claimed["run_token"].as_str().unwrap().to_owned();
    for branch in 0..20 {
        for (key, body) in [
            (format!("b{branch}"), json!({ "name": format!("branch {branch}") })),
            (format!("l{branch}"), json!({ "name": format!("leaf {branch}"), "parent": format!("b{branch}") })),
        ] {
            let url = format!("{}/v1/executions/{id}/steps/{key}", tower.agents);
            let (status, answer) = send(Method::PUT, &url, Some(&token), Some(&body)).await;
            assert!(status < 300, "{answer}");
        }
    }
    let told: Value = serde_json::from_str(exported(&tower, &id, "json").await["text"].as_str().unwrap()).unwrap();
    let names: Vec<&str> =
        told["steps"].as_array().unwrap().iter().map(|step| step["name"].as_str().unwrap()).collect();
    let wanted: Vec<String> = (0..20).flat_map(|at| [format!("branch {at}"), format!("leaf {at}")]).collect();
    assert_eq!((names, &told["steps_left_out"]), (wanted.iter().map(String::as_str).collect(), &json!(0)));
    let page = exported(&tower, &id, "html").await;
    let page = page["text"].as_str().unwrap();
    assert_eq!(
        (page.matches("style=\"padding-left:0px\"").count(), page.matches("style=\"padding-left:14px\"").count()),
        (20, 20)
    );
}
