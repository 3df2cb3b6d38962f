//! To whom: a web hook's `callback` or a `command`.

use cuetower_core::cue::{Callback, Command, Program, Transport};
use serde_json::Value;
use url::Url;

use super::pairs::{self, Pairs};
use super::reading::{Object, Problems, shortened};

const URL_CHARS_MAX: usize = 2_048;
const ARGUMENTS_MAX: usize = 1_000;
const STOP_GRACE_MS: u64 = 10_000;

#[derive(Clone, Copy)]
enum Kind {
    Webhook,
    Command,
}

const KINDS: [(&str, Kind); 2] = [("webhook", Kind::Webhook), ("command", Kind::Command)];
const METHODS: [(&str, &str); 4] = [("POST", "POST"), ("PUT", "PUT"), ("PATCH", "PATCH"), ("GET", "GET")];

pub(super) fn read(top: &Object, problems: &mut Problems) -> Option<Transport> {
    let kind = match top.get("transport") {
        // CueAPI's default.
        None => Kind::Webhook,
        Some(_) => top.word("transport", &KINDS, &["worker", "watch"], problems)?,
    };
    match kind {
        Kind::Webhook => {
            refuse_other(top, "command", "webhook", problems);
            callback(top, problems).map(Transport::Webhook)
        }
        Kind::Command => {
            // CueAPI shows a cue without a callback as one whose `url` is null.
            if top.get("callback").and_then(|callback| callback.get("url")) != Some(&Value::Null) {
                refuse_other(top, "callback", "command", problems);
            }
            command(top, problems).map(Transport::Command)
        }
    }
}

fn refuse_other(top: &Object, section: &str, transport: &str, problems: &mut Problems) {
    if top.get(section).is_some_and(|value| value.as_object().is_none_or(|section| !section.is_empty())) {
        let other = if section == "command" { "command" } else { "webhook" };
        let message = format!(
            "`{section}` belongs to the transport `{other}`, and this cue's is `{transport}`; leave it out or write `\"transport\": \"{other}\"`."
        );
        problems.add(section, message);
    }
}

fn callback(top: &Object, problems: &mut Problems) -> Option<Callback> {
    if top.get("callback").is_none() {
        let message = "`callback` is missing; a webhook needs one such as {\"url\": \"http://127.0.0.1:9000/run\"}.";
        problems.add("callback", message);
        return None;
    }
    let callback = top.section("callback", &["url", "method", "headers"], problems)?;
    let url = callback.required_text("url", "write the address to call, such as `http://127.0.0.1:9000/run`", problems);
    let trouble = url.and_then(trouble_with_url);
    if let Some(trouble) = trouble {
        problems.add("callback.url", format!("`callback.url` {trouble}."));
    }
    let method = match callback.get("method").and_then(|method| method.as_str()) {
        Some(written) if METHODS.iter().any(|(method, _)| method.eq_ignore_ascii_case(written)) => {
            written.to_ascii_uppercase()
        }
        _ => callback.word("method", &METHODS, &[], problems).unwrap_or("POST").to_owned(),
    };
    let headers = pairs::read(&callback, "headers", Pairs::Headers, problems);
    Some(Callback { url: url?.to_owned(), method, headers })
}

fn trouble_with_url(written: &str) -> Option<String> {
    if written.chars().count() > URL_CHARS_MAX {
        return Some(format!("has more than {URL_CHARS_MAX} characters; shorten it"));
    }
    if written.contains("{{secret:") {
        return Some("holds a secret, which would be shown and logged; send it in a header".to_owned());
    }
    if written.contains(|c: char| c.is_whitespace() || c.is_control()) {
        return Some("has a space or a line break in it; write %20 for a space".to_owned());
    }
    let url = match Url::parse(written) {
        Ok(url) => url,
        Err(error) => return Some(format!("is no URL ({error}); write one such as `http://127.0.0.1:9000/run`")),
    };
    if !matches!(url.scheme(), "http" | "https") {
        return Some(format!("must begin with http:// or https://, not with `{}:`", shortened(url.scheme())));
    }
    if url.host_str().is_none_or(str::is_empty) {
        return Some("names no host; write one such as `http://127.0.0.1:9000/run`".to_owned());
    }
    if url.port() == Some(0) {
        return Some("has the port 0, which nobody listens on; write the real one".to_owned());
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Some("holds a user name or a password, which would be shown; send them in a header".to_owned());
    }
    None
}

fn command(top: &Object, problems: &mut Problems) -> Option<Command> {
    if top.get("command").is_none() {
        let message = "`command` is missing; a command needs one such as {\"argv\": [\"python3\", \"leads.py\"]}.";
        problems.add("command", message);
        return None;
    }
    let command = top.section("command", &["argv", "shell", "cwd", "env", "stop_grace_seconds"], problems)?;
    let program = program(&command, problems);
    let cwd = command.text_within("cwd", 4_096, problems).filter(|cwd| !cwd.is_empty());
    for text in cwd.iter() {
        plain(&command.place("cwd"), text, problems);
    }
    let env = pairs::read(&command, "env", Pairs::Env, problems);
    let stop_grace_ms = command.seconds("stop_grace_seconds", 0.0..=3_600.0, problems).unwrap_or(STOP_GRACE_MS);
    Some(Command { program: program?, cwd: cwd.map(str::to_owned), env, stop_grace_ms })
}

fn program(command: &Object, problems: &mut Problems) -> Option<Program> {
    match (command.get("argv"), command.get("shell")) {
        (Some(_), None) => argv(command, problems).map(Program::Argv),
        (None, Some(_)) => {
            let line = command.text("shell", problems)?;
            plain("command.shell", line, problems);
            if line.trim().is_empty() {
                problems.add("command.shell", "`command.shell` is empty; write a line such as `python3 leads.py`.");
            }
            Some(Program::Shell(line.to_owned()))
        }
        (Some(_), Some(_)) => {
            problems.add("command.shell", "A command has either `argv` or `shell`; leave one of them out.");
            None
        }
        (None, None) => {
            let message =
                "A command needs `argv`, such as [\"python3\", \"leads.py\"], or `shell`, a line for the shell.";
            problems.add("command.argv", message);
            None
        }
    }
}

fn argv(command: &Object, problems: &mut Problems) -> Option<Vec<String>> {
    command.get("argv").filter(|argv| argv.is_array()).or_else(|| {
        command.list("argv", problems);
        None
    })?;
    let list = command.list("argv", problems);
    if list.len() > ARGUMENTS_MAX {
        problems
            .add("command.argv", format!("`command.argv` has {} entries; at most {ARGUMENTS_MAX} fit.", list.len()));
        return None;
    }
    let mut argv = Vec::new();
    for (index, argument) in list.iter().enumerate() {
        let place = format!("command.argv[{index}]");
        match argument.as_str() {
            Some(text) => {
                plain(&place, text, problems);
                argv.push(text.to_owned());
            }
            None => problems.mistyped(&place, "a text", argument),
        }
    }
    if list.first().is_none_or(|program| program.as_str().is_some_and(|program| program.trim().is_empty())) {
        problems
            .add("command.argv", "`command.argv` names no program; write a list such as [\"python3\", \"leads.py\"].");
    }
    Some(argv)
}

/// Secrets are filled in for headers and variables alone, and a NUL ends a text for the system.
fn plain(place: &str, text: &str, problems: &mut Problems) {
    if text.contains('\0') {
        problems.add(place, format!("`{place}` holds a NUL character; take it out."));
    }
    if text.contains("{{secret:") {
        let message =
            format!("`{place}` holds a secret, which other programs could see; hand it over in `command.env`.");
        problems.add(place, message);
    }
}
