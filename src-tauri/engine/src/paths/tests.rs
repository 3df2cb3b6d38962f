//! What a look finds, and when a file counts.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

use super::files::Look;
use super::looker::as_settled;
use super::{FileSeen, Files, name_pattern};

fn look(folder: &Path, names: &[&str]) -> Look {
    let patterns: Vec<String> = names.iter().map(|name| format!("{}/{name}", folder.display())).collect();
    Look::at(&patterns)
}

fn names(look: &Look) -> Vec<&str> {
    look.files.keys().map(|path| path.rsplit('/').next().unwrap()).collect()
}

#[test]
fn a_pattern_means_the_regular_files_that_a_shell_would_find() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    for name in ["a.csv", "b.csv", "b.txt", ".hidden.csv", "report-1.csv", "report-x.csv", "star*.csv"] {
        fs::write(at(name), "1").unwrap();
    }
    fs::create_dir(at("folder.csv")).unwrap();
    fs::write(at("folder.csv/deep.csv"), "1").unwrap();
    symlink(at("b.txt"), at("link.csv")).unwrap();
    symlink(at("nowhere"), at("broken.csv")).unwrap();
    let found = |patterns: &[&str]| names(&look(folder.path(), patterns)).join(" ");
    assert_eq!(found(&["*.csv"]), "a.csv b.csv link.csv report-1.csv report-x.csv star*.csv");
    assert_eq!(found(&["**.csv", "a.csv"]), found(&["*.csv"]), "found twice is there once");
    assert_eq!(found(&["report-[0-9].csv"]), "report-1.csv");
    assert_eq!(found(&["report-[!0-9].csv", "?.txt"]), "b.txt report-x.csv");
    assert_eq!(found(&["star[*].csv"]), "star*.csv");
    assert_eq!(found(&[".*"]), ".hidden.csv");
    assert_eq!(found(&["a.csv", "not-yet.csv", "no/such/folder/*.csv", "a.csv/*"]), "a.csv");
    let quiet = look(folder.path(), &["no/such/folder/*.csv", "folder.csv"]);
    assert_eq!(quiet, Look::default(), "what is not there needs no warning");
}

#[test]
fn a_pattern_that_means_nothing_is_known_as_one() {
    for name in ["[", "[]", "[!]", "a[b", "[[]x["] {
        assert!(name_pattern(name).is_err(), "{name}");
    }
    for name in ["***", "a**b*", "[]]", "x]", "[!a-z]?"] {
        assert!(name_pattern(name).is_ok(), "{name}");
    }
}

#[test]
fn home_is_the_owners_and_a_file_is_known_by_its_change_and_size() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("a");
    fs::write(&file, "three").unwrap();
    let at = std::time::UNIX_EPOCH + std::time::Duration::from_millis(1_795_202_714_441);
    fs::File::open(&file).unwrap().set_modified(at).unwrap();
    let seen = look(folder.path(), &["a"]).files;
    assert_eq!(seen.into_values().next(), Some(FileSeen { modified_ms: 1_795_202_714_441, bytes: 5 }));
    let home = std::env::home_dir().expect("a home folder");
    let found = Look::at(&["~/.*".to_owned()]).files;
    assert!(found.keys().all(|path| Path::new(path).starts_with(&home)), "{found:?}");
}

#[test]
fn beyond_a_thousand_files_the_owner_is_told() {
    let folder = tempfile::tempdir().unwrap();
    for number in 0..1_001 {
        fs::write(folder.path().join(format!("{number:04}")), "").unwrap();
    }
    let full = look(folder.path(), &["*"]);
    assert_eq!((full.files.len(), names(&full).last().copied()), (1_000, Some("0999")));
    assert!(full.warning.as_deref().is_some_and(|told| told.contains("more than 1000")), "{:?}", full.warning);
    fs::remove_file(folder.path().join("0000")).unwrap();
    assert_eq!(look(folder.path(), &["*"]).warning, None);
}

#[test]
fn a_file_counts_once_two_looks_agree() {
    let folder = tempfile::tempdir().unwrap();
    let (file, path) = (folder.path().join("a"), folder.path().join("a").display().to_string());
    let (nothing, empty) = (Files::new(), look(folder.path(), &["*"]));
    fs::write(&file, "half").unwrap();
    let half = look(folder.path(), &["*"]);
    assert_eq!(as_settled(&nothing, &empty, &half), nothing, "it may be half written");
    fs::write(&file, "half and half").unwrap();
    let whole = look(folder.path(), &["*"]);
    assert_eq!(as_settled(&nothing, &half, &whole), nothing, "it grew");
    let known = as_settled(&nothing, &whole, &look(folder.path(), &["*"]));
    assert_eq!(known, whole.files);
    assert_eq!(known[&path].bytes, 13);
    assert_eq!(as_settled(&known, &whole, &empty), known, "it may only be on its way from one content to the next");
    assert_eq!(as_settled(&known, &empty, &empty), nothing);
    assert_eq!(as_settled(&known, &empty, &whole), known, "back again as it was is no news");
}

#[test]
fn what_could_not_be_looked_at_stays_as_it_was_known() {
    let folder = tempfile::tempdir().unwrap();
    // A link to itself cannot be followed, as a disk that fails cannot be read.
    symlink(folder.path().join("inbox"), folder.path().join("inbox")).unwrap();
    let blind = look(folder.path(), &["inbox/*"]);
    assert!(blind.warning.is_some() && blind.files.is_empty(), "{blind:?}");
    let path = format!("{}/inbox/a", folder.path().display());
    let known = Files::from([(path, FileSeen { modified_ms: 1, bytes: 1 })]);
    assert_eq!(as_settled(&known, &blind, &blind), known);
    let single = look(folder.path(), &["inbox"]);
    assert!(single.warning.is_some() && !single.tells_of(&format!("{}/inbox", folder.path().display())));
}
