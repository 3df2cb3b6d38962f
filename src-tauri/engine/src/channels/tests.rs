//! Each note as its service documents it, and nothing that an agent said as markup.

use cuetower_core::Ms;
use cuetower_core::alert::{Alert, AlertKind, Severity};
use cuetower_core::channel::{Digest, Note, What, Why};
use serde_json::{Value, json};

use super::Channels;
use super::email::{Plain, Smtp, SmtpTls, message};
use super::text::{cut, html, markdown, one_line};
use super::{discord, ntfy, pagerduty, recipients, slack, webhook};

/// 2026-11-22T05:00:00.250Z
const AT: Ms = Ms(1_795_323_600_250);
const LINK: Option<&str> = Some("http://127.0.0.1:8738/#/run/run-1");

fn alert(title: &str, body: &str) -> Alert {
    serde_json::from_value(json!({
        "id": "alert-1", "kind": "silent_run", "severity": "critical", "cue_id": "cue_1", "run_id": "run-1",
        "title": title, "body": body, "state": "open", "count": 3,
        "opened_at": AT.0, "last_at": AT.0, "notified_at": AT.0, "resolved_at": null,
    }))
    .unwrap()
}

fn note(what: What) -> Note {
    Note::of(what, &alert("leads has gone quiet", "No word for 5 min.\nIts last: \"working\"."), 7, AT)
}

/// What an agent may try.
fn hostile() -> Note {
    let title = "<!channel> [click](http://evil) @everyone <script>alert(1)</script>\r\nBcc: x@evil";
    Note::of(What::Opened, &alert(title, "*bold* `code` <@U123> & <img src=x onerror=1>\n# heading\n> quote"), 7, AT)
}

fn text<'a>(value: &'a Value, pointer: &str) -> &'a str {
    value.pointer(pointer).and_then(Value::as_str).unwrap_or_else(|| panic!("no {pointer} in {value}"))
}

#[test]
fn slack_gets_blocks_and_a_text_for_its_notifications() {
    let body = slack::body(&note(What::Opened), LINK);
    let plain = |text: &str| json!({ "type": "plain_text", "text": text, "emoji": false });
    assert_eq!(body["text"], "leads has gone quiet: No word for 5 min.\nIts last: \"working\".");
    let facts = "critical · silent run · 3 times · 2026-11-22 05:00:00 UTC";
    let button = json!({ "type": "button", "text": plain("Open in Cuetower"), "url": LINK });
    assert_eq!(
        body["blocks"],
        json!([
            { "type": "header", "text": plain("leads has gone quiet") },
            { "type": "section", "text": plain("No word for 5 min.\nIts last: \"working\".") },
            { "type": "context", "elements": [plain(facts)] },
            { "type": "actions", "elements": [button] },
        ])
    );
    let over = slack::body(&note(What::Resolved), None);
    assert_eq!(text(&over, "/blocks/0/text/text"), "Resolved: leads has gone quiet");
    assert_eq!(over["blocks"].as_array().unwrap().len(), 3);
}

#[test]
fn slack_shows_what_an_agent_said_as_it_is() {
    let said = slack::body(&hostile(), None);
    assert_eq!(said["mrkdwn"], false);
    for pointer in ["/text", "/blocks/0/text/text", "/blocks/1/text/text"] {
        assert!(!text(&said, pointer).contains(['<', '>']), "{pointer}: {said}");
    }
    assert!(text(&said, "/blocks/0/text/text").starts_with("&lt;!channel&gt; "), "{said}");
    let long = Note::of(What::Opened, &alert(&"a".repeat(400), &"b".repeat(9_000)), 7, AT);
    let long = slack::body(&long, None);
    assert_eq!(text(&long, "/blocks/0/text/text").chars().count(), 150);
    assert_eq!(text(&long, "/blocks/1/text/text").chars().count(), 3_000);
}

#[test]
fn discord_gets_an_embed_that_mentions_nobody() {
    let body = discord::body(&note(What::Opened), LINK);
    assert_eq!(body["allowed_mentions"], json!({ "parse": [] }));
    assert_eq!(
        body["embeds"],
        json!([{
            "title": "leads has gone quiet",
            "description": "No word for 5 min.\nIts last\\: \"working\".",
            "color": 0xE5_48_4D,
            "footer": { "text": "critical · silent run · 3 times · 2026-11-22 05:00:00 UTC" },
            "timestamp": "2026-11-22T05:00:00.250Z",
            "url": LINK,
        }])
    );
    let said = discord::body(&hostile(), None);
    assert!(text(&said, "/embeds/0/title").contains("\\[click\\]\\(http\\://evil\\)"), "{said}");
    assert!(text(&said, "/embeds/0/description").starts_with("\\*bold\\* \\`code\\` \\<\\@"), "{said}");
    assert_eq!(markdown("@everyone"), "\\@\u{200b}everyone");
    let long = discord::body(&Note::of(What::Opened, &alert(&"*".repeat(900), &"#".repeat(9_000)), 7, AT), None);
    assert!(text(&long, "/embeds/0/title").chars().count() <= 256);
    assert!(text(&long, "/embeds/0/description").chars().count() <= 4_096);
}

#[test]
fn pagerduty_opens_acknowledges_and_resolves_one_incident_for_each_alert() {
    let opened = pagerduty::body(&note(What::Opened), "R0UT1NG", "desk", LINK);
    assert_eq!(
        opened,
        json!({
            "routing_key": "R0UT1NG",
            "event_action": "trigger",
            "dedup_key": "alert-1",
            "payload": {
                "summary": "leads has gone quiet: No word for 5 min. Its last: \"working\".",
                "source": "desk",
                "severity": "critical",
                "timestamp": "2026-11-22T05:00:00.250Z",
                "component": "cuetower",
                "class": "silent_run",
                "custom_details": { "body": "No word for 5 min.\nIts last: \"working\".", "count": 3, "cue_id": "cue_1", "run_id": "run-1", "agent": null },
            },
            "client": "Cuetower",
            "client_url": LINK,
            "links": [{ "href": LINK, "text": "Open in Cuetower" }],
        })
    );
    let end = |action: &str| json!({ "routing_key": "R0UT1NG", "event_action": action, "dedup_key": "alert-1" });
    assert_eq!(pagerduty::body(&note(What::Acknowledged), "R0UT1NG", "desk", LINK), end("acknowledge"));
    assert_eq!(pagerduty::body(&note(What::Resolved), "R0UT1NG", "desk", LINK), end("resolve"));
    let test = Note::plain(What::Test, "x", "t".to_owned(), "b".to_owned(), AT);
    let (begun, ended) = (pagerduty::body(&test, "R", "desk", None), pagerduty::end_of_test(&test, "R"));
    assert_eq!((&begun["event_action"], &begun["payload"]["severity"]), (&json!("trigger"), &json!("info")));
    assert_eq!((&ended["event_action"], &ended["dedup_key"]), (&json!("resolve"), &begun["dedup_key"]));
    let long = Note::of(What::Opened, &alert("t", &"b".repeat(9_000)), 7, AT);
    assert_eq!(text(&pagerduty::body(&long, "R", "desk", None), "/payload/summary").chars().count(), 1_024);
}

#[test]
fn ntfy_gets_json_with_its_topic() {
    assert_eq!(
        ntfy::body(&note(What::Opened), "mytopic", LINK),
        json!({
            "topic": "mytopic",
            "title": "leads has gone quiet",
            "message": "No word for 5 min.\nIts last: \"working\".",
            "priority": 5,
            "tags": ["rotating_light", "silent_run"],
            "click": LINK,
        })
    );
    let over = ntfy::body(&note(What::Resolved), "mytopic", None);
    assert_eq!((&over["priority"], &over["tags"][0]), (&json!(2), &json!("white_check_mark")));
    let split = |url| ntfy::split(url);
    let parts = |server: &str, topic: &str| Some((server.to_owned(), topic.to_owned()));
    assert_eq!(split("https://ntfy.sh/mytopic"), parts("https://ntfy.sh/", "mytopic"));
    assert_eq!(split("http://desk:8080/ntfy/t/?x=1"), parts("http://desk:8080/ntfy/", "t"));
    assert_eq!(split("https://ntfy.sh/"), None);
    let words = "ü".repeat(9_000);
    let long = ntfy::body(&Note::of(What::Opened, &alert("t", &words), 7, AT), "t", None);
    assert!(text(&long, "/message").len() < 4_096, "ntfy makes a file of more");
}

#[test]
fn a_web_hook_gets_all_that_is_known() {
    assert_eq!(
        webhook::body(&note(What::Opened), LINK),
        json!({
            "type": "alert.opened",
            "timestamp": "2026-11-22T05:00:00.250Z",
            "data": {
                "id": "alert-1_opened_7", "severity": "critical", "title": "leads has gone quiet",
                "body": "No word for 5 min.\nIts last: \"working\".", "link": LINK, "digest": null,
                "alert": { "id": "alert-1", "kind": "silent_run", "state": "open", "count": 3, "opened_at": "2026-11-22T05:00:00.250Z",
                           "cue_id": "cue_1", "run_id": "run-1", "agent": null },
            },
        })
    );
    let notes = [note(What::Opened), hostile()];
    let digest = Note::of_digest(Digest::of(Why::Burst, &notes), "x", AT);
    let body = webhook::body(&digest, None);
    assert_eq!(
        (&body["type"], &body["data"]["digest"]),
        (&json!("alerts.digest"), &json!({ "by_kind": { "silent_run": 1 }, "ended": 0 }))
    );
    assert_eq!(digest.digest.as_ref().map(|digest| digest.by_kind[0]), Some((AlertKind::SilentRun, 1)));
}

fn smtp() -> Smtp {
    Smtp {
        host: "mail.example.com".to_owned(),
        port: 587,
        tls: SmtpTls::Starttls,
        user: None,
        from: "Cuetower <tower@example.com>".to_owned(),
        to: "ada@example.com, Bob <bob@example.com>".to_owned(),
    }
}

#[test]
fn a_mail_has_both_parts_and_belongs_to_its_alert() {
    let mail = message(&note(What::Opened), &smtp(), LINK).unwrap();
    let written = String::from_utf8(mail.formatted()).unwrap();
    for line in [
        "From: Cuetower <tower@example.com>",
        "To: ada@example.com, Bob <bob@example.com>",
        "Subject: [critical] leads has gone quiet",
        "Date: Sun, 22 Nov 2026 05:00:00 +0000",
        "Message-ID: <alert-1_opened_7@example.com>",
        "References: <alert-1@example.com>",
        "Content-Type: multipart/alternative;",
        "Content-Type: text/plain; charset=utf-8",
        "Content-Type: text/html; charset=utf-8",
    ] {
        assert!(written.contains(line), "{line} is not in\n{written}");
    }
    assert_eq!(mail.envelope().to().len(), 2);
    assert!(message(&note(What::Opened), &Smtp { to: "nobody".to_owned(), ..smtp() }, None).is_err());
    assert_eq!(recipients("a@b.c, nobody"), Err("nobody".to_owned()));
    let plain = serde_json::to_string(&Plain { smtp: Some(smtp()) }).unwrap();
    assert_eq!(serde_json::from_str::<Plain>(&plain).unwrap().smtp, Some(smtp()));
}

#[test]
fn a_mail_cannot_be_made_to_say_what_it_does_not() {
    let mail = message(&hostile(), &smtp(), None).unwrap();
    let written = String::from_utf8(mail.formatted()).unwrap();
    let head = written.split("\r\n\r\n").next().unwrap();
    assert!(!head.lines().any(|line| line.starts_with("Bcc")), "{head}");
    let html_part = written.split("text/html").nth(1).unwrap();
    assert!(!html_part.contains("<script") && !html_part.contains("<img"), "{html_part}");
    assert_eq!(html("<a href=\"x\">'&"), "&lt;a href=&quot;x&quot;&gt;&#39;&amp;");
}

#[test]
fn titles_are_one_line_and_bounded() {
    assert_eq!(one_line("a\r\n\tb\u{0}c  d", 100), "a b c d");
    assert_eq!(one_line("photo_\u{202e}gpj.exe", 100), "photo_\\u{202e}gpj.exe");
    assert_eq!(cut("übermut", 4), "übe…");
    assert_eq!(cut("über", 4), "über");
    assert_eq!(note(What::Opened).severity, Severity::Critical);
}

#[test]
fn native_notifications_are_narrowed_like_any_channel() {
    let row = |kind: &str, min_severity: &str, on: bool| crate::journal::ChannelRow {
        channel: serde_json::from_value(json!({ "name": "n", "kind": kind, "min_severity": min_severity, "on": on }))
            .unwrap(),
        target: String::new(),
        plain: "{}".to_owned(),
        failed: 0,
        words: String::new(),
        told_at: None,
    };
    let with = |row| Channels::of(vec![row], false);
    let mut warning = alert("t", "b");
    assert!(with(row("native", "critical", true)).shown_here(&warning), "it is critical");
    warning.severity = Severity::Warning;
    assert!(!with(row("native", "critical", true)).shown_here(&warning));
    assert!(!with(row("native", "info", false)).shown_here(&warning));
    assert!(with(row("slack", "critical", false)).shown_here(&warning), "nothing is said of them");
    assert!(with(row("email", "info", true)).send_mail() && !with(row("email", "info", false)).send_mail());
}
