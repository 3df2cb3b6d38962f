//! Which run a span belongs to, and who may say so.

use super::*;

const TRACE: &str = "5b8efff798038103d269b633813fc60c";
const OTHER: &str = "5b8efff798038103d269b633813fc60d";

async fn begun(tower: &Tower, run: &str) -> u64 {
    steps(tower, run).await["total"].as_u64().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_way_of_naming_the_run_leads_to_it() {
    let tower = Tower::start().await;
    let mut agent = Agent::start(&tower, "leads").await;
    let given = agent.run(&tower).await;
    let names = ["cuetower.run_id", "cuetower.execution_id", "cueapi.execution_id"];
    let mut count = 0;
    for (place, name) in names.into_iter().enumerate() {
        let named = [(name, given.run.as_str())];
        let trace = |which: usize| format!("{:032x}", 1 + place * 2 + which);
        told(&tower, &tower.key, &one(&trace(0), &format!("{:016x}", 1 + place * 2), &named, &[])).await;
        told(&tower, &tower.key, &one(&trace(1), &format!("{:016x}", 2 + place * 2), &[], &named)).await;
        count += 2;
        assert_eq!(begun(&tower, &given.run).await, count, "{name}");
    }
    let trace = given.run.replace('-', "");
    assert_eq!(&given.traceparent[3..35], trace);
    told(&tower, &tower.key, &one(&trace, "00000000000000f1", &[], &[])).await;
    assert_eq!(begun(&tower, &given.run).await, count + 1, "by the trace that the tower handed out");
    told(&tower, &given.token, &one(OTHER, "00000000000000f2", &[], &[])).await;
    assert_eq!(begun(&tower, &given.run).await, count + 2, "by the token alone");
    // A trace of which one span named the run.
    told(&tower, &tower.key, &one(OTHER, "00000000000000f3", &[], &[])).await;
    assert_eq!(begun(&tower, &given.run).await, count + 3);
    // The same again changes nothing.
    told(&tower, &tower.key, &one(OTHER, "00000000000000f3", &[], &[])).await;
    assert_eq!(begun(&tower, &given.run).await, count + 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_runs_token_speaks_for_its_run_only() {
    let tower = Tower::start().await;
    let mut agent = Agent::start(&tower, "leads").await;
    let (one_run, other) = (agent.run(&tower).await, agent.run(&tower).await);
    let mut body = one(TRACE, "00000000000000f1", &[("cuetower.run_id", &other.run)], &[]);
    let mine = one(OTHER, "00000000000000f2", &[], &[]);
    let spans = body["resourceSpans"].as_array_mut().unwrap();
    spans.push(mine["resourceSpans"][0].clone());
    let answer = told(&tower, &one_run.token, &body).await;
    assert_eq!(answer["partialSuccess"]["rejectedSpans"], "1", "{answer}");
    let words = answer["partialSuccess"]["errorMessage"].as_str().unwrap();
    assert!(words.contains("token of another"), "{words}");
    assert_eq!((begun(&tower, &one_run.run).await, begun(&tower, &other.run).await), (1, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_reaches_its_own_runs_only() {
    let tower = Tower::start_with(None, &["--open-registration"], &[]).await;
    let mut agent = Agent::start(&tower, "leads").await;
    let owners = agent.run(&tower).await;
    let (status, ada) = tower.post("/v1/auth/register", &json!({ "email": "ada@example.com" })).await;
    assert_eq!(status, 201, "{ada}");
    let key = ada["api_key"].as_str().unwrap();
    let answer = told(&tower, key, &one(TRACE, "00000000000000f1", &[("cuetower.run_id", &owners.run)], &[])).await;
    assert_eq!(answer, json!({}), "nobody is told whose runs there are");
    assert_eq!(begun(&tower, &owners.run).await, 0);
    // Nor does the owner's own span of that trace bring the stranger's along.
    told(&tower, &tower.key, &one(TRACE, "00000000000000f2", &[("cuetower.run_id", &owners.run)], &[])).await;
    assert_eq!(begun(&tower, &owners.run).await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_joins_nothing_waits_under_its_agent_and_moves_once_its_trace_is_known() {
    let tower = Tower::start().await;
    let mut agent = Agent::start(&tower, "leads").await;
    let given = agent.run(&tower).await;
    let resource = [("service.name", "night-shift")];
    for number in 1..=3 {
        told(&tower, &tower.key, &one(TRACE, &format!("{number:016x}"), &[], &resource)).await;
    }
    told(&tower, &tower.key, &one(OTHER, "00000000000000aa", &[], &resource)).await;
    assert_eq!(begun(&tower, &given.run).await, 0);
    let apart = tower.owner("spans_apart", &json!({})).await["apart"].clone();
    assert_eq!((&apart[0]["agent"], &apart[0]["spans"]), (&json!("night-shift"), &json!(4)), "{apart}");
    let shown = tower.owner("run_steps", &json!({ "run_id": apart[0]["id"], "limit": 500 })).await;
    assert_eq!((&shown["total"], &shown["steps"][0]["name"]), (&json!(4), &json!("work")));
    let listed = tower.ctl(&["otlp", "apart", "--agent", "night-shift"]).await.good();
    assert!(listed.contains("night-shift"), "{listed}");
    let late = [("cuetower.run_id", given.run.as_str())];
    told(&tower, &tower.key, &one(TRACE, "00000000000000f1", &late, &resource)).await;
    assert_eq!(begun(&tower, &given.run).await, 4, "those before it came along");
    let story = tower.owner("run_get", &json!({ "run_id": given.run })).await;
    assert_eq!(story["steps"]["begun"], 4, "{story}");
    let apart = tower.owner("spans_apart", &json!({ "agent": "night-shift" })).await["apart"].clone();
    assert_eq!(apart[0]["spans"], 1, "of another trace: {apart}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_span_stands_under_the_step_it_names() {
    let tower = Tower::start().await;
    let mut agent = Agent::start(&tower, "leads").await;
    let given = agent.run(&tower).await;
    let path = format!("/v1/executions/{}/steps/charge", given.run);
    let (status, step) = tower.speak(reqwest::Method::PUT, &path, Some(&json!({}))).await;
    assert_eq!(status, 201, "{step}");
    told(&tower, &given.token, &one(TRACE, "00000000000000f1", &[("cuetower.step", "charge")], &[])).await;
    let top = steps(&tower, &given.run).await;
    assert_eq!((&top["total"], &top["steps"][0]["children"]), (&json!(1), &json!(1)), "{top}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_command_gets_the_context_in_its_environment() {
    let tower = Tower::start().await;
    let line = "echo \"$TRACEPARENT|$BAGGAGE|$OTEL_RESOURCE_ATTRIBUTES\"";
    let body = json!({
        "name": "env", "transport": "command", "schedule": { "type": "manual" }, "confirm": "exit_code",
        "command": { "shell": line, "env": { "OTEL_RESOURCE_ATTRIBUTES": "team=sales" } },
    });
    let (status, cue) = tower.post("/v1/cues", &body).await;
    assert_eq!(status, 201, "{cue}");
    let (_, fired) = tower.post(&format!("/v1/cues/{}/fire", cue["id"].as_str().unwrap()), &json!({})).await;
    let run = fired["id"].as_str().or(fired["execution_id"].as_str()).unwrap_or_else(|| panic!("{fired}")).to_owned();
    let said = until("output", PATIENCE, async || {
        let story = tower.owner("run_get", &json!({ "run_id": run })).await;
        story["attempts"][0]["stdout"].as_str().filter(|said| !said.is_empty()).map(str::to_owned)
    })
    .await;
    let trace = run.replace('-', "");
    let context = format!("00-{trace}-{}0001-01|cuetower.run_id={run}|team=sales,cuetower.run_id={run}", &trace[..12]);
    assert_eq!(said.trim(), context);
}
