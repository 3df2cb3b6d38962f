//! Alerts on a real engine, with a clock that is moved by hand.

use std::time::Duration;

use cuetower_core::alert::AlertState;
use cuetower_core::time::HOUR_MS;

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

    clock.advance(3 * HOUR_MS);
    let (handle, running) = tower(folder.path(), &clock, off.clone()).await;
    let alert_then = alert(&handle, AlertKind::TowerWasOff, |_| true).await;
    assert_eq!(alert_then.title, "179 due times passed while the tower was off");
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
    let signal = Signal::Trouble { about, kind, severity, run_id: None, title, body: String::new() };
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
