//! The command lines in README.md and docs/, and whether there are such: whole ones in blocks, their beginnings in the text.

use std::path::Path;

use clap::Parser as _;
use clap::error::ErrorKind;

use crate::args::Cli;

const PROGRAM: &str = "cuetowerctl";

/// A page and where a line of it stands.
struct Place {
    page: String,
    line: usize,
}

/// The command lines in a text for a shell: the words after the program's name, without redirections and comments.
fn command_lines(text: &str) -> Vec<Vec<String>> {
    let text = text.replace("\\\n", " ");
    let begins = |at: usize| {
        let before = text[..at].chars().next_back();
        let after = text[at + PROGRAM.len()..].chars().next();
        before.is_none_or(|c| c.is_whitespace() || "/(`".contains(c)) && after.is_none_or(char::is_whitespace)
    };
    let starts = text.match_indices(PROGRAM).map(|(at, _)| at).filter(|at| begins(*at) && !is_commented(&text, *at));
    starts.map(|at| words(&text[at + PROGRAM.len()..])).collect()
}

/// Whether a `#` that begins a word stands before it in its line.
fn is_commented(text: &str, at: usize) -> bool {
    let line = text[..at].rsplit('\n').next().unwrap_or_default();
    line.starts_with('#') || line.contains(" #")
}

/// Up to what ends a command for a shell.
fn words(text: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    let mut word: Option<String> = None;
    let mut rest = text.chars().peekable();
    while let Some(c) = rest.next() {
        match c {
            '\'' | '"' => {
                let word = word.get_or_insert_default();
                // `$(…)` inside of double quotes is a word of its own making, whatever is in it.
                let mut depth = 0_u32;
                while let Some(quoted) = rest.next() {
                    match quoted {
                        '(' if c == '"' && word.ends_with('$') => depth += 1,
                        ')' if depth > 0 => depth -= 1,
                        '\\' if c == '"' => word.extend(rest.next_if(|_| true)),
                        _ if quoted == c && depth == 0 => break,
                        _ => {}
                    }
                    word.push(quoted);
                }
            }
            '$' if rest.peek() == Some(&'(') => {
                let mut depth = 0_u32;
                let word = word.get_or_insert_default();
                word.push(c);
                for inner in rest.by_ref() {
                    word.push(inner);
                    depth = match inner {
                        '(' => depth + 1,
                        ')' => depth.saturating_sub(1),
                        _ => depth,
                    };
                    if depth == 0 {
                        break;
                    }
                }
            }
            '#' if word.is_none() => break,
            '\n' | '|' | ';' | '&' | ')' | '`' | '<' | '>' => break,
            c if c.is_whitespace() => words.extend(word.take()),
            c => word.get_or_insert_default().push(c),
        }
    }
    words.extend(word);
    // Of `2> file`.
    if words.last().is_some_and(|word| word == "2") && text.contains("2>") {
        words.pop();
    }
    words
}

/// What stands somewhere.
type Placed = (Place, String);

/// Blocks for a shell, and the `code` in the text, each with its place.
fn parts(page: &str, text: &str) -> (Vec<Placed>, Vec<Placed>) {
    let (mut blocks, mut spans) = (Vec::new(), Vec::new());
    let mut block: Option<(bool, usize, String)> = None;
    for (index, line) in text.lines().enumerate() {
        let place = |line| Place { page: page.to_owned(), line };
        match (line.trim_start().strip_prefix("```"), &mut block) {
            (Some(info), None) => {
                let word = info.split_whitespace().next().unwrap_or_default();
                block = Some((["", "sh", "bash"].contains(&word), index + 2, String::new()));
            }
            (Some(_), Some(_)) => {
                if let Some((true, line, text)) = block.take() {
                    blocks.push((place(line), text));
                }
                block = None;
            }
            (None, Some((_, _, text))) => *text += &format!("{line}\n"),
            (None, None) => {
                let code = line.split('`').skip(1).step_by(2);
                spans.extend(code.map(|code| (place(index + 1), code.to_owned())));
            }
        }
    }
    (blocks, spans)
}

/// README.md and every page of docs/, with its text.
fn pages() -> Vec<(String, String)> {
    fn below(folder: &Path, found: &mut Vec<std::path::PathBuf>) {
        for entry in std::fs::read_dir(folder).expect("docs/ is there").flatten() {
            let path = entry.path();
            if path.is_dir() {
                below(&path, found);
            } else if path.extension().is_some_and(|end| end == "md") {
                found.push(path);
            }
        }
    }
    let root = super::root();
    let mut found = vec![root.join("README.md"), root.join("sdk/python/README.md")];
    below(&root.join("docs"), &mut found);
    found.sort();
    found.iter().map(|path| (path.display().to_string(), std::fs::read_to_string(path).expect("a text"))).collect()
}

#[test]
fn every_command_line_in_a_block_is_one() {
    let (mut seen, mut wrong) = (0, Vec::new());
    for (page, text) in pages() {
        for (place, block) in parts(&page, &text).0 {
            for line in command_lines(&block) {
                seen += 1;
                let read = Cli::try_parse_from(std::iter::once(PROGRAM.to_owned()).chain(line.iter().cloned()));
                match read {
                    Ok(_) => {}
                    Err(error) if matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion) => {}
                    Err(error) => {
                        wrong.push(format!("{}:{}: {PROGRAM} {}\n{error}", place.page, place.line, line.join(" ")));
                    }
                }
            }
        }
    }
    assert!(seen > 60, "only {seen} command lines were found");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// `cuetowerctl agents restart|stop NAME` is short for two; what a placeholder stands for is not known.
#[test]
fn every_command_that_the_text_names_there_is() {
    let mut wrong = Vec::new();
    for (page, text) in pages() {
        for (place, code) in parts(&page, &text).1 {
            let Some(rest) = code.strip_prefix("cuetowerctl ") else { continue };
            let line: Vec<&str> =
                rest.split_whitespace().take_while(|word| !word.contains(['[', '|', '…', '\\'])).collect();
            let read = Cli::try_parse_from(std::iter::once(PROGRAM).chain(line.iter().copied()));
            let unknown = [ErrorKind::InvalidSubcommand, ErrorKind::UnknownArgument];
            if let Err(error) = read
                && unknown.contains(&error.kind())
            {
                wrong.push(format!("{}:{}: {code}\n{error}", place.page, place.line));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_command_line_ends_where_a_shell_ends_it() {
    let read = |text: &str| command_lines(text).into_iter().map(|words| words.join("|")).collect::<Vec<_>>();
    assert_eq!(
        read("KEY=$(cuetowerctl key) x; target/debug/cuetowerctl cue list --json | jq .x"),
        ["key", "cue|list|--json"]
    );
    assert_eq!(read("cuetowerctl cue add - <<< '{\"name\": 1}'\n# cuetowerctl no"), ["cue|add|-"]);
    assert_eq!(
        read("cuetowerctl schedule next \"0 9 * * 1-5\" \\\n  --tz UTC   # the next"),
        ["schedule|next|0 9 * * 1-5|--tz|UTC"]
    );
    assert_eq!(
        read("cuetowerctl answer \"$(cuetowerctl gates --json | x '.a')\" approve"),
        ["answer|$(cuetowerctl gates --json | x '.a')|approve", "gates|--json"]
    );
    assert_eq!(read("cuetowerctl run show $(tail -1 x) > y"), ["run|show|$(tail -1 x)"]);
    assert_eq!(read("cuetowerctl-x; my-cuetowerctl y"), Vec::<String>::new());
}
