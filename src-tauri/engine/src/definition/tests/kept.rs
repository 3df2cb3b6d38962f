//! What is read is what was meant, and what is written reads back as the same.

use cuetower_core::Ms;
use cuetower_core::cue::{CatchUpPolicy, Confirm, Delivery, Evidence, Overlap, Program, Retry, Transport, Unanswered};
use cuetower_core::schedule_spec::{Kind, ScheduleSpec};
use serde_json::{Value, json};

use super::{NOW, command, read, webhook, with};
use crate::definition::{read_new, secret_names, write};

#[test]
fn every_built_field_is_read() {
    let cue = read(&webhook());
    assert_eq!(
        (cue.name.as_str(), cue.description.as_deref(), cue.agent.as_str()),
        ("lead-digest", Some("Looks for leads."), "leads")
    );
    let weekdays = ScheduleSpec::recurring("0 9 * * 1-5", "Europe/Berlin");
    assert_eq!(cue.schedule, weekdays);
    let Transport::Webhook(callback) = &cue.transport else { panic!("it is a webhook: {:?}", cue.transport) };
    assert_eq!((callback.url.as_str(), callback.method.as_str()), ("http://127.0.0.1:9000/run", "PUT"));
    assert_eq!(callback.headers[1], ("X-Team".to_owned(), "sales".to_owned()));
    assert_eq!(cue.payload["region"], "Süd");
    assert_eq!(cue.retry, Retry { max_attempts: 5, backoff_ms: vec![3_000, 60_000, 300_000], on_failed_outcome: true });
    let delivery = Delivery {
        timeout_ms: 2_500,
        outcome_deadline_ms: Some(600_000),
        unanswered: Unanswered::Retry,
        ..Delivery::default()
    };
    assert_eq!(cue.delivery, delivery);
    assert_eq!((cue.confirm, cue.overlap, cue.pause_on_failure), (Confirm::Delivery, Overlap::Queue, true));
    assert_eq!((cue.catch_up.policy, cue.catch_up.within_ms), (CatchUpPolicy::All, Some(43_200_000)));
    assert_eq!((cue.expect.min_processed, cue.expect.max_error_rate), (Some(150.0), Some(0.1)));
    assert_eq!(cue.expect.evidence, [Evidence::ResultUrl, Evidence::Summary]);

    let Transport::Command(command) = read(&command()).transport else { panic!("it is a command") };
    assert_eq!(command.program, Program::Argv(vec!["python3".into(), "leads.py".into(), String::new()]));
    assert_eq!((command.cwd.as_deref(), command.stop_grace_ms), (Some("~/agents"), 2_500));
}

#[test]
fn what_is_left_out_or_null_gets_its_default() {
    let least = json!({ "name": "a", "schedule": { "type": "manual" }, "callback": { "url": "https://example.org" } });
    let cue = read(&least);
    assert_eq!(cue.schedule, ScheduleSpec::manual("UTC"));
    assert_eq!((cue.description.as_deref(), cue.agent.as_str(), &cue.payload), (None, "", &json!({})));
    assert_eq!((&cue.retry, &cue.delivery), (&Retry::default(), &Delivery::default()));
    assert_eq!((cue.confirm, cue.overlap, cue.pause_on_failure), (Confirm::Outcome, Overlap::Allow, false));
    assert_eq!((cue.catch_up.policy, cue.catch_up.within_ms), (CatchUpPolicy::Latest, None));
    let mut nulls = least.clone();
    for field in [
        "description",
        "agent",
        "transport",
        "payload",
        "retry",
        "delivery",
        "confirm",
        "catch_up",
        "overlap",
        "expect",
        "gate",
        "retention",
    ] {
        nulls[field] = Value::Null;
    }
    assert_eq!(read(&nulls), cue);
}

#[test]
fn what_is_written_reads_back_as_the_same() {
    let bodies = [
        webhook(),
        with(webhook(), "retention", json!({ "days": 30, "runs": 500 })),
        command(),
        with(command(), "command", json!({ "shell": "make all | tee log" })),
        with(
            command(),
            "schedule",
            json!({ "type": "once", "at": "2027-01-01T00:00:00.123Z", "timezone": "Asia/Kolkata" }),
        ),
        with(
            webhook(),
            "schedule",
            json!({ "type": "recurring", "cron": " */10 * * * * 30 ", "timezone": "America/New_York" }),
        ),
        with(webhook(), "schedule", json!({ "type": "manual" })),
        with(webhook(), "retry", json!({ "backoff_seconds": [0, 0.1, 7, 11.7, 604800] })),
        with(webhook(), "delivery", json!({ "timeout_seconds": 0.1, "outcome_deadline_seconds": 3600 })),
        with(webhook(), "expect", json!({ "min_processed": 0.5, "max_error_rate": 0 })),
        with(webhook(), "verification", json!({ "mode": "require_artifacts" })),
        with(webhook(), "catch_up", json!({ "policy": "ask" })),
    ];
    for body in bodies {
        let cue = read(&body);
        let written = write(&cue);
        let again = read_new(&written, NOW).unwrap_or_else(|problems| panic!("{written} is refused: {problems:?}"));
        assert_eq!((&again.definition, &again.unknown), (&cue, &Vec::new()), "from {body}");
        assert_eq!(write(&again.definition), written);
    }
}

#[test]
fn the_canonical_form_is_the_specs() {
    let Value::Object(whole) = write(&read(&webhook())) else { panic!("a cue is an object") };
    for (field, value) in webhook().as_object().expect("an object") {
        assert!(holds(&whole[field], value), "{field}: {} does not hold {value}", whole[field]);
    }
    let written = write(&read(&command()));
    assert_eq!(written["schedule"]["at"], "2026-11-30T09:00:00+01:00", "in the clocks of the cue's zone");
    assert_eq!(
        written["retry"].to_string(),
        json!({ "max_attempts": 3, "backoff_minutes": [1, 5, 15], "on_failed_outcome": false }).to_string()
    );
    assert_eq!(
        written["delivery"],
        json!({
            "timeout_seconds": 30, "connect_timeout_seconds": null, "first_byte_timeout_seconds": null,
            "outcome_deadline_seconds": null, "unanswered": "wait"
        })
    );
    assert!(written.get("callback").is_none(), "a command calls nobody: {written}");
}

#[test]
fn a_local_instant_is_meant_in_the_cues_zone() {
    let at = |text: &str| {
        let schedule = json!({ "type": "once", "at": text, "timezone": "Europe/Berlin" });
        match read(&with(command(), "schedule", schedule)).schedule.kind {
            Kind::Once { at } => at,
            other => panic!("it is a once: {other:?}"),
        }
    };
    let nine = Ms(1_796_025_600_000);
    for text in [
        "2026-11-30T09:00",
        "2026-11-30 09:00:00",
        "2026-11-30T09:00:00.000",
        "2026-11-30T08:00:00Z",
        "2026-11-30T08:00:00.000000+00:00",
    ] {
        assert_eq!(at(text), nine, "{text}");
    }
    assert_eq!(at("2027-10-31T02:30"), Ms(at("2027-10-31T03:30").0 - 2 * 3_600_000), "the first of the two passes");
}

#[test]
fn seconds_between_tries_win_over_minutes() {
    let both = json!({ "backoff_minutes": [1, 5], "backoff_seconds": [1.5] });
    assert_eq!(read(&with(webhook(), "retry", both)).retry.backoff_ms, [1_500]);
}

#[test]
fn cueapis_words_mean_ours() {
    for (word, policy) in [
        ("run_once_if_missed", CatchUpPolicy::Latest),
        ("skip_missed", CatchUpPolicy::None),
        ("replay_all_missed", CatchUpPolicy::All),
        ("replay_all", CatchUpPolicy::All),
    ] {
        assert_eq!(read(&with(webhook(), "catch_up", json!(word))).catch_up.policy, policy, "{word}");
    }
    for (mode, evidence) in [
        ("none", vec![]),
        ("require_external_id", vec![Evidence::ExternalId]),
        ("require_result_url", vec![Evidence::ResultUrl]),
        ("require_artifacts", vec![Evidence::Artifacts]),
    ] {
        let body = with(with(webhook(), "expect", json!(null)), "verification", json!({ "mode": mode }));
        assert_eq!(read(&body).expect.evidence, evidence, "{mode}");
    }
    let on_failure = json!({ "email": true, "webhook": null, "pause": true });
    assert!(read(&with(webhook(), "on_failure", on_failure)).pause_on_failure);
    assert_eq!(
        read(&with(webhook(), "callback.method", json!("patch"))),
        read(&with(webhook(), "callback.method", json!("PATCH")))
    );
}

#[test]
fn the_flat_body_is_the_same_cue() {
    let flat = json!({ "name": "digest", "cron": "0 9 * * *", "timezone": "Asia/Tokyo", "callback_url": "https://example.org/hook",
                       "worker": false, "at": null, "payload": { "a": 1 }, "description": "d" });
    let nested = json!({ "name": "digest", "schedule": { "type": "recurring", "cron": "0 9 * * *", "timezone": "Asia/Tokyo" },
                         "callback": { "url": "https://example.org/hook" }, "payload": { "a": 1 }, "description": "d" });
    let read_flat = read_new(&flat, NOW).expect("the flat body is a cue");
    assert_eq!((read_flat.definition, read_flat.unknown), (read(&nested), Vec::new()));
    let once = json!({ "name": "digest", "at": "2027-01-01T00:00:00Z", "callback_url": "http://127.0.0.1:1/" });
    assert!(read(&once).schedule.is_once());
}

#[test]
fn values_that_ask_for_nothing_are_let_through() {
    let mut body = with(command(), "command.restart", json!("never"));
    body["schedule"]["parts"] = json!([]);
    body["schedule"]["jitter_seconds"] = json!(0);
    body["callback"] = json!({ "url": null, "method": "POST", "headers": {} });
    body["on_failure"] = json!({ "fallback_cue": null, "webhook": null });
    for (field, value) in [
        ("priority", json!(0)),
        ("uses", json!([])),
        ("gate", json!({ "before_delivery": false })),
        ("retention", json!({ "days": null })),
        ("budget", json!({ "run": {} })),
        ("on_success_fire", json!(null)),
        ("require_payload_override", json!(false)),
        ("secrets", json!([])),
    ] {
        body[field] = value;
    }
    assert_eq!(read(&body), read(&command()));
}

#[test]
fn unknown_fields_are_named_and_not_used() {
    let mut body = webhook();
    body["colour"] = json!("red");
    body["metadata"] = json!({});
    let read_with = read_new(&body, NOW).expect("unknown fields are no problem here");
    assert_eq!(read_with.unknown, ["colour", "metadata"]);
    assert_eq!(read_with.definition, read(&webhook()));
}

#[test]
fn secrets_are_listed_once() {
    let headers =
        json!({ "Authorization": "Bearer {{secret:B}}", "X-Both": "{{secret:A}} {{secret:B}}", "X-Plain": "x" });
    assert_eq!(secret_names(&read(&with(webhook(), "callback.headers", headers))), ["B", "A"]);
    assert_eq!(secret_names(&read(&command())), ["OPENAI"]);
}

#[test]
fn open_values_are_not_taken_for_secrets() {
    let headers =
        json!({ "Idempotency-Key": "a-1", "X-Plan": "Basic plan", "Accept-Language": "sk-SK", "X-Token": "" });
    read(&with(webhook(), "callback.headers", headers));
    read(&with(command(), "command.env", json!({ "MAX_TOKENS": "4096", "TOKENIZERS_PARALLELISM": "false" })));
}

/// Whether everything of `asked` stands in `whole`.
fn holds(whole: &Value, asked: &Value) -> bool {
    match (whole, asked) {
        (Value::Object(whole), Value::Object(asked)) => {
            asked.iter().all(|(field, value)| whole.get(field).is_some_and(|there| holds(there, value)))
        }
        (whole, asked) => whole == asked,
    }
}
