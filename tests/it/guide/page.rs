//! A page as its reader goes through it: the blocks for a shell from top to bottom, with what it shows of their output.

/// A block for a shell.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Block {
    /// Of its first line in the page.
    pub line: usize,
    pub text: String,
    pub how: How,
    /// What `<!-- run: … -->` before it says.
    pub first: String,
    /// What the page shows right after it, in a block of `text`.
    pub shows: Option<String>,
}

#[derive(Debug, PartialEq, Eq)]
pub(super) enum How {
    Run,
    /// It goes on while the next ones run, which wait for what the page shows of it.
    InBackground,
    /// Why not.
    NotRun(String),
}

/// Files that the page has its reader write: a block whose info ends in `file=NAME`.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Part {
    Shell(Block),
    File { name: String, text: String },
}

/// # Panics
/// If a block is not closed, or says neither that it is run nor why it is not.
pub(super) fn parts(page: &str) -> Vec<Part> {
    let (mut parts, mut first, mut replaced) = (Vec::new(), String::new(), Vec::new());
    // Whether nothing but comments and empty lines came since the last block.
    let mut right_after = false;
    let mut lines = page.lines().enumerate();
    while let Some((index, line)) = lines.next() {
        let line = line.trim_start();
        if let Some(said) = comment(line, "run:") {
            first += &format!("{said}\n");
        }
        if let Some((written, instead)) = comment(line, "with:").and_then(|said| said.split_once(" => ")) {
            replaced.push((written.trim().to_owned(), instead.trim().to_owned()));
        }
        let Some(info) = line.strip_prefix("```") else {
            right_after &= line.is_empty() || line.starts_with("<!--");
            continue;
        };
        let mut text = String::new();
        let indent = page.lines().nth(index).map_or(0, |line| line.len() - line.trim_start().len());
        loop {
            let (_, line) = lines.next().unwrap_or_else(|| panic!("the block in line {} is not closed", index + 1));
            if line.trim_start().starts_with("```") {
                break;
            }
            text += line.get(indent..).unwrap_or_default();
            text.push('\n');
        }
        let with = |text: &str| {
            replaced.iter().fold(text.to_owned(), |text, (written, instead)| text.replace(written, instead))
        };
        let (word, more) = info.split_once(' ').unwrap_or((info, ""));
        if let Some(name) = more.split_whitespace().find_map(|word| word.strip_prefix("file=")) {
            parts.push(Part::File { name: name.to_owned(), text: with(&text) });
        } else if word == "sh" {
            let how = match more.split_once(':') {
                None if more.is_empty() => How::Run,
                None if more == "background" => How::InBackground,
                Some(("no-run", why)) if why.trim().len() > 5 => How::NotRun(why.trim().to_owned()),
                _ => panic!("line {}: `sh`, `sh background` or `sh no-run: why`, and not `{info}`", index + 1),
            };
            let first = std::mem::take(&mut first);
            parts.push(Part::Shell(Block { line: index + 2, text: with(&text), how, first, shows: None }));
        } else if word == "text"
            && right_after
            && let Some(Part::Shell(block)) = parts.last_mut()
            && block.shows.is_none()
        {
            block.shows = Some(with(&text));
        }
        right_after = true;
    }
    parts
}

/// What stands in a comment of this kind.
fn comment<'l>(line: &'l str, kind: &str) -> Option<&'l str> {
    Some(line.strip_prefix("<!--")?.trim_start().strip_prefix(kind)?.strip_suffix("-->")?.trim())
}

/// Whether an output is what a page shows of it. `…` stands for anything in a line, and alone for any lines.
pub(super) fn is_as_shown(shown: &str, said: &str) -> bool {
    fn lines(shown: &[&str], said: &[&str]) -> bool {
        match shown {
            [] => said.is_empty(),
            ["…", rest @ ..] => (0..=said.len()).any(|skipped| lines(rest, &said[skipped..])),
            [line, rest @ ..] => said.first().is_some_and(|first| is_line(line, first)) && lines(rest, &said[1..]),
        }
    }
    fn trimmed(text: &str) -> Vec<&str> {
        text.lines().map(str::trim).filter(|line| !line.is_empty()).collect()
    }
    lines(&trimmed(shown), &trimmed(said))
}

fn is_line(shown: &str, said: &str) -> bool {
    let words = |line: &str| line.split_whitespace().collect::<Vec<_>>().join(" ");
    let (shown, said) = (words(shown), words(said));
    let mut parts = shown.split('…');
    let Some(mut rest) = said.strip_prefix(parts.next().unwrap_or_default()) else { return false };
    let mut parts: Vec<&str> = parts.collect();
    let Some(last) = parts.pop() else { return rest.is_empty() };
    for part in parts {
        let Some((_, after)) = rest.split_once(part) else { return false };
        rest = after;
    }
    rest.ends_with(last)
}

#[test]
fn a_page_is_taken_apart() {
    let page = "Text.\n\n<!-- with: cue_… => $CUE -->\n<!-- run: CUE=x -->\n```sh\nshow cue_…\n```\n\n```text\nx\n```\n\n```python file=a.py\nprint(1)\n```\n```sh no-run: needs a desktop\ny\n```\n";
    let block = |line, text: &str, how, first: &str, shows: Option<&str>| {
        Part::Shell(Block {
            line,
            text: text.to_owned(),
            how,
            first: first.to_owned(),
            shows: shows.map(str::to_owned),
        })
    };
    let expected = [
        block(6, "show $CUE\n", How::Run, "CUE=x\n", Some("x\n")),
        Part::File { name: "a.py".to_owned(), text: "print(1)\n".to_owned() },
        block(17, "y\n", How::NotRun("needs a desktop".to_owned()), "", None),
    ];
    assert_eq!(parts(page), expected);
}

#[test]
fn what_is_shown_is_held_against_what_came() {
    for (shown, said) in [("a … c", "a b c"), ("a…", "ab"), ("a\n…\nd", "a\nb\nc\nd"), ("a  b", "a b\n\n"), ("…", "")]
    {
        assert!(is_as_shown(shown, said), "{shown:?} {said:?}");
    }
    for (shown, said) in [("a … c", "a b"), ("a", "ab"), ("a\n…\nd", "a\nb"), ("a", "a\nb"), ("…x…y", "y x")] {
        assert!(!is_as_shown(shown, said), "{shown:?} {said:?}");
    }
}
