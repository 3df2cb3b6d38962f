//! What the owner does to the cues meanwhile.

use chrono::DateTime;
use cuetower_tests::Tower;
use rand::Rng as _;
use rand::rngs::StdRng;
use serde_json::{Value, json};

/// Cues there are at once.
const CUES: usize = 8;
const SCHEDULES: [&str; 7] =
    ["* * * * * *", "* * * * * */5", "* * * * *", "*/7 * * * *", "30 2 * * *", "0 * * * *", "*/30 * * * *"];

pub struct Desk {
    agent: String,
    cues: Vec<String>,
    made: u32,
    pub edits: u32,
}

impl Desk {
    pub fn new(agent: &str) -> Desk {
        Desk { agent: agent.to_owned(), cues: Vec::new(), made: 0, edits: 0 }
    }

    pub async fn open(&mut self, tower: &Tower, luck: &mut StdRng, now_ms: i64) {
        while self.cues.len() < CUES {
            self.create(tower, luck, now_ms).await;
        }
    }

    /// One change of one cue. The tower may refuse it; what it may not do is forget it.
    pub async fn change(&mut self, tower: &Tower, luck: &mut StdRng, now_ms: i64) {
        self.edits += 1;
        let at = one(luck, &(0..self.cues.len()).collect::<Vec<_>>());
        let cue = json!({ "cue_id": self.cues[at] });
        let length_ms = i64::try_from(luck.next_u64() % 600_000).unwrap();
        let with = |more: Value| {
            let mut request = cue.clone();
            request.as_object_mut().unwrap().extend(more.as_object().cloned().unwrap());
            request
        };
        match luck.next_u64() % 12 {
            0..4 => {
                let name = tower.owner("cue_get", &cue).await["name"].clone();
                let definition = self.definition(&name, luck, now_ms);
                ask(tower, "cue_update", &with(json!({ "revision": null, "definition": definition }))).await;
            }
            4 => ask(tower, "cue_pause", &cue).await,
            5 => ask(tower, "cue_pause", &with(json!({ "until_ms": now_ms + length_ms }))).await,
            6 | 7 => ask(tower, "cue_resume", &cue).await,
            8 => {
                ask(tower, "cue_delete", &cue).await;
                self.cues.remove(at);
                self.create(tower, luck, now_ms).await;
            }
            9 => ask(tower, "cue_fire", &with(json!({ "payload": null }))).await,
            10 => ask(tower, "cue_fire", &with(json!({ "payload": {}, "send_at_ms": now_ms + length_ms }))).await,
            _ => self.answer(tower, luck.next_u64().is_multiple_of(2)).await,
        }
    }

    /// What asks is answered, and nothing waits for a later time any more.
    pub async fn close(&self, tower: &Tower) {
        self.answer(tower, false).await;
        for cue in &self.cues {
            let paused = json!({ "cue_id": cue });
            ask(tower, "cue_delete", &paused).await;
        }
    }

    async fn answer(&self, tower: &Tower, run: bool) {
        let board = tower.owner("board", &json!({ "from_ms": 0, "to_ms": 1 })).await;
        for mark in board["marks"].as_array().unwrap().iter().filter(|mark| mark["asks"] == true) {
            let answer = json!({ "cue_id": mark["cue_id"], "occurrence_id": mark["occurrence_id"], "run": run });
            ask(tower, "occurrence_answer", &answer).await;
        }
    }

    async fn create(&mut self, tower: &Tower, luck: &mut StdRng, now_ms: i64) {
        self.made += 1;
        let name = json!(format!("cue {}", self.made));
        // A jitter longer than the gap between two instants is refused.
        loop {
            let definition = self.definition(&name, luck, now_ms);
            let (status, cue) = tower.owner_call("cue_create", &json!({ "definition": definition })).await;
            if status == 200 {
                return self.cues.push(cue["id"].as_str().unwrap().to_owned());
            }
            assert_eq!(cue["field"], "schedule.jitter_seconds", "{definition}: {cue}");
        }
    }

    fn definition(&self, name: &Value, luck: &mut StdRng, now_ms: i64) -> Value {
        let (policy, overlap) =
            (one(luck, &["latest", "all", "none", "ask"]), one(luck, &["skip", "queue", "allow", "replace"]));
        let mut catch_up = json!({ "policy": policy });
        if policy == "latest" && luck.next_u64().is_multiple_of(2) {
            catch_up["within_seconds"] = json!(one(luck, &[30, 600, 43_200]));
        }
        json!({
            "name": name, "transport": "webhook", "callback": { "url": format!("{}/run", self.agent) },
            "schedule": schedule(luck, now_ms, overlap != "allow"), "catch_up": catch_up, "overlap": overlap,
            "delivery": { "outcome_deadline_seconds": 2 }, "retry": { "max_attempts": 3, "backoff_seconds": [0.2] },
        })
    }
}

fn schedule(luck: &mut StdRng, now_ms: i64, limited: bool) -> Value {
    let zone = one(luck, &["Europe/Berlin", "UTC", "America/New_York"]);
    let mut schedule = if luck.next_u64().is_multiple_of(4) {
        json!({ "type": "interval", "every_seconds": one(luck, &[3, 7, 61, 3_600]), "timezone": zone })
    } else {
        json!({ "type": "recurring", "cron": one(luck, &SCHEDULES), "timezone": zone })
    };
    if luck.next_u64().is_multiple_of(3) {
        let days = one(luck, &["mon-fri", "sat-sun", "sat,sun,mon"]);
        let mut window = json!({ "days": days, "from": "01:00", "to": "15:30", "every_seconds": one(luck, &[2, 10, 90]),
                                 "timezone": one(luck, &["Europe/Berlin", "America/New_York"]) });
        if limited {
            window["at_once"] = json!(one(luck, &[1, 3]));
        }
        schedule["parts"] = json!([window]);
    }
    if luck.next_u64().is_multiple_of(3) {
        let begins_ms = now_ms - 60_000 + i64::try_from(luck.next_u64() % 600_000).unwrap();
        let length_ms = i64::try_from(10_000 + luck.next_u64() % 3_600_000).unwrap();
        let text =
            |at_ms: i64| DateTime::from_timestamp_millis(at_ms).unwrap().format("%Y-%m-%dT%H:%M:%SZ").to_string();
        schedule["blackout"] = json!([{ "from": text(begins_ms), "to": text(begins_ms + length_ms) }]);
    }
    if luck.next_u64().is_multiple_of(3) {
        schedule["jitter_seconds"] = json!(one(luck, &[1, 5, 40]));
    }
    schedule
}

fn one<T: Clone>(luck: &mut StdRng, of: &[T]) -> T {
    of[usize::try_from(luck.next_u64() % of.len() as u64).unwrap()].clone()
}

async fn ask(tower: &Tower, command: &str, request: &Value) {
    let (status, answer) = tower.owner_call(command, request).await;
    assert!(status < 500, "{command} {request}: {status} {answer}");
}
