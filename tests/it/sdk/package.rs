//! The package by itself: its own tests, which need no tower, and its types.

use cuetower_tests::{Home, Package, finished};

use super::{python, root};

const PINS: &str = include_str!("pins/mypy.txt");

#[tokio::test(flavor = "multi_thread")]
async fn its_own_tests_pass() {
    let mut tests = tokio::process::Command::new(python());
    tests.args(["-W", "error", "-m", "unittest", "discover", "-s", "tests", "-t", "tests"]);
    tests.current_dir(root().join("sdk/python")).env("PYTHONDONTWRITEBYTECODE", "1");
    let ended = finished(tests, "").await;
    assert_eq!(ended.code, Some(0), "{}{}", ended.out, ended.err);
    assert!(ended.err.contains("Ran ") && ended.err.ends_with("OK\n"), "{}", ended.err);
}

#[tokio::test(flavor = "multi_thread")]
async fn its_types_are_strict() {
    let package = Package::installed(PINS).await;
    let home = Home::new();
    let mut mypy = package.program("mypy", &home);
    mypy.arg("--cache-dir").arg(home.path().join("cache")).current_dir(root().join("sdk/python"));
    let ended = finished(mypy, "").await;
    assert_eq!(ended.code, Some(0), "{}{}", ended.out, ended.err);
}
