//! Alerts on a real engine, with a clock that is moved by hand.

use std::time::Duration;

use cuetower_core::alert::AlertState;
use cuetower_core::time::{DAY_MS, HOUR_MS};

use super::*;
use crate::briefing_note::tests::{NOW, tower};
use crate::clock::ManualClock;
use crate::handle::{Handle, TowerChange};
use crate::notify::Notifier;

/// Waits until the alert of this kind is as it should be.
async fn alert(handle: &Handle, kind: AlertKind, is: impl Fn(&Alert) -> bool) -> Alert {
    loop {
        let alerts = handle.reader().alerts(50).await.unwrap();
        if let Some(alert) = alerts.into_iter().find(|alert| alert.kind == kind && is(alert)) {
            return alert;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

#[tokio::test]
async fn due_times_that_passed_while_the_tower_was_off_are_one_alert_until_the_briefing_is_read() {
    let folder = tempfile::tempdir().unwrap();
    let clock = Arc::new(ManualClock::at(NOW));
    let off = Notifier::start(false).await.0;
    let (_, running) = tower(folder.path(), &clock, off.clone()).await;
    running.stop().await;
    clock.advance(9 * MINUTE_MS);
    let (handle, running) = tower(folder.path(), &clock, off.clone()).await;
    let told = handle.reader().alerts(50).await.unwrap();
    assert!(told.iter().all(|alert| alert.kind != AlertKind::TowerWasOff), "that is too short: {told:?}");
    running.stop().await;

    // The newest is young enough to be run.
    clock.advance(3 * HOUR_MS + 10_000);
    let (handle, running) = tower(folder.path(), &clock, off.clone()).await;
    let alert_then = alert(&handle, AlertKind::TowerWasOff, |_| true).await;
    assert_eq!(alert_then.title, "180 due times passed while the tower was off");
    assert_eq!(alert_then.body, "Off for 3 h. 1 cue was due; what became of each is in the briefing.");
    assert_eq!((alert_then.severity, alert_then.about()), (Severity::Info, About::Tower), "its policy ran the newest");
    handle.tower(TowerChange::Briefed).await.unwrap();
    alert(&handle, AlertKind::TowerWasOff, |alert| alert.state == AlertState::Resolved).await;
    running.stop().await;
}

#[tokio::test]
async fn the_pilot_wakes_for_what_nobody_has_seen_also_after_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let clock = Arc::new(ManualClock::at(NOW));
    let off = Notifier::start(false).await.0;
    let (handle, running) = tower(folder.path(), &clock, off.clone()).await;
    let rules = Rules { escalate_minutes: Some(15), ..Rules::default() };
    handle.tower(TowerChange::AlertRules(Box::new(rules))).await.unwrap();
    let (about, kind) = (About::Channel("scout".to_owned()), AlertKind::Zombie);
    let (title, severity) = ("scout does not move".to_owned(), kind.severity());
    let signal = Signal::Trouble(Problem { about, kind, severity, run_id: None, title, body: String::new() });
    handle.signal(signal).await.unwrap();
    let opened = alert(&handle, kind, |_| true).await;
    running.stop().await;

    clock.advance(MINUTE_MS);
    let (handle, running) = tower(folder.path(), &clock, off).await;
    clock.advance(14 * MINUTE_MS);
    let louder = alert(&handle, kind, |alert| alert.escalated_at.is_some()).await;
    assert_eq!((louder.id, louder.escalated_at), (opened.id.clone(), Some(opened.opened_at.plus(15 * MINUTE_MS))));
    let until = opened.opened_at.plus(HOUR_MS);
    handle.snooze(&opened.id, until).await.unwrap();
    clock.advance(HOUR_MS);
    let woke = alert(&handle, kind, |alert| alert.snoozed_until.is_none()).await;
    assert!(woke.notified_at >= until && woke.state == AlertState::Open, "{woke:?}");
    running.stop().await;
}

fn trouble(kind: AlertKind, title: &str, body: &str) -> Signal {
    let (title, body, severity) = (title.to_owned(), body.to_owned(), kind.severity());
    let about = if kind == AlertKind::TowerWasOff { About::Tower } else { About::Channel("scout".to_owned()) };
    Signal::Trouble(Problem { about, kind, severity, run_id: None, title, body })
}

#[tokio::test]
async fn what_an_agent_said_is_told_without_its_secrets() {
    let folder = tempfile::tempdir().unwrap();
    let clock = Arc::new(ManualClock::at(NOW));
    let (handle, running) = tower(folder.path(), &clock, Notifier::start(false).await.0).await;
    // Where it is cut there is only half of the key left.
    let body = format!("{} It said: sk-live-0123456789abcdef", "a".repeat(975));
    let title = r#"The same call: fetch {"url":"u","password":"hunter2hunter2"}"#;
    handle.signal(trouble(AlertKind::LoopDetected, title, &body)).await.unwrap();
    let told = alert(&handle, AlertKind::LoopDetected, |_| true).await;
    assert_eq!(told.title, r#"The same call: fetch {"url":"u","password":"••••"}"#);
    assert!(told.body.ends_with(" It said: ••••"), "{}", told.body);
    running.stop().await;
}

#[tokio::test]
async fn that_the_tower_was_cut_off_is_over_after_a_day_or_an_orderly_stop_and_a_briefing_is_not() {
    let folder = tempfile::tempdir().unwrap();
    let clock = Arc::new(ManualClock::at(NOW));
    let off = Notifier::start(false).await.0;
    let (handle, running) = tower(folder.path(), &clock, off.clone()).await;
    let (kind, back) = (AlertKind::TowerWasOff, "The tower ended without a word and was started again");
    let is_over = |alert: &Alert| alert.state == AlertState::Resolved;
    handle.signal(trouble(kind, back, "")).await.unwrap();
    let first = alert(&handle, kind, |_| true).await;
    clock.advance(DAY_MS);
    alert(&handle, kind, |alert| alert.id == first.id && is_over(alert)).await;
    handle.signal(trouble(kind, back, "")).await.unwrap();
    let second = alert(&handle, kind, |alert| alert.id != first.id).await;
    running.stop().await;
    let (handle, running) = tower(folder.path(), &clock, off.clone()).await;
    alert(&handle, kind, |alert| alert.id == second.id && is_over(alert)).await;
    handle.signal(trouble(kind, &words::tower_was_off_title(3), "")).await.unwrap();
    running.stop().await;
    let (handle, running) = tower(folder.path(), &clock, off).await;
    let alerts = handle.reader().alerts(50).await.unwrap();
    let open: Vec<_> = alerts.iter().filter(|alert| alert.kind == kind && !is_over(alert)).collect();
    assert_eq!(open.len(), 1, "nobody has read the briefing: {open:?}");
    running.stop().await;
}
