//! Alerts of a real engine on a real notification server: dunst on a private D-Bus session. The clock is moved by hand.

use cuetower_core::alert::{About, AlertKind, Problem, Quiet, Signal};
use cuetower_core::gate::{Asker, Face, OnNoAnswer, Question, Said, Shown, Subject, Word};
use cuetower_core::id::{AccountId, CueId};

use super::*;
use crate::briefing_note::tests::{NOW, tower};
use crate::clock::{Clock as _, ManualClock};
use crate::handle::TowerChange;
use crate::notify::Clicked;
use crate::notify::tests::{click, dunstctl, press, shown, with_dunst};

const HOUR_MS: u64 = 60 * MINUTE_MS;

fn scout() -> Asker {
    Asker { account: AccountId::OWNER, agent: "scout".to_owned() }
}

fn question(key: &str, payload: u32) -> Question {
    let shown = Shown { payload: Some(serde_json::json!(payload)), ..Shown::default() };
    let (subject, title) = (Subject::Asked(key.to_owned()), format!("May I {key}?"));
    let (deadline_ms, on_no_answer, blocking, callback) = (None, OnNoAnswer::KeepWaiting, false, None);
    Question { subject, title, shown, deadline_ms, on_no_answer, blocking, callback }
}

/// What the button with this label asks the desk.
async fn pressed(label: &str, clicked: &mut tokio::sync::mpsc::Receiver<Clicked>) -> serde_json::Value {
    press(label).await;
    match clicked.recv().await {
        Some(Clicked::Pressed(press)) if press.command == "gate_answer" => press.request,
        other => panic!("{label} led to {other:?}"),
    }
}

/// About something that no other part of the tower has a say in.
fn trouble(name: &str, kind: AlertKind) -> Signal {
    let (about, severity) = (About::Channel(name.to_owned()), kind.severity());
    let (title, body) = (format!("{name} has gone quiet"), "No sign of life for 5 min.".to_owned());
    Signal::Trouble(Problem { about, kind, severity, run_id: None, title, body })
}

async fn shows_in_history(words: &str) {
    // Waits until it was shown and is gone.
    while !dunstctl(&["history"]).contains(words) {
        dunstctl(&["close-all"]);
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
}

fn under_dunst(test: &str) -> bool {
    let again = std::env::var_os("CUETOWER_TEST_NOTIFY").is_none();
    if again {
        with_dunst(&format!("alerting::native::tests::{test}"));
    }
    again
}

#[tokio::test]
async fn a_thousand_problems_at_once_are_five_notifications_and_one_for_the_rest() {
    if under_dunst("a_thousand_problems_at_once_are_five_notifications_and_one_for_the_rest") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let clock = Arc::new(ManualClock::at(NOW));
    let (notifier, mut clicked) = Notifier::start(true).await;
    let (handle, running) = tower(folder.path(), &clock, notifier).await;
    for number in 0..1_000 {
        let kind = if number % 100 == 99 { AlertKind::Zombie } else { AlertKind::HeartbeatLost };
        handle.signal(trouble(&format!("agent-{number}"), kind)).await.unwrap();
    }
    shown(5).await;
    clock.advance(10_000);
    shown(6).await;
    // A click on it opens all of them.
    loop {
        click().await;
        if clicked.recv().await == Some(Clicked::Opens(Opens::Alerts)) {
            break;
        }
    }
    shows_in_history("995 problems").await;
    let said = dunstctl(&["history"]);
    assert!(said.contains("985 lost heartbeats, 10 zombies. The first: agent-5 has gone quiet."), "{said}");
    running.stop().await;
}

#[tokio::test]
async fn what_is_over_or_seen_is_shown_no_more() {
    if under_dunst("what_is_over_or_seen_is_shown_no_more") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let clock = Arc::new(ManualClock::at(NOW));
    let (notifier, _clicked) = Notifier::start(true).await;
    let (handle, running) = tower(folder.path(), &clock, notifier).await;
    let about = |name: &str| About::Channel(name.to_owned());
    for name in ["one", "two", "three"] {
        handle.signal(trouble(name, AlertKind::Zombie)).await.unwrap();
    }
    shown(3).await;
    // Something else is wrong with the third meanwhile: that stays.
    let worse = Signal::Trouble(Problem {
        about: about("three"),
        kind: AlertKind::HeartbeatLost,
        severity: Severity::Critical,
        run_id: None,
        title: "three is gone".into(),
        body: String::new(),
    });
    handle.signal(worse).await.unwrap();
    let over = |name: &str| Signal::Over { about: about(name), kind: AlertKind::Zombie, run_id: None };
    handle.signal(over("three")).await.unwrap();
    handle.signal(over("one")).await.unwrap();
    shown(2).await;
    handle.acknowledge_all().await.unwrap();
    shown(0).await;
    running.stop().await;
}

#[tokio::test]
async fn a_question_is_answered_by_its_buttons_for_what_is_asked_now_also_after_a_restart_and_quiet_hours() {
    if under_dunst("a_question_is_answered_by_its_buttons_for_what_is_asked_now_also_after_a_restart_and_quiet_hours") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let clock = Arc::new(ManualClock::at(NOW));
    let (notifier, mut clicked) = Notifier::start(true).await;
    let (handle, running) = tower(folder.path(), &clock, notifier.clone()).await;
    let (gate, _) = handle.ask_outside(scout(), question("push", 14)).await.unwrap();
    shown(1).await;
    click().await;
    assert_eq!(clicked.recv().await, Some(Clicked::Opens(Opens::Gate(gate.id.0.clone()))));
    shown(0).await;
    let (other, _) = handle.ask_outside(scout(), question("pull", 1)).await.unwrap();
    shown(1).await;
    // With other contents and in the same words, it is another question: the note for the one before goes, and another comes.
    let (anew, _) = handle.ask_outside(scout(), question("pull", 2)).await.unwrap();
    assert_ne!(anew.hash, other.hash);
    while !dunstctl(&["history"]).contains("May I pull?") {
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    assert!(!dunstctl(&["history"]).contains(ASKED_ANEW), "what went is what stood there");
    shown(1).await;
    let answer =
        |gate: &Gate, word: &str| serde_json::json!({ "gate_id": gate.id, "shown": gate.hash, "answer": word });
    assert_eq!(pressed("Deny", &mut clicked).await, answer(&anew, "deny"));
    shown(0).await;
    let withdrawn = Word { said: Said::Deny, shown: anew.hash.clone(), comment: None, face: Face::Notification };
    handle.answer_gate(&anew.id, withdrawn).await.unwrap();
    // What still waits is told again.
    shown(1).await;
    assert_eq!(pressed("Approve", &mut clicked).await, answer(&gate, "approve"));
    shown(0).await;

    // Nobody answered; the tower was stopped, and its notes answer no more.
    running.stop().await;
    let (handle, running) = tower(folder.path(), &clock, notifier.clone()).await;
    shown(1).await;
    assert_eq!(pressed("Approve", &mut clicked).await, answer(&gate, "approve"));
    shown(0).await;
    let quiet: Quiet = serde_json::from_str(r#"{ "on": true, "from": "00:00", "to": "23:00" }"#).unwrap();
    handle.tower(TowerChange::AlertRules(Box::new(Rules { quiet, ..Rules::default() }))).await.unwrap();
    let yes = Word { said: Said::Approve, shown: gate.hash.clone(), comment: None, face: Face::Window };
    handle.answer_gate(&gate.id, yes).await.unwrap();
    let (late, _) = handle.ask_outside(scout(), question("late", 3)).await.unwrap();
    clock.set(Ms(NOW.0 - NOW.0.rem_euclid(24 * HOUR_MS as i64)).plus(23 * HOUR_MS));
    shown(1).await;
    assert_eq!(pressed("Deny", &mut clicked).await, answer(&late, "deny"));
    drop(handle);
    running.stop().await;
}

#[tokio::test]
async fn in_quiet_hours_only_what_is_critical_is_shown_and_the_rest_at_their_end_over_a_restart() {
    if under_dunst("in_quiet_hours_only_what_is_critical_is_shown_and_the_rest_at_their_end_over_a_restart") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    // 11:07 UTC.
    let clock = Arc::new(ManualClock::at(NOW));
    let (notifier, _clicked) = Notifier::start(true).await;
    let (handle, running) = tower(folder.path(), &clock, notifier.clone()).await;
    let quiet: Quiet = serde_json::from_str(r#"{ "on": true, "from": "00:00", "to": "23:00" }"#).unwrap();
    let rules = Rules { quiet, ..Rules::default() };
    handle.tower(TowerChange::AlertRules(Box::new(rules.clone()))).await.unwrap();
    for name in ["one", "two", "three"] {
        handle.signal(trouble(name, AlertKind::CostSpike)).await.unwrap();
    }
    handle.signal(trouble("four", AlertKind::HeartbeatLost)).await.unwrap();
    shown(1).await;
    assert!(!dunstctl(&["history"]).contains("one has gone quiet"));
    let alerts = handle.reader().alerts(10).await.unwrap();
    let of = |title: &str| alerts.iter().find(|alert| alert.title.starts_with(title)).unwrap();
    let state = |title: &str| told(of(title), &rules, true, clock.now(), Tz::UTC).map(|told| told.state);
    assert_eq!(state("one").as_deref(), Some("held"));
    assert_eq!(state("four").as_deref(), Some("sent"));
    // One of them is seen to before the hours end.
    handle.acknowledge(&of("two").id).await.unwrap();
    running.stop().await;

    let (handle, running) = tower(folder.path(), &clock, notifier).await;
    dunstctl(&["close-all"]);
    shown(0).await;
    clock.set(Ms(NOW.0 - NOW.0.rem_euclid(24 * HOUR_MS as i64)).plus(23 * HOUR_MS));
    shows_in_history("2 problems while it was quiet").await;
    assert_eq!(state("one").as_deref(), Some("sent"), "now it was told");
    drop(handle);
    running.stop().await;
}

#[tokio::test]
async fn the_report_of_a_day_is_told_once_over_restarts() {
    if under_dunst("the_report_of_a_day_is_told_once_over_restarts") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let clock = Arc::new(ManualClock::at(NOW));
    let (notifier, _clicked) = Notifier::start(true).await;
    let (handle, running) = tower(folder.path(), &clock, notifier.clone()).await;
    // Its time is past today, so that the first is due tomorrow.
    let rules = Rules { report_at: cuetower_core::alert::TimeOfDay::read("09:00"), ..Rules::default() };
    handle.tower(TowerChange::AlertRules(Box::new(rules))).await.unwrap();
    handle.signal(trouble("one", AlertKind::HeartbeatLost)).await.unwrap();
    shown(1).await;
    assert!(!dunstctl(&["history"]).contains("Daily"));
    running.stop().await;

    // The tower was off at nine.
    clock.advance(24 * HOUR_MS);
    let told = |day: &'static str| async move { shows_in_history(day).await };
    let (_, running) = tower(folder.path(), &clock, notifier.clone()).await;
    told("Wed 18 Nov: ").await;
    assert!(dunstctl(&["history"]).contains("alerts need you."), "{}", dunstctl(&["history"]));
    running.stop().await;
    let count = || dunstctl(&["history"]).matches("Wed 18 Nov: ").count();
    let once = count();
    let (handle, running) = tower(folder.path(), &clock, notifier).await;
    handle.signal(trouble("two", AlertKind::HeartbeatLost)).await.unwrap();
    shows_in_history("two has gone quiet").await;
    assert_eq!(count(), once, "it was told before the restart");
    drop(handle);
    running.stop().await;
}

#[tokio::test]
async fn a_book_names_what_was_held_back_before_a_restart() {
    let (mut book, zone) = (AlertBook::default(), Tz::UTC);
    let quiet: Quiet = serde_json::from_str(r#"{ "on": true, "from": "00:00", "to": "23:00" }"#).unwrap();
    book.set_rules(Arc::new(Rules { quiet, ..Rules::default() }));
    struct One;
    impl cuetower_core::id::Dice for One {
        fn throw(&mut self) -> u64 {
            7
        }
    }
    let about = About::Cue(CueId("cue_1".into()));
    let (kind, body) = (AlertKind::CostSpike, String::new());
    let severity = kind.severity();
    let signal = Signal::Trouble(Problem { about, kind, severity, run_id: None, title: "a".into(), body });
    book.decide(&signal, NOW, &mut One);
    let native = Native::new(Notifier::start(false).await.0, zone);
    let found = |alive_at: Ms, orderly: bool| {
        native.starts(&book, alive_at, orderly, |_| true);
        let state = native.state();
        (state.held.len(), state.unsure.len())
    };
    assert_eq!(found(NOW.plus(MINUTE_MS), false), (1, 0), "the tower died within the hours");
    assert_eq!(found(NOW.plus(24 * HOUR_MS), false), (0, 0), "it was told at their end");
    let end = Ms(NOW.0 - NOW.0.rem_euclid(24 * HOUR_MS as i64)).plus(23 * HOUR_MS);
    assert_eq!(found(end.plus(1), false), (0, 1), "it died as they ended");
    assert_eq!(found(end.plus(1), true), (0, 0), "it was stopped");
    native.starts(&book, NOW, false, |_| false);
    assert_eq!(native.state().held.len(), 0, "the owner wants none here");
}

/// The store as it lies there while its tower runs: what a kill would leave.
fn cut_off(folder: &std::path::Path) -> tempfile::TempDir {
    let copy = tempfile::tempdir().unwrap();
    let files = std::fs::read_dir(folder).unwrap().map(Result::unwrap);
    // The database before its write-ahead log.
    let mut files: Vec<_> = files.map(|file| file.path()).filter(|path| path.is_file()).collect();
    files.sort();
    for file in files.iter().filter(|file| !file.to_string_lossy().ends_with("-shm")) {
        std::fs::copy(file, copy.path().join(file.file_name().unwrap())).unwrap();
    }
    copy
}

#[tokio::test]
async fn what_a_tower_may_not_have_come_to_show_is_told_as_it_stops_and_after_it_was_cut_off() {
    if under_dunst("what_a_tower_may_not_have_come_to_show_is_told_as_it_stops_and_after_it_was_cut_off") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let clock = Arc::new(ManualClock::at(NOW));
    let (notifier, _clicked) = Notifier::start(true).await;
    let (handle, running) = tower(folder.path(), &clock, notifier.clone()).await;
    let lost = AlertKind::HeartbeatLost;
    for number in 0..8 {
        handle.signal(trouble(&format!("agent-{number}"), lost)).await.unwrap();
    }
    let over = Signal::Over { about: About::Channel("agent-0".into()), kind: lost, run_id: None };
    handle.signal(over).await.unwrap();
    shown(4).await;
    let copy = cut_off(folder.path());
    running.stop().await;
    shows_in_history("3 problems").await;
    assert!(!dunstctl(&["history"]).contains("7 problems"));

    let (handle, running) = tower(copy.path(), &clock, notifier).await;
    shows_in_history("7 problems").await;
    drop(handle);
    running.stop().await;
}

#[tokio::test]
async fn a_tower_that_came_back_by_itself_says_so_and_leaves_what_was_missed_to_the_briefing() {
    if under_dunst("a_tower_that_came_back_by_itself_says_so_and_leaves_what_was_missed_to_the_briefing") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let clock = Arc::new(ManualClock::at(NOW));
    let (notifier, _clicked) = Notifier::start(true).await;
    let (handle, running) = tower(folder.path(), &clock, notifier).await;
    let off = |severity, title: &str| {
        let (about, kind, title) = (About::Tower, AlertKind::TowerWasOff, title.to_owned());
        Signal::Trouble(Problem { about, kind, severity, run_id: None, title, body: String::new() })
    };
    handle.signal(off(Severity::Info, "3 due times passed while the tower was off")).await.unwrap();
    handle.signal(trouble("one", AlertKind::Zombie)).await.unwrap();
    shown(1).await;
    handle.signal(off(Severity::Warning, "The tower ended without a word and was started again")).await.unwrap();
    shown(2).await;
    shows_in_history("ended without a word").await;
    assert!(!dunstctl(&["history"]).contains("due times passed"));
    running.stop().await;
}
