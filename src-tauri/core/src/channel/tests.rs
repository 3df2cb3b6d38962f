//! Who is told, when it is quiet, and what becomes of a thousand at once.

use chrono_tz::Tz;
use serde_json::json;

use super::*;
use crate::time::{DAY_MS, HOUR_MS, MINUTE_MS};

fn alert(kind: &str, severity: &str) -> Alert {
    serde_json::from_value(json!({
        "id": format!("{kind}-1"), "kind": kind, "severity": severity, "cue_id": "cue_1", "run_id": "run-1",
        "title": "leads has gone quiet", "body": "No word for 5 min.", "state": "open", "count": 1,
        "opened_at": 0, "last_at": 0, "notified_at": 0, "resolved_at": null,
    }))
    .unwrap()
}

fn channel(min_severity: Severity) -> Channel {
    Channel {
        name: "ops".to_owned(),
        kind: ChannelKind::Slack,
        min_severity,
        kinds: Vec::new(),
        on: true,
        escalation: false,
    }
}

fn at(text: &str) -> Ms {
    text.parse::<chrono::DateTime<chrono::Utc>>().unwrap().into()
}

fn quiet(from: &str, to: &str) -> Rules {
    let quiet = serde_json::from_value(json!({ "on": true, "from": from, "to": to })).unwrap();
    Rules { quiet, ..Rules::default() }
}

fn asked(channel: &Channel, alert: &Alert, rules: &Rules, now: &str) -> Wants {
    wants(channel, alert, rules, at(now), Tz::Europe__Berlin)
}

const NOON: &str = "2026-11-22T12:00:00Z";

#[test]
fn a_channel_hears_of_what_it_asked_for() {
    let loud = Rules::default();
    let (silent, missed) = (alert("silent_run", "critical"), alert("missed_occurrence", "warning"));
    let hears = |channel: &Channel, alert: &Alert| asked(channel, alert, &loud, NOON) == Wants::Now;
    assert!(hears(&channel(Severity::Info), &missed) && hears(&channel(Severity::Warning), &missed));
    assert!(hears(&channel(Severity::Critical), &silent) && !hears(&channel(Severity::Critical), &missed));
    let of_kind = Channel { kinds: vec![AlertKind::MissedOccurrence], ..channel(Severity::Info) };
    assert!(hears(&of_kind, &missed) && !hears(&of_kind, &silent));
    assert!(!hears(&Channel { on: false, ..channel(Severity::Info) }, &silent));
    let off = Rules { off: vec![AlertKind::SilentRun], ..Rules::default() };
    assert_eq!(asked(&channel(Severity::Info), &silent, &off, NOON), Wants::No);
}

#[test]
fn an_escalation_channel_hears_of_what_nobody_has_seen() {
    let pager = Channel { escalation: true, ..channel(Severity::Info) };
    let loud = Rules::default();
    let mut silent = alert("silent_run", "critical");
    assert_eq!(asked(&pager, &silent, &loud, NOON), Wants::No);
    silent.escalated_at = Some(Ms(1));
    assert_eq!(asked(&pager, &silent, &loud, NOON), Wants::Now);
}

#[test]
fn whoever_was_told_hears_the_end_whatever_was_narrowed_since() {
    let night = quiet("22:00", "07:00");
    let (at_noon, at_night) = (at(NOON), at("2026-11-22T23:00:00Z"));
    let muted = Rules { off: vec![AlertKind::CostSpike], ..night.clone() };
    let spike = alert("cost_spike", "warning");
    let narrow = Channel { kinds: vec![AlertKind::Zombie], escalation: true, ..channel(Severity::Critical) };
    let ends = |channel: &Channel, now| wants_the_end(channel, &spike, &muted, now, Tz::Europe__Berlin);
    assert_eq!(wants(&narrow, &spike, &muted, at_noon, Tz::Europe__Berlin), Wants::No);
    assert_eq!(ends(&narrow, at_noon), Wants::Now);
    assert_eq!(ends(&narrow, at_night), Wants::Held(at("2026-11-23T06:00:00Z")), "a chat may wait");
    let pager = Channel { kind: ChannelKind::Pagerduty, ..narrow.clone() };
    assert_eq!(ends(&pager, at_night), Wants::Now, "an incident is open there");
    assert_eq!(ends(&Channel { on: false, ..pager }, at_noon), Wants::No);
}

#[test]
fn a_channel_is_not_told_that_it_fails() {
    let mut failing = alert("channel_failed", "warning");
    (failing.cue_id, failing.channel) = (None, Some("ops".to_owned()));
    let (ops, other) = (channel(Severity::Info), Channel { name: "mail".to_owned(), ..channel(Severity::Info) });
    let loud = Rules::default();
    assert_eq!(asked(&ops, &failing, &loud, NOON), Wants::No);
    assert_eq!(asked(&other, &failing, &loud, NOON), Wants::Now);
}

#[test]
fn quiet_hours_hold_what_is_not_critical_until_they_end() {
    let night = quiet("22:00", "07:00");
    let (silent, missed) = (alert("silent_run", "critical"), alert("missed_occurrence", "warning"));
    let ops = channel(Severity::Info);
    // Berlin is an hour ahead of UTC in November.
    let wants_at = |alert: &Alert, now: &str| asked(&ops, alert, &night, now);
    assert_eq!(wants_at(&missed, "2026-11-22T20:59:59Z"), Wants::Now);
    assert_eq!(wants_at(&missed, "2026-11-22T21:00:00Z"), Wants::Held(at("2026-11-23T06:00:00Z")));
    assert_eq!(wants_at(&missed, "2026-11-23T05:59:59Z"), Wants::Held(at("2026-11-23T06:00:00Z")));
    assert_eq!(wants_at(&missed, "2026-11-23T06:00:00Z"), Wants::Now);
    assert_eq!(wants_at(&silent, "2026-11-23T02:00:00Z"), Wants::Now);
}

#[test]
fn a_report_goes_to_whoever_reads() {
    assert!(wants_report(&channel(Severity::Warning)));
    let no = [
        Channel { on: false, ..channel(Severity::Info) },
        Channel { escalation: true, ..channel(Severity::Info) },
        Channel { kind: ChannelKind::Pagerduty, ..channel(Severity::Info) },
        channel(Severity::Critical),
        Channel { kinds: vec![AlertKind::Zombie], ..channel(Severity::Info) },
    ];
    assert!(no.iter().all(|channel| !wants_report(channel)));
}

/// One of several alerts.
fn nth(kind: &str, number: usize, what: What) -> Note {
    let mut alert = alert(kind, "critical");
    alert.id.0 = format!("{kind}-{number}");
    Note::of(what, &alert, number as u64, Ms(number as i64))
}

#[test]
fn a_thousand_at_once_are_five_and_a_digest() {
    let mut burst = Burst::default();
    let notes =
        (0..1_000).map(|number| nth(if number % 100 == 99 { "zombie" } else { "silent_run" }, number, What::Opened));
    let shown = notes.filter(|note| burst.take(Ms(1_000), note) == Taken::Show).count();
    assert_eq!(shown, 5);
    assert_eq!((burst.due(Ms(10_999)), burst.wakes_at()), (None, Some(Ms(11_000))));
    let digest = burst.due(Ms(11_000)).unwrap();
    assert_eq!(digest.title(), "995 problems");
    assert_eq!(digest.body(), "985 silent runs, 10 zombies. The first: leads has gone quiet.");
    assert_eq!(digest.severity(), Severity::Critical);
    assert_eq!((burst.due(Ms(99_000)), burst.wakes_at()), (None, None), "told once");
}

#[test]
fn while_a_storm_lasts_there_is_one_digest_for_each_window() {
    let mut burst = Burst::default();
    let (mut shown, mut digests) = (0, Vec::new());
    // Ten a second for a minute.
    for number in 0..600 {
        let now = Ms(number as i64 * 100);
        digests.extend(burst.due(now));
        shown += usize::from(burst.take(now, &nth("zombie", number, What::Opened)) == Taken::Show);
    }
    assert_eq!((shown, digests.len()), (5, 2));
    digests.extend(burst.due(burst.wakes_at().unwrap()));
    let told: u64 = digests.iter().flat_map(|digest| &digest.by_kind).map(|(_, count)| count).sum();
    assert_eq!(told, 595, "each is told once");
    assert_eq!(burst.take(Ms(200_000), &nth("zombie", 601, What::Opened)), Taken::Show, "it is over");
}

#[test]
fn a_clock_that_is_set_back_holds_nothing_for_ever() {
    let mut burst = Burst::default();
    for number in 0..6 {
        burst.take(Ms(1_000_000), &nth("zombie", number, What::Opened));
    }
    assert!(burst.due(Ms(5_000)).is_some());
}

#[test]
fn a_digest_counts_each_problem_once_and_says_what_has_ended() {
    let notes = [
        nth("silent_run", 1, What::Opened),
        nth("silent_run", 1, What::Repeated),
        nth("zombie", 2, What::Opened),
        nth("silent_run", 1, What::Resolved),
    ];
    let digest = Digest::of(Why::Quiet, &notes);
    assert_eq!(digest.title(), "2 problems while it was quiet");
    assert_eq!(digest.body(), "1 silent run, 1 zombie. 1 has ended since. The first: leads has gone quiet.");
    let over = Digest::of(Why::Burst, &[nth("zombie", 1, What::Resolved), nth("zombie", 2, What::Resolved)]);
    assert_eq!(
        (over.title(), over.body()),
        ("2 problems have ended".to_owned(), "The first: leads has gone quiet.".to_owned())
    );
    let note = Note::of_digest(digest.clone(), "x", Ms(7));
    let outer = Digest::of(Why::Overflow, &[note, nth("zombie", 3, What::Opened)]);
    assert_eq!(outer.by_kind, [(AlertKind::SilentRun, 1), (AlertKind::Zombie, 2)], "digests add up");
    let kept: Digest = serde_json::from_str(&serde_json::to_string(&digest).unwrap()).unwrap();
    assert_eq!((kept.title(), kept.body()), (digest.title(), digest.body()));
}

fn row(id: i64, due: i64) -> Waiting {
    Waiting { id, due: Ms(due), held: false, is_digest: false, alone: false }
}

#[test]
fn a_line_sends_five_and_then_the_rest_as_one() {
    let mut line = Line::default();
    let mut rows: Vec<Waiting> = (1..=1_000).map(|id| row(id, 0)).collect();
    for id in 1..=5 {
        assert_eq!(line.next(&rows, Ms(0)), Next::Send(id));
        rows.remove(0);
    }
    assert_eq!(line.next(&rows, Ms(0)), Next::Wait(Some(Ms(10_000))));
    let rest = (6..=1_000).collect();
    assert_eq!(line.next(&rows, Ms(10_000)), Next::Digest(rest, Why::Burst));
    let one = [row(1_001, 0), Waiting { id: 1_002, is_digest: true, ..row(0, 0) }];
    assert_eq!(line.next(&one, Ms(10_001)), Next::Send(1_002), "it stands for what came before");
    assert_eq!(line.next(&[row(1_001, 0)], Ms(10_001)), Next::Wait(Some(Ms(40_000))));
    assert_eq!(line.next(&[row(1_001, 0)], Ms(40_000)), Next::Send(1_001), "one is no digest");
}

#[test]
fn what_ends_an_incident_is_told_by_itself_and_after_what_opened_it() {
    let mut line = Line::default();
    let alone = |id| Waiting { alone: true, ..row(id, 0) };
    let mut rows: Vec<Waiting> = (1..=6).map(alone).collect();
    rows.extend((7..=12).map(|id| row(id, 0)));
    rows.push(alone(13));
    for id in 1..=11 {
        assert_eq!(line.next(&rows, Ms(0)), Next::Send(id), "those of its own kind are not counted");
        rows.remove(0);
    }
    assert_eq!(line.next(&rows, Ms(0)), Next::Wait(Some(Ms(10_000))), "12 opens what 13 ends");
    assert_eq!(line.next(&rows, Ms(10_000)), Next::Send(12));
    assert_eq!(line.next(&rows[1..], Ms(10_000)), Next::Send(13));
}

#[test]
fn what_was_held_for_quiet_hours_is_told_as_one() {
    let mut line = Line::default();
    let held = |id| Waiting { held: true, ..row(id, 500) };
    assert_eq!(line.next(&[held(1), held(2)], Ms(499)), Next::Wait(Some(Ms(500))));
    assert_eq!(line.next(&[held(1), held(2), row(3, 0)], Ms(500)), Next::Digest(vec![1, 2], Why::Quiet));
    assert_eq!(line.next(&[held(1)], Ms(500)), Next::Send(1), "one alone is told as it is");
}

#[test]
fn a_line_that_fails_pauses_ever_longer_and_says_when_it_is_well_again() {
    let pauses: Vec<u64> = (1..=7).map(|failed| backoff_ms(failed) / SECONDS).collect();
    assert_eq!(pauses, [10, 30, 120, 600, 1_800, 1_800, 1_800]);
    let mut line = Line::default();
    line.failed(Ms(0), None, false);
    assert_eq!(line.next(&[row(1, 0)], Ms(9_999)), Next::Wait(Some(Ms(10_000))));
    assert_eq!((line.rests_until(Ms(9_999)), line.rests_until(Ms(10_000))), (Some(Ms(10_000)), None));
    assert_eq!(line.next(&[row(1, 0)], Ms(10_000)), Next::Send(1));
    line.failed(Ms(10_000), Some(90_000), false);
    assert_eq!(line.paused_until, Some(Ms(100_000)), "as it was asked");
    line.failed(Ms(100_000), Some(DAY_MS), false);
    assert_eq!(line.paused_until, Some(Ms(100_000).plus(HOUR_MS)), "but not for a day");
    assert!(line.told(), "three failures were an alert");
    assert!(!line.told());
    assert_eq!(line.paused_until, None);
}

#[test]
fn a_note_that_is_refused_for_its_own_sake_holds_up_no_other() {
    let mut line = Line::default();
    line.failed(Ms(0), None, true);
    assert_eq!(line.next(&[row(1, 10_000), row(2, 0)], Ms(0)), Next::Send(2));
    line.failed(Ms(0), None, true);
    line.failed(Ms(0), None, true);
    assert_eq!(line.next(&[row(3, 0)], Ms(0)), Next::Wait(Some(Ms(2 * MINUTE_MS as i64))), "it is not the notes");
}

#[test]
fn a_line_does_not_grow_without_end() {
    let mut line = Line::default();
    line.failed(Ms(0), None, false);
    let rows: Vec<Waiting> = (0..=WAITING_MAX as i64).map(|id| row(id, 0)).collect();
    let Next::Digest(ids, Why::Overflow) = line.next(&rows, Ms(1)) else { panic!("it is one too many") };
    assert_eq!(ids.len(), WAITING_MAX + 1);
    assert_eq!(line.next(&rows[1..], Ms(1)), Next::Wait(Some(Ms(10_000))));
}

const SECONDS: u64 = 1_000;

#[test]
fn a_headline_says_what_became_of_it() {
    let said = |what| nth("zombie", 1, what).headline();
    assert_eq!(said(What::Opened), "leads has gone quiet");
    assert_eq!(said(What::Resolved), "Resolved: leads has gone quiet");
    let mut again = nth("zombie", 1, What::Repeated);
    again.alert.as_mut().unwrap().count = 7;
    assert_eq!(again.headline(), "leads has gone quiet (7 times)");
}
