//! What is refused, at which field and in which words.

use serde_json::{Value, json};

use super::watching::watched;
use super::{NOW, command, market, problems, webhook, with};
use crate::definition::{Invalid, read_new, write};

/// Exactly one problem, at this field, with these words.
pub(super) fn refused(body: &Value, field: &str, words: &str) {
    let problems = problems(body);
    let told: Vec<(&str, &str)> =
        problems.iter().map(|problem| (problem.field.as_str(), problem.message.as_str())).collect();
    assert!(
        matches!(told[..], [(at, message)] if at == field && message.contains(words)),
        "wanted {field}: …{words}…, got {told:?}"
    );
}

pub(super) fn each_refused(body: &Value, table: &[(&str, Value, &str)]) {
    for (place, value, words) in table {
        refused(&with(body.clone(), place, value.clone()), place, words);
    }
}

#[test]
fn a_schedule_that_cannot_be() {
    let body = webhook();
    each_refused(
        &body,
        &[
            ("schedule", json!(null), "is missing; write {\"type\""),
            ("schedule", json!("0 9 * * *"), "must be an object; it is a text"),
            ("schedule.type", json!(null), "is missing; write `recurring`, `interval`, `once`, `manual` or `after`"),
            (
                "schedule.type",
                json!("daily"),
                "must be `recurring`, `interval`, `once`, `manual` or `after`; it is `daily`",
            ),
            ("schedule.cron", json!(null), "needs an expression such as"),
            ("schedule.cron", json!("0 9 32 * *"), "Day of month: `32` is not in 1 to 31 (at character 5)"),
            ("schedule.cron", json!("0 9 31 2 *"), "never"),
            ("schedule.cron", json!(5), "must be a text; it is a number"),
            (
                "schedule.timezone",
                json!("Europe/Berln"),
                "Unknown time zone `Europe/Berln`; did you mean `Europe/Berlin`?",
            ),
            ("schedule.timezone", json!(1), "must be a text"),
            ("schedule.at", json!("2027-01-01T00:00:00Z"), "belongs to a schedule of type `interval` or `once`"),
            ("schedule.crn", json!("x"), "`schedule` has no field `crn`; it has `type`, `cron`, "),
        ],
    );
    each_refused(
        &command(),
        &[
            ("schedule.at", json!(null), "needs an instant such as"),
            ("schedule.at", json!("2026-11-21T11:59:59Z"), "has passed; give an instant that lies ahead"),
            ("schedule.at", json!("2036-12-21T00:00:00Z"), "more than 10 years ahead"),
            ("schedule.at", json!("tomorrow"), "`tomorrow` is no instant"),
            ("schedule.at", json!("2027-03-28T02:30"), "does not exist in Europe/Berlin: the clocks skip it"),
            ("schedule.cron", json!("0 9 * * *"), "belongs to a schedule of type `recurring`"),
        ],
    );
}

#[test]
fn a_callback_that_cannot_be_called() {
    each_refused(
        &webhook(),
        &[
            ("callback", json!(null), "a webhook needs one such as"),
            ("callback.url", json!(null), "is missing; write the address"),
            ("callback.url", json!("ftp://example.org"), "must begin with http:// or https://, not with `ftp:`"),
            ("callback.url", json!("example.org/run"), "is no URL"),
            ("callback.url", json!("http://"), "is no URL"),
            ("callback.url", json!("http://example.org/a b"), "has a space"),
            ("callback.url", json!("http://u:p@example.org/"), "a user name or a password"),
            ("callback.url", json!("http://example.org/{{secret:OPENAI}}"), "send it in a header"),
            ("callback.method", json!("BREW"), "must be `POST`, `PUT`, `PATCH` or `GET`; it is `BREW`"),
            ("callback.method", json!(1), "must be a text"),
            ("callback.transport", json!("worker"), "`callback` has no field `transport`"),
            ("callback.headers", json!([]), "must be an object of texts; it is a list"),
            ("callback.headers.X-Team", json!(5), "must be a text; it is a number"),
            ("callback.headers.X Team", json!("a"), "is no name of a header"),
            ("callback.headers.Content-Length", json!("5"), "is a header that the tower sets"),
            ("callback.headers.X-Team", json!("a\r\nB: c"), "such as a line break"),
            ("callback.headers.x-team", json!("a"), "is there twice"),
            ("callback.headers.X-Team", json!("{{secret:my key}}"), "without the name of a secret"),
            ("callback.headers.X-Team", json!("••••"), "there is none to keep"),
            ("callback.allow_private", json!("yes"), "must be true or false; it is a text"),
            ("transport", json!("pigeon"), "must be `webhook`, `worker`, `command` or `watch`; it is `pigeon`"),
            ("command", json!({ "argv": ["true"] }), "belongs to the transport `command`"),
            ("worker", json!({ "lease_seconds": 5 }), "belongs to the transport `worker`"),
        ],
    );
}

#[test]
fn a_command_that_cannot_be_started() {
    each_refused(
        &command(),
        &[
            ("command", json!(null), "a command needs one such as"),
            ("command.argv", json!(null), "needs `argv`, such as"),
            ("command.argv", json!([]), "names no program"),
            ("command.argv", json!([" "]), "names no program"),
            ("command.argv", json!("python3 leads.py"), "must be a list; it is a text"),
            ("command.shell", json!("make"), "either `argv` or `shell`"),
            ("command.cwd", json!("a\0b"), "NUL"),
            ("command.cwd", json!(false), "must be a text; it is false"),
            ("command.env.A=B", json!("x"), "is no name of a variable"),
            ("command.env.KEY", json!("••••"), "there is none to keep"),
            ("command.stop_grace_seconds", json!(-1), "a number from 0 to 3600; it is -1"),
            ("command.restart", json!("sometimes"), "must be `never`, `on_failure` or `always`; it is `sometimes`"),
            ("callback", json!({ "url": "http://127.0.0.1:1/" }), "belongs to the transport `webhook`"),
        ],
    );
    refused(&with(command(), "command.argv", json!(["a", 5])), "command.argv[1]", "must be a text; it is a number");
    refused(
        &with(command(), "command.argv", json!(["a", "{{secret:A}}"])),
        "command.argv[1]",
        "hand it over in `command.env`",
    );
    refused(&with(command(), "command", json!({ "shell": "  " })), "command.shell", "is empty");
}

#[test]
fn a_secret_in_the_open() {
    let hint = "store it with `cuetowerctl secret set AUTHORIZATION` or in the window, and write `{{secret:AUTHORIZATION}}` here";
    refused(
        &with(webhook(), "callback.headers.Authorization", json!("Bearer abc")),
        "callback.headers.Authorization",
        hint,
    );
    for name in ["cookie", "X-API-Key", "X-Secret", "x-auth-token", "Db-Password", "Key"] {
        let body = with(webhook(), "callback.headers", json!({ name: "abc" }));
        refused(&body, &format!("callback.headers.{name}"), "looks like a secret");
    }
    for (name, value) in [("OPENAI_API_KEY", "abc"), ("DB_PASSWORD", "1234"), ("OTHER", "sk-0123456789abcdef0123")] {
        let body = with(command(), "command.env", json!({ name: value }));
        refused(&body, &format!("command.env.{name}"), &format!("cuetowerctl secret set {name}"));
        let told = problems(&body);
        assert!(!told[0].message.contains(value), "a value is never shown: {told:?}");
    }
}

#[test]
fn numbers_and_words_out_of_range() {
    each_refused(
        &webhook(),
        &[
            ("name", json!(null), "is missing; a cue needs one"),
            ("name", json!("  "), "1 to 255 characters"),
            ("name", json!("x".repeat(256)), "1 to 255 characters"),
            ("name", json!("a\nb"), "one line"),
            ("agent", json!({}), "must be a text; it is an object"),
            ("payload", json!([1]), "must be an object; it is a list"),
            ("payload", json!({ "a": "x".repeat(1024 * 1024) }), "longer than 1 MiB"),
            ("retry.max_attempts", json!(0), "a whole number from 1 to 10; it is 0."),
            ("retry.max_attempts", json!(11), "from 1 to 10; it is 11."),
            ("retry.max_attempts", json!(1.5), "a whole number"),
            ("retry.backoff_minutes", json!([]), "must list 1 to 10 waits"),
            ("retry.backoff_minutes", json!(5), "must be a list; it is a number"),
            ("retry.on_failed_outcome", json!("yes"), "must be true or false; it is a text"),
            ("retry.jitter", json!(1), "`retry` has no field `jitter`"),
            ("delivery.timeout_seconds", json!(0), "a number from 0.1 to 3600; it is 0."),
            ("delivery.timeout_seconds", json!(3601), "it is 3601"),
            ("delivery.outcome_deadline_seconds", json!("5"), "must be a number from 0.1 to 604800; it is a text"),
            ("delivery.unanswered", json!("hope"), "must be `wait` or `retry`"),
            ("confirm", json!("checks"), "needs something to look at"),
            ("confirm", json!("belief"), "must be `outcome`, `exit_code`, `delivery` or `checks`"),
            ("confirm", json!("exit_code"), "A webhook has no exit code"),
            ("catch_up", json!("sometimes"), "must be `latest`, `all`, `none`, `ask`, `run_once_if_missed`"),
            ("catch_up.policy", json!("maybe"), "must be `latest`, `all`, `none` or `ask`; it is `maybe`."),
            ("catch_up.within_seconds", json!(0), "a number from 0.1"),
            ("overlap", json!("pile"), "must be `skip`, `queue`, `allow` or `replace`; it is `pile`"),
            ("expect.min_processed", json!(-1), "it is -1"),
            ("expect.max_error_rate", json!(10), "a number from 0 to 1; it is 10."),
            ("expect.evidence", json!("summary"), "must be a list"),
            ("on_failure.pause", json!(1), "must be true or false"),
            ("on_failure.webhook", json!("mailto:a@b"), "must begin with http:// or https://"),
            ("on_failure.fallback_cue", json!(5), "must be a text"),
            ("on_success_fire", json!(["a"]), "must be a text; it is a list"),
            ("priority", json!(0.5), "must be a whole number"),
            ("priority", json!(101), "a number from -100 to 100; it is 101."),
            ("delivery.connect_timeout_seconds", json!(0), "a number from 0.1"),
        ],
    );
    refused(
        &with(webhook(), "retry.backoff_minutes", json!([1, -5])),
        "retry.backoff_minutes[1]",
        "from 0 to 10080; it is -5.",
    );
    refused(&with(webhook(), "expect.evidence", json!(["proof"])), "expect.evidence[0]", "it is `proof`");
    refused(&with(webhook(), "verification", json!({ "mode": "believe" })), "verification.mode", "or `manual`");
    refused(&with(webhook(), "secrets", json!(["OK", "no"])), "secrets[1]", "capitals");
}

#[test]
fn the_flat_body_is_refused_in_its_own_words() {
    let flat = json!({ "name": "a", "cron": "61 * * * *", "callback_url": "nowhere", "timezone": "Mars" });
    let problems = problems(&flat);
    let mut fields: Vec<&str> = problems.iter().map(|problem| problem.field.as_str()).collect();
    fields.sort_unstable();
    assert_eq!(fields, ["callback_url", "cron", "timezone"], "{problems:?}");
    let worker = json!({ "name": "a", "cron": "0 9 * * *", "worker": true, "callback_url": "http://a.b/" });
    refused(&worker, "callback", "belongs to the transport `webhook`");
    let both = json!({ "name": "a", "cron": "0 9 * * *", "at": "2027-01-01T00:00:00Z", "callback_url": "http://a.b/" });
    refused(&both, "at", "belongs to a schedule of type `interval` or `once`");
    refused(&with(webhook(), "cron", json!("0 9 * * *")), "cron", "write `schedule.cron` alone");
}

#[test]
fn every_problem_is_told_at_once() {
    let body = json!({ "schedule": { "type": "recurring", "cron": "x", "timezone": "y" }, "callback": { "url": "z" }, "retry": 5 });
    let fields: Vec<String> = problems(&body).into_iter().map(|problem| problem.field).collect();
    assert_eq!(fields, ["name", "schedule.timezone", "schedule.cron", "callback.url", "retry"]);
}

#[test]
fn what_is_no_object_is_no_cue() {
    for body in [json!(null), json!([]), json!("cue"), json!(1)] {
        refused(&body, "definition", "must be a JSON object");
    }
    assert!(!problems(&json!({})).is_empty());
}

#[test]
fn a_hostile_body_is_refused_quickly() {
    let many: serde_json::Map<String, Value> = (0..200_000).map(|n| (format!("x{n}"), json!(n))).collect();
    refused(
        &with(webhook(), "callback.headers", json!(many)),
        "callback.headers",
        "has 200000 entries; at most 100 fit",
    );
    refused(&with(command(), "command.argv", json!(vec!["a"; 200_000])), "command.argv", "at most 1000 fit");
    assert_eq!(problems(&with(webhook(), "retry", json!(many))).len(), 100, "the first hundred are enough");
}

/// Every value of four full cues, replaced by every odd one: refused in whole sentences, or a cue that reads back.
#[test]
fn no_odd_value_does_harm() {
    let odd = [
        json!(null),
        json!(true),
        json!(-1),
        json!(0),
        json!(1e300),
        json!(""),
        json!("••••"),
        json!("{{secret:"),
        json!("\u{0}"),
        json!("ü".repeat(70)),
        json!([]),
        json!([null]),
        json!([[]]),
        json!({}),
        json!({ "": {} }),
    ];
    for body in [webhook(), command(), market(), watched()] {
        for place in places(&body, "") {
            for value in &odd {
                let mut changed = body.clone();
                *changed.pointer_mut(&place).expect("places are in the body") = value.clone();
                match read_new(&changed, NOW) {
                    Ok(read) => {
                        let again = read_new(&write(&read.definition), NOW).map(|again| again.definition);
                        assert_eq!(again, Ok(read.definition), "{value} at {place}");
                    }
                    Err(problems) => assert!(
                        !problems.is_empty() && problems.iter().all(is_told),
                        "{value} at {place}: {problems:?}"
                    ),
                }
            }
        }
    }
}

fn is_told(problem: &Invalid) -> bool {
    !problem.field.is_empty() && problem.message.ends_with(['.', '?'])
}

fn places(value: &Value, at: &str) -> Vec<String> {
    let below: Vec<(String, &Value)> = match value {
        Value::Object(map) => map.iter().map(|(key, value)| (format!("{at}/{key}"), value)).collect(),
        Value::Array(list) => list.iter().enumerate().map(|(index, value)| (format!("{at}/{index}"), value)).collect(),
        _ => Vec::new(),
    };
    below.into_iter().flat_map(|(place, value)| std::iter::once(place.clone()).chain(places(value, &place))).collect()
}

#[test]
fn a_past_that_cannot_be_kept_so() {
    each_refused(
        &with(webhook(), "retention", json!({})),
        &[
            ("retention", json!(30), "must be an object; it is a number"),
            ("retention.days", json!(0), "must be a whole number from 1 to 36600; it is 0"),
            ("retention.runs", json!(1.5), "must be a whole number from 1 to 100000000"),
            ("retention.months", json!(1), "`retention` has no field `months`; it has `days`"),
        ],
    );
}
