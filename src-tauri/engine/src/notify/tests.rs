//! With a real server: dunst on a private D-Bus session under Xvfb. And without one.

use std::process::Command;
use std::time::{Duration, Instant};

use super::*;
use crate::briefing_note::tests::{MINUTE_MS, NOW, tower};
use crate::clock::ManualClock;

fn note(key: &str, title: &str, run: &str) -> Note {
    Note {
        key: key.into(),
        title: title.into(),
        body: "1 < 2 & \"3\"".into(),
        critical: true,
        opens: Some(Opens::Run(run.into())),
        buttons: Vec::new(),
    }
}

pub(crate) fn dunstctl(arguments: &[&str]) -> String {
    let output = Command::new("dunstctl").args(arguments).output().expect("dunstctl");
    String::from_utf8(output.stdout).expect("text").trim().to_owned()
}

/// A click on a window that is not drawn yet goes nowhere; after this long another one is due.
const LOST: Duration = Duration::from_secs(2);

fn displayed() -> String {
    dunstctl(&["count", "displayed"])
}

/// Clicks the notification that is on top, with the mouse, which closes it.
pub(crate) async fn click() {
    let click =
        "xdotool mousemove --window $(xdotool search --onlyvisible --class '^Dunst$' | head -n 1) 60 12 click 1";
    let pressed = || Command::new("sh").args(["-c", click]).status().expect("xdotool").success();
    let before = displayed();
    let mut last: Option<Instant> = None;
    while displayed() == before {
        if last.is_none_or(|at| at.elapsed() > LOST) {
            last = pressed().then(Instant::now);
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// Presses the button with this label on the notification that is on top, as dunst's menu of actions does. All labels there were.
pub(crate) async fn press(label: &str) -> String {
    let _ = std::fs::remove_file("menu");
    std::fs::write("wanted", label).expect("the test's own folder");
    let mut last: Option<Instant> = None;
    loop {
        if last.is_none_or(|at| at.elapsed() > LOST) {
            dunstctl(&["context"]);
            last = Some(Instant::now());
        }
        if let Ok(menu) = std::fs::read_to_string("menu") {
            return menu;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// Waits until dunst shows `count` notifications.
pub(crate) async fn shown(count: usize) {
    while displayed() != count.to_string() {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// Runs this test again on a display and a session bus of its own, with dunst.
pub(crate) fn with_dunst(test: &str) {
    let home = tempfile::tempdir().expect("a folder");
    // The display number is the server's to choose; it says which on descriptor 3.
    let session = "exec 3>display; Xvfb -displayfd 3 -screen 0 800x600x24 -nolisten tcp >/dev/null 2>&1 & xvfb=$!
        until [ -s display ]; do sleep 0.05; done
        export DISPLAY=:$(cat display)
        printf '#!/bin/sh\ntee menu.new | grep -F \"$(cat wanted)\" | head -n 1; mv menu.new menu\n' > pick; chmod +x pick
        printf '[global]\nmouse_left_click = do_action, close_current\nsort = no\nmarkup = full\ndmenu = %s/pick\n' \"$PWD\" > dunstrc
        dunst -config dunstrc >/dev/null 2>&1 & dunst=$!
        until dunstctl count >/dev/null 2>&1; do sleep 0.05; done
        \"$0\" --exact \"$1\" --nocapture; code=$?
        kill $dunst $xvfb; wait; exit $code";
    let mut again = Command::new("dbus-run-session");
    again.args(["--", "sh", "-c", session]).arg(std::env::current_exe().expect("a test binary")).arg(test);
    again.env("CUETOWER_TEST_NOTIFY", "1").env("HOME", home.path()).current_dir(home.path());
    let output = again.output().expect("dbus-run-session, Xvfb and dunst: `cargo xtask test` installs them");
    let said = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let said = format!("{}{}", said(&output.stdout), said(&output.stderr));
    assert!(output.status.success() && said.contains("1 passed"), "{said}");
}

#[tokio::test]
async fn a_real_server_shows_replaces_and_reports_the_click() {
    if std::env::var_os("CUETOWER_TEST_NOTIFY").is_none() {
        return with_dunst("notify::tests::a_real_server_shows_replaces_and_reports_the_click");
    }
    let (notifier, mut clicked) = Notifier::start(true).await;
    let health = notifier.health();
    assert!(health.ok && health.name.starts_with("dunst"), "{health:?}");

    notifier.show(note("leads", "leads went silent", "run-1"));
    shown(1).await;
    notifier.show(note("leads", "leads went silent again", "run-2"));
    notifier.show(note("digest", "digest failed", "run-3"));
    shown(2).await;

    let mut runs = Vec::new();
    for left in [1, 0] {
        click().await;
        let Some(Clicked::Opens(Opens::Run(run))) = clicked.recv().await else { panic!("a click opens a run") };
        runs.push(run);
        shown(left).await;
    }
    runs.sort();
    assert_eq!(runs, ["run-2", "run-3"], "the later note of a cue took the place of the earlier one");

    let body = dunstctl(&["history"]);
    assert!(body.contains("1 &lt; 2 &amp;"), "markup characters are shown as they are: {body}");

    for number in 0..3 {
        // Different titles: dunst stacks what looks the same.
        notifier.show(note(&format!("cue {number}"), &format!("closed by hand {number}"), "run"));
    }
    shown(3).await;
    dunstctl(&["close-all"]);
    shown(0).await;
    notifier.show(note("cue 0", "after a close", "run-5"));
    shown(1).await;
    click().await;
    assert_eq!(clicked.recv().await, Some(Clicked::Opens(Opens::Run("run-5".into()))), "a closed note is no click");
}

#[tokio::test]
async fn what_was_missed_is_told_and_a_click_opens_the_window() {
    if std::env::var_os("CUETOWER_TEST_NOTIFY").is_none() {
        return with_dunst("notify::tests::what_was_missed_is_told_and_a_click_opens_the_window");
    }
    let folder = tempfile::tempdir().expect("a folder");
    let clock = Arc::new(ManualClock::at(NOW));
    let (notifier, mut clicked) = Notifier::start(true).await;
    let (_handle, running) = tower(folder.path(), &clock, notifier).await;
    // The newest is young enough to run, so that no alert is shown beside the briefing.
    clock.sleep_machine(37 * MINUTE_MS + 10_000);
    shown(1).await;
    click().await;
    assert_eq!(clicked.recv().await, Some(Clicked::Opens(Opens::Window)));
    shown(0).await;
    let said = dunstctl(&["history"]);
    for words in ["37 due times passed while asleep", "1 cue ran by its policy."] {
        assert!(said.contains(words), "{words} is not in {said}");
    }
    running.stop().await;
}

#[tokio::test]
async fn a_missing_server_says_so_and_holds_nobody_up() {
    // The address of the bus is the process's own, so a copy of this test runs with another one.
    if std::env::var_os("CUETOWER_TEST_NO_NOTIFY").is_none() {
        let mut again = Command::new(std::env::current_exe().expect("a test binary"));
        again.arg("a_missing_server_says_so").stdout(std::process::Stdio::null());
        again.env("CUETOWER_TEST_NO_NOTIFY", "1").env("DBUS_SESSION_BUS_ADDRESS", "unix:path=/nowhere/bus");
        assert!(again.status().expect("it ran").success());
        return;
    }
    let (notifier, _clicked) = Notifier::start(true).await;
    let health = notifier.health();
    assert!(
        !health.ok && health.message.as_deref().is_some_and(|told| told.contains("in the window only")),
        "{health:?}"
    );
    for number in 0..200 {
        notifier.show(note(&format!("cue {number}"), "many", "run"));
    }
}

#[tokio::test]
async fn switched_off_means_off() {
    let (notifier, mut clicked) = Notifier::start(false).await;
    assert_eq!(notifier.health(), NotifyHealth { ok: true, name: "off".into(), message: None });
    notifier.show(note("a", "b", "c"));
    assert_eq!(clicked.recv().await, None);
}

#[tokio::test]
async fn a_button_is_pressed_on_a_real_server() {
    if std::env::var_os("CUETOWER_TEST_NOTIFY").is_none() {
        return with_dunst("notify::tests::a_button_is_pressed_on_a_real_server");
    }
    let (notifier, mut clicked) = Notifier::start(true).await;
    let button = |label: &str, minutes: u32| {
        let press =
            Press { command: "alert_snooze", request: serde_json::json!({ "alert_id": "a", "minutes": minutes }) };
        Button { label: label.into(), press }
    };
    let quiet = |title: &str| Note {
        buttons: vec![button("Restart", 1), button("Snooze 1 h", 60)],
        ..note("price-watch", title, "run-1")
    };
    notifier.show(quiet("price-watch has gone quiet"));
    shown(1).await;
    let menu = press("Snooze 1 h").await;
    for label in ["Restart", "Snooze 1 h", "Open"] {
        assert!(menu.contains(label), "no {label} in {menu}");
    }
    let Some(Clicked::Pressed(Press { command, request })) = clicked.recv().await else {
        panic!("a button was pressed")
    };
    assert_eq!((command, &request["minutes"]), ("alert_snooze", &serde_json::json!(60)));
    shown(0).await;

    notifier.show(quiet("price-watch is quiet still"));
    shown(1).await;
    press("Open").await;
    assert_eq!(clicked.recv().await, Some(Clicked::Opens(Opens::Run("run-1".into()))));
    shown(0).await;

    // With several actions a click on the rest is the one that opens.
    notifier.show(quiet("price-watch has not come back"));
    shown(1).await;
    click().await;
    assert_eq!(clicked.recv().await, Some(Clicked::Opens(Opens::Run("run-1".into()))));
}
