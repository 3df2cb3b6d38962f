//! `cueapi-sdk` from PyPI: every method of it, and its own `verify_webhook` on what the tower signs.

use cuetower_tests::{Home, Package, Tower};
use serde_json::json;

use super::told;

const PINS: &str = include_str!("pins/cueapi-sdk.txt");

#[tokio::test(flavor = "multi_thread")]
async fn every_method_of_the_sdk_works() {
    let package = Package::installed(PINS).await;
    let tower = Tower::start().await;
    // May report what became of runs, and write no cues.
    let weak = tower.owner("key_add", &json!({ "name": "reporter", "scopes": ["report"] })).await;
    let weak = weak["key"].as_str().unwrap_or_else(|| panic!("{weak}")).to_owned();
    let facts = told(&package, &Home::new(), "sdk.py", &[&tower.agents, &tower.key, &weak]).await;
    assert_eq!(facts["methods"], 27, "the SDK's own list of methods: {facts}");
    // What it did is what the owner sees.
    for (run, verdict) in [("hook_run", "claimed"), ("proved_run", "confirmed"), ("failed_run", "failed")] {
        let story = tower.owner("run_get", &json!({ "run_id": facts[run] })).await;
        assert_eq!(story["state"], verdict, "{run}: {story}");
    }
}
