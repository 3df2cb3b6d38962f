//! What becomes of a cue of CueAPI's, field by field.

use super::*;

const NOW: Ms = Ms(1_795_300_000_000); // 2026-11-21T22:26:40Z

/// As CueAPI's open core lists one.
fn theirs(changes: Value) -> Map<String, Value> {
    let cue = json!({
        "id": "cue_honyhvgjdcj4", "name": "digest", "description": "Each morning", "status": "active",
        "transport": "webhook",
        "schedule": { "type": "recurring", "timezone": "Europe/Berlin", "cron": "0 9 * * 1-5" },
        "callback": { "url": "https://agent.example/run", "method": "PUT", "headers": { "X-Team": "leads" } },
        "payload": { "task": "daily_brief" },
        "retry": { "max_attempts": 5, "backoff_minutes": [2, 4] },
        "next_run": "2026-11-23T08:00:00Z", "last_run": null, "run_count": 3, "fired_count": 3,
        "on_failure": { "email": true, "pause": true, "webhook": "https://agent.example/failed" },
        "verification": { "mode": "require_result_url" }, "warning": null,
        "created_at": "2026-11-20T19:25:14.240009Z", "updated_at": "2026-11-20T19:25:14.240009Z",
    });
    let Value::Object(mut cue) = cue else { panic!("an object") };
    if let Value::Object(changes) = changes {
        cue.extend(changes);
    }
    cue
}

fn mapped(changes: Value) -> Mapped {
    read(&theirs(changes), NOW).unwrap_or_else(|left_out| panic!("left out: {}", left_out.why))
}

fn left_out(changes: Value) -> LeftOut {
    read(&theirs(changes), NOW).expect_err("it is left out")
}

/// As it would be kept.
fn kept(cue: &Mapped) -> Value {
    let read = definition::read_new(&Value::Object(cue.definition.clone()), NOW).unwrap();
    definition::write(&read.definition)
}

#[test]
fn every_field_of_the_open_core_is_carried_over() {
    let cue = mapped(json!({}));
    assert!(cue.notes.is_empty() && cue.secrets.is_empty() && !cue.paused, "{:?}", cue.notes);
    let kept = kept(&cue);
    let expected = json!({
        "name": "digest", "description": "Each morning", "transport": "webhook",
        "payload": { "task": "daily_brief" },
    });
    for (field, value) in expected.as_object().unwrap() {
        assert_eq!(kept[field], *value, "{field}");
    }
    assert_eq!(kept["schedule"]["cron"], "0 9 * * 1-5");
    assert_eq!(kept["schedule"]["timezone"], "Europe/Berlin");
    assert_eq!(kept["callback"]["url"], "https://agent.example/run");
    assert_eq!(kept["callback"]["method"], "PUT");
    assert_eq!(kept["callback"]["headers"], json!({ "X-Team": "leads" }));
    assert_eq!(kept["retry"]["max_attempts"], 5);
    assert_eq!(kept["retry"]["backoff_minutes"], json!([2, 4]));
    assert_eq!(kept["on_failure"]["pause"], true);
    assert_eq!(kept["on_failure"]["webhook"], "https://agent.example/failed");
    assert_eq!(kept["expect"]["evidence"], json!(["result_url"]));
}

#[test]
fn what_hosted_promises_is_carried_over_in_our_words() {
    let policies = [("run_once_if_missed", "latest"), ("skip_missed", "none"), ("replay_all_missed", "all")];
    for (theirs, ours) in policies {
        let cue = mapped(json!({
            "delivery": { "timeout_seconds": 60, "outcome_deadline_seconds": 900 }, "catch_up": theirs,
        }));
        let kept = kept(&cue);
        assert_eq!(kept["catch_up"]["policy"], ours);
        assert_eq!(kept["delivery"]["timeout_seconds"], 60);
        assert_eq!(kept["delivery"]["outcome_deadline_seconds"], 900);
        assert!(cue.notes.is_empty(), "{:?}", cue.notes);
    }
}

#[test]
fn what_hosted_asks_of_outcomes_and_fires_is_carried_over_too() {
    let verification = json!({ "mode": "manual", "required_assertions": ["tests pass"] });
    let alerts = json!({ "consecutive_failures": 5, "missed_window_multiplier": 4 });
    let cue = mapped(json!({
        "verification": verification, "alerts": alerts,
        "require_payload_override": true, "required_payload_keys": ["lead"],
    }));
    assert!(cue.notes.is_empty(), "{:?}", cue.notes);
    let kept = kept(&cue);
    assert_eq!((&kept["verification"], &kept["alerts"]), (&verification, &alerts));
    assert_eq!(kept["require_payload_override"], true);
    assert_eq!(kept["required_payload_keys"], json!(["lead"]));
}

#[test]
fn a_workers_cue_needs_no_callback_and_a_paused_one_stays_paused() {
    let callback = json!({ "url": null, "method": "POST", "headers": {} });
    let cue = mapped(json!({ "transport": "worker", "callback": callback, "status": "paused" }));
    assert!(cue.paused && cue.transport == "worker" && cue.notes.is_empty());
    assert_eq!(cue.words, "weekdays at 09:00");
}

#[test]
fn one_that_had_its_time_is_left_out_as_past() {
    let once = |at: &str| json!({ "schedule": { "type": "once", "at": at, "timezone": "UTC" } });
    for at in ["2026-11-20T20:25:14.259544+00:00", "2026-11-20T20:25:14Z", "2026-11-20T20:25:14"] {
        assert!(left_out(once(at)).is_past, "{at}");
    }
    let mut done = once("2027-01-01T00:00:00Z");
    done["status"] = json!("completed");
    assert!(left_out(done).is_past);
    assert!(mapped(once("2027-01-01T00:00:00Z")).notes.is_empty());
}

#[test]
fn what_cannot_fire_here_is_left_out_with_the_reason() {
    for cron in ["0 9 31 2 *", "R * * * *"] {
        let cue = left_out(json!({ "schedule": { "type": "recurring", "cron": cron, "timezone": "UTC" } }));
        assert!(!cue.is_past && !cue.why.is_empty(), "{cron}");
    }
    assert!(left_out(json!({ "callback": { "url": "ftp://x", "method": "POST" } })).why.contains("http"));
    assert!(left_out(json!({ "transport": "pigeon" })).why.contains("pigeon"));
}

#[test]
fn a_field_that_does_not_fit_goes_alone_and_is_named() {
    let cue = mapped(json!({
        "description": "x".repeat(10_001),
        "retry": { "max_attempts": 5, "backoff_minutes": [999_999, 999_999] },
        "callback": { "url": "https://agent.example/run", "headers": { "Content-Length": "3", "X-Team": "a" } },
        "colour": "red", "stats": { "success_rate": 1.0 }, "tags": [],
    }));
    let places: Vec<&str> = cue.notes.iter().filter_map(|note| note.split(':').next()).collect();
    assert_eq!(places, ["colour", "description", "header Content-Length", "retry.backoff_minutes"], "{:?}", cue.notes);
    let kept = kept(&cue);
    assert_eq!(kept["callback"]["headers"], json!({ "X-Team": "a" }));
    assert_eq!(kept["retry"]["max_attempts"], 5);
}

#[test]
fn a_name_is_made_where_there_is_none_to_show() {
    for (theirs, ours) in [("", "cue_honyhvgjdcj4"), (" ", "cue_honyhvgjdcj4"), ("a\nb", "a b")] {
        let cue = mapped(json!({ "name": theirs }));
        assert_eq!(cue.name, ours);
        assert!(cue.notes[0].starts_with("name:"), "{:?}", cue.notes);
    }
}

#[test]
fn a_header_that_must_not_lie_open_becomes_a_secret() {
    let headers = json!({ "Authorization": "Bearer abc.def.ghi", "X-Team": "leads", "X-Key": "k-123" });
    let mut cue = mapped(json!({ "callback": { "url": "https://agent.example/run", "headers": headers } }));
    let hidden: Vec<(&str, &str)> =
        cue.secrets.iter().map(|secret| (secret.header.as_str(), secret.value.as_str())).collect();
    assert_eq!(hidden, [("Authorization", "Bearer abc.def.ghi"), ("X-Key", "k-123")]);
    assert!(!format!("{cue:?}").contains("abc.def"), "a value is never printed");
    headers::name_secret(&mut cue.definition, "Authorization", "DIGEST_AUTHORIZATION");
    let shown = &kept(&cue)["callback"]["headers"];
    assert_eq!(shown["Authorization"], "{{secret:DIGEST_AUTHORIZATION}}");
    assert_eq!(shown["X-Team"], "leads");
}

#[test]
fn another_server_gets_nothing_of_this_machine() {
    let command = json!({ "transport": "command", "command": { "argv": ["rm", "-r", "/"] }, "callback": null });
    assert!(left_out(command).why.contains("runs a program"));
    let headers = json!({ "X-Team": "{{secret:OPENAI_API_KEY}}" });
    let asking = json!({ "callback": { "url": "https://thief.example/", "headers": headers } });
    assert!(left_out(asking).why.contains("X-Team"));
    let schedule = json!({ "type": "manual", "timezone": "UTC", "paths": ["/home/me/*"] });
    let cue = mapped(json!({
        "schedule": schedule, "preflight": [{ "check": "file", "path": "/etc/shadow" }],
        "uses": [{ "pool": "openai" }], "secrets": ["OPENAI_API_KEY"],
        "callback": { "url": "http://10.0.0.1/", "allow_private": true },
    }));
    let kept = kept(&cue);
    assert_eq!((&kept["schedule"]["paths"], &kept["callback"]["allow_private"]), (&Value::Null, &json!(false)));
    assert_eq!((&kept["preflight"], &kept["uses"]), (&json!([]), &json!([])));
    assert_eq!(cue.notes.len(), 5, "each is named: {:?}", cue.notes);
}
