//! Checks of real files.

use cuetower_core::check::{FileCheck, What};

use crate::check::tests::{FIRE, Place, changed_at};

fn file(name: &str, asked: FileCheck) -> What {
    What::File(FileCheck { path: name.into(), ..asked })
}

fn there(name: &str) -> What {
    file(name, FileCheck::default())
}

fn lines(name: &str, least: u64) -> What {
    file(name, FileCheck { min_lines: Some((least as f64).into()), ..FileCheck::default() })
}

fn matching(name: &str, pattern: &str) -> What {
    file(name, FileCheck { matches: Some(pattern.into()), ..FileCheck::default() })
}

#[tokio::test]
async fn a_file_is_there_or_not() {
    let place = Place::new().await;
    place.file("report.md", "four");
    assert_eq!(place.holds(there("report.md")).await, "4 bytes");
    let whole = place.folder.path().join("report.md").display().to_string();
    assert_eq!(place.holds(there(&whole)).await, "4 bytes", "a path that says from where is not moved");
    assert_eq!(place.fails(there("gone.md")).await, "there is no such file");
    assert_eq!(place.fails(there("")).await, "it is a folder");
}

#[cfg(unix)]
#[tokio::test]
async fn a_pipe_that_nobody_writes_to_holds_nobody_up() {
    let place = Place::new().await;
    let path = place.folder.path().join("pipe");
    nix::unistd::mkfifo(&path, nix::sys::stat::Mode::S_IRWXU).expect("made");
    assert_eq!(place.fails(lines("pipe", 1)).await, "it is no regular file");
}

#[tokio::test]
async fn newer_than_the_fire_is_at_the_fire_or_later() {
    let place = Place::new().await;
    let path = place.file("report.md", "x");
    let newer = || file("report.md", FileCheck { newer_than_fire: true, ..FileCheck::default() });
    changed_at(&path, FIRE.plus(2_100));
    assert_eq!(place.holds(newer()).await, "changed 2.1 s after the fire");
    changed_at(&path, FIRE);
    assert_eq!(place.holds(newer()).await, "changed 0 ms after the fire");
    changed_at(&path, FIRE.minus(60_000));
    assert_eq!(place.fails(newer()).await, "it changed 1 min before the fire, and not since");
}

#[tokio::test]
async fn lines_are_counted_with_and_without_an_end() {
    let place = Place::new().await;
    place.file("three", "a\nb\nc");
    place.file("ended", "a\nb\nc\n");
    place.file("empty", "");
    for name in ["three", "ended"] {
        assert_eq!(place.holds(lines(name, 3)).await, "3 lines", "{name}");
        assert_eq!(place.fails(lines(name, 4)).await, "3 lines", "{name}");
    }
    assert_eq!(place.fails(lines("empty", 1)).await, "0 lines");
    place.file("many", "line\n".repeat(1_000_000));
    let seen = place.holds(lines("many", 20)).await;
    assert!(seen.ends_with(" lines and more"), "it need not be read to its end: {seen}");
}

#[tokio::test]
async fn a_line_is_looked_for() {
    let place = Place::new().await;
    place.file("log", b"begun\r\nfound \xff 12 leads\r\ndone\r\n");
    assert_eq!(place.holds(matching("log", "^done$")).await, "line 3 is `done`");
    assert_eq!(place.holds(matching("log", r"\d+ leads")).await, "line 2 is `found \u{fffd} 12 leads`");
    assert_eq!(place.fails(matching("log", "^error")).await, "none of 3 lines matches");
    assert_eq!(place.fails(matching("log", "begun.*done")).await, "none of 3 lines matches", "each line is its own");
    let long = format!("{}needle\nlast needle", "x".repeat(100_000));
    place.file("long", long);
    assert_eq!(
        place.holds(matching("long", "needle")).await,
        "line 2 is `last needle`",
        "of a long line its beginning"
    );
}

#[tokio::test]
async fn a_hash_is_of_the_whole_file() {
    let place = Place::new().await;
    place.file("abc", "abc");
    let sha256 = |hash: &str| FileCheck { sha256: Some(hash.into()), ..FileCheck::default() };
    let abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
    assert_eq!(place.holds(file("abc", sha256(abc))).await, "the same SHA-256");
    assert_eq!(place.fails(file("abc", sha256(&"0".repeat(64)))).await, format!("its SHA-256 is {abc}"));
    let huge = std::fs::File::create(place.folder.path().join("huge")).expect("made");
    huge.set_len(64 * 1024 * 1024 + 1).expect("a file of holes");
    assert_eq!(place.fails(file("huge", sha256(abc))).await, "it is longer than the 64 MiB that are looked at");
}

#[tokio::test]
async fn everything_asked_for_must_hold() {
    let place = Place::new().await;
    changed_at(&place.file("report.md", "total: 5\nend\n"), FIRE.plus(1_000));
    let all = FileCheck {
        newer_than_fire: true,
        min_lines: Some(2.0.into()),
        matches: Some("^total: [1-9]".into()),
        ..FileCheck::default()
    };
    assert_eq!(
        place.holds(file("report.md", all.clone())).await,
        "changed 1 s after the fire, 2 lines, line 1 is `total: 5`"
    );
    assert_eq!(place.fails(file("report.md", FileCheck { min_lines: Some(3.0.into()), ..all })).await, "2 lines");
}
