//! Rules about Rust files: the header, the doors of the outside crates, the clock, the inert core, names.

use super::rules::{CLOCKS, CORE_STD, CORE_WORDS, DOORS, EMPTY_WORDS, NOWHERE};
use super::tokens::{self, Token};
use super::{File, Finding};

pub fn check(file: &File) -> Vec<Finding> {
    if !file.has_ending(&["rs"]) {
        return Vec::new();
    }
    let all = tokens::all(&file.text);
    let product = if is_test(&file.path) { Vec::new() } else { tokens::of_the_product(&file.text) };
    let mut findings = Vec::new();
    if !file.text.trim_start().starts_with("//!") {
        findings.push(file.finding(1, "opens without `//!`: say what lives here and what does not"));
    }
    findings.extend(doors(file, &all));
    findings.extend(clocks(file, &product));
    if file.path.starts_with("src-tauri/core/src/") {
        findings.extend(core(file, &product));
    }
    for (words, instead) in NOWHERE {
        let lines = tokens::lines_with(&all, words);
        findings.extend(lines.iter().map(|line| file.finding(*line, format!("`{}`: {instead}", words.concat()))));
    }
    findings.extend(names(file, &all));
    findings
}

/// A file of tests alone, beside the code it tests.
fn is_test(path: &str) -> bool {
    path.ends_with("/tests.rs") || path.ends_with("_tests.rs") || path.contains("/tests/")
}

fn doors(file: &File, tokens: &[Token]) -> Vec<Finding> {
    let closed = DOORS.iter().filter(|door| !stands_in(&file.path, door.places));
    let named = |door| crate_named(tokens, door).into_iter();
    closed
        .flat_map(|door| {
            named(door.name).map(move |line| {
                file.finding(line, format!("`{}` does not belong here (invariant 3): {}", door.name, door.instead))
            })
        })
        .collect()
}

/// Lines that name the crate itself, not a module or a field of the same name.
fn crate_named(tokens: &[Token], name: &str) -> Vec<usize> {
    let text = |at: usize| tokens.get(at).map_or("", |token| token.text.as_str());
    let before = |at: usize| if at == 0 { "" } else { text(at - 1) };
    let names = |at: &usize| {
        let rooted = !matches!(before(*at), "::" | "." | "mod");
        text(*at) == name && rooted && (text(at + 1) == "::" || matches!(before(*at), "use" | "crate"))
    };
    // `keyring::` after `mod keyring;` is that module.
    let own_module = !tokens::lines_with(tokens, &["mod", name]).is_empty();
    (0..tokens.len()).filter(|_| !own_module).filter(names).map(|at| tokens[at].line).collect()
}

fn clocks(file: &File, tokens: &[Token]) -> Vec<Finding> {
    let closed = CLOCKS.iter().filter(|clock| !stands_in(&file.path, clock.places));
    closed
        .flat_map(|clock| {
            tokens::lines_with(tokens, clock.words).into_iter().map(|line| {
                let sentence = "`now` is asked in `engine/src/clock` alone (invariant 3): use `clock.now()`, or take it as an argument";
                file.finding(line, format!("`{}`: {sentence}", clock.words.concat()))
            })
        })
        .collect()
}

fn core(file: &File, tokens: &[Token]) -> Vec<Finding> {
    let inert = |what: &str, instead: &str| format!("`{what}`: core is inert (invariant 1); {instead}");
    let mut findings = Vec::new();
    for (words, instead) in CORE_WORDS {
        let lines = tokens::lines_with(tokens, words);
        findings.extend(lines.iter().map(|line| file.finding(*line, inert(&words.concat(), instead))));
    }
    for (module, line) in std_modules(tokens) {
        if CORE_STD.contains(&module) {
            let instead = "hand the content in as an input, or return an effect";
            findings.push(file.finding(line, inert(&format!("std::{module}"), instead)));
        }
    }
    findings
}

/// Every `x` of `std::x` and of `std::{x, y::z}`.
fn std_modules(tokens: &[Token]) -> Vec<(&str, usize)> {
    let mut modules = Vec::new();
    for (at, window) in tokens.windows(3).enumerate() {
        let [root, sign, next] = window else { continue };
        if root.text != "std" || sign.text != "::" {
            continue;
        }
        if next.text != "{" {
            modules.push((next.text.as_str(), next.line));
            continue;
        }
        let mut depth = 0;
        for pair in tokens[at + 2..].windows(2) {
            match pair[0].text.as_str() {
                "{" => depth += 1,
                "}" => depth -= 1,
                _ => {}
            }
            match depth {
                0 => break,
                1 if matches!(pair[0].text.as_str(), "{" | ",") => modules.push((pair[1].text.as_str(), pair[1].line)),
                _ => {}
            }
        }
    }
    modules
}

fn names(file: &File, tokens: &[Token]) -> Vec<Finding> {
    let declared =
        tokens.windows(2).filter(|pair| matches!(pair[0].text.as_str(), "struct" | "enum" | "trait" | "type"));
    declared
        .filter_map(|pair| {
            let name = &pair[1];
            let word = EMPTY_WORDS.iter().find(|word| camel_words(&name.text).any(|part| part == **word))?;
            let sentence = format!("`{}`: `{word}` says nothing; name it with the word SPEC has for it", name.text);
            Some(file.finding(name.line, sentence))
        })
        .collect()
}

/// `CueTable` is `Cue`, `Table`.
fn camel_words(name: &str) -> impl Iterator<Item = &str> {
    let starts = name.char_indices().filter(|(_, sign)| sign.is_uppercase()).map(|(at, _)| at);
    let ends = starts.clone().skip(1).chain([name.len()]);
    starts.zip(ends).map(|(start, end)| &name[start..end])
}

fn stands_in(path: &str, places: &[&str]) -> bool {
    places.iter().any(|place| path.starts_with(place))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sentences(path: &str, text: &str) -> String {
        let file = File { path: path.into(), text: format!("//! A file.\n{text}") };
        check(&file).iter().map(Finding::to_string).collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn each_crate_has_one_door() {
        let text = "use rusqlite::Connection;";
        assert!(
            sentences("src-tauri/engine/src/desk/mod.rs", text).contains("mod.rs:2: `rusqlite` does not belong here")
        );
        assert_eq!(sentences("src-tauri/engine/src/journal/rows.rs", text), "");
        assert!(sentences("src-tauri/engine/src/pilot.rs", "fn f(c: rusqlite::Connection) {}").contains("invariant 3"));
        assert_eq!(sentences("src-tauri/engine/src/lib.rs", "pub mod keyring; use crate::vault::keyring;"), "");
    }

    #[test]
    fn the_core_is_inert() {
        for text in [
            "use std::fs;",
            "use std::{collections::{BTreeMap}, env};",
            "async fn f() {}",
            "fn f() { std::thread::sleep(d) }",
            "static mut N: u8 = 0;",
            "fn f() -> Instant { x }",
        ] {
            assert!(sentences("src-tauri/core/src/lane.rs", text).contains("core is inert"), "{text}");
        }
        assert_eq!(
            sentences("src-tauri/core/src/lane.rs", "use std::{collections::BTreeMap, fmt};\n// std::fs, tokio"),
            ""
        );
        assert_eq!(sentences("src-tauri/core/src/lane.rs", "#[cfg(test)]\nmod tests { use std::fs; }"), "");
    }

    #[test]
    fn the_clock_is_asked_in_one_place() {
        let text = "fn f() { chrono::Utc::now(); }";
        assert!(sentences("src-tauri/engine/src/pilot.rs", text).contains("clock.now()"));
        assert_eq!(sentences("src-tauri/engine/src/clock.rs", text), "");
        assert_eq!(sentences("src-tauri/engine/src/deliver/webhook.rs", "fn f() { Instant::now(); }"), "");
    }

    #[test]
    fn empty_words_and_shortcuts_are_named() {
        assert!(sentences("src-tauri/engine/src/a.rs", "struct CueManager;").contains("`Manager` says nothing"));
        assert_eq!(sentences("src-tauri/engine/src/a.rs", "struct Utility; // The Secret Service"), "");
        let path = "src-tauri/engine/src/a.rs";
        assert!(sentences(path, "#[allow(dead_code)] fn f() { todo!() }").contains("expect"));
    }

    #[test]
    fn every_file_says_what_lives_in_it() {
        let file = File { path: "src-tauri/core/src/a.rs".into(), text: "use std::fmt;".into() };
        assert_eq!(check(&file).len(), 1);
    }
}
