//! `secrets`: what the runs of a cue may lease while they work, and for which tools. And a secret that got another name, in
//! every place where a cue names it.

use cuetower_core::check::{Check, Database, SqlCheck, What};
use cuetower_core::cue::{CueDefinition, Transport};
use cuetower_core::lend::Lend;
use serde_json::Value;

use super::reading::{Object, Problems};
use super::secret_names;
use crate::vault::is_name;

/// Secrets that one cue's runs may lease.
const LENDS_MAX: usize = 50;
const TOOLS_MAX: usize = 50;
const TOOL_CHARS_MAX: usize = 128;

/// A list of names, or of objects with a `name` and the `tools` that may have it. Where its templates name a secret, that is a
/// grant of its own.
pub(super) fn read(top: &Object, problems: &mut Problems) -> Vec<Lend> {
    let mut lends: Vec<Lend> = Vec::new();
    for (index, value) in top.list("secrets", problems).iter().enumerate() {
        let place = format!("secrets[{index}]");
        let Some(lend) = lend(&place, value, problems) else { continue };
        match lends.iter().find(|known| known.name == lend.name) {
            None => lends.push(lend),
            Some(known) if *known == lend => {}
            Some(_) => problems.add(place, "This secret is there twice, for different tools; name them in one place."),
        }
    }
    if lends.len() > LENDS_MAX {
        problems.add("secrets", format!("A cue may be granted {LENDS_MAX} secrets at most."));
    }
    lends
}

fn lend(place: &str, value: &Value, problems: &mut Problems) -> Option<Lend> {
    if !value.is_object() {
        return name(place, value.as_str(), problems).map(|name| Lend::of(&name));
    }
    let lend = Object::at(place.to_owned(), value, &["name", "tools"], problems)?;
    let written = lend.required_text("name", "name the secret, such as `STRIPE`", problems)?;
    let name = name(&lend.place("name"), Some(written), problems)?;
    let tools = lend.names("tools", TOOLS_MAX, TOOL_CHARS_MAX, problems);
    if lend.get("tools").and_then(Value::as_array).is_some_and(Vec::is_empty) {
        let place = lend.place("tools");
        problems.add(&place, format!("`{place}` is empty; name the tools that may have it, or leave it out for all."));
    }
    Some(Lend { name, tools })
}

fn name(place: &str, written: Option<&str>, problems: &mut Problems) -> Option<String> {
    let name = written.filter(|name| is_name(name)).map(str::to_owned);
    if name.is_none() {
        let message = "A secret's name is made of capitals, digits and underscores, begins with a capital, and has at most 64 characters.";
        problems.add(place, message);
    }
    name
}

/// The cue with the secret `from` called `to`; None: it does not name it.
#[must_use]
pub(crate) fn renamed(definition: &CueDefinition, from: &str, to: &str) -> Option<CueDefinition> {
    if !secret_names(definition).iter().any(|name| name == from) {
        return None;
    }
    let mut renamed = definition.clone();
    match &mut renamed.transport {
        Transport::Webhook(callback) => in_pairs(&mut callback.headers, from, to),
        Transport::Command(command) => in_pairs(&mut command.env, from, to),
        Transport::Worker(_) | Transport::Watch => {}
    }
    let preflight = renamed.preflight.iter_mut().map(|preflight| &mut preflight.check);
    for check in preflight.chain(&mut renamed.checks) {
        in_check(check, from, to);
    }
    if let Some(lend) = renamed.lends.iter_mut().find(|lend| lend.name == from) {
        to.clone_into(&mut lend.name);
    }
    Some(renamed)
}

/// As headers and variables name it.
pub(crate) fn in_pairs(pairs: &mut [(String, String)], from: &str, to: &str) {
    for (_, value) in pairs {
        *value = in_text(value, from, to);
    }
}

fn in_text(text: &str, from: &str, to: &str) -> String {
    text.replace(&format!("{{{{secret:{from}}}}}"), &format!("{{{{secret:{to}}}}}"))
}

fn in_check(check: &mut Check, from: &str, to: &str) {
    match &mut check.what {
        What::Url(url) => in_pairs(&mut url.headers, from, to),
        What::Command(command) => in_pairs(&mut command.env, from, to),
        What::Sql(SqlCheck { database: Database::Postgres(address), .. }) => *address = in_text(address, from, to),
        What::Secret { name } if name == from => to.clone_into(name),
        What::Sql(SqlCheck { database: Database::Sqlite(_), .. })
        | What::File(_)
        | What::Git(_)
        | What::Disk { .. }
        | What::Memory { .. }
        | What::Secret { .. } => {}
    }
}
