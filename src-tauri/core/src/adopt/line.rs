//! One line of a crontab in its parts, and as it is written while the tower watches it or has taken it over.

use super::crontab::Syntax;
use super::shell_word;

/// Stands before a line that a cue has taken over, with the cue's id.
pub const MARK: &str = "#cuetower:";

/// A line that runs something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line<'a> {
    /// The five fields, or one such as `@daily`.
    pub fields: Vec<&'a str>,
    pub user: Option<&'a str>,
    /// Up to the first `%` that has no backslash, as it is written.
    pub command: &'a str,
    /// From that `%` on.
    pub input: &'a str,
    /// Where the command begins.
    command_at: usize,
}

impl<'a> Line<'a> {
    /// None: it runs nothing, or has not enough fields.
    #[must_use]
    pub fn of(text: &'a str, syntax: Syntax) -> Option<Line<'a>> {
        let mut at = text.len() - text.trim_start_matches(is_blank).len();
        let count = if text[at..].starts_with('@') { 1 } else { 5 };
        let mut words = Vec::new();
        for _ in 0..count + usize::from(syntax == Syntax::System) {
            let word = text[at..].split(is_blank).next().filter(|word| !word.is_empty())?;
            words.push(word);
            at += word.len();
            at += text[at..].len() - text[at..].trim_start_matches(is_blank).len();
        }
        let user = (syntax == Syntax::System).then(|| words.pop()).flatten();
        let command = &text[at..];
        let cut = first_percent(command).unwrap_or(command.len());
        let (command, input) = command.split_at(cut);
        Some(Line { fields: words, user, command, input, command_at: at })
    }

    /// What the shell is handed.
    #[must_use]
    pub fn shell_text(&self) -> String {
        unescaped(self.command)
    }

    /// The lines of its standard input; none if it has none.
    #[must_use]
    pub fn input_lines(&self) -> Vec<String> {
        let Some(input) = self.input.strip_prefix('%').filter(|input| !input.is_empty()) else { return Vec::new() };
        let (mut lines, mut escaped) = (vec![String::new()], false);
        for letter in input.chars() {
            let last = lines.len() - 1;
            match letter {
                '%' if escaped => {
                    lines[last].pop();
                    lines[last].push('%');
                }
                '%' => lines.push(String::new()),
                other => lines[last].push(other),
            }
            escaped = letter == '\\';
        }
        // A line that is ended is not followed by another.
        if lines.last().is_some_and(String::is_empty) {
            lines.pop();
        }
        lines
    }

    /// The same line with its command run under `exec` (its words, as a shell reads them) by `shell`.
    #[must_use]
    pub fn under(&self, text: &str, exec: &str, shell: &str) -> String {
        let head = &text[..self.command_at];
        let command = self.command.replace('\'', r"'\''");
        let [exec, shell] = [exec, &shell_word(shell)].map(|words| words.replace('%', r"\%"));
        format!("{head}{exec} -- {shell} -c '{command}'{}", self.input)
    }
}

/// The line out of work, with what has taken it over.
#[must_use]
pub fn off(text: &str, cue_id: &str) -> String {
    format!("{MARK}{cue_id} {text}")
}

/// The cue that has taken this line over.
#[must_use]
pub fn taken_by(text: &str) -> Option<&str> {
    text.strip_prefix(MARK)?.split(' ').next().filter(|id| !id.is_empty())
}

/// The cue or ping that a line under `exec` tells of itself.
#[must_use]
pub fn watched_by(text: &str) -> Option<&str> {
    let (_, rest) = text.split_once(" exec ")?;
    let mut words = rest.split_whitespace();
    let named = words.by_ref().find(|word| matches!(*word, "--cue" | "--ping" | "--"))?;
    let is_ours = text.contains("cuetower") && named != "--";
    words.next().filter(|_| is_ours)
}

fn is_blank(letter: char) -> bool {
    matches!(letter, ' ' | '\t')
}

fn first_percent(command: &str) -> Option<usize> {
    let mut escaped = false;
    for (at, letter) in command.char_indices() {
        if letter == '%' && !escaped {
            return Some(at);
        }
        escaped = letter == '\\' && !escaped;
    }
    None
}

/// `\%` is a percent sign, and two backslashes are one, as cron hands a command on.
fn unescaped(command: &str) -> String {
    let (mut text, mut escaped) = (String::new(), false);
    for letter in command.chars() {
        if escaped && matches!(letter, '%' | '\\') {
            text.pop();
        }
        text.push(letter);
        escaped = letter == '\\' && !escaped;
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(text: &str) -> Line<'_> {
        Line::of(text, Syntax::User).unwrap_or_else(|| panic!("{text} runs something"))
    }

    /// What Debian's cron 3.0pl1-162 was seen to hand to the shell and to its standard input.
    #[test]
    fn percent_signs_and_backslashes_mean_what_they_mean_to_cron() {
        for (command, text, input) in [
            (r"printf '\%s\n' 'a\\b' 'c\d' 'e\\\\f'", r"printf '%s\n' 'a\b' 'c\d' 'e\\f'", &[][..]),
            (r"echo 'x\\\%y'", r"echo 'x\%y'", &[]),
            (r"echo '\\%y", r"echo '\", &["y"]),
            ("cat%", "cat", &[]),
            ("cat%a%%", "cat", &["a", ""]),
            (r"cat%line one%line \% two\\x%three", "cat", &["line one", r"line % two\\x", "three"]),
        ] {
            let whole = format!("*/5\t1  * * 0 {command}");
            let line = line(&whole);
            assert_eq!(
                (line.shell_text().as_str(), line.input_lines()),
                (text, input.iter().map(|line| (*line).to_owned()).collect()),
                "{command}"
            );
            assert_eq!(line.fields, ["*/5", "1", "*", "*", "0"]);
        }
    }

    #[test]
    fn a_watched_line_is_the_same_line_under_exec() {
        let text = r"5 4\t* * *  cd /srv && echo 'it is' $(date +\%F) > /tmp/x%in%put".replace("\\t", "\t");
        let under = line(&text).under(&text, "/opt/c%t/cuetowerctl --data '/d d' exec --cue cue_1", "/bin/bash");
        assert_eq!(
            under,
            "5 4\t* * *  /opt/c\\%t/cuetowerctl --data '/d d' exec --cue cue_1 -- /bin/bash -c 'cd /srv && echo '\\''it is'\\'' $(date +\\%F) > /tmp/x'%in%put"
        );
        assert_eq!(watched_by(&under), Some("cue_1"));
        assert_eq!(watched_by(&text), None);
        assert_eq!(watched_by("* * * * * docker exec --cue x"), None);
        assert_eq!(
            (off(&text, "cue_1").strip_prefix("#cuetower:cue_1 "), taken_by(&off(&text, "cue_1"))),
            (Some(text.as_str()), Some("cue_1"))
        );
    }

    #[test]
    fn a_systems_line_names_its_user() {
        let line =
            Line::of("17 *\t* * *\troot    cd / && run-parts --report /etc/cron.hourly", Syntax::System).unwrap();
        assert_eq!((line.user, line.command), (Some("root"), "cd / && run-parts --report /etc/cron.hourly"));
        assert_eq!(Line::of("@daily www-data php x", Syntax::System).unwrap().fields, ["@daily"]);
        assert!(Line::of("* * * *", Syntax::User).is_none());
    }
}
