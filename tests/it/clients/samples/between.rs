//! What happened between the recorded requests: runs fired and claimed, the owner's click, ten cues of another account; and
//! who spoke, which the recording leaves out.

use cuetower_tests::Tower;
use serde_json::{Value, json};

use super::{Back, Sample, Stage};

/// Refusals that only a tower with strict addresses gives.
pub fn is_strict(number: u16) -> bool {
    matches!(number, 13 | 34..=37)
}

/// Which cue a run belonged to that is first seen in this request, and whether it had been claimed.
fn fired_for(number: u16) -> Option<(&'static str, bool)> {
    match number {
        104 | 105 => Some(("069", true)),
        106..=108 => Some(("070", true)),
        109 | 110 => Some(("071", true)),
        111 | 113 => Some(("072", true)),
        115 | 117..=122 => Some(("068", true)),
        126 | 129 => Some(("068", false)),
        _ => None,
    }
}

const WORKER: &str = "w-19eece";
const DEVICE_CODE: &str = "19EECE-DC01";
const RATE: usize = 60;

impl Stage {
    /// Whose bearer the recording had.
    pub(super) fn credential(&self, number: u16) -> String {
        match number {
            5 => "cue_sk_00000000000000000000000000000000".to_owned(),
            6 => "eyJhbGciOiJIUzI1NiJ9.e30.bm8".to_owned(),
            155 | 156 => self.words.live("session token"),
            157 => self.words.live("device key"),
            203 => self.rotated_key.clone(),
            207 => self.quota_key.clone(),
            number if is_strict(number) => self.strict_key.clone(),
            _ => self.key.clone(),
        }
    }

    pub(super) async fn before(&mut self, sample: &Sample) {
        if let Some((cue, claimed)) = fired_for(sample.number) {
            let run = self.fired(&self.words.live(cue), claimed).await;
            let recorded = sample.request["path"].as_str().unwrap().split('/').nth(3).unwrap();
            if self.words.known(recorded).is_none() {
                self.words.learn_word(recorded, &run);
            }
        }
        match sample.number {
            1 => {
                // Some worker of another account had been seen.
                let before = self.registered("before@example.com").await;
                self.ask_as(&before, "/v1/worker/heartbeat", &json!({ "worker_id": "w-before" })).await;
            }
            // The recorder had raised its account above ten cues; the owner's own account has no such limit.
            10 => {
                let key = json!({ "name": "recorded", "scopes": ["cues", "report"] });
                self.key = self.tower.owner("key_add", &key).await["key"].as_str().unwrap().to_owned();
            }
            128 => while self.ask("/v1/executions/claim", &json!({ "worker_id": WORKER })).await.0 == 200 {},
            151 => self.approved().await,
            207 => {
                for nth in 1..=10 {
                    let cue = json!({ "name": format!("q{nth}"), "transport": "worker",
                                      "schedule": { "type": "recurring", "cron": "*/15 * * * *", "timezone": "UTC" } });
                    let (status, answer) = self.ask_as(&self.quota_key, "/v1/cues", &cue).await;
                    assert_eq!(status, 201, "{answer}");
                }
            }
            _ => {}
        }
    }

    /// Learns what the answer says.
    pub(super) fn after(&mut self, sample: &Sample, back: &Back) {
        self.words.learn(&sample.answer, &back.json);
        let word = |field: &str| back.json[field].as_str().unwrap_or_default().to_owned();
        match sample.number {
            68..=72 => self.words.learn_word(&format!("{:03}", sample.number), &word("id")),
            152 => self.words.learn_word("device key", &word("api_key")),
            154 => self.words.learn_word("session token", &word("session_token")),
            202 => self.rotated_key = std::mem::replace(&mut self.key, word("api_key")),
            206 => self.quota_key = word("api_key"),
            _ => {}
        }
    }

    /// The last of too many requests, at a tower that bounds them as the recorded one did.
    pub(super) async fn hurried(&self) -> Back {
        let tower = Tower::start_with(None, &["--open-registration", "--rate-limit", &RATE.to_string()], &[]).await;
        let (status, account) = tower.post("/v1/auth/register", &json!({ "email": "quota@example.com" })).await;
        assert_eq!(status, 201, "{account}");
        let key = account["api_key"].as_str().unwrap();
        let url = format!("{}/v1/cues", tower.agents);
        for nth in 0..=RATE {
            let back = self.answer(self.http.get(&url).bearer_auth(key), &url).await;
            if back.status != 200 || nth == RATE {
                return back;
            }
        }
        unreachable!("the last one returns");
    }

    /// The key of a new account.
    async fn registered(&self, email: &str) -> String {
        let (status, account) = self.tower.post("/v1/auth/register", &json!({ "email": email })).await;
        assert_eq!(status, 201, "{account}");
        account["api_key"].as_str().unwrap().to_owned()
    }

    /// A run of this cue, claimable or claimed.
    async fn fired(&self, cue: &str, claimed: bool) -> String {
        let (status, run) = self.ask(&format!("/v1/cues/{cue}/fire"), &json!({})).await;
        assert_eq!(status, 200, "{cue}: {run}");
        let run = run["id"].as_str().unwrap().to_owned();
        if claimed {
            let (status, answer) =
                self.ask(&format!("/v1/executions/{run}/claim"), &json!({ "worker_id": WORKER })).await;
            assert_eq!(status, 200, "{answer}");
        }
        run
    }

    /// The owner's click, in place of the recorded e-mail's link.
    async fn approved(&self) {
        self.tower.ctl(&["login", "approve", DEVICE_CODE]).await.good();
    }

    async fn ask(&self, path: &str, body: &Value) -> (u16, Value) {
        self.ask_as(&self.key, path, body).await
    }

    async fn ask_as(&self, key: &str, path: &str, body: &Value) -> (u16, Value) {
        let url = format!("{}{path}", self.tower.agents);
        let request = self.http.post(&url).bearer_auth(key).header("content-type", "application/json");
        let back = self.answer(request.body(body.to_string()), &url).await;
        (back.status, back.json)
    }
}
