//! What agents said, made harmless for whoever shows it. Pure.

use cuetower_core::alert::Severity;
use cuetower_core::channel::{Note, What};
use cuetower_core::plain::plain;

/// At most so many characters; what is cut ends in `…`.
pub(super) fn cut(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    let kept: String = text.chars().take(most.saturating_sub(1)).collect();
    format!("{}…", kept.trim_end())
}

/// Without line breaks and other controls, as a title or a header has to be.
pub(super) fn one_line(text: &str, most: usize) -> String {
    let flat = text.chars().map(|letter| if letter.is_control() { ' ' } else { letter }).collect::<String>();
    cut(&plain(&flat.split_whitespace().collect::<Vec<_>>().join(" ")), most)
}

/// Controls but line breaks and tabs become spaces, and what turns the reading direction round is written out.
pub(super) fn lines(text: &str, most: usize) -> String {
    let keep = |letter: char| !letter.is_control() || matches!(letter, '\n' | '\t');
    let calm = text.chars().map(|letter| if keep(letter) { letter } else { ' ' }).collect::<String>();
    cut(&plain(calm.trim()), most)
}

/// For HTML, in text and in attributes.
pub(super) fn html(text: &str) -> String {
    escaped(text, |letter| match letter {
        '&' => Some("&amp;"),
        '<' => Some("&lt;"),
        '>' => Some("&gt;"),
        '"' => Some("&quot;"),
        '\'' => Some("&#39;"),
        _ => None,
    })
}

/// For Slack: its three control characters.
pub(super) fn slack(text: &str) -> String {
    escaped(text, |letter| match letter {
        '&' => Some("&amp;"),
        '<' => Some("&lt;"),
        '>' => Some("&gt;"),
        _ => None,
    })
}

/// For Markdown as Discord reads it: nothing is a link, a heading, a quote or a mention.
pub(super) fn markdown(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for letter in text.chars() {
        if letter.is_ascii_punctuation()
            && !matches!(letter, '.' | ',' | ';' | '\'' | '"' | '/' | '%' | '=' | '?' | '&')
        {
            safe.push('\\');
        }
        safe.push(letter);
        if letter == '@' {
            // A name behind it is nobody's.
            safe.push('\u{200b}');
        }
    }
    safe
}

fn escaped(text: &str, name: impl Fn(char) -> Option<&'static str>) -> String {
    let mut safe = String::with_capacity(text.len());
    for letter in text.chars() {
        match name(letter) {
            Some(name) => safe.push_str(name),
            None => safe.push(letter),
        }
    }
    safe
}

/// "critical · silent run · 3 times"
pub(super) fn facts(note: &Note) -> String {
    let mut facts = vec![note.severity.word().to_owned()];
    if let Some(alert) = &note.alert {
        facts.push(alert.kind.word().replace('_', " "));
        facts.extend(alert.agent.as_ref().map(|agent| format!("agent {}", one_line(agent, 100))));
        if alert.count > 1 {
            facts.push(format!("{} times", alert.count));
        }
    }
    facts.extend(note.at.utc().map(|at| at.format("%Y-%m-%d %H:%M:%S UTC").to_string()));
    facts.join(" · ")
}

/// How a note looks at first sight.
pub(super) enum Mood {
    Critical,
    Warning,
    Info,
    Good,
}

pub(super) fn mood(note: &Note) -> Mood {
    match (note.what, note.severity) {
        (What::Resolved | What::Acknowledged, _) => Mood::Good,
        (What::Test | What::Report, _) => Mood::Info,
        (What::Opened | What::Repeated | What::Escalated | What::Digest, Severity::Critical) => Mood::Critical,
        (What::Opened | What::Repeated | What::Escalated | What::Digest, Severity::Warning) => Mood::Warning,
        (What::Opened | What::Repeated | What::Escalated | What::Digest, Severity::Info) => Mood::Info,
    }
}
