//! A cue as a file keeps it reads back as the same cue, whatever is in it, and says nothing that would go without saying.

use cuetower_core::Ms;
use cuetower_core::cue::CueDefinition;
use proptest::prelude::*;
use serde_json::{Map, Value, json};

use super::{NOW, command, read, webhook, with};
use crate::definition::{Pause, portable, put_pause, read_again, read_new, secret_names, take_pause};

/// Of each section, some that a cue may have.
fn sections() -> Vec<(&'static str, Vec<Value>)> {
    let check = json!({ "check": "url", "url": "https://example.org", "headers": { "Authorization": "{{secret:A}}" },
                        "status": 204, "body_matches": "o.k", "timeout_seconds": 2.5 });
    let sql = json!({ "check": "sql", "sqlite": "/tmp/x.db", "query": "select 1", "at_least": 1 });
    let exactly = json!({ "check": "sql", "postgres": "postgres://h/db", "query": "select 1", "equals": "yes" });
    let file = json!({ "check": "file", "path": "/tmp/report.md", "newer_than_fire": true, "min_lines": "{{outcome.processed}}",
                       "matches": "total" });
    let schedules = vec![
        json!({ "type": "manual", "timezone": "Asia/Kolkata" }),
        json!({ "type": "recurring", "cron": "0 9 * * 1-5", "timezone": "Europe/Berlin", "jitter_seconds": 20 }),
        json!({ "type": "recurring", "cron": "5 * * * *", "timezone": "America/New_York",
                "parts": [{ "days": "mon-fri", "from": "09:30", "to": "16:00", "every_seconds": 60, "at_once": 4 }],
                "blackout": [{ "from": "2026-12-24", "to": "2026-12-27" }] }),
        json!({ "type": "interval", "every_seconds": 0.5 }),
        json!({ "type": "interval", "every_seconds": 90, "at": "2026-01-01T00:00:01.500Z" }),
        json!({ "type": "once", "at": "2027-03-28T03:30:00+02:00", "timezone": "Europe/Berlin" }),
        json!({ "type": "after", "cue": "cue_other", "on": "failed" }),
        json!({ "type": "manual", "paths": ["~/inbox/*.csv"], "next_run": { "min_seconds": 30, "max_seconds": 86400 } }),
    ];
    let webhook = |rest: Value| {
        let mut callback = json!({ "url": "http://127.0.0.1:9/run" });
        callback.as_object_mut().expect("it is one").extend(rest.as_object().cloned().unwrap_or_default());
        callback
    };
    vec![
        ("schedule", schedules),
        ("transport", vec![json!("webhook"), json!("worker"), json!("command"), json!("watch")]),
        (
            "callback",
            vec![
                webhook(json!({})),
                webhook(json!({ "method": "PUT", "headers": { "X-A": "{{secret:B}}" }, "allow_private": true })),
            ],
        ),
        ("worker", vec![json!({ "lease_seconds": 45 })]),
        (
            "command",
            vec![
                json!({ "argv": ["python3", "", "a b"] }),
                json!({ "shell": "make all | tee log", "cwd": "~/x", "env": { "K": "{{secret:C}}" } }),
                json!({ "argv": ["x"], "restart": "on_failure", "stop_grace_seconds": 2.5 }),
            ],
        ),
        ("description", vec![json!(""), json!("Looks\nfor leads “today”.")]),
        ("agent", vec![json!("lead-scout")]),
        (
            "payload",
            vec![json!({}), json!({ "a": null, "b": [1, 1.0, { "c": 18_446_744_073_709_551_615_u64 }], "": {} })],
        ),
        (
            "retry",
            vec![
                json!({ "max_attempts": 1 }),
                json!({ "max_attempts": 5, "backoff_minutes": [0.05, 1, 7.3], "on_failed_outcome": true }),
            ],
        ),
        (
            "delivery",
            vec![
                json!({ "timeout_seconds": 0.7, "connect_timeout_seconds": 2, "first_byte_timeout_seconds": 3.25 }),
                json!({ "outcome_deadline_seconds": 600, "unanswered": "retry" }),
            ],
        ),
        ("confirm", vec![json!("outcome"), json!("exit_code"), json!("delivery"), json!("checks")]),
        (
            "catch_up",
            vec![
                json!({ "policy": "all", "within_seconds": 43_200 }),
                json!({ "policy": "none" }),
                json!({ "policy": "ask" }),
            ],
        ),
        ("overlap", vec![json!("skip"), json!("queue"), json!("allow"), json!("replace")]),
        (
            "expect",
            vec![
                json!({ "min_processed": 150, "max_error_rate": 0.1, "evidence": ["summary", "result_url"] }),
                json!({ "max_duration_seconds": 12.5, "assert": ["processed >= 3"] }),
            ],
        ),
        (
            "verification",
            vec![
                json!({ "mode": "none" }),
                json!({ "mode": "manual" }),
                json!({ "mode": "require_artifacts", "required_assertions": ["sent"] }),
            ],
        ),
        ("alerts", vec![json!({ "consecutive_failures": 2 }), json!({ "missed_window_multiplier": 4 })]),
        ("required_payload_keys", vec![json!(["lead"])]),
        ("require_payload_override", vec![json!(true)]),
        (
            "on_failure",
            vec![
                json!({ "pause": true, "email": false }),
                json!({ "webhook": "https://example.org/x", "fallback_cue": "cue_other" }),
            ],
        ),
        ("on_success_fire", vec![json!("cue_other")]),
        (
            "heartbeat",
            vec![
                json!({ "interval_seconds": 60 }),
                json!({ "interval_seconds": 60, "grace_seconds": 5, "start_grace_seconds": 0, "progress_within_seconds": 300, "restart": true }),
            ],
        ),
        (
            "budget",
            vec![
                json!({ "run": { "cost_usd": 0.35, "tokens": 100_000, "steps": 40, "duration_seconds": 90 } }),
                json!({ "day": { "cost_usd": 5 } }),
            ],
        ),
        ("loops", vec![json!("stop"), json!("alert"), json!("off")]),
        ("priority", vec![json!(-3), json!(7)]),
        ("uses", vec![json!(["model-api"]), json!([{ "pool": "gpu", "weight": 2, "tokens": 900 }])]),
        ("secrets", vec![json!(["STRIPE"]), json!([{ "name": "MAIL", "tools": ["send"] }])]),
        (
            "preflight",
            vec![json!([{ "check": "disk", "path": "/srv", "free_gb": 1.5, "on_fail": "fail" }, check.clone()])],
        ),
        ("checks", vec![json!([file, { "check": "manual" }]), json!([check, sql, exactly])]),
        (
            "gate",
            vec![
                json!({ "before_delivery": true, "deadline_seconds": 90, "on_no_answer": "proceed" }),
                json!({ "before_confirmation": true, "steps": ["send"] }),
            ],
        ),
    ]
}

/// A cue of chosen sections; what does not go with the others is taken out until it is one.
fn cue_of(chosen: &[Option<prop::sample::Index>]) -> CueDefinition {
    let mut body: Map<String, Value> = Map::new();
    body.insert("name".to_owned(), json!("leads ✈ \"1\""));
    for ((field, some), index) in sections().iter().zip(chosen) {
        if let Some(index) = index {
            body.insert((*field).to_owned(), some[index.index(some.len())].clone());
        }
    }
    body.entry("schedule").or_insert(json!({ "type": "manual" }));
    body.entry("transport").or_insert(json!("command"));
    let needed = [
        ("webhook", "callback", json!({ "url": "http://127.0.0.1:9/run" })),
        ("command", "command", json!({ "argv": ["true"] })),
    ];
    for (transport, section, value) in needed {
        if body["transport"] == transport {
            body.entry(section).or_insert(value);
        }
    }
    loop {
        match read_new(&Value::Object(body.clone()), NOW) {
            Ok(read) => return read.definition,
            Err(problems) => {
                let field = problems[0].field.split(['.', '[']).next().unwrap_or_default().to_owned();
                let gone = body.remove(&field);
                assert!(gone.is_some() && field != "name", "{problems:?} in {body:?}");
                let least = match field.as_str() {
                    "schedule" => json!({ "type": "manual" }),
                    "transport" => json!("command"),
                    "callback" => json!({ "url": "http://127.0.0.1:9/run" }),
                    "command" => json!({ "argv": ["true"] }),
                    _ => continue,
                };
                // A section that its transport has not stays out.
                if gone != Some(least.clone()) {
                    body.insert(field, least);
                }
            }
        }
    }
}

fn chosen() -> impl Strategy<Value = Vec<Option<prop::sample::Index>>> {
    prop::collection::vec(prop::option::weighted(0.6, any::<prop::sample::Index>()), sections().len())
}

proptest! {
    // Each reads some thirty cues.
    #![proptest_config(ProptestConfig { cases: 24, max_shrink_iters: 64, ..ProptestConfig::default() })]
    #[test]
    fn every_field_comes_back(chosen in chosen()) {
        let cue = cue_of(&chosen);
        let file = Value::Object(portable(&cue, NOW, |_| None));
        let back = read_new(&file, NOW).map_err(|problems| TestCaseError::fail(format!("{problems:?} in {file}")))?;
        prop_assert_eq!(&back.definition, &cue, "{}", file);
        prop_assert_eq!(back.unknown, Vec::<String>::new());
        prop_assert_eq!(Value::Object(portable(&back.definition, NOW, |_| None)), file.clone(), "the same cue makes the same file");
        // Nothing in it could be left out.
        for field in file.as_object().expect("it is one").keys().filter(|field| !["name", "transport", "schedule"].contains(&field.as_str())) {
            let mut less = file.clone();
            less.as_object_mut().expect("it is one").remove(field);
            let same = read_new(&less, NOW).is_ok_and(|read| read.definition == cue);
            prop_assert!(!same, "{} goes without saying in {}", field, file);
        }
    }
}

#[test]
fn a_plain_cue_is_a_short_file() {
    let file = Value::Object(portable(&read(&command()), NOW, |_| None));
    let expected = json!({
        "name": "backup", "transport": "command",
        "schedule": { "type": "once", "at": "2026-11-30T09:00:00+01:00", "timezone": "Europe/Berlin" },
        "command": { "argv": ["python3", "leads.py", ""], "cwd": "~/agents",
                     "env": { "KEY": "{{secret:OPENAI}}", "LANG": "C" }, "stop_grace_seconds": 2.5 },
        "confirm": "exit_code"
    });
    assert_eq!(file, expected);
}

#[test]
fn other_cues_are_named_by_their_names_and_secrets_by_theirs() {
    let schedule = json!({ "type": "after", "cue": "cue_1", "on": "confirmed" });
    let mut body = with(webhook(), "schedule", schedule);
    body["catch_up"] = Value::Null;
    body["on_success_fire"] = json!("cue_2");
    body["on_failure"] = json!({ "fallback_cue": "cue_3" });
    let cue = read(&body);
    let named = |id: &str| ["cue_1", "cue_2"].contains(&id).then(|| id.replace("cue_", "cue number "));
    let file = Value::Object(portable(&cue, NOW, named));
    assert_eq!(file["schedule"]["cue"], "cue number 1");
    assert_eq!(file["on_success_fire"], "cue number 2");
    assert_eq!(file["on_failure"], json!({ "fallback_cue": "cue_3" }), "one that is gone has no name");
    assert_eq!(file["callback"]["headers"]["Authorization"], "Bearer {{secret:OPENAI}}");
    assert_eq!(secret_names(&cue), ["OPENAI"]);
}

#[test]
fn a_cue_whose_only_instant_has_passed_is_written_all_the_same() {
    let cue = read(&command());
    let later = Ms(NOW.0 + 400 * 24 * 3_600_000);
    let file = Value::Object(portable(&cue, NOW, |_| None));
    assert!(read_new(&file, later).is_err(), "nobody makes a cue for a day that is over");
    assert_eq!(read_again(&cue, &file, later).unwrap().definition, cue, "but one that is here stays as it is");
}

#[test]
fn a_pause_is_taken_and_put() {
    let pause = |cue: Value| {
        let Value::Object(mut cue) = cue else { panic!("it is one") };
        let taken = take_pause(&mut cue, NOW);
        assert!(!cue.contains_key("paused") && !cue.contains_key("paused_until"));
        taken
    };
    assert_eq!(pause(json!({ "name": "a" })), Ok(Pause::Unsaid));
    assert_eq!(pause(json!({ "paused": false })), Ok(Pause::Off));
    assert_eq!(pause(json!({ "paused": true })), Ok(Pause::On(None)));
    let until = json!({ "paused_until": "2026-11-30T09:00", "schedule": { "timezone": "Europe/Berlin" } });
    let at = Ms(1_796_025_600_000);
    assert_eq!(pause(until), Ok(Pause::On(Some(at))));
    assert_eq!(pause(json!({ "paused": true, "paused_until": "2026-11-20T09:00:00Z" })), Ok(Pause::Off), "it is over");
    for wrong in [
        json!({ "paused": "yes" }),
        json!({ "paused_until": "soon" }),
        json!({ "paused": false, "paused_until": "2026-11-30T09:00:00Z" }),
    ] {
        assert!(pause(wrong.clone()).is_err(), "{wrong}");
    }
    let mut cue = Map::new();
    put_pause(&mut cue, Pause::On(Some(at)), "Europe/Berlin");
    assert_eq!(Value::Object(cue), json!({ "paused_until": "2026-11-30T09:00:00+01:00" }));
}
