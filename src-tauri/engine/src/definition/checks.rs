//! Checks that the tower makes itself: `preflight`, before delivery, and `checks`, before a success is believed.

use cuetower_core::check::{
    Bound, CHECK_TIMEOUT_MS, Check, CommandCheck, Database, FILLED_WITH_RUN, FileCheck, GitCheck, Gives, OnFail,
    Preflight, SqlCheck, UrlCheck, What, field_of,
};
use cuetower_core::cue::Program;
use cuetower_core::outcome::Outcome;
use serde_json::{Map, Value, json};

use super::pairs::{self, Pairs};
use super::reading::{Object, Problems};
use super::writing::{number, seconds};
use super::{KEPT, program, transport};
use crate::check::{pattern, postgres};
use crate::vault::{is_name, names_in};

const CHECKS_MAX: usize = 20;
const PATH_CHARS_MAX: usize = 4_096;
const PATTERN_CHARS_MAX: usize = 1_000;
const QUERY_CHARS_MAX: usize = 10_000;
const TEXT_CHARS_MAX: usize = 1_000;
const FIELD_CHARS_MAX: usize = 255;
const MB: f64 = 1e6;
const GB: f64 = 1e9;

#[derive(Clone, Copy)]
enum Kind {
    File,
    Url,
    Command,
    Sql,
    Git,
    Disk,
    Memory,
    Secret,
}

const KINDS: [(&str, Kind); 8] = [
    ("file", Kind::File),
    ("url", Kind::Url),
    ("command", Kind::Command),
    ("sql", Kind::Sql),
    ("git", Kind::Git),
    ("disk", Kind::Disk),
    ("memory", Kind::Memory),
    ("secret", Kind::Secret),
];
const ON_FAIL: [(&str, OnFail); 2] = [("hold", OnFail::Hold), ("fail", OnFail::Fail)];
const OF_PREFLIGHT: [&str; 3] = ["check", "timeout_seconds", "on_fail"];
const OF_CHECKS: [&str; 2] = ["check", "timeout_seconds"];
/// In `checks`: the owner looks.
const MANUAL: &str = "manual";

impl Kind {
    fn fields(self) -> &'static [&'static str] {
        match self {
            Kind::File => &["path", "newer_than_fire", "min_lines", "sha256", "matches"],
            Kind::Url => &["url", "headers", "allow_private", "status", "body_matches"],
            Kind::Command => &["argv", "shell", "cwd", "env"],
            Kind::Sql => &["sqlite", "postgres", "query", "equals", "at_least", "at_most"],
            Kind::Git => &["repo", "clean", "remote", "new_commit"],
            Kind::Disk => &["path", "free_gb", "free_mb"],
            Kind::Memory => &["free_gb", "free_mb"],
            Kind::Secret => &["name"],
        }
    }
}

pub(super) fn preflight(top: &Object, problems: &mut Problems) -> Vec<Preflight> {
    let list = listed(top, "preflight", problems);
    let read = list.into_iter().map(|(place, value)| {
        let (check, fields) = one(place, value, top, &OF_PREFLIGHT, When::Before, problems)?;
        let on_fail = fields.word("on_fail", &ON_FAIL, &[], problems).unwrap_or_default();
        Some(Preflight { check, on_fail })
    });
    read.collect::<Vec<_>>().into_iter().flatten().collect()
}

/// What is looked at before a success is believed, and whether the owner looks as well.
pub(super) fn after(top: &Object, problems: &mut Problems) -> (Vec<Check>, bool) {
    let list = listed(top, "checks", problems);
    let manual = |value: &Value| value.get("check").is_some_and(|check| check == MANUAL);
    let (by_owner, by_tower): (Vec<_>, Vec<_>) = list.into_iter().partition(|(_, value)| manual(value));
    for (place, value) in &by_owner {
        // It has no field of its own.
        Object::at(place.clone(), value, &["check"], problems);
    }
    let read = by_tower
        .into_iter()
        .map(|(place, value)| one(place, value, top, &OF_CHECKS, When::After, problems).map(|(check, _)| check));
    (read.collect::<Vec<_>>().into_iter().flatten().collect(), !by_owner.is_empty())
}

fn listed<'v>(top: &Object<'v>, key: &str, problems: &mut Problems) -> Vec<(String, &'v Value)> {
    let list = top.list(key, problems);
    if list.len() > CHECKS_MAX {
        problems.add(key, format!("`{key}` lists {}; at most {CHECKS_MAX} fit.", list.len()));
        return Vec::new();
    }
    list.iter().enumerate().map(|(index, value)| (format!("{key}[{index}]"), value)).collect()
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum When {
    Before,
    After,
}

/// With the fields as they were written.
fn one<'v>(
    place: String,
    value: &'v Value,
    top: &Object,
    of_all: &[&'static str],
    when: When,
    problems: &mut Problems,
) -> Option<(Check, Object<'v>)> {
    let Value::Object(map) = value else {
        problems.mistyped(&place, "an object", value);
        return None;
    };
    let bare = Object::bare(place.clone(), map);
    let need = "write what to look at, such as `url`, `file` or `sql`";
    bare.required_text("check", need, problems)?;
    if when == When::Before && map.get("check").is_some_and(|check| check == MANUAL) {
        let message =
            "Ask before a delivery with `\"gate\": {\"before_delivery\": true}`; `manual` belongs into `checks`.";
        problems.add(bare.place("check"), message);
        return None;
    }
    let kind = bare.word("check", &KINDS, &[], problems)?;
    let known = [of_all, kind.fields()].concat();
    let check = Object::at(place, value, &known, problems)?;
    let at_home = top.get("transport").is_some_and(|transport| transport == "command");
    let mut reading = Reading { check: &check, at_home, when, problems };
    let what = reading.what(kind);
    let timeout_ms = check.seconds("timeout_seconds", 0.1..=300.0, problems).unwrap_or(CHECK_TIMEOUT_MS);
    Some((Check { what: what?, timeout_ms }, check))
}

struct Reading<'a, 'v> {
    check: &'a Object<'v>,
    /// A relative path begins somewhere, namely in the folder of the cue's command.
    at_home: bool,
    when: When,
    problems: &'a mut Problems,
}

impl Reading<'_, '_> {
    fn what(&mut self, kind: Kind) -> Option<What> {
        match kind {
            Kind::File => self.file().map(What::File),
            Kind::Url => self.url().map(What::Url),
            Kind::Command => self.command().map(What::Command),
            Kind::Sql => self.sql().map(What::Sql),
            Kind::Git => self.git().map(What::Git),
            Kind::Disk => {
                let (path, free_bytes) = (self.needed_path("path", "a folder such as `/srv`"), self.free_bytes());
                Some(What::Disk { path: path?, free_bytes: free_bytes? })
            }
            Kind::Memory => self.free_bytes().map(|free_bytes| What::Memory { free_bytes }),
            Kind::Secret => {
                let name = self.check.required_text("name", "write the name of a secret", self.problems)?;
                if !is_name(name) {
                    self.trouble("name", "is no name of a secret: capitals, digits and underscores");
                }
                Some(What::Secret { name: name.to_owned() })
            }
        }
    }

    fn file(&mut self) -> Option<FileCheck> {
        let path = self.needed_path("path", "a file such as `report.md`");
        let newer_than_fire = self.check.flag("newer_than_fire", self.problems).unwrap_or(false);
        let min_lines = match self.reported("min_lines") {
            Some(field) => field,
            None => self.check.whole("min_lines", 1..=u32::MAX, self.problems).map(|lines| f64::from(lines).into()),
        };
        let sha256 = self.check.text("sha256", self.problems).map(str::to_ascii_lowercase);
        if sha256.as_ref().is_some_and(|hash| hash.len() != 64 || !hash.bytes().all(|byte| byte.is_ascii_hexdigit())) {
            self.trouble("sha256", "must have 64 digits of 0 to 9 and a to f");
        }
        let matches = self.pattern("matches");
        Some(FileCheck { path: path?, newer_than_fire, min_lines, sha256, matches })
    }

    fn url(&mut self) -> Option<UrlCheck> {
        let need = "write the address to ask, such as `http://127.0.0.1:9000/health`";
        let url = self.check.required_text("url", need, self.problems);
        if let Some(trouble) = url.and_then(transport::trouble_with_url) {
            self.trouble("url", &trouble);
        }
        let headers = pairs::read(self.check, "headers", Pairs::Headers, self.problems);
        let allow_private = self.check.flag("allow_private", self.problems).unwrap_or(false);
        let status = self.check.whole("status", 200..=599, self.problems);
        let body_matches = self.pattern("body_matches");
        let status = status.and_then(|status| u16::try_from(status).ok());
        Some(UrlCheck { url: url?.to_owned(), headers, allow_private, status, body_matches })
    }

    fn command(&mut self) -> Option<CommandCheck> {
        let program = program::program(self.check, self.problems);
        let cwd = self.path("cwd");
        let env = pairs::read(self.check, "env", Pairs::Env, self.problems);
        Some(CommandCheck { program: program?, cwd, env })
    }

    fn sql(&mut self) -> Option<SqlCheck> {
        let database = self.database();
        let query = self.check.required_text("query", "write one such as `select count(*) from leads`", self.problems);
        if query.is_some_and(|query| query.chars().count() > QUERY_CHARS_MAX) {
            self.trouble("query", &format!("has more than {QUERY_CHARS_MAX} characters; shorten it"));
        }
        if query.is_some_and(|query| query.trim().is_empty()) {
            self.trouble("query", "is empty; write one such as `select count(*) from leads`");
        }
        query.into_iter().for_each(|query| self.plain_query(query));
        let gives = self.gives();
        Some(SqlCheck { database: database?, query: query?.to_owned(), gives: gives? })
    }

    fn database(&mut self) -> Option<Database> {
        match (self.check.get("sqlite"), self.check.get("postgres")) {
            (Some(_), None) => self.path("sqlite").map(Database::Sqlite),
            (None, Some(_)) => {
                let address = self.check.text_within("postgres", TEXT_CHARS_MAX, self.problems)?;
                if address == KEPT {
                    self.trouble(
                        "postgres",
                        &format!("is `{KEPT}`, which keeps an address, and there is none to keep"),
                    );
                } else if let Some(trouble) = postgres::trouble_with(address) {
                    self.trouble("postgres", &trouble);
                }
                Some(Database::Postgres(address.to_owned()))
            }
            (Some(_), Some(_)) => {
                self.trouble("postgres", "stands beside `sqlite`; leave one of them out");
                None
            }
            (None, None) => {
                let place = self.check.place("sqlite");
                let message = format!("`{place}` is missing; write the path of a file, or `postgres` with an address.");
                self.problems.add(place, message);
                None
            }
        }
    }

    fn gives(&mut self) -> Option<Gives> {
        let bounds = -1e15..=1e15;
        let mut bound = |key: &str| match self.reported(key) {
            Some(field) => field,
            None => self.check.number(key, bounds.clone(), self.problems).map(Bound::Number),
        };
        let (at_least, at_most) = (bound("at_least"), bound("at_most"));
        let Some(wanted) = self.check.get("equals") else {
            let bounded = at_least.is_some() || at_most.is_some();
            return Some(if bounded { Gives::Within { at_least, at_most } } else { Gives::Anything });
        };
        if at_least.is_some() || at_most.is_some() {
            self.trouble("equals", "stands beside `at_least` or `at_most`; leave one of them out");
        }
        match wanted {
            Value::String(text) if text.contains("{{") => drop(self.reported("equals")),
            Value::String(text) if text.chars().count() > TEXT_CHARS_MAX => {
                self.trouble("equals", &format!("has more than {TEXT_CHARS_MAX} characters"));
            }
            Value::String(text) => self.plain("equals", text),
            Value::Number(_) | Value::Bool(_) => {}
            Value::Null | Value::Array(_) | Value::Object(_) => {
                self.problems.mistyped(&self.check.place("equals"), "a number, a text, true or false", wanted);
            }
        }
        Some(Gives::Exactly(wanted.clone()))
    }

    /// A bound that is a reported field. None: it is none; `Some(None)`: it is none that there is.
    fn reported(&mut self, key: &str) -> Option<Option<Bound>> {
        let text = self.check.get(key)?.as_str().filter(|text| text.contains("{{"))?;
        let Some(field) = field_of(text) else {
            self.trouble(key, "is no field of the report, such as `{{outcome.processed}}`");
            return Some(None);
        };
        if self.when == When::Before {
            self.trouble(key, "asks for the outcome, and before delivery there is none");
            return Some(None);
        }
        let name = field.split('.').next().unwrap_or_default();
        if !Outcome::FIELDS.contains(&name) || field.chars().count() > FIELD_CHARS_MAX {
            let names = Outcome::FIELDS.join(", ");
            self.trouble(key, &format!("names a field that no report has; there are {names}"));
        }
        Some(Some(Bound::Reported(field.to_owned())))
    }

    /// The tower alone fills anything into a query: nothing that an agent says, and no secret, may change what it asks.
    fn plain_query(&mut self, query: &str) {
        self.plain("query", query);
        let mut rest = query;
        while let Some((_, template)) = rest.split_once("{{") {
            let known = FILLED_WITH_RUN.iter().any(|known| template.starts_with(&known[2..]));
            let begins = |word: &&str| template.trim_start().starts_with(*word);
            if !known && ["outcome.", "run.", "payload."].iter().any(begins) {
                let words = FILLED_WITH_RUN.join("`, `");
                self.trouble("query", &format!("holds a template; only `{words}` are filled in there"));
                return;
            }
            rest = template;
        }
    }

    fn git(&mut self) -> Option<GitCheck> {
        let repo = self.needed_path("repo", "the folder of a repository");
        let clean = self.check.flag("clean", self.problems).unwrap_or(false);
        let remote = self.check.text_within("remote", 255, self.problems).map(str::to_owned);
        let is_plain = |name: &String| {
            name.starts_with(|first: char| first.is_ascii_alphanumeric())
                && name.chars().all(|c| c.is_ascii_alphanumeric() || "._/-".contains(c))
        };
        if remote.as_ref().is_some_and(|name| !is_plain(name)) {
            self.trouble("remote", "is no name of a remote, such as `origin`");
        }
        let new_commit = self.check.flag("new_commit", self.problems).unwrap_or(false);
        Some(GitCheck { repo: repo?, clean, remote, new_commit })
    }

    fn free_bytes(&mut self) -> Option<u64> {
        let gb = self.check.number("free_gb", 0.001..=1e6, self.problems).map(|gb| gb * GB);
        let mb = self.check.number("free_mb", 0.001..=1e9, self.problems).map(|mb| mb * MB);
        match (self.check.get("free_gb"), self.check.get("free_mb")) {
            (Some(_), Some(_)) => self.trouble("free_mb", "stands beside `free_gb`; leave one of them out"),
            (None, None) => {
                let place = self.check.place("free_gb");
                let message = format!("`{place}` is missing; write how much must be free, or `free_mb`.");
                self.problems.add(place, message);
            }
            (Some(_), None) | (None, Some(_)) => {}
        }
        gb.or(mb).map(|bytes| bytes.round() as u64)
    }

    fn pattern(&mut self, key: &str) -> Option<String> {
        let written = self.check.text_within(key, PATTERN_CHARS_MAX, self.problems)?;
        if written.is_empty() {
            self.trouble(key, "is empty, and would match anything; leave it out");
        } else if let Err(trouble) = pattern::of_bytes(written).and(pattern::of_text(written)) {
            self.trouble(key, &trouble);
        }
        Some(written.to_owned())
    }

    fn needed_path(&mut self, key: &str, what: &str) -> Option<String> {
        self.check.required_text(key, &format!("write {what}"), self.problems)?;
        self.path(key)
    }

    fn path(&mut self, key: &str) -> Option<String> {
        let path = self.check.text_within(key, PATH_CHARS_MAX, self.problems)?;
        if path.is_empty() {
            self.trouble(key, "is empty");
        }
        let begins = path.starts_with("~/") || path == "~" || std::path::Path::new(path).is_absolute();
        if !begins && !self.at_home && !path.is_empty() {
            self.trouble(key, "does not say from where; begin it with `/` or `~/` (a command's begin in its folder)");
        }
        self.plain(key, path);
        Some(path.to_owned())
    }

    fn plain(&mut self, key: &str, text: &str) {
        if text.contains('\0') {
            self.trouble(key, "holds a NUL character; take it out");
        }
        if text.contains("{{secret:") {
            self.trouble(key, "holds a secret, which would be shown and logged");
        }
    }

    fn trouble(&mut self, key: &str, trouble: &str) {
        let place = self.check.place(key);
        let message = format!("`{place}` {trouble}.");
        self.problems.add(place, message);
    }
}

/// What of the list asks for a secret: by a template, or because it looks whether it is there.
pub(super) fn secret_names<'a>(list: impl Iterator<Item = &'a Check>) -> impl Iterator<Item = String> {
    list.flat_map(|check| {
        let what = &check.what;
        let looked_for = if let What::Secret { name } = what { Some(name.clone()) } else { None };
        what.templates().into_iter().flat_map(names_in).chain(looked_for)
    })
}

pub(super) fn preflight_written(list: &[Preflight]) -> Value {
    list.iter()
        .map(|Preflight { check, on_fail }| {
            let on_fail = match on_fail {
                OnFail::Hold => "hold",
                OnFail::Fail => "fail",
            };
            written(check, [("on_fail", json!(on_fail))])
        })
        .collect()
}

pub(super) fn after_written(list: &[Check], manual: bool) -> Value {
    let by_owner = manual.then(|| json!({ "check": MANUAL }));
    list.iter().map(|check| written(check, [])).chain(by_owner).collect()
}

fn written<const MORE: usize>(check: &Check, more: [(&str, Value); MORE]) -> Value {
    let mut fields = Map::new();
    let mut write = |field: &str, value: Value| drop(fields.insert(field.to_owned(), value));
    write("check", json!(check.what.word()));
    match &check.what {
        What::File(FileCheck { path, newer_than_fire, min_lines, sha256, matches }) => {
            write("path", json!(path));
            write("newer_than_fire", json!(newer_than_fire));
            write("min_lines", bound_written(min_lines.as_ref()));
            write("sha256", json!(sha256));
            write("matches", json!(matches));
        }
        What::Url(UrlCheck { url, headers, allow_private, status, body_matches }) => {
            write("url", json!(url));
            write("headers", object(headers));
            write("allow_private", json!(allow_private));
            write("status", json!(status));
            write("body_matches", json!(body_matches));
        }
        What::Command(CommandCheck { program, cwd, env }) => {
            match program {
                Program::Argv(argv) => write("argv", json!(argv)),
                Program::Shell(line) => write("shell", json!(line)),
            }
            write("cwd", json!(cwd));
            write("env", object(env));
        }
        What::Sql(SqlCheck { database, query, gives }) => {
            match database {
                Database::Sqlite(path) => write("sqlite", json!(path)),
                Database::Postgres(address) => write("postgres", json!(address)),
            }
            write("query", json!(query));
            match gives {
                Gives::Anything => {}
                Gives::Exactly(value) => write("equals", value.clone()),
                Gives::Within { at_least, at_most } => {
                    write("at_least", bound_written(at_least.as_ref()));
                    write("at_most", bound_written(at_most.as_ref()));
                }
            }
        }
        What::Git(GitCheck { repo, clean, remote, new_commit }) => {
            write("repo", json!(repo));
            write("clean", json!(clean));
            write("remote", json!(remote));
            write("new_commit", json!(new_commit));
        }
        What::Disk { path, free_bytes } => {
            write("path", json!(path));
            write(size_field(*free_bytes).0, size_field(*free_bytes).1);
        }
        What::Memory { free_bytes } => write(size_field(*free_bytes).0, size_field(*free_bytes).1),
        What::Secret { name } => write("name", json!(name)),
    }
    write("timeout_seconds", seconds(check.timeout_ms));
    more.into_iter().for_each(|(field, value)| write(field, value));
    // What is not asked for is left out: every kind has fields that are seldom used.
    fields.retain(|_, value| !matches!(value, Value::Null | Value::Bool(false)));
    fields.retain(|_, value| value.as_object().is_none_or(|pairs| !pairs.is_empty()));
    Value::Object(fields)
}

fn bound_written(bound: Option<&Bound>) -> Value {
    match bound {
        None => Value::Null,
        Some(Bound::Number(bound)) => number(*bound),
        Some(Bound::Reported(field)) => json!(format!("{{{{outcome.{field}}}}}")),
    }
}

fn object(pairs: &[(String, String)]) -> Value {
    pairs.iter().cloned().map(|(name, text)| (name, Value::String(text))).collect()
}

fn size_field(bytes: u64) -> (&'static str, Value) {
    let bytes = bytes as f64;
    if bytes < GB { ("free_mb", number(bytes / MB)) } else { ("free_gb", number(bytes / GB)) }
}

/// Puts what `••••` stands for into a new list. It is taken from the check that asks the same of the same: a secret is never
/// sent to another address than it was written for.
pub(super) fn kept(now: &Value, new: &mut Value) {
    let now = now.as_array().map_or(&[][..], Vec::as_slice);
    for check in new.as_array_mut().into_iter().flatten() {
        let Some(before) = now.iter().find(|before| same_target(before, check)) else { continue };
        if check.get("postgres").is_some_and(|address| address == KEPT) {
            check["postgres"].clone_from(&before["postgres"]);
        }
        for (key, pairs) in [("headers", Pairs::Headers), ("env", Pairs::Env)] {
            pairs::kept(before.get(key), check.get_mut(key), pairs);
        }
    }
}

fn same_target(one: &Value, other: &Value) -> bool {
    ["check", "url", "argv", "shell", "query"].iter().all(|field| one.get(field) == other.get(field))
}
