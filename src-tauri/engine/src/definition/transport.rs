//! To whom: a web hook's `callback`, a `command`, a `worker`, or an agent that is only watched.

use cuetower_core::cue::{Callback, Command, Restart, Transport, Worker};
use serde_json::Value;
use url::Url;

use super::pairs::{self, Pairs};
use super::program::{plain, program};
use super::reading::{Object, Problems, shortened};

const URL_CHARS_MAX: usize = 2_048;
const STOP_GRACE_MS: u64 = 10_000;

#[derive(Clone, Copy)]
enum Kind {
    Webhook,
    Worker,
    Command,
    Watch,
}

const KINDS: [(&str, Kind); 4] =
    [("webhook", Kind::Webhook), ("worker", Kind::Worker), ("command", Kind::Command), ("watch", Kind::Watch)];
/// The section of each transport that has one.
const SECTIONS: [(&str, &str); 3] = [("callback", "webhook"), ("worker", "worker"), ("command", "command")];
const RESTARTS: [(&str, Restart); 3] =
    [("never", Restart::Never), ("on_failure", Restart::OnFailure), ("always", Restart::Always)];
const METHODS: [(&str, &str); 4] = [("POST", "POST"), ("PUT", "PUT"), ("PATCH", "PATCH"), ("GET", "GET")];

pub(super) fn read(top: &Object, problems: &mut Problems) -> Option<Transport> {
    let (word, kind) = match top.get("transport") {
        // CueAPI's default.
        None => ("webhook", Kind::Webhook),
        Some(_) => {
            let kinds = KINDS.map(|(word, kind)| (word, (word, kind)));
            top.word("transport", &kinds, &[], problems)?
        }
    };
    refuse_others(top, word, problems);
    match kind {
        Kind::Webhook => callback(top, problems).map(Transport::Webhook),
        Kind::Worker => worker(top, problems).map(Transport::Worker),
        Kind::Command => command(top, problems).map(Transport::Command),
        Kind::Watch => Some(Transport::Watch),
    }
}

fn refuse_others(top: &Object, transport: &str, problems: &mut Problems) {
    for (section, other) in SECTIONS.into_iter().filter(|(_, other)| *other != transport) {
        let Some(value) = top.get(section) else { continue };
        // CueAPI shows a cue without a callback as one whose `url` is null.
        let asks_for_nothing = value.as_object().is_some_and(|object| object.is_empty())
            || (section == "callback" && value.get("url") == Some(&Value::Null));
        if !asks_for_nothing {
            let message = format!(
                "`{section}` belongs to the transport `{other}`, and this cue's is `{transport}`; leave it out or write `\"transport\": \"{other}\"`."
            );
            problems.add(section, message);
        }
    }
}

fn worker(top: &Object, problems: &mut Problems) -> Option<Worker> {
    let otherwise = Worker { lease_ms: Worker::LEASE_MS };
    if top.get("worker").is_none() {
        return Some(otherwise);
    }
    let worker = top.section("worker", &["lease_seconds"], problems)?;
    let lease_ms = worker.seconds("lease_seconds", 1.0..=24.0 * 3_600.0, problems).unwrap_or(otherwise.lease_ms);
    Some(Worker { lease_ms })
}

fn callback(top: &Object, problems: &mut Problems) -> Option<Callback> {
    if top.get("callback").is_none() {
        let message = "`callback` is missing; a webhook needs one such as {\"url\": \"http://127.0.0.1:9000/run\"}.";
        problems.add("callback", message);
        return None;
    }
    let callback = top.section("callback", &["url", "method", "headers", "allow_private"], problems)?;
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
    let allow_private = callback.flag("allow_private", problems).unwrap_or(false);
    Some(Callback { url: url?.to_owned(), method, headers, allow_private })
}

pub(super) fn trouble_with_url(written: &str) -> Option<String> {
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
    let known = ["argv", "shell", "cwd", "env", "restart", "stop_grace_seconds"];
    let command = top.section("command", &known, problems)?;
    let program = program(&command, problems);
    let cwd = command.text_within("cwd", 4_096, problems).filter(|cwd| !cwd.is_empty());
    for text in cwd.iter() {
        plain(&command, "cwd", text, problems);
    }
    let env = pairs::read(&command, "env", Pairs::Env, problems);
    let stop_grace_ms = command.seconds("stop_grace_seconds", 0.0..=3_600.0, problems).unwrap_or(STOP_GRACE_MS);
    let restart = command.word("restart", &RESTARTS, &[], problems).unwrap_or_default();
    Some(Command { program: program?, cwd: cwd.map(str::to_owned), env, stop_grace_ms, restart })
}
