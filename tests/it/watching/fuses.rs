//! Budgets of the day: of a cue, of an agent, of all of them together. What is live ends, nothing begins until it is raised,
//! and whoever works elsewhere is told.

use cuetower_tests::{send, until};
use reqwest::Method;
use serde_json::{Value, json};

use super::{SOON, Watch, work};

impl Watch {
    /// A run says what it used so far.
    async fn used(&self, run: &str, body: Value) -> u16 {
        let mut beat = json!({ "execution_id": run });
        beat.as_object_mut().unwrap().extend(body.as_object().unwrap().clone());
        self.tower.post("/v1/heartbeats", &beat).await.0
    }

    async fn fused(&self, about: &str, is_so: impl Fn(&Value) -> bool) -> Value {
        let about = |alert: &Value| {
            alert["kind"] == "fuse_tripped" && alert["title"].as_str().unwrap().starts_with(about) && is_so(alert)
        };
        until("alert of the fuse", SOON, async || self.alerts().await.into_iter().find(&about)).await
    }

    async fn changed(&self, cue: &str, patch: Value) {
        let (status, answer) = self.tower.patch(&format!("/v1/cues/{cue}"), &patch).await;
        assert_eq!(status, 200, "{answer}");
    }

    async fn fire(&self, cue: &str) -> (u16, Value) {
        self.tower.owner_call("cue_fire", &json!({ "cue_id": cue })).await
    }

    async fn occurrences(&self, cue: &str) -> Vec<Value> {
        let ledger = self.tower.owner("ledger", &json!({ "cue_id": cue, "before_ms": null, "limit": 50 })).await;
        ledger["marks"].as_array().unwrap_or_else(|| panic!("{ledger:#}")).clone()
    }

    /// Every door is closed to a run that a fuse ended.
    async fn is_closed_to(&self, run: &str) {
        let outcome = json!({ "success": true });
        let stopped = "run_stopped";
        for (method, path, body, code) in [
            (Method::POST, format!("/v1/executions/{run}/outcome"), &outcome, stopped),
            (Method::PUT, format!("/v1/executions/{run}/steps/late"), &json!({ "name": "late" }), stopped),
            // As CueAPI says it of any run that has ended.
            (Method::POST, format!("/v1/executions/{run}/heartbeat"), &json!({}), "execution_not_claiming"),
            (Method::POST, "/v1/heartbeats".to_owned(), &json!({ "execution_id": run }), stopped),
        ] {
            let (status, answer) = self.tower.speak(method, &path, Some(body)).await;
            assert_eq!((status, &answer["error"]["code"]), (409, &json!(code)), "{path}: {answer}");
        }
        let story = self.story(run).await;
        assert_eq!((&story["state"], &story["outcome"]), (&json!("stopped"), &Value::Null), "{story:#}");
        assert!(!story["refused"].as_array().unwrap().is_empty(), "what came too late is shown: {story:#}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cue_that_spent_its_day_ends_and_begins_again_when_it_is_raised() {
    let mut watch = Watch::new().await;
    let budget = json!({ "budget": { "day": { "cost_usd": 1 } } });
    let cue = watch.made(&work(&budget)).await;
    let (first, second) = (watch.at_work(&cue).await, watch.at_work(&cue).await);
    assert_eq!(watch.used(&first, json!({ "cost_usd": 0.6 })).await, 200);
    assert_eq!(watch.used(&second, json!({ "cost_usd": 0.3 })).await, 200);
    assert_eq!(watch.story(&first).await["mark"]["ended_at_ms"], Value::Null, "$0.90 of $1.00 are within it");
    // The beat that breaks it is taken in itself.
    watch.used(&second, json!({ "cost_usd": 0.3 })).await;
    for run in [&first, &second] {
        let story = watch.ended(run).await;
        assert_eq!(story["state"], "stopped", "{story:#}");
        watch.is_closed_to(run).await;
    }
    let alert = watch.fused("work has spent its budget for today", |_| true).await;
    assert_eq!(alert["severity"], "critical", "{alert:#}");
    assert!(
        alert["body"].as_str().unwrap().starts_with("$1.20 of the $1.00 that this cue may cost a day"),
        "{alert:#}"
    );
    assert_eq!(watch.kinds().await, ["fuse_tripped"], "one alert, however many runs it ended");
    let (status, refused) = watch.fire(&cue).await;
    assert_eq!((status, &refused["code"]), (409, &json!("refused")), "{refused}");
    assert!(refused["message"].as_str().unwrap().starts_with("Its budget for the day is spent: $1.20 "), "{refused}");

    // What comes due is skipped, and says why; also by a tower that was killed meanwhile.
    watch.tower.kill9().await;
    watch.tower.again().await;
    watch.changed(&cue, json!({ "schedule": { "type": "interval", "every_seconds": 1 } })).await;
    let skipped = until("skipped occurrence", SOON, async || {
        watch.occurrences(&cue).await.into_iter().find(|mark| mark["scheduled"] == "skipped")
    })
    .await;
    assert_eq!(skipped["scheduled_reason"], "its budget for the day was spent", "{skipped:#}");
    let listed = watch.tower.ctl(&["fuse", "list"]).await.good();
    assert!(listed.contains("work (cue) is stopped until "), "{listed}");
    assert!(listed.contains("Today: $1.20, "), "{listed}");

    watch.changed(&cue, json!({ "budget": { "day": { "cost_usd": 5 } } })).await;
    watch.fused("work has spent", |alert| alert["state"] == "resolved").await;
    until("run of the raised cue", SOON, async || {
        let (status, claim) = watch.tower.post("/v1/executions/claim", &json!({ "worker_id": "w" })).await;
        (status == 200 && claim["execution_id"].is_string()).then_some(())
    })
    .await;
    assert!(!watch.tower.ctl(&["fuse", "list"]).await.good().contains("is stopped"));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agent_has_one_budget_for_its_cues_and_for_what_it_does_elsewhere() {
    let watch = Watch::new().await;
    watch.tower.ctl(&["fuse", "set", "agent-day", "--tokens", "1000"]).await.good();
    let of = |name: &str, agent: &str| work(&json!({ "name": name, "agent": agent }));
    let (morning, evening) = (watch.made(&of("morning", "bot")).await, watch.made(&of("evening", "bot")).await);
    let other = watch.made(&of("other", "somebody else")).await;
    let runs = [watch.at_work(&morning).await, watch.at_work(&evening).await];
    let free = watch.at_work(&other).await;
    watch.used(&runs[0], json!({ "tokens": 700 })).await;
    watch.used(&runs[1], json!({ "tokens": 400 })).await;
    for run in &runs {
        assert_eq!(watch.ended(run).await["state"], "stopped");
    }
    let alert = watch.fused("bot has spent its budget for today", |_| true).await;
    assert!(alert["body"].as_str().unwrap().contains("1,100 of the 1,000 tokens"), "{alert:#}");
    assert_eq!(watch.fire(&morning).await.0, 409);
    assert_eq!(watch.story(&free).await["mark"]["ended_at_ms"], Value::Null);
    watch.tower.ctl(&["fuse", "set", "agent-day", "--tokens", "none"]).await.good();
    watch.fused("bot has spent", |alert| alert["state"] == "resolved").await;
    assert_eq!(watch.fire(&morning).await.0, 200);

    // One that the tower does not run: it is told, its runner is to stop it, and its cues wait too.
    let beat = |tokens: u64| {
        json!({ "agent": "far", "tokens_used": tokens, "cost_usd": 0.5,
        "restart_type": "docker", "restart_target": "far-1" })
    };
    let near = watch.made(&of("near", "far")).await;
    watch.tower.ctl(&["fuse", "set", "agent-day", "--cost", "0.75"]).await.good();
    let (_, calm) = watch.tower.post("/api/v1/heartbeat", &beat(10)).await;
    assert_eq!(calm["warning"], Value::Null, "{calm}");
    let (_, told) = watch.tower.post("/api/v1/heartbeat", &beat(10)).await;
    assert_eq!(told["warning"], "cost_exceeded", "{told}");
    watch.fused("far has spent its budget for today", |_| true).await;
    assert_eq!(watch.fire(&near).await.0, 409);
    let far = watch.tower.owner("agent_get", &json!({ "name": "far", "account": null })).await["agent"].clone();
    assert_eq!(
        (&far["commands"][0]["action"], &far["commands"][0]["state"]),
        (&json!("stop"), &json!("asked")),
        "{far:#}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_fleet_has_a_budget_that_holds_everything() {
    let watch = Watch::new().await;
    let said = watch.tower.ctl(&["fuse", "set", "fleet-day", "--cost", "2"]).await.good();
    assert!(said.contains("fleet-day"), "{said}");
    let cues = [
        watch.made(&work(&json!({ "name": "one", "agent": "a" }))).await,
        watch.made(&work(&json!({ "name": "two", "agent": "b" }))).await,
    ];
    let runs = [watch.at_work(&cues[0]).await, watch.at_work(&cues[1]).await];
    watch.used(&runs[0], json!({ "cost_usd": 1.5 })).await;
    watch.used(&runs[1], json!({ "cost_usd": 0.75 })).await;
    for run in &runs {
        let story = watch.ended(run).await;
        assert_eq!(story["state"], "stopped", "{story:#}");
    }
    let alert = watch.fused("All agents together have spent the budget for today", |_| true).await;
    assert!(alert["body"].as_str().unwrap().starts_with("$2.25 of the $2.00 "), "{alert:#}");
    for cue in &cues {
        assert_eq!(watch.fire(cue).await.0, 409);
    }
    let url = format!("{}/v1/cues/{}/fire", watch.tower.agents, cues[0]);
    let (status, answer) = send(Method::POST, &url, Some(&watch.tower.key), Some(&json!({}))).await;
    assert_eq!((status, &answer["error"]["code"]), (409, &json!("budget_spent")), "{answer}");
    watch.tower.ctl(&["fuse", "set", "fleet-day", "--off"]).await.good();
    watch.fused("All agents", |alert| alert["state"] == "resolved").await;
    assert_eq!(watch.fire(&cues[1]).await.0, 200);
}
