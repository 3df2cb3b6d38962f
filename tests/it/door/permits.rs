//! Permits of pools over HTTP, and deliveries that wait for them: asked, renewed, lost, given back.

use std::time::Duration;

use cuetower_core::pool::{PoolInput, PoolLimits};
use cuetower_tests::{Answer, Server, until};
use reqwest::Method;
use serde_json::{Value, json};

use super::{Back, Tower, back};

const PATIENCE: Duration = Duration::from_secs(15);
const OPENAI: &str = "/v1/pools/openai/permits";

async fn tower_with(pools: &[(&str, PoolLimits)]) -> Tower {
    let tower = Tower::start().await;
    for (name, limits) in pools {
        tower.handle.pools(PoolInput::Set { name: (*name).to_owned(), limits: limits.clone() }).await.unwrap();
    }
    tower
}

fn at_once(concurrency: u32) -> PoolLimits {
    PoolLimits { concurrency: Some(concurrency), ..PoolLimits::default() }
}

impl Tower {
    async fn asks(&self, body: Value) -> Back {
        self.post(OPENAI, body).await
    }

    /// How many hold permits of openai, and how many wait.
    fn openai(&self) -> (u64, u32) {
        let pool = self.handle.pool_view().pool("openai", self.handle.now()).expect("the test made it");
        (pool.in_use, pool.waiting)
    }
}

fn permit(back: &Back) -> String {
    back.json["permit"].as_str().unwrap_or_else(|| panic!("no permit: {back:?}")).to_owned()
}

#[tokio::test]
async fn a_permit_is_asked_for_waited_for_renewed_and_given_back() {
    let tower = tower_with(&[("openai", at_once(1))]).await;
    let first = tower.asks(json!({ "agent": "enricher", "lease_seconds": 30 })).await;
    assert_eq!((first.status, &first.json["lease_seconds"]), (200, &json!(30)), "{first:?}");
    let second = tower.asks(json!({})).await;
    assert_eq!((second.status, &second.json["position"]), (202, &json!(1)), "{second:?}");
    assert_eq!(second.json["waits_for"], "pool openai: 1 of 1 in use (by enricher); next in line");
    let (one, two) = (permit(&first), permit(&second));
    let again = tower.asks(json!({ "permit": two })).await;
    assert_eq!((again.status, permit(&again)), (202, two.clone()), "{again:?}");
    let renewed = tower.ask(Method::PATCH, &format!("{OPENAI}/{one}"), None).await;
    assert_eq!((renewed.status, &renewed.json["lease_seconds"]), (200, &json!(30)), "{renewed:?}");

    let gone = tower.ask(Method::DELETE, &format!("{OPENAI}/{one}?tokens=900"), None).await;
    assert_eq!((gone.status, gone.json), (204, Value::Null));
    let granted = tower.asks(json!({ "permit": two })).await;
    assert_eq!((granted.status, permit(&granted)), (200, two.clone()), "{granted:?}");
    let gone = tower.ask(Method::DELETE, &format!("{OPENAI}/{two}"), Some(&json!({ "tokens": 5 }))).await;
    assert_eq!(gone.status, 204);
    let twice = tower.ask(Method::DELETE, &format!("{OPENAI}/{two}"), None).await;
    assert_eq!((twice.status, twice.code()), (404, "permit_not_found"));
    tower.stop().await;
}

#[tokio::test]
async fn one_ask_may_wait_until_its_turn_comes() {
    let tower = tower_with(&[("openai", at_once(1))]).await;
    let one = permit(&tower.asks(json!({})).await);
    let waiting = tower.asks(json!({ "wait_seconds": 20 }));
    let giving = async {
        until("one that waits", PATIENCE, async || (tower.openai() == (1, 1)).then_some(())).await;
        tower.ask(Method::DELETE, &format!("{OPENAI}/{one}"), None).await
    };
    let (granted, gone) = tokio::join!(waiting, giving);
    assert_eq!((granted.status, gone.status), (200, 204), "{granted:?}");
    let in_vain = tower.asks(json!({ "wait_seconds": 0.2 })).await;
    assert_eq!((in_vain.status, &in_vain.json["position"]), (202, &json!(1)));
    tower.stop().await;
}

#[tokio::test]
async fn whoever_goes_away_while_it_waits_leaves_the_line() {
    let tower = tower_with(&[("openai", at_once(1))]).await;
    tower.asks(json!({})).await;
    {
        let waiting = tower.asks(json!({ "wait_seconds": 20, "lease_seconds": 3600 }));
        let seen = until("one that waits", PATIENCE, async || (tower.openai() == (1, 1)).then_some(()));
        tokio::select! {
            back = waiting => panic!("nobody gave anything back: {back:?}"),
            () = seen => {}
        }
    }
    until("an empty line", PATIENCE, async || (tower.openai() == (1, 0)).then_some(())).await;
    tower.stop().await;
}

#[tokio::test]
async fn the_permit_of_a_killed_agent_comes_back_when_its_lease_lapses() {
    let tower = tower_with(&[("openai", at_once(1))]).await;
    let killed = permit(&tower.asks(json!({ "lease_seconds": 1 })).await);
    let next = tower.asks(json!({ "wait_seconds": 20 })).await;
    assert_eq!(next.status, 200, "{next:?}");
    let late = tower.ask(Method::PATCH, &format!("{OPENAI}/{killed}"), None).await;
    assert_eq!((late.status, late.code()), (404, "permit_not_found"), "it may not go on as if it had it");
    tower.stop().await;
}

#[tokio::test]
async fn several_pools_are_taken_at_once_or_not_at_all() {
    let tower = tower_with(&[("openai", at_once(2)), ("gpu", at_once(1))]).await;
    let gpu = permit(&tower.post("/v1/pools/gpu/permits", json!({})).await);
    let both = tower.asks(json!({ "pools": [{ "pool": "gpu" }] })).await;
    assert_eq!(both.status, 202, "{both:?}");
    assert_eq!(tower.openai(), (0, 1), "it holds nothing of the one while it waits for the other");
    tower.ask(Method::DELETE, &format!("/v1/pools/gpu/permits/{gpu}"), None).await;
    let both = permit(&tower.asks(json!({ "permit": permit(&both) })).await);
    assert_eq!(tower.openai(), (1, 0));
    let gone = tower.ask(Method::DELETE, &format!("/v1/pools/gpu/permits/{both}"), None).await;
    assert_eq!((gone.status, tower.openai()), (204, (0, 0)), "given back at one of them, given back at all");
    tower.stop().await;
}

#[tokio::test]
async fn a_429_makes_the_pool_back_off_for_everybody() {
    let tower = tower_with(&[("openai", at_once(5))]).await;
    let one = permit(&tower.asks(json!({})).await);
    let told = json!({ "rate_limited": true, "retry_after_seconds": 120, "tokens": 40 });
    let renewed = tower.ask(Method::PATCH, &format!("{OPENAI}/{one}"), Some(&told)).await;
    assert_eq!(renewed.status, 200, "{renewed:?}");
    let second = tower.asks(json!({})).await;
    let words = second.json["waits_for"].as_str().unwrap_or_default();
    assert!(second.status == 202 && words.starts_with("pool openai backs off until "), "{second:?}");
    let pool = tower.handle.pool_view().pool("openai", tower.handle.now()).unwrap();
    assert!(pool.backs_off_until.is_some_and(|until| until.since(tower.handle.now()) > 110_000), "{pool:?}");
    assert_eq!(pool.tokens_last_min, 40);
    tower.stop().await;
}

#[tokio::test]
async fn what_does_not_fit_is_refused_in_the_one_shape() {
    let tower = tower_with(&[("openai", at_once(2))]).await;
    let refused = |back: Back| (back.status, back.code().to_owned(), back.field().to_owned());
    let too_heavy = tower.asks(json!({ "weight": 3 })).await;
    assert!(too_heavy.json["error"]["message"].as_str().unwrap().contains("never fits into pool openai"));
    assert_eq!(refused(too_heavy).0, 422);
    assert_eq!(
        refused(tower.asks(json!({ "wieght": 3 })).await),
        (422, "validation_error".into(), "body.wieght".into())
    );
    assert_eq!(refused(tower.post("/v1/pools/gemini/permits", json!({})).await).0, 404);
    assert_eq!(refused(tower.asks(json!({ "permit": "permit_made-up" })).await).1, "permit_not_found");
    let elsewhere = permit(&tower.asks(json!({})).await);
    let wrong_pool = tower.ask(Method::DELETE, &format!("/v1/pools/gpu/permits/{elsewhere}"), None).await;
    assert_eq!(refused(wrong_pool).1, "permit_not_found");
    let reader = tower.key_with("cues").await;
    let forbidden = tower.ask_as(&reader, Method::POST, OPENAI, None).await;
    assert_eq!(refused(forbidden), (403, "insufficient_scope".into(), String::new()));
    assert_eq!(back(tower.bare(Method::POST, OPENAI)).await.status, 401);
    assert_eq!(tower.openai(), (1, 0), "nothing of it was granted");
    tower.stop().await;
}

#[tokio::test]
async fn deliveries_wait_for_permits_and_their_agents_share_them() {
    let tower = tower_with(&[("openai", at_once(1)), ("gpu", at_once(1))]).await;
    let agent = Server::start(|_, _| Answer::status(202)).await;
    let cue = json!({ "name": "leads", "schedule": { "type": "manual" }, "callback": { "url": agent.url }, "uses": ["openai"] });
    let cue = tower.post("/v1/cues", cue).await.json["id"].as_str().unwrap().to_owned();
    let mut runs = Vec::new();
    for _ in 0..2 {
        let fired = tower.post(&format!("/v1/cues/{cue}/fire"), json!({})).await;
        runs.push(format!("/v1/executions/{}", fired.json["id"].as_str().unwrap()));
    }
    let seen = agent.seen_at_least(1, PATIENCE).await;
    until("one that waits", PATIENCE, async || (tower.openai() == (1, 1)).then_some(())).await;
    let token = seen[0].header("x-cuetower-run-token").to_owned();
    let (running, waiting) = match seen[0].json()["execution_id"].as_str() {
        Some(id) if runs[0].ends_with(id) => (&runs[0], &runs[1]),
        _ => (&runs[1], &runs[0]),
    };
    assert_eq!(tower.get(waiting).await.json["status"], "pending");

    let of_run = tower.ask_as(&token, Method::POST, "/v1/pools/gpu/permits", None).await;
    assert_eq!(of_run.status, 200, "{of_run:?}");
    let own = tower.ask_as(&token, Method::POST, OPENAI, None).await;
    assert_eq!((own.status, own.code()), (409, "waits_for_itself"), "its own run has all of it");
    let of_key = permit(&tower.asks(json!({})).await);
    let foreign = tower.ask_as(&token, Method::DELETE, &format!("{OPENAI}/{of_key}"), None).await;
    assert_eq!((foreign.status, foreign.code()), (404, "permit_not_found"), "a run reaches its own permits alone");
    tower.ask(Method::DELETE, &format!("{OPENAI}/{of_key}"), None).await;
    let gpu = tower.handle.pool_view().pool("gpu", tower.handle.now()).unwrap();
    assert_eq!(gpu.holders[0].holder.words(), "an agent of cue leads");

    let reported = tower.post(&format!("{running}/outcome"), json!({ "success": true, "tokens": 700 })).await;
    assert_eq!(reported.status, 200, "{reported:?}");
    let gpu = tower.handle.pool_view().pool("gpu", tower.handle.now()).unwrap();
    assert_eq!(gpu.in_use, 0, "what its agent had asked for went back with the run");
    agent.seen_at_least(2, PATIENCE).await;
    assert_eq!(tower.openai(), (1, 0));
    let late = tower.ask_as(&token, Method::POST, OPENAI, None).await;
    assert_eq!((late.status, late.code()), (409, "run_ended"));
    tower.stop().await;
}
