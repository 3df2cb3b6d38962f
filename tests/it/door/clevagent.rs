//! ClevAgent's API over real HTTP, asked as its own SDK and runner ask: beats, warnings, commands.

use std::time::Duration;

use cuetower_core::id::AccountId;
use cuetower_engine::desk::wire::{Agents, Topic};
use cuetower_engine::desk::{Desk, Facts, OwnerKey};
use cuetower_engine::feed::Change;
use cuetower_engine::handle::TowerChange;
use cuetower_engine::journal::KeyRow;
use cuetower_engine::notify::Notifier;
use cuetower_engine::receive::Openings;
use cuetower_engine::token::new_api_key;
use cuetower_engine::vault::{Vault, VaultKind};
use reqwest::Method;
use serde_json::{Value, json};

use super::{Back, Tower, back, manual};

const BEAT: &str = "/api/v1/heartbeat";
const BATCH: &str = "/api/v1/heartbeat/batch";
const COMMANDS: &str = "/api/v1/commands";

impl Tower {
    /// As ClevAgent's clients do: the key in a header of its own.
    async fn clev(&self, key: &str, method: Method, path: &str, body: Option<&Value>) -> Back {
        let request = self.bare(method, path).header("X-API-Key", key).header("Content-Type", "application/json");
        back(match body {
            Some(body) => request.body(body.to_string()),
            None => request,
        })
        .await
    }

    /// With the owner's key.
    async fn beat(&self, body: Value) -> Back {
        self.clev(&self.key, Method::POST, BEAT, Some(&body)).await
    }

    async fn fetch(&self, key: &str) -> Value {
        let fetched = self.clev(key, Method::GET, COMMANDS, None).await;
        assert_eq!(fetched.status, 200, "{fetched:?}");
        fetched.json
    }

    async fn report(&self, key: &str, id: &Value, body: Value) -> Back {
        self.clev(key, Method::POST, &format!("{COMMANDS}/{id}/result"), Some(&body)).await
    }

    /// The owner's side.
    async fn fleet_desk(&self) -> Desk {
        Desk {
            handle: self.handle.clone(),
            vault: Vault::open(VaultKind::Memory, self.dir.path()).await,
            notifier: Notifier::start(false).await.0,
            facts: Facts {
                version: String::new(),
                agents_url: self.base.clone(),
                data_dir: String::new(),
                timezone: "UTC".to_owned(),
                started_at: self.handle.now(),
            },
            owner_key: OwnerKey::default(),
            face: cuetower_engine::desk::Face::Cli,
            demo: cuetower_engine::desk::Demo::default(),
        }
    }

    async fn owner(&self, command: &str, request: Value) -> Result<Value, String> {
        self.fleet_desk()
            .await
            .call(command, request)
            .await
            .map_err(|error| format!("{}: {}", error.code, error.message))
    }

    async fn agents(&self) -> Agents {
        serde_json::from_value(self.owner("agents", json!({})).await.unwrap()).unwrap()
    }

    async fn key_of(&self, account: &str) -> String {
        let key = new_api_key();
        let row = KeyRow {
            account: AccountId(account.to_owned()),
            ..KeyRow::of_owner(&key, "api", "cues report", self.handle.now())
        };
        self.handle.tower(TowerChange::KeyAdded(Box::new(row))).await.unwrap();
        key
    }

    /// Facts of the fleet in the journal, by kind.
    fn fleet_facts(&self) -> Vec<String> {
        let file = rusqlite::Connection::open(self.dir.path().join("cuetower.db")).unwrap();
        let mut rows = file.prepare("SELECT kind FROM journal WHERE lane = 'agents' ORDER BY lane_seq").unwrap();
        rows.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
    }
}

fn named(name: &str) -> Value {
    json!({ "name": name, "account": null })
}

#[tokio::test]
async fn beats_are_answered_as_clevagents_clients_were_and_every_field_is_kept() {
    let tower = Tower::start().await;
    let first = tower.beat(json!({ "agent": "my-bot", "status": "ok", "agent_type": "claude" })).await;
    let id = first.json["agent_id"].as_u64().unwrap();
    assert_eq!((first.status, &first.json), (200, &json!({ "ok": true, "agent_id": id, "status": "healthy" })));
    let full = json!({
        "agent": "my-bot", "status": "ok", "message": "Processed 42", "tokens_used": 1500, "cost_usd": 0.01,
        "tool_calls": 3, "iteration_count": 42, "agent_type": "claude", "memory_mb": 120.5, "custom_data": "{\"k\": 1}",
        "tool_call_log": [{ "name": "db_query", "args": "SELECT 1" }], "prompt_hashes": ["6f0e83bf9b6a14e6"],
    });
    assert_eq!(tower.beat(full).await.json["agent_id"], id, "the same agent");
    let crash = json!({ "agent": "other", "status": "error", "message": "CRASH: RuntimeError: boom",
        "custom_data": "{\"traceback\": \"…\", \"crash\": true}" });
    assert_eq!(tower.beat(crash).await.json["status"], "error");

    let agents = tower.agents().await.agents;
    let of = |name: &str| agents.iter().find(|agent| agent.name == name).unwrap();
    let bot = of("my-bot");
    assert_eq!(
        (bot.state.as_str(), bot.words.as_str()),
        ("working", "Working; 42 iterations; last beat said: Processed 42.")
    );
    assert_eq!((bot.tokens_today, bot.cost_today_usd, bot.memory_mb), (1_500, Some(0.01), Some(120.5)));
    assert_eq!((bot.pulse.iter().sum::<u32>(), bot.tokens.iter().sum::<u64>()), (2, 1_500));
    assert_eq!((of("other").state.as_str(), of("other").cost_today_usd), ("error", None));
    let file = rusqlite::Connection::open(tower.dir.path().join("cuetower.db")).unwrap();
    let rest: String = file.query_row("SELECT rest FROM beats WHERE tokens = 1500", [], |row| row.get(0)).unwrap();
    let rest: Value = serde_json::from_str(&rest).unwrap();
    assert_eq!((&rest["custom_data"], &rest["tool_call_log"][0]["name"]), (&json!("{\"k\": 1}"), &json!("db_query")));
    assert_eq!(tower.fleet_facts(), ["agent_appeared", "agent_appeared"]);

    let story = tower.owner("agent_get", named("my-bot")).await.unwrap();
    let beat = &story["beats"][0];
    assert_eq!(
        (&beat["message"], &beat["tokens"], &beat["status"]),
        (&json!("Processed 42"), &json!(1_500), &json!("ok"))
    );
    assert!(tower.owner("agent_get", named("nobody")).await.unwrap_err().starts_with("not_found"));

    let status = tower.clev(&tower.key, Method::GET, "/api/v1/status?limit=1&offset=1", None).await.json;
    assert_eq!((&status["total"], &status["limit"], &status["offset"]), (&json!(2), &json!(1), &json!(1)));
    assert_eq!((&status["agents"][0]["agent"], &status["agents"][0]["status"]), (&json!("other"), &json!("error")));
    assert_eq!(status["agents"].as_array().unwrap().len(), 1);
    for query in ["limit=0", "limit=1001", "offset=-1", "limit=many"] {
        let refused = tower.clev(&tower.key, Method::GET, &format!("/api/v1/status?{query}"), None).await;
        assert_eq!((refused.status, refused.code()), (422, "validation_error"), "{query}");
    }
    tower.stop().await;
}

#[tokio::test]
async fn a_group_of_beats_is_taken_whole_or_not_at_all() {
    let tower = Tower::start().await;
    let post = async |body: Value| tower.clev(&tower.key, Method::POST, BATCH, Some(&body)).await;
    let beats = json!([{ "agent": "a", "tokens_used": 1 }, { "agent": "b" }, { "agent": "a", "tokens_used": 2 }]);
    let taken = post(json!({ "heartbeats": beats })).await;
    assert_eq!((taken.status, &taken.json["accepted"]), (200, &json!(3)), "{taken:?}");
    let ids: Vec<&Value> = (0..3).map(|n| &taken.json["results"][n]["agent_id"]).collect();
    assert!(ids[0] == ids[2] && ids[0] != ids[1], "{taken:?}");
    assert_eq!(post(beats.clone()).await.json["accepted"], 3, "a bare list, too");

    let half_bad = json!({ "heartbeats": [{ "agent": "c" }, { "agent": "d", "tokens_used": -1 }, 7] });
    let refused = post(half_bad).await;
    assert_eq!((refused.status, refused.field()), (422, "body.heartbeats.1.tokens_used"));
    assert_eq!(refused.json["error"]["details"][1]["field"], "body.heartbeats.2");
    for body in [json!({}), json!({ "heartbeats": {} }), json!([]), json!(vec![json!({ "agent": "c" }); 101]), json!(7)]
    {
        let refused = post(body.clone()).await;
        assert_eq!((refused.status, refused.code()), (422, "validation_error"), "{body}");
    }
    let names: Vec<String> = tower.agents().await.agents.into_iter().map(|agent| agent.name).collect();
    assert_eq!(names.len(), 2, "{names:?}");
    tower.stop().await;
}

#[tokio::test]
async fn who_may_not_beat_is_told_why() {
    let tower = Tower::start().await;
    let body = json!({ "agent": "bot" });
    let no_key = back(tower.bare(Method::POST, BEAT).body(body.to_string())).await;
    assert_eq!((no_key.status, no_key.code()), (401, "invalid_api_key"));
    let foreign = tower.clev("cv_test", Method::POST, BEAT, Some(&body)).await;
    assert_eq!((foreign.status, foreign.code()), (401, "invalid_api_key"));
    let words = foreign.json["error"]["message"].as_str().unwrap();
    assert!(words.contains("cuetowerctl key"), "{words}");
    let forged = tower.clev(&new_api_key(), Method::POST, BEAT, Some(&body)).await;
    assert_eq!((forged.status, forged.code()), (401, "invalid_api_key"));
    let cues_only = tower.key_with("cues").await;
    for (method, path) in [(Method::POST, BEAT), (Method::GET, COMMANDS), (Method::GET, "/api/v1/status")] {
        let refused = tower.clev(&cues_only, method, path, Some(&body)).await;
        assert_eq!((refused.status, refused.code()), (403, "insufficient_scope"), "{path}");
    }
    assert_eq!(tower.ask(Method::POST, BEAT, Some(&body)).await.status, 200, "a bearer will do");
    for (body, field) in [(json!({}), "body.agent"), (json!({ "agent": "bot", "cost_usd": -1 }), "body.cost_usd")] {
        let refused = tower.beat(body).await;
        assert_eq!((refused.status, refused.field()), (422, field));
    }
    let broken = back(tower.bare(Method::POST, BEAT).header("X-API-Key", &tower.key).body("{")).await;
    assert_eq!((broken.status, broken.code()), (400, "invalid_json"));

    let mut limited = None;
    for _ in 0..400 {
        let answer = tower.beat(json!({ "agent": "storm" })).await;
        if answer.status != 200 {
            limited = Some(answer);
            break;
        }
    }
    // Real time passes meanwhile: a slow machine may not manage to beat too fast one by one, but it can in groups.
    let group = json!(vec![json!({ "agent": "storm" }); 100]);
    for _ in 0..50 {
        if limited.is_none() {
            let answer = tower.clev(&tower.key, Method::POST, BATCH, Some(&group)).await;
            limited = (answer.status != 200).then_some(answer);
        }
    }
    let limited = limited.expect("a storm is bounded");
    assert_eq!((limited.status, limited.code()), (429, "rate_limit_exceeded"));
    assert!(limited.header("retry-after").parse::<u32>().is_ok_and(|seconds| seconds >= 1), "{limited:?}");
    assert_eq!(tower.beat(json!({ "agent": "calm" })).await.status, 200, "the others beat on");
    tower.stop().await;
}

#[tokio::test]
async fn an_agent_above_its_days_budget_is_told_so_after_a_restart_too() {
    let tower = Tower::start().await;
    let budget = |amount: Value| json!({ "name": "bot", "account": null, "day_cost_usd": amount });
    let unknown = tower.owner("agent_budget", budget(json!(1))).await.unwrap_err();
    assert!(unknown.starts_with("not_found"), "{unknown}");
    let cue = json!({ "agent": "bot", "name": "brief", "schedule": { "type": "manual" }, "transport": "worker" });
    assert_eq!(tower.post("/v1/cues", cue).await.status, 201);
    let view = tower.owner("agent_budget", budget(json!(1))).await.unwrap();
    assert_eq!(
        (&view["day_cost_usd"], &view["state"], &view["cues"][0]["name"]),
        (&json!(1.0), &json!("unseen"), &json!("brief"))
    );
    for bad in [json!(-1), json!(1e9)] {
        assert!(tower.owner("agent_budget", budget(bad)).await.unwrap_err().starts_with("invalid"));
    }

    let spend = async |tower: &Tower, cost: f64| tower.beat(json!({ "agent": "bot", "cost_usd": cost })).await.json;
    assert!(spend(&tower, 1.0).await.get("warning").is_none());
    let warned = spend(&tower, 0.5).await;
    assert_eq!((&warned["ok"], &warned["warning"]), (&json!(true), &json!("cost_exceeded")));
    assert_eq!(warned["reason"], "It has cost $1.50 today; its budget is $1.00 a day.");
    spend(&tower, 0.0).await;
    let facts = tower.fleet_facts();
    assert_eq!(facts.iter().filter(|kind| *kind == "agent_warned").count(), 1, "one fact a day: {facts:?}");
    let tower = tower.restart_with(Openings::default()).await;
    assert_eq!(spend(&tower, 0.0).await["warning"], "cost_exceeded");
    assert_eq!(tower.owner("agent_get", named("bot")).await.unwrap()["beats"][0]["warning"], "cost_exceeded");
    tower.owner("agent_budget", budget(Value::Null)).await.unwrap();
    assert!(spend(&tower, 9.0).await.get("warning").is_none());
    tower.stop().await;
}

#[tokio::test]
async fn a_runner_gets_the_commands_for_what_it_watches_once_and_says_what_became_of_them() {
    let tower = Tower::start().await;
    let (runner, other) = (tower.named_key("runner", "report").await, tower.named_key("other", "report").await);
    let ask = async |action: &str| {
        tower.owner("agent_command", json!({ "name": "bot", "account": null, "action": action })).await
    };
    tower.beat(json!({ "agent": "bot" })).await;
    let refused = ask("restart").await.unwrap_err();
    assert!(refused.starts_with("refused: No runner watches bot"), "{refused}");

    let watched = json!({ "agent": "bot", "status": "ok", "restart_type": "docker", "restart_target": "my-bot" });
    tower.clev(&runner, Method::POST, BEAT, Some(&watched)).await;
    tower.clev(&other, Method::POST, BEAT, Some(&json!({ "agent": "bot" }))).await;
    assert_eq!(tower.fetch(&runner).await, json!([]), "a bare list");
    assert!(ask("dance").await.unwrap_err().starts_with("invalid"));
    let view = ask("restart").await.unwrap();
    assert_eq!(
        (&view["runner"], &view["commands"][0]["state"]),
        (&json!({ "kind": "docker", "target": "my-bot" }), &json!("asked"))
    );
    assert!(ask("restart").await.unwrap_err().contains("has not fetched it yet"));
    ask("stop").await.unwrap();

    assert_eq!(tower.fetch(&other).await, json!([]), "another key's runner does not get them");
    let fetched = tower.fetch(&runner).await;
    let ids = (&fetched[0]["id"], &fetched[1]["id"]);
    assert!(ids.0.is_u64(), "{fetched}");
    assert_eq!(fetched[0], json!({ "id": ids.0, "action": "restart", "type": "docker", "target": "my-bot" }));
    assert_eq!(fetched[1]["action"], "stop");
    assert_eq!(tower.fetch(&runner).await, json!([]), "once");

    let done = json!({ "status": "completed", "message": "Restarted docker:my-bot" });
    let stranger = tower.report(&other, ids.0, done.clone()).await;
    assert_eq!((stranger.status, stranger.code()), (404, "command_not_found"));
    let said = tower.report(&runner, ids.0, done.clone()).await;
    assert_eq!((said.status, &said.json["ok"]), (200, &json!(true)), "{said:?}");
    assert_eq!(tower.report(&runner, ids.0, done).await.status, 200, "the same again");
    let rejected = json!({ "status": "rejected", "message": "target 'docker:my-bot' not registered with --watch" });
    let changed = tower.report(&runner, ids.0, rejected.clone()).await;
    assert_eq!((changed.status, changed.code()), (409, "command_ended"));
    assert_eq!(tower.report(&runner, ids.1, rejected).await.status, 200);
    for (id, body, status) in [
        (json!(999), json!({ "status": "completed" }), 404),
        (json!("x"), json!({ "status": "completed" }), 404),
        (ids.1.clone(), json!({ "status": "done" }), 422),
        (ids.1.clone(), json!({ "status": "rejected", "message": 7 }), 422),
    ] {
        let path = format!("{COMMANDS}/{}/result", id.to_string().trim_matches('"'));
        assert_eq!(tower.clev(&runner, Method::POST, &path, Some(&body)).await.status, status, "{id} {body}");
    }

    let tower = tower.restart_with(Openings::default()).await;
    let bot = tower.agents().await.agents.remove(0);
    let stand: Vec<(&str, &str)> =
        bot.commands.iter().map(|command| (command.action.as_str(), command.state.as_str())).collect();
    assert_eq!((stand, bot.restarts), (vec![("stop", "rejected"), ("restart", "completed")], 1));
    let by_itself = json!({ "agent": "bot", "status": "ok", "message": "Auto-restarted successfully",
        "restart_type": "docker", "restart_target": "my-bot" });
    tower.clev(&runner, Method::POST, BEAT, Some(&by_itself)).await;
    assert_eq!(tower.agents().await.agents[0].restarts, 2, "one that nobody asked for is one");
    tower.stop().await;
}

#[tokio::test]
async fn agents_of_another_account_are_not_there() {
    let tower = Tower::start().await;
    let (ann, bob) = (tower.key_of("acc_ann").await, tower.key_of("acc_bob").await);
    let watched = json!({ "agent": "bot", "cost_usd": 2, "restart_type": "docker", "restart_target": "bot" });
    let ids = [
        tower.clev(&ann, Method::POST, BEAT, Some(&watched)).await.json["agent_id"].clone(),
        tower.clev(&bob, Method::POST, BEAT, Some(&watched)).await.json["agent_id"].clone(),
        tower.beat(json!({ "agent": "bot" })).await.json["agent_id"].clone(),
    ];
    assert!(ids[0] != ids[1] && ids[1] != ids[2] && ids[0] != ids[2], "one name, three agents: {ids:?}");
    let status = tower.clev(&ann, Method::GET, "/api/v1/status", None).await.json;
    assert_eq!((&status["total"], &status["agents"][0]["agent_id"]), (&json!(1), &ids[0]));

    let mut all = tower.agents().await.agents;
    all.sort_by_key(|agent| agent.account.clone());
    let whose: Vec<_> = all.iter().map(|agent| (agent.account.as_deref(), agent.cost_today_usd)).collect();
    assert_eq!(whose, [(None, None), (Some("acc_ann"), Some(2.0)), (Some("acc_bob"), Some(2.0))]);
    let restart = json!({ "name": "bot", "account": "acc_ann", "action": "restart" });
    tower.owner("agent_command", restart).await.unwrap();
    assert_eq!(tower.fetch(&bob).await, json!([]));
    let id = tower.fetch(&ann).await[0]["id"].clone();
    assert_eq!(tower.report(&bob, &id, json!({ "status": "completed" })).await.status, 404);
    tower.owner("agent_forget", json!({ "name": "bot", "account": "acc_ann" })).await.unwrap();
    assert_eq!(tower.report(&ann, &id, json!({ "status": "completed" })).await.status, 404, "forgotten with its agent");
    assert_eq!(tower.agents().await.agents.len(), 2);
    tower.stop().await;
}

#[tokio::test]
async fn a_cue_an_address_and_beats_of_one_name_are_one_agent() {
    let tower = Tower::start().await;
    let mut cue = manual("brief", "http://127.0.0.1:9/run");
    cue["agent"] = json!("scout");
    assert_eq!(tower.post("/v1/cues", cue).await.status, 201);
    let view = tower.agents().await.agents.remove(0);
    assert_eq!((view.state.as_str(), view.last_beat_ms, view.words.as_str()), ("unseen", None, "No beat yet."));
    let forgotten = tower.owner("agent_forget", named("scout")).await.unwrap_err();
    assert!(forgotten.starts_with("refused: Nothing is kept of scout"), "{forgotten}");

    tower.beat(json!({ "agent": "scout" })).await;
    let made = tower.post("/v1/agents", json!({ "display_name": "Scout", "slug": "scout" })).await;
    assert_eq!(made.status, 201, "{made:?}");
    let agents = tower.agents().await.agents;
    assert_eq!(agents.len(), 1, "{agents:?}");
    assert_eq!((agents[0].state.as_str(), agents[0].cues.len()), ("alive", 1));
    assert_eq!(agents[0].address.as_deref(), made.json["id"].as_str());
    let left = tower.owner("agent_forget", named("scout")).await.unwrap();
    assert_eq!(left["agents"][0]["state"], "unseen", "its cue names it still");
    tower.stop().await;
}

#[tokio::test]
async fn a_run_beats_for_its_own_agent_with_its_token() {
    let tower = Tower::start().await;
    let cue = json!({ "agent": "scout", "name": "brief", "schedule": { "type": "manual" }, "transport": "worker" });
    let cue = tower.post("/v1/cues", cue).await.json["id"].as_str().unwrap().to_owned();
    assert_eq!(tower.post(&format!("/v1/cues/{cue}/fire"), json!({})).await.status, 200);
    let claim = tower.post("/v1/executions/claim", json!({ "worker_id": "w" })).await.json;
    let token = claim["run_token"].as_str().unwrap();
    let beat = async |body: Value| tower.clev(token, Method::POST, BEAT, Some(&body)).await;
    let heard = beat(json!({ "agent": "scout", "restart_type": "docker", "restart_target": "x" })).await;
    assert_eq!(heard.status, 200, "{heard:?}");
    let other = beat(json!({ "agent": "other" })).await;
    assert_eq!((other.status, other.code()), (403, "run_token_not_allowed"));
    assert_eq!(tower.clev(token, Method::GET, COMMANDS, None).await.status, 403);
    let agents = tower.agents().await.agents;
    assert_eq!((agents.len(), agents[0].state.as_str(), &agents[0].runner), (1, "alive", &None));
    let run = claim["execution_id"].as_str().unwrap();
    assert_eq!(tower.post(&format!("/v1/executions/{run}/outcome"), json!({ "success": true })).await.status, 200);
    let late = beat(json!({ "agent": "scout" })).await;
    assert_eq!((late.status, late.code()), (409, "run_ended"));
    tower.stop().await;
}

/// The real program, killed: what it answered with 200 is there.
#[tokio::test]
async fn beats_that_were_answered_survive_a_kill() {
    let mut tower = cuetower_tests::Tower::start().await;
    let mut sum = 0_i64;
    for tokens in 1..=20 {
        let (status, answer) =
            tower.post(BEAT, &json!({ "agent": "bot", "tokens_used": tokens, "cost_usd": 0.1 })).await;
        assert_eq!(status, 200, "{answer}");
        sum += tokens;
    }
    tower.kill9().await;
    tower.again().await;
    let story = tower.owner("agent_get", &named("bot")).await;
    assert_eq!(story["beats"].as_array().map(Vec::len), Some(20));
    let file = rusqlite::Connection::open(tower.data.join("cuetower.db")).unwrap();
    let sums = "SELECT sum(tokens), sum(cost_usd) FROM agent_days";
    let sums: (i64, f64) = file.query_row(sums, [], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
    assert_eq!(sums, (sum, 2.0), "by day, whatever midnight came in between");
    let said = tower.ctl(&["agents", "--json"]).await;
    assert_eq!(said.code, Some(0), "{said:?}");
    let agents: Value = serde_json::from_str(&said.out).unwrap();
    assert_eq!(agents["agents"][0]["name"], "bot");
    let refused = tower.ctl(&["agents", "restart", "bot"]).await;
    assert_eq!(refused.code, Some(1));
    assert!(refused.err.contains("No runner watches bot"), "{refused:?}");
    let budget = tower.ctl(&["agents", "budget", "bot", "--usd", "1.5"]).await;
    assert_eq!(budget.out.trim(), "bot may cost $1.50 a day; above that it is told so.");
    tower.stop().await;
}

#[tokio::test]
async fn the_faces_hear_of_beats_at_once_and_of_a_flurry_once_more() {
    let tower = Tower::start().await;
    let mut heard = tower.handle.feed().subscribe(tower.handle.reader().last_seq().await.unwrap());
    let mut next = async || loop {
        let change = tokio::time::timeout(Duration::from_secs(20), heard.next()).await.expect("it is told");
        match change.unwrap() {
            Change::Event(event) if event.topics.contains(&Topic::Agents) => return event.at_ms,
            Change::Event(_) | Change::Gap => {}
        }
    };
    tower.beat(json!({ "agent": "bot" })).await;
    next().await;
    let mut last = 0;
    for number in 0..10 {
        tower.beat(json!({ "agent": "bot", "message": format!("{number}") })).await;
        last = tower.agents().await.agents[0].last_beat_ms.unwrap();
    }
    while next().await < last {}
    tower.stop().await;
}
